#include "harness/tap.h"
#include "pgwire/pgwire_value.h"

#define LENGTH(a) (sizeof(a) / sizeof *(a))
#define B(literal)                                                 \
	{                                                          \
		(const uint8_t *)("" literal), sizeof(literal) - 1 \
	}

/* The number, or '-': refused, and 77 was not touched. */
static void say(struct out *o, bool good, int64_t n)
{
	if (good)
		out_i64(o, n);
	else
		out_str(o, n == 77 ? "-" : "touched");
	out_byte(o, ' ');
}

static void test_ints(void)
{
	static const struct {
		struct span bytes;
		bool binary;
		const char *want; /* int2, int4, int8; '-': refused */
	} rows[] = {
		{B("5"), false, "5 5 5"},
		{B("-32768"), false, "-32768 -32768 -32768"},
		{B("32768"), false, "- 32768 32768"},
		{B("-32769"), false, "- -32769 -32769"},
		{B("2147483647"), false, "- 2147483647 2147483647"},
		{B("2147483648"), false, "- - 2147483648"},
		{B("-2147483648"), false, "- -2147483648 -2147483648"},
		{B("-2147483649"), false, "- - -2147483649"},
		{B("9223372036854775807"), false, "- - 9223372036854775807"},
		{B("-9223372036854775808"), false, "- - -9223372036854775808"},
		{B("9223372036854775808"), false, "- - -"},
		{B(""), false, "- - -"},
		{B(" 5"), false, "- - -"},
		{B("+5"), false, "- - -"},
		{B("5.0"), false, "- - -"},
		{B("\0\5"), true, "5 - -"},
		{B("\377\377"), true, "-1 - -"},
		{B("\200\0"), true, "-32768 - -"},
		{B("\0\0\1\0"), true, "- 256 -"},
		{B("\200\0\0\0"), true, "- -2147483648 -"},
		{B("\177\377\377\377"), true, "- 2147483647 -"},
		{B("\0\0\0\1\0\0\0\0"), true, "- - 4294967296"},
		{B("\200\0\0\0\0\0\0\0"), true, "- - -9223372036854775808"},
		{B("\177\377\377\377\377\377\377\377"), true, "- - 9223372036854775807"},
		{B("\377\377\377\377\377\377\377\377"), true, "- - -1"},
		{B(""), true, "- - -"},
		{B("\0\0\0"), true, "- - -"},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct pgwire_value v = {guarded(0, rows[i].bytes), false};
		char got[96];
		struct out o = out_init(got, sizeof got - 1);
		int16_t n2 = 77;
		int32_t n4 = 77;
		int64_t n8 = 77;
		bool good = pgwire_get_int2(v, rows[i].binary, &n2);
		say(&o, good, n2);
		good = pgwire_get_int4(v, rows[i].binary, &n4);
		say(&o, good, n4);
		good = pgwire_get_int8(v, rows[i].binary, &n8);
		say(&o, good, n8);
		got[o.n - 1] = '\0';
		is_str(got, rows[i].want, "integers, row %zu", i);
	}
}

static void test_values(void)
{
	const struct pgwire_value null = {SPAN_NONE, true};
	static const struct {
		struct span bytes;
		bool binary;
		int want;
	} bools[] = {
		{B("t"), false, 1},  {B("f"), false, 0}, {B("true"), false, -1},
		{B("1"), false, -1}, {B(""), false, -1}, {B("\1"), false, -1},
		{B("\1"), true, 1},  {B("\0"), true, 0}, {B("\2"), true, -1},
		{B("t"), true, -1},  {B(""), true, -1},  {B("\0\0"), true, -1},
	};
	for (size_t i = 0; i < LENGTH(bools); i++) {
		struct pgwire_value v = {guarded(0, bools[i].bytes), false};
		bool b = false;
		int got = pgwire_get_bool(v, bools[i].binary, &b) ? b : -1;
		is_int(got, bools[i].want, "boolean, row %zu", i);
	}
	struct span text;
	bool b;
	int16_t n2;
	int32_t n4;
	int64_t n8;
	ok(!pgwire_get_text(null, &text) && !pgwire_get_bool(null, true, &b) &&
		   !pgwire_get_int2(null, false, &n2) && !pgwire_get_int4(null, true, &n4) &&
		   !pgwire_get_int8(null, false, &n8),
	   "NULL is no value of any type");
	ok(pgwire_get_text((struct pgwire_value){SPAN(""), false}, &text) && text.n == 0,
	   "the empty text is one");
}

int main(void)
{
	test_ints();
	test_values();
	return done();
}
