/*
 * router_rig: the real router between a client of harness/httpc.h and upstreams that the test
 * plays itself, step by step, so that each test decides what comes first.
 *
 *	struct rig r = rig_start(NULL);
 *	struct httpc c = rig_ask(&r, "GET /api/x HTTP/1.1\r\nHost: t\r\n\r\n");
 *	is_str(up_heard(&r.api), "GET /x HTTP/1.1\r\n...", "what the upstream got");
 *	up_say(&r.api, "HTTP/1.1 204 No Content\r\n\r\n");
 */
#ifndef TESTS_ROUTER_RIG_H
#define TESTS_ROUTER_RIG_H

#include "harness/httpc.h"
#include "harness/proc.h"
#include "harness/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOON 60000 /* ms that whatever should happen may take */
#define QUIET 60   /* ms after which what should not happen has not */

/* A scripted upstream: one connection at a time. */
struct up {
	int port, listener, conn;
	int accepted; /* connections so far */
};

struct rig {
	struct proc *router;
	int port, admin;
	struct up api, web;
};

static inline void up_listen(struct up *u)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)u->port)};
	int on = 1;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	u->conn = -1;
	u->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(u->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(u->listener, (struct sockaddr *)&to, sizeof to) != 0 ||
	    listen(u->listener, 64) != 0)
		bail("upstream: %s", strerror(errno));
}

static inline void up_hang_up(struct up *u)
{
	if (u->conn >= 0)
		close(u->conn);
	u->conn = -1;
}

/* Nobody listens any more. */
static inline void up_away(struct up *u)
{
	up_hang_up(u);
	if (u->listener >= 0)
		close(u->listener);
	u->listener = -1;
}

static inline bool readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	return poll(&p, 1, ms) > 0;
}

/* Waits until the router connects; what it had before is closed. */
static inline bool up_accept(struct up *u, int ms)
{
	int on = 1;
	if (!readable(u->listener, ms))
		return false;
	up_hang_up(u);
	u->conn = accept4(u->listener, NULL, NULL, SOCK_CLOEXEC);
	setsockopt(u->conn, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	u->accepted++;
	return u->conn >= 0;
}

/* A connection with something to read: the one we have, or a new one. */
static inline bool up_wait(struct up *u, int ms)
{
	long long until = now_ms() + ms;
	do {
		char c;
		if (u->conn >= 0 && readable(u->conn, 0)) {
			if (recv(u->conn, &c, 1, MSG_PEEK) > 0)
				return true;
			up_hang_up(u);
		}
		if (u->listener >= 0 && readable(u->listener, 0))
			up_accept(u, 0);
		tick();
	} while (now_ms() < until);
	return false;
}

/* The next [n] bytes, or what came in time; NUL behind them. */
static inline size_t up_take(struct up *u, char *buf, size_t n)
{
	size_t got = 0;
	while (got < n && readable(u->conn, SOON)) {
		ssize_t rc = recv(u->conn, buf + got, n - got, 0);
		if (rc <= 0)
			break;
		got += (size_t)rc;
	}
	buf[got] = '\0';
	return got;
}

/* The head of the next request, byte by byte so that its body stays; "" when none comes. */
static inline const char *up_heard(struct up *u)
{
	static char head[70000];
	size_t n = 0;
	head[0] = '\0';
	if (!up_wait(u, SOON))
		return head;
	while (n < sizeof head - 1 && up_take(u, head + n, 1) == 1)
		if (++n >= 4 && memcmp(head + n - 4, "\r\n\r\n", 4) == 0)
			break;
	head[n] = '\0';
	return head;
}

static inline void up_say(struct up *u, const char *text)
{
	size_t n = strlen(text);
	if (send(u->conn, text, n, MSG_NOSIGNAL) != (ssize_t)n)
		diag("upstream could not send: %s", strerror(errno));
}

/* Whether the router closes the connection; what comes before is thrown away. */
static inline bool up_closed(struct up *u, int ms)
{
	char buf[4096];
	while (readable(u->conn, ms))
		if (recv(u->conn, buf, sizeof buf, 0) <= 0)
			return true;
	return false;
}

static inline char *text_of(const char *name, int n)
{
	char *s = malloc(64);
	snprintf(s, 64, "%s=%d", name, n);
	return s;
}

/*
 * [routes]: the value of ROUTES, with the ports of api and web for its two %d; NULL: the variable
 * is not set. [more]: further variables, NULL at the end; may be NULL.
 */
static inline struct rig rig_start_routes(const char *routes, const char *const *more)
{
	struct rig r = {.port = free_port(), .admin = free_port()};
	temp_dir(); /* its guard is forked now, or it would keep our listeners open */
	r.api.port = free_port();
	r.web.port = free_port();
	up_listen(&r.api);
	up_listen(&r.web);
	const char *argv[] = {proc_bin("router"), NULL};
	const char *env[16] = {
		text_of("PORT", r.port),
		text_of("ADMIN_PORT", r.admin),
		text_of("API_PORT", r.api.port),
		text_of("WEB_PORT", r.web.port),
		"API_HOST=127.0.0.1",
		"WEB_HOST=localhost",
	};
	char text[512] = "ROUTES=";
	if (routes != NULL)
		snprintf(text + 7, sizeof text - 7, routes, r.api.port, r.web.port);
	env[6] = text;
	for (int i = 7; more != NULL && *more != NULL; i++)
		env[i] = *more++;
	r.router = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	for (int i = 0; i < 4; i++)
		free((char *)(uintptr_t)env[i]);
	if (!wait_port(r.port, SOON))
		bail("the router does not listen: %s", proc_log(r.router));
	return r;
}

static inline struct rig rig_start(const char *const *more)
{
	return rig_start_routes(NULL, more);
}

static inline int rig_stop(struct rig *r)
{
	/* Not proc_stop: its SIGCONT can hang the leak check at the end of a sanitized program. */
	proc_signal(r->router, SIGTERM);
	int status = proc_wait(r->router, SOON);
	up_away(&r->api);
	up_away(&r->web);
	proc_free(r->router);
	return status;
}

/* Pauses the router, and waits until it really stands still: on another core it may run on. */
static inline void rig_freeze(struct rig *r)
{
	char path[64], text[256];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)proc_pid(r->router));
	proc_signal(r->router, SIGSTOP);
	for (long long until = now_ms() + SOON; now_ms() < until; tick()) {
		FILE *f = fopen(path, "r");
		size_t n = f == NULL ? 0 : fread(text, 1, sizeof text - 1, f);
		text[n] = '\0';
		if (f != NULL)
			fclose(f);
		if (strstr(text, ") T ") != NULL)
			return;
	}
	bail("the router does not stop");
}

static inline struct httpc rig_dial(struct rig *r)
{
	struct httpc c;
	if (!httpc_dial(&c, "127.0.0.1", (uint16_t)r->port, SOON))
		bail("no connection to the router");
	return c;
}

static inline void tell(struct httpc *c, const char *text)
{
	httpc_send(c, span_str(text), SOON);
}

/* A new connection with this request on it. */
static inline struct httpc rig_ask(struct rig *r, const char *request)
{
	struct httpc c = rig_dial(r);
	tell(&c, request);
	return c;
}

/* One whole exchange; the status, or a negative result of httpc. */
static inline int rig_exchange(struct rig *r, struct up *u, const char *request, const char *answer)
{
	struct httpc c = rig_ask(r, request);
	struct httpc_answer a;
	up_heard(u);
	up_say(u, answer);
	int rc = httpc_read(&c, &a, SOON);
	int status = rc == HTTPC_OK ? a.status : rc;
	httpc_free(&a);
	httpc_close(&c);
	return status;
}

/* Closes with a reset, as a client does that was killed. */
static inline void reset(struct httpc *c)
{
	struct linger now = {1, 0};
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	httpc_close(c);
}

/* Whether an answer is there in time; it is thrown away. Returns its status. */
static inline int status_of(struct httpc *c)
{
	struct httpc_answer a;
	int rc = httpc_read(c, &a, SOON);
	int status = rc == HTTPC_OK ? a.status : rc;
	httpc_free(&a);
	return status;
}

#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define GET_API "GET /api/ HTTP/1.1\r\nHost: t\r\n\r\n"

#endif
