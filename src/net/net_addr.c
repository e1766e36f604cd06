#include "net/net_addr.h"

#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

/* One number of a dotted quad: 0 to 255, no leading zero. */
static bool quad_part(struct span s, uint8_t *v)
{
	uint64_t n;
	if (s.n > 3 || (s.n > 1 && s.p[0] == '0') || !dec_u64(s, &n) || n > 255)
		return false;
	*v = (uint8_t)n;
	return true;
}

static bool parse_quad(struct span s, uint8_t ip[static 4])
{
	for (int i = 0; i < 4; i++)
		if (s.p == NULL || !quad_part(span_cut(&s, '.'), &ip[i]))
			return false;
	return s.p == NULL;
}

/*
 * Groups separated by ':' into [ip], [max] bytes at most; returns how many bytes they fill, or -1.
 * Only the last one may be a dotted quad, and only where [quad] says so.
 */
static int parse_groups(struct span s, uint8_t *ip, size_t max, bool quad)
{
	size_t n = 0;
	while (s.p != NULL) {
		struct span part = span_cut(&s, ':');
		uint64_t v;
		if (quad && s.p == NULL && span_find(part, '.') < part.n) {
			if (n + 4 > max || !parse_quad(part, ip + n))
				return -1;
			return (int)n + 4;
		}
		if (n + 2 > max || part.n > 4 || !hex_u64(part, &v))
			return -1;
		put_be16(ip + n, (uint16_t)v);
		n += 2;
	}
	return (int)n;
}

/* Where "::" begins, or s.n. */
static size_t find_gap(struct span s)
{
	for (size_t i = 0; i + 1 < s.n; i++)
		if (s.p[i] == ':' && s.p[i + 1] == ':')
			return i;
	return s.n;
}

static bool parse_six(struct span s, uint8_t ip[static 16])
{
	size_t gap = find_gap(s);
	if (gap == s.n)
		return parse_groups(s, ip, 16, true) == 16;
	struct span left = span_head(s, gap), right = span_tail(s, gap + 2);
	uint8_t tail[16];
	/* The gap stands for two bytes at least. */
	int before = left.n == 0 ? 0 : parse_groups(left, ip, 14, false);
	if (before < 0)
		return false;
	int after = right.n == 0 ? 0 : parse_groups(right, tail, 14 - (size_t)before, true);
	if (after < 0)
		return false;
	memcpy(ip + 16 - after, tail, (size_t)after);
	return true;
}

static bool is_link_local(const uint8_t ip[static 16])
{
	/* fe80::/10, and multicast of link scope, ff02::/16 (RFC 4291, 2.4 and 2.7). */
	return (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) || (ip[0] == 0xff && (ip[1] & 15) == 2);
}

static bool parse_scope(struct span s, uint32_t *scope)
{
	uint64_t n;
	if (dec_u64(s, &n)) {
		*scope = (uint32_t)n;
		return n > 0 && n <= UINT32_MAX;
	}
	char name[IF_NAMESIZE] = "";
	if (s.n == 0 || s.n >= sizeof name)
		return false;
	memcpy(name, s.p, s.n);
	*scope = if_nametoindex(name);
	return *scope != 0;
}

bool net_addr_parse(struct span text, struct net_addr *a)
{
	struct net_addr got = {.family = 4};
	if (parse_quad(text, got.ip)) {
		*a = got;
		return true;
	}
	got = (struct net_addr){.family = 6};
	struct span scope = text, ip = span_cut(&scope, '%');
	if (!parse_six(ip, got.ip))
		return false;
	if (scope.p != NULL && !(is_link_local(got.ip) && parse_scope(scope, &got.scope)))
		return false;
	*a = got;
	return true;
}

bool net_addr_eq(const struct net_addr *a, const struct net_addr *b)
{
	return a->family == b->family && a->scope == b->scope &&
	       memcmp(a->ip, b->ip, a->family == 4 ? 4 : 16) == 0;
}

bool net_addr_among(const struct net_addr *addrs, unsigned n, const struct net_addr *a)
{
	for (unsigned i = 0; i < n; i++)
		if (net_addr_eq(&addrs[i], a))
			return true;
	return false;
}

bool net_addr_is_private(const struct net_addr *a)
{
	static const struct {
		uint8_t family, bits, net[2];
	} nets[] = {
		{4, 8, {10}},          /* RFC 1918 */
		{4, 12, {172, 16}},    /* RFC 1918 */
		{4, 16, {192, 168}},   /* RFC 1918 */
		{4, 8, {127}},         /* loopback */
		{4, 16, {169, 254}},   /* RFC 3927 */
		{4, 10, {100, 64}},    /* RFC 6598 */
		{6, 7, {0xfc}},        /* RFC 4193 */
		{6, 10, {0xfe, 0x80}}, /* link-local */
	};
	static const uint8_t loopback[16] = {[15] = 1};
	for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
		if (a->family == nets[i].family &&
		    (get_be16(a->ip) ^ get_be16(nets[i].net)) >> (16 - nets[i].bits) == 0)
			return true;
	return a->family == 6 && memcmp(a->ip, loopback, sizeof loopback) == 0;
}

socklen_t net_addr_sockaddr(const struct net_addr *a, uint16_t port, struct sockaddr_storage *sa)
{
	memset(sa, 0, sizeof *sa);
	if (a->family == 4) {
		struct sockaddr_in *in = (struct sockaddr_in *)sa;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, a->ip, 4);
		return sizeof *in;
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	in6->sin6_scope_id = a->scope;
	memcpy(&in6->sin6_addr, a->ip, 16);
	return sizeof *in6;
}
