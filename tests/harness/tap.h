/*
 * tap: the test harness. Each test program prints TAP (testanything.org, version 13) for prove.
 *
 *	int main(void)
 *	{
 *		ok(n == 3, "three items, got %zu", n);
 *		is_int(rc, RESP_MORE, "%s cut at %zu", name, cut);
 *		return done();
 *	}
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include "base/span.h"

#include <stdbool.h>

#define PRINTF_LIKE(at, args) __attribute__((format(printf, at, args)))

/* One test point each; all return whether it held. */
bool ok(bool held, const char *name, ...) PRINTF_LIKE(2, 3);
bool is_int(long long got, long long want, const char *name, ...) PRINTF_LIKE(3, 4);
bool is_str(const char *got, const char *want, const char *name, ...) PRINTF_LIKE(3, 4);
bool is_span(struct span got, struct span want, const char *name, ...) PRINTF_LIKE(3, 4);

/*
 * For inner loops (every cut, every capacity): says nothing while [held], and is a failed test
 * point otherwise. Follow the loop with one ok() so that the work is seen.
 */
bool check(bool held, const char *name, ...) PRINTF_LIKE(2, 3);
/* Failed test points so far, of either kind. */
int failures(void);

void diag(const char *text, ...) PRINTF_LIKE(1, 2);
/* The rest of the program can't run: ends it with a failed test point. */
void bail(const char *why, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));
/*
 * From now on the program may take so long, in [seconds]: then it ends with a failed test point
 * that names the last one before. Against what hangs, so it must be long enough for a machine that
 * has much else to do.
 */
void ends_within(unsigned seconds);
/* Prints the plan; the exit status for main. */
int done(void);

/*
 * A copy of [s] that ends exactly at an unreadable page, so that reading one byte too many is a
 * crash. Good until the next call with the same [slot] (0 to 3).
 */
struct span guarded(int slot, struct span s);

#endif
