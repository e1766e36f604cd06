/* make bench-pgwire: libpq, as its manual says. See client.h. */
#include "bench/pgwire/client.h"

#include <arpa/inet.h>

/* What is used of libpq-fe.h, so that checking this file does not need libpq's headers. */
struct pg_conn *PQconnectdbParams(const char *const *names, const char *const *values, int expand);
void PQfinish(struct pg_conn *c);
int PQstatus(const struct pg_conn *c);
char *PQerrorMessage(const struct pg_conn *c);
struct pg_result *PQexec(struct pg_conn *c, const char *sql);
struct pg_result *PQexecParams(struct pg_conn *c, const char *sql, int n, const unsigned *types,
			       const char *const *values, const int *lengths, const int *formats,
			       int binary);
int PQsendQueryParams(struct pg_conn *c, const char *sql, int n, const unsigned *types,
		      const char *const *values, const int *lengths, const int *formats,
		      int binary);
int PQsendQueryPrepared(struct pg_conn *c, const char *name, int n, const char *const *values,
			const int *lengths, const int *formats, int binary);
struct pg_result *PQprepare(struct pg_conn *c, const char *name, const char *sql, int n,
			    const unsigned *types);
int PQsetSingleRowMode(struct pg_conn *c);
int PQenterPipelineMode(struct pg_conn *c);
int PQexitPipelineMode(struct pg_conn *c);
int PQpipelineSync(struct pg_conn *c);
struct pg_result *PQgetResult(struct pg_conn *c);
int PQresultStatus(const struct pg_result *r);
int PQntuples(const struct pg_result *r);
int PQgetlength(const struct pg_result *r, int row, int column);
char *PQgetvalue(const struct pg_result *r, int row, int column);
void PQclear(struct pg_result *r);

enum { CONNECTION_OK = 0, COMMAND_OK = 1, TUPLES_OK = 2, SINGLE_TUPLE = 9, PIPELINE_SYNC = 10 };

static uint64_t sum;

static struct pg_conn *log_in(const struct target *t)
{
	const char *const names[] = {"host",     "port",    "user",       "dbname",
				     "password", "sslmode", "gssencmode", NULL},
			  *const values[] = {t->host,     t->port,   t->user,   t->database,
					     t->password, "disable", "disable", NULL};
	struct pg_conn *c = PQconnectdbParams(names, values, 0);
	if (PQstatus(c) != CONNECTION_OK)
		die(PQerrorMessage(c));
	return c;
}

static void take_rows(const struct pg_result *r, int binary)
{
	int n = PQntuples(r);
	for (int i = 0; i < n; i++) {
		uint32_t number;
		const char *text = PQgetvalue(r, i, 0);
		memcpy(&number, text, sizeof number);
		sum += binary ? ntohl(number) : (uint64_t)strtol(text, NULL, 10);
		for (int k = 1; k < 3; k++)
			sum += (uint64_t)PQgetlength(r, i, k);
	}
}

static void rows(struct pg_conn *c, const struct target *t)
{
	char sql[256];
	int binary = t->mode == BINARY;
	snprintf(sql, sizeof sql, ROWS_SQL, t->n);
	struct pg_result *r = PQexecParams(c, sql, 0, NULL, NULL, NULL, NULL, binary);
	if (PQresultStatus(r) != TUPLES_OK)
		die(PQerrorMessage(c));
	take_rows(r, binary);
	PQclear(r);
}

static void single_rows(struct pg_conn *c, const struct target *t)
{
	char sql[256];
	struct pg_result *r;
	snprintf(sql, sizeof sql, ROWS_SQL, t->n);
	if (!PQsendQueryParams(c, sql, 0, NULL, NULL, NULL, NULL, 0) || !PQsetSingleRowMode(c))
		die(PQerrorMessage(c));
	while ((r = PQgetResult(c)) != NULL) {
		if (PQresultStatus(r) != SINGLE_TUPLE && PQresultStatus(r) != TUPLES_OK)
			die(PQerrorMessage(c));
		take_rows(r, 0);
		PQclear(r);
	}
}

/* The results of [n] inserts: each its own, a NULL behind it, and that of its Sync. */
static void take_inserted(struct pg_conn *c, unsigned n)
{
	while (n > 0) {
		struct pg_result *r = PQgetResult(c);
		if (r == NULL)
			continue;
		int status = PQresultStatus(r);
		if (status != COMMAND_OK && status != PIPELINE_SYNC)
			die(PQerrorMessage(c));
		n -= status == PIPELINE_SYNC;
		PQclear(r);
	}
}

static void insert(struct pg_conn *c, unsigned n)
{
	PQclear(PQexec(c, "BEGIN"));
	PQclear(PQprepare(c, "i", INSERT_SQL, 0, NULL));
	PQenterPipelineMode(c);
	for (unsigned i = 0; i < n; i++) {
		char number[16];
		const char *const values[] = {number, INSERT_TEXT};
		snprintf(number, sizeof number, "%u", i);
		if (!PQsendQueryPrepared(c, "i", 2, values, NULL, NULL, 0) || !PQpipelineSync(c))
			die(PQerrorMessage(c));
		if (i % BATCH == BATCH - 1)
			take_inserted(c, BATCH);
	}
	take_inserted(c, n % BATCH);
	PQexitPipelineMode(c);
	PQclear(PQexec(c, "ROLLBACK"));
}

int main(int argc, char **argv)
{
	struct target t;
	begin(&t, argc, argv);
	for (unsigned i = 0; i < (t.mode == LOGIN ? t.n : 1); i++) {
		struct pg_conn *c = log_in(&t);
		if (t.mode == TEXT || t.mode == BINARY)
			rows(c, &t);
		if (t.mode == SINGLE)
			single_rows(c, &t);
		if (t.mode == INSERT)
			insert(c, t.n);
		PQfinish(c);
	}
	report(sum);
	return 0;
}
