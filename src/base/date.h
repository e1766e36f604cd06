/*
 * date: seconds since 1970 as a date of the Gregorian calendar and a time of the day, UTC, as POSIX
 * counts them: without leap seconds.
 *
 *	struct date d = date_of(seconds);
 *	out_fixed(&o, d.year, 4);
 *
 * For the years from 1970 to 9999.
 */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdint.h>

#define DATE_DAY 86400u
#define DATE_LAST 253402300799 /* 31 December 9999, 23:59:59 */

struct date {
	unsigned year, month, day; /* month 0 to 11, day 1 to 31 */
	unsigned hour, minute, second;
};

/* [seconds] up to DATE_LAST. */
struct date date_of(uint64_t seconds);
/* The other way round; the day may be one that the month does not have. */
uint64_t date_seconds(const struct date *d);
unsigned date_month_days(unsigned year, unsigned month);

#endif
