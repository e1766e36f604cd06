/* net_resolve_inner: what the two files of the resolver share. net_resolve.c has a look-up, name by
 * name; net_resolve_ask.c has one name, asked of the servers. */
#ifndef NET_NET_RESOLVE_INNER_H
#define NET_NET_RESOLVE_INNER_H

#include "net/net_resolve.h"

enum { NET_RESOLVE_FOUR, NET_RESOLVE_SIX, NET_RESOLVE_FAMILIES }; /* asks[] */

#define NET_RESOLVE_OWNER(part, member) \
	((struct net_resolve *)((char *)(part)-offsetof(struct net_resolve, member)))

/* How many addresses are known. */
static inline unsigned net_resolve_found(const struct net_resolve *r)
{
	return r->asks[NET_RESOLVE_FOUR].found + r->asks[NET_RESOLVE_SIX].found;
}

/* Among those of its family, when there is room. */
void net_resolve_keep(struct net_resolve *r, const struct net_addr *a);

/* Asks for both families of r->asked; net_resolve_asked follows, perhaps from within. */
void net_resolve_ask_start(struct net_resolve *r);
/* Closes what is open for it; none is under way. */
void net_resolve_ask_close(struct net_resolve *r);

/* The name has been answered as far as it will be: 0, or NET_ENAMETEMP when no server did. */
void net_resolve_asked(struct net_resolve *r, int rc);

#endif
