/*
 * What a server must answer to a stream of bytes, worked out from the codec alone, and the check
 * that it did. For fuzz_http_conn.c, whose handler says what described() does.
 *
 * The first letter of a path tells the form of the answer: 'l' later, 's' streamed, 'e' early,
 * before the body was read, 'p' prebuilt, 'n' 204, 't' a tunnel, 'b' a big one, 'h' held, 'w' one
 * that is written as there is room, 'r' with borrowed bytes, 'd' the body itself while it comes.
 */
#ifndef TESTS_FUZZ_HTTP_CONN_MODEL_H
#define TESTS_FUZZ_HTTP_CONN_MODEL_H

#include "drivers/http_server.h"
#include "fuzz/fuzz.h"

#define BIG 3000  /* filler of a big answer */
#define LONG 9000 /* and of one that has to wait for the client */
#define PREBUILT "prebuilt"

static const char borrowed[] = "bytes that live as long as the process";

struct model {
	const struct http_server_limits *lim;
	bool streaming; /* whether the handler takes bodies piece by piece */
	struct span out;
	unsigned answers;
};

static inline char form_of(struct span path)
{
	return path.n > 1 ? (char)path.p[1] : '\0';
}

static inline bool is_tunnel(const struct http_head *h, bool streaming)
{
	return streaming && form_of(h->path) == 't' && h->upgrade && h->framing == HTTP_NO_BODY;
}

/* The body that echoes a request. */
static inline void described(struct out *o, struct span method, struct span target, uint64_t hash,
			     size_t n)
{
	out_span(o, method);
	out_byte(o, ' ');
	out_span(o, target);
	out_byte(o, ' ');
	out_u64(o, n);
	out_byte(o, ' ');
	out_hex(o, hash);
}

static inline void fill(struct out *o, char form)
{
	size_t n = form == 'b' ? BIG : form == 'w' ? LONG : 0;
	for (size_t i = 0; i < n; i++)
		out_byte(o, (uint8_t)i);
}

/* Takes the body of an answer off m->out. */
static inline struct span take_body(struct model *m, const struct http_head *h)
{
	static uint8_t memory[FUZZ_MAX * 2 + LONG];
	struct out all = out_init(memory, sizeof memory);
	struct http_body b;
	struct span piece;
	http_body_init(&b, h, &http_default_limits);
	while (!b.done) {
		int used = http_body_next(&b, m->out, &piece);
		must(used >= 0, "a body is well-formed: %s", http_strerror(used));
		out_span(&all, piece);
		m->out = span_tail(m->out, (size_t)used);
		if (used == 0)
			break;
	}
	must(b.done || h->framing == HTTP_UNTIL_CLOSE, "a body is complete");
	must(!all.over, "a body has an end");
	return out_span_of(&all);
}

static inline void take_head(struct model *m, enum http_method asked, struct http_head *h)
{
	int used = http_read_response(m->out, &http_default_limits, asked, h);
	must(used > 0, "answer %u: %s", m->answers, http_strerror(used));
	m->out = span_tail(m->out, (size_t)used);
}

/* One answer; [body] with p == NULL: any. */
static inline void expect(struct model *m, enum http_method asked, bool may_continue,
			  unsigned status, struct span body)
{
	static struct http_head h;
	uint64_t date;
	take_head(m, asked, &h);
	if (h.status == 100) {
		must(may_continue, "100 only for who waits for it");
		take_head(m, asked, &h);
	}
	must(h.status == status, "answer %u: %u, not %u", m->answers, h.status, status);
	must(http_get_date(http_find(&h, HTTP_F_DATE), 0, &date), "a date");
	struct span got = take_body(m, &h);
	if (asked == HTTP_HEAD || status == 204 || status == 101)
		body = SPAN("");
	must(body.p == NULL || span_eq(got, body), "answer %u: another body", m->answers);
	m->answers++;
}

/* What becomes of a body: 1 decoded, 0 never complete, or the error. */
static inline int decode(const struct model *m, const struct http_head *h, struct span *rest,
			 uint64_t *hash, uint64_t *n)
{
	struct http_body b;
	struct span piece;
	http_body_init(&b, h, &m->lim->parse);
	while (!b.done) {
		int used = http_body_next(&b, *rest, &piece);
		if (used <= 0)
			return used;
		*hash = fnv(*hash, piece);
		*n += piece.n;
		*rest = span_tail(*rest, (size_t)used);
		if (!m->streaming && *n > m->lim->body)
			return 1; /* told at once */
	}
	return 1;
}

static inline void expect_form(struct model *m, const struct http_head *h, uint64_t hash, size_t n)
{
	static uint8_t text[FUZZ_MAX * 2 + LONG];
	struct out o = out_init(text, sizeof text);
	char form = form_of(h->path);
	described(&o, h->method_name, h->target, hash, n);
	fill(&o, form);
	struct span body = form == 'p'   ? SPAN(PREBUILT)
			   : form == 'r' ? span_of(borrowed, sizeof borrowed - 1)
					 : out_span_of(&o);
	unsigned status = h->method == HTTP_CONNECT ? 405 : form == 'n' ? 204 : 200;
	expect(m, h->method, h->expect_continue, status, body);
}

/* An answer, perhaps, that does not look whole; until close, that is not seen here. */
static inline void expect_torn(struct model *m, enum http_method asked)
{
	static struct http_head h;
	struct http_body b;
	struct span piece;
	int used = http_read_response(m->out, &http_default_limits, asked, &h);
	struct span rest = span_tail(m->out, used > 0 ? (size_t)used : 0);
	must(used >= 0, "a torn answer: %s", http_strerror(used));
	m->out = SPAN_NONE;
	if (used == 0 || asked == HTTP_HEAD)
		return;
	http_body_init(&b, &h, &http_default_limits);
	for (; used > 0; rest = span_tail(rest, (size_t)used))
		used = http_body_next(&b, rest, &piece);
	must(used == 0 && !b.done, "half a request has no whole answer");
}

/* The body comes back; of one that is never complete, or none, the answer is cut off too. */
static inline void expect_echo(struct model *m, const struct http_head *h, struct span rest)
{
	static uint8_t memory[FUZZ_MAX * 2];
	struct out all = out_init(memory, sizeof memory);
	struct http_body b;
	struct span piece;
	http_body_init(&b, h, &m->lim->parse);
	while (!b.done) {
		int used = http_body_next(&b, rest, &piece);
		if (used <= 0) {
			expect_torn(m, h->method);
			return;
		}
		out_span(&all, piece);
		rest = span_tail(rest, (size_t)used);
	}
	expect(m, h->method, h->expect_continue, 200, out_span_of(&all));
}

/* Answers to one request with a body; false when the connection is over. */
static inline bool expect_one(struct model *m, const struct http_head *h, struct span *rest,
			      unsigned served)
{
	uint64_t hash = 0, n = 0;
	bool body = h->framing == HTTP_CHUNKED || h->length > 0;
	bool again = h->keep_alive && (m->lim->requests == 0 || served < m->lim->requests);
	if (!m->streaming && h->length > m->lim->body) {
		expect(m, h->method, false, 413, SPAN_NONE);
		return false;
	}
	if (is_tunnel(h, m->streaming)) {
		expect(m, h->method, false, 101, SPAN_NONE);
		must(span_eq(m->out, *rest), "the tunnel gives back what went in");
		m->out = SPAN_NONE;
		return false;
	}
	if (m->streaming && body && form_of(h->path) == 'e') {
		expect_form(m, h, 0, 0);
		return false;
	}
	if (m->streaming && body && form_of(h->path) == 'd') {
		expect_echo(m, h, *rest);
		return false;
	}
	int rc = decode(m, h, rest, &hash, &n);
	if (rc > 0 && !m->streaming && n > m->lim->body)
		expect(m, h->method, h->expect_continue, 413, SPAN_NONE);
	else if (rc > 0)
		expect_form(m, h, hash, n);
	else if (rc < 0)
		expect(m, h->method, h->expect_continue, http_status_of(rc), SPAN_NONE);
	/* Else only 100 may have been said. */
	else if (m->out.n > 0)
		must(h->expect_continue && span_eq(m->out, SPAN("HTTP/1.1 100 Continue\r\n\r\n")),
		     "no answer to half a request");
	m->out = rc == 0 ? SPAN_NONE : m->out;
	char form = form_of(h->path);
	bool streamed = (form == 's' || form == 'w') && h->minor == 0;
	return rc > 0 && n <= (m->streaming ? UINT64_MAX : m->lim->body) && again && !streamed;
}

/* Of a head that can't be read only this counts: the answer to HEAD has no content. */
static inline enum http_method asked_by(struct span in)
{
	in = span_tail(in, span_starts(in, SPAN("\r\n")) ? 2 : 0);
	return span_starts(in, SPAN("HEAD ")) ? HTTP_HEAD : HTTP_OTHER;
}

/* Everything that must come for [in], and nothing else: how many requests were complete heads. */
static inline unsigned check_answers(struct model *m, struct span in)
{
	static struct http_head h;
	bool more = true;
	unsigned served = 0;
	while (more) {
		int used = http_read_request(in, &m->lim->parse, &h);
		if (used < 0)
			expect(m, asked_by(in), false, http_status_of(used), SPAN_NONE);
		if (used <= 0)
			break;
		in = span_tail(in, (size_t)used);
		more = expect_one(m, &h, &in, ++served);
	}
	must(m->out.n == 0, "%zu bytes that belong to no request", m->out.n);
	return served;
}

#endif
