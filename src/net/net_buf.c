#include "net/net_buf.h"

#include <stdlib.h>
#include <string.h>

static uint8_t *take(struct net_loop *loop, size_t cap)
{
	if (cap == NET_BLOCK && loop->spares > 0)
		return loop->spare[--loop->spares];
	return malloc(cap);
}

static void give(struct net_loop *loop, uint8_t *p, size_t cap)
{
	if (cap == NET_BLOCK && loop->spares < NET_SPARE)
		loop->spare[loop->spares++] = p;
	else
		free(p);
}

bool net_buf_block(struct net_loop *loop, struct net_buf *b)
{
	uint8_t *p = take(loop, NET_BLOCK);
	if (p == NULL)
		return false;
	*b = (struct net_buf){p, 0, 0, NET_BLOCK};
	return true;
}

/* A power of two, so that growing costs linear time in sum; blocks come from the pool. */
static size_t fitting(size_t need)
{
	return need <= 1024 ? 1024 : (size_t)2 << (63 - __builtin_clzll(need - 1));
}

bool net_buf_room(struct net_loop *loop, struct net_buf *b, size_t n, size_t max)
{
	size_t used = b->len - b->off;
	if (n > max || used > max - n)
		return false;
	if (b->cap - b->len >= n)
		return true;
	if (b->cap - used >= n && b->off >= used) {
		memcpy(b->p, b->p + b->off, used);
		b->len = (uint32_t)used;
		b->off = 0;
		return true;
	}
	size_t cap = fitting(used + n);
	uint8_t *p = take(loop, cap);
	if (p == NULL)
		return false;
	if (used > 0)
		memcpy(p, b->p + b->off, used);
	net_buf_drop(loop, b);
	*b = (struct net_buf){p, 0, (uint32_t)used, (uint32_t)cap};
	return true;
}

void net_buf_drop(struct net_loop *loop, struct net_buf *b)
{
	if (b->p == NULL)
		return;
	give(loop, b->p, b->cap);
	*b = (struct net_buf){NULL, 0, 0, 0};
}
