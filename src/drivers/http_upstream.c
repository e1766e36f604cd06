#include "drivers/http_upstream_conn.h"

#include "net/net_dial.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_ROOM 24 /* size line and the two CRLFs */

const struct upstream_limits upstream_defaults = {
	.parse = {.line = 8192, .head = 32768, .fields = 100, .chunk_ext = 4096},
	.connections = 4096,
	.idle = 256,
	.out = 256 << 10,
	.connect_ms = 5000,
	.answer_ms = 60000,
	.between_ms = 60000,
	.idle_ms = 30000,
	.tunnel_ms = 3600000,
	.retries = 1,
};

/* A connection in the making; apart, because the resolver needs 2 KiB that the rest does not. */
struct upstream_dial {
	struct net_dial dial;
	struct upstream_call *call;
};

const char *upstream_why_text(enum upstream_why why)
{
	switch (why) {
	case UPSTREAM_UNREACHABLE:
		return "cannot be reached";
	case UPSTREAM_LATE_CONNECT:
		return "cannot be reached in time";
	case UPSTREAM_LOST:
		return "closed the connection without an answer";
	case UPSTREAM_LATE:
		return "did not answer in time";
	case UPSTREAM_GARBLED:
		return "gave an answer that is not HTTP";
	case UPSTREAM_TRUNCATED:
		return "did not complete its answer";
	case UPSTREAM_WHYS:
		break;
	}
	return "failed";
}

/* What was written, for a repetition. */

void upstream_forget_kept(struct upstream_call *call)
{
	if (call->kept.p != call->small)
		free(call->kept.p);
	call->kept = (struct out){.over = true};
}

static void put_piece(struct out *o, const struct upstream_call *call, struct span s)
{
	bool chunked = call->rq.framing == HTTP_CHUNKED;
	if (chunked)
		http_put_chunk_begin(o, s.n);
	out_span(o, s);
	if (chunked)
		http_put_chunk_end(o);
}

/* New connections. */

static int open_conn(struct upstream_call *call, int fd, const struct net_addr *addr)
{
	struct upstream *up = call->up;
	struct upstream_conn *c = upstream_conn_new(up->group);
	if (c == NULL)
		return -ENOMEM;
	memset(c, 0, sizeof *c);
	c->up = up;
	c->epoch = up->epoch;
	c->addr = *addr;
	c->patient = true;
	int rc = net_conn_open(up->group->loop, &c->net, fd, &upstream_conn_ops,
			       up->group->lim->parse.head + NET_INPUT, up->group->lim->out, false);
	if (rc < 0) {
		upstream_conn_free(c);
		return rc;
	}
	up->count->opened++;
	up->state = UPSTREAM_UP;
	upstream_attach(c, call);
	return 0;
}

static void on_dialled(struct net_dial *d, int rc)
{
	struct upstream_dial *dial =
		(struct upstream_dial *)((char *)d - offsetof(struct upstream_dial, dial));
	struct upstream_call *call = dial->call;
	struct net_addr addr = {.family = 0};
	if (d->next > 0) {
		upstream_heard(call->up, d->addrs, d->count);
		addr = d->addrs[d->next - 1];
	}
	free(dial);
	call->dial = NULL;
	if (rc >= 0) {
		int fd = rc;
		rc = open_conn(call, fd, &addr);
		if (rc < 0)
			close(fd);
	}
	if (rc == 0) {
		if (!call->complete)
			call->ops->writable(call);
		return;
	}
	call->up->count->conns--;
	bool late = rc == -ETIMEDOUT || rc == NET_EDEADLINE;
	upstream_fail(call, late ? UPSTREAM_LATE_CONNECT : UPSTREAM_UNREACHABLE, net_strerror(rc),
		      true);
}

static int dial(struct upstream_call *call)
{
	struct upstream_group *g = call->group;
	struct upstream *up = call->up;
	struct upstream_dial *d = calloc(1, sizeof *d);
	if (d == NULL)
		return -ENOMEM;
	d->call = call;
	call->dial = d;
	up->count->conns++;
	net_dial_start(g->loop, &d->dial, up->host, up->port, g->lim->connect_ms, on_dialled);
	return 0;
}

/* Gives the call to a server; what was lost once may not meet a connection that is stale, too. */
static int place(struct upstream_call *call)
{
	int rc = upstream_pick(call);
	if (rc < 0)
		return rc;
	upstream_use(call->up);
	struct upstream_conn *c = call->sent_once ? NULL : upstream_unpark_idle(call->up);
	if (c != NULL)
		upstream_attach(c, call);
	else
		rc = dial(call);
	if (rc < 0)
		upstream_release(call);
	return rc;
}

static bool goes_on(struct upstream_call *call, enum upstream_why why)
{
	if (call->group->lim->retries == 0 || call->kept.over)
		return false;
	if (!call->stale)
		call->tried |= (uint8_t)(1u << call->up->index);
	call->sent_once = call->sent_once || why == UPSTREAM_LOST;
	int rc = place(call);
	/* What was lost may try the same server again, when there is no other. */
	if (rc < 0 && why == UPSTREAM_LOST) {
		call->tried = 0;
		rc = place(call);
	}
	return rc == 0;
}

void upstream_fail(struct upstream_call *call, enum upstream_why why, const char *error, bool again)
{
	struct upstream *up = call->up;
	upstream_failed(call, why);
	upstream_release(call);
	if (why != UPSTREAM_GARBLED)
		upstream_distrust(up);
	if (again && goes_on(call, why)) {
		call->repeats++;
		up->count->repeated++;
		if (call->conn != NULL && !call->complete)
			call->ops->writable(call);
		else if (call->ops->repeated != NULL)
			call->ops->repeated(call);
		return;
	}
	up->count->failed[why]++;
	call->error = error;
	upstream_forget_kept(call);
	call->ops->failed(call, why);
}

/* What the caller does. */

struct out *upstream_open(struct upstream_call *call, struct upstream_group *g,
			  const struct upstream_ops *ops, size_t room)
{
	/* All but [small], which need not be cleared. */
	memset(call, 0, offsetof(struct upstream_call, small));
	call->group = g;
	call->ops = ops;
	room += UPSTREAM_FRAMING;
	uint8_t *p = room <= sizeof call->small ? call->small : malloc(room);
	call->kept = out_init(p, p == call->small ? sizeof call->small : room);
	call->kept.over = p == NULL;
	return &call->kept;
}

bool upstream_has_body(const struct upstream_request *rq)
{
	return rq->framing == HTTP_CHUNKED || rq->length > 0;
}

bool upstream_is_idempotent(const struct upstream_request *rq)
{
	static const uint32_t idempotent = 1u << HTTP_GET | 1u << HTTP_HEAD | 1u << HTTP_PUT |
					   1u << HTTP_DELETE | 1u << HTTP_OPTIONS |
					   1u << HTTP_TRACE;
	return (idempotent >> rq->method & 1) != 0 && !upstream_has_body(rq);
}

int upstream_start(struct upstream_call *call, const struct upstream_request *rq)
{
	struct out *o = &call->kept;
	call->rq = *rq;
	call->complete = !upstream_has_body(rq);
	if (rq->framing == HTTP_CHUNKED)
		http_put_field(o, SPAN("Transfer-Encoding"), SPAN("chunked"));
	else if (rq->framing == HTTP_LENGTH)
		http_put_field_u64(o, SPAN("Content-Length"), rq->length);
	http_put_head_end(o);
	int rc = o->over ? -ENOBUFS : place(call);
	if (rc < 0)
		upstream_forget_kept(call);
	return rc;
}

void upstream_send(struct upstream_call *call, struct span piece)
{
	struct upstream_conn *c = call->conn;
	if (piece.n == 0)
		return;
	if (!call->kept.over)
		put_piece(&call->kept, call, piece);
	if (c == NULL || c->net.closing)
		return;
	struct out o = net_out_open(&c->net, piece.n + CHUNK_ROOM);
	put_piece(&o, call, piece);
	if (!net_out_close(&c->net, &o))
		net_close_soon(&c->net, -ENOBUFS);
	else
		upstream_arm(c);
}

void upstream_finish(struct upstream_call *call)
{
	struct upstream_conn *c = call->conn;
	if (c != NULL && c->phase == UPSTREAM_TUNNEL) {
		net_shut(&c->net);
		return;
	}
	call->complete = true;
	if (call->rq.framing != HTTP_CHUNKED)
		return;
	if (!call->kept.over)
		http_put_last_chunk(&call->kept);
	if (c != NULL && !net_write(&c->net, SPAN("0\r\n\r\n")))
		net_close_soon(&c->net, -ENOBUFS);
}

bool upstream_full(struct upstream_call *call)
{
	struct upstream_conn *c = call->conn;
	if (c == NULL)
		return true;
	bool full = net_pending(&c->net) >= UPSTREAM_HIGH;
	if (full)
		net_want_drained(&c->net);
	return full;
}

void upstream_hold(struct upstream_call *call)
{
	if (call->conn != NULL)
		net_pause(&call->conn->net);
}

void upstream_unhold(struct upstream_call *call)
{
	struct upstream_conn *c = call->conn;
	if (c == NULL || !c->net.paused)
		return;
	net_resume(&c->net);
	upstream_arm(c);
}

void upstream_leave(struct upstream_call *call)
{
	upstream_forget_kept(call);
	upstream_release(call);
	if (call->dial != NULL) {
		net_dial_cancel(&call->dial->dial);
		free(call->dial);
		call->dial = NULL;
		call->up->count->conns--;
	}
	if (call->conn == NULL)
		return;
	struct upstream_conn *c = call->conn;
	bool tunnel = c->phase == UPSTREAM_TUNNEL && net_pending(&c->net) > 0;
	upstream_detach(c);
	if (!tunnel) {
		upstream_cut(c);
		return;
	}
	c->phase = UPSTREAM_OVER;
	net_finish(&c->net, false);
}
