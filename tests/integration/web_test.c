/* What the service web answers; web_life_test.c has how it starts, runs and ends. */
#include "harness/httpc.h"
#include "harness/proc.h"
#include "harness/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MS 60000
#define COUNT(a) (sizeof(a) / sizeof *(a))
#define HOST " HTTP/1.1\r\nHost: t\r\n"

static uint16_t port;

static const char *const security[][2] = {
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
	 "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
};

static struct file {
	const char *name;
	size_t n;
	uint8_t bytes[65536];
} files[] = {
	{.name = "index.html"}, {.name = "app.js"},      {.name = "live.js"}, {.name = "values.js"},
	{.name = "plot.js"},    {.name = "favicon.svg"}, {.name = "app.css"},
};

/* The files of the page as they lie in the source, two folders above build/WHICH/web's. */
static void read_files(void)
{
	char path[4200];
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof path, "%s", proc_bin("web"));
		for (int up = 0; up < 3; up++)
			*strrchr(path, '/') = '\0';
		size_t n = strlen(path);
		snprintf(path + n, sizeof path - n, "/src/services/web/page/%s", files[i].name);
		FILE *f = fopen(path, "re");
		if (f == NULL)
			bail("no %s", path);
		files[i].n = fread(files[i].bytes, 1, sizeof files[i].bytes, f);
		fclose(f);
	}
}

static struct span source(const char *name)
{
	size_t i = 0;
	while (strcmp(files[i].name, name) != 0)
		i++;
	return span_of(files[i].bytes, files[i].n);
}

static bool secured(const struct httpc_answer *a)
{
	bool all = httpc_field(a, "Date").n == 29;
	for (size_t i = 0; i < COUNT(security); i++)
		all = all && span_eq(httpc_field(a, security[i][0]), span_str(security[i][1]));
	return all;
}

/* The lines of [text] in one. */
static const char *shown(const char *text)
{
	static char line[160];
	snprintf(line, sizeof line, "%s", text);
	for (char *c = line; *c != '\0'; c++)
		if (*c == '\r' || *c == '\n')
			*c = ' ';
	return line;
}

static struct httpc dial(void)
{
	struct httpc c;
	if (!httpc_dial(&c, "127.0.0.1", port, MS))
		bail("no connection");
	return c;
}

/* One exchange; with HEAD no body is waited for. Status 0 without an answer. */
static struct httpc_answer ask(struct span request)
{
	struct httpc c = dial();
	struct httpc_answer a = {0};
	httpc_send(&c, request, MS);
	int rc = span_starts(request, SPAN("HEAD ")) ? httpc_read_head(&c, &a, MS)
						     : httpc_read(&c, &a, MS);
	if (rc != HTTPC_OK) {
		diag("no answer: %s", httpc_strerror(rc));
		memset(&a, 0, sizeof a);
	}
	httpc_close(&c);
	return a;
}

/* [file]: the body is that file of the page. [field] holds [value]; NULL: is not there. */
static const struct row {
	const char *request;
	int status;
	const char *file, *field, *value;
} rows[] = {
	/* The files. */
	{"GET /" HOST "\r\n", 200, "index.html", "Content-Type", "text/html; charset=utf-8"},
	{"GET /" HOST "\r\n", 200, "index.html", "Cache-Control", "no-cache"},
	{"GET /" HOST "\r\n", 200, "index.html", "Last-Modified", NULL},
	{"GET /" HOST "\r\n", 200, "index.html", "Connection", NULL},
	{"GET /" HOST "\r\n", 200, "index.html", "Server", NULL},
	{"GET /?a=b" HOST "\r\n", 200, "index.html", "Cache-Control", "no-cache"},
	{"GET http://t/app.css" HOST "\r\n", 200, "app.css", "Cache-Control", "no-cache"},
	{"GET http://t" HOST "\r\n", 200, "index.html", "Cache-Control", "no-cache"},
	{"GET /index.html" HOST "\r\n", 200, "index.html", "Cache-Control", "no-cache"},
	{"GET /app.css" HOST "\r\n", 200, "app.css", "Content-Type", "text/css; charset=utf-8"},
	{"GET /app.js" HOST "\r\n", 200, "app.js", "Content-Type",
	 "text/javascript; charset=utf-8"},
	{"GET /live.js" HOST "\r\n", 200, "live.js", "Cache-Control", "no-cache"},
	{"GET /values.js" HOST "\r\n", 200, "values.js", "Cache-Control", "no-cache"},
	{"GET /plot.js" HOST "\r\n", 200, "plot.js", "Cache-Control", "no-cache"},
	{"GET /app.js?v=1" HOST "\r\n", 200, "app.js", "Cache-Control", "no-cache"},
	{"GET /favicon.svg" HOST "\r\n", 200, "favicon.svg", "Content-Type",
	 "image/svg+xml; charset=utf-8"},
	{"GET /%61pp%2Ejs" HOST "\r\n", 200, "app.js", "Cache-Control", "no-cache"},
	{"GET /a/../app.js" HOST "\r\n", 200, "app.js", "Cache-Control", "no-cache"},
	{"GET /app.js" HOST "Accept: text/html\r\n\r\n", 200, "app.js", NULL, NULL},
	{"GET /app.js" HOST "Accept: image/png\r\n\r\n", 200, "app.js", NULL, NULL},
	{"GET /app.js" HOST "Content-Length: 3\r\n\r\nabc", 200, "app.js", NULL, NULL},

	/* Routes of the page. */
	{"GET /otherpage" HOST "\r\n", 200, "index.html", "Cache-Control", "no-cache"},
	{"GET /otherpage/" HOST "\r\n", 200, "index.html", "Location", NULL},
	{"GET //evil/x" HOST "\r\n", 200, "index.html", "Location", NULL},
	{"GET /v1.2/x" HOST "\r\n", 200, "index.html", NULL, NULL},
	{"GET /caf%C3%A9" HOST "\r\n", 200, "index.html", NULL, NULL},
	{"GET /x" HOST "Accept: text/html\r\n\r\n", 200, "index.html", NULL, NULL},
	{"GET /x" HOST "Accept: TEXT/HTML;q=0.1\r\n\r\n", 200, "index.html", NULL, NULL},
	{"GET /x" HOST "Accept: image/avif,*/*;q=0.8\r\n\r\n", 200, "index.html", NULL, NULL},
	{"GET /x" HOST "Accept: image/png, text/* ; q=0.001\r\n\r\n", 200, "index.html", NULL,
	 NULL},
	{"GET /x" HOST "Accept: a/b\r\nAccept: text/html\r\n\r\n", 200, "index.html", NULL, NULL},
	{"GET /x" HOST "Accept: */*;q=0, text/html\r\n\r\n", 200, "index.html", NULL, NULL},

	/* And what is none. */
	{"GET /x" HOST "Accept: application/json\r\n\r\n", 404, NULL, "Content-Type",
	 "text/plain; charset=utf-8"},
	{"GET /x" HOST "Accept: text/html;q=0, */*\r\n\r\n", 404, NULL, NULL, NULL},
	{"GET /x" HOST "Accept: text/html; q=0.000, */*\r\n\r\n", 404, NULL, NULL, NULL},
	{"GET /x" HOST "Accept: */*;Q=0\r\n\r\n", 404, NULL, NULL, NULL},
	{"GET /x" HOST "Accept: text/htmlx\r\n\r\n", 404, NULL, NULL, NULL},
	{"GET /x" HOST "Accept: text/html;level=1\r\n\r\n", 404, NULL, NULL, NULL},
	{"GET /none.js" HOST "\r\n", 404, NULL, "Cache-Control", "no-store"},
	{"GET /none.js" HOST "Accept: text/html\r\n\r\n", 404, NULL, "ETag", NULL},
	{"GET /App.js" HOST "\r\n", 404, NULL, NULL, NULL},
	{"GET /app.js/" HOST "\r\n", 200, "index.html", NULL, NULL},
	{"GET /x/app.js" HOST "\r\n", 404, NULL, NULL, NULL},
	{"GET /.env" HOST "\r\n", 404, NULL, NULL, NULL},
	{"GET /.git/HEAD" HOST "\r\n", 404, NULL, NULL, NULL},
	{"GET /.well-known/x" HOST "\r\n", 404, NULL, NULL, NULL},
	{"GET /metrics.txt" HOST "\r\n", 404, NULL, NULL, NULL},
	{"HEAD /none.js" HOST "\r\n", 404, NULL, "Content-Length", "34"},

	/* Malformed paths. */
	{"GET /%2e%2e/x" HOST "\r\n", 400, NULL, "Cache-Control", "no-store"},
	{"GET /a%2fb" HOST "\r\n", 400, NULL, "Connection", NULL},
	{"GET /a%5cb" HOST "\r\n", 400, NULL, NULL, NULL},
	{"GET /%00" HOST "\r\n", 400, NULL, NULL, NULL},
	{"GET /%c0%ae%c0%ae/x" HOST "\r\n", 400, NULL, NULL, NULL},
	{"GET /%ff" HOST "\r\n", 400, NULL, NULL, NULL},

	/* Methods. */
	{"POST /" HOST "Content-Length: 3\r\n\r\nabc", 405, NULL, "Allow", "GET, HEAD, OPTIONS"},
	{"POST /" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 405, NULL,
	 "Connection", NULL},
	{"POST /" HOST "Content-Length: 99999\r\n\r\n", 413, NULL, "Connection", "close"},
	{"PUT /app.js" HOST "Content-Length: 0\r\n\r\n", 405, NULL, "Connection", NULL},
	{"DELETE /x" HOST "\r\n", 405, NULL, "Content-Type", "text/plain; charset=utf-8"},
	{"TRACE /" HOST "\r\n", 405, NULL, NULL, NULL},
	{"CONNECT t:80 HTTP/1.1\r\nHost: t:80\r\n\r\n", 405, NULL, "Allow", "GET, HEAD, OPTIONS"},
	{"OPTIONS /" HOST "\r\n", 204, NULL, "Allow", "GET, HEAD, OPTIONS"},
	{"OPTIONS *" HOST "\r\n", 204, NULL, "Content-Length", NULL},
	{"BREW /" HOST "\r\n", 501, NULL, "Content-Type", "text/plain; charset=utf-8"},
	{"get /" HOST "\r\n", 501, NULL, "Connection", NULL},

	{"GET /healthz" HOST "\r\n", 200, NULL, "Content-Length", "3"},
	{"GET /healthz" HOST "Accept: text/html\r\n\r\n", 200, NULL, "Content-Length", "3"},
	{"HEAD /healthz" HOST "\r\n", 200, NULL, "Content-Length", "3"},
	{"POST /healthz" HOST "Content-Length: 0\r\n\r\n", 405, NULL, NULL, NULL},
	{"GET /metrics" HOST "Accept: text/plain\r\n\r\n", 404, NULL, NULL, NULL},

	/* Which the server itself refuses: with our fields as well. */
	{"GET / HTTP/1.1\r\n\r\n", 400, NULL, "Connection", "close"},
	{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, NULL, "Connection", "close"},
	{"GET / HTTP/1.1\nHost: a\n\n", 400, NULL, "Content-Type", "text/plain; charset=utf-8"},
	{"GET /%zz" HOST "\r\n", 400, NULL, "Connection", "close"},
	{"GET" HOST "\r\n", 400, NULL, NULL, NULL},
	{"GET / HTTP/2.0\r\nHost: t\r\n\r\n", 505, NULL, "Connection", "close"},
	{"GET /" HOST "A : b\r\n\r\n", 400, NULL, NULL, NULL},
	{"GET /" HOST "A: b\r\n c\r\n\r\n", 400, NULL, NULL, NULL},
	{"GET /" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, NULL, NULL,
	 NULL},
	{"POST /" HOST "Transfer-Encoding: chunked\r\n\r\nx\r\n", 400, NULL, "Connection", "close"},
	{"GET /" HOST "Transfer-Encoding: br, chunked\r\n\r\n", 501, NULL, NULL, NULL},
	{"GET /" HOST "Content-Length: 1\r\nExpect: more\r\n\r\n", 417, NULL, NULL, NULL},
};

static void test_row(const struct row *r)
{
	struct httpc_answer a = ask(span_str(r->request));
	struct span value = r->field != NULL ? httpc_field(&a, r->field) : SPAN_NONE;
	bool held = check(a.status == r->status, "status %d, not %d", a.status, r->status);
	held &= check(secured(&a), "security fields and Date");
	held &= check(span_eq(value, span_str(r->value)) && (value.p == NULL) == (r->value == NULL),
		      "%s is \"%.*s\"", r->field, (int)value.n, (const char *)value.p);
	if (r->file != NULL)
		held &= check(span_eq(a.body, source(r->file)), "the body is %s", r->file);
	else if (a.status >= 400 && !span_starts(span_str(r->request), SPAN("HEAD")))
		held &= check(a.body.n > 10 && a.body.p[a.body.n - 1] == '\n', "a sentence");
	ok(held, "%s: %d %s", shown(r->request), r->status, r->field != NULL ? r->field : "");
	httpc_free(&a);
}

/* %s is the tag in its quotes. */
static const struct {
	const char *fields;
	int status;
} conditions[] = {
	{"If-None-Match: %s", 304},
	{"If-None-Match: W/%s", 304},
	{"If-None-Match: *", 304},
	{"if-none-match:   %s  ", 304},
	{"If-None-Match: \"a\", %s", 304},
	{"If-None-Match: \"a,b\",W/%s , \"c\"", 304},
	{"If-None-Match: \"a\"\r\nIf-None-Match: %s", 304},
	{"If-None-Match: ,,%s,", 304},
	{"If-None-Match: %s\r\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT", 304},
	{"If-None-Match: %s\r\nAccept: application/json", 304},
	{"If-None-Match: \"a\"", 200},
	{"If-None-Match: \"*\"", 200},
	{"If-None-Match: \"a\", *", 200},
	{"If-None-Match: w/%s", 200},
	{"If-None-Match: W/W/%s", 200},
	{"If-None-Match: x%s", 200},
	{"If-None-Match: %sx", 200},
	{"If-None-Match:", 200},
	{"If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT", 200},
	{"X-If-None-Match: %s", 200},
};

static void test_condition(const char *path, const char *tag, const char *fields, int status)
{
	char all[300], request[400];
	snprintf(all, sizeof all, fields, tag);
	static const char *const methods[] = {"GET", "HEAD"};
	bool held = true;
	for (size_t m = 0; m < COUNT(methods); m++) {
		snprintf(request, sizeof request, "%s %s" HOST "%s\r\n\r\n", methods[m], path, all);
		struct httpc_answer a = ask(span_str(request));
		held &= check(a.status == status, "%s: %d", methods[m], a.status);
		held &= check(secured(&a), "security fields and Date");
		held &= check(span_eq(httpc_field(&a, "ETag"), span_str(tag)), "ETag");
		held &= check(span_eq(httpc_field(&a, "Cache-Control"), SPAN("no-cache")),
			      "Cache-Control");
		held &= check((httpc_field(&a, "Content-Length").p == NULL) == (status == 304),
			      "Content-Length");
		httpc_free(&a);
	}
	ok(held, "%s with %s: %d", path, shown(fields), status);
}

static void test_conditions(void)
{
	static const char *const paths[] = {"/", "/app.css"};
	char tag[2][32] = {"", ""}, request[128];
	for (size_t i = 0; i < COUNT(paths); i++) {
		snprintf(request, sizeof request, "GET %s" HOST "\r\n", paths[i]);
		struct httpc_answer a = ask(span_str(request));
		struct span etag = httpc_field(&a, "ETag");
		ok(etag.n == 18 && etag.p[0] == '"', "a strong tag: %.*s", (int)etag.n,
		   (const char *)etag.p);
		snprintf(tag[i], sizeof tag[i], "%.*s", (int)etag.n, (const char *)etag.p);
		httpc_free(&a);
	}
	ok(strcmp(tag[0], tag[1]) != 0, "each file has its own");
	for (size_t i = 0; i < COUNT(conditions); i++)
		test_condition(paths[i % 2], tag[i % 2], conditions[i].fields,
			       conditions[i].status);
	for (char *c = tag[1]; *c != '\0'; c++)
		*c = (char)(*c >= 'a' ? *c - 32 : *c);
	snprintf(request, sizeof request, "GET /app.css" HOST "If-None-Match: %s\r\n\r\n", tag[1]);
	struct httpc_answer a = ask(span_str(request));
	is_int(a.status, 200, "a tag in capitals is another tag");
	httpc_free(&a);
}

/* The head without its date, which may tick between two answers. */
static struct span undated(struct httpc_answer *a)
{
	struct span date = httpc_field(a, "Date");
	if (date.p != NULL)
		memset((uint8_t *)(uintptr_t)date.p, '-', date.n);
	return a->head;
}

static void test_head(void)
{
	static const char *const paths[] = {"/", "/app.js", "/x", "/x.y", "/healthz", "/%2f"};
	for (size_t i = 0; i < COUNT(paths); i++) {
		char get[64], head[64];
		snprintf(get, sizeof get, "GET %s" HOST "\r\n", paths[i]);
		snprintf(head, sizeof head, "HEAD %s" HOST "\r\n", paths[i]);
		struct httpc_answer a = ask(span_str(get)), b = ask(span_str(head));
		is_span(undated(&b), undated(&a), "HEAD %s says what GET says", paths[i]);
		httpc_free(&a);
		httpc_free(&b);
	}
}

/*
 * The answers to [n] requests written at once: the files in turn, each whole and in its place. Sums
 * up to far more than what the server is willing to hold for one client.
 */
static void test_pipelining(int n)
{
	struct httpc c = dial();
	char all[8192];
	size_t used = 0;
	for (int i = 0; i < n; i++)
		used += (size_t)snprintf(all + used, sizeof all - used, "GET /%s" HOST "\r\n",
					 files[i % 4].name);
	is_int(httpc_send(&c, span_of(all, used), MS), HTTPC_OK, "%d requests in one write", n);
	int right = 0;
	for (int i = 0; i < n; i++) {
		struct httpc_answer a;
		if (httpc_read(&c, &a, MS) != HTTPC_OK)
			break;
		right += a.status == 200 && span_eq(a.body, source(files[i % 4].name));
		httpc_free(&a);
	}
	is_int(right, n, "are answered in order");
	httpc_close(&c);
}

/* What follows an answer on its connection: another, or the end. */
static const struct {
	const char *name, *request, *connection;
	bool stays;
} keeps[] = {
	{"1.1", "GET /" HOST "\r\n", NULL, true},
	{"1.1, close", "GET /" HOST "Connection: close\r\n\r\n", "close", false},
	{"1.0", "GET / HTTP/1.0\r\n\r\n", "close", false},
	{"1.0, keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "keep-alive", true},
	{"1.0, keep-alive, 304",
	 "GET / HTTP/1.0\r\nConnection: keep-alive\r\nIf-None-Match: *\r\n\r\n", "keep-alive",
	 true},
	{"304", "GET /" HOST "If-None-Match: *\r\n\r\n", NULL, true},
	{"304, close", "GET /" HOST "If-None-Match: *\r\nConnection: close\r\n\r\n", "close",
	 false},
	{"404", "GET /x.y" HOST "\r\n", NULL, true},
	{"404 in 1.0", "GET /x.y HTTP/1.0\r\n\r\n", "close", false},
	{"405", "POST /" HOST "Content-Length: 1\r\n\r\na", NULL, true},
	{"a CRLF before it", "\r\nGET /" HOST "\r\n", NULL, true},
};

static void test_keep_alive(size_t i)
{
	struct httpc c = dial();
	struct httpc_answer a, b;
	httpc_send(&c, span_str(keeps[i].request), MS);
	bool held = check(httpc_read(&c, &a, MS) == HTTPC_OK, "an answer");
	struct span said = httpc_field(&a, "Connection");
	held &= check(span_eq(said, span_str(keeps[i].connection)), "Connection: %.*s", (int)said.n,
		      (const char *)said.p);
	httpc_free(&a);
	if (keeps[i].stays)
		httpc_send(&c, SPAN("GET /app.js" HOST "\r\n"), MS);
	int rc = httpc_read(&c, &b, MS);
	held &= check(rc == (keeps[i].stays ? HTTPC_OK : HTTPC_CLOSED), "then: %s",
		      httpc_strerror(rc));
	httpc_free(&b);
	httpc_close(&c);
	ok(held, "%s: the connection %s", keeps[i].name, keeps[i].stays ? "stays" : "ends");
}

static void test_dripping(void)
{
	struct httpc c = dial();
	struct httpc_answer a;
	struct span request = SPAN("GET /app.css" HOST "\r\nGET /x.y" HOST "\r\n");
	for (size_t i = 0; i < request.n; i++) {
		httpc_send(&c, span_head(span_tail(request, i), 1), MS);
		tick();
	}
	is_int(httpc_read(&c, &a, MS), HTTPC_OK, "byte by byte");
	is_span(a.body, source("app.css"), "the first answer");
	httpc_free(&a);
	is_int(httpc_read(&c, &a, MS), HTTPC_OK, "byte by byte");
	is_int(a.status, 404, "the second");
	httpc_free(&a);
	httpc_close(&c);
}

/* A request that goes on for [n] bytes of 'a' behind [start]; all of it is sent. */
static void test_too_long(const char *start, size_t n, int status)
{
	size_t before = strlen(start);
	char *all = malloc(before + n);
	if (all == NULL)
		bail("no memory");
	memcpy(all, start, before);
	memset(all + before, 'a', n);
	struct httpc_answer a = ask(span_of(all, before + n));
	bool held = check(secured(&a), "security fields and Date");
	held &= check(span_eq(httpc_field(&a, "Connection"), SPAN("close")), "closes");
	ok(held && a.status == status, "%zu bytes too many behind %.8s: %d", n, start, a.status);
	httpc_free(&a);
	free(all);
}

/* A client that has said all it will say, and shut its side, is still answered. */
static void test_half_close(void)
{
	struct httpc c = dial();
	struct httpc_answer a;
	httpc_send(&c, SPAN("GET /app.js" HOST "\r\n"), MS);
	shutdown(c.fd, SHUT_WR);
	is_int(httpc_read(&c, &a, MS), HTTPC_OK, "answered after a half-close");
	httpc_free(&a);
	is_int(httpc_read(&c, &a, MS), HTTPC_CLOSED, "then closed");
	httpc_close(&c);
}

int main(void)
{
	char own[32], off[] = "ADMIN_PORT=0";
	port = (uint16_t)free_port();
	snprintf(own, sizeof own, "PORT=%d", port);
	const char *env[] = {own, off, NULL};
	const char *argv[] = {proc_bin("web"), NULL};
	struct proc *web = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	if (!wait_port(port, MS))
		bail("web does not start: %s", proc_log(web));
	read_files();
	for (size_t i = 0; i < COUNT(rows); i++)
		test_row(&rows[i]);
	test_conditions();
	test_head();
	test_pipelining(50);
	test_pipelining(150);
	for (size_t i = 0; i < COUNT(keeps); i++)
		test_keep_alive(i);
	test_dripping();
	test_too_long("GET /", 20000, 414);
	test_too_long("GET /" HOST "X: ", 100000, 431);
	test_half_close();
	ok(strstr(proc_log(web), "event=request") == NULL, "no access lines at level info");
	is_int(proc_stop(web, MS), 0, "stops");
	return done();
}
