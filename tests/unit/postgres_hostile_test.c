/*
 * The PostgreSQL client on the loop and a hostile server: the rows of pgwire_hostile_test.c over
 * sockets, and ends at every byte. After each of them the next connection has to be fine.
 */
#include "unit/postgres_hostile_act.h"

static uint32_t most;

/* What every act owes, whatever was played: fates that are told once, and a good answer after it.
 */
static bool is_well(const struct act *a, const char *more)
{
	bool asks = strchr("-", a->row->ask[0]) == NULL;
	most = a->most > most ? a->most : most;
	return check(a->over && a->probe_done == 1 && a->probe_rc == 0,
		     "%s%s: the next request is answered, got %d", a->row->name, more,
		     a->probe_rc) &&
	       check(a->asked_done <= 1 && (!asks || a->ready == 0 || a->asked_done == 1),
		     "%s%s: one fate, got %u", a->row->name, more, a->asked_done);
}

/* "accepted", or the words of the first loss. */
static const char *verdict(const struct act *a)
{
	return a->downs == 0 ? "accepted" : a->why;
}

static const char *want_words(const struct hostile *h, const char *said)
{
	/* There the server's words are told: what they are belongs to other tests. */
	if (h->want == PGWIRE_EAUTH || h->want == PGWIRE_EFATAL)
		return said;
	return h->want == 0 ? "accepted" : pgwire_strerror(h->want);
}

static void judge(const struct act *a)
{
	const struct hostile *h = a->row;
	const char *said = verdict(a);
	if (!is_str(said, want_words(h, said), "%s", h->name))
		diag("error %d", a->error);
	check(a->downs == (h->want != 0), "%s: %u losses", h->name, a->downs);
	check(h->want == 0 || h->want == PGWIRE_EFATAL || a->error == h->want, "%s: p->error is %d",
	      h->name, a->error);
	bool answered = strstr(h->says, "ready ") != NULL;
	if (h->want != 0 && a->asked_done == 1 && h->want != PGWIRE_EFATAL)
		check(a->asked_rc == (answered ? 0 : POSTGRES_EPROTO), "%s: the request ends by %d",
		      h->name, a->asked_rc);
	is_well(a, "");
}

static void test_hostile(const struct hostile *rows, size_t n)
{
	for (size_t at = 0; at < n; at += ACTS) {
		size_t some = n - at < ACTS ? n - at : ACTS;
		for (size_t i = 0; i < some; i++)
			act_new(i, &rows[at + i]);
		play(some);
		for (size_t i = 0; i < some; i++)
			judge(&acts[i]);
	}
}

/* Ends. */

#define ALL_OF_A_LOGIN "offer challenge signature welcome setting key ready"

static const struct {
	struct hostile row;
	size_t size;
} exchanges[] = {
	{{"login", 0, "", ALL_OF_A_LOGIN, 0}, 185},
	{{"request", TRUST_IN, "r", "bound row tag ready", 0}, 37},
	{{"query", TRUST_IN, "q", "parsed bound columns row tag ready", 0}, 69},
	{{"error", TRUST_IN, "r", "bound row error ready", 0}, 55},
};

static const struct {
	const char *name;
	enum act_end end;
	const char *why;
} ends[] = {
	{"closed", CLOSES, "peer closed the connection"},
	{"reset", RESETS, "connection reset by peer"},
	{"stalled", STALLS, "no answer before the deadline"},
};

static unsigned ended;

static void end_at(size_t exchange, size_t end, size_t from, size_t to)
{
	for (size_t i = 0; i < to - from; i++) {
		struct act *a = act_new(i, &exchanges[exchange].row);
		a->limit = from + i;
		a->end = ends[end].end;
		if (a->end == STALLS)
			a->connect_ms = a->ask_ms = 150;
	}
	play(to - from);
	for (size_t i = 0; i < to - from; i++) {
		char more[32];
		snprintf(more, sizeof more, " at byte %zu", from + i);
		is_well(&acts[i], more);
		/* The kernel tells of a reset once; a send may have been told. */
		bool known = strcmp(acts[i].why, ends[end].why) == 0 ||
			     (ends[end].end == RESETS && strcmp(acts[i].why, ends[0].why) == 0);
		check(known, "%s %s%s: %s", exchanges[exchange].row.name, ends[end].name, more,
		      acts[i].why);
		ended++;
	}
}

static void test_ends(void)
{
	for (size_t k = 0; k < LENGTH(exchanges); k++) {
		for (size_t e = 0; e < LENGTH(ends); e++) {
			int before = failures();
			/* What is complete stalls no more. */
			size_t size = exchanges[k].size + (ends[e].end != STALLS);
			for (size_t at = 0; at < size; at += ACTS)
				end_at(k, e, at, at + ACTS < size ? at + ACTS : size);
			ok(failures() == before, "%s, %s at each of %zu bytes",
			   exchanges[k].row.name, ends[e].name, size);
		}
	}
	ok(ended > 900, "%u ends", ended);
}

/* The size that the table says is the size: the next byte is the honest answer's. */
static void test_sizes(void)
{
	for (size_t k = 0; k < LENGTH(exchanges); k++)
		act_new(k, &exchanges[k].row);
	play(LENGTH(exchanges));
	for (size_t k = 0; k < LENGTH(exchanges); k++)
		is_int((long long)acts[k].said, (long long)exchanges[k].size, "bytes of: %s",
		       exchanges[k].row.name);
}

/* A byte now and then is no progress: the deadline is for the whole. */
static void test_drips(void)
{
	static const struct hostile rows[] = {
		{"login", 0, "", "offer R(4:11 8000*`x`)", 0},
		{"notices in the login", 0, "", "100*N('SNOTICE' 'C00000' `M` 8000*`x` 1:0 1:0)",
		 0},
		{"row", TRUST_IN, "r", "bound D(2:1 4:60000 60000*`x`)", 0},
		{"rows", TRUST_IN, "r", "bound 20000*row", 0},
		{"notices", TRUST_IN, "r", "bound 20000*notice", 0},
		{"settings", TRUST_IN, "r", "bound 20000*setting", 0},
		{"copy", TRUST_IN, "s", "copyout 20000*copydata", 0},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct act *a = act_new(i, &rows[i]);
		a->end = DRIPS;
		a->connect_ms = a->ask_ms = 200;
	}
	play(LENGTH(rows));
	for (size_t i = 0; i < LENGTH(rows); i++) {
		is_str(acts[i].why, "no answer before the deadline", "a drip: %s", rows[i].name);
		is_well(&acts[i], ", a drip");
	}
}

/* More than the buffer holds, though the limits would allow it: refused, and no hang. */
static void test_large(void)
{
	static const struct hostile rows[] = {
		{"row", TRUST_IN, "r", "bound D(2:1 4:80000 80000*`x`) tag ready", 0},
		{"error", TRUST_IN, "r", "bound E('SERROR' 'C23505' `M` 80000*`x` 1:0 1:0) ready",
		 0},
		{"notice", TRUST_IN, "-", "N('SNOTICE' 'C00000' `M` 80000*`x` 1:0 1:0)",
		 PGWIRE_ELENGTH},
	};
	for (size_t i = 0; i < LENGTH(rows); i++)
		act_new(i, &rows[i])->in_max = 64 << 10;
	play(LENGTH(rows));
	for (size_t i = 0; i < LENGTH(rows); i++) {
		ok(acts[i].error == NET_EFULL || acts[i].error == PGWIRE_ELENGTH,
		   "larger than the buffer: %s: %s", rows[i].name, acts[i].why);
		is_well(&acts[i], ", larger than the buffer");
	}
}

/* A server that lets us in and then reads nothing: what may wait is bounded, and so is the time. */

static struct postgres_request flood[64];
static unsigned flooded, fates[64];
static int fate_of[64];

static void flood_done(struct postgres_request *q, int rc)
{
	fates[q - flood]++;
	fate_of[q - flood] = rc;
}

static void ask_much(struct act *a)
{
	static uint8_t text[16000];
	memset(text, ' ', sizeof text);
	const struct pgwire_query q = {.sql = {text, sizeof text}};
	for (int rc = 0; rc == 0 && flooded < LENGTH(flood); flooded += rc == 0) {
		flood[flooded] = (struct postgres_request){.done = flood_done};
		rc = postgres_put(&a->client, &flood[flooded], 150, &q, PGWIRE_SIMPLE);
		check(rc == 0 || rc == POSTGRES_EFULL, "asked much: %d", rc);
	}
}

static void test_deaf(void)
{
	static const struct hostile row = {"deaf", TRUST_IN, "-", "notice", 0};
	struct act *a = act_new(0, &row);
	a->limit = 0;
	a->end = STALLS;
	a->at_ready = ask_much;
	play(1);
	is_int(flooded, (64 << 10) / 16006, "as many requests as its output may hold, no more");
	for (unsigned i = 0; i < flooded; i++)
		ok(fates[i] == 1 &&
			   (fate_of[i] == POSTGRES_ELATE || fate_of[i] == POSTGRES_EUNSENT),
		   "request %u to one who does not read: one fate, %s", i,
		   postgres_strerror(fate_of[i]));
	is_str(a->why, "no answer before the deadline", "who does not read");
	is_well(a, ", deaf");
}

int main(void)
{
	unsigned before = descriptors();
	open_loop();
	test_hostile(hostile_logins, LENGTH(hostile_logins));
	test_hostile(hostile_answers, LENGTH(hostile_answers));
	test_sizes();
	test_ends();
	test_drips();
	test_large();
	test_deaf();
	ok(most <= 256 << 10, "never more than %u bytes of input waited", most);
	net_loop_close(&loop);
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
