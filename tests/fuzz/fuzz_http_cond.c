#include "fuzz/http_made.h"
#include "http/http_cond.h"

#define NOW 1750000000u
#define AT 784111777u

static const struct made_name names[] = {
	{'m', "If-Match"},
	{'n', "If-None-Match"},
	{'s', "If-Modified-Since"},
	{'u', "If-Unmodified-Since"},
	{'r', "Range"},
	{'i', "If-Range"},
	{0, NULL},
};
static const struct made_name tags[] = {{'m', "If-Match"}, {'n', "If-None-Match"}, {0, NULL}};

static const struct http_validators versions[] = {
	{{(const uint8_t *)"\"a\"", 3}, AT},
	{{(const uint8_t *)"W/\"a\"", 5}, 0},
	{{NULL, 0}, AT},
};

static bool has(const struct http_head *h, enum http_known kind)
{
	return (h->has >> kind & 1) != 0;
}

static void check_range(const struct http_head *h, const struct http_validators *v)
{
	bool get = h->method == HTTP_GET;
	bool range = http_if_range(h, v, NOW);
	must(!range || get, "a range of GET only");
	unsigned ranges = 0;
	for (unsigned i = 0; i < h->fields; i++)
		ranges += h->known[i] == HTTP_F_RANGE;
	must(!range || ranges <= 1, "one Range only");
	if (get && ranges == 1 && !has(h, HTTP_F_IF_RANGE))
		must(range, "a range without a condition");
}

static bool is_star(const struct http_head *h)
{
	for (unsigned i = 0; i < h->fields; i++)
		if (h->known[i] == HTTP_F_IF_MATCH && span_eq(http_value(h, i), SPAN("*")))
			return true;
	return false;
}

static enum http_verdict judge(const struct http_head *h, const struct http_validators *v)
{
	bool reads = h->method == HTTP_GET || h->method == HTTP_HEAD;
	bool any = has(h, HTTP_F_IF_MATCH) || has(h, HTTP_F_IF_NONE_MATCH) ||
		   has(h, HTTP_F_IF_MODIFIED_SINCE) || has(h, HTTP_F_IF_UNMODIFIED_SINCE);
	enum http_verdict verdict = http_conditions(h, v, NOW);
	must(verdict <= HTTP_PRECONDITION_FAILED, "a verdict");
	must(any || verdict == HTTP_PROCEED, "no condition, no verdict");
	must(verdict != HTTP_NOT_MODIFIED || reads, "304 to GET and HEAD only");
	must(h->method != HTTP_OPTIONS || verdict == HTTP_PROCEED, "OPTIONS has no conditions");
	if (v == NULL && has(h, HTTP_F_IF_MATCH) && h->method != HTTP_OPTIONS)
		must(verdict == HTTP_PRECONDITION_FAILED, "nothing matches nothing");
	if (v != NULL && v->etag.n > 3 && has(h, HTTP_F_IF_MATCH) && h->method != HTTP_OPTIONS)
		must(verdict == HTTP_PRECONDITION_FAILED || is_star(h), "a weak tag has no match");
	if (v != NULL)
		check_range(h, v);
	return verdict;
}

/* If-None-Match compares weakly: strong or weak is the same. */
static void weak_and_strong(struct span lines)
{
	static const struct made_name none_match[] = {{'n', "If-None-Match"}, {0, NULL}};
	static struct http_head h;
	if (!make_head(lines, "GET", none_match, false, NULL, &h))
		return;
	enum http_verdict strong = judge(&h, &versions[0]), weak = judge(&h, &versions[1]);
	must(strong == weak, "a weak tag is as good: %u, %u", strong, weak);
}

/* A tag that begins in one line and ends in the next is none, but would be when they are joined. */
static bool quotes_match(struct span lines)
{
	while (lines.p != NULL) {
		struct span line = span_cut(&lines, '\n');
		size_t quotes = 0;
		for (size_t i = 0; i < line.n; i++)
			quotes += line.p[i] == '"';
		if (quotes % 2 != 0)
			return false;
	}
	return true;
}

FUZZ(http_cond)
{
	static const char *const methods[] = {"GET", "HEAD", "PUT", "OPTIONS"};
	static struct http_head h;
	struct span lines = span_of(data, size);
	if (size > FUZZ_MAX)
		return 0;
	weak_and_strong(lines);
	for (size_t i = 0; i <= COUNT(versions); i++) {
		const struct http_validators *v = i < COUNT(versions) ? &versions[i] : NULL;
		enum http_verdict got[COUNT(methods)];
		for (size_t m = 0; m < COUNT(methods); m++) {
			if (!make_head(lines, methods[m], names, false, NULL, &h))
				return 0;
			got[m] = judge(&h, v);
		}
		must(got[0] == got[1], "GET and HEAD are the same");
		if (!quotes_match(lines) || !make_head(lines, "PUT", tags, false, NULL, &h))
			continue;
		got[0] = judge(&h, v);
		must(make_head(lines, "PUT", tags, true, NULL, &h), "joined lists are a head");
		must(judge(&h, v) == got[0], "several lines are one list");
	}
	return 0;
}
