/* What the api answers beyond the course's: keys, problems, tags, and questions that are shared. */
#include "harness/app.h"
#include "harness/tap.h"
#include "services/common/json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOGETHER 40

static struct app app;

static struct httpc_answer ask(const char *method, const char *path, const char *fields,
			       const char *body)
{
	char request[1024];
	struct httpc_answer a = {0};
	struct httpc c;
	snprintf(request, sizeof request,
		 "%s %s HTTP/1.1\r\nHost: t\r\n%s%sContent-Length: %zu\r\n\r\n%s", method, path,
		 *body != '\0' ? "Content-Type: application/json\r\n" : "", fields, strlen(body),
		 body);
	if (!httpc_dial(&c, "127.0.0.1", (uint16_t)app.port[APP_API], 60000))
		bail("no connection");
	httpc_send(&c, span_str(request), 60000);
	int rc = strcmp(method, "HEAD") == 0 ? httpc_read_head(&c, &a, 60000)
					     : httpc_read(&c, &a, 60000);
	if (rc != HTTPC_OK)
		diag("no answer to %s %s", method, path);
	httpc_close(&c);
	return a;
}

static void rows_are(const char *want, const char *name)
{
	char *rows = store_psql(app.pg,
				"SELECT string_agg(number::text, ' ' ORDER BY ctid) FROM values");
	is_str(rows, want, "%s", name);
	free(rows);
}

/* In this order, on an empty table. */
static const struct {
	const char *key, *body;
	int status;
	const char *rows, *name;
} keys[] = {
	{"a1", "{\"index\":7}", 200, "7", "a new key"},
	{"a1", "{\"index\":7}", 200, "7", "the same again: stored once"},
	{"a1", "{\"index\":\"7\"}", 200, "7", "the same index as a string"},
	{"a1", "{\"index\":8}", 422, "7", "the key with another index"},
	{"a1", "{\"index\":\"x\"}", 422, "7", "the key with no index"},
	{"\"a1\"", "{\"index\":8}", 200, "7 8", "in quotes it is another key"},
	{"two words", "{\"index\":9}", 400, "7 8", "a blank inside"},
	{"", "{\"index\":9}", 200, "7 8 9", "an empty one is none"},
	{"\xc3\xa4", "{\"index\":9}", 400, "7 8 9", "not ASCII"},
	{"b", "{\"index\":7}", 200, "7 8 9 7", "an index may come by several keys"},
};

static void test_keys(void)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		char field[128];
		snprintf(field, sizeof field, "Idempotency-Key: %s\r\n", keys[i].key);
		struct httpc_answer a = ask("POST", "/values", field, keys[i].body);
		is_int(a.status, keys[i].status, "%s", keys[i].name);
		rows_are(keys[i].rows, keys[i].name);
		httpc_free(&a);
	}
	char field[256], *end = field + sprintf(field, "Idempotency-Key: ");
	for (int n = 128; n <= 129; n++) {
		memset(end, 'k', (size_t)n);
		strcpy(end + n, "\r\n");
		struct httpc_answer a = ask("POST", "/values", field, "{\"index\":1}");
		is_int(a.status, n == 128 ? 200 : 400, "a key of %d bytes", n);
		httpc_free(&a);
	}
}

/* All requests are on their way before the first answer is read. */
static void all_at_once(const char *request_of[], int status, const char *name)
{
	struct httpc c[TOGETHER];
	int right = 0;
	for (int i = 0; i < TOGETHER; i++)
		if (!httpc_dial(&c[i], "127.0.0.1", (uint16_t)app.port[APP_API], 60000))
			bail("no connection");
	for (int i = 0; i < TOGETHER; i++)
		httpc_send(&c[i], span_str(request_of[i]), 60000);
	for (int i = 0; i < TOGETHER; i++) {
		struct httpc_answer a;
		right += httpc_read(&c[i], &a, 60000) == HTTPC_OK && a.status == status;
		httpc_free(&a);
		httpc_close(&c[i]);
	}
	is_int(right, TOGETHER, "%s", name);
}

static void test_together(void)
{
	static char text[TOGETHER][256];
	const char *requests[TOGETHER];
	free(store_psql(app.pg, "TRUNCATE values"));
	for (int i = 0; i < TOGETHER; i++) {
		requests[i] = text[i];
		snprintf(text[i], sizeof text[i],
			 "POST /values HTTP/1.1\r\nHost: t\r\nIdempotency-Key: same\r\n"
			 "Content-Type: application/json\r\nContent-Length: 12\r\n\r\n"
			 "{\"index\":55}");
	}
	all_at_once(requests, 200, "one key on many connections at a time");
	rows_are("55", "is stored once");
	for (int i = 0; i < TOGETHER; i++)
		snprintf(text[i], sizeof text[i],
			 "POST /values HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
			 "Content-Length: 13\r\n\r\n{\"index\":%3d}",
			 100 + i);
	all_at_once(requests, 200, "many indexes at a time");
	char *n = store_psql(app.pg, "SELECT count(DISTINCT number) FROM values WHERE number > 99");
	is_str(n, "40", "are all stored");
	free(n);
	ok(app_wait_text(app.port[APP_API], "/values/current", "\"139\":\"81055900", 60000) &&
		   app_wait_text(app.port[APP_API], "/values/current", "\"100\":\"5731", 60000),
	   "and computed");
	for (int i = 0; i < TOGETHER; i++)
		requests[i] = i % 2 ? "GET /values/all HTTP/1.1\r\nHost: t\r\n\r\n"
				    : "GET /values/current HTTP/1.1\r\nHost: t\r\n\r\n";
	all_at_once(requests, 200, "many readers at a time");
}

static const struct {
	const char *method, *path, *accept, *body;
	int status;
	const char *type, *says;
} problems[] = {
	{"GET", "/values/x", "application/problem+json", "", 404, "application/problem+json",
	 "{\"title\":\"Not Found\",\"status\":404,\"detail\":\"There is no value with the index "
	 "\\\"x\\\".\"}"},
	{"POST", "/values", "text/html, application/problem+json;q=0.5", "{\"index\":10001}", 422,
	 "application/problem+json",
	 "{\"title\":\"Unprocessable Content\",\"status\":422,\"detail\":\"Index too high\"}"},
	{"POST", "/values", "*/*", "{\"index\":10001}", 422, "text/plain; charset=utf-8",
	 "Index too high"},
	{"POST", "/values", "application/problem+json;q=0, */*", "{\"index\":10001}", 422,
	 "text/plain; charset=utf-8", "Index too high"},
	{"DELETE", "/values", "application/problem+json", "", 405, "application/problem+json",
	 "{\"title\":\"Method Not Allowed\",\"status\":405,\"detail\":\"This method is not for "
	 "this address.\"}"},
	{"POST", "/values", "application/problem+json;q=0.0, */*", "{\"index\":10001}", 422,
	 "text/plain; charset=utf-8", "Index too high"},
	{"GET", "/values/x", "*/*\r\nAccept: application/problem+json;q=0.01", "", 404,
	 "application/problem+json",
	 "{\"title\":\"Not Found\",\"status\":404,\"detail\":\"There is no value with the index "
	 "\\\"x\\\".\"}"},
	{"GET", "/", "application/problem+json", "", 200, "text/plain; charset=utf-8", "Hi"},
	{"GET", "/", "application/problem+json;q=0", "", 406, "text/plain; charset=utf-8",
	 "Here is only text/plain."},
	{"GET", "/values/all", "text/html", "", 406, "text/plain; charset=utf-8",
	 "Here is only application/json."},
};

static void test_problems(void)
{
	for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
		char field[128];
		snprintf(field, sizeof field, "Accept: %s\r\n", problems[i].accept);
		struct httpc_answer a =
			ask(problems[i].method, problems[i].path, field, problems[i].body);
		is_int(a.status, problems[i].status, "%s %s, Accept: %.*s", problems[i].method,
		       problems[i].path, (int)strcspn(problems[i].accept, "\r"),
		       problems[i].accept);
		is_span(httpc_field(&a, "Content-Type"), span_str(problems[i].type), "its type");
		is_span(a.body, span_str(problems[i].says), "its words");
		httpc_free(&a);
	}
}

/* RFC 9110, 12.5.1, and what has nothing that it could exclude. */
static const struct {
	const char *method, *path, *accept;
	int status;
} accepts[] = {
	{"GET", "/", "text/plain", 200},
	{"GET", "/", "Text/*", 200},
	{"GET", "/", "application/json", 406},
	{"HEAD", "/", "application/json", 406},
	{"GET", "/values/all", "application/json", 200},
	{"GET", "/values/all", "application/json;q=0.001", 200},
	{"GET", "/values/all", "application/json; q=0", 406},
	{"GET", "/values/all", "application/json;q=0.000", 406},
	{"GET", "/values/all", "application/json;Q=0.", 406},
	{"GET", "/values/all", "text/html, application/json;q=0.5", 200},
	{"GET", "/values/all", "text/html;q=0.9,application/*;q=0.1", 200},
	{"GET", "/values/all", "text/html, */*;q=0.1", 200},
	{"GET", "/values/all", "*/*;q=0", 406},
	{"GET", "/values/all", "text/html\r\nAccept: application/json", 200},
	{"GET", "/values/all", "application/jsonp, application/jso, appl/*", 406},
	{"GET", "/values/all", "", 200},
	{"GET", "/values/all", ",", 200},
	{"GET", "/values/current", "text/event-stream", 406},
	{"GET", "/values/7", "text/plain", 406},
	{"GET", "/values/x", "application/problem+json, application/json", 404},
	{"HEAD", "/values/stream", "text/event-stream", 200},
	{"HEAD", "/values/stream", "application/json", 406},
	{"GET", "/openapi.json", "application/json", 200},
	{"GET", "/openapi.json", "text/*", 406},
	{"POST", "/values", "text/plain", 406},
	{"POST", "/values", "application/json, text/plain, */*", 422},
	{"GET", "/healthz", "application/json", 200},
	{"OPTIONS", "/values", "text/html", 204},
	{"GET", "/nowhere", "text/html", 404},
	{"PUT", "/values", "text/html", 405},
};

static void test_accept(void)
{
	for (size_t i = 0; i < sizeof accepts / sizeof *accepts; i++) {
		char field[128];
		snprintf(field, sizeof field, "Accept: %s\r\n", accepts[i].accept);
		struct httpc_answer a = ask(accepts[i].method, accepts[i].path, field,
					    *accepts[i].method == 'P' ? "{\"index\":-1}" : "");
		is_int(a.status, accepts[i].status, "%s %s, Accept: %.*s", accepts[i].method,
		       accepts[i].path, (int)strcspn(accepts[i].accept, "\r"), accepts[i].accept);
		httpc_free(&a);
	}
}

/* Every route, whatever stands behind it. */
static const struct {
	const char *path, *allow;
	int get;
} routes[] = {
	{"/", "GET, HEAD, OPTIONS", 200},
	{"/values", "POST, OPTIONS", 405},
	{"/values/all", "GET, HEAD, OPTIONS", 200},
	{"/values/current", "GET, HEAD, OPTIONS", 200},
	{"/values/stream", "GET, HEAD, OPTIONS", 0},
	{"/values/7", "GET, HEAD, OPTIONS", 200},
	{"/openapi.json", "GET, HEAD, OPTIONS", 200},
	{"/healthz", "GET, HEAD, OPTIONS", 200},
};

static void test_methods(void)
{
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		const char *path = routes[i].path;
		struct httpc_answer a = ask("OPTIONS", path, "", "");
		is_int(a.status, 204, "OPTIONS %s", path);
		is_span(httpc_field(&a, "Allow"), span_str(routes[i].allow), "tells its methods");
		is_span(httpc_field(&a, "Access-Control-Allow-Methods"), span_str(routes[i].allow),
			"also to pages of other origins");
		httpc_free(&a);
		a = ask("DELETE", path, "", "");
		is_int(a.status, 405, "DELETE %s", path);
		is_span(httpc_field(&a, "Allow"), span_str(routes[i].allow), "tells them, too");
		httpc_free(&a);
		a = ask("HEAD", path, "", "");
		is_int(a.status, routes[i].get == 0 ? 200 : routes[i].get, "HEAD %s", path);
		is_int((long long)a.body.n, 0, "has no body");
		struct span type = httpc_field(&a, "Content-Type");
		struct httpc_answer b = {0};
		if (routes[i].get != 0)
			b = ask("GET", path, "", "");
		is_int(b.status, routes[i].get, "GET %s", path);
		if (routes[i].get != 0)
			is_span(type, httpc_field(&b, "Content-Type"), "has the same type");
		httpc_free(&b);
		httpc_free(&a);
	}
}

static void test_tags(void)
{
	static const char *const paths[] = {"/values/all", "/values/all?limit=2", "/values/current",
					    "/values/100"};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		char field[128];
		struct httpc_answer a = ask("GET", paths[i], "", "");
		struct span tag = httpc_field(&a, "ETag");
		ok(a.status == 200 && tag.n == 18, "%s has a tag", paths[i]);
		snprintf(field, sizeof field, "If-None-Match: \"x\", W/%.*s\r\n", (int)tag.n,
			 tag.p);
		struct httpc_answer b = ask("GET", paths[i], field, "");
		is_int(b.status, 304, "who has it gets 304");
		is_span(httpc_field(&b, "ETag"), tag, "with the tag");
		is_int((long long)b.body.n, 0, "and no body");
		httpc_free(&b);
		b = ask("GET", paths[i], "If-None-Match: \"0123456789abcdef\"\r\n", "");
		is_int(b.status, 200, "who has another gets all");
		httpc_free(&b);
		httpc_free(&a);
	}
	struct httpc_answer a = ask("GET", "/values/all", "", "");
	char field[128];
	snprintf(field, sizeof field, "If-None-Match: %.*s\r\n", (int)httpc_field(&a, "ETag").n,
		 httpc_field(&a, "ETag").p);
	is_int(app_post_status(app.port[APP_API], "/values", "{\"index\":3}"), 200, "one more row");
	struct httpc_answer b = ask("GET", "/values/all", field, "");
	is_int(b.status, 200, "and the list is another");
	httpc_free(&a);
	httpc_free(&b);
}

/* Answers, and where the document speaks of them: by status, or as a problem. */
static const struct {
	const char *method, *path, *template, *fields, *body;
	int status;
	const char *type; /* NULL: nothing comes */
} documented[] = {
	{"get", "/", "/", "", "", 200, "text/plain"},
	{"get", "/", "/", "Accept: text/html\r\n", "", 406, "text/plain"},
	{"post", "/values", "/values", "", "{\"index\":5}", 200, "application/json"},
	{"post", "/values", "/values", "Idempotency-Key: d\r\n", "{\"index\":\"5\"}", 200,
	 "application/json"},
	{"post", "/values", "/values", "", "{\"index\":", 400, "text/plain"},
	{"post", "/values", "/values", "Idempotency-Key: a b\r\n", "{\"index\":5}", 400,
	 "text/plain"},
	{"post", "/values", "/values", "Content-Encoding: gzip\r\n", "{\"index\":5}", 415,
	 "text/plain"},
	{"post", "/values", "/values", "", "{\"index\":-5}", 422, "text/plain"},
	{"post", "/values", "/values", "Accept: application/problem+json\r\n", "{}", 422,
	 "application/problem+json"},
	{"get", "/values/all", "/values/all", "", "", 200, "application/json"},
	{"get", "/values/all", "/values/all", "If-None-Match: *\r\n", "", 304, NULL},
	{"get", "/values/all?limit=2", "/values/all", "", "", 200, "application/json"},
	{"get", "/values/all?limit=0", "/values/all", "", "", 400, "text/plain"},
	{"get", "/values/current", "/values/current", "", "", 200, "application/json"},
	{"get", "/values/current", "/values/current", "If-None-Match: *\r\n", "", 304, NULL},
	{"get", "/values/100", "/values/{n}", "", "", 200, "application/json"},
	{"get", "/values/100", "/values/{n}", "If-None-Match: *\r\n", "", 304, NULL},
	{"get", "/values/9999", "/values/{n}", "", "", 404, "text/plain"},
	{"head", "/values/stream", "/values/stream", "", "", 200, "text/event-stream"},
	{"head", "/values/stream", "/values/stream", "Last-Event-ID: 0-0\r\n", "", 200,
	 "text/event-stream"},
	{"get", "/healthz", "/healthz", "", "", 200, "text/plain"},
};

/* What else it must say, and of what. */
static const struct {
	const char *path, *text;
} said[] = {
	{"/values", "\"Idempotency-Key\""},  {"/values/all", "\"limit\""},
	{"/values/all", "\"after\""},        {"/values/all", "Link"},
	{"/values/current", "Nothing yet!"}, {"/values/{n}", "[\"queued\",\"done\"]"},
	{"/values/stream", "Last-Event-ID"}, {"/values/stream", "reset"},
};

static struct span inside(struct span document, const char *name)
{
	struct json_value v = {.raw = SPAN_NONE};
	return json_get(document, span_str(name), &v) == JSON_FOUND ? v.raw : SPAN_NONE;
}

/* As there, or as what it refers to. */
static struct span response_of(struct span document, struct span operation, const char *status)
{
	struct span answer = inside(inside(operation, "responses"), status);
	struct span ref = inside(answer, "$ref");
	const char place[] = "#/components/responses/";
	char name[32];
	if (ref.p == NULL || !span_starts(ref, span_str(place)))
		return answer;
	ref = span_tail(ref, sizeof place - 1);
	snprintf(name, sizeof name, "%.*s", (int)ref.n, ref.p);
	return inside(inside(inside(document, "components"), "responses"), name);
}

static void test_documented(struct span document, size_t i)
{
	char method[8], operation_name[8], status[8], name[96];
	bool head = strcmp(documented[i].method, "head") == 0;
	snprintf(name, sizeof name, "%s %s: %d", documented[i].method, documented[i].path,
		 documented[i].status);
	snprintf(status, sizeof status, "%d", documented[i].status);
	strcpy(operation_name, head ? "get" : documented[i].method);
	for (size_t k = 0; k <= strlen(documented[i].method); k++)
		method[k] = (char)toupper(documented[i].method[k]);
	struct httpc_answer a =
		ask(method, documented[i].path, documented[i].fields, documented[i].body);
	is_int(a.status, documented[i].status, "%s", name);
	struct span operation =
		inside(inside(inside(document, "paths"), documented[i].template), operation_name);
	struct span answer =
		response_of(document, operation, documented[i].status < 400 ? status : "default");
	ok(inside(answer, "description").n > 0, "%s: is in the document", name);
	if (documented[i].status >= 400)
		ok(count_text(inside(answer, "description"), status) == 1, "%s: by its status",
		   name);
	if (documented[i].type == NULL) {
		ok(inside(answer, "content").p == NULL && a.body.n == 0, "%s: without a body",
		   name);
		ok(inside(inside(answer, "headers"), "ETag").n > 0 && httpc_field(&a, "ETag").n > 0,
		   "%s: with its tag", name);
	} else {
		ok(span_starts(httpc_field(&a, "Content-Type"), span_str(documented[i].type)) &&
			   inside(inside(answer, "content"), documented[i].type).p != NULL,
		   "%s: with its type", name);
	}
	httpc_free(&a);
}

static void test_document(void)
{
	struct httpc_answer doc = ask("GET", "/openapi.json", "", "");
	is_int(json_check(doc.body), JSON_VALID, "the document is JSON");
	is_span(inside(doc.body, "openapi"), SPAN("3.1.0"), "of OpenAPI 3.1");
	struct span paths = inside(doc.body, "paths");
	is_int(count_text(paths, "\"operationId\""), 7, "seven things can be asked");
	for (size_t i = 0; i < sizeof documented / sizeof *documented; i++)
		test_documented(doc.body, i);
	for (size_t i = 0; i < sizeof said / sizeof *said; i++)
		ok(count_text(inside(paths, said[i].path), said[i].text) > 0, "%s tells %s",
		   said[i].path, said[i].text);
	struct span problem =
		inside(inside(inside(doc.body, "components"), "responses"), "problem");
	ok(inside(inside(problem, "headers"), "Retry-After").n > 0 &&
		   count_text(inside(problem, "description"), "429") == 1 &&
		   count_text(inside(problem, "description"), "503") == 1,
	   "a problem may pass by itself");
	is_int(count_text(doc.body, "\n"), 0, "it has no blanks that are there for people");
	httpc_free(&doc);
}

/*
 * A hash that has shrunk while a child of the server saves keeps its empty places, and parts of
 * HSCAN then bring nothing.
 */
static void test_sparse(void)
{
	free(store_redis_cli(app.redis, "CONFIG", "SET", "rdb-key-save-delay", "1000000", NULL));
	free(store_redis_cli(app.redis, "EVAL",
			     "for i = 1, 60000 do redis.call('HSET', KEYS[1], -i, 'x') end", "1",
			     "values", NULL));
	free(store_redis_cli(app.redis, "BGSAVE", NULL));
	free(store_redis_cli(app.redis, "EVAL",
			     "for i = 1, 60000 do redis.call('HDEL', KEYS[1], -i) end", "1",
			     "values", NULL));
	struct httpc_answer a = ask("GET", "/values/current", "", "");
	char *n = store_redis_cli(app.redis, "HLEN", "values", NULL);
	ok(json_check(a.body) == JSON_VALID && a.status == 200,
	   "a sparse hash is still an object: %.20s", (const char *)a.body.p);
	is_int(count_text(a.body, "\":\""), strtol(n, NULL, 10), "with all that is in it");
	httpc_free(&a);
	free(n);
	free(store_redis_cli(app.redis, "CONFIG", "SET", "rdb-key-save-delay", "0", NULL));
}

/*
 * As long as another job may make them: none of the parts may be more than a client's connection
 * holds, which no configuration tells beforehand. Without a record nobody puts others there.
 */
static void test_long_values(void)
{
	static const struct {
		const char *lua, *name;
	} rows[] = {
		{"for i = 1, 79 do put(i, 208992) end", "long ones alone"},
		{"for i = 80, 4000 do put(i, 3) end", "a few long ones among short ones"},
		{"for i = 1, 79 do put(i, 3) end", "short ones alone"},
		{"for i = 1, 1000 do put(i, 20000) end", "many of 20 KB"},
	};
	free(store_psql(app.pg, "TRUNCATE values"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char script[256];
		snprintf(script, sizeof script,
			 "local function put(i, n) redis.call('HSET', KEYS[1], i, "
			 "string.rep('1', n)) end %s%s",
			 i == 0 ? "redis.call('DEL', KEYS[1]) " : "", rows[i].lua);
		free(store_redis_cli(app.redis, "EVAL", script, "1", "values", NULL));
		struct httpc_answer a = ask("GET", "/values/current", "", "");
		ok(a.status == 200 && json_check(a.body) == JSON_VALID, "%s: %d", rows[i].name,
		   a.status);
		char *n = store_redis_cli(app.redis, "HLEN", "values", NULL);
		is_int(count_text(a.body, "\":\""), strtol(n, NULL, 10), "all of them");
		free(n);
		httpc_free(&a);
	}
	long rss = proc_rss_kib(app.proc[APP_API]);
	/* The sanitizers' own memory is no matter of ours. */
	ok(strstr(proc_bin("api"), "/san/") != NULL || rss < 4096, "resident: %ld KiB", rss);
}

int main(void)
{
	app_open_api(&app);
	test_keys();
	test_together();
	test_problems();
	test_accept();
	test_methods();
	test_tags();
	test_document();
	test_sparse();
	test_long_values();
	ok(app_stop_all(&app), "both end with 0 on SIGTERM");
	return done();
}
