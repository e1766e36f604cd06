/* For tests of the PostgreSQL client: one of a real server, whose story is noted. */
#ifndef TESTS_POSTGRES_REAL_H
#define TESTS_POSTGRES_REAL_H

#include "drivers/postgres.h"
#include "integration/drivers_real.h"

static struct store *store;
static struct postgres client;
static struct link_host peer_host;
static struct postgres_config config;
static struct pgwire_keys keys;

static const struct span create = SPAN("CREATE TABLE IF NOT EXISTS t (n INT UNIQUE)");
static const struct postgres_statement insert = {SPAN("insert"), SPAN("INSERT INTO t VALUES ($1)"),
						 0};
static const struct postgres_statement list = {SPAN("list"), SPAN("SELECT n FROM t ORDER BY n"), 1};
static const struct postgres_statement count = {SPAN("count"), SPAN("SELECT count(*) FROM t"), 1};
static const struct postgres_statement clear = {SPAN("clear"), SPAN("DELETE FROM t"), 0};
static const struct postgres_statement nap = {SPAN("nap"),
					      SPAN("SELECT 'up' FROM pg_sleep($1::float8)"), 1};
static const struct postgres_statement many = {
	SPAN("many"), SPAN("SELECT n, repeat('x', 100) FROM generate_series(1, 100000) n"), 2};
static const struct postgres_statement *const statements[] = {&insert, &list, &count,
							      &clear,  &nap,  &many};

static inline void on_ready(struct postgres *p)
{
	(void)p;
	note("ready;");
}

static inline void on_down(struct postgres *p, const char *why)
{
	(void)p;
	note("down(%s);", why);
}

static const struct postgres_events events = {on_ready, on_down};

/* Requests whose story is noted: "5 7 ok;", "late;", "23505;". Some at once, each used once. */

static struct postgres_request requests[16];
static size_t used;

static inline void note_row(struct postgres_request *q, const struct pgwire_row *row)
{
	struct pgwire_row r = *row;
	struct pgwire_value v;
	(void)q;
	while (pgwire_row_next(&r, &v))
		note("%.*s ", (int)v.bytes.n, (const char *)v.bytes.p);
}

static inline void note_done(struct postgres_request *q, int rc)
{
	if (rc == POSTGRES_EFAILED)
		note("%s;", q->sqlstate);
	else
		note(rc == 0                ? "ok;"
		     : rc == POSTGRES_ELATE ? "late;"
		     : rc == POSTGRES_ELOST ? "lost;"
					    : "?;");
}

static inline void send_one(const struct postgres_statement *s, const char *text, uint32_t ms)
{
	const struct pgwire_param param = {.value = span_str(text)};
	struct postgres_request *q = &requests[used++ % 16];
	*q = (struct postgres_request){.row = note_row, .done = note_done};
	look_at_clock();
	int rc = postgres_send(&client, q, ms, s, &param, text != NULL);
	check(rc == 0, "sent %.*s: %d", (int)s->name.n, (const char *)s->name.p, rc);
}

static inline void begin(void)
{
	open_loop();
	notes_forget();
	peer_host = (struct link_host){store_host(store), (uint16_t)store_port(store)};
	config = (struct postgres_config){
		.link = {.hosts = &peer_host,
			 .host_count = 1,
			 .connect_ms = 4000,
			 .in_max = 1 << 20,
			 .out_max = 1 << 20},
		.login = {.user = span_str(store_user(store)),
			  .database = span_str(store_database(store)),
			  .password = span_str(store_password(store)),
			  .application_name = SPAN("tester"),
			  .keys = &keys},
		.limits = pgwire_default_limits,
		.setup = &create,
		.setups = 1,
		.statements = statements,
		.statement_count = sizeof statements / sizeof *statements,
	};
}

static inline void start(void)
{
	postgres_start(&client, &loop, &config, &events);
}

static inline void begin_ready(void)
{
	begin();
	start();
	says("ready;", "logged in");
}

static inline void end(void)
{
	postgres_stop(&client);
	one_turn();
	net_loop_close(&loop);
}

#endif
