/* Rewriting the heads that pass through. */
#include "services/router/router.h"

#include <string.h>

#define ADDR_TEXT_MAX 40 /* of an IPv6 address */

/* Paths. */

bool forward_fits(struct span path, struct span prefix)
{
	return span_starts(path, prefix) &&
	       (prefix.n == 0 || path.n == prefix.n || path.p[prefix.n] == '/');
}

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

static bool is_private(const struct net_addr *a)
{
	static const struct {
		uint8_t family, ip[2], mask[2];
	} nets[] = {
		{4, {10, 0}, {0xff, 0}},         /* RFC 1918 */
		{4, {172, 16}, {0xff, 0xf0}},    /* RFC 1918 */
		{4, {192, 168}, {0xff, 0xff}},   /* RFC 1918 */
		{4, {127, 0}, {0xff, 0}},        /* loopback */
		{4, {169, 254}, {0xff, 0xff}},   /* RFC 3927 */
		{4, {100, 64}, {0xff, 0xc0}},    /* RFC 6598 */
		{6, {0xfc, 0}, {0xfe, 0}},       /* RFC 4193 */
		{6, {0xfe, 0x80}, {0xff, 0xc0}}, /* link-local */
	};
	static const struct net_addr loopback = {.family = 6, .ip = {[15] = 1}};
	for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
		if (a->family == nets[i].family && (a->ip[0] & nets[i].mask[0]) == nets[i].ip[0] &&
		    (a->ip[1] & nets[i].mask[1]) == nets[i].ip[1])
			return true;
	return net_addr_eq(a, &loopback);
}

bool forward_trusts(const struct net_addr *peer)
{
	enum router_trust trust = router_config.trust;
	return trust == TRUST_ALL || (trust == TRUST_PRIVATE && is_private(peer));
}

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

static void put_id(struct out *o, const struct request_id *id)
{
	http_put_field(o, SPAN("X-Request-Id"), span_of(id->text, id->n));
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

#define BIT(kind) (1u << (kind))
#define HOP_BY_HOP                                                                        \
	(BIT(HTTP_F_CONNECTION) | BIT(HTTP_F_KEEP_ALIVE) | BIT(HTTP_F_PROXY_CONNECTION) | \
	 BIT(HTTP_F_TE) | BIT(HTTP_F_TRAILER) | BIT(HTTP_F_TRANSFER_ENCODING) |           \
	 BIT(HTTP_F_UPGRADE))

/* Mostly Connection names no field, and then a look at the kind is enough. */
static bool names_fields(const struct http_head *h)
{
	struct span list = http_find(h, HTTP_F_CONNECTION);
	return list.p != NULL && !span_eq_nocase(list, SPAN("keep-alive")) &&
	       !span_eq_nocase(list, SPAN("close"));
}

/* All fields but those of the kinds in [without] and the hop-by-hop ones, as they were sent. */
static void put_fields(struct out *o, const struct http_head *h, uint32_t without)
{
	bool named = names_fields(h);
	without |= HOP_BY_HOP;
	for (unsigned i = 0; i < h->fields; i++) {
		const struct http_field *f = &h->field[i];
		if ((without >> h->known[i] & 1) != 0 || (named && http_is_hop_by_hop(h, i)))
			continue;
		out_mem(o, h->at + f->name, (size_t)(f->value + f->value_n - f->name));
		out_mem(o, "\r\n", 2);
	}
}

static void put_upgrade(struct out *o, const struct http_head *h)
{
	http_put_field(o, SPAN("Connection"), SPAN("upgrade"));
	http_put_field(o, SPAN("Upgrade"), http_find(h, HTTP_F_UPGRADE));
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
	out_str(o, "X-Forwarded-For: ");
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
	http_put_field(o, SPAN("X-Forwarded-Proto"), proto);
	http_put_field(o, SPAN("X-Forwarded-Host"), host);
	http_put_field(o, SPAN("X-Forwarded-Port"),
		       said(h, HTTP_F_X_FORWARDED_PORT, trusted, port_of(host, tls)));
}

/* The path without the prefix, never empty, and the query: bytes as they were sent. */
static void put_request_line(struct out *o, const struct http_head *h, struct span prefix)
{
	struct span path = span_tail(h->path, prefix.n);
	out_span(o, h->method_name);
	out_byte(o, ' ');
	out_span(o, path.n > 0 ? path : SPAN("/"));
	if (h->query.p != NULL) {
		out_byte(o, '?');
		out_span(o, h->query);
	}
	out_str(o, " HTTP/1.1\r\n");
}

size_t forward_request_room(const struct http_head *h, const struct route *r)
{
	/* The host may appear in Host and X-Forwarded-Host; the rest is of bounded texts. */
	return h->n + 2 * h->host.n + span_str(r->up.host).n + 384;
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
	put_request_line(o, h, r->prefix);
	/* A 1.0 client may have sent none, and 1.1 asks for one (9112, 3.2). */
	http_put_field(o, SPAN("Host"), h->host.p != NULL ? h->host : span_str(r->up.host));
	put_fields(o, h, without);
	put_forwarded(o, h, http_peer(x), trusted);
	put_id(o, id);
	if (forward_upgrade(h))
		put_upgrade(o, h);
}

void forward_put_answer(struct out *o, const struct http_head *h, const struct request_id *id)
{
	/* Server would tell what stands behind; towards the client the router is the origin. */
	put_fields(o, h,
		   BIT(HTTP_F_CONTENT_LENGTH) | BIT(HTTP_F_DATE) | BIT(HTTP_F_SERVER) |
			   BIT(HTTP_F_X_REQUEST_ID));
	put_id(o, id);
	if (h->status == 101)
		put_upgrade(o, h);
}
