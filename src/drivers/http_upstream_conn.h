/* http_upstream_conn: a connection to an upstream; shared by http_upstream.c and
 * http_upstream_read.c. */
#ifndef DRIVERS_HTTP_UPSTREAM_CONN_H
#define DRIVERS_HTTP_UPSTREAM_CONN_H

#include "drivers/http_upstream.h"

enum upstream_phase {
	UPSTREAM_PARKED, /* idle, in the pool */
	UPSTREAM_HEADING,
	UPSTREAM_BODY,
	UPSTREAM_TUNNEL,
	UPSTREAM_OVER, /* closing */
};

struct upstream_conn {
	struct net_conn net;
	struct upstream *up;
	struct upstream_call *call; /* NULL when PARKED or OVER */
	struct upstream_conn *prev, *next;
	struct http_body decoder;
	uint32_t seen; /* bytes of an incomplete head that were looked at */
	uint8_t phase;
	bool kept : 1;        /* it has served a call before this one */
	bool keep_alive : 1;  /* it may serve another */
	bool ended : 1;       /* of a tunnel: the server's last byte has been given on */
	uint64_t sent_before; /* this call */
	uint64_t sent_mark;   /* when the timer was set */
};

extern const struct net_conn_ops upstream_conn_ops;
void upstream_on_time(struct net_timer *t);

/* Sets the timer for the phase. */
void upstream_arm(struct upstream_conn *c);
void upstream_park(struct upstream_conn *c);
/* Out of the pool, when it is there. */
void upstream_unpark(struct upstream_conn *c);
/* Closes; there is no call any more. */
void upstream_drop(struct upstream_conn *c, int why);
void upstream_conn_free(struct upstream_conn *c);
/* Takes call and connection apart. */
struct upstream_call *upstream_detach(struct upstream_conn *c);
/* A new connection for the call, which is kept whole; 0 or -errno. */
int upstream_dial(struct upstream_call *call);
void upstream_forget_kept(struct upstream_call *call);
bool upstream_has_body(const struct upstream_request *rq);
void upstream_fail(struct upstream_call *call, enum upstream_why why, const char *error);

#endif
