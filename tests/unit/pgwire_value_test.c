#include "harness/tap.h"
#include "pgwire/pgwire_value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))
#define B(literal)                                                 \
	{                                                          \
		(const uint8_t *)("" literal), sizeof(literal) - 1 \
	}

static const struct pgwire_value null = {{NULL, 0}, true};

static struct pgwire_value of(struct span s)
{
	return (struct pgwire_value){guarded(0, s), false};
}

static struct pgwire_value text_of(const char *s)
{
	return of(span_str(s));
}

static bool same_double(double a, double b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

static bool same_float(float a, float b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

/* Without zeros in front. */
static unsigned digits_of(const char *text)
{
	unsigned n = 0;
	for (; *text != '\0' && *text != 'e' && *text != 'E'; text++)
		n += *text >= '0' && *text <= '9' && (n > 0 || *text != '0');
	return n;
}

/* Ours against the libc's, which is musl's here: correctly rounded. */
static void test_float_rows(void)
{
	static const char *const rows[] = {
		"0",
		"-0",
		"1",
		"-1",
		"0.1",
		"0.5",
		"1.5",
		"3.14159265358979",
		"1e+20",
		"1E20",
		"1e-7",
		"123456789012345680000",
		"9007199254740992",
		"9007199254740993",
		"9007199254740995",
		"9007199254740993.00000000000001",
		"1.7976931348623157e+308",
		"1.7976931348623158e+308",
		"2.2250738585072014e-308",
		"2.2250738585072011e-308",
		"2.225073858507201e-308",
		"5e-324",
		"4.9406564584124654e-324",
		"2.5e-324",
		"2.4703282292062328e-324",
		"1.5e-323",
		"7.4e-324",
		"7.5e-324",
		"1e-323",
		"8.5e-45",
		"1e-45",
		"1.4e-45",
		"3.4028235e+38",
		"3.40282346e+38",
		"1.17549435e-38",
		"1.1754942e-38",
		"16777217",
		"16777219",
		"16777216.999999",
		"0.000001",
		".5",
		"5.",
		"00012",
		"0.0000000000000000000000000000000000000000000000001",
		"12345678901234567890123456789012",
		"1e308",
		"1e-308",
		"1e22",
		"1e23",
		"8.988465674311580e307",
		"6.631236871469758276785396630275960",
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		double d = NAN, want = strtod(rows[i], NULL);
		float f = NAN, narrow = strtof(rows[i], NULL);
		bool digits = digits_of(rows[i]) <= PGWIRE_FLOAT_DIGITS;
		ok(pgwire_get_float8(text_of(rows[i]), false, &d) == digits &&
			   (!digits || same_double(d, want)),
		   "float8 %s", rows[i]);
		bool fits = digits && !isinf(narrow) && (narrow != 0 || want == 0);
		ok(pgwire_get_float4(text_of(rows[i]), false, &f) == fits &&
			   (!fits || same_float(f, narrow)),
		   "float4 %s", rows[i]);
	}
}

static void test_float_bad(void)
{
	static const char *const rows[] = {
		"",        " ",        "1 ",
		" 1",      "+1",       "--1",
		"1e",      "1e+",      "1e+-1",
		"e1",      ".",        "-",
		"1.2.3",   "0x1",      "1e9999999999999999999",
		"1e400",   "1e309",    "1.7976931348623159e+308",
		"1e-400",  "2e-324",   "nan",
		"inf",     "infinity", "-NaN",
		"Infinit", "1,5",      "123456789012345678901234567890123",
	};
	double d = 7;
	float f = 7;
	for (size_t i = 0; i < LENGTH(rows); i++)
		ok(!pgwire_get_float8(text_of(rows[i]), false, &d) && same_double(d, 7),
		   "no float8: %s", rows[i]);
	ok(!pgwire_get_float4(text_of("3.5e38"), false, &f) &&
		   !pgwire_get_float4(text_of("1e-46"), false, &f) && same_float(f, 7),
	   "beyond a float4");
	ok(pgwire_get_float8(text_of("Infinity"), false, &d) && same_double(d, INFINITY) &&
		   pgwire_get_float8(text_of("-Infinity"), false, &d) &&
		   same_double(d, -INFINITY) && pgwire_get_float8(text_of("NaN"), false, &d) &&
		   isnan(d),
	   "float8 that is no number");
	ok(pgwire_get_float4(text_of("Infinity"), false, &f) && same_float(f, INFINITY) &&
		   pgwire_get_float4(text_of("-Infinity"), false, &f) && same_float(f, -INFINITY) &&
		   pgwire_get_float4(text_of("NaN"), false, &f) && isnan(f),
	   "float4 that is no number");
	ok(pgwire_get_float8(of(SPAN("\x3f\xf8\0\0\0\0\0\0")), true, &d) && same_double(d, 1.5) &&
		   pgwire_get_float4(of(SPAN("\xbf\xc0\0\0")), true, &f) && same_float(f, -1.5F),
	   "binary");
	ok(!pgwire_get_float8(of(SPAN("\x3f\xf8\0\0")), true, &d) &&
		   !pgwire_get_float4(of(SPAN("\x3f\xf8\0\0\0\0\0\0")), true, &f) &&
		   !pgwire_get_float8(null, true, &d) && !pgwire_get_float4(null, false, &f),
	   "of the wrong length, and NULL");
}

/* Bit patterns at random, as the server writes them (17 and 9 digits) and with fewer digits. */
static void test_float_random(void)
{
	uint64_t seed = 11;
	char text[64];
	for (unsigned i = 0; i < 3000; i++) {
		double d, want;
		float f, narrow;
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		uint64_t bits = seed ^ seed >> 29;
		uint32_t few = (uint32_t)(bits >> 16);
		memcpy(&want, &bits, sizeof want);
		memcpy(&narrow, &few, sizeof narrow);
		if (isfinite(want) && want != 0) {
			snprintf(text, sizeof text, "%.*g", 17 - (int)(i % 12), want);
			want = strtod(text, NULL);
			bool fits = isfinite(want) && want != 0;
			check(pgwire_get_float8(text_of(text), false, &d) == fits &&
				      (!fits || same_double(d, want)),
			      "float8 %s", text);
		}
		if (isfinite(narrow) && narrow != 0) {
			snprintf(text, sizeof text, "%.*g", 9 - (int)(i % 6), (double)narrow);
			narrow = strtof(text, NULL);
			bool fits = isfinite(narrow) && narrow != 0;
			check(pgwire_get_float4(text_of(text), false, &f) == fits &&
				      (!fits || same_float(f, narrow)),
			      "float4 %s", text);
		}
	}
	ok(failures() == 0, "3,000 floats of each kind, as strtod and strtof read them");
}

static void test_times(void)
{
	static const struct {
		const char *text;
		int64_t us;
	} rows[] = {
		{"2000-01-01 00:00:00+00", 0},
		{"2000-01-01 00:00:00", 0},
		{"2000-01-01 00:00:00.000001+00", 1},
		{"1999-12-31 23:59:59.999999+00", -1},
		{"2000-01-01 00:00:00.5", 500000},
		{"2000-01-01 02:00:00+02", 0},
		{"1999-12-31 18:30:00-05:30", 0},
		{"2000-01-01 00:19:32+00:19:32", 0},
		{"1970-01-01 00:00:00+00", -PGWIRE_UNIX_2000},
		{"2004-10-19 10:23:54+02", 151489434000000},
		{"2024-02-29 12:00:00+00", 762523200000000},
		{"2100-03-01 00:00:00+00", 3160857600000000},
		{"0001-01-01 00:00:00+00", -63082281600000000},
		{"0001-12-31 00:00:00+00 BC", -63082368000000000},
		{"4714-11-24 00:00:00+00 BC", -211813488000000000},
		{"294276-12-31 23:59:59.999999+00", 9223371331199999999},
		{"infinity", INT64_MAX},
		{"-infinity", INT64_MIN},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		int64_t us = 7, binary = 7;
		uint8_t room[8];
		ok(pgwire_get_timestamp(text_of(rows[i].text), false, &us) && us == rows[i].us,
		   "timestamptz %s: %lld", rows[i].text, (long long)us);
		struct pgwire_param p = pgwire_param_timestamptz(room, rows[i].us);
		check(p.binary && p.oid == PGWIRE_OID_TIMESTAMPTZ &&
			      pgwire_get_timestamp(of(p.value), true, &binary) && binary == us,
		      "and in binary");
	}
	static const char *const bad[] = {
		"",
		"2000-01-01",
		"2000-01-01T00:00:00",
		"2000-01-01 00:00",
		"2000-13-01 00:00:00",
		"2000-00-01 00:00:00",
		"2000-02-30 00:00:00",
		"1900-02-29 00:00:00",
		"2001-04-31 00:00:00",
		"2000-01-00 00:00:00",
		"2000-01-01 24:00:00",
		"2000-01-01 00:60:00",
		"2000-01-01 00:00:60",
		"2000-01-01 00:00:00.",
		"2000-01-01 00:00:00.1234567",
		"2000-01-01 00:00:00+",
		"2000-01-01 00:00:00+2",
		"2000-01-01 00:00:00 UTC",
		"2000-01-01 00:00:00+00 AD",
		"0000-01-01 00:00:00",
		"999-01-01 00:00:00",
		"9999999-01-01 00:00:00",
		"4715-01-01 00:00:00 BC",
		"Sat Jan 01 00:00:00 2000 UTC",
		"+infinity",
		"Infinity",
		"01-02-2000 00:00:00",
		"2000-1-01 00:00:00",
		" BC",
	};
	int64_t us = 7;
	for (size_t i = 0; i < LENGTH(bad); i++)
		ok(!pgwire_get_timestamp(text_of(bad[i]), false, &us) && us == 7,
		   "no timestamptz: %s", bad[i]);
	ok(!pgwire_get_timestamp(null, false, &us) && !pgwire_get_timestamp(null, true, &us) &&
		   !pgwire_get_timestamp(of(SPAN("1234567")), true, &us),
	   "NULL, and seven bytes");
}

static void test_dates(void)
{
	static const struct {
		const char *text;
		int32_t days;
	} rows[] = {
		{"2000-01-01", 0},           {"1999-12-31", -1},
		{"2000-02-29", 59},          {"2000-03-01", 60},
		{"1970-01-01", -10957},      {"0001-12-31 BC", -730120},
		{"4714-11-24 BC", -2451545}, {"5874897-12-31", 2145031948},
		{"infinity", INT32_MAX},     {"-infinity", INT32_MIN},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		int32_t days = 7, binary = 7;
		uint8_t room[4];
		ok(pgwire_get_date(text_of(rows[i].text), false, &days) && days == rows[i].days,
		   "date %s: %d", rows[i].text, days);
		struct pgwire_param p = pgwire_param_date(room, rows[i].days);
		check(pgwire_get_date(of(p.value), true, &binary) && binary == days, "in binary");
	}
	int32_t days = 7;
	ok(!pgwire_get_date(text_of("2000-01-01 "), false, &days) &&
		   !pgwire_get_date(text_of("01/02/2000"), false, &days) &&
		   !pgwire_get_date(text_of("9999999-01-01"), false, &days) &&
		   !pgwire_get_date(null, false, &days) && !pgwire_get_date(null, true, &days) &&
		   days == 7,
	   "no dates");
}

static void test_uuid(void)
{
	static const char text[] = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
	static const struct span want =
		B("\xa0\xee\xbc\x99\x9c\x0b\x4e\xf8\xbb\x6d\x6b\xb9\xbd\x38\x0a\x11");
	uint8_t uuid[PGWIRE_UUID_SIZE] = {7}, again[PGWIRE_UUID_SIZE];
	ok(pgwire_get_uuid(text_of(text), false, uuid), "uuid of the manual");
	is_span(span_of(uuid, sizeof uuid), want, "and its bytes");
	ok(pgwire_get_uuid(of(pgwire_param_uuid(uuid).value), true, again) &&
		   memcmp(uuid, again, sizeof uuid) == 0,
	   "in binary");
	for (size_t i = 0; i < sizeof text - 1; i++) {
		char bad[sizeof text];
		memcpy(bad, text, sizeof text);
		bad[i] = 'g';
		check(!pgwire_get_uuid(text_of(bad), false, uuid), "letter %zu wrong", i);
		bad[i] = '\0';
		check(!pgwire_get_uuid(text_of(bad), false, uuid), "cut at %zu", i);
	}
	ok(!pgwire_get_uuid(null, true, uuid) && !pgwire_get_uuid(of(SPAN("")), true, uuid) &&
		   span_eq(span_of(uuid, sizeof uuid), want),
	   "what is no uuid leaves its target alone");
}

static void test_bytea(void)
{
	static const struct {
		const char *name;
		struct span value;
		bool binary, good;
		struct span want;
	} rows[] = {
		{"binary", B("a\0b"), true, true, B("a\0b")},
		{"empty binary", B(""), true, true, B("")},
		{"hex", B("\\xDEADbeef00"), false, true, B("\xde\xad\xbe\xef\0")},
		{"empty hex", B("\\x"), false, true, B("")},
		{"an odd digit", B("\\xabc"), false, false, B("")},
		{"no digit", B("\\xag"), false, false, B("")},
		{"escape", B("abc\\\\d\\000\\377\\047"), false, true, B("abc\\d\0\377'")},
		{"empty escape", B(""), false, true, B("")},
		{"a byte above 255", B("\\400"), false, false, B("")},
		{"no octal digit", B("\\08a"), false, false, B("")},
		{"escape cut", B("ab\\01"), false, false, B("")},
		{"a lone backslash", B("ab\\"), false, false, B("")},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		uint8_t buf[16];
		for (size_t cap = 0; cap <= rows[i].want.n; cap++) {
			struct out o = out_init(buf, cap);
			bool good = pgwire_get_bytea(of(rows[i].value), rows[i].binary, &o);
			bool fits = cap == rows[i].want.n;
			check(good == (rows[i].good && fits) && (good || o.n == 0) &&
				      (!rows[i].good || o.over == !fits),
			      "bytea %s in %zu bytes", rows[i].name, cap);
			if (fits)
				is_span(out_span_of(&o), rows[i].want, "bytea %s", rows[i].name);
		}
	}
	struct out o = out_init(NULL, 0);
	ok(!pgwire_get_bytea(null, true, &o) && !o.over, "NULL is no bytea");
}

static void test_numeric(void)
{
	static const struct {
		struct span value;
		const char *want; /* NULL: none */
	} rows[] = {
		{B("\0\0\0\0\0\0\0\0"), "0"},
		{B("\0\0\0\0\0\0\0\2"), "0.00"},
		{B("\0\1\0\0\0\0\0\0\0\1"), "1"},
		{B("\0\1\0\0\100\0\0\0\0\1"), "-1"},
		{B("\0\2\0\0\100\0\0\2\0\14\23\210"), "-12.50"},
		{B("\0\1\0\1\0\0\0\0\0\1"), "10000"},
		{B("\0\2\0\1\0\0\0\0\0\14\0\42"), "120034"},
		{B("\0\1\0\2\0\0\0\1\0\1"), "100000000.0"},
		{B("\0\1\377\377\0\0\0\4\0\1"), "0.0001"},
		{B("\0\1\377\377\0\0\0\1\47\17"), "0.9"},
		{B("\0\1\377\376\0\0\0\6\0\144"), "0.000001"},
		{B("\0\1\377\376\0\0\0\10\47\17"), "0.00009999"},
		{B("\0\3\0\0\0\0\0\7\0\3\5\207\45\374"), "3.1415972"},
		{B("\0\0\0\0\300\0\0\0"), "NaN"},
		{B("\0\0\0\0\320\0\0\0"), "Infinity"},
		{B("\0\0\0\0\360\0\0\0"), "-Infinity"},
		{B("\0\0\0\0\200\0\0\0"), NULL},
		{B("\0\1\0\0\0\0\0\0"), NULL},
		{B("\0\0\0\0\0\0\0\0\0\1"), NULL},
		{B("\0\1\0\0\0\0\0\0\47\20"), NULL},
		{B("\0\0\0\0\0\0\100\0"), NULL},
		{B("\0\0\0\0\0\0\0"), NULL},
		{B(""), NULL},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		uint8_t buf[32];
		struct span want = span_str(rows[i].want);
		for (size_t cap = 0; cap <= want.n; cap++) {
			struct out o = out_init(buf, cap);
			bool good = pgwire_get_numeric(of(rows[i].value), true, &o);
			check(good == (rows[i].want != NULL && cap == want.n) && (good || o.n == 0),
			      "numeric row %zu in %zu bytes", i, cap);
			if (cap == want.n)
				is_span(out_span_of(&o), want, "numeric %s",
					rows[i].want == NULL ? "that is none" : rows[i].want);
		}
	}
	/* 10^131,071, and 16,383 digits behind the point: the ends of the type. */
	static uint8_t large[131072 + 1 + 16383];
	struct out o = out_init(large, sizeof large);
	ok(pgwire_get_numeric(of(SPAN("\0\1\177\377\0\0\77\377\3\350")), true, &o) &&
		   o.n == sizeof large && large[0] == '1' && large[131072] == '.',
	   "a numeric of %zu digits", o.n);
	o = out_init(large, sizeof large);
	ok(pgwire_get_numeric(text_of("12.50"), false, &o) && o.n == 5 &&
		   !pgwire_get_numeric(text_of(""), false, &o) &&
		   !pgwire_get_numeric(null, true, &o) && !pgwire_get_numeric(null, false, &o),
	   "as text, and NULL");
}

static void test_jsonb(void)
{
	struct span text = SPAN_NONE;
	ok(pgwire_get_jsonb(of(SPAN("\1{}")), true, &text) && span_eq(text, SPAN("{}")),
	   "jsonb in binary");
	ok(pgwire_get_jsonb(of(SPAN("[1]")), false, &text) && span_eq(text, SPAN("[1]")),
	   "as text");
	ok(!pgwire_get_jsonb(of(SPAN("\2{}")), true, &text) &&
		   !pgwire_get_jsonb(of(SPAN("")), true, &text) &&
		   !pgwire_get_jsonb(null, true, &text) && !pgwire_get_jsonb(null, false, &text),
	   "another version, and NULL");
}

static void test_params(void)
{
	uint8_t room[8];
	int16_t n2 = 0;
	int32_t n4 = 0;
	int64_t n8 = 0;
	bool b = false;
	float f = 0;
	double d = 0;
	ok(pgwire_get_int2(of(pgwire_param_int2(room, INT16_MIN).value), true, &n2) &&
		   n2 == INT16_MIN && pgwire_param_int2(room, 1).oid == PGWIRE_OID_INT2,
	   "int2");
	ok(pgwire_get_int4(of(pgwire_param_int4(room, INT32_MIN).value), true, &n4) &&
		   n4 == INT32_MIN && pgwire_param_int4(room, 1).oid == PGWIRE_OID_INT4,
	   "int4");
	ok(pgwire_get_int8(of(pgwire_param_int8(room, INT64_MIN).value), true, &n8) &&
		   n8 == INT64_MIN && pgwire_param_int8(room, 1).oid == PGWIRE_OID_INT8,
	   "int8");
	ok(pgwire_get_bool(of(pgwire_param_bool(room, true).value), true, &b) && b &&
		   pgwire_param_bool(room, true).oid == PGWIRE_OID_BOOL,
	   "bool");
	ok(pgwire_get_float4(of(pgwire_param_float4(room, -1.5F).value), true, &f) &&
		   same_float(f, -1.5F) && pgwire_param_float4(room, 1).oid == PGWIRE_OID_FLOAT4,
	   "float4");
	ok(pgwire_get_float8(of(pgwire_param_float8(room, 1e300).value), true, &d) &&
		   same_double(d, 1e300) && pgwire_param_float8(room, 1).oid == PGWIRE_OID_FLOAT8,
	   "float8");
	struct pgwire_param none = pgwire_param_null(), text = pgwire_param_text(SPAN(""));
	ok(none.null && !text.null && !text.binary && text.oid == 0, "NULL and the empty text");
	struct pgwire_param bytes = pgwire_param_bytea(SPAN("a\0"));
	ok(bytes.binary && bytes.oid == PGWIRE_OID_BYTEA && bytes.value.n == 2, "bytea");
}

static void test_quotes(void)
{
	static const struct {
		struct span text;
		const char *literal, *identifier; /* NULL: refused */
	} rows[] = {
		{B(""), "''", "\"\""},
		{B("a b"), "'a b'", "\"a b\""},
		{B("it's"), "'it''s'", "\"it's\""},
		{B("'"), "''''", "\"'\""},
		{B("say \"x\""), "'say \"x\"'", "\"say \"\"x\"\"\""},
		{B("a\\b"), " E'a\\\\b'", "\"a\\b\""},
		{B("\\'; --"), " E'\\\\''; --'", "\"\\'; --\""},
		{B("\n\t\1"), "'\n\t\1'", "\"\n\t\1\""},
		{B("\303\244\342\202\254\360\237\230\200"),
		 "'\303\244\342\202\254\360\237\230\200'",
		 "\"\303\244\342\202\254\360\237\230\200\""},
		{B("\355\237\277\356\200\200\364\217\277\277"),
		 "'\355\237\277\356\200\200\364\217\277\277'",
		 "\"\355\237\277\356\200\200\364\217\277\277\""},
		{B("a\0b"), NULL, NULL},
		{B("\200"), NULL, NULL},
		{B("\303"), NULL, NULL},
		{B("\303'"), NULL, NULL},
		{B("\300\247"), NULL, NULL},
		{B("\301\200"), NULL, NULL},
		{B("\342\202"), NULL, NULL},
		{B("\342\202'"), NULL, NULL},
		{B("\340\237\277"), NULL, NULL},
		{B("\355\240\200"), NULL, NULL},
		{B("\360\217\277\277"), NULL, NULL},
		{B("\364\220\200\200"), NULL, NULL},
		{B("\365\200\200\200"), NULL, NULL},
		{B("\377"), NULL, NULL},
	};
	for (size_t i = 0; i < 2 * LENGTH(rows); i++) {
		const char *text = i % 2 ? rows[i / 2].identifier : rows[i / 2].literal;
		struct span want = span_str(text), in = rows[i / 2].text;
		uint8_t buf[64];
		struct out o;
		for (size_t cap = 0; cap <= want.n; cap++) {
			o = out_init(buf, cap);
			bool good = i % 2 ? pgwire_quote_identifier(&o, guarded(0, in))
					  : pgwire_quote_literal(&o, guarded(0, in));
			check(good == (text != NULL && cap == want.n) && (good || o.n == 0),
			      "quoted row %zu in %zu bytes", i / 2, cap);
		}
		is_span(out_span_of(&o), want, "%s %zu", i % 2 ? "identifier" : "literal", i / 2);
	}
}

int main(void)
{
	test_float_rows();
	test_float_bad();
	test_float_random();
	test_times();
	test_dates();
	test_uuid();
	test_bytea();
	test_numeric();
	test_jsonb();
	test_params();
	test_quotes();
	return done();
}
