/* Writing answers: see http_server.h. */
#include "base/cold.h"
#include "drivers/http_conn.h"

#include <string.h>

#define HEAD_ROOM 512 /* status line, Date, framing and connection fields, with a margin */
#define CHUNK_ROOM 24 /* size line and the two CRLFs, and the last chunk */
#define LAST_CHUNK 5
#define CONNECTION_ROOM 32 /* the Connection field, at most "keep-alive" */

struct http_conn *http_conn_of(const struct http_exchange *x)
{
	return ((const struct http_work *)((const char *)x - offsetof(struct http_work, x)))->conn;
}

struct span http_server_date(struct http_server *s)
{
	if (s->loop->now == s->date_looked && s->date_second != 0)
		return span_of(s->date, sizeof s->date);
	uint64_t now = net_wall_seconds();
	s->date_looked = s->loop->now;
	if (now != s->date_second) {
		s->date_second = now;
		http_put_date(s->date, now);
		s->opening_n = 0;
	}
	return span_of(s->date, sizeof s->date);
}

/* Nothing for a status that is none. */
COLD static void make_opening(struct http_server *s, unsigned status, struct span date)
{
	struct out line = out_init(s->opening, sizeof s->opening);
	http_put_status_line(&line, status);
	http_put_field(&line, SPAN("Date"), date);
	s->opening_n = line.over ? 0 : (uint8_t)line.n;
	s->opening_status = status;
}

static void put_opening(struct http_server *s, struct out *o, unsigned status)
{
	struct span date = http_server_date(s);
	if (s->opening_n == 0 || s->opening_status != status)
		make_opening(s, status, date);
	o->over = o->over || s->opening_n == 0;
	out_mem(o, s->opening, s->opening_n);
}

static bool has_no_body(unsigned status)
{
	return status < 200 || status == 204 || status == 304;
}

static struct out open_with(struct http_exchange *x, unsigned status, struct span fields,
			    size_t room)
{
	struct http_conn *c = http_conn_of(x);
	struct out o = net_out_open(&c->net, room + HEAD_ROOM + fields.n);
	x->status = (uint16_t)status;
	x->no_body = x->method == HTTP_HEAD || has_no_body(status);
	put_opening(c->server, &o, status);
	out_span(&o, fields);
	return o;
}

struct out http_open(struct http_exchange *x, unsigned status, size_t room)
{
	return open_with(x, status, http_conn_of(x)->server->handler->fields, room);
}

struct out http_open_like(struct http_exchange *x, unsigned status, const struct http_prebuilt *p,
			  size_t room)
{
	struct span fields = span_tail(p->head, (size_t)p->date_at + HTTP_DATE_SIZE + 2);
	return open_with(x, status, span_head(fields, fields.n - 2), room);
}

static bool may_stay_open(const struct http_conn *c)
{
	const struct http_server *s = c->server;
	return c->work->x.keep_alive && c->work->x.body_read && !s->draining &&
	       (s->lim->requests == 0 || c->served < s->lim->requests);
}

COLD static void put_connection(const struct http_exchange *x, struct out *o)
{
	if (x->status == 101)
		return; /* the handler's, with Upgrade */
	if (!x->keep_alive)
		http_put_field(o, SPAN("Connection"), SPAN("close"));
	else if (x->minor == 0)
		http_put_field(o, SPAN("Connection"), SPAN("keep-alive"));
}

/* What is ours needs none of the checks of http_put_field. */
static void put_length(struct out *o, uint64_t length)
{
	uint8_t digits[20];
	out_mem(o, "Content-Length: ", 16);
	out_span(o, dec_put(digits, length));
	out_mem(o, "\r\n", 2);
}

static void end_head(struct http_exchange *x, struct out *o, uint64_t length)
{
	if (length == HTTP_STREAMED && !has_no_body(x->status)) {
		x->chunked = x->minor > 0;
		if (x->chunked)
			http_put_field(o, SPAN("Transfer-Encoding"), SPAN("chunked"));
		else
			x->keep_alive = false;
		x->until_close = !x->chunked;
	} else if (!has_no_body(x->status)) {
		put_length(o, length);
	}
	x->keep_alive = may_stay_open(http_conn_of(x));
	if (!x->keep_alive || x->minor == 0)
		put_connection(x, o);
	http_put_head_end(o);
}

void http_begin(struct http_exchange *x, struct out *o, uint64_t length)
{
	end_head(x, o, length);
	if (!net_out_close(&http_conn_of(x)->net, o))
		http_abort(x);
}

struct out http_open_interim(struct http_exchange *x, size_t room)
{
	struct out none = {.over = true};
	if (x->minor == 0 || x->status != 0)
		return none;
	return net_out_open(&http_conn_of(x)->net, room);
}

void http_send_interim(struct http_exchange *x, const struct out *o)
{
	net_out_close(&http_conn_of(x)->net, o);
}

bool http_send(struct http_exchange *x, struct span s)
{
	struct http_conn *c = http_conn_of(x);
	if (x->no_body || s.n == 0)
		return true;
	if (!x->chunked)
		return net_write(&c->net, s);
	struct out o = net_out_open(&c->net, s.n + CHUNK_ROOM);
	http_put_chunk_begin(&o, s.n);
	out_span(&o, s);
	http_put_chunk_end(&o);
	return net_out_close(&c->net, &o);
}

bool http_send_through(struct http_exchange *x, struct span s)
{
	struct http_conn *c = http_conn_of(x);
	if (x->no_body || s.n < NET_THROUGH)
		return http_send(x, s);
	if (!x->chunked)
		return net_write_through(&c->net, s);
	struct out o = net_out_open(&c->net, s.n + CHUNK_ROOM);
	http_put_chunk_begin(&o, s.n);
	return net_out_close(&c->net, &o) && net_write_through(&c->net, s) &&
	       net_write(&c->net, SPAN("\r\n"));
}

void http_send_ref(struct http_exchange *x, struct span s)
{
	if (!x->no_body && s.n > 0)
		net_write_ref(&http_conn_of(x)->net, s);
}

void http_end(struct http_exchange *x)
{
	struct http_conn *c = http_conn_of(x);
	if (x->chunked && !x->no_body) {
		struct out o = net_out_open(&c->net, LAST_CHUNK);
		http_put_last_chunk(&o);
		if (!net_out_close(&c->net, &o)) {
			http_abort(x);
			return;
		}
	}
	http_conn_answered(c);
}

void http_end_now(struct http_exchange *x)
{
	struct http_conn *c = http_conn_of(x);
	http_end(x);
	net_flush(&c->net);
}

COLD void http_abort(struct http_exchange *x)
{
	struct http_conn *c = http_conn_of(x);
	x->answered = true;
	c->phase = HTTP_OVER;
	if (!x->until_close) {
		/* What is there is told, earlier answers among it; the framing shows what is not.
		 */
		net_finish(&c->net, false);
		return;
	}
	/* Where the end of the connection is the end of the body, FIN would make it a whole one. */
	net_reset(&c->net, NET_ECLOSED);
}

void http_answer(struct http_exchange *x, unsigned status, struct span type, struct span body)
{
	struct out o = http_open(x, status, body.n + type.n);
	if (type.n > 0)
		http_put_field(&o, SPAN("Content-Type"), type);
	end_head(x, &o, body.n);
	if (!x->no_body)
		out_span(&o, body);
	if (net_out_close(&http_conn_of(x)->net, &o))
		http_end(x);
	else
		http_abort(x);
}

static void put_prebuilt_head(struct http_exchange *x, struct out *o, const struct http_prebuilt *p)
{
	uint8_t *at = out_room(o, p->head.n);
	if (at == NULL)
		return;
	memcpy(at, p->head.p, p->head.n);
	memcpy(at + p->date_at, http_server_date(http_conn_of(x)->server).p, HTTP_DATE_SIZE);
	if (!x->keep_alive || x->minor == 0) {
		o->n -= 2; /* the empty line comes behind one more field */
		put_connection(x, o);
		http_put_head_end(o);
	}
}

void http_answer_prebuilt(struct http_exchange *x, const struct http_prebuilt *p)
{
	struct http_conn *c = http_conn_of(x);
	x->status = p->status;
	x->no_body = x->method == HTTP_HEAD || has_no_body(p->status);
	x->keep_alive = may_stay_open(c);
	struct span body = x->no_body ? SPAN_NONE : p->body;
	struct span copied = body.n <= HTTP_COPY_MAX ? body : SPAN_NONE;
	struct out o = net_out_open(&c->net, p->head.n + CONNECTION_ROOM + copied.n);
	put_prebuilt_head(x, &o, p);
	out_span(&o, copied);
	if (!net_out_close(&c->net, &o)) {
		http_abort(x);
		return;
	}
	if (copied.n < body.n)
		http_send_ref(x, body);
	http_end(x);
}

size_t http_room(const struct http_exchange *x)
{
	size_t room = net_room(&http_conn_of(x)->net);
	return room > CHUNK_ROOM ? room - CHUNK_ROOM : 0;
}

void http_want_writable(struct http_exchange *x)
{
	net_want_drained(&http_conn_of(x)->net);
}

void http_hold(struct http_exchange *x)
{
	net_pause(&http_conn_of(x)->net);
}

void http_unhold(struct http_exchange *x)
{
	http_conn_continue(http_conn_of(x));
	net_resume(&http_conn_of(x)->net);
}

void http_tunnel(struct http_exchange *x)
{
	struct http_conn *c = http_conn_of(x);
	c->phase = HTTP_TUNNEL;
	x->keep_alive = x->no_body = false;
	x->body_read = false; /* true at the client's end */
	net_resume(&c->net);
	net_again(&c->net); /* for what came behind the head */
}

void http_shut(struct http_exchange *x)
{
	net_shut(&http_conn_of(x)->net);
}

uint64_t http_since(const struct http_exchange *x)
{
	return http_conn_of(x)->work->since;
}
