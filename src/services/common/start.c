/*
 * What a dynamic linker does for others, and libc does not for a static-pie: the packed
 * relocations, and the seal on what only they had to write.
 */
#include "services/common/service.h"

#include <elf.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#define HIDDEN __attribute__((visibility("hidden")))

extern const char __ehdr_start[] HIDDEN; /* of the file, as it is mapped */

void service_seal(void)
{
	const Elf64_Ehdr *file = (const Elf64_Ehdr *)__ehdr_start;
	const Elf64_Phdr *p = (const Elf64_Phdr *)(__ehdr_start + file->e_phoff);
	size_t page = (size_t)getpagesize();
	for (size_t i = 0; i < file->e_phnum; i++) {
		if (p[i].p_type != PT_GNU_RELRO)
			continue;
		size_t from = p[i].p_vaddr & -page, to = (p[i].p_vaddr + p[i].p_memsz) & -page;
		mprotect((void *)(__ehdr_start + from), to - from, PROT_READ);
	}
}

/*
 * Where a service begins, before libc. A static-pie relocates itself, and the start files of musl
 * before 1.2.4 know only the long form of relocations: 24 bytes for each pointer in a table, 6 KiB
 * in api. The packed form (DT_RELR of the generic ELF specification) takes a bit or two, and
 * this applies it.
 *
 * Nothing is there yet: no thread-local storage (so the Makefile compiles this file without the
 * stack protector) and no relocated pointer.
 */
#ifdef __x86_64__

#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR 36
#endif

extern Elf64_Dyn _DYNAMIC[] HIDDEN;
HIDDEN void service_relocate(void);

/* libc's own start gets the stack as the kernel left it. */
__asm__(".text\n"
	".globl service_start\n"
	".hidden service_start\n"
	".type service_start, @function\n"
	"service_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rbx\n"
	"	and $-16, %rsp\n"
	"	call service_relocate\n"
	"	mov %rbx, %rsp\n"
	"	jmp _start\n");

/* An even word is the place of a pointer, an odd one has a bit for each of the 63 behind it. */
static void apply(size_t base, const size_t *words, size_t n)
{
	size_t *place = NULL;
	for (; n > 0; n--, words++) {
		if ((*words & 1) == 0) {
			place = (size_t *)(base + *words);
			*place++ += base;
			continue;
		}
		for (size_t i = 0; i < 63; i++)
			if (*words >> (i + 1) & 1)
				place[i] += base;
		place += 63;
	}
}

void service_relocate(void)
{
	size_t base = (size_t)__ehdr_start, at = 0, n = 0;
	for (Elf64_Dyn *d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_RELR)
			at = d->d_un.d_ptr;
		if (d->d_tag == DT_RELRSZ) {
			n = d->d_un.d_val / sizeof(size_t);
			d->d_un.d_val = 0; /* a newer libc is not to do it again */
		}
	}
	apply(base, (const size_t *)(base + at), n);
}

#endif
