/*
 * A worker with another job (tests/jobs/bad.c) that loops for some indexes, waits for ever for
 * another and aborts for a third: each ends the process that has it in hand, at most JOB_TRIES
 * times, and is then set aside, while all others are computed.
 */
#include "harness/stores.h"
#include "harness/tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOBS "{values}:jobs"
#define ASIDE "{values}:aside"
#define TRIES 2
#define WAIT_MS 60000

static struct store *redis;
static struct proc *worker;

static void start(const char *processes)
{
	char admin[32];
	snprintf(admin, sizeof admin, "ADMIN_PORT=%d", free_port());
	const char *own[] = {admin,         processes, "CLAIM_AFTER=1200ms", "JOB_TIME=600ms",
			     "JOB_TRIES=2", NULL};
	const char **env = env_join(store_env(redis), own, NULL);
	const char *argv[] = {proc_bin("worker-bad"), NULL};
	worker = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	free(env);
	ok(proc_wait_log(worker, "waiting for jobs", WAIT_MS), "%s: it is there", processes);
}

static int number_of(char *text)
{
	int n = (int)strtol(text, NULL, 10);
	free(text);
	return n;
}

static int waiting(void)
{
	return number_of(store_redis_cli(redis, "XLEN", JOBS, NULL)) +
	       number_of(store_redis_cli(redis, "XPENDING", JOBS, "workers", NULL));
}

static bool wait_queue_empty(void)
{
	for (long long end = now_ms() + WAIT_MS; waiting() > 0; tick())
		if (now_ms() > end)
			return false;
	return true;
}

static int told(const char *words)
{
	int n = 0;
	for (const char *at = proc_log(worker); (at = strstr(at, words)) != NULL; at++)
		n++;
	return n;
}

static bool is_aside(const char *index)
{
	return number_of(store_redis_cli(redis, "HEXISTS", ASIDE, index, NULL)) == 1;
}

static void put(const char *first, const char *last)
{
	static const char script[] = "for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do "
				     "redis.call('HSETNX', 'values', n, 'Nothing yet!') "
				     "redis.call('XADD', KEYS[1], '*', 'index', n) end return 1";
	free(store_redis_cli(redis, "EVAL", script, "1", JOBS, first, last, NULL));
}

/* Those of [first] to [last] that have their value. */
static int computed(const char *first, const char *last)
{
	static const char script[] = "local n = 0 for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do "
				     "if redis.call('HGET', KEYS[1], i) == 'job ' .. i then "
				     "n = n + 1 end end return n";
	return number_of(store_redis_cli(redis, "EVAL", script, "1", "values", first, last, NULL));
}

static void test_bad(void)
{
	start("WORKERS=2");
	put("0", "99");
	ok(wait_queue_empty(), "nothing waits in the queue");
	is_int(computed("0", "99"), 95, "all others are computed");
	is_int(number_of(store_redis_cli(redis, "HSTRLEN", "values", "16", NULL)), 0,
	       "a result of no bytes");
	is_int(told("more than JOB_RESULT_MAX"), 1, "one that did not fit is set aside");
	ok(is_aside("13") && is_aside("14") && is_aside("15") && is_aside("17"),
	   "it and the three are remembered");
	is_int(number_of(store_redis_cli(redis, "HLEN", ASIDE, NULL)), 4, "and no other");
	is_int(told("whoever had it in hand ended"), 3, "each has its line in the log");
	int late = told("job takes too long"), died = told("worker process died");
	/* Of those that came in one batch only one ended the first process. */
	ok(late >= 2 * TRIES - 1 && late <= 2 * TRIES, "two took too long, %d times", late);
	ok(died >= 3 * TRIES - 2 && died <= 3 * TRIES, "%d processes died", died);
	ok(number_of(store_redis_cli(redis, "TTL", ASIDE, NULL)) > 3000, "for an hour");
}

static void test_again(void)
{
	int died = told("worker process died"), aside = told("job set aside");
	put("13", "15");
	put("100", "120");
	ok(wait_queue_empty(), "asked for again, they do not wait");
	is_int(told("worker process died"), died, "and no process dies of them");
	is_int(told("job set aside") - aside, 3, "they are set aside at once");
	is_int(computed("100", "120"), 21, "what came with them is computed");
}

/* How often the log tells that one of 2000 to 2099 is in hand. */
static int announced(void)
{
	static const char script[] = "local n = 0 for _, entry in "
				     "ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do "
				     "if entry[2][1] == 'computing' and #entry[2][2] == 4 then "
				     "n = n + 1 end end return n";
	return number_of(store_redis_cli(redis, "EVAL", script, "1", "{values}:log", NULL));
}

/* 100 jobs of 5 ms, where one may take 600. */
static void test_long(void)
{
	int died = told("worker process died");
	put("2000", "2099");
	ok(wait_queue_empty(), "many jobs that take long together are done");
	is_int(computed("2000", "2099"), 100, "each with its value");
	int n = announced();
	ok(n > 0 && n <= 100, "at the end of a turn it is told which is next, %d times", n);
	is_int(told("CLAIM_AFTER"), 0, "no word about times that fit");
	is_int(told("worker process died"), died, "no process dies of them");
	is_int(proc_stop(worker, 60000), 0, "it ends with 0");
}

/* Without a parent that starts another: whoever starts containers does. Nobody remembers the first.
 */
static void test_alone(void)
{
	free(store_redis_cli(redis, "FLUSHALL", NULL));
	put("3000", "3000");
	put("13", "13");
	put("3001", "3001");
	for (int i = 0; i < TRIES; i++) {
		start("WORKERS=1");
		is_int(proc_wait(worker, WAIT_MS), 128 + SIGABRT, "try %d ends it", i + 1);
	}
	start("WORKERS=1");
	ok(wait_queue_empty(), "the next one sets it aside");
	is_int(computed("3000", "3001"), 2, "those beside it are computed");
	is_int(proc_stop(worker, 60000), 0, "it ends with 0");
}

int main(void)
{
	redis = store_redis(NULL);
	test_bad();
	test_again();
	test_long();
	test_alone();
	return done();
}
