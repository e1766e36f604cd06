/* For tests of the Redis client of the loop against redis_hostile.h. */
#ifndef TESTS_REDIS_HOSTILE_CLIENT_H
#define TESTS_REDIS_HOSTILE_CLIENT_H

#include "drivers/redis.h"
#include "integration/redis_hostile_reply.h"
#include "integration/redis_notes.h"

static struct redis client;
static struct link_host hosts[2]; /* the same, so that the next attempt comes without delay */
static struct redis_config config;

static char half[1024]; /* of a reply that is not complete */
static struct out part;
static unsigned unanswered, pushes;

static inline void on_push(struct redis *r, const struct resp_item *it)
{
	(void)r;
	check(it->push, "what is told as a push is one");
	pushes += it->last;
}

static const struct redis_events events = {on_ready, on_down, on_push, on_notice};

/* Of a reply that does not come whole nothing is told. */
static inline void ask_item(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	if (it->depth == 0)
		part.n = 0;
	if (it->type != RESP_END)
		put_item(&part, it);
	if (!it->last)
		return;
	unanswered--;
	out_span(&whole, out_span_of(&part));
	end_reply();
}

static inline void ask_failed(struct redis_request *q, int why)
{
	(void)q;
	unanswered--;
	put_failure(why);
}

static struct redis_request asking = {.item = ask_item, .failed = ask_failed};

static inline void forget_replies(void)
{
	replies_forget();
	part = out_init(half, sizeof half);
	unanswered = pushes = 0;
}

/* A client of [h] that is not started yet. */
static inline void begin(const struct hostile_server *h)
{
	open_loop();
	notes_forget();
	forget_replies();
	hosts[0] = hosts[1] = (struct link_host){h->host, h->port};
	config = (struct redis_config){
		.link = {.hosts = hosts,
			 .host_count = 2,
			 .connect_ms = 4000,
			 .in_max = 1 << 20,
			 .out_max = 2 * BIG},
		.limits = resp_default_limits,
	};
}

static inline void start(void)
{
	redis_start(&client, &loop, &config, &events);
}

static inline void ask(const struct hostile *row)
{
	const struct span argv[] = {SPAN("GET"), row->big ? span_of(big, sizeof big) : SPAN("k")};
	unanswered++;
	look_at_clock();
	check(redis_send(&client, &asking, row->hurried ? 150 : 4000, 2, argv) == 0, "%s: sent",
	      row->name);
}

/* The row's commands; none, when it breaks the connection before. */
static inline void ask_all(const struct hostile *row)
{
	if (row->way == EARLY && row->rc != 0)
		return;
	WAIT(ready_soon(&client));
	for (unsigned i = 0; client.ready && i < hostile_asks(row); i++)
		ask(row);
	one_turn(); /* it leaves before its deadline, whatever else the machine has to do */
	WAIT(unanswered == 0);
}

/* On this connection or the next; what is asked now gets its own answer. */
static inline void is_well_again(const char *name)
{
	WAIT(ready_soon(&client));
	forget_replies();
	ask(&(struct hostile){.name = name});
	WAIT(unanswered == 0);
	check(strcmp(replies, "+new;") == 0, "%s: the next command gets %s", name, replies);
}

static inline void end(struct hostile_server *h)
{
	redis_stop(&client);
	one_turn();
	net_loop_close(&loop);
	hostile_close(h);
}

#endif
