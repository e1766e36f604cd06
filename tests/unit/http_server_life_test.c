#include "unit/http_server_run.h"

/* How connections end: time limits, a client that leaves, a server that stops. */

#define LIMIT 250 /* ms, of each kind unless a test says otherwise; a busy machine sleeps less */

static uint8_t pattern[1 << 20];
static struct http_exchange *late; /* the newest without an answer */

static void on_request(struct http_exchange *x)
{
	struct span path = x->head->path;
	int fd = http_conn_of(x)->net.src.fd, few = 4096;
	if (span_eq(path, SPAN("/late")) || !x->body_read) {
		late = x;
	} else if (span_eq(path, SPAN("/begun"))) {
		struct out o = http_open(x, 200, 64);
		late = x;
		http_begin(x, &o, HTTP_STREAMED);
		http_send(x, SPAN("one"));
	} else if (path.n > 1 && path.p[1] == '=') {
		uint64_t n = 0;
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &few, sizeof few);
		dec_u64(span_tail(path, 2), &n);
		http_answer(x, 200, SPAN("text/plain"), span_of(pattern, n));
	} else {
		http_answer(x, 200, SPAN("text/plain"),
			    x->body.n > 0 ? x->body : span_tail(path, 1));
	}
}

static void on_gone(struct http_exchange *x)
{
	check(!x->answered, "gone only without an answer");
	note("gone;");
	late = NULL;
}

static void on_body(struct http_exchange *x, struct span piece, bool last)
{
	note("%.*s%s", (int)piece.n, (const char *)piece.p, last ? ";" : "");
	if (last)
		http_answer(x, 200, SPAN("text/plain"), SPAN("all"));
}

static void on_request_pieces(struct http_exchange *x)
{
	late = x;
}

/* Never an end: as much as fits. */
static void pump(struct http_exchange *x)
{
	while (http_send(x, span_of(pattern, 3000)))
		continue;
	http_want_writable(x);
}

static void on_request_endless(struct http_exchange *x)
{
	struct out o = http_open(x, 200, 64);
	int fd = http_conn_of(x)->net.src.fd, few = 4096;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &few, sizeof few);
	late = x;
	http_begin(x, &o, HTTP_STREAMED);
	pump(x);
}

static void limit_ms(uint32_t ms)
{
	reset_limits();
	lim.idle_ms = lim.head_ms = lim.body_ms = lim.stall_ms = ms;
}

static void open_life(void)
{
	late = NULL;
	handler = (struct http_handler){.request = on_request, .gone = on_gone};
	open_server();
}

static void open_pieces(void)
{
	open_life();
	handler.request = on_request_pieces;
	handler.body = on_body;
}

static void answer_late(const char *text)
{
	struct http_exchange *x = late;
	late = NULL;
	http_answer(x, 200, SPAN("text/plain"), span_str(text));
}

/* Slow clients, all at once: every STEP ms each says its next byte, or nothing any more. */

#define STEP 20
#define STEPS 28

#define POST(n) "POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: " #n "\r\n\r\n"
#define LATE_HEAD "408 close the request head took too long\n;eof"
#define LATE_BODY "408 close the request body took too long\n;eof"

static const struct slow {
	const char *name, *first, *drip, *want;
	uint64_t least, most; /* ms until it is cut */
} slow[] = {
	{"a head by drips", "G", "ET /aaaaaaaaaaaaaaaaaaa", LATE_HEAD, LIMIT, 2 * LIMIT},
	{"a head by lines", "GET / HTTP/1.1\r\n", "A:\r\nA:\r\nA:\r\nA:\r\nA:\r\n", LATE_HEAD,
	 LIMIT, 2 * LIMIT},
	{"the second head", GET("/a"), "GET /aaaaaaaaaaaaaaaaaaa", "200 a;" LATE_HEAD, LIMIT,
	 2 * LIMIT + STEP},
	{"a body that stops", POST(9) "abc", "d", LATE_BODY, LIMIT + STEP, 2 * LIMIT + STEP},
	{"a body that does not come", POST(9), "", LATE_BODY, LIMIT, 2 * LIMIT},
	{"a body by drips", POST(9), "123456789", "200 123456789;eof", 9 * STEP + LIMIT, 9999},
	{"an idle one", GET("/a"), "", "200 a;eof", LIMIT, 2 * LIMIT},
	{"a new one", "\r\n", "", LATE_HEAD, LIMIT, 2 * LIMIT},
	{"a handler that takes its time", GET("/late"), "", "200 at last;", 0, 0},
};

static void test_slow(void)
{
	struct client c[COUNT(slow)];
	uint64_t end[COUNT(slow)] = {0}, start;
	limit_ms(LIMIT);
	open_life();
	for (size_t i = 0; i < COUNT(slow); i++) {
		c[i] = dial();
		say(&c[i], span_str(slow[i].first));
	}
	one_turn();
	start = loop.now;
	for (size_t step = 0; step < STEPS; step++) {
		for (size_t i = 0; i < COUNT(slow); i++)
			if (step > 0 && step <= strlen(slow[i].drip) && !c[i].ended)
				try_say(&c[i], span_of(slow[i].drip + step - 1, 1));
		run_for(STEP);
		for (size_t i = 0; i < COUNT(slow); i++) {
			hear(&c[i]);
			if (c[i].ended && end[i] == 0)
				end[i] = loop.now - start;
		}
	}
	if (late != NULL)
		answer_late("at last");
	for (size_t i = 0; i < COUNT(slow); i++) {
		hears(&c[i], slow[i].want, slow[i].name);
		end[i] = end[i] == 0 && slow[i].least > 0 ? 9999 : end[i];
		/* Whoever is late is us when the machine is: no upper bound but a wide one. */
		ok(end[i] >= slow[i].least && end[i] <= slow[i].most + 200, "%s: after %u ms",
		   slow[i].name, (unsigned)end[i]);
		close_client(&c[i]);
	}
	is_str(noted, "", "nobody had an exchange to lose");
	close_server();
}

static void test_slow_pieces(void)
{
	limit_ms(LIMIT);
	open_pieces();
	struct client c = dial();
	say(&c, SPAN(POST(9) "abc"));
	hears(&c, LATE_BODY, "a body that stops, by pieces");
	is_str(noted, "abcgone;", "gone is told once");
	close_client(&c);
	close_server();
}

/* Our timer falls due with that of [c], and runs before it. */
static void fire_before(struct net_timer *t, const struct http_conn *c,
			void (*fire)(struct net_timer *))
{
	net_timer_set(&loop, t, (uint32_t)(c->net.timer.due - loop.now), fire);
}

static void unhold_late(struct net_timer *t)
{
	(void)t;
	note("unheld;");
	http_unhold(late);
}

/* The time for the body begins anew when the handler lets it come. */
static void test_hold(void)
{
	struct net_timer t = {.link = NULL};
	limit_ms(LIMIT);
	open_pieces();
	struct client c = dial();
	say(&c, SPAN(POST(3)));
	UNTIL(late != NULL);
	http_hold(late);
	run_for(LIMIT + LIMIT / 2);
	fire_before(&t, newest(), unhold_late);
	UNTIL(noted[0] != '\0');
	say(&c, SPAN("abc"));
	hears(&c, "200 all;", "a body that was held longer than its time");
	is_str(noted, "unheld;abc;", "comes whole");
	net_timer_stop(&t);
	close_client(&c);
	close_server();
}

/* Clients that do not take what we send. */

static void test_stall(const char *name, const char *request, const char *want)
{
	limit_ms(3000);
	lim.stall_ms = LIMIT;
	lim.out = 20000;
	open_life();
	if (want[0] != '\0')
		handler.request = on_request_endless;
	handler.writable = pump;
	struct client c = dial_with(4096);
	uint64_t start = clock_ms();
	say(&c, span_str(request));
	UNTIL(server.conns != NULL);
	while (server.count > 0 && clock_ms() - start < 2000)
		run_for(16);
	uint64_t took = clock_ms() - start;
	ok(took >= LIMIT && took < 3 * LIMIT + 300, "%s: cut after %u ms", name, (unsigned)took);
	is_str(noted, want, "gone is told to an exchange, once");
	for (int i = 0; i < 5000 && !c.ended; i++) {
		hear(&c);
		run_for(1);
	}
	ok(c.ended && strstr(transcript(&c), "cut;") != NULL, "and the client can see it");
	close_client(&c);
	close_server();
}

static void send_late(struct net_timer *t)
{
	(void)t;
	note("sent;");
	http_send(late, SPAN("two"));
}

/* A quiet stream is no stalled one, even when it speaks just as its client is looked after. */
static void test_quiet(void)
{
	struct net_timer t = {.link = NULL};
	limit_ms(LIMIT);
	open_life();
	struct client c = dial();
	say(&c, SPAN(GET("/begun")));
	UNTIL(late != NULL);
	run_for(LIMIT + LIMIT / 2);
	fire_before(&t, newest(), send_late);
	UNTIL(noted[0] != '\0');
	run_for(LIMIT + LIMIT / 2);
	is_str(noted, "sent;", "a quiet stream lives");
	if (late != NULL)
		http_end(late);
	hears(&c, "200 chunked onetwo;", "and comes whole");
	net_timer_stop(&t);
	close_client(&c);
	close_server();
}

/* Answers still on their way when the client says FIN within its next request. */
static void test_fin(const char *name, const char *request, const char *want, bool pieces)
{
	limit_ms(2000);
	open_life();
	handler.body = pieces ? on_body : NULL;
	struct client c = dial_with(4096);
	say(&c, span_str(request));
	UNTIL(net_pending(&newest()->net) > 0);
	ok(net_pending(&newest()->net) > 0 && newest()->phase != HTTP_FULL,
	   "%s: an answer is on its way", name);
	half_close(&c);
	for (int i = 0; i < 5; i++)
		one_turn();
	hears(&c, want, name);
	is_str(noted, pieces ? "abgone;" : "", "gone is for exchanges");
	close_client(&c);
	close_server();
}

/* Gone. */

static void test_gone(void)
{
	limit_ms(2000);
	open_life();
	struct client c = dial();
	say(&c, SPAN(GET("/late")));
	UNTIL(late != NULL);
	reset_client(&c);
	UNTIL(server.count == 0);
	is_str(noted, "gone;", "a reset before the answer");

	noted[0] = '\0';
	c = dial();
	say(&c, SPAN(GET("/begun")));
	hears(&c, "", "a stream");
	reset_client(&c);
	UNTIL(server.count == 0);
	is_str(noted, "gone;", "a reset within the answer");

	noted[0] = '\0';
	c = dial();
	say(&c, SPAN(GET("/begun")));
	UNTIL(late != NULL && (hear(&c), c.n > 0));
	close_client(&c);
	for (int i = 0; i < 5000 && server.count > 0; i++) {
		http_send(late, SPAN("more"));
		run_for(1);
	}
	is_str(noted, "gone;", "a close within the answer is seen when more is sent");

	noted[0] = '\0';
	c = dial();
	say(&c, SPAN(GET("/late") GET("/a")));
	UNTIL(late != NULL);
	half_close(&c);
	ok(stays_calm() && server.count == 1, "after FIN it may still read");
	answer_late("b");
	hears(&c, "200 b;200 a;eof", "and does");
	close_client(&c);

	c = dial();
	say(&c, SPAN(GET("/a")));
	hears(&c, "200 a;", "an answer");
	reset_client(&c);
	UNTIL(server.count == 0);

	c = dial();
	say(&c, SPAN(GET("/late") GET("/a")));
	UNTIL(late != NULL);
	reset_client(&c);
	ok(stays_calm(), "a reset while more requests wait");
	answer_late("b");
	UNTIL(server.count == 0);

	c = dial();
	say(&c, SPAN(GET("/begun")));
	UNTIL(late != NULL);
	http_abort(late);
	late = NULL;
	UNTIL(server.count == 0);
	close_client(&c);

	/* In one turn: what the client did, and the answer, when it is not known to be gone yet. */
	for (int i = 0; i < 2; i++) {
		c = dial();
		say(&c, i == 0 ? SPAN(GET("/late")) : SPAN(GET("/begun")));
		UNTIL(late != NULL);
		net_close_soon(&http_conn_of(late)->net, -ECONNRESET);
		if (i == 0)
			answer_late("b");
		else
			http_end(late);
		late = NULL;
		UNTIL(server.count == 0);
		close_client(&c);
	}
	is_str(noted, "", "nobody is gone who has had an answer, or was cut");
	close_server();
}

/* Drain. */

static void test_drain_nobody(void)
{
	open_life();
	http_server_drain(&server, count_drain);
	is_int(drains, 0, "nobody is there: not within the call");
	http_server_drain(&server, count_drain);
	UNTIL(drains > 0);
	stays_calm();
	http_server_drain(&server, count_drain);
	stays_calm();
	is_int(drains, 1, "but once, however often it was asked for");
	net_loop_close(&loop);
}

static void test_drain(void)
{
	static const char half[] = "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nab";
	struct client idle, waits, begun, sends, heads, slow_one;
	limit_ms(2000);
	open_life();
	idle = dial();
	say(&idle, SPAN(GET("/a")));
	hears(&idle, "200 a;", "before the drain");
	heads = dial();
	say(&heads, SPAN("GET / HT"));
	begun = dial();
	say(&begun, SPAN(GET("/begun") GET("/a")));
	UNTIL(late != NULL);
	struct http_exchange *stream = late;
	sends = dial();
	say(&sends, span_str(half));
	slow_one = dial_with(4096);
	say(&slow_one, SPAN(GET("/=200000") GET("/a")));
	waits = dial();
	say(&waits, SPAN(GET("/late")));
	UNTIL(late != stream && server.count == 6);
	uint16_t port = server.listener.port;
	http_server_drain(&server, count_drain);
	hears(&idle, "200 a;eof", "who is idle is closed");
	hears(&heads, "eof", "who has said half a head too");
	ok(stays_calm() && server.count == 4 && drains == 0, "the others are waited for");
	struct sockaddr_in sa = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ok(connect(fd, (struct sockaddr *)&sa, sizeof sa) != 0 && errno == ECONNREFUSED,
	   "new ones are refused");
	close(fd);
	answer_late("b");
	hears(&waits, "200 close b;eof", "who waits is answered, and told that it was the last");
	say(&sends, SPAN("cd"));
	hears(&sends, "200 close abcd;eof", "who sends is heard out");
	http_send(stream, SPAN("two"));
	http_end(stream);
	hears(&begun, "200 chunked onetwo;eof", "a stream may end");
	half_close(&slow_one);
	hears(&slow_one, "200 #200000;eof", "who reads slowly gets all");
	close_client(&idle);
	close_client(&heads);
	close_client(&begun);
	UNTIL(drains > 0);
	run_for(20);
	ok(drains == 1 && server.count == 0 && server.spare == NULL, "then it is drained, once");
	is_str(noted, "", "and nobody is gone");
	close_client(&waits);
	close_client(&sends);
	close_client(&slow_one);
	net_loop_close(&loop);
}

/* The end comes while they are on their way: who has asked is answered. */
static void test_drain_unread(void)
{
	struct client idle, fresh, silent;
	limit_ms(2000);
	open_life();
	idle = dial();
	say(&idle, SPAN(GET("/a")));
	hears(&idle, "200 a;", "before the drain");
	silent = dial();
	say(&silent, SPAN(GET("/a")));
	hears(&silent, "200 a;", "and another");
	say(&idle, SPAN(GET("/late")));
	fresh = dial();
	say(&fresh, SPAN(GET("/a") "GET / HT"));
	http_server_drain(&server, count_drain);
	hears(&fresh, "200 close a;eof", "who waits to be let in is answered");
	hears(&silent, "200 a;eof", "who says nothing is closed");
	UNTIL(late != NULL);
	answer_late("c");
	hears(&idle, "200 a;200 close c;eof", "who has spoken on an idle connection is answered");
	close_client(&idle);
	close_client(&fresh);
	close_client(&silent);
	UNTIL(drains > 0);
	is_int(server.count, 0, "and nobody is left");
	net_loop_close(&loop);
}

int main(void)
{
	fill_stream(pattern, sizeof pattern, 0);
	test_slow();
	test_slow_pieces();
	test_hold();
	test_stall("a stalled stream", GET("/"), "gone;");
	test_stall("a stalled stream in 1.0", "GET / HTTP/1.0\r\n\r\n", "gone;");
	test_stall("stalled answers", GET("/=18000") GET("/=18000") GET("/=18000") GET("/=18000"),
		   "");
	test_quiet();
	test_fin("FIN within a head", GET("/=60000") "GET /b", "200 #60000;eof", false);
	test_fin("FIN within a body", GET("/=60000") POST(9) "ab", "200 #60000;eof", false);
	test_fin("FIN within pieces", GET("/=60000") POST(9) "ab", "200 #60000;eof", true);
	test_gone();
	test_drain_nobody();
	test_drain();
	test_drain_unread();
	return done();
}
