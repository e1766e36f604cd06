/* The blocking Redis client against each server of redis_hostile_rows.h. */
#include "integration/redis_hostile_blocking.h"

int main(void)
{
	hostile_fill();
	meets_all(AT_ONCE, 1);
	return done();
}
