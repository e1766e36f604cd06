/*
 * stores: the configuration of the two stores, shared by api and worker: rows for the table of
 * variables, what turns them into a client's configuration, and the log lines of their coming and
 * going.
 */
#ifndef SERVICES_COMMON_STORES_H
#define SERVICES_COMMON_STORES_H

#include "drivers/postgres.h"
#include "drivers/redis.h"
#include "services/common/config.h"
#include "services/common/url.h"

/* A request to a store that is not over by then is answered 503; a second is the contract. */
#define STORE_DEADLINE_MS 900
#define STORE_CONNECT_MS 5000

/* Words of the application contract. */
#define TEXT_VALUES "values"
#define TEXT_JOBS "{values}:jobs" /* the tag keeps it in the hash slot of `values` */
#define TEXT_INSERT "insert"
#define TEXT_PLACEHOLDER "Nothing yet!"
#define TEXT_MARK "{values}:mark" /* there since a rebuild began; gone after a FLUSHALL */
#define CHANNEL_INSERT SPAN(TEXT_INSERT)
/* A stream, for api: `index` and the index of a result, or `computing` and that of what is begun.
 */
#define TEXT_LOG "{values}:log"
/* A hash: the indexes that workers gave up, for nobody to make jobs of. It expires. */
#define TEXT_ASIDE "{values}:aside"
#define PLACEHOLDER SPAN(TEXT_PLACEHOLDER)

/* What both are told. */
struct store_settings {
	struct config_text host, user;
	struct config_secret password;
	uint16_t port;
	struct url url;
	struct link_host at; /* made by the function that applies the settings */
};

struct redis_settings {
	struct store_settings store;
	struct redis_config client; /* made by redis_settings_apply */
};

struct postgres_settings {
	struct store_settings store;
	struct config_text database;
	uint32_t sslmode;
	struct pgwire_keys keys;
	struct postgres_config client; /* made by postgres_settings_apply */
};

/* clang-format off */
#define REDIS_VARS(type, m) \
	{.name = "REDIS_HOST", .at = offsetof(type, m.store.host), .take = config_take_host, \
	 .url = "REDIS_URL", .help = "host of Redis"}, \
	{.name = "REDIS_PORT", .fallback = "6379", .at = offsetof(type, m.store.port), \
	 .take = config_take_port, .help = "its port"}, \
	{.name = "REDIS_USERNAME", .fallback = "", .at = offsetof(type, m.store.user), \
	 .take = config_take_text, .help = "its ACL user"}, \
	{.name = "REDIS_PASSWORD", .fallback = "", .at = offsetof(type, m.store.password), \
	 .take = config_take_secret, .flags = CONFIG_SECRET, .help = "its password"}, \
	{.name = "REDIS_URL", .fallback = "", .at = offsetof(type, m.store.url), \
	 .take = config_take_redis_url, .flags = CONFIG_SECRET, \
	 .help = "redis://[user[:password]@]host[:port][/db], over the four above"}

#define POSTGRES_VARS(type, m) \
	{.name = "PGHOST", .at = offsetof(type, m.store.host), .take = config_take_text, \
	 .aliases = "RDS_HOSTNAME", .url = "DATABASE_URL", \
	 .help = "host of PostgreSQL, or the folder of its socket"}, \
	{.name = "PGPORT", .fallback = "5432", .at = offsetof(type, m.store.port), \
	 .take = config_take_port, .aliases = "RDS_PORT", .help = "its port"}, \
	{.name = "PGUSER", .at = offsetof(type, m.store.user), .take = config_take_text, \
	 .aliases = "RDS_USERNAME", .url = "DATABASE_URL", .help = "its user"}, \
	{.name = "PGPASSWORD", .fallback = "", .at = offsetof(type, m.store.password), \
	 .take = config_take_secret, .flags = CONFIG_SECRET, .aliases = "RDS_PASSWORD", \
	 .help = "the user's password"}, \
	{.name = "PGDATABASE", .fallback = "", .at = offsetof(type, m.database), \
	 .take = config_take_text, .aliases = "RDS_DB_NAME", \
	 .help = "its database; the user's name when unset"}, \
	{.name = "PGSSLMODE", .fallback = "prefer", .at = offsetof(type, m.sslmode), \
	 .take = config_take_choice, .words = "disable allow prefer require verify-ca verify-full", \
	 .help = "disable, allow or prefer (all in plain: this version has no TLS)"}, \
	{.name = "DATABASE_URL", .fallback = "", .at = offsetof(type, m.store.url), \
	 .take = config_take_postgres_url, .flags = CONFIG_SECRET, \
	 .help = "postgres://[user[:password]@]host[:port][/database], over the six above"}
/* clang-format on */

/*
 * The words of a command, a comma between, into [words]: their number. Empty ones are the caller's
 * to fill. A constant of its own for each would take 24 bytes of code.
 */
size_t store_words(struct span words[], struct span text);

/*
 * Applies the URL over the single variables and fills the client's configuration, of [s] that lies
 * in static memory and was filled by config_load. Returns the number of mistakes, a line each in
 * [errors]. [name]: what the stores show as the client's name.
 */
int redis_settings_apply(struct redis_settings *s, const char *name, struct out *errors);
int postgres_settings_apply(struct postgres_settings *s, const char *name, struct out *errors);

/*
 * One line when a store comes, one when it goes; while it stays away for the same reason, one a
 * minute, so that a long outage does not fill the log. [seen] is the caller's, one per connection.
 */
struct store_log {
	const char *store; /* "redis", "postgres" */
	const char *use;   /* what the connection is for */
	char why[128];
	uint64_t told; /* loop time, ms */
	bool up;
	bool ever_up;
};
/* [s] is zero; [store] and [use] are kept by address. An initialiser would put all of it in .data.
 */
void store_log_init(struct store_log *s, const char *store, const char *use);
void store_log_up(struct store_log *s);
void store_log_down(struct store_log *s, uint64_t now, const char *why);
/*
 * One line when [store] refuses [what] with [error]; the same error is said again a minute later
 * at the earliest, for a key of another type or a missing right is in the way of every try. [s] is
 * the caller's, zero at first, and of no connection.
 */
void store_log_refused(struct store_log *s, uint64_t now, const char *store, const char *what,
		       struct span error);
/* What a Redis server wants its operator to know: the notice of struct redis_events. */
void store_log_notice(struct redis *r, const char *words);

#endif
