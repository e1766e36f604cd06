#include "drivers/redis_with.h"

#include "drivers/redis_inner.h"
#include "resp/resp_error.h"

#include <stdlib.h>

/*
 * A command that is kept: it waits, or it is flying, which means that the session has it. As a
 * request of its own it stands between the connection and the caller's.
 */
struct redis_kept {
	struct redis_request q;
	struct redis *r;
	struct redis_request *user;
	struct redis_kept *next, **link;
	uint64_t due, not_before; /* loop time */
	uint32_t n;
	bool repeat;
	bool left; /* an attempt may have been executed */
	bool told; /* the caller has seen a part of the reply */
	uint8_t wire[];
};

static void enlist(struct redis_kept **at, struct redis_kept *k)
{
	k->link = at;
	k->next = *at;
	if (k->next != NULL)
		k->next->link = &k->next;
	*at = k;
}

static void delist(struct redis_kept *k)
{
	struct redis *r = k->r;
	if (r->kept_end == &k->next)
		r->kept_end = k->link;
	*k->link = k->next;
	if (k->next != NULL)
		k->next->link = k->link;
}

/* The end of [k]; what the caller gave is his again. */
static struct redis_request *release(struct redis_kept *k)
{
	struct redis_request *user = k->user;
	delist(k);
	k->r->kept_bytes -= (uint32_t)sizeof *k + k->n;
	free(k);
	return user;
}

static void on_time(struct net_timer *t);

static void wake_at(struct redis *r, uint64_t when)
{
	struct net_timer *t = &r->kept_timer;
	uint64_t now = r->link.loop->now;
	if (t->link == NULL || when < t->due)
		net_timer_set(r->link.loop, t, when > now ? (uint32_t)(when - now) : 0, on_time);
}

static void wait_until(struct redis_kept *k, uint64_t not_before)
{
	struct redis *r = k->r;
	k->not_before = not_before;
	enlist(r->kept_end, k);
	r->kept_end = &k->next;
	wake_at(r, not_before > r->link.loop->now && not_before < k->due ? not_before : k->due);
}

/* Whether the answer says that the command was not executed, but might be another time. */
static bool is_passing(const struct resp_item *it)
{
	switch (resp_error_action(resp_error_class(it->str))) {
	case RESP_RETRY_LATER:
	case RESP_RETRY_ELSEWHERE:
	case RESP_LOG_IN:
		return redis_is_error(it);
	default:
		return false;
	}
}

static void kept_item(struct redis_request *q, const struct resp_item *it)
{
	struct redis_kept *k = (struct redis_kept *)q;
	uint64_t again = k->r->link.loop->now + REDIS_REPEAT_MS;
	if (!k->told && again < k->due && is_passing(it)) {
		delist(k);
		wait_until(k, again);
		return;
	}
	k->told = true;
	struct redis_request *user = it->last ? release(k) : k->user;
	user->item(user, it);
}

static void kept_failed(struct redis_request *q, int why)
{
	struct redis_kept *k = (struct redis_kept *)q;
	k->left |= why != REDIS_EUNSENT;
	if (!k->told && why != REDIS_EPROTO && k->r->link.loop->now < k->due) {
		delist(k);
		wait_until(k, 0);
		return;
	}
	if (k->left && why == REDIS_EUNSENT)
		why = REDIS_ELOST;
	struct redis_request *user = release(k);
	user->failed(user, why);
}

/* Its time is up before it could be sent (again). */
static void expire(struct redis_kept *k)
{
	struct redis_counters *count = &k->r->counters;
	int why = k->left ? REDIS_ELATE : REDIS_EUNSENT;
	count->late++;
	count->unsent += why == REDIS_EUNSENT;
	struct redis_request *user = release(k);
	user->failed(user, why);
}

/* Puts it on the connection; what is not to be repeated need not be kept any longer. */
static int fly(struct redis_kept *k)
{
	struct redis *r = k->r;
	void *who = k->repeat ? &k->q : k->user;
	int rc = redis_put_encoded(r, who, k->due, span_of(k->wire, k->n));
	if (rc < 0)
		return rc;
	if (!k->repeat) {
		release(k);
	} else {
		delist(k);
		enlist(&r->flying, k);
	}
	return 0;
}

/* All that may be sent now; when the connection is full the next reply brings us back. */
static void send_kept(struct redis *r)
{
	struct redis_kept *next;
	for (struct redis_kept *k = r->kept; k != NULL && redis_is_up(r); k = next) {
		next = k->next;
		if (k->not_before <= r->link.loop->now && fly(k) < 0)
			break;
	}
}

static void on_time(struct net_timer *t)
{
	struct redis *r = (struct redis *)((char *)t - offsetof(struct redis, kept_timer));
	uint64_t now = r->link.loop->now;
	struct redis_kept *k = r->kept;
	/* What a caller does on hearing it may change the list: begin anew after each. */
	while (k != NULL) {
		bool over = k->due <= now;
		if (over)
			expire(k);
		k = over ? r->kept : k->next;
	}
	if (r->link.stopped)
		return;
	send_kept(r);
	for (k = r->kept; k != NULL; k = k->next)
		wake_at(r, k->not_before > now && k->not_before < k->due ? k->not_before : k->due);
}

static void turn(struct redis *r)
{
	if (!r->link.stopped) {
		send_kept(r);
		return;
	}
	net_timer_stop(&r->kept_timer);
	while (r->kept != NULL)
		release(r->kept);
	while (r->flying != NULL)
		release(r->flying);
}

static int keep(struct redis *r, struct redis_request *q, const struct redis_options *o,
		uint64_t due, size_t argc, const struct span argv[])
{
	size_t room = redis_command_size(argc, argv), all = sizeof(struct redis_kept) + room;
	/* What never fits the connection would only wait for its deadline. */
	if (room > r->cfg->link.out_max || all > r->cfg->waiting - r->kept_bytes)
		return REDIS_EFULL;
	struct redis_kept *k = malloc(all);
	if (k == NULL)
		return REDIS_EFULL;
	*k = (struct redis_kept){
		.q = {.item = kept_item, .failed = kept_failed},
		.r = r,
		.user = q,
		.due = due,
		.repeat = o->repeat,
	};
	struct out out = out_init(k->wire, room);
	if (resp_session_encode(&out, argc, argv) < 0) {
		free(k);
		return REDIS_EFULL;
	}
	k->n = (uint32_t)out.n;
	if (r->kept_turn == NULL) {
		r->kept_turn = turn;
		r->kept_end = &r->kept;
	}
	r->kept_bytes += (uint32_t)sizeof *k + k->n;
	wait_until(k, 0);
	send_kept(r);
	return 0;
}

int redis_send_with(struct redis *r, struct redis_request *q, const struct redis_options *o,
		    size_t argc, const struct span argv[])
{
	uint64_t due = r->link.loop->now + o->ms + o->block_ms;
	if (o->block_ms != 0 && !r->cfg->blocking)
		return REDIS_EBLOCKING;
	bool bound = o->connection != 0;
	if (bound && o->connection != r->counters.connects)
		return REDIS_EDOWN;
	if ((bound || !o->wait) && !redis_is_up(r))
		return REDIS_EDOWN;
	/* What waits goes first. */
	if (bound || (!o->repeat && r->kept == NULL)) {
		int rc = redis_put(r, 0, q, due, argc, argv);
		if (rc == 0 || bound || !o->wait)
			return rc;
	}
	return keep(r, q, o, due, argc, argv);
}
