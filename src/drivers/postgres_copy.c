#include "drivers/postgres_copy.h"

/* The head of a CopyData, and what the session must still be able to say after the last one. */
#define RESERVE 256

static struct postgres_copy *copy_of(struct postgres_request *q)
{
	return (struct postgres_copy *)((char *)q - offsetof(struct postgres_copy, q));
}

static void ask_for_more(struct postgres_copy *c)
{
	if (c->open && c->more != NULL)
		c->more(c);
}

static void on_event(struct postgres_request *q, const struct pgwire_event *ev)
{
	struct postgres_copy *c = copy_of(q);
	switch (ev->kind) {
	case PGWIRE_EV_COPY_IN:
	case PGWIRE_EV_COPY_OUT:
		c->binary = ev->copy.binary;
		c->columns = ev->copy.columns;
		c->open = ev->kind == PGWIRE_EV_COPY_IN && !ev->failed;
		ask_for_more(c);
		break;
	case PGWIRE_EV_COPY_DATA:
		if (c->data != NULL)
			c->data(c, ev->data.bytes, ev->data.more);
		break;
	case PGWIRE_EV_COMPLETE:
		c->rows += ev->tag.rows;
		break;
	case PGWIRE_EV_ERROR:
		c->open = false;
		break;
	default:
		break;
	}
}

static void on_done(struct postgres_request *q, int rc)
{
	struct postgres_copy *c = copy_of(q);
	c->open = false;
	q->on->copy = NULL;
	c->done(c, rc);
}

static void on_drained(struct link *l)
{
	struct postgres *p = (struct postgres *)((char *)l - offsetof(struct postgres, link));
	if (p->copy != NULL)
		ask_for_more(p->copy);
}

static int start(struct postgres *p, struct postgres_copy *c, uint32_t ms, struct span sql,
		 unsigned flags)
{
	c->q = (struct postgres_request){.event = on_event, .done = on_done};
	c->rows = 0;
	c->open = false;
	return postgres_put(p, &c->q, ms, &(struct pgwire_query){.sql = sql}, flags);
}

int postgres_copy_from(struct postgres *p, struct postgres_copy *c, uint32_t ms, struct span sql)
{
	int rc = start(p, c, ms, sql, PGWIRE_SIMPLE | PGWIRE_COPY);
	if (rc < 0)
		return rc;
	p->copy = c;
	p->link.drained = on_drained;
	return 0;
}

int postgres_copy_to(struct postgres *p, struct postgres_copy *c, uint32_t ms, struct span sql)
{
	return start(p, c, ms, sql, PGWIRE_SIMPLE);
}

static int result_of(int rc)
{
	switch (rc) {
	case PGWIRE_EROOM:
		return POSTGRES_EFULL;
	case PGWIRE_ETEXT:
	case PGWIRE_EREQUEST:
		return POSTGRES_EREQUEST;
	default:
		return rc < 0 ? POSTGRES_EDOWN : 0;
	}
}

int postgres_copy_put(struct postgres_copy *c, struct span data)
{
	if (!c->open)
		return POSTGRES_EDOWN;
	struct postgres *p = c->q.on;
	struct net_conn *to = &p->link.conn;
	if (data.n >= PGWIRE_MESSAGE_MAX || data.n + RESERVE > to->out_max)
		return POSTGRES_EREQUEST;
	struct out o = net_out_open(to, data.n + RESERVE);
	int rc = result_of(pgwire_session_copy(&p->session, &o, data));
	if (rc == 0)
		net_out_close(to, &o);
	if (rc == POSTGRES_EFULL && to->closing)
		return POSTGRES_EDOWN;
	if (rc == POSTGRES_EFULL)
		net_want_drained(to);
	return rc;
}

int postgres_copy_end(struct postgres_copy *c)
{
	if (!c->open)
		return POSTGRES_EDOWN;
	c->open = false;
	struct out o = net_out_open(&c->q.on->link.conn, RESERVE / 2);
	int rc = result_of(pgwire_session_copy_end(&c->q.on->session, &o));
	net_out_close(&c->q.on->link.conn, &o);
	return rc == POSTGRES_EFULL ? POSTGRES_EDOWN : rc;
}

int postgres_copy_fail(struct postgres_copy *c, struct span why)
{
	if (!c->open)
		return POSTGRES_EDOWN;
	c->open = false;
	struct span words = span_head(why, RESERVE / 4);
	/* What cannot be said gives it up without words. */
	if (span_find(words, 0) != words.n)
		words = SPAN_NONE;
	struct out o = net_out_open(&c->q.on->link.conn, RESERVE / 2);
	int rc = result_of(pgwire_session_copy_fail(&c->q.on->session, &o, words));
	net_out_close(&c->q.on->link.conn, &o);
	return rc == POSTGRES_EFULL ? POSTGRES_EDOWN : rc;
}
