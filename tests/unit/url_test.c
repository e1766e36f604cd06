#include "harness/tap.h"
#include "services/common/url.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define A8 "aaaaaaaa"
#define A64 A8 A8 A8 A8 A8 A8 A8 A8
#define A256 A64 A64 A64 A64
#define A255 A64 A64 A64 A8 A8 A8 A8 A8 A8 A8 "aaaaaaa"
#define A1024 A256 A256 A256 A256

static const struct {
	const char *text;
	enum url_scheme scheme;
	bool tls;
	const char *user, *password, *host;
	uint16_t port;
	const char *db;
	uint32_t number;
} good[] = {
	{"redis://h", URL_REDIS, false, "", "", "h", 0, "", 0},
	{"redis://h/", URL_REDIS, false, "", "", "h", 0, "", 0},
	{"redis://h:6379", URL_REDIS, false, "", "", "h", 6379, "", 0},
	{"redis://h:1/15", URL_REDIS, false, "", "", "h", 1, "15", 15},
	{"redis://h:65535/0", URL_REDIS, false, "", "", "h", 65535, "0", 0},
	{"redis://h:", URL_REDIS, false, "", "", "h", 0, "", 0},
	{"redis://u@h", URL_REDIS, false, "u", "", "h", 0, "", 0},
	{"redis://:p@h", URL_REDIS, false, "", "p", "h", 0, "", 0},
	{"redis://u:p@h:6380/2", URL_REDIS, false, "u", "p", "h", 6380, "2", 2},
	{"redis://u:@h", URL_REDIS, false, "u", "", "h", 0, "", 0},
	{"redis://@h", URL_REDIS, false, "", "", "h", 0, "", 0},
	{"redis://u:a:b@h", URL_REDIS, false, "u", "a:b", "h", 0, "", 0},
	{"redis://h?protocol=3", URL_REDIS, false, "", "", "h", 0, "", 0},
	{"redis://h/1?", URL_REDIS, false, "", "", "h", 0, "1", 1},
	{"rediss://h:6380", URL_REDIS, true, "", "", "h", 6380, "", 0},
	{"REDISS://H", URL_REDIS, true, "", "", "H", 0, "", 0},
	{"postgres://h", URL_POSTGRES, false, "", "", "h", 0, "", 0},
	{"postgresql://u:p@h:5432/db", URL_POSTGRES, false, "u", "p", "h", 5432, "db", 0},
	{"PostgreSQL://u:p@h/db", URL_POSTGRES, false, "u", "p", "h", 0, "db", 0},
	{"postgres://h/15", URL_POSTGRES, false, "", "", "h", 0, "15", 0},
	{"postgres://u:p@h/a/b", URL_POSTGRES, false, "u", "p", "h", 0, "a/b", 0},
	{"postgres://h?sslmode=require", URL_POSTGRES, false, "", "", "h", 0, "", 0},
	{"postgres://h/?sslmode=a/b?c@d:e", URL_POSTGRES, false, "", "", "h", 0, "", 0},
	/* percent-decoding */
	{"postgres://a%40b:%3a%2F%25@h/d%20b", URL_POSTGRES, false, "a@b", ":/%", "h", 0, "d b", 0},
	{"postgres://u:a+b@h/a+b", URL_POSTGRES, false, "u", "a+b", "h", 0, "a+b", 0},
	{"postgres://u:%c3%A9@h", URL_POSTGRES, false, "u", "\xc3\xa9", "h", 0, "", 0},
	{"postgres://u:%0a%2523@h", URL_POSTGRES, false, "u", "\n%23", "h", 0, "", 0},
	{"redis://%68.example", URL_REDIS, false, "", "", "h.example", 0, "", 0},
	{"redis://h/%31", URL_REDIS, false, "", "", "h", 0, "1", 1},
	{"redis://u:!$&'()*,;=^`{|}~<>\"\\[]@h", URL_REDIS, false, "u", "!$&'()*,;=^`{|}~<>\"\\[]",
	 "h", 0, "", 0},
	/* addresses */
	{"redis://127.0.0.1:7", URL_REDIS, false, "", "", "127.0.0.1", 7, "", 0},
	{"redis://[::1]", URL_REDIS, false, "", "", "::1", 0, "", 0},
	{"redis://[::1]:6379/3", URL_REDIS, false, "", "", "::1", 6379, "3", 3},
	{"redis://[::1]:", URL_REDIS, false, "", "", "::1", 0, "", 0},
	{"postgres://u:p@[2001:DB8::192.0.2.1]:5/d", URL_POSTGRES, false, "u", "p",
	 "2001:DB8::192.0.2.1", 5, "d", 0},
	{"redis://my-cache.abc123.0001.use1.cache.amazonaws.com", URL_REDIS, false, "", "",
	 "my-cache.abc123.0001.use1.cache.amazonaws.com", 0, "", 0},
	/* the longest parts */
	{"redis://" A255 "@h", URL_REDIS, false, A255, "", "h", 0, "", 0},
	{"redis://:" A1024 "@h", URL_REDIS, false, "", A1024, "h", 0, "", 0},
	{"redis://" A255, URL_REDIS, false, "", "", A255, 0, "", 0},
	{"postgres://h/" A255, URL_POSTGRES, false, "", "", "h", 0, A255, 0},
	{"redis://h/2147483647", URL_REDIS, false, "", "", "h", 0, "2147483647", 2147483647},
};

static const struct {
	const char *text;
	int rc;
} bad[] = {
	{"", URL_ESCHEME},
	{"redis", URL_ESCHEME},
	{"redis:", URL_ESCHEME},
	{"redis:/", URL_ESCHEME},
	{"redis:h", URL_ESCHEME},
	{"redis:/h", URL_ESCHEME},
	{"redi://h", URL_ESCHEME},
	{"redisss://h", URL_ESCHEME},
	{"http://h", URL_ESCHEME},
	{"unix:///tmp/redis.sock", URL_ESCHEME},
	{"tcp://172.17.0.3:6379", URL_ESCHEME},
	{"postgres+ssl://h", URL_ESCHEME},
	{" redis://h", URL_ESCHEME},
	{"//h", URL_ESCHEME},
	{"h:6379", URL_ESCHEME},
	{"redis://h ", URL_ECHAR},
	{"redis://h\n", URL_ECHAR},
	{"redis://u:p w@h", URL_ECHAR},
	{"redis://u:p#w@h", URL_ECHAR},
	{"redis://h#f", URL_ECHAR},
	{"redis://h/0#", URL_ECHAR},
	{"redis://u:\xc3\xa9@h", URL_ECHAR},
	{"redis://h\x7f", URL_ECHAR},
	{"postgres://h/d\tb", URL_ECHAR},
	{"redis://u:%@h", URL_EPERCENT},
	{"redis://u:%4@h", URL_EPERCENT},
	{"redis://u:%g0@h", URL_EPERCENT},
	{"redis://u:%0x@h", URL_EPERCENT},
	{"redis://u:100%@h", URL_EPERCENT},
	{"redis://%zz:p@h", URL_EPERCENT},
	{"redis://h%", URL_EPERCENT},
	{"redis://h%2", URL_EPERCENT},
	{"postgres://h/d%2", URL_EPERCENT},
	{"postgres://h/d?a=%", URL_EPERCENT},
	{"postgres://h/d?%=a", URL_EPERCENT},
	{"redis://u:%00@h", URL_ENUL},
	{"redis://%00@h", URL_ENUL},
	{"redis://a%00b", URL_ENUL},
	{"postgres://h/%00", URL_ENUL},
	{"postgres://h?a=%00", URL_ENUL},
	{"redis://u:p@w@h", URL_EUSER},
	{"redis://u@v@h", URL_EUSER},
	{"redis://@@h", URL_EUSER},
	{"redis://", URL_EHOST},
	{"redis:///0", URL_EHOST},
	{"redis://:6379", URL_EHOST},
	{"redis://u:p@", URL_EHOST},
	{"redis://u:p@:6379", URL_EHOST},
	{"postgres:///db", URL_EHOST},
	{"postgres://%2Fvar%2Frun/db", URL_EHOST},
	{"postgres://a,b/db", URL_EHOST},
	{"postgres://a:1,b:2/db", URL_EHOST},
	{"postgres://a%2cb/db", URL_EHOST},
	{"redis://a%20b", URL_EHOST},
	{"redis://a%0ab", URL_EHOST},
	{"redis://a%3a1", URL_EHOST},
	{"redis://a%40b", URL_EHOST},
	{"redis://a\\b", URL_EHOST},
	{"redis://a]", URL_EHOST},
	{"redis://[", URL_EHOST},
	{"redis://[]", URL_EHOST},
	{"redis://[::1", URL_EHOST},
	{"redis://[::1]x", URL_EHOST},
	{"redis://[::1]6379", URL_EHOST},
	{"redis://[host]", URL_EHOST},
	{"redis://[1.2.3.4]", URL_EHOST},
	{"redis://[fe80::1%25eth0]", URL_EHOST},
	{"redis://[::g]", URL_EHOST},
	{"redis://h:0", URL_EPORT},
	{"redis://h:65536", URL_EPORT},
	{"redis://h:99999999999999999999", URL_EPORT},
	{"redis://h:x", URL_EPORT},
	{"redis://h:-1", URL_EPORT},
	{"redis://h:+1", URL_EPORT},
	{"redis://h:1:2", URL_EPORT},
	{"redis://::1", URL_EHOST},
	{"redis://h:%31", URL_EPORT},
	{"redis://[::1]:0", URL_EPORT},
	{"postgres://u:p/w@h/db", URL_EPORT}, /* the '/' of the password ends the authority */
	{"redis://h/x", URL_EDB},
	{"redis://h/1x", URL_EDB},
	{"redis://h/-1", URL_EDB},
	{"redis://h/0/1", URL_EDB},
	{"redis://h/2147483648", URL_EDB},
	{"redis://h//", URL_EDB},
	{"postgres://h?sslmode", URL_EQUERY},
	{"postgres://h?=x", URL_EQUERY},
	{"postgres://h?a=1&&b=2", URL_EQUERY},
	{"postgres://h?&a=1", URL_EQUERY},
	{"postgres://h?a=1&b", URL_EQUERY},
	{"redis://" A255 "a@h", URL_ETOOLONG},
	{"redis://:" A1024 "a@h", URL_ETOOLONG},
	{"redis://" A255 "a", URL_ETOOLONG},
	{"postgres://h/" A255 "a", URL_ETOOLONG},
	{"postgres://h?a=" A255 "a", URL_ETOOLONG},
	{"postgres://h?" A255 "a=a", URL_ETOOLONG},
	{"postgres://h?a=" A255 "&b=" A255, URL_ETOOLONG},
};

static bool all_zero(const struct url *u)
{
	static const struct url zero;
	return memcmp(u, &zero, sizeof zero) == 0;
}

static bool same(const struct url *u, size_t i)
{
	return u->scheme == good[i].scheme && u->tls == good[i].tls &&
	       strcmp(u->user.s, good[i].user) == 0 &&
	       strcmp(u->password.s, good[i].password) == 0 &&
	       strcmp(u->host.s, good[i].host) == 0 && u->port == good[i].port &&
	       strcmp(u->db.s, good[i].db) == 0 && u->db_number == good[i].number;
}

static void rows(void)
{
	struct url u;
	for (size_t i = 0; i < COUNT(good); i++) {
		memset(&u, 0xa5, sizeof u);
		int rc = url_parse(guarded(0, span_str(good[i].text)), &u);
		ok(rc == URL_OK && same(&u, i), "%.60s", good[i].text);
		if (rc != URL_OK)
			diag("%s", url_strerror(rc));
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		memset(&u, 0xa5, sizeof u);
		int rc = url_parse(guarded(0, span_str(bad[i].text)), &u);
		is_int(rc, bad[i].rc, "refused: %.60s", bad[i].text);
		check(all_zero(&u), "and zeroed: %.60s", bad[i].text);
	}
	struct span nul = SPAN("redis://h\0x");
	is_int(url_parse(guarded(0, nul), &u), URL_ECHAR, "refused: a NUL byte");
}

/* Cut anywhere, it is read within its bounds and never half-filled. */
static void cuts(void)
{
	struct span text = SPAN("postgresql://us%65r:p%40w@[::1]:5432/d%62?sslmode=require&a=%31");
	struct url u;
	for (size_t cut = 0; cut < text.n; cut++) {
		int rc = url_parse(guarded(0, span_head(text, cut)), &u);
		check(rc == URL_OK || (rc < 0 && all_zero(&u)), "cut at %zu", cut);
	}
	ok(failures() == 0, "every cut of a URL");
}

static const struct {
	const char *query, *name, *value; /* NULL: none */
} params[] = {
	{"sslmode=require", "sslmode", "require"},
	{"a=1&sslmode=verify-full&b=2", "sslmode", "verify-full"},
	{"sslmode=disable&sslmode=require", "sslmode", "require"},
	{"sslmode=require&%73slmode=disable", "sslmode", "disable"},
	{"sslmode=", "sslmode", ""},
	{"sslmode=a=b", "sslmode", "a=b"},
	{"a=1&", "a", "1"},
	{"a=x+y", "a", "x+y"},
	{"sslrootcert=%2Fetc%2Fca.pem", "sslrootcert", "/etc/ca.pem"},
	{"sslrootcert=/etc/ca.pem", "sslrootcert", "/etc/ca.pem"},
	{"SSLMODE=require", "sslmode", NULL},
	{"sslmodes=require", "sslmode", NULL},
	{"sslmod=require", "sslmode", NULL},
	{"", "sslmode", NULL},
	{"a=sslmode", "sslmode", NULL},
};

static void param_rows(void)
{
	for (size_t i = 0; i < COUNT(params); i++) {
		char text[256];
		struct out o = out_init(text, sizeof text);
		struct url u;
		struct config_text value = {"untouched"};
		out_str(&o, "postgres://h/d?");
		out_str(&o, params[i].query);
		check(url_parse(out_span_of(&o), &u) == URL_OK, "%s", params[i].query);
		bool hit = url_param(&u, params[i].name, &value);
		check(hit == (params[i].value != NULL), "%s of %s", params[i].name,
		      params[i].query);
		is_str(value.s, params[i].value != NULL ? params[i].value : "untouched", "%s of %s",
		       params[i].name, params[i].query);
	}
}

int main(void)
{
	rows();
	cuts();
	param_rows();
	for (int rc = URL_ETOOLONG; rc <= URL_OK; rc++)
		ok(rc == 0 || strcmp(url_strerror(rc), url_strerror(-99)) != 0, "text for %d", rc);
	return done();
}
