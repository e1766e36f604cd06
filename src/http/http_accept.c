#include "http/http_accept.h"

#include "http/http_scan.h"

static bool is_token(struct span s)
{
	return s.n > 0 && http_skip(s.p, s.p + s.n, HTTP_C_TOKEN) == s.p + s.n;
}

/* qvalue (12.4.2): 0 or 1, and up to three decimals, which after 1 are 0. In thousandths. */
static bool get_quality(struct span s, unsigned *q)
{
	unsigned sum = 0, scale = 1000;
	if (s.n == 0 || s.n > 5 || (s.n > 1 && s.p[1] != '.'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (i == 1)
			continue;
		if (!http_is(s.p[i], HTTP_C_DIGIT))
			return false;
		sum += (s.p[i] - '0') * scale;
		scale /= 10;
	}
	if (sum > 1000)
		return false;
	*q = sum;
	return true;
}

/* The older names of two codings (8.4.1.1, 8.4.1.3). */
static struct span coding_name(struct span s)
{
	bool old = span_eq_nocase(s, SPAN("x-gzip")) || span_eq_nocase(s, SPAN("x-compress"));
	return span_tail(s, old ? 2 : 0);
}

/* codings [ weight ]. No part of it may be quoted, so that commas are always between elements. */
static bool get_coding(struct span element, struct span *name, unsigned *q)
{
	*q = 1000;
	*name = span_trim(span_cut(&element, ';'));
	if (!is_token(*name))
		return false;
	if (element.p == NULL)
		return true;
	element = span_trim(element);
	return span_eq_nocase(span_head(element, 2), SPAN("q=")) &&
	       get_quality(span_tail(element, 2), q);
}

/* What Accept-Encoding has said so far; -1 nothing. */
struct codings {
	struct span asked;
	int named, any;
};

static void take_codings(struct codings *c, struct span list)
{
	while (list.p != NULL && c->named < 0) {
		struct span name;
		unsigned q;
		if (!get_coding(span_trim(span_cut(&list, ',')), &name, &q))
			continue;
		if (span_eq_nocase(coding_name(name), c->asked))
			c->named = (int)q;
		else if (c->any < 0 && span_eq(name, SPAN("*")))
			c->any = (int)q;
	}
}

unsigned http_accepts_coding(const struct http_head *h, struct span coding)
{
	struct codings c = {coding_name(coding), -1, -1};
	bool plain = span_eq_nocase(coding, SPAN("identity"));
	if ((h->has >> HTTP_F_ACCEPT_ENCODING & 1) == 0)
		return plain ? 1000 : 0;
	for (unsigned i = 0; i < h->fields; i++)
		if (h->known[i] == HTTP_F_ACCEPT_ENCODING)
			take_codings(&c, http_value(h, i));
	if (c.named >= 0)
		return (unsigned)c.named;
	return c.any >= 0 ? (unsigned)c.any : plain;
}

/* An element of a list whose elements may hold quoted strings, with commas in them. */
static struct span cut_element(struct span *rest)
{
	struct span all = *rest;
	bool quoted = false;
	for (size_t i = 0; i < all.n; i++) {
		if (all.p[i] == '"') {
			quoted = !quoted;
		} else if (quoted && all.p[i] == '\\') {
			i++;
		} else if (!quoted && all.p[i] == ',') {
			*rest = span_tail(all, i + 1);
			return span_trim(span_head(all, i));
		}
	}
	*rest = SPAN_NONE;
	return span_trim(all);
}

struct param {
	struct span name, value; /* of a quoted string what is between the quotes */
	bool quoted;
};

/* The end of the quoted-string (5.6.4) at [p], or NULL. */
static const uint8_t *skip_quoted(const uint8_t *p, const uint8_t *end)
{
	for (p++;; p++) {
		p = http_skip(p, end, HTTP_C_QUOTED);
		if (p == end)
			return NULL;
		if (*p == '"')
			return p + 1;
		if (*p != '\\' || ++p == end || !http_is(*p, HTTP_C_VALUE))
			return NULL;
	}
}

/* name "=" ( token / quoted-string ) at the front of *rest. */
static bool get_param(struct span *rest, struct param *out)
{
	const uint8_t *p = rest->p, *end = p + rest->n, *value;
	p = http_skip(p, end, HTTP_C_TOKEN);
	out->name = (struct span){rest->p, (size_t)(p - rest->p)};
	if (out->name.n == 0 || p == end || *p != '=')
		return false;
	value = ++p;
	out->quoted = p < end && *p == '"';
	if (out->quoted) {
		p = skip_quoted(p, end);
		if (p == NULL)
			return false;
		out->value = (struct span){value + 1, (size_t)(p - value) - 2};
	} else {
		p = http_skip(p, end, HTTP_C_TOKEN);
		out->value = (struct span){value, (size_t)(p - value)};
		if (p == value)
			return false;
	}
	*rest = span_tail(*rest, (size_t)(p - rest->p));
	return true;
}

/* The next of *( OWS ";" OWS [ parameter ] ): 1, 0 at the end, -1 malformed. */
static int next_param(struct span *rest, struct param *p)
{
	for (;;) {
		*rest = span_trim(*rest);
		if (rest->n == 0)
			return 0;
		if (rest->p[0] != ';')
			return -1;
		*rest = span_trim(span_tail(*rest, 1));
		if (rest->n > 0 && rest->p[0] != ';')
			return get_param(rest, p) ? 1 : -1;
	}
}

/* The next byte of a value as its quoted-string means it, capitals made small; -1 at the end. */
static int next_byte(struct span *s)
{
	if (s->n > 1 && s->p[0] == '\\') /* in a token there is none */
		*s = span_tail(*s, 1);
	if (s->n == 0)
		return -1;
	uint8_t c = s->p[0];
	*s = span_tail(*s, 1);
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool same_value(struct span a, struct span b)
{
	int c;
	do {
		c = next_byte(&a);
		if (c != next_byte(&b))
			return false;
	} while (c >= 0);
	return true;
}

/* A media type or range (8.3.1, 12.5.1). */
struct media {
	struct span type, subtype;
	struct span params; /* not yet judged */
};

static bool get_media(struct span s, struct media *m)
{
	m->type = span_cut(&s, '/');
	if (!is_token(m->type) || s.n == 0)
		return false;
	size_t n = (size_t)(http_skip(s.p, s.p + s.n, HTTP_C_TOKEN) - s.p);
	m->subtype = span_head(s, n);
	m->params = span_tail(s, n);
	return n > 0;
}

static bool has_param(struct span params, const struct param *want)
{
	struct param p;
	while (next_param(&params, &p) > 0)
		if (span_eq_nocase(p.name, want->name))
			return same_value(p.value, want->value);
	return false;
}

/* One element of Accept, held against a type. */
struct answer {
	bool applies;
	unsigned rank; /* how specific */
	unsigned q;
};

/* Judges all parameters, also of a range that does not apply; "q" at most once is the weight. */
static bool take_params(struct span params, const struct media *asked, struct answer *a)
{
	struct param p;
	bool weighed = false;
	int rc = next_param(&params, &p);
	for (; rc > 0; rc = next_param(&params, &p)) {
		if (!span_eq_nocase(p.name, SPAN("q"))) {
			a->applies = a->applies && has_param(asked->params, &p);
			a->rank++;
			continue;
		}
		if (weighed || p.quoted || !get_quality(p.value, &a->q))
			return false;
		weighed = true;
	}
	return rc == 0;
}

/* More than the parameters of any head. */
#define RANK_TYPE 0x10000u

static bool weigh(struct span element, const struct media *asked, struct answer *a)
{
	const struct span any = SPAN("*");
	struct media range;
	if (!get_media(element, &range))
		return false;
	bool any_type = span_eq(range.type, any), any_subtype = span_eq(range.subtype, any);
	if (any_type && !any_subtype)
		return false;
	a->applies = (any_type || span_eq_nocase(range.type, asked->type)) &&
		     (any_subtype || span_eq_nocase(range.subtype, asked->subtype));
	a->rank = any_type ? 1 : any_subtype ? RANK_TYPE : 2 * RANK_TYPE;
	a->q = 1000;
	return take_params(range.params, asked, a);
}

/* The best so far in *best; false when no element was well-formed. */
static bool weigh_list(struct span list, const struct media *asked, struct answer *best)
{
	bool said = false;
	while (list.p != NULL) {
		struct answer a;
		if (!weigh(cut_element(&list), asked, &a))
			continue;
		said = true;
		if (a.applies && a.rank > best->rank)
			*best = a;
	}
	return said;
}

unsigned http_accepts_type(const struct http_head *h, struct span type)
{
	struct answer best = {false, 0, 0};
	struct media asked;
	bool said = false;
	if ((h->has >> HTTP_F_ACCEPT & 1) == 0)
		return 1000;
	if (!get_media(span_trim(type), &asked))
		asked = (struct media){SPAN_NONE, SPAN_NONE, SPAN_NONE};
	for (unsigned i = 0; i < h->fields; i++)
		if (h->known[i] == HTTP_F_ACCEPT)
			said = weigh_list(http_value(h, i), &asked, &best) || said;
	return said ? best.q : 1000;
}
