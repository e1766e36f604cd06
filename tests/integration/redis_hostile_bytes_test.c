/* The blocking Redis client against servers of redis_hostile_rows.h that speak byte by byte. */
#include "integration/redis_hostile_blocking.h"

int main(void)
{
	hostile_fill();
	meets_all(BY_BYTES, 2);
	return done();
}
