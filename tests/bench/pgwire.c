/*
 * make bench-pgwire: what our PostgreSQL client costs beside libpq, as a table in Markdown. Both
 * are built by the host's compiler at -O2 and run on the host's libc, against one server, in one
 * run. Instructions are those in user mode, as callgrind counts them: of N rows (logins, inserts)
 * less those of one, by N - 1. callgrind's processor has no SHA extensions, so the logins are also
 * told in processor time, the least of ROUNDS runs.
 */
#include "harness/proc.h"
#include "harness/stores.h"
#include "harness/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define ROUNDS 7
#define LONG 600000 /* ms */

enum { OURS, LIBPQ, CLIENTS };
static char *programs[CLIENTS];

static struct store *store;

static char *run(int client, const char *mode, unsigned n, bool counted)
{
	char number[16];
	snprintf(number, sizeof number, "%u", n);
	const char *const words[] = {"valgrind",
				     "--tool=callgrind",
				     "--callgrind-out-file=/dev/null",
				     programs[client],
				     mode,
				     number,
				     store_host(store),
				     store_port_text(store),
				     store_user(store),
				     store_database(store),
				     NULL};
	int status;
	char *said = proc_run(
		&(struct proc_spec){.argv = words + (counted ? 0 : 3), .env = store_env(store)},
		LONG, &status);
	if (status != 0)
		bail("%s: status %d\n%s", mode, status, said);
	return said;
}

static double instructions(int client, const char *mode, unsigned n)
{
	char *said = run(client, mode, n, true), *at = strstr(said, "Collected : ");
	if (at == NULL)
		bail("callgrind did not count:\n%s", said);
	double count = strtod(at + 12, NULL);
	free(said);
	return count;
}

static double each(int client, const char *mode, unsigned n)
{
	return (instructions(client, mode, n) - instructions(client, mode, 1)) / (n - 1);
}

/* Microseconds in user mode of one of [n]: the least of some runs, for noise only adds. */
static double time_of(int client, const char *mode, unsigned n)
{
	double least = 1e18;
	for (int i = 0; i < ROUNDS; i++) {
		char *said = run(client, mode, n, false), *at = strchr(said, ' ');
		double us = at == NULL ? 0 : strtod(at, NULL);
		least = us < least ? us : least;
		free(said);
	}
	return least / n;
}

/* Both have seen the same rows. */
static void compare_sums(void)
{
	static const char *const modes[] = {"text", "binary"};
	for (size_t i = 0; i < COUNT(modes); i++) {
		char *ours = run(OURS, modes[i], 1000, false),
		     *theirs = run(LIBPQ, modes[i], 1000, false);
		if (strtoull(ours, NULL, 10) != strtoull(theirs, NULL, 10))
			bail("%s: the clients differ: %s, %s", modes[i], ours, theirs);
		free(ours);
		free(theirs);
	}
}

static void tell(const char *name, double ours, double theirs, const char *budget)
{
	printf("| %s | %.0f | %.0f | %.2f | %s |\n", name, ours, theirs, ours / theirs, budget);
	fflush(stdout);
}

int main(void)
{
	static const struct {
		const char *name, *ours, *theirs, *budget;
		unsigned n;
	} rows[] = {
		{"row of int4, text, text; in text: instructions", "text", "text", "0.50", 100000},
		{"the same, libpq in single-row mode", "text", "single", "-", 100000},
		{"the same in binary", "binary", "binary", "0.50", 100000},
		{"insert, 100 in flight: instructions", "insert", "insert", "-", 10000},
		{"login, without SHA extensions: instructions", "login", "login", "0.40", 11},
	};
	const char *folder = getenv("BENCH_CLIENTS");
	if (folder == NULL || asprintf(&programs[OURS], "%s/pgwire-ours", folder) < 0 ||
	    asprintf(&programs[LIBPQ], "%s/pgwire-libpq", folder) < 0)
		bail("BENCH_CLIENTS is not set: this is for make bench-pgwire");
	store = store_postgres(NULL);
	free(store_psql(store, "CREATE TABLE t (n int4, s text)"));
	compare_sums();
	printf("| per | barnacle | libpq | ratio | budget |\n|---|--:|--:|--:|--:|\n");
	for (size_t i = 0; i < COUNT(rows); i++)
		tell(rows[i].name, each(OURS, rows[i].ours, rows[i].n),
		     each(LIBPQ, rows[i].theirs, rows[i].n), rows[i].budget);
	tell("login, 4,096 iterations: microseconds", time_of(OURS, "login", 200),
	     time_of(LIBPQ, "login", 200), "0.40");
	return 0;
}
