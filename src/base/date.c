#include "base/date.h"

#include <stdbool.h>

static bool is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

unsigned date_month_days(unsigned year, unsigned month)
{
	static const uint8_t length[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return month == 1 && is_leap(year) ? 29 : length[month];
}

/* Days from 1 January 1970 to 1 January of [year]; 477 leap days lie before 1970. */
static uint64_t year_start(unsigned year)
{
	uint64_t y = year - 1;
	return (year - 1970) * (uint64_t)365 + (y / 4 - y / 100 + y / 400 - 477);
}

uint64_t date_seconds(const struct date *d)
{
	uint64_t day = year_start(d->year) + d->day - 1;
	for (unsigned m = 0; m < d->month; m++)
		day += date_month_days(d->year, m);
	return day * DATE_DAY + d->hour * 3600 + d->minute * 60 + d->second;
}

/* In years that begin with March, so that the day that comes and goes is the last of them. */
struct date date_of(uint64_t seconds)
{
	/* 719468 days lead from 0000-03-01 to 1970; all fits into 32 bits. */
	uint32_t day = (uint32_t)(seconds / DATE_DAY) + 719468;
	uint32_t time = (uint32_t)(seconds % DATE_DAY);
	/* Days of 400, 100, 4 and 1 years; the last day of such a time is no new part of it. */
	uint32_t n400 = day / 146097, rest = day % 146097;
	uint32_t n100 = rest / 36524 - rest / 146096;
	rest -= n100 * 36524;
	uint32_t n4 = rest / 1461;
	rest %= 1461;
	uint32_t n1 = rest / 365 - rest / 1460;
	rest -= n1 * 365;
	/* From March on, month m begins at day (153 m + 2) / 5. */
	uint32_t m = (5 * rest + 2) / 153;
	return (struct date){
		.year = n400 * 400 + n100 * 100 + n4 * 4 + n1 + (m < 10 ? 0 : 1),
		.month = m < 10 ? m + 2 : m - 10,
		.day = rest - (153 * m + 2) / 5 + 1,
		.hour = time / 3600,
		.minute = time / 60 % 60,
		.second = time % 60,
	};
}
