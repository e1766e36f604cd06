#include "crypto/ct.h"
#include "harness/tap.h"
#include "pgwire/pgwire_scram.h"

#include <string.h>

/* RFC 7677, section 3. */
#define NONCE "rOprNGfwEbeRWgbNEkqO"
#define FULL_NONCE NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define SERVER_FIRST "r=" FULL_NONCE ",s=" SALT ",i=4096"
#define CLIENT_FINAL "c=biws,r=" FULL_NONCE ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define SERVER_FINAL "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

#define LIMIT 600000

static int first(struct pgwire_scram *s, struct span msg, const struct pgwire_keys *cached)
{
	pgwire_scram_init(s, SPAN("user"), SPAN(NONCE));
	return pgwire_scram_get_first(s, msg, SPAN("pencil"), LIMIT, cached);
}

static void ready(struct pgwire_scram *s, struct span msg, const struct pgwire_keys *cached)
{
	if (first(s, msg, cached) != 1)
		bail("no way to a SCRAM that is ready");
	while (!pgwire_scram_step(s, 4096))
		;
}

static void test_rfc7677(void)
{
	uint8_t buf[256];
	struct out o = out_init(buf, sizeof buf);
	struct pgwire_scram s;
	struct pgwire_keys keys = {0};

	is_int(pgwire_scram_init(&s, SPAN("user"), SPAN(NONCE)), 1, "RFC 7677: init");
	pgwire_scram_put_first(&s, &o);
	is_span(out_span_of(&o), SPAN("n,,n=user,r=" NONCE), "RFC 7677: client-first-message");
	is_int(pgwire_scram_get_first(&s, SPAN(SERVER_FIRST), SPAN("pencil"), 4096, &keys), 1,
	       "RFC 7677: server-first-message, iterations exactly at the limit");
	unsigned slices = 1;
	while (!pgwire_scram_step(&s, 1000))
		slices++;
	is_int(slices, 5, "RFC 7677: 4095 iterations more, in slices of 1000");
	o = out_init(buf, sizeof buf);
	pgwire_scram_put_final(&s, &o);
	is_span(out_span_of(&o), SPAN(CLIENT_FINAL), "RFC 7677: client-final-message");
	ok(!keys.set, "no keys are kept before the server has proven itself");
	is_int(pgwire_scram_get_final(&s, SPAN(SERVER_FINAL), &keys), 1,
	       "RFC 7677: server-final-message");
	ok(keys.set, "the keys are kept");
	pgwire_scram_wipe(&s);
	static const struct pgwire_scram zero;
	ok(crypto_equal(&s, &zero, sizeof s), "wiped");
}

static void test_init(void)
{
	static const char long_text[201] = {[0 ... 199] = 'x'};
	static const struct {
		const char *name;
		struct span user, nonce;
		int want;
	} rows[] = {
		{"PostgreSQL's empty user", {0}, {(const uint8_t *)"abc", 3}, 1},
		{"no nonce", {0}, {0}, PGWIRE_ETEXT},
		{"nonce with a comma", {0}, {(const uint8_t *)"a,b", 3}, PGWIRE_ETEXT},
		{"nonce with a blank", {0}, {(const uint8_t *)"a b", 3}, PGWIRE_ETEXT},
		{"nonce beyond ASCII", {0}, {(const uint8_t *)"a\x80", 2}, PGWIRE_ETEXT},
		{"user with '='",
		 {(const uint8_t *)"a=", 2},
		 {(const uint8_t *)"a", 1},
		 PGWIRE_ETEXT},
		{"user with ','",
		 {(const uint8_t *)",b", 2},
		 {(const uint8_t *)"a", 1},
		 PGWIRE_ETEXT},
		{"user with NUL",
		 {(const uint8_t *)"a\0", 2},
		 {(const uint8_t *)"a", 1},
		 PGWIRE_ETEXT},
		{"nonce too long", {0}, {(const uint8_t *)long_text, 200}, PGWIRE_ETEXT},
		{"user too long",
		 {(const uint8_t *)long_text, 200},
		 {(const uint8_t *)"a", 1},
		 PGWIRE_ETEXT},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct pgwire_scram s;
		is_int(pgwire_scram_init(&s, guarded(0, rows[i].user), guarded(1, rows[i].nonce)),
		       rows[i].want, "init: %s", rows[i].name);
	}
}

static void test_server_first(void)
{
	static const struct {
		const char *name, *msg;
		int want;
	} rows[] = {
		{"plain", "r=" NONCE "x,s=" SALT ",i=1", 1},
		{"extensions", "r=" NONCE "x,s=" SALT ",i=1,a=b,Z=c=d", 1},
		{"highest count", "r=" NONCE "x,s=" SALT ",i=600000", 1},
		{"one more", "r=" NONCE "x,s=" SALT ",i=600001", PGWIRE_EITERATIONS},
		{"2^32 + 1", "r=" NONCE "x,s=" SALT ",i=4294967297", PGWIRE_EITERATIONS},
		{"beyond 64 bits", "r=" NONCE "x,s=" SALT ",i=99999999999999999999999",
		 PGWIRE_EITERATIONS},
		{"count 0", "r=" NONCE "x,s=" SALT ",i=0", PGWIRE_ESCRAM},
		{"count 04096", "r=" NONCE "x,s=" SALT ",i=04096", PGWIRE_ESCRAM},
		{"negative count", "r=" NONCE "x,s=" SALT ",i=-1", PGWIRE_ESCRAM},
		{"count not a number", "r=" NONCE "x,s=" SALT ",i=4096x", PGWIRE_ESCRAM},
		{"no digits", "r=" NONCE "x,s=" SALT ",i=", PGWIRE_ESCRAM},
		{"no count", "r=" NONCE "x,s=" SALT, PGWIRE_ESCRAM},
		{"no salt", "r=" NONCE "x,i=4096", PGWIRE_ESCRAM},
		{"empty salt", "r=" NONCE "x,s=,i=4096", PGWIRE_ESCRAM},
		{"salt with other padding", "r=" NONCE "x,s=W22ZaJ0SNY7soEsUEjb6gR==,i=4096",
		 PGWIRE_ESCRAM},
		{"salt with a blank", "r=" NONCE "x,s=W22Z J0SNY7soEsUEjb6gQ==,i=4096",
		 PGWIRE_ESCRAM},
		{"nonce is ours alone", "r=" NONCE ",s=" SALT ",i=4096", PGWIRE_ESCRAM},
		{"nonce is cut", "r=rOprNGfwEbeRWgbNEkq,s=" SALT ",i=4096", PGWIRE_ESCRAM},
		{"another nonce", "r=sOprNGfwEbeRWgbNEkqOxyz,s=" SALT ",i=4096", PGWIRE_ESCRAM},
		{"nonce with a blank", "r=" NONCE " x,s=" SALT ",i=4096", PGWIRE_ESCRAM},
		{"order changed", "s=" SALT ",r=" NONCE "x,i=4096", PGWIRE_ESCRAM},
		{"mandatory extension", "m=x,r=" NONCE "x,s=" SALT ",i=4096", PGWIRE_ESCRAM},
		{"comma at the end", "r=" NONCE "x,s=" SALT ",i=4096,", PGWIRE_ESCRAM},
		{"extension without value", "r=" NONCE "x,s=" SALT ",i=4096,a=", PGWIRE_ESCRAM},
		{"extension named 1", "r=" NONCE "x,s=" SALT ",i=4096,1=a", PGWIRE_ESCRAM},
		{"error instead", "e=unknown-user", PGWIRE_ESCRAM},
		{"nothing", "", PGWIRE_ESCRAM},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct pgwire_scram s;
		struct span msg = span_str(rows[i].msg);
		is_int(first(&s, guarded(0, msg), NULL), rows[i].want, "server-first: %s",
		       rows[i].name);
		for (size_t cut = 0; cut < msg.n; cut++)
			first(&s, guarded(0, span_head(msg, cut)), NULL);
	}
}

static void test_sizes(void)
{
	uint8_t buf[1024];
	struct pgwire_scram s;
	for (unsigned over = 0; over < 2; over++) {
		struct out o = out_init(buf, sizeof buf);
		out_str(&o, "r=" NONCE "x,s=" SALT ",i=1,e=");
		while (o.n < PGWIRE_SCRAM_SERVER_MAX + over)
			out_byte(&o, 'x');
		is_int(first(&s, guarded(0, out_span_of(&o)), NULL), over ? PGWIRE_ESCRAM : 1,
		       "server-first of %zu bytes", o.n);
	}
	for (unsigned over = 0; over < 2; over++) {
		struct out o = out_init(buf, sizeof buf);
		out_str(&o, "r=" NONCE "x,s=");
		/* 128 bytes are 172 characters; 129 are as many, with other padding. */
		for (unsigned i = 0; i < 170; i++)
			out_byte(&o, 'A');
		out_str(&o, over ? "AA,i=1" : "A=,i=1");
		is_int(first(&s, guarded(0, out_span_of(&o)), NULL), over ? PGWIRE_ESCRAM : 1,
		       "salt of %u bytes", PGWIRE_SALT_MAX + over);
	}
}

static void test_server_final(void)
{
	static const struct {
		const char *name, *msg;
		int want;
	} rows[] = {
		{"right", SERVER_FINAL, 1},
		{"right, extension", SERVER_FINAL ",x=y", 1},
		{"one bit wrong",
		 "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", PGWIRE_ESIGNATURE},
		{"all zero", "v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", PGWIRE_ESIGNATURE},
		{"other padding", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", PGWIRE_ESCRAM},
		{"a byte short", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95A==", PGWIRE_ESCRAM},
		{"a byte long", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4A", PGWIRE_ESCRAM},
		{"empty", "v=", PGWIRE_ESCRAM},
		{"nothing", "", PGWIRE_ESCRAM},
		{"no attribute", "6rriTRBi23WpRR", PGWIRE_ESCRAM},
		{"comma at the end", SERVER_FINAL ",", PGWIRE_ESCRAM},
		{"error", "e=invalid-proof", PGWIRE_EAUTH},
	};
	struct pgwire_scram s;
	ready(&s, SPAN(SERVER_FIRST), NULL);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct pgwire_keys keys = {0};
		struct span msg = span_str(rows[i].msg);
		is_int(pgwire_scram_get_final(&s, guarded(0, msg), &keys), rows[i].want,
		       "server-final: %s", rows[i].name);
		check(keys.set == (rows[i].want == 1), "%s: keys kept", rows[i].name);
		for (size_t cut = 0; cut < msg.n && cut < sizeof SERVER_FINAL - 1; cut++)
			check(pgwire_scram_get_final(&s, guarded(0, span_head(msg, cut)), NULL) < 0,
			      "%s, cut at %zu", rows[i].name, cut);
	}
}

static void test_slices(void)
{
	uint8_t want_buf[256], buf[256];
	struct pgwire_scram s;
	struct out want = out_init(want_buf, sizeof want_buf);
	ready(&s, SPAN("r=" NONCE "x,s=" SALT ",i=50"), NULL);
	pgwire_scram_put_final(&s, &want);
	for (uint32_t slice = 1; slice <= 51; slice++) {
		struct out o = out_init(buf, sizeof buf);
		first(&s, SPAN("r=" NONCE "x,s=" SALT ",i=50"), NULL);
		while (!pgwire_scram_step(&s, slice))
			;
		pgwire_scram_put_final(&s, &o);
		check(span_eq(out_span_of(&o), out_span_of(&want)), "slices of %u", slice);
	}
	ok(failures() == 0, "the proof is the same for slices of any size");
	for (size_t cap = 0; cap <= want.n; cap++) {
		struct out o = out_init(buf, cap);
		pgwire_scram_put_final(&s, &o);
		check(o.over == (cap < want.n), "final message in %zu bytes", cap);
		o = out_init(buf, cap);
		pgwire_scram_put_first(&s, &o);
		check(o.over == (cap < sizeof "n,,n=user,r=" NONCE - 1), "first in %zu", cap);
	}
	ok(failures() == 0, "both messages at every capacity");
}

static void test_cache(void)
{
	static const struct {
		const char *name, *msg, *password;
		bool hit;
	} rows[] = {
		{"another nonce", "r=" NONCE "zzz,s=" SALT ",i=4096", "pencil", true},
		{"another count", "r=" NONCE "zzz,s=" SALT ",i=4097", "pencil", false},
		{"another salt", "r=" NONCE "zzz,s=W22ZaJ0SNY7soEsUEjb6gA==,i=4096", "pencil",
		 false},
		{"another password", "r=" NONCE "zzz,s=" SALT ",i=4096", "Pencil", false},
	};
	struct pgwire_scram s, plain;
	struct pgwire_keys keys = {0};
	uint8_t buf[256], plain_buf[256];

	ready(&s, SPAN(SERVER_FIRST), &keys);
	pgwire_scram_get_final(&s, SPAN(SERVER_FINAL), &keys);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct span msg = span_str(rows[i].msg), password = span_str(rows[i].password);
		pgwire_scram_init(&s, SPAN("user"), SPAN(NONCE));
		pgwire_scram_get_first(&s, msg, password, LIMIT, &keys);
		is_int(pgwire_scram_step(&s, 1), rows[i].hit, "cached keys, %s", rows[i].name);
		while (!pgwire_scram_step(&s, 5000))
			;
		pgwire_scram_init(&plain, SPAN("user"), SPAN(NONCE));
		pgwire_scram_get_first(&plain, msg, password, LIMIT, NULL);
		while (!pgwire_scram_step(&plain, 5000))
			;
		struct out o = out_init(buf, sizeof buf), p = out_init(plain_buf, sizeof plain_buf);
		pgwire_scram_put_final(&s, &o);
		pgwire_scram_put_final(&plain, &p);
		is_span(out_span_of(&o), out_span_of(&p), "same proof, %s", rows[i].name);
	}
}

int main(void)
{
	test_rfc7677();
	test_init();
	test_server_first();
	test_sizes();
	test_server_final();
	test_slices();
	test_cache();
	return done();
}
