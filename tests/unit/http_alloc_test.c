/*
 * No allocation per request: the linker gives this program every call of malloc and its kin first
 * (--wrap, see the Makefile), and none may come once the buffers of the pool are there.
 */
#include "drivers/http_routes.h"
#include "unit/http_server_run.h"

#define REQUESTS 2000

static unsigned long allocations;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_malloc(size_t n)
{
	allocations++;
	return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	allocations++;
	return __real_realloc(p, n);
}

static void say_hello(struct http_exchange *x, const struct http_match *m)
{
	(void)m;
	http_answer(x, 200, SPAN("text/plain"), SPAN("hello"));
}

static void echo_body(struct http_exchange *x, const struct http_match *m);

static const struct http_route routes[] = {
	{HTTP_GET, "/", say_hello},
	{HTTP_GET, "/values/{n}", say_hello},
	{HTTP_POST, "/values", echo_body},
};

static void echo_body(struct http_exchange *x, const struct http_match *m)
{
	(void)m;
	http_answer(x, 200, SPAN("text/plain"), x->body);
}

static void on_request(struct http_exchange *x)
{
	http_routes_request(x, routes, COUNT(routes));
}

static const struct {
	struct span bytes;
	const char *name;
} rows[] = {
	{SPAN(GET("/")), "GET"},
	{SPAN(GET("/values/5")), "GET of a pattern"},
	{SPAN("POST /values HTTP/1.1\r\nHost: t\r\nContent-Length: 11\r\n\r\n{\"index\":5}"),
	 "POST"},
	{SPAN(GET("/nowhere")), "404"},
	{SPAN(GET("/") GET("/values/1") GET("/") GET("/")), "four pipelined"},
};

static void exchange(struct client *c, struct span bytes)
{
	char answer[4096];
	say(c, bytes);
	while (recv(c->fd, answer, sizeof answer, MSG_DONTWAIT) <= 0)
		one_turn();
}

int main(void)
{
	reset_limits();
	handler = (struct http_handler){.request = on_request};
	open_server();
	struct client c = dial();
	for (size_t i = 0; i < COUNT(rows); i++) {
		exchange(&c, rows[i].bytes);
		unsigned long before = allocations;
		for (unsigned n = 0; n < REQUESTS; n++)
			exchange(&c, rows[i].bytes);
		is_int((long long)(allocations - before), 0, "%s: %d requests allocate nothing",
		       rows[i].name, REQUESTS);
	}
	ok(allocations > 0, "and the count does count: %lu before", allocations);
	close_client(&c);
	close_server();
	return done();
}
