/*
 * make bench-http: what a request costs in our HTTP server and in nginx, as a table in Markdown.
 *
 * The server has core 0 to itself and wrk core 1, over loopback. Each scenario is measured for
 * all servers in turn, ROUNDS times (3) for T seconds (2), and the middle of the rounds is
 * told. wrk is the slower of the two, so the requests per second say little: the figure to compare
 * is the processor time of the server, user and system, per request. Ours has the 1 KiB in the
 * binary, and the 100 KiB in a file, as nginx has both.
 */
#include "bench/measure.h"
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

#define IDLE_MAX 10000
#define KIB 1024

enum { OURS, TUNED, PLAIN, SERVERS };

/* The processes that hold idle connections. */
static pid_t idle_pid[SERVERS];

static struct measured servers[SERVERS] = {
	{.name = "barnacle"}, {.name = "nginx, tuned"}, {.name = "nginx"}};

static const struct scenario {
	struct measure_load load;
	bool idle; /* beside thousands of connections that are silent */
} scenarios[] = {
	{{"1 KiB file", "/1k", NULL, NULL}, false},
	{{"100 KiB file", "/100k.bin", NULL, NULL}, false},
	{{"text from a handler", "/plaintext", NULL, NULL}, false},
	{{"the same, 16 pipelined", "/plaintext", "-s", "pipeline.lua"}, false},
	{{"connection per request", "/1k", "-H", "Connection: close"}, false},
	{{"1 KiB beside 10,000 idle", "/1k", NULL, NULL}, true},
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

/* Files for nginx and wrk. */

static void make_file(const char *name, int kib)
{
	FILE *f = measure_create(name);
	for (int i = 0; i < kib * KIB; i++)
		putc('x', f);
	fclose(f);
}

static void make_files(void)
{
	make_file("1k", 1);
	make_file("100k.bin", 100);
	FILE *f = measure_create("pipeline.lua");
	fputs(pipeline, f);
	fclose(f);
	f = measure_create("tuned.conf");
	fprintf(f, nginx_conf, TUNED, tuned_http, servers[TUNED].port, tuned_listen);
	fclose(f);
	f = measure_create("plain.conf");
	fprintf(f, nginx_conf, PLAIN, plain_http, servers[PLAIN].port, plain_listen);
	fclose(f);
}

/* Servers. */

static void start_all(void)
{
	char port[16];
	snprintf(port, sizeof port, "%d", servers[OURS].port);
	measure_start(&servers[OURS],
		      (const char *[]){"taskset", "-c", "0", proc_bin("tests/bench/server"), port,
				       temp_dir(), NULL},
		      NULL, 0);
	measure_start_nginx(&servers[TUNED], "tuned.conf");
	measure_start_nginx(&servers[PLAIN], "plain.conf");
}

/* Connections that have had an answer and are silent since. */

static int open_idle(const struct measured *s)
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
static void hold_idle(int which, size_t n)
{
	const struct measured *s = &servers[which];
	int ends[2];
	char byte = 0;
	fflush(stdout);
	if (pipe(ends) != 0 || (idle_pid[which] = fork()) < 0)
		bail("no process for the idle clients");
	if (idle_pid[which] == 0) {
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

static void close_idle(int which)
{
	if (idle_pid[which] > 0) {
		kill(idle_pid[which], SIGKILL);
		waitpid(idle_pid[which], NULL, 0);
	}
	idle_pid[which] = 0;
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

/* One line of the table for each server. */
static void measure(const struct scenario *what)
{
	static double rate[SERVERS][MEASURE_ROUNDS_MAX], us[SERVERS][MEASURE_ROUNDS_MAX],
		ratio[MEASURE_ROUNDS_MAX];
	double bytes[SERVERS] = {0};
	size_t idle = what->idle ? idle_wanted() : 0;
	for (int i = 0; i < SERVERS && what->idle; i++) {
		double before = measure_memory_kib(&servers[i], "Anonymous:");
		hold_idle(i, idle);
		bytes[i] = (measure_memory_kib(&servers[i], "Anonymous:") - before) * KIB /
			   (double)idle;
	}
	for (int round = 0; round < measure_rounds; round++)
		for (int i = 0; i < SERVERS; i++) {
			double before = measure_cpu_ns(&servers[i]);
			double n = measure_load(&servers[i], &what->load, measure_seconds).requests;
			us[i][round] = (measure_cpu_ns(&servers[i]) - before) / 1e3 / n;
			rate[i][round] = n / strtod(measure_seconds, NULL);
		}
	for (int i = SERVERS - 1; i >= 0; i--) {
		for (int round = 0; round < measure_rounds; round++)
			ratio[round] = us[i][round] / us[OURS][round];
		printf("| %s | %s | %.0f | %.2f | %.1f | %.0f | ", what->load.name, servers[i].name,
		       measure_median(rate[i]), measure_median(us[i]),
		       measure_calls(&servers[i], &what->load),
		       measure_memory_kib(&servers[i], "Rss:"));
		printf(i == OURS ? "|\n" : "%.2f |\n", measure_median(ratio));
	}
	fflush(stdout);
	for (int i = 0; i < SERVERS; i++)
		close_idle(i);
	if (what->idle)
		printf("\nUser memory of one of %zu idle connections, bytes: nginx %.0f, "
		       "barnacle %.0f.\n",
		       idle, bytes[TUNED], bytes[OURS]);
}

/* Instructions of our server from its start to its end, the kernel's not among them. */
static double run_counted(const struct scenario *what, double *requests)
{
	struct measured counted = {.name = "callgrind", .port = free_port()};
	char port[16], option[512], line[256], *path = temp_path("callgrind");
	snprintf(port, sizeof port, "%d", counted.port);
	snprintf(option, sizeof option, "--callgrind-out-file=%s", path);
	measure_start(&counted,
		      (const char *[]){"valgrind", "--tool=callgrind", option,
				       proc_bin("tests/bench/server"), port, NULL},
		      NULL, 0);
	*requests = what == NULL ? 0 : measure_load(&counted, &what->load, "1").requests;
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
	       what->load.name, (all - start_and_end) / n);
}

int main(void)
{
	measure_settings();
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
	measure_tell_congestion();
	return 0;
}
