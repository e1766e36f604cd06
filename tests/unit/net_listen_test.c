#include "net/net_addr.h"
#include "unit/net_side.h"

#include <fcntl.h>
#include <sys/resource.h>

#define CLIENTS 12

static int taken[CLIENTS + 4];
static unsigned accepted;

static void on_accepted(struct net_listener *l, int fd)
{
	(void)l;
	taken[accepted++] = fd;
}

static void drop_taken(void)
{
	while (accepted > 0)
		close(taken[--accepted]);
}

static int socket_to(const char *host, uint16_t port)
{
	struct net_addr a;
	struct sockaddr_storage sa;
	if (!net_addr_parse(span_str(host), &a))
		bail("no address: %s", host);
	socklen_t n = net_addr_sockaddr(&a, port, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (struct sockaddr *)&sa, n) == 0)
		return fd;
	int rc = -errno;
	close(fd);
	return rc;
}

static int option(int fd, int level, int name)
{
	int v = -1;
	socklen_t n = sizeof v;
	return getsockopt(fd, level, name, &v, &n) == 0 ? v : -1;
}

/* A client of [host] gets in, and its bytes come out. */
static bool serves(struct net_listener *l, const char *host)
{
	char c = 0;
	unsigned before = accepted;
	int fd = socket_to(host, l->port);
	if (fd < 0)
		return false;
	UNTIL(accepted == before + 1);
	int got = taken[--accepted];
	bool held = send(fd, "x", 1, MSG_NOSIGNAL) == 1 && fcntl(got, F_GETFL) & O_NONBLOCK &&
		    fcntl(got, F_GETFD) & FD_CLOEXEC && option(got, IPPROTO_TCP, TCP_NODELAY) > 0;
	for (int i = 0; i < 1000 && recv(got, &c, 1, 0) < 1; i++)
		usleep(100);
	close(got);
	close(fd);
	return held && c == 'x';
}

static void test_hosts(void)
{
	static const struct {
		const char *host;
		bool four, six;
	} rows[] = {
		{"", true, true},
		{"::", true, true},
		{"0.0.0.0", true, false},
		{"127.0.0.1", true, false},
		{"::1", false, true},
		{"127.0.0.9", false, false},
		{"::ffff:127.0.0.1", true, false},
	};
	open_loop();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct net_listener l;
		int rc = net_listen(&loop, &l, rows[i].host, 0, 0, on_accepted);
		ok(rc == 0 && l.port > 0, "\"%s\": a port (%d)", rows[i].host, rc);
		ok(serves(&l, "127.0.0.1") == rows[i].four, "\"%s\": IPv4", rows[i].host);
		ok(serves(&l, "::1") == rows[i].six, "\"%s\": IPv6", rows[i].host);
		ok(stays_calm(), "\"%s\": then it sleeps", rows[i].host);
		net_listener_close(&l);
		net_listener_close(&l);
		is_int(socket_to("127.0.0.1", l.port), -ECONNREFUSED, "closed");
	}
	net_loop_close(&loop);
}

static void test_errors(void)
{
	struct net_listener l, peer;
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof sa;
	open_loop();
	unsigned before = descriptors();
	int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(other, (struct sockaddr *)&sa, n) != 0 || listen(other, 1) != 0 ||
	    getsockname(other, (struct sockaddr *)&sa, &n) != 0)
		bail("no listener");
	uint16_t port = ntohs(sa.sin_port);
	is_int(net_listen(&loop, &l, "127.0.0.1", port, 0, on_accepted), -EADDRINUSE, "in use");
	net_listener_close(&l);
	is_int(net_listen(&loop, &l, "", port, 0, on_accepted), -EADDRINUSE, "in use for all");
	net_listener_close(&l);
	close(other);
	is_int(net_listen(&loop, &l, "", port, 0, on_accepted), 0, "free again");
	is_int(net_listen(&loop, &peer, "", port, NET_LISTEN_SHARED, on_accepted), -EADDRINUSE,
	       "not shared with one that does not share");
	net_listener_close(&l);
	is_int(net_listen(&loop, &l, "", port, NET_LISTEN_SHARED, on_accepted), 0, "shared");
	is_int(net_listen(&loop, &peer, "", port, NET_LISTEN_SHARED, on_accepted), 0,
	       "shared by processes of ours");
	ok(l.port == port && peer.port == port, "with the port that was asked for");
	net_listener_close(&l);
	ok(serves(&peer, "127.0.0.1"), "of which one may go");
	net_listener_close(&peer);
	is_int(net_listen(&loop, &l, "localhost", 0, 0, on_accepted), NET_ENAME, "a name");
	is_int(net_listen(&loop, &l, "192.0.2.1", 0, 0, on_accepted), -EADDRNOTAVAIL,
	       "an address of somebody else");
	is_int(descriptors(), before, "errors leave no descriptor");
	int epfd = loop.epfd;
	loop.epfd = -1;
	is_int(net_listen(&loop, &l, "", 0, 0, on_accepted), -EBADF, "no loop");
	loop.epfd = epfd;
	int fd = open("/", O_RDONLY | O_CLOEXEC);
	net_listener_close(&l);
	ok(fcntl(fd, F_GETFD) >= 0, "closing it then closes nothing");
	close(fd);
	net_loop_close(&loop);
}

static void test_many(void)
{
	struct net_listener l;
	int clients[CLIENTS];
	open_loop();
	net_listen(&loop, &l, "", 0, 0, on_accepted);
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = socket_to("127.0.0.1", l.port);
	UNTIL(accepted == CLIENTS);
	ok(accepted == CLIENTS && stays_calm(), "many at once");
	drop_taken();
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
	net_listener_close(&l);
	net_loop_close(&loop);
}

/* From now on [n] more descriptors than there are may be open. */
static void limit(int n)
{
	struct rlimit r;
	int first = open("/", O_RDONLY | O_CLOEXEC);
	close(first);
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = (rlim_t)(first + n);
	setrlimit(RLIMIT_NOFILE, &r);
}

static void test_no_descriptors(void)
{
	struct net_listener l;
	struct rlimit was;
	int clients[CLIENTS];
	open_loop();
	net_listen(&loop, &l, "", 0, 0, on_accepted);
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = socket_to("127.0.0.1", l.port);
	getrlimit(RLIMIT_NOFILE, &was);
	limit(3);
	UNTIL(l.rest.link != NULL);
	ok(accepted == 3, "as many clients as there are descriptors");
	unsigned before = turns;
	run_for(250);
	ok(accepted == 3 && turns - before < 15, "the others wait, and nothing spins (%u turns)",
	   turns - before);
	close(taken[--accepted]);
	run_for(150);
	ok(accepted == 3 && l.rest.link != NULL, "one is closed, one comes in");
	setrlimit(RLIMIT_NOFILE, &was);
	run_for(150);
	is_int(accepted, CLIENTS - 1, "there are enough again, all come in");
	ok(l.rest.link == NULL && stays_calm(), "no more rest");
	drop_taken();
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
	int late = socket_to("127.0.0.1", l.port);
	limit(0);
	UNTIL(l.rest.link != NULL);
	net_listener_close(&l);
	setrlimit(RLIMIT_NOFILE, &was);
	memset(&l, 0xff, sizeof l);
	run_for(120);
	ok(accepted == 0, "closed while it rests");
	close(late);
	net_loop_close(&loop);
}

static void close_listener(struct net_listener *l, int fd)
{
	close(fd);
	accepted++;
	net_listener_close(l);
	memset(l, 0xff, sizeof *l);
}

static void test_close_inside(void)
{
	struct net_listener l;
	open_loop();
	net_listen(&loop, &l, "127.0.0.1", 0, 0, close_listener);
	uint16_t port = l.port;
	int a = socket_to("127.0.0.1", port), b = socket_to("127.0.0.1", port);
	UNTIL(accepted > 0);
	ok(stays_calm() && accepted == 1, "closed by its first client");
	accepted = 0;
	is_int(socket_to("127.0.0.1", port), -ECONNREFUSED, "nobody listens");
	close(a);
	close(b);
	net_loop_close(&loop);
}

static void test_defer(void)
{
	struct net_listener l;
	open_loop();
	net_listen(&loop, &l, "", 0, NET_LISTEN_DEFER, on_accepted);
	int silent = socket_to("127.0.0.1", l.port), fd = socket_to("127.0.0.1", l.port);
	ok(stays_calm() && accepted == 0, "a client that says nothing is not there yet");
	send(fd, "x", 1, MSG_NOSIGNAL);
	UNTIL(accepted == 1);
	char c = 0;
	ok(recv(taken[0], &c, 1, 0) == 1 && c == 'x', "one that speaks is, and its bytes are");
	drop_taken();
	close(fd);
	close(silent);
	net_listener_close(&l);
	net_loop_close(&loop);
}

int main(void)
{
	unsigned before = descriptors();
	test_hosts();
	test_errors();
	test_many();
	test_no_descriptors();
	test_close_inside();
	test_defer();
	is_int(descriptors(), before, "no descriptor is left behind");
	return done();
}
