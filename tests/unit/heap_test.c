/* The heap of the services: sizes, alignment, what goes back to the kernel, and what ends it. */
#include "harness/tap.h"
#include "services/common/heap.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANY 100000
#define LIVE 512
#define SPARE_PAGES (13 * 16) /* of the chunks that are kept */

static long pages_mapped(void)
{
	long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");
	if (f == NULL || fscanf(f, "%ld", &pages) != 1)
		bail("no /proc/self/statm");
	fclose(f);
	return pages;
}

static void every_size(void)
{
	int wrong = 0;
	size_t most = 0;
	for (size_t n = 0; n <= 3 * HEAP_OBJECT_MAX; n++) {
		uint8_t *p = heap_get(n);
		wrong += p == NULL || (uintptr_t)p % 16 != 0 || heap_size(p) < n;
		if (p == NULL)
			continue;
		size_t spare = heap_size(p) - n;
		if (n > 128 && n <= HEAP_OBJECT_MAX && spare * 100 / n > most)
			most = spare * 100 / n;
		memset(p, 0xa5, n);
		heap_put(p);
	}
	is_int(wrong, 0, "every size from 0 to 48 KiB: there, aligned, large enough");
	ok(most <= 25, "at most a quarter more than was asked for: %zu%%", most);
	ok(heap_get(SIZE_MAX) == NULL && heap_get(SIZE_MAX / 2) == NULL, "too much is refused");
	heap_put(NULL);
}

/* Random sizes, each filled with a byte of its own, which must still be there at the end. */
static void no_two_at_one_place(void)
{
	static struct {
		uint8_t *p, byte;
		size_t n;
	} live[LIVE];
	uint32_t seed = 20;
	int torn = 0;
	for (int i = 0; i < MANY * 2; i++) {
		seed = seed * 1664525 + 1013904223;
		unsigned at = seed >> 16 & (LIVE - 1);
		if (live[at].p != NULL) {
			for (size_t k = 0; k < live[at].n; k++)
				torn += live[at].p[k] != live[at].byte;
			heap_put(live[at].p);
			live[at].p = NULL;
			continue;
		}
		live[at].n = (seed >> 5 & 0x7fff) >> (seed & 15);
		live[at].byte = (uint8_t)(seed >> 24);
		live[at].p = heap_get(live[at].n);
		memset(live[at].p, live[at].byte, live[at].n);
	}
	is_int(torn, 0, "200,000 gets and puts of random sizes: no byte of one in another");
	for (int i = 0; i < LIVE; i++)
		heap_put(live[i].p);
}

static void gives_back(void)
{
	static void *p[MANY];
	static const size_t sizes[] = {16, 400, 16384, 100000};
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		int n = sizes[s] > 10000 ? 200 : MANY;
		heap_put(heap_get(sizes[s]));
		long before = pages_mapped();
		for (int i = 0; i < n; i++)
			p[i] = heap_get(sizes[s]);
		long full = pages_mapped();
		for (int i = 0; i < n; i++)
			heap_put(p[(i * 7919) % n]);
		ok(full - before >= (long)(sizes[s] * (size_t)n / 4096) - SPARE_PAGES,
		   "%d of %zu bytes are there", n, sizes[s]);
		ok(pages_mapped() - before <= SPARE_PAGES, "and what is no spare goes back");
	}
}

static long faults(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return r.ru_minflt;
}

/* [objects] of a page each, all at one time. */
static long faults_of_a_wave(int objects)
{
	static void *p[LIVE];
	long before = faults();
	for (int i = 0; i < objects; i++) {
		p[i] = heap_get(4096);
		memset(p[i], 1, 4096);
	}
	for (int i = 0; i < objects; i++)
		heap_put(p[i]);
	return faults() - before;
}

static void keeps_some(void)
{
	faults_of_a_wave(150);
	long again = faults_of_a_wave(150);
	ok(again < 15, "150 pages that were given back are there at once: %ld faults", again);
	long most = faults_of_a_wave(LIVE);
	ok(most > LIVE / 2, "of many more, the rest is the kernel's: %ld faults", most);
}

static void put_twice(uint8_t *p)
{
	heap_put(p);
	heap_put(p);
}
static void put_inside(uint8_t *p)
{
	heap_put(p + 16);
}
static void put_other(uint8_t *p)
{
	static uint8_t mine[1 << 17];
	(void)p;
	heap_put(mine + (1 << 16));
}
static void put_unused(uint8_t *p)
{
	heap_put(p + 96);
}

static const struct {
	void (*act)(uint8_t *p);
	const char *name;
} misuses[] = {
	{put_twice, "putting twice"},
	{put_inside, "putting the middle of an object"},
	{put_unused, "putting what is not in use"},
	{put_other, "putting what is not of the heap"},
};

static void ends_when_misused(void)
{
	for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
		int status = 0;
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			uint8_t *keep = heap_get(96);
			misuses[i].act(heap_get(96));
			_exit(keep != NULL ? 0 : 1);
		}
		waitpid(pid, &status, 0);
		ok(WIFSIGNALED(status), "%s ends the process", misuses[i].name);
	}
}

int main(void)
{
	every_size();
	no_two_at_one_place();
	gives_back();
	keeps_some();
	ends_when_misused();
	return done();
}
