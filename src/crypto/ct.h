/*
 * ct: comparing and erasing secrets.
 *
 *	if (!crypto_equal(got, want, sizeof want))
 *		rc = PGWIRE_ESIGNATURE;
 *	crypto_wipe(key, sizeof key);
 */
#ifndef CRYPTO_CT_H
#define CRYPTO_CT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether the [n] bytes at [a] and [b] are the same. The time depends on [n] alone; lengths are
 * not secret and are for the caller to compare first. Zero bytes are equal.
 */
bool crypto_equal(const void *a, const void *b, size_t n);

/*
 * Zeroes [n] bytes at [p], also where the compiler can prove that nobody reads them again.
 * Copies which the compiler spilled elsewhere (registers, stack) are out of its reach.
 */
void crypto_wipe(void *p, size_t n);

#endif
