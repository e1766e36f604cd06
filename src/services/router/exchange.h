/* exchange: what the router keeps of a request, from its head to the line in the log. */
#ifndef SERVICES_ROUTER_EXCHANGE_H
#define SERVICES_ROUTER_EXCHANGE_H

#include "services/router/router.h"

#define METHOD_SHOWN 24 /* bytes in the log */
#define PATH_SHOWN 200  /* bytes in the log */

struct exchange {
	struct upstream_call call;
	struct http_exchange *x;
	struct route *route; /* NULL: answered here */
	struct exchange *prev, *next;
	struct net_timer patience;      /* while it waits for 100 */
	uint64_t asked_at, answered_at; /* loop time; 0: not yet */
	uint64_t bytes, received;       /* of the answer's body, and of the request's */
	size_t out_max;                 /* http_room when nothing waits */
	const char *end;                /* NULL: as it should be */
	bool awaiting : 1;              /* 100, before the body may go on */
	bool tunnel : 1;
	bool events : 1;         /* an answer without an end: server-sent events */
	bool upstream_ended : 1; /* of a tunnel */
	struct request_id id;
	uint8_t method_n, path_n, trace_n;
	uint8_t method[METHOD_SHOWN], path[PATH_SHOWN], trace[TRACE_MAX];
};

/* In the list of those that are open; NULL: out of memory. */
struct exchange *exchange_new(struct http_exchange *x);

/*
 * The ends of an exchange, counted and logged: after each of these [e] is free, and e->x may be
 * another request.
 */
void exchange_end(struct exchange *e);
/* The client sees that it is not whole. */
void exchange_cut(struct exchange *e, const char *why);
/* The client has left: its server says so. */
void exchange_left(struct exchange *e);
/* The router's own answer. [field] may be empty. */
void exchange_answer(struct exchange *e, unsigned status, struct span field, struct span value,
		     struct span sentence);
/* 502 to 504: "[what]: (name of the route) [why]". */
void exchange_answer_failed(struct exchange *e, unsigned status, const char *what, const char *why);
void exchange_answer_too_large(struct exchange *e);

/* False when the client had left by then, and the exchange has ended with it. */
bool exchange_begin(struct exchange *e, struct out *o, uint64_t length);
/* A line of its own on what an upstream did; the answer does not say it. */
void exchange_log_failed(const struct exchange *e, enum upstream_why why);
/* Ends what has no end of its own: tunnels and event streams. */
void exchange_end_streams(void);

#endif
