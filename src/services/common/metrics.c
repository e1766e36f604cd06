#include "services/common/metrics.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static uint64_t started; /* seconds since 1970 */

static void put_name(struct out *o, const char *before, const char *name, const char *behind)
{
	out_str(o, before);
	out_str(o, "barnacle_");
	out_str(o, name);
	out_str(o, behind);
}

void metrics_put_family(struct out *o, const char *name, enum metrics_type type, const char *help)
{
	static const char types[][12] = {" counter\n", " gauge\n", " histogram\n"};
	put_name(o, "# HELP ", name, " ");
	out_str(o, help);
	put_name(o, "\n# TYPE ", name, types[type]);
}

void metrics_put_label(struct out *labels, struct span name, struct span value)
{
	if (labels->n > 0)
		out_byte(labels, ',');
	out_span(labels, name);
	out_str(labels, "=\"");
	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];
		if (c == '\\' || c == '"' || c == '\n')
			out_byte(labels, '\\');
		out_byte(labels, c == '\n' ? 'n' : c);
	}
	out_byte(labels, '"');
}

/* All of a sample but its value. */
static void put_sample(struct out *o, const char *name, const char *suffix,
		       const struct out *labels)
{
	put_name(o, "", name, suffix);
	if (labels->n > 0) {
		out_byte(o, '{');
		out_span(o, out_span_of(labels));
		out_byte(o, '}');
	}
	out_byte(o, ' ');
	o->over = o->over || labels->over;
}

static void put_count(struct out *o, uint64_t value)
{
	out_u64(o, value);
	out_byte(o, '\n');
}

void metrics_put(struct out *o, const char *name, const struct out *labels, uint64_t value)
{
	put_sample(o, name, "", labels);
	put_count(o, value);
}

static void put_seconds(struct out *o, uint64_t ms)
{
	out_u64(o, ms / 1000);
	out_byte(o, '.');
	out_fixed(o, ms % 1000, 3);
}

void metrics_put_times(struct out *o, const char *name, const struct out *labels,
		       const uint16_t *bounds, const uint64_t *counts, size_t n, uint64_t sum)
{
	uint64_t total = 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t text[16];
		struct out bound = out_init(text, sizeof text), all = *labels;
		if (i + 1 < n)
			put_seconds(&bound, bounds[i]);
		else
			out_str(&bound, "+Inf");
		metrics_put_label(&all, SPAN("le"), out_span_of(&bound));
		total += counts[i];
		put_sample(o, name, "_bucket", &all);
		put_count(o, total);
	}
	put_sample(o, name, "_sum", labels);
	put_seconds(o, sum);
	out_byte(o, '\n');
	put_sample(o, name, "_count", labels);
	put_count(o, total);
}

/* The second number of /proc/self/statm, in pages; 0 where there is none. */
static uint64_t resident_bytes(void)
{
	uint8_t text[64];
	uint64_t pages = 0;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, text, sizeof text);
	close(fd);
	struct span rest = span_of(text, n > 0 ? (size_t)n : 0);
	span_cut(&rest, ' ');
	dec_u64(span_cut(&rest, ' '), &pages);
	return pages * (uint64_t)getpagesize();
}

static void put_common(struct out *o, const char *service)
{
	uint8_t text[64];
	struct out build = out_init(text, sizeof text);
	metrics_put_label(&build, SPAN("service"), span_str(service));
	metrics_put_label(&build, SPAN("version"), SPAN(BARNACLE_VERSION));
	metrics_put_family(o, "build_info", METRICS_GAUGE, "what is running");
	metrics_put(o, "build_info", &build, 1);
	/* Names that Prometheus gives to every process. */
	out_str(o, "# HELP process_start_time_seconds since 1970\n"
		   "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds ");
	put_count(o, started);
	out_str(o, "# HELP process_resident_memory_bytes of one process\n"
		   "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes ");
	put_count(o, resident_bytes());
}

void metrics_init(void)
{
	started = net_wall_seconds();
}

void metrics_answer(struct http_exchange *x, const char *service, void (*put)(struct out *o))
{
	/* As much as needed of it: pages that are not written to are not there. */
	void *p = malloc(METRICS_MAX);
	struct out o = out_init(p, p == NULL ? 0 : METRICS_MAX);
	put_common(&o, service);
	put(&o);
	if (o.over)
		http_answer(x, 500, SPAN("text/plain"), SPAN("no memory for the metrics\n"));
	else
		http_answer(x, 200, SPAN("text/plain; version=0.0.4"), out_span_of(&o));
	free(p);
}
