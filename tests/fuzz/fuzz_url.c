#include "fuzz/fuzz.h"
#include "services/common/url.h"

static void put_host(struct out *o, const char *host)
{
	if (strchr(host, ':') == NULL) {
		put_escaped(o, span_str(host));
		return;
	}
	out_byte(o, '[');
	out_str(o, host);
	out_byte(o, ']');
}

/* The address that [u] stands for, in its longest form. */
static void put_url(struct out *o, const struct url *u)
{
	out_str(o, u->scheme == URL_REDIS ? (u->tls ? "rediss://" : "redis://") : "postgres://");
	put_escaped(o, span_str(u->user.s));
	out_byte(o, ':');
	put_escaped(o, span_str(u->password.s));
	out_byte(o, '@');
	put_host(o, u->host.s);
	if (u->port != 0) {
		out_byte(o, ':');
		out_u64(o, u->port);
	}
	out_byte(o, '/');
	put_escaped(o, span_str(u->db.s));
	out_byte(o, '?');
	out_str(o, u->query);
}

static void same(const struct url *a, const struct url *b)
{
	must(a->scheme == b->scheme && a->tls == b->tls && a->port == b->port, "scheme, port");
	must(strcmp(a->user.s, b->user.s) == 0, "user");
	must(strcmp(a->password.s, b->password.s) == 0, "password");
	must(strcmp(a->host.s, b->host.s) == 0, "host");
	must(strcmp(a->db.s, b->db.s) == 0 && a->db_number == b->db_number, "db");
	must(strcmp(a->query, b->query) == 0, "query");
}

FUZZ(url)
{
	static struct url u, again, zero;
	static uint8_t buf[8192];
	struct config_text value;
	struct span in = guarded(0, span_of(data, size));
	struct out o = out_init(buf, sizeof buf);
	if (size > FUZZ_MAX)
		return 0;
	memset(&u, 0xa5, sizeof u);
	int rc = url_parse(in, &u);
	must(rc == URL_OK || (rc < 0 && rc >= URL_ETOOLONG), "a verdict: %d", rc);
	if (rc != URL_OK) {
		must(memcmp(&u, &zero, sizeof u) == 0, "an error leaves nothing");
		return 0;
	}
	must(u.host.s[0] != '\0', "a host");
	put_url(&o, &u);
	rc = url_parse(guarded(1, out_span_of(&o)), &again);
	must(rc == URL_OK, "written again: %s", url_strerror(rc));
	same(&u, &again);
	url_param(&u, "sslmode", &value);
	if (url_param(&u, "a", &value))
		must(strlen(value.s) <= strlen(u.query), "a parameter of the query");
	return 0;
}
