/* One name, asked of the servers: see net_resolve.h. */
#include "net/net_resolve_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define UDP_MAX 4096 /* without EDNS 512 is allowed; be lenient with those who send more */
#define ALL_FAILED ((1 << NET_RESOLVE_FAMILIES) - 1)

static void ask_next(struct net_resolve *r);

void net_resolve_keep(struct net_resolve *r, const struct net_addr *a)
{
	struct net_resolve_ask *ask = &r->asks[a->family == 4 ? NET_RESOLVE_FOUR : NET_RESOLVE_SIX];
	if (ask->found < NET_ADDRS_MAX / 2)
		ask->addr[ask->found++] = *a;
}

static void drop_source(struct net_resolve *r, struct net_source *s)
{
	if (s->fd < 0)
		return;
	net_unwatch(r->loop, s);
	close(s->fd);
	s->fd = -1;
}

static void close_tcp(struct net_resolve *r)
{
	drop_source(r, &r->tcp.src);
	free(r->tcp.body);
	r->tcp.body = NULL;
	r->tcp.got = 0;
}

void net_resolve_ask_close(struct net_resolve *r)
{
	close_tcp(r);
	for (unsigned i = 0; i < NET_SERVERS_MAX; i++)
		drop_source(r, &r->udp[i].src);
}

/* Answers. */

static struct net_dns_question question(const struct net_resolve *r,
					const struct net_resolve_ask *ask)
{
	struct span name = span_of(r->asked, r->asked_n);
	return (struct net_dns_question){.name = name, .type = ask->type, .id = ask->id};
}

static void accept_answer(struct net_resolve *r, struct net_resolve_ask *ask,
			  const struct net_dns_answer *a)
{
	ask->answered = true;
	ask->no_name = a->rcode == NET_DNS_NXDOMAIN;
	for (unsigned i = 0; i < a->addrs; i++)
		net_resolve_keep(r, &a->addr[i]);
	if (a->addrs > 0 && a->ttl < r->ttl)
		r->ttl = a->ttl;
}

/*
 * A message from [server]. True when that server is to be asked again by TCP. What answers none of
 * our questions changes nothing, the clock included.
 */
static bool take_message(struct net_resolve *r, unsigned server, struct span msg, bool tcp)
{
	for (unsigned i = 0; i < NET_RESOLVE_FAMILIES; i++) {
		struct net_resolve_ask *ask = &r->asks[i];
		struct net_dns_question q = question(r, ask);
		struct net_dns_answer a;
		if (ask->answered)
			continue;
		int rc = net_dns_answer_parse(msg, &q, &a);
		if (rc == NET_DNS_EFOREIGN)
			continue;
		bool known = rc > 0 && (a.rcode == NET_DNS_NXDOMAIN ||
					(a.rcode == NET_DNS_NOERROR && !a.truncated));
		if (known)
			accept_answer(r, ask, &a);
		else if (rc > 0 && a.rcode == NET_DNS_NOERROR && !tcp)
			return (r->udp[server].failed & 1 << i) == 0;
		else
			r->udp[server].failed |= (uint8_t)(1 << i);
		return false;
	}
	return false;
}

static void on_step(struct net_timer *t)
{
	struct net_resolve *r = NET_RESOLVE_OWNER(t, step);
	if (r->grace)
		net_resolve_asked(r, 0);
	else
		ask_next(r);
}

/* What follows from the messages that came. */
static void settle(struct net_resolve *r)
{
	unsigned waiting = 0;
	for (unsigned i = 0; i < NET_RESOLVE_FAMILIES; i++)
		waiting |= r->asks[i].answered ? 0U : 1U << i;
	if (waiting == 0) {
		net_resolve_asked(r, 0);
		return;
	}
	/* A name that does not exist has no IPv6 address either (RFC 8020). The other way round
	 * there are servers that say so of every AAAA (RFC 4074, 4.2). */
	if (!r->grace && (net_resolve_found(r) > 0 || r->asks[NET_RESOLVE_FOUR].no_name)) {
		r->grace = true;
		net_timer_set(r->loop, &r->step, NET_RESOLVE_GRACE, on_step);
	}
	if ((waiting & ~(unsigned)r->udp[r->current].failed) == 0)
		ask_next(r);
}

/* TCP, for what did not fit into a datagram (RFC 7766). */

static int open_socket(struct net_resolve *r, unsigned server, int kind, struct net_source *s,
		       uint32_t events, void (*ready)(struct net_source *, uint32_t))
{
	struct sockaddr_storage sa;
	socklen_t n = net_addr_sockaddr(&r->conf.server[server], r->conf.port[server], &sa);
	int fd = socket(sa.ss_family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int rc = connect(fd, (struct sockaddr *)&sa, n) == 0 || errno == EINPROGRESS ? 0 : -errno;
	if (rc == 0)
		rc = net_watch(r->loop, s, fd, events, ready);
	if (rc == 0)
		return 0;
	close(fd);
	s->fd = -1;
	return rc;
}

static void fail_tcp(struct net_resolve *r)
{
	close_tcp(r);
	r->udp[r->tcp.server].failed = ALL_FAILED;
	settle(r);
}

/* All questions in one segment: they fit into any send buffer, so a short write is an error. */
static void send_tcp(struct net_resolve *r)
{
	uint8_t buf[NET_RESOLVE_FAMILIES * (2 + NET_DNS_QUERY_MAX)];
	struct out o = out_init(buf, sizeof buf);
	for (unsigned i = 0; i < NET_RESOLVE_FAMILIES; i++) {
		struct net_dns_question q = question(r, &r->asks[i]);
		uint8_t *length = r->asks[i].answered ? NULL : out_room(&o, 2);
		if (length != NULL)
			put_be16(length, (uint16_t)net_dns_query_put(&o, &q));
	}
	if (send(r->tcp.src.fd, buf, o.n, MSG_NOSIGNAL) != (ssize_t)o.n ||
	    net_rewatch(r->loop, &r->tcp.src, EPOLLIN) != 0)
		fail_tcp(r);
}

static void receive_tcp(struct net_resolve *r)
{
	struct net_resolve_tcp *t = &r->tcp;
	size_t size = t->got < 2 ? 2 : 2 + (size_t)get_be16(t->head);
	uint8_t *to = t->got < 2 ? t->head + t->got : t->body + (t->got - 2);
	ssize_t n = recv(t->src.fd, to, size - t->got, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		fail_tcp(r);
		return;
	}
	t->got += (uint32_t)n;
	if (t->got < size)
		return;
	if (t->body == NULL) {
		t->body = malloc(get_be16(t->head));
		if (t->body == NULL || get_be16(t->head) == 0)
			fail_tcp(r);
		return;
	}
	uint8_t *body = t->body;
	t->body = NULL;
	t->got = 0;
	take_message(r, t->server, span_of(body, size - 2), true);
	free(body);
	settle(r);
}

static void on_tcp(struct net_source *s, uint32_t events)
{
	(void)events;
	struct net_resolve *r = NET_RESOLVE_OWNER(s, tcp.src);
	if (s->events & EPOLLOUT)
		send_tcp(r);
	else
		receive_tcp(r);
}

/* Asking. */

static unsigned tries_left(const struct net_resolve *r)
{
	return (unsigned)r->conf.servers * r->conf.attempts - r->tries;
}

/* The server just asked has its share of the time that is left; the last one has all of it. */
static void set_step(struct net_resolve *r)
{
	if (r->grace)
		return;
	uint64_t left = r->due > r->loop->now ? r->due - r->loop->now : 0;
	uint64_t ms = left / (tries_left(r) + 1);
	if (ms < NET_RESOLVE_SHARE)
		ms = NET_RESOLVE_SHARE;
	if (ms > r->conf.timeout * UINT64_C(1000))
		ms = r->conf.timeout * UINT64_C(1000);
	if (ms < left)
		net_timer_set(r->loop, &r->step, (uint32_t)ms, on_step);
	else
		net_timer_stop(&r->step);
}

static void open_tcp(struct net_resolve *r, unsigned server)
{
	if (r->tcp.src.fd >= 0)
		return;
	r->tcp.server = (uint8_t)server;
	if (open_socket(r, server, SOCK_STREAM, &r->tcp.src, EPOLLOUT, on_tcp) == 0)
		set_step(r);
	else
		r->udp[server].failed = ALL_FAILED;
}

static void on_udp(struct net_source *s, uint32_t events)
{
	(void)events;
	struct net_resolve_udp *u =
		(struct net_resolve_udp *)((char *)s - offsetof(struct net_resolve_udp, src));
	struct net_resolve *r = u->owner;
	unsigned server = (unsigned)(u - r->udp);
	uint8_t buf[UDP_MAX];
	for (int i = 0; i < NET_RESOLVE_BURST && u->src.fd >= 0; i++) {
		ssize_t n = recv(u->src.fd, buf, sizeof buf, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		/* An ICMP message: nobody listens there, or the way is barred. */
		if (n < 0)
			u->failed = ALL_FAILED;
		else if (take_message(r, server, span_of(buf, (size_t)n), false))
			open_tcp(r, server);
		settle(r);
	}
}

/* Each look-up has sockets of its own, so the kernel chooses new ports (RFC 5452, 9.2). */
static bool ask_udp(struct net_resolve *r, unsigned server)
{
	struct net_resolve_udp *u = &r->udp[server];
	uint8_t buf[NET_DNS_QUERY_MAX];
	u->failed = 0;
	if (u->src.fd < 0 && open_socket(r, server, SOCK_DGRAM, &u->src, EPOLLIN, on_udp) != 0)
		return false;
	for (unsigned i = 0; i < NET_RESOLVE_FAMILIES; i++) {
		struct out o = out_init(buf, sizeof buf);
		struct net_dns_question q = question(r, &r->asks[i]);
		if (r->asks[i].answered)
			continue;
		if (net_dns_query_put(&o, &q) < 0 || send(u->src.fd, buf, o.n, 0) < 0)
			return false;
	}
	return true;
}

static void ask_next(struct net_resolve *r)
{
	close_tcp(r);
	while (tries_left(r) > 0) {
		r->current = (uint8_t)(r->tries++ % r->conf.servers);
		if (ask_udp(r, r->current)) {
			set_step(r);
			return;
		}
	}
	/* Grace means that one family has been answered and that the other need not be. */
	net_resolve_asked(r, r->grace ? 0 : NET_ENAMETEMP);
}

void net_resolve_ask_start(struct net_resolve *r)
{
	uint16_t ids[NET_RESOLVE_FAMILIES];
	net_resolve_ask_close(r);
	net_random(ids, sizeof ids);
	if (ids[NET_RESOLVE_SIX] == ids[NET_RESOLVE_FOUR])
		ids[NET_RESOLVE_SIX]++;
	r->asks[NET_RESOLVE_FOUR] =
		(struct net_resolve_ask){.type = NET_DNS_A, .id = ids[NET_RESOLVE_FOUR]};
	r->asks[NET_RESOLVE_SIX] =
		(struct net_resolve_ask){.type = NET_DNS_AAAA, .id = ids[NET_RESOLVE_SIX]};
	r->tries = 0;
	r->grace = false;
	r->ttl = UINT32_MAX;
	ask_next(r);
}
