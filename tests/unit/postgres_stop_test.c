/* The end of a PostgreSQL client, in each phase and from within each callback. */
#include "unit/postgres_client.h"

static void stop(void)
{
	postgres_stop(&client);
	note("stop;");
}

static void stops_before_it_is_up(void)
{
	begin();
	start();
	end_calmly("not begun");

	begin();
	start();
	UNTIL(client.link.state == LINK_DIALLING);
	end_calmly("dialling");

	begin();
	start();
	peer_take(&peer);
	end_calmly("logging in");

	begin();
	config.login.password = SPAN("secret");
	start();
	challenge(100000);
	UNTIL(client.work.waiting);
	end_calmly("stretching the password");

	begin();
	start();
	let_in();
	UNTIL(pg_has(false, strlen(BOOT)));
	postgres_stop(&client);
	pg_say(PREPARED);
	end_calmly("preparing");

	begin();
	start();
	peer_take(&peer);
	peer_hang_up(&peer);
	UNTIL(noted > 0);
	end_calmly("waiting for the next attempt");
	postgres_stop(&client);
	ok(client.link.state == LINK_OFF, "stopped twice");
}

static void stops_asking(void)
{
	begin_ready();
	struct ask *a = ask('a');
	hear_runs(1);
	struct ask *b = ask('b');
	postgres_stop(&client);
	ask('d');
	pg_say(ROW);
	pg_heard(false, RUN, "what was written is sent before the end");
	UNTIL(peer_sees_end(&peer));
	noted_is("d-down;", "and no answer comes after it");
	run_for(80);
	ok(!peer_takes(&peer), "and nobody comes again");
	end_calmly("in flight");
	free(a);
	free(b);

	begin_ready();
	a = ask('a');
	hear_runs(1);
	postgres_renew(&client, "enough");
	end_calmly("closing");
	free(a);
}

static void stops_in_callbacks(void)
{
	begin();
	at_ready = stop;
	start();
	log_in();
	UNTIL(noted_has("stop"));
	run_for(20);
	noted_is("ready;stop;", "from within ready");
	end_calmly("in ready");
}

/* Two requests in flight; the stop is in what the first one calls. The second is never over. */
static void stops_in(const char *name, const char *says, void (*then)(void), const char *want)
{
	struct ask *a = ask_then('a', 5000, then), *b = ask('b');
	hear_runs(2);
	pg_say(says);
	peer_hang_up(&peer);
	UNTIL(noted_has("stop"));
	run_for(20);
	noted_is(want, name);
	end_calmly(name);
	if (then == NULL)
		free(a);
	free(b);
}

static void stops_in_requests(void)
{
	begin_ready();
	stops_in("in done", ROW ROW, stop, "a 7;a=ok;stop;");
	begin_ready();
	stops_in("in a failure", "2EZ2EZ", stop, "a=failed 42P01 no such table;stop;");
	begin_ready();
	stops_in("in a loss", "", stop, "a=lost;stop;");
	begin_ready();
	at_row = stop;
	stops_in("in a row", "2DDCZ", NULL, "a 7;stop;");

	begin_ready();
	at_down = stop;
	peer_hang_up(&peer);
	UNTIL(noted_has("stop"));
	run_for(80);
	noted_is("down(peer closed the connection);stop;", "from within down");
	ok(!peer_takes(&peer), "and nobody comes again");
	end_calmly("in down");
}

int main(void)
{
	unsigned before = descriptors();
	stops_before_it_is_up();
	stops_asking();
	stops_in_callbacks();
	stops_in_requests();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
