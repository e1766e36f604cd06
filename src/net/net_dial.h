/*
 * Outgoing connections: resolve the name, then try its addresses one after the other until one
 * answers, all within one time limit. A host that begins with '/' is a Unix socket's path,
 * -ENAMETOOLONG when it has more than 107 bytes.
 *
 *	net_dial_start(&loop, &d, "redis", 6379, 5000, on_connected);
 */
#ifndef NET_NET_DIAL_H
#define NET_NET_DIAL_H

#include "net/net_resolve.h"

struct net_dial;
/*
 * [rc]: a connected descriptor (non-blocking, close-on-exec, TCP_NODELAY, keep-alive), now the
 * caller's; or -errno of the last address tried, or a name of net.h. That address is
 * d->addrs[d->next - 1] of d->count, when d->next is not 0 (no address was found; a path).
 */
typedef void net_dialled(struct net_dial *d, int rc);

struct net_dial {
	struct net_loop *loop;
	struct net_resolve resolve;
	struct net_source src;
	struct net_timer timer;
	struct net_task begin; /* for a path */
	struct net_addr addrs[NET_ADDRS_MAX];
	uint8_t count, next;
	uint16_t port;
	uint64_t deadline;
	int error; /* of the last address tried */
	bool busy;
	net_dialled *done;
	char path[108]; /* sizeof sun_path */
};

/* Always answers later, never from within start. [host] is copied. */
void net_dial_start(struct net_loop *loop, struct net_dial *d, const char *host, uint16_t port,
		    uint32_t timeout_ms, net_dialled *done);
/* No answer will come. Does nothing when none is under way (or [d] is all zeros). */
void net_dial_cancel(struct net_dial *d);

#endif
