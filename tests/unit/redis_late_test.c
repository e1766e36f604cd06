/* The Redis client and a server that is late. */
#include "unit/redis_client.h"

/* Ways of not answering: called each turn. */

static uint64_t next_drip;

static void silent(void)
{
}

static void drip(void)
{
	uint64_t now = clock_ms();
	if (next_drip == 0)
		peer_says(&peer, SPAN("$9999\r\n"));
	if (now >= next_drip) {
		peer_says(&peer, SPAN("x"));
		next_drip = now + 20;
	}
}

static void flood(void)
{
	peer_says(&peer, SPAN(">1\r\n+x\r\n>1\r\n+x\r\n>1\r\n+x\r\n>1\r\n+x\r\n"));
}

static bool down_after(void (*peer_does)(void))
{
	peer_does();
	return noted_has("down");
}

static const struct {
	const char *name;
	void (*does)(void);
} ways[] = {{"silence", silent}, {"a drip", drip}, {"a flood of pushes", flood}};

/* Without the pushes, which come as they like. */
static void drop_pushes(void)
{
	const char push[] = ">1 .+x;";
	for (char *at; (at = strstr(notes, push)) != NULL;)
		memmove(at, at + strlen(push), strlen(at + strlen(push)) + 1);
	noted = strlen(notes);
}

static void misses_deadlines(void)
{
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		begin_ready();
		next_drip = 0;
		ask('a');
		peer_hear(&peer, strlen(PING));
		peer_say(&peer, "+1\r\n");
		UNTIL(noted_has("a="));
		notes_forget();
		ask('a');
		/* The loop's time, from which the deadline counts: the clock may be past it. */
		uint64_t since = loop.now;
		ask_then('b', 80, NULL);
		ask_then('c', 9000, NULL);
		UNTIL(down_after(ways[i].does));
		uint64_t took = clock_ms() - since;
		drop_pushes();
		noted_is("a!lost;b!late;c!lost;down(deadline passed);", ways[i].name);
		ok(took >= 80 && took < 5000, "after the first deadline: %u ms", (unsigned)took);
		/* Too late: on the old connection, which is not read any more. */
		peer_says(&peer, SPAN("+old\r\n+old\r\n+old\r\n"));
		is_well_again(ways[i].name);
	}
}

static void logs_in_late(void)
{
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		begin();
		config.link.connect_ms = 80;
		start();
		peer_take(&peer);
		next_drip = 0;
		UNTIL(down_after(ways[i].does));
		drop_pushes();
		noted_is("down(deadline passed);", ways[i].name);
		config.link.connect_ms = 5000;
		is_well_again(ways[i].name);
	}
}

/* A deadline that was met is no reason to break off later, nor is one that is far away. */
static void keeps_deadlines(void)
{
	begin_ready();
	/* The second time the queue begins somewhere else. */
	for (int i = 0; i < 2; i++) {
		ask_then('a', 120, NULL);
		ask_then('b', 60000, NULL);
		peer_hear(&peer, 2 * strlen(PING));
		peer_forget(&peer);
		peer_say(&peer, "+1\r\n");
		run_for(170);
		peer_say(&peer, "+2\r\n");
		UNTIL(noted_has("b="));
		noted_is("a=+1;b=+2;", "answered in time, and nothing else");
	}
	ask_then('c', 100, NULL);
	ask_then('d', 160, NULL);
	peer_say(&peer, "+3\r\n");
	UNTIL(noted_has("down"));
	noted_is("c=+3;d!late;down(deadline passed);", "then one that is not, behind one that is");
	is_well_again("kept deadlines");
}

static unsigned failed;

static void count_item(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	(void)it;
}

static void count_failure(struct redis_request *q, int why)
{
	(void)q;
	failed += why == REDIS_ELATE;
}

/* A request without state may be in flight many times; each time has its own deadline. */
static void shares_a_request(void)
{
	static struct redis_request q = {.item = count_item, .failed = count_failure};
	const struct span ping[] = {SPAN("PING")};
	unsigned sent = 0;
	begin_ready();
	failed = 0;
	for (; sent < 20 && failed == 0; sent++) {
		redis_send(&client, &q, 60, 1, ping);
		run_for(20);
	}
	ok(failed > 0 && failed <= sent, "late in spite of younger ones: %u of %u", failed, sent);
	is_well_again("shared");
}

static void quietly(void)
{
	redis_send_quiet(&client, 1, (struct span[]){SPAN("PING")});
}

static void subscribe(void)
{
	redis_subscribe(&client, 2, (struct span[]){SPAN("SUBSCRIBE"), SPAN("x")});
}

/* What nobody waits for must be answered too, or a silent server would never be noticed. */
static void waits_for_nobody(void)
{
	static const struct {
		const char *name;
		void (*ask)(void);
	} rows[] = {{"a quiet command", quietly}, {"a subscription", subscribe}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin_ready();
		config.link.connect_ms = 80;
		rows[i].ask();
		config.link.connect_ms = 5000;
		UNTIL(noted_has("down"));
		noted_is("down(deadline passed);", rows[i].name);
		redis_unsubscribe(&client, 1, (struct span[]){SPAN("UNSUBSCRIBE")});
		is_well_again(rows[i].name);
	}
}

int main(void)
{
	unsigned before = descriptors();
	misses_deadlines();
	logs_in_late();
	keeps_deadlines();
	shares_a_request();
	waits_for_nobody();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
