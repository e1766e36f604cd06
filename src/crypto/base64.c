#include "crypto/base64.h"

static const uint8_t alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One to three bytes as four characters. */
static void put_group(uint8_t *at, struct span group)
{
	uint32_t bits = 0;
	for (size_t i = 0; i < 3; i++)
		bits = bits << 8 | (i < group.n ? group.p[i] : 0U);
	for (size_t i = 0; i < 4; i++)
		at[i] = i > group.n ? '=' : alphabet[bits >> (18 - 6 * i) & 63];
}

void crypto_base64_put(struct out *o, struct span data)
{
	if (data.n == 0)
		return;
	if (data.n > CRYPTO_BASE64_MAX / 4 * 3) {
		o->over = true;
		return;
	}
	uint8_t *at = out_room(o, CRYPTO_BASE64_SIZE(data.n));
	if (at == NULL)
		return;
	for (; data.n > 0; data = span_tail(data, 3), at += 4)
		put_group(at, span_head(data, 3));
}

static int value_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;
	return c == '=' ? CRYPTO_BASE64_EPAD : CRYPTO_BASE64_EBYTE;
}

/* Four characters of which the first [n] are not padding: n - 1 bytes. */
static int get_group(const uint8_t *p, size_t n, uint8_t *dst)
{
	uint32_t bits = 0;
	for (size_t i = 0; i < n; i++) {
		int v = value_of(p[i]);
		if (v < 0)
			return v;
		bits |= (uint32_t)v << (18 - 6 * i);
	}
	if (n < 4 && (bits & 0xffffffU >> 8 * (n - 1)) != 0)
		return CRYPTO_BASE64_EBITS;
	for (size_t i = 0; i + 1 < n; i++)
		dst[i] = (uint8_t)(bits >> (16 - 8 * i));
	return (int)n - 1;
}

static size_t padding(struct span text)
{
	if (text.n == 0 || text.p[text.n - 1] != '=')
		return 0;
	return text.p[text.n - 2] == '=' ? 2 : 1;
}

int crypto_base64_get(struct span text, uint8_t *dst, size_t cap)
{
	if (text.n > CRYPTO_BASE64_MAX)
		return CRYPTO_BASE64_ETOOBIG;
	if (text.n % 4 != 0)
		return CRYPTO_BASE64_ELENGTH;
	size_t pad = padding(text);
	size_t bytes = text.n / 4 * 3 - pad;
	if (bytes > cap)
		return CRYPTO_BASE64_EROOM;
	for (size_t i = 0; i < text.n / 4; i++) {
		bool last = i + 1 == text.n / 4;
		int n = get_group(text.p + 4 * i, last ? 4 - pad : 4, dst + 3 * i);
		if (n < 0)
			return n;
	}
	return (int)bytes;
}

const char *crypto_base64_strerror(int error)
{
	switch (error) {
	case CRYPTO_BASE64_ETOOBIG:
		return "base64 text too long";
	case CRYPTO_BASE64_ELENGTH:
		return "base64 text cut short or not padded";
	case CRYPTO_BASE64_EROOM:
		return "more base64 data than expected";
	case CRYPTO_BASE64_EBYTE:
		return "byte outside the base64 alphabet";
	case CRYPTO_BASE64_EPAD:
		return "base64 padding in the wrong place";
	case CRYPTO_BASE64_EBITS:
		return "unused bits of base64 not zero";
	default:
		return "no error";
	}
}
