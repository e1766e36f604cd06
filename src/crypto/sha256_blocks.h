/*
 * sha256_blocks: the compression function of SHA-256, inside this folder only.
 *
 * For the modules that keep midstates themselves (PBKDF2) and for the test that compares the
 * implementations. Each takes [n] whole blocks at [p] into the state [h].
 */
#ifndef CRYPTO_SHA256_BLOCKS_H
#define CRYPTO_SHA256_BLOCKS_H

#include "base/span.h"

typedef void crypto_blocks_fn(uint32_t h[static 8], const uint8_t *p, size_t n);

/* The fastest one that this CPU has. */
crypto_blocks_fn crypto_sha256_blocks;
crypto_blocks_fn crypto_sha256_blocks_portable;
/* The one over the x86 SHA extensions; NULL when this CPU lacks them. Asks the CPU: slow. */
crypto_blocks_fn *crypto_sha256_get_ni(void);

/* [h] as the 32 bytes of a digest. */
void crypto_sha256_put_state(uint8_t out[static 32], const uint32_t h[static 8]);

/* FIPS 180-4, section 4.2.2. */
extern const uint32_t crypto_sha256_k[64];

#endif
