#include "crypto/ct.h"

#include <stdint.h>
#include <string.h>

bool crypto_equal(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;
	uint32_t diff = 0;
	for (size_t i = 0; i < n; i++) {
		diff |= (uint32_t)(x[i] ^ y[i]);
		/* Hides the value, or the compiler may leave the loop once all bits are set. */
		__asm__ volatile("" : "+r"(diff));
	}
	return diff == 0;
}

void crypto_wipe(void *p, size_t n)
{
	if (n == 0)
		return;
	memset(p, 0, n);
	/* Claims to read the memory, so the stores above are never dead, link-time or not. */
	__asm__ volatile("" : : "r"(p) : "memory");
}
