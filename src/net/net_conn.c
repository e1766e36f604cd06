#include "base/cold.h"
#include "net/net_conn_inner.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_BYTES (8u << 20) /* more unread input than this and the peer is cut after all */

static struct net_conn *conn_of_source(struct net_source *s)
{
	return (struct net_conn *)((char *)s - offsetof(struct net_conn, src));
}

static struct net_conn *conn_of_timer(struct net_timer *t)
{
	return (struct net_conn *)((char *)t - offsetof(struct net_conn, timer));
}

static void on_ready(struct net_source *s, uint32_t events);

void net_conn_watch(struct net_conn *c)
{
	if (c->closing)
		return;
	bool reading = !c->paused && (!c->eof || c->lingering);
	uint32_t want =
		(reading ? (uint32_t)EPOLLIN : 0) | (net_pending(c) > 0 ? (uint32_t)EPOLLOUT : 0);
	int rc = 0;
	if (!c->watched) {
		rc = net_watch(c->loop, &c->src, c->src.fd, want, on_ready);
		c->watched = true;
	} else if (c->src.events != want) {
		rc = net_rewatch(c->loop, &c->src, want);
	}
	if (rc < 0)
		net_close_soon(c, rc);
}

void net_conn_settle_late(struct net_conn *c)
{
	if (c->settling)
		return;
	struct net_loop *loop = c->loop;
	if (loop->settling == NULL)
		loop->settling_end = &loop->settling;
	c->settling = true;
	c->settling_next = NULL;
	*loop->settling_end = c;
	loop->settling_end = &c->settling_next;
}

void net_conn_written(struct net_conn *c)
{
	if (!c->closing)
		net_conn_settle_late(c);
}

static void on_ready(struct net_source *s, uint32_t events)
{
	struct net_conn *c = conn_of_source(s);
	if (events & EPOLLOUT)
		net_conn_flush(c);
	if (c->closing)
		return;
	if (!c->paused && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		if (c->finishing)
			net_conn_throw_away(c);
		else
			net_conn_read(c);
		if (c->settling && !c->closing)
			net_conn_flush(c);
		return;
	}
	/* Nobody reads now, and epoll reports these two whether asked or not: it would spin. */
	if (events & (EPOLLHUP | EPOLLERR)) {
		net_unwatch(c->loop, s);
		c->watched = false;
	}
}

void net_read_now(struct net_conn *c)
{
	if (c->loop->viewer == NULL)
		on_ready(&c->src, EPOLLIN);
}

int net_conn_open(struct net_loop *loop, struct net_conn *c, int fd, const struct net_conn_ops *ops,
		  uint32_t in_max, uint32_t out_max, bool eager)
{
	memset(c, 0, sizeof *c);
	c->src.fd = fd;
	c->loop = loop;
	c->ops = ops;
	c->in_max = in_max;
	c->out_max = out_max;
	/* Reading now would overwrite what another connection is looking at. */
	if (!eager || loop->viewer != NULL) {
		c->watched = true;
		return net_watch(loop, &c->src, fd, EPOLLIN, on_ready);
	}
	net_conn_read(c);
	if (!c->closing)
		net_conn_flush(c);
	/* A short exchange is over by now and never cost an epoll_ctl. */
	net_conn_watch(c);
	return 0;
}

COLD void net_close_soon(struct net_conn *c, int why)
{
	if (c->closing)
		return;
	c->closing = true;
	c->why = why;
	net_timer_stop(&c->timer);
	if (c->in_again)
		net_conn_drop_again(c);
	if (c->watched)
		net_unwatch(c->loop, &c->src);
	net_conn_settle_late(c);
}

COLD void net_reset(struct net_conn *c, int why)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	if (!c->closing)
		setsockopt(c->src.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	net_close_soon(c, why);
}

COLD static void finish_late(struct net_timer *t)
{
	struct net_conn *c = conn_of_timer(t);
	net_close_soon(c, c->lingering ? NET_ECLOSED : NET_ESLOW);
}

COLD void net_finish(struct net_conn *c, bool linger)
{
	if (c->closing || c->finishing)
		return;
	c->finishing = true;
	c->in_max = LINGER_BYTES;
	c->linger = linger;
	c->paused = false;
	net_timer_stop(&c->timer);
	net_timer_set(c->loop, &c->timer, NET_FINISH_MS, finish_late);
	net_conn_written(c);
}

COLD void net_shut(struct net_conn *c)
{
	c->shut = true;
	net_conn_written(c);
}

COLD static void bury(struct net_conn *c)
{
	close(c->src.fd);
	net_timer_stop(&c->timer); /* the owner may have set it since */
	net_buf_drop(c->loop, &c->in);
	net_buf_drop(c->loop, &c->out);
	c->ops->closed(c, c->why);
}

void net_conn_settle(struct net_loop *loop)
{
	while (loop->settling != NULL) {
		struct net_conn *c = loop->settling;
		loop->settling = c->settling_next;
		c->settling = false;
		if (c->closing)
			bury(c);
		else
			net_conn_flush(c);
	}
}
