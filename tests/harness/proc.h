/*
 * proc: child processes, ports and a temporary folder for tests that talk to real programs.
 *
 *	const char *env[] = {"PORT=0", NULL};
 *	const char *argv[] = {proc_bin("web"), NULL};
 *	struct proc *web = proc_start(&(struct proc_spec){.argv = argv, .env = env});
 *	ok(proc_wait_log(web, "listening", 2000), "says that it listens");
 *	is_int(proc_stop(web, 2000), 0, "ends orderly");
 *
 * Whatever way the test program ends (exit, bail, a crash, kill -9), its children, their children
 * and its temporary folder go with it: each child dies with the test, and a guard process that
 * is told of the end by a closed pipe kills what still works inside of the folder (a paused
 * PostgreSQL, for example, cannot notice that it is alone) and removes it.
 *
 * Everything here blocks, with a deadline in milliseconds. What cannot work (no memory, fork
 * fails) ends the test program by bail(). Not for use by several threads.
 */
#ifndef TESTS_PROC_H
#define TESTS_PROC_H

#include <stdbool.h>
#include <sys/types.h>

struct proc;

struct proc_spec {
	const char *const *argv; /* NULL at the end; argv[0] without '/' is looked up in PATH */
	const char *const *env;  /* "NAME=value", NULL at the end; all it gets, beside our PATH */
	const char *cwd;         /* NULL: the temporary folder */
	uid_t uid;               /* 0: as we are. Otherwise this user and group, and no others */
	gid_t gid;
	/*
	 * What proc_stop sends; 0: SIGTERM. When set, the end of the test program also asks with it
	 * before it kills: for PostgreSQL, which otherwise leaves a shared memory segment behind.
	 */
	int stop_signal;
};

/*
 * Starts a child, leader of its own session and process group, stdin empty, stdout and stderr
 * in one file. What cannot be executed ends with status 127 and the reason in its log.
 * The result is good until proc_free or the end of the test program.
 */
struct proc *proc_start(const struct proc_spec *spec);
/* Kills it if it still runs, and forgets it and its log. */
void proc_free(struct proc *p);

pid_t proc_pid(const struct proc *p);
bool proc_running(struct proc *p);
/* Exit status, 128 + n after signal n, or -1 when it still runs after [ms]. Asks again: same. */
int proc_wait(struct proc *p, int ms);
void proc_signal(struct proc *p, int sig);
/* To it and to all its descendants, also those in sessions of their own. Parents come first. */
void proc_signal_tree(struct proc *p, int sig);
/*
 * The stop signal (even if it is paused), and after [ms] SIGKILL for the whole tree: the exit
 * status as in proc_wait, 137 when it had to be killed.
 */
int proc_stop(struct proc *p, int ms);
/* SIGKILL for the whole tree; returns when nothing of it is left. */
void proc_kill(struct proc *p);

/* Is there no such process, or only a zombie that holds no memory, file or port? */
bool proc_gone(pid_t pid);

/* What it has written so far, NUL-terminated; good until the next call for the same child. */
const char *proc_log(struct proc *p);
/* Waits for [needle] in the log; false when the time is over or the child ended without it. */
bool proc_wait_log(struct proc *p, const char *needle, int ms);
/* Resident memory now, exact; -1 when it has ended. */
long proc_rss_kib(const struct proc *p);

/*
 * Runs a command to its end: all it wrote, without the last newline, from malloc; its status in
 * *status when that is not NULL. A command that takes longer than [ms] is killed: status 137.
 */
char *proc_run(const struct proc_spec *spec, int ms, int *status);

/* build/ship/NAME or build/san/NAME, whichever this test program was built beside. */
const char *proc_bin(const char *name);

/* The folder, mode 755, made at the first call below ${TMPDIR:-/tmp}; no '/' at its end. */
const char *temp_dir(void);
/* A path in it; from malloc. */
char *temp_path(const char *name, ...) __attribute__((format(printf, 1, 2)));

/*
 * A port where nobody listens, never given twice, and kept from all others until the test
 * program ends: connecting to it is refused until somebody listens, and a store that restarts
 * finds it free. Whoever listens on it must have set SO_REUSEADDR, as servers do.
 */
int free_port(void);
/* Waits until 127.0.0.1:[port] accepts a connection. */
bool wait_port(int port, int ms);

/* Monotonic clock. */
long long now_ms(void);
/* For loops that wait for something which no descriptor tells: some two milliseconds. */
void tick(void);

#endif
