/*
 * make bench-resp: what a reply costs in our Redis clients and in hiredis, as tables in Markdown.
 *
 * The sides are programs of resp_side.h, which all do the same work. Instructions are those of
 * the measured part alone, under callgrind, the kernel's not among them. Seconds are the middle of
 * ROUNDS (3), in which the sides take turns, with a server on core 0 and the client on core 1.
 */
#include "harness/proc.h"
#include "harness/stores.h"
#include "harness/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define ROUNDS_MAX 100
#define PATIENCE_MS 600000

enum { HIREDIS, LOOP, BLOCKING, SIDES };
static const char *const names[SIDES] = {"hiredis", "ours, loop", "ours, blocking"};
static char *programs[SIDES];

static const struct scenario {
	const char *name, *mode, *what;
	unsigned long count; /* commands, or replies */
	unsigned long each;  /* what the figures are divided by, for each of them */
	const char *depth;
} reads[] =
	{
		{"a million `+OK`", "read", "ok", 1000000, 1, NULL},
		{"a million integers", "read", "integer", 1000000, 1, NULL},
		{"a bulk of 16 bytes", "read", "bulk", 200000, 1, NULL},
		{"an array of 100 bulks, a bulk", "read", "array", 5000, 100, NULL},
		{"HGETALL of 10,000 fields, a bulk", "read", "hgetall", 20, 20000, NULL},
},
  asks[] = {
	  {"SET, depth 1", "ask", "set", 20000, 1, "1"},
	  {"SET, depth 16", "ask", "set", 64000, 1, "16"},
	  {"SET, depth 256", "ask", "set", 128000, 1, "256"},
	  {"GET, depth 1", "ask", "get", 20000, 1, "1"},
	  {"GET, depth 16", "ask", "get", 64000, 1, "16"},
	  {"GET, depth 100", "ask", "get", 128000, 1, "100"},
	  {"GET, depth 256", "ask", "get", 128000, 1, "256"},
	  {"HGETALL of 10,000 fields", "ask", "hgetall", 40, 1, "1"},
	  {"GET of 100 MB", "ask", "big", 1, 1, "1"},
};

static int rounds = 3;
static struct store *redis;

/* Runs one side with [before] in front of it; what it, or that, wrote. */
static char *run(const char *const *before, int side, const struct scenario *s)
{
	const char *argv[24], *env[] = {"LC_ALL=C", NULL};
	char count[24];
	size_t n = 0;
	int status;
	snprintf(count, sizeof count, "%lu", s->count);
	for (; before[n] != NULL; n++)
		argv[n] = before[n];
	argv[n++] = programs[side];
	argv[n++] = s->mode;
	argv[n++] = s->what;
	argv[n++] = count;
	argv[n++] = s->depth;
	argv[n++] = store_host(redis);
	argv[n++] = store_port_text(redis);
	argv[n] = NULL;
	char *said = proc_run(&(struct proc_spec){.argv = argv, .env = env}, PATIENCE_MS, &status);
	if (status != 0)
		bail("%s, %s: status %d: %s", names[side], s->name, status, said);
	return said;
}

static double per(const struct scenario *s, double all)
{
	return all / (double)s->count / (double)s->each;
}

static double instructions(int side, const struct scenario *s)
{
	static const char *const valgrind[] = {"valgrind", "--tool=callgrind",
					       "--callgrind-out-file=/dev/null",
					       "--toggle-collect=measured_*", NULL};
	char *said = run(valgrind, side, s);
	const char *at = strstr(said, "Collected : ");
	if (at == NULL)
		bail("valgrind counts nothing: %s", said);
	double n = strtod(at + strlen("Collected : "), NULL);
	free(said);
	return n;
}

/* All of the program, with its start and its preparations. */
static double calls(int side, const struct scenario *s)
{
	char *path = temp_path("strace"), line[256];
	double sum = 0, n;
	free(run((const char *[]){"strace", "-c", "-f", "-U", "name,calls", "-o", path, NULL}, side,
		 s));
	FILE *f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "total %lf", &n) == 1)
			sum = n;
	if (f != NULL)
		fclose(f);
	free(path);
	return sum;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Seconds in the middle of the rounds, of each side; and the KiB by which it grew. */
static void times(const struct scenario *s, double seconds[SIDES], double kib[SIDES])
{
	static double took[SIDES][ROUNDS_MAX];
	for (int round = 0; round < rounds; round++)
		for (int side = 0; side < SIDES; side++) {
			char *said = run((const char *[]){"taskset", "-c", "1", NULL}, side, s),
			     *rest;
			took[side][round] = strtod(said, &rest);
			kib[side] = strtod(rest, NULL);
			free(said);
		}
	for (int side = 0; side < SIDES; side++) {
		qsort(took[side], (size_t)rounds, sizeof took[side][0], by_size);
		seconds[side] = took[side][rounds / 2];
	}
}

static void measure_reading(const struct scenario *s)
{
	double n[SIDES], seconds[SIDES], kib[SIDES];
	for (int side = 0; side < BLOCKING; side++)
		n[side] = per(s, instructions(side, s));
	times(s, seconds, kib);
	printf("| %s | %.0f | %.0f | %.2f | %.1f | %.1f | %.2f |\n", s->name, n[HIREDIS], n[LOOP],
	       n[LOOP] / n[HIREDIS], per(s, seconds[HIREDIS]) * 1e9, per(s, seconds[LOOP]) * 1e9,
	       seconds[LOOP] / seconds[HIREDIS]);
	fflush(stdout);
}

static void measure_asking(const struct scenario *s)
{
	double n[SIDES], called[SIDES], seconds[SIDES], kib[SIDES];
	for (int side = 0; side < SIDES; side++) {
		n[side] = instructions(side, s);
		called[side] = calls(side, s);
	}
	times(s, seconds, kib);
	for (int side = 0; side < SIDES; side++)
		printf("| %s | %s | %.0f | %.2f | %.0f | %.2f | %.2f | %.0f |\n", s->name,
		       names[side], per(s, n[side]), n[side] / n[HIREDIS],
		       1 / per(s, seconds[side]), seconds[HIREDIS] / seconds[side],
		       per(s, called[side]), kib[side]);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *r = getenv("ROUNDS");
	if (argc != 1 + SIDES)
		bail("the programs of the sides, please: hiredis first");
	for (int side = 0; side < SIDES; side++)
		programs[side] = realpath(argv[1 + side], NULL);
	rounds = r != NULL ? (int)strtol(r, NULL, 10) : rounds;
	if (rounds < 1 || rounds > ROUNDS_MAX)
		bail("ROUNDS is a number from 1 to %d", ROUNDS_MAX);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		bail("this needs two processors: one for the server, one for the client");
	redis = store_redis((const char *[]){"--requirepass", "", "--appendonly", "no", NULL});
	char pid[16];
	snprintf(pid, sizeof pid, "%d", (int)proc_pid(store_proc(redis)));
	free(proc_run(&(struct proc_spec){.argv = (const char *[]){"taskset", "-a", "-pc", "0", pid,
								   NULL}},
		      PATIENCE_MS, NULL));
	printf("| the codec alone | hiredis, instructions | ours | ours / its | hiredis, ns | ours "
	       "| "
	       "ours / its |\n|---|--:|--:|--:|--:|--:|--:|\n");
	for (size_t i = 0; i < COUNT(reads); i++)
		measure_reading(&reads[i]);
	printf("\n| a client and a server | client | instructions | of hiredis's | commands/s | "
	       "times "
	       "hiredis's | system calls | grows by KiB |\n|---|---|--:|--:|--:|--:|--:|--:|\n");
	for (size_t i = 0; i < COUNT(asks); i++)
		measure_asking(&asks[i]);
	for (int side = 0; side < SIDES; side++)
		free(programs[side]);
}
