/*
 * stores: private Redis and PostgreSQL servers for tests, as many as a test wants.
 *
 *	struct store *pg = store_postgres(NULL);
 *	struct store *redis = store_redis(NULL);
 *	free(store_psql(pg, "CREATE TABLE values (number INT)"));
 *	store_kill(redis);
 *	... the service has to live without ...
 *	store_start(redis);
 *	char *text = store_redis_cli(redis, "HGET", "values", "5", NULL);
 *
 * A store keeps its data and its port (127.0.0.1) over stop, kill and start, and ends with the
 * test program. Redis asks for a password and writes its append-only file; PostgreSQL has a role
 * "app" without special rights, owner of the database "app", and lets it in by SCRAM-SHA-256
 * only. Both passwords hold characters that have a meaning in URLs, shells, SQL or JSON. No
 * fsync: what was committed outlives a killed server (it is in the kernel), only not the machine.
 *
 * What cannot work (no such program, no start) ends the test program by bail() with the log.
 */
#ifndef TESTS_STORES_H
#define TESTS_STORES_H

#include "harness/proc.h"

struct store;

/*
 * Makes one and starts it, ready for clients. [args] are more arguments for the server, for
 * every start, NULL at the end: {"--maxmemory", "1mb", NULL} or {"-c", "max_connections=5", NULL}.
 * They are kept, not copied.
 */
struct store *store_redis(const char *const *args);
struct store *store_postgres(const char *const *args);

/* Starts it again after stop or kill; returns when it takes clients. */
void store_start(struct store *s);
/* Orderly: Redis has written everything, PostgreSQL has sent its clients away. */
void store_stop(struct store *s);
void store_restart(struct store *s);
/* kill -9, for PostgreSQL all of its processes at once. */
void store_kill(struct store *s);
/* SIGSTOP and SIGCONT, all of its processes: connections stay, nobody answers. */
void store_pause(struct store *s);
void store_resume(struct store *s);

const char *store_host(const struct store *s); /* 127.0.0.1 */
int store_port(const struct store *s);
const char *store_port_text(const struct store *s);
const char *store_user(const struct store *s); /* Redis: "default" */
const char *store_password(const struct store *s);
const char *store_database(const struct store *s); /* Redis: "0" */
/* The running (or last) server, for its log and its memory. */
struct proc *store_proc(const struct store *s);

/*
 * What the services read from their environment about this store (REDIS_* or PG*), NULL at the
 * end; good as long as the store.
 */
const char *const *store_env(const struct store *s);
/* Lists of "NAME=value" one after the other, up to two stores and more; from malloc. */
const char **env_join(const char *const *a, const char *const *b, const char *const *c);

/*
 * SQL as the role app, and what psql says to it: rows as a|b, one a line, or "ERROR: ..."; the
 * answer is from malloc, without the last newline.
 */
char *store_psql(struct store *pg, const char *sql);
/* The same as another role ("postgres" is the superuser, same password) or with a wrong password.
 */
char *store_psql_as(struct store *pg, const char *user, const char *password, const char *sql);
/* A Redis command, arguments up to NULL; the answer as redis-cli prints it into a pipe. */
char *store_redis_cli(struct store *redis, ...) __attribute__((sentinel));

#endif
