#include "services/common/workers.h"

#include "services/common/log.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A worker that dies at once must not be started in a tight loop. */
#define RESTART_MS 500

static pid_t pids[WORKERS_MAX];
uint32_t workers_number;

static void start(uint32_t i, const sigset_t *old, int (*body)(void))
{
	/* Not fork(): what it does for programs with threads takes 2 KiB of libc. */
	pid_t parent = getpid(), pid = _Fork();
	if (pid != 0) {
		pids[i] = pid; /* -1: tried again after the rest */
		return;
	}
	/* Without its parent nobody would restart or stop it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	sigprocmask(SIG_SETMASK, old, NULL);
	workers_number = i;
	exit(body());
}

static void report(pid_t pid, int status)
{
	struct log_line l;
	if (!log_open(&l, LOG_ERROR, "worker process died, starting another"))
		return;
	log_u64(&l, "pid", (uint64_t)pid);
	if (WIFSIGNALED(status))
		log_u64(&l, "signal", (uint64_t)WTERMSIG(status));
	else
		log_u64(&l, "status", (uint64_t)WEXITSTATUS(status));
	log_close(&l);
	log_flush();
}

/* False when one ended by itself with an error: it could not start, and another could not either.
 */
static bool reap(uint32_t n)
{
	int status;
	pid_t pid;
	bool fine = true;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (uint32_t i = 0; i < n; i++) {
			if (pids[i] != pid)
				continue;
			pids[i] = -1;
			if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
				fine = false;
			else
				report(pid, status);
		}
	return fine;
}

static void stop_all(uint32_t n, int signal)
{
	for (uint32_t i = 0; i < n; i++)
		if (pids[i] > 0)
			kill(pids[i], signal);
	/* Each ends within its own drain limit. */
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

int workers_run(uint32_t n, int (*body)(void))
{
	sigset_t set, old;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, &old);
	log_flush();
	for (uint32_t i = 0; i < n; i++)
		start(i, &old, body);
	for (;;) {
		struct timespec rest = {.tv_nsec = RESTART_MS * 1000000L};
		int signal = sigtimedwait(&set, NULL, &rest);
		if (signal == SIGTERM || signal == SIGINT) {
			stop_all(n, SIGTERM);
			return 0;
		}
		if (!reap(n)) {
			stop_all(n, SIGTERM);
			return 1;
		}
		/* Only when the rest is over: a signal for each death would cut it short. */
		for (uint32_t i = 0; signal < 0 && i < n; i++)
			if (pids[i] < 0)
				start(i, &old, body);
	}
}
