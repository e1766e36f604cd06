#include "fuzz/http_made.h"
#include "http/http_accept.h"

static const struct made_name names[] = {{'e', "Accept-Encoding"}, {'a', "Accept"}, {0, NULL}};

static unsigned coding(const struct http_head *h, const char *name)
{
	unsigned q = http_accepts_coding(h, guarded(0, span_str(name)));
	must(q <= 1000, "%s: %u of 1000", name, q);
	return q;
}

static unsigned type(const struct http_head *h, const char *name)
{
	unsigned q = http_accepts_type(h, guarded(0, span_str(name)));
	must(q <= 1000, "%s: %u of 1000", name, q);
	return q;
}

FUZZ(http_accept)
{
	static const char *const codings[] = {"gzip", "br", "identity"};
	static const char *const types[] = {"text/html", "TEXT/HTML; charset=utf-8", "image/a;q=1"};
	static struct http_head h;
	unsigned before[COUNT(codings)], plain;
	struct span lines = span_of(data, size);
	if (size > FUZZ_MAX || !make_head(lines, "GET", names, false, NULL, &h))
		return 0;
	for (size_t i = 0; i < COUNT(codings); i++)
		before[i] = coding(&h, codings[i]);
	must(coding(&h, "GZIP") == before[0] && coding(&h, "x-gzip") == before[0], "one coding");
	for (size_t i = 0; i < COUNT(types); i++)
		type(&h, types[i]);
	plain = type(&h, "text/html");
	must(type(&h, "TEXT/html") == plain, "types without case");
	if (make_head(lines, "GET", names, true, NULL, &h))
		for (size_t i = 0; i < COUNT(codings); i++)
			must(coding(&h, codings[i]) == before[i], "several lines are one list");
	/* Of two elements for the same thing the first counts. */
	if (make_head(lines, "GET", names, false,
		      "Accept-Encoding: gzip;q=0.123, *;q=0.456\r\nAccept: text/html;q=0.321\r\n",
		      &h)) {
		must(coding(&h, "gzip") == 123, "the first element for a coding");
		must(coding(&h, "no token") == 456, "the first element for all others");
		must(type(&h, "text/html") == 321, "the first element for a type");
	}
	return 0;
}
