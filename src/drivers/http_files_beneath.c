#include "drivers/http_files_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/openat2.h, which a musl compiler does not find. */
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
struct open_how {
	uint64_t flags, mode, resolve;
};
#define NO_MAGICLINKS 0x02
#define BENEATH 0x08

#define TRIES 8 /* a rename meanwhile makes the kernel unsure, and say so */

static int open_beneath(int root, const char *name, int flags)
{
	const struct open_how how = {
		.flags = (uint64_t)(unsigned)flags,
		.resolve = BENEATH | NO_MAGICLINKS,
	};
	for (int i = 0; i < TRIES; i++) {
		long fd = syscall(SYS_openat2, root, name, &how, sizeof how);
		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

/* One segment after the other, none of which may be a link or lead upwards. */
static int open_walking(int root, const char *name, int flags)
{
	int at = root;
	for (;;) {
		char segment[NAME_MAX + 1];
		size_t n = strcspn(name, "/");
		bool last = name[n] == '\0';
		if (n > NAME_MAX || (n == 2 && memcmp(name, "..", 2) == 0)) {
			errno = n > NAME_MAX ? ENAMETOOLONG : EXDEV;
			n = 0;
		}
		memcpy(segment, name, n);
		segment[n] = '\0';
		int how = last ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
		int fd = n > 0 ? openat(at, segment, how) : -1;
		int error = errno;
		if (at != root)
			close(at);
		if (fd < 0 || last)
			return fd < 0 ? -error : fd;
		at = fd;
		name += n + 1;
	}
}

int http_files_beneath(const struct http_files *f, const char *name, int flags)
{
	flags |= O_CLOEXEC;
	return f->walks ? open_walking(f->root, name, flags) : open_beneath(f->root, name, flags);
}

void http_files_probe(struct http_files *f)
{
	int fd = f->options.no_openat2 ? -ENOSYS : open_beneath(f->root, ".", O_PATH | O_CLOEXEC);
	f->walks = fd < 0;
	if (fd >= 0)
		close(fd);
}
