#include "services/web/web.h"

static struct web_config config;
static struct http_server server;
static struct http_server_limits limits;

#define AT(member) offsetof(struct web_config, member)

static const struct config_var vars[] = {
	{.name = "PORT",
	 .fallback = "3000",
	 .at = AT(port),
	 .take = config_take_port,
	 .help = "port of the page"},
	SERVICE_VARS(struct web_config),
};

static int start(struct net_loop *loop)
{
	limits = http_server_defaults;
	limits.body = 1024; /* nothing here reads one: enough to stay connected after a refusal */
	assets_init();
	return service_listen(&server, loop, &page_handler, &limits, config.port);
}

static void drain(void)
{
	service_drain(&server);
}

static const struct service web = {
	.name = "web",
	.summary = "the page",
	.vars = vars,
	.var_count = sizeof vars / sizeof *vars,
	.config = &config.common,
	.public_port = &config.port,
	.start = start,
	.drain = drain,
};

int main(int argc, char **argv, char **env)
{
	return service_main(&web, argc, argv, env);
}
