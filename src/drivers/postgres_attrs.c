#include "drivers/postgres_attrs.h"

#include "drivers/postgres_inner.h"
#include "pgwire/pgwire_value.h"

#include <string.h>

static bool about_recovery(const struct postgres_attrs *a)
{
	return a->wanted >= POSTGRES_PRIMARY;
}

/* Whether a server that is in recovery, or only reads, is what was wanted. */
static bool suits(struct postgres_attrs *a, bool yes)
{
	if (a->wanted == POSTGRES_PREFER_STANDBY && !yes) {
		if (a->refused_in != 0 && a->p->link.passes >= a->refused_in)
			return true;
		if (a->refused_in == 0)
			a->refused_in = a->p->link.passes + 1;
		return false;
	}
	bool want = a->wanted == POSTGRES_READ_ONLY || about_recovery(a);
	return a->wanted == POSTGRES_PRIMARY ? !yes : yes == want;
}

static void leave(struct postgres_attrs *a)
{
	static const char *const words[] = {
		[POSTGRES_ANY] = "",
		[POSTGRES_READ_WRITE] = "the server only reads",
		[POSTGRES_READ_ONLY] = "the server is not read-only",
		[POSTGRES_PRIMARY] = "the server is a standby",
		[POSTGRES_STANDBY] = "the server is not a standby",
		[POSTGRES_PREFER_STANDBY] = "the server is not a standby",
	};
	a->refusals++;
	link_leave(&a->p->link);
	postgres_break(a->p, SPAN_NONE, span_str(words[a->wanted]));
}

static void decide(struct postgres_attrs *a, bool yes)
{
	if (!suits(a, yes)) {
		leave(a);
		return;
	}
	a->refused_in = 0;
	if (a->p->link.state == LINK_LOGIN)
		postgres_boot(a->p);
}

static void on_row(struct postgres_request *q, const struct pgwire_row *row)
{
	struct postgres_attrs *a =
		(struct postgres_attrs *)((char *)q - offsetof(struct postgres_attrs, q));
	struct pgwire_row r = *row;
	struct pgwire_value v;
	if (pgwire_row_next(&r, &v))
		pgwire_get_bool(v, false, &a->answer);
}

static void on_answer(struct postgres_request *q, int rc)
{
	struct postgres_attrs *a =
		(struct postgres_attrs *)((char *)q - offsetof(struct postgres_attrs, q));
	a->asking = false;
	if (rc == 0)
		decide(a, a->answer);
	else if (rc == POSTGRES_EFAILED && a->p->link.state == LINK_LOGIN)
		postgres_break(a->p, span_str(q->sqlstate), span_str(q->message));
}

static void ask(struct postgres_attrs *a)
{
	struct pgwire_query query = {
		.sql = about_recovery(a)
			       ? SPAN("SELECT pg_catalog.pg_is_in_recovery()")
			       : SPAN("SELECT pg_catalog.pg_is_in_recovery() OR "
				      "pg_catalog.current_setting("
				      "'default_transaction_read_only')::pg_catalog.bool")};
	a->q = (struct postgres_request){.row = on_row, .done = on_answer};
	a->asking = postgres_put_now(a->p, &a->q, a->p->cfg->link.connect_ms, &query,
				     PGWIRE_SIMPLE) == 0;
}

/* What one server reported is not said of the next one. */
static void forget_others(struct postgres_attrs *a)
{
	if (a->losses == a->p->losses)
		return;
	a->losses = a->p->losses;
	a->recovery = a->read_only = 0;
}

static void on_login(struct postgres_attrs *a)
{
	forget_others(a);
	a->asking = a->suspect = false;
	if (a->recovery == 0 || a->read_only == 0) {
		ask(a);
		if (!a->asking)
			postgres_break(a->p, SPAN_NONE, SPAN("no room for a question"));
		return;
	}
	decide(a, a->recovery == 't' || (!about_recovery(a) && a->read_only == 't'));
}

static void on_report(struct postgres_attrs *a, const struct pgwire_setting *s)
{
	forget_others(a);
	char value = span_eq(s->value, SPAN("on")) ? 't' : 'f';
	if (span_eq(s->name, SPAN("in_hot_standby")))
		a->recovery = value;
	if (span_eq(s->name, SPAN("default_transaction_read_only")))
		a->read_only = value;
}

static void on_error(struct postgres_attrs *a, const struct pgwire_error *e)
{
	bool writes = a->wanted == POSTGRES_READ_WRITE || a->wanted == POSTGRES_PRIMARY;
	a->suspect |= writes && pgwire_class_of(e->code) == PGWIRE_CLASS_ELSEWHERE;
	/* admin_shutdown 57P01, crash_shutdown 57P02, cannot_connect_now 57P03 */
	if (e->severity >= PGWIRE_FATAL && span_starts(e->code, SPAN("57P0")) &&
	    e->code.p[4] <= '3')
		link_leave(&a->p->link);
}

static bool on_event(struct postgres_watcher *w, struct postgres *p, const struct pgwire_event *ev)
{
	struct postgres_attrs *a = (struct postgres_attrs *)w;
	switch (ev->kind) {
	case PGWIRE_EV_PARAMETER:
		on_report(a, &ev->setting);
		return false;
	case PGWIRE_EV_READY:
		if (a->wanted == POSTGRES_ANY)
			return false;
		on_login(a);
		return true;
	case PGWIRE_EV_ERROR:
		on_error(a, &ev->error);
		return false;
	case PGWIRE_EV_DONE:
		/* Asked behind what is in flight; in a transaction block it would be a part of it.
		 */
		if (a->suspect && !a->asking && ev->status == 'I' && p->ready && ev->who != &a->q) {
			a->suspect = false;
			ask(a);
		}
		return false;
	default:
		return false;
	}
}

void postgres_attrs_open(struct postgres_attrs *a, struct postgres *p, enum postgres_kind wanted)
{
	memset(a, 0, sizeof *a);
	a->p = p;
	a->wanted = wanted;
	a->watcher.event = on_event;
	postgres_watch(p, &a->watcher);
}

void postgres_hosts_shuffle(struct link_host hosts[], size_t n)
{
	for (size_t left = n; left > 1; left--) {
		uint32_t random;
		net_random(&random, sizeof random);
		size_t i = random % left;
		struct link_host last = hosts[left - 1];
		hosts[left - 1] = hosts[i];
		hosts[i] = last;
	}
}
