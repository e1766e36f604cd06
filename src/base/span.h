/*
 * span: a view of bytes that belong to somebody else.
 *
 * Text from outside is never NUL-terminated here: it is a struct span, good for as long as its
 * owner keeps the bytes in place. NUL-terminated strings stay at the edge (argv, environment).
 *
 *	struct span key = SPAN("values");
 *	if (span_eq_nocase(field, SPAN("content-length")))
 *		rc = dec_u64(value, &length);
 *
 * Nothing here allocates, fails loudly or looks at a locale.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const uint8_t *p;
	size_t n;
};

/* A span over a string literal, without its NUL. */
#define SPAN(literal) ((struct span){(const uint8_t *)("" literal), sizeof(literal) - 1})
#define SPAN_NONE ((struct span){NULL, 0})

/* A span over a NUL-terminated string; NULL gives the empty span. */
struct span span_str(const char *s);
struct span span_of(const void *p, size_t n);

bool span_eq(struct span a, struct span b);
/* ASCII letters compare without case; all other bytes as they are. */
bool span_eq_nocase(struct span a, struct span b);
bool span_starts(struct span s, struct span prefix);
bool span_ends(struct span s, struct span suffix);

/* Index of the first [byte], or s.n when there is none. */
size_t span_find(struct span s, uint8_t byte);
/* The first [n] bytes, or all when there are fewer; and what follows them. */
struct span span_head(struct span s, size_t n);
struct span span_tail(struct span s, size_t n);
/* Without the spaces and horizontal tabs at both ends. */
struct span span_trim(struct span s);
/*
 * Cuts *rest at the first [sep]: returns what stands before it, leaves what follows in *rest.
 * Without [sep], returns all and leaves *rest empty with p == NULL, so that
 * `while (rest.p)` walks a list and sees an empty last element.
 */
struct span span_cut(struct span *rest, uint8_t sep);

/*
 * Decimal numbers, whole span or nothing: digits only, no blank, no sign for dec_u64, one '-'
 * allowed for dec_i64. Leading zeros are accepted. False (and *v untouched) when the span is
 * empty, holds another byte or overflows.
 */
bool dec_u64(struct span s, uint64_t *v);
bool dec_i64(struct span s, int64_t *v);
/* Hexadecimal digits of either case, 1 to 16 significant ones. */
bool hex_u64(struct span s, uint64_t *v);

/* Big-endian integers at [p]; the caller has made sure that the bytes are there. */
static inline uint16_t get_be16(const uint8_t p[static 2])
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get_be32(const uint8_t p[static 4])
{
	return (uint32_t)get_be16(p) << 16 | get_be16(p + 2);
}

static inline uint64_t get_be64(const uint8_t p[static 8])
{
	return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

static inline void put_be16(uint8_t p[static 2], uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put_be32(uint8_t p[static 4], uint32_t v)
{
	put_be16(p, (uint16_t)(v >> 16));
	put_be16(p + 2, (uint16_t)v);
}

static inline void put_be64(uint8_t p[static 8], uint64_t v)
{
	put_be32(p, (uint32_t)(v >> 32));
	put_be32(p + 4, (uint32_t)v);
}

#endif
