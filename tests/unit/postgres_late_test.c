/* The PostgreSQL client and a server that is late. */
#include "unit/postgres_client.h"

/* Ways of not answering: called each turn. */

static uint64_t next_drip;

static void silent(void)
{
}

static void drip(void)
{
	uint64_t now = clock_ms();
	if (next_drip == 0)
		peer_says(&peer, SPAN("N\0\0\20\0"));
	if (now >= next_drip) {
		peer_says(&peer, SPAN("x"));
		next_drip = now + 20;
	}
}

static void flood(void)
{
	static uint8_t notice[] = "N\0\0\0\22SNOTICE\0C00000\0Mhm\0";
	notice[4] = (uint8_t)sizeof notice - 1;
	peer_says(&peer, span_of(notice, sizeof notice));
}

static bool down_after(void (*peer_does)(void))
{
	peer_does();
	return noted_has("down");
}

static const struct {
	const char *name;
	void (*does)(void);
} ways[] = {{"silence", silent}, {"a drip", drip}, {"a flood of notices", flood}};

#define LATE_WHY "down(no answer before the deadline);"

static void misses_deadlines(void)
{
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		begin_ready();
		next_drip = 0;
		ask('a');
		/* The loop's time, from which the deadline counts: the clock may be past it. */
		uint64_t since = loop.now;
		ask_then('b', 80, NULL);
		ask_then('c', 9000, NULL);
		UNTIL(down_after(ways[i].does));
		uint64_t took = clock_ms() - since;
		noted_is("a=late;b=late;c=late;" LATE_WHY, ways[i].name);
		ok(took >= 80 && took < 5000, "after the first deadline: %u ms", (unsigned)took);
		is_well_again(ways[i].name);
	}
}

/* The server stands still while we log in, and while we prepare. */
static void logs_in_late(void)
{
	for (int prepares = 0; prepares < 2; prepares++) {
		const char *name = prepares ? "silence while preparing" : "silence at the login";
		begin();
		config.link.connect_ms = 80;
		start();
		if (prepares)
			let_in();
		else
			peer_take(&peer);
		UNTIL(noted_has("down"));
		noted_is(LATE_WHY, name);
		config.link.connect_ms = 5000;
		is_well_again(name);
	}
}

/* The time for preparing counts no more once that is done. */
static void keeps_deadlines(void)
{
	begin();
	config.link.connect_ms = 150;
	start();
	log_in();
	ask_then('a', 150, NULL);
	ask_then('b', 60000, NULL);
	hear_runs(2);
	pg_say(ROW);
	run_for(220);
	pg_say(ROW);
	UNTIL(noted_has("b="));
	noted_is("ready;a 7;a=ok;b 7;b=ok;", "answered in time, and nothing else");
	config.link.connect_ms = 5000;
	ask_then('c', 100, NULL);
	ask_then('d', 160, NULL);
	pg_say(ROW);
	UNTIL(noted_has("down"));
	noted_is("c 7;c=ok;d=late;" LATE_WHY, "then one that is not, behind one that is");
	is_well_again("kept deadlines");
}

int main(void)
{
	unsigned before = descriptors();
	misses_deadlines();
	logs_in_late();
	keeps_deadlines();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
