/*
 * Time as a test program sees it that is linked with --wrap=clock_gettime and so on (see the
 * Makefile): what the machine gave to others does not count. There the loop, its peers and what
 * judges them are one thread, so without this every deadline that a row does not want to meet, and
 * every bound on what something took, would be a race with whatever else runs. What counts: the
 * processor's time, and the time asleep, but no more of that than was asked for. So a loop that
 * spins and a call that blocks cost what they cost. Not for tests of other processes: their time
 * would go on while ours does not.
 */
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

int __real_clock_gettime(clockid_t id, struct timespec *t);
int __real_epoll_wait(int epfd, struct epoll_event *events, int n, int ms);
int __real_usleep(useconds_t us);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_epoll_wait(int epfd, struct epoll_event *events, int n, int ms);
int __wrap_usleep(useconds_t us);

struct marks {
	uint64_t real, cpu; /* ns */
	long waits;         /* how often this thread gave the processor away by itself */
};

static _Thread_local struct marks last;
static _Thread_local uint64_t own; /* ns; 0: no clock was read yet */

static uint64_t read_clock(clockid_t id)
{
	struct timespec t = {.tv_sec = 0};
	__real_clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static struct marks look(void)
{
	struct rusage r = {.ru_nvcsw = 0};
	getrusage(RUSAGE_THREAD, &r);
	return (struct marks){.real = read_clock(CLOCK_MONOTONIC),
			      .cpu = read_clock(CLOCK_THREAD_CPUTIME_ID),
			      .waits = r.ru_nvcsw};
}

/* The time awake since the last look; all of it if something blocked, or a fork began anew. */
static void count_awake(void)
{
	struct marks now = look();
	if (own == 0)
		own = now.real;
	else if (now.waits != last.waits || now.cpu < last.cpu)
		own += now.real - last.real;
	else
		own += now.cpu - last.cpu;
	last = now;
}

static void count_asleep(uint64_t most)
{
	struct marks now = look();
	uint64_t took = now.real - last.real;
	own += took < most ? took : most;
	last = now;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	if (id != CLOCK_MONOTONIC)
		return __real_clock_gettime(id, t);
	count_awake();
	t->tv_sec = (time_t)(own / SECOND);
	t->tv_nsec = (long)(own % SECOND);
	return 0;
}

int __wrap_epoll_wait(int epfd, struct epoll_event *events, int n, int ms)
{
	if (ms == 0)
		return __real_epoll_wait(epfd, events, n, ms);
	count_awake();
	int rc = __real_epoll_wait(epfd, events, n, ms);
	count_asleep(ms < 0 ? UINT64_MAX : (uint64_t)ms * (SECOND / 1000));
	return rc;
}

int __wrap_usleep(useconds_t us)
{
	count_awake();
	int rc = __real_usleep(us);
	count_asleep((uint64_t)us * 1000);
	return rc;
}
