/*
 * For tests of the session against a real server: one blocking socket, as embedders use it.
 *
 *	struct wire w;
 *	wire_open(&w, store, "app");
 *	w.event = on_event;                     // every event, in order
 *	wire_send(&w, &query, PGWIRE_QUERY, who);
 *	wire_run(&w, 0);                        // until no more than so many wait for their end
 *	wire_close(&w);
 */
#ifndef TESTS_PGWIRE_WIRE_H
#define TESTS_PGWIRE_WIRE_H

#include "harness/stores.h"
#include "harness/tap.h"
#include "pgwire/pgwire_session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))
#define WIRE_IN (64 << 10)
#define WIRE_QUEUE 64

struct wire {
	int fd;
	struct pgwire_session s;
	struct pgwire_pending queue[WIRE_QUEUE];
	struct pgwire_login login;
	void (*event)(struct wire *w, const struct pgwire_event *ev);
	void *user;
	int error; /* the session's, after it ended */
	bool ready;
	struct out out;
	size_t in_n;
	uint8_t in[WIRE_IN], out_buf[256 << 10];
};

static inline void wire_flush(struct wire *w)
{
	for (size_t at = 0; at < w->out.n;) {
		ssize_t n = send(w->fd, w->out.p + at, w->out.n - at, MSG_NOSIGNAL);
		if (n <= 0)
			break; /* the next read tells */
		at += (size_t)n;
	}
	w->out.n = 0;
}

static inline void wire_event(struct wire *w, const struct pgwire_event *ev)
{
	if (ev->kind == PGWIRE_EV_WORK)
		while (pgwire_session_work(&w->s, &w->out, 4096) == 0)
			;
	w->ready |= ev->kind == PGWIRE_EV_READY;
	if (w->event != NULL)
		w->event(w, ev);
}

/* Reads once and tells all that is whole; false when the connection is over: w->error. */
static inline bool wire_step(struct wire *w)
{
	struct pgwire_event ev;
	size_t at = 0;
	int used;
	wire_flush(w);
	ssize_t n = recv(w->fd, w->in + w->in_n, sizeof w->in - w->in_n, 0);
	if (n <= 0) {
		w->error = w->error == 0 ? PGWIRE_EFATAL : w->error;
		return false;
	}
	w->in_n += (size_t)n;
	while ((used = pgwire_session_next(&w->s, span_of(w->in + at, w->in_n - at), &w->out,
					   &ev)) > 0) {
		wire_event(w, &ev);
		at += (size_t)used;
	}
	w->in_n -= at;
	memmove(w->in, w->in + at, w->in_n);
	if (used < 0)
		w->error = used;
	return used == 0;
}

/* False when the connection ended first. */
static inline bool wire_run(struct wire *w, uint32_t left)
{
	while (w->s.count > left)
		if (!wire_step(w))
			return false;
	wire_flush(w);
	return true;
}

/* As [user] of the store, to any database; limits that fit the buffer. */
static inline bool wire_open_as(struct wire *w, struct store *store, const char *user,
				const char *database, unsigned short port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct pgwire_limits lim = pgwire_default_limits;
	uint8_t nonce[PGWIRE_NONCE_SIZE];
	memset(w, 0, offsetof(struct wire, in));
	w->out = out_init(w->out_buf, sizeof w->out_buf);
	w->login = (struct pgwire_login){.user = span_str(user),
					 .database = span_str(database),
					 .password = span_str(store_password(store))};
	lim.row = lim.other = WIRE_IN - 5;
	pgwire_session_init(&w->s, &lim, w->queue, WIRE_QUEUE);
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = {.tv_sec = 20};
	setsockopt(w->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(w->fd, (struct sockaddr *)&a, sizeof a) != 0 ||
	    getrandom(nonce, sizeof nonce, 0) != sizeof nonce ||
	    pgwire_session_login(&w->s, &w->login, nonce, &w->out) < 0)
		bail("no connection to PostgreSQL: %s", strerror(errno));
	while (!w->ready)
		if (!wire_step(w))
			return false;
	return true;
}

static inline void wire_open(struct wire *w, struct store *store, const char *database)
{
	if (!wire_open_as(w, store, store_user(store), database, (unsigned short)store_port(store)))
		bail("no login: %s %s", pgwire_strerror(w->error), w->s.refusal);
}

static inline int wire_send(struct wire *w, const struct pgwire_query *q, unsigned flags, void *who)
{
	int rc = pgwire_session_send(&w->s, &w->out, q, flags, who);
	if (rc == PGWIRE_EROOM && w->out.n > 0) {
		wire_flush(w);
		rc = pgwire_session_send(&w->s, &w->out, q, flags, who);
	}
	return rc;
}

static inline void wire_close(struct wire *w)
{
	void *who;
	w->out.over = false;
	pgwire_put_terminate(&w->out);
	wire_flush(w);
	while (pgwire_session_drop(&w->s, &who))
		;
	close(w->fd);
}

/* A command of the shell with psql in it, as the store's role: what it said, from malloc. */
static inline char *shell_psql(struct store *store, const char *database, const char *command)
{
	int status;
	char name[64];
	snprintf(name, sizeof name, "PGDATABASE=%s", database);
	const char *argv[] = {"sh", "-c", command, NULL};
	const char *more[] = {name, "PGCLIENTENCODING=UTF8", "LC_ALL=C.UTF-8", NULL};
	const char **env = env_join(store_env(store), more, NULL);
	char *said = proc_run(&(struct proc_spec){.argv = argv, .env = env}, 60000, &status);
	if (status != 0)
		bail("%s: status %d: %.2000s", command, status, said);
	free(env);
	return said;
}

/* A text that grows, for what was seen. */

struct text {
	char *p;
	size_t n, cap;
};

static inline void text_put(struct text *t, struct span s)
{
	if (t->n + s.n + 1 > t->cap) {
		t->cap = 2 * (t->n + s.n + 1);
		t->p = realloc(t->p, t->cap);
		if (t->p == NULL)
			bail("out of memory");
	}
	if (s.n > 0)
		memcpy(t->p + t->n, s.p, s.n);
	t->n += s.n;
	t->p[t->n] = '\0';
}

#endif
