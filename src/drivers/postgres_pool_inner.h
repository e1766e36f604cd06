/* What the files of the pool share, inside this folder only. */
#ifndef DRIVERS_POSTGRES_POOL_INNER_H
#define DRIVERS_POSTGRES_POOL_INNER_H

#include "drivers/postgres_pool.h"

/* At the end of the turn the queue is looked at. */
void postgres_pool_serve(struct postgres_pool *pool);

void postgres_slot_open(struct postgres_slot *s);
void postgres_slot_close(struct postgres_slot *s);
/* Asks for a sign of life by [sql], or resets the session by it. */
void postgres_slot_check(struct postgres_slot *s, struct span sql);

/* Ready, and nobody's own. */
bool postgres_slot_is_shared(const struct postgres_slot *s);
/* And nothing is in flight on it. */
bool postgres_slot_is_idle(const struct postgres_slot *s);
bool postgres_slot_is_old(const struct postgres_slot *s);
/* Its memory is not in use any more. */
bool postgres_slot_is_closed(const struct postgres_slot *s);

#endif
