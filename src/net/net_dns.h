/*
 * net_dns: DNS messages, written and read (RFC 1035). Nothing but bytes: no socket, no clock.
 *
 *	struct net_dns_question q = {.name = SPAN("redis.local"), .type = NET_DNS_A, .id = random};
 *	rc = net_dns_query_put(&o, &q);
 *	...
 *	rc = net_dns_answer_parse(datagram, &q, &a);
 *	if (rc == NET_DNS_EFOREIGN)
 *		return;                 // not for us: wait on
 *
 * The query carries no EDNS (RFC 6891): a UDP answer then has 512 bytes at most, which every
 * server and every path knows how to do, and what is longer comes by TCP.
 */
#ifndef NET_NET_DNS_H
#define NET_NET_DNS_H

#include "base/out.h"
#include "net/net_addr.h"

#define NET_DNS_NAME 253      /* RFC 1035, 2.3.4: 255 bytes on the wire, as text */
#define NET_DNS_LABEL 63      /* the same */
#define NET_DNS_QUERY_MAX 271 /* header, longest name, type and class */
#define NET_DNS_ADDRS 8       /* kept of one answer; there may be more */
#define NET_DNS_CHAIN 16      /* CNAMEs followed */
#define NET_DNS_RECORDS 512   /* in the answer section */

enum { NET_DNS_A = 1, NET_DNS_CNAME = 5, NET_DNS_AAAA = 28 };

/* RCODE (RFC 1035, 4.1.1) of an answer that says something about the name; others are failures. */
enum { NET_DNS_NOERROR = 0, NET_DNS_NXDOMAIN = 3 };

enum {
	NET_DNS_ENAME = -1,    /* not a host name */
	NET_DNS_EROOM = -2,    /* the output buffer is too small */
	NET_DNS_EFOREIGN = -3, /* not an answer to this question; of all others the id and the
				* question were right */
	NET_DNS_ECUT = -4,     /* ends in the middle of a record */
	NET_DNS_ELABEL = -5,   /* a label of a reserved kind */
	NET_DNS_EPOINTER = -6, /* a compression pointer that does not point back */
	NET_DNS_ELONG = -7,    /* a name of more than 255 bytes */
	NET_DNS_ERDATA = -8,   /* data of a length that the type does not have */
	NET_DNS_EMANY = -9,    /* more than NET_DNS_RECORDS records */
	NET_DNS_ECHAIN = -10,  /* more than NET_DNS_CHAIN CNAMEs, or a circle of them */
};
const char *net_dns_strerror(int rc);

/*
 * A host name (RFC 1123, 2.1): labels of letters, digits and inner hyphens, and of underscores,
 * which names of containers have; no empty label, but one dot may stand at the end. The last of
 * several labels is not a number (RFC 3696, 2), so a mistyped IPv4 address is not a name.
 */
bool net_dns_name_ok(struct span name);

struct net_dns_question {
	struct span name; /* as text, without or with the last dot */
	uint16_t type;    /* NET_DNS_A or NET_DNS_AAAA */
	uint16_t id;
};

/* Writes the query. Its length, or NET_DNS_ENAME, NET_DNS_EROOM. */
int net_dns_query_put(struct out *o, const struct net_dns_question *q);

struct net_dns_answer {
	uint8_t rcode;
	bool truncated; /* TC: ask again by TCP; nothing below was read */
	uint8_t addrs;  /* 0 with NET_DNS_NOERROR: the name has none of this type */
	uint32_t ttl;   /* the least of the addresses and of the CNAMEs that lead to them */
	struct net_addr addr[NET_DNS_ADDRS];
};

/*
 * Reads a whole message as the answer to [q]: msg.n, or an error. With EFOREIGN it may come from
 * anybody; with another error it comes from the server, which is broken. Authority and additional
 * records are not looked at. A failure (RCODE) may come without the question.
 */
int net_dns_answer_parse(struct span msg, const struct net_dns_question *q,
			 struct net_dns_answer *a);

#endif
