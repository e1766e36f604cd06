/*
 * net_addr: an IP address as text, as bytes, and as the kernel wants it.
 *
 *	struct net_addr a;
 *	if (!net_addr_parse(SPAN("fe80::1%eth0"), &a))
 *		return NET_ENAME;
 *	n = net_addr_sockaddr(&a, 53, &sa);
 *	connect(fd, (struct sockaddr *)&sa, n);
 */
#ifndef NET_NET_ADDR_H
#define NET_NET_ADDR_H

#include "base/span.h"

#include <sys/socket.h>

struct net_addr {
	uint8_t family; /* 4 or 6 */
	uint8_t ip[16]; /* network order; the first four for IPv4, the others are zero */
	uint32_t scope; /* of a link-local IPv6 address */
};

/*
 * An address literal, IPv4 dotted quad or IPv6 with optional %scope; false when it is neither.
 * Strict: four decimal numbers without leading zeros (which other parsers take for octal); IPv6 as
 * in RFC 4291, 2.2, where "::" stands for one group or more. A scope is a number or the name of an
 * interface that exists, and only link-local addresses have one (RFC 4007, 11). No brackets.
 */
bool net_addr_parse(struct span text, struct net_addr *a);

bool net_addr_eq(const struct net_addr *a, const struct net_addr *b);
/* Whether [a] is one of the [n] in [addrs]. */
bool net_addr_among(const struct net_addr *addrs, unsigned n, const struct net_addr *a);
/*
 * Of a network that is not the public one: RFC 1918, 3927 and 6598, loopback, and of IPv6 RFC 4193,
 * link-local and loopback.
 */
bool net_addr_is_private(const struct net_addr *a);

/* Fills [sa], AF_INET or AF_INET6; returns its length for connect, bind or sendto. */
socklen_t net_addr_sockaddr(const struct net_addr *a, uint16_t port, struct sockaddr_storage *sa);

#endif
