#include "drivers/postgres_cache.h"

#include <string.h>

/* Of a request: q->marks. */
enum {
	CACHED = 1, /* it is ours */
	PARSES = 2, /* and not PREPARED yet */
	REPEAT = 4, /* its statement was stale */
	AGAIN = 8,  /* it is repeated already */
};

#define NAME_ROOM 12

static struct span put_name(uint8_t buf[static NAME_ROOM], uint32_t number)
{
	struct out o = out_init(buf, NAME_ROOM);
	out_str(&o, "b");
	out_u64(&o, number);
	return out_span_of(&o);
}

static struct postgres_cache_entry *find(const struct postgres_cache *c,
					 const struct postgres_statement *s)
{
	for (size_t i = 0; i < c->cap; i++)
		if (c->entries[i].statement == s)
			return &c->entries[i];
	return NULL;
}

static struct postgres_cache_entry *find_number(const struct postgres_cache *c, uint32_t number)
{
	for (size_t i = 0; i < c->cap; i++)
		if (c->entries[i].number == number)
			return &c->entries[i];
	return NULL;
}

/* A free one, or the one that was not used for the longest time. */
static struct postgres_cache_entry *pick(const struct postgres_cache *c)
{
	struct postgres_cache_entry *oldest = &c->entries[0];
	for (size_t i = 0; i < c->cap; i++) {
		struct postgres_cache_entry *e = &c->entries[i];
		if (e->statement == NULL)
			return e;
		if (e->used < oldest->used)
			oldest = e;
	}
	return oldest;
}

void postgres_cache_forget(struct postgres_cache *c)
{
	if (c->cap > 0)
		memset(c->entries, 0, c->cap * sizeof *c->entries);
}

/* A new connection knows none of them. */
static void forget_old(struct postgres_cache *c)
{
	if (c->connects != c->p->connects)
		postgres_cache_forget(c);
	c->connects = c->p->connects;
}

static int send_unnamed(struct postgres_cache *c, struct postgres_request *q, uint32_t ms,
			struct pgwire_query *query)
{
	c->misses++;
	return postgres_put(c->p, q, ms, query, PGWIRE_QUERY);
}

static int send_first(struct postgres_cache *c, struct postgres_request *q, uint32_t ms,
		      struct pgwire_query *query)
{
	struct postgres_cache_entry *e = pick(c);
	uint8_t name[NAME_ROOM], old[NAME_ROOM];
	unsigned flags = PGWIRE_PREPARE | PGWIRE_BIND | PGWIRE_EXECUTE;
	query->statement = put_name(name, c->last + 1);
	if (e->number != 0) {
		query->close = put_name(old, e->number);
		flags |= PGWIRE_CLOSE;
	}
	int rc = postgres_put(c->p, q, ms, query, flags);
	if (rc < 0)
		return rc;
	c->misses++;
	c->evictions += e->statement != NULL;
	*e = (struct postgres_cache_entry){.statement = q->statement, .number = ++c->last};
	e->used = c->uses;
	q->marks = PARSES;
	q->number = e->number;
	return 0;
}

static int send_known(struct postgres_cache *c, struct postgres_request *q, uint32_t ms,
		      struct pgwire_query *query, struct postgres_cache_entry *e)
{
	uint8_t name[NAME_ROOM];
	unsigned flags = PGWIRE_BIND | PGWIRE_EXECUTE;
	query->statement = put_name(name, e->number);
	query->columns = e->columns;
	/* Sent behind the first use, whose answer is not there yet. */
	if (!e->known)
		flags |= PGWIRE_COLUMNS;
	int rc = postgres_put(c->p, q, ms, query, flags);
	if (rc < 0)
		return rc;
	e->used = c->uses;
	q->number = e->number;
	return 0;
}

static int send_it(struct postgres_cache *c, struct postgres_request *q, uint32_t ms)
{
	struct pgwire_query query = {
		.sql = q->statement->sql, .params = q->params, .nparams = q->nparams};
	struct postgres_cache_entry *e = find(c, q->statement);
	c->uses++;
	int rc = c->cap == 0 ? send_unnamed(c, q, ms, &query)
		 : e == NULL ? send_first(c, q, ms, &query)
			     : send_known(c, q, ms, &query, e);
	if (rc == 0)
		q->marks |= CACHED;
	return rc;
}

int postgres_cache_send(struct postgres_cache *c, struct postgres_request *q, uint32_t ms,
			const struct postgres_statement *statement,
			const struct pgwire_param *params, size_t nparams)
{
	forget_old(c);
	q->statement = statement;
	q->params = params;
	q->nparams = nparams;
	return send_it(c, q, ms);
}

/* 0A000 is any feature that is not supported; this one is told by where it comes from. */
static bool is_stale(const struct pgwire_error *e)
{
	return span_eq(e->code, SPAN("26000")) ||
	       (span_eq(e->code, SPAN("0A000")) &&
		span_eq(e->routine, SPAN("RevalidateCachedQuery")));
}

static void drop(struct postgres_cache *c, const struct postgres_request *q)
{
	struct postgres_cache_entry *e = find_number(c, q->number);
	/* The number stays, for the close. */
	if (e != NULL && e->statement == q->statement)
		e->statement = NULL;
}

/* True: the error is not for the caller, the request will be repeated. */
static bool on_error(struct postgres_cache *c, struct postgres_request *q,
		     const struct pgwire_error *error)
{
	if (c->cap == 0 || !is_stale(error))
		return false;
	drop(c, q);
	if (q->handed || q->marks & AGAIN || c->p->session.status != 'I')
		return false;
	q->marks |= REPEAT;
	return true;
}

static void on_columns(struct postgres_cache *c, const struct postgres_request *q, uint16_t count)
{
	struct postgres_cache_entry *e = find_number(c, q->number);
	if (e != NULL && c->cap > 0)
		e->columns = count;
}

static bool repeat(struct postgres_cache *c, struct postgres_request *q)
{
	uint64_t now = c->p->link.loop->now;
	uint32_t ms = q->deadline > now ? (uint32_t)(q->deadline - now) : 0;
	c->repeats++;
	int rc = send_it(c, q, ms);
	if (rc < 0)
		q->done(q, rc);
	else
		q->marks |= AGAIN;
	return true;
}

static bool on_done(struct postgres_cache *c, struct postgres_request *q, bool failed)
{
	if (q->marks & REPEAT)
		return repeat(c, q);
	struct postgres_cache_entry *e = find_number(c, q->number);
	if (q->marks & PARSES)
		drop(c, q);
	else if (!failed && e != NULL)
		e->known = true;
	return false;
}

static bool on_event(struct postgres_watcher *w, struct postgres *p, const struct pgwire_event *ev)
{
	struct postgres_cache *c = (struct postgres_cache *)w;
	struct postgres_request *q = ev->who;
	(void)p;
	if (q == NULL || !(q->marks & CACHED))
		return false;
	switch (ev->kind) {
	case PGWIRE_EV_PREPARED:
		q->marks &= (uint8_t)~PARSES;
		return false;
	case PGWIRE_EV_COLUMNS:
		on_columns(c, q, ev->columns.count);
		return false;
	case PGWIRE_EV_ERROR:
		return on_error(c, q, &ev->error);
	case PGWIRE_EV_DONE:
		return on_done(c, q, ev->failed);
	default:
		return false;
	}
}

void postgres_cache_open(struct postgres_cache *c, struct postgres *p,
			 struct postgres_cache_entry entries[], size_t cap)
{
	*c = (struct postgres_cache){
		.watcher = {.event = on_event}, .p = p, .entries = entries, .cap = cap};
	if (cap > 0)
		memset(entries, 0, cap * sizeof *entries);
	postgres_watch(p, &c->watcher);
}
