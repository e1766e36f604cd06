/*
 * A second reader of chunked bodies (RFC 9112, section 7.1), for whole ones only and by lines, to
 * hold the first against: what is no body here must be none there.
 */
#ifndef TESTS_FUZZ_HTTP_CHUNKED_H
#define TESTS_FUZZ_HTTP_CHUNKED_H

#include "fuzz/fuzz.h"

struct chunked {
	struct span rest;
	size_t extra, extra_max; /* bytes of extensions and trailers */
	uint8_t *data;
	size_t n;
};

static inline bool is_tchar(uint8_t c)
{
	uint8_t low = c | 0x20;
	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
	       (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static inline bool is_text(uint8_t c)
{
	return c == '\t' || (c >= ' ' && c != 0x7f);
}

static inline size_t token_size(struct span s)
{
	size_t n = 0;
	while (n < s.n && is_tchar(s.p[n]))
		n++;
	return n;
}

/* Quotes included; 0 when it is none. */
static inline size_t quoted_size(struct span s)
{
	for (size_t i = 1; s.n > 0 && s.p[0] == '"' && i < s.n; i++) {
		if (s.p[i] == '"')
			return i + 1;
		i += s.p[i] == '\\';
		if (i == s.n || !is_text(s.p[i]))
			return 0;
	}
	return 0;
}

static inline void skip_blanks(struct span *s)
{
	while (s->n > 0 && (s->p[0] == ' ' || s->p[0] == '\t'))
		*s = span_tail(*s, 1);
}

/* BWS and [c], or false with *s as it was. */
static inline bool skip_to(struct span *s, uint8_t c)
{
	struct span rest = *s;
	skip_blanks(&rest);
	if (rest.n == 0 || rest.p[0] != c)
		return false;
	*s = span_tail(rest, 1);
	skip_blanks(s);
	return true;
}

static inline bool are_extensions(struct span s)
{
	while (skip_to(&s, ';')) {
		size_t name = token_size(s);
		if (name == 0)
			return false;
		s = span_tail(s, name);
		if (!skip_to(&s, '='))
			continue;
		size_t value = token_size(s) > 0 ? token_size(s) : quoted_size(s);
		if (value == 0)
			return false;
		s = span_tail(s, value);
	}
	return s.n == 0;
}

static inline bool take_line(struct chunked *c, struct span *line)
{
	uint8_t *end = memmem(c->rest.p, c->rest.n, "\r\n", 2);
	if (end == NULL)
		return false;
	*line = span_head(c->rest, (size_t)(end - c->rest.p));
	c->rest = span_tail(c->rest, line->n + 2);
	return true;
}

/* The size line; false when it is none. */
static inline bool take_size(struct chunked *c, uint64_t *size)
{
	struct span line;
	size_t digits = 0;
	if (!take_line(c, &line))
		return false;
	while (digits < line.n && (span_find(SPAN("0123456789abcdefABCDEF"), line.p[digits]) < 22))
		digits++;
	if (digits == 0 || digits > 16 || !hex_u64(span_head(line, digits), size) ||
	    *size > INT64_MAX)
		return false;
	c->extra += line.n - digits;
	return are_extensions(span_tail(line, digits));
}

static inline bool is_trailer(struct span line)
{
	static const char *const never[] = {
		"age",
		"authorization",
		"cache-control",
		"connection",
		"content-length",
		"content-encoding",
		"content-type",
		"content-range",
		"cookie",
		"expect",
		"expires",
		"host",
		"if-match",
		"if-none-match",
		"if-range",
		"if-modified-since",
		"keep-alive",
		"if-unmodified-since",
		"location",
		"max-forwards",
		"pragma",
		"proxy-authorization",
		"range",
		"proxy-connection",
		"retry-after",
		"set-cookie",
		"te",
		"trailer",
		"upgrade",
		"transfer-encoding",
		"vary",
		"www-authenticate",
	};
	size_t name = token_size(line);
	if (name == 0 || name == line.n || line.p[name] != ':')
		return false;
	for (size_t i = name + 1; i < line.n; i++)
		if (!is_text(line.p[i]))
			return false;
	for (size_t i = 0; i < COUNT(never); i++)
		if (span_eq_nocase(span_head(line, name), span_str(never[i])))
			return false;
	return true;
}

/* Whether a whole body stands at the front of c->rest, which then is what follows it. */
static inline bool is_chunked(struct chunked *c)
{
	struct span line = SPAN_NONE;
	uint64_t size;
	do {
		if (!take_size(c, &size) || size > c->rest.n)
			return false;
		memcpy(c->data + c->n, c->rest.p, (size_t)size);
		c->n += (size_t)size;
		c->rest = span_tail(c->rest, (size_t)size);
		if (size > 0 && (!take_line(c, &line) || line.n > 0))
			return false;
	} while (size > 0);
	while (take_line(c, &line)) {
		if (line.n == 0)
			return c->extra <= c->extra_max;
		if (!is_trailer(line))
			return false;
		c->extra += line.n + 1;
	}
	return false;
}

#endif
