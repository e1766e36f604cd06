/* The router's folder makes no archive, because it has a main: the table is taken in whole. */
#include "services/router/routes.c"

#include "harness/tap.h"

static struct routes table;
static const struct upstream_limits lim = {
	.connections = 4096,
	.connect_ms = 5000,
	.answer_ms = 60000,
	.between_ms = 60000,
	.tunnel_ms = 3600000,
	.retries = 1,
};

static int parse(const char *text, struct out *errors)
{
	return routes_parse(&table, span_str(text), &lim, errors);
}

#define DEFAULTS                                                                  \
	"connect=5000ms timeout=60000ms idle=60000ms tunnel=3600000ms retries=1 " \
	"connections=4096\n"

static void tables(void)
{
	static const struct {
		const char *name, *text, *want;
	} rows[] = {
		{"the application's own", "/api=http://api:5000 strip; /=http://web:3000",
		 "/api  http://api:5000  strip body=10485760 " DEFAULTS
		 "/     http://web:3000  body=10485760 " DEFAULTS},
		{"as they were written", "/=http://a;/x/y=http://b;/x=http://c;/zz=http://d",
		 "/     http://a:80  body=10485760 " DEFAULTS
		 "/x/y  http://b:80  body=10485760 " DEFAULTS
		 "/x    http://c:80  body=10485760 " DEFAULTS
		 "/zz   http://d:80  body=10485760 " DEFAULTS},
		{"several upstreams, addresses",
		 "/=http://10.0.0.1,http://[::1]:81,HTTP://[fe80::2]",
		 "/  http://10.0.0.1:80,http://[::1]:81,http://[fe80::2]:80  "
		 "body=10485760 " DEFAULTS},
		{"every option",
		 "/a=http://b body=5 connect=1s timeout=2m idle=300ms tunnel=4 retries=0 "
		 "connections=9 strip",
		 "/a  http://b:80  strip body=5 connect=1000ms timeout=120000ms idle=300ms "
		 "tunnel=4000ms retries=0 connections=9\n"},
		{"sizes",
		 "/=http://a body=0;/k=http://a body=2k;/mm=http://a body=3M;"
		 "/ggg=http://a body=1g",
		 "/     http://a:80  body=0 " DEFAULTS "/k    http://a:80  body=2048 " DEFAULTS
		 "/mm   http://a:80  body=3145728 " DEFAULTS
		 "/ggg  http://a:80  body=1073741824 " DEFAULTS},
		{"blanks and newlines where one likes",
		 "\n  /a =\thttp://b , http://c:1\n\t strip\n;\n; /v1.2/x_~- = http://d;\n",
		 "/a          http://b:80,http://c:1  strip body=10485760 " DEFAULTS
		 "/v1.2/x_~-  http://d:80             body=10485760 " DEFAULTS},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t buf[4096], wrong[512];
		struct out o = out_init(buf, sizeof buf), errors = out_init(wrong, sizeof wrong);
		is_int(parse(rows[i].text, &errors), 0, "%s", rows[i].name);
		is_span(out_span_of(&errors), SPAN(""), "without a complaint");
		routes_print(&table, &o);
		is_span(out_span_of(&o), span_str(rows[i].want), "as it is printed");
	}
}

#define PREFIX "expected a path such as /api, of letters, digits and -._~, no slash at its end\n"
#define URL                                                                                        \
	"expected http://HOST[:PORT], without user, path or query (there is no TLS to upstreams: " \
	"no https://)\n"
#define TIME_WANT "expected a duration such as 500ms, 10s or 2m, from 10 to 86400000 ms\n"

static void mistakes(void)
{
	static const struct {
		const char *text, *want;
		int count;
	} rows[] = {
		{"", "ROUTES: expected a route\n", 1},
		{" ; ;", "ROUTES: expected a route\n", 1},
		{"api=http://a", "ROUTES route \"api\": \"api\": " PREFIX, 1},
		{"/a/=http://a", "ROUTES route \"/a/\": \"/a/\": " PREFIX, 1},
		{"//=http://a", "ROUTES route \"//\": \"//\": " PREFIX, 1},
		{"/a/../b=http://a", "ROUTES route \"/a/../b\": \"/a/../b\": " PREFIX, 1},
		{"/.=http://a", "ROUTES route \"/.\": \"/.\": " PREFIX, 1},
		{"/a?b=http://a", "ROUTES route \"/a?b\": \"/a?b\": " PREFIX, 1},
		{"/%41=http://a", "ROUTES route \"/%41\": \"/%41\": " PREFIX, 1},
		{"=http://a",
		 "ROUTES: expected a path such as /api, of letters, digits and -._~, no "
		 "slash at its end\n",
		 1},
		{"/a=http://a;/a=http://b", "ROUTES route \"/a\": expected each prefix once\n", 1},
		{"/a", "ROUTES route \"/a\": expected PREFIX=http://HOST[:PORT]\n", 1},
		{"/a=", "ROUTES route \"/a\": " URL, 1},
		{"/=https://a", "ROUTES route \"/\": \"https://a\": " URL, 1},
		{"/=a:80", "ROUTES route \"/\": \"a:80\": " URL, 1},
		{"/=http://a/", "ROUTES route \"/\": \"http://a/\": " URL, 1},
		{"/=http://u@a", "ROUTES route \"/\": \"http://u@a\": " URL, 1},
		{"/=http://a?b", "ROUTES route \"/\": \"http://a?b\": " URL, 1},
		{"/=http://", "ROUTES route \"/\": \"http://\": " URL, 1},
		{"/=http://a:0", "ROUTES route \"/\": \"http://a:0\": " URL, 1},
		{"/=http://a:65536", "ROUTES route \"/\": \"http://a:65536\": " URL, 1},
		{"/=http://a:", "ROUTES route \"/\": \"http://a:\": " URL, 1},
		{"/=http://[::1", "ROUTES route \"/\": \"http://[::1\": " URL, 1},
		{"/=http://[::1]x", "ROUTES route \"/\": \"http://[::1]x\": " URL, 1},
		{"/=http://[::1]:", "ROUTES route \"/\": \"http://[::1]:\": " URL, 1},
		{"/=http://[10.0.0.1]", "ROUTES route \"/\": \"http://[10.0.0.1]\": " URL, 1},
		{"/=http://1.2.3.999", "ROUTES route \"/\": \"http://1.2.3.999\": " URL, 1},
		{"/=http://a,", "ROUTES route \"/\": " URL, 1},
		{"/=http://a strip=1", "ROUTES route \"/\": \"strip=1\": expected no value\n", 1},
		{"/=http://a body",
		 "ROUTES route \"/\": \"body\": expected a size such as 500k, 10m "
		 "or 2g, or 0 for no limit\n",
		 1},
		{"/=http://a body=1t",
		 "ROUTES route \"/\": \"body=1t\": expected a size such as "
		 "500k, 10m or 2g, or 0 for no limit\n",
		 1},
		{"/=http://a body=99999999999g",
		 "ROUTES route \"/\": \"body=99999999999g\": expected a size such as 500k, 10m or "
		 "2g, "
		 "or 0 for no limit\n",
		 1},
		{"/=http://a timeout=", "ROUTES route \"/\": \"timeout=\": " TIME_WANT, 1},
		{"/=http://a idle=9ms", "ROUTES route \"/\": \"idle=9ms\": " TIME_WANT, 1},
		{"/=http://a retries=2",
		 "ROUTES route \"/\": \"retries=2\": expected a number from 0 to 1\n", 1},
		{"/=http://a fast",
		 "ROUTES route \"/\": \"fast\": expected one of strip, body, connect, timeout, "
		 "idle, "
		 "tunnel, retries, connections\n",
		 1},
		{"/a=ftp://x idle=x;/b=http://y:z later;c=http://d",
		 "ROUTES route \"/a\": \"ftp://x\": " URL
		 "ROUTES route \"/a\": \"idle=x\": " TIME_WANT
		 "ROUTES route \"/b\": \"http://y:z\": " URL
		 "ROUTES route \"/b\": \"later\": expected one of strip, body, connect, timeout, "
		 "idle, "
		 "tunnel, retries, connections\nROUTES route \"c\": \"c\": " PREFIX,
		 5},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint8_t wrong[2048];
		struct out errors = out_init(wrong, sizeof wrong);
		is_int(parse(rows[i].text, &errors), rows[i].count, "mistakes in \"%s\"",
		       rows[i].text);
		is_span(out_span_of(&errors), span_str(rows[i].want), "are told");
	}
}

/* [n] routes of [m] upstreams, and how many mistakes there are in it. */
static int many(unsigned n, unsigned m)
{
	static char text[16384];
	uint8_t wrong[8192];
	struct out errors = out_init(wrong, sizeof wrong), o = out_init(text, sizeof text);
	for (unsigned i = 0; i < n; i++) {
		out_str(&o, ";/");
		out_u64(&o, i);
		for (unsigned k = 0; k < m; k++)
			out_str(&o, k > 0 ? ",http://a" : "=http://a");
	}
	return routes_parse(&table, out_span_of(&o), &lim, &errors);
}

static void limits(void)
{
	is_int(many(ROUTES_MAX, 1), 0, "32 routes");
	is_int(many(ROUTES_MAX + 1, 1), 1, "33 are one too many");
	is_int(many(1, UPSTREAM_MEMBERS), 0, "8 upstreams");
	is_int(many(1, UPSTREAM_MEMBERS + 1), 1, "9 are one too many");
	is_int(many(ROUTES_UPSTREAMS / UPSTREAM_MEMBERS, UPSTREAM_MEMBERS), 0, "64 in all");
	is_int(many(ROUTES_UPSTREAMS / UPSTREAM_MEMBERS + 1, UPSTREAM_MEMBERS), 1, "not 72");
	for (size_t n = ROUTES_PREFIX - 1; n <= ROUTES_PREFIX; n++) {
		char text[ROUTES_PREFIX + 32] = "/";
		uint8_t wrong[512];
		struct out errors = out_init(wrong, sizeof wrong);
		memset(text + 1, 'a', n);
		memcpy(text + 1 + n, "=http://b", 10);
		is_int(parse(text, &errors), n == ROUTES_PREFIX, "a prefix of %zu bytes", n + 1);
	}
	static uint8_t big[ROUTES_TEXT];
	static struct routes_text kept;
	uint8_t buf[64];
	struct out want = out_init(buf, sizeof buf);
	ok(routes_take_text(NULL, span_of(big, ROUTES_TEXT - 1), &kept, &want), "4095 bytes");
	ok(!routes_take_text(NULL, span_of(big, ROUTES_TEXT), &kept, &want), "not 4096");
	is_span(out_span_of(&want), SPAN("at most 4095 bytes"), "as is said");
}

static void finding(void)
{
	static const struct {
		const char *path, *want;
	} rows[] = {
		{"/a", "/a"},      {"/a/", "/a"},   {"/a/x", "/a"}, {"/a/b", "/a/b"},
		{"/a/b/", "/a/b"}, {"/a/bc", "/a"}, {"/ab", ""},    {"/", ""},
		{"/A", ""},        {"*", ""},       {"/a%2Fb", ""}, {"//a", ""},
	};
	uint8_t wrong[64];
	struct out errors = out_init(wrong, sizeof wrong);
	parse("/a=http://x;/a/b=http://y;/c=http://z", &errors);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct route *r = routes_find(&table, span_str(rows[i].path));
		is_span(r == NULL ? SPAN("") : routes_name(r), span_str(rows[i].want),
			"%s is for \"%s\"", rows[i].path, rows[i].want);
	}
	parse("/=http://x", &errors);
	is_span(routes_name(routes_find(&table, SPAN("*"))), SPAN("/"), "/ takes what is left");
}

int main(void)
{
	tables();
	mistakes();
	limits();
	finding();
	return done();
}
