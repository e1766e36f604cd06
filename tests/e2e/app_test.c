/* The application as its users meet it: everything through the router. */
#include "harness/app.h"
#include "harness/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct app app;

static int router(void)
{
	return app.port[APP_ROUTER];
}

static const struct {
	const char *path, *json; /* json: a POST */
	int status;
	const char *says; /* the beginning of the body */
} rows[] = {
	{"/", NULL, 200, "<!doctype html>"},
	{"/otherpage", NULL, 200, "<!doctype html>"},
	{"/missing.js", NULL, 404, ""},
	{"/api/", NULL, 200, "Hi"},
	{"/api", NULL, 200, "Hi"},
	{"/apifoo", NULL, 200, "<!doctype html>"},
	{"/api/values/all", NULL, 200, "[]"},
	{"/api/values/current", NULL, 200, "{}"},
	{"/api/values", "{\"index\":5}", 200, "{\"working\":true}"},
	{"/api/values", "{\"index\":\"5\"}", 200, "{\"working\":true}"},
	{"/api/values", "{\"index\":0}", 200, "{\"working\":true}"},
	{"/api/values", "{\"index\":1}", 200, "{\"working\":true}"},
	{"/api/values", "{\"index\":10000}", 200, "{\"working\":true}"},
	{"/api/values", "{\"index\":10001}", 422, "Index too high"},
	{"/api/values", "{\"index\":\"\"}", 422, "The index is empty"},
	{"/api/values", "{\"index\":\"abc\"}", 422, "The index \"abc\" is not a whole number."},
	{"/api/values", "{\"index\":1.5}", 422, "The index \"1.5\" is not a whole number."},
	{"/api/values", "{\"index\":-1}", 422, "The index -1 is below 0."},
	{"/api/values", "{}", 422, "There is no \"index\" in {}."},
	{"/api/values", "{\"index", 400, "The body is not JSON: {\"index"},
	{"/api/values/all", NULL, 200, "[{\"number\":5},{\"number\":5},{\"number\":0},"},
	{"/healthz", NULL, 200, ""},
	{"/api/metrics", NULL, 404, ""},
	{"/metrics", NULL, 200, "<!doctype html>"},
};

static void test_transcript(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *json = rows[i].json;
		struct httpc_answer a = json == NULL ? app_get(router(), rows[i].path)
						     : app_post(router(), rows[i].path, json);
		const char *verb = json == NULL ? "GET" : "POST";
		is_int(a.status, rows[i].status, "%s %s %s", verb, rows[i].path,
		       json == NULL ? "" : json);
		struct span says = span_str(rows[i].says);
		if (says.n > 0)
			is_span(span_head(a.body, says.n), says, "%s %s %s: body", verb,
				rows[i].path, json == NULL ? "" : json);
		httpc_free(&a);
	}
}

/* A path in it would be the api's own, without the prefix that the router cut off. */
static void test_next_page(void)
{
	struct httpc_answer a = app_get(router(), "/api/values/all?limit=1");
	is_span(span_head(httpc_field(&a, "Link"), 8), SPAN("<?limit="),
		"the link to the next page is good behind the router's prefix");
	httpc_free(&a);
}

/* Ten million bytes, announced and sent; the answer must be readable all the same. */
static void test_big_body(void)
{
	struct httpc c;
	struct httpc_answer a;
	size_t n = 10000000;
	char *body = malloc(n);
	if (body == NULL || !httpc_dial(&c, "127.0.0.1", (uint16_t)router(), 60000))
		bail("no connection");
	memset(body, 'x', n);
	httpc_send(&c,
		   SPAN("POST /api/values HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
			"Content-Length: 10000000\r\n\r\n"),
		   60000);
	httpc_send(&c, span_of(body, n), 60000);
	int rc = httpc_read(&c, &a, 60000);
	is_int(rc == HTTPC_OK ? a.status : rc, 413, "a body of 10 MB");
	ok(rc == HTTPC_OK && count_text(a.body, "10000000") == 1, "the answer names its size");
	if (rc == HTTPC_OK)
		httpc_free(&a);
	httpc_close(&c);
	free(body);
}

static void test_values(void)
{
	ok(app_wait_text(router(), "/api/values/current", "\"5\":\"8\"", 60000), "f(5) = 8");
	ok(app_wait_text(router(), "/api/values/current", "\"10000\":\"5443837311", 60000),
	   "f(10000)");
	char *rows_left = store_psql(app.pg, "SELECT count(*) FROM values");
	is_str(rows_left, "5", "only what was taken is recorded");
	free(rows_left);
}

static void test_stream(void)
{
	struct httpc c;
	char buf[4096] = "";
	size_t n = 0;
	bool posted = false, seen = false;
	if (!httpc_dial(&c, "127.0.0.1", (uint16_t)router(), 60000))
		bail("no connection");
	httpc_send(&c, SPAN("GET /api/values/stream HTTP/1.1\r\nHost: t\r\n\r\n"), 60000);
	while (n < sizeof buf - 1 && !seen) {
		long got = httpc_take(&c, buf + n, sizeof buf - 1 - n, 60000);
		if (got <= 0)
			break;
		n += (size_t)got;
		buf[n] = '\0';
		if (!posted && strstr(buf, "retry:") != NULL) {
			app_post_status(router(), "/api/values", "{\"index\":20}");
			posted = true;
		}
		seen = strstr(buf, "data: {\"number\":20,\"value\":\"10946\"}") != NULL;
	}
	ok(seen, "an event passes the router when it happens");
	httpc_close(&c);
}

/* What the operator does with each binary. */
static void test_command_line(void)
{
	static const char *const names[] = {"api", "worker", "web", "router"};
	static const char *const bad[] = {"PORT=none", "ADMIN_PORT=70000", "LOG_FORMAT=xml", NULL};
	for (int i = 0; i < APP_SERVICES; i++) {
		int status;
		const char *none[] = {NULL};
		const char *help[] = {proc_bin(names[i]), "--help", NULL};
		char *text =
			proc_run(&(struct proc_spec){.argv = help, .env = none}, 2000, &status);
		is_int(status, 0, "%s --help", names[i]);
		ok(strstr(text, "ADMIN_PORT") != NULL && strstr(text, "9090") != NULL,
		   "%s --help tells variables and defaults", names[i]);
		free(text);
		const char *run[] = {proc_bin(names[i]), NULL};
		text = proc_run(&(struct proc_spec){.argv = run, .env = bad}, 2000, &status);
		is_int(status, 78, "%s with mistakes in the configuration", names[i]);
		ok(strstr(text, "ADMIN_PORT") != NULL && strstr(text, "70000") != NULL &&
			   strstr(text, "LOG_FORMAT") != NULL && strstr(text, "xml") != NULL,
		   "%s names all of them with their values", names[i]);
		free(text);
		char admin[32];
		snprintf(admin, sizeof admin, "ADMIN_PORT=%d", app.admin[i]);
		const char *own[] = {admin, NULL};
		const char **env = env_join(store_env(app.pg), store_env(app.redis), own);
		const char *check[] = {proc_bin(names[i]), "--healthcheck", NULL};
		free(proc_run(&(struct proc_spec){.argv = check, .env = env}, 3000, &status));
		is_int(status, 0, "%s --healthcheck beside the running one", names[i]);
		const char *print[] = {proc_bin(names[i]), "--check-config", NULL};
		text = proc_run(&(struct proc_spec){.argv = print, .env = env}, 3000, &status);
		is_int(status, 0, "%s --check-config", names[i]);
		ok(strstr(text, store_password(app.redis)) == NULL, "%s shows no secret", names[i]);
		free(text);
		free(env);
	}
}

int main(void)
{
	app_open(&app);
	app_run_all(&app);
	test_transcript();
	test_next_page();
	test_values();
	test_big_body();
	test_stream();
	test_command_line();
	ok(app_stop_all(&app), "all four end with 0 on SIGTERM");
	return done();
}
