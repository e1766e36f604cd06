#include "fuzz/fuzz.h"
#include "http/http.h"

static void check_path(struct span path)
{
	must(path.n > 0 && path.p[0] == '/', "begins with a slash");
	must(span_find(path, 0) == path.n && span_find(path, '\\') == path.n, "no NUL, no '\\'");
	while (path.p != NULL) {
		struct span part = span_cut(&path, '/');
		must(!span_eq(part, SPAN("..")) && !span_eq(part, SPAN(".")), "no dot segment");
	}
}

/* Escaped again and decoded again it is what it was. */
static void escape_and_decode(struct span path)
{
	static uint8_t text[FUZZ_MAX * 3], back[FUZZ_MAX * 3];
	struct out o = out_init(text, sizeof text), to = out_init(back, sizeof back);
	struct span rest = span_tail(path, 1);
	while (rest.p != NULL) {
		out_byte(&o, '/');
		put_escaped(&o, span_cut(&rest, '/'));
	}
	must(http_path_decode(guarded(1, out_span_of(&o)), &to), "the escaped path is one");
	must(span_eq(out_span_of(&to), path), "and the same");
}

static void decode_path(struct span raw, struct dice *d)
{
	static uint8_t to[FUZZ_MAX], less[FUZZ_MAX];
	struct out o = out_init(to, raw.n);
	bool good = http_path_decode(raw, &o);
	must(!o.over, "as many bytes of room as the raw path has are enough");
	http_media_type(raw);
	if (!good)
		return;
	check_path(out_span_of(&o));
	must(http_media_type(out_span_of(&o)).n > 0, "a type");
	if (raw.n > 0)
		escape_and_decode(out_span_of(&o));
	struct out small = out_init(less, roll(d, o.n + 1));
	good = http_path_decode(raw, &small);
	must(good != small.over && (!good || span_eq(out_span_of(&small), out_span_of(&o))),
	     "with less room: the same or over");
}

static void query(struct span raw, struct span key, size_t cap)
{
	uint8_t to[FUZZ_MAX];
	struct out o = out_init(to, cap);
	out_byte(&o, 'x');
	struct out before = o;
	int rc = http_query_get(raw, key, &o);
	must(rc == 1 || rc == 0 || rc == HTTP_ETARGET, "a verdict: %d", rc);
	must(rc != 1 || (o.n - before.n <= raw.n && !o.over), "no longer than the query");
	must(rc == 1 || (o.n == before.n && o.over == before.over), "nothing, nothing written");
}

/* Any bytes as key and value, escaped into a query, are found in it. */
static void build_query(struct span key, struct span value)
{
	static uint8_t text[FUZZ_MAX * 7], to[FUZZ_MAX];
	struct out o = out_init(text, sizeof text), got = out_init(to, sizeof to);
	out_str(&o, "&&");
	put_escaped(&o, key);
	out_str(&o, "x=1&");
	put_escaped(&o, key);
	out_byte(&o, '=');
	put_escaped(&o, value);
	out_byte(&o, '&');
	must(http_query_get(guarded(1, out_span_of(&o)), key, &got) == 1, "it is found");
	must(span_eq(out_span_of(&got), value), "as it was");
}

FUZZ(http_path)
{
	struct span in = guarded(0, span_of(data, size)), rest = in;
	struct dice d = dice_of(in);
	if (size > FUZZ_MAX)
		return 0;
	struct span path = span_cut(&rest, '?');
	decode_path(path, &d);
	decode_path(in, &d);
	query(rest, SPAN("a"), FUZZ_MAX);
	query(rest, SPAN("a"), 1 + roll(&d, 8));
	query(rest, path, FUZZ_MAX);
	if (path.n > 0)
		build_query(path, rest);
	return 0;
}
