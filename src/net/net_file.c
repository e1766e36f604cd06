/* Output that the kernel takes from a file: see net_conn.h. */
#include "net/net_conn_inner.h"

#include <errno.h>
#include <signal.h>
#include <sys/sendfile.h>

/* -1 and errno, as the calls it stands beside. */
static ssize_t send_file(struct net_conn *c)
{
	const struct net_file *f = (const void *)c->tail.p;
	off_t at = (off_t)(f->size - c->tail.n);
	ssize_t sent = sendfile(c->src.fd, f->fd, &at, c->tail.n);
	if (sent != 0)
		return sent;
	errno = EIO;
	return -1;
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
