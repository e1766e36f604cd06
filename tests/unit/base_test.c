#include "base/out.h"
#include "base/span.h"
#include "harness/tap.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct {
	const char *a, *b;
	bool same, nocase, starts, ends;
} pairs[] = {
	{"", "", true, true, true, true},
	{"a", "", false, false, true, true},
	{"", "a", false, false, false, false},
	{"a", "a", true, true, true, true},
	{"a", "A", false, true, false, false},
	{"abc", "ab", false, false, true, false},
	{"abc", "bc", false, false, false, true},
	{"abc", "abd", false, false, false, false},
	{"Content-Length", "content-lengtH", false, true, false, false},
	/* The neighbours of the letters differ from each other by the same bit. */
	{"@", "`", false, false, false, false},
	{"[", "{", false, false, false, false},
	{"\xc0", "\xe0", false, false, false, false},
	{"0", "\x10", false, false, false, false},
};

static void test_compare(void)
{
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct span a = guarded(0, span_str(pairs[i].a));
		struct span b = guarded(1, span_str(pairs[i].b));
		bool held = span_eq(a, b) == pairs[i].same && span_eq(b, a) == pairs[i].same &&
			    span_eq_nocase(a, b) == pairs[i].nocase &&
			    span_eq_nocase(b, a) == pairs[i].nocase &&
			    span_starts(a, b) == pairs[i].starts &&
			    span_ends(a, b) == pairs[i].ends;
		ok(held, "compare \"%s\" and \"%s\"", pairs[i].a, pairs[i].b);
	}
	ok(span_eq(SPAN("a\0b"), span_of("a\0b", 3)) && !span_eq(SPAN("a\0b"), SPAN("a\0c")),
	   "a NUL is a byte like others");
	ok(span_eq(SPAN_NONE, SPAN("")) && span_eq_nocase(SPAN(""), SPAN_NONE) &&
		   span_starts(SPAN_NONE, SPAN_NONE) && span_ends(SPAN("a"), SPAN_NONE),
	   "no bytes are equal wherever they are");
	ok(span_str(NULL).p == NULL && span_str(NULL).n == 0, "no string is no span");
}

static void test_parts(void)
{
	struct span s = guarded(0, SPAN("abcab"));
	for (size_t n = 0; n <= 7; n++) {
		size_t cut = n < 5 ? n : 5;
		check(span_eq(span_head(s, n), span_of("abcab", cut)), "head of %zu", n);
		check(span_eq(span_tail(s, n), span_of(&"abcab"[cut], 5 - cut)), "tail of %zu", n);
	}
	ok(span_head(s, SIZE_MAX).n == 5 && span_tail(s, SIZE_MAX).n == 0, "head and tail");
	ok(span_tail(SPAN_NONE, 3).p == NULL && span_head(SPAN_NONE, 3).n == 0, "of nothing");
	ok(span_find(s, 'a') == 0 && span_find(s, 'b') == 1 && span_find(s, 'c') == 2,
	   "find the first");
	ok(span_find(s, 'd') == 5 && span_find(SPAN_NONE, 'a') == 0 &&
		   span_find(span_head(s, 1), 'b') == 1,
	   "find nothing");
}

static void test_trim(void)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{"", ""},           {" ", ""},
		{" \t ", ""},       {"a", "a"},
		{" a", "a"},        {"a\t", "a"},
		{"\t a b ", "a b"}, {"\ra\n", "\ra\n"},
		{"\va", "\va"},     {"\xc2\xa0", "\xc2\xa0"},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		is_span(span_trim(guarded(0, span_str(rows[i].in))), span_str(rows[i].want),
			"trim row %zu", i);
}

static void test_cut(void)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{"", "[]"},           {"a", "[a]"},     {"a,b", "[a][b]"},
		{",", "[][]"},        {"a,", "[a][]"},  {",a", "[][a]"},
		{"a,,b", "[a][][b]"}, {",,", "[][][]"}, {"ab;c,d", "[ab;c][d]"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[64];
		struct out o = out_init(text, sizeof text - 1);
		struct span rest = guarded(0, span_str(rows[i].in));
		while (rest.p != NULL) {
			out_byte(&o, '[');
			out_span(&o, span_cut(&rest, ','));
			out_byte(&o, ']');
		}
		text[o.n] = '\0';
		is_str(text, rows[i].want, "cut \"%s\"", rows[i].in);
	}
	struct span none = SPAN_NONE;
	ok(span_cut(&none, ',').n == 0 && none.p == NULL, "cut nothing");
}

#define KEPT UINT64_C(0x5555555555555555) /* what a refused number must leave in place */

static const struct {
	const char *text;
	bool u_good;
	uint64_t u;
	bool i_good;
	int64_t i;
} decimals[] = {
	{"", false, 0, false, 0},
	{"-", false, 0, false, 0},
	{"+1", false, 0, false, 0},
	{"--1", false, 0, false, 0},
	{" 1", false, 0, false, 0},
	{"1 ", false, 0, false, 0},
	{"1-", false, 0, false, 0},
	{"0x1", false, 0, false, 0},
	{"/", false, 0, false, 0},
	{":", false, 0, false, 0},
	{"1.0", false, 0, false, 0},
	{"1e3", false, 0, false, 0},
	{"\xb1", false, 0, false, 0},
	{"0", true, 0, true, 0},
	{"-0", false, 0, true, 0},
	{"9", true, 9, true, 9},
	{"-9", false, 0, true, -9},
	{"00000000000000000000000000000000000042", true, 42, true, 42},
	{"-00000000000000000000000000000000000042", false, 0, true, -42},
	{"9223372036854775806", true, INT64_MAX - 1, true, INT64_MAX - 1},
	{"9223372036854775807", true, INT64_MAX, true, INT64_MAX},
	{"9223372036854775808", true, UINT64_C(1) << 63, false, 0},
	{"-9223372036854775807", false, 0, true, -INT64_MAX},
	{"-9223372036854775808", false, 0, true, INT64_MIN},
	{"-9223372036854775809", false, 0, false, 0},
	{"18446744073709551614", true, UINT64_MAX - 1, false, 0},
	{"18446744073709551615", true, UINT64_MAX, false, 0},
	{"18446744073709551616", false, 0, false, 0},
	{"18446744073709551620", false, 0, false, 0},
	{"-18446744073709551615", false, 0, false, 0},
	{"-18446744073709551617", false, 0, false, 0},
	{"99999999999999999999", false, 0, false, 0},
	{"36893488147419103233", false, 0, false, 0}, /* 2^65 + 1 */
	{"340282366920938463463374607431768211457", false, 0, false, 0},
};

static void test_decimal(void)
{
	for (size_t k = 0; k < COUNT(decimals); k++) {
		struct span s = guarded(0, span_str(decimals[k].text));
		uint64_t u = KEPT;
		int64_t i = (int64_t)KEPT;
		bool u_good = dec_u64(s, &u), i_good = dec_i64(s, &i);
		ok(u_good == decimals[k].u_good && u == (u_good ? decimals[k].u : KEPT) &&
			   i_good == decimals[k].i_good &&
			   i == (i_good ? decimals[k].i : (int64_t)KEPT),
		   "decimal \"%s\"", decimals[k].text);
	}
	uint64_t u = KEPT;
	ok(!dec_u64(SPAN_NONE, &u) && !dec_u64(SPAN("1\0"), &u) && u == KEPT, "no number, a NUL");
}

static void test_hex(void)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t v;
	} rows[] = {
		{"", false, 0},
		{"g", false, 0},
		{"G", false, 0},
		{"`", false, 0},
		{"@", false, 0},
		{"/", false, 0},
		{":", false, 0},
		{"0x1", false, 0},
		{"-1", false, 0},
		{"1 ", false, 0},
		{"\x10", false, 0}, /* '0' without the bit that tells letters apart */
		{"0", true, 0},
		{"f", true, 15},
		{"F", true, 15},
		{"aBcDeF", true, 0xabcdef},
		{"0123456789", true, 0x123456789},
		{"ffffffffffffffff", true, UINT64_MAX},
		{"00000000000000000000000ffffffffffffffff", true, UINT64_MAX},
		{"10000000000000000", false, 0},
		{"fffffffffffffffff", false, 0},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t v = KEPT;
		bool good = hex_u64(guarded(0, span_str(rows[i].text)), &v);
		ok(good == rows[i].good && v == (good ? rows[i].v : KEPT), "hexadecimal \"%s\"",
		   rows[i].text);
	}
}

static void test_big_endian(void)
{
	uint8_t p[8];
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t v = UINT64_C(1) << bit;
		put_be64(p, v);
		check(get_be64(p) == v && p[7 - bit / 8] == 1 << bit % 8, "bit %u of 64", bit);
		put_be32(p, (uint32_t)v);
		check(get_be32(p) == (uint32_t)v, "bit %u of 32", bit);
		put_be16(p, (uint16_t)v);
		check(get_be16(p) == (uint16_t)v, "bit %u of 16", bit);
	}
	put_be64(p, UINT64_C(0x0102030405060708));
	ok(memcmp(p, "\1\2\3\4\5\6\7\10", 8) == 0, "the highest byte comes first");
	ok(get_be16(guarded(0, SPAN("\xff\xfe")).p) == 0xfffe &&
		   get_be32(guarded(0, SPAN("\xff\xfe\xfd\xfc")).p) == 0xfffefdfc &&
		   get_be64(guarded(0, SPAN("\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8")).p) ==
			   UINT64_C(0xfffefdfcfbfaf9f8),
	   "numbers with the highest bit set");
}

/* One piece per row; all of them, one behind the other, are run at every capacity. */
static const struct {
	char kind; /* which function */
	uint64_t v;
	unsigned digits;
	struct span want;
} pieces[] = {
	{'s', 0, 0, {(const uint8_t *)"start", 5}},
	{'b', 0xff, 0, {(const uint8_t *)"\xff", 1}},
	{'s', 0, 0, {(const uint8_t *)"", 0}},
	{'m', 0, 0, {(const uint8_t *)"m\0m", 3}},
	{'2', 0x1234, 0, {(const uint8_t *)"\x12\x34", 2}},
	{'4', 0x12345678, 0, {(const uint8_t *)"\x12\x34\x56\x78", 4}},
	{'u', 0, 0, {(const uint8_t *)"0", 1}},
	{'u', UINT64_MAX, 0, {(const uint8_t *)"18446744073709551615", 20}},
	{'i', 0, 0, {(const uint8_t *)"0", 1}},
	{'i', (uint64_t)-1, 0, {(const uint8_t *)"-1", 2}},
	{'i', (uint64_t)INT64_MAX, 0, {(const uint8_t *)"9223372036854775807", 19}},
	{'i', UINT64_C(1) << 63, 0, {(const uint8_t *)"-9223372036854775808", 20}},
	{'x', 0, 0, {(const uint8_t *)"0", 1}},
	{'x', 0xabc, 0, {(const uint8_t *)"abc", 3}},
	{'x', UINT64_MAX, 0, {(const uint8_t *)"ffffffffffffffff", 16}},
	{'f', 7, 0, {(const uint8_t *)"", 0}},
	{'f', 7, 2, {(const uint8_t *)"07", 2}},
	{'f', 12345, 3, {(const uint8_t *)"345", 3}},
	{'f', UINT64_MAX, 22, {(const uint8_t *)"0018446744073709551615", 22}},
	{'r', 0, 0, {(const uint8_t *)"room", 4}},
};

static void put_piece(struct out *o, size_t i)
{
	uint64_t v = pieces[i].v;
	struct span want = pieces[i].want;
	uint8_t *room;
	switch (pieces[i].kind) {
	case 's':
		out_str(o, (const char *)want.p);
		break;
	case 'm':
		out_mem(o, want.p, want.n);
		break;
	case 'b':
		out_byte(o, (uint8_t)v);
		break;
	case '2':
		out_be16(o, (uint16_t)v);
		break;
	case '4':
		out_be32(o, (uint32_t)v);
		break;
	case 'u':
		out_u64(o, v);
		break;
	case 'i':
		out_i64(o, v >> 63 ? -(int64_t)~v - 1 : (int64_t)v);
		break;
	case 'x':
		out_hex(o, v);
		break;
	case 'f':
		out_fixed(o, v, pieces[i].digits);
		break;
	default:
		room = out_room(o, want.n);
		if (room != NULL)
			memcpy(room, want.p, want.n);
	}
}

static void test_out_pieces(void)
{
	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct span want = pieces[i].want;
		uint8_t buf[32];
		for (size_t cap = 0; cap <= want.n + 1; cap++) {
			struct out o = out_init(buf, cap);
			memset(buf, 'z', sizeof buf);
			put_piece(&o, i);
			check(o.over == (cap < want.n), "piece %zu: over at %zu", i, cap);
			check(o.n == (o.over ? 0 : want.n), "piece %zu: length at %zu", i, cap);
			check(buf[o.n] == 'z', "piece %zu: nothing behind it at %zu", i, cap);
			if (!o.over)
				check(span_eq(out_span_of(&o), want), "piece %zu: bytes", i);
		}
		ok(failures() == 0, "out piece %zu at every capacity", i);
	}
}

/* From the first piece that does not fit on, nothing is written, however short what follows. */
static void test_out_sequence(void)
{
	uint8_t all[256], buf[256];
	struct out whole = out_init(all, sizeof all);
	for (size_t i = 0; i < COUNT(pieces); i++)
		put_piece(&whole, i);
	ok(!whole.over && whole.n < sizeof all, "all pieces fit");
	for (size_t cap = 0; cap <= whole.n + 1; cap++) {
		struct out o = out_init(buf, cap);
		size_t want = 0, i = 0;
		memset(buf, 'z', sizeof buf);
		while (i < COUNT(pieces) && want + pieces[i].want.n <= cap)
			want += pieces[i++].want.n;
		for (i = 0; i < COUNT(pieces); i++)
			put_piece(&o, i);
		check(o.over == (cap < whole.n), "over at %zu", cap);
		check(o.n == want && memcmp(buf, all, want) == 0, "whole pieces at %zu", cap);
		check(buf[want] == 'z', "nothing behind them at %zu", cap);
	}
	ok(failures() == 0, "a sequence at every capacity");
}

static void test_out_edges(void)
{
	struct out o = out_init(NULL, 0);
	out_mem(&o, NULL, 0);
	out_span(&o, SPAN_NONE);
	out_str(&o, "");
	ok(!o.over && o.n == 0, "nothing fits into nothing");
	out_byte(&o, 1);
	ok(o.over && out_span_of(&o).n == 0, "a byte does not");
	uint8_t buf[4];
	o = out_init(buf, sizeof buf);
	out_byte(&o, 1);
	ok(out_room(&o, SIZE_MAX) == NULL && o.over && o.n == 1, "a length that would wrap");
	out_byte(&o, 2);
	ok(o.n == 1 && out_room(&o, 1) == NULL, "the overflow sticks");
}

static void test_dec_put(void)
{
	uint8_t buf[20];
	uint64_t power = 1;
	for (unsigned digits = 1; digits <= 20; digits++) {
		uint64_t back = 0;
		struct span s = dec_put(buf, power);
		check(s.n == digits && s.p + s.n == buf + 20, "10^%u: place", digits - 1);
		check(dec_u64(s, &back) && back == power, "10^%u: value", digits - 1);
		s = dec_put(buf, power - 1);
		check(dec_u64(s, &back) && back == power - 1, "10^%u - 1", digits - 1);
		power *= 10;
	}
	ok(failures() == 0, "dec_put of every length");
	is_span(dec_put(buf, 0), SPAN("0"), "dec_put of zero");
	is_span(dec_put(buf, UINT64_MAX), SPAN("18446744073709551615"), "dec_put of the largest");
}

int main(void)
{
	test_compare();
	test_parts();
	test_trim();
	test_cut();
	test_decimal();
	test_hex();
	test_big_endian();
	test_out_pieces();
	test_out_sequence();
	test_out_edges();
	test_dec_put();
	return done();
}
