/* Values in both formats, quoting, and rows of COPY: any bytes, and back again. */
#include "fuzz/fuzz.h"
#include "pgwire/pgwire_copy.h"
#include "pgwire/pgwire_value.h"

static uint8_t buf[8 * FUZZ_MAX + 64], room[8 * FUZZ_MAX + 64];

/* What a text means is the same when it is sent in binary. */
static void take_numbers(struct pgwire_value v)
{
	uint8_t wire[8];
	double d = 0, d_again = 1;
	float f = 0, f_again = 1;
	int64_t us = 0, us_again = 1;
	int32_t days = 0, days_again = 1;
	if (pgwire_get_float8(v, false, &d)) {
		struct pgwire_value bits = {pgwire_param_float8(wire, d).value, false};
		must(pgwire_get_float8(bits, true, &d_again) && memcmp(&d, &d_again, sizeof d) == 0,
		     "a float8 again");
	}
	if (pgwire_get_float4(v, false, &f)) {
		struct pgwire_value bits = {pgwire_param_float4(wire, f).value, false};
		must(pgwire_get_float4(bits, true, &f_again) && memcmp(&f, &f_again, sizeof f) == 0,
		     "a float4 again");
	}
	if (pgwire_get_timestamp(v, false, &us)) {
		struct pgwire_value bits = {pgwire_param_timestamptz(wire, us).value, false};
		must(pgwire_get_timestamp(bits, true, &us_again) && us == us_again, "a time again");
	}
	if (pgwire_get_date(v, false, &days)) {
		struct pgwire_value bits = {pgwire_param_date(wire, days).value, false};
		must(pgwire_get_date(bits, true, &days_again) && days == days_again,
		     "a date again");
	}
}

static void take_value(struct pgwire_value v, bool binary)
{
	uint8_t uuid[PGWIRE_UUID_SIZE];
	struct span text;
	struct out o = out_init(buf, sizeof buf);
	bool got = pgwire_get_bytea(v, binary, &o);
	must(o.n <= v.bytes.n && (got || o.n == 0) && !o.over, "bytea is never longer");
	/* Its zeros are not among the bytes, and their count is bounded by the format. */
	static uint8_t digits[160000];
	o = out_init(digits, sizeof digits);
	got = pgwire_get_numeric(v, binary, &o);
	must(!o.over && got == (o.n > 0), "numeric within its bounds");
	pgwire_get_uuid(v, binary, uuid);
	if (pgwire_get_jsonb(v, binary, &text))
		must(text.n + binary == v.bytes.n, "jsonb");
}

static void quote(struct span s)
{
	struct out o = out_init(buf, sizeof buf);
	if (!pgwire_quote_identifier(&o, s)) {
		must(o.n == 0, "nothing of what cannot be quoted");
		must(!pgwire_quote_literal(&o, s) && o.n == 0, "in either way");
		return;
	}
	size_t n = 0;
	for (size_t i = 1; i + 1 < o.n; i++, n++)
		if (buf[i] == '"')
			must(buf[++i] == '"', "an identifier ends where it ends");
	must(n == s.n, "and has all of it");
	o = out_init(buf, sizeof buf);
	must(pgwire_quote_literal(&o, s), "a literal");
	n = 0;
	for (size_t i = buf[0] == ' ' ? 3 : 1; i + 1 < o.n; i++, n++)
		if (buf[i] == '\'' || buf[i] == '\\') {
			i++;
			must(buf[i] == buf[i - 1], "a literal ends where it ends");
		}
	must(n == s.n, "and has all of it");
}

/* Lines of any bytes, and the same values from what we write of them. */
static void take_lines(struct span in)
{
	struct pgwire_copy_line line, second;
	struct pgwire_value v, again;
	int used;
	for (; (used = pgwire_copy_get_line(in, FUZZ_MAX, &line)) > 0;
	     in = span_tail(in, (size_t)used)) {
		struct out o = out_init(room, sizeof room);
		while (pgwire_copy_next_text(&line, &v, &o) > 0) {
			uint8_t back[FUZZ_MAX];
			struct out w = out_init(buf, sizeof buf), b = out_init(back, sizeof back);
			pgwire_copy_put_text(&w, 1, &v);
			must(pgwire_copy_get_line(out_span_of(&w), UINT32_MAX, &second) == (int)w.n,
			     "one value is one line");
			must(pgwire_copy_next_text(&second, &again, &b) == 1 &&
				     again.null == v.null && span_eq(again.bytes, v.bytes),
			     "with the same bytes");
		}
		must(!o.over, "room of the line's length is enough");
	}
}

static void take_stream(struct span in)
{
	struct pgwire_row row;
	struct pgwire_value v;
	bool end = false;
	int used = pgwire_copy_get_header(in, FUZZ_MAX);
	if (used > 0)
		in = span_tail(in, (size_t)used);
	while (!end && (used = pgwire_copy_get_binary(in, FUZZ_MAX, &row, &end)) > 0) {
		size_t n = 2;
		while (pgwire_row_next(&row, &v))
			n += 4 + v.bytes.n;
		must(n == (size_t)used, "a row is its values");
		for (int cut = 0; cut < used; cut += 1 + used / 16)
			must(pgwire_copy_get_binary(guarded(1, span_head(in, (size_t)cut)),
						    FUZZ_MAX, &row, &end) == PGWIRE_MORE,
			     "a cut row");
		in = span_tail(in, (size_t)used);
	}
}

FUZZ(pgwire_value)
{
	if (size > FUZZ_MAX)
		return 0;
	struct span in = guarded(0, span_of(data, size));
	struct pgwire_value v = {in, false};
	take_numbers(v);
	take_value(v, false);
	take_value(v, true);
	quote(in);
	take_lines(in);
	take_stream(in);
	return 0;
}
