/* What a request may be besides a prepared statement, its fates, and rows that are held back. */
#include "unit/postgres_client.h"

#include "drivers/postgres_query.h"

/* A request that also notes its events: "a:COLUMNS 1;". */
static void note_event(struct postgres_request *q, const struct pgwire_event *ev)
{
	char name = ((struct ask *)q)->name;
	if (ev->kind == PGWIRE_EV_COLUMNS)
		note("%c:columns %u;", name, ev->columns.count);
	else if (ev->kind == PGWIRE_EV_COMPLETE)
		note("%c:%.*s;", name, (int)ev->tag.text.n, (const char *)ev->tag.text.p);
	else if (ev->kind == PGWIRE_EV_ERROR)
		note("%c:error %.*s;", name, (int)ev->error.code.n, (const char *)ev->error.code.p);
	else
		note("%c:%d;", name, (int)ev->kind);
}

static struct ask *new_ask(char name)
{
	struct ask *a = calloc(1, sizeof *a);
	if (a == NULL)
		bail("out of memory");
	*a = (struct ask){{.row = ask_row, .done = ask_done, .event = note_event}, name, NULL};
	return a;
}

static void asks_anything(void)
{
	static const struct pgwire_param one = {.value = SPAN("1")};
	begin_ready();
	is_int(postgres_query(&client, &new_ask('a')->q, 5000, SPAN("SELECT $1"), &one, 1), 0,
	       "a query");
	pg_heard(false, "PBDES", "in one write");
	pg_say("12TDDCZ");
	UNTIL(noted_has("a="));
	noted_is("a:3;a:columns 1;a 7;a 7;a:SELECT 1;a=ok;", "columns, rows, tag");
	is_int(postgres_simple(&client, &new_ask('b')->q, 5000, SPAN("SELECT 1; SELECT 2")), 0,
	       "two at once");
	pg_heard(false, "Q", "as a simple query");
	pg_say("TDCTDCZ");
	UNTIL(noted_has("b="));
	noted_is("b:columns 1;b 7;b:SELECT 1;b:columns 1;b 7;b:SELECT 1;b=ok;", "both answers");
	is_int(postgres_simple(&client, &new_ask('c')->q, 5000, SPAN("NONSENSE")), 0, "nonsense");
	pg_heard(false, "Q", "as a simple query");
	pg_say("EZ");
	UNTIL(noted_has("c="));
	noted_is("c:error 42P01;c=failed 42P01 no such table;", "the error and every field of it");
	is_int(postgres_status(&client), 'I', "idle");
	struct ask *d = new_ask('d');
	is_int(postgres_query(&client, &d->q, 5000, SPAN("a\0b"), NULL, 0), POSTGRES_EREQUEST,
	       "a NUL cannot be said");
	free(d);
	struct postgres_counters n;
	postgres_counters_get(&client, &n);
	ok(n.connects == 1 && n.losses == 0 && n.requests == 4 && n.errors == 1 && n.in_flight == 0,
	   "and all is counted");
	end_calmly("anything");
}

/* A request of which no byte could leave is safe to repeat; one that left in part is not. */
static void is_unsent(void)
{
	static uint8_t big[12 << 20];
	const struct pgwire_param param = {.value = {big, sizeof big}};
	begin();
	config.link.out_max = 32 << 20;
	start();
	log_in();
	notes_forget();
	struct ask *a = new_ask('a');
	is_int(postgres_send(&client, &a->q, 5000, &number, &param, 1), 0,
	       "more than the way holds");
	one_turn();
	ask('b');
	ok(net_pending(&client.link.conn) > 0, "the peer takes not all of it");
	peer_reset(&peer);
	UNTIL(noted_has("down"));
	noted_is("a=lost;b=unsent;down(connection reset by peer);", "one in part, one not at all");
	ok(postgres_is_unsent(POSTGRES_EUNSENT) && !postgres_is_unsent(POSTGRES_ELOST), "and told");
	is_well_again("unsent");
}

static void hold(void)
{
	at_row = NULL;
	postgres_hold(&client);
}

static void holds(void)
{
	begin_ready();
	at_row = hold;
	ask_then('a', 60, NULL);
	ask_then('b', 60, NULL);
	hear_runs(2);
	pg_say("2DDDCZ" ROW);
	UNTIL(noted > 0);
	stays_calm();
	run_for(120);
	noted_is("a 7;", "nothing behind the row that held, and no deadline passes");
	postgres_unhold(&client);
	UNTIL(noted_has("b="));
	noted_is("a 7;a 7;a=ok;b 7;b=ok;", "then all the rest");
	postgres_unhold(&client);

	postgres_hold(&client);
	ask_then('c', 60, NULL);
	hear_runs(1);
	run_for(100);
	noted_is("", "held before it was asked");
	postgres_unhold(&client);
	UNTIL(noted_has("c="));
	noted_is("c=late;down(no answer before the deadline);", "the deadlines go on");
	is_well_again("held");

	begin_ready();
	postgres_hold(&client);
	ask('d');
	hear_runs(1);
	peer_hang_up(&peer);
	stays_calm();
	noted_is("", "a loss is not seen while held");
	postgres_unhold(&client);
	UNTIL(noted_has("down"));
	noted_is("d=lost;down(peer closed the connection);", "but then");
	is_well_again("held and lost");
}

static void note_portal_row(struct postgres_portal *c, const struct pgwire_row *row)
{
	note("%.*s %u;", (int)c->name.n, (const char *)c->name.p, row->count);
}

static void note_portal(struct postgres_portal *c, int rc)
{
	note("%.*s=%s;", (int)c->name.n, (const char *)c->name.p,
	     rc == POSTGRES_MORE ? "more" : postgres_word(rc));
}

static void fetches(void)
{
	static const struct span wrong[] = {SPAN(""), SPAN("a\"b"), SPAN("a b"), SPAN("\331"),
					    SPAN("n1234567890123456789012345678901234567890")};
	struct postgres_portal c = {
		.name = SPAN("c_1"), .row = note_portal_row, .done = note_portal};
	begin_ready();
	is_int(postgres_portal_open(&client, &c, 5000, SPAN("SELECT"), NULL, 0, 2), 0, "opened");
	pg_heard(false, "PBDES", "in one write");
	pg_say("12TDDsZ");
	UNTIL(noted_has("="));
	noted_is("c_1 1;c_1 1;c_1=more;", "two rows and more");
	is_int(postgres_portal_next(&c, 5000, 2), 0, "more");
	pg_heard(false, "ES", "by an execute alone");
	pg_say("DCZ");
	UNTIL(noted_has("="));
	noted_is("c_1 1;c_1=ok;", "and its end");
	is_int(postgres_portal_close(&c, 5000), 0, "closed");
	peer_hear_once(&peer);
	ok(memmem(peer.got, peer.n, "CLOSE \"c_1\"", 11) != NULL, "by its name");
	peer_forget(&peer);
	pg_say("EZ");
	UNTIL(noted_has("="));
	noted_is("c_1=failed;", "an error is an error");
	is_int(postgres_portal_next(&c, 5000, 0), POSTGRES_EREQUEST, "no rows are none");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		c.name = wrong[i];
		is_int(postgres_portal_open(&client, &c, 5000, SPAN("SELECT"), NULL, 0, 2),
		       POSTGRES_EREQUEST, "not a name: %u", (unsigned)i);
	}
	end_calmly("portals");
}

/* A watcher that uses up notices. */

static bool watch(struct postgres_watcher *w, struct postgres *p, const struct pgwire_event *ev)
{
	(void)w, (void)p;
	if (ev->kind == PGWIRE_EV_NOTICE)
		note("notice %.*s;", (int)ev->error.message.n, (const char *)ev->error.message.p);
	if (ev->kind == PGWIRE_EV_PARAMETER)
		note("report;");
	return false;
}

static void watches(void)
{
	struct postgres_watcher w = {.event = watch};
	begin();
	start();
	postgres_watch(&client, &w);
	log_in();
	ask('a');
	hear_runs(1);
	pg_say("N" ROW);
	UNTIL(noted_has("a="));
	noted_is("report;ready;notice hm;a 7;a=ok;", "reports and notices");
	end_calmly("watched");
}

static void has_words(void)
{
	for (int rc = POSTGRES_ETARGET; rc <= POSTGRES_EDOWN; rc++)
		ok(strcmp(postgres_strerror(rc), "no error") != 0, "%s", postgres_strerror(rc));
	is_str(postgres_strerror(0), "no error", "none");
	is_str(postgres_strerror(PGWIRE_EROW), pgwire_strerror(PGWIRE_EROW), "of the protocol");
	is_str(postgres_strerror(NET_EFULL), net_strerror(NET_EFULL), "of the connection");
}

int main(void)
{
	unsigned before = descriptors();
	asks_anything();
	is_unsent();
	holds();
	fetches();
	watches();
	has_words();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
