/* What a process can do after service_confine, and what it cannot: tried in a child each. */
#include "harness/tap.h"
#include "services/common/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static struct utsname host;

static const struct call {
	const char *name;
	long number, args[6];
	int error; /* 0: it works */
} calls[] = {
	{"starting a program", SYS_execve, {(long)"/bin/true", 0, 0}, ENOSYS},
	{"tracing", SYS_ptrace, {0, 0, 0}, ENOSYS},
	{"making memory executable", SYS_mprotect, {0, 0, PROT_EXEC}, ENOSYS},
	{"new memory that is executable",
	 SYS_mmap,
	 {0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1},
	 EPERM},
	{"new memory",
	 SYS_mmap,
	 {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1},
	 0},
	{"a namespace of its own", SYS_unshare, {0, 0, 0}, ENOSYS},
	{"removing a file", SYS_unlinkat, {AT_FDCWD, (long)"/nowhere", 0}, ENOSYS},
	{"another user", SYS_setuid, {0, 0, 0}, ENOSYS},
	{"the name of its host", SYS_uname, {(long)&host}, 0},
	{"its number", SYS_getpid, {0, 0, 0}, 0},
	{"a socket", SYS_socket, {AF_INET, SOCK_STREAM, 0}, 0},
	{"memory that is a file", SYS_memfd_create, {(long)"file", 0, 0}, 0},
	{"sending a file", SYS_sendfile, {-1, -1, 0}, EBADF},
	{"reading a folder", SYS_openat, {AT_FDCWD, (long)"/", O_RDONLY}, 0},
};

static int make(const struct call *c)
{
	const long *a = c->args;
	return syscall(c->number, a[0], a[1], a[2], a[3], a[4], a[5]) < 0 ? errno : 0;
}

/* At once: what sanitizers do at the end of a process takes calls that it has no longer. */
static void end(int status)
{
	syscall(SYS_exit_group, status);
}

/* The error of the call in a process that is confined, or in a child of its; -1: it ended
 * otherwise. */
static int error_of(const struct call *c, bool in_child)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		service_confine();
		pid = in_child ? _Fork() : 0;
		if (pid > 0) {
			waitpid(pid, &status, 0);
			end(WEXITSTATUS(status));
		}
		end(make(c));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(void)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		is_int(error_of(&calls[i], false), calls[i].error, "%s", calls[i].name);
		is_int(error_of(&calls[i], true), calls[i].error, "%s, in a child", calls[i].name);
	}
	return done();
}
