/*
 * Conditional requests: rows of fields and what they make of a request, every combination of the
 * four conditions against the steps of RFC 9110, 13.2.2, and lists of tags put together by chance.
 */
#include "harness/dice.h"
#include "harness/tap.h"
#include "http/http_cond.h"

#include <stdio.h>
#include <string.h>

#define NOW 1750000000u /* 15 June 2025 */
#define AT 784111777u   /* the date of the examples */
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define EXACT "Sun, 06 Nov 1994 08:49:37 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"

/* A request with these field lines, its last byte before an unreadable page. */
static bool read_head(const char *method, const char *fields, struct http_head *h)
{
	static char wire[16384];
	int n = snprintf(wire, sizeof wire, "%s / HTTP/1.1\r\nHost: a\r\n%s\r\n", method, fields);
	return http_read_request(guarded(0, span_of(wire, (size_t)n)), &http_default_limits, h) ==
	       n;
}

static const char *verdict_name(enum http_verdict v)
{
	return v == HTTP_PROCEED ? "200" : v == HTTP_NOT_MODIFIED ? "304" : "412";
}

/* etag NULL: none; modified 0: none */
struct row {
	const char *title, *method, *fields, *etag;
	uint64_t modified;
	const char *want;
};

#define TAG "\"a\""
#define GET(fields) "GET", fields "\r\n"
#define PUT(fields) "PUT", fields "\r\n"
#define IM "If-Match: "
#define INM "If-None-Match: "
#define IMS "If-Modified-Since: "
#define IUS "If-Unmodified-Since: "

static const struct row rows[] = {
	{"9110-13.2.2 no condition", "GET", "", TAG, AT, "200"},
	{"9110-13.2.2 no condition, PUT", "PUT", "", TAG, AT, "200"},

	{"9110-13.1.2 the tag", GET(INM "\"a\""), TAG, AT, "304"},
	{"9110-13.1.2 the tag, HEAD", "HEAD", INM "\"a\"\r\n", TAG, AT, "304"},
	{"9110-13.1.2 the tag, PUT", PUT(INM "\"a\""), TAG, AT, "412"},
	{"9110-13.1.2 the tag, DELETE", "DELETE", INM "\"a\"\r\n", TAG, AT, "412"},
	{"9110-13.1.2 the tag, an unknown method", "FIND", INM "\"a\"\r\n", TAG, AT, "412"},
	{"9110-13.1.2 another tag", GET(INM "\"b\""), TAG, AT, "200"},
	{"9110-13.1.2 another tag, PUT", PUT(INM "\"b\""), TAG, AT, "200"},
	{"9110-13.1.2 one of a list, first", GET(INM "\"a\", \"b\", \"c\""), TAG, AT, "304"},
	{"9110-13.1.2 one of a list, last", GET(INM "\"b\",\"c\",\"a\""), TAG, AT, "304"},
	{"9110-13.1.2 none of a list", GET(INM "\"b\", \"c\""), TAG, AT, "200"},
	{"9110-8.8.3.2 weak and strong are equal", GET(INM "W/\"a\""), TAG, AT, "304"},
	{"9110-8.8.3.2 strong and weak are equal", GET(INM "\"a\""), "W/\"a\"", AT, "304"},
	{"9110-8.8.3.2 weak and weak are equal", GET(INM "W/\"a\""), "W/\"a\"", AT, "304"},
	{"9110-8.8.3.2 weak and weak differ", GET(INM "W/\"b\""), "W/\"a\"", AT, "200"},
	{"9110-8.8.3 tags have a case", GET(INM "\"A\""), TAG, AT, "200"},
	{"9110-8.8.3 a part of a tag", GET(INM "\"ab\""), TAG, AT, "200"},
	{"9110-8.8.3 an empty tag", GET(INM "\"\""), "\"\"", AT, "304"},
	{"9110-8.8.3 an empty tag is not none", GET(INM "\"\""), NULL, AT, "200"},
	{"9110-8.8.3 a comma in a tag", GET(INM "\"a,b\""), "\"a,b\"", AT, "304"},
	{"9110-8.8.3 what looks like a tag in a tag", GET(INM "\"x,W/\", \"a\""), TAG, AT, "304"},
	{"9110-8.8.3 a backslash is no escape", GET(INM "\"\\\", \"a\""), TAG, AT, "304"},
	{"9110-8.8.3 a tag above 0x7F", GET(INM "\"\303\244\""), "\"\303\244\"", AT, "304"},
	{"9110-13.1.2 no tag of ours", GET(INM "\"a\""), NULL, AT, "200"},
	{"9110-13.1.2 asterisk", GET(INM "*"), TAG, AT, "304"},
	{"9110-13.1.2 asterisk, no tag of ours", GET(INM "*"), NULL, 0, "304"},
	{"9110-13.1.2 asterisk, PUT", PUT(INM "*"), TAG, AT, "412"},
	{"9110-5.6.1 no blank", GET(INM "\"b\",\"a\""), TAG, AT, "304"},
	{"9110-5.6.1 blanks and tabs", GET(INM "\"b\" \t,\t \"a\""), TAG, AT, "304"},
	{"9110-5.6.1 empty elements", GET(INM ",, \"b\",\t,\"a\" ,"), TAG, AT, "304"},
	{"9110-5.6.1 empty elements alone", GET(INM ", ,"), TAG, AT, "200"},
	{"9110-5.6.1 nothing", GET(INM), TAG, AT, "200"},
	{"9110-5.6.1 nothing, PUT", PUT(INM), TAG, AT, "200"},
	{"9110-5.3 a second line", GET(INM "\"b\"\r\n" INM "\"a\""), TAG, AT, "304"},
	{"9110-5.3 a line between", GET(INM "\"a\"\r\nX: y\r\n" INM "\"b\""), TAG, AT, "304"},
	{"9110-5.3 an empty line's worth", GET(INM "\r\n" INM "\"a\""), TAG, AT, "304"},
	{"9110-5.3 lines, none of them", GET(INM "\"b\"\r\n" INM "\"c\""), TAG, AT, "200"},
	{"9110-5.1 field name in capitals", GET("IF-NONE-MATCH: \"a\""), TAG, AT, "304"},

	{"9110-8.8.3 without quotes", GET(INM "a"), TAG, AT, "200"},
	{"9110-8.8.3 without quotes, PUT", PUT(INM "a"), TAG, AT, "412"},
	{"9110-8.8.3 without the last quote", GET(INM "\"a"), TAG, AT, "200"},
	{"9110-8.8.3 without the first", GET(INM "a\""), TAG, AT, "200"},
	{"9110-8.8.3 a quote alone", GET(INM "\""), TAG, AT, "200"},
	{"9110-8.8.3 a mark alone", GET(INM "W/"), TAG, AT, "200"},
	{"9110-8.8.3 a small mark", GET(INM "w/\"a\""), TAG, AT, "200"},
	{"9110-8.8.3 a blank behind the mark", GET(INM "W/ \"a\""), TAG, AT, "200"},
	{"9110-8.8.3 a mark twice", GET(INM "W/W/\"a\""), TAG, AT, "200"},
	{"9110-8.8.3 a blank in a tag", GET(INM "\"a b\""), "\"a b\"", AT, "200"},
	{"9110-8.8.3 a tab in a tag", GET(INM "\"a\tb\""), "\"a\tb\"", AT, "200"},
	{"9110-8.8.3 single quotes", GET(INM "'a'"), TAG, AT, "200"},
	{"9110-5.6.1 no comma", GET(INM "\"a\" \"b\""), TAG, AT, "200"},
	{"9110-5.6.1 no comma, no blank", GET(INM "\"a\"\"b\""), TAG, AT, "200"},
	{"9110-5.6.1 semicolon", GET(INM "\"a\"; \"b\""), TAG, AT, "200"},
	{"malformed behind the match", GET(INM "\"a\", b"), TAG, AT, "200"},
	{"malformed before the match", GET(INM "b, \"a\""), TAG, AT, "200"},
	{"malformed beside the match, PUT", PUT(INM "\"b\", b"), TAG, AT, "412"},
	{"malformed in the next line", GET(INM "\"a\"\r\n" INM "b"), TAG, AT, "200"},
	{"9110-13.1.2 asterisk in a list", GET(INM "*, \"b\""), TAG, AT, "200"},
	{"9110-13.1.2 asterisk behind a tag", GET(INM "\"a\", *"), TAG, AT, "200"},
	{"9110-13.1.2 asterisk in a list, PUT", PUT(INM "*, \"b\""), TAG, AT, "412"},
	{"9110-13.1.2 asterisk twice", GET(INM "*\r\n" INM "*"), TAG, AT, "200"},
	{"9110-13.1.2 asterisk and comma", GET(INM "*,"), TAG, AT, "200"},
	{"9110-13.1.2 asterisk in quotes is a tag", GET(INM "\"*\""), TAG, AT, "200"},
	{"9110-13.1.2 two asterisks", GET(INM "**"), TAG, AT, "200"},

	{"9110-13.1.1 the tag", PUT(IM "\"a\""), TAG, AT, "200"},
	{"9110-13.1.1 the tag, GET", GET(IM "\"a\""), TAG, AT, "200"},
	{"9110-13.1.1 another tag", PUT(IM "\"b\""), TAG, AT, "412"},
	{"9110-13.1.1 another tag, GET", GET(IM "\"b\""), TAG, AT, "412"},
	{"9110-13.1.1 one of a list", PUT(IM "\"b\", \"a\""), TAG, AT, "200"},
	{"9110-13.1.1 one of several lines", PUT(IM "\"b\"\r\n" IM "\"a\""), TAG, AT, "200"},
	{"9110-8.8.3.2 weak is not strong", PUT(IM "W/\"a\""), TAG, AT, "412"},
	{"9110-8.8.3.2 strong is not weak", PUT(IM "\"a\""), "W/\"a\"", AT, "412"},
	{"9110-8.8.3.2 weak never matches strongly", PUT(IM "W/\"a\""), "W/\"a\"", AT, "412"},
	{"9110-13.1.1 asterisk", PUT(IM "*"), TAG, AT, "200"},
	{"9110-13.1.1 asterisk, no tag of ours", PUT(IM "*"), NULL, 0, "200"},
	{"9110-13.1.1 no tag of ours", PUT(IM "\"a\""), NULL, AT, "412"},
	{"9110-13.1.1 nothing", PUT(IM), TAG, AT, "412"},
	{"9110-13.1.1 malformed", PUT(IM "a"), TAG, AT, "412"},
	{"9110-13.1.1 malformed beside the match", PUT(IM "\"a\", b"), TAG, AT, "412"},
	{"9110-13.1.1 malformed, GET", GET(IM "a"), TAG, AT, "412"},
	{"9110-13.1.1 asterisk in a list", PUT(IM "\"a\", *"), TAG, AT, "412"},

	{"9110-13.1.3 the date", GET(IMS EXACT), TAG, AT, "304"},
	{"9110-13.1.3 the date, HEAD", "HEAD", IMS EXACT "\r\n", TAG, AT, "304"},
	{"9110-13.1.3 the date, no tag", GET(IMS EXACT), NULL, AT, "304"},
	{"9110-13.1.3 a later one", GET(IMS AFTER), TAG, AT, "304"},
	{"9110-13.1.3 an earlier one", GET(IMS BEFORE), TAG, AT, "200"},
	{"9110-13.1.3 not with PUT", PUT(IMS EXACT), TAG, AT, "200"},
	{"9110-13.1.3 not with POST", "POST", IMS EXACT "\r\n", TAG, AT, "200"},
	{"9110-13.1.3 we have none", GET(IMS EXACT), TAG, 0, "200"},
	{"9110-13.1.3 in the future", GET(IMS "Fri, 31 Dec 9999 23:59:59 GMT"), TAG, AT, "304"},
	{"9110-5.6.7 RFC 850", GET(IMS "Sunday, 06-Nov-94 08:49:37 GMT"), TAG, AT, "304"},
	{"9110-5.6.7 RFC 850, earlier", GET(IMS "Sunday, 06-Nov-94 08:49:36 GMT"), TAG, AT, "200"},
	{"9110-5.6.7 asctime", GET(IMS "Sun Nov  6 08:49:37 1994"), TAG, AT, "304"},
	{"9110-5.6.7 asctime, earlier", GET(IMS "Sun Nov  6 08:49:36 1994"), TAG, AT, "200"},
	{"9110-13.1.3 no date", GET(IMS "yesterday"), TAG, AT, "200"},
	{"9110-13.1.3 a number", GET(IMS "784111777"), TAG, AT, "200"},
	{"9110-13.1.3 nothing", GET(IMS), TAG, AT, "200"},
	{"9110-13.1.3 another zone", GET(IMS "Sun, 06 Nov 1994 08:49:37 CET"), TAG, AT, "200"},
	{"9110-13.1.3 with a length, as of old", GET(IMS EXACT "; length=5"), TAG, AT, "200"},
	{"9110-13.1.3 two dates", GET(IMS EXACT ", " EXACT), TAG, AT, "200"},
	{"9110-13.1.3 two lines", GET(IMS EXACT "\r\n" IMS EXACT), TAG, AT, "200"},

	{"9110-13.1.4 the date", PUT(IUS EXACT), TAG, AT, "200"},
	{"9110-13.1.4 a later one", PUT(IUS AFTER), TAG, AT, "200"},
	{"9110-13.1.4 an earlier one", PUT(IUS BEFORE), TAG, AT, "412"},
	{"9110-13.1.4 an earlier one, GET", GET(IUS BEFORE), TAG, AT, "412"},
	{"9110-13.1.4 an earlier one, asctime", PUT(IUS "Sun Nov  6 08:49:36 1994"), TAG, AT,
	 "412"},
	{"9110-13.1.4 we have none", PUT(IUS BEFORE), TAG, 0, "200"},
	{"9110-13.1.4 no date", PUT(IUS "yesterday"), TAG, AT, "200"},
	{"9110-13.1.4 two lines", PUT(IUS BEFORE "\r\n" IUS BEFORE), TAG, AT, "200"},

	{"9110-13.1.3 tag differs, date agrees", GET(INM "\"b\"\r\n" IMS EXACT), TAG, AT, "200"},
	{"9110-13.1.3 tag agrees, date differs", GET(IMS BEFORE "\r\n" INM "\"a\""), TAG, AT,
	 "304"},
	{"9110-13.1.3 malformed tag hides the date", GET(INM "a\r\n" IMS EXACT), TAG, AT, "200"},
	{"9110-13.1.3 empty list hides the date", GET(INM "\r\n" IMS EXACT), TAG, AT, "200"},
	{"9110-13.1.4 tag agrees, date differs", PUT(IM "\"a\"\r\n" IUS BEFORE), TAG, AT, "200"},
	{"9110-13.1.4 tag differs, date agrees", PUT(IUS EXACT "\r\n" IM "\"b\""), TAG, AT, "412"},
	{"9110-13.2.2 412 before 304", GET(IM "\"b\"\r\n" INM "\"a\""), TAG, AT, "412"},
	{"9110-13.2.2 If-Match holds, then 304", GET(IM "\"a\"\r\n" INM "\"a\""), TAG, AT, "304"},
	{"9110-13.2.2 both hold by date: 304", GET(IUS EXACT "\r\n" IMS EXACT), TAG, AT, "304"},
	{"9110-13.2.2 412 by date before 304", GET(IUS BEFORE "\r\n" IMS EXACT), TAG, AT, "412"},

	{"9110-13.2.1 OPTIONS takes none", "OPTIONS", INM "*\r\n" IM "\"b\"\r\n", TAG, AT, "200"},
	{"9110-13.2.1 TRACE takes none", "TRACE", IM "\"b\"\r\n", TAG, AT, "200"},
	{"9110-13.2.1 POST takes them", "POST", IM "\"b\"\r\n", TAG, AT, "412"},
	{"9110-13.2.1 PATCH takes them", "PATCH", IUS BEFORE "\r\n", TAG, AT, "412"},
};

/* The first value of [fields] in each field, cut everywhere, ends at an unreadable page. */
static bool survives_cuts(const char *fields, const struct http_validators *v)
{
	static const enum http_known kinds[] = {HTTP_F_IF_MATCH, HTTP_F_IF_NONE_MATCH,
						HTTP_F_IF_MODIFIED_SINCE,
						HTTP_F_IF_UNMODIFIED_SINCE, HTTP_F_IF_RANGE};
	struct span all = span_str(fields), value;
	bool good = true;
	all = span_tail(all, span_find(all, ':') + 1);
	value = span_trim(span_head(all, span_find(all, '\r')));
	for (size_t cut = 0; cut <= value.n; cut++)
		for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
			struct http_head h = {.method = HTTP_GET, .fields = 1};
			h.at = guarded(0, span_head(value, cut)).p;
			h.has = 1u << kinds[k];
			h.known[0] = (uint8_t)kinds[k];
			h.field[0].value_n = (uint16_t)cut;
			enum http_verdict said = http_conditions(&h, v, NOW);
			bool range = http_if_range(&h, v, NOW);
			good = check(kinds[k] == HTTP_F_IF_RANGE ? said == HTTP_PROCEED : range,
				     "%s cut at %zu", fields, cut) &&
			       good;
		}
	return good;
}

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		struct http_head h;
		struct http_validators v = {SPAN_NONE, r->modified};
		if (r->etag != NULL)
			v.etag = guarded(1, span_str(r->etag));
		const char *got = "unread";
		if (read_head(r->method, r->fields, &h))
			got = verdict_name(http_conditions(&h, &v, NOW));
		ok(strcmp(got, r->want) == 0 && survives_cuts(r->fields, &v), "%s: %s, got %s",
		   r->title, r->want, got);
	}
}

/* A PUT to what is not there yet; CONNECT has another target. */
static void test_absent(void)
{
	static const struct {
		const char *title, *method, *fields, *want;
	} absent[] = {
		{"9110-13.1.1 asterisk, nothing there", PUT(IM "*"), "412"},
		{"9110-13.1.1 a tag, nothing there", PUT(IM "\"a\""), "412"},
		{"9110-13.1.2 asterisk, nothing there", PUT(INM "*"), "200"},
		{"9110-13.1.2 a tag, nothing there", PUT(INM "\"a\""), "200"},
		{"9110-13.1.2 malformed, nothing there", PUT(INM "a"), "412"},
		{"9110-13.1.4 a date, nothing there", PUT(IUS BEFORE), "200"},
		{"9110-13.1.3 a date, nothing there", GET(IMS AFTER), "200"},
		{"9110-13.1.2 asterisk, nothing there, GET", GET(INM "*"), "200"},
	};
	struct http_head h;
	for (size_t i = 0; i < sizeof absent / sizeof *absent; i++) {
		bool good = read_head(absent[i].method, absent[i].fields, &h);
		ok(good && strcmp(verdict_name(http_conditions(&h, NULL, NOW)), absent[i].want) ==
				   0,
		   "%s: %s", absent[i].title, absent[i].want);
	}
	const struct span connect =
		SPAN("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nIf-Match: b\r\n\r\n");
	ok(http_read_request(connect, &http_default_limits, &h) > 0 &&
		   http_conditions(&h, NULL, NOW) == HTTP_PROCEED,
	   "9110-13.2.1 CONNECT takes none");
}

static const struct row range_rows[] = {
	{"9110-13.1.5 no If-Range", GET("Range: bytes=0-"), TAG, AT, "yes"},
	{"9110-13.1.5 neither field", "GET", "", TAG, AT, "yes"},
	{"9110-14.2 HEAD", "HEAD", "Range: bytes=0-\r\n", TAG, AT, "no"},
	{"9110-14.2 POST", "POST", "Range: bytes=0-\r\n", TAG, AT, "no"},
	{"9110-14.2 unknown method", "FIND", "Range: bytes=0-\r\n", TAG, AT, "no"},
	{"9110-14.2 methods have a case", "get", "Range: bytes=0-\r\n", TAG, AT, "no"},
	{"9110-5.3 Range twice", GET("Range: bytes=0-\r\nRange: bytes=0-"), TAG, AT, "no"},
	{"9110-13.1.5 the tag", GET("If-Range: \"a\"\r\nRange: bytes=0-"), TAG, AT, "yes"},
	{"9110-13.1.5 another tag", GET("If-Range: \"b\""), TAG, AT, "no"},
	{"9110-13.1.5 no tag of ours", GET("If-Range: \"a\""), NULL, AT, "no"},
	{"9110-13.1.5 weak is not strong", GET("If-Range: W/\"a\""), TAG, AT, "no"},
	{"9110-13.1.5 strong is not weak", GET("If-Range: \"a\""), "W/\"a\"", AT, "no"},
	{"9110-13.1.5 weak never matches", GET("If-Range: W/\"a\""), "W/\"a\"", AT, "no"},
	{"9110-13.1.5 an empty tag", GET("If-Range: \"\""), "\"\"", AT, "yes"},
	{"9110-13.1.5 a list", GET("If-Range: \"a\", \"b\""), TAG, AT, "no"},
	{"9110-13.1.5 a comma behind", GET("If-Range: \"a\","), TAG, AT, "no"},
	{"9110-13.1.5 asterisk", GET("If-Range: *"), TAG, AT, "no"},
	{"9110-13.1.5 without quotes", GET("If-Range: a"), TAG, AT, "no"},
	{"9110-13.1.5 without the last quote", GET("If-Range: \"a"), TAG, AT, "no"},
	{"9110-13.1.5 nothing", GET("If-Range:"), TAG, AT, "no"},
	{"9110-13.1.5 twice", GET("If-Range: \"a\"\r\nIf-Range: \"a\""), TAG, AT, "no"},
	{"9110-13.1.5 the date", GET("If-Range: " EXACT), TAG, AT, "yes"},
	{"9110-13.1.5 the date, no tag of ours", GET("If-Range: " EXACT), NULL, AT, "yes"},
	{"9110-13.1.5 a later date", GET("If-Range: " AFTER), TAG, AT, "no"},
	{"9110-13.1.5 an earlier date", GET("If-Range: " BEFORE), TAG, AT, "no"},
	{"9110-13.1.5 the date, RFC 850", GET("If-Range: Sunday, 06-Nov-94 08:49:37 GMT"), TAG, AT,
	 "yes"},
	{"9110-13.1.5 the date, asctime", GET("If-Range: Sun Nov  6 08:49:37 1994"), TAG, AT,
	 "yes"},
	{"9110-13.1.5 we have no date", GET("If-Range: " EXACT), TAG, 0, "no"},
	{"9110-13.1.5 1970 is not no date", GET("If-Range: Thu, 01 Jan 1970 00:00:00 GMT"), TAG, 0,
	 "no"},
	{"9110-13.1.5 tag and date", GET("If-Range: \"a\", " EXACT), TAG, AT, "no"},
	{"9110-13.1.5 date and more", GET("If-Range: " EXACT "x"), TAG, AT, "no"},
	{"9110-8.8.2.2 a second that is over", GET("If-Range: Sun, 15 Jun 2025 15:06:39 GMT"), TAG,
	 NOW - 1, "yes"},
	{"9110-8.8.2.2 a second that is not", GET("If-Range: Sun, 15 Jun 2025 15:06:40 GMT"), TAG,
	 NOW, "no"},
	{"9110-8.8.2.2 one to come", GET("If-Range: Sun, 15 Jun 2025 15:06:41 GMT"), TAG, NOW + 1,
	 "no"},
};

static void test_if_range(void)
{
	for (size_t i = 0; i < sizeof range_rows / sizeof *range_rows; i++) {
		const struct row *r = &range_rows[i];
		struct http_head h;
		struct http_validators v = {span_str(r->etag), r->modified};
		bool good = read_head(r->method, r->fields, &h);
		good = good && http_if_range(&h, &v, NOW) == (r->want[0] == 'y');
		ok(good && survives_cuts(r->fields, &v), "%s: %s", r->title, r->want);
	}
}

/* How one of the four fields stands in a combination. */
enum stand {
	ABSENT,
	HOLDS,
	FAILS,
};

/* 13.2.2, step by step, as it is written. */
static enum http_verdict steps(bool reads, enum stand im, enum stand ius, enum stand inm,
			       enum stand ims)
{
	if (im == FAILS)
		return HTTP_PRECONDITION_FAILED;
	if (im == ABSENT && ius == FAILS)
		return HTTP_PRECONDITION_FAILED;
	if (inm == FAILS)
		return reads ? HTTP_NOT_MODIFIED : HTTP_PRECONDITION_FAILED;
	if (reads && inm == ABSENT && ims == FAILS)
		return HTTP_NOT_MODIFIED;
	return HTTP_PROCEED;
}

static bool combination(const char *method, unsigned code)
{
	static const char *const text[4][3] = {
		{"", IM "\"a\"\r\n", IM "\"b\"\r\n"},
		{"", IUS EXACT "\r\n", IUS BEFORE "\r\n"},
		{"", INM "\"b\"\r\n", INM "\"a\"\r\n"},
		{"", IMS BEFORE "\r\n", IMS EXACT "\r\n"},
	};
	enum stand s[4];
	char fields[512] = "";
	struct out o = out_init(fields, sizeof fields - 1);
	for (unsigned i = 0; i < 4; i++, code /= 3) {
		s[i] = (enum stand)(code % 3);
		out_str(&o, text[i][s[i]]);
	}
	fields[o.n] = 0;
	struct http_head h;
	const struct http_validators v = {SPAN(TAG), AT};
	if (!read_head(method, fields, &h))
		return check(false, "not read: %s", fields);
	bool reads = h.method == HTTP_GET || h.method == HTTP_HEAD;
	enum http_verdict want = steps(reads, s[0], s[1], s[2], s[3]);
	enum http_verdict got = http_conditions(&h, &v, NOW);
	return check(got == want, "%s %s: %s, not %s", method, fields, verdict_name(got),
		     verdict_name(want));
}

static void test_combinations(void)
{
	static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE", "POST"};
	for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
		bool good = true;
		for (unsigned code = 0; code < 81; code++)
			good = combination(methods[m], code) && good;
		ok(good, "9110-13.2.2 %s: all 81 combinations", methods[m]);
	}
}

static struct dice dice = {DICE};

static const struct {
	const char *text;
	bool bad, strong, weak; /* what it says of "a" */
} elements[] = {
	{"\"a\"", false, true, true},     {"W/\"a\"", false, false, true},
	{"\"b\"", false, false, false},   {"W/\"\"", false, false, false},
	{"\"a,a\"", false, false, false}, {"\"W/\"", false, false, false},
	{"\"\\\"", false, false, false},  {"", false, false, false},
	{"a", true, false, false},        {"*", true, false, false},
	{"W/", true, false, false},
};

#define SOUND 8 /* the first of them are well-formed */

/* Lists of known elements: the verdict is known, however they are joined and over how many lines.
 */
static void test_lists(void)
{
	static const char *const joints[] = {",", ", ", " ,", "\t,\t", ",,", ", ,", NULL};
	int malformed = 0, matched = 0;
	bool good = true;
	for (int i = 0; i < 20000 && good; i++) {
		const char *name = roll(&dice, 2) == 0 ? IM : INM;
		char fields[1024] = "";
		bool bad = false, strong = false, weak = false;
		struct out o = out_init(fields, sizeof fields - 1);
		out_str(&o, name);
		/* Two elements at least: "*" alone is another rule. */
		for (uint32_t k = 0, n = 2 + roll(&dice, 6); k < n; k++) {
			const char *joint = joints[roll(&dice, 7)];
			size_t e =
				roll(&dice, roll(&dice, 4) == 0 ? sizeof elements / sizeof *elements
								: SOUND);
			out_str(&o, k == 0 ? "" : joint != NULL ? joint : "\r\n");
			out_str(&o, k > 0 && joint == NULL ? name : "");
			out_str(&o, elements[e].text);
			bad = bad || elements[e].bad;
			strong = strong || elements[e].strong;
			weak = weak || elements[e].weak;
		}
		out_str(&o, "\r\n");
		fields[o.n] = 0;
		struct http_head h;
		const struct http_validators v = {SPAN(TAG), 0};
		enum http_verdict want = bad || weak ? HTTP_PRECONDITION_FAILED : HTTP_PROCEED;
		if (name[3] == 'M')
			want = bad || !strong ? HTTP_PRECONDITION_FAILED : HTTP_PROCEED;
		malformed += bad;
		matched += !bad && weak;
		good = check(read_head("PUT", fields, &h) && http_conditions(&h, &v, NOW) == want,
			     "round %d: %s", i, fields);
	}
	ok(good && malformed > 1000 && matched > 1000,
	   "20000 lists from elements: %d malformed, %d matching", malformed, matched);
}

/* Any bytes a field may hold: nothing outside is read, what matches strongly matches weakly. */
static void test_bytes(void)
{
	static const char set[] = "\"\"\"\"\"aaW/W/,,, \t*\\b\377;";
	const struct http_validators v = {SPAN(TAG), AT};
	bool good = true;
	int matched = 0;
	for (int i = 0; i < 40000 && good; i++) {
		char text[32], fields[256];
		uint32_t n = roll(&dice, 14);
		for (uint32_t k = 0; k < n; k++)
			text[k] = set[roll(&dice, sizeof set - 1)];
		text[n] = 0;
		struct http_head m, nm, r;
		snprintf(fields, sizeof fields, IM "%s\r\n", text);
		good = read_head("GET", fields, &m);
		bool strong = http_conditions(&m, &v, NOW) == HTTP_PROCEED;
		snprintf(fields, sizeof fields, INM "%s\r\n", text);
		good = good && read_head("GET", fields, &nm);
		bool weak = http_conditions(&nm, &v, NOW) == HTTP_NOT_MODIFIED;
		snprintf(fields, sizeof fields, "If-Range: %s\r\n", text);
		good = good && read_head("GET", fields, &r);
		bool same = http_if_range(&r, &v, NOW);
		matched += strong;
		good = check(good && (!strong || weak) && (!same || strong), "round %d: %s", i,
			     text);
	}
	ok(good && matched > 20, "40000 fields of any bytes, %d match", matched);
}

int main(void)
{
	test_rows();
	test_absent();
	test_if_range();
	test_combinations();
	test_lists();
	test_bytes();
	return done();
}
