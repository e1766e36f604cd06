#include "harness/tap.h"
#include "pgwire/pgwire_copy.h"

#include <string.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))
#define B(literal)                                                 \
	{                                                          \
		(const uint8_t *)("" literal), sizeof(literal) - 1 \
	}
#define V(literal)                \
	{                         \
		B(literal), false \
	}
#define NONE                    \
	{                       \
		{NULL, 0}, true \
	}
#define SIGNATURE "PGCOPY\n\377\r\n\0"
#define ANY UINT32_MAX

/* Rows and their text, both ways. */
static const struct {
	const char *name;
	size_t n;
	struct pgwire_value values[4];
	struct span text;
} rows[] = {
	{"two values", 2, {V("1"), V("one")}, B("1\tone\n")},
	{"NULL apart from empty", 3, {NONE, V(""), V("N")}, B("\\N\t\tN\n")},
	{"one empty value", 1, {V("")}, B("\n")},
	{"escapes", 2, {V("a\tb\nc\rd\\e"), V("\b\f\v")}, B("a\\tb\\nc\\rd\\\\e\t\\b\\f\\v\n")},
	{"a text that looks like NULL", 1, {V("\\N")}, B("\\\\N\n")},
	{"a text that looks like the end", 1, {V("\\.")}, B("\\\\.\n")},
	{"backslash at the end", 2, {V("a\\"), V("b")}, B("a\\\\\tb\n")},
	{"other bytes", 1, {V("\1\177\303\244\377")}, B("\1\177\303\244\377\n")},
};

static void test_put_text(void)
{
	uint8_t buf[64];
	for (size_t i = 0; i < LENGTH(rows); i++) {
		for (size_t cap = 0; cap < rows[i].text.n; cap++) {
			struct out o = out_init(buf, cap);
			pgwire_copy_put_text(&o, rows[i].n, rows[i].values);
			check(o.over, "%s in %zu bytes", rows[i].name, cap);
		}
		struct out o = out_init(buf, rows[i].text.n);
		pgwire_copy_put_text(&o, rows[i].n, rows[i].values);
		is_span(out_span_of(&o), rows[i].text, "written: %s", rows[i].name);
	}
}

static bool same(struct pgwire_value a, struct pgwire_value b)
{
	return a.null == b.null && (a.null || span_eq(a.bytes, b.bytes));
}

static void test_get_text(void)
{
	uint8_t buf[64];
	struct pgwire_copy_line line;
	struct pgwire_value v;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct span text = rows[i].text;
		struct out room = out_init(buf, text.n);
		for (size_t cut = 0; cut < text.n; cut++)
			check(pgwire_copy_get_line(guarded(0, span_head(text, cut)), ANY, &line) ==
				      PGWIRE_MORE,
			      "cut at %zu", cut);
		bool right = pgwire_copy_get_line(guarded(0, text), ANY, &line) == (int)text.n;
		for (size_t k = 0; k < rows[i].n; k++)
			right &= pgwire_copy_next_text(&line, &v, &room) == 1 &&
				 same(v, rows[i].values[k]);
		ok(right && pgwire_copy_next_text(&line, &v, &room) == 0, "read: %s", rows[i].name);
	}
}

/* What others may write. */
static void test_escapes(void)
{
	static const struct {
		struct span text;
		int rc;
		struct span want;
	} escapes[] = {
		{B("\\101\\12x\n"), 1, B("A\nx")},  {B("\\1018\n"), 1, B("A8")},
		{B("\\777\n"), 1, B("\377")},       {B("\\x41\\xfg\\xG\n"), 1, B("A\17gxG")},
		{B("\\x414\n"), 1, B("A4")},        {B("\\q\\-\\'\n"), 1, B("q-'")},
		{B("\\NN\n"), 1, B("NN")},          {B("a\\\tb\n"), 1, B("a\tb")},
		{B("a\\N\n"), 1, B("aN")},          {B("\\.\n"), 1, B(".")},
		{B("a\\\n"), PGWIRE_EBODY, B("a")}, {B("\\\n"), PGWIRE_EBODY, B("")},
	};
	uint8_t buf[16];
	struct pgwire_copy_line line;
	struct pgwire_value v;
	for (size_t i = 0; i < LENGTH(escapes); i++) {
		struct out room = out_init(buf, sizeof buf);
		pgwire_copy_get_line(guarded(0, escapes[i].text), ANY, &line);
		int rc = pgwire_copy_next_text(&line, &v, &room);
		ok(rc == escapes[i].rc && !v.null && span_eq(v.bytes, escapes[i].want),
		   "escapes, row %zu", i);
		is_int(pgwire_copy_next_text(&line, &v, &room), 0, "and nothing behind it");
	}
	struct out none = out_init(NULL, 0);
	pgwire_copy_get_line(SPAN("ab\t\\n\tc\n"), ANY, &line);
	is_int(pgwire_copy_next_text(&line, &v, &none), 1, "a plain value needs no room");
	is_int(pgwire_copy_next_text(&line, &v, &none), PGWIRE_EROOM, "one with escapes does");
	is_int(pgwire_copy_next_text(&line, &v, &none), 0, "and ends the line without");
	is_int(pgwire_copy_get_line(SPAN("abc"), 4, &line), PGWIRE_MORE, "a line may still come");
	is_int(pgwire_copy_get_line(SPAN("abcd"), 4, &line), PGWIRE_ELENGTH, "a line too long");
	is_int(pgwire_copy_get_line(SPAN("abcd\n"), 4, &line), PGWIRE_ELENGTH, "by one byte");
	is_int(pgwire_copy_get_line(SPAN("abc\nd"), 4, &line), 4, "a line that just fits");
}

static void test_binary(void)
{
	static const struct pgwire_value values[] = {V("\0\0\0\5"), NONE, V("")};
	static const struct span stream = B(SIGNATURE "\0\0\0\0\0\0\0\0"
						      "\0\3\0\0\0\4\0\0\0\5\377\377\377\377\0\0\0\0"
						      "\0\0\377\377");
	uint8_t buf[64];
	struct pgwire_row row;
	struct pgwire_value v;
	bool end = true;
	for (size_t cap = 0; cap <= stream.n; cap++) {
		struct out o = out_init(buf, cap);
		pgwire_copy_put_header(&o);
		pgwire_copy_put_binary(&o, LENGTH(values), values);
		pgwire_copy_put_binary(&o, 0, NULL);
		pgwire_copy_put_trailer(&o);
		check(o.over == (cap < stream.n), "a stream in %zu bytes", cap);
	}
	is_span(span_of(buf, stream.n), stream, "a binary stream, at every capacity");

	for (size_t cut = 0; cut < 19; cut++)
		check(pgwire_copy_get_header(guarded(0, span_head(stream, cut)), ANY) == 0,
		      "header cut at %zu", cut);
	is_int(pgwire_copy_get_header(guarded(0, stream), ANY), 19, "its header");
	struct span rest = span_tail(stream, 19);
	for (size_t cut = 0; cut < 18; cut++)
		check(pgwire_copy_get_binary(guarded(0, span_head(rest, cut)), ANY, &row, &end) ==
			      PGWIRE_MORE,
		      "row cut at %zu", cut);
	is_int(pgwire_copy_get_binary(guarded(0, rest), ANY, &row, &end), 18, "its first row");
	for (size_t i = 0; i < LENGTH(values); i++)
		ok(pgwire_row_next(&row, &v) && same(v, values[i]), "value %zu", i);
	ok(!pgwire_row_next(&row, &v) && !end, "and no more");
	rest = span_tail(rest, 18);
	ok(pgwire_copy_get_binary(guarded(0, rest), ANY, &row, &end) == 2 && row.count == 0 && !end,
	   "a row without values");
	rest = span_tail(rest, 2);
	ok(pgwire_copy_get_binary(guarded(0, rest), ANY, &row, &end) == 2 && end, "the trailer");
}

static void test_binary_bad(void)
{
	static const struct {
		const char *name;
		struct span wire;
		uint32_t max;
		int want;
	} headers[] = {
		{"another signature", B("PGCOPY\n\377\r\n\1\0\0\0\0\0\0\0\0"), ANY, PGWIRE_EBODY},
		{"text", B("1\tone\n"), ANY, PGWIRE_EBODY},
		{"OIDs", B(SIGNATURE "\0\1\0\0\0\0\0\0"), ANY, PGWIRE_EBODY},
		{"a critical flag", B(SIGNATURE "\200\0\0\0\0\0\0\0"), ANY, PGWIRE_EBODY},
		{"another flag", B(SIGNATURE "\0\0\200\1\0\0\0\0"), ANY, 19},
		{"an extension", B(SIGNATURE "\0\0\0\0\0\0\0\2ab"), ANY, 21},
		{"an extension that is cut", B(SIGNATURE "\0\0\0\0\0\0\0\2a"), ANY, PGWIRE_MORE},
		{"an extension too long", B(SIGNATURE "\0\0\0\0\0\0\0\2"), 20, PGWIRE_ELENGTH},
		{"a negative length", B(SIGNATURE "\0\0\0\0\377\377\377\377"), ANY, PGWIRE_EBODY},
		{"no room for it", B(SIGNATURE "\0\0\0\0\0\0\0\0"), 18, PGWIRE_ELENGTH},
	};
	static const struct {
		const char *name;
		struct span wire;
		uint32_t max;
		int want;
	} bad_rows[] = {
		{"-2 values", B("\377\376"), ANY, PGWIRE_EBODY},
		{"a value of -2 bytes", B("\0\1\377\377\377\376"), ANY, PGWIRE_EBODY},
		{"a value of 2^31 bytes", B("\0\1\200\0\0\0"), ANY, PGWIRE_EBODY},
		{"a value of 2^31 - 1 bytes", B("\0\1\177\377\377\377"), ANY, PGWIRE_ELENGTH},
		{"a row too long", B("\0\1\0\0\0\5"), 10, PGWIRE_ELENGTH},
		{"a row that just fits", B("\0\1\0\0\0\4abcd"), 10, 10},
	};
	struct pgwire_row row;
	bool end;
	for (size_t i = 0; i < LENGTH(headers); i++)
		is_int(pgwire_copy_get_header(guarded(0, headers[i].wire), headers[i].max),
		       headers[i].want, "binary header: %s", headers[i].name);
	for (size_t i = 0; i < LENGTH(bad_rows); i++)
		is_int(pgwire_copy_get_binary(guarded(0, bad_rows[i].wire), bad_rows[i].max, &row,
					      &end),
		       bad_rows[i].want, "binary row: %s", bad_rows[i].name);
	uint8_t buf[8];
	struct out o = out_init(buf, sizeof buf);
	pgwire_copy_put_binary(&o, (size_t)INT16_MAX + 1, NULL);
	ok(o.over, "more values than a row holds");
}

int main(void)
{
	test_put_text();
	test_get_text();
	test_escapes();
	test_binary();
	test_binary_bad();
	return done();
}
