/*
 * postgres_blocking: a PostgreSQL client for programs without a loop. Calls return when they are
 * done or their time is up; underneath are the client of postgres.h and a loop of its own.
 *
 *	static struct postgres_blocking db;
 *	rc = postgres_blocking_open(&db, "postgres://me@host/base", 5000);
 *	rc = postgres_blocking_query(&db, SPAN("SELECT n, t FROM x WHERE n > $1"), &param, 1, 5000);
 *	while ((rc = postgres_blocking_next(&db, &row)) > 0)
 *		while (pgwire_row_next(&row, &value))
 *			use(value);
 *	if (rc < 0)
 *		complain(postgres_blocking_why(&db, rc));
 *	postgres_blocking_close(&db);
 *
 * Every call has a deadline in ms for all that it does; rows that are read later do not count, but
 * postgres_blocking_next waits for the server no longer than what was left. A query that misses it
 * is cancelled; when the server does not answer that either, the connection is given up.
 * Rows come in constant memory, however many there are: POSTGRES_BLOCKING_ROWS bytes, or one row.
 * A result that is not read to its end is thrown away by the next call, which reads it first.
 *
 * After a loss the next call says POSTGRES_EDOWN, unless one was under way and told of it: what
 * belonged to the session (transaction, LISTEN, SET) is gone. The call after that connects again.
 *
 * One thread at a time uses a client, and no signal handler does; several clients do not know each
 * other. Signals are left alone (EINTR is no error, SIGPIPE does not arise). Cancelling a call from
 * another thread is not offered: give it a deadline.
 *
 * Return values: 0 or more, or an error of postgres.h.
 */
#ifndef DRIVERS_POSTGRES_BLOCKING_H
#define DRIVERS_POSTGRES_BLOCKING_H

#include "drivers/postgres_cache.h"
#include "drivers/postgres_cancel.h"
#include "drivers/postgres_copy.h"
#include "drivers/postgres_settings.h"
#include "drivers/postgres_target.h"

#define POSTGRES_BLOCKING_ROWS 65536     /* bytes of rows that wait to be read */
#define POSTGRES_BLOCKING_STATEMENTS 32  /* prepared, see postgres_cache.h */
#define POSTGRES_BLOCKING_GRACE 1000     /* ms for the answer to a cancel request */
#define POSTGRES_BLOCKING_COLUMNS 8192   /* bytes of a description that is kept */
#define POSTGRES_BLOCKING_NOTIFIES 16384 /* bytes of notifications that wait to be read */

/* Some 46 KiB, and 80 KiB from malloc; reading is free. */
struct postgres_blocking {
	struct net_loop loop;
	struct postgres p;
	struct postgres_target target;
	struct postgres_settings settings;
	/* Of the last call: its result's columns (count 0: it has none), and what CommandComplete
	 * said: the words ("INSERT 0 5") and the number of rows. */
	struct pgwire_columns columns;
	char tag[64];
	uint64_t rows;
	uint64_t dropped; /* notifications for which there was no room; telemetry */
	/*
	 * Notices, and errors with every field of theirs, from within calls, which it may not make
	 * itself. To be set after open; may stay NULL.
	 */
	void (*notice)(struct postgres_blocking *b, const struct pgwire_error *e);
	void *user;
	/* From here on its own. */
	struct postgres_canceller canceller;
	struct postgres_cache cache;
	struct postgres_cache_entry entries[POSTGRES_BLOCKING_STATEMENTS];
	struct postgres_watcher watcher;
	struct postgres_request q;
	struct postgres_copy copy;
	struct net_timer timer;
	struct net_task task;
	bool open, expired;
	bool busy;         /* a call is under way, */
	bool copies;       /* which is a COPY */
	bool skips;        /* and nobody reads its rows */
	int rc;            /* when it is over */
	uint64_t connects; /* the session that the caller knows; 0: none */
	char why[192];
	char sqlstate[6];
	uint8_t *rows_p; /* what waits: rows, data of a COPY in either direction */
	size_t rows_cap, rows_n, rows_at;
	uint8_t *notifies_p;
	size_t notifies_n, notifies_at;
	uint8_t described[POSTGRES_BLOCKING_COLUMNS];
};

/*
 * Connects as postgres_target.h says, environment included; [conninfo] may be "". 0,
 * POSTGRES_ETARGET, POSTGRES_EDOWN when no host of the list let us in, or -errno. After an error
 * too postgres_blocking_close.
 */
int postgres_blocking_open(struct postgres_blocking *b, const char *conninfo, uint32_t ms);
/* The same with a configuration of one's own, in place until close. */
int postgres_blocking_open_config(struct postgres_blocking *b, const struct postgres_config *cfg,
				  uint32_t ms);
void postgres_blocking_close(struct postgres_blocking *b);

/* The words for [rc] after a call: the server's own when there are any; sqlstate beside them. */
const char *postgres_blocking_why(const struct postgres_blocking *b, int rc);
const char *postgres_blocking_sqlstate(const struct postgres_blocking *b); /* "" when none */

/* Statements without parameters, several with ';' between them; rows are thrown away. 0. */
int postgres_blocking_exec(struct postgres_blocking *b, struct span sql, uint32_t ms);
/*
 * One statement with parameters, up to the beginning of its result: 0, then its rows by next. The
 * parameters need not stay.
 */
int postgres_blocking_query(struct postgres_blocking *b, struct span sql,
			    const struct pgwire_param *params, size_t nparams, uint32_t ms);
/*
 * The same, prepared when it is first used; see postgres_cache_send: parameters stay in place until
 * the rows are read, [statement] until close.
 */
int postgres_blocking_run(struct postgres_blocking *b, const struct postgres_statement *statement,
			  const struct pgwire_param *params, size_t nparams, uint32_t ms);
/*
 * 1: the next row, good until the next call; 0: there is no more, all went well; or an error,
 * POSTGRES_EREQUEST for data of a COPY, which are no rows.
 */
int postgres_blocking_next(struct postgres_blocking *b, struct pgwire_row *row);

/*
 * COPY ... FROM STDIN: copy_in, then copy_put as often as there is data (pieces need not be rows),
 * then copy_end (0: stored, b->rows) or copy_fail (0: nothing is stored). Small pieces are
 * collected and sent together. copy_put waits for room; POSTGRES_EFAILED from it when the server
 * refused the data: it is over then.
 */
int postgres_blocking_copy_in(struct postgres_blocking *b, struct span sql, uint32_t ms);
int postgres_blocking_copy_put(struct postgres_blocking *b, struct span data);
int postgres_blocking_copy_end(struct postgres_blocking *b);
int postgres_blocking_copy_fail(struct postgres_blocking *b, struct span why);
/*
 * COPY ... TO STDOUT: copy_out, then copy_get: 1 and some data, good until the next call, whole
 * rows but for one that is longer than limits.piece; 0: the end.
 */
int postgres_blocking_copy_out(struct postgres_blocking *b, struct span sql, uint32_t ms);
int postgres_blocking_copy_get(struct postgres_blocking *b, struct span *data);

/*
 * The next notification (after LISTEN): 1, views good until the next call; 0: none came in [ms]; or
 * an error. Those that come during other calls wait for this one.
 */
int postgres_blocking_notification(struct postgres_blocking *b, struct pgwire_notify *n,
				   uint32_t ms);

#endif
