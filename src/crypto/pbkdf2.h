/*
 * pbkdf2: a key from a password, PBKDF2-HMAC-SHA-256 (RFC 8018, section 5.2), in slices so that
 * an event loop stays live. This is Hi() of SCRAM (RFC 5802, section 2.2).
 *
 *	struct crypto_pbkdf2 st;
 *	crypto_pbkdf2_init(&st, password, salt, 4096);
 *	while (!crypto_pbkdf2_step(&st, 1000))
 *		;                                  (back to the loop, and on in its next turn)
 *	crypto_pbkdf2_finish(&st, key);
 *
 * An iteration is two blocks of SHA-256: on a server CPU some 0.1 microseconds with the SHA
 * extensions, 0.5 without. The count comes from the peer: bound it before init.
 *
 * The key is the first 32 bytes of the derived key, T_1 of the standard, all that SCRAM-SHA-256
 * needs; a shorter key is a prefix of it, longer ones are not made.
 */
#ifndef CRYPTO_PBKDF2_H
#define CRYPTO_PBKDF2_H

#include "crypto/sha256.h"

#define CRYPTO_PBKDF2_SIZE CRYPTO_SHA256_SIZE

struct crypto_pbkdf2 {
	uint32_t inner[8], outer[8];        /* HMAC under the password, each one block old */
	uint32_t sum[8];                    /* U_1 XOR ... XOR U_i */
	uint8_t block[CRYPTO_SHA256_BLOCK]; /* U_i, padded to the block that is hashed next */
	uint32_t left;
};

/*
 * Does the first of [iterations], which is at least 1 (0 is taken for 1). Password and salt may
 * be of any length and need not stay in place.
 */
void crypto_pbkdf2_init(struct crypto_pbkdf2 *st, struct span password, struct span salt,
			uint32_t iterations);
/* Does at most [max] more iterations: 1 when all are done, 0 while some are left. */
int crypto_pbkdf2_step(struct crypto_pbkdf2 *st, uint32_t max);
/* Does what is left (nothing after step said 1), gives the key and wipes [st]. */
void crypto_pbkdf2_finish(struct crypto_pbkdf2 *st, uint8_t key[static CRYPTO_PBKDF2_SIZE]);

#endif
