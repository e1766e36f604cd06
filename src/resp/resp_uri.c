#include "resp/resp_uri.h"

#include "base/out.h"
#include "resp/resp.h"

/* RFC 3986, 2.1; %00 is refused: the texts end up as NUL-terminated ones. 0 or RESP_EURI. */
static int put_decoded(struct out *o, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint64_t v = s.p[i];
		if (v == '%') {
			struct span digits = span_head(span_tail(s, i + 1), 2);
			if (digits.n < 2 || !hex_u64(digits, &v))
				return RESP_EURI;
			i += 2;
		}
		if (v == 0)
			return RESP_EURI;
		out_byte(o, (uint8_t)v);
	}
	return 0;
}

static int take_text(struct out *o, struct span s, struct span *to)
{
	size_t at = o->n;
	int rc = put_decoded(o, s);
	*to = span_of(o->p + at, o->n - at);
	out_byte(o, 0);
	return rc;
}

static int take_user(struct out *o, struct span s, struct resp_uri *u)
{
	struct span password = s, user = span_cut(&password, ':');
	int rc = take_text(o, user, &u->user);
	return rc < 0 || password.n == 0 ? rc : take_text(o, password, &u->password);
}

static int take_db(struct span s, struct resp_uri *u)
{
	uint64_t v;
	if (!dec_u64(s, &v) || v > UINT32_MAX)
		return RESP_EURI;
	u->db = (uint32_t)v;
	return 0;
}

/* host, host:port, [v6], [v6]:port; RFC 3986, 3.2.2 and 3.2.3, both may be empty. */
static int take_host(struct out *o, struct span s, struct resp_uri *u)
{
	struct span host, port = SPAN_NONE;
	if (span_starts(s, SPAN("["))) {
		size_t end = span_find(s, ']');
		struct span rest = span_tail(s, end + 1);
		host = span_tail(span_head(s, end), 1);
		if (end == s.n || host.n == 0 || (rest.n > 0 && rest.p[0] != ':'))
			return RESP_EURI;
		port = span_tail(rest, 1);
	} else {
		port = s;
		host = span_cut(&port, ':');
	}
	/* Half of a password whose @ is not encoded is no host. */
	if (span_find(host, '@') < host.n)
		return RESP_EURI;
	uint64_t v = RESP_PORT;
	if (port.n > 0 && (!dec_u64(port, &v) || v == 0 || v > UINT16_MAX))
		return RESP_EURI;
	u->port = (uint16_t)v;
	return take_text(o, host.n > 0 ? host : SPAN("localhost"), &u->host);
}

static int take_query(struct out *o, struct span query, struct resp_uri *u)
{
	int rc = 0;
	while (query.p != NULL && rc == 0) {
		struct span value = span_cut(&query, '&'), name = span_cut(&value, '=');
		if (span_eq(name, SPAN("db")))
			rc = take_db(value, u);
		else if (span_eq(name, SPAN("password")))
			rc = take_text(o, value, &u->password);
	}
	return rc;
}

/* Behind "redis://" and the user. */
static int take_network(struct out *o, struct span s, struct resp_uri *u)
{
	struct span db = s, host = span_cut(&db, '/');
	int rc = take_host(o, host, u);
	return rc < 0 || db.n == 0 ? rc : take_db(db, u);
}

static bool has_scheme(struct span *s, struct span scheme)
{
	if (!span_eq_nocase(span_head(*s, scheme.n), scheme))
		return false;
	*s = span_tail(*s, scheme.n);
	return true;
}

/* Blanks and what is not ASCII must be encoded; a fragment means nothing here. */
static bool is_clean(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 127 || s.p[i] == '#')
			return false;
	return true;
}

int resp_uri_read(struct span text, void *room, size_t n, struct resp_uri *u)
{
	struct out o = out_init(room, n);
	*u = (struct resp_uri){.db = 0};
	if (!is_clean(text))
		return RESP_EURI;
	u->tls = has_scheme(&text, SPAN("rediss://"));
	bool is_unix = !u->tls && has_scheme(&text, SPAN("unix://"));
	if (!u->tls && !is_unix && !has_scheme(&text, SPAN("redis://")))
		return RESP_EURI;
	struct span query = text, rest = span_cut(&query, '?');
	/* The user ends before the path, in which an @ is a letter. */
	size_t user = span_find(span_head(rest, span_find(rest, '/')), '@');
	int rc = 0;
	if (user < rest.n && rest.p[user] == '@') {
		rc = take_user(&o, span_head(rest, user), u);
		rest = span_tail(rest, user + 1);
	}
	if (rc == 0 && is_unix)
		rc = span_starts(rest, SPAN("/")) ? take_text(&o, rest, &u->host) : RESP_EURI;
	else if (rc == 0)
		rc = take_network(&o, rest, u);
	if (rc == 0)
		rc = take_query(&o, query, u);
	if (rc < 0)
		return rc;
	return o.over ? RESP_EROOM : 1;
}
