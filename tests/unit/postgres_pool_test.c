/* The pool, with a server that answers by itself on many connections, or holds its answers back. */
#include "unit/postgres_client.h"

#include "drivers/postgres_pool.h"

enum { SIZE = 3, PEERS = 16 };

/* The server. */

static struct side_of_server {
	int fd;
	bool begun;
	char status;
	size_t n, requests; /* bytes that are kept; simple queries and Syncs */
	char sql[128];      /* of the last simple query */
	uint8_t in[8192];
} sides[PEERS];
static unsigned taken, let_in_at_most;
static bool mute; /* takes everything, says nothing */

static void say_to(struct side_of_server *s, const char *letters)
{
	int kept = peer.fd;
	peer.fd = s->fd;
	pg_say(letters);
	peer.fd = kept;
}

static void say_status(struct side_of_server *s)
{
	uint8_t z[6] = {'Z', 0, 0, 0, 5, (uint8_t)s->status};
	struct peer p = {.fd = s->fd};
	peer_says(&p, span_of(z, sizeof z));
}

static void answer(struct side_of_server *s, char type, struct span body)
{
	if (type == 'S' || type == 'Q')
		s->requests++;
	if (type == 'Q') {
		snprintf(s->sql, sizeof s->sql, "%s", (const char *)body.p);
		if (span_starts(body, SPAN("BEGIN")))
			s->status = 'T';
		say_to(s, body.n > 1 ? "C" : "I");
	}
	/* A statement's description has its parameters first. */
	if (type == 'D' && body.p[0] == 'S')
		say_to(s, "t");
	static const struct {
		char type;
		const char *says;
	} answers[] = {{'P', "1"}, {'D', "T"}, {'B', "2"}, {'E', "DC"}, {'C', "3"}};
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		if (answers[i].type == type)
			say_to(s, answers[i].says);
	if (type == 'S' || type == 'Q')
		say_status(s);
}

static void serve_side(struct side_of_server *s)
{
	ssize_t got = recv(s->fd, s->in + s->n, sizeof s->in - s->n, MSG_DONTWAIT);
	if (got == 0 || (got < 0 && errno != EAGAIN)) {
		close(s->fd);
		s->fd = -1;
		return;
	}
	s->n += got > 0 ? (size_t)got : 0;
	while (!mute && s->n >= 5) {
		size_t head = s->begun ? 1 : 0, size = get_be32(s->in + head) + head;
		if (size > s->n)
			return;
		if (s->begun)
			answer(s, (char)s->in[0], span_of(s->in + 5, size - 5));
		else
			say_to(s, WELCOME);
		s->begun = true;
		s->n -= size;
		memmove(s->in, s->in + size, s->n);
	}
}

static unsigned serve_all(void)
{
	unsigned open = 0;
	for (size_t i = 0; i < PEERS; i++) {
		struct side_of_server *s = &sides[i];
		if (s->fd < 0 && taken < let_in_at_most) {
			s->fd = accept4(peer.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
			if (s->fd >= 0) {
				*s = (struct side_of_server){.fd = s->fd, .status = 'I'};
				setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
				taken++;
			}
		}
		if (s->fd >= 0)
			serve_side(s);
		open += s->fd >= 0;
	}
	return open;
}

/* Turns in which the server does its part. */
#define SERVE(held) UNTIL((serve_all(), (held)))

static bool serve_for(unsigned ms)
{
	for (uint64_t until = clock_ms() + ms; clock_ms() < until;) {
		serve_all();
		one_turn();
		usleep(1000);
	}
	return true;
}

/* The pool. */

static struct postgres_pool pool;
static struct postgres_slot slots[SIZE];
static struct postgres_pool_config pooled;
static struct postgres_pool_counters now;

static void begin_pool(void)
{
	begin();
	config.statement_count = 0;
	pooled = (struct postgres_pool_config){.client = config, .depth = 2, .grace_ms = 1000};
	for (size_t i = 0; i < PEERS; i++)
		sides[i].fd = -1;
	taken = 0;
	let_in_at_most = 1000;
	mute = false;
}

static void open_pool(void)
{
	postgres_pool_open(&pool, &loop, &pooled, slots, SIZE);
}

static void count_now(void)
{
	postgres_pool_counters_get(&pool, &now);
}

static bool ready_is(size_t n)
{
	count_now();
	return now.ready == n;
}

static void end_pool(const char *name)
{
	postgres_pool_close(&pool);
	notes_forget();
	SERVE(postgres_pool_is_closed(&pool));
	SERVE(serve_all() == 0);
	is_str(notes, "", "%s: closed, and nothing comes", name);
	peer_close(&peer);
	net_loop_close(&loop);
}

static void sends(char name)
{
	struct ask *a = calloc(1, sizeof *a);
	if (a == NULL)
		bail("out of memory");
	*a = (struct ask){{.row = ask_row, .done = ask_done}, name, NULL};
	int rc = postgres_pool_send(&pool, &a->q, 5000, &number, NULL, 0);
	if (rc == 0)
		return;
	note("%c-%s;", name, postgres_word(rc));
	free(a);
}

struct leased {
	struct postgres_lease lease;
	char name;
	struct postgres *p;
};

static void on_taken(struct postgres_lease *lease, struct postgres *p, int rc)
{
	struct leased *l = (struct leased *)lease;
	l->p = p;
	note("%c:%s;", l->name, postgres_word(rc));
}

static void take(struct leased *l, char name, uint32_t ms)
{
	*l = (struct leased){{.taken = on_taken}, name, NULL};
	int rc = postgres_pool_take(&pool, &l->lease, ms);
	if (rc < 0)
		note("%c-%s;", name, postgres_word(rc));
}

static void spreads(void)
{
	begin_pool();
	open_pool();
	sends('a');
	noted_is("a-down;", "none is there at first");
	SERVE(ready_is(1));
	sends('a');
	sends('b');
	SERVE(noted_has("b="));
	noted_is("a 7;a=ok;b 7;b=ok;", "one carries two");
	mute = true;
	sends('a');
	sends('b');
	sends('c');
	mute = false;
	SERVE(ready_is(2));
	mute = true;
	SERVE(noted_has("c="));
	notes_forget();
	count_now();
	ok(now.on == 2 && now.idle == 2 && now.in_flight == 0, "the third opened another one");
	for (char c = 'a'; c < 'e'; c++)
		sends(c);
	is_int(slots[0].p.session.count, 2, "two on the one");
	is_int(slots[1].p.session.count, 2, "two on the other");
	mute = false;
	SERVE(now.ready == 2 && noted_has("d="));
	ok(noted_has("a=ok") && noted_has("b=ok") && noted_has("c=ok"), "all answered");
	is_int((long)pool.sent, 9, "counted");
	end_pool("spread");
}

static void keeps_least(void)
{
	begin_pool();
	pooled.least = 2;
	pooled.idle_ms = 1;
	open_pool();
	SERVE(ready_is(2));
	mute = true;
	for (int i = 0; i < 5; i++)
		sends('a');
	mute = false;
	SERVE(ready_is(3));
	SERVE(ready_is(2));
	is_int((long)pool.closed, 1, "the one above is closed when it is idle");
	mute = true;
	for (int i = 0; i < 5; i++)
		sends('a');
	mute = false;
	SERVE(ready_is(3));
	is_int((long)pool.opened, 4, "and opened again");
	serve_for(20);
	end_pool("least");
}

static void leases(void)
{
	struct leased a, b, c, d, e;
	begin_pool();
	pooled.waiting = 2;
	open_pool();
	take(&a, 'a', 5000);
	take(&b, 'b', 5000);
	take(&c, 'c', 5000);
	noted_is("c-full;", "a bound on the queue");
	SERVE(noted_has("b:"));
	noted_is("a:ok;b:ok;", "first come, first served");
	ok(a.p != b.p, "each has one");
	take(&c, 'c', 5000);
	SERVE(noted_has("c:"));
	noted_is("c:ok;", "the last one");
	sends('x');
	noted_is("x-full;", "none is left for others");
	take(&d, 'd', 40);
	take(&e, 'e', 5000);
	SERVE(noted_has("d:"));
	noted_is("d:unsent;", "nor for who cannot wait");
	postgres_pool_give(&b.lease);
	postgres_pool_give(&b.lease);
	SERVE(noted_has("e:"));
	noted_is("e:ok;", "given back, and taken");
	ok(e.p == b.p, "by who waited");
	take(&d, 'd', 5000);
	postgres_pool_give(&d.lease);
	postgres_pool_give(&a.lease);
	serve_for(20);
	noted_is("", "who left the queue gets none");
	count_now();
	ok(now.leased == 2 && now.waiting == 0, "two are taken");
	sends('x');
	SERVE(noted_has("x="));
	noted_is("x 7;x=ok;", "the other is shared");
	is_int((long)pool.timeouts, 1, "one was too late");
	postgres_pool_give(&c.lease);
	postgres_pool_give(&e.lease);
	end_pool("leases");
}

/* Who waits gets a connection although there is always something to pipeline. */
static void is_not_starved(void)
{
	struct leased a;
	begin_pool();
	pooled.least = 1;
	postgres_pool_open(&pool, &loop, &pooled, slots, 1);
	SERVE(ready_is(1));
	mute = true;
	sends('x');
	take(&a, 'a', 5000);
	serve_for(5);
	sends('y');
	noted_is("y-full;", "nothing more is pipelined");
	mute = false;
	SERVE(noted_has("a:"));
	noted_is("x 7;x=ok;a:ok;", "so it becomes idle");
	postgres_pool_give(&a.lease);
	serve_for(5);
	sends('z');
	SERVE(noted_has("z="));
	noted_is("z 7;z=ok;", "and is shared again");
	end_pool("starved");
}

static const char *last_sql(void)
{
	for (size_t i = 0; i < PEERS; i++)
		if (sides[i].fd >= 0)
			return sides[i].sql;
	return "";
}

static struct postgres_request word;

static void word_done(struct postgres_request *q, int rc)
{
	(void)q;
	note("word=%s;", postgres_word(rc));
}

static void say_word(struct postgres *p, struct span sql)
{
	word = (struct postgres_request){.done = word_done};
	postgres_put(p, &word, 5000, &(struct pgwire_query){.sql = sql}, PGWIRE_SIMPLE);
}

static void gives_back(void)
{
	struct leased a;
	begin_pool();
	pooled.reset = SPAN("DISCARD ALL");
	postgres_pool_open(&pool, &loop, &pooled, slots, 1);
	take(&a, 'a', 5000);
	SERVE(noted_has("a:"));
	postgres_pool_give(&a.lease);
	take(&a, 'b', 5000);
	noted_is("a:ok;", "taken and given back");
	SERVE(noted_has("b:"));
	noted_is("b:ok;", "taken again");
	is_str(last_sql(), "DISCARD ALL", "reset in between");
	say_word(a.p, SPAN("BEGIN"));
	SERVE(noted_has("word"));
	noted_is("word=ok;", "a transaction begins");
	postgres_pool_give(&a.lease);
	SERVE(slots[0].p.losses == 1 && ready_is(1));
	ok(true, "given back in it: made anew");
	notes_forget();
	take(&a, 'a', 5000);
	SERVE(noted_has("a:"));
	say_word(a.p, SPAN("SELECT"));
	postgres_pool_give(&a.lease);
	SERVE(noted_has("word"));
	noted_is("a:ok;word=unsent;", "given back with a request in flight");
	SERVE(ready_is(1));
	end_pool("given back");
}

static void checks(void)
{
	struct leased a;
	begin_pool();
	pooled.check_ms = 20;
	pooled.least = 1;
	postgres_pool_open(&pool, &loop, &pooled, slots, 1);
	SERVE(ready_is(1));
	take(&a, 'a', 5000);
	SERVE(noted_has("a:"));
	is_int((long)pool.checks, 0, "not idle for long");
	postgres_pool_give(&a.lease);
	serve_for(40);
	notes_forget();
	take(&a, 'a', 5000);
	SERVE(noted_has("a:"));
	noted_is("a:ok;", "idle for long");
	is_int((long)pool.checks, 1, "asked before");
	postgres_pool_give(&a.lease);
	serve_for(40);
	/* Dead, and nobody knows. */
	mute = true;
	pooled.client.link.connect_ms = 60;
	pooled.grace_ms = 0;
	slots[0].p.late = NULL;
	take(&a, 'a', 5000);
	UNTIL(slots[0].p.losses == 1);
	noted_is("", "one that does not answer is not handed out");
	pooled.client.link.connect_ms = 5000;
	mute = false;
	SERVE(noted_has("a:"));
	noted_is("a:ok;", "but a new one is");
	postgres_pool_give(&a.lease);
	end_pool("checks");
}

static void grows_old(void)
{
	begin_pool();
	pooled.life_ms = 60;
	pooled.least = 1;
	postgres_pool_open(&pool, &loop, &pooled, slots, 1);
	SERVE(ready_is(1));
	SERVE(pool.renewed > 0);
	SERVE(ready_is(1));
	ok(pool.opened >= 2, "made anew when it is old");
	serve_for(100);
	unsigned renewed = (unsigned)pool.renewed;
	mute = true;
	sends('x');
	mute = false;
	SERVE(noted_has("x="));
	SERVE(pool.renewed > renewed);
	noted_is("x 7;x=ok;", "and not in the middle of something");
	end_pool("old");
}

static void note_down(struct postgres_pool *p, struct postgres *on, const char *why)
{
	(void)p, (void)on;
	note("down(%s);", why);
}

static void loses(void)
{
	struct leased a;
	begin_pool();
	pooled.down = note_down;
	open_pool();
	take(&a, 'a', 5000);
	SERVE(noted_has("a:"));
	notes_forget();
	shutdown(sides[0].fd, SHUT_RDWR);
	SERVE(noted_has("down"));
	noted_is("down(peer closed the connection);", "a loss is told");
	take(&a, 'b', 5000);
	SERVE(noted_has("b:"));
	noted_is("b:ok;", "another one is there");
	postgres_pool_give(&a.lease);
	end_pool("lost");

	begin_pool();
	let_in_at_most = 0;
	open_pool();
	take(&a, 'a', 40);
	SERVE(noted_has("a:"));
	noted_is("a:unsent;", "a server that lets nobody in");
	end_pool("nobody");
}

int main(void)
{
	unsigned before = descriptors();
	spreads();
	keeps_least();
	leases();
	is_not_starved();
	gives_back();
	checks();
	grows_old();
	loses();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
