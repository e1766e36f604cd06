/* For tests of the clients against real servers: the loop, and waiting in it. */
#ifndef TESTS_DRIVERS_REAL_H
#define TESTS_DRIVERS_REAL_H

#include "harness/stores.h"
#include "unit/drivers_peer.h"

#define PATIENCE_MS 60000

/* Turns of the loop until it holds. */
#define WAIT(held)                                                   \
	do {                                                         \
		for (uint64_t until_ = clock_ms() + PATIENCE_MS;     \
		     !(held) && clock_ms() < until_;) {              \
			usleep(200);                                 \
			one_turn();                                  \
		}                                                    \
		check(held, "%s:%d: %s", __FILE__, __LINE__, #held); \
	} while (0)

/* Waits for as many notes as [want] has, and says whether they are these. */
static inline bool says(const char *want, const char *name)
{
	WAIT(noted >= strlen(want));
	return noted_is(want, name);
}

/* Before a deadline is set: what was waited for outside of the loop does not count. */
static inline void look_at_clock(void)
{
	loop.now = clock_ms();
}

#endif
