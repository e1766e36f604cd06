/* The connections of http_upstream: their records, the idle ones, and what ties one to a call. */
#include "drivers/http_upstream_conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#define SPARE_CONNS 64 /* records kept for the next connections */

struct upstream_conn *upstream_conn_new(struct upstream_group *g)
{
	struct upstream_conn *c = g->spare;
	if (c == NULL)
		return malloc(sizeof *c);
	g->spare = c->next;
	g->spares--;
	return c;
}

void upstream_conn_free(struct upstream_conn *c)
{
	struct upstream_group *g = c->up->group;
	if (g->spares >= SPARE_CONNS) {
		free(c);
		return;
	}
	c->next = g->spare;
	g->spare = c;
	g->spares++;
}

void upstream_arm(struct upstream_conn *c)
{
	const struct upstream_limits *lim = c->up->group->lim;
	const uint32_t ms[] = {lim->idle_ms, lim->answer_ms, lim->between_ms, lim->tunnel_ms, 0};
	c->sent_mark = c->net.sent;
	if (c->phase != UPSTREAM_OVER && !c->net.closing)
		net_timer_set(c->net.loop, &c->net.timer, ms[c->phase], upstream_on_time);
}

void upstream_unpark(struct upstream_conn *c)
{
	if (c->phase != UPSTREAM_PARKED)
		return;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		c->up->idle = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->up->count->idles--;
	c->phase = UPSTREAM_OVER;
}

void upstream_park(struct upstream_conn *c)
{
	struct upstream *up = c->up;
	c->phase = UPSTREAM_PARKED;
	c->kept = true;
	c->prev = NULL;
	c->next = up->idle;
	if (up->idle != NULL)
		up->idle->prev = c;
	up->idle = c;
	up->count->idles++;
	net_resume(&c->net);
	upstream_arm(c);
}

void upstream_drop(struct upstream_conn *c, int why)
{
	upstream_unpark(c);
	c->phase = UPSTREAM_OVER;
	c->call = NULL;
	net_close_soon(&c->net, why);
}

void upstream_cut(struct upstream_conn *c)
{
	net_reset(&c->net, NET_ECLOSED);
	upstream_drop(c, NET_ECLOSED);
}

/* The latest first: it is the one least likely to be closed at the other end. */
struct upstream_conn *upstream_unpark_idle(struct upstream *up)
{
	while (up->idle != NULL) {
		struct upstream_conn *c = up->idle;
		upstream_unpark(c);
		if (!c->net.closing)
			return c;
	}
	return NULL;
}

void upstream_set_patient(struct upstream_conn *c, bool patient)
{
	unsigned ms = patient ? 0 : UPSTREAM_DEAF_MS;
	if (c->patient == patient)
		return;
	c->patient = patient;
	if (c->addr.family != 0)
		setsockopt(c->net.src.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

void upstream_attach(struct upstream_conn *c, struct upstream_call *call)
{
	const struct upstream_request *rq = &call->rq;
	c->call = call;
	call->conn = c;
	c->phase = UPSTREAM_HEADING;
	c->seen = 0;
	c->sent_before = c->net.sent;
	upstream_set_patient(c, rq->framing == HTTP_CHUNKED || rq->length > UPSTREAM_DEAF_BODY);
	if (!net_write(&c->net, out_span_of(&call->kept)))
		net_close_soon(&c->net, -ENOMEM);
	/*
	 * What can't be repeated waits for the end of the turn, which may still bring the close of
	 * a kept connection: nothing of it has been sent then.
	 */
	if (upstream_is_idempotent(rq))
		net_flush(&c->net);
	upstream_arm(c);
	/* Or what leaves at the end of the turn would count as the server taking it. */
	c->sent_mark += net_pending(&c->net);
	/* A new connection can't be stale, and this request may be sent but once. */
	if (call->sent_once || (!c->kept && !upstream_is_idempotent(rq)))
		upstream_forget_kept(call);
}

struct upstream_call *upstream_detach(struct upstream_conn *c)
{
	struct upstream_call *call = c->call;
	call->conn = NULL;
	c->call = NULL;
	return call;
}
