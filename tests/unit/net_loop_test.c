#include "unit/net_story.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* Tasks. */

struct job {
	struct net_task t;
	char name;
	struct net_task *drops, *puts;
	bool stops;
};

static void on_job(struct net_task *t)
{
	struct job *j = (struct job *)((char *)t - offsetof(struct job, t));
	tell(j->name);
	if (j->drops != NULL)
		net_task_drop(&loop, j->drops);
	if (j->puts != NULL)
		net_task_put(&loop, j->puts, on_job);
	if (j->stops)
		net_loop_stop(&loop);
}

static void on_other_job(struct net_task *t)
{
	(void)t;
	tell('!');
}

static void put(struct job *j)
{
	net_task_put(&loop, &j->t, on_job);
}

static void test_task_order(void)
{
	struct job a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c', .stops = true};
	open_loop();
	loop.turn_end = tell_turn;
	a.puts = &c.t;
	put(&a);
	put(&b);
	put(&a);
	net_task_put(&loop, &b.t, on_other_job);
	net_loop_run(&loop);
	is_str(story, "ab|c|", "tasks run once, in order; one put by a task in the next turn");
	struct job d = {.name = 'd', .stops = true}, e = {.name = 'e'};
	d.puts = &d.t;
	put(&d);
	put(&e);
	told = 0;
	net_loop_run(&loop);
	net_loop_run(&loop);
	is_str(story, "de|d|", "a task puts itself");
	net_loop_close(&loop);
}

static void test_task_drop(void)
{
	struct job a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'},
		   d = {.name = 'd', .stops = true};
	struct job *jobs[] = {&a, &b, &c};
	for (unsigned k = 0; k < 3; k++) {
		open_loop();
		put(&a);
		put(&b);
		put(&c);
		net_task_drop(&loop, &jobs[k]->t);
		net_task_drop(&loop, &jobs[k]->t);
		put(&d);
		net_loop_run(&loop);
		is_str(story, k == 0 ? "bcd" : k == 1 ? "acd" : "abd", "task %u is dropped", k);
		net_loop_close(&loop);
	}
}

static void test_task_drop_running(void)
{
	struct job a = {.name = 'a'}, b = {.name = 'b'}, c = {.name = 'c'}, d = {.name = 'd'},
		   e = {.name = 'e', .stops = true};
	open_loop();
	loop.turn_end = tell_turn;
	a.puts = &e.t; /* waits for the next turn ... */
	b.drops = &d.t;
	c.drops = &c.t; /* ... and is not touched when one of this turn is dropped */
	put(&a);
	put(&b);
	put(&c);
	put(&d);
	net_loop_run(&loop);
	is_str(story, "abc|e|", "the last task is dropped while the tasks run");
	told = 0;
	a = (struct job){.name = 'a', .drops = &b.t, .puts = &b.t};
	put(&a);
	put(&b);
	put(&e);
	b.stops = true;
	net_loop_run(&loop);
	is_str(story, "ae|", "dropped and put again by a task: not in this turn");
	net_loop_run(&loop);
	is_str(story, "ae|b|", "but in the next");
	net_loop_close(&loop);
}

static void free_job(struct net_task *t)
{
	tell('f');
	free(t);
}

static void test_task_freed(void)
{
	struct job end = {.name = 'e', .stops = true};
	open_loop();
	for (int i = 0; i < 2; i++) {
		struct net_task *t = calloc(1, sizeof *t);
		if (t != NULL)
			net_task_put(&loop, t, free_job);
	}
	put(&end);
	net_loop_run(&loop);
	is_str(story, "ffe", "a task's memory may go while it runs");
	net_loop_close(&loop);
}

/* Sources. */

struct port {
	struct net_source s;
	char name;
	bool drains;
	struct port *unwatches, *rewatches;
	uint32_t seen;
};

static void on_ready(struct net_source *s, uint32_t events)
{
	struct port *p = (struct port *)((char *)s - offsetof(struct port, s));
	uint64_t v;
	tell(p->name);
	p->seen = events;
	if (p->drains && read(s->fd, &v, sizeof v) < 0)
		tell('?');
	if (p->unwatches != NULL)
		net_unwatch(&loop, &p->unwatches->s);
	if (p->rewatches != NULL)
		net_watch(&loop, &p->rewatches->s, p->rewatches->s.fd, EPOLLIN, on_ready);
}

static void open_port(struct port *p, bool is_ready)
{
	int fd = eventfd(is_ready, EFD_NONBLOCK | EFD_CLOEXEC);
	if (fd < 0 || net_watch(&loop, &p->s, fd, EPOLLIN, on_ready) != 0)
		bail("no eventfd");
}

static void close_port(struct port *p)
{
	net_unwatch(&loop, &p->s);
	close(p->s.fd);
}

static void test_source_unwatched(void)
{
	struct port a = {.name = 'a', .drains = true}, b = {.name = 'b', .drains = true},
		    c = {.name = 'c', .drains = true};
	open_loop();
	open_port(&a, true);
	open_port(&c, true);
	open_port(&b, true);
	a.unwatches = &b;
	b.unwatches = &a;
	run_for(20);
	ok(told == 2 && strchr(story, 'c') != NULL,
	   "of two sources that unwatch each other one is called (%s)", story);
	close_port(&a);
	close_port(&b);
	close_port(&c);
	net_loop_close(&loop);
}

static void test_source_watched_anew(void)
{
	struct port a = {.name = 'a', .drains = true}, b = {.name = 'b', .drains = true};
	open_loop();
	open_port(&a, true);
	open_port(&b, true);
	a.unwatches = a.rewatches = &b;
	b.unwatches = b.rewatches = &a;
	loop.turn_end = tell_turn;
	run_for(20);
	ok(strncmp(story, "a|b|", 4) == 0 || strncmp(story, "b|a|", 4) == 0,
	   "watched anew: its event comes in the next turn (%s)", story);
	close_port(&a);
	close_port(&b);
	net_loop_close(&loop);
}

static void test_source_level(void)
{
	struct port a = {.name = 'a'};
	struct job stop = {.name = 's', .stops = true};
	open_loop();
	open_port(&a, true);
	for (int i = 0; i < 3; i++) {
		put(&stop);
		net_loop_run(&loop);
	}
	is_str(story, "asasas", "what is not taken is told again");
	ok(a.seen == EPOLLIN, "with its events");
	ok(net_rewatch(&loop, &a.s, 0) == 0 && net_rewatch(&loop, &a.s, 0) == 0, "no event wanted");
	run_for(20);
	is_str(story, "asasas", "none comes");
	net_rewatch(&loop, &a.s, EPOLLIN | EPOLLOUT);
	put(&stop);
	net_loop_run(&loop);
	ok(a.seen == (EPOLLIN | EPOLLOUT), "two events wanted");
	close_port(&a);
	net_loop_close(&loop);
}

static void test_source_many(void)
{
	static struct port ports[NET_EVENTS + 44];
	const size_t n = sizeof ports / sizeof *ports;
	unsigned served = 0;
	open_loop();
	for (size_t i = 0; i < n; i++) {
		ports[i].name = '.';
		ports[i].drains = true;
		open_port(&ports[i], true);
	}
	run_for(20);
	for (size_t i = 0; i < n; i++) {
		served += ports[i].seen != 0;
		close_port(&ports[i]);
	}
	ok(served == n && turns < 10, "more sources than one epoll_wait returns");
	net_loop_close(&loop);
}

static void test_source_errors(void)
{
	struct port a = {.name = 'a'};
	open_loop();
	is_int(net_watch(&loop, &a.s, -1, EPOLLIN, on_ready), -EBADF, "no descriptor");
	int fd = open("/", O_RDONLY | O_CLOEXEC);
	is_int(net_watch(&loop, &a.s, fd, EPOLLIN, on_ready), -EPERM, "one without events");
	close(fd);
	net_loop_close(&loop);
}

/* The order within a turn, and its end. */

static struct port source;
static struct job task;
static struct net_timer timer;

static void on_timer(struct net_timer *t)
{
	(void)t;
	tell('t');
}

static void test_turn(void)
{
	open_loop();
	source = (struct port){.name = 's', .drains = true};
	task = (struct job){.name = 'k', .stops = true};
	open_port(&source, true);
	net_timer_set(&loop, &timer, 1, on_timer);
	usleep(40 * 1000); /* so that it is due in the first turn, as the others are */
	put(&task);
	loop.turn_end = tell_turn;
	net_loop_run(&loop);
	is_str(story, "stk|", "a turn: sources, timers, tasks, its end; then it stops");
	put(&task);
	net_loop_run(&loop);
	is_str(story, "stk|k|", "a loop that was stopped runs again");
	close_port(&source);
	net_loop_close(&loop);
}

/* The system. */

static void on_signal(struct net_loop *l, int number)
{
	tell(number == SIGTERM ? 'T' : number == SIGINT ? 'I' : number == SIGHUP ? 'H' : '?');
	if (number == SIGTERM)
		net_loop_stop(l);
}

static void test_signals(void)
{
	sigset_t set;
	int ends[2];
	open_loop();
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	is_int(net_signals(&loop, &set, on_signal), 0, "signals through the loop");
	kill(getpid(), SIGHUP);
	kill(getpid(), SIGINT);
	run_for(20);
	ok(told == 2 && strchr(story, 'H') != NULL && strchr(story, 'I') != NULL, "two signals");
	kill(getpid(), SIGTERM);
	net_loop_run(&loop);
	ok(story[told - 1] == 'T', "SIGTERM stops the loop");
	if (pipe2(ends, O_CLOEXEC) != 0)
		bail("no pipe");
	close(ends[0]);
	ok(write(ends[1], "x", 1) < 0 && errno == EPIPE, "SIGPIPE is ignored");
	close(ends[1]);
	net_loop_close(&loop);
}

static void test_system(void)
{
	uint8_t bytes[600];
	unsigned zeros = 0;
	time_t now = time(NULL);
	uint64_t wall = net_wall_seconds();
	ok(wall + 2 >= (uint64_t)now && wall <= (uint64_t)now + 2, "seconds since 1970");
	memset(bytes, 0, sizeof bytes);
	net_random(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		zeros += bytes[i] == 0;
	ok(zeros < 40 && memcmp(bytes, bytes + 256, 256) != 0, "random bytes");
	for (uint32_t ms = 0; ms < 1000; ms++) {
		uint32_t j = net_jitter(ms);
		check(j >= ms / 2 && j <= ms, "jitter of %u: %u", ms, j);
	}
	uint32_t most = net_jitter(UINT32_MAX);
	ok(most >= UINT32_MAX / 2, "jitter stays in its range");
	is_str(net_strerror(-ECONNREFUSED), "connection refused", "words for an errno");
	is_str(net_strerror(-ENAMETOOLONG), "name too long", "words for another");
	is_str(net_strerror(-INT_MAX), "system error 2147483647", "a number for all others");
	for (int rc = NET_ESLOW; rc <= NET_ENONAME; rc++)
		check(strstr(net_strerror(rc), "system") == NULL, "words for %d", rc);
	is_str(net_strerror(NET_EFULL), "peer sent more than the input bound", "and for our own");
}

int main(void)
{
	unsigned before = descriptors();
	test_task_order();
	test_task_drop();
	test_task_drop_running();
	test_task_freed();
	test_source_unwatched();
	test_source_watched_anew();
	test_source_level();
	test_source_many();
	test_source_errors();
	test_turn();
	test_signals();
	test_system();
	is_int(descriptors(), before, "no descriptor is left behind");
	return done();
}
