#include "base/out.h"

#include <string.h>

struct out out_init(void *p, size_t cap)
{
	return (struct out){p, 0, cap, false};
}

struct span out_span_of(const struct out *o)
{
	return (struct span){o->p, o->n};
}

uint8_t *out_room(struct out *o, size_t n)
{
	if (o->over || n > o->cap - o->n) {
		o->over = true;
		return NULL;
	}
	uint8_t *at = o->p + o->n;
	o->n += n;
	return at;
}

void out_mem(struct out *o, const void *p, size_t n)
{
	uint8_t *at = n == 0 ? NULL : out_room(o, n);
	if (at != NULL)
		memcpy(at, p, n);
}

void out_byte(struct out *o, uint8_t b)
{
	uint8_t *at = out_room(o, 1);
	if (at != NULL)
		*at = b;
}

void out_span(struct out *o, struct span s)
{
	out_mem(o, s.p, s.n);
}

void out_str(struct out *o, const char *s)
{
	out_mem(o, s, strlen(s));
}

void out_be16(struct out *o, uint16_t v)
{
	uint8_t *at = out_room(o, 2);
	if (at != NULL)
		put_be16(at, v);
}

void out_be32(struct out *o, uint32_t v)
{
	uint8_t *at = out_room(o, 4);
	if (at != NULL)
		put_be32(at, v);
}

struct span dec_put(uint8_t buf[static 20], uint64_t v)
{
	size_t at = 20;
	do {
		buf[--at] = (uint8_t)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	return (struct span){buf + at, 20 - at};
}

void out_u64(struct out *o, uint64_t v)
{
	uint8_t buf[20];
	out_span(o, dec_put(buf, v));
}

void out_i64(struct out *o, int64_t v)
{
	uint8_t buf[21];
	struct span digits = dec_put(buf + 1, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
	uint8_t *start = buf + 21 - digits.n;
	if (v < 0)
		*--start = '-';
	out_mem(o, start, (size_t)(buf + 21 - start));
}

void out_hex(struct out *o, uint64_t v)
{
	uint8_t buf[16];
	size_t at = 16;
	do {
		buf[--at] = (uint8_t) "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v != 0);
	out_mem(o, buf + at, 16 - at);
}

void out_fixed(struct out *o, uint64_t v, unsigned digits)
{
	uint8_t *at = out_room(o, digits);
	if (at == NULL)
		return;
	for (unsigned i = digits; i > 0; i--) {
		at[i - 1] = (uint8_t)('0' + v % 10);
		v /= 10;
	}
}
