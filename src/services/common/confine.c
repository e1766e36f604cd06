/*
 * The system calls that services make, and libc for them: all others are as if the kernel had never
 * heard of them. Whoever takes over a service can neither start a program nor trace, mount, or load
 * anything; and a call that a newer libc prefers is tried by its older name.
 */
#include "services/common/service.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* seccomp(2), linux/filter.h and linux/audit.h, which a musl without kernel headers does not have.
 */
struct instruction {
	uint16_t code;
	uint8_t if_true, if_false;
	uint32_t k;
};
struct program {
	unsigned short n;
	const struct instruction *first;
};
#define LOAD 0x20 /* a word of what is known of the call */
#define AT_NUMBER 0
#define AT_ARCH 4
#define AT_PROTECTION                                                              \
	32 /* the lower half of mmap's third argument; both machines have it first \
	    */
#define JUMP_EQUAL 0x15
#define JUMP_BITS 0x45 /* one of them is set */
#define RETURN 0x06
#define KILL_PROCESS 0x80000000
#define ERROR 0x00050000
#define ALLOW 0x7fff0000
#define MODE_FILTER 2

#ifdef __x86_64__
#define OUR_ARCH 0xc000003e
#else
#define OUR_ARCH 0xc00000b7
#endif

#ifndef SYS_openat2
#define SYS_openat2 437
#endif

static const uint16_t allowed[] = {
	/* sockets, files, the loop */
	SYS_epoll_pwait,
	SYS_epoll_ctl,
	SYS_epoll_create1,
	SYS_recvfrom,
	SYS_sendto,
	SYS_sendmsg,
	SYS_sendfile,
	SYS_accept4,
	SYS_read,
	SYS_write,
	SYS_close,
	SYS_socket,
	SYS_connect,
	SYS_bind,
	SYS_listen,
	SYS_accept,
	SYS_shutdown,
	SYS_getsockname,
	SYS_getpeername,
	SYS_getsockopt,
	SYS_setsockopt,
	SYS_ioctl,
	SYS_fcntl,
	SYS_openat,
	SYS_openat2,
	SYS_pread64,
	SYS_fstat,
	SYS_newfstatat,
	/* memory, time, chance */
	SYS_munmap,
	SYS_memfd_create,
	SYS_clock_gettime,
	SYS_clock_nanosleep,
	SYS_nanosleep,
	SYS_setitimer,
	SYS_getrandom,
	/* signals, processes */
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_rt_sigtimedwait,
	SYS_signalfd4,
	SYS_restart_syscall,
	SYS_clone,
	SYS_set_tid_address,
	SYS_gettid,
	SYS_getpid,
	SYS_getppid,
	SYS_uname, /* the host's name, of which a worker makes its own */
	SYS_kill,
	SYS_tkill,
	SYS_wait4,
	SYS_prctl,
	SYS_prlimit64,
	SYS_exit,
	SYS_exit_group,
#ifdef __x86_64__
	/* as older calls are named there */
	SYS_open,
	SYS_poll,
	SYS_fork,
	SYS_stat,
	SYS_epoll_wait,
#else
	SYS_ppoll,
#endif
};
#define ALLOWED (sizeof allowed / sizeof *allowed)
#define CHECKS 9 /* instructions before the list of numbers */

void service_confine(void)
{
	/* Of mmap, which can make memory executable as well as mprotect can, only the rest. */
	struct instruction code[CHECKS + ALLOWED + 2] = {
		{LOAD, 0, 0, AT_ARCH},        {JUMP_EQUAL, 1, 0, OUR_ARCH},
		{RETURN, 0, 0, KILL_PROCESS}, {LOAD, 0, 0, AT_NUMBER},
		{JUMP_EQUAL, 0, 4, SYS_mmap}, {LOAD, 0, 0, AT_PROTECTION},
		{JUMP_BITS, 0, 1, PROT_EXEC}, {RETURN, 0, 0, ERROR | EPERM},
		{RETURN, 0, 0, ALLOW},
	};
	struct instruction *at = code + CHECKS;
	for (size_t i = 0; i < ALLOWED; i++)
		*at++ = (struct instruction){JUMP_EQUAL, (uint8_t)(ALLOWED - i), 0, allowed[i]};
	*at++ = (struct instruction){RETURN, 0, 0, ERROR | ENOSYS};
	*at++ = (struct instruction){RETURN, 0, 0, ALLOW};
	const struct program program = {CHECKS + ALLOWED + 2, code};
	/* A kernel without filters runs us without: nothing of ours depends on it. */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, MODE_FILTER, &program);
}
