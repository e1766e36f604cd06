/* Input of a connection, from the socket to its owner: see net_conn.h. */
#include "base/cold.h"
#include "net/net_conn_inner.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* The seam of all bytes that come: how many, 0 at the end of input, or -errno. */
static ssize_t wire_recv(struct net_conn *c, void *p, size_t n)
{
	ssize_t got = recv(c->src.fd, p, n, 0);
	if (got < 0)
		return -errno;
	c->loop->received += (size_t)got;
	return got;
}

static bool is_passing(ssize_t rc)
{
	return rc == -EAGAIN || rc == -EINTR;
}

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
 * [drained] comes from here and not from net_conn_flush: written to at once, and with a peer that
 * takes all at once, it would be called for ever within one turn.
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
		deliver(c, net_buf_held(&c->in));
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

void net_conn_put_again(struct net_conn *c)
{
	if (c->closing || c->in_again)
		return;
	c->in_again = true;
	c->again_next = c->loop->again;
	c->loop->again = c;
}

COLD void net_conn_drop_again(struct net_conn *c)
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
	net_conn_put_again(c);
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
		deliver(c, net_buf_held(&c->in));
	if (c->watched)
		net_conn_watch(c);
}

COLD void net_conn_throw_away(struct net_conn *c)
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
	struct span old = net_buf_held(&c->in);
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
bool net_conn_read(struct net_conn *c)
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
		net_conn_watch(c);
}

void net_resume(struct net_conn *c)
{
	if (!c->paused)
		return;
	c->paused = false;
	net_conn_watch(c);
	/* During [input] what will be left is still in view. */
	if (c->in.len > c->in.off || net_peek(c).n > 0)
		net_again(c);
}
