/* The end of a Redis client, in each phase and from within each callback. */
#include "unit/redis_client.h"

static void stop(void)
{
	redis_stop(&client);
	note("stop;");
}

static void stops_waiting(void)
{
	begin();
	start();
	end_calmly("not begun");

	begin();
	start();
	peer_take(&peer);
	peer_hang_up(&peer);
	UNTIL(noted > 0);
	end_calmly("waiting for the next attempt");
	redis_stop(&client);
	ok(client.link.state == LINK_OFF, "stopped twice");
}

/* A listener whose queue is full answers no SYN. */
static void stops_dialling(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fillers[2];
	begin();
	sa.sin_port = htons(peer.port);
	listen(peer.listener, 0);
	for (size_t i = 0; i < 2; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)!connect(fillers[i], (struct sockaddr *)&sa, sizeof sa);
	}
	config.link.connect_ms = 60;
	start();
	UNTIL(noted_has("down("));
	ok(noted_has("down(deadline passed);") || noted_has("timed out"), "nobody answers: %s",
	   notes);
	config.link.connect_ms = 5000;
	UNTIL(client.link.state == LINK_DIALLING);
	run_for(20);
	is_int(client.link.state, LINK_DIALLING, "a dial is under way");
	end_calmly("dialling");
	for (size_t i = 0; i < 2; i++)
		close(fillers[i]);
}

static void stops_logging_in(void)
{
	begin();
	start();
	peer_take(&peer);
	peer_hear(&peer, strlen(HELLO));
	peer_say(&peer, "%1\r\n");
	one_turn();
	redis_stop(&client);
	peer_say(&peer, "+a\r\n+b\r\n");
	run_for(20);
	ok(peer_sees_end(&peer), "closed");
	end_calmly("logging in");
}

static void stops_asking(void)
{
	begin_ready();
	struct ask *a = ask('a'), *b = ask('b');
	peer_hear(&peer, 2 * strlen(PING));
	peer_forget(&peer);
	struct ask *c = ask('c');
	redis_stop(&client);
	ask('d');
	peer_say(&peer, "+1\r\n");
	peer_heard(&peer, PING, "what was written is sent before the end");
	UNTIL(peer_sees_end(&peer));
	noted_is("d-down;", "and no reply comes after it");
	run_for(80);
	ok(!peer_takes(&peer), "and nobody comes again");
	end_calmly("in flight");
	free(a);
	free(b);
	free(c);
}

static void stops_closing(void)
{
	begin_ready();
	struct ask *a = ask('a');
	peer_hear(&peer, strlen(PING));
	link_break(&client.link, NET_ECLOSED);
	redis_stop(&client);
	end_calmly("closing");
	free(a);
}

static void stops_in_callbacks(void)
{
	begin();
	at_ready = stop;
	start();
	peer_take(&peer);
	peer_hear(&peer, strlen(HELLO));
	peer_say(&peer, WELCOME "+unasked\r\n");
	UNTIL(noted_has("stop"));
	run_for(20);
	noted_is("ready;stop;", "from within ready");
	end_calmly("in ready");

	begin_ready();
	ask_then('a', 5000, stop);
	struct ask *b = ask('b');
	peer_hear(&peer, 2 * strlen(PING));
	peer_say(&peer, "+1\r\n+2\r\n");
	peer_hang_up(&peer);
	UNTIL(noted_has("stop"));
	run_for(20);
	noted_is("a=+1;stop;", "from within a reply");
	end_calmly("in item");
	free(b);

	begin_ready();
	ask_then('a', 5000, stop);
	b = ask('b');
	peer_hear(&peer, 2 * strlen(PING));
	peer_hang_up(&peer);
	UNTIL(noted_has("stop"));
	run_for(20);
	noted_is("a!lost;stop;", "from within failed: the others and down are not called");
	end_calmly("in failed");
	free(b);

	begin_ready();
	at_push = stop;
	peer_say(&peer, ">1\r\n+x\r\n>1\r\n+x\r\n");
	UNTIL(noted_has("stop"));
	run_for(20);
	noted_is(">1 .+x;stop;", "from within a push");
	end_calmly("in push");

	begin_ready();
	at_down = stop;
	peer_hang_up(&peer);
	UNTIL(noted_has("stop"));
	run_for(80);
	noted_is("down(peer closed the connection);stop;", "from within down");
	ok(!peer_takes(&peer), "and nobody comes again");
	end_calmly("in down");
}

int main(void)
{
	unsigned before = descriptors();
	stops_waiting();
	stops_dialling();
	stops_logging_in();
	stops_asking();
	stops_closing();
	stops_in_callbacks();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
