/*
 * router_upstream: an upstream that misbehaves, in a process of its own so that it does its worst
 * while the test waits for what the client sees. A [struct way] says what it does to a request;
 * which one, the test says before it sends the request.
 *
 *	struct up_script *s = upstream_fork(r.api.listener);
 *	upstream_set(s, &way, 1);              // the next request; well-behaved after that
 *	... ask the router ...
 *	is_int(s->heard, 1, "it was asked once");
 *	upstream_end(s);
 *
 * Well-behaved it answers 200 with the target as the body, whatever the method, and keeps its
 * connections.
 */
#ifndef TESTS_ROUTER_UPSTREAM_H
#define TESTS_ROUTER_UPSTREAM_H

#include "integration/router_rig.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define PEERS 32

/* The routes of the rig, without a limit on the bodies for api. */
#define ROUTES_LARGE "/api=http://127.0.0.1:%d strip body=0; /=http://localhost:%d"

enum when {
	AT_END,      /* the whole request has been read */
	AT_ACCEPT,   /* before anything is read */
	AT_READABLE, /* the request is there, unread */
	AT_HEAD,     /* its head has been read, nothing behind it */
	AT_HALF,     /* half of its body */
};

enum then {
	KEEP,  /* ready for the next request */
	CLOSE, /* with whatever is unread: then it is a reset */
	SHUT,  /* only its own side, and waits for the other's end */
	RESET,
	STALL, /* says no more, reads on */
	DEAF,  /* the same, and reads no more */
};

struct way {
	const char *name;
	const char *request; /* NULL: GET_WAY */
	size_t body;         /* bytes of 'x' that follow the request */
	enum when when;
	const char *say;
	size_t say_n;
	bool drip;         /* a byte at a time */
	const char *later; /* said when [say] has long arrived */
	enum then then;
	unsigned plays; /* 0: to every request; otherwise well-behaved afterwards */
	bool pooled;    /* on a connection that has served another request before */
	/* What must come of it. */
	int status; /* or HTTPC_CUT: visibly truncated */
	const char *body_is, *has, *lacks;
	int heard;       /* the upstream is asked so often; 0: once, or twice for a repetition */
	enum then after; /* KEEP: its connection serves the next request; CLOSE: it is gone */
};

/* Shared with the upstream's process. */
struct up_script {
	const struct way *way;
	pid_t pid;
	atomic_int plays; /* how often still; negative: always */
	atomic_int heard, accepted, open;
	atomic_llong body; /* bytes of bodies */
};

struct peer {
	int fd;
	const struct way *way;  /* NULL: well-behaved */
	struct span say, later; /* what is left of it */
	bool heading, begun, acted, deaf;
	size_t left, half; /* bytes of the body that are still to come */
	char head[8192], own[512];
};

static struct peer peers[PEERS];
static size_t peer_count;
static struct up_script *up_shared;

/* What to do to a connection or a request that begins now. */
static inline const struct way *next_way(bool accepting)
{
	int plays = atomic_load(&up_shared->plays);
	if (plays == 0 || (up_shared->way->when == AT_ACCEPT) != accepting)
		return NULL;
	const struct way *way = up_shared->way;
	/* The test may have thought better of it. */
	int left = plays > 0 ? plays - 1 : plays;
	if (!atomic_compare_exchange_strong(&up_shared->plays, &plays, left))
		return NULL;
	return way;
}

static inline void peer_close(struct peer *p, bool reset_it)
{
	struct linger now = {1, 0};
	if (reset_it)
		setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(p->fd);
	p->fd = -1;
	atomic_fetch_sub(&up_shared->open, 1);
}

static inline void peer_begin(struct peer *p)
{
	p->heading = true;
	p->begun = p->acted = false;
	p->left = p->half = 0;
	p->way = NULL;
}

/* All is said: what follows? */
static inline void peer_then(struct peer *p)
{
	enum then then = p->way == NULL ? KEEP : p->way->then;
	if (then == CLOSE || then == RESET)
		peer_close(p, then == RESET);
	else if (then == SHUT)
		shutdown(p->fd, SHUT_WR);
	else if (then == DEAF)
		p->deaf = true;
	else if (then == KEEP && p->left == 0)
		peer_begin(p);
}

static inline void peer_say(struct peer *p)
{
	size_t n = p->way != NULL && p->way->drip && p->say.n > 1 ? 1 : p->say.n;
	ssize_t put = n > 0 ? send(p->fd, p->say.p, n, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
	if (put < 0 && errno != EAGAIN) {
		peer_close(p, false);
		return;
	}
	p->say = span_tail(p->say, put > 0 ? (size_t)put : 0);
	if (p->say.n == 0)
		peer_then(p);
}

static inline void peer_act(struct peer *p)
{
	const struct way *w = p->way;
	p->acted = true;
	if (w != NULL) {
		p->say = span_of(w->say, w->say_n);
		p->later = span_str(w->later);
	} else {
		char target[200];
		size_t at = strcspn(p->head, " ") + 1, n = strcspn(p->head + at, " ");
		snprintf(target, sizeof target, "%.*s", (int)n, p->head + at);
		int said = snprintf(p->own, sizeof p->own,
				    "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
				    strlen(target), target);
		p->say = span_of(p->own, (size_t)said);
	}
	peer_say(p);
}

static inline void peer_due(struct peer *p, enum when when)
{
	if (p->fd >= 0 && !p->acted && (p->way == NULL ? AT_END : p->way->when) == when)
		peer_act(p);
}

/* The functions that read return false at the end of the stream. */

static inline void peer_head_done(struct peer *p)
{
	const char *length = strstr(p->head, "\r\nContent-Length: ");
	p->heading = false;
	p->left = length == NULL ? 0 : (size_t)strtoul(length + 18, NULL, 10);
	p->half = p->left / 2;
	peer_due(p, AT_HEAD);
}

static inline bool peer_read_head(struct peer *p)
{
	ssize_t n = recv(p->fd, p->head, sizeof p->head - 1, MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0)
		return false;
	if (!p->begun) {
		p->begun = true;
		p->way = next_way(false);
		atomic_fetch_add(&up_shared->heard, 1);
		peer_due(p, AT_READABLE);
	}
	p->head[n] = '\0';
	char *end = strstr(p->head, "\r\n\r\n");
	if (p->acted || end == NULL)
		return true;
	end[4] = '\0';
	recv(p->fd, NULL, (size_t)(end + 4 - p->head), MSG_TRUNC | MSG_DONTWAIT);
	peer_head_done(p);
	return true;
}

/* What comes after a request is thrown away as its body is. */
static inline bool peer_read_body(struct peer *p)
{
	size_t most = p->left > p->half ? p->left - p->half : p->left > 0 ? p->left : 65536;
	ssize_t n = recv(p->fd, NULL, most, MSG_TRUNC | MSG_DONTWAIT);
	if (n <= 0)
		return false;
	atomic_fetch_add(&up_shared->body, n);
	p->left -= p->left > 0 ? (size_t)n : 0;
	if (p->left == p->half)
		peer_due(p, AT_HALF);
	if (p->fd >= 0 && p->left == 0 && p->acted && p->say.n == 0)
		peer_then(p);
	return true;
}

static inline void peer_read(struct peer *p)
{
	bool goes_on = p->heading ? peer_read_head(p) : peer_read_body(p);
	if (p->fd >= 0 && !goes_on)
		peer_close(p, false);
	if (p->fd >= 0 && !p->heading && p->left == 0)
		peer_due(p, AT_END);
}

static inline void peer_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), on = 1;
	size_t i = 0;
	while (i < peer_count && peers[i].fd >= 0)
		i++;
	if (fd < 0 || i == PEERS)
		_exit(3);
	peer_count += i == peer_count;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	memset(&peers[i], 0, offsetof(struct peer, head));
	peers[i].fd = fd;
	peer_begin(&peers[i]);
	atomic_fetch_add(&up_shared->accepted, 1);
	atomic_fetch_add(&up_shared->open, 1);
	peers[i].way = next_way(true);
	if (peers[i].way != NULL) {
		peers[i].heading = false;
		peer_act(&peers[i]);
	}
}

static inline void peer_turn(struct peer *p, short events)
{
	if (p->say.n > 0)
		peer_say(p);
	else if (events == 0 && p->later.n > 0) {
		p->say = p->later;
		p->later = SPAN_NONE;
		peer_say(p);
	} else if (events != 0)
		peer_read(p);
}

static inline void upstream_run(int listener)
{
	for (;;) {
		struct pollfd fds[PEERS + 1] = {{.fd = listener, .events = POLLIN}};
		int wait = -1;
		for (size_t i = 0; i < peer_count; i++) {
			struct peer *p = &peers[i];
			bool dripping = p->say.n > 0 && p->way != NULL && p->way->drip;
			fds[i + 1].fd = p->fd;
			if (p->say.n > 0)
				fds[i + 1].events = dripping ? 0 : POLLOUT;
			else
				fds[i + 1].events = p->deaf ? POLLRDHUP : POLLIN;
			if (p->fd >= 0 && (dripping || p->later.n > 0))
				wait = p->later.n > 0 ? 5 : 1;
		}
		size_t n = peer_count;
		poll(fds, n + 1, wait);
		for (size_t i = 0; i < n; i++) {
			struct peer *p = &peers[i];
			short events = fds[i + 1].revents;
			if (p->deaf && events != 0)
				peer_close(p, false);
			else if (p->fd >= 0 && (events != 0 || wait > 0))
				peer_turn(p, events);
		}
		if (fds[0].revents != 0)
			peer_accept(listener);
	}
}

/* All ways, and what they point to, must be in place before. [open] makes the listener there. */
static inline struct up_script *upstream_fork_with(int (*open)(int arg), int arg)
{
	up_shared = mmap(NULL, sizeof *up_shared, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (up_shared == MAP_FAILED)
		bail("no shared memory");
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		upstream_run(open(arg));
	}
	up_shared->pid = pid;
	return up_shared;
}

static inline int upstream_listener(int listener)
{
	return listener;
}

static inline struct up_script *upstream_fork(int listener)
{
	return upstream_fork_with(upstream_listener, listener);
}

static inline void upstream_end(struct up_script *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	munmap(s, sizeof *s);
}

/* [plays]: to so many requests, the next ones; 0: all. The counts of requests start anew. */
static inline void upstream_set(struct up_script *s, const struct way *way, unsigned plays)
{
	atomic_store(&s->plays, 0);
	s->way = way;
	atomic_store(&s->heard, 0);
	atomic_store(&s->body, 0);
	atomic_store(&s->plays, plays > 0 ? (int)plays : -1);
}

static inline void upstream_behave(struct up_script *s)
{
	atomic_store(&s->plays, 0);
}

/* Waits until it has that many connections open. */
static inline bool upstream_wait_open(struct up_script *s, int open)
{
	long long until = now_ms() + SOON;
	while (atomic_load(&s->open) != open && now_ms() < until)
		tick();
	return atomic_load(&s->open) == open;
}

#endif
