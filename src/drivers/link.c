#include "drivers/link.h"

#include <string.h>
#include <unistd.h>

static void dial(struct link *l);

static struct link *link_of_conn(struct net_conn *c)
{
	return (struct link *)((char *)c - offsetof(struct link, conn));
}

static void dial_soon(struct net_task *t)
{
	dial((struct link *)((char *)t - offsetof(struct link, soon)));
}

static void dial_late(struct net_timer *t)
{
	dial((struct link *)((char *)t - offsetof(struct link, timer)));
}

/* Whether a host is left that was not tried since the last back-off. */
static bool take_next_host(struct link *l)
{
	l->host = (l->host + 1) % l->cfg->host_count;
	if (++l->tried < l->cfg->host_count)
		return true;
	l->tried = 0;
	l->passes++;
	return false;
}

/* A server that lets us in and then drops us, again and again, is not to be hammered. */
static bool take_settled(struct link *l)
{
	bool settled = l->ready_at > 0 && l->loop->now - l->ready_at >= LINK_SETTLED;
	l->ready_at = 0;
	if (settled) {
		l->tried = 0;
		l->backoff = LINK_BACKOFF_MIN;
	}
	return settled;
}

static void wait_and_retry(struct link *l)
{
	bool settled = take_settled(l);
	l->state = LINK_WAITING;
	net_timer_stop(&l->timer);
	if (!settled && take_next_host(l)) {
		net_task_put(l->loop, &l->soon, dial_soon);
		return;
	}
	net_timer_set(l->loop, &l->timer, net_jitter(l->backoff), dial_late);
	l->backoff = l->backoff < LINK_BACKOFF_MAX / 2 ? l->backoff * 2 : LINK_BACKOFF_MAX;
}

static void on_input(struct net_conn *c)
{
	struct link *l = link_of_conn(c);
	if (l->state != LINK_CLOSING)
		l->ops->input(l);
	if (c->eof && !c->closing && !l->held)
		link_break(l, NET_EEOF);
}

static void on_closed(struct net_conn *c, int why)
{
	struct link *l = link_of_conn(c);
	l->state = LINK_OFF;
	net_timer_stop(&l->late);
	if (l->stopped)
		return;
	/* First what comes next, so that [down] finds a state it may change by link_stop. */
	wait_and_retry(l);
	l->ops->down(l, why);
}

static void on_drained(struct net_conn *c)
{
	struct link *l = link_of_conn(c);
	if (l->drained != NULL)
		l->drained(l);
}

static const struct net_conn_ops conn_ops = {on_input, on_drained, on_closed};

static void on_late(struct net_timer *t)
{
	struct link *l = (struct link *)((char *)t - offsetof(struct link, timer));
	link_break(l, NET_EDEADLINE);
}

static void on_dialled(struct net_dial *d, int rc)
{
	struct link *l = (struct link *)((char *)d - offsetof(struct link, dial));
	if (rc >= 0) {
		int fd = rc;
		rc = net_conn_open(l->loop, &l->conn, fd, &conn_ops, l->cfg->in_max,
				   l->cfg->out_max, false);
		if (rc < 0)
			close(fd);
	}
	if (rc < 0) {
		wait_and_retry(l);
		l->ops->down(l, rc);
		return;
	}
	l->state = LINK_LOGIN;
	l->ops->up(l);
}

static void dial(struct link *l)
{
	l->state = LINK_DIALLING;
	const struct link_host *h = &l->cfg->hosts[l->host];
	net_dial_start(l->loop, &l->dial, h->name, h->port, l->cfg->connect_ms, on_dialled);
	/* The dial has its own deadline; this one covers the login behind it. */
	net_timer_set(l->loop, &l->timer, l->cfg->connect_ms + NET_TICK, on_late);
}

void link_start(struct link *l, struct net_loop *loop, const struct link_config *cfg,
		const struct link_ops *ops)
{
	memset(l, 0, sizeof *l);
	l->loop = loop;
	l->cfg = cfg;
	l->ops = ops;
	l->backoff = LINK_BACKOFF_MIN;
	l->state = LINK_WAITING;
	net_task_put(loop, &l->soon, dial_soon);
}

void link_ready(struct link *l)
{
	l->state = LINK_READY;
	l->ready_at = l->loop->now;
	net_timer_stop(&l->timer);
}

static void on_answer_late(struct net_timer *t)
{
	struct link *l = (struct link *)((char *)t - offsetof(struct link, late));
	uint64_t first = l->ops->first_deadline(l);
	if (first <= l->loop->now)
		link_break(l, NET_EDEADLINE);
	else if (first != UINT64_MAX)
		link_expect(l, first);
}

void link_expect(struct link *l, uint64_t deadline)
{
	if (l->late.link != NULL && l->late.due <= deadline)
		return;
	uint64_t ms = deadline > l->loop->now ? deadline - l->loop->now : 0;
	net_timer_set(l->loop, &l->late, ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX,
		      on_answer_late);
}

void link_leave(struct link *l)
{
	take_settled(l);
}

void link_slow(struct link *l)
{
	l->backoff = LINK_BACKOFF_MAX;
}

void link_break(struct link *l, int why)
{
	if (l->state == LINK_DIALLING) {
		net_dial_cancel(&l->dial);
		wait_and_retry(l);
		l->ops->down(l, why);
	} else if (l->state == LINK_LOGIN || l->state == LINK_READY) {
		l->state = LINK_CLOSING;
		net_timer_stop(&l->timer);
		net_timer_stop(&l->late);
		net_close_soon(&l->conn, why);
	}
}

void link_stop(struct link *l)
{
	l->stopped = true;
	net_task_drop(l->loop, &l->soon);
	net_timer_stop(&l->timer);
	net_timer_stop(&l->late);
	net_dial_cancel(&l->dial);
	if (l->state == LINK_LOGIN || l->state == LINK_READY) {
		net_finish(&l->conn, false);
		l->state = LINK_CLOSING;
	}
	if (l->state != LINK_CLOSING)
		l->state = LINK_OFF;
}
