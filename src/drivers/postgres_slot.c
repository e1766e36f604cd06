#include "drivers/postgres_pool_inner.h"

static struct postgres_slot *slot_of(struct postgres *p)
{
	return (struct postgres_slot *)((char *)p - offsetof(struct postgres_slot, p));
}

bool postgres_slot_is_shared(const struct postgres_slot *s)
{
	return s->on && s->p.ready && s->lease == NULL && !s->checking;
}

bool postgres_slot_is_idle(const struct postgres_slot *s)
{
	return postgres_slot_is_shared(s) && s->p.session.count == 0 && !s->p.link.conn.closing;
}

bool postgres_slot_is_old(const struct postgres_slot *s)
{
	return s->old_at != 0 && s->pool->loop->now >= s->old_at;
}

static void on_ready(struct postgres *p)
{
	struct postgres_slot *s = slot_of(p);
	const struct postgres_pool_config *cfg = s->pool->cfg;
	uint64_t now = s->pool->loop->now;
	s->checking = s->reserved = false;
	s->idle_since = now;
	/* Not all at once: they were opened together. */
	s->old_at = cfg->life_ms > 0 ? now + net_jitter(cfg->life_ms) : 0;
	s->pool->opened++;
	if (cfg->ready != NULL)
		cfg->ready(s->pool, p);
	postgres_pool_serve(s->pool);
}

static void on_down(struct postgres *p, const char *why)
{
	struct postgres_slot *s = slot_of(p);
	s->checking = s->reserved = false;
	if (s->pool->cfg->down != NULL)
		s->pool->cfg->down(s->pool, p, why);
	postgres_pool_serve(s->pool);
}

static const struct postgres_events events = {on_ready, on_down};

static bool on_event(struct postgres_watcher *w, struct postgres *p, const struct pgwire_event *ev)
{
	struct postgres_slot *s = slot_of(p);
	(void)w;
	if (ev->kind != PGWIRE_EV_DONE || p->session.count > 0)
		return false;
	s->idle_since = s->pool->loop->now;
	if (s->pool->waiting > 0 || postgres_slot_is_old(s))
		postgres_pool_serve(s->pool);
	return false;
}

void postgres_slot_open(struct postgres_slot *s)
{
	const struct postgres_pool_config *cfg = s->pool->cfg;
	s->on = true;
	s->lease = NULL;
	s->checking = s->reserved = false;
	s->old_at = 0;
	postgres_start(&s->p, s->pool->loop, &cfg->client, &events);
	s->watcher.event = on_event;
	postgres_watch(&s->p, &s->watcher);
	postgres_cache_open(&s->cache, &s->p, s->entries,
			    cfg->unnamed ? 0 : POSTGRES_POOL_STATEMENTS);
	postgres_attrs_open(&s->attrs, &s->p, cfg->kind);
	if (cfg->grace_ms > 0)
		postgres_cancel_open(&s->canceller, &s->p, cfg->grace_ms);
}

void postgres_slot_close(struct postgres_slot *s)
{
	if (!s->on)
		return;
	s->on = false;
	s->pool->closed++;
	if (s->p.canceller != NULL)
		postgres_cancel_close(&s->canceller);
	postgres_stop(&s->p);
}

bool postgres_slot_is_closed(const struct postgres_slot *s)
{
	return !s->on && s->p.link.state == LINK_OFF && !s->canceller.open;
}

/* A sign of life, or the reset. */

static void on_checked(struct postgres_request *q, int rc)
{
	struct postgres_slot *s = slot_of(q->on);
	s->checking = false;
	s->idle_since = s->pool->loop->now;
	if (rc == POSTGRES_EFAILED)
		postgres_renew(&s->p, q->message);
	postgres_pool_serve(s->pool);
}

void postgres_slot_check(struct postgres_slot *s, struct span sql)
{
	s->check = (struct postgres_request){.done = on_checked};
	s->pool->checks++;
	int rc = postgres_put(&s->p, &s->check, s->pool->cfg->client.link.connect_ms,
			      &(struct pgwire_query){.sql = sql}, PGWIRE_SIMPLE);
	s->checking = rc == 0;
	if (rc < 0)
		postgres_renew(&s->p, postgres_strerror(rc));
}
