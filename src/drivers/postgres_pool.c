#include "drivers/postgres_pool_inner.h"

#include <string.h>

static void serve(struct net_task *t);

void postgres_pool_serve(struct postgres_pool *pool)
{
	if (!pool->stopped)
		net_task_put(pool->loop, &pool->serve, serve);
}

static size_t count_slots(const struct postgres_pool *pool,
			  bool (*is)(const struct postgres_slot *))
{
	size_t n = 0;
	for (size_t i = 0; i < pool->size; i++)
		n += is(&pool->slots[i]);
	return n;
}

static bool is_on(const struct postgres_slot *s)
{
	return s->on;
}

/* On its way: it will serve somebody without anything being done for it. */
static bool is_coming(const struct postgres_slot *s)
{
	return s->on && (!s->p.ready || s->checking);
}

/* One more, unless enough are on their way for [wanted] users. */
static void grow(struct postgres_pool *pool, size_t wanted)
{
	if (count_slots(pool, is_coming) >= wanted)
		return;
	for (size_t i = 0; i < pool->size; i++) {
		if (postgres_slot_is_closed(&pool->slots[i])) {
			postgres_slot_open(&pool->slots[i]);
			return;
		}
	}
}

/* Single statements. */

static struct postgres_slot *least_loaded(const struct postgres_pool *pool)
{
	struct postgres_slot *best = NULL;
	for (size_t i = 0; i < pool->size; i++) {
		struct postgres_slot *s = &pool->slots[i];
		if (!postgres_slot_is_shared(s) || s->reserved)
			continue;
		if (best == NULL || s->p.session.count < best->p.session.count)
			best = s;
	}
	return best;
}

int postgres_pool_send(struct postgres_pool *pool, struct postgres_request *q, uint32_t ms,
		       const struct postgres_statement *statement,
		       const struct pgwire_param *params, size_t nparams)
{
	const uint32_t depth = pool->cfg->depth > 0 ? pool->cfg->depth : POSTGRES_POOL_DEPTH;
	struct postgres_slot *s = least_loaded(pool);
	if (s == NULL || s->p.session.count >= depth)
		grow(pool, 1);
	if (s == NULL)
		return count_slots(pool, is_on) > count_slots(pool, is_coming) ? POSTGRES_EFULL
									       : POSTGRES_EDOWN;
	int rc = postgres_cache_send(&s->cache, q, ms, statement, params, nparams);
	pool->sent += rc == 0;
	return rc;
}

/* Leases. */

static void leave_queue(struct postgres_pool *pool, struct postgres_lease **at)
{
	struct postgres_lease *lease = *at;
	*at = lease->next;
	if (*at == NULL)
		pool->end = at;
	lease->waiting = false;
	pool->waiting--;
}

static void drop_late(struct postgres_pool *pool)
{
	struct postgres_lease **at = &pool->first;
	while (*at != NULL) {
		struct postgres_lease *lease = *at;
		if (lease->deadline > pool->loop->now) {
			at = &lease->next;
			continue;
		}
		leave_queue(pool, at);
		pool->timeouts++;
		lease->taken(lease, NULL, POSTGRES_EUNSENT);
		if (pool->stopped)
			return;
		/* It may have changed the queue. */
		at = &pool->first;
	}
}

static void on_late(struct net_timer *t)
{
	postgres_pool_serve(
		(struct postgres_pool *)((char *)t - offsetof(struct postgres_pool, late)));
}

/* For the first one of the queue whose time is up; set earlier than it needs to be at times. */
static void expect(struct postgres_pool *pool, uint64_t deadline)
{
	if (pool->late.link != NULL && pool->late.due <= deadline)
		return;
	net_timer_set(pool->loop, &pool->late, (uint32_t)(deadline - pool->loop->now), on_late);
}

static struct postgres_slot *idle_slot(const struct postgres_pool *pool)
{
	for (size_t i = 0; i < pool->size; i++)
		if (postgres_slot_is_idle(&pool->slots[i]))
			return &pool->slots[i];
	return NULL;
}

static bool is_in_doubt(const struct postgres_slot *s)
{
	uint32_t after = s->pool->cfg->check_ms;
	return after > 0 && s->pool->loop->now - s->idle_since > after;
}

static void hand_out(struct postgres_pool *pool, struct postgres_slot *s)
{
	struct postgres_lease *lease = pool->first;
	leave_queue(pool, &pool->first);
	lease->slot = s;
	s->lease = lease;
	s->reserved = false;
	pool->taken++;
	lease->taken(lease, &s->p, 0);
}

/* Nothing more is pipelined on as many connections as are waited for, so that they become idle. */
static void reserve(struct postgres_pool *pool)
{
	size_t n = pool->waiting;
	for (size_t i = 0; i < pool->size; i++) {
		struct postgres_slot *s = &pool->slots[i];
		s->reserved = false;
		if (n > 0 && postgres_slot_is_shared(s)) {
			s->reserved = true;
			n--;
		}
	}
}

static void renew_old(struct postgres_pool *pool)
{
	for (size_t i = 0; i < pool->size; i++) {
		struct postgres_slot *s = &pool->slots[i];
		if (postgres_slot_is_idle(s) && postgres_slot_is_old(s)) {
			pool->renewed++;
			postgres_renew(&s->p, "it is old");
		}
	}
}

static void serve(struct net_task *t)
{
	struct postgres_pool *pool =
		(struct postgres_pool *)((char *)t - offsetof(struct postgres_pool, serve));
	renew_old(pool);
	drop_late(pool);
	while (!pool->stopped && pool->first != NULL) {
		struct postgres_slot *s = idle_slot(pool);
		if (s == NULL)
			break;
		if (is_in_doubt(s))
			postgres_slot_check(s, SPAN_NONE);
		else
			hand_out(pool, s);
	}
	if (pool->stopped)
		return;
	for (size_t i = 0; i < pool->waiting && i < pool->size; i++)
		grow(pool, pool->waiting);
	for (struct postgres_lease *lease = pool->first; lease != NULL; lease = lease->next)
		expect(pool, lease->deadline);
	reserve(pool);
}

static void close_idle(struct postgres_pool *pool)
{
	size_t on = count_slots(pool, is_on);
	uint64_t now = pool->loop->now;
	for (size_t i = pool->size; i > 0 && on > pool->cfg->least; i--) {
		struct postgres_slot *s = &pool->slots[i - 1];
		if (postgres_slot_is_idle(s) && now - s->idle_since >= pool->cfg->idle_ms) {
			postgres_slot_close(s);
			on--;
		}
	}
}

static void on_tick(struct net_timer *t)
{
	struct postgres_pool *pool =
		(struct postgres_pool *)((char *)t - offsetof(struct postgres_pool, tick));
	net_timer_set(pool->loop, &pool->tick, POSTGRES_POOL_TICK, on_tick);
	if (pool->cfg->idle_ms > 0 && pool->waiting == 0)
		close_idle(pool);
	postgres_pool_serve(pool);
}

int postgres_pool_take(struct postgres_pool *pool, struct postgres_lease *lease, uint32_t ms)
{
	uint32_t most = pool->cfg->waiting > 0 ? pool->cfg->waiting : POSTGRES_POOL_WAITING;
	if (pool->waiting >= most)
		return POSTGRES_EFULL;
	lease->deadline = pool->loop->now + ms;
	lease->slot = NULL;
	lease->next = NULL;
	lease->pool = pool;
	lease->waiting = true;
	*pool->end = lease;
	pool->end = &lease->next;
	pool->waiting++;
	expect(pool, lease->deadline);
	postgres_pool_serve(pool);
	return 0;
}

static void give_back(struct postgres_slot *s)
{
	s->lease = NULL;
	s->idle_since = s->pool->loop->now;
	if (!s->p.ready)
		return;
	if (s->p.session.count > 0 || s->p.session.status != 'I') {
		postgres_renew(&s->p, "given back in the middle of something");
	} else if (s->pool->cfg->reset.n > 0) {
		/* It may have taken the statements with it. */
		postgres_cache_forget(&s->cache);
		postgres_slot_check(s, s->pool->cfg->reset);
	}
	postgres_pool_serve(s->pool);
}

void postgres_pool_give(struct postgres_lease *lease)
{
	struct postgres_slot *s = lease->slot;
	if (lease->waiting) {
		struct postgres_lease **at = &lease->pool->first;
		while (*at != lease)
			at = &(*at)->next;
		leave_queue(lease->pool, at);
		return;
	}
	lease->slot = NULL;
	if (s != NULL && s->lease == lease)
		give_back(s);
}

struct postgres_cache *postgres_pool_cache(const struct postgres_lease *lease)
{
	return &lease->slot->cache;
}

/* The whole. */

void postgres_pool_open(struct postgres_pool *pool, struct net_loop *loop,
			const struct postgres_pool_config *cfg, struct postgres_slot slots[],
			size_t size)
{
	void *user = pool->user;
	memset(pool, 0, sizeof *pool);
	pool->user = user;
	pool->loop = loop;
	pool->cfg = cfg;
	pool->slots = slots;
	pool->size = size;
	pool->end = &pool->first;
	memset(slots, 0, size * sizeof *slots);
	for (size_t i = 0; i < size; i++) {
		slots[i].pool = pool;
		if (i < cfg->least)
			postgres_slot_open(&slots[i]);
	}
	net_timer_set(loop, &pool->tick, POSTGRES_POOL_TICK, on_tick);
}

void postgres_pool_close(struct postgres_pool *pool)
{
	pool->stopped = true;
	net_timer_stop(&pool->tick);
	net_timer_stop(&pool->late);
	net_task_drop(pool->loop, &pool->serve);
	for (size_t i = 0; i < pool->size; i++)
		postgres_slot_close(&pool->slots[i]);
}

bool postgres_pool_is_closed(const struct postgres_pool *pool)
{
	return count_slots(pool, postgres_slot_is_closed) == pool->size;
}

void postgres_pool_counters_get(const struct postgres_pool *pool, struct postgres_pool_counters *n)
{
	*n = (struct postgres_pool_counters){
		.on = count_slots(pool, is_on),
		.idle = count_slots(pool, postgres_slot_is_idle),
		.waiting = pool->waiting,
	};
	for (size_t i = 0; i < pool->size; i++) {
		const struct postgres_slot *s = &pool->slots[i];
		n->ready += s->on && s->p.ready;
		n->leased += s->on && s->lease != NULL;
		n->in_flight += s->on ? s->p.session.count : 0;
	}
}
