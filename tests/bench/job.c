/*
 * make bench-job: how long the worker's job takes, the middle of 21 tries, as a table in Markdown.
 * Compiled as it ships, but for the optimization at link time.
 */
#include "services/worker/job.c"

#include "bench/measure.h"
#include "harness/tap.h"

#define TRIES 21

int main(void)
{
	static const char *const indexes[] = {"40", "1000", "10000", "100000", "1000000"};
	static uint8_t text[JOB_RESULT_MAX];
	puts("| f(n), exact | digits | ms |\n|--:|--:|--:|");
	for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
		double ms[TRIES];
		size_t digits = 0;
		for (size_t t = 0; t < TRIES; t++) {
			struct out o = out_init(text, sizeof text);
			double begun = measure_now();
			if (job_run(span_str(indexes[i]), &o) != JOB_OK)
				bail("no f(%s)", indexes[i]);
			ms[t] = measure_now() - begun;
			digits = o.n;
		}
		printf("| %s | %zu | %.3f |\n", indexes[i], digits, measure_middle(ms, TRIES));
	}
	return 0;
}
