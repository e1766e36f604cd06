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

/* Routes. */

static void answer_hi(struct http_exchange *x)
{
	api_answer_text(x, 200, SPAN("Hi"));
}

/* In the order of the table's rows the first that fits is taken. */
static const struct {
	struct span path;
	const char *allow;
	void (*get)(struct http_exchange *);
	void (*post)(struct http_exchange *);
} table[] = {
	{SPAN("/"), "GET, HEAD, OPTIONS", answer_hi, NULL},
	{SPAN("/values"), "POST, OPTIONS", NULL, post_value},
	{SPAN("/values/all"), "GET, HEAD, OPTIONS", list_values, NULL},
	{SPAN("/values/current"), "GET, HEAD, OPTIONS", current_values, NULL},
	{SPAN("/values/stream"), "GET, OPTIONS", stream_values, NULL},
	{SPAN("/healthz"), "GET, HEAD, OPTIONS", admin_answer_healthz, NULL},
};
#define ONE_VALUE SPAN("/values/")
#define ONE_VALUE_ALLOW "GET, HEAD, OPTIONS"

static void answer_options(struct http_exchange *x, const char *allow)
{
	struct out o = api_open(x, 204, SPAN_NONE);
	http_put_field(&o, SPAN("Allow"), span_str(allow));
	if (api_config.cors) {
		http_put_field(&o, SPAN("Access-Control-Allow-Methods"), span_str(allow));
		http_put_field(&o, SPAN("Access-Control-Allow-Headers"),
			       SPAN("Content-Type, Idempotency-Key, Last-Event-ID"));
		http_put_field(&o, SPAN("Access-Control-Max-Age"), SPAN("86400"));
	}
	http_begin(x, &o, 0);
	if (!x->answered)
		http_end(x);
}

static void answer_not_allowed(struct http_exchange *x, const char *allow)
{
	struct out o = api_open(x, 405, SPAN("text/plain; charset=utf-8"));
	http_put_field(&o, SPAN("Allow"), span_str(allow));
	finish(x, &o, SPAN("This method is not for this address."));
}

static bool is_read(const struct http_exchange *x)
{
	return x->method == HTTP_GET || x->method == HTTP_HEAD;
}

static void route(struct http_exchange *x, struct span path)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		if (!span_eq(path, table[i].path))
			continue;
		if (is_read(x) && table[i].get != NULL)
			table[i].get(x);
		else if (x->method == HTTP_POST && table[i].post != NULL)
			table[i].post(x);
		else if (x->method == HTTP_OPTIONS)
			answer_options(x, table[i].allow);
		else
			answer_not_allowed(x, table[i].allow);
		return;
	}
	if (!span_starts(path, ONE_VALUE))
		api_answer_about(x, 404, "There is nothing at \"", path, "\".");
	else if (is_read(x))
		current_value(x, span_tail(path, ONE_VALUE.n));
	else if (x->method == HTTP_OPTIONS)
		answer_options(x, ONE_VALUE_ALLOW);
	else
		answer_not_allowed(x, ONE_VALUE_ALLOW);
}

void routes_request(struct http_exchange *x)
{
	uint8_t buf[256];
	struct out path = out_init(buf, sizeof buf);
	if (x->method == HTTP_OTHER)
		api_answer_about(x, 501, "The method \"", x->head->method_name,
				 "\" is not known here.");
	else if (x->method == HTTP_OPTIONS && span_eq(x->head->target, SPAN("*")))
		answer_options(x, "GET, HEAD, POST, OPTIONS");
	else if (!http_path_decode(x->head->path, &path))
		api_answer_about(x, 400, "This is not a path: \"", x->head->path, "\".");
	else
		route(x, out_span_of(&path));
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
	.request = routes_request,
	.writable = on_writable,
	.gone = on_gone,
};
