#include "unit/pgwire_run.h"

#define ONLY_3_0 "v\0\0\0\14\0\3\0\0\0\0\0\0"
#define LONG_KEY "K\0\0\0\50\0\0\1\2abcdefghijklmnopqrstuvwxyz012345"

static const struct row logins[] = {
	{"SCRAM", 0, "", B(SASL_OFFER CHALLENGE SIGNATURE WELCOME SETTING KEY READY),
	 "work;parameter - a=b;ready I;", B(SASL_FIRST "p\0\0\0\127" PROOF)},
	{"SCRAM beside PLUS", 0, "",
	 B("R\0\0\0\52\0\0\0\12SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0" CHALLENGE SIGNATURE WELCOME
		   READY),
	 "work;ready I;", B(SASL_FIRST "p\0\0\0\127" PROOF)},
	{"only PLUS", 0, "", B("R\0\0\0\34\0\0\0\12SCRAM-SHA-256-PLUS\0\0"), "!EMETHOD;", {0}},
	{"no mechanism", 0, "", B("R\0\0\0\11\0\0\0\12\0"), "!EMETHOD;", {0}},
	{"wrong signature",
	 0,
	 "",
	 B(SASL_OFFER CHALLENGE
	   "R\0\0\0\66\0\0\0\14v=X9H37LQ9BfncGSqG8MkkP0/KXMcHk71Ju2boMi7HWNQ=" WELCOME READY),
	 "work;!ESIGNATURE;",
	 {0}},
	{"no signature",
	 CLEAR | TRUST,
	 "",
	 B(SASL_OFFER CHALLENGE WELCOME READY),
	 "work;!ESIGNATURE;",
	 {0}},
	{"welcome after the offer",
	 CLEAR | TRUST,
	 "",
	 B(SASL_OFFER WELCOME READY),
	 "!ESIGNATURE;",
	 {0}},
	{"signature before the challenge", 0, "", B(SASL_OFFER SIGNATURE), "!EPHASE;", {0}},
	{"signature twice",
	 0,
	 "",
	 B(SASL_OFFER CHALLENGE SIGNATURE SIGNATURE),
	 "work;!EPHASE;",
	 {0}},
	{"challenge twice", 0, "", B(SASL_OFFER CHALLENGE CHALLENGE), "work;!EPHASE;", {0}},
	{"challenge without an offer", 0, "", B(CHALLENGE), "!EMETHOD;", {0}},
	{"offer twice", 0, "", B(SASL_OFFER SASL_OFFER), "!EPHASE;", {0}},
	{"downgrade after the offer", CLEAR | TRUST, "", B(SASL_OFFER CLEARTEXT), "!EPHASE;",
	 B(SASL_FIRST)},
	{"downgrade after the challenge",
	 CLEAR | TRUST,
	 "",
	 B(SASL_OFFER CHALLENGE CLEARTEXT),
	 "work;!EPHASE;",
	 {0}},
	{"downgrade after the signature",
	 CLEAR | TRUST,
	 "",
	 B(SASL_OFFER CHALLENGE SIGNATURE CLEARTEXT),
	 "work;!EPHASE;",
	 {0}},
	{"cut nonce",
	 0,
	 "",
	 B(SASL_OFFER "R\0\0\0\76\0\0\0\13r=AAECAwQFBgcICQoLDA0OD,s=" SALT ",i=8"),
	 "!ESCRAM;",
	 {0}},
	{"too many iterations", 0, "",
	 B(SASL_OFFER "R\0\0\0\111\0\0\0\13r=" NONCE "srv,s=" SALT ",i=600001"), "!EITER;",
	 B(SASL_FIRST)},
	{"the server's SCRAM error",
	 0,
	 "",
	 B(SASL_OFFER CHALLENGE "R\0\0\0\27\0\0\0\14e=invalid-proof"),
	 "work;!EAUTH  invalid-proof;",
	 {0}},
	{"cleartext refused", TRUST, "", B(CLEARTEXT), "!EMETHOD;", B("")},
	{"cleartext allowed", CLEAR, "", B(CLEARTEXT WELCOME READY), "ready I;",
	 B("p\0\0\0\13pencil\0")},
	{"cleartext asked twice", CLEAR, "", B(CLEARTEXT CLEARTEXT), "!EPHASE;", {0}},
	{"SCRAM after cleartext", CLEAR, "", B(CLEARTEXT SASL_OFFER), "!EPHASE;", {0}},
	{"md5 refused", CLEAR | TRUST, "", B(MD5_ASKED), "!EMETHOD;", B("")},
	{"md5 allowed", MD5, "", B(MD5_ASKED WELCOME READY), "ready I;",
	 B("p\0\0\0\50md58d3428d144a1e8453484b4ee8bb330e9\0")},
	{"md5 asked twice", MD5, "", B(MD5_ASKED MD5_ASKED), "!EPHASE;", {0}},
	{"cleartext after md5", MD5 | CLEAR, "", B(MD5_ASKED CLEARTEXT), "!EPHASE;", {0}},
	{"md5 after the offer of SCRAM", MD5, "", B(SASL_OFFER MD5_ASKED), "!EPHASE;", {0}},
	{"md5 with a short salt", MD5, "", B("R\0\0\0\13\0\0\0\5sal"), "!EBODY;", {0}},
	{"SCRAM refused", PGWIRE_REFUSE_SCRAM, "", B(SASL_OFFER), "!EMETHOD;", B("")},
	{"GSS refused", CLEAR | TRUST, "", B("R\0\0\0\10\0\0\0\7"), "!EMETHOD;", B("")},
	{"a method nobody knows", CLEAR | TRUST, "", B("R\0\0\0\10\0\0\0\143"), "!EMETHOD;", B("")},
	{"trust refused", CLEAR, "", B(WELCOME READY), "!EMETHOD;", {0}},
	{"trust allowed", TRUST, "", B(WELCOME READY), "ready I;", B("")},
	{"welcome twice", TRUST, "", B(WELCOME WELCOME), "!EPHASE;", {0}},
	{"error at once",
	 0,
	 "",
	 B("E\0\0\0\33SFATAL\0C53300\0Mtoo\nm\303\0\0"),
	 "!EAUTH 53300 too?m?;",
	 {0}},
	{"error after the proof",
	 0,
	 "",
	 B(SASL_OFFER CHALLENGE BYE),
	 "work;!EAUTH 57P01 bye;",
	 {0}},
	{"error after the welcome",
	 TRUST,
	 "",
	 B(WELCOME SETTING DUP),
	 "parameter - a=b;!EAUTH 23505 dup;",
	 {0}},
	{"malformed error", 0, "", B("E\0\0\0\14SFATAL\0\0"), "!EBODY;", {0}},
	{"malformed offer", 0, "", B("R\0\0\0\12\0\0\0\12ab"), "!EBODY;", {0}},
	{"notice before the welcome",
	 0,
	 "",
	 B(NOTICE SASL_OFFER NOTICE CHALLENGE),
	 "notice - 00000;"
	 "notice - 00000;work;",
	 {0}},
	{"version negotiated", TRUST | NEWEST, "", B(ONLY_3_0 WELCOME KEY READY), "ready I;", {0}},
	{"version negotiated, nobody asked", TRUST, "", B(ONLY_3_0), "!EPHASE;", {0}},
	{"version negotiated twice", TRUST | NEWEST, "", B(ONLY_3_0 ONLY_3_0), "!EPHASE;", {0}},
	{"version negotiated late", TRUST | NEWEST, "", B(WELCOME ONLY_3_0), "!EPHASE;", {0}},
	{"version 3.2 negotiated",
	 TRUST | NEWEST,
	 "",
	 B("v\0\0\0\14\0\3\0\2\0\0\0\0"),
	 "!EBODY;",
	 {0}},
	{"an option that nobody sent",
	 TRUST | NEWEST,
	 "",
	 B("v\0\0\0\16\0\3\0\0\0\0\0\1a\0"),
	 "!EBODY;",
	 {0}},
	{"version negotiated wrongly",
	 TRUST | NEWEST,
	 "",
	 B("v\0\0\0\14\0\3\0\0\0\0\0\1"),
	 "!EBODY;",
	 {0}},
	{"a long key in 3.2", TRUST | NEWEST, "", B(WELCOME LONG_KEY READY), "ready I;", {0}},
	{"a long key in 3.0", TRUST, "", B(WELCOME LONG_KEY READY), "!EBODY;", {0}},
	{"a long key after negotiating 3.0",
	 TRUST | NEWEST,
	 "",
	 B(ONLY_3_0 WELCOME LONG_KEY),
	 "!EBODY;",
	 {0}},
	{"parameter before the welcome", TRUST, "", B(SETTING), "!EPHASE;", {0}},
	{"malformed parameter", TRUST, "", B(WELCOME "S\0\0\0\6a\0"), "!EBODY;", {0}},
	{"UTF8",
	 TRUST,
	 "",
	 B(WELCOME UTF8 READY),
	 "parameter - client_encoding=UTF8;ready I;",
	 {0}},
	{"LATIN1", TRUST, "", B(WELCOME LATIN1), "!EENCODING;", {0}},
	{"key before the welcome", TRUST, "", B(KEY), "!EPHASE;", {0}},
	{"key twice", TRUST, "", B(WELCOME KEY KEY), "!EPHASE;", {0}},
	{"malformed key", TRUST, "", B(WELCOME "K\0\0\0\13\0\0\0\1abc"), "!EBODY;", {0}},
	{"ready before the welcome", TRUST, "", B(READY), "!EPHASE;", {0}},
	{"ready in no state", TRUST, "", B(WELCOME "Z\0\0\0\5x"), "!EBODY;", {0}},
	{"notification in the login", TRUST, "", B(WELCOME NOTIFY), "!EPHASE;", {0}},
	{"row in the login", TRUST, "", B(WELCOME ROW5), "!EPHASE;", {0}},
	{"no such message", TRUST, "", B(WELCOME "x"), "!ETYPE;", {0}},
	{"an error of 8 KiB and one byte", 0, "", B("E\0\0\40\5"), "!ELENGTH;", {0}},
	{"a row of 8 KiB and one byte", TRUST, "", B(WELCOME "D\0\0\40\5"), "!ELENGTH;", {0}},
};

static void test_startup(void)
{
	const struct span want =
		SPAN("\0\0\0\153\0\3\0\0user\0me\0database\0db\0"
		     "application_name\0barnacle\0options\0-c statement_timeout=9\0"
		     "client_encoding\0UTF8\0\0");
	struct pgwire_login login = {.user = SPAN("me"),
				     .database = SPAN("db"),
				     .application_name = SPAN("barnacle"),
				     .options = SPAN("-c statement_timeout=9")};
	struct pgwire_pending queue[1];
	struct pgwire_session s;
	uint8_t buf[256];
	for (size_t cap = 0; cap <= want.n; cap++) {
		struct out o = out_init(buf, cap);
		pgwire_session_init(&s, NULL, queue, 1);
		int rc = pgwire_session_login(&s, &login, nonce, &o);
		check(rc == (cap < want.n ? PGWIRE_EROOM : 1) && o.n == (rc == 1 ? want.n : 0),
		      "startup in %zu bytes", cap);
	}
	is_span(span_of(buf, want.n), want, "startup message, at every capacity");
	struct out o = out_init(buf, sizeof buf);
	is_int(pgwire_session_login(&s, &login, nonce, &o), PGWIRE_EPHASE, "login twice");

	struct span *texts[] = {&login.user, &login.database, &login.password,
				&login.application_name, &login.options};
	for (size_t i = 0; i < LENGTH(texts); i++) {
		struct span kept = *texts[i];
		*texts[i] = SPAN("a\0b");
		pgwire_session_init(&s, NULL, queue, 1);
		is_int(pgwire_session_login(&s, &login, nonce, &o), PGWIRE_ETEXT,
		       "NUL in text %zu of the login", i);
		*texts[i] = kept;
	}
	ok(o.n == 0, "and nothing was written");
}

/* A program that was linked without it. */
static void test_md5_missing(void)
{
	static const struct row row = {"no md5", MD5, "", B(""), "", {0}};
	static struct run r;
	struct pgwire_event ev;
	start(&r, &row);
	r.login.md5 = NULL;
	is_int(pgwire_session_next(&r.s, SPAN(MD5_ASKED), &r.out, &ev), PGWIRE_EMETHOD,
	       "md5 allowed, and not there");
}

/* What the session has to write finds no room: nothing is used, and the next call does it all. */
static void test_no_room(void)
{
	static const struct {
		const char *name;
		unsigned flags;
		char request;
		struct span before, then;
		size_t need;
	} rows[] = {
		{"SASLInitialResponse", 0, 0, B(""), B(SASL_OFFER), 55},
		{"password", CLEAR, 0, B(""), B(CLEARTEXT), 12},
		{"md5", MD5, 0, B(""), B(MD5_ASKED), 41},
		{"CopyFail", TRUST, 's', B(IN), B(COPY_IN), 48},
	};
	static struct run r;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct row row = {rows[i].name, rows[i].flags, "", rows[i].before, "", {0}};
		struct pgwire_event ev;
		uint8_t buf[512];
		start(&r, &row);
		feed(&r, row.server);
		if (rows[i].request != 0)
			send_letter(&r, &r.out, rows[i].request, NULL);
		for (size_t cap = 0; cap < rows[i].need; cap++) {
			struct out o = out_init(buf, cap);
			check(pgwire_session_next(&r.s, rows[i].then, &o, &ev) == PGWIRE_EROOM &&
				      o.n == 0 && !o.over,
			      "%s in %zu bytes", rows[i].name, cap);
		}
		struct out o = out_init(buf, rows[i].need);
		is_int(pgwire_session_next(&r.s, rows[i].then, &o, &ev), (int)rows[i].then.n,
		       "%s, once there is room", rows[i].name);
		is_int((int)o.n, (int)rows[i].need, "%s: bytes written", rows[i].name);
	}
}

static void test_work(void)
{
	static const struct row row = {"work", 0, "", B(SASL_OFFER), "", {0}};
	static struct run r;
	struct pgwire_event ev;
	struct out none = out_init(NULL, 0);

	start(&r, &row);
	is_int(pgwire_session_work(&r.s, &r.out, 1), PGWIRE_EPHASE, "work before the offer");
	feed(&r, row.server);
	pgwire_session_next(&r.s, SPAN(CHALLENGE), &r.out, &ev);
	is_int(ev.kind, PGWIRE_EV_WORK, "the challenge asks for work");
	for (unsigned i = 0; i < 6; i++)
		check(pgwire_session_work(&r.s, &r.out, 1) == 0, "slice %u", i);
	is_int(pgwire_session_work(&r.s, &none, 1), PGWIRE_EROOM, "the last slice, without room");
	is_int(pgwire_session_work(&r.s, &none, 1), PGWIRE_EROOM, "and again");
	is_int(pgwire_session_work(&r.s, &r.out, 1), 1, "and with room");
	is_int(pgwire_session_work(&r.s, &r.out, 1), PGWIRE_EPHASE, "work after the work");
	ok(feed(&r, SPAN(SIGNATURE WELCOME READY)) > 0 && r.s.status == 'I', "the login goes on");
	ok(r.keys.set, "the keys are kept for the next one");

	struct pgwire_keys keys = r.keys;
	start(&r, &row);
	r.keys = keys;
	feed(&r, row.server);
	pgwire_session_next(&r.s, SPAN(CHALLENGE), &r.out, &ev);
	is_int(pgwire_session_work(&r.s, &r.out, 1), 1, "cached keys: one slice is enough");
	ok(feed(&r, SPAN(SIGNATURE WELCOME READY)) > 0 && r.s.status == 'I', "and right");

	static const struct {
		const char *name;
		struct span wire;
		int want;
	} early[] = {
		{"signature", B(SIGNATURE), PGWIRE_EPHASE},
		{"welcome", B(WELCOME), PGWIRE_ESIGNATURE},
		{"error", B(BYE), PGWIRE_EAUTH},
		{"ready", B(READY), PGWIRE_EPHASE},
	};
	for (size_t i = 0; i < LENGTH(early); i++) {
		start(&r, &row);
		feed(&r, row.server);
		pgwire_session_next(&r.s, SPAN(CHALLENGE), &r.out, &ev);
		is_int(feed(&r, early[i].wire), early[i].want, "before the work is done: %s",
		       early[i].name);
		check(pgwire_session_work(&r.s, &r.out, 1) == early[i].want, "no work after it");
	}
}

static void test_floods(void)
{
	static const struct {
		const char *name;
		struct span one;
	} rows[] = {
		{"parameters", B(SETTING)},
		{"notices", B(NOTICE)},
	};
	static const struct row row = {"flood", TRUST, "", B(WELCOME), "", {0}};
	static struct run r;
	struct pgwire_event ev;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		unsigned n = 0;
		int rc;
		start(&r, &row);
		feed(&r, row.server);
		do
			rc = pgwire_session_next(&r.s, rows[i].one, &r.out, &ev);
		while (rc > 0 && ++n < 100000);
		ok(rc == PGWIRE_EMANY && n == pgwire_default_limits.reports,
		   "%s before READY: %u are enough", rows[i].name, n);
		logged_in(&r);
		for (n = 0; n < 1000; n++)
			check(pgwire_session_next(&r.s, rows[i].one, &r.out, &ev) > 0, "%u later",
			      n);
	}
	logged_in(&r);
	ok(pgwire_session_next(&r.s, SPAN("E\0\0\40\5"), &r.out, &ev) == PGWIRE_MORE &&
		   pgwire_session_next(&r.s, SPAN("D\1\0\0\4"), &r.out, &ev) == PGWIRE_MORE,
	   "after READY errors of 8 KiB and rows of 16 MiB may come");
}

static void test_state(void)
{
	static const struct row row = {
		"state", 0, "", B(SASL_OFFER CHALLENGE SIGNATURE WELCOME KEY IN_BLOCK), "", {0}};
	static struct run r;
	static const uint8_t zero[sizeof r.s.scram];
	void *who;
	start(&r, &row);
	feed(&r, row.server);
	ok(r.s.pid == 258 && r.s.key_n == 4 && memcmp(r.s.key, "abcd", 4) == 0, "the cancel key");
	ok(r.s.status == 'T', "the transaction status");
	ok(memcmp(&r.s.scram, zero, sizeof zero) == 0, "nothing of SCRAM is left after the login");
	ok(!pgwire_session_drop(&r.s, &who), "nothing to drop");
	ok(memcmp(r.s.key, zero, sizeof r.s.key) == 0, "drop wipes the key");
	is_int(send_letter(&r, &r.out, 'q', NULL), PGWIRE_EPHASE, "no request after a drop");

	static const struct row lost = {"lost", 0, "", B(SASL_OFFER CHALLENGE SASL_OFFER), "", {0}};
	start(&r, &lost);
	feed(&r, lost.server);
	ok(memcmp(&r.s.scram, zero, sizeof zero) == 0, "nor after a login that failed");
}

int main(void)
{
	test_startup();
	test_rows(logins, LENGTH(logins));
	test_md5_missing();
	test_no_room();
	test_work();
	test_floods();
	test_state();
	return done();
}
