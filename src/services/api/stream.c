/*
 * GET /values/stream: server-sent events (WHATWG HTML, section 9.2), one for each value as it is
 * computed. Workers of ours publish "index value"; a foreign worker does not, which is why the
 * page also asks for the values now and then.
 */
#include "services/api/api.h"
#include "services/common/json.h"

#include <string.h>

#define HEARTBEAT_MS 15000 /* below the idle limits of proxies; finds clients that went away */

static struct redis sub;
static struct store_log sub_log = {.store = "redis", .use = "events"};
static struct api_call *clients; /* linked by next; a call is not in the pool meanwhile */
static struct net_timer heartbeat;
static struct net_buf event;
static bool stopping;

static void unlink_client(struct api_call *call)
{
	struct api_call **at = &clients;
	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
}

static void send_all(struct span text)
{
	struct api_call *next;
	for (struct api_call *call = clients; call != NULL; call = next) {
		next = call->next;
		if (http_send(call->x, text))
			continue;
		/* Too slow: it comes back, and reads what it missed with /values/current. */
		unlink_client(call);
		http_abort(call->x);
		api_call_free(call);
	}
}

static void beat(struct net_timer *t)
{
	net_timer_set(api_loop, t, HEARTBEAT_MS, beat);
	send_all(SPAN(":\n\n"));
}

static void on_message(struct span text)
{
	struct span value = text, number = span_cut(&value, ' ');
	int64_t index;
	if (clients == NULL || !dec_i64(number, &index))
		return;
	if (!net_buf_room(api_loop, &event, 6 * value.n + 128, UINT32_MAX))
		return;
	struct out o = out_init(event.p, event.cap);
	out_str(&o, "event: value\ndata: {\"number\":");
	out_i64(&o, index);
	out_str(&o, ",\"value\":");
	json_put_string(&o, value);
	out_str(&o, "}\n\n");
	send_all(out_span_of(&o));
	net_buf_drop(api_loop, &event);
}

/* The third item of a message push: "message", channel, text. */
static void on_push(struct redis *r, const struct resp_item *it)
{
	static unsigned at;
	static bool message;
	(void)r;
	if (it->depth == 0)
		at = 0;
	else if (++at == 1)
		message = span_eq(it->str, SPAN("message"));
	else if (at == 3 && message)
		on_message(it->str);
}

static void on_ready(struct redis *r)
{
	(void)r;
	store_log_up(&sub_log);
}

static void on_down(struct redis *r, const char *why)
{
	store_log_down(&sub_log, r->link.loop->now, why);
}

static const struct redis_events sub_events = {on_ready, on_down, on_push, NULL};

void stream_start(struct net_loop *loop)
{
	static uint8_t names[64];
	redis_start(&sub, loop, &api_config.redis.client, &sub_events);
	redis_remember(&sub, names, sizeof names);
	redis_subscribe(&sub, 2, (struct span[]){SPAN("SUBSCRIBE"), CHANNEL_DONE});
	net_timer_set(loop, &heartbeat, HEARTBEAT_MS, beat);
}

void stream_stop(void)
{
	stopping = true;
	redis_stop(&sub);
	net_timer_stop(&heartbeat);
	while (clients != NULL) {
		struct api_call *call = clients;
		clients = call->next;
		http_end(call->x);
		api_call_free(call);
	}
}

void stream_values(struct http_exchange *x, const struct http_match *m)
{
	(void)m;
	if (stopping) {
		api_answer_unavailable(x, SPAN("This server is stopping."));
		return;
	}
	struct api_call *call = api_call_new(x);
	if (call == NULL)
		return;
	struct out o = api_open(x, 200, SPAN("text/event-stream"));
	http_begin(x, &o, HTTP_STREAMED);
	if (x->answered || x->no_body) {
		if (!x->answered)
			http_end(x);
		api_call_free(call);
		return;
	}
	http_send(x, SPAN("retry: 2000\n\n"));
	call->end = unlink_client;
	call->next = clients;
	clients = call;
}
