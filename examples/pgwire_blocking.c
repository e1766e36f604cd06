/*
 * pgwire_blocking: a PostgreSQL client on one blocking socket: login by SCRAM-SHA-256, one query
 * with a parameter, its rows. Give it TLS underneath before it leaves the machine.
 *
 *	cc pgwire_blocking.c -o pgwire_blocking $(pkg-config --cflags --libs pgwire)
 *	PGPASSWORD=secret ./pgwire_blocking 127.0.0.1 5432 user database 10
 */
#include "sockets.h"

#include "pgwire/pgwire_session.h"
#include "pgwire/pgwire_value.h"

#include <sys/random.h>

static uint8_t in[32768], room[4096];

static void put_query(struct pgwire_session *s, struct out *o, const char *limit)
{
	struct pgwire_param param = {.value = span_str(limit), .oid = PGWIRE_OID_INT4};
	struct pgwire_query q = {
		.sql = SPAN("SELECT n, n * n AS square FROM generate_series(1, $1) AS n"),
		.params = &param,
		.nparams = 1,
	};
	int rc = pgwire_session_send(s, o, &q, PGWIRE_QUERY, NULL);
	if (rc < 0)
		die(pgwire_strerror(rc));
}

static void show_columns(struct pgwire_columns *c)
{
	struct pgwire_column column;
	while (pgwire_columns_next(c, &column))
		printf("%.*s%c", (int)column.name.n, (const char *)column.name.p,
		       c->left > 0 ? '\t' : '\n');
}

static void show_row(struct pgwire_row *r)
{
	struct pgwire_value v;
	while (pgwire_row_next(r, &v)) {
		struct span text = v.null ? SPAN("NULL") : v.bytes;
		printf("%.*s%c", (int)text.n, (const char *)text.p, r->left > 0 ? '\t' : '\n');
	}
}

/* True while more is to come. */
static bool on_event(struct pgwire_session *s, struct out *o, struct pgwire_event *ev, char **argv)
{
	if (ev->kind == PGWIRE_EV_WORK)
		while (pgwire_session_work(s, o, 4096) == 0)
			;
	if (ev->kind == PGWIRE_EV_READY)
		put_query(s, o, argv[5]);
	if (ev->kind == PGWIRE_EV_COLUMNS)
		show_columns(&ev->columns);
	if (ev->kind == PGWIRE_EV_ROW)
		show_row(&ev->row);
	if (ev->kind == PGWIRE_EV_ERROR)
		fprintf(stderr, "%.*s\n", (int)ev->error.message.n,
			(const char *)ev->error.message.p);
	if (ev->kind == PGWIRE_EV_DONE && ev->failed)
		exit(1);
	return ev->kind != PGWIRE_EV_DONE;
}

int main(int argc, char **argv)
{
	if (argc != 6)
		die("usage: pgwire_blocking HOST PORT USER DATABASE NUMBER");
	int fd = dial(argv[1], argv[2]), used = 0;
	struct out out = out_init(room, sizeof room);
	/* No message may be longer than the buffer holds: it is refused by its first five bytes. */
	struct pgwire_limits lim;
	pgwire_limits_init(&lim, sizeof in);
	struct pgwire_login login = {.user = span_str(argv[3]),
				     .database = span_str(argv[4]),
				     .password = span_str(getenv("PGPASSWORD"))};
	uint8_t nonce[PGWIRE_NONCE_SIZE];
	if (getrandom(nonce, sizeof nonce, 0) != sizeof nonce)
		die("no random bytes");
	struct pgwire_pending queue[1];
	struct pgwire_session s;
	pgwire_session_init(&s, &lim, queue, 1);
	if (pgwire_session_login(&s, &login, nonce, &out) < 0)
		die("user or database is too long");
	bool more = true;
	for (size_t n = 0; more;) {
		send_all(fd, out.p, out.n);
		out.n = 0;
		ssize_t got = read(fd, in + n, sizeof in - n);
		if (got <= 0)
			die("the server closed the connection");
		struct span rest = span_of(in, n + (size_t)got);
		struct pgwire_event ev;
		while (more && (used = pgwire_session_next(&s, rest, &out, &ev)) > 0) {
			more = on_event(&s, &out, &ev, argv);
			rest = span_tail(rest, (size_t)used);
		}
		if (used < 0)
			die(s.refusal[0] != '\0' ? s.refusal : pgwire_strerror(used));
		memmove(in, rest.p, rest.n);
		n = rest.n;
	}
	pgwire_put_terminate(&out);
	send_all(fd, out.p, out.n);
	close(fd);
}
