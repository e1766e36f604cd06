/*
 * counters: the numbers of a service for /metrics, in memory that the processes of WORKERS share, a
 * set for each: whichever answers sums them, without a lock. A table says what they mean.
 *
 *	enum { DONE, FAILED, SECONDS, COUNT = SECONDS + COUNTERS_TIMES };
 *	static const struct counters_family table[] = {
 *		{"jobs_total", "by outcome", METRICS_COUNTER, DONE, {"outcome=done failed"}},
 *		{"job_seconds", "to compute one", METRICS_HISTOGRAM, SECONDS, {NULL}},
 *	};
 *	counters_prepare(1);                    // before the processes are made
 *	counters_open(table, 2);                // in each
 *	counters[FAILED]++;
 *	counters_add_time(SECONDS, us);
 *	counters_put(&o, table, 2);             // within a scrape
 */
#ifndef COMMON_COUNTERS_H
#define COMMON_COUNTERS_H

#include "drivers/postgres_query.h"
#include "drivers/redis.h"
#include "services/common/metrics.h"

#define COUNTERS_MAX 256 /* of one process */

/* The numbers of one histogram of times. */
#define COUNTERS_BUCKETS 11
#define COUNTERS_TIMES (COUNTERS_BUCKETS + 1)

struct counters_family {
	const char *name, *help;
	enum metrics_type type;
	uint16_t at; /* the first of its numbers; the last label's values change fastest */
	/* A name, '=', and the values in the order of the numbers, a blank between; or NULL. */
	const char *label[2];
};

/* Of this process; before counters_prepare there is none. */
extern uint64_t *counters;

/* 0, or a negative error. */
int counters_prepare(uint32_t processes);
/* The gauges of this process begin at 0, also when one died that had its place. */
void counters_open(const struct counters_family *table, size_t n);
void counters_add_time(unsigned at, uint64_t us);
void counters_put(struct out *o, const struct counters_family *table, size_t n);

/* The bytes of all connections, to clients and to stores: COUNTERS_BYTES numbers, and what copies
 * them. */
#define COUNTERS_BYTES 2
/* clang-format off */
#define COUNTERS_NETWORK(at) \
	{"network_bytes_total", "of all connections", METRICS_COUNTER, (at), \
	 {"direction=received sent"}}
/* clang-format on */
void counters_take_network(unsigned at, const struct net_loop *loop);

/*
 * Connections to stores: COUNTERS_STORE numbers for each of [n], whose names are in the literal
 * [names], and what copies them there for number [i].
 */
#define COUNTERS_STORE 7
/* clang-format off */
#define COUNTERS_STORES(at, n, names) \
	{"store_up", "processes whose connection is ready", METRICS_GAUGE, (at), \
	 {"connection=" names}}, \
	{"store_in_flight", "requests without their answer", METRICS_GAUGE, (at) + (n), \
	 {"connection=" names}}, \
	{"store_connects_total", "logins", METRICS_COUNTER, (at) + 2 * (n), \
	 {"connection=" names}}, \
	{"store_losses_total", "of connections", METRICS_COUNTER, (at) + 3 * (n), \
	 {"connection=" names}}, \
	{"store_requests_total", "sent", METRICS_COUNTER, (at) + 4 * (n), \
	 {"connection=" names}}, \
	{"store_errors_total", "answers that are an error", METRICS_COUNTER, (at) + 5 * (n), \
	 {"connection=" names}}, \
	{"store_late_total", "requests of Redis past their deadline", METRICS_COUNTER, \
	 (at) + 6 * (n), {"connection=" names}}
/* clang-format on */
void counters_take_redis(unsigned at, unsigned n, unsigned i, const struct redis *r);
void counters_take_postgres(unsigned at, unsigned n, unsigned i, const struct postgres *p);

#endif
