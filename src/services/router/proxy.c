/* The life of an exchange between a client and an upstream. */
#include "services/common/admin.h"
#include "services/router/exchange.h"

#include <errno.h>

#define CONTINUE_MS 1000 /* for an upstream that says nothing to an expectation */

static const struct upstream_ops upstream_ops;

static struct exchange *exchange_of(struct upstream_call *call)
{
	return (struct exchange *)((char *)call - offsetof(struct exchange, call));
}

/* The request. */

/* Lets the client's bytes come as far as the upstream takes them. */
static void pump(struct exchange *e)
{
	if (e->x->body_read)
		return;
	if (e->awaiting || upstream_full(&e->call))
		http_hold(e->x);
	else
		http_unhold(e->x);
}

static void stop_awaiting(struct exchange *e)
{
	net_timer_stop(&e->patience);
	e->awaiting = false;
	pump(e);
}

static void on_patience(struct net_timer *t)
{
	stop_awaiting((struct exchange *)((char *)t - offsetof(struct exchange, patience)));
}

static void ask(struct exchange *e, bool trusted)
{
	struct http_exchange *x = e->x;
	const struct http_head *h = x->head;
	struct route *r = e->route;
	size_t room = forward_request_room(h, r);
	struct out *o = upstream_open(&e->call, &r->group, &upstream_ops, room);
	forward_put_request(o, x, r, &e->id, trusted);
	struct upstream_request rq = {
		.method = h->method,
		.framing = h->framing,
		.length = h->length,
		.upgrade = forward_upgrade(h),
	};
	int rc = upstream_start(&e->call, &rq);
	if (rc < 0) {
		exchange_answer_failed(e, 503, "service unavailable",
				       rc == -EHOSTDOWN ? "does not answer at the moment"
							: "has too many requests waiting");
		return;
	}
	e->awaiting = x->expects;
	if (e->awaiting) {
		uint32_t half = r->lim.answer_ms / 2;
		net_timer_set(router_loop, &e->patience, half < CONTINUE_MS ? half : CONTINUE_MS,
			      on_patience);
	}
	pump(e);
}

static void begin_request(struct exchange *e, const struct http_head *h, bool trusted)
{
	static const struct span methods = SPAN("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
	if (h->method == HTTP_CONNECT || h->method == HTTP_TRACE) {
		exchange_answer(e, 405, SPAN("Allow"), methods,
				SPAN("this method is not for a reverse proxy\n"));
		return;
	}
	if (forward_ends_here(h)) {
		exchange_answer(e, 200, SPAN("Allow"), methods, SPAN("this is the router\n"));
		return;
	}
	if (forward_has_dots(h->path)) {
		exchange_answer(e, 400, SPAN_NONE, SPAN_NONE, SPAN("dot segment in the path\n"));
		return;
	}
	e->route = routes_find(&router_routes, h->path);
	if (e->route == NULL)
		exchange_answer(e, 404, SPAN_NONE, SPAN_NONE, SPAN("no route for this path\n"));
	else if (h->framing == HTTP_LENGTH && h->length > e->route->body && e->route->body > 0)
		exchange_answer_too_large(e);
	else
		ask(e, trusted);
}

static void on_request(struct http_exchange *x)
{
	if (span_eq(x->head->path, SPAN("/healthz"))) {
		admin_answer_healthz(x);
		return;
	}
	struct exchange *e = exchange_new(x);
	if (e == NULL) {
		http_answer(x, 503, SPAN("text/plain; charset=utf-8"), SPAN("out of memory\n"));
		return;
	}
	bool trusted = trust_has(&router_config.trust, http_peer(x));
	stats->clients = router_server.count;
	forward_take_id(&e->id, x->head, trusted);
	begin_request(e, x->head, trusted);
}

/* A chunked body, whose length nobody said before. */
static void end_too_large(struct exchange *e)
{
	upstream_leave(&e->call);
	if (e->x->status == 0)
		exchange_answer_too_large(e);
	else
		exchange_cut(e, "body too large");
}

static void end_tunnel(struct exchange *e)
{
	if (e->upstream_ended && e->x->body_read)
		exchange_end(e);
}

static void on_request_body(struct http_exchange *x, struct span piece, bool last)
{
	struct exchange *e = x->user;
	e->received += piece.n;
	if (!e->tunnel && e->route->body > 0 && e->received > e->route->body) {
		end_too_large(e);
		return;
	}
	upstream_send(&e->call, piece);
	if (!last) {
		pump(e);
		return;
	}
	upstream_finish(&e->call);
	if (e->tunnel)
		end_tunnel(e);
}

static void on_client_writable(struct http_exchange *x)
{
	struct exchange *e = x->user;
	if (e != NULL)
		upstream_unhold(&e->call);
}

static void on_client_gone(struct http_exchange *x)
{
	if (x->user != NULL)
		exchange_left(x->user);
}

const struct http_handler proxy_handler = {
	.request = on_request,
	.body = on_request_body,
	.writable = on_client_writable,
	.gone = on_client_gone,
};

/* The answer. */

static void on_interim(struct upstream_call *call, const struct http_head *h)
{
	struct exchange *e = exchange_of(call);
	if (h->status == 100) {
		if (e->awaiting)
			stop_awaiting(e);
		return;
	}
	/* An interim answer is not for 1.0 (9110, 15.2), and none is worth the final one. */
	struct out o = http_open_interim(e->x, answer_room(h, e->route));
	answer_put_interim(&o, h, e->route);
	http_send_interim(e->x, &o);
}

static uint64_t length_of(const struct http_exchange *x, const struct http_head *h)
{
	if (h->framing == HTTP_LENGTH)
		return h->length;
	bool told = (h->has >> HTTP_F_CONTENT_LENGTH & 1) != 0;
	if (x->method == HTTP_HEAD)
		return told ? h->length : HTTP_STREAMED;
	return h->framing == HTTP_NO_BODY ? 0 : HTTP_STREAMED;
}

static void on_head(struct upstream_call *call, const struct http_head *h)
{
	struct exchange *e = exchange_of(call);
	struct span type = http_find(h, HTTP_F_CONTENT_TYPE);
	e->answered_at = router_loop->now;
	e->events = span_eq_nocase(span_head(type, 17), SPAN("text/event-stream"));
	e->out_max = http_room(e->x);
	struct out o = http_open(e->x, h->status, answer_room(h, e->route));
	answer_put(&o, h, e->route, &e->id);
	if (!exchange_begin(e, &o, length_of(e->x, h)))
		return;
	if (h->status == 101) {
		e->tunnel = true;
		http_tunnel(e->x);
	}
}

static void on_body(struct upstream_call *call, struct span piece)
{
	struct exchange *e = exchange_of(call);
	if (!http_send_through(e->x, piece)) {
		exchange_cut(e, "client gone");
		return;
	}
	e->bytes += piece.n;
	if (http_room(e->x) + UPSTREAM_HIGH <= e->out_max) {
		upstream_hold(call);
		http_want_writable(e->x);
	}
}

static void on_done(struct upstream_call *call)
{
	struct exchange *e = exchange_of(call);
	if (!e->tunnel) {
		exchange_end(e);
		return;
	}
	e->upstream_ended = true;
	if (e->x->body_read)
		end_tunnel(e);
	else
		http_shut(e->x);
}

static void on_failed(struct upstream_call *call, enum upstream_why why)
{
	struct exchange *e = exchange_of(call);
	exchange_log_failed(e, why);
	if (e->x->status != 0)
		exchange_cut(e, upstream_why_text(why));
	else if (why == UPSTREAM_LATE || why == UPSTREAM_LATE_CONNECT)
		exchange_answer_failed(e, 504, "gateway timeout", upstream_why_text(why));
	else
		exchange_answer_failed(e, 502, "bad gateway", upstream_why_text(why));
}

static void on_ready_again(struct upstream_call *call)
{
	pump(exchange_of(call));
}

static const struct upstream_ops upstream_ops = {
	.interim = on_interim,
	.head = on_head,
	.body = on_body,
	.done = on_done,
	.failed = on_failed,
	.writable = on_ready_again,
	.repeated = on_ready_again,
};
