#include "net/net.h"

#include "net/net_conn.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define NEVER UINT64_MAX

static uint64_t clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int net_loop_open(struct net_loop *loop)
{
	memset(loop, 0, sizeof *loop);
	loop->signals.fd = -1;
	loop->tasks_end = &loop->tasks;
	loop->now = clock_ms();
	loop->ticked = loop->now / NET_TICK;
	loop->input = malloc(NET_INPUT);
	if (loop->input == NULL)
		return -ENOMEM;
	loop->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epfd >= 0)
		return 0;
	int rc = -errno;
	free(loop->input);
	return rc;
}

void net_loop_close(struct net_loop *loop)
{
	if (loop->signals.fd >= 0)
		close(loop->signals.fd);
	close(loop->epfd);
	while (loop->spares > 0)
		free(loop->spare[--loop->spares]);
	free(loop->input);
}

void net_loop_stop(struct net_loop *loop)
{
	loop->stopping = true;
}

/* Sources. */

int net_watch(struct net_loop *loop, struct net_source *s, int fd, uint32_t events,
	      void (*ready)(struct net_source *, uint32_t events))
{
	struct epoll_event e = {.events = events, .data.ptr = s};
	s->fd = fd;
	s->events = events;
	s->ready = ready;
	return epoll_ctl(loop->epfd, EPOLL_CTL_ADD, fd, &e) == 0 ? 0 : -errno;
}

int net_rewatch(struct net_loop *loop, struct net_source *s, uint32_t events)
{
	if (s->events == events)
		return 0;
	struct epoll_event e = {.events = events, .data.ptr = s};
	s->events = events;
	return epoll_ctl(loop->epfd, EPOLL_CTL_MOD, s->fd, &e) == 0 ? 0 : -errno;
}

void net_unwatch(struct net_loop *loop, struct net_source *s)
{
	epoll_ctl(loop->epfd, EPOLL_CTL_DEL, s->fd, NULL);
	s->events = 0;
	for (int i = 0; i < loop->event_count; i++)
		if (loop->events[i].data.ptr == s)
			loop->events[i].data.ptr = NULL;
}

/*
 * Timers: a wheel of NET_WHEEL slots. A timer stands in a slot that comes no later than its due
 * time; when the slot is swept too early for it (it was moved, or lies more than one lap ahead)
 * it is put where it belongs. So moving a timer later is only a store.
 */

static void link_timer(struct net_loop *loop, struct net_timer *t)
{
	uint64_t tick = (t->due + NET_TICK - 1) / NET_TICK;
	if (tick <= loop->ticked)
		tick = loop->ticked + 1;
	unsigned slot = (unsigned)(tick % NET_WHEEL);
	t->next = loop->wheel[slot];
	t->link = &loop->wheel[slot];
	if (t->next != NULL)
		t->next->link = &t->next;
	loop->wheel[slot] = t;
	loop->busy[slot / 64] |= UINT64_C(1) << slot % 64;
	if (tick < loop->wake)
		loop->wake = tick;
}

void net_timer_stop(struct net_timer *t)
{
	if (t->link == NULL)
		return;
	*t->link = t->next;
	if (t->next != NULL)
		t->next->link = t->link;
	t->link = NULL;
}

void net_timer_set(struct net_loop *loop, struct net_timer *t, uint32_t ms,
		   void (*fire)(struct net_timer *))
{
	uint64_t due = loop->now + ms;
	bool stays = t->link != NULL && due >= t->due;
	t->due = due;
	t->fire = fire;
	if (stays)
		return;
	net_timer_stop(t);
	link_timer(loop, t);
}

static void sweep_slot(struct net_loop *loop, unsigned slot)
{
	struct net_timer *list = loop->wheel[slot];
	loop->wheel[slot] = NULL;
	loop->busy[slot / 64] &= ~(UINT64_C(1) << slot % 64);
	if (list != NULL)
		list->link = &list;
	while (list != NULL) {
		struct net_timer *t = list;
		net_timer_stop(t);
		if (t->due > loop->now)
			link_timer(loop, t);
		else
			t->fire(t);
	}
}

static void fire_timers(struct net_loop *loop)
{
	uint64_t tick = loop->now / NET_TICK;
	/* After a long stop (SIGSTOP, a suspended machine) one lap sees every slot. */
	if (tick - loop->ticked > NET_WHEEL)
		loop->ticked = tick - NET_WHEEL;
	while (loop->ticked < tick) {
		loop->ticked++;
		sweep_slot(loop, (unsigned)(loop->ticked % NET_WHEEL));
	}
}

/* The tick of the next slot that holds a timer. */
static uint64_t next_busy(const struct net_loop *loop)
{
	for (unsigned d = 1; d <= NET_WHEEL;) {
		unsigned slot = (unsigned)((loop->ticked + d) % NET_WHEEL);
		uint64_t word = loop->busy[slot / 64] >> slot % 64;
		if (word != 0)
			return loop->ticked + d + (unsigned)__builtin_ctzll(word);
		d += 64 - slot % 64;
	}
	return NEVER;
}

static int sleep_ms(struct net_loop *loop)
{
	if (loop->tasks != NULL || loop->again != NULL || loop->settling != NULL || loop->stopping)
		return 0;
	if (loop->wake <= loop->ticked)
		loop->wake = next_busy(loop);
	if (loop->wake == NEVER)
		return -1;
	uint64_t at = loop->wake * NET_TICK, now = clock_ms();
	if (at <= now)
		return 0;
	return at - now < INT_MAX ? (int)(at - now) : INT_MAX;
}

/* Tasks. */

void net_task_put(struct net_loop *loop, struct net_task *t, void (*run)(struct net_task *))
{
	if (t->waiting)
		return;
	t->run = run;
	t->waiting = true;
	t->next = NULL;
	*loop->tasks_end = t;
	loop->tasks_end = &t->next;
}

static bool unlink_task(struct net_task **list, struct net_task *t)
{
	while (*list != NULL && *list != t)
		list = &(*list)->next;
	if (*list == NULL)
		return false;
	*list = t->next;
	return true;
}

void net_task_drop(struct net_loop *loop, struct net_task *t)
{
	if (!t->waiting)
		return;
	t->waiting = false;
	if (unlink_task(&loop->running, t))
		return;
	unlink_task(&loop->tasks, t);
	loop->tasks_end = &loop->tasks;
	while (*loop->tasks_end != NULL)
		loop->tasks_end = &(*loop->tasks_end)->next;
}

static void run_tasks(struct net_loop *loop)
{
	loop->running = loop->tasks;
	loop->tasks = NULL;
	loop->tasks_end = &loop->tasks;
	while (loop->running != NULL) {
		struct net_task *t = loop->running;
		loop->running = t->next;
		t->waiting = false;
		t->run(t);
	}
}

void net_loop_turn(struct net_loop *loop)
{
	struct epoll_event events[NET_EVENTS];
	int n = epoll_wait(loop->epfd, events, NET_EVENTS, sleep_ms(loop));
	loop->now = clock_ms();
	loop->events = events;
	loop->event_count = n > 0 ? n : 0;
	while (loop->event_count > 0) {
		struct epoll_event e = *loop->events++;
		loop->event_count--;
		struct net_source *s = e.data.ptr;
		if (s != NULL)
			s->ready(s, e.events);
	}
	fire_timers(loop);
	net_conn_run_again(loop);
	run_tasks(loop);
	net_conn_settle(loop);
	if (loop->turn_end != NULL)
		loop->turn_end();
}

void net_loop_run(struct net_loop *loop)
{
	loop->stopping = false;
	while (!loop->stopping)
		net_loop_turn(loop);
}
