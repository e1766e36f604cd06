/*
 * The Redis client of the loop against servers that log it in wrongly, or not at all, and that
 * confirm a subscription wrongly. The next connection is a good one.
 */
#include "integration/redis_hostile_client.h"

#define LOGIN(name_, wrong_, want_, ...)                                                       \
	{                                                                                      \
		.name = name_, .wrong = wrong_, .want = want_, .says = "+new\r\n", __VA_ARGS__ \
	}
#define INFO(mode)                                                                        \
	"%7\r\n+server\r\n+redis\r\n+version\r\n+7.0.15\r\n+proto\r\n:3\r\n+id\r\n:5\r\n" \
	"+mode\r\n+" mode "\r\n+role\r\n+master\r\n+modules\r\n*0\r\n"
#define CONFIRM(kind, channel, total) ">3\r\n$9\r\n" kind "\r\n$1\r\n" channel "\r\n" total "\r\n"

/* [want]: what [down] has in its words; without it, the login holds. */
static const struct hostile logins[] = {
	LOGIN("all that Redis 7 tells", INFO("standalone"), ""),
	LOGIN("a cluster's node", INFO("cluster"), ""),
	LOGIN("an empty map", "%0\r\n", ""),
	LOGIN("an array instead of a map", "*2\r\n+server\r\n+redis\r\n", ""),
	LOGIN("a streamed map", "%?\r\n+server\r\n+redis\r\n.\r\n", ""),
	LOGIN("an attribute and a map", "|1\r\n+a\r\n+b\r\n" HOSTILE_WELCOME, ""),
	LOGIN("a push and a map", ">1\r\n+hi\r\n" HOSTILE_WELCOME, "", .pushes = 1),
	LOGIN("RESP2 alone", HOSTILE_OLD, ""),
	LOGIN("RESP2 alone, in other words",
	      "-ERR unknown command `HELLO`, with args beginning with: "
	      "`3`, `AUTH`, `default`, `secret`, \r\n",
	      ""),
	LOGIN("a proxy without RESP3", "-NOPROTO unsupported protocol version\r\n", ""),
	LOGIN("a text", "+OK\r\n", "unexpected answer"),
	LOGIN("a number", ":3\r\n", "unexpected answer"),
	LOGIN("a null", "_\r\n", "unexpected answer"),
	LOGIN("a set", "~1\r\n+a\r\n", "unexpected answer"),
	LOGIN("a bulk", "$2\r\nOK\r\n", "unexpected answer"),
	LOGIN("garbage", "what\r\n", "unknown type byte"),
	LOGIN("a map that is garbage inside", "%1\r\n+server\r\nwhat\r\n", "unknown type byte"),
	LOGIN("a map of 2^32", "%4294967296\r\n", "above a limit"),
	LOGIN("a map too deep", TEN("%1\r\n+k\r\n") TEN("%1\r\n+k\r\n"), "too deep"),
	LOGIN("an answer of HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", "unknown type byte"),
	LOGIN("a bare LF", "-ERR no\n", "CRLF"),
	LOGIN("answers to more than was asked",
	      HOSTILE_WELCOME "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n", "reply without a request"),
	LOGIN("an endless line", endless, "above a limit"),
	LOGIN("WRONGPASS", "-WRONGPASS invalid username-password pair\r\n", "WRONGPASS"),
	LOGIN("WRONGPASS as a blob", "!13\r\nWRONGPASS bad\r\n", "WRONGPASS"),
	LOGIN("NOAUTH", "-NOAUTH HELLO must be called with the client already authenticated\r\n",
	      "NOAUTH"),
	LOGIN("NOPERM", "-NOPERM this user has no permissions to run the 'hello' command\r\n",
	      "NOPERM"),
	LOGIN("LOADING", "-LOADING Redis is loading the dataset in memory\r\n", "LOADING"),
	LOGIN("MASTERDOWN", "-MASTERDOWN Link with MASTER is down\r\n", "MASTERDOWN"),
	LOGIN("BUSY", "-BUSY Redis is busy running a script\r\n", "BUSY"),
	LOGIN("an error without a class", "-no\r\n", "no"),
	LOGIN("an error without words", "-\r\n", "login failed"),
	LOGIN("too many clients", "-ERR max number of clients reached\r\n", "max number of clients",
	      .end = CLOSES),
	LOGIN("protected mode", "-DENIED Redis is running in protected mode\r\n", "DENIED",
	      .end = CLOSES),
	LOGIN("an echo of the password", "-ERR wrong: secret\r\n", "ERR"),
	LOGIN("an end", "", "closed the connection", .end = CLOSES),
	LOGIN("a reset", "", "reset", .end = RESETS),
	LOGIN("half an answer and an end", "%1\r\n$6\r\nser", "closed the connection",
	      .end = CLOSES),
	LOGIN("silence", "", "deadline", .hurried = true),
	LOGIN("half an answer and silence", "%1\r\n$6\r\nser", "deadline", .hurried = true),
	LOGIN("a byte now and then", "%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n", "deadline",
	      .hurried = true, .way = DRIPS),
	LOGIN("a flood of pushes", ">1\r\n+hi\r\n", "deadline", .hurried = true, .way = FLOODS),
	LOGIN("a flood of attributes", "|1\r\n+a\r\n+b\r\n", "deadline", .hurried = true,
	      .way = FLOODS),
	LOGIN("no such database", "-ERR DB index is out of range\r\n", "out of range",
	      .to = "SELECT"),
	LOGIN("SELECT in a cluster", "-ERR SELECT is not allowed in cluster mode\r\n",
	      "SELECT is not allowed", .to = "SELECT"),
	LOGIN("SELECT without permission",
	      "-NOPERM this user has no permissions to run the 'select' command\r\n", "NOPERM",
	      .to = "SELECT"),
	LOGIN("SELECT answered by a number", ":1\r\n", "unexpected answer", .to = "SELECT"),
	LOGIN("SELECT answered by a map", HOSTILE_WELCOME, "unexpected answer", .to = "SELECT"),
	LOGIN("SELECT not answered", "", "deadline", .to = "SELECT", .hurried = true),
	LOGIN("SELECT answered by garbage", "\r\n", "unknown type byte", .to = "SELECT"),
	LOGIN("an end at SELECT", "", "closed the connection", .to = "SELECT", .end = CLOSES),
	LOGIN("a wrong password, by RESP2", "-WRONGPASS invalid username-password pair\r\n",
	      "WRONGPASS", .to = "AUTH", .old = true),
	LOGIN("an invalid password, by RESP2", "-ERR invalid password\r\n", "invalid password",
	      .to = "AUTH", .old = true),
	LOGIN("no password wanted, by RESP2", "-ERR Client sent AUTH, but no password is set\r\n",
	      "no password is set", .to = "AUTH", .old = true),
	LOGIN("AUTH answered by a number", ":1\r\n", "unexpected answer", .to = "AUTH",
	      .old = true),
	LOGIN("AUTH not answered", "", "deadline", .to = "AUTH", .old = true, .hurried = true),
	LOGIN("CLIENT unknown", "-ERR unknown command 'CLIENT'\r\n", "", .to = "CLIENT",
	      .old = true),
	LOGIN("CLIENT without permission",
	      "-NOPERM this user has no permissions to run the 'client' command\r\n", "",
	      .to = "CLIENT", .old = true),
	LOGIN("CLIENT answered by garbage", "what", "unknown type byte", .to = "CLIENT",
	      .old = true),
};

static void logs_in(const struct hostile *row)
{
	struct hostile_server h;
	hostile_open(&h, row, AT_ONCE);
	begin(&h);
	config.login = (struct resp_login){.password = SPAN("secret"), .name = SPAN("me"), .db = 3};
	if (row->hurried)
		config.link.connect_ms = 150;
	start();
	WAIT(ready_soon(&client) || noted_has("down("));
	if (row->want[0] != '\0')
		WAIT(noted_has("down("));
	config.link.connect_ms = 4000;
	check(row->want[0] != '\0' ? noted_has(row->want) : strcmp(notes, "ready;") == 0, "%s: %s",
	      row->name, notes);
	check(!noted_has("secret"), "%s: tells nobody the password: %s", row->name, notes);
	check(pushes >= row->pushes, "%s: %u pushes", row->name, pushes);
	is_well_again(row->name);
	end(&h);
}

/* To SUBSCRIBE c; [want] is what becomes of the GET behind it. */
#define SUBSCRIBE(name_, wrong_, want_, ...) \
	LOGIN(name_, wrong_, want_, .to = "SUBSCRIBE", __VA_ARGS__)
static const struct hostile confirmations[] = {
	SUBSCRIBE("a confirmation", CONFIRM("subscribe", "c", ":1"), "+new;", .pushes = 1),
	SUBSCRIBE("a confirmation in capitals", ">3\r\n+SUBSCRIBE\r\n+c\r\n:1\r\n", "+new;",
		  .pushes = 1),
	SUBSCRIBE("a refusal",
		  "-NOPERM this user has no permissions to access one of the channels\r\n", "+new;",
		  .pushes = 1),
	SUBSCRIBE("a refusal as a blob", "!9\r\nNOPERM no\r\n", "+new;", .pushes = 1),
	SUBSCRIBE("a message before the confirmation",
		  ">3\r\n+message\r\n+c\r\n+hi\r\n" CONFIRM("subscribe", "c", ":1"), "+new;",
		  .pushes = 2),
	SUBSCRIBE("a confirmation and a message",
		  CONFIRM("subscribe", "c", ":1") ">3\r\n+message\r\n+c\r\n+hi\r\n", "+new;",
		  .pushes = 2),
	SUBSCRIBE("an OK", "+OK\r\n", "!proto;", .rc = RESP_EUNASKED),
	SUBSCRIBE("a number", ":1\r\n", "!proto;", .rc = RESP_EUNASKED),
	SUBSCRIBE("a null", "_\r\n", "!proto;", .rc = RESP_EUNASKED),
	SUBSCRIBE("an array, as by RESP2", "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n", "!proto;",
		  .rc = RESP_EUNASKED),
	SUBSCRIBE("a push inside the push", ">3\r\n>0\r\n", "!proto;", .rc = RESP_ENEST),
	SUBSCRIBE("a confirmation cut off", ">3\r\n$9\r\nsubscribe\r\n", "!lost;", .end = CLOSES),
	SUBSCRIBE("an end", "", "!lost;", .end = CLOSES),
	SUBSCRIBE("by RESP2, a confirmation", "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n", "+new;",
		  .old = true, .pushes = 1),
	SUBSCRIBE("by RESP2, a refusal", "-NOPERM no\r\n", "+new;", .old = true, .pushes = 1),
	SUBSCRIBE("by RESP2, another array", "*3\r\n$9\r\nsubscribed\r\n$1\r\nc\r\n:1\r\n",
		  "!proto;", .old = true, .rc = RESP_EUNASKED),
	SUBSCRIBE("by RESP2, an OK", "+OK\r\n", "!proto;", .old = true, .rc = RESP_EUNASKED),
	/* The reply to GET is taken for the confirmation, for nothing may stand before it. */
	SUBSCRIBE("nothing", "", "!proto;", .rc = RESP_EUNASKED),
	SUBSCRIBE("a confirmation of another kind", CONFIRM("psubscribe", "c", ":1"), "!proto;",
		  .rc = RESP_EUNASKED),
	SUBSCRIBE("a confirmation without a count", ">2\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n",
		  "!proto;", .rc = RESP_EUNASKED),
	SUBSCRIBE("a confirmation with a text for a count", CONFIRM("subscribe", "c", "+1"),
		  "!proto;", .rc = RESP_EUNASKED),
};

static void subscribes(const struct hostile *row)
{
	const struct span argv[] = {SPAN("SUBSCRIBE"), SPAN("c")};
	uint8_t names[16];
	struct hostile_server h;
	hostile_open(&h, row, AT_ONCE);
	begin(&h);
	start();
	redis_remember(&client, names, sizeof names);
	WAIT(ready_soon(&client));
	check(redis_subscribe(&client, 2, argv) == 0, "%s: sent", row->name);
	ask(row);
	WAIT(unanswered == 0);
	check(strcmp(replies, row->want) == 0, "%s: %s, not %s", row->name, replies, row->want);
	WAIT(pushes >= row->pushes);
	is_well_again(row->name);
	end(&h);
}

int main(void)
{
	hostile_fill();
	for (size_t i = 0; i < sizeof logins / sizeof *logins; i++)
		logs_in(&logins[i]);
	ok(failures() == 0, "%zu logins", sizeof logins / sizeof *logins);
	int before = failures();
	for (size_t i = 0; i < sizeof confirmations / sizeof *confirmations; i++)
		subscribes(&confirmations[i]);
	ok(failures() == before, "%zu subscriptions", sizeof confirmations / sizeof *confirmations);
	return done();
}
