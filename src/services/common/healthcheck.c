#include "services/common/healthcheck.h"

#include "base/span.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int connect_loopback(uint16_t port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval limit = {.tv_sec = 1};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
	    connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	close(fd);
	return -1;
}

int healthcheck(uint16_t port)
{
	static const struct span request =
		SPAN("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	char answer[12];
	size_t n = 0;
	int fd = connect_loopback(port);
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
