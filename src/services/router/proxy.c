/* The life of an exchange between a client and an upstream. */
#include "services/common/admin.h"
#include "services/router/router.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SPARES 64        /* records kept for the next exchanges */
#define METHOD_SHOWN 24  /* bytes in the log */
#define PATH_SHOWN 200   /* bytes in the log */
#define SENTENCE_MAX 128 /* of an error */
#define CONTINUE_MS 1000 /* for an upstream that says nothing to an expectation */

struct exchange {
	struct upstream_call call;
	struct http_exchange *x;
	struct route *route; /* NULL: answered here */
	struct exchange *prev, *next;
	struct net_timer patience;      /* while it waits for 100 */
	uint64_t asked_at, answered_at; /* loop time; 0: not yet */
	uint64_t bytes, received;       /* of the answer's body, and of the request's */
	size_t out_max;                 /* http_room when nothing waits */
	const char *end;                /* NULL: as it should be */
	bool awaiting : 1;              /* 100, before the body may go on */
	bool tunnel : 1;
	bool events : 1;         /* an answer without an end: server-sent events */
	bool upstream_ended : 1; /* of a tunnel */
	struct request_id id;
	uint8_t method_n, path_n, trace_n;
	uint8_t method[METHOD_SHOWN], path[PATH_SHOWN], trace[TRACE_MAX];
};

static struct exchange *live, *spare;
static uint32_t spares;

static const struct upstream_ops upstream_ops;

static struct exchange *exchange_of(struct upstream_call *call)
{
	return (struct exchange *)((char *)call - offsetof(struct exchange, call));
}

/* Records. */

static uint8_t shorten(uint8_t *to, struct span from, size_t max)
{
	struct span s = span_head(from, max);
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	return (uint8_t)s.n;
}

static struct exchange *new_exchange(struct http_exchange *x)
{
	struct exchange *e = spare != NULL ? spare : malloc(sizeof *e);
	if (e == NULL)
		return NULL;
	if (e == spare) {
		spare = e->next;
		spares--;
	}
	/* Neither [call], which upstream_open sets, nor the texts behind the id. */
	memset(&e->x, 0, offsetof(struct exchange, id) - offsetof(struct exchange, x));
	e->call.conn = NULL;
	e->call.dial = NULL;
	e->call.repeats = 0;
	e->call.counted = false;
	e->call.up = NULL;
	e->call.kept = (struct out){.over = true};
	e->x = x;
	x->user = e;
	e->asked_at = http_since(x);
	e->method_n = shorten(e->method, x->head->method_name, METHOD_SHOWN);
	e->path_n = shorten(e->path, x->head->target, PATH_SHOWN);
	e->trace_n = shorten(e->trace, forward_trace(x->head), TRACE_MAX);
	e->next = live;
	if (live != NULL)
		live->prev = e;
	live = e;
	return e;
}

static void free_exchange(struct exchange *e)
{
	net_timer_stop(&e->patience);
	upstream_leave(&e->call);
	e->x->user = NULL;
	if (e->prev != NULL)
		e->prev->next = e->next;
	else
		live = e->next;
	if (e->next != NULL)
		e->next->prev = e->prev;
	if (spares >= SPARES) {
		free(e);
		return;
	}
	e->next = spare;
	spare = e;
	spares++;
}

static void put_upstream(struct log_line *l, const struct exchange *e)
{
	uint8_t text[ROUTES_ADDRESS];
	struct out o = out_init(text, sizeof text);
	const struct upstream *up = e->call.up;
	log_span(l, "route", routes_name(e->route));
	if (up == NULL)
		return;
	routes_put_address(&o, &router_routes.upstream[e->route->first + up->index]);
	log_span(l, "upstream", out_span_of(&o));
}

static void write_log(const struct exchange *e)
{
	struct log_line l;
	uint64_t now = router_loop->now;
	if (!log_open(&l, LOG_INFO, "request"))
		return;
	log_span(&l, "method", span_of(e->method, e->method_n));
	log_span(&l, "path", span_of(e->path, e->path_n));
	log_u64(&l, "status", e->x->status);
	log_u64(&l, "received", e->received);
	log_u64(&l, "bytes", e->bytes);
	log_u64(&l, "ms", now - e->asked_at);
	if (e->route != NULL)
		put_upstream(&l, e);
	if (e->call.up != NULL) {
		log_u64(&l, "upstream_ms",
			(e->answered_at > 0 ? e->answered_at : now) - e->asked_at);
		log_u64(&l, "retries", e->call.repeats);
	}
	log_span(&l, "id", span_of(e->id.text, e->id.n));
	if (e->trace_n > 0)
		log_span(&l, "trace", span_of(e->trace, e->trace_n));
	if (e->end != NULL)
		log_str(&l, "end", e->end);
	log_close(&l);
}

/* Every exchange ends here once, whatever its end. */
static void account(const struct exchange *e)
{
	ptrdiff_t i = e->route == NULL ? router_routes.count : e->route - router_routes.route;
	/* A client that left before its answer is counted as nginx does it: 499. */
	unsigned status = e->x->status == 0 ? 499 : e->x->status;
	stats_count(&stats->route[i], status, router_loop->now - e->asked_at, e->received,
		    e->bytes);
	write_log(e);
}

/* The end of an exchange: [x] may be another request afterwards, and [e] is free. */

static void end_well(struct exchange *e)
{
	struct http_exchange *x = e->x;
	account(e);
	free_exchange(e);
	http_end_now(x);
}

static void end_cut(struct exchange *e, const char *why)
{
	struct http_exchange *x = e->x;
	e->end = why;
	account(e);
	free_exchange(e);
	http_abort(x);
}

/* Begun, and perhaps the client had left by then. */
static bool begin(struct exchange *e, struct out *o, uint64_t length)
{
	http_begin(e->x, o, length);
	if (!e->x->answered)
		return true;
	end_cut(e, "client gone");
	return false;
}

static void answer_here(struct exchange *e, unsigned status, struct span field, struct span value,
			struct span sentence)
{
	struct out o = http_open(e->x, status, 256);
	http_put_field(&o, SPAN("Content-Type"), SPAN("text/plain; charset=utf-8"));
	if (field.n > 0)
		http_put_field(&o, field, value);
	http_put_field(&o, SPAN("X-Request-Id"), span_of(e->id.text, e->id.n));
	if (!begin(e, &o, sentence.n))
		return;
	if (!e->x->no_body)
		e->bytes = sentence.n;
	http_send(e->x, sentence);
	end_well(e);
}

/* The name of the route is in the path anyway; addresses and reasons stay in the log. */
static void answer_failed(struct exchange *e, unsigned status, const char *what, const char *why)
{
	uint8_t buf[SENTENCE_MAX], digits[20];
	struct out o = out_init(buf, sizeof buf);
	uint32_t ms = status == 503 ? upstream_closes_in(&e->route->group) : 0;
	out_str(&o, what);
	out_str(&o, ": ");
	out_span(&o, routes_name(e->route));
	out_byte(&o, ' ');
	out_str(&o, why);
	out_byte(&o, '\n');
	e->end = why;
	answer_here(e, status, SPAN("Retry-After"), dec_put(digits, ms > 0 ? (ms + 999) / 1000 : 1),
		    out_span_of(&o));
}

static void answer_too_large(struct exchange *e)
{
	e->end = "body too large";
	answer_here(e, 413, SPAN_NONE, SPAN_NONE, SPAN("the request body is too large\n"));
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
		answer_failed(e, 503, "service unavailable",
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
		answer_here(e, 405, SPAN("Allow"), methods,
			    SPAN("this method is not for a reverse proxy\n"));
		return;
	}
	if (forward_ends_here(h)) {
		answer_here(e, 200, SPAN("Allow"), methods, SPAN("this is the router\n"));
		return;
	}
	if (forward_has_dots(h->path)) {
		answer_here(e, 400, SPAN_NONE, SPAN_NONE, SPAN("dot segment in the path\n"));
		return;
	}
	e->route = routes_find(&router_routes, h->path);
	if (e->route == NULL)
		answer_here(e, 404, SPAN_NONE, SPAN_NONE, SPAN("no route for this path\n"));
	else if (h->framing == HTTP_LENGTH && h->length > e->route->body && e->route->body > 0)
		answer_too_large(e);
	else
		ask(e, trusted);
}

static void on_request(struct http_exchange *x)
{
	if (span_eq(x->head->path, SPAN("/healthz"))) {
		admin_answer_healthz(x);
		return;
	}
	struct exchange *e = new_exchange(x);
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
		answer_too_large(e);
	else
		end_cut(e, "body too large");
}

static void end_tunnel(struct exchange *e)
{
	if (e->upstream_ended && e->x->body_read)
		end_well(e);
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
	struct exchange *e = x->user;
	if (e == NULL)
		return;
	e->end = "client gone";
	account(e);
	free_exchange(e);
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
	if (!begin(e, &o, length_of(e->x, h)))
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
		end_cut(e, "client gone");
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
		end_well(e);
		return;
	}
	e->upstream_ended = true;
	if (e->x->body_read)
		end_tunnel(e);
	else
		http_shut(e->x);
}

static void log_failed(const struct exchange *e, enum upstream_why why)
{
	struct log_line l;
	if (!log_open(&l, LOG_WARN, "upstream failed"))
		return;
	put_upstream(&l, e);
	log_str(&l, "what", upstream_why_text(why));
	log_str(&l, "why", e->call.error);
	log_span(&l, "id", span_of(e->id.text, e->id.n));
	log_close(&l);
}

static void on_failed(struct upstream_call *call, enum upstream_why why)
{
	struct exchange *e = exchange_of(call);
	log_failed(e, why);
	if (e->x->status != 0)
		end_cut(e, upstream_why_text(why));
	else if (why == UPSTREAM_LATE || why == UPSTREAM_LATE_CONNECT)
		answer_failed(e, 504, "gateway timeout", upstream_why_text(why));
	else
		answer_failed(e, 502, "bad gateway", upstream_why_text(why));
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

void proxy_end_streams(void)
{
	for (struct exchange *e = live, *next; e != NULL; e = next) {
		next = e->next;
		if (!e->tunnel && !e->events)
			continue;
		e->end = "stopping";
		end_well(e);
	}
}
