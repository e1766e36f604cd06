#include "services/web/web.h"

struct web_config web_config;
struct http_server web_server;
static struct http_server_limits limits;

#define AT(member) offsetof(struct web_config, member)

static const struct config_var vars[] = {
	{.name = "PORT",
	 .fallback = "3000",
	 .at = AT(port),
	 .take = config_take_port,
	 .help = "port of the page"},
	{.name = "WEB_ROOT",
	 .fallback = "",
	 .at = AT(root),
	 .take = web_take_root,
	 .help = "folder of the files to serve; the page of this binary when unset"},
	{.name = "WEB_SPA",
	 .fallback = "on",
	 .at = AT(spa),
	 .take = config_take_bool,
	 .help = "on: unknown paths that can be a route of the page get its index.html"},
	{.name = "WEB_CSP",
	 .fallback = "",
	 .at = AT(csp),
	 .take = web_take_csp,
	 .help = "Content-Security-Policy in place of ours; off for none"},
	{.name = "WEB_HEADERS",
	 .fallback = "",
	 .at = AT(headers),
	 .take = web_take_headers,
	 .help = "fields by path: /assets/* X-Robots-Tag: none | *.html X-A: b"},
	SERVICE_VARS(struct web_config),
};

static int start(struct net_loop *loop)
{
	limits = http_server_defaults;
	limits.body = 1024; /* nothing here reads one: enough to stay connected after a refusal */
	stats_start(loop);
	int rc = page_init(loop, &web_config);
	if (rc < 0)
		return rc;
	return service_listen(&web_server, loop, &page_handler, &limits, web_config.port);
}

static void drain(void)
{
	service_drain(&web_server);
}

static const struct service web = {
	.name = "web",
	.summary = "the page, or the files of a folder",
	.vars = vars,
	.var_count = sizeof vars / sizeof *vars,
	.option = "--root",
	.option_sets = "WEB_ROOT",
	.option_value = "DIR",
	.config = &web_config.common,
	.public_port = &web_config.port,
	.prepare = stats_prepare,
	.start = start,
	.drain = drain,
	.metrics = stats_answer,
};

int main(int argc, char **argv, char **env)
{
	return service_main(&web, argc, argv, env);
}
