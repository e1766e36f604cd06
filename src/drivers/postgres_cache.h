/*
 * postgres_cache: statements that are prepared when they are first used, with the request that uses
 * them, in one write. A bound on how many; the one that was not used for the longest time makes
 * room, and is closed in the same write. Who knows his statements beforehand, and wants each
 * connection to prove that they are right, lists them in postgres_config instead.
 *
 *	static struct postgres_cache_entry entries[32];
 *	postgres_start(&client, &loop, &config, &events);
 *	postgres_cache_open(&cache, &client, entries, 32);
 *	rc = postgres_cache_send(&cache, &q, 900, &statement, params, 1);
 *
 * A statement that the server lost (DISCARD ALL, DEALLOCATE: 26000), or whose result is not what it
 * was (ALTER TABLE: 0A000 "cached plan must not change result type"), is prepared anew and the
 * request repeated once, in its remaining time, behind what was sent meanwhile. Not so in a
 * transaction block, which has failed, and not when rows were handed out already: then the
 * request is POSTGRES_EFAILED, and the next use prepares anew.
 *
 * With a cache of no entries nothing is prepared under a name: each request parses, binds and
 * executes in one write. That is what poolers that give another server connection to each
 * transaction need (PgBouncer in transaction mode before 1.21).
 */
#ifndef DRIVERS_POSTGRES_CACHE_H
#define DRIVERS_POSTGRES_CACHE_H

#include "drivers/postgres.h"

struct postgres_cache_entry {
	const struct postgres_statement *statement; /* NULL: free, or lost */
	uint64_t used;                              /* the greater the later */
	uint32_t number;                            /* of its name on the server; 0: none */
	uint16_t columns;
	bool known; /* how many columns it has */
};

struct postgres_cache {
	struct postgres_watcher watcher;
	struct postgres *p;
	struct postgres_cache_entry *entries;
	size_t cap;
	uint32_t last;                             /* number given */
	uint64_t connects;                         /* the connection that the entries are of */
	uint64_t uses, misses, evictions, repeats; /* telemetry */
};

/* Right after postgres_start. [entries] stay the caller's and in place. */
void postgres_cache_open(struct postgres_cache *c, struct postgres *p,
			 struct postgres_cache_entry entries[], size_t cap);
/* After what takes all statements away, DISCARD ALL for example: nothing has to be repeated then.
 */
void postgres_cache_forget(struct postgres_cache *c);
/*
 * As postgres_send, but: the statement's address is what it is known by, its name and columns are
 * not looked at; and statement and parameters stay in place until the request is over, for they
 * may be sent again. The first use of a statement gives q->event PREPARED, TYPES and COLUMNS.
 */
int postgres_cache_send(struct postgres_cache *c, struct postgres_request *q, uint32_t ms,
			const struct postgres_statement *statement,
			const struct pgwire_param *params, size_t nparams);

#endif
