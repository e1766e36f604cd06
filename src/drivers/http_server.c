#include "drivers/http_server.h"

#include "drivers/http_conn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64            /* requests of one connection answered in one turn, for fairness */
#define FLUSH_AT (64 << 10) /* output that must have left before the next request is read */
#define SPARE_CONNS 64      /* records kept for the next clients */

const struct http_server_limits http_server_defaults = {
	.parse = {.line = 8192, .head = 32768, .fields = 100, .chunk_ext = 4096},
	.body = 64 << 10,
	.out = 512 << 10,
	.connections = 20000,
	.requests = 0,
	.idle_ms = 75000, /* longer than the 60 s of AWS load balancers, so that they close first */
	.head_ms = 10000,
	.body_ms = 10000,
	.stall_ms = 30000,
};

static struct http_conn *conn_of(struct net_conn *n)
{
	return (struct http_conn *)((char *)n - offsetof(struct http_conn, net));
}

static void on_time(struct net_timer *t);

static void arm(struct http_conn *c, uint32_t ms)
{
	if (c->phase != HTTP_OVER)
		net_timer_set(c->server->loop, &c->net.timer, ms, on_time);
}

/* Requests. */

static void begin(struct http_conn *c, const struct http_head *h)
{
	c->since = c->server->loop->now;
	c->sent_mark = c->net.sent;
	c->served++;
	c->server->requests++;
	c->x = (struct http_exchange){
		.method = h->method,
		.minor = h->minor,
		.keep_alive = h->keep_alive,
		.body_read = h->framing == HTTP_NO_BODY ||
			     (h->framing == HTTP_LENGTH && h->length == 0),
	};
}

static void hand_out(struct http_conn *c, const struct http_head *h, struct span body)
{
	c->phase = HTTP_BUSY;
	c->x.head = h;
	c->x.body = body;
	c->server->handler->request(&c->x);
	c->x.head = NULL;
	c->x.body = SPAN_NONE;
}

void http_refuse(struct http_conn *c, unsigned status, const char *sentence)
{
	c->server->refused++;
	c->x.keep_alive = false;
	struct out o = http_open(&c->x, status, 256);
	http_put_field(&o, SPAN("Content-Type"), SPAN("text/plain; charset=utf-8"));
	http_begin(&c->x, &o, strlen(sentence) + 1);
	if (c->x.answered)
		return;
	http_send(&c->x, span_str(sentence));
	http_send(&c->x, SPAN("\n"));
	http_end(&c->x);
}

static void refuse_head(struct http_conn *c, int rc)
{
	c->x = (struct http_exchange){.method = HTTP_OTHER, .minor = 1};
	http_refuse(c, http_status_of(rc), http_strerror(rc));
}

static void end_connection(struct http_conn *c)
{
	c->phase = HTTP_OVER;
	net_finish(&c->net, !c->x.body_read || net_peek(&c->net).n > 0 || c->net.in.p != NULL);
}

void http_conn_answered(struct http_conn *c)
{
	c->x.answered = true;
	if (c->net.closing) { /* the client left in this turn: a timer set now would outlive it */
		c->phase = HTTP_OVER;
		return;
	}
	/* The drain may have begun after the head was written. */
	if (!c->x.keep_alive || !c->x.body_read || c->server->draining) {
		end_connection(c);
		return;
	}
	bool full = net_pending(&c->net) > FLUSH_AT || c->net.tail.n > 0;
	c->phase = full ? HTTP_FULL : HTTP_IDLE;
	arm(c, full ? c->server->lim->stall_ms : c->server->lim->idle_ms);
	if (full)
		net_want_drained(&c->net);
	else
		net_resume(&c->net);
	if (c->net.eof)
		net_again(&c->net);
}

/* Bodies that are collected: the common one is here whole, others are gathered beside. */

static bool gather(struct http_conn *c, struct span s)
{
	const struct http_server_limits *lim = c->server->lim;
	size_t max = (size_t)c->head_n + lim->body;
	if (!net_buf_room(c->server->loop, &c->gathered, s.n, max))
		return false;
	if (s.n > 0)
		memcpy(c->gathered.p + c->gathered.len, s.p, s.n);
	c->gathered.len += (uint32_t)s.n;
	return true;
}

static void hand_out_gathered(struct http_conn *c)
{
	struct http_server *s = c->server;
	struct net_buf whole = c->gathered;
	c->gathered = (struct net_buf){NULL, 0, 0, 0};
	struct span all = span_of(whole.p, whole.len);
	c->x.body_read = true;
	/* Its bytes have moved since it was read for the first time. */
	http_read_request(span_head(all, c->head_n), &s->lim->parse, &s->head);
	hand_out(c, &s->head, span_tail(all, c->head_n));
	net_buf_drop(s->loop, &whole);
}

static void continue_gathering(struct http_conn *c)
{
	while (!c->decoder.done) {
		struct span piece;
		int used = http_body_next(&c->decoder, net_peek(&c->net), &piece);
		if (used < 0) {
			http_refuse(c, http_status_of(used), http_strerror(used));
			return;
		}
		if (used == 0 && !c->decoder.done)
			return;
		if (!gather(c, piece)) {
			http_refuse(c, 413, "request body too large");
			return;
		}
		net_eat(&c->net, (size_t)used);
		arm(c, c->server->lim->body_ms);
	}
	hand_out_gathered(c);
}

void http_conn_continue(struct http_conn *c)
{
	if (c->x.expects && c->x.status == 0)
		net_write(&c->net, SPAN("HTTP/1.1 100 Continue\r\n\r\n"));
	c->x.expects = false;
}

static void start_collecting(struct http_conn *c, const struct http_head *h, size_t used)
{
	const struct http_server_limits *lim = c->server->lim;
	struct span rest = span_tail(net_peek(&c->net), used);
	if (h->framing == HTTP_LENGTH && h->length > lim->body) {
		http_refuse(c, 413, "request body too large");
		return;
	}
	if (h->framing == HTTP_LENGTH && h->length <= rest.n) {
		c->x.body_read = true;
		net_eat(&c->net, used + (size_t)h->length);
		hand_out(c, h, span_head(rest, (size_t)h->length));
		return;
	}
	http_body_init(&c->decoder, h, &lim->parse);
	c->phase = HTTP_GATHER;
	c->head_n = h->n;
	c->x.expects = h->expect_continue && rest.n == 0;
	http_conn_continue(c);
	if (!gather(c, span_of(h->at, h->n))) {
		http_refuse(c, 503, "out of memory");
		return;
	}
	net_eat(&c->net, used);
	arm(c, lim->body_ms);
	continue_gathering(c);
}

/* Bodies that are handed out piece by piece. */

static void continue_streaming(struct http_conn *c)
{
	const struct http_handler *handler = c->server->handler;
	while (!c->decoder.done && c->phase == HTTP_STREAM && !c->net.paused) {
		struct span piece;
		int used = http_body_next(&c->decoder, net_peek(&c->net), &piece);
		if (used < 0) {
			c->x.keep_alive = false;
			handler->gone(&c->x);
			if (c->x.status == 0)
				http_refuse(c, http_status_of(used), http_strerror(used));
			else
				http_abort(&c->x);
			return;
		}
		if (used == 0 && !c->decoder.done)
			return;
		net_eat(&c->net, (size_t)used);
		arm(c, c->server->lim->body_ms);
		c->x.body_read = c->decoder.done;
		if (c->decoder.done)
			c->phase = HTTP_BUSY;
		if (piece.n > 0 || c->decoder.done)
			handler->body(&c->x, piece, c->decoder.done);
	}
}

static void start_streaming(struct http_conn *c, const struct http_head *h, size_t used)
{
	struct span rest = span_tail(net_peek(&c->net), used);
	net_eat(&c->net, used);
	http_body_init(&c->decoder, h, &c->server->lim->parse);
	c->x.expects = h->expect_continue && rest.n == 0;
	arm(c, c->server->lim->body_ms);
	hand_out(c, h, SPAN_NONE);
	if (c->x.answered)
		return;
	c->phase = HTTP_STREAM;
	if (!c->net.paused)
		http_conn_continue(c);
	continue_streaming(c);
}

static void continue_tunnel(struct http_conn *c)
{
	struct span all = net_peek(&c->net);
	bool last = c->net.eof && !c->x.body_read;
	net_eat(&c->net, all.n);
	c->x.body_read = c->net.eof;
	if (all.n > 0 || last)
		c->server->handler->body(&c->x, all, last);
}

static void start_request(struct http_conn *c, const struct http_head *h, size_t used)
{
	begin(c, h);
	if (c->x.body_read) {
		net_eat(&c->net, used);
		hand_out(c, h, SPAN_NONE);
	} else if (c->server->handler->body == NULL) {
		start_collecting(c, h, used);
	} else {
		start_streaming(c, h, used);
	}
}

static bool read_head(struct http_conn *c)
{
	struct http_server *s = c->server;
	struct span in = net_peek(&c->net);
	if (in.n == 0)
		return false;
	int used = http_read_request(in, &s->lim->parse, &s->head);
	if (used == HTTP_MORE) {
		/* From the first byte on: bytes that drip in do not move the deadline. */
		if (c->phase == HTTP_IDLE)
			arm(c, s->lim->head_ms);
		c->phase = HTTP_HEADING;
		return false;
	}
	if (used < 0)
		refuse_head(c, used);
	else
		start_request(c, &s->head, (size_t)used);
	return true;
}

static void client_is_gone(struct http_conn *c)
{
	bool waiting = c->phase >= HTTP_STREAM && c->phase <= HTTP_BUSY;
	if (waiting && !c->x.answered && c->server->handler->gone != NULL)
		c->server->handler->gone(&c->x);
	c->x.answered = true;
	c->phase = HTTP_OVER;
}

/*
 * The client has sent its last byte. A request that is complete is still answered (half-close is
 * legal); an incomplete one never will be.
 */
static void on_eof(struct http_conn *c)
{
	if (c->phase >= HTTP_TUNNEL)
		return;
	if (net_pending(&c->net) > 0 && c->phase == HTTP_IDLE) {
		c->phase = HTTP_OVER;
		net_finish(&c->net, false);
		return;
	}
	net_close_soon(&c->net, NET_EEOF);
}

static void on_input(struct net_conn *n)
{
	struct http_conn *c = conn_of(n);
	for (int i = 0; i < BATCH; i++) {
		if (c->phase == HTTP_GATHER)
			continue_gathering(c);
		else if (c->phase == HTTP_STREAM)
			continue_streaming(c);
		else if (c->phase == HTTP_TUNNEL)
			continue_tunnel(c);
		else if (c->phase > HTTP_HEADING || !read_head(c))
			break;
		if (n->closing || n->finishing)
			return;
		if (c->phase >= HTTP_GATHER && c->phase <= HTTP_TUNNEL)
			break;
	}
	bool more = net_peek(n).n > 0;
	if (more && c->phase == HTTP_IDLE)
		net_again(n);
	else if (more && (c->phase == HTTP_BUSY || c->phase == HTTP_FULL))
		net_pause(n);
	else if (n->eof)
		on_eof(c);
}

static void on_drained(struct net_conn *n)
{
	struct http_conn *c = conn_of(n);
	if (c->phase == HTTP_FULL && c->server->draining) {
		end_connection(c);
	} else if (c->phase == HTTP_FULL) {
		c->phase = HTTP_IDLE;
		arm(c, c->server->lim->idle_ms);
		net_resume(n);
		if (n->eof)
			net_again(n);
	} else if (c->phase >= HTTP_STREAM && c->phase <= HTTP_BUSY &&
		   c->server->handler->writable != NULL) {
		c->server->handler->writable(&c->x);
	}
}

static void on_time(struct net_timer *t)
{
	struct http_conn *c =
		(struct http_conn *)((char *)t - offsetof(struct http_conn, net.timer));
	bool moved = c->net.sent != c->sent_mark;
	c->sent_mark = c->net.sent;
	if (net_pending(&c->net) > 0) {
		if (moved)
			arm(c, c->server->lim->stall_ms);
		else
			net_close_soon(&c->net, NET_ESLOW);
		return;
	}
	switch (c->phase) {
	case HTTP_HEADING:
		c->x = (struct http_exchange){.method = HTTP_OTHER, .minor = 1};
		http_refuse(c, 408, "request head took too long");
		break;
	case HTTP_GATHER:
		http_refuse(c, 408, "request body took too long");
		break;
	case HTTP_STREAM:
		if (c->net.paused) {
			arm(c, c->server->lim->body_ms);
			break;
		}
		net_close_soon(&c->net, NET_EDEADLINE);
		break;
	case HTTP_TUNNEL:
	case HTTP_BUSY:
		/* The handler has deadlines of its own; ours is about what the client takes. */
		arm(c, c->server->lim->stall_ms);
		break;
	default:
		net_close_soon(&c->net, NET_ECLOSED);
	}
}

/* Connections. */

static void unlink_conn(struct http_conn *c)
{
	struct http_server *s = c->server;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	s->count--;
}

static void on_closed(struct net_conn *n, int why)
{
	(void)why;
	struct http_conn *c = conn_of(n);
	struct http_server *s = c->server;
	client_is_gone(c);
	net_buf_drop(s->loop, &c->gathered);
	unlink_conn(c);
	if (s->spares < SPARE_CONNS) {
		c->next = s->spare;
		s->spare = c;
		s->spares++;
	} else {
		free(c);
	}
	if (s->draining && s->count == 0 && s->drained != NULL)
		s->drained(s);
}

static const struct net_conn_ops conn_ops = {on_input, on_drained, on_closed};

static struct http_conn *new_conn(struct http_server *s)
{
	struct http_conn *c = s->spare;
	if (c == NULL)
		return malloc(sizeof *c);
	s->spare = c->next;
	s->spares--;
	return c;
}

static void refuse_connection(struct http_server *s, int fd)
{
	s->refused++;
	struct span busy = SPAN("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
				"Retry-After: 1\r\nConnection: close\r\n\r\n");
	if (send(fd, busy.p, busy.n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		shutdown(fd, SHUT_WR);
	close(fd);
}

static void on_accepted(struct net_listener *l, int fd)
{
	struct http_server *s =
		(struct http_server *)((char *)l - offsetof(struct http_server, listener));
	struct http_conn *c = s->count < s->lim->connections ? new_conn(s) : NULL;
	if (c == NULL) {
		refuse_connection(s, fd);
		return;
	}
	memset(c, 0, sizeof *c);
	c->server = s;
	c->next = s->conns;
	if (s->conns != NULL)
		s->conns->prev = c;
	s->conns = c;
	s->count++;
	c->x.answered = true;
	/* in_max holds a head and, behind it, what one read brings. */
	int rc = net_conn_open(s->loop, &c->net, fd, &conn_ops, s->lim->parse.head + NET_INPUT,
			       s->lim->out, true);
	if (rc < 0)
		net_close_soon(&c->net, rc);
	if (!c->net.closing && !c->net.finishing && c->net.timer.link == NULL)
		arm(c, s->lim->idle_ms);
}

int http_server_open(struct http_server *s, struct net_loop *loop,
		     const struct http_handler *handler, const struct http_server_limits *lim,
		     const char *host, uint16_t port)
{
	memset(s, 0, sizeof *s);
	s->loop = loop;
	s->handler = handler;
	s->lim = lim;
	return net_listen(loop, &s->listener, host, port, NET_LISTEN_DEFER, on_accepted);
}

void http_server_drain(struct http_server *s, void (*drained)(struct http_server *))
{
	s->draining = true;
	s->drained = drained;
	net_listener_close(&s->listener);
	for (struct http_conn *c = s->conns; c != NULL; c = c->next)
		if (c->phase <= HTTP_HEADING && net_pending(&c->net) > 0)
			end_connection(c); /* the last answer is still on its way */
		else if (c->phase <= HTTP_HEADING)
			net_close_soon(&c->net, NET_ECLOSED);
	if (s->count == 0)
		drained(s);
}
