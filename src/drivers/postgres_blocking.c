#include "drivers/postgres_blocking.h"

#include "drivers/postgres_blocking_inner.h"
#include "drivers/postgres_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GOODBYE_ROOM 5
#define ROW_HEAD 6 /* in front of a row that waits: its length, how many values */

static struct postgres_blocking *blocking_of(struct postgres *p)
{
	return (struct postgres_blocking *)((char *)p - offsetof(struct postgres_blocking, p));
}

/* What comes. */

static void on_ready(struct postgres *p)
{
	(void)p;
}

static void on_down(struct postgres *p, const char *why)
{
	struct postgres_blocking *b = blocking_of(p);
	snprintf(b->why, sizeof b->why, "%s", why);
}

static const struct postgres_events events = {on_ready, on_down};

/* [n] bytes at the end of what waits; NULL when there is no memory. */
static uint8_t *room_for(struct postgres_blocking *b, size_t n)
{
	if (b->rows_at == b->rows_n)
		b->rows_at = b->rows_n = 0;
	size_t need = b->rows_n + n;
	if (need > b->rows_cap) {
		uint8_t *p = realloc(b->rows_p, need);
		if (p == NULL)
			return NULL;
		b->rows_p = p;
		b->rows_cap = need;
	}
	b->rows_n = need;
	return b->rows_p + need - n;
}

/* A full buffer is for the caller to empty. */
static uint8_t *keep(struct postgres_blocking *b, size_t n)
{
	uint8_t *p = room_for(b, n);
	if (p == NULL)
		postgres_renew(&b->p, "out of memory");
	else if (b->rows_n >= POSTGRES_BLOCKING_ROWS)
		postgres_hold(&b->p);
	return p;
}

static void keep_row(struct postgres_blocking *b, struct span bytes, uint16_t count)
{
	uint8_t *p = keep(b, bytes.n + ROW_HEAD);
	if (p == NULL)
		return;
	put_be32(p, (uint32_t)bytes.n);
	put_be16(p + 4, count);
	memcpy(p + ROW_HEAD, bytes.p, bytes.n);
}

void postgres_blocking_keep_data(struct postgres_blocking *b, struct span bytes)
{
	uint8_t *p = keep(b, bytes.n);
	if (p != NULL)
		memcpy(p, bytes.p, bytes.n);
}

static void on_row(struct postgres_request *q, const struct pgwire_row *row)
{
	struct postgres_blocking *b = blocking_of(q->on);
	/* The DataRow is not eaten yet: a byte of type, four of length, two of how many values. */
	struct span message = net_peek(&b->p.link.conn);
	if (!b->skips)
		keep_row(b, span_of(row->at, get_be32(message.p + 1) - 6), row->count);
}

void postgres_blocking_tell(struct postgres_blocking *b, const struct pgwire_event *ev)
{
	if (ev->kind == PGWIRE_EV_COMPLETE) {
		snprintf(b->tag, sizeof b->tag, "%.*s", (int)ev->tag.text.n,
			 (const char *)ev->tag.text.p);
		b->rows = ev->tag.rows;
	}
	if (ev->kind != PGWIRE_EV_COLUMNS)
		return;
	b->columns = ev->columns;
	struct span rest = ev->columns.rest;
	/* A description that is too long is not kept; its rows are. */
	if (rest.n > sizeof b->described)
		b->columns.left = 0;
	else if (rest.n > 0)
		memcpy(b->described, rest.p, rest.n);
	b->columns.rest = span_of(b->described, rest.n > sizeof b->described ? 0 : rest.n);
}

static void on_event(struct postgres_request *q, const struct pgwire_event *ev)
{
	postgres_blocking_tell(blocking_of(q->on), ev);
}

void postgres_blocking_over(struct postgres_blocking *b, const struct postgres_request *q, int rc)
{
	b->busy = false;
	b->rc = rc;
	memcpy(b->sqlstate, q->sqlstate, sizeof b->sqlstate);
	if (rc == POSTGRES_EFAILED)
		snprintf(b->why, sizeof b->why, "%s", q->message);
}

static void on_done(struct postgres_request *q, int rc)
{
	postgres_blocking_over(blocking_of(q->on), q, rc);
}

static void keep_notify(struct postgres_blocking *b, const struct pgwire_notify *n)
{
	size_t need = 12 + n->channel.n + n->payload.n;
	if (b->notifies_at == b->notifies_n)
		b->notifies_at = b->notifies_n = 0;
	if (need > POSTGRES_BLOCKING_NOTIFIES - b->notifies_n) {
		b->dropped++;
		return;
	}
	struct out o = out_init(b->notifies_p + b->notifies_n, need);
	out_be32(&o, n->pid);
	out_be32(&o, (uint32_t)n->channel.n);
	out_be32(&o, (uint32_t)n->payload.n);
	out_span(&o, n->channel);
	out_span(&o, n->payload);
	b->notifies_n += need;
}

static bool watch(struct postgres_watcher *w, struct postgres *p, const struct pgwire_event *ev)
{
	(void)w;
	struct postgres_blocking *b = blocking_of(p);
	bool words = ev->kind == PGWIRE_EV_NOTICE || ev->kind == PGWIRE_EV_ERROR;
	if (ev->kind == PGWIRE_EV_NOTIFY)
		keep_notify(b, &ev->notify);
	if (words && b->notice != NULL)
		b->notice(b, &ev->error);
	return false;
}

/* Waiting. */

static void on_timer(struct net_timer *t)
{
	((struct postgres_blocking *)((char *)t - offsetof(struct postgres_blocking, timer)))
		->expired = true;
}

static void on_task(struct net_task *t)
{
	(void)t;
}

/* A turn that does not wait: the clock, and what happened since the last call. */
static void look(struct postgres_blocking *b)
{
	net_task_put(&b->loop, &b->task, on_task);
	net_loop_turn(&b->loop);
}

static void start_timer(struct postgres_blocking *b, uint32_t ms)
{
	b->expired = false;
	net_timer_stop(&b->timer);
	net_timer_set(&b->loop, &b->timer, ms, on_timer);
}

/* Until the client is ready; false when every host was tried in vain, or the time is up. */
static bool connect_again(struct postgres_blocking *b)
{
	uint32_t passes = b->p.link.passes;
	while (!b->p.ready && !b->expired && b->p.link.passes == passes)
		net_loop_turn(&b->loop);
	if (!b->p.ready && b->expired)
		snprintf(b->why, sizeof b->why, "no connection before the deadline");
	return b->p.ready;
}

void postgres_blocking_wait(struct postgres_blocking *b, bool (*enough)(struct postgres_blocking *))
{
	while (b->busy && !enough(b)) {
		if (b->p.link.conn.paused)
			postgres_unhold(&b->p);
		net_loop_turn(&b->loop);
	}
}

static bool never(struct postgres_blocking *b)
{
	b->rows_at = b->rows_n;
	return false;
}

static bool has_row(struct postgres_blocking *b)
{
	return b->rows_at < b->rows_n;
}

static bool has_begun(struct postgres_blocking *b)
{
	return has_row(b) || b->columns.count > 0;
}

static void forget_result(struct postgres_blocking *b)
{
	b->columns = (struct pgwire_columns){0};
	b->tag[0] = b->sqlstate[0] = '\0';
	b->rows = 0;
	b->rc = POSTGRES_EDOWN;
	b->rows_at = b->rows_n = 0;
}

/* The session that the caller knows, or a first one. */
static int is_known(struct postgres_blocking *b)
{
	bool same = b->p.ready && b->connects == b->p.connects;
	if (!same && b->connects != 0) {
		b->connects = 0;
		if (b->why[0] == '\0')
			snprintf(b->why, sizeof b->why, "the connection was lost");
		return POSTGRES_EDOWN;
	}
	b->why[0] = '\0';
	if (!connect_again(b))
		return POSTGRES_EDOWN;
	b->connects = b->p.connects;
	return 0;
}

int postgres_blocking_begin(struct postgres_blocking *b, uint32_t ms, uint32_t *left)
{
	if (!b->open)
		return POSTGRES_EDOWN;
	b->rc = POSTGRES_EDOWN;
	look(b);
	uint64_t deadline = b->loop.now + ms;
	if (b->busy) {
		b->skips = true;
		if (b->copies)
			postgres_copy_fail(&b->copy, SPAN("not ended"));
		postgres_blocking_wait(b, never);
	}
	b->skips = b->copies = false;
	forget_result(b);
	start_timer(b, ms);
	int rc = is_known(b);
	if (rc < 0)
		return rc;
	b->rc = 0;
	*left = deadline > b->loop.now ? (uint32_t)(deadline - b->loop.now) : 0;
	return 0;
}

static int result(struct postgres_blocking *b)
{
	if (b->busy)
		return 0;
	/* Its own fate tells of the loss. */
	if (b->rc < 0 && !b->p.ready)
		b->connects = 0;
	return b->rc;
}

int postgres_blocking_end(struct postgres_blocking *b)
{
	postgres_blocking_wait(b, never);
	return result(b);
}

/* The caller's own time is not the server's: its deadline stands still. */
static void hold(struct postgres_blocking *b)
{
	if (b->busy)
		postgres_hold(&b->p);
}

/* Calls. */

static struct postgres_request *new_request(struct postgres_blocking *b)
{
	b->q = (struct postgres_request){.row = on_row, .event = on_event, .done = on_done};
	return &b->q;
}

int postgres_blocking_exec(struct postgres_blocking *b, struct span sql, uint32_t ms)
{
	uint32_t left;
	int rc = postgres_blocking_begin(b, ms, &left);
	if (rc == 0)
		rc = postgres_simple(&b->p, new_request(b), left, sql);
	if (rc < 0)
		return rc;
	b->busy = b->skips = true;
	return postgres_blocking_end(b);
}

/* [rc]: of sending. What was not sent is the result that next has to tell, too. */
static int up_to_result(struct postgres_blocking *b, int rc)
{
	b->rc = rc;
	if (rc < 0)
		return rc;
	b->busy = true;
	postgres_blocking_wait(b, has_begun);
	hold(b);
	/* An error in the first row's place; behind rows it is for next to tell. */
	return has_row(b) ? 0 : result(b);
}

int postgres_blocking_query(struct postgres_blocking *b, struct span sql,
			    const struct pgwire_param *params, size_t nparams, uint32_t ms)
{
	uint32_t left;
	int rc = postgres_blocking_begin(b, ms, &left);
	if (rc == 0)
		rc = postgres_query(&b->p, new_request(b), left, sql, params, nparams);
	return up_to_result(b, rc);
}

int postgres_blocking_run(struct postgres_blocking *b, const struct postgres_statement *statement,
			  const struct pgwire_param *params, size_t nparams, uint32_t ms)
{
	uint32_t left;
	int rc = postgres_blocking_begin(b, ms, &left);
	if (rc == 0)
		rc = postgres_cache_send(&b->cache, new_request(b), left, statement, params,
					 nparams);
	return up_to_result(b, rc);
}

/* What waits, when something does: 1, 0 at the end, or an error. */
static int take(struct postgres_blocking *b, struct span *waiting)
{
	if (!has_row(b) && b->busy)
		look(b);
	postgres_blocking_wait(b, has_row);
	if (!has_row(b))
		return result(b);
	hold(b);
	*waiting = span_of(b->rows_p + b->rows_at, b->rows_n - b->rows_at);
	return 1;
}

int postgres_blocking_take_data(struct postgres_blocking *b, struct span *bytes)
{
	int rc = b->copies ? take(b, bytes) : POSTGRES_EREQUEST;
	b->rows_at = b->rows_n;
	return rc;
}

int postgres_blocking_next(struct postgres_blocking *b, struct pgwire_row *row)
{
	struct span waiting;
	int rc = b->copies ? POSTGRES_EREQUEST : take(b, &waiting);
	if (rc <= 0)
		return rc;
	uint16_t count = get_be16(waiting.p + 4);
	b->rows_at += ROW_HEAD + get_be32(waiting.p);
	*row = (struct pgwire_row){.at = waiting.p + ROW_HEAD, .count = count, .left = count};
	return 1;
}

int postgres_blocking_notification(struct postgres_blocking *b, struct pgwire_notify *n,
				   uint32_t ms)
{
	uint32_t left;
	int rc = postgres_blocking_begin(b, ms, &left);
	if (rc < 0)
		return rc;
	while (b->notifies_at == b->notifies_n && b->p.ready && !b->expired)
		net_loop_turn(&b->loop);
	if (b->notifies_at == b->notifies_n) {
		if (b->p.ready)
			return 0;
		b->connects = 0;
		return POSTGRES_EDOWN;
	}
	const uint8_t *p = b->notifies_p + b->notifies_at;
	n->pid = get_be32(p);
	n->channel = span_of(p + 12, get_be32(p + 4));
	n->payload = span_of(n->channel.p + n->channel.n, get_be32(p + 8));
	b->notifies_at += 12 + n->channel.n + n->payload.n;
	return 1;
}

const char *postgres_blocking_why(const struct postgres_blocking *b, int rc)
{
	return b->why[0] != '\0' ? b->why : postgres_strerror(rc);
}

const char *postgres_blocking_sqlstate(const struct postgres_blocking *b)
{
	return b->sqlstate;
}

/* Life. */

static int open_it(struct postgres_blocking *b, const struct postgres_config *cfg)
{
	int rc = net_loop_open(&b->loop);
	if (rc < 0)
		return rc;
	b->open = true;
	b->notifies_p = malloc(POSTGRES_BLOCKING_NOTIFIES);
	if (b->notifies_p == NULL || room_for(b, POSTGRES_BLOCKING_ROWS) == NULL)
		return POSTGRES_EDOWN;
	postgres_start(&b->p, &b->loop, cfg, &events);
	postgres_settings_open(&b->settings, &b->p);
	postgres_cache_open(&b->cache, &b->p, b->entries, POSTGRES_BLOCKING_STATEMENTS);
	postgres_cancel_open(&b->canceller, &b->p, POSTGRES_BLOCKING_GRACE);
	b->watcher.event = watch;
	postgres_watch(&b->p, &b->watcher);
	return 0;
}

static int connect_first(struct postgres_blocking *b, uint32_t ms)
{
	uint32_t left;
	return postgres_blocking_begin(b, ms, &left);
}

int postgres_blocking_open_config(struct postgres_blocking *b, const struct postgres_config *cfg,
				  uint32_t ms)
{
	memset(b, 0, sizeof *b);
	int rc = open_it(b, cfg);
	return rc < 0 ? rc : connect_first(b, ms);
}

int postgres_blocking_open(struct postgres_blocking *b, const char *conninfo, uint32_t ms)
{
	memset(b, 0, sizeof *b);
	int rc = postgres_target_get(&b->target, conninfo, (const char *const *)environ);
	if (rc < 0) {
		snprintf(b->why, sizeof b->why, "%s", b->target.why);
		return rc;
	}
	rc = open_it(b, &b->target.config);
	if (rc < 0)
		return rc;
	postgres_target_watch(&b->target, &b->p);
	return connect_first(b, ms);
}

static void say_goodbye(struct postgres_blocking *b)
{
	struct out o = net_out_open(&b->p.link.conn, GOODBYE_ROOM);
	pgwire_put_terminate(&o);
	net_out_close(&b->p.link.conn, &o);
}

void postgres_blocking_close(struct postgres_blocking *b)
{
	if (!b->open)
		return;
	b->open = false;
	if (b->p.cfg != NULL) {
		if (b->p.ready)
			say_goodbye(b);
		postgres_cancel_close(&b->canceller);
		postgres_stop(&b->p);
		look(b);
		start_timer(b, POSTGRES_BLOCKING_GRACE);
		while ((b->p.link.state != LINK_OFF || b->canceller.open) && !b->expired)
			net_loop_turn(&b->loop);
	}
	net_loop_close(&b->loop);
	free(b->rows_p);
	free(b->notifies_p);
	postgres_target_wipe(&b->target);
}
