#include "pgwire/pgwire_state.h"

#define ALL_STEPS (PGWIRE_PREPARE | PGWIRE_QUERY | PGWIRE_CLOSE | PGWIRE_SIMPLE | PGWIRE_COPY)

static bool has_nul(struct span s)
{
	return span_find(s, 0) != s.n;
}

static int check_query(const struct pgwire_query *q, unsigned flags)
{
	unsigned steps = flags & ~(unsigned)PGWIRE_COPY;
	if (steps == 0 || flags & ~(unsigned)ALL_STEPS)
		return PGWIRE_EREQUEST;
	if (steps & PGWIRE_SIMPLE && steps != PGWIRE_SIMPLE)
		return PGWIRE_EREQUEST;
	if (flags & PGWIRE_COPY && !(flags & (PGWIRE_SIMPLE | PGWIRE_EXECUTE)))
		return PGWIRE_EREQUEST;
	if (q->nparams > PGWIRE_PARAMS_MAX || q->formats.n > PGWIRE_PARAMS_MAX ||
	    q->max_rows > INT32_MAX)
		return PGWIRE_EREQUEST;
	for (size_t i = 0; i < q->formats.n; i++)
		if (q->formats.p[i] > 1)
			return PGWIRE_EREQUEST;
	return 1;
}

static void put_request(struct out *o, const struct pgwire_query *q, unsigned flags)
{
	if (flags & PGWIRE_SIMPLE) {
		pgwire_put_query(o, q->sql);
		return;
	}
	if (flags & PGWIRE_CLOSE)
		pgwire_put_close_statement(o, q->close);
	if (flags & PGWIRE_PARSE)
		pgwire_put_parse(o, q->statement, q->sql, q->nparams, q->params);
	if (flags & PGWIRE_DESCRIBE)
		pgwire_put_describe_statement(o, q->statement);
	if (flags & PGWIRE_BIND)
		pgwire_put_bind(o, q->portal, q->statement, q->nparams, q->params, q->formats);
	if (flags & PGWIRE_COLUMNS)
		pgwire_put_describe_portal(o, q->portal);
	if (flags & PGWIRE_EXECUTE)
		pgwire_put_execute(o, q->portal, q->max_rows);
	/*
	 * In copy mode the server passes over a Sync, but not if it fails before it reads on: so
	 * that each request has one answer to Sync and no more, this one's comes when the mode is
	 * over.
	 */
	if (flags & PGWIRE_COPY)
		pgwire_put_flush(o);
	else
		pgwire_put_sync(o);
}

/* Of request [i] in the ring. */
static uint32_t place_of(const struct pgwire_session *s, uint32_t i)
{
	uint32_t to_end = s->cap - s->head;
	return i < to_end ? s->head + i : i - to_end;
}

int pgwire_session_send(struct pgwire_session *s, struct out *o, const struct pgwire_query *q,
			unsigned flags, void *who)
{
	struct out copy = *o;

	if (s->error != 0)
		return s->error;
	if (s->phase < IDLE)
		return PGWIRE_EPHASE;
	if (s->count == s->cap)
		return PGWIRE_EFULL;
	if (s->count > 0 && s->queue[place_of(s, s->count - 1)].steps & PGWIRE_COPY)
		return PGWIRE_ECOPY;
	int rc = check_query(q, flags);
	if (rc < 0)
		return rc;
	put_request(&copy, q, flags);
	/* The writers say the same of a NUL in a text and of too little room. */
	if (copy.over &&
	    (has_nul(q->sql) || has_nul(q->statement) || has_nul(q->portal) || has_nul(q->close)))
		return PGWIRE_ETEXT;
	if (copy.over)
		return PGWIRE_EROOM;
	*o = copy;
	s->queue[place_of(s, s->count)] =
		(struct pgwire_pending){who, q->columns, (uint8_t)flags, q->max_rows > 0};
	s->count++;
	if (s->phase == IDLE)
		pgwire_begin_request(s);
	return 1;
}
