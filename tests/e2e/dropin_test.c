/*
 * Any container of the classic application in place of ours, and the other way round: an Express
 * API and a Node worker (tests/reference) against api and worker, all four combinations behind our
 * router, with our page and, for both APIs, with a React build of the course's client in a browser.
 */
#include "harness/app.h"
#include "harness/npm.h"
#include "harness/tap.h"
#include "harness/webdriver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOON 60000

static struct app app;    /* with our page */
static struct app course; /* another router and web for the same api: the course's client */
static char reference[4096], client[4096];
static struct webdriver *w;

/* Starts the reference in place of a service of ours. It takes the same variables. */
static void run_node(enum app_service s)
{
	static const char *const scripts[] = {[APP_API] = "api.js", [APP_WORKER] = "worker.js"};
	char port[32];
	snprintf(port, sizeof port, "PORT=%d", app.port[s]);
	const char *own[] = {port, "MAX_INDEX=10000", NULL};
	const char **env = env_join(store_env(app.pg), store_env(app.redis), own);
	const char *argv[] = {"node", scripts[s], NULL};
	struct proc_spec spec = {.argv = argv, .env = env, .cwd = reference};
	app.proc[s] = proc_start(&spec);
	if (!proc_wait_log(app.proc[s], "listening", 60000))
		bail("%s does not start: %s", scripts[s], proc_log(app.proc[s]));
	free(env);
}

static void end(enum app_service s)
{
	if (app.proc[s] != NULL)
		proc_free(app.proc[s]);
	app.proc[s] = NULL;
}

static void wipe(void)
{
	end(APP_API);
	end(APP_WORKER);
	free(store_psql(app.pg, "DROP TABLE IF EXISTS values, barnacle_keys"));
	free(store_redis_cli(app.redis, "FLUSHALL", NULL));
}

/* The worker first: what is published while none listens is lost to that of the course. */
static void run(bool node_api, bool node_worker)
{
	wipe();
	if (node_worker)
		run_node(APP_WORKER);
	else
		app_run(&app, APP_WORKER);
	if (node_api)
		run_node(APP_API);
	else
		app_run(&app, APP_API);
	if ((!node_worker && !app_ready(&app, APP_WORKER, SOON)) ||
	    (!node_api && !app_ready(&app, APP_API, SOON)))
		bail("our services do not start");
}

static const struct {
	const char *request; /* without version and host */
	const char *json;
	int status;
	const char *body, *type;
} rows[] = {
	{"GET /api/", NULL, 200, "Hi", "text/"},
	{"GET /api/values/all", NULL, 200, "[]", "application/json"},
	{"GET /api/values/current", NULL, 200, "{}", "application/json"},
	{"POST /api/values", "{\"index\":5}", 200, "{\"working\":true}", "application/json"},
	{"POST /api/values", "{\"index\":\"6\"}", 200, "{\"working\":true}", "application/json"},
	{"POST /api/values", "{\"index\":1000}", 200, "{\"working\":true}", "application/json"},
	{"POST /api/values", "{\"index\":10001}", 422, "Index too high", "text/"},
	{"POST /api/values", "{\"index\":\"10001\"}", 422, "Index too high", "text/"},
	{"GET /api/values/all", NULL, 200, "[{\"number\":5},{\"number\":6},{\"number\":1000}]",
	 "application/json"},
	{"GET /api/nothing", NULL, 404, NULL, "text/"},
};

/* One exchange with the router, from a page of another origin. */
static struct httpc_answer ask(const char *request, const char *fields, const char *json)
{
	char text[1024];
	struct httpc_answer a = {0};
	snprintf(text, sizeof text,
		 "%s HTTP/1.1\r\nHost: t\r\nOrigin: http://elsewhere\r\nConnection: close\r\n%s"
		 "Content-Length: %zu\r\n\r\n%s",
		 request, fields, strlen(json), json);
	int rc = httpc_ask("127.0.0.1", (uint16_t)app.port[APP_ROUTER], span_str(text), &a, SOON);
	if (rc != HTTPC_OK)
		diag("%s: %s", request, httpc_strerror(rc));
	return a;
}

static void test_contract(const char *who)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *json = rows[i].json == NULL ? "" : rows[i].json;
		const char *type = rows[i].json == NULL ? "" : "Content-Type: application/json\r\n";
		struct httpc_answer a = ask(rows[i].request, type, json);
		is_int(a.status, rows[i].status, "%s: %s %s", who, rows[i].request, json);
		if (rows[i].body != NULL)
			is_span(a.body, span_str(rows[i].body), "its body");
		struct span of = httpc_field(&a, "Content-Type");
		check(span_eq(span_head(of, strlen(rows[i].type)), span_str(rows[i].type)),
		      "%s: its type: %.*s", rows[i].request, (int)of.n, (const char *)of.p);
		is_span(httpc_field(&a, "Access-Control-Allow-Origin"), SPAN("*"),
			"for pages of any origin");
		httpc_free(&a);
	}
}

/* What a browser asks before a page elsewhere may send JSON. */
static void test_preflight(const char *who)
{
	struct httpc_answer a = ask("OPTIONS /api/values",
				    "Access-Control-Request-Method: POST\r\n"
				    "Access-Control-Request-Headers: content-type\r\n",
				    "");
	is_int(a.status, 204, "%s: a preflight", who);
	ok(count_text(httpc_field(&a, "Access-Control-Allow-Methods"), "POST") == 1, "allows POST");
	struct span fields = httpc_field(&a, "Access-Control-Allow-Headers");
	ok(count_text(fields, "ontent-") == 1 || span_eq(fields, SPAN("*")), "of JSON");
	httpc_free(&a);
}

static void visit(const struct app *to)
{
	char url[64];
	snprintf(url, sizeof url, "http://127.0.0.1:%d/", to->port[APP_ROUTER]);
	webdriver_go(w, url);
}

static void enter(const char *index)
{
	check(webdriver_type(w, "#index", index) && webdriver_click(w, "form button"),
	      "%s is entered", index);
}

static bool says(const char *text)
{
	char script[512];
	snprintf(script, sizeof script,
		 "return document.body.textContent.replace(/\\s+/g, ' ').includes('%s')", text);
	bool seen = webdriver_until(w, script, SOON);
	if (!seen)
		diag("the page: %s", webdriver_run(w, "return document.body.innerText"));
	return seen;
}

static void test_page(const char *who)
{
	visit(&app);
	ok(says("For index 5 I calculated 8"), "%s: our page shows a value", who);
	enter("7");
	ok(says("For index 7 I calculated 21"), "and one that it asked for");
	enter("10001");
	ok(says("Index too high"), "and a refusal");
}

static void test_client(const char *who)
{
	visit(&course);
	ok(says("Indexes I have seen:5, 6, 1000, 7"), "%s: the course's client lists the indexes",
	   who);
	enter("10");
	ok(says("For index 10 I calculated 89"), "and gets a value that it asks for");
	ok(says("Indexes I have seen:5, 6, 1000, 7, 10"), "which is listed");
	enter("10001");
	ok(says("Index too high"), "and a refusal");
	check(webdriver_click(w, "a[href=\"/otherpage\"]"), "the link is there");
	ok(says("Some other page"), "its second route");
	webdriver_go(w, webdriver_run(w, "return location.href"));
	ok(says("Go back home"), "also by its address");
}

/* What is in the stores afterwards: the same, whoever put it there. */
static void test_stores(const char *who, const char *record)
{
	static char *first;
	char *list = store_psql(app.pg, "SELECT string_agg(number::text, ' ') FROM values");
	is_str(list, record, "%s: the record", who);
	free(list);
	char *values = store_redis_cli(app.redis, "HMGET", "values", "5", "6", "7", "1000", NULL);
	ok(strstr(values, "8\n13\n21\n70330367711422815821") == values, "the values");
	if (first == NULL)
		first = values;
	else
		is_str(values, first, "to the last digit");
	if (values != first)
		free(values);
}

/* The course's worker would never compute it: nobody listened when it was published. */
static void test_takeover(void)
{
	run(true, true);
	end(APP_WORKER);
	is_int(app_post_status(app.port[APP_ROUTER], "/api/values", "{\"index\":12}"), 200,
	       "a POST to the course's API, with no worker");
	app_run(&app, APP_WORKER);
	ok(app_wait_text(app.port[APP_ROUTER], "/api/values/current", "\"12\":\"233\"", SOON),
	   "is computed by our worker when it comes");
}

/* From one to the other in the middle of its life, and back. */
static void test_swap(void)
{
	end(APP_API);
	app_run(&app, APP_API);
	ok(app_ready(&app, APP_API, SOON), "our API on the course's tables");
	ok(app_wait_text(app.port[APP_ROUTER], "/api/values/all", "[{\"number\":12}]", SOON),
	   "finds what the course's has recorded");
	is_int(app_post_status(app.port[APP_ROUTER], "/api/values", "{\"index\":13}"), 200,
	       "and goes on");
	/* A job that is lost on the way is made again by our API, and only by ours. */
	ok(app_wait_text(app.port[APP_ROUTER], "/api/values/current", "\"13\":\"377\"", SOON),
	   "to the value");
	end(APP_API);
	run_node(APP_API);
	ok(app_wait_text(app.port[APP_ROUTER], "/api/values/all",
			 "[{\"number\":12},{\"number\":13}]", SOON),
	   "then the course's on ours");
	ok(app_wait_text(app.port[APP_ROUTER], "/api/values/current", "\"13\":\"377\"", SOON),
	   "with the value");
}

static void prepare(void)
{
	static char root[sizeof client + 32];
	static const char *extra[] = {root, NULL};
	snprintf(client, sizeof client, "%s", npm_project("vite", "e2e/vite-app"));
	snprintf(reference, sizeof reference, "%s", npm_project("reference", "reference"));
	app_open(&app);
	app_run(&app, APP_WEB);
	app_run(&app, APP_ROUTER);
	course = app;
	for (enum app_service s = APP_WEB; s <= APP_ROUTER; s++) {
		course.proc[s] = NULL;
		course.port[s] = free_port();
		course.admin[s] = free_port();
	}
	snprintf(root, sizeof root, "WEB_ROOT=%s/dist-course", client);
	course.extra = extra;
	app_run(&course, APP_WEB);
	app_run(&course, APP_ROUTER);
	w = webdriver_open(1024, 768);
}

int main(void)
{
	prepare();
	for (int i = 0; i < 4; i++) {
		static const char *const who[] = {"ours", "Node worker", "Node API", "Node both"};
		run(i & 2, i & 1);
		test_contract(who[i]);
		test_preflight(who[i]);
		test_page(who[i]);
		bool mixed = i == 1 || i == 2;
		if (mixed)
			test_client(who[i]);
		test_stores(who[i], mixed ? "5 6 1000 7 10" : "5 6 1000 7");
	}
	test_takeover();
	test_swap();
	webdriver_close(w);
	end(APP_API);
	ok(app_stop_all(&app), "what is ours ends with 0 on SIGTERM");
	return done();
}
