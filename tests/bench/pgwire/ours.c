/* make bench-pgwire: our client, on a blocking socket. See client.h. */
#include "bench/pgwire/client.h"
#include "pgwire/pgwire_session.h"
#include "pgwire/pgwire_value.h"

#include <netdb.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE 256

struct client {
	int fd;
	struct pgwire_session s;
	struct pgwire_pending queue[QUEUE];
	struct pgwire_login login;
	struct out out;
	size_t n; /* bytes in [in] */
	bool binary, ready;
	uint64_t sum;
	uint8_t in[64 << 10], out_buf[64 << 10];
};

static struct client client;

static void flush(struct client *c)
{
	for (size_t at = 0; at < c->out.n;) {
		ssize_t n = send(c->fd, c->out.p + at, c->out.n - at, MSG_NOSIGNAL);
		if (n <= 0)
			die("send");
		at += (size_t)n;
	}
	c->out.n = 0;
}

static void take_row(struct client *c, const struct pgwire_row *row)
{
	struct pgwire_row r = *row;
	struct pgwire_value v;
	int32_t n = 0;
	if (!pgwire_row_next(&r, &v) || !pgwire_get_int4(v, c->binary, &n))
		die("no number");
	c->sum += (uint64_t)n;
	for (int i = 1; i < 3 && pgwire_row_next(&r, &v); i++)
		c->sum += v.bytes.n;
}

static void on_event(struct client *c, const struct pgwire_event *ev)
{
	switch (ev->kind) {
	case PGWIRE_EV_WORK:
		while (pgwire_session_work(&c->s, &c->out, 4096) == 0)
			;
		break;
	case PGWIRE_EV_READY:
		c->ready = true;
		break;
	case PGWIRE_EV_ROW:
		take_row(c, &ev->row);
		break;
	case PGWIRE_EV_ERROR:
		die("the server refused it");
	default:
		break;
	}
}

static void step(struct client *c)
{
	struct pgwire_event ev;
	int used;
	flush(c);
	ssize_t got = recv(c->fd, c->in + c->n, sizeof c->in - c->n, 0);
	if (got <= 0)
		die("the server closed the connection");
	struct span rest = {c->in, c->n + (size_t)got};
	while ((used = pgwire_session_next(&c->s, rest, &c->out, &ev)) > 0) {
		on_event(c, &ev);
		rest = (struct span){rest.p + used, rest.n - (size_t)used};
	}
	if (used < 0)
		die(pgwire_strerror(used));
	c->n = rest.n;
	memmove(c->in, rest.p, rest.n);
}

static void dial(struct client *c, const struct target *t)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *a;
	if (getaddrinfo(t->host, t->port, &hints, &a) != 0)
		die("no such host");
	c->fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
	if (connect(c->fd, a->ai_addr, a->ai_addrlen) != 0)
		die("no connection");
	freeaddrinfo(a);
}

static void log_in(struct client *c, const struct target *t)
{
	uint8_t nonce[PGWIRE_NONCE_SIZE];
	dial(c, t);
	c->ready = false;
	c->n = 0;
	c->out = out_init(c->out_buf, sizeof c->out_buf);
	c->login = (struct pgwire_login){.user = span_str(t->user),
					 .database = span_str(t->database),
					 .password = span_str(t->password)};
	pgwire_session_init(&c->s, NULL, c->queue, QUEUE);
	if (getrandom(nonce, sizeof nonce, 0) != sizeof nonce ||
	    pgwire_session_login(&c->s, &c->login, nonce, &c->out) < 0)
		die("no login");
	while (!c->ready)
		step(c);
}

static void log_out(struct client *c)
{
	pgwire_put_terminate(&c->out);
	flush(c);
	close(c->fd);
}

static void put(struct client *c, const struct pgwire_query *q, unsigned flags)
{
	int rc = pgwire_session_send(&c->s, &c->out, q, flags, NULL);
	if (rc < 0)
		die(pgwire_strerror(rc));
}

static void finish(struct client *c)
{
	while (c->s.count > 0)
		step(c);
}

static void rows(struct client *c, unsigned n)
{
	char sql[256];
	snprintf(sql, sizeof sql, ROWS_SQL, n);
	put(c,
	    &(struct pgwire_query){.sql = span_str(sql),
				   .formats = c->binary ? SPAN("\1") : SPAN_NONE},
	    PGWIRE_QUERY);
	finish(c);
}

static void insert(struct client *c, unsigned n)
{
	put(c, &(struct pgwire_query){.sql = SPAN("BEGIN")}, PGWIRE_SIMPLE);
	put(c, &(struct pgwire_query){.sql = SPAN(INSERT_SQL), .statement = SPAN("i")},
	    PGWIRE_PREPARE);
	finish(c);
	for (unsigned i = 0; i < n; i++) {
		uint8_t number[12];
		struct out text = out_init(number, sizeof number);
		out_u64(&text, i);
		const struct pgwire_param params[] = {{.value = out_span_of(&text)},
						      {.value = SPAN(INSERT_TEXT)}};
		put(c,
		    &(struct pgwire_query){.statement = SPAN("i"), .params = params, .nparams = 2},
		    PGWIRE_BIND | PGWIRE_EXECUTE);
		if (i % BATCH == BATCH - 1)
			finish(c);
	}
	finish(c);
	put(c, &(struct pgwire_query){.sql = SPAN("ROLLBACK")}, PGWIRE_SIMPLE);
	finish(c);
}

int main(int argc, char **argv)
{
	struct target t;
	struct client *c = &client;
	begin(&t, argc, argv);
	for (unsigned i = 0; i < (t.mode == LOGIN ? t.n : 1); i++) {
		log_in(c, &t);
		c->binary = t.mode == BINARY;
		if (t.mode == TEXT || t.mode == BINARY)
			rows(c, t.n);
		if (t.mode == INSERT)
			insert(c, t.n);
		log_out(c);
	}
	report(c->sum);
	return 0;
}
