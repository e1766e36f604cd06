#include "services/api/api.h"
#include "services/common/admin.h"

#include <stdlib.h>
#include <string.h>

#define VALUE_SHOWN 100 /* bytes of an offending value that an answer repeats */

static struct api_call *spare;
static uint32_t calls;

struct api_call *api_call_new(struct http_exchange *x)
{
	struct api_call *call = spare;
	if (call != NULL)
		spare = call->next;
	else if (calls < API_CALLS_MAX)
		call = malloc(sizeof *call);
	if (call == NULL) {
		api_answer_unavailable(x, SPAN("Too many requests are waiting; please try again."));
		return NULL;
	}
	calls++;
	memset(call, 0, sizeof *call);
	call->x = x;
	x->user = call;
	return call;
}

void api_call_free(struct api_call *call)
{
	net_buf_drop(api_loop, &call->text);
	if (call->x != NULL)
		call->x->user = NULL;
	calls--;
	call->next = spare;
	spare = call;
}

/* Answers. */

struct out api_open(struct http_exchange *x, unsigned status, struct span type)
{
	struct out o = http_open(x, status, 512);
	if (type.n > 0)
		http_put_field(&o, SPAN("Content-Type"), type);
	http_put_field(&o, SPAN("Cache-Control"), SPAN("no-store"));
	http_put_field(&o, SPAN("X-Content-Type-Options"), SPAN("nosniff"));
	if (api_config.cors)
		http_put_field(&o, SPAN("Access-Control-Allow-Origin"), SPAN("*"));
	return o;
}

static void finish(struct http_exchange *x, struct out *o, struct span body)
{
	http_begin(x, o, body.n);
	if (x->answered)
		return;
	if (!http_send(x, body))
		http_abort(x);
	else
		http_end(x);
}

void api_answer_json(struct http_exchange *x, unsigned status, struct span body)
{
	struct out o = api_open(x, status, SPAN("application/json; charset=utf-8"));
	finish(x, &o, body);
}

void api_answer_text(struct http_exchange *x, unsigned status, struct span sentence)
{
	struct out o = api_open(x, status, SPAN("text/plain; charset=utf-8"));
	finish(x, &o, sentence);
}

void api_answer_unavailable(struct http_exchange *x, struct span sentence)
{
	struct out o = api_open(x, 503, SPAN("text/plain; charset=utf-8"));
	http_put_field(&o, SPAN("Retry-After"), SPAN("1"));
	finish(x, &o, sentence);
}

void api_answer_about(struct http_exchange *x, unsigned status, const char *before,
		      struct span value, const char *after)
{
	uint8_t buf[512];
	struct out o = out_init(buf, sizeof buf);
	out_str(&o, before);
	for (size_t i = 0; i < value.n && i < VALUE_SHOWN; i++)
		out_byte(&o, value.p[i] >= ' ' && value.p[i] < 0x7f ? value.p[i] : '?');
	if (value.n > VALUE_SHOWN)
		out_str(&o, "...");
	out_str(&o, after);
	api_answer_text(x, status, out_span_of(&o));
}

void api_call_fail(struct api_call *call, struct span sentence)
{
	if (call->x != NULL && call->x->status == 0)
		api_answer_unavailable(call->x, sentence);
	else if (call->x != NULL)
		http_abort(call->x);
	api_call_free(call);
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
}

static const struct http_route table[] = {
	{HTTP_GET, "/", answer_hi},
	{HTTP_POST, "/values", post_value},
	{HTTP_GET, "/values/all", list_values},
	{HTTP_GET, "/values/current", current_values},
	{HTTP_GET, "/values/stream", stream_values},
	{HTTP_GET, "/values/{n}", current_value},
	{HTTP_GET, "/healthz", answer_healthz},
};

static void answer_options(struct http_exchange *x, struct span allow)
{
	struct out o = api_open(x, 204, SPAN_NONE);
	http_put_field(&o, SPAN("Allow"), allow);
	if (api_config.cors) {
		http_put_field(&o, SPAN("Access-Control-Allow-Methods"), allow);
		http_put_field(&o, SPAN("Access-Control-Allow-Headers"),
			       SPAN("Content-Type, Idempotency-Key, Last-Event-ID"));
		http_put_field(&o, SPAN("Access-Control-Max-Age"), SPAN("86400"));
	}
	http_begin(x, &o, 0);
	if (!x->answered)
		http_end(x);
}

static void answer_not_allowed(struct http_exchange *x, struct span allow)
{
	struct out o = api_open(x, 405, SPAN("text/plain; charset=utf-8"));
	http_put_field(&o, SPAN("Allow"), allow);
	finish(x, &o, SPAN("This method is not for this address."));
}

static void on_request(struct http_exchange *x)
{
	struct http_match m;
	switch (http_route_find(x, table, sizeof table / sizeof *table, &m)) {
	case HTTP_ROUTE_FOUND:
		m.route->handle(x, &m);
		break;
	case HTTP_ROUTE_BAD_PATH:
		api_answer_about(x, 400, "This is not a path: \"", x->head->path, "\".");
		break;
	case HTTP_ROUTE_NO_PATH:
		api_answer_about(x, 404, "There is nothing at \"", x->head->path, "\".");
		break;
	case HTTP_ROUTE_NO_METHOD:
		answer_not_allowed(x, m.allow);
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

const struct http_handler routes_handler = {
	.request = on_request,
	.writable = on_writable,
	.gone = on_gone,
};
