#include "services/web/web.h"

/*
 * What the browser may do with what it gets from us. The page in the binary has no inline script or
 * style and talks to its own origin only; builds of React and the like have inline styles, images
 * in data: URLs, and workers and sources of their own. Cross-Origin-Opener-Policy is not among
 * them: over plain HTTP browsers ignore it, and say so as an error in the console.
 */
#define OWN_CSP                                                                     \
	"default-src 'none'; script-src 'self'; style-src 'self'; "                 \
	"img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; " \
	"frame-ancestors 'none'"
#define ANY_CSP                                                                              \
	"default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " \
	"font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "    \
	"frame-ancestors 'none'"

#define HASH_MIN 8 /* letters of a hash in a name: what Vite, webpack and Parcel make */

static const struct web_config *config;
static uint8_t common[WEB_FIELDS_MAX];
static size_t common_n;

struct rule {
	struct span pattern, name, value;
};

static struct span trimmed(struct span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\r'))
		s = span_tail(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r'))
		s.n--;
	return s;
}

/* The next rule of the text; false at its end. Empty ones are passed over. */
static bool next_rule(struct span *rest, struct rule *r)
{
	struct span line = SPAN_NONE;
	while (rest->p != NULL && line.n == 0) {
		size_t bar = span_find(*rest, '|'), newline = span_find(*rest, '\n');
		line = trimmed(span_cut(rest, bar < newline ? '|' : '\n'));
	}
	r->pattern = span_cut(&line, ' ');
	r->name = trimmed(span_cut(&line, ':'));
	r->value = line.p != NULL ? trimmed(line) : SPAN_NONE;
	return r->pattern.n > 0;
}

/* '*' is any run of bytes; the last one seen takes one more whenever the rest does not fit. */
static bool matches(struct span pattern, struct span path)
{
	size_t p = 0, s = 0, star = SIZE_MAX, mark = 0;
	while (s < path.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			mark = s;
		} else if (p < pattern.n && pattern.p[p] == path.p[s]) {
			p++;
			s++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			s = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

/* Empty [path]: only rules for all paths. */
static bool applies(const struct rule *r, struct span path)
{
	if (path.n == 0)
		return (span_eq(r->pattern, SPAN("*")) || span_eq(r->pattern, SPAN("/*"))) &&
		       !span_eq_nocase(r->name, SPAN("Cache-Control"));
	return matches(r->pattern, path);
}

static bool find_rule(struct span path, struct span name, const uint8_t *before, struct rule *r)
{
	struct span rest = span_str(config->headers.s);
	while (next_rule(&rest, r) && r->name.p != before)
		if (applies(r, path) && span_eq_nocase(r->name, name))
			return true;
	return false;
}

static void put_default(struct out *o, struct span path, struct span name, struct span value)
{
	struct rule r;
	if (value.n > 0 && !find_rule(path, name, NULL, &r))
		http_put_field(o, name, value);
}

static void put_rules(struct out *o, struct span path)
{
	struct span rest = span_str(config->headers.s);
	struct rule r, earlier;
	while (next_rule(&rest, &r))
		if (applies(&r, path) && r.value.n > 0 &&
		    !find_rule(path, r.name, r.name.p, &earlier))
			http_put_field(o, r.name, r.value);
}

static struct span csp(void)
{
	struct span text = span_str(config->csp.s);
	if (span_eq_nocase(text, SPAN("off")))
		return SPAN_NONE;
	if (text.n > 0)
		return text;
	return config->root.s[0] != '\0' ? SPAN(ANY_CSP) : SPAN(OWN_CSP);
}

static void put_all(struct out *o, struct span path, struct span cache)
{
	put_default(o, path, SPAN("Content-Security-Policy"), csp());
	put_default(o, path, SPAN("X-Content-Type-Options"), SPAN("nosniff"));
	put_default(o, path, SPAN("Referrer-Policy"), SPAN("no-referrer"));
	put_default(o, path, SPAN("Cache-Control"), cache);
	put_rules(o, path);
}

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static bool is_small(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

/*
 * Whether [s] looks drawn by lot, and not like a word ("overview"), a date ("2024-01-15") or a
 * version ("release2"): capitals behind small letters, or digits and letters in turns, or
 * hexadecimal with both. A hash that fails to look so costs a 304.
 */
static bool is_hash(struct span s)
{
	unsigned turns = 0, letters = 0, digits = 0, capitals = 0;
	bool hex = true;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool digit = c >= '0' && c <= '9';
		if (!is_letter(c))
			return false;
		digits += digit;
		letters += !digit && c != '-' && c != '_';
		hex = hex && (digit || (c >= 'a' && c <= 'f'));
		if (i == 0)
			continue;
		turns += digit != (s.p[i - 1] >= '0' && s.p[i - 1] <= '9');
		capitals += c >= 'A' && c <= 'Z' && is_small(s.p[i - 1]);
	}
	return s.n >= HASH_MIN && letters > 0 &&
	       (capitals > 0 || (digits > 0 && (hex || turns > 1)));
}

/* NAME-HASH.EXT or NAME.HASH.EXT, and endings behind it: the content can't change. */
static bool is_hashed(struct span path)
{
	size_t name = path.n;
	while (name > 0 && path.p[name - 1] != '/')
		name--;
	for (size_t i = name + 1; i < path.n; i++) {
		struct span rest = span_tail(path, i + 1);
		size_t dot = span_find(rest, '.');
		if ((path.p[i] == '-' || path.p[i] == '.') && dot < rest.n &&
		    is_hash(span_head(rest, dot)))
			return true;
	}
	return false;
}

/* All else has to be asked for: it costs a 304, while an hour of an old file costs a puzzle. */
void fields_put(void *unused, struct span path, struct out *o)
{
	(void)unused;
	put_all(o, path,
		is_hashed(path) ? SPAN("public, max-age=31536000, immutable") : SPAN("no-cache"));
}

void fields_init(const struct web_config *from)
{
	struct out o = out_init(common, sizeof common);
	config = from;
	put_all(&o, SPAN_NONE, SPAN_NONE);
	common_n = o.n;
}

struct span fields_common(void)
{
	return span_of(common, common_n);
}

/* What an answer is made of is not for rules to say. */
static bool is_ours(struct span name)
{
	static const char names[] =
		"Content-Length,Content-Encoding,Content-Type,Content-Range,Transfer-Encoding,"
		"Connection,Keep-Alive,Upgrade,Trailer,Date,ETag,Last-Modified,Location,Vary,"
		"Accept-Ranges,Allow";
	struct span rest = span_str(names);
	while (rest.p != NULL)
		if (span_eq_nocase(span_cut(&rest, ','), name))
			return true;
	return false;
}

const char *fields_mistake(struct span rules)
{
	struct rule r;
	while (next_rule(&rules, &r)) {
		uint8_t buf[WEB_TEXT_MAX + 8];
		struct out o = out_init(buf, sizeof buf);
		if (r.pattern.p[0] != '/' && r.pattern.p[0] != '*')
			return "patterns that begin with / or *";
		if (r.value.p == NULL)
			return "rules PATTERN Name: value, with | between them";
		http_put_field(&o, r.name, r.value);
		if (o.over)
			return "names and values that a field may have";
		if (is_ours(r.name))
			return "no field that belongs to the answer itself, such as Content-Length";
	}
	return NULL;
}
