/* URIs of Redis servers: what they say, and what is none. */
#include "resp/resp_uri.h"

#include "base/out.h"
#include "harness/tap.h"
#include "resp/resp.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *uri, *want; /* "user|password|host|port|db", "tls" in front; NULL: refused */
} rows[] = {
	{"redis://h", "||h|6379|0"},
	{"redis://h/", "||h|6379|0"},
	{"redis://h:7000", "||h|7000|0"},
	{"redis://h:", "||h|6379|0"},
	{"redis://h:65535/15", "||h|65535|15"},
	{"redis://", "||localhost|6379|0"},
	{"redis:///2", "||localhost|6379|2"},
	{"redis://:7000", "||localhost|7000|0"},
	{"redis://:s3cret@h", "|s3cret|h|6379|0"},
	{"redis://me:s3cret@h:1/4294967295", "me|s3cret|h|1|4294967295"},
	{"redis://me@h", "me||h|6379|0"},
	{"redis://me:@h", "me||h|6379|0"},
	{"redis://:a:b@h", "|a:b|h|6379|0"},
	{"redis://m%65:%40%2f%3A%25%23@h", "me|@/:%#|h|6379|0"},
	{"redis://%C3%BC@h", "\xC3\xBC||h|6379|0"},
	{"REDIS://H", "||H|6379|0"},
	{"redis://[::1]", "||::1|6379|0"},
	{"redis://[::1]:7000/1", "||::1|7000|1"},
	{"redis://a:b@[fe80::1%25eth0]:7000", "a|b|fe80::1%eth0|7000|0"},
	{"redis://10.0.0.1:6380", "||10.0.0.1|6380|0"},
	{"redis://h?db=3", "||h|6379|3"},
	{"redis://h/1?db=3", "||h|6379|3"},
	{"redis://h/1?ssl_cert_reqs=none&x&db=4&=5", "||h|6379|4"},
	{"redis://me@h?password=a%26b", "me|a&b|h|6379|0"},
	{"redis://h?", "||h|6379|0"},
	{"rediss://:x@h:6380/0", "tls|x|h|6380|0"},
	{"unix:///run/redis.sock", "||/run/redis.sock|0|0"},
	{"unix:///run/a@b%20c.sock?db=5", "||/run/a@b c.sock|0|5"},
	{"unix://me:pw@/s?db=5", "me|pw|/s|0|5"},
	{"unix:///s?password=pw", "|pw|/s|0|0"},

	{"", NULL},
	{"redis", NULL},
	{"redis:", NULL},
	{"redis:/h", NULL},
	{"redis:h", NULL},
	{"http://h", NULL},
	{"rediss:", NULL},
	{"redisss://h", NULL},
	{" redis://h", NULL},
	{"redis://h ", NULL},
	{"redis://h\n", NULL},
	{"redis://\xC3\xBC", NULL},
	{"redis://h#1", NULL},
	{"redis://h:0", NULL},
	{"redis://:a@b@h", NULL},
	{"redis://h:65536", NULL},
	{"redis://h:x", NULL},
	{"redis://h:-1", NULL},
	{"redis://h:1:2", NULL},
	{"redis://::1", NULL},
	{"redis://[::1", NULL},
	{"redis://[]", NULL},
	{"redis://[::1]7000", NULL},
	{"redis://h/x", NULL},
	{"redis://h/1/2", NULL},
	{"redis://h/-1", NULL},
	{"redis://h/4294967296", NULL},
	{"redis://h?db=", NULL},
	{"redis://h?db=x", NULL},
	{"redis://a%@h", NULL},
	{"redis://a%4@h", NULL},
	{"redis://a%zz@h", NULL},
	{"redis://a%00@h", NULL},
	{"redis://h%0", NULL},
	{"unix://s", NULL},
	{"unix://", NULL},
	{"unix://h/s", NULL},
};

static const char *text_of(const struct resp_uri *u)
{
	static char text[256];
	snprintf(text, sizeof text, "%s%.*s|%.*s|%.*s|%u|%lu", u->tls ? "tls" : "", (int)u->user.n,
		 (const char *)u->user.p, (int)u->password.n, (const char *)u->password.p,
		 (int)u->host.n, (const char *)u->host.p, u->port, (unsigned long)u->db);
	return text;
}

/* The room that is enough for any is enough; with less it says so, and writes no byte too many. */
static void with_less_room(struct span uri, const char *name)
{
	struct resp_uri u;
	uint8_t room[256];
	bool fits = false;
	for (size_t n = 0; n <= uri.n + 8; n++) {
		memset(room, 'x', sizeof room);
		int rc = resp_uri_read(uri, room, n, &u);
		check(room[n] == 'x', "%s: %zu bytes and not one more", name, n);
		check(rc == 1 || (rc == RESP_EROOM && !fits), "%s in %zu: %d", name, n, rc);
		fits = rc == 1;
		check(!fits || u.host.p[u.host.n] == '\0', "%s: a NUL behind the host", name);
	}
	check(fits, "%s: enough for any", name);
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct resp_uri u;
		uint8_t room[256];
		struct span uri = guarded(0, span_str(rows[i].uri));
		int rc = resp_uri_read(uri, room, sizeof room, &u);
		if (rows[i].want == NULL) {
			is_int(rc, RESP_EURI, "refused: row %zu", i);
			continue;
		}
		is_str(rc == 1 ? text_of(&u) : resp_strerror(rc), rows[i].want, "%s", rows[i].uri);
		with_less_room(uri, rows[i].uri);
	}
	return done();
}
