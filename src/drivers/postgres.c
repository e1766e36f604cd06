#include "drivers/postgres_inner.h"

#include <string.h>

#define LOGIN_ROOM 2048
#define COPY_ROOM 80 /* what the session says to a COPY by itself: 64 bytes at most */
#define SLICE 512    /* PBKDF2 iterations per turn: some 0.1 ms */

static struct postgres *postgres_of(const struct link *l)
{
	return (struct postgres *)((char *)(uintptr_t)l - offsetof(struct postgres, link));
}

static void set_text(char *to, size_t cap, struct span code, struct span message)
{
	struct out o = out_init(to, cap - 1);
	out_span(&o, span_head(code, cap - 1));
	if (code.n > 0 && message.n > 0)
		out_str(&o, " ");
	out_span(&o, span_head(message, o.cap - o.n));
	to[o.n] = '\0';
}

void postgres_break(struct postgres *p, struct span code, struct span message)
{
	set_text(p->why, sizeof p->why, code, message);
	p->ready = false;
	link_break(&p->link, NET_ECLOSED);
}

void postgres_renew(struct postgres *p, const char *why)
{
	/* Otherwise a new one is being made already, and its own reason counts. */
	if (p->link.state == LINK_READY)
		postgres_break(p, SPAN_NONE, span_str(why));
}

static struct out login_writer(struct postgres *p)
{
	const struct pgwire_login *in = &p->cfg->login;
	return net_out_open(&p->link.conn, LOGIN_ROOM + in->user.n + in->database.n +
						   in->password.n + in->options.n);
}

static void on_up(struct link *l)
{
	struct postgres *p = postgres_of(l);
	uint8_t nonce[PGWIRE_NONCE_SIZE];
	p->error = 0;
	net_random(nonce, sizeof nonce);
	pgwire_session_init(&p->session, &p->cfg->limits, p->queue, POSTGRES_IN_FLIGHT);
	struct out o = login_writer(p);
	int rc = pgwire_session_login(&p->session, &p->cfg->login, nonce, &o);
	if (rc < 0 || !net_out_close(&l->conn, &o))
		postgres_break(p, SPAN_NONE, span_str(pgwire_strerror(rc < 0 ? rc : PGWIRE_EROOM)));
}

static void work(struct net_task *t)
{
	struct postgres *p = (struct postgres *)((char *)t - offsetof(struct postgres, work));
	/* Lost in this turn, before the task was run. */
	if (p->link.state != LINK_LOGIN)
		return;
	struct out o = login_writer(p);
	int rc = pgwire_session_work(&p->session, &o, SLICE);
	net_out_close(&p->link.conn, &o);
	if (rc == 0)
		net_task_put(p->link.loop, t, work);
	else if (rc < 0)
		postgres_break(p, SPAN_NONE, span_str(pgwire_strerror(rc)));
}

/* Sending. */

/* Of the fixed parts of all its messages, and then some. */
#define MESSAGES_ROOM 256

int postgres_put_now(struct postgres *p, struct postgres_request *q, uint32_t ms,
		     const struct pgwire_query *query, unsigned flags)
{
	size_t need = MESSAGES_ROOM + query->sql.n + 3 * query->statement.n + 4 * query->portal.n +
		      query->close.n + 2 * query->formats.n;
	for (size_t i = 0; i < query->nparams; i++)
		need += query->params[i].value.n + 16;
	q->at = p->link.conn.sent + net_pending(&p->link.conn);
	struct out o = net_out_open(&p->link.conn, need);
	int rc = pgwire_session_send(&p->session, &o, query, flags, q);
	if (rc < 0)
		return rc == PGWIRE_ETEXT || rc == PGWIRE_EREQUEST ? POSTGRES_EREQUEST
								   : POSTGRES_EFULL;
	net_out_close(&p->link.conn, &o);
	q->on = p;
	q->marks = 0;
	q->handed = false;
	q->sqlstate[0] = q->message[0] = '\0';
	q->deadline = p->link.loop->now + ms;
	link_expect(&p->link, q->deadline);
	p->requests++;
	return 0;
}

int postgres_put(struct postgres *p, struct postgres_request *q, uint32_t ms,
		 const struct pgwire_query *query, unsigned flags)
{
	/* Between a loss and the end of its turn it is ready but closing. */
	if (!p->ready || p->link.conn.closing)
		return POSTGRES_EDOWN;
	return postgres_put_now(p, q, ms, query, flags);
}

int postgres_send(struct postgres *p, struct postgres_request *q, uint32_t ms,
		  const struct postgres_statement *statement, const struct pgwire_param *params,
		  size_t nparams)
{
	struct pgwire_query query = {
		.statement = statement->name,
		.params = params,
		.nparams = nparams,
		.columns = statement->columns,
	};
	return postgres_put(p, q, ms, &query, PGWIRE_BIND | PGWIRE_EXECUTE);
}

/* After the login: the schema, then the statements, all in one write. */

static void now_ready(struct postgres *p)
{
	p->ready = true;
	p->connects++;
	link_ready(&p->link);
	p->events->ready(p);
}

static void boot_done(struct postgres_request *q, int rc)
{
	struct postgres *p = q->on;
	size_t i = (size_t)(q - p->boot);
	p->booting--;
	if (p->link.state != LINK_LOGIN)
		return;
	if (rc < 0 && i >= p->cfg->setups) {
		postgres_break(p, span_str(q->sqlstate), span_str(q->message));
		return;
	}
	if (p->booting == 0)
		now_ready(p);
}

static int boot_one(struct postgres *p, const struct pgwire_query *query, unsigned flags)
{
	if (p->booting == POSTGRES_BOOT_MAX)
		return POSTGRES_EFULL;
	struct postgres_request *q = &p->boot[p->booting++];
	*q = (struct postgres_request){.done = boot_done};
	return postgres_put_now(p, q, p->cfg->link.connect_ms, query, flags);
}

void postgres_boot(struct postgres *p)
{
	const struct postgres_config *cfg = p->cfg;
	int rc = 0;
	p->booting = 0;
	for (size_t i = 0; i < cfg->setups && rc == 0; i++)
		rc = boot_one(p, &(struct pgwire_query){.sql = cfg->setup[i]}, PGWIRE_SIMPLE);
	for (size_t i = 0; i < cfg->statement_count && rc == 0; i++) {
		const struct postgres_statement *s = cfg->statements[i];
		rc = boot_one(p, &(struct pgwire_query){.statement = s->name, .sql = s->sql},
			      PGWIRE_PREPARE);
	}
	if (rc < 0)
		postgres_break(p, SPAN_NONE, SPAN("no room for the statements"));
	else if (p->booting == 0)
		now_ready(p);
}

/* Receiving. */

static void on_error(struct postgres *p, struct postgres_request *q, const struct pgwire_error *e)
{
	p->errors++;
	/* The connection's own end is for [down] to tell, whoever waits for an answer meanwhile. */
	if (q == NULL || e->severity >= PGWIRE_FATAL)
		set_text(p->why, sizeof p->why, e->code, e->message);
	if (q == NULL)
		return;
	set_text(q->sqlstate, sizeof q->sqlstate, e->code, SPAN_NONE);
	set_text(q->message, sizeof q->message, SPAN_NONE, e->message);
}

static void on_event(struct postgres *p, const struct pgwire_event *ev)
{
	struct postgres_request *q = ev->who;
	/* The most frequent by far, and nobody's but the request's. */
	if (ev->kind == PGWIRE_EV_ROW) {
		q->handed = true;
		if (q->row != NULL)
			q->row(q, &ev->row);
		return;
	}
	struct postgres_watcher *w = ev->kind == PGWIRE_EV_COPY_DATA ? NULL : p->watchers;
	for (; w != NULL; w = w->next)
		if (w->event(w, p, ev))
			return;
	switch (ev->kind) {
	case PGWIRE_EV_WORK:
		net_task_put(p->link.loop, &p->work, work);
		break;
	case PGWIRE_EV_READY:
		postgres_boot(p);
		break;
	case PGWIRE_EV_DONE:
		q->done(q, ev->failed ? POSTGRES_EFAILED : 0);
		break;
	case PGWIRE_EV_NONE:
		break;
	default:
		if (ev->kind == PGWIRE_EV_ERROR)
			on_error(p, q, &ev->error);
		if (q != NULL && q->event != NULL && ev->kind < PGWIRE_EV_NOTICE)
			q->event(q, ev);
		break;
	}
}

static int step(struct postgres *p, struct pgwire_event *ev)
{
	struct net_conn *c = &p->link.conn;
	struct out o = out_init(NULL, 0);
	int used = pgwire_session_next(&p->session, net_peek(c), &o, ev);
	if (used != PGWIRE_EROOM)
		return used;
	/* The session answers by itself: in the login, and to a COPY. */
	o = p->link.state == LINK_LOGIN ? login_writer(p) : net_out_open(c, COPY_ROOM);
	used = pgwire_session_next(&p->session, net_peek(c), &o, ev);
	net_out_close(c, &o);
	return used;
}

static void breaks_protocol(struct postgres *p, int rc)
{
	if (rc == PGWIRE_EFATAL && p->why[0] != '\0') {
		link_break(&p->link, NET_ECLOSED);
		return;
	}
	p->error = rc;
	if (p->session.refusal[0] != '\0')
		postgres_break(p, span_str(p->session.code), span_str(p->session.refusal));
	else
		postgres_break(p, SPAN_NONE, span_str(pgwire_strerror(rc)));
}

static void on_input(struct link *l)
{
	struct postgres *p = postgres_of(l);
	while ((l->state == LINK_LOGIN || l->state == LINK_READY) && !l->conn.paused) {
		struct pgwire_event ev;
		int used = step(p, &ev);
		if (used == PGWIRE_MORE)
			break;
		if (used < 0) {
			breaks_protocol(p, used);
			break;
		}
		on_event(p, &ev);
		net_eat(&l->conn, (size_t)used);
	}
}

static int fate(const struct postgres *p, const struct postgres_request *q, int why)
{
	if (p->link.conn.sent <= q->at)
		return POSTGRES_EUNSENT;
	if (why == NET_EDEADLINE)
		return POSTGRES_ELATE;
	return p->error != 0 ? POSTGRES_EPROTO : POSTGRES_ELOST;
}

static void on_down(struct link *l, int why)
{
	struct postgres *p = postgres_of(l);
	void *who;
	p->ready = false;
	p->losses++;
	net_task_drop(l->loop, &p->work);
	if (why == NET_EFULL)
		p->error = why;
	if (p->why[0] == '\0')
		set_text(p->why, sizeof p->why, SPAN_NONE,
			 why == NET_EDEADLINE ? SPAN("no answer before the deadline")
					      : span_str(net_strerror(why)));
	while (!l->stopped && pgwire_session_drop(&p->session, &who)) {
		struct postgres_request *q = who;
		q->done(q, fate(p, q, why));
	}
	if (!l->stopped)
		p->events->down(p, p->why);
	p->why[0] = '\0';
}

static uint64_t first_deadline(const struct link *l)
{
	struct postgres *p = postgres_of(l);
	const struct pgwire_session *s = &p->session;
	uint64_t first = UINT64_MAX;
	/* Who holds the rows back is not waiting for the server. */
	if (l->conn.paused)
		return first;
	if (p->late != NULL)
		return p->late(p);
	for (uint32_t i = 0; i < s->count; i++) {
		const struct postgres_request *q = s->queue[(s->head + i) % s->cap].who;
		if (q->deadline < first)
			first = q->deadline;
	}
	return first;
}

void postgres_watch(struct postgres *p, struct postgres_watcher *w)
{
	w->next = p->watchers;
	p->watchers = w;
}

static const struct link_ops link_ops = {on_up, on_input, on_down, first_deadline};

void postgres_start(struct postgres *p, struct net_loop *loop, const struct postgres_config *cfg,
		    const struct postgres_events *events)
{
	void *user = p->user;
	memset(p, 0, sizeof *p);
	p->user = user;
	p->cfg = cfg;
	p->events = events;
	pgwire_session_init(&p->session, &cfg->limits, p->queue, POSTGRES_IN_FLIGHT);
	link_start(&p->link, loop, &cfg->link, &link_ops);
}

void postgres_stop(struct postgres *p)
{
	void *who;
	p->ready = false;
	net_task_drop(p->link.loop, &p->work);
	/* Forgets what is in flight, and wipes what is left of a login. */
	while (pgwire_session_drop(&p->session, &who))
		;
	link_stop(&p->link);
}
