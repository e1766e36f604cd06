#include "fuzz/http_heads.h"

/* The reason is not kept: it has no meaning (RFC 9112, section 4), and the writer has its own. */
static void write_and_read(const struct reading *r, const struct http_head *h)
{
	static uint8_t buf[8192];
	static struct http_head back;
	struct out o = out_init(buf, sizeof buf);
	http_put_status_line(&o, h->status);
	put_rest(&o, h, 7);
	struct span text = guarded(1, out_span_of(&o));
	int rc = http_read_response(text, &wide, r->asked, &back);
	must(rc > 0 && (size_t)rc == text.n, "what was written is read: %s", http_strerror(rc));
	same_head(h, &back);
	must(h->status == back.status, "the same status");
}

static void check_answer(const struct reading *r, const struct http_head *h, struct span wire)
{
	bool bare = h->status < 200 || h->status == 204 || h->status == 304;
	must(h->status >= 100 && h->status <= 599 && is_inside(h->reason, wire), "a status");
	must(!bare || h->framing == HTTP_NO_BODY, "no body after %u", h->status);
	must(r->asked != HTTP_HEAD || h->framing == HTTP_NO_BODY, "no body for HEAD");
}

FUZZ(http_response)
{
	static struct http_head h;
	const enum http_method asked[] = {HTTP_GET, HTTP_HEAD, HTTP_CONNECT};
	struct span wire = span_of(data, size);
	struct dice d = dice_of(wire);
	if (size > FUZZ_MAX)
		return 0;
	for (size_t i = 0; i <= COUNT(asked); i++) {
		struct reading r = {&http_default_limits, true, HTTP_GET};
		if (i == COUNT(asked))
			r.lim = &tight;
		else
			r.asked = asked[i];
		if (i == 0 || i == COUNT(asked))
			every_cut(&r, wire, &d);
		drip(&r, wire, &d);
		struct span in = guarded(2, wire);
		if (read_head(&r, in, &h) <= 0)
			continue;
		must(h.n <= r.lim->head && h.fields <= r.lim->fields, "limits");
		check_fields(&h, in);
		check_lines(span_of(h.at, h.n));
		check_framing(&r, &h);
		check_length(&r, &h);
		check_answer(&r, &h, in);
		write_and_read(&r, &h);
	}
	return 0;
}
