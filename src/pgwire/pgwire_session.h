/*
 * The session over the codec: login, and which messages belong to which request. Pure; a driver
 * ties it to a socket, an embedder to a loop of his own.
 *
 *	struct pgwire_pending queue[64];
 *	struct pgwire_session s;
 *	struct pgwire_limits lim;
 *	pgwire_limits_init(&lim, sizeof in_buffer);
 *	pgwire_session_init(&s, &lim, queue, 64);
 *	pgwire_session_login(&s, &login, random_bytes, &out);   // write `out` to the server
 *	... for all bytes that come:
 *	while ((used = pgwire_session_next(&s, in, &out, &ev)) > 0) {
 *		if (ev.kind == PGWIRE_EV_WORK)
 *			while (pgwire_session_work(&s, &out, 1000) == 0)
 *				;                       // better: one slice per turn of the loop
 *		if (ev.kind == PGWIRE_EV_READY)
 *			pgwire_session_send(&s, &out, &query, PGWIRE_QUERY, my_request);
 *		if (ev.kind == PGWIRE_EV_ROW)
 *			deliver(ev.who, &ev.row);       // pgwire_row_next(&ev.row, &value)
 *		if (ev.kind == PGWIRE_EV_DONE)
 *			finish(ev.who, ev.failed);
 *		in = span_tail(in, (size_t)used);
 *	}
 *
 * Requests may be sent before earlier ones are answered (pipelining). Each ends with a Sync of its
 * own, so that an error ends its own request and no other: every request that was sent gets
 * exactly one PGWIRE_EV_DONE, in order, or is given back by pgwire_session_drop after a loss.
 * Outside of a transaction block each request is thereby a transaction of its own. It is
 * committed at the Sync: an error can still come after PGWIRE_EV_COMPLETE (deferred constraints
 * do), and only PGWIRE_EV_DONE without ev.failed says that the work is stored.
 *
 * COPY TO STDOUT gives PGWIRE_EV_COPY_OUT, then PGWIRE_EV_COPY_DATA for each row. COPY FROM STDIN
 * is for requests that say so, with PGWIRE_COPY among their flags: PGWIRE_EV_COPY_IN opens it,
 *
 *	if (ev.kind == PGWIRE_EV_COPY_IN) {
 *		pgwire_session_copy(&s, &out, SPAN("1\tone\n"));    // as often as there is data
 *		pgwire_session_copy_end(&s, &out);                  // now or later
 *	}
 *
 * and COMPLETE or ERROR tells how it went. Until such a request is DONE no other may be sent: it
 * would be taken for data. A COPY FROM STDIN that nobody asked for is refused with CopyFail at
 * once, so that nothing hangs, and the request gets the server's error; with requests behind it
 * already the session ends with PGWIRE_EPHASE. pgwire_copy.h reads and writes the rows.
 * The fast-path call and replication are out.
 *
 * client_encoding is UTF8, said at login; a report that it became another ends the session with
 * PGWIRE_EENCODING, because every text and escape after it would mean something else.
 */
#ifndef PGWIRE_SESSION_H
#define PGWIRE_SESSION_H

#include "pgwire/pgwire.h"
#include "pgwire/pgwire_scram.h"

/*
 * How the login may go. Without any: SCRAM-SHA-256, and protocol 3.0. Whatever is allowed, once
 * the server has begun with one method it cannot go over to another.
 */
enum {
	PGWIRE_ALLOW_CLEARTEXT = 1, /* give the password itself: over TLS or a Unix socket only */
	PGWIRE_ALLOW_TRUST = 2,     /* be let in unasked: trust, peer, client certificates */
	PGWIRE_ALLOW_MD5 = 4,       /* who listens can find the password by trying: over TLS only */
	PGWIRE_REFUSE_SCRAM = 8,
	PGWIRE_ASK_3_2 = 16, /* protocol 3.2, or what the server has of it: pgwire_session.minor */
};

/* What a password is sent as when the server asks for md5. */
#define PGWIRE_MD5_SIZE 35
typedef void pgwire_md5_fn(struct out *o, struct span user, struct span password, struct span salt);
pgwire_md5_fn pgwire_md5;

#define PGWIRE_NONCE_SIZE 18 /* random bytes, as libpq takes: 24 in base64 */

/* What the server is told at login; all must stay good until PGWIRE_EV_READY. */
struct pgwire_login {
	struct span user;
	struct span database; /* empty: named like the user */
	struct span password;
	struct span application_name; /* empty: none; as are the options */
	struct span options;          /* "-c name=value ..." */
	unsigned flags;
	struct pgwire_keys *keys; /* cached between logins; NULL: none */
	pgwire_md5_fn *md5;       /* pgwire_md5, with PGWIRE_ALLOW_MD5; NULL: programs without it */
};

/*
 * What a request consists of: the flags of send. Their messages go out in this order, and a Sync
 * behind them. The server's answer to each is told apart, so any choice makes a request.
 */
enum {
	PGWIRE_CLOSE = 1,    /* forget the statement q->close */
	PGWIRE_PARSE = 2,    /* make the statement q->statement of q->sql; gives PREPARED */
	PGWIRE_DESCRIBE = 4, /* of that statement: gives TYPES, and COLUMNS if it has any */
	PGWIRE_BIND = 8,     /* make the portal q->portal of it, with q->params */
	PGWIRE_COLUMNS = 16, /* of the portal: gives COLUMNS if it has any */
	PGWIRE_EXECUTE = 32, /* gives ROW ... and COMPLETE, EMPTY or SUSPENDED */
	PGWIRE_SIMPLE = 64,  /* alone: the simple query q->sql, perhaps of several statements */
	PGWIRE_COPY = 128,   /* with EXECUTE or SIMPLE: it may be COPY FROM STDIN */
	PGWIRE_QUERY = PGWIRE_PARSE | PGWIRE_BIND | PGWIRE_COLUMNS | PGWIRE_EXECUTE,
	PGWIRE_PREPARE = PGWIRE_PARSE | PGWIRE_DESCRIBE,
	PGWIRE_RUN = PGWIRE_BIND | PGWIRE_COLUMNS | PGWIRE_EXECUTE,
};

/* Nothing of it is kept by send. */
struct pgwire_query {
	struct span sql;
	struct span statement; /* its name; empty: the unnamed one, as for the portal */
	struct span portal;
	struct span close;
	const struct pgwire_param *params;
	size_t nparams;
	struct span formats; /* of the result, as for pgwire_put_bind */
	uint32_t max_rows;   /* of one EXECUTE, at most INT32_MAX; 0: all. More: EXECUTE again, in
				the same transaction block, since Sync ends the portal outside one */
	uint16_t columns;    /* of the rows, when neither DESCRIBE nor COLUMNS asks for them */
};

struct pgwire_pending {
	void *who;
	uint16_t columns;
	uint8_t steps;
	bool limited;
};

enum pgwire_event_kind {
	PGWIRE_EV_NONE,      /* bytes were used, nothing to tell */
	PGWIRE_EV_WORK,      /* login: call pgwire_session_work until it says 1 */
	PGWIRE_EV_READY,     /* logged in: requests may be sent */
	PGWIRE_EV_PREPARED,  /* the statement exists, whatever happens to the rest of the request */
	PGWIRE_EV_TYPES,     /* ev.types: of a statement's parameters */
	PGWIRE_EV_COLUMNS,   /* ev.columns */
	PGWIRE_EV_ROW,       /* ev.row, as many values as there were columns */
	PGWIRE_EV_COMPLETE,  /* ev.tag: one statement is done */
	PGWIRE_EV_EMPTY,     /* the SQL text was empty */
	PGWIRE_EV_SUSPENDED, /* max_rows reached, the portal has more */
	PGWIRE_EV_COPY_IN,   /* ev.copy: give it its data; ev.failed: refused, an ERROR follows */
	PGWIRE_EV_COPY_OUT,  /* ev.copy */
	PGWIRE_EV_COPY_DATA, /* ev.data */
	PGWIRE_EV_ERROR,     /* ev.error: the request failed; without ev.who: the connection did */
	PGWIRE_EV_DONE,      /* ev.who is over: ev.failed, ev.status */
	PGWIRE_EV_NOTICE,    /* ev.error */
	PGWIRE_EV_NOTIFY,    /* ev.notify */
	PGWIRE_EV_PARAMETER, /* ev.setting: a ParameterStatus */
};

/* Of COPY TO STDOUT: one CopyData, which the server makes of one row, or a piece of it. */
struct pgwire_data {
	struct span bytes;
	bool more; /* the same CopyData goes on: it is longer than lim.piece */
};

/* ev.who: whose answer it is; NULL before READY, for notifications, and between requests. */
struct pgwire_event {
	enum pgwire_event_kind kind;
	bool failed; /* DONE, COPY_IN */
	char status; /* DONE, READY: 'I' idle, 'T' in a transaction block, 'E' in a failed one */
	void *who;
	union {
		struct pgwire_row row;
		struct pgwire_columns columns;
		struct pgwire_types types;
		struct pgwire_tag tag;
		struct pgwire_error error;
		struct pgwire_notify notify;
		struct pgwire_setting setting;
		struct pgwire_copy copy;
		struct pgwire_data data;
	};
};

/* Reading is free; writing is the session's alone. */
struct pgwire_session {
	struct pgwire_limits lim;
	struct pgwire_pending *queue; /* a ring, the caller's memory */
	uint32_t cap, head, count;
	const struct pgwire_login *login;
	int error;        /* the first one, kept: an error is final */
	uint32_t reports; /* notices and parameters before READY */
	uint32_t copying; /* bytes to come of a CopyData that is handed out in pieces */
	uint16_t columns; /* of the rows that come */
	uint8_t phase;
	uint8_t steps;  /* of the oldest request, not answered yet */
	uint8_t rows;   /* the phase its EXECUTE will be */
	bool failed;    /* the oldest request */
	uint8_t minor;  /* of the protocol: 2, or 0 */
	bool owed;      /* it may be a COPY, and its Sync is not sent yet */
	char status;    /* 'I', 'T', 'E'; 0 before READY */
	uint32_t pid;   /* for pgwire_put_cancel, with the key */
	uint16_t key_n; /* 0: the server gave none, it cannot cancel; 4, or up to 256 with 3.2 */
	uint8_t key[PGWIRE_KEY_MAX];
	char code[6];      /* SQLSTATE after PGWIRE_EAUTH; "" when there was none */
	char refusal[160]; /* the server's words after PGWIRE_EAUTH: printable ASCII, cut */
	struct pgwire_scram scram;
};

/* [lim] is copied; NULL for the default. */
void pgwire_session_init(struct pgwire_session *s, const struct pgwire_limits *lim,
			 struct pgwire_pending *queue, uint32_t cap);

/*
 * Puts the first bytes of a connection. [nonce]: fresh random bytes, never used twice.
 * 1, PGWIRE_ETEXT, PGWIRE_EROOM, or PGWIRE_EPHASE when it was called before.
 */
int pgwire_session_login(struct pgwire_session *s, const struct pgwire_login *login,
			 const uint8_t nonce[static PGWIRE_NONCE_SIZE], struct out *o);

/*
 * After PGWIRE_EV_WORK: at most [max] PBKDF2 iterations. 0: call again; 1: done, and the answer
 * to the server was put; PGWIRE_EROOM: done but for that, call again with room; PGWIRE_EPHASE.
 */
int pgwire_session_work(struct pgwire_session *s, struct out *o, uint32_t max);

/*
 * Puts one request and remembers [who] for its answers: 1, PGWIRE_EFULL, PGWIRE_EROOM,
 * PGWIRE_ETEXT, PGWIRE_EREQUEST (too many parameters or formats, flags that make no request), or
 * PGWIRE_EPHASE (not logged in), PGWIRE_ECOPY (one with PGWIRE_COPY is not DONE); then nothing was
 * written or remembered. After the session's own error: that error.
 */
int pgwire_session_send(struct pgwire_session *s, struct out *o, const struct pgwire_query *q,
			unsigned flags, void *who);

/*
 * Data of a COPY FROM STDIN, after PGWIRE_EV_COPY_IN; the pieces need not be rows. copy_end ends
 * it, copy_fail gives it up: the server undoes it, and says [why] in its ERROR (57014). 1,
 * PGWIRE_EROOM, PGWIRE_ETEXT ([why] has a NUL), PGWIRE_EREQUEST (above PGWIRE_MESSAGE_MAX), or
 * PGWIRE_EPHASE: it is not open, because it was ended or the server's ERROR ended it, which leaves
 * nothing to do. They need 5 bytes more than [data], 10, and 11 more than [why].
 */
int pgwire_session_copy(struct pgwire_session *s, struct out *o, struct span data);
int pgwire_session_copy_end(struct pgwire_session *s, struct out *o);
int pgwire_session_copy_fail(struct pgwire_session *s, struct out *o, struct span why);

/*
 * Takes one message from [in]: the bytes used, PGWIRE_MORE, or an error, after which the
 * connection is of no use any more (PGWIRE_EROOM excepted: call again with room). The event's
 * views point into [in]. Writes to [o] during login (the password, or some 80 bytes of SCRAM, whose
 * proof pgwire_session_work puts in less than 1 KiB), at most 64 bytes to refuse a COPY, and the
 * Sync of a request with PGWIRE_COPY, for which 5 bytes must be free until it is DONE. A FATAL
 * error is first an event, and PGWIRE_EFATAL at the next call; before READY every ErrorResponse is
 * PGWIRE_EAUTH.
 */
int pgwire_session_next(struct pgwire_session *s, struct span in, struct out *o,
			struct pgwire_event *ev);

/*
 * Requests that did not get their DONE; taken oldest first, for failing them after a loss. The
 * session is of no use afterwards but for a new init. Also wipes what is left of a login.
 */
bool pgwire_session_drop(struct pgwire_session *s, void **who);

#endif
