/* For tests of the Redis client: one whose story is noted, against a peer that the test plays. */
#ifndef TESTS_REDIS_CLIENT_H
#define TESTS_REDIS_CLIENT_H

#include "drivers/redis.h"
#include "unit/drivers_peer.h"
#include "unit/redis_word.h"

static struct redis client;
static struct link_host peer_host;
static struct redis_config config;
static struct peer peer;
static uint8_t names[64];

#define HELLO "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"
#define WELCOME "%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n"
#define PING "*1\r\n$4\r\nPING\r\n"

/* What a test wants done inside of a callback. */
static void (*at_ready)(void), (*at_down)(void), (*at_push)(void);

static inline void on_ready(struct redis *r)
{
	check(r->ready, "ready means ready");
	note("ready;");
	if (at_ready != NULL)
		at_ready();
}

static inline void on_down(struct redis *r, const char *why)
{
	check(!r->ready, "down means down");
	note("down(%s);", why);
	if (at_down != NULL)
		at_down();
}

/* "+OK", "$text", "*2 .$a .:1": the dots are the depth. */
static inline void note_item(const struct resp_item *it)
{
	for (unsigned i = 0; i < it->depth; i++)
		note(".");
	if (it->str.p != NULL && it->type != RESP_NULL)
		note("%c%.*s", it->type, (int)it->str.n, (const char *)it->str.p);
	else
		note("%c%lld", it->type, (long long)it->num);
	note(it->last ? ";" : " ");
}

static inline void on_push(struct redis *r, const struct resp_item *it)
{
	(void)r;
	note_item(it);
	if (it->last && at_push != NULL)
		at_push();
}

static inline void on_notice(struct redis *r, const char *words)
{
	check(r->ready || r->up, "a notice comes while it is up");
	note("notice(%s);", words);
}

static const struct redis_events events = {on_ready, on_down, on_push, on_notice};

/* A request with a name, freed when it is over, so that a second use is a crash. */
struct ask {
	struct redis_request q;
	char name;
	void (*then)(void);
};

static inline void ask_over(struct ask *a)
{
	void (*then)(void) = a->then;
	free(a);
	if (then != NULL)
		then();
}

static inline void ask_item(struct redis_request *q, const struct resp_item *it)
{
	struct ask *a = (struct ask *)q;
	if (it->depth == 0)
		note("%c=", a->name);
	note_item(it);
	if (it->last)
		ask_over(a);
}

static inline void ask_failed(struct redis_request *q, int why)
{
	struct ask *a = (struct ask *)q;
	note("%c!%s;", a->name, redis_word(why));
	ask_over(a);
}

/*
 * Sends PING under a name; when it can't be sent that is noted: "a-down;". What it returns is to
 * be freed by who stops the client meanwhile: then it is never over.
 */
static inline struct ask *ask_new(char name, void (*then)(void))
{
	struct ask *a = malloc(sizeof *a);
	if (a == NULL)
		bail("out of memory");
	*a = (struct ask){{.item = ask_item, .failed = ask_failed}, name, then};
	return a;
}

static inline struct ask *asked(struct ask *a, int rc)
{
	if (rc == 0)
		return a;
	note("%c-%s;", a->name, redis_word(rc));
	free(a);
	return NULL;
}

static inline struct ask *ask_then(char name, uint32_t ms, void (*then)(void))
{
	const struct span argv[] = {SPAN("PING")};
	struct ask *a = ask_new(name, then);
	return asked(a, redis_send(&client, &a->q, ms, 1, argv));
}

static inline struct ask *ask(char name)
{
	return ask_then(name, 5000, NULL);
}

static inline void begin(void)
{
	open_loop();
	peer_open(&peer);
	notes_forget();
	at_ready = at_down = at_push = NULL;
	peer_host = (struct link_host){"127.0.0.1", peer.port};
	config = (struct redis_config){
		.link = {.hosts = &peer_host,
			 .host_count = 1,
			 .connect_ms = 5000,
			 .in_max = 1 << 20,
			 .out_max = 1 << 20},
		.limits = resp_default_limits,
	};
}

static inline void start(void)
{
	redis_start(&client, &loop, &config, &events);
	redis_remember(&client, names, sizeof names);
}

static inline void log_in(void)
{
	peer_take(&peer);
	peer_hear(&peer, strlen(HELLO));
	peer_say(&peer, WELCOME);
	UNTIL(client.ready);
	peer_forget(&peer);
}

/* Up and logged in, nothing noted. */
static inline void begin_ready(void)
{
	begin();
	start();
	log_in();
	notes_forget();
}

/* Whatever the state: after the stop nothing is called any more and nothing is left. */
static inline void end_calmly(const char *name)
{
	redis_stop(&client);
	check(client.link.timer.link == NULL && client.link.late.link == NULL, "no timer is left");
	notes_forget();
	run_for(20);
	is_str(notes, "", "%s: stopped, and nothing comes", name);
	peer_close(&peer);
	net_loop_close(&loop);
}

/* Up again after a loss, and what is asked now gets its own answer; then the end. */
static inline void is_well_again(const char *name)
{
	notes_forget();
	log_in();
	ask('z');
	peer_heard(&peer, PING, name);
	peer_say(&peer, "+new\r\n");
	UNTIL(noted_has("z="));
	noted_is("ready;z=+new;", name);
	end_calmly(name);
}

#endif
