/*
 * Workers share the work: each job is done by one of them, whoever is there, and when one is
 * killed in the middle, the others do what it had begun. Each result has an entry in the log that
 * the api reads, so their number is the count of computations.
 */
#include "harness/stores.h"
#include "harness/tap.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKERS 3
#define JOBS 5000
#define SOME 2000    /* jobs, for what happens in the middle */
#define HEAVY 60     /* that take longer than CLAIM_AFTER together */
#define SHARE_MIN 10 /* of them, by each of two */
#define BATCH 256    /* what a worker has in its hands */
#define WAIT_MS 120000

static struct store *redis;
static struct proc *worker[WORKERS];
/* One that waits for the processor for so long is taken for dead. */
#define CLAIM_AFTER "CLAIM_AFTER=2s"

static void start(int i)
{
	char admin[32];
	snprintf(admin, sizeof admin, "ADMIN_PORT=%d", free_port());
	const char *own[] = {CLAIM_AFTER, admin, NULL};
	const char **env = env_join(store_env(redis), own, NULL);
	const char *argv[] = {proc_bin("worker"), NULL};
	worker[i] = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	free(env);
}

static int number_of(char *text)
{
	int n = (int)strtol(text, NULL, 10);
	free(text);
	return n;
}

static int waiting(void)
{
	return number_of(store_redis_cli(redis, "XLEN", "{values}:jobs", NULL)) +
	       number_of(store_redis_cli(redis, "XPENDING", "{values}:jobs", "workers", NULL));
}

static int computations(void)
{
	static const char script[] = "local n = 0 for _, entry in "
				     "ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do "
				     "if entry[2][1] == 'index' then n = n + 1 end end return n";
	return number_of(store_redis_cli(redis, "EVAL", script, "1", "{values}:log", NULL));
}

/*
 * Jobs as the api makes them, all in one step, for [n] indexes from [from] on. The greater, the
 * longer they take, and the more are left when something happens "in the middle".
 */
static void put_jobs(int from, int n)
{
	static const char script[] = "for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do "
				     "redis.call('HSETNX', 'values', n, 'Nothing yet!') "
				     "redis.call('XADD', KEYS[1], '*', 'index', n) "
				     "redis.call('PUBLISH', 'insert', n) end";
	char first[16], last[16];
	snprintf(first, sizeof first, "%d", from);
	snprintf(last, sizeof last, "%d", from + n - 1);
	free(store_redis_cli(redis, "DEL", "{values}:log", NULL));
	free(store_redis_cli(redis, "EVAL", script, "1", "{values}:jobs", first, last, NULL));
}

static bool wait_computations(int n)
{
	for (long long end = now_ms() + WAIT_MS; computations() < n; tick())
		if (now_ms() > end)
			return false;
	return true;
}

static int without_value(void)
{
	return number_of(
		store_redis_cli(redis, "EVAL",
				"local n = 0 for _, v in ipairs(redis.call('HVALS', KEYS[1])) do "
				"if v == 'Nothing yet!' then n = n + 1 end end return n",
				"1", "values", NULL));
}

static void all_done(const char *when)
{
	for (long long end = now_ms() + WAIT_MS;
	     (waiting() > 0 || without_value() > 0) && now_ms() < end;)
		tick();
	is_int(waiting(), 0, "%s: nothing waits in the queue", when);
	is_int(without_value(), 0, "%s: every value is there", when);
}

static void remember_commands(const char *slower_than)
{
	free(store_redis_cli(redis, "CONFIG", "SET", "slowlog-max-len", "100000",
			     "slowlog-log-slower-than", slower_than, NULL));
}

/*
 * How many jobs each worker did, by the log of commands: XADD, the key, MAXLEN, ~, a number, ID,
 * index, n, the address of the worker.
 */
static void shares(int done[static WORKERS])
{
	char *text = store_redis_cli(redis, "SLOWLOG", "GET", "-1", NULL);
	const char *address[WORKERS] = {NULL};
	int after = -1;
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		after = strcmp(line, "XADD") == 0 ? 0 : after + (after >= 0);
		if ((after == 1 && strcmp(line, "{values}:log") != 0) ||
		    (after == 6 && strcmp(line, "index") != 0))
			after = -1;
		if (after != 8)
			continue;
		after = -1;
		int w = 0;
		while (w < WORKERS && address[w] != NULL && strcmp(address[w], line) != 0)
			w++;
		if (!check(w < WORKERS, "%s is one of %d workers", line, WORKERS))
			break;
		address[w] = line;
		done[w]++;
	}
	free(text);
}

static void test_shared(void)
{
	int done[WORKERS] = {0};
	remember_commands("0");
	put_jobs(0, JOBS);
	ok(wait_computations(JOBS), "three workers compute %d jobs", JOBS);
	all_done("three workers");
	is_int(computations(), JOBS, "no index was computed twice");
	remember_commands("-1");
	shares(done);
	is_int(done[0] + done[1] + done[2], JOBS, "they did all of it");
	ok(done[0] > 0 && done[1] > 0 && done[2] > 0, "each had a share: %d, %d and %d", done[0],
	   done[1], done[2]);
}

/*
 * SIGSTOP for one of those that have begun, before all is done: on a busy machine we may be the
 * ones who come too late, then with other jobs again. How many were done.
 */
static int stop_in_the_middle(struct proc *p)
{
	static int from = 12000;
	for (int tries = 0; tries < 4; tries++) {
		put_jobs(from, SOME);
		from += SOME;
		check(wait_computations(SOME / 10), "they begin with %d more", SOME);
		proc_signal(p, SIGSTOP);
		int done = computations();
		if (done < SOME)
			return done;
		proc_signal(p, SIGCONT);
		all_done("too late");
	}
	return SOME;
}

static void test_killed(void)
{
	int before = stop_in_the_middle(worker[0]);
	ok(before < SOME, "one is killed with %d of %d done", before, SOME);
	proc_kill(worker[0]);
	ok(wait_computations(SOME), "the others go on");
	all_done("one of three killed");
	int n = computations();
	ok(n >= SOME && n <= SOME + BATCH, "what it had begun is computed anew, no more (%d)",
	   n - SOME);
}

/* Frozen for longer than CLAIM_AFTER, it is taken for dead; when it comes back, it does no harm. */
static void test_frozen(void)
{
	int before = stop_in_the_middle(worker[1]);
	ok(before < SOME, "one is frozen with %d of %d done", before, SOME);
	all_done("one of two frozen");
	proc_signal(worker[1], SIGCONT);
	free(store_redis_cli(redis, "XADD", "{values}:jobs", "*", "index", "-1", NULL));
	all_done("it is back");
	int n = computations();
	ok(n >= SOME + 1 && n <= SOME + 1 + BATCH, "no more than its batch was computed twice (%d)",
	   n - SOME - 1);
	is_int(number_of(store_redis_cli(redis, "HGET", "values", "-1", NULL)), 1,
	       "and new jobs are done");
}

/*
 * What others have in their hands stays in the queue. The jobs take no time, so that they are done
 * before those are claimed.
 */
static void test_others(void)
{
	static const char script[] =
		"for n = -3000, -2001 do redis.call('HSETNX', 'values', n, 'Nothing yet!') end "
		"local function put(from, to) for n = from, to do "
		"redis.call('XADD', KEYS[1], '*', 'index', n) end end "
		"local function take() redis.call('XREADGROUP', 'GROUP', 'workers', 'other', "
		"'COUNT', 3, 'STREAMS', KEYS[1], '>') end "
		"put(-3000, -2998) take() put(-2997, -2001) return 1";
	free(store_redis_cli(redis, "EVAL", script, "1", "{values}:jobs", NULL));
	for (long long end = now_ms() + WAIT_MS; waiting() > 6 && now_ms() < end;)
		tick();
	is_int(waiting(), 6, "three are left, with somebody else");
	/* For test_forgotten: it takes some seconds. */
	proc_signal(worker[1], SIGSTOP);
	all_done("they are claimed");
}

static int consumers(void)
{
	return number_of(store_redis_cli(redis, "EVAL",
					 "return #redis.call('XINFO', 'CONSUMERS', KEYS[1], "
					 "'workers')",
					 "1", "{values}:jobs", NULL));
}

/* In containers, where each worker is process 1, only the name of the host tells them apart. */
static void test_names(void)
{
	char host[HOST_NAME_MAX + 1] = "";
	gethostname(host, sizeof host);
	is_int(number_of(store_redis_cli(
		       redis, "EVAL",
		       "local n = 0 for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], "
		       "'workers')) do if c[2]:sub(1, #ARGV[1]) == ARGV[1] then n = n + 1 end end "
		       "return n",
		       "1", "{values}:jobs", host, NULL)),
	       consumers(), "the name of each in the group begins with that of its host");
}

/* Seen once: those who wait too long for the processor forget each other, until they ask again. */
static bool wait_consumers(int n)
{
	for (long long end = now_ms() + WAIT_MS; consumers() != n; tick())
		if (now_ms() > end)
			return false;
	return true;
}

/* Who was killed is forgotten when nothing is left of it, and who is frozen, until it goes on. */
static void test_forgotten(void)
{
	ok(wait_consumers(1), "of those who do not ask, none is left in the group");
	proc_signal(worker[1], SIGCONT);
	/* It is there again with its first job, which the other one may be quicker to get. */
	bool both = false;
	for (long long end = now_ms() + WAIT_MS; !both && now_ms() < end;) {
		put_jobs(-9000, SOME);
		both = consumers() == 2;
	}
	ok(both, "the frozen one is back, and in the group again");
	all_done("two workers again");
}

/*
 * A worker that starts looks for values without a job. Those that have one in the queue get no
 * other; one that has none gets it though the queue is not empty.
 */
static void test_lost(void)
{
	static const char take[] = "redis.call('XREADGROUP', 'GROUP', 'workers', 'other', "
				   "'COUNT', 3, 'STREAMS', KEYS[1], '>') return 1";
	static const char added[] = "local x = redis.call('XINFO', 'STREAM', KEYS[1]) "
				    "for i = 1, #x, 2 do if x[i] == 'entries-added' then "
				    "return x[i + 1] end end";
	int before = number_of(store_redis_cli(redis, "EVAL", added, "1", "{values}:jobs", NULL));
	put_jobs(-6000, SOME);
	free(store_redis_cli(redis, "HSET", "values", "29000", "Nothing yet!", NULL));
	free(store_redis_cli(redis, "EVAL", take, "1", "{values}:jobs", NULL));
	start(0);
	all_done("a value whose job was lost");
	is_int(number_of(store_redis_cli(redis, "EVAL", added, "1", "{values}:jobs", NULL)) -
		       before,
	       SOME + 1, "it got a job, and no other value got a second");
	is_int(proc_stop(worker[0], 60000), 0, "the worker ends with 0");
}

/*
 * What one worker has in hand for longer than CLAIM_AFTER is not another's while it lives; but it
 * does not take all there is, when that takes its time.
 */
static void test_heavy(void)
{
	int done[WORKERS] = {0};
	free(store_redis_cli(redis, "SLOWLOG", "RESET", NULL));
	remember_commands("0");
	start(0);
	proc_wait_log(worker[0], "waiting for jobs", WAIT_MS);
	put_jobs(500000, HEAVY);
	start(1);
	proc_wait_log(worker[1], "waiting for jobs", WAIT_MS);
	ok(wait_computations(HEAVY), "jobs that take long");
	is_int(proc_stop(worker[0], 60000), 0, "who had them ends with 0");
	is_int(proc_stop(worker[1], 60000), 0, "and who came later");
	is_int(computations(), HEAVY, "none was done by both");
	shares(done);
	ok(done[0] >= SHARE_MIN && done[1] >= SHARE_MIN, "both did some: %d and %d", done[0],
	   done[1]);
}

int main(void)
{
	redis = store_redis(NULL);
	for (int i = 0; i < WORKERS; i++)
		start(i);
	for (int i = 0; i < WORKERS; i++)
		ok(proc_wait_log(worker[i], "waiting for jobs", WAIT_MS), "worker %d is there", i);
	ok(strstr(proc_log(worker[0]), "CLAIM_AFTER is below twice JOB_TIME") != NULL,
	   "it warns of a time that a job may take longer than");
	test_shared();
	test_names();
	test_killed();
	test_frozen();
	test_others();
	test_forgotten();
	for (int i = 1; i < WORKERS; i++)
		is_int(proc_stop(worker[i], 60000), 0, "worker %d ends with 0", i);
	test_lost();
	test_heavy();
	return done();
}
