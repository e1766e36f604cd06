/*
 * make bench-http: what a request costs in our HTTP server and in nginx, as a table in Markdown.
 *
 * The server has core 0 to itself and wrk core 1, over loopback. Each scenario is measured for
 * all servers in turn, ROUNDS times (3) for T seconds (2), and the middle of the rounds is
 * told. wrk is the slower of the two, so the requests per second say little: the figure to compare
 * is the processor time of the server, user and system, per request.
 */
#include "harness/proc.h"
#include "harness/proc_temp.h"
#include "harness/tap.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define ROUNDS_MAX 100
#define IDLE_MAX 10000
#define PIDS_MAX 4
#define KIB 1024

enum { OURS, TUNED, PLAIN, SERVERS };

static struct server {
	const char *name;
	struct proc *proc;
	int port;
	pid_t pids[PIDS_MAX]; /* all that work for it; the last takes the requests */
	size_t pid_count;
	pid_t idle; /* the process that holds idle connections */
} servers[SERVERS] = {{.name = "barnacle"}, {.name = "nginx, tuned"}, {.name = "nginx"}};

static const struct scenario {
	const char *name, *path;
	const char *option, *value; /* of wrk */
	bool idle;                  /* beside thousands of connections that are silent */
} scenarios[] = {
	{"1 KiB file", "/1k", NULL, NULL, false},
	{"100 KiB file", "/100k", NULL, NULL, false},
	{"text from a handler", "/plaintext", NULL, NULL, false},
	{"the same, 16 pipelined", "/plaintext", "-s", "pipeline.lua", false},
	{"connection per request", "/1k", "-H", "Connection: close", false},
	{"1 KiB beside 10,000 idle", "/1k", NULL, NULL, true},
};

static const char pipeline[] = "local r = {}\n"
			       "init = function()\n"
			       "  for i = 1, 16 do r[i] = wrk.format('GET') end\n"
			       "  r = table.concat(r)\n"
			       "end\n"
			       "request = function() return r end\n";

/* Plain: what Debian's package has. Tuned: what helps here. One worker, for we are one. */
static const char nginx_conf[] =
	"daemon off; worker_processes 1; worker_rlimit_nofile 20000;\n"
	"pid nginx%d.pid; error_log stderr;\n"
	"events { worker_connections 20000; }\n"
	"http {\n"
	"  access_log off; sendfile on; default_type text/plain;\n"
	"  keepalive_requests 1000000000; keepalive_timeout 1h;\n"
	"  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n"
	"  uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n"
	"  %s\n"
	"  server {\n"
	"    listen 127.0.0.1:%d %s; root .;\n"
	"    location = /plaintext { return 200 'Hello, World!'; }\n"
	"  }\n"
	"}\n";
static const char plain_http[] = "tcp_nopush on;", plain_listen[] = "";
static const char tuned_http[] = "tcp_nodelay on; open_file_cache max=100 inactive=1h;"
				 " open_file_cache_valid 1h;",
		  tuned_listen[] = "reuseport deferred backlog=4096";

static int rounds = 3;
static const char *seconds = "2";

/* Files for nginx and wrk. */

static FILE *create(const char *name)
{
	char *path = temp_path("%s", name);
	FILE *f = fopen(path, "we");
	if (f == NULL)
		bail("%s cannot be written", path);
	free(path);
	return f;
}

static void make_file(const char *name, int kib)
{
	FILE *f = create(name);
	for (int i = 0; i < kib * KIB; i++)
		putc('x', f);
	fclose(f);
}

static void make_files(void)
{
	chmod(temp_dir(), 0755); /* nginx's worker is another user when we are root */
	make_file("1k", 1);
	make_file("100k", 100);
	FILE *f = create("pipeline.lua");
	fputs(pipeline, f);
	fclose(f);
	f = create("tuned.conf");
	fprintf(f, nginx_conf, TUNED, tuned_http, servers[TUNED].port, tuned_listen);
	fclose(f);
	f = create("plain.conf");
	fprintf(f, nginx_conf, PLAIN, plain_http, servers[PLAIN].port, plain_listen);
	fclose(f);
}

/* Servers. */

/* It is ready when it listens and its [children] have begun. */
static void start(struct server *s, const char *const *argv, size_t children)
{
	size_t n;
	pid_t *tree;
	s->proc = proc_start(&(struct proc_spec){.argv = argv});
	if (!wait_port(s->port, 20000))
		bail("%s does not listen: %s", s->name, proc_log(s->proc));
	for (tree = proc_tree(proc_pid(s->proc), &n); n < children && proc_running(s->proc);) {
		tick();
		free(tree);
		tree = proc_tree(proc_pid(s->proc), &n);
	}
	s->pids[0] = proc_pid(s->proc);
	for (s->pid_count = 1; s->pid_count <= n && s->pid_count < PIDS_MAX; s->pid_count++)
		s->pids[s->pid_count] = tree[s->pid_count - 1];
	free(tree);
}

static void start_nginx(struct server *s, const char *conf)
{
	char *prefix = temp_path("/");
	start(s, (const char *[]){"taskset", "-c", "0", "nginx", "-p", prefix, "-c", conf, NULL},
	      1);
	free(prefix);
}

static void start_all(void)
{
	char port[16];
	snprintf(port, sizeof port, "%d", servers[OURS].port);
	start(&servers[OURS],
	      (const char *[]){"taskset", "-c", "0", proc_bin("tests/bench/server"), port, NULL},
	      0);
	start_nginx(&servers[TUNED], "tuned.conf");
	start_nginx(&servers[PLAIN], "plain.conf");
}

/* Processor time in ns, the first number of schedstat. */
static double cpu_ns(const struct server *s)
{
	double sum = 0, ns;
	for (size_t i = 0; i < s->pid_count; i++) {
		char path[64];
		snprintf(path, sizeof path, "/proc/%d/schedstat", (int)s->pids[i]);
		FILE *f = fopen(path, "re");
		if (f == NULL || fscanf(f, "%lf", &ns) != 1)
			bail("%s: %s is gone, or this kernel has no schedstat", s->name, path);
		fclose(f);
		sum += ns;
	}
	return sum;
}

/* The sum of a field of smaps_rollup, in KiB. */
static double memory_kib(const struct server *s, const char *field)
{
	double sum = 0;
	for (size_t i = 0; i < s->pid_count; i++) {
		char path[64], line[256];
		snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)s->pids[i]);
		FILE *f = fopen(path, "re");
		while (f != NULL && fgets(line, sizeof line, f) != NULL)
			if (strncmp(line, field, strlen(field)) == 0)
				sum += strtod(line + strlen(field), NULL);
		if (f != NULL)
			fclose(f);
	}
	return sum;
}

/* Load. */

/* Runs wrk; how many requests it had answered. */
static double load(const struct server *s, const struct scenario *what, const char *time)
{
	char url[64];
	snprintf(url, sizeof url, "http://127.0.0.1:%d%s", s->port, what->path);
	const char *argv[] = {"taskset", "-c", "1",  "wrk", "-t",         "1",         "-c",
			      "64",      "-d", time, url,   what->option, what->value, NULL};
	char *said = proc_run(&(struct proc_spec){.argv = argv}, 600000, NULL);
	const char *total = strstr(said, " requests in ");
	while (total != NULL && total > said && total[-1] != ' ')
		total--;
	double n = total == NULL ? 0 : strtod(total, NULL);
	if (n <= 0 || strstr(said, "Non-2xx") != NULL)
		bail("%s, %s: %s", s->name, what->name, said);
	free(said);
	return n;
}

/* System calls per request, counted in a run of its own because strace makes each one slow. */
static double calls(const struct server *s, const struct scenario *what)
{
	char pid[16], *path = temp_path("strace"), line[256];
	snprintf(pid, sizeof pid, "%d", (int)s->pids[s->pid_count - 1]);
	const char *argv[] = {"strace", "-c", "-U", "name,calls", "-o", path, "-p", pid, NULL};
	struct proc *strace = proc_start(&(struct proc_spec){.argv = argv, .stop_signal = SIGINT});
	if (!proc_wait_log(strace, "attached", 5000))
		bail("strace: %s", proc_log(strace));
	double n = load(s, what, "1"), sum = 0, count;
	proc_stop(strace, 5000);
	proc_free(strace);
	FILE *f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (sscanf(line, "total %lf", &count) == 1)
			sum = count;
	if (f != NULL)
		fclose(f);
	free(path);
	return sum / n;
}

/* Connections that have had an answer and are silent since. */

static int open_idle(const struct server *s)
{
	static const char request[] = "GET /1k HTTP/1.1\r\nHost: t\r\n\r\n";
	char answer[2 * KIB];
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)s->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0 ||
	    send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0)
		bail("%s: no connection for an idle client", s->name);
	/* Head and body may come apart. */
	for (ssize_t got = 0; got < KIB + 100;) {
		ssize_t n = recv(fd, answer, sizeof answer, 0);
		if (n <= 0)
			bail("%s: no answer for an idle client", s->name);
		got += n;
	}
	return fd;
}

/* Opens [n] in a process of its own, as it has a limit on files of its own. */
static void hold_idle(struct server *s, size_t n)
{
	int ends[2];
	char byte = 0;
	fflush(stdout);
	if (pipe(ends) != 0 || (s->idle = fork()) < 0)
		bail("no process for the idle clients");
	if (s->idle == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (size_t i = 0; i < n; i++)
			open_idle(s);
		if (write(ends[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		bail("%s: the idle clients are gone", s->name);
	close(ends[0]);
}

static void close_idle(struct server *s)
{
	if (s->idle > 0) {
		kill(s->idle, SIGKILL);
		waitpid(s->idle, NULL, 0);
	}
	s->idle = 0;
}

/* As many as the limit on open files allows. */
static size_t idle_wanted(void)
{
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	rlim_t most = files.rlim_max - 200; /* the server has others as well */
	return most < IDLE_MAX ? (size_t)most : IDLE_MAX;
}

/* The table. */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, (size_t)rounds, sizeof *values, by_size);
	return values[rounds / 2];
}

/* One line of the table for each server. */
static void measure(const struct scenario *what)
{
	static double rate[SERVERS][ROUNDS_MAX], us[SERVERS][ROUNDS_MAX], ratio[ROUNDS_MAX];
	double bytes[SERVERS] = {0};
	size_t idle = what->idle ? idle_wanted() : 0;
	for (int i = 0; i < SERVERS && what->idle; i++) {
		double before = memory_kib(&servers[i], "Anonymous:");
		hold_idle(&servers[i], idle);
		bytes[i] = (memory_kib(&servers[i], "Anonymous:") - before) * KIB / (double)idle;
	}
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < SERVERS; i++) {
			double before = cpu_ns(&servers[i]);
			double n = load(&servers[i], what, seconds);
			us[i][round] = (cpu_ns(&servers[i]) - before) / 1e3 / n;
			rate[i][round] = n / strtod(seconds, NULL);
		}
	for (int i = SERVERS - 1; i >= 0; i--) {
		for (int round = 0; round < rounds; round++)
			ratio[round] = us[i][round] / us[OURS][round];
		printf("| %s | %s | %.0f | %.2f | %.1f | %.0f | ", what->name, servers[i].name,
		       median(rate[i]), median(us[i]), calls(&servers[i], what),
		       memory_kib(&servers[i], "Rss:"));
		printf(i == OURS ? "|\n" : "%.2f |\n", median(ratio));
	}
	fflush(stdout);
	for (int i = 0; i < SERVERS; i++)
		close_idle(&servers[i]);
	if (what->idle)
		printf("\nUser memory of one of %zu idle connections, bytes: nginx %.0f, "
		       "barnacle %.0f.\n",
		       idle, bytes[TUNED], bytes[OURS]);
}

/* Instructions of our server from its start to its end, the kernel's not among them. */
static double run_counted(const struct scenario *what, double *requests)
{
	struct server counted = {.name = "callgrind", .port = free_port()};
	char port[16], option[512], line[256], *path = temp_path("callgrind");
	snprintf(port, sizeof port, "%d", counted.port);
	snprintf(option, sizeof option, "--callgrind-out-file=%s", path);
	start(&counted,
	      (const char *[]){"valgrind", "--tool=callgrind", option,
			       proc_bin("tests/bench/server"), port, NULL},
	      0);
	*requests = what == NULL ? 0 : load(&counted, what, "1");
	proc_stop(counted.proc, 10000);
	double sum = 0;
	FILE *f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "totals:", 7) == 0)
			sum = strtod(line + 7, NULL);
	if (f != NULL)
		fclose(f);
	free(path);
	return sum;
}

static void count_instructions(const struct scenario *what)
{
	double n, start_and_end = run_counted(NULL, &n), all = run_counted(what, &n);
	printf("User instructions for a request of the %s: %.0f. (callgrind counts each step of a "
	       "string instruction.)\n",
	       what->name, (all - start_and_end) / n);
}

/* It matters: with bbr, which paces, a large answer costs a fifth more. */
static void tell_congestion(void)
{
	char name[32] = "unknown";
	FILE *f = fopen("/proc/sys/net/ipv4/tcp_congestion_control", "re");
	if (f != NULL && fscanf(f, "%31s", name) == 1)
		printf("TCP congestion control here: %s.\n", name);
	if (f != NULL)
		fclose(f);
}

static void read_settings(void)
{
	const char *t = getenv("T"), *r = getenv("ROUNDS");
	if (t != NULL)
		seconds = t;
	if (r != NULL)
		rounds = (int)strtol(r, NULL, 10);
	if (strtod(seconds, NULL) < 1 || rounds < 1 || rounds > ROUNDS_MAX)
		bail("T is a number of seconds, ROUNDS one from 1 to %d", ROUNDS_MAX);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		bail("this needs two processors: one for the server, one for wrk");
}

int main(void)
{
	read_settings();
	idle_wanted();
	for (int i = 0; i < SERVERS; i++)
		servers[i].port = free_port();
	make_files();
	start_all();
	printf("| scenario | server | requests/s | CPU us/request | system calls/request | "
	       "resident KiB | CPU, its / ours |\n|---|---|--:|--:|--:|--:|--:|\n");
	for (size_t i = 0; i < COUNT(scenarios); i++)
		measure(&scenarios[i]);
	count_instructions(&scenarios[0]);
	tell_congestion();
	return 0;
}
