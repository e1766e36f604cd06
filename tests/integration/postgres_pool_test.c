/* The pool and a real server: bounds, lives, queues, and who gets which connection. */
#include "integration/postgres_rig.h"

#include "drivers/postgres_transaction.h"

static const struct postgres_statement who_am_i = {SPAN("who"), SPAN("SELECT pg_backend_pid()"), 1};
static const struct postgres_statement nap = {SPAN("nap"), SPAN("SELECT pg_sleep(0.2)"), 1};

/* A request whose one value is kept. */
struct ask {
	struct postgres_request q;
	char value[64];
	unsigned over;
	int rc;
};

static void ask_row(struct postgres_request *q, const struct pgwire_row *row)
{
	struct ask *a = (struct ask *)q;
	struct pgwire_row r = *row;
	struct pgwire_value v;
	if (pgwire_row_next(&r, &v))
		snprintf(a->value, sizeof a->value, "%.*s", (int)v.bytes.n,
			 (const char *)v.bytes.p);
}

static void ask_over(struct postgres_request *q, int rc)
{
	struct ask *a = (struct ask *)q;
	a->over++;
	a->rc = rc;
}

static struct ask new_ask(void)
{
	return (struct ask){.q = {.row = ask_row, .done = ask_over}};
}

static bool pool_takes(struct ask *a, const struct postgres_statement *s)
{
	*a = new_ask();
	return postgres_pool_send(&pool, &a->q, 8000, s, NULL, 0) == 0;
}

/* Through the pool, as soon as it takes it. */
static void pool_ask(struct ask *a, const struct postgres_statement *s)
{
	bool sent = pool_takes(a, s);
	for (unsigned i = 0; i < 10000 && !sent; i++) {
		usleep(200);
		one_turn();
		sent = pool_takes(a, s);
	}
	check(sent, "the pool takes %.*s", (int)s->name.n, (const char *)s->name.p);
}

static bool answered(const struct ask *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i].over == 0)
			return false;
	return true;
}

/* Leases. */

static struct holder holders[SLOTS + 4];

static int take(size_t i, uint32_t ms)
{
	holders[i] = (struct holder){.lease = {.taken = rig_taken}};
	return postgres_pool_take(&pool, &holders[i].lease, ms);
}

static void lease_query(struct holder *h, struct ask *a, const char *text)
{
	*a = new_ask();
	int rc = postgres_query(h->p, &a->q, 4000, span_str(text), NULL, 0);
	check(rc == 0, "%s: %s", text, postgres_strerror(rc));
	WAIT(a->over > 0);
}

static struct postgres_pool_counters counters(void)
{
	struct postgres_pool_counters n;
	postgres_pool_counters_get(&pool, &n);
	return n;
}

#define BACKENDS "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tester'"

static bool backends_are(const char *want)
{
	char *got = store_psql(store, BACKENDS);
	bool same = strcmp(got, want) == 0;
	free(got);
	return same;
}

static void opens_as_needed(void)
{
	static struct ask asks[256];
	rig_begin(3);
	rig_cfg.least = 1;
	rig_cfg.depth = 4;
	rig_open();
	ok(backends_are("1"), "one connection at first");
	/* Five on each: more than its depth, so that another is opened for those who come. */
	for (size_t i = 0; i < LENGTH(asks); i++) {
		pool_ask(&asks[i], i < 10 ? &nap : &who_am_i);
		if (i == 4 || i == 9)
			WAIT(rig_ready() == i / 5 + 2);
	}
	WAIT(answered(asks, LENGTH(asks)));
	unsigned good = 0;
	for (size_t i = 0; i < LENGTH(asks); i++)
		good += asks[i].over == 1 && asks[i].rc == 0;
	is_int(good, LENGTH(asks), "all statements are answered once");
	ok(backends_are("3"), "three connections, no more, under load");
	is_int((long long)counters().on, 3, "the counters know");
	is_int((long long)counters().in_flight, 0, "and that nothing is in flight");
	rig_end();
	WAIT(backends_are("0"));
	ok(backends_are("0"), "none when it is closed");
}

static void queues(void)
{
	rig_begin(2);
	rig_cfg.least = 1;
	rig_cfg.waiting = 2;
	rig_open();
	is_int(take(0, 4000), 0, "the first");
	is_int(take(1, 4000), 0, "the second");
	is_int(holders[0].taken, 0, "nothing is called from within");
	WAIT(holders[0].taken > 0 && holders[1].taken > 0);
	ok(holders[0].p != holders[1].p && holders[0].p != NULL, "each has one of its own");
	is_int(take(2, 100), 0, "the third waits");
	is_int(take(3, 8000), 0, "the fourth too");
	is_int(take(4, 8000), POSTGRES_EFULL, "for the fifth there is no place in the queue");
	WAIT(holders[2].taken > 0);
	is_int(holders[2].rc, POSTGRES_EUNSENT, "the third has waited long enough");
	ok(holders[2].p == NULL && holders[3].taken == 0, "and the fourth waits on");
	postgres_pool_give(&holders[1].lease);
	WAIT(holders[3].taken > 0);
	ok(holders[3].rc == 0 && holders[3].p == holders[1].p, "for the second's connection");
	is_int(take(5, 8000), 0, "one more waits");
	postgres_pool_give(&holders[5].lease);
	postgres_pool_give(&holders[3].lease);
	run_for(20);
	is_int(holders[5].taken, 0, "who has left the queue gets none");
	postgres_pool_give(&holders[0].lease);
	postgres_pool_give(&holders[0].lease);
	is_int((long long)counters().leased, 0, "given back twice is given back once");
	rig_end();
}

/* What the one who had it before me left behind is not there. */
static void gives_back_clean(void)
{
	struct ask a;
	char pid[64];
	rig_begin(1);
	rig_cfg.reset = SPAN("DISCARD ALL");
	rig_open();
	take(0, 4000);
	WAIT(holders[0].taken > 0);
	lease_query(&holders[0], &a, "SELECT pg_backend_pid()");
	snprintf(pid, sizeof pid, "%s", a.value);
	lease_query(&holders[0], &a, "SET search_path TO nowhere");
	postgres_pool_give(&holders[0].lease);
	take(1, 4000);
	WAIT(holders[1].taken > 0);
	lease_query(&holders[1], &a, "SHOW search_path");
	is_str(a.value, "\"$user\", public", "settings are reset");
	lease_query(&holders[1], &a, "SELECT pg_backend_pid()");
	is_str(a.value, pid, "on the same connection");
	lease_query(&holders[1], &a, "BEGIN");
	postgres_pool_give(&holders[1].lease);
	take(2, 4000);
	WAIT(holders[2].taken > 0);
	is_int(postgres_status(holders[2].p), 'I', "an open transaction is not handed on");
	lease_query(&holders[2], &a, "SELECT pg_backend_pid()");
	ok(strcmp(a.value, pid) != 0, "it is another connection");
	/* In the middle of something. */
	a = new_ask();
	postgres_query(holders[2].p, &a.q, 4000, SPAN("SELECT pg_sleep(8)"), NULL, 0);
	postgres_pool_give(&holders[2].lease);
	take(3, 7000);
	WAIT(holders[3].taken > 0);
	is_int(holders[3].rc, 0, "nor one that is at work");
	ok(a.over == 1 && a.rc < 0, "whose request has learned its fate: %s",
	   postgres_strerror(a.rc));
	postgres_pool_give(&holders[3].lease);
	/* A pool of statements still works after DISCARD ALL. */
	for (int i = 0; i < 3; i++) {
		pool_ask(&a, &who_am_i);
		WAIT(a.over > 0);
		is_int(a.rc, 0, "statements that were discarded are prepared again, %d", i);
		take(4, 4000);
		WAIT(holders[4].taken > 0);
		postgres_pool_give(&holders[4].lease);
	}
	rig_end();
}

static void lives_and_idles(void)
{
	struct ask a;
	char pid[64];
	rig_begin(4);
	rig_cfg.least = 1;
	rig_cfg.idle_ms = 200;
	rig_open();
	for (size_t i = 0; i < 4; i++)
		take(i, 4000);
	WAIT(holders[3].taken > 0);
	WAIT(backends_are("4"));
	ok(backends_are("4"), "four are taken");
	for (size_t i = 0; i < 4; i++)
		postgres_pool_give(&holders[i].lease);
	WAIT(counters().on == 1);
	WAIT(backends_are("1"));
	ok(backends_are("1"), "those that stay idle are closed but for the least");
	rig_end();

	rig_begin(1);
	rig_cfg.life_ms = 400;
	rig_open();
	load_begin(4);
	pool_ask(&a, &who_am_i);
	WAIT(a.over > 0);
	snprintf(pid, sizeof pid, "%s", a.value);
	WAIT_LOAD(pool.renewed >= 2 && load_done > 100);
	load_end("while connections grow old and are made anew");
	pool_ask(&a, &who_am_i);
	WAIT(a.over > 0);
	ok(strcmp(a.value, pid) != 0, "an old connection is made anew");
	bool all_good = true;
	for (unsigned i = 0; i < load_sent; i++)
		all_good &= jobs[i].rc == 0;
	ok(all_good, "and nobody loses anything by it");
	rig_end();
}

/* A connection that died while it was idle is found before somebody gets it. */
static void checks(void)
{
	rig_begin(2);
	rig_cfg.check_ms = 50;
	rig_open();
	run_for(100);
	sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
	    "'tester'");
	take(0, 8000);
	take(1, 8000);
	WAIT(holders[0].taken > 0 && holders[1].taken > 0);
	ok(holders[0].rc == 0 && holders[1].rc == 0, "two after both were terminated");
	for (size_t i = 0; i < 2; i++) {
		struct ask a;
		lease_query(&holders[i], &a, "SELECT 7");
		is_str(a.value, "7", "a living one");
		postgres_pool_give(&holders[i].lease);
	}
	rig_end();
}

/* Leases and single statements beside each other: no statement lands in another's transaction. */
static void keeps_apart(void)
{
	struct ask a, b;
	rig_begin(2);
	rig_open();
	load_begin(16);
	load_run(100);
	take(0, 4000);
	WAIT_LOAD(holders[0].taken > 0);
	lease_query(&holders[0], &a, "BEGIN");
	lease_query(&holders[0], &a, "SELECT pg_backend_pid()");
	load_run(500);
	lease_query(&holders[0], &b, "SELECT pg_backend_pid()");
	is_str(a.value, b.value, "a lease stays on its connection");
	lease_query(&holders[0], &b,
		    "SELECT count(*) FROM pg_stat_activity WHERE state = "
		    "'idle in transaction' AND application_name = 'tester'");
	is_str(b.value, "0", "and nobody else is in a transaction");
	lease_query(&holders[0], &b, "ROLLBACK");
	postgres_pool_give(&holders[0].lease);
	load_run(100);
	load_end("beside a transaction that was rolled back");
	sql_is("SELECT count(*) > 600 FROM load", "t", "none of them went with it");
	rig_end();
}

int main(void)
{
	store = store_postgres(NULL);
	opens_as_needed();
	queues();
	gives_back_clean();
	lives_and_idles();
	checks();
	keeps_apart();
	return done();
}
