/*
 * http_cond: conditional requests (RFC 9110, section 13). Pure.
 *
 *	struct http_validators v = {.etag = SPAN("\"5f3a\""), .modified = mtime};
 *	switch (http_conditions(h, &v, now)) {
 *	case HTTP_NOT_MODIFIED:        304, with ETag, Last-Modified, Cache-Control, Vary (15.4.5)
 *	case HTTP_PRECONDITION_FAILED: 412
 *	case HTTP_PROCEED:             http_if_range, then 206 or 200
 *	}
 *
 * To be asked when the answer without conditions would be a 2xx (13.2.1): a 404 or 403 stays.
 * [now], seconds since 1970, resolves two-digit years.
 */
#ifndef HTTP_HTTP_COND_H
#define HTTP_HTTP_COND_H

#include "http/http.h"

/* Of the representation that would be sent: each content coding has an ETag of its own. */
struct http_validators {
	struct span etag;  /* with its quotes, W/ before them when it is weak; p == NULL: none */
	uint64_t modified; /* what Last-Modified says; 0: none */
};

enum http_verdict {
	HTTP_PROCEED,
	HTTP_NOT_MODIFIED,
	HTTP_PRECONDITION_FAILED,
};

/*
 * The verdict of If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since, in the order
 * of 13.2.2. [v] is NULL when there is no current representation (a PUT that would make one).
 * CONNECT, OPTIONS and TRACE take no conditions (13.2.1).
 *
 * - Tag lists may stand on several lines; all of them count. If-Match compares strongly,
 *   If-None-Match weakly (8.8.3.2). "*" stands alone. An empty list names nothing.
 * - Malformed (13 leaves it open): chosen is the side on which nothing is lost. A malformed
 *   If-Match has not matched: 412. A malformed If-None-Match has not matched for GET and HEAD,
 *   which get the whole, and is 412 for other methods, which might overwrite. One bad element,
 *   say a tag without quotes, makes the whole field so. Either way it is there, and hides the date.
 * - A date that is none of the three forms, a second line of the same field, or no date to compare
 *   with: the field is ignored (13.1.3, 13.1.4).
 */
enum http_verdict http_conditions(const struct http_head *h, const struct http_validators *v,
				  uint64_t now);

/*
 * Whether Range may be honoured, once http_conditions said HTTP_PROCEED: the method is GET (14.2),
 * Range is there at most once, and If-Range (13.1.5) is absent or agrees. It agrees as an
 * entity tag by strong comparison, or as a date that is exactly v->modified and whose second is
 * over: in it, the file may still change and keep its date (8.8.2.2). Malformed or repeated: no.
 * [v] is not NULL here.
 */
bool http_if_range(const struct http_head *h, const struct http_validators *v, uint64_t now);

#endif
