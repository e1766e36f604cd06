#include "drivers/redis_inner.h"
#include "resp/resp_error.h"

#include <string.h>

static struct redis *redis_of(struct link *l)
{
	return (struct redis *)((char *)l - offsetof(struct redis, link));
}

bool redis_is_error(const struct resp_item *it)
{
	return it->depth == 0 && (it->type == RESP_ERROR || it->type == RESP_BLOB_ERROR);
}

static void ignore_item(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	(void)it;
}

static void ignore_failure(struct redis_request *q, int why)
{
	(void)q;
	(void)why;
}

void redis_break(struct redis *r, const char *text, const char *detail)
{
	/* The reason for the operator, kept until [down] tells it. */
	redis_put_words(r->why, sizeof r->why, text, SPAN_NONE);
	if (detail[0] != '\0') {
		size_t n = strlen(r->why);
		redis_put_words(r->why + n, sizeof r->why - n, ": ", span_str(detail));
	}
	r->ready = false;
	link_break(&r->link, NET_ECLOSED);
}

static size_t login_room(const struct redis *r)
{
	const struct resp_login *l = &r->login;
	return 1024 + l->user.n + l->password.n + l->name.n + 2 * (l->library.n + l->version.n);
}

static void on_up(struct link *l)
{
	struct redis *r = redis_of(l);
	/* What blocks would make others wait, so nobody else is let in. */
	uint32_t cap = r->cfg->blocking ? 1 : REDIS_IN_FLIGHT;
	resp_session_init(&r->session, &r->cfg->limits, r->queue, cap);
	r->login = r->cfg->login;
	if (r->cfg->credentials != NULL)
		r->cfg->credentials(r, &r->login);
	struct out o = net_out_open(&l->conn, login_room(r));
	resp_session_login(&r->session, &r->login, &o);
	if (!net_out_close(&l->conn, &o))
		redis_break(r, "login too long", "");
}

static void on_ready(struct redis *r)
{
	r->ready = r->up = true;
	r->why[0] = '\0';
	r->counters.connects++;
	link_ready(&r->link);
	if (r->resubscribe != NULL && r->resubscribe(r) < 0) {
		redis_break(r, "subscriptions longer than the output bound", "");
		return;
	}
	if (r->kept_turn != NULL)
		r->kept_turn(r);
	r->events->ready(r);
}

static void on_reply_end(struct redis *r, const struct resp_item *it)
{
	r->counters.replies++;
	if (redis_is_error(it)) {
		r->counters.errors++;
		redis_on_error(r, it->str);
	}
	if (r->leaving && r->session.count == 0)
		link_break(&r->link, NET_ECLOSED);
}

static void on_event(struct redis *r, const struct resp_event *ev)
{
	struct redis_request *q = ev->who;
	if (ev->kind == RESP_EV_ITEM) {
		q->item(q, &ev->it);
		if (ev->it.last && !r->link.stopped)
			on_reply_end(r, &ev->it);
	} else if (ev->kind == RESP_EV_READY) {
		on_ready(r);
	} else if (ev->kind == RESP_EV_PUSH && r->events->push != NULL) {
		r->events->push(r, &ev->it);
	}
}

/* One step of the session; it has something to write only while it logs in. */
static int step(struct redis *r, struct resp_event *ev)
{
	struct net_conn *c = &r->link.conn;
	if (r->up)
		return resp_session_next(&r->session, net_peek(c), NULL, ev);
	struct out o = net_out_open(c, login_room(r));
	int used = resp_session_next(&r->session, net_peek(c), &o, ev);
	net_out_close(c, &o);
	return used;
}

/* A login that was refused for good, and not for now. */
static bool is_hopeless(const struct redis *r, int rc)
{
	enum resp_error_class class = resp_error_class(span_str(r->session.refusal));
	return rc == RESP_EAUTH || (rc == RESP_ELOGIN && resp_error_action(class) == RESP_GIVE_UP);
}

static void on_broken(struct redis *r, int rc)
{
	r->broken = true;
	if (is_hopeless(r, rc))
		link_slow(&r->link);
	redis_break(r, resp_strerror(rc), r->session.refusal);
}

static void on_input(struct link *l)
{
	struct redis *r = redis_of(l);
	size_t had = net_peek(&l->conn).n;
	while ((l->state == LINK_LOGIN || l->state == LINK_READY) && !l->held) {
		struct resp_event ev;
		int used = step(r, &ev);
		if (used == RESP_MORE)
			break;
		if (used < 0) {
			on_broken(r, used);
			break;
		}
		on_event(r, &ev);
		net_eat(&l->conn, (size_t)used);
	}
	r->counters.bytes_in += had - net_peek(&l->conn).n;
	if (r->kept_turn != NULL && !l->stopped)
		r->kept_turn(r);
}

/* What became of the request in a place of the queue. */
static int fate(struct redis *r, uint32_t at)
{
	bool late = r->due[at] <= r->link.loop->now;
	r->counters.late += late;
	if ((int32_t)(r->start[at] - (uint32_t)r->link.conn.sent) >= 0) {
		r->counters.unsent++;
		return REDIS_EUNSENT;
	}
	if (r->broken)
		return REDIS_EPROTO;
	return late ? REDIS_ELATE : REDIS_ELOST;
}

static void fail_all(struct redis *r)
{
	struct resp_session *s = &r->session;
	void *who;
	while (!r->link.stopped && resp_session_drop(s, &who)) {
		struct redis_request *q = who;
		q->failed(q, fate(r, s->head > 0 ? s->head - 1 : s->cap - 1));
	}
}

static void on_down(struct link *l, int why)
{
	struct redis *r = redis_of(l);
	*(r->up ? &r->counters.losses : &r->counters.failed_connects) += 1;
	r->ready = r->up = r->leaving = false;
	/* More than the input bound: a limit like those of the codec. */
	r->broken |= why == NET_EFULL;
	if (r->why[0] == '\0')
		redis_put_words(r->why, sizeof r->why, net_strerror(why), SPAN_NONE);
	fail_all(r);
	r->broken = false;
	r->counters.bytes_out += l->conn.sent;
	l->conn.sent = 0; /* the next attempt may end without a connection */
	if (!r->link.stopped)
		r->events->down(r, r->why);
	r->why[0] = '\0';
}

static uint64_t first_deadline(const struct link *l)
{
	const struct redis *r =
		(const struct redis *)((const char *)l - offsetof(struct redis, link));
	const struct resp_session *s = &r->session;
	uint64_t first = UINT64_MAX;
	for (uint32_t i = 0; i < s->count; i++) {
		uint64_t due = r->due[(s->head + i) % s->cap];
		if (due < first)
			first = due;
	}
	return first;
}

static const struct link_ops link_ops = {on_up, on_input, on_down, first_deadline};

void redis_start(struct redis *r, struct net_loop *loop, const struct redis_config *cfg,
		 const struct redis_events *events)
{
	void *user = r->user;
	memset(r, 0, sizeof *r);
	r->user = user;
	r->cfg = cfg;
	r->events = events;
	r->sink = (struct redis_request){ignore_item, ignore_failure};
	resp_session_init(&r->session, &cfg->limits, r->queue, REDIS_IN_FLIGHT);
	link_start(&r->link, loop, &cfg->link, &link_ops);
}

void redis_stop(struct redis *r)
{
	r->ready = false;
	link_stop(&r->link);
	if (r->kept_turn != NULL)
		r->kept_turn(r);
}

size_t redis_command_size(size_t argc, const struct span argv[])
{
	size_t n = 32;
	for (size_t i = 0; i < argc; i++)
		n += argv[i].n + 32;
	return n;
}

bool redis_is_up(const struct redis *r)
{
	return r->ready && !r->link.conn.closing;
}

bool redis_fits(const struct redis *r, size_t commands, size_t bytes)
{
	return r->session.cap - r->session.count >= commands && net_room(&r->link.conn) >= bytes;
}

/* The session took a command, which begins at [start] of the stream. */
static int took(struct redis *r, struct out *o, uint64_t start, uint64_t due)
{
	struct resp_session *s = &r->session;
	if (!net_out_close(&r->link.conn, o))
		return REDIS_EFULL;
	uint32_t at = (s->head + s->count - 1) % s->cap;
	r->due[at] = due;
	r->start[at] = (uint32_t)start;
	link_expect(&r->link, due);
	r->counters.commands++;
	return 0;
}

static uint64_t stream_end(const struct net_conn *c)
{
	return c->sent + net_pending(c);
}

int redis_put(struct redis *r, unsigned flags, void *who, uint64_t due, size_t argc,
	      const struct span argv[])
{
	if (!redis_is_up(r))
		return REDIS_EDOWN;
	uint64_t start = stream_end(&r->link.conn);
	struct out o = net_out_open(&r->link.conn, redis_command_size(argc, argv));
	if (resp_session_send(&r->session, &o, argc, argv, flags, who) < 0)
		return REDIS_EFULL;
	return took(r, &o, start, due);
}

int redis_put_encoded(struct redis *r, void *who, uint64_t due, struct span wire)
{
	if (!redis_is_up(r))
		return REDIS_EDOWN;
	uint64_t start = stream_end(&r->link.conn);
	struct out o = net_out_open(&r->link.conn, wire.n);
	if (resp_session_send_encoded(&r->session, &o, wire, who) < 0)
		return REDIS_EFULL;
	return took(r, &o, start, due);
}

int redis_send(struct redis *r, struct redis_request *q, uint32_t ms, size_t argc,
	       const struct span argv[])
{
	return redis_put(r, 0, q, r->link.loop->now + ms, argc, argv);
}

int redis_send_quiet(struct redis *r, size_t argc, const struct span argv[])
{
	return redis_send(r, &r->sink, r->cfg->link.connect_ms, argc, argv);
}

int redis_transact(struct redis *r, struct redis_request *q, uint32_t ms, size_t n,
		   const struct redis_command commands[])
{
	static const struct span multi[] = {SPAN("MULTI")}, exec[] = {SPAN("EXEC")};
	size_t bytes = redis_command_size(1, multi) + redis_command_size(1, exec);
	for (size_t i = 0; i < n; i++)
		bytes += redis_command_size(commands[i].argc, commands[i].argv);
	if (!redis_is_up(r))
		return REDIS_EDOWN;
	if (!redis_fits(r, n + 2, bytes))
		return REDIS_EFULL;
	int rc = redis_send_quiet(r, 1, multi);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = redis_send_quiet(r, commands[i].argc, commands[i].argv);
	if (rc == 0)
		rc = redis_send(r, q, ms, 1, exec);
	/* There was room, so it is memory that is out. A MULTI left open would swallow others. */
	if (rc < 0)
		redis_break(r, "out of memory in a transaction", "");
	return rc;
}

int redis_transact_watched(struct redis *r, uint64_t connects, struct redis_request *q, uint32_t ms,
			   size_t n, const struct redis_command commands[])
{
	if (r->counters.connects != connects)
		return REDIS_EDOWN;
	return redis_transact(r, q, ms, n, commands);
}

void redis_get_counters(const struct redis *r, struct redis_counters *c)
{
	*c = r->counters;
	c->bytes_out += r->link.conn.sent;
	c->in_flight = r->session.count;
	c->waiting = r->kept_bytes;
}
