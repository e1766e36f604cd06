/*
 * http_assets: files in memory, answered from heads that are made once, at the start. For what is
 * compiled into a binary, or loaded once; the bytes stay where they are.
 *
 *	static struct http_asset page[] = {
 *		{.path = SPAN("/app.js"), .bytes = ..., .cache = SPAN("no-cache")},
 *	};
 *	static uint8_t heads[4096];
 *	struct out o = out_init(heads, sizeof heads);
 *	http_asset_init(&page[0], SPAN("X-Content-Type-Options: nosniff\r\n"), &o);
 *	if (o.over)
 *		...                             // heads is too small
 *	...
 *	const struct http_asset *a = http_assets_find(page, 1, x->head->path);
 *	if (a != NULL)
 *		http_asset_answer(x, a);        // as http_static.h says: 200, 304, 206 ...
 *
 * Each answer carries a strong ETag, the FNV-1a hash of the bytes: it changes exactly when they
 * do, on every machine, and needs no clock. There is no Last-Modified, since the time at which a
 * program was built says nothing about its files and would make builds differ.
 */
#ifndef DRIVERS_HTTP_ASSETS_H
#define DRIVERS_HTTP_ASSETS_H

#include "drivers/http_static.h"

#define HTTP_ETAG_SIZE 18 /* 16 hexadecimal digits in quotes */

struct http_asset {
	/* By the owner; what they point to lives as long as the process. */
	struct span path; /* decoded, from its first slash */
	struct span bytes;
	struct span gzip;  /* the same compressed; of no use, and not used, unless it is smaller */
	struct span type;  /* empty: by the extension of [path] */
	struct span cache; /* of Cache-Control; empty: none */
	/* By http_asset_init. */
	struct http_static served;
	uint8_t etag[2][HTTP_ETAG_SIZE];
};

/*
 * Makes the heads, with [fields] in all of them (whole lines, each with its CRLF), and keeps them
 * in what is left of [heads], whose bytes live as long as the process. 2 * (HTTP_ASSET_ROOM +
 * fields.n) bytes are enough while type and cache together have at most 100, and twice that with
 * gzip.
 */
#define HTTP_ASSET_ROOM 384
void http_asset_init(struct http_asset *a, struct span fields, struct out *heads);

/* The asset of exactly that path, or NULL. */
const struct http_asset *http_assets_find(const struct http_asset *table, size_t n,
					  struct span path);

/* Answers GET and HEAD, within the handler's request. */
void http_asset_answer(struct http_exchange *x, const struct http_asset *a);

#endif
