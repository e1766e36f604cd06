/*
 * RFC 9110, sections 12 to 14 at the page's files: content negotiation, conditional requests, range
 * requests. The files have strong tags and, since they are part of a program, no date.
 */
#include "integration/rfc_rows.h"

#define JS "GET /app.js" HOST
#define LONG_AGO "Sat, 29 Oct 1994 19:43:31 GMT"
#define LATER "Fri, 01 Jan 2100 00:00:00 GMT"

static const struct rfc_row negotiation[] = {
	{"9110 12.1: a file is what it is, whatever is asked for", JS "Accept: image/png\r\n\r\n",
	 "200 open", "Content-Type: text/javascript; charset=utf-8\n@all"},
	{"9110 12.4.2: q=0 is not acceptable", "GET /x" HOST "Accept: text/html;q=0\r\n\r\n",
	 "404 open", NULL},
	{"9110 12.4.2: q with three digits", "GET /x" HOST "Accept: text/html;q=0.001\r\n\r\n",
	 "200 open", NULL},
	{"9110 12.4.3: a wildcard", "GET /x" HOST "Accept: */*\r\n\r\n", "200 open", NULL},
	{"9110 12.5.1: no Accept takes anything", "GET /x" HOST "\r\n", "200 open", NULL},
	{"9110 12.5.1: HTML for who asks for it", "GET /x" HOST "Accept: text/html\r\n\r\n",
	 "200 open", "Content-Type: text/html; charset=utf-8"},
	{"9110 12.5.1: none for who asks for JSON",
	 "GET /x" HOST "Accept: application/json\r\n\r\n", "404 open", NULL},
	{"9110 12.5.1: the closest range decides",
	 "GET /x" HOST "Accept: */*, text/html;q=0\r\n\r\n", "404 open", NULL},
	{"9110 12.5.1: in either order", "GET /x" HOST "Accept: text/html, */*;q=0\r\n\r\n",
	 "200 open", NULL},
	{"9110 12.5.1: types without case", "GET /x" HOST "Accept: Text/HTML\r\n\r\n", "200 open",
	 NULL},
	{"9110 12.5.2: Accept-Charset is passed over", JS "Accept-Charset: ebcdic\r\n\r\n",
	 "200 open", "@all"},
	{"9110 12.5.3: no Accept-Encoding: no coding", JS "\r\n", "200 open",
	 "-Content-Encoding\n@all"},
	{"9110 12.5.3: an empty one: no coding", JS "Accept-Encoding:\r\n\r\n", "200 open",
	 "-Content-Encoding\n@all"},
	{"9110 12.5.3: identity", JS "Accept-Encoding: identity\r\n\r\n", "200 open",
	 "-Content-Encoding\n@all"},
	{"9110 12.5.3: identity preferred", JS "Accept-Encoding: identity, gzip;q=0.5\r\n\r\n",
	 "200 open", "-Content-Encoding\n@all"},
	{"9110 12.5.3: all others refused",
	 JS "Accept-Encoding: gzip;q=0, br;q=0, zstd;q=0\r\n\r\n", "200 open",
	 "-Content-Encoding\n@all"},
	{"9110 12.5.3: a coding that nobody has", JS "Accept-Encoding: x-nobody\r\n\r\n",
	 "200 open", "-Content-Encoding\n@all"},
	{"9110 12.5.3: all refused: better this than nothing (12.4.1)",
	 JS "Accept-Encoding: *;q=0\r\n\r\n", "200 open", "-Content-Encoding\n@all"},
	{"9110 12.5.4: Accept-Language is passed over", JS "Accept-Language: tlh\r\n\r\n",
	 "200 open", "-Content-Language\n@all"},
};

static const struct rfc_row matches[] = {
	{"9110 13.1.1: If-Match of the tag", JS "If-Match: <etag>\r\n\r\n", "200 open", "@all"},
	{"9110 13.1.1: *", JS "If-Match: *\r\n\r\n", "200 open", "@all"},
	{"9110 13.1.1: within a list", JS "If-Match: \"a\", <etag>\r\n\r\n", "200 open", "@all"},
	{"9110 13.1.1: on the second line", JS "If-Match: \"a\"\r\nIf-Match: <etag>\r\n\r\n",
	 "200 open", "@all"},
	{"9110 13.1.1: of another", JS "If-Match: \"a\"\r\n\r\n", "412 open", NULL},
	{"9110 13.1.1: strong comparison", JS "If-Match: W/<etag>\r\n\r\n", "412 open", NULL},
	{"9110 13.1.1: malformed has not matched", JS "If-Match: a\r\n\r\n", "412 open", NULL},
	{"9110 13.1.1: empty has not", JS "If-Match:\r\n\r\n", "412 open", NULL},
	{"9110 13.1.1: of HEAD", "HEAD /app.js" HOST "If-Match: \"a\"\r\n\r\n", "412h open", NULL},
	{"9110 13.1.2: If-None-Match of the tag", JS "If-None-Match: <etag>\r\n\r\n", "304 open",
	 NULL},
	{"9110 13.1.2: *", JS "If-None-Match: *\r\n\r\n", "304 open", NULL},
	{"9110 13.1.2: weak comparison", JS "If-None-Match: W/<etag>\r\n\r\n", "304 open", NULL},
	{"9110 13.1.2: within a list", JS "If-None-Match: W/\"a\", \"b,c\" ,<etag>\r\n\r\n",
	 "304 open", NULL},
	{"9110 13.1.2: among empty elements", JS "If-None-Match: ,, <etag>,\r\n\r\n", "304 open",
	 NULL},
	{"9110 13.1.2: on the second line",
	 JS "If-None-Match: \"a\"\r\nIf-None-Match: <etag>\r\n\r\n", "304 open", NULL},
	{"9110 13.1.2: of another", JS "If-None-Match: \"a\"\r\n\r\n", "200 open", "@all"},
	{"9110 13.1.2: a quoted asterisk is a tag", JS "If-None-Match: \"*\"\r\n\r\n", "200 open",
	 "@all"},
	{"9110 13.1.2: malformed has not matched", JS "If-None-Match: a\r\n\r\n", "200 open",
	 "@all"},
	{"9110 13.1.2: of HEAD", "HEAD /app.js" HOST "If-None-Match: <etag>\r\n\r\n", "304h open",
	 NULL},
	{"9110 13.1.2: in 1.0", "GET /app.js HTTP/1.0\r\nIf-None-Match: <etag>\r\n\r\n", "304 end",
	 NULL},
	{"9110 13.1.3: no date, no comparison", JS "If-Modified-Since: " LATER "\r\n\r\n",
	 "200 open", "-Last-Modified\n@all"},
	{"9110 13.1.3: hidden by If-None-Match",
	 JS "If-None-Match: \"a\"\r\nIf-Modified-Since: " LATER "\r\n\r\n", "200 open", "@all"},
	{"9110 13.1.3: nor does it hide that",
	 JS "If-None-Match: <etag>\r\nIf-Modified-Since: " LONG_AGO "\r\n\r\n", "304 open", NULL},
	{"9110 13.1.3: no date at all", JS "If-Modified-Since: soon\r\n\r\n", "200 open", "@all"},
	{"9110 13.1.3: with another method", "POST /" HOST "If-Modified-Since: " LATER "\r\n\r\n",
	 "405 open", NULL},
	{"9110 13.1.4: no date, no comparison", JS "If-Unmodified-Since: " LONG_AGO "\r\n\r\n",
	 "200 open", "@all"},
	{"9110 13.1.4: hidden by If-Match",
	 JS "If-Match: <etag>\r\nIf-Unmodified-Since: " LONG_AGO "\r\n\r\n", "200 open", "@all"},
	{"9110 13.1.4: no date at all", JS "If-Unmodified-Since: soon\r\n\r\n", "200 open", "@all"},
	{"9110 13.2.1: 404 stays 404", "GET /x.y" HOST "If-None-Match: *\r\n\r\n", "404 open",
	 NULL},
	{"9110 13.2.1: also with If-Match", "GET /x.y" HOST "If-Match: \"a\"\r\n\r\n", "404 open",
	 NULL},
	{"9110 13.2.1: 405 stays 405", "DELETE /app.js" HOST "If-Match: \"a\"\r\n\r\n", "405 open",
	 NULL},
	{"9110 13.2.1: 501 stays 501", "BREW /app.js" HOST "If-Match: \"a\"\r\n\r\n", "501 open",
	 NULL},
	{"9110 13.2.1: 400 stays 400", "GET /%00" HOST "If-None-Match: *\r\n\r\n", "400 open",
	 NULL},
	{"9110 13.2.1: OPTIONS takes no conditions",
	 "OPTIONS /app.js" HOST "If-Match: \"a\"\r\n\r\n", "204 open", NULL},
	{"9110 13.2.2: If-Match before If-None-Match",
	 JS "If-None-Match: <etag>\r\nIf-Match: \"a\"\r\n\r\n", "412 open", NULL},
	{"9110 13.2.2: both", JS "If-Match: <etag>\r\nIf-None-Match: <etag>\r\n\r\n", "304 open",
	 NULL},
	{"9110 13.2.2: If-None-Match before Range",
	 JS "If-None-Match: <etag>\r\nRange: bytes=0-4\r\n\r\n", "304 open", NULL},
	{"9110 13.2.2: If-Match before Range", JS "If-Match: \"a\"\r\nRange: bytes=0-4\r\n\r\n",
	 "412 open", NULL},
	{"9110 13.2.2: both hold, and Range",
	 JS "If-Match: <etag>\r\nIf-None-Match: \"a\"\r\nRange: bytes=0-4\r\n\r\n", "206 open",
	 "@0-4"},
	{"9110 15.4.5: 304 has the tag", JS "If-None-Match: *\r\n\r\n", "304 open", "ETag"},
	{"9110 15.4.5: and what caches need", JS "If-None-Match: *\r\n\r\n", "304 open",
	 "Cache-Control: no-cache"},
	{"9110 15.4.5: and nothing about content", JS "If-None-Match: *\r\n\r\n", "304 open",
	 "-Content-Type\n-Content-Encoding"},
};

static const struct rfc_row if_ranges[] = {
	{"9110 13.1.5: If-Range of the tag", JS "If-Range: <etag>\r\nRange: bytes=2-5\r\n\r\n",
	 "206 open", "@2-5"},
	{"9110 13.1.5: of another: all of it", JS "If-Range: \"a\"\r\nRange: bytes=2-5\r\n\r\n",
	 "200 open", "@all"},
	{"9110 13.1.5: strong comparison", JS "If-Range: W/<etag>\r\nRange: bytes=2-5\r\n\r\n",
	 "200 open", "@all"},
	{"9110 13.1.5: a date where there is none",
	 JS "If-Range: " LATER "\r\nRange: bytes=2-5\r\n\r\n", "200 open", "@all"},
	{"9110 13.1.5: malformed", JS "If-Range: a\r\nRange: bytes=2-5\r\n\r\n", "200 open",
	 "@all"},
	{"9110 13.1.5: an asterisk is no tag", JS "If-Range: *\r\nRange: bytes=2-5\r\n\r\n",
	 "200 open", "@all"},
	{"9110 13.1.5: without Range", JS "If-Range: \"a\"\r\n\r\n", "200 open", "@all"},
	{"9110 13.1.5: another version is no 416",
	 JS "If-Range: \"a\"\r\nRange: bytes=999999-\r\n\r\n", "200 open", "@all"},
};

static const struct rfc_row ranges[] = {
	{"9110 14.1: units without case", JS "Range: BYTES=2-5\r\n\r\n", "206 open", "@2-5"},
	{"9110 14.1.1: a last position before the first is invalid", JS "Range: bytes=5-2\r\n\r\n",
	 "200 open", "@all"},
	{"9110 14.1.1: so is the whole set", JS "Range: bytes=0-1,5-2\r\n\r\n", "200 open", "@all"},
	{"9110 14.1.1: letters", JS "Range: bytes=a-b\r\n\r\n", "200 open", "@all"},
	{"9110 14.1.1: no set", JS "Range: bytes=\r\n\r\n", "200 open", "@all"},
	{"9110 14.1.1: a dash alone", JS "Range: bytes=-\r\n\r\n", "200 open", "@all"},
	{"9110 14.1.1: no unit", JS "Range: 0-4\r\n\r\n", "200 open", "@all"},
	{"9110 14.1.1: a sign", JS "Range: bytes=+0-4\r\n\r\n", "200 open", "@all"},
	{"9110 14.1.2: the first byte", JS "Range: bytes=0-0\r\n\r\n", "206 open", "@0-0"},
	{"9110 14.1.2: some in the middle", JS "Range: bytes=100-299\r\n\r\n", "206 open",
	 "@100-299"},
	{"9110 14.1.2: from somewhere on", JS "Range: bytes=1000-\r\n\r\n", "206 open", "@1000-"},
	{"9110 14.1.2: the last five", JS "Range: bytes=-5\r\n\r\n", "206 open", "@-5"},
	{"9110 14.1.2: all of it", JS "Range: bytes=0-\r\n\r\n", "206 open", "@all"},
	{"9110 14.1.2: an end beyond the end", JS "Range: bytes=1000-99999999\r\n\r\n", "206 open",
	 "@1000-"},
	{"9110 14.1.2: numbers longer than 64 bits",
	 JS "Range: bytes=1000-99999999999999999999999999\r\n\r\n", "206 open", "@1000-"},
	{"9110 14.1.2: a suffix longer than all", JS "Range: bytes=-99999999\r\n\r\n", "206 open",
	 "@all"},
	{"9110 14.1.2: a begin beyond the end", JS "Range: bytes=99999999-\r\n\r\n", "416 open",
	 NULL},
	{"9110 14.1.2: one longer than 64 bits",
	 JS "Range: bytes=99999999999999999999999999-\r\n\r\n", "416 open", NULL},
	{"9110 14.1.2: the last none", JS "Range: bytes=-0\r\n\r\n", "416 open", NULL},
	{"9110 14.1.2: several beyond it", JS "Range: bytes=9999999-, 99999999-\r\n\r\n",
	 "416 open", NULL},
	{"9110 14.1.2: one of two beyond it", JS "Range: bytes=9999999-, 2-5\r\n\r\n", "206 open",
	 "@2-5"},
	{"9110 14.1.2: blanks around the ranges", JS "Range: bytes= 2-5 , 9999999-\r\n\r\n",
	 "206 open", "@2-5"},
	{"9110 14.2: of GET alone: HEAD", "HEAD /app.js" HOST "Range: bytes=0-4\r\n\r\n",
	 "200h open", "-Content-Range"},
	{"9110 14.2: POST", "POST /app.js" HOST "Range: bytes=0-4\r\n\r\n", "405 open", NULL},
	{"9110 14.2: OPTIONS", "OPTIONS /app.js" HOST "Range: bytes=0-4\r\n\r\n", "204 open", NULL},
	{"9110 14.2: another unit is passed over", JS "Range: lines=0-4\r\n\r\n", "200 open",
	 "@all"},
	{"9110 14.2: two Ranges are none", JS "Range: bytes=0-4\r\nRange: bytes=6-7\r\n\r\n",
	 "200 open", "@all"},
	{"9110 14.2: of 404", "GET /x.y" HOST "Range: bytes=0-4\r\n\r\n", "404 open", NULL},
	{"9110 14.2: in 1.0", "GET /app.js HTTP/1.0\r\nRange: bytes=0-4\r\n\r\n", "206 end",
	 "@0-4"},
	{"9110 14.2, 17.15: many overlapping ones are an attack",
	 JS "Range: bytes=0-,0-,0-,0-,0-,0-,0-,0-,0-,0-\r\n\r\n", "200 open", "@all"},
	{"9110 14.2, 17.15: many tiny ones, too",
	 JS "Range: bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14\r\n\r\n", "200 open", "@all"},
	{"9110 14.3: Accept-Ranges", JS "\r\n", "200 open", "Accept-Ranges: bytes"},
	{"9110 15.3.7: 206 has the tag", JS "Range: bytes=0-4\r\n\r\n", "206 open", "ETag"},
	{"9110 15.3.7: and what caches need", JS "Range: bytes=0-4\r\n\r\n", "206 open",
	 "Cache-Control: no-cache\nContent-Type: text/javascript; charset=utf-8"},
	{"9110 15.3.7.1: its length is that of the range", JS "Range: bytes=3-9\r\n\r\n",
	 "206 open", "Content-Length: 7\n@3-9"},
	{"9110 15.5.17: 416 is no part of the file", JS "Range: bytes=99999999-\r\n\r\n",
	 "416 open", "-Accept-Ranges\n-ETag"},
};

/* One part at the front of [rest], cut off: the bytes from [from] to [to] with its own fields. */
static bool take_part(struct span *rest, struct span boundary, size_t from, size_t to)
{
	char want[400];
	int n = snprintf(want, sizeof want,
			 "\r\n--%.*s\r\nContent-Type: text/javascript; charset=utf-8\r\n"
			 "Content-Range: bytes %zu-%zu/%zu\r\n\r\n",
			 (int)boundary.n, (const char *)boundary.p, from, to, rfc.script.body.n);
	struct span head = span_of(want, (size_t)n);
	struct span bytes = span_head(span_tail(rfc.script.body, from), to - from + 1);
	if (!span_starts(*rest, head)) /* the line's end before the first may be missing (14.6) */
		head = span_tail(head, 2);
	bool held = check(span_starts(*rest, head), "a part's fields: %zu-%zu", from, to);
	*rest = span_tail(*rest, head.n);
	held &= check(span_starts(*rest, bytes), "a part's bytes: %zu-%zu", from, to);
	*rest = span_tail(*rest, bytes.n);
	return held;
}

static void test_parts(void)
{
	struct httpc_answer a;
	if (httpc_ask("127.0.0.1", rfc.port, SPAN(JS "Range: bytes=10-99, 200-299,-90\r\n\r\n"), &a,
		      RFC_MS) != HTTPC_OK)
		bail("no answer");
	size_t n = rfc.script.body.n;
	struct span type = httpc_field(&a, "Content-Type"), boundary = type, rest = a.body;
	is_int(a.status, 206, "9110 15.3.7.2: three ranges");
	ok(span_starts(type, SPAN("multipart/byteranges; boundary=")),
	   "9110 14.6: multipart/byteranges");
	ok(httpc_field(&a, "Content-Range").p == NULL, "9110 15.3.7.2: no Content-Range above");
	span_cut(&boundary, '=');
	ok(rfc_is_token(boundary) && boundary.n <= 70, "9110 14.6: a boundary");
	bool held = take_part(&rest, boundary, 10, 99);
	held &= take_part(&rest, boundary, 200, 299);
	held &= take_part(&rest, boundary, n - 90, n - 1);
	ok(held, "9110 15.3.7.2: each with its Content-Range and Content-Type, in the order asked");
	ok(span_starts(rest, SPAN("\r\n--")) && span_starts(span_tail(rest, 4), boundary) &&
		   span_eq(span_tail(rest, 4 + boundary.n), SPAN("--\r\n")),
	   "9110 14.6: and the end");
	httpc_free(&a);
}

/* Whatever codings there are of a file: each has a tag of its own, and caches are told. */
static void test_coding(const char *coding)
{
	char request[200], etag[100];
	struct httpc_answer a;
	snprintf(request, sizeof request, JS "Accept-Encoding: %s\r\n\r\n", coding);
	if (httpc_ask("127.0.0.1", rfc.port, span_str(request), &a, RFC_MS) != HTTPC_OK)
		bail("no answer");
	struct span used = httpc_field(&a, "Content-Encoding"), tag = httpc_field(&a, "ETag");
	ok(used.p == NULL || span_eq(used, span_str(coding)), "9110 8.4: coded by %s or not",
	   coding);
	ok((used.p == NULL) == span_eq(tag, span_str(rfc.etag)),
	   "9110 8.8.3.3: %s has a tag of its own", coding);
	ok((used.p == NULL) == span_eq(a.body, rfc.script.body), "9110 8.4: and other bytes");
	struct span vary = httpc_field(&a, "Vary"), plain = httpc_field(&rfc.script, "Vary");
	ok(span_eq(vary, plain) &&
		   (used.p == NULL || span_eq_nocase(vary, SPAN("Accept-Encoding"))),
	   "9110 12.5.5: Vary says so, with and without %s", coding);
	snprintf(etag, sizeof etag, "%.*s", (int)tag.n, (const char *)tag.p);
	httpc_free(&a);
	snprintf(request, sizeof request, JS "Accept-Encoding: %s\r\nIf-None-Match: %s\r\n\r\n",
		 coding, etag);
	if (httpc_ask("127.0.0.1", rfc.port, span_str(request), &a, RFC_MS) != HTTPC_OK)
		bail("no answer");
	ok(a.status == 304 && span_eq(httpc_field(&a, "ETag"), span_str(etag)) &&
		   span_eq(httpc_field(&a, "Vary"), httpc_field(&rfc.script, "Vary")),
	   "9110 15.4.5: 304 of %s has its ETag and Vary", coding);
	httpc_free(&a);
}

int main(void)
{
	rfc_start_web();
	rfc_run(negotiation, COUNT(negotiation));
	test_coding("gzip");
	test_coding("br");
	test_coding("zstd");
	rfc_run(matches, COUNT(matches));
	rfc_run(if_ranges, COUNT(if_ranges));
	rfc_run(ranges, COUNT(ranges));
	test_parts();
	return rfc_end();
}
