#include "pgwire/pgwire_value.h"

#include <string.h>

bool pgwire_get_bool(struct pgwire_value v, bool binary, bool *b)
{
	const char *words = binary ? "\0\1" : "ft";
	if (v.null || v.bytes.n != 1)
		return false;
	if (v.bytes.p[0] != (uint8_t)words[0] && v.bytes.p[0] != (uint8_t)words[1])
		return false;
	*b = v.bytes.p[0] == (uint8_t)words[1];
	return true;
}

/* A signed number of [size] bytes, or its decimal text within the same range. */
static bool get_int(struct pgwire_value v, bool binary, unsigned size, int64_t *n)
{
	int64_t max = INT64_MAX >> (64 - 8 * size);
	if (v.null)
		return false;
	if (!binary)
		return dec_i64(v.bytes, n) && *n <= max && *n >= -max - 1;
	if (v.bytes.n != size)
		return false;
	uint64_t u;
	if (size == 4)
		u = get_be32(v.bytes.p);
	else
		u = size == 8 ? get_be64(v.bytes.p) : get_be16(v.bytes.p);
	/* Two's complement by hand: above max it stands for u - 2^bits. */
	*n = u <= (uint64_t)max ? (int64_t)u : -max - 1 + (int64_t)(u - (uint64_t)max - 1);
	return true;
}

bool pgwire_get_int2(struct pgwire_value v, bool binary, int16_t *n)
{
	int64_t wide;
	if (!get_int(v, binary, 2, &wide))
		return false;
	*n = (int16_t)wide;
	return true;
}

bool pgwire_get_int4(struct pgwire_value v, bool binary, int32_t *n)
{
	int64_t wide;
	if (!get_int(v, binary, 4, &wide))
		return false;
	*n = (int32_t)wide;
	return true;
}

bool pgwire_get_int8(struct pgwire_value v, bool binary, int64_t *n)
{
	int64_t wide;
	if (!get_int(v, binary, 8, &wide))
		return false;
	*n = wide;
	return true;
}

bool pgwire_get_text(struct pgwire_value v, struct span *text)
{
	if (v.null)
		return false;
	*text = v.bytes;
	return true;
}

bool pgwire_get_jsonb(struct pgwire_value v, bool binary, struct span *text)
{
	if (v.null || (binary && !span_starts(v.bytes, SPAN("\1"))))
		return false;
	*text = span_tail(v.bytes, binary);
	return true;
}

/* The value of a hexadecimal digit, or -1. */
static int nibble(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool pgwire_get_uuid(struct pgwire_value v, bool binary, uint8_t uuid[static PGWIRE_UUID_SIZE])
{
	uint8_t bytes[PGWIRE_UUID_SIZE];
	struct span s = v.bytes;
	if (v.null || s.n != (binary ? PGWIRE_UUID_SIZE : 36))
		return false;
	for (size_t i = 0; i < sizeof bytes && !binary; i++) {
		/* 8-4-4-4-12 digits. */
		bool hyphen = i == 4 || i == 6 || i == 8 || i == 10;
		if (hyphen && s.p[0] != '-')
			return false;
		s = span_tail(s, hyphen);
		int high = nibble(s.p[0]), low = nibble(s.p[1]);
		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
		s = span_tail(s, 2);
	}
	memcpy(uuid, binary ? s.p : bytes, sizeof bytes);
	return true;
}

static bool put_hex(struct out *o, struct span s)
{
	if (s.n % 2 != 0)
		return false;
	for (; s.n > 0; s = span_tail(s, 2)) {
		int high = nibble(s.p[0]), low = nibble(s.p[1]);
		if (high < 0 || low < 0)
			return false;
		out_byte(o, (uint8_t)(high << 4 | low));
	}
	return true;
}

/* Bytes as they are, but "\\\\" and "\\ooo" for a backslash and what is not printable. */
static bool put_escaped(struct out *o, struct span s)
{
	while (s.n > 0) {
		unsigned byte = s.p[0], n = 1;
		if (byte == '\\') {
			n = s.n > 1 && s.p[1] == '\\' ? 2 : 4;
			if (s.n < n)
				return false;
			if (n == 4)
				byte = 0;
			for (unsigned i = 1; i < n && n == 4; i++) {
				if (s.p[i] < '0' || s.p[i] > '7')
					return false;
				byte = byte << 3 | (s.p[i] & 7);
			}
			if (byte > 255)
				return false;
		}
		out_byte(o, (uint8_t)byte);
		s = span_tail(s, n);
	}
	return true;
}

bool pgwire_get_bytea(struct pgwire_value v, bool binary, struct out *o)
{
	struct out copy = *o;
	bool good = !v.null;
	if (good && binary)
		out_span(&copy, v.bytes);
	else if (good && span_starts(v.bytes, SPAN("\\x")))
		good = put_hex(&copy, span_tail(v.bytes, 2));
	else if (good)
		good = put_escaped(&copy, v.bytes);
	if (!good)
		return false;
	o->over = copy.over;
	if (!copy.over)
		*o = copy;
	return !copy.over;
}
