#include "net/net_resolve_inner.h"

#include <string.h>
#include <unistd.h>

/* Ending. */

static void stop(struct net_resolve *r)
{
	net_resolve_ask_close(r);
	net_timer_stop(&r->deadline);
	net_timer_stop(&r->step);
	net_task_drop(r->loop, &r->task);
}

/* Whether the kernel would know where to send: connecting a datagram socket sends nothing. */
static bool has_route(const struct net_addr *a)
{
	struct sockaddr_storage sa;
	socklen_t n = net_addr_sockaddr(a, 9, &sa);
	int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	bool routed = connect(fd, (struct sockaddr *)&sa, n) == 0;
	close(fd);
	return routed;
}

static int interleave(const struct net_resolve *r, struct net_addr *to)
{
	const struct net_resolve_ask *four = &r->asks[NET_RESOLVE_FOUR],
				     *six = &r->asks[NET_RESOLVE_SIX];
	bool six_leads = six->found > 0 && (four->found == 0 || has_route(&six->addr[0]));
	const struct net_resolve_ask *first = six_leads ? six : four,
				     *second = six_leads ? four : six;
	int n = 0;
	for (unsigned i = 0; i < NET_ADDRS_MAX / 2; i++) {
		if (i < first->found)
			to[n++] = first->addr[i];
		if (i < second->found)
			to[n++] = second->addr[i];
	}
	return n;
}

static void hand_over(struct net_task *t)
{
	struct net_resolve *r = NET_RESOLVE_OWNER(t, task);
	struct net_addr addrs[NET_ADDRS_MAX];
	int rc = r->rc < 0 ? r->rc : interleave(r, addrs);
	r->busy = false;
	r->done(r, rc, addrs, rc < 0 ? 0 : r->ttl);
}

/* From a task, so that whoever frees or restarts [r] in its callback does not do it below us. */
static void finish(struct net_resolve *r, int rc)
{
	stop(r);
	r->rc = rc;
	net_task_put(r->loop, &r->task, hand_over);
}

/* Candidates: the name by itself, and with each domain of the search list. */

static struct span name_of(const struct net_resolve *r)
{
	return span_of(r->name, r->name_n);
}

static bool compose(struct net_resolve *r, struct span domain)
{
	struct out o = out_init(r->asked, sizeof r->asked);
	struct span name = name_of(r);
	out_span(&o, name.p[name.n - 1] == '.' ? span_head(name, name.n - 1) : name);
	if (domain.n > 0) {
		out_byte(&o, '.');
		out_span(&o, domain);
	}
	r->asked_n = (uint8_t)o.n;
	return !o.over;
}

/* False when there is none left. One that is too long is none. */
static bool next_name(struct net_resolve *r)
{
	struct span name = name_of(r);
	bool absolute = name.p[name.n - 1] == '.';
	unsigned dots = 0;
	for (size_t i = 0; i < name.n; i++)
		dots += name.p[i] == '.';
	unsigned searches = absolute ? 0 : r->conf.searches;
	unsigned by_itself = dots >= r->conf.ndots ? 0 : searches;
	while (r->candidate <= searches) {
		unsigned i = r->candidate++;
		struct span domain = SPAN_NONE;
		if (i != by_itself)
			domain = net_resolve_conf_search(&r->conf, i < by_itself ? i : i - 1);
		if (compose(r, domain))
			return true;
	}
	return false;
}

static void next_candidate(struct net_resolve *r)
{
	if (next_name(r))
		net_resolve_ask_start(r);
	else
		finish(r, NET_ENONAME);
}

void net_resolve_asked(struct net_resolve *r, int rc)
{
	if (rc < 0 || net_resolve_found(r) > 0)
		finish(r, rc);
	else
		next_candidate(r);
}

/* Beginning. */

static bool is_localhost(struct span name)
{
	static const struct span suffix = {(const uint8_t *)".localhost", 10};
	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	return span_eq_nocase(name, span_tail(suffix, 1)) ||
	       (name.n > suffix.n && span_eq_nocase(span_tail(name, name.n - suffix.n), suffix));
}

/* What needs no server: how many addresses, 0 when one must be asked, or NET_ENAME. */
static int answer_here(struct span name, struct net_addr addrs[static NET_ADDRS_MAX])
{
	if (net_addr_parse(name, &addrs[0]))
		return 1;
	if (!net_dns_name_ok(name))
		return NET_ENAME;
	if (!is_localhost(name))
		return (int)net_hosts_read(name, addrs, NET_ADDRS_MAX / 2);
	addrs[0] = (struct net_addr){.family = 4, .ip = {127, 0, 0, 1}};
	addrs[1] = (struct net_addr){.family = 6, .ip = {[15] = 1}};
	return 2;
}

static void begin(struct net_task *t)
{
	struct net_resolve *r = NET_RESOLVE_OWNER(t, task);
	struct net_addr addrs[NET_ADDRS_MAX];
	int n = answer_here(name_of(r), addrs);
	for (int i = 0; i < n; i++)
		net_resolve_keep(r, &addrs[i]);
	if (n != 0) {
		finish(r, n);
		return;
	}
	net_resolve_conf_read(&r->conf);
	next_candidate(r);
}

static void on_deadline(struct net_timer *t)
{
	struct net_resolve *r = NET_RESOLVE_OWNER(t, deadline);
	finish(r, net_resolve_found(r) > 0 ? 0 : NET_EDEADLINE);
}

void net_resolve_start(struct net_loop *loop, struct net_resolve *r, const char *name,
		       uint32_t timeout_ms, net_resolved *done)
{
	size_t n = strnlen(name, sizeof r->name + 1);
	memset(r, 0, sizeof *r);
	r->loop = loop;
	r->done = done;
	r->busy = true;
	r->tcp.src.fd = -1;
	for (unsigned i = 0; i < NET_SERVERS_MAX; i++)
		r->udp[i] = (struct net_resolve_udp){.src.fd = -1, .owner = r};
	/* One that is too long stays empty, which is no name either. */
	if (n <= sizeof r->name) {
		memcpy(r->name, name, n);
		r->name_n = (uint8_t)n;
	}
	r->due = loop->now + timeout_ms;
	net_timer_set(loop, &r->deadline, timeout_ms, on_deadline);
	net_task_put(loop, &r->task, begin);
}

void net_resolve_cancel(struct net_resolve *r)
{
	if (!r->busy)
		return;
	stop(r);
	r->busy = false;
}
