#include "unit/http_server_run.h"

#include <sys/resource.h>

/* Clients that send what they should not, and more of them than there is room for. */

static void on_request(struct http_exchange *x)
{
	http_answer(x, 200, SPAN("text/plain"), span_tail(x->head->path, 1));
}

static void open_hostile(void)
{
	handler = (struct http_handler){.request = on_request};
	open_server();
}

/* The bytes may hold NUL. */
#define ROW(name, bytes, rc)                       \
	{                                          \
		name, bytes, sizeof(bytes) - 1, rc \
	}
#define LINE "GET / HTTP/1.1\r\n"
#define HOST LINE "Host: t\r\n"

static const struct row {
	const char *name, *say;
	size_t n;
	int rc;
} rows[] = {
	ROW("TLS ClientHello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03random", HTTP_EMETHOD),
	ROW("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTP_EVERSION),
	ROW("HTTP/0.9", "GET /\r\n", HTTP_ELINE),
	ROW("HTTP/3.0", "GET / HTTP/3.0\r\n\r\n", HTTP_EVERSION),
	ROW("no HTTP at all", "\r\n\r\n", HTTP_EMETHOD),
	ROW("SMTP", "EHLO example.com\r\n", HTTP_ELINE),
	ROW("NULs", "\0\0\0\0", HTTP_EMETHOD),
	ROW("NUL in the path", "GET /\0 HTTP/1.1\r\n\r\n", HTTP_ETARGET),
	ROW("NUL in a value", HOST "A: b\0c\r\n\r\n", HTTP_EFIELD),
	ROW("NUL in a name", HOST "A\0: b\r\n\r\n", HTTP_EFIELD),
	ROW("bare LF", "GET / HTTP/1.1\nHost: t\n\n", HTTP_ELINE),
	ROW("bare CR", HOST "A: b\rc\r\n\r\n", HTTP_ELINE),
	ROW("a folded field", HOST "A: b\r\n c\r\n\r\n", HTTP_ELINE),
	ROW("a blank before the colon", HOST "A : b\r\n\r\n", HTTP_ELINE),
	ROW("a field without a name", HOST ": b\r\n\r\n", HTTP_EFIELD),
	ROW("a field without a colon", HOST "A\r\n\r\n", HTTP_ELINE),
	ROW("no Host", LINE "A: b\r\n\r\n", HTTP_EHOST),
	ROW("two Hosts", HOST "Host: u\r\n\r\n", HTTP_EHOST),
	ROW("a Host with a path", LINE "Host: t/u\r\n\r\n", HTTP_EHOST),
	ROW("two lengths", HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", HTTP_ELENGTH),
	ROW("a length with a sign", HOST "Content-Length: +1\r\n\r\n", HTTP_ELENGTH),
	ROW("a length of 64 bits", HOST "Content-Length: 18446744073709551615\r\n\r\n",
	    HTTP_ELENGTH),
	ROW("a length and chunks", HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	    HTTP_ELENGTH),
	ROW("chunks twice", HOST "Transfer-Encoding: chunked, chunked\r\n\r\n", HTTP_ETRANSFER),
	ROW("chunks in 1.0", "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
	    HTTP_ETRANSFER),
	ROW("gzip as coding", HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", HTTP_ECODING),
	ROW("a long method", "LOOKATTHISVERYVERYLONGMETHOD / HTTP/1.1\r\n\r\n", HTTP_ELONGMETHOD),
	ROW("an expectation", HOST "Expect: the-worst\r\n\r\n", HTTP_EEXPECT),
};

static void say_refusal(char *want, size_t cap, int rc)
{
	snprintf(want, cap, "%u close %s\n;eof", http_status_of(rc), http_strerror(rc));
}

static bool is_refused(const struct row *r, size_t cut)
{
	char want[128];
	struct client c = dial();
	say(&c, span_of(r->say, cut));
	one_turn();
	one_turn();
	try_say(&c, span_of(r->say + cut, r->n - cut));
	half_close(&c);
	say_refusal(want, sizeof want, r->rc);
	bool same = heard(&c, want);
	if (!same)
		diag("cut at %zu: heard %s", cut, transcript(&c));
	close_client(&c);
	return same;
}

static void test_malformed(void)
{
	open_hostile();
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t cut = 0;
		while (cut <= rows[i].n && is_refused(&rows[i], cut))
			cut++;
		ok(cut > rows[i].n, "%s: %u", rows[i].name, http_status_of(rows[i].rc));
	}
	ok(server.requests == 0, "and no handler saw any of them");
	close_server();
}

/* Each limit of a head, reached in one write, by single bytes, and missed by one. */

static struct span line_of(const char *start, size_t fill, const char *end)
{
	static char text[200000];
	int n = snprintf(text, sizeof text, "%s", start);
	memset(text + n, 'a', fill);
	int m = snprintf(text + n + fill, sizeof text - (size_t)n - fill, "%s", end);
	return span_of(text, (size_t)n + fill + (size_t)m);
}

static void refuses(struct span bytes, int rc, const char *name)
{
	char want[128];
	say_refusal(want, sizeof want, rc);
	asks(bytes, want, name);
}

static void test_head_limits(void)
{
	lim.parse = (struct http_limits){.line = 100, .head = 1000, .fields = 10, .chunk_ext = 10};
	open_hostile();
	struct span s = line_of("GET /", 84, " HTTP/1.1\r\nHost: t\r\n\r\n");
	asks(s, "200 wrong #84;", "a line as long as the limit");
	refuses(line_of("GET /", 85, " HTTP/1.1\r\nHost: t\r\n\r\n"), HTTP_ELONGLINE, "one longer");
	refuses(line_of("GET /", 100000, ""), HTTP_ELONGLINE, "100 KB of path");
	refuses(line_of("", 100000, ""), HTTP_ELONGMETHOD, "100 KB of method");
	asks(line_of(HOST, 970, ":\r\n\r\n"), "200;", "a head as long as the limit");
	refuses(line_of(HOST, 971, ":\r\n\r\n"), HTTP_ELONGHEAD, "one longer");
	refuses(line_of(HOST, 100000, ""), HTTP_ELONGHEAD, "100 KB of field name");
	refuses(line_of(HOST "A:", 100000, ""), HTTP_ELONGHEAD, "100 KB of value");
	asks(SPAN(HOST "A:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\n\r\n"), "200;",
	     "ten fields");
	refuses(SPAN(HOST "A:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\n\r\n"),
		HTTP_EFIELDS, "one more");
	refuses(SPAN("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
		     "1;aaaaaaaaaaaaaa\r\n"),
		HTTP_ECHUNK, "chunk extensions");
	close_server();
	reset_limits();
}

/* Byte by byte; a line is looked at when it has ended, so that the cost is linear. */
static void test_drip(void)
{
	open_hostile();
	struct client c = dial();
	struct span s = SPAN(GET("/a") GET("/b") HOST "Bad Na");
	for (size_t i = 0; i < s.n; i++) {
		say(&c, span_of(s.p + i, 1));
		one_turn();
	}
	hears(&c, "200 a;200 b;", "heads that come byte by byte");
	ok(stays_calm(), "a line that has not ended");
	hears(&c, "200 a;200 b;", "is not looked at");
	say(&c, SPAN("me: x\r\n"));
	hears(&c, "200 a;200 b;400 close malformed line\n;eof", "but when it has");
	close_client(&c);
	close_server();
}

/* A server that is full says so to whoever comes, who can read it. */
static void test_full(void)
{
	lim.connections = 2;
	open_hostile();
	struct client a = dial(), b = dial();
	say(&a, SPAN(GET("/a")));
	say(&b, SPAN(GET("/b")));
	hears(&a, "200 a;", "the first");
	hears(&b, "200 b;", "the second");
	for (int i = 0; i < 2; i++)
		asks(SPAN(GET("/c")), "503 close;eof", "one more");
	ok(server.refused == 2 && server.count == 2, "counted");
	struct client c = dial();
	say(&c, SPAN(GET("/c")));
	UNTIL((hear(&c), c.n > 0));
	ok(memmem(c.in, c.n, "\r\nRetry-After: 1\r\n", 18) != NULL, "it may come again");
	close_client(&c);
	close_client(&a);
	UNTIL(server.count == 1);
	asks(SPAN(GET("/c")), "200 c;", "when one has left there is room");
	close_client(&b);
	UNTIL(server.count == 0);
	close_server();
	reset_limits();
}

/* Without descriptors the listener rests instead of spinning, and goes on when there are some. */
static void test_descriptors(void)
{
	struct rlimit old, low;
	struct client c[6];
	open_hostile();
	for (size_t i = 0; i < COUNT(c); i++) {
		c[i] = dial();
		say(&c[i], SPAN(GET("/a")));
	}
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = (rlim_t)c[5].fd + 3;
	setrlimit(RLIMIT_NOFILE, &low);
	UNTIL(server.count == 2);
	unsigned before = turns;
	run_for(60);
	ok(server.count == 2 && turns - before <= 8, "%u turns without a descriptor",
	   turns - before);
	hears(&c[0], "200 a;", "those that are in are served");
	setrlimit(RLIMIT_NOFILE, &old);
	for (size_t i = 1; i < COUNT(c); i++)
		hears(&c[i], "200 a;", "the others when there are descriptors again");
	for (size_t i = 0; i < COUNT(c); i++)
		close_client(&c[i]);
	close_server();
}

/* Idle connections cost a record each and nothing else. */
static void test_idle(void)
{
	static struct client c[2000];
	struct rlimit r;
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	size_t n = r.rlim_cur < 4200 ? (size_t)r.rlim_cur / 2 - 100 : COUNT(c), buffers = 0;
	open_hostile();
	for (size_t i = 0; i < n; i++) {
		c[i] = dial();
		say(&c[i], SPAN(GET("/a")));
		one_turn();
	}
	UNTIL(server.count == n);
	for (size_t i = 0; i < n; i++) {
		check(heard(&c[i], "200 a;"), "client %zu heard %s", i, transcript(&c[i]));
		free(c[i].in);
		c[i].in = NULL;
		c[i].n = c[i].cap = 0;
	}
	for (struct http_conn *h = server.conns; h != NULL; h = h->next)
		buffers += h->net.in.p != NULL || h->net.out.p != NULL || h->work != NULL;
	diag("%zu bytes a connection", sizeof(struct http_conn));
	ok(sizeof(struct http_conn) <= 236 && buffers == 0, "%zu idle connections, %zu buffers", n,
	   buffers);
	ok(stays_calm(), "and no turn for them");
	say(&c[n / 2], SPAN(GET("/b")));
	hears(&c[n / 2], "200 a;200 b;", "each can go on");
	close_server();
	for (size_t i = 0; i < n; i++)
		close_client(&c[i]);
}

int main(void)
{
	reset_limits();
	test_malformed();
	test_head_limits();
	test_drip();
	test_full();
	test_descriptors();
	test_idle();
	return done();
}
