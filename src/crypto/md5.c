#include "crypto/md5.h"

#include "crypto/ct.h"

#include <string.h>

/* RFC 1321, section 3.4: the integer part of 2^32 times abs(sin(i + 1)). */
static const uint32_t sines[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
	0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
	0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
	0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
	0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
	0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
	0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
	0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
	0xeb86d391,
};

static uint32_t load_le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void store_le32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* F, G, H, I of section 3.4, and which word round [i] takes. */
static uint32_t mix(unsigned i, uint32_t b, uint32_t c, uint32_t d, unsigned *word)
{
	switch (i / 16) {
	case 0:
		*word = i;
		return (b & c) | (~b & d);
	case 1:
		*word = 5 * i + 1;
		return (b & d) | (c & ~d);
	case 2:
		*word = 3 * i + 5;
		return b ^ c ^ d;
	default:
		*word = 7 * i;
		return c ^ (b | ~d);
	}
}

static void take_block(uint32_t h[static 4], const uint8_t *p)
{
	static const uint8_t shifts[4][4] = {
		{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
	uint32_t a = h[0], b = h[1], c = h[2], d = h[3];
	for (unsigned i = 0; i < 64; i++) {
		unsigned word, by = shifts[i / 16][i % 4];
		uint32_t f = a + mix(i, b, c, d, &word) + sines[i] + load_le32(p + 4 * (word % 16));
		a = d;
		d = c;
		c = b;
		b += f << by | f >> (32 - by);
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
}

void crypto_md5_init(struct crypto_md5 *st)
{
	*st = (struct crypto_md5){.h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
}

void crypto_md5_put(struct crypto_md5 *st, struct span data)
{
	for (size_t i = 0; i < data.n; i++) {
		st->block[st->n++ % CRYPTO_MD5_BLOCK] = data.p[i];
		if (st->n % CRYPTO_MD5_BLOCK == 0)
			take_block(st->h, st->block);
	}
}

/* Section 3.1 and 3.2: a one bit, zeros, and the length in bits, low byte first. */
void crypto_md5_finish(struct crypto_md5 *st, uint8_t out[static CRYPTO_MD5_SIZE])
{
	uint8_t length[8];
	store_le32(length, (uint32_t)(st->n << 3));
	store_le32(length + 4, (uint32_t)(st->n >> 29));
	crypto_md5_put(st, SPAN("\200"));
	while (st->n % CRYPTO_MD5_BLOCK != CRYPTO_MD5_BLOCK - sizeof length)
		crypto_md5_put(st, SPAN("\0"));
	crypto_md5_put(st, span_of(length, sizeof length));
	for (unsigned i = 0; i < 4; i++)
		store_le32(out + 4 * i, st->h[i]);
	crypto_wipe(st, sizeof *st);
}
