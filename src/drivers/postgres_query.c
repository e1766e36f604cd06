#include "drivers/postgres_query.h"

int postgres_query(struct postgres *p, struct postgres_request *q, uint32_t ms, struct span sql,
		   const struct pgwire_param *params, size_t nparams)
{
	const struct pgwire_query query = {.sql = sql, .params = params, .nparams = nparams};
	return postgres_put(p, q, ms, &query, PGWIRE_QUERY);
}

int postgres_simple(struct postgres *p, struct postgres_request *q, uint32_t ms, struct span sql)
{
	return postgres_put(p, q, ms, &(struct pgwire_query){.sql = sql}, PGWIRE_SIMPLE);
}

void postgres_hold(struct postgres *p)
{
	if (p->link.state != LINK_READY || p->link.conn.paused)
		return;
	p->held_at = p->link.loop->now;
	net_pause(&p->link.conn);
}

void postgres_unhold(struct postgres *p)
{
	const struct pgwire_session *s = &p->session;
	uint64_t first = UINT64_MAX;
	if (p->link.state != LINK_READY || !p->link.conn.paused)
		return;
	for (uint32_t i = 0; i < s->count; i++) {
		struct postgres_request *q = s->queue[(s->head + i) % s->cap].who;
		q->deadline += p->link.loop->now - p->held_at;
		if (q->deadline < first)
			first = q->deadline;
	}
	net_resume(&p->link.conn);
	if (first != UINT64_MAX)
		link_expect(&p->link, first);
}

char postgres_status(const struct postgres *p)
{
	return p->ready ? p->session.status : '\0';
}

/* Portals. */

static struct postgres_portal *portal_of(struct postgres_request *q)
{
	return (struct postgres_portal *)((char *)q - offsetof(struct postgres_portal, q));
}

static void on_row(struct postgres_request *q, const struct pgwire_row *row)
{
	struct postgres_portal *c = portal_of(q);
	if (c->row != NULL)
		c->row(c, row);
}

static void on_event(struct postgres_request *q, const struct pgwire_event *ev)
{
	struct postgres_portal *c = portal_of(q);
	if (ev->kind == PGWIRE_EV_COLUMNS)
		c->columns = ev->columns.count;
	c->more |= ev->kind == PGWIRE_EV_SUSPENDED;
}

static void on_done(struct postgres_request *q, int rc)
{
	struct postgres_portal *c = portal_of(q);
	c->done(c, rc == 0 && c->more ? POSTGRES_MORE : rc);
}

static bool is_name(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t b = s.p[i] | 0x20;
		if (!(b >= 'a' && b <= 'z') && !(b >= '0' && b <= '9' && b == s.p[i]) &&
		    s.p[i] != '_')
			return false;
	}
	return s.n > 0 && s.n <= POSTGRES_PORTAL_NAME;
}

static void restart(struct postgres_portal *c)
{
	c->q = (struct postgres_request){
		.row = on_row, .event = on_event, .done = on_done, .on = c->q.on};
	c->more = false;
}

int postgres_portal_open(struct postgres *p, struct postgres_portal *c, uint32_t ms,
			 struct span sql, const struct pgwire_param *params, size_t nparams,
			 uint32_t rows)
{
	const struct pgwire_query query = {
		.sql = sql,
		.portal = c->name,
		.params = params,
		.nparams = nparams,
		.max_rows = rows,
	};
	if (!is_name(c->name) || rows == 0)
		return POSTGRES_EREQUEST;
	restart(c);
	c->columns = 0;
	return postgres_put(p, &c->q, ms, &query, PGWIRE_QUERY);
}

int postgres_portal_next(struct postgres_portal *c, uint32_t ms, uint32_t rows)
{
	const struct pgwire_query query = {
		.portal = c->name, .max_rows = rows, .columns = c->columns};
	if (rows == 0)
		return POSTGRES_EREQUEST;
	restart(c);
	return postgres_put(c->q.on, &c->q, ms, &query, PGWIRE_EXECUTE);
}

int postgres_portal_close(struct postgres_portal *c, uint32_t ms)
{
	/* What the protocol calls a portal is what SQL calls a cursor. */
	uint8_t sql[POSTGRES_PORTAL_NAME + 16];
	struct out o = out_init(sql, sizeof sql);
	out_str(&o, "CLOSE \"");
	out_span(&o, c->name);
	out_str(&o, "\"");
	restart(c);
	return postgres_simple(c->q.on, &c->q, ms, out_span_of(&o));
}

void postgres_counters_get(const struct postgres *p, struct postgres_counters *n)
{
	*n = (struct postgres_counters){
		.connects = p->connects,
		.losses = p->losses,
		.requests = p->requests,
		.errors = p->errors,
		.in_flight = p->session.count,
		.bytes_waiting = net_pending(&p->link.conn),
	};
}
