/*
 * For tests of the PostgreSQL client: one whose story is noted, let in without a password by a
 * server that the test plays. What a server really says is tested against a real one; this is for
 * what a real one cannot be made to do.
 */
#ifndef TESTS_POSTGRES_CLIENT_H
#define TESTS_POSTGRES_CLIENT_H

#include "drivers/postgres.h"
#include "unit/drivers_peer.h"

static struct postgres client;
static struct link_host peer_host;
static struct postgres_config config;
static struct peer peer;

static const struct postgres_statement number = {SPAN("number"), SPAN("SELECT 1"), 1};
static const struct postgres_statement insert = {SPAN("insert"), SPAN("INSERT"), 0};
static const struct postgres_statement *const statements[] = {&number, &insert};
static const struct span setup[] = {SPAN("CREATE")};

/* What a test wants done inside of a callback. */
static void (*at_ready)(void), (*at_down)(void), (*at_row)(void);

static inline void on_ready(struct postgres *p)
{
	check(p->ready, "ready means ready");
	note("ready;");
	if (at_ready != NULL)
		at_ready();
}

static inline void on_down(struct postgres *p, const char *why)
{
	check(!p->ready, "down means down");
	note("down(%s);", why);
	if (at_down != NULL)
		at_down();
}

static const struct postgres_events events = {on_ready, on_down};

/* A request with a name, freed when it is over, so that a second use is a crash. */
struct ask {
	struct postgres_request q;
	char name;
	void (*then)(void);
};

static inline void ask_row(struct postgres_request *q, const struct pgwire_row *row)
{
	struct pgwire_row r = *row;
	struct pgwire_value v;
	note("%c", ((struct ask *)q)->name);
	while (pgwire_row_next(&r, &v))
		note(" %.*s", v.null ? 4 : (int)v.bytes.n,
		     v.null ? "NULL" : (const char *)v.bytes.p);
	note(";");
	if (at_row != NULL)
		at_row();
}

static inline const char *postgres_word(int rc)
{
	switch (rc) {
	case 0:
		return "ok";
	case POSTGRES_EDOWN:
		return "down";
	case POSTGRES_EFULL:
		return "full";
	case POSTGRES_ELOST:
		return "lost";
	case POSTGRES_ELATE:
		return "late";
	case POSTGRES_EFAILED:
		return "failed";
	case POSTGRES_EUNSENT:
		return "unsent";
	case POSTGRES_EPROTO:
		return "broken";
	case POSTGRES_EREQUEST:
		return "unsayable";
	default:
		return "?";
	}
}

/* "a=ok;", "a=lost;", "a=failed 23505 duplicate;". */
static inline void ask_done(struct postgres_request *q, int rc)
{
	struct ask *a = (struct ask *)q;
	void (*then)(void) = a->then;
	note("%c=%s", a->name, postgres_word(rc));
	if (rc == POSTGRES_EFAILED)
		note(" %s %s", q->sqlstate, q->message);
	note(";");
	free(a);
	if (then != NULL)
		then();
}

/*
 * Sends a statement under a name; when it can't be sent that is noted: "a-down;". What it returns
 * is to be freed by who stops the client meanwhile: then it is never over.
 */
static inline struct ask *ask_then(char name, uint32_t ms, void (*then)(void))
{
	struct ask *a = malloc(sizeof *a);
	if (a == NULL)
		bail("out of memory");
	*a = (struct ask){{.row = ask_row, .done = ask_done}, name, then};
	int rc = postgres_send(&client, &a->q, ms, &number, NULL, 0);
	if (rc == 0)
		return a;
	note("%c-%s;", name, postgres_word(rc));
	free(a);
	return NULL;
}

static inline struct ask *ask(char name)
{
	return ask_then(name, 5000, NULL);
}

/*
 * What the peer says, a letter for each message:
 *	R AuthenticationOk  S a setting  K a key  Z ready  1 2 t n T C I as in the protocol,
 *	T and D with one column, D "7", E an error, F a FATAL one, N a notice, ? no message,
 *	and errors with a meaning: X cancelled, U no such statement, O its result has changed
 */

static inline void put_fields(struct out *o, const char *severity, const char *code,
			      const char *message)
{
	const struct {
		char kind;
		const char *text;
	} fields[] = {{'S', severity}, {'V', severity}, {'C', code}, {'M', message}};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		out_byte(o, (uint8_t)fields[i].kind);
		out_mem(o, fields[i].text, strlen(fields[i].text) + 1);
	}
	if (strcmp(code, "0A000") == 0)
		out_mem(o, "RRevalidateCachedQuery", 23);
	out_byte(o, 0);
}

static inline void put_body(struct out *o, char letter)
{
	if (letter == 'R')
		out_be32(o, 0);
	else if (letter == 'S')
		out_mem(o, "name\0value", 11);
	else if (letter == 'K')
		out_mem(o, "pid.key.", 8);
	else if (letter == 'Z')
		out_byte(o, 'I');
	else if (letter == 't')
		out_be16(o, 0);
	else if (letter == 'T')
		out_mem(o, "\0\1n\0\0\0\0\0\0\0\0\0\0\27\0\4\377\377\377\377\0\0", 22);
	else if (letter == 'D')
		out_mem(o,
			"\0\1\0\0\0\1"
			"7",
			7);
	else if (letter == 'C')
		out_mem(o, "SELECT 1", 9);
	else if (letter == 'E')
		put_fields(o, "ERROR", "42P01", "no such table");
	else if (letter == 'X')
		put_fields(o, "ERROR", "57014", "cancelled");
	else if (letter == 'U')
		put_fields(o, "ERROR", "26000", "no such statement");
	else if (letter == 'O')
		put_fields(o, "ERROR", "0A000", "another result");
	else if (letter == 'F')
		put_fields(o, "FATAL", "57P01", "shutting down");
	else if (letter == 'N')
		put_fields(o, "NOTICE", "00000", "hm");
}

static inline void pg_say(const char *letters)
{
	uint8_t buf[4096];
	struct out o = out_init(buf, sizeof buf);
	for (; *letters != '\0'; letters++) {
		out_byte(&o, strchr("FXUO", *letters) != NULL ? 'E' : (uint8_t)*letters);
		size_t at = o.n;
		out_be32(&o, 0);
		put_body(&o, *letters);
		put_be32(buf + at, (uint32_t)(o.n - at));
	}
	check(!o.over && peer_says(&peer, out_span_of(&o)), "the peer can say it");
}

/* The letters of the whole messages that came; '^' for the startup message. */
static inline const char *pg_got(bool first)
{
	static char letters[8192];
	size_t n = 0;
	const uint8_t *p = (const uint8_t *)peer.got;
	for (size_t at = 0; at + 5 <= peer.n && n < sizeof letters - 1;) {
		size_t head = first ? 0 : 1, size = get_be32(p + at + head) + head;
		if (size > peer.n - at)
			break;
		letters[n++] = first ? '^' : peer.got[at];
		first = false;
		at += size;
	}
	letters[n] = '\0';
	return letters;
}

static inline bool pg_has(bool first, size_t n)
{
	peer_recv(&peer);
	return strlen(pg_got(first)) >= n;
}

static inline bool pg_heard(bool first, const char *want, const char *name)
{
	UNTIL(pg_has(first, strlen(want)));
	bool held = is_str(pg_got(first), want, "%s", name);
	peer_forget(&peer);
	return held;
}

static inline void begin(void)
{
	open_loop();
	peer_open(&peer);
	notes_forget();
	at_ready = at_down = at_row = NULL;
	peer_host = (struct link_host){"127.0.0.1", peer.port};
	config = (struct postgres_config){
		.link = {.hosts = &peer_host,
			 .host_count = 1,
			 .connect_ms = 5000,
			 .in_max = 1 << 20,
			 .out_max = 1 << 20},
		.login = {.user = SPAN("me"), .flags = PGWIRE_ALLOW_TRUST},
		.limits = pgwire_default_limits,
		.statements = statements,
		.statement_count = 1,
	};
}

static inline void start(void)
{
	postgres_start(&client, &loop, &config, &events);
}

#define WELCOME "RSKZ"
#define PREPARED "1tTZ" /* the answer to number, */
#define BOOT "PDS"      /* which is asked by this */
#define RUN "BES"       /* and used by this */
#define ROW "2DCZ"      /* with this for an answer */

static inline void let_in(void)
{
	peer_take(&peer);
	UNTIL(pg_has(true, 1));
	peer_forget(&peer);
	pg_say(WELCOME);
}

/* A login with one statement. */
static inline void log_in(void)
{
	let_in();
	UNTIL(pg_has(false, strlen(BOOT)));
	peer_forget(&peer);
	pg_say(PREPARED);
	UNTIL(noted_has("ready"));
}

static inline void begin_ready(void)
{
	begin();
	start();
	log_in();
	notes_forget();
}

static inline void hear_runs(size_t n)
{
	UNTIL(pg_has(false, n * strlen(RUN)));
	peer_forget(&peer);
}

/*
 * A login by SCRAM up to the challenge, which makes the client stretch its password for
 * [iterations]: 512 a turn.
 */
static inline void challenge(unsigned iterations)
{
	char text[128];
	uint8_t buf[256];
	peer_take(&peer);
	UNTIL(pg_has(true, 1));
	peer_forget(&peer);
	peer_says(&peer, span_of("R\0\0\0\27\0\0\0\12SCRAM-SHA-256\0", 24));
	UNTIL(pg_has(false, 1));
	const char *nonce = memmem(peer.got, peer.n, "r=", 2);
	if (nonce == NULL)
		bail("no nonce");
	int n = snprintf(text, sizeof text, "%.26sx,s=c2FsdA==,i=%u", nonce, iterations);
	struct out o = out_init(buf, sizeof buf);
	out_byte(&o, 'R');
	out_be32(&o, (uint32_t)n + 8);
	out_be32(&o, PGWIRE_AUTH_SASL_CONTINUE);
	out_mem(&o, text, (size_t)n);
	peer_says(&peer, out_span_of(&o));
}

/* Whatever the state: after the stop nothing is called any more and nothing is left. */
static inline void end_calmly(const char *name)
{
	postgres_stop(&client);
	check(client.link.timer.link == NULL && client.link.late.link == NULL, "no timer is left");
	check(!client.work.waiting, "no task is left");
	notes_forget();
	run_for(20);
	is_str(notes, "", "%s: stopped, and nothing comes", name);
	peer_close(&peer);
	net_loop_close(&loop);
}

/* Up again after a loss, and what is asked now gets its own answer; then the end. */
static inline void is_well_again(const char *name)
{
	notes_forget();
	log_in();
	ask('z');
	hear_runs(1);
	pg_say(ROW);
	UNTIL(noted_has("z="));
	noted_is("ready;z 7;z=ok;", name);
	end_calmly(name);
}

#endif
