/*
 * PostgreSQL is the record; Redis holds what can be computed again. After anything that may have
 * cost Redis something (a FLUSHALL, a restart, a POST while it was away, a job that could not be
 * queued) the record is walked through, and what has no value and no job gets one. It is done
 * - at each connect to either store,
 * - when somebody says so (rebuild_wanted),
 * - when the mark that the last one set in Redis is gone,
 * - and once a minute all the same, for what another api could not put before it died.
 */
#include "services/api/api.h"

#include <string.h>

#define LOOK_MS 2000
#define ROUTINE_MS 60000
#define FORGET_MS 3600000
/* Few enough that a POST behind them does not notice, however long the table is. */
#define PAGE_BLOCKS 4
#define PAGE_ROWS 1000
#define DEADLINE_MS 10000 /* nobody waits for it */

/*
 * One page in one step, so that no worker comes between the look and the job. A field that waits
 * with an empty queue has lost its job; with jobs in the queue its own is probably among them, and
 * the next pass will see. What workers gave up has to wait until they forget it (TEXT_ASIDE). The
 * reply: jobs made, and fields that wait.
 */
static const char script[] = "local c, p, m, w, seen = redis.call, 'Nothing yet!', 0, 0, {} "
			     "local queue = c('XLEN', KEYS[2]) "
			     "for _, n in ipairs(ARGV) do "
			     "local v = seen[n] or c('HGET', KEYS[1], n) "
			     "seen[n] = '' "
			     "if v == p then w = w + 1 end "
			     "if (not v or (v == p and queue == 0)) "
			     "and c('HEXISTS', '{values}:aside', n) == 0 then "
			     "c('HSETNX', KEYS[1], n, p) "
			     "c('XADD', KEYS[2], '*', 'index', n) "
			     "c('PUBLISH', 'insert', n) "
			     "m = m + 1 end end "
			     "return {m, w}";

static struct net_timer timer;
static struct postgres_request rows_request;
static struct redis_request request;
static bool wanted;
static uint64_t next_routine;
static uint32_t wait_ms = LOOK_MS;
static uint64_t after, last; /* row addresses, as in list.c: of this page */
static uint32_t blocks, rows;
static uint32_t count;                     /* numbers of this page */
static uint8_t text[PAGE_ROWS][12];        /* their decimal text */
static struct span numbers[PAGE_ROWS + 5]; /* behind the words of a command */
static uint64_t made, waits;

static void tick(struct net_timer *t);

static void rest(uint32_t ms)
{
	net_timer_set(api_loop, &timer, ms, tick);
}

static void try_again(void)
{
	wanted = true;
	rest(LOOK_MS);
}

static void on_failed(struct redis_request *q, int why)
{
	(void)q;
	(void)why;
	try_again();
}

static void refused(const struct resp_item *it)
{
	static struct store_log refusals;
	store_log_refused(&refusals, api_loop->now, "redis", "a rebuild", it->str);
	try_again();
}

static void ask(void (*item)(struct redis_request *, const struct resp_item *), size_t argc,
		const struct span argv[])
{
	request = (struct redis_request){.item = item, .failed = on_failed};
	if (redis_send(&api_redis, &request, DEADLINE_MS, argc, argv) < 0)
		try_again();
}

static void finish(void)
{
	struct log_line l;
	if (made > 0 && log_open(&l, LOG_INFO, "jobs put back on the queue")) {
		log_u64(&l, "jobs", made);
		log_close(&l);
	}
	next_routine = api_loop->now + ROUTINE_MS;
	/* Fields that wait are looked at again soon, but ever more rarely while nothing moves. */
	wait_ms = waits == 0 || made > 0 ? LOOK_MS : wait_ms * 2;
	if (wait_ms > ROUTINE_MS)
		wait_ms = ROUTINE_MS;
	wanted = wanted || waits > 0;
	rest(wait_ms);
}

/* A page of numbers: those that Redis lacks become jobs. */

static void next_page(void);

static void on_filled(struct redis_request *q, const struct resp_item *it)
{
	static unsigned at;
	(void)q;
	if (redis_is_error(it)) {
		refused(it);
		return;
	}
	at = it->depth == 0 ? 0 : at + 1;
	if (at == 1)
		made += (uint64_t)it->num;
	if (at == 2)
		waits += (uint64_t)it->num;
	if (it->last)
		next_page();
}

static void fill(void)
{
	store_words(numbers, SPAN("EVAL,,2," TEXT_VALUES "," TEXT_JOBS));
	numbers[1] = span_str(script);
	ask(on_filled, 5 + count, numbers);
}

static void on_row(struct postgres_request *q, const struct pgwire_row *row)
{
	struct span number;
	(void)q;
	if (!list_take_row(row, &blocks, &last, &number))
		return;
	rows++;
	if (number.n == 0 || number.n > sizeof text[0] || count == PAGE_ROWS)
		return;
	memcpy(text[count], number.p, number.n);
	numbers[5 + count] = span_of(text[count], number.n);
	count++;
}

static void on_page(struct postgres_request *q, int rc)
{
	record_refused(q, rc, "a rebuild");
	after = rows < PAGE_ROWS ? ((after >> 16) + PAGE_BLOCKS) << 16 : last;
	if (rc < 0)
		try_again();
	else if (count > 0)
		fill();
	else
		next_page();
}

static void read_page(void)
{
	count = rows = 0;
	rows_request.row = on_row;
	rows_request.done = on_page;
	if (list_send(&rows_request, DEADLINE_MS, after, (after >> 16) + PAGE_BLOCKS, PAGE_ROWS) <
	    0)
		try_again();
}

static void next_page(void)
{
	if (after >> 16 < blocks)
		read_page();
	else
		finish();
}

/*
 * Idempotency keys of yesterday: longer than any client tries again. Some at a time, by their
 * index, so that no POST has to wait for them, however many there are.
 */
static const struct postgres_statement forget_keys = {
	.sql = SPAN("DELETE FROM barnacle_keys WHERE key IN (SELECT key FROM barnacle_keys "
		    "WHERE made < now() - interval '24 hours' ORDER BY made LIMIT 1000) "
		    "RETURNING 1"),
	.columns = 1,
};

static void forget(struct postgres_request *q)
{
	record_send_unprepared(q, DEADLINE_MS, &forget_keys, NULL, 0);
}

static void on_forgotten(struct postgres_request *q, int rc)
{
	record_refused(q, rc, "to forget old keys"); /* there is a next time */
	if (q->handed)
		forget(q);
}

static void forget_hourly(void)
{
	static struct postgres_request old;
	static uint64_t next;
	if (api_loop->now < next)
		return;
	next = api_loop->now + FORGET_MS;
	old.done = on_forgotten;
	forget(&old);
}

static void on_marked(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	if (redis_is_error(it))
		refused(it);
	else
		read_page();
}

/*
 * The mark comes first: set at the end, it would say that all is well after a FLUSHALL in between,
 * which the pages before that have not seen.
 */
static void begin(void)
{
	wanted = false;
	forget_hourly();
	made = waits = 0;
	after = 0;
	ask(on_marked, store_words(numbers, SPAN("SET," TEXT_MARK ",1")), numbers);
}

/* The look for the mark. */

static void on_looked(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	if (redis_is_error(it))
		refused(it);
	else if (it->num == 0)
		begin();
	else
		rest(LOOK_MS);
}

static void tick(struct net_timer *t)
{
	(void)t;
	if (!api_redis.ready || !api_postgres.ready) {
		rest(LOOK_MS);
		return;
	}
	if (wanted || api_loop->now >= next_routine) {
		begin();
		return;
	}
	ask(on_looked, store_words(numbers, SPAN("EXISTS," TEXT_MARK)), numbers);
}

void rebuild_wanted(void)
{
	wanted =
		true; /* at the next tick: what fails for each POST must not cost a pass for each */
}

void rebuild_start(struct net_loop *loop)
{
	next_routine = loop->now + ROUTINE_MS;
	rest(LOOK_MS);
}

void rebuild_stop(void)
{
	net_timer_stop(&timer);
}
