/* The Redis client against a real server, which is killed, paused, and restarted under load. */
#include "drivers/redis.h"
#include "integration/drivers_real.h"

#include <signal.h>

#define BIG (1u << 20)

static struct store *store;
static struct redis client, listener;
static struct link_host peer_host;
static struct redis_config config;

static void on_ready(struct redis *r)
{
	(void)r;
	note("ready;");
}

static void on_down(struct redis *r, const char *why)
{
	(void)r;
	note("down(%s);", why);
}

static const struct redis_events events = {on_ready, on_down, NULL, NULL};

/* One request at a time by this, its reply noted: "+OK;", "*2 $a :1;", or "!late;". */

static void note_item(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	if (it->str.p != NULL && it->type != RESP_NULL)
		note("%c%.*s", it->type, (int)it->str.n, (const char *)it->str.p);
	else
		note("%c%lld", it->type, (long long)it->num);
	note(it->last ? ";" : " ");
}

static void note_failed(struct redis_request *q, int why)
{
	(void)q;
	note(why == REDIS_ELATE ? "!late;" : why == REDIS_ELOST ? "!lost;" : "!?;");
}

static struct redis_request noting = {.item = note_item, .failed = note_failed};

#define SEND(ms, ...)                                                          \
	redis_send(&client, &noting, ms,                                       \
		   sizeof((struct span[]){__VA_ARGS__}) / sizeof(struct span), \
		   (struct span[]){__VA_ARGS__})

static bool says(const char *want, const char *name)
{
	WAIT(noted >= strlen(want));
	return noted_is(want, name);
}

static void begin(void)
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

static void begin_ready(void)
{
	begin();
	redis_start(&client, &loop, &config, &events);
	says("ready;", "logged in");
}

static void end(void)
{
	redis_stop(&client);
	one_turn();
	net_loop_close(&loop);
}

static void logs_in(void)
{
	begin();
	config.login.db = 3;
	redis_start(&client, &loop, &config, &events);
	says("ready;", "password, name and database");
	SEND(4000, SPAN("CLIENT"), SPAN("GETNAME"));
	says("$tester;", "it knows our name");
	SEND(4000, SPAN("SET"), SPAN("where"), SPAN("three"));
	says("+OK;", "a value");
	end();

	begin();
	config.login.resp2 = true;
	redis_start(&client, &loop, &config, &events);
	says("ready;", "by RESP2");
	SEND(4000, SPAN("GET"), SPAN("where"));
	says("_0;", "the value is in the other database");
	end();

	begin();
	config.login.password = SPAN("wr0ng!");
	redis_start(&client, &loop, &config, &events);
	says("down(login refused: WRONGPASS invalid username-password pair or user is disabled.);",
	     "a wrong password");
	WAIT(noted > 0);
	ok(strstr(notes, "wr0ng!") == NULL, "is not repeated");
	end();

	begin();
	config.login.password = SPAN_NONE;
	redis_start(&client, &loop, &config, &events);
	WAIT(noted > 0);
	ok(noted_has("down(login refused: NOAUTH"), "no password");
	end();
}

static void transacts(void)
{
	const struct span multi[] = {SPAN("MULTI")};
	const struct span set[] = {SPAN("SET"), SPAN("k"), SPAN("1")};
	const struct span wrong[] = {SPAN("NOSUCHTHING")};
	begin_ready();
	const struct redis_command both[] = {{3, set},
					     {2, (const struct span[]){SPAN("INCR"), SPAN("k")}}};
	redis_transact(&client, &noting, 4000, 2, both);
	says("*2 +OK :2;", "EXEC answers for all of them");
	for (unsigned i = 0; i < REDIS_IN_FLIGHT - 3; i++)
		redis_send_quiet(&client, 1, (const struct span[]){SPAN("PING")});
	is_int(redis_transact(&client, &noting, 4000, 2, both), REDIS_EFULL,
	       "no room for the whole: nothing of it");
	SEND(4000, SPAN("GET"), SPAN("k"));
	says("$2;", "so what follows is in no MULTI");
	redis_send_quiet(&client, 1, multi);
	redis_send_quiet(&client, 1, wrong);
	SEND(4000, SPAN("EXEC"));
	says("-EXECABORT Transaction discarded because of previous errors.;", "or for none");
	SEND(4000, SPAN("WATCH"), SPAN("k"));
	says("+OK;", "watched");
	free(store_redis_cli(store, "SET", "k", "other", NULL));
	redis_send_quiet(&client, 1, multi);
	redis_send_quiet(&client, 3, set);
	SEND(4000, SPAN("EXEC"));
	says("_0;", "somebody else was quicker");
	end();
}

static uint8_t big[BIG];
static unsigned whole, broken;

static void big_item(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	if (it->type == RESP_BULK && span_eq(it->str, span_of(big, sizeof big)))
		whole++;
	else
		broken++;
}

static void big_failed(struct redis_request *q, int why)
{
	(void)q;
	(void)why;
	broken++;
}

static void carries_much(void)
{
	struct redis_request q = {.item = big_item, .failed = big_failed};
	begin_ready();
	fill_stream(big, sizeof big, 0);
	SEND(4000, SPAN("SET"), SPAN("big"), {big, sizeof big});
	says("+OK;", "1 MiB there");
	whole = broken = 0;
	for (int i = 0; i < 4; i++)
		redis_send(&client, &q, 4000, 2, (struct span[]){SPAN("GET"), SPAN("big")});
	WAIT(whole + broken == 4);
	is_int(whole, 4, "and back, four times");
	SEND(4000, SPAN("PING"));
	says("+PONG;", "then something small");
	end();
}

static void is_paused(void)
{
	begin_ready();
	/* The server itself keeps its clients waiting. */
	SEND(4000, SPAN("CLIENT"), SPAN("PAUSE"), SPAN("250"));
	says("+OK;", "CLIENT PAUSE");
	SEND(4000, SPAN("INCR"), SPAN("n"));
	SEND(80, SPAN("INCR"), SPAN("n"));
	says("!lost;!late;down(deadline passed);", "all that waits is late");
	says("ready;", "it is there again");
	SEND(4000, SPAN("PING"));
	says("+PONG;", "and answers what is asked now");

	store_pause(store);
	SEND(80, SPAN("PING"));
	config.link.connect_ms = 100;
	says("!late;down(deadline passed);", "a server that stands still");
	WAIT(noted > 0);
	noted_is("down(deadline passed);", "the login too");
	config.link.connect_ms = 4000;
	store_resume(store);
	WAIT(noted_has("ready;"));
	notes_forget();
	SEND(4000, SPAN("PING"));
	says("+PONG;", "and goes on");

	free(store_redis_cli(store, "CLIENT", "KILL", "TYPE", "normal", NULL));
	says("down(peer closed the connection);ready;", "CLIENT KILL");
	end();
}

/* Messages; what they say is noted. */

static void on_message(struct redis *r, const struct resp_item *it)
{
	static unsigned at;
	(void)r;
	at = it->depth == 0 ? 0 : at + 1;
	if (at == 3 && it->type == RESP_BULK)
		note("<%.*s>", (int)it->str.n, (const char *)it->str.p);
	if (at == 3 && it->type == RESP_INTEGER)
		note("on;");
}

static void subscribe(struct redis *r)
{
	redis_subscribe(r, 2, (struct span[]){SPAN("SUBSCRIBE"), SPAN("news")});
}

static void listens(void)
{
	static uint8_t names[64];
	static const struct redis_events hearing = {subscribe, on_down, on_message, NULL};
	for (int resp2 = 0; resp2 < 2; resp2++) {
		begin();
		config.login.resp2 = resp2 == 1;
		redis_start(&listener, &loop, &config, &hearing);
		redis_remember(&listener, names, sizeof names);
		says("on;", resp2 ? "subscribed by RESP2" : "subscribed");
		free(store_redis_cli(store, "PUBLISH", "news", "one", NULL));
		says("<one>", "a message");
		free(store_redis_cli(store, "CLIENT", "KILL", "TYPE", "pubsub", NULL));
		says("down(peer closed the connection);on;", "lost, and subscribed again");
		free(store_redis_cli(store, "PUBLISH", "news", "two", NULL));
		says("<two>", "the next message");
		redis_stop(&listener);
		one_turn();
		net_loop_close(&loop);
	}
}

/*
 * Load: always some INCR in flight. Each is answered or fails, exactly once; an answer is a number
 * above all those before it, for the server has written it down before it told us, and nothing
 * is sent twice.
 */

enum { IN_FLIGHT = 64 };

static struct load {
	struct redis_request q;
	unsigned over;
	bool busy;
} load[IN_FLIGHT];
static unsigned sent, answered, lost;
static int64_t highest;
static bool loading;

static void send_load(struct load *l)
{
	const struct span incr[] = {SPAN("INCR"), SPAN("counter")};
	if (!loading || redis_send(&client, &l->q, 4000, 2, incr) < 0)
		return;
	sent++;
	l->busy = true;
	l->over = 0;
}

static void load_over(struct load *l)
{
	check(l->busy && l->over++ == 0, "over once");
	l->busy = false;
}

static void load_item(struct redis_request *q, const struct resp_item *it)
{
	struct load *l = (struct load *)q;
	load_over(l);
	answered++;
	check(it->type == RESP_INTEGER && it->num > highest, "%lld after %lld", (long long)it->num,
	      (long long)highest);
	highest = it->num;
	send_load(l);
}

static void load_failed(struct redis_request *q, int why)
{
	load_over((struct load *)q);
	check(why == REDIS_ELOST, "lost, not late");
	lost++;
}

static void load_ready(struct redis *r)
{
	on_ready(r);
	for (size_t i = 0; i < IN_FLIGHT; i++)
		if (!load[i].busy)
			send_load(&load[i]);
}

static bool is_idle(void)
{
	for (size_t i = 0; i < IN_FLIGHT; i++)
		if (load[i].busy)
			return false;
	return true;
}

static void wait_answers(unsigned more)
{
	unsigned want = answered + more;
	WAIT(answered >= want);
}

static void restarts(void)
{
	static const struct redis_events loaded = {load_ready, on_down, NULL, NULL};
	begin();
	for (size_t i = 0; i < IN_FLIGHT; i++)
		load[i].q = (struct redis_request){.item = load_item, .failed = load_failed};
	loading = true;
	redis_start(&client, &loop, &config, &loaded);
	/* We close: what was sent is done, and its replies are never read. */
	for (int i = 0; i < 4; i++) {
		wait_answers(500);
		link_break(&client.link, NET_ECLOSED);
	}
	wait_answers(1000);
	proc_signal_tree(store_proc(store), SIGKILL);
	WAIT(!client.ready);
	store_kill(store);
	store_start(store);
	wait_answers(2000);
	store_restart(store);
	wait_answers(2000);
	loading = false;
	WAIT(is_idle());
	is_int(answered + lost, sent, "each of %u was over once", sent);
	ok(lost > 0, "%u of them lost", lost);
	ok(client.counters.losses >= 2, "%llu losses, two of them restarts",
	   (unsigned long long)client.counters.losses);
	notes_forget();
	SEND(4000, SPAN("GET"), SPAN("counter"));
	WAIT(noted > 0);
	long long counter = strtoll(notes + 1, NULL, 10);
	ok(counter >= highest && counter >= answered, "%lld: what was answered is there", counter);
	ok(counter <= sent, "%lld of %u: nothing was done twice", counter, sent);
	end();
}

int main(void)
{
	store = store_redis(NULL);
	logs_in();
	transacts();
	carries_much();
	is_paused();
	listens();
	restarts();
	return done();
}
