/*
 * The way between the services and their stores: a process that carries bytes, and stops when the
 * test says so. What it holds back goes on when the way is open again, as after a cut cable.
 */
#ifndef TESTS_INTEGRATION_CHAOS_RELAY_H
#define TESTS_INTEGRATION_CHAOS_RELAY_H

#include "harness/proc.h"
#include "harness/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define RELAY_PAIRS 64
#define RELAY_POLL_MS 5

enum relay_way { RELAY_OPEN, RELAY_CUT, RELAY_RESET };

/* In memory that is shared with the relay's process. */
struct relay_door {
	int port, to;
	_Atomic int way; /* RELAY_RESET: what is connected is reset, and then refused */
};

struct relay_pair {
	int fd[2]; /* the service's side and the store's */
	const struct relay_door *door;
};

/*
 * Children of this program that are not programs of their own. They hold what tells the guard of
 * the temporary folder that the test is over, so they end before anything else does.
 */
static struct {
	pid_t owner, pid[16];
	size_t n;
} forked;

static inline void side_end(void)
{
	for (size_t i = 0; i < forked.n && getpid() == forked.owner; i++)
		if (forked.pid[i] > 0) {
			kill(forked.pid[i], SIGKILL);
			waitpid(forked.pid[i], NULL, 0);
		}
}

/* fork; it ends with the test program at the latest. */
static inline pid_t side_fork(void)
{
	size_t at = 0;
	if (forked.owner == 0) {
		forked.owner = getpid();
		temp_dir(); /* its own end comes after ours */
		atexit(side_end);
	}
	while (at < forked.n && forked.pid[at] > 0)
		at++;
	if (at == sizeof forked.pid / sizeof *forked.pid)
		bail("too many children");
	fflush(stdout);
	pid_t pid = fork();
	if (pid < 0)
		bail("fork: %s", strerror(errno));
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	forked.pid[at] = pid;
	forked.n += at == forked.n;
	return pid;
}

/* Its status when it has come to its end. */
static inline int side_wait(pid_t pid)
{
	int status = -1;
	for (size_t i = 0; i < forked.n; i++)
		if (forked.pid[i] == pid) {
			waitpid(pid, &status, 0);
			forked.pid[i] = 0;
		}
	return status;
}

static inline struct sockaddr_in relay_address(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static inline int relay_listen(int port)
{
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = relay_address(port);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, RELAY_PAIRS) != 0)
		bail("relay on %d: %s", port, strerror(errno));
	return fd;
}

/* So that the other side sees a reset, not an orderly end. */
static inline void relay_abort(int fd)
{
	struct linger now = {.l_onoff = 1};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(fd);
}

static inline void relay_accept(int listener, const struct relay_door *door,
				struct relay_pair pairs[static RELAY_PAIRS], size_t *n)
{
	struct sockaddr_in at = relay_address(door->to);
	int near = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (near < 0)
		return;
	int far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*n == RELAY_PAIRS || door->way == RELAY_RESET ||
	    connect(far, (struct sockaddr *)&at, sizeof at) != 0) {
		relay_abort(near);
		close(far);
		return;
	}
	pairs[(*n)++] = (struct relay_pair){{near, far}, door};
}

/* Some bytes from one side to the other; false when the connection is over. */
static inline bool relay_carry(int from, int to)
{
	static uint8_t buf[65536];
	ssize_t got = recv(from, buf, sizeof buf, 0);
	for (ssize_t sent = 0; sent < got;) {
		ssize_t k = send(to, buf + sent, (size_t)(got - sent), MSG_NOSIGNAL);
		if (k <= 0)
			return false;
		sent += k;
	}
	return got > 0;
}

/* False when the pair is over and closed. */
static inline bool relay_turn(const struct relay_pair *p, const struct pollfd polled[static 2])
{
	bool open = p->door->way != RELAY_RESET;
	for (int side = 0; side < 2 && open && p->door->way == RELAY_OPEN; side++)
		if (polled[side].revents != 0)
			open = relay_carry(p->fd[side], p->fd[1 - side]);
	if (!open) {
		relay_abort(p->fd[0]);
		relay_abort(p->fd[1]);
	}
	return open;
}

static inline void relay_run(const struct relay_door *doors, size_t count, const int *listeners)
{
	struct relay_pair pairs[RELAY_PAIRS];
	struct pollfd polled[8 + 2 * RELAY_PAIRS];
	size_t n = 0;
	for (;;) {
		for (size_t i = 0; i < count; i++)
			polled[i] = (struct pollfd){doors[i].way == RELAY_CUT ? -1 : listeners[i],
						    POLLIN, 0};
		for (size_t i = 0; i < n; i++)
			for (size_t side = 0; side < 2; side++) {
				bool open = pairs[i].door->way == RELAY_OPEN;
				polled[count + 2 * i + side] =
					(struct pollfd){open ? pairs[i].fd[side] : -1, POLLIN, 0};
			}
		poll(polled, count + 2 * n, RELAY_POLL_MS);
		/* From the end, so that the last pair may take the place of one that is over. */
		for (size_t i = n; i-- > 0;)
			if (!relay_turn(&pairs[i], polled + count + 2 * i))
				pairs[i] = pairs[--n];
		for (size_t i = 0; i < count; i++)
			if (polled[i].revents != 0)
				relay_accept(listeners[i], &doors[i], pairs, &n);
	}
}

/* At most 8 doors, in shared memory, each with its ports. Ends with the test program. */
static inline void relay_start(const struct relay_door *doors, size_t count)
{
	int listeners[8];
	for (size_t i = 0; i < count; i++)
		listeners[i] = relay_listen(doors[i].port);
	if (side_fork() == 0)
		relay_run(doors, count, listeners);
	for (size_t i = 0; i < count; i++)
		close(listeners[i]);
}

#endif
