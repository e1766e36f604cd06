/* The Redis client: logging in, asking and being answered. Losses are in redis_loss_test.c. */
#include "unit/redis_client.h"

static void logs_in(void)
{
	begin();
	config.login = (struct resp_login){.password = SPAN("secret"), .name = SPAN("me")};
	start();
	is_str(notes, "", "nothing is called from within start");
	ask('a');
	noted_is("a-down;", "nothing can be sent before");
	peer_take(&peer);
	ask('a');
	noted_is("a-down;", "nor before the login is done");
	peer_heard(&peer,
		   "*7\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n$6\r\nsecret\r\n"
		   "$7\r\nSETNAME\r\n$2\r\nme\r\n",
		   "one HELLO says it all");
	for (const char *c = WELCOME; *c != '\0'; c++) {
		check(!client.ready, "not ready before the last byte");
		peer_says(&peer, span_of(c, 1));
		one_turn();
	}
	UNTIL(client.ready);
	noted_is("ready;", "logged in, whatever the cuts");
	ask('a');
	peer_heard(&peer, PING, "a request");
	peer_say(&peer, "+PONG\r\n");
	UNTIL(noted > 0);
	noted_is("a=+PONG;", "and its reply");
	is_int((long long)client.counters.replies, 1, "counted");
	end_calmly("logged in");
}

/* Servers before 6.0: the session writes a second time. */
static void falls_back(void)
{
	begin();
	config.login = (struct resp_login){
		.user = SPAN("u"), .password = SPAN("secret"), .name = SPAN("me"), .db = 3};
	start();
	peer_take(&peer);
	peer_heard(&peer,
		   "*7\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$6\r\nsecret\r\n"
		   "$7\r\nSETNAME\r\n$2\r\nme\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n",
		   "HELLO and SELECT");
	peer_say(&peer, "-ERR unknown command 'HELLO'\r\n-NOAUTH Authentication required.\r\n");
	peer_heard(&peer,
		   "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$6\r\nsecret\r\n"
		   "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$2\r\nme\r\n"
		   "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n",
		   "then AUTH, SETNAME and SELECT");
	peer_say(&peer, "+OK\r\n+OK\r\n+OK\r\n");
	UNTIL(noted > 0);
	noted_is("ready;", "logged in by RESP2");
	end_calmly("RESP2");
}

static void is_refused(void)
{
	static const struct {
		const char *name, *says, *why;
		bool slow;
	} rows[] = {
		{"wrong password", "-WRONGPASS invalid username-password pair\r\n",
		 "login refused: WRONGPASS invalid username-password pair", true},
		{"password wanted",
		 "-NOAUTH HELLO must be called with the client already "
		 "authenticated\r\n",
		 "login refused: NOAUTH HELLO must be called with the client already "
		 "authenticated",
		 true},
		{"an echo of the password", "-ERR unknown thing, secret\r\n", "login failed: ERR",
		 true},
		{"too many clients", "-ERR max number of clients reached\r\n",
		 "login failed: ERR max number of clients reached", false},
		{"loading", "-LOADING Redis is loading the dataset in memory\r\n",
		 "login failed: LOADING Redis is loading the dataset in memory", false},
		{"words cut to what there is room for",
		 "-WRONGPASS 123456789 123456789 123456789 123456789 123456789 123456789 "
		 "123456789 123456789 123456789 123456789\r\n",
		 "login refused: WRONGPASS 123456789 123456789 123456789 123456789 123456789 "
		 "123456789 123456789 123456789 12345",
		 true},
		{"no answer to HELLO", "+OK\r\n", "login failed: unexpected answer to the login",
		 true},
		{"not Redis at all", "HTTP/1.1 400 Bad Request\r\n\r\n", "unknown type byte",
		 false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char want[300];
		begin();
		config.login = (struct resp_login){.password = SPAN("secret")};
		start();
		peer_take(&peer);
		peer_hear(&peer, 57);
		peer_say(&peer, rows[i].says);
		UNTIL(noted > 0);
		snprintf(want, sizeof want, "down(%s);", rows[i].why);
		noted_is(want, rows[i].name);
		is_int(client.link.backoff, rows[i].slow ? LINK_BACKOFF_MAX : 2 * LINK_BACKOFF_MIN,
		       "%s: the next time", rows[i].name);
		net_timer_set(&loop, &client.link.timer, 0, client.link.timer.fire);
		peer_take(&peer);
		check(peer.taken == 2, "%s: tried again", rows[i].name);
		end_calmly(rows[i].name);
	}
}

/* A login that the output bound does not hold can never succeed, but must not spin or crash. */
static void login_too_long(void)
{
	begin();
	config.link.out_max = 16;
	start();
	UNTIL(noted > 0);
	noted_is("down(login too long);", "a login longer than the output bound");
	end_calmly("login too long");
}

/* Takes a connection, drops it, and tells how long it had to wait, by the loop's time. */
static uint64_t gap_before_dial(void)
{
	uint64_t before = loop.now;
	peer_take(&peer);
	peer_hang_up(&peer);
	UNTIL(noted > 0);
	notes_forget();
	return loop.now - before;
}

static void backs_off(void)
{
	static const unsigned least[] = {25, 50, 100};
	begin();
	start();
	gap_before_dial();
	for (size_t i = 0; i < sizeof least / sizeof *least; i++) {
		uint64_t gap = gap_before_dial();
		ok(gap >= least[i], "attempt %zu after %u ms or more: %u", i + 2, least[i],
		   (unsigned)gap);
	}
	is_int(client.link.backoff, 800, "the next time may be");
	log_in();
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	noted_is("ready;down(peer closed the connection);", "then it is let in, and lost");
	is_int(client.link.backoff, 1600, "one login does not make it quick again");
	log_in();
	client.link.ready_at -= LINK_SETTLED;
	peer_hang_up(&peer);
	UNTIL(client.counters.losses == 2);
	is_int(client.link.backoff, 2 * LINK_BACKOFF_MIN, "a connection that lasted does");
	is_int((long long)client.counters.failed_connects, 4, "failed attempts are counted");
	is_int((long long)client.counters.losses, 2, "and losses");
	end_calmly("back-off");
}

static void takes_the_next_host(void)
{
	begin();
	struct link_host hosts[] = {{"no such name", 1}, {"/no/such/socket", 1}, peer_host};
	config.link.hosts = hosts;
	config.link.host_count = 3;
	start();
	UNTIL(noted_has("down"));
	is_int(client.link.backoff, LINK_BACKOFF_MIN, "no back-off before every host was tried");
	log_in();
	is_int((long long)client.counters.failed_connects, 2, "the third is there");
	client.link.ready_at -= LINK_SETTLED;
	peer_hang_up(&peer);
	log_in();
	is_int((long long)client.counters.failed_connects, 2,
	       "one that lasted is tried again first");
	end_calmly("hosts");
}

static void finds_by_name(void)
{
	begin();
	peer_host.name = "localhost";
	start();
	for (int i = 0; i < 2; i++) {
		log_in();
		peer_hang_up(&peer);
		UNTIL(!client.ready);
	}
	is_int(peer.taken, 2, "a host name, looked up anew");
	end_calmly("localhost");

	begin();
	peer_host.name = "no such name";
	start();
	UNTIL(noted > 0);
	ok(noted_has("down("), "not a host name: %s", notes);
	end_calmly("not a name");

	begin();
	close(peer.listener);
	start();
	UNTIL(noted > 0);
	noted_is("down(connection refused);", "nobody listens");
	end_calmly("nobody");
}

static void asks_together(void)
{
	begin_ready();
	ask('a');
	ask('b');
	ask('c');
	one_turn();
	peer_heard(&peer, PING PING PING, "three requests");
	peer_forget(&peer);
	ask('d');
	ask('e');
	peer_hear_once(&peer);
	is_int((long long)peer.n, 2 * (long long)strlen(PING), "requests of one turn in one piece");
	peer_say(&peer, "+1\r\n-ERR wrong\r\n*3\r\n$1\r\nx\r\n*2\r\n:5\r\n_\r\n%1\r\n+k\r\n#t\r\n");
	UNTIL(noted_has("#"));
	noted_is("a=+1;b=-ERR wrong;c=*3 .$x .*2 ..:5 .._0 .%2 ..+k ..#1;",
		 "replies in order, an error, a nested one");
	is_int((long long)client.counters.errors, 1, "errors are counted");
	/* In pieces, and the reply of the last behind it. */
	static const char rest[] = "$12\r\nhello\r\nthere\r\n+5\r\n";
	for (size_t i = 0; i < sizeof rest - 1; i++) {
		peer_says(&peer, span_of(rest + i, 1));
		one_turn();
	}
	UNTIL(noted_has("+5"));
	noted_is("d=$hello\r\nthere;e=+5;", "byte by byte");
	end_calmly("together");
}

static void ask_more(void)
{
	ask('m');
	ask('n');
}

static void asks_from_callbacks(void)
{
	begin();
	at_ready = ask_more;
	start();
	log_in();
	peer_hear(&peer, 2 * strlen(PING));
	noted_is("ready;", "asked from within ready");
	peer_say(&peer, "+1\r\n+2\r\n");
	UNTIL(noted_has("n="));
	noted_is("m=+1;n=+2;", "and answered");
	peer_forget(&peer);

	ask_then('a', 5000, ask_more);
	ask('b');
	peer_hear(&peer, 2 * strlen(PING));
	peer_forget(&peer);
	peer_say(&peer, "+1\r\n+2\r\n");
	peer_heard(&peer, PING PING, "asked from within a reply, with another behind it");
	peer_say(&peer, "+3\r\n+4\r\n");
	UNTIL(noted_has("n="));
	noted_is("a=+1;b=+2;m=+3;n=+4;", "each got its own");

	at_push = ask_more;
	peer_say(&peer, ">1\r\n+x\r\n");
	peer_heard(&peer, PING PING, "asked from within a push");
	peer_say(&peer, "+5\r\n+6\r\n");
	UNTIL(noted_has("n="));
	noted_is(">1 .+x;m=+5;n=+6;", "and answered");
	end_calmly("callbacks");
}

static unsigned answers;

static void count_item(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	answers += it->last && it->type == RESP_SIMPLE;
}

static void count_failure(struct redis_request *q, int why)
{
	(void)q;
	(void)why;
	answers += 1000000;
}

static void answer_all(size_t bytes)
{
	size_t heard = 0, told_so_far = 0;
	for (int i = 0; i < 2000 && heard < bytes; i++) {
		one_turn();
		peer_recv(&peer);
		heard += peer.n;
		peer_forget(&peer);
	}
	for (; told_so_far < bytes / strlen(PING); told_so_far++)
		peer_says(&peer, SPAN("+PONG\r\n"));
}

static void is_full(void)
{
	static const struct span ping[] = {SPAN("PING")};
	struct redis_request q = {.item = count_item, .failed = count_failure};
	int rc = 0;
	begin_ready();
	answers = 0;
	for (unsigned i = 0; i < REDIS_IN_FLIGHT; i++)
		rc |= redis_send(&client, &q, 5000, 1, ping);
	is_int(rc, 0, "%d in flight", REDIS_IN_FLIGHT);
	is_int(redis_send(&client, &q, 5000, 1, ping), REDIS_EFULL, "and not one more");
	is_int(redis_send_quiet(&client, 1, ping), REDIS_EFULL, "a quiet one neither");
	answer_all(REDIS_IN_FLIGHT * strlen(PING));
	UNTIL(answers >= REDIS_IN_FLIGHT);
	is_int(answers, REDIS_IN_FLIGHT, "the rest is unharmed");
	is_int(redis_send(&client, &q, 5000, 1, ping), 0, "then there is room again");
	answer_all(strlen(PING));
	UNTIL(answers == REDIS_IN_FLIGHT + 1);
	ok(answers == REDIS_IN_FLIGHT + 1, "and it is answered");
	end_calmly("full");
}

static void is_full_of_bytes(void)
{
	static uint8_t big[40000];
	const struct span set[] = {SPAN("ECHO"), {big, sizeof big}};
	begin();
	config.link.out_max = 65536;
	start();
	log_in();
	notes_forget();
	answers = 0;
	struct redis_request q = {.item = count_item, .failed = count_failure};
	is_int(redis_send(&client, &q, 5000, 2, set), 0, "many bytes");
	is_int(redis_send(&client, &q, 5000, 2, set), REDIS_EFULL, "more than may wait");
	is_int(redis_send(&client, &q, 5000, 1, set), 0, "few are still taken");
	peer_hear(&peer, sizeof big + 38);
	ok(memcmp(peer.got + peer.n - 14, "*1\r\n$4\r\nECHO\r\n", 14) == 0, "whole commands only");
	peer_say(&peer, "+1\r\n+2\r\n");
	UNTIL(answers == 2);
	ok(answers == 2, "each answered");
	end_calmly("full of bytes");
}

static void subscribe(void)
{
	const struct span argv[] = {SPAN("SUBSCRIBE"), SPAN("news")};
	is_int(redis_subscribe(&client, 2, argv), 0, "subscribes");
}

static void gets_pushes(void)
{
	static const char command[] = "*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\nnews\r\n";
	begin();
	at_ready = subscribe;
	start();
	log_in();
	peer_heard(&peer, command, "SUBSCRIBE");
	ask('a');
	peer_hear(&peer, strlen(PING));
	peer_say(&peer, ">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"
			">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n+PONG\r\n");
	UNTIL(noted_has("a="));
	noted_is("ready;>3 .$subscribe .$news .:1;>3 .$message .$news .$hi;a=+PONG;",
		 "confirmation, message, reply");
	struct redis_request q = {.item = count_item, .failed = count_failure};
	is_int(redis_send(&client, &q, 5000, 2, (struct span[]){SPAN("SUBSCRIBE"), SPAN("x")}),
	       REDIS_EFULL, "not as a request");
	peer_hang_up(&peer);
	UNTIL(noted > 0);
	log_in();
	peer_heard(&peer, command, "SUBSCRIBE on the next connection");
	peer_say(&peer, "-NOPERM no such channel for you\r\n");
	UNTIL(noted_has("NOPERM"));
	noted_is("down(peer closed the connection);ready;-NOPERM no such channel for you;",
		 "the refusal is a push");
	end_calmly("pushes");
}

int main(void)
{
	unsigned before = descriptors();
	logs_in();
	falls_back();
	is_refused();
	login_too_long();
	backs_off();
	takes_the_next_host();
	finds_by_name();
	asks_together();
	asks_from_callbacks();
	is_full();
	is_full_of_bytes();
	gets_pushes();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
