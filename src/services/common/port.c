#include "services/common/port.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int try_bind(int family, const struct sockaddr *a, socklen_t n)
{
	/* Or connections of our predecessor that are in TIME_WAIT would be in the way. */
	const int on = 1, off = 0;
	int rc = 0, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 || bind(fd, a, n) != 0)
		rc = -errno;
	close(fd);
	return rc;
}

/* As net_listen does it: one socket for both families, or IPv4 where there is no other. */
int port_check(uint16_t port)
{
	const struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	int rc = try_bind(AF_INET6, (const struct sockaddr *)&v6, sizeof v6);
	if (rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL)
		rc = try_bind(AF_INET, (const struct sockaddr *)&v4, sizeof v4);
	return rc;
}
