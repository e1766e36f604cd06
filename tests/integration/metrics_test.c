/* /metrics of api, worker and web, their names, the dashboard; a request's id in the logs.
 */
#include "base/out.h"
#include "harness/app.h"
#include "harness/tap.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 60000

static const char *const extra[] = {"WORKERS=2", "LOG_LEVEL=debug", NULL};
static struct app app = {.extra = extra};

static bool wait_metric(enum app_service s, const char *line)
{
	return app_wait_text(app.admin[s], "/metrics", line, WAIT_MS);
}

static const struct {
	enum app_service of;
	const char *line, *name;
} told[] = {
	{APP_API, "barnacle_http_requests_total{route=\"/values\",status=\"2xx\"} 3\n",
	 "api: requests by route"},
	{APP_API, "barnacle_http_requests_total{route=\"/values\",status=\"4xx\"} 1\n",
	 "api: and class of status"},
	{APP_API, "barnacle_http_requests_total{route=\"other\",status=\"4xx\"} 1\n",
	 "api: what is nowhere"},
	{APP_API, "barnacle_http_requests_total{route=\"/healthz\",status=\"2xx\"} 1\n",
	 "api: health"},
	{APP_API, "barnacle_http_request_seconds_count{route=\"/values\"} 4\n", "api: times"},
	{APP_API, "barnacle_store_errors_total{connection=\"redis\"} 0\n", "api: stores"},
	{APP_API, "barnacle_store_losses_total{connection=\"redis_log\"} 0\n", "api: the log"},
	{APP_API, "barnacle_api_stream_clients 0\n", "api: event streams"},
	{APP_API, "barnacle_network_bytes_total{direction=\"received\"} ", "api: bytes"},
	{APP_WORKER, "barnacle_worker_jobs_total{outcome=\"done\"} 3\n", "worker: jobs done"},
	{APP_WORKER, "barnacle_network_bytes_total{direction=\"sent\"} ", "worker: bytes"},
	{APP_WORKER, "barnacle_worker_jobs_total{outcome=\"aside\"} 1\n", "worker: set aside"},
	{APP_WORKER, "barnacle_worker_jobs_total{outcome=\"failed\"} 0\n", "worker: failed"},
	{APP_WORKER, "barnacle_worker_job_seconds_count 3\n", "worker: times"},
	{APP_WORKER, "barnacle_queue_jobs 0\n", "worker: the queue"},
	{APP_WORKER, "barnacle_store_up{connection=\"redis\"} 2\n", "worker: stores, of both"},
	{APP_WEB, "barnacle_http_requests_total{route=\"/\",status=\"2xx\"} 1\n", "web: requests"},
	{APP_WEB, "barnacle_http_request_seconds_count{route=\"/\"} 1\n", "web: times"},
	{APP_WEB, "barnacle_network_bytes_total{direction=\"sent\"} ", "web: bytes"},
	{APP_WEB, "barnacle_build_info{service=\"web\",", "web: its version"},
	{APP_WEB, "\nprocess_resident_memory_bytes ", "web: memory"},
	{APP_WEB, "\n# HELP process_resident_memory_bytes ", "web: and what that is"},
	{APP_WEB, "\n# HELP process_start_time_seconds ", "web: as of its start"},
};

static void test_told(void)
{
	for (int i = 5; i < 8; i++) {
		char json[32];
		snprintf(json, sizeof json, "{\"index\":%d}", i);
		is_int(app_post_status(app.port[APP_API], "/values", json), 200, "POST %d", i);
	}
	app_post_status(app.port[APP_API], "/values", "{\"index\":\"x\"}");
	app_status(app.port[APP_API], "/nowhere");
	app_status(app.port[APP_API], "/healthz");
	app_status(app.port[APP_WEB], "/");
	free(store_redis_cli(app.redis, "XADD", "{values}:jobs", "*", "what", "ever", NULL));
	for (size_t i = 0; i < sizeof told / sizeof *told; i++)
		ok(wait_metric(told[i].of, told[i].line), "%s", told[i].name);
}

static void test_queue(void)
{
	proc_kill(app.proc[APP_WORKER]);
	free(store_redis_cli(app.redis, "DEL", "{values}:jobs", NULL));
	free(store_redis_cli(app.redis, "XADD", "{values}:jobs", "1000-1", "index", "9", NULL));
	free(store_redis_cli(app.redis, "XGROUP", "CREATE", "{values}:jobs", "workers", "0", NULL));
	/* A worker that is given a job, and never finishes it. */
	free(store_redis_cli(app.redis, "XREADGROUP", "GROUP", "workers", "idle", "COUNT", "1",
			     "STREAMS", "{values}:jobs", ">", NULL));
	app_run(&app, APP_WORKER);
	ok(wait_metric(APP_WORKER, "barnacle_queue_jobs 1\n"), "a job that nobody finishes");
	ok(wait_metric(APP_WORKER, "barnacle_queue_pending_jobs 1\n"), "is pending");
	struct httpc_answer a = app_get(app.admin[APP_WORKER], "/metrics");
	const char *age = strstr((const char *)a.body.p, "\nbarnacle_queue_oldest_job_seconds ");
	ok(age != NULL && strtol(age + 35, NULL, 10) > 1000000, "and has its age");
	httpc_free(&a);
}

static void test_id(void)
{
	static const char request[] =
		"POST /values HTTP/1.1\r\nHost: t\r\nX-Request-Id: follow-me-17\r\n"
		"Content-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"index\":17}";
	struct httpc_answer a;
	int rc =
		httpc_ask("127.0.0.1", (uint16_t)app.port[APP_API], span_str(request), &a, WAIT_MS);
	is_int(rc == HTTPC_OK ? a.status : rc, 200, "a request with an id");
	httpc_free(&a);
	ok(proc_wait_log(app.proc[APP_API], "route=/values status=200 ms=", WAIT_MS),
	   "is in the api's log");
	ok(proc_wait_log(app.proc[APP_API], "id=follow-me-17", WAIT_MS), "with its id");
	ok(proc_wait_log(app.proc[APP_WORKER], "event=\"job done\" index=17", WAIT_MS),
	   "and its job in the worker's");
	ok(proc_wait_log(app.proc[APP_WORKER], "id=follow-me-17", WAIT_MS), "with the same id");
}

/* Each name of ours that the dashboard asks for is a family of some service. */
static void test_dashboard(void)
{
	static char names[1 << 16];
	static char board[1 << 16];
	struct out all = out_init(names, sizeof names - 1);
	for (int s = 0; s < APP_SERVICES; s++) {
		struct httpc_answer a = app_get(app.admin[s], "/metrics");
		out_span(&all, a.body);
		httpc_free(&a);
	}
	check(!all.over, "all metrics fit");
	FILE *f = fopen("deploy/grafana/barnacle.json", "r");
	if (f == NULL)
		bail("no dashboard");
	board[fread(board, 1, sizeof board - 1, f)] = '\0';
	fclose(f);
	int asked = 0;
	for (const char *at = board; (at = strstr(at, "barnacle_")) != NULL; asked++) {
		char name[80], type[100];
		size_t n = 0;
		while (n < sizeof name - 1 && (isalnum((unsigned char)at[n]) || at[n] == '_'))
			n++;
		at += n;
		/* A histogram's samples have suffixes behind the name of their family. */
		memcpy(name, at - n, n);
		name[n] = '\0';
		char *bucket = strstr(name, "_bucket");
		if (bucket != NULL)
			*bucket = '\0';
		snprintf(type, sizeof type, "# TYPE %s ", name);
		check(strstr(names, type) != NULL, "the dashboard asks for %s", name);
	}
	ok(asked > 10 && failures() == 0, "the dashboard asks for what there is");
}

/* Prometheus' conventions, and that a family stands in one place. */
static void test_names(void)
{
	for (int s = 0; s < APP_SERVICES; s++) {
		struct httpc_answer a = app_get(app.admin[s], "/metrics");
		char name[80], type[16], line[128];
		int families = 0;
		for (const char *at = (const char *)a.body.p; (at = strstr(at, "# TYPE ")) != NULL;
		     at++) {
			if (sscanf(at, "# TYPE %79s %15s", name, type) != 2)
				break;
			struct span n = span_str(name);
			check(span_ends(n, SPAN("_total")) == (strcmp(type, "counter") == 0),
			      "%s is a %s", name, type);
			check(strcmp(type, "histogram") != 0 || span_ends(n, SPAN("_seconds")),
			      "%s has its unit", name);
			snprintf(line, sizeof line, "# TYPE %s ", name);
			check(count_text(a.body, line) == 1, "%s is there once", name);
			families++;
		}
		ok(families > 4 && failures() == 0, "names of service %d: %d families", s,
		   families);
		httpc_free(&a);
	}
}

int main(void)
{
	app_open(&app);
	app_run_all(&app);
	for (int s = 0; s < APP_SERVICES; s++)
		if (!app_ready(&app, (enum app_service)s, 60000))
			bail("not ready: %s", proc_log(app.proc[s]));
	ok(wait_metric(APP_API, "barnacle_store_up{connection=\"postgres\"} 2\n") &&
		   wait_metric(APP_API, "barnacle_store_up{connection=\"redis\"} 2\n"),
	   "one process tells of both");
	test_told();
	test_id();
	test_queue();
	test_dashboard();
	test_names();
	ok(app_stop_all(&app), "all end with 0 on SIGTERM");
	return done();
}
