/*
 * COPY both ways and answers of any size, with a real server: what we copy out is what psql's \copy
 * writes, byte for byte; what either wrote, the other can read; and a million rows pass through the
 * same 64 KiB.
 */
#include "integration/pgwire_wire.h"

#include "pgwire/pgwire_value.h"

static struct store *store;
static struct wire wire;

/* What came for the last request. */
static struct text data;
static char sqlstate[8], tag[64];
static uint64_t rows, sum, data_bytes;
static unsigned ends, copies;
static bool failed, keep;
static size_t most_waited;

/* What a COPY IN sends: [source], in pieces of so many bytes; then how it ends. */
static struct span source;
static size_t piece;
static const char *give_up; /* instead of ending well */
static uint64_t made;       /* rows made up instead of [source] */

static void give_piece(struct wire *w)
{
	struct span next = span_head(source, piece);
	char line[64];
	if (made > 0) {
		int n = snprintf(line, sizeof line, "%llu\tline %llu\n", (unsigned long long)made,
				 (unsigned long long)made);
		next = span_of(line, (size_t)n);
		made--;
	} else {
		source = span_tail(source, piece);
	}
	int rc = pgwire_session_copy(&w->s, &w->out, next);
	if (rc == PGWIRE_EROOM) {
		wire_flush(w);
		rc = pgwire_session_copy(&w->s, &w->out, next);
	}
	check(rc == 1, "a piece of %zu bytes: %s", next.n, pgwire_strerror(rc));
}

static void give_all(struct wire *w)
{
	while (source.n > 0 || made > 0)
		give_piece(w);
	int rc = give_up == NULL ? pgwire_session_copy_end(&w->s, &w->out)
				 : pgwire_session_copy_fail(&w->s, &w->out, span_str(give_up));
	check(rc == 1, "the end of the data: %s", pgwire_strerror(rc));
}

static void keep_text(char *to, size_t cap, struct span s)
{
	snprintf(to, cap, "%.*s", (int)s.n, (const char *)s.p);
}

static void see_row(struct pgwire_row r)
{
	struct pgwire_value v;
	int64_t n = 0;
	rows++;
	if (pgwire_row_next(&r, &v) && pgwire_get_int8(v, false, &n))
		sum += (uint64_t)n;
	if (keep)
		text_put(&data, v.bytes);
}

static void see(struct wire *w, const struct pgwire_event *ev)
{
	most_waited = w->in_n > most_waited ? w->in_n : most_waited;
	switch (ev->kind) {
	case PGWIRE_EV_ROW:
		see_row(ev->row);
		break;
	case PGWIRE_EV_COPY_IN:
		copies++;
		if (!ev->failed)
			give_all(w);
		break;
	case PGWIRE_EV_COPY_DATA:
		data_bytes += ev->data.bytes.n;
		rows += !ev->data.more;
		if (keep)
			text_put(&data, ev->data.bytes);
		break;
	case PGWIRE_EV_COMPLETE:
		keep_text(tag, sizeof tag, ev->tag.text);
		break;
	case PGWIRE_EV_ERROR:
		keep_text(sqlstate, sizeof sqlstate, ev->error.code);
		break;
	case PGWIRE_EV_DONE:
		ends++;
		failed = ev->failed;
		break;
	default:
		break;
	}
}

static void forget(void)
{
	free(data.p);
	data = (struct text){0};
	text_put(&data, SPAN(""));
	sqlstate[0] = tag[0] = '\0';
	rows = sum = data_bytes = 0;
	ends = copies = 0;
}

/* One request to its end; the SQLSTATE, "" when it went well. */
static const char *run(const char *sql, unsigned flags)
{
	const struct pgwire_query q = {.sql = span_str(sql)};
	forget();
	int rc = wire_send(&wire, &q, flags, &wire);
	if (rc < 0 || !wire_run(&wire, 0))
		bail("%s: %s", sql, pgwire_strerror(rc < 0 ? rc : wire.error));
	check(ends == 1, "%s: one end", sql);
	return failed ? sqlstate : "";
}

static void sql(const char *text)
{
	if (run(text, PGWIRE_SIMPLE)[0] != '\0')
		bail("%s: %s", text, sqlstate);
}

static bool same_as_file(const char *path)
{
	FILE *f = fopen(path, "re");
	struct text file = {0};
	uint8_t buf[4096];
	if (f == NULL)
		bail("no file %s", path);
	for (size_t n; (n = fread(buf, 1, sizeof buf, f)) > 0;)
		text_put(&file, span_of(buf, n));
	fclose(f);
	bool same = span_eq(span_of(file.p, file.n), span_of(data.p, data.n));
	free(file.p);
	return same;
}

static void write_data(const char *path)
{
	FILE *f = fopen(path, "we");
	if (f == NULL || fwrite(data.p, 1, data.n, f) != data.n || fclose(f) != 0)
		bail("%s cannot be written", path);
}

static const char *const formats[] = {
	"(FORMAT text)",
	"(FORMAT csv)",
	"(FORMAT binary)",
	"(FORMAT csv, HEADER)",
	"(FORMAT text, HEADER)",
	"(DELIMITER '|', NULL 'NIL')",
	"(FORMAT csv, DELIMITER E'\\t', QUOTE '$', ESCAPE '%')",
	"(FORMAT csv, NULL '<null>')",
	"(ENCODING 'UTF8')",
};

/* The digest of a table, good until the next request. */
static const char *digest(const char *table)
{
	char text[256];
	snprintf(text, sizeof text,
		 "SELECT count(*) || md5(string_agg(c::text, '|' ORDER BY a)) FROM %s c", table);
	keep = true;
	if (run(text, PGWIRE_SIMPLE)[0] != '\0')
		bail("%s: %s", text, sqlstate);
	return data.p;
}

/* Both ways in one format, in pieces of several sizes; and crosswise with psql. */
static void copy_both_ways(const char *format, const char *want)
{
	/* The first format goes byte by byte too. */
	static const size_t sizes[] = {60000, 97, 1};
	char text[256], command[512], *path = temp_path("copied");
	snprintf(text, sizeof text, "COPY (SELECT * FROM c ORDER BY a) TO STDOUT %s", format);
	keep = true;
	is_str(run(text, PGWIRE_SIMPLE), "", "out %s", format);
	is_str(tag, "COPY 408", "out %s: tag", format);
	snprintf(command, sizeof command,
		 "psql -X -w -q -v ON_ERROR_STOP=1 <<'END'\n\\copy (SELECT * FROM c ORDER BY a) "
		 "TO '%s' %s\nEND\n",
		 path, format);
	free(shell_psql(store, "app", command));
	ok(same_as_file(path), "out %s: %zu bytes, those of \\copy", format, data.n);

	struct text kept = data;
	data = (struct text){0};
	snprintf(text, sizeof text, "COPY c2 FROM STDIN %s", format);
	for (size_t i = 0; i < LENGTH(sizes) - (format != formats[0]); i++) {
		sql("TRUNCATE c2");
		source = span_of(kept.p, kept.n);
		piece = sizes[i];
		unsigned how = i % 2 == 0 ? PGWIRE_SIMPLE : PGWIRE_QUERY;
		is_str(run(text, how | PGWIRE_COPY), "", "in %s, pieces of %zu", format, piece);
		is_str(digest("c2"), want, "in %s, pieces of %zu: the same rows", format, piece);
	}
	free(data.p);
	data = kept;
	write_data(path);
	sql("TRUNCATE c2");
	snprintf(command, sizeof command,
		 "psql -X -w -q -v ON_ERROR_STOP=1 <<'END'\n\\copy c2 FROM '%s' %s\nEND\n", path,
		 format);
	free(shell_psql(store, "app", command));
	is_str(digest("c2"), want, "what we copied out, by \\copy in, %s", format);
	free(path);
}

static void copies_formats(void)
{
	sql("CREATE TABLE c (a int, b text, d bytea, e timestamptz, f float8, g numeric)");
	sql("INSERT INTO c SELECT n, repeat(chr(n % 300 + 1), n % 50), "
	    "decode(lpad(to_hex(n), 8, '0'), 'hex'), to_timestamp(n * 1e5 + 0.123456), n / 7.0, "
	    "n / 3.0 FROM generate_series(1, 400) n");
	sql("INSERT INTO c VALUES (401, NULL, NULL, NULL, NULL, NULL), "
	    "(402, '', '', 'infinity', 'NaN', 'NaN'), "
	    "(403, E'\\\\N', E'\\\\x5c', '-infinity', 'Infinity', '-Infinity'), "
	    "(404, E'\\\\.', '\\x00', 'epoch', '-0', '0.000'), "
	    "(405, E'a\\tb\\nc\\rd\\\\e\\bf\\fg\\vh', '\\x0a', NULL, 5e-324, 1e100), "
	    "(406, E'\"quoted\", ''and'' $ % |', NULL, NULL, 1e308, 1e-100), "
	    "(407, E'\\n\\n\\n', NULL, NULL, 0, 0), (408, '日本語 🐌 ä', NULL, NULL, 1, 1)");
	sql("CREATE TABLE c2 (LIKE c)");
	char *want = strdup(digest("c"));
	for (size_t i = 0; i < LENGTH(formats); i++)
		copy_both_ways(formats[i], want);
	free(want);
}

static void copies_nothing(void)
{
	sql("TRUNCATE c2");
	keep = true;
	is_str(run("COPY c2 TO STDOUT", PGWIRE_QUERY), "", "an empty table out");
	ok(data.n == 0 && rows == 0, "gives nothing");
	is_str(tag, "COPY 0", "and says so");
	source = SPAN_NONE;
	is_str(run("COPY c2 FROM STDIN", PGWIRE_QUERY | PGWIRE_COPY), "", "nothing in");
	is_str(tag, "COPY 0", "is nothing");
	is_str(run("SELECT 1", PGWIRE_QUERY | PGWIRE_COPY), "", "a query that might have been one");
}

static void copy_fails(void)
{
	static const struct {
		const char *name, *sql, *in, *give_up, *want;
		unsigned flags;
	} cases[] = {
		{"not a number", "COPY c2 (a) FROM STDIN", "1\n2\npear\n4\n", NULL, "22P02", 0},
		{"too many columns", "COPY c2 (a) FROM STDIN", "1\t2\n", NULL, "22P04", 0},
		{"too few columns", "COPY c2 (a, b) FROM STDIN", "1\n", NULL, "22P04", 0},
		{"no UTF-8", "COPY c2 (b) FROM STDIN", "\xff\n", NULL, "22021", 0},
		{"no binary header", "COPY c2 FROM STDIN (FORMAT binary)", "hello", NULL, "22P04",
		 0},
		{"given up", "COPY c2 (a) FROM STDIN", "1\n2\n", "changed my mind", "57014", 0},
		{"given up at once", "COPY c2 (a) FROM STDIN", "", "", "57014", 0},
		{"no such table", "COPY no_such FROM STDIN", "1\n", NULL, "42P01", 0},
		{"not asked for", "COPY c2 FROM STDIN", "", NULL, "57014", 1},
		{"out, failing in the middle",
		 "COPY (SELECT 1 / (n - 500) FROM generate_series(1, 1000) n) TO STDOUT", "", NULL,
		 "22012", 0},
		{"out, no such table", "COPY no_such TO STDOUT", "", NULL, "42P01", 0},
	};
	for (size_t i = 0; i < LENGTH(cases); i++) {
		for (int extended = 0; extended < 2; extended++) {
			unsigned flags = extended ? PGWIRE_QUERY : PGWIRE_SIMPLE;
			source = span_str(cases[i].in);
			piece = 3;
			give_up = cases[i].give_up;
			keep = false;
			flags |= cases[i].flags == 0 ? PGWIRE_COPY : 0;
			is_str(run(cases[i].sql, flags), cases[i].want, "%s%s", cases[i].name,
			       extended ? ", extended" : "");
			check(run("SELECT 7", PGWIRE_QUERY)[0] == '\0' && sum == 7, "%s: and on",
			      cases[i].name);
		}
	}
	give_up = NULL;
	char *left = store_psql(store, "SELECT count(*) FROM c2");
	is_str(left, "0", "nothing of all that is stored");
	free(left);
}

#define MILLION 1000000
#define TO_MILLION UINT64_C(500000500000)

static void flows(void)
{
	keep = false;
	most_waited = 0;
	is_str(run("SELECT generate_series(1, 1000000)", PGWIRE_QUERY), "", "a million rows");
	ok(rows == MILLION && sum == TO_MILLION, "each of them");
	is_str(run("COPY (SELECT generate_series(1, 1000000)) TO STDOUT", PGWIRE_SIMPLE), "",
	       "a million rows copied out");
	ok(rows == MILLION && data_bytes == 6888896, "each of them: %llu bytes",
	   (unsigned long long)data_bytes);
	sql("CREATE TABLE big (n int, s text)");
	made = 100000;
	is_str(run("COPY big FROM STDIN", PGWIRE_QUERY | PGWIRE_COPY), "", "100,000 rows in");
	is_str(tag, "COPY 100000", "all of them");
	char *got = store_psql(store, "SELECT sum(n), count(DISTINCT s) FROM big");
	is_str(got, "5000050000|100000", "each as it was");
	free(got);
	ok(most_waited <= WIRE_IN, "through %zu bytes", most_waited);
}

/* What is above a limit is refused by its length, before it comes; below it, it comes whole. */
static void refuses_large_values(void)
{
	static const struct {
		const char *name, *sql;
	} cases[] = {
		{"row", "SELECT repeat('x', 65530)"},
		{"row of many", "SELECT n, repeat('x', n * 1000) FROM generate_series(1, 100) n"},
		{"row of 64 MB", "SELECT repeat('x', 64000000)"},
		{"copied row", "COPY (SELECT repeat('x', 100000)) TO STDOUT"},
		{"error", "DO $$ BEGIN RAISE EXCEPTION '%', repeat('x', 100000); END $$"},
		{"notice", "DO $$ BEGIN RAISE NOTICE '%', repeat('x', 100000); END $$"},
		{"description",
		 "DO $$ BEGIN EXECUTE 'CREATE TEMP TABLE wide (' || (SELECT string_agg('c' || "
		 "repeat('x', 55) || n || ' int', ',') FROM generate_series(1, 1400) n) || ')'; "
		 "END "
		 "$$; SELECT * FROM wide"},
	};
	is_str(run("SELECT repeat('x', 65520)", PGWIRE_SIMPLE), "", "the longest value that fits");
	for (size_t i = 0; i < LENGTH(cases); i++) {
		const struct pgwire_query q = {.sql = span_str(cases[i].sql)};
		struct wire *w = &wire;
		wire_close(w);
		wire_open(w, store, "app");
		w->event = see;
		forget();
		wire_send(w, &q, PGWIRE_SIMPLE, w);
		check(!wire_run(w, 0), "%s: over", cases[i].name);
		is_str(pgwire_strerror(w->error), pgwire_strerror(PGWIRE_ELENGTH), "too large: %s",
		       cases[i].name);
	}
	/* Pieces are the way for COPY. */
	struct wire *w = &wire;
	wire_close(w);
	wire_open(w, store, "app");
	w->event = see;
	w->s.lim.piece = 10000;
	is_str(run("COPY (SELECT repeat('x', 10000000)) TO STDOUT", PGWIRE_SIMPLE), "",
	       "a row of 10 MB, copied out in pieces");
	ok(data_bytes == 10000001 && rows == 1, "is one row of %llu bytes",
	   (unsigned long long)data_bytes);
}

int main(void)
{
	store = store_postgres(NULL);
	wire_open(&wire, store, "app");
	wire.event = see;
	copies_formats();
	copies_nothing();
	copy_fails();
	flows();
	refuses_large_values();
	wire_close(&wire);
	free(data.p);
	return done();
}
