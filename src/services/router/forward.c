/* Rewriting the heads of requests. */
#include "services/router/router.h"

#include <string.h>

#define ADDR_TEXT_MAX 40 /* of an IPv6 address */

/* Paths. */

/* The byte at the front of *s, an escape as the byte it stands for (the reader has checked it). */
static uint8_t take_byte(struct span *s)
{
	uint64_t v = s->p[0];
	size_t n = 1;
	if (v == '%' && hex_u64(span_head(span_tail(*s, 1), 2), &v))
		n = 3;
	*s = span_tail(*s, n);
	return (uint8_t)v;
}

bool forward_has_dots(struct span path)
{
	unsigned dots = 0;
	bool only = true; /* nothing but dots since the last slash */
	while (path.n > 0) {
		uint8_t c = take_byte(&path);
		bool ends = c == '/' || c == '\\' || c == ';';
		if (ends && only && (dots == 1 || dots == 2))
			return true;
		if (c == '/' || c == '\\') {
			dots = 0;
			only = true;
		} else if (c == '.') {
			dots++;
		} else {
			only = false;
		}
	}
	return only && (dots == 1 || dots == 2);
}

/* Who is asking. */

/* A call of the kernel for each would cost more than all else in the head. */
static uint64_t random_number(void)
{
	static uint64_t pool[32];
	static unsigned left;
	if (left == 0) {
		net_random(pool, sizeof pool);
		left = sizeof pool / sizeof *pool;
	}
	return pool[--left];
}

static bool is_sane_id(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '"' || s.p[i] == '\\')
			return false;
	return s.n > 0 && s.n <= REQUEST_ID_MAX;
}

void forward_take_id(struct request_id *id, const struct http_head *h, bool trusted)
{
	struct span given = trusted ? http_find(h, HTTP_F_X_REQUEST_ID) : SPAN_NONE;
	if (is_sane_id(given)) {
		memcpy(id->text, given.p, given.n);
		id->n = (uint8_t)given.n;
		return;
	}
	uint64_t v = random_number();
	id->n = 16;
	for (int i = 0; i < 16; i++, v >>= 4)
		id->text[i] = (uint8_t) "0123456789abcdef"[v & 15];
}

/* One field, whose value has been looked at when it was read. [name] with its colon and blank. */
static void put_line(struct out *o, struct span name, struct span value)
{
	uint8_t *at = out_room(o, name.n + value.n + 2);
	if (at == NULL)
		return;
	memcpy(at, name.p, name.n);
	if (value.n > 0)
		memcpy(at + name.n, value.p, value.n);
	memcpy(at + name.n + value.n, "\r\n", 2);
}

void forward_put_id(struct out *o, const struct request_id *id)
{
	put_line(o, SPAN("X-Request-Id: "), span_of(id->text, id->n));
}

/* By the lengths of the names first: this looks at each field of each request. */
struct span forward_trace(const struct http_head *h)
{
	for (unsigned i = 0; i < h->fields; i++) {
		struct span name = http_name(h, i);
		if (h->known[i] == HTTP_F_OTHER && (name.n == 15 || name.n == 11) &&
		    (span_eq_nocase(name, SPAN("X-Amzn-Trace-Id")) ||
		     span_eq_nocase(name, SPAN("traceparent"))))
			return http_value(h, i);
	}
	return SPAN_NONE;
}

/* Fields. */

bool forward_upgrade(const struct http_head *h)
{
	struct span list = http_find(h, HTTP_F_UPGRADE);
	if (!h->upgrade || h->framing != HTTP_NO_BODY)
		return false;
	while (list.p != NULL) {
		struct span one = span_trim(span_cut(&list, ','));
		if (span_starts(one, SPAN("h2")) || span_starts(one, SPAN("H2")) ||
		    span_eq_nocase(span_head(one, 4), SPAN("http")))
			return false;
	}
	return true;
}

#define HOP_BY_HOP                                                                        \
	(BIT(HTTP_F_CONNECTION) | BIT(HTTP_F_KEEP_ALIVE) | BIT(HTTP_F_PROXY_CONNECTION) | \
	 BIT(HTTP_F_TE) | BIT(HTTP_F_TRAILER) | BIT(HTTP_F_TRANSFER_ENCODING) |           \
	 BIT(HTTP_F_UPGRADE))

/* Mostly Connection names no field, and then a look at the kind is enough. */
bool forward_names_fields(const struct http_head *h)
{
	struct span list = http_find(h, HTTP_F_CONNECTION);
	return list.p != NULL && !span_eq_nocase(list, SPAN("keep-alive")) &&
	       !span_eq_nocase(list, SPAN("close"));
}

bool forward_passes(const struct http_head *h, unsigned i, uint32_t without, bool named)
{
	return ((without | HOP_BY_HOP) >> h->known[i] & 1) == 0 &&
	       !(named && http_is_hop_by_hop(h, i));
}

void forward_put_field(struct out *o, const struct http_head *h, unsigned i)
{
	const struct http_field *f = &h->field[i];
	put_line(o, span_of(h->at + f->name, (size_t)(f->value + f->value_n - f->name)), SPAN_NONE);
}

/* Whether the i-th field is a count of hops, which only OPTIONS and TRACE have (9110, 7.6.2). */
static bool is_hops(const struct http_head *h, unsigned i, uint64_t *left)
{
	return h->method == HTTP_OPTIONS && span_eq_nocase(http_name(h, i), SPAN("Max-Forwards")) &&
	       dec_u64(http_value(h, i), left);
}

bool forward_ends_here(const struct http_head *h)
{
	uint64_t left;
	for (unsigned i = 0; i < h->fields; i++)
		if (is_hops(h, i, &left))
			return left == 0;
	return false;
}

/* All fields but those of the kinds in [without] and the hop-by-hop ones, as they were sent. */
static void put_fields(struct out *o, const struct http_head *h, uint32_t without)
{
	bool named = forward_names_fields(h);
	uint64_t left;
	for (unsigned i = 0; i < h->fields; i++) {
		if (!forward_passes(h, i, without, named))
			continue;
		if (is_hops(h, i, &left))
			http_put_field_u64(o, SPAN("Max-Forwards"), left > 0 ? left - 1 : 0);
		else
			forward_put_field(o, h, i);
	}
}

void forward_put_upgrade(struct out *o, const struct http_head *h)
{
	http_put_field(o, SPAN("Connection"), SPAN("upgrade"));
	http_put_field(o, SPAN("Upgrade"), http_find(h, HTTP_F_UPGRADE));
}

void forward_put_via(struct out *o, const struct http_head *h)
{
	if (router_config.via.s[0] == '\0')
		return;
	put_line(o, h->minor > 0 ? SPAN("Via: 1.1 ") : SPAN("Via: 1.0 "),
		 span_str(router_config.via.s));
}

static struct span port_of(struct span host, bool tls)
{
	size_t at = host.n;
	while (at > 0 && host.p[at - 1] >= '0' && host.p[at - 1] <= '9')
		at--;
	if (at > 0 && at < host.n && host.p[at - 1] == ':')
		return span_tail(host, at);
	return tls ? SPAN("443") : SPAN("80");
}

static void put_forwarded_for(struct out *o, const struct http_head *h, const struct net_addr *peer,
			      bool trusted)
{
	uint8_t text[ADDR_TEXT_MAX];
	struct out addr = out_init(text, sizeof text);
	http_put_addr(&addr, peer);
	out_span(o, SPAN("X-Forwarded-For: "));
	for (unsigned i = 0; trusted && i < h->fields; i++)
		if (h->known[i] == HTTP_F_X_FORWARDED_FOR && h->field[i].value_n > 0) {
			out_span(o, http_value(h, i));
			out_str(o, ", ");
		}
	out_span(o, out_span_of(&addr));
	out_mem(o, "\r\n", 2);
}

/* What a trusted proxy before us has said stays. */
static struct span said(const struct http_head *h, enum http_known kind, bool trusted,
			struct span otherwise)
{
	struct span value = trusted ? http_find(h, kind) : SPAN_NONE;
	return value.n > 0 ? value : otherwise;
}

static void put_forwarded(struct out *o, const struct http_head *h, const struct net_addr *peer,
			  bool trusted)
{
	struct span proto = said(h, HTTP_F_X_FORWARDED_PROTO, trusted, SPAN("http"));
	struct span host = said(h, HTTP_F_X_FORWARDED_HOST, trusted, h->host);
	bool tls = span_eq_nocase(proto, SPAN("https"));
	put_forwarded_for(o, h, peer, trusted);
	put_line(o, SPAN("X-Forwarded-Proto: "), proto);
	put_line(o, SPAN("X-Forwarded-Host: "), host);
	put_line(o, SPAN("X-Forwarded-Port: "),
		 said(h, HTTP_F_X_FORWARDED_PORT, trusted, port_of(host, tls)));
}

/* The path without the prefix, never empty, and the query: bytes as they were sent. */
static void put_request_line(struct out *o, const struct http_head *h, const struct route *r)
{
	struct span path = span_tail(h->path, r->strip ? r->prefix.n : 0);
	out_span(o, h->method_name);
	out_byte(o, ' ');
	out_span(o, path.n > 0 ? path : SPAN("/"));
	if (h->query.p != NULL) {
		out_byte(o, '?');
		out_span(o, h->query);
	}
	out_span(o, SPAN(" HTTP/1.1\r\n"));
}

size_t forward_request_room(const struct http_head *h, const struct route *r)
{
	const struct route_upstream *u = &router_routes.upstream[r->first];
	/* The host may appear in Host and X-Forwarded-Host; the rest is of bounded texts. */
	return h->n + 2 * h->host.n + span_str(u->host).n + span_str(router_config.via.s).n + 400;
}

/* A 1.0 client may have sent none, and 1.1 asks for one (9112, 3.2). */
static void put_host(struct out *o, const struct http_head *h, const struct route *r)
{
	if (h->host.p != NULL) {
		put_line(o, SPAN("Host: "), h->host);
		return;
	}
	out_str(o, "Host: ");
	routes_put_address(o, &router_routes.upstream[r->first]);
	out_mem(o, "\r\n", 2);
}

void forward_put_request(struct out *o, struct http_exchange *x, const struct route *r,
			 const struct request_id *id, bool trusted)
{
	const struct http_head *h = x->head;
	uint32_t without = BIT(HTTP_F_HOST) | BIT(HTTP_F_CONTENT_LENGTH) |
			   BIT(HTTP_F_X_REQUEST_ID) | BIT(HTTP_F_X_FORWARDED_FOR) |
			   BIT(HTTP_F_X_FORWARDED_PROTO) | BIT(HTTP_F_X_FORWARDED_HOST) |
			   BIT(HTTP_F_X_FORWARDED_PORT);
	if (!trusted)
		without |= BIT(HTTP_F_FORWARDED);
	if (!x->expects)
		without |= BIT(HTTP_F_EXPECT);
	put_request_line(o, h, r);
	put_host(o, h, r);
	put_fields(o, h, without);
	put_forwarded(o, h, http_peer(x), trusted);
	forward_put_id(o, id);
	forward_put_via(o, h);
	if (forward_upgrade(h))
		forward_put_upgrade(o, h);
}
