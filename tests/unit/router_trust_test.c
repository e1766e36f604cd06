/* The router's folder makes no archive, because it has a main: this part is taken in whole. */
#include "services/router/trust.c"

#include "harness/tap.h"

static void believing(void)
{
	static const struct {
		const char *list, *peer;
		bool want;
	} rows[] = {
		{"none", "127.0.0.1", false},
		{"all", "8.8.8.8", true},
		{"private", "10.255.0.1", true},
		{"private", "11.0.0.1", false},
		{"private", "172.16.0.1", true},
		{"private", "172.31.255.255", true},
		{"private", "172.32.0.0", false},
		{"private", "172.15.255.255", false},
		{"private", "192.168.1.1", true},
		{"private", "192.169.1.1", false},
		{"private", "127.1.2.3", true},
		{"private", "169.254.9.9", true},
		{"private", "100.64.0.1", true},
		{"private", "100.128.0.1", false},
		{"private", "fd00::1", true},
		{"private", "fe00::1", false},
		{"private", "fe80::1", true},
		{"private", "fec0::1", false},
		{"private", "::1", true},
		{"private", "::2", false},
		{"1.2.3.4", "1.2.3.4", true},
		{"1.2.3.4", "1.2.3.5", false},
		{"1.2.3.4/31", "1.2.3.5", true},
		{"1.2.3.4/31", "1.2.3.6", false},
		{"1.2.3.4/0", "9.9.9.9", true},
		{"1.2.3.4/0", "::1", false},
		{"10.1.2.3/8", "10.9.9.9", true},
		{"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
		{"::/0", "1.2.3.4", false},
		{"2001:db8::1/128", "2001:db8::1", true},
		{"1.2.3.4 , NONE, Private", "10.0.0.1", true},
		{"1.2.3.4,5.6.7.8", "5.6.7.8", true},
		{"1.2.3.4,5.6.7.8", "5.6.7.9", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct trust t;
		struct net_addr peer;
		uint8_t buf[256];
		struct out want = out_init(buf, sizeof buf);
		check(net_addr_parse(span_str(rows[i].peer), &peer), "%s", rows[i].peer);
		check(trust_take(NULL, span_str(rows[i].list), &t, &want), "%s", rows[i].list);
		ok(trust_has(&t, &peer) == rows[i].want, "%s %s %s", rows[i].list,
		   rows[i].want ? "has" : "has not", rows[i].peer);
	}
	struct trust t;
	struct out none = out_init(NULL, 0);
	const struct net_addr unknown = {.family = 0};
	trust_take(NULL, SPAN("private,0.0.0.0/0,::/0"), &t, &none);
	ok(!trust_has(&t, &unknown), "a peer without an address is in no network");
}

static void refusing(void)
{
	static const char *const rows[] = {
		"yes",       "10.0.0.0/33", "::/129", "10.0.0.0/",       "10.0.0.0/x",
		"10.0.0/8",  "private,",    ",",      "1.2.3.4;5.6.7.8", "10.0.0.0/-1",
		"localhost",
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct trust t = {.count = 7};
		uint8_t buf[256];
		struct out want = out_init(buf, sizeof buf);
		ok(!trust_take(NULL, span_str(rows[i]), &t, &want) && t.count == 7 && want.n > 0,
		   "\"%s\" is a mistake", rows[i]);
	}
	char list[TRUST_NETWORKS * 8 + 9] = "1.2.3.4";
	struct trust t;
	uint8_t buf[256];
	struct out want = out_init(buf, sizeof buf);
	for (int i = 1; i < TRUST_NETWORKS; i++)
		memcpy(list + 8 * i - 1, ",1.2.3.4", 9);
	ok(trust_take(NULL, span_str(list), &t, &want) && t.count == TRUST_NETWORKS, "32 networks");
	memcpy(list + (size_t)8 * TRUST_NETWORKS - 1, ",1.2.3.4", 9);
	ok(!trust_take(NULL, span_str(list), &t, &want), "33 are one too many");
}

int main(void)
{
	believing();
	refusing();
	return done();
}
