#include "resp_side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define CHUNK 16384 /* what hiredis reads at once */
#define FIELDS 10000
#define BULKS 100

static const char *what;
static unsigned long count, depth = 1;

void side_fail(const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long peak_kib(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static void *need(void *p)
{
	if (p == NULL)
		side_fail("out of memory");
	return p;
}

static void check_sum(uint64_t got, uint64_t want)
{
	if (got != want)
		side_fail("other replies than were asked for");
}

/* The codec alone: a stream of [count] replies, and what one of them has. */

static char *stream;
static size_t stream_n;

static void put(const char *text)
{
	size_t n = strlen(text);
	memcpy(stream + stream_n, text, n);
	stream_n += n;
}

static uint64_t put_reply(unsigned long i)
{
	char text[64];
	unsigned long n = strcmp(what, "array") == 0 ? BULKS : 2 * FIELDS;
	if (strcmp(what, "ok") == 0) {
		put("+OK\r\n");
		return 1;
	}
	if (strcmp(what, "integer") == 0) {
		snprintf(text, sizeof text, ":%lu\r\n", 1000000 + i);
		put(text);
		return 1;
	}
	if (strcmp(what, "bulk") == 0) {
		put("$16\r\n0123456789abcdef\r\n");
		return 1;
	}
	snprintf(text, sizeof text, "*%lu\r\n", n);
	put(text);
	for (unsigned long k = 0; k < n; k++)
		put("$16\r\n0123456789abcdef\r\n");
	return n;
}

/* Not inlined: callgrind counts what happens in it, and nothing else. */
__attribute__((noinline)) void measured_read(uint64_t want);
void measured_read(uint64_t want)
{
	check_sum(side_read((struct span){(uint8_t *)stream, stream_n}, CHUNK), want);
}

static void read_all(void)
{
	uint64_t want = 0;
	size_t each = strcmp(what, "array") == 0     ? 64 + BULKS * 23
		      : strcmp(what, "hgetall") == 0 ? 64 + 2 * FIELDS * 23
						     : 32;
	stream = need(malloc(count * each));
	for (unsigned long i = 0; i < count; i++)
		want += put_reply(i);
	double start = now();
	long before = peak_kib();
	measured_read(want);
	printf("%.9f %ld\n", now() - start, peak_kib() - before);
	free(stream);
}

/* A server. */

static struct span text_of(const char *s)
{
	return (struct span){(const uint8_t *)s, strlen(s)};
}

static struct span command[3];
static size_t command_n;

static void choose_command(void)
{
	static const struct {
		const char *what, *words[3];
		size_t n;
	} all[] = {
		{"set", {"SET", "key", "0123456789abcdef"}, 3},
		{"get", {"GET", "key", NULL}, 2},
		{"hgetall", {"HGETALL", "hash", NULL}, 2},
		{"big", {"GET", "big", NULL}, 2},
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strcmp(what, all[i].what) == 0)
			for (command_n = 0; command_n < all[i].n; command_n++)
				command[command_n] = text_of(all[i].words[command_n]);
	if (command_n == 0)
		side_fail("no such command");
}

/* The depth is kept: a window of commands is put, then its replies are taken. */
__attribute__((noinline)) void measured_ask(uint64_t each);
void measured_ask(uint64_t each)
{
	for (unsigned long done = 0; done < count; done += depth) {
		for (unsigned long i = 0; i < depth; i++)
			side_put(command_n, command);
		check_sum(side_take(depth), depth * each);
	}
}

static void fill_hash(void)
{
	for (int i = 0; i < FIELDS; i++) {
		char field[32];
		snprintf(field, sizeof field, "%016d", i);
		const struct span argv[] = {text_of("HSET"), text_of("hash"), text_of(field),
					    text_of("0123456789abcdef")};
		side_put(4, argv);
		side_take(1);
	}
}

static void prepare(void)
{
	const struct span set[] = {text_of("SET"), text_of("key"), text_of("0123456789abcdef")};
	const struct span length[] = {text_of("SETRANGE"), text_of("big"), text_of("99999999"),
				      text_of("x")};
	side_put(3, set);
	side_take(1);
	if (strcmp(what, "hgetall") == 0)
		fill_hash();
	if (strcmp(what, "big") == 0) {
		side_put(4, length);
		side_take(1);
	}
}

static void ask_all(const char *host, int port)
{
	choose_command();
	side_open(host, port);
	prepare();
	uint64_t each = strcmp(what, "hgetall") == 0 ? 2 * FIELDS : 1;
	double start = now();
	long before = peak_kib();
	measured_ask(each);
	printf("%.9f %ld\n", now() - start, peak_kib() - before);
	side_close();
}

int main(int argc, char **argv)
{
	if (argc < 4)
		side_fail("usage: read WHAT COUNT, or ask WHAT COUNT DEPTH HOST PORT");
	what = argv[2];
	count = strtoul(argv[3], NULL, 10);
	if (strcmp(argv[1], "read") == 0) {
		read_all();
	} else if (argc == 7) {
		depth = strtoul(argv[4], NULL, 10);
		ask_all(argv[5], (int)strtol(argv[6], NULL, 10));
	}
}
