/*
 * config: the environment, parsed once into types by a table of rows.
 *
 *	struct settings { struct config_text redis_host; uint16_t redis_port; ... };
 *	#define AT(member) offsetof(struct settings, member)
 *	static const struct config_var vars[] = {
 *		{.name = "REDIS_HOST", .at = AT(redis_host), .take = config_take_host,
 *		 .help = "host of Redis", .url = "REDIS_URL"},
 *		{.name = "REDIS_PORT", .fallback = "6379", .at = AT(redis_port), ...},
 *		{.name = "REDIS_PASSWORD", .fallback = "", .flags = CONFIG_SECRET, ...},
 *	};
 *	static struct settings settings;
 *	if (config_load(vars, COUNT(vars), &settings, environ, &errors) > 0)
 *		print the errors, exit with status 78 (EX_CONFIG)
 *
 * An empty value counts as unset. All mistakes are found in one run, a line each. The texts of
 * secrets are never printed. Nothing of the environment is pointed to afterwards.
 */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include "base/out.h"

#define CONFIG_TEXT_MAX 255
#define CONFIG_SECRET_MAX 1024

/* NUL-terminated; zeroed is the empty text. */
struct config_text {
	char s[CONFIG_TEXT_MAX + 1];
};
struct config_secret {
	char s[CONFIG_SECRET_MAX + 1];
};

struct config_var;

/*
 * Turns [text], never empty, into the row's [field]. When it is not acceptable: false, [field]
 * untouched, and in [want] what would be, as in "a port from 1 to 65535".
 */
typedef bool config_take(const struct config_var *var, struct span text, void *field,
			 struct out *want);

enum {
	/* NAME_FILE may name a file that holds the value; the value is never printed. */
	CONFIG_SECRET = 1,
	/* A number is shown with its unit: with config_take_duration_ms. */
	CONFIG_MS = 2,
};

struct config_var {
	const char *name;
	const char *fallback; /* NULL: required; "": optional, the field stays as it was */
	config_take *take;
	const char *help;
	const char *aliases; /* tried in order when [name] is unset, one blank between; or NULL */
	/*
	 * The variable with a URL that the service applies over this row, or NULL. When that is
	 * set, a required row may be unset.
	 */
	const char *url;
	union {
		struct {
			uint32_t min, max; /* _u32 and _duration_ms; max 0: UINT32_MAX */
		};
		const char *words; /* config_take_choice, one blank between */
	};
	uint16_t at; /* offsetof the field in the service's struct */
	uint8_t flags;
};

/* Takes for the types of fields. */
config_take config_take_text;         /* struct config_text */
config_take config_take_secret;       /* struct config_secret */
config_take config_take_host;         /* struct config_text; of tcp://host:port the host */
config_take config_take_port;         /* uint16_t, 1 to 65535; of tcp://host:port the port */
config_take config_take_port_or_off;  /* uint16_t, 0 is off */
config_take config_take_u32;          /* uint32_t, min to max */
config_take config_take_bool;         /* bool: 1/0, true/false, yes/no, on/off in any case */
config_take config_take_choice;       /* unsigned or an enum: index of the word, in any case */
config_take config_take_duration_ms;  /* uint32_t of 500ms, 10s, 2m; a plain number is seconds */
config_take config_take_redis_url;    /* struct url */
config_take config_take_postgres_url; /* struct url */

/*
 * Fills [into] from [env] (as environ: NULL at the end) and the files that NAME_FILE names.
 * Returns the number of mistakes; [errors] has a line for each, as far as its room goes.
 * A file's value loses one newline at its end. NAME together with NAME_FILE is a mistake, and
 * so is a file that cannot be read, is empty, holds NUL or more than CONFIG_SECRET_MAX bytes.
 */
int config_load(const struct config_var *vars, size_t n, void *into, char **env,
		struct out *errors);

/* For --help: a line for each variable with its default and its meaning. */
void config_help(const struct config_var *vars, size_t n, struct out *o);

/*
 * For --check-config, after config_load and after the service has applied its URLs: a line for
 * each variable with the value in [from] and where it came from. Secrets: (set) or (not set).
 */
void config_print(const struct config_var *vars, size_t n, const void *from, char **env,
		  struct out *o);

/* Puts the field that a take of this module has filled; false for other takes. */
bool config_put(const struct config_var *var, const void *field, struct out *o);

#endif
