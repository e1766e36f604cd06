#include "pgwire/pgwire.h"

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
	uint64_t u = 0;
	for (unsigned i = 0; i < size; i++)
		u = u << 8 | v.bytes.p[i];
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
