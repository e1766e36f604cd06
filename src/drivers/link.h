/*
 * link: a connection that comes back. Dials, hands the connection to its owner for the login,
 * and when it is lost or not made dials again, with exponential back-off and full jitter; the name
 * is resolved anew each time. Of several hosts the next is tried at once; the back-off comes when
 * all have failed. The Redis and the PostgreSQL client stand on it.
 */
#ifndef DRIVERS_LINK_H
#define DRIVERS_LINK_H

#include "net/net_conn.h"
#include "net/net_dial.h"

struct link;

struct link_ops {
	void (*up)(struct link *l);            /* connected: begin the login */
	void (*input)(struct link *l);         /* bytes in net_peek(&l->conn), or the peer's end */
	void (*down)(struct link *l, int why); /* lost, or not made; will be tried again */
	/* The earliest deadline of what waits for an answer, loop time; UINT64_MAX: nothing does.
	 */
	uint64_t (*first_deadline)(const struct link *l);
};

struct link_host {
	const char *name; /* a name, an address, or the path of a Unix socket */
	uint16_t port;
};

struct link_config {
	const struct link_host *hosts; /* in the order in which they are tried */
	size_t host_count;             /* at least 1 */
	uint32_t connect_ms;      /* of each: for resolving, connecting and the login together */
	uint32_t in_max, out_max; /* bytes kept in each direction */
};

#define LINK_BACKOFF_MIN 50
#define LINK_BACKOFF_MAX 5000
/* A connection that was ready for less long failed like one that was not made. */
#define LINK_SETTLED 1000

enum link_state { LINK_OFF, LINK_WAITING, LINK_DIALLING, LINK_LOGIN, LINK_READY, LINK_CLOSING };

struct link {
	struct net_loop *loop;
	const struct link_config *cfg;
	const struct link_ops *ops;
	struct net_dial dial;
	struct net_conn conn;
	struct net_task soon;   /* the next attempt, at once */
	struct net_timer timer; /* later, or the end of the present one */
	struct net_timer late;
	size_t host;     /* the present one, or the next */
	uint32_t tried;  /* hosts since the last back-off */
	uint32_t passes; /* how often all of them failed, one after the other */
	uint32_t backoff;
	uint64_t ready_at; /* loop time; 0: not since the last attempt */
	enum link_state state;
	bool stopped;
	bool held; /* by the owner, who leaves input and the peer's end for later: net_again then */
	/* All output is sent, after net_want_drained(&l->conn); set by who asks for that. */
	void (*drained)(struct link *l);
};

/* [cfg] stays the caller's and in place. Nothing is called from within start. */
void link_start(struct link *l, struct net_loop *loop, const struct link_config *cfg,
		const struct link_ops *ops);
/* The login is done: the time limit ends; once it has settled, the next loss is retried quickly. */
void link_ready(struct link *l);
/*
 * Something was sent that must be answered by [deadline]. When it is not, the server, or the way
 * to it, stands still: the connection is given up (NET_EDEADLINE) with all that waits on it, and so
 * a late answer can never be taken for another's.
 */
void link_expect(struct link *l, uint64_t deadline);
/*
 * This server is not, or no longer, the one that is wanted. Nothing is closed yet, but when it is,
 * that counts as an attempt that failed: the next host is tried, or after a back-off the name.
 */
void link_leave(struct link *l);
/* The next back-off is the longest one: for what only an operator can mend. */
void link_slow(struct link *l);
/* Closes at the end of the turn; then [down] with [why], and a new attempt. */
void link_break(struct link *l, int why);
/*
 * Closes, sending what is written, without [down] and for good. The memory is the owner's again
 * when the connection has closed, l->state being LINK_OFF: at the end of the turn, or up to
 * NET_FINISH_MS later when the peer does not take what was written.
 */
void link_stop(struct link *l);

#endif
