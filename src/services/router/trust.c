#include "services/router/trust.h"

#include <string.h>

static bool is_inside(const struct net_addr *a, const struct trust_network *n)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;
	if (a->family != n->addr.family || memcmp(a->ip, n->addr.ip, whole) != 0)
		return false;
	return rest == 0 || (a->ip[whole] ^ n->addr.ip[whole]) >> (8 - rest) == 0;
}

bool trust_has(const struct trust *t, const struct net_addr *peer)
{
	if (t->all || (t->private && net_addr_is_private(peer)))
		return true;
	for (unsigned i = 0; i < t->count; i++)
		if (is_inside(peer, &t->network[i]))
			return true;
	return false;
}

static bool take_network(struct span text, struct trust *t)
{
	struct trust_network *n = &t->network[t->count];
	struct span bits = text, addr = span_cut(&bits, '/');
	if (t->count == TRUST_NETWORKS || !net_addr_parse(addr, &n->addr))
		return false;
	uint64_t most = n->addr.family == 4 ? 32 : 128, v = most;
	if (bits.p != NULL && (!dec_u64(bits, &v) || v > most))
		return false;
	n->bits = (uint8_t)v;
	t->count++;
	return true;
}

static bool take_one(struct span text, struct trust *t)
{
	if (span_eq_nocase(text, SPAN("all")))
		t->all = true;
	else if (span_eq_nocase(text, SPAN("private")))
		t->private = true;
	else
		return span_eq_nocase(text, SPAN("none")) || take_network(text, t);
	return true;
}

bool trust_take(const struct config_var *var, struct span text, void *field, struct out *want)
{
	struct trust t = {.count = 0};
	(void)var;
	while (text.p != NULL)
		if (!take_one(span_trim(span_cut(&text, ',')), &t)) {
			out_str(want, "none, private, all, or at most 32 addresses and networks "
				      "such as 10.0.0.0/8,2001:db8::/32");
			return false;
		}
	memcpy(field, &t, sizeof t);
	return true;
}
