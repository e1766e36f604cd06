#include "drivers/http_server.h"
#include "fuzz/fuzz.h"
#include "net/net_dns.h"

static void parse(struct span msg, uint16_t type)
{
	struct net_dns_question q = {.name = SPAN("db"), .type = type, .id = 0x1234};
	struct net_dns_answer a, again;
	int rc = net_dns_answer_parse(msg, &q, &a);
	must(rc == (int)msg.n || (rc < 0 && rc >= NET_DNS_ECHAIN), "a verdict: %d", rc);
	if (rc <= 0)
		return;
	must(a.addrs <= NET_DNS_ADDRS && (!a.truncated || a.addrs == 0), "addresses");
	must(a.rcode == NET_DNS_NOERROR || a.addrs == 0, "none beside an error");
	for (unsigned i = 0; i < a.addrs; i++)
		must(a.addr[i].family == (type == NET_DNS_A ? 4 : 6), "of the type asked for");
	q.name = SPAN("DB.");
	must(net_dns_answer_parse(msg, &q, &again) == rc, "a name without case");
	must(a.addrs == again.addrs && a.ttl == again.ttl, "and the same addresses");
	q.id ^= 1;
	must(net_dns_answer_parse(msg, &q, &again) == NET_DNS_EFOREIGN, "another id");
}

/* A query, turned into an answer without records. */
static void ask(struct span name)
{
	uint8_t buf[NET_DNS_QUERY_MAX];
	struct net_dns_question q = {.name = name, .type = NET_DNS_A, .id = 7};
	struct net_dns_answer a;
	struct out o = out_init(buf, sizeof buf);
	bool good = net_dns_name_ok(name);
	int rc = net_dns_query_put(&o, &q);
	must(good == (rc > 0) && (rc > 0 || rc == NET_DNS_ENAME), "a query for a name: %d", rc);
	if (!good)
		return;
	buf[2] = 0x81;
	buf[3] = 0x80;
	rc = net_dns_answer_parse(guarded(1, out_span_of(&o)), &q, &a);
	must(rc == (int)o.n && a.rcode == NET_DNS_NOERROR && a.addrs == 0, "an answer: %d", rc);
}

static void addresses(struct span text)
{
	uint8_t buf[64];
	struct net_addr a, again;
	struct out o = out_init(buf, sizeof buf);
	if (text.n > 64 || !net_addr_parse(text, &a))
		return;
	must(a.family == 4 || a.family == 6, "a family");
	http_put_addr(&o, &a);
	must(!o.over && net_addr_parse(guarded(1, out_span_of(&o)), &again), "as text again");
	again.scope = a.scope; /* is not written */
	must(net_addr_eq(&a, &again), "it is the same");
	struct sockaddr_storage sa;
	must(net_addr_sockaddr(&a, 1, &sa) <= sizeof sa, "for the kernel");
}

FUZZ(dns)
{
	struct span in = guarded(0, span_of(data, size));
	if (size > FUZZ_MAX)
		return 0;
	parse(in, NET_DNS_A);
	parse(in, NET_DNS_AAAA);
	ask(in);
	addresses(in);
	return 0;
}
