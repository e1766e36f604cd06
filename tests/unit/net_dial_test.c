#include "harness/proc.h"
#include "net/net_dial.h"
#include "unit/net_story.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#define NONE 12345 /* no answer has come */

static struct net_dial dial;
static int answer; /* a descriptor or an error */
static unsigned answers;
static const char *folder;
static size_t shortest; /* length of a path in it */

static void on_dialled(struct net_dial *d, int rc)
{
	check(!d->busy && d->src.fd < 0 && d->timer.link == NULL, "nothing is under way any more");
	answers++;
	answer = rc;
	net_loop_stop(&loop);
}

static void start(const char *host, uint16_t port, uint32_t ms)
{
	answers = 0;
	answer = NONE;
	net_dial_start(&loop, &dial, host, port, ms, on_dialled);
	check(answers == 0, "the answer comes later");
}

static int dial_to(const char *host, uint16_t port, uint32_t ms)
{
	start(host, port, ms);
	run_for(ms + 5000);
	check(answers == 1, "one answer");
	return answer;
}

/* Listeners with a queue that is as long as a test wants it. */

union any_addr {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

static socklen_t address(union any_addr *a, const char *host, uint16_t port)
{
	struct net_addr ip;
	memset(a, 0, sizeof *a);
	if (host[0] == '/') {
		a->un.sun_family = AF_UNIX;
		memcpy(a->un.sun_path, host, strlen(host)); /* all 108 bytes may be used */
		return sizeof a->un;
	}
	struct sockaddr_storage sa;
	if (!net_addr_parse(span_str(host), &ip))
		bail("no address: %s", host);
	socklen_t n = net_addr_sockaddr(&ip, port, &sa);
	memcpy(a, &sa, n);
	return n;
}

static int bound(const char *host, uint16_t *port)
{
	union any_addr a;
	socklen_t n = address(&a, host, *port);
	int fd = socket(a.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(fd, &a.sa, n) != 0)
		bail("no place to listen: %s: %s", host, strerror(errno));
	n = sizeof a;
	getsockname(fd, &a.sa, &n);
	*port = ntohs(a.sa.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
	return fd;
}

/* Two addresses with a port that is free on both. */
static void bound_both(const char *a, const char *b, uint16_t *port, int fds[static 2])
{
	union any_addr any;
	for (int tries = 0; tries < 100; tries++) {
		*port = 0;
		fds[0] = bound(a, port);
		socklen_t n = address(&any, b, *port);
		fds[1] = socket(any.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (bind(fds[1], &any.sa, n) == 0)
			return;
		close(fds[0]);
		close(fds[1]);
	}
	bail("no port is free on both %s and %s", a, b);
}

static int listener(const char *host, uint16_t *port, int backlog)
{
	int fd = bound(host, port);
	if (listen(fd, backlog) != 0)
		bail("no listener");
	return fd;
}

/* Fills the queue of a listener that nobody accepts from: the next client gets no answer at all. */
static void fill_queue(const char *host, uint16_t port, int fds[static 4])
{
	union any_addr a;
	socklen_t n = address(&a, host, port);
	for (int i = 0; i < 4; i++) {
		fds[i] = socket(a.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (connect(fds[i], &a.sa, n) != 0)
			check(errno == EINPROGRESS || errno == EAGAIN, "fill the queue");
	}
}

static void close_all(int fds[static 4])
{
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

static int option(int fd, int level, int name)
{
	int v = -1;
	socklen_t n = sizeof v;
	return getsockopt(fd, level, name, &v, &n) == 0 ? v : -1;
}

static bool greets(int client, int l)
{
	char c = 0;
	int server = accept(l, NULL, NULL);
	bool held = send(client, "x", 1, MSG_NOSIGNAL) == 1 && recv(server, &c, 1, 0) == 1;
	close(server);
	return held && c == 'x';
}

static void test_literals(void)
{
	static const char *const hosts[] = {"127.0.0.1", "::1", "127.0.0.7"};
	open_loop();
	for (size_t i = 0; i < 3; i++) {
		uint16_t port = 0;
		int l = listener(hosts[i], &port, 5);
		int fd = dial_to(hosts[i], port, 1000);
		if (!ok(fd >= 0 && greets(fd, l), "%s", hosts[i]))
			bail("no connection: %s", net_strerror(fd));
		ok(fcntl(fd, F_GETFL) & O_NONBLOCK && fcntl(fd, F_GETFD) & FD_CLOEXEC &&
			   option(fd, IPPROTO_TCP, TCP_NODELAY) > 0 &&
			   option(fd, SOL_SOCKET, SO_KEEPALIVE) > 0 &&
			   option(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 30,
		   "%s: with its options", hosts[i]);
		close(fd);
		close(l);
		port = 0;
		l = bound(hosts[i], &port);
		is_int(dial_to(hosts[i], port, 1000), -ECONNREFUSED, "%s: refused", hosts[i]);
		close(l);
	}
	is_int(dial_to("not a name", 1, 1000), NET_ENAME, "not a name");
	is_int(dial_to("127.0.0.1", 1, 0), NET_EDEADLINE, "no time");
	net_loop_close(&loop);
}

static void test_silent(void)
{
	uint16_t port = 0;
	int fds[4], l = listener("127.0.0.1", &port, 0);
	open_loop();
	fill_queue("127.0.0.1", port, fds);
	uint64_t begin = loop.now;
	is_int(dial_to("127.0.0.1", port, 100), -ETIMEDOUT, "a silent address");
	uint64_t took = clock_ms() - begin;
	ok(took >= 100 && took < 500, "within its time (%u ms)", (unsigned)took);
	close_all(fds);
	close(l);
	net_loop_close(&loop);
}

static void write_hosts(const char *text)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/hosts", folder);
	FILE *f = fopen(path, "we");
	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		bail("no hosts file");
	net_resolve_files("/nonexistent", path);
}

static void test_names(void)
{
	uint16_t port = 0;
	int l = listener("127.0.0.1", &port, 5);
	open_loop();
	int fd = dial_to("localhost", port, 1000);
	ok(fd >= 0 && greets(fd, l), "localhost");
	close(fd);
	write_hosts("127.0.0.2 many\n127.0.0.3 many\n127.0.0.1 many\n127.0.0.2 few\n");
	fd = dial_to("many", port, 1000);
	ok(fd >= 0 && greets(fd, l), "the third address of a name, when the first two refuse");
	close(fd);
	is_int(dial_to("few", port, 1000), -ECONNREFUSED, "a name with an address that refuses");
	close(l);
	port = 0;
	l = bound("127.0.0.1", &port);
	is_int(dial_to("many", port, 1000), -ECONNREFUSED, "with many of them");
	close(l);
	net_resolve_files(NULL, NULL);
	net_loop_close(&loop);
}

/* The time of an address is at least a second; the test does not wait for it. */
static void hurry(struct net_timer *t)
{
	(void)t;
	if (dial.timer.link != NULL)
		net_timer_set(&loop, &dial.timer, 0, dial.timer.fire);
}

static void test_silent_first(void)
{
	uint16_t port = 0;
	int fds[4], both[2];
	struct net_timer soon = {.link = NULL};
	open_loop();
	bound_both("127.0.0.2", "127.0.0.1", &port, both);
	int silent = both[0], l = both[1];
	if (listen(silent, 0) != 0 || listen(l, 5) != 0)
		bail("no listeners");
	fill_queue("127.0.0.2", port, fds);
	write_hosts("127.0.0.2 many\n127.0.0.1 many\n");
	net_timer_set(&loop, &soon, 50, hurry);
	start("many", port, 10000);
	run_for(3000);
	ok(answer >= 0 && answer != NONE && greets(answer, l), "a silent address is given up");
	close(answer);
	net_timer_stop(&soon);

	start("many", port, 10000);
	run_for(20);
	uint64_t share = dial.timer.due - loop.now;
	ok(answers == 0 && share > 4900 && share <= 5000, "at half of the time (%u ms)",
	   (unsigned)share);
	net_dial_cancel(&dial);
	start("many", port, 1500);
	run_for(20);
	share = dial.timer.due - loop.now;
	ok(answers == 0 && share > 900 && share <= 1000, "but not within a second (%u ms)",
	   (unsigned)share);
	net_dial_cancel(&dial);
	close_all(fds);
	close(silent);
	close(l);
	net_resolve_files(NULL, NULL);
	net_loop_close(&loop);
}

/* Unix sockets. */

/* A path of [n] bytes below the folder. */
static const char *path_of(size_t n)
{
	static char path[256];
	snprintf(path, sizeof path, "%s/", folder);
	for (size_t at = strlen(path); at < n; at++)
		path[at] = 's';
	path[n] = '\0';
	return path;
}

static void test_paths(void)
{
	const size_t lengths[] = {shortest, 106, 107};
	uint16_t port = 0;
	open_loop();
	for (size_t i = 0; i < 3; i++) {
		int l = listener(path_of(lengths[i]), &port, 5);
		int fd = dial_to(path_of(lengths[i]), 1, 1000);
		ok(fd >= 0 && greets(fd, l), "a path of %zu bytes", lengths[i]);
		ok(fd >= 0 && fcntl(fd, F_GETFL) & O_NONBLOCK && fcntl(fd, F_GETFD) & FD_CLOEXEC,
		   "with its options");
		close(fd);
		close(l);
		is_int(dial_to(path_of(lengths[i]), 1, 1000), -ECONNREFUSED, "nobody listens");
		if (lengths[i] < 107)
			unlink(path_of(lengths[i]));
	}
	/* One of 107 bytes is still there, which is what longer ones would be if they were cut. */
	int l = -1;
	unlink(path_of(107));
	l = listener(path_of(107), &port, 5);
	for (size_t n = 108; n < 111; n++)
		is_int(dial_to(path_of(n), 1, 1000), -ENAMETOOLONG, "a path of %zu bytes", n);
	close(l);
	unlink(path_of(107));
	is_int(dial_to(path_of(shortest + 1), 1, 1000), -ENOENT, "a path that does not exist");
	is_int(dial_to(temp_dir(), 1, 1000), -ECONNREFUSED, "a path that is no socket");
	net_loop_close(&loop);
}

static void test_path_full(void)
{
	uint16_t port = 0;
	int fds[4], l = listener(path_of(shortest), &port, 0);
	open_loop();
	fill_queue(path_of(shortest), port, fds);
	is_int(dial_to(path_of(shortest), 1, 1000), -EAGAIN, "a Unix socket whose queue is full");
	close_all(fds);
	close(l);
	unlink(path_of(shortest));
	net_loop_close(&loop);
}

/* Cancelling. */

static void count_down(struct net_task *t);
static struct net_task counter;
static int countdown;

static void count_down(struct net_task *t)
{
	if (countdown-- > 0)
		net_task_put(&loop, t, count_down);
	else
		net_loop_stop(&loop);
}

static void some_turns(int n)
{
	countdown = n;
	net_task_put(&loop, &counter, count_down);
	net_loop_run(&loop);
}

static void test_cancel(void)
{
	uint16_t port = 0, full = 0;
	int fds[4], l = listener("127.0.0.1", &port, 50), silent = listener("127.0.0.1", &full, 0);
	struct {
		const char *host;
		uint16_t port;
	} rows[] = {{"127.0.0.1", 0}, {"localhost", 0}, {"127.0.0.1", 1}, {"few", 0}, {NULL, 0}};
	open_loop();
	fill_queue("127.0.0.1", full, fds);
	write_hosts("127.0.0.1 few\n");
	uint16_t port_path = 0;
	int p = listener(path_of(shortest), &port_path, 50);
	unsigned before = descriptors();
	for (size_t i = 0; i < 5; i++) {
		const char *host = rows[i].host == NULL ? path_of(shortest) : rows[i].host;
		bool came = false;
		for (int n = -1; n < 6; n++) {
			start(host, rows[i].port == 1 ? full : port, 400);
			if (n >= 0)
				some_turns(n);
			came |= answers > 0;
			if (answers > 0 && answer >= 0)
				close(answer);
			unsigned so_far = answers;
			net_dial_cancel(&dial);
			net_dial_cancel(&dial);
			some_turns(6);
			check(answers == so_far, "row %zu, turn %d: no answer after cancel", i, n);
			check(descriptors() == before, "row %zu, turn %d: no descriptor", i, n);
			check(dial.timer.link == NULL && !dial.busy, "row %zu, turn %d", i, n);
		}
		ok(came == (rows[i].port == 0), "cancelled in each turn: row %zu", i);
	}
	run_for(30);
	ok(turns < 1000, "and nothing is left in the loop");
	static struct net_dial zero;
	net_dial_cancel(&zero);
	close_all(fds);
	close(l);
	close(silent);
	close(p);
	unlink(path_of(shortest));
	net_resolve_files(NULL, NULL);
	net_loop_close(&loop);
}

static void test_again(void)
{
	uint16_t port = 0;
	int l = listener("127.0.0.1", &port, 5);
	open_loop();
	start("127.0.0.1", port, 1000);
	some_turns(1);
	start("not a name", port, 1000);
	run_for(5000);
	ok(answers == 1 && answer == NET_ENAME, "a new start ends what was under way");
	close(l);
	net_loop_close(&loop);
}

static uint16_t next_port;
static unsigned rounds;

static void start_again(struct net_dial *d, int rc)
{
	check(rc == -ECONNREFUSED || rc == -ENOENT, "refused: %d", rc);
	if (++rounds < 6)
		net_dial_start(&loop, d, rounds % 2 ? "127.0.0.1" : "/nonexistent", next_port, 5000,
			       start_again);
	else
		net_loop_stop(&loop);
}

static void free_dial(struct net_dial *d, int rc)
{
	check(rc < 0, "refused: %d", rc);
	tell('f');
	free(d);
}

static void test_inside(void)
{
	static const char *const hosts[] = {"127.0.0.1", "/nonexistent", "not a name", "localhost"};
	open_loop();
	int b = bound("127.0.0.1", &next_port);
	net_dial_start(&loop, &dial, "localhost", next_port, 5000, start_again);
	run_for(10000);
	ok(rounds == 6 && !dial.busy, "a dial is started again in its answer");
	enough = 4;
	for (size_t i = 0; i < 4; i++) {
		struct net_dial *d = calloc(1, sizeof *d);
		if (d != NULL)
			net_dial_start(&loop, d, hosts[i], next_port, 5000, free_dial);
	}
	run_for(10000);
	is_str(story, "ffff", "and freed");
	close(b);
	net_loop_close(&loop);
}

static void test_descriptors(void)
{
	struct rlimit was, none;
	open_loop();
	getrlimit(RLIMIT_NOFILE, &was);
	none = was;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_NOFILE, &none);
	int tcp = dial_to("127.0.0.1", 1, 500), path = dial_to("/nonexistent", 1, 500);
	setrlimit(RLIMIT_NOFILE, &was);
	ok(tcp == -EMFILE && path == -EMFILE, "no descriptor to be had (%d, %d)", tcp, path);
	net_loop_close(&loop);
}

int main(void)
{
	folder = temp_dir();
	shortest = strlen(folder) + 8;
	if (shortest > 100)
		bail("the folder for temporary files has a long name");
	unsigned before = descriptors();
	test_literals();
	test_silent();
	test_names();
	test_silent_first();
	test_paths();
	test_path_full();
	test_cancel();
	test_again();
	test_inside();
	test_descriptors();
	is_int(descriptors(), before, "no descriptor is left behind");
	return done();
}
