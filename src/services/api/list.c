/*
 * GET /values/all: every row in the order of insertion. The table has one column (the contract's),
 * so the order is that of the rows' physical addresses, the system column ctid. It is read some
 * blocks at a time, the next ones when the client has taken the last: a slow client holds neither
 * memory nor the connection to the database, however many rows there are. The first blocks of the
 * whole list are asked for once a turn for all who want it, and with an ETag when they are all.
 */
#include "services/api/api.h"

#include <string.h>

#define BLOCKS 16            /* read at a time: some 3,600 rows */
#define ROW_TEXT 24          /* {"number":-2147483648}, */
#define TEXT_MAX (160 << 10) /* more than 16 blocks of the narrowest rows give */
#define LIMIT_MAX 1000
#define TID_SIZE 32

/* The row without an address tells how many blocks there are. */
const struct postgres_statement list_page = {
	SPAN("list_page"),
	SPAN("SELECT NULL::tid, pg_relation_size('values') / current_setting('block_size')::int8 "
	     "UNION ALL (SELECT ctid, number FROM values WHERE ctid > $1 AND ctid < $2 "
	     "ORDER BY ctid LIMIT $3)"),
	2,
};

static struct api_call *call_of(struct postgres_request *q)
{
	return (struct api_call *)((char *)q - offsetof(struct api_call, pg));
}

static bool is_limited(const struct api_call *call)
{
	return call->left != UINT32_MAX;
}

static struct span tid_text(uint8_t buf[static TID_SIZE], uint64_t at)
{
	struct out o = out_init(buf, TID_SIZE);
	out_byte(&o, '(');
	out_u64(&o, at >> 16);
	out_byte(&o, ',');
	out_u64(&o, at & 0xffff);
	out_byte(&o, ')');
	return out_span_of(&o);
}

static bool read_tid(struct span text, uint64_t *at)
{
	uint64_t block, offset;
	if (text.n < 2)
		return false;
	struct span inside = span_head(span_tail(text, 1), text.n - 2);
	if (!dec_u64(span_cut(&inside, ','), &block) || !dec_u64(inside, &offset))
		return false;
	*at = block << 16 | offset;
	return true;
}

bool list_take_row(const struct pgwire_row *view, uint32_t *blocks, uint64_t *at,
		   struct span *number)
{
	struct pgwire_row row = *view;
	struct pgwire_value tid, value;
	uint64_t n;
	if (!pgwire_row_next(&row, &tid) || !pgwire_row_next(&row, &value))
		return false;
	if (tid.null && dec_u64(value.bytes, &n) && n < UINT32_MAX)
		*blocks = (uint32_t)n;
	*number = value.null ? SPAN_NONE : value.bytes;
	return !tid.null && read_tid(tid.bytes, at);
}

int list_send(struct postgres_request *q, uint32_t ms, uint64_t after, uint64_t block,
	      uint32_t rows)
{
	uint8_t from_buf[TID_SIZE], to_buf[TID_SIZE], limit_buf[20];
	const struct pgwire_param params[] = {
		{.value = tid_text(from_buf, after)},
		{.value = tid_text(to_buf, block << 16)},
		{.value = dec_put(limit_buf, rows)},
	};
	return postgres_send(&api_postgres, q, ms, &list_page, params, 3);
}

static void put_text(struct api_call *call, struct span s)
{
	api_put_part(call, s, TEXT_MAX);
}

/* A page of a limited list is whole before its head is written: the head tells what comes next. */
static void answer_limited(struct api_call *call)
{
	uint8_t buf[128];
	struct out link = out_init(buf, sizeof buf);
	if (call->left == 0) {
		/* Without a path: it is ours behind a router that cut a prefix off, too. */
		out_str(&link, "<?limit=");
		out_u64(&link, call->index);
		out_str(&link, "&after=");
		out_u64(&link, call->last);
		out_str(&link, ">; rel=\"next\"");
	}
	api_answer_whole(call, span_of(call->text.p, call->text.len), out_span_of(&link));
	api_call_free(call);
}

static void on_row(struct postgres_request *q, const struct pgwire_row *row)
{
	struct api_call *call = call_of(q);
	struct span number;
	uint8_t buf[64];
	struct out o = out_init(buf, sizeof buf);
	/* A foreign hand can insert NULL; the contract's page expects numbers. */
	if (!list_take_row(row, &call->at.blocks, &call->last, &number) || number.n == 0)
		return;
	out_str(&o, call->at.begun ? ",{\"number\":" : "{\"number\":");
	out_span(&o, number);
	out_byte(&o, '}');
	call->at.begun = true;
	if (is_limited(call))
		call->left--;
	put_text(call, out_span_of(&o));
}

static void next_page(struct api_call *call);

static void on_page(struct postgres_request *q, int rc)
{
	struct api_call *call = call_of(q);
	record_refused(q, rc, "a list");
	bool last = call->at.block >= call->at.blocks || call->left == 0;
	if (last)
		put_text(call, SPAN("]"));
	if (rc < 0 || call->at.lost || (call->x == NULL && call->next == NULL))
		api_calls_fail(call, SENTENCE_POSTGRES);
	else if (!last && is_limited(call))
		next_page(call);
	else if (is_limited(call))
		answer_limited(call);
	else
		api_send_parts(call, last);
}

/* From call->at.block on, BLOCKS of them, behind the row call->after. */
static void next_page(struct api_call *call)
{
	uint64_t from = (uint64_t)call->at.block << 16;
	if (call->after > from)
		from = call->after;
	call->at.block += BLOCKS;
	call->pg.row = on_row;
	call->pg.done = on_page;
	call->waiting = true;
	if (list_send(&call->pg, STORE_DEADLINE_MS, from, call->at.block, call->left) < 0)
		api_calls_fail(call, SENTENCE_POSTGRES);
}

static struct api_gather readers;

static void begin(struct api_call *call)
{
	put_text(call, SPAN("["));
	next_page(call);
}

static void send_first(struct net_task *t)
{
	(void)t;
	struct api_call *call = api_gather_get(&readers, SIZE_MAX);
	if (call != NULL)
		begin(call);
}

/* False when the query has it, but no whole number from [min] to [max]: then it was answered. */
static bool take_number(struct http_exchange *x, struct span key, uint64_t min, uint64_t max,
			uint64_t *v)
{
	uint8_t buf[64];
	struct out text = out_init(buf, sizeof buf);
	int rc = http_query_get(x->head->query, key, &text);
	if (rc == 0 || (rc > 0 && dec_u64(out_span_of(&text), v) && *v >= min && *v <= max))
		return true;
	api_answer_about(x, 400, "The query \"", x->head->query,
			 "\" is not a limit of 1 to 1000 and an address to begin after.");
	return false;
}

void list_values(struct http_exchange *x, const struct http_match *m)
{
	(void)m;
	uint64_t limit = UINT32_MAX, after = 0;
	if (!take_number(x, SPAN("limit"), 1, LIMIT_MAX, &limit) ||
	    !take_number(x, SPAN("after"), 0, (uint64_t)UINT32_MAX << 16, &after))
		return;
	struct api_call *call = api_call_new(x);
	if (call == NULL)
		return;
	call->left = call->index = (uint32_t)limit;
	call->after = after;
	call->at.block = (uint32_t)(after >> 16);
	call->resume = next_page;
	if (is_limited(call) || after > 0)
		begin(call);
	else
		api_gather_put(&readers, call, send_first);
}
