#include "unit/http_server_run.h"

#define BIG (100 << 10)
#define HUGE_BODY (1 << 20)

static uint8_t pattern[HUGE_BODY];

/* A site with one answer of each kind, given at once or later. */

static void send_parts(struct http_exchange *x, uint64_t length)
{
	struct out o = http_open(x, 200, 64);
	http_begin(x, &o, length);
	check(http_send(x, SPAN("hello ")) && http_send(x, SPAN("")) && http_send(x, SPAN("world")),
	      "three parts are taken");
	http_end(x);
}

static void send_huge(struct http_exchange *x)
{
	struct out o = http_open(x, 200, 64);
	http_begin(x, &o, sizeof pattern);
	http_send_ref(x, span_of(pattern, sizeof pattern));
	http_end(x);
}

/* The body is borrowed, so it may stand behind its head. */
#define MADE "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nDate: 123456789 123456789 123456789\r\n\r\n"
static const struct http_prebuilt made = {
	.head = {(const uint8_t *)MADE, sizeof MADE - 1},
	.body = {(const uint8_t *)"made", 4},
	.date_at = 42,
	.status = 200,
};

static void answer(struct http_exchange *x, struct span path)
{
	struct span text = SPAN("text/plain");
	if (span_eq(path, SPAN("/parts")))
		send_parts(x, HTTP_STREAMED);
	else if (span_eq(path, SPAN("/sized")))
		send_parts(x, 11);
	else if (span_eq(path, SPAN("/big")))
		http_answer(x, 200, text, span_of(pattern, BIG));
	else if (span_eq(path, SPAN("/huge")))
		send_huge(x);
	else if (span_eq(path, SPAN("/none")))
		http_answer(x, 204, SPAN_NONE, SPAN_NONE);
	else if (span_eq(path, SPAN("/same")))
		http_answer(x, 304, SPAN_NONE, SPAN("never seen"));
	else if (span_eq(path, SPAN("/made")))
		http_answer_prebuilt(x, &made);
	else
		http_answer(x, 200, text, span_tail(path, path.p[0] == '/'));
}

/* A request whose answer comes by a task, when its head is gone. */
struct later {
	struct net_task task;
	struct http_exchange *x;
	uint8_t path[64];
	size_t n;
};
static bool is_late, is_mixed;

static void answer_later(struct net_task *t)
{
	struct later *later = (struct later *)t;
	struct http_exchange *x = later->x;
	struct span path = span_of(later->path, later->n);
	check(x->user == later && x->head == NULL && x->body.p == NULL,
	      "later the head is not good any more");
	answer(x, path);
	free(later);
}

static void on_request(struct http_exchange *x)
{
	if (!is_late || (is_mixed && x->head->path.p[x->head->path.n - 1] % 2 == 0)) {
		answer(x, x->head->path);
		return;
	}
	struct later *later = calloc(1, sizeof *later);
	x->user = later;
	later->x = x;
	later->n = x->head->path.n;
	memcpy(later->path, x->head->path.p, later->n);
	net_task_put(&loop, &later->task, answer_later);
}

static void on_gone(struct http_exchange *x)
{
	struct later *later = x->user;
	note("gone;");
	if (!is_late)
		return;
	net_task_drop(&loop, &later->task);
	free(later);
}

static void open_site(bool late)
{
	is_late = late;
	handler = (struct http_handler){.request = on_request, .gone = on_gone};
	open_server();
}

/* Rows: what is said on one connection, and what is heard before the client's FIN. */
static const struct row {
	const char *name, *say, *want;
} rows[] = {
	{"1.1", GET("/Hi"), "200 Hi;"},
	{"twice", GET("/a") GET("/b"), "200 a;200 b;"},
	{"no body at all", "GET / HTTP/1.1\r\nHost: t\r\n\r\n", "200;"},
	{"close", "GET /a HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", "200 close a;eof"},
	{"close, and more behind it",
	 GET("/a") "GET /b HTTP/1.1\r\nHost: t\r\nConnection: Close\r\n\r\n" GET("/c"),
	 "200 a;200 close b;eof"},
	{"1.0", "GET /a HTTP/1.0\r\n\r\n", "200 close a;eof"},
	{"1.0 keeps", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n",
	 "200 keep a;200 close b;eof"},
	{"1.7 is 1.1", "GET /a HTTP/1.7\r\nHost: t\r\n\r\n" GET("/b"), "200 a;200 b;"},
	{"HEAD", "HEAD /Hi HTTP/1.1\r\nHost: t\r\n\r\nHEAD /big HTTP/1.1\r\nHost: t\r\n\r\n",
	 "200 2;200 102400;"},
	{"HEAD of a stream", "HEAD /parts HTTP/1.1\r\nHost: t\r\n\r\n", "200 chunked;"},
	{"HEAD by reference", "HEAD /huge HTTP/1.1\r\nHost: t\r\n\r\n", "200 1048576;"},
	{"204", GET("/none") GET("/a"), "204;200 a;"},
	{"304", GET("/same") GET("/a"), "304;200 a;"},
	{"in parts", GET("/parts") GET("/a"), "200 chunked hello world;200 a;"},
	{"in parts, 1.0", "GET /parts HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	 "200 close open hello world;eof"},
	{"in parts, length known", GET("/sized") GET("/a"), "200 hello world;200 a;"},
	{"prebuilt", GET("/made") GET("/a"), "200 made;200 a;"},
	{"prebuilt, 1.0",
	 "GET /made HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /made HTTP/1.0\r\n\r\n",
	 "200 keep made;200 close made;eof"},
	{"prebuilt HEAD", "HEAD /made HTTP/1.1\r\nHost: t\r\n\r\n", "200 4;"},
	{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", "200 *;"},
	{"absolute-form", "GET http://a/b HTTP/1.1\r\nHost: t\r\n\r\n", "200 b;"},
	{"a CRLF before each", "\r\n" GET("/a") "\r\n" GET("/b"), "200 a;200 b;"},
	{"malformed behind a good one", GET("/a") "GET /b\r\n\r\n" GET("/c"),
	 "200 a;400 close malformed line\n;eof"},
};

/* The bytes in two writes, then, where the server does not close by itself, FIN. */
static bool run_row(const struct row *r, size_t cut)
{
	char want[128];
	struct client c = dial();
	struct span all = span_str(r->say);
	size_t n = strlen(r->want);
	c.asked = r->say[0] == 'H' ? HTTP_HEAD : HTTP_GET;
	say(&c, span_head(all, cut));
	one_turn();
	one_turn();
	hear(&c);
	/* Behind what closes, the connection is gone before the rest is sent. */
	try_say(&c, span_tail(all, cut));
	if (strstr(r->want, "eof") == NULL)
		half_close(&c);
	snprintf(want, sizeof want, "%s%s", r->want,
		 n > 3 && strcmp(r->want + n - 3, "eof") == 0 ? "" : "eof");
	bool same = heard(&c, want);
	if (!same)
		diag("cut at %zu: heard %s, not %s", cut, transcript(&c), want);
	close_client(&c);
	return same;
}

static void test_rows(bool late)
{
	open_site(late);
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].say), cut = 0;
		while (cut <= n && run_row(&rows[i], cut))
			cut++;
		ok(cut > n, "%s, %s", rows[i].name, late ? "later" : "at once");
	}
	is_str(noted, "", "nobody is told gone when an answer was complete");
	close_server();
}

/* Every byte of an answer but those of the date. */
static void test_bytes(void)
{
	static const char want[] = "HTTP/1.1 200 OK\r\nDate: "
				   "\r\nServer: t\r\nX: y\r\nContent-Type: text/plain\r\n"
				   "Content-Length: 3\r\n\r\n404";
	const size_t at = 23;
	open_site(false);
	handler.fields = SPAN("Server: t\r\nX: y\r\n");
	struct client c = dial();
	say(&c, SPAN(GET("/404")));
	UNTIL((hear(&c), c.n > at + HTTP_DATE_SIZE));
	char got[sizeof want] = "";
	size_t n = c.n - HTTP_DATE_SIZE;
	memcpy(got, c.in, at);
	memcpy(got + at, c.in + at + HTTP_DATE_SIZE, n < sizeof got ? n - at : sizeof got - at - 1);
	is_str(got, want, "an answer, byte by byte");
	close_client(&c);
	c = dial();
	say(&c, SPAN("GET / HTTP/1.1\r\n\r\n"));
	UNTIL((hear(&c), c.n > 0 && c.ended));
	ok(memmem(c.in, c.n, "Server: t\r\nX: y\r\n", 17) != NULL, "fields in a refusal as well");
	close_client(&c);
	close_server();
}

/* Pipelining. */

/* GET /from to /to, and what is heard of them; [pad] bytes more in each head. */
struct batch {
	char *say, *want;
	size_t n;
};

static struct batch batch_of(int from, int to, int pad)
{
	size_t n = (size_t)(to - from), w = 0;
	struct batch b = {.say = calloc(n, (size_t)pad + 64), .want = calloc(n, 16)};
	for (int i = from; i < to; i++) {
		b.n += (size_t)sprintf(
			b.say + b.n, "GET /%d HTTP/1.1\r\nHost: t\r\nPad: %0*d\r\n\r\n", i, pad, 0);
		w += (size_t)sprintf(b.want + w, "200 %d;", i);
	}
	return b;
}

static void free_batch(struct batch *b)
{
	free(b->say);
	free(b->want);
}

static void test_batch(int n, unsigned sends)
{
	static const char *const when[] = {"at once", "later", "by turns"};
	struct batch b = batch_of(0, n, 1);
	for (int i = 0; i < 3; i++) {
		is_mixed = i == 2;
		open_site(i > 0);
		struct client c = dial();
		say(&c, span_of(b.say, b.n));
		char name[64];
		snprintf(name, sizeof name, "%d requests in one write, %s", n, when[i]);
		hears(&c, b.want, name);
		if (i == 0)
			ok(segments(&c) <= sends && c.takes <= sends,
			   "answered in %u send(s) at most, not %u", sends, segments(&c));
		close_client(&c);
		close_server();
	}
	is_mixed = false;
	free_batch(&b);
}

/* More requests than a connection keeps wait in the kernel while the first has no answer. */
static struct http_exchange *held;

static void on_request_held(struct http_exchange *x)
{
	if (span_eq(x->head->path, SPAN("/0")))
		held = x;
	else
		answer(x, x->head->path);
}

static void test_behind_late(bool fin)
{
	struct batch b = batch_of(0, 80, 6000);
	handler = (struct http_handler){.request = on_request_held};
	open_server();
	struct client c = dial();
	held = NULL;
	for (size_t sent = 0; sent < b.n;) {
		ssize_t n = try_say(&c, span_of(b.say + sent, b.n - sent));
		sent += n > 0 ? (size_t)n : 0;
		if (n <= 0 && held != NULL) {
			http_answer(held, 200, SPAN("text/plain"), SPAN("0"));
			held = NULL;
		}
		one_turn();
	}
	if (fin)
		half_close(&c);
	UNTIL(held != NULL || newest()->served > 1);
	stays_calm();
	struct http_conn *h = newest();
	ok(h->net.in.cap <= 2 * (lim.parse.head + NET_INPUT) && h->net.out.p == NULL,
	   "behind a late one: %u bytes are kept", h->net.in.cap);
	if (held != NULL)
		http_answer(held, 200, SPAN("text/plain"), SPAN("0"));
	char want[1024];
	snprintf(want, sizeof want, "%s%s", b.want, fin ? "eof" : "");
	hears(&c, want, fin ? "none is lost, also before FIN" : "none is lost");
	close_client(&c);
	free_batch(&b);
	close_server();
}

/* What one pipelined answer leaves of the room must do for the next: each may be as big as lim.out
 * allows. */
static void test_big_batch(uint32_t out, const char *path, const char *one, int n)
{
	char want[2048] = "", name[96];
	lim.out = out;
	for (is_late = false;; is_late = true) {
		open_site(is_late);
		struct client c = dial();
		want[0] = '\0';
		for (int i = 0; i < n; i++) {
			char request[96];
			snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: t\r\n\r\n",
				 path);
			say(&c, span_str(request));
			strcat(want, one);
		}
		half_close(&c);
		strcat(want, "eof");
		snprintf(name, sizeof name, "%d times %s with room for %u bytes, %s", n, path, out,
			 is_late ? "later" : "at once");
		hears(&c, want, name);
		close_client(&c);
		close_server();
		if (is_late)
			break;
	}
	reset_limits();
}

/* The same while the client takes little at a time. */
static void test_slow_batch(void)
{
	open_site(false);
	struct client c = dial_with(8192);
	char want[256] = "";
	for (int i = 0; i < 6; i++) {
		say(&c, SPAN(GET("/huge") GET("/big") GET("/a")));
		strcat(want, "200 #1048576;200 #102400;200 a;");
	}
	uint32_t most = 0;
	half_close(&c);
	for (int i = 0; i < 20000 && !c.ended; i++) {
		one_turn();
		if (server.conns != NULL && server.conns->net.out.cap > most)
			most = server.conns->net.out.cap;
		hear_some(&c, 30000);
		transcript(&c);
	}
	strcat(want, "eof");
	is_str(transcript(&c), want, "big answers to a client that takes them slowly");
	ok(most <= 1 << 18, "%u bytes are enough for that", most);
	close_client(&c);
	close_server();
}

static void test_request_limit(void)
{
	lim.requests = 3;
	open_site(false);
	asks(SPAN(GET("/1") GET("/2") GET("/3") GET("/4") GET("/5")), "200 1;200 2;200 close 3;eof",
	     "three requests a connection");
	close_server();
	reset_limits();
}

int main(void)
{
	fill_stream(pattern, sizeof pattern, 0);
	reset_limits();
	test_rows(false);
	test_rows(true);
	test_bytes();
	test_batch(50, 1);
	test_batch(64, 1);
	test_batch(200, 4);
	test_behind_late(false);
	test_behind_late(true);
	test_big_batch(512 << 10, "/big", "200 #102400;", 20);
	test_big_batch(103000, "/big", "200 #102400;", 20);
	test_big_batch(1000, "/a", "200 a;", 60);
	test_big_batch(1000, "/huge", "200 #1048576;", 4);
	test_slow_batch();
	test_request_limit();
	return done();
}
