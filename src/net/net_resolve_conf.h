/*
 * net_resolve_conf: what /etc/resolv.conf (resolv.conf(5)) and /etc/hosts (hosts(5)) say.
 *
 *	struct net_resolve_conf c;
 *	struct net_addr addrs[8];
 *	n = net_hosts_read(SPAN("redis"), addrs, 8);
 *	if (n == 0)
 *		net_resolve_conf_read(&c);
 *
 * A file that can't be read counts as empty. Lines of NET_CONF_LINE bytes or more are passed over,
 * what stands behind NET_CONF_FILE bytes of a file is not read, and a line or option that is not
 * understood is passed over too, as every resolver does: half a configuration is better than none.
 */
#ifndef NET_NET_RESOLVE_CONF_H
#define NET_NET_RESOLVE_CONF_H

#include "net/net_addr.h"

#define NET_CONF_LINE 4096          /* Kubernetes writes all aliases of a host into one line */
#define NET_CONF_FILE (1024 * 1024) /* a hosts file that blocks advertisements is as long */
#define NET_SERVERS_MAX 3           /* resolv.conf(5), MAXNS */
#define NET_SEARCH_MAX 6            /* the same, MAXDNSRCH */
#define NET_SEARCH_TEXT 512         /* bytes of all domains; resolv.conf(5) has 256 */

struct net_resolve_conf {
	struct net_addr server[NET_SERVERS_MAX];
	uint16_t port[NET_SERVERS_MAX];
	uint8_t servers;                     /* at least 1 after net_resolve_conf_read */
	uint8_t searches;                    /* domains in [search] */
	uint8_t ndots;                       /* default 1, at most 15 */
	uint8_t timeout;                     /* seconds, default 5, 1 to 30 */
	uint8_t attempts;                    /* default 2, 1 to 5 */
	uint16_t search_end[NET_SEARCH_MAX]; /* where each domain ends; the next begins there */
	uint8_t search[NET_SEARCH_TEXT];
};

/*
 * The name servers, the search list and options ndots, timeout, attempts. A server may carry a
 * port, as in "nameserver 127.0.0.1#5353". The last search or domain line counts; without one
 * there is no search list (the domain of the machine's own name is not used). Without a server it
 * is 127.0.0.1. The environment (LOCALDOMAIN, RES_OPTIONS) has no say.
 */
void net_resolve_conf_read(struct net_resolve_conf *c);
/* Domain number [i] of the search list, without a last dot. */
struct span net_resolve_conf_search(const struct net_resolve_conf *c, unsigned i);

/*
 * The addresses of all lines of the hosts file that carry [name] (letter case and a last dot make
 * no difference), into [addrs]: how many, [max_each] IPv4 ones and [max_each] IPv6 ones at most.
 * [addrs] has room for twice as many.
 */
unsigned net_hosts_read(struct span name, struct net_addr *addrs, unsigned max_each);

/* Other files than /etc/resolv.conf and /etc/hosts; NULL gives these back. The text is not copied.
 */
void net_resolve_files(const char *resolv, const char *hosts);

#endif
