/*
 * out: bounded output with a sticky overflow.
 *
 * A writer puts as many pieces as it likes and asks o.over once: the first piece that does not
 * fit sets it, and from then on nothing is written (a piece is written whole or not at all).
 *
 *	struct out o = out_init(buf, sizeof buf);
 *	out_str(&o, "Content-Length: ");
 *	out_u64(&o, n);
 *	if (o.over)
 *		return -1;
 */
#ifndef BASE_OUT_H
#define BASE_OUT_H

#include "base/span.h"

struct out {
	uint8_t *p; /* the caller's buffer */
	size_t n;   /* bytes written so far, at most cap */
	size_t cap;
	bool over; /* something did not fit */
};

struct out out_init(void *p, size_t cap);
struct span out_span_of(const struct out *o); /* what was written so far */

void out_byte(struct out *o, uint8_t b);
void out_mem(struct out *o, const void *p, size_t n);
void out_span(struct out *o, struct span s);
void out_str(struct out *o, const char *s);
void out_be16(struct out *o, uint16_t v);
void out_be32(struct out *o, uint32_t v);
void out_u64(struct out *o, uint64_t v);                    /* decimal */
void out_i64(struct out *o, int64_t v);                     /* decimal, '-' for negative numbers */
void out_hex(struct out *o, uint64_t v);                    /* lower case, no leading zeros */
void out_fixed(struct out *o, uint64_t v, unsigned digits); /* decimal, zero-padded, cut above */

/*
 * Room for [n] bytes that the caller fills at once: the pointer, or NULL with o->over set.
 * The bytes count as written.
 */
uint8_t *out_room(struct out *o, size_t n);

/* Decimal text of [v] at the end of a buffer of 20 bytes; returns the text. */
struct span dec_put(uint8_t buf[static 20], uint64_t v);

#endif
