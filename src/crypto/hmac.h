/*
 * hmac: HMAC-SHA-256 (RFC 2104, FIPS 198-1), at once or in pieces.
 *
 *	struct crypto_hmac mac;
 *	crypto_hmac_init(&mac, key);
 *	crypto_hmac_put(&mac, message);
 *	crypto_hmac_finish(&mac, tag);
 *	if (!crypto_equal(tag, theirs, sizeof tag))
 *		...
 *
 * The struct holds what the key makes of SHA-256 and not the key: a copy taken after init costs
 * two blocks less per message than a new init. Such a copy is as secret as the key.
 */
#ifndef CRYPTO_HMAC_H
#define CRYPTO_HMAC_H

#include "crypto/sha256.h"

#define CRYPTO_HMAC_SIZE CRYPTO_SHA256_SIZE

struct crypto_hmac {
	struct crypto_sha256 inner; /* began with key XOR ipad */
	struct crypto_sha256 outer; /* has taken key XOR opad, waits for the inner digest */
};

/* A key of any length, the empty one included; it need not stay in place. */
void crypto_hmac_init(struct crypto_hmac *st, struct span key);
void crypto_hmac_put(struct crypto_hmac *st, struct span data);
/* Gives the tag and wipes [st]. Compare tags with crypto_equal() only. */
void crypto_hmac_finish(struct crypto_hmac *st, uint8_t out[static CRYPTO_HMAC_SIZE]);

/* The tag of [data] at once. [out] may lie inside [key] or [data]. */
void crypto_hmac(struct span key, struct span data, uint8_t out[static CRYPTO_HMAC_SIZE]);

#endif
