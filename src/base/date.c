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

struct date date_of(uint64_t seconds)
{
	struct date d = {.month = 0};
	uint64_t day = seconds / DATE_DAY;
	unsigned rest = (unsigned)(seconds % DATE_DAY);
	d.year = 1970 + (unsigned)(day / 366); /* never too late */
	while (year_start(d.year + 1) <= day)
		d.year++;
	day -= year_start(d.year);
	while (day >= date_month_days(d.year, d.month))
		day -= date_month_days(d.year, d.month++);
	d.day = (unsigned)day + 1;
	d.hour = rest / 3600;
	d.minute = rest / 60 % 60;
	d.second = rest % 60;
	return d;
}
