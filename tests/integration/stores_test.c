/* The harness itself: processes, ports, and real stores that stop, die and come back. */
#include "harness/proc.h"
#include "harness/stores.h"
#include "harness/tap.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool says(char *got, const char *want, const char *name)
{
	bool held = is_str(got, want, "%s", name);
	free(got);
	return held;
}

static bool holds(char *got, const char *part, const char *name)
{
	bool held = ok(strstr(got, part) != NULL, "%s", name);
	if (!held)
		diag("got %s", got);
	free(got);
	return held;
}

static struct proc *shell(const char *script)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	const char *env[] = {"GREETING=good day", NULL};
	return proc_start(&(struct proc_spec){.argv = argv, .env = env});
}

static void processes(void)
{
	setenv("SECRET_OF_OURS", "x", 1);
	struct proc *p = shell("echo \"$GREETING\" >&2; pwd; env | grep -c SECRET; exit 3");
	is_int(proc_wait(p, 60000), 3, "the exit status");
	is_int(proc_wait(p, 0), 3, "asked again");
	const char *log = proc_log(p);
	ok(strncmp(log, "good day\n", 9) == 0, "environment as given, stderr in the log");
	ok(strstr(log, temp_dir()) != NULL, "works in the temporary folder");
	ok(strstr(log, "\n0\n") != NULL, "nothing of our own environment");
	ok(!proc_wait_log(p, "good night", 60000), "waiting for words of the dead ends at once");
	proc_free(p);

	p = shell("trap 'echo bye; exit 0' TERM; echo here; while :; do sleep 0.01; done");
	ok(proc_wait_log(p, "here", 60000), "words of the living");
	is_int(proc_wait(p, 20), -1, "still runs");
	ok(proc_rss_kib(p) > 50, "has %ld KiB", proc_rss_kib(p));
	is_int(proc_stop(p, 60000), 0, "SIGTERM, orderly end");
	ok(strstr(proc_log(p), "bye") != NULL, "its last words");
	is_int(proc_rss_kib(p), -1, "no memory after its end");
	proc_free(p);

	p = shell("trap '' TERM; sleep 100 & echo $!; wait");
	ok(proc_wait_log(p, "\n", 60000), "has a child of its own");
	pid_t inner = (pid_t)strtol(proc_log(p), NULL, 10);
	is_int(proc_stop(p, 50), 128 + SIGKILL, "does not listen to SIGTERM: killed");
	ok(inner > 0 && proc_gone(inner), "its child as well");
	proc_free(p);

	const char *argv[] = {"no-such-program", NULL};
	p = proc_start(&(struct proc_spec){.argv = argv});
	is_int(proc_wait(p, 60000), 127, "no such program");
	ok(strstr(proc_log(p), "no-such-program") != NULL, "named in the log");
	proc_free(p);
}

static int bind_port(int family, int port, bool reuse)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	if (reuse)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	int rc = family == AF_INET ? bind(fd, (struct sockaddr *)&v4, sizeof v4)
				   : bind(fd, (struct sockaddr *)&v6, sizeof v6);
	if (rc == 0 && listen(fd, 1) == 0)
		return fd;
	close(fd);
	return -1;
}

static void ports(void)
{
	int a = free_port(), b = free_port();
	ok(a > 0 && b > 0 && a != b, "two ports, %d and %d", a, b);
	ok(!wait_port(a, 0), "nobody listens");
	ok(bind_port(AF_INET, a, false) < 0, "taken for a stranger");
	int fd = bind_port(AF_INET, a, true);
	ok(fd >= 0, "free for a server");
	ok(wait_port(a, 0), "which is found");
	close(fd);
	fd = bind_port(AF_INET, a, true);
	ok(fd >= 0, "and may come back");
	close(fd);
	fd = bind_port(AF_INET6, b, true);
	ok(fd >= 0 || errno == EAFNOSUPPORT, "free for a server on both families");
	close(fd);
}

/* Whatever a test dies of, what it started and its folder must go. */
static void crash(void)
{
	int ends[2];
	char text[512] = "";
	if (pipe(ends) != 0)
		bail("pipe: %s", strerror(errno));
	const char *argv[] = {"/proc/self/exe", "crash", NULL};
	pid_t pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		close(ends[0]);
		close(ends[1]);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	close(ends[1]);
	size_t n = 0;
	for (ssize_t got = 1; got > 0 && n<sizeof text - 1; n += got> 0 ? (size_t)got : 0)
		got = read(ends[0], text + n, sizeof text - 1 - n);
	close(ends[0]);
	int status = 0;
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a test killed itself");
	char *end = text;
	pid_t inner = (pid_t)strtol(text, &end, 10);
	pid_t deeper = (pid_t)strtol(end, &end, 10);
	ok(inner > 0 && proc_gone(inner), "its child is gone");
	ok(deeper > 0 && proc_gone(deeper), "the child's paused child is gone");
	end[strcspn(end + 1, "\n") + 1] = '\0';
	struct stat st;
	ok(end[1] == '/' && stat(end + 1, &st) != 0, "its folder is gone");
}

static int crash_main(void)
{
	struct proc *p = shell("setsid sleep 100 & echo $!; wait");
	if (!proc_wait_log(p, "\n", 60000))
		return 1;
	pid_t deeper = (pid_t)strtol(proc_log(p), NULL, 10);
	kill(deeper, SIGSTOP);
	dprintf(1, "%d %d %s\n", (int)proc_pid(p), (int)deeper, temp_dir());
	raise(SIGKILL);
	return 1;
}

static void redis(void)
{
	struct store *s = store_redis((const char *const[]){"--maxmemory", "50mb", NULL});
	says(store_redis_cli(s, "SET", "k", "a \"b\"", NULL), "OK", "redis takes a value");
	says(store_redis_cli(s, "CONFIG", "GET", "maxmemory", NULL), "maxmemory\n52428800",
	     "an argument of our own");
	const char *argv[] = {"redis-cli", "-p", store_port_text(s), "GET", "k", NULL};
	holds(proc_run(&(struct proc_spec){.argv = argv}, 5000, NULL), "NOAUTH",
	      "redis without password refused");
	store_restart(s);
	says(store_redis_cli(s, "GET", "k", NULL), "a \"b\"",
	     "redis restarted, same port and data");
	says(store_redis_cli(s, "SET", "k", "2", NULL), "OK", "another value");
	store_kill(s);
	ok(!wait_port(store_port(s), 0), "redis killed, nobody listens");
	store_start(s);
	says(store_redis_cli(s, "GET", "k", NULL), "2", "redis started again, value kept");
	says(store_redis_cli(s, "EVAL", "return {1,'x'}", "0", NULL), "1\nx", "an array");
	store_pause(s);
	ok(wait_port(store_port(s), 0), "redis paused, connections wait");
	store_resume(s);
	says(store_redis_cli(s, "PING", NULL), "PONG", "redis resumed");
}

static void postgres(void)
{
	struct store *s = store_postgres((const char *const[]){"-c", "max_connections=17", NULL});
	const char *bad = "password authentication failed";
	says(store_psql(s, "CREATE TABLE t (n INT, s TEXT)"), "", "postgres takes a table");
	says(store_psql(s, "INSERT INTO t VALUES (1, 'a'), (2, NULL)"), "", "and rows");
	says(store_psql(s, "SELECT * FROM t ORDER BY n"), "1|a\n2|", "rows come back");
	says(store_psql(s, "SHOW max_connections"), "17", "an argument of our own");
	says(store_psql(s, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"), "f",
	     "app is no superuser");
	holds(store_psql(s, "SELECT nonsense"), "ERROR", "an error is told");
	says(store_psql_as(s, "postgres", store_password(s),
			   "SELECT rolpassword ~ '^SCRAM-SHA-256' FROM pg_authid"
			   " WHERE rolname = 'app'"),
	     "t", "the password is kept for SCRAM");
	holds(store_psql_as(s, "app", "wrong", "SELECT 1"), bad, "a wrong password refused");
	holds(store_psql_as(s, "nobody", store_password(s), "SELECT 1"), bad, "a wrong user too");
	store_restart(s);
	says(store_psql(s, "SELECT count(*) FROM t"), "2", "postgres restarted, rows kept");
	says(store_psql(s, "INSERT INTO t VALUES (3, 'c')"), "", "one row more");
	store_kill(s);
	ok(!wait_port(store_port(s), 0), "postgres killed, nobody listens");
	store_start(s);
	says(store_psql(s, "SELECT count(*) FROM t"), "3", "postgres started again, row kept");
	store_pause(s);
	ok(wait_port(store_port(s), 0), "postgres paused, connections wait");
	/* Killed while it sleeps, and while a client waits for it. */
	store_kill(s);
	store_start(s);
	says(store_psql(s, "SELECT count(*) FROM t"), "3", "and once more");
	store_pause(s);
	store_stop(s);
	ok(!wait_port(store_port(s), 0), "postgres stopped out of its sleep");
	store_start(s);
}

static void environment(void)
{
	static const char *const a[] = {"A=1", "B=2", NULL};
	static const char *const b[] = {"C=3", NULL};
	const char **all = env_join(a, NULL, b);
	ok(strcmp(all[0], "A=1") == 0 && strcmp(all[2], "C=3") == 0 && all[3] == NULL,
	   "environments joined");
	free(all);
	all = env_join(NULL, NULL, NULL);
	ok(all[0] == NULL, "nothing joined");
	free(all);
	holds(strdup(proc_bin("api")), "/api", "where the services are");
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "crash") == 0)
		return crash_main();
	processes();
	ports();
	crash();
	environment();
	redis();
	postgres();
	return done();
}
