/*
 * For tests of the pool against a real server: the pool, and a load of numbered inserts each of
 * which must learn exactly one fate that agrees with what the server has in the end.
 *
 *	rig_begin(4);                           // rig_cfg may be changed before rig_open
 *	rig_open();
 *	load_begin(64);                         // so many in flight
 *	load_run(1000);                         // until so many more have their answers
 *	load_end("after a restart");
 *	rig_end();
 */
#ifndef TESTS_POSTGRES_RIG_H
#define TESTS_POSTGRES_RIG_H

#include "drivers/postgres_pool.h"
#include "drivers/postgres_query.h"
#include "integration/drivers_real.h"

#include <stdio.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))
#define SLOTS 8

static struct store *store;
static struct postgres_pool pool;
static struct postgres_slot slots[SLOTS];
static struct postgres_pool_config rig_cfg;
static struct link_host rig_host;
static struct pgwire_keys keys;
static size_t rig_size;
static unsigned rig_downs;

static inline void rig_down(struct postgres_pool *p, struct postgres *c, const char *why)
{
	(void)p, (void)c;
	rig_downs++;
	note("%s;", why);
	if (noted > sizeof notes / 2)
		notes_forget();
}

static inline void rig_begin(size_t size)
{
	open_loop();
	notes_forget();
	rig_downs = 0;
	rig_size = size;
	rig_host = (struct link_host){store_host(store), (uint16_t)store_port(store)};
	rig_cfg = (struct postgres_pool_config){
		.client = {.link = {.hosts = &rig_host,
				    .host_count = 1,
				    .connect_ms = 4000,
				    .in_max = 1 << 20,
				    .out_max = 1 << 20},
			   .login = {.user = span_str(store_user(store)),
				     .database = span_str(store_database(store)),
				     .password = span_str(store_password(store)),
				     .application_name = SPAN("tester"),
				     .keys = &keys},
			   .limits = pgwire_default_limits},
		.least = size,
		.down = rig_down,
	};
}

/* Who takes a connection for its own. */
struct holder {
	struct postgres_lease lease;
	struct postgres *p;
	unsigned taken;
	int rc;
};

static inline void rig_taken(struct postgres_lease *lease, struct postgres *p, int rc)
{
	struct holder *h = (struct holder *)lease;
	h->taken++;
	h->p = p;
	h->rc = rc;
}

static inline size_t rig_ready(void)
{
	struct postgres_pool_counters n;
	postgres_pool_counters_get(&pool, &n);
	return n.ready;
}

static inline void rig_open(void)
{
	postgres_pool_open(&pool, &loop, &rig_cfg, slots, rig_size);
	WAIT(rig_ready() >= rig_cfg.least);
}

static inline void rig_end(void)
{
	postgres_pool_close(&pool);
	WAIT(postgres_pool_is_closed(&pool));
	net_loop_close(&loop);
}

/* SQL from beside us. */
static inline void sql(const char *text)
{
	free(store_psql(store, text));
}

static inline void sql_is(const char *text, const char *want, const char *name)
{
	char *got = store_psql(store, text);
	is_str(got, want, "%s", name);
	free(got);
}

/* The load. */

struct job {
	struct postgres_request q;
	struct pgwire_param param;
	char text[12];
	unsigned fates;
	int rc;
};

#define JOBS 60000
static struct job jobs[JOBS];
static unsigned load_sent, load_flying, load_wanted, load_done;

static const struct postgres_statement load_insert = {SPAN("load"),
						      SPAN("INSERT INTO load VALUES ($1::int)"), 0};

static inline void job_done(struct postgres_request *q, int rc)
{
	struct job *j = (struct job *)q;
	j->fates++;
	j->rc = rc;
	load_flying--;
	load_done++;
}

static inline void load_begin(unsigned flying)
{
	sql("DROP TABLE IF EXISTS load; CREATE TABLE load (n int UNIQUE)");
	load_sent = load_flying = load_done = 0;
	load_wanted = flying;
}

/* As many in flight as are wanted, if they can be sent. */
static inline bool load_pump(void)
{
	while (load_flying < load_wanted && load_sent < JOBS) {
		struct job *j = &jobs[load_sent];
		*j = (struct job){.q = {.done = job_done}};
		int n = snprintf(j->text, sizeof j->text, "%u", load_sent);
		j->param.value = span_of(j->text, (size_t)n);
		int rc = postgres_pool_send(&pool, &j->q, 3000, &load_insert, &j->param, 1);
		if (rc < 0)
			return true;
		load_sent++;
		load_flying++;
	}
	return true;
}

#define WAIT_LOAD(held) WAIT(load_pump() && (held))

/* More answers, good or bad. */
static inline void load_run(unsigned more)
{
	unsigned until = load_done + more;
	WAIT_LOAD(load_done >= until);
}

/* All that is in flight learns its fate, and each fate is the truth. */
static inline void load_end(const char *name)
{
	static uint8_t stored[JOBS];
	unsigned good = 0, unsent = 0, refused = 0, perhaps = 0, wrong = 0;
	load_wanted = 0;
	WAIT(load_flying == 0);
	memset(stored, 0, sizeof stored);
	char *list = store_psql(store, "SELECT n FROM load"), *at = list;
	while (*at >= '0' && *at <= '9') {
		unsigned long n = strtoul(at, &at, 10);
		if (n < JOBS)
			stored[n] = 1;
		at += *at == '\n';
	}
	free(list);
	for (unsigned i = 0; i < load_sent; i++) {
		const struct job *j = &jobs[i];
		bool no = postgres_is_unsent(j->rc) || j->rc == POSTGRES_EFAILED;
		good += j->rc == 0;
		unsent += postgres_is_unsent(j->rc);
		refused += j->rc == POSTGRES_EFAILED;
		perhaps += j->rc < 0 && !no;
		if (j->fates != 1 || (j->rc == 0 && !stored[i]) || (no && stored[i])) {
			wrong++;
			check(wrong > 5, "%s: insert %u: %u fates, %s %s, stored %d", name, i,
			      j->fates, postgres_strerror(j->rc), j->q.sqlstate, stored[i]);
		}
	}
	ok(wrong == 0,
	   "%s: %u inserts, one true fate each: %u stored, %u unsent, %u refused, %u perhaps", name,
	   load_sent, good, unsent, refused, perhaps);
}

#endif
