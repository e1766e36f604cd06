/*
 * postgres_settings: what the server reports of itself (ParameterStatus): server_version,
 * TimeZone, in_hot_standby, ... in bounded memory.
 *
 *	postgres_start(&client, &loop, &config, &events);
 *	postgres_settings_open(&settings, &client);
 *	...
 *	struct span zone = postgres_parameter(&settings, SPAN("TimeZone"));
 */
#ifndef DRIVERS_POSTGRES_SETTINGS_H
#define DRIVERS_POSTGRES_SETTINGS_H

#include "drivers/postgres.h"

#define POSTGRES_SETTINGS_ROOM 1024 /* bytes of all names and values; PostgreSQL 15 takes 330 */

struct postgres_settings {
	struct postgres_watcher watcher;
	uint16_t n;
	bool over; /* some did not fit and are not known */
	char text[POSTGRES_SETTINGS_ROOM];
};

/* Right after postgres_start. [s] stays in place. */
void postgres_settings_open(struct postgres_settings *s, struct postgres *p);
/*
 * The last value that was reported, good until the next one comes; p == NULL when none was. After a
 * loss the old ones stand until the next login reports new ones.
 */
struct span postgres_parameter(const struct postgres_settings *s, struct span name);

#endif
