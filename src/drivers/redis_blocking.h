/*
 * redis_blocking: the Redis client for programs without a loop. It has one of its own, which turns
 * while a call waits; all else (reconnecting, deadlines, subscriptions) is the client of redis.h.
 *
 *	static struct redis_blocking b;
 *	static struct resp_node nodes[64];
 *	static uint8_t bytes[4096];
 *	struct redis_reply y;
 *	redis_reply_init(&y, nodes, 64, bytes, sizeof bytes);
 *	rc = redis_blocking_open(&b, &config, 1000);
 *	rc = redis_blocking_call(&b, &(struct redis_options){.ms = 900}, 2,
 *				 (struct span[]){SPAN("GET"), key}, &y);
 *	if (rc == 0 && nodes[0].it.type == RESP_BULK)
 *		use(nodes[0].it.str);
 *	else if (rc < 0)
 *		complain(redis_strerror(rc), b.why);
 *
 * For one thread at a time; no global state, no signal is touched or needed, and interrupted system
 * calls go on. What belongs to one connection (MULTI, WATCH) is kept together by
 * redis_options.connection.
 */
#ifndef DRIVERS_REDIS_BLOCKING_H
#define DRIVERS_REDIS_BLOCKING_H

#include "drivers/redis_with.h"
#include "resp/resp_tree.h"

/* Where a reply is put: nodes as of resp_tree.h, and the bytes their spans point into. */
struct redis_reply {
	struct resp_tree tree; /* tree.nodes, tree.n */
	struct out bytes;
	bool over; /* it did not fit */
};
void redis_reply_init(struct redis_reply *y, struct resp_node *nodes, uint32_t cap, void *bytes,
		      size_t n);

/* One item of a reply, its views good for the call. The connection may not be used from within. */
typedef void redis_blocking_item(void *user, const struct resp_item *it);

struct redis_blocking {
	struct net_loop loop;
	struct redis client;
	char why[128]; /* the last loss, or the last attempt that failed */
	/* Pushes that come while something else is waited for; they are dropped when it is NULL. */
	redis_blocking_item *push;
	void *push_user;
	uint64_t dropped; /* so many pushes */
	/* Inner: */
	struct redis_request piped;
	redis_blocking_item *item; /* who waits, and for what */
	void *item_user;
	bool hearing; /* a push is waited for */
	bool begun;   /* ... and is being read */
	bool timed_out;
	uint64_t losses;       /* that message has told */
	uint64_t late;         /* when link.late would fire, between calls; or 0 */
	uint32_t wanted;       /* replies, or pushes, that are still to come */
	uint32_t flying;       /* put, neither answered nor failed */
	uint32_t lost, unsent; /* failed, and not taken yet */
	int lost_why;
	struct net_timer timer;
	struct net_task task;
};

/*
 * Connects and logs in, each host of the configuration once. 0; REDIS_EDOWN, with b->why, or
 * REDIS_ELATE after [ms]; -errno without descriptors or memory: then nothing is left to close.
 * [cfg] stays the caller's and in place. A push callback is set after it.
 */
int redis_blocking_open(struct redis_blocking *b, const struct redis_config *cfg, uint32_t ms);
/* What was written is sent, if it can be without waiting. */
void redis_blocking_close(struct redis_blocking *b);

/*
 * One command and its reply. The deadline covers the connecting, should it be needed. 0, also when
 * the reply is an error; one of the failures of redis.h; REDIS_EROOM when the reply was larger than
 * [y]: it was executed. REDIS_EFULL, too, while piped replies are not taken.
 * redis_options.wait is always meant; repeat needs redis_config.waiting.
 */
int redis_blocking_call(struct redis_blocking *b, const struct redis_options *o, size_t argc,
			const struct span argv[], struct redis_reply *y);
/*
 * The same with the reply as items, for one that is larger than memory: with limits.part set, a
 * bulk of any length comes in pieces. After a failure in the middle the items end without a last.
 */
int redis_blocking_call_items(struct redis_blocking *b, const struct redis_options *o, size_t argc,
			      const struct span argv[], redis_blocking_item *item, void *user);

/*
 * A pipeline: put commands, then take their replies, in order. Nothing leaves before the first
 * take. put: 0, REDIS_EDOWN, or REDIS_EFULL: take some first. Each command must be taken, also when
 * it failed: take tells the fate of one. When [ms] pass, the connection is given up, and all that
 * was put fails. take_items takes the next [n], and is the fast one; it ends at the first failure,
 * or with REDIS_EFULL when fewer were put.
 */
int redis_blocking_put(struct redis_blocking *b, size_t argc, const struct span argv[]);
int redis_blocking_take(struct redis_blocking *b, uint32_t ms, struct redis_reply *y);
int redis_blocking_take_items(struct redis_blocking *b, uint32_t ms, uint32_t n,
			      redis_blocking_item *item, void *user);

/*
 * The next push: a message, or the confirmation of a subscription (redis_subscribe on b->client,
 * after redis_remember). 0; REDIS_ELATE: none came in [ms], which harms nothing; REDIS_ELOST: the
 * connection was lost, so messages may have been missed: the next call connects and subscribes
 * anew; REDIS_EROOM: it was larger than [y]; REDIS_EFULL as for call.
 */
int redis_blocking_message(struct redis_blocking *b, uint32_t ms, struct redis_reply *y);

#endif
