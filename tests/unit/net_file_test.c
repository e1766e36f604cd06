/*
 * Output that the kernel takes from a file: whole and from the middle, cut at every byte, to peers
 * that are slow, that leave, that reset. sendfile is ours here, so that it does what it rarely
 * does.
 */
#include "unit/net_stream.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

#define ALL SIZE_MAX

/* The first call takes so many bytes at most; of 0, it fails with this error. */
static size_t cut = ALL;
static int cut_error;
static unsigned calls;

ssize_t sendfile(int out, int in, off_t *at, size_t n)
{
	size_t most = calls++ == 0 && n > cut ? cut : n;
	if (most > 0)
		return syscall(SYS_sendfile, out, in, at, most);
	errno = cut_error;
	return -1;
}

static void cut_at(size_t n, int error)
{
	cut = n;
	cut_error = error;
	calls = 0;
}

/* The first [n] bytes of the stream, in memory that is a file. */
static struct net_file file_of(size_t n)
{
	struct net_file f = {memfd_create("stream", MFD_CLOEXEC), n};
	if (f.fd < 0 || write(f.fd, stream, n) != (ssize_t)n)
		bail("no file in memory");
	return f;
}

static const struct {
	size_t head, size, n; /* bytes written before; of the file; of its end that are sent */
} rows[] = {
	{0, 1, 1},
	{1, 4095, 4095},
	{300, 4096, 4096},
	{300, 4097, 4097},
	{20000, 65536, 65536},
	{300, 65537, 1},
	{300, 100000, 34465},
	{0, MEGABYTE, MEGABYTE},
	{5000, MEGABYTE, MEGABYTE - 5000},
};

static void test_rows(enum kind kind)
{
	static const size_t steps[] = {991, 40000};
	for (size_t i = 0; i < 2 * sizeof rows / sizeof *rows; i++) {
		size_t head = rows[i / 2].head, n = rows[i / 2].n, step = steps[i % 2];
		size_t from = rows[i / 2].size - n, before = from < head ? head - from : 0;
		struct net_file f = file_of(rows[i / 2].size);
		struct side s;
		open_loop();
		open_side(&s, kind, 1000, 30000);
		small_send_buffer(&s);
		/* So that all that comes is the stream. */
		bool right =
			net_write(&s.c, span_of(stream, before)) &&
			net_write(&s.c, span_of(stream + from - (head - before), head - before));
		net_write_file(&s.c, &f, n);
		right &= check(net_pending(&s.c) == head + n && !net_write(&s.c, SPAN("x")),
			       "nothing may follow");
		net_want_drained(&s.c);
		right &= check(take_stream(&s, 0, before, step), "head");
		right &= check(take_stream(&s, from - (head - before), head - before + n, step),
			       "the bytes, in order");
		UNTIL(s.drains == 1);
		right &= check(s.c.sent == head + n && s.c.out.p == NULL, "all is sent");
		ok(right, "%s: %zu bytes and the last %zu of %zu, taken by %zu", kind_names[kind],
		   head, n, rows[i / 2].size, step);
		close_side(&s);
		net_loop_close(&loop);
		close(f.fd);
	}
}

/* Behind it others follow as ever, from memory and from a file. */
static void test_after(enum kind kind)
{
	struct side s;
	struct net_file f = file_of(50000);
	open_loop();
	open_side(&s, kind, 1000, 60000);
	net_write_file(&s.c, &f, 50000);
	bool right = take_stream(&s, 0, 50000, 7000);
	net_write_ref(&s.c, span_of(stream + 50000, 30000));
	right &= take_stream(&s, 50000, 30000, 7000);
	right &= net_write_through(&s.c, span_of(stream + 80000, 30000));
	right &= take_stream(&s, 80000, 30000, 7000);
	net_write_file(&s.c, &f, 0);
	right &= net_write(&s.c, span_of(stream, 40000));
	net_write_file(&s.c, &f, 10000);
	right &= take_stream(&s, 0, 50000, 7000);
	ok(right, "%s: what follows when all is sent", kind_names[kind]);
	net_finish(&s.c, false);
	net_write_file(&s.c, &f, 50000);
	ok(net_pending(&s.c) == 0, "%s: nothing behind the end", kind_names[kind]);
	close_side(&s);
	net_loop_close(&loop);
	close(f.fd);
}

static void test_cuts(void)
{
	enum { HEAD = 100, SIZE = 700 };
	int failed = failures();
	struct net_file f = file_of(SIZE);
	struct side s;
	open_loop();
	open_side(&s, TCP, 1000, 1000);
	for (size_t at = 0; at < SIZE - HEAD; at++) {
		cut_at(at, at % 2 == 0 ? EAGAIN : EINTR);
		net_write(&s.c, span_of(stream, HEAD));
		net_write_file(&s.c, &f, SIZE - HEAD);
		check(take_stream(&s, 0, SIZE, SIZE), "cut at %zu", at);
		check(calls == 2, "cut at %zu: %u calls", at, calls);
	}
	cut_at(0, EINTR);
	net_write_file(&s.c, &f, SIZE);
	check(take_stream(&s, 0, SIZE, SIZE) && calls == 2, "interrupted");
	ok(failures() == failed, "cut at every byte, and interrupted");
	cut_at(0, EIO);
	net_write(&s.c, span_of(stream, HEAD));
	net_write_file(&s.c, &f, SIZE);
	UNTIL(s.closes == 1);
	ok(s.why == -EIO && calls == 1 && take_peer(&s, got, SIZE) == HEAD,
	   "an error of the file ends the connection");
	cut_at(ALL, 0);
	close_peer(&s);
	net_loop_close(&loop);
	close(f.fd);
}

/* It is shorter than was said: what is there goes, and the connection with it. */
static void test_short(size_t head)
{
	struct net_file f = file_of(5000);
	struct side s;
	open_loop();
	open_side(&s, TCP, 1000, 1000);
	f.size = 6000;
	net_write(&s.c, span_of(stream, head));
	net_write_file(&s.c, &f, 6000 - head);
	ok(take_stream(&s, 0, 5000, 5000), "a file that is too short: what there is, behind %zu",
	   head);
	UNTIL(s.closes == 1);
	is_int(s.why, -EIO, "and no more");
	close_peer(&s);
	net_loop_close(&loop);
	close(f.fd);
}

/* Nobody but us keeps the signal away that sendfile raises. */
static void test_gone(enum kind kind, bool reset, size_t taken)
{
	sigset_t none, now;
	struct net_file f = file_of(MEGABYTE);
	struct side s;
	signal(SIGPIPE, SIG_IGN); /* forgets one that waits */
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	open_loop();
	open_side(&s, kind, 1000, 1000);
	small_send_buffer(&s);
	net_write_file(&s.c, &f, MEGABYTE);
	bool right = take_stream(&s, 0, taken, 1000);
	if (reset)
		reset_peer(&s);
	else
		close_peer(&s);
	UNTIL(s.closes == 1);
	right &= check(s.why == -EPIPE || s.why == -ECONNRESET, "why: %d", s.why);
	sigprocmask(SIG_SETMASK, NULL, &now);
	right &= check(sigismember(&now, SIGPIPE) == 1, "SIGPIPE is blocked");
	ok(right, "%s: the peer %s after %zu bytes", kind_names[kind], reset ? "resets" : "closes",
	   taken);
	net_loop_close(&loop);
	close(f.fd);
}

static void test_closed(void)
{
	struct net_file f = file_of(5000);
	struct side s;
	open_loop();
	open_side(&s, UNIX, 1000, 1000);
	net_write_file(&s.c, &f, 5000);
	net_close_soon(&s.c, NET_ECLOSED);
	net_write_file(&s.c, &f, 5000);
	one_turn();
	ok(s.closes == 1 && take_peer(&s, got, 1) == 0, "closed with it waiting: nothing is sent");
	close_peer(&s);
	net_loop_close(&loop);
	close(f.fd);
}

int main(void)
{
	unsigned before = descriptors();
	fill_stream(stream, sizeof stream, 0);
	for (enum kind kind = 0; kind < KINDS; kind++) {
		test_rows(kind);
		test_after(kind);
		test_gone(kind, false, 0);
		test_gone(kind, true, 30000);
	}
	test_cuts();
	test_short(0);
	test_short(700);
	test_closed();
	is_int(descriptors(), before, "no descriptor is left behind");
	return done();
}
