/* The Redis client when things go wrong: losses and nonsense. */
#include "unit/redis_client.h"

static void loses(void)
{
	static const struct {
		const char *name, *says, *want;
		bool reset;
	} rows[] = {
		{"nothing said", "", "a!lost;b!lost;c!lost;down(peer closed the connection);",
		 false},
		{"one reply", "+1\r\n", "a=+1;b!lost;c!lost;down(peer closed the connection);",
		 false},
		{"half a reply", "+1\r\n*2\r\n:7\r\n$5\r\nhe",
		 "a=+1;b=*2 .:7 b!lost;c!lost;down(peer closed the connection);", false},
		{"all replies", "+1\r\n+2\r\n+3\r\n",
		 "a=+1;b=+2;c=+3;down(peer closed the connection);", false},
		{"a reset", "", "a!lost;b!lost;c!lost;down(connection reset by peer);", true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin_ready();
		ask('a');
		ask('b');
		ask('c');
		peer_hear(&peer, 3 * strlen(PING));
		peer_say(&peer, rows[i].says);
		if (rows[i].reset)
			peer_reset(&peer);
		else
			peer_hang_up(&peer);
		UNTIL(noted_has("down"));
		noted_is(rows[i].want, rows[i].name);
		ask('d');
		noted_is("d-down;", "while it is down nothing is sent");
		is_well_again(rows[i].name);
	}
}

static void hears_nonsense(void)
{
	static const struct {
		const char *name, *says, *want;
		bool asked;
	} rows[] = {
		{"garbage", "what?\r\n", "a!proto;down(unknown type byte);", true},
		{"garbage unasked", "what?\r\n", "down(unknown type byte);", false},
		{"a reply nobody asked for", "+OK\r\n", "down(reply without a request);", false},
		{"one reply too many", "+1\r\n+2\r\n", "a=+1;down(reply without a request);", true},
		{"garbage inside of a reply", "*2\r\n+1\r\n?\r\n",
		 "a=*2 .+1 a!proto;down(unknown type byte);", true},
		{"a bulk above the limit", "$1001\r\n", "a!proto;down(reply above a limit);", true},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin();
		config.limits.bulk = 1000;
		start();
		log_in();
		notes_forget();
		if (rows[i].asked) {
			ask('a');
			peer_hear(&peer, strlen(PING));
		}
		peer_say(&peer, rows[i].says);
		UNTIL(noted_has("down"));
		noted_is(rows[i].want, rows[i].name);
		is_well_again(rows[i].name);
	}
}

/* More than the input bound before a reply is whole: the codec's limit is larger here. */
static void hears_too_much(void)
{
	static char big[20000];
	memset(big, 'x', sizeof big - 1);
	begin();
	config.link.in_max = 10000;
	start();
	log_in();
	ask('a');
	peer_hear(&peer, strlen(PING));
	notes_forget();
	peer_say(&peer, "$30000\r\n");
	peer_say(&peer, big);
	UNTIL(noted_has("down"));
	noted_is("a!proto;down(peer sent more than the input bound);", "a reply above the bound");
	is_well_again("too much");
}

/* Each loss has its own reason. */
static void tells_each_reason(void)
{
	begin_ready();
	peer_say(&peer, "?\r\n");
	UNTIL(noted > 0);
	noted_is("down(unknown type byte);", "garbage");
	peer_take(&peer);
	peer_hear(&peer, strlen(HELLO));
	peer_hang_up(&peer);
	UNTIL(noted > 0);
	noted_is("down(peer closed the connection);", "then an end");
	is_well_again("reasons");
}

/* A dial that is given up may have reached the peer already. */
static void gives_up_a_dial(void)
{
	begin();
	start();
	UNTIL(client.link.state == LINK_DIALLING);
	link_break(&client.link, NET_EDEADLINE);
	noted_is("down(deadline passed);", "a dial that is given up");
	run_for(10);
	if (peer_takes(&peer))
		ok(peer_sees_end(&peer), "it is over");
	is_well_again("given up");
}

/* The replies to quiet commands are nobody's. */
static void sends_quietly(void)
{
	const struct span multi[] = {SPAN("MULTI")};
	begin_ready();
	redis_send_quiet(&client, 1, multi);
	ask('a');
	peer_hear(&peer, 15 + strlen(PING));
	peer_say(&peer, "+OK\r\n+QUEUED\r\n");
	UNTIL(noted_has("a="));
	redis_send_quiet(&client, 1, multi);
	ask('b');
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	ok(noted_has("a=+QUEUED;b!unsent;down("), "quiet ones say nothing: %s", notes);
	is_well_again("quiet");
}

/* What is sent between the loss and its being told was not sent. */

static struct net_task between;

static void ask_when_closing(struct net_task *t)
{
	if (client.link.conn.closing)
		ask('x');
	else
		net_task_put(&loop, t, ask_when_closing);
}

static void sends_while_closing(void)
{
	begin_ready();
	ask('a');
	peer_hear(&peer, strlen(PING));
	peer_hang_up(&peer);
	net_task_put(&loop, &between, ask_when_closing);
	UNTIL(noted_has("down("));
	noted_is("x-down;a!lost;down(peer closed the connection);", "between loss and word of it");
	is_well_again("closing");
}

/* From within [failed] nothing can be sent, and asking for more does not go on for ever. */
static void ask_again(void)
{
	ask_then('x', 5000, ask_again);
}

static void sends_from_failed(void)
{
	begin_ready();
	at_down = ask_again;
	ask_then('a', 5000, ask_again);
	ask_then('b', 5000, ask_again);
	peer_hear(&peer, 2 * strlen(PING));
	peer_hang_up(&peer);
	UNTIL(noted_has("down("));
	noted_is("a!lost;x-down;b!lost;x-down;down(peer closed the connection);x-down;",
		 "asked from within failed and down");
	at_down = NULL;
	is_well_again("failed");
}

int main(void)
{
	unsigned before = descriptors();
	loses();
	hears_nonsense();
	hears_too_much();
	tells_each_reason();
	gives_up_a_dial();
	sends_quietly();
	sends_while_closing();
	sends_from_failed();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
