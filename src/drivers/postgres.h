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
 * As in redis.h, nothing is queued while the connection is down. What not everybody needs stands in
 * files of its own, linked only where it is called:
 *	postgres_query.h        any SQL, several statements at once, back-pressure, portals
 *	postgres_cache.h        statements prepared when they are first used; poolers
 *	postgres_cancel.h       a deadline cancels the query and not the connection
 *	postgres_attrs.h        several hosts: the primary, a standby, one that writes
 *	postgres_settings.h     what the server reports of itself
 *	postgres_transaction.h  BEGIN to COMMIT, and again after a serialization failure
 *	postgres_listen.h       LISTEN and NOTIFY
 *	postgres_copy.h         COPY both ways
 *	postgres_pool.h         several connections
 *	postgres_target.h       a configuration out of a connection string and the environment
 *	postgres_blocking.h     the same without a loop
 */
#ifndef DRIVERS_POSTGRES_H
#define DRIVERS_POSTGRES_H

#include "drivers/link.h"
#include "pgwire/pgwire_session.h"

#define POSTGRES_IN_FLIGHT 512
#define POSTGRES_BOOT_MAX 16 /* setup queries and statements together */

enum {
	POSTGRES_EDOWN = -21001,    /* not connected: not sent */
	POSTGRES_EFULL = -21002,    /* too many in flight, or too many bytes waiting: not sent */
	POSTGRES_ELOST = -21003,    /* the connection broke: perhaps executed */
	POSTGRES_ELATE = -21004,    /* not over before the deadline: perhaps executed */
	POSTGRES_EFAILED = -21005,  /* the server refused it: q->sqlstate, q->message */
	POSTGRES_EUNSENT = -21006,  /* lost or late before a byte of it left: safe to repeat */
	POSTGRES_EPROTO = -21007,   /* the server broke the protocol, p->error: perhaps executed */
	POSTGRES_EREQUEST = -21008, /* a NUL in its text, too many parameters: never sent */
	POSTGRES_ETARGET = -21009,  /* a connection string that cannot be followed */
};
/* English, for a log; also of p->error. */
const char *postgres_strerror(int rc);
/* Nothing of it was executed, and the server never saw it: EDOWN, EFULL, EUNSENT, EREQUEST. */
bool postgres_is_unsent(int rc);

struct postgres;
struct postgres_copy;

struct postgres_statement {
	struct span name, sql;
	uint16_t columns; /* of its rows */
};

struct postgres_request {
	/* One row; the view is good for the call. May be NULL when there are none. */
	void (*row)(struct postgres_request *q, const struct pgwire_row *row);
	/* The request is over and its memory the caller's: 0, or one of the errors above. */
	void (*done)(struct postgres_request *q, int rc);
	/*
	 * What else comes for it: COLUMNS, TYPES, PREPARED, COMPLETE, EMPTY, SUSPENDED, COPY_*, and
	 * ERROR with every field. Views are good for the call. May be NULL.
	 */
	void (*event)(struct postgres_request *q, const struct pgwire_event *ev);
	struct postgres *on; /* where it was sent last; this and what follows: the driver's */
	uint64_t deadline;   /* loop time */
	uint64_t at;         /* where it begins in the bytes of its connection */
	const struct postgres_statement *statement; /* these five: see postgres_cache.h */
	const struct pgwire_param *params;
	size_t nparams;
	uint32_t number;
	uint8_t marks;
	bool handed; /* rows were handed out */
	char sqlstate[6];
	char message[120]; /* of the server's error, cut */
};

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

/* Sees what the server says, but for rows and data, before anybody else: see postgres_watch. */
struct postgres_watcher {
	struct postgres_watcher *next;
	/* True: the event is used up, nobody else gets it. */
	bool (*event)(struct postgres_watcher *w, struct postgres *p,
		      const struct pgwire_event *ev);
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
	struct postgres_watcher *watchers;
	/* Asked when the time that was told to link_expect has come: see postgres_cancel.h. */
	uint64_t (*late)(struct postgres *p);
	void *canceller;
	uint64_t held_at;           /* see postgres_hold */
	struct postgres_copy *copy; /* see postgres_copy.h */
	bool ready;
	int error; /* PGWIRE_E... or NET_EFULL: how the server broke the protocol; 0: it did not */
	char why[192];
	/* Telemetry; losses counts attempts that failed too. */
	uint64_t connects, losses, requests, errors;
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

/*
 * One of cfg->statements. 0, POSTGRES_EDOWN, POSTGRES_EFULL or POSTGRES_EREQUEST; nothing of [q]
 * is called from within, and nothing of the statement or the parameters is kept.
 */
int postgres_send(struct postgres *p, struct postgres_request *q, uint32_t ms,
		  const struct postgres_statement *statement, const struct pgwire_param *params,
		  size_t nparams);
/* The same for any request that pgwire_session_send can say, with its flags. */
int postgres_put(struct postgres *p, struct postgres_request *q, uint32_t ms,
		 const struct pgwire_query *query, unsigned flags);
/*
 * For notices (PGWIRE_EV_NOTICE), notifications (NOTIFY) and reports (PARAMETER), and for those who
 * extend the client. To be called right after postgres_start; [w] stays in place. The last one
 * that came sees each event first.
 */
void postgres_watch(struct postgres *p, struct postgres_watcher *w);
/*
 * Gives the connection up and makes a new one, with a new setup: when the schema went away. Does
 * nothing when it is not ready: then a new one is being made.
 */
void postgres_renew(struct postgres *p, const char *why);

#endif
