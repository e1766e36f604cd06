/*
 * http_poll: the HTTP codec alone, in a poll(2) loop of somebody else's. It reads requests and
 * tells how many bytes each one's body had. What a real server adds: time limits.
 *
 *	cc http_poll.c -o http_poll $(pkg-config --cflags --libs http)
 *	./http_poll 8080
 */
#include "sockets.h"

#include "http/http.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#define CLIENTS 64
#define ANSWER 512 /* bytes: more than any answer has */

struct client {
	struct http_body body; /* of the request that is being read */
	uint64_t bytes;        /* of that body so far */
	bool reading, head_only, closing;
	size_t n, sent; /* bytes that wait in [in]; of [out], those that left */
	struct out out;
	uint8_t in[8192], room[4096];
};

static struct client clients[CLIENTS];
static struct pollfd fds[CLIENTS + 1]; /* of clients[i] at i, fd < 0: free; then the listener */
static struct http_limits lim;         /* a head must fit into client.in */

static void put_answer(struct client *c, unsigned status, struct span text)
{
	struct out *o = &c->out;
	uint8_t date[HTTP_DATE_SIZE];
	http_put_date(date, (uint64_t)time(NULL));
	http_put_status_line(o, status);
	http_put_field(o, SPAN("Date"), span_of(date, sizeof date));
	http_put_field(o, SPAN("Content-Type"), SPAN("text/plain"));
	http_put_field_u64(o, SPAN("Content-Length"), text.n);
	if (c->closing)
		http_put_field(o, SPAN("Connection"), SPAN("close"));
	http_put_head_end(o);
	if (!c->head_only)
		out_span(o, text);
}

/* A head, or a piece of a body, from the front of [in]: as the codec, bytes used, 0 or < 0. */
static int take(struct client *c, struct span in)
{
	struct http_head h;
	struct span piece = SPAN_NONE;
	int used;
	if (c->reading) {
		used = http_body_next(&c->body, in, &piece);
		c->bytes += piece.n;
	} else {
		used = http_read_request(in, &lim, &h);
		if (used <= 0)
			return used;
		http_body_init(&c->body, &h, &lim);
		c->bytes = 0;
		c->head_only = h.method == HTTP_HEAD;
		c->closing = !h.keep_alive;
		if (h.expect_continue)
			out_str(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
	}
	c->reading = !c->body.done;
	if (used >= 0 && !c->reading) {
		uint8_t text[32];
		struct out o = out_init(text, sizeof text);
		out_u64(&o, c->bytes);
		out_str(&o, " bytes\n");
		put_answer(c, 200, out_span_of(&o));
	}
	return used;
}

/* All requests that are there, as long as there is room for their answers. */
static void take_all(struct client *c)
{
	struct span rest = span_of(c->in, c->n);
	int used = 1;
	while (used > 0 && rest.n > 0 && !(c->closing && !c->reading) &&
	       c->out.cap - c->out.n >= ANSWER) {
		used = take(c, rest);
		rest = span_tail(rest, used > 0 ? (size_t)used : 0);
	}
	if (used < 0) {
		c->closing = true;
		c->reading = c->head_only = false;
		put_answer(c, http_status_of(used), span_str(http_strerror(used)));
	}
	memmove(c->in, rest.p, rest.n);
	c->n = rest.n;
}

/* False when the connection broke. */
static bool flush(struct client *c, int fd)
{
	ssize_t rc = send(fd, c->room + c->sent, c->out.n - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (rc < 0)
		return errno == EAGAIN;
	c->sent += (size_t)rc;
	if (c->sent == c->out.n)
		c->out.n = c->sent = 0;
	return true;
}

/* False when the connection is over. */
static bool serve(struct client *c, struct pollfd *p)
{
	if (p->revents & (POLLIN | POLLHUP | POLLERR) && c->n < sizeof c->in) {
		ssize_t got = recv(p->fd, c->in + c->n, sizeof c->in - c->n, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN))
			return false;
		c->n += got > 0 ? (size_t)got : 0;
	}
	size_t before;
	do { /* once more when answers made room for the next ones */
		before = c->n;
		take_all(c);
		if (!flush(c, p->fd))
			return false;
	} while (c->n < before && c->out.n == 0);
	p->events = c->n < sizeof c->in ? POLLIN : 0;
	if (c->out.n > 0)
		p->events |= POLLOUT;
	return c->out.n > 0 || c->reading || !c->closing;
}

static void admit(int fd)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (fds[i].fd < 0) {
			memset(&clients[i], 0, sizeof clients[i]);
			clients[i].out = out_init(clients[i].room, sizeof clients[i].room);
			fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
			return;
		}
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		die("usage: http_poll PORT");
	lim = http_default_limits;
	lim.head = sizeof clients->in - 2; /* see http_read_request */
	for (size_t i = 0; i < CLIENTS; i++)
		fds[i].fd = -1;
	fds[CLIENTS] = (struct pollfd){.fd = listen_on(argv[1]), .events = POLLIN};
	while (poll(fds, CLIENTS + 1, -1) >= 0) {
		for (size_t i = 0; i < CLIENTS; i++)
			if (fds[i].fd >= 0 && fds[i].revents != 0 && !serve(&clients[i], &fds[i])) {
				close(fds[i].fd);
				fds[i].fd = -1;
			}
		int fd = fds[CLIENTS].revents != 0 ? accept(fds[CLIENTS].fd, NULL, NULL) : -1;
		if (fd >= 0)
			admit(fd);
	}
	return 1;
}
