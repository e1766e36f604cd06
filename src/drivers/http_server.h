/*
 * http_server: HTTP/1.1 on the loop. It reads requests strictly, keeps them in order, bounds time
 * and memory, and leaves the answers to a handler, at once or later.
 *
 *	static void on_request(struct http_exchange *x)
 *	{
 *		if (span_eq(x->head->path, SPAN("/")))
 *			http_answer(x, 200, SPAN("text/plain"), SPAN("Hi"));
 *		else
 *			http_answer(x, 404, SPAN("text/plain"), SPAN("not found\n"));
 *	}
 *	static const struct http_handler handler = {.request = on_request};
 *	rc = http_server_open(&server, &loop, &handler, &http_server_defaults, "", 8080,
 *			      NET_LISTEN_DEFER);
 *
 * One request of a connection is answered at a time (RFC 9112, 9.3.2); those pipelined behind it
 * wait in the connection's bounded buffer, and then in the client's. Answers to all requests that
 * came in one read leave in one send.
 */
#ifndef DRIVERS_HTTP_SERVER_H
#define DRIVERS_HTTP_SERVER_H

#include "http/http.h"
#include "net/net_addr.h"
#include "net/net_conn.h"

struct http_server_limits {
	struct http_limits parse;
	uint32_t body;        /* bytes of a collected body: above it 413 */
	uint32_t out;         /* bytes of an answer that wait for the client; as many, but at most
				 64 KiB, may wait before it when requests are pipelined */
	uint32_t connections; /* above it: 503 and close */
	uint32_t requests;    /* of one connection, then it is closed; 0: no end */
	uint32_t idle_ms;     /* between two requests */
	uint32_t head_ms;     /* for a whole head, from its first byte */
	uint32_t body_ms;     /* without a byte of the body */
	uint32_t stall_ms;    /* without the client taking a byte of the answer; looked after in
				 steps of as long, so at most twice that */
};
extern const struct http_server_limits http_server_defaults;

struct http_exchange;

struct http_handler {
	/*
	 * A request. x->head and x->body, and all they point to, are good during this call only.
	 * Answer now, or keep [x] and answer later: it stays valid until http_end (http_answer) or
	 * [gone]; within this call x->status may still be read, for a log.
	 */
	void (*request)(struct http_exchange *x);
	/*
	 * NULL: bodies are collected up to limits.body and given as x->body. Otherwise [request] is
	 * called with the head alone and this with each piece of the body, views good for the
	 * call; http_hold stops them for a while. Also called once with [last] and maybe no bytes,
	 * but not for a request without body (x->body_read).
	 */
	void (*body)(struct http_exchange *x, struct span piece, bool last);
	/* All that was sent so far has left, after http_want_writable. */
	void (*writable)(struct http_exchange *x);
	/* The client left, or stalled, before the answer was complete. [x] is not valid any more.
	 */
	void (*gone)(struct http_exchange *x);
	/*
	 * Whole field lines, each with its CRLF, for every answer that http_open begins: the
	 * server's own refusals as well.
	 */
	struct span fields;
};

struct http_exchange {
	const struct http_head *head; /* NULL outside [request] */
	struct span body;
	void *user; /* the handler's */
	enum http_method method;
	uint16_t status; /* 0 until the answer has begun */
	uint8_t minor;
	bool keep_alive : 1;
	bool chunked : 1; /* the answer's framing */
	bool no_body : 1; /* HEAD, 204, 304 */
	bool until_close : 1;
	bool answered : 1;
	bool body_read : 1; /* the whole request body has been taken */
	bool expects : 1;   /* the client waits for 100 (Continue) */
};

#define HTTP_OPENING 96 /* the longest registered reason phrase has 31 bytes */

struct http_server {
	struct net_loop *loop;
	struct net_listener listener;
	const struct http_handler *handler;
	const struct http_server_limits *lim;
	struct http_conn *conns, *spare;
	struct http_work *spare_work;
	uint32_t count, spares, spare_works;
	bool draining;
	void (*drained)(struct http_server *);
	struct net_task nobody_left;       /* when the drain began */
	uint64_t date_looked, date_second; /* loop time, wall clock */
	uint8_t date[HTTP_DATE_SIZE];
	/* Status line and Date of the last http_open, for the next of that status and second. */
	uint8_t opening[HTTP_OPENING], opening_n;
	unsigned opening_status;
	struct http_head head;      /* of the request being handed out; one at a time */
	uint64_t requests, refused; /* counters, for telemetry */
};

/* [host], [port], [flags]: as for net_listen, which also tells the errors. */
int http_server_open(struct http_server *s, struct net_loop *loop,
		     const struct http_handler *handler, const struct http_server_limits *lim,
		     const char *host, uint16_t port, unsigned flags);
/*
 * No new connections but those that wait already; what has come is read. Then idle ones are closed,
 * the others after their answer. [drained] is called once, when the last is gone (at the earliest
 * at the end of the turn); the server then holds nothing any more.
 */
void http_server_drain(struct http_server *s, void (*drained)(struct http_server *));

/* A whole answer. [type] may be empty for one without a body. Bodies are copied. */
void http_answer(struct http_exchange *x, unsigned status, struct span type, struct span body);

/*
 * A whole answer whose head was made once, from the status line to the empty line, to be copied
 * for each request: a Date, its HTTP_DATE_SIZE bytes at [date_at], Content-Length where the status
 * has a body, whatever else; no Connection. [body] lives as long as the process: it is
 * copied behind the head up to HTTP_COPY_MAX, beyond it borrowed.
 */
struct http_prebuilt {
	struct span head, body;
	uint16_t date_at;
	uint16_t status;
};
#define HTTP_COPY_MAX 16384 /* below it a second part of a send costs more than the copy */
void http_answer_prebuilt(struct http_exchange *x, const struct http_prebuilt *p);

/*
 * An answer in parts. http_open writes the status line and Date and gives a writer with at least
 * [room] bytes for the fields (http_put_field); http_begin ends the head: with Content-Length when
 * [length] is not HTTP_STREAMED, else chunked (or until close, for a 1.0 client). After it
 * http_send as often as there is something, and http_end. When the head can't be sent (a field
 * that may not stand there, no room, a client that left in this turn) the exchange is over with
 * http_begin: x->answered tells, and [gone] is not called.
 */
#define HTTP_STREAMED UINT64_MAX
struct out http_open(struct http_exchange *x, unsigned status, size_t room);
void http_begin(struct http_exchange *x, struct out *o, uint64_t length);
/* http_open with the fields of [p] that stand behind its Date in place of the handler's. */
struct out http_open_like(struct http_exchange *x, unsigned status, const struct http_prebuilt *p,
			  size_t room);
/*
 * An interim answer (1xx but 101), before http_open: a writer for the whole head, to be sent when
 * it fits; over at once when the client may not have it (1.0) or the answer has begun.
 */
struct out http_open_interim(struct http_exchange *x, size_t room);
void http_send_interim(struct http_exchange *x, const struct out *o);
/* False when it does not fit (http_room): nothing was taken; ask with http_want_writable. */
bool http_send(struct http_exchange *x, struct span s);
/* The same, without copying what the client takes at once: for large pieces passed on. */
bool http_send_through(struct http_exchange *x, struct span s);
/* The whole body, borrowed: bytes that live as long as the process. */
void http_send_ref(struct http_exchange *x, struct span s);
void http_end(struct http_exchange *x);
/* The same, and what waits is sent now: for an answer that another connection's input completed. */
void http_end_now(struct http_exchange *x);
/* The answer can't be completed: the connection is cut, so that the client sees it is truncated. */
void http_abort(struct http_exchange *x);

/* Bytes that http_send takes now. */
size_t http_room(const struct http_exchange *x);
void http_want_writable(struct http_exchange *x);
/*
 * Stops and restarts the pieces of the request body. A client that expects 100 (Continue) gets it
 * when [request] returns, but from a handler that holds then only by http_unhold.
 */
void http_hold(struct http_exchange *x);
void http_unhold(struct http_exchange *x);
/* The loop time at which the request's head was complete, ms. */
uint64_t http_since(const struct http_exchange *x);

/*
 * After http_begin of a 101, whose Connection and Upgrade fields are the handler's: the connection
 * is a tunnel. [body] gets what comes, whatever it is, and [last] with the client's end; http_send
 * sends as it is; http_shut says that no more will be sent, while more may still come; http_end
 * closes when all is sent.
 */
void http_tunnel(struct http_exchange *x);
void http_shut(struct http_exchange *x);

/* The client's address, IPv4 also when it came by an IPv6 socket; family 0 when it has none. */
const struct net_addr *http_peer(struct http_exchange *x);
/* As text: RFC 5952 for IPv6, without brackets or scope. Nothing for family 0. */
void http_put_addr(struct out *o, const struct net_addr *a);

#endif
