/*
 * The router's table, from any text: mistakes are told a line each, what is taken is printed so
 * that it can be taken again, and the route that is found is the longest that fits.
 */
#include "services/router/routes.c"

#include "fuzz/fuzz.h"

static const struct upstream_limits limits = {
	.connections = 1, .connect_ms = 10, .answer_ms = 10, .between_ms = 10, .tunnel_ms = 10};

static size_t lines_of(struct span text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

/* The printed table as ROUTES: the first gap of a line becomes '=', its end ';'. */
static void rewrite(struct span printed, struct out *o)
{
	while (printed.n > 0) {
		struct span rest = span_cut(&printed, '\n'), prefix = span_cut(&rest, ' ');
		out_span(o, prefix);
		out_byte(o, '=');
		out_span(o, span_trim(rest));
		out_byte(o, ';');
	}
}

static void print_again(struct routes *t)
{
	static char first[65536], second[65536], text[65536];
	static uint8_t wrong[4096];
	struct out one = out_init(first, sizeof first), two = out_init(second, sizeof second),
		   again = out_init(text, sizeof text), errors = out_init(wrong, sizeof wrong);
	routes_print(t, &one);
	must(!one.over && lines_of(out_span_of(&one)) == t->count, "a line for each route");
	rewrite(out_span_of(&one), &again);
	if (again.n >= ROUTES_TEXT)
		return;
	must(routes_parse(t, guarded(1, out_span_of(&again)), &limits, &errors) == 0,
	     "what is printed is taken: %.*s", (int)errors.n, (const char *)wrong);
	routes_print(t, &two);
	must(span_eq(out_span_of(&one), out_span_of(&two)), "and is the same");
}

static void find(struct routes *t, struct span path)
{
	const struct route *found = routes_find(t, path);
	for (unsigned i = 0; i < t->count; i++) {
		struct span prefix = t->route[i].prefix;
		bool below = span_starts(path, prefix) &&
			     (prefix.n == path.n || prefix.n == 0 || path.p[prefix.n] == '/');
		must(!below || (found != NULL && found->prefix.n >= prefix.n), "the longest");
	}
}

FUZZ(routes)
{
	static struct routes table;
	static uint8_t wrong[1 << 20];
	struct out errors = out_init(wrong, sizeof wrong);
	if (size > FUZZ_MAX)
		return 0;
	struct span in = guarded(0, span_of(data, size));
	int mistakes = routes_parse(&table, in, &limits, &errors);
	struct span told = out_span_of(&errors);
	must(mistakes >= 0 && !errors.over && lines_of(told) == (size_t)mistakes,
	     "%d mistakes in as many lines", mistakes);
	must(table.count <= ROUTES_MAX && table.upstream_count <= ROUTES_UPSTREAMS, "bounds");
	for (struct span rest = in; rest.n > 0; span_cut(&rest, '/'))
		find(&table, rest);
	if (mistakes == 0)
		print_again(&table);
	return 0;
}
