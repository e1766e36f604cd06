#include "http/http_scan.h"

static bool is_token(struct span s)
{
	return s.n > 0 && http_skip(s.p, s.p + s.n, HTTP_C_TOKEN) == s.p + s.n;
}

/* Visible bytes only: a target may be a foreign one that is passed on as it came. */
static bool is_visible(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return false;
	return s.n > 0;
}

static bool is_value(struct span s)
{
	return s.n == 0 || http_skip_value(s.p, s.p + s.n) == s.p + s.n;
}

static void refuse(struct out *o)
{
	o->over = true;
}

void http_put_request_line(struct out *o, struct span method, struct span target)
{
	if (!is_token(method) || !is_visible(target)) {
		refuse(o);
		return;
	}
	out_span(o, method);
	out_byte(o, ' ');
	out_span(o, target);
	out_mem(o, " HTTP/1.1\r\n", 11);
}

void http_put_status_line(struct out *o, unsigned status)
{
	if (status < 100 || status > 999) {
		refuse(o);
		return;
	}
	out_mem(o, "HTTP/1.1 ", 9);
	out_fixed(o, status, 3);
	out_byte(o, ' ');
	out_str(o, http_reason(status));
	out_mem(o, "\r\n", 2);
}

void http_put_field(struct out *o, struct span name, struct span value)
{
	if (!is_token(name) || !is_value(value)) {
		refuse(o);
		return;
	}
	uint8_t *at = out_room(o, name.n + value.n + 4);
	if (at == NULL)
		return;
	memcpy(at, name.p, name.n);
	at += name.n;
	*at++ = ':';
	*at++ = ' ';
	if (value.n > 0)
		memcpy(at, value.p, value.n);
	at += value.n;
	*at++ = '\r';
	*at = '\n';
}

void http_put_field_u64(struct out *o, struct span name, uint64_t value)
{
	uint8_t buf[20];
	http_put_field(o, name, dec_put(buf, value));
}

void http_put_head_end(struct out *o)
{
	out_mem(o, "\r\n", 2);
}

void http_put_chunk_begin(struct out *o, size_t n)
{
	if (n == 0) { /* would end the body */
		refuse(o);
		return;
	}
	out_hex(o, n);
	out_mem(o, "\r\n", 2);
}

void http_put_chunk_end(struct out *o)
{
	out_mem(o, "\r\n", 2);
}

void http_put_last_chunk(struct out *o)
{
	out_mem(o, "0\r\n\r\n", 5);
}
