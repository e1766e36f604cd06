/* Transactions and a server that fails at each step of them. */
#include "unit/postgres_client.h"

#include "drivers/postgres_transaction.h"

#include <limits.h>

static struct postgres_transaction t;
static struct postgres_request step;

static void on_step(struct postgres_request *q, int rc)
{
	note("step=%s;", postgres_word(rc));
	postgres_transaction_end(&t, rc, q);
}

static void begin_step(struct postgres_transaction *this)
{
	note("begin;");
	step = (struct postgres_request){.done = on_step};
	int rc = postgres_transaction_send(this, &step, &number, NULL, 0);
	if (rc < 0)
		postgres_transaction_end(this, rc, NULL);
}

static void on_done(struct postgres_transaction *this, int rc)
{
	note("done=%s %s;", postgres_word(rc), this->sqlstate);
}

static void start_it(uint32_t ms, unsigned retries)
{
	t = (struct postgres_transaction){.begin = begin_step, .done = on_done, .retries = retries};
	is_int(postgres_transaction_start(&t, &client, ms), 0, "started");
}

/* CommandComplete with [tag], and the state behind it. */
static void say_tag(const char *tag, char status)
{
	uint8_t buf[64];
	struct out o = out_init(buf, sizeof buf);
	out_byte(&o, 'C');
	out_be32(&o, (uint32_t)strlen(tag) + 5);
	out_mem(&o, tag, strlen(tag) + 1);
	out_str(&o, "Z");
	out_be32(&o, 5);
	out_byte(&o, (uint8_t)status);
	peer_says(&peer, out_span_of(&o));
}

static void say_status(const char *letters, char status)
{
	uint8_t z[6] = {'Z', 0, 0, 0, 5, (uint8_t)status};
	pg_say(letters);
	peer_says(&peer, span_of(z, sizeof z));
}

/* The SQL that came is this one. */
static bool hear(const char *sql)
{
	UNTIL(pg_has(false, 1));
	ok(memmem(peer.got, peer.n, sql, strlen(sql)) != NULL, "hears %s", sql);
	peer_forget(&peer);
	return true;
}

static void hear_step(void)
{
	UNTIL(pg_has(false, 3));
	peer_forget(&peer);
}

static void commits(void)
{
	begin_ready();
	start_it(5000, 0);
	hear("BEGIN");
	say_tag("BEGIN", 'T');
	hear_step();
	say_status("2DC", 'T');
	hear("COMMIT");
	say_tag("COMMIT", 'I');
	UNTIL(noted_has("done"));
	noted_is("begin;step=ok;done=ok ;", "committed");

	start_it(5000, 0);
	hear("BEGIN");
	say_tag("BEGIN", 'T');
	hear_step();
	say_status("2DC", 'E');
	hear("COMMIT");
	say_tag("ROLLBACK", 'I');
	UNTIL(noted_has("done"));
	noted_is("begin;step=ok;done=failed ;", "a COMMIT that was a ROLLBACK");

	start_it(5000, 0);
	hear("BEGIN");
	pg_say("EZ");
	UNTIL(noted_has("done"));
	noted_is("done=failed 42P01;", "a BEGIN that fails");
	t.how = span_of(notes, POSTGRES_HOW_MAX + 1);
	is_int(postgres_transaction_start(&t, &client, 100), POSTGRES_EREQUEST, "too many words");
	end_calmly("commits");
}

/* 40001 in the letter language: an error of the class that is repeated. */
static void say_conflict(char status)
{
	uint8_t buf[128];
	struct out o = out_init(buf, sizeof buf);
	out_byte(&o, 'E');
	out_be32(&o, 0);
	put_fields(&o, "ERROR", "40001", "conflict");
	put_be32(buf + 1, (uint32_t)o.n - 1);
	out_str(&o, "Z");
	out_be32(&o, 5);
	out_byte(&o, (uint8_t)status);
	peer_says(&peer, out_span_of(&o));
}

static void repeats(void)
{
	begin_ready();
	start_it(5000, 2);
	hear("BEGIN");
	say_tag("BEGIN", 'T');
	hear_step();
	say_conflict('E');
	hear("ROLLBACK");
	say_tag("ROLLBACK", 'I');
	hear("BEGIN");
	say_tag("BEGIN", 'T');
	hear_step();
	say_status("2DC", 'T');
	hear("COMMIT");
	say_conflict('I');
	hear("BEGIN");
	say_tag("BEGIN", 'T');
	hear_step();
	say_conflict('E');
	hear("ROLLBACK");
	say_tag("ROLLBACK", 'I');
	UNTIL(noted_has("done"));
	noted_is("begin;step=failed;begin;step=ok;begin;step=failed;done=failed 40001;",
		 "in a step and in COMMIT, but no more than so often");
	is_int((long)t.tries, 3, "begun three times");

	start_it(5000, UINT_MAX);
	hear("BEGIN");
	say_tag("BEGIN", 'T');
	hear_step();
	say_conflict('E');
	hear("ROLLBACK");
	say_tag("ROLLBACK", 'I');
	UNTIL(noted_has("done"));
	noted_is("begin;step=failed;done=failed 40001;", "not at all");

	start_it(600, 0);
	hear("BEGIN");
	say_tag("BEGIN", 'T');
	hear_step();
	run_for(300);
	say_conflict('E');
	hear("ROLLBACK");
	run_for(600);
	say_tag("ROLLBACK", 'I');
	UNTIL(noted_has("done"));
	noted_is("begin;step=failed;done=failed 40001;", "nor behind its deadline");

	start_it(5000, 0);
	hear("BEGIN");
	say_tag("BEGIN", 'T');
	hear_step();
	say_conflict('E');
	hear("ROLLBACK");
	pg_say("EZ");
	UNTIL(noted_has("down"));
	noted_is("begin;step=failed;down(a transaction could not be rolled back);",
		 "what does not roll back is cut off");
	UNTIL(noted_has("done"));
	noted_is("done=unsent ;", "and the repetition finds no connection");
	is_well_again("repeats");
}

/* The connection is lost when so many words were heard. */
static void is_lost(void)
{
	static const char *const want[] = {"done=unsent ;", "begin;step=lost;done=unsent ;",
					   "begin;step=ok;done=lost ;"};
	for (int at = 0; at < 3; at++) {
		begin_ready();
		start_it(5000, 0);
		hear("BEGIN");
		if (at > 0) {
			say_tag("BEGIN", 'T');
			hear_step();
		}
		if (at > 1) {
			say_status("2DC", 'T');
			hear("COMMIT");
		}
		peer_hang_up(&peer);
		UNTIL(noted_has("down"));
		ok(strncmp(notes, want[at], strlen(want[at])) == 0, "lost: %s", notes);
		is_well_again("lost");
	}
}

/* A new connection knows nothing of what was begun on the old one. */
static void begin_nothing(struct postgres_transaction *this)
{
	(void)this;
	note("begin;");
}

static void is_another(void)
{
	begin_ready();
	start_it(60000, 0);
	t.begin = begin_nothing;
	hear("BEGIN");
	say_tag("BEGIN", 'T');
	UNTIL(noted_has("begin"));
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	log_in();
	notes_forget();
	step = (struct postgres_request){.done = on_step};
	is_int(postgres_transaction_send(&t, &step, &number, NULL, 0), POSTGRES_EDOWN,
	       "no step on a new connection");
	is_int(postgres_transaction_query(&t, &step, SPAN("SELECT 1"), NULL, 0), POSTGRES_EDOWN,
	       "nor a query");
	postgres_transaction_end(&t, 0, NULL);
	noted_is("done=unsent ;", "nor a COMMIT");
	ok(is_str(pg_got(false), "", "nothing was sent"), "nothing");
	end_calmly("another");
}

int main(void)
{
	unsigned before = descriptors();
	commits();
	repeats();
	is_lost();
	is_another();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
