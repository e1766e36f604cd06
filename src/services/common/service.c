#include "services/common/service.h"

#include "services/common/admin.h"
#include "services/common/healthcheck.h"
#include "services/common/workers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EXIT_USAGE = 64, EXIT_CONFIG = 78 }; /* sysexits.h, which musl does not have */

static const struct service *self;
static struct net_loop loop;
static struct net_timer drain_limit;
static int exit_status;
#define OPTION_MAX 4096  /* PATH_MAX */
static char text[16384]; /* help, mistakes, the effective configuration */

static void print(int fd, const struct out *o)
{
	size_t at = 0;
	while (at < o->n) {
		ssize_t n = write(fd, o->p + at, o->n - at);
		if (n <= 0)
			return;
		at += (size_t)n;
	}
}

static struct out text_open(void)
{
	return out_init(text, sizeof text);
}

static int print_help(void)
{
	struct out o = text_open();
	out_str(&o, "barnacle-");
	out_str(&o, self->name);
	out_str(&o, ": ");
	out_str(&o, self->summary);
	out_str(&o, "\n\nusage: ");
	out_str(&o, self->name);
	if (self->option != NULL) {
		out_str(&o, " [");
		out_str(&o, self->option);
		out_byte(&o, ' ');
		out_str(&o, self->option_value);
		out_byte(&o, ']');
	}
	out_str(&o, " [--help | --version | --check-config | --healthcheck]\n\n"
		    "Configured by the environment:\n");
	config_help(self->vars, self->var_count, &o);
	print(STDOUT_FILENO, &o);
	return 0;
}

static int print_version(void)
{
	struct out o = text_open();
	out_str(&o, "barnacle-");
	out_str(&o, self->name);
	out_str(&o, " " BARNACLE_VERSION "\n");
	print(STDOUT_FILENO, &o);
	return 0;
}

/* Both listeners would open, and share the connections. */
static int check_admin_port(struct out *errors)
{
	uint16_t port = self->config->admin_port;
	if (port == 0 || self->public_port == NULL || *self->public_port != port)
		return 0;
	out_str(errors, "ADMIN_PORT=\"");
	out_u64(errors, port);
	out_str(errors, "\": expected another port than PORT\n");
	return 1;
}

static int load(char **env)
{
	struct out errors = text_open();
	int mistakes = config_load(self->vars, self->var_count, self->config, env, &errors);
	if (self->check != NULL)
		mistakes += self->check(&errors);
	mistakes += check_admin_port(&errors);
	print(STDERR_FILENO, &errors);
	return mistakes;
}

static int print_config(char **env)
{
	struct out o = text_open();
	config_print(self->vars, self->var_count, self->config, env, &o);
	if (self->show != NULL)
		self->show(&o);
	print(STDOUT_FILENO, &o);
	return 0;
}

/* Running. */

int service_listen(struct http_server *server, struct net_loop *lp,
		   const struct http_handler *handler, const struct http_server_limits *lim,
		   uint16_t port)
{
	unsigned flags = NET_LISTEN_DEFER;
	struct log_line l;
	if (self->config->workers > 1)
		flags |= NET_LISTEN_SHARED;
	int rc = http_server_open(server, lp, handler, lim, self->config->bind_address.s, port,
				  flags);
	if (rc < 0 && log_open(&l, LOG_ERROR, "cannot listen")) {
		log_u64(&l, "port", port);
		if (self->config->bind_address.s[0] != '\0')
			log_str(&l, "address", self->config->bind_address.s);
		log_str(&l, "error", net_strerror(rc));
		log_close(&l);
	}
	return rc;
}

void service_stopped(void)
{
	net_loop_stop(&loop);
}

static void on_drained(struct http_server *server)
{
	(void)server;
	service_stopped();
}

void service_drain(struct http_server *server)
{
	http_server_drain(server, on_drained);
}

static void drain_too_long(struct net_timer *t)
{
	(void)t;
	log_event(LOG_WARN, "stopping without the last answers", NULL, NULL);
	service_stopped();
}

static void on_signal(struct net_loop *lp, int signal)
{
	(void)signal;
	if (drain_limit.link != NULL)
		return;
	log_event(LOG_INFO, "stopping", NULL, NULL);
	net_timer_set(lp, &drain_limit, SERVICE_DRAIN_MS, drain_too_long);
	admin_close();
	self->drain();
}

/* Each connection is a descriptor; the soft limit of most systems is for programs with select. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	/* Not setrlimit: musl's brings in the machinery for signals to all threads. */
	if (prlimit(0, RLIMIT_NOFILE, NULL, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		prlimit(0, RLIMIT_NOFILE, &limit, NULL);
	}
}

static int run_worker(void)
{
	raise_descriptor_limit();
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	int rc = net_loop_open(&loop);
	if (rc == 0)
		rc = net_signals(&loop, &set, on_signal);
	if (rc < 0)
		return 1;
	loop.turn_end = log_flush;
	if (self->config->admin_port != 0)
		rc = admin_open(&loop, self);
	if (rc == 0)
		rc = self->start(&loop);
	log_flush();
	if (rc < 0)
		return 1;
	net_loop_run(&loop);
	log_flush();
	return exit_status;
}

static int run(char **env)
{
	if (load(env) > 0)
		return EXIT_CONFIG;
	log_init(self->name, self->config->log_format, self->config->log_level);
	log_event(LOG_INFO, "starting", "version", BARNACLE_VERSION);
#ifndef __SANITIZE_ADDRESS__ /* whose reports take calls of all kinds */
	service_confine();
#endif
	if (self->prepare != NULL && self->prepare() < 0)
		return 1;
	if (self->config->workers > 1)
		return workers_run(self->config->workers, run_worker);
	return run_worker();
}

/* [env] with the setting before all others, which so hides one of the same name. */
static char **with_setting(char *setting, char **env)
{
	size_t n = 0;
	while (env[n] != NULL)
		n++;
	char **all = malloc((n + 2) * sizeof *all);
	if (all == NULL)
		return NULL;
	all[0] = setting;
	memcpy(all + 1, env, (n + 1) * sizeof *all);
	return all;
}

/*
 * Takes the service's option off the front of the command line and puts it into the environment,
 * where its mistakes are told with all others: the new one, or NULL. What it can't take stays, as
 * unknown.
 */
static char **take_option(int *argc, char ***argv, char **env)
{
	static char setting[OPTION_MAX];
	struct out o = out_init(setting, sizeof setting);
	if (self->option == NULL || *argc < 3 || strcmp((*argv)[1], self->option) != 0)
		return NULL;
	out_str(&o, self->option_sets);
	out_byte(&o, '=');
	out_str(&o, (*argv)[2]);
	out_byte(&o, 0);
	if (o.over || (*argv)[2][0] == '\0')
		return NULL;
	char **all = with_setting(setting, env);
	*argc -= all != NULL ? 2 : 0;
	*argv += all != NULL ? 2 : 0;
	return all;
}

static int obey(const struct service *s, int argc, char **argv, char **env)
{
	if (argc == 1)
		return run(env);
	struct span what = span_str(argv[1]);
	if (argc == 2 && span_eq(what, SPAN("--help")))
		return print_help();
	if (argc == 2 && span_eq(what, SPAN("--version")))
		return print_version();
	if (argc == 2 &&
	    (span_eq(what, SPAN("--check-config")) || span_eq(what, SPAN("--healthcheck")))) {
		if (load(env) > 0)
			return EXIT_CONFIG;
		if (span_eq(what, SPAN("--check-config")))
			return print_config(env);
		uint16_t port = s->config->admin_port;
		if (port == 0 && s->public_port != NULL)
			port = *s->public_port;
		return healthcheck(s->config->bind_address.s, port);
	}
	struct out o = text_open();
	out_str(&o, "unknown argument: ");
	out_span(&o, span_head(what, 200));
	out_str(&o, "; --help lists what there is\n");
	print(STDERR_FILENO, &o);
	return EXIT_USAGE;
}

int service_main(const struct service *s, int argc, char **argv, char **env)
{
	service_seal();
	self = s;
	char **own = take_option(&argc, &argv, env);
	int status = obey(s, argc, argv, own != NULL ? own : env);
	free(own);
	return status;
}
