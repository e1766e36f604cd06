/*
 * limit: how much one client may ask for, as a bucket of tokens: RATE_LIMIT requests a second, and
 * twice as many at once.
 *
 *	uint64_t client = limit_client(x->head, http_peer(x));
 *	if (!limit_take(client, rate, loop->now))
 *		answer 429, Retry-After: 1
 *
 * Of IPv6 a client is what an access provider gives one customer, a network of 64 bits. What is
 * remembered has its place from the start: LIMIT_CLIENTS of them; when there are more, those whose
 * bucket is the fullest give way. Each process of WORKERS has a table of its own.
 */
#ifndef SERVICES_API_LIMIT_H
#define SERVICES_API_LIMIT_H

#include "http/http.h"
#include "net/net_addr.h"

#define LIMIT_CLIENTS 1024
#define LIMIT_RATE_MAX 1000000

/*
 * Who asks: the peer; when that is private, so a proxy of ours, the last of X-Forwarded-For that is
 * not private itself; when all are, the first. What is no address there, or has a port or a scope,
 * is passed over.
 */
uint64_t limit_client(const struct http_head *h, const struct net_addr *peer);

/*
 * Takes a token; false when there is none, but within a second there will be. [rate] from 1 to
 * LIMIT_RATE_MAX, always the same; [now] in ms, never less than before.
 */
bool limit_take(uint64_t client, uint32_t rate, uint64_t now);

#endif
