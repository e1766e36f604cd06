#include "fuzz/fuzz.h"
#include "services/common/json.h"

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct span trimmed(struct span s)
{
	while (s.n > 0 && is_space(s.p[0]))
		s = span_tail(s, 1);
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* In strings there is no control character, and outside of them blanks and ASCII only. */
static void check_bytes(struct span document)
{
	bool quoted = false;
	for (size_t i = 0; i < document.n; i++) {
		uint8_t c = document.p[i];
		must(c >= ' ' || (!quoted && is_space(c)), "byte %u at %zu", c, i);
		must(quoted || c < 0x7f, "byte %u at %zu, outside of a string", c, i);
		i += quoted && c == '\\';
		quoted = quoted != (c == '"');
	}
	must(!quoted, "a string that ends");
}

/* No part of a document in brackets is a document. */
static void check_cuts(struct span document)
{
	struct span inside = trimmed(document);
	if (inside.p[0] != '{' && inside.p[0] != '[' && inside.p[0] != '"')
		return;
	for (size_t n = 0; n < inside.n; n += 1 + inside.n / 64)
		must(json_check(guarded(1, span_head(inside, n))) < 0, "cut at %zu", n);
}

/* A document as a member of another is found as it was. */
static void nest(struct span document, int rc)
{
	static uint8_t buf[FUZZ_MAX + 64];
	struct out o = out_init(buf, sizeof buf);
	struct json_value v;
	out_str(&o, "{\"a\":0, \"\\u0061\" :");
	out_span(&o, document);
	out_str(&o, " ,\"b\":[]}");
	int got = json_get(guarded(1, out_span_of(&o)), SPAN("a"), &v);
	must(got == JSON_FOUND || (got < 0 && (rc < 0 || got == JSON_EDEPTH)), "nested: %d", got);
	if (got != JSON_FOUND || rc < 0)
		return; /* `1,"c":2` alone is none, but there it is */
	struct span want = trimmed(document);
	if (v.type == JSON_STRING)
		want = span_of(want.p + 1, want.n - 2);
	must(span_eq(v.raw, want), "the member is the document");
}

static void write_and_read(struct span text)
{
	static uint8_t buf[FUZZ_MAX * 6 + 2], back[FUZZ_MAX * 3], again[FUZZ_MAX * 6 + 2];
	struct out o = out_init(buf, sizeof buf), to = out_init(back, sizeof back);
	struct out twice = out_init(again, sizeof again);
	json_put_string(&o, text);
	must(!o.over, "at most 6 bytes for one");
	struct span string = guarded(1, out_span_of(&o));
	must(json_check(string) == JSON_VALID, "any text is a string");
	json_put_text(&to, span_of(string.p + 1, string.n - 2));
	must(!to.over && to.n <= text.n * 3, "and back");
	json_put_string(&twice, out_span_of(&to));
	must(span_eq(out_span_of(&twice), out_span_of(&o)), "and the same string again");
	must(to.n != text.n || memchr(text.p, 0xef, text.n) != NULL || to.n == 0 ||
		     memcmp(back, text.p, to.n) == 0 || memchr(back, 0xef, to.n) != NULL,
	     "well-formed text comes back as it was");
}

static void look_up(struct span document, int rc)
{
	static const char *const keys[] = {"a", "index", "", "\xc3\xa9"};
	for (size_t i = 0; i < COUNT(keys); i++) {
		static uint8_t buf[FUZZ_MAX * 3];
		struct out o = out_init(buf, sizeof buf);
		struct json_value v;
		int got = json_get(document, span_str(keys[i]), &v);
		must(rc > 0 || got == rc, "get says %d, check %d", got, rc);
		must(rc < 0 || got >= 0 || got == JSON_ENOTOBJECT, "get says %d", got);
		if (got != JSON_FOUND)
			continue;
		must(is_inside(v.raw, document), "a value is inside");
		if (v.type != JSON_STRING)
			must(json_check(guarded(1, v.raw)) == JSON_VALID, "and one of its own");
		else
			json_put_text(&o, v.raw);
		must(!o.over && (v.escaped || o.n == 0 || span_eq(out_span_of(&o), v.raw)),
		     "a text without escapes is its own");
	}
}

FUZZ(json)
{
	struct span in = guarded(0, span_of(data, size));
	if (size > FUZZ_MAX)
		return 0;
	int rc = json_check(in);
	must(rc == JSON_VALID || rc == JSON_ESYNTAX || rc == JSON_EDEPTH, "a verdict: %d", rc);
	if (rc > 0) {
		check_bytes(in);
		check_cuts(in);
	}
	nest(in, rc);
	look_up(in, rc);
	write_and_read(in);
	return 0;
}
