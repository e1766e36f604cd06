#include "services/common/counters.h"

#include "harness/tap.h"
#include "services/common/workers.h"

#include <string.h>

enum { DONE, GAUGE = DONE + 4, SECONDS, END = SECONDS + 2 * COUNTERS_TIMES };

static const struct counters_family table[] = {
	{"n_total", "help", METRICS_COUNTER, DONE, {"a=x y", "b=1 2"}},
	{"g", "now", METRICS_GAUGE, GAUGE, {NULL}},
	{"t_seconds", "times", METRICS_HISTOGRAM, SECONDS, {"r=/ /{n}"}},
};
#define N (sizeof table / sizeof *table)

static uint8_t buf[8192];

static bool holds(const char *line)
{
	struct out o = out_init(buf, sizeof buf - 1);
	counters_put(&o, table, N);
	buf[o.n] = '\0';
	return !o.over && strstr((const char *)buf, line) != NULL;
}

static const struct {
	uint64_t us;
	const char *line;
} times[] = {
	{0, "_bucket{r=\"/{n}\",le=\"0.001\"} 1\n"},
	{1000, "_bucket{r=\"/{n}\",le=\"0.001\"} 2\n"},
	{1001, "_bucket{r=\"/{n}\",le=\"0.005\"} 3\n"},
	{2500000, "_bucket{r=\"/{n}\",le=\"2.500\"} 4\n"},
	{2500001, "_bucket{r=\"/{n}\",le=\"+Inf\"} 5\n"},
	{UINT32_MAX, "_count{r=\"/{n}\"} 6\n"},
};

int main(void)
{
	is_int(counters_prepare(2), 0, "memory for two processes");
	counters_open(table, N);
	ok(holds("barnacle_n_total{a=\"x\",b=\"1\"} 0\n"), "all begin at 0");
	counters[DONE] = 1;
	counters[DONE + 1] = 2;
	counters[DONE + 2] = 3;
	counters[DONE + 3] = 4;
	counters[GAUGE] = 7;
	ok(holds("barnacle_n_total{a=\"x\",b=\"1\"} 1\nbarnacle_n_total{a=\"x\",b=\"2\"} 2\n"
		 "barnacle_n_total{a=\"y\",b=\"1\"} 3\nbarnacle_n_total{a=\"y\",b=\"2\"} 4\n"),
	   "the last label changes fastest");
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		counters_add_time(SECONDS + COUNTERS_TIMES, times[i].us);
		ok(holds(times[i].line), "a time of %llu us", (unsigned long long)times[i].us);
	}
	ok(holds("_count{r=\"/\"} 0\n"), "of one label's value, not of the other's");
	workers_number = 1;
	counters_open(table, N);
	counters[DONE] = 10;
	counters[GAUGE] = 100;
	ok(holds("b=\"1\"} 11\n") && holds("barnacle_g 107\n"), "the sum of both processes");
	counters_open(table, N);
	ok(holds("b=\"1\"} 11\n") && holds("barnacle_g 7\n"),
	   "a process that is started again keeps its counters and not its gauges");
	for (size_t cap = 0; cap < 64; cap++) {
		struct out o = out_init(buf, cap);
		counters_put(&o, table, N);
		check(o.over, "it does not fit into %zu bytes", cap);
	}
	ok(failures() == 0, "and says when it does not fit");
	return done();
}
