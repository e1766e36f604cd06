#include "drivers/redis_blocking.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Replies. */

void redis_reply_init(struct redis_reply *y, struct resp_node *nodes, uint32_t cap, void *bytes,
		      size_t n)
{
	*y = (struct redis_reply){.bytes = out_init(bytes, n)};
	resp_tree_init(&y->tree, nodes, cap);
}

static void empty(struct redis_reply *y)
{
	redis_reply_init(y, y->tree.nodes, y->tree.cap, y->bytes.p, y->bytes.cap);
}

static void keep_item(void *user, const struct resp_item *it)
{
	struct redis_reply *y = user;
	struct resp_item copy = *it;
	if (it->attribute || y->over)
		return;
	copy.str.p = y->bytes.p + y->bytes.n;
	out_span(&y->bytes, it->str);
	y->over = y->bytes.over || resp_tree_put(&y->tree, &copy, y->bytes.p) < 0;
}

/* Turning. */

static struct redis_blocking *blocking_of(struct redis *r)
{
	return (struct redis_blocking *)((char *)r - offsetof(struct redis_blocking, client));
}

static uint64_t clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void nothing(struct net_task *t)
{
	(void)t;
}

static void turn_once(struct redis_blocking *b)
{
	net_task_put(&b->loop, &b->task, nothing);
	net_loop_turn(&b->loop);
}

static void on_time(struct net_timer *t)
{
	struct redis_blocking *b =
		(struct redis_blocking *)((char *)t - offsetof(struct redis_blocking, timer));
	b->timed_out = true;
}

/*
 * Between calls the loop stands, and with it its time. What was received and nobody waits for stays
 * where it is (link.held), the peer's end too, for it comes behind that.
 */
static void go_on(struct redis_blocking *b)
{
	struct link *l = &b->client.link;
	b->loop.now = clock_ms();
	l->held = false;
	if (b->client.up && (l->conn.eof || l->conn.in.len > l->conn.in.off))
		net_again(&l->conn);
}

/*
 * Before the first command of a call: what came since the last one is no reply to it, and the
 * connection may be gone.
 */
static void look(struct redis_blocking *b)
{
	go_on(b);
	turn_once(b);
}

static void begin(struct redis_blocking *b, uint32_t ms)
{
	struct link *l = &b->client.link;
	b->timed_out = false;
	go_on(b);
	/* What is late may be here already: first it is looked at. */
	if (b->flying == 0 || l->conn.eof || (b->late != 0 && b->late <= b->loop.now))
		turn_once(b);
	if (b->late != 0 && b->client.up)
		link_expect(l, b->late);
	b->late = 0;
	net_timer_set(&b->loop, &b->timer, ms, on_time);
}

static int end(struct redis_blocking *b, int rc)
{
	struct net_timer *late = &b->client.link.late;
	b->hearing = b->begun = false;
	b->wanted = 0;
	b->client.link.held = true;
	net_timer_stop(&b->timer);
	if (late->link != NULL)
		b->late = late->due;
	net_timer_stop(late);
	return rc;
}

/* One of those that were waited for is complete; behind the last nothing more is looked at. */
static void count(struct redis_blocking *b)
{
	if (--b->wanted == 0)
		b->client.link.held = true;
}

static void on_ready(struct redis *r)
{
	(void)r;
}

static void on_down(struct redis *r, const char *why)
{
	struct redis_blocking *b = blocking_of(r);
	snprintf(b->why, sizeof b->why, "%s", why);
}

static void on_push(struct redis *r, const struct resp_item *it)
{
	struct redis_blocking *b = blocking_of(r);
	b->begun |= b->hearing && it->depth == 0;
	if (b->begun) {
		b->item(b->item_user, it);
		b->begun = !it->last;
		if (it->last)
			count(b);
	} else if (b->push != NULL && !b->hearing) {
		b->push(b->push_user, it);
	} else {
		b->dropped += it->last; /* or the rest of one that was not there in time */
	}
}

static const struct redis_events events = {on_ready, on_down, on_push, NULL};

/* Until commands are taken. */
static int become_ready(struct redis_blocking *b)
{
	while (!b->client.ready && !b->timed_out)
		net_loop_turn(&b->loop);
	return b->client.ready ? 0 : REDIS_EUNSENT;
}

static void pipe_item(struct redis_request *q, const struct resp_item *it);
static void pipe_failed(struct redis_request *q, int why);

int redis_blocking_open(struct redis_blocking *b, const struct redis_config *cfg, uint32_t ms)
{
	memset(b, 0, sizeof *b);
	int rc = net_loop_open(&b->loop);
	if (rc < 0)
		return rc;
	b->piped = (struct redis_request){pipe_item, pipe_failed};
	redis_start(&b->client, &b->loop, cfg, &events);
	begin(b, ms);
	const struct redis_counters *c = &b->client.counters;
	while (!b->client.ready && !b->timed_out && c->failed_connects < cfg->link.host_count)
		net_loop_turn(&b->loop);
	rc = b->client.ready ? 0 : b->timed_out ? REDIS_ELATE : REDIS_EDOWN;
	end(b, rc);
	if (rc < 0)
		redis_blocking_close(b);
	return rc;
}

void redis_blocking_close(struct redis_blocking *b)
{
	redis_stop(&b->client);
	turn_once(b);
	net_timer_stop(&b->timer);
	if (b->client.link.conn.finishing && !b->client.link.conn.closing)
		net_close_soon(&b->client.link.conn, NET_ECLOSED);
	turn_once(b);
	net_loop_close(&b->loop);
}

/* One command. */

struct waiter {
	struct redis_request q;
	redis_blocking_item *item;
	void *user;
	bool over;
	int rc;
	struct link *link;
};

static void call_item(struct redis_request *q, const struct resp_item *it)
{
	struct waiter *w = (struct waiter *)q;
	w->item(w->user, it);
	w->over = it->last;
	w->link->held = w->over;
}

static void call_failed(struct redis_request *q, int why)
{
	struct waiter *w = (struct waiter *)q;
	w->over = true;
	w->rc = why;
}

static int call(struct redis_blocking *b, struct waiter *w, const struct redis_options *o,
		size_t argc, const struct span argv[])
{
	uint64_t ms = (uint64_t)o->ms + o->block_ms;
	uint32_t all = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
	begin(b, all);
	uint64_t due = b->loop.now + all;
	int rc = o->connection != 0 ? 0 : become_ready(b);
	if (rc < 0)
		return rc;
	/* Nobody else waits behind it: it may block anywhere. */
	struct redis_options left = *o;
	left.ms = due > b->loop.now ? (uint32_t)(due - b->loop.now) : 0;
	left.block_ms = 0;
	rc = redis_send_with(&b->client, &w->q, &left, argc, argv);
	/* Sent now, and not at the end of a turn that would only look whether there is anything. */
	net_conn_settle(&b->loop);
	while (rc == 0 && !w->over)
		net_loop_turn(&b->loop);
	return rc < 0 ? rc : w->rc;
}

int redis_blocking_call_items(struct redis_blocking *b, const struct redis_options *o, size_t argc,
			      const struct span argv[], redis_blocking_item *item, void *user)
{
	struct waiter w = {
		.q = {call_item, call_failed}, .item = item, .user = user, .link = &b->client.link};
	if (b->flying + b->lost + b->unsent > 0)
		return REDIS_EFULL;
	return end(b, call(b, &w, o, argc, argv));
}

static int fit(const struct redis_reply *y, int rc)
{
	return rc == 0 && y->over ? REDIS_EROOM : rc;
}

int redis_blocking_call(struct redis_blocking *b, const struct redis_options *o, size_t argc,
			const struct span argv[], struct redis_reply *y)
{
	empty(y);
	return fit(y, redis_blocking_call_items(b, o, argc, argv, keep_item, y));
}

/* Pipelines. */

static void pipe_item(struct redis_request *q, const struct resp_item *it)
{
	struct redis_blocking *b =
		(struct redis_blocking *)((char *)q - offsetof(struct redis_blocking, piped));
	b->item(b->item_user, it);
	if (!it->last)
		return;
	b->flying--;
	count(b);
}

/* What failed unsent was put after all that failed otherwise. */
static void pipe_failed(struct redis_request *q, int why)
{
	struct redis_blocking *b =
		(struct redis_blocking *)((char *)q - offsetof(struct redis_blocking, piped));
	b->flying--;
	if (why == REDIS_EUNSENT) {
		b->unsent++;
	} else {
		b->lost++;
		b->lost_why = b->timed_out ? REDIS_ELATE : why;
	}
}

int redis_blocking_put(struct redis_blocking *b, size_t argc, const struct span argv[])
{
	if (b->lost + b->unsent > 0)
		return REDIS_EFULL;
	if (b->flying == 0)
		look(b);
	/* The time that counts is the one of take. */
	int rc = redis_send(&b->client, &b->piped, UINT32_MAX, argc, argv);
	b->flying += rc == 0;
	return rc;
}

static int take_failed(struct redis_blocking *b)
{
	if (b->lost > 0) {
		b->lost--;
		return b->lost_why;
	}
	if (b->unsent > 0) {
		b->unsent--;
		return REDIS_EUNSENT;
	}
	return REDIS_EFULL;
}

int redis_blocking_take_items(struct redis_blocking *b, uint32_t ms, uint32_t n,
			      redis_blocking_item *item, void *user)
{
	if (n > b->flying)
		return take_failed(b);
	b->item = item;
	b->item_user = user;
	b->wanted = n;
	begin(b, ms);
	net_conn_settle(&b->loop);
	while (b->wanted > 0 && b->flying > 0 && !b->timed_out)
		net_loop_turn(&b->loop);
	if (b->timed_out && b->flying > 0)
		link_break(&b->client.link, NET_EDEADLINE);
	while (b->wanted > 0 && b->flying > 0)
		turn_once(b);
	return end(b, b->wanted > 0 ? take_failed(b) : 0);
}

int redis_blocking_take(struct redis_blocking *b, uint32_t ms, struct redis_reply *y)
{
	empty(y);
	return fit(y, redis_blocking_take_items(b, ms, 1, keep_item, y));
}

/* Pushes. */

int redis_blocking_message(struct redis_blocking *b, uint32_t ms, struct redis_reply *y)
{
	if (b->flying + b->lost + b->unsent > 0)
		return REDIS_EFULL;
	empty(y);
	b->hearing = true;
	b->item = keep_item;
	b->item_user = y;
	b->wanted = 1;
	begin(b, ms);
	const uint64_t *losses = &b->client.counters.losses;
	while (b->wanted > 0 && *losses == b->losses && !b->timed_out)
		net_loop_turn(&b->loop);
	int rc = b->wanted == 0 ? 0 : *losses != b->losses ? REDIS_ELOST : REDIS_ELATE;
	if (rc == REDIS_ELOST)
		b->losses = *losses;
	return end(b, fit(y, rc));
}
