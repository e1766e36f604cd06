/*
 * postgres_transaction: from BEGIN to COMMIT on a connection of one's own, rolled back when a step
 * fails, and run again from its beginning when the server asks for that (40001 serialization
 * failure, 40P01 deadlock), all within one deadline.
 *
 *	struct postgres_transaction t = {.begin = on_begin, .done = on_done,
 *					 .how = SPAN("ISOLATION LEVEL SERIALIZABLE")};
 *	rc = postgres_transaction_start(&t, &client, 2000);
 *
 *	static void on_begin(struct postgres_transaction *t)    // perhaps more than once
 *	{
 *		rc = postgres_transaction_send(t, &q, &take, params, 2);
 *		if (rc < 0)
 *			postgres_transaction_end(t, rc, NULL);
 *	}
 *	static void on_taken(struct postgres_request *q, int rc)  // the last step
 *	{
 *		postgres_transaction_end(t, rc, q);             // 0: COMMIT, else ROLLBACK
 *	}
 *
 * No other request may be sent on that connection until [done]: it would become a part of the
 * transaction. postgres_pool_take gives one. [done] gets
 *	0                         committed
 *	POSTGRES_EFAILED          rolled back: t->sqlstate, t->message
 *	POSTGRES_EUNSENT          lost or late before COMMIT was sent, so nothing is
 *	                          stored: may be repeated
 *	POSTGRES_ELOST, _ELATE,   COMMIT was sent and its answer is lost: perhaps stored
 *	_EPROTO
 *	anything else             what the caller gave to end: rolled back
 */
#ifndef DRIVERS_POSTGRES_TRANSACTION_H
#define DRIVERS_POSTGRES_TRANSACTION_H

#include "drivers/postgres.h"

#define POSTGRES_RETRIES 10       /* of a transaction, when retries is 0 */
#define POSTGRES_HOW_MAX 100      /* bytes of t->how */
#define POSTGRES_ROLLBACK_MS 1000 /* for ROLLBACK at least, also behind the deadline */
#define POSTGRES_RETRY_MIN 5   /* ms before the first one, with jitter; then twice as long each */
#define POSTGRES_RETRY_MAX 500 /* ms */

struct postgres_transaction {
	/* The transaction has begun: send the first step. */
	void (*begin)(struct postgres_transaction *t);
	void (*done)(struct postgres_transaction *t, int rc);
	struct span
		how; /* behind BEGIN: isolation level, READ ONLY; empty: the server's defaults */
	unsigned retries;   /* 0: POSTGRES_RETRIES; UINT_MAX: none */
	struct postgres *p; /* this and what follows: the driver's */
	struct postgres_request q;
	struct net_timer pause;
	uint64_t deadline;
	uint64_t connects; /* of the connection on which it began */
	unsigned tries;    /* how often it was begun */
	int rc;            /* why it is rolled back */
	bool committed;
	char sqlstate[6];
	char message[120];
};

/* BEGIN. As postgres_send; [ms] for everything, repetitions included. */
int postgres_transaction_start(struct postgres_transaction *t, struct postgres *p, uint32_t ms);
/*
 * A step: postgres_send, postgres_put and postgres_query with the time that is left. POSTGRES_EDOWN
 * too when the connection is a new one: what was done before is rolled back, and end says so.
 */
int postgres_transaction_put(struct postgres_transaction *t, struct postgres_request *q,
			     const struct pgwire_query *query, unsigned flags);
int postgres_transaction_send(struct postgres_transaction *t, struct postgres_request *q,
			      const struct postgres_statement *statement,
			      const struct pgwire_param *params, size_t nparams);
int postgres_transaction_query(struct postgres_transaction *t, struct postgres_request *q,
			       struct span sql, const struct pgwire_param *params, size_t nparams);
/*
 * When no step is in flight: COMMIT when [rc] is 0, else ROLLBACK. [q]: the step that failed with
 * POSTGRES_EFAILED, NULL for any other reason. [done] or [begin] is called later, or (when the
 * connection is gone) from within.
 */
void postgres_transaction_end(struct postgres_transaction *t, int rc,
			      const struct postgres_request *q);

#endif
