#include "pgwire/pgwire_value.h"

/* numeric_send of the server: digits of base 10,000; the first is worth 10,000 ^ weight. */
struct numeric {
	const uint8_t *digits;
	int32_t count, weight;
	uint16_t sign, scale; /* digits behind the point */
};

#define HEAD 8
#define NEGATIVE 0x4000u
#define NOT_A_NUMBER 0xc000u
#define INFINITE 0xd000u
#define MINUS_INFINITE 0xf000u
#define SCALE_MAX 0x3fffu

static bool take_numeric(struct span s, struct numeric *n)
{
	if (s.n < HEAD)
		return false;
	*n = (struct numeric){s.p + HEAD, get_be16(s.p), (int16_t)get_be16(s.p + 2),
			      get_be16(s.p + 4), get_be16(s.p + 6)};
	if (s.n - HEAD != 2 * (size_t)n->count || n->scale > SCALE_MAX)
		return false;
	for (int32_t i = 0; i < n->count; i++)
		if (get_be16(n->digits + 2 * i) > 9999)
			return false;
	return true;
}

/* The digit that is worth 10,000 ^ [power]. */
static unsigned digit_of(const struct numeric *n, int32_t power)
{
	int32_t i = n->weight - power;
	return i >= 0 && i < n->count ? get_be16(n->digits + 2 * i) : 0;
}

static void put_number(struct out *o, const struct numeric *n)
{
	if (n->sign == NEGATIVE)
		out_byte(o, '-');
	/* The first four decimal digits without zeros in front. */
	out_u64(o, digit_of(n, n->weight > 0 ? n->weight : 0));
	for (int32_t power = n->weight - 1; power >= 0 && !o->over; power--)
		out_fixed(o, digit_of(n, power), 4);
	if (n->scale > 0)
		out_byte(o, '.');
	int32_t left = n->scale;
	for (int32_t power = -1; left > 0 && !o->over; power--, left -= 4) {
		unsigned digit = digit_of(n, power);
		for (int32_t cut = left; cut < 4; cut++)
			digit /= 10;
		out_fixed(o, digit, left < 4 ? (unsigned)left : 4);
	}
}

bool pgwire_get_numeric(struct pgwire_value v, bool binary, struct out *o)
{
	struct out copy = *o;
	struct numeric n;
	if (v.null || (!binary && v.bytes.n == 0))
		return false;
	if (!binary) {
		out_span(&copy, v.bytes);
	} else if (!take_numeric(v.bytes, &n)) {
		return false;
	} else if (n.sign == 0 || n.sign == NEGATIVE) {
		put_number(&copy, &n);
	} else if (n.sign == NOT_A_NUMBER) {
		out_str(&copy, "NaN");
	} else if (n.sign == INFINITE || n.sign == MINUS_INFINITE) {
		out_str(&copy, n.sign == INFINITE ? "Infinity" : "-Infinity");
	} else {
		return false;
	}
	o->over = copy.over;
	if (!copy.over)
		*o = copy;
	return !copy.over;
}
