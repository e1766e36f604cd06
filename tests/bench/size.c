/*
 * make size: what each service weighs, as a table in Markdown, measured on the binaries that ship
 * with real stores beside them. Budgets: 96 KiB for web (without the page) and router, 128 KiB for
 * api and worker, 1 MiB resident, 20 ms to the first answer.
 */
#include "bench/measure.h"
#include "harness/app.h"
#include "harness/tap.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define REQUESTS 100000
#define BATCH 50
#define STARTS 5

static struct app app;

/* One try to get 200 from /healthz, without waiting for a listener. */
static bool answers(int port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n";
	char answer[32];
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool ok = connect(fd, (struct sockaddr *)&a, sizeof a) == 0 &&
		  send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0 &&
		  recv(fd, answer, sizeof answer, 0) >= 12;
	close(fd);
	return ok;
}

/* Milliseconds from exec to the first answer: the median of some starts. */
static double start_time(const char *name, const char *const *env, int port)
{
	double times[STARTS];
	for (int i = 0; i < STARTS; i++) {
		const char *argv[] = {proc_bin(name), NULL};
		double begun = measure_now();
		struct proc *p = proc_start(&(struct proc_spec){.argv = argv, .env = env});
		while (!answers(port))
			if (measure_now() - begun > 5000)
				bail("%s does not answer", name);
		times[i] = measure_now() - begun;
		proc_stop(p, 10000);
		proc_free(p);
	}
	return measure_middle(times, STARTS);
}

static void load(int port, const char *path)
{
	struct httpc c;
	char batch[BATCH * 128];
	int n = 0;
	for (int i = 0; i < BATCH; i++)
		n += snprintf(batch + n, sizeof batch - (size_t)n,
			      "GET %s HTTP/1.1\r\nHost: t\r\n\r\n", path);
	if (!httpc_dial(&c, "127.0.0.1", (uint16_t)port, 1000))
		bail("no connection");
	for (int i = 0; i < REQUESTS; i += BATCH) {
		httpc_send(&c, span_of(batch, (size_t)n), 10000);
		for (int j = 0; j < BATCH; j++) {
			struct httpc_answer a;
			if (httpc_read(&c, &a, 10000) != HTTPC_OK || a.status != 200)
				bail("GET %s failed", path);
			httpc_free(&a);
		}
	}
	httpc_close(&c);
}

static double kib_of(const char *name)
{
	struct stat st;
	if (stat(proc_bin(name), &st) != 0)
		bail("no binary %s", name);
	return (double)st.st_size / 1024;
}

int main(void)
{
	static const struct {
		const char *name;
		enum app_service service, asked;
		const char *path;
	} rows[] = {
		{"router", APP_ROUTER, APP_ROUTER, "/"},
		{"web", APP_WEB, APP_WEB, "/"},
		{"api", APP_API, APP_API, "/values/5"},
		{"worker", APP_WORKER, APP_SERVICES, NULL},
	};
	app_open(&app);
	app_run_all(&app);
	app_post_status(app.port[APP_API], "/values", "{\"index\":5}");
	app_wait_text(app.port[APP_API], "/values/current", "\"5\":\"8\"", 5000);
	printf("| service | image KiB | resident KiB, idle | after 100,000 requests | "
	       "ms from exec to answer |\n|---|--:|--:|--:|--:|\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum app_service s = rows[i].service;
		long idle = proc_rss_kib(app.proc[s]);
		if (rows[i].path != NULL)
			load(app.port[rows[i].asked], rows[i].path);
		long after = proc_rss_kib(app.proc[s]);
		int port = free_port(), admin = free_port();
		char port_text[32], admin_text[32];
		snprintf(port_text, sizeof port_text, "PORT=%d", port);
		snprintf(admin_text, sizeof admin_text, "ADMIN_PORT=%d", admin);
		const char *own[] = {port_text, admin_text, NULL};
		const char **env = env_join(store_env(app.pg), store_env(app.redis), own);
		double ms = start_time(rows[i].name, env, admin);
		if (rows[i].path != NULL)
			printf("| %s | %.1f | %ld | %ld | %.1f |\n", rows[i].name,
			       kib_of(rows[i].name), idle, after, ms);
		else
			printf("| %s | %.1f | %ld | - | %.1f |\n", rows[i].name,
			       kib_of(rows[i].name), idle, ms);
		fflush(stdout);
	}
	return 0;
}
