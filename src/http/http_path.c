#include "http/http_scan.h"

/* One byte of [*s] with its escape undone, taken from the front; -1 for a malformed escape. */
static int take_decoded(struct span *s)
{
	uint8_t c = s->p[0];
	size_t n = 1;
	if (c == '%') {
		if (s->n < 3 || !http_is_escape(s->p + 1))
			return -1;
		c = (uint8_t)(http_hex(s->p[1]) << 4 | http_hex(s->p[2]));
		n = 3;
	}
	*s = span_tail(*s, n);
	return c;
}

/* Bytes of the well-formed UTF-8 sequence at the front, 0 for none (RFC 3629, section 4). */
static size_t utf8_size(struct span s)
{
	uint8_t c = s.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
	if (n > s.n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s.p[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, and what lies above U+10FFFF. */
	if ((c == 0xe0 && s.p[1] < 0xa0) || (c == 0xed && s.p[1] > 0x9f) ||
	    (c == 0xf0 && s.p[1] < 0x90) || (c == 0xf4 && s.p[1] > 0x8f))
		return 0;
	return n;
}

static bool is_utf8(struct span s)
{
	while (s.n > 0) {
		size_t n = utf8_size(s);
		if (n == 0)
			return false;
		s = span_tail(s, n);
	}
	return true;
}

static bool is_dots(struct span s)
{
	return span_eq(s, SPAN(".")) || span_eq(s, SPAN(".."));
}

/* Appends one segment, decoded. */
static bool put_segment(struct span raw, struct out *o)
{
	size_t start = o->n;
	while (raw.n > 0) {
		bool escaped = raw.p[0] == '%';
		int c = take_decoded(&raw);
		if (c < ' ' || c == 0x7f || c == '\\' || (escaped && c == '/'))
			return false;
		out_byte(o, (uint8_t)c);
	}
	struct span done = span_tail(out_span_of(o), start);
	return !o->over && is_utf8(done) && !is_dots(done);
}

/* Takes the last "/segment" off what was written after [base]. */
static void pop_segment(struct out *o, size_t base)
{
	while (o->n > base && o->p[o->n - 1] != '/')
		o->n--;
	o->n -= o->n > base ? 1 : 0;
}

bool http_path_decode(struct span raw, struct out *o)
{
	size_t base = o->n;
	if (raw.n == 0 || raw.p[0] != '/')
		return false;
	raw = span_tail(raw, 1);
	while (raw.p != NULL) {
		struct span segment = span_cut(&raw, '/');
		bool dots = is_dots(segment);
		if (dots && segment.n == 2)
			pop_segment(o, base);
		if (dots && raw.p != NULL)
			continue; /* the next segment brings the slash */
		out_byte(o, '/');
		if (!dots && !put_segment(segment, o))
			return false;
	}
	return !o->over;
}

static int form_byte(struct span *s)
{
	bool plus = s->p[0] == '+';
	int c = take_decoded(s);
	return plus ? ' ' : c;
}

static bool is_key(struct span raw, struct span key)
{
	size_t i = 0;
	while (raw.n > 0 && i < key.n)
		if (form_byte(&raw) != key.p[i++])
			return false;
	return raw.n == 0 && i == key.n;
}

int http_query_get(struct span query, struct span key, struct out *o)
{
	struct out before = *o;
	while (query.p != NULL) {
		struct span value = span_cut(&query, '&');
		if (value.n == 0 || !is_key(span_cut(&value, '='), key))
			continue;
		while (value.n > 0) {
			int c = form_byte(&value);
			if (c < 0 || o->over) {
				*o = before;
				return HTTP_ETARGET;
			}
			out_byte(o, (uint8_t)c);
		}
		if (!o->over)
			return 1;
		*o = before;
		return HTTP_ETARGET;
	}
	return 0;
}
