#include "harness/tap.h"
#include "http/http.h"

#include <stdio.h>
#include <string.h>

typedef void writer(struct out *o);

static void request(struct out *o)
{
	http_put_request_line(o, SPAN("GET"), SPAN("/a%20b?c"));
	http_put_field(o, SPAN("Host"), SPAN("a:80"));
	http_put_field(o, SPAN("X-Empty"), SPAN(""));
	http_put_field_u64(o, SPAN("Content-Length"), 18446744073709551615u);
	http_put_head_end(o);
}

static void answer(struct out *o)
{
	http_put_status_line(o, 200);
	http_put_field(o, SPAN("A"), SPAN("b\tc \303\244"));
	http_put_head_end(o);
}

static void unregistered(struct out *o)
{
	http_put_status_line(o, 599);
}

static void chunks(struct out *o)
{
	http_put_chunk_begin(o, 26);
	out_str(o, "abcdefghijklmnopqrstuvwxyz");
	http_put_chunk_end(o);
	http_put_last_chunk(o);
}

static const struct {
	const char *title;
	writer *put;
	const char *want;
} rows[] = {
	{"9112-3 request", request,
	 "GET /a%20b?c HTTP/1.1\r\nHost: a:80\r\nX-Empty: \r\n"
	 "Content-Length: 18446744073709551615\r\n\r\n"},
	{"9112-4 answer", answer, "HTTP/1.1 200 OK\r\nA: b\tc \303\244\r\n\r\n"},
	{"9112-4 the blank before an empty reason", unregistered, "HTTP/1.1 599 \r\n"},
	{"9112-7.1 chunks", chunks, "1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n"},
};

static void test_capacities(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t n = strlen(rows[i].want);
		bool good = true;
		uint8_t buf[256];
		for (size_t cap = 0; cap < n + 3; cap++) {
			memset(buf, 0xee, sizeof buf);
			struct out o = out_init(buf, cap);
			rows[i].put(&o);
			good = check(o.over == (cap < n) && o.n <= cap && buf[cap] == 0xee &&
					     memcmp(buf, rows[i].want, o.n) == 0,
				     "%s: capacity %zu", rows[i].title, cap) &&
			       good;
		}
		struct out o = out_init(buf, sizeof buf);
		rows[i].put(&o);
		is_span(out_span_of(&o), span_str(rows[i].want), "%s", rows[i].title);
		ok(good, "%s: every capacity", rows[i].title);
	}
}

static void field(const char *title, struct span name, struct span value)
{
	uint8_t buf[256];
	struct out o = out_init(buf, sizeof buf);
	http_put_field(&o, name, value);
	ok(o.over && o.n == 0, "%s", title);
}

static void line(const char *title, struct span method, struct span target)
{
	uint8_t buf[256];
	struct out o = out_init(buf, sizeof buf);
	http_put_request_line(&o, method, target);
	ok(o.over && o.n == 0, "%s", title);
}

static void test_refused(void)
{
	uint8_t buf[64];
	struct out o;
	field("9110-5.5 CRLF in a value", SPAN("A"), SPAN("b\r\nC: d"));
	field("9110-5.5 LF in a value", SPAN("A"), SPAN("b\nc"));
	field("9110-5.5 CR far behind", SPAN("A"), SPAN("01234567890123456789012345678901234\r"));
	field("9110-5.5 NUL in a value", SPAN("A"), SPAN("b\000"));
	field("9110-5.1 CRLF in a name", SPAN("A: b\r\nC"), SPAN("d"));
	field("9110-5.1 blank in a name", SPAN("A "), SPAN("b"));
	field("9110-5.1 no name", SPAN(""), SPAN("b"));
	line("9112-3 blank in a target", SPAN("GET"), SPAN("/a b"));
	line("9112-3 CRLF in a target", SPAN("GET"), SPAN("/\r\nA: b"));
	line("9112-3 above 0x7F in a target", SPAN("GET"), SPAN("/\303\244"));
	line("9112-3 no target", SPAN("GET"), SPAN(""));
	line("9112-3 blank in a method", SPAN("G T"), SPAN("/"));
	line("9112-3 no method", SPAN(""), SPAN("/"));
	o = out_init(buf, sizeof buf);
	http_put_status_line(&o, 99);
	ok(o.over && o.n == 0, "9112-4 status of two digits");
	o = out_init(buf, sizeof buf);
	http_put_status_line(&o, 1000);
	ok(o.over && o.n == 0, "9112-4 status of four digits");
	o = out_init(buf, sizeof buf);
	http_put_chunk_begin(&o, 0);
	ok(o.over && o.n == 0, "9112-7.1 a chunk of no bytes would end the body");
}

static void test_round_trip(void)
{
	uint8_t buf[256];
	struct http_head h;
	struct out o = out_init(buf, sizeof buf);
	request(&o);
	ok(http_read_request(out_span_of(&o), &http_default_limits, &h) == HTTP_ELENGTH,
	   "what was written is read, and judged");
	o = out_init(buf, sizeof buf);
	answer(&o);
	ok(http_read_response(out_span_of(&o), &http_default_limits, HTTP_GET, &h) == (int)o.n,
	   "an answer is read as it was written");
	is_span(http_value(&h, 0), SPAN("b\tc \303\244"), "with its field");
}

static void test_reasons(void)
{
	static const struct {
		unsigned status;
		const char *text;
	} all[] = {
		{100, "Continue"},
		{101, "Switching Protocols"},
		{103, "Early Hints"},
		{104, ""},
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{206, "Partial Content"},
		{208, "Already Reported"},
		{209, ""},
		{226, "IM Used"},
		{300, "Multiple Choices"},
		{301, "Moved Permanently"},
		{302, "Found"},
		{303, "See Other"},
		{304, "Not Modified"},
		{306, ""},
		{307, "Temporary Redirect"},
		{308, "Permanent Redirect"},
		{309, ""},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{410, "Gone"},
		{411, "Length Required"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{416, "Range Not Satisfiable"},
		{417, "Expectation Failed"},
		{418, ""},
		{421, "Misdirected Request"},
		{422, "Unprocessable Content"},
		{425, "Too Early"},
		{426, "Upgrade Required"},
		{428, "Precondition Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{432, ""},
		{451, "Unavailable For Legal Reasons"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"},
		{508, "Loop Detected"},
		{509, ""},
		{511, "Network Authentication Required"},
		{512, ""},
		{0, ""},
		{99, ""},
		{600, ""},
		{4294967295u, ""},
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		is_str(http_reason(all[i].status), all[i].text, "9110-15 %u", all[i].status);
}

int main(void)
{
	test_capacities();
	test_refused();
	test_round_trip();
	test_reasons();
	return done();
}
