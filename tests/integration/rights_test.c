/*
 * A schema that is not as the api would make it: tables that are missing, dropped or owned by
 * somebody else, rights that the role lacks, a database that is made anew. Only what needs the
 * missing thing fails, the log names it in one line, and all is well once it is there.
 */
#include "harness/app.h"
#include "harness/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 60000
#define POST(index) post(index, "")
#define POST_KEY(index, key) post(index, "Idempotency-Key: " key "\r\n")

static struct store *pg, *redis;
static struct proc *api;
static int port, admin;

static void sql_in(const char *database, const char *sql)
{
	char name[64], where[32], password[128];
	snprintf(name, sizeof name, "PGDATABASE=%s", database);
	snprintf(where, sizeof where, "PGPORT=%d", store_port(pg));
	snprintf(password, sizeof password, "PGPASSWORD=%s", store_password(pg));
	const char *argv[] = {"psql", "-X", "-w", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql, NULL};
	const char *env[] = {"PGHOST=127.0.0.1", where, "PGUSER=postgres", password, name, NULL};
	int status;
	char *said = proc_run(&(struct proc_spec){.argv = argv, .env = env}, WAIT_MS, &status);
	if (status != 0)
		bail("%s: %s", sql, said);
	free(said);
}

/* As the superuser. */
static void sql(const char *text)
{
	sql_in(store_database(pg), text);
}

static void run_as(const char *user)
{
	char text[4][64];
	snprintf(text[0], sizeof *text, "PORT=%d", port = free_port());
	snprintf(text[1], sizeof *text, "ADMIN_PORT=%d", admin = free_port());
	snprintf(text[2], sizeof *text, "PGUSER=%s", user);
	const char *own[] = {text[0], text[1], text[2], NULL};
	const char **env = env_join(own, store_env(pg), store_env(redis));
	const char *argv[] = {proc_bin("api"), NULL};
	if (api != NULL)
		is_int(proc_stop(api, WAIT_MS), 0, "the api ends with 0");
	api = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	free(env);
	if (!wait_port(port, WAIT_MS))
		bail("no api: %s", proc_log(api));
}

/* The status; 0: no answer, -503: a 503 that does not say when to try again. */
static int post(int index, const char *fields)
{
	char request[512], json[32];
	int n = snprintf(json, sizeof json, "{\"index\":%d}", index);
	snprintf(request, sizeof request,
		 "POST /values HTTP/1.1\r\nHost: t\r\nConnection: close\r\n%s"
		 "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		 fields, n, json);
	struct httpc_answer a;
	if (httpc_ask("127.0.0.1", (uint16_t)port, span_str(request), &a, WAIT_MS) != HTTPC_OK)
		return 0;
	int status = a.status;
	if (status == 503 && httpc_field(&a, "Retry-After").n == 0)
		status = -503;
	httpc_free(&a);
	return status;
}

static bool wait_ready(void)
{
	for (long long end = now_ms() + WAIT_MS; app_status(admin, "/readyz") != 200; tick())
		if (now_ms() > end)
			return false;
	return true;
}

/* The connection to Redis for events may come after all is ready. */
#define CONNECTED "event=\"store connected\" store=postgres"

static int told(const char *words)
{
	int n = 0;
	for (const char *at = proc_log(api); (at = strstr(at, words)) != NULL; at++)
		n++;
	return n;
}

/* A role that may not make tables, before there is one, with one, with both. */
static void test_poor(void)
{
	sql("CREATE ROLE poor LOGIN PASSWORD NULL; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
	char grant[256];
	snprintf(grant, sizeof grant, "ALTER ROLE poor PASSWORD $$%s$$", store_password(pg));
	sql(grant);
	run_as("poor");
	ok(proc_wait_log(api, "\\\"values\\\" does not exist", WAIT_MS), "no table: it says so");
	is_int(app_status(admin, "/readyz"), 503, "no table: not ready");
	is_int(POST(1), 503, "no table: a POST is 503");
	sql("CREATE TABLE values (number INT); GRANT SELECT, INSERT ON values TO poor");
	ok(wait_ready(), "with the table it is ready");
	int connects = told(CONNECTED);
	int taken = 0, refused = 0;
	for (int i = 0; i < 10; i++) {
		taken += POST(i) == 200;
		refused += POST_KEY(i, "k") == 503;
	}
	is_int(taken, 10, "a POST without a key is taken, each time");
	is_int(refused, 10, "one with a key is 503, each time");
	is_int(app_status(port, "/values/all"), 200, "the list is there");
	is_int(told("barnacle_keys"), 1, "one line in the log says what is missing");
	sql("CREATE TABLE barnacle_keys (key TEXT PRIMARY KEY, number INT NOT NULL, made "
	    "TIMESTAMPTZ "
	    "NOT NULL DEFAULT now())");
	is_int(POST_KEY(11, "k"), 503, "a table of keys without rights: still 503");
	sql("GRANT SELECT, INSERT, UPDATE ON barnacle_keys TO poor");
	is_int(POST_KEY(11, "k"), 200, "with rights: taken");
	is_int(POST_KEY(11, "k"), 200, "and again");
	is_int(told(CONNECTED), connects, "all that on one connection");
	char *n = store_psql_as(pg, "postgres", store_password(pg),
				"SELECT count(*) FROM values WHERE number = 11");
	is_str(n, "1", "but stored once");
	free(n);
}

static void test_read_only(void)
{
	sql("REVOKE INSERT ON values FROM poor");
	int connects = told(CONNECTED), read = 0, refused = 0;
	for (int i = 0; i < 10; i++) {
		refused += POST(i) == 503;
		read += app_status(port, "/values/all") == 200;
	}
	is_int(refused, 10, "without the right to insert a POST is 503");
	is_int(read, 10, "and the list is there, each time");
	is_int(told(CONNECTED), connects, "nobody lost his connection for that");
	sql("GRANT INSERT ON values TO poor");
	is_int(POST(12), 200, "with the right it is taken");
}

/* The owner's api makes again what goes away. */
static void test_dropped(const char *table)
{
	char text[64];
	snprintf(text, sizeof text, "DROP TABLE %s", table);
	sql(text);
	int status = 0;
	for (long long end = now_ms() + WAIT_MS; status != 200 && now_ms() < end; tick())
		status = POST_KEY(21, "d");
	is_int(status, 200, "%s dropped: it is made again", table);
	is_int(POST(22), 200, "%s dropped: and a POST without a key is taken", table);
	is_int(app_status(port, "/values/all"), 200, "%s dropped: the list is there", table);
}

static void test_recreated(void)
{
	sql_in("postgres", "DROP DATABASE app WITH (FORCE)");
	is_int(POST(23), 503, "no database: a POST is 503");
	sql_in("postgres", "CREATE DATABASE app OWNER app");
	ok(wait_ready(), "a new database: ready");
	is_int(POST(23), 200, "a new database: a POST is taken");
	is_int(POST_KEY(23, "d"), 200, "a new database: so is one with a key");
}

int main(void)
{
	pg = store_postgres(NULL);
	redis = store_redis(NULL);
	test_poor();
	test_read_only();
	sql("DROP TABLE values, barnacle_keys; GRANT CREATE ON SCHEMA public TO app");
	run_as("app");
	ok(wait_ready(), "the owner's api is ready");
	test_dropped("barnacle_keys");
	test_dropped("values");
	test_recreated();
	is_int(proc_stop(api, WAIT_MS), 0, "it ends with 0");
	return done();
}
