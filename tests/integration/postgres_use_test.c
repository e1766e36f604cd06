/* What a PostgreSQL client is for beyond prepared statements, with a real server. */
#include "integration/postgres_real.h"

#include "drivers/postgres_attrs.h"
#include "drivers/postgres_cache.h"
#include "drivers/postgres_cancel.h"
#include "drivers/postgres_copy.h"
#include "drivers/postgres_listen.h"
#include "drivers/postgres_query.h"
#include "drivers/postgres_settings.h"
#include "drivers/postgres_transaction.h"

static struct postgres_request *new_request(void)
{
	struct postgres_request *q = &requests[used++ % 16];
	*q = (struct postgres_request){.row = note_row, .done = note_done};
	return q;
}

static void sql(const char *text)
{
	free(store_psql(store, text));
}

static void ask(const char *text)
{
	check(postgres_simple(&client, new_request(), 4000, span_str(text)) == 0, "sent %s", text);
}

static void asks_anything(void)
{
	static struct postgres_settings settings;
	const struct pgwire_param two[] = {{.value = SPAN("20")}, {.value = SPAN("22")}};
	begin();
	start();
	postgres_settings_open(&settings, &client);
	says("ready;", "logged in");
	postgres_query(&client, new_request(), 4000, SPAN("SELECT $1::int + $2::int, NULL"), two,
		       2);
	says("42  ok;", "parameters");
	ask("SELECT 1; SELECT 2, 3; CREATE TABLE u (n INT); DROP TABLE u; SELECT 4");
	says("1 2 3 4 ok;", "several statements");
	ask("SELECT 1; SELECT 1/0; SELECT 2");
	says("1 22012;", "which end at the first that fails");
	ask("");
	says("ok;", "nothing");
	ask("SET TIME ZONE 'Asia/Tokyo'");
	says("ok;", "a setting");
	struct span zone = postgres_parameter(&settings, SPAN("TimeZone"));
	ok(span_eq(zone, SPAN("Asia/Tokyo")), "is reported");
	ok(postgres_parameter(&settings, SPAN("server_version")).n > 0 && !settings.over,
	   "as is the version");
	ok(postgres_parameter(&settings, SPAN("nothing")).p == NULL, "what is not there is not");
	end();
}

static void note_portal_row(struct postgres_portal *c, const struct pgwire_row *row)
{
	note_row(&c->q, row);
}

static void note_portal(struct postgres_portal *c, int rc)
{
	if (rc == POSTGRES_MORE)
		note("more;");
	else
		note_done(&c->q, rc);
}

static void fetches(void)
{
	struct postgres_portal c = {.name = SPAN("c"), .row = note_portal_row, .done = note_portal};
	begin_ready();
	ask("BEGIN");
	says("ok;", "begun");
	postgres_portal_open(&client, &c, 4000, SPAN("SELECT generate_series(1, 5)"), NULL, 0, 2);
	says("1 2 more;", "two");
	postgres_portal_next(&c, 4000, 2);
	ask("SELECT 'between'");
	says("3 4 more;between ok;", "two more, and another query behind it");
	postgres_portal_next(&c, 4000, 2);
	says("5 ok;", "the end");
	postgres_portal_close(&c, 4000);
	says("ok;", "closed");
	postgres_portal_open(&client, &c, 4000, SPAN("SELECT 1"), NULL, 0, 5);
	says("1 ok;", "and opened again under its name");
	ask("COMMIT");
	says("ok;", "committed");
	postgres_portal_open(&client, &c, 4000, SPAN("SELECT generate_series(1, 5)"), NULL, 0, 2);
	says("1 2 more;", "outside of a transaction");
	postgres_portal_next(&c, 4000, 2);
	says("34000;", "the portal is gone");
	end();
}

static struct postgres_cache cache;
static struct postgres_cache_entry entries[2];
static const struct postgres_statement all = {SPAN("all"), SPAN("SELECT * FROM v"), 0};
static const struct postgres_statement add = {SPAN("add"), SPAN("INSERT INTO v VALUES ($1)"), 0};
static const struct postgres_statement one = {SPAN("one"), SPAN("SELECT 1"), 0};

static void run(const struct postgres_statement *s, const char *text)
{
	static struct pgwire_param params[16];
	struct pgwire_param *param = &params[used % 16];
	*param = (struct pgwire_param){.value = span_str(text)};
	check(postgres_cache_send(&cache, new_request(), 4000, s, param, text != NULL) == 0,
	      "sent");
}

static void caches(void)
{
	sql("DROP TABLE IF EXISTS v; CREATE TABLE v (n INT)");
	begin();
	start();
	postgres_cache_open(&cache, &client, entries, 2);
	says("ready;", "logged in");
	run(&add, "1");
	run(&add, "2");
	run(&all, NULL);
	run(&one, NULL);
	run(&all, NULL);
	says("ok;ok;1 2 ok;1 ok;1 2 ok;", "three statements in a cache of two");
	is_int((long)cache.evictions, 1, "one had to go");
	sql("ALTER TABLE v ADD COLUMN m TEXT DEFAULT 'x'");
	run(&all, NULL);
	run(&all, NULL);
	says("1 x 2 x ok;1 x 2 x ok;", "a table with another column");
	is_int((long)cache.repeats, 2, "is asked again");
	ask("DISCARD ALL");
	run(&all, NULL);
	run(&one, NULL);
	says("ok;1 x 2 x ok;1 ok;", "statements that were discarded");
	ask("BEGIN");
	ask("DEALLOCATE ALL");
	run(&all, NULL);
	ask("ROLLBACK");
	run(&all, NULL);
	says("ok;ok;26000;ok;1 x 2 x ok;", "not within a transaction");
	end();

	begin();
	start();
	postgres_cache_open(&cache, &client, NULL, 0);
	says("ready;", "logged in");
	run(&add, "3");
	run(&all, NULL);
	says("ok;1 x 2 x 3 x ok;", "without names");
	char *left = store_psql(store, "SELECT count(*) FROM pg_prepared_statements");
	is_str(left, "0", "nothing is prepared");
	free(left);
	end();
}

static void cancels(void)
{
	static struct postgres_canceller canceller;
	begin();
	start();
	postgres_cancel_open(&canceller, &client, 30000);
	says("ready;", "logged in");
	send_one(&nap, "30", 400);
	send_one(&nap, "0", 50);
	send_one(&nap, "0", 4000);
	says("late;57014;up ok;", "the first is cancelled, the third is served");
	struct postgres_request *q = new_request();
	postgres_query(&client, q, 60000, SPAN("SELECT pg_sleep(60)"), NULL, 0);
	one_turn();
	postgres_cancel(q);
	says("57014;", "by hand");
	is_int((long)client.losses, 0, "the connection is the same");
	store_pause(store);
	canceller.grace_ms = 100;
	send_one(&count, NULL, 50);
	one_turn();
	says("late;down(no answer before the deadline);", "a server that stands still");
	store_resume(store);
	WAIT(noted_has("ready"));
	postgres_cancel_close(&canceller);
	end();
}

/* COPY. */

static char copied[8192];
static size_t copied_n, put_n, held;

static void copy_data(struct postgres_copy *c, struct span bytes, bool cut)
{
	(void)cut;
	if (copied_n + bytes.n <= sizeof copied)
		memcpy(copied + copied_n, bytes.p, bytes.n);
	copied_n += bytes.n;
	if (held++ == 0)
		postgres_hold(c->q.on);
}

static void copy_more(struct postgres_copy *c)
{
	char line[64];
	while (put_n < 200000) {
		int n = snprintf(line, sizeof line, "%zu\tline %zu\n", put_n, put_n);
		if (postgres_copy_put(c, span_of(line, (size_t)n)) < 0)
			return;
		put_n++;
	}
	postgres_copy_end(c);
}

static void copy_bad(struct postgres_copy *c)
{
	if (put_n++ == 0)
		postgres_copy_put(c, SPAN("one\tline\n"));
	while (put_n < 1000000 && postgres_copy_put(c, SPAN("1\tline\n")) == 0)
		put_n++;
}

static void copy_gives_up(struct postgres_copy *c)
{
	postgres_copy_put(c, SPAN("1\tline\n"));
	postgres_copy_fail(c, SPAN("changed my mind"));
	is_int(postgres_copy_put(c, SPAN("2\tline\n")), POSTGRES_EDOWN, "then it is not open");
}

static void copy_done(struct postgres_copy *c, int rc)
{
	note("%u rows ", (unsigned)c->rows);
	note_done(&c->q, rc);
}

static void copies(void)
{
	struct postgres_copy c = {.more = copy_more, .data = copy_data, .done = copy_done};
	sql("CREATE TABLE w (n INT, t TEXT)");
	begin_ready();
	postgres_copy_from(&client, &c, 8000, SPAN("COPY w FROM STDIN"));
	is_int(postgres_simple(&client, new_request(), 4000, SPAN("SELECT 1")), POSTGRES_EFULL,
	       "nothing else meanwhile");
	says("200000 rows ok;", "many rows in");
	ask("SELECT count(*), sum(n) FROM w");
	says("200000 19999900000 ok;", "are there");
	postgres_copy_to(&client, &c, 8000, SPAN("COPY (SELECT * FROM w ORDER BY n) TO STDOUT"));
	WAIT(held == 1);
	stays_calm();
	ok(held == 1, "held after the first");
	postgres_unhold(&client);
	says("200000 rows ok;", "and out");
	ok(copied_n == 3577780 && memcmp(copied, "0\tline 0\n1\tline 1\n", 18) == 0,
	   "as they went in: %zu", copied_n);
	c.more = copy_bad;
	put_n = 0;
	postgres_copy_from(&client, &c, 8000, SPAN("COPY w FROM STDIN"));
	says("0 rows 22P02;", "a row that is none");
	c.more = copy_gives_up;
	postgres_copy_from(&client, &c, 8000, SPAN("COPY w FROM STDIN"));
	says("0 rows 57014;", "given up");
	postgres_copy_from(&client, &c, 8000, SPAN("COPY nowhere FROM STDIN"));
	says("0 rows 42P01;", "to nowhere");
	ask("COPY w FROM STDIN");
	says("57014;", "one that nobody asked for is refused");
	ask("SELECT 1");
	says("1 ok;", "and all goes on");
	end();
}

/* Notifications. */

static struct postgres_listener listener;

static void on_notify(struct postgres_listener *l, const struct pgwire_notify *n)
{
	(void)l;
	note("%.*s:%.*s;", (int)n->channel.n, (const char *)n->channel.p, (int)n->payload.n,
	     (const char *)n->payload.p);
}

static void on_listening(struct postgres_listener *l)
{
	note("listening %u;", (unsigned)l->count);
}

static void listens(void)
{
	begin();
	listener = (struct postgres_listener){.notify = on_notify, .listening = on_listening};
	postgres_listener_open(&listener, &loop, &config, 50);
	is_int(postgres_listen(&listener, SPAN("Jobs \"x\"")), 0, "a strange name");
	says("listening 1;", "is listened to");
	postgres_listen(&listener, SPAN("b"));
	says("listening 2;", "and another");
	sql("NOTIFY \"Jobs \"\"x\"\"\", 'one'; NOTIFY b; NOTIFY c, 'no'");
	says("Jobs \"x\":one;b:;", "both come, and no other");
	uint64_t before = listener.p.requests;
	WAIT(listener.p.requests > before + 1);
	is_str(notes, "", "signs of life are silent");
	free(store_psql_as(store, "postgres", store_password(store),
			   "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
			   "WHERE application_name = 'tester'"));
	says("listening 2;", "listened to again after a loss");
	sql("NOTIFY b, 'again'");
	says("b:again;", "and heard");
	postgres_unlisten(&listener, SPAN("b"));
	says("listening 1;", "one less");
	sql("NOTIFY b, 'unheard'; NOTIFY \"Jobs \"\"x\"\"\", 'two'");
	says("Jobs \"x\":two;", "is not heard any more");
	postgres_listener_close(&listener);
	one_turn();
	net_loop_close(&loop);
}

/* Transactions: two that read and write the same rows. */

struct work {
	struct postgres_transaction t;
	struct postgres p;
	struct postgres_request q;
	unsigned begins;
	bool over, fails;
	int rc;
};
static struct work works[2];

static void work_wrote(struct postgres_request *q, int rc)
{
	struct work *w = (struct work *)((char *)q - offsetof(struct work, q));
	if (rc == 0 && w->fails)
		postgres_transaction_end(&w->t, -1, NULL);
	else
		postgres_transaction_end(&w->t, rc, q);
}

static void work_read(struct postgres_request *q, int rc)
{
	struct work *w = (struct work *)((char *)q - offsetof(struct work, q));
	w->q = (struct postgres_request){.done = work_wrote};
	if (rc == 0)
		rc = postgres_transaction_query(&w->t, &w->q, SPAN("UPDATE acc SET n = n + 1"),
						NULL, 0);
	if (rc < 0)
		postgres_transaction_end(&w->t, rc, q);
}

static void work_begin(struct postgres_transaction *t)
{
	struct work *w = (struct work *)t;
	w->begins++;
	w->q = (struct postgres_request){.done = work_read};
	int rc = postgres_transaction_query(t, &w->q, SPAN("SELECT n FROM acc"), NULL, 0);
	if (rc < 0)
		postgres_transaction_end(t, rc, NULL);
}

static void work_done(struct postgres_transaction *t, int rc)
{
	struct work *w = (struct work *)t;
	w->over = true;
	w->rc = rc;
}

static void work_start(struct work *w)
{
	w->over = false;
	w->begins = 0;
	w->t = (struct postgres_transaction){.begin = work_begin,
					     .done = work_done,
					     .how = SPAN("ISOLATION LEVEL SERIALIZABLE")};
	check(postgres_transaction_start(&w->t, &w->p, 8000) == 0, "started");
}

static bool acc_is(const char *want, const char *name)
{
	char *is = store_psql(store, "SELECT n FROM acc");
	bool held_ = is_str(is, want, "%s", name);
	free(is);
	return held_;
}

static void transacts(void)
{
	sql("CREATE TABLE acc (n INT); INSERT INTO acc VALUES (0)");
	begin();
	for (int i = 0; i < 2; i++)
		postgres_start(&works[i].p, &loop, &config, &events);
	WAIT(works[0].p.ready && works[1].p.ready);
	unsigned begins = 0;
	for (int i = 0; i < 20; i++) {
		work_start(&works[0]);
		work_start(&works[1]);
		WAIT(works[0].over && works[1].over);
		check(works[0].rc == 0 && works[1].rc == 0, "both committed: %d %d", works[0].rc,
		      works[1].rc);
		begins += works[0].begins + works[1].begins;
	}
	acc_is("40", "none is lost");
	ok(begins > 40, "%u begins for 40 transactions", begins);
	works[0].fails = true;
	work_start(&works[0]);
	WAIT(works[0].over);
	is_int(works[0].rc, -1, "given up by its caller");
	is_int(postgres_status(&works[0].p), 'I', "rolled back");
	works[0].fails = false;
	sql("ALTER TABLE acc ADD CHECK (n < 41)");
	work_start(&works[0]);
	WAIT(works[0].over);
	is_int(works[0].rc, POSTGRES_EFAILED, "a step that fails");
	is_str(works[0].t.sqlstate, "23514", "with its error");
	acc_is("40", "nothing is stored");
	for (int i = 0; i < 2; i++)
		postgres_stop(&works[i].p);
	one_turn();
	net_loop_close(&loop);
}

/* Two servers, of which one only reads. */

static void chooses(void)
{
	static const struct {
		const char *name;
		enum postgres_kind wanted;
		const char *reads;
	} rows[] = {
		{"any", POSTGRES_ANY, "on"},
		{"read-write", POSTGRES_READ_WRITE, "off"},
		{"read-only", POSTGRES_READ_ONLY, "on"},
		{"primary", POSTGRES_PRIMARY, "on"},
		{"prefer-standby", POSTGRES_PREFER_STANDBY, "on"},
	};
	static struct postgres_attrs attrs;
	struct store *other = store_postgres(NULL);
	free(store_psql_as(other, "postgres", store_password(other),
			   "ALTER ROLE app SET default_transaction_read_only = on"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char want[64];
		struct link_host hosts[2];
		begin();
		config.setups = config.statement_count = 0;
		hosts[0] = (struct link_host){store_host(other), (uint16_t)store_port(other)};
		hosts[1] = peer_host;
		config.link.hosts = hosts;
		config.link.host_count = 2;
		config.login.password = span_str(store_password(other));
		start();
		postgres_attrs_open(&attrs, &client, rows[i].wanted);
		WAIT(noted_has("ready;"));
		notes_forget();
		ask("SHOW transaction_read_only");
		snprintf(want, sizeof want, "%s ok;", rows[i].reads);
		says(want, rows[i].name);
		end();
	}
	begin();
	config.setups = config.statement_count = 0;
	start();
	postgres_attrs_open(&attrs, &client, POSTGRES_STANDBY);
	WAIT(noted_has("not a standby"));
	ok(!client.ready, "no standby, no connection");
	end();

	begin();
	config.statement_count = 0;
	start();
	postgres_attrs_open(&attrs, &client, POSTGRES_READ_WRITE);
	says("ready;", "a server that writes");
	ask("SET default_transaction_read_only = on");
	ask("BEGIN");
	ask("CREATE TABLE no (n INT)");
	ask("ROLLBACK");
	WAIT(noted_has("ready;"));
	noted_is("ok;ok;25006;ok;down(the server only reads);ready;", "left when it only reads");
	ask("BEGIN READ ONLY");
	ask("CREATE TABLE no (n INT)");
	ask("ROLLBACK");
	ask("SELECT 1");
	says("ok;25006;ok;1 ok;", "not for a transaction that only reads");
	run_for(50);
	is_str(notes, "", "it stays");
	end();
}

int main(void)
{
	store = store_postgres(NULL);
	asks_anything();
	fetches();
	caches();
	cancels();
	copies();
	listens();
	transacts();
	chooses();
	return done();
}
