/* Status line and Date are kept from one answer to the next: each must still have its own. */
#include "unit/http_server_run.h"

/* "/404": that status, with itself as the body. */
static void on_request(struct http_exchange *x)
{
	uint64_t status = 0;
	struct span text = span_tail(x->head->path, 1);
	check(dec_u64(text, &status), "a path that is a number");
	http_answer(x, (unsigned)status, SPAN("text/plain"), text);
}

static void test_mixed(void)
{
	asks(SPAN(GET("/200") GET("/200") GET("/404") GET("/200") GET("/299") GET("/404")),
	     "200 200;200 200;404 404;200 200;299 299;404 404;", "statuses in turn");
	asks(SPAN(GET("/200") GET("/204") GET("/304") GET("/511") GET("/431")),
	     "200 200;204;304;511 511;431 431;", "those without body, and long phrases");
}

/* What is no status can't be sent, whatever the answer before it left behind. */
static void test_invalid(void)
{
	static const char *const paths[] = {"/0", "/99", "/1000", "/65736"};
	for (size_t i = 0; i < COUNT(paths); i++) {
		char request[64];
		int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: t\r\n\r\n",
				 paths[i]);
		asks(SPAN(GET("/200")), "200 200;", "an answer before");
		asks(span_of(request, (size_t)n), "eof", "no answer with such a status");
		asks(SPAN(GET("/200")), "200 200;", "an answer after");
	}
}

/* As if an hour had passed: transcripts call an answer "undated" when its Date is not now. */
static void test_date(void)
{
	asks(SPAN(GET("/200")), "200 200;", "a Date");
	server.date_second -= 3600;
	http_put_date(server.date, server.date_second);
	memset(server.opening, 'x', server.opening_n);
	server.date_looked = 0;
	asks(SPAN(GET("/200")), "200 200;", "a Date of the next second");
}

int main(void)
{
	reset_limits();
	handler.request = on_request;
	open_server();
	test_mixed();
	test_invalid();
	test_date();
	close_server();
	return done();
}
