/*
 * postgres: a PostgreSQL client on the loop. One connection that comes back by itself and prepares
 * its statements anew each time; what is sent in one turn leaves in one write (each request with a
 * Sync of its own, so an error hurts nobody else); every request has a deadline.
 *
 *	static const struct postgres_statement insert = {
 *		SPAN("insert"), SPAN("INSERT INTO t VALUES ($1)"), 0};
 *	struct postgres_request q = {.row = on_row, .done = on_done};
 *	rc = postgres_send(&client, &q, 900, &insert, params, 1);
 *
 * As in redis.h, nothing is queued while the connection is down.
 */
#ifndef DRIVERS_POSTGRES_H
#define DRIVERS_POSTGRES_H

#include "drivers/link.h"
#include "pgwire/pgwire_session.h"

#define POSTGRES_IN_FLIGHT 512
#define POSTGRES_BOOT_MAX 16 /* setup queries and statements together */

enum {
	POSTGRES_EDOWN = -21001,   /* not connected: not sent */
	POSTGRES_EFULL = -21002,   /* too many in flight, or too many bytes waiting: not sent */
	POSTGRES_ELOST = -21003,   /* the connection broke: perhaps executed */
	POSTGRES_ELATE = -21004,   /* not over before the deadline: perhaps executed */
	POSTGRES_EFAILED = -21005, /* the server refused it: q->sqlstate, q->message */
};

struct postgres_request {
	/* One row; the view is good for the call. May be NULL when there are none. */
	void (*row)(struct postgres_request *q, const struct pgwire_row *row);
	/* The request is over and its memory the caller's: 0, or one of the errors above. */
	void (*done)(struct postgres_request *q, int rc);
	uint64_t deadline;
	struct link *boot_of; /* the driver's own requests */
	char sqlstate[6];
	char message[120]; /* of the server's error, cut */
};

struct postgres_statement {
	struct span name, sql;
	uint16_t columns; /* of its rows */
};

struct postgres;
struct postgres_events {
	void (*ready)(struct postgres *p);
	void (*down)(struct postgres *p, const char *why);
};

struct postgres_config {
	struct link_config link;
	struct pgwire_login login;
	struct pgwire_limits limits;
	/* Run at each login before the statements are prepared; a failure is not the end. */
	const struct span *setup;
	size_t setups;
	/* Prepared at each login. One that can't be: the connection is given up and made anew. */
	const struct postgres_statement *const *statements;
	size_t statement_count;
};

struct postgres {
	struct link link;
	const struct postgres_config *cfg;
	const struct postgres_events *events;
	struct pgwire_session session;
	struct pgwire_pending queue[POSTGRES_IN_FLIGHT];
	struct postgres_request boot[POSTGRES_BOOT_MAX];
	size_t booting;       /* boot requests that are not over */
	struct net_task work; /* PBKDF2 in slices */
	bool ready;
	char why[192];
	uint64_t requests, errors, losses; /* telemetry */
	void *user;
};

/* With more setups and statements than POSTGRES_BOOT_MAX it never becomes ready: [down] says why.
 */
void postgres_start(struct postgres *p, struct net_loop *loop, const struct postgres_config *cfg,
		    const struct postgres_events *events);
/*
 * Nothing is called any more, also not for requests in flight. [p] stays in place until what was
 * written is sent: see link_stop.
 */
void postgres_stop(struct postgres *p);

/* 0, POSTGRES_EDOWN or POSTGRES_EFULL. Nothing of [q] is called from within. */
int postgres_send(struct postgres *p, struct postgres_request *q, uint32_t ms,
		  const struct postgres_statement *statement, const struct pgwire_param *params,
		  size_t nparams);
/*
 * Gives the connection up and makes a new one, with a new setup: when the schema went away. Does
 * nothing when it is not ready: then a new one is being made.
 */
void postgres_renew(struct postgres *p, const char *why);

#endif
