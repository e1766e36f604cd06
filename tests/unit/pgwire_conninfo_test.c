#include "harness/tap.h"
#include "pgwire/pgwire_conninfo.h"
#include "unit/conninfo_rows.h"

#include <stdio.h>
#include <string.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static void say_error(struct out *o, int rc, struct span bad)
{
	static const char *const names[] = {"EKEYWORD ", "ESYNTAX ", "EVALUE "};
	out_str(o, "!");
	if (rc <= PGWIRE_EKEYWORD && rc >= PGWIRE_EVALUE)
		out_str(o, names[PGWIRE_EKEYWORD - rc]);
	else
		out_str(o, rc == PGWIRE_EROOM ? "EROOM " : "ETEXT ");
	out_span(o, bad);
}

static void say_all(struct out *o, const struct pgwire_conninfo *c)
{
	for (enum pgwire_option i = 0; i < PGWIRE_OPTIONS; i++) {
		if (c->value[i].p == NULL)
			continue;
		out_str(o, pgwire_option_name(i));
		out_str(o, "=");
		out_span(o, c->value[i]);
		out_str(o, ";");
	}
}

static void read_text(struct span text, size_t cap, struct out *o)
{
	static uint8_t room[512];
	struct pgwire_conninfo c;
	pgwire_conninfo_init(&c, room, cap);
	int rc = pgwire_conninfo_put(&c, guarded(0, text));
	if (rc < 0)
		say_error(o, rc, c.bad);
	else
		say_all(o, &c);
}

/* With less room it is the same, or EROOM, or an error that was there before the room ended. */
static void test_texts(void)
{
	for (size_t i = 0; i < CONNINFOS; i++) {
		struct span text = span_str(conninfos[i].text);
		char got[512] = "", tight[512];
		struct out o = out_init(got, sizeof got - 1);
		read_text(text, 2 * text.n, &o);
		got[o.n] = '\0';
		is_str(got, conninfos[i].want, "connection string %zu", i);
		for (size_t cap = 0; cap < text.n; cap++) {
			struct out less = out_init(tight, sizeof tight - 1);
			read_text(text, cap, &less);
			tight[less.n] = '\0';
			check(strcmp(got, tight) == 0 || strcmp(tight, "!EROOM ") == 0 ||
				      strncmp(got, tight, 8) == 0,
			      "connection string %zu in %zu bytes of room: %s", i, cap, tight);
		}
	}
	char got[64] = "";
	struct out o = out_init(got, sizeof got - 1);
	read_text(SPAN("host=a\0b"), 64, &o);
	ok(strncmp(got, "!ETEXT", 6) == 0, "a NUL in a connection string");
}

static void test_env(void)
{
	uint8_t room[64];
	struct pgwire_conninfo c;
	char got[256] = "";
	struct out o = out_init(got, sizeof got - 1);
	pgwire_conninfo_init(&c, room, sizeof room);
	is_int(pgwire_conninfo_put(&c, SPAN("host=a user=''")), 1, "a text before the environment");
	is_int(pgwire_conninfo_put_env(&c, SPAN("PGPORT"), SPAN("1")), 1, "PGPORT");
	is_int(pgwire_conninfo_put_env(&c, SPAN("PGHOST"), SPAN("b")), 1, "PGHOST");
	is_int(pgwire_conninfo_put_env(&c, SPAN("PGUSER"), SPAN("u")), 1, "PGUSER");
	is_int(pgwire_conninfo_put_env(&c, SPAN("PGDATABASE"), SPAN("")), 1, "PGDATABASE, empty");
	is_int(pgwire_conninfo_put_env(&c, SPAN("PGDATABASE"), SPAN("d")), 1, "PGDATABASE again");
	is_int(pgwire_conninfo_put_env(&c, SPAN("PGCONNECT_TIMEOUT"), SPAN("3")), 1, "its time");
	is_int(pgwire_conninfo_put_env(&c, SPAN("PGAPPNAME"), SPAN("x+%20")), 1, "taken as it is");
	is_int(pgwire_conninfo_put_env(&c, SPAN("PATH"), SPAN("/bin")), 0, "another variable");
	is_int(pgwire_conninfo_put_env(&c, SPAN("pgport"), SPAN("2")), 0, "in small letters");
	is_int(pgwire_conninfo_put_env(&c, SPAN("PGOPTIONS"), SPAN("a\0b")), PGWIRE_ETEXT, "NUL");
	say_all(&o, &c);
	is_str(got, "user=;connect_timeout=3;dbname=;host=a;port=1;application_name=x+%20;",
	       "what the text says comes first");
	pgwire_conninfo_init(&c, room, 2);
	is_int(pgwire_conninfo_put_env(&c, SPAN("PGUSER"), SPAN("abc")), PGWIRE_EROOM, "no room");
	is_span(c.bad, SPAN("PGUSER"), "and for what");
}

/* A target, in short: hosts, then what differs from the defaults. */
static void say_target(struct out *o, const struct pgwire_target *t)
{
	char text[256];
	for (size_t i = 0; i < t->host_count; i++) {
		const struct pgwire_host *h = &t->hosts[i];
		out_str(o, i > 0 ? "," : "");
		out_span(o, h->name);
		out_str(o, h->addr.n > 0 ? "=" : "");
		out_span(o, h->addr);
		out_str(o, h->local ? "(local):" : ":");
		out_u64(o, h->port);
	}
	int n = snprintf(text, sizeof text, " f%u a%d b%d s%d t%u k%d/%u/%u/%u u%u", t->flags,
			 (int)t->attrs, t->load_balance, (int)t->sslmode, t->connect_timeout,
			 t->keepalives, t->keepalives_idle, t->keepalives_interval,
			 t->keepalives_count, t->tcp_user_timeout);
	out_mem(o, text, (size_t)n);
}

#define PLAIN " f2 a0 b0 s2 t0 k1/0/0/0 u0"
#define WITH(flags) " f" flags " a0 b0 s2 t0 k1/0/0/0 u0"

static const struct {
	const char *text, *want;
} targets[] = {
	{"", ":5432" PLAIN},
	{"host=a", "a:5432" PLAIN},
	{"host=a port=1", "a:1" PLAIN},
	{"host=a port=' 1 '", "a:1" PLAIN},
	{"host=a,b port=1", "a:1,b:1" PLAIN},
	{"host=a,b port=1,2", "a:1,b:2" PLAIN},
	{"host=a,b port=,2", "a:5432,b:2" PLAIN},
	{"host=a,,b", "a:5432,:5432,b:5432" PLAIN},
	{"host=,", ":5432,:5432" PLAIN},
	{"host=a, port=1,", "a:1,:5432" PLAIN},
	{"host=a,b port=1,2,3", "!EVALUE port"},
	{"host=a port=1,2", "!EVALUE port"},
	{"port=1,2", "!EVALUE port"},
	{"port=0", "!EVALUE port"},
	{"port=65535", ":65535" PLAIN},
	{"port=65536", "!EVALUE port"},
	{"port=-1", "!EVALUE port"},
	{"port=x", "!EVALUE port"},
	{"port=''", ":5432" PLAIN},
	{"host=/tmp,@x,a", "/tmp(local):5432,@x(local):5432,a:5432" PLAIN},
	{"hostaddr=1.2.3.4", "=1.2.3.4:5432" PLAIN},
	{"host=a hostaddr=1.2.3.4", "a=1.2.3.4:5432" PLAIN},
	{"host=/a hostaddr=1.2.3.4", "/a=1.2.3.4:5432" PLAIN},
	{"host=a,b hostaddr=1.2.3.4,", "a=1.2.3.4:5432,b:5432" PLAIN},
	{"host=a hostaddr=1.2.3.4,5.6.7.8", "!EVALUE host"},
	{"host=a,b hostaddr=1.2.3.4", "!EVALUE host"},
	{"host=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "!EVALUE host"},
	{"hostaddr=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "!EVALUE hostaddr"},
	{"password=p", ":5432" WITH("0")},
	{"require_auth=scram-sha-256", ":5432" WITH("0")},
	{"require_auth=md5", ":5432" WITH("12")},
	{"require_auth=password", ":5432" WITH("9")},
	{"require_auth=none", ":5432" WITH("10")},
	{"require_auth=scram-sha-256,md5,password,none", ":5432" WITH("7")},
	{"require_auth=gss", ":5432" WITH("8")},
	{"require_auth=gss,sspi,oauth,scram-sha-256", ":5432" WITH("0")},
	{"require_auth=!none", ":5432" WITH("5")},
	{"require_auth=!none,!password", ":5432" WITH("4")},
	{"require_auth=!scram-sha-256", ":5432" WITH("15")},
	{"require_auth=!gss", ":5432" WITH("7")},
	{"require_auth=''", ":5432" PLAIN},
	{"require_auth=md5,md5", "!EVALUE require_auth"},
	{"require_auth=md5,!none", "!EVALUE require_auth"},
	{"require_auth=!none,md5", "!EVALUE require_auth"},
	{"require_auth=md4", "!EVALUE require_auth"},
	{"require_auth=MD5", "!EVALUE require_auth"},
	{"require_auth=,md5", "!EVALUE require_auth"},
	{"require_auth=md5,", "!EVALUE require_auth"},
	{"require_auth=!", "!EVALUE require_auth"},
	{"require_auth=!!md5", "!EVALUE require_auth"},
	{"target_session_attrs=any", ":5432" PLAIN},
	{"target_session_attrs=read-write", ":5432 f2 a1 b0 s2 t0 k1/0/0/0 u0"},
	{"target_session_attrs=read-only", ":5432 f2 a2 b0 s2 t0 k1/0/0/0 u0"},
	{"target_session_attrs=primary", ":5432 f2 a3 b0 s2 t0 k1/0/0/0 u0"},
	{"target_session_attrs=standby", ":5432 f2 a4 b0 s2 t0 k1/0/0/0 u0"},
	{"target_session_attrs=prefer-standby", ":5432 f2 a5 b0 s2 t0 k1/0/0/0 u0"},
	{"target_session_attrs=prefer", "!EVALUE target_session_attrs"},
	{"load_balance_hosts=random", ":5432 f2 a0 b1 s2 t0 k1/0/0/0 u0"},
	{"load_balance_hosts=disable", ":5432" PLAIN},
	{"load_balance_hosts=1", "!EVALUE load_balance_hosts"},
	{"sslmode=disable", ":5432 f2 a0 b0 s0 t0 k1/0/0/0 u0"},
	{"sslmode=allow", ":5432 f2 a0 b0 s1 t0 k1/0/0/0 u0"},
	{"sslmode=require", ":5432 f2 a0 b0 s3 t0 k1/0/0/0 u0"},
	{"sslmode=verify-ca", ":5432 f2 a0 b0 s4 t0 k1/0/0/0 u0"},
	{"sslmode=verify-full", ":5432 f2 a0 b0 s5 t0 k1/0/0/0 u0"},
	{"sslmode=on", "!EVALUE sslmode"},
	{"connect_timeout=0", ":5432" PLAIN},
	{"connect_timeout=1", ":5432 f2 a0 b0 s2 t2 k1/0/0/0 u0"},
	{"connect_timeout='+5 '", ":5432 f2 a0 b0 s2 t5 k1/0/0/0 u0"},
	{"connect_timeout=-1", ":5432" PLAIN},
	{"connect_timeout=2147483647", ":5432 f2 a0 b0 s2 t2147483647 k1/0/0/0 u0"},
	{"connect_timeout=2147483648", "!EVALUE connect_timeout"},
	{"connect_timeout=1s", "!EVALUE connect_timeout"},
	{"connect_timeout=+-1", "!EVALUE connect_timeout"},
	{"connect_timeout=' '", "!EVALUE connect_timeout"},
	{"keepalives=0", ":5432 f2 a0 b0 s2 t0 k0/0/0/0 u0"},
	{"keepalives=2 keepalives_idle=3 keepalives_interval=4 keepalives_count=5",
	 ":5432 f2 a0 b0 s2 t0 k1/3/4/5 u0"},
	{"keepalives=yes", "!EVALUE keepalives"},
	{"keepalives_idle=x", "!EVALUE keepalives_idle"},
	{"tcp_user_timeout=6", ":5432 f2 a0 b0 s2 t0 k1/0/0/0 u6"},
	{"client_encoding=utf-8", ":5432" PLAIN},
	{"client_encoding=auto", ":5432" PLAIN},
	{"client_encoding=LATIN1", "!EVALUE client_encoding"},
	{"service=x", "!EVALUE service"},
	{"replication=off", ":5432" PLAIN},
	{"replication=database", "!EVALUE replication"},
	{"gssencmode=prefer", ":5432" PLAIN},
	{"gssencmode=require", "!EVALUE gssencmode"},
	{"channel_binding=prefer", ":5432" PLAIN},
	{"channel_binding=require", "!EVALUE channel_binding"},
};

static void test_targets(void)
{
	for (size_t i = 0; i < LENGTH(targets); i++) {
		uint8_t room[256];
		char got[512] = "";
		struct out o = out_init(got, sizeof got - 1);
		struct pgwire_conninfo c;
		struct pgwire_target t;
		pgwire_conninfo_init(&c, room, sizeof room);
		pgwire_conninfo_put(&c, span_str(targets[i].text));
		int rc = pgwire_target_get(&c, &t);
		if (rc < 0)
			say_error(&o, rc, c.bad);
		else
			say_target(&o, &t);
		is_str(got, targets[i].want, "target of: %s", targets[i].text);
	}
	static uint8_t room[256];
	struct pgwire_conninfo c;
	struct pgwire_target t;
	pgwire_conninfo_init(&c, room, sizeof room);
	pgwire_conninfo_put(&c, SPAN("user=u dbname=d password=p passfile=f options=o "
				     "application_name='' fallback_application_name=b"));
	pgwire_target_get(&c, &t);
	ok(span_eq(t.user, SPAN("u")) && span_eq(t.database, SPAN("d")) &&
		   span_eq(t.password, SPAN("p")) && span_eq(t.passfile, SPAN("f")) &&
		   span_eq(t.options, SPAN("o")),
	   "who it is");
	is_span(t.application_name, SPAN("b"), "the fallback where the name is empty");
	pgwire_conninfo_put(&c, SPAN("application_name=a"));
	pgwire_target_get(&c, &t);
	is_span(t.application_name, SPAN("a"), "and the name where it is not");
}

static void test_passfile(void)
{
	static const struct {
		const char *name, *file, *want; /* NULL: none */
	} rows[] = {
		{"the line", "h:1:d:u:p\n", "p"},
		{"without a newline", "h:1:d:u:p", "p"},
		{"DOS line ends", "x:1:d:u:q\r\nh:1:d:u:p\r\n", "p"},
		{"the first of two", "h:1:d:u:a\nh:1:d:u:b\n", "a"},
		{"behind others", "i:1:d:u:a\nh:2:d:u:b\nh:1:e:u:c\nh:1:d:v:d\nh:1:d:u:e\n", "e"},
		{"stars", "*:*:*:*:p\n", "p"},
		{"a star in each place", "*:1:d:u:p\n", "p"},
		{"a star and more", "*h:1:d:u:p\n", NULL},
		{"a star for the password", "h:1:d:u:*\n", "*"},
		{"comment", "#h:1:d:u:p\nh:1:d:u:q\n", "q"},
		{"a blank before the comment is a host", " #h:1:d:u:p\n", NULL},
		{"quoted bytes in a field", "\\h:1:d:\\u:p\n", "p"},
		{"quoted bytes in the password", "h:1:d:u:a\\:b\\\\c\\d\n", "a:b\\cd"},
		{"a colon ends the password", "h:1:d:u:a:b\n", "a"},
		{"a backslash at the end", "h:1:d:u:a\\\n", "a\\"},
		{"empty password", "h:1:d:u:\n", ""},
		{"fields are missing", "h:1:d\n", NULL},
		{"the host's beginning", "hh:1:d:u:p\n", NULL},
		{"another port with the same beginning", "h:11:d:u:p\n", NULL},
		{"an empty field", ":1:d:u:p\n", NULL},
		{"empty file", "", NULL},
		{"empty lines", "\n\n\nh:1:d:u:p\n", "p"},
		{"a colon in a field", "h\\::1:d:u:p\n", NULL},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		uint8_t buf[64];
		struct out o = out_init(buf, sizeof buf);
		bool found = pgwire_passfile_get(guarded(0, span_str(rows[i].file)), SPAN("h"), 1,
						 SPAN("d"), SPAN("u"), &o);
		ok(found == (rows[i].want != NULL) &&
			   span_eq(out_span_of(&o), span_str(rows[i].want)),
		   "password file: %s", rows[i].name);
	}
	uint8_t buf[2];
	struct out o = out_init(buf, sizeof buf);
	ok(pgwire_passfile_get(SPAN("a\\:b:1:\\\\:u:123"), SPAN("a:b"), 1, SPAN("\\"), SPAN("u"),
			       &o) &&
		   o.over,
	   "quoted fields, and a password longer than its room");
}

int main(void)
{
	test_texts();
	test_env();
	test_targets();
	test_passfile();
	return done();
}
