/* Subscriptions that outlive their connection, and transactions among other commands. */
#include "unit/redis_client.h"

#define SUB(n, word, rest) "*" n "\r\n" word "\r\n" rest
#define S_A "$1\r\na\r\n"
#define S_B "$1\r\nb\r\n"
#define SUBSCRIBE "$9\r\nSUBSCRIBE"
#define PSUBSCRIBE "$10\r\nPSUBSCRIBE"
#define SSUBSCRIBE "$10\r\nSSUBSCRIBE"
#define UNSUBSCRIBE "$11\r\nUNSUBSCRIBE"

#define ON(...) redis_subscribe(&client, N(__VA_ARGS__), (struct span[]){__VA_ARGS__})
#define OFF(...) redis_unsubscribe(&client, N(__VA_ARGS__), (struct span[]){__VA_ARGS__})
#define N(...) (sizeof((struct span[]){__VA_ARGS__}) / sizeof(struct span))

static void confirm(const char *kind, const char *name, int total)
{
	char text[128];
	snprintf(text, sizeof text, ">3\r\n+%s\r\n+%s\r\n:%d\r\n", kind, name, total);
	peer_say(&peer, text);
}

static void lose(void)
{
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	notes_forget();
}

static void subscribes(void)
{
	begin();
	start();
	is_int(ON(SPAN("SUBSCRIBE"), SPAN("a"), SPAN("b"), SPAN("a")), 0, "before it is up");
	is_int(ON(SPAN("PSUBSCRIBE"), SPAN("a")), 0, "a pattern");
	is_int(ON(SPAN("ssubscribe"), SPAN("a"), SPAN("b")), 0, "shard channels");
	log_in();
	static const char all[] = SUB("3", SUBSCRIBE, S_A S_B) SUB("2", PSUBSCRIBE, S_A)
		SUB("2", SSUBSCRIBE, S_A) SUB("2", SSUBSCRIBE, S_B);
	peer_heard(&peer, all, "all at the login");
	is_int(client.session.count, 4, "so many confirmations are waited for");
	confirm("subscribe", "a", 1);
	confirm("subscribe", "b", 2);
	confirm("psubscribe", "a", 3);
	confirm("ssubscribe", "a", 1);
	confirm("ssubscribe", "b", 2);
	UNTIL(client.session.count == 0);
	ON(SPAN("SUBSCRIBE"), SPAN("a"), SPAN("b"));
	ON(SPAN("SUBSCRIBE"), SPAN("c"), SPAN("a"));
	peer_heard(&peer, SUB("2", SUBSCRIBE, "$1\r\nc\r\n"), "only what is new");
	confirm("subscribe", "c", 4);
	UNTIL(client.session.count == 0);
	is_int(OFF(SPAN("UNSUBSCRIBE"), SPAN("c")), 0, "one less");
	peer_heard(&peer, SUB("2", UNSUBSCRIBE, "$1\r\nc\r\n"), "UNSUBSCRIBE");
	lose();
	log_in();
	peer_heard(&peer, all, "all the others at the next login");
	lose();
	OFF(SPAN("SUNSUBSCRIBE"));
	OFF(SPAN("UNSUBSCRIBE"), SPAN("a"), SPAN("nobody"));
	OFF(SPAN("PUNSUBSCRIBE"), SPAN("b"));
	log_in();
	peer_heard(&peer, SUB("2", SUBSCRIBE, S_B) SUB("2", PSUBSCRIBE, S_A),
		   "what was forgotten while it was down is not made anew");
	end_calmly("subscribes");
}

/* The commands that the owner sends when it is ready come behind. */
static void ask_first(void)
{
	ask('a');
}

static void subscribes_first(void)
{
	begin();
	at_ready = ask_first;
	start();
	ON(SPAN("SUBSCRIBE"), SPAN("a"));
	log_in();
	peer_heard(&peer, SUB("2", SUBSCRIBE, S_A) PING, "subscriptions first");
	confirm("subscribe", "a", 1);
	peer_say(&peer, "+1\r\n");
	UNTIL(noted_has("a="));
	end_calmly("first");
}

static void has_bounds(void)
{
	static uint8_t many[8192], none[1];
	begin();
	start();
	redis_remember(&client, names, 13);
	is_int(ON(SPAN("SUBSCRIBE"), SPAN("a"), SPAN("bb")), 0, "as many as fit");
	is_int(ON(SPAN("SUBSCRIBE"), SPAN("")), REDIS_EFULL, "and not one more");
	OFF(SPAN("UNSUBSCRIBE"), SPAN("a"));
	is_int(ON(SPAN("SUBSCRIBE"), SPAN("c"), SPAN("d")), REDIS_EFULL, "not half of them");
	is_int(ON(SPAN("SUBSCRIBE"), SPAN("c")), 0, "one has room again");
	is_int(ON(SPAN("SUBSCRIBE")), REDIS_EFULL, "no name");
	is_int(ON(SPAN("UNSUBSCRIBE"), SPAN("a")), REDIS_EFULL, "another command");
	is_int(OFF(SPAN("SUBSCRIBE"), SPAN("a")), REDIS_EFULL, "another command");
	log_in();
	peer_heard(&peer, SUB("3", SUBSCRIBE, "$2\r\nbb\r\n$1\r\nc\r\n"), "those that fit");
	end_calmly("bounds");

	begin_ready();
	redis_remember(&client, none, 0);
	is_int(ON(SPAN("SUBSCRIBE"), SPAN("a")), REDIS_EFULL, "no memory for names");
	redis_remember(&client, many, sizeof many);
	unsigned sent = 0;
	for (uint8_t i = 0; i < 40; i++)
		sent += ON(SPAN("SUBSCRIBE"), span_of(&i, 1)) == 0;
	lose();
	log_in();
	is_int(client.session.count, 3, "%u names in three commands", sent);
	while (redis_send_quiet(&client, 1, (struct span[]){SPAN("PING")}) == 0)
		;
	is_int(ON(SPAN("SUBSCRIBE"), SPAN("new")), REDIS_EFULL, "too much in flight");
	lose();
	log_in();
	is_int(client.session.count, 3, "what was refused is not remembered");
	end_calmly("full");

	begin();
	config.link.out_max = 2048;
	start();
	redis_remember(&client, many, sizeof many);
	ON(SPAN("SUBSCRIBE"), span_of(many + 4096, 3000));
	peer_take(&peer);
	peer_hear(&peer, strlen(HELLO));
	peer_say(&peer, WELCOME);
	UNTIL(noted_has("down"));
	noted_is("down(subscriptions longer than the output bound);", "more than can be sent");
	end_calmly("too long");
}

/* Transactions. */

#define MULTI "*1\r\n$5\r\nMULTI\r\n"
#define EXEC "*1\r\n$4\r\nEXEC\r\n"

static struct ask *transact(char name, uint64_t connects)
{
	const struct span one[] = {SPAN("PING")};
	const struct redis_command commands[] = {{1, one}, {1, one}};
	struct ask *a = ask_new(name, NULL);
	return asked(a, redis_transact_watched(&client, connects, &a->q, 5000, 2, commands));
}

static void transacts(void)
{
	static const struct {
		const char *name, *says, *want;
	} rows[] = {
		{"executed", "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+1\r\n+2\r\n", "t=*2 .+1 .+2;"},
		{"a watched key was changed, RESP3", "+OK\r\n+QUEUED\r\n+QUEUED\r\n_\r\n", "t=_0;"},
		{"a watched key was changed, RESP2", "+OK\r\n+QUEUED\r\n+QUEUED\r\n*-1\r\n",
		 "t=_0;"},
		{"a command was refused", "+OK\r\n+QUEUED\r\n-ERR no\r\n-EXECABORT no\r\n",
		 "t=-EXECABORT no;"},
		{"MULTI was refused, so each ran by itself",
		 "-ERR MULTI calls can not be nested\r\n+QUEUED\r\n+QUEUED\r\n*0\r\n", "t=*0;"},
		{"a command failed", "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n-WRONGTYPE no\r\n+2\r\n",
		 "t=*2 .-WRONGTYPE no .+2;"},
		{"replies within replies",
		 "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n*2\r\n_\r\n*-1\r\n%1\r\n+k\r\n-ERR x\r\n",
		 "t=*2 .*2 .._0 .._0 .%2 ..+k ..-ERR x;"},
		{"a push inside",
		 "+OK\r\n+QUEUED\r\n>1\r\n+x\r\n+QUEUED\r\n*2\r\n+1\r\n>1\r\n+y\r\n+2\r\n",
		 ">1 .+x;t=*2 .+1 >1 .+y;.+2;"},
	};
	begin_ready();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ask('a');
		transact('t', 1);
		ask('z');
		peer_heard(&peer, PING MULTI PING PING EXEC PING, rows[i].name);
		peer_say(&peer, "+a\r\n");
		peer_say(&peer, rows[i].says);
		peer_say(&peer, "+z\r\n");
		UNTIL(noted_has("z="));
		char want[128];
		snprintf(want, sizeof want, "a=+a;%sz=+z;", rows[i].want);
		noted_is(want, rows[i].name);
	}
	ask('a');
	transact('t', 1);
	peer_hear(&peer, strlen(PING MULTI PING PING EXEC));
	peer_say(&peer, "+a\r\n+OK\r\n+QUEUED\r\n");
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	noted_is("a=+a;t!lost;down(peer closed the connection);", "lost in the middle");
	log_in();
	transact('u', 1);
	noted_is("ready;u-down;", "another connection watches nothing");
	transact('v', 2);
	peer_heard(&peer, MULTI PING PING EXEC, "this one does");
	peer_say(&peer, "+OK\r\n+QUEUED\r\n+QUEUED\r\n*0\r\n");
	UNTIL(noted_has("v="));
	end_calmly("transacts");
}

int main(void)
{
	unsigned before = descriptors();
	subscribes();
	subscribes_first();
	has_bounds();
	transacts();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
