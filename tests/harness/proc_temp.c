#include "harness/proc_temp.h"

#include "harness/proc.h"
#include "harness/tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[256]; /* empty: not made yet */
static int leash = -1;
static pid_t guard, owner;

void *need(void *memory)
{
	if (memory == NULL)
		bail("out of memory");
	return memory;
}

/* The pid a folder of /proc stands for, or 0. */
static pid_t entry_pid(const struct dirent *e)
{
	char *end;
	long pid = strtol(e->d_name, &end, 10);
	return *end == '\0' && pid > 0 ? (pid_t)pid : 0;
}

/* State letter and parent; false when there is no such process. */
static bool stat_of(pid_t pid, char *state, pid_t *parent)
{
	char path[64], text[512];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	/* The name before it is the process's own choice and may hold blanks and ')'. */
	char *at = strrchr(text, ')');
	if (at == NULL || at[1] == '\0' || at[2] == '\0')
		return false;
	*state = at[2];
	*parent = (pid_t)strtol(at + 3, NULL, 10);
	return true;
}

bool proc_gone(pid_t pid)
{
	char state;
	pid_t parent;
	return !stat_of(pid, &state, &parent) || state == 'Z' || state == 'X';
}

struct pair {
	pid_t pid, parent;
};

static struct pair *snapshot(size_t *n)
{
	size_t room = 256;
	struct pair *all = need(malloc(room * sizeof *all));
	DIR *d = need(opendir("/proc"));
	char state;
	*n = 0;
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		struct pair one = {.pid = entry_pid(e)};
		if (one.pid == 0 || !stat_of(one.pid, &state, &one.parent))
			continue;
		if (*n == room)
			all = need(realloc(all, (room *= 2) * sizeof *all));
		all[(*n)++] = one;
	}
	closedir(d);
	return all;
}

pid_t *proc_tree(pid_t root, size_t *n)
{
	size_t total;
	struct pair *all = snapshot(&total);
	pid_t *tree = need(malloc((total + 1) * sizeof *tree));
	tree[0] = root;
	size_t found = 1;
	for (size_t next = 0; next < found; next++)
		for (size_t i = 0; i < total; i++)
			if (all[i].parent == tree[next] && found <= total)
				tree[found++] = all[i].pid;
	free(all);
	memmove(tree, tree + 1, (found - 1) * sizeof *tree);
	*n = found - 1;
	return tree;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	remove(path);
	return 0;
}

/* SIGKILL for every process that works inside of the folder; how many there were. */
static int kill_inside(void)
{
	int n = 0;
	DIR *d = opendir("/proc");
	if (d == NULL)
		return 0;
	for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
		char path[64], cwd[4096];
		pid_t pid = entry_pid(e);
		if (pid == 0 || pid == getpid() || proc_gone(pid))
			continue;
		snprintf(path, sizeof path, "/proc/%d/cwd", (int)pid);
		ssize_t got = readlink(path, cwd, sizeof cwd - 1);
		if (got < (ssize_t)strlen(dir))
			continue;
		cwd[got] = '\0';
		char after = cwd[strlen(dir)];
		if (strncmp(cwd, dir, strlen(dir)) != 0 || (after != '\0' && after != '/'))
			continue;
		kill(pid, SIGKILL);
		n++;
	}
	closedir(d);
	return n;
}

/*
 * Keeps stdout open until the folder is gone, so that whoever waits for the end of the test's
 * output (prove) also waits for that.
 */
static _Noreturn void guard_main(int end)
{
	char c;
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_NAME, "test-guard");
	while (read(end, &c, 1) < 0 && errno == EINTR)
		;
	long long until = now_ms() + 10000;
	while (kill_inside() > 0 && now_ms() < until)
		tick();
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	_exit(0);
}

static void start_guard(void)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		bail("pipe: %s", strerror(errno));
	fflush(stdout);
	owner = getpid();
	guard = fork();
	if (guard < 0)
		bail("fork: %s", strerror(errno));
	if (guard == 0) {
		close(ends[1]);
		guard_main(ends[0]);
	}
	close(ends[0]);
	leash = ends[1];
}

const char *temp_dir(void)
{
	if (dir[0] != '\0')
		return dir;
	const char *base = getenv("TMPDIR");
	int n = snprintf(dir, sizeof dir, "%s/barnacle-test-XXXXXX",
			 base != NULL && base[0] == '/' ? base : "/tmp");
	if (n < 0 || (size_t)n >= sizeof dir || mkdtemp(dir) == NULL)
		bail("no temporary folder %s: %s", dir, strerror(errno));
	/* PostgreSQL runs as another user when we are root. */
	if (chmod(dir, 0755) != 0)
		bail("chmod %s: %s", dir, strerror(errno));
	/* As /proc will name it. */
	char *real = need(realpath(dir, NULL));
	snprintf(dir, sizeof dir, "%s", real);
	free(real);
	start_guard();
	atexit(temp_close);
	return dir;
}

void temp_close(void)
{
	/* A child that a test forked itself must not take the folder away. */
	if (leash < 0 || getpid() != owner)
		return;
	close(leash);
	leash = -1;
	waitpid(guard, NULL, 0);
}

char *temp_path(const char *name, ...)
{
	char *tail = NULL, *path = NULL;
	va_list args;
	va_start(args, name);
	int n = vasprintf(&tail, name, args);
	va_end(args);
	if (n < 0 || asprintf(&path, "%s/%s", temp_dir(), tail) < 0)
		bail("out of memory");
	free(tail);
	return path;
}
