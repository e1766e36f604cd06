/* The bodies of requests: collected for the handler, or handed out piece by piece. */
#include "drivers/http_conn.h"

#include <string.h>

static void refuse_body(struct http_conn *c, uint64_t length)
{
	uint8_t buf[96];
	struct out o = out_init(buf, sizeof buf);
	out_str(&o, "the request body ");
	if (length != HTTP_STREAMED) {
		out_str(&o, "has ");
		out_u64(&o, length);
		out_str(&o, " bytes, the limit is ");
		out_u64(&o, c->server->lim->body);
	} else {
		out_str(&o, "is longer than ");
		out_u64(&o, c->server->lim->body);
		out_str(&o, " bytes");
	}
	http_refuse(c, 413, out_span_of(&o));
}

/* A request that was handed out, but whose body will never be complete. */
void http_conn_give_up(struct http_conn *c, unsigned status, struct span sentence)
{
	struct http_work *w = c->work;
	const struct http_handler *handler = c->server->handler;
	w->x.keep_alive = false;
	if (handler->gone != NULL)
		handler->gone(&w->x);
	if (w->x.status == 0)
		http_refuse(c, status, sentence);
	else
		http_abort(&w->x);
}

/* Bodies that are collected: the common one is here whole, others are gathered beside. */

static bool gather(struct http_conn *c, struct span s)
{
	struct http_work *w = c->work;
	const struct http_server_limits *lim = c->server->lim;
	size_t max = (size_t)w->head_n + lim->body;
	if (!net_buf_room(c->server->loop, &w->gathered, s.n, max)) {
		http_refuse(c, 503, SPAN("out of memory"));
		return false;
	}
	if (s.n > 0)
		memcpy(w->gathered.p + w->gathered.len, s.p, s.n);
	w->gathered.len += (uint32_t)s.n;
	return true;
}

static void hand_out_gathered(struct http_conn *c)
{
	struct http_work *w = c->work;
	struct http_server *s = c->server;
	struct net_buf whole = w->gathered;
	w->gathered = (struct net_buf){NULL, 0, 0, 0};
	struct span all = span_of(whole.p, whole.len);
	w->x.body_read = true;
	/* Its bytes have moved since it was read for the first time. */
	http_read_request(span_head(all, w->head_n), &s->lim->parse, &s->head);
	http_conn_hand_out(c, &s->head, span_tail(all, w->head_n));
	net_buf_drop(s->loop, &whole);
}

void http_conn_gather(struct http_conn *c)
{
	struct http_work *w = c->work;
	const struct http_server_limits *lim = c->server->lim;
	while (!w->decoder.done) {
		struct span piece;
		int used = http_body_next(&w->decoder, net_peek(&c->net), &piece);
		if (used < 0) {
			http_refuse(c, http_status_of(used), span_str(http_strerror(used)));
			return;
		}
		if (used == 0 && !w->decoder.done)
			return;
		/* What is announced counts: a chunk that is too long need not come first. */
		if (piece.n + http_body_due(&w->decoder) >
		    (size_t)w->head_n + lim->body - w->gathered.len) {
			refuse_body(c, HTTP_STREAMED);
			return;
		}
		if (!gather(c, piece))
			return;
		net_eat(&c->net, (size_t)used);
		http_conn_arm(c, lim->body_ms);
	}
	hand_out_gathered(c);
}

void http_conn_continue(struct http_conn *c)
{
	struct http_work *w = c->work;
	if (w->x.expects && w->x.status == 0)
		net_write(&c->net, SPAN("HTTP/1.1 100 Continue\r\n\r\n"));
	w->x.expects = false;
	if (c->phase == HTTP_STREAM) /* the client had no time of its own while it was held */
		http_conn_arm(c, c->server->lim->body_ms);
}

void http_conn_collect(struct http_conn *c, const struct http_head *h, size_t used)
{
	struct http_work *w = c->work;
	const struct http_server_limits *lim = c->server->lim;
	struct span rest = span_tail(net_peek(&c->net), used);
	if (h->framing == HTTP_LENGTH && h->length > lim->body) {
		refuse_body(c, h->length);
		return;
	}
	if (h->framing == HTTP_LENGTH && h->length <= rest.n) {
		w->x.body_read = true;
		net_eat(&c->net, used + (size_t)h->length);
		http_conn_hand_out(c, h, span_head(rest, (size_t)h->length));
		return;
	}
	http_body_init(&w->decoder, h, &lim->parse);
	c->phase = HTTP_GATHER;
	w->head_n = h->n;
	w->x.expects = h->expect_continue && rest.n == 0;
	http_conn_continue(c);
	if (!gather(c, span_of(h->at, h->n)))
		return;
	net_eat(&c->net, used);
	http_conn_arm(c, lim->body_ms);
	http_conn_gather(c);
}

/* Bodies that are handed out piece by piece. */

void http_conn_stream(struct http_conn *c)
{
	struct http_work *w = c->work;
	const struct http_handler *handler = c->server->handler;
	while (!w->decoder.done && c->phase == HTTP_STREAM && !c->net.paused) {
		struct span piece;
		int used = http_body_next(&w->decoder, net_peek(&c->net), &piece);
		if (used < 0) {
			http_conn_give_up(c, http_status_of(used), span_str(http_strerror(used)));
			return;
		}
		if (used == 0 && !w->decoder.done)
			return;
		net_eat(&c->net, (size_t)used);
		http_conn_arm(c, c->server->lim->body_ms);
		w->x.body_read = w->decoder.done;
		if (w->decoder.done)
			c->phase = HTTP_BUSY;
		if (piece.n > 0 || w->decoder.done)
			handler->body(&w->x, piece, w->decoder.done);
	}
}

void http_conn_start_stream(struct http_conn *c, const struct http_head *h, size_t used)
{
	struct http_work *w = c->work;
	struct span rest = span_tail(net_peek(&c->net), used);
	net_eat(&c->net, used);
	http_body_init(&w->decoder, h, &c->server->lim->parse);
	w->x.expects = h->expect_continue && rest.n == 0;
	http_conn_hand_out(c, h, SPAN_NONE);
	if (w->x.answered)
		return;
	c->phase = HTTP_STREAM;
	http_conn_arm(c, c->server->lim->body_ms);
	if (!c->net.paused)
		http_conn_continue(c);
	http_conn_stream(c);
}
