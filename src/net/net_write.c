/* Output of a connection, from its owner into the buffer and on to the socket: see net_conn.h. */
#include "base/cold.h"
#include "net/net_conn_inner.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define LAST_READS 64 /* of a peer that takes no more, and must not hold up the turn by talking */

/* Into the buffer. */

size_t net_pending(const struct net_conn *c)
{
	return c->out.len - c->out.off + c->tail.n;
}

size_t net_room(const struct net_conn *c)
{
	size_t used = net_pending(c);
	return used < c->out_max ? c->out_max - used : 0;
}

/* Free bytes of the buffer that the bound allows to be used. */
static size_t writable(const struct net_conn *c)
{
	size_t free_bytes = c->out.cap - c->out.len, room = net_room(c);
	return free_bytes < room ? free_bytes : room;
}

/* At first a whole block, if the bound allows it: it costs no malloc, and more will follow. */
static bool make_room(struct net_conn *c, size_t room)
{
	if (c->out.p == NULL && room < NET_BLOCK && c->out_max >= NET_BLOCK)
		return net_buf_block(c->loop, &c->out);
	return net_buf_room(c->loop, &c->out, room, c->out_max);
}

struct out net_out_open(struct net_conn *c, size_t room)
{
	struct out o = out_init(NULL, 0);
	o.over = c->closing || c->finishing || c->tail.n > 0 || !make_room(c, room);
	if (o.over)
		return o;
	/* Here, and not when it is closed, so that net_conn_flush finds a buffer in which nothing
	 * is. */
	net_conn_written(c);
	return c->out.p == NULL ? o : out_init(c->out.p + c->out.len, writable(c));
}

bool net_out_close(struct net_conn *c, const struct out *o)
{
	if (o->over)
		return false;
	c->out.len += (uint32_t)o->n;
	return true;
}

bool net_write(struct net_conn *c, struct span s)
{
	struct out o = net_out_open(c, s.n);
	out_span(&o, s);
	return net_out_close(c, &o);
}

void net_write_ref(struct net_conn *c, struct span s)
{
	if (c->closing || c->finishing)
		return;
	c->tail = s;
	net_conn_written(c);
}

/* Out of it. */

/*
 * [front] and, behind it, [tail]; for one part, as most answers are, the plain call is cheaper.
 * What stands before a file goes without MSG_MORE: that would spare a tenth of a large answer, but
 * where congestion control paces (bbr), on a path as short as to a proxy beside us, it costs half
 * as much again, for it learns the speed of the path from small segments.
 */
static ssize_t wire_send(struct net_conn *c, struct span front, struct span tail)
{
	ssize_t sent;
	if (tail.n == 0 || (c->tail_file && front.n > 0)) {
		sent = send(c->src.fd, front.p, front.n, MSG_NOSIGNAL);
	} else if (c->tail_file) {
		sent = c->loop->send_file(c);
	} else {
		struct iovec iov[2] = {
			{(void *)(uintptr_t)front.p, front.n},
			{(void *)(uintptr_t)tail.p, tail.n},
		};
		struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};
		sent = sendmsg(c->src.fd, &m, MSG_NOSIGNAL);
	}
	if (sent < 0)
		return -errno;
	c->loop->sent += (size_t)sent;
	return sent;
}

void net_want_drained(struct net_conn *c)
{
	c->want_drained = true;
	if (net_pending(c) == 0)
		net_conn_put_again(c);
}

static void sent(struct net_conn *c, size_t n)
{
	size_t front = c->out.len - c->out.off;
	c->sent += n;
	if (c->finishing)
		net_timer_set(c->loop, &c->timer, NET_FINISH_MS, c->timer.fire);
	if (n < front) {
		c->out.off += (uint32_t)n;
		return;
	}
	net_buf_drop(c->loop, &c->out);
	if (c->tail_file) {
		c->tail.n -= n - front;
		c->tail_file = c->tail.n > 0;
	} else {
		c->tail = span_tail(c->tail, n - front);
	}
}

bool net_write_through(struct net_conn *c, struct span s)
{
	bool full = (c->src.events & EPOLLOUT) != 0; /* it would not take a byte */
	if (s.n > net_room(c))
		return false;
	if (s.n >= NET_THROUGH && !full && c->tail.n == 0 && !c->closing && !c->finishing) {
		c->tail = s;
		ssize_t n = wire_send(c, net_buf_held(&c->out), c->tail);
		if (n > 0)
			sent(c, (size_t)n);
		s = c->tail;
		c->tail = SPAN_NONE;
	}
	return s.n == 0 || net_write(c, s);
}

COLD static void start_lingering(struct net_conn *c)
{
	if (c->eof || !c->linger) {
		net_close_soon(c, NET_ECLOSED);
		return;
	}
	c->lingering = true;
	net_buf_drop(c->loop, &c->in);
	shutdown(c->src.fd, SHUT_WR);
	net_timer_set(c->loop, &c->timer, NET_LINGER_MS, c->timer.fire);
}

static void all_sent(struct net_conn *c)
{
	if (c->shut) {
		c->shut = false;
		shutdown(c->src.fd, SHUT_WR);
	}
	if (c->finishing && !c->lingering)
		start_lingering(c);
	if (c->want_drained)
		net_conn_put_again(c);
}

/*
 * The peer takes no more, but what it said before, an answer perhaps, is in the socket's buffer
 * still. Never from within an [input], so the shared buffer is free. EPIPE says that it had ended
 * its side before; in all other cases what the kernel shows behind its bytes is not its end.
 */
COLD static void fail_sending(struct net_conn *c, int why)
{
	if (c->why == 0)
		c->why = why;
	if (c->loop->viewer != NULL) {
		net_conn_settle_late(c);
		return;
	}
	why = c->why;
	c->torn = why != -EPIPE;
	for (int i = 0; i < LAST_READS; i++)
		if (c->closing || c->paused || c->eof || c->finishing || !net_conn_read(c))
			break;
	net_close_soon(c, why);
}

void net_conn_flush(struct net_conn *c)
{
	/* The common case, that it was written to just now, spares the end of the turn another
	 * look. */
	if (c->settling && c->loop->settling == c) {
		c->loop->settling = c->settling_next;
		c->settling = false;
	}
	while (net_pending(c) > 0 && !c->closing) {
		ssize_t n = wire_send(c, net_buf_held(&c->out), c->tail);
		if (n == -EAGAIN)
			break;
		if (n < 0 && n != -EINTR) {
			fail_sending(c, (int)n);
			return;
		}
		if (n > 0)
			sent(c, (size_t)n);
	}
	if (c->closing)
		return;
	bool waits = net_pending(c) > 0;
	if (!waits) {
		net_buf_drop(c->loop, &c->out);
		if (c->shut | c->finishing | c->want_drained)
			all_sent(c);
	}
	if (c->watched && (waits || c->finishing || c->src.events != EPOLLIN))
		net_conn_watch(c);
}

void net_flush(struct net_conn *c)
{
	if (c->settling && !c->closing)
		net_conn_flush(c);
}
