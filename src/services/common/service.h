/*
 * service: what every service of Barnacle does the same way: its command line, its configuration,
 * its logs, its second listener, and its life from start to SIGTERM.
 *
 *	static const struct service api = {.name = "api", .vars = vars, ...};
 *	int main(int argc, char **argv, char **env) { return service_main(&api, argc, argv, env); }
 *
 * Command line: none (run), --help, --version, --check-config, --healthcheck; before it, the one
 * option of a service that has one, and its value. Exit status: 0 after
 * SIGTERM or SIGINT, 78 (EX_CONFIG) for a mistake in the configuration, 64 (EX_USAGE) for one on
 * the command line, 1 for anything else.
 */
#ifndef SERVICES_COMMON_SERVICE_H
#define SERVICES_COMMON_SERVICE_H

#include "drivers/http_server.h"
#include "services/common/config.h"
#include "services/common/log.h"

/* The first member of every service's configuration. */
struct service_config {
	struct config_text bind_address;
	uint16_t admin_port;
	uint32_t workers;
	enum log_format log_format;
	enum log_level log_level;
};

/* Rows for a service's table of variables; [type] is its struct, with `common` inside. */
/* clang-format off */
#define SERVICE_VARS(type) \
	{.name = "BIND_ADDRESS", .fallback = "", .at = offsetof(type, common.bind_address), \
	 .take = config_take_text, .help = "address of this machine to listen on; all when unset"}, \
	{.name = "ADMIN_PORT", .fallback = "9090", .at = offsetof(type, common.admin_port), \
	 .take = config_take_port_or_off, .help = "listener for /healthz, /readyz and /metrics; 0 = off"}, \
	{.name = "WORKERS", .fallback = "1", .at = offsetof(type, common.workers), \
	 .take = config_take_u32, .min = 1, .max = 64, .help = "processes that share the port"}, \
	{.name = "LOG_FORMAT", .fallback = "logfmt", .at = offsetof(type, common.log_format), \
	 .take = config_take_choice, .words = LOG_FORMAT_WORDS, .help = "logfmt or json"}, \
	{.name = "LOG_LEVEL", .fallback = "info", .at = offsetof(type, common.log_level), \
	 .take = config_take_choice, .words = LOG_LEVEL_WORDS, \
	 .help = "error, warn, info or debug"}
/* clang-format on */

struct service {
	const char *name;
	const char *summary; /* one line for --help */
	const struct config_var *vars;
	size_t var_count;
	/* An option, say --root, for the variable [option_sets], which it goes before; or NULL. */
	const char *option, *option_sets, *option_value; /* the value's name, for --help */
	struct service_config *config;                   /* the first member of what vars fill */
	const uint16_t *public_port;                     /* NULL when there is none */
	/* After the variables were read, what one row can't see; mistakes go to [errors]. */
	int (*check)(struct out *errors);
	/* For --check-config, behind the variables: what they amount to; or NULL. */
	void (*show)(struct out *o);
	/* Before the processes of WORKERS are made, for memory that they share; or NULL. */
	int (*prepare)(void);
	/* Opens everything; 0, or a negative error, after logging what failed. */
	int (*start)(struct net_loop *loop);
	/* Stops accepting; calls service_stopped when the last answer is out. */
	void (*drain)(void);
	/* Writes `"name":"state"` pairs, comma-separated; whether all that is needed is there. */
	bool (*ready)(struct out *o);
	/* Answers /metrics, see metrics.h; NULL when there are none. */
	void (*metrics)(struct http_exchange *x);
};

int service_main(const struct service *s, int argc, char **argv, char **env);
/* Of service_main: from here on, tables of pointers and the like can only be read (RELRO). */
void service_seal(void);
/* Of service_main, when it runs: the kernel takes no system call from here on but those it needs.
 */
void service_confine(void);
/* The drain is complete. */
void service_stopped(void);

/*
 * Opens a server as the configuration says (BIND_ADDRESS, WORKERS): 0, or a negative error, which
 * is in the log already. A port is shared only by WORKERS: a second instance of a service must not
 * get every other connection of the first without an error.
 */
int service_listen(struct http_server *server, struct net_loop *loop,
		   const struct http_handler *handler, const struct http_server_limits *lim,
		   uint16_t port);
/* For a service that has nothing else to wait for: drains, then calls service_stopped. */
void service_drain(struct http_server *server);

#define SERVICE_DRAIN_MS 9000 /* of the 10 s that container engines give */

#endif
