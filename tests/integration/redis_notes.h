/* For tests of the Redis client of the loop: what its owner and the operator are told, as notes. */
#ifndef TESTS_REDIS_NOTES_H
#define TESTS_REDIS_NOTES_H

#include "integration/drivers_real.h"
#include "integration/redis_any.h"

static inline void on_ready(struct redis *r)
{
	(void)r;
	note("ready;");
}

static inline void on_down(struct redis *r, const char *why)
{
	(void)r;
	note("down(%s);", why);
}

static inline void on_notice(struct redis *r, const char *words)
{
	(void)r;
	note("notice(%s);", words);
}

#endif
