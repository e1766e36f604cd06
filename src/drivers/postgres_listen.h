/*
 * postgres_listen: notifications (LISTEN, NOTIFY) on a connection of their own. The channels are
 * remembered and listened to again after each loss; a connection on which nothing happens is asked
 * for a sign of life, so that a dead one is found.
 *
 *	struct postgres_listener l = {.notify = on_notify, .listening = on_listening};
 *	postgres_listener_open(&l, &loop, &config, 30000);
 *	rc = postgres_listen(&l, SPAN("jobs"));
 *
 * Nobody keeps notifications for who is away: after [listening], look at the state itself, then
 * rely on what comes.
 */
#ifndef DRIVERS_POSTGRES_LISTEN_H
#define DRIVERS_POSTGRES_LISTEN_H

#include "drivers/postgres.h"

#define POSTGRES_CHANNELS 32
#define POSTGRES_CHANNEL_MAX 63 /* NAMEDATALEN - 1: the server cuts what is longer */

struct postgres_listener {
	/* Views good for the call. */
	void (*notify)(struct postgres_listener *l, const struct pgwire_notify *n);
	/* All channels are listened to, at first and after each change and loss; may be NULL. */
	void (*listening)(struct postgres_listener *l);
	void (*down)(struct postgres_listener *l,
		     const char *why); /* as of a client; may be NULL */
	struct postgres p;             /* this and what follows: the driver's */
	struct postgres_watcher watcher;
	struct postgres_request q;
	struct net_timer beat;
	uint32_t beat_ms;
	bool busy;    /* q is in flight, */
	bool beating; /* for a sign of life */
	bool changed; /* what is listened to is not what is wanted */
	size_t count;
	struct {
		uint8_t n;
		uint8_t name[POSTGRES_CHANNEL_MAX];
	} channels[POSTGRES_CHANNELS];
	void *user;
};

/*
 * [cfg] as of postgres_start (setup and statements are run too, its connect_ms is the time for
 * LISTEN and for a sign of life), in place until close. [beat_ms] between signs of life; 0: none.
 */
void postgres_listener_open(struct postgres_listener *l, struct net_loop *loop,
			    const struct postgres_config *cfg, uint32_t beat_ms);
void postgres_listener_close(struct postgres_listener *l); /* as postgres_stop */

/*
 * Names are taken as they are: "Jobs" is not "jobs". At any time; done when [listening] is called.
 * 0; POSTGRES_EFULL: POSTGRES_CHANNELS are there; POSTGRES_EREQUEST: empty, too long, or a NUL.
 */
int postgres_listen(struct postgres_listener *l, struct span channel);
void postgres_unlisten(struct postgres_listener *l, struct span channel);

#endif
