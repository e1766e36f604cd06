/*
 * What must hold for any head that is read, asked or answered; for fuzz_http_request.c and
 * fuzz_http_response.c.
 */
#ifndef TESTS_FUZZ_HTTP_HEADS_H
#define TESTS_FUZZ_HTTP_HEADS_H

#include "fuzz/fuzz.h"
#include "http/http.h"

struct reading {
	const struct http_limits *lim;
	bool answer;
	enum http_method asked;
};

static const struct http_limits tight = {60, 100, 4, 40};
/* For what our own writers made of a head: they put a blank behind each colon. */
static const struct http_limits wide = {65535, 65535, HTTP_FIELDS_MAX, 65535};

static inline int read_head(const struct reading *r, struct span in, struct http_head *h)
{
	if (r->answer)
		return http_read_response(in, r->lim, r->asked, h);
	return http_read_request(in, r->lim, h);
}

/* The verdict on each prefix: MORE, then one that never changes. Long inputs: on some prefixes. */
static inline void every_cut(const struct reading *r, struct span wire, struct dice *d)
{
	static struct http_head h;
	int before = HTTP_MORE, whole = read_head(r, wire, &h);
	size_t step = wire.n / 64 + 1;
	for (size_t cut = 0; cut <= wire.n; cut += 1 + roll(d, step)) {
		int rc = read_head(r, guarded(0, span_head(wire, cut)), &h);
		must(rc == whole || rc == HTTP_MORE, "cut at %zu says %d, whole %d", cut, rc,
		     whole);
		must(before == HTTP_MORE || rc == before, "cut at %zu: %d after %d", cut, rc,
		     before);
		must(rc <= 0 || (size_t)rc <= cut, "%d bytes of %zu used", rc, cut);
		must(whole <= 0 || cut < (size_t)whole || rc == whole, "cut at %zu: whole", cut);
		must(rc != HTTP_MORE || cut < r->lim->head + 2, "the buffer never fills");
		before = rc;
	}
}

/* As a connection does it, asking http_head_due first. */
static inline void drip(const struct reading *r, struct span wire, struct dice *d)
{
	static struct http_head h;
	size_t seen = 0, have = 0;
	int rc = HTTP_MORE, whole = read_head(r, wire, &h);
	while (rc == HTTP_MORE && have < wire.n) {
		have += roll_piece(d, wire.n - have);
		struct span in = guarded(0, span_head(wire, have));
		if (seen > 0 && !http_head_due(in, seen, r->lim)) {
			must(read_head(r, in, &h) <= 0, "a whole head is due");
			continue;
		}
		seen = have;
		rc = read_head(r, in, &h);
	}
	must(rc == whole || (whole < 0 && rc == HTTP_MORE), "drip says %d, whole %d", rc, whole);
}

static inline void check_fields(const struct http_head *h, struct span wire)
{
	uint32_t has = 0;
	for (unsigned i = 0; i < h->fields; i++) {
		struct span name = http_name(h, i), value = http_value(h, i);
		must(name.n > 0 && is_inside(name, wire), "the name of field %u", i);
		must(is_inside(value, wire) && span_trim(value).n == value.n, "value %u", i);
		must(h->known[i] < HTTP_F_KINDS, "the kind of field %u", i);
		has |= h->known[i] == HTTP_F_OTHER ? 0 : 1u << h->known[i];
		uint8_t upper[FUZZ_MAX];
		for (size_t k = 0; k < name.n; k++)
			upper[k] =
				name.p[k] >= 'a' && name.p[k] <= 'z' ? name.p[k] & 0xdf : name.p[k];
		struct span found = http_find_name(h, span_of(upper, name.n));
		must(found.p != NULL && (found.p == value.p || found.p < name.p), "find %u", i);
		http_is_hop_by_hop(h, i);
	}
	must((h->has & ~1u) == has, "the set of fields: %x, not %x", h->has, has);
	for (unsigned kind = 1; kind < HTTP_F_KINDS; kind++) {
		struct span found = http_find(h, (enum http_known)kind);
		must((found.p != NULL) == (has >> kind & 1), "find kind %u", kind);
		must(found.n == 0 || span_find(found, ',') < found.n ||
			     http_list_has(h, (enum http_known)kind, found),
		     "a value without comma is its own list: kind %u", kind);
	}
}

/* Lines end in CRLF, none begins with a blank, and no control character is in them. */
static inline void check_lines(struct span head)
{
	for (size_t i = 0; i < head.n; i++) {
		uint8_t c = head.p[i], next = i + 1 < head.n ? head.p[i + 1] : 0;
		must(c != '\r' || next == '\n', "a bare CR at %zu", i);
		must(c != '\n' || (i > 0 && head.p[i - 1] == '\r'), "a bare LF at %zu", i);
		must(c != '\n' || (next != ' ' && next != '\t'), "a folded line at %zu", i);
		must(c >= ' ' || c == '\r' || c == '\n' || c == '\t', "byte %u at %zu", c, i);
		must(c != 0x7f, "DEL at %zu", i);
	}
	must(span_ends(head, SPAN("\r\n\r\n")), "an empty line ends it");
}

/*
 * Once more, and slowly, what decides where the message ends: where two readers differ on that, a
 * request is smuggled. How many fields of [kind] there are, and all their elements.
 */
static inline unsigned elements(const struct http_head *h, const char *name, struct span *last,
				unsigned *fields)
{
	unsigned n = 0;
	*fields = 0;
	for (unsigned i = 0; i < h->fields; i++) {
		if (!span_eq_nocase(http_name(h, i), span_str(name)))
			continue;
		++*fields;
		for (struct span list = http_value(h, i); list.p != NULL;) {
			struct span one = span_trim(span_cut(&list, ','));
			n += one.n > 0;
			*last = one.n > 0 ? one : *last;
		}
	}
	return n;
}

static inline void check_length(const struct reading *r, const struct http_head *h)
{
	struct span last = SPAN_NONE;
	uint64_t length;
	unsigned fields, n = elements(h, "Transfer-Encoding", &last, &fields);
	bool nothing = r->answer && (h->framing == HTTP_NO_BODY || h->framing == HTTP_UNTIL_CLOSE);
	if (h->framing == HTTP_CHUNKED)
		must(n == 1 && span_eq_nocase(last, SPAN("chunked")) && h->minor == 1, "chunked");
	else
		must(nothing || fields == 0, "a coding that is obeyed");
	n = elements(h, "Content-Length", &last, &fields);
	if (h->framing == HTTP_LENGTH)
		must(fields == 1 && n == 1 && dec_u64(last, &length) && length == h->length &&
			     length <= INT64_MAX,
		     "one length");
	else
		must(nothing || fields == 0, "a length that is obeyed");
	elements(h, "Host", &last, &fields);
	must(r->answer || fields == 1 || (fields == 0 && h->minor == 0), "one Host");
}

static inline void check_framing(const struct reading *r, const struct http_head *h)
{
	bool length = (h->has >> HTTP_F_CONTENT_LENGTH & 1) != 0;
	bool coding = (h->has >> HTTP_F_TRANSFER_ENCODING & 1) != 0;
	bool tunnel = r->asked == HTTP_CONNECT && h->status / 100 == 2; /* both mean nothing */
	must(tunnel || !(length && coding), "a length or a coding");
	must(h->framing != HTTP_CHUNKED || coding, "chunked by a field");
	must(h->framing != HTTP_LENGTH || length, "a length by a field");
	must(h->framing != HTTP_UNTIL_CLOSE || (r->answer && !h->keep_alive), "until close");
	must(r->answer || (h->framing == HTTP_CHUNKED) == coding, "a request's coding");
	must(r->answer || (h->framing == HTTP_LENGTH) == length, "a request's length");
	must(h->minor <= 1 && (h->minor == 1 || !h->upgrade), "what 1.0 has not");
}

/* Fields and the end; [o] holds the first line, whose version becomes that of [h]. */
static inline void put_rest(struct out *o, const struct http_head *h, size_t version_at)
{
	must(!o->over && o->p[version_at] == '1', "a first line that was read can be written");
	o->p[version_at] = h->minor == 0 ? '0' : '1';
	for (unsigned i = 0; i < h->fields; i++)
		http_put_field(o, http_name(h, i), http_value(h, i));
	http_put_head_end(o);
	must(!o->over, "fields that were read can be written");
}

static inline void same_head(const struct http_head *a, const struct http_head *b)
{
	must(a->framing == b->framing && a->length == b->length, "the same framing");
	must(a->minor == b->minor && a->keep_alive == b->keep_alive, "the same connection");
	must(a->upgrade == b->upgrade && a->expect_continue == b->expect_continue, "wishes");
	must(a->has == b->has && a->fields == b->fields, "the same fields");
	for (unsigned i = 0; i < a->fields; i++) {
		must(span_eq(http_name(a, i), http_name(b, i)), "the name of field %u", i);
		must(span_eq(http_value(a, i), http_value(b, i)), "the value of field %u", i);
		must(a->known[i] == b->known[i], "the kind of field %u", i);
	}
}

#endif
