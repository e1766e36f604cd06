/*
 * Accept and Accept-Encoding: rows of fields and the quality they give, every qvalue there is, and
 * elements put together by chance against a look at each of them.
 */
#include "harness/dice.h"
#include "harness/tap.h"
#include "http/http_accept.h"

#include <stdio.h>
#include <string.h>

/* A request with these field lines, its last byte before an unreadable page. */
static bool read_head(const char *fields, struct http_head *h)
{
	static char wire[32768];
	int n = snprintf(wire, sizeof wire, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", fields);
	return http_read_request(guarded(0, span_of(wire, (size_t)n)), &http_default_limits, h) ==
	       n;
}

typedef unsigned accepts(const struct http_head *h, struct span what);

/* -1 when the head can't be read */
static int quality(const char *fields, accepts *ask, const char *what)
{
	struct http_head h;
	if (!read_head(fields, &h))
		return -1;
	return (int)ask(&h, guarded(1, span_str(what)));
}

struct row {
	const char *title, *fields, *what;
	int want;
};

#define AE(value) "Accept-Encoding: " value "\r\n"

static const struct row codings[] = {
	{"9110-12.5.3 no field", "", "gzip", 0},
	{"9110-12.5.3 no field, identity", "", "identity", 1000},
	{"9110-12.5.3 no field, Identity", "", "Identity", 1000},
	/* The examples of 12.5.3 */
	{"9110-12.5.3 first example, gzip", AE("compress, gzip"), "gzip", 1000},
	{"9110-12.5.3 first example, compress", AE("compress, gzip"), "compress", 1000},
	{"9110-12.5.3 first example, br", AE("compress, gzip"), "br", 0},
	{"9110-12.5.3 first example, identity", AE("compress, gzip"), "identity", 1},
	{"9110-12.5.3 empty, gzip", AE(""), "gzip", 0},
	{"9110-12.5.3 empty, identity", AE(""), "identity", 1},
	{"9110-12.5.3 asterisk, gzip", AE("*"), "gzip", 1000},
	{"9110-12.5.3 asterisk, identity", AE("*"), "identity", 1000},
	{"9110-12.5.3 fourth, gzip", AE("compress;q=0.5, gzip;q=1.0"), "gzip", 1000},
	{"9110-12.5.3 fourth, compress", AE("compress;q=0.5, gzip;q=1.0"), "compress", 500},
	{"9110-12.5.3 fifth, gzip", AE("gzip;q=1.0, identity; q=0.5, *;q=0"), "gzip", 1000},
	{"9110-12.5.3 fifth, identity", AE("gzip;q=1.0, identity; q=0.5, *;q=0"), "identity", 500},
	{"9110-12.5.3 fifth, br", AE("gzip;q=1.0, identity; q=0.5, *;q=0"), "br", 0},
	/* What browsers and tools send */
	{"a browser, br", AE("gzip, deflate, br, zstd"), "br", 1000},
	{"a browser, zstd", AE("gzip, deflate, br, zstd"), "zstd", 1000},
	{"a browser, identity", AE("gzip, deflate, br, zstd"), "identity", 1},
	{"a browser asking for media", AE("identity;q=1, *;q=0"), "gzip", 0},
	{"a browser asking for media, identity", AE("identity;q=1, *;q=0"), "identity", 1000},
	{"a tool that wants it plain", AE("identity"), "gzip", 0},
	{"a tool that wants it plain, identity", AE("identity"), "identity", 1000},

	{"9110-12.5.3 excluded", AE("gzip;q=0"), "gzip", 0},
	{"9110-12.5.3 excluded, identity", AE("gzip;q=0"), "identity", 1},
	{"9110-12.5.3 identity excluded", AE("identity;q=0"), "identity", 0},
	{"9110-12.5.3 identity excluded, gzip", AE("identity;q=0"), "gzip", 0},
	{"9110-12.5.3 all excluded, identity", AE("*;q=0"), "identity", 0},
	{"9110-12.5.3 all excluded, gzip", AE("*;q=0"), "gzip", 0},
	{"9110-12.5.3 the others excluded", AE("gzip, *;q=0"), "gzip", 1000},
	{"9110-12.5.3 the others excluded, identity", AE("gzip, *;q=0"), "identity", 0},
	{"9110-12.5.3 named goes before asterisk", AE("*;q=0.9, gzip;q=0.1"), "gzip", 100},
	{"9110-12.5.3 named 0 goes before asterisk", AE("*, gzip;q=0"), "gzip", 0},
	{"9110-12.5.3 asterisk for the others", AE("gzip;q=0.1, *;q=0.9"), "br", 900},
	{"9110-12.5.3 asterisk for identity too", AE("gzip;q=0.5, *;q=0.1"), "identity", 100},
	{"9110-12.5.3 a low q is more than unnamed", AE("gzip;q=0.001"), "gzip", 1},
	{"9110-8.4.1 case does not count", AE("GZip"), "gzip", 1000},
	{"9110-8.4.1 case of ours neither", AE("gzip"), "GZIP", 1000},
	{"9110-8.4.1.3 x-gzip is gzip", AE("x-gzip;q=0.7"), "gzip", 700},
	{"9110-8.4.1.3 X-GZIP is gzip", AE("X-GZIP"), "gzip", 1000},
	{"9110-8.4.1.3 gzip is x-gzip", AE("gzip"), "x-gzip", 1000},
	{"9110-8.4.1.1 x-compress is compress", AE("x-compress"), "compress", 1000},
	{"9110-8.4.1 x-br is not br", AE("x-br"), "br", 0},
	{"9110-8.4.1 x-identity is not identity", AE("x-identity;q=0"), "identity", 1},
	{"9110-8.4.1 a part of a name", AE("gzipped, gzi, zip"), "gzip", 0},
	{"9110-12.4.2 weight in capitals", AE("gzip;Q=0.3"), "gzip", 300},
	{"9110-12.4.2 blanks at the semicolon", AE("gzip \t;\t q=0.3"), "gzip", 300},
	{"9110-12.4.2 no blank at all", AE("br;q=0.2,gzip;q=0.3"), "gzip", 300},
	{"9110-5.6.1 empty elements", AE(",, ,gzip,,"), "gzip", 1000},
	{"9110-5.6.1 commas only", AE(", ,"), "gzip", 0},
	{"9110-5.3 second line", AE("br") AE("gzip;q=0.4"), "gzip", 400},
	{"9110-5.3 asterisk in the first line", AE("*;q=0.9") AE("gzip;q=0.4"), "gzip", 400},
	{"9110-5.3 lines apart", AE("br") "A: gzip\r\n" AE("zstd"), "gzip", 0},
	{"the first of two counts", AE("gzip;q=0.4, gzip;q=0.8"), "gzip", 400},
	{"the first of two counts, 0", AE("gzip;q=0, gzip"), "gzip", 0},
	{"the first of two counts, old name", AE("x-gzip;q=0.4, gzip;q=0.8"), "gzip", 400},
	{"the first asterisk counts", AE("*;q=0.4, *;q=0.8"), "gzip", 400},

	{"9110-12.4.2 more than 1", AE("gzip;q=2"), "gzip", 0},
	{"9110-12.4.2 a little more than 1", AE("gzip;q=1.001"), "gzip", 0},
	{"9110-12.4.2 four decimals", AE("gzip;q=0.5000"), "gzip", 0},
	{"9110-12.4.2 no digit before the point", AE("gzip;q=.5"), "gzip", 0},
	{"9110-12.4.2 a comma for a point", AE("gzip;q=0,5"), "gzip", 0},
	{"9110-12.4.2 sign", AE("gzip;q=-1"), "gzip", 0},
	{"9110-12.4.2 two digits", AE("gzip;q=01"), "gzip", 0},
	{"9110-12.4.2 letters", AE("gzip;q=a"), "gzip", 0},
	{"9110-12.4.2 a letter behind", AE("gzip;q=0.5a"), "gzip", 0},
	{"9110-12.4.2 nothing", AE("gzip;q="), "gzip", 0},
	{"9110-12.4.2 no equals", AE("gzip;q"), "gzip", 0},
	{"9110-12.4.2 blank before equals", AE("gzip;q =1"), "gzip", 0},
	{"9110-12.4.2 blank behind equals", AE("gzip;q= 1"), "gzip", 0},
	{"9110-12.4.2 in quotes", AE("gzip;q=\"1\""), "gzip", 0},
	{"9110-12.5.3 semicolon only", AE("gzip;"), "gzip", 0},
	{"9110-12.5.3 weight twice", AE("gzip;q=1;q=1"), "gzip", 0},
	{"9110-12.5.3 another parameter", AE("gzip;level=9"), "gzip", 0},
	{"9110-12.5.3 parameter and weight", AE("gzip;level=9;q=1"), "gzip", 0},
	{"9110-12.5.3 no comma", AE("br gzip"), "gzip", 0},
	{"9110-12.5.3 in quotes", AE("\"gzip\""), "gzip", 0},
	{"9110-12.5.3 weight alone", AE(";q=1"), "gzip", 0},
	{"malformed is as if absent: asterisk", AE("gzip;q=x, *;q=0.2"), "gzip", 200},
	{"malformed is as if absent: the next", AE("gzip;q=x, gzip;q=0.2"), "gzip", 200},
	{"malformed is as if absent: identity", AE("identity;q=x"), "identity", 1},
	{"malformed beside others", AE("br;q=x, @, gzip;q=0.2, ="), "gzip", 200},
};

#define A(value) "Accept: " value "\r\n"
/* 12.5.1, the longest example */
#define LONG                                                           \
	A("text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, " \
	  "text/plain;format=fixed;q=0.4, */*;q=0.5")
#define BROWSER A("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8")
#define HTML "text/html; charset=utf-8"

static const struct row types[] = {
	{"9110-12.5.1 no field", "", "text/html", 1000},
	{"9110-12.5.1 audio, the first example", A("audio/*; q=0.2, audio/basic"), "audio/basic",
	 1000},
	{"9110-12.5.1 audio, another", A("audio/*; q=0.2, audio/basic"), "audio/ogg", 200},
	{"9110-12.5.1 audio, text", A("audio/*; q=0.2, audio/basic"), "text/html", 0},
	{"9110-12.5.1 second example, plain",
	 A("text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c"), "text/plain", 500},
	{"9110-12.5.1 second example, dvi",
	 A("text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c"), "text/x-dvi", 800},
	{"9110-12.5.1 second example, c",
	 A("text/plain; q=0.5, text/html, text/x-dvi; q=0.8, text/x-c"), "text/x-c", 1000},
	{"9110-12.5.1 the table, flowed", LONG, "text/plain;format=flowed", 1000},
	{"9110-12.5.1 the table, plain", LONG, "text/plain", 700},
	{"9110-12.5.1 the table, html", LONG, "text/html", 300},
	{"9110-12.5.1 the table, jpeg", LONG, "image/jpeg", 500},
	{"9110-12.5.1 the table, fixed", LONG, "text/plain;format=fixed", 400},
	{"9110-12.5.1 the table, html level 3", LONG, "text/html;level=3", 300},
	{"9110-12.5.1 precedence, four ranges",
	 A("text/*;q=0.1, text/plain;q=0.2, text/plain;format=flowed;q=0.3, */*;q=0.4"),
	 "text/plain;format=flowed", 300},
	{"9110-12.5.1 precedence, in other order",
	 A("*/*;q=0.4, text/plain;format=flowed;q=0.3, text/*;q=0.1, text/plain;q=0.2"),
	 "text/plain", 200},

	{"a browser's page", BROWSER, HTML, 1000},
	{"a browser's page, xml", BROWSER, "application/xml", 900},
	{"a browser's page, json", BROWSER, "application/json", 800},
	{"a browser's script", A("*/*"), HTML, 1000},
	{"a browser's image", A("image/avif,image/webp,image/svg+xml,image/*;q=0.8"), HTML, 0},
	{"a browser's image, png", A("image/avif,image/webp,image/svg+xml,image/*;q=0.8"),
	 "image/png", 800},
	{"an API client", A("application/json"), HTML, 0},
	{"an event source", A("text/event-stream"), HTML, 0},
	{"an old runtime", A("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"), HTML, 1000},
	{"an old runtime, json", A("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"),
	 "application/json", 0},

	{"9110-12.5.1 excluded", A("text/html;q=0, */*"), HTML, 0},
	{"9110-12.5.1 excluded by type", A("text/*;q=0, */*"), HTML, 0},
	{"9110-12.5.1 all excluded", A("*/*;q=0"), HTML, 0},
	{"9110-12.5.1 all but one", A("*/*;q=0, text/html"), HTML, 1000},
	{"9110-12.5.1 another subtype", A("text/plain"), HTML, 0},
	{"9110-12.5.1 another type", A("application/html"), HTML, 0},
	{"9110-12.5.1 a part of a subtype", A("text/htm, text/htmll"), HTML, 0},
	{"9110-8.3.1 case does not count", A("TEXT/Html"), HTML, 1000},
	{"9110-8.3.1 case of ours neither", A("text/*"), "Text/HTML", 1000},
	{"9110-8.3.1 parameter that is there", A("text/html;charset=utf-8"), HTML, 1000},
	{"9110-8.3.1 parameter, case", A("text/html;Charset=UTF-8"), HTML, 1000},
	{"9110-8.3.1 parameter, blanks", A("text/html \t;\t charset=utf-8"), HTML, 1000},
	{"9110-8.3.1 parameter in quotes", A("text/html;charset=\"utf-8\""), HTML, 1000},
	{"9110-8.3.1 parameter with escapes", A("text/html;charset=\"\\u\\tf-8\""), HTML, 1000},
	{"9110-8.3.1 ours in quotes", A("text/html;charset=utf-8"), "text/html;charset=\"UTF-8\"",
	 1000},
	{"9110-8.3.1 parameter of another value", A("text/html;charset=utf-16"), HTML, 0},
	{"9110-8.3.1 parameter, a longer value", A("text/html;charset=utf-88"), HTML, 0},
	{"9110-8.3.1 parameter, a shorter value", A("text/html;charset=utf"), HTML, 0},
	{"9110-8.3.1 parameter that is not there", A("text/html;level=1"), HTML, 0},
	{"9110-8.3.1 one of two is there", A("text/html;charset=utf-8;level=1"), HTML, 0},
	{"9110-8.3.1 both, other order", A("a/b;d=2;c=1"), "a/b;c=1;d=2", 1000},
	{"9110-8.3.1 empty parameters", A("text/html;;charset=utf-8; ;q=0.5;"), HTML, 500},
	{"9110-12.5.1 more parameters are more specific", A("a/b;c=1;q=0.2, a/b;c=1;d=2;q=0.3"),
	 "a/b;c=1;d=2", 300},
	{"9110-12.5.1 parameters of any", A("*/*;c=1;q=0.2, */*;q=0.3"), "a/b;c=1", 200},
	{"9110-12.5.1 subtype goes before parameters", A("a/*;c=1;q=0.2, a/b;q=0.3"), "a/b;c=1",
	 300},
	{"9110-12.5.1 type goes before parameters", A("*/*;c=1;d=2;q=0.2, a/*;q=0.3"),
	 "a/b;c=1;d=2", 300},
	{"9110-12.5.1 q before a parameter", A("text/html;q=0.4;charset=utf-8"), HTML, 400},
	{"9110-12.5.1 q in capitals", A("text/html;Q=0.4"), HTML, 400},
	{"9110-5.6.1 empty elements", A(",, text/html;q=0.4 ,,"), HTML, 400},
	{"9110-5.3 second line", A("image/*") A("text/html;q=0.4"), HTML, 400},
	{"9110-5.3 the best of two lines", A("*/*;q=0.9") A("text/html;q=0.4"), HTML, 400},
	{"the first of two counts", A("text/html;q=0.4, text/html;q=0.8"), HTML, 400},
	{"9110-5.6.4 comma in quotes", A("a/b;c=\"d,text/html\", a/e;q=0.1"), HTML, 0},
	{"9110-5.6.4 comma in quotes, behind it", A("a/b;c=\"d,e\", text/html;q=0.1"), HTML, 100},
	{"9110-5.6.4 escaped quote in quotes", A("a/b;c=\"d\\\",text/html\", a/e"), HTML, 0},
	{"9110-5.6.4 quotes match", A("a/b;c=\"d,\\\"e\""), "a/b;c=\"d,\\\"e\"", 1000},
	{"9110-5.6.4 empty quotes", A("a/b;c=\"\""), "a/b;c=\"\"", 1000},

	{"9110-12.5.1 empty: nothing said", A(""), HTML, 1000},
	{"9110-12.5.1 commas: nothing said", A(", ,"), HTML, 1000},
	{"9110-12.5.1 only malformed: nothing said", A("*"), HTML, 1000},
	{"malformed: no slash", A("text, a/b"), HTML, 0},
	{"malformed: no subtype", A("text/, a/b"), HTML, 0},
	{"malformed: no type", A("/html, a/b"), HTML, 0},
	{"malformed: any type, one subtype", A("*/html, a/b"), HTML, 0},
	{"malformed: two slashes", A("text/html/x, a/b"), HTML, 0},
	{"malformed: blank before the slash", A("text /html, a/b"), HTML, 0},
	{"malformed: blank behind the slash", A("text/ html, a/b"), HTML, 0},
	{"malformed: no comma", A("a/b text/html, a/b"), HTML, 0},
	{"malformed: parameter without value", A("text/html;charset, a/b"), HTML, 0},
	{"malformed: parameter with no value", A("text/html;charset=, a/b"), HTML, 0},
	{"malformed: parameter without name", A("text/html;=utf-8, a/b"), HTML, 0},
	{"malformed: blank at equals", A("text/html;charset =utf-8, a/b"), HTML, 0},
	{"malformed: bytes behind quotes", A("text/html;charset=\"utf-8\"x, a/b"), HTML, 0},
	{"malformed: quotes in a value", A("text/html;charset=u\"tf\", a/b"), HTML, 0},
	{"malformed: weight of 1.5", A("text/html;q=1.5, a/b"), HTML, 0},
	{"malformed: weight without digits", A("text/html;q=, a/b"), HTML, 0},
	{"malformed: weight in quotes", A("text/html;q=\"1\", a/b"), HTML, 0},
	{"malformed: weight twice", A("text/html;q=1;q=1, a/b"), HTML, 0},
	{"malformed parameter of a range that differs", A("text/plain;x, a/b"), HTML, 0},
	{"an unclosed quote takes the line", A("a/b;c=\"d, text/html"), HTML, 1000},
	{"an unclosed quote takes the line only", A("a/b;c=\"d, a/b") A("text/html;q=0.1"), HTML,
	 100},
	{"a backslash last", A("a/c, a/b;c=\"d\\"), HTML, 0},
	{"a type of ours that is none", A("text/html"), "html", 0},
	{"a type of ours that is none, any", A("*/*"), "html", 1000},
	{"a type of ours that is empty", A("text/html"), "", 0},
};

/* The first value of [fields], cut everywhere, ends at an unreadable page. */
static bool survives_cuts(const char *fields, const char *what)
{
	struct span all = span_str(fields), value;
	bool good = true;
	all = span_tail(all, span_find(all, ':') + 1);
	value = span_trim(span_head(all, span_find(all, '\r')));
	for (size_t cut = 0; cut <= value.n; cut++) {
		struct http_head h = {.fields = 2,
				      .known = {HTTP_F_ACCEPT, HTTP_F_ACCEPT_ENCODING}};
		h.at = guarded(0, span_head(value, cut)).p;
		h.has = 1u << HTTP_F_ACCEPT | 1u << HTTP_F_ACCEPT_ENCODING;
		h.field[0].value_n = h.field[1].value_n = (uint16_t)cut;
		struct span asked = guarded(1, span_str(what));
		good = check(http_accepts_type(&h, asked) <= 1000 &&
				     http_accepts_coding(&h, asked) <= 1000,
			     "%s cut at %zu", fields, cut) &&
		       good;
	}
	return good;
}

static void run(const struct row *rows, size_t n, accepts *ask)
{
	for (size_t i = 0; i < n; i++) {
		int got = quality(rows[i].fields, ask, rows[i].what);
		ok(got == rows[i].want && survives_cuts(rows[i].fields, rows[i].what),
		   "%s: %d, got %d", rows[i].title, rows[i].want, got);
	}
}

/* Each text of up to five bytes from the alphabet of qvalues, against the grammar. */
static int qvalue(const char *s)
{
	size_t n = strlen(s);
	int sum = 0, scale = 1000;
	if (n == 0 || n > 5 || (s[0] != '0' && s[0] != '1') || (n > 1 && s[1] != '.'))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (i == 1)
			continue;
		if (s[i] < '0' || s[i] > '9' || (s[0] == '1' && i > 1 && s[i] != '0'))
			return -1;
		sum += (s[i] - '0') * scale;
		scale /= 10;
	}
	return sum;
}

static void test_qvalues(void)
{
	static const char set[] = "0159.a";
	const unsigned base = sizeof set - 1;
	bool good = true;
	int valid = 0;
	for (unsigned n = 0, count = 1; n <= 5; n++, count *= base)
		for (unsigned code = 0; code < count; code++) {
			char q[8] = "", fields[64];
			unsigned rest = code;
			for (unsigned i = 0; i < n; i++, rest /= base)
				q[i] = set[rest % base];
			q[n] = 0;
			int want = qvalue(q);
			valid += want >= 0;
			snprintf(fields, sizeof fields, AE("br;q=%s"), q);
			int coding = quality(fields, http_accepts_coding, "br");
			snprintf(fields, sizeof fields, A("a/c;q=0,a/b;q=%s"), q);
			int type = quality(fields, http_accepts_type, "a/b");
			int known = want < 0 ? 0 : want;
			good = check(coding == known && type == known, "q=%s: %d and %d, not %d", q,
				     coding, type, known) &&
			       good;
		}
	ok(good && valid > 90, "9110-12.4.2 every text of up to five bytes, %d are qvalues", valid);
	good = true;
	for (int i = 0; i <= 999; i++) {
		char fields[64];
		snprintf(fields, sizeof fields, AE("br;q=0.%03d"), i);
		good = check(quality(fields, http_accepts_coding, "br") == i, "%s", fields) && good;
	}
	ok(good, "9110-12.4.2 every thousandth");
}

static struct dice dice = {DICE};

/* What an element says of "a/b;c=1"; rank 0: nothing, -1: malformed. */
static const struct {
	const char *text;
	int rank;
} ranges[] = {
	{"*/*", 1},         {"*/*;c=1", 2},     {"a/*", 3},
	{"a/*;C=\"1\"", 4}, {"a/b", 5},         {"A/B ; c=1", 6},
	{"a/b;c=2", 0},     {"x/*", 0},         {"x/y;z=\",a/b,\"", 0},
	{"b/a", 0},         {"a/b;c=1;d=1", 0}, {"a", -1},
	{"a/", -1},         {"*/b", -1},        {"a/b;c", -1},
	{"a/b;q=0.1", -1}, /* with the weight that follows it has two */
};

static void test_ranges(void)
{
	static const char *const joints[] = {",", ", ", " ,", ",,", "\t, ,", NULL};
	bool good = true;
	int said_nothing = 0;
	for (int i = 0; i < 20000 && good; i++) {
		char fields[1024];
		int rank = 0, want = 0, sound = 0;
		struct out o = out_init(fields, sizeof fields - 1);
		out_str(&o, "Accept: ");
		for (uint32_t k = 0, n = 1 + roll(&dice, 6); k < n; k++) {
			const char *joint = k == 0 ? "" : joints[roll(&dice, 6)];
			size_t e = roll(&dice, sizeof ranges / sizeof *ranges);
			uint32_t q = roll(&dice, 1000);
			out_str(&o, joint != NULL ? joint : "\r\nAccept: ");
			out_str(&o, ranges[e].text);
			out_str(&o, roll(&dice, 2) == 0 ? ";q=0." : "; Q=0.");
			out_fixed(&o, q, 3);
			sound += ranges[e].rank >= 0;
			want = ranges[e].rank > rank ? (int)q : want;
			rank = ranges[e].rank > rank ? ranges[e].rank : rank;
		}
		out_str(&o, "\r\n");
		fields[o.n] = 0;
		want = sound == 0 ? 1000 : want;
		said_nothing += sound == 0;
		int got = quality(fields, http_accepts_type, "a/b;c=1");
		good = check(got == want, "round %d: %s is %d, not %d", i, fields, got, want);
	}
	ok(good && said_nothing > 100, "20000 lists from ranges, %d of them say nothing",
	   said_nothing);
}

/* Any bytes a field may hold: nothing outside is read, and a quality is one. */
static void test_bytes(void)
{
	static const char set[] = "aab//**;;,,==qQq01.. \t\"\"\\\377";
	bool good = true;
	int between = 0;
	for (int i = 0; i < 60000 && good; i++) {
		char text[32], fields[256];
		uint32_t n = roll(&dice, 18);
		for (uint32_t k = 0; k < n; k++)
			text[k] = set[roll(&dice, sizeof set - 1)];
		text[n] = 0;
		snprintf(fields, sizeof fields, "Accept: %s\r\nAccept-Encoding: %s\r\n", text,
			 text);
		int type = quality(fields, http_accepts_type, "a/b;a=\"0\"");
		int none = quality(fields, http_accepts_type, text);
		int coding = quality(fields, http_accepts_coding, "a");
		between += (type > 0 && type < 1000) || (coding > 0 && coding < 1000);
		good = check(type >= 0 && type <= 1000 && coding >= 0 && coding <= 1000 &&
				     none >= 0 && none <= 1000,
			     "round %d: %s", i, text);
	}
	ok(good, "60000 fields of any bytes, %d with a weight", between);
}

/* The longest field a head may hold, of what costs most. */
static void test_long(void)
{
	static const char *const parts[] = {";", "\"", ",", "a/b;", "a/b;c=1,", "\\", "a/b;c=\""};
	static char fields[32000];
	bool good = true;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		struct out o = out_init(fields, sizeof fields - 8);
		out_str(&o, "Accept: a/x");
		while (!o.over)
			out_str(&o, parts[i]);
		o.over = false;
		o.cap = sizeof fields - 1;
		out_str(&o, "\r\n");
		fields[o.n] = 0;
		good = check(quality(fields, http_accepts_type, "a/b;c=1") >= 0, "of %s",
			     parts[i]) &&
		       good;
	}
	ok(good, "heads filled with one thing");
}

int main(void)
{
	run(codings, sizeof codings / sizeof *codings, http_accepts_coding);
	run(types, sizeof types / sizeof *types, http_accepts_type);
	test_qvalues();
	test_ranges();
	test_bytes();
	test_long();
	return done();
}
