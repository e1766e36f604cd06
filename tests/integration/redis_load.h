/*
 * Load for tests of the Redis client: always some INCR in flight. Each is answered, refused or
 * fails, exactly once; an answer is a number above all those before it, for the server has written
 * it down before it told us, and nothing is sent twice.
 */
#ifndef TESTS_REDIS_LOAD_H
#define TESTS_REDIS_LOAD_H

#include "integration/redis_real.h"

enum { IN_FLIGHT = 64 };

static struct load {
	struct redis_request q;
	unsigned over;
	bool busy;
} load[IN_FLIGHT];
static unsigned sent, answered, refused, lost, unsent;
static int64_t highest;
static bool loading;

static inline void send_load(struct load *l)
{
	const struct span incr[] = {SPAN("INCR"), SPAN("counter")};
	if (!loading || redis_send(&client, &l->q, 4000, 2, incr) < 0)
		return;
	sent++;
	l->busy = true;
	l->over = 0;
}

static inline void load_over(struct load *l)
{
	check(l->busy && l->over++ == 0, "over once");
	l->busy = false;
}

static inline void load_item(struct redis_request *q, const struct resp_item *it)
{
	struct load *l = (struct load *)q;
	load_over(l);
	if (redis_is_error(it)) {
		refused++;
		send_load(l);
		return;
	}
	answered++;
	check(it->type == RESP_INTEGER && it->num > highest, "%lld after %lld", (long long)it->num,
	      (long long)highest);
	highest = it->num;
	send_load(l);
}

static inline void load_failed(struct redis_request *q, int why)
{
	load_over((struct load *)q);
	check(why == REDIS_ELOST || why == REDIS_EUNSENT, "%s, not lost", redis_word(why));
	if (why == REDIS_EUNSENT)
		unsent++;
	else
		lost++;
}

static inline void load_ready(struct redis *r)
{
	on_ready(r);
	for (size_t i = 0; i < IN_FLIGHT; i++)
		if (!load[i].busy)
			send_load(&load[i]);
}

static const struct redis_events loaded = {load_ready, on_down, NULL, on_notice};

static inline bool is_idle(void)
{
	for (size_t i = 0; i < IN_FLIGHT; i++)
		if (load[i].busy)
			return false;
	return true;
}

static inline void wait_answers(unsigned more)
{
	unsigned want = answered + more;
	WAIT((ready_soon(&client), answered >= want));
}

/* Begins with the counter of the server as it is. */
static inline void load_begin(void)
{
	sent = answered = refused = lost = unsent = 0;
	highest = 0;
	for (size_t i = 0; i < IN_FLIGHT; i++)
		load[i] = (struct load){.q = {.item = load_item, .failed = load_failed}};
	free(store_redis_cli(store, "DEL", "counter", NULL));
	loading = true;
	redis_start(&client, &loop, &config, &loaded);
}

/*
 * No more; then each request has had its one fate, and the counter that [s] has is the number of
 * those that were answered and perhaps of those that were lost.
 */
static inline void load_end(struct store *s, const char *name)
{
	loading = false;
	WAIT(is_idle());
	char *text = store_redis_cli(s, "GET", "counter", NULL);
	long long counter = strtoll(text, NULL, 10);
	free(text);
	is_int(answered + refused + lost + unsent, sent, "%s: each of %u was over once", name,
	       sent);
	ok(counter >= highest && counter >= answered, "%s: %lld there, what was answered too", name,
	   counter);
	ok(counter <= answered + lost, "%s: %lld of %u + %u there, nothing was done twice", name,
	   counter, answered, lost);
}

#endif
