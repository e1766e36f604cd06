/*
 * The tables, and what PostgreSQL refuses. A role may lack rights and a table may be gone: then
 * only what needs them fails, and the log says once a minute what is missing.
 */
#include "services/api/api.h"

#include <string.h>

/* IF NOT EXISTS still asks for the right to create; without it an existing table must do. */
const struct span record_tables[RECORD_TABLES] = {
	[RECORD_VALUES] = SPAN("CREATE TABLE IF NOT EXISTS values (number INT)"),
	[RECORD_KEYS] =
		SPAN("CREATE TABLE IF NOT EXISTS barnacle_keys (key TEXT PRIMARY KEY, number INT "
		     "NOT NULL, made TIMESTAMPTZ NOT NULL DEFAULT now()); "
		     "CREATE INDEX IF NOT EXISTS barnacle_made ON barnacle_keys (made)"),
};

int record_send_unprepared(struct postgres_request *q, uint32_t ms,
			   const struct postgres_statement *statement,
			   const struct pgwire_param *params, size_t n)
{
	struct pgwire_query query = {
		.sql = statement->sql,
		.params = params,
		.nparams = n,
		.columns = statement->columns,
	};
	return postgres_put(&api_postgres, q, ms, &query,
			    PGWIRE_PARSE | PGWIRE_BIND | PGWIRE_EXECUTE);
}

static unsigned making;

static void on_made(struct postgres_request *q, int rc)
{
	(void)q;
	(void)rc; /* what is missing was said; whether it could be made, the next request shows */
	making--;
}

/* One that is gone. The prepared statements find the new one: they are planned by name again. */
static void make_tables(void)
{
	static struct postgres_request make[RECORD_TABLES];
	if (making > 0)
		return;
	for (size_t i = 0; i < RECORD_TABLES; i++) {
		struct pgwire_query query = {.sql = record_tables[i]};
		make[i].done = on_made;
		making += postgres_put(&api_postgres, &make[i], STORE_DEADLINE_MS, &query,
				       PGWIRE_SIMPLE) == 0;
	}
}

void record_refused(const struct postgres_request *q, int rc, const char *what)
{
	static struct store_log refusals;
	if (rc != POSTGRES_EFAILED)
		return;
	store_log_refused(&refusals, api_loop->now, "postgres", what, span_str(q->message));
	/* Classes 0A, 25 and 26: a result changed, read-only since a failover, statement lost. */
	if (q->sqlstate[0] < '4')
		postgres_renew(&api_postgres, q->message);
	else if (strcmp(q->sqlstate, "42P01") == 0)
		make_tables();
}
