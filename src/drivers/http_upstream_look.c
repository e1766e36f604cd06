/* The addresses of a name in use: see http_upstream.h. */
#include "drivers/http_upstream_conn.h"

#include "net/net_resolve.h"

#include <stdlib.h>

#define LOOK_MS 2000 /* for one look-up */

/* Apart, because the resolver needs 2 KiB, and mostly nothing is being looked up. */
struct upstream_look {
	struct net_resolve resolve;
	struct upstream *up;
};

/* In whatever order they come; FNV-1a of each. */
static uint64_t sum_of(const struct net_addr *addrs, unsigned n)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < n; i++) {
		uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ addrs[i].scope;
		for (unsigned k = 0; k < sizeof addrs[i].ip; k++)
			hash = (hash ^ addrs[i].ip[k]) * UINT64_C(0x100000001b3);
		sum += hash;
	}
	return sum;
}

/* Idle ones at these addresses may stay; those with a call are dropped after it. */
static void keep_only(struct upstream *up, const struct net_addr *addrs, unsigned n)
{
	up->epoch++;
	for (struct upstream_conn *c = up->idle, *next; c != NULL; c = next) {
		next = c->next;
		if (net_addr_among(addrs, n, &c->addr))
			c->epoch = up->epoch;
		else
			upstream_drop(c, NET_ECLOSED);
	}
}

void upstream_heard(struct upstream *up, const struct net_addr *addrs, unsigned n)
{
	uint64_t sum = sum_of(addrs, n);
	bool changed = up->addresses != 0 && up->addresses != sum;
	up->addresses = sum;
	if (changed)
		keep_only(up, addrs, n);
}

void upstream_distrust(struct upstream *up)
{
	keep_only(up, NULL, 0);
}

static void look_later(struct upstream *up);

static void on_looked(struct net_resolve *r, int rc, const struct net_addr *addrs, uint32_t ttl)
{
	(void)ttl;
	struct upstream_look *look =
		(struct upstream_look *)((char *)r - offsetof(struct upstream_look, resolve));
	struct upstream *up = look->up;
	up->look = NULL;
	/* Without an answer what we have may still be right. */
	if (rc > 0)
		upstream_heard(up, addrs, (unsigned)rc);
	free(look);
	look_later(up);
}

static void on_time(struct net_timer *t)
{
	struct upstream *up =
		(struct upstream *)((char *)t - offsetof(struct upstream, look_again));
	struct net_loop *loop = up->group->loop;
	if (up->count->idles == 0 && up->count->calls == 0 &&
	    loop->now - up->used_at > UPSTREAM_LOOK_MS)
		return;
	up->look = malloc(sizeof *up->look);
	if (up->look == NULL) {
		look_later(up);
		return;
	}
	up->look->up = up;
	net_resolve_start(loop, &up->look->resolve, up->host, LOOK_MS, on_looked);
}

static void look_later(struct upstream *up)
{
	net_timer_set(up->group->loop, &up->look_again, UPSTREAM_LOOK_MS, on_time);
}

void upstream_use(struct upstream *up)
{
	up->used_at = up->group->loop->now;
	if (!up->fixed && up->look == NULL && up->look_again.link == NULL)
		look_later(up);
}
