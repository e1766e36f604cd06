/*
 * http_upstream: the client's side of HTTP/1.1 on the loop, for a proxy: a group of servers that do
 * the same, a bounded pool of idle connections to each, calls that stream both ways with
 * back-pressure.
 *
 *	upstream_group_init(&group, &loop, &upstream_defaults);
 *	upstream_add(&group, &up, "api", 5000, &counts);
 *	...
 *	struct out *o = upstream_open(&call, &group, &ops, room);
 *	http_put_request_line(o, SPAN("GET"), SPAN("/"));
 *	http_put_field(o, SPAN("Host"), SPAN("api"));
 *	rc = upstream_start(&call, &(struct upstream_request){.method = HTTP_GET});
 *	...                                     // ops->head, ops->body ..., ops->done
 *
 * Which server: the one with the fewest calls under way, ties in turn, of those whose circuit is
 * closed. After UPSTREAM_FAILURES in a row (not reached, no answer or none in time, no HTTP) the
 * circuit of a server opens: it gets no calls for a second, then one; that one's answer closes the
 * circuit, its failure opens it for twice as long, up to UPSTREAM_OPEN_MAX_MS. A server that is
 * alone in its group is spared that, for there is no better one: only when it could not be reached
 * within connect_ms it gets no calls for a second, so that not every caller waits as long.
 *
 * Repetition. What could not be sent at all goes to the next server, each once. A request without
 * body of an idempotent method (RFC 9110, 9.2.2) that was lost before any byte of the answer is
 * sent once more on a new connection, to another server if there is one; every other request only
 * while the kernel has not taken a byte of it.
 *
 * Addresses. Each new connection looks the name up. While there are idle connections or calls, the
 * name is looked up again every UPSTREAM_LOOK_MS; connections to an address that it no longer has
 * are not used again, and after a failure none that was there before is. Bytes that a server does
 * not acknowledge for UPSTREAM_DEAF_MS end the connection. An idle connection that says anything,
 * or closes, is dropped at once, so that no byte of it reaches another call.
 */
#ifndef DRIVERS_HTTP_UPSTREAM_H
#define DRIVERS_HTTP_UPSTREAM_H

#include "http/http.h"
#include "net/net_conn.h"

struct upstream_limits {
	struct http_limits parse; /* of answers */
	uint32_t connections;     /* open at a time, to each server; above it a call is refused */
	uint32_t idle;            /* of them, kept for the next calls */
	uint32_t out;             /* bytes of a request that wait for the server */
	uint32_t connect_ms;      /* for the name and the connection */
	uint32_t answer_ms;       /* from the end of the request to the head of the answer */
	uint32_t between_ms;      /* without a byte of the answer's body */
	uint32_t idle_ms;         /* shorter than what servers grant: they must not close first */
	uint32_t tunnel_ms;       /* without a byte either way after 101 */
	uint32_t retries;         /* 0: no request is given to a second server or connection */
};
extern const struct upstream_limits upstream_defaults;

/* More than one read brings, so that a steady flow never stops and goes. */
#define UPSTREAM_HIGH (NET_INPUT + 4096)
#define UPSTREAM_KEPT 1024  /* bytes of a request that a call keeps without malloc */
#define UPSTREAM_INTERIM 32 /* interim answers (1xx) to one request */
#define UPSTREAM_FRAMING 64 /* what upstream_start adds to a head */
#define UPSTREAM_MEMBERS 8  /* servers of a group */
#define UPSTREAM_FAILURES 3 /* in a row, then the circuit opens */
#define UPSTREAM_OPEN_MS 1000
#define UPSTREAM_OPEN_MAX_MS 30000
#define UPSTREAM_LOOK_MS 5000 /* between two look-ups of a name in use */
#define UPSTREAM_DEAF_MS 5000 /* TCP_USER_TIMEOUT */
/*
 * Of requests with a longer body, of chunked ones and of tunnels the server may let bytes wait
 * longer: to the kernel a full receiver is as deaf as a dead one.
 */
#define UPSTREAM_DEAF_BODY 65536

enum upstream_why {
	UPSTREAM_UNREACHABLE,  /* no connection: nothing was sent */
	UPSTREAM_LATE_CONNECT, /* the same, because of the time limit */
	UPSTREAM_LOST,         /* closed before an answer: perhaps it was acted on */
	UPSTREAM_LATE,         /* no answer in time: perhaps it was acted on */
	UPSTREAM_GARBLED,      /* what came is no answer */
	UPSTREAM_TRUNCATED,    /* after [head]: closed, garbled or late in the middle */
	UPSTREAM_WHYS
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
	/* It is being repeated elsewhere: upstream_full until [writable]. May be NULL. */
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
struct upstream_look;
struct upstream;
struct upstream_group;

/* The caller's memory, from open until it is over: done, failed or upstream_leave. */
struct upstream_call {
	struct upstream_group *group;
	struct upstream *up; /* the server that has it, or had it last; NULL before the first */
	const struct upstream_ops *ops;
	struct upstream_conn *conn; /* NULL while there is none */
	struct upstream_dial *dial;
	struct upstream_request rq;
	struct out kept;   /* the request so far, until it can't be repeated any more */
	const char *error; /* after [failed]: the reason, for a log */
	uint8_t tried;     /* bit i: member i could not be reached, or lost it */
	uint8_t repeats;   /* how often it was given to another server or connection */
	uint8_t interims;
	bool complete : 1;  /* all of the request has been given */
	bool begun : 1;     /* a byte of the answer has come */
	bool sent_once : 1; /* it was lost, and is being repeated */
	bool stale : 1;     /* its connection was, which says nothing about the server */
	bool counted : 1;   /* among up->count->calls */
	bool probe : 1;     /* the one that a half-open circuit let through */
	uint8_t small[UPSTREAM_KEPT];
};

enum upstream_state { UPSTREAM_UNKNOWN, UPSTREAM_UP, UPSTREAM_DOWN };
enum upstream_circuit { UPSTREAM_CLOSED, UPSTREAM_OPEN, UPSTREAM_HALF_OPEN };

/* For telemetry: written by the driver, in memory that the caller may share with others. */
struct upstream_counts {
	uint64_t opened;   /* connections */
	uint64_t repeated; /* calls given to another server or connection */
	uint64_t stray;    /* connections ended because bytes were left over */
	uint64_t failed[UPSTREAM_WHYS];
	uint32_t calls, conns, idles; /* now */
	uint32_t circuit;             /* enum upstream_circuit */
};

struct upstream {
	struct upstream_group *group;
	const char *host;
	uint16_t port;
	uint8_t index;   /* in the group */
	uint8_t state;   /* enum upstream_state, as of the last contact */
	uint8_t circuit; /* enum upstream_circuit */
	bool fixed;      /* the host is an address: nothing to look up */
	uint8_t failures;
	uint32_t open_ms; /* of the last opening */
	uint64_t open_until, used_at;
	uint64_t addresses; /* of the name when it was looked up last: their sum of hashes */
	uint32_t epoch;     /* connections of an earlier one are not used again */
	struct upstream_conn *idle;
	struct upstream_look *look;
	struct net_timer look_again;
	struct upstream_counts *count;
};

struct upstream_group {
	struct net_loop *loop;
	const struct upstream_limits *lim;
	struct upstream *member[UPSTREAM_MEMBERS];
	uint8_t members, turn;
	struct upstream_conn *spare;
	uint32_t spares;
	struct http_head head; /* of the answer being handed out; one at a time */
};

/* [lim] stays the caller's and in place. */
void upstream_group_init(struct upstream_group *g, struct net_loop *loop,
			 const struct upstream_limits *lim);
/*
 * One more server, up to UPSTREAM_MEMBERS; connects to nothing yet. [up], [host] and [count], which
 * is zero, stay the caller's and in place.
 */
void upstream_add(struct upstream_group *g, struct upstream *up, const char *host, uint16_t port,
		  struct upstream_counts *count);
/* Up when one server is, down when all are. */
enum upstream_state upstream_group_state(const struct upstream_group *g);

/*
 * Begins a call: a writer with [room] bytes for the request line and the fields but those that
 * frame (Content-Length, Transfer-Encoding), which start adds. Too little room or memory shows at
 * start. Start returns 0 or -errno; after an error the call is over: -EHOSTDOWN when all circuits
 * are open (upstream_closes_in tells for how long), -EBUSY when all servers have their connections.
 */
struct out *upstream_open(struct upstream_call *call, struct upstream_group *g,
			  const struct upstream_ops *ops, size_t room);
int upstream_start(struct upstream_call *call, const struct upstream_request *rq);
/* ms until a circuit of the group lets the next call through. */
uint32_t upstream_closes_in(const struct upstream_group *g);
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
