/* The PostgreSQL client and a server that sleeps, is paused, and is killed under load. */
#include "integration/postgres_real.h"

#include <signal.h>

static void is_late(void)
{
	begin_ready();
	send_one(&insert, "1", 4000);
	send_one(&nap, "0", 4000);
	says("ok;up ok;", "in time");
	send_one(&nap, "30", 100);
	send_one(&count, NULL, 4000);
	says("late;late;down(no answer before the deadline);", "all behind what is late is, too");
	says("ready;", "there again");
	send_one(&count, NULL, 4000);
	says("1 ok;", "and it answers");

	store_pause(store);
	send_one(&count, NULL, 80);
	one_turn();
	config.link.connect_ms = 100;
	says("late;down(no answer before the deadline);", "a server that stands still");
	WAIT(noted > 0);
	noted_is("down(no answer before the deadline);", "the login too");
	config.link.connect_ms = 4000;
	store_resume(store);
	WAIT(noted_has("ready;"));
	notes_forget();
	send_one(&count, NULL, 4000);
	says("1 ok;", "and goes on");
	send_one(&clear, NULL, 4000);
	says("ok;", "nothing is left");
	end();
}

/*
 * Load: always some INSERT in flight, of another number each. Each is over exactly once; what was
 * answered is stored, what was lost is stored once or not at all.
 */

enum { IN_FLIGHT = 64, MOST = 40000 };

static struct load {
	struct postgres_request q;
	unsigned n;
	bool busy;
} load[IN_FLIGHT];
enum fate { UNSENT, SENT, STORED, LOST };
static uint8_t fates[MOST];
static unsigned sent, answered, lost;
static bool loading;

static void send_load(struct load *l)
{
	uint8_t buf[20];
	struct pgwire_param param = {.value = dec_put(buf, sent)};
	if (!loading || sent == MOST || postgres_send(&client, &l->q, 4000, &insert, &param, 1) < 0)
		return;
	l->n = sent++;
	l->busy = true;
	fates[l->n] = SENT;
}

static void load_done(struct postgres_request *q, int rc)
{
	struct load *l = (struct load *)q;
	check(l->busy && fates[l->n] == SENT, "over once");
	check(rc == 0 || rc == POSTGRES_ELOST || rc == POSTGRES_EUNSENT, "stored or lost: %d %s",
	      rc, q->message);
	l->busy = false;
	/* What never left may not be there. */
	fates[l->n] = rc == 0 ? STORED : rc == POSTGRES_EUNSENT ? UNSENT : LOST;
	if (rc == 0)
		answered++;
	else
		lost++;
	if (rc == 0)
		send_load(l);
}

static void load_ready(struct postgres *p)
{
	on_ready(p);
	for (size_t i = 0; i < IN_FLIGHT; i++)
		if (!load[i].busy)
			send_load(&load[i]);
}

static bool is_idle(void)
{
	for (size_t i = 0; i < IN_FLIGHT; i++)
		if (load[i].busy)
			return false;
	return true;
}

static void wait_answers(unsigned more)
{
	unsigned want = answered + more;
	WAIT(answered >= want);
}

static unsigned stored_lost;

static void fate_row(struct postgres_request *q, const struct pgwire_row *row)
{
	struct pgwire_row r = *row;
	struct pgwire_value v;
	uint64_t n;
	(void)q;
	if (!check(pgwire_row_next(&r, &v) && dec_u64(v.bytes, &n) && n < sent, "a number"))
		return;
	check(fates[n] == STORED || fates[n] == LOST, "%u stored once", (unsigned)n);
	stored_lost += fates[n] == LOST;
	fates[n] = UNSENT;
}

static void restarts(void)
{
	static const struct postgres_events loaded = {load_ready, on_down};
	unsigned missing = 0;
	begin();
	for (size_t i = 0; i < IN_FLIGHT; i++)
		load[i].q = (struct postgres_request){.done = load_done};
	loading = true;
	postgres_start(&client, &loop, &config, &loaded);
	for (int i = 0; i < 3; i++) {
		wait_answers(200);
		link_break(&client.link, NET_ECLOSED);
	}
	wait_answers(300);
	proc_signal_tree(store_proc(store), SIGKILL);
	WAIT(!client.ready);
	store_kill(store);
	store_start(store);
	wait_answers(300);
	store_restart(store);
	wait_answers(300);
	loading = false;
	WAIT(is_idle());
	is_int(answered + lost, sent, "each of %u was over once", sent);
	ok(lost > 0, "%u of them lost", lost);
	notes_forget();
	struct postgres_request q = {.row = fate_row, .done = note_done};
	postgres_send(&client, &q, 4000, &list, NULL, 0);
	says("ok;", "the table");
	for (size_t i = 0; i < sent; i++)
		missing += fates[i] == STORED;
	is_int(missing, 0, "what was answered is stored");
	diag("%u were lost and stored all the same", stored_lost);
	end();
}

int main(void)
{
	store = store_postgres(NULL);
	is_late();
	restarts();
	return done();
}
