#include "pgwire/pgwire_conninfo.h"

static const struct {
	const char *name, *env;
} options[PGWIRE_OPTIONS] = {
	[PGWIRE_OPT_SERVICE] = {"service", "PGSERVICE"},
	[PGWIRE_OPT_USER] = {"user", "PGUSER"},
	[PGWIRE_OPT_PASSWORD] = {"password", "PGPASSWORD"},
	[PGWIRE_OPT_PASSFILE] = {"passfile", "PGPASSFILE"},
	[PGWIRE_OPT_REQUIRE_AUTH] = {"require_auth", "PGREQUIREAUTH"},
	[PGWIRE_OPT_CHANNEL_BINDING] = {"channel_binding", "PGCHANNELBINDING"},
	[PGWIRE_OPT_CONNECT_TIMEOUT] = {"connect_timeout", "PGCONNECT_TIMEOUT"},
	[PGWIRE_OPT_DBNAME] = {"dbname", "PGDATABASE"},
	[PGWIRE_OPT_HOST] = {"host", "PGHOST"},
	[PGWIRE_OPT_HOSTADDR] = {"hostaddr", "PGHOSTADDR"},
	[PGWIRE_OPT_PORT] = {"port", "PGPORT"},
	[PGWIRE_OPT_CLIENT_ENCODING] = {"client_encoding", "PGCLIENTENCODING"},
	[PGWIRE_OPT_OPTIONS] = {"options", "PGOPTIONS"},
	[PGWIRE_OPT_APPLICATION_NAME] = {"application_name", "PGAPPNAME"},
	[PGWIRE_OPT_FALLBACK_APPLICATION_NAME] = {"fallback_application_name", NULL},
	[PGWIRE_OPT_KEEPALIVES] = {"keepalives", NULL},
	[PGWIRE_OPT_KEEPALIVES_IDLE] = {"keepalives_idle", NULL},
	[PGWIRE_OPT_KEEPALIVES_INTERVAL] = {"keepalives_interval", NULL},
	[PGWIRE_OPT_KEEPALIVES_COUNT] = {"keepalives_count", NULL},
	[PGWIRE_OPT_TCP_USER_TIMEOUT] = {"tcp_user_timeout", NULL},
	[PGWIRE_OPT_SSLMODE] = {"sslmode", "PGSSLMODE"},
	[PGWIRE_OPT_SSLNEGOTIATION] = {"sslnegotiation", "PGSSLNEGOTIATION"},
	[PGWIRE_OPT_SSLCOMPRESSION] = {"sslcompression", "PGSSLCOMPRESSION"},
	[PGWIRE_OPT_SSLCERT] = {"sslcert", "PGSSLCERT"},
	[PGWIRE_OPT_SSLKEY] = {"sslkey", "PGSSLKEY"},
	[PGWIRE_OPT_SSLPASSWORD] = {"sslpassword", NULL},
	[PGWIRE_OPT_SSLCERTMODE] = {"sslcertmode", "PGSSLCERTMODE"},
	[PGWIRE_OPT_SSLROOTCERT] = {"sslrootcert", "PGSSLROOTCERT"},
	[PGWIRE_OPT_SSLCRL] = {"sslcrl", "PGSSLCRL"},
	[PGWIRE_OPT_SSLCRLDIR] = {"sslcrldir", "PGSSLCRLDIR"},
	[PGWIRE_OPT_SSLSNI] = {"sslsni", "PGSSLSNI"},
	[PGWIRE_OPT_REQUIREPEER] = {"requirepeer", "PGREQUIREPEER"},
	[PGWIRE_OPT_SSL_MIN_PROTOCOL_VERSION] = {"ssl_min_protocol_version",
						 "PGSSLMINPROTOCOLVERSION"},
	[PGWIRE_OPT_SSL_MAX_PROTOCOL_VERSION] = {"ssl_max_protocol_version",
						 "PGSSLMAXPROTOCOLVERSION"},
	[PGWIRE_OPT_MIN_PROTOCOL_VERSION] = {"min_protocol_version", "PGMINPROTOCOLVERSION"},
	[PGWIRE_OPT_MAX_PROTOCOL_VERSION] = {"max_protocol_version", "PGMAXPROTOCOLVERSION"},
	[PGWIRE_OPT_GSSENCMODE] = {"gssencmode", "PGGSSENCMODE"},
	[PGWIRE_OPT_GSSDELEGATION] = {"gssdelegation", "PGGSSDELEGATION"},
	[PGWIRE_OPT_KRBSRVNAME] = {"krbsrvname", "PGKRBSRVNAME"},
	[PGWIRE_OPT_GSSLIB] = {"gsslib", "PGGSSLIB"},
	[PGWIRE_OPT_REPLICATION] = {"replication", NULL},
	[PGWIRE_OPT_TARGET_SESSION_ATTRS] = {"target_session_attrs", "PGTARGETSESSIONATTRS"},
	[PGWIRE_OPT_LOAD_BALANCE_HOSTS] = {"load_balance_hosts", "PGLOADBALANCEHOSTS"},
};

const char *pgwire_option_name(enum pgwire_option option)
{
	return options[option].name;
}

void pgwire_conninfo_init(struct pgwire_conninfo *c, void *room, size_t cap)
{
	*c = (struct pgwire_conninfo){.room = out_init(room, cap)};
}

static int fail(struct pgwire_conninfo *c, struct span bad, int rc)
{
	c->bad = bad;
	return rc;
}

/* What was put into the room since [at]. The pointer is never NULL: an empty value is a value. */
static struct span put_since(const struct pgwire_conninfo *c, size_t at)
{
	static const uint8_t nothing[1];
	return c->room.n == at ? span_of(nothing, 0) : span_of(c->room.p + at, c->room.n - at);
}

static int set(struct pgwire_conninfo *c, struct span keyword, struct span value)
{
	if (c->room.over)
		return fail(c, SPAN_NONE, PGWIRE_EROOM);
	/* An old name of sslmode. */
	if (span_eq(keyword, SPAN("requiressl"))) {
		bool require = span_starts(value, SPAN("1"));
		c->value[PGWIRE_OPT_SSLMODE] = require ? SPAN("require") : SPAN("prefer");
		return 1;
	}
	for (size_t i = 0; i < PGWIRE_OPTIONS; i++)
		if (span_eq(keyword, span_str(options[i].name))) {
			c->value[i] = value;
			return 1;
		}
	return fail(c, keyword, PGWIRE_EKEYWORD);
}

int pgwire_conninfo_put_env(struct pgwire_conninfo *c, struct span name, struct span value)
{
	size_t at = c->room.n;
	for (size_t i = 0; i < PGWIRE_OPTIONS; i++) {
		if (options[i].env == NULL || !span_eq(name, span_str(options[i].env)))
			continue;
		if (span_find(value, 0) != value.n)
			return fail(c, name, PGWIRE_ETEXT);
		if (c->value[i].p != NULL)
			return 1;
		out_span(&c->room, value);
		c->value[i] = put_since(c, at);
		return c->room.over ? fail(c, name, PGWIRE_EROOM) : 1;
	}
	return 0;
}

/* keyword=value. The text is walked as libpq's conninfo_parse does. */

static bool is_space(uint8_t b)
{
	return b == ' ' || (b >= '\t' && b <= '\r');
}

static struct span skip_space(struct span s)
{
	while (s.n > 0 && is_space(s.p[0]))
		s = span_tail(s, 1);
	return s;
}

/* A value from the front of *rest: to the next blank, or in quotes; '\' takes the next as it is. */
static int take_value(struct pgwire_conninfo *c, struct span *rest)
{
	struct span all = *rest, s = all;
	bool quoted = s.n > 0 && s.p[0] == '\'';
	if (quoted)
		s = span_tail(s, 1);
	while (s.n > 0 && (quoted ? s.p[0] != '\'' : !is_space(s.p[0]))) {
		if (s.p[0] == '\\')
			s = span_tail(s, 1);
		if (s.n > 0)
			out_byte(&c->room, s.p[0]);
		s = span_tail(s, 1);
	}
	if (quoted && s.n == 0)
		return fail(c, all, PGWIRE_ESYNTAX);
	*rest = span_tail(s, quoted ? 1 : 0);
	return 1;
}

static int put_pairs(struct pgwire_conninfo *c, struct span text)
{
	struct span rest = skip_space(text);
	while (rest.n > 0) {
		size_t n = 0, at = c->room.n;
		while (n < rest.n && rest.p[n] != '=' && !is_space(rest.p[n]))
			n++;
		struct span keyword = span_head(rest, n);
		rest = skip_space(span_tail(rest, n));
		if (rest.n == 0 || rest.p[0] != '=')
			return fail(c, keyword, PGWIRE_ESYNTAX);
		/* Blanks may stand behind '=': "host= port=1" is a host called "port=1". */
		rest = skip_space(span_tail(rest, 1));
		int rc = take_value(c, &rest);
		if (rc > 0)
			rc = set(c, keyword, put_since(c, at));
		if (rc < 0)
			return rc;
		rest = skip_space(rest);
	}
	return 1;
}

/* URI. Each part is put decoded; no part may hold "%00". */

static int put_decoded(struct pgwire_conninfo *c, struct span part)
{
	for (struct span s = part; s.n > 0;) {
		uint64_t byte = s.p[0];
		if (s.p[0] == '%') {
			if (s.n < 3 || !hex_u64((struct span){s.p + 1, 2}, &byte) || byte == 0)
				return fail(c, part, PGWIRE_ESYNTAX);
			s = span_tail(s, 2);
		}
		out_byte(&c->room, (uint8_t)byte);
		s = span_tail(s, 1);
	}
	return 1;
}

/* An empty part says nothing. */
static int set_part(struct pgwire_conninfo *c, enum pgwire_option option, struct span part)
{
	size_t at = c->room.n;
	int rc = put_decoded(c, part);
	if (rc > 0 && part.n > 0)
		c->value[option] = put_since(c, at);
	return rc;
}

/* The length up to the first of [stops]. */
static size_t find_any(struct span s, const char *stops)
{
	size_t n = 0;
	while (n < s.n && span_find(span_str(stops), s.p[n]) == span_str(stops).n)
		n++;
	return n;
}

/* user:password@ */
static int put_user(struct pgwire_conninfo *c, struct span *rest)
{
	size_t end = find_any(*rest, "@/");
	if (end == rest->n || rest->p[end] != '@')
		return 1;
	struct span password = span_head(*rest, end);
	struct span user = span_cut(&password, ':');
	*rest = span_tail(*rest, end + 1);
	int rc = set_part(c, PGWIRE_OPT_USER, user);
	return rc < 0 ? rc : set_part(c, PGWIRE_OPT_PASSWORD, password);
}

/* One name or [address] of the list, and the text behind it. */
static int take_host(struct pgwire_conninfo *c, struct span *rest, struct span *host)
{
	bool bracket = rest->n > 0 && rest->p[0] == '[';
	struct span s = span_tail(*rest, bracket ? 1 : 0);
	size_t n = bracket ? span_find(s, ']') : find_any(s, ":/?,");
	if (bracket && (n == s.n || n == 0))
		return fail(c, *rest, PGWIRE_ESYNTAX);
	*host = span_head(s, n);
	*rest = span_tail(s, n + (bracket ? 1 : 0));
	return find_any(*rest, ":/?,") > 0 ? fail(c, *rest, PGWIRE_ESYNTAX) : 1;
}

/*
 * host:port,host:port as two lists, one after the other, and so in two walks: what is put there
 * must lie together. A %2C in a name separates as a comma does, for libpq decodes before it splits.
 */
static int put_list(struct pgwire_conninfo *c, struct span *rest, bool ports)
{
	size_t at = c->room.n;
	struct span s = *rest, host, port;
	for (;;) {
		int rc = take_host(c, &s, &host);
		if (rc < 0)
			return rc;
		port = SPAN_NONE;
		if (s.n > 0 && s.p[0] == ':') {
			port = span_head(span_tail(s, 1), find_any(span_tail(s, 1), "/?,"));
			s = span_tail(s, 1 + port.n);
		}
		rc = put_decoded(c, ports ? port : host);
		if (rc < 0)
			return rc;
		if (s.n == 0 || s.p[0] != ',')
			break;
		out_byte(&c->room, ',');
		s = span_tail(s, 1);
	}
	if (c->room.n > at)
		c->value[ports ? PGWIRE_OPT_PORT : PGWIRE_OPT_HOST] = put_since(c, at);
	if (ports)
		*rest = s;
	return 1;
}

/* keyword=value behind '?', both decoded. */
static int put_query(struct pgwire_conninfo *c, struct span pair)
{
	struct span value = pair;
	struct span keyword = span_cut(&value, '=');
	size_t at = c->room.n;
	if (value.p == NULL || span_find(value, '=') != value.n)
		return fail(c, pair, PGWIRE_ESYNTAX);
	int rc = put_decoded(c, keyword);
	keyword = put_since(c, at);
	at = c->room.n;
	if (rc > 0)
		rc = put_decoded(c, value);
	if (rc < 0)
		return rc;
	value = put_since(c, at);
	if (span_eq(keyword, SPAN("ssl")) && span_eq(value, SPAN("true")))
		return set(c, SPAN("sslmode"), SPAN("require"));
	return set(c, keyword, value);
}

static int put_uri(struct pgwire_conninfo *c, struct span rest)
{
	int rc = put_user(c, &rest);
	if (rc > 0)
		rc = put_list(c, &rest, false);
	if (rc > 0)
		rc = put_list(c, &rest, true);
	if (rc < 0)
		return rc;
	struct span queries = rest;
	struct span path = span_cut(&queries, '?');
	rc = set_part(c, PGWIRE_OPT_DBNAME, span_tail(path, 1));
	/* A '&' at the very end separates nothing. */
	while (rc > 0 && queries.n > 0)
		rc = put_query(c, span_cut(&queries, '&'));
	return rc;
}

int pgwire_conninfo_put(struct pgwire_conninfo *c, struct span text)
{
	static const char *const schemes[] = {"postgresql://", "postgres://"};
	int rc = 0;
	if (span_find(text, 0) != text.n)
		return fail(c, text, PGWIRE_ETEXT);
	for (size_t i = 0; i < 2 && rc == 0; i++)
		if (span_starts(text, span_str(schemes[i])))
			rc = put_uri(c, span_tail(text, span_str(schemes[i]).n));
	if (rc == 0)
		rc = put_pairs(c, text);
	return rc > 0 && c->room.over ? fail(c, SPAN_NONE, PGWIRE_EROOM) : rc;
}
