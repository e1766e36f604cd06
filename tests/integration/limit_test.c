/* RATE_LIMIT at the api, directly and behind the router. Nothing here asks for a store. */
#include "harness/httpc.h"
#include "harness/stores.h"
#include "harness/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASK_MS 60000

static struct proc *api, *router;
static int api_port, router_port;

static struct proc *start(const char *name, int *port, const char *const more[])
{
	char text[2][32];
	snprintf(text[0], sizeof *text, "PORT=%d", *port = free_port());
	snprintf(text[1], sizeof *text, "ADMIN_PORT=%d", free_port());
	const char *own[] = {text[0], text[1], "LOG_LEVEL=error", NULL};
	const char **env = env_join(own, more, NULL);
	const char *argv[] = {proc_bin(name), NULL};
	struct proc *p = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	free(env);
	if (!wait_port(*port, ASK_MS))
		bail("no %s: %s", name, proc_log(p));
	return p;
}

/*
 * The statuses of [n] requests with [fields], and of as many with [then], if there is one; the last
 * answer stays in *last. They leave in one piece, and so are one moment to the api.
 */
static void ask(int port, const char *line, const char *fields, const char *then, int n,
		char *statuses, struct httpc_answer *last)
{
	char text[4096];
	struct httpc c;
	size_t at = 0;
	int all = then != NULL ? 2 * n : n;
	*last = (struct httpc_answer){0};
	*statuses = '\0';
	for (int i = 0; i < all; i++)
		at += (size_t)snprintf(text + at, sizeof text - at,
				       "%s HTTP/1.1\r\nHost: t\r\n%s\r\n", line,
				       i < n ? fields : then);
	if (!httpc_dial(&c, "127.0.0.1", (uint16_t)port, ASK_MS))
		bail("no connection");
	httpc_send(&c, span_of(text, at), ASK_MS);
	for (int i = 0; i < all; i++) {
		httpc_free(last);
		int rc = httpc_read(&c, last, ASK_MS);
		statuses += sprintf(statuses, i == 0 ? "%d" : " %d",
				    rc == HTTPC_OK ? last->status : rc);
	}
	httpc_close(&c);
}

#define FOR "X-Forwarded-For: "

/* At one request a second, so two at once. */
static const struct {
	const char *line, *fields, *then, *statuses, *name;
} rows[] = {
	{"GET /", FOR "1.1.1.1\r\n", NULL, "200 200 429", "the third at once is refused"},
	{"GET /", FOR "1.1.1.2\r\n", NULL, "200 200 429", "another client has its own two"},
	{"GET /", FOR "1.1.1.1, 1.1.1.3\r\n", FOR "1.1.1.1, 1.1.1.3, 10.0.0.1\r\n",
	 "200 200 429 429 429 429", "nobody hides behind a claim, nor do proxies of ours"},
	{"GET /", FOR "1.1.1.6\r\n", FOR "1.1.1.7\r\n", "200 200 429 200 200 429",
	 "not even on the same connection"},
	{"GET /healthz", FOR "1.1.1.1\r\n", NULL, "200 200 200", "probes are free"},
	{"GET /nowhere", FOR "1.1.1.4\r\n", NULL, "404 404 429", "mistakes are not"},
	{"OPTIONS /values", FOR "1.1.1.5\r\n", NULL, "204 204 429", "nor preflights"},
	{"GET /", FOR "2001:db8::1\r\n", FOR "2001:db8::2:0:0:1\r\n", "200 200 429 429 429 429",
	 "one of IPv6 is its network"},
	{"GET /", FOR "2001:db8:0:1::1\r\n", NULL, "200 200 429", "and no other"},
	{"GET /", "", FOR "127.0.0.1\r\n", "200 200 429 429 429 429",
	 "a private peer that names nobody, or itself"},
};

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char statuses[64];
		struct httpc_answer last;
		ask(api_port, rows[i].line, rows[i].fields, rows[i].then, 3, statuses, &last);
		is_str(statuses, rows[i].statuses, "%s", rows[i].name);
		httpc_free(&last);
	}
}

static void test_answer(void)
{
	char statuses[64];
	struct httpc_answer a;
	ask(api_port, "GET /", FOR "1.1.2.1\r\n", NULL, 3, statuses, &a);
	is_span(a.body, SPAN("You ask too often; please try again."), "a sentence");
	is_span(httpc_field(&a, "Retry-After"), SPAN("1"), "and when to try again");
	is_span(httpc_field(&a, "Access-Control-Allow-Origin"), SPAN("*"), "to any page");
	httpc_free(&a);
	ask(api_port, "GET /", FOR "1.1.2.2\r\nAccept: application/problem+json, */*\r\n", NULL, 3,
	    statuses, &a);
	is_span(httpc_field(&a, "Content-Type"), SPAN("application/problem+json"), "a problem");
	is_span(a.body,
		SPAN("{\"title\":\"Too Many Requests\",\"status\":429,\"detail\":\"You ask too "
		     "often; please try again.\"}"),
		"in its words");
	httpc_free(&a);
	long long end = now_ms() + ASK_MS;
	do {
		ask(api_port, "GET /", FOR "1.1.2.1\r\n", NULL, 1, statuses, &a);
		httpc_free(&a);
		tick();
	} while (strcmp(statuses, "429") == 0 && now_ms() < end);
	is_str(statuses, "200", "it is let in again");
}

/*
 * The router believes a private peer, which this test is, and puts its address behind. It hands on
 * one after the other, which may take its time.
 */
static void test_router(void)
{
	char statuses[64];
	struct httpc_answer a;
	ask(router_port, "GET /api/", FOR "1.1.3.1\r\n", NULL, 10, statuses, &a);
	ok(strncmp(statuses, "200 200 ", 8) == 0 && strstr(statuses, "429") != NULL,
	   "behind the router: %s", statuses);
	httpc_free(&a);
	ask(router_port, "GET /api/", FOR "1.1.3.2\r\n", NULL, 2, statuses, &a);
	is_str(statuses, "200 200", "clients are told apart");
	httpc_free(&a);
}

static void test_off(void)
{
	const char *const none[] = {
		"PGHOST=127.0.0.1", "PGPORT=1", "PGUSER=u", "REDIS_HOST=127.0.0.1",
		"REDIS_PORT=1",     "CORS=off", NULL};
	char statuses[256];
	struct httpc_answer a;
	int port;
	struct proc *p = start("api", &port, none);
	ask(port, "GET /", "", NULL, 40, statuses, &a);
	ok(strstr(statuses, "429") == NULL, "without RATE_LIMIT there is none");
	ok(httpc_field(&a, "X-Content-Type-Options").n > 0 &&
		   httpc_field(&a, "Access-Control-Allow-Origin").p == NULL,
	   "and without CORS no word of other origins");
	httpc_free(&a);
	is_int(proc_stop(p, ASK_MS), 0, "it ends with 0");
	proc_free(p);
}

int main(void)
{
	const char *const limited[] = {
		"PGHOST=127.0.0.1", "PGPORT=1",     "PGUSER=u", "REDIS_HOST=127.0.0.1",
		"REDIS_PORT=1",     "RATE_LIMIT=1", NULL};
	char api_text[32];
	api = start("api", &api_port, limited);
	snprintf(api_text, sizeof api_text, "API_PORT=%d", api_port);
	const char *const before[] = {"API_HOST=127.0.0.1", "WEB_HOST=127.0.0.1", api_text, NULL};
	router = start("router", &router_port, before);
	test_rows();
	test_answer();
	test_router();
	test_off();
	is_int(proc_stop(router, ASK_MS), 0, "the router ends with 0");
	is_int(proc_stop(api, ASK_MS), 0, "the api ends with 0");
	proc_free(router);
	proc_free(api);
	return done();
}
