#include "http/http_range.h"

#include "http/http_scan.h"

/* Digits only. What needs more than 64 bits counts as the greatest number: no size reaches it. */
static bool get_number(struct span s, uint64_t *v)
{
	if (s.n == 0 || http_skip(s.p, s.p + s.n, HTTP_C_DIGIT) != s.p + s.n)
		return false;
	if (!dec_u64(s, v))
		*v = UINT64_MAX;
	return true;
}

static struct span significant(struct span digits)
{
	while (digits.n > 1 && digits.p[0] == '0')
		digits = span_tail(digits, 1);
	return digits;
}

/* By the digits: two numbers beyond 64 bits have an order too, and a wrong one is malformed. */
static bool is_less(struct span a, struct span b)
{
	a = significant(a);
	b = significant(b);
	return a.n != b.n ? a.n < b.n : memcmp(a.p, b.p, a.n) < 0;
}

enum spec {
	WHOLE, /* not for us: the field does not apply */
	UNSATISFIABLE,
	SATISFIABLE,
};

static enum spec take_suffix(struct span length, uint64_t size, struct http_range *r)
{
	uint64_t n;
	if (!get_number(length, &n))
		return WHOLE;
	if (n == 0)
		return UNSATISFIABLE;
	if (size == 0)
		return WHOLE;
	r->n = n < size ? n : size;
	r->from = size - r->n;
	return SATISFIABLE;
}

static enum spec take_spec(struct span spec, uint64_t size, struct http_range *r)
{
	size_t dash = span_find(spec, '-');
	if (dash == spec.n)
		return WHOLE;
	struct span first = span_head(spec, dash), last = span_tail(spec, dash + 1);
	uint64_t from, to = UINT64_MAX;
	if (first.n == 0)
		return take_suffix(last, size, r);
	if (!get_number(first, &from))
		return WHOLE;
	if (last.n > 0 && (!get_number(last, &to) || is_less(last, first)))
		return WHOLE;
	if (from >= size)
		return UNSATISFIABLE;
	r->from = from;
	r->n = to < size ? to - from + 1 : size - from;
	return SATISFIABLE;
}

static bool overlap(const struct http_range *a, const struct http_range *b)
{
	return a->from < b->from + b->n && b->from < a->from + a->n;
}

/* 14.2 and 17.15: what nobody asks for who wants to be served. */
static bool is_egregious(const struct http_range *r, size_t n)
{
	size_t tiny = 0, overlapping = 0;
	for (size_t i = 0; i < n; i++) {
		size_t j = 0;
		while (j < n && (j == i || !overlap(&r[i], &r[j])))
			j++;
		overlapping += j < n;
		tiny += r[i].n < HTTP_RANGE_TINY;
	}
	return overlapping > 2 || tiny > HTTP_RANGES_FEW;
}

int http_get_ranges(struct span value, uint64_t size, struct http_range *r, size_t max)
{
	struct span unit = span_cut(&value, '=');
	size_t specs = 0, n = 0;
	if (!span_eq_nocase(unit, SPAN("bytes")))
		return 0;
	max = max < HTTP_RANGES_MAX ? max : HTTP_RANGES_MAX;
	while (value.p != NULL) {
		struct span spec = span_trim(span_cut(&value, ','));
		struct http_range one = {0, 0};
		if (spec.n == 0)
			continue;
		enum spec said = take_spec(spec, size, &one);
		if (said == WHOLE || (said == SATISFIABLE && n == max))
			return 0;
		specs++;
		if (said == SATISFIABLE)
			r[n++] = one;
	}
	if (n == 0)
		return specs == 0 ? 0 : HTTP_ERANGE;
	return is_egregious(r, n) ? 0 : (int)n;
}

static bool is_inside(const struct http_range *r, uint64_t size)
{
	return r->n > 0 && r->from < size && r->n <= size - r->from;
}

void http_put_content_range(struct out *o, const struct http_range *r, uint64_t size)
{
	if (!is_inside(r, size)) {
		o->over = true;
		return;
	}
	out_mem(o, "bytes ", 6);
	out_u64(o, r->from);
	out_byte(o, '-');
	out_u64(o, r->from + r->n - 1);
	out_byte(o, '/');
	out_u64(o, size);
}

void http_put_unsatisfied_range(struct out *o, uint64_t size)
{
	out_mem(o, "bytes */", 8);
	out_u64(o, size);
}

/* bchars of RFC 2046, 5.1.1, that are tchar (9110, 5.6.2) as well. */
static bool is_boundary(struct span s)
{
	if (s.n == 0 || s.n > HTTP_BOUNDARY_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i], small = c | 0x20;
		bool alnum = (small >= 'a' && small <= 'z') || http_is(c, HTTP_C_DIGIT);
		if (!alnum && c != '\'' && c != '+' && c != '_' && c != '-' && c != '.')
			return false;
	}
	return true;
}

/* CRLF "--" boundary: delimiter of RFC 2046, 5.1.1. */
static void put_delimiter(struct out *o, struct span boundary)
{
	if (!is_boundary(boundary)) {
		o->over = true;
		return;
	}
	out_mem(o, "\r\n--", 4);
	out_span(o, boundary);
}

void http_put_ranges_type(struct out *o, struct span boundary)
{
	if (!is_boundary(boundary)) {
		o->over = true;
		return;
	}
	out_str(o, "multipart/byteranges; boundary=");
	out_span(o, boundary);
}

void http_put_range_part(struct out *o, struct span boundary, struct span type,
			 const struct http_range *r, uint64_t size)
{
	put_delimiter(o, boundary);
	out_mem(o, "\r\n", 2);
	if (type.n > 0)
		http_put_field(o, SPAN("Content-Type"), type);
	out_str(o, "Content-Range: ");
	http_put_content_range(o, r, size);
	out_mem(o, "\r\n\r\n", 4);
}

void http_put_ranges_end(struct out *o, struct span boundary)
{
	put_delimiter(o, boundary);
	out_mem(o, "--\r\n", 4);
}

static uint64_t digits(uint64_t v)
{
	uint8_t buf[20];
	return dec_put(buf, v).n;
}

static bool add(uint64_t *sum, uint64_t v)
{
	if (v > UINT64_MAX - *sum)
		return false;
	*sum += v;
	return true;
}

uint64_t http_ranges_length(struct span boundary, struct span type, const struct http_range *r,
			    size_t n, uint64_t size)
{
	uint64_t sum = 4 + boundary.n + 4; /* of the end */
	uint64_t part = 4 + boundary.n + 2 + 15 + 6 + 1 + 1 + digits(size) + 4;
	if (n == 0 || !is_boundary(boundary))
		return 0;
	if (type.n > 0) {
		if (http_skip_value(type.p, type.p + type.n) != type.p + type.n ||
		    !add(&part, 14 + 2) || !add(&part, type.n))
			return 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (!is_inside(&r[i], size))
			return 0;
		uint64_t positions = digits(r[i].from) + digits(r[i].from + r[i].n - 1);
		if (!add(&sum, part) || !add(&sum, positions) || !add(&sum, r[i].n))
			return 0;
	}
	return sum;
}
