#include "harness/tap.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int points, failed;
static char latest[160]; /* the name of the last point */

static bool report(bool held, const char *name, va_list args)
{
	va_list again;
	va_copy(again, args);
	vsnprintf(latest, sizeof latest, name, again);
	va_end(again);
	printf("%sok %d - ", held ? "" : "not ", ++points);
	vprintf(name, args);
	putchar('\n');
	if (!held)
		failed++;
	fflush(stdout);
	return held;
}

bool ok(bool held, const char *name, ...)
{
	va_list args;
	va_start(args, name);
	report(held, name, args);
	va_end(args);
	return held;
}

bool check(bool held, const char *name, ...)
{
	if (held)
		return true;
	va_list args;
	va_start(args, name);
	report(false, name, args);
	va_end(args);
	return false;
}

bool is_int(long long got, long long want, const char *name, ...)
{
	va_list args;
	va_start(args, name);
	if (!report(got == want, name, args))
		diag("got %lld, want %lld", got, want);
	va_end(args);
	return got == want;
}

bool is_str(const char *got, const char *want, const char *name, ...)
{
	bool same = strcmp(got, want) == 0;
	va_list args;
	va_start(args, name);
	if (!report(same, name, args)) {
		diag("got  %s", got);
		diag("want %s", want);
	}
	va_end(args);
	return same;
}

static void diag_span(const char *label, struct span s)
{
	printf("# %s (%zu) ", label, s.n);
	for (size_t i = 0; i < s.n && i < 400; i++) {
		if (s.p[i] >= ' ' && s.p[i] < 127)
			putchar(s.p[i]);
		else
			printf("\\x%02x", s.p[i]);
	}
	putchar('\n');
}

bool is_span(struct span got, struct span want, const char *name, ...)
{
	bool same = span_eq(got, want);
	va_list args;
	va_start(args, name);
	if (!report(same, name, args)) {
		diag_span("got ", got);
		diag_span("want", want);
	}
	va_end(args);
	return same;
}

int failures(void)
{
	return failed;
}

void diag(const char *text, ...)
{
	va_list args;
	va_start(args, text);
	printf("# ");
	vprintf(text, args);
	putchar('\n');
	va_end(args);
	fflush(stdout);
}

void bail(const char *why, ...)
{
	va_list args;
	va_start(args, why);
	report(false, why, args);
	va_end(args);
	exit(done());
}

/* Nothing of stdio: it may have been interrupted. All points before were flushed. */
static void on_alarm(int number)
{
	static const char text[] = "not ok - it hangs; the last point was: ";
	(void)number;
	if (write(1, text, sizeof text - 1) < 0 || write(1, latest, strlen(latest)) < 0 ||
	    write(1, "\n", 1) < 0)
		_exit(2);
	_exit(1);
}

void ends_within(unsigned seconds)
{
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
	alarm(seconds);
}

int done(void)
{
	printf("1..%d\n", points);
	fflush(stdout);
	return failed == 0 ? 0 : 1;
}

struct span guarded(int slot, struct span s)
{
	static struct {
		uint8_t *base;
		size_t room;
	} maps[4];
	const size_t page = 4096;
	size_t room = (s.n + page - 1) / page * page;
	if (maps[slot].base == NULL || maps[slot].room < room) {
		if (maps[slot].base != NULL)
			munmap(maps[slot].base, maps[slot].room + page);
		uint8_t *p = mmap(NULL, room + page, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED || mprotect(p + room, page, PROT_NONE) != 0)
			bail("no memory for a guarded copy of %zu bytes", s.n);
		maps[slot].base = p;
		maps[slot].room = room;
	}
	uint8_t *at = maps[slot].base + maps[slot].room - s.n;
	if (s.n > 0)
		memcpy(at, s.p, s.n);
	return (struct span){at, s.n};
}
