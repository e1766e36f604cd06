/*
 * http_rows: heads as rows of bytes and what is expected of them, for the tests of src/http.
 *
 * What is expected is a text: the name of an error without HTTP_, "MORE", or what the head says.
 * Each row is run whole and cut after every byte, with its last byte before an unreadable page.
 */
#ifndef TESTS_UNIT_HTTP_ROWS_H
#define TESTS_UNIT_HTTP_ROWS_H

#include "harness/tap.h"
#include "http/http.h"

#include <stdio.h>
#include <string.h>

struct row {
	const char *title;
	const char *wire;
	size_t n;
	const char *want;
};
/* The bytes may hold NUL. */
#define ROW(title, wire, want)                      \
	{                                           \
		title, wire, sizeof(wire) - 1, want \
	}
#define RUN_ROWS(rows, read) run_rows(rows, sizeof(rows) / sizeof *(rows), read)

typedef int read_head(struct span in, struct http_head *h);

static inline const char *error_name(int rc)
{
	static const char *const names[] = {
		"MORE",      "ELINE",     "EMETHOD", "ELONGMETHOD", "ETARGET", "EVERSION",
		"EFIELD",    "EHOST",     "ELENGTH", "ETRANSFER",   "ECODING", "EEXPECT",
		"ELONGLINE", "ELONGHEAD", "EFIELDS", "ECHUNK",      "ESTATUS",
	};
	size_t i = rc > 0 ? sizeof names : (size_t)-rc;
	return i < sizeof names / sizeof *names ? names[i] : "?";
}

static inline void put_text(struct out *o, struct span s)
{
	if (s.p == NULL)
		out_str(o, "-");
	else
		out_span(o, s);
}

/* Everything the head says, fields last: each as "name=value;". */
static inline void put_head(struct out *o, const struct http_head *h)
{
	static const char *const framing[] = {"none", "length ", "chunked", "until close"};
	if (h->status != 0) {
		out_u64(o, h->status);
		out_str(o, " (");
		out_span(o, h->reason);
		out_str(o, ")");
	} else {
		out_span(o, h->method_name);
		out_str(o, " ");
		put_text(o, h->path);
		out_str(o, h->query.p == NULL ? "" : "?");
		out_span(o, h->query);
		out_str(o, " @");
		put_text(o, h->host);
	}
	out_str(o, h->minor == 1 ? " 1.1 " : " 1.0 ");
	out_str(o, h->keep_alive ? "keep " : "close ");
	out_str(o, framing[h->framing]);
	if (h->framing == HTTP_LENGTH)
		out_u64(o, h->length);
	out_str(o, h->expect_continue ? " 100" : "");
	out_str(o, h->upgrade ? " upgrade" : "");
}

static inline void put_fields(struct out *o, const struct http_head *h)
{
	for (unsigned i = 0; i < h->fields; i++) {
		out_span(o, http_name(h, i));
		out_byte(o, '=');
		out_span(o, http_value(h, i));
		out_byte(o, ';');
	}
}

/* What one call says about [in], as text; the head starts as garbage, so that a gap shows. */
static inline int tell(struct span in, read_head *read, int garbage, char *text, size_t cap)
{
	struct http_head h;
	memset(&h, garbage, sizeof h);
	int rc = read(in, &h);
	struct out o = out_init(text, cap - 1);
	if (rc <= 0)
		out_str(&o, error_name(rc));
	else
		put_head(&o, &h);
	text[o.n] = 0;
	return rc;
}

/* The verdict on each prefix: MORE, then the one of the whole, and never a change. */
static inline bool cuts_agree(struct span wire, read_head *read, const char *title)
{
	struct http_head h;
	int before = HTTP_MORE, whole = read(wire, &h);
	for (size_t cut = 0; cut <= wire.n; cut++) {
		int rc = read(guarded(0, span_head(wire, cut)), &h);
		bool good = rc == whole || rc == HTTP_MORE;
		if (before != HTTP_MORE)
			good = rc == before;
		if (rc > 0)
			good = good && cut >= (size_t)rc;
		if (whole > 0 && cut >= (size_t)whole)
			good = good && rc == whole;
		if (!check(good, "%s: cut at %zu says %d, before %d, whole %d", title, cut, rc,
			   before, whole))
			return false;
		before = rc;
	}
	return true;
}

static inline void run_rows(const struct row *rows, size_t n, read_head *read)
{
	for (size_t i = 0; i < n; i++) {
		char got[512], again[512];
		struct span wire = span_of(rows[i].wire, rows[i].n);
		tell(wire, read, 0, got, sizeof got);
		tell(wire, read, 0xff, again, sizeof again);
		cuts_agree(wire, read, rows[i].title);
		if (strcmp(got, again) != 0)
			is_str(again, got, "%s: a part of the head is not set", rows[i].title);
		is_str(got, rows[i].want, "%s", rows[i].title);
	}
}

#endif
