#include "unit/net_stream.h"

/* Writes the stream in pieces of 1000 bytes until the peer's silence is felt, then to the bound. */
static size_t fill_up(struct side *s)
{
	size_t at = 0;
	while (at + 1000 < MEGABYTE && net_write(&s->c, span_of(stream + at, 1000))) {
		at += 1000;
		if (net_pending(&s->c) < s->c.out_max)
			one_turn();
	}
	return at;
}

static void test_pressure(enum kind kind)
{
	const char *name = kind_names[kind];
	struct side s;
	open_loop();
	open_side(&s, kind, 1000, 30500);
	small_send_buffer(&s);
	ok(net_room(&s.c) == 30500 && net_pending(&s.c) == 0, "%s: at first all is room", name);
	size_t at = fill_up(&s);
	size_t pending = net_pending(&s.c);
	ok(pending > 29500 && pending <= 30500 && net_room(&s.c) == 30500 - pending,
	   "%s: the room falls while the peer does not read", name);
	ok(!net_write(&s.c, span_of(stream, 1000)) && net_pending(&s.c) == pending,
	   "%s: what passes the bound is refused, all of it", name);
	size_t room = net_room(&s.c);
	ok(!net_write(&s.c, span_of(stream, room + 1)) &&
		   net_write(&s.c, span_of(stream + at, room)) && net_room(&s.c) == 0,
	   "%s: the bound is exact", name);
	at += room;
	ok(!net_write(&s.c, SPAN("x")) && net_write(&s.c, SPAN("")), "%s: nothing more", name);
	net_want_drained(&s.c);
	ok(stays_calm() && s.drains == 0, "%s: drained waits for the peer", name);
	ok(take_stream(&s, 0, at, 5000), "%s: all bytes come, in order", name);
	UNTIL(s.drains > 0);
	ok(stays_calm() && s.drains == 1 && s.c.out.p == NULL && s.c.sent == at, "%s: drained once",
	   name);
	close_side(&s);
	net_loop_close(&loop);
}

/* The peer takes a little less than what is written, in other pieces. */
static void test_slow(enum kind kind)
{
	struct side s;
	size_t in = 0, out = 0, refused = 0;
	open_loop();
	open_side(&s, kind, 1000, 20000);
	small_send_buffer(&s);
	for (size_t i = 0; i < 3000 && in < 600000; i++) {
		size_t n = i * 331 % 1500;
		if (net_write(&s.c, span_of(stream + in, n)))
			in += n;
		else
			refused++;
		if (i % 3 == 0)
			one_turn();
		ssize_t part = take_peer(&s, got, i * 577 % 1300);
		check(part <= 0 || is_stream(span_of(got, (size_t)part), out), "at %zu", out);
		out += part > 0 ? (size_t)part : 0;
	}
	ok(out > 100000 && refused > 10 && take_stream(&s, out, in - out, 5000),
	   "%s: a slow peer gets all in order", kind_names[kind]);
	close_side(&s);
	net_loop_close(&loop);
}

/* What is at hand goes before, and what the peer does not take at once waits, within the bound. */
static void test_through(enum kind kind)
{
	const char *name = kind_names[kind];
	struct side s;
	size_t at = 300, n = 0;
	open_loop();
	open_side(&s, kind, 1000, 40000);
	small_send_buffer(&s);
	net_write(&s.c, span_of(stream, 300));
	ok(net_write_through(&s.c, span_of(stream + at, 20000)) && s.c.sent > 300,
	   "%s: a large piece goes at once, behind what waits", name);
	for (at += 20000, n = 17000; net_write_through(&s.c, span_of(stream + at, n));) {
		at += n;
		n = 17000 + at % 1700;
		check(at < 500000, "a bound");
	}
	size_t pending = net_pending(&s.c);
	ok(pending <= 40000 && pending > 40000 - 19000, "%s: the peer silent, up to the bound",
	   name);
	ok(!net_write_through(&s.c, span_of(stream, 40001 - pending)) &&
		   net_pending(&s.c) == pending,
	   "%s: what passes it is refused, all of it", name);
	net_want_drained(&s.c);
	ok(take_stream(&s, 0, at, 5000), "%s: all bytes come, in order", name);
	UNTIL(s.drains > 0);
	ok(net_write_through(&s.c, span_of(stream + at, 100)) && net_pending(&s.c) == 100,
	   "%s: a small piece waits for the end of the turn", name);
	ok(take_stream(&s, at, 100, 100) && s.c.sent == at + 100, "%s: and comes", name);
	net_shut(&s.c);
	net_finish(&s.c, false);
	ok(!net_write_through(&s.c, span_of(stream, 20000)), "%s: nothing behind the end", name);
	close_side(&s);
	net_loop_close(&loop);
}

static void test_flush(void)
{
	struct side s;
	open_loop();
	open_side(&s, UNIX, 1000, 1000);
	net_flush(&s.c);
	ok(s.c.sent == 0, "nothing to flush");
	net_write(&s.c, SPAN("abc"));
	ok(s.c.sent == 0, "what is written waits for the end of the turn");
	net_flush(&s.c);
	ok(s.c.sent == 3 && s.c.out.p == NULL, "unless it is flushed: then its buffer is free");
	net_want_drained(&s.c);
	UNTIL(s.drains == 1);
	ok(stays_calm() && take_peer(&s, got, 10) == 3, "sent once");
	net_close_soon(&s.c, NET_ECLOSED);
	net_flush(&s.c);
	ok(s.c.sent == 3, "nothing after a close");
	UNTIL(s.closes == 1);
	close_side(&s);
	net_loop_close(&loop);
}

static void test_drained(void)
{
	struct side s;
	open_loop();
	open_side(&s, UNIX, 1000, 1000);
	net_want_drained(&s.c);
	UNTIL(s.drains == 1);
	ok(stays_calm() && s.drains == 1, "drained when there is nothing to send");
	net_write(&s.c, SPAN("abc"));
	ok(stays_calm() && s.drains == 1, "not without being asked");
	net_want_drained(&s.c);
	net_want_drained(&s.c);
	UNTIL(s.drains == 2);
	ok(stays_calm() && s.drains == 2, "asked twice in a turn, told once");
	net_want_drained(&s.c);
	net_write(&s.c, SPAN("abc"));
	UNTIL(s.drains == 3);
	ok(take_peer(&s, got, 10) == 6, "written after it was asked for: sent before it is told");
	close_side(&s);
	net_loop_close(&loop);
}

/* As a stream that is made while it is sent, to a peer that takes everything at once. */
static void on_drained_more(struct side *s)
{
	take_peer(s, got, sizeof got);
	if (s->drains < 20000) {
		net_write(&s->c, SPAN("more"));
		net_want_drained(&s->c);
	}
}

static void test_drained_for_ever(void)
{
	struct side s;
	open_loop();
	open_side(&s, UNIX, 1000, 1000);
	s.drained = on_drained_more;
	net_want_drained(&s.c);
	for (int i = 0; i < 10; i++)
		one_turn();
	ok(s.drains >= 5 && s.drains <= 30,
	   "a fast peer leaves the loop to others (%u in 10 turns)", s.drains);
	close_side(&s);
	net_loop_close(&loop);
}

static void test_ref(enum kind kind)
{
	const char *name = kind_names[kind];
	struct side s;
	open_loop();
	open_side(&s, kind, 1000, 4000);
	small_send_buffer(&s);
	ok(net_write(&s.c, span_of(stream, 3000)), "%s: a head", name);
	net_write_ref(&s.c, span_of(stream + 3000, MEGABYTE));
	net_want_drained(&s.c);
	ok(net_pending(&s.c) == 3000 + MEGABYTE && net_room(&s.c) == 0 &&
		   !net_write(&s.c, SPAN("x")),
	   "%s: nothing may follow borrowed bytes", name);
	one_turn();
	ok(net_pending(&s.c) > 0 && s.c.out.p == NULL && stays_calm() && s.drains == 0,
	   "%s: they wait without a buffer", name);
	ok(take_stream(&s, 0, 3000 + MEGABYTE, 40000), "%s: all bytes come, in order", name);
	UNTIL(s.drains == 1);
	ok(net_write(&s.c, span_of(stream, 1)) && net_room(&s.c) == 3999 &&
		   take_stream(&s, 0, 1, 1),
	   "%s: then others may", name);
	net_write_ref(&s.c, span_of(stream + 1, 1000));
	ok(take_stream(&s, 1, 1000, 1000), "%s: borrowed bytes alone", name);
	net_write_ref(&s.c, SPAN("few"));
	ok(!net_write(&s.c, SPAN("x")) && take_peer(&s, got, 9) < 0, "%s: however few", name);
	UNTIL(net_pending(&s.c) == 0);
	net_write_ref(&s.c, SPAN(""));
	ok(stays_calm() && net_write(&s.c, SPAN("y")), "%s: none of them", name);
	net_write_ref(&s.c, span_of(stream, MEGABYTE));
	one_turn();
	close_side(&s);
	ok(s.closes == 1, "%s: closed with borrowed bytes waiting", name);
	net_loop_close(&loop);
}

static void test_writer(void)
{
	struct side s;
	open_loop();
	open_side(&s, UNIX, 1000, 5000);
	struct out o = net_out_open(&s.c, 100);
	ok(!o.over && o.cap - o.n >= 100 && o.cap <= 5000, "a writer with room, within the bound");
	out_mem(&o, stream, 100);
	ok(net_out_close(&s.c, &o) && net_pending(&s.c) == 100, "takes what was written");
	o = net_out_open(&s.c, 4900);
	ok(!o.over && o.cap == 4900, "up to the bound");
	out_mem(&o, stream + 100, 4900);
	out_byte(&o, 'x');
	ok(o.over && !net_out_close(&s.c, &o) && net_pending(&s.c) == 100, "all of it or nothing");
	o = net_out_open(&s.c, 4901);
	ok(o.over && !net_out_close(&s.c, &o), "more room than the bound allows");
	o = net_out_open(&s.c, SIZE_MAX);
	ok(o.over && !net_out_close(&s.c, &o), "a room that would wrap");
	ok(!net_write(&s.c, span_of(stream, 4901)) && net_write(&s.c, span_of(stream + 100, 4900)),
	   "a write to the bound");
	ok(take_stream(&s, 0, 5000, 5000), "comes as it was written");

	o = net_out_open(&s.c, 100);
	ok(net_out_close(&s.c, &o) && net_pending(&s.c) == 0, "nothing was written");
	one_turn();
	ok(s.c.out.p == NULL, "so no buffer is kept");
	o = net_out_open(&s.c, 100);
	while (!o.over)
		out_byte(&o, 'x');
	net_out_close(&s.c, &o);
	one_turn();
	ok(s.c.out.p == NULL, "nor after too much was written");
	o = net_out_open(&s.c, 100);
	one_turn();
	ok(s.c.out.p == NULL, "nor by a writer that was given up");
	close_side(&s);
	net_loop_close(&loop);
}

/* Output in which each piece is sent before the next one is written takes the same block. */
static void test_pool(void)
{
	struct side s;
	const void *block = NULL;
	int failed = failures();
	open_loop();
	open_side(&s, UNIX, 1000, 512 << 10);
	for (int i = 0; i < 10; i++) {
		net_write(&s.c, SPAN("answer"));
		check(s.c.out.cap == NET_BLOCK, "a pooled block (%u)", s.c.out.cap);
		check(block == NULL || s.c.out.p == block, "the same one");
		block = s.c.out.p;
		one_turn();
		take_peer(&s, got, sizeof got);
	}
	ok(failures() == failed && loop.spares == 1, "a short answer costs no malloc");
	ok(net_write(&s.c, span_of(stream, 300000)), "a long one");
	ok(take_stream(&s, 0, 300000, 300000), "comes whole");
	close_side(&s);
	net_loop_close(&loop);
}

static struct side sides[40];

static void test_pool_bound(void)
{
	const size_t n = sizeof sides / sizeof *sides;
	open_loop();
	for (size_t i = 0; i < n; i++) {
		open_side(&sides[i], UNIX, 1000, NET_BLOCK);
		net_write(&sides[i].c, span_of(stream, NET_BLOCK));
	}
	one_turn();
	ok(loop.spares == NET_SPARE, "few blocks are kept for later");
	for (size_t i = 0; i < n; i++)
		close_side(&sides[i]);
	net_loop_close(&loop);
}

static void test_shut(enum kind kind)
{
	const char *name = kind_names[kind];
	struct side s;
	open_loop();
	open_side(&s, kind, 1000, 400000);
	small_send_buffer(&s);
	net_write(&s.c, span_of(stream, 300000));
	net_shut(&s.c);
	one_turn();
	ok(net_pending(&s.c) > 0 && take_stream(&s, 0, 300000, 20000), "%s: FIN waits", name);
	UNTIL(take_peer(&s, got, 1) == 0);
	ok(s.closes == 0 && stays_calm(), "%s: for what was written", name);
	send_peer(&s, SPAN("still here"));
	UNTIL(s.inputs == 1);
	ok(net_peek(&s.c).n == 0 && s.c.in.len == 10, "%s: and reading goes on", name);
	close_peer(&s);
	UNTIL(s.saw_eof);
	ok(stays_calm() && s.closes == 0, "%s: until both have closed", name);
	close_side(&s);
	net_loop_close(&loop);
}

static void stay(struct net_conn *c)
{
	(void)c;
}

static void gone(struct net_conn *c, int why)
{
	(void)c;
	(void)why;
}

/* Three connections that end in one socket: what was written first is sent first. */
static void test_order(void)
{
	static const struct net_conn_ops quiet = {stay, stay, gone};
	struct net_conn more[2];
	struct side s;
	uint8_t buf[4];
	open_loop();
	open_side(&s, UNIX, 1000, 1000);
	for (int i = 0; i < 2; i++)
		check(net_conn_open(&loop, &more[i], dup(s.c.src.fd), &quiet, 1000, 1000, false) ==
			      0,
		      "opened");
	net_write(&more[0], SPAN("a"));
	net_write(&s.c, SPAN("b"));
	net_write(&more[1], SPAN("c"));
	one_turn();
	is_span(span_of(buf, (size_t)take_peer(&s, buf, sizeof buf)), SPAN("abc"),
		"connections send in the order in which they were written to");
	net_close_soon(&more[0], 0);
	net_close_soon(&more[1], 0);
	close_side(&s);
	net_loop_close(&loop);
}

int main(void)
{
	unsigned before = descriptors();
	fill_stream(stream, sizeof stream, 0);
	for (enum kind kind = 0; kind < KINDS; kind++) {
		test_pressure(kind);
		test_slow(kind);
		test_through(kind);
		test_ref(kind);
		test_shut(kind);
	}
	test_order();
	test_flush();
	test_drained();
	test_drained_for_ever();
	test_writer();
	test_pool();
	test_pool_bound();
	is_int(descriptors(), before, "no descriptor is left behind");
	return done();
}
