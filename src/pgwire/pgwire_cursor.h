/*
 * cursor: reading fields off a body, inside this folder only. The mirror of struct out: the first
 * field that is not there sets [bad], and whoever reads asks once, at the end.
 */
#ifndef PGWIRE_CURSOR_H
#define PGWIRE_CURSOR_H

#include "pgwire/pgwire.h"

struct cursor {
	struct span rest;
	bool bad;
};

static inline struct span take_bytes(struct cursor *c, size_t n)
{
	if (c->bad || n > c->rest.n) {
		c->bad = true;
		return SPAN_NONE;
	}
	struct span got = span_head(c->rest, n);
	c->rest = span_tail(c->rest, n);
	return got;
}

static inline uint8_t take_byte(struct cursor *c)
{
	struct span s = take_bytes(c, 1);
	return c->bad ? 0 : s.p[0];
}

static inline uint16_t take_be16(struct cursor *c)
{
	struct span s = take_bytes(c, 2);
	return c->bad ? 0 : get_be16(s.p);
}

static inline uint32_t take_be32(struct cursor *c)
{
	struct span s = take_bytes(c, 4);
	return c->bad ? 0 : get_be32(s.p);
}

/* A text and the NUL behind it. */
static inline struct span take_text(struct cursor *c)
{
	size_t n = span_find(c->rest, 0);
	if (n == c->rest.n)
		c->bad = true;
	struct span s = take_bytes(c, n);
	take_bytes(c, 1);
	return s;
}

/* All was there, and nothing is left. */
static inline int take_end(const struct cursor *c)
{
	return c->bad || c->rest.n != 0 ? PGWIRE_EBODY : 1;
}

#define MESSAGE_HEAD 5 /* type and length */

/* A whole message whose type was looked at: bytes used, PGWIRE_MORE, or PGWIRE_ELENGTH. */
static inline int pgwire_next_body(uint32_t limit, struct span in, struct span *body)
{
	if (in.n < MESSAGE_HEAD)
		return PGWIRE_MORE;
	/* The length counts itself, and not the type; one below 4 becomes one above any limit. */
	uint32_t n = get_be32(in.p + 1) - 4;
	if (n > limit || n > PGWIRE_MESSAGE_MAX)
		return PGWIRE_ELENGTH;
	if (in.n - MESSAGE_HEAD < n)
		return PGWIRE_MORE;
	*body = (struct span){in.p + MESSAGE_HEAD, n};
	return (int)(MESSAGE_HEAD + n);
}

#endif
