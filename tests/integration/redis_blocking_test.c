/*
 * What blocks, and a real server: blocking commands on a connection of the loop that is meant for
 * them, and the blocking client, whose server sleeps, restarts and sends 100 MB.
 */
#include "drivers/redis_blocking.h"
#include "drivers/redis_with.h"
#include "integration/redis_real.h"

#define ARGS(...)                                                                   \
	sizeof((struct span[]){__VA_ARGS__}) / sizeof(struct span), (struct span[]) \
	{                                                                           \
		__VA_ARGS__                                                         \
	}

/* The loop: BLPOP and XREADGROUP BLOCK on a connection of their own. */

static int block(uint32_t ms, uint32_t block_ms, size_t argc, const struct span argv[])
{
	const struct redis_options o = {.ms = ms, .block_ms = block_ms};
	look_at_clock();
	return redis_send_with(&client, &noting, &o, argc, argv);
}

static void blocks_in_a_loop(void)
{
	begin();
	redis_start(&client, &loop, &config, &events);
	says("ready;", "an ordinary connection");
	is_int(block(4000, 1000, ARGS(SPAN("BLPOP"), SPAN("l"), SPAN("1"))), REDIS_EBLOCKING,
	       "is not for blocking");
	end();

	begin();
	config.blocking = true;
	redis_start(&client, &loop, &config, &events);
	says("ready;", "a connection for it");
	/* The deadline alone would be too short. */
	block(200, 10000, ARGS(SPAN("BLPOP"), SPAN("l"), SPAN("0.4")));
	is_int(block(200, 0, ARGS(SPAN("PING"))), REDIS_EFULL, "takes one at a time");
	says("_0;", "nothing came, in time");
	block(4000, 60000, ARGS(SPAN("BLPOP"), SPAN("l"), SPAN("60")));
	one_turn();
	free(store_redis_cli(store, "RPUSH", "l", "x", NULL));
	says("*2 $l $x;", "something came");
	block(4000, 60000, ARGS(SPAN("BLPOP"), SPAN("l"), SPAN("60")));
	one_turn();
	free(store_redis_cli(store, "CLIENT", "KILL", "TYPE", "normal", NULL));
	says("!lost;down(peer closed the connection);", "killed while it blocks");
	WAIT(ready_soon(&client));
	notes_forget();
	block(100, 200, ARGS(SPAN("BLPOP"), SPAN("l"), SPAN("60")));
	says("!late;down(deadline passed);", "it blocks for longer than was said");
	WAIT(ready_soon(&client));
	notes_forget();
	free(store_redis_cli(store, "RPUSH", "l", "y", NULL));
	block(4000, 1000, ARGS(SPAN("BLPOP"), SPAN("l"), SPAN("1")));
	says("*2 $l $y;", "what was given up took nothing");
	end();
}

static void reads_a_group(void)
{
	free(store_redis_cli(store, "DEL", "s", NULL));
	free(store_redis_cli(store, "XGROUP", "CREATE", "s", "g", "$", "MKSTREAM", NULL));
	begin();
	config.blocking = true;
	redis_start(&client, &loop, &config, &events);
	says("ready;", "a reader of a group");
	block(4000, 60000,
	      ARGS(SPAN("XREADGROUP"), SPAN("GROUP"), SPAN("g"), SPAN("me"), SPAN("BLOCK"),
		   SPAN("60000"), SPAN("STREAMS"), SPAN("s"), SPAN(">")));
	one_turn();
	free(store_redis_cli(store, "XADD", "s", "1-1", "n", "5", NULL));
	says(old ? "*1 *2 $s *1 *2 $1-1 *2 $n $5;" : "%2 $s *1 *2 $1-1 *2 $n $5;", "woken");
	block(4000, 60000,
	      ARGS(SPAN("XREADGROUP"), SPAN("GROUP"), SPAN("g"), SPAN("me"), SPAN("BLOCK"),
		   SPAN("60000"), SPAN("STREAMS"), SPAN("s"), SPAN(">")));
	one_turn();
	free(store_redis_cli(store, "DEL", "s", NULL));
	WAIT(noted > 0);
	ok(noted_has("-NOGROUP") || noted_has("-UNBLOCKED"), "its stream is gone: %s", notes);
	end();
}

/* The blocking client. */

static struct redis_blocking b;
static struct resp_node nodes[64];
static uint8_t bytes[4096];
static struct redis_reply y;

static void open_blocking(void)
{
	peer_host = (struct link_host){store_host(store), (uint16_t)store_port(store)};
	config = (struct redis_config){
		.link = {.hosts = &peer_host,
			 .host_count = 1,
			 .connect_ms = 4000,
			 .in_max = BIG,
			 .out_max = BIG},
		.login = {.password = span_str(store_password(store)), .resp2 = old},
		.limits = resp_default_limits,
		.waiting = 4096,
	};
	config.limits.part = 1 << 16;
	redis_reply_init(&y, nodes, 64, bytes, sizeof bytes);
	ends_within(300);
	int rc = redis_blocking_open(&b, &config, 4000);
	ok(rc == 0, "open: %s", rc == 0 ? "" : b.why);
}

static int call(uint32_t ms, size_t argc, const struct span argv[])
{
	const struct redis_options o = {.ms = ms};
	return redis_blocking_call(&b, &o, argc, argv, &y);
}

#define CALL(ms, ...) call(ms, ARGS(__VA_ARGS__))

static void said(int rc, const char *want, const char *name)
{
	is_int(rc, 0, "%s: answered", name);
	is_span(nodes[0].it.str, span_str(want), "%s: %s", name, want);
}

/* Each failure says what may have been done; the next call is answered by its own reply. */
static void fails_as_it_is(void)
{
	open_blocking();
	said(CALL(4000, SPAN("SET"), SPAN("n"), SPAN("1")), "OK", "SET");
	store_pause(store);
	is_int(CALL(100, SPAN("INCR"), SPAN("n")), REDIS_ELATE, "a server that stands still");
	store_resume(store);
	said(CALL(4000, SPAN("ECHO"), SPAN("a")), "a", "it goes on");
	store_restart(store);
	said(CALL(4000, SPAN("ECHO"), SPAN("b")), "b", "it was restarted meanwhile");
	free(store_redis_cli(store, "CLIENT", "KILL", "TYPE", "normal", NULL));
	said(CALL(4000, SPAN("ECHO"), SPAN("c")), "c", "the connection was killed meanwhile");
	store_stop(store);
	int rc = CALL(100, SPAN("INCR"), SPAN("n"));
	ok(redis_is_unsent(rc), "no server: %s", redis_strerror(rc));
	store_start(store);
	said(CALL(4000, SPAN("ECHO"), SPAN("d")), "d", "there is one again");
	redis_blocking_close(&b);
}

static void pipelines(void)
{
	int before = failures();
	open_blocking();
	CALL(4000, SPAN("DEL"), SPAN("n"));
	for (int i = 0; i < 500; i++)
		check(redis_blocking_put(&b, ARGS(SPAN("INCR"), SPAN("n"))) == 0, "put");
	for (int i = 1; i <= 500; i++) {
		check(redis_blocking_take(&b, 4000, &y) == 0, "taken");
		check(nodes[0].it.num == i, "%lld, not %d", (long long)nodes[0].it.num, i);
	}
	ok(failures() == before, "500 commands, 500 replies, in order");
	is_int(redis_blocking_take(&b, 100, &y), REDIS_EFULL, "no more");

	/* In the middle of the answers the server dies: each command has one fate. */
	for (int i = 0; i < 500; i++)
		redis_blocking_put(&b, ARGS(SPAN("INCR"), SPAN("n")));
	int done = 0, perhaps = 0, not = 0;
	for (int i = 0; i < 500; i++) {
		if (i == 250)
			free(store_redis_cli(store, "CLIENT", "KILL", "TYPE", "normal", NULL));
		int rc = redis_blocking_take(&b, 4000, &y);
		done += rc == 0;
		perhaps += rc == REDIS_ELOST;
		not += rc == REDIS_EUNSENT;
	}
	is_int(done + perhaps + not, 500, "%d done, %d perhaps, %d not", done, perhaps, not );
	said(CALL(4000, SPAN("GET"), SPAN("n")), "1000", "all were, for they had arrived");
	redis_blocking_close(&b);
}

static void hears(void)
{
	static uint8_t names[64];
	open_blocking();
	redis_remember(&b.client, names, sizeof names);
	is_int(redis_subscribe(&b.client, ARGS(SPAN("SUBSCRIBE"), SPAN("news"))), 0, "subscribed");
	is_int(redis_blocking_message(&b, 4000, &y), 0, "confirmed");
	is_int(redis_blocking_message(&b, 50, &y), REDIS_ELATE, "nothing comes");
	for (int i = 0; i < 10; i++)
		free(store_redis_cli(store, "PUBLISH", "news", "hi", NULL));
	for (int i = 0; i < 10; i++) {
		check(redis_blocking_message(&b, 4000, &y) == 0, "a message");
		check(span_eq(nodes[3].it.str, SPAN("hi")), "its words");
	}
	store_restart(store);
	is_int(redis_blocking_message(&b, 4000, &y), REDIS_ELOST, "some may have been missed");
	is_int(redis_blocking_message(&b, 4000, &y), 0, "confirmed anew");
	free(store_redis_cli(store, "PUBLISH", "news", "again", NULL));
	is_int(redis_blocking_message(&b, 4000, &y), 0, "a message");
	is_span(nodes[3].it.str, SPAN("again"), "after the restart");
	redis_blocking_close(&b);
}

static uint64_t streamed;

static void count_bytes(void *user, const struct resp_item *it)
{
	(void)user;
	streamed += it->type == RESP_PART ? it->str.n : 0;
}

static void streams(void)
{
	const struct redis_options o = {.ms = PATIENCE_MS};
	open_blocking();
	check(CALL(PATIENCE_MS, SPAN("SETRANGE"), SPAN("big"), SPAN("99999999"), SPAN("x")) == 0,
	      "100 MB there");
	streamed = 0;
	is_int(redis_blocking_call_items(&b, &o, ARGS(SPAN("GET"), SPAN("big")), count_bytes, NULL),
	       0, "100 MB asked for");
	is_int((long long)streamed, 100000000, "and come");
	is_int(CALL(PATIENCE_MS, SPAN("GET"), SPAN("big")), REDIS_EROOM,
	       "a reply that is too large for its memory");
	said(CALL(4000, SPAN("ECHO"), SPAN("e")), "e", "then something small");
	CALL(4000, SPAN("DEL"), SPAN("big"));
	redis_blocking_close(&b);
}

int main(void)
{
	store = store_redis(NULL);
	BY_BOTH(blocks_in_a_loop, reads_a_group, fails_as_it_is, pipelines, hears, streams);
	return done();
}
