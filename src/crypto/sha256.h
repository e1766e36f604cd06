/*
 * sha256: SHA-256 (FIPS 180-4, section 6.2), at once or in pieces.
 *
 *	uint8_t digest[CRYPTO_SHA256_SIZE];
 *	struct crypto_sha256 st;
 *	crypto_sha256_init(&st);
 *	crypto_sha256_put(&st, head);
 *	crypto_sha256_put(&st, body);
 *	crypto_sha256_finish(&st, digest);
 *
 * Uses the SHA extensions of x86-64 when the CPU has them; the first hash of a process asks.
 * A plain copy of the struct is a second hash that goes on from the same point. A message may
 * have 2^61 - 1 bytes, the standard's limit and not one that can be reached.
 */
#ifndef CRYPTO_SHA256_H
#define CRYPTO_SHA256_H

#include "base/span.h"

#define CRYPTO_SHA256_SIZE 32
#define CRYPTO_SHA256_BLOCK 64

struct crypto_sha256 {
	uint32_t h[8];                      /* the hash of all whole blocks so far */
	uint64_t n;                         /* bytes put so far */
	uint8_t block[CRYPTO_SHA256_BLOCK]; /* the n % 64 bytes that wait for a whole block */
};

void crypto_sha256_init(struct crypto_sha256 *st);
/* Takes any number of bytes; they need not stay in place. */
void crypto_sha256_put(struct crypto_sha256 *st, struct span data);
/* Gives the digest and wipes [st], which needs a new init before it is used again. */
void crypto_sha256_finish(struct crypto_sha256 *st, uint8_t out[static CRYPTO_SHA256_SIZE]);

/* The digest of [data] at once. [out] may lie inside [data]. */
void crypto_sha256(struct span data, uint8_t out[static CRYPTO_SHA256_SIZE]);

#endif
