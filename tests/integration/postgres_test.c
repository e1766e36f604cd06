/* The PostgreSQL client against a real server: what it is for. */
#include "integration/postgres_real.h"

/* As the role of the client, from beside it. */
static void sql(const char *text)
{
	free(store_psql(store, text));
}

static void logs_in(void)
{
	begin();
	start();
	says("ready;", "by SCRAM, table made, statements prepared");
	ok(keys.set, "the keys are kept");
	end();

	/* Proof that they are used: false ones do not let us in. */
	begin();
	keys.client[0] ^= 1;
	start();
	says("down(28P01 password authentication failed for user \"app\");",
	     "keys that were changed meanwhile");
	keys.client[0] ^= 1;
	says("ready;", "and the right ones: no PBKDF2 again");
	end();

	begin();
	config.login.password = SPAN("wr0ng!");
	start();
	WAIT(noted > 0);
	noted_is("down(28P01 password authentication failed for user \"app\");",
		 "a wrong password");
	end();

	begin();
	config.login.database = SPAN("nowhere");
	start();
	WAIT(noted > 0);
	noted_is("down(3D000 database \"nowhere\" does not exist);", "a wrong database");
	end();
}

static void prepares(void)
{
	static const struct span wrong[] = {SPAN("CREATE TABLE t (n INT)"), SPAN("NONSENSE")};
	static const struct postgres_statement get = {SPAN("get"), SPAN("SELECT a FROM later"), 1};
	static const struct postgres_statement *const both[] = {&count, &get};
	begin();
	config.setup = wrong;
	config.setups = 2;
	start();
	says("ready;", "a setup that fails is not the end");
	end();

	begin();
	config.statements = both;
	config.statement_count = 2;
	start();
	WAIT(noted_has(");down("));
	ok(strncmp(notes, "down(42P01 relation \"later\" does not exist);", 44) == 0,
	   "a statement that can't be prepared is: %s", notes);
	notes_forget();
	sql("CREATE TABLE later AS SELECT 7 AS a");
	WAIT(noted_has("ready;"));
	notes_forget();
	send_one(&get, NULL, 4000);
	says("7 ok;", "once it can, all is well");
	end();
}

static void pipelines(void)
{
	begin_ready();
	send_one(&insert, "1", 4000);
	send_one(&insert, "2", 4000);
	send_one(&insert, "1", 4000);
	send_one(&list, NULL, 4000);
	send_one(&insert, "pear", 4000);
	send_one(&insert, "3", 4000);
	send_one(&count, NULL, 4000);
	says("ok;ok;23505;1 2 ok;22P02;ok;3 ok;", "errors in the middle hurt nobody else");
	is_str(requests[(used - 3) % 16].message, "invalid input syntax for type integer: \"pear\"",
	       "the server's words");
	is_int((long long)client.errors, 2, "counted");
	end();
}

static void is_thrown_out(void)
{
	static const char terminate[] = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
					" WHERE application_name = 'tester'";
	static const char why[] =
		"down(57P01 terminating connection due to administrator command);ready;";
	begin_ready();
	sql(terminate);
	says(why, "terminated while idle");
	send_one(&nap, "30", 60000);
	run_for(50);
	sql(terminate);
	WAIT(noted_has("ready;"));
	ok(strncmp(notes, "lost;", 5) == 0 && strcmp(notes + 5, why) == 0,
	   "terminated while it works: %s", notes);
	end();
}

/* The schema goes away under us: the owner of the request notices and asks for a new start. */

static void renew_done(struct postgres_request *q, int rc)
{
	note_done(q, rc);
	if (rc == POSTGRES_EFAILED)
		postgres_renew(&client, q->message);
}

static void loses_its_table(void)
{
	begin_ready();
	sql("DROP TABLE t");
	struct postgres_request q = {.done = renew_done};
	postgres_send(&client, &q, 4000, &insert, &(struct pgwire_param){.value = SPAN("1")}, 1);
	says("42P01;down(relation \"t\" does not exist);ready;", "renewed");
	send_one(&insert, "1", 4000);
	send_one(&list, NULL, 4000);
	says("ok;1 ok;", "with a new table");
	sql("DROP TABLE t");
	end();
}

/* A large answer flows through. */

static unsigned rows, most;
static uint64_t sum;

static void many_row(struct postgres_request *q, const struct pgwire_row *row)
{
	struct pgwire_row r = *row;
	struct pgwire_value v;
	uint64_t n = 0;
	(void)q;
	check(pgwire_row_next(&r, &v) && dec_u64(v.bytes, &n), "a number");
	check(pgwire_row_next(&r, &v) && v.bytes.n == 100, "and a text");
	sum += n;
	rows++;
	if (client.link.conn.in.cap > most)
		most = client.link.conn.in.cap;
}

static void carries_many_rows(void)
{
	struct postgres_request q = {.row = many_row, .done = note_done};
	begin_ready();
	postgres_send(&client, &q, 60000, &many, NULL, 0);
	send_one(&count, NULL, 60000);
	says("ok;0 ok;", "a large answer, and a small one behind it");
	is_int(rows, 100000, "all rows");
	ok(sum == UINT64_C(5000050000), "each of them");
	ok(most <= NET_BLOCK, "with %u bytes of memory", most);
	end();
}

int main(void)
{
	store = store_postgres(NULL);
	logs_in();
	prepares();
	pipelines();
	is_thrown_out();
	loses_its_table();
	carries_many_rows();
	return done();
}
