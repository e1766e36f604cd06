#include "services/api/api.h"
#include "services/common/json.h"

#include <string.h>

const struct postgres_statement post_insert = {
	SPAN("insert"),
	SPAN("INSERT INTO values (number) VALUES ($1)"),
	0,
};

/* The queue is trimmed here; what is cut off by that a rebuild puts back. */
#define QUEUE_MAX SPAN("100000")

/* The queue. */

static void on_exec_item(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	if (redis_is_error(it) || it->type == RESP_NULL)
		rebuild_wanted();
}

static void on_exec_failed(struct redis_request *q, int why)
{
	(void)q;
	(void)why;
	rebuild_wanted();
}

/* It holds no state, so one serves all transactions that are under way. */
static struct redis_request exec = {.item = on_exec_item, .failed = on_exec_failed};

void post_enqueue(uint32_t index)
{
	uint8_t buf[20];
	struct span n = dec_put(buf, index);
	const struct span set[] = {SPAN("HSETNX"), KEY_VALUES, n, PLACEHOLDER};
	const struct span add[] = {SPAN("XADD"), KEY_JOBS,  SPAN("MAXLEN"), SPAN("~"),
				   QUEUE_MAX,    SPAN("*"), SPAN("index"),  n};
	const struct span publish[] = {SPAN("PUBLISH"), CHANNEL_INSERT, n};
	const struct redis_command commands[] = {{4, set}, {8, add}, {3, publish}};
	int rc = redis_transact(&api_redis, &exec, STORE_DEADLINE_MS, 3, commands);
	if (rc < 0)
		rebuild_wanted();
}

/* The record. */

static void on_inserted(struct postgres_request *q, int rc)
{
	struct api_call *call = (struct api_call *)((char *)q - offsetof(struct api_call, pg));
	call->waiting = false;
	if (rc == 0)
		post_enqueue(call->index);
	if (rc == POSTGRES_EFAILED)
		postgres_renew(&api_postgres, q->message);
	if (call->x != NULL && rc == 0)
		api_answer_json(call->x, 200, SPAN("{\"working\":true}"));
	else if (call->x != NULL)
		api_answer_unavailable(call->x, SENTENCE_POSTGRES);
	api_call_free(call);
}

static void insert(struct http_exchange *x, uint32_t index)
{
	uint8_t buf[20];
	struct pgwire_param number = {.value = dec_put(buf, index)};
	struct api_call *call = api_call_new(x);
	if (call == NULL)
		return;
	call->index = index;
	call->pg.done = on_inserted;
	if (postgres_send(&api_postgres, &call->pg, STORE_DEADLINE_MS, &post_insert, &number, 1) <
	    0) {
		api_answer_unavailable(x, SENTENCE_POSTGRES);
		api_call_free(call);
		return;
	}
	call->waiting = true;
}

/* The body. */

/* Digits of an integer; "5.0" and "5e0" are numbers too, but nobody means them as an index. */
static bool is_integer(struct span text)
{
	struct span digits = span_tail(text, text.n > 0 && text.p[0] == '-' ? 1 : 0);
	for (size_t i = 0; i < digits.n; i++)
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return false;
	return digits.n > 0;
}

static void take_index(struct http_exchange *x, struct span text)
{
	uint64_t index;
	if (text.n == 0)
		api_answer_text(x, 422, SPAN("The index is empty; it must be a whole number."));
	else if (!is_integer(text))
		api_answer_about(x, 422, "The index \"", text, "\" is not a whole number.");
	else if (text.p[0] == '-')
		api_answer_about(x, 422, "The index ", text, " is below 0.");
	else if (!dec_u64(text, &index) || index > api_config.max_index)
		/* These three words, and no others, are the course's contract. */
		api_answer_text(x, 422, SPAN("Index too high"));
	else
		insert(x, (uint32_t)index);
}

static void take_value(struct http_exchange *x, const struct json_value *v)
{
	uint8_t buf[256];
	struct out text = out_init(buf, sizeof buf);
	if (v->type == JSON_STRING) {
		json_put_text(&text, v->raw);
		if (text.over)
			api_answer_about(x, 422, "The index \"", v->raw,
					 "\" is not a whole number.");
		else
			take_index(x, span_trim(out_span_of(&text)));
	} else if (v->type == JSON_NUMBER) {
		take_index(x, v->raw);
	} else {
		api_answer_about(x, 422, "The index ", v->raw, " is not a whole number.");
	}
}

static bool is_json(const struct http_head *h)
{
	struct span type = http_find(h, HTTP_F_CONTENT_TYPE);
	struct span media = span_trim(span_cut(&type, ';'));
	return span_eq_nocase(media, SPAN("application/json"));
}

void post_value(struct http_exchange *x, const struct http_match *m)
{
	(void)m;
	struct json_value index;
	struct span type = http_find(x->head, HTTP_F_CONTENT_TYPE);
	if (!is_json(x->head)) {
		api_answer_about(x, 415, "The body must be application/json, not \"", type, "\".");
		return;
	}
	int rc = json_get(x->body, SPAN("index"), &index);
	if (rc == JSON_FOUND)
		take_value(x, &index);
	else if (rc == JSON_MISSING)
		api_answer_about(x, 422, "There is no \"index\" in ", x->body, ".");
	else if (rc == JSON_ENOTOBJECT)
		api_answer_about(x, 422, "The body must be an object with an index, not ", x->body,
				 ".");
	else
		api_answer_about(x, 400, "The body is not JSON: ", x->body, "");
}
