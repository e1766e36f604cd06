/* Groups of servers: circuits, and addresses that change. The router's tests have the rest. */
#include "drivers/http_upstream_conn.h"

#include "harness/proc.h"
#include "net/net_resolve_conf.h"
#include "unit/net_side.h"

#include <arpa/inet.h>
#include <stdio.h>

static struct upstream_group group;
static struct upstream members[UPSTREAM_MEMBERS];
static struct upstream_counts counts[UPSTREAM_MEMBERS];
static struct upstream_limits lim;
static char hosts[512], resolv[512];

/* A call, and what has become of it. */
struct request {
	struct upstream_call call;
	int rc;
	bool answered, done;
	int failed; /* -1, or the reason */
};

static struct request *request_of(struct upstream_call *call)
{
	return (struct request *)((char *)call - offsetof(struct request, call));
}

static void on_head(struct upstream_call *call, const struct http_head *h)
{
	(void)h;
	request_of(call)->answered = true;
}

static void on_body(struct upstream_call *call, struct span piece)
{
	(void)call;
	(void)piece;
}

static void on_done(struct upstream_call *call)
{
	request_of(call)->done = true;
}

static void on_failed(struct upstream_call *call, enum upstream_why why)
{
	request_of(call)->failed = (int)why;
}

static const struct upstream_ops ops = {.head = on_head,
					.body = on_body,
					.done = on_done,
					.failed = on_failed,
					.writable = on_done};

static void ask_for(struct request *r, const struct upstream_request *rq)
{
	memset(r, 0, sizeof *r);
	r->failed = -1;
	struct out *o = upstream_open(&r->call, &group, &ops, 100);
	http_put_request_line(o, rq->method == HTTP_GET ? SPAN("GET") : SPAN("POST"), SPAN("/"));
	http_put_field(o, SPAN("Host"), SPAN("t"));
	r->rc = upstream_start(&r->call, rq);
}

static void ask(struct request *r)
{
	ask_for(r, &(struct upstream_request){.method = HTTP_GET});
}

/* Asks, and waits for the reason why it fails. */
static int failure(void)
{
	struct request r;
	ask(&r);
	if (r.rc < 0)
		return r.rc;
	UNTIL(r.failed >= 0);
	return r.failed;
}

/* Servers, without any process: a listener, and its one connection. */

struct server {
	int listener, conn;
};

/* Refuses connections, and keeps the port from all others, until server_listen. 0: in use. */
static uint16_t server_bind(struct server *s, const char *ip, uint16_t port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
	socklen_t n = sizeof sa;
	inet_pton(AF_INET, ip, &sa.sin_addr);
	s->conn = -1;
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(s->listener, (struct sockaddr *)&sa, n) == 0 &&
	    getsockname(s->listener, (struct sockaddr *)&sa, &n) == 0)
		return ntohs(sa.sin_port);
	close(s->listener);
	return 0;
}

static void server_listen(struct server *s)
{
	if (listen(s->listener, 8) != 0)
		bail("no listener: %s", strerror(errno));
}

static uint16_t server_open(struct server *s)
{
	uint16_t port = server_bind(s, "127.0.0.1", 0);
	if (port == 0)
		bail("no port: %s", strerror(errno));
	server_listen(s);
	return port;
}

static bool server_accepts(struct server *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return false;
	if (s->conn >= 0)
		close(s->conn);
	s->conn = fd;
	return true;
}

static void server_answers(struct server *s)
{
	char buf[512];
	struct span hello = SPAN("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	ssize_t n = -1;
	for (int i = 0; i < 1000 && n < 0; i++) {
		one_turn();
		n = recv(s->conn, buf, sizeof buf, 0);
	}
	check(n > 0, "heard");
	check(send(s->conn, hello.p, hello.n, MSG_NOSIGNAL) == (ssize_t)hello.n, "said");
}

static bool server_is_left(struct server *s)
{
	char c;
	return recv(s->conn, &c, 1, 0) == 0;
}

static void server_close(struct server *s)
{
	if (s->conn >= 0)
		close(s->conn);
	close(s->listener);
}

static void write_file(char *path, const char *name, const char *text)
{
	snprintf(path, 512, "%s/%s", temp_dir(), name);
	FILE *f = fopen(path, "w");
	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		bail("no file %s", path);
	net_resolve_files(resolv, hosts);
}

static void open_group(unsigned n, const char *host, const uint16_t *ports)
{
	open_loop();
	lim = upstream_defaults;
	upstream_group_init(&group, &loop, &lim);
	memset(counts, 0, sizeof counts);
	for (unsigned i = 0; i < n; i++)
		upstream_add(&group, &members[i], host, ports[i], &counts[i]);
}

static void close_group(void)
{
	UNTIL(counts[0].conns == 0);
	net_timer_stop(&members[0].look_again);
	while (group.spare != NULL) {
		struct upstream_conn *c = group.spare;
		group.spare = c->next;
		free(c);
	}
	net_loop_close(&loop);
}

static void one_exchange(struct server *s, const char *name)
{
	struct request r;
	ask(&r);
	for (int i = 0; i < 1000 && s->conn < 0; i++) {
		one_turn();
		server_accepts(s);
	}
	server_answers(s);
	UNTIL(r.done);
	ok(r.answered, "%s", name);
}

static void look_now(void)
{
	ok(members[0].look_again.link != NULL, "the name is to be looked up again");
	net_timer_set(&loop, &members[0].look_again, 0, members[0].look_again.fire);
	UNTIL(members[0].look == NULL && members[0].look_again.link != NULL &&
	      members[0].look_again.due > loop.now + UPSTREAM_LOOK_MS / 2);
}

static void moved(void)
{
	struct server old, young;
	struct request r;
	uint16_t port = server_open(&old);
	for (int tries = 0; server_bind(&young, "127.0.0.2", port) == 0; tries++) {
		if (tries == 100)
			bail("no port is free on both");
		server_close(&old);
		port = server_open(&old);
	}
	server_listen(&young);
	write_file(resolv, "resolv.conf", "nameserver 127.0.0.1#1\noptions timeout:1 attempts:1\n");
	write_file(hosts, "hosts", "127.0.0.1 up\n");
	open_group(1, "up", &port);
	one_exchange(&old, "the first address");
	is_int(counts[0].idles, 1, "its connection is kept");
	look_now();
	is_int(counts[0].idles, 1, "as long as the name has that address");
	write_file(hosts, "hosts", "127.0.0.1 other\n");
	look_now();
	is_int(counts[0].idles, 1, "and when it can't be looked up");
	one_exchange(&old, "which serves again");
	is_int((long long)counts[0].opened, 1, "on the same connection");

	write_file(hosts, "hosts", "127.0.0.2 up\n127.0.0.1 up\n");
	look_now();
	is_int(counts[0].idles, 1, "an address more does not matter");
	write_file(hosts, "hosts", "127.0.0.2 up\n");
	look_now();
	is_int(counts[0].idles, 0, "an address less does");
	UNTIL(server_is_left(&old));
	one_exchange(&young, "the second address");

	ask(&r);
	write_file(hosts, "hosts", "127.0.0.1 up\n");
	look_now();
	server_answers(&young);
	UNTIL(r.done);
	is_int(counts[0].idles, 0, "busy while the address changed, it is not kept");
	UNTIL(server_is_left(&young));
	members[0].used_at = 0;
	net_timer_set(&loop, &members[0].look_again, 0, members[0].look_again.fire);
	UNTIL(members[0].look_again.link == NULL);
	ok(members[0].look == NULL, "a name that nobody uses is not looked up");
	server_close(&old);
	server_close(&young);
	close_group();
}

static void fixed(void)
{
	struct server s;
	uint16_t port = server_open(&s);
	open_group(1, "127.0.0.1", &port);
	one_exchange(&s, "an address instead of a name");
	ok(members[0].look_again.link == NULL, "is never looked up");
	server_close(&s);
	close_group();
}

/* Servers close idle connections after a minute or so; ours must be gone before. */
static void idle(void)
{
	struct server s;
	uint16_t port = server_open(&s);
	open_group(1, "127.0.0.1", &port);
	is_int(lim.idle_ms, 30000, "30 s are the default");
	lim.idle_ms = 20;
	one_exchange(&s, "a connection that nobody needs");
	is_int(counts[0].idles, 1, "is kept");
	UNTIL(counts[0].conns == 0);
	ok(server_is_left(&s), "and closed by us when its time is over");
	lim.idle = 0;
	close(s.conn);
	s.conn = -1;
	one_exchange(&s, "where none may be kept");
	is_int(counts[0].idles, 0, "none is");
	server_close(&s);
	close_group();
}

/* The patience of the kernel with a server that acknowledges nothing, of the idle connection. */
static unsigned deaf_ms(void)
{
	unsigned ms = 1;
	getsockopt(members[0].idle->net.src.fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms,
		   &(socklen_t){sizeof ms});
	return ms;
}

static void deaf(void)
{
	static const struct {
		const char *name;
		struct upstream_request rq;
		unsigned want;
	} rows[] = {
		{"a GET", {.method = HTTP_GET}, UPSTREAM_DEAF_MS},
		{"a short body",
		 {.method = HTTP_POST, .framing = HTTP_LENGTH, .length = 3},
		 UPSTREAM_DEAF_MS},
		{"chunks, for whose sake a server may pause",
		 {.method = HTTP_POST, .framing = HTTP_CHUNKED},
		 0},
		{"a GET behind them", {.method = HTTP_GET}, UPSTREAM_DEAF_MS},
	};
	struct server s;
	uint16_t port = server_open(&s);
	open_group(1, "127.0.0.1", &port);
	one_exchange(&s, "the connection");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct request r;
		ask_for(&r, &rows[i].rq);
		if (!r.call.complete) {
			upstream_send(&r.call, SPAN("abc"));
			upstream_finish(&r.call);
		}
		server_answers(&s);
		UNTIL(r.done);
		is_int(deaf_ms(), rows[i].want, "%s", rows[i].name);
	}
	server_close(&s);
	close_group();
}

static bool is_open_for(const struct upstream *up, uint32_t ms)
{
	return up->circuit == UPSTREAM_OPEN && up->open_until >= loop.now + ms / 2 - 5 &&
	       up->open_until <= loop.now + ms;
}

static void circuits(void)
{
	struct server s, other_server;
	const uint16_t ports[] = {server_bind(&s, "127.0.0.1", 0),
				  server_bind(&other_server, "127.0.0.1", 0)};
	open_group(2, "127.0.0.1", ports);
	lim.retries = 0;
	for (int i = 0; i < 2 * UPSTREAM_FAILURES; i++)
		check(failure() == UPSTREAM_UNREACHABLE, "asked, time %d", i);
	ok(is_open_for(&members[0], UPSTREAM_OPEN_MS) && is_open_for(&members[1], UPSTREAM_OPEN_MS),
	   "three failures open a circuit for a second");
	is_int(failure(), -EHOSTDOWN, "then nobody is asked");
	ok(upstream_closes_in(&group) <= UPSTREAM_OPEN_MS, "for so long");
	is_int(upstream_group_state(&group), UPSTREAM_DOWN, "the group is down");
	for (uint32_t ms = 2 * UPSTREAM_OPEN_MS; ms < 100000; ms *= 2) {
		members[0].open_until = loop.now;
		check(failure() == UPSTREAM_UNREACHABLE, "one is let through");
		ok(is_open_for(&members[0], ms < UPSTREAM_OPEN_MAX_MS ? ms : UPSTREAM_OPEN_MAX_MS),
		   "its failure opens it for %u ms, at most 30 s", ms);
	}
	struct request r, other;
	members[0].open_until = loop.now;
	ask(&r);
	is_int(members[0].circuit, UPSTREAM_HALF_OPEN, "half-open");
	ask(&other);
	is_int(other.rc, -EHOSTDOWN, "for one call only");
	upstream_leave(&r.call);
	is_int(members[0].circuit, UPSTREAM_OPEN, "whose caller left before its end");
	is_int(counts[0].calls + counts[0].conns, 0, "nothing stays under way");
	server_listen(&s);
	one_exchange(&s, "so that the next one may try at once");
	is_int(members[0].circuit, UPSTREAM_CLOSED, "an answer closes it");
	is_int(members[0].open_ms, 0, "and the next time begins with a second again");
	is_int(upstream_group_state(&group), UPSTREAM_UP, "the group is up");
	server_close(&s);
	server_close(&other_server);
	close_group();
}

/* A name server that says nothing: the time for the connection is over before it begins. */
static void late(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof sa;
	char text[64];
	const uint16_t ports[] = {1, 1};
	int silent = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(silent, (struct sockaddr *)&sa, n) != 0 ||
	    getsockname(silent, (struct sockaddr *)&sa, &n) != 0)
		bail("no UDP socket");
	snprintf(text, sizeof text, "nameserver 127.0.0.1#%d\n", ntohs(sa.sin_port));
	write_file(resolv, "resolv.conf", text);
	open_group(1, "nowhere", ports);
	lim.connect_ms = 20;
	for (int i = 0; i < 3; i++) {
		is_int(failure(), UPSTREAM_LATE_CONNECT, "a server that can't be reached in time");
		ok(is_open_for(&members[0], UPSTREAM_OPEN_MS),
		   "has a circuit though it is alone, for a second each time");
		is_int(failure(), -EHOSTDOWN, "that spares others the wait");
		members[0].open_until = loop.now;
	}
	lim.connect_ms = 5000;
	write_file(resolv, "resolv.conf", "nameserver 127.0.0.1#1\noptions timeout:1 attempts:1\n");
	write_file(hosts, "hosts", "127.0.0.1 nowhere\n");
	is_int(failure(), UPSTREAM_UNREACHABLE, "refused at once");
	is_int(members[0].circuit, UPSTREAM_CLOSED, "it is asked by all again");
	close(silent);
	close_group();
}

int main(void)
{
	write_file(hosts, "hosts", "");
	unsigned before = descriptors();
	moved();
	fixed();
	idle();
	deaf();
	circuits();
	late();
	is_int(descriptors(), before, "no descriptor is left behind");
	return done();
}
