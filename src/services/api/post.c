/*
 * POST /values: into PostgreSQL, then onto the queue. What was posted in one turn is one INSERT,
 * one transaction of PostgreSQL and one of Redis: they are stored together or refused together. One
 * that carries an Idempotency-Key is an INSERT of its own, which also remembers the key: sent
 * again, it finds it.
 */
#include "services/api/api.h"
#include "services/common/json.h"

#include <string.h>

#define TOGETHER 64 /* indexes in one INSERT, jobs in one transaction */
/*
 * Three commands for a job, as one text: a placeholder, a message, and the job with the id of the
 * request. The empty words are filled in.
 * The queue is trimmed; what is cut off by that a rebuild puts back.
 */
#define JOB_WORDS 17
#define JOB_TEXT                                                                 \
	SPAN("HSETNX," TEXT_VALUES ",," TEXT_PLACEHOLDER ",PUBLISH," TEXT_INSERT \
	     ",,XADD," TEXT_JOBS ",MAXLEN,~,100000,*,index,,id,")

const struct postgres_statement post_insert = {
	SPAN("insert"),
	SPAN("INSERT INTO values (number) SELECT unnest($1::int4[])"),
	0,
};
/*
 * DO UPDATE, which changes nothing, in place of DO NOTHING: it waits for another that is putting
 * the same key just now, and gives back the row that is there. xmax is 0 in a row that is new.
 */
static const struct postgres_statement insert_once_statement = {
	SPAN_NONE,
	SPAN("WITH k AS (INSERT INTO barnacle_keys AS b (key, number) VALUES ($2, $1) "
	     "ON CONFLICT (key) DO UPDATE SET number = b.number "
	     "RETURNING b.number, xmax = 0 AS fresh), "
	     "v AS (INSERT INTO values (number) SELECT number FROM k WHERE fresh) "
	     "SELECT number FROM k"),
	1,
};

/* The queue. */

static void on_exec_item(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	/* Also an error inside: a key of another type, where the job should be. */
	if (it->type == RESP_ERROR || it->type == RESP_BLOB_ERROR || it->type == RESP_NULL)
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

/* Up to TOGETHER jobs; when that fails, a rebuild makes them. */
static void enqueue(const struct api_call *first)
{
	static struct span argv[TOGETHER][JOB_WORDS];
	static struct redis_command commands[3 * TOGETHER];
	static uint8_t digits[TOGETHER][20];
	size_t n = 0;
	for (const struct api_call *call = first; call != NULL; call = call->next) {
		struct span *a = argv[n / 3];
		store_words(a, JOB_TEXT);
		a[2] = a[6] = a[14] = dec_put(digits[n / 3], call->index);
		a[16] = span_of(call->trace, call->trace_n);
		commands[n++] = (struct redis_command){4, a};
		/* With the request's id, so that it can be followed into the worker's log. */
		commands[n++] = (struct redis_command){call->trace_n > 0 ? 10 : 8, a + 7};
		commands[n++] = (struct redis_command){3, a + 4};
	}
	if (redis_transact(&api_redis, &exec, STORE_DEADLINE_MS, n, commands) < 0)
		rebuild_wanted();
}

/* The record. */

static struct api_call *call_of(struct postgres_request *q)
{
	return (struct api_call *)((char *)q - offsetof(struct api_call, pg));
}

static void on_inserted(struct postgres_request *q, int rc)
{
	struct api_call *first = call_of(q);
	record_refused(q, rc, "a POST");
	if (rc < 0) {
		api_calls_fail(first, SENTENCE_POSTGRES);
		return;
	}
	enqueue(first);
	for (struct api_call *call = first, *next; call != NULL; call = next) {
		next = call->next;
		if (call->x != NULL)
			api_answer_json(call->x, 200, SPAN("{\"working\":true}"));
		api_call_free(call);
	}
}

static struct api_gather posts;

static void insert_together(struct net_task *t)
{
	static uint8_t text[TOGETHER * 12];
	struct out o = out_init(text, sizeof text);
	struct api_call *first = api_gather_get(&posts, TOGETHER);
	if (first == NULL)
		return;
	for (struct api_call *call = first; call != NULL; call = call->next) {
		out_byte(&o, call == first ? '{' : ',');
		out_u64(&o, call->index);
	}
	out_byte(&o, '}');
	first->pg.done = on_inserted;
	struct pgwire_param numbers = {.value = out_span_of(&o)};
	if (postgres_send(&api_postgres, &first->pg, STORE_DEADLINE_MS, &post_insert, &numbers, 1) <
	    0)
		api_calls_fail(first, SENTENCE_POSTGRES);
	insert_together(t);
}

static void on_once_row(struct postgres_request *q, const struct pgwire_row *view)
{
	struct pgwire_row row = *view;
	struct pgwire_value v;
	uint64_t number;
	/* What the key was used for before, if it was. */
	if (pgwire_row_next(&row, &v) && dec_u64(v.bytes, &number))
		call_of(q)->other = number != call_of(q)->index;
}

static void on_inserted_once(struct postgres_request *q, int rc)
{
	struct api_call *call = call_of(q);
	if (rc < 0 || !call->other) {
		on_inserted(q, rc);
		return;
	}
	if (call->x != NULL)
		api_answer_text(call->x, 422,
				SPAN("This Idempotency-Key was used for another index."));
	api_call_free(call);
}

static void insert_once(struct api_call *call)
{
	uint8_t buf[20];
	const struct pgwire_param params[] = {
		{.value = dec_put(buf, call->index)},
		{.value = span_of(call->key, call->key_n)},
	};
	call->pg.row = on_once_row;
	call->pg.done = on_inserted_once;
	call->waiting = true;
	if (record_send_unprepared(&call->pg, STORE_DEADLINE_MS, &insert_once_statement, params,
				   2) < 0)
		api_calls_fail(call, SENTENCE_POSTGRES);
}

/* A token, or a string in quotes as draft-ietf-httpapi-idempotency-key-header has it. */
static bool is_key(struct span key)
{
	for (size_t i = 0; i < key.n; i++)
		if (key.p[i] <= ' ' || key.p[i] >= 0x7f)
			return false;
	return key.n <= API_KEY_MAX;
}

static void store(struct http_exchange *x, uint32_t index)
{
	struct span key = http_find_name(x->head, SPAN("Idempotency-Key"));
	if (!is_key(key)) {
		api_answer_about(x, 400, "The Idempotency-Key \"", key,
				 "\" is not 1 to 128 printable characters without blanks.");
		return;
	}
	struct api_call *call = api_call_new(x);
	if (call == NULL)
		return;
	call->index = index;
	call->key_n = (uint8_t)key.n;
	if (key.n == 0) {
		api_gather_put(&posts, call, insert_together);
		return;
	}
	memcpy(call->key, key.p, key.n);
	insert_once(call);
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
		store(x, (uint32_t)index);
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
	struct span coding = http_find_name(x->head, SPAN("Content-Encoding"));
	if (!is_json(x->head) || coding.n > 0) {
		api_answer_about(x, 415, "The body must be application/json, not \"",
				 coding.n > 0 ? coding : type, "\".");
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
