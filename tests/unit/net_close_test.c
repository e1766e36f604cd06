#include "unit/net_side.h"

#include <stdlib.h>

#define MEGABYTE (1 << 20)

static uint8_t stream[MEGABYTE];
static uint8_t got[MEGABYTE];

/* All that comes until the end; -errno when that is not what the peer sees. */
static ssize_t take_all(struct side *s, size_t step)
{
	size_t at = 0;
	for (int idle = 0; idle < 2000;) {
		ssize_t n = take_peer(s, got + at, sizeof got - at < step ? sizeof got - at : step);
		if (n == 0)
			return (ssize_t)at;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
		idle = n > 0 ? 0 : idle + 1;
		if (idle > 100)
			usleep(1000);
		one_turn();
	}
	return -ETIMEDOUT;
}

static void small_send_buffer(struct side *s)
{
	setsockopt(s->c.src.fd, SOL_SOCKET, SO_SNDBUF, &(int){8192}, sizeof(int));
}

static void test_finish(enum kind kind)
{
	const char *name = kind_names[kind];
	struct side s;
	open_loop();
	open_side(&s, kind, 1000, MEGABYTE);
	small_send_buffer(&s);
	net_write(&s.c, span_of(stream, 500000));
	net_finish(&s.c, false);
	net_finish(&s.c, true);
	ok(!net_write(&s.c, SPAN("x")) && net_out_open(&s.c, 1).over, "%s: the last words", name);
	net_write_ref(&s.c, SPAN("x"));
	one_turn();
	send_peer(&s, SPAN("not read any more"));
	ok(stays_calm() && s.inputs == 0 && s.closes == 0, "%s: input is over", name);
	uint64_t due = s.c.timer.due;
	usleep(20 * 1000);
	for (int i = 0; i < 1000 && s.closes == 0 && s.c.timer.due == due; i++) {
		take_peer(&s, got, 5000);
		one_turn();
	}
	ok(s.c.timer.due >= due + 20 && s.closes == 0, "%s: a peer that is slow has time", name);
	take_all(&s, 50000);
	UNTIL(s.closes == 1);
	ok(s.why == NET_ECLOSED && s.c.sent == 500000, "%s: closed when all is sent", name);
	close_peer(&s);

	open_side(&s, kind, 1000, MEGABYTE);
	small_send_buffer(&s);
	net_write(&s.c, span_of(stream, 500000));
	net_finish(&s.c, true);
	one_turn();
	/* What the kernel still takes in between is progress, too. */
	for (int i = 0; i < 100 && s.closes == 0; i++) {
		net_timer_set(&loop, &s.c.timer, 1, s.c.timer.fire);
		run_for(40);
	}
	ok(s.closes == 1 && s.why == NET_ESLOW, "%s: one that takes nothing has not", name);
	close_peer(&s);

	open_side(&s, kind, 1000, 1000);
	net_finish(&s.c, false);
	one_turn();
	ok(s.closes == 1 && take_all(&s, 1) == 0, "%s: nothing to send", name);
	close_peer(&s);
	net_loop_close(&loop);
}

static void on_refuse(struct side *s)
{
	net_write(&s->c, span_of(stream, 1000));
	net_finish(&s->c, true);
}

/*
 * The client has sent much more than what made us refuse it. Closed at once, with bytes unread,
 * the socket would answer with a reset, and the client might never see the refusal.
 */
static void test_linger(enum kind kind)
{
	const char *name = kind_names[kind];
	struct side s;
	open_loop();
	open_side(&s, kind, 1000, 2000);
	s.input = on_refuse;
	const uint32_t most = 8 * MEGABYTE;
	size_t at = 0;
	for (int i = 0; i < 200 && at < sizeof stream; i++) {
		ssize_t n =
			send(s.peer, stream + at, sizeof stream - at, MSG_DONTWAIT | MSG_NOSIGNAL);
		check(n > 0 || errno == EAGAIN, "the client may send on: %s", strerror(errno));
		at += n > 0 ? (size_t)n : 0;
		one_turn();
	}
	ok(at == sizeof stream && s.inputs == 1 && s.closes == 0, "%s: all is thrown away", name);
	ok(take_all(&s, 100000) == 1000 && memcmp(got, stream, 1000) == 0,
	   "%s: the client reads the answer and FIN", name);
	UNTIL(s.c.in_max == most - (sizeof stream - 1000));
	ok(s.closes == 0 && s.c.in.p == NULL && stays_calm(), "%s: we wait for its FIN", name);
	close_peer(&s);
	UNTIL(s.closes == 1);
	ok(s.why == NET_ECLOSED, "%s: then it is closed", name);

	open_side(&s, kind, 1000, 2000);
	s.input = on_refuse;
	send_peer(&s, SPAN("x"));
	UNTIL(s.c.lingering);
	uint64_t sent = 0;
	while (s.closes == 0 && sent < 16 * MEGABYTE) {
		ssize_t n = send(s.peer, stream, sizeof stream, MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += n > 0 ? (uint64_t)n : 0;
		one_turn();
	}
	ok(s.closes == 1 && sent >= 4 * MEGABYTE, "%s: a client without end is cut", name);
	close_peer(&s);

	open_side(&s, kind, 1000, 2000);
	s.input = on_refuse;
	send_peer(&s, SPAN("x"));
	UNTIL(s.c.lingering);
	ok(s.c.timer.due <= loop.now + NET_LINGER_MS, "%s: it does not wait for ever", name);
	net_timer_set(&loop, &s.c.timer, 1, s.c.timer.fire);
	UNTIL(s.closes == 1);
	ok(s.closes == 1 && s.why == NET_ECLOSED, "%s: for a client that is silent", name);
	close_peer(&s);

	open_side(&s, kind, 1000, 2000);
	s.input = on_refuse;
	send_peer(&s, SPAN("x"));
	shutdown(s.peer, SHUT_WR);
	UNTIL(s.closes == 1);
	ok(take_all(&s, 5000) == 1000, "%s: no wait when it has said all", name);
	close_peer(&s);
	net_loop_close(&loop);
}

static void test_finish_paused(void)
{
	struct side s;
	open_loop();
	open_side(&s, TCP, 1000, 2000);
	net_pause(&s.c);
	for (int i = 0; i < 10; i++)
		send_peer(&s, span_of(stream, 1000));
	one_turn();
	net_write(&s.c, span_of(stream, 1000));
	net_finish(&s.c, true);
	ok(take_all(&s, 5000) == 1000 && s.inputs == 0, "a paused connection is finished");
	close_peer(&s);
	UNTIL(s.closes == 1);
	open_side(&s, TCP, 1000, 2000);
	s.input = on_refuse;
	send_peer(&s, SPAN("x"));
	UNTIL(s.c.lingering);
	reset_peer(&s);
	UNTIL(s.closes == 1);
	ok(s.why == -ECONNRESET, "reset while it lingers");
	net_loop_close(&loop);
}

/* Closing from everywhere. */

static void close_now(struct side *s)
{
	net_close_soon(&s->c, NET_EDEADLINE);
	net_close_soon(&s->c, NET_ECLOSED);
	check(!net_write(&s->c, SPAN("x")), "no output after the end");
	net_write_ref(&s->c, SPAN("x"));
	net_eat(&s->c, 1);
	net_again(&s->c);
	net_pause(&s->c);
	net_resume(&s->c);
	net_want_drained(&s->c);
	net_shut(&s->c);
	net_finish(&s->c, true);
}

static void on_late(struct net_timer *t)
{
	(void)t;
	ok(false, "the timer of a closed connection fired");
}

static void close_and_set(struct side *s)
{
	close_now(s);
	net_timer_set(&loop, &s->c.timer, 0, on_late);
}

static void close_other(struct side *s)
{
	if (s->other->closes == 0)
		close_now(s->other);
}

static void again_and_close(struct side *s)
{
	net_again(&s->c);
	close_now(s);
}

static void on_own_timer(struct net_timer *t)
{
	close_now(side_of((struct net_conn *)((char *)t - offsetof(struct net_conn, timer))));
}

static void test_close_inside(enum kind kind)
{
	const char *name = kind_names[kind];
	struct side s;
	open_loop();
	open_side(&s, kind, 1000, 1000);
	s.input = close_now;
	send_peer(&s, SPAN("abc"));
	UNTIL(s.closes == 1);
	ok(s.inputs == 1 && s.why == NET_EDEADLINE, "%s: closed in input, the first why", name);
	ok(take_all(&s, 10) == 0, "%s: the peer sees it", name);
	close_peer(&s);

	open_side(&s, kind, 1000, 1000);
	s.drained = again_and_close;
	net_write(&s.c, SPAN("abc"));
	net_want_drained(&s.c);
	UNTIL(s.closes == 1);
	ok(s.drains == 1 && take_all(&s, 10) == 3, "%s: closed in drained", name);
	close_peer(&s);

	open_side(&s, kind, 1000, 1000);
	s.input = close_now;
	close_peer(&s);
	UNTIL(s.closes == 1);
	ok(s.saw_eof, "%s: closed at the end of input", name);

	open_side(&s, kind, 1000, 1000);
	s.input = close_and_set;
	send_peer(&s, SPAN("abc"));
	UNTIL(s.closes == 1);
	memset(&s.c, 0xff, sizeof s.c);
	ok(stays_calm(), "%s: closed, and its timer set all the same", name);
	close_peer(&s);

	open_side(&s, kind, 1000, 1000);
	net_timer_set(&loop, &s.c.timer, 1, on_own_timer);
	net_write(&s.c, SPAN("abc"));
	UNTIL(s.closes == 1);
	ok(s.closes == 1 && take_all(&s, 10) == 3, "%s: closed by its timer", name);
	close_peer(&s);

	open_side(&s, kind, 1000, 1000);
	net_write(&s.c, SPAN("abc"));
	net_close_soon(&s.c, NET_ECLOSED);
	one_turn();
	ok(s.closes == 1 && take_all(&s, 10) == 0, "%s: what was not sent is dropped", name);
	close_peer(&s);
	net_loop_close(&loop);
}

static void test_close_other(enum kind kind)
{
	const char *name = kind_names[kind];
	struct side a, b;
	open_loop();
	for (int both = 0; both < 2; both++) {
		open_side(&a, kind, 1000, 1000);
		open_side(&b, kind, 1000, 1000);
		a.other = &b;
		b.other = &a;
		a.input = b.input = close_other;
		/* Both events must come in one turn: wait until they are there. */
		send_peer(&a, SPAN("abc"));
		send_peer(&b, SPAN("abc"));
		char c;
		while (recv(a.c.src.fd, &c, 1, MSG_PEEK) < 0 ||
		       recv(b.c.src.fd, &c, 1, MSG_PEEK) < 0)
			usleep(100);
		if (both) {
			net_write(&a.c, SPAN("x"));
			net_write(&b.c, SPAN("x"));
			net_again(&a.c);
			net_again(&b.c);
		}
		one_turn();
		ok(a.inputs + b.inputs >= 1 && (a.inputs == 0 || b.inputs == 0) &&
			   a.closes + b.closes == 1,
		   "%s: a connection with an event is closed by another", name);
		struct side *left = a.closes == 0 ? &a : &b;
		close_side(left);
		close_peer(left->other);
	}
	open_side(&a, kind, 1000, 1000);
	open_side(&b, kind, 1000, 1000);
	a.other = &b;
	a.closed = close_other;
	close_now(&a);
	one_turn();
	ok(a.closes == 1 && b.closes == 1, "%s: and in closed", name);
	close_peer(&a);
	close_peer(&b);
	net_loop_close(&loop);
}

static void write_other(struct side *s)
{
	net_write(&s->other->c, SPAN("it is gone"));
}

static void open_anew(struct side *s)
{
	close_peer(s);
	open_side(s, UNIX, 1000, 1000);
}

static void free_side(struct side *s)
{
	close(s->peer);
	free(s);
}

static void test_closed(void)
{
	struct side a, b;
	open_loop();
	open_side(&a, UNIX, 1000, 1000);
	open_side(&b, UNIX, 1000, 1000);
	a.other = &b;
	a.closed = write_other;
	net_close_soon(&a.c, NET_EEOF);
	one_turn();
	ok(take_peer(&b, got, sizeof got) == 10, "closed writes to another: sent in this turn");
	close_peer(&a);
	b.closed = open_anew;
	net_close_soon(&b.c, NET_EEOF);
	one_turn();
	send_peer(&b, SPAN("abc"));
	UNTIL(b.inputs == 1);
	ok(b.closes == 0, "closed opens anew in the same place");
	close_side(&b);
	struct side *heap = malloc(sizeof *heap);
	if (heap == NULL)
		bail("no memory");
	open_side(heap, UNIX, 1000, 1000);
	heap->closed = free_side;
	net_write(&heap->c, SPAN("abc"));
	net_want_drained(&heap->c);
	net_close_soon(&heap->c, NET_EEOF);
	one_turn();
	ok(stays_calm(), "closed frees its memory");
	net_loop_close(&loop);
}

static void test_write_errors(enum kind kind)
{
	const char *name = kind_names[kind];
	struct side s;
	open_loop();
	open_side(&s, kind, 1000, MEGABYTE);
	small_send_buffer(&s);
	net_write(&s.c, span_of(stream, MEGABYTE));
	one_turn();
	if (kind == TCP)
		reset_peer(&s);
	else
		close_peer(&s);
	UNTIL(s.closes == 1);
	ok(s.why == -EPIPE || s.why == -ECONNRESET, "%s: the peer goes while we write", name);
	open_side(&s, kind, 1000, MEGABYTE);
	small_send_buffer(&s);
	net_write(&s.c, span_of(stream, MEGABYTE));
	net_finish(&s.c, true);
	one_turn();
	close_peer(&s);
	UNTIL(s.closes == 1);
	ok(s.why == -EPIPE || s.why == -ECONNRESET, "%s: and while we finish", name);
	net_loop_close(&loop);
}

static void eat_all(struct side *s)
{
	size_t n = net_peek(&s->c).n;
	s->pieces += n;
	net_eat(&s->c, n);
}

/* A peer that has heard enough: its answer is there when our next bytes meet the closed door. */
static void test_last_words(enum kind kind)
{
	const char *name = kind_names[kind];
	struct side s;
	open_loop();
	for (int paused = 0; paused < 2; paused++) {
		open_side(&s, kind, 1000, 1000);
		s.input = eat_all;
		send_peer(&s, SPAN("enough"));
		if (paused)
			net_pause(&s.c);
		reset_peer(&s);
		/* Before the loop can tell of either; the first send may be the one that finds out.
		 */
		for (int i = 0; i < 2; i++) {
			net_write(&s.c, SPAN("more"));
			net_conn_settle(&loop);
		}
		UNTIL(s.closes == 1);
		ok(s.why == -EPIPE || s.why == -ECONNRESET, "%s: a send that fails", name);
		is_int((long long)s.pieces, paused ? 0 : 6, "%s: %s", name,
		       paused ? "who does not read loses what was said"
			      : "what was said before is still heard");
		close_peer(&s);
	}
	net_loop_close(&loop);
}

int main(void)
{
	unsigned before = descriptors();
	for (size_t i = 0; i < sizeof stream; i++)
		stream[i] = byte_at(i);
	for (enum kind kind = 0; kind < KINDS; kind++) {
		test_finish(kind);
		test_linger(kind);
		test_close_inside(kind);
		test_close_other(kind);
		test_write_errors(kind);
		test_last_words(kind);
	}
	test_finish_paused();
	test_closed();
	is_int(descriptors(), before, "no descriptor is left behind");
	return done();
}
