/*
 * The libraries as an embedder gets them: installed into a folder of their own by the host's
 * compiler and by musl-gcc, looked at from outside, and every program of examples/ built against
 * them with each compiler that is here, and run against real servers. The codecs also without any
 * libc.
 */
#include "harness/httpc.h"
#include "harness/proc.h"
#include "harness/stores.h"
#include "harness/tap.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LONG 600000 /* ms: for what a busy machine may take its time for */

static const char *const compilers[] = {"gcc", "clang", "musl-gcc"};
#define COMPILERS (sizeof compilers / sizeof *compilers)

static const struct {
	const char *name, *library;
} examples[] = {
	{"http_hello", "barnacle"},    {"http_poll", "http"},
	{"resp_blocking", "resp"},     {"resp_poll", "resp"},
	{"pgwire_blocking", "pgwire"}, {"redis_blocking", "barnacle"},
	{"pgwire_poll", "pgwire"},     {"postgres_blocking", "barnacle"},
};
#define EXAMPLES (sizeof examples / sizeof *examples)

/* Strict as the project itself, but for names that it sets for its own. */
#define WARNINGS                                                                    \
	"-std=gnu11 -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wvla " \
	"-Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wundef -Werror"

static char root[4096];
static bool present[COMPILERS];

/* Runs a command of the shell, $ROOT and $TMPDIR set: its output, from malloc. */
static char *shell(int *status, const char *command, ...) __attribute__((format(printf, 2, 3)));

static char *shell(int *status, const char *command, ...)
{
	char text[4096], root_is[4200], tmp_is[4200];
	va_list args;
	va_start(args, command);
	vsnprintf(text, sizeof text, command, args);
	va_end(args);
	snprintf(root_is, sizeof root_is, "ROOT=%s", root);
	snprintf(tmp_is, sizeof tmp_is, "TMPDIR=%s", temp_dir());
	const char *argv[] = {"sh", "-c", text, NULL}, *env[] = {root_is, tmp_is, NULL};
	return proc_run(&(struct proc_spec){.argv = argv, .env = env}, LONG, status);
}

/* Ends well; else what it said is told. */
static bool goes(char *said, int status, const char *name)
{
	bool held = is_int(status, 0, "%s", name);
	for (char *line = held ? NULL : strtok(said, "\n"); line != NULL; line = strtok(NULL, "\n"))
		diag("%s", line);
	free(said);
	return held;
}

/* Where the tree of a compiler is: musl's has its own, the others share the host's. */
static const char *tree_of(const char *compiler)
{
	return strcmp(compiler, "musl-gcc") == 0 ? "musl" : "host";
}

static void install(const char *compiler, const char *tree, const char *level)
{
	int status;
	char name[64];
	char *said = shell(&status,
			   "make -j2 -C \"$ROOT\" install CC=%s PREFIX=/usr LIB_B=\"$TMPDIR/%s.o\" "
			   "DESTDIR=\"$TMPDIR/%s\" LIB_CFLAGS=%s",
			   compiler, tree, tree, level);
	snprintf(name, sizeof name, "make install CC=%s", compiler);
	if (!goes(said, status, name))
		bail("nothing is installed");
}

static void build(const char *compiler)
{
	int status;
	char name[96];
	const char *tree = tree_of(compiler);
	char *said = shell(&status, "\"$ROOT/scripts/install-check.sh\" \"$TMPDIR/%s/usr\" %s",
			   tree, compiler);
	snprintf(name, sizeof name, "what %s sees of it", compiler);
	goes(said, status, name);
	for (size_t i = 0; i < EXAMPLES; i++) {
		said = shell(&status,
			     "export PKG_CONFIG_LIBDIR=\"$TMPDIR/%s/usr/lib/pkgconfig\" "
			     "PKG_CONFIG_SYSROOT_DIR=\"$TMPDIR/%s\"; flags=$(pkg-config --cflags "
			     "--libs %s) && %s %s \"$ROOT/examples/%s.c\" -o %s.%s $flags",
			     tree, tree, examples[i].library, compiler, WARNINGS, examples[i].name,
			     examples[i].name, compiler);
		snprintf(name, sizeof name, "%s by %s, without a warning", examples[i].name,
			 compiler);
		goes(said, status, name);
	}
}

/* Up to five words behind the program. */
static void says(const char *program, const char *compiler, const char *const *words,
		 const char *const *env, int want_status, const char *want)
{
	int status;
	char path[64];
	const char *argv[8] = {path};
	snprintf(path, sizeof path, "./%s.%s", program, compiler);
	for (int i = 0; words[i] != NULL && i < 5; i++)
		argv[i + 1] = words[i];
	char *said = proc_run(&(struct proc_spec){.argv = argv, .env = env}, LONG, &status);
	is_int(status, want_status, "%s by %s: its status", program, compiler);
	is_str(said, want, "%s by %s: its words", program, compiler);
	free(said);
}

/* Each byte as %XX, which a URI takes anywhere. */
static void put_encoded(char *to, size_t cap, const char *text)
{
	for (; *text != '\0' && cap > 3; text++, to += 3, cap -= 3)
		snprintf(to, cap, "%%%02X", (unsigned char)*text);
}

static void redis_programs(const char *compiler, struct store *redis)
{
	static const char *const wrong[] = {"REDIS_PASSWORD=wrong", NULL};
	const char *words[] = {store_host(redis), store_port_text(redis), NULL};
	says("resp_blocking", compiler, words, store_env(redis), 0,
	     "PING +PONG\nSET +OK\nGET $42\nHGETALL %2\nHGETALL   $5\nHGETALL   $8");
	says("resp_poll", compiler, words, store_env(redis), 0,
	     "PING: PONG\nSET: OK\nGET: 42\nHGETALL: 2 items\n5=8");
	says("resp_blocking", compiler, words, wrong, 1,
	     "WRONGPASS invalid username-password pair or user is disabled.");
	char uri[512], password[256];
	const char *where[] = {uri, NULL};
	put_encoded(password, sizeof password, store_password(redis));
	snprintf(uri, sizeof uri, "redis://:%s@%s:%s/0", password, store_host(redis),
		 store_port_text(redis));
	says("redis_blocking", compiler, where, NULL, 0,
	     "SET +OK\nGET $42\nHGETALL %2\nHGETALL   $5\nHGETALL   $8");
	snprintf(uri, sizeof uri, "redis://:wrong@%s:%s", store_host(redis),
		 store_port_text(redis));
	says("redis_blocking", compiler, where, NULL, 1,
	     "no connection: login refused: WRONGPASS invalid username-password pair or user is "
	     "disabled.");
}

static void postgres_programs(const char *compiler, struct store *pg)
{
	static const char *const wrong[] = {"PGPASSWORD=wrong", NULL};
	const char *words[] = {
		store_host(pg), store_port_text(pg), store_user(pg), store_database(pg), "3", NULL};
	says("pgwire_blocking", compiler, words, store_env(pg), 0, "n\tsquare\n1\t1\n2\t4\n3\t9");
	says("pgwire_blocking", compiler, words, wrong, 1,
	     "password authentication failed for user \"app\"");
	words[4] = "x";
	says("pgwire_blocking", compiler, words, store_env(pg), 1,
	     "invalid input syntax for type integer: \"x\"");

	char conninfo[512];
	const char *poll_words[] = {conninfo, NULL};
	snprintf(conninfo, sizeof conninfo, "postgres://%s@%s:%s/%s", store_user(pg),
		 store_host(pg), store_port_text(pg), store_database(pg));
	says("pgwire_poll", compiler, poll_words, store_env(pg), 0,
	     "squares: 1\nsquares: 4\nsquares: 9\nbroken: division by zero");
	says("pgwire_poll", compiler, poll_words, wrong, 1,
	     "password authentication failed for user \"app\"");
	const char *client_words[] = {conninfo, "3", NULL};
	says("postgres_blocking", compiler, client_words, store_env(pg), 0, "1\t1\n2\t4\n3\t9");
	says("postgres_blocking", compiler, client_words, wrong, 1,
	     "28P01 password authentication failed for user \"app\"");
	snprintf(conninfo, sizeof conninfo, "hots=%s", store_host(pg));
	says("pgwire_poll", compiler, poll_words, wrong, 1, "an unknown connection option");
}

static struct proc *serve(const char *program, const char *compiler, int port)
{
	char path[64], port_text[16];
	snprintf(path, sizeof path, "./%s.%s", program, compiler);
	snprintf(port_text, sizeof port_text, "%d", port);
	const char *argv[] = {path, port_text, NULL};
	struct proc *p = proc_start(&(struct proc_spec){.argv = argv});
	if (!wait_port(port, 60000))
		bail("%s does not listen: %s", program, proc_log(p));
	return p;
}

/* The next answer on [c]. */
static void answers(struct httpc *c, int status, struct span body, const char *name)
{
	struct httpc_answer a;
	int rc = httpc_read(c, &a, 60000);
	is_int(rc == HTTPC_OK ? a.status : rc, status, "%s: the status", name);
	is_span(a.body, body, "%s: the body", name);
	httpc_free(&a);
}

#define HOST " HTTP/1.1\r\nHost: t\r\n"

static void hello(const char *compiler)
{
	int port = free_port();
	struct proc *p = serve("http_hello", compiler, port);
	struct httpc c, impatient;
	if (!httpc_dial(&c, "127.0.0.1", (uint16_t)port, 60000) ||
	    !httpc_dial(&impatient, "127.0.0.1", (uint16_t)port, 60000))
		bail("no connection");
	httpc_send(&impatient, SPAN("GET /later" HOST "\r\n"), 60000);
	httpc_close(&impatient);
	httpc_send(&c, SPAN("GET /" HOST "\r\nGET /later" HOST "\r\nGET /none" HOST "\r\n"), 60000);
	answers(&c, 200, SPAN("hello\n"), "at once");
	answers(&c, 200, SPAN("later\n"), "later");
	answers(&c, 404, SPAN("there is nothing here\n"), "what is not there");
	httpc_send(&c, SPAN("GET /" HOST "\r\nGET /later" HOST "\r\n"), 60000);
	answers(&c, 200, SPAN("hello\n"), "the first of two");
	proc_signal(p, SIGTERM);
	answers(&c, 200, SPAN("later\n"), "in flight at SIGTERM");
	is_int(proc_wait(p, 60000), 0, "http_hello by %s ends when that has left", compiler);
	httpc_close(&c);
	proc_free(p);
}

static void codec_alone(const char *compiler)
{
	int port = free_port();
	struct proc *p = serve("http_poll", compiler, port);
	struct httpc c;
	struct httpc_answer a;
	if (!httpc_dial(&c, "127.0.0.1", (uint16_t)port, 60000))
		bail("no connection");
	httpc_send(&c, SPAN("POST /" HOST "Content-Length: 11\r\n\r\nhello "), 60000);
	httpc_send(&c, SPAN("world"), 60000);
	answers(&c, 200, SPAN("11 bytes\n"), "a body in two parts");
	httpc_send(&c,
		   SPAN("POST /" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n2\r\n, \r\n"
			"0\r\n\r\nGET /" HOST "\r\n"),
		   60000);
	answers(&c, 200, SPAN("7 bytes\n"), "chunks");
	answers(&c, 200, SPAN("0 bytes\n"), "and a request behind them");
	httpc_send(&c, SPAN("HEAD /" HOST "\r\n"), 60000);
	is_int(httpc_read_head(&c, &a, 60000), HTTPC_OK, "HEAD");
	httpc_free(&a);
	for (int i = 0; i < 400; i++) /* more than the buffers hold, either way */
		httpc_send(&c, SPAN("GET /" HOST "Filler: xxxxxxxxxxxxxxxxxxxx\r\n\r\n"), 60000);
	int right = 0;
	for (int i = 0; i < 400; i++) {
		if (httpc_read(&c, &a, 60000) == HTTPC_OK && a.status == 200)
			right++;
		httpc_free(&a);
	}
	is_int(right, 400, "400 requests at once");
	httpc_send(&c, SPAN("GET / HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n"), 60000);
	is_int(httpc_read(&c, &a, 60000) == HTTPC_OK ? a.status : 0, 400, "two Hosts");
	httpc_free(&a);
	is_int(httpc_read(&c, &a, 60000), HTTPC_CLOSED, "and the connection is closed");
	httpc_close(&c);
	ok(proc_running(p), "http_poll by %s goes on", compiler);
	proc_kill(p);
	proc_free(p);
}

/* One line, and so one test point, for each target. */
static void freestanding(void)
{
	int status;
	char *said = shell(&status, "\"$ROOT/scripts/freestanding.sh\" -O0");
	for (char *line = strtok(said, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		char *skip = strstr(line, "# SKIP");
		if (skip != NULL)
			ok(true, "freestanding %s", skip);
		else
			diag("%s", line);
	}
	is_int(status, 0, "the codecs without libc");
	free(said);
}

static void uninstall(void)
{
	int status;
	char *said = shell(&status, "make -C \"$ROOT\" uninstall PREFIX=/usr "
				    "LIB_B=\"$TMPDIR/host.o\" DESTDIR=\"$TMPDIR/host\" && "
				    "! find host -type f -o -name barnacle | grep .");
	goes(said, status, "make uninstall leaves nothing");
}

int main(void)
{
	snprintf(root, sizeof root, "%s", proc_bin("../.."));
	for (size_t i = 0; i < COMPILERS; i++) {
		int status;
		free(shell(&status, "command -v %s", compilers[i]));
		present[i] = status == 0;
		if (!present[i])
			ok(true, "%s # SKIP it is not here", compilers[i]);
	}
	install("gcc", "host", "-O2");
	if (present[2])
		install("musl-gcc", "musl", "-O0"); /* saves a second or two */
	struct store *redis = store_redis(NULL), *pg = store_postgres(NULL);
	free(store_redis_cli(redis, "HSET", "values", "5", "8", NULL));
	for (size_t i = 0; i < COMPILERS; i++) {
		if (!present[i])
			continue;
		build(compilers[i]);
		redis_programs(compilers[i], redis);
		postgres_programs(compilers[i], pg);
		hello(compilers[i]);
		codec_alone(compilers[i]);
	}
	freestanding();
	uninstall();
	return done();
}
