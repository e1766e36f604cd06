#include "pgwire/pgwire_copy.h"

#include <string.h>

/* The letters of escapes, and what they stand for, in the same place. */
static const char letters[] = "bfnrtv";
static const char meant[] = "\b\f\n\r\t\v";

static void put_value(struct out *o, struct span s)
{
	while (s.n > 0) {
		size_t plain = 0;
		const char *hit = NULL;
		while (plain < s.n && hit == NULL) {
			uint8_t c = s.p[plain++];
			/* Both the controls and the backslash are rare. */
			if (c == '\\' || (c >= '\b' && c <= '\r'))
				hit = memchr("\\\b\f\n\r\t\v", c, 7);
		}
		out_span(o, span_head(s, plain - (hit != NULL)));
		if (hit != NULL) {
			const char *at = memchr(meant, *hit, 6);
			out_byte(o, '\\');
			out_byte(o, (uint8_t)(at == NULL ? '\\' : letters[at - meant]));
		}
		s = span_tail(s, plain);
	}
}

void pgwire_copy_put_text(struct out *o, size_t n, const struct pgwire_value values[])
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			out_byte(o, '\t');
		if (values[i].null)
			out_str(o, "\\N");
		else
			put_value(o, values[i].bytes);
	}
	out_byte(o, '\n');
}

int pgwire_copy_get_line(struct span in, uint32_t max, struct pgwire_copy_line *line)
{
	struct span window = span_head(in, max);
	size_t n = span_find(window, '\n');
	if (n == window.n)
		return n == max ? PGWIRE_ELENGTH : PGWIRE_MORE;
	line->rest = span_head(in, n);
	return (int)(n + 1);
}

static int digit(struct span s, unsigned base)
{
	unsigned c = s.n == 0 ? 0 : s.p[0];
	unsigned n = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
	bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'f';
	return ((c >= '0' && c <= '9') || letter) && n < base ? (int)n : -1;
}

/* "101" behind a backslash in octal, "41" behind "\x": up to [most] digits. */
static uint8_t take_digits(struct span *s, unsigned base, unsigned most)
{
	unsigned n = 0;
	for (unsigned i = 0; i < most && digit(*s, base) >= 0; i++) {
		n = n * base + (unsigned)digit(*s, base);
		*s = span_tail(*s, 1);
	}
	return (uint8_t)n;
}

/* What follows a backslash; any other character stands for itself. */
static void put_escape(struct out *o, struct span *s)
{
	uint8_t c = s->p[0];
	const char *at = memchr(letters, c, 6);
	if (digit(*s, 8) >= 0) {
		out_byte(o, take_digits(s, 8, 3));
		return;
	}
	*s = span_tail(*s, 1);
	if (c == 'x' && digit(*s, 16) >= 0)
		out_byte(o, take_digits(s, 16, 2));
	else
		out_byte(o, at == NULL ? c : (uint8_t)meant[at - letters]);
}

static bool unescape(struct span s, struct out *room)
{
	while (s.n > 0) {
		size_t plain = span_find(s, '\\');
		out_span(room, span_head(s, plain));
		s = span_tail(s, plain);
		if (s.n == 1)
			return false;
		s = span_tail(s, 1);
		if (s.n > 0)
			put_escape(room, &s);
	}
	return true;
}

/* Up to a tab; one behind a backslash is a byte of the value, though the server writes "\t". */
static struct span cut_value(struct span *rest)
{
	struct span all = *rest;
	size_t n = 0;
	while (n < all.n && all.p[n] != '\t')
		n += all.p[n] == '\\' && n + 1 < all.n ? 2 : 1;
	*rest = n < all.n ? span_tail(all, n + 1) : SPAN_NONE;
	return span_head(all, n);
}

int pgwire_copy_next_text(struct pgwire_copy_line *line, struct pgwire_value *v, struct out *room)
{
	if (line->rest.p == NULL)
		return 0;
	size_t at = room->n;
	struct span text = cut_value(&line->rest);
	*v = (struct pgwire_value){text, span_eq(text, SPAN("\\N"))};
	if (v->null || span_find(text, '\\') == text.n)
		return 1;
	int rc = unescape(text, room) ? 1 : PGWIRE_EBODY;
	if (room->over)
		rc = PGWIRE_EROOM;
	v->bytes = span_of(room->p + at, room->n - at);
	if (rc < 0)
		line->rest = SPAN_NONE;
	return rc;
}
