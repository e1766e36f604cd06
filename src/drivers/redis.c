#include "drivers/redis.h"

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

/* The reason for the operator, kept until [down] tells it. */
static void set_why(struct redis *r, const char *text, const char *detail)
{
	struct out o = out_init(r->why, sizeof r->why - 1);
	out_str(&o, text);
	if (detail[0] != '\0') {
		out_str(&o, ": ");
		out_str(&o, detail);
	}
	r->why[o.n] = '\0';
}

static void break_off(struct redis *r, const char *text, const char *detail)
{
	set_why(r, text, detail);
	r->ready = false;
	link_break(&r->link, NET_ECLOSED);
}

static size_t login_room(const struct redis *r)
{
	return 1024 + r->cfg->login.user.n + r->cfg->login.password.n + r->cfg->login.name.n;
}

static void on_up(struct link *l)
{
	struct redis *r = redis_of(l);
	resp_session_init(&r->session, &r->cfg->limits, r->queue, REDIS_IN_FLIGHT);
	struct out o = net_out_open(&l->conn, login_room(r));
	resp_session_login(&r->session, &r->cfg->login, &o);
	if (!net_out_close(&l->conn, &o))
		break_off(r, "login too long", "");
}

static void on_ready(struct redis *r)
{
	r->ready = true;
	r->why[0] = '\0';
	link_ready(&r->link);
	r->events->ready(r);
}

static void on_event(struct redis *r, const struct resp_event *ev)
{
	struct redis_request *q = ev->who;
	if (ev->kind == RESP_EV_READY)
		on_ready(r);
	if (ev->kind == RESP_EV_PUSH && r->events->push != NULL)
		r->events->push(r, &ev->it);
	if (ev->kind != RESP_EV_ITEM)
		return;
	r->replies += ev->it.last;
	r->errors += redis_is_error(&ev->it);
	q->item(q, &ev->it);
}

/* One step of the session; it has something to write only while it logs in. */
static int step(struct redis *r, struct resp_event *ev)
{
	struct net_conn *c = &r->link.conn;
	if (r->ready)
		return resp_session_next(&r->session, net_peek(c), NULL, ev);
	struct out o = net_out_open(c, login_room(r));
	int used = resp_session_next(&r->session, net_peek(c), &o, ev);
	net_out_close(c, &o);
	return used;
}

static void on_input(struct link *l)
{
	struct redis *r = redis_of(l);
	while (l->state == LINK_LOGIN || l->state == LINK_READY) {
		struct resp_event ev;
		int used = step(r, &ev);
		if (used == RESP_MORE)
			break;
		if (used < 0) {
			break_off(r, resp_strerror(used), r->session.refusal);
			break;
		}
		on_event(r, &ev);
		net_eat(&l->conn, (size_t)used);
	}
}

static void fail_all(struct redis *r, int why)
{
	void *who;
	while (!r->link.stopped && resp_session_drop(&r->session, &who)) {
		struct redis_request *q = who;
		q->failed(q, why);
	}
}

static void on_down(struct link *l, int why)
{
	struct redis *r = redis_of(l);
	r->ready = false;
	r->losses++;
	if (r->why[0] == '\0')
		set_why(r, net_strerror(why), "");
	fail_all(r, why == NET_EDEADLINE ? REDIS_ELATE : REDIS_ELOST);
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
}

static size_t command_size(size_t argc, const struct span argv[])
{
	size_t n = 32;
	for (size_t i = 0; i < argc; i++)
		n += argv[i].n + 32;
	return n;
}

static int put(struct redis *r, unsigned flags, void *who, uint32_t ms, size_t argc,
	       const struct span argv[])
{
	struct resp_session *s = &r->session;
	/* Between a loss and the end of its turn it is ready but closing. */
	if (!r->ready || r->link.conn.closing)
		return REDIS_EDOWN;
	struct out o = net_out_open(&r->link.conn, command_size(argc, argv));
	if (resp_session_send(s, &o, argc, argv, flags, who) < 0)
		return REDIS_EFULL;
	if (!net_out_close(&r->link.conn, &o))
		return REDIS_EFULL;
	uint64_t due = r->link.loop->now + ms;
	r->due[(s->head + s->count - 1) % s->cap] = due;
	link_expect(&r->link, due);
	r->commands++;
	return 0;
}

int redis_send(struct redis *r, struct redis_request *q, uint32_t ms, size_t argc,
	       const struct span argv[])
{
	return put(r, 0, q, ms, argc, argv);
}

int redis_send_quiet(struct redis *r, size_t argc, const struct span argv[])
{
	return put(r, 0, &r->sink, r->cfg->link.connect_ms, argc, argv);
}

int redis_transact(struct redis *r, struct redis_request *q, uint32_t ms, size_t n,
		   const struct redis_command commands[])
{
	static const struct span multi[] = {SPAN("MULTI")}, exec[] = {SPAN("EXEC")};
	size_t bytes = command_size(1, multi) + command_size(1, exec);
	for (size_t i = 0; i < n; i++)
		bytes += command_size(commands[i].argc, commands[i].argv);
	if (!r->ready || r->link.conn.closing)
		return REDIS_EDOWN;
	if (r->session.cap - r->session.count < n + 2 || net_room(&r->link.conn) < bytes)
		return REDIS_EFULL;
	int rc = redis_send_quiet(r, 1, multi);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = redis_send_quiet(r, commands[i].argc, commands[i].argv);
	if (rc == 0)
		rc = redis_send(r, q, ms, 1, exec);
	/* There was room, so it is memory that is out. A MULTI left open would swallow others. */
	if (rc < 0)
		break_off(r, "out of memory in a transaction", "");
	return rc;
}

int redis_subscribe(struct redis *r, size_t argc, const struct span argv[])
{
	return put(r, RESP_SUBSCRIBES, NULL, r->cfg->link.connect_ms, argc, argv);
}
