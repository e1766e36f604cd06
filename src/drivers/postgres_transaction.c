#include "drivers/postgres_transaction.h"

#include <limits.h>
#include <string.h>

static struct postgres_transaction *transaction_of(struct postgres_request *q)
{
	return (struct postgres_transaction *)((char *)q -
					       offsetof(struct postgres_transaction, q));
}

static uint32_t time_left(const struct postgres_transaction *t)
{
	uint64_t now = t->p->link.loop->now;
	return t->deadline > now ? (uint32_t)(t->deadline - now) : 0;
}

/* Still the connection on which it began. */
static bool is_there(const struct postgres_transaction *t)
{
	return t->p->ready && t->p->connects == t->connects && !t->p->link.conn.closing;
}

/* While COMMIT was not sent, a loss stores nothing. */
static int before_commit(int rc)
{
	switch (rc) {
	case POSTGRES_EDOWN:
	case POSTGRES_ELOST:
	case POSTGRES_ELATE:
	case POSTGRES_EPROTO:
		return POSTGRES_EUNSENT;
	default:
		return rc;
	}
}

static void keep_error(struct postgres_transaction *t, const struct postgres_request *q)
{
	memcpy(t->sqlstate, q->sqlstate, sizeof t->sqlstate);
	memcpy(t->message, q->message, sizeof t->message);
}

static void on_event(struct postgres_request *q, const struct pgwire_event *ev)
{
	if (ev->kind == PGWIRE_EV_COMPLETE)
		transaction_of(q)->committed = span_eq(ev->tag.text, SPAN("COMMIT"));
}

static int send_word(struct postgres_transaction *t, struct span sql, uint32_t ms,
		     void (*done)(struct postgres_request *, int))
{
	t->q = (struct postgres_request){.done = done, .event = on_event};
	return postgres_put(t->p, &t->q, ms, &(struct pgwire_query){.sql = sql}, PGWIRE_SIMPLE);
}

/* The beginning. */

static void on_begun(struct postgres_request *q, int rc)
{
	struct postgres_transaction *t = transaction_of(q);
	if (rc == 0) {
		t->connects = t->p->connects;
		t->begin(t);
		return;
	}
	keep_error(t, q);
	t->done(t, before_commit(rc));
}

static int begin(struct postgres_transaction *t)
{
	uint8_t text[POSTGRES_HOW_MAX + 8];
	struct out o = out_init(text, sizeof text);
	out_str(&o, "BEGIN ");
	out_span(&o, t->how);
	if (t->how.n > POSTGRES_HOW_MAX)
		return POSTGRES_EREQUEST;
	t->tries++;
	t->sqlstate[0] = t->message[0] = '\0';
	t->rc = 0;
	t->committed = false;
	return send_word(t, out_span_of(&o), time_left(t), on_begun);
}

int postgres_transaction_start(struct postgres_transaction *t, struct postgres *p, uint32_t ms)
{
	t->p = p;
	t->deadline = p->link.loop->now + ms;
	t->tries = 0;
	t->pause.link = NULL;
	return begin(t);
}

/* Steps. */

int postgres_transaction_put(struct postgres_transaction *t, struct postgres_request *q,
			     const struct pgwire_query *query, unsigned flags)
{
	return is_there(t) ? postgres_put(t->p, q, time_left(t), query, flags) : POSTGRES_EDOWN;
}

int postgres_transaction_send(struct postgres_transaction *t, struct postgres_request *q,
			      const struct postgres_statement *statement,
			      const struct pgwire_param *params, size_t nparams)
{
	return is_there(t) ? postgres_send(t->p, q, time_left(t), statement, params, nparams)
			   : POSTGRES_EDOWN;
}

int postgres_transaction_query(struct postgres_transaction *t, struct postgres_request *q,
			       struct span sql, const struct pgwire_param *params, size_t nparams)
{
	const struct pgwire_query query = {.sql = sql, .params = params, .nparams = nparams};
	return postgres_transaction_put(t, q, &query, PGWIRE_QUERY);
}

/* The end. */

static void on_pause(struct net_timer *timer)
{
	struct postgres_transaction *t =
		(struct postgres_transaction *)((char *)timer -
						offsetof(struct postgres_transaction, pause));
	int rc = begin(t);
	if (rc < 0)
		t->done(t, before_commit(rc));
}

static bool may_repeat(const struct postgres_transaction *t)
{
	unsigned most = t->retries == 0          ? POSTGRES_RETRIES
			: t->retries == UINT_MAX ? 0
						 : t->retries;
	return t->rc == POSTGRES_EFAILED && t->tries <= most && time_left(t) > 0 &&
	       pgwire_class_of(span_str(t->sqlstate)) == PGWIRE_CLASS_RETRY;
}

/* It is rolled back. */
static void finish(struct postgres_transaction *t)
{
	if (!may_repeat(t)) {
		t->done(t, t->rc);
		return;
	}
	uint32_t ms = POSTGRES_RETRY_MAX;
	if (t->tries < 8)
		ms = (uint32_t)POSTGRES_RETRY_MIN << (t->tries - 1);
	net_timer_set(t->p->link.loop, &t->pause,
		      net_jitter(ms < POSTGRES_RETRY_MAX ? ms : POSTGRES_RETRY_MAX), on_pause);
}

static void on_rolled_back(struct postgres_request *q, int rc)
{
	struct postgres_transaction *t = transaction_of(q);
	/* Only a connection that is gone does not roll back, and then the server does. */
	if (rc == POSTGRES_EFAILED)
		postgres_renew(t->p, "a transaction could not be rolled back");
	finish(t);
}

static void roll_back(struct postgres_transaction *t)
{
	uint32_t left = time_left(t),
		 ms = left > POSTGRES_ROLLBACK_MS ? left : POSTGRES_ROLLBACK_MS;
	int rc = POSTGRES_EDOWN;
	if (is_there(t))
		rc = send_word(t, SPAN("ROLLBACK"), ms, on_rolled_back);
	if (rc == 0)
		return;
	if (rc != POSTGRES_EDOWN)
		postgres_renew(t->p, "no room for a rollback");
	finish(t);
}

static void on_committed(struct postgres_request *q, int rc)
{
	struct postgres_transaction *t = transaction_of(q);
	/* In a failed transaction COMMIT is a ROLLBACK, and no error. */
	t->rc = rc == 0 && !t->committed ? POSTGRES_EFAILED : rc;
	if (rc == POSTGRES_EFAILED)
		keep_error(t, q);
	finish(t);
}

void postgres_transaction_end(struct postgres_transaction *t, int rc,
			      const struct postgres_request *q)
{
	if (q != NULL && rc == POSTGRES_EFAILED)
		keep_error(t, q);
	t->rc = before_commit(rc);
	if (rc != 0) {
		roll_back(t);
		return;
	}
	rc = is_there(t) ? send_word(t, SPAN("COMMIT"), time_left(t), on_committed)
			 : POSTGRES_EDOWN;
	if (rc == 0)
		return;
	t->rc = before_commit(rc);
	roll_back(t);
}
