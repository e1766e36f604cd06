/*
 * What the getters make of values in text and in binary, from a real server: the same, for each
 * type at its limits and for thousands of values in between; and what the writers of parameters
 * say is the value that they were given.
 */
#include "integration/pgwire_wire.h"
#include "integration/postgres_diff_rows.h"

#include "pgwire/pgwire_value.h"

#include <inttypes.h>
#include <stdio.h>

static struct store *store;
static struct wire wire;

/* What a getter makes of a value, told as text: each puts that, or says false. */

typedef bool read_fn(struct pgwire_value v, bool binary, struct out *o);

static void put_hex(struct out *o, struct span bytes)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < bytes.n; i++) {
		out_byte(o, (uint8_t)digits[bytes.p[i] >> 4]);
		out_byte(o, (uint8_t)digits[bytes.p[i] & 15]);
	}
}

static bool read_bool(struct pgwire_value v, bool binary, struct out *o)
{
	bool b = false;
	bool good = pgwire_get_bool(v, binary, &b);
	out_str(o, b ? "t" : "f");
	return good;
}

static bool read_int2(struct pgwire_value v, bool binary, struct out *o)
{
	int16_t n = 0;
	bool good = pgwire_get_int2(v, binary, &n);
	out_i64(o, n);
	return good;
}

static bool read_int4(struct pgwire_value v, bool binary, struct out *o)
{
	int32_t n = 0;
	bool good = pgwire_get_int4(v, binary, &n);
	out_i64(o, n);
	return good;
}

static bool read_int8(struct pgwire_value v, bool binary, struct out *o)
{
	int64_t n = 0;
	bool good = pgwire_get_int8(v, binary, &n);
	out_i64(o, n);
	return good;
}

/* Floats by their bits, all NaN being one. */

static bool read_float4(struct pgwire_value v, bool binary, struct out *o)
{
	float f = 0;
	uint32_t bits;
	bool good = pgwire_get_float4(v, binary, &f);
	memcpy(&bits, &f, sizeof bits);
	out_hex(o, f != f ? 1 : bits);
	return good;
}

static bool read_float8(struct pgwire_value v, bool binary, struct out *o)
{
	double f = 0;
	uint64_t bits;
	bool good = pgwire_get_float8(v, binary, &f);
	memcpy(&bits, &f, sizeof bits);
	out_hex(o, f != f ? 1 : bits);
	return good;
}

static bool read_numeric(struct pgwire_value v, bool binary, struct out *o)
{
	return pgwire_get_numeric(v, binary, o);
}

static bool read_text(struct pgwire_value v, bool binary, struct out *o)
{
	struct span text = SPAN_NONE;
	(void)binary;
	bool good = pgwire_get_text(v, &text);
	out_span(o, text);
	return good;
}

static bool read_jsonb(struct pgwire_value v, bool binary, struct out *o)
{
	struct span text = SPAN_NONE;
	bool good = pgwire_get_jsonb(v, binary, &text);
	out_span(o, text);
	return good;
}

static bool read_bytea(struct pgwire_value v, bool binary, struct out *o)
{
	uint8_t bytes[4096];
	struct out raw = out_init(bytes, sizeof bytes);
	bool good = pgwire_get_bytea(v, binary, &raw);
	out_str(o, "\\x");
	put_hex(o, out_span_of(&raw));
	return good;
}

static bool read_timestamp(struct pgwire_value v, bool binary, struct out *o)
{
	int64_t us = 0;
	bool good = pgwire_get_timestamp(v, binary, &us);
	out_i64(o, us);
	return good;
}

static bool read_date(struct pgwire_value v, bool binary, struct out *o)
{
	int32_t days = 0;
	bool good = pgwire_get_date(v, binary, &days);
	out_i64(o, days);
	return good;
}

static bool read_uuid(struct pgwire_value v, bool binary, struct out *o)
{
	uint8_t uuid[PGWIRE_UUID_SIZE] = {0};
	bool good = pgwire_get_uuid(v, binary, uuid);
	put_hex(o, span_of(uuid, sizeof uuid));
	return good;
}

static const struct {
	const char *type;
	read_fn *read;
	bool same;           /* what is read is the server's text, too */
	const char *between; /* an expression of n, for values in between */
} types[] = {
	{"bool", read_bool, true, "n % 3 = 0"},
	{"int2", read_int2, true, "(n * 13 % 65536 - 32768)::int2"},
	{"int4", read_int4, true, "hashint4(n)"},
	{"int8", read_int8, true, "hashint8extended(n, 1)"},
	{"float4", read_float4, false,
	 "(hashint4(n)::float8 * power(10.0::float8, (n % 70 - 42)::float8) / 1e3)::float4"},
	{"float8", read_float8, false,
	 "hashint8extended(n, 1)::float8 * power(10.0::float8, (n % 560 - 300)::float8) / 1e19"},
	{"numeric", read_numeric, true,
	 "CASE n % 4 WHEN 0 THEN hashint8extended(n, 1)::numeric * (10::numeric ^ (n % 60)) "
	 "WHEN 1 THEN trim_scale(hashint8extended(n, 1) / (10::numeric ^ (n % 40))) "
	 "WHEN 2 THEN round(hashint8extended(n, 1) / (10::numeric ^ (n % 25)), n % 7) "
	 "ELSE (n % 200 - 100)::numeric * 1000 END"},
	{"text", read_text, true, "repeat(chr(n % 2000 + 1), n % 20)"},
	{"varchar(3)", read_text, true, "left(md5(n::text), n % 4)"},
	{"name", read_text, true, "md5(n::text)::name"},
	{"json", read_text, true, "json_build_object('n', n)"},
	{"jsonb", read_jsonb, true, "jsonb_build_object('n', n, 'm', md5(n::text))"},
	{"bytea", read_bytea, true, "decode(md5(n::text), 'hex') || int4send(n)"},
	{"date", read_date, false, "'2000-01-01'::date + hashint4(n) % 1000000"},
	{"timestamp", read_timestamp, false,
	 "'2000-01-01'::timestamp + hashint8extended(n, 1) % 100000000000000000 * interval '1 "
	 "microsecond'"},
	{"timestamptz", read_timestamp, false,
	 "'2000-01-01'::timestamptz + hashint8extended(n, 1) % 100000000000000000 * interval '1 "
	 "microsecond'"},
	{"uuid", read_uuid, false, "md5(n::text)::uuid"},
};

/* What was read of the rows of one query, and what the server had written. */

static struct text seen, written;
static const char *reader_of; /* a type */
static read_fn *reader;
static bool in_binary;
static unsigned rows, unread;
static char sqlstate[8];

static void see(struct wire *w, const struct pgwire_event *ev)
{
	static uint8_t buf[200000];
	struct out o = out_init(buf, sizeof buf);
	struct pgwire_value v;
	(void)w;
	if (ev->kind == PGWIRE_EV_ERROR)
		snprintf(sqlstate, sizeof sqlstate, "%.*s", (int)ev->error.code.n,
			 (const char *)ev->error.code.p);
	if (ev->kind != PGWIRE_EV_ROW)
		return;
	struct pgwire_row row = ev->row;
	pgwire_row_next(&row, &v);
	rows++;
	if (!reader(v, in_binary, &o) || o.over)
		unread++;
	text_put(&seen, out_span_of(&o));
	text_put(&seen, SPAN("\n"));
	text_put(&written, v.bytes);
	text_put(&written, SPAN("\n"));
}

static void forget(struct text *t)
{
	t->n = 0;
	text_put(t, SPAN(""));
}

static void run(const char *sql, bool binary)
{
	const struct pgwire_query q = {.sql = span_str(sql),
				       .formats = binary ? SPAN("\1") : SPAN_NONE};
	forget(&seen);
	forget(&written);
	rows = unread = 0;
	sqlstate[0] = '\0';
	in_binary = binary;
	if (wire_send(&wire, &q, PGWIRE_QUERY, &wire) < 0 || !wire_run(&wire, 0))
		bail("%s: %s", sql, pgwire_strerror(wire.error));
}

/* One query in both formats: the same values; false when the server refuses it. */
static bool agree(const char *sql, bool same)
{
	run(sql, false);
	if (sqlstate[0] != '\0')
		return false;
	struct text in_text = seen;
	unsigned count = rows;
	check(unread == 0, "%s: %u of %u texts cannot be read", sql, unread, rows);
	if (same)
		check(span_eq(span_of(seen.p, seen.n), span_of(written.p, written.n)),
		      "%s: what is read is what was written: %.100s", sql, seen.p);
	seen = (struct text){0};
	run(sql, true);
	check(unread == 0 && rows == count, "%s: %u of %u binary values cannot be read", sql,
	      unread, rows);
	if (!check(span_eq(span_of(seen.p, seen.n), span_of(in_text.p, in_text.n)),
		   "%s: %s, in binary and in text", reader_of, sql)) {
		size_t n = 0;
		while (seen.p[n] == in_text.p[n])
			n++;
		while (n > 0 && seen.p[n - 1] != '\n')
			n--;
		diag("binary %.60s", seen.p + n);
		diag("text   %.60s", in_text.p + n);
	}
	free(in_text.p);
	return true;
}

static const struct diff_type *values_of(const char *type)
{
	for (size_t i = 0; i < LENGTH(diff_types); i++)
		if (strcmp(diff_types[i].type, type) == 0)
			return &diff_types[i];
	bail("no values of %s", type);
}

static void test_types(void)
{
	struct text sql = {0};
	char many[512];
	for (size_t i = 0; i < LENGTH(types); i++) {
		const struct diff_type *t = values_of(types[i].type);
		unsigned good = 0;
		int before = failures();
		reader_of = types[i].type;
		reader = types[i].read;
		for (size_t k = 0; k < LENGTH(t->values) && t->values[k] != NULL; k++) {
			forget(&sql);
			text_put(&sql, SPAN("SELECT $v$"));
			text_put(&sql, span_str(t->values[k]));
			text_put(&sql, SPAN("$v$::"));
			text_put(&sql, span_str(t->type));
			good += agree(sql.p, types[i].same);
		}
		ok(failures() == before && good > 0, "%s: %u values", types[i].type, good);
		snprintf(many, sizeof many, "SELECT %s FROM generate_series(1, 4000) n",
			 types[i].between);
		check(agree(many, types[i].same), "%s: %s", many, sqlstate);
		ok(failures() == before, "%s: 4,000 values in between", types[i].type);
	}
	free(sql.p);
}

/* NULL is no value of any type, in either format. */
static void test_null(void)
{
	for (size_t i = 0; i < LENGTH(types); i++) {
		char sql[64];
		snprintf(sql, sizeof sql, "SELECT NULL::%s", types[i].type);
		reader = types[i].read;
		run(sql, false);
		unsigned as_text = unread;
		run(sql, true);
		ok(as_text == 1 && unread == 1, "%s: NULL is read as nothing", types[i].type);
	}
}

/* Parameters. */

static void same(const char *name, struct pgwire_param param, const char *expression)
{
	char sql[256];
	snprintf(sql, sizeof sql, "SELECT $1 IS NOT DISTINCT FROM %s", expression);
	const struct pgwire_query q = {.sql = span_str(sql), .params = &param, .nparams = 1};
	forget(&seen);
	reader = read_bool;
	in_binary = false;
	sqlstate[0] = '\0';
	if (wire_send(&wire, &q, PGWIRE_QUERY, &wire) < 0 || !wire_run(&wire, 0))
		bail("%s: %s", sql, pgwire_strerror(wire.error));
	ok(sqlstate[0] == '\0' && seen.p[0] == 't', "parameter: %s: %s%s", name, expression,
	   sqlstate);
}

static void test_params(void)
{
	static const uint8_t uuid[16] = {0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8,
					 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11};
	uint8_t room[8];
	same("true", pgwire_param_bool(room, true), "true");
	same("false", pgwire_param_bool(room, false), "false");
	same("int2", pgwire_param_int2(room, INT16_MIN), "'-32768'::int2");
	same("int4", pgwire_param_int4(room, INT32_MIN), "'-2147483648'::int4");
	same("int4", pgwire_param_int4(room, INT32_MAX), "2147483647");
	same("int8", pgwire_param_int8(room, INT64_MIN), "'-9223372036854775808'::int8");
	same("int8", pgwire_param_int8(room, INT64_MAX), "9223372036854775807");
	same("float4", pgwire_param_float4(room, 0.1f), "0.1::float4");
	same("float8", pgwire_param_float8(room, 0.1), "0.1::float8");
	same("float8", pgwire_param_float8(room, 5e-324), "'5e-324'::float8");
	same("timestamptz", pgwire_param_timestamptz(room, 1), "'2000-01-01 00:00:00.000001+00'");
	same("timestamptz", pgwire_param_timestamptz(room, -PGWIRE_UNIX_2000),
	     "'1970-01-01 00:00+00'");
	same("timestamptz", pgwire_param_timestamptz(room, INT64_MAX), "'infinity'");
	same("timestamptz", pgwire_param_timestamptz(room, INT64_MIN), "'-infinity'");
	same("date", pgwire_param_date(room, -PGWIRE_UNIX_2000_DAYS), "'1970-01-01'");
	same("uuid", pgwire_param_uuid(uuid), "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'");
	same("bytea", pgwire_param_bytea(SPAN("\0\377")), "'\\x00ff'");
	same("bytea", pgwire_param_bytea(SPAN("")), "''::bytea");
	same("text", pgwire_param_text(SPAN("O'Reilly \\ ä")), "'O''Reilly \\ ä'::text");
	same("text", pgwire_param_text(SPAN("")), "''::text");
	same("NULL", pgwire_param_null(), "NULL::text");
}

/* Texts quoted by us and read back by the server. */
static void test_quotes(void)
{
	static const char *const texts[] = {"",   "'",  "''", "\\", "\\'",  "a'b\\c\"d", "\"",
					    "ä🐌", "$1", "--", "/*", "\n\t", "E'x'",      "NULL"};
	for (size_t i = 0; i < LENGTH(texts); i++) {
		uint8_t buf[256];
		struct out o = out_init(buf, sizeof buf);
		out_str(&o, "SELECT ");
		check(pgwire_quote_literal(&o, span_str(texts[i])), "literal %s", texts[i]);
		if (texts[i][0] != '\0') {
			out_str(&o, " AS ");
			check(pgwire_quote_identifier(&o, span_str(texts[i])), "name %s", texts[i]);
		}
		out_byte(&o, 0);
		reader = read_text;
		run((const char *)buf, false);
		ok(sqlstate[0] == '\0' && seen.n == strlen(texts[i]) + 1 &&
			   strncmp(seen.p, texts[i], seen.n - 1) == 0,
		   "quoted: %s", (const char *)buf + 7);
	}
}

int main(void)
{
	store = store_postgres(NULL);
	wire_open(&wire, store, "app");
	wire.event = see;
	reader = read_text;
	run("SET TimeZone TO 'UTC'", false);
	test_types();
	test_null();
	test_params();
	test_quotes();
	run("SET TimeZone TO 'Asia/Kathmandu'", false);
	reader_of = "timestamptz";
	reader = read_timestamp;
	ok(agree("SELECT '2000-01-01'::timestamptz + n * interval '400 days' FROM "
		 "generate_series(-1000, 1000) n",
		 false),
	   "timestamptz with offsets of hours, minutes and seconds");
	wire_close(&wire);
	free(seen.p);
	free(written.p);
	return done();
}
