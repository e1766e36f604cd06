/* Assets of every size around the limit of copying, over a real connection. */
#include "drivers/http_assets.h"
#include "harness/httpc.h"
#include "harness/tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MS 60000
#define COUNT(a) (sizeof(a) / sizeof *(a))
#define FIELDS SPAN("X-Of: all\r\n")

static uint8_t bytes[1 << 20];
static uint8_t heads[8192];

static struct http_asset assets[] = {
	{.path = SPAN("/empty.txt"), .bytes = {bytes, 0}},
	{.path = SPAN("/copied.bin"), .bytes = {bytes, HTTP_COPY_MAX}},
	{.path = SPAN("/borrowed.wasm"), .bytes = {bytes, HTTP_COPY_MAX + 1}},
	{.path = SPAN("/big"), .bytes = {bytes, sizeof bytes}, .type = SPAN("a/b")},
	{.path = SPAN("/kept.js"), .bytes = {bytes, 7}, .cache = SPAN("max-age=9")},
};

static void on_request(struct http_exchange *x)
{
	const struct http_asset *a = http_assets_find(assets, COUNT(assets), x->head->path);
	if (a != NULL)
		http_asset_answer(x, a);
	else
		http_answer(x, 404, SPAN("text/plain"), SPAN("none\n"));
}

static const struct http_handler handler = {.request = on_request};

/* The server, in a process of its own; the port comes over [to]. */
static _Noreturn void serve(int to)
{
	static struct net_loop loop;
	static struct http_server server;
	ends_within(300);
	if (net_loop_open(&loop) < 0 ||
	    http_server_open(&server, &loop, &handler, &http_server_defaults, "127.0.0.1", 0,
			     NET_LISTEN_DEFER) < 0)
		_exit(1);
	if (write(to, &server.listener.port, sizeof server.listener.port) < 0)
		_exit(1);
	net_loop_run(&loop);
	_exit(0);
}

static void test_heads(void)
{
	struct http_asset a = assets[4];
	struct out all = out_init(heads, sizeof heads);
	http_asset_init(&a, FIELDS, &all);
	ok(!all.over && all.n <= 2 * (HTTP_ASSET_ROOM + FIELDS.n), "%zu bytes of heads", all.n);
	for (size_t cap = 0; cap < all.n; cap++) {
		struct out o = out_init(heads, cap);
		http_asset_init(&a, FIELDS, &o);
		check(o.over, "over with %zu bytes", cap);
	}
	ok(http_assets_find(assets, COUNT(assets), SPAN("/kept.j")) == NULL, "a part of a name");
	ok(http_assets_find(assets, COUNT(assets), SPAN("")) == NULL, "no name");
}

static void send_request(struct httpc *c, const char *method, size_t i, const char *fields)
{
	char text[256];
	snprintf(text, sizeof text, "%s %.*s HTTP/1.1\r\nHost: t\r\n%s\r\n", method,
		 (int)assets[i].path.n, (const char *)assets[i].path.p, fields);
	httpc_send(c, span_str(text), MS);
}

static bool check_whole(struct httpc *c, size_t i)
{
	struct httpc_answer a;
	bool held = check(httpc_read(c, &a, MS) == HTTPC_OK, "an answer");
	held &= check(a.status == 200 && span_eq(a.body, assets[i].bytes), "whole");
	held &= check(span_eq(httpc_field(&a, "X-Of"), SPAN("all")), "with the fields of all");
	held &= check(span_eq(httpc_field(&a, "Cache-Control"), assets[i].cache), "Cache-Control");
	httpc_free(&a);
	return held;
}

static void test_asset(uint16_t port, size_t i)
{
	struct httpc c;
	struct httpc_answer a;
	bool held = check(httpc_dial(&c, "127.0.0.1", port, MS), "connected");
	for (int n = 0; n < 5; n++)
		send_request(&c, "GET", i, "");
	for (int n = 0; n < 5; n++)
		held &= check_whole(&c, i);
	send_request(&c, "HEAD", i, "");
	send_request(&c, "GET", i, "If-None-Match: *\r\n");
	send_request(&c, "GET", i, "Connection: close\r\n");
	held &= check(httpc_read_head(&c, &a, MS) == HTTPC_OK && a.status == 200, "HEAD");
	httpc_free(&a);
	held &= check(httpc_read(&c, &a, MS) == HTTPC_OK && a.status == 304, "304");
	httpc_free(&a);
	held &= check_whole(&c, i);
	held &= check(httpc_read(&c, &a, MS) == HTTPC_CLOSED, "then closed");
	httpc_free(&a);
	httpc_close(&c);
	ok(held, "%.*s, %zu bytes", (int)assets[i].path.n, (const char *)assets[i].path.p,
	   assets[i].bytes.n);
}

static void test_types(uint16_t port)
{
	static const char *const types[] = {"text/plain; charset=utf-8", "application/octet-stream",
					    "application/wasm", "a/b",
					    "text/javascript; charset=utf-8"};
	struct httpc c;
	struct httpc_answer a;
	httpc_dial(&c, "127.0.0.1", port, MS);
	for (size_t i = 0; i < COUNT(types); i++) {
		send_request(&c, "HEAD", i, "");
		httpc_read_head(&c, &a, MS);
		is_span(httpc_field(&a, "Content-Type"), span_str(types[i]), "type of asset %zu",
			i);
		httpc_free(&a);
	}
	httpc_close(&c);
}

int main(void)
{
	int ends[2];
	uint16_t port = 0;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	test_heads();
	struct out o = out_init(heads, sizeof heads);
	for (size_t i = 0; i < COUNT(assets); i++)
		http_asset_init(&assets[i], FIELDS, &o);
	for (size_t i = 1; i < COUNT(assets); i++)
		ok(memcmp(assets[i - 1].etag, assets[i].etag, HTTP_ETAG_SIZE) != 0,
		   "a tag of its own: %.*s", HTTP_ETAG_SIZE, (const char *)assets[i].etag);
	ok(memcmp(assets[0].etag, "\"cbf29ce484222325\"", HTTP_ETAG_SIZE) == 0,
	   "FNV-1a of no bytes is its offset basis");
	if (pipe(ends) != 0)
		bail("no pipe");
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		serve(ends[1]);
	if (read(ends[0], &port, sizeof port) != sizeof port)
		bail("no server");
	for (size_t i = 0; i < COUNT(assets); i++)
		test_asset(port, i);
	test_types(port);
	ok(waitpid(pid, NULL, WNOHANG) == 0, "the server still runs");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return done();
}
