/* What is counted and logged of each request, when its answer begins, and what /metrics tells. */
#include "services/api/api.h"
#include "services/common/counters.h"

#define ROUTES 9 /* those of routes.c, and one for what is nowhere */
#define ROUTE_NAMES                                                                                \
	"/ /values /values/all /values/current /values/stream /values/{n} /openapi.json /healthz " \
	"other"
#define CLASSES 4
#define CONNECTIONS 3
#define TAKE_MS 2000

enum {
	REQUESTS,
	SECONDS = REQUESTS + ROUTES * CLASSES,
	STREAMS = SECONDS + ROUTES * COUNTERS_TIMES,
	CLIENTS,
	BYTES,
	STORES = BYTES + COUNTERS_BYTES,
	NUMBERS = STORES + CONNECTIONS * COUNTERS_STORE
};
_Static_assert(NUMBERS <= COUNTERS_MAX, "fits");

static const struct counters_family table[] = {
	{"http_requests_total",
	 "answers begun",
	 METRICS_COUNTER,
	 REQUESTS,
	 {"route=" ROUTE_NAMES, "status=2xx 3xx 4xx 5xx"}},
	{"http_request_seconds",
	 "from the head to the answer's begin",
	 METRICS_HISTOGRAM,
	 SECONDS,
	 {"route=" ROUTE_NAMES}},
	{"api_stream_clients", "reading events", METRICS_GAUGE, STREAMS, {NULL}},
	{"http_connections", "idle ones, too", METRICS_GAUGE, CLIENTS, {NULL}},
	COUNTERS_NETWORK(BYTES),
	COUNTERS_STORES(STORES, CONNECTIONS, "postgres redis redis_log"),
};
#define FAMILIES (sizeof table / sizeof *table)

uint8_t stats_route;

void stats_count(struct http_exchange *x, unsigned status)
{
	const struct api_call *call = x->user;
	struct span id = SPAN_NONE;
	unsigned route = stats_route;
	uint64_t ms = api_loop->now - http_since(x);
	struct log_line l;
	if (x->head == NULL && call != NULL)
		route = call->route;
	counters[REQUESTS + route * CLASSES + status / 100 - 2]++;
	counters_add_time(SECONDS + route * COUNTERS_TIMES, ms * 1000);
	if (!log_open(&l, status >= 500 ? LOG_WARN : LOG_DEBUG, "request"))
		return;
	if (x->head != NULL)
		id = http_find(x->head, HTTP_F_X_REQUEST_ID);
	else if (call != NULL)
		id = span_of(call->trace, call->trace_n);
	struct span names = span_str(ROUTE_NAMES), name = SPAN_NONE;
	for (unsigned i = 0; i <= route; i++)
		name = span_cut(&names, ' ');
	log_span(&l, "route", name);
	log_u64(&l, "status", status);
	log_u64(&l, "ms", ms);
	if (id.n > 0)
		log_span(&l, "id", id);
	log_close(&l);
}

static struct net_timer timer;

/* Now and then, for what another of the processes answers. */
static void take_all(struct net_timer *t)
{
	net_timer_set(api_loop, t, TAKE_MS, take_all);
	counters[STREAMS] = stream_clients;
	counters[CLIENTS] = api_server.count;
	counters_take_network(BYTES, api_loop);
	counters_take_postgres(STORES, CONNECTIONS, 0, &api_postgres);
	counters_take_redis(STORES, CONNECTIONS, 1, &api_redis);
	counters_take_redis(STORES, CONNECTIONS, 2, &stream_log);
}

int stats_prepare(void)
{
	return counters_prepare(api_config.common.workers);
}

void stats_start(void)
{
	counters_open(table, FAMILIES);
	take_all(&timer);
}

static void put(struct out *o)
{
	take_all(&timer);
	counters_put(o, table, FAMILIES);
}

void stats_answer(struct http_exchange *x)
{
	metrics_answer(x, "api", put);
}
