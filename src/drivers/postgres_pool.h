/*
 * postgres_pool: several connections to one database, for two kinds of use:
 * - single statements, each a transaction of its own, are pipelined on the connection that has the
 *   least in flight (postgres_pool_send). One connection carries many of them; another is opened
 *   when [depth] are in flight on each. They wait for nothing: POSTGRES_EDOWN when none is ready;
 * - a connection of one's own (postgres_pool_take), for transactions, COPY, portals, long results.
 *   Who has to wait for one stands in a queue, bounded, with a deadline.
 *
 *	static struct postgres_slot slots[8];
 *	postgres_pool_open(&pool, &loop, &config, slots, 8);
 *	rc = postgres_pool_send(&pool, &q, 900, &insert, params, 1);
 *
 *	struct postgres_lease lease = {.taken = on_taken};
 *	rc = postgres_pool_take(&pool, &lease, 900);
 *	static void on_taken(struct postgres_lease *lease, struct postgres *p, int rc)
 *	{
 *		rc = postgres_transaction_start(&t, p, 2000);
 *		...
 *		postgres_pool_give(lease);              // when nothing of it is in flight
 *	}
 *
 * Connections are opened when they are needed, [least] of them at once and for ever. One that was
 * idle for long is asked for a sign of life before somebody gets it; one above [least] that stays
 * idle is closed; one that is old is made anew when nothing is in flight on it. A connection that
 * is given back in a transaction, or in the middle of something, is made anew.
 */
#ifndef DRIVERS_POSTGRES_POOL_H
#define DRIVERS_POSTGRES_POOL_H

#include "drivers/postgres_attrs.h"
#include "drivers/postgres_cache.h"
#include "drivers/postgres_cancel.h"

#define POSTGRES_POOL_STATEMENTS 32 /* cached on each connection */
#define POSTGRES_POOL_TICK 500      /* ms between looks at lives and idle times */
#define POSTGRES_POOL_DEPTH 16      /* when depth is 0 */
#define POSTGRES_POOL_WAITING 1024  /* when waiting is 0 */

struct postgres_pool;

struct postgres_pool_config {
	struct postgres_config client;
	size_t least;      /* connections that are always there */
	uint32_t life_ms;  /* 0: for ever; a part of it is random for each connection */
	uint32_t idle_ms;  /* 0: idle ones stay */
	uint32_t check_ms; /* idle for longer: asked before it is taken; 0: never */
	uint32_t grace_ms; /* of postgres_cancel.h; 0: a missed deadline costs the connection */
	uint32_t depth;
	uint32_t waiting;        /* leases in the queue at most */
	enum postgres_kind kind; /* of server, of several hosts; 0: any */
	bool unnamed;            /* for poolers behind us: see postgres_cache.h */
	/* Run on a connection that is given back, "DISCARD ALL" for example; empty: nothing. */
	struct span reset;
	/* Both may be NULL. */
	void (*ready)(struct postgres_pool *pool, struct postgres *p);
	void (*down)(struct postgres_pool *pool, struct postgres *p, const char *why);
};

struct postgres_lease {
	/*
	 * [rc] 0: [p] is yours until postgres_pool_give. POSTGRES_EUNSENT: none was free before the
	 * deadline; [p] is NULL.
	 */
	void (*taken)(struct postgres_lease *lease, struct postgres *p, int rc);
	struct postgres_lease *next; /* this and what follows: the pool's */
	struct postgres_pool *pool;
	struct postgres_slot *slot;
	uint64_t deadline;
	bool waiting;
};

/* One connection; some 18 KiB. */
struct postgres_slot {
	struct postgres p;
	struct postgres_watcher watcher;
	struct postgres_attrs attrs;
	struct postgres_canceller canceller;
	struct postgres_cache cache;
	struct postgres_cache_entry entries[POSTGRES_POOL_STATEMENTS];
	struct postgres_request check;
	struct postgres_pool *pool;
	struct postgres_lease *lease; /* who has it */
	uint64_t idle_since, old_at;
	bool on;       /* started */
	bool checking; /* asked for a sign of life, or reset */
	bool reserved; /* for who waits: nothing is pipelined on it any more */
};

struct postgres_pool {
	struct net_loop *loop;
	const struct postgres_pool_config *cfg;
	struct postgres_slot *slots;
	size_t size;
	struct postgres_lease *first, **end; /* the queue */
	uint32_t waiting;
	struct net_task serve;
	struct net_timer tick, late;
	bool stopped;
	/* Telemetry. */
	uint64_t sent, taken, timeouts, opened, closed, renewed, checks;
	void *user;
};

/* [cfg] and [slots] stay the caller's and in place. Nothing is called from within. */
void postgres_pool_open(struct postgres_pool *pool, struct net_loop *loop,
			const struct postgres_pool_config *cfg, struct postgres_slot slots[],
			size_t size);
/* Nothing is called any more; the slots stay in place until postgres_pool_is_closed. */
void postgres_pool_close(struct postgres_pool *pool);
bool postgres_pool_is_closed(const struct postgres_pool *pool);

/*
 * One statement, prepared on each connection when it is first used there: what postgres_cache_send
 * says of statement and parameters holds. POSTGRES_EDOWN: no connection is ready (one is being
 * made); POSTGRES_EFULL: those that are have no room, or others have them.
 */
int postgres_pool_send(struct postgres_pool *pool, struct postgres_request *q, uint32_t ms,
		       const struct postgres_statement *statement,
		       const struct pgwire_param *params, size_t nparams);

/*
 * A connection of one's own: [taken] is called, never from within. 0, or POSTGRES_EFULL: too many
 * wait. First come, first served.
 */
int postgres_pool_take(struct postgres_pool *pool, struct postgres_lease *lease, uint32_t ms);
/* Gives it back, or leaves the queue; does nothing when it is neither. */
void postgres_pool_give(struct postgres_lease *lease);
/* The cache of the connection that was taken, for postgres_cache_send. */
struct postgres_cache *postgres_pool_cache(const struct postgres_lease *lease);

struct postgres_pool_counters {
	size_t on, ready, leased, idle; /* connections */
	size_t waiting, in_flight;
};
void postgres_pool_counters_get(const struct postgres_pool *pool, struct postgres_pool_counters *n);

#endif
