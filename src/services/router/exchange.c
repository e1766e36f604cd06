/* The record of an exchange: see exchange.h. */
#include "services/router/exchange.h"

#include <stdlib.h>
#include <string.h>

#define SPARES 64        /* records kept for the next exchanges */
#define SENTENCE_MAX 128 /* of an error */

static struct exchange *live, *spare;
static uint32_t spares;

/* Records. */

static uint8_t shorten(uint8_t *to, struct span from, size_t max)
{
	struct span s = span_head(from, max);
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	return (uint8_t)s.n;
}

struct exchange *exchange_new(struct http_exchange *x)
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

void exchange_log_failed(const struct exchange *e, enum upstream_why why)
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

static void account(const struct exchange *e)
{
	ptrdiff_t i = e->route == NULL ? router_routes.count : e->route - router_routes.route;
	/* A client that left before its answer is counted as nginx does it: 499. */
	unsigned status = e->x->status == 0 ? 499 : e->x->status;
	stats_count(&stats->route[i], status, router_loop->now - e->asked_at, e->received,
		    e->bytes);
	write_log(e);
}

/* Every exchange ends here once, whatever its end. */
static void finish(struct exchange *e)
{
	account(e);
	free_exchange(e);
}

void exchange_end(struct exchange *e)
{
	struct http_exchange *x = e->x;
	finish(e);
	http_end_now(x);
}

void exchange_cut(struct exchange *e, const char *why)
{
	struct http_exchange *x = e->x;
	e->end = why;
	finish(e);
	http_abort(x);
}

void exchange_left(struct exchange *e)
{
	e->end = "client gone";
	finish(e);
}

bool exchange_begin(struct exchange *e, struct out *o, uint64_t length)
{
	http_begin(e->x, o, length);
	if (!e->x->answered)
		return true;
	exchange_cut(e, "client gone");
	return false;
}

void exchange_answer(struct exchange *e, unsigned status, struct span field, struct span value,
		     struct span sentence)
{
	struct out o = http_open(e->x, status, 256);
	http_put_field(&o, SPAN("Content-Type"), SPAN("text/plain; charset=utf-8"));
	if (field.n > 0)
		http_put_field(&o, field, value);
	http_put_field(&o, SPAN("X-Request-Id"), span_of(e->id.text, e->id.n));
	if (!exchange_begin(e, &o, sentence.n))
		return;
	if (!e->x->no_body)
		e->bytes = sentence.n;
	http_send(e->x, sentence);
	exchange_end(e);
}

/* The name of the route is in the path anyway; addresses and reasons stay in the log. */
void exchange_answer_failed(struct exchange *e, unsigned status, const char *what, const char *why)
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
	exchange_answer(e, status, SPAN("Retry-After"),
			dec_put(digits, ms > 0 ? (ms + 999) / 1000 : 1), out_span_of(&o));
}

void exchange_answer_too_large(struct exchange *e)
{
	e->end = "body too large";
	exchange_answer(e, 413, SPAN_NONE, SPAN_NONE, SPAN("the request body is too large\n"));
}

void exchange_end_streams(void)
{
	for (struct exchange *e = live, *next; e != NULL; e = next) {
		next = e->next;
		if (!e->tunnel && !e->events)
			continue;
		e->end = "stopping";
		exchange_end(e);
	}
}
