/*
 * redis_with: requests that wait for a connection, that are repeated, or that block.
 *
 *	struct redis_options o = {.ms = 2000, .wait = true, .repeat = true};
 *	rc = redis_send_with(&client, &q, &o, 3, (struct span[]){SPAN("SET"), key, value});
 *
 * What is kept for that is a copy of the command, within redis_config.waiting bytes in all.
 */
#ifndef DRIVERS_REDIS_WITH_H
#define DRIVERS_REDIS_WITH_H

#include "drivers/redis.h"

#define REDIS_REPEAT_MS 100 /* between an answer such as LOADING and the next attempt */

struct redis_options {
	uint32_t ms; /* the deadline over all: connecting, waiting, repeating, the answer */
	/*
	 * Without a connection, or while it is full, the command is kept until it can be sent; when
	 * the deadline comes first, it fails with REDIS_EUNSENT.
	 */
	bool wait;
	/*
	 * It is idempotent: sent again after a loss, and after LOADING, BUSY, TRYAGAIN,
	 * CLUSTERDOWN, READONLY, MASTERDOWN and NOAUTH, while there is time. Not after a broken
	 * protocol, which the same answer would break again, and not when [item] has seen a part of
	 * the reply. Between such a request and others no order is kept.
	 */
	bool repeat;
	/*
	 * How long the server may block (BLPOP, XREADGROUP BLOCK): added to [ms]. Only on a
	 * connection with redis_config.blocking, where nobody waits behind it; other than 0 it is
	 * REDIS_EBLOCKING elsewhere. Blocking for ever (0 to the server) is not for a client that
	 * wants to find out that the server is gone: block for some seconds, and again.
	 */
	uint32_t block_ms;
	/*
	 * When not 0: only on the connection whose number, r->counters.connects, this is; else
	 * REDIS_EDOWN. [wait] and [repeat] are not meant then. For what belongs to a connection: a
	 * WATCH and what follows it.
	 */
	uint64_t connection;
};

/*
 * As redis_send. 0; REDIS_EDOWN without [wait]; REDIS_EFULL: also when redis_config.waiting has no
 * room for it; REDIS_EBLOCKING. After 0, [q] gets its reply or one failure. Of several attempts
 * REDIS_EUNSENT says that none left, REDIS_ELATE and REDIS_ELOST that one may have been executed.
 */
int redis_send_with(struct redis *r, struct redis_request *q, const struct redis_options *o,
		    size_t argc, const struct span argv[]);

#endif
