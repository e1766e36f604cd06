/* Ours, the client of the loop. */
#include "drivers/redis.h"
#include "resp_reading.h"

static struct net_loop loop;
static struct redis client;
static uint64_t came, taken; /* replies */
static uint64_t sum;         /* what they have */

static void on_item(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	if (redis_is_error(it))
		side_fail("the server refuses");
	sum += is_scalar(it);
	came += it->last;
}

static void on_failed(struct redis_request *q, int why)
{
	(void)q;
	(void)why;
	side_fail("no reply");
}

static struct redis_request request = {.item = on_item, .failed = on_failed};

static void on_ready(struct redis *r)
{
	(void)r;
}

static void on_down(struct redis *r, const char *why)
{
	(void)r;
	side_fail(why);
}

static const struct redis_events events = {.ready = on_ready, .down = on_down};

void side_open(const char *host, int port)
{
	static struct link_host server;
	static struct redis_config config;
	server = (struct link_host){host, (uint16_t)port};
	config = (struct redis_config){
		.link = {.hosts = &server,
			 .host_count = 1,
			 .connect_ms = 60000,
			 .in_max = 1 << 20,
			 .out_max = 1 << 20},
		.limits = resp_default_limits,
	};
	/* A bulk that is longer than the buffers comes in pieces. */
	config.limits.part = 1 << 18;
	if (net_loop_open(&loop) < 0)
		side_fail("no loop");
	redis_start(&client, &loop, &config, &events);
	while (!client.ready)
		net_loop_turn(&loop);
}

void side_put(size_t argc, const struct span argv[])
{
	if (redis_send(&client, &request, 60000, argc, argv) < 0)
		side_fail("not sent");
}

/* A program in a loop writes from within it, and what it wrote is sent before the loop sleeps. */
uint64_t side_take(unsigned long n)
{
	uint64_t want = taken + n, before = sum;
	net_conn_settle(&loop);
	while (came < want)
		net_loop_turn(&loop);
	taken = want;
	return sum - before;
}

void side_close(void)
{
	redis_stop(&client);
	net_loop_turn(&loop);
	net_loop_close(&loop);
}
