#include "crypto/ct.h"
#include "pgwire/pgwire_cursor.h"
#include "pgwire/pgwire_state.h"

#include <string.h>

void pgwire_session_init(struct pgwire_session *s, const struct pgwire_limits *lim,
			 struct pgwire_pending *queue, uint32_t cap)
{
	memset(s, 0, sizeof *s);
	s->lim = lim == NULL ? pgwire_default_limits : *lim;
	s->queue = queue;
	s->cap = cap;
}

/* The phase that waits for the answer to the first step that has none; then SYNCING. */
static void next_step(struct pgwire_session *s)
{
	static const struct {
		uint8_t step, phase;
	} order[] = {
		{PGWIRE_CLOSE, CLOSING},          {PGWIRE_PARSE, PARSING},
		{PGWIRE_DESCRIBE, TYPES},         {PGWIRE_BIND, BINDING},
		{PGWIRE_COLUMNS, PORTAL_COLUMNS}, {PGWIRE_EXECUTE, ROWS_UNKNOWN},
		{PGWIRE_SIMPLE, SIMPLE},
	};
	s->phase = SYNCING;
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		if (s->steps & order[i].step) {
			s->steps ^= order[i].step;
			/* Of the rows more may be known by now. */
			s->phase = order[i].step == PGWIRE_EXECUTE ? s->rows : order[i].phase;
			return;
		}
	}
}

void pgwire_begin_request(struct pgwire_session *s)
{
	s->phase = IDLE;
	if (s->count == 0)
		return;
	const struct pgwire_pending *p = &s->queue[s->head];
	s->steps = p->steps;
	s->columns = p->columns;
	s->rows = ROWS_UNKNOWN;
	s->failed = false;
	s->owed = (p->steps & (PGWIRE_COPY | PGWIRE_SIMPLE)) == PGWIRE_COPY;
	next_step(s);
}

static bool pop(struct pgwire_session *s, void **who)
{
	if (s->count == 0)
		return false;
	*who = s->queue[s->head].who;
	s->head = s->head + 1 == s->cap ? 0 : s->head + 1;
	s->count--;
	return true;
}

static int on_columns(struct pgwire_session *s, struct span body, struct out *o,
		      struct pgwire_event *ev)
{
	(void)o;
	int rc = pgwire_columns_init(&ev->columns, &s->lim, body);
	if (rc < 0)
		return rc;
	s->columns = ev->columns.count;
	s->rows = ROWS;
	if (pgwire_is_simple(s))
		s->phase = SIMPLE_ROWS;
	else
		next_step(s);
	ev->kind = PGWIRE_EV_COLUMNS;
	return 1;
}

/* Messages that have no body. */
static int take_step(struct pgwire_session *s, struct span body)
{
	if (body.n != 0)
		return PGWIRE_EBODY;
	next_step(s);
	return 1;
}

/* BindComplete, CloseComplete. */
static int on_step(struct pgwire_session *s, struct span body, struct out *o,
		   struct pgwire_event *ev)
{
	(void)o, (void)ev;
	return take_step(s, body);
}

static int on_prepared(struct pgwire_session *s, struct span body, struct out *o,
		       struct pgwire_event *ev)
{
	(void)o;
	ev->kind = PGWIRE_EV_PREPARED;
	return take_step(s, body);
}

static int on_empty(struct pgwire_session *s, struct span body, struct out *o,
		    struct pgwire_event *ev)
{
	(void)o;
	ev->kind = PGWIRE_EV_EMPTY;
	return take_step(s, body);
}

static int on_no_columns(struct pgwire_session *s, struct span body, struct out *o,
			 struct pgwire_event *ev)
{
	(void)o, (void)ev;
	s->columns = 0;
	s->rows = ROWS_NONE;
	return take_step(s, body);
}

static int on_suspended(struct pgwire_session *s, struct span body, struct out *o,
			struct pgwire_event *ev)
{
	(void)o;
	/* Only a limit of ours makes the server stop. */
	if (!s->queue[s->head].limited)
		return PGWIRE_EPHASE;
	ev->kind = PGWIRE_EV_SUSPENDED;
	return take_step(s, body);
}

static int on_types(struct pgwire_session *s, struct span body, struct out *o,
		    struct pgwire_event *ev)
{
	(void)o;
	ev->kind = PGWIRE_EV_TYPES;
	s->phase = STATEMENT_COLUMNS;
	return pgwire_types_init(&ev->types, body);
}

static void end_statement(struct pgwire_session *s)
{
	s->phase = pgwire_is_simple(s) ? SIMPLE_NEXT : SYNCING;
}

static int on_complete(struct pgwire_session *s, struct span body, struct out *o,
		       struct pgwire_event *ev)
{
	(void)o;
	ev->kind = PGWIRE_EV_COMPLETE;
	end_statement(s);
	return pgwire_get_tag(body, &ev->tag);
}

static int on_error(struct pgwire_session *s, struct span body, struct out *o,
		    struct pgwire_event *ev)
{
	(void)o;
	int rc = pgwire_get_error(body, &ev->error);
	if (rc < 0)
		return rc;
	ev->kind = PGWIRE_EV_ERROR;
	/* Nobody asked: whatever its word for the severity, the server is about to close. */
	if (s->phase == IDLE || ev->error.severity >= PGWIRE_FATAL)
		s->error = PGWIRE_EFATAL;
	s->failed = true;
	s->phase = SYNCING;
	return 1;
}

static int on_ready(struct pgwire_session *s, struct span body, struct out *o,
		    struct pgwire_event *ev)
{
	(void)o;
	int rc = pgwire_get_status(body, &ev->status);
	if (rc < 0)
		return rc;
	ev->kind = s->phase == SETUP ? PGWIRE_EV_READY : PGWIRE_EV_DONE;
	ev->failed = s->failed;
	s->status = ev->status;
	if (ev->kind == PGWIRE_EV_DONE)
		pop(s, &ev->who);
	s->login = NULL;
	pgwire_begin_request(s);
	return 1;
}

static int on_notice(struct pgwire_session *s, struct span body, struct out *o,
		     struct pgwire_event *ev)
{
	(void)o;
	int rc = pgwire_get_error(body, &ev->error);
	if (rc < 0)
		return rc;
	ev->kind = PGWIRE_EV_NOTICE;
	return s->phase < IDLE ? pgwire_count_report(s) : 1;
}

static int on_notify(struct pgwire_session *s, struct span body, struct out *o,
		     struct pgwire_event *ev)
{
	(void)s, (void)o;
	ev->kind = PGWIRE_EV_NOTIFY;
	ev->who = NULL;
	return pgwire_get_notify(body, &ev->notify);
}

static int on_setting(struct pgwire_session *s, struct span body, struct out *o,
		      struct pgwire_event *ev)
{
	(void)o;
	int rc = pgwire_get_setting(body, &ev->setting);
	if (rc < 0)
		return rc;
	if (span_eq(ev->setting.name, SPAN("client_encoding")) &&
	    !span_eq_nocase(ev->setting.value, SPAN("UTF8")) &&
	    !span_eq_nocase(ev->setting.value, SPAN("UTF-8")))
		return PGWIRE_EENCODING;
	ev->kind = PGWIRE_EV_PARAMETER;
	return s->phase < IDLE ? pgwire_count_report(s) : 1;
}

#define AT(phase) (1u << (phase))
#define AUTHENTICATING \
	(AT(STARTUP) | AT(SASL) | AT(WORKING) | AT(PROOF) | AT(SIGNED) | AT(PASSWORD))
#define LOGIN (AUTHENTICATING | AT(SETUP))
#define LOGGED_IN (~(LOGIN | AT(NEW)))

/*
 * The protocol: a message in a phase that is not listed here may not come. Rows and CopyData
 * are not: next_row and pgwire_next_data take them before.
 */
static const struct {
	uint32_t phases;
	uint8_t type;
	on_message *fn;
} accepts[] = {
	{AT(ROWS) | AT(ROWS_NONE) | AT(ROWS_UNKNOWN) | AT(SIMPLE) | AT(SIMPLE_ROWS) |
		 AT(SIMPLE_NEXT) | AT(COPIED),
	 PGWIRE_COMMAND_COMPLETE, on_complete},
	{AT(COPY_OUT), PGWIRE_COPY_DONE, pgwire_on_copy_done},
	{AT(SYNCING) | AT(SIMPLE_NEXT) | AT(SETUP), PGWIRE_READY, on_ready},
	{AT(BINDING), PGWIRE_BIND_COMPLETE, on_step},
	{AT(CLOSING), PGWIRE_CLOSE_COMPLETE, on_step},
	{AT(PARSING), PGWIRE_PARSE_COMPLETE, on_prepared},
	{AT(TYPES), PGWIRE_PARAMETER_DESCRIPTION, on_types},
	{AT(STATEMENT_COLUMNS) | AT(PORTAL_COLUMNS) | AT(SIMPLE) | AT(SIMPLE_NEXT),
	 PGWIRE_ROW_DESCRIPTION, on_columns},
	{AT(STATEMENT_COLUMNS) | AT(PORTAL_COLUMNS), PGWIRE_NO_DATA, on_no_columns},
	{AT(ROWS_NONE) | AT(ROWS_UNKNOWN) | AT(SIMPLE), PGWIRE_EMPTY_QUERY, on_empty},
	{AT(ROWS) | AT(ROWS_UNKNOWN), PGWIRE_PORTAL_SUSPENDED, on_suspended},
	{LOGGED_IN, PGWIRE_ERROR_RESPONSE, on_error},
	{LOGGED_IN | LOGIN, PGWIRE_NOTICE_RESPONSE, on_notice},
	{LOGGED_IN, PGWIRE_NOTIFICATION, on_notify},
	{LOGGED_IN | AT(SETUP), PGWIRE_PARAMETER_STATUS, on_setting},
	{AT(ROWS_NONE) | AT(ROWS_UNKNOWN) | AT(SIMPLE) | AT(SIMPLE_NEXT), PGWIRE_COPY_IN_RESPONSE,
	 pgwire_on_copy_in},
	{AT(ROWS_NONE) | AT(ROWS_UNKNOWN) | AT(SIMPLE) | AT(SIMPLE_NEXT), PGWIRE_COPY_OUT_RESPONSE,
	 pgwire_on_copy_out},
	{AUTHENTICATING, PGWIRE_AUTHENTICATION, pgwire_on_auth},
	{AT(STARTUP), PGWIRE_NEGOTIATE_VERSION, pgwire_on_versions},
	{AT(SETUP), PGWIRE_BACKEND_KEY, pgwire_on_key},
	{LOGIN, PGWIRE_ERROR_RESPONSE, pgwire_on_refusal},
};

static int take(struct pgwire_session *s, const struct pgwire_msg *m, struct out *o,
		struct pgwire_event *ev)
{
	for (size_t i = 0; i < sizeof accepts / sizeof *accepts; i++)
		if (accepts[i].type == m->type && accepts[i].phases & AT(s->phase))
			return accepts[i].fn(s, m->body, o, ev);
	return PGWIRE_EPHASE;
}

/* A peer that has proven nothing gets no large buffer. */
static int next_narrow(const struct pgwire_limits *lim, struct span in, struct pgwire_msg *m)
{
	struct pgwire_limits n = *lim;
	n.row = n.other = n.small;
	return pgwire_next(&n, in, m);
}

/* An error is final, but for room that the caller can give. */
static int fail(struct pgwire_session *s, int rc)
{
	if (rc == PGWIRE_EROOM)
		return rc;
	s->error = rc;
	pgwire_scram_wipe(&s->scram);
	return rc;
}

static bool is_row(const struct pgwire_session *s, struct span in)
{
	const uint32_t phases = AT(ROWS) | AT(SIMPLE_ROWS) | AT(ROWS_UNKNOWN);
	return phases & AT(s->phase) && in.n > 0 && in.p[0] == PGWIRE_DATA_ROW;
}

/* What pgwire_next and the table do for other messages, in one go: most that come are rows. */
static int next_row(struct pgwire_session *s, struct span in, struct pgwire_event *ev)
{
	struct span body;
	int used = pgwire_next_body(s->lim.row, in, &body);
	if (used <= 0)
		return used;
	if (pgwire_row_init(&ev->row, body) < 0)
		return PGWIRE_EBODY;
	if (ev->row.count != s->columns)
		return PGWIRE_EROW;
	/* What has rows is neither empty nor a COPY. */
	if (s->phase == ROWS_UNKNOWN)
		s->phase = ROWS;
	ev->kind = PGWIRE_EV_ROW;
	return used;
}

#define SYNC_SIZE 5

int pgwire_session_next(struct pgwire_session *s, struct span in, struct out *o,
			struct pgwire_event *ev)
{
	struct pgwire_msg m;

	if (s->error != 0)
		return s->error;
	if (s->owed && (o->over || o->cap - o->n < SYNC_SIZE))
		return PGWIRE_EROOM;
	ev->kind = PGWIRE_EV_NONE;
	ev->who = s->count > 0 ? s->queue[s->head].who : NULL;
	if (is_row(s, in) || pgwire_is_data(s, in)) {
		int n = s->phase == COPY_OUT ? pgwire_next_data(s, in, ev) : next_row(s, in, ev);
		return n < 0 ? fail(s, n) : n;
	}
	int used = s->phase < IDLE ? next_narrow(&s->lim, in, &m) : pgwire_next(&s->lim, in, &m);
	int rc = used > 0 ? take(s, &m, o, ev) : used;
	if (rc < 0)
		return fail(s, rc);
	/* It was no COPY FROM STDIN, or that failed: whatever the server said, it waits for Sync.
	 */
	if (s->owed && s->phase == SYNCING) {
		pgwire_put_sync(o);
		s->owed = false;
	}
	return used;
}

bool pgwire_session_drop(struct pgwire_session *s, void **who)
{
	if (s->error == 0)
		s->error = PGWIRE_EPHASE;
	crypto_wipe(s->key, sizeof s->key);
	pgwire_scram_wipe(&s->scram);
	return pop(s, who);
}
