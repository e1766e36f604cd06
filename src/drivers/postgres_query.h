/*
 * postgres_query: any SQL on a connection of postgres.h, and rows at the pace of who reads them.
 *
 *	struct pgwire_param id = {.value = SPAN("42")};
 *	struct postgres_request q = {.row = on_row, .event = on_columns, .done = on_done};
 *	rc = postgres_query(&client, &q, 900, SPAN("SELECT * FROM t WHERE id = $1"), &id, 1);
 *
 * Rows are handed out as they come, in constant memory. Who cannot take more of them calls
 * postgres_hold: nothing is read until postgres_unhold, the server stops when the buffers on the
 * way are full, and deadlines stand still. All requests of that connection are held with it, so
 * long results that are read slowly want a connection of their own (postgres_pool.h), or a portal.
 *
 * A portal gives [rows] rows at a time, in a transaction block (BEGIN was sent on this connection):
 *
 *	struct postgres_portal c = {.name = SPAN("c"), .row = on_row, .done = on_part};
 *	rc = postgres_portal_open(&client, &c, 900, SPAN("SELECT * FROM t"), NULL, 0, 1000);
 *	...
 *	static void on_part(struct postgres_portal *c, int rc)
 *	{
 *		if (rc == POSTGRES_MORE)
 *			rc = postgres_portal_next(c, 900, 1000);        // when it pleases
 *	}
 */
#ifndef DRIVERS_POSTGRES_QUERY_H
#define DRIVERS_POSTGRES_QUERY_H

#include "drivers/postgres.h"

/*
 * One statement with parameters $1, $2 ..., not prepared under a name: parsed, bound and executed
 * in one write. As postgres_send; q->event gets COLUMNS before the rows, and COMPLETE. Values come
 * as text.
 */
int postgres_query(struct postgres *p, struct postgres_request *q, uint32_t ms, struct span sql,
		   const struct pgwire_param *params, size_t nparams);
/*
 * A simple query: one statement or several with ';' between them, without parameters; several are
 * one transaction. q->event gets COLUMNS and COMPLETE of each (or EMPTY).
 */
int postgres_simple(struct postgres *p, struct postgres_request *q, uint32_t ms, struct span sql);

/*
 * Holds back what the server sends, from within any callback or outside of them, until unhold;
 * calls do not count, one unhold is enough. Deadlines are moved by the time between the two. A
 * connection that is lost meanwhile is seen as lost after unhold.
 */
void postgres_hold(struct postgres *p);
void postgres_unhold(struct postgres *p);

/* 'I': idle, 'T': in a transaction block, 'E': in a failed one; 0: not logged in. It is the state
 * behind the last request that is over. */
char postgres_status(const struct postgres *p);

#define POSTGRES_MORE                                                                \
	1 /* of a portal's [done]: as many rows as asked for, perhaps there are more \
	   */
#define POSTGRES_PORTAL_NAME 40

struct postgres_portal {
	struct span name; /* letters, digits, '_'; not that of another one in this transaction */
	void (*row)(struct postgres_portal *c, const struct pgwire_row *row);
	/* POSTGRES_MORE, 0 when all rows were given, or an error: c->q.sqlstate, c->q.message. */
	void (*done)(struct postgres_portal *c, int rc);
	struct postgres_request q; /* this and what follows: the driver's */
	uint16_t columns;
	bool more;
};
/*
 * As postgres_query, up to [rows] rows, at least 1. POSTGRES_EREQUEST: not such a name. Outside of
 * a transaction block the server drops the portal at once, and next fails with 34000.
 */
int postgres_portal_open(struct postgres *p, struct postgres_portal *c, uint32_t ms,
			 struct span sql, const struct pgwire_param *params, size_t nparams,
			 uint32_t rows);
/* After POSTGRES_MORE. */
int postgres_portal_next(struct postgres_portal *c, uint32_t ms, uint32_t rows);
/* Ends it before its transaction does; [done] gets 0. When nothing of it is in flight. */
int postgres_portal_close(struct postgres_portal *c, uint32_t ms);

/* For telemetry. */
struct postgres_counters {
	uint64_t connects, losses; /* of what was ready; losses counts attempts that failed too */
	uint64_t requests;         /* sent, those of logins included */
	uint64_t errors;           /* that the server told */
	uint64_t in_flight, bytes_waiting;
};
void postgres_counters_get(const struct postgres *p, struct postgres_counters *n);

#endif
