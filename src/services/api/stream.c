/*
 * GET /values/stream: server-sent events (WHATWG HTML, section 9.2), one for each value as it is
 * computed, and where that takes long for each that is begun. Workers of ours put both into a log
 * ({values}:log), whose IDs are the IDs of the events: who comes back with Last-Event-ID gets from
 * the log what came meanwhile, or "reset" when the log does not reach back so far. Foreign workers
 * write no log, which is why the page also asks for the values now and then.
 *
 * A client is either live, and gets what the log brings as it comes, or behind: then it gets the
 * log from the last event it had, a batch at a time and as fast as it takes it, until nothing is
 * missing. So a slow client costs no memory, and gets everything once and in order.
 */
#include "services/api/api.h"
#include "services/api/feed.h"
#include "services/common/json.h"

#define HEARTBEAT_MS 15000 /* below the idle limits of proxies; finds clients that went away */
#define REST_MS 1000       /* after a refusal */
#define STREAMS_MAX 4096
#define ROOM_MIN (API_TEXT_MAX - (512 << 10)) /* so much of a connection stays free of events */
#define SHOWN_MAX 4096 /* bytes of a value that an event holds; of others it tells the length */

struct redis stream_log; /* for the read that waits */
static struct store_log events_log;
static struct feed live, replay;
static struct feed_id sent, sent_before; /* to all that are live: now, and when a replay began */
static struct api_call *clients;         /* linked by next */
static struct api_call *target;          /* of the replay; NULL when it has left */
static struct net_timer heartbeat, again;
static struct net_buf event;
static bool known; /* what is the newest, on this connection */
static bool ever_known, stopping;

uint32_t stream_clients;

static void replay_next(void);

static void unlink_client(struct api_call *call)
{
	struct api_call **at = &clients;
	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	stream_clients--;
	if (target == call)
		target = NULL;
}

/* False: the client takes no more for now, and is behind from here on. */
static bool send_event(struct api_call *call, const struct feed_id *id, struct span text)
{
	if (http_room(call->x) > ROOM_MIN && http_send(call->x, text)) {
		call->seen = *id;
		return true;
	}
	call->behind = call->full = true;
	http_want_writable(call->x);
	return false;
}

static void on_taken(struct api_call *call)
{
	call->full = false;
	replay_next();
}

static struct out open_event(size_t room, const struct feed_id *id)
{
	if (!net_buf_room(api_loop, &event, room, UINT32_MAX))
		return out_init(NULL, 0);
	struct out o = out_init(event.p, event.cap);
	out_str(&o, "id: ");
	feed_put_id(&o, id);
	return o;
}

static struct out put_value(const struct feed_entry *e, struct span value)
{
	struct out o = open_event((value.n <= SHOWN_MAX ? 6 * value.n : 0) + 160, &e->id);
	out_str(&o, e->computing ? "\nevent: computing" : "\nevent: value");
	out_str(&o, "\ndata: {\"number\":");
	out_span(&o, span_of(e->index, e->index_n));
	if (e->computing) {
		/* That is all. */
	} else if (value.n <= SHOWN_MAX) {
		out_str(&o, ",\"value\":");
		json_put_string(&o, value);
	} else {
		out_str(&o, ",\"digits\":");
		out_u64(&o, value.n);
	}
	out_str(&o, "}\n\n");
	return o;
}

/* What came in between can't be told any more: the client shall read all values again. */
static void send_reset(struct api_call *call)
{
	struct out o = open_event(160, &sent);
	out_str(&o, "\nevent: reset\ndata: {}\n\n");
	call->behind = false;
	if (o.over || !send_event(call, &sent, out_span_of(&o)))
		call->behind = true;
	net_buf_drop(api_loop, &event);
}

/* Live. */

static void follow(void)
{
	if (live.busy || stopping || !stream_log.ready)
		return;
	if (known)
		feed_read(&live, &stream_log, &sent);
	else
		feed_get_newest(&live, &stream_log);
}

static void on_again(struct net_timer *t)
{
	(void)t;
	follow();
	replay_next();
}

static void rest(void)
{
	if (!stopping)
		net_timer_set(api_loop, &again, REST_MS, on_again);
}

static void take_newest(void)
{
	const struct feed_id newest = live.n > 0 ? live.entry[0].id : (struct feed_id){0, 0};
	bool other = ever_known && feed_order(&newest, &sent) < 0;
	if (other || !ever_known)
		sent = newest;
	known = ever_known = true;
	/* Another log than before: emptied, or of another server. What a replay has is of the old
	 * one.
	 */
	if (other)
		target = NULL;
	for (struct api_call *call = clients; other && call != NULL; call = call->next)
		send_reset(call);
}

static void on_live_entries(struct feed *f)
{
	if (!known)
		take_newest();
	else if (f->n > 0 && clients != NULL) {
		feed_get_values(f, &api_redis, 0);
		return;
	} else if (f->n > 0) {
		sent = f->entry[f->n - 1].id;
	} else {
		/* Nothing for a while, or a log that began anew under a clock that went back. */
		known = false;
	}
	follow();
	replay_next();
}

static void on_live_value(struct feed *f, const struct feed_entry *e, struct span value)
{
	(void)f;
	struct out o = put_value(e, value);
	for (struct api_call *call = clients; call != NULL; call = call->next)
		if (!call->behind && feed_order(&e->id, &call->seen) > 0)
			send_event(call, &e->id, out_span_of(&o));
	net_buf_drop(api_loop, &event);
}

static void on_live_done(struct feed *f, bool ok)
{
	if (!ok) {
		rest();
		return;
	}
	sent = f->entry[f->n - 1].id;
	follow();
	replay_next();
}

/* Those who are behind, one after the other. */

static void replay_next(void)
{
	struct api_call *call = clients;
	if (replay.busy || stopping || !ever_known)
		return;
	while (call != NULL && (!call->behind || call->full))
		call = call->next;
	target = call;
	sent_before = sent;
	if (call != NULL)
		feed_get_range(&replay, &api_redis, &call->seen);
}

static void on_replay_entries(struct feed *f)
{
	if (target != NULL && (f->n == 0 || feed_order(&f->entry[0].id, &target->seen) != 0)) {
		send_reset(target);
	} else if (target != NULL && f->n > 1) {
		feed_get_values(f, &api_redis, 1);
		return;
	} else if (target != NULL && feed_order(&sent, &sent_before) == 0) {
		/* Nothing is missing, and nothing was sent to the others since it was asked. */
		target->behind = false;
	}
	replay_next();
}

static void on_replay_value(struct feed *f, const struct feed_entry *e, struct span value)
{
	(void)f;
	if (target == NULL || target->full)
		return;
	struct out o = put_value(e, value);
	send_event(target, &e->id, out_span_of(&o));
	net_buf_drop(api_loop, &event);
}

static void on_replay_done(struct feed *f, bool ok)
{
	/* Without those that have no value any more it would be asked the same again. */
	if (ok && target != NULL && !target->full)
		target->seen = f->entry[f->n - 1].id;
	if (ok)
		replay_next();
	else
		rest();
}

static void beat(struct net_timer *t)
{
	net_timer_set(api_loop, t, HEARTBEAT_MS, beat);
	for (struct api_call *call = clients; call != NULL; call = call->next)
		http_send(call->x, SPAN(":\n\n"));
}

static void on_ready(struct redis *r)
{
	(void)r;
	store_log_up(&events_log);
	known = false;
	/* The log may have been cut meanwhile, behind what they have seen: that has to be asked. */
	for (struct api_call *call = clients; call != NULL; call = call->next)
		call->behind = true;
	follow();
}

static void on_down(struct redis *r, const char *why)
{
	store_log_down(&events_log, r->link.loop->now, why);
}

static const struct redis_events events = {on_ready, on_down, NULL, NULL};

void stream_start(struct net_loop *loop)
{
	live.entries = on_live_entries;
	live.value = on_live_value;
	live.done = on_live_done;
	replay.entries = on_replay_entries;
	replay.value = on_replay_value;
	replay.done = on_replay_done;
	store_log_init(&events_log, "redis", "events");
	redis_start(&stream_log, loop, &api_config.redis.client, &events);
	net_timer_set(loop, &heartbeat, HEARTBEAT_MS, beat);
}

void stream_stop(void)
{
	stopping = true;
	target = NULL;
	redis_stop(&stream_log);
	net_timer_stop(&heartbeat);
	net_timer_stop(&again);
	while (clients != NULL) {
		struct api_call *call = clients;
		clients = call->next;
		http_end(call->x);
		api_call_free(call);
	}
	stream_clients = 0;
}

static void send_first(struct api_call *call)
{
	uint8_t buf[FEED_ID_MAX + 32];
	struct out o = out_init(buf, sizeof buf);
	out_str(&o, "retry: 2000\n");
	if (!call->behind && sent.ms > 0) {
		/* From here on nothing is lost, even if the connection is before the first event.
		 */
		out_str(&o, "id: ");
		feed_put_id(&o, &sent);
		out_byte(&o, '\n');
	}
	out_byte(&o, '\n');
	http_send(call->x, out_span_of(&o));
}

void stream_values(struct http_exchange *x, const struct http_match *m)
{
	(void)m;
	if (stopping || stream_clients == STREAMS_MAX) {
		api_answer_text(x, 503, SPAN("No more streams now."));
		return;
	}
	struct api_call *call = api_call_new(x);
	if (call == NULL)
		return;
	call->behind = feed_get_id(http_find_name(x->head, SPAN("Last-Event-ID")), &call->seen);
	if (!call->behind)
		call->seen = sent;
	struct out o = api_open(x, 200, SPAN("text/event-stream"));
	http_begin(x, &o, HTTP_STREAMED);
	if (x->answered || x->no_body) {
		if (!x->answered)
			http_end(x);
		api_call_free(call);
		return;
	}
	send_first(call);
	call->end = unlink_client;
	call->resume = on_taken;
	call->next = clients;
	clients = call;
	stream_clients++;
	replay_next();
}
