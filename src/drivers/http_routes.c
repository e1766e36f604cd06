#include "drivers/http_routes.h"

static const struct {
	enum http_method method;
	const char *name;
} names[] = {
	{HTTP_GET, "GET, HEAD"}, {HTTP_POST, "POST"},     {HTTP_PUT, "PUT"},
	{HTTP_PATCH, "PATCH"},   {HTTP_DELETE, "DELETE"}, {HTTP_TRACE, "TRACE"},
};

static bool is_name(struct span segment)
{
	return segment.n >= 2 && segment.p[0] == '{' && segment.p[segment.n - 1] == '}';
}

/* Fills m->value; they count only when the whole fits. */
static bool fits(struct http_match *m, const char *pattern)
{
	struct span want = span_tail(span_str(pattern), 1), is = span_tail(m->path, 1);
	size_t values = 0;
	while (want.p != NULL && is.p != NULL) {
		struct span a = span_cut(&want, '/'), b = span_cut(&is, '/');
		if (!is_name(a) ? !span_eq(a, b) : b.n == 0)
			return false;
		if (is_name(a) && values < HTTP_ROUTE_VALUES)
			m->value[values++] = b;
	}
	return want.p == NULL && is.p == NULL;
}

static bool serves(enum http_method route, enum http_method asked)
{
	return route == asked || (route == HTTP_GET && asked == HTTP_HEAD);
}

static void put_allow(struct http_match *m, unsigned methods)
{
	struct out o = out_init(m->allow_text, sizeof m->allow_text);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (methods & 1u << names[i].method) {
			out_str(&o, names[i].name);
			out_str(&o, ", ");
		}
	out_str(&o, "OPTIONS");
	m->allow = out_span_of(&o);
}

static unsigned all_methods(const struct http_route routes[], size_t n)
{
	unsigned methods = 0;
	for (size_t i = 0; i < n; i++)
		methods |= 1u << routes[i].method;
	return methods;
}

enum http_found http_route_find(const struct http_exchange *x, const struct http_route routes[],
				size_t n, struct http_match *m)
{
	unsigned methods = 0;
	struct out text = out_init(m->text, sizeof m->text);
	/* CONNECT names an authority, not a path: it is for proxies (9110, 9.3.6). */
	if (x->method == HTTP_OTHER || x->method == HTTP_CONNECT)
		return HTTP_ROUTE_NOT_KNOWN;
	if (x->method == HTTP_OPTIONS && span_eq(x->head->target, SPAN("*"))) {
		put_allow(m, all_methods(routes, n));
		return HTTP_ROUTE_OPTIONS;
	}
	if (!http_path_decode(x->head->path, &text))
		return text.over ? HTTP_ROUTE_NO_PATH : HTTP_ROUTE_BAD_PATH;
	m->path = out_span_of(&text);
	for (size_t i = 0; i < n; i++) {
		if (!fits(m, routes[i].pattern))
			continue;
		m->route = &routes[i];
		if (serves(routes[i].method, x->method))
			return HTTP_ROUTE_FOUND;
		methods |= 1u << routes[i].method;
	}
	if (methods == 0)
		return HTTP_ROUTE_NO_PATH;
	put_allow(m, methods);
	return x->method == HTTP_OPTIONS ? HTTP_ROUTE_OPTIONS : HTTP_ROUTE_NO_METHOD;
}

static void answer_allow(struct http_exchange *x, unsigned status, struct span allow,
			 struct span sentence)
{
	struct out o = http_open(x, status, allow.n + 64);
	http_put_field(&o, SPAN("Allow"), allow);
	if (sentence.n > 0)
		http_put_field(&o, SPAN("Content-Type"), SPAN("text/plain; charset=utf-8"));
	http_begin(x, &o, sentence.n);
	if (x->answered)
		return;
	http_send(x, sentence);
	http_end(x);
}

void http_routes_request(struct http_exchange *x, const struct http_route routes[], size_t n)
{
	const struct span plain = SPAN("text/plain; charset=utf-8");
	struct http_match m;
	switch (http_route_find(x, routes, n, &m)) {
	case HTTP_ROUTE_FOUND:
		m.route->handle(x, &m);
		break;
	case HTTP_ROUTE_BAD_PATH:
		http_answer(x, 400, plain, SPAN("this is not a path\n"));
		break;
	case HTTP_ROUTE_NO_PATH:
		http_answer(x, 404, plain, SPAN("there is nothing here\n"));
		break;
	case HTTP_ROUTE_NO_METHOD:
		answer_allow(x, 405, m.allow, SPAN("this method is not for this address\n"));
		break;
	case HTTP_ROUTE_OPTIONS:
		answer_allow(x, 204, m.allow, SPAN_NONE);
		break;
	case HTTP_ROUTE_NOT_KNOWN:
		http_answer(x, 501, plain, SPAN("this method is not known here\n"));
		break;
	}
}
