#include "services/api/feed.h"

#include "services/api/api.h"

#include <string.h>

#define BATCH_TEXT "64"
#define BLOCK_TEXT "5000"
#define WORDS_MAX 8

bool feed_get_id(struct span text, struct feed_id *id)
{
	struct span ms = span_cut(&text, '-');
	return dec_u64(ms, &id->ms) && dec_u64(text, &id->seq);
}

void feed_put_id(struct out *o, const struct feed_id *id)
{
	out_u64(o, id->ms);
	out_byte(o, '-');
	out_u64(o, id->seq);
}

int feed_order(const struct feed_id *a, const struct feed_id *b)
{
	if (a->ms != b->ms)
		return a->ms < b->ms ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static struct feed *feed_of(struct redis_request *q)
{
	return (struct feed *)((char *)q - offsetof(struct feed, request));
}

static void finish(struct feed *f, bool ok)
{
	f->busy = false;
	f->done(f, ok);
}

static void on_failed(struct redis_request *q, int why)
{
	(void)why;
	finish(feed_of(q), false);
}

static void ask(struct feed *f, struct redis *r, uint32_t ms, size_t argc, const struct span argv[])
{
	f->request.failed = on_failed;
	f->busy = true;
	if (redis_send(r, &f->request, ms, argc, argv) < 0)
		finish(f, false);
}

static bool is_refused(struct feed *f, const struct resp_item *it)
{
	if (it->depth == 0)
		f->refused = redis_is_error(it);
	if (it->depth == 0 && f->refused)
		api_log_refusal(it);
	return f->refused;
}

/* Entries. */

static void take_index(struct feed_entry *e, struct span text)
{
	int64_t n;
	if (!dec_i64(text, &n) || text.n > sizeof e->index)
		return;
	e->index_n = (uint8_t)text.n;
	memcpy(e->index, text.p, text.n);
}

static enum feed_field field_of(struct span name)
{
	if (span_eq(name, SPAN("index")))
		return FEED_INDEX;
	return span_eq(name, SPAN("computing")) ? FEED_COMPUTING : FEED_OTHER;
}

static void on_entry_item(struct redis_request *q, const struct resp_item *it)
{
	struct feed *f = feed_of(q);
	struct resp_stream_event ev = {.kind = RESP_STREAM_NONE};
	if (!is_refused(f, it) && resp_stream_next(&f->reading, it, &ev) < 0)
		f->refused = true;
	if (ev.kind == RESP_STREAM_ENTRY && f->n < FEED_BATCH) {
		f->entry[f->n].index_n = 0;
		f->n += feed_get_id(ev.str, &f->entry[f->n].id);
	} else if (ev.kind == RESP_STREAM_FIELD) {
		f->field = field_of(ev.str);
	} else if (ev.kind == RESP_STREAM_VALUE && f->field != FEED_OTHER && f->n > 0) {
		f->entry[f->n - 1].computing = f->field == FEED_COMPUTING;
		take_index(&f->entry[f->n - 1], ev.str);
	}
	if (!it->last)
		return;
	if (f->refused) {
		finish(f, false);
		return;
	}
	f->busy = false;
	f->entries(f);
}

static struct span id_text(uint8_t buf[static FEED_ID_MAX], const struct feed_id *id)
{
	struct out o = out_init(buf, FEED_ID_MAX);
	feed_put_id(&o, id);
	return out_span_of(&o);
}

/* [id], if there is one, in place of the empty word of [command]. */
static void read_entries(struct feed *f, struct redis *r, enum resp_stream_reply reply,
			 struct span command, const struct feed_id *id)
{
	uint8_t buf[FEED_ID_MAX];
	struct span argv[WORDS_MAX];
	size_t argc = store_words(argv, command);
	for (size_t i = 0; i < argc; i++)
		if (argv[i].n == 0)
			argv[i] = id_text(buf, id);
	resp_stream_init(&f->reading, reply);
	f->n = 0;
	f->request.item = on_entry_item;
	ask(f, r, reply == RESP_STREAM_READ ? FEED_BLOCK_MS + STORE_CONNECT_MS : STORE_CONNECT_MS,
	    argc, argv);
}

void feed_get_newest(struct feed *f, struct redis *r)
{
	read_entries(f, r, RESP_STREAM_RANGE, SPAN("XREVRANGE," TEXT_LOG ",+,-,COUNT,1"), NULL);
}

void feed_read(struct feed *f, struct redis *r, const struct feed_id *after)
{
	read_entries(f, r, RESP_STREAM_READ,
		     SPAN("XREAD,COUNT," BATCH_TEXT ",BLOCK," BLOCK_TEXT ",STREAMS," TEXT_LOG ","),
		     after);
}

void feed_get_range(struct feed *f, struct redis *r, const struct feed_id *first)
{
	read_entries(f, r, RESP_STREAM_RANGE, SPAN("XRANGE," TEXT_LOG ",,+,COUNT," BATCH_TEXT),
		     first);
}

/* Their values. */

static void on_value_item(struct redis_request *q, const struct resp_item *it)
{
	struct feed *f = feed_of(q);
	if (!is_refused(f, it) && it->depth == 1 && f->at < f->n) {
		const struct feed_entry *e = &f->entry[f->at++];
		/* Gone again, emptied or computed in the meantime: there is nothing to tell. */
		if (it->type == RESP_BULK && e->index_n > 0 &&
		    span_eq(it->str, PLACEHOLDER) == e->computing)
			f->value(f, e, it->str);
	}
	if (it->last)
		finish(f, !f->refused);
}

void feed_get_values(struct feed *f, struct redis *r, unsigned from)
{
	struct span argv[2 + FEED_BATCH];
	size_t argc = store_words(argv, SPAN("HMGET," TEXT_VALUES));
	for (unsigned i = from; i < f->n; i++)
		argv[argc++] = span_of(f->entry[i].index, f->entry[i].index_n);
	f->at = from;
	f->request.item = on_value_item;
	ask(f, r, STORE_CONNECT_MS, argc, argv);
}
