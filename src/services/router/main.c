#include "services/router/exchange.h"

#define CONNECT_MS 5000

struct router_config router_config;
struct routes router_routes;
struct http_server router_server;
struct net_loop *router_loop;

static struct http_server_limits server_limits;
static struct net_timer streams_end;
static bool listening;

#define AT(member) offsetof(struct router_config, member)

static const struct config_var vars[] = {
	{.name = "PORT",
	 .fallback = "3050",
	 .at = AT(port),
	 .take = config_take_port,
	 .help = "port of the router"},
	{.name = "ROUTES",
	 .fallback = "",
	 .at = AT(routes),
	 .take = routes_take_text,
	 .help = "PREFIX=http://HOST[:PORT][,...] [strip] [body=10m] [connect=5s] [timeout=60s] "
		 "[idle=60s] [tunnel=1h] [retries=1] [connections=4096]; next route; when unset "
		 "the four below: /api=http://api:5000 strip; /=http://web:3000"},
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
	 .flags = CONFIG_MS,
	 .min = 10,
	 .max = 86400000,
	 .help = "how long an upstream may be silent in the middle of a request, where its route "
		 "does not say"},
	{.name = "TRUSTED_PROXIES",
	 .fallback = "private",
	 .at = AT(trust),
	 .take = trust_take,
	 .help = "whose X-Forwarded-* and X-Request-Id are believed: none, private (peers with a "
		 "private address), all, addresses, networks such as 10.0.0.0/8; comma-separated"},
	{.name = "VIA",
	 .fallback = "",
	 .at = AT(via),
	 .take = config_take_host,
	 .help = "name of the router in Via fields; none when unset"},
	{.name = "STREAM_DRAIN",
	 .fallback = "5s",
	 .at = AT(stream_drain),
	 .take = config_take_duration_ms,
	 .flags = CONFIG_MS,
	 .max = SERVICE_DRAIN_MS - 1000,
	 .help = "how long event streams and tunnels may go on after SIGTERM"},
	SERVICE_VARS(struct router_config),
};

static void put_url(struct out *o, const char *prefix, const char *host, uint16_t port)
{
	const struct route_upstream u = {.host = host,
					 .port = port,
					 .six = span_find(span_str(host), ':') < span_str(host).n};
	out_str(o, prefix);
	out_str(o, "=http://");
	routes_put_address(o, &u);
}

/* The routes of the application, where there are no others. */
static struct span default_routes(struct out *o)
{
	const struct router_config *cfg = &router_config;
	put_url(o, "/api", cfg->api_host.s, cfg->api_port);
	out_str(o, " strip;");
	put_url(o, "/", cfg->web_host.s, cfg->web_port);
	return out_span_of(o);
}

static int check(struct out *errors)
{
	const struct router_config *cfg = &router_config;
	uint8_t buf[2 * ROUTES_ADDRESS + 32];
	struct out o = out_init(buf, sizeof buf);
	struct upstream_limits lim = upstream_defaults;
	uint32_t patience = cfg->upstream_timeout;
	struct span text = span_of(cfg->routes.p, cfg->routes.n);
	lim.connect_ms = patience < CONNECT_MS ? patience : CONNECT_MS;
	lim.answer_ms = patience;
	lim.between_ms = patience;
	/* What is wrong with a host has been said already. */
	if (text.n == 0 && cfg->api_host.s[0] != '\0' && cfg->web_host.s[0] != '\0')
		text = default_routes(&o);
	return routes_parse(&router_routes, text, &lim, errors);
}

static void show(struct out *o)
{
	out_str(o, "\nroutes:\n");
	routes_print(&router_routes, o);
}

static void open_upstreams(struct net_loop *loop)
{
	for (unsigned i = 0; i < router_routes.count; i++) {
		struct route *r = &router_routes.route[i];
		upstream_group_init(&r->group, loop, &r->lim);
		for (unsigned k = r->first; k < r->first + r->count; k++) {
			struct route_upstream *u = &router_routes.upstream[k];
			upstream_add(&r->group, &u->up, u->host, u->port, &stats->upstream[k]);
		}
	}
}

static int start(struct net_loop *loop)
{
	router_loop = loop;
	stats_open();
	open_upstreams(loop);
	server_limits = http_server_defaults;
	server_limits.out = 256 << 10; /* UPSTREAM_HIGH, and what one read adds to it */
	server_limits.body_ms = 60000; /* a body may be a conversation with the upstream */
	int rc = service_listen(&router_server, loop, &proxy_handler, &server_limits,
				router_config.port);
	listening = rc == 0;
	return rc;
}

static void on_streams_end(struct net_timer *t)
{
	(void)t;
	exchange_end_streams();
}

static void drain(void)
{
	listening = false;
	net_timer_set(router_loop, &streams_end, router_config.stream_drain, on_streams_end);
	service_drain(&router_server);
}

/* An upstream that is away is no reason to take the router out: it says so to the client. */
static bool ready(struct out *o)
{
	static const char *const words[] = {"unknown", "up", "down"};
	for (unsigned i = 0; i < router_routes.count; i++) {
		const struct route *r = &router_routes.route[i];
		out_str(o, i > 0 ? ",\"" : "\"");
		out_span(o, routes_name(r));
		out_str(o, "\":\"");
		out_str(o, words[upstream_group_state(&r->group)]);
		out_byte(o, '"');
	}
	return listening;
}

static const struct service router = {
	.name = "router",
	.summary = "the reverse proxy in front of api and web, or of anything else",
	.vars = vars,
	.var_count = sizeof vars / sizeof *vars,
	.config = &router_config.common,
	.public_port = &router_config.port,
	.check = check,
	.show = show,
	.prepare = stats_prepare,
	.start = start,
	.drain = drain,
	.ready = ready,
	.metrics = stats_answer,
};

int main(int argc, char **argv, char **env)
{
	return service_main(&router, argc, argv, env);
}
