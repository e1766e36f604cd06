/*
 * postgres_cancel: a deadline that ends the query and not the connection. Without it a request
 * that misses its deadline costs the connection and all that is in flight on it; with it:
 * - when the server is at work on a request whose time is up, a cancel request (section
 *   "Canceling Requests in Progress" of the protocol) goes out on a connection of its own. The
 *   server has [grace_ms] to answer, mostly by the error 57014: then the request is
 *   POSTGRES_EFAILED, certainly not executed. If it says nothing the connection is given up as ever
 *   (POSTGRES_ELATE);
 * - one whose time is up while it waits behind another is POSTGRES_ELATE at once; when its turn
 *   comes it is cancelled, and its answer is thrown away. The others go on.
 *
 *	postgres_start(&client, &loop, &config, &events);
 *	postgres_cancel_open(&canceller, &client, 500);
 *
 * A cancel request names the connection and not the query (the protocol knows no better): one that
 * crosses with the answer can hit the request behind it, which then fails with 57014 too. It was
 * not executed and may be repeated. A dial that is not through when the answer comes is given up.
 *
 * The canceller's connection goes to the address of the connection that it is for, not to another
 * one of the same name; it lasts [grace_ms] at most.
 */
#ifndef DRIVERS_POSTGRES_CANCEL_H
#define DRIVERS_POSTGRES_CANCEL_H

#include "drivers/postgres.h"

struct postgres_canceller {
	struct postgres_watcher watcher;
	struct postgres *p;
	uint32_t grace_ms;
	struct net_conn conn;
	bool open;         /* conn is */
	bool waiting;      /* for the answer to [target] */
	uint32_t target;   /* its place in the session's ring, */
	uint64_t connects; /* of this connection */
	uint64_t until;
	struct postgres_request nobody; /* in place of those that were given up */
	uint64_t cancels;               /* telemetry: cancel requests begun */
};

/* Right after postgres_start; [c] stays in place until after the turn of postgres_cancel_close. */
void postgres_cancel_open(struct postgres_canceller *c, struct postgres *p, uint32_t grace_ms);
/* With postgres_stop. */
void postgres_cancel_close(struct postgres_canceller *c);
/*
 * The deadline of [q], which is in flight, is now: what is said above happens within a turn or two.
 * On a connection without a canceller it costs the connection; while it is held (postgres_hold)
 * nothing happens.
 */
void postgres_cancel(struct postgres_request *q);

#endif
