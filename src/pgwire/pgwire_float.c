#include "pgwire/pgwire_value.h"

#include <string.h>

/*
 * Decimal text to the nearest binary value, by integers alone (AlgorithmM of Clinger, "How to Read
 * Floating Point Numbers Accurately", 1990): the number is a fraction of two large integers, and
 * its quotient, scaled to one bit more than the type has, tells how to round. Floating-point
 * arithmetic would round a second time, and is not there on small machines.
 */

/* 32 digits below, 10^400 above, and a quotient of 55 bits: 1,540 bits. */
#define WORDS 52

struct big {
	uint32_t w[WORDS]; /* the lowest first */
};

static void multiply(struct big *b, uint32_t by, uint32_t plus)
{
	uint64_t carry = plus;
	for (unsigned i = 0; i < WORDS; i++) {
		carry += (uint64_t)b->w[i] * by;
		b->w[i] = (uint32_t)carry;
		carry >>= 32;
	}
}

static void shift_left(struct big *b, unsigned by)
{
	unsigned words = by / 32, bits = by % 32;
	for (unsigned i = WORDS; i-- > 0;) {
		uint64_t high = i >= words ? b->w[i - words] : 0;
		uint64_t low = i > words ? b->w[i - words - 1] : 0;
		b->w[i] = (uint32_t)((high << 32 | low) << bits >> 32);
	}
}

static void halve(struct big *b)
{
	for (unsigned i = 0; i < WORDS; i++)
		b->w[i] = b->w[i] >> 1 | (i + 1 < WORDS ? b->w[i + 1] << 31 : 0);
}

static int compare(const struct big *a, const struct big *b)
{
	for (unsigned i = WORDS; i-- > 0;)
		if (a->w[i] != b->w[i])
			return a->w[i] > b->w[i] ? 1 : -1;
	return 0;
}

static void subtract(struct big *a, const struct big *b)
{
	uint64_t borrow = 0;
	for (unsigned i = 0; i < WORDS; i++) {
		uint64_t d = (uint64_t)a->w[i] - b->w[i] - borrow;
		a->w[i] = (uint32_t)d;
		borrow = d >> 63;
	}
}

static int bits_of(const struct big *b)
{
	for (unsigned i = WORDS; i-- > 0;)
		for (unsigned bit = 32; bit-- > 0;)
			if (b->w[i] >> bit & 1)
				return (int)(32 * i + bit + 1);
	return 0;
}

/* The quotient, known to have at most [bits] bits; *num becomes the remainder. */
static uint64_t divide(struct big *num, struct big *den, unsigned bits)
{
	uint64_t q = 0;
	shift_left(den, bits);
	for (unsigned i = 0; i < bits; i++) {
		halve(den);
		q <<= 1;
		if (compare(num, den) >= 0) {
			subtract(num, den);
			q |= 1;
		}
	}
	return q;
}

/* A binary format: significant bits, the exponent of the least of them, all the exponent's bits. */
struct format {
	int precision, least, exponents;
};

/* num / den in that format, sign apart: false when it is above all values. */
static bool round_to(const struct format *f, struct big *num, struct big *den, uint64_t *bits)
{
	/* num / den = q * 2^k, with q of one or two bits more than the precision, or k at its end.
	 */
	int k = bits_of(num) - bits_of(den) - f->precision - 1;
	if (k < f->least - 1)
		k = f->least - 1;
	shift_left(k > 0 ? den : num, (unsigned)(k > 0 ? k : -k));
	uint64_t q = divide(num, den, (unsigned)f->precision + 2);
	static const struct big zero;
	bool rest = compare(num, &zero) != 0;
	if (q >> (f->precision + 1)) {
		rest |= q & 1;
		q >>= 1;
		k++;
	}
	/* The last bit is a half: up, and down to even when nothing is behind it. */
	bool up = q & 1 && (rest || q & 2);
	q = (q >> 1) + up;
	/* The leading bit adds one to the exponent, and lacks in the least values. */
	*bits = q + ((uint64_t)(k + 1 - f->least) << (f->precision - 1));
	return *bits >> (f->precision - 1) < (uint64_t)f->exponents;
}

/* Digits with at most one point among them, into [b]; *exponent gets how far it must be moved. */
static bool take_digits(struct span *s, struct big *b, int *exponent)
{
	size_t seen = 0, significant = 0;
	bool point = false;
	for (; s->n > 0; *s = span_tail(*s, 1)) {
		uint8_t c = s->p[0];
		if (c == '.' && !point) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9')
			break;
		multiply(b, 10, (uint32_t)(c - '0'));
		seen++;
		significant += significant > 0 || c != '0';
		*exponent -= point;
		if (significant > PGWIRE_FLOAT_DIGITS || seen > 400)
			return false;
	}
	return seen > 0;
}

/* "e+20", or nothing. */
static bool take_exponent(struct span s, int *exponent)
{
	int64_t n;
	if (s.n == 0)
		return true;
	if (s.p[0] != 'e' && s.p[0] != 'E')
		return false;
	s = span_tail(s, 1);
	if (span_starts(s, SPAN("+")) && !span_starts(s, SPAN("+-")))
		s = span_tail(s, 1);
	if (!dec_i64(s, &n) || n > 1000 || n < -1000)
		return false;
	*exponent += (int)n;
	return true;
}

static bool take_decimal(const struct format *f, struct span s, uint64_t *bits)
{
	struct big num = {{0}}, den = {{1}};
	const struct big zero = {{0}};
	int exponent = 0;
	if (!take_digits(&s, &num, &exponent) || !take_exponent(s, &exponent))
		return false;
	*bits = 0;
	if (compare(&num, &zero) == 0)
		return true;
	/* Beyond these no digits make a value; within them nothing is lost from WORDS. */
	if (exponent > 310 || exponent < -400)
		return false;
	for (int i = exponent; i < 0; i++)
		multiply(&den, 10, 0);
	for (int i = 0; i < exponent; i++)
		multiply(&num, 10, 0);
	return round_to(f, &num, &den, bits) && *bits != 0;
}

static bool take_text(const struct format *f, struct span s, uint64_t *bits)
{
	uint64_t infinity = (uint64_t)f->exponents << (f->precision - 1);
	uint64_t sign = (uint64_t)(f->exponents + 1) << (f->precision - 1);
	bool minus = span_starts(s, SPAN("-"));
	if (span_eq(s, SPAN("NaN"))) {
		*bits = infinity | 1ull << (f->precision - 2);
		return true;
	}
	s = span_tail(s, minus);
	if (span_eq(s, SPAN("Infinity")))
		*bits = infinity;
	else if (!take_decimal(f, s, bits))
		return false;
	*bits |= minus ? sign : 0;
	return true;
}

bool pgwire_get_float4(struct pgwire_value v, bool binary, float *value)
{
	static const struct format single = {24, -149, 255};
	uint64_t bits;
	if (v.null || (binary ? v.bytes.n != 4 : !take_text(&single, v.bytes, &bits)))
		return false;
	uint32_t narrow = binary ? get_be32(v.bytes.p) : (uint32_t)bits;
	memcpy(value, &narrow, sizeof narrow);
	return true;
}

bool pgwire_get_float8(struct pgwire_value v, bool binary, double *value)
{
	static const struct format twice = {53, -1074, 2047};
	uint64_t bits;
	if (v.null || (binary ? v.bytes.n != 8 : !take_text(&twice, v.bytes, &bits)))
		return false;
	if (binary)
		bits = get_be64(v.bytes.p);
	memcpy(value, &bits, sizeof bits);
	return true;
}
