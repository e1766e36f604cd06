#include "services/api/limit.h"

#include <string.h>

#define WAYS 8     /* places that a client may have */
#define SET_BITS 7 /* of a hash, to choose them */
_Static_assert(LIMIT_CLIENTS == WAYS << SET_BITS, "sizes of the table");

/*
 * The first 64 bits; where those are zero, as of ::1 and of IPv4 in the form of ::ffff:1.2.3.4, the
 * others. IPv4 is put into ffff::/16: that is multicast, so nobody asks from there.
 */
static uint64_t key_of(const struct net_addr *a)
{
	uint64_t key = get_be64(a->ip);
	if (a->family == 4)
		return UINT64_MAX << 48 | key >> 32;
	return key != 0 ? key : get_be64(a->ip + 8);
}

uint64_t limit_client(const struct http_head *h, const struct net_addr *peer)
{
	struct net_addr a;
	uint64_t client = 0;
	bool proxied = net_addr_is_private(peer);
	for (unsigned i = 0; proxied && i < h->fields; i++) {
		struct span list = SPAN_NONE;
		if (h->known[i] == HTTP_F_X_FORWARDED_FOR)
			list = http_value(h, i);
		while (list.p != NULL) {
			struct span text = span_trim(span_cut(&list, ','));
			/* A scope would be looked up: anybody could make us ask the kernel. */
			if (span_find(text, '%') == text.n && net_addr_parse(text, &a) &&
			    (client == 0 || !net_addr_is_private(&a)))
				client = key_of(&a);
		}
	}
	return client != 0 ? client : key_of(peer);
}

bool limit_take(uint64_t client, uint32_t rate, uint64_t now)
{
	/*
	 * [full]: when the bucket will be. In a unit of which a token takes 1000 and a millisecond
	 * brings [rate], so that nothing is rounded.
	 */
	static struct bucket {
		uint64_t key, full;
	} buckets[1 << SET_BITS][WAYS];
	struct bucket *set = buckets[client * 0x9e3779b97f4a7c15 >> (64 - SET_BITS)], *b = set;
	now *= rate;
	for (unsigned i = 0; i < WAYS && b->key != client; i++)
		if (set[i].key == client || set[i].full < b->full)
			b = &set[i];
	if (b->key != client || b->full < now)
		b->full = now;
	b->key = client;
	if (b->full - now > (2 * (uint64_t)rate - 1) * 1000)
		return false;
	b->full += 1000;
	return true;
}
