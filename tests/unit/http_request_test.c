#include "unit/http_rows.h"

#define HOST "Host: a\r\n"
/* A request line and nothing else of note. */
#define LINE(title, line, want) ROW(title, line "\r\n" HOST "\r\n", want)
#define TARGET(title, target, want) LINE(title, "GET " target " HTTP/1.1", want)
#define HOSTED(title, value, want) ROW(title, "GET / HTTP/1.1\r\nHost:" value "\r\n\r\n", want)

static int read(struct span in, struct http_head *h)
{
	return http_read_request(in, &http_default_limits, h);
}

static const struct row lines[] = {
	LINE("9112-3 plain request", "GET / HTTP/1.1", "GET / @a 1.1 keep none"),
	ROW("9112-2.1 nothing but the start", "GET / HT", "MORE"),
	ROW("9112-2.1 the last CRLF is missing", "GET / HTTP/1.1\r\nHost: a\r\n", "MORE"),
	ROW("9112-2.1 bytes after the head are left", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET \001",
	    "GET / @a 1.1 keep none"),
	ROW("9112-2.2 one leading CRLF is passed over", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
	    "GET / @a 1.1 keep none"),
	ROW("9112-2.2 a second leading CRLF is not", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
	    "EMETHOD"),
	ROW("9112-2.2 leading bare LF", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "EMETHOD"),
	ROW("9112-2.2 leading bare CR", "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", "ELINE"),
	ROW("9112-2.2 line ends with bare LF", "GET / HTTP/1.1\nHost: a\n\n", "ELINE"),
	ROW("9112-2.2 bare CR in the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n", "ELINE"),
	ROW("9112-2.2 bare CR before CRLF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "ELINE"),
	ROW("9112-2.2 blank before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "ELINE"),
	ROW("9112-2.2 tab before the first field", "GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", "ELINE"),
	ROW("9112-2.2 TLS on a plain port", "\026\003\001\002\000\001\000", "EMETHOD"),
	ROW("9112-3 empty line only", "\r\n", "MORE"),
	LINE("9112-3 two blanks after the method", "GET  / HTTP/1.1", "ETARGET"),
	LINE("9112-3 two blanks before the version", "GET /  HTTP/1.1", "ELINE"),
	LINE("9112-3 tab after the method", "GET\t/ HTTP/1.1", "EMETHOD"),
	LINE("9112-3 tab before the version", "GET /\tHTTP/1.1", "ETARGET"),
	LINE("9112-3 blank after the version", "GET / HTTP/1.1 ", "ELINE"),
	LINE("9112-3 blank before the method", " GET / HTTP/1.1", "EMETHOD"),
	LINE("9112-3 blank in the target", "GET /a b HTTP/1.1", "ELINE"),
	LINE("9112-3 no target", "GET HTTP/1.1", "ELINE"),
	LINE("9112-3 HTTP/0.9 has no version", "GET /", "ELINE"),
	LINE("9112-3 method only", "GET", "EMETHOD"),
	LINE("9112-3.1 the other methods are tokens", "brew!#$%&'*+-.^_`|~9 / HTTP/1.1",
	     "brew!#$%&'*+-.^_`|~9 / @a 1.1 keep none"),
	LINE("9112-3.1 methods are case-sensitive", "get / HTTP/1.1", "get / @a 1.1 keep none"),
	LINE("9112-3.1 method with a slash", "G/T / HTTP/1.1", "EMETHOD"),
	LINE("9112-3.1 method with a colon", "GET: / HTTP/1.1", "EMETHOD"),
	LINE("9112-3.1 method above 0x7F", "G\303\211T / HTTP/1.1", "EMETHOD"),
	ROW("9112-3.1 method with NUL", "G\000T / HTTP/1.1\r\nHost: a\r\n\r\n", "EMETHOD"),
	LINE("9112-3.1 method of 24 bytes", "ABCDEFGHIJKLMNOPQRSTUVWX / HTTP/1.1",
	     "ABCDEFGHIJKLMNOPQRSTUVWX / @a 1.1 keep none"),
	LINE("9112-3.1 method of 25 bytes", "ABCDEFGHIJKLMNOPQRSTUVWXY / HTTP/1.1", "ELONGMETHOD"),
	LINE("9112-3.1 method without an end", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	     "ELONGMETHOD"),
	ROW("9112-2.3 HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET / @- 1.0 close none"),
	LINE("9110-2.5 a later minor version is 1.1", "GET / HTTP/1.2", "GET / @a 1.1 keep none"),
	LINE("9110-2.5 minor version 9", "GET / HTTP/1.9", "GET / @a 1.1 keep none"),
	LINE("9110-15.6.6 major version 2", "GET / HTTP/2.0", "EVERSION"),
	LINE("9110-15.6.6 major version 0", "GET / HTTP/0.9", "EVERSION"),
	ROW("9113-3.4 preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "EVERSION"),
	LINE("9112-2.3 two digits", "GET / HTTP/1.10", "ELINE"),
	LINE("9112-2.3 two major digits", "GET / HTTP/11.1", "ELINE"),
	LINE("9112-2.3 no minor version", "GET / HTTP/1", "ELINE"),
	LINE("9112-2.3 no dot", "GET / HTTP/11", "ELINE"),
	LINE("9112-2.3 small letters", "GET / http/1.1", "ELINE"),
	LINE("9112-2.3 another name", "GET / HTTQ/1.1", "ELINE"),
	LINE("9112-2.3 a letter for a digit", "GET / HTTP/1.x", "ELINE"),
	LINE("9112-2.3 sign", "GET / HTTP/+1.1", "ELINE"),
};

static const struct row targets[] = {
	TARGET("9112-3.2.1 origin-form with query", "/a/b?c=d&e",
	       "GET /a/b?c=d&e @a 1.1 keep none"),
	TARGET("9112-3.2.1 empty query", "/a?", "GET /a? @a 1.1 keep none"),
	TARGET("9112-3.2.1 question marks in the query", "/?a?b/c", "GET /?a?b/c @a 1.1 keep none"),
	TARGET("9112-3.2.1 empty segments", "//b//", "GET //b// @a 1.1 keep none"),
	TARGET("9112-3.2.1 no slash", "a", "ETARGET"),
	TARGET("9112-3.2.1 query only", "?a", "ETARGET"),
	TARGET("9112-3.2.1 relative", "../a", "ETARGET"),
	TARGET("3986-3.3 every pchar", "/az09-._~!$&'()*+,;=:@%2F",
	       "GET /az09-._~!$&'()*+,;=:@%2F @a 1.1 keep none"),
	TARGET("3986-3.5 fragment", "/a#b", "ETARGET"),
	TARGET("3986-3.5 fragment in the query", "/a?b#c", "ETARGET"),
	TARGET("3986-2.1 escape without digits", "/%", "ETARGET"),
	TARGET("3986-2.1 escape with one digit", "/%2", "ETARGET"),
	TARGET("3986-2.1 escape with a letter", "/%2g", "ETARGET"),
	TARGET("3986-2.1 escape with a sign", "/%+1", "ETARGET"),
	TARGET("3986-2.1 escape of an escape", "/%%41", "ETARGET"),
	TARGET("3986-2.1 broken escape in the query", "/?a=100%", "ETARGET"),
	TARGET("3986-2.1 both cases", "/%aF%Fa?%aF", "GET /%aF%Fa?%aF @a 1.1 keep none"),
	TARGET("URL standard: bare in a path", "/[a]|^", "GET /[a]|^ @a 1.1 keep none"),
	TARGET("URL standard: bare in a query", "/?[]{}|^`\\", "GET /?[]{}|^`\\ @a 1.1 keep none"),
	TARGET("9112-3.2 brace in the path", "/{a}", "ETARGET"),
	TARGET("9112-3.2 backslash in the path", "/a\\b", "ETARGET"),
	TARGET("9112-3.2 quote", "/?\"", "ETARGET"),
	TARGET("9112-3.2 angle bracket", "/?<", "ETARGET"),
	TARGET("9112-3.2 above 0x7F", "/\303\244", "ETARGET"),
	TARGET("9112-3.2 above 0x7F in the query", "/?\303\244", "ETARGET"),
	TARGET("9112-3.2 DEL", "/\177", "ETARGET"),
	TARGET("9112-3.2 NUL", "/\000", "ETARGET"),
	TARGET("9112-3.2 bare CR", "/\rb", "ELINE"),
	TARGET("9112-3.2 bare LF", "/\nb", "ELINE"),
	TARGET("9112-3.2.2 absolute-form", "http://b:8/c?d", "GET /c?d @b:8 1.1 keep none"),
	TARGET("9112-3.2.2 https", "https://b/", "GET / @b 1.1 keep none"),
	TARGET("9110-4.2.3 the scheme has no case", "hTTp://b/", "GET / @b 1.1 keep none"),
	TARGET("9110-4.2.3 an empty path is a slash", "http://b", "GET / @b 1.1 keep none"),
	TARGET("9110-4.2.3 query after the authority", "http://b?c", "GET /?c @b 1.1 keep none"),
	TARGET("9112-3.2.2 IPv6", "http://[::1]:80/", "GET / @[::1]:80 1.1 keep none"),
	TARGET("9110-4.2.1 no host", "http:///a", "ETARGET"),
	TARGET("9110-4.2.1 nothing at all", "http://", "ETARGET"),
	TARGET("9110-4.2.1 port without host", "http://:80/", "ETARGET"),
	TARGET("9110-4.2.4 userinfo", "http://u@b/", "ETARGET"),
	TARGET("9110-4.2.4 userinfo with password", "http://u:p@b/", "ETARGET"),
	TARGET("9112-3.2.2 bad port", "http://b:x/", "ETARGET"),
	TARGET("9112-3.2.2 another scheme", "ftp://b/", "ETARGET"),
	TARGET("9112-3.2.2 one slash", "http:/b", "ETARGET"),
	ROW("9112-3.2.2 Host is needed beside it", "GET http://b/ HTTP/1.1\r\n\r\n", "EHOST"),
	ROW("9112-3.2.2 absolute-form in 1.0", "GET http://b/ HTTP/1.0\r\n\r\n",
	    "GET / @b 1.0 close none"),
	ROW("9112-3.2.2 and wins over Host in 1.0", "GET http://b/ HTTP/1.0\r\nHost: c\r\n\r\n",
	    "GET / @b 1.0 close none"),
	LINE("9112-3.2.3 authority-form", "CONNECT b:443 HTTP/1.1",
	     "CONNECT - @b:443 1.1 keep none"),
	LINE("9112-3.2.3 authority-form, IPv6", "CONNECT [::1]:443 HTTP/1.1",
	     "CONNECT - @[::1]:443 1.1 keep none"),
	LINE("9112-3.2.3 CONNECT without a port", "CONNECT b HTTP/1.1", "ETARGET"),
	LINE("9112-3.2.3 CONNECT with an empty port", "CONNECT b: HTTP/1.1", "ETARGET"),
	LINE("9112-3.2.3 CONNECT without a host", "CONNECT :443 HTTP/1.1", "ETARGET"),
	LINE("9112-3.2.3 CONNECT with origin-form", "CONNECT / HTTP/1.1", "ETARGET"),
	LINE("9112-3.2.3 CONNECT with absolute-form", "CONNECT http://b:443 HTTP/1.1", "ETARGET"),
	LINE("9112-3.2.3 CONNECT with a query", "CONNECT b:443?c HTTP/1.1", "ETARGET"),
	LINE("9112-3.2.3 authority-form with GET", "GET b:443 HTTP/1.1", "ETARGET"),
	LINE("9112-3.2.4 asterisk-form", "OPTIONS * HTTP/1.1", "OPTIONS * @a 1.1 keep none"),
	LINE("9112-3.2.4 asterisk-form with GET", "GET * HTTP/1.1", "ETARGET"),
	LINE("9112-3.2.4 more than an asterisk", "OPTIONS *a HTTP/1.1", "ETARGET"),
	LINE("9112-3.2.4 asterisk with a query", "OPTIONS *?a HTTP/1.1", "ETARGET"),
	LINE("9112-3.2.4 OPTIONS of a whole server", "OPTIONS http://b HTTP/1.1",
	     "OPTIONS * @b 1.1 keep none"),
	LINE("9112-3.2.4 OPTIONS of its root", "OPTIONS http://b/ HTTP/1.1",
	     "OPTIONS / @b 1.1 keep none"),
};

static const struct row hosts[] = {
	ROW("9112-3.2 1.1 without Host", "GET / HTTP/1.1\r\n\r\n", "EHOST"),
	ROW("9112-3.2 1.1 without Host, other fields", "GET / HTTP/1.1\r\nA: b\r\n\r\n", "EHOST"),
	ROW("9112-3.2 two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "EHOST"),
	ROW("9112-3.2 two equal Hosts", "GET / HTTP/1.1\r\nHost: a\r\nhOST: a\r\n\r\n", "EHOST"),
	ROW("9112-3.2 two Hosts in 1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", "EHOST"),
	ROW("9112-3.2 bad Host in 1.0", "GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", "EHOST"),
	ROW("9112-3.2 Host of another case", "GET / HTTP/1.1\r\nhOsT:a\r\n\r\n",
	    "GET / @a 1.1 keep none"),
	HOSTED("9112-3.2 with a port", " a.b-c_d:8080", "GET / @a.b-c_d:8080 1.1 keep none"),
	HOSTED("9112-3.2 empty", "", "GET / @ 1.1 keep none"),
	HOSTED("9112-3.2 blanks only", " \t ", "GET / @ 1.1 keep none"),
	HOSTED("9112-3.2 blanks around", " \ta\t ", "GET / @a 1.1 keep none"),
	HOSTED("9110-4.2.1 port without host", ":80", "EHOST"),
	HOSTED("3986-3.2.3 empty port", "a:", "GET / @a: 1.1 keep none"),
	HOSTED("3986-3.2.3 port 0", "a:0", "GET / @a:0 1.1 keep none"),
	HOSTED("3986-3.2.3 port 65535", "a:65535", "GET / @a:65535 1.1 keep none"),
	HOSTED("3986-3.2.3 port 65536", "a:65536", "EHOST"),
	HOSTED("3986-3.2.3 port of six digits", "a:000080", "EHOST"),
	HOSTED("3986-3.2.3 port with a letter", "a:8o", "EHOST"),
	HOSTED("3986-3.2.3 negative port", "a:-1", "EHOST"),
	HOSTED("3986-3.2.3 two ports", "a:80:80", "EHOST"),
	HOSTED("9110-4.2.4 userinfo", "u@a", "EHOST"),
	HOSTED("9112-3.2 path", "a/b", "EHOST"),
	HOSTED("9112-3.2 query", "a?b", "EHOST"),
	HOSTED("9112-3.2 backslash", "a\\b", "EHOST"),
	HOSTED("9112-3.2 scheme", "http://a", "EHOST"),
	HOSTED("9112-3.2 blank inside", "a b", "EHOST"),
	HOSTED("9112-3.2 above 0x7F", "\303\244", "EHOST"),
	HOSTED("3986-3.2.2 sub-delims", "a!$&'()*+,;=~", "GET / @a!$&'()*+,;=~ 1.1 keep none"),
	HOSTED("3986-3.2.2 escape", "a%c3%A4", "GET / @a%c3%A4 1.1 keep none"),
	HOSTED("3986-3.2.2 broken escape", "a%c", "EHOST"),
	HOSTED("3986-3.2.2 broken escape before a port", "a%4:80", "EHOST"),
	HOSTED("3986-3.2.2 IPv4", "127.0.0.1:80", "GET / @127.0.0.1:80 1.1 keep none"),
	HOSTED("3986-3.2.2 IPv6 loopback", "[::1]", "GET / @[::1] 1.1 keep none"),
	HOSTED("3986-3.2.2 IPv6 unspecified", "[::]:80", "GET / @[::]:80 1.1 keep none"),
	HOSTED("3986-3.2.2 IPv6 whole", "[1:2:3:4:5:6:7:8]",
	       "GET / @[1:2:3:4:5:6:7:8] 1.1 keep none"),
	HOSTED("3986-3.2.2 IPv6 gap in the middle", "[fe80::aBcD:1]",
	       "GET / @[fe80::aBcD:1] 1.1 keep none"),
	HOSTED("3986-3.2.2 IPv6 gap at the end", "[1:2:3:4:5:6:7::]",
	       "GET / @[1:2:3:4:5:6:7::] 1.1 keep none"),
	HOSTED("3986-3.2.2 IPv6 with IPv4", "[::ffff:1.2.3.4]",
	       "GET / @[::ffff:1.2.3.4] 1.1 keep none"),
	HOSTED("3986-3.2.2 IPv6 whole with IPv4", "[1:2:3:4:5:6:1.2.3.4]",
	       "GET / @[1:2:3:4:5:6:1.2.3.4] 1.1 keep none"),
	HOSTED("3986-3.2.2 IPv6 of seven", "[1:2:3:4:5:6:7]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 of nine", "[1:2:3:4:5:6:7:8:9]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 gap of nothing", "[1:2:3:4::5:6:7:8]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 two gaps", "[1::2::3]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 three colons", "[:::1]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 one colon first", "[:1:2:3:4:5:6:7]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 one colon last", "[1:2:3:4:5:6:7:]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 gap, then a colon", "[1:::2]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 five digits", "[::12345]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 no hex", "[::g]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 empty", "[]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 not closed", "[::1", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 bracket only", "[", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 and more", "[::1]a", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 IPv4 too high", "[::1.2.3.256]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 IPv4 leading zero", "[::1.2.3.04]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 IPv4 of three", "[::1.2.3]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 IPv4 of five", "[::1.2.3.4.5]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 IPv4 ends in a dot", "[::1.2.3.]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 IPv4 first", "[1.2.3.4::]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 IPv4 after too many", "[1:2:3:4:5:6:7:1.2.3.4]", "EHOST"),
	HOSTED("3986-3.2.2 IPv6 zone", "[fe80::1%25eth0]", "EHOST"),
	HOSTED("3986-3.2.2 IPvFuture", "[v1.a]", "EHOST"),
};

static void test_methods(void)
{
	static const struct {
		const char *name;
		enum http_method method;
	} rows[] = {
		{"GET", HTTP_GET},       {"HEAD", HTTP_HEAD},      {"POST", HTTP_POST},
		{"PUT", HTTP_PUT},       {"DELETE", HTTP_DELETE},  {"OPTIONS", HTTP_OPTIONS},
		{"PATCH", HTTP_PATCH},   {"TRACE", HTTP_TRACE},    {"BREW", HTTP_OTHER},
		{"GOT", HTTP_OTHER},     {"FETCH", HTTP_OTHER},    {"UPDATE", HTTP_OTHER},
		{"REFRESH", HTTP_OTHER}, {"PROPFIND", HTTP_OTHER}, {"X", HTTP_OTHER},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char wire[64];
		struct http_head h;
		snprintf(wire, sizeof wire, "%s / HTTP/1.1\r\nHost: a\r\n\r\n", rows[i].name);
		bool good = read(span_str(wire), &h) > 0;
		ok(good && h.method == rows[i].method, "9110-9.1 method %s", rows[i].name);
	}
}

static void test_used(void)
{
	struct http_head h;
	struct span two =
		SPAN("\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n");
	int used = read(two, &h);
	is_int(used, 30, "9112-9.3.2 the first of two requests ends at its empty line");
	is_int(h.n, 28, "the leading CRLF is not of the head");
	ok(h.at == two.p + 2, "nor is its first byte");
	two = span_tail(two, (size_t)used);
	is_int(read(two, &h), 28, "9112-9.3.2 the second follows at once");
	is_span(h.path, SPAN("/2"), "and is another");
	ok(h.path.p > two.p && h.path.p < two.p + two.n, "spans point into the input");
}

int main(void)
{
	RUN_ROWS(lines, read);
	RUN_ROWS(targets, read);
	RUN_ROWS(hosts, read);
	test_methods();
	test_used();
	return done();
}
