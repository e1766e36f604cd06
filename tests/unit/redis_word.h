/* For tests of the Redis clients: a failure in one word. */
#ifndef TESTS_REDIS_WORD_H
#define TESTS_REDIS_WORD_H

#include "drivers/redis.h"

static inline const char *redis_word(int why)
{
	switch (why) {
	case REDIS_EDOWN:
		return "down";
	case REDIS_EFULL:
		return "full";
	case REDIS_ELOST:
		return "lost";
	case REDIS_ELATE:
		return "late";
	case REDIS_EUNSENT:
		return "unsent";
	case REDIS_EPROTO:
		return "proto";
	case REDIS_EBLOCKING:
		return "blocking";
	default:
		return "?";
	}
}

#endif
