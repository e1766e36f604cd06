/* router: what its files share. */
#ifndef SERVICES_ROUTER_ROUTER_H
#define SERVICES_ROUTER_ROUTER_H

#include "drivers/http_server.h"
#include "drivers/http_upstream.h"
#include "services/common/service.h"

/* Whose X-Forwarded-*, Forwarded and X-Request-Id are believed; the order of ROUTER_TRUST_WORDS. */
enum router_trust { TRUST_NONE, TRUST_PRIVATE, TRUST_ALL };
#define ROUTER_TRUST_WORDS "none private all"

struct router_config {
	struct service_config common;
	uint16_t port;
	struct config_text api_host, web_host;
	uint16_t api_port, web_port;
	uint32_t upstream_timeout;
	enum router_trust trust;
};
extern struct router_config router_config;
extern struct net_loop *router_loop;

/* Requests whose path begins with [prefix], as whole segments, go to [up] without it. */
struct route {
	const char *name;
	struct span prefix; /* "/api"; empty: all that is left, as it is */
	struct upstream up;
};
enum { ROUTE_API, ROUTE_WEB, ROUTES };
extern struct route routes[ROUTES];

/* forward.c: the heads. */

#define REQUEST_ID_MAX 64
#define FORWARD_ANSWER_ROOM 128 /* more than the head that came */

struct request_id {
	uint8_t n;
	uint8_t text[REQUEST_ID_MAX];
};

/* Whether [path] lies below the prefix, segment by segment, as it was sent. */
bool forward_fits(struct span path, struct span prefix);
/*
 * Whether some server may see a "." or ".." segment in [path]: plain, percent-encoded, between
 * encoded slashes or backslashes, or before a ';'. What it leads to is a matter of opinion, so
 * such a path is no one's.
 */
bool forward_has_dots(struct span path);
bool forward_trusts(const struct net_addr *peer);
/* The client's own, when it is trusted and sane, or a new one. */
void forward_take_id(struct request_id *id, const struct http_head *h, bool trusted);
/* An upgrade that may be passed on: not to another version of HTTP, which this one cannot read. */
bool forward_upgrade(const struct http_head *h);

size_t forward_request_room(const struct http_head *h, const struct route *r);
void forward_put_request(struct out *o, struct http_exchange *x, const struct route *r,
			 const struct request_id *id, bool trusted);
void forward_put_answer(struct out *o, const struct http_head *h, const struct request_id *id);

/* proxy.c: the exchanges. */

extern const struct http_handler proxy_handler;
/* Ends what has no end of its own: tunnels and event streams. */
void proxy_drain(void);

#endif
