/* Output of a connection, from its owner into the buffer: see net_conn.h. net_conn.c sends it. */
#include "net/net_conn_inner.h"

size_t net_pending(const struct net_conn *c)
{
	return c->out.len - c->out.off + c->tail.n;
}

size_t net_room(const struct net_conn *c)
{
	size_t used = net_pending(c);
	return used < c->out_max ? c->out_max - used : 0;
}

/* Free bytes of the buffer that the bound allows to be used. */
static size_t writable(const struct net_conn *c)
{
	size_t free_bytes = c->out.cap - c->out.len, room = net_room(c);
	return free_bytes < room ? free_bytes : room;
}

/* At first a whole block, if the bound allows it: it costs no malloc, and more will follow. */
static bool make_room(struct net_conn *c, size_t room)
{
	if (c->out.p == NULL && room < NET_BLOCK && c->out_max >= NET_BLOCK)
		return net_buf_block(c->loop, &c->out);
	return net_buf_room(c->loop, &c->out, room, c->out_max);
}

struct out net_out_open(struct net_conn *c, size_t room)
{
	struct out o = out_init(NULL, 0);
	o.over = c->closing || c->finishing || c->tail.n > 0 || !make_room(c, room);
	if (o.over)
		return o;
	/* Here, and not when it is closed, so that flush finds a buffer in which nothing is. */
	net_conn_written(c);
	return c->out.p == NULL ? o : out_init(c->out.p + c->out.len, writable(c));
}

bool net_out_close(struct net_conn *c, const struct out *o)
{
	if (o->over)
		return false;
	c->out.len += (uint32_t)o->n;
	return true;
}

bool net_write(struct net_conn *c, struct span s)
{
	struct out o = net_out_open(c, s.n);
	out_span(&o, s);
	return net_out_close(c, &o);
}

void net_write_ref(struct net_conn *c, struct span s)
{
	if (c->closing || c->finishing)
		return;
	c->tail = s;
	net_conn_written(c);
}
