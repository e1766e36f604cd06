#include "fuzz/fuzz.h"
#include "resp/resp.h"
#include "resp/resp_uri.h"

/* What [u] stands for, all of it written out. */
static void put_uri(struct out *o, const struct resp_uri *u)
{
	out_str(o, u->port == 0 ? "unix://" : u->tls ? "rediss://" : "redis://");
	put_escaped(o, u->user);
	out_byte(o, ':');
	put_escaped(o, u->password);
	out_byte(o, '@');
	if (u->port == 0) {
		out_byte(o, '/');
		put_escaped(o, span_tail(u->host, 1));
	} else {
		bool v6 = span_find(u->host, ':') < u->host.n;
		out_str(o, v6 ? "[" : "");
		put_escaped(o, u->host);
		out_str(o, v6 ? "]:" : ":");
		out_u64(o, u->port);
	}
	out_str(o, "?db=");
	out_u64(o, u->db);
}

static bool is_text(struct span s)
{
	return s.n == 0 || (span_find(s, 0) == s.n && s.p[s.n] == 0);
}

FUZZ(resp_uri)
{
	static uint8_t room[FUZZ_MAX + 8], again_room[4 * FUZZ_MAX], buf[4 * FUZZ_MAX];
	struct resp_uri u, again;
	struct out o = out_init(buf, sizeof buf);
	if (size > FUZZ_MAX)
		return 0;
	struct span in = guarded(0, span_of(data, size));
	int rc = resp_uri_read(in, room, size + 8, &u);
	must(rc == 1 || rc == RESP_EURI, "a verdict, and never for lack of room: %d", rc);
	if (rc != 1)
		return 0;
	must(u.host.n > 0 && is_text(u.host) && is_text(u.user) && is_text(u.password), "texts");
	must(u.port != 0 || u.host.p[0] == '/', "a path");
	put_uri(&o, &u);
	rc = resp_uri_read(guarded(1, out_span_of(&o)), again_room, sizeof again_room, &again);
	must(rc == 1, "written again: %.*s", (int)o.n, (const char *)o.p);
	must(span_eq(u.user, again.user) && span_eq(u.password, again.password) &&
		     span_eq(u.host, again.host),
	     "the same texts");
	must(u.port == again.port && u.db == again.db && u.tls == again.tls, "the same numbers");
	return 0;
}
