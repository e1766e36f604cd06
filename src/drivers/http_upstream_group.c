/* The choice of a server, and the circuits: see http_upstream.h. */
#include "drivers/http_upstream_conn.h"

#include <errno.h>
#include <string.h>

void upstream_group_init(struct upstream_group *g, struct net_loop *loop,
			 const struct upstream_limits *lim)
{
	memset(g, 0, sizeof *g);
	g->loop = loop;
	g->lim = lim;
}

void upstream_add(struct upstream_group *g, struct upstream *up, const char *host, uint16_t port,
		  struct upstream_counts *count)
{
	struct net_addr literal;
	memset(up, 0, sizeof *up);
	up->group = g;
	up->host = host;
	up->port = port;
	up->count = count;
	up->index = g->members;
	up->fixed = host[0] == '/' || net_addr_parse(span_str(host), &literal);
	g->member[g->members++] = up;
}

enum upstream_state upstream_group_state(const struct upstream_group *g)
{
	unsigned down = 0;
	for (unsigned i = 0; i < g->members; i++) {
		if (g->member[i]->state == UPSTREAM_UP)
			return UPSTREAM_UP;
		down += g->member[i]->state == UPSTREAM_DOWN;
	}
	return down == g->members ? UPSTREAM_DOWN : UPSTREAM_UNKNOWN;
}

/* Circuits. */

static void set_circuit(struct upstream *up, enum upstream_circuit circuit)
{
	up->circuit = (uint8_t)circuit;
	up->count->circuit = circuit;
}

static bool lets_through(const struct upstream *up)
{
	return up->circuit == UPSTREAM_CLOSED ||
	       (up->circuit == UPSTREAM_OPEN && up->group->loop->now >= up->open_until);
}

void upstream_succeeded(struct upstream *up)
{
	up->state = UPSTREAM_UP;
	up->failures = 0;
	up->open_ms = 0;
	set_circuit(up, UPSTREAM_CLOSED);
}

static void open_circuit(struct upstream *up)
{
	uint32_t ms = up->open_ms == 0 ? UPSTREAM_OPEN_MS : 2 * up->open_ms;
	if (ms > UPSTREAM_OPEN_MAX_MS)
		ms = UPSTREAM_OPEN_MAX_MS;
	up->open_ms = up->group->members == 1 ? 0 : ms;
	up->open_until = up->group->loop->now + net_jitter(ms);
	set_circuit(up, UPSTREAM_OPEN);
}

void upstream_failed(struct upstream_call *call, enum upstream_why why)
{
	struct upstream *up = call->up;
	bool alone = up->group->members == 1;
	if (why == UPSTREAM_TRUNCATED || call->stale)
		return;
	up->state = UPSTREAM_DOWN;
	if (up->failures < UPSTREAM_FAILURES)
		up->failures++;
	/* Of a circuit that is open, only the call that was let through decides. */
	if (up->circuit != UPSTREAM_CLOSED && !call->probe)
		return;
	call->probe = false;
	if (alone ? why == UPSTREAM_LATE_CONNECT : up->failures == UPSTREAM_FAILURES)
		open_circuit(up);
	else
		set_circuit(up, UPSTREAM_CLOSED);
}

uint32_t upstream_closes_in(const struct upstream_group *g)
{
	uint64_t now = g->loop->now, least = now + UPSTREAM_OPEN_MAX_MS;
	for (unsigned i = 0; i < g->members; i++)
		if (g->member[i]->open_until < least)
			least = g->member[i]->open_until;
	return least > now ? (uint32_t)(least - now) : 0;
}

/* The choice. */

void upstream_release(struct upstream_call *call)
{
	struct upstream *up = call->up;
	if (!call->counted)
		return;
	call->counted = false;
	up->count->calls--;
	/* It ended without a verdict: the next one may try. */
	if (call->probe && up->circuit == UPSTREAM_HALF_OPEN)
		set_circuit(up, UPSTREAM_OPEN);
	call->probe = false;
}

static bool is_full(const struct upstream *up)
{
	return up->idle == NULL && up->count->conns >= up->group->lim->connections;
}

int upstream_pick(struct upstream_call *call)
{
	struct upstream_group *g = call->group;
	struct upstream *best = NULL;
	int rc = -EHOSTDOWN;
	for (unsigned i = 0; i < g->members; i++) {
		struct upstream *up = g->member[(g->turn + i) % g->members];
		if ((call->tried >> up->index & 1) != 0 || !lets_through(up))
			continue;
		if (is_full(up))
			rc = -EBUSY;
		else if (best == NULL || up->count->calls < best->count->calls)
			best = up;
	}
	if (best == NULL)
		return rc;
	g->turn = (uint8_t)((best->index + 1) % g->members);
	call->up = best;
	call->stale = false;
	call->counted = true;
	best->count->calls++;
	call->probe = best->circuit == UPSTREAM_OPEN;
	if (call->probe)
		set_circuit(best, UPSTREAM_HALF_OPEN);
	return 0;
}
