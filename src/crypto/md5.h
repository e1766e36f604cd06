/*
 * md5: the digest of RFC 1321, for PostgreSQL's old password method and nothing else: MD5 keeps no
 * promise of its own any more.
 *
 *	struct crypto_md5 st;
 *	crypto_md5_init(&st);
 *	crypto_md5_put(&st, password);
 *	crypto_md5_finish(&st, digest);
 */
#ifndef CRYPTO_MD5_H
#define CRYPTO_MD5_H

#include "base/span.h"

#define CRYPTO_MD5_SIZE 16
#define CRYPTO_MD5_BLOCK 64

struct crypto_md5 {
	uint32_t h[4];
	uint64_t n; /* bytes so far */
	uint8_t block[CRYPTO_MD5_BLOCK];
};

void crypto_md5_init(struct crypto_md5 *st);
void crypto_md5_put(struct crypto_md5 *st, struct span data);
/* Gives the digest and wipes [st]. */
void crypto_md5_finish(struct crypto_md5 *st, uint8_t out[static CRYPTO_MD5_SIZE]);

#endif
