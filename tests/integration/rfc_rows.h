/*
 * rfc_rows: tables of what RFC 9110 and RFC 9112 ask of an origin server, held against a real one.
 *
 *	static const struct rfc_row rows[] = {
 *		{"9112 3.2: no Host is 400", "GET / HTTP/1.1\r\n\r\n", "400 end", NULL},
 *		{"9110 10.2.1: a 405 has Allow", "PUT /" HOST "\r\n", "405 open", "Allow: GET"},
 *	};
 *	rfc_start_web();
 *	rfc_run(rows, COUNT(rows));
 *	return rfc_end();
 *
 * Each row has a connection of its own. All that it sends, what must come back, in order:
 *
 * - send: bytes, in which <nul> is a NUL, <a*800> 800 times that byte, <etag> the tag of /app.js,
 *   <read> waits for the next answer before the rest is sent, <shut> ends the client's side.
 * - want: a status for each answer, with an h behind it when a HEAD was asked; then "open" (what
 *   was sent is used up to the last byte, nothing more comes, and a further request is answered)
 *   or "end" (the server closes, and sends nothing before; it has said so by Connection: close),
 *   or "end!" (it closes because the client did, and could not say so).
 * - says: of the last answer, a line each: "Name: value", "Name" is there, "-Name" is not, "=text"
 *   is the body, "~text" is in it, "@2-5" these bytes of /app.js are the body, "@2-" from there,
 *   "@-5" the last, "@all" all of them.
 *
 * Every answer of every row is held against rules[] as well; rfc_end tells whether each held.
 */
#ifndef TESTS_RFC_ROWS_H
#define TESTS_RFC_ROWS_H

#include "harness/httpc.h"
#include "harness/proc.h"
#include "harness/tap.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define RFC_MS 60000
#define COUNT(a) (sizeof(a) / sizeof *(a))
#define HOST " HTTP/1.1\r\nHost: t\r\n"

struct rfc_row {
	const char *title, *send, *want, *says;
};

static struct {
	uint16_t port;
	struct proc *web;
	char etag[80];
	struct httpc_answer script; /* GET /app.js */
	int answers;
} rfc;

enum rule {
	RULE_LINES,
	RULE_VERSION,
	RULE_NAMES,
	RULE_VALUES,
	RULE_ONCE,
	RULE_DATE,
	RULE_LENGTH,
	RULE_NO_CONTENT,
	RULE_TYPE,
	RULE_CLOSE,
	RULE_HOP,
	RULE_SERVER,
	RULE_ETAG,
	RULE_ALLOW,
	RULE_RETRY,
	RULE_WORDS,
	RULE_RANGE,
	RULES,
};
static struct {
	const char *title;
	int broken;
} rules[RULES] = {
	[RULE_LINES] = {"9112 2.1: lines end in CRLF, and neither stands alone", 0},
	[RULE_VERSION] = {"9110 2.5, 9112 4: HTTP/1.1, a blank, three digits, a blank", 0},
	[RULE_NAMES] = {"9112 5.1: a field is a token, a colon, no blank between", 0},
	[RULE_VALUES] = {"9110 5.5: values have no control character and no blank at an end", 0},
	[RULE_ONCE] = {"9110 5.3: no field comes twice", 0},
	[RULE_DATE] = {"9110 6.6.1: Date, an IMF-fixdate of now, from 200 on", 0},
	[RULE_LENGTH] = {"9112 6.1, 6.2: one framing field, none with 1xx and 204", 0},
	[RULE_NO_CONTENT] = {"9110 6.4.1: no content to HEAD, with 1xx, 204, 304", 0},
	[RULE_TYPE] = {"9110 8.3: content has a Content-Type", 0},
	[RULE_CLOSE] = {"9112 9.6: Connection: close on the last answer, on no other", 0},
	[RULE_HOP] = {"9110 7.6.3, 7.8, 15.5.2: no Via, Upgrade, Trailer, WWW-Authenticate", 0},
	[RULE_SERVER] = {"9110 10.2.4: Server without a version, or none", 0},
	[RULE_ETAG] = {"9110 8.8.3: an ETag is opaque bytes in quotes", 0},
	[RULE_ALLOW] = {"9110 15.5.6: a 405 has Allow, with GET only when with HEAD", 0},
	[RULE_RETRY] = {"9110 15.6.4, 10.2.3: a 503 has Retry-After in seconds", 0},
	/* Those who send conditions and ranges are programs, and get the fields of 412 and 416. */
	[RULE_WORDS] = {"9110 15.5, 15.6: an error says what it is about", 0},
	[RULE_RANGE] = {"9110 14.4, 15.3.7, 15.5.17: Content-Range of 206 and 416, of no other", 0},
};

static bool rfc_hold(enum rule rule, bool held)
{
	rules[rule].broken += !held;
	return check(held, "%s", rules[rule].title);
}

static bool rfc_is_token(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum(s.p[i]) && memchr("!#$%&'*+-.^_`|~", s.p[i], 15) == NULL)
			return false;
	return s.n > 0;
}

static bool rfc_is_value(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] == 127)
			return false;
	return span_trim(s).n == s.n;
}

/* The next line of [head] without its CRLF; cuts it off. False: a CR or LF stands alone. */
static bool rfc_line(struct span *head, struct span *line)
{
	size_t n = span_find(*head, '\n');
	if (n == 0 || n == head->n || head->p[n - 1] != '\r')
		return false;
	*line = span_head(*head, n - 1);
	*head = span_tail(*head, n + 1);
	return span_find(*line, '\r') == line->n;
}

static bool rfc_once(const struct httpc_answer *a, struct span name, struct span value)
{
	char text[64];
	snprintf(text, sizeof text, "%.*s", (int)name.n, (const char *)name.p);
	return httpc_field(a, text).p == value.p || value.n == 0;
}

static bool rfc_check_lines(const struct httpc_answer *a)
{
	struct span head = a->head, line = SPAN_NONE;
	bool held = rfc_hold(RULE_LINES, rfc_line(&head, &line));
	held &= rfc_hold(RULE_VERSION, line.n >= 13 && span_starts(line, SPAN("HTTP/1.1 ")) &&
					       isdigit(line.p[9]) && isdigit(line.p[10]) &&
					       isdigit(line.p[11]) && line.p[12] == ' ');
	for (;;) {
		if (!rfc_hold(RULE_LINES, rfc_line(&head, &line)))
			return false;
		if (line.n == 0)
			return held && rfc_hold(RULE_LINES, head.n == 0);
		struct span value = line, name = span_cut(&value, ':');
		held &= rfc_hold(RULE_NAMES, rfc_is_token(name));
		value = span_tail(value, value.n > 0 && value.p[0] == ' ');
		held &= rfc_hold(RULE_VALUES, rfc_is_value(value));
		held &= rfc_hold(RULE_ONCE, rfc_once(a, name, value));
	}
}

static bool rfc_check_date(const struct httpc_answer *a)
{
	struct span date = httpc_field(a, "Date");
	char text[64], again[64] = "";
	struct tm tm = {0};
	const char *form = "%a, %d %b %Y %H:%M:%S GMT";
	snprintf(text, sizeof text, "%.*s", (int)date.n, (const char *)date.p);
	if (date.p == NULL || strptime(text, form, &tm) == NULL)
		return rfc_hold(RULE_DATE, false);
	time_t t = timegm(&tm), now = time(NULL);
	strftime(again, sizeof again, form, &tm);
	return rfc_hold(RULE_DATE, strcmp(text, again) == 0 && t <= now + 1 && t >= now - 5);
}

static bool rfc_check_framing(const struct httpc_answer *a, bool head)
{
	bool length = httpc_field(a, "Content-Length").p != NULL;
	bool chunks = httpc_field(a, "Transfer-Encoding").p != NULL;
	bool bare = a->status < 200 || a->status == 204;
	bool held =
		rfc_hold(RULE_LENGTH, bare               ? !length && !chunks
				      : a->status == 304 ? !chunks
							 : length + chunks + a->until_close == 1);
	head |= bare || a->status == 304;
	held &= rfc_hold(RULE_NO_CONTENT, !head || a->body.n == 0);
	held &= rfc_hold(RULE_TYPE, a->body.n == 0 || httpc_field(a, "Content-Type").n > 2);
	bool wordless = a->status < 400 || a->status == 412 || a->status == 416;
	return held & rfc_hold(RULE_WORDS, wordless || head || a->body.n > 10);
}

/* Ranges are asked of /app.js alone. */
static bool rfc_check_range(const struct httpc_answer *a)
{
	struct span range = httpc_field(a, "Content-Range"), type = httpc_field(a, "Content-Type");
	unsigned long from, to, size = 0;
	char text[100];
	snprintf(text, sizeof text, "%.*s", (int)range.n, (const char *)range.p);
	if (a->status == 416)
		return sscanf(text, "bytes */%lu", &size) == 1 && size == rfc.script.body.n;
	if (a->status != 206 || span_starts(type, SPAN("multipart/byteranges; boundary=")))
		return range.p == NULL;
	return sscanf(text, "bytes %lu-%lu/%lu", &from, &to, &size) == 3 && from <= to &&
	       to < size && size == rfc.script.body.n && a->body.n == to - from + 1;
}

static bool rfc_check_etag(struct span etag)
{
	if (span_starts(etag, SPAN("W/")))
		etag = span_tail(etag, 2);
	bool held = etag.n >= 2 && etag.p[0] == '"' && etag.p[etag.n - 1] == '"';
	for (size_t i = 1; held && i + 1 < etag.n; i++)
		held = etag.p[i] > ' ' && etag.p[i] != '"' && etag.p[i] != 127;
	return held;
}

static bool rfc_check_fields(const struct httpc_answer *a)
{
	static const char *const hop[] = {"Via", "Upgrade", "Trailer", "WWW-Authenticate"};
	bool held = true;
	for (size_t i = 0; i < COUNT(hop); i++)
		held &= rfc_hold(RULE_HOP, httpc_field(a, hop[i]).p == NULL);
	struct span server = httpc_field(a, "Server"), etag = httpc_field(a, "ETag");
	struct span allow = httpc_field(a, "Allow"), retry = httpc_field(a, "Retry-After");
	uint64_t seconds;
	held &= rfc_hold(RULE_SERVER, span_find(server, '/') == server.n);
	held &= rfc_hold(RULE_ETAG, etag.p == NULL || rfc_check_etag(etag));
	bool get = span_starts(allow, SPAN("GET"));
	held &= rfc_hold(RULE_ALLOW, (a->status != 405 || allow.n > 0) &&
					     get == span_starts(allow, SPAN("GET, HEAD")));
	held &= rfc_hold(RULE_RANGE, rfc_check_range(a));
	return held & rfc_hold(RULE_RETRY, a->status != 503 || dec_u64(retry, &seconds));
}

static bool rfc_check(const struct httpc_answer *a, bool head, bool last, bool end)
{
	struct span connection = httpc_field(a, "Connection");
	bool held = rfc_check_lines(a);
	rfc.answers++;
	held &= rfc_check_framing(a, head);
	if (a->status >= 200)
		held &= rfc_check_date(a);
	held &= rfc_check_fields(a);
	return held & rfc_hold(RULE_CLOSE, span_eq(connection, SPAN("close")) == (last && end));
}

static struct httpc rfc_dial(void)
{
	struct httpc c;
	if (!httpc_dial(&c, "127.0.0.1", rfc.port, RFC_MS))
		bail("no connection");
	return c;
}

/* Bytes of /app.js: "2-5", "2-", "-5" or "all". */
static struct span rfc_slice(const char *text)
{
	struct span all = rfc.script.body;
	unsigned long from, to;
	if (text[0] == '-')
		return span_tail(all, all.n - strtoul(text + 1, NULL, 10));
	int n = sscanf(text, "%lu-%lu", &from, &to);
	return n == 0   ? all
	       : n == 1 ? span_tail(all, from)
			: span_head(span_tail(all, from), to - from + 1);
}

/* One line of [says]. */
static bool rfc_says_line(const struct httpc_answer *a, struct span line)
{
	struct span rest = line.n > 0 ? span_tail(line, 1) : line;
	char text[200];
	snprintf(text, sizeof text, "%.*s", (int)rest.n, (const char *)rest.p);
	if (line.n == 0)
		return true;
	switch (line.p[0]) {
	case '=':
		return span_eq(a->body, rest);
	case '~':
		return memmem(a->body.p, a->body.n, rest.p, rest.n) != NULL;
	case '-':
		return httpc_field(a, text).p == NULL;
	case '@':
		return span_eq(a->body, rfc_slice(text));
	default:
		rest = line;
		snprintf(text, sizeof text, "%.*s", (int)line.n, (const char *)line.p);
		text[span_cut(&rest, ':').n] = '\0';
		return rest.p == NULL ? httpc_field(a, text).p != NULL
				      : span_eq(httpc_field(a, text), span_trim(rest));
	}
}

static bool rfc_says(const struct httpc_answer *a, const char *says)
{
	struct span lines = span_str(says);
	bool held = true;
	while (lines.p != NULL) {
		struct span line = span_cut(&lines, '\n');
		held &= check(rfc_says_line(a, line), "%.*s", (int)line.n, (const char *)line.p);
	}
	return held;
}

/* Reads the next answer of *want and cuts it off. */
static bool rfc_next(struct httpc *c, const struct rfc_row *r, struct span *want)
{
	struct httpc_answer a;
	struct span one = span_cut(want, ' ');
	bool head = one.p[one.n - 1] == 'h', end = span_ends(*want, SPAN("end"));
	uint64_t status = 0;
	bool last = want->p != NULL && !isdigit(want->p[0]);
	dec_u64(span_head(one, 3), &status);
	int rc = head ? httpc_read_head(c, &a, RFC_MS) : httpc_read(c, &a, RFC_MS);
	if (!check(rc == HTTPC_OK, "no answer where %d should be: %s", (int)status,
		   httpc_strerror(rc)))
		return false;
	bool held = check(a.status == (int)status, "%d, not %d: %.*s", a.status, (int)status,
			  (int)a.body.n % 100, (const char *)a.body.p);
	held &= rfc_check(&a, head, last, end);
	if (last)
		held &= rfc_says(&a, r->says);
	httpc_free(&a);
	return held;
}

/* What <name> or <a*800> stands for, sent. */
static bool rfc_special(struct httpc *c, const struct rfc_row *r, struct span name,
			struct span *want)
{
	uint64_t n = 0;
	if (span_eq(name, SPAN("read")))
		return rfc_next(c, r, want);
	if (span_eq(name, SPAN("shut")))
		return shutdown(c->fd, SHUT_WR) == 0;
	if (span_eq(name, SPAN("nul")))
		return httpc_send(c, span_of("", 1), RFC_MS) == HTTPC_OK;
	if (span_eq(name, SPAN("etag")))
		return httpc_send(c, span_str(rfc.etag), RFC_MS) == HTTPC_OK;
	if (name.n < 3 || name.p[1] != '*' || !dec_u64(span_tail(name, 2), &n))
		bail("%s: what is <%.*s>?", r->title, (int)name.n, (const char *)name.p);
	uint8_t *many = malloc(n);
	if (many == NULL)
		bail("no memory");
	memset(many, name.p[0], n);
	/* A server that refuses may close before all of it has come: the answer tells. */
	httpc_send(c, span_of(many, n), RFC_MS);
	free(many);
	return true;
}

static bool rfc_send(struct httpc *c, const struct rfc_row *r, struct span *want)
{
	struct span rest = span_str(r->send);
	bool held = true;
	while (held && rest.n > 0) {
		size_t n = span_find(rest, '<');
		if (n > 0)
			httpc_send(c, span_head(rest, n), RFC_MS);
		rest = span_tail(rest, n);
		if (rest.n == 0)
			break;
		n = span_find(rest, '>');
		held = rfc_special(c, r, span_head(span_tail(rest, 1), n - 1), want);
		rest = span_tail(rest, n + 1);
	}
	return held;
}

static bool rfc_is_open(struct httpc *c)
{
	struct httpc_answer a;
	httpc_send(c, SPAN("GET /healthz" HOST "\r\n"), RFC_MS);
	int rc = httpc_read(c, &a, RFC_MS);
	bool held = rc == HTTPC_OK && a.status == 200 && span_eq(a.body, SPAN("ok\n"));
	check(rc == HTTPC_OK, "stays open: %s", httpc_strerror(rc));
	check(rc != HTTPC_OK || held, "what follows is no answer to a further request: %d",
	      a.status);
	if (rc == HTTPC_OK)
		httpc_free(&a);
	return held && check(c->at == c->n, "and nothing more");
}

static bool rfc_is_ended(struct httpc *c)
{
	char byte;
	long rc = httpc_take(c, &byte, 1, RFC_MS);
	return check(rc == HTTPC_CLOSED, "the end: %s", rc > 0 ? "bytes" : httpc_strerror((int)rc));
}

static void rfc_row(const struct rfc_row *r)
{
	struct httpc c = rfc_dial();
	struct span want = span_str(r->want);
	bool held = rfc_send(&c, r, &want);
	while (held && want.p != NULL && isdigit(want.p[0]))
		held = rfc_next(&c, r, &want);
	if (held)
		held = span_eq(want, SPAN("open")) ? rfc_is_open(&c) : rfc_is_ended(&c);
	httpc_close(&c);
	ok(held, "%s", r->title);
}

static void rfc_run(const struct rfc_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		rfc_row(&rows[i]);
}

/* For a server that already runs. */
static void rfc_use(uint16_t port)
{
	rfc.port = port;
	tzset();
}

static inline void rfc_start_web(void)
{
	char own[32], off[] = "ADMIN_PORT=0";
	int port = free_port();
	snprintf(own, sizeof own, "PORT=%d", port);
	const char *env[] = {own, off, NULL};
	const char *argv[] = {proc_bin("web"), NULL};
	rfc.web = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	if (!wait_port(port, RFC_MS))
		bail("web does not start: %s", proc_log(rfc.web));
	rfc_use((uint16_t)port);
	if (httpc_ask("127.0.0.1", rfc.port, SPAN("GET /app.js" HOST "\r\n"), &rfc.script,
		      RFC_MS) != HTTPC_OK)
		bail("no /app.js");
	struct span etag = httpc_field(&rfc.script, "ETag");
	snprintf(rfc.etag, sizeof rfc.etag, "%.*s", (int)etag.n, (const char *)etag.p);
}

/* The rules, then the end; for main to return. */
static int rfc_end(void)
{
	for (size_t i = 0; i < RULES; i++)
		is_int(rules[i].broken, 0, "%s (%d answers)", rules[i].title, rfc.answers);
	if (rfc.web != NULL)
		is_int(proc_stop(rfc.web, RFC_MS), 0, "the server has lived through it, and stops");
	httpc_free(&rfc.script);
	return done();
}

#endif
