/* The Redis client against a real server, which pauses and drops its clients. */
#include "integration/redis_real.h"

static struct redis listener;

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
	/* The server itself keeps its clients waiting, those who write. */
	SEND(4000, SPAN("CLIENT"), SPAN("PAUSE"), SPAN("60000"), SPAN("WRITE"));
	says("+OK;", "CLIENT PAUSE");
	SEND(4000, SPAN("INCR"), SPAN("n"));
	SEND(80, SPAN("INCR"), SPAN("n"));
	says("!lost;!late;down(deadline passed);", "all that waits is late");
	says("ready;", "it is there again");
	free(store_redis_cli(store, "CLIENT", "UNPAUSE", NULL));
	SEND(4000, SPAN("PING"));
	says("+PONG;", "and answers what is asked now");

	store_pause(store);
	SEND(80, SPAN("PING"));
	one_turn();
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

int main(void)
{
	store = store_redis(NULL);
	logs_in();
	transacts();
	carries_much();
	is_paused();
	listens();
	return done();
}
