/*
 * net: one level-triggered epoll loop per process: timers, tasks, sources, signals, listening.
 * net_conn.h has buffered connections, net_dial.h outgoing ones, net_resolve.h names.
 *
 *	struct net_loop loop;
 *	rc = net_loop_open(&loop);
 *	net_timer_set(&loop, &tick, 1000, on_tick);
 *	net_loop_run(&loop);            // until net_loop_stop
 *	net_loop_close(&loop);
 *
 * One turn of the loop: wait; every ready source; every timer that is due; every task; then what
 * was written in this turn is sent, one send per connection; then what was closed is handed back.
 * Memory of a source or connection stays in place until the end of the turn in which it closed.
 *
 * Functions return 0 or more for success and a negative error: -errno, or one of the names below.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include "base/span.h"

#include <signal.h>
#include <sys/types.h>

enum {
	NET_ENONAME = -10001,   /* the name does not exist */
	NET_ENAMETEMP = -10002, /* no name server answered, or one failed: try again later */
	NET_ENAME = -10003,     /* not a host name */
	NET_EDEADLINE = -10004, /* the caller's time is up */
	NET_EFULL = -10005,     /* a peer sent more than the input bound without a complete piece */
	NET_EEOF = -10006,      /* the peer closed */
	NET_ECLOSED = -10007,   /* we closed, nothing was wrong */
	NET_ESLOW = -10008,     /* the peer does not take what we send */
};
/* Good until the next call. */
const char *net_strerror(int rc);

struct net_loop;

/*
 * A timer fires once. Setting it again moves it; moving it later costs a store, nothing else, so
 * a deadline may be pushed back on every request. Resolution 16 ms, never early.
 */
struct net_timer {
	struct net_timer *next, **link; /* link == NULL: not set */
	uint64_t due;                   /* loop time in ms */
	void (*fire)(struct net_timer *);
};
void net_timer_set(struct net_loop *loop, struct net_timer *t, uint32_t ms,
		   void (*fire)(struct net_timer *));
void net_timer_stop(struct net_timer *t);

/*
 * A task runs once, at the end of this turn; put from within a task: at the end of the next,
 * which then does not sleep. Putting one that waits does nothing.
 */
struct net_task {
	struct net_task *next;
	void (*run)(struct net_task *);
	bool waiting;
};
void net_task_put(struct net_loop *loop, struct net_task *t, void (*run)(struct net_task *));
void net_task_drop(struct net_loop *loop, struct net_task *t);

/* A descriptor in the loop. [ready] gets EPOLL* bits. */
struct net_source {
	int fd;
	uint32_t events; /* what epoll was told */
	void (*ready)(struct net_source *, uint32_t events);
};
int net_watch(struct net_loop *loop, struct net_source *s, int fd, uint32_t events,
	      void (*ready)(struct net_source *, uint32_t events));
int net_rewatch(struct net_loop *loop, struct net_source *s, uint32_t events);
/* Takes the descriptor out of the loop, also out of the events of this turn; does not close it. */
void net_unwatch(struct net_loop *loop, struct net_source *s);

#define NET_WHEEL 512   /* slots of the timer wheel */
#define NET_TICK 16     /* ms per slot */
#define NET_EVENTS 256  /* per epoll_wait */
#define NET_BLOCK 16384 /* bytes of a pooled buffer */
#define NET_SPARE 32    /* pooled buffers kept for the next turn */
#define NET_INPUT 65536 /* bytes of the input buffer that all connections share */

struct net_conn;
struct epoll_event;

struct net_loop {
	int epfd;
	bool stopping;
	uint64_t now;    /* CLOCK_MONOTONIC in ms, taken once a turn */
	uint64_t ticked; /* wheel position: every tick up to here has been swept */
	struct net_timer *wheel[NET_WHEEL];
	uint64_t busy[NET_WHEEL / 64];       /* which slots hold timers */
	struct net_task *tasks, **tasks_end; /* for the end of this turn */
	struct net_task *running;            /* being run, not yet begun */
	uint64_t wake;                       /* no slot before this tick holds a timer */
	/* With output, or closed, in this turn; in that order, so that what an answer promises may
	 * be sent before it. */
	struct net_conn *settling, **settling_end;
	struct net_conn *again; /* those that called net_again */
	void *spare[NET_SPARE];
	unsigned spares;
	struct epoll_event *events; /* of this turn, those not handed out yet */
	int event_count;
	struct net_source signals;
	void (*on_signal)(struct net_loop *, int signal);
	void (*turn_end)(void); /* once a turn, last: for example to flush a log */
	uint8_t *input;
	uint64_t received, sent; /* bytes, of all connections */
	struct net_conn *viewer; /* whose input is being called, and what net_peek shows it */
	struct span view;
	ssize_t (*send_file)(struct net_conn *); /* by net_write_file */
};

int net_loop_open(struct net_loop *loop);
void net_loop_run(struct net_loop *loop);
void net_loop_stop(struct net_loop *loop); /* run returns at the end of this turn */
/* One turn, which waits for the next event or timer: for who runs the loop until something is so.
 */
void net_loop_turn(struct net_loop *loop);
void net_loop_close(struct net_loop *loop);

/*
 * Blocks [set] for the process and delivers its signals through the loop. SIGPIPE is blocked, too:
 * a write to a pipe without a reader is EPIPE, no more.
 */
int net_signals(struct net_loop *loop, const sigset_t *set,
		void (*on_signal)(struct net_loop *, int signal));

/* Seconds since 1970, from the coarse clock, once a turn is enough. */
uint64_t net_wall_seconds(void);
/* Random bytes from the kernel; a service that can't have them can't go on, so this aborts. */
void net_random(void *p, size_t n);
/* [ms] with full jitter: a random number of ms in [ms/2, ms]. */
uint32_t net_jitter(uint32_t ms);

/*
 * A listener. [host] is an address literal or empty for all (IPv6 and IPv4 on one socket where the
 * kernel has IPv6). [accepted] gets each connection's descriptor, non-blocking and close-on-exec,
 * TCP_NODELAY inherited. When descriptors run out it rests for 100 ms and tries again.
 */
struct net_listener {
	struct net_source src;
	struct net_loop *loop;
	struct net_timer rest;
	uint16_t port; /* the real one, when 0 was asked for */
	void (*accepted)(struct net_listener *, int fd);
};
enum {
	NET_LISTEN_DEFER = 1,  /* TCP_DEFER_ACCEPT: for clients that speak first */
	NET_LISTEN_SHARED = 2, /* SO_REUSEPORT: several processes of ours share the port */
};
int net_listen(struct net_loop *loop, struct net_listener *l, const char *host, uint16_t port,
	       unsigned flags, void (*accepted)(struct net_listener *, int fd));
/* Hands out all that wait now: net_listener_close would reset them. */
void net_listener_drain(struct net_listener *l);
void net_listener_close(struct net_listener *l);

#endif
