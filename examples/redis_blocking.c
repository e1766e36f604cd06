/*
 * redis_blocking: a Redis client for a program without a loop. It connects again when it must, and
 * each call has one deadline for all of it.
 *
 *	cc redis_blocking.c -o redis_blocking $(pkg-config --cflags --libs barnacle)
 *	./redis_blocking redis://:secret@127.0.0.1:6379/0
 */
#include "drivers/redis_blocking.h"
#include "resp/resp_uri.h"

#include <stdio.h>
#include <stdlib.h>

static struct redis_blocking redis;
static struct resp_node nodes[64];
static uint8_t bytes[4096], room[512];

static void die(const char *text, const char *why)
{
	fprintf(stderr, "%s: %s\n", text, why);
	exit(1);
}

static void show(const char *command, const struct redis_reply *y)
{
	for (uint32_t i = 0; i < y->tree.n; i++) {
		const struct resp_item *it = &nodes[i].it;
		printf("%s %*s%c", command, 2 * it->depth, "", it->type);
		if (it->str.n > 0)
			printf("%.*s\n", (int)it->str.n, (const char *)it->str.p);
		else
			printf("%lld\n", (long long)it->num);
	}
}

int main(int argc, char **argv)
{
	const struct span set[] = {SPAN("SET"), SPAN("example"), SPAN("42")};
	const struct span get[] = {SPAN("GET"), SPAN("example")};
	const struct span all[] = {SPAN("HGETALL"), SPAN("values")};
	struct resp_uri uri;
	if (argc != 2 || resp_uri_read(span_str(argv[1]), room, sizeof room, &uri) < 0)
		die("usage", "redis_blocking redis://[user[:password]@]host[:port][/db]");
	struct link_host host = {(const char *)uri.host.p, uri.port};
	struct redis_config config = {
		.link = {&host, 1, .connect_ms = 2000, .in_max = 1 << 20, .out_max = 1 << 20},
		.login = {.user = uri.user, .password = uri.password, .db = uri.db},
		.limits = resp_default_limits,
	};
	if (redis_blocking_open(&redis, &config, 2000) < 0)
		die("no connection", redis.why);

	struct redis_reply y;
	redis_reply_init(&y, nodes, 64, bytes, sizeof bytes);
	int rc = redis_blocking_call(&redis, &(struct redis_options){.ms = 1000}, 3, set, &y);
	if (rc < 0)
		die("SET", redis_strerror(rc));
	show("SET", &y);
	/* Two at once, in one write. */
	redis_blocking_put(&redis, 2, get);
	redis_blocking_put(&redis, 2, all);
	for (int i = 0; i < 2; i++) {
		rc = redis_blocking_take(&redis, 1000, &y);
		if (rc < 0)
			die(i == 0 ? "GET" : "HGETALL", redis_strerror(rc));
		show(i == 0 ? "GET" : "HGETALL", &y);
	}
	redis_blocking_close(&redis);
}
