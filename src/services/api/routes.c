#include "services/api/api.h"
#include "services/api/limit.h"
#include "services/common/admin.h"

#include <stdlib.h>
#include <string.h>

static struct api_call *spare;
static uint32_t calls;

struct api_call *api_call_new(struct http_exchange *x)
{
	struct api_call *call = spare;
	if (call != NULL)
		spare = call->next;
	else if (calls < API_CALLS_MAX + stream_clients)
		call = malloc(sizeof *call);
	if (call == NULL) {
		api_answer_text(x, 503, SPAN("Too many requests are waiting; please try again."));
		return NULL;
	}
	calls++;
	memset(call, 0, sizeof *call);
	call->x = x;
	x->user = call;
	call->route = stats_route;
	api_keep_wishes(call, x->head);
	return call;
}

void api_call_free(struct api_call *call)
{
	/* Its exchange is not valid any more: it was answered. */
	net_buf_drop(api_loop, &call->text);
	calls--;
	call->next = spare;
	spare = call;
}

void api_call_fail(struct api_call *call, struct span sentence)
{
	if (call->x != NULL && call->x->status == 0)
		api_answer_text(call->x, 503, sentence);
	else if (call->x != NULL)
		http_abort(call->x);
	api_call_free(call);
}

void api_calls_fail(struct api_call *first, struct span sentence)
{
	for (struct api_call *call = first, *next; call != NULL; call = next) {
		next = call->next;
		api_call_fail(call, sentence);
	}
}

/* Calls of one turn. */

void api_gather_put(struct api_gather *g, struct api_call *call, void (*send)(struct net_task *))
{
	if (g->first == NULL)
		g->end = &g->first;
	call->waiting = true;
	call->next = NULL;
	*g->end = call;
	g->end = &call->next;
	net_task_put(api_loop, &g->task, send);
}

struct api_call *api_gather_get(struct api_gather *g, size_t max)
{
	struct api_call *first = NULL, **end = &first;
	while (g->first != NULL && max > 0) {
		struct api_call *call = g->first;
		g->first = call->next;
		call->next = NULL;
		if (call->x == NULL) {
			api_call_free(call);
			continue;
		}
		*end = call;
		end = &call->next;
		max--;
	}
	return first;
}

/* Routes. */

static void answer_hi(struct http_exchange *x, const struct http_match *m)
{
	(void)m;
	api_answer_text(x, 200, SPAN("Hi"));
}

static void answer_healthz(struct http_exchange *x, const struct http_match *m)
{
	(void)m;
	admin_answer_healthz(x);
	stats_count(x, 200);
}

static const struct http_route table[] = {
	{HTTP_GET, "/", answer_hi},
	{HTTP_POST, "/values", post_value},
	{HTTP_GET, "/values/all", list_values},
	{HTTP_GET, "/values/current", current_values},
	{HTTP_GET, "/values/stream", stream_values},
	{HTTP_GET, "/values/{n}", current_value},
	{HTTP_GET, "/openapi.json", openapi_document},
	{HTTP_GET, "/healthz", answer_healthz},
};

/* Before the handler, so that nothing is done for an answer that nobody wants. */
static void call_handler(struct http_exchange *x, const struct http_match *m)
{
	struct span type = SPAN("application/json");
	if (m->route->handle == answer_hi)
		type = SPAN("text/plain");
	else if (m->route->handle == stream_values)
		type = SPAN("text/event-stream");
	if (m->route->handle == answer_healthz || api_accepts(x->head, type))
		m->route->handle(x, m);
	else
		api_answer_about(x, 406, "Here is only ", type, ".");
}

static void answer_options(struct http_exchange *x, struct span allow)
{
	struct out o = api_open(x, 204, SPAN_NONE);
	http_put_field(&o, SPAN("Allow"), allow);
	if (api_config.cors) {
		http_put_field(&o, SPAN("Access-Control-Allow-Methods"), allow);
		out_str(&o, "Access-Control-Allow-Headers: Content-Type, Idempotency-Key, "
			    "Last-Event-ID\r\nAccess-Control-Max-Age: 86400\r\n");
	}
	http_begin(x, &o, 0);
	if (!x->answered)
		http_end(x);
}

/* Probes are not counted: they come from few addresses and must be answered. */
static bool is_within_limit(struct http_exchange *x)
{
	if (api_config.rate_limit == 0 || span_eq(x->head->path, SPAN("/healthz")))
		return true;
	return limit_take(limit_client(x->head, http_peer(x)), api_config.rate_limit,
			  api_loop->now);
}

static void on_request(struct http_exchange *x)
{
	struct http_match m;
	stats_route = sizeof table / sizeof *table;
	if (!is_within_limit(x)) {
		api_answer_text(x, 429, SPAN("You ask too often; please try again."));
		return;
	}
	enum http_found found = http_route_find(x, table, sizeof table / sizeof *table, &m);
	switch (found) {
	case HTTP_ROUTE_FOUND:
		stats_route = (uint8_t)(m.route - table);
		call_handler(x, &m);
		break;
	case HTTP_ROUTE_BAD_PATH:
		api_answer_about(x, 400, "This is not a path: \"", x->head->path, "\".");
		break;
	case HTTP_ROUTE_NO_PATH:
		api_answer_about(x, 404, "There is nothing at \"", x->head->path, "\".");
		break;
	case HTTP_ROUTE_NO_METHOD:
		api_answer_not_allowed(x, m.allow);
		break;
	case HTTP_ROUTE_OPTIONS:
		answer_options(x, m.allow);
		break;
	case HTTP_ROUTE_NOT_KNOWN:
		api_answer_about(x, 501, "The method \"", x->head->method_name,
				 "\" is not known here.");
		break;
	}
}

static void on_writable(struct http_exchange *x)
{
	struct api_call *call = x->user;
	if (call != NULL && call->resume != NULL)
		call->resume(call);
}

static void on_gone(struct http_exchange *x)
{
	struct api_call *call = x->user;
	if (call == NULL)
		return;
	call->x = NULL;
	if (call->end != NULL)
		call->end(call);
	/* While a store has it, its memory is needed; the store's answer frees it. */
	if (!call->waiting)
		api_call_free(call);
}

#define NOSNIFF "X-Content-Type-Options: nosniff\r\n"
static struct http_handler handler = {
	.request = on_request,
	.writable = on_writable,
	.gone = on_gone,
	.fields = SPAN(NOSNIFF "Access-Control-Allow-Origin: *\r\n"),
};

const struct http_handler *routes_handler(void)
{
	if (!api_config.cors)
		handler.fields.n = strlen(NOSNIFF);
	return &handler;
}
