/*
 * The first byte says what the rest is: a connection string, a password file, or a variable of the
 * environment ("NAME=value").
 */
#include "fuzz/fuzz.h"
#include "pgwire/pgwire_conninfo.h"

static uint8_t room[4096];

/* What [c] says, with every value in quotes. */
static void put_pairs(struct out *o, const struct pgwire_conninfo *c)
{
	for (enum pgwire_option i = 0; i < PGWIRE_OPTIONS; i++) {
		if (c->value[i].p == NULL)
			continue;
		out_str(o, pgwire_option_name(i));
		out_str(o, "='");
		for (size_t k = 0; k < c->value[i].n; k++) {
			out_byte(o, '\\');
			out_byte(o, c->value[i].p[k]);
		}
		out_str(o, "' ");
	}
}

static void take_target(struct pgwire_conninfo *c)
{
	struct pgwire_target t;
	int rc = pgwire_target_get(c, &t);
	must(rc == 1 || (rc == PGWIRE_EVALUE && c->bad.n > 0), "a verdict on the values: %d", rc);
	if (rc < 0)
		return;
	must(t.host_count >= 1 && t.host_count <= PGWIRE_HOSTS_MAX, "hosts");
	for (size_t i = 0; i < t.host_count; i++)
		must(t.hosts[i].port != 0, "a port");
	must(t.connect_timeout != 1, "a time that is long enough");
}

static void take_text(struct span text)
{
	static uint8_t pairs[8192], other[4096];
	struct pgwire_conninfo c, again;
	pgwire_conninfo_init(&c, room, 2 * text.n);
	int rc = pgwire_conninfo_put(&c, text);
	must(rc == 1 || rc == PGWIRE_EKEYWORD || rc == PGWIRE_ESYNTAX || rc == PGWIRE_ETEXT,
	     "a verdict, and room enough: %d", rc);
	if (rc < 0)
		return;
	struct out o = out_init(pairs, sizeof pairs);
	put_pairs(&o, &c);
	must(!o.over, "room for it all");
	pgwire_conninfo_init(&again, other, sizeof other);
	must(pgwire_conninfo_put(&again, out_span_of(&o)) == 1, "it is read again");
	for (size_t i = 0; i < PGWIRE_OPTIONS; i++)
		must(span_eq(c.value[i], again.value[i]) &&
			     (c.value[i].p == NULL) == (again.value[i].p == NULL),
		     "with the same value of %s", pgwire_option_name((enum pgwire_option)i));
	take_target(&c);
}

static void take_passfile(struct span file)
{
	static const struct span names[] = {
		{(const uint8_t *)"h", 1}, {(const uint8_t *)":\\", 2}, {(const uint8_t *)"", 0}};
	for (size_t i = 0; i < COUNT(names); i++) {
		struct out o = out_init(room, sizeof room);
		bool found = pgwire_passfile_get(file, names[i], 5432, SPAN("d"), names[i], &o);
		must(found || o.n == 0, "nothing without a line");
		must(o.n <= file.n && span_find(out_span_of(&o), '\n') == o.n, "within a line");
	}
}

static void take_variable(struct span text)
{
	struct pgwire_conninfo c;
	struct span value = text;
	struct span name = span_cut(&value, '=');
	pgwire_conninfo_init(&c, room, text.n);
	int rc = pgwire_conninfo_put_env(&c, name, value);
	must(rc == 0 || rc == 1 || rc == PGWIRE_ETEXT, "a verdict on a variable: %d", rc);
	take_target(&c);
}

FUZZ(pgwire_conninfo)
{
	if (size == 0 || size > FUZZ_MAX)
		return 0;
	struct span rest = guarded(0, span_of(data + 1, size - 1));
	if (data[0] == 'p')
		take_passfile(rest);
	else if (data[0] == 'e')
		take_variable(rest);
	else
		take_text(rest);
	return 0;
}
