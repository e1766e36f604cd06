/* Statements that are prepared when they are first used. */
#include "unit/postgres_client.h"

#include "drivers/postgres_cache.h"

static struct postgres_cache cache;
static struct postgres_cache_entry entries[2];
static const struct postgres_statement three[] = {{SPAN("x"), SPAN("SELECT 1"), 9},
						  {SPAN("y"), SPAN("SELECT 2"), 9},
						  {SPAN("z"), SPAN("SELECT 3"), 9}};

static void begin_caching(size_t cap)
{
	begin();
	config.statement_count = 0;
	start();
	postgres_cache_open(&cache, &client, entries, cap);
	let_in();
	UNTIL(noted_has("ready"));
	notes_forget();
}

static void run(char name, int which)
{
	struct ask *a = calloc(1, sizeof *a);
	if (a == NULL)
		bail("out of memory");
	*a = (struct ask){{.row = ask_row, .done = ask_done}, name, NULL};
	int rc = postgres_cache_send(&cache, &a->q, 5000, &three[which], NULL, 0);
	if (rc == 0)
		return;
	note("%c-%s;", name, postgres_word(rc));
	free(a);
}

static bool says(const char *letters, const char *want, const char *name)
{
	pg_say(letters);
	UNTIL(noted >= strlen(want));
	return noted_is(want, name);
}

#define FIRST "1tT2DCZ" /* the answer to the first use of a statement */

static void prepares_once(void)
{
	begin_caching(2);
	run('a', 0);
	run('b', 0);
	pg_heard(false, "PDBESBDES", "prepared and used; used again before it is known");
	says(FIRST "2TDCZ", "a 7;a=ok;b 7;b=ok;", "both answered");
	run('c', 0);
	pg_heard(false, "BES", "then it is known");
	says("2DCZ", "c 7;c=ok;", "with its columns");
	ok(cache.uses == 3 && cache.misses == 1 && cache.evictions == 0, "counted");

	run('d', 1);
	pg_heard(false, "PDBES", "a second one");
	says("1tn2CZ", "d=ok;", "that has no rows");
	run('e', 1);
	pg_heard(false, "BES", "known as well");
	says("2CZ", "e=ok;", "no rows");
	run('f', 0);
	pg_heard(false, "BES", "the first is there");
	says("2DCZ", "f 7;f=ok;", "still");
	run('g', 2);
	pg_heard(false, "CPDBES", "a third one closes the one that was not used for long");
	says("3" FIRST, "g 7;g=ok;", "in the same write");
	run('h', 0);
	run('i', 2);
	pg_heard(false, "BESBES", "the other two are known");
	says("2DCZ2DCZ", "h 7;h=ok;i 7;i=ok;", "both");
	is_int((long)cache.evictions, 1, "one had to go");
	end_calmly("prepared once");
}

static void fails_to_prepare(void)
{
	begin_caching(2);
	run('a', 0);
	run('b', 0);
	pg_heard(false, "PDBESBDES", "the second relies on the first");
	says("EZ", "a=failed 42P01 no such table;", "which fails");
	pg_say("UZ");
	pg_heard(false, "CPDBES", "so the second prepares for itself");
	says("3EZ", "b=failed 42P01 no such table;", "and gets the error that is its own");
	run('c', 0);
	pg_heard(false, "CPDBES", "nor is it taken for prepared later");
	says("31tT2EZ", "c=failed 42P01 no such table;", "prepared, but failed when executed");
	run('d', 0);
	pg_heard(false, "BDES", "that needs no second preparing");
	says("2TDCZ", "d 7;d=ok;", "and is answered");
	end_calmly("not prepared");
}

static void is_stale(void)
{
	static const struct {
		const char *name, *says;
	} rows[] = {{"the server lost it", "UZ"},
		    {"its result is another", "OZ"},
		    {"after bind", "2OZ"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin_caching(2);
		run('a', 0);
		pg_heard(false, "PDBES", "prepared");
		says(FIRST, "a 7;a=ok;", "and used");
		run('b', 0);
		run('c', 0);
		pg_heard(false, "BESBES", "two at once");
		pg_say(rows[i].says);
		pg_heard(false, "CPDBES", "the first prepares anew");
		pg_say(rows[i].says);
		pg_heard(false, "BDES", "the second uses it");
		says("3" FIRST "2TDCZ", "b 7;b=ok;c 7;c=ok;", rows[i].name);
		is_int((long)cache.repeats, 2, "two were repeated");

		run('d', 0);
		pg_heard(false, "BES", "and once more");
		pg_say(rows[i].says);
		pg_heard(false, "CPDBES", "prepared anew");
		says("31tTUZ", "d=failed 26000 no such statement;", "but only once");
		end_calmly(rows[i].name);
	}
}

/* ReadyForQuery in a transaction block. */
static void say_in_block(const char *letters)
{
	pg_say(letters);
	peer_says(&peer, SPAN("Z\0\0\0\5T"));
}

static void is_not_repeated(void)
{
	begin_caching(2);
	run('a', 0);
	hear_runs(1);
	peer_forget(&peer);
	say_in_block("1tT2DC");
	UNTIL(noted_has("a="));
	notes_forget();
	peer_forget(&peer);
	run('b', 0);
	UNTIL(pg_has(false, 3));
	peer_forget(&peer);
	say_in_block("O");
	UNTIL(noted_has("b="));
	noted_is("b=failed 0A000 another result;", "not in a transaction block");
	run('c', 0);
	pg_heard(false, "CPDBES", "but prepared anew by the next");
	pg_say("3" FIRST);
	UNTIL(noted_has("c="));
	notes_forget();
	run('d', 0);
	pg_heard(false, "BES", "known again");
	says("2DOZ", "d 7;d=failed 0A000 another result;", "nor behind a row");
	run('e', 0);
	pg_heard(false, "CPDBES", "prepared");
	says("3" FIRST, "e 7;e=ok;", "again");
	run('f', 0);
	pg_heard(false, "BES", "known");
	says("2EZ", "f=failed 42P01 no such table;", "nor for another error");
	end_calmly("not repeated");
}

static void forgets(void)
{
	begin_caching(2);
	run('a', 0);
	pg_heard(false, "PDBES", "prepared");
	says(FIRST, "a 7;a=ok;", "used");
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	run('b', 0);
	notes_forget();
	let_in();
	UNTIL(noted_has("ready"));
	notes_forget();
	run('c', 0);
	pg_heard(false, "PDBES", "a new connection knows nothing");
	says(FIRST, "c 7;c=ok;", "but learns");
	end_calmly("forgotten");
}

static void has_no_names(void)
{
	begin_caching(0);
	run('a', 0);
	run('b', 0);
	pg_heard(false, "PBDESPBDES", "everything each time");
	says("12TDCZ12TDCZ", "a 7;a=ok;b 7;b=ok;", "nothing is prepared");
	run('c', 0);
	pg_heard(false, "PBDES", "and once more");
	says("UZ", "c=failed 26000 no such statement;", "nothing is repeated");
	end_calmly("no names");
}

int main(void)
{
	unsigned before = descriptors();
	prepares_once();
	fails_to_prepare();
	is_stale();
	is_not_repeated();
	forgets();
	has_no_names();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
