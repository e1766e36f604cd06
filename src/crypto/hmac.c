#include "crypto/hmac.h"

#include "crypto/ct.h"

#include <string.h>

static void begin(struct crypto_sha256 *st, const uint8_t key[static CRYPTO_SHA256_BLOCK],
		  uint8_t mask)
{
	uint8_t pad[CRYPTO_SHA256_BLOCK];
	for (size_t i = 0; i < sizeof pad; i++)
		pad[i] = key[i] ^ mask;
	crypto_sha256_init(st);
	crypto_sha256_put(st, span_of(pad, sizeof pad));
	crypto_wipe(pad, sizeof pad);
}

void crypto_hmac_init(struct crypto_hmac *st, struct span key)
{
	uint8_t block[CRYPTO_SHA256_BLOCK] = {0};
	/* RFC 2104, section 2: only a key longer than a block is hashed first. */
	if (key.n > sizeof block)
		crypto_sha256(key, block);
	else if (key.n > 0)
		memcpy(block, key.p, key.n);
	begin(&st->inner, block, 0x36);
	begin(&st->outer, block, 0x5c);
	crypto_wipe(block, sizeof block);
}

void crypto_hmac_put(struct crypto_hmac *st, struct span data)
{
	crypto_sha256_put(&st->inner, data);
}

void crypto_hmac_finish(struct crypto_hmac *st, uint8_t out[static CRYPTO_HMAC_SIZE])
{
	uint8_t digest[CRYPTO_SHA256_SIZE];
	crypto_sha256_finish(&st->inner, digest);
	crypto_sha256_put(&st->outer, span_of(digest, sizeof digest));
	crypto_sha256_finish(&st->outer, out);
	crypto_wipe(digest, sizeof digest);
}

void crypto_hmac(struct span key, struct span data, uint8_t out[static CRYPTO_HMAC_SIZE])
{
	struct crypto_hmac st;
	crypto_hmac_init(&st, key);
	crypto_hmac_put(&st, data);
	crypto_hmac_finish(&st, out);
}
