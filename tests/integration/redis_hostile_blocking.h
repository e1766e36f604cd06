/* The blocking Redis client against the server of redis_hostile_rows.h, row by row. */
#ifndef TESTS_REDIS_HOSTILE_BLOCKING_H
#define TESTS_REDIS_HOSTILE_BLOCKING_H

#include "drivers/redis_blocking.h"
#include "integration/redis_hostile_reply.h"

#define MS 60000
#define NODES 64

static struct redis_blocking blocking;
static struct link_host hosts[2]; /* the same, so that the next attempt comes without delay */
static struct redis_config config;
static struct resp_node nodes[NODES];
static uint8_t bytes[4096];
static unsigned pushes;

static inline void on_push(void *user, const struct resp_item *it)
{
	(void)user;
	check(it->push, "what is told as a push is one");
	pushes += it->last;
}

static inline void configure(const struct hostile_server *h)
{
	replies_forget();
	pushes = 0;
	hosts[0] = hosts[1] = (struct link_host){h->host, h->port};
	config = (struct redis_config){
		.link = {.hosts = hosts,
			 .host_count = 2,
			 .connect_ms = MS,
			 .in_max = 1 << 20,
			 .out_max = 2 * BIG},
		.limits = resp_default_limits,
	};
}

static inline void begin(const struct hostile_server *h)
{
	configure(h);
	check(redis_blocking_open(&blocking, &config, MS) == 0, "connected: %s", blocking.why);
	blocking.push = on_push;
}

/* One reply, or what became of it. */
static inline void take(uint32_t ms)
{
	struct redis_reply y;
	redis_reply_init(&y, nodes, NODES, bytes, sizeof bytes);
	int rc = redis_blocking_take(&blocking, ms, &y);
	if (rc < 0) {
		put_failure(rc);
		return;
	}
	for (uint32_t i = 0; i < y.tree.n; i++)
		put_item(&whole, &nodes[i].it);
	end_reply();
}

static inline void ask_all(const struct hostile *row)
{
	const struct span argv[] = {SPAN("GET"), row->big ? span_of(big, sizeof big) : SPAN("k")};
	if (row->way == EARLY && row->rc != 0)
		return;
	for (unsigned i = 0; i < hostile_asks(row); i++)
		check(redis_blocking_put(&blocking, 2, argv) == 0, "%s: put", row->name);
	for (unsigned i = 0; i < hostile_asks(row); i++)
		take(row->hurried ? 150 : MS);
}

static inline bool has_more(void)
{
	const struct net_buf *in = &blocking.client.link.conn.in;
	return in->len > in->off;
}

/*
 * On this connection or the next. What a server says behind its reply is seen by the next call,
 * which it may cost, or by the one before: never a wrong reply.
 */
static inline void is_well_again(const struct hostile *row)
{
	const struct span argv[] = {SPAN("GET"), SPAN("k")};
	const struct redis_options o = {.ms = MS};
	struct pollfd more = {blocking.client.link.conn.src.fd, POLLIN, 0};
	struct redis_reply y;
	int rc = -1;
	bool breaks = row->rc != 0 || row->end != GOES_ON;
	/* What is still on its way when we ask is, for all that we can know, our answer. */
	bool noticed = row->way == EARLY && blocking.client.counters.connects > 1;
	if (row->rc == RESP_EUNASKED && !noticed && !has_more())
		check(poll(&more, 1, MS) == 1, "%s: more comes", row->name);
	for (int tries = breaks ? 2 : 1; tries > 0 && rc < 0; tries--) {
		redis_reply_init(&y, nodes, NODES, bytes, sizeof bytes);
		ready_soon(&blocking.client);
		rc = redis_blocking_call(&blocking, &o, 2, argv, &y);
	}
	check(rc == 0 && span_eq(nodes[0].it.str, SPAN("new")), "%s: the next call gets %s %s",
	      row->name, redis_strerror(rc), rc == 0 ? "another reply" : blocking.why);
	check(pushes + blocking.dropped >= row->pushes, "%s: %u pushes", row->name, pushes);
}

static inline void meets_with_blocking(const struct hostile *row, enum hostile_speed speed)
{
	struct hostile_server h;
	ends_within(300); /* a call that hangs is a failure, not a long wait */
	hostile_open(&h, row, speed);
	begin(&h);
	ask_all(row);
	is_met(row, speed);
	is_well_again(row);
	redis_blocking_close(&blocking);
	hostile_close(&h);
}

/* Each [step]th of those that may be met so. */
static inline void meets_all(enum hostile_speed speed, unsigned step)
{
	int before = failures();
	unsigned count = 0;
	for (size_t i = 0; i < sizeof hostile_rows / sizeof *hostile_rows; i++)
		if ((speed == AT_ONCE || !hostile_rows[i].once) && i % step == 0) {
			meets_with_blocking(&hostile_rows[i], speed);
			count++;
		}
	ok(failures() == before, "%u servers, %s", count, speeds[speed]);
}

#endif
