/*
 * pgwire_poll: the PostgreSQL session in a poll(2) loop of somebody else's: two queries in one
 * write (pipelining), nothing blocks, and what is not over after two seconds has failed.
 *
 *	cc pgwire_poll.c -o pgwire_poll $(pkg-config --cflags --libs pgwire)
 *	PGPASSWORD=secret ./pgwire_poll "host=127.0.0.1 port=5432 user=me dbname=db"
 */
#include "sockets.h"

#include "pgwire/pgwire_conninfo.h"
#include "pgwire/pgwire_session.h"
#include "pgwire/pgwire_value.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>

static struct pgwire_session session;
static uint8_t in[32768], room[4096], texts[1024], param[4];
static size_t in_n, sent; /* bytes that wait to be read, and those of [out] that left */
static struct out out;
static unsigned left = 2; /* answers to come */

static void put(const char *name, struct pgwire_query q)
{
	q.formats = SPAN("\1"); /* results in binary */
	int rc = pgwire_session_send(&session, &out, &q, PGWIRE_QUERY, (void *)(uintptr_t)name);
	if (rc < 0)
		die(pgwire_strerror(rc));
}

static void on_ready(void)
{
	const struct pgwire_param limit = pgwire_param_int4(param, 3);
	put("squares",
	    (struct pgwire_query){.sql = SPAN("SELECT n * n FROM generate_series(1, $1) n"),
				  .params = &limit,
				  .nparams = 1});
	put("broken", (struct pgwire_query){.sql = SPAN("SELECT 1 / 0")});
}

static void on_event(struct pgwire_event *ev)
{
	struct pgwire_value v;
	int32_t n = 0;
	if (ev->kind == PGWIRE_EV_WORK) /* a loop that serves others does a slice at a time */
		while (pgwire_session_work(&session, &out, 4096) == 0)
			;
	if (ev->kind == PGWIRE_EV_READY)
		on_ready();
	if (ev->kind == PGWIRE_EV_ROW && pgwire_row_next(&ev->row, &v) &&
	    pgwire_get_int4(v, true, &n))
		printf("%s: %d\n", (const char *)ev->who, (int)n);
	if (ev->kind == PGWIRE_EV_ERROR)
		printf("%s: %.*s\n", ev->who == NULL ? "server" : (const char *)ev->who,
		       (int)ev->error.message.n, (const char *)ev->error.message.p);
	if (ev->kind == PGWIRE_EV_DONE)
		left--;
}

static void on_readable(int fd)
{
	ssize_t got = read(fd, in + in_n, sizeof in - in_n);
	if (got == 0 || (got < 0 && errno != EAGAIN))
		die("the server closed the connection");
	struct span rest = span_of(in, in_n + (got > 0 ? (size_t)got : 0));
	struct pgwire_event ev;
	int used;
	while ((used = pgwire_session_next(&session, rest, &out, &ev)) > 0) {
		on_event(&ev);
		rest = span_tail(rest, (size_t)used);
	}
	if (used < 0)
		die(session.refusal[0] != '\0' ? session.refusal : pgwire_strerror(used));
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

/* The first host of the list; a program for more would try them in turn. */
static int begin(const char *conninfo, struct pgwire_target *t)
{
	struct pgwire_conninfo c;
	char host[256], port[8];
	pgwire_conninfo_init(&c, texts, sizeof texts);
	int rc = pgwire_conninfo_put(&c, span_str(conninfo));
	if (rc > 0)
		rc = pgwire_conninfo_put_env(&c, SPAN("PGPASSWORD"),
					     span_str(getenv("PGPASSWORD")));
	if (rc >= 0)
		rc = pgwire_target_get(&c, t);
	if (rc < 0)
		die(pgwire_strerror(rc));
	const struct pgwire_host *h = &t->hosts[0];
	struct span name = h->addr.n > 0 ? h->addr : h->name;
	snprintf(host, sizeof host, "%.*s", (int)name.n, (const char *)name.p);
	snprintf(port, sizeof port, "%u", h->port);
	return dial(host, port);
}

int main(int argc, char **argv)
{
	struct pgwire_target t;
	uint8_t nonce[PGWIRE_NONCE_SIZE];
	if (argc != 2)
		die("usage: pgwire_poll CONNINFO");
	int fd = begin(argv[1], &t);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	out = out_init(room, sizeof room);
	struct pgwire_limits lim;
	pgwire_limits_init(&lim, sizeof in);
	struct pgwire_login login = {
		.user = t.user, .database = t.database, .password = t.password, .flags = t.flags};
	struct pgwire_pending queue[4];
	pgwire_session_init(&session, &lim, queue, 4);
	if (getrandom(nonce, sizeof nonce, 0) != sizeof nonce ||
	    pgwire_session_login(&session, &login, nonce, &out) < 0)
		die("no random bytes, or a login that is too long");
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
