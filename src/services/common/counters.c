#include "services/common/counters.h"

#include "services/common/workers.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

uint64_t *counters;

static uint64_t (*all)[COUNTERS_MAX];
static uint32_t processes;

/* ms */
static const uint16_t bounds[COUNTERS_BUCKETS - 1] = {
	1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500,
};

int counters_prepare(uint32_t n)
{
	void *p = mmap(NULL, n * sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	all = p;
	processes = n;
	return 0;
}

static size_t count_values(const char *label)
{
	size_t n = 1;
	for (; label != NULL && *label != '\0'; label++)
		n += *label == ' ';
	return n;
}

void counters_open(const struct counters_family *table, size_t n)
{
	counters = all[workers_number];
	for (size_t i = 0; i < n; i++)
		if (table[i].type == METRICS_GAUGE)
			memset(counters + table[i].at, 0,
			       count_values(table[i].label[0]) * count_values(table[i].label[1]) *
				       sizeof *counters);
	metrics_init();
}

void counters_add_time(unsigned at, uint64_t us)
{
	unsigned bucket = 0;
	while (bucket < COUNTERS_BUCKETS - 1 && us > bounds[bucket] * 1000u)
		bucket++;
	counters[at + bucket]++;
	counters[at + COUNTERS_BUCKETS] += us;
}

static uint64_t sum(unsigned at)
{
	uint64_t total = 0;
	for (uint32_t i = 0; i < processes; i++)
		total += all[i][at];
	return total;
}

static unsigned put_sample(struct out *o, const struct counters_family *f, unsigned at,
			   const struct out *labels)
{
	uint64_t counts[COUNTERS_BUCKETS];
	if (f->type != METRICS_HISTOGRAM) {
		metrics_put(o, f->name, labels, sum(at));
		return at + 1;
	}
	for (unsigned i = 0; i < COUNTERS_BUCKETS; i++)
		counts[i] = sum(at++);
	metrics_put_times(o, f->name, labels, bounds, counts, COUNTERS_BUCKETS, sum(at) / 1000);
	return at + 1;
}

/* All values of the label at [depth], and those behind it for each. */
static unsigned put_samples(struct out *o, const struct counters_family *f, unsigned at,
			    const struct out *labels, unsigned depth)
{
	if (depth == 2 || f->label[depth] == NULL)
		return put_sample(o, f, at, labels);
	struct span rest = span_str(f->label[depth]), name = span_cut(&rest, '=');
	while (rest.p != NULL) {
		struct out more = *labels;
		metrics_put_label(&more, name, span_cut(&rest, ' '));
		at = put_samples(o, f, at, &more, depth + 1);
	}
	return at;
}

void counters_put(struct out *o, const struct counters_family *table, size_t n)
{
	uint8_t text[160];
	for (size_t i = 0; i < n; i++) {
		struct out labels = out_init(text, sizeof text);
		metrics_put_family(o, table[i].name, table[i].type, table[i].help);
		put_samples(o, &table[i], table[i].at, &labels, 0);
	}
}

void counters_take_network(unsigned at, const struct net_loop *loop)
{
	counters[at] = loop->received;
	counters[at + 1] = loop->sent;
}

static void take(unsigned at, unsigned n, unsigned i, const uint64_t numbers[COUNTERS_STORE])
{
	for (unsigned k = 0; k < COUNTERS_STORE; k++)
		counters[at + k * n + i] = numbers[k];
}

void counters_take_redis(unsigned at, unsigned n, unsigned i, const struct redis *r)
{
	struct redis_counters c;
	redis_get_counters(r, &c);
	take(at, n, i,
	     (const uint64_t[]){r->ready, c.in_flight, c.connects, c.losses, c.commands, c.errors,
				c.late});
}

void counters_take_postgres(unsigned at, unsigned n, unsigned i, const struct postgres *p)
{
	struct postgres_counters c;
	postgres_counters_get(p, &c);
	take(at, n, i,
	     (const uint64_t[]){p->ready, c.in_flight, c.connects, c.losses, c.requests, c.errors,
				0});
}
