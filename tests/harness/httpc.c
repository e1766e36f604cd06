#include "harness/httpc.h"

#include "harness/proc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A body that grows piece by piece. */
struct heap {
	uint8_t *p;
	size_t n, cap;
};

const char *httpc_strerror(int result)
{
	switch (result) {
	case HTTPC_OK:
		return "ok";
	case HTTPC_TIMEOUT:
		return "nothing in time";
	case HTTPC_CLOSED:
		return "closed before an answer";
	case HTTPC_CUT:
		return "closed within an answer";
	case HTTPC_RESET:
		return "connection failed";
	case HTTPC_BAD:
		return "not an HTTP answer";
	case HTTPC_BIG:
		return "answer too big";
	default:
		return "unknown result";
	}
}

/* Waits for one of [events]; false when the time is up. */
static bool wait_for(int fd, short events, long long until)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		long long left = until - now_ms();
		int rc = poll(&p, 1, left > 0 ? (int)left : 0);

		if (rc > 0)
			return true;
		if (rc == 0)
			return false;
		if (errno != EINTR)
			return false;
	}
}

struct httpc httpc_over(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	return (struct httpc){.fd = fd};
}

static socklen_t address(const char *host, uint16_t port, struct sockaddr_storage *to)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof *to);
	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof *v4;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		return sizeof *v6;
	}
	return 0;
}

static bool connected(int fd, long long until)
{
	int why = 0;
	socklen_t n = sizeof why;

	if (errno != EINPROGRESS || !wait_for(fd, POLLOUT, until))
		return false;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n) == 0 && why == 0;
}

bool httpc_dial(struct httpc *c, const char *host, uint16_t port, int ms)
{
	struct sockaddr_storage to;
	socklen_t n = address(host, port, &to);
	long long until = now_ms() + ms;
	int on = 1;
	int fd;

	*c = (struct httpc){.fd = -1};
	if (!n)
		return false;
	fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	if (connect(fd, (struct sockaddr *)&to, n) < 0 && !connected(fd, until)) {
		close(fd);
		return false;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	*c = httpc_over(fd);
	return true;
}

void httpc_close(struct httpc *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->in);
	*c = (struct httpc){.fd = -1};
}

/* Room for [more] bytes at p[n]; a test without memory ends. */
static void make_room(uint8_t **p, size_t n, size_t *cap, size_t more)
{
	size_t want = *cap ? *cap : 4096;

	while (want - n < more)
		want *= 2;
	if (want == *cap)
		return;
	*p = realloc(*p, want);
	if (!*p)
		abort();
	*cap = want;
}

/* One recv into c->in: HTTPC_OK (also at the end of the stream), 0 nothing there, HTTPC_RESET. */
static int receive(struct httpc *c)
{
	ssize_t got;

	if (c->at && c->at >= c->n - c->at) { /* less to move than was read: each byte moves once,
						 amortised */
		memmove(c->in, c->in + c->at, c->n - c->at);
		c->n -= c->at;
		c->at = 0;
	}
	make_room(&c->in, c->n, &c->cap, 65536);
	got = recv(c->fd, c->in + c->n, c->cap - c->n, MSG_DONTWAIT);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : HTTPC_RESET;
	c->ended = got == 0;
	c->n += (size_t)got;
	return HTTPC_OK;
}

/* Until there is more than before: HTTPC_OK, HTTPC_TIMEOUT, HTTPC_CLOSED, HTTPC_RESET. */
static int more(struct httpc *c, long long until)
{
	int rc;

	do {
		if (c->ended)
			return HTTPC_CLOSED;
		if (!wait_for(c->fd, POLLIN, until))
			return HTTPC_TIMEOUT;
		rc = receive(c);
	} while (rc == 0 || (rc > 0 && c->ended));
	return rc;
}

int httpc_send(struct httpc *c, struct span bytes, int ms)
{
	long long until = now_ms() + ms;

	while (bytes.n) {
		ssize_t put = send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		short events = POLLOUT;

		if (put > 0) {
			bytes = span_tail(bytes, (size_t)put);
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return HTTPC_RESET;
		if (!c->ended)
			events |= POLLIN;
		if (!wait_for(c->fd, events, until))
			return HTTPC_TIMEOUT;
		if (!c->ended && receive(c) < 0)
			return HTTPC_RESET;
	}
	return HTTPC_OK;
}

static struct span pending(const struct httpc *c)
{
	return span_of(c->in ? c->in + c->at : NULL, c->n - c->at);
}

static struct span copy_of(struct span s)
{
	uint8_t *p = malloc(s.n + 1);

	if (!p)
		abort();
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = 0; /* so that a diagnostic can print it */
	return span_of(p, s.n);
}

/* The next line without its CRLF; *end is where the following one begins. */
static bool line_at(struct span s, size_t at, struct span *line, size_t *end)
{
	struct span rest = span_tail(s, at);
	size_t n = span_find(rest, '\n');

	if (n == rest.n)
		return false;
	*end = at + n + 1;
	*line = span_head(rest, n && rest.p[n - 1] == '\r' ? n - 1 : n);
	return true;
}

/* Length of a head, the empty line included; 0 when it is not complete. */
static size_t head_length(struct span s)
{
	struct span line;
	size_t at = 0;

	while (line_at(s, at, &line, &at))
		if (!line.n)
			return at;
	return 0;
}

static bool status_of(struct span head, int *status)
{
	uint64_t v;

	if (head.n < 12 || !span_starts(head, SPAN("HTTP/1.")) || head.p[8] != ' ')
		return false;
	if (!dec_u64(span_of(head.p + 9, 3), &v) || v < 100)
		return false;
	*status = (int)v;
	return true;
}

static int read_head(struct httpc *c, struct httpc_answer *a, long long until)
{
	size_t n;

	while (!(n = head_length(pending(c)))) {
		int rc = pending(c).n > HTTPC_MAX_HEAD ? HTTPC_BIG : more(c, until);

		if (rc < 0)
			return rc == HTTPC_CLOSED && pending(c).n ? HTTPC_CUT : rc;
	}
	if (!status_of(pending(c), &a->status))
		return HTTPC_BAD;
	a->head = copy_of(span_head(pending(c), n));
	c->at += n;
	return HTTPC_OK;
}

struct span httpc_field(const struct httpc_answer *a, const char *name)
{
	struct span line;
	size_t at = span_find(a->head, '\n') + 1;

	while (line_at(a->head, at, &line, &at)) {
		struct span key = span_cut(&line, ':');

		if (line.p && span_eq_nocase(key, span_str(name)))
			return span_trim(line);
	}
	return SPAN_NONE;
}

/* Moves up to [want] pending bytes into [body]. */
static size_t move(struct httpc *c, struct heap *body, size_t want)
{
	struct span s = span_head(pending(c), want);

	if (!s.n)
		return 0;
	make_room(&body->p, body->n, &body->cap, s.n);
	memcpy(body->p + body->n, s.p, s.n);
	body->n += s.n;
	c->at += s.n;
	return s.n;
}

static int read_exactly(struct httpc *c, struct heap *body, uint64_t n, long long until)
{
	if (n > HTTPC_MAX_BODY - body->n)
		return HTTPC_BIG;
	for (;;) {
		int rc;

		n -= move(c, body, (size_t)n);
		if (!n)
			return HTTPC_OK;
		rc = more(c, until);
		if (rc < 0)
			return rc;
	}
}

static int read_to_end(struct httpc *c, struct heap *body, long long until)
{
	int rc;

	do {
		move(c, body, SIZE_MAX);
		if (body->n > HTTPC_MAX_BODY)
			return HTTPC_BIG;
		rc = more(c, until);
	} while (rc > 0);
	return rc == HTTPC_CLOSED ? HTTPC_OK : rc;
}

/* The next line of the chunk framing; good until more is read. */
static int read_line(struct httpc *c, struct span *line, long long until)
{
	size_t end;

	while (!line_at(pending(c), 0, line, &end)) {
		int rc = pending(c).n > HTTPC_MAX_HEAD ? HTTPC_BIG : more(c, until);

		if (rc < 0)
			return rc;
	}
	c->at += end;
	return HTTPC_OK;
}

/* RFC 9112, section 7.1. */
static int read_chunks(struct httpc *c, struct heap *body, long long until)
{
	struct span line;
	uint64_t n;
	int rc;

	for (;;) {
		rc = read_line(c, &line, until);
		if (rc < 0)
			return rc;
		if (!hex_u64(span_trim(span_cut(&line, ';')), &n))
			return HTTPC_BAD;
		if (!n)
			break;
		rc = read_exactly(c, body, n, until);
		if (rc > 0)
			rc = read_line(c, &line, until);
		if (rc < 0)
			return rc;
		if (line.n)
			return HTTPC_BAD;
	}
	do /* trailers, to the empty line */
		rc = read_line(c, &line, until);
	while (rc > 0 && line.n);
	return rc;
}

static int read_body(struct httpc *c, struct httpc_answer *a, struct heap *body, long long until)
{
	struct span coding = httpc_field(a, "Transfer-Encoding");
	struct span length = httpc_field(a, "Content-Length");
	uint64_t n;

	if (a->status < 200 || a->status == 204 || a->status == 304)
		return HTTPC_OK;
	if (coding.p)
		return span_eq_nocase(coding, SPAN("chunked")) ? read_chunks(c, body, until)
							       : HTTPC_BAD;
	if (length.p)
		return dec_u64(length, &n) ? read_exactly(c, body, n, until) : HTTPC_BAD;
	a->until_close = true;
	return read_to_end(c, body, until);
}

static int read_answer(struct httpc *c, struct httpc_answer *a, bool bodiless, int ms)
{
	long long until = now_ms() + ms;
	struct heap body = {0};
	int rc;

	*a = (struct httpc_answer){0};
	rc = read_head(c, a, until);
	if (rc < 0)
		return rc;
	if (!bodiless)
		rc = read_body(c, a, &body, until);
	make_room(&body.p, body.n, &body.cap, 1);
	body.p[body.n] = 0;
	a->body = span_of(body.p, body.n);
	if (rc < 0)
		httpc_free(a);
	return rc == HTTPC_CLOSED ? HTTPC_CUT : rc;
}

int httpc_read(struct httpc *c, struct httpc_answer *a, int ms)
{
	return read_answer(c, a, false, ms);
}

int httpc_read_head(struct httpc *c, struct httpc_answer *a, int ms)
{
	return read_answer(c, a, true, ms);
}

void httpc_free(struct httpc_answer *a)
{
	free((void *)(uintptr_t)a->head.p);
	free((void *)(uintptr_t)a->body.p);
	*a = (struct httpc_answer){0};
}

long httpc_take(struct httpc *c, void *buf, size_t cap, int ms)
{
	long long until = now_ms() + ms;
	struct span s;

	if (!pending(c).n) {
		int rc = more(c, until);

		if (rc < 0)
			return rc;
	}
	s = span_head(pending(c), cap);
	if (s.n)
		memcpy(buf, s.p, s.n);
	c->at += s.n;
	return (long)s.n;
}

int httpc_ask(const char *host, uint16_t port, struct span request, struct httpc_answer *a, int ms)
{
	struct httpc c;
	int rc;

	*a = (struct httpc_answer){0};
	if (!httpc_dial(&c, host, port, ms))
		return HTTPC_RESET;
	rc = httpc_send(&c, request, ms);
	if (rc != HTTPC_TIMEOUT)
		rc = httpc_read(&c, a, ms);
	httpc_close(&c);
	return rc;
}
