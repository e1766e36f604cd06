/* What the files of the PostgreSQL client share, inside this folder only. */
#ifndef DRIVERS_POSTGRES_INNER_H
#define DRIVERS_POSTGRES_INNER_H

#include "drivers/postgres.h"

/* postgres_put, also during the login. */
int postgres_put_now(struct postgres *p, struct postgres_request *q, uint32_t ms,
		     const struct pgwire_query *query, unsigned flags);
/* After PGWIRE_EV_READY: the setup and the statements, then it is ready. */
void postgres_boot(struct postgres *p);
/* Gives the connection up in any state; [down] is told "code message", or what there is of it. */
void postgres_break(struct postgres *p, struct span code, struct span message);

#endif
