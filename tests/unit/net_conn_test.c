#include "unit/net_side.h"

#include <fcntl.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define MANY (256 << 10)

static uint8_t stream[MANY + 64];

static void on_echo(struct side *s)
{
	struct span in = net_peek(&s->c);
	check(net_write(&s->c, in), "echo");
	net_eat(&s->c, in.n);
}

static void on_eat(struct side *s)
{
	s->pieces += net_peek(&s->c).n;
	net_eat(&s->c, net_peek(&s->c).n);
}

static bool is_idle(const struct side *s)
{
	return s->c.in.p == NULL && s->c.out.p == NULL;
}

static void test_echo(enum kind kind)
{
	struct side s;
	char got[16] = "";
	open_loop();
	open_side(&s, kind, 1000, 1000);
	s.input = on_echo;
	ok(stays_calm() && s.inputs == 0 && is_idle(&s), "%s: nothing comes", kind_names[kind]);
	send_peer(&s, SPAN("hello"));
	UNTIL(s.inputs == 1);
	ok(take_peer(&s, got, sizeof got) == 5 && memcmp(got, "hello", 5) == 0 && s.c.sent == 5,
	   "%s: an echo", kind_names[kind]);
	ok(is_idle(&s) && stays_calm(), "%s: an idle connection holds no buffer", kind_names[kind]);
	close_side(&s);
	ok(s.why == NET_ECLOSED, "%s: closed", kind_names[kind]);
	net_loop_close(&loop);
}

/* Pieces of s->piece bytes; what is before the end of one must be shown again, whole. */
static void on_pieces(struct side *s)
{
	while (net_peek(&s->c).n >= s->piece) {
		check(is_stream(net_peek(&s->c), s->from + s->pieces * s->piece),
		      "piece %zu of %zu bytes", s->pieces, s->piece);
		net_eat(&s->c, s->piece);
		s->pieces++;
	}
	check(is_stream(net_peek(&s->c), s->from + s->pieces * s->piece),
	      "the rest of a piece of %zu", s->piece);
}

static void feed(struct side *s, size_t from, size_t to, size_t step)
{
	while (from < to) {
		size_t n = to - from < step ? to - from : step;
		ssize_t sent = send(s->peer, stream + from, n, MSG_DONTWAIT);
		from += sent > 0 ? (size_t)sent : 0;
		one_turn();
	}
}

static void test_pieces(enum kind kind)
{
	static const size_t sizes[] = {1,     2,     1023,  1024,  1025,  16383,  16384,
				       16385, 40000, 65535, 65536, 65537, 100000, 131072};
	static const size_t steps[] = {1, 777, NET_BLOCK, NET_BLOCK + 1, MANY};
	open_loop();
	for (size_t i = 0; i < COUNT(sizes); i++) {
		int failed = failures();
		for (size_t k = 0; k < COUNT(steps); k++) {
			struct side s;
			size_t n = sizes[i], all = n > 1025 ? n + n / 2 : 2 * n + n / 2;
			if (all / steps[k] > 1000)
				continue;
			open_side(&s, kind, (uint32_t)n, 1000);
			s.piece = n;
			s.input = on_pieces;
			feed(&s, 0, all, steps[k]);
			UNTIL(s.pieces == all / n && s.c.in.len - s.c.in.off == all % n);
			feed(&s, all, (s.pieces + 1) * n, steps[k]);
			UNTIL(s.pieces == all / n + 1);
			check(is_idle(&s), "%zu by %zu: no buffer at the end", n, steps[k]);
			close_side(&s);
		}
		ok(failures() == failed, "%s: pieces of %zu bytes in steps", kind_names[kind],
		   sizes[i]);
	}
	ok(loop.spares <= NET_SPARE, "few buffers are kept for later");
	net_loop_close(&loop);
}

/* All receive into one buffer: what one keeps must not depend on what is in it. */
static void test_interleaved(enum kind kind)
{
	struct side sides[3];
	open_loop();
	for (size_t i = 0; i < COUNT(sides); i++) {
		open_side(&sides[i], kind, 1000, 1000);
		sides[i].piece = 5;
		sides[i].from = 1000 * i + i;
		sides[i].input = on_pieces;
	}
	for (size_t at = 0; at < 60; at += at % 4 + 1) {
		for (size_t i = 0; i < COUNT(sides); i++)
			send_peer(&sides[i], span_of(stream + sides[i].from + at, at % 4 + 1));
		one_turn();
	}
	for (size_t i = 0; i < COUNT(sides); i++) {
		UNTIL(sides[i].pieces >= 12);
		close_side(&sides[i]);
	}
	ok(failures() == 0, "%s: several connections with half a piece each", kind_names[kind]);
	net_loop_close(&loop);
}

/* One piece a call: the others wait. */
static void on_one(struct side *s)
{
	if (net_peek(&s->c).n < s->piece)
		return;
	check(is_stream(net_peek(&s->c), s->pieces++ * s->piece), "one piece a turn");
	net_eat(&s->c, s->piece);
	if (net_peek(&s->c).n > 0)
		net_again(&s->c);
}

static void test_again(enum kind kind)
{
	struct side s;
	open_loop();
	open_side(&s, kind, 1000, 1000);
	s.piece = 10;
	s.input = on_one;
	send_peer(&s, span_of(stream, 50));
	UNTIL(s.inputs > 0);
	unsigned before = turns;
	run_for(20);
	ok(s.pieces == 5 && s.inputs == 5 && is_idle(&s) && turns - before <= 8,
	   "%s: net_again for bytes that are here", kind_names[kind]);
	net_again(&s.c);
	one_turn();
	one_turn();
	ok(s.inputs == 5, "%s: but there must be some", kind_names[kind]);
	close_side(&s);
	net_loop_close(&loop);
}

static void test_full(enum kind kind)
{
	static const uint32_t bounds[] = {1, 1000, 1024, NET_BLOCK, 50000, NET_INPUT, 100000};
	open_loop();
	for (size_t i = 0; i < COUNT(bounds); i++) {
		struct side s;
		uint32_t max = bounds[i];
		open_side(&s, kind, max, 1000);
		feed(&s, 0, max, max);
		UNTIL(s.c.in.len - s.c.in.off == max);
		ok(s.closes == 0 && stays_calm(), "%s: %u bytes are kept", kind_names[kind], max);
		send_peer(&s, SPAN("x"));
		UNTIL(s.closes == 1);
		ok(s.why == NET_EFULL, "%s: one more than %u is too much", kind_names[kind], max);
		close_peer(&s);

		open_side(&s, kind, max, 1000);
		feed(&s, 0, max, 997);
		close_peer(&s);
		UNTIL(s.saw_eof || s.closes > 0);
		ok(s.saw_eof && s.closes == 0, "%s: the end behind %u bytes is not",
		   kind_names[kind], max);
		close_side(&s);
	}
	net_loop_close(&loop);
}

static void on_pause(struct side *s)
{
	on_eat(s);
	net_pause(&s->c);
}

static void test_pause(enum kind kind)
{
	const char *name = kind_names[kind];
	struct side s;
	open_loop();
	open_side(&s, kind, 1000, 1000);
	s.input = on_pause;
	send_peer(&s, SPAN("abc"));
	UNTIL(s.inputs == 1);
	send_peer(&s, SPAN("defg"));
	ok(stays_calm() && s.inputs == 1, "%s: nothing comes while paused", name);
	s.input = on_eat;
	net_resume(&s.c);
	UNTIL(s.pieces == 7);
	net_pause(&s.c);
	send_peer(&s, SPAN("h"));
	shutdown(s.peer, SHUT_WR);
	ok(stays_calm() && s.pieces == 7 && !s.saw_eof, "%s: nor the peer's FIN", name);
	net_resume(&s.c);
	UNTIL(s.saw_eof);
	ok(s.pieces == 8 && stays_calm(), "%s: then the bytes, then the end", name);
	close_side(&s);
	net_loop_close(&loop);
}

static void on_three(struct side *s)
{
	net_eat(&s->c, 3);
	net_pause(&s->c);
}

static void on_three_now(struct side *s)
{
	on_three(s);
	s->input = on_eat;
	net_resume(&s->c);
}

static void test_pause_rest(enum kind kind)
{
	const char *name = kind_names[kind];
	struct side s;
	open_loop();
	open_side(&s, kind, 1000, 1000);
	s.input = on_three;
	send_peer(&s, SPAN("abcdef"));
	UNTIL(s.inputs == 1);
	net_again(&s.c);
	ok(stays_calm() && s.inputs == 1, "%s: net_again waits while paused", name);
	s.input = on_eat;
	net_resume(&s.c);
	net_resume(&s.c);
	one_turn();
	ok(s.inputs == 2 && s.pieces == 3, "%s: the rest comes after net_resume", name);
	s.input = on_three_now;
	s.pieces = 0;
	send_peer(&s, SPAN("ghijkl"));
	UNTIL(s.inputs == 4);
	ok(s.pieces == 3, "%s: also when it came during input", name);
	close_side(&s);
	net_loop_close(&loop);
}

/* epoll reports these whether asked or not. */
static void test_pause_hang_up(enum kind kind, bool reset)
{
	const char *name = reset ? "reset" : kind_names[kind];
	struct side s;
	open_loop();
	open_side(&s, kind, 1000, 1000);
	s.input = on_eat;
	net_pause(&s.c);
	send_peer(&s, SPAN("abc"));
	if (reset)
		reset_peer(&s);
	else
		close_peer(&s);
	ok(stays_calm() && s.inputs == 0 && s.closes == 0, "%s: the peer goes while paused", name);
	net_resume(&s.c);
	if (reset) {
		UNTIL(s.closes == 1);
		ok(s.why == -ECONNRESET || s.why == -EPIPE, "%s: found by net_resume", name);
	} else {
		UNTIL(s.saw_eof);
		ok(s.pieces == 3 && stays_calm(), "%s: its last words by net_resume", name);
		close_side(&s);
	}
	open_side(&s, kind, 1000, 1000);
	net_pause(&s.c);
	if (reset)
		reset_peer(&s);
	else
		close_peer(&s);
	stays_calm();
	net_write(&s.c, SPAN("abc"));
	stays_calm();
	net_write(&s.c, SPAN("def"));
	UNTIL(s.closes == 1);
	ok(s.why == -ECONNRESET || s.why == -EPIPE, "%s: found by writing", name);
	net_loop_close(&loop);
}

static void test_half_close(enum kind kind)
{
	const char *name = kind_names[kind];
	struct side s;
	char got[16];
	open_loop();
	open_side(&s, kind, 1000, 1000);
	send_peer(&s, SPAN("ask"));
	UNTIL(s.inputs == 1);
	shutdown(s.peer, SHUT_WR);
	UNTIL(s.inputs == 2);
	ok(s.saw_eof && stays_calm() && s.inputs == 2, "%s: the end is told once", name);
	ok(s.c.in.len - s.c.in.off == 3, "%s: behind what was not eaten", name);
	net_write(&s.c, SPAN("answer"));
	one_turn();
	ok(take_peer(&s, got, sizeof got) == 6, "%s: an answer after the end of input", name);
	close_peer(&s);
	ok(stays_calm() && s.inputs == 2, "%s: then the peer is gone, and nothing spins", name);
	close_side(&s);
	net_loop_close(&loop);
}

static int eager_side(struct side *s, enum kind kind, struct span before, bool eof,
		      void (*input)(struct side *))
{
	int fds[2];
	pair(kind, fds);
	memset(s, 0, sizeof *s);
	s->peer = fds[1];
	s->input = input;
	if (before.n > 0)
		send_peer(s, before);
	if (eof)
		shutdown(s->peer, SHUT_WR);
	return net_conn_open(&loop, &s->c, fds[0], &side_ops, 1000, 1000, true);
}

static void on_answer_and_finish(struct side *s)
{
	on_echo(s);
	net_finish(&s->c, false);
}

static void on_close(struct side *s)
{
	net_close_soon(&s->c, NET_EDEADLINE);
}

static void test_eager(enum kind kind)
{
	const char *name = kind_names[kind];
	struct side s;
	char got[16];
	open_loop();
	ok(eager_side(&s, kind, SPAN("hello"), false, on_echo) == 0 && s.inputs == 1 &&
		   take_peer(&s, got, sizeof got) == 5,
	   "%s: eager: answered before the loop turns", name);
	send_peer(&s, SPAN("again"));
	UNTIL(s.inputs == 2);
	ok(take_peer(&s, got, sizeof got) == 5 && is_idle(&s), "%s: eager: then as usual", name);
	close_side(&s);
	ok(eager_side(&s, kind, SPAN_NONE, false, on_echo) == 0 && s.inputs == 0 && stays_calm(),
	   "%s: eager: nothing is there", name);
	close_side(&s);
	ok(eager_side(&s, kind, SPAN("hel"), false, on_pause) == 0 && s.pieces == 3,
	   "%s: eager: pause", name);
	send_peer(&s, SPAN("lo"));
	ok(stays_calm() && s.inputs == 1, "%s: eager: paused", name);
	net_resume(&s.c);
	UNTIL(s.inputs == 2);
	close_side(&s);
	eager_side(&s, kind, SPAN("x"), false, on_answer_and_finish);
	ok(!s.c.watched && s.closes == 0, "%s: eager: a short exchange costs no epoll_ctl", name);
	one_turn();
	ok(s.closes == 1 && take_peer(&s, got, sizeof got) == 1, "%s: eager: closed", name);
	close_peer(&s);
	eager_side(&s, kind, SPAN("x"), false, on_close);
	one_turn();
	ok(s.closes == 1 && s.why == NET_EDEADLINE, "%s: eager: closed in input", name);
	close_peer(&s);
	eager_side(&s, kind, SPAN_NONE, true, on_eat);
	UNTIL(s.saw_eof);
	ok(s.closes == 0 && stays_calm(), "%s: eager: the peer has closed already", name);
	close_side(&s);
	net_loop_close(&loop);
}

/* The input of the one that is opened must not take the place of the other's. */
static void on_open_other(struct side *s)
{
	eager_side(s->other, UNIX, SPAN("other"), false, on_eat);
	ok(span_eq(net_peek(&s->c), SPAN("hello")), "eager: opened during another's input");
	on_eat(s);
}

static void test_eager_inside(void)
{
	struct side s, other;
	open_loop();
	open_side(&s, UNIX, 1000, 1000);
	s.other = &other;
	s.input = on_open_other;
	send_peer(&s, SPAN("hello"));
	UNTIL(s.inputs == 1);
	UNTIL(other.inputs == 1);
	ok(s.pieces == 5 && other.pieces == 5, "eager: each has its own bytes");
	close_side(&other);
	close_side(&s);
	net_loop_close(&loop);
}

static void test_errors(void)
{
	struct side s = {.peer = -1};
	open_loop();
	int fd = open("/", O_RDONLY | O_CLOEXEC);
	is_int(net_conn_open(&loop, &s.c, fd, &side_ops, 1, 1, false), -EPERM, "no socket");
	one_turn();
	ok(s.closes == 0 && fcntl(fd, F_GETFD) >= 0, "is still the caller's");
	close(fd);
	open_side(&s, TCP, 1000, 1000);
	reset_peer(&s);
	UNTIL(s.closes == 1);
	ok(s.why == -ECONNRESET && s.inputs == 0, "a reset");
	net_loop_close(&loop);
}

int main(void)
{
	unsigned before = descriptors();
	fill_stream(stream, sizeof stream, 0);
	for (enum kind kind = 0; kind < KINDS; kind++) {
		test_echo(kind);
		test_pieces(kind);
		test_interleaved(kind);
		test_again(kind);
		test_full(kind);
		test_pause(kind);
		test_pause_rest(kind);
		test_pause_hang_up(kind, false);
		test_half_close(kind);
		test_eager(kind);
	}
	test_pause_hang_up(TCP, true);
	test_eager_inside();
	test_errors();
	is_int(descriptors(), before, "no descriptor is left behind");
	return done();
}
