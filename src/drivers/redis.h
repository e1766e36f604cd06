/*
 * redis: a Redis client on the loop. One connection that comes back by itself; what is sent in one
 * turn leaves in one write; every request has a deadline.
 *
 *	static void on_item(struct redis_request *q, const struct resp_item *it)
 *	{
 *		...                             // it->last: that was the whole reply
 *	}
 *	struct redis_request q = {.item = on_item, .failed = on_failed};
 *	rc = redis_send(&client, &q, 900, 2, (struct span[]){SPAN("GET"), key});
 *
 * Nothing is queued while the connection is down: redis_send says so at once, and the caller, who
 * knows what his own client is waiting for, decides.
 */
#ifndef DRIVERS_REDIS_H
#define DRIVERS_REDIS_H

#include "drivers/link.h"
#include "resp/resp_session.h"

#define REDIS_IN_FLIGHT 1024

enum {
	REDIS_EDOWN = -20001, /* not connected: the command was not sent */
	REDIS_EFULL = -20002, /* too many in flight, or too many bytes waiting: not sent */
	REDIS_ELOST = -20003, /* the connection broke: it may have been executed, or not */
	REDIS_ELATE = -20004, /* no complete reply before the deadline: perhaps executed */
};

/* One that keeps no state may be sent again before it is over. */
struct redis_request {
	/*
	 * One item of the reply (resp.h); views good for the call. Error replies come here too, as
	 * RESP_ERROR. After it->last the request is over and its memory the caller's.
	 */
	void (*item)(struct redis_request *q, const struct resp_item *it);
	/* There will be no (complete) reply; the request is over. [why] is REDIS_ELOST or _ELATE.
	 */
	void (*failed)(struct redis_request *q, int why);
};

struct redis;
struct redis_events {
	void (*ready)(struct redis *r);                            /* after each login */
	void (*down)(struct redis *r, const char *why);            /* lost, or not made */
	void (*push)(struct redis *r, const struct resp_item *it); /* may be NULL */
};

struct redis_config {
	struct link_config link;
	struct resp_login login;
	struct resp_limits limits;
};

struct redis {
	struct link link;
	const struct redis_config *cfg;
	const struct redis_events *events;
	struct resp_session session;
	struct resp_pending queue[REDIS_IN_FLIGHT];
	uint64_t due[REDIS_IN_FLIGHT]; /* loop time in ms, for each place of the queue */
	struct redis_request sink;     /* where redis_send_quiet's replies go */
	bool ready;
	char why[128];
	uint64_t commands, replies, errors, losses; /* telemetry */
	void *user;
};

void redis_start(struct redis *r, struct net_loop *loop, const struct redis_config *cfg,
		 const struct redis_events *events);
/*
 * Nothing is called any more, also not for requests in flight. [r] stays in place until what was
 * written is sent: see link_stop.
 */
void redis_stop(struct redis *r);

/* 0, REDIS_EDOWN or REDIS_EFULL. Nothing of [q] is called from within. */
int redis_send(struct redis *r, struct redis_request *q, uint32_t ms, size_t argc,
	       const struct span argv[]);
/*
 * The same for a command whose reply does not matter (inside a MULTI, for example). A server that
 * gives none within link.connect_ms is given up all the same.
 */
int redis_send_quiet(struct redis *r, size_t argc, const struct span argv[]);

struct redis_command {
	size_t argc;
	const struct span *argv;
};
/*
 * A transaction, all of it or nothing: MULTI, the commands, EXEC, whose reply is what [q] gets
 * (RESP_NULL or an error: nothing was executed). Sent one by one, a connection that is full in the
 * middle would leave the commands of all others inside an open MULTI.
 */
int redis_transact(struct redis *r, struct redis_request *q, uint32_t ms, size_t n,
		   const struct redis_command commands[]);
/* Whether the whole reply is an error (it->str: its words, the first being its kind). */
bool redis_is_error(const struct resp_item *it);
/* SUBSCRIBE and its kin: the answers are pushes, within connect_ms. To be sent again in [ready]. */
int redis_subscribe(struct redis *r, size_t argc, const struct span argv[]);

#endif
