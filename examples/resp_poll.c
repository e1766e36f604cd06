/*
 * resp_poll: the Redis session in a poll(2) loop of somebody else's: nothing blocks, output waits
 * for POLLOUT, and what is not over after two seconds has failed.
 *
 *	cc resp_poll.c -o resp_poll $(pkg-config --cflags --libs resp)
 *	REDIS_PASSWORD=secret ./resp_poll 127.0.0.1 6379
 */
#include "sockets.h"

#include "resp/resp_session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

/* What waits for a reply; the session hands its address back with every item of it. */
struct request {
	void (*item)(struct request *, const struct resp_item *);
	const char *name;
	unsigned items;
};

static struct resp_session session;
static uint8_t in[16384], room[1024];
static size_t in_n, sent; /* bytes that wait to be read, and those of [out] that left */
static struct out out;
static unsigned left = 1; /* answers to come, that to the login first */

static void on_word(struct request *q, const struct resp_item *it)
{
	printf("%s: %.*s\n", q->name, (int)it->str.n, (const char *)it->str.p);
}

/* A map of RESP3: the map itself, then key, value, key, value. In RESP2 the same as an array. */
static void on_pairs(struct request *q, const struct resp_item *it)
{
	if (it->depth > 0)
		printf("%.*s%c", (int)it->str.n, (const char *)it->str.p,
		       q->items % 2 ? '=' : '\n');
	else if (it->type == RESP_MAP || it->type == RESP_ARRAY)
		printf("%s: %lld items\n", q->name, (long long)it->num);
	q->items++;
}

static struct request ping = {on_word, "PING", 0}, set = {on_word, "SET", 0},
		      get = {on_word, "GET", 0}, all = {on_pairs, "HGETALL", 0};

static void put(struct request *q, size_t argc, const struct span argv[])
{
	int rc = resp_session_send(&session, &out, argc, argv, 0, q);
	if (rc < 0)
		die(resp_strerror(rc));
	left++;
}

static void on_ready(void)
{
	put(&ping, 1, (struct span[]){SPAN("PING")});
	put(&set, 3, (struct span[]){SPAN("SET"), SPAN("example"), SPAN("42")});
	put(&get, 2, (struct span[]){SPAN("GET"), SPAN("example")});
	put(&all, 2, (struct span[]){SPAN("HGETALL"), SPAN("values")});
}

static void on_readable(int fd)
{
	ssize_t got = read(fd, in + in_n, sizeof in - in_n);
	if (got == 0 || (got < 0 && errno != EAGAIN))
		die("the server closed the connection");
	struct span rest = span_of(in, in_n + (got > 0 ? (size_t)got : 0));
	struct resp_event ev;
	int used;
	while ((used = resp_session_next(&session, rest, &out, &ev)) > 0) {
		struct request *q = ev.who;
		if (ev.kind == RESP_EV_READY) {
			on_ready();
			left--;
		}
		if (ev.kind == RESP_EV_ITEM) {
			q->item(q, &ev.it);
			left -= ev.it.last;
		}
		rest = span_tail(rest, (size_t)used);
	}
	if (used < 0)
		die(session.refusal[0] != '\0' ? session.refusal : resp_strerror(used));
	memmove(in, rest.p, in_n = rest.n);
}

static void on_writable(int fd)
{
	ssize_t rc = send(fd, out.p + sent, out.n - sent, MSG_NOSIGNAL);
	if (rc < 0 && errno != EAGAIN)
		die("the connection broke");
	sent += rc > 0 ? (size_t)rc : 0;
	if (sent == out.n)
		out.n = sent = 0;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		die("usage: resp_poll HOST PORT");
	int fd = dial(argv[1], argv[2]);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	out = out_init(room, sizeof room);
	struct resp_limits lim = resp_default_limits;
	lim.line = sizeof in - 3; /* what a buffer of this size can hold: see resp_next */
	lim.bulk = sizeof in - 24;
	struct resp_login login = {.password = span_str(getenv("REDIS_PASSWORD"))};
	struct resp_pending queue[8];
	resp_session_init(&session, &lim, queue, 8);
	if (resp_session_login(&session, &login, &out) < 0)
		die("the password is too long");
	while (left > 0) {
		short events = out.n > 0 ? POLLIN | POLLOUT : POLLIN;
		struct pollfd p = {.fd = fd, .events = events};
		if (poll(&p, 1, 2000) <= 0)
			die("no answer within two seconds");
		if (p.revents & POLLOUT)
			on_writable(fd);
		if (p.revents & (POLLIN | POLLHUP | POLLERR))
			on_readable(fd);
	}
	close(fd);
}
