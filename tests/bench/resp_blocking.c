/* Ours, the blocking client. */
#include "drivers/redis_blocking.h"
#include "resp_reading.h"

#define MS 60000

static struct redis_blocking client;
static struct link_host server;
static struct redis_config config;

void side_open(const char *host, int port)
{
	server = (struct link_host){host, (uint16_t)port};
	config = (struct redis_config){
		.link = {.hosts = &server,
			 .host_count = 1,
			 .connect_ms = MS,
			 .in_max = 1 << 20,
			 .out_max = 1 << 20},
		.limits = resp_default_limits,
	};
	/* A bulk that is longer than the buffers comes in pieces. */
	config.limits.part = 1 << 18;
	if (redis_blocking_open(&client, &config, MS) < 0)
		side_fail(client.why);
}

void side_put(size_t argc, const struct span argv[])
{
	if (redis_blocking_put(&client, argc, argv) < 0)
		side_fail("not sent");
}

static void on_item(void *user, const struct resp_item *it)
{
	uint64_t *sum = user;
	if (redis_is_error(it))
		side_fail("the server refuses");
	*sum += is_scalar(it);
}

uint64_t side_take(unsigned long n)
{
	uint64_t sum = 0;
	if (redis_blocking_take_items(&client, MS, (uint32_t)n, on_item, &sum) < 0)
		side_fail(client.why);
	return sum;
}

void side_close(void)
{
	redis_blocking_close(&client);
}
