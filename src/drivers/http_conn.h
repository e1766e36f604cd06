/*
 * http_conn: one connection of the HTTP server. Shared by http_server.c (connections and heads),
 * http_server_body.c (bodies of requests), http_server_pool.c (records) and http_answer.c.
 */
#ifndef DRIVERS_HTTP_CONN_H
#define DRIVERS_HTTP_CONN_H

#include "drivers/http_server.h"
#include "net/net_buf.h"

enum http_phase {
	HTTP_IDLE,    /* no byte of a request is here */
	HTTP_HEADING, /* some bytes of a head */
	HTTP_GATHER,  /* collecting a body */
	HTTP_STREAM,  /* handing out a body piece by piece; the answer may have begun */
	HTTP_TUNNEL,  /* after 101: bytes both ways */
	HTTP_BUSY,    /* request complete, answer not */
	HTTP_FULL,    /* answered, but the client must take some of it before the next request */
	HTTP_OVER,    /* the last answer was given: the connection closes */
};

/* A request that is coming or under way: lent to the connection by its server meanwhile. */
struct http_work {
	struct http_exchange x;
	struct http_conn *conn;
	struct http_work *next; /* in the server's spare ones */
	struct http_body decoder;
	struct net_buf gathered; /* head and decoded body of a request that came in parts */
	uint64_t since;
	uint32_t head_n; /* bytes of the head in [gathered] */
	uint32_t seen;   /* bytes of a head that is coming which the reader has seen */
};

/* All that an idle one needs, and there may be thousands: a field more counts. */
struct http_conn {
	struct net_conn net;
	struct http_server *server;
	struct http_conn *prev, *next;
	struct http_work *work; /* NULL while idle */
	struct net_addr *peer;  /* NULL until it is asked for */
	uint32_t served;
	uint32_t
		sent_mark; /* the low bits of net.sent when output waited the last time we looked */
	bool waited;
	uint8_t phase;
};

/* Records. http_conn_work: whether there is one, or no memory for it. */
struct http_conn *http_conn_new(struct http_server *s);
void http_conn_free(struct http_conn *c);
bool http_conn_work(struct http_conn *c);
void http_conn_rest(struct http_conn *c); /* gives the work back if the connection is idle */
void http_server_drop_spares(struct http_server *s);

struct http_conn *http_conn_of(const struct http_exchange *x);
/* Refuses what was read and closes: the server's own error answers. */
void http_refuse(struct http_conn *c, unsigned status, struct span sentence);
/* The body may come: says 100 (Continue) when the client waits for it, and starts its time. */
void http_conn_continue(struct http_conn *c);
/* The answer of the current exchange is complete. */
void http_conn_answered(struct http_conn *c);
/* Sets the time limit of the present phase. */
void http_conn_arm(struct http_conn *c, uint32_t ms);
/* Calls the handler with a request, whose body is [body] or still to come. */
void http_conn_hand_out(struct http_conn *c, const struct http_head *h, struct span body);
/* A request that was handed out, but whose body will never be complete. */
void http_conn_give_up(struct http_conn *c, unsigned status, struct span sentence);
/* [used] bytes of net_peek are the head, a body follows: to be collected, or handed out. */
void http_conn_collect(struct http_conn *c, const struct http_head *h, size_t used);
void http_conn_start_stream(struct http_conn *c, const struct http_head *h, size_t used);
/* There is more of it. */
void http_conn_gather(struct http_conn *c);
void http_conn_stream(struct http_conn *c);
struct span http_server_date(struct http_server *s);

#endif
