#include "unit/http_server_run.h"

/* Answers in parts: back-pressure, the room that is told, and those that never become whole. */

static uint8_t pattern[1 << 20];

static void on_gone(struct http_exchange *x)
{
	(void)x;
	note("gone;");
}

static struct http_exchange *stream;
static size_t streamed, piece_size;
static unsigned writables;

static void pump(struct http_exchange *x)
{
	while (streamed < sizeof pattern) {
		size_t n = sizeof pattern - streamed;
		n = n < piece_size ? n : piece_size;
		if (!http_send(x, span_of(pattern + streamed, n))) {
			http_want_writable(x);
			return;
		}
		streamed += n;
	}
	http_end(x);
}

static void on_stream(struct http_exchange *x)
{
	struct out o = http_open(x, 200, 64);
	int fd = http_conn_of(x)->net.src.fd, few = 4096;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &few, sizeof few);
	streamed = 0;
	writables = 0;
	http_begin(x, &o, span_eq(x->head->path, SPAN("/sized")) ? sizeof pattern : HTTP_STREAMED);
	pump(x);
}

static void on_writable(struct http_exchange *x)
{
	writables++;
	pump(x);
}

static void test_back_pressure(const char *request, const char *want)
{
	handler = (struct http_handler){.request = on_stream, .writable = on_writable};
	lim.out = 20000;
	for (piece_size = 700; piece_size < 30000; piece_size *= 5) {
		open_server();
		struct client c = dial_with(8192);
		say(&c, span_str(request));
		run_for(20);
		ok(streamed < sizeof pattern && newest()->net.out.cap <= 65536,
		   "pieces of %zu: the stream waits for the client at %zu", piece_size, streamed);
		stays_calm();
		hears(&c, want, "and comes whole");
		ok(writables > 2, "asked %u times", writables);
		close_client(&c);
		close_server();
	}
	reset_limits();
}

static size_t filled;

/* As much as fits, to the byte, and the end must fit still. */
static void on_request_fill(struct http_exchange *x)
{
	struct out o = http_open(x, 200, 64);
	http_begin(x, &o, HTTP_STREAMED);
	for (size_t n = http_room(x); n > 0; n = http_room(x)) {
		check(!http_send(x, span_of(pattern, n + 1000)), "more than the room does not fit");
		size_t part = filled == 0 && n > 100 ? n - 100 : n;
		check(http_send(x, span_of(pattern + filled, part)), "what the room says fits");
		filled += part;
	}
	http_end(x);
}

static void test_room(void)
{
	handler = (struct http_handler){.request = on_request_fill};
	int failed = failures();
	for (lim.out = 700; lim.out < 70000; lim.out += lim.out < 1000 ? 1 : 6971) {
		open_server();
		struct client c = dial();
		char want[64];
		filled = 0;
		say(&c, SPAN(GET("/")));
		UNTIL(filled > 0);
		snprintf(want, sizeof want, "200 chunked #%zu;", filled);
		check(heard(&c, want), "out %u: heard %s, not %s", lim.out, transcript(&c), want);
		close_client(&c);
		close_server();
	}
	ok(failures() == failed, "the room that is told can be used to the last byte");
	reset_limits();
}

/* An answer that ends early is seen as such, in each framing. */
static void on_half(struct http_exchange *x)
{
	struct out o = http_open(x, 200, 64);
	http_begin(x, &o, span_eq(x->head->path, SPAN("/sized")) ? 9 : HTTP_STREAMED);
	http_send(x, SPAN("half"));
	stream = x;
}

static void test_abort(const char *name, const char *request, const char *want)
{
	handler = (struct http_handler){.request = on_half, .gone = on_gone};
	open_server();
	struct client c = dial();
	say(&c, span_str(request));
	UNTIL((hear(&c), c.n > 0));
	http_abort(stream);
	hears(&c, want, name);
	is_str(noted, "", "and nobody is told gone");
	close_client(&c);
	close_server();
}

/* What can't be sent is not sent in part, and the exchange is over. */
static void on_impossible(struct http_exchange *x)
{
	struct span path = x->head->path;
	struct out o = http_open(x, 200, 64);
	if (span_eq(path, SPAN("/split")))
		http_put_field(&o, SPAN("A"), SPAN("b\r\nc"));
	else if (span_eq(path, SPAN("/long")))
		http_put_field(&o, SPAN("A"), span_of(pattern, lim.out));
	if (!span_eq(path, SPAN("/big"))) {
		http_begin(x, &o, 0);
		check(x->answered, "an impossible head ends the exchange");
		return;
	}
	http_answer(x, 200, SPAN_NONE, span_of(pattern, 2 * lim.out));
	check(x->answered, "an impossible body ends the exchange");
}

static void test_impossible(void)
{
	lim.out = 1000;
	handler = (struct http_handler){.request = on_impossible, .gone = on_gone};
	open_server();
	asks(SPAN(GET("/split")), "eof", "a field that would be two");
	asks(SPAN(GET("/long")), "eof", "a head without room");
	asks(SPAN(GET("/big")), "eof", "a body without room");
	is_str(noted, "", "nobody is told gone");
	close_server();
	reset_limits();
}

/* The wish to write ends with the exchange that had it. */
static void on_wish(struct http_exchange *x)
{
	stream = x;
	if (!span_eq(x->head->path, SPAN("/a")))
		return;
	struct out o = http_open(x, 200, 64);
	http_begin(x, &o, HTTP_STREAMED);
	http_want_writable(x);
	http_end(x);
}

static void count_writable(struct http_exchange *x)
{
	(void)x;
	note("writable;");
}

static void test_wish(void)
{
	handler = (struct http_handler){.request = on_wish, .writable = count_writable};
	open_server();
	struct client c = dial();
	say(&c, SPAN(GET("/a") GET("/b")));
	hears(&c, "200 chunked;", "the first of two is answered");
	is_str(noted, "", "the second did not ask to be told of room");
	http_want_writable(stream);
	UNTIL(noted[0] != '\0');
	stays_calm();
	is_str(noted, "writable;", "told once when it does");
	http_answer(stream, 200, SPAN_NONE, SPAN("b"));
	hears(&c, "200 chunked;200 b;", "and answers");
	close_client(&c);
	close_server();
}

int main(void)
{
	fill_stream(pattern, sizeof pattern, 0);
	reset_limits();
	test_back_pressure(GET("/"), "200 chunked #1048576;");
	test_back_pressure(GET("/sized"), "200 #1048576;");
	test_back_pressure("GET / HTTP/1.0\r\n\r\n", "200 close open #1048576;eof");
	test_room();
	test_abort("aborted in chunks", GET("/"), "cut;eof");
	test_abort("aborted with a length", GET("/sized"), "cut;eof");
	test_abort("aborted in 1.0", "GET / HTTP/1.0\r\n\r\n", "cut;reset");
	test_impossible();
	test_wish();
	return done();
}
