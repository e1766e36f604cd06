/*
 * make bench-http: what a request costs in our HTTP server and in nginx, as a table in Markdown.
 *
 * The server has core 0 to itself and wrk core 1, over loopback. Each scenario is measured for
 * both servers in turn, ROUNDS times (3) for T seconds (2), and the middle of the rounds is
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
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define ROUNDS_MAX 100
#define IDLE_MAX 10000
#define PIDS_MAX 4
#define KIB 1024

enum { NGINX, OURS, SERVERS };

static struct server {
	const char *name;
	struct proc *proc;
	int port;
	pid_t pids[PIDS_MAX]; /* all that work for it; the last takes the requests */
	size_t pid_count;
	int idle[IDLE_MAX];
	size_t idle_count;
} servers[SERVERS] = {{.name = "nginx"}, {.name = "barnacle"}};

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

/* As its documentation and its users tune it for this work; one worker, since we are one. */
static const char nginx_conf[] =
	"daemon off; worker_processes 1; worker_rlimit_nofile 20000;\n"
	"pid nginx.pid; error_log stderr;\n"
	"events { worker_connections 20000; }\n"
	"http {\n"
	"  access_log off; sendfile on; tcp_nodelay on; etag on; default_type text/plain;\n"
	"  open_file_cache max=100 inactive=1h; open_file_cache_valid 1h;\n"
	"  keepalive_requests 1000000000; keepalive_timeout 1h;\n"
	"  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n"
	"  uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n"
	"  server {\n"
	"    listen 127.0.0.1:%d reuseport deferred backlog=4096; root .;\n"
	"    location = /plaintext { return 200 'Hello, World!'; }\n"
	"  }\n"
	"}\n";

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
	f = create("nginx.conf");
	fprintf(f, nginx_conf, servers[NGINX].port);
	fclose(f);
}

/* Servers. */

static void start(struct server *s, const char *const *argv)
{
	s->proc = proc_start(&(struct proc_spec){.argv = argv});
	if (!wait_port(s->port, 5000))
		bail("%s does not listen: %s", s->name, proc_log(s->proc));
	size_t n;
	pid_t *tree = proc_tree(proc_pid(s->proc), &n);
	s->pids[0] = proc_pid(s->proc);
	for (s->pid_count = 1; s->pid_count <= n && s->pid_count < PIDS_MAX; s->pid_count++)
		s->pids[s->pid_count] = tree[s->pid_count - 1];
	free(tree);
}

static void start_both(void)
{
	static char port[16], prefix[512];
	snprintf(port, sizeof port, "%d", servers[OURS].port);
	snprintf(prefix, sizeof prefix, "%s/", temp_dir());
	start(&servers[OURS],
	      (const char *[]){"taskset", "-c", "0", proc_bin("tests/bench/server"), port, NULL});
	start(&servers[NGINX], (const char *[]){"taskset", "-c", "0", "nginx", "-p", prefix, "-c",
						"nginx.conf", NULL});
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

/* Opens them; bytes of memory that the server took for each. */
static double hold_idle(struct server *s, size_t n)
{
	double before = memory_kib(s, "Anonymous:");
	while (s->idle_count < n)
		s->idle[s->idle_count++] = open_idle(s);
	return (memory_kib(s, "Anonymous:") - before) * KIB / (double)n;
}

static void close_idle(struct server *s)
{
	while (s->idle_count > 0)
		close(s->idle[--s->idle_count]);
}

/* As many as the limit on open files allows; root may raise it. */
static size_t idle_wanted(void)
{
	const rlim_t want = SERVERS * IDLE_MAX + 100;
	struct rlimit files = {.rlim_cur = want, .rlim_max = want};
	if (setrlimit(RLIMIT_NOFILE, &files) == 0)
		return IDLE_MAX;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	return files.rlim_max >= want ? IDLE_MAX : (size_t)(files.rlim_max - 100) / SERVERS;
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

static void measure(const struct scenario *what)
{
	static double rate[SERVERS][ROUNDS_MAX], us[SERVERS][ROUNDS_MAX], ratio[ROUNDS_MAX];
	double bytes[SERVERS] = {0}, count[SERVERS];
	size_t idle = what->idle ? idle_wanted() : 0;
	for (int i = 0; i < SERVERS && what->idle; i++)
		bytes[i] = hold_idle(&servers[i], idle);
	for (int round = 0; round < rounds; round++) {
		for (int i = 0; i < SERVERS; i++) {
			double before = cpu_ns(&servers[i]);
			double n = load(&servers[i], what, seconds);
			us[i][round] = (cpu_ns(&servers[i]) - before) / 1e3 / n;
			rate[i][round] = n / strtod(seconds, NULL);
		}
		ratio[round] = us[NGINX][round] / us[OURS][round];
	}
	for (int i = 0; i < SERVERS; i++)
		count[i] = calls(&servers[i], what);
	printf("| %s | %.0f | %.0f | %.2f | %.2f | %.1f | %.1f | %.2f |\n", what->name,
	       median(rate[NGINX]), median(rate[OURS]), median(us[NGINX]), median(us[OURS]),
	       count[NGINX], count[OURS], median(ratio));
	if (what->idle)
		printf("\nMemory of one of %zu idle connections, bytes: nginx %.0f, barnacle "
		       "%.0f\n",
		       idle, bytes[NGINX], bytes[OURS]);
	for (int i = 0; i < SERVERS; i++)
		close_idle(&servers[i]);
	fflush(stdout);
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
	start_both();
	printf("Resident KiB before the first request: nginx %.0f, barnacle %.0f\n\n",
	       memory_kib(&servers[NGINX], "Pss:"), memory_kib(&servers[OURS], "Pss:"));
	printf("| scenario | requests/s, nginx | barnacle | CPU us/request, nginx | barnacle | "
	       "system calls/request, nginx | barnacle | CPU, nginx / barnacle |\n"
	       "|---|--:|--:|--:|--:|--:|--:|--:|\n");
	for (size_t i = 0; i < COUNT(scenarios); i++)
		measure(&scenarios[i]);
	printf("Resident KiB after it all: nginx %.0f, barnacle %.0f\n",
	       memory_kib(&servers[NGINX], "Pss:"), memory_kib(&servers[OURS], "Pss:"));
	return 0;
}
