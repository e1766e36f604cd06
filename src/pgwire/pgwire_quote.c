#include "pgwire/pgwire_value.h"

/* Bytes of the UTF-8 character in front (RFC 3629, section 4), 0 when there is none. */
static size_t take_character(struct span s)
{
	uint8_t first = s.p[0], low = 0x80, high = 0xbf;
	size_t n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (first == 0 || (first >= 0x80 && first < 0xc2) || first > 0xf4 || n > s.n)
		return 0;
	/* No longer forms, no surrogates, nothing above U+10FFFF: all shows in the second byte. */
	if (first == 0xe0)
		low = 0xa0;
	if (first == 0xf0)
		low = 0x90;
	if (first == 0xed)
		high = 0x9f;
	if (first == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < n; i++, low = 0x80, high = 0xbf)
		if (s.p[i] < low || s.p[i] > high)
			return 0;
	return n;
}

/* [text] between two [quote]s, with them and [other] doubled inside. */
static bool put_quoted(struct out *o, struct span text, uint8_t quote, uint8_t other)
{
	out_byte(o, quote);
	while (text.n > 0) {
		size_t n = take_character(text);
		if (n == 0)
			return false;
		if (text.p[0] == quote || text.p[0] == other)
			out_byte(o, text.p[0]);
		out_span(o, span_head(text, n));
		text = span_tail(text, n);
	}
	out_byte(o, quote);
	return !o->over;
}

static bool keep(struct out *o, const struct out *copy, bool good)
{
	if (good)
		*o = *copy;
	return good;
}

bool pgwire_quote_literal(struct out *o, struct span text)
{
	struct out copy = *o;
	/* The blank in front: it must not grow together with a word before it. */
	if (span_find(text, '\\') < text.n)
		out_str(&copy, " E");
	return keep(o, &copy, put_quoted(&copy, text, '\'', '\\'));
}

bool pgwire_quote_identifier(struct out *o, struct span name)
{
	struct out copy = *o;
	return keep(o, &copy, put_quoted(&copy, name, '"', '"'));
}
