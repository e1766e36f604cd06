/*
 * Jobs of foreign hands, who know the hash `values` and the channel `insert` but not our queue: a
 * Node API in the place of ours, an operator with redis-cli. A message on `insert` is looked at a
 * moment later, because ours come there too, with a job in the queue; what then has no value is
 * put into the queue. At each connect the whole hash is looked through for values that wait: their
 * messages were sent while nobody listened.
 */
#include "services/worker/worker.h"

#include <string.h>

#define DELAY_MS 200
#define WAITING_MAX 4096 /* more at a time: the next connect, or the api's rebuild, finds them */
#define BATCH_MAX 256
#define SWEEP_COUNT SPAN("100")

struct redis foreign_messages;
static struct store_log sub_log = {.store = "redis", .use = "messages"};
static struct redis_request put_request, sweep_request;
static struct net_timer timer;
static bool putting, sweeping;

/* A ring of indexes, oldest first, each with the time from which it may be looked at. */
static struct {
	uint64_t due;
	uint8_t n;
	uint8_t index[INDEX_MAX];
} waiting[WAITING_MAX];
static unsigned head, count;

/*
 * Those without a value get a job. All workers hear each message: the first leaves a note for a
 * while, and the others see it.
 */
static const char script[] =
	"for _, n in ipairs(ARGV) do "
	"local v = redis.call('HGET', KEYS[1], n) "
	"if (not v or v == 'Nothing yet!') "
	"and redis.call('SET', '{values}:foreign:' .. n, '1', 'NX', 'EX', '10') then "
	"redis.call('XADD', KEYS[2], '*', 'index', n) end end "
	"return 1";

static void look(struct net_timer *t);

static void look_in(uint64_t ms)
{
	net_timer_set(worker_loop, &timer, (uint32_t)ms, look);
}

static void add(struct span index)
{
	if (count == WAITING_MAX || index.n > INDEX_MAX)
		return;
	unsigned at = (head + count++) % WAITING_MAX;
	waiting[at].due = worker_loop->now + DELAY_MS;
	waiting[at].n = (uint8_t)index.n;
	memcpy(waiting[at].index, index.p, index.n);
	if (timer.link == NULL && !putting)
		look_in(DELAY_MS);
}

static void on_put(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	putting = false;
	if (redis_is_error(it))
		worker_log_refusal("jobs of foreign hands", it);
	if (count > 0)
		look_in(0);
}

static void on_put_failed(struct redis_request *q, int why)
{
	(void)q;
	(void)why;
	putting = false; /* the sweep after the next connect finds them */
}

static void look(struct net_timer *t)
{
	(void)t;
	struct span argv[5 + BATCH_MAX] = {SPAN("EVAL"), span_str(script), SPAN("2"), KEY_VALUES,
					   KEY_JOBS};
	size_t argc = 5;
	while (count > 0 && argc < 5 + BATCH_MAX && waiting[head].due <= worker_loop->now) {
		argv[argc++] = span_of(waiting[head].index, waiting[head].n);
		head = (head + 1) % WAITING_MAX;
		count--;
	}
	if (argc > 5) {
		put_request = (struct redis_request){.item = on_put, .failed = on_put_failed};
		putting = redis_send(&worker_commands, &put_request, STORE_CONNECT_MS, argc,
				     argv) == 0;
	} else if (count > 0) {
		look_in(waiting[head].due - worker_loop->now);
	}
}

/* The sweep: [cursor, [field, value, ...]]. */

static void sweep(struct span cursor);

static struct span next_cursor;

static void take_swept(const struct resp_item *it)
{
	static uint8_t cursor[24], field[INDEX_MAX];
	static struct span last_field;
	static bool is_value;
	if (it->depth == 1 && it->type == RESP_BULK) {
		next_cursor = span_head(it->str, sizeof cursor);
		memcpy(cursor, next_cursor.p, next_cursor.n);
		next_cursor.p = cursor;
		is_value = false;
	} else if (it->depth == 2 && !is_value) {
		last_field = span_head(it->str, sizeof field);
		memcpy(field, last_field.p, last_field.n);
		last_field.p = field;
		is_value = true;
	} else if (it->depth == 2) {
		if (span_eq(it->str, PLACEHOLDER))
			add(last_field);
		is_value = false;
	}
}

static void on_sweep_item(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	if (redis_is_error(it)) {
		worker_log_refusal("a look through the values", it);
		sweeping = false;
		return;
	}
	if (!worker_is_part(it))
		take_swept(it);
	if (!it->last)
		return;
	sweeping = false;
	if (!span_eq(next_cursor, SPAN("0")))
		sweep(next_cursor);
}

static void on_sweep_failed(struct redis_request *q, int why)
{
	(void)q;
	(void)why;
	sweeping = false;
}

static void sweep(struct span cursor)
{
	const struct span argv[] = {SPAN("HSCAN"), KEY_VALUES, cursor, SPAN("COUNT"), SWEEP_COUNT};
	sweep_request = (struct redis_request){.item = on_sweep_item, .failed = on_sweep_failed};
	sweeping = redis_send(&worker_commands, &sweep_request, STORE_CONNECT_MS, 5, argv) == 0;
}

void foreign_ready(void)
{
	if (!sweeping)
		sweep(SPAN("0"));
}

/* Messages: "message", channel, index. */

static void on_push(struct redis *r, const struct resp_item *it)
{
	static unsigned at;
	static bool message;
	int64_t n;
	(void)r;
	at = it->depth == 0 ? 0 : at + 1;
	if (at == 1)
		message = span_eq(it->str, SPAN("message"));
	if (at == 3 && message && dec_i64(it->str, &n))
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
	redis_stop(&foreign_messages);
}
