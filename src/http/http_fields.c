#include "http/http_scan.h"

/* In the order of their lengths, so that length_at[n] is the first of length n. */
static const struct {
	char name[20];
	uint8_t kind;
} known[] = {
	{"te", HTTP_F_TE},
	{"host", HTTP_F_HOST},
	{"date", HTTP_F_DATE},
	{"range", HTTP_F_RANGE},
	{"accept", HTTP_F_ACCEPT},
	{"expect", HTTP_F_EXPECT},
	{"server", HTTP_F_SERVER},
	{"upgrade", HTTP_F_UPGRADE},
	{"trailer", HTTP_F_TRAILER},
	{"if-range", HTTP_F_IF_RANGE},
	{"if-match", HTTP_F_IF_MATCH},
	{"forwarded", HTTP_F_FORWARDED},
	{"connection", HTTP_F_CONNECTION},
	{"keep-alive", HTTP_F_KEEP_ALIVE},
	{"content-type", HTTP_F_CONTENT_TYPE},
	{"x-request-id", HTTP_F_X_REQUEST_ID},
	{"if-none-match", HTTP_F_IF_NONE_MATCH},
	{"content-length", HTTP_F_CONTENT_LENGTH},
	{"accept-encoding", HTTP_F_ACCEPT_ENCODING},
	{"x-forwarded-for", HTTP_F_X_FORWARDED_FOR},
	{"x-forwarded-host", HTTP_F_X_FORWARDED_HOST},
	{"x-forwarded-port", HTTP_F_X_FORWARDED_PORT},
	{"proxy-connection", HTTP_F_PROXY_CONNECTION},
	{"transfer-encoding", HTTP_F_TRANSFER_ENCODING},
	{"x-forwarded-proto", HTTP_F_X_FORWARDED_PROTO},
	{"if-modified-since", HTTP_F_IF_MODIFIED_SINCE},
	{"if-unmodified-since", HTTP_F_IF_UNMODIFIED_SINCE},
};
static const uint8_t length_at[] = {
	0, 0, 0, 1, 1, 3, 4, 7, 9, 11, 12, 14, 14, 16, 17, 18, 20, 23, 26, 26, 27,
};
#define LENGTHS (sizeof length_at - 1)

_Static_assert(HTTP_F_KINDS <= 32, "h.has has 32 bits");
_Static_assert(sizeof known / sizeof *known == HTTP_F_KINDS - 1, "each kind has one name");

/*
 * Setting bit 5 makes letters small and leaves '-'; no other tchar becomes one of these so.
 * Words instead of bytes, the last one overlapping: this runs for every field of every message.
 */
static bool same8(const uint8_t *p, const char *small)
{
	uint64_t a, b;
	memcpy(&a, p, 8);
	memcpy(&b, small, 8);
	return (a | UINT64_MAX / 255 * 0x20) == b;
}

static bool same4(const uint8_t *p, const char *small)
{
	uint32_t a, b;
	memcpy(&a, p, 4);
	memcpy(&b, small, 4);
	return (a | UINT32_MAX / 255 * 0x20) == b;
}

static bool is_name(const uint8_t *p, size_t n, const char *small)
{
	if (n >= 8) {
		return same8(p, small) && (n <= 16 || same8(p + 8, small + 8)) &&
		       same8(p + n - 8, small + n - 8);
	}
	if (n >= 4)
		return same4(p, small) && same4(p + n - 4, small + n - 4);
	return n == 2 && (p[0] | 0x20) == small[0] && (p[1] | 0x20) == small[1]; /* te */
}

static enum http_known known_of(const uint8_t *name, size_t n)
{
	if (n >= LENGTHS)
		return HTTP_F_OTHER;
	for (size_t i = length_at[n]; i < length_at[n + 1]; i++)
		if (is_name(name, n, known[i].name))
			return (enum http_known)known[i].kind;
	return HTTP_F_OTHER;
}

static int take_length(struct http_head *h, struct span value)
{
	const uint32_t before = 1u << HTTP_F_CONTENT_LENGTH | 1u << HTTP_F_TRANSFER_ENCODING;
	if ((h->has & before) != 0)
		return HTTP_ELENGTH;
	return dec_u64(value, &h->length) && h->length <= INT64_MAX ? 1 : HTTP_ELENGTH;
}

/* Nothing may follow chunked, itself included; an empty element is not worth two readings. */
static int take_codings(struct http_facts *f, struct http_head *h, struct span list)
{
	if ((h->has >> HTTP_F_CONTENT_LENGTH & 1) != 0)
		return HTTP_ELENGTH;
	if (h->minor == 0)
		return HTTP_ETRANSFER;
	while (list.p != NULL) {
		struct span coding = span_trim(span_cut(&list, ','));
		if (coding.n == 0 || f->chunked)
			return HTTP_ETRANSFER;
		f->chunked = span_eq_nocase(coding, SPAN("chunked"));
		f->other_coding = f->other_coding || !f->chunked;
	}
	return 1;
}

static void take_connection(struct http_facts *f, struct span list)
{
	while (list.p != NULL) {
		struct span option = span_trim(span_cut(&list, ','));
		if (span_eq_nocase(option, SPAN("keep-alive")))
			f->keep_alive = true;
		else if (span_eq_nocase(option, SPAN("close")))
			f->close = true;
		else if (span_eq_nocase(option, SPAN("upgrade")))
			f->upgrade = true;
	}
}

/* Means nothing in 1.0 (9110, 10.1.1). */
static int take_expect(struct http_facts *f, const struct http_head *h, struct span list)
{
	while (h->minor > 0 && list.p != NULL) {
		struct span one = span_trim(span_cut(&list, ','));
		if (one.n > 0 && !span_eq_nocase(one, SPAN("100-continue")))
			return HTTP_EEXPECT;
		f->expect = f->expect || one.n > 0;
	}
	return 1;
}

static int take_host(struct http_head *h, struct span value)
{
	if ((h->has >> HTTP_F_HOST & 1) != 0 || !http_valid_host(value, false))
		return HTTP_EHOST;
	if (h->host.p == NULL)
		h->host = value;
	return 1;
}

static int take_field(struct http_facts *f, struct http_head *h, enum http_known kind,
		      struct span value)
{
	switch (kind) {
	case HTTP_F_HOST:
		return f->response ? 1 : take_host(h, value);
	case HTTP_F_CONTENT_LENGTH:
		return f->tunnel ? 1 : take_length(h, value);
	case HTTP_F_TRANSFER_ENCODING:
		return f->tunnel ? 1 : take_codings(f, h, value);
	case HTTP_F_CONNECTION:
		take_connection(f, value);
		return 1;
	case HTTP_F_EXPECT:
		return f->response ? 1 : take_expect(f, h, value);
	default:
		return 1;
	}
}

/* Why a field's name ended at [c], which is no colon. */
static int bad_name(uint8_t c)
{
	return http_is_blank(c) || c == '\r' || c == '\n' ? HTTP_ELINE : HTTP_EFIELD;
}

static int record(struct http_reader *r, struct span name, struct span value)
{
	struct http_head *h = r->h;
	enum http_known kind = known_of(name.p, name.n);
	struct http_field *f = &h->field[h->fields];
	f->name = (uint16_t)(name.p - h->at);
	f->value = (uint16_t)(value.p - h->at);
	f->name_n = (uint16_t)name.n;
	f->value_n = (uint16_t)value.n;
	h->known[h->fields++] = (uint8_t)kind;
	int rc = 1;
	if (kind != HTTP_F_OTHER && kind <= HTTP_F_UPGRADE)
		rc = take_field(&r->facts, h, kind, value);
	h->has |= 1u << kind;
	return rc;
}

static int read_field(struct http_reader *r)
{
	const uint8_t *end = r->end, *p = http_skip(r->p, end, HTTP_C_TOKEN);
	if (p == end)
		return HTTP_MORE;
	struct span name = {r->p, (size_t)(p - r->p)};
	if (*p != ':')
		return bad_name(*p);
	if (name.n == 0)
		return HTTP_EFIELD;
	for (p++; p < end && http_is_blank(*p);)
		p++;
	struct span value = {p, 0};
	p = http_skip_value(p, end);
	int rc = http_line_end(p, end, HTTP_EFIELD);
	if (rc <= 0)
		return rc;
	r->p = p + 2;
	while (p > value.p && http_is_blank(p[-1]))
		p--;
	value.n = (size_t)(p - value.p);
	return record(r, name, value);
}

/* The field lines and the empty one. A line that begins with a blank is obs-fold (9112, 5.2). */
int http_read_fields(struct http_reader *r)
{
	for (;;) {
		if (r->p == r->end)
			return HTTP_MORE;
		if (*r->p == '\r' || *r->p == '\n') {
			int rc = http_line_end(r->p, r->end, HTTP_ELINE);
			r->p += rc > 0 ? 2 : 0;
			return rc;
		}
		if (r->h->fields == r->fields)
			return HTTP_EFIELDS;
		int rc = read_field(r);
		if (rc <= 0)
			return rc;
	}
}

/* 9112, 9.3 */
static void settle_connection(const struct http_facts *f, struct http_head *h)
{
	h->keep_alive = !f->close && (h->minor > 0 || f->keep_alive);
	h->upgrade = h->minor > 0 && f->upgrade && (h->has >> HTTP_F_UPGRADE & 1) != 0;
}

int http_settle_request(const struct http_facts *f, struct http_head *h)
{
	const uint32_t tells = 1u << HTTP_F_CONTENT_LENGTH | 1u << HTTP_F_TRANSFER_ENCODING |
			       1u << HTTP_F_CONNECTION | 1u << HTTP_F_EXPECT;
	if (h->minor > 0 && (h->has >> HTTP_F_HOST & 1) == 0)
		return HTTP_EHOST;
	h->keep_alive = h->minor > 0;
	if ((h->has & tells) == 0)
		return 1;
	if ((h->has >> HTTP_F_TRANSFER_ENCODING & 1) != 0) {
		if (!f->chunked) /* no end could be known (9112, 6.3) */
			return HTTP_ETRANSFER;
		if (f->other_coding)
			return HTTP_ECODING;
		h->framing = HTTP_CHUNKED;
	} else if ((h->has >> HTTP_F_CONTENT_LENGTH & 1) != 0) {
		h->framing = HTTP_LENGTH;
	}
	settle_connection(f, h);
	h->expect_continue = f->expect && (h->framing == HTTP_CHUNKED || h->length > 0);
	return 1;
}

int http_settle_response(const struct http_facts *f, enum http_method asked, struct http_head *h)
{
	settle_connection(f, h);
	if (f->other_coding)
		return HTTP_ECODING;
	if (f->tunnel || h->status == 101)
		h->keep_alive = false; /* what follows is no HTTP message */
	else if (asked == HTTP_HEAD || h->status < 200 || h->status == 204 || h->status == 304)
		h->framing = HTTP_NO_BODY;
	else if (f->chunked)
		h->framing = HTTP_CHUNKED;
	else if ((h->has >> HTTP_F_CONTENT_LENGTH & 1) != 0)
		h->framing = HTTP_LENGTH;
	else
		h->framing = HTTP_UNTIL_CLOSE;
	h->keep_alive = h->keep_alive && h->framing != HTTP_UNTIL_CLOSE;
	return 1;
}
