/*
 * The Redis client of the loop against servers that log it in wrongly, or not at all, and that
 * confirm a subscription wrongly. The next connection is a good one.
 */
#include "integration/redis_hostile_client.h"
#include "integration/redis_hostile_logins.h"

#define CONFIRM(kind, channel, total) ">3\r\n$9\r\n" kind "\r\n$1\r\n" channel "\r\n" total "\r\n"

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
