/*
 * A Redis server that does one thing wrong, in a process of its own, so that it stands against any
 * client, also one that blocks. What it does is a row of redis_hostile_rows.h: it welcomes the
 * first connection as the row says, answers the row's command as the row says, and is a good
 * server from then on, also to every later connection.
 *
 *	struct hostile_server h;
 *	hostile_open(&h, &rows[i], whole ? AT_ONCE : BY_BYTES);
 *	...a client of h.host, h.port sends GET k...
 *	hostile_close(&h);
 *
 * BY_BYTES: the client has read each byte before it gets the next.
 */
#ifndef TESTS_REDIS_HOSTILE_H
#define TESTS_REDIS_HOSTILE_H

#include "harness/proc.h"
#include "harness/tap.h"
#include "resp/resp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* What comes behind the answer. */
enum hostile_end {
	GOES_ON, /* a good server on the same connection */
	CLOSES,
	RESETS,
};

enum hostile_way {
	SPEAKS,
	DRIPS,  /* a byte each 20 ms */
	FLOODS, /* the same again and again, until the client goes away */
	CROAKS, /* as FLOODS, 20 ms between them */
	STARES, /* reads nothing after the login */
	SLAMS,  /* closes at the first bytes of its command */
	PEEPS,  /* reads a few bytes each 20 ms after the login */
	EARLY,  /* behind the welcome, before any command came */
};

struct hostile {
	const char *name;
	const char *says; /* to the command, and without [n] a text */
	/* The replies, "+OK;" or "*2 .$a .:1;", and of commands that have none "!late;" and so on
	 */
	const char *want;
	int rc;   /* not 0: this error of the codec or session ends the connection */
	size_t n; /* bytes of [says], when there are NULs in it */
	/* In the place of the good answer to another command: [to], or HELLO */
	const char *wrong, *to;
	enum hostile_end end;
	enum hostile_way way;
	unsigned asks;      /* commands that are sent together, and answered together; 0: 1 */
	bool old;           /* it does not know HELLO: RESP2 */
	bool big;           /* the command has 16 MiB */
	bool hurried;       /* the command's deadline is 150 ms, not some seconds */
	bool once;          /* as it comes, not BY_BYTES: too long for that, or about its time */
	const char *tells;  /* the operator is told by these words, the connection stays */
	const char *leaves; /* the client leaves by itself, with these words */
	unsigned pushes;    /* that the client sees, not less */
};

enum hostile_speed { AT_ONCE, BY_BYTES, SPEEDS };

struct hostile_server {
	char host[108]; /* an address, or the path of a socket */
	uint16_t port;
	int listener;
	pid_t pid;
};

#define HOSTILE_WELCOME "%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n"
#define HOSTILE_OLD "-ERR unknown command 'HELLO'\r\n"

static inline unsigned hostile_asks(const struct hostile *row)
{
	return row->asks > 0 ? row->asks : 1;
}

/* The process of the server. */

struct hostile_talk {
	const struct hostile *row;
	enum hostile_speed speed;
	int listener, fd;
	bool first; /* connection */
	unsigned asked;
};

/* Some bytes; false when the client is gone. */
static inline bool hostile_put(const struct hostile_talk *t, struct span s)
{
	while (s.n > 0) {
		ssize_t sent = send(t->fd, s.p, s.n, MSG_NOSIGNAL);
		if (sent < 0 && errno != EINTR)
			return false;
		s = span_tail(s, sent > 0 ? (size_t)sent : 0);
	}
	return true;
}

static inline bool hostile_unread(int fd)
{
	int n = 0;
	return ioctl(fd, TIOCOUTQ, &n) == 0 && n > 0;
}

/* When the client is gone what is unread stays so: then a hang-up is to be seen. */
static inline bool hostile_wait_read(const struct hostile_talk *t)
{
	struct pollfd p = {t->fd, POLLRDHUP, 0};
	while (hostile_unread(t->fd)) {
		if (poll(&p, 1, 0) > 0)
			return false;
		sched_yield();
	}
	return true;
}

static inline bool hostile_say(const struct hostile_talk *t, struct span s)
{
	bool there = true;
	if (t->speed == AT_ONCE)
		return hostile_put(t, s);
	for (size_t i = 0; i < s.n && there; i++)
		there = hostile_put(t, span_of(s.p + i, 1)) && hostile_wait_read(t);
	return there;
}

static inline struct span hostile_words(const struct hostile *row)
{
	return row->n > 0 ? span_of(row->says, row->n) : span_str(row->says);
}

static inline void hostile_answer(const struct hostile_talk *t, struct span s)
{
	bool there = true;
	switch (t->row->way) {
	case DRIPS:
		for (size_t i = 0; i < s.n && there; i++) {
			there = hostile_put(t, span_of(s.p + i, 1));
			usleep(20000);
		}
		break;
	case CROAKS:
	case FLOODS:
		while (hostile_put(t, s))
			if (t->row->way == CROAKS)
				usleep(20000);
		break;
	case EARLY:
		break;
	default:
		hostile_say(t, s);
	}
}

static inline void hostile_leave(struct hostile_talk *t)
{
	if (t->row->end == GOES_ON)
		return;
	if (t->row->end == RESETS)
		setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0},
			   sizeof(struct linger));
	close(t->fd);
	t->fd = -1;
}

/* What a good server says to all but the command of the row. */
static inline void hostile_do(struct hostile_talk *t, struct span word)
{
	const struct hostile *row = t->row;
	if (span_eq(word, SPAN("HELLO")))
		hostile_put(t, span_str(row->old ? HOSTILE_OLD : HOSTILE_WELCOME));
	else if (span_eq(word, SPAN("SUBSCRIBE")))
		hostile_put(t, SPAN(">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n"));
	else
		hostile_put(t, SPAN("+OK\r\n"));
	if (t->first && row->way == EARLY && span_eq(word, SPAN("HELLO")))
		hostile_put(t, hostile_words(row));
}

/* Says nothing more, until the client has given up and comes anew. */
static inline void hostile_hold(const struct hostile_talk *t)
{
	struct pollfd p = {t->listener, POLLIN, 0};
	while (poll(&p, 1, -1) < 1) {
	}
}

static inline void hostile_command(struct hostile_talk *t, struct span word)
{
	const char *to = t->row->to != NULL ? t->row->to : "HELLO";
	if (t->first && t->row->wrong != NULL && span_eq(word, span_str(to))) {
		hostile_answer(t, span_str(t->row->wrong));
		if (t->row->hurried)
			hostile_hold(t);
		hostile_leave(t);
	} else if (!span_eq(word, SPAN("GET"))) {
		hostile_do(t, word);
	} else if (!t->first || t->row->way == EARLY || t->asked == hostile_asks(t->row)) {
		hostile_put(t, SPAN("+new\r\n"));
	} else if (++t->asked == hostile_asks(t->row)) {
		hostile_answer(t, hostile_words(t->row));
		hostile_leave(t);
	}
}

/* From its command on it reads no more, or hardly, until the client comes anew; or it is over. */
static inline bool hostile_stares(const struct hostile_talk *t, struct span word)
{
	uint8_t few[64];
	struct pollfd p = {t->listener, POLLIN, 0};
	enum hostile_way way = t->row->way;
	if (!t->first || !span_eq(word, SPAN("GET")))
		return false;
	while ((way == STARES || way == PEEPS) && poll(&p, 1, 20) == 0)
		if (way == PEEPS)
			recv(t->fd, few, sizeof few, MSG_DONTWAIT);
	return way == STARES || way == PEEPS || way == SLAMS;
}

static inline void hostile_converse(struct hostile_talk *t)
{
	static uint8_t in[65536];
	size_t had = 0, done = 0;
	struct resp_reader reader;
	struct resp_item it;
	struct span word = SPAN_NONE;
	resp_reader_init(&reader, NULL);
	while (t->fd >= 0) {
		ssize_t got = recv(t->fd, in + had, sizeof in - had, 0);
		if (got <= 0)
			return;
		had += (size_t)got;
		for (int used = 1; used > 0 && t->fd >= 0;) {
			used = resp_next(&reader, span_of(in + done, had - done), &it);
			done += used > 0 ? (size_t)used : 0;
			if (used > 0 && it.type == RESP_BULK && word.p == NULL)
				word = it.str;
			if (hostile_stares(t, word))
				return;
			if (used <= 0 || !it.last)
				continue;
			hostile_command(t, word);
			word = SPAN_NONE;
		}
		if (done == had)
			had = done = 0;
	}
}

static inline void hostile_serve(const struct hostile *row, enum hostile_speed speed, int listener)
{
	struct hostile_talk t = {.row = row, .speed = speed, .listener = listener, .first = true};
	for (;; t.first = false) {
		t.fd = accept(listener, NULL, NULL);
		if (t.fd < 0)
			_exit(1);
		setsockopt(t.fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
		hostile_converse(&t);
		if (t.fd >= 0)
			close(t.fd);
	}
}

/* The test's side. */

/* On a Unix socket it can be seen what the client has read; a reset needs TCP. */
static inline void hostile_listen(struct hostile_server *h, bool local)
{
	static unsigned made;
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *sa = local ? (struct sockaddr *)&un : (struct sockaddr *)&in;
	socklen_t n = local ? sizeof un : sizeof in;
	memcpy(h->host, "127.0.0.1", 10);
	if (local) {
		char *path = temp_path("hostile-%u", made++);
		memcpy(h->host, path, strlen(path) + 1);
		memcpy(un.sun_path, path, strlen(path) + 1);
		free(path);
	}
	h->listener = socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(h->listener, sa, n) != 0 || listen(h->listener, 8) != 0 ||
	    (!local && getsockname(h->listener, sa, &n) != 0))
		bail("no socket to listen at: %s", strerror(errno));
	h->port = ntohs(in.sin_port);
}

static inline void hostile_open(struct hostile_server *h, const struct hostile *row,
				enum hostile_speed speed)
{
	hostile_listen(h, speed == BY_BYTES);
	h->pid = fork();
	if (h->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		hostile_serve(row, speed, h->listener);
	}
	close(h->listener);
	if (h->pid < 0)
		bail("fork: %s", strerror(errno));
}

static inline void hostile_close(struct hostile_server *h)
{
	kill(h->pid, SIGKILL);
	waitpid(h->pid, NULL, 0);
	if (h->host[0] == '/')
		unlink(h->host);
}

#endif
