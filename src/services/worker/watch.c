/*
 * The limit on a job's time. Nothing can stop a function that does not return but the end of its
 * process; what it had in hand is taken up by the next one, or by another worker. The timer runs in
 * real time, so that a job that waits is found as well. Two of its ticks within one job, not one,
 * are too long: a process that was frozen gets one of them when it goes on.
 */
#include "services/worker/worker.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

static void (*on_late)(void);
static volatile sig_atomic_t job, seen; /* even: none is running */

static void on_tick(int signal)
{
	(void)signal;
	bool again = job == seen;
	seen = job;
	if (job % 2 == 0 || !again)
		return;
	on_late();
	/* Not exit: by a signal, so that WORKERS starts another; and one that ends process 1 too.
	 */
	abort();
}

void watch_start(void (*late)(void))
{
	struct sigaction act = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
	on_late = late;
	sigaction(SIGALRM, &act, NULL);
}

static void set_timer(uint32_t ms)
{
	struct timeval t = {.tv_sec = (time_t)(ms / 1000), .tv_usec = ms % 1000 * 1000L};
	setitimer(ITIMER_REAL, &(struct itimerval){t, t}, NULL);
}

void watch_open(void)
{
	set_timer(worker_config.job_ms);
}

void watch_close(void)
{
	set_timer(0);
}

void watch_begin(void)
{
	job = job < SIG_ATOMIC_MAX - 2 ? job + 1 : 1;
}

void watch_end(void)
{
	job++;
}
