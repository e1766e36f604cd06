/* libc's names for the heap of a service: see heap.h. */
#include "services/common/heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *malloc(size_t n)
{
	void *p = heap_get(n);
	if (p == NULL)
		errno = ENOMEM;
	return p;
}

void free(void *p)
{
	int kept = errno; /* POSIX.1-2024 */
	heap_put(p);
	errno = kept;
}

void *calloc(size_t count, size_t n)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, n, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	/* Not malloc: of malloc and memset a compiler makes a call of calloc. */
	void *p = heap_get(bytes);
	if (p == NULL)
		errno = ENOMEM;
	return p != NULL ? memset(p, 0, bytes) : NULL;
}

void *realloc(void *old, size_t n)
{
	size_t had = old != NULL ? heap_size(old) : 0;
	if (old != NULL && n <= had && n > had / 2)
		return old;
	void *p = malloc(n);
	if (p == NULL || old == NULL)
		return p;
	memcpy(p, old, n < had ? n : had);
	heap_put(old);
	return p;
}
