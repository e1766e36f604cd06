/*
 * The PostgreSQL client: logging in, preparing, asking and being answered. Losses are in
 * postgres_loss_test.c, real servers in tests/integration.
 */
#include "unit/postgres_client.h"

static void logs_in(void)
{
	begin();
	config.setup = setup;
	config.setups = 1;
	config.statement_count = 2;
	start();
	ask('a');
	noted_is("a-down;", "nothing can be sent before");
	peer_take(&peer);
	pg_heard(true, "^", "a startup message");
	pg_say(WELCOME);
	peer_hear_once(&peer);
	is_str(pg_got(false), "QPDSPDS", "the setup and the statements in one piece");
	ask('a');
	noted_is("a-down;", "not ready yet");
	pg_say("CZ" PREPARED "1tnZ");
	UNTIL(noted > 0);
	noted_is("ready;", "all of them answered");
	end_calmly("logged in");
}

static void setup_fails(void)
{
	begin();
	config.setup = setup;
	config.setups = 1;
	start();
	let_in();
	pg_say("EZ" PREPARED);
	UNTIL(noted > 0);
	noted_is("ready;", "a setup that fails is not the end");
	end_calmly("setup");
}

static void preparing_fails(void)
{
	begin();
	config.statement_count = 2;
	start();
	for (unsigned i = 0; i < 3; i++) {
		let_in();
		pg_say(i == 0 ? "EZ1tnZ" : PREPARED "EZ");
		UNTIL(noted > 0);
		noted_is("down(42P01 no such table);", "a statement that can't be prepared is");
	}
	is_int(client.link.backoff, 400, "and the attempts get rare");
	let_in();
	pg_say(PREPARED "1tnZ");
	UNTIL(noted > 0);
	noted_is("ready;", "until it works");
	end_calmly("prepare");
}

/* A client only for setup queries, or to see whether the server is there. */
static void nothing_to_prepare(void)
{
	begin();
	config.statement_count = 0;
	start();
	let_in();
	UNTIL(noted > 0);
	noted_is("ready;", "nothing to prepare");
	end_calmly("nothing");

	begin();
	config.statement_count = 0;
	config.setup = setup;
	config.setups = 1;
	start();
	let_in();
	pg_say("CZ");
	UNTIL(noted > 0);
	noted_is("ready;", "only a setup");
	end_calmly("only a setup");
}

/* The statements are too long for the output bound, until that is raised. */
static void no_room_to_prepare(void)
{
	static uint8_t sql[4000];
	static const struct postgres_statement large = {SPAN("large"), {sql, sizeof sql}, 1};
	static const struct postgres_statement *const both[] = {&number, &large};
	memset(sql, ' ', sizeof sql);
	begin();
	config.statements = both;
	config.statement_count = 2;
	config.link.out_max = 4000;
	start();
	let_in();
	UNTIL(noted > 0);
	noted_is("down(no room for the statements);", "no room");
	config.link.out_max = 65536;
	let_in();
	pg_say(PREPARED PREPARED);
	UNTIL(noted > 0);
	noted_is("ready;", "room");
	end_calmly("room");
}

static void is_refused(void)
{
	static const struct {
		const char *name, *says, *why;
		unsigned flags;
	} rows[] = {
		{"a server that lets everybody in", WELCOME,
		 "an authentication method that is unknown or not allowed", 0},
		{"the server's words", "F", "57P01 shutting down", PGWIRE_ALLOW_TRUST},
		{"an error behind the login", "RSF", "57P01 shutting down", PGWIRE_ALLOW_TRUST},
		{"not PostgreSQL", "?", "a message type the protocol does not have",
		 PGWIRE_ALLOW_TRUST},
		{"rows before the login", "D", "a message that may not come now",
		 PGWIRE_ALLOW_TRUST},
		{"FATAL while preparing", WELCOME "F", "57P01 shutting down", PGWIRE_ALLOW_TRUST},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char want[200];
		begin();
		config.login.flags = rows[i].flags;
		start();
		peer_take(&peer);
		UNTIL(pg_has(true, 1));
		pg_say(rows[i].says);
		UNTIL(noted > 0);
		snprintf(want, sizeof want, "down(%s);", rows[i].why);
		noted_is(want, rows[i].name);
		peer_take(&peer);
		end_calmly(rows[i].name);
	}

	begin();
	config.login.user = SPAN("a\0b");
	start();
	UNTIL(noted > 0);
	noted_is("down(a NUL inside a text);", "a login that can't be said");
	end_calmly("NUL");

	begin();
	config.link.out_max = 100;
	start();
	UNTIL(noted > 0);
	noted_is("down(no room for the output);", "a login longer than the output bound");
	end_calmly("no room");
}

static void note_sqlstate(struct postgres_request *q, int rc)
{
	note("<%s %s%s", q->sqlstate, q->message, rc == 0 ? ">" : "");
}

static void asks_together(void)
{
	begin_ready();
	ask('a');
	ask('b');
	ask('c');
	peer_hear_once(&peer);
	is_str(pg_got(false), "BESBESBES", "requests of one turn in one piece");
	peer_forget(&peer);
	pg_say("2DDCZ"
	       "2EZ"
	       "2CZ");
	UNTIL(noted_has("c="));
	noted_is("a 7;a 7;a=ok;b=failed 42P01 no such table;c=ok;", "an error hurts nobody else");
	is_int((long long)client.errors, 1, "it is counted");
	ask('d');
	hear_runs(1);
	static const char row[] = "2\0\0\0\4D\0\0\0\12\0\1\377\377\377\377C\0\0\0\15SELECT 1\0"
				  "Z\0\0\0\5I";
	for (size_t i = 0; i < sizeof row - 1; i++) {
		peer_says(&peer, span_of(row + i, 1));
		one_turn();
	}
	UNTIL(noted_has("d="));
	noted_is("d NULL;d=ok;", "byte by byte");
	struct postgres_request *q = &ask('e')->q;
	q->row = NULL;
	hear_runs(1);
	pg_say("N" ROW "N");
	UNTIL(noted_has("e="));
	noted_is("e=ok;", "rows that nobody wants, and notices");
	struct postgres_request again = {.done = note_sqlstate};
	postgres_send(&client, &again, 5000, &number, NULL, 0);
	hear_runs(1);
	pg_say("2EZ");
	UNTIL(noted > 0);
	postgres_send(&client, &again, 5000, &number, NULL, 0);
	hear_runs(1);
	pg_say(ROW);
	UNTIL(noted_has(">"));
	noted_is("<42P01 no such table< >", "an old error is not told again");
	end_calmly("together");
}

static void ask_more(void)
{
	at_row = NULL;
	ask('m');
	ask('n');
}

static void asks_from_callbacks(void)
{
	begin();
	at_ready = ask_more;
	start();
	log_in();
	hear_runs(2);
	pg_say(ROW ROW);
	UNTIL(noted_has("n="));
	noted_is("ready;m 7;m=ok;n 7;n=ok;", "asked from within ready");

	ask_then('a', 5000, ask_more);
	ask('b');
	hear_runs(2);
	pg_say(ROW ROW);
	peer_hear_once(&peer);
	is_str(pg_got(false), "BESBES", "asked from within done");
	peer_forget(&peer);
	pg_say(ROW ROW);
	UNTIL(noted_has("n="));
	noted_is("a 7;a=ok;b 7;b=ok;m 7;m=ok;n 7;n=ok;", "each got its own");

	at_row = ask_more;
	ask('a');
	hear_runs(1);
	pg_say(ROW);
	hear_runs(2);
	pg_say(ROW ROW);
	UNTIL(noted_has("n="));
	noted_is("a 7;a=ok;m 7;m=ok;n 7;n=ok;", "asked from within a row");
	end_calmly("callbacks");
}

static unsigned answers;

static void count_done(struct postgres_request *q, int rc)
{
	(void)q;
	answers += rc == 0 ? 1 : 1000000;
}

static void is_full(void)
{
	static struct postgres_request q[POSTGRES_IN_FLIGHT + 1];
	int rc = 0;
	begin_ready();
	answers = 0;
	for (size_t i = 0; i < POSTGRES_IN_FLIGHT; i++) {
		q[i].done = count_done;
		rc |= postgres_send(&client, &q[i], 5000, &number, NULL, 0);
	}
	is_int(rc, 0, "%d in flight", POSTGRES_IN_FLIGHT);
	q[POSTGRES_IN_FLIGHT].done = count_done;
	is_int(postgres_send(&client, &q[POSTGRES_IN_FLIGHT], 5000, &number, NULL, 0),
	       POSTGRES_EFULL, "and not one more");
	UNTIL(pg_has(false, 3 * POSTGRES_IN_FLIGHT));
	peer_forget(&peer);
	for (size_t i = 0; i < POSTGRES_IN_FLIGHT; i++)
		pg_say(ROW);
	UNTIL(answers >= POSTGRES_IN_FLIGHT);
	is_int(answers, POSTGRES_IN_FLIGHT, "the rest is unharmed");
	is_int(postgres_send(&client, &q[0], 5000, &number, NULL, 0), 0, "then there is room");
	hear_runs(1);
	pg_say(ROW);
	UNTIL(answers == POSTGRES_IN_FLIGHT + 1);
	end_calmly("full");
}

static void is_full_of_bytes(void)
{
	static uint8_t big[40000];
	const struct pgwire_param param = {.value = {big, sizeof big}};
	struct postgres_request a = {.done = count_done}, b = a, c = a;
	begin();
	config.link.out_max = 65536;
	start();
	log_in();
	answers = 0;
	is_int(postgres_send(&client, &a, 5000, &number, &param, 1), 0, "many bytes");
	is_int(postgres_send(&client, &b, 5000, &number, &param, 1), POSTGRES_EFULL,
	       "more than may wait");
	is_int(postgres_send(&client, &c, 5000, &number, NULL, 0), 0, "few are still taken");
	UNTIL(pg_has(false, 6));
	is_str(pg_got(false), "BESBES", "whole requests only");
	pg_say(ROW ROW);
	UNTIL(answers == 2);
	ok(answers == 2, "each answered");
	end_calmly("full of bytes");
}

int main(void)
{
	unsigned before = descriptors();
	logs_in();
	setup_fails();
	preparing_fails();
	nothing_to_prepare();
	no_room_to_prepare();
	is_refused();
	asks_together();
	asks_from_callbacks();
	is_full();
	is_full_of_bytes();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
