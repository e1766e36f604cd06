/* Notifications over losses, changes of mind, and a server that says nothing any more. */
#include "unit/postgres_client.h"

#include "drivers/postgres_listen.h"

static struct postgres_listener listener;

static void on_notify(struct postgres_listener *l, const struct pgwire_notify *n)
{
	(void)l;
	note("%.*s:%.*s;", (int)n->channel.n, (const char *)n->channel.p, (int)n->payload.n,
	     (const char *)n->payload.p);
}

static void on_listening(struct postgres_listener *l)
{
	note("listening %u;", (unsigned)l->count);
}

static void on_away(struct postgres_listener *l, const char *why)
{
	(void)l;
	note("down(%s);", why);
}

static void begin_listening(uint32_t beat_ms)
{
	begin();
	config.statement_count = 0;
	listener = (struct postgres_listener){
		.notify = on_notify, .listening = on_listening, .down = on_away};
	postgres_listener_open(&listener, &loop, &config, beat_ms);
}

static void end_listening(const char *name)
{
	postgres_listener_close(&listener);
	check(listener.beat.link == NULL && listener.p.link.timer.link == NULL, "no timer is left");
	notes_forget();
	run_for(20);
	is_str(notes, "", "%s: closed, and nothing comes", name);
	peer_close(&peer);
	net_loop_close(&loop);
}

/* The simple query that came. */
static void hear(const char *sql)
{
	UNTIL(pg_has(false, 1));
	is_str(peer.n > 5 ? peer.got + 5 : "", sql, "hears: %s", sql);
	peer_forget(&peer);
}

static void say_notify(const char *channel, const char *payload)
{
	uint8_t buf[128];
	struct out o = out_init(buf, sizeof buf);
	size_t n = strlen(channel) + 1, m = strlen(payload) + 1;
	out_byte(&o, 'A');
	out_be32(&o, (uint32_t)(8 + n + m));
	out_be32(&o, 4711);
	out_mem(&o, channel, n);
	out_mem(&o, payload, m);
	peer_says(&peer, out_span_of(&o));
}

static void remembers(void)
{
	begin_listening(0);
	postgres_listen(&listener, SPAN("a"));
	postgres_listen(&listener, SPAN("b\"c"));
	postgres_listen(&listener, SPAN("a"));
	let_in();
	hear("UNLISTEN *;LISTEN \"a\";LISTEN \"b\"\"c\"");
	pg_say("CCCZ");
	UNTIL(noted_has("listening"));
	noted_is("listening 2;", "what was wanted before it was up");
	say_notify("a", "1");
	say_notify("B", "2");
	say_notify("b\"c", "");
	UNTIL(noted_has("c:"));
	noted_is("a:1;b\"c:;", "what was wanted, and no other");

	postgres_listen(&listener, SPAN("d"));
	postgres_unlisten(&listener, SPAN("a"));
	postgres_unlisten(&listener, SPAN("nothing"));
	hear("UNLISTEN *;LISTEN \"a\";LISTEN \"b\"\"c\";LISTEN \"d\"");
	pg_say("CCCCZ");
	hear("UNLISTEN *;LISTEN \"d\";LISTEN \"b\"\"c\"");
	pg_say("CCCZ");
	UNTIL(noted_has("listening"));
	noted_is("listening 2;", "two changes, told when all is done");

	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	postgres_listen(&listener, SPAN("e"));
	let_in();
	hear("UNLISTEN *;LISTEN \"d\";LISTEN \"b\"\"c\";LISTEN \"e\"");
	pg_say("CCCCZ");
	UNTIL(noted_has("listening"));
	noted_is("down(peer closed the connection);listening 3;", "again after a loss");
	end_listening("remembered");
}

static void has_bounds(void)
{
	char name[POSTGRES_CHANNEL_MAX + 2];
	memset(name, '"', sizeof name);
	begin_listening(0);
	is_int(postgres_listen(&listener, SPAN("")), POSTGRES_EREQUEST, "no name");
	is_int(postgres_listen(&listener, SPAN("a\0b")), POSTGRES_EREQUEST, "a NUL");
	is_int(postgres_listen(&listener, span_of(name, POSTGRES_CHANNEL_MAX + 1)),
	       POSTGRES_EREQUEST, "too long");
	for (int i = 0; i < POSTGRES_CHANNELS; i++) {
		name[0] = (char)('A' + i);
		check(postgres_listen(&listener, span_of(name, POSTGRES_CHANNEL_MAX)) == 0,
		      "as many as there may be");
	}
	is_int(postgres_listen(&listener, SPAN("one more")), POSTGRES_EFULL, "and no more");
	let_in();
	UNTIL(pg_has(false, 1));
	is_int((long)peer.n,
	       5 + 10 + POSTGRES_CHANNELS * (8 + 2 + 2 * POSTGRES_CHANNEL_MAX - 1) + 1,
	       "all of them in one query");
	end_listening("bounds");
}

static void finds_a_dead_one(void)
{
	begin_listening(20);
	config.link.connect_ms = 60;
	let_in();
	hear("UNLISTEN *");
	pg_say("CZ");
	UNTIL(noted_has("listening"));
	notes_forget();
	hear("");
	pg_say("IZ");
	hear("");
	pg_say("IZ");
	run_for(5);
	noted_is("", "signs of life are silent");
	UNTIL(noted_has("down"));
	noted_is("down(no answer before the deadline);", "none comes: it is dead");
	config.link.connect_ms = 5000;
	let_in();
	hear("UNLISTEN *");
	pg_say("EZ");
	UNTIL(noted_has("down"));
	noted_is("down(no such table);", "one that refuses is given up");
	end_listening("dead");
}

int main(void)
{
	unsigned before = descriptors();
	remembers();
	has_bounds();
	finds_a_dead_one();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
