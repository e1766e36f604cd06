/*
 * postgres_blocking: a PostgreSQL client without a loop: a transaction, a COPY, and the rows of a
 * query one by one, however many there are.
 *
 *	cc postgres_blocking.c -o postgres_blocking $(pkg-config --cflags --libs barnacle)
 *	PGPASSWORD=secret ./postgres_blocking "postgres://user@127.0.0.1/database" 3
 */
#include "drivers/postgres_blocking.h"

#include <stdio.h>
#include <stdlib.h>

#define TIME 5000 /* ms for each call */

static struct postgres_blocking db;

static void must(int rc)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "%s\n", postgres_blocking_why(&db, rc));
	postgres_blocking_close(&db);
	exit(1);
}

static void fill(void)
{
	char line[64];
	must(postgres_blocking_exec(
		&db, SPAN("BEGIN; CREATE TEMP TABLE squares (n INT, square INT)"), TIME));
	must(postgres_blocking_copy_in(&db, SPAN("COPY squares FROM STDIN"), TIME));
	for (int n = 1; n <= 100; n++) {
		int size = snprintf(line, sizeof line, "%d\t%d\n", n, n * n);
		must(postgres_blocking_copy_put(&db, span_of(line, (size_t)size)));
	}
	must(postgres_blocking_copy_end(&db));
	must(postgres_blocking_exec(&db, SPAN("COMMIT"), TIME));
}

static void show(const char *limit)
{
	const struct pgwire_param param = {.value = span_str(limit)};
	struct pgwire_row row;
	struct pgwire_value v;
	int rc = postgres_blocking_query(&db, SPAN("SELECT * FROM squares ORDER BY n LIMIT $1"),
					 &param, 1, TIME);
	must(rc);
	while ((rc = postgres_blocking_next(&db, &row)) > 0)
		while (pgwire_row_next(&row, &v))
			printf("%.*s%c", (int)v.bytes.n, (const char *)v.bytes.p,
			       row.left > 0 ? '\t' : '\n');
	must(rc);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: postgres_blocking CONNINFO NUMBER\n");
		return 1;
	}
	must(postgres_blocking_open(&db, argv[1], TIME));
	fill();
	show(argv[2]);
	postgres_blocking_close(&db);
}
