/* Which request goes to which row, and what the others are told. */
#include "drivers/http_routes.h"
#include "harness/tap.h"

#include <stdio.h>
#include <string.h>

static void nothing(struct http_exchange *x, const struct http_match *m)
{
	(void)x;
	(void)m;
}

static const struct http_route routes[] = {
	{HTTP_GET, "/", nothing},           {HTTP_GET, "/values/all", nothing},
	{HTTP_GET, "/values/{n}", nothing}, {HTTP_DELETE, "/values/{n}", nothing},
	{HTTP_POST, "/values", nothing},    {HTTP_PUT, "/a/{x}/b/{y}/", nothing},
};
#define COUNT (sizeof routes / sizeof *routes)

/* want: the row's pattern and the values, or the outcome and Allow. */
static const struct {
	const char *method, *target, *want;
} rows[] = {
	{"GET", "/", "/"},
	{"HEAD", "/", "/"},
	{"GET", "/values/all", "/values/all"},
	{"GET", "/values/5", "/values/{n} 5"},
	{"GET", "/values/5?x=/y", "/values/{n} 5"},
	{"GET", "/values/a%20b", "/values/{n} a b"},
	{"GET", "http://h/values/7", "/values/{n} 7"},
	{"DELETE", "/values/5", "/values/{n} 5"},
	{"DELETE", "/values/all", "/values/{n} all"},
	{"PUT", "/a/1/b/2/", "/a/{x}/b/{y}/ 1 2"},
	{"PUT", "/a/1/b/2", "no path"},
	{"PUT", "/a//b/2/", "no path"},
	{"GET", "/values/", "no path"},
	{"GET", "/values/5/", "no path"},
	{"GET", "/value", "no path"},
	{"GET", "/valuesx", "no path"},
	{"GET", "//", "no path"},
	{"GET", "/values", "no method POST, OPTIONS"},
	{"POST", "/values/5", "no method GET, HEAD, DELETE, OPTIONS"},
	{"POST", "/values/all", "no method GET, HEAD, DELETE, OPTIONS"},
	{"OPTIONS", "/values", "options POST, OPTIONS"},
	{"OPTIONS", "/nowhere", "no path"},
	{"OPTIONS", "*", "options GET, HEAD, POST, PUT, DELETE, OPTIONS"},
	{"BREW", "/", "not known"},
	{"CONNECT", "h:80", "not known"},
	{"GET", "/%2e%2e/values/5", "bad path"},
	{"GET", "/values/%00", "bad path"},
	{"GET", "/values/a%2fb", "bad path"},
};

static void describe(enum http_found found, const struct http_match *m, struct out *o)
{
	static const char *const words[] = {"",           "bad path", "no path",
					    "no method ", "options ", "not known"};
	out_str(o, words[found]);
	if (found == HTTP_ROUTE_NO_METHOD || found == HTTP_ROUTE_OPTIONS)
		out_span(o, m->allow);
	if (found != HTTP_ROUTE_FOUND)
		return;
	out_str(o, m->route->pattern);
	for (size_t i = 0; i < HTTP_ROUTE_VALUES && m->value[i].p != NULL; i++) {
		out_byte(o, ' ');
		out_span(o, m->value[i]);
	}
}

static void test_row(size_t i)
{
	static struct http_head head;
	struct http_match m = {0};
	char request[256];
	uint8_t buf[256];
	struct out got = out_init(buf, sizeof buf);
	int n = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: h\r\n\r\n",
			 rows[i].method, rows[i].target);
	if (http_read_request(span_of(request, (size_t)n), &http_default_limits, &head) <= 0)
		bail("%s is no request", rows[i].target);
	struct http_exchange x = {.head = &head, .method = head.method};
	describe(http_route_find(&x, routes, COUNT, &m), &m, &got);
	is_span(out_span_of(&got), span_str(rows[i].want), "%s %s", rows[i].method, rows[i].target);
}

static void test_long_path(void)
{
	static struct http_head head;
	static char request[2000];
	struct http_match m = {0};
	memset(request, 'a', sizeof request);
	memcpy(request, "GET /", 5);
	memcpy(request + 1100, " HTTP/1.1\r\nHost: h\r\n\r\n", 22);
	if (http_read_request(span_of(request, 1122), &http_default_limits, &head) <= 0)
		bail("no request");
	struct http_exchange x = {.head = &head, .method = head.method};
	is_int(http_route_find(&x, routes, COUNT, &m), HTTP_ROUTE_NO_PATH,
	       "a path longer than HTTP_ROUTE_PATH is nowhere");
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		test_row(i);
	test_long_path();
	return done();
}
