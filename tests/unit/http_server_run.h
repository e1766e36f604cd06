/*
 * For tests of the HTTP server: a server in the loop of the test, clients as bare sockets in the
 * same process, and what a client heard as a line of text:
 *
 *	open_server();
 *	struct client c = dial();
 *	say(&c, SPAN(GET("/hi")));
 *	hears(&c, "200 Hi;", "an answer");
 *	close_client(&c);
 *	close_server();
 *
 * An answer is told as its status, words about its framing ("close", "keep", "chunked", "open" for
 * one that ends with the connection), and its body, or "#" and its size when that is long and each
 * of its bytes is the right one of byte_at. Then, at the end, "cut;", "eof" or "reset".
 */
#ifndef TESTS_UNIT_HTTP_SERVER_RUN_H
#define TESTS_UNIT_HTTP_SERVER_RUN_H

#include "drivers/http_conn.h"
#include "unit/net_side.h"

#include <stdarg.h>
#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define GET(path) "GET " path " HTTP/1.1\r\nHost: t\r\n\r\n"
#define SHORT 72 /* longer bodies are told by their size */

static struct http_server server;
static struct http_server_limits lim;
static struct http_handler handler;
static unsigned drains;

/* What happened in the handler, a word for each event. */
static char noted[1024];

__attribute__((format(printf, 1, 2))) static inline void note(const char *text, ...)
{
	size_t n = strlen(noted);
	va_list args;
	va_start(args, text);
	vsnprintf(noted + n, sizeof noted - n, text, args);
	va_end(args);
}

static inline void reset_limits(void)
{
	lim = http_server_defaults;
	lim.connections = 3000;
}

static inline void open_server(void)
{
	open_loop();
	noted[0] = '\0';
	drains = 0;
	int rc = http_server_open(&server, &loop, &handler, &lim, "127.0.0.1", 0, NET_LISTEN_DEFER);
	if (rc != 0)
		bail("no listener: %s", net_strerror(rc));
}

static inline void count_drain(struct http_server *s)
{
	(void)s;
	drains++;
}

/* All connections must go by themselves, and nothing of the server may be left. */
static inline void close_server(void)
{
	http_server_drain(&server, count_drain);
	UNTIL(drains > 0);
	check(drains == 1 && server.count == 0, "drained once, with nobody left");
	check(server.spare == NULL, "drained: no record is kept");
	net_loop_close(&loop);
}

/* Clients. */

struct client {
	int fd;
	enum http_method asked;
	bool ended, reset, fin;
	unsigned takes; /* how often bytes came */
	uint8_t *in;    /* what came and is not told yet */
	size_t n, cap;
	char told[2048];
};

static inline struct client dial_with(int rcvbuf)
{
	struct client c = {.asked = HTTP_GET};
	struct sockaddr_in sa = {.sin_family = AF_INET,
				 .sin_port = htons(server.listener.port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	c.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (rcvbuf > 0)
		setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
	if (c.fd < 0 || connect(c.fd, (struct sockaddr *)&sa, sizeof sa) != 0)
		bail("no connection: %s", strerror(errno));
	return c;
}

static inline struct client dial(void)
{
	return dial_with(0);
}

static inline ssize_t try_say(struct client *c, struct span s)
{
	return send(c->fd, s.p, s.n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static inline void say(struct client *c, struct span s)
{
	ssize_t n = s.n > 0 ? try_say(c, s) : 0;
	check(n == (ssize_t)s.n, "%zd of %zu bytes sent: %s", n, s.n, n < 0 ? strerror(errno) : "");
}

static inline void half_close(struct client *c)
{
	c->fin = true;
	shutdown(c->fd, SHUT_WR);
}

static inline void close_client(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->in);
	c->in = NULL;
	c->fd = -1;
}

static inline void reset_client(struct client *c)
{
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
	close_client(c);
}

/*
 * What the kernel knows of the connection. The numbers have their place in the kernel's struct
 * tcp_info, of which libc headers show a part only.
 */
static inline uint32_t tcp_info(const struct client *c, size_t at)
{
	uint8_t info[512] = {0};
	socklen_t n = sizeof info;
	uint32_t v;
	getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, info, &n);
	memcpy(&v, info + at, sizeof v);
	return v;
}

/* Segments with data that came: at least as many as the server's sends. */
static inline uint32_t segments(const struct client *c)
{
	return tcp_info(c, 152);
}

/* A reset behind the server's FIN: recv does not tell, but on a network it destroys answers. */
static inline bool was_reset(const struct client *c)
{
	return !c->fin && (tcp_info(c, 0) & 0xff) == TCP_CLOSE;
}

/* Takes what is here, at most [most] bytes. */
static inline void hear_some(struct client *c, size_t most)
{
	while (!c->ended && most > 0) {
		if (c->cap - c->n < 65536) {
			c->cap = 2 * c->cap + 131072;
			c->in = realloc(c->in, c->cap);
			if (c->in == NULL)
				bail("no memory");
		}
		size_t room = c->cap - c->n;
		ssize_t got = recv(c->fd, c->in + c->n, room < most ? room : most, MSG_DONTWAIT);
		if (got < 0 && errno == EAGAIN)
			return;
		c->ended = got <= 0;
		c->reset = got < 0 || (got == 0 && was_reset(c));
		c->takes += got > 0;
		c->n += got > 0 ? (size_t)got : 0;
		most -= got > 0 ? (size_t)got : 0;
	}
}

static inline void hear(struct client *c)
{
	hear_some(c, SIZE_MAX);
}

/* Transcripts. */

/* The decoded body behind a head, *n bytes as they were sent; false when it is not complete. */
static inline bool take_body(const struct http_head *h, struct span in, bool ended,
			     struct out *body, size_t *n)
{
	struct http_body b;
	struct span rest = in, piece;
	http_body_init(&b, h, &lim.parse);
	while (!b.done) {
		int used = http_body_next(&b, rest, &piece);
		if (used < 0 || (used == 0 && !b.done))
			break;
		out_span(body, piece);
		rest = span_tail(rest, (size_t)used);
	}
	*n = in.n - rest.n;
	return b.done || (h->framing == HTTP_UNTIL_CLOSE && ended);
}

static inline void tell_body(struct out *o, struct span body)
{
	if (body.n <= SHORT) {
		if (body.n > 0)
			out_byte(o, ' ');
		out_span(o, body);
		return;
	}
	out_str(o, is_stream(body, 0) ? " #" : " wrong #");
	out_u64(o, body.n);
}

static inline void tell_head(struct out *o, const struct http_head *h)
{
	uint64_t date = 0, now = net_wall_seconds();
	struct span field = http_find(h, HTTP_F_DATE);
	bool sized = (h->has >> HTTP_F_CONTENT_LENGTH & 1) != 0;
	bool bare = h->status < 200 || h->status == 204 || h->status == 304;
	out_u64(o, h->status);
	if (http_list_has(h, HTTP_F_CONNECTION, SPAN("close")))
		out_str(o, " close");
	if (http_list_has(h, HTTP_F_CONNECTION, SPAN("keep-alive")))
		out_str(o, " keep");
	if ((h->has >> HTTP_F_TRANSFER_ENCODING & 1) != 0)
		out_str(o, " chunked");
	if (h->framing == HTTP_UNTIL_CLOSE)
		out_str(o, " open");
	if (h->status >= 200 && (!http_get_date(field, now, &date) || date + 5 < now || date > now))
		out_str(o, " undated");
	if (sized && (bare || h->framing == HTTP_NO_BODY)) {
		out_str(o, bare ? " sized " : " ");
		out_u64(o, h->length);
	}
}

/* Moves one whole answer from c->in to c->told. */
static inline bool tell_answer(struct client *c)
{
	static uint8_t memory[4 << 20];
	const struct http_limits wide = {65536, 65536, 100, 65536};
	struct span in = span_of(c->in, c->n);
	struct http_head h;
	struct out body = out_init(memory, sizeof memory);
	struct out o = out_init(c->told, sizeof c->told - 1);
	int used = http_read_response(in, &wide, c->asked, &h);
	o.n = strlen(c->told);
	if (used < 0)
		out_str(&o, "not HTTP");
	if (used == HTTP_MORE || c->n == 0)
		return false;
	size_t all = used < 0 ? in.n : (size_t)used, n = 0;
	bool ended = c->ended && !c->reset;
	if (used > 0 && !take_body(&h, span_tail(in, all), ended, &body, &n))
		return false;
	all += n;
	if (used > 0)
		tell_head(&o, &h);
	tell_body(&o, out_span_of(&body));
	out_byte(&o, ';');
	c->told[o.n] = '\0';
	memmove(c->in, c->in + all, c->n - all);
	c->n -= all;
	return true;
}

static inline const char *transcript(struct client *c)
{
	static char text[sizeof c->told + 16];
	while (tell_answer(c))
		continue;
	snprintf(text, sizeof text, "%s%s%s", c->told, c->ended && c->n > 0 ? "cut;" : "",
		 c->reset   ? "reset"
		 : c->ended ? "eof"
			    : "");
	return text;
}

/* Turns until the client has heard [want]; false when it heard something else. */
static inline bool heard(struct client *c, const char *want)
{
	bool same = false;
	for (int tries = 0; tries < 9999 && !same; tries++) {
		if (tries > 50)
			usleep(1000);
		one_turn();
		bool over = c->ended;
		unsigned before = c->takes;
		hear(c);
		tries = c->takes > before ? 0 : tries;
		same = strcmp(transcript(c), want) == 0;
		if (over)
			break;
	}
	return same;
}

static inline bool hears(struct client *c, const char *want, const char *name)
{
	heard(c, want);
	return is_str(transcript(c), want, "%s", name);
}

/* One client that says [bytes] and must hear [want]. */
static inline void asks(struct span bytes, const char *want, const char *name)
{
	struct client c = dial();
	say(&c, bytes);
	hears(&c, want, name);
	close_client(&c);
}

/* Turns, with sleep, for so long. */
static inline void wait_ms(uint32_t ms)
{
	run_for(ms);
}

/* The server's record of its newest client. */
static inline struct http_conn *newest(void)
{
	UNTIL(server.conns != NULL);
	return server.conns;
}

#endif
