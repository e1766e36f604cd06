/* The counters of the router, one set a process, and the sums of all in /metrics. */
#include "services/common/metrics.h"
#include "services/common/workers.h"
#include "services/router/router.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

struct router_stats *stats;

/*
 * All processes share one port for /metrics, too: whichever answers must know what the others have
 * counted. Each writes its own set only, so no lock is needed; a value may be a moment old.
 */
static struct router_stats *all;

int stats_prepare(void)
{
	size_t n = router_config.common.workers * sizeof *all;
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	all = p;
	return 0;
}

void stats_open(void)
{
	stats = &all[workers_number];
	stats->clients = 0;
	/* What was under way in a process that died is no more. */
	for (unsigned i = 0; i < ROUTES_UPSTREAMS; i++) {
		struct upstream_counts *u = &stats->upstream[i];
		u->calls = u->conns = u->idles = u->circuit = 0;
	}
	metrics_init();
}

/* ms; as the clients of Prometheus have them by default. */
static const uint16_t bounds[STATS_BUCKETS - 1] = {
	5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000,
};

void stats_count(struct route_stats *s, unsigned status, uint64_t ms, uint64_t received,
		 uint64_t sent)
{
	unsigned bucket = 0;
	while (bucket < STATS_BUCKETS - 1 && ms > bounds[bucket])
		bucket++;
	s->requests[status / 100 - 1]++;
	s->bucket[bucket]++;
	s->ms += ms;
	s->received += received;
	s->sent += sent;
}

/* The sum over all processes of the number of [size] bytes at [offset] of each set. */
static uint64_t sum(size_t offset, size_t size)
{
	uint64_t total = 0, wide;
	uint32_t narrow;
	for (uint32_t i = 0; i < router_config.common.workers; i++) {
		const uint8_t *at = (const uint8_t *)&all[i] + offset;
		memcpy(&wide, at, sizeof wide);
		memcpy(&narrow, at, sizeof narrow);
		total += size == sizeof wide ? wide : narrow;
	}
	return total;
}

struct family;
/* Samples of one route or upstream. [at]: from the first one's set to this one's. */
typedef void put_samples(struct out *o, const struct family *f, size_t at,
			 const struct out *labels);
static put_samples put_one, put_classes, put_buckets, put_kinds;

struct family {
	char name[32];
	const char *help;
	put_samples *put;
	uint16_t at; /* in the set of the first route or upstream */
	uint8_t size, type;
};
#define ROUTE(member) offsetof(struct router_stats, route[0].member), 8
#define UP(member) offsetof(struct router_stats, upstream[0].member)

static const struct family families[] = {
	{"router_clients", "connections", put_one, offsetof(struct router_stats, clients), 4,
	 METRICS_GAUGE},
	{"router_requests_total", "by class of status", put_classes, ROUTE(requests),
	 METRICS_COUNTER},
	{"router_request_seconds", "from the head to the end of the answer", put_buckets,
	 ROUTE(bucket), METRICS_HISTOGRAM},
	{"router_received_bytes_total", "bodies of requests", put_one, ROUTE(received),
	 METRICS_COUNTER},
	{"router_sent_bytes_total", "bodies of answers", put_one, ROUTE(sent), METRICS_COUNTER},
	{"router_upstream_exchanges", "under way", put_one, UP(calls), 4, METRICS_GAUGE},
	{"router_upstream_connections", "idle ones, too", put_one, UP(conns), 4, METRICS_GAUGE},
	{"router_upstream_idle", "connections", put_one, UP(idles), 4, METRICS_GAUGE},
	{"router_upstream_circuit", "0 closed, 1 open, 2 half-open; summed over WORKERS", put_one,
	 UP(circuit), 4, METRICS_GAUGE},
	{"router_upstream_opened_total", "connections", put_one, UP(opened), 8, METRICS_COUNTER},
	{"router_upstream_repeated_total", "given to another upstream or connection", put_one,
	 UP(repeated), 8, METRICS_COUNTER},
	{"router_upstream_failures_total", "by kind", put_kinds, UP(failed), 8, METRICS_COUNTER},
};

static void put_one(struct out *o, const struct family *f, size_t at, const struct out *labels)
{
	metrics_put(o, f->name, labels, sum(f->at + at, f->size));
}

/* Several numbers in a row, told apart by one more label: [values], a blank between. */
static void put_row(struct out *o, const struct family *f, size_t at, const struct out *labels,
		    const char *label, const char *values)
{
	for (struct span rest = span_str(values); rest.p != NULL; at += 8) {
		struct out more = *labels;
		metrics_put_label(&more, span_str(label), span_cut(&rest, ' '));
		put_one(o, f, at, &more);
	}
}

static void put_classes(struct out *o, const struct family *f, size_t at, const struct out *labels)
{
	put_row(o, f, at, labels, "status", "1xx 2xx 3xx 4xx 5xx");
}

/* In the order of enum upstream_why. */
static void put_kinds(struct out *o, const struct family *f, size_t at, const struct out *labels)
{
	put_row(o, f, at, labels, "kind", "unreachable late_connect lost late garbled truncated");
}

static void put_buckets(struct out *o, const struct family *f, size_t at, const struct out *labels)
{
	uint64_t counts[STATS_BUCKETS];
	for (unsigned k = 0; k < STATS_BUCKETS; k++)
		counts[k] = sum(f->at + at + 8 * k, 8);
	metrics_put_times(o, f->name, labels, bounds, counts, STATS_BUCKETS,
			  sum(offsetof(struct router_stats, route[0].ms) + at, 8));
}

/* Behind the table of routes, what the router answers by itself: the route "". */
static void put_route_label(struct out *labels, const struct route *r)
{
	bool known = r < router_routes.route + router_routes.count;
	metrics_put_label(labels, SPAN("route"), known ? routes_name(r) : SPAN(""));
}

static void put_family(struct out *o, const struct family *f)
{
	uint8_t text[ROUTES_PREFIX + ROUTES_ADDRESS + 80], address[ROUTES_ADDRESS];
	metrics_put_family(o, f->name, f->type, f->help);
	if (f->at >= offsetof(struct router_stats, clients)) {
		struct out none = out_init(NULL, 0);
		f->put(o, f, 0, &none);
		return;
	}
	bool up = f->at >= offsetof(struct router_stats, upstream);
	unsigned n = up ? router_routes.upstream_count : router_routes.count + 1u;
	for (unsigned i = 0; i < n; i++) {
		const struct route_upstream *u = &router_routes.upstream[i];
		struct out labels = out_init(text, sizeof text);
		struct out to = out_init(address, sizeof address);
		put_route_label(&labels, up ? routes_of(&u->up) : &router_routes.route[i]);
		if (up) {
			routes_put_address(&to, u);
			metrics_put_label(&labels, SPAN("upstream"), out_span_of(&to));
		}
		f->put(o, f, i * (up ? sizeof(struct upstream_counts) : sizeof(struct route_stats)),
		       &labels);
	}
}

static void put_all(struct out *o)
{
	stats->clients = router_server.count;
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		put_family(o, &families[i]);
}

void stats_answer(struct http_exchange *x)
{
	metrics_answer(x, "router", put_all);
}
