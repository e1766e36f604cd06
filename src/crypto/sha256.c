#include "crypto/sha256.h"

#include "crypto/ct.h"
#include "crypto/sha256_blocks.h"

#include <stdatomic.h>
#include <string.h>

const uint32_t crypto_sha256_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

/* Written out: base/ has these as functions, and the compiler sees neither through a call. */
static uint32_t load_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static uint32_t ror(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static void schedule(uint32_t w[static 64], const uint8_t *p)
{
	for (unsigned i = 0; i < 16; i++)
		w[i] = load_be32(p + 4 * i);
	for (unsigned i = 16; i < 64; i++) {
		uint32_t s0 = ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3;
		uint32_t s1 = ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10;
		w[i] = w[i - 16] + s0 + w[i - 7] + s1;
	}
}

/*
 * One round of section 6.2.2. The caller rotates the names instead of the values; after eight
 * rounds each name is back at its place, hence the eight in rounds(). ch is the form with the
 * fewest operations; the three rotations of a sum are done one inside the other, which saves two
 * moves each; and maj takes b ^ c from the round before, where it was a ^ b, and leaves its own.
 */
#define ROUND(a, b, c, d, e, f, g, h, bc, ab, i)                                            \
	do {                                                                                \
		uint32_t t = h + ror(e ^ ror(e ^ ror(e, 14), 5), 6) + (g ^ (e & (f ^ g))) + \
			     crypto_sha256_k[i] + w[i];                                     \
		d += t;                                                                     \
		ab = a ^ b;                                                                 \
		h = t + ror(a ^ ror(a ^ ror(a, 9), 11), 2) + (b ^ (ab & bc));               \
	} while (0)

static void rounds(uint32_t s[static 8], const uint32_t w[static 64])
{
	uint32_t a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
	uint32_t bc = b ^ c, ab;
	for (unsigned i = 0; i < 64; i += 8) {
		ROUND(a, b, c, d, e, f, g, h, bc, ab, i);
		ROUND(h, a, b, c, d, e, f, g, ab, bc, i + 1);
		ROUND(g, h, a, b, c, d, e, f, bc, ab, i + 2);
		ROUND(f, g, h, a, b, c, d, e, ab, bc, i + 3);
		ROUND(e, f, g, h, a, b, c, d, bc, ab, i + 4);
		ROUND(d, e, f, g, h, a, b, c, ab, bc, i + 5);
		ROUND(c, d, e, f, g, h, a, b, bc, ab, i + 6);
		ROUND(b, c, d, e, f, g, h, a, ab, bc, i + 7);
	}
	s[0] += a;
	s[1] += b;
	s[2] += c;
	s[3] += d;
	s[4] += e;
	s[5] += f;
	s[6] += g;
	s[7] += h;
}

void crypto_sha256_blocks_portable(uint32_t h[static 8], const uint8_t *p, size_t n)
{
	uint32_t w[64];
	for (; n > 0; n--, p += CRYPTO_SHA256_BLOCK) {
		schedule(w, p);
		rounds(h, w);
	}
	crypto_wipe(w, sizeof w);
}

/*
 * CPUID traps in a virtual machine and costs more than a block, so it is asked once a process.
 * Threads that meet here store the same pointer, and nothing else hangs on it: relaxed is enough.
 */
void crypto_sha256_blocks(uint32_t h[static 8], const uint8_t *p, size_t n)
{
	static _Atomic(crypto_blocks_fn *) chosen;
	crypto_blocks_fn *blocks = atomic_load_explicit(&chosen, memory_order_relaxed);
	if (blocks == NULL) {
		blocks = crypto_sha256_get_ni();
		if (blocks == NULL)
			blocks = crypto_sha256_blocks_portable;
		atomic_store_explicit(&chosen, blocks, memory_order_relaxed);
	}
	blocks(h, p, n);
}

void crypto_sha256_put_state(uint8_t out[static 32], const uint32_t h[static 8])
{
	for (unsigned i = 0; i < 8; i++)
		store_be32(out + 4 * i, h[i]);
}

void crypto_sha256_init(struct crypto_sha256 *st)
{
	static const uint32_t first[8] = {/* section 5.3.3 */
					  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	memcpy(st->h, first, sizeof first);
	st->n = 0;
}

void crypto_sha256_put(struct crypto_sha256 *st, struct span data)
{
	size_t have = st->n % CRYPTO_SHA256_BLOCK;
	st->n += data.n;
	if (have > 0) {
		struct span head = span_head(data, CRYPTO_SHA256_BLOCK - have);
		if (head.n > 0)
			memcpy(st->block + have, head.p, head.n);
		if (have + head.n < CRYPTO_SHA256_BLOCK)
			return;
		crypto_sha256_blocks(st->h, st->block, 1);
		data = span_tail(data, head.n);
	}
	size_t whole = data.n / CRYPTO_SHA256_BLOCK;
	if (whole > 0)
		crypto_sha256_blocks(st->h, data.p, whole);
	data = span_tail(data, whole * CRYPTO_SHA256_BLOCK);
	if (data.n > 0)
		memcpy(st->block, data.p, data.n);
}

/* Section 5.1.1: a one bit, zeros, and the length in bits as the last eight bytes of a block. */
void crypto_sha256_finish(struct crypto_sha256 *st, uint8_t out[static CRYPTO_SHA256_SIZE])
{
	const size_t room = CRYPTO_SHA256_BLOCK - 8;
	size_t have = st->n % CRYPTO_SHA256_BLOCK;
	st->block[have++] = 0x80;
	if (have > room) {
		memset(st->block + have, 0, CRYPTO_SHA256_BLOCK - have);
		crypto_sha256_blocks(st->h, st->block, 1);
		have = 0;
	}
	memset(st->block + have, 0, room - have);
	put_be64(st->block + room, st->n * 8);
	crypto_sha256_blocks(st->h, st->block, 1);
	crypto_sha256_put_state(out, st->h);
	crypto_wipe(st, sizeof *st);
}

void crypto_sha256(struct span data, uint8_t out[static CRYPTO_SHA256_SIZE])
{
	struct crypto_sha256 st;
	crypto_sha256_init(&st);
	crypto_sha256_put(&st, data);
	crypto_sha256_finish(&st, out);
}
