/* net_buf: the growing buffers of connections; those of NET_BLOCK bytes are pooled by the loop. */
#ifndef NET_NET_BUF_H
#define NET_NET_BUF_H

#include "net/net_conn.h"

/* Gives an empty buffer a whole block, most often without malloc; false when it can't. */
bool net_buf_block(struct net_loop *loop, struct net_buf *b);
/* Makes room for [n] more bytes behind len, with no more than [max] in use; false when it can't. */
bool net_buf_room(struct net_loop *loop, struct net_buf *b, size_t n, size_t max);
/* Gives the memory back; the buffer is empty. */
void net_buf_drop(struct net_loop *loop, struct net_buf *b);

/* What it holds. */
static inline struct span net_buf_held(const struct net_buf *b)
{
	return b->p == NULL ? SPAN_NONE : span_of(b->p + b->off, b->len - b->off);
}

#endif
