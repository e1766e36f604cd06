/*
 * GET /values/current: the hash of values, and GET /values/{n}: one of them. The hash is read with
 * HSCAN, the next part when the client has taken the last, so that neither a large hash nor a slow
 * client costs memory. HSCAN may show a field twice while the hash grows; the last one counts, as
 * everywhere in JSON, and both hold the truth. The first part is asked for once a turn for all
 * who want it; when it is the last one too, the answer has a length and an ETag.
 */
#include "services/api/api.h"
#include "services/common/json.h"

#include <string.h>

#define PART_BYTES (64 << 10) /* aimed at for one HSCAN */
#define PART_MAX (256 << 10)  /* above it the part is asked for again, with fewer fields */
#define TEXT_MAX API_TEXT_MAX /* of a single field, too */
#define COUNT_MAX 512

/* Fields to ask for: what one part has taught is good for the next, whoever wants it. */
static uint32_t count = 32;

static struct api_call *call_of(struct redis_request *q)
{
	return (struct api_call *)((char *)q - offsetof(struct api_call, redis));
}

void api_log_refusal(const struct resp_item *it)
{
	static struct store_log refusals;
	store_log_refused(&refusals, api_loop->now, "redis", "a read", it->str);
}

static void on_failed(struct redis_request *q, int why)
{
	(void)why;
	api_calls_fail(call_of(q), SENTENCE_REDIS);
}

static void ask(struct api_call *call, size_t argc, const struct span argv[])
{
	call->redis.failed = on_failed;
	call->waiting = true;
	if (redis_send(&api_redis, &call->redis, STORE_DEADLINE_MS, argc, argv) < 0)
		api_calls_fail(call, SENTENCE_REDIS);
}

/* The whole hash. */

static void put_json(struct api_call *call, struct span s)
{
	/* A quoted string has at most 6 bytes for each of its bytes. */
	if (!net_buf_room(api_loop, &call->text, 6 * s.n + 4, TEXT_MAX)) {
		call->at.lost = true;
		return;
	}
	struct out o = out_init(call->text.p + call->text.len, call->text.cap - call->text.len);
	if (call->at.field)
		out_byte(&o, ':');
	else if (call->at.begun)
		out_byte(&o, ',');
	json_put_string(&o, s);
	call->text.len += (uint32_t)o.n;
	call->at.begun = true;
	call->at.field = !call->at.field;
}

static void next_part(struct api_call *call);

static void ask_for_fewer(struct api_call *call)
{
	struct api_place *at = &call->at;
	count = at->count / 2;
	at->cursor = at->asked;
	at->begun = at->before;
	at->field = false;
	call->text.len = at->asked == 0; /* the brace before all */
	next_part(call);
}

/* [cursor, [field, value, ...]] */
static void on_scan_item(struct redis_request *q, const struct resp_item *it)
{
	struct api_call *call = call_of(q);
	if (redis_is_error(it)) {
		api_log_refusal(it);
		call->at.lost = true;
	}
	if (it->depth == 1 && it->type == RESP_BULK && !dec_u64(it->str, &call->at.cursor))
		call->at.lost = true;
	bool too_long = call->at.count > 1 && call->text.len > PART_MAX;
	if (it->depth == 2 && !call->at.lost && !too_long)
		put_json(call, it->str);
	if (!it->last)
		return;
	if (too_long && !call->at.lost) {
		ask_for_fewer(call);
		return;
	}
	if (call->text.len < PART_BYTES / 2 && count < COUNT_MAX)
		count *= 2;
	if (call->at.cursor == 0)
		api_put_part(call, SPAN("}"), TEXT_MAX);
	if (call->at.lost)
		api_calls_fail(call, SENTENCE_REDIS);
	else
		api_send_parts(call, call->at.cursor == 0);
}

static void next_part(struct api_call *call)
{
	uint8_t cursor_buf[20], count_buf[20];
	struct span argv[5];
	store_words(argv, SPAN("HSCAN," TEXT_VALUES ",,COUNT,"));
	argv[2] = dec_put(cursor_buf, call->at.cursor);
	argv[4] = dec_put(count_buf, count);
	call->at.asked = call->at.cursor;
	call->at.before = call->at.begun;
	call->at.count = count;
	call->redis.item = on_scan_item;
	ask(call, 5, argv);
}

static struct api_gather readers;

static void send_first(struct net_task *t)
{
	(void)t;
	struct api_call *call = api_gather_get(&readers, SIZE_MAX);
	if (call == NULL)
		return;
	api_put_part(call, SPAN("{"), TEXT_MAX);
	next_part(call);
}

void current_values(struct http_exchange *x, const struct http_match *m)
{
	(void)m;
	struct api_call *call = api_call_new(x);
	if (call == NULL)
		return;
	call->resume = next_part;
	api_gather_put(&readers, call, send_first);
}

/* One value. */

static void answer_value(struct api_call *call, struct span value)
{
	bool done = !span_eq(value, PLACEHOLDER);
	struct net_buf *text = &call->text;
	if (!net_buf_room(api_loop, text, 6 * value.n + 128, TEXT_MAX)) {
		api_call_fail(call, SENTENCE_REDIS);
		return;
	}
	struct out o = out_init(text->p, text->cap);
	out_str(&o, "{\"index\":");
	out_u64(&o, call->index);
	out_str(&o, done ? ",\"state\":\"done\",\"value\":" : ",\"state\":\"queued\"");
	if (done)
		json_put_string(&o, value);
	out_byte(&o, '}');
	api_answer_whole(call, out_span_of(&o), SPAN_NONE);
	api_call_free(call);
}

static void on_value_item(struct redis_request *q, const struct resp_item *it)
{
	struct api_call *call = call_of(q);
	call->waiting = false;
	if (redis_is_error(it))
		api_log_refusal(it);
	if (call->x == NULL || redis_is_error(it)) {
		api_call_fail(call, SENTENCE_REDIS);
	} else if (it->type == RESP_NULL) {
		api_answer_text(call->x, 404, SPAN("Nobody has asked for this index yet."));
		api_call_free(call);
	} else {
		answer_value(call, it->str);
	}
}

void current_value(struct http_exchange *x, const struct http_match *m)
{
	struct span number = m->value[0];
	uint64_t index;
	uint8_t buf[20];
	if (!dec_u64(number, &index) || index > api_config.max_index) {
		api_answer_about(x, 404, "There is no value with the index \"", number, "\".");
		return;
	}
	struct api_call *call = api_call_new(x);
	if (call == NULL)
		return;
	call->index = (uint32_t)index;
	call->redis.item = on_value_item;
	struct span argv[3];
	store_words(argv, SPAN("HGET," TEXT_VALUES ","));
	argv[2] = dec_put(buf, index);
	ask(call, 3, argv);
}
