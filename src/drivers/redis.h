/*
 * redis: a Redis client on the loop. One connection that comes back by itself; what is sent in one
 * turn leaves in one write; every request has a deadline.
 *
 *	static void on_item(struct redis_request *q, const struct resp_item *it)
 *	{
 *		...                             // it->last: that was the whole reply
 *	}
 *	struct redis_request q = {.item = on_item, .failed = on_failed};
 *	rc = redis_send(&client, &q, 900, 2, (struct span[]){SPAN("GET"), key});
 *
 * Nothing is queued while the connection is down: redis_send says so at once, and the caller, who
 * knows what his own client is waiting for, decides. redis_send_with (redis_with.h) queues and
 * repeats when it is told to; redis_script.h has scripts, redis_blocking.h a client without a loop.
 *
 * What the client does about faults of the server by itself:
 * - While the server loads, is busy, has too many clients or lost its master, it is asked again
 *   after the link's back-off (or, of several hosts, the next one is asked). A login that it
 *   refuses (WRONGPASS, NOAUTH, NOPERM, no such database) is tried again every LINK_BACKOFF_MAX.
 * - READONLY, MASTERDOWN and NOAUTH in a reply: the reply goes to its request. Nothing is sent any
 *   more; when what is in flight is answered, the connection is made anew, to the next host or to
 *   what the name means now.
 * - LOADING, BUSY, CLUSTERDOWN, TRYAGAIN, MOVED, ASK, OOM, MISCONF and NOREPLICAS: the reply goes
 *   to its request, and [notice] tells the operator, the same kind once in REDIS_NOTICE_MS.
 * - After each login the subscriptions are made anew.
 */
#ifndef DRIVERS_REDIS_H
#define DRIVERS_REDIS_H

#include "drivers/link.h"
#include "resp/resp_session.h"

#define REDIS_IN_FLIGHT 1024
#define REDIS_NOTICE_MS 60000

enum {
	REDIS_EDOWN = -20001,     /* not connected: the command was not sent */
	REDIS_EFULL = -20002,     /* too many in flight, or too many bytes waiting: not sent */
	REDIS_ELOST = -20003,     /* the connection broke: it may have been executed, or not */
	REDIS_ELATE = -20004,     /* no complete reply before the deadline: perhaps executed */
	REDIS_EUNSENT = -20005,   /* lost, or its deadline passed, before a byte of it had left */
	REDIS_EPROTO = -20006,    /* the server broke the protocol or a limit: perhaps executed */
	REDIS_EBLOCKING = -20007, /* not sent: redis_options.block_ms where others are waiting
				     behind it, or a subscription where blocking commands are */
	REDIS_EROOM = -20008,     /* redis_blocking: executed; the reply did not fit */
};
/* Whether the command was certainly not executed, so that sending it again is safe. */
bool redis_is_unsent(int why);
/* A short English sentence without full stop; never NULL. */
const char *redis_strerror(int why);

/* One that keeps no state may be sent again before it is over. */
struct redis_request {
	/*
	 * One item of the reply (resp.h); views good for the call. Error replies come here too, as
	 * RESP_ERROR (resp_error.h tells what they mean). After it->last the request is over and
	 * its memory the caller's.
	 */
	void (*item)(struct redis_request *q, const struct resp_item *it);
	/*
	 * There will be no (complete) reply; the request is over. [why] is REDIS_ELOST, _ELATE,
	 * _EUNSENT or _EPROTO.
	 */
	void (*failed)(struct redis_request *q, int why);
};

struct redis;
struct redis_events {
	void (*ready)(struct redis *r);                            /* after each login */
	void (*down)(struct redis *r, const char *why);            /* lost, or not made */
	void (*push)(struct redis *r, const struct resp_item *it); /* may be NULL */
	/* For the operator, while the connection stays: printable, good for the call. May be NULL
	 */
	void (*notice)(struct redis *r, const char *words);
};

struct redis_config {
	struct link_config link;
	struct resp_login login;
	struct resp_limits limits;
	/*
	 * Called before each login with a copy of [login]: fills in what the password is by now
	 * (a token that expires, a file that was replaced). Its bytes stay good until the
	 * connection is ready or down. May be NULL.
	 */
	void (*credentials)(struct redis *r, struct resp_login *login);
	uint32_t waiting; /* bytes of commands that redis_send_with may keep; 0: it keeps none */
	bool blocking; /* for blocking commands: one command at a time, a second is REDIS_EFULL */
};

/* Since redis_start. */
struct redis_counters {
	uint64_t connects;        /* logins done */
	uint64_t failed_connects; /* attempts that did not get so far */
	uint64_t losses;          /* connections that were ready, and lost */
	uint64_t commands;        /* put on a connection, repeats and each one of a transaction */
	uint64_t replies;         /* whole ones, errors among them */
	uint64_t errors;          /* replies that were an error */
	uint64_t late;            /* requests whose deadline passed */
	uint64_t unsent;          /* requests that failed with REDIS_EUNSENT */
	uint64_t bytes_in, bytes_out;
	uint32_t in_flight; /* now: commands without their (whole) reply */
	uint32_t waiting;   /* now: bytes that redis_send_with keeps */
};

struct redis_kept;

struct redis {
	struct link link;
	const struct redis_config *cfg;
	const struct redis_events *events;
	struct resp_login login; /* of the present connection */
	struct resp_session session;
	struct resp_pending queue[REDIS_IN_FLIGHT];
	/* For each place of the queue: */
	uint64_t due[REDIS_IN_FLIGHT];   /* loop time in ms */
	uint32_t start[REDIS_IN_FLIGHT]; /* where its bytes begin in the stream, modulo 2^32 */
	struct redis_request sink;       /* where redis_send_quiet's replies go */
	bool ready;                      /* commands are taken */
	bool up;                         /* was ready on this connection */
	bool leaving;                    /* to be closed when all is answered */
	bool broken;                     /* the server broke the protocol */
	uint8_t noticed;                 /* enum resp_error_class of the last notice, and when */
	uint64_t noticed_at;
	char why[128];
	struct redis_counters counters; /* what is not "now": redis_get_counters */
	/* redis_with.c and redis_subscribe.c; NULL where they are not used, and not linked. */
	void (*kept_turn)(struct redis *r);
	struct redis_kept *kept, **kept_end, *flying;
	uint32_t kept_bytes;
	struct net_timer kept_timer;
	int (*resubscribe)(struct redis *r);
	struct out names;
	void *user;
};

void redis_start(struct redis *r, struct net_loop *loop, const struct redis_config *cfg,
		 const struct redis_events *events);
/*
 * Nothing is called any more, also not for requests in flight. [r] stays in place until what was
 * written is sent: see link_stop.
 */
void redis_stop(struct redis *r);

/* 0, REDIS_EDOWN or REDIS_EFULL. Nothing of [q] is called from within. */
int redis_send(struct redis *r, struct redis_request *q, uint32_t ms, size_t argc,
	       const struct span argv[]);
/*
 * The same for a command whose reply does not matter (inside a MULTI, for example). A server that
 * gives none within link.connect_ms is given up all the same.
 */
int redis_send_quiet(struct redis *r, size_t argc, const struct span argv[]);

struct redis_command {
	size_t argc;
	const struct span *argv;
};
/*
 * A transaction, all of it or nothing: MULTI, the commands, EXEC, whose reply is what [q] gets
 * (RESP_NULL or an error: nothing was executed; an error inside the array is of one command, the
 * others were executed). Sent one by one, a connection that is full in the middle would leave the
 * commands of all others inside an open MULTI.
 */
int redis_transact(struct redis *r, struct redis_request *q, uint32_t ms, size_t n,
		   const struct redis_command commands[]);
/*
 * The same after a WATCH: REDIS_EDOWN, too, when [connects] is not r->counters.connects any more,
 * as noted when WATCH was sent: another connection watches nothing, and the transaction would
 * overwrite what it never saw. A RESP_NULL says that a watched key was changed: read it again.
 * EXEC of anybody ends the watching of all, so a client that watches is its owner's alone.
 */
int redis_transact_watched(struct redis *r, uint64_t connects, struct redis_request *q, uint32_t ms,
			   size_t n, const struct redis_command commands[]);
/* Whether the whole reply is an error (it->str: its words, the first being its kind). */
bool redis_is_error(const struct resp_item *it);

/*
 * Subscriptions are remembered, and made anew after each login, before [ready] is called. Give the
 * memory for their names (each takes 5 bytes more) after redis_start, and have it in place until
 * redis_stop.
 */
void redis_remember(struct redis *r, void *memory, size_t n);
/*
 * SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE (argv[0]) with their names; those that are remembered already
 * are passed over. The answers are pushes, within connect_ms, and so is a refusal. 0, also while
 * the connection is down; REDIS_EFULL when the names do not fit, or the commands: then none is
 * remembered; REDIS_EBLOCKING on a connection for blocking commands.
 */
int redis_subscribe(struct redis *r, size_t argc, const struct span argv[]);
/*
 * UNSUBSCRIBE, PUNSUBSCRIBE, SUNSUBSCRIBE, with names or, for all of that kind, without. What is
 * not remembered is passed over. The result as above; the names are forgotten in any case.
 */
int redis_unsubscribe(struct redis *r, size_t argc, const struct span argv[]);

void redis_get_counters(const struct redis *r, struct redis_counters *c);

#endif
