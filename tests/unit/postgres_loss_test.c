/* The PostgreSQL client when things go wrong: losses, nonsense, and renewal. */
#include "unit/postgres_client.h"

#define EOF_WHY "down(peer closed the connection);"

static void loses(void)
{
	static const struct {
		const char *name, *says, *want;
		bool reset;
	} rows[] = {
		{"nothing said", "", "a=lost;b=lost;" EOF_WHY, false},
		{"one answer", ROW, "a 7;a=ok;b=lost;" EOF_WHY, false},
		{"rows without their end", "2DD", "a 7;a 7;a=lost;b=lost;" EOF_WHY, false},
		{"complete, but not stored yet", "2DC", "a 7;a=lost;b=lost;" EOF_WHY, false},
		{"an error, but not its end", "2E", "a=lost;b=lost;" EOF_WHY, false},
		{"both", ROW ROW, "a 7;a=ok;b 7;b=ok;" EOF_WHY, false},
		{"a reset", "", "a=lost;b=lost;down(connection reset by peer);", true},
		{"FATAL in the middle", "2DF", "a 7;a=lost;b=lost;down(57P01 shutting down);",
		 false},
		{"an answer out of order", ROW "2" ROW "F",
		 "a 7;a=ok;b=broken;down(a message that may not come now);", false},
		{"FATAL at the end", ROW ROW "F", "a 7;a=ok;b 7;b=ok;down(57P01 shutting down);",
		 false},
		{"garbage", "?",
		 "a=broken;b=broken;down(a message type the protocol does not have);", false},
		{"an answer too many", ROW ROW ROW,
		 "a 7;a=ok;b 7;b=ok;down(a message that may not come now);", false},
		{"a row of another width", "2TDCZ",
		 "a=broken;b=broken;down(a message that may not come now);", false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin_ready();
		ask('a');
		ask('b');
		hear_runs(2);
		pg_say(rows[i].says);
		if (rows[i].reset)
			peer_reset(&peer);
		else
			peer_hang_up(&peer);
		UNTIL(noted_has("down"));
		noted_is(rows[i].want, rows[i].name);
		ask('d');
		noted_is("d-down;", "while it is down nothing is sent");
		is_well_again(rows[i].name);
	}
}

static void loses_while_idle(void)
{
	begin_ready();
	pg_say("F");
	UNTIL(noted_has("down"));
	noted_is("down(57P01 shutting down);", "FATAL while idle");
	is_well_again("idle");
}

/* What is sent between the loss and its being told was not sent. */

static struct net_task between;

static void ask_when_closing(struct net_task *t)
{
	if (client.link.conn.closing)
		ask('x');
	else
		net_task_put(&loop, t, ask_when_closing);
}

static void sends_while_closing(void)
{
	begin_ready();
	ask('a');
	hear_runs(1);
	peer_hang_up(&peer);
	net_task_put(&loop, &between, ask_when_closing);
	UNTIL(noted_has("down("));
	noted_is("x-down;a=lost;" EOF_WHY, "between loss and word of it");
	is_well_again("closing");
}

static void ask_again(void)
{
	ask_then('x', 5000, ask_again);
}

static void sends_from_done(void)
{
	begin_ready();
	at_down = ask_again;
	ask_then('a', 5000, ask_again);
	ask_then('b', 5000, ask_again);
	hear_runs(2);
	peer_hang_up(&peer);
	UNTIL(noted_has("down("));
	noted_is("a=lost;x-down;b=lost;x-down;" EOF_WHY "x-down;",
		 "asked from within done and down");
	at_down = NULL;
	is_well_again("done");
}

/* Renewal. */

static void renew(void)
{
	postgres_renew(&client, "schema lost");
}

static void renews(void)
{
	begin_ready();
	ask_then('a', 5000, renew);
	ask_then('b', 5000, renew);
	hear_runs(2);
	pg_say("2EZ2EZ");
	UNTIL(noted_has("down"));
	noted_is("a=failed 42P01 no such table;b=lost;down(schema lost);", "renewed once");
	log_in();
	noted_is("ready;", "made anew");
	at_row = renew;
	ask('a');
	hear_runs(1);
	pg_say("2DD");
	UNTIL(noted_has("down"));
	noted_is("a 7;a=lost;down(schema lost);", "from within a row");
	at_row = NULL;
	at_ready = renew;
	log_in();
	UNTIL(noted_has("down"));
	noted_is("ready;down(schema lost);", "from within ready");
	at_ready = NULL;
	is_well_again("renewed");
}

/* Without a connection there is nothing to give up: the next one makes everything anew anyway. */
static void renews_what_is_not_there(void)
{
	begin();
	start();
	renew();
	peer_take(&peer);
	renew();
	peer_hang_up(&peer);
	UNTIL(noted > 0);
	noted_is(EOF_WHY, "the reason is not the renewal");
	UNTIL(client.link.state == LINK_DIALLING);
	renew();
	is_str(notes, "", "nor is a dial under way given up");
	is_well_again("not there");
}

/* A loss while PBKDF2 is under way, which takes two turns. */
static void loses_while_working(void)
{
	begin();
	config.login.password = SPAN("secret");
	start();
	challenge(1000);
	peer_hang_up(&peer);
	UNTIL(noted > 0);
	noted_is(EOF_WHY, "lost while the password is stretched");
	ok(!client.work.waiting, "nobody works any more");
	is_well_again("working");
}

/* Each loss has its own reason. */
static void tells_each_reason(void)
{
	begin_ready();
	pg_say("?");
	UNTIL(noted > 0);
	noted_is("down(a message type the protocol does not have);", "garbage");
	peer_take(&peer);
	UNTIL(pg_has(true, 1));
	peer_hang_up(&peer);
	UNTIL(noted > 0);
	noted_is(EOF_WHY, "then an end");
	is_well_again("reasons");
}

int main(void)
{
	unsigned before = descriptors();
	loses();
	loses_while_idle();
	sends_while_closing();
	sends_from_done();
	renews();
	renews_what_is_not_there();
	loses_while_working();
	tells_each_reason();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
