#include "unit/http_rows.h"

#define FIELD(title, field, want) ROW(title, "GET / HTTP/1.1\r\nHost: a\r\n" field "\r\n\r\n", want)

static struct http_limits limits;

static int read(struct span in, struct http_head *h)
{
	return http_read_request(in, &limits, h);
}

static const struct row refused[] = {
	FIELD("9112-5.1 blank before the colon", "A : b", "ELINE"),
	FIELD("9112-5.1 tab before the colon", "A\t: b", "ELINE"),
	FIELD("9112-5.1 empty name", ": b", "EFIELD"),
	FIELD("9112-5.1 no colon", "A", "ELINE"),
	FIELD("9112-5.1 no colon, with a blank", "A b", "ELINE"),
	FIELD("9112-5.2 obs-fold", "A: b\r\n c", "ELINE"),
	FIELD("9112-5.2 obs-fold with a tab", "A: b\r\n\tc", "ELINE"),
	FIELD("9112-5.2 obs-fold of blanks only", "A: b\r\n ", "ELINE"),
	FIELD("9112-2.2 bare LF behind a field", "A: b\nC: d", "ELINE"),
	FIELD("9112-2.2 bare CR in a value", "A: b\rC: d", "ELINE"),
	FIELD("9112-2.2 bare CR behind a value", "A: b\r", "ELINE"),
	FIELD("9112-2.2 bare LF in a name", "A\nB: b", "ELINE"),
	FIELD("9110-5.5 NUL", "A: b\000c", "EFIELD"),
	FIELD("9110-5.5 NUL first", "A: \000", "EFIELD"),
	FIELD("9110-5.5 vertical tab", "A: b\013c", "EFIELD"),
	FIELD("9110-5.5 escape character", "A: b\033c", "EFIELD"),
	FIELD("9110-5.5 DEL", "A: b\177c", "EFIELD"),
	FIELD("9110-5.5 DEL far behind", "A: 0123456789012345678901234567890123456789\177",
	      "EFIELD"),
	FIELD("9110-5.5 NUL far behind", "A: 0123456789012345678901234567890123456789\000",
	      "EFIELD"),
	FIELD("9110-5.1 name with a slash", "A/B: c", "EFIELD"),
	FIELD("9110-5.1 name with a bracket", "A[]: c", "EFIELD"),
	FIELD("9110-5.1 name with a quote", "\"A\": c", "EFIELD"),
	FIELD("9110-5.1 name above 0x7F", "\303\204: c", "EFIELD"),
	FIELD("9110-5.1 name with NUL", "A\000: c", "EFIELD"),
	FIELD("9110-5.1 name with DEL", "A\177: c", "EFIELD"),
	ROW("9112-2.1 empty line with bare LF", "GET / HTTP/1.1\r\nHost: a\r\n\n", "ELINE"),
	ROW("9112-2.1 empty line with CR only", "GET / HTTP/1.1\r\nHost: a\r\n\rA: b\r\n\r\n",
	    "ELINE"),
};

/* Accepted: what the fields say. */
static const struct row accepted[] = {
	FIELD("9110-5.5 blanks around a value", "A: \t b c \t ", "A=b c;"),
	FIELD("9112-5.1 no blank", "A:b", "A=b;"),
	FIELD("9110-5.5 empty value", "A:", "A=;"),
	FIELD("9110-5.5 value of blanks", "A: \t ", "A=;"),
	FIELD("9110-5.5 tabs inside", "A: b\tc", "A=b\tc;"),
	FIELD("9110-5.5 colons", "A: b: c", "A=b: c;"),
	FIELD("9110-5.5 obs-text", "A: \200\377", "A=\200\377;"),
	FIELD("9110-5.5 longer than two blocks", "A: 0123456789 123456789\t0123456789 123456789",
	      "A=0123456789 123456789\t0123456789 123456789;"),
	FIELD("9110-5.1 every tchar", "!#$%&'*+-.^_`|~09azAZ: b", "!#$%&'*+-.^_`|~09azAZ=b;"),
	FIELD("9110-5.3 order and copies are kept", "B: 1\r\na: 2\r\nB: 3", "B=1;a=2;B=3;"),
};

static void test_accepted(void)
{
	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++) {
		const struct row *row = &accepted[i];
		char got[512];
		struct http_head h;
		struct out o = out_init(got, sizeof got - 1);
		struct span wire = guarded(1, span_of(row->wire, row->n));
		if (check(read(wire, &h) == (int)row->n, "%s: refused", row->title))
			put_fields(&o, &h);
		got[o.n] = 0;
		cuts_agree(span_of(row->wire, row->n), read, row->title);
		is_str(span_starts(out_span_of(&o), SPAN("Host=a;")) ? got + 7 : got, row->want,
		       "%s", row->title);
	}
}

/* A request whose parts have chosen sizes. */
static struct span request(char *buf, size_t cap, size_t target, size_t fields, size_t value)
{
	struct out o = out_init(buf, cap);
	out_str(&o, "GET /");
	for (size_t i = 1; i < target; i++)
		out_byte(&o, 'a');
	out_str(&o, " HTTP/1.1\r\nHost: a\r\n");
	for (size_t i = 1; i < fields; i++) {
		out_str(&o, "B: ");
		for (size_t k = 0; k < value; k++)
			out_byte(&o, 'b');
		out_str(&o, "\r\n");
	}
	out_str(&o, "\r\n");
	return o.over ? SPAN_NONE : out_span_of(&o);
}

static void limit(const char *title, struct span wire, int want)
{
	struct http_head h;
	int rc = read(wire, &h);
	cuts_agree(wire, read, title);
	is_int(rc > 0 ? 1 : rc, want, "%s", title);
}

static void test_limits(void)
{
	char buf[4096];
	struct http_head h;
	const struct http_limits usual = limits;

	limits.line = 40; /* "GET ", target, " HTTP/1.1\r\n" */
	limit("line as long as the limit", request(buf, sizeof buf, 25, 1, 0), 1);
	limit("line one byte longer", request(buf, sizeof buf, 26, 1, 0), HTTP_ELONGLINE);
	limit("line without an end", span_head(request(buf, sizeof buf, 100, 1, 0), 40),
	      HTTP_ELONGLINE);
	limit("the limit is told before the line ends",
	      span_head(request(buf, sizeof buf, 100, 1, 0), 39), HTTP_MORE);
	limits = usual;

	limits.head = 80; /* 15 + target + 9 + 7 fields of 7 + 2 */
	limit("head below the limit", request(buf, sizeof buf, 4, 8, 2), 1);
	limit("head as long as the limit", request(buf, sizeof buf, 5, 8, 2), 1);
	limit("head one byte longer", request(buf, sizeof buf, 6, 8, 2), HTTP_ELONGHEAD);
	limit("a value without an end", span_head(request(buf, sizeof buf, 1, 2, 200), 80),
	      HTTP_ELONGHEAD);
	limit("a line longer than the head may be", request(buf, sizeof buf, 200, 1, 0),
	      HTTP_ELONGLINE);
	limits = usual;

	limits.fields = 3;
	limit("as many fields as the limit", request(buf, sizeof buf, 1, 3, 0), 1);
	limit("one field more", request(buf, sizeof buf, 1, 4, 0), HTTP_EFIELDS);
	limits.fields = 1000;
	limit("100 fields", request(buf, sizeof buf, 1, 100, 0), 1);
	limit("101 fields, whatever the limits say", request(buf, sizeof buf, 1, 101, 0),
	      HTTP_EFIELDS);
	limits = usual;

	limits.line = 40;
	struct span status = SPAN("HTTP/1.1 200 a reason that is far too long for this\r\n\r\n");
	is_int(http_read_response(status, &limits, HTTP_GET, &h), HTTP_ELONGLINE,
	       "status line longer than the limit");
	limits = usual;
}

static void test_default_limits(void)
{
	static char buf[70000];
	struct http_head h;
	limits = http_default_limits;
	struct span wire = request(buf, sizeof buf, 8192 - 15, 1, 0);
	is_int(read(wire, &h), (int)wire.n, "a line of 8192 bytes");
	is_int(read(request(buf, sizeof buf, 8193 - 15, 1, 0), &h), HTTP_ELONGLINE, "not of 8193");
	wire = request(buf, sizeof buf, 11, 2, 32768 - 26 - 9 - 5 - 2);
	is_int(read(wire, &h), 32768, "a head of 32768 bytes");
	wire = request(buf, sizeof buf, 12, 2, 32768 - 26 - 9 - 5 - 2);
	is_int(read(wire, &h), HTTP_ELONGHEAD, "not of 32769");
	limits.head = UINT32_MAX;
	wire = request(buf, sizeof buf, 11, 2, 65535 - 26 - 9 - 5 - 2);
	is_int(read(wire, &h), 65535, "no limit raises it above 65535");
	is_int((long long)http_value(&h, 1).n, 65535 - 26 - 9 - 5 - 2,
	       "offsets hold the longest value");
	wire = request(buf, sizeof buf, 12, 2, 65535 - 26 - 9 - 5 - 2);
	is_int(read(wire, &h), HTTP_ELONGHEAD, "not to 65536");
	limits = http_default_limits;
}

/* A caller that asks http_head_due first sees the same end, later at most by a line. */
static void test_due(void)
{
	static char buf[40000];
	struct http_head h;
	struct span wires[] = {
		request(buf, 10000, 30, 20, 40),
		request(buf + 10000, 10000, 9000, 1, 0),
		SPAN("GET / HTTP/1.1\r\nHost: a\r\nA: b\001cdef\r\n\r\n"),
		SPAN("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	};
	for (size_t i = 0; i < sizeof wires / sizeof *wires; i++) {
		int calls = 0, rc = 0, whole = read(wires[i], &h);
		size_t seen = 0, n = 1;
		for (; rc == 0 && n <= wires[i].n; n++) {
			struct span in = span_head(wires[i], n);
			if (http_head_due(in, seen, &limits)) {
				rc = read(in, &h);
				calls++;
			}
			seen = n;
		}
		ok(rc == whole && calls < 30, "byte by byte, %zu: %d after %d calls", i, rc, calls);
	}
	limits.head = 500;
	ok(http_head_due(request(buf, sizeof buf, 1, 2, 400), 100, &limits),
	   "a line's end is news");
	ok(!http_head_due(span_head(request(buf, sizeof buf, 1, 2, 400), 200), 100, &limits),
	   "more of a line is none");
	ok(http_head_due(span_head(request(buf, sizeof buf, 1, 2, 900), 500), 100, &limits),
	   "the limit is");
	limits.head = 1000;
	limits.line = 500;
	ok(http_head_due(span_head(request(buf, sizeof buf, 900, 1, 0), 500), 499, &limits),
	   "a line's limit is");
	ok(http_head_due(span_head(request(buf, sizeof buf, 900, 1, 0), 502), 501, &limits),
	   "behind a leading CRLF too");
	ok(!http_head_due(span_head(request(buf, sizeof buf, 900, 1, 0), 503), 502, &limits),
	   "but not again");
	ok(http_head_due(span_head(request(buf, sizeof buf, 1, 2, 2000), 1000), 999, &limits),
	   "a head's limit is");
	limits = http_default_limits;
}

/* A buffer of two bytes more than the limit is enough to learn everything. */
static void test_full_buffer(void)
{
	char buf[300] = "\r\n";
	struct http_head h;
	limits.head = 100;
	request(buf + 2, sizeof buf - 2, 1, 2, 200);
	is_int(read(span_of(buf, 101), &h), HTTP_MORE, "a head of 99 bytes may still end");
	is_int(read(span_of(buf, 102), &h), HTTP_ELONGHEAD, "one of 100 bytes can't");
	limits = http_default_limits;
}

static const char *const names[HTTP_F_KINDS] = {
	[HTTP_F_HOST] = "Host",
	[HTTP_F_CONTENT_LENGTH] = "Content-Length",
	[HTTP_F_TRANSFER_ENCODING] = "Transfer-Encoding",
	[HTTP_F_CONNECTION] = "Connection",
	[HTTP_F_EXPECT] = "Expect",
	[HTTP_F_UPGRADE] = "Upgrade",
	[HTTP_F_CONTENT_TYPE] = "Content-Type",
	[HTTP_F_TE] = "TE",
	[HTTP_F_KEEP_ALIVE] = "Keep-Alive",
	[HTTP_F_PROXY_CONNECTION] = "Proxy-Connection",
	[HTTP_F_TRAILER] = "Trailer",
	[HTTP_F_DATE] = "Date",
	[HTTP_F_SERVER] = "Server",
	[HTTP_F_X_FORWARDED_FOR] = "X-Forwarded-For",
	[HTTP_F_X_FORWARDED_PROTO] = "X-Forwarded-Proto",
	[HTTP_F_X_FORWARDED_HOST] = "X-Forwarded-Host",
	[HTTP_F_X_FORWARDED_PORT] = "X-Forwarded-Port",
	[HTTP_F_FORWARDED] = "Forwarded",
	[HTTP_F_IF_MATCH] = "If-Match",
	[HTTP_F_IF_NONE_MATCH] = "If-None-Match",
	[HTTP_F_IF_MODIFIED_SINCE] = "If-Modified-Since",
	[HTTP_F_IF_UNMODIFIED_SINCE] = "If-Unmodified-Since",
	[HTTP_F_ACCEPT] = "Accept",
	[HTTP_F_ACCEPT_ENCODING] = "Accept-Encoding",
	[HTTP_F_RANGE] = "Range",
	[HTTP_F_IF_RANGE] = "If-Range",
	[HTTP_F_X_REQUEST_ID] = "X-Request-Id",
};

/* The kind that a name is found to be, in an answer, where no field's value is judged but framing.
 */
static int kind_of(const char *name)
{
	char wire[128];
	struct http_head h;
	snprintf(wire, sizeof wire, "HTTP/1.1 200 x\r\n%s: 1\r\n\r\n", name);
	int rc = http_read_response(span_str(wire), &limits, HTTP_CONNECT, &h);
	return rc <= 0 ? rc : h.known[0];
}

static void test_known(void)
{
	for (int kind = HTTP_F_OTHER + 1; kind < HTTP_F_KINDS; kind++) {
		char name[32];
		size_t n = strlen(names[kind]);
		bool good = kind_of(names[kind]) == kind;
		for (size_t i = 0; i < n; i++) {
			memcpy(name, names[kind], n + 1);
			name[i] = (char)(name[i] ^ 0x20); /* the other case, or another byte */
			bool letter = names[kind][i] != '-';
			int got = kind_of(name);
			good = check(got == (letter    ? kind
					     : got < 0 ? got
						       : HTTP_F_OTHER),
				     "%s is kind %d", name, got) &&
			       good;
			name[i] = '_';
			good = check(kind_of(name) == HTTP_F_OTHER, "%s is known", name) && good;
		}
		memcpy(name, names[kind], n);
		memcpy(name + n, "s", 2);
		good = check(kind_of(name) == HTTP_F_OTHER, "%s is known", name) && good;
		name[n - 1] = 0;
		good = check(kind_of(name) == HTTP_F_OTHER, "%s is known", name) && good;
		ok(good, "9110-5.1 %s is known in any case, nothing like it is", names[kind]);
	}
}

static void test_find(void)
{
	struct http_head h;
	read(SPAN("GET / HTTP/1.1\r\nX-A: 1\r\nAccept: b\r\nx-a: 2\r\nHost: a\r\nACCEPT: c , d\r\n"
		  "Range:\r\n\r\n"),
	     &h);
	is_span(http_find(&h, HTTP_F_ACCEPT), SPAN("b"), "the first of a kind");
	is_span(http_find_name(&h, SPAN("x-A")), SPAN("1"), "the first of a name");
	ok(http_find(&h, HTTP_F_IF_RANGE).p == NULL, "a kind that is not there");
	ok(http_find_name(&h, SPAN("x")).p == NULL, "a name that is not there");
	ok(http_find(&h, HTTP_F_RANGE).p != NULL, "an empty field is there");
	is_span(http_name(&h, 4), SPAN("ACCEPT"), "names as they came");
	ok(http_list_has(&h, HTTP_F_ACCEPT, SPAN("B")), "9110-5.6.1 in the first list");
	ok(http_list_has(&h, HTTP_F_ACCEPT, SPAN("d")), "9110-5.3 in the second list");
	ok(!http_list_has(&h, HTTP_F_ACCEPT, SPAN("c , d")), "not more than an element");
	ok(!http_list_has(&h, HTTP_F_TE, SPAN("c")), "not in another field");
}

static void test_hop_by_hop(void)
{
	static const struct {
		const char *name;
		bool hop;
	} rows[] = {
		{"Connection", true},
		{"Keep-Alive", true},
		{"Proxy-Connection", true},
		{"TE", true},
		{"Trailer", true},
		{"Transfer-Encoding", true},
		{"Upgrade", true},
		{"X-Named", true},
		{"x-nAMED", true},
		{"Accept", true},
		{"X-Other", false},
		{"X-Name", false},
		{"Host", false},
		{"Content-Length", false},
		{"Content-Type", false},
		{"X-Forwarded-For", false},
		{"Authorization", false},
		{"Cookie", false},
		{"Range", false},
		{"Content-Encoding", false},
	};
	static const char head[] = "HTTP/1.1 200 x\r\nConnection: x-named, Host, content-length, "
				   "Content-Type, accept\r\n"
				   "Connection: X-Forwarded-For,Authorization, cookie, "
				   "CONTENT-ENCODING\r\n%s: chunked\r\n"
				   "\r\n";
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char wire[512];
		struct http_head h;
		snprintf(wire, sizeof wire, head, rows[i].name);
		bool good = http_read_response(span_str(wire), &limits, HTTP_CONNECT, &h) > 0;
		ok(good && http_is_hop_by_hop(&h, 2) == rows[i].hop, "9110-7.6.1 %s is %s",
		   rows[i].name, rows[i].hop ? "for one hop" : "passed on");
	}
}

static void test_errors(void)
{
	static const struct {
		int rc;
		unsigned status;
	} rows[] = {
		{HTTP_ELINE, 400},       {HTTP_EMETHOD, 400},
		{HTTP_ELONGMETHOD, 501}, {HTTP_ETARGET, 400},
		{HTTP_EVERSION, 505},    {HTTP_EFIELD, 400},
		{HTTP_EHOST, 400},       {HTTP_ELENGTH, 400},
		{HTTP_ETRANSFER, 400},   {HTTP_ECODING, 501},
		{HTTP_EEXPECT, 417},     {HTTP_ELONGLINE, 414},
		{HTTP_ELONGHEAD, 431},   {HTTP_EFIELDS, 431},
		{HTTP_ECHUNK, 400},      {HTTP_ESTATUS, 502},
		{HTTP_ERANGE, 416},      {HTTP_ERANGE - 1, 500},
		{HTTP_MORE, 200},        {1, 200},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ok(http_status_of(rows[i].rc) == rows[i].status &&
			   http_strerror(rows[i].rc)[0] != 0,
		   "%d is %u, %s", rows[i].rc, rows[i].status, http_strerror(rows[i].rc));
}

int main(void)
{
	limits = http_default_limits;
	RUN_ROWS(refused, read);
	test_accepted();
	test_limits();
	test_default_limits();
	test_due();
	test_full_buffer();
	test_known();
	test_find();
	test_hop_by_hop();
	test_errors();
	return done();
}
