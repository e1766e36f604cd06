/*
 * The durability contract: what was answered 200 is computed in the end, whatever is killed,
 * restarted, emptied or away, and without an operator.
 */
#include "harness/app.h"
#include "harness/tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What waits for a store waits until the test lets it go on, or for a minute. */
#define AT_ONCE_MS 10000
#define RECOVER_MS 120000
/* The api looks at everything after a minute; what it notices, sooner. */
#define ROUTINE_MS 50000

static const char *const quick[] = {"CLAIM_AFTER=1s", NULL};
static struct app app = {.extra = quick};
static int next_index = 100;

static int api(void)
{
	return app.port[APP_API];
}

static int status_of(const char *path)
{
	return app_status(api(), path);
}

/* Posts one index that nobody has asked for yet; its status. */
static int post_new(void)
{
	char json[32];
	snprintf(json, sizeof json, "{\"index\":%d}", next_index++);
	return app_post_status(api(), "/values", json);
}

static int number_of(char *text)
{
	int n = (int)strtol(text, NULL, 10);
	free(text);
	return n;
}

static int sql_number(const char *sql)
{
	return number_of(store_psql(app.pg, sql));
}

/* Rows without a computed value. */
static int missing(void)
{
	char *rows = store_psql(app.pg, "SELECT DISTINCT number FROM values");
	char *values = store_redis_cli(app.redis, "HGETALL", "values", NULL);
	int n = 0;
	/* redis-cli prints field and value on lines of their own. */
	for (char *save = NULL, *row = strtok_r(rows, "\n", &save); row != NULL;
	     row = strtok_r(NULL, "\n", &save)) {
		char pair[64];
		snprintf(pair, sizeof pair, "\n%s\n", row);
		const char *at = strstr(values, pair);
		if (at == NULL && strncmp(values, pair + 1, strlen(pair) - 1) == 0)
			at = values - 1;
		n += at == NULL || strncmp(at + strlen(pair), "Nothing", 7) == 0;
	}
	free(rows);
	free(values);
	return n;
}

static bool all_computed(const char *after)
{
	long long start = now_ms();
	while (missing() > 0)
		if (now_ms() - start > RECOVER_MS)
			break;
	int n = missing();
	ok(n == 0, "%s: every recorded index is computed, %d missing after %lld ms", after, n,
	   now_ms() - start);
	return n == 0;
}

static void wait_ready(const char *after)
{
	ok(app_ready(&app, APP_API, RECOVER_MS), "%s: the api is ready", after);
	ok(app_ready(&app, APP_WORKER, RECOVER_MS), "%s: the worker is ready", after);
}

static void test_absent_at_start(void)
{
	store_stop(app.pg);
	store_stop(app.redis);
	app_run(&app, APP_API);
	app_run(&app, APP_WORKER);
	is_int(app_status(app.admin[APP_API], "/healthz"), 200, "without stores the api lives");
	is_int(app_status(app.admin[APP_API], "/readyz"), 503, "and says that it is not ready");
	is_int(status_of("/values/all"), 503, "a list is 503");
	is_int(status_of("/values/current"), 503, "the values are 503");
	struct httpc_answer a = app_post(api(), "/values", "{\"index\":5}");
	is_int(a.status, 503, "a POST is 503");
	ok(httpc_field(&a, "Retry-After").n > 0, "with Retry-After");
	httpc_free(&a);
	store_start(app.redis);
	store_start(app.pg);
	wait_ready("both stores came later");
	is_int(post_new(), 200, "then a POST is taken");
	all_computed("both stores came later");
}

static void test_redis_away(void)
{
	store_kill(app.redis);
	int taken = 0;
	long long start = now_ms();
	for (int i = 0; i < 20; i++)
		taken += post_new() == 200;
	is_int(taken, 20, "without Redis a POST is taken");
	is_int(status_of("/values/current"), 503, "the values are 503");
	is_int(status_of("/values/all"), 200, "the list is there");
	ok(now_ms() - start < AT_ONCE_MS, "all answered at once");
	store_start(app.redis);
	all_computed("Redis killed and restarted");
}

static void flush(void)
{
	free(store_redis_cli(app.redis, "FLUSHALL", NULL));
}

static void test_flushed(void)
{
	flush();
	all_computed("FLUSHALL");
}

static void test_postgres_restarts(void)
{
	store_kill(app.pg);
	long long start = now_ms();
	is_int(post_new(), 503, "without PostgreSQL a POST is 503");
	ok(now_ms() - start < AT_ONCE_MS, "at once");
	is_int(status_of("/values/current"), 200, "the values are there");
	store_start(app.pg);
	wait_ready("PostgreSQL killed and restarted");
	is_int(post_new(), 200, "then a POST is taken");
	all_computed("PostgreSQL killed and restarted");
}

static void test_frozen(void)
{
	store_pause(app.pg);
	long long start = now_ms();
	is_int(post_new(), 503, "PostgreSQL frozen: a POST is 503");
	ok(now_ms() - start < AT_ONCE_MS, "soon");
	store_resume(app.pg);
	store_pause(app.redis);
	is_int(status_of("/values/current"), 503, "Redis frozen: the values are 503");
	is_int(post_new(), 200, "Redis frozen: a POST is taken");
	store_resume(app.redis);
	wait_ready("both thawed");
	all_computed("both thawed");
}

/* Until the table is made again a POST is 503: the first one, unless a look at the record comes. */
static void test_table_dropped(void)
{
	free(store_psql(app.pg, "DROP TABLE values"));
	long long end = now_ms() + RECOVER_MS;
	int status;
	while ((status = post_new()) == 503 && now_ms() < end)
		tick();
	is_int(status, 200, "table gone: it is made again");
	char sql[64];
	snprintf(sql, sizeof sql, "SELECT count(*) FROM values WHERE number = %d", next_index - 1);
	is_int(sql_number(sql), 1, "for what was then answered 200");
}

/* A thousand different indexes at once, pipelined on one connection; how many were answered 200. */
static int post_thousand(void)
{
	struct httpc c;
	int taken = 0;
	if (!httpc_dial(&c, "127.0.0.1", (uint16_t)api(), 60000))
		bail("no connection");
	for (int sent = 0; sent < 1000; sent += 50) {
		for (int i = 0; i < 50; i++) {
			char request[256], json[32];
			int n = snprintf(json, sizeof json, "{\"index\":%d}", 9000 - sent - i);
			n = snprintf(request, sizeof request,
				     "POST /values HTTP/1.1\r\nHost: t\r\nContent-Type: "
				     "application/json\r\nContent-Length: %d\r\n\r\n%s",
				     n, json);
			httpc_send(&c, span_of(request, (size_t)n), 60000);
		}
		for (int i = 0; i < 50; i++) {
			struct httpc_answer a;
			if (httpc_read(&c, &a, 60000) != HTTPC_OK)
				bail("no answer to a POST: %s", proc_log(app.proc[APP_API]));
			taken += a.status == 200;
			httpc_free(&a);
		}
	}
	httpc_close(&c);
	return taken;
}

static int jobs_waiting(void)
{
	return number_of(store_redis_cli(app.redis, "XLEN", "{values}:jobs", NULL));
}

static int computed(void)
{
	return number_of(store_redis_cli(app.redis, "HLEN", "values", NULL)) - jobs_waiting();
}

static void test_worker_killed(void)
{
	proc_kill(app.proc[APP_WORKER]);
	int before = computed();
	is_int(post_thousand(), 1000, "a thousand POSTs are taken, and no worker is there");
	for (int round = 1; round <= 3; round++) {
		app_run(&app, APP_WORKER);
		long long end = now_ms() + 5000;
		while (computed() < before + 200 * round && now_ms() < end)
			;
		proc_kill(app.proc[APP_WORKER]);
		diag("worker killed with %d of 1,000 done", computed() - before);
	}
	app_run(&app, APP_WORKER);
	all_computed("worker killed with -9 in the middle of 1,000 jobs, three times");
	/* Jobs that a killed worker had written but not acknowledged are only looked at again. */
	long long end = now_ms() + RECOVER_MS;
	while (jobs_waiting() > 0 && now_ms() < end)
		tick();
	is_int(jobs_waiting(), 0, "nothing waits in the queue");
}

static void test_api_killed(void)
{
	is_int(post_new(), 200, "a POST");
	proc_kill(app.proc[APP_API]);
	app_run(&app, APP_API);
	wait_ready("api killed");
	all_computed("api killed with -9");
}

static bool wait_sql(const char *sql, int wanted)
{
	long long end = now_ms() + RECOVER_MS;
	int n;
	while ((n = sql_number(sql)) != wanted && now_ms() < end)
		tick();
	return n == wanted;
}

/* When 9, of the first page, has its place again and 3000, of the last, does not. */
static bool flush_in_the_middle(void)
{
	static const char script[] =
		"local function has(n) return redis.call('HEXISTS', KEYS[1], n) == 1 end "
		"local middle = has(9) and not has(3000) "
		"if middle or has(3000) then redis.call('FLUSHALL') end "
		"return middle and 1 or 0";
	long long end = now_ms() + RECOVER_MS;
	int n;
	while ((n = number_of(store_redis_cli(app.redis, "EVAL", script, "1", "values", NULL))) ==
		       0 &&
	       now_ms() < end)
		;
	return n == 1;
}

static bool wait_values(int wanted)
{
	long long end = now_ms() + RECOVER_MS;
	int n;
	while ((n = number_of(store_redis_cli(app.redis, "HLEN", "values", NULL))) != wanted &&
	       now_ms() < end)
		;
	return n == wanted;
}

/* Counted when the connection that did it is gone. */
static int whole_reads(void)
{
	return sql_number("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'values'");
}

/*
 * A POST waits behind what the api asks on the same connection. So neither a long record nor many
 * keys may make one of its questions long: none reads a table from end to end.
 */
static void test_long_tables(void)
{
	free(store_psql(app.pg, "ALTER TABLE values SET (fillfactor = 10)"));
	free(store_psql(app.pg, "INSERT INTO values SELECT CASE WHEN i < 10 THEN i WHEN i > 50000 "
				"THEN i - 48000 END FROM generate_series(1, 51000) i"));
	free(store_psql(app.pg, "INSERT INTO barnacle_keys SELECT 'old' || i, 5, now() - interval "
				"'25 hours' FROM generate_series(1, 2500) i"));
	free(store_psql(app.pg, "INSERT INTO barnacle_keys VALUES ('new', 5, now() - interval '23 "
				"hours')"));
	/* It would put back what it had in its hands. */
	proc_kill(app.proc[APP_WORKER]);
	int numbers = sql_number("SELECT count(DISTINCT number) FROM values");
	wait_sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'psql' AND pid <> "
		 "pg_backend_pid()",
		 0);
	int before = whole_reads();
	flush();
	ok(flush_in_the_middle(), "FLUSHALL beside a long record, and again when a part is back");
	long long start = now_ms();
	ok(wait_values(numbers), "each number is back");
	ok(now_ms() - start < ROUTINE_MS, "without waiting for the pass of each minute");
	proc_kill(app.proc[APP_API]);
	ok(wait_sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = "
		    "'barnacle-api'",
		    0),
	   "the api is killed as well");
	is_int(whole_reads(), before, "it did not read the whole record at once");
	app_run(&app, APP_API);
	app_run(&app, APP_WORKER);
	wait_ready("both killed");
	ok(wait_sql("SELECT count(*) FROM barnacle_keys WHERE key LIKE 'old%'", 0),
	   "all keys of more than a day ago are forgotten");
	is_int(sql_number("SELECT count(*) FROM barnacle_keys WHERE key = 'new'"), 1,
	       "and no other");
	is_int(sql_number("SELECT count(*) FROM pg_indexes WHERE tablename = 'barnacle_keys' AND "
			  "indexdef LIKE '%(made)'"),
	       1, "by an index");
}

int main(void)
{
	app_open(&app);
	test_absent_at_start();
	test_redis_away();
	test_flushed();
	test_postgres_restarts();
	test_frozen();
	test_worker_killed();
	test_api_killed();
	test_table_dropped();
	test_long_tables();
	ok(app_stop_all(&app), "both end with 0 on SIGTERM");
	return done();
}
