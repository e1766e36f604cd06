#include "fuzz/fuzz.h"
#include "pgwire/pgwire_value.h"

static void walk_values(struct pgwire_row row, struct span body)
{
	struct pgwire_value v;
	unsigned n = 0;
	while (pgwire_row_next(&row, &v)) {
		bool b;
		int16_t n2;
		int32_t n4;
		int64_t n8 = 0, again = 0;
		uint8_t buf[24];
		struct out o = out_init(buf, sizeof buf);
		struct span text;
		must(v.null || is_inside(v.bytes, body), "value %u is inside", n);
		must(!v.null || v.bytes.n == 0, "NULL has no bytes");
		for (int binary = 0; binary < 2; binary++) {
			pgwire_get_bool(v, binary, &b);
			if (pgwire_get_int2(v, binary, &n2) && !binary)
				must(pgwire_get_int4(v, binary, &n4) && n4 == n2, "int2 is int4");
			if (pgwire_get_int4(v, binary, &n4) && !binary)
				must(pgwire_get_int8(v, binary, &n8) && n8 == n4, "int4 is int8");
		}
		must(pgwire_get_text(v, &text) != v.null, "a text unless NULL");
		if (pgwire_get_int8(v, false, &n8)) {
			out_i64(&o, n8);
			v.bytes = out_span_of(&o);
			must(pgwire_get_int8(v, false, &again) && again == n8, "a number again");
		}
		n++;
	}
	must(n == row.count, "%u values of %u", n, row.count);
}

static void walk(struct span body)
{
	struct pgwire_columns columns;
	struct pgwire_column column;
	struct pgwire_row row;
	struct pgwire_types types;
	uint32_t oid;
	unsigned n = 0;
	if (pgwire_columns_init(&columns, &pgwire_default_limits, body) > 0)
		for (; pgwire_columns_next(&columns, &column); n++)
			must(is_inside(column.name, body), "column %u is inside", n);
	must(n == 0 || n == columns.count, "%u columns of %u", n, columns.count);
	must(!pgwire_columns_next(&columns, &column), "no column after the last");
	n = 0;
	if (pgwire_row_init(&row, body) > 0)
		walk_values(row, body);
	if (pgwire_types_init(&types, body) > 0)
		while (pgwire_types_next(&types, &oid))
			n++;
	must(n == 0 || n * 4 + 2 == body.n, "%u types", n);
}

static void take_error(struct span body)
{
	struct pgwire_error e;
	if (pgwire_get_error(body, &e) <= 0)
		return;
	const struct span parts[] = {e.word, e.message, e.detail, e.hint, e.where, e.table, e.line};
	for (size_t i = 0; i < COUNT(parts); i++)
		must(is_inside(parts[i], body), "part %zu of an error is inside", i);
	must(e.code.n == 5 && is_inside(e.code, body), "an SQLSTATE");
	pgwire_class_of(e.code);
}

/* Every reader on every body, whatever its type says. */
static void take_all(struct span body)
{
	struct pgwire_tag tag;
	struct pgwire_setting setting;
	struct pgwire_key key;
	struct pgwire_notify notify;
	struct pgwire_auth auth;
	struct pgwire_versions versions;
	struct pgwire_copy copy;
	char status;
	walk(body);
	take_error(body);
	if (pgwire_get_tag(body, &tag) > 0)
		must(is_inside(tag.text, body) && (tag.has_rows || tag.rows == 0), "a tag");
	if (pgwire_get_setting(body, &setting) > 0)
		must(setting.name.n + setting.value.n + 2 == body.n, "a setting");
	if (pgwire_get_key(body, &key) > 0)
		must(key.secret.n >= 4 && key.secret.n <= PGWIRE_KEY_MAX, "a key");
	if (pgwire_get_notify(body, &notify) > 0)
		must(notify.channel.n + notify.payload.n + 6 == body.n, "a notification");
	if (pgwire_get_status(body, &status) > 0)
		must(status == 'I' || status == 'T' || status == 'E', "a status");
	if (pgwire_get_auth(body, &auth) > 0)
		must(!pgwire_auth_offers(&auth, SPAN("SCRAM-SHA-256")) || auth.data.n > 13, "auth");
	pgwire_get_versions(body, &versions);
	pgwire_get_copy(body, &copy);
}

static void read_all(struct span wire)
{
	static const struct pgwire_limits tight = {64, 64, 32, 4, 4, 100, 0};
	const struct pgwire_limits *const limits[] = {&pgwire_default_limits, &tight};
	for (size_t i = 0; i < COUNT(limits); i++) {
		struct span rest = wire;
		struct pgwire_msg m, cut;
		int used;
		while ((used = pgwire_next(limits[i], rest, &m)) > 0) {
			must(m.body.n + 5 == (size_t)used && is_inside(m.body, rest), "a message");
			for (int n = 0; n < used; n += 1 + used / 16)
				must(pgwire_next(limits[i], guarded(1, span_head(rest, (size_t)n)),
						 &cut) == PGWIRE_MORE,
				     "more is needed after %d of %d", n, used);
			take_all(guarded(2, m.body));
			rest = span_tail(rest, (size_t)used);
		}
	}
}

/* What is written is tag, length, and as many bytes; or nothing of it can be said. */
static void framed(struct out *o, size_t *at)
{
	if (o->over) {
		*o = out_init(o->p, o->cap);
		*at = 0;
		return;
	}
	must(o->n - *at >= 5 && get_be32(o->p + *at + 1) == o->n - *at - 1, "a length that is so");
	*at = o->n;
}

static void write_all(struct span a, struct span b)
{
	static uint8_t buf[FUZZ_MAX * 16];
	struct out o = out_init(buf, sizeof buf);
	size_t at = 0;
	const struct pgwire_param params[] = {
		{.value = a, .oid = 25}, {.null = true}, {.value = b}};
	pgwire_put_query(&o, a);
	must(o.over == (span_find(a, 0) < a.n), "a text without NUL");
	framed(&o, &at);
	pgwire_put_parse(&o, b, a, COUNT(params), params);
	framed(&o, &at);
	pgwire_put_bind(&o, a, b, COUNT(params), params, span_head(a, 3));
	framed(&o, &at);
	pgwire_put_close_statement(&o, b);
	framed(&o, &at);
	pgwire_put_password(&o, b);
	framed(&o, &at);
	pgwire_put_sasl_first(&o, b, a);
	framed(&o, &at);
	pgwire_put_copy_data(&o, a);
	framed(&o, &at);
	pgwire_put_copy_fail(&o, a);
	framed(&o, &at);
}

FUZZ(pgwire)
{
	struct span in = guarded(0, span_of(data, size));
	if (size > FUZZ_MAX)
		return 0;
	read_all(in);
	take_all(in);
	write_all(span_head(in, size / 2), span_tail(in, size / 2));
	return 0;
}
