/* net_conn_inner: what net_conn.c and net_write.c share. */
#ifndef NET_NET_CONN_INNER_H
#define NET_NET_CONN_INNER_H

#include "net/net_buf.h"

/* There is output: it is sent at the end of the turn, unless somebody does so before. */
void net_conn_written(struct net_conn *c);

#endif
