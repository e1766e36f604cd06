#include "services/router/router.h"

#define CONNECT_MS 5000

struct router_config router_config;
struct net_loop *router_loop;

struct route routes[ROUTES] = {
	[ROUTE_API] = {.name = "api", .prefix = {(const uint8_t *)"/api", 4}},
	[ROUTE_WEB] = {.name = "web"},
};

static struct http_server server;
static struct upstream_limits upstream_limits;
static struct http_server_limits server_limits;
static bool listening;

#define AT(member) offsetof(struct router_config, member)

static const struct config_var vars[] = {
	{.name = "PORT",
	 .fallback = "3050",
	 .at = AT(port),
	 .take = config_take_port,
	 .help = "port of the router"},
	{.name = "API_HOST",
	 .fallback = "api",
	 .at = AT(api_host),
	 .take = config_take_host,
	 .help = "host that answers /api/*"},
	{.name = "API_PORT",
	 .fallback = "5000",
	 .at = AT(api_port),
	 .take = config_take_port,
	 .help = "its port"},
	{.name = "WEB_HOST",
	 .fallback = "web",
	 .at = AT(web_host),
	 .take = config_take_host,
	 .help = "host that answers all other paths"},
	{.name = "WEB_PORT",
	 .fallback = "3000",
	 .at = AT(web_port),
	 .take = config_take_port,
	 .help = "its port"},
	{.name = "UPSTREAM_TIMEOUT",
	 .fallback = "60s",
	 .at = AT(upstream_timeout),
	 .take = config_take_duration_ms,
	 .min = 10,
	 .max = 86400000,
	 .help = "how long these may be silent in the middle of a request"},
	{.name = "TRUST_FORWARDED",
	 .fallback = "private",
	 .at = AT(trust),
	 .take = config_take_choice,
	 .words = ROUTER_TRUST_WORDS,
	 .help = "whose X-Forwarded-* and X-Request-Id are believed: none, private (peers with a "
		 "private address), all"},
	SERVICE_VARS(struct router_config),
};

static void set_limits(void)
{
	uint32_t patience = router_config.upstream_timeout;
	upstream_limits = upstream_defaults;
	upstream_limits.connect_ms = patience < CONNECT_MS ? patience : CONNECT_MS;
	upstream_limits.answer_ms = patience;
	upstream_limits.between_ms = patience;
	server_limits = http_server_defaults;
	server_limits.out = 256 << 10; /* UPSTREAM_HIGH, and what one read adds to it */
	server_limits.body_ms = 60000; /* a body may be a conversation with the upstream */
}

static int start(struct net_loop *loop)
{
	const struct router_config *cfg = &router_config;
	router_loop = loop;
	set_limits();
	upstream_init(&routes[ROUTE_API].up, loop, &upstream_limits, cfg->api_host.s,
		      cfg->api_port);
	upstream_init(&routes[ROUTE_WEB].up, loop, &upstream_limits, cfg->web_host.s,
		      cfg->web_port);
	int rc = service_listen(&server, loop, &proxy_handler, &server_limits, cfg->port);
	listening = rc == 0;
	return rc;
}

static void drain(void)
{
	listening = false;
	proxy_drain();
	service_drain(&server);
}

/* An upstream that is away is no reason to take the router out: it says so to the client. */
static bool ready(struct out *o)
{
	static const char *const words[] = {"unknown", "up", "down"};
	for (int i = 0; i < ROUTES; i++) {
		out_str(o, i > 0 ? ",\"" : "\"");
		out_str(o, routes[i].name);
		out_str(o, "\":\"");
		out_str(o, words[routes[i].up.state]);
		out_byte(o, '"');
	}
	return listening;
}

static const struct service router = {
	.name = "router",
	.summary = "the reverse proxy in front of api and web",
	.vars = vars,
	.var_count = sizeof vars / sizeof *vars,
	.config = &router_config.common,
	.public_port = &router_config.port,
	.start = start,
	.drain = drain,
	.ready = ready,
};

int main(int argc, char **argv, char **env)
{
	return service_main(&router, argc, argv, env);
}
