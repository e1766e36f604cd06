/*
 * What /metrics of the worker tells. Redis is asked for the state of the queue every LOOK_MS by the
 * first of the processes, never by a scrape: however often somebody looks, Redis does not notice.
 */
#include "resp/resp_stream.h"
#include "services/worker/worker.h"

#define LOOK_MS 2000
#define CONNECTIONS 3

enum { LENGTH, PENDING, OLDEST, QUESTIONS };

static struct redis_request request[QUESTIONS];
static struct resp_stream oldest;
static struct net_timer timer;
static uint64_t oldest_second; /* of the oldest job, since 1970; 0: there is none */
static unsigned unanswered;

static const struct counters_family table[] = {
	{"worker_jobs_total",
	 "by outcome; failed ones are tried again",
	 METRICS_COUNTER,
	 WORKER_JOBS_DONE,
	 {"outcome=done failed aside"}},
	{"worker_job_seconds", "to compute one", METRICS_HISTOGRAM, WORKER_SECONDS, {NULL}},
	{"worker_jobs_in_flight", "taken, and not over", METRICS_GAUGE, WORKER_IN_FLIGHT, {NULL}},
	{"queue_jobs", "waiting or being worked on", METRICS_GAUGE, QUEUE_JOBS, {NULL}},
	{"queue_pending_jobs", "with a worker", METRICS_GAUGE, QUEUE_PENDING, {NULL}},
	{"queue_oldest_job_seconds",
	 "its age; 0 without jobs",
	 METRICS_GAUGE,
	 QUEUE_OLDEST,
	 {NULL}},
	COUNTERS_NETWORK(WORKER_BYTES),
	COUNTERS_STORES(WORKER_STORES, CONNECTIONS, "redis redis_queue redis_messages"),
};
#define FAMILIES (sizeof table / sizeof *table)

static void on_count_item(struct redis_request *q, const struct resp_item *it)
{
	/* A number, or (XPENDING) one and more behind it. */
	unsigned slot = q == &request[LENGTH] ? QUEUE_JOBS : QUEUE_PENDING;
	if (it->type == RESP_INTEGER)
		counters[slot] = (uint64_t)it->num;
	else if (redis_is_error(it))
		counters[slot] = 0;
	unanswered -= it->last;
}

static void on_oldest_item(struct redis_request *q, const struct resp_item *it)
{
	struct resp_stream_event ev;
	uint64_t ms;
	(void)q;
	if (it->depth == 0)
		oldest_second = 0;
	if (resp_stream_next(&oldest, it, &ev) > 0 && ev.kind == RESP_STREAM_ENTRY &&
	    dec_u64(span_cut(&ev.str, '-'), &ms))
		oldest_second = ms / 1000;
	if (!it->last)
		return;
	uint64_t now = net_wall_seconds();
	counters[QUEUE_OLDEST] = oldest_second > 0 && now > oldest_second ? now - oldest_second : 0;
	unanswered--;
}

static void on_failed(struct redis_request *q, int why)
{
	(void)q;
	(void)why;
	unanswered--;
}

static void ask(unsigned question, struct span command)
{
	struct span argv[6];
	size_t argc = store_words(argv, command);
	request[question].item = question == OLDEST ? on_oldest_item : on_count_item;
	request[question].failed = on_failed;
	unanswered +=
		redis_send(&worker_commands, &request[question], STORE_CONNECT_MS, argc, argv) == 0;
}

static void take_all(void)
{
	counters[WORKER_IN_FLIGHT] = work_left();
	counters_take_network(WORKER_BYTES, worker_loop);
	counters_take_redis(WORKER_STORES, CONNECTIONS, 0, &worker_commands);
	counters_take_redis(WORKER_STORES, CONNECTIONS, 1, &queue_reader);
	counters_take_redis(WORKER_STORES, CONNECTIONS, 2, &foreign_messages);
}

static void look(struct net_timer *t)
{
	net_timer_set(worker_loop, t, LOOK_MS, look);
	take_all();
	if (workers_number > 0 || unanswered > 0 || !worker_commands.ready)
		return;
	resp_stream_init(&oldest, RESP_STREAM_RANGE);
	ask(LENGTH, SPAN("XLEN," TEXT_JOBS));
	ask(PENDING, SPAN("XPENDING," TEXT_JOBS "," TEXT_GROUP));
	ask(OLDEST, SPAN("XRANGE," TEXT_JOBS ",-,+,COUNT,1"));
}

int stats_prepare(void)
{
	return counters_prepare(worker_config.common.workers);
}

void stats_start(void)
{
	counters_open(table, FAMILIES);
	look(&timer);
}

void stats_stop(void)
{
	net_timer_stop(&timer);
}

static void put(struct out *o)
{
	take_all();
	counters_put(o, table, FAMILIES);
}

void stats_answer(struct http_exchange *x)
{
	metrics_answer(x, "worker", put);
}
