/*
 * What a real PostgreSQL has only so much of: time, connections, room on its disk, patience with a
 * transaction. Each is told as what it is, costs what it must, and all goes on afterwards.
 */
#include "integration/postgres_rig.h"

#include <sys/mount.h>
#include <sys/stat.h>

/* A request that takes too long is cancelled, and its connection stays. */
static void cancels(void)
{
	static const struct postgres_statement nap = {SPAN("nap"), SPAN("SELECT pg_sleep(20)"), 1};
	struct job j = {.rc = 0};
	rig_begin(1);
	rig_cfg.grace_ms = 30000;
	rig_open();
	load_begin(0);
	/* A cancel that comes before the server has begun is nothing to it: then a later one. */
	for (uint32_t ms = 150; ms < 6000 && j.rc == 0; ms *= 6) {
		j = (struct job){.q = {.done = job_done}};
		load_flying++;
		check(postgres_pool_send(&pool, &j.q, ms, &nap, NULL, 0) == 0, "a long query");
		WAIT(j.fates > 0);
	}
	is_int(j.rc, POSTGRES_EFAILED, "is cancelled when its time is up");
	is_str(j.q.sqlstate, "57014", "as the server says");
	is_int(rig_downs, 0, "and nothing else is lost");
	sql_is("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' AND state "
	       "= "
	       "'active' AND pid <> pg_backend_pid()",
	       "0", "nor does it work on");
	rig_end();
}

static struct holder *take(uint32_t ms)
{
	static struct holder h;
	h = (struct holder){.lease = {.taken = rig_taken}};
	is_int(postgres_pool_take(&pool, &h.lease, ms), 0, "a connection of one's own");
	WAIT(h.taken > 0);
	return &h;
}

static struct job step;

static int run_step(struct postgres *p, const char *text)
{
	step = (struct job){.q = {.done = job_done}};
	load_flying++;
	int rc = postgres_query(p, &step.q, 4000, span_str(text), NULL, 0);
	if (rc < 0)
		return rc;
	WAIT(step.fates > 0);
	return step.rc;
}

static void idles_in_a_transaction(void)
{
	rig_begin(1);
	rig_open();
	struct holder *h = take(4000);
	is_int(run_step(h->p, "SET idle_in_transaction_session_timeout TO '50ms'"), 0, "a limit");
	is_int(run_step(h->p, "BEGIN"), 0, "a transaction");
	is_int(run_step(h->p, "CREATE TABLE half_done (n int)"), 0, "half done");
	WAIT(rig_downs > 0);
	ok(noted_has("25P03"), "left alone too long: %s", notes);
	int rc = run_step(h->p, "COMMIT");
	ok(rc < 0 || strcmp(step.q.sqlstate, "") == 0, "the next step does not pass for it: %s",
	   postgres_strerror(rc));
	postgres_pool_give(&h->lease);
	sql_is("SELECT count(*) FROM pg_class WHERE relname = 'half_done'", "0", "it is undone");
	h = take(4000);
	is_int(run_step(h->p, "SELECT 1"), 0, "and the pool has a good connection again");
	postgres_pool_give(&h->lease);
	rig_end();
}

/* No more connections than the server has. */
static void runs_out_of_connections(void)
{
	static const char *const few[] = {"-c", "max_connections=6", "-c",
					  "superuser_reserved_connections=1", NULL};
	static struct postgres_pool_config others_cfg;
	static struct postgres_slot others_slots[SLOTS];
	static struct postgres_pool others;
	struct store *kept = store;
	store = store_postgres(few);
	rig_begin(3);
	rig_cfg.least = 1;
	rig_open();
	load_begin(64);
	others_cfg = rig_cfg;
	others_cfg.least = SLOTS;
	others_cfg.client.login.application_name = SPAN("others");
	postgres_pool_open(&others, &loop, &others_cfg, others_slots, SLOTS);
	WAIT(noted_has("53300"));
	ok(noted_has("53300"), "the server has no more: %.60s", notes);
	load_run(300);
	ok(rig_ready() >= 1, "who has one works on");
	postgres_pool_close(&others);
	WAIT(postgres_pool_is_closed(&others));
	WAIT_LOAD(rig_ready() == 3);
	is_int((long long)rig_ready(), 3, "when others leave there are more");
	load_run(100);
	load_end("short of connections");
	rig_end();
	store_stop(store);
	store = kept;
}

/* A disk that is full: a small file system of its own for one table space. */
static void fills_the_disk(void)
{
	char *disk = temp_path("disk"), text[512];
	struct stat data;
	mkdir(disk, 0755);
	if (mount("tmpfs", disk, "tmpfs", 0, "size=400k,mode=0777") != 0) {
		ok(true, "a full disk # SKIP no right to mount a small file system");
		free(disk);
		return;
	}
	snprintf(text, sizeof text, "/proc/%d", (int)proc_pid(store_proc(store)));
	if (stat(text, &data) != 0 || chown(disk, data.st_uid, data.st_gid) != 0)
		bail("no owner for %s", disk);
	chmod(disk, 0700);
	snprintf(text, sizeof text, "CREATE TABLESPACE small LOCATION '%s'", disk);
	free(store_psql_as(store, "postgres", store_password(store), text));
	free(store_psql_as(store, "postgres", store_password(store),
			   "GRANT CREATE ON TABLESPACE small TO app"));
	sql("CREATE TABLE wide (n int, s text) TABLESPACE small");
	rig_begin(2);
	rig_open();
	struct holder *h = take(4000);
	int rc = 0, stored = 0;
	for (; rc == 0 && stored < 200; stored += rc == 0)
		rc = run_step(h->p, "INSERT INTO wide SELECT 1, repeat('x', 1000) FROM "
				    "generate_series(1, 10)");
	is_int(rc, POSTGRES_EFAILED, "after %d inserts the disk is full", stored);
	is_str(step.q.sqlstate, "53100", "and the server says so");
	is_int(pgwire_class_of(span_str(step.q.sqlstate)), PGWIRE_CLASS_BUSY, "perhaps later");
	is_int(run_step(h->p, "SELECT count(*) FROM wide"), 0, "the connection stays");
	snprintf(text, sizeof text, "%d", stored * 10);
	sql_is("SELECT count(*) FROM wide", text, "what was said stored is, the rest is not");
	is_int(run_step(h->p, "DROP TABLE wide"), 0, "room again");
	is_int(run_step(h->p, "CREATE TABLE wide (n int, s text) TABLESPACE small"), 0,
	       "for the same");
	is_int(run_step(h->p, "INSERT INTO wide VALUES (1, 'x')"), 0, "and on it goes");
	is_int(rig_downs, 0, "no connection was lost over it");
	postgres_pool_give(&h->lease);
	rig_end();
	sql("DROP TABLE wide");
	free(store_psql_as(store, "postgres", store_password(store), "DROP TABLESPACE small"));
	umount2(disk, MNT_DETACH);
	free(disk);
}

int main(void)
{
	store = store_postgres(NULL);
	cancels();
	idles_in_a_transaction();
	fills_the_disk();
	runs_out_of_connections();
	return done();
}
