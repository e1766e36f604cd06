/*
 * make bench-pgwire: what the two clients have in common. Each is given MODE, N and the server; it
 * does that much, and prints a checksum of what it saw and the processor time it took in user mode,
 * in microseconds. What they do with a row: its number, and the lengths of its texts.
 */
#ifndef TESTS_BENCH_PGWIRE_CLIENT_H
#define TESTS_BENCH_PGWIRE_CLIENT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum mode { TEXT, BINARY, SINGLE, LOGIN, INSERT, MODES };

struct target {
	enum mode mode;
	unsigned n;
	const char *host, *port, *user, *database, *password;
};

#define ROWS_SQL                                                                   \
	"SELECT n::int4, 'name of ' || n, repeat('x', 40) FROM generate_series(1," \
	" %u) n"
#define INSERT_SQL "INSERT INTO t VALUES ($1::int4, $2)"
#define INSERT_TEXT "forty bytes of text, or a few more bytes"
#define BATCH 100 /* inserts in flight */

static inline void die(const char *why)
{
	fprintf(stderr, "%s\n", why);
	exit(1);
}

static inline void begin(struct target *t, int argc, char **argv)
{
	static const char *const names[MODES] = {"text", "binary", "single", "login", "insert"};
	if (argc != 7)
		die("usage: MODE N HOST PORT USER DATABASE, PGPASSWORD in the environment");
	*t = (struct target){.mode = MODES,
			     .n = (unsigned)strtoul(argv[2], NULL, 10),
			     .host = argv[3],
			     .port = argv[4],
			     .user = argv[5],
			     .database = argv[6],
			     .password = getenv("PGPASSWORD")};
	for (int i = 0; i < MODES; i++)
		if (strcmp(argv[1], names[i]) == 0)
			t->mode = (enum mode)i;
	if (t->mode == MODES)
		die("no such mode");
}

static inline void report(uint64_t sum)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	printf("%llu %lld\n", (unsigned long long)sum,
	       (long long)r.ru_utime.tv_sec * 1000000 + (long long)r.ru_utime.tv_usec);
}

#endif
