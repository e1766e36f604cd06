/*
 * Garbage of foreign hands in the stream, the channel and the hash: it is set aside with one line
 * in the log, never tried again, and the jobs of others go on. Keys of another type stop only what
 * needs them, and all is well when they are gone.
 */
#include "harness/app.h"
#include "harness/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 60000
#define JOBS "{values}:jobs"

static const char *const quick[] = {"CLAIM_AFTER=1s", NULL};
static struct app app = {.extra = quick};

static int number_of(char *text)
{
	int n = (int)strtol(text, NULL, 10);
	free(text);
	return n;
}

static int waiting(void)
{
	return number_of(store_redis_cli(app.redis, "XLEN", JOBS, NULL)) +
	       number_of(store_redis_cli(app.redis, "XPENDING", JOBS, "workers", NULL));
}

static int fields(void)
{
	return number_of(store_redis_cli(app.redis, "HLEN", "values", NULL));
}

static int told(enum app_service s, const char *words)
{
	return count_text(span_str(proc_log(app.proc[s])), words);
}

static bool wait_value(const char *index, const char *want)
{
	char *got = NULL;
	bool same = false;
	for (long long end = now_ms() + WAIT_MS; !same && now_ms() < end; free(got)) {
		got = store_redis_cli(app.redis, "HGET", "values", index, NULL);
		same = strcmp(got, want) == 0;
	}
	return same;
}

static bool wait_queue_empty(void)
{
	for (long long end = now_ms() + WAIT_MS; now_ms() < end;)
		if (waiting() == 0)
			return true;
	return false;
}

/* A job that is posted now is computed: nothing holds the queue up. */
static void goes_on(const char *index, const char *value, const char *after)
{
	char json[64];
	snprintf(json, sizeof json, "{\"index\":%s}", index);
	is_int(app_post_status(app.port[APP_API], "/values", json), 200, "%s: a POST is taken",
	       after);
	ok(wait_value(index, value), "%s: and computed", after);
}

/* In the stream. */

#define PUT_LONG(n) "redis.call('XADD', KEYS[1], '*', 'index', string.rep('7', " n "))"

static const struct {
	const char *name;
	const char *script; /* KEYS[1] is the stream */
} jobs[] = {
	{"no index", "redis.call('XADD', KEYS[1], '*', 'thing', '5')"},
	{"an empty index", "redis.call('XADD', KEYS[1], '*', 'index', '')"},
	{"a word", "redis.call('XADD', KEYS[1], '*', 'index', 'abc')"},
	{"a fraction", "redis.call('XADD', KEYS[1], '*', 'index', '5.0')"},
	{"bytes", "redis.call('XADD', KEYS[1], '*', 'index', '\\0\\255\\1\\n')"},
	{"an index above the limit", "redis.call('XADD', KEYS[1], '*', 'index', '1000001')"},
	{"an index of 24 digits", PUT_LONG("24")},
	{"an index of 25 digits", PUT_LONG("25")},
	{"a small index behind 30 zeros",
	 "redis.call('XADD', KEYS[1], '*', 'index', string.rep('0', 30) .. '5')"},
	{"a megabyte of digits", PUT_LONG("1048576")},
	{"a name of a megabyte",
	 "redis.call('XADD', KEYS[1], '*', string.rep('index', 200000), '5')"},
	{"more digits than fit into the input buffer", PUT_LONG("9437184")},
	{"a name of nine megabytes",
	 "redis.call('XADD', KEYS[1], '*', string.rep('index', 1887437), '5')"},
	{"a thousand fields", "local a = {} for i = 1, 1000 do a[2 * i - 1] = 'f' .. i "
			      "a[2 * i] = 'v' end redis.call('XADD', KEYS[1], '*', unpack(a))"},
};

static void test_job(size_t i)
{
	int before = told(APP_WORKER, "job set aside"), values = fields();
	free(store_redis_cli(app.redis, "EVAL", jobs[i].script, "1", JOBS, NULL));
	ok(wait_queue_empty(), "%s: does not wait in the queue", jobs[i].name);
	is_int(told(APP_WORKER, "job set aside") - before, 1, "%s: set aside, in one line",
	       jobs[i].name);
	is_int(fields(), values, "%s: no value of it", jobs[i].name);
}

static void test_stream(void)
{
	for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
		test_job(i);
	/* All of them in one batch, with one that can be computed behind. */
	for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
		free(store_redis_cli(app.redis, "EVAL", jobs[i].script, "1", JOBS, NULL));
	goes_on("10", "89", "behind all that");
	ok(wait_queue_empty(), "and nothing waits");
	/* As an api with another MAX_INDEX may have recorded it. */
	is_int(number_of(store_redis_cli(app.redis, "HEXISTS", "{values}:aside", "1000001", NULL)),
	       1, "an index above the limit: nobody makes a job of it again");
}

/* In the channel and in the hash. */

static void test_channel(void)
{
	static const char *const messages[] = {"", "abc", "5.0", "-", "\xff\x01", "{}"};
	int before = told(APP_WORKER, "job set aside"), values = fields();
	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
		free(store_redis_cli(app.redis, "PUBLISH", "insert", messages[i], NULL));
	free(store_redis_cli(app.redis, "EVAL",
			     "redis.call('PUBLISH', 'insert', string.rep('7', 1048576))", "0",
			     NULL));
	free(store_redis_cli(app.redis, "EVAL",
			     "redis.call('PUBLISH', 'insert', string.rep('7', 9437184))", "0",
			     NULL));
	free(store_redis_cli(app.redis, "PUBLISH", "insert", "-3", NULL));
	ok(wait_value("-3", "1"), "the message behind the garbage is heard");
	is_int(fields(), values + 1, "the garbage has no value");
	is_int(told(APP_WORKER, "job set aside") - before, 0, "nor does it become a job");
}

static void test_hash(void)
{
	static const char long_values[] =
		"redis.call('HSET', KEYS[1], '13', string.rep('7', 9437184), "
		"string.rep('8', 9437184), 'Nothing yet!')";
	static const char *const names[] = {
		"abc", "", "5.0", "0000000000000000000000000000000000000012", "\xff\x01",
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		free(store_redis_cli(app.redis, "HSET", "values", names[i], "Nothing yet!", NULL));
	free(store_redis_cli(app.redis, "HSET", "values", "12", "Nothing yet!", NULL));
	free(store_redis_cli(app.redis, "EVAL", long_values, "1", "values", NULL));
	free(store_redis_cli(app.redis, "XADD", JOBS, "*", "index", "13", NULL));
	int values = fields();
	app_run(&app, APP_WORKER);
	ok(wait_value("12", "233"), "a value that waits beside names that are none is computed");
	ok(wait_queue_empty(), "nothing waits in the queue");
	is_int(fields(), values, "no name came to them");
	is_int(number_of(store_redis_cli(app.redis, "HSTRLEN", "values", "13", NULL)), 9437184,
	       "a value of nine megabytes is one");
	free(store_redis_cli(app.redis, "EVAL",
			     "redis.call('HDEL', KEYS[1], '13', string.rep('8', 9437184))", "1",
			     "values", NULL));
	ok(told(APP_WORKER, "job set aside") <= (int)(sizeof names / sizeof *names),
	   "each was set aside once at most");
	is_int(app_status(app.port[APP_API], "/values/current"), 200,
	       "they are shown with the others");
	free(store_redis_cli(app.redis, "HDEL", "values", names[0], names[1], names[2], names[3],
			     names[4], NULL));
}

/* Keys of another type. */

/* How many commands were refused for that. */
static int refused(void)
{
	char *text = store_redis_cli(app.redis, "INFO", "errorstats", NULL);
	const char *at = strstr(text, "errorstat_WRONGTYPE:count=");
	int n = at != NULL ? (int)strtol(strchr(at, '=') + 1, NULL, 10) : 0;
	free(text);
	return n;
}

static void wait_tries(int n)
{
	int before = refused();
	for (long long end = now_ms() + WAIT_MS; refused() < before + n && now_ms() < end;)
		tick();
}

static void test_type(const char *key, const char *name, const char *index, const char *value)
{
	char json[64];
	snprintf(json, sizeof json, "{\"index\":%s}", index);
	/* In one step: workers make the stream again as soon as it is gone. */
	free(store_redis_cli(app.redis, "EVAL",
			     "redis.call('DEL', KEYS[1]) redis.call('SADD', KEYS[1], 'x')", "1",
			     key, NULL));
	int worker = told(APP_WORKER, "WRONGTYPE"), api = told(APP_API, "WRONGTYPE");
	is_int(app_post_status(app.port[APP_API], "/values", json), 200,
	       "%s: a POST is taken all the same", name);
	is_int(app_status(app.port[APP_API], "/values/all"), 200, "%s: the list is there", name);
	wait_tries(3);
	free(store_redis_cli(app.redis, "DEL", key, NULL));
	/* For a read, for the group or a value, and for what foreign hands made. */
	ok(told(APP_WORKER, "WRONGTYPE") - worker <= 3, "%s: the worker says it once for each use",
	   name);
	ok(told(APP_API, "WRONGTYPE") - api <= 1, "%s: so does the api", name);
	ok(wait_value(index, value), "%s: computed when it is gone", name);
	ok(wait_queue_empty(), "%s: and nothing waits", name);
}

/* Of two numbers in the record that have no value, the api makes a job of one. */
static void put_record(void)
{
	free(store_psql(app.pg, "CREATE TABLE values (number INT); "
				"INSERT INTO values VALUES (31), (32)"));
	free(store_redis_cli(app.redis, "HSET", "{values}:aside", "31", "1", NULL));
}

int main(void)
{
	app_open(&app);
	put_record();
	app_run(&app, APP_API);
	app_run(&app, APP_WORKER);
	ok(app_ready(&app, APP_API, WAIT_MS) && app_ready(&app, APP_WORKER, WAIT_MS), "both run");
	ok(wait_value("32", "3524578"), "the api has made a job of what had none");
	is_int(number_of(store_redis_cli(app.redis, "HEXISTS", "values", "31", NULL)), 0,
	       "but not of what was given up");
	test_stream();
	test_channel();
	test_hash();
	test_type(JOBS, "the stream is a set", "21", "17711");
	test_type("values", "the hash is a set", "20", "10946");
	ok(app_stop_all(&app), "both end with 0 on SIGTERM");
	return done();
}
