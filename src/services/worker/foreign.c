/*
 * Jobs of foreign hands, who know the hash `values` and the channel `insert` but not our queue: a
 * Node API in the place of ours, an operator with redis-cli. A message on `insert` is looked at a
 * moment later, because ours come there too, with a job in the queue. At each connect, and every
 * SWEEP_MS, the whole hash is looked through for values that wait: their messages were sent while
 * nobody listened, or their jobs were lost.
 *
 * What waits may have a job in the queue. So the newest entry of the queue is noted, and when all
 * up to it are gone, what still waits has none, and gets one: never a second, and at the latest
 * when the queue has been worked through once, even if it is never empty.
 */
#include "services/worker/worker.h"

#include <string.h>

#define DELAY_MS 200
#define WAITING_MAX 4096 /* more at a time: a sweep finds them when these are over */
#define BATCH_MAX 256
#define AGAIN_MS 500 /* to the next look whether what was noted is gone */
#define SWEEP_MS 600000
#define SWEEP_COUNT "100"

struct redis foreign_messages;
static struct store_log sub_log = {.store = "redis", .use = "messages"};
static struct redis_request put_request, sweep_request;
static struct net_timer timer, sweep_timer;
static bool putting, sweeping, missed;
static struct span newest; /* entry of the queue, when those of [noted] had been heard of */
static unsigned noted;     /* from the head of the ring on */

/* A ring of indexes, oldest first, each with the time from which it may be looked at. */
static struct {
	uint64_t due;
	uint8_t n;
	uint8_t index[INDEX_MAX];
} waiting[WAITING_MAX];
static unsigned head, count;

/*
 * Those without a value get a job, if none was given up, and if no entry up to ARGV[1] is left in
 * the queue: else the answer is 0. All workers hear each message: the first leaves a note for a
 * while, and the others see it.
 */
static const char script[] =
	"if #redis.call('XRANGE', KEYS[2], '-', ARGV[1], 'COUNT', 1) > 0 then return 0 end "
	"for i = 2, #ARGV do local n = ARGV[i] "
	"local v = redis.call('HGET', KEYS[1], n) "
	"if (not v or v == 'Nothing yet!') "
	"and redis.call('HEXISTS', '{values}:aside', n) == 0 "
	"and redis.call('SET', '{values}:foreign:' .. n, '1', 'NX', 'EX', '10') then "
	"redis.call('XADD', KEYS[2], '*', 'index', n) end end "
	"return 1";

static void look(struct net_timer *t);
static void begin_sweep(struct net_timer *t);

static void look_in(uint64_t ms)
{
	net_timer_set(worker_loop, &timer, (uint32_t)ms, look);
}

static void add(struct span index)
{
	int64_t n;
	if (index.n > INDEX_MAX || !dec_i64(index, &n))
		return;
	if (count == WAITING_MAX) {
		missed = true;
		return;
	}
	unsigned at = (head + count++) % WAITING_MAX;
	waiting[at].due = worker_loop->now + DELAY_MS;
	waiting[at].n = (uint8_t)index.n;
	memcpy(waiting[at].index, index.p, index.n);
	if (timer.link == NULL && !putting)
		look_in(DELAY_MS);
}

static void on_put_failed(struct redis_request *q, int why)
{
	(void)q;
	(void)why;
	putting = false; /* the next connect looks again */
}

static void ask(void (*item)(struct redis_request *, const struct resp_item *), size_t argc,
		const struct span argv[])
{
	put_request = (struct redis_request){.item = item, .failed = on_put_failed};
	putting = redis_send(&worker_commands, &put_request, STORE_CONNECT_MS, argc, argv) == 0;
}

static unsigned heads(void)
{
	return noted < BATCH_MAX ? noted : BATCH_MAX;
}

static void on_put(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	bool later = it->type == RESP_INTEGER && it->num == 0;
	putting = false;
	if (redis_is_error(it))
		worker_log_refusal("jobs of foreign hands", it);
	if (!later) {
		unsigned n = heads();
		head = (head + n) % WAITING_MAX;
		noted -= n;
		count -= n;
	}
	if (count > 0) {
		look_in(later ? AGAIN_MS : 0);
	} else if (missed) {
		missed = false;
		begin_sweep(&sweep_timer);
	}
}

static void put(void)
{
	struct span argv[6 + BATCH_MAX];
	unsigned n = heads();
	store_words(argv, SPAN("EVAL,,2," TEXT_VALUES "," TEXT_JOBS));
	argv[1] = span_str(script);
	argv[5] = newest;
	for (unsigned i = 0; i < n; i++) {
		unsigned at = (head + i) % WAITING_MAX;
		argv[6 + i] = span_of(waiting[at].index, waiting[at].n);
	}
	ask(on_put, 6 + n, argv);
}

/* The newest entry: [[ID, fields]], or nothing. */
static void on_newest(struct redis_request *q, const struct resp_item *it)
{
	static uint8_t id[ENTRY_ID_MAX];
	static bool named;
	(void)q;
	if (it->depth == 0) {
		named = false;
		newest = SPAN("0-0");
	}
	if (it->depth == 2 && !named) {
		named = true;
		newest = span_head(it->str, sizeof id);
		memcpy(id, newest.p, newest.n);
		newest.p = id;
	}
	if (!it->last)
		return;
	putting = false;
	if (redis_is_error(it)) {
		worker_log_refusal("jobs of foreign hands", it);
		look_in(AGAIN_MS);
		return;
	}
	while (noted < count && waiting[(head + noted) % WAITING_MAX].due <= worker_loop->now)
		noted++;
	put();
}

static void look(struct net_timer *t)
{
	struct span argv[6];
	(void)t;
	if (putting || count == 0)
		return;
	if (noted > 0)
		put();
	else if (waiting[head].due <= worker_loop->now)
		ask(on_newest, store_words(argv, SPAN("XREVRANGE," TEXT_JOBS ",+,-,COUNT,1")),
		    argv);
	else
		look_in(waiting[head].due - worker_loop->now);
}

/* The sweep: the next cursor, and the fields among those looked at that wait. */

static const char sweep_script[] =
	"local found = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2]) "
	"local waits = {found[1]} "
	"for i = 2, #found[2], 2 do if found[2][i] == 'Nothing yet!' then "
	"waits[#waits + 1] = found[2][i - 1] end end "
	"return waits";

static void sweep(struct span cursor);

static void on_sweep_item(struct redis_request *q, const struct resp_item *it)
{
	static uint8_t cursor[24];
	static struct span next;
	static unsigned at;
	(void)q;
	if (redis_is_error(it)) {
		worker_log_refusal("a look through the values", it);
		sweeping = false;
		return;
	}
	if (it->depth == 0) {
		at = 0;
	} else if (!worker_is_part(it) && at++ == 0) {
		next = span_head(it->str, sizeof cursor);
		memcpy(cursor, next.p, next.n);
		next.p = cursor;
	} else if (!worker_is_part(it)) {
		add(it->str);
	}
	if (!it->last)
		return;
	sweeping = false;
	if (!span_eq(next, SPAN("0")))
		sweep(next);
}

static void on_sweep_failed(struct redis_request *q, int why)
{
	(void)q;
	(void)why;
	sweeping = false;
}

static void sweep(struct span cursor)
{
	struct span argv[6];
	size_t argc = store_words(argv, SPAN("EVAL,,1," TEXT_VALUES ",," SWEEP_COUNT));
	argv[1] = span_str(sweep_script);
	argv[4] = cursor;
	sweep_request = (struct redis_request){.item = on_sweep_item, .failed = on_sweep_failed};
	sweeping = redis_send(&worker_commands, &sweep_request, STORE_CONNECT_MS, argc, argv) == 0;
}

static void begin_sweep(struct net_timer *t)
{
	net_timer_set(worker_loop, t, SWEEP_MS, begin_sweep);
	if (!sweeping && worker_commands.ready)
		sweep(SPAN("0"));
}

void foreign_ready(void)
{
	begin_sweep(&sweep_timer);
	if (!putting)
		look_in(0);
}

/* Messages: "message", channel, index. */

static void on_push(struct redis *r, const struct resp_item *it)
{
	static unsigned at;
	static bool message;
	(void)r;
	at = it->depth == 0 ? 0 : at + 1;
	if (at == 1)
		message = span_eq(it->str, SPAN("message"));
	if (at == 3 && message)
		add(it->str);
}

static void on_ready(struct redis *r)
{
	(void)r;
	store_log_up(&sub_log);
	/* What was said before we listened. */
	if (worker_commands.ready)
		foreign_ready();
}

static void on_down(struct redis *r, const char *why)
{
	store_log_down(&sub_log, r->link.loop->now, why);
}

static const struct redis_events sub_events = {on_ready, on_down, on_push, NULL};

void foreign_start(struct net_loop *loop)
{
	static uint8_t names[64];
	redis_start(&foreign_messages, loop, &worker_config.redis.client, &sub_events);
	redis_remember(&foreign_messages, names, sizeof names);
	redis_subscribe(&foreign_messages, 2, (struct span[]){SPAN("SUBSCRIBE"), CHANNEL_INSERT});
}

void foreign_stop(void)
{
	net_timer_stop(&timer);
	net_timer_stop(&sweep_timer);
	redis_stop(&foreign_messages);
}
