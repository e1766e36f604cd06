/*
 * routes: the table of the router, read from one variable.
 *
 *	ROUTES="/api=http://api:5000 strip; /=http://web:3000,http://web2:3000 timeout=10s"
 *
 * Routes are separated by ';'. Each is PREFIX=URL[,URL...] and then options, blanks (newlines too)
 * between them and, where one likes, around '=' and ','. The longest prefix that fits a path wins.
 *
 * PREFIX is "/", or segments of letters, digits and "-._~" (no "." or "..") without a slash at
 * the end; URL is http://HOST[:PORT], port 80 when it says none, IPv6 addresses in brackets.
 *
 *	strip          the upstreams see paths without the prefix
 *	body=SIZE      bytes of a request's body, with k, m or g; above it 413; 0 is without limit
 *	connect=TIME   for the name and the connection, each upstream
 *	timeout=TIME   from the end of the request to the head of the answer
 *	idle=TIME      without a byte in the middle of an answer
 *	tunnel=TIME    without a byte either way after an upgrade
 *	retries=0      nothing is given to a second upstream or connection (see http_upstream.h)
 *	connections=N  to each upstream; above it 503
 */
#ifndef ROUTER_ROUTES_H
#define ROUTER_ROUTES_H

#include "drivers/http_upstream.h"
#include "services/common/config.h"

#define ROUTES_MAX 32
#define ROUTES_UPSTREAMS 64
#define ROUTES_TEXT 4096   /* bytes of the variable */
#define ROUTES_PREFIX 64   /* bytes */
#define ROUTES_ADDRESS 272 /* of routes_put_address, with "http://" */
#define ROUTES_BODY UINT64_C(10485760)

struct routes_text {
	size_t n;
	uint8_t p[ROUTES_TEXT];
};

/* Of the table, and of its memory: the upstreams of a route stand side by side in upstreams[]. */
struct route {
	struct span prefix; /* "/api"; empty for "/" */
	bool strip;
	uint64_t body;
	uint8_t first, count; /* upstreams */
	struct upstream_limits lim;
	struct upstream_group group;
};

struct route_upstream {
	const char *host;
	uint16_t port;
	bool six; /* host is an IPv6 address */
	struct upstream up;
};

struct routes {
	uint8_t count, upstream_count;
	struct route route[ROUTES_MAX];
	struct route_upstream upstream[ROUTES_UPSTREAMS];
	struct routes_text text; /* what the spans and hosts point into */
};

/* For a struct routes_text. */
config_take routes_take_text;
/*
 * Fills the table; [lim] holds for what a route does not say. Returns the number of mistakes, a
 * line each in [errors].
 */
int routes_parse(struct routes *t, struct span text, const struct upstream_limits *lim,
		 struct out *errors);
/* The table, a line a route. */
void routes_print(const struct routes *t, struct out *o);
/* The route with the longest prefix that fits; NULL when none does. */
struct route *routes_find(struct routes *t, struct span path);

/* Of an upstream's group. */
const struct route *routes_of(const struct upstream *up);
/* "/api", and "/" for the empty one. */
struct span routes_name(const struct route *r);
/* host:port, an IPv6 address in brackets. */
void routes_put_address(struct out *o, const struct route_upstream *u);

#endif
