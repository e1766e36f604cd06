/*
 * For tests of connections: a net_conn, the other end of its socket as a bare descriptor in the
 * same process, and single turns of the loop, so that a test says what happens when.
 *
 *	struct side s;
 *	open_side(&s, TCP, 1000, 1000);
 *	send_peer(&s, SPAN("hello"));
 *	UNTIL(s.inputs == 1);
 *	close_side(&s);
 */
#ifndef TESTS_NET_SIDE_H
#define TESTS_NET_SIDE_H

#include "net/net_conn.h"
#include "unit/net_story.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

enum kind { UNIX, TCP, KINDS };
static const char *const kind_names[] = {"socketpair", "TCP"};

struct side {
	struct net_conn c;
	int peer;
	char name;
	void (*input)(struct side *), (*drained)(struct side *), (*closed)(struct side *);
	unsigned inputs, drains, closes;
	bool saw_eof;
	int why;
	size_t piece; /* for on_pieces */
	size_t pieces;
	size_t from; /* where in the stream they begin */
	struct side *other;
};

static inline struct side *side_of(struct net_conn *c)
{
	return (struct side *)((char *)c - offsetof(struct side, c));
}

static inline void side_input(struct net_conn *c)
{
	struct side *s = side_of(c);
	s->inputs++;
	s->saw_eof |= c->eof;
	check(s->closes == 0 && !c->closing, "no input after the end");
	check(!c->paused && !c->finishing, "no input while it is not wanted");
	if (s->input != NULL)
		s->input(s);
}

static inline void side_drained(struct net_conn *c)
{
	struct side *s = side_of(c);
	s->drains++;
	check(net_pending(c) == 0 && !c->closing, "drained means that all is sent");
	if (s->drained != NULL)
		s->drained(s);
}

static inline void side_closed(struct net_conn *c, int why)
{
	struct side *s = side_of(c);
	s->closes++;
	s->why = why;
	check(s->closes == 1, "closed is called once");
	check(c->in.p == NULL && c->out.p == NULL, "closed: no buffer left");
	check(c->timer.link == NULL && !c->in_again, "closed: nothing will fire");
	if (s->closed != NULL)
		s->closed(s);
}

static const struct net_conn_ops side_ops = {side_input, side_drained, side_closed};

/* One turn, without sleep. */

static inline void stop_by_task(struct net_task *t)
{
	(void)t;
	net_loop_stop(&loop);
}

static inline void one_turn(void)
{
	struct net_task end = {.waiting = false};
	net_task_put(&loop, &end, stop_by_task);
	net_loop_run(&loop);
}

/* TCP on loopback is nearly always there at once, but nobody promises it. [held] is asked often. */
#define UNTIL(held)                                                        \
	do {                                                               \
		for (int tries_ = 0; tries_ < 9999 && !(held); tries_++) { \
			if (tries_ > 50)                                   \
				usleep(1000);                              \
			one_turn();                                        \
		}                                                          \
		check(held, "%s:%d: %s", __FILE__, __LINE__, #held);       \
	} while (0)

/* For what must not come: some turns and a little time, in which the loop must sleep. */
static inline bool stays_calm(void)
{
	unsigned before = turns;
	run_for(12);
	return check(turns - before <= 6, "%u turns without a reason", turns - before);
}

/* Sockets. */

static inline void tcp_pair(int fds[2])
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof sa;
	int l = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(l, (struct sockaddr *)&sa, n) != 0 || listen(l, 1) != 0 ||
	    getsockname(l, (struct sockaddr *)&sa, &n) != 0 ||
	    connect(fds[1], (struct sockaddr *)&sa, n) != 0)
		bail("no TCP on loopback");
	fds[0] = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	setsockopt(fds[1], IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	close(l);
}

static inline void pair(enum kind kind, int fds[2])
{
	if (kind == TCP)
		tcp_pair(fds);
	else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
		bail("no socketpair");
}

static inline void open_side(struct side *s, enum kind kind, uint32_t in_max, uint32_t out_max)
{
	int fds[2];
	pair(kind, fds);
	memset(s, 0, sizeof *s);
	s->peer = fds[1];
	if (net_conn_open(&loop, &s->c, fds[0], &side_ops, in_max, out_max, false) != 0)
		bail("no connection");
}

static inline void close_peer(struct side *s)
{
	if (s->peer >= 0)
		close(s->peer);
	s->peer = -1;
}

/* A TCP reset instead of FIN. */
static inline void reset_peer(struct side *s)
{
	setsockopt(s->peer, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
	close_peer(s);
}

static inline void close_side(struct side *s)
{
	net_close_soon(&s->c, NET_ECLOSED);
	one_turn();
	check(s->closes == 1, "closed at the end of the turn");
	close_peer(s);
}

/* The peer's end. */

static inline bool send_peer(struct side *s, struct span bytes)
{
	return send(s->peer, bytes.p, bytes.n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)bytes.n;
}

/* What is there for the peer, up to [n] bytes; -1 and errno, or 0 at the end. */
static inline ssize_t take_peer(struct side *s, void *p, size_t n)
{
	return recv(s->peer, p, n, MSG_DONTWAIT);
}

/* A stream of bytes in which each place can be told from its neighbours. */
static inline uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

static inline bool is_stream(struct span s, size_t from)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != byte_at(from + i))
			return false;
	return true;
}

static inline void fill_stream(uint8_t *p, size_t n, size_t from)
{
	for (size_t i = 0; i < n; i++)
		p[i] = byte_at(from + i);
}

#endif
