/* What a server costs: see measure.h. */
#include "bench/measure.h"

#include "harness/proc_temp.h"
#include "harness/tap.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int measure_rounds = 3;
const char *measure_seconds = "2";

void measure_settings(void)
{
	const char *t = getenv("T"), *r = getenv("ROUNDS");
	if (t != NULL)
		measure_seconds = t;
	if (r != NULL)
		measure_rounds = (int)strtol(r, NULL, 10);
	if (strtod(measure_seconds, NULL) < 1 || measure_rounds < 1 ||
	    measure_rounds > MEASURE_ROUNDS_MAX)
		bail("T is a number of seconds, ROUNDS one from 1 to %d", MEASURE_ROUNDS_MAX);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		bail("this needs two processors: one for the server, one for wrk");
}

FILE *measure_create(const char *name)
{
	chmod(temp_dir(), 0755); /* nginx's worker is another user when we are root */
	char *path = temp_path("%s", name);
	FILE *f = fopen(path, "we");
	if (f == NULL)
		bail("%s cannot be written", path);
	free(path);
	return f;
}

void measure_start(struct measured *s, const char *const *argv, const char *const *env,
		   size_t children)
{
	size_t n;
	pid_t *tree;
	s->proc = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	if (!wait_port(s->port, 20000))
		bail("%s does not listen: %s", s->name, proc_log(s->proc));
	for (tree = proc_tree(proc_pid(s->proc), &n); n < children && proc_running(s->proc);) {
		tick();
		free(tree);
		tree = proc_tree(proc_pid(s->proc), &n);
	}
	s->pids[0] = proc_pid(s->proc);
	for (s->pid_count = 1; s->pid_count <= n && s->pid_count < MEASURE_PIDS_MAX; s->pid_count++)
		s->pids[s->pid_count] = tree[s->pid_count - 1];
	free(tree);
}

void measure_start_nginx(struct measured *s, const char *conf)
{
	char *prefix = temp_path("/");
	measure_start(
		s, (const char *[]){"taskset", "-c", "0", "nginx", "-p", prefix, "-c", conf, NULL},
		NULL, 1);
	free(prefix);
}

double measure_cpu_ns(const struct measured *s)
{
	double sum = 0;
	for (size_t i = 0; i < s->pid_count; i++) {
		clockid_t clock;
		struct timespec t;
		if (clock_getcpuclockid(s->pids[i], &clock) != 0 || clock_gettime(clock, &t) != 0)
			bail("%s: process %d is gone", s->name, (int)s->pids[i]);
		sum += (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
	}
	return sum;
}

double measure_memory_kib(const struct measured *s, const char *field)
{
	double sum = 0;
	for (size_t i = 0; i < s->pid_count; i++) {
		char path[64], line[256];
		snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)s->pids[i]);
		FILE *f = fopen(path, "re");
		while (f != NULL && fgets(line, sizeof line, f) != NULL)
			if (strncmp(line, field, strlen(field)) == 0)
				sum += strtod(line + strlen(field), NULL);
		if (f != NULL)
			fclose(f);
	}
	return sum;
}

/* From the line "99%    1.23ms" of wrk; its units are us, ms, s, m. */
static double p99_ms(const char *said)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = {{"us", 1e-3}, {"ms", 1}, {"s", 1e3}, {"m", 6e4}};
	const char *line = strstr(said, " 99%");
	char *unit = NULL;
	double value = line == NULL ? 0 : strtod(line + 4, &unit);
	for (size_t i = 0; unit != NULL && i < COUNT(units); i++)
		if (strncmp(unit, units[i].unit, strlen(units[i].unit)) == 0)
			return value * units[i].ms;
	bail("wrk tells no latency: %s", said);
}

struct measure_result measure_load(const struct measured *s, const struct measure_load *what,
				   const char *seconds)
{
	char url[64];
	snprintf(url, sizeof url, "http://127.0.0.1:%d%s", s->port, what->path);
	const char *argv[] = {"taskset", "-c", "1",          "wrk",       "-t",
			      "1",       "-c", "64",         "--latency", "-d",
			      seconds,   url,  what->option, what->value, NULL};
	char *said = proc_run(&(struct proc_spec){.argv = argv}, 600000, NULL);
	const char *total = strstr(said, " requests in ");
	while (total != NULL && total > said && total[-1] != ' ')
		total--;
	double n = total == NULL ? 0 : strtod(total, NULL);
	if (n <= 0 || strstr(said, "Non-2xx") != NULL)
		bail("%s, %s: %s", s->name, what->name, said);
	double p99 = p99_ms(said);
	free(said);
	return (struct measure_result){n, p99};
}

double measure_calls(const struct measured *s, const struct measure_load *what)
{
	char pid[16], *path = temp_path("strace"), line[256];
	snprintf(pid, sizeof pid, "%d", (int)s->pids[s->pid_count - 1]);
	const char *argv[] = {"strace", "-c", "-U", "name,calls", "-o", path, "-p", pid, NULL};
	struct proc *strace = proc_start(&(struct proc_spec){.argv = argv, .stop_signal = SIGINT});
	if (!proc_wait_log(strace, "attached", 5000))
		bail("strace: %s", proc_log(strace));
	double n = measure_load(s, what, "1").requests, sum = 0, count;
	proc_stop(strace, 5000);
	proc_free(strace);
	FILE *f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "total %lf", &count) == 1)
			sum = count;
	if (f != NULL)
		fclose(f);
	free(path);
	return sum / n;
}

double measure_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double measure_middle(double *values, size_t n)
{
	qsort(values, n, sizeof *values, by_size);
	return values[n / 2];
}

double measure_median(double *values)
{
	return measure_middle(values, (size_t)measure_rounds);
}

void measure_tell_congestion(void)
{
	char name[32] = "unknown";
	FILE *f = fopen("/proc/sys/net/ipv4/tcp_congestion_control", "re");
	if (f != NULL && fscanf(f, "%31s", name) == 1)
		printf("TCP congestion control here: %s.\n", name);
	if (f != NULL)
		fclose(f);
}
