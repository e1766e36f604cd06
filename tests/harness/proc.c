#include "harness/proc.h"

#include "harness/proc_temp.h"
#include "harness/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct proc {
	struct proc *next; /* started before this one */
	pid_t pid;
	int stop_signal;
	int status; /* as proc_wait returns it; -1 while it runs */
	bool paused;
	char *log_path;
	char *log;
};

static struct proc *procs; /* the newest first: services end before the stores they need */

static pid_t owner; /* a child that a test forked itself must not end them */

static void end_all(void)
{
	if (getpid() != owner)
		return;
	for (struct proc *p = procs; p != NULL; p = p->next)
		if (p->stop_signal != 0)
			proc_stop(p, 3000);
		else
			proc_kill(p);
	while (procs != NULL)
		proc_free(procs);
	temp_close();
}

static size_t count(const char *const *list)
{
	size_t n = 0;
	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

static char **with_path(const char *const *env, char *path)
{
	size_t n = count(env);
	char **all = need(calloc(n + 2, sizeof *all));
	for (size_t i = 0; i < n; i++)
		all[i] = (char *)(uintptr_t)env[i];
	all[n] = path;
	return all;
}

static _Noreturn void child_fail(const char *what, const char *which)
{
	dprintf(STDERR_FILENO, "%s %s: %s\n", what, which, strerror(errno));
	_exit(127);
}

static void become(uid_t uid, gid_t gid)
{
	if (uid == 0)
		return;
	if (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(uid) != 0)
		child_fail("cannot become", "the other user");
}

static _Noreturn void child(const struct proc_spec *spec, char **env, int log, pid_t parent)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	int null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(127);
	become(spec->uid, spec->gid);
	/* After the change of user, which would clear it (prctl(2)). */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	const char *cwd = spec->cwd != NULL ? spec->cwd : temp_dir();
	if (chdir(cwd) != 0)
		child_fail("chdir", cwd);
	execvpe(spec->argv[0], (char *const *)(uintptr_t)spec->argv, env);
	child_fail("exec", spec->argv[0]);
}

struct proc *proc_start(const struct proc_spec *spec)
{
	static int serial;
	temp_dir();
	if (serial == 0) {
		owner = getpid();
		/* Orphans come to us: the first process of a container often collects none. */
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		atexit(end_all);
	}
	const char *slash = strrchr(spec->argv[0], '/');
	struct proc *p = need(calloc(1, sizeof *p));
	p->log_path = temp_path("%03d-%s.log", ++serial, slash ? slash + 1 : spec->argv[0]);
	p->stop_signal = spec->stop_signal;
	p->status = -1;
	int log = open(p->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log < 0)
		bail("%s: %s", p->log_path, strerror(errno));
	char *path = NULL;
	if (asprintf(&path, "PATH=%s", getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin") < 0)
		bail("out of memory");
	char **env = with_path(spec->env, path);
	pid_t parent = getpid();
	fflush(stdout);
	p->pid = fork();
	if (p->pid == 0)
		child(spec, env, log, parent);
	if (p->pid < 0)
		bail("fork: %s", strerror(errno));
	close(log);
	free(env);
	free(path);
	p->next = procs;
	procs = p;
	return p;
}

void proc_free(struct proc *p)
{
	proc_kill(p);
	for (struct proc **at = &procs; *at != NULL; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			break;
		}
	unlink(p->log_path);
	free(p->log_path);
	free(p->log);
	free(p);
}

pid_t proc_pid(const struct proc *p)
{
	return p->pid;
}

bool proc_running(struct proc *p)
{
	return proc_wait(p, 0) < 0;
}

int proc_wait(struct proc *p, int ms)
{
	long long end = now_ms() + ms;
	while (p->status < 0) {
		int raw = 0;
		pid_t got = waitpid(p->pid, &raw, WNOHANG);
		if (got == p->pid)
			p->status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
		else if (got < 0 && errno != EINTR)
			bail("waitpid %d: %s", (int)p->pid, strerror(errno));
		else if (now_ms() >= end)
			break;
		else
			tick();
	}
	return p->status;
}

static void note(struct proc *p, int sig)
{
	if (sig == SIGSTOP || sig == SIGCONT)
		p->paused = sig == SIGSTOP;
}

void proc_signal(struct proc *p, int sig)
{
	note(p, sig);
	/* Only while it is not reaped: afterwards the number may belong to somebody else. */
	if (p->status < 0)
		kill(p->pid, sig);
}

void proc_signal_tree(struct proc *p, int sig)
{
	if (p->status >= 0)
		return;
	note(p, sig);
	size_t n;
	pid_t *tree = proc_tree(p->pid, &n);
	kill(p->pid, sig);
	for (size_t i = 0; i < n; i++)
		kill(tree[i], sig);
	free(tree);
}

void proc_kill(struct proc *p)
{
	if (p->status >= 0)
		return;
	/* Stopped first, so that it has no new child while we look. */
	kill(p->pid, SIGSTOP);
	size_t n;
	pid_t *tree = proc_tree(p->pid, &n);
	kill(p->pid, SIGKILL);
	for (size_t i = 0; i < n; i++)
		kill(tree[i], SIGKILL);
	if (proc_wait(p, 60000) < 0)
		bail("process %d survives SIGKILL", (int)p->pid);
	long long end = now_ms() + 60000;
	for (size_t i = 0; i < n; i++)
		while (waitpid(tree[i], NULL, WNOHANG) != tree[i] && !proc_gone(tree[i]) &&
		       now_ms() < end)
			tick();
	free(tree);
}

int proc_stop(struct proc *p, int ms)
{
	proc_signal(p, p->stop_signal != 0 ? p->stop_signal : SIGTERM);
	/* Not to a running one: it disturbs the leak check at the end of a sanitized program. */
	if (p->paused)
		proc_signal_tree(p, SIGCONT);
	if (proc_wait(p, ms) < 0)
		proc_kill(p);
	return p->status;
}

/* All of a file that may still grow, NUL-terminated, from malloc. */
static char *slurp(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bail("%s: %s", path, strerror(errno));
	size_t n = 0, room = 4096;
	char *text = need(malloc(room));
	for (;;) {
		ssize_t got = read(fd, text + n, room - n - 1);
		if (got <= 0)
			break;
		n += (size_t)got;
		if (room - n < 2)
			text = need(realloc(text, room *= 2));
	}
	close(fd);
	text[n] = '\0';
	return text;
}

const char *proc_log(struct proc *p)
{
	free(p->log);
	p->log = slurp(p->log_path);
	return p->log;
}

bool proc_wait_log(struct proc *p, const char *needle, int ms)
{
	long long end = now_ms() + ms;
	for (;;) {
		/* Asked before reading, so that the last words of a child count. */
		bool last = !proc_running(p) || now_ms() >= end;
		if (strstr(proc_log(p), needle) != NULL)
			return true;
		if (last)
			return false;
		tick();
	}
}

long proc_rss_kib(const struct proc *p)
{
	/* Not VmRSS of status: that one lags behind by some pages per processor. */
	char path[64], line[256];
	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)p->pid);
	FILE *f = p->status < 0 ? fopen(path, "re") : NULL;
	if (f == NULL)
		return -1;
	long kib = -1;
	while (kib < 0 && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "Rss:", 4) == 0)
			kib = strtol(line + 4, NULL, 10);
	fclose(f);
	return kib;
}

char *proc_run(const struct proc_spec *spec, int ms, int *status)
{
	struct proc *p = proc_start(spec);
	if (proc_wait(p, ms) < 0)
		proc_kill(p);
	if (status != NULL)
		*status = p->status;
	char *text = slurp(p->log_path);
	size_t n = strlen(text);
	if (n > 0 && text[n - 1] == '\n')
		text[n - 1] = '\0';
	proc_free(p);
	return text;
}

const char *proc_bin(const char *name)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	if (n < 0)
		bail("/proc/self/exe: %s", strerror(errno));
	path[n] = '\0';
	/* build/WHICH/tests/KIND/PROGRAM: the services lie three folders above. */
	for (int up = 0; up < 3; up++) {
		char *slash = strrchr(path, '/');
		if (slash == NULL)
			bail("test programs run from build/*/tests/*/");
		*slash = '\0';
	}
	size_t dir = strlen(path);
	snprintf(path + dir, sizeof path - dir, "/%s", name);
	return path;
}

long long now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void tick(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}
