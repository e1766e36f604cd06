#include "unit/net_story.h"

struct shot {
	struct net_timer t;
	char name;
	uint64_t due; /* what was asked for, by the real clock */
	unsigned fired, again;
	uint32_t again_ms;
	struct net_timer *stops;
};

static void on_shot(struct net_timer *t);

static void aim(struct shot *s, uint32_t ms)
{
	s->due = loop.now + ms;
	net_timer_set(&loop, &s->t, ms, on_shot);
}

static void on_shot(struct net_timer *t)
{
	struct shot *s = (struct shot *)((char *)t - offsetof(struct shot, t));
	check(t->link == NULL, "a timer that fires is not set");
	check(loop.now >= s->due && clock_ms() >= s->due, "%c fired early", s->name);
	s->fired++;
	tell(s->name);
	if (s->stops != NULL)
		net_timer_stop(s->stops);
	if (s->again > 0) {
		s->again--;
		aim(s, s->again_ms);
	}
}

/* A loop that was stopped for [ms], as by SIGSTOP: it has seen no turn since. */
static void set_back(uint64_t ms)
{
	loop.now -= ms;
	loop.ticked = loop.now / NET_TICK;
}

static void test_timer_order(void)
{
	struct shot a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'};
	open_loop();
	aim(&a, 70);
	aim(&b, 10);
	aim(&c, 40);
	run_for(100);
	is_str(story, "bca", "timers fire once each, in the order of their times");
	ok(turns <= 6, "and the loop sleeps in between (%u turns)", turns);
	net_loop_close(&loop);
}

static void test_timer_moves(void)
{
	struct shot later = {.name = 'l'}, earlier = {.name = 'e'}, both = {.name = 'b'},
		    back = {.name = 'k'}, stopped = {.name = 's'}, never = {.name = 'n'};
	open_loop();
	aim(&later, 20);
	aim(&later, 60);
	aim(&later, 100);
	aim(&earlier, 9000);
	aim(&earlier, 30);
	aim(&both, 20);
	aim(&both, 400);
	aim(&both, 60);
	aim(&back, 20);
	aim(&back, 500);
	aim(&back, 0);
	aim(&stopped, 20);
	net_timer_stop(&stopped.t);
	net_timer_stop(&stopped.t);
	aim(&never, UINT32_MAX);
	run_for(130);
	is_str(story, "kebl", "moved later, earlier, later and then earlier; stopped");
	ok(never.t.link != NULL && stopped.t.link == NULL, "link tells whether it is set");
	ok(turns <= 10, "no turn without a reason (%u)", turns);
	net_timer_stop(&never.t);
	set_back(NET_WHEEL * NET_TICK);
	run_for(NET_WHEEL * NET_TICK);
	for (unsigned i = 0; i < NET_WHEEL / 64; i++)
		check(loop.busy[i] == 0, "slots without a timer wake nobody");
	net_loop_close(&loop);
}

static struct shot deadline;

static void push_back(struct net_timer *t)
{
	struct shot *s = (struct shot *)((char *)t - offsetof(struct shot, t));
	s->fired++;
	aim(&deadline, 400);
	if (s->fired < 5)
		net_timer_set(&loop, t, 1, push_back);
	else
		net_loop_stop(&loop);
}

static void test_timer_pushed_back(void)
{
	struct shot busy = {.name = 'b'};
	open_loop();
	aim(&deadline, 400);
	struct net_timer **slot = deadline.t.link;
	net_timer_set(&loop, &busy.t, 1, push_back);
	run_for(300);
	ok(busy.fired == 5 && deadline.fired == 0 && deadline.t.due == loop.now + 400 &&
		   deadline.t.link == slot,
	   "a deadline is pushed back without being moved in the wheel");
	net_timer_stop(&deadline.t);
	net_loop_close(&loop);
}

static void test_timer_stops_another(void)
{
	/* Both lie in one slot, so that one is stopped while the slot is being swept. */
	struct shot a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'};
	open_loop();
	a.stops = &b.t;
	b.stops = &a.t;
	aim(&a, 20);
	aim(&c, 20);
	aim(&b, 20);
	run_for(60);
	ok(a.fired + b.fired == 1 && c.fired == 1, "of two that stop each other one fires");
	net_loop_close(&loop);
}

static void test_timer_again(void)
{
	struct shot period = {.name = 'p', .again = 3, .again_ms = 18};
	struct shot at_once = {.name = '0', .again = 10, .again_ms = 0};
	open_loop();
	aim(&period, 18);
	aim(&at_once, 0);
	enough = 4 + 11;
	run_for(2000);
	ok(period.fired == 4, "a timer sets itself again (%u)", period.fired);
	ok(at_once.fired == 11, "also with no time at all (%u)", at_once.fired);
	ok(turns >= 10, "which does not keep the loop in one turn (%u)", turns);
	net_loop_close(&loop);
}

static void free_shot(struct net_timer *t)
{
	tell('f');
	free(t);
}

static void test_timer_freed(void)
{
	open_loop();
	for (int i = 0; i < 3; i++) {
		struct net_timer *t = calloc(1, sizeof *t);
		if (t != NULL)
			net_timer_set(&loop, t, 20, free_shot);
	}
	run_for(40);
	is_str(story, "fff", "a timer's memory may go while it fires");
	net_loop_close(&loop);
}

#define MANY 2000

static uint64_t last_due;

static void on_many(struct net_timer *t)
{
	struct shot *s = (struct shot *)((char *)t - offsetof(struct shot, t));
	s->fired++;
	check(loop.now >= s->due, "one of many fired early");
	check(s->due + NET_TICK >= last_due, "one of many came out of order");
	if (s->due > last_due)
		last_due = s->due;
}

static void test_timer_many(void)
{
	static struct shot many[MANY];
	unsigned fired = 0, twice = 0;
	open_loop();
	for (unsigned i = 0; i < MANY; i++) {
		uint32_t ms = 1 + i * 7919 % 120;
		many[i].due = loop.now + ms;
		net_timer_set(&loop, &many[i].t, ms, on_many);
	}
	for (unsigned i = 0; i < MANY; i += 3)
		net_timer_stop(&many[i].t);
	run_for(150);
	for (unsigned i = 0; i < MANY; i++) {
		fired += many[i].fired;
		twice += many[i].fired > 1 || (i % 3 == 0 && many[i].fired > 0);
	}
	ok(fired == MANY - (MANY + 2) / 3 && twice == 0, "%u of many timers fire once", fired);
	net_loop_close(&loop);
}

static void test_timer_lap(void)
{
	const uint32_t lap = NET_WHEEL * NET_TICK;
	struct shot next = {.name = 'n'}, far = {.name = 'f'}, due = {.name = 'd'};
	open_loop();
	set_back(lap + 320);
	aim(&far, 3 * lap + 900);   /* in slots that are swept three times ... */
	aim(&next, lap + 320 + 40); /* ... and once before their time */
	aim(&due, lap);
	run_for(lap + 320 + 90);
	is_str(story, "dn", "a slot that is swept a lap too early fires nothing");
	net_timer_stop(&far.t);
	net_loop_close(&loop);
}

static void test_timer_long_stop(void)
{
	static struct shot every[NET_WHEEL];
	unsigned fired = 0;
	open_loop();
	/* An hour, if the machine has been up for so long. */
	set_back(loop.now / 2 < 3600 * 1000 ? loop.now / 2 : 3600 * 1000);
	for (unsigned i = 0; i < NET_WHEEL; i++) {
		every[i].name = '.';
		aim(&every[i], i * NET_TICK);
	}
	uint64_t begin = clock_ms();
	run_for(0);
	for (unsigned i = 0; i < NET_WHEEL; i++)
		fired += every[i].fired;
	ok(fired == NET_WHEEL && turns <= 2, "after a long stop all is due at once");
	ok(clock_ms() - begin < 200, "and found without walking through that time");
	net_loop_close(&loop);
}

int main(void)
{
	test_timer_order();
	test_timer_moves();
	test_timer_pushed_back();
	test_timer_stops_another();
	test_timer_again();
	test_timer_freed();
	test_timer_many();
	test_timer_lap();
	test_timer_long_stop();
	return done();
}
