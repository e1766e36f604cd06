#include "base/span.h"

#include <string.h>

struct span span_str(const char *s)
{
	return (struct span){(const uint8_t *)s, s == NULL ? 0 : strlen(s)};
}

struct span span_of(const void *p, size_t n)
{
	return (struct span){p, n};
}

bool span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool span_eq_nocase(struct span a, struct span b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] != b.p[i] && lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool span_starts(struct span s, struct span prefix)
{
	return s.n >= prefix.n && span_eq(span_head(s, prefix.n), prefix);
}

bool span_ends(struct span s, struct span suffix)
{
	return s.n >= suffix.n && span_eq(span_tail(s, s.n - suffix.n), suffix);
}

size_t span_find(struct span s, uint8_t byte)
{
	const uint8_t *hit = s.n == 0 ? NULL : memchr(s.p, byte, s.n);
	return hit == NULL ? s.n : (size_t)(hit - s.p);
}

struct span span_head(struct span s, size_t n)
{
	return (struct span){s.p, n < s.n ? n : s.n};
}

struct span span_tail(struct span s, size_t n)
{
	if (n >= s.n)
		n = s.n;
	return n == 0 ? s : (struct span){s.p + n, s.n - n};
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

struct span span_trim(struct span s)
{
	while (s.n > 0 && is_blank(s.p[0]))
		s = span_tail(s, 1);
	while (s.n > 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct span span_cut(struct span *rest, uint8_t sep)
{
	struct span all = *rest;
	size_t at = span_find(all, sep);
	*rest = at == all.n ? SPAN_NONE : span_tail(all, at + 1);
	return span_head(all, at);
}

bool dec_u64(struct span s, uint64_t *v)
{
	uint64_t sum = 0;
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned)s.p[i] - '0';
		if (digit > 9)
			return false;
		/* Nineteen digits fit whatever they are. */
		if (i >= 19 && sum > (UINT64_MAX - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*v = sum;
	return true;
}

bool dec_i64(struct span s, int64_t *v)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	uint64_t u;
	if (!dec_u64(span_tail(s, minus ? 1 : 0), &u))
		return false;
	if (u > (uint64_t)INT64_MAX + (minus ? 1 : 0))
		return false;
	/* -u without passing through an int64_t that cannot hold 2^63. */
	*v = !minus ? (int64_t)u : u == 0 ? 0 : -(int64_t)(u - 1) - 1;
	return true;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_u64(struct span s, uint64_t *v)
{
	uint64_t sum = 0;
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int digit = hex_digit(s.p[i]);
		if (digit < 0 || sum > UINT64_MAX >> 4)
			return false;
		sum = sum << 4 | (uint64_t)digit;
	}
	*v = sum;
	return true;
}
