/* The application contract at the api itself, with a real worker and real stores. */
#include "harness/app.h"
#include "harness/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct app app;

static int api(void)
{
	return app.port[APP_API];
}

/* What a POST is answered, and that nothing was stored when it was refused. */
static const struct {
	const char *body;
	int status;
	const char *says;
} posts[] = {
	{"{\"index\":5}", 200, "{\"working\":true}"},
	{"{\"index\":\"5\"}", 200, "{\"working\":true}"},
	{"{\"index\":\" 7 \"}", 200, "{\"working\":true}"},
	{"{\"index\":\"\\u0038\"}", 200, "{\"working\":true}"},
	{"{\"index\":0}", 200, "{\"working\":true}"},
	{"{\"index\":1}", 200, "{\"working\":true}"},
	{"{\"other\":[1,{\"a\":null}],\"index\":2}", 200, "{\"working\":true}"},
	{"{\"index\":10000}", 200, "{\"working\":true}"},
	{"{\"index\":10001}", 422, "Index too high"},
	{"{\"index\":99999999999999999999999}", 422, "Index too high"},
	{"{\"index\":\"\"}", 422, "The index is empty; it must be a whole number."},
	{"{\"index\":\"abc\"}", 422, "The index \"abc\" is not a whole number."},
	{"{\"index\":\"5x\"}", 422, "The index \"5x\" is not a whole number."},
	{"{\"index\":1.5}", 422, "The index \"1.5\" is not a whole number."},
	{"{\"index\":1e3}", 422, "The index \"1e3\" is not a whole number."},
	{"{\"index\":-1}", 422, "The index -1 is below 0."},
	{"{\"index\":null}", 422, "The index null is not a whole number."},
	{"{\"index\":true}", 422, "The index true is not a whole number."},
	{"{\"index\":[5]}", 422, "The index [5] is not a whole number."},
	{"{}", 422, "There is no \"index\" in {}."},
	{"[5]", 422, "The body must be an object with an index, not [5]."},
	{"{\"index\":", 400, "The body is not JSON: {\"index\":"},
	{"{\"index\":5}x", 400, "The body is not JSON: {\"index\":5}x"},
	{"", 400, "The body is not JSON: "},
	{"{\"index\":\"<script>\"}", 422, "The index \"<script>\" is not a whole number."},
	{"{\"index\":\"五\"}", 422, "The index \"五\" is not a whole number."},
	{"{\"index\":\"\\r\\nX: y\"}", 422, "The index \"??X: y\" is not a whole number."},
};

static void test_empty(void)
{
	struct httpc_answer a = app_get(api(), "/values/all");
	is_span(a.body, SPAN("[]"), "no rows: an empty list");
	httpc_free(&a);
	a = app_get(api(), "/values/current");
	is_span(a.body, SPAN("{}"), "no values: an empty object");
	httpc_free(&a);
	a = app_get(api(), "/");
	is_span(a.body, SPAN("Hi"), "GET / says Hi");
	is_span(httpc_field(&a, "Access-Control-Allow-Origin"), SPAN("*"), "to any origin");
	httpc_free(&a);
}

static void test_posts(void)
{
	int stored = 0;
	for (size_t i = 0; i < sizeof posts / sizeof *posts; i++) {
		struct httpc_answer a = app_post(api(), "/values", posts[i].body);
		is_int(a.status, posts[i].status, "POST %s: status", posts[i].body);
		is_span(a.body, span_str(posts[i].says), "POST %s: words", posts[i].body);
		stored += a.status == 200;
		httpc_free(&a);
	}
	char want[16];
	snprintf(want, sizeof want, "%d", stored);
	char *rows = store_psql(app.pg, "SELECT count(*) FROM values");
	is_str(rows, want, "what was refused left no row");
	free(rows);
}

static void test_values(void)
{
	ok(app_wait_text(api(), "/values/current", "\"5\":\"8\"", 60000), "f(5) = 8");
	ok(app_wait_text(api(), "/values/current", "\"0\":\"1\"", 60000), "f(0) = 1");
	ok(app_wait_text(api(), "/values/current", "\"8\":\"34\"", 60000), "f(8) = 34");
	ok(app_wait_text(api(), "/values/10000", "\"state\":\"done\",\"value\":\"544383731", 60000),
	   "f(10000) begins as it should");
	char *n = store_redis_cli(app.redis, "HSTRLEN", "values", "10000", NULL);
	is_str(n, "2090", "and has 2,090 digits");
	free(n);
	struct httpc_answer a = app_get(api(), "/values/all");
	is_span(a.body,
		SPAN("[{\"number\":5},{\"number\":5},{\"number\":7},{\"number\":8},{\"number\":0},"
		     "{\"number\":1},{\"number\":2},{\"number\":10000}]"),
		"all rows in the order of insertion");
	httpc_free(&a);
	is_int(app_status(api(), "/values/123"), 404, "a value nobody asked for");
	is_int(app_status(api(), "/values/10001"), 404, "a value there can't be");
	is_int(app_status(api(), "/values/abc"), 404, "a value with no number");
	n = store_redis_cli(app.redis, "XLEN", "{values}:jobs", NULL);
	is_str(n, "0", "nothing is left in the queue");
	free(n);
}

static void test_paging(void)
{
	struct httpc_answer a = app_get(api(), "/values/all?limit=3");
	is_span(a.body, SPAN("[{\"number\":5},{\"number\":5},{\"number\":7}]"), "the first page");
	char next[128];
	struct span link = httpc_field(&a, "Link");
	size_t n = span_find(link, '>');
	ok(n < link.n && n < sizeof next, "says where the next begins");
	/* RFC 3986, 5.2.2: a reference that is only a query is behind the path that was asked. */
	snprintf(next, sizeof next, "/values/all%.*s", (int)(n - 1), link.p + 1);
	httpc_free(&a);
	a = app_get(api(), next);
	is_span(a.body, SPAN("[{\"number\":8},{\"number\":0},{\"number\":1}]"), "the second page");
	httpc_free(&a);
	a = app_get(api(), "/values/all?limit=1000");
	ok(httpc_field(&a, "Link").p == NULL, "the last page has no next");
	httpc_free(&a);
	is_int(app_status(api(), "/values/all?limit=0"), 400, "limit=0");
	is_int(app_status(api(), "/values/all?limit=1001"), 400, "limit=1001");
	is_int(app_status(api(), "/values/all?limit=x"), 400, "limit=x");
	is_int(app_status(api(), "/values/all?after=-1"), 400, "after=-1");
}

#ifdef __SANITIZE_ADDRESS__ /* which keeps what was freed */
#define MORE_KIB (300 << 10)
#else
#define MORE_KIB 4096
#endif

static void test_many_rows(void)
{
	free(store_psql(app.pg,
			"INSERT INTO values SELECT i % 100 FROM generate_series(1, 1000000) i"));
	long before = proc_rss_kib(app.proc[APP_API]);
	struct httpc_answer a = app_get(api(), "/values/all");
	size_t n = a.body.n;
	is_int(count_text(a.body, "number"), 1000012, "a million rows more arrive, all");
	ok(span_ends(a.body, SPAN("{\"number\":99},{\"number\":0}]")), "the list ends well");
	httpc_free(&a);
	long more = proc_rss_kib(app.proc[APP_API]) - before;
	ok(more < MORE_KIB, "for %zu KiB the api took %ld KiB of memory", n >> 10, more);
	free(store_psql(app.pg, "DELETE FROM values WHERE ctid >= '(1,0)'"));
}

static const struct {
	const char *request;
	int status;
	const char *name;
} routes[] = {
	{"GET /nowhere HTTP/1.1\r\nHost: t\r\n\r\n", 404, "an unknown path"},
	{"GET /values/ HTTP/1.1\r\nHost: t\r\n\r\n", 404, "a value without a number"},
	{"GET /values HTTP/1.1\r\nHost: t\r\n\r\n", 405, "GET where only POST is"},
	{"DELETE /values/5 HTTP/1.1\r\nHost: t\r\n\r\n", 405, "DELETE of a value"},
	{"POST /values/all HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n", 405,
	 "POST of a list"},
	{"BREW /values HTTP/1.1\r\nHost: t\r\n\r\n", 501, "a method nobody knows"},
	{"OPTIONS /values HTTP/1.1\r\nHost: t\r\n\r\n", 204, "a preflight"},
	{"OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", 204, "OPTIONS *"},
	{"GET /%zz HTTP/1.1\r\nHost: t\r\n\r\n", 400, "a malformed escape"},
	{"GET /values/%2e%2e/values/all HTTP/1.1\r\nHost: t\r\n\r\n", 400, "dots in disguise"},
	{"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n", 200, "health"},
	{"GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n", 404, "no metrics in public"},
	{"POST /values HTTP/1.1\r\nHost: t\r\nContent-Length: 11\r\n\r\n{\"index\":5}", 415,
	 "a body without its type"},
	{"POST /values HTTP/1.1\r\nHost: t\r\nContent-Type: text/plain\r\nContent-Length: "
	 "11\r\n\r\n"
	 "{\"index\":5}",
	 415, "a body of another type"},
	{"POST /values HTTP/1.1\r\nHost: t\r\nContent-Type: Application/JSON;charset=utf-8\r\n"
	 "Content-Length: 11\r\n\r\n{\"index\":3}",
	 200, "a type with a parameter"},
	{"POST /values HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
	 "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"ind\r\n6;x=y\r\nex\":4}\r\n0\r\n\r\n",
	 200, "a chunked body"},
	{"POST /values HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
	 "Content-Length: 10000000\r\n\r\n",
	 413, "a body of 10 MB"},
	{"GET /values/all HTTP/1.1\r\n\r\n", 400, "no Host"},
	{"GET / HTTP/2.0\r\nHost: t\r\n\r\n", 505, "another version"},
};

static void test_routes(void)
{
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		struct httpc_answer a;
		int rc = httpc_ask("127.0.0.1", (uint16_t)api(), span_str(routes[i].request), &a,
				   60000);
		is_int(rc == HTTPC_OK ? a.status : rc, routes[i].status, "%s", routes[i].name);
		if (rc == HTTPC_OK)
			is_span(httpc_field(&a, "Access-Control-Allow-Origin"), SPAN("*"),
				"%s: any page may read it", routes[i].name);
		if (rc == HTTPC_OK && a.status == 405)
			ok(httpc_field(&a, "Allow").n > 0, "%s: Allow", routes[i].name);
		if (rc == HTTPC_OK)
			httpc_free(&a);
	}
}

static void test_stream(void)
{
	struct httpc c;
	char buf[4096] = "";
	size_t n = 0;
	if (!httpc_dial(&c, "127.0.0.1", (uint16_t)api(), 60000))
		bail("no connection");
	httpc_send(&c, SPAN("GET /values/stream HTTP/1.1\r\nHost: t\r\n\r\n"), 60000);
	bool posted = false, seen = false;
	while (n < sizeof buf - 1 && !seen) {
		long got = httpc_take(&c, buf + n, sizeof buf - 1 - n, 60000);
		if (got <= 0)
			break;
		n += (size_t)got;
		buf[n] = '\0';
		if (!posted && strstr(buf, "retry:") != NULL) {
			is_int(app_post_status(api(), "/values", "{\"index\":20}"), 200, "posted");
			posted = true;
		}
		seen = strstr(buf, "event: value\ndata: {\"number\":20,\"value\":\"10946\"}\n\n") !=
		       NULL;
	}
	ok(strstr(buf, "Content-Type: text/event-stream") != NULL, "an event stream");
	ok(seen, "tells a value when it is computed");
	httpc_close(&c);
}

static void test_foreign(void)
{
	/* As the course's API does it. */
	free(store_redis_cli(app.redis, "HSET", "values", "30", "Nothing yet!", NULL));
	free(store_redis_cli(app.redis, "PUBLISH", "insert", "30", NULL));
	ok(app_wait_text(api(), "/values/current", "\"30\":\"1346269\"", 60000),
	   "a job of a foreign API is computed");
	free(store_redis_cli(app.redis, "HSET", "values", "-4", "Nothing yet!", NULL));
	free(store_redis_cli(app.redis, "PUBLISH", "insert", "-4", NULL));
	ok(app_wait_text(api(), "/values/current", "\"-4\":\"1\"", 60000), "f(n) = 1 below 2");
	free(store_redis_cli(app.redis, "PUBLISH", "insert", "rubbish", NULL));
	free(store_redis_cli(app.redis, "XADD", "{values}:jobs", "*", "what", "ever", NULL));
	free(store_redis_cli(app.redis, "XADD", "{values}:jobs", "*", "index", "many", NULL));
	free(store_redis_cli(app.redis, "XADD", "{values}:jobs", "*", "index", "99999999", NULL));
	is_int(app_post_status(api(), "/values", "{\"index\":21}"), 200, "behind poisoned jobs");
	ok(app_wait_text(api(), "/values/current", "\"21\":\"17711\"", 60000), "work goes on");
	ok(proc_wait_log(app.proc[APP_WORKER], "above MAX_INDEX", 60000), "and they are logged");
	char *n = store_redis_cli(app.redis, "XLEN", "{values}:jobs", NULL);
	is_str(n, "0", "and gone");
	free(n);
}

int main(void)
{
	app_open_api(&app);
	test_empty();
	test_posts();
	test_values();
	test_paging();
	test_routes();
	test_stream();
	test_foreign();
	test_many_rows();
	ok(app_stop_all(&app), "both end with 0 on SIGTERM");
	return done();
}
