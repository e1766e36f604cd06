/*
 * For tests of the clients: the server's end, played by the test itself between single turns of
 * the loop. It listens on loopback, takes a connection, sees what came, says what a server would.
 *
 *	struct peer p;
 *	peer_open(&p);
 *	...start a client of 127.0.0.1:p.port...
 *	peer_take(&p);
 *	peer_hear(&p, 4);               // some turns, until it has so many bytes
 *	peer_say(&p, "+PONG\r\n");
 *	peer_close(&p);
 */
#ifndef TESTS_DRIVERS_PEER_H
#define TESTS_DRIVERS_PEER_H

#include "unit/net_side.h"

#include <stdarg.h>
#include <stdio.h>

struct peer {
	int listener, fd;
	uint16_t port;
	unsigned taken;  /* connections so far */
	unsigned pieces; /* recv calls that gave bytes, of this connection */
	size_t n;
	char got[65536]; /* what came on this connection, NUL behind it */
};

static inline void peer_open(struct peer *p)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof sa;
	memset(p, 0, sizeof *p);
	p->fd = -1;
	p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (bind(p->listener, (struct sockaddr *)&sa, n) != 0 || listen(p->listener, 8) != 0 ||
	    getsockname(p->listener, (struct sockaddr *)&sa, &n) != 0)
		bail("no TCP on loopback");
	p->port = ntohs(sa.sin_port);
}

static inline void peer_hang_up(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

static inline void peer_reset(struct peer *p)
{
	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
	peer_hang_up(p);
}

static inline void peer_close(struct peer *p)
{
	peer_hang_up(p);
	close(p->listener);
}

/* Takes the next connection, if there is one. */
static inline bool peer_takes(struct peer *p)
{
	int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return false;
	peer_hang_up(p);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	p->fd = fd;
	p->taken++;
	p->pieces = 0;
	p->n = 0;
	p->got[0] = '\0';
	return true;
}

static inline void peer_take(struct peer *p)
{
	unsigned want = p->taken + 1;
	UNTIL(p->taken == want || peer_takes(p));
}

static inline void peer_forget(struct peer *p)
{
	p->n = p->pieces = 0;
	p->got[0] = '\0';
}

/* One recv; what it gave, 0 at the end, -1 when there is nothing. */
static inline ssize_t peer_recv(struct peer *p)
{
	ssize_t got = recv(p->fd, p->got + p->n, sizeof p->got - 1 - p->n, MSG_DONTWAIT);
	if (got > 0) {
		p->n += (size_t)got;
		p->pieces++;
	}
	p->got[p->n] = '\0';
	return got;
}

static inline bool peer_has(struct peer *p, size_t n)
{
	peer_recv(p);
	return p->n >= n;
}

static inline void peer_hear(struct peer *p, size_t n)
{
	UNTIL(peer_has(p, n));
}

/* What came in one piece. */
static inline void peer_hear_once(struct peer *p)
{
	UNTIL(p->n > 0 || peer_recv(p) > 0);
}

/* What came is [want], all of it; then it is forgotten. */
static inline bool peer_heard(struct peer *p, const char *want, const char *name)
{
	peer_hear(p, strlen(want));
	one_turn();
	peer_recv(p);
	bool held = is_str(p->got, want, "%s", name);
	peer_forget(p);
	return held;
}

static inline bool peer_says(struct peer *p, struct span bytes)
{
	return send(p->fd, bytes.p, bytes.n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)bytes.n;
}

static inline void peer_say(struct peer *p, const char *text)
{
	check(peer_says(p, span_str(text)), "the peer can say %s", text);
}

/* The client has closed: nothing more to be read. */
static inline bool peer_sees_end(struct peer *p)
{
	ssize_t got = peer_recv(p);
	return got == 0 || (got < 0 && errno == ECONNRESET);
}

/* The client's story in words, in place of the letters of net_story.h. */

static char notes[8192];
static size_t noted;

static inline void note(const char *text, ...) __attribute__((format(printf, 1, 2)));
static inline void note(const char *text, ...)
{
	va_list args;
	va_start(args, text);
	int n = vsnprintf(notes + noted, sizeof notes - noted, text, args);
	va_end(args);
	noted += n > 0 ? (size_t)n : 0;
	if (noted >= sizeof notes)
		bail("too many notes");
}

static inline void notes_forget(void)
{
	noted = 0;
	notes[0] = '\0';
}

/* What was noted since the last time. */
static inline bool noted_is(const char *want, const char *name)
{
	bool held = is_str(notes, want, "%s", name);
	notes_forget();
	return held;
}

static inline bool noted_has(const char *part)
{
	return strstr(notes, part) != NULL;
}

#endif
