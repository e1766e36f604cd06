/* net_conn_inner: what the files of a connection share: its life in net_conn.c, its input in
 * net_read.c, its output in net_write.c and net_file.c. */
#ifndef NET_NET_CONN_INNER_H
#define NET_NET_CONN_INNER_H

#include "net/net_buf.h"

/* Tells epoll what the connection waits for now. */
void net_conn_watch(struct net_conn *c);
/* The end of the turn will look at it: to send, or to close. */
void net_conn_settle_late(struct net_conn *c);
/* There is output: it is sent at the end of the turn, unless somebody does so before. */
void net_conn_written(struct net_conn *c);

/* Receives once, and hands it to the owner. True when bytes came. */
bool net_conn_read(struct net_conn *c);
/* Receives once, for nobody: the connection is finishing. */
void net_conn_throw_away(struct net_conn *c);
/* Into the list of net_conn_run_again, and out of it. */
void net_conn_put_again(struct net_conn *c);
void net_conn_drop_again(struct net_conn *c);

/* Sends what the socket takes now. */
void net_conn_flush(struct net_conn *c);

#endif
