#include "fuzz/http_conn_model.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static struct net_loop loop;
static struct http_server server;
static bool drained, leaves;

/* The request that is being answered: one connection has one at a time. */
static struct {
	struct http_exchange *x;
	struct net_task task;
	uint8_t text[FUZZ_MAX * 2];
	size_t method_n, target_n;
	uint64_t hash, n;
	char form;
	unsigned wait; /* turns */
	uint8_t body[FUZZ_MAX * 2 + LONG];
	struct span left; /* of the body, to be written as there is room */
} now;

#define DATE "Thu, 01 Jan 1970 00:00:00 GMT"
#define PREBUILT_HEAD "HTTP/1.1 200 OK\r\nDate: "
static const struct http_prebuilt prebuilt = {
	.head = {(const uint8_t *)PREBUILT_HEAD DATE "\r\nContent-Length: 8\r\n\r\n",
		 sizeof PREBUILT_HEAD DATE "\r\nContent-Length: 8\r\n\r\n" - 1},
	.body = {(const uint8_t *)PREBUILT, sizeof PREBUILT - 1},
	.date_at = sizeof PREBUILT_HEAD - 1,
	.status = 200,
};

static void stream(struct http_exchange *x, struct span body)
{
	struct out o = http_open(x, 200, 64);
	http_put_field(&o, SPAN("Content-Type"), SPAN("text/plain"));
	http_begin(x, &o, HTTP_STREAMED);
	for (size_t at = 0; at < body.n && !x->answered; at += 50)
		must(http_send(x, span_head(span_tail(body, at), 50)), "room for an answer");
	if (!x->answered)
		http_end(x);
}

static void borrow(struct http_exchange *x)
{
	struct out o = http_open(x, 200, 64);
	http_begin(x, &o, sizeof borrowed - 1);
	if (x->answered)
		return;
	http_send_ref(x, span_of(borrowed, sizeof borrowed - 1));
	http_end(x);
}

static void write_some(struct http_exchange *x)
{
	must(x == now.x, "writable: the request that is answered");
	while (now.left.n > 0) {
		struct span piece = span_head(now.left, 700);
		if (http_room(x) < piece.n || !http_send(x, piece)) {
			http_want_writable(x);
			return;
		}
		now.left = span_tail(now.left, piece.n);
	}
	now.x = NULL;
	http_end(x);
}

static void write_slowly(struct http_exchange *x, struct span body)
{
	struct out o = http_open(x, 200, 64);
	http_begin(x, &o, HTTP_STREAMED);
	if (x->answered)
		return;
	now.x = x;
	now.left = body;
	write_some(x);
}

/* Only when nobody is left to be told. */
static void cut_off(struct http_exchange *x, struct span body)
{
	struct out o = http_open(x, 200, 64);
	http_begin(x, &o, HTTP_STREAMED);
	if (x->answered)
		return;
	http_send(x, body);
	http_abort(x);
}

static void answer(struct http_exchange *x)
{
	struct out o = out_init(now.body, sizeof now.body);
	struct span method = span_of(now.text, now.method_n);
	described(&o, method, span_of(now.text + now.method_n, now.target_n), now.hash, now.n);
	fill(&o, now.form);
	now.x = NULL;
	if (x->method == HTTP_CONNECT)
		http_answer(x, 405, SPAN("text/plain"), out_span_of(&o));
	else if (now.form == 'a' && leaves)
		cut_off(x, out_span_of(&o));
	else if (now.form == 'r')
		borrow(x);
	else if (now.form == 'w')
		write_slowly(x, out_span_of(&o));
	else if (now.form == 's')
		stream(x, out_span_of(&o));
	else if (now.form == 'p')
		http_answer_prebuilt(x, &prebuilt);
	else if (now.form == 'n')
		http_answer(x, 204, SPAN(""), SPAN(""));
	else
		http_answer(x, 200, SPAN("text/plain"), out_span_of(&o));
}

/* In this turn or one of the next, when the client may have sent its last byte. */
static void answer_later(struct net_task *t)
{
	if (now.wait == 0)
		answer(now.x);
	else
		net_task_put(&loop, t, answer_later);
	now.wait--;
}

static void answer_or_wait(struct http_exchange *x)
{
	now.wait = (unsigned)now.target_n % 5;
	if (now.form == 'l')
		net_task_put(&loop, &now.task, answer_later);
	else
		answer(x);
}

static void unhold(struct net_task *t)
{
	(void)t;
	http_unhold(now.x);
}

static void open_tunnel(struct http_exchange *x)
{
	struct out o = http_open(x, 101, 64);
	out_str(&o, "Connection: upgrade\r\nUpgrade: x\r\n");
	http_begin(x, &o, HTTP_STREAMED);
	http_tunnel(x);
}

static void open_echo(struct http_exchange *x)
{
	struct out o = http_open(x, 200, 64);
	http_begin(x, &o, HTTP_STREAMED);
	if (x->answered)
		now.x = NULL;
}

static void on_request(struct http_exchange *x)
{
	const struct http_head *h = x->head;
	must(now.x == NULL && !now.task.waiting, "one request at a time");
	must(h->method_name.n + h->target.n <= sizeof now.text, "a request from the input");
	memcpy(now.text, h->method_name.p, h->method_name.n);
	memcpy(now.text + h->method_name.n, h->target.p, h->target.n);
	now.x = x;
	now.method_n = h->method_name.n;
	now.target_n = h->target.n;
	now.form = form_of(h->path);
	now.hash = fnv(0, x->body);
	now.n = x->body.n;
	http_peer(x);
	if (is_tunnel(h, server.handler->body != NULL))
		open_tunnel(x);
	else if (x->body_read || now.form == 'e')
		answer_or_wait(x);
	else if (now.form == 'd' && server.handler->body != NULL)
		open_echo(x);
	else if (now.form == 'h') {
		http_hold(x);
		net_task_put(&loop, &now.task, unhold);
	}
}

static void on_body(struct http_exchange *x, struct span piece, bool last)
{
	must(x == now.x, "a body of the request that waits for it");
	if (x->status != 0) {
		must(http_send(x, piece), "room for what came");
		if (last)
			http_end(x);
		now.x = last ? NULL : x;
		return;
	}
	now.hash = fnv(now.hash, piece);
	now.n += piece.n;
	if (last)
		answer_or_wait(x);
}

static void on_gone(struct http_exchange *x)
{
	must(x == now.x, "gone: the request that waits");
	net_task_drop(&loop, &now.task);
	now.x = NULL;
}

static const struct http_handler collecting = {
	.request = on_request, .writable = write_some, .gone = on_gone};
static const struct http_handler streaming = {
	.request = on_request, .body = on_body, .writable = write_some, .gone = on_gone};

static void stop(struct net_task *t)
{
	(void)t;
	net_loop_stop(&loop);
}

static void one_turn(void)
{
	struct net_task end = {.waiting = false};
	net_task_put(&loop, &end, stop);
	net_loop_run(&loop);
}

/* The client: what it says, in which pieces, and what it heard. */

struct client {
	int fd;
	struct span say;
	struct dice *d; /* NULL: everything at once */
	bool fin;
	size_t n;
	uint8_t heard[1 << 19];
};

static void say_some(struct client *c)
{
	if (c->say.n == 0) {
		if (!c->fin)
			shutdown(c->fd, SHUT_WR);
		c->fin = true;
		return;
	}
	size_t n = c->d == NULL ? c->say.n : roll_piece(c->d, c->say.n);
	ssize_t sent = send(c->fd, c->say.p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN) /* the server has closed */
		sent = (ssize_t)c->say.n;
	c->say = span_tail(c->say, sent > 0 ? (size_t)sent : 0);
}

/* False at the end. */
static bool hear_some(struct client *c)
{
	size_t most = c->d == NULL ? sizeof c->heard : roll(c->d, 1500);
	most = most < sizeof c->heard - c->n ? most : sizeof c->heard - c->n;
	if (most == 0)
		return true;
	ssize_t got = recv(c->fd, c->heard + c->n, most, MSG_DONTWAIT);
	if (got > 0)
		c->n += (size_t)got;
	return got > 0 || (got < 0 && errno == EAGAIN);
}

static void converse(struct client *c)
{
	bool open = true;
	for (unsigned turns = 0; open || server.count > 0; turns++) {
		must(turns < 6000, "a conversation comes to its end");
		must(c->n < sizeof c->heard, "and is not endless");
		if (c->d == NULL || roll(c->d, 4) > 0)
			say_some(c);
		if (c->d == NULL || roll(c->d, 3) > 0)
			one_turn();
		if (open && (c->d == NULL || roll(c->d, 3) > 0))
			open = hear_some(c);
	}
}

/* Goes at some moment, whatever is under way. */
static void leave(struct client *c)
{
	for (unsigned turns = roll(c->d, 30); turns > 0; turns--) {
		say_some(c);
		one_turn();
		hear_some(c);
	}
	close(c->fd);
	for (unsigned turns = 0; server.count > 0; turns++) {
		must(turns < 100, "who has left is noticed");
		one_turn();
	}
}

static void on_drained(struct http_server *s)
{
	(void)s;
	drained = true;
}

static void connect_pair(struct client *c)
{
	int fds[2];
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0, "pair");
	if (c->d != NULL)
		setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &(int){2048}, sizeof(int));
	c->fd = fds[1];
	server.listener.accepted(&server.listener, fds[0]);
}

/*
 * A whole life of a server with one client: the answers must be those of the model, unless it
 * leaves before.
 */
static void run(const struct http_handler *handler, const struct http_server_limits *lim,
		struct span in, struct dice *d)
{
	static struct client c;
	struct model m = {lim, handler->body != NULL, SPAN_NONE, 0};
	int lowest = dup(2);
	close(lowest);
	c.d = d;
	c.say = in;
	c.n = 0;
	c.fin = drained = false;
	now.x = NULL;
	must(net_loop_open(&loop) == 0, "a loop");
	must(http_server_open(&server, &loop, handler, lim, "127.0.0.1", 0, 0) == 0, "a server");
	connect_pair(&c);
	if (leaves)
		leave(&c);
	else
		converse(&c);
	must(now.x == NULL && !now.task.waiting, "no exchange is left");
	m.out = span_of(c.heard, c.n);
	if (!leaves) {
		unsigned served = check_answers(&m, in), got = (unsigned)server.requests;
		must(got == served, "%u requests, not %u", got, served);
		close(c.fd);
	}
	http_server_drain(&server, on_drained);
	for (int i = 0; i < 3 && !drained; i++)
		one_turn();
	must(drained && server.spare == NULL, "drained, and nothing is kept");
	net_loop_close(&loop);
	int now_lowest = dup(2);
	close(now_lowest);
	must(now_lowest == lowest, "no descriptor is left: %d, not %d", now_lowest, lowest);
}

FUZZ(http_conn)
{
	static uint8_t text[FUZZ_MAX + 2];
	struct dice d = dice_of(span_of(data, size));
	struct http_server_limits lim = http_server_defaults;
	if (size > FUZZ_MAX)
		return 0;
	/* An error in a line that never ends may stay untold: see http_head_due. */
	memcpy(text, data, size);
	memcpy(text + size, "\r\n", 2);
	struct span in = span_of(text, size + 2);
	lim.parse = (struct http_limits){.line = 300, .head = 600, .fields = 12, .chunk_ext = 60};
	lim.body = 100;
	lim.out = 3600;
	lim.requests = roll(&d, 3) == 0 ? 5 : 0;
	const struct http_handler *handler = roll(&d, 2) == 0 ? &collecting : &streaming;
	leaves = false;
	run(handler, &lim, in, NULL);
	run(handler, &lim, in, &d);
	leaves = true;
	run(handler, &lim, in, &d);
	return 0;
}
