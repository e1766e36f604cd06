/*
 * What we understand of a server's answers, compared with psql: the same statements in the same
 * order on databases of their own, once by psql and then by us as simple queries, as extended ones,
 * and as extended ones sixteen at a time.
 */
#include "integration/pgwire_wire.h"
#include "integration/postgres_diff_rows.h"

#include <stdio.h>

static struct store *store;
static struct wire wire;

/* The statements. */

struct statement {
	struct text sql;
	bool several;
};

static struct statement statements[800];
static size_t statement_count;

static void add_statement(const char *sql, bool several)
{
	if (statement_count == LENGTH(statements))
		bail("too many statements");
	struct statement *s = &statements[statement_count++];
	text_put(&s->sql, span_str(sql));
	s->several = several;
}

static void add_value(const char *type, const char *value)
{
	add_statement("SELECT '", false);
	struct text *sql = &statements[statement_count - 1].sql;
	for (; *value != '\0'; value++) {
		if (*value == '\'')
			text_put(sql, SPAN("'"));
		text_put(sql, span_of(value, 1));
	}
	text_put(sql, SPAN("'::"));
	text_put(sql, span_str(type));
}

static void add_columns(unsigned n)
{
	char number[16];
	add_statement("SELECT 0", false);
	for (unsigned i = 1; i < n; i++) {
		snprintf(number, sizeof number, ",%u", i);
		text_put(&statements[statement_count - 1].sql, span_str(number));
	}
}

static void add_all(void)
{
	add_statement("SET TimeZone TO 'UTC'", false);
	for (size_t i = 0; i < LENGTH(diff_types); i++) {
		const struct diff_type *t = &diff_types[i];
		for (size_t k = 0; k < LENGTH(t->values) && t->values[k] != NULL; k++)
			add_value(t->type, t->values[k]);
	}
	for (size_t i = 0; i < LENGTH(diff_statements); i++)
		add_statement(diff_statements[i], false);
	for (size_t i = 0; i < LENGTH(diff_several); i++)
		add_statement(diff_several[i], true);
	add_columns(1600);
	add_columns(1664);
	add_columns(1665);
}

/* What was seen of each: rows with \036 behind all but the last and a newline behind that, \037
 * between values, tags as psql shows them, the SQLSTATE at the end. */

struct seen {
	struct text of[LENGTH(statements)];
};

static struct seen psql_saw, we_saw;

static void forget(struct seen *s)
{
	for (size_t i = 0; i < statement_count; i++)
		free(s->of[i].p);
	*s = (struct seen){0};
}

/* psql. */

static void write_script(FILE *f)
{
	fputs("\\pset null <NULL>\n", f);
	for (size_t i = 0; i < statement_count; i++) {
		fprintf(f, "\\echo @@%zu\n", i);
		for (const char *p = statements[i].sql.p; *p != '\0'; p++) {
			if (*p == ';' && statements[i].several)
				putc('\\', f);
			putc(*p, f);
		}
		fputs("\n;\n\\echo :SQLSTATE\n", f);
	}
	fprintf(f, "\\echo @@%zu\n", statement_count);
}

static void ask_psql(const char *database)
{
	char *path = temp_path("statements.sql"), command[256];
	FILE *f = fopen(path, "we");
	if (f == NULL)
		bail("%s cannot be written", path);
	write_script(f);
	fclose(f);
	snprintf(command, sizeof command,
		 "psql -X -w -A -t -F \"$(printf '\\037')\" -R \"$(printf '\\036')\" -f %s "
		 "2>/dev/null",
		 path);
	char *said = shell_psql(store, database, command), *at = strstr(said, "@@0\n");
	for (size_t i = 0; i < statement_count; i++) {
		char mark[32];
		if (at == NULL)
			bail("psql did not come to statement %zu: %s", i, statements[i].sql.p);
		at = strchr(at, '\n') + 1;
		snprintf(mark, sizeof mark, "@@%zu", i + 1);
		char *end = strstr(at, mark);
		if (end != NULL)
			text_put(&psql_saw.of[i], span_of(at, (size_t)(end - at)));
		at = end;
	}
	free(said);
	free(path);
}

/* We. */

static struct text *now_seen;
static size_t in_result, result_at; /* rows so far, and where the first is */
static bool in_rows, is_simple, all_simple;
static uint16_t column_count;
static char sqlstate[8];
static unsigned notices;

static void put_text_value(struct text *t, struct pgwire_value v)
{
	text_put(t, v.null ? SPAN("<NULL>") : v.bytes);
}

static void see_row(const struct pgwire_row *row)
{
	struct pgwire_row r = *row;
	struct pgwire_value v;
	in_result++;
	if (column_count > 0 && in_result > 1)
		text_put(now_seen, SPAN("\036"));
	for (size_t i = 0; pgwire_row_next(&r, &v); i++) {
		if (i > 0)
			text_put(now_seen, SPAN("\037"));
		put_text_value(now_seen, v);
	}
}

static void see_columns(const struct pgwire_columns *c)
{
	column_count = c->count;
	in_rows = true;
	in_result = 0;
	result_at = now_seen->n;
}

/* Of what has columns psql shows the tag only when it changed something. */
static void see_tag(struct span tag)
{
	static const char *const changes[] = {"INSERT", "UPDATE", "DELETE"};
	bool shown = !in_rows;
	if (in_rows && column_count > 0 && in_result > 0)
		text_put(now_seen, SPAN("\n"));
	for (size_t i = 0; i < LENGTH(changes); i++)
		shown |= span_starts(tag, span_str(changes[i]));
	if (shown) {
		text_put(now_seen, tag);
		text_put(now_seen, SPAN("\n"));
	}
	in_rows = false;
}

/*
 * psql does not show the rows of a statement that fails behind them. In the extended protocol the
 * tag too may come before the error, when it is for the Sync to find: deferred constraints.
 */
static void forget_result(void)
{
	if (is_simple)
		now_seen->n = in_rows ? result_at : now_seen->n;
	else
		now_seen->n = 0;
}

static void see(struct wire *w, const struct pgwire_event *ev)
{
	(void)w;
	if (ev->who != NULL) {
		now_seen = ev->who;
		is_simple = all_simple || statements[now_seen - we_saw.of].several;
	}
	switch (ev->kind) {
	case PGWIRE_EV_COLUMNS:
		see_columns(&ev->columns);
		break;
	case PGWIRE_EV_ROW:
		see_row(&ev->row);
		break;
	case PGWIRE_EV_COMPLETE:
		see_tag(ev->tag.text);
		break;
	case PGWIRE_EV_ERROR:
		forget_result();
		snprintf(sqlstate, sizeof sqlstate, "%.*s", (int)ev->error.code.n,
			 (const char *)ev->error.code.p);
		break;
	case PGWIRE_EV_NOTICE:
		notices++;
		break;
	case PGWIRE_EV_DONE:
		text_put(now_seen, span_str(ev->failed ? sqlstate : "00000"));
		text_put(now_seen, SPAN("\n"));
		in_rows = false;
		break;
	default:
		break;
	}
}

static void ask_us(const char *database, unsigned flags, uint32_t at_once)
{
	wire_open(&wire, store, database);
	wire.event = see;
	all_simple = flags == PGWIRE_SIMPLE;
	for (size_t i = 0; i < statement_count; i++) {
		const struct pgwire_query q = {.sql = span_str(statements[i].sql.p)};
		unsigned how = statements[i].several ? PGWIRE_SIMPLE : flags;
		int rc = wire_send(&wire, &q, how, &we_saw.of[i]);
		if (rc < 0 || !wire_run(&wire, at_once - 1))
			bail("%s: %s", statements[i].sql.p,
			     pgwire_strerror(rc < 0 ? rc : wire.error));
	}
	if (!wire_run(&wire, 0))
		bail("at the end: %s", pgwire_strerror(wire.error));
	wire_close(&wire);
}

static void compare(const char *name)
{
	unsigned differ = 0;
	for (size_t i = 0; i < statement_count; i++) {
		struct span ours = span_of(we_saw.of[i].p, we_saw.of[i].n),
			    theirs = span_of(psql_saw.of[i].p, psql_saw.of[i].n);
		if (check(span_eq(ours, theirs), "%s: %.200s", name, statements[i].sql.p))
			continue;
		diag("ours %.*s, psql's %.*s", ours.n < 300 ? (int)ours.n : 300,
		     (const char *)ours.p, theirs.n < 300 ? (int)theirs.n : 300,
		     (const char *)theirs.p);
		differ++;
	}
	ok(differ == 0, "%s: %zu statements as psql sees them", name, statement_count);
	forget(&we_saw);
}

int main(void)
{
	static const struct {
		const char *name, *database;
		unsigned flags;
		uint32_t at_once;
	} modes[] = {
		{"simple", "simple", PGWIRE_SIMPLE, 1},
		{"extended", "extended", PGWIRE_QUERY, 1},
		{"sixteen at a time", "sixteen", PGWIRE_QUERY, 16},
	};
	store = store_postgres(NULL);
	add_all();
	ok(statement_count > 300, "%zu statements", statement_count);
	ask_psql("app");
	for (size_t i = 0; i < LENGTH(modes); i++) {
		char sql[128];
		snprintf(sql, sizeof sql, "CREATE DATABASE %s OWNER app TEMPLATE template0",
			 modes[i].database);
		free(store_psql_as(store, "postgres", store_password(store), sql));
		notices = 0;
		ask_us(modes[i].database, modes[i].flags, modes[i].at_once);
		compare(modes[i].name);
		/* Four come without being asked for: IF EXISTS and the like, and no transaction. */
		is_int(notices, 503 + 4, "%s: notices", modes[i].name);
	}
	return done();
}
