/*
 * heap: the memory of a service. libc's malloc is a tenth of the budget of an image; a service is
 * one thread that asks for records of few sizes and for buffers, and this is as much as that
 * needs. heap_libc.c puts it in libc's place.
 *
 * Objects of one size lie together in chunks of 64 KiB, with a map of who is used in front of
 * them; a chunk that is empty goes back to the kernel, but for one of each size and twelve that any
 * size may take. What is larger than HEAP_OBJECT_MAX has a mapping of its own. Giving back what is
 * not in use, or never was here, ends the process (SIGILL or SIGTRAP): it is a bug, and somebody
 * may be exploiting it.
 *
 * One thread only.
 */
#ifndef COMMON_HEAP_H
#define COMMON_HEAP_H

#include <stddef.h>

#define HEAP_OBJECT_MAX 16384

/* At least [n] bytes, aligned to 16, not cleared; NULL when there are none. 0 gives an object too.
 */
void *heap_get(size_t n);
/* NULL is nothing. */
void heap_put(void *p);
/* The bytes that may be used, at least those asked for. */
size_t heap_size(const void *p);

#endif
