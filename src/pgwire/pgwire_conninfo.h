/*
 * conninfo: what tells a client where its server is and who it is, in the forms that users of
 * PostgreSQL know (manual, libpq, "Connection Strings"): keyword=value pairs, URIs, environment,
 * password file. Pure: the caller brings the texts, reads the file, and resolves the names.
 *
 *	uint8_t room[2048];
 *	struct pgwire_conninfo c;
 *	struct pgwire_target t;
 *	pgwire_conninfo_init(&c, room, sizeof room);
 *	rc = pgwire_conninfo_put(&c, span_str(argv[1]));    // "postgres://me@a,b:5433/db?..."
 *	for (each name and value of the environment)
 *		pgwire_conninfo_put_env(&c, name, value);
 *	if (rc > 0)
 *		rc = pgwire_target_get(&c, &t);
 *	if (rc < 0)
 *		complain(pgwire_strerror(rc), c.bad);       // c.bad: the words that are wrong
 *	connect_to(t.hosts, t.host_count);
 *
 * Syntax as libpq 15 takes it: '+' is no blank; of a keyword that is repeated the last one counts;
 * IPv6 addresses stand in brackets; a slash in front of a host (in a URI: %2F) makes it the
 * directory of a Unix socket; elements of a list of hosts or ports may be empty; "%00" is refused;
 * the keywords ssl=true (in a URI) and requiressl mean sslmode. Unlike libpq it refuses a NUL, and
 * has the keywords of later versions too (require_auth, load_balance_hosts, ...).
 *
 * Limits: the room of the caller, of which a text takes at most twice its length, an environment
 * variable its value; PGWIRE_HOSTS_MAX hosts.
 */
#ifndef PGWIRE_CONNINFO_H
#define PGWIRE_CONNINFO_H

#include "pgwire/pgwire.h"

enum pgwire_option {
	PGWIRE_OPT_SERVICE,
	PGWIRE_OPT_USER,
	PGWIRE_OPT_PASSWORD,
	PGWIRE_OPT_PASSFILE,
	PGWIRE_OPT_REQUIRE_AUTH,
	PGWIRE_OPT_CHANNEL_BINDING,
	PGWIRE_OPT_CONNECT_TIMEOUT,
	PGWIRE_OPT_DBNAME,
	PGWIRE_OPT_HOST,
	PGWIRE_OPT_HOSTADDR,
	PGWIRE_OPT_PORT,
	PGWIRE_OPT_CLIENT_ENCODING,
	PGWIRE_OPT_OPTIONS,
	PGWIRE_OPT_APPLICATION_NAME,
	PGWIRE_OPT_FALLBACK_APPLICATION_NAME,
	PGWIRE_OPT_KEEPALIVES,
	PGWIRE_OPT_KEEPALIVES_IDLE,
	PGWIRE_OPT_KEEPALIVES_INTERVAL,
	PGWIRE_OPT_KEEPALIVES_COUNT,
	PGWIRE_OPT_TCP_USER_TIMEOUT,
	PGWIRE_OPT_SSLMODE,
	PGWIRE_OPT_SSLNEGOTIATION,
	PGWIRE_OPT_SSLCOMPRESSION,
	PGWIRE_OPT_SSLCERT,
	PGWIRE_OPT_SSLKEY,
	PGWIRE_OPT_SSLPASSWORD,
	PGWIRE_OPT_SSLCERTMODE,
	PGWIRE_OPT_SSLROOTCERT,
	PGWIRE_OPT_SSLCRL,
	PGWIRE_OPT_SSLCRLDIR,
	PGWIRE_OPT_SSLSNI,
	PGWIRE_OPT_REQUIREPEER,
	PGWIRE_OPT_SSL_MIN_PROTOCOL_VERSION,
	PGWIRE_OPT_SSL_MAX_PROTOCOL_VERSION,
	PGWIRE_OPT_MIN_PROTOCOL_VERSION,
	PGWIRE_OPT_MAX_PROTOCOL_VERSION,
	PGWIRE_OPT_GSSENCMODE,
	PGWIRE_OPT_GSSDELEGATION,
	PGWIRE_OPT_KRBSRVNAME,
	PGWIRE_OPT_GSSLIB,
	PGWIRE_OPT_REPLICATION,
	PGWIRE_OPT_TARGET_SESSION_ATTRS,
	PGWIRE_OPT_LOAD_BALANCE_HOSTS,
	PGWIRE_OPTIONS, /* how many there are */
};

struct pgwire_conninfo {
	/* The values: views into the room. p == NULL: not given; empty: given as empty. */
	struct span value[PGWIRE_OPTIONS];
	struct span
		bad; /* after an error: the words of the input, or the keyword, that are wrong */
	struct out room;
};

void pgwire_conninfo_init(struct pgwire_conninfo *c, void *room, size_t cap);

/*
 * Takes a URI (postgres:// or postgresql:// in front) or keyword=value pairs; what it names
 * replaces what was there. 1, PGWIRE_EKEYWORD for a keyword that is unknown, PGWIRE_ESYNTAX,
 * PGWIRE_ETEXT for a NUL in it, PGWIRE_EROOM; after an error [c] is good for reading [bad] and a
 * new init. [text] need not stay; [bad] may point into it.
 */
int pgwire_conninfo_put(struct pgwire_conninfo *c, struct span text);

/*
 * Takes a variable of the environment: 1 when it is one of PostgreSQL's, 0 when it is not,
 * PGWIRE_EROOM, PGWIRE_ETEXT. It gives way to what is there already: so after the texts.
 */
int pgwire_conninfo_put_env(struct pgwire_conninfo *c, struct span name, struct span value);

/* The keyword of an option, as in "connect_timeout". */
const char *pgwire_option_name(enum pgwire_option option);

/* What the values mean (pgwire_target.c). */

#define PGWIRE_HOSTS_MAX 16
#define PGWIRE_PORT 5432

struct pgwire_host {
	struct span name; /* empty: the server of this machine, at its usual socket or loopback */
	struct span addr; /* of hostaddr: where to connect instead of looking the name up */
	uint16_t port;
	bool local; /* the name is a directory of Unix sockets, or abstract ('@' in front) */
};

enum pgwire_attrs {
	PGWIRE_ATTRS_ANY,
	PGWIRE_ATTRS_READ_WRITE,
	PGWIRE_ATTRS_READ_ONLY,
	PGWIRE_ATTRS_PRIMARY,
	PGWIRE_ATTRS_STANDBY,
	PGWIRE_ATTRS_PREFER_STANDBY,
};

enum pgwire_sslmode {
	PGWIRE_SSL_DISABLE,
	PGWIRE_SSL_ALLOW,
	PGWIRE_SSL_PREFER,
	PGWIRE_SSL_REQUIRE,
	PGWIRE_SSL_VERIFY_CA,
	PGWIRE_SSL_VERIFY_FULL,
};

struct pgwire_target {
	struct pgwire_host hosts[PGWIRE_HOSTS_MAX];
	size_t host_count;    /* at least 1 */
	struct span user;     /* empty: not given, the caller decides */
	struct span database; /* empty: named like the user */
	struct span password; /* empty: none, try the passfile */
	struct span passfile;
	struct span application_name; /* or the fallback */
	struct span options;
	unsigned flags; /* of struct pgwire_login, from require_auth: see there */
	enum pgwire_attrs attrs;
	bool load_balance; /* try the hosts in random order */
	enum pgwire_sslmode sslmode;
	/* Seconds, 0: no bound. For each host; below 2 it is 2. */
	uint32_t connect_timeout;
	bool keepalives; /* TCP; the three below in seconds and probes, 0: the system's own */
	uint32_t keepalives_idle, keepalives_interval, keepalives_count;
	uint32_t tcp_user_timeout; /* milliseconds, 0: the system's own */
};

/*
 * Reads the values of [c], with the defaults of the manual for those that are not there or empty:
 * 1, or PGWIRE_EVALUE with the keyword in c->bad. Spans of [t] point into the room of [c]. Refused
 * with the rest: client_encoding other than UTF8 (or auto), and what is not carried: a service,
 * replication, gssencmode=require, channel_binding=require, more than PGWIRE_HOSTS_MAX hosts.
 * ssl* are not judged here but for sslmode.
 *
 * require_auth takes the names of libpq: scram-sha-256, md5, password, none, with '!' in front of
 * each or of none; gss, sspi and oauth are known and never done. Without it the server may ask for
 * SCRAM, or let a client in that has no password; not for the password itself or its md5.
 */
int pgwire_target_get(struct pgwire_conninfo *c, struct pgwire_target *t);

/*
 * The first line of a password file that is for this host (its name, or addr without one; empty
 * and a socket's directory count as localhost only when the caller says "localhost"), port,
 * database and user: puts the password there into [o] and gives true. A '*' field matches all,
 * '\' quotes ':' and itself, lines with '#' in front are comments (manual, libpq, "The Password
 * File"). With o->over set it did not fit. Whether others may read the file is the caller's to see.
 */
bool pgwire_passfile_get(struct span file, struct span host, uint16_t port, struct span database,
			 struct span user, struct out *o);

#endif
