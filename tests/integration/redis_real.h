/* For tests of the Redis client against a real server: one client whose story is noted. */
#ifndef TESTS_REDIS_REAL_H
#define TESTS_REDIS_REAL_H

#include "drivers/redis.h"
#include "integration/drivers_real.h"
#include "integration/redis_any.h"

#define BIG (1u << 20)

static struct store *store;
static struct redis client;
static struct link_host peer_host;
static struct redis_config config;

static inline void on_ready(struct redis *r)
{
	(void)r;
	note("ready;");
}

static inline void on_down(struct redis *r, const char *why)
{
	(void)r;
	note("down(%s);", why);
}

static inline void on_notice(struct redis *r, const char *words)
{
	(void)r;
	note("notice(%s);", words);
}

static const struct redis_events events = {on_ready, on_down, NULL, on_notice};

/* One request at a time by this, its reply noted: "+OK;", "*2 $a :1;", or "!late;". */

static inline void note_item(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	if (it->str.p != NULL && it->type != RESP_NULL)
		note("%c%.*s", it->type, (int)it->str.n, (const char *)it->str.p);
	else
		note("%c%lld", it->type, (long long)it->num);
	note(it->last ? ";" : " ");
}

static inline void note_failed(struct redis_request *q, int why)
{
	(void)q;
	note("!%s;", redis_word(why));
}

static struct redis_request noting = {.item = note_item, .failed = note_failed};

static inline int send_noting(uint32_t ms, size_t argc, const struct span argv[])
{
	return redis_send(&client, &noting, ms, argc, argv);
}

#define SEND(ms, ...)                                                               \
	send_noting(ms, sizeof((struct span[]){__VA_ARGS__}) / sizeof(struct span), \
		    (struct span[]){__VA_ARGS__})

static inline bool says(const char *want, const char *name)
{
	WAIT(noted >= strlen(want));
	return noted_is(want, name);
}

static inline void begin(void)
{
	open_loop();
	notes_forget();
	peer_host = (struct link_host){store_host(store), (uint16_t)store_port(store)};
	config = (struct redis_config){
		.link = {.hosts = &peer_host,
			 .host_count = 1,
			 .connect_ms = 4000,
			 .in_max = 4 * BIG,
			 .out_max = 4 * BIG},
		.login = {.password = span_str(store_password(store)), .name = SPAN("tester")},
		.limits = resp_default_limits,
	};
}

static inline void begin_ready(void)
{
	begin();
	redis_start(&client, &loop, &config, &events);
	says("ready;", "logged in");
}

static inline void end(void)
{
	redis_stop(&client);
	one_turn();
	net_loop_close(&loop);
}

#endif
