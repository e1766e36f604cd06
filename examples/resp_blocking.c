/*
 * resp_blocking: a Redis client on one blocking socket. Four commands leave in one write; their
 * replies come as items, each of which knows how deep it stands and whether it was the last.
 *
 *	cc resp_blocking.c -o resp_blocking $(pkg-config --cflags --libs resp)
 *	REDIS_PASSWORD=secret ./resp_blocking 127.0.0.1 6379
 */
#include "sockets.h"

#include "resp/resp_session.h"

static uint8_t in[16384], room[1024];

static void show(const char *command, const struct resp_item *it)
{
	printf("%s %*s%c", command, 2 * it->depth, "", it->type);
	if (it->str.p != NULL && it->type != RESP_NULL)
		printf("%.*s\n", (int)it->str.n, (const char *)it->str.p);
	else
		printf("%lld\n", (long long)it->num);
}

/* What is given last comes back as ev.who with every item of the reply: here a name. */
static void send_commands(struct resp_session *s, struct out *o)
{
	const struct span ping[] = {SPAN("PING")};
	const struct span set[] = {SPAN("SET"), SPAN("example"), SPAN("42")};
	const struct span get[] = {SPAN("GET"), SPAN("example")};
	const struct span all[] = {SPAN("HGETALL"), SPAN("values")};
	static char names[][8] = {"PING", "SET", "GET", "HGETALL"};
	if (resp_session_send(s, o, 1, ping, 0, names[0]) < 0 ||
	    resp_session_send(s, o, 3, set, 0, names[1]) < 0 ||
	    resp_session_send(s, o, 2, get, 0, names[2]) < 0 ||
	    resp_session_send(s, o, 2, all, 0, names[3]) < 0)
		die("a command was not taken");
}

int main(int argc, char **argv)
{
	if (argc != 3)
		die("usage: resp_blocking HOST PORT");
	int fd = dial(argv[1], argv[2]), left = 4, used;
	struct out out = out_init(room, sizeof room);
	/* No item may be longer than the buffer holds: the reader refuses it by its announcement.
	 */
	struct resp_limits lim = resp_default_limits;
	lim.line = sizeof in - 3;
	lim.bulk = sizeof in - 24;
	struct resp_login login = {.password = span_str(getenv("REDIS_PASSWORD"))};
	struct resp_pending queue[4];
	struct resp_session s;
	resp_session_init(&s, &lim, queue, 4);
	if (resp_session_login(&s, &login, &out) < 0)
		die("the password is too long");
	for (size_t n = 0; left > 0;) {
		send_all(fd, out.p, out.n);
		out.n = 0;
		ssize_t got = read(fd, in + n, sizeof in - n);
		if (got <= 0)
			die("the server closed the connection");
		struct span rest = span_of(in, n + (size_t)got);
		struct resp_event ev;
		while ((used = resp_session_next(&s, rest, &out, &ev)) > 0) {
			if (ev.kind == RESP_EV_READY)
				send_commands(&s, &out);
			if (ev.kind == RESP_EV_ITEM) {
				show(ev.who, &ev.it);
				left -= ev.it.last;
			}
			rest = span_tail(rest, (size_t)used);
		}
		if (used < 0)
			die(s.refusal[0] != '\0' ? s.refusal : resp_strerror(used));
		memmove(in, rest.p, rest.n);
		n = rest.n;
	}
	close(fd);
}
