/* The end of calls and the reading of answers: see http_upstream.h. */
#include "drivers/http_upstream_conn.h"

static struct upstream_conn *conn_of(struct net_conn *n)
{
	return (struct upstream_conn *)((char *)n - offsetof(struct upstream_conn, net));
}

/* The end of a call. */

/* The server may have closed while our request was on its way, which is nobody's fault. */
static bool may_repeat(const struct upstream_conn *c, const struct upstream_call *call)
{
	if (call->begun || call->sent_once)
		return false;
	return upstream_is_idempotent(&call->rq) || (c->kept && c->net.sent == c->sent_before);
}

static void lose(struct upstream_conn *c, enum upstream_why why, const char *error)
{
	bool again = why == UPSTREAM_LOST && may_repeat(c, c->call);
	struct upstream_call *call = upstream_detach(c);
	call->stale = why == UPSTREAM_LOST && c->kept;
	upstream_cut(c);
	upstream_fail(call, why, error, again);
}

static enum upstream_why why_lost(const struct upstream_conn *c)
{
	return c->phase == UPSTREAM_HEADING ? UPSTREAM_LOST : UPSTREAM_TRUNCATED;
}

static void complete(struct upstream_conn *c)
{
	struct upstream_call *call = upstream_detach(c);
	struct upstream *up = c->up;
	bool stray = net_peek(&c->net).n > 0;
	up->count->stray += stray;
	if (c->keep_alive && call->complete && !stray && !c->net.eof && !c->net.closing &&
	    c->epoch == up->epoch && net_pending(&c->net) == 0 &&
	    up->count->idles < up->group->lim->idle)
		upstream_park(c);
	else if (call->complete)
		upstream_drop(c, NET_ECLOSED);
	else
		upstream_cut(c);
	upstream_release(call);
	call->ops->done(call);
}

/* The answer. The functions return whether there may be more to do in this turn. */

static bool is_interim(const struct http_head *h)
{
	return h->status < 200 && h->status != 101;
}

static bool is_welcome(struct upstream_call *call, const struct http_head *h)
{
	if (h->status == 101)
		return call->rq.upgrade && call->complete;
	return !is_interim(h) || ++call->interims <= UPSTREAM_INTERIM;
}

static void give_interim(struct upstream_conn *c, const struct http_head *h)
{
	upstream_arm(c);
	if (c->call->ops->interim != NULL)
		c->call->ops->interim(c->call, h);
}

static void give_head(struct upstream_conn *c, const struct http_head *h)
{
	c->phase = h->status == 101 ? UPSTREAM_TUNNEL : UPSTREAM_BODY;
	c->keep_alive = h->keep_alive;
	http_body_init(&c->decoder, h, &c->up->group->lim->parse);
	if (c->phase == UPSTREAM_TUNNEL)
		upstream_set_patient(c, true);
	upstream_arm(c);
	/* cppcheck-suppress nullPointerRedundantCheck ; the callback may leave the call */
	c->call->ops->head(c->call, h);
	if (c->call != NULL && c->phase == UPSTREAM_BODY && c->decoder.done)
		complete(c);
}

static bool take_head(struct upstream_conn *c)
{
	struct upstream_call *call = c->call;
	const struct upstream_limits *lim = c->up->group->lim;
	struct http_head *h = &c->up->group->head;
	struct span in = net_peek(&c->net);
	if (in.n == 0 || !http_head_due(in, c->seen, &lim->parse))
		return false;
	int used = http_read_response(in, &lim->parse, call->rq.method, h);
	if (used == HTTP_MORE) {
		c->seen = (uint32_t)in.n;
		return false;
	}
	if (used > 0 && !is_welcome(call, h))
		used = HTTP_ESTATUS;
	if (used < 0) {
		lose(c, UPSTREAM_GARBLED, http_strerror(used));
		return false;
	}
	net_eat(&c->net, (size_t)used);
	c->seen = 0;
	upstream_succeeded(c->up);
	if (is_interim(h))
		give_interim(c, h);
	else
		give_head(c, h);
	return true;
}

static bool take_body(struct upstream_conn *c)
{
	struct upstream_call *call = c->call;
	struct span piece;
	int used = http_body_next(&c->decoder, net_peek(&c->net), &piece);
	if (used < 0)
		lose(c, UPSTREAM_TRUNCATED, http_strerror(used));
	if (used <= 0)
		return false;
	net_eat(&c->net, (size_t)used);
	if (piece.n > 0)
		call->ops->body(call, piece);
	if (c->call != NULL && c->decoder.done)
		complete(c);
	return true;
}

static bool take_tunnel(struct upstream_conn *c)
{
	struct span all = net_peek(&c->net);
	net_eat(&c->net, all.n);
	if (all.n > 0)
		c->call->ops->body(c->call, all);
	return false;
}

static void on_end(struct upstream_conn *c)
{
	if (c->phase == UPSTREAM_TUNNEL) {
		if (!c->ended) {
			c->ended = true;
			c->call->ops->done(c->call);
		}
	} else if (c->phase == UPSTREAM_BODY && c->decoder.framing == HTTP_UNTIL_CLOSE) {
		complete(c);
	} else {
		lose(c, why_lost(c), net_strerror(NET_EEOF));
	}
}

static void on_input(struct net_conn *n)
{
	struct upstream_conn *c = conn_of(n);
	if (c->call == NULL) {
		c->up->count->stray += net_peek(n).n > 0;
		if (net_peek(n).n > 0 || n->eof)
			upstream_drop(c, NET_ECLOSED);
		return;
	}
	if (net_peek(n).n > 0 && !c->call->begun) {
		c->call->begun = true;
		upstream_forget_kept(c->call);
	}
	if (c->phase > UPSTREAM_HEADING)
		upstream_arm(c);
	bool more = true;
	while (more && c->call != NULL && !n->paused)
		more = c->phase == UPSTREAM_HEADING ? take_head(c)
		       : c->phase == UPSTREAM_BODY  ? take_body(c)
						    : take_tunnel(c);
	if (n->eof && c->call != NULL && (!n->paused || net_peek(n).n == 0))
		on_end(c);
}

static void on_drained(struct net_conn *n)
{
	struct upstream_conn *c = conn_of(n);
	if (c->call != NULL)
		c->call->ops->writable(c->call);
}

static void on_closed(struct net_conn *n, int why)
{
	struct upstream_conn *c = conn_of(n);
	upstream_unpark(c);
	if (c->call != NULL)
		lose(c, why_lost(c), net_strerror(why));
	c->up->count->conns--;
	upstream_conn_free(c);
}

const struct net_conn_ops upstream_conn_ops = {on_input, on_drained, on_closed};

void upstream_on_time(struct net_timer *t)
{
	struct upstream_conn *c =
		(struct upstream_conn *)((char *)t - offsetof(struct upstream_conn, net.timer));
	/* Not the server's fault: we do not read, it takes what we send, or we have no more. */
	bool ours = c->net.paused || c->net.sent > c->sent_mark ||
		    (c->call != NULL && !c->call->complete && net_pending(&c->net) == 0);
	if (c->phase == UPSTREAM_PARKED)
		upstream_drop(c, NET_ECLOSED);
	else if (ours)
		upstream_arm(c);
	else
		lose(c, c->phase == UPSTREAM_HEADING ? UPSTREAM_LATE : UPSTREAM_TRUNCATED,
		     net_strerror(NET_EDEADLINE));
}
