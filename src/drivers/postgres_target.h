/*
 * postgres_target: a configuration of postgres.h out of what users write: a URI or keyword=value
 * pairs, the PG* environment, a password file (pgwire/pgwire_conninfo.h says which).
 *
 *	static struct postgres_target t;
 *	rc = postgres_target_get(&t, "postgres://me@a,b/db?target_session_attrs=primary", environ);
 *	if (rc < 0)
 *		complain(t.why);
 *	postgres_start(&client, &loop, &t.config, &events);
 *	postgres_target_watch(&t, &client);             // which kind of server, TCP options
 *
 * Not carried: TLS (sslmode=require and above are refused), abstract sockets. A host that is not
 * given is "localhost". Of several hosts the password file is asked for the first one only.
 */
#ifndef DRIVERS_POSTGRES_TARGET_H
#define DRIVERS_POSTGRES_TARGET_H

#include "drivers/postgres_attrs.h"
#include "pgwire/pgwire_conninfo.h"

#define POSTGRES_TARGET_ROOM 8192        /* bytes of all values */
#define POSTGRES_TARGET_CONNECT_MS 10000 /* of each host, without connect_timeout */
#define POSTGRES_TARGET_BYTES (1 << 20)  /* in_max and out_max, and so a row at most */
#define POSTGRES_PASSFILE_MAX 65536      /* bytes of a password file; what follows is not read */
#define POSTGRES_HOST_MAX 256

struct postgres_target {
	struct postgres_config config; /* may be changed before postgres_start */
	char why[160];
	struct postgres_attrs attrs; /* this and what follows: the driver's */
	struct postgres_watcher watcher;
	struct pgwire_target from;
	struct pgwire_keys keys;
	struct link_host hosts[PGWIRE_HOSTS_MAX];
	char names[PGWIRE_HOSTS_MAX][POSTGRES_HOST_MAX];
	uint8_t room[POSTGRES_TARGET_ROOM];
};

/*
 * [env]: "NAME=value" ..., NULL at the end, as environ is; NULL: none. Without a user name that of
 * USER in it counts. 0, or POSTGRES_ETARGET: t->why says what is wrong. [text] need not stay.
 */
int postgres_target_get(struct postgres_target *t, const char *text, const char *const *env);
/* For one client, right after postgres_start. */
void postgres_target_watch(struct postgres_target *t, struct postgres *p);
/* When no client uses it any more: nothing is left of the password. */
void postgres_target_wipe(struct postgres_target *t);

#endif
