/*
 * Bodies: each row is decoded whole, cut in two at every byte, and byte by byte, and must give the
 * same data and the same end each time.
 */
#include "harness/tap.h"
#include "http/http.h"

#include <string.h>

struct row {
	const char *title;
	const char *wire;
	size_t n;
	const char *data; /* what is decoded */
	const char *end;  /* "done", "more", "bad"; then, when done, what is left over */
	uint32_t ext;     /* limit; 0 for the default */
};
#define ROW(title, wire, data, end)                         \
	{                                                   \
		title, wire, sizeof(wire) - 1, data, end, 0 \
	}
#define BAD(title, wire) ROW(title, wire, "", "bad")
#define LIMITED(title, wire, ext, data, end)                  \
	{                                                     \
		title, wire, sizeof(wire) - 1, data, end, ext \
	}

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16

static const struct row chunked[] = {
	ROW("9112-7.1 no data", "0\r\n\r\n", "", "done"),
	ROW("9112-7.1 one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello", "done"),
	ROW("9112-7.1 chunks", "1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", "abcdef", "done"),
	ROW("9112-7.1 the next message is left", "1\r\na\r\n0\r\n\r\nGET /", "a", "done GET /"),
	ROW("9112-7.1 hex of both cases", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
	    "01234567890123456789", "done"),
	ROW("9112-7.1 two digits", "1f\r\n0123456789012345678901234567890\r\n0\r\n\r\n",
	    "0123456789012345678901234567890", "done"),
	ROW("9112-7.1 leading zeros", "0005\r\nhello\r\n000\r\n\r\n", "hello", "done"),
	ROW("9112-7.1 data may look like framing", "7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n",
	    "0\r\n\r\n\r\n", "done"),
	ROW("9112-8 end is missing", "5\r\nhello\r\n", "hello", "more"),
	ROW("9112-8 last line is missing", "5\r\nhello\r\n0\r\n", "hello", "more"),
	ROW("9112-8 data is missing", "5\r\nhel", "hel", "more"),
	BAD("9112-7.1 no size", "\r\nhello"),
	BAD("9112-7.1 no hex", "g\r\n"),
	BAD("9112-7.1 minus", "-5\r\nhello\r\n"),
	BAD("9112-7.1 plus", "+5\r\nhello\r\n"),
	BAD("9112-7.1 0x", "0x5\r\nhello\r\n"),
	BAD("9112-7.1 blank before the size", " 5\r\nhello\r\n"),
	BAD("9112-7.1 blank behind the size", "5 \r\nhello\r\n"),
	BAD("9112-7.1 blank in the size", "5 5\r\nhello\r\n"),
	BAD("9112-7.1 fraction", "5.0\r\nhello\r\n"),
	BAD("9112-7.1 bare LF behind the size", "5\nhello\r\n"),
	BAD("9112-7.1 bare CR behind the size", "5\rhello\r\n"),
	BAD("9112-7.1 NUL behind the size", "5\000\r\nhello\r\n"),
	BAD("9112-7.1 2^63", "8000000000000000\r\n"),
	BAD("9112-7.1 2^64", "10000000000000000\r\n"),
	BAD("9112-7.1 17 digits", "00000000000000005\r\nhello\r\n"),
	ROW("9112-7.1 16 digits", "0000000000000005\r\nhello\r\n0\r\n\r\n", "hello", "done"),
	ROW("9112-7.1 2^63 - 1 is only long", "7fffffffffffffff\r\nhello", "hello", "more"),
	ROW("9112-7.1 no CRLF behind the data", "5\r\nhello0\r\n\r\n", "hello", "bad"),
	ROW("9112-7.1 more data than told", "4\r\nhello\r\n0\r\n\r\n", "hell", "bad"),
	ROW("9112-7.1 less data than told", "6\r\nhello\r\n0\r\n\r\n", "hello\r", "bad"),
	ROW("9112-7.1 bare LF behind the data", "5\r\nhello\n0\r\n\r\n", "hello", "bad"),
	ROW("9112-7.1 bare CR behind the data", "5\r\nhello\r0\r\n\r\n", "hello", "bad"),
	BAD("9112-7.1 bare LF behind the last size", "0\n\r\n"),
	BAD("9112-7.1 bare LF at the end", "0\r\n\n"),
	BAD("9112-7.1 bare CR at the end", "0\r\n\rG"),
};

static const struct row extensions[] = {
	ROW("9112-7.1.1 name", "1;a\r\nx\r\n0;a\r\n\r\n", "x", "done"),
	ROW("9112-7.1.1 name and token", "1;a=b\r\nx\r\n0\r\n\r\n", "x", "done"),
	ROW("9112-7.1.1 several", "1;a=b;c;d=\"e\";f\r\nx\r\n0\r\n\r\n", "x", "done"),
	ROW("9112-7.1.1 quoted", "1;a=\"b;c=d, \\\"\\\\\"\r\nx\r\n0\r\n\r\n", "x", "done"),
	ROW("9112-7.1.1 empty quoted", "1;a=\"\"\r\nx\r\n0\r\n\r\n", "x", "done"),
	ROW("9110-5.6.3 bad whitespace", "1 ; a = b\t;\tc = \"d\" ; e\r\nx\r\n0\r\n\r\n", "x",
	    "done"),
	BAD("9112-7.1.1 no name", "1;\r\nx\r\n"),
	BAD("9112-7.1.1 blank for a name", "1; \r\nx\r\n"),
	BAD("9112-7.1.1 no value", "1;a=\r\nx\r\n"),
	BAD("9112-7.1.1 no name before '='", "1;=b\r\nx\r\n"),
	BAD("9112-7.1.1 two values", "1;a=b=c\r\nx\r\n"),
	BAD("9112-7.1.1 two names", "1;a b\r\nx\r\n"),
	BAD("9112-7.1.1 two tokens", "1;a=b c\r\nx\r\n"),
	BAD("9112-7.1.1 blank at the end", "1;a \r\nx\r\n"),
	BAD("9112-7.1.1 blank behind a value", "1;a=b \r\nx\r\n"),
	BAD("9112-7.1.1 more behind a quoted value", "1;a=\"b\"c\r\nx\r\n"),
	BAD("9112-7.1.1 comma", "1,a\r\nx\r\n"),
	BAD("9112-7.1.1 bare LF", "1;a\nx\r\n"),
	BAD("9112-7.1.1 bare CR", "1;a\rx\r\n"),
	BAD("9112-7.1.1 bare LF in a value", "1;a=b\nx\r\n"),
	BAD("9112-7.1.1 bare LF in quotes", "1;a=\"b\nc\"\r\nx\r\n"),
	BAD("9112-7.1.1 CRLF in quotes", "1;a=\"b\r\nx\r\n"),
	BAD("9112-7.1.1 CRLF behind a backslash", "1;a=\"b\\\r\nx\r\n"),
	BAD("9112-7.1.1 NUL in quotes", "1;a=\"\000\"\r\nx\r\n"),
	BAD("9112-7.1.1 NUL in a name", "1;a\000\r\nx\r\n"),
	LIMITED("9112-7.1.1 as many bytes as the limit", "0;aaaaa\r\n\r\n", 6, "", "done"),
	LIMITED("9112-7.1.1 one more", "0;aaaaaa\r\n\r\n", 6, "", "bad"),
	LIMITED("9112-7.1.1 blanks count", "0    ;a\r\n\r\n", 5, "", "bad"),
	LIMITED("9112-7.1.1 without an end", "0;aaaaaaaaaaaaaaaaaa", 6, "", "bad"),
	LIMITED("9112-7.1.1 the sum over all chunks counts",
		"1;ab\r\nx\r\n1;ab\r\ny\r\n0;a\r\n\r\n", 7, "xy", "bad"),
	LIMITED("9112-7.1.1 the sum is allowed", "1;ab\r\nx\r\n1;ab\r\ny\r\n0;a\r\n\r\n", 8, "xy",
		"done"),
};

static const struct row trailers[] = {
	ROW("9112-7.1.2 one", "1\r\nx\r\n0\r\nA: b\r\n\r\n", "x", "done"),
	ROW("9112-7.1.2 several", "0\r\nA: b\r\nETag: \"c\"\r\nServer-Timing:\r\n\r\nGET", "",
	    "done GET"),
	ROW("9112-7.1.2 behind a last chunk with an extension", "0;a\r\nA: b\r\n\r\n", "", "done"),
	ROW("9112-7.1.2 name like a forbidden one", "0\r\nHosts: b\r\nHos: b\r\nX-Host: b\r\n\r\n",
	    "", "done"),
	ROW("9112-7.1.2 name of 256 bytes", "0\r\n" X64 X64 X64 X64 ": b\r\n\r\n", "", "done"),
	ROW("9530-6 digest", "0\r\nContent-Digest: x\r\n\r\n", "", "done"),
	BAD("9112-5.1 blank before the colon", "0\r\nA : b\r\n\r\n"),
	BAD("9112-5.1 no name", "0\r\n: b\r\n\r\n"),
	BAD("9112-5.1 no colon", "0\r\nA\r\n\r\n"),
	BAD("9112-5.2 obs-fold", "0\r\nA: b\r\n c\r\n\r\n"),
	BAD("9112-5.2 blank first", "0\r\n A: b\r\n\r\n"),
	BAD("9110-5.5 NUL", "0\r\nA: \000\r\n\r\n"),
	BAD("9112-2.2 bare LF", "0\r\nA: b\n\r\n"),
	BAD("9112-2.2 bare CR", "0\r\nA: b\rc\r\n\r\n"),
	BAD("9110-6.5.1 Content-Length", "0\r\nContent-Length: 5\r\n\r\n"),
	BAD("9110-6.5.1 Transfer-Encoding", "0\r\ntRANSFER-eNCODING: chunked\r\n\r\n"),
	BAD("9110-6.5.1 Host", "0\r\nA: b\r\nHOST: a\r\n\r\n"),
	BAD("9110-6.5.1 TE", "0\r\nte: a\r\n\r\n"),
	BAD("9110-6.5.1 Connection", "0\r\nConnection: close\r\n\r\n"),
	BAD("9110-6.5.1 Trailer", "0\r\nTrailer: a\r\n\r\n"),
	BAD("9110-6.5.1 Authorization", "0\r\nAuthorization: a\r\n\r\n"),
	BAD("9110-6.5.1 Proxy-Authorization", "0\r\nProxy-Authorization: a\r\n\r\n"),
	BAD("9110-6.5.1 Cookie", "0\r\nCookie: a\r\n\r\n"),
	BAD("9110-6.5.1 Set-Cookie", "0\r\nSet-Cookie: a\r\n\r\n"),
	BAD("9110-6.5.1 Content-Type", "0\r\nContent-Type: a\r\n\r\n"),
	BAD("9110-6.5.1 Content-Encoding", "0\r\nContent-Encoding: a\r\n\r\n"),
	BAD("9110-6.5.1 Content-Range", "0\r\nContent-Range: a\r\n\r\n"),
	BAD("9110-6.5.1 Cache-Control", "0\r\nCache-Control: a\r\n\r\n"),
	BAD("9110-6.5.1 If-Unmodified-Since", "0\r\nIf-Unmodified-Since: a\r\n\r\n"),
	BAD("9110-6.5.1 the last of the list", "0\r\nvary: a\r\n\r\n"),
	LIMITED("9112-7.1.2 as many bytes as the limit", "0\r\nA: b\r\n\r\n", 5, "", "done"),
	LIMITED("9112-7.1.2 one more", "0\r\nA: bb\r\n\r\n", 5, "", "bad"),
	LIMITED("9112-7.1.2 extensions count too", "0;a\r\nA: b\r\n\r\n", 6, "", "bad"),
	LIMITED("9112-7.1.2 without an end", "0\r\nA: bbbbbbbbbbbbbbb", 6, "", "bad"),
};

/* A stretch of input, to its end: what is decoded goes to [data]. Returns the bytes used. */
static size_t feed(struct http_body *b, struct span in, struct out *data, int *rc)
{
	size_t at = 0;
	*rc = HTTP_MORE;
	while (at < in.n && !b->done) {
		struct span piece, rest = span_tail(in, at);
		*rc = http_body_next(b, rest, &piece);
		if (*rc <= 0)
			break;
		if (!check((size_t)*rc <= rest.n && piece.n <= (size_t)*rc && piece.p >= rest.p &&
				   piece.p + piece.n <= rest.p + rest.n,
			   "uses %d of %zu bytes, %zu of data", *rc, rest.n, piece.n))
			break;
		out_span(data, piece);
		at += (size_t)*rc;
	}
	return at;
}

/* Decodes in stretches: [first] bytes, then [each] at a time. "end" as in the rows. */
static bool decodes(const struct row *row, enum http_framing framing, uint64_t length, size_t first,
		    size_t each)
{
	char data[256], end[64];
	struct http_limits lim = http_default_limits;
	struct http_head h = {.framing = framing, .length = length};
	struct http_body b;
	struct out d = out_init(data, sizeof data), e = out_init(end, sizeof end);
	struct span wire = span_of(row->wire, row->n);
	int rc = HTTP_MORE;
	lim.chunk_ext = row->ext != 0 ? row->ext : lim.chunk_ext;
	memset(&b, 0xff, sizeof b);
	http_body_init(&b, &h, &lim);
	size_t at = 0;
	while (at < wire.n && rc >= 0 && !b.done) {
		struct span part = span_head(span_tail(wire, at), at == 0 ? first : each);
		part = guarded(0, part);
		size_t used = feed(&b, part, &d, &rc);
		at += used;
		if (rc >= 0 && !b.done && !check(used == part.n, "bytes are left without reason"))
			return false;
	}
	out_str(&e, rc < 0 ? "bad" : b.done ? "done" : "more");
	if (b.done && at < wire.n) {
		out_str(&e, " ");
		out_span(&e, span_tail(wire, at));
	}
	if (rc < 0) { /* an error stays */
		struct span piece;
		if (!check(rc == HTTP_ECHUNK &&
				   http_body_next(&b, SPAN("0\r\n\r\n"), &piece) == rc &&
				   piece.n == 0,
			   "%s: an error does not stay", row->title))
			return false;
	}
	return check(span_eq(out_span_of(&d), span_str(row->data)) &&
			     span_eq(out_span_of(&e), span_str(row->end)),
		     "%s: first %zu, then %zu: '%.*s' %.*s", row->title, first, each, (int)d.n,
		     data, (int)e.n, end);
}

static void run(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool good = true;
		for (size_t cut = 1; cut <= rows[i].n; cut++)
			good = decodes(&rows[i], HTTP_CHUNKED, 0, cut, rows[i].n) && good;
		for (size_t each = 1; each <= 3; each++)
			good = decodes(&rows[i], HTTP_CHUNKED, 0, each, each) && good;
		ok(good, "%s", rows[i].title);
	}
}
#define RUN(rows) run(rows, sizeof(rows) / sizeof *(rows))

static void test_other_framings(void)
{
	static const struct {
		const char *title;
		enum http_framing framing;
		uint64_t length;
		struct row row;
	} cases[] = {
		{"9112-6.3 no body", HTTP_NO_BODY, 0, ROW("", "GET /", "", "done GET /")},
		{"9112-6.3 length 0", HTTP_LENGTH, 0, ROW("", "GET /", "", "done GET /")},
		{"9112-6.3 length 5", HTTP_LENGTH, 5, ROW("", "helloGET /", "hello", "done GET /")},
		{"9112-6.3 length 5, too few", HTTP_LENGTH, 5, ROW("", "hell", "hell", "more")},
		{"9112-6.3 length 2^63 - 1", HTTP_LENGTH, INT64_MAX,
		 ROW("", "hell", "hell", "more")},
		{"9112-6.3 until close", HTTP_UNTIL_CLOSE, 0,
		 ROW("", "hello\r\n", "hello\r\n", "more")},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool good = true;
		for (size_t cut = 1; cut <= cases[i].row.n; cut++)
			good = decodes(&cases[i].row, cases[i].framing, cases[i].length, cut, 1) &&
			       good;
		ok(good, "%s", cases[i].title);
	}
}

static void test_contract(void)
{
	struct http_body b;
	struct http_head h = {.framing = HTTP_CHUNKED};
	struct span piece, in = SPAN("3\r\nabc\r\n0\r\n\r\n");
	http_body_init(&b, &h, &http_default_limits);
	is_int(http_body_next(&b, span_head(in, 0), &piece), HTTP_MORE, "no bytes, no progress");
	is_int(http_body_next(&b, in, &piece), 6, "a call ends with its piece");
	ok(piece.p == in.p + 3 && piece.n == 3, "a piece is a view into the input");
	is_int(http_body_next(&b, span_tail(in, 6), &piece), 7, "the end is used at once");
	ok(b.done && piece.n == 0, "and is done");
	is_int(http_body_next(&b, in, &piece), HTTP_MORE, "after that nothing is used");

	static const uint64_t due[] = {0, 0, 0, 0, 16, 14, 0};
	const struct span cuts[] = {SPAN(""),
				    SPAN("1"),
				    SPAN("0"),
				    SPAN("\r"),
				    SPAN("\n"),
				    SPAN("ab"),
				    SPAN("cdefghijklmnop")};
	h.framing = HTTP_CHUNKED;
	http_body_init(&b, &h, &http_default_limits);
	for (size_t i = 0; i < sizeof due / sizeof *due; i++) {
		http_body_next(&b, cuts[i], &piece);
		ok(http_body_due(&b) == due[i], "of a chunk %u bytes are due",
		   (unsigned)http_body_due(&b));
	}
	ok(sizeof b <= 24, "the state is small: %zu bytes", sizeof b);
}

int main(void)
{
	RUN(chunked);
	RUN(extensions);
	RUN(trailers);
	test_other_framings();
	test_contract();
	return done();
}
