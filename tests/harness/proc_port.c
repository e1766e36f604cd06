#include "harness/proc.h"
#include "harness/tap.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A socket that is bound but does not listen keeps a port: Linux gives it to nobody else as the
 * near end of a connection (a client that retries while its server is away would sooner or later
 * be connected to itself), and other test programs see it as taken, because they bind without
 * SO_REUSEADDR. Once we have set that option, servers which set it too may bind and listen.
 */
int free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t n = sizeof at;
	int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
		bail("no free port: %s", strerror(errno));
	return ntohs(at.sin_port);
}

bool wait_port(int port, int ms)
{
	long long end = now_ms() + ms;
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	for (;;) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			bail("socket: %s", strerror(errno));
		int rc = connect(fd, (struct sockaddr *)&at, sizeof at);
		close(fd);
		if (rc == 0)
			return true;
		if (now_ms() >= end)
			return false;
		tick();
	}
}
