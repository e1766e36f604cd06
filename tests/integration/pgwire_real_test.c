/*
 * The session alone, on a blocking socket, before a real PostgreSQL: values that mean the same in
 * text and in binary, and COPY, of which only a server knows how it goes wrong.
 */
#include "harness/proc.h"
#include "harness/stores.h"
#include "harness/tap.h"
#include "pgwire/pgwire_copy.h"
#include "pgwire/pgwire_session.h"
#include "pgwire/pgwire_value.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))

/* One connection, and a transcript of what a request gave. */
static struct client {
	int fd;
	struct pgwire_session s;
	struct pgwire_pending queue[4];
	uint8_t in[65536], room[65536];
	size_t in_n;
	struct out out;
	struct pgwire_login login;
	struct span data; /* for COPY FROM STDIN; p == NULL: give it up */
	char log[4096];
	struct out said;
	void (*row)(struct pgwire_row *row);
	unsigned done;
	bool up;
} client;

static void flush(struct client *c)
{
	for (size_t at = 0; at < c->out.n;) {
		ssize_t n = send(c->fd, c->out.p + at, c->out.n - at, MSG_NOSIGNAL);
		if (n <= 0)
			bail("the connection broke");
		at += (size_t)n;
	}
	c->out.n = 0;
}

static void copy_in(struct client *c)
{
	out_str(&c->said, "in;");
	if (c->data.p == NULL) {
		pgwire_session_copy_fail(&c->s, &c->out, SPAN("no more"));
		return;
	}
	/* In pieces that are no rows. */
	for (struct span rest = c->data; rest.n > 0; rest = span_tail(rest, 7))
		pgwire_session_copy(&c->s, &c->out, span_head(rest, 7));
	pgwire_session_copy_end(&c->s, &c->out);
}

static void on_event(struct client *c, struct pgwire_event *ev)
{
	switch (ev->kind) {
	case PGWIRE_EV_WORK:
		while (pgwire_session_work(&c->s, &c->out, 4096) == 0)
			;
		break;
	case PGWIRE_EV_READY:
		c->up = true;
		break;
	case PGWIRE_EV_ROW:
		c->row(&ev->row);
		break;
	case PGWIRE_EV_COPY_IN:
		if (ev->failed)
			out_str(&c->said, "refused;");
		else
			copy_in(c);
		break;
	case PGWIRE_EV_COPY_DATA:
		out_span(&c->said, ev->data.bytes);
		break;
	case PGWIRE_EV_COMPLETE:
		out_span(&c->said, ev->tag.text);
		out_str(&c->said, ";");
		break;
	case PGWIRE_EV_ERROR:
		out_span(&c->said, ev->error.code);
		out_str(&c->said, ";");
		break;
	case PGWIRE_EV_DONE:
		out_str(&c->said, ev->failed ? "failed" : "done");
		c->done++;
		break;
	default:
		break;
	}
}

/* Reads once, and takes all that came. */
static void step(struct client *c)
{
	flush(c);
	ssize_t n = recv(c->fd, c->in + c->in_n, sizeof c->in - c->in_n, 0);
	if (n <= 0)
		bail("the server is silent or gone");
	struct span rest = span_of(c->in, c->in_n + (size_t)n);
	struct pgwire_event ev;
	int used;
	while ((used = pgwire_session_next(&c->s, rest, &c->out, &ev)) > 0) {
		on_event(c, &ev);
		rest = span_tail(rest, (size_t)used);
	}
	if (used < 0)
		bail("%s %s", pgwire_strerror(used), c->s.refusal);
	memmove(c->in, rest.p, rest.n);
	c->in_n = rest.n;
}

static void log_in(struct client *c, struct store *pg, unsigned flags)
{
	static const uint8_t nonce[PGWIRE_NONCE_SIZE] = {7};
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)store_port(pg)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct timeval limit = {.tv_sec = 20};
	struct pgwire_limits lim;
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
		bail("no connection");
	c->out = out_init(c->room, sizeof c->room);
	c->in_n = 0;
	c->up = false;
	c->login = (struct pgwire_login){.user = span_str(store_user(pg)),
					 .database = span_str(store_database(pg)),
					 .password = span_str(store_password(pg)),
					 .flags = flags};
	pgwire_limits_init(&lim, sizeof c->in);
	pgwire_session_init(&c->s, &lim, c->queue, LENGTH(c->queue));
	pgwire_session_login(&c->s, &c->login, nonce, &c->out);
	while (!c->up)
		step(c);
}

/* Sends one request and runs it to its end; what happened is in c->log. */
static const char *request(struct client *c, const char *sql, unsigned flags, struct span formats)
{
	const struct pgwire_query q = {.sql = span_str(sql), .formats = formats};
	unsigned before = c->done;
	c->said = out_init(c->log, sizeof c->log - 1);
	if (pgwire_session_send(&c->s, &c->out, &q, flags, c) < 0)
		bail("not sent: %s", sql);
	while (c->done == before)
		step(c);
	c->log[c->said.n] = '\0';
	return c->log;
}

static void put_words(struct pgwire_row *row)
{
	struct pgwire_value v;
	while (pgwire_row_next(row, &v))
		out_span(&client.said, v.bytes);
	out_byte(&client.said, ';');
}

#define TEXT_IN "1\tone\n2\ttwo\n"

static void test_copy(void)
{
	static const struct {
		const char *name, *sql, *data, *want;
		bool plain;         /* without PGWIRE_COPY */
		const char *simple; /* what a simple query gives, when that differs */
	} rows[] = {
		{"into a table", "COPY t FROM STDIN", TEXT_IN, "in;COPY 2;done", false, NULL},
		{"nothing", "COPY t FROM STDIN", "", "in;COPY 0;done", false, NULL},
		{"given up", "COPY t FROM STDIN", NULL, "in;57014;failed", false, NULL},
		{"a bad row", "COPY t FROM STDIN", "1\tone\nx\ttwo\n", "in;22P02;failed", false,
		 NULL},
		{"a trigger that fails before it reads", "COPY early FROM STDIN", TEXT_IN,
		 "in;P0001;failed", false, NULL},
		{"a trigger that fails at the commit", "COPY late FROM STDIN", TEXT_IN,
		 "in;COPY 2;P0001;failed", false, "in;P0001;failed"},
		{"no such table", "COPY nowhere FROM STDIN", TEXT_IN, "42P01;failed", false, NULL},
		{"a query and no COPY", "SELECT 5", "", "5;SELECT 1;done", false, NULL},
		{"nothing at all", "", "", "done", false, NULL},
		{"out of a table", "COPY (SELECT n, w FROM t ORDER BY n) TO STDOUT", "",
		 "1\tone\n2\ttwo\nCOPY 2;done", false, NULL},
		{"out, unasked", "COPY (SELECT 1 WHERE false) TO STDOUT", "", "COPY 0;done", true,
		 NULL},
		{"out, with an error in the middle",
		 "COPY (SELECT 1 / (2 - n) FROM generate_series(1, 2) n) TO STDOUT", "",
		 "1\n22012;failed", true, NULL},
		{"in, unasked", "COPY t FROM STDIN", "", "refused;57014;failed", true, NULL},
	};
	struct client *c = &client;
	c->row = put_words;
	request(c,
		"CREATE TABLE t (n int, w text); CREATE TABLE early (n int, w text);"
		"CREATE TABLE late (n int, w text);"
		"CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
		"$$BEGIN RAISE EXCEPTION 'no'; END$$;"
		"CREATE TRIGGER a BEFORE INSERT ON early EXECUTE FUNCTION fail();"
		"CREATE CONSTRAINT TRIGGER b AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED "
		"FOR EACH ROW EXECUTE FUNCTION fail()",
		PGWIRE_SIMPLE, SPAN(""));
	for (size_t i = 0; i < 2 * LENGTH(rows); i++) {
		unsigned flags = i % 2 ? PGWIRE_QUERY : PGWIRE_SIMPLE;
		bool other = i % 2 == 0 && rows[i / 2].simple != NULL;
		const char *want = other ? rows[i / 2].simple : rows[i / 2].want;
		c->data = rows[i / 2].data == NULL ? SPAN_NONE : span_str(rows[i / 2].data);
		request(c, "TRUNCATE t, early, late; INSERT INTO t VALUES (1, 'one'), (2, 'two')",
			PGWIRE_SIMPLE, SPAN(""));
		is_str(request(c, rows[i / 2].sql, flags | (rows[i / 2].plain ? 0 : PGWIRE_COPY),
			       SPAN("")),
		       want, "COPY, %s: %s", i % 2 ? "extended" : "simple", rows[i / 2].name);
		is_str(request(c, "SELECT 7", PGWIRE_QUERY, SPAN("")), "7;SELECT 1;done",
		       "and the connection is as before");
	}
	c->data = SPAN("3\tx\n");
	is_str(request(c, "COPY t FROM STDIN; SELECT 6; COPY t FROM STDIN; COPY t TO STDOUT",
		       PGWIRE_SIMPLE | PGWIRE_COPY, SPAN("")),
	       "in;COPY 1;6;SELECT 1;in;COPY 1;1\tone\n2\ttwo\n3\tx\n3\tx\nCOPY 4;done",
	       "three COPY and a query in one request");
}

/* What we write in binary, the server reads; and what it writes, we read. */
static void test_copy_binary(void)
{
	static const char hard[] = "tab\there\\ \n\r\b\f\v \303\244";
	struct client *c = &client;
	uint8_t four[4], wire[512], text[256];
	struct out o = out_init(wire, sizeof wire), t = out_init(text, sizeof text);
	const struct pgwire_value row[] = {{pgwire_param_int4(four, -5).value, false},
					   {span_str(hard), false}};
	const struct pgwire_value words[] = {{SPAN("-5"), false}, {span_str(hard), false}};
	const struct pgwire_value nulls[] = {{SPAN_NONE, true}, {SPAN_NONE, true}};
	pgwire_copy_put_header(&o);
	pgwire_copy_put_binary(&o, 2, row);
	pgwire_copy_put_binary(&o, 2, nulls);
	pgwire_copy_put_trailer(&o);
	pgwire_copy_put_text(&t, 2, words);
	pgwire_copy_put_text(&t, 2, nulls);
	request(c, "TRUNCATE t", PGWIRE_SIMPLE, SPAN(""));
	c->data = out_span_of(&o);
	is_str(request(c, "COPY t FROM STDIN (FORMAT binary)", PGWIRE_QUERY | PGWIRE_COPY,
		       SPAN("")),
	       "in;COPY 2;done", "our binary rows");
	request(c, "COPY t TO STDOUT", PGWIRE_QUERY, SPAN(""));
	ok(span_starts(out_span_of(&c->said), out_span_of(&t)), "are what our text rows say");
	request(c, "COPY t TO STDOUT (FORMAT binary)", PGWIRE_QUERY, SPAN(""));
	ok(span_starts(out_span_of(&c->said), c->data), "and come back byte by byte");
	struct span in = out_span_of(&c->said);
	struct pgwire_row got;
	bool end = false;
	int rows = 0, used = pgwire_copy_get_header(in, UINT32_MAX);
	while (used > 0 && !end) {
		in = span_tail(in, (size_t)used);
		used = pgwire_copy_get_binary(in, UINT32_MAX, &got, &end);
		rows += !end;
	}
	is_int(rows, 2, "rows that we read of it");
	request(c, "TRUNCATE t", PGWIRE_SIMPLE, SPAN(""));
	c->data = out_span_of(&t);
	is_str(request(c, "COPY t FROM STDIN", PGWIRE_QUERY | PGWIRE_COPY, SPAN("")),
	       "in;COPY 2;done", "our text rows");
	request(c, "COPY t TO STDOUT (FORMAT binary)", PGWIRE_QUERY, SPAN(""));
	ok(span_starts(out_span_of(&c->said), out_span_of(&o)), "are what our binary rows say");
}

/* A value as text, whatever its format, by the getter of its type. */
static char kind;
static bool binary;

static void put_number(struct pgwire_row *row)
{
	struct pgwire_value v;
	int64_t n = 0;
	int32_t days = 0;
	float f = 0;
	double d = 0;
	uint8_t uuid[PGWIRE_UUID_SIZE] = {0};
	struct span text = SPAN_NONE;
	struct out *o = &client.said;
	pgwire_row_next(row, &v);
	bool good = true;
	switch (kind) {
	case 'f':
		good = pgwire_get_float4(v, binary, &f);
		out_mem(o, &f, sizeof f);
		break;
	case 'd':
		good = pgwire_get_float8(v, binary, &d);
		out_mem(o, &d, sizeof d);
		break;
	case 't':
		good = pgwire_get_timestamp(v, binary, &n);
		out_i64(o, n);
		break;
	case 'D':
		good = pgwire_get_date(v, binary, &days);
		out_i64(o, days);
		break;
	case 'n':
		good = pgwire_get_numeric(v, binary, o);
		break;
	case 'b':
		good = pgwire_get_bytea(v, binary, o);
		break;
	case 'u':
		good = pgwire_get_uuid(v, binary, uuid);
		out_mem(o, uuid, sizeof uuid);
		break;
	default:
		good = pgwire_get_jsonb(v, binary, &text);
		out_span(o, text);
		break;
	}
	out_str(o, good ? ";" : "bad;");
}

/* Each gives as many rows as it likes. */
static void test_values(void)
{
	static const struct {
		char kind;
		const char *sql;
	} rows[] = {
		{'f',
		 "SELECT unnest('{0,-0,1.5,3.4028235e38,-3.4028235e38,1.17549435e-38,1e-45,0.1,"
		 "NaN,Infinity,-Infinity,16777217,1e10}'::float4[])"},
		{'f', "SELECT (random() * 10 ^ (random() * 70 - 35))::float4 FROM "
		      "generate_series(1, 99)"},
		{'d', "SELECT unnest('{0,-0,1.5,1.7976931348623157e308,-1.7976931348623157e308,"
		      "2.2250738585072014e-308,4.9406564584124654e-324,0.1,NaN,Infinity,-Infinity,"
		      "9007199254740993,1e22,1e23}'::float8[])"},
		{'d', "SELECT random() * 10 ^ (random() * 600 - 300) FROM generate_series(1, 99)"},
		{'t',
		 "SELECT unnest('{2000-01-01 00:00+00,1970-01-01 00:00+00,4714-11-24 00:00+00 BC,"
		 "294276-12-31 23:59:59.999999+00,infinity,-infinity,2024-02-29 12:34:56.789+05:30,"
		 "0001-01-01 00:00+00,0044-03-15 12:00+00 BC}'::timestamptz[])"},
		{'t', "SELECT timestamptz '2000-01-01' + random() * interval '250000 years' - "
		      "random() * "
		      "interval '6000 years' FROM generate_series(1, 99)"},
		{'t',
		 "SET TimeZone = 'Europe/Berlin'; SELECT timestamptz '2000-01-01' - random() * "
		 "interval '300 years' FROM generate_series(1, 99); SET TimeZone = 'UTC'"},
		{'t', "SELECT unnest('{2000-01-01 00:00,1999-12-31 23:59:59.000001,infinity}'"
		      "::timestamp[])"},
		{'D', "SELECT unnest('{2000-01-01,5874897-12-31,4714-11-24 BC,infinity,-infinity,"
		      "1900-02-28,1900-03-01,2100-02-28}'::date[])"},
		{'D',
		 "SELECT date '0001-01-01' + n * 37 FROM generate_series(-20000, 60000, 797) n"},
		{'n',
		 "SELECT unnest('{0,0.00,1,-1,10000,9999,-12.50,0.0001,0.00009999,NaN,Infinity,"
		 "-Infinity,123456789012345678901234567890.123456789,1e100,1e-100,100000000.0}'"
		 "::numeric[])"},
		{'n', "SELECT ((random() - 0.5) * 10 ^ (random() * 40 - 20))::numeric "
		      "FROM generate_series(1, 99)"},
		{'b',
		 "SELECT "
		 "unnest('{\"\\\\\\\\x\",\"\\\\\\\\x00ff5c27\",\"\\\\\\\\x61625c5c\"}'::bytea[])"},
		{'b',
		 "SET bytea_output = escape; SELECT unnest('{\"\\\\\\\\x\",\"\\\\\\\\x00ff5c27\","
		 "\"\\\\\\\\x61625c5c\"}'::bytea[]); SET bytea_output = hex"},
		{'u', "SELECT gen_random_uuid() FROM generate_series(1, 9)"},
		{'j', "SELECT unnest(ARRAY['{\"a\": [1, null]}', '\"x\"', '0']::jsonb[])"},
	};
	struct client *c = &client;
	static char as_text[sizeof c->log];
	for (size_t i = 0; i < LENGTH(rows); i++) {
		char sql[1024];
		kind = rows[i].kind;
		/* Random rows must be the same twice: out of a cursor's materialized result. */
		c->row = put_words;
		snprintf(sql, sizeof sql, "%s", rows[i].sql);
		char *select = strstr(sql, "SELECT"), *after = strstr(select, "; SET ");
		char make[1200];
		if (after != NULL)
			*after = '\0';
		snprintf(make, sizeof make, "%.*sDROP TABLE IF EXISTS v; CREATE TEMP TABLE v AS %s",
			 (int)(select - sql), sql, select);
		request(c, make, PGWIRE_SIMPLE, SPAN(""));
		c->row = put_number;
		binary = false;
		struct span first = {(const uint8_t *)as_text, 0};
		request(c, "SELECT * FROM v", PGWIRE_QUERY, SPAN(""));
		memcpy(as_text, c->log, sizeof as_text);
		first.n = c->said.n;
		binary = true;
		request(c, "SELECT * FROM v", PGWIRE_QUERY, SPAN("\1"));
		ok(span_eq(first, out_span_of(&c->said)) && !c->said.over,
		   "values of kind %c, row %zu, in text and in binary", kind, i);
		ok(strstr(as_text, "bad") == NULL && first.n > 20, "and all of them are read");
		if (after != NULL) {
			c->row = put_words;
			request(c, after + 2, PGWIRE_SIMPLE, SPAN(""));
		}
	}
}

int main(void)
{
	struct store *pg = store_postgres(NULL);
	log_in(&client, pg, 0);
	test_copy();
	test_copy_binary();
	test_values();
	close(client.fd);
	log_in(&client, pg, PGWIRE_ASK_3_2);
	ok(client.s.minor == 0 && client.s.key_n == 4, "a server of 3.0 asked for 3.2");
	client.row = put_words;
	is_str(request(&client, "SELECT 7", PGWIRE_QUERY, SPAN("")), "7;SELECT 1;done", "answers");
	close(client.fd);
	return done();
}
