/* trust: which peers are proxies of ours, whose word about the client is believed. */
#ifndef ROUTER_TRUST_H
#define ROUTER_TRUST_H

#include "net/net_addr.h"
#include "services/common/config.h"

#define TRUST_NETWORKS 32

struct trust_network {
	struct net_addr addr;
	uint8_t bits;
};

struct trust {
	bool all, private; /* private: of RFC 1918, 3927, 4193, 6598, loopback and link-local */
	uint8_t count;
	struct trust_network network[TRUST_NETWORKS];
};

/*
 * For a struct trust: words and networks, a comma and blanks between: none, private, all,
 * addresses, ADDRESS/BITS.
 */
config_take trust_take;
bool trust_has(const struct trust *t, const struct net_addr *peer);

#endif
