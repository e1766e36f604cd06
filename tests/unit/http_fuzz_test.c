/*
 * Damaged heads and bodies from a fixed seed: nothing outside the input is read, what was said of a
 * prefix stays, what is accepted keeps its promises, and pieces give what the whole gives.
 */
#include "harness/dice.h"
#include "unit/http_rows.h"

static struct dice dice = {DICE};

static const char *const bits[] = {
	"\r\n",
	"\n",
	"\r",
	" ",
	"\t",
	":",
	"%",
	"%2",
	"0",
	"chunked",
	", ",
	";",
	"\"",
	"\\",
	"\r\n\r\n",
	"Host: b\r\n",
	"Content-Length: 5\r\n",
	"Transfer-Encoding: chunked\r\n",
	"Connection: close\r\n",
	"HTTP/1.1",
	"http://",
	"[::1]",
	"?",
	"/../",
	"Expect: 100-continue\r\n",
	"A: b\r\n c\r\n",
	"ff",
	"5\r\nhello\r\n",
	";a=\"b\"",
	"GET ",
	"200 ",
};

/* [text] with one to four wounds; the result is in [buf]. */
static struct span damage(const char *text, char *buf, size_t cap)
{
	size_t n = strlen(text);
	memcpy(buf, text, n);
	for (uint32_t left = 1 + roll(&dice, 4); left > 0; left--) {
		size_t at = roll(&dice, (uint32_t)n + 1), span = roll(&dice, 8);
		const char *bit = bits[roll(&dice, sizeof bits / sizeof *bits)];
		size_t bit_n = strlen(bit);
		if (at < n && roll(&dice, 3) == 0) {
			buf[at] = (char)roll(&dice, 256);
		} else if (roll(&dice, 2) == 0 && n + bit_n <= cap) {
			memmove(buf + at + bit_n, buf + at, n - at);
			memcpy(buf + at, bit, bit_n);
			n += bit_n;
		} else if (at + span <= n && n > span + 1) {
			memmove(buf + at, buf + at + span, n - at - span);
			n -= span;
		}
	}
	return span_of(buf, n);
}

static struct http_limits limits;

static int read_request(struct span in, struct http_head *h)
{
	return http_read_request(in, &limits, h);
}

static int read_answer(struct span in, struct http_head *h)
{
	return http_read_response(in, &limits, HTTP_GET, h);
}

static bool inside(struct span s, struct span all)
{
	return s.p == NULL || s.n == 0 || (s.p >= all.p && s.p + s.n <= all.p + all.n);
}

static bool promises(const struct http_head *h, struct span head)
{
	bool good = inside(h->target, head) && inside(h->query, head) && inside(h->host, head) &&
		    inside(h->reason, head) && h->fields <= limits.fields && h->n <= limits.head;
	bool length = (h->has >> HTTP_F_CONTENT_LENGTH & 1) != 0;
	bool coding = (h->has >> HTTP_F_TRANSFER_ENCODING & 1) != 0;
	for (unsigned i = 0; i < h->fields; i++)
		good = good && http_name(h, i).n > 0 && inside(http_name(h, i), head) &&
		       inside(http_value(h, i), head);
	if (h->status == 0)
		good = good && (h->framing == HTTP_CHUNKED) == coding &&
		       (h->framing == HTTP_LENGTH) == length && h->framing != HTTP_UNTIL_CLOSE;
	return good && !(length && coding);
}

static void fuzz_heads(const char *name, read_head *read, const char *const *texts, size_t n,
		       int rounds)
{
	int accepted = 0, refused = 0;
	bool good = true;
	for (int i = 0; i < rounds && good; i++) {
		char buf[512];
		struct http_head h;
		struct span wire = damage(texts[roll(&dice, (uint32_t)n)], buf, sizeof buf);
		int rc = read(guarded(1, wire), &h);
		accepted += rc > 0;
		refused += rc < 0;
		good = cuts_agree(wire, read, name);
		wire = guarded(1, wire);
		rc = read(wire, &h);
		if (rc > 0)
			good = check(promises(&h, span_head(wire, (size_t)rc)),
				     "%s: an accepted head breaks a promise", name) &&
			       good;
		if (!good)
			diag("round %d", i);
	}
	ok(good && accepted > rounds / 20 && refused > rounds / 4,
	   "%s: %d rounds, %d accepted, %d refused", name, rounds, accepted, refused);
}

/* Data and end of a body in stretches of up to [most] bytes. */
static int decode(struct span wire, uint32_t most, uint8_t *data, size_t *n, size_t *used)
{
	struct http_head h = {.framing = HTTP_CHUNKED};
	struct http_body b;
	int rc = HTTP_MORE;
	http_body_init(&b, &h, &limits);
	*n = *used = 0;
	while (*used < wire.n && !b.done) {
		struct span piece, part = span_head(span_tail(wire, *used), 1 + roll(&dice, most));
		rc = http_body_next(&b, guarded(0, part), &piece);
		if (rc < 0)
			return rc;
		memcpy(data + *n, piece.p, piece.n);
		*n += piece.n;
		*used += (size_t)rc;
	}
	return b.done;
}

static void fuzz_bodies(int rounds)
{
	static const char *const texts[] = {
		"5\r\nhello\r\n0\r\n\r\n",
		"5;a=\"b;c\";d\r\nhello\r\n1f;x=y\r\n0123456789012345678901234567890\r\n0\r\n"
		"A: b\r\nETag: c\r\n\r\nGET / HTTP/1.1\r\n",
	};
	int done_count = 0, bad = 0;
	bool good = true;
	limits = http_default_limits;
	limits.chunk_ext = 40;
	for (int i = 0; i < rounds && good; i++) {
		char buf[256];
		uint8_t a[256], b[256];
		size_t an, bn, aused, bused;
		struct span wire = damage(texts[roll(&dice, 2)], buf, sizeof buf);
		int whole = decode(wire, 1000, a, &an, &aused);
		int parts = decode(wire, 1 + roll(&dice, 9), b, &bn, &bused);
		done_count += whole > 0;
		bad += whole < 0;
		good = check(whole == parts && an == bn && memcmp(a, b, an) == 0 &&
				     (whole < 0 || aused == bused),
			     "round %d: %d and %d, %zu and %zu bytes", i, whole, parts, an, bn);
	}
	ok(good && done_count > rounds / 20 && bad > rounds / 4,
	   "bodies: %d rounds, %d done, %d refused", rounds, done_count, bad);
}

/* Small readers take any bytes; what a decoded path may never hold, it does not. */
static void fuzz_rest(int rounds)
{
	static const char *const texts[] = {
		"/a/./b/../%41%C3%A4/c.html",    "a=1&b=%20+c&%61=2",
		"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
		"Sun Nov  6 08:49:37 1994",
	};
	bool good = true;
	for (int i = 0; i < rounds && good; i++) {
		char buf[256];
		uint8_t to[256];
		uint64_t seconds;
		struct span in = guarded(2, damage(texts[roll(&dice, 5)], buf, sizeof buf));
		struct out o = out_init(to, roll(&dice, 40));
		if (http_path_decode(in, &o)) {
			struct span path = out_span_of(&o);
			good = check(path.n > 0 && path.p[0] == '/' &&
					     span_find(path, 0) == path.n &&
					     span_find(path, '\\') == path.n,
				     "round %d: a bad path", i);
			while (path.p != NULL) {
				struct span part = span_cut(&path, '/');
				good = check(!span_eq(part, SPAN("..")) &&
						     !span_eq(part, SPAN(".")),
					     "round %d: a dot segment", i) &&
				       good;
			}
		}
		o = out_init(to, roll(&dice, 10));
		http_query_get(in, SPAN("a"), &o);
		http_media_type(in);
		http_get_date(in, dice.state, &seconds);
	}
	ok(good, "paths, queries, dates: %d rounds", rounds);
}

int main(void)
{
	static const char *const requests[] = {
		"GET /a?b=c HTTP/1.1\r\nHost: a:80\r\nAccept: text/html\r\n\r\n",
		"POST /%41 HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
		"\r\nPUT http://b/ HTTP/1.1\r\nhost: a\r\nContent-Length: 5\r\nTE: a\r\n\r\n",
		"CONNECT a:443 HTTP/1.0\r\nUser-Agent: 0123456789 0123456789 0123456789\r\n\r\n",
	};
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: 0123456789 012345\r\n\r\nhello",
		"HTTP/1.0 304 \r\nDate: 0123456789 01234567\r\nConnection: keep-alive\r\n\r\n",
		"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
	};
	limits = (struct http_limits){60, 100, 4, 40};
	fuzz_heads("requests, tight limits", read_request, requests, 4, 1500);
	fuzz_heads("answers, tight limits", read_answer, answers, 3, 1000);
	limits = http_default_limits;
	fuzz_heads("requests", read_request, requests, 4, 1500);
	fuzz_heads("answers", read_answer, answers, 3, 1000);
	fuzz_bodies(10000);
	fuzz_rest(20000);
	return done();
}
