#include "harness/app.h"

#include "harness/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MS 60000

static const char *const names[APP_SERVICES] = {"api", "worker", "web", "router"};

void app_open(struct app *app)
{
	for (int i = 0; i < APP_SERVICES; i++) {
		app->port[i] = free_port();
		app->admin[i] = free_port();
	}
	app->pg = store_postgres(NULL);
	app->redis = store_redis(NULL);
}

static char *variable(const char *name, int value)
{
	char *text = NULL;
	if (asprintf(&text, "%s=%d", name, value) < 0)
		bail("no memory");
	return text;
}

void app_run(struct app *app, enum app_service s)
{
	static const char *const none[] = {NULL};
	char *numbers[] = {
		variable("PORT", app->port[s]),
		variable("ADMIN_PORT", app->admin[s]),
		variable("API_PORT", app->port[APP_API]),
		variable("WEB_PORT", app->port[APP_WEB]),
	};
	const char *own[] = {
		numbers[0],           numbers[1],           numbers[2], numbers[3],
		"API_HOST=127.0.0.1", "WEB_HOST=127.0.0.1", NULL,
	};
	const char **stores = env_join(store_env(app->pg), store_env(app->redis), own);
	const char **env = env_join(stores, app->extra != NULL ? app->extra : none, NULL);
	const char *argv[] = {proc_bin(names[s]), NULL};
	if (app->proc[s] != NULL)
		proc_free(app->proc[s]);
	app->proc[s] = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	free(stores);
	free(env);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		free(numbers[i]);
	if (!wait_port(app->admin[s], 60000))
		diag("%s did not start: %s", names[s], proc_log(app->proc[s]));
}

void app_run_all(struct app *app)
{
	for (int i = 0; i < APP_SERVICES; i++)
		app_run(app, (enum app_service)i);
	if (!app_ready(app, APP_API, 60000) || !app_ready(app, APP_WORKER, 60000))
		bail("not ready: %s%s", proc_log(app->proc[APP_API]),
		     proc_log(app->proc[APP_WORKER]));
}

bool app_ready(struct app *app, enum app_service s, int ms)
{
	long long end = now_ms() + ms;
	while (app_status(app->admin[s], "/readyz") != 200) {
		if (now_ms() > end)
			return false;
		tick();
	}
	return true;
}

void app_open_api(struct app *app)
{
	app_open(app);
	app_run(app, APP_API);
	app_run(app, APP_WORKER);
	if (!app_ready(app, APP_API, 60000) || !app_ready(app, APP_WORKER, 60000))
		bail("not ready: %s", proc_log(app->proc[APP_API]));
}

bool app_stop_all(struct app *app)
{
	bool orderly = true;
	for (int i = 0; i < APP_SERVICES; i++)
		if (app->proc[i] != NULL && proc_stop(app->proc[i], 60000) != 0) {
			diag("%s did not end with 0: %s", names[i], proc_log(app->proc[i]));
			orderly = false;
		}
	return orderly;
}

static struct httpc_answer ask(int port, const char *request)
{
	struct httpc_answer a;
	int rc = httpc_ask("127.0.0.1", (uint16_t)port, span_str(request), &a, ANSWER_MS);
	if (rc != HTTPC_OK)
		memset(&a, 0, sizeof a);
	return a;
}

struct httpc_answer app_get(int port, const char *path)
{
	char request[1024];
	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n",
		 path);
	return ask(port, request);
}

struct httpc_answer app_post(int port, const char *path, const char *json)
{
	char request[4096];
	snprintf(request, sizeof request,
		 "POST %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
		 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		 path, strlen(json), json);
	return ask(port, request);
}

int app_status(int port, const char *path)
{
	struct httpc_answer a = app_get(port, path);
	int status = a.status;
	httpc_free(&a);
	return status;
}

int app_post_status(int port, const char *path, const char *json)
{
	struct httpc_answer a = app_post(port, path, json);
	int status = a.status;
	httpc_free(&a);
	return status;
}

int count_text(struct span body, const char *text)
{
	struct span want = span_str(text);
	int n = 0;
	for (size_t i = 0; i + want.n <= body.n; i++)
		n += memcmp(body.p + i, want.p, want.n) == 0;
	return n;
}

bool app_wait_text(int port, const char *path, const char *text, int ms)
{
	long long end = now_ms() + ms;
	for (;;) {
		struct httpc_answer a = app_get(port, path);
		bool there = a.status == 200 && count_text(a.body, text) > 0;
		httpc_free(&a);
		if (there || now_ms() > end)
			return there;
		tick();
	}
}
