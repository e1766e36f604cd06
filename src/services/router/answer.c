/* Rewriting the heads of answers: no name of what stands behind leaves. */
#include "services/router/router.h"

#define GROWTH 2 /* of a Location, beside the prefix */

/* Fields whose value is a reference, and the few others that are looked into. */
enum look { LOOK_PLAIN, LOOK_REFERENCE, LOOK_COOKIE, LOOK_VIA };

static enum look look_of(const struct http_head *h, unsigned i)
{
	if (h->known[i] != HTTP_F_OTHER)
		return LOOK_PLAIN;
	struct span name = http_name(h, i);
	switch (name.n) {
	case 3:
		return span_eq_nocase(name, SPAN("Via")) ? LOOK_VIA : LOOK_PLAIN;
	case 8:
		return span_eq_nocase(name, SPAN("Location")) ? LOOK_REFERENCE : LOOK_PLAIN;
	case 10:
		return span_eq_nocase(name, SPAN("Set-Cookie")) ? LOOK_COOKIE : LOOK_PLAIN;
	case 16:
		return span_eq_nocase(name, SPAN("Content-Location")) ? LOOK_REFERENCE : LOOK_PLAIN;
	}
	return LOOK_PLAIN;
}

static bool starts_nocase(struct span s, struct span prefix)
{
	return s.n >= prefix.n && span_eq_nocase(span_head(s, prefix.n), prefix);
}

/* What follows [origin] in the reference [s]; p == NULL when it does not begin so. */
static struct span after_origin(struct span s, struct span origin)
{
	struct span rest = span_tail(s, origin.n);
	bool ends = rest.n == 0 || rest.p[0] == '/' || rest.p[0] == '?' || rest.p[0] == '#';
	return starts_nocase(s, origin) && ends ? rest : SPAN_NONE;
}

/* What follows the origin of one of the route's upstreams. */
static struct span after_upstream(struct span s, const struct route *r)
{
	for (unsigned i = 0; i < r->count; i++) {
		const struct route_upstream *u = &router_routes.upstream[r->first + i];
		uint8_t text[ROUTES_ADDRESS];
		struct out o = out_init(text, sizeof text);
		out_str(&o, "http://");
		routes_put_address(&o, u);
		struct span origin = out_span_of(&o), rest = after_origin(s, origin);
		if (rest.p == NULL && u->port == 80)
			rest = after_origin(s, span_head(origin, origin.n - 3));
		if (rest.p != NULL)
			return rest;
	}
	return SPAN_NONE;
}

/*
 * As an absolute path, which the client resolves against the origin that it knows (9110, 10.2.2);
 * where the prefix was taken off the request it is put back.
 */
static void put_reference(struct out *o, const struct http_head *h, unsigned i,
			  const struct route *r)
{
	struct span value = http_value(h, i), rest = after_upstream(value, r);
	bool inner = rest.p != NULL;
	struct span prefix = r->strip ? r->prefix : SPAN("");
	bool absolute = span_starts(value, SPAN("/")) && !span_starts(value, SPAN("//"));
	if (!inner && (prefix.n == 0 || !absolute)) {
		forward_put_field(o, h, i);
		return;
	}
	rest = inner ? rest : value;
	out_span(o, http_name(h, i));
	out_str(o, ": ");
	out_span(o, prefix);
	if (!span_starts(rest, SPAN("/")))
		out_byte(o, '/');
	else if (prefix.n == 0 && span_starts(rest, SPAN("//")))
		out_str(o, "/."); /* or it would be another host */
	out_span(o, rest);
	out_mem(o, "\r\n", 2);
}

static bool is_inner_domain(struct span attribute, const struct route *r)
{
	struct span value = attribute, name = span_cut(&value, '=');
	value = span_trim(value);
	if (!span_eq_nocase(span_trim(name), SPAN("Domain")))
		return false;
	value = span_tail(value, span_starts(value, SPAN(".")));
	for (unsigned i = 0; i < r->count; i++)
		if (span_eq_nocase(value, span_str(router_routes.upstream[r->first + i].host)))
			return true;
	return false;
}

/* Without such an attribute a cookie is for the host that sent it (RFC 6265, 5.3): the router. */
static void put_cookie(struct out *o, const struct http_head *h, unsigned i, const struct route *r)
{
	struct span rest = http_value(h, i), part = span_cut(&rest, ';');
	out_span(o, http_name(h, i));
	out_str(o, ": ");
	out_span(o, part);
	while (rest.p != NULL) {
		part = span_cut(&rest, ';');
		if (is_inner_domain(part, r))
			continue;
		out_byte(o, ';');
		out_span(o, part);
	}
	out_mem(o, "\r\n", 2);
}

/* By the lengths of their names: more than needed now and then, but never looked at twice. */
size_t answer_room(const struct http_head *h, const struct route *r)
{
	size_t room = h->n + 128 + span_str(router_config.via.s).n;
	for (unsigned i = 0; i < h->fields; i++)
		if (h->field[i].name_n == 8 || h->field[i].name_n == 16)
			room += r->prefix.n + GROWTH;
	return room;
}

static void put_fields(struct out *o, const struct http_head *h, const struct route *r,
		       uint32_t without)
{
	bool named = forward_names_fields(h);
	for (unsigned i = 0; i < h->fields; i++) {
		if (!forward_passes(h, i, without, named))
			continue;
		switch (look_of(h, i)) {
		case LOOK_PLAIN:
			forward_put_field(o, h, i);
			break;
		case LOOK_REFERENCE:
			put_reference(o, h, i, r);
			break;
		case LOOK_COOKIE:
			put_cookie(o, h, i, r);
			break;
		case LOOK_VIA:
			break;
		}
	}
}

void answer_put(struct out *o, const struct http_head *h, const struct route *r,
		const struct request_id *id)
{
	/* Server would tell what stands behind; towards the client the router is the origin. */
	put_fields(o, h, r,
		   BIT(HTTP_F_CONTENT_LENGTH) | BIT(HTTP_F_DATE) | BIT(HTTP_F_SERVER) |
			   BIT(HTTP_F_X_REQUEST_ID));
	forward_put_id(o, id);
	forward_put_via(o, h);
	if (h->status == 101)
		forward_put_upgrade(o, h);
}

void answer_put_interim(struct out *o, const struct http_head *h, const struct route *r)
{
	http_put_status_line(o, h->status);
	put_fields(o, h, r, BIT(HTTP_F_CONTENT_LENGTH) | BIT(HTTP_F_DATE) | BIT(HTTP_F_SERVER));
	http_put_head_end(o);
}
