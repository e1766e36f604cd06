#include "services/worker/worker.h"

struct worker_config worker_config;
struct net_loop *worker_loop;
struct redis worker_commands;

static struct store_log commands_log = {.store = "redis", .use = "values and queue"};
static struct net_timer drain_poll;

#define AT(member) offsetof(struct worker_config, member)
#define DRAIN_POLL_MS 50

static const struct config_var vars[] = {
	REDIS_VARS(struct worker_config, redis),
	{.name = "MAX_INDEX",
	 .fallback = "1000000",
	 .at = AT(max_index),
	 .take = config_take_u32,
	 .max = 1000000,
	 .help = "jobs above it are set aside, whoever made them"},
	{.name = "CLAIM_AFTER",
	 .fallback = "10s",
	 .at = AT(claim_ms),
	 .take = config_take_duration_ms,
	 .flags = CONFIG_MS,
	 .min = 1000,
	 .max = 3600000,
	 .help = "a job this long with another worker is taken over"},
	{.name = "JOB_TIME",
	 .fallback = "5s",
	 .at = AT(job_ms),
	 .take = config_take_duration_ms,
	 .flags = CONFIG_MS,
	 .min = 10,
	 .max = 3600000,
	 .help = "a job that takes longer ends its worker"},
	{.name = "JOB_TRIES",
	 .fallback = "5",
	 .at = AT(job_tries),
	 .take = config_take_u32,
	 .min = 2,
	 .max = 1000,
	 .help = "a job that ended so many workers is set aside for an hour"},
	SERVICE_VARS(struct worker_config),
};

static int check(struct out *errors)
{
	int mistakes = redis_settings_apply(&worker_config.redis, "barnacle-worker", errors);
	worker_config.redis.client.limits = resp_default_limits;
	worker_config.redis.client.limits.part = STRING_MAX;
	return mistakes;
}

void worker_log_refusal(const char *what, const struct resp_item *it)
{
	/* One for each thing that is wanted: their errors differ, and come by turns. */
	static struct store_log refusals[8];
	struct store_log *s = refusals;
	while (s->use != NULL && s->use != what && s < refusals + 7)
		s++;
	store_log_refused(s, worker_loop->now, "redis", what, it->str);
}

static void on_ready(struct redis *r)
{
	(void)r;
	store_log_up(&commands_log);
	queue_ready();
	foreign_ready();
}

static void on_down(struct redis *r, const char *why)
{
	store_log_down(&commands_log, r->link.loop->now, why);
}

static const struct redis_events events = {on_ready, on_down, NULL, store_log_notice};

/* It can be meant so, for jobs that are always short: no mistake, but worth a line. */
static void warn_of_claims(void)
{
	struct log_line l;
	if (workers_number > 0 || worker_config.claim_ms >= 2 * (uint64_t)worker_config.job_ms ||
	    !log_open(&l, LOG_WARN, "CLAIM_AFTER is below twice JOB_TIME"))
		return;
	log_str(&l, "why", "a job at work may count as lost");
	log_close(&l);
}

static int start(struct net_loop *loop)
{
	worker_loop = loop;
	warn_of_claims();
	stats_start();
	redis_start(&worker_commands, loop, &worker_config.redis.client, &events);
	work_start();
	queue_start(loop);
	foreign_start(loop);
	return 0;
}

static void wait_for_work(struct net_timer *t)
{
	if (!work_idle()) {
		net_timer_set(worker_loop, t, DRAIN_POLL_MS, wait_for_work);
		return;
	}
	stats_stop();
	redis_stop(&worker_commands);
	service_stopped();
}

/* Jobs that the batch does not hold yet stay in the queue, for another worker or a later one. */
static void drain(void)
{
	queue_stop();
	foreign_stop();
	wait_for_work(&drain_poll);
}

static bool ready(struct out *o)
{
	out_str(o, worker_commands.ready ? "\"redis\":\"up\"" : "\"redis\":\"down\"");
	return worker_commands.ready;
}

static const struct service worker = {
	.name = "worker",
	.summary = "computes the values that were asked for",
	.vars = vars,
	.var_count = sizeof vars / sizeof *vars,
	.config = &worker_config.common,
	.check = check,
	.prepare = stats_prepare,
	.start = start,
	.drain = drain,
	.ready = ready,
	.metrics = stats_answer,
};

int main(int argc, char **argv, char **env)
{
	return service_main(&worker, argc, argv, env);
}
