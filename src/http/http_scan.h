/*
 * http_scan: byte classes and the parts of the head reader, for the folder itself.
 *
 * The inner functions return 1 for progress, HTTP_MORE or an error, as the public ones do.
 */
#ifndef HTTP_HTTP_SCAN_H
#define HTTP_HTTP_SCAN_H

#include "base/cold.h"
#include "http/http.h"

#include <string.h>

/* Not freestanding: gcc's header needs libc there, and a kernel its vector registers untouched. */
#if defined(__SSE2__) && __STDC_HOSTED__
#define HTTP_SSE2 1
#include <emmintrin.h>
#else
#define HTTP_SSE2 0
#endif

enum {
	HTTP_C_TOKEN = 0x01, /* tchar (9110, 5.6.2) */
	HTTP_C_VALUE = 0x02, /* field-vchar, SP, HTAB (9110, 5.5) */
	HTTP_C_PATH = 0x04,  /* pchar and '/' (RFC 3986, 3.3) without '%', and [ ] | ^ */
	HTTP_C_QUERY = 0x08, /* that, '?', and { } ` \ */
	HTTP_C_HOST = 0x10,  /* unreserved and sub-delims (RFC 3986, 2.2 and 2.3) */
	HTTP_C_HEX = 0x20,
	HTTP_C_DIGIT = 0x40,
	HTTP_C_QUOTED = 0x80, /* qdtext (9110, 5.6.4) */
};
extern const uint8_t http_class[256];

static inline bool http_is(uint8_t c, unsigned class)
{
	return (http_class[c] & class) != 0;
}

static inline bool http_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Value of a byte that is of HTTP_C_HEX. */
static inline unsigned http_hex(uint8_t c)
{
	return (c & 15u) + (c >> 6) * 9u;
}

/* Two hexadecimal digits at [p], the rest of an escape. */
static inline bool http_is_escape(const uint8_t p[static 2])
{
	return (http_class[p[0]] & http_class[p[1]] & HTTP_C_HEX) != 0;
}

/* The first byte of [p, end) outside [class], or end; by fours, so that the bound costs little. */
static inline const uint8_t *http_skip(const uint8_t *p, const uint8_t *end, unsigned class)
{
	for (; end - p >= 4; p += 4) {
		if (!http_is(p[0], class))
			return p;
		if (!http_is(p[1], class))
			return p + 1;
		if (!http_is(p[2], class))
			return p + 2;
		if (!http_is(p[3], class))
			return p + 3;
	}
	while (p < end && http_is(*p, class))
		p++;
	return p;
}

/*
 * The first byte of [p, end) that no field value may hold, or end. Blocks first, then the last
 * bytes one by one: nothing outside is ever read.
 */
#if HTTP_SSE2
static inline const uint8_t *http_skip_value(const uint8_t *p, const uint8_t *end)
{
	const __m128i ctl = _mm_set1_epi8(0x1f), tab = _mm_set1_epi8('\t'),
		      del = _mm_set1_epi8(0x7f);
	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, ctl), v);
		low = _mm_andnot_si128(_mm_cmpeq_epi8(v, tab), low);
		int stop = _mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(v, del)));
		if (stop != 0)
			return p + __builtin_ctz((unsigned)stop);
	}
	return http_skip(p, end, HTTP_C_VALUE);
}
#else
/* Eight at a time: the top bit of a byte is set when it is below 0x20 or 0x7F (HTAB too). */
static inline const uint8_t *http_skip_value(const uint8_t *p, const uint8_t *end)
{
	const uint64_t ones = UINT64_MAX / 255, tops = ones << 7;
	for (; end - p >= 8; p += 8) {
		uint64_t v;
		memcpy(&v, p, 8);
		uint64_t del = v ^ ones * 0x7f;
		if ((((v - ones * 0x20) & ~v) | ((del - ones) & ~del)) & tops)
			break;
	}
	return http_skip(p, end, HTTP_C_VALUE);
}
#endif

/* What the fields have said so far, beside what is in the head itself. */
struct http_facts {
	bool response;
	bool tunnel; /* a 2xx answer to CONNECT: length and codings mean nothing */
	bool chunked, other_coding;
	bool close, keep_alive, upgrade, expect;
};

struct http_reader {
	const uint8_t *p, *end; /* end moves: first the line's limit, then the head's */
	struct http_head *h;
	struct http_facts facts;
	uint32_t line, head, fields; /* the limits in force */
};

/* CRLF at [p], after text that ended there; [other] is the error for a byte that is no line end. */
static inline int http_line_end(const uint8_t *p, const uint8_t *end, int other)
{
	if (end - p >= 2 && memcmp(p, "\r\n", 2) == 0)
		return 1;
	if (p == end)
		return HTTP_MORE;
	if (*p != '\r')
		return *p == '\n' ? HTTP_ELINE : other;
	return end - p == 1 ? HTTP_MORE : HTTP_ELINE;
}

/* The field lines and the empty one. */
int http_read_fields(struct http_reader *r);
/* Framing and what becomes of the connection, when all fields are known. */
int http_settle_request(const struct http_facts *f, struct http_head *h);
int http_settle_response(const struct http_facts *f, enum http_method asked, struct http_head *h);

/* Another form than origin-form: path and host, out of a path that is the target up to its '?'. */
int http_split_target(struct http_head *h);
/* uri-host [ ":" port ]; an empty one only when no port is [needed]. */
bool http_valid_host(struct span s, bool needed);

#endif
