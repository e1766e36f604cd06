/*
 * http_upstream: the client's side of HTTP/1.1 on the loop, for a proxy: one server, a bounded
 * pool of idle connections to it, calls that stream both ways with back-pressure.
 *
 *	struct out *o = upstream_open(&call, &up, &ops, room);
 *	http_put_request_line(o, SPAN("GET"), SPAN("/"));
 *	http_put_field(o, SPAN("Host"), SPAN("api"));
 *	rc = upstream_start(&call, &(struct upstream_request){.method = HTTP_GET});
 *	...                                     // ops->head, ops->body ..., ops->done
 *
 * Connections are made when a call finds none idle, the name looked up anew each time. An idle one
 * that says anything, or closes, is dropped at once, so that no byte of it reaches another call. A
 * call whose kept connection turns out to be dead is repeated on a new one when that is safe: a
 * request without body of an idempotent method before any byte of the answer (RFC 9110, 9.2.2),
 * every other one only while the kernel has not taken a byte of it.
 */
#ifndef DRIVERS_HTTP_UPSTREAM_H
#define DRIVERS_HTTP_UPSTREAM_H

#include "http/http.h"
#include "net/net_conn.h"

struct upstream_limits {
	struct http_limits parse; /* of answers */
	uint32_t connections;     /* open at a time; above it a call is refused */
	uint32_t idle;            /* of them, kept for the next calls */
	uint32_t out;             /* bytes of a request that wait for the server */
	uint32_t connect_ms;      /* for the name and the connection */
	uint32_t answer_ms;       /* from the end of the request to the head of the answer */
	uint32_t between_ms;      /* without a byte of the answer's body */
	uint32_t idle_ms;         /* shorter than what servers grant: they must not close first */
	uint32_t tunnel_ms;       /* without a byte either way after 101 */
};
extern const struct upstream_limits upstream_defaults;

/* More than one read brings, so that a steady flow never stops and goes. */
#define UPSTREAM_HIGH (NET_INPUT + 4096)
#define UPSTREAM_KEPT 1024  /* bytes of a request that a call keeps without malloc */
#define UPSTREAM_INTERIM 32 /* interim answers (1xx) to one request */
#define UPSTREAM_FRAMING 64 /* what upstream_start adds to a head */

enum upstream_why {
	UPSTREAM_UNREACHABLE,  /* no connection: nothing was sent */
	UPSTREAM_LATE_CONNECT, /* the same, because of the time limit */
	UPSTREAM_LOST,         /* closed before an answer: perhaps it was acted on */
	UPSTREAM_LATE,         /* no answer in time: perhaps it was acted on */
	UPSTREAM_GARBLED,      /* what came is no answer */
	UPSTREAM_TRUNCATED,    /* after [head]: closed, garbled or late in the middle */
};
const char *upstream_why_text(enum upstream_why why);

struct upstream_call;

/* Called from the loop only, never from within a function of this header. */
struct upstream_ops {
	/* An interim answer, 100 to 199 but 101; may be NULL. */
	void (*interim)(struct upstream_call *call, const struct http_head *h);
	/*
	 * The answer's head. A 101 (only when upgrade was asked for) makes the call a tunnel: from
	 * now on [body] gets all bytes, upstream_send sends them as they are, and [done] says that
	 * the server will send no more; it ends with upstream_leave.
	 */
	void (*head)(struct upstream_call *call, const struct http_head *h);
	void (*body)(struct upstream_call *call, struct span piece);
	/* The answer is complete; but for a tunnel the call is over. */
	void (*done)(struct upstream_call *call);
	/* The call is over; call->error has the reason. */
	void (*failed)(struct upstream_call *call, enum upstream_why why);
	/* After upstream_full said so: send on. */
	void (*writable)(struct upstream_call *call);
	/* It is being repeated on a new connection: upstream_full until [writable]. May be NULL. */
	void (*repeated)(struct upstream_call *call);
};

struct upstream_request {
	enum http_method method;
	enum http_framing framing; /* of its body; not HTTP_UNTIL_CLOSE */
	uint64_t length;           /* with HTTP_LENGTH, else 0 */
	bool upgrade;              /* 101 is welcome */
};

struct upstream_conn;
struct upstream_dial;

/* The caller's memory, from open until it is over: done, failed or upstream_leave. */
struct upstream_call {
	struct upstream *up;
	const struct upstream_ops *ops;
	struct upstream_conn *conn; /* NULL while there is none */
	struct upstream_dial *dial;
	struct upstream_request rq;
	struct out kept;   /* the request so far, until it can't be repeated any more */
	const char *error; /* after [failed]: the reason, for a log */
	uint8_t repeats;
	uint8_t interims;
	bool complete : 1; /* all of the request has been given */
	bool begun : 1;    /* a byte of the answer has come */
	uint8_t small[UPSTREAM_KEPT];
};

enum upstream_state { UPSTREAM_UNKNOWN, UPSTREAM_UP, UPSTREAM_DOWN };

struct upstream {
	struct net_loop *loop;
	const struct upstream_limits *lim;
	const char *host;
	uint16_t port;
	enum upstream_state state; /* as of the last contact */
	struct upstream_conn *idle, *spare;
	uint32_t idles, spares;
	uint32_t conns;                /* open or being made */
	struct http_head head;         /* of the answer being handed out; one at a time */
	uint64_t opened, stale, stray; /* connections; repeated calls; ends with bytes left over */
};

/* Connects to nothing yet. [host] and [lim] stay the caller's and in place. */
void upstream_init(struct upstream *up, struct net_loop *loop, const struct upstream_limits *lim,
		   const char *host, uint16_t port);

/*
 * Begins a call: a writer with [room] bytes for the request line and the fields but those that
 * frame (Content-Length, Transfer-Encoding), which start adds. Too little room or memory shows at
 * start. Start returns 0 or -errno; after an error the call is over.
 */
struct out *upstream_open(struct upstream_call *call, struct upstream *up,
			  const struct upstream_ops *ops, size_t room);
int upstream_start(struct upstream_call *call, const struct upstream_request *rq);
/*
 * The request's body in pieces, then its end (only when it has a body). Copied. While
 * upstream_full, which promises a [writable], nothing more should be given; before the connection
 * is there (full too) nothing more may.
 */
void upstream_send(struct upstream_call *call, struct span piece);
void upstream_finish(struct upstream_call *call);
bool upstream_full(struct upstream_call *call);
/* Stops and restarts the pieces of the answer. */
void upstream_hold(struct upstream_call *call);
void upstream_unhold(struct upstream_call *call);
/*
 * Ends a call early, without a further callback; its connection closes. Of a tunnel, what was
 * given is still sent. Does nothing when the call is over.
 */
void upstream_leave(struct upstream_call *call);

#endif
