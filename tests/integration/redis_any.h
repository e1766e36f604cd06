/* For all tests of the Redis client here. */
#ifndef TESTS_REDIS_ANY_H
#define TESTS_REDIS_ANY_H

#include "unit/redis_word.h"

static inline void fire_now(struct net_timer *t)
{
	if (t->link == NULL)
		return;
	net_timer_stop(t);
	t->fire(t);
}

/* Whether it is ready; when it waits, the next attempt comes now, as its time is not the matter. */
static inline bool ready_soon(struct redis *r)
{
	if (r->link.state == LINK_WAITING)
		fire_now(&r->link.timer);
	return r->ready;
}

#endif
