#include "harness/stores.h"

#include "harness/proc_temp.h"
#include "harness/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ARGS = 64,
	START_MS = 60000, /* a loaded machine; it is a fraction of a second otherwise */
	STOP_MS = 60000,
	CLIENT_MS = 60000,
};

/* '#' would start a comment in a file of Redis, '@:/?%' and '&' cut a URL, the quotes SQL. */
static const char redis_password[] = "r3d!s@:/?%41#&=[]+$x";
static const char pg_password[] = "p@ss w:/?%41'\"\\#&=+$x";

struct store {
	struct store *next;
	struct proc *proc;
	uid_t uid; /* who it runs as; 0: as we are */
	gid_t gid;
	int stop_signal;
	char *dir, *port;
	const char *user, *password, *database;
	const char *argv[ARGS];
	const char *env[8];
};

static struct store *stores; /* never freed, but never lost: LeakSanitizer looks */

static void add_args(struct store *s, const char *const *args)
{
	size_t n = 0;
	while (s->argv[n] != NULL)
		n++;
	for (size_t i = 0; args != NULL && args[i] != NULL; i++) {
		if (n + 1 >= ARGS)
			bail("too many arguments for a store");
		s->argv[n++] = args[i];
	}
}

static const char *env_of(const char *name, const char *value)
{
	char *text = NULL;
	if (asprintf(&text, "%s=%s", name, value) < 0)
		bail("out of memory");
	return text;
}

static struct store *new_store(const char *name)
{
	struct store *s = need(calloc(1, sizeof *s));
	int port = free_port();
	s->dir = temp_path("%s-%d", name, port);
	if (asprintf(&s->port, "%d", port) < 0)
		bail("out of memory");
	if (mkdir(s->dir, 0700) != 0)
		bail("mkdir %s: %s", s->dir, strerror(errno));
	s->next = stores;
	stores = s;
	return s;
}

void store_start(struct store *s)
{
	if (s->proc != NULL)
		proc_free(s->proc);
	s->proc = proc_start(&(struct proc_spec){
		.argv = s->argv,
		.env = (const char *const[]){"LC_ALL=C", NULL},
		.cwd = s->dir,
		.uid = s->uid,
		.gid = s->gid,
		.stop_signal = s->stop_signal,
	});
	/* Both say it, with a small or a capital R, after they have begun to listen. */
	if (!proc_wait_log(s->proc, "eady to accept connections", START_MS))
		bail("%s does not start:\n%s", s->argv[0], proc_log(s->proc));
}

struct store *store_redis(const char *const *args)
{
	struct store *s = new_store("redis");
	s->user = "default";
	s->password = redis_password;
	s->database = "0";
	s->stop_signal = SIGTERM;
	const char *own[] = {"redis-server", "--port",        s->port,     "--bind",
			     "127.0.0.1",    "--requirepass", s->password, "--dir",
			     s->dir,         "--appendonly",  "yes",       "--appendfsync",
			     "no",           "--save",        "",          "--daemonize",
			     "no",           "--loglevel",    "notice",    NULL};
	add_args(s, own);
	add_args(s, args);
	s->env[0] = env_of("REDIS_HOST", store_host(s));
	s->env[1] = env_of("REDIS_PORT", s->port);
	s->env[2] = env_of("REDIS_PASSWORD", s->password);
	store_start(s);
	return s;
}

/* PostgreSQL refuses to be root: then it is "postgres" or "nobody". */
static void choose_user(struct store *s)
{
	if (geteuid() != 0)
		return;
	const struct passwd *pw = getpwnam("postgres");
	if (pw == NULL)
		pw = getpwnam("nobody");
	if (pw == NULL)
		bail("neither a user postgres nor nobody");
	s->uid = pw->pw_uid;
	s->gid = pw->pw_gid;
	if (chown(s->dir, s->uid, s->gid) != 0)
		bail("chown %s: %s", s->dir, strerror(errno));
}

/* Where the newest server lies, with a '/' at the end; empty when only PATH knows. */
static const char *pg_folder(void)
{
	static char best[4096];
	static const char *const places[] = {
		"/usr/lib/postgresql/[0-9]*/bin/initdb", /* Debian */
		"/usr/libexec/postgresql*/initdb",       /* Alpine */
		"/usr/pgsql-*/bin/initdb",               /* the project's own packages for Fedora */
	};
	long best_version = -1;
	for (size_t i = 0; best[0] == '\0' && i < sizeof places / sizeof *places; i++) {
		glob_t found;
		if (glob(places[i], 0, NULL, &found) != 0)
			continue;
		for (size_t k = 0; k < found.gl_pathc; k++) {
			const char *path = found.gl_pathv[k];
			const char *digits = strpbrk(path, "0123456789");
			long version = digits != NULL ? strtol(digits, NULL, 10) : 0;
			if (version <= best_version)
				continue;
			best_version = version;
			snprintf(best, sizeof best, "%.*s", (int)(strrchr(path, '/') + 1 - path),
				 path);
		}
		globfree(&found);
	}
	return best;
}

static char *pg_program(const char *name)
{
	char *path = NULL;
	if (asprintf(&path, "%s%s", pg_folder(), name) < 0)
		bail("out of memory");
	return path;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0)
		bail("%s: %s", path, strerror(errno));
}

static void init_cluster(struct store *s, const char *data)
{
	char *secret = temp_path("pg-password-%s", s->port), *pwfile = NULL;
	char *initdb = pg_program("initdb");
	write_file(secret, s->password);
	if (asprintf(&pwfile, "--pwfile=%s", secret) < 0)
		bail("out of memory");
	const char *argv[] = {
		initdb, "-D",         data,   "-U",         "postgres",  "--auth=scram-sha-256",
		pwfile, "--encoding", "UTF8", "--locale=C", "--no-sync", NULL};
	int status;
	char *log = proc_run(&(struct proc_spec){.argv = argv,
						 .env = (const char *const[]){"LC_ALL=C", NULL},
						 .cwd = s->dir,
						 .uid = s->uid,
						 .gid = s->gid},
			     60000, &status);
	if (status != 0)
		bail("initdb: status %d\n%s", status, log);
	unlink(secret);
	free(log);
	free(initdb);
	free(pwfile);
	free(secret);
}

/* [text] as a literal of SQL; standard_conforming_strings is on, so that '\' means itself. */
static char *sql_quote(const char *text)
{
	char *quoted = need(malloc(2 * strlen(text) + 3)), *to = quoted;
	*to++ = '\'';
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			*to++ = '\'';
		*to++ = *text;
	}
	*to++ = '\'';
	*to = '\0';
	return quoted;
}

static char *psql(struct store *pg, const char *user, const char *password, const char *database,
		  const char *sql)
{
	const char *argv[] = {"psql", "-X", "-w", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1",
			      "-c",   sql,  NULL};
	const char *env[] = {env_of("PGHOST", store_host(pg)), env_of("PGPORT", pg->port),
			     env_of("PGUSER", user),           env_of("PGPASSWORD", password),
			     env_of("PGDATABASE", database),   "PGCONNECT_TIMEOUT=10",
			     "PGCLIENTENCODING=UTF8",          NULL};
	char *text = proc_run(&(struct proc_spec){.argv = argv, .env = env}, CLIENT_MS, NULL);
	for (size_t i = 0; i < 5; i++)
		free((char *)(uintptr_t)env[i]);
	return text;
}

static void create_app(struct store *s)
{
	char *quoted = sql_quote(s->password), *role = NULL;
	if (asprintf(&role, "CREATE ROLE app LOGIN PASSWORD %s", quoted) < 0)
		bail("out of memory");
	const char *steps[] = {role, "CREATE DATABASE app OWNER app"};
	for (size_t i = 0; i < 2; i++) {
		char *said = psql(s, "postgres", s->password, "postgres", steps[i]);
		if (*said != '\0')
			bail("psql: %s", said);
		free(said);
	}
	free(role);
	free(quoted);
}

struct store *store_postgres(const char *const *args)
{
	struct store *s = new_store("postgres");
	s->user = s->database = "app";
	s->password = pg_password;
	/* Fast shutdown: SIGTERM would wait until the last client leaves. */
	s->stop_signal = SIGINT;
	choose_user(s);
	char *data = NULL;
	if (asprintf(&data, "%s/data", s->dir) < 0)
		bail("out of memory");
	init_cluster(s, data);
	/*
	 * Without fsync a commit is a write() and costs nothing, so synchronous_commit stays on:
	 * without it, a killed server forgets what it has confirmed in the last half second.
	 */
	const char *own[] = {pg_program("postgres"),
			     "-D",
			     data,
			     "-p",
			     s->port,
			     "-c",
			     "listen_addresses=127.0.0.1",
			     "-c",
			     "unix_socket_directories=",
			     "-c",
			     "fsync=off",
			     "-c",
			     "shared_buffers=16MB",
			     "-c",
			     "jit=off",
			     NULL};
	add_args(s, own);
	add_args(s, args);
	s->env[0] = env_of("PGHOST", store_host(s));
	s->env[1] = env_of("PGPORT", s->port);
	s->env[2] = env_of("PGUSER", s->user);
	s->env[3] = env_of("PGPASSWORD", s->password);
	s->env[4] = env_of("PGDATABASE", s->database);
	store_start(s);
	create_app(s);
	return s;
}

void store_stop(struct store *s)
{
	int status = proc_stop(s->proc, STOP_MS);
	if (status != 0)
		bail("%s: status %d at its end\n%s", s->argv[0], status, proc_log(s->proc));
}

void store_restart(struct store *s)
{
	store_stop(s);
	store_start(s);
}

void store_kill(struct store *s)
{
	proc_kill(s->proc);
}

void store_pause(struct store *s)
{
	proc_signal_tree(s->proc, SIGSTOP);
}

void store_resume(struct store *s)
{
	proc_signal_tree(s->proc, SIGCONT);
}

const char *store_host(const struct store *s)
{
	(void)s;
	return "127.0.0.1";
}

int store_port(const struct store *s)
{
	return (int)strtol(s->port, NULL, 10);
}

const char *store_port_text(const struct store *s)
{
	return s->port;
}

const char *store_user(const struct store *s)
{
	return s->user;
}

const char *store_password(const struct store *s)
{
	return s->password;
}

const char *store_database(const struct store *s)
{
	return s->database;
}

struct proc *store_proc(const struct store *s)
{
	return s->proc;
}

const char *const *store_env(const struct store *s)
{
	return s->env;
}

const char **env_join(const char *const *a, const char *const *b, const char *const *c)
{
	const char *const *lists[] = {a, b, c};
	const char **all = need(calloc(1, sizeof *all));
	size_t n = 0;
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; lists[i] != NULL && lists[i][k] != NULL; k++) {
			all = need(realloc(all, (n + 2) * sizeof *all));
			all[n++] = lists[i][k];
			all[n] = NULL;
		}
	return all;
}

char *store_psql(struct store *pg, const char *sql)
{
	return psql(pg, pg->user, pg->password, pg->database, sql);
}

char *store_psql_as(struct store *pg, const char *user, const char *password, const char *sql)
{
	return psql(pg, user, password, pg->database, sql);
}

char *store_redis_cli(struct store *redis, ...)
{
	const char *argv[ARGS] = {"redis-cli", "-h", store_host(redis), "-p", redis->port};
	size_t n = 5;
	va_list args;
	va_start(args, redis);
	for (const char *arg = va_arg(args, const char *); arg != NULL;
	     arg = va_arg(args, const char *)) {
		if (n + 1 >= ARGS)
			bail("too many arguments for redis-cli");
		argv[n++] = arg;
	}
	va_end(args);
	const char *auth = env_of("REDISCLI_AUTH", redis->password);
	char *text = proc_run(
		&(struct proc_spec){.argv = argv, .env = (const char *const[]){auth, NULL}},
		CLIENT_MS, NULL);
	free((char *)(uintptr_t)auth);
	return text;
}
