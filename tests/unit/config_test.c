#include "harness/tap.h"
#include "services/common/config.h"
#include "services/common/log.h"
#include "services/common/url.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A256 A64 A64 A64 A64
#define A1024 A256 A256 A256 A256

/* Each take alone: the text, then what config_put shows of the field, or NULL when refused. */
static const struct {
	config_take *take;
	const char *text, *shown;
} takes[] = {
	{config_take_text, "a", "\"a\""},
	{config_take_text, " a/b=c ", "\" a/b=c \""},
	{config_take_text, A64 A64 A64 "a", "\"" A64 A64 A64 "a\""},
	{config_take_text, A256, NULL},

	{config_take_host, "db", "\"db\""},
	{config_take_host, "db.example.com", "\"db.example.com\""},
	{config_take_host, "10.0.0.1", "\"10.0.0.1\""},
	{config_take_host, "::1", "\"::1\""},
	{config_take_host, "[::1]", "\"::1\""},
	{config_take_host, "tcp://172.17.0.3:5000", "\"172.17.0.3\""},
	{config_take_host, "tcp://[::1]:5000", "\"::1\""},
	{config_take_host, "tcp://db", NULL},
	{config_take_host, "tcp://:5000", NULL},
	{config_take_host, "tcp://a b:5000", NULL},
	{config_take_host, "udp://172.17.0.3:5000", NULL},
	{config_take_host, "http://db", NULL},
	{config_take_host, "db:5432", NULL},
	{config_take_host, "a b", NULL},
	{config_take_host, " db", NULL},
	{config_take_host, "db ", NULL},
	{config_take_host, "db\n", NULL},
	{config_take_host, "db\t", NULL},
	{config_take_host, "db\x7f", NULL},
	{config_take_host, "/var/run/postgresql", NULL},
	{config_take_host, "[]", NULL},
	{config_take_host, A256, NULL},

	{config_take_port, "1", "1"},
	{config_take_port, "5000", "5000"},
	{config_take_port, "65535", "65535"},
	{config_take_port, "tcp://172.17.0.3:5000", "5000"},
	{config_take_port, "tcp://[::1]:5000", "5000"},
	{config_take_port, "0", NULL},
	{config_take_port, "65536", NULL},
	{config_take_port, "18446744073709551617", NULL},
	{config_take_port, "-1", NULL},
	{config_take_port, "+1", NULL},
	{config_take_port, "1 ", NULL},
	{config_take_port, "0x50", NULL},
	{config_take_port, "off", NULL},
	{config_take_port, "tcp://172.17.0.3", NULL},
	{config_take_port, "tcp://172.17.0.3:", NULL},
	{config_take_port, "tcp://172.17.0.3:0", NULL},
	{config_take_port, "tcp://172.17.0.3:65536", NULL},
	{config_take_port, "tcp://172.17.0.3:5000/", NULL},
	{config_take_port, "udp://172.17.0.3:5000", NULL},
	{config_take_port_or_off, "0", "0"},
	{config_take_port_or_off, "9090", "9090"},
	{config_take_port_or_off, "tcp://1.2.3.4:9090", "9090"},
	{config_take_port_or_off, "65536", NULL},
	{config_take_port_or_off, "off", NULL},

	/* from 10 to 20000 */
	{config_take_u32, "10", "10"},
	{config_take_u32, "20000", "20000"},
	{config_take_u32, "9", NULL},
	{config_take_u32, "20001", NULL},
	{config_take_u32, "4294967306", NULL},
	{config_take_u32, "x", NULL},
	{config_take_u32, "1e3", NULL},
	{config_take_u32, "-10", NULL},
	{config_take_duration_ms, "10ms", "10ms"},
	{config_take_duration_ms, "500ms", "500ms"},
	{config_take_duration_ms, "500MS", "500ms"},
	{config_take_duration_ms, "10s", "10000ms"},
	{config_take_duration_ms, "10", "10000ms"},
	{config_take_duration_ms, "20", "20000ms"},
	{config_take_duration_ms, "9ms", NULL},
	{config_take_duration_ms, "21s", NULL},
	{config_take_duration_ms, "1m", NULL},
	{config_take_duration_ms, "1h", NULL},
	{config_take_duration_ms, "1.5s", NULL},
	{config_take_duration_ms, "1 s", NULL},
	{config_take_duration_ms, "s", NULL},
	{config_take_duration_ms, "-1s", NULL},
	{config_take_duration_ms, "1ss", NULL},
	{config_take_duration_ms, "18446744073709551616ms", NULL},
	{config_take_duration_ms, "307445734561826m", NULL}, /* times 60000 it is 2^64 + 8384 */

	{config_take_bool, "1", "true"},
	{config_take_bool, "true", "true"},
	{config_take_bool, "TRUE", "true"},
	{config_take_bool, "yes", "true"},
	{config_take_bool, "On", "true"},
	{config_take_bool, "0", "false"},
	{config_take_bool, "false", "false"},
	{config_take_bool, "no", "false"},
	{config_take_bool, "off", "false"},
	{config_take_bool, "2", NULL},
	{config_take_bool, "y", NULL},
	{config_take_bool, "true ", NULL},
	{config_take_bool, "0 1", NULL},

	{config_take_choice, "red", "red"},
	{config_take_choice, "green", "green"},
	{config_take_choice, "Blue", "blue"},
	{config_take_choice, "blu", NULL},
	{config_take_choice, "blues", NULL},
	{config_take_choice, "red green", NULL},
};

static void take_rows(void)
{
	for (size_t i = 0; i < COUNT(takes); i++) {
		union {
			struct config_text text;
			uint32_t u32;
			uint8_t bytes[512];
		} field, before;
		char shown[300], wanted[256];
		struct out o = out_init(shown, sizeof shown),
			   want = out_init(wanted, sizeof wanted);
		struct config_var var = {.take = takes[i].take, .min = 10, .max = 20000};
		if (var.take == config_take_choice)
			var.words = "red green blue";
		if (var.take == config_take_duration_ms)
			var.flags = CONFIG_MS;
		memset(&field, 0xa5, sizeof field);
		before = field;
		bool took = var.take(&var, guarded(0, span_str(takes[i].text)), &field, &want);
		if (takes[i].shown == NULL) {
			ok(!took && want.n > 0 && memcmp(&field, &before, sizeof field) == 0,
			   "refused: %.40s, wanted %.*s", takes[i].text, (int)want.n, wanted);
			continue;
		}
		check(took && want.n == 0, "taken: %.40s", takes[i].text);
		check(config_put(&var, &field, &o), "shown: %.40s", takes[i].text);
		is_span(out_span_of(&o), span_str(takes[i].shown), "taken: %.40s", takes[i].text);
	}
}

static void limits(void)
{
	struct config_var var = {.take = config_take_u32};
	struct config_secret secret;
	struct out want = out_init(NULL, 0);
	uint32_t v;
	ok(var.take(&var, SPAN("4294967295"), &v, &want) && v == UINT32_MAX, "max 0 is no bound");
	ok(var.take(&var, SPAN("0"), &v, &want) && v == 0, "min 0 is none either");
	ok(!var.take(&var, SPAN("4294967296"), &v, &want), "but uint32_t has one");
	ok(config_take_duration_ms(&var, SPAN("71582m"), &v, &want) && v == 4294920000u, "71582m");
	ok(!config_take_duration_ms(&var, SPAN("71583m"), &v, &want), "71583m");
	ok(config_take_secret(&var, SPAN(A1024), &secret, &want), "a secret of 1024 bytes");
	ok(strcmp(secret.s, A1024) == 0, "is taken whole");
	ok(!config_take_secret(&var, SPAN(A1024 "a"), &secret, &want), "but none of 1025");
	ok(!config_take_text(&var, SPAN("a\0b"), &secret, &want), "no NUL in a text");
	ok(!config_take_secret(&var, SPAN("a\0b"), &secret, &want), "no NUL in a secret");
}

struct settings {
	struct config_text host;
	struct config_secret password;
	struct config_text name;
	struct url store;
	uint32_t max_index, timeout_ms;
	uint16_t port, admin_port;
	bool cors;
	enum log_format format;
	enum { RED, GREEN, BLUE } color;
};

#define AT(member) offsetof(struct settings, member)

static const struct config_var vars[] = {
	{.name = "DB_HOST",
	 .at = AT(host),
	 .take = config_take_host,
	 .help = "host of the database",
	 .aliases = "RDS_HOSTNAME OLD_HOST",
	 .url = "DATABASE_URL"},
	{.name = "DB_PASSWORD",
	 .fallback = "",
	 .at = AT(password),
	 .take = config_take_secret,
	 .flags = CONFIG_SECRET,
	 .help = "its password",
	 .aliases = "RDS_PASSWORD",
	 .url = "DATABASE_URL"},
	{.name = "DATABASE_URL",
	 .fallback = "",
	 .at = AT(store),
	 .take = config_take_postgres_url,
	 .flags = CONFIG_SECRET,
	 .help = "all of it"},
	{.name = "NAME",
	 .fallback = "",
	 .at = AT(name),
	 .take = config_take_text,
	 .help = "a name"},
	{.name = "PORT",
	 .fallback = "5000",
	 .at = AT(port),
	 .take = config_take_port,
	 .help = "where to listen"},
	{.name = "ADMIN_PORT",
	 .fallback = "9090",
	 .at = AT(admin_port),
	 .take = config_take_port_or_off,
	 .help = "metrics; 0 is off"},
	{.name = "MAX_INDEX",
	 .fallback = "10000",
	 .at = AT(max_index),
	 .take = config_take_u32,
	 .max = 1000000,
	 .help = "largest index"},
	{.name = "TIMEOUT",
	 .fallback = "10s",
	 .at = AT(timeout_ms),
	 .take = config_take_duration_ms,
	 .flags = CONFIG_MS,
	 .min = 1,
	 .help = "how long"},
	{.name = "CORS",
	 .fallback = "on",
	 .at = AT(cors),
	 .take = config_take_bool,
	 .help = "any origin"},
	{.name = "LOG_FORMAT",
	 .fallback = "json",
	 .at = AT(format),
	 .take = config_take_choice,
	 .words = LOG_FORMAT_WORDS,
	 .help = "logfmt or json"},
	{.name = "COLOR",
	 .fallback = "green",
	 .at = AT(color),
	 .take = config_take_choice,
	 .words = "red green blue",
	 .help = "of the lamp"},
};

static struct settings settings;
static char text_buf[8192];

/* Loads [env], a list of assignments with one ';' between, and returns the mistakes' lines. */
static struct span load(const char *env, int *mistakes)
{
	static char copy[4096];
	static char *list[64];
	struct out o = out_init(text_buf, sizeof text_buf);
	size_t n = 0;
	snprintf(copy, sizeof copy, "%s", env);
	for (char *at = copy; at != NULL && *at != 0;) {
		char *end = strchr(at, ';');
		list[n++] = at;
		if (end != NULL)
			*end++ = 0;
		at = end;
	}
	list[n] = NULL;
	memset(&settings, 0, sizeof settings);
	*mistakes = config_load(vars, COUNT(vars), &settings, list, &o);
	if (*mistakes == 0)
		config_print(vars, COUNT(vars), &settings, list, &o);
	return out_span_of(&o);
}

#define DEFAULTS_FROM_PORT                \
	"PORT          5000  (default)\n" \
	"ADMIN_PORT    9090  (default)\n" DEFAULTS_FROM_MAX
#define DEFAULTS_FROM_MAX                    \
	"MAX_INDEX     10000  (default)\n"   \
	"TIMEOUT       10000ms  (default)\n" \
	"CORS          true  (default)\n"    \
	"LOG_FORMAT    json  (default)\n"    \
	"COLOR         green  (default)\n"
#define NO_HOST "DB_HOST is not set: it is required (host of the database)\n"

/* The environment; the number of mistakes; their lines, or with none what config_print says. */
static const struct {
	const char *env;
	int mistakes;
	const char *text;
} loads[] = {
	{"DB_HOST=db", 0,
	 "DB_HOST       \"db\"  (from DB_HOST)\n"
	 "DB_PASSWORD   (not set)  (not set)\n"
	 "DATABASE_URL  (not set)  (not set)\n"
	 "NAME          \"\"  (not set)\n" DEFAULTS_FROM_PORT},
	{"OLD_HOST=old;RDS_HOSTNAME=rds;DB_PASSWORD=pw;NAME=a "
	 "\"b\";PORT=tcp://1.2.3.4:80;ADMIN_PORT=0",
	 0,
	 "DB_HOST       \"rds\"  (from RDS_HOSTNAME)\n"
	 "DB_PASSWORD   (set)  (from DB_PASSWORD)\n"
	 "DATABASE_URL  (not set)  (not set)\n"
	 "NAME          \"a \\\"b\\\"\"  (from NAME)\n"
	 "PORT          80  (from PORT)\n"
	 "ADMIN_PORT    0  (from ADMIN_PORT)\n" DEFAULTS_FROM_MAX},
	{"OLD_HOST=old;RDS_HOSTNAME=;DB_HOST=;RDS_PASSWORD=pw;PORT=;MAX_INDEX=0;TIMEOUT=2m;CORS=no;"
	 "LOG_FORMAT=LOGFMT;COLOR=blue",
	 0,
	 "DB_HOST       \"old\"  (from OLD_HOST)\n"
	 "DB_PASSWORD   (set)  (from RDS_PASSWORD)\n"
	 "DATABASE_URL  (not set)  (not set)\n"
	 "NAME          \"\"  (not set)\n"
	 "PORT          5000  (default)\n"
	 "ADMIN_PORT    9090  (default)\n"
	 "MAX_INDEX     0  (from MAX_INDEX)\n"
	 "TIMEOUT       120000ms  (from TIMEOUT)\n"
	 "CORS          false  (from CORS)\n"
	 "LOG_FORMAT    logfmt  (from LOG_FORMAT)\n"
	 "COLOR         blue  (from COLOR)\n"},
	{"DATABASE_URL=postgres://u:p@h/d", 0,
	 "DB_HOST       \"\"  (not set, then DATABASE_URL)\n"
	 "DB_PASSWORD   (not set)  (not set, then DATABASE_URL)\n"
	 "DATABASE_URL  (set)  (from DATABASE_URL)\n"
	 "NAME          \"\"  (not set)\n" DEFAULTS_FROM_PORT},
	/* the first of two assignments, as getenv has it; no name that only begins alike */
	{"DB_HOSTS=x;DB_HOST=a;DB_HOST=b;XDB_HOST=c;PORT_=1;DB_HOST_FILE=/nowhere;PORT", 0,
	 "DB_HOST       \"a\"  (from DB_HOST)\n"
	 "DB_PASSWORD   (not set)  (not set)\n"
	 "DATABASE_URL  (not set)  (not set)\n"
	 "NAME          \"\"  (not set)\n" DEFAULTS_FROM_PORT},

	{"", 1, NO_HOST},
	{"DB_HOST=;DATABASE_URL=", 1, NO_HOST},
	{"DB_HOST=a b", 1, "DB_HOST=\"a b\": expected a host name or an address\n"},
	{"RDS_HOSTNAME=a b", 1, "RDS_HOSTNAME=\"a b\": expected a host name or an address\n"},
	{"DB_HOST=h;PORT=x\ny", 1, "PORT=\"x\\ny\": expected a port from 1 to 65535\n"},
	{"DB_HOST=h;PORT=" A64 A64, 1,
	 "PORT=\"" A64 "aaaaaaaaaaaaaaaa\"...: expected a port from 1 to 65535\n"},
	{"DB_HOST=h;DATABASE_URL=postgres://u:sesame@a@h/d", 1,
	 "DATABASE_URL (value not shown): expected postgres://user:password@host:port/dbname: '@' "
	 "inside user or password must be written %40\n"},
	{"DB_HOST=h;DATABASE_URL=redis://h", 1,
	 "DATABASE_URL (value not shown): expected postgres://user:password@host:port/dbname: "
	 "another scheme\n"},
	{"DB_HOST=h;DB_PASSWORD=" A1024 "a", 1,
	 "DB_PASSWORD (value not shown): expected a text of at most 1024 bytes\n"},
	{"DB_HOST=h;RDS_PASSWORD=" A1024 "a", 1,
	 "RDS_PASSWORD (value not shown): expected a text of at most 1024 bytes\n"},
	{"DB_HOST=h;DB_PASSWORD_FILE=/nowhere/at/all", 1,
	 "DB_PASSWORD_FILE=\"/nowhere/at/all\": no such file\n"},
	{"DB_HOST=h;DB_PASSWORD_FILE=/", 1, "DB_PASSWORD_FILE=\"/\": it is a directory\n"},
	{"DB_HOST=h;DB_PASSWORD_FILE=/dev/null", 1,
	 "DB_PASSWORD_FILE=\"/dev/null\": it is empty\n"},
	{"DB_HOST=h;DB_PASSWORD_FILE=/dev/null/x", 1,
	 "DB_PASSWORD_FILE=\"/dev/null/x\": part of the path is no directory\n"},
	{"DB_HOST=h;DB_PASSWORD_FILE=/dev/zero", 1,
	 "DB_PASSWORD_FILE=\"/dev/zero\": it holds more than 1024 bytes\n"},
	{"DB_HOST=h;DB_PASSWORD=pw;DB_PASSWORD_FILE=/dev/null", 1,
	 "DB_PASSWORD_FILE=\"/dev/null\": set together with the variable itself, only one is "
	 "allowed\n"},
	/* all at once, in the order of the table */
	{"COLOR=pink;LOG_FORMAT=xml;CORS=maybe;TIMEOUT=0;MAX_INDEX=1000001;ADMIN_PORT=-1;PORT=0;"
	 "NAME=" A256 ";DB_PASSWORD_FILE=/nowhere",
	 10,
	 NO_HOST
	 "DB_PASSWORD_FILE=\"/nowhere\": no such file\n"
	 "NAME=\"" A64 "aaaaaaaaaaaaaaaa\"...: expected a text of at most 255 bytes\n"
	 "PORT=\"0\": expected a port from 1 to 65535\n"
	 "ADMIN_PORT=\"-1\": expected a port from 1 to 65535, or 0 for off\n"
	 "MAX_INDEX=\"1000001\": expected a number from 0 to 1000000\n"
	 "TIMEOUT=\"0\": expected a duration such as 500ms, 10s or 2m, from 1 to 4294967295 "
	 "ms\n"
	 "CORS=\"maybe\": expected true or false, yes or no, on or off, 1 or 0\n"
	 "LOG_FORMAT=\"xml\": expected one of: logfmt json\n"
	 "COLOR=\"pink\": expected one of: red green blue\n"},
};

static void load_rows(void)
{
	for (size_t i = 0; i < COUNT(loads); i++) {
		int mistakes;
		struct span text = load(loads[i].env, &mistakes);
		check(mistakes == loads[i].mistakes, "row %zu: %d mistakes", i, mistakes);
		is_span(text, span_str(loads[i].text), "row %zu: %.60s", i, loads[i].env);
	}
}

static void fields(void)
{
	int mistakes;
	load("DB_HOST=h;DB_PASSWORD=pw;DATABASE_URL=postgresql://u:p%40@db:6432/d?sslmode=require;"
	     "PORT=80;COLOR=BLUE;LOG_FORMAT=json;CORS=0;TIMEOUT=250ms",
	     &mistakes);
	is_int(mistakes, 0, "no mistake");
	is_str(settings.host.s, "h", "a text");
	is_str(settings.password.s, "pw", "a secret");
	is_str(settings.store.password.s, "p@", "the password in a URL");
	ok(settings.store.port == 6432 && strcmp(settings.store.db.s, "d") == 0, "the rest of it");
	ok(settings.port == 80 && settings.admin_port == 9090, "ports");
	ok(settings.color == BLUE && settings.format == LOG_JSON && !settings.cors, "words");
	ok(settings.timeout_ms == 250 && settings.max_index == 10000, "numbers");
}

/* The URL's password, applied by the service, is what counts for (set). */
static void applied_url(void)
{
	char url[] = "DATABASE_URL=postgres://u:p@h/d";
	char *env[] = {url, NULL};
	char buf[2048];
	struct out errors = out_init(NULL, 0), o = out_init(buf, sizeof buf);
	memset(&settings, 0, sizeof settings);
	is_int(config_load(vars, COUNT(vars), &settings, env, &errors), 0, "a URL is enough");
	settings.host = settings.store.host;
	settings.password = settings.store.password;
	config_print(vars, 2, &settings, env, &o);
	is_span(out_span_of(&o),
		SPAN("DB_HOST      \"h\"  (not set, then DATABASE_URL)\n"
		     "DB_PASSWORD  (set)  (not set, then DATABASE_URL)\n"),
		"what the URL gave is shown");
}

#define S(text)                                              \
	{                                                    \
		(const uint8_t *)("" text), sizeof(text) - 1 \
	}

static const struct {
	struct span content;
	const char *value; /* NULL: refused */
	const char *why;
} files[] = {
	{S("sesame"), "sesame", NULL},
	{S("sesame\n"), "sesame", NULL},
	{S("sesame\r\n"), "sesame", NULL},
	{S("sesame\n\n"), "sesame\n", NULL},
	{S(" a b \n"), " a b ", NULL},
	{S("\na"), "\na", NULL},
	{S(A1024), A1024, NULL},
	{S(A1024 "\n"), A1024, NULL},
	{S(A1024 "\r\n"), A1024, NULL},
	{S(""), NULL, "it is empty"},
	{S("\n"), NULL, "it is empty"},
	{S("\r\n"), NULL, "it is empty"},
	{S("a\0b"), NULL, "it holds a NUL byte"},
	{S(A1024 "a"), NULL, "it holds more than 1024 bytes"},
	{S(A1024 "a\n"), NULL, "it holds more than 1024 bytes"},
	{S(A1024 "\n\n"), NULL, "it holds more than 1024 bytes"},
	{S(A1024 "\r\n\n"), NULL, "it holds more than 1024 bytes"},
	{S(A1024 A1024 A1024 A1024 A1024), NULL, "it holds more than 1024 bytes"},
};

static void file_rows(void)
{
	for (size_t i = 0; i < COUNT(files); i++) {
		char env[128], want[160];
		int mistakes, fd = memfd_create("secret", MFD_CLOEXEC);
		if (fd < 0 || write(fd, files[i].content.p, files[i].content.n) < 0)
			bail("no file in memory");
		snprintf(env, sizeof env, "DB_HOST=h;DB_PASSWORD_FILE=/proc/self/fd/%d", fd);
		struct span text = load(env, &mistakes);
		close(fd);
		if (files[i].value != NULL) {
			check(mistakes == 0, "file %zu", i);
			is_str(settings.password.s, files[i].value, "file %zu", i);
			continue;
		}
		snprintf(want, sizeof want, "DB_PASSWORD_FILE=\"/proc/self/fd/%d\": %s\n", fd,
			 files[i].why);
		check(mistakes == 1 && settings.password.s[0] == 0, "file %zu", i);
		is_span(text, span_str(want), "file %zu is refused", i);
	}
}

/* Every capacity: the count is right, and nothing is written beyond it. */
static void capacities(void)
{
	char port[] = "PORT=x", color[] = "COLOR=pink";
	char *env[] = {port, color, NULL};
	char buf[512], whole[512];
	struct out all = out_init(whole, sizeof whole);
	memset(&settings, 0, sizeof settings);
	is_int(config_load(vars, COUNT(vars), &settings, env, &all), 3, "three mistakes");
	for (size_t cap = 0; cap < all.n; cap++) {
		struct out o = out_init(buf, cap);
		int mistakes = config_load(vars, COUNT(vars), &settings, env, &o);
		check(mistakes == 3 && o.over, "capacity %zu", cap);
		check(memcmp(buf, whole, o.n) == 0, "capacity %zu, text", cap);
	}
	ok(failures() == 0, "at every capacity");
}

static void help(void)
{
	struct out o = out_init(text_buf, sizeof text_buf);
	config_help(vars, 6, &o);
	is_span(out_span_of(&o),
		SPAN("  DB_HOST       required  host of the database; also RDS_HOSTNAME OLD_HOST; "
		     "DATABASE_URL goes before it\n"
		     "  DB_PASSWORD   -         its password; or the path of a file in "
		     "DB_PASSWORD_FILE; also RDS_PASSWORD; DATABASE_URL goes before it\n"
		     "  DATABASE_URL  -         all of it; or the path of a file in "
		     "DATABASE_URL_FILE\n"
		     "  NAME          -         a name\n"
		     "  PORT          5000      where to listen\n"
		     "  ADMIN_PORT    9090      metrics; 0 is off\n"),
		"--help");
}

int main(void)
{
	take_rows();
	limits();
	load_rows();
	fields();
	applied_url();
	file_rows();
	capacities();
	help();
	return done();
}
