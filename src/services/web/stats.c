/* What /metrics of the web service tells. */
#include "services/common/counters.h"
#include "services/web/web.h"

#define TAKE_MS 2000

enum { REQUESTS, CONNECTIONS = REQUESTS + 4, BYTES, SECONDS = BYTES + COUNTERS_BYTES };

static const struct counters_family table[] = {
	{"http_requests_total",
	 "answers begun",
	 METRICS_COUNTER,
	 REQUESTS,
	 {"route=/", "status=2xx 3xx 4xx 5xx"}},
	{"http_connections", "idle ones, too", METRICS_GAUGE, CONNECTIONS, {NULL}},
	COUNTERS_NETWORK(BYTES),
	{"http_request_seconds",
	 "from the head to the answer's begin",
	 METRICS_HISTOGRAM,
	 SECONDS,
	 {"route=/"}},
};
#define FAMILIES (sizeof table / sizeof *table)

int stats_prepare(void)
{
	return counters_prepare(web_config.common.workers);
}

static struct net_loop *loop;
static struct net_timer timer;

void stats_count(const struct http_exchange *x)
{
	if (x->status < 200)
		return;
	counters[REQUESTS + x->status / 100 - 2]++;
	counters_add_time(SECONDS, (loop->now - http_since(x)) * 1000);
}

/* Now and then, for what another of the processes answers. */
static void take(struct net_timer *t)
{
	net_timer_set(loop, t, TAKE_MS, take);
	counters[CONNECTIONS] = web_server.count;
	counters_take_network(BYTES, loop);
}

static void put(struct out *o)
{
	take(&timer);
	counters_put(o, table, FAMILIES);
}

void stats_start(struct net_loop *on)
{
	loop = on;
	counters_open(table, FAMILIES);
	take(&timer);
}

void stats_answer(struct http_exchange *x)
{
	metrics_answer(x, "web", put);
}
