/*
 * Host names to addresses without ever blocking the loop: address literals, /etc/hosts, then DNS
 * over UDP with the servers, search list and options of /etc/resolv.conf (resolv.conf(5)), TCP
 * when an answer is truncated. Both files are read anew for each look-up (they change under a
 * running container), and nothing is cached: who asks knows how long an answer is good for.
 *
 *	struct net_resolve r;
 *	net_resolve_start(&loop, &r, "redis", 2000, on_addresses);
 *
 * IPv4 and IPv6 addresses come alternately, IPv6 first (RFC 8305, 4) when the kernel has a route
 * to the first IPv6 address, else IPv4 first: a container mostly has no IPv6. "localhost" and what
 * ends in ".localhost" is 127.0.0.1 and ::1 without a look anywhere (RFC 6761, 6.3).
 *
 * Both families are asked for at once, of one server at a time; the others follow when it fails,
 * refuses, or is silent for its share of the time: the `timeout` of resolv.conf, or less when the
 * deadline would not let every server have its `attempts`. A late answer is still taken. Once
 * there are addresses of one family, the other has NET_RESOLVE_GRACE ms to follow.
 *
 * A candidate of the search list is left for the next one only when a server said that it does not
 * exist or has no address. When no server says either, the look-up ends with NET_ENAMETEMP: the
 * next candidate may be another host.
 */
#ifndef NET_NET_RESOLVE_H
#define NET_NET_RESOLVE_H

#include "net/net.h"
#include "net/net_addr.h"
#include "net/net_dns.h"
#include "net/net_resolve_conf.h"

#define NET_ADDRS_MAX 16      /* half of them for each family */
#define NET_NAME_MAX 253      /* RFC 1035, 2.3.4, in text form */
#define NET_RESOLVE_GRACE 50  /* ms; the Resolution Delay of RFC 8305, 3 */
#define NET_RESOLVE_SHARE 100 /* ms that a server has at least before another is asked */
#define NET_RESOLVE_BURST 16  /* datagrams read of one server in a turn */

struct net_resolve;
/* [rc]: how many addresses, in the order to be tried; or NET_ENONAME, NET_ENAMETEMP, NET_ENAME,
 * NET_EDEADLINE. [ttl]: seconds the answer may be used (0 for /etc/hosts and literals). [addrs] is
 * good during the call; [r] may be started again in it, or freed. */
typedef void net_resolved(struct net_resolve *r, int rc, const struct net_addr *addrs,
			  uint32_t ttl);

/* One of the two questions about a candidate. */
struct net_resolve_ask {
	uint16_t type, id;
	bool answered; /* the server knows: addresses, none of them, or no such name */
	bool no_name;
	uint8_t found;
	struct net_addr addr[NET_ADDRS_MAX / 2];
};

struct net_resolve_udp {
	struct net_source src; /* fd < 0: not open */
	struct net_resolve *owner;
	uint8_t failed; /* bit i: asks[i] failed here since it was last sent */
};

struct net_resolve_tcp {
	struct net_source src; /* fd < 0: not open */
	uint8_t server;
	uint8_t head[2]; /* the length before each message (RFC 1035, 4.2.2) */
	uint32_t got;    /* bytes of head and body */
	uint8_t *body;   /* of the length in head; from malloc, while one comes in */
};

/* Some 2 KiB, embedded by value; the fields are the resolver's own. */
struct net_resolve {
	struct net_loop *loop;
	net_resolved *done;
	struct net_task task;
	struct net_timer deadline, step;
	uint64_t due; /* the deadline in loop time */
	int rc;       /* when the task is put to hand it over */
	uint32_t ttl;
	bool busy;
	uint8_t candidate; /* how many have been tried */
	uint8_t tries;     /* servers asked about this candidate */
	uint8_t current;   /* the last of them */
	bool grace;        /* [step] is the end of the wait for the other family */
	uint8_t name_n, asked_n;
	uint8_t name[NET_NAME_MAX + 1]; /* with a last dot, when it came with one */
	uint8_t asked[NET_NAME_MAX];    /* the candidate */
	struct net_resolve_ask asks[2];
	struct net_resolve_udp udp[NET_SERVERS_MAX];
	struct net_resolve_tcp tcp;
	struct net_resolve_conf conf;
};

/*
 * Always answers later, never from within start, and within [timeout_ms] and the resolution of a
 * timer. [name] is copied. Nothing may be under way in [r], whose bytes may be anything.
 */
void net_resolve_start(struct net_loop *loop, struct net_resolve *r, const char *name,
		       uint32_t timeout_ms, net_resolved *done);
/* No answer will come; does nothing when none is under way. [r] has been started once, or is zero.
 */
void net_resolve_cancel(struct net_resolve *r);

#endif
