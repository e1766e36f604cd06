#include "http/http_scan.h"

static uint32_t lesser(size_t a, uint32_t b)
{
	return a < b ? (uint32_t)a : b;
}

static void start(struct http_reader *r, struct span in, const struct http_limits *lim,
		  struct http_head *h)
{
	/* What may stay as it is. One by one: compilers make a slow string instruction of a memset.
	 */
	h->at = in.p;
	h->has = 0;
	h->expect_continue = h->upgrade = false;
	h->framing = HTTP_NO_BODY;
	h->length = 0;
	h->query = SPAN_NONE;
	h->host = SPAN_NONE;
	h->reason = SPAN_NONE;
	h->status = 0;
	h->fields = 0;
	*r = (struct http_reader){.p = in.p, .h = h};
	r->head = lesser(lim->head, HTTP_HEAD_MAX);
	r->line = lesser(lim->line, r->head);
	r->fields = lesser(lim->fields, HTTP_FIELDS_MAX);
	r->end = in.p + lesser(in.n, r->line);
}

static enum http_method method_of(const uint8_t *p, size_t n)
{
	switch (n) {
	case 3:
		return memcmp(p, "GET", 3) == 0   ? HTTP_GET
		       : memcmp(p, "PUT", 3) == 0 ? HTTP_PUT
						  : HTTP_OTHER;
	case 4:
		return memcmp(p, "POST", 4) == 0   ? HTTP_POST
		       : memcmp(p, "HEAD", 4) == 0 ? HTTP_HEAD
						   : HTTP_OTHER;
	case 5:
		return memcmp(p, "PATCH", 5) == 0   ? HTTP_PATCH
		       : memcmp(p, "TRACE", 5) == 0 ? HTTP_TRACE
						    : HTTP_OTHER;
	case 6:
		return memcmp(p, "DELETE", 6) == 0 ? HTTP_DELETE : HTTP_OTHER;
	case 7:
		return memcmp(p, "OPTIONS", 7) == 0   ? HTTP_OPTIONS
		       : memcmp(p, "CONNECT", 7) == 0 ? HTTP_CONNECT
						      : HTTP_OTHER;
	default:
		return HTTP_OTHER;
	}
}

static int read_method(struct http_reader *r)
{
	if (r->end - r->p >= 4 && memcmp(r->p, "GET ", 4) == 0) {
		r->h->method_name = (struct span){r->p, 3};
		r->h->method = HTTP_GET;
		r->p += 4;
		return 1;
	}
	const uint8_t *p = http_skip(r->p, r->end, HTTP_C_TOKEN);
	size_t n = (size_t)(p - r->p);
	if (n > HTTP_METHOD_MAX)
		return HTTP_ELONGMETHOD;
	if (p == r->end)
		return HTTP_MORE;
	if (n == 0 || *p != ' ')
		return HTTP_EMETHOD;
	r->h->method_name = (struct span){r->p, n};
	r->h->method = method_of(r->p, n);
	r->p = p + 1;
	return 1;
}

/* An escape at [p]: 1 when it is whole, HTTP_MORE at the end of the bytes. */
static int read_escape(const uint8_t *p, const uint8_t *end)
{
	for (int i = 1; i <= 2; i++) {
		if (end - p == i)
			return HTTP_MORE;
		if (!http_is(p[i], HTTP_C_HEX))
			return HTTP_ETARGET;
	}
	return 1;
}

/* Judges the bytes and finds the query; the form is judged when the line is complete. */
static int read_target(struct http_reader *r)
{
	const uint8_t *p = r->p, *query = NULL;
	unsigned class = HTTP_C_PATH;
	for (;;) {
		p = http_skip(p, r->end, class);
		if (p == r->end)
			return HTTP_MORE;
		if (*p == ' ' && p > r->p)
			break;
		if (*p == '%') {
			int rc = read_escape(p, r->end);
			if (rc <= 0)
				return rc;
			p += 3;
		} else if (*p == '?') { /* the first: further ones are of the query's class */
			query = ++p;
			class = HTTP_C_QUERY;
		} else {
			return *p == '\r' || *p == '\n' ? HTTP_ELINE : HTTP_ETARGET;
		}
	}
	r->h->target = (struct span){r->p, (size_t)(p - r->p)};
	r->h->path = r->h->target;
	if (query != NULL) {
		r->h->path.n = (size_t)(query - r->p) - 1;
		r->h->query = (struct span){query, (size_t)(p - query)};
	}
	r->p = p + 1;
	return 1;
}

/* Holds the bytes against a shape, in which '0' stands for any digit. */
static int read_shape(struct http_reader *r, const char *shape, int error)
{
	for (; *shape != 0; shape++, r->p++) {
		if (r->p == r->end)
			return HTTP_MORE;
		if (*shape == '0' ? !http_is(*r->p, HTTP_C_DIGIT) : *r->p != (uint8_t)*shape)
			return error;
	}
	return 1;
}

/* HTTP-version at [p], whose shape is checked. A later minor version is read as 1.1 (9110, 2.5). */
static int take_version(struct http_head *h, const uint8_t *p)
{
	if (p[5] != '1')
		return HTTP_EVERSION;
	h->minor = p[7] != '0';
	return 1;
}

static int read_version(struct http_reader *r)
{
	static const char usual[] = "HTTP/1.1\r\n";
	if (r->end - r->p >= 10 && memcmp(r->p, usual, 10) == 0) {
		r->p += 10;
		r->h->minor = 1;
		return 1;
	}
	const uint8_t *version = r->p;
	int rc = read_shape(r, "HTTP/0.0\r\n", HTTP_ELINE);
	return rc <= 0 ? rc : take_version(r->h, version);
}

static int read_request_line(struct http_reader *r)
{
	int rc = read_method(r);
	if (rc > 0)
		rc = read_target(r);
	if (rc > 0)
		rc = read_version(r);
	if (rc <= 0 || (r->h->path.p[0] == '/' && r->h->method != HTTP_CONNECT))
		return rc;
	return http_split_target(r->h);
}

static int read_status_line(struct http_reader *r)
{
	const uint8_t *p = r->p;
	int rc = read_shape(r, "HTTP/0.0 000", HTTP_ESTATUS);
	if (rc <= 0)
		return rc;
	rc = take_version(r->h, p);
	if (rc <= 0)
		return rc;
	p += 9;
	if (p[0] < '1' || p[0] > '5')
		return HTTP_ESTATUS;
	r->h->status = (uint16_t)((p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0'));
	p += 3;
	if (p < r->end && *p == ' ') {
		const uint8_t *end = http_skip_value(++p, r->end);
		r->h->reason = (struct span){p, (size_t)(end - p)};
		p = end;
	}
	rc = http_line_end(p, r->end, HTTP_ESTATUS);
	r->p = rc > 0 ? p + 2 : p;
	return rc;
}

/*
 * What follows the start line, of which [rc] tells. Each has its limit: a window that is full
 * without an end is an error.
 */
static int read_rest(struct http_reader *r, size_t n, int rc)
{
	if (rc == HTTP_MORE && n >= r->line)
		return HTTP_ELONGLINE;
	if (rc <= 0)
		return rc;
	r->end = r->h->at + lesser(n, r->head);
	rc = http_read_fields(r);
	if (rc == HTTP_MORE && n >= r->head)
		return HTTP_ELONGHEAD;
	r->h->n = (uint32_t)(r->p - r->h->at);
	return rc;
}

int http_read_request(struct span in, const struct http_limits *lim, struct http_head *h)
{
	struct http_reader r;
	struct span s = in;
	if (in.n > 0 && in.p[0] == '\r') {
		int rc = http_line_end(in.p, in.p + in.n, HTTP_ELINE);
		if (rc <= 0)
			return rc;
		s = span_tail(in, 2);
	}
	if (s.n == 0)
		return HTTP_MORE;
	start(&r, s, lim, h);
	int rc = read_rest(&r, s.n, read_request_line(&r));
	if (rc > 0)
		rc = http_settle_request(&r.facts, h);
	return rc <= 0 ? rc : (int)(h->n + (in.n - s.n));
}

int http_read_response(struct span in, const struct http_limits *lim, enum http_method asked,
		       struct http_head *h)
{
	struct http_reader r;
	if (in.n == 0)
		return HTTP_MORE;
	start(&r, in, lim, h);
	h->method = HTTP_OTHER;
	h->method_name = h->target = h->path = SPAN_NONE;
	r.facts.response = true;
	int rc = read_status_line(&r);
	r.facts.tunnel = rc > 0 && asked == HTTP_CONNECT && h->status / 100 == 2;
	rc = read_rest(&r, in.n, rc);
	if (rc > 0)
		rc = http_settle_response(&r.facts, asked, h);
	return rc <= 0 ? rc : (int)h->n;
}

bool http_head_due(struct span in, size_t seen, const struct http_limits *lim)
{
	struct span news = span_tail(in, seen);
	if (seen == 0 || span_find(news, '\n') < news.n)
		return true;
	/* A leading CRLF is not of the head, so that a limit is surely reached two bytes later. */
	size_t line = (size_t)lim->line;
	return (seen < line + 2 && in.n >= line) || in.n >= lesser(lim->head, HTTP_HEAD_MAX);
}
