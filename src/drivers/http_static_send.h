/* http_static_send: bodies that are no single copy; between http_static.c and http_static_send.c.
 */
#ifndef DRIVERS_HTTP_STATIC_SEND_H
#define DRIVERS_HTTP_STATIC_SEND_H

#include "drivers/http_static.h"
#include "http/http_range.h"

/* Content-Type, Content-Encoding, Accept-Ranges: what 200 and a single range have. */
void http_static_put_content(const struct http_static *s, const struct http_form *f, struct out *o);

/*
 * Answers with those bytes of [f]: 200 with at most one range, which is all of it, or 206. False,
 * and nothing was done, when the ranges of something that stays (no hold) do not fit in the output.
 */
bool http_static_send(struct http_exchange *x, const struct http_static *s,
		      const struct http_form *f, unsigned status, const struct http_range *r,
		      unsigned n);

#endif
