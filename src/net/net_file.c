/* Output that the kernel takes from a file: see net_conn.h. */
#include "net/net_conn_inner.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

/*
 * What stands before it is held back (MSG_MORE) until it comes: a segment of its own would cost a
 * fifth more.
 */
static ssize_t send_file(struct net_conn *c, struct span front)
{
	const struct net_file *f = (const void *)c->tail.p;
	ssize_t first = 0;
	if (front.n > 0)
		first = send(c->src.fd, front.p, front.n, MSG_NOSIGNAL | MSG_MORE);
	if (first < 0)
		return -errno;
	if ((size_t)first < front.n)
		return first;
	off_t at = (off_t)(f->size - c->tail.n);
	ssize_t rest = sendfile(c->src.fd, f->fd, &at, c->tail.n);
	if (rest > 0 || first > 0)
		return first + (rest > 0 ? rest : 0); /* an error comes again with the next call */
	return rest < 0 ? -errno : -EIO;
}

void net_write_file(struct net_conn *c, const struct net_file *f, size_t n)
{
	if (c->closing || c->finishing || n == 0)
		return;
	if (c->loop->send_file == NULL) {
		sigset_t pipe;
		sigemptyset(&pipe);
		sigaddset(&pipe, SIGPIPE);
		sigprocmask(SIG_BLOCK, &pipe, NULL);
		c->loop->send_file = send_file;
	}
	c->tail = span_of((const void *)f, n);
	c->tail_file = true;
	net_conn_written(c);
}
