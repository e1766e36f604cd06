/*
 * Beside resp_uri.h and pgwire_conninfo.h, because an operator is told which part is wrong, a part
 * that is absent is left to its single variable, and one reader for both schemes takes a third of
 * the bytes that those two would.
 */
#include "services/common/url.h"

#include <string.h>

/* RFC 3986 section 2: printable ASCII. A fragment means nothing in the address of a store. */
static bool all_allowed(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '#')
			return false;
	return true;
}

/* Index of the first byte of [s] that is in [list], or s.n. */
static size_t find_any(struct span s, struct span list)
{
	size_t i = 0;
	while (i < s.n && span_find(list, s.p[i]) == list.n)
		i++;
	return i;
}

/* RFC 3986 section 2.1. '+' stays: it is a blank in forms only. */
static int decode(struct span raw, char *to, size_t max)
{
	size_t n = 0;
	memset(to, 0, max + 1);
	while (raw.n > 0) {
		uint64_t c = raw.p[0];
		size_t used = 1;
		if (c == '%') {
			if (raw.n < 3 || !hex_u64(span_head(span_tail(raw, 1), 2), &c))
				return URL_EPERCENT;
			if (c == 0)
				return URL_ENUL;
			used = 3;
		}
		if (n == max)
			return URL_ETOOLONG;
		to[n++] = (char)c;
		raw = span_tail(raw, used);
	}
	return URL_OK;
}

static int take_scheme(struct span *rest, struct url *u)
{
	static const struct {
		char name[14];
		uint8_t scheme;
		bool tls;
	} schemes[] = {
		{"redis://", URL_REDIS, false},
		{"rediss://", URL_REDIS, true},
		{"postgres://", URL_POSTGRES, false},
		{"postgresql://", URL_POSTGRES, false},
	};
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		struct span name = span_str(schemes[i].name);
		/* Section 3.1: schemes compare without case. */
		if (rest->n < name.n || !span_eq_nocase(span_head(*rest, name.n), name))
			continue;
		*rest = span_tail(*rest, name.n);
		u->scheme = schemes[i].scheme;
		u->tls = schemes[i].tls;
		return URL_OK;
	}
	return URL_ESCHEME;
}

static int take_userinfo(struct span info, struct url *u)
{
	struct span password = info;
	struct span user = span_cut(&password, ':');
	int rc = decode(user, u->user.s, CONFIG_TEXT_MAX);
	if (rc < 0)
		return rc;
	return decode(password, u->password.s, CONFIG_SECRET_MAX);
}

static int take_port(struct span text, struct url *u)
{
	uint64_t v;
	if (text.n == 0) /* "host:" is allowed by section 3.2.3 */
		return URL_OK;
	if (!dec_u64(text, &v) || v == 0 || v > UINT16_MAX)
		return URL_EPORT;
	u->port = (uint16_t)v;
	return URL_OK;
}

static bool is_address6(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i] | 0x20;
		bool hex = (c >= 'a' && c <= 'f') || (s.p[i] >= '0' && s.p[i] <= '9');
		if (!hex && s.p[i] != ':' && s.p[i] != '.')
			return false;
	}
	return span_find(s, ':') < s.n;
}

/* [::1]:port; the zone of a link-local address (RFC 6874) has no use between containers. */
static int take_address6(struct span text, struct url *u)
{
	size_t end = span_find(text, ']');
	if (end == text.n)
		return URL_EHOST;
	struct span address = span_tail(span_head(text, end), 1);
	struct span rest = span_tail(text, end + 1);
	if (!is_address6(address))
		return URL_EHOST;
	if (rest.n > 0 && rest.p[0] != ':')
		return URL_EHOST;
	int rc = decode(address, u->host.s, CONFIG_TEXT_MAX);
	return rc < 0 ? rc : take_port(span_tail(rest, rest.n > 0 ? 1 : 0), u);
}

static int take_host(struct span text, struct url *u)
{
	if (text.n > 0 && text.p[0] == '[')
		return take_address6(text, u);
	/* libpq's list of hosts; told apart before its second colon looks like a wrong port */
	if (span_find(text, ',') < text.n)
		return URL_EHOST;
	struct span port = text;
	struct span name = span_cut(&port, ':');
	int rc = decode(name, u->host.s, CONFIG_TEXT_MAX);
	if (rc < 0)
		return rc;
	/* Decoded bytes may be anything: %2F begins the path of a Unix socket in libpq. */
	struct span host = span_str(u->host.s);
	if (host.n == 0 || !all_allowed(host) || find_any(host, SPAN("/@:,[]?\\")) < host.n)
		return URL_EHOST;
	return take_port(port, u);
}

static int take_authority(struct span text, struct url *u)
{
	struct span host = text;
	size_t at = span_find(text, '@');
	if (at < text.n) {
		host = span_tail(text, at + 1);
		if (span_find(host, '@') < host.n)
			return URL_EUSER;
		int rc = take_userinfo(span_head(text, at), u);
		if (rc < 0)
			return rc;
	}
	return take_host(host, u);
}

static int take_db(struct span path, struct url *u)
{
	uint64_t v = 0;
	int rc = decode(path, u->db.s, CONFIG_TEXT_MAX);
	if (rc < 0 || u->scheme != URL_REDIS || path.n == 0)
		return rc;
	if (!dec_u64(span_str(u->db.s), &v) || v > INT32_MAX)
		return URL_EDB;
	u->db_number = (uint32_t)v;
	return URL_OK;
}

/* Cuts the next name=value off [rest], decoded. */
static int next_param(struct span *rest, struct config_text *name, struct config_text *value)
{
	struct span raw_value = span_cut(rest, '&');
	struct span raw_name = span_cut(&raw_value, '=');
	if (raw_name.n == 0 || raw_value.p == NULL)
		return URL_EQUERY;
	int rc = decode(raw_name, name->s, CONFIG_TEXT_MAX);
	return rc < 0 ? rc : decode(raw_value, value->s, CONFIG_TEXT_MAX);
}

/* Kept as it came; decoded here once, so that url_param can only succeed. */
static int take_query(struct span query, struct url *u)
{
	struct config_text name;
	struct config_text value;
	if (query.n > URL_QUERY_MAX)
		return URL_ETOOLONG;
	if (query.n > 0)
		memcpy(u->query, query.p, query.n);
	while (query.n > 0) {
		int rc = next_param(&query, &name, &value);
		if (rc < 0)
			return rc;
	}
	return URL_OK;
}

static int parse(struct span text, struct url *u)
{
	int rc = take_scheme(&text, u);
	if (rc < 0)
		return rc;
	if (!all_allowed(text))
		return URL_ECHAR;
	size_t end = find_any(text, SPAN("/?"));
	struct span query = span_tail(text, end);
	struct span path = span_cut(&query, '?');
	rc = take_authority(span_head(text, end), u);
	if (rc < 0)
		return rc;
	rc = take_db(span_tail(path, 1), u);
	return rc < 0 ? rc : take_query(query, u);
}

int url_parse(struct span text, struct url *u)
{
	memset(u, 0, sizeof *u);
	int rc = parse(text, u);
	if (rc < 0)
		explicit_bzero(u, sizeof *u);
	return rc;
}

bool url_param(const struct url *u, const char *name, struct config_text *value)
{
	struct span rest = span_str(u->query);
	struct config_text found, candidate;
	bool hit = false;
	while (rest.n > 0 && next_param(&rest, &found, &candidate) == URL_OK) {
		if (strcmp(found.s, name) != 0)
			continue;
		*value = candidate;
		hit = true;
	}
	return hit;
}

const char *url_strerror(int rc)
{
	switch (rc) {
	case URL_OK:
		return "a valid URL";
	case URL_ESCHEME:
		return "another scheme";
	case URL_ECHAR:
		return "a byte that URLs can't hold; percent-encode it";
	case URL_EPERCENT:
		return "'%' must be followed by two hexadecimal digits";
	case URL_ENUL:
		return "%00 is not allowed";
	case URL_EUSER:
		return "'@' inside user or password must be written %40";
	case URL_EHOST:
		return "the host is missing or not a name or address";
	case URL_EPORT:
		return "the port is not from 1 to 65535";
	case URL_EDB:
		return "the database of Redis must be a number";
	case URL_EQUERY:
		return "parameters must be name=value";
	case URL_ETOOLONG:
		return "a part is too long";
	}
	return "unknown error of the URL";
}
