/*
 * Subscriptions and a real server: channels, patterns and shard channels, made anew after every
 * loss before anything else is sent, and none forgotten; beside ordinary commands by RESP3.
 */
#include "integration/redis_real.h"

#include <signal.h>

static uint8_t names[4096];

/* "<channel message>" of each message, "on;" and "off;" of each confirmation. */
static void on_message(struct redis *r, const struct resp_item *it)
{
	static unsigned at;
	static char words[4][64];
	(void)r;
	at = it->depth == 0 ? 0 : at + 1;
	if (at > 0 && at < 5)
		snprintf(words[at - 1], sizeof words[0], "%.*s", (int)it->str.n,
			 (const char *)it->str.p);
	if (!it->last)
		return;
	if (strcmp(words[0], "pmessage") == 0)
		note("<%s %s %s>", words[1], words[2], words[3]);
	else if (strstr(words[0], "message") != NULL)
		note("<%s %s>", words[1], words[2]);
	else
		note(strstr(words[0], "unsub") != NULL ? "off;" : "on;");
}

static const struct redis_events hearing = {on_ready, on_down, on_message, on_notice};

#define SUBSCRIBE(...)                                                                       \
	redis_subscribe(&client, sizeof((struct span[]){__VA_ARGS__}) / sizeof(struct span), \
			(struct span[]){__VA_ARGS__})
#define UNSUBSCRIBE(...)                                                                       \
	redis_unsubscribe(&client, sizeof((struct span[]){__VA_ARGS__}) / sizeof(struct span), \
			  (struct span[]){__VA_ARGS__})

/* Notes that come in any order with "ready": the confirmations, [n] of them. */
static bool confirms(unsigned n)
{
	unsigned had = 0;
	for (const char *at = notes; (at = strstr(at, "on;")) != NULL; at += 3)
		had++;
	return had >= n;
}

static void publish(const char *command, const char *channel, const char *text)
{
	free(store_redis_cli(store, command, channel, text, NULL));
}

/* Each is heard, each once. */
static void hears_all(const char *name)
{
	notes_forget();
	publish("PUBLISH", "c:1", "one");
	WAIT(noted_has("<c:1 one>"));
	publish("PUBLISH", "c:2", "two");
	WAIT(noted_has("<c:2 two>"));
	publish("PUBLISH", "p:3", "three");
	WAIT(noted_has("<p:* p:3 three>"));
	publish("PUBLISH", "nobody", "hears");
	publish("SPUBLISH", "s:4", "four");
	WAIT(noted_has("<s:4 four>"));
	noted_is("<c:1 one><c:2 two><p:* p:3 three><s:4 four>", name);
}

static void begin_hearing(void)
{
	begin();
	redis_start(&client, &loop, &config, &hearing);
	redis_remember(&client, names, sizeof names);
}

static void subscribes_while_down(void)
{
	begin_hearing();
	is_int(SUBSCRIBE(SPAN("SUBSCRIBE"), SPAN("c:1"), SPAN("c:2")), 0, "before the connection");
	is_int(SUBSCRIBE(SPAN("PSUBSCRIBE"), SPAN("p:*")), 0, "a pattern");
	is_int(SUBSCRIBE(SPAN("SSUBSCRIBE"), SPAN("s:4")), 0, "a shard channel");
	WAIT(ready_soon(&client) && confirms(4));
	hears_all("all are made at login");
}

static void outlives(void)
{
	for (int i = 0; i < 3; i++) {
		free(store_redis_cli(store, "CLIENT", "KILL", "TYPE", "pubsub", NULL));
		WAIT(noted_has("down("));
		WAIT(ready_soon(&client) && confirms(4));
		hears_all("after CLIENT KILL");
	}
	proc_signal_tree(store_proc(store), SIGKILL);
	WAIT(noted_has("down("));
	store_kill(store);
	store_start(store);
	WAIT(ready_soon(&client) && confirms(4));
	hears_all("after a kill");
	store_restart(store);
	WAIT(noted_has("down("));
	WAIT(ready_soon(&client) && confirms(4));
	hears_all("after a restart");
}

/* By RESP2 nothing else may be said by who is subscribed, PING excepted. */
static void asks_beside(void)
{
	notes_forget();
	if (old)
		return;
	for (int i = 0; i < 100; i++) {
		publish("PUBLISH", "c:1", "hi");
		SEND(4000, SPAN("ECHO"), SPAN("there"));
		WAIT(noted_has("$there;") && noted_has("<c:1 hi>"));
		notes_forget();
	}
	ok(true, "replies and messages on one connection");
}

static void unsubscribes(void)
{
	notes_forget();
	is_int(UNSUBSCRIBE(SPAN("UNSUBSCRIBE"), SPAN("c:2")), 0, "one channel less");
	says("off;", "confirmed");
	free(store_redis_cli(store, "CLIENT", "KILL", "TYPE", "pubsub", NULL));
	WAIT(noted_has("down("));
	WAIT(ready_soon(&client) && confirms(3));
	notes_forget();
	publish("PUBLISH", "c:2", "two");
	publish("PUBLISH", "c:1", "one");
	says("<c:1 one>", "it does not come back");
	is_int(UNSUBSCRIBE(SPAN("PUNSUBSCRIBE")), 0, "no pattern");
	is_int(UNSUBSCRIBE(SPAN("SUNSUBSCRIBE")), 0, "no shard channel");
	is_int(UNSUBSCRIBE(SPAN("UNSUBSCRIBE")), 0, "no channel");
	says("off;off;off;", "none is left");
	SEND(4000, SPAN("ECHO"), SPAN("alone"));
	says("$alone;", "an ordinary connection again");
	link_break(&client.link, NET_ECLOSED);
	WAIT(noted_has("down("));
	WAIT(ready_soon(&client));
	SEND(4000, SPAN("ECHO"), SPAN("alone"));
	WAIT(noted_has("$alone;"));
	ok(!noted_has("on;"), "and nothing is made anew: %s", notes);
	end();
}

static bool hears_each(int n)
{
	char script[] =
		"local n = 0 for i = 0, ARGV[1] - 1 do n = n + redis.call('PUBLISH', 'n:' .. i, "
		"'') end return n",
	     count[16];
	snprintf(count, sizeof count, "%d", n);
	char *said = store_redis_cli(store, "EVAL", script, "0", count, NULL);
	bool all = strcmp(said, count) == 0;
	free(said);
	notes_forget();
	return all;
}

/* A loss at any moment, also in the middle of confirmations: in the end all are there. */
static void is_killed_while_it_subscribes(void)
{
	char name[16];
	begin_hearing();
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "n:%d", i);
		const struct span argv[] = {SPAN("SUBSCRIBE"), span_str(name)};
		check(redis_subscribe(&client, 2, argv) == 0, "%s is remembered", name);
		if (i % 10 == 5)
			free(store_redis_cli(store, "CLIENT", "KILL", "TYPE", "normal", "SKIPME",
					     "no", NULL));
		if (i % 10 == 7)
			free(store_redis_cli(store, "CLIENT", "KILL", "TYPE", "pubsub", NULL));
		ready_soon(&client);
		one_turn();
	}
	/* PUBLISH tells how many heard it. */
	WAIT(ready_soon(&client) && hears_each(100));
	ok(client.counters.losses > 0, "%llu losses on the way",
	   (unsigned long long)client.counters.losses);
	end();
}

int main(void)
{
	store = store_redis(NULL);
	BY_BOTH(subscribes_while_down, outlives, asks_beside, unsubscribes,
		is_killed_while_it_subscribes);
	return done();
}
