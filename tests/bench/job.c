/*
 * make bench-job: how long the worker's job takes, the middle of 21 tries, as a table in Markdown.
 * Compiled as it ships, but for the optimization at link time.
 */
#include "services/worker/job.c"

#include "harness/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TRIES 21

static double now_ms_exact(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

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
			double begun = now_ms_exact();
			if (job_run(span_str(indexes[i]), &o) != JOB_OK)
				bail("no f(%s)", indexes[i]);
			ms[t] = now_ms_exact() - begun;
			digits = o.n;
		}
		qsort(ms, TRIES, sizeof *ms, compare);
		printf("| %s | %zu | %.3f |\n", indexes[i], digits, ms[TRIES / 2]);
	}
	return 0;
}
