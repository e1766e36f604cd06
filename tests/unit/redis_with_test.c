/* Requests that wait for a connection, that are repeated, that block. */
#include "drivers/redis_with.h"

#include "unit/redis_client.h"

#define LOADING "-LOADING Redis is loading the dataset in memory\r\n"

static const struct redis_options patient = {.ms = 5000, .wait = true};
static const struct redis_options stubborn = {.ms = 5000, .repeat = true};
static const struct redis_options both = {.ms = 5000, .wait = true, .repeat = true};

static struct ask *ask_with(char name, const struct redis_options *o)
{
	struct ask *a = ask_new(name, NULL);
	return asked(a, redis_send_with(&client, &a->q, o, 1, (struct span[]){SPAN("PING")}));
}

static void begin_keeping(void)
{
	begin();
	config.waiting = 4096;
}

static void begin_keeping_ready(void)
{
	begin_keeping();
	start();
	log_in();
	notes_forget();
}

static uint32_t waiting(void)
{
	struct redis_counters c;
	redis_get_counters(&client, &c);
	return c.waiting;
}

static void waits(void)
{
	begin_keeping();
	start();
	ask_with('a', &stubborn);
	noted_is("a-down;", "who does not want to wait need not");
	ask_with('a', &patient);
	ask_with('b', &patient);
	ok(waiting() > 0, "kept: %u bytes", waiting());
	log_in();
	peer_heard(&peer, PING PING, "sent when there is a connection");
	is_int(waiting(), 0, "and kept no longer");
	peer_say(&peer, "+1\r\n+2\r\n");
	UNTIL(noted_has("b="));
	noted_is("ready;a=+1;b=+2;", "in order, each with its reply");
	ask_with('c', &patient);
	is_int(waiting(), 0, "with a connection nothing is kept");
	peer_heard(&peer, PING, "but sent at once");
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	noted_is("c!lost;down(peer closed the connection);", "what was sent is lost with it");
	end_calmly("waits");
}

static void waits_in_vain(void)
{
	begin_keeping();
	start();
	ask_with('a', &(struct redis_options){.ms = 60, .wait = true});
	ask_with('b', &(struct redis_options){.ms = 120, .wait = true, .repeat = true});
	peer_take(&peer);
	UNTIL(noted_has("b!"));
	noted_is("a!unsent;b!unsent;", "the deadline holds without a connection");
	struct redis_counters c;
	redis_get_counters(&client, &c);
	ok(c.late == 2 && c.unsent == 2 && c.waiting == 0, "and is counted");
	end_calmly("waits in vain");
}

static void keeps_so_much(void)
{
	static uint8_t big[8192];
	unsigned n = 0;
	begin_keeping();
	start();
	for (; n < 1000 && ask_with('a', &both) != NULL; n++)
		;
	ok(n > 5 && n < 50, "%u are kept", n);
	noted_is("a-full;", "and not one more");
	ok(waiting() <= config.waiting, "within the bound");
	struct ask *a = ask_new('b', NULL);
	asked(a, redis_send_with(&client, &a->q, &both, 2,
				 (struct span[]){SPAN("ECHO"), span_of(big, sizeof big)}));
	noted_is("b-full;", "one that is too long");
	a = ask_new('c', NULL);
	asked(a, redis_send_with(&client, &a->q, &patient, 2,
				 (struct span[]){SPAN("SUBSCRIBE"), SPAN("x")}));
	noted_is("c-full;", "one that has no reply");
	log_in();
	notes_forget();
	peer_hear(&peer, n * strlen(PING));
	for (unsigned i = 0; i < n; i++)
		peer_say(&peer, "+1\r\n");
	UNTIL(noted >= n * strlen("a=+1;"));
	is_int((long long)noted, n * (long long)strlen("a=+1;"), "all are sent and answered");
	end_calmly("keeps so much");
}

static void keeps_nothing(void)
{
	begin();
	start();
	ask_with('a', &patient);
	noted_is("a-full;", "when the configuration gives no room");
	end_calmly("keeps nothing");
}

static void repeats(void)
{
	begin_keeping_ready();
	ask_with('a', &stubborn);
	ask('b');
	ask_with('c', &stubborn);
	peer_heard(&peer, PING PING PING, "sent");
	peer_say(&peer, "+1\r\n");
	UNTIL(noted_has("a="));
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	noted_is("a=+1;b!lost;down(peer closed the connection);", "one was answered, one is lost");
	log_in();
	peer_heard(&peer, PING, "one is sent again");
	peer_say(&peer, "+3\r\n");
	UNTIL(noted_has("c="));
	noted_is("ready;c=+3;", "and answered");
	is_int(waiting(), 0, "nothing is kept");
	end_calmly("repeats");
}

static void repeats_after_answers(void)
{
	static const struct {
		const char *name, *says, *then;
	} rows[] = {
		{"LOADING", LOADING, "notice(LOADING Redis is loading the dataset in memory);"},
		{"TRYAGAIN", "-TRYAGAIN later\r\n", "notice(TRYAGAIN later);"},
		{"READONLY", "-READONLY not here\r\n", "down(READONLY not here);ready;"},
		{"MASTERDOWN", "-MASTERDOWN not now\r\n", "down(MASTERDOWN not now);ready;"},
		{"NOAUTH", "-NOAUTH who are you?\r\n", "down(NOAUTH who are you?);ready;"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin_keeping_ready();
		ask_with('a', &stubborn);
		peer_heard(&peer, PING, rows[i].name);
		peer_say(&peer, rows[i].says);
		if (strstr(rows[i].then, "down") != NULL)
			log_in();
		peer_heard(&peer, PING, "sent again");
		peer_say(&peer, "+1\r\n");
		UNTIL(noted_has("a="));
		char want[128];
		snprintf(want, sizeof want, "%sa=+1;", rows[i].then);
		noted_is(want, rows[i].name);
		end_calmly(rows[i].name);
	}
}

/* What is no passing state is an answer like any other. */
static void repeats_no_other_answer(void)
{
	begin_keeping_ready();
	ask_with('a', &stubborn);
	ask_with('b', &stubborn);
	ask_with('c', &(struct redis_options){.ms = REDIS_REPEAT_MS / 2, .repeat = true});
	peer_hear(&peer, 3 * strlen(PING));
	peer_say(&peer, "-OOM no\r\n*2\r\n-LOADING inside\r\n+x\r\n" LOADING);
	UNTIL(noted_has("c="));
	noted_is("a=-OOM no;notice(OOM no);b=*2 .-LOADING inside .+x;"
		 "c=-LOADING Redis is loading the dataset in memory;"
		 "notice(LOADING Redis is loading the dataset in memory);",
		 "no other answer, and not without time");
	end_calmly("other answers");
}

static void repeats_nothing_begun(void)
{
	begin_keeping_ready();
	ask_with('a', &stubborn);
	peer_hear(&peer, strlen(PING));
	peer_say(&peer, "*2\r\n:7\r\n");
	UNTIL(noted_has(":7"));
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	noted_is("a=*2 .:7 a!lost;down(peer closed the connection);", "half a reply was seen");
	log_in();
	notes_forget();
	ask_with('b', &stubborn);
	peer_hear(&peer, strlen(PING));
	peer_say(&peer, "?\r\n");
	UNTIL(noted_has("down"));
	noted_is("b!proto;down(unknown type byte);", "an answer that would break it again");
	end_calmly("begun");
}

/* Sent once and lost; the next attempt does not come to it. */
static void repeats_in_vain(void)
{
	begin_keeping_ready();
	ask_with('a', &(struct redis_options){.ms = 150, .repeat = true});
	ask_with('b', &(struct redis_options){.ms = 150, .repeat = true});
	peer_hear(&peer, 2 * strlen(PING));
	peer_say(&peer, "-TRYAGAIN later\r\n");
	UNTIL(noted_has("notice"));
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	notes_forget();
	peer_take(&peer);
	UNTIL(noted_has("a!") && noted_has("b!"));
	ok(noted_has("a!unsent;"), "refused, and never sent again: it was not executed: %s", notes);
	ok(noted_has("b!late;"), "lost, and never sent again: perhaps executed");
	end_calmly("in vain");
}

/* A silent server costs the connection; others that may be repeated live on. */
static void outlives_a_late_one(void)
{
	begin_keeping_ready();
	ask_with('a', &(struct redis_options){.ms = 60, .repeat = true});
	ask_with('b', &stubborn);
	peer_hear(&peer, 2 * strlen(PING));
	UNTIL(noted_has("down"));
	noted_is("a!late;down(deadline passed);", "late");
	log_in();
	peer_heard(&peer, PING, "the other is sent again");
	peer_say(&peer, "+2\r\n");
	UNTIL(noted_has("b="));
	noted_is("ready;b=+2;", "and answered");
	end_calmly("outlives");
}

/* More waits than fits the connection: it goes in turn. */
static void fills_the_connection(void)
{
	begin();
	config.waiting = 1 << 20;
	start();
	enum { ALL = REDIS_IN_FLIGHT + 100 };
	for (unsigned i = 0; i < ALL; i++)
		ask_with('a', i % 2 == 0 ? &patient : &both);
	log_in();
	notes_forget();
	size_t heard = 0, said = 0;
	for (int i = 0; i < 4000 && said < ALL; i++) {
		one_turn();
		peer_recv(&peer);
		heard += peer.n;
		peer_forget(&peer);
		for (; said < heard / strlen(PING); said++)
			peer_say(&peer, "+1\r\n");
	}
	UNTIL(client.counters.replies == ALL);
	is_int((long long)client.counters.replies, ALL, "all are answered");
	is_int(waiting(), 0, "nothing is left");
	end_calmly("fills");
}

static void stops_keeping(void)
{
	begin_keeping_ready();
	struct ask *a = ask_with('a', &both);
	peer_hear(&peer, strlen(PING));
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	struct ask *b = ask_with('b', &patient);
	end_calmly("with commands that wait");
	is_int(waiting(), 0, "nothing is kept");
	free(a);
	free(b);

	begin_keeping_ready();
	a = ask_with('a', &both);
	peer_hear(&peer, strlen(PING));
	end_calmly("with commands in flight");
	is_int(waiting(), 0, "nothing is kept");
	free(a);
}

static void blocks(void)
{
	begin_keeping_ready();
	ask_with('a', &(struct redis_options){.ms = 50, .block_ms = 50});
	noted_is("a-blocking;", "not where others wait behind it");
	end_calmly("shared");

	begin();
	config.blocking = true;
	start();
	log_in();
	notes_forget();
	uint64_t since = loop.now; /* from which the deadline counts */
	ask_with('a', &(struct redis_options){.ms = 60, .block_ms = 100});
	ask('b');
	is_int(redis_subscribe(&client, 2, (struct span[]){SPAN("SUBSCRIBE"), SPAN("x")}),
	       REDIS_EBLOCKING, "no subscription");
	noted_is("b-full;", "one at a time");
	peer_hear(&peer, strlen(PING));
	UNTIL(noted_has("down"));
	ok(clock_ms() - since >= 160, "the time that it blocks is added");
	noted_is("a!late;down(deadline passed);", "late all the same");
	is_well_again("blocking");
}

static void belongs(void)
{
	begin_keeping_ready();
	uint64_t number = client.counters.connects;
	struct redis_options on_it = {.ms = 5000, .wait = true, .connection = number};
	ask_with('a', &on_it);
	peer_heard(&peer, PING, "on its connection");
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	ask_with('b', &on_it);
	log_in();
	ask_with('c', &on_it);
	noted_is("a!lost;down(peer closed the connection);b-down;ready;c-down;", "on no other");
	end_calmly("belongs");
}

int main(void)
{
	unsigned before = descriptors();
	waits();
	waits_in_vain();
	keeps_so_much();
	keeps_nothing();
	repeats();
	repeats_after_answers();
	repeats_no_other_answer();
	repeats_nothing_begun();
	repeats_in_vain();
	outlives_a_late_one();
	fills_the_connection();
	stops_keeping();
	blocks();
	belongs();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
