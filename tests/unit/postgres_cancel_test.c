/* Deadlines that end a query and not the connection. */
#include "unit/postgres_client.h"

#include "drivers/postgres_cancel.h"

static struct postgres_canceller canceller;
static int second = -1; /* the connection of the cancel request */

static void begin_cancelling(uint32_t grace_ms)
{
	begin();
	start();
	postgres_cancel_open(&canceller, &client, grace_ms);
	log_in();
	notes_forget();
}

static bool cancel_comes(void)
{
	if (second < 0)
		second = accept4(peer.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	return second >= 0;
}

/* The whole cancel request, as the protocol has it. */
static void hear_cancel(const char *name)
{
	static const uint8_t want[] = "\0\0\0\20\4\322\26\56pid.key.";
	uint8_t got[64];
	ssize_t n = 0;
	UNTIL(cancel_comes());
	UNTIL(n > 0 || (n = recv(second, got, sizeof got, 0)) > 0);
	ok(n == 16 && memcmp(got, want, 16) == 0, "%s: a cancel request with the key", name);
}

static void close_cancel(void)
{
	close(second);
	second = -1;
	UNTIL(!canceller.open);
}

static bool is_quiet(void)
{
	run_for(100);
	return second < 0 && !cancel_comes();
}

static void cancels_what_runs(void)
{
	begin_cancelling(5000);
	ask_then('a', 40, NULL);
	ask_then('b', 9000, NULL);
	hear_runs(2);
	hear_cancel("late");
	noted_is("", "and the server has its grace");
	pg_say("XZ");
	UNTIL(noted_has("a="));
	noted_is("a=failed 57014 cancelled;", "the server says it was cancelled");
	close_cancel();
	pg_say(ROW);
	UNTIL(noted_has("b="));
	noted_is("b 7;b=ok;", "the others go on");
	is_int((long)canceller.cancels, 1, "one cancel request");

	ask_then('c', 40, NULL);
	hear_runs(1);
	hear_cancel("again");
	pg_say(ROW);
	UNTIL(noted_has("c="));
	noted_is("c 7;c=ok;", "an answer that crossed is as good");
	ask('d');
	hear_runs(1);
	pg_say(ROW);
	UNTIL(noted_has("d="));
	noted_is("d 7;d=ok;", "and while the canceller is still there the next one is served");
	close_cancel();
	ok(is_quiet(), "no other cancel request");
	postgres_cancel_close(&canceller);
	end_calmly("cancelled");
}

static void gives_up_what_waits(void)
{
	begin_cancelling(5000);
	ask_then('a', 9000, NULL);
	ask_then('b', 40, NULL);
	ask_then('c', 9000, NULL);
	hear_runs(3);
	UNTIL(noted > 0);
	noted_is("b=late;", "late while it waits behind another");
	ok(is_quiet(), "what runs is not cancelled for it");
	pg_say(ROW);
	hear_cancel("its turn");
	pg_say(ROW ROW);
	UNTIL(noted_has("c="));
	noted_is("a 7;a=ok;c 7;c=ok;", "its answer is nobody's");
	close_cancel();
	postgres_cancel_close(&canceller);
	end_calmly("given up");
}

static void server_says_nothing(void)
{
	begin_cancelling(60);
	ask_then('a', 40, NULL);
	ask_then('b', 9000, NULL);
	hear_runs(2);
	hear_cancel("silence");
	UNTIL(noted_has("down"));
	noted_is("a=late;b=late;down(no answer before the deadline);", "then it is given up");
	close_cancel();
	is_well_again("silence");

	begin_cancelling(60);
	ask_then('a', 40, NULL);
	ask_then('b', 60, NULL);
	hear_runs(2);
	UNTIL(noted_has("down"));
	noted_is("b=late;a=late;down(no answer before the deadline);", "who waits is told first");
	UNTIL(cancel_comes());
	close_cancel();
	is_well_again("silence for two");
}

/* Two in a row, the second while the first one's connection still stands. */
static void cancels_two(void)
{
	begin_cancelling(5000);
	ask_then('a', 40, NULL);
	ask_then('b', 40, NULL);
	ask_then('c', 9000, NULL);
	hear_runs(3);
	hear_cancel("first");
	pg_say("XZ");
	UNTIL(noted_has("a="));
	run_for(60);
	noted_is("b=late;a=failed 57014 cancelled;", "one is late, one cancelled");
	close_cancel();
	hear_cancel("second");
	pg_say("XZ");
	pg_say(ROW);
	UNTIL(noted_has("c="));
	noted_is("c 7;c=ok;", "the third is unharmed");
	close_cancel();
	postgres_cancel_close(&canceller);
	end_calmly("two");
}

static void cancels_by_hand(void)
{
	begin_cancelling(5000);
	struct ask *a = ask('a');
	struct ask *b = ask('b');
	hear_runs(2);
	postgres_cancel(&b->q);
	UNTIL(noted > 0);
	noted_is("b=late;", "one that waits");
	postgres_cancel(&a->q);
	hear_cancel("by hand");
	pg_say("XZ");
	UNTIL(noted_has("a="));
	noted_is("a=failed 57014 cancelled;", "one that runs");
	close_cancel();
	hear_cancel("and the other when it runs");
	pg_say(ROW);
	close_cancel();
	ask('c');
	hear_runs(1);
	pg_say(ROW);
	UNTIL(noted_has("c="));
	noted_is("c 7;c=ok;", "then all is well");
	postgres_cancel_close(&canceller);
	end_calmly("by hand");

	begin_ready();
	a = ask('a');
	hear_runs(1);
	postgres_cancel(&a->q);
	UNTIL(noted_has("down"));
	noted_is("a=late;down(no answer before the deadline);",
		 "without a canceller it costs the connection");
	is_well_again("without a canceller");
}

/* A server that gave no key, and one that takes no more connections. */
static void cannot_cancel(void)
{
	begin();
	start();
	postgres_cancel_open(&canceller, &client, 5000);
	peer_take(&peer);
	UNTIL(pg_has(true, 1));
	peer_forget(&peer);
	pg_say("RZ");
	UNTIL(pg_has(false, strlen(BOOT)));
	peer_forget(&peer);
	pg_say(PREPARED);
	UNTIL(noted_has("ready"));
	notes_forget();
	ask_then('a', 40, NULL);
	hear_runs(1);
	UNTIL(noted_has("down"));
	noted_is("a=late;down(no answer before the deadline);", "no key, no cancel");
	is_well_again("no key");

	begin_cancelling(5000);
	ask_then('a', 40, NULL);
	hear_runs(1);
	hear_cancel("refused");
	setsockopt(second, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
	close_cancel();
	pg_say("XZ");
	UNTIL(noted_has("a="));
	noted_is("a=failed 57014 cancelled;", "a reset is an end too");
	postgres_cancel_close(&canceller);
	end_calmly("reset");
}

static void stop_it(void)
{
	postgres_cancel_close(&canceller);
	postgres_stop(&client);
	note("stop;");
}

static void stops(void)
{
	begin_cancelling(5000);
	struct ask *a = ask_then('a', 9000, NULL);
	ask_then('b', 40, stop_it);
	hear_runs(2);
	UNTIL(noted_has("stop"));
	noted_is("b=late;stop;", "stopped from within the one that was given up");
	end_calmly("given up and stopped");
	free(a);

	begin_cancelling(5000);
	a = ask_then('a', 40, NULL);
	hear_runs(1);
	hear_cancel("stopped");
	stop_it();
	notes_forget();
	one_turn();
	ok(!canceller.open, "the canceller has closed");
	close(second);
	second = -1;
	end_calmly("stopped while cancelling");
	free(a);
}

int main(void)
{
	unsigned before = descriptors();
	cancels_what_runs();
	gives_up_what_waits();
	server_says_nothing();
	cancels_two();
	cancels_by_hand();
	cannot_cancel();
	stops();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
