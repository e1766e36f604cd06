/* For tests of the Redis client against a real server: one client whose story is noted. */
#ifndef TESTS_REDIS_REAL_H
#define TESTS_REDIS_REAL_H

#include "drivers/redis.h"
#include "integration/redis_notes.h"

#define BIG (1u << 20)

static struct store *store;
static struct redis client;
static struct link_host peer_host;
static struct redis_config config;
static bool old; /* the client speaks RESP2 */

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
	look_at_clock();
	return redis_send(&client, &noting, ms, argc, argv);
}

#define SEND(ms, ...)                                                               \
	send_noting(ms, sizeof((struct span[]){__VA_ARGS__}) / sizeof(struct span), \
		    (struct span[]){__VA_ARGS__})

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
		.login = {.password = span_str(store_password(store)),
			  .name = SPAN("tester"),
			  .resp2 = old},
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

/* Each of them by RESP3, then by RESP2. */
static inline void by_both(size_t n, void (*const tests[])(void))
{
	for (int i = 0; i < 2; i++) {
		old = i == 1;
		diag(old ? "by RESP2" : "by RESP3");
		for (size_t k = 0; k < n; k++)
			tests[k]();
	}
}
#define BY_BOTH(...)                                                              \
	by_both(sizeof((void (*[])(void)){__VA_ARGS__}) / sizeof(void (*)(void)), \
		(void (*[])(void)){__VA_ARGS__})

#endif
