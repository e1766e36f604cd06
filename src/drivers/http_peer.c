/* Who the client is: see http_server.h. */
#include "drivers/http_conn.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; /* ::ffff:0:0/96 */

static void take_addr(struct net_addr *a, const struct sockaddr_storage *from)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
	memset(a, 0, sizeof *a);
	if (from->ss_family == AF_INET) {
		a->family = 4;
		memcpy(a->ip, &v4->sin_addr, 4);
	} else if (from->ss_family == AF_INET6) {
		bool four = memcmp(&v6->sin6_addr, mapped, sizeof mapped) == 0;
		a->family = four ? 4 : 6;
		memcpy(a->ip, v6->sin6_addr.s6_addr + (four ? 12 : 0), four ? 4 : 16);
		a->scope = four ? 0 : v6->sin6_scope_id;
	}
}

const struct net_addr *http_peer(struct http_exchange *x)
{
	static const struct net_addr nobody = {0};
	struct http_conn *c = http_conn_of(x);
	struct sockaddr_storage from;
	socklen_t n = sizeof from;
	if (c->peer != NULL)
		return c->peer;
	c->peer = malloc(sizeof *c->peer);
	if (c->peer == NULL)
		return &nobody;
	if (getpeername(c->net.src.fd, (struct sockaddr *)&from, &n) < 0)
		from.ss_family = AF_UNSPEC;
	take_addr(c->peer, &from);
	return c->peer;
}

static void put_four(struct out *o, const uint8_t ip[static 4])
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			out_byte(o, '.');
		out_u64(o, ip[i]);
	}
}

/* How many groups from the i-th on are zero. */
static int zeros(const uint8_t *ip, int i)
{
	int n = 0;
	while (i + n < 8 && get_be16(ip + 2 * (i + n)) == 0)
		n++;
	return n;
}

/* The longest run of at least two zero groups, the first of several, becomes "::" (5952, 4.2). */
static void put_six(struct out *o, const uint8_t ip[static 16])
{
	int gap = 8, gap_n = 1;
	for (int i = 0; i < 8; i++)
		if (zeros(ip, i) > gap_n) {
			gap = i;
			gap_n = zeros(ip, i);
		}
	for (int i = 0; i < 8; i++) {
		if (i == gap) {
			out_str(o, "::");
			i += gap_n - 1;
			continue;
		}
		if (i > 0 && i != gap + gap_n)
			out_byte(o, ':');
		out_hex(o, get_be16(ip + 2 * i));
	}
}

void http_put_addr(struct out *o, const struct net_addr *a)
{
	if (a->family == 4)
		put_four(o, a->ip);
	else if (a->family == 6)
		put_six(o, a->ip);
}
