#include "services/common/json.h"

#include <string.h>

#define REPLACEMENT 0xfffd

/*
 * Bytes of the well-formed UTF-8 sequence at the front of [s], 0 when there is none. The second
 * byte has the narrow ranges of RFC 3629 section 4: no overlong forms, no surrogates, nothing
 * above U+10FFFF.
 */
static size_t utf8_length(struct span s)
{
	static const struct {
		uint8_t lead_from, lead_to, from, to, n;
	} forms[] = {
		{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	size_t at = 0;
	while (at < sizeof forms / sizeof *forms && s.p[0] > forms[at].lead_to)
		at++;
	if (at == sizeof forms / sizeof *forms || s.p[0] < forms[at].lead_from || s.n < forms[at].n)
		return 0;
	if (forms[at].n > 1 && (s.p[1] < forms[at].from || s.p[1] > forms[at].to))
		return 0;
	for (size_t i = 2; i < forms[at].n; i++)
		if (s.p[i] >> 6 != 2)
			return 0;
	return forms[at].n;
}

/* Surrogates get three bytes as well: no valid text holds those, so they equal no key. */
static size_t utf8_put(uint8_t to[static 4], uint32_t c)
{
	if (c < 0x80) {
		to[0] = (uint8_t)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--) {
		to[i] = (uint8_t)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	to[0] = (uint8_t)(0xf00 >> n | c);
	return n;
}

/* The letter that follows '\' in a short escape, and what it stands for. */
static const char short_letter[] = "\"\\/bfnrt";
static const char short_stands_for[] = "\"\\/\b\f\n\r\t";

static const char *find_in(const char *list, uint8_t c)
{
	return c == 0 ? NULL : memchr(list, c, sizeof short_letter - 1);
}

void json_put_char(struct out *o, struct span *text)
{
	uint8_t c = text->p[0];
	uint8_t buf[6];
	size_t n = utf8_length(*text), used = n == 0 ? 1 : n;
	const char *short_form = c == '/' ? NULL : find_in(short_stands_for, c);

	if (n == 0) {
		n = utf8_put(buf, REPLACEMENT);
	} else if (short_form != NULL) {
		buf[0] = '\\';
		buf[1] = (uint8_t)short_letter[short_form - short_stands_for];
		n = 2;
	} else if (c < ' ') {
		memcpy(buf, c < 0x10 ? "\\u000" : "\\u001", 5);
		buf[5] = (uint8_t) "0123456789abcdef"[c & 15];
		n = 6;
	} else {
		memcpy(buf, text->p, n);
	}
	out_mem(o, buf, n);
	*text = span_tail(*text, used);
}

void json_put_string(struct out *o, struct span text)
{
	out_byte(o, '"');
	while (text.n > 0 && !o->over)
		json_put_char(o, &text);
	out_byte(o, '"');
}

static uint32_t hex4(const uint8_t *p)
{
	uint64_t v = 0;
	hex_u64(span_of(p, 4), &v);
	return (uint32_t)v;
}

/* Takes one character off the inside of a valid string and returns its UTF-8 length in [to]. */
static size_t take_char(struct span *raw, uint8_t to[static 4])
{
	const uint8_t *p = raw->p;
	if (p[0] != '\\') {
		to[0] = p[0];
		*raw = span_tail(*raw, 1);
		return 1;
	}
	if (p[1] != 'u') {
		to[0] = (uint8_t)short_stands_for[find_in(short_letter, p[1]) - short_letter];
		*raw = span_tail(*raw, 2);
		return 1;
	}
	uint32_t c = hex4(p + 2);
	size_t used = 6;
	if (c >> 10 == 0xd800 >> 10 && raw->n >= 12 && p[6] == '\\' && p[7] == 'u') {
		uint32_t low = hex4(p + 8);
		if (low >> 10 == 0xdc00 >> 10) {
			c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
			used = 12;
		}
	}
	*raw = span_tail(*raw, used);
	return utf8_put(to, c);
}

static bool is_surrogate(const uint8_t *utf8, size_t n)
{
	return n == 3 && utf8[0] == 0xed && utf8[1] >= 0xa0;
}

void json_put_text(struct out *o, struct span raw)
{
	uint8_t buf[4];
	while (raw.n > 0 && !o->over) {
		size_t n = take_char(&raw, buf);
		if (is_surrogate(buf, n))
			n = utf8_put(buf, REPLACEMENT);
		out_mem(o, buf, n);
	}
}

static bool same_text(const struct json_value *name, struct span key)
{
	struct span raw = name->raw;
	uint8_t buf[4];
	if (!name->escaped)
		return span_eq(raw, key);
	while (raw.n > 0) {
		size_t n = take_char(&raw, buf);
		if (!span_starts(key, span_of(buf, n)))
			return false;
		key = span_tail(key, n);
	}
	return key.n == 0;
}

/* A walk over the whole document. Every function below starts at [rest] and moves it on. */
struct walk {
	struct span rest;
	unsigned depth;
	struct span key;
	struct json_value *found; /* NULL when nothing is searched */
	int result;               /* JSON_FOUND once [found] has been filled */
};

static bool next_is(const struct walk *w, uint8_t c)
{
	return w->rest.n > 0 && w->rest.p[0] == c;
}

static bool accept(struct walk *w, uint8_t c)
{
	bool is = next_is(w, c);
	w->rest = span_tail(w->rest, is ? 1 : 0);
	return is;
}

static void skip_blank(struct walk *w)
{
	while (accept(w, ' ') || accept(w, '\t') || accept(w, '\n') || accept(w, '\r'))
		;
}

static bool accept_digits(struct walk *w)
{
	size_t n = 0;
	while (n < w->rest.n && w->rest.p[n] >= '0' && w->rest.p[n] <= '9')
		n++;
	w->rest = span_tail(w->rest, n);
	return n > 0;
}

/* RFC 8259 section 6: no '+', no leading zero, digits on both sides of the point. */
static bool number(struct walk *w)
{
	accept(w, '-');
	if (!accept(w, '0') && !accept_digits(w))
		return false;
	if (accept(w, '.') && !accept_digits(w))
		return false;
	if (!accept(w, 'e') && !accept(w, 'E'))
		return true;
	if (!accept(w, '+'))
		accept(w, '-');
	return accept_digits(w);
}

static bool escape(struct walk *w)
{
	uint64_t ignored;
	if (accept(w, 'u')) {
		struct span digits = span_head(w->rest, 4);
		w->rest = span_tail(w->rest, 4);
		return digits.n == 4 && hex_u64(digits, &ignored);
	}
	bool known = w->rest.n > 0 && find_in(short_letter, w->rest.p[0]) != NULL;
	w->rest = span_tail(w->rest, known ? 1 : 0);
	return known;
}

static bool string(struct walk *w, struct json_value *v)
{
	if (!accept(w, '"'))
		return false;
	v->type = JSON_STRING;
	v->escaped = false;
	struct span from = w->rest;
	while (!next_is(w, '"')) {
		if (w->rest.n == 0 || w->rest.p[0] < ' ')
			return false;
		if (accept(w, '\\')) {
			v->escaped = true;
			if (!escape(w))
				return false;
			continue;
		}
		size_t n = utf8_length(w->rest);
		if (n == 0)
			return false;
		w->rest = span_tail(w->rest, n);
	}
	v->raw = span_head(from, from.n - w->rest.n);
	return accept(w, '"');
}

static int value(struct walk *w, struct json_value *v);

/* The elements from behind '[' up to and with ']'. */
static int array(struct walk *w)
{
	struct json_value element;
	skip_blank(w);
	if (accept(w, ']'))
		return JSON_VALID;
	do {
		int rc = value(w, &element);
		if (rc < 0)
			return rc;
	} while (accept(w, ','));
	return accept(w, ']') ? JSON_VALID : JSON_ESYNTAX;
}

static int member(struct walk *w)
{
	struct json_value name, v;
	skip_blank(w);
	if (!string(w, &name))
		return JSON_ESYNTAX;
	skip_blank(w);
	if (!accept(w, ':'))
		return JSON_ESYNTAX;
	int rc = value(w, &v);
	if (rc > 0 && w->found != NULL && w->depth == 1 && same_text(&name, w->key)) {
		*w->found = v;
		w->result = JSON_FOUND;
	}
	return rc;
}

static int object(struct walk *w)
{
	skip_blank(w);
	if (accept(w, '}'))
		return JSON_VALID;
	do {
		int rc = member(w);
		if (rc < 0)
			return rc;
	} while (accept(w, ','));
	return accept(w, '}') ? JSON_VALID : JSON_ESYNTAX;
}

/* Recursion ends at JSON_DEPTH_MAX: some 10 KiB of stack. */
static int nested(struct walk *w, int inside(struct walk *))
{
	if (w->depth == JSON_DEPTH_MAX)
		return JSON_EDEPTH;
	w->depth++;
	int rc = inside(w);
	w->depth--;
	return rc;
}

static int literal(struct walk *w, struct span word)
{
	if (!span_starts(w->rest, word))
		return JSON_ESYNTAX;
	w->rest = span_tail(w->rest, word.n);
	return JSON_VALID;
}

static int bare_value(struct walk *w, struct json_value *v)
{
	switch (w->rest.n > 0 ? w->rest.p[0] : 0) {
	case '[':
		accept(w, '[');
		v->type = JSON_ARRAY;
		return nested(w, array);
	case '{':
		accept(w, '{');
		v->type = JSON_OBJECT;
		return nested(w, object);
	case 't':
		v->type = JSON_BOOL;
		return literal(w, SPAN("true"));
	case 'f':
		v->type = JSON_BOOL;
		return literal(w, SPAN("false"));
	case 'n':
		v->type = JSON_NULL;
		return literal(w, SPAN("null"));
	default:
		v->type = JSON_NUMBER;
		return number(w) ? JSON_VALID : JSON_ESYNTAX;
	}
}

/* One value and the white space on both sides of it. */
static int value(struct walk *w, struct json_value *v)
{
	skip_blank(w);
	int rc;
	if (next_is(w, '"')) {
		rc = string(w, v) ? JSON_VALID : JSON_ESYNTAX;
	} else {
		struct span from = w->rest;
		v->escaped = false;
		rc = bare_value(w, v);
		v->raw = span_head(from, from.n - w->rest.n);
	}
	skip_blank(w);
	return rc;
}

static int document_value(struct walk *w, struct json_value *v)
{
	int rc = value(w, v);
	return rc < 0 ? rc : w->rest.n > 0 ? JSON_ESYNTAX : JSON_VALID;
}

int json_check(struct span document)
{
	struct walk w = {.rest = document};
	struct json_value v;
	return document_value(&w, &v);
}

int json_get(struct span document, struct span key, struct json_value *v)
{
	struct json_value whole, found;
	struct walk w = {.rest = document, .key = key, .found = &found, .result = JSON_MISSING};
	int rc = document_value(&w, &whole);
	if (rc < 0)
		return rc;
	if (whole.type != JSON_OBJECT)
		return JSON_ENOTOBJECT;
	if (w.result == JSON_FOUND)
		*v = found;
	return w.result;
}

const char *json_strerror(int rc)
{
	switch (rc) {
	case JSON_VALID:
		return "valid JSON";
	case JSON_MISSING:
		return "no such member";
	case JSON_ESYNTAX:
		return "not valid JSON";
	case JSON_EDEPTH:
		return "JSON nested too deeply";
	case JSON_ENOTOBJECT:
		return "not a JSON object";
	}
	return "unknown error of JSON";
}
