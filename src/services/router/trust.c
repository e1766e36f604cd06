#include "services/router/trust.h"

#include <string.h>

static bool is_inside(const struct net_addr *a, uint8_t family, const uint8_t *net, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;
	if (a->family != family || memcmp(a->ip, net, whole) != 0)
		return false;
	return rest == 0 || (a->ip[whole] ^ net[whole]) >> (8 - rest) == 0;
}

static bool is_private(const struct net_addr *a)
{
	static const struct {
		uint8_t family, bits, net[16];
	} nets[] = {
		{4, 8, {10}},          /* RFC 1918 */
		{4, 12, {172, 16}},    /* RFC 1918 */
		{4, 16, {192, 168}},   /* RFC 1918 */
		{4, 8, {127}},         /* loopback */
		{4, 16, {169, 254}},   /* RFC 3927 */
		{4, 10, {100, 64}},    /* RFC 6598 */
		{6, 7, {0xfc}},        /* RFC 4193 */
		{6, 10, {0xfe, 0x80}}, /* link-local */
		{6, 128, {[15] = 1}},  /* loopback */
	};
	for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
		if (is_inside(a, nets[i].family, nets[i].net, nets[i].bits))
			return true;
	return false;
}

bool trust_has(const struct trust *t, const struct net_addr *peer)
{
	if (t->all || (t->private && is_private(peer)))
		return true;
	for (unsigned i = 0; i < t->count; i++) {
		const struct trust_network *n = &t->network[i];
		if (is_inside(peer, n->addr.family, n->addr.ip, n->bits))
			return true;
	}
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
