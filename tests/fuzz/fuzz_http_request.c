#include "fuzz/http_heads.h"

static void check_request(const struct http_head *h, struct span wire)
{
	must(h->status == 0 && is_inside(h->target, wire) && h->target.n > 0, "a target");
	must(is_inside(h->query, wire) && is_inside(h->host, wire), "views into the input");
	must(h->method_name.n > 0 && h->method_name.n <= HTTP_METHOD_MAX, "a method");
	must((h->path.p == NULL) == (h->method == HTTP_CONNECT), "a path but for CONNECT");
	must(h->path.p == NULL || h->path.p[0] == '/' || span_eq(h->path, SPAN("*")), "path");
	must(h->host.p != NULL || h->minor == 0, "1.1 has a host");
	must(!h->expect_continue || h->framing != HTTP_NO_BODY, "100 for a body only");
}

static void write_and_read(const struct http_head *h)
{
	static uint8_t buf[8192], again[8192];
	static struct http_head back;
	struct out o = out_init(buf, sizeof buf), twice = out_init(again, sizeof again);
	http_put_request_line(&o, h->method_name, h->target);
	put_rest(&o, h, o.n - 3);
	struct span text = guarded(1, out_span_of(&o));
	int rc = http_read_request(text, &wide, &back);
	must(rc > 0 && (size_t)rc == text.n, "what was written is read: %s", http_strerror(rc));
	same_head(h, &back);
	must(h->method == back.method && span_eq(h->method_name, back.method_name), "method");
	must(span_eq(h->target, back.target) && span_eq(h->path, back.path), "target, path");
	must(span_eq(h->query, back.query) && span_eq(h->host, back.host), "query, host");
	must((h->query.p == NULL) == (back.query.p == NULL), "an empty query is one");
	http_put_request_line(&twice, back.method_name, back.target);
	put_rest(&twice, &back, twice.n - 3);
	must(span_eq(out_span_of(&twice), text), "written again it is the same");
}

FUZZ(http_request)
{
	static struct http_head h;
	const struct http_limits *const limits[] = {&http_default_limits, &tight};
	struct span wire = span_of(data, size);
	struct dice d = dice_of(wire);
	if (size > FUZZ_MAX)
		return 0;
	for (size_t i = 0; i < COUNT(limits); i++) {
		struct reading r = {.lim = limits[i]};
		every_cut(&r, wire, &d);
		drip(&r, wire, &d);
		struct span in = guarded(2, wire);
		int rc = read_head(&r, in, &h);
		if (rc <= 0)
			continue;
		must(h.n <= r.lim->head && h.fields <= r.lim->fields, "limits");
		check_fields(&h, in);
		check_lines(span_of(h.at, h.n));
		check_framing(&r, &h);
		check_length(&r, &h);
		check_request(&h, in);
		write_and_read(&h);
	}
	return 0;
}
