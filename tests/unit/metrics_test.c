#include "services/common/metrics.h"

#include "harness/tap.h"

static void put_sample(struct out *o)
{
	static const uint16_t bounds[] = {5, 2500};
	static const uint64_t counts[] = {1, 2, 3};
	uint8_t text[128];
	struct out labels = out_init(text, sizeof text);
	metrics_put_label(&labels, SPAN("a"), SPAN("x\\y\"z\n"));
	metrics_put_label(&labels, SPAN("b"), SPAN(""));
	metrics_put_family(o, "n_total", METRICS_COUNTER, "help");
	metrics_put(o, "n_total", &labels, UINT64_MAX);
	metrics_put_family(o, "t_seconds", METRICS_HISTOGRAM, "times");
	metrics_put_times(o, "t_seconds", &labels, bounds, counts, 3, 61007);
	labels = out_init(NULL, 0);
	metrics_put_family(o, "g", METRICS_GAUGE, "now");
	metrics_put(o, "g", &labels, 0);
}

#define LABELS "a=\"x\\\\y\\\"z\\n\",b=\"\""

int main(void)
{
	const struct span want =
		SPAN("# HELP barnacle_n_total help\n# TYPE barnacle_n_total counter\n"
		     "barnacle_n_total{" LABELS "} 18446744073709551615\n"
		     "# HELP barnacle_t_seconds times\n# TYPE barnacle_t_seconds histogram\n"
		     "barnacle_t_seconds_bucket{" LABELS ",le=\"0.005\"} 1\n"
		     "barnacle_t_seconds_bucket{" LABELS ",le=\"2.500\"} 3\n"
		     "barnacle_t_seconds_bucket{" LABELS ",le=\"+Inf\"} 6\n"
		     "barnacle_t_seconds_sum{" LABELS "} 61.007\nbarnacle_t_seconds_count{" LABELS
		     "} 6\n"
		     "# HELP barnacle_g now\n# TYPE barnacle_g gauge\nbarnacle_g 0\n");
	static uint8_t buf[4096];
	struct out o = out_init(buf, sizeof buf);
	put_sample(&o);
	is_span(out_span_of(&o), want, "families, labels, a histogram");
	for (size_t cap = 0; cap < want.n; cap++) {
		o = out_init(buf, cap);
		put_sample(&o);
		check(o.over, "it does not fit into %zu bytes", cap);
	}
	ok(true, "and says when it does not fit");
	uint8_t few[4];
	struct out labels = out_init(few, sizeof few);
	metrics_put_label(&labels, SPAN("long"), SPAN("value"));
	o = out_init(buf, sizeof buf);
	metrics_put(&o, "n", &labels, 1);
	ok(o.over, "labels that did not fit do not make another sample");
	return done();
}
