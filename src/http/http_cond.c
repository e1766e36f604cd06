#include "http/http_cond.h"

#include "http/http_scan.h"

static bool has(const struct http_head *h, enum http_known kind)
{
	return (h->has >> kind & 1) != 0;
}

/* The value of a field that is no list; false when it is absent or stands on several lines. */
static bool get_single(const struct http_head *h, enum http_known kind, struct span *value)
{
	unsigned lines = 0;
	if (!has(h, kind))
		return false;
	for (unsigned i = 0; i < h->fields; i++) {
		if (h->known[i] != kind)
			continue;
		*value = http_value(h, i);
		lines++;
	}
	return lines == 1;
}

/*
 * entity-tag (8.8.3) at the front of [s]: its bytes, 0 when there is none. A tag may hold commas,
 * and backslashes that escape nothing.
 */
static size_t tag_length(struct span s)
{
	size_t i = span_starts(s, SPAN("W/")) ? 2 : 0;
	if (i == s.n || s.p[i] != '"')
		return 0;
	for (i++; i < s.n; i++) {
		if (s.p[i] == '"')
			return i + 1;
		if (s.p[i] <= ' ' || s.p[i] == 0x7f)
			return 0;
	}
	return 0;
}

enum comparison {
	STRONG,
	WEAK,
};

/* 8.8.3.2 */
static bool same_tag(struct span a, struct span b, enum comparison how)
{
	const struct span mark = SPAN("W/");
	bool a_weak = span_starts(a, mark), b_weak = span_starts(b, mark);
	if (how == STRONG && (a_weak || b_weak))
		return false;
	return span_eq(span_tail(a, a_weak ? 2 : 0), span_tail(b, b_weak ? 2 : 0));
}

enum match {
	NO_MATCH,
	MATCH,
	MALFORMED,
};

/* #entity-tag in one line (5.6.1.2: empty elements count for nothing). */
static enum match match_line(struct span list, struct span etag, enum comparison how)
{
	enum match result = NO_MATCH;
	while (list.n > 0) {
		size_t n = tag_length(list);
		if (n > 0 && same_tag(span_head(list, n), etag, how))
			result = MATCH;
		list = span_trim(span_tail(list, n));
		if (list.n == 0)
			break;
		if (list.p[0] != ',')
			return MALFORMED;
		list = span_trim(span_tail(list, 1));
	}
	return result;
}

/* "*" or #entity-tag over all lines of the field: "*" is alone, or it is malformed. */
static enum match match_field(const struct http_head *h, enum http_known kind,
			      const struct http_validators *v, enum comparison how)
{
	struct span etag = v == NULL ? SPAN_NONE : v->etag, value;
	enum match result = NO_MATCH;
	if (get_single(h, kind, &value) && span_eq(value, SPAN("*")))
		return v != NULL ? MATCH : NO_MATCH;
	for (unsigned i = 0; i < h->fields; i++) {
		if (h->known[i] != kind)
			continue;
		enum match line = match_line(http_value(h, i), etag, how);
		if (line == MALFORMED)
			return MALFORMED;
		result = line == MATCH ? MATCH : result;
	}
	return result;
}

/* The date to compare v->modified with; false when the field is absent or to be ignored. */
static bool get_since(const struct http_head *h, enum http_known kind,
		      const struct http_validators *v, uint64_t now, uint64_t *since)
{
	struct span value;
	return v != NULL && v->modified != 0 && get_single(h, kind, &value) &&
	       http_get_date(value, now, since);
}

/* If-Match, or where that is absent If-Unmodified-Since. */
static bool may_act(const struct http_head *h, const struct http_validators *v, uint64_t now)
{
	uint64_t since;
	if (has(h, HTTP_F_IF_MATCH))
		return match_field(h, HTTP_F_IF_MATCH, v, STRONG) == MATCH;
	if (get_since(h, HTTP_F_IF_UNMODIFIED_SINCE, v, now, &since))
		return v->modified <= since;
	return true;
}

/* If-None-Match, or where that is absent If-Modified-Since, of a GET or HEAD. */
static bool is_known(const struct http_head *h, const struct http_validators *v, uint64_t now)
{
	uint64_t since;
	if (has(h, HTTP_F_IF_NONE_MATCH))
		return match_field(h, HTTP_F_IF_NONE_MATCH, v, WEAK) == MATCH;
	if (get_since(h, HTTP_F_IF_MODIFIED_SINCE, v, now, &since))
		return v->modified <= since;
	return false;
}

enum http_verdict http_conditions(const struct http_head *h, const struct http_validators *v,
				  uint64_t now)
{
	const uint32_t any = 1u << HTTP_F_IF_MATCH | 1u << HTTP_F_IF_UNMODIFIED_SINCE |
			     1u << HTTP_F_IF_NONE_MATCH | 1u << HTTP_F_IF_MODIFIED_SINCE;
	if ((h->has & any) == 0 || h->method == HTTP_CONNECT || h->method == HTTP_OPTIONS ||
	    h->method == HTTP_TRACE)
		return HTTP_PROCEED;
	if (!may_act(h, v, now))
		return HTTP_PRECONDITION_FAILED;
	if (h->method == HTTP_GET || h->method == HTTP_HEAD)
		return is_known(h, v, now) ? HTTP_NOT_MODIFIED : HTTP_PROCEED;
	if (has(h, HTTP_F_IF_NONE_MATCH) &&
	    match_field(h, HTTP_F_IF_NONE_MATCH, v, WEAK) != NO_MATCH)
		return HTTP_PRECONDITION_FAILED;
	return HTTP_PROCEED;
}

bool http_if_range(const struct http_head *h, const struct http_validators *v, uint64_t now)
{
	struct span value;
	uint64_t date;
	if (h->method != HTTP_GET)
		return false;
	if (has(h, HTTP_F_RANGE) && !get_single(h, HTTP_F_RANGE, &value))
		return false;
	if (!has(h, HTTP_F_IF_RANGE))
		return true;
	if (!get_single(h, HTTP_F_IF_RANGE, &value))
		return false;
	if (tag_length(value) > 0)
		return same_tag(value, v->etag, STRONG);
	return v->modified != 0 && v->modified < now && http_get_date(value, now, &date) &&
	       date == v->modified;
}
