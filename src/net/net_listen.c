#include "net/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/net_resolve.h"

#define BACKLOG 4096
#define REST_MS 100

static void rested(struct net_timer *t)
{
	struct net_listener *l =
		(struct net_listener *)((char *)t - offsetof(struct net_listener, rest));
	net_rewatch(l->loop, &l->src, EPOLLIN);
}

static bool is_out_of_resources(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM;
}

static int take(struct net_listener *l)
{
	return accept4(l->src.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static void on_acceptable(struct net_source *s, uint32_t events)
{
	(void)events;
	struct net_listener *l =
		(struct net_listener *)((char *)s - offsetof(struct net_listener, src));
	int fd = take(l);
	if (fd >= 0) {
		l->accepted(l, fd);
	} else if (is_out_of_resources(errno)) {
		/* The event would come back at once, for ever: wait until something is closed. */
		net_rewatch(l->loop, s, 0);
		net_timer_set(l->loop, &l->rest, REST_MS, rested);
	}
}

static int set_options(int fd, int family, unsigned flags)
{
	const int on = 1, off = 0, defer_seconds = 5;
	int rc = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (rc == 0 && flags & NET_LISTEN_SHARED)
		rc = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
	if (rc == 0 && family == AF_INET6)
		rc = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (rc == 0)
		rc = setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (rc == 0 && flags & NET_LISTEN_DEFER)
		rc = setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer_seconds, sizeof(int));
	return rc == 0 ? 0 : -errno;
}

static int real_port(int fd, uint16_t *port)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} any;
	socklen_t n = sizeof any;
	if (getsockname(fd, &any.sa, &n) != 0)
		return -errno;
	*port = ntohs(any.sa.sa_family == AF_INET6 ? any.v6.sin6_port : any.v4.sin_port);
	return 0;
}

static int listen_on(struct net_loop *loop, struct net_listener *l, const struct net_addr *a,
		     uint16_t port, unsigned flags)
{
	struct sockaddr_storage sa;
	socklen_t n = net_addr_sockaddr(a, port, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int rc = set_options(fd, sa.ss_family, flags);
	if (rc == 0 && (bind(fd, (struct sockaddr *)&sa, n) != 0 || listen(fd, BACKLOG) != 0))
		rc = -errno;
	if (rc == 0)
		rc = real_port(fd, &l->port);
	if (rc == 0)
		rc = net_watch(loop, &l->src, fd, EPOLLIN, on_acceptable);
	if (rc < 0) {
		close(fd);
		l->src.fd = -1;
	}
	return rc;
}

int net_listen(struct net_loop *loop, struct net_listener *l, const char *host, uint16_t port,
	       unsigned flags, void (*accepted)(struct net_listener *, int fd))
{
	struct net_addr a = {.family = 6};
	memset(l, 0, sizeof *l);
	l->src.fd = -1;
	l->loop = loop;
	l->accepted = accepted;
	if (host[0] != '\0') {
		if (!net_addr_parse(span_str(host), &a))
			return NET_ENAME;
		return listen_on(loop, l, &a, port, flags);
	}
	int rc = listen_on(loop, l, &a, port, flags);
	/* A kernel without IPv6 says so here; the any-address of both families is all zeros. */
	a.family = 4;
	if (rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL)
		rc = listen_on(loop, l, &a, port, flags);
	return rc;
}

void net_listener_drain(struct net_listener *l)
{
	int fd;
	for (int i = 0; i < BACKLOG && (fd = take(l)) >= 0; i++)
		l->accepted(l, fd);
}

void net_listener_close(struct net_listener *l)
{
	if (l->src.fd < 0)
		return;
	net_timer_stop(&l->rest);
	net_unwatch(l->loop, &l->src);
	close(l->src.fd);
	l->src.fd = -1;
}
