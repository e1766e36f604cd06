/* The blocking PostgreSQL client, with a real server. */
#include "drivers/postgres_blocking.h"
#include "harness/stores.h"
#include "harness/tap.h"
#include "pgwire/pgwire_value.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static struct store *store;
static struct postgres_blocking db;
static char conninfo[512];

/* Its rows: "1|x 2|NULL ", and how it ended. */
static char said[4096];

static int read_rows(int rc)
{
	struct out o = out_init(said, sizeof said - 1);
	struct pgwire_row row;
	struct pgwire_value v;
	while (rc >= 0) {
		rc = postgres_blocking_next(&db, &row);
		if (rc <= 0)
			break;
		while (pgwire_row_next(&row, &v)) {
			out_span(&o, v.null ? SPAN("NULL") : v.bytes);
			out_byte(&o, row.left > 0 ? '|' : ' ');
		}
	}
	if (rc < 0)
		out_str(&o, postgres_blocking_why(&db, rc));
	said[o.n] = '\0';
	return rc;
}

static void query_says(const char *sql, int want, const char *words)
{
	int rc = read_rows(postgres_blocking_query(&db, span_str(sql), NULL, 0, 4000));
	is_int(rc, want, "%s", sql);
	is_str(said, words, "%s", sql);
}

static void exec_is(const char *sql, int want)
{
	int rc = postgres_blocking_exec(&db, span_str(sql), 8000);
	is_int(rc, want, "%s: %s", sql, postgres_blocking_why(&db, rc));
}

static void asks(void)
{
	const struct pgwire_param params[] = {{.value = SPAN("2")}, {.null = true}};
	static const struct postgres_statement sum = {SPAN("sum"), SPAN("SELECT $1::int + 1"), 0};
	struct pgwire_column column;
	struct pgwire_row row;
	query_says("SELECT 1, 'x' UNION ALL SELECT 2, NULL", 0, "1|x 2|NULL ");
	query_says("SELECT", 0, "");
	query_says("SELECT 1 WHERE false", 0, "");
	is_int(db.columns.count, 1, "columns, though there are no rows");
	ok(pgwire_columns_next(&db.columns, &column) && span_eq(column.name, SPAN("?column?")) &&
		   column.type == PGWIRE_OID_INT4,
	   "and what they are");
	query_says("SELECT 1/0", POSTGRES_EFAILED, "division by zero");
	is_str(postgres_blocking_sqlstate(&db), "22012", "its code");
	query_says("SELECT 1/(3-n) FROM generate_series(1, 5) n", POSTGRES_EFAILED,
		   "0 1 division by zero");
	int rc = read_rows(
		postgres_blocking_query(&db, SPAN("SELECT $1::int, $2::text"), params, 2, 4000));
	is_int(rc, 0, "parameters");
	is_str(said, "2|NULL ", "come back");
	for (int i = 0; i < 3; i++) {
		rc = read_rows(postgres_blocking_run(&db, &sum, params, 1, 4000));
		check(rc == 0 && strcmp(said, "3 ") == 0, "a prepared statement: %s", said);
	}
	is_int((long)db.cache.misses, 1, "prepared once");
	exec_is("CREATE TABLE t (n INT, t TEXT); INSERT INTO t VALUES (1, 'a'), (2, 'b')", 0);
	is_str(db.tag, "INSERT 0 2", "the last tag");
	is_int((long)db.rows, 2, "and its number");
	rc = postgres_blocking_query(&db, SPAN("SELECT generate_series(1, 500000)"), NULL, 0, 8000);
	is_int(rc, 0, "many rows");
	is_int(postgres_blocking_next(&db, &row), 1, "of which one is read");
	query_says("SELECT 'next'", 0, "next ");
	rc = postgres_blocking_query(&db, span_of("a\0b", 3), NULL, 0, 4000);
	is_int(rc, POSTGRES_EREQUEST, "what cannot be said");
	is_int(postgres_blocking_next(&db, &row), POSTGRES_EREQUEST, "has no rows");
	ok(postgres_parameter(&db.settings, SPAN("server_version")).n > 0, "settings");
}

static void note_words(struct postgres_blocking *b, const struct pgwire_error *e)
{
	snprintf(b->user, 100, "%.*s %.*s/%.*s", (int)e->word.n, (const char *)e->word.p,
		 (int)e->message.n, (const char *)e->message.p, (int)e->detail.n,
		 (const char *)e->detail.p);
}

static void hears_words(void)
{
	char words[100] = "";
	db.user = words;
	db.notice = note_words;
	exec_is("DO $$ BEGIN RAISE NOTICE 'one' USING DETAIL = 'two'; END $$", 0);
	is_str(words, "NOTICE one/two", "a notice");
	exec_is("CREATE TEMP TABLE k (n INT UNIQUE); INSERT INTO k VALUES (1), (1)",
		POSTGRES_EFAILED);
	is_str(words,
	       "ERROR duplicate key value violates unique constraint \"k_n_key\"/"
	       "Key (n)=(1) already exists.",
	       "an error with its detail");
	db.notice = NULL;
}

static void reads_many(void)
{
	struct pgwire_row row;
	struct pgwire_value v;
	uint64_t sum = 0, rows = 0;
	int64_t n = 0;
	int rc = postgres_blocking_query(
		&db, SPAN("SELECT n, 'line ' || n FROM generate_series(1, 1000000) n"), NULL, 0,
		60000);
	while (rc >= 0) {
		rc = postgres_blocking_next(&db, &row);
		if (rc <= 0)
			break;
		rows++;
		if (pgwire_row_next(&row, &v) && pgwire_get_int8(v, false, &n))
			sum += (uint64_t)n;
	}
	is_int(rc, 0, "a million rows");
	ok(rows == 1000000 && sum == UINT64_C(500000500000), "each of them");
	ok(db.rows_cap <= POSTGRES_BLOCKING_ROWS + 64, "in %zu bytes", db.rows_cap);
	is_int((long)db.rows, 1000000, "counted by the server");

	rc = postgres_blocking_query(&db, SPAN("SELECT repeat('x', 500000)"), NULL, 0, 8000);
	is_int(rc < 0 ? rc : postgres_blocking_next(&db, &row), 1, "a long row");
	ok(pgwire_row_next(&row, &v) && v.bytes.n == 500000, "in one piece");
	rc = postgres_blocking_query(&db, SPAN("SELECT repeat('x', 2000000)"), NULL, 0, 8000);
	is_int(rc, POSTGRES_EPROTO, "one that is longer than the limit");
	is_int(db.p.error, PGWIRE_ELENGTH, "is refused by its length");
	query_says("SELECT 1", 0, "1 ");
}

static void copies(void)
{
	static char big[200000];
	struct span data;
	struct pgwire_row row;
	size_t n = 0;
	char line[32];
	is_int(postgres_blocking_copy_in(&db, SPAN("COPY t FROM STDIN"), 20000), 0, "COPY in");
	int rc = 0;
	for (int i = 0; i < 100000 && rc == 0; i++) {
		int len = snprintf(line, sizeof line, "%d\tx%d\n", i, i);
		rc = postgres_blocking_copy_put(&db, span_of(line, (size_t)len));
	}
	is_int(rc, 0, "data");
	memset(big, 'y', sizeof big);
	memcpy(big, "7\t", 2);
	big[sizeof big - 1] = '\n';
	is_int(postgres_blocking_copy_put(&db, span_of(big, sizeof big)), 0, "a long row");
	is_int(postgres_blocking_copy_end(&db), 0, "its end");
	is_int((long)db.rows, 100001, "rows");
	is_int(postgres_blocking_copy_out(&db, SPAN("COPY t TO STDOUT"), 20000), 0, "COPY out");
	while ((rc = postgres_blocking_copy_get(&db, &data)) > 0)
		n += data.n;
	is_int(rc, 0, "its end");
	is_int((long)db.rows, 100003, "rows, with those that were there");
	ok(n > 1000000, "%zu bytes", n);
	is_int(postgres_blocking_copy_in(&db, SPAN("COPY t FROM STDIN"), 30000), 0, "COPY in");
	/* A server that is not let run at once says so later. */
	for (int i = 0; i < 20000000 && rc == 0; i++)
		rc = postgres_blocking_copy_put(&db, SPAN("x\ty\n"));
	is_int(rc, POSTGRES_EFAILED, "what is no number is refused on the way");
	is_str(postgres_blocking_sqlstate(&db), "22P02", "its code");
	is_int(postgres_blocking_copy_in(&db, SPAN("COPY t FROM STDIN"), 8000), 0, "COPY in");
	is_int(postgres_blocking_copy_put(&db, SPAN("1\ty\n")), 0, "a row");
	is_int(postgres_blocking_copy_fail(&db, SPAN("no")), 0, "given up");
	is_int(postgres_blocking_copy_in(&db, SPAN("COPY t FROM STDIN"), 8000), 0, "and not ended");
	query_says("SELECT count(*) FROM t", 0, "100003 ");
	is_int(postgres_blocking_copy_in(&db, SPAN("SELECT 1"), 8000), POSTGRES_EREQUEST,
	       "what is no COPY");
	is_int(postgres_blocking_copy_out(&db, SPAN("COPY nowhere TO STDOUT"), 8000), 0,
	       "COPY out of nowhere");
	is_int(postgres_blocking_copy_get(&db, &data), POSTGRES_EFAILED, "gives nothing");
	is_int(postgres_blocking_copy_out(&db, SPAN("COPY t TO STDOUT"), 8000), 0, "COPY out");
	is_int(postgres_blocking_next(&db, &row), POSTGRES_EREQUEST, "whose data are no rows");
	is_int(postgres_blocking_query(&db, SPAN("SELECT 1"), NULL, 0, 8000), 0, "and rows");
	is_int(postgres_blocking_copy_get(&db, &data), POSTGRES_EREQUEST, "are no data");
}

static void hears(void)
{
	struct pgwire_notify n;
	exec_is("LISTEN a", 0);
	is_int(postgres_blocking_notification(&db, &n, 0), 0, "none is there");
	free(store_psql(store, "NOTIFY a, 'one'; NOTIFY a, 'two'"));
	query_says("SELECT 1", 0, "1 ");
	is_int(postgres_blocking_notification(&db, &n, 4000), 1, "one");
	ok(span_eq(n.channel, SPAN("a")) && span_eq(n.payload, SPAN("one")), "with its payload");
	is_int(postgres_blocking_notification(&db, &n, 4000), 1, "another");
	ok(span_eq(n.payload, SPAN("two")), "in order");
	is_int(postgres_blocking_notification(&db, &n, 30), 0, "no more");
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Signals all the time: none of them ends a call. */
static void is_interrupted(void)
{
	const struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
	struct sigaction act = {.sa_handler = on_alarm};
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	query_says("SELECT 1 FROM pg_sleep(0.1)", 0, "1 ");
	setitimer(ITIMER_REAL, &never, NULL);
}

static void is_late(void)
{
	int rc = postgres_blocking_exec(&db, SPAN("SELECT pg_sleep(60)"), 400);
	is_int(rc, POSTGRES_EFAILED, "a query that takes too long");
	is_str(postgres_blocking_sqlstate(&db), "57014", "is cancelled");
	query_says("SELECT 1", 0, "1 ");
	store_pause(store);
	rc = postgres_blocking_exec(&db, SPAN("SELECT 1"), 50);
	is_int(rc, POSTGRES_ELATE, "a server that stands still");
	rc = postgres_blocking_exec(&db, SPAN("SELECT 1"), 50);
	is_int(rc, POSTGRES_EDOWN, "lets nobody in");
	store_resume(store);
	query_says("SELECT 1", 0, "1 ");
}

static void terminate(void)
{
	free(store_psql_as(store, "postgres", store_password(store),
			   "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
			   "WHERE application_name = 'tester'"));
}

static void is_lost(void)
{
	exec_is("BEGIN", 0);
	terminate();
	exec_is("INSERT INTO t VALUES (5)", POSTGRES_EDOWN);
	exec_is("COMMIT", 0);
	query_says("SELECT 1", 0, "1 ");
	exec_is("SELECT pg_terminate_backend(pg_backend_pid())", POSTGRES_ELOST);
	query_says("SELECT 2", 0, "2 ");
	store_kill(store);
	exec_is("SELECT 1", POSTGRES_EDOWN);
	exec_is("SELECT 1", POSTGRES_EDOWN);
	store_start(store);
	query_says("SELECT 3", 0, "3 ");
}

static void cannot_open(void)
{
	static const struct {
		const char *name, *more, *why;
		int rc;
	} rows[] = {
		{"a wrong password", " password=no",
		 "28P01 password authentication failed for user \"app\"", POSTGRES_EDOWN},
		{"no database", " dbname=no", "3D000 database \"no\" does not exist",
		 POSTGRES_EDOWN},
		{"no such keyword", " nonsense=1", NULL, POSTGRES_ETARGET},
		{"TLS", " sslmode=require", "TLS is not carried: sslmode", POSTGRES_ETARGET},
		{"nobody listens", " port=1", NULL, POSTGRES_EDOWN},
		{"no standby", " target_session_attrs=standby", "the server is not a standby",
		 POSTGRES_EDOWN},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[640];
		snprintf(text, sizeof text, "%s%s", conninfo, rows[i].more);
		int rc = postgres_blocking_open(&db, text, 4000);
		is_int(rc, rows[i].rc, "%s: %s", rows[i].name, postgres_blocking_why(&db, rc));
		if (rows[i].why != NULL)
			is_str(postgres_blocking_why(&db, rc), rows[i].why, "%s", rows[i].name);
		is_int(postgres_blocking_exec(&db, SPAN("SELECT 1"), 0), POSTGRES_EDOWN,
		       "%s: nothing goes", rows[i].name);
		postgres_blocking_close(&db);
		postgres_blocking_close(&db);
	}
}

/* The password out of a file; the file's own rules are pgwire_passfile_get's. */
static void reads_passfile(void)
{
	char path[512], line[512], text[1200];
	snprintf(path, sizeof path, "%s/pass", temp_dir());
	FILE *f = fopen(path, "w");
	if (f == NULL)
		bail("no file");
	snprintf(line, sizeof line, "*:*:*:%s:", store_user(store));
	fputs(line, f);
	for (const char *p = store_password(store); *p != '\0'; p++)
		fprintf(f, *p == ':' || *p == '\\' ? "\\%c" : "%c", *p);
	fputs("\n", f);
	fclose(f);
	unsetenv("PGPASSWORD");
	snprintf(text, sizeof text, "host=%s port=%s user=%s dbname=%s passfile=%s",
		 store_host(store), store_port_text(store), store_user(store),
		 store_database(store), path);
	chmod(path, 0644);
	ok(postgres_blocking_open(&db, text, 4000) < 0, "a file that others can read is not read");
	postgres_blocking_close(&db);
	chmod(path, 0600);
	is_int(postgres_blocking_open(&db, text, 4000), 0, "a password out of a file");
	postgres_blocking_close(&db);
	setenv("PGPASSWORD", store_password(store), 1);
}

int main(void)
{
	store = store_postgres(NULL);
	setenv("PGPASSWORD", store_password(store), 1);
	snprintf(conninfo, sizeof conninfo,
		 "host=%s port=%s user=%s dbname=%s application_name=tester", store_host(store),
		 store_port_text(store), store_user(store), store_database(store));
	is_int(postgres_blocking_open(&db, conninfo, 8000), 0, "opened: %s",
	       postgres_blocking_why(&db, 0));
	asks();
	hears_words();
	reads_many();
	copies();
	hears();
	is_interrupted();
	is_late();
	is_lost();
	postgres_blocking_close(&db);
	cannot_open();
	reads_passfile();
	return done();
}
