/* The api's folder makes no archive, because it has a main: this part is taken in whole. */
#include "services/api/limit.c"

#include "harness/tap.h"

#include <stdio.h>

static uint64_t client_of(const char *peer, const char *fields)
{
	char text[1024];
	struct http_head h;
	struct net_addr a = {.family = 0};
	int n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: t\r\n%s\r\n", fields);
	check(*peer == '\0' || net_addr_parse(span_str(peer), &a), "%s", peer);
	check(http_read_request(span_of(text, (size_t)n), &http_default_limits, &h) == n, "%s",
	      fields);
	return limit_client(&h, &a);
}

#define FOR "X-Forwarded-For: "

static const struct {
	const char *peer, *fields, *client, *name;
} clients[] = {
	{"8.8.8.8", "", "8.8.8.8", "the peer"},
	{"8.8.8.8", FOR "1.2.3.4\r\n", "8.8.8.8", "the peer, whatever it says"},
	{"10.0.0.1", "", "10.0.0.1", "a private peer that says nothing"},
	{"10.0.0.1", FOR "1.2.3.4\r\n", "1.2.3.4", "who a private peer names"},
	{"::1", FOR "1.2.3.4\r\n", "1.2.3.4", "or the loopback address"},
	{"10.0.0.1", FOR "9.9.9.9, 1.2.3.4\r\n", "1.2.3.4", "the last it names"},
	{"10.0.0.1", FOR "9.9.9.9,1.2.3.4\t,10.0.0.2\r\n", "1.2.3.4", "but proxies of ours"},
	{"10.0.0.1", FOR "10.0.0.3, 10.0.0.2\r\n", "10.0.0.3", "of private ones the first"},
	{"10.0.0.1", FOR "9.9.9.9\r\nX-A: b\r\n" FOR "1.2.3.4\r\n", "1.2.3.4", "of two lines"},
	{"10.0.0.1", "X-Forwarded: 1.2.3.4\r\n", "10.0.0.1", "of another field nothing"},
	{"10.0.0.1", FOR "1.2.3.4, unknown\r\n", "1.2.3.4", "no word"},
	{"10.0.0.1", FOR "unknown\r\n", "10.0.0.1", "no word alone"},
	{"10.0.0.1", FOR "\r\n", "10.0.0.1", "nothing"},
	{"10.0.0.1", FOR ",\r\n", "10.0.0.1", "nothing twice"},
	{"10.0.0.1", FOR "1.2.3.4:80\r\n", "10.0.0.1", "nothing with a port"},
	{"10.0.0.1", FOR "fe80::1%lo\r\n", "10.0.0.1", "nothing with a scope"},
	{"2001:db8:1:2::3", "", "2001:db8:1:2:ffff::", "IPv6 by 64 bits"},
	{"fd00::1", FOR "2001:db8:1:2::3\r\n", "2001:db8:1:2:4::", "also behind a proxy"},
	{"", FOR "1.2.3.4\r\n", "", "a peer that is gone"},
};

static const struct {
	const char *a, *b;
} others[] = {
	{"1.2.3.4", "1.2.3.5"},
	{"1.2.3.4", "102:304::"},
	{"2001:db8:1:2::", "2001:db8:1:3::"},
	{"::ffff:1.2.3.4", "::ffff:1.2.3.5"},
	{"::1", "::2"},
};

static void test_clients(void)
{
	for (size_t i = 0; i < sizeof clients / sizeof *clients; i++)
		ok(client_of(clients[i].peer, clients[i].fields) ==
			   client_of(clients[i].client, ""),
		   "%s", clients[i].name);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		ok(client_of(others[i].a, "") != client_of(others[i].b, ""), "%s is not %s",
		   others[i].a, others[i].b);
}

/* How many of [n] requests at once pass. */
static unsigned passed(uint64_t client, uint32_t rate, uint64_t now, unsigned n)
{
	unsigned count = 0;
	for (unsigned i = 0; i < n; i++)
		count += limit_take(client, rate, now);
	return count;
}

static const struct {
	uint32_t rate;
	uint64_t pause;
	unsigned pass;
} refills[] = {
	{1, 999, 0},  {1, 1000, 1},           {1, 1999, 1},
	{1, 2000, 2}, {1, 1u << 31, 2},       {5, 199, 0},
	{5, 200, 1},  {5, 2000, 10},          {7, 142, 0},
	{7, 143, 1},  {7, 1000, 7},           {1000, 1, 1},
	{1000, 3, 3}, {LIMIT_RATE_MAX, 0, 0}, {LIMIT_RATE_MAX, 1, 1000},
};

static void test_buckets(void)
{
	uint64_t now = 5, client = 1;
	for (size_t i = 0; i < sizeof refills / sizeof *refills; i++, client++) {
		uint32_t rate = refills[i].rate;
		is_int(passed(client, rate, now, 2 * rate + 1), 2 * rate, "%u/s: twice at once",
		       rate);
		is_int(passed(client, rate, now + refills[i].pause, 2 * rate), refills[i].pass,
		       "%llu ms later %u", (unsigned long long)refills[i].pause, refills[i].pass);
	}
	now = (uint64_t)1 << 33;
	is_int(passed(100, 3, now, 10), 6, "one client");
	is_int(passed(101, 3, now, 10), 6, "does not take from another");
	unsigned sum = 0;
	for (uint64_t end = now + 10000; now <= end; now += 10)
		sum += limit_take(100, 3, now);
	is_int(sum, 30, "in 10 s of asking without an end, 3/s pass");
}

static void test_table(void)
{
	const uint64_t now = (uint64_t)1 << 34;
	unsigned known = 0, fresh = 0;
	for (uint64_t c = 1; c <= 100000; c++)
		fresh += passed(c << 16, 1, now, 3) == 2;
	is_int(fresh, 100000, "of 100,000 clients each gets its two");
	for (uint64_t c = 1; c <= 100000; c++)
		known += !limit_take(c << 16, 1, now);
	ok(known > 0 && known <= LIMIT_CLIENTS, "at most 1,024 of them are remembered: %u", known);
	is_int(passed(7, 10, now + 100000, 20), 20, "one that stays");
	for (uint64_t c = 1; c <= 100000; c++)
		limit_take(c << 16, 10, now + 100000);
	ok(!limit_take(7, 10, now + 100000), "is not forgotten for others that asked less");
}

int main(void)
{
	test_clients();
	test_buckets();
	test_table();
	return done();
}
