/* Every byte in every place, against the grammar written out here a second time. */
#include "harness/tap.h"
#include "http/http.h"

#include <string.h>

static bool in(int c, const char *set)
{
	return c != 0 && strchr(set, c) != NULL;
}

static bool is_alnum(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_tchar(int c) /* 9110, 5.6.2 */
{
	return is_alnum(c) || in(c, "!#$%&'*+-.^_`|~");
}

static bool is_value(int c) /* 9110, 5.5 */
{
	return c == '\t' || (c >= 0x20 && c <= 0x7e) || c >= 0x80;
}

static bool is_host(int c) /* RFC 3986, 3.2.2: unreserved and sub-delims */
{
	return is_alnum(c) || in(c, "-._~!$&'()*+,;=");
}

static bool is_path(int c)
{
	return is_host(c) || in(c, ":@/[]|^");
}

static bool is_query(int c)
{
	return is_path(c) || in(c, "?{}`\\");
}

static bool is_qdtext(int c) /* 9110, 5.6.4 */
{
	return c == '\t' || c == ' ' || c == 0x21 || (c >= 0x23 && c <= 0x5b) ||
	       (c >= 0x5d && c <= 0x7e) || c >= 0x80;
}

static bool is_hex(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Bytes that end the place they stand in, and leave something that is right in another way. */
static bool is_name(int c)
{
	return is_tchar(c) || c == ':';
}

static bool is_extension(int c)
{
	return is_tchar(c) || c == ';';
}

static bool is_quoted(int c)
{
	return is_qdtext(c) || c == '\\';
}

static bool is_target(int c)
{
	return is_path(c) || c == '?';
}

static const char *text; /* '\1' stands for the byte */

static bool accepts(int c)
{
	char wire[128];
	struct http_head h;
	size_t n = strlen(text);
	memcpy(wire, text, n);
	*(char *)memchr(wire, 1, n) = (char)c;
	return http_read_request(span_of(wire, n), &http_default_limits, &h) > 0;
}

static bool accepts_body(int c)
{
	char wire[128];
	struct http_body b;
	struct http_head h = {.framing = HTTP_CHUNKED};
	struct span piece;
	size_t n = strlen(text);
	memcpy(wire, text, n);
	*(char *)memchr(wire, 1, n) = (char)c;
	http_body_init(&b, &h, &http_default_limits);
	return http_body_next(&b, span_of(wire, n), &piece) > 0 && b.done;
}

static void every_byte(const char *name, const char *wire, bool (*takes)(int), bool (*want)(int))
{
	bool good = true;
	text = wire;
	for (int c = 0; c < 256; c++)
		good = check(takes(c) == want(c), "%s: byte 0x%02x", name, (unsigned)c) && good;
	ok(good, "%s: each of 256 bytes", name);
}

int main(void)
{
	every_byte("9110-9.1 method", "G\1T / HTTP/1.1\r\nHost: a\r\n\r\n", accepts, is_tchar);
	every_byte("9110-5.1 field name", "GET / HTTP/1.1\r\nHost: a\r\nA\1B: c\r\n\r\n", accepts,
		   is_name);
	every_byte("9110-5.5 field value", "GET / HTTP/1.1\r\nHost: a\r\nA: b\1c\r\n\r\n", accepts,
		   is_value);
	every_byte("9110-5.5 field value, in a block",
		   "GET / HTTP/1.1\r\nHost: a\r\nA: bbbbb\1ccccccccccccccccccc\r\n\r\n", accepts,
		   is_value);
	every_byte("9112-3.2.1 query", "GET /?a\1b HTTP/1.1\r\nHost: a\r\n\r\n", accepts, is_query);
	every_byte("9112-3.2.1 path", "GET /a\1b HTTP/1.1\r\nHost: a\r\n\r\n", accepts, is_target);
	every_byte("3986-3.2.2 host", "GET / HTTP/1.1\r\nHost: a\1a\r\n\r\n", accepts, is_host);
	every_byte("3986-2.1 escape, first digit", "GET /%\1a HTTP/1.1\r\nHost: a\r\n\r\n", accepts,
		   is_hex);
	every_byte("3986-2.1 escape, second digit", "GET /%a\1 HTTP/1.1\r\nHost: a\r\n\r\n",
		   accepts, is_hex);
	every_byte("9112-7.1.1 extension name", "0;a\1a=b\r\n\r\n", accepts_body, is_extension);
	every_byte("9112-7.1.1 quoted value", "0;a=\"b\1c\"\r\n\r\n", accepts_body, is_quoted);
	every_byte("9110-5.6.4 quoted pair", "0;a=\"b\\\1c\"\r\n\r\n", accepts_body, is_value);
	every_byte("9112-7.1.2 trailer name", "0\r\nA\1B: c\r\n\r\n", accepts_body, is_name);
	every_byte("9112-7.1.2 trailer value", "0\r\nA: b\1c\r\n\r\n", accepts_body, is_value);
	return done();
}
