/*
 * http_routes: handlers by method and path pattern.
 *
 *	static const struct http_route routes[] = {
 *		{HTTP_GET, "/", say_hi},
 *		{HTTP_GET, "/values/{n}", show_value},   // m->value[0] is the segment
 *		{HTTP_POST, "/values", take_value},
 *	};
 *	static void on_request(struct http_exchange *x)
 *	{
 *		http_routes_request(x, routes, sizeof routes / sizeof *routes);
 *	}
 *
 * A pattern is compared segment by segment with the decoded path; "{name}" takes any one segment
 * that is not empty. The first row that fits is taken. A GET row answers HEAD, too.
 */
#ifndef DRIVERS_HTTP_ROUTES_H
#define DRIVERS_HTTP_ROUTES_H

#include "drivers/http_server.h"

#define HTTP_ROUTE_VALUES 4  /* {name}s of one pattern; more are not told */
#define HTTP_ROUTE_PATH 1024 /* bytes of a decoded path; a longer one is nowhere (404) */
#define HTTP_ROUTE_ALLOW 96  /* bytes of an Allow value: all methods that have a name here */

struct http_match;

struct http_route {
	enum http_method method;
	const char *pattern;
	/* x->head, m and all they point to are good during the call only. */
	void (*handle)(struct http_exchange *x, const struct http_match *m);
};

struct http_match {
	struct span path; /* decoded */
	const struct http_route *route;
	struct span value[HTTP_ROUTE_VALUES];
	uint8_t text[HTTP_ROUTE_PATH], allow_text[HTTP_ROUTE_ALLOW];
	struct span allow; /* what a 405 and OPTIONS tell: the methods of this path */
};

enum http_found {
	HTTP_ROUTE_FOUND,
	HTTP_ROUTE_BAD_PATH,  /* 400: not a path (http_path_decode) */
	HTTP_ROUTE_NO_PATH,   /* 404 */
	HTTP_ROUTE_NO_METHOD, /* 405 with m->allow */
	HTTP_ROUTE_OPTIONS,   /* OPTIONS for a path that is there, or "*": m->allow */
	HTTP_ROUTE_NOT_KNOWN, /* 501: a method without a name here */
};

/* For handlers with answers of their own for all but FOUND. */
enum http_found http_route_find(const struct http_exchange *x, const struct http_route routes[],
				size_t n, struct http_match *m);
/* Calls the handler, or answers 204, 400, 404, 405 or 501 with a sentence. */
void http_routes_request(struct http_exchange *x, const struct http_route routes[], size_t n);

#endif
