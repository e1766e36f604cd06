/*
 * The session over the codec: login, and which reply belongs to which request. Pure; a driver
 * ties it to a socket, an embedder to a loop of his own.
 *
 *	struct resp_pending queue[64];
 *	struct resp_session s;
 *	resp_session_init(&s, &resp_default_limits, queue, 64);
 *	resp_session_login(&s, &login, &out);   // write `out` to the server
 *	... for all bytes that come:
 *	while ((used = resp_session_next(&s, in, &out, &ev)) > 0) {
 *		if (ev.kind == RESP_EV_READY)
 *			resp_session_send(&s, &out, argc, argv, 0, my_request);
 *		if (ev.kind == RESP_EV_ITEM)
 *			deliver(ev.who, &ev.it);    // ev.it.last: that was its whole reply
 *		in = span_tail(in, (size_t)used);
 *	}
 *
 * Replies come in the order of the requests, and every request has exactly one; that is all the
 * protocol offers to match them by. What breaks it must not be sent this way: CLIENT REPLY,
 * MONITOR, HELLO, RESET, and subscribe commands inside MULTI.
 */
#ifndef RESP_RESP_SESSION_H
#define RESP_RESP_SESSION_H

#include "resp/resp.h"

/* What the server is told at login; struct and spans must stay good until RESP_EV_READY. */
struct resp_login {
	struct span user;     /* empty: the default user */
	struct span password; /* empty: no AUTH */
	struct span name;     /* CLIENT SETNAME; empty: none */
	struct span
		library; /* CLIENT SETINFO LIB-NAME and LIB-VER, for the operator's CLIENT LIST; */
	struct span version; /* without blanks; empty: not sent. A refusal is no failure */
	uint32_t db;         /* SELECT; 0 is not sent (serverless servers refuse it) */
	bool resp2;          /* do not try HELLO 3 */
};

/* One place in the queue of requests in flight. */
struct resp_pending {
	void *who;
	uint32_t expect; /* of a subscribe command: confirmations to come, 0 for all that remain */
	uint8_t kind;    /* 0, or which subscribe command */
};

enum resp_event_kind {
	RESP_EV_NONE,  /* bytes were used, nothing to tell (login, attributes) */
	RESP_EV_READY, /* logged in: requests may be sent */
	RESP_EV_ITEM,  /* one item of the reply to ev.who */
	RESP_EV_PUSH,  /* one item of a push; messages and confirmations of a subscription, also
			  in RESP2; an error refusing a subscribe command (ev.who is its who,
			  ev.it.type RESP_ERROR or RESP_BLOB_ERROR) */
};

struct resp_event {
	enum resp_event_kind kind;
	void *who; /* NULL unless said above */
	struct resp_item it;
};

enum { RESP_SUBSCRIBES = 1 }; /* flag of send: (P|S)(UN)SUBSCRIBE, which is answered by pushes */

struct resp_session {
	struct resp_reader reader;
	struct resp_pending *queue; /* a ring, the caller's memory */
	uint32_t cap, head, count;
	const struct resp_login *login;
	uint8_t state;
	bool resp3;                          /* what HELLO agreed on */
	bool aside;                          /* RESP2: the array that is being read is a push */
	uint8_t kind, at;                    /* the push that is being read, and where in it */
	uint8_t step, steps;                 /* replies to the login that came, and are due */
	uint8_t plan[12];                    /* what they answer */
	uint32_t channels, patterns, shards; /* subscriptions, as the server last confirmed */
	char refusal[96]; /* the server's words after RESP_EAUTH or RESP_ELOGIN: printable ASCII,
			     cut, no password */
};

/* One connection; start each anew with it. [queue] has room for [cap] requests in flight. */
void resp_session_init(struct resp_session *s, const struct resp_limits *lim,
		       struct resp_pending *queue, uint32_t cap);

/*
 * Puts the first bytes of a connection: HELLO 3 [AUTH] [SETNAME], or AUTH / CLIENT SETNAME in
 * RESP2 (PING when there is nothing to say, so that there is an answer), and SELECT. Returns 1,
 * RESP_EROOM with nothing written, or RESP_ESEND when it is not the first call.
 *
 * A server that does not know HELLO or RESP3 is logged in to by RESP2. A client name that it
 * refuses there is no failure: servers before 2.6.9 know none.
 */
int resp_session_login(struct resp_session *s, const struct resp_login *login, struct out *o);

/*
 * Puts one command and remembers [who] for its reply. Returns 1; RESP_EFULL, RESP_EROOM, or
 * RESP_ESEND: before RESP_EV_READY, without arguments (the server would not answer), or when
 * RESP_SUBSCRIBES is set on another command or missing on one of those six. With an error nothing
 * was written (o->over is as before) or remembered.
 *
 * A subscribe command holds a place in the queue until the server has confirmed or refused it.
 */
int resp_session_send(struct resp_session *s, struct out *o, size_t argc, const struct span argv[],
		      unsigned flags, void *who);

/*
 * The same in two steps, for a command that may be sent more than once or later: encode puts it
 * (1, RESP_EROOM, or RESP_ESEND: without arguments, or one of the six subscribe commands), with no
 * session needed; send_encoded takes those bytes as send takes arguments.
 */
int resp_session_encode(struct out *o, size_t argc, const struct span argv[]);
int resp_session_send_encoded(struct resp_session *s, struct out *o, struct span wire, void *who);

/*
 * Takes one item from [in]; returns the bytes used, RESP_MORE, or an error, after which the
 * connection is of no use any more. During login it may write to [o], at most 256 bytes and what
 * the login holds; when they do not fit it returns RESP_EROOM with nothing consumed or changed,
 * and may be called again. After RESP_EV_READY [o] may be NULL.
 *
 * In RESP2, once subscribed, the first element of an array decides what it is: RESP_MORE is then
 * said until it is there.
 */
int resp_session_next(struct resp_session *s, struct span in, struct out *o, struct resp_event *ev);

/*
 * Requests whose replies have not come (or not wholly); taken oldest first, for failing them
 * after a loss. Subscribe commands are passed over. False when there is none left.
 */
bool resp_session_drop(struct resp_session *s, void **who);

#endif
