/* What net asks of the system beside sockets: signals, clock, random bytes, words for errors. */
#include "base/out.h"
#include "net/net.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static void on_signals(struct net_source *s, uint32_t events)
{
	(void)events;
	struct net_loop *loop = (struct net_loop *)((char *)s - offsetof(struct net_loop, signals));
	struct signalfd_siginfo info;
	while (read(s->fd, &info, sizeof info) == (ssize_t)sizeof info)
		loop->on_signal(loop, (int)info.ssi_signo);
}

int net_signals(struct net_loop *loop, const sigset_t *set,
		void (*on_signal)(struct net_loop *, int signal))
{
	sigset_t blocked = *set;
	sigaddset(&blocked, SIGPIPE);
	if (sigprocmask(SIG_BLOCK, &blocked, NULL) != 0)
		return -errno;
	int fd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	loop->on_signal = on_signal;
	return net_watch(loop, &loop->signals, fd, EPOLLIN, on_signals);
}

uint64_t net_wall_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME_COARSE, &t);
	return (uint64_t)t.tv_sec;
}

void net_random(void *p, size_t n)
{
	/* Below 256 bytes getrandom is never cut short by a signal (getrandom(2)). */
	for (uint8_t *at = p; n > 0;) {
		size_t part = n < 256 ? n : 256;
		if (getrandom(at, part, 0) != (ssize_t)part)
			__builtin_trap();
		at += part;
		n -= part;
	}
}

uint32_t net_jitter(uint32_t ms)
{
	uint32_t r;
	net_random(&r, sizeof r);
	return ms / 2 + r % (ms / 2 + 1);
}

/*
 * The errors that sockets really give, in our words: the libc's table of all errors would be a
 * sixtieth of a service's size. Any other is told by its number (errno(3)).
 */
static const struct {
	int16_t error;
	char text[30];
} words[] = {
	{EACCES, "permission denied"},
	{EADDRINUSE, "address in use"},
	{EADDRNOTAVAIL, "address not available"},
	{EAFNOSUPPORT, "address family not supported"},
	{ECONNABORTED, "connection aborted"},
	{ECONNREFUSED, "connection refused"},
	{ECONNRESET, "connection reset by peer"},
	{EHOSTUNREACH, "no route to host"},
	{EMFILE, "too many open files"},
	{ENAMETOOLONG, "name too long"},
	{ENETUNREACH, "network unreachable"},
	{ENOENT, "no such file"},
	{ENOMEM, "out of memory"},
	{EPERM, "not permitted"},
	{EPIPE, "connection closed by peer"},
	{ETIMEDOUT, "connection timed out"},
};

static const char *system_error(int error)
{
	static char text[32] = "system error ";
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].error == error)
			return words[i].text;
	struct out o = out_init(text + 13, sizeof text - 14);
	out_i64(&o, error);
	text[13 + o.n] = '\0';
	return text;
}

const char *net_strerror(int rc)
{
	switch (rc) {
	case NET_ENONAME:
		return "no such host name";
	case NET_ENAMETEMP:
		return "name servers do not answer";
	case NET_ENAME:
		return "not a host name";
	case NET_EDEADLINE:
		return "deadline passed";
	case NET_EFULL:
		return "peer sent more than the input bound";
	case NET_EEOF:
		return "peer closed the connection";
	case NET_ECLOSED:
		return "closed";
	case NET_ESLOW:
		return "peer does not take what is sent";
	default:
		return system_error(-rc);
	}
}
