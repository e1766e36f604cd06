#include "services/router/routes.h"

#include "net/net_addr.h"
#include "net/net_dns.h"
#include "services/common/json.h"

#include <string.h>

#define WANT_MAX 160
#define SHOWN_MAX 80
#define DAY_MS 86400000

struct parser {
	struct routes *t;
	const struct upstream_limits *lim;
	struct out *errors;
	struct span name; /* of the route, as it was written */
	int mistakes;
};

bool routes_take_text(const struct config_var *var, struct span text, void *field, struct out *want)
{
	struct routes_text *to = field;
	(void)var;
	if (text.n > ROUTES_TEXT - 1) {
		out_str(want, "at most 4095 bytes");
		return false;
	}
	to->n = text.n;
	memcpy(to->p, text.p, text.n);
	return true;
}

/* Mistakes. */

static void mistake(struct parser *p, struct span text, const char *want)
{
	struct out *o = p->errors;
	p->mistakes++;
	out_str(o, "ROUTES");
	if (p->name.n > 0) {
		out_str(o, " route ");
		json_put_string(o, span_head(p->name, SHOWN_MAX));
	}
	if (text.n > 0) {
		out_str(o, ": ");
		json_put_string(o, span_head(text, SHOWN_MAX));
	}
	out_str(o, ": expected ");
	out_str(o, want);
	out_byte(o, '\n');
}

/* Prefixes. */

static bool is_unreserved(uint8_t c)
{
	uint8_t small = c | 0x20;
	return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
	       c == '_' || c == '~';
}

static bool is_segment(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_unreserved(s.p[i]))
			return false;
	return s.n > 0 && !span_eq(s, SPAN(".")) && !span_eq(s, SPAN(".."));
}

static bool is_prefix(struct span s)
{
	if (s.n == 0 || s.n > ROUTES_PREFIX || s.p[0] != '/')
		return false;
	struct span rest = span_tail(s, 1);
	while (s.n > 1 && rest.p != NULL)
		if (!is_segment(span_cut(&rest, '/')))
			return false;
	return true;
}

/* "/", too, so that the rest of its path keeps the slash. */
static struct span without_root(struct span prefix)
{
	return prefix.n == 1 ? span_head(prefix, 0) : prefix;
}

static void take_prefix(struct parser *p, struct route *r, struct span text)
{
	r->prefix = without_root(text);
	if (!is_prefix(text)) {
		mistake(p, text,
			"a path such as /api, of letters, digits and -._~, no slash at its "
			"end");
		return;
	}
	for (unsigned i = 0; i < p->t->count; i++)
		if (span_eq(p->t->route[i].prefix, r->prefix))
			mistake(p, SPAN_NONE, "each prefix once");
}

/* Upstreams. */

static bool take_port(struct span text, uint16_t *port)
{
	uint64_t v = 80;
	if (text.p != NULL && (!dec_u64(text, &v) || v == 0 || v > UINT16_MAX))
		return false;
	*port = (uint16_t)v;
	return true;
}

/* Cuts the host off *rest, which then begins behind the colon of its port. */
static bool cut_host(struct span *rest, bool six, struct span *host)
{
	struct net_addr literal;
	*host = span_cut(rest, six ? ']' : ':');
	if (!six)
		return net_dns_name_ok(*host) || net_addr_parse(*host, &literal);
	*host = span_tail(*host, 1);
	if (rest->n == 0 ? rest->p == NULL : rest->p[0] != ':')
		return false;
	*rest = rest->n == 0 ? SPAN_NONE : span_tail(*rest, 1);
	return net_addr_parse(*host, &literal) && literal.family == 6;
}

/* The byte behind the host of one that is right becomes the end of its text. */
static bool take_url(struct span url, struct route_upstream *u)
{
	struct span scheme = SPAN("http://"), rest = span_tail(url, scheme.n), host;
	if (!span_eq_nocase(span_head(url, scheme.n), scheme))
		return false;
	u->six = span_starts(rest, SPAN("["));
	if (!cut_host(&rest, u->six, &host) || !take_port(rest, &u->port))
		return false;
	u->host = (const char *)host.p;
	((uint8_t *)(uintptr_t)host.p)[host.n] = '\0';
	return true;
}

static void take_urls(struct parser *p, struct route *r, struct span list)
{
	struct routes *t = p->t;
	r->first = t->upstream_count;
	while (list.p != NULL) {
		struct span url = span_cut(&list, ',');
		if (r->count == UPSTREAM_MEMBERS || t->upstream_count == ROUTES_UPSTREAMS) {
			mistake(p, url, "at most 8 upstreams, and 64 in all");
			return;
		}
		if (!take_url(url, &t->upstream[t->upstream_count++]))
			mistake(p, url,
				"http://HOST[:PORT], without user, path or query (there is no TLS "
				"to upstreams: no https://)");
		r->count++;
	}
}

/* Options. */

static bool take_size(struct span text, uint64_t *to, struct out *want)
{
	static const struct span units = SPAN(" kmg");
	uint64_t v;
	unsigned shift = 0;
	if (text.n > 0) {
		size_t unit = span_find(units, text.p[text.n - 1] | 0x20);
		shift = unit > 0 && unit < units.n ? 10 * (unsigned)unit : 0;
		text.n -= shift > 0;
	}
	if (!dec_u64(text, &v) || v > UINT64_MAX >> 2 >> shift) {
		out_str(want, "a size such as 500k, 10m or 2g, or 0 for no limit");
		return false;
	}
	*to = v << shift;
	return true;
}

/* Small, and without pointers: rows of struct config_var would be three times as large. */
enum option_kind { TIME, NUMBER, SIZE, FLAG };
static const struct {
	char name[12];
	uint8_t kind, at;
	uint32_t min, max;
} options[] = {
#define AT(member) offsetof(struct route, member)
	{"strip", FLAG, AT(strip), 0, 0},
	{"body", SIZE, AT(body), 0, 0},
	{"connect", TIME, AT(lim.connect_ms), 10, DAY_MS},
	{"timeout", TIME, AT(lim.answer_ms), 10, DAY_MS},
	{"idle", TIME, AT(lim.between_ms), 10, DAY_MS},
	{"tunnel", TIME, AT(lim.tunnel_ms), 10, DAY_MS},
	{"retries", NUMBER, AT(lim.retries), 0, 1},
	{"connections", NUMBER, AT(lim.connections), 1, 65536},
#undef AT
};
#define OPTIONS (sizeof options / sizeof *options)

/* False, and in [want] what would be right. [value] has no p when there is no '='. */
static bool take_value(struct route *r, size_t i, struct span value, struct out *want)
{
	const struct config_var var = {.min = options[i].min, .max = options[i].max};
	void *field = (uint8_t *)r + options[i].at;
	switch (options[i].kind) {
	case TIME:
		return config_take_duration_ms(&var, value, field, want);
	case NUMBER:
		return config_take_u32(&var, value, field, want);
	case SIZE:
		return take_size(value, field, want);
	}
	*(bool *)field = true;
	out_str(want, "no value");
	return value.p == NULL;
}

static void take_option(struct parser *p, struct route *r, struct span text)
{
	char buf[WANT_MAX];
	struct out want = out_init(buf, sizeof buf - 1);
	struct span value = text, name = span_cut(&value, '=');
	size_t i = 0;
	while (i < OPTIONS && !span_eq(name, span_str(options[i].name)))
		i++;
	if (i < OPTIONS && take_value(r, i, value, &want))
		return;
	if (i == OPTIONS)
		out_str(&want, "one of strip, body, connect, timeout, idle, tunnel, retries, "
			       "connections");
	buf[want.n] = '\0';
	mistake(p, text, buf);
}

/* Routes. */

static void take_route(struct parser *p, struct span text)
{
	struct routes *t = p->t;
	struct route *r = &t->route[t->count];
	struct span urls = span_cut(&text, ' '), prefix = span_cut(&urls, '=');
	p->name = prefix;
	if (t->count == ROUTES_MAX) {
		mistake(p, SPAN_NONE, "at most 32 routes");
		return;
	}
	r->body = ROUTES_BODY;
	r->lim = *p->lim;
	take_prefix(p, r, prefix);
	if (urls.p == NULL)
		mistake(p, SPAN_NONE, "PREFIX=http://HOST[:PORT]");
	take_urls(p, r, urls);
	while (text.n > 0) {
		struct span option = span_cut(&text, ' ');
		if (option.n > 0)
			take_option(p, r, option);
	}
	t->count++;
}

static bool joins(uint8_t c)
{
	return c == '=' || c == ',';
}

/* Newlines and tabs as blanks, and none around what joins. */
static void copy(struct routes_text *to, struct span text)
{
	to->n = 0;
	for (size_t i = 0; i < text.n && to->n < sizeof to->p - 1; i++) {
		uint8_t c = text.p[i], *end = to->p + to->n;
		if (c == '\t' || c == '\n' || c == '\r')
			c = ' ';
		if (c == ' ' && to->n > 0 && (joins(end[-1]) || end[-1] == ' '))
			continue;
		if (joins(c) && to->n > 0 && end[-1] == ' ')
			to->n--;
		to->p[to->n++] = c;
	}
	to->p[to->n] = '\0';
}

int routes_parse(struct routes *t, struct span text, const struct upstream_limits *lim,
		 struct out *errors)
{
	struct parser p = {.t = t, .lim = lim, .errors = errors};
	memset(t, 0, sizeof *t);
	copy(&t->text, text);
	struct span rest = span_of(t->text.p, t->text.n);
	while (rest.p != NULL) {
		struct span route = span_trim(span_cut(&rest, ';'));
		if (route.n > 0)
			take_route(&p, route);
	}
	p.name = SPAN_NONE;
	if (t->count == 0 && p.mistakes == 0)
		mistake(&p, SPAN_NONE, "a route");
	return p.mistakes;
}

/* Looking. */

const struct route *routes_of(const struct upstream *up)
{
	return (const struct route *)((const char *)up->group - offsetof(struct route, group));
}

struct span routes_name(const struct route *r)
{
	return r->prefix.n > 0 ? r->prefix : SPAN("/");
}

/* Segment by segment: /api does not stand for /apifoo. */
static bool fits(struct span path, struct span prefix)
{
	return span_starts(path, prefix) &&
	       (prefix.n == 0 || path.n == prefix.n || path.p[prefix.n] == '/');
}

struct route *routes_find(struct routes *t, struct span path)
{
	struct route *best = NULL;
	for (struct route *r = t->route; r < t->route + t->count; r++)
		if (fits(path, r->prefix) && (best == NULL || r->prefix.n > best->prefix.n))
			best = r;
	return best;
}

void routes_put_address(struct out *o, const struct route_upstream *u)
{
	out_str(o, u->six ? "[" : "");
	out_str(o, u->host);
	out_str(o, u->six ? "]:" : ":");
	out_u64(o, u->port);
}

static void put_urls(struct out *o, const struct routes *t, const struct route *r)
{
	for (unsigned i = 0; i < r->count; i++) {
		out_str(o, i > 0 ? ",http://" : "http://");
		routes_put_address(o, &t->upstream[r->first + i]);
	}
}

static void pad(struct out *o, size_t from, size_t width)
{
	for (size_t n = o->n - from; n < width + 2 && !o->over; n++)
		out_byte(o, ' ');
}

static void put_options(struct out *o, const struct route *r)
{
	out_str(o, r->strip ? "strip body=" : "body=");
	out_u64(o, r->body);
	for (size_t i = 2; i < OPTIONS; i++) {
		uint32_t v;
		memcpy(&v, (const uint8_t *)r + options[i].at, sizeof v);
		out_byte(o, ' ');
		out_str(o, options[i].name);
		out_byte(o, '=');
		out_u64(o, v);
		out_str(o, options[i].kind == TIME ? "ms" : "");
	}
}

/* Every address a second time, to know how wide they are: it is printed once. */
void routes_print(const struct routes *t, struct out *o)
{
	size_t names = 0, urls = 0;
	for (unsigned i = 0; i < t->count; i++) {
		struct out trial = *o;
		put_urls(&trial, t, &t->route[i]);
		urls = trial.n - o->n > urls ? trial.n - o->n : urls;
		names = routes_name(&t->route[i]).n > names ? routes_name(&t->route[i]).n : names;
	}
	for (unsigned i = 0; i < t->count; i++) {
		const struct route *r = &t->route[i];
		size_t from = o->n;
		out_span(o, routes_name(r));
		pad(o, from, names);
		from = o->n;
		put_urls(o, t, r);
		pad(o, from, urls);
		put_options(o, r);
		out_byte(o, '\n');
	}
}
