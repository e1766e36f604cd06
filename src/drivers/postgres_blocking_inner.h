/* What the files of the blocking PostgreSQL client share, inside this folder only. */
#ifndef DRIVERS_POSTGRES_BLOCKING_INNER_H
#define DRIVERS_POSTGRES_BLOCKING_INNER_H

#include "drivers/postgres_blocking.h"

/*
 * The beginning of each call: what the last one left is read to its end, the connection is there
 * (again). 0 and the time that is left, or POSTGRES_EDOWN.
 */
int postgres_blocking_begin(struct postgres_blocking *b, uint32_t ms, uint32_t *left);
/* Turns of the loop until the call is over or there is enough. */
void postgres_blocking_wait(struct postgres_blocking *b,
			    bool (*enough)(struct postgres_blocking *));
/* Turns until the call is over: its result. */
int postgres_blocking_end(struct postgres_blocking *b);

/* Data of a COPY, to wait for its reader; and all that waits to the reader: 1, 0, an error. */
void postgres_blocking_keep_data(struct postgres_blocking *b, struct span bytes);
int postgres_blocking_take_data(struct postgres_blocking *b, struct span *bytes);

/* An event of the call, and its end. */
void postgres_blocking_tell(struct postgres_blocking *b, const struct pgwire_event *ev);
void postgres_blocking_over(struct postgres_blocking *b, const struct postgres_request *q, int rc);

#endif
