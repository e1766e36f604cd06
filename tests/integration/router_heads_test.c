/* What the router changes in heads, and what it answers by its own table and limits. */
#include "integration/router_rig.h"

/* The answer to one exchange whose upstream says [answer]; the caller frees it. */
static struct httpc_answer answer_of(struct rig *r, struct up *u, const char *request,
				     const char *answer)
{
	struct httpc c = rig_ask(r, request);
	struct httpc_answer a;
	up_heard(u);
	up_say(u, answer);
	is_int(httpc_read(&c, &a, SOON), HTTPC_OK, "an answer");
	httpc_close(&c);
	return a;
}

/* In the values, API and WEB stand for the ports of the two upstreams. */
static void put_ports(const struct rig *r, const char *from, char *to)
{
	while (*from != '\0') {
		bool api = strncmp(from, "API", 3) == 0, web = strncmp(from, "WEB", 3) == 0;
		to += api || web ? sprintf(to, "%d", api ? r->api.port : r->web.port) : 1;
		if (!api && !web)
			to[-1] = *from;
		from += api || web ? 3 : 1;
	}
	*to = '\0';
}

static void references(struct rig *r)
{
	static const struct {
		const char *field, *value, *api, *web; /* what becomes of it on either route */
	} rows[] = {
		{"Location", "http://127.0.0.1:API/x?y#z", "/api/x?y#z", NULL},
		{"location", "HTTP://127.0.0.1:API", "/api/", NULL},
		{"Location", "http://127.0.0.1:API?q", "/api/?q", NULL},
		{"Location", "http://127.0.0.1:API//evil.example", "/api//evil.example", NULL},
		{"Location", "http://127.0.0.1:WEB/x", NULL, "/x"},
		{"Location", "http://127.0.0.1:WEB//evil.example", NULL, "/.//evil.example"},
		{"Location", "http://127.0.0.1:WEB0/x", NULL, NULL},
		{"Location", "http://example.org/x", NULL, NULL},
		{"Location", "https://127.0.0.1:API/x", NULL, NULL},
		{"Location", "/x/y?z", "/api/x/y?z", NULL},
		{"Location", "//example.org/x", NULL, NULL},
		{"Location", "x", NULL, NULL},
		{"Location", "", NULL, NULL},
		{"Content-Location", "/x", "/api/x", NULL},
		{"Content-Location", "http://127.0.0.1:API/x", "/api/x", NULL},
		{"Location-Of", "/x", NULL, NULL},
		{"Set-Cookie", "a=b; Domain=127.0.0.1; Path=/", "a=b; Path=/", "a=b; Path=/"},
		{"Set-Cookie", "a=b;domain = .127.0.0.1", "a=b", "a=b"},
		{"Set-Cookie", "Domain=127.0.0.1; Secure", NULL, NULL},
		{"Set-Cookie", "a=b; Domain=example.org; Path=/x", NULL, NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (int web = 0; web < 2; web++) {
			char value[128], answer[256], want[128];
			const char *to = web ? rows[i].web : rows[i].api;
			put_ports(r, rows[i].value, value);
			put_ports(r, to == NULL ? rows[i].value : to, want);
			snprintf(answer, sizeof answer,
				 "HTTP/1.1 302 Found\r\n%s: %s\r\nContent-Length: 0\r\n\r\n",
				 rows[i].field, value);
			struct httpc_answer a = answer_of(
				r, web ? &r->web : &r->api,
				web ? "GET / HTTP/1.1\r\nHost: t\r\n\r\n" : GET_API, answer);
			is_span(httpc_field(&a, rows[i].field), span_str(want), "%s: %s on %s",
				rows[i].field, rows[i].value, web ? "/" : "/api");
			httpc_free(&a);
		}
	}
}

static void via(struct rig *r)
{
	struct httpc c = rig_ask(
		r, "GET /api/ HTTP/1.0\r\nVia: 1.1 outer\r\nConnection: keep-alive\r\n\r\n");
	ok(strstr(up_heard(&r->api), "\r\nVia: 1.1 outer\r\n") != NULL, "Via so far stays");
	up_say(&r->api, "HTTP/1.1 200 OK\r\nVia: 1.1 inner.example\r\nContent-Length: 0\r\n\r\n");
	struct httpc_answer a;
	is_int(httpc_read(&c, &a, SOON), HTTPC_OK, "an answer");
	is_span(httpc_field(&a, "Via"), SPAN(""), "names behind the router do not leave");
	httpc_free(&a);
	httpc_close(&c);
	struct rig named = rig_start((const char *const[]){"VIA=edge", NULL});
	c = rig_ask(&named, "GET /api/ HTTP/1.0\r\nVia: 1.1 outer\r\n\r\n");
	ok(strstr(up_heard(&named.api), "\r\nVia: 1.0 edge\r\n") != NULL, "ours behind it");
	up_say(&named.api, "HTTP/1.1 200 OK\r\nVia: 1.1 inner\r\nContent-Length: 0\r\n\r\n");
	is_int(httpc_read(&c, &a, SOON), HTTPC_OK, "an answer");
	is_span(httpc_field(&a, "Via"), SPAN("1.1 edge"), "and ours alone on the way back");
	httpc_free(&a);
	httpc_close(&c);
	is_int(rig_stop(&named), 0, "orderly end");
}

static void interim(struct rig *r)
{
	static const char hints[] = "HTTP/1.1 102 Processing\r\n\r\n"
				    "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n"
				    "Server: inner\r\nLocation: /x\r\n\r\n" HELLO;
	struct httpc c = rig_ask(r, GET_API);
	struct httpc_answer a;
	up_heard(&r->api);
	up_say(&r->api, hints);
	is_int(status_of(&c), 102, "102 is passed on");
	is_int(httpc_read(&c, &a, SOON), HTTPC_OK, "and 103");
	is_span(a.head,
		SPAN("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n"
		     "Location: /api/x\r\n\r\n"),
		"with its fields");
	httpc_free(&a);
	is_int(status_of(&c), 200, "before the answer");
	httpc_close(&c);
	a = answer_of(r, &r->api, "GET /api/ HTTP/1.0\r\n\r\n", hints);
	is_int(a.status, 200, "but not to a 1.0 client");
	httpc_free(&a);
}

static void traces(struct rig *r)
{
	static const struct {
		const char *field, *id;
	} rows[] = {
		{"X-Amzn-Trace-Id: Self=1-2-3;Root=1-67891233-abcdef012345678912345678;Sampled=1",
		 "Root=1-67891233-abcdef012345678912345678;Sampled=1"},
		{"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		 "trace=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char request[256];
		snprintf(request, sizeof request,
			 "GET /api/ HTTP/1.1\r\nHost: t\r\n%s\r\nConnection: close\r\n\r\n",
			 rows[i].field);
		struct httpc c = rig_ask(r, request);
		ok(strstr(up_heard(&r->api), rows[i].field) != NULL, "%s goes on", rows[i].field);
		up_say(&r->api, HELLO);
		is_int(status_of(&c), 200, "answered");
		ok(proc_wait_log(r->router, rows[i].id, SOON), "and is in the log");
		httpc_close(&c);
	}
}

static void max_forwards(struct rig *r)
{
	struct httpc c = rig_ask(r, "OPTIONS /api/ HTTP/1.1\r\nHost: t\r\nMax-Forwards: 0\r\n\r\n");
	struct httpc_answer a;
	is_int(httpc_read(&c, &a, SOON), HTTPC_OK, "Max-Forwards: 0");
	is_int(a.status, 200, "is answered by the router");
	ok(httpc_field(&a, "Allow").n > 0, "with what it allows");
	httpc_free(&a);
	tell(&c, "OPTIONS /api/ HTTP/1.1\r\nHost: t\r\nMax-Forwards: 10\r\n\r\n");
	ok(strstr(up_heard(&r->api), "\r\nMax-Forwards: 9\r\n") != NULL, "others go on, less one");
	up_say(&r->api, HELLO);
	is_int(status_of(&c), 200, "and are answered");
	tell(&c, "GET /api/ HTTP/1.1\r\nHost: t\r\nMax-Forwards: 0\r\n\r\n");
	ok(strstr(up_heard(&r->api), "\r\nMax-Forwards: 0\r\n") != NULL, "to GET it means nothing");
	up_say(&r->api, HELLO);
	is_int(status_of(&c), 200, "answered");
	httpc_close(&c);
}

#define POST "POST /a HTTP/1.1\r\nHost: t\r\n"

/* The table of routes, and the limit of a body, of each route its own. */
static void routes(void)
{
	struct rig r = rig_start_routes(
		"/a=http://127.0.0.1:%d body=5; /a/b=http://127.0.0.1:%d strip body=0", NULL);
	struct httpc c = rig_ask(&r, "GET /ab HTTP/1.1\r\nHost: t\r\n\r\n");
	is_int(status_of(&c), 404, "no route: 404");
	tell(&c, "GET /a/b HTTP/1.1\r\nHost: t\r\n\r\n");
	ok(strncmp(up_heard(&r.web), "GET / ", 6) == 0, "the longer prefix, stripped");
	up_say(&r.web, HELLO);
	is_int(status_of(&c), 200, "answered");
	tell(&c, "GET /a/x HTTP/1.1\r\nHost: t\r\n\r\n");
	ok(strncmp(up_heard(&r.api), "GET /a/x ", 9) == 0, "the shorter one, as it is");
	up_say(&r.api, HELLO);
	is_int(status_of(&c), 200, "answered");
	tell(&c, POST "Content-Length: 5\r\n\r\n12345");
	char body[32];
	up_heard(&r.api);
	up_take(&r.api, body, 5);
	up_say(&r.api, HELLO);
	is_int(status_of(&c), 200, "a body of 5 bytes");
	tell(&c, POST "Content-Length: 6\r\nExpect: 100-continue\r\n\r\n");
	is_int(status_of(&c), 413, "6 are too many, before they come");
	httpc_close(&c);
	ok(!up_wait(&r.api, QUIET), "and before anybody is asked");
	c = rig_ask(&r, POST "Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n");
	up_heard(&r.api);
	up_take(&r.api, body, 10);
	is_str(body, "5\r\n12345\r\n", "5 in chunks");
	tell(&c, "1\r\n6\r\n");
	is_int(status_of(&c), 413, "the 6th is too much");
	ok(up_closed(&r.api, SOON), "and the upstream sees no end of them");
	httpc_close(&c);
	c = rig_ask(&r, POST "Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n");
	up_heard(&r.api);
	up_say(&r.api, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1");
	char head[512];
	is_int(httpc_take(&c, head, 8, SOON), 8, "an answer has begun");
	tell(&c, "1\r\n6\r\n");
	long n;
	do
		n = httpc_take(&c, head, sizeof head, SOON);
	while (n > 0);
	is_int(n, HTTPC_CLOSED, "then too much ends it early");
	httpc_close(&c);
	ok(proc_wait_log(r.router, "end=\"body too large\"", SOON), "which the log tells");
	is_int(rig_stop(&r), 0, "orderly end");
}

static void trusted(void)
{
	static const struct {
		const char *list;
		bool believed;
	} rows[] = {
		{"TRUSTED_PROXIES=10.0.0.0/8,127.0.0.0/8", true},
		{"TRUSTED_PROXIES=10.0.0.0/8,::1", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct rig r = rig_start((const char *const[]){rows[i].list, NULL});
		struct httpc c = rig_ask(&r, "GET /api/ HTTP/1.1\r\nHost: t\r\n"
					     "X-Forwarded-For: 1.2.3.4\r\n\r\n");
		const char *want = rows[i].believed ? "\r\nX-Forwarded-For: 1.2.3.4, 127.0.0.1\r\n"
						    : "\r\nX-Forwarded-For: 127.0.0.1\r\n";
		ok(strstr(up_heard(&r.api), want) != NULL, "%s", rows[i].list);
		up_say(&r.api, HELLO);
		is_int(status_of(&c), 200, "answered");
		httpc_close(&c);
		is_int(rig_stop(&r), 0, "orderly end");
	}
}

static void configuration(void)
{
	static const struct {
		const char *env[4];
		int status;
		const char *has[2];
	} rows[] = {
		{{NULL},
		 0,
		 {"\nroutes:\n/api  http://api:5000  strip body=10485760 connect=5000ms ",
		  "\n/     http://web:3000  body=10485760 "}},
		{{"WEB_HOST=client", "API_PORT=tcp://1.2.3.4:7", "UPSTREAM_TIMEOUT=1s"},
		 0,
		 {"\n/api  http://api:7        strip body=10485760 connect=1000ms timeout=1000ms",
		  "\n/     http://client:3000  body="}},
		{{"WEB_HOST=::1"}, 0, {"\n/     http://[::1]:3000  body="}},
		{{"ROUTES=/x=http://y:1 timeout=3s"},
		 0,
		 {"\nroutes:\n/x  http://y:1  body=10485760 connect=5000ms timeout=3000ms"}},
		{{"ROUTES=/x=y; z=http://y", "TRUSTED_PROXIES=somebody", "PORT=0"},
		 78,
		 {"ROUTES route \"/x\": \"y\": expected http://HOST[:PORT]",
		  "TRUSTED_PROXIES=\"somebody\": expected none, private, all, or"}},
		{{"WEB_HOST=a/b"}, 78, {"WEB_HOST=\"a/b\": expected a host name or an address\n"}},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *argv[] = {proc_bin("router"), "--check-config", NULL};
		int status = -1;
		char *text = proc_run(&(struct proc_spec){.argv = argv, .env = rows[i].env}, SOON,
				      &status);
		is_int(status, rows[i].status, "--check-config, row %zu", i);
		for (int k = 0; k < 2; k++)
			if (rows[i].has[k] != NULL &&
			    !ok(strstr(text, rows[i].has[k]) != NULL, "with text %d", k))
				diag("%s in %s", rows[i].has[k], text);
		free(text);
	}
}

int main(void)
{
	struct rig r =
		rig_start_routes("/api=http://127.0.0.1:%d strip; /=http://127.0.0.1:%d", NULL);
	references(&r);
	via(&r);
	interim(&r);
	traces(&r);
	max_forwards(&r);
	is_int(rig_stop(&r), 0, "orderly end");
	routes();
	trusted();
	configuration();
	return done();
}
