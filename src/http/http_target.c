#include "http/http_scan.h"

/* Four numbers up to 255 without leading zeros (RFC 3986, 3.2.2). */
COLD static bool is_ipv4(struct span s)
{
	for (int i = 0; i < 4; i++) {
		struct span part = span_cut(&s, '.');
		uint64_t v;
		if (part.n > 3 || !dec_u64(part, &v) || v > 255)
			return false;
		if ((part.n > 1 && part.p[0] == '0') || (s.p == NULL) != (i == 3))
			return false;
	}
	return true;
}

/* One or two colons at [i], after a group: 1, or 2 for the gap that may stand once; 0 for neither.
 */
COLD static size_t colons(struct span s, size_t i, bool *gap)
{
	if (s.p[i] != ':')
		return 0;
	if (i + 1 < s.n && s.p[i + 1] == ':' && !*gap) {
		*gap = true;
		return 2;
	}
	return i + 1 < s.n ? 1 : 0; /* a group follows a single one */
}

/* Up to eight groups, the last two perhaps as IPv4, one gap in place of one or more. */
COLD static bool is_ipv6(struct span s)
{
	bool gap = span_starts(s, SPAN("::"));
	unsigned groups = 0;
	for (size_t i = gap ? 2 : 0; i < s.n;) {
		size_t j = i;
		while (j < s.n && http_is(s.p[j], HTTP_C_HEX))
			j++;
		if (j < s.n && s.p[j] == '.') {
			groups += 2;
			if (!is_ipv4(span_tail(s, i)))
				return false;
			break;
		}
		if (j == i || j - i > 4)
			return false;
		groups++;
		i = j;
		if (i == s.n)
			break;
		size_t sep = colons(s, i, &gap);
		if (sep == 0)
			return false;
		i += sep;
	}
	return gap ? groups <= 7 : groups == 8;
}

/* The end of a reg-name at the front; IPv4 is one as well. */
static const uint8_t *skip_name(const uint8_t *p, const uint8_t *end)
{
	for (;;) {
		p = http_skip(p, end, HTTP_C_HOST);
		if (p == end || *p != '%' || end - p < 3 || !http_is_escape(p + 1))
			return p;
		p += 3;
	}
}

/* The end of "[" IPv6 "]" at the front, or [p]. */
COLD static const uint8_t *skip_literal(const uint8_t *p, const uint8_t *end)
{
	struct span s = {p + 1, (size_t)(end - p) - 1};
	size_t n = span_find(s, ']');
	return n < s.n && is_ipv6(span_head(s, n)) ? s.p + n + 1 : p;
}

/* port = *DIGIT (RFC 3986, 3.2.3), up to 65535. */
static bool is_port(const uint8_t *p, const uint8_t *end, bool needed)
{
	if (p == end)
		return !needed;
	if (http_skip(p, end, HTTP_C_DIGIT) != end)
		return false;
	return end - p < 5 || (end - p == 5 && memcmp(p, "65535", 5) <= 0);
}

bool http_valid_host(struct span s, bool needed)
{
	if (s.n == 0)
		return !needed;
	const uint8_t *end = s.p + s.n;
	const uint8_t *p = s.p[0] == '[' ? skip_literal(s.p, end) : skip_name(s.p, end);
	if (p == end)
		return !needed;
	return p > s.p && *p == ':' && is_port(p + 1, end, needed);
}

/* http and https only: what else there is, is for proxies (9112, 3.2.2). */
COLD static int split_absolute(struct http_head *h)
{
	struct span s = h->path;
	size_t scheme = span_eq_nocase(span_head(s, 7), SPAN("http://"))    ? 7
			: span_eq_nocase(span_head(s, 8), SPAN("https://")) ? 8
									    : 0;
	if (scheme == 0)
		return HTTP_ETARGET;
	s = span_tail(s, scheme);
	size_t authority = span_find(s, '/');
	h->host = span_head(s, authority);
	if (authority == 0 || !http_valid_host(h->host, false))
		return HTTP_ETARGET;
	h->path = span_tail(s, authority);
	if (h->path.n == 0) {
		bool server = h->method == HTTP_OPTIONS && h->query.p == NULL;
		h->path = server ? SPAN("*") : SPAN("/"); /* 9112, 3.2.4 */
	}
	return 1;
}

int http_split_target(struct http_head *h)
{
	if (h->method == HTTP_CONNECT) {
		h->host = h->target;
		h->path = SPAN_NONE;
		return http_valid_host(h->target, true) ? 1 : HTTP_ETARGET;
	}
	if (span_eq(h->target, SPAN("*")))
		return h->method == HTTP_OPTIONS ? 1 : HTTP_ETARGET;
	return split_absolute(h);
}
