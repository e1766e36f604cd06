/*
 * http_range: byte ranges (RFC 9110, section 14), read from a request and written into a 206 or
 * 416. Pure.
 *
 *	struct http_range r[HTTP_RANGES_MAX];
 *	int n = 0;
 *	if (http_if_range(h, &v, now))          // http_cond.h: GET, one Range, If-Range agrees
 *		n = http_get_ranges(http_find(h, HTTP_F_RANGE), size, r, HTTP_RANGES_MAX);
 *	n == 0: 200, everything
 *	n < 0:  http_status_of(n) is 416; Content-Range by http_put_unsatisfied_range
 *	n == 1: 206; Content-Range by http_put_content_range; r->n bytes from r->from
 *	n > 1:  206; Content-Type by http_put_ranges_type; Content-Length of http_ranges_length; the
 *		body is for each range http_put_range_part and its bytes, then http_put_ranges_end
 */
#ifndef HTTP_HTTP_RANGE_H
#define HTTP_HTTP_RANGE_H

#include "http/http.h"

/* Never empty; from + n is at most the size. */
struct http_range {
	uint64_t from, n;
};

#define HTTP_RANGES_MAX 16 /* a greater [max] counts as that */
#define HTTP_RANGES_FEW 4  /* so many tiny ones are accepted */
#define HTTP_RANGE_TINY 80 /* shorter than what a part costs (15.3.7.2) */

/*
 * The satisfiable ranges of [value], in the order of the request (15.3.7.2): how many there are, 0
 * when the field does not apply and the answer is the whole, HTTP_ERANGE when it is well-formed
 * but none is satisfiable. Only what the result counts means anything in [r].
 *
 * - Units compare without case; another unit than bytes does not apply. Malformed is what 14.1.1
 *   does not allow, a last position before the first included; one such range and none of the
 *   field applies (a server may ignore it, 14.2). Blanks stand around a range only, behind '=' too,
 *   as an example of 14.1.2 has it; empty elements are passed over (5.6.1.2).
 * - Numbers have any length (14.1.2): a last position or suffix beyond the size is clipped, a
 *   first position beyond it makes that range unsatisfiable, as does the suffix of length 0.
 * - A suffix of an empty representation is satisfiable but can't be said in Content-Range: 0.
 * - Against answers far larger than the file (17.15), the field does not apply either with more
 *   than [max] satisfiable ranges, more than two that overlap another one, or more than
 *   HTTP_RANGES_FEW shorter than HTTP_RANGE_TINY. So the ranges sum up to twice the size at most.
 * Ranges are not merged: a client gets those it asked for, or all.
 */
int http_get_ranges(struct span value, uint64_t size, struct http_range *r, size_t max);

/* The value of Content-Range in a 206: "bytes 0-4/10". A range outside the size sets o->over. */
void http_put_content_range(struct out *o, const struct http_range *r, uint64_t size);
/* And in a 416: an asterisk in place of the positions (14.4). */
void http_put_unsatisfied_range(struct out *o, uint64_t size);

/*
 * multipart/byteranges (14.6). The boundary is 1 to 70 letters, digits, and ' + _ - . (what RFC
 * 2046 and a token have in common, so that it needs no quotes); another one sets o->over. It must
 * not occur in the bytes sent: 64 bits nobody can foresee, in hexadecimal, are enough.
 *
 * http_put_ranges_type: the value of Content-Type.
 * http_put_range_part: what stands before the bytes of one range, from the CRLF that ends the part
 * before it (14.6 allows one before the first) to the empty line. [type] is the Content-Type
 * that the whole would have; empty: none.
 * http_put_ranges_end: what follows the last range.
 */
#define HTTP_BOUNDARY_MAX 70
void http_put_ranges_type(struct out *o, struct span boundary);
void http_put_range_part(struct out *o, struct span boundary, struct span type,
			 const struct http_range *r, uint64_t size);
void http_put_ranges_end(struct out *o, struct span boundary);
/* What http_put_range_part takes at most. */
#define HTTP_RANGE_PART_ROOM(boundary_n, type_n) ((boundary_n) + (type_n) + 109)
/*
 * Bytes of the whole body: each part and its range, and the end. 0 when they are 2^64 or more, or
 * an argument is one that the writers refuse, or n is 0.
 */
uint64_t http_ranges_length(struct span boundary, struct span type, const struct http_range *r,
			    size_t n, uint64_t size);

#endif
