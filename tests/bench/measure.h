/*
 * measure: what the benchmarks have in common. A server has core 0 to itself and wrk core 1; what
 * counts is the processor time of the server, for wrk is the slower of the two.
 *
 *	measure_settings();
 *	struct measured s = {.name = "nginx", .port = free_port()};
 *	measure_start(&s, argv, NULL, 1);
 *	double before = measure_cpu_ns(&s);
 *	struct measure_result r = measure_load(&s, &load, measure_seconds);
 *	printf("%.2f us\n", (measure_cpu_ns(&s) - before) / 1e3 / r.requests);
 *
 * What can't be measured ends the program by bail().
 */
#ifndef TESTS_BENCH_MEASURE_H
#define TESTS_BENCH_MEASURE_H

#include "harness/proc.h"

#include <stdio.h>

#define MEASURE_ROUNDS_MAX 100
#define MEASURE_PIDS_MAX 4
#define COUNT(a) (sizeof(a) / sizeof *(a))

struct measured {
	const char *name;
	struct proc *proc;
	int port;
	pid_t pids[MEASURE_PIDS_MAX]; /* all that work for it; the last takes the requests */
	size_t pid_count;
};

struct measure_load {
	const char *name, *path;
	const char *option, *value; /* of wrk; may be NULL */
};

struct measure_result {
	double requests; /* answered */
	double p99_ms;
};

/* T and ROUNDS of the environment; 2 seconds, 3 rounds. */
extern int measure_rounds;
extern const char *measure_seconds;
void measure_settings(void);

/* A file in the temporary folder, which others than we may read. */
FILE *measure_create(const char *name);

/* It is ready when it listens and its [children] have begun. [env]: as of proc_start; may be NULL.
 */
void measure_start(struct measured *s, const char *const *argv, const char *const *env,
		   size_t children);
/* nginx with a configuration from the temporary folder, on core 0. */
void measure_start_nginx(struct measured *s, const char *conf);

/* Processor time so far, user and system, of all threads. */
double measure_cpu_ns(const struct measured *s);
/* The sum of a field of smaps_rollup ("Rss:"). */
double measure_memory_kib(const struct measured *s, const char *field);

/* Runs wrk for [seconds]. */
struct measure_result measure_load(const struct measured *s, const struct measure_load *what,
				   const char *seconds);
/* System calls per request, counted in a run of its own because strace makes each one slow. */
double measure_calls(const struct measured *s, const struct measure_load *what);

/* Milliseconds of the monotonic clock. */
double measure_now(void);
/* The middle one; sorts them. */
double measure_middle(double *values, size_t n);
/* That of the rounds. */
double measure_median(double *values);
/* It matters: with bbr, which paces, a large answer costs a fifth more. */
void measure_tell_congestion(void);

#endif
