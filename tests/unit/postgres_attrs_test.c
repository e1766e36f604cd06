/* Which of several servers is taken; and what a server reports of itself. */
#include "unit/postgres_client.h"

#include "drivers/postgres_attrs.h"
#include "drivers/postgres_settings.h"

static struct postgres_attrs attrs;
static struct postgres_settings settings;
static struct link_host both[2];

/* Two hosts, which are the same peer: a connection more each time. */
static void begin_choosing(enum postgres_kind wanted)
{
	begin();
	both[0] = both[1] = peer_host;
	config.link.hosts = both;
	config.link.host_count = 2;
	config.statement_count = 0;
	start();
	postgres_attrs_open(&attrs, &client, wanted);
}

static void say_report(const char *name, const char *value)
{
	uint8_t buf[256];
	struct out o = out_init(buf, sizeof buf);
	size_t n = strlen(name) + 1, m = strlen(value) + 1;
	out_byte(&o, 'S');
	out_be32(&o, (uint32_t)(4 + n + m));
	out_mem(&o, name, n);
	out_mem(&o, value, m);
	peer_says(&peer, out_span_of(&o));
}

static void take_login(void)
{
	peer_take(&peer);
	UNTIL(pg_has(true, 1));
	peer_forget(&peer);
	pg_say("R");
}

/* As servers from version 14 on do. */
static void log_in_reporting(const char *recovery, const char *read_only)
{
	take_login();
	say_report("in_hot_standby", recovery);
	say_report("default_transaction_read_only", read_only);
	pg_say("KZ");
}

/* As older ones: they are asked. */
static void log_in_asked(const char *sql, char is)
{
	take_login();
	pg_say("KZ");
	UNTIL(pg_has(false, 1));
	ok(memmem(peer.got, peer.n, sql, strlen(sql)) != NULL, "asked: %s", sql);
	peer_forget(&peer);
	pg_say("T");
	uint8_t row[] = {'D', 0, 0, 0, 11, 0, 1, 0, 0, 0, 1, (uint8_t)is};
	peer_says(&peer, span_of(row, sizeof row));
	pg_say("CZ");
}

static void judges(void)
{
	static const struct {
		enum postgres_kind wanted;
		const char *name, *taken; /* for each server below: y or n */
	} rows[] = {
		{POSTGRES_ANY, "any", "yyyy"},
		{POSTGRES_READ_WRITE, "read-write", "ynnn"},
		{POSTGRES_READ_ONLY, "read-only", "nyyy"},
		{POSTGRES_PRIMARY, "primary", "yynn"},
		{POSTGRES_STANDBY, "standby", "nnyy"},
		{POSTGRES_PREFER_STANDBY, "prefer-standby", "nnyy"},
	};
	static const char *const servers[][2] = {
		{"off", "off"}, {"off", "on"}, {"on", "off"}, {"on", "on"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t j = 0; j < 4; j++) {
			begin_choosing(rows[i].wanted);
			log_in_reporting(servers[j][0], servers[j][1]);
			UNTIL(noted > 0);
			bool taken = strcmp(notes, "ready;") == 0;
			ok(taken == (rows[i].taken[j] == 'y'), "%s, recovery %s, read-only %s: %s",
			   rows[i].name, servers[j][0], servers[j][1], notes);
			end_calmly(rows[i].name);
		}
	}
}

static void asks_old_ones(void)
{
	begin_choosing(POSTGRES_READ_WRITE);
	log_in_asked("default_transaction_read_only", 't');
	UNTIL(noted_has("down"));
	noted_is("down(the server only reads);", "it only reads");
	log_in_asked("default_transaction_read_only", 'f');
	UNTIL(noted_has("ready"));
	noted_is("ready;", "the next one writes");
	end_calmly("read-write");

	begin_choosing(POSTGRES_STANDBY);
	log_in_asked("pg_is_in_recovery", 'f');
	UNTIL(noted_has("down"));
	noted_is("down(the server is not a standby);", "a primary");
	/* What the first one did not report the second one may. */
	log_in_reporting("on", "off");
	UNTIL(noted_has("ready"));
	noted_is("ready;", "a standby that says so");
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	notes_forget();
	log_in_asked("pg_is_in_recovery", 't');
	UNTIL(noted_has("ready"));
	noted_is("ready;", "and what it said is not said of the next one");
	end_calmly("standby");

	begin_choosing(POSTGRES_PRIMARY);
	take_login();
	pg_say("KZ");
	UNTIL(pg_has(false, 1));
	pg_say("EZ");
	UNTIL(noted_has("down"));
	noted_is("down(42P01 no such table);", "one that cannot say");
	end_calmly("cannot say");
}

static void prefers(void)
{
	begin_choosing(POSTGRES_PREFER_STANDBY);
	log_in_reporting("off", "off");
	UNTIL(noted_has("down"));
	noted_is("down(the server is not a standby);", "a primary is not taken at once");
	log_in_reporting("off", "off");
	UNTIL(noted_has("standby);"));
	noted_is("down(the server is not a standby);", "nor is another one");
	log_in_reporting("off", "off");
	UNTIL(noted_has("ready"));
	noted_is("ready;", "but when all were asked");
	is_int((long)attrs.refusals, 2, "two were refused");
	end_calmly("prefer-standby");
}

static void leaves(void)
{
	begin_choosing(POSTGRES_PRIMARY);
	log_in_reporting("off", "off");
	UNTIL(noted_has("ready"));
	notes_forget();
	for (int is = 0; is < 2; is++) {
		ask('a');
		hear_runs(1);
		uint8_t buf[128];
		struct out o = out_init(buf, sizeof buf);
		out_byte(&o, 'E');
		out_be32(&o, 0);
		put_fields(&o, "ERROR", "25006", "read-only");
		put_be32(buf + 1, (uint32_t)o.n - 1);
		peer_says(&peer, out_span_of(&o));
		pg_say("Z");
		UNTIL(pg_has(false, 1));
		ok(memmem(peer.got, peer.n, "pg_is_in_recovery", 17) != NULL, "asked again");
		peer_forget(&peer);
		pg_say("T");
		uint8_t row[] = {'D', 0, 0, 0, 11, 0, 1, 0, 0, 0, 1, is == 0 ? 'f' : 't'};
		peer_says(&peer, span_of(row, sizeof row));
		pg_say("CZ");
		UNTIL(noted_has("a="));
		run_for(10);
		noted_is(is == 0 ? "a=failed 25006 read-only;"
				 : "a=failed 25006 read-only;down(the server is a standby);",
			 is == 0 ? "still a primary" : "not any more");
	}
	is_int((long)client.link.host, 1, "the next host's turn");
	log_in_reporting("off", "off");
	UNTIL(noted_has("ready"));
	noted_is("ready;", "which is one");
	end_calmly("left");
}

/* It says that it goes down: the other one at once, even if it was good for long. */
static void goes_down(void)
{
	begin_choosing(POSTGRES_ANY);
	let_in();
	UNTIL(noted_has("ready"));
	client.link.ready_at = loop.now - LINK_SETTLED;
	pg_say("F");
	UNTIL(noted_has("down"));
	noted_is("ready;down(57P01 shutting down);", "a server that goes down");
	is_int((long)client.link.host, 1, "is left for the other one");
	let_in();
	UNTIL(noted_has("ready"));
	client.link.ready_at = loop.now - LINK_SETTLED;
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	is_int((long)client.link.host, 1, "one that is lost is not");
	end_calmly("down");
}

static void shuffles(void)
{
	enum { HOSTS = 8 };
	struct link_host hosts[HOSTS];
	unsigned moved = 0;
	for (int i = 0; i < 20; i++) {
		unsigned seen = 0;
		for (uint16_t j = 0; j < HOSTS; j++)
			hosts[j] = (struct link_host){"h", j};
		postgres_hosts_shuffle(hosts, HOSTS);
		for (size_t j = 0; j < HOSTS; j++) {
			seen |= 1u << hosts[j].port;
			moved += hosts[j].port != j;
		}
		check(seen == (1u << HOSTS) - 1, "each of them once");
	}
	ok(moved > 0, "%u of %d moved", moved, 20 * HOSTS);
	postgres_hosts_shuffle(hosts, 0);
}

static void is_setting(const char *name, const char *want)
{
	struct span is = postgres_parameter(&settings, span_str(name));
	if (want == NULL)
		ok(is.p == NULL, "%s is not known", name);
	else
		ok(span_eq(is, span_str(want)), "%s is '%s'", name, want);
}

static void reports(void)
{
	char name[32], long_value[200];
	memset(long_value, 'x', sizeof long_value - 1);
	long_value[sizeof long_value - 1] = '\0';
	begin();
	config.statement_count = 0;
	start();
	postgres_settings_open(&settings, &client);
	take_login();
	say_report("a", "1");
	say_report("b", "");
	say_report("c", "3");
	pg_say("KZ");
	UNTIL(noted_has("ready"));
	notes_forget();
	is_setting("a", "1");
	is_setting("b", "");
	is_setting("c", "3");
	is_setting("", NULL);
	is_setting("1", NULL);
	is_setting("d", NULL);
	say_report("a", "22");
	say_report("c", "");
	ask('z');
	hear_runs(1);
	pg_say("EZ");
	UNTIL(noted_has("z="));
	is_setting("a", "22");
	is_setting("b", "");
	is_setting("c", "");
	notes_forget();
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "n%d", i);
		say_report(name, long_value);
	}
	say_report("a", "4");
	ask('z');
	hear_runs(1);
	pg_say("EZ");
	UNTIL(noted_has("z="));
	ok(settings.over && settings.n <= POSTGRES_SETTINGS_ROOM, "more than there is room for");
	is_setting("n0", long_value);
	is_setting("n99", NULL);
	is_setting("a", "4");
	is_setting("b", "");
	end_calmly("reports");
}

int main(void)
{
	unsigned before = descriptors();
	judges();
	asks_old_ones();
	prefers();
	leaves();
	goes_down();
	shuffles();
	reports();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
