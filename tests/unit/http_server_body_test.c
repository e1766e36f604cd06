#include "unit/http_server_run.h"

#define BODY_MAX 300
#define LIMIT 100

static uint8_t pattern[10 << 20];

/*
 * An echo, in four ways: bodies that the server collects or that it hands out by pieces, answered
 * at once or by a task. Pieces come behind a hold each, in the ways that hold.
 */
enum way { COLLECTED, COLLECTED_LATE, PIECES, PIECES_LATE, HELD, WAYS };
static const char *const way_names[] = {"collected", "collected, late", "pieces", "pieces, late",
					"pieces, each after a hold"};

static enum way way;

struct echo {
	struct net_task task;
	struct http_exchange *x;
	uint8_t body[BODY_MAX];
	size_t n;
	bool last, held;
};

static void add(struct echo *e, struct span s)
{
	if (!check(e->n + s.n <= sizeof e->body, "%zu bytes of body", e->n + s.n))
		return;
	if (s.n > 0)
		memcpy(e->body + e->n, s.p, s.n);
	e->n += s.n;
}

static void answer_echo(struct echo *e)
{
	struct http_exchange *x = e->x;
	check(x->body_read, "the body has been read");
	http_answer(x, 200, SPAN("text/plain"), span_of(e->body, e->n));
	free(e);
}

static void on_task(struct net_task *t)
{
	struct echo *e = (struct echo *)t;
	e->held = false;
	if (e->last)
		answer_echo(e);
	else
		http_unhold(e->x);
}

static void hold(struct echo *e)
{
	e->held = true;
	http_hold(e->x);
	net_task_put(&loop, &e->task, on_task);
}

static void finish(struct echo *e)
{
	e->last = true;
	if (way == COLLECTED || way == PIECES)
		answer_echo(e);
	else
		net_task_put(&loop, &e->task, on_task);
}

static void on_request(struct http_exchange *x)
{
	struct echo *e = calloc(1, sizeof *e);
	x->user = e;
	e->x = x;
	add(e, x->body);
	check(x->status == 0 && x->head != NULL, "a fresh exchange");
	if (x->body_read)
		finish(e);
	else if (way == HELD)
		hold(e);
}

static void on_body(struct http_exchange *x, struct span piece, bool last)
{
	struct echo *e = x->user;
	check(!e->last && !e->held && x->body_read == last, "a piece in its place");
	check(piece.n > 0 || last, "a piece that is one");
	add(e, piece);
	if (last)
		finish(e);
	else if (way == HELD)
		hold(e);
}

static void on_gone(struct http_exchange *x)
{
	struct echo *e = x->user;
	net_task_drop(&loop, &e->task);
	note("gone;");
	free(e);
}

static void open_echo(enum way w)
{
	way = w;
	lim.body = LIMIT;
	handler = (struct http_handler){.request = on_request, .gone = on_gone};
	if (w >= PIECES)
		handler.body = on_body;
	open_server();
}

#define POST(fields, body) "POST / HTTP/1.1\r\nHost: t\r\n" fields "\r\n" body
#define SIZED(n, body) POST("Content-Length: " #n "\r\n", body)
#define CHUNKED(body) POST("Transfer-Encoding: chunked\r\n", body)

static const struct row {
	const char *name, *say, *want;
} rows[] = {
	{"with a length", SIZED(5, "hello"), "200 hello;"},
	{"of no bytes", SIZED(0, "") GET("/"), "200;200;"},
	{"two of them", SIZED(3, "one") SIZED(3, "two"), "200 one;200 two;"},
	{"and none", SIZED(3, "one") GET("/") SIZED(3, "two"), "200 one;200;200 two;"},
	{"a chunk", CHUNKED("5\r\nhello\r\n0\r\n\r\n"), "200 hello;"},
	{"no chunk", CHUNKED("0\r\n\r\n") SIZED(1, "a"), "200;200 a;"},
	{"chunks", CHUNKED("2\r\nhe\r\n1;x=y\r\nl\r\n02\r\nlo\r\n0\r\n\r\n") SIZED(1, "a"),
	 "200 hello;200 a;"},
	{"chunks and a trailer", CHUNKED("5\r\nhello\r\n000\r\nDigest: x\r\n\r\n") GET("/"),
	 "200 hello;200;"},
	{"a CRLF too many", SIZED(1, "a") "\r\n" SIZED(1, "b"), "200 a;200 b;"},
	{"the last one", POST("Content-Length: 2\r\nConnection: close\r\n", "ab") GET("/"),
	 "200 close ab;eof"},
	{"in 1.0", "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nab", "200 close ab;eof"},
};

static bool run_row(const struct row *r, size_t cut)
{
	char want[128];
	struct client c = dial();
	struct span all = span_str(r->say);
	bool closes = strstr(r->want, "eof") != NULL;
	say(&c, span_head(all, cut));
	one_turn();
	one_turn();
	hear(&c);
	try_say(&c, span_tail(all, cut));
	/* FIN at once: what is complete is answered, also while a hold keeps it from being read. */
	if (!closes)
		half_close(&c);
	snprintf(want, sizeof want, "%s%s", r->want, closes ? "" : "eof");
	bool same = heard(&c, want);
	if (!same)
		diag("cut at %zu: heard %s, not %s", cut, transcript(&c), want);
	close_client(&c);
	return same;
}

static void test_rows(enum way w)
{
	open_echo(w);
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].say), cut = 0;
		while (cut <= n && run_row(&rows[i], cut))
			cut++;
		ok(cut > n, "a body %s, %s", rows[i].name, way_names[w]);
	}
	is_str(noted, "", "nobody is told gone");
	close_server();
}

/* Expect: 100 is said when the server waits for the body, and only then. */
static void test_expect(enum way w)
{
	static const char head[] = POST("Expect: 100-continue\r\nContent-Length: 5\r\n", "");
	size_t n = sizeof head - 1;
	int failed = failures();
	open_echo(w);
	for (size_t cut = 1; cut <= n + 5; cut++) {
		struct client c = dial();
		char all[sizeof head + 5];
		snprintf(all, sizeof all, "%shello", head);
		say(&c, span_of(all, cut));
		UNTIL(server.conns != NULL);
		if (cut == n)
			check(heard(&c, "100;"), "100 is said, not %s", transcript(&c));
		say(&c, span_of(all + cut, n + 5 - cut));
		const char *want = cut == n ? "100;200 hello;" : "200 hello;";
		check(heard(&c, want), "cut at %zu: heard %s", cut, transcript(&c));
		close_client(&c);
		UNTIL(server.count == 0);
	}
	ok(failures() == failed, "100 (Continue) for a client that waits, %s", way_names[w]);
	asks(SPAN("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"), "",
	     "1.0 knows no 100");
	asks(SPAN(POST("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "")), "100;",
	     "100 for chunks");
	asks(SPAN(POST("Expect: 100-continue\r\nContent-Length: 0\r\n", "")), "200;",
	     "no 100 for a body of no bytes");
	asks(SPAN(POST("Expect: 200-ok\r\nContent-Length: 5\r\n", "")),
	     "417 close expectation is not 100-continue\n;eof", "nothing else can be expected");
	UNTIL(server.count == 0);
	close_server();
}

/* The limit of collected bodies. */

static void test_limit(void)
{
	char all[1000];
	open_echo(COLLECTED);
	snprintf(all, sizeof all, SIZED(100, "%0100d"), 0);
	asks(span_str(all), "200 wrong #100;", "as many bytes as the limit");
	asks(SPAN(SIZED(101, "")),
	     "413 close the request body has 101 bytes, the limit is 100\n;eof", "one more");
	asks(SPAN(SIZED(9223372036854775807, "")),
	     "413 close the request body has 9223372036854775807 bytes, the limit is 100\n;eof",
	     "many more");
	asks(SPAN(POST("Expect: 100-continue\r\nContent-Length: 101\r\n", "")),
	     "413 close the request body has 101 bytes, the limit is 100\n;eof", "without 100");
	snprintf(all, sizeof all, CHUNKED("32\r\n%050d\r\n32\r\n%050d\r\n0\r\n\r\n"), 0, 0);
	asks(span_str(all), "200 wrong #100;", "chunks as long as the limit");
	snprintf(all, sizeof all, CHUNKED("32\r\n%050d\r\n33\r\n%051d\r\n0\r\n\r\n"), 0, 0);
	asks(span_str(all), "413 close the request body is longer than 100 bytes\n;eof",
	     "chunks longer than the limit");
	asks(SPAN(CHUNKED("65\r\n")), "413 close the request body is longer than 100 bytes\n;eof",
	     "a chunk longer than the limit, before it comes");
	asks(SPAN(CHUNKED("1\r\na\r\n64;x=y\r\n")),
	     "413 close the request body is longer than 100 bytes\n;eof",
	     "chunks whose sizes add up to more");
	asks(SPAN(CHUNKED("7fffffffffffffff\r\n")),
	     "413 close the request body is longer than 100 bytes\n;eof", "the longest chunk");
	lim.body = 0;
	asks(SPAN(SIZED(1, "a")), "413 close the request body has 1 bytes, the limit is 0\n;eof",
	     "no body is wanted");
	asks(SPAN(CHUNKED("0\r\n\r\n")), "200;", "none comes");
	close_server();
	ok(server.refused == 8, "%u were refused", (unsigned)server.refused);
}

/*
 * Whoever sends a big body to a server that will not have it sees why, in each way of sending it:
 * reading meanwhile, or only after the last byte or the first that is refused.
 */
static void test_early(enum way w, const char *request, const char *want, bool reads)
{
	open_echo(w);
	struct client c = dial();
	size_t sent = 0;
	say(&c, span_str(request));
	for (int tries = 0; tries < 20000 && sent < sizeof pattern && !c.ended; tries++) {
		ssize_t n = try_say(&c, span_of(pattern + sent, sizeof pattern - sent));
		if (n < 0 && errno != EAGAIN)
			break;
		sent += n > 0 ? (size_t)n : 0;
		one_turn();
		if (reads)
			hear(&c);
		if (reads && c.told[0] != '\0')
			break;
		transcript(&c);
	}
	diag("%zu bytes were sent", sent);
	if (reads)
		half_close(&c);
	for (int tries = 0; tries < 100 && !c.ended; tries++) {
		one_turn();
		hear(&c);
	}
	char name[96];
	snprintf(name, sizeof name, "an early answer to 10 MB, %s, %s", way_names[w],
		 reads ? "read at once" : "read late");
	transcript(&c);
	is_str(c.told, want, "%s", name);
	ok(!c.reset || !reads, "and no reset before it was read");
	close_client(&c);
	UNTIL(server.count == 0);
	close_server();
}

/* A handler of pieces that has its answer before the body. */
static void on_request_known(struct http_exchange *x)
{
	http_answer(x, 403, SPAN("text/plain"), SPAN("no"));
}

static void on_body_never(struct http_exchange *x, struct span piece, bool last)
{
	(void)x, (void)piece, (void)last;
	check(false, "no piece after the answer");
}

/* One that has it after the first piece. */
static void on_request_wait(struct http_exchange *x)
{
	x->user = NULL;
}

static void on_body_enough(struct http_exchange *x, struct span piece, bool last)
{
	check(x->user == NULL && !last, "no piece after the answer");
	note("%.*s;", (int)piece.n, (const char *)piece.p);
	x->user = noted;
	http_answer(x, 403, SPAN("text/plain"), SPAN("no"));
}

static void test_answered_early(void)
{
	handler = (struct http_handler){
		.request = on_request_known, .body = on_body_never, .gone = on_gone};
	open_server();
	asks(SPAN(SIZED(5, "hello") GET("/")), "403 close no;eof", "answered before the body");
	asks(SPAN(SIZED(5, "he")), "403 close no;eof", "while it comes");
	asks(SPAN(POST("Expect: 100-continue\r\nContent-Length: 5\r\n", "")), "403 close no;eof",
	     "without 100");
	asks(SPAN(SIZED(0, "") GET("/")), "403 no;403 no;", "nothing comes");
	close_server();
	handler.request = on_request_wait;
	handler.body = on_body_enough;
	open_server();
	asks(SPAN(CHUNKED("1\r\na\r\n1\r\nb\r\n0\r\n\r\n") GET("/")), "403 close no;eof",
	     "answered within the body");
	close_server();
	is_str(noted, "a;", "and no piece comes after it");
}

/* Bodies that break off. */

static void test_malformed(enum way w)
{
	open_echo(w);
	asks(SPAN(CHUNKED("1\r\na\r\nx\r\n")),
	     "400 close malformed chunk or trailer, or too many bytes of them\n;eof",
	     "a malformed chunk");
	is_str(noted, w >= PIECES ? "gone;" : "", "gone is told to who knows of it, once");
	noted[0] = '\0';
	struct client c = dial();
	say(&c, SPAN(GET("/") CHUNKED("1\r\na\r\n2\r\n")));
	half_close(&c);
	hears(&c, "200;eof", "FIN within a body");
	is_str(noted, w >= PIECES ? "gone;" : "", "gone is told to who knows of it, once");
	close_client(&c);
	noted[0] = '\0';
	c = dial();
	say(&c, SPAN(SIZED(5, "he")));
	UNTIL(server.conns != NULL && server.conns->phase >= HTTP_GATHER);
	one_turn();
	reset_client(&c);
	UNTIL(server.count == 0);
	is_str(noted, w >= PIECES ? "gone;" : "", "a reset within a body");
	close_server();
}

/* The same for a handler that does not want to know, and for one that has begun to answer. */

static void on_request_begun(struct http_exchange *x)
{
	struct out o = http_open(x, 200, 64);
	http_begin(x, &o, HTTP_STREAMED);
	http_send(x, SPAN("half"));
}

static void on_body_sink(struct http_exchange *x, struct span piece, bool last)
{
	(void)x, (void)piece, (void)last;
}

static void test_malformed_begun(void)
{
	handler = (struct http_handler){.request = on_request_wait, .body = on_body_sink};
	open_server();
	asks(SPAN(CHUNKED("1\r\na\r\nx\r\n")),
	     "400 close malformed chunk or trailer, or too many bytes of them\n;eof",
	     "a malformed chunk, and a handler without gone");
	close_server();
	handler.request = on_request_begun;
	open_server();
	struct client c = dial();
	say(&c, SPAN(CHUNKED("1\r\na\r\n")));
	UNTIL((hear(&c), c.n > 0));
	say(&c, SPAN("x\r\n"));
	hears(&c, "cut;eof", "a malformed chunk when the answer has begun");
	close_client(&c);
	c = dial();
	say(&c, SPAN("POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nab"));
	UNTIL((hear(&c), c.n > 0));
	half_close(&c);
	hears(&c, "cut;reset", "FIN when the answer has begun, in 1.0");
	close_client(&c);
	close_server();
}

/* A client that leaves while it is held is missed when it is not held any more. */
static void test_gone_held(void)
{
	open_echo(PIECES);
	struct client c = dial();
	say(&c, SPAN(CHUNKED("1\r\na\r\n")));
	UNTIL(server.conns != NULL && server.conns->phase == HTTP_STREAM);
	struct http_exchange *x = &server.conns->work->x;
	http_hold(x);
	reset_client(&c);
	ok(stays_calm() && server.count == 1, "a reset while the body is held");
	http_unhold(x);
	UNTIL(server.count == 0);
	is_str(noted, "gone;", "is seen later");
	close_server();
}

int main(void)
{
	fill_stream(pattern, sizeof pattern, 0);
	reset_limits();
	for (enum way w = 0; w < WAYS; w++) {
		test_rows(w);
		test_expect(w);
		test_malformed(w);
	}
	test_limit();
	for (int reads = 0; reads < 2; reads++) {
		test_early(COLLECTED, SIZED(10485760, ""),
			   "413 close the request body has 10485760 bytes, the limit is 100\n;",
			   reads);
		test_early(COLLECTED, CHUNKED("A00000\r\n"),
			   "413 close the request body is longer than 100 bytes\n;", reads);
	}
	test_answered_early();
	test_malformed_begun();
	test_gone_held();
	return done();
}
