/*
 * What goes wrong with a real PostgreSQL, under load: each request learns one fate, what was said
 * stored is stored, and all goes on by itself afterwards.
 */
#include "integration/postgres_rig.h"

#include "drivers/postgres_listen.h"
#include "drivers/postgres_transaction.h"

#include <signal.h>

/* The server under load. */

static void terminates(void)
{
	rig_begin(4);
	rig_open();
	load_begin(64);
	for (int i = 0; i < 3; i++) {
		load_run(300);
		sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
		    "application_name = 'tester'");
		unsigned sent = load_sent;
		WAIT_LOAD(load_sent > sent + 100);
	}
	ok(rig_downs >= 3, "%u connections were terminated", rig_downs);
	load_run(100);
	load_end("terminated under load");
	rig_end();
}

/* As pg_ctl restart -m immediate: no shutdown checkpoint, the clients just lose their server. */
static void restarts_at_once(void)
{
	rig_begin(4);
	rig_open();
	load_begin(64);
	for (int i = 0; i < 2; i++) {
		load_run(300);
		proc_signal(store_proc(store), SIGQUIT);
		WAIT_LOAD(rig_ready() == 0);
		proc_wait(store_proc(store), 60000);
		check(load_pump(), "asked while it is away");
		store_start(store);
		WAIT_LOAD(rig_ready() == 4);
		load_run(300);
	}
	load_end("restarted at once, twice");
	rig_end();
}

/* Stands still: deadlines hold, and what is late is said to be so. */
static void stands_still(void)
{
	rig_begin(2);
	rig_cfg.grace_ms = 200;
	rig_open();
	load_begin(32);
	load_run(300);
	store_pause(store);
	/* All that is in flight now. */
	load_wanted = 0;
	for (unsigned i = 0; i < load_sent; i++)
		if (jobs[i].fates == 0)
			postgres_cancel(&jobs[i].q);
	WAIT(load_flying == 0);
	unsigned perhaps = 0;
	for (unsigned i = 0; i < load_sent; i++)
		perhaps += jobs[i].rc == POSTGRES_ELATE || jobs[i].rc == POSTGRES_ELOST;
	ok(perhaps > 0, "%u requests are perhaps executed", perhaps);
	store_resume(store);
	load_wanted = 32;
	load_run(300);
	load_end("stood still for a while");
	rig_end();
}

/* Counters that many transactions read and write: none is lost, whatever happens to them. */

#define WORKERS 6
#define ROUNDS 12

struct worker {
	struct postgres_transaction t;
	struct postgres_lease lease;
	struct postgres_request q;
	unsigned rounds, good, perhaps, failed, tries;
	bool busy, reading;
};

static struct worker workers[WORKERS];

static void work_begin(struct postgres_transaction *t);
static void work_over(struct postgres_transaction *t, int rc);

static void work_next(struct worker *w)
{
	w->busy = w->rounds < ROUNDS;
	if (w->busy)
		check(postgres_pool_take(&pool, &w->lease, 8000) == 0, "a place in the queue");
}

static void work_taken(struct postgres_lease *lease, struct postgres *p, int rc)
{
	struct worker *w =
		(struct worker *)(void *)((char *)lease - offsetof(struct worker, lease));
	w->rounds++;
	w->t = (struct postgres_transaction){.begin = work_begin,
					     .done = work_over,
					     .how = SPAN("ISOLATION LEVEL SERIALIZABLE")};
	if (rc == 0)
		rc = postgres_transaction_start(&w->t, p, 8000);
	if (rc < 0)
		work_over(&w->t, rc);
}

static void work_over(struct postgres_transaction *t, int rc)
{
	struct worker *w = (struct worker *)t;
	w->good += rc == 0;
	w->perhaps += rc == POSTGRES_ELOST || rc == POSTGRES_ELATE || rc == POSTGRES_EPROTO;
	w->failed += rc == POSTGRES_EFAILED;
	w->tries += t->tries;
	postgres_pool_give(&w->lease);
	work_next(w);
}

static void work_send(struct worker *w, const char *text)
{
	int rc = postgres_transaction_query(&w->t, &w->q, span_str(text), NULL, 0);
	if (rc < 0)
		postgres_transaction_end(&w->t, rc, NULL);
}

static void work_stepped(struct postgres_request *q, int rc)
{
	struct worker *w = (struct worker *)(void *)((char *)q - offsetof(struct worker, q));
	if (rc < 0 || !w->reading) {
		postgres_transaction_end(&w->t, rc, rc == POSTGRES_EFAILED ? q : NULL);
		return;
	}
	w->reading = false;
	work_send(w, "UPDATE counter SET n = n + 1 WHERE id = 1");
}

static void work_begin(struct postgres_transaction *t)
{
	struct worker *w = (struct worker *)t;
	w->q = (struct postgres_request){.done = work_stepped};
	w->reading = true;
	work_send(w, "SELECT sum(n) FROM counter");
}

static bool all_idle(void)
{
	for (size_t i = 0; i < WORKERS; i++)
		if (workers[i].busy)
			return false;
	return true;
}

static void transacts(const char *name, bool disturb)
{
	unsigned good = 0, perhaps = 0, failed = 0, tries = 0;
	sql("DROP TABLE IF EXISTS counter; CREATE TABLE counter (id int, n int);"
	    "INSERT INTO counter VALUES (1, 0), (2, 0)");
	rig_begin(4);
	rig_open();
	for (size_t i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){.lease = {.taken = work_taken}};
		work_next(&workers[i]);
	}
	for (int i = 0; i < 4 && disturb; i++) {
		unsigned before = rig_downs;
		run_for(20);
		sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
		    "application_name = 'tester'");
		WAIT(rig_downs > before || all_idle());
	}
	WAIT(all_idle());
	for (size_t i = 0; i < WORKERS; i++) {
		good += workers[i].good;
		perhaps += workers[i].perhaps;
		failed += workers[i].failed;
		tries += workers[i].tries;
	}
	char *text = store_psql(store, "SELECT n FROM counter WHERE id = 1");
	unsigned counted = (unsigned)strtoul(text, NULL, 10);
	ok(counted >= good && counted <= good + perhaps,
	   "%s: %u counted, %u said stored, %u perhaps, %u failed, %u tries", name, counted, good,
	   perhaps, failed, tries);
	ok(good > 0 && (disturb || good == WORKERS * ROUNDS), "%s: they go through", name);
	ok(tries > good, "%s: not all at the first try", name);
	free(text);
	rig_end();
}

/* Notifications over a restart. */

static unsigned heard, listening;

static void on_notify(struct postgres_listener *l, const struct pgwire_notify *n)
{
	(void)l;
	heard += span_eq(n->channel, SPAN("Jobs")) && span_eq(n->payload, SPAN("seven"));
}

static void on_listening(struct postgres_listener *l)
{
	(void)l;
	listening++;
}

/* What is said while a connection is made anew is lost, and a busy server may miss 700 ms. */
static void hears(const char *name)
{
	unsigned had = heard;
	for (int tries = 0; tries < 20 && heard == had; tries++) {
		sql("NOTIFY \"Jobs\", 'seven'");
		for (uint64_t until = clock_ms() + 1000; heard == had && clock_ms() < until;) {
			usleep(200);
			one_turn();
		}
	}
	ok(heard > had, "%s", name);
}

static void listens_on(void)
{
	static struct postgres_listener l;
	rig_begin(1);
	l = (struct postgres_listener){.notify = on_notify, .listening = on_listening};
	rig_cfg.client.link.connect_ms = 700;
	postgres_listener_open(&l, &loop, &rig_cfg.client, 100);
	is_int(postgres_listen(&l, SPAN("Jobs")), 0, "to listen");
	WAIT(listening > 0);
	hears("heard");
	unsigned before = listening;
	store_restart(store);
	WAIT(listening > before);
	hears("heard again after a restart");
	before = listening;
	store_pause(store);
	WAIT(l.p.losses > 1);
	store_resume(store);
	WAIT(listening > before);
	hears("and after it stood still, which a sign of life found out");
	postgres_listener_close(&l);
	WAIT(l.p.link.state == LINK_OFF);
	net_loop_close(&loop);
}

int main(void)
{
	store = store_postgres(NULL);
	terminates();
	restarts_at_once();
	stands_still();
	transacts("transactions in each other's way", false);
	transacts("transactions that are terminated", true);
	listens_on();
	return done();
}
