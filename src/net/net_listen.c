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

union any_addr {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

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

static void on_acceptable(struct net_source *s, uint32_t events)
{
	(void)events;
	struct net_listener *l =
		(struct net_listener *)((char *)s - offsetof(struct net_listener, src));
	int fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		l->accepted(l, fd);
	} else if (is_out_of_resources(errno)) {
		/* The event would come back at once, for ever: wait until something is closed. */
		net_rewatch(l->loop, s, 0);
		net_timer_set(l->loop, &l->rest, REST_MS, rested);
	}
}

static int bind_to(int fd, int family, const struct net_addr *a, uint16_t port)
{
	union any_addr any;
	memset(&any, 0, sizeof any);
	socklen_t n = sizeof any.v4;
	if (family == AF_INET6) {
		n = sizeof any.v6;
		any.v6.sin6_family = AF_INET6;
		any.v6.sin6_port = htons(port);
		memcpy(&any.v6.sin6_addr, a->ip, 16);
		any.v6.sin6_scope_id = a->scope;
		if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int)) != 0)
			return -errno;
	} else {
		any.v4.sin_family = AF_INET;
		any.v4.sin_port = htons(port);
		memcpy(&any.v4.sin_addr, a->ip, 4);
	}
	return bind(fd, &any.sa, n) == 0 ? 0 : -errno;
}

static int set_options(int fd, unsigned flags)
{
	const int on = 1, defer_seconds = 5;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
		return -errno;
	if (flags & NET_LISTEN_DEFER &&
	    setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer_seconds, sizeof(int)) != 0)
		return -errno;
	return 0;
}

static int real_port(int fd, uint16_t *port)
{
	union any_addr any;
	socklen_t n = sizeof any;
	if (getsockname(fd, &any.sa, &n) != 0)
		return -errno;
	*port = ntohs(any.sa.sa_family == AF_INET6 ? any.v6.sin6_port : any.v4.sin_port);
	return 0;
}

static int listen_on(struct net_loop *loop, struct net_listener *l, int family,
		     const struct net_addr *a, uint16_t port, unsigned flags)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	int rc = set_options(fd, flags);
	if (rc == 0)
		rc = bind_to(fd, family, a, port);
	if (rc == 0 && listen(fd, BACKLOG) != 0)
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
	struct net_addr a;
	memset(l, 0, sizeof *l);
	memset(&a, 0, sizeof a);
	l->src.fd = -1;
	l->loop = loop;
	l->accepted = accepted;
	if (host[0] != '\0') {
		if (!net_addr_parse(span_str(host), &a))
			return NET_ENAME;
		return listen_on(loop, l, a.family == 6 ? AF_INET6 : AF_INET, &a, port, flags);
	}
	int rc = listen_on(loop, l, AF_INET6, &a, port, flags);
	/* A kernel without IPv6 says so here; the any-address of both families is all zeros. */
	if (rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL)
		rc = listen_on(loop, l, AF_INET, &a, port, flags);
	return rc;
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
