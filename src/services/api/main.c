#include "services/api/api.h"
#include "services/api/limit.h"

struct api_config api_config;
struct net_loop *api_loop;
struct redis api_redis;
struct postgres api_postgres;

struct http_server api_server;
static struct store_log redis_log, postgres_log;

#define AT(member) offsetof(struct api_config, member)

static const struct config_var vars[] = {
	{.name = "PORT",
	 .fallback = "5000",
	 .at = AT(port),
	 .take = config_take_port,
	 .help = "port of the API"},
	POSTGRES_VARS(struct api_config, postgres),
	REDIS_VARS(struct api_config, redis),
	{.name = "MAX_INDEX",
	 .fallback = "10000",
	 .at = AT(max_index),
	 .take = config_take_u32,
	 .max = 1000000,
	 .help = "the highest index that is taken"},
	{.name = "RATE_LIMIT",
	 .fallback = "0",
	 .at = AT(rate_limit),
	 .take = config_take_u32,
	 .max = LIMIT_RATE_MAX,
	 .help = "requests a second of one client; 0 = no limit"},
	{.name = "CORS",
	 .fallback = "on",
	 .at = AT(cors),
	 .take = config_take_bool,
	 .help = "answers may be read by pages of any origin"},
	SERVICE_VARS(struct api_config),
};

static const struct postgres_statement *const statements[] = {
	&post_insert,
	&list_page,
};

static int check(struct out *errors)
{
	int mistakes = redis_settings_apply(&api_config.redis, "barnacle-api", errors) +
		       postgres_settings_apply(&api_config.postgres, "barnacle-api", errors);
	struct postgres_config *pg = &api_config.postgres.client;
	pg->setup = record_tables;
	pg->setups = RECORD_TABLES;
	pg->statements = statements;
	pg->statement_count = sizeof statements / sizeof *statements;
	return mistakes;
}

static void on_redis_ready(struct redis *r)
{
	(void)r;
	store_log_up(&redis_log);
	rebuild_wanted();
}

static void on_redis_down(struct redis *r, const char *why)
{
	store_log_down(&redis_log, r->link.loop->now, why);
}

static void on_postgres_ready(struct postgres *p)
{
	(void)p;
	store_log_up(&postgres_log);
	rebuild_wanted();
}

static void on_postgres_down(struct postgres *p, const char *why)
{
	store_log_down(&postgres_log, p->link.loop->now, why);
}

static const struct redis_events redis_events = {on_redis_ready, on_redis_down, NULL,
						 store_log_notice};
static const struct postgres_events postgres_events = {on_postgres_ready, on_postgres_down};

static int start(struct net_loop *loop)
{
	api_loop = loop;
	store_log_init(&redis_log, "redis", "values and queue");
	store_log_init(&postgres_log, "postgres", "record");
	stats_start();
	/* A part of the values is sent in one piece, however long they are. */
	static struct http_server_limits limits;
	limits = http_server_defaults;
	limits.out = API_TEXT_MAX;
	int rc = service_listen(&api_server, loop, routes_handler(), &limits, api_config.port);
	if (rc < 0)
		return rc;
	postgres_start(&api_postgres, loop, &api_config.postgres.client, &postgres_events);
	redis_start(&api_redis, loop, &api_config.redis.client, &redis_events);
	stream_start(loop);
	rebuild_start(loop);
	return 0;
}

static void on_drained(struct http_server *s)
{
	(void)s;
	rebuild_stop();
	postgres_stop(&api_postgres);
	redis_stop(&api_redis);
	service_stopped();
}

static void drain(void)
{
	stream_stop();
	http_server_drain(&api_server, on_drained);
}

static void put_state(struct out *o, const char *name, bool up)
{
	out_byte(o, '"');
	out_str(o, name);
	out_str(o, up ? "\":\"up\"" : "\":\"down\"");
}

/*
 * At the start both must have been there once. Later only PostgreSQL counts: without Redis a POST
 * is still taken, and a balancer that took this container out would stop just that.
 */
static bool ready(struct out *o)
{
	put_state(o, "postgres", api_postgres.ready);
	out_byte(o, ',');
	put_state(o, "redis", api_redis.ready);
	return api_postgres.ready && (api_redis.ready || redis_log.ever_up);
}

static const struct service api = {
	.name = "api",
	.summary = "the HTTP API over PostgreSQL and Redis",
	.vars = vars,
	.var_count = sizeof vars / sizeof *vars,
	.config = &api_config.common,
	.public_port = &api_config.port,
	.check = check,
	.prepare = stats_prepare,
	.start = start,
	.drain = drain,
	.ready = ready,
	.metrics = stats_answer,
};

int main(int argc, char **argv, char **env)
{
	return service_main(&api, argc, argv, env);
}
