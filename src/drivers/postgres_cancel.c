#include "drivers/postgres_cancel.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CANCEL_ROOM (16 + PGWIRE_KEY_MAX)

static struct postgres_canceller *canceller_of(struct net_conn *c)
{
	return (struct postgres_canceller *)((char *)c - offsetof(struct postgres_canceller, conn));
}

/* The server says nothing; its end is its answer. */
static void on_input(struct net_conn *c)
{
	net_eat(c, net_peek(c).n);
	if (c->eof)
		net_close_soon(c, NET_EEOF);
}

static void on_closed(struct net_conn *c, int why)
{
	(void)why;
	canceller_of(c)->open = false;
}

static const struct net_conn_ops conn_ops = {on_input, NULL, on_closed};

static void on_time(struct net_timer *t)
{
	struct net_conn *c = (struct net_conn *)((char *)t - offsetof(struct net_conn, timer));
	net_close_soon(c, NET_EDEADLINE);
}

/* Where the connection [fd] leads to: a socket on its way there, or -errno. */
static int dial_peer(int fd)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof sa;
	if (getpeername(fd, (struct sockaddr *)&sa, &n) != 0)
		return -errno;
	int to = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (to < 0)
		return -errno;
	if (connect(to, (struct sockaddr *)&sa, n) == 0 || errno == EINPROGRESS)
		return to;
	int rc = -errno;
	close(to);
	return rc;
}

static bool send_cancel(struct postgres_canceller *c)
{
	const struct pgwire_session *s = &c->p->session;
	if (s->key_n == 0)
		return false;
	int fd = dial_peer(c->p->link.conn.src.fd);
	if (fd < 0)
		return false;
	if (net_conn_open(c->p->link.loop, &c->conn, fd, &conn_ops, 1, CANCEL_ROOM, false) < 0) {
		close(fd);
		return false;
	}
	c->open = true;
	c->cancels++;
	struct out o = net_out_open(&c->conn, CANCEL_ROOM);
	pgwire_put_cancel(&o, s->pid, span_of(s->key, s->key_n));
	net_out_close(&c->conn, &o);
	net_timer_set(c->p->link.loop, &c->conn.timer, c->grace_ms, on_time);
	return true;
}

/* The answer came before the cancel request was out: it would hit another. */
static void call_back(struct postgres_canceller *c)
{
	c->waiting = false;
	if (c->open && c->conn.sent == 0)
		net_close_soon(&c->conn, NET_ECLOSED);
}

static struct postgres_request *request_at(const struct pgwire_session *s, uint32_t i)
{
	return s->queue[(s->head + i) % s->cap].who;
}

static bool is_over(const struct postgres_canceller *c, const struct postgres_request *q)
{
	return q == &c->nobody || q->deadline <= c->p->link.loop->now;
}

/* Those that wait behind another and whose time is up. False: the connection is gone meanwhile. */
static bool give_up_waiting(struct postgres_canceller *c)
{
	struct pgwire_session *s = &c->p->session;
	for (uint32_t i = 1; i < s->count; i++) {
		struct postgres_request *q = request_at(s, i);
		if (q == &c->nobody || !is_over(c, q))
			continue;
		s->queue[(s->head + i) % s->cap].who = &c->nobody;
		q->done(q, POSTGRES_ELATE);
		if (c->p->link.state != LINK_READY)
			return false;
	}
	return true;
}

static uint64_t next_deadline(const struct postgres_canceller *c)
{
	const struct pgwire_session *s = &c->p->session;
	uint64_t first = c->waiting ? c->until : UINT64_MAX;
	for (uint32_t i = c->waiting ? 1 : 0; i < s->count; i++) {
		const struct postgres_request *q = request_at(s, i);
		if (q != &c->nobody && q->deadline < first)
			first = q->deadline;
	}
	return first;
}

/* A time that has come gives the connection up. */
static uint64_t late(struct postgres *p)
{
	struct postgres_canceller *c = p->canceller;
	const struct pgwire_session *s = &p->session;
	uint64_t now = p->link.loop->now;
	if (p->link.state != LINK_READY)
		return now;
	if (!give_up_waiting(c) || s->count == 0)
		return UINT64_MAX;
	if (c->connects != p->connects || c->target != s->head)
		c->waiting = false;
	if (!c->waiting && is_over(c, request_at(s, 0))) {
		/* The last one's connection: it closes within grace_ms. */
		if (c->open)
			return now + NET_TICK;
		if (!send_cancel(c))
			return now;
		c->waiting = true;
		c->target = s->head;
		c->connects = p->connects;
		c->until = now + c->grace_ms;
	}
	return next_deadline(c);
}

static bool on_event(struct postgres_watcher *w, struct postgres *p, const struct pgwire_event *ev)
{
	struct postgres_canceller *c = (struct postgres_canceller *)w;
	const struct pgwire_session *s = &p->session;
	if (ev->kind != PGWIRE_EV_DONE)
		return false;
	if (c->waiting && s->head != c->target)
		call_back(c);
	if (s->count > 0 && request_at(s, 0) == &c->nobody)
		link_expect(&p->link, p->link.loop->now);
	return false;
}

static void on_nobody(struct postgres_request *q, int rc)
{
	(void)q, (void)rc;
}

void postgres_cancel_open(struct postgres_canceller *c, struct postgres *p, uint32_t grace_ms)
{
	memset(c, 0, sizeof *c);
	c->watcher.event = on_event;
	c->p = p;
	c->grace_ms = grace_ms;
	c->nobody.done = on_nobody;
	p->late = late;
	p->canceller = c;
	postgres_watch(p, &c->watcher);
}

void postgres_cancel_close(struct postgres_canceller *c)
{
	if (c->open)
		net_close_soon(&c->conn, NET_ECLOSED);
}

void postgres_cancel(struct postgres_request *q)
{
	q->deadline = q->on->link.loop->now;
	link_expect(&q->on->link, q->deadline);
}
