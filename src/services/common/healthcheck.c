#include "services/common/healthcheck.h"

#include "net/net_addr.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int connect_to(const struct net_addr *a, uint16_t port)
{
	struct timeval limit = {.tv_sec = 1};
	struct sockaddr_storage sa;
	socklen_t n = net_addr_sockaddr(a, port, &sa);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
	    connect(fd, (struct sockaddr *)&sa, n) == 0)
		return fd;
	close(fd);
	return -1;
}

int healthcheck(const char *address, uint16_t port)
{
	static const struct span request =
		SPAN("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	char answer[12] = "";
	size_t n = 0;
	struct net_addr a;
	/* Who listens everywhere listens on the loopback address, too. */
	if (!net_addr_parse(address[0] == '\0' ? SPAN("127.0.0.1") : span_str(address), &a))
		return 1;
	int fd = connect_to(&a, port);
	if (fd < 0)
		return 1;
	if (send(fd, request.p, request.n, MSG_NOSIGNAL) != (ssize_t)request.n)
		n = sizeof answer;
	while (n < sizeof answer) {
		ssize_t got = recv(fd, answer + n, sizeof answer - n, 0);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	close(fd);
	return span_eq(span_of(answer, n), SPAN("HTTP/1.1 200")) ? 0 : 1;
}
