/* The session's phases and what its files share, inside this folder only. */
#ifndef PGWIRE_STATE_H
#define PGWIRE_STATE_H

#include "pgwire/pgwire_session.h"

/* What the server may say next. The order matters: login, then IDLE, then requests. */
enum phase {
	NEW,      /* nothing was said yet */
	STARTUP,  /* startup message sent: how to prove who we are */
	SASL,     /* client-first sent */
	WORKING,  /* PBKDF2 */
	PROOF,    /* client-final sent: the server's signature must come */
	SIGNED,   /* and was right: AuthenticationOk must come */
	PASSWORD, /* sent in clear */
	SETUP,    /* authenticated: parameters, key, first ReadyForQuery */
	IDLE,
	CLOSING, /* 3 */
	PARSING, /* 1 */
	TYPES,   /* t */
	STATEMENT_COLUMNS,
	BINDING, /* 2 */
	PORTAL_COLUMNS,
	ROWS_UNKNOWN, /* EXECUTE of what this request did not describe */
	ROWS,         /* of what has columns */
	ROWS_NONE,    /* of what has none */
	SIMPLE,       /* a simple query before its first answer, */
	SIMPLE_ROWS,
	SIMPLE_NEXT,  /* and between its statements */
	COPY_IN,      /* the client has the word: E or nothing may come */
	COPY_REFUSED, /* CopyFail sent: E */
	COPY_OUT,
	COPIED,  /* CopyDone, ours or the server's: C */
	SYNCING, /* Z */
};

typedef int on_message(struct pgwire_session *s, struct span body, struct out *o,
		       struct pgwire_event *ev);

/* Messages of the login (pgwire_login.c): 1, or the error. */
on_message pgwire_on_auth;
on_message pgwire_on_refusal;
on_message pgwire_on_key;
on_message pgwire_on_versions;
/* One notice or parameter more before READY: 1 or PGWIRE_EMANY. */
int pgwire_count_report(struct pgwire_session *s);
/* Makes the oldest request the one that is answered (pgwire_session.c). */
void pgwire_begin_request(struct pgwire_session *s);

/* COPY (pgwire_session_copy.c). */
on_message pgwire_on_copy_in;
on_message pgwire_on_copy_out;
on_message pgwire_on_copy_done;
/* Whether [in] goes on with CopyData that may come now, and taking it: as pgwire_next. */
static inline bool pgwire_is_data(const struct pgwire_session *s, struct span in)
{
	return s->phase == COPY_OUT &&
	       (s->copying > 0 || (in.n > 0 && in.p[0] == PGWIRE_COPY_DATA));
}
int pgwire_next_data(struct pgwire_session *s, struct span in, struct pgwire_event *ev);

static inline bool pgwire_is_simple(const struct pgwire_session *s)
{
	return s->queue[s->head].steps & PGWIRE_SIMPLE;
}

#endif
