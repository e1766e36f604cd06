#include "base/cold.h"
#include "net/net_conn_inner.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define LAST_READS 64 /* of a peer that takes no more, and must not hold up the turn by talking */
#define LINGER_BYTES (8u << 20) /* more unread input than this and the peer is cut after all */

static struct net_conn *conn_of_source(struct net_source *s)
{
	return (struct net_conn *)((char *)s - offsetof(struct net_conn, src));
}

static struct net_conn *conn_of_timer(struct net_timer *t)
{
	return (struct net_conn *)((char *)t - offsetof(struct net_conn, timer));
}

/* The seam: all bytes from and to the socket. Bytes, 0 at the end of input, or -errno. */

static ssize_t wire_recv(struct net_conn *c, void *p, size_t n)
{
	ssize_t got = recv(c->src.fd, p, n, 0);
	if (got < 0)
		return -errno;
	c->loop->received += (size_t)got;
	return got;
}

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

static bool is_passing(ssize_t rc)
{
	return rc == -EAGAIN || rc == -EINTR;
}

static void on_ready(struct net_source *s, uint32_t events);

/* Tells epoll what this connection waits for now. */
static void watch(struct net_conn *c)
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

/* For the end of the turn. */
static void settle_late(struct net_conn *c)
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
		settle_late(c);
}

/* What a buffer holds. */
static struct span held(const struct net_buf *b)
{
	return b->p == NULL ? SPAN_NONE : span_of(b->p + b->off, b->len - b->off);
}

/* Input. */

static bool is_shared(const struct net_conn *c, const uint8_t *p)
{
	return p >= c->loop->input && p < c->loop->input + NET_INPUT;
}

/* After the owner has eaten: only an incomplete piece is worth a buffer. */
static void keep_rest(struct net_conn *c)
{
	struct span rest = c->finishing ? SPAN_NONE : c->loop->view;
	if (rest.n == 0) {
		net_buf_drop(c->loop, &c->in);
		return;
	}
	if (!is_shared(c, rest.p)) {
		c->in.off = c->in.len - (uint32_t)rest.n;
		return;
	}
	c->in.off = c->in.len = 0;
	if (!net_buf_room(c->loop, &c->in, rest.n, c->in_max)) {
		net_close_soon(c, NET_EFULL);
		return;
	}
	memcpy(c->in.p, rest.p, rest.n);
	c->in.len = (uint32_t)rest.n;
}

static void deliver(struct net_conn *c, struct span view)
{
	c->loop->viewer = c;
	c->loop->view = view;
	c->ops->input(c);
	c->loop->viewer = NULL;
	if (!c->closing)
		keep_rest(c);
}

/*
 * [drained] comes from here and not from flush: written to at once, and with a peer that takes all
 * at once, it would be called for ever within one turn.
 */
static void run_again(struct net_conn *c)
{
	bool more = c->more;
	c->more = false;
	c->in_again = false;
	if (c->closing)
		return;
	if (c->want_drained && net_pending(c) == 0) {
		c->want_drained = false;
		c->ops->drained(c);
	}
	if (!more || c->closing || c->finishing || c->paused)
		return;
	if (c->in.len > c->in.off || c->eof)
		deliver(c, held(&c->in));
}

/* Those that are put meanwhile have their turn in the next one. */
void net_conn_run_again(struct net_loop *loop)
{
	struct net_conn *c = loop->again;
	loop->again = NULL;
	while (c != NULL) {
		struct net_conn *next = c->again_next;
		run_again(c);
		c = next;
	}
}

static void put_again(struct net_conn *c)
{
	if (c->closing || c->in_again)
		return;
	c->in_again = true;
	c->again_next = c->loop->again;
	c->loop->again = c;
}

COLD static void drop_again(struct net_conn *c)
{
	struct net_conn **at = &c->loop->again;
	while (*at != NULL && *at != c)
		at = &(*at)->again_next;
	if (*at != c)
		return; /* it is being run: by now that does nothing */
	*at = c->again_next;
	c->in_again = false;
}

void net_again(struct net_conn *c)
{
	c->more = true;
	put_again(c);
}

COLD static void end_of_input(struct net_conn *c)
{
	if (c->eof && !c->lingering) {
		/* Both directions are over; epoll would report the hang-up for ever. */
		net_unwatch(c->loop, &c->src);
		c->watched = false;
		return;
	}
	c->eof = true;
	if (c->lingering)
		net_close_soon(c, NET_ECLOSED);
	else if (!c->finishing)
		deliver(c, held(&c->in));
	if (c->watched)
		watch(c);
}

COLD static void throw_away(struct net_conn *c)
{
	ssize_t got = wire_recv(c, c->loop->input, NET_INPUT);
	if (got == 0)
		end_of_input(c);
	else if (got < 0 && !is_passing(got))
		net_close_soon(c, (int)got);
	else if (got > (ssize_t)c->in_max)
		net_close_soon(c, NET_ECLOSED);
	else if (got > 0)
		c->in_max -= (uint32_t)got;
}

/*
 * Where the next bytes go, [*kept] of them being there already. A short incomplete piece is copied
 * to the front of the shared buffer, so that one recv can take much; a long one stays where it is.
 */
static struct span input_room(struct net_conn *c, size_t *kept)
{
	struct span old = held(&c->in);
	size_t most = c->in_max - old.n;
	*kept = old.n;
	if (old.n <= NET_BLOCK) {
		if (old.n > 0)
			memcpy(c->loop->input, old.p, old.n);
		return span_of(c->loop->input + old.n,
			       most < NET_INPUT - old.n ? most : NET_INPUT - old.n);
	}
	if (c->in.len == c->in.cap && most > 0 &&
	    !net_buf_room(c->loop, &c->in, old.n < most ? old.n : most, c->in_max))
		return SPAN_NONE;
	size_t room = c->in.cap - c->in.len;
	return span_of(c->in.p + c->in.len, room < most ? room : most);
}

/* Whether bytes came. */
static bool read_once(struct net_conn *c)
{
	size_t kept;
	uint8_t excess;
	struct span room = input_room(c, &kept);
	bool full = room.n == 0;
	if (full)
		room = span_of(&excess, 1); /* one byte is too much, the end of input is not */
	ssize_t got = wire_recv(c, (uint8_t *)(uintptr_t)room.p, room.n);
	if (got < 0 && !is_passing(got))
		net_close_soon(c, (int)got);
	if (got == 0 && !c->torn)
		end_of_input(c);
	/* The codec above has limits of its own that come first: ours is the last. */
	if (got > 0 && full)
		net_close_soon(c, NET_EFULL);
	if (got <= 0 || full)
		return false;
	if (!is_shared(c, room.p))
		c->in.len += (uint32_t)got;
	deliver(c, span_of(room.p - kept, kept + (size_t)got));
	return true;
}

struct span net_peek(const struct net_conn *c)
{
	return c->loop->viewer == c ? c->loop->view : SPAN_NONE;
}

void net_eat(struct net_conn *c, size_t n)
{
	if (c->loop->viewer == c)
		c->loop->view = span_tail(c->loop->view, n);
}

void net_pause(struct net_conn *c)
{
	c->paused = true;
	if (c->watched)
		watch(c);
}

void net_resume(struct net_conn *c)
{
	if (!c->paused)
		return;
	c->paused = false;
	watch(c);
	/* During [input] what will be left is still in view. */
	if (c->in.len > c->in.off || net_peek(c).n > 0)
		net_again(c);
}

/* Output. */

void net_want_drained(struct net_conn *c)
{
	c->want_drained = true;
	if (net_pending(c) == 0)
		put_again(c);
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
		ssize_t n = wire_send(c, held(&c->out), c->tail);
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
		put_again(c);
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
		settle_late(c);
		return;
	}
	why = c->why;
	c->torn = why != -EPIPE;
	for (int i = 0; i < LAST_READS; i++)
		if (c->closing || c->paused || c->eof || c->finishing || !read_once(c))
			break;
	net_close_soon(c, why);
}

static void flush(struct net_conn *c)
{
	/* The common case, that it was written to just now, spares the end of the turn another
	 * look. */
	if (c->settling && c->loop->settling == c) {
		c->loop->settling = c->settling_next;
		c->settling = false;
	}
	while (net_pending(c) > 0 && !c->closing) {
		ssize_t n = wire_send(c, held(&c->out), c->tail);
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
		watch(c);
}

void net_flush(struct net_conn *c)
{
	if (c->settling && !c->closing)
		flush(c);
}

/* Life. */

static void on_ready(struct net_source *s, uint32_t events)
{
	struct net_conn *c = conn_of_source(s);
	if (events & EPOLLOUT)
		flush(c);
	if (c->closing)
		return;
	if (!c->paused && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		if (c->finishing)
			throw_away(c);
		else
			read_once(c);
		if (c->settling && !c->closing)
			flush(c);
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
	read_once(c);
	if (!c->closing)
		flush(c);
	/* A short exchange is over by now and never cost an epoll_ctl. */
	watch(c);
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
		drop_again(c);
	if (c->watched)
		net_unwatch(c->loop, &c->src);
	settle_late(c);
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
			flush(c);
	}
}
