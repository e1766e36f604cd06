/* dice: numbers that look like chance and are the same in each run. */
#ifndef TESTS_HARNESS_DICE_H
#define TESTS_HARNESS_DICE_H

#include <stddef.h>
#include <stdint.h>

struct dice {
	uint64_t state; /* never 0 */
};
#define DICE 0x9e3779b97f4a7c15u /* to begin with; any would do */

/* From 0 to [below] - 1; [below] is at most 2^31. Marsaglia's xorshift. */
static inline uint32_t roll(struct dice *d, size_t below)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return (uint32_t)((d->state >> 33) % below);
}

#endif
