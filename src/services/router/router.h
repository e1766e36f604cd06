/* router: what its files share. */
#ifndef SERVICES_ROUTER_ROUTER_H
#define SERVICES_ROUTER_ROUTER_H

#include "drivers/http_server.h"
#include "drivers/http_upstream.h"
#include "services/common/service.h"
#include "services/router/routes.h"
#include "services/router/trust.h"

struct router_config {
	struct service_config common;
	uint16_t port;
	struct routes_text routes;
	struct config_text api_host, web_host, via;
	uint16_t api_port, web_port;
	uint32_t upstream_timeout, stream_drain;
	struct trust trust;
};
extern struct router_config router_config;
extern struct routes router_routes;
extern struct http_server router_server;
extern struct net_loop *router_loop;

/* forward.c: the heads of requests. */

#define REQUEST_ID_MAX 64
#define TRACE_MAX 64

struct request_id {
	uint8_t n;
	uint8_t text[REQUEST_ID_MAX];
};

/*
 * Whether some server may see a "." or ".." segment in [path]: plain, percent-encoded, between
 * encoded slashes or backslashes, or before a ';'. What it leads to is a matter of opinion, so
 * such a path is no one's.
 */
bool forward_has_dots(struct span path);
/* The client's own, when it is trusted and sane, or a new one. */
void forward_take_id(struct request_id *id, const struct http_head *h, bool trusted);
/*
 * The trace that a load balancer (X-Amzn-Trace-Id) or a client (traceparent) has begun, for the log
 * only: the field goes on as it is. Empty when there is none.
 */
struct span forward_trace(const struct http_head *h);
/* An upgrade that may be passed on: not to another version of HTTP, which this one cannot read. */
bool forward_upgrade(const struct http_head *h);

/* Max-Forwards has run out: the router answers as if it were the last. */
bool forward_ends_here(const struct http_head *h);
/* Whether Connection may name further fields that must not go on. */
bool forward_names_fields(const struct http_head *h);
/* Whether the i-th field goes on: it is of none of the kinds in [without], and not hop-by-hop. */
bool forward_passes(const struct http_head *h, unsigned i, uint32_t without, bool named);
void forward_put_field(struct out *o, const struct http_head *h, unsigned i);
void forward_put_upgrade(struct out *o, const struct http_head *h);
void forward_put_id(struct out *o, const struct request_id *id);
/* The router's own entry, when it has a name. */
void forward_put_via(struct out *o, const struct http_head *h);

#define BIT(kind) (1u << (kind))

size_t forward_request_room(const struct http_head *h, const struct route *r);
void forward_put_request(struct out *o, struct http_exchange *x, const struct route *r,
			 const struct request_id *id, bool trusted);

/* answer.c: the heads of answers. */

/* More than the head that came: each Location may grow by a prefix. */
size_t answer_room(const struct http_head *h, const struct route *r);
/*
 * Fields of the answer as the client may see them: no hop-by-hop fields, no word of what stands
 * behind (Server, Via), and where a Location or the Domain of a cookie names the upstream itself,
 * the client's own origin instead.
 */
void answer_put(struct out *o, const struct http_head *h, const struct route *r,
		const struct request_id *id);
/* Of an interim answer: a whole head. */
void answer_put_interim(struct out *o, const struct http_head *h, const struct route *r);

/* stats.c: counters, and their answer. */

#define STATS_CLASSES 5  /* 1xx to 5xx */
#define STATS_BUCKETS 12 /* the last one without bound */

struct route_stats {
	uint64_t requests[STATS_CLASSES];
	uint64_t bucket[STATS_BUCKETS];
	uint64_t ms, received, sent; /* sums; bytes of bodies */
};

/* Of one process. */
struct router_stats {
	struct route_stats route[ROUTES_MAX + 1]; /* the last: answered by the router itself */
	struct upstream_counts upstream[ROUTES_UPSTREAMS];
	uint32_t clients;
};

/* Of this process, after stats_open. */
extern struct router_stats *stats;

/* Before the processes are made: memory that they share. 0 or -errno. */
int stats_prepare(void);
/* In each process; what another one with this number has counted before stays. */
void stats_open(void);
/* An exchange is over, with its answer's status. */
void stats_count(struct route_stats *s, unsigned status, uint64_t ms, uint64_t received,
		 uint64_t sent);
void stats_answer(struct http_exchange *x);

/* proxy.c: exchanges (exchange.h) between clients and upstreams. */
extern const struct http_handler proxy_handler;

#endif
