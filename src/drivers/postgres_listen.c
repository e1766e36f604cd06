#include "drivers/postgres_listen.h"

#include <string.h>

/* "UNLISTEN *;", and each name in quotes with its own quotes doubled. */
#define SQL_ROOM (16 + POSTGRES_CHANNELS * (2 * POSTGRES_CHANNEL_MAX + 16))

static void send_next(struct postgres_listener *l);

static struct postgres_listener *listener_of(struct postgres *p)
{
	return (struct postgres_listener *)((char *)p - offsetof(struct postgres_listener, p));
}

static struct span name_at(const struct postgres_listener *l, size_t i)
{
	return span_of(l->channels[i].name, l->channels[i].n);
}

static size_t find(const struct postgres_listener *l, struct span channel)
{
	size_t i = 0;
	while (i < l->count && !span_eq(name_at(l, i), channel))
		i++;
	return i;
}

static void wait_for_beat(struct postgres_listener *l);

static void on_done(struct postgres_request *q, int rc)
{
	struct postgres_listener *l =
		(struct postgres_listener *)((char *)q - offsetof(struct postgres_listener, q));
	l->busy = false;
	/* Refused, for a reason that is the server's own: a new connection may do better, later. */
	if (rc == POSTGRES_EFAILED)
		postgres_renew(&l->p, q->message);
	if (rc != 0)
		return;
	if (l->changed)
		send_next(l);
	else if (l->listening != NULL && !l->beating)
		l->listening(l);
}

static void on_beat(struct net_timer *t)
{
	struct postgres_listener *l =
		(struct postgres_listener *)((char *)t - offsetof(struct postgres_listener, beat));
	wait_for_beat(l);
	if (l->busy)
		return;
	l->beating = true;
	l->q = (struct postgres_request){.done = on_done};
	l->busy = postgres_put(&l->p, &l->q, l->p.cfg->link.connect_ms, &(struct pgwire_query){0},
			       PGWIRE_SIMPLE) == 0;
}

static void wait_for_beat(struct postgres_listener *l)
{
	if (l->beat_ms > 0)
		net_timer_set(l->p.link.loop, &l->beat, l->beat_ms, on_beat);
}

static void put_name(struct out *o, struct span name)
{
	out_byte(o, '"');
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '"')
			out_byte(o, '"');
		out_byte(o, name.p[i]);
	}
	out_byte(o, '"');
}

/* All of them, in one transaction: no notification is missed in between. */
static void send_all(struct postgres_listener *l)
{
	uint8_t sql[SQL_ROOM];
	struct out o = out_init(sql, sizeof sql);
	out_str(&o, "UNLISTEN *");
	for (size_t i = 0; i < l->count; i++) {
		out_str(&o, ";LISTEN ");
		put_name(&o, name_at(l, i));
	}
	l->beating = false;
	l->q = (struct postgres_request){.done = on_done};
	int rc = postgres_put(&l->p, &l->q, l->p.cfg->link.connect_ms,
			      &(struct pgwire_query){.sql = out_span_of(&o)}, PGWIRE_SIMPLE);
	l->busy = rc == 0;
	l->changed = rc != 0;
}

static void send_next(struct postgres_listener *l)
{
	if (l->p.ready && !l->busy)
		send_all(l);
}

static void on_ready(struct postgres *p)
{
	struct postgres_listener *l = listener_of(p);
	l->busy = false;
	l->changed = true;
	send_next(l);
	wait_for_beat(l);
}

static void on_down(struct postgres *p, const char *why)
{
	struct postgres_listener *l = listener_of(p);
	net_timer_stop(&l->beat);
	if (l->down != NULL)
		l->down(l, why);
}

static const struct postgres_events events = {on_ready, on_down};

static bool on_event(struct postgres_watcher *w, struct postgres *p, const struct pgwire_event *ev)
{
	struct postgres_listener *l = listener_of(p);
	(void)w;
	if (ev->kind == PGWIRE_EV_NOTIFY && find(l, ev->notify.channel) < l->count)
		l->notify(l, &ev->notify);
	return false;
}

void postgres_listener_open(struct postgres_listener *l, struct net_loop *loop,
			    const struct postgres_config *cfg, uint32_t beat_ms)
{
	l->beat_ms = beat_ms;
	l->beat.link = NULL;
	l->count = 0;
	l->busy = false;
	l->watcher.event = on_event;
	postgres_start(&l->p, loop, cfg, &events);
	postgres_watch(&l->p, &l->watcher);
}

void postgres_listener_close(struct postgres_listener *l)
{
	net_timer_stop(&l->beat);
	postgres_stop(&l->p);
}

int postgres_listen(struct postgres_listener *l, struct span channel)
{
	if (channel.n == 0 || channel.n > POSTGRES_CHANNEL_MAX ||
	    span_find(channel, 0) != channel.n)
		return POSTGRES_EREQUEST;
	if (find(l, channel) < l->count)
		return 0;
	if (l->count == POSTGRES_CHANNELS)
		return POSTGRES_EFULL;
	l->channels[l->count].n = (uint8_t)channel.n;
	memcpy(l->channels[l->count].name, channel.p, channel.n);
	l->count++;
	l->changed = true;
	send_next(l);
	return 0;
}

void postgres_unlisten(struct postgres_listener *l, struct span channel)
{
	size_t i = find(l, channel);
	if (i == l->count)
		return;
	l->channels[i] = l->channels[--l->count];
	l->changed = true;
	send_next(l);
}
