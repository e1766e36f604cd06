#include "crypto/pbkdf2.h"

#include "crypto/ct.h"
#include "crypto/hmac.h"
#include "crypto/sha256_blocks.h"

#include <string.h>

/*
 * From U_2 on, the inner hash takes ipad + U and the outer one opad + inner digest: both messages
 * are one block and 32 bytes long, so the same padding serves both and is written once.
 */
static void pad_block(uint8_t block[static CRYPTO_SHA256_BLOCK])
{
	memset(block + CRYPTO_SHA256_SIZE, 0, CRYPTO_SHA256_BLOCK - CRYPTO_SHA256_SIZE);
	block[CRYPTO_SHA256_SIZE] = 0x80;
	put_be16(block + CRYPTO_SHA256_BLOCK - 2, 8 * (CRYPTO_SHA256_BLOCK + CRYPTO_SHA256_SIZE));
}

void crypto_pbkdf2_init(struct crypto_pbkdf2 *st, struct span password, struct span salt,
			uint32_t iterations)
{
	static const uint8_t index[4] = {0, 0, 0, 1};
	struct crypto_hmac mac;
	crypto_hmac_init(&mac, password);
	memcpy(st->inner, mac.inner.h, sizeof st->inner);
	memcpy(st->outer, mac.outer.h, sizeof st->outer);
	crypto_hmac_put(&mac, salt);
	crypto_hmac_put(&mac, span_of(index, sizeof index));
	crypto_hmac_finish(&mac, st->block);
	for (unsigned i = 0; i < 8; i++)
		st->sum[i] = get_be32(st->block + 4 * i);
	pad_block(st->block);
	st->left = iterations > 0 ? iterations - 1 : 0;
}

int crypto_pbkdf2_step(struct crypto_pbkdf2 *st, uint32_t max)
{
	uint32_t h[8];
	uint32_t n = st->left < max ? st->left : max;
	st->left -= n;
	for (; n > 0; n--) {
		memcpy(h, st->inner, sizeof h);
		crypto_sha256_blocks(h, st->block, 1);
		crypto_sha256_put_state(st->block, h);
		memcpy(h, st->outer, sizeof h);
		crypto_sha256_blocks(h, st->block, 1);
		crypto_sha256_put_state(st->block, h);
		for (unsigned i = 0; i < 8; i++)
			st->sum[i] ^= h[i];
	}
	crypto_wipe(h, sizeof h);
	return st->left == 0;
}

void crypto_pbkdf2_finish(struct crypto_pbkdf2 *st, uint8_t key[static CRYPTO_PBKDF2_SIZE])
{
	crypto_pbkdf2_step(st, st->left);
	crypto_sha256_put_state(key, st->sum);
	crypto_wipe(st, sizeof *st);
}
