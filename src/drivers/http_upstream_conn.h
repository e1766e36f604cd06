/* http_upstream_conn: a connection to an upstream; shared by the files of http_upstream. */
#ifndef DRIVERS_HTTP_UPSTREAM_CONN_H
#define DRIVERS_HTTP_UPSTREAM_CONN_H

#include "drivers/http_upstream.h"
#include "net/net_addr.h"

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
	bool patient : 1;     /* without UPSTREAM_DEAF_MS */
	uint32_t epoch;       /* of the server when it was opened */
	struct net_addr addr; /* of the server; family 0 for a Unix socket */
	uint64_t sent_before; /* this call */
	uint64_t sent_mark;   /* when the timer was set */
};

extern const struct net_conn_ops upstream_conn_ops;
void upstream_on_time(struct net_timer *t);

void upstream_forget_kept(struct upstream_call *call);
bool upstream_has_body(const struct upstream_request *rq);
bool upstream_is_idempotent(const struct upstream_request *rq);

/* The call has failed at its server: on to the next one when [again] and there is one, or over. */
void upstream_fail(struct upstream_call *call, enum upstream_why why, const char *error,
		   bool again);

/* http_upstream_pool.c: the connections. */

/* A record, not filled, or NULL: no memory. */
struct upstream_conn *upstream_conn_new(struct upstream_group *g);
void upstream_conn_free(struct upstream_conn *c);
/* Sets the timer for the phase. */
void upstream_arm(struct upstream_conn *c);
void upstream_park(struct upstream_conn *c);
/* An idle connection, not so any more; NULL when there is none. */
struct upstream_conn *upstream_unpark_idle(struct upstream *up);
/* Out of the pool, when it is there. */
void upstream_unpark(struct upstream_conn *c);
/* Closes; there is no call any more. */
void upstream_drop(struct upstream_conn *c, int why);
/*
 * The same in the middle of a request, with a reset: behind request bytes that the server does not
 * read, an orderly end would keep the kernel busy for minutes.
 */
void upstream_cut(struct upstream_conn *c);
/* The connection is the call's: what was written for it leaves. */
void upstream_attach(struct upstream_conn *c, struct upstream_call *call);
/* Takes call and connection apart. */
struct upstream_call *upstream_detach(struct upstream_conn *c);
/* TCP_USER_TIMEOUT off or on, where that changes something. */
void upstream_set_patient(struct upstream_conn *c, bool patient);

/* http_upstream_group.c: the choice of a server, and its circuit. */

/* Gives the call a server that it has not tried: 0, -EHOSTDOWN or -EBUSY. */
int upstream_pick(struct upstream_call *call);
/* The server is no longer busy with it. */
void upstream_release(struct upstream_call *call);
void upstream_succeeded(struct upstream *up);
void upstream_failed(struct upstream_call *call, enum upstream_why why);

/* http_upstream_look.c: the addresses of a name in use. */

/* To be called with every use. */
void upstream_use(struct upstream *up);
/* The name has these addresses now. */
void upstream_heard(struct upstream *up, const struct net_addr *addrs, unsigned n);
/* No connection that is there now is to be used again. */
void upstream_distrust(struct upstream *up);

#endif
