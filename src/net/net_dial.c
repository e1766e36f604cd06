#include "net/net_dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A silent address (packets dropped) may not use up the time of those behind it. */
#define SHARE_MIN_MS 1000

static void try_next(struct net_dial *d);

static void drop_attempt(struct net_dial *d)
{
	net_timer_stop(&d->timer);
	if (d->src.fd < 0)
		return;
	net_unwatch(d->loop, &d->src);
	close(d->src.fd);
	d->src.fd = -1;
}

static void finish(struct net_dial *d, int rc)
{
	d->busy = false;
	d->done(d, rc);
}

static void connected(struct net_dial *d)
{
	int fd = d->src.fd;
	net_timer_stop(&d->timer);
	net_unwatch(d->loop, &d->src);
	d->src.fd = -1;
	finish(d, fd);
}

static void on_writable(struct net_source *s, uint32_t events)
{
	(void)events;
	struct net_dial *d = (struct net_dial *)((char *)s - offsetof(struct net_dial, src));
	int err = 0;
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &(socklen_t){sizeof err}) != 0)
		err = errno;
	if (err == 0) {
		connected(d);
		return;
	}
	drop_attempt(d);
	d->error = -err;
	try_next(d);
}

static void on_late(struct net_timer *t)
{
	struct net_dial *d = (struct net_dial *)((char *)t - offsetof(struct net_dial, timer));
	drop_attempt(d);
	d->error = -ETIMEDOUT;
	try_next(d);
}

/* Dead peers behind a silent network are found by keep-alive probes: 30 s, then 3 times 10 s. */
static void set_options(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{SOL_SOCKET, SO_KEEPALIVE, 1},   {IPPROTO_TCP, TCP_NODELAY, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, 30}, {IPPROTO_TCP, TCP_KEEPINTVL, 10},
		{IPPROTO_TCP, TCP_KEEPCNT, 3},
	};
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

static int start_attempt(struct net_dial *d, const void *addr, socklen_t n)
{
	const struct sockaddr *sa = addr;
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (sa->sa_family != AF_UNIX)
		set_options(fd);
	int rc = connect(fd, sa, n) == 0 || errno == EINPROGRESS ? 0 : -errno;
	if (rc == 0)
		rc = net_watch(d->loop, &d->src, fd, EPOLLOUT, on_writable);
	if (rc < 0) {
		close(fd);
		d->src.fd = -1;
	}
	return rc;
}

/* An equal share of the time that is left for each address that is left. */
static uint32_t share_of_time(const struct net_dial *d)
{
	uint64_t left = d->deadline > d->loop->now ? d->deadline - d->loop->now : 0;
	uint64_t share = left / (uint64_t)(d->count - d->next + 1);
	if (share < SHARE_MIN_MS)
		share = left < SHARE_MIN_MS ? left : SHARE_MIN_MS;
	return (uint32_t)share;
}

static void try_next(struct net_dial *d)
{
	while (d->next < d->count && d->loop->now < d->deadline) {
		struct sockaddr_storage sa;
		socklen_t n = net_addr_sockaddr(&d->addrs[d->next++], d->port, &sa);
		d->error = start_attempt(d, &sa, n);
		if (d->error == 0) {
			net_timer_set(d->loop, &d->timer, share_of_time(d), on_late);
			return;
		}
	}
	finish(d, d->error);
}

static void on_resolved(struct net_resolve *r, int rc, const struct net_addr *addrs, uint32_t ttl)
{
	(void)ttl;
	struct net_dial *d = (struct net_dial *)((char *)r - offsetof(struct net_dial, resolve));
	if (rc < 0) {
		finish(d, rc);
		return;
	}
	d->count = (uint8_t)rc;
	memcpy(d->addrs, addrs, (size_t)rc * sizeof *addrs);
	try_next(d);
}

static void dial_path(struct net_task *t)
{
	struct net_dial *d = (struct net_dial *)((char *)t - offsetof(struct net_dial, begin));
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	memcpy(un.sun_path, d->path, sizeof un.sun_path);
	d->error = d->path[0] == '\0' ? -ENAMETOOLONG : start_attempt(d, &un, sizeof un);
	if (d->error < 0)
		finish(d, d->error);
	else
		net_timer_set(d->loop, &d->timer, share_of_time(d), on_late);
}

void net_dial_start(struct net_loop *loop, struct net_dial *d, const char *host, uint16_t port,
		    uint32_t timeout_ms, net_dialled *done)
{
	net_dial_cancel(d);
	memset(d, 0, sizeof *d);
	d->loop = loop;
	d->src.fd = -1;
	d->port = port;
	d->deadline = loop->now + timeout_ms;
	d->error = NET_EDEADLINE;
	d->busy = true;
	d->done = done;
	struct span name = span_str(host);
	if (host[0] != '/') {
		net_resolve_start(loop, &d->resolve, host, timeout_ms, on_resolved);
		return;
	}
	/* One that does not fit stays empty: cut, it could be the name of another socket. */
	if (name.n < sizeof d->path)
		memcpy(d->path, host, name.n);
	net_task_put(loop, &d->begin, dial_path);
}

void net_dial_cancel(struct net_dial *d)
{
	if (!d->busy)
		return;
	d->busy = false;
	net_resolve_cancel(&d->resolve);
	net_task_drop(d->loop, &d->begin);
	drop_attempt(d);
}
