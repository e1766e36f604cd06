#include "drivers/http_server.h"

#include "drivers/http_conn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64             /* requests of one connection answered in one turn, for fairness */
#define FLUSH_AT (64u << 10) /* output that must have left before the next request is read */

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

/* Pipelined answers wait beside the room for one more, which thus always has all of it. */
static uint32_t flush_at(const struct http_server *s)
{
	return s->lim->out < FLUSH_AT ? s->lim->out : FLUSH_AT;
}

static void on_time(struct net_timer *t);

void http_conn_arm(struct http_conn *c, uint32_t ms)
{
	if (c->phase != HTTP_OVER && !c->net.closing)
		net_timer_set(c->server->loop, &c->net.timer, ms, on_time);
}

/* Requests. */

static void begin(struct http_conn *c, const struct http_head *h)
{
	c->work->since = c->server->loop->now;
	c->waited = false;
	c->served++;
	c->server->requests++;
	c->work->x = (struct http_exchange){
		.method = h->method,
		.minor = h->minor,
		.keep_alive = h->keep_alive,
		.body_read =
			h->framing == HTTP_NO_BODY || (h->framing == HTTP_LENGTH && h->length == 0),
	};
}

void http_conn_hand_out(struct http_conn *c, const struct http_head *h, struct span body)
{
	struct http_exchange *x = &c->work->x;
	c->phase = HTTP_BUSY;
	x->head = h;
	x->body = body;
	c->server->handler->request(x);
	x->head = NULL;
	x->body = SPAN_NONE;
	if (c->phase == HTTP_BUSY)
		http_conn_arm(c, c->server->lim->stall_ms);
}

void http_refuse(struct http_conn *c, unsigned status, struct span sentence)
{
	struct http_exchange *x = &c->work->x;
	c->server->refused++;
	x->keep_alive = false;
	struct out o = http_open(x, status, 256);
	http_put_field(&o, SPAN("Content-Type"), SPAN("text/plain; charset=utf-8"));
	http_begin(x, &o, sentence.n + 1);
	if (x->answered)
		return;
	http_send(x, sentence);
	http_send(x, SPAN("\n"));
	http_end(x);
}

/* Nothing of the head counts but this: who asked by HEAD gets no content (9110, 9.3.2). */
static void refuse_head(struct http_conn *c, unsigned status, struct span sentence)
{
	struct span in = net_peek(&c->net);
	in = span_tail(in, span_starts(in, SPAN("\r\n")) ? 2 : 0);
	enum http_method method = span_starts(in, SPAN("HEAD ")) ? HTTP_HEAD : HTTP_OTHER;
	c->work->x = (struct http_exchange){.method = method, .minor = 1};
	http_refuse(c, status, sentence);
}

/* [length] is HTTP_STREAMED for chunks. */
static void end_connection(struct http_conn *c)
{
	bool read = c->work == NULL || c->work->x.body_read;
	c->phase = HTTP_OVER;
	net_finish(&c->net, !read || net_peek(&c->net).n > 0 || c->net.in.p != NULL);
}

void http_conn_answered(struct http_conn *c)
{
	struct http_exchange *x = &c->work->x;
	x->answered = true;
	if (c->net.closing) { /* the client left in this turn: a timer set now would outlive it */
		c->phase = HTTP_OVER;
		return;
	}
	/* The drain may have begun after the head was written. */
	if (!x->keep_alive || !x->body_read || c->server->draining) {
		end_connection(c);
		return;
	}
	c->net.want_drained = false; /* it was this exchange's wish */
	bool full = net_pending(&c->net) > flush_at(c->server) || c->net.tail.n > 0;
	c->phase = full ? HTTP_FULL : HTTP_IDLE;
	http_conn_arm(c, full ? c->server->lim->stall_ms : c->server->lim->idle_ms);
	if (full)
		net_want_drained(&c->net);
	else
		net_resume(&c->net);
	if (c->net.eof)
		net_again(&c->net);
	/* Within its input the handler may yet look at the exchange. */
	if (c->server->loop->viewer != &c->net)
		http_conn_rest(c);
}

static void continue_tunnel(struct http_conn *c)
{
	struct span all = net_peek(&c->net);
	struct http_exchange *x = &c->work->x;
	bool last = c->net.eof && !x->body_read;
	net_eat(&c->net, all.n);
	x->body_read = c->net.eof;
	if (all.n > 0 || last)
		c->server->handler->body(x, all, last);
}

static void start_request(struct http_conn *c, const struct http_head *h, size_t used)
{
	begin(c, h);
	if (c->work->x.body_read) {
		net_eat(&c->net, used);
		http_conn_hand_out(c, h, SPAN_NONE);
	} else if (c->server->handler->body == NULL) {
		http_conn_collect(c, h, used);
	} else {
		http_conn_start_stream(c, h, used);
	}
}

static bool read_head(struct http_conn *c)
{
	struct http_server *s = c->server;
	struct span in = net_peek(&c->net);
	if (in.n == 0)
		return false;
	if (c->phase == HTTP_HEADING && !http_head_due(in, c->work->seen, &s->lim->parse))
		return false;
	if (!http_conn_work(c)) {
		net_close_soon(&c->net, -ENOMEM);
		return false;
	}
	int used = http_read_request(in, &s->lim->parse, &s->head);
	if (used == HTTP_MORE) {
		/* From the first byte on: bytes that drip in do not move the deadline. */
		if (c->phase == HTTP_IDLE)
			http_conn_arm(c, s->lim->head_ms);
		c->phase = HTTP_HEADING;
		c->work->seen = (uint32_t)in.n;
		return false;
	}
	if (used < 0)
		refuse_head(c, http_status_of(used), span_str(http_strerror(used)));
	else
		start_request(c, &s->head, (size_t)used);
	return true;
}

static void client_is_gone(struct http_conn *c)
{
	bool waiting = c->phase >= HTTP_STREAM && c->phase <= HTTP_BUSY;
	if (waiting && !c->work->x.answered && c->server->handler->gone != NULL)
		c->server->handler->gone(&c->work->x);
	if (c->work != NULL)
		c->work->x.answered = true;
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
	bool torn = c->phase == HTTP_STREAM && c->work->x.status != 0;
	client_is_gone(c);
	if (torn)
		http_abort(&c->work->x);
	else if (net_pending(&c->net) > 0) /* answers to what was complete */
		net_finish(&c->net, false);
	else
		net_close_soon(&c->net, NET_EEOF);
}

/* What belongs to the request that is under way. */
static bool read_more(struct http_conn *c)
{
	if (c->phase == HTTP_GATHER)
		http_conn_gather(c);
	else if (c->phase == HTTP_STREAM)
		http_conn_stream(c);
	else if (c->phase == HTTP_TUNNEL)
		continue_tunnel(c);
	else
		return false;
	return true;
}

static void on_input(struct net_conn *n)
{
	struct http_conn *c = conn_of(n);
	for (int i = 0; i < BATCH; i++) {
		if (c->phase <= HTTP_HEADING ? !read_head(c) : !read_more(c))
			break;
		if (n->closing | n->finishing)
			return;
		if (c->phase >= HTTP_GATHER && c->phase <= HTTP_TUNNEL)
			break;
	}
	bool more = net_peek(n).n > 0;
	if (c->phase == HTTP_IDLE)
		http_conn_rest(c);
	if (more && c->phase == HTTP_IDLE)
		net_again(n);
	else if (more && (c->phase == HTTP_BUSY || c->phase == HTTP_FULL))
		net_pause(n);
	else if (n->eof && !(more && n->paused)) /* a handler that holds has not seen all of it */
		on_eof(c);
}

static void on_drained(struct net_conn *n)
{
	struct http_conn *c = conn_of(n);
	if (c->phase == HTTP_FULL && c->server->draining) {
		end_connection(c);
	} else if (c->phase == HTTP_FULL) {
		c->phase = HTTP_IDLE;
		http_conn_arm(c, c->server->lim->idle_ms);
		http_conn_rest(c);
		net_resume(n);
		if (n->eof)
			net_again(n);
	} else if (c->phase >= HTTP_STREAM && c->phase <= HTTP_BUSY &&
		   c->server->handler->writable != NULL) {
		c->server->handler->writable(&c->work->x);
	}
}

/*
 * Output waits, and none has left since we last looked. What was written in this very turn has had
 * no chance to leave yet: a quiet stream that speaks just now is not stalled.
 */
static bool is_stalled(struct http_conn *c)
{
	bool waited = c->waited, waits = net_pending(&c->net) > 0;
	uint32_t before = c->sent_mark;
	c->waited = waits;
	c->sent_mark = (uint32_t)c->net.sent;
	return waited && waits && before == c->sent_mark;
}

static void on_time(struct net_timer *t)
{
	struct http_conn *c =
		(struct http_conn *)((char *)t - offsetof(struct http_conn, net.timer));
	const struct span slow_body = SPAN("the request body took too long");
	if (is_stalled(c)) {
		client_is_gone(c);
		if (c->work != NULL)
			http_abort(&c->work->x);
		net_close_soon(&c->net, NET_ESLOW); /* it had its time for what is there */
		return;
	}
	if (net_pending(&c->net) > 0) {
		http_conn_arm(c, c->server->lim->stall_ms);
		return;
	}
	switch (c->phase) {
	case HTTP_HEADING:
		refuse_head(c, 408, SPAN("the request head took too long"));
		break;
	case HTTP_GATHER:
		http_refuse(c, 408, slow_body);
		break;
	case HTTP_STREAM:
		if (c->net.paused) {
			http_conn_arm(c, c->server->lim->body_ms);
			break;
		}
		http_conn_give_up(c, 408, slow_body);
		break;
	case HTTP_TUNNEL:
	case HTTP_BUSY:
		/* The handler has deadlines of its own; ours is about what the client takes. */
		http_conn_arm(c, c->server->lim->stall_ms);
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
	unlink_conn(c);
	http_conn_free(c);
	if (s->draining && s->count == 0 && s->drained != NULL)
		s->drained(s);
}

static const struct net_conn_ops conn_ops = {on_input, on_drained, on_closed};

static void refuse_connection(struct http_server *s, int fd)
{
	uint8_t buf[160];
	struct out o = out_init(buf, sizeof buf);
	s->refused++;
	http_put_status_line(&o, 503);
	http_put_field(&o, SPAN("Date"), http_server_date(s));
	out_str(&o, "Content-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n");
	/* The request is read, or else closing would send a reset that destroys the answer. */
	if (recv(fd, s->loop->input, NET_INPUT, MSG_DONTWAIT) != 0)
		send(fd, o.p, o.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void on_accepted(struct net_listener *l, int fd)
{
	struct http_server *s =
		(struct http_server *)((char *)l - offsetof(struct http_server, listener));
	struct http_conn *c = s->count < s->lim->connections ? http_conn_new(s) : NULL;
	if (c == NULL) {
		refuse_connection(s, fd);
		return;
	}
	c->next = s->conns;
	if (s->conns != NULL)
		s->conns->prev = c;
	s->conns = c;
	s->count++;
	/* in_max holds a head and, behind it, what one read brings. */
	int rc = net_conn_open(s->loop, &c->net, fd, &conn_ops, s->lim->parse.head + NET_INPUT,
			       s->lim->out + flush_at(s), true);
	if (rc < 0)
		net_close_soon(&c->net, rc);
	if (!c->net.closing && !c->net.finishing && c->net.timer.link == NULL)
		http_conn_arm(c, s->lim->idle_ms);
}

int http_server_open(struct http_server *s, struct net_loop *loop,
		     const struct http_handler *handler, const struct http_server_limits *lim,
		     const char *host, uint16_t port, unsigned flags)
{
	memset(s, 0, sizeof *s);
	s->loop = loop;
	s->handler = handler;
	s->lim = lim;
	return net_listen(loop, &s->listener, host, port, flags, on_accepted);
}

static void run_drained(struct net_task *t)
{
	struct http_server *s =
		(struct http_server *)((char *)t - offsetof(struct http_server, nobody_left));
	s->drained(s);
}

void http_server_drain(struct http_server *s, void (*drained)(struct http_server *))
{
	if (s->draining)
		return;
	s->draining = true;
	s->drained = drained;
	net_listener_drain(&s->listener);
	net_listener_close(&s->listener);
	for (struct http_conn *c = s->conns; c != NULL; c = c->next) {
		if (c->phase <= HTTP_HEADING)
			net_read_now(&c->net);
		if (c->phase <= HTTP_HEADING && net_pending(&c->net) > 0)
			end_connection(c); /* the last answer is still on its way */
		else if (c->phase <= HTTP_HEADING)
			net_close_soon(&c->net, NET_ECLOSED);
	}
	http_server_drop_spares(s);
	if (s->count == 0 && drained != NULL)
		net_task_put(s->loop, &s->nobody_left, run_drained);
}
