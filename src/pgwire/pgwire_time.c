#include "pgwire/pgwire_value.h"

#define DAY INT64_C(86400000000) /* microseconds */

/* A number of [least] to [most] digits off the front. */
static bool take_number(struct span *s, size_t least, size_t most, uint64_t *n)
{
	size_t digits = 0;
	while (digits < s->n && digits < most && s->p[digits] >= '0' && s->p[digits] <= '9')
		digits++;
	if (digits < least || !dec_u64(span_head(*s, digits), n))
		return false;
	*s = span_tail(*s, digits);
	return true;
}

static bool take_byte(struct span *s, uint8_t byte)
{
	if (s->n == 0 || s->p[0] != byte)
		return false;
	*s = span_tail(*s, 1);
	return true;
}

static unsigned days_in(int64_t year, uint64_t month)
{
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* Days from the first of 2000 in the Gregorian calendar; years before 1 go on with 0 and -1. */
static int64_t count_days(int64_t year, uint64_t month, uint64_t day)
{
	/*
	 * Years that begin in March, so that a leap day is the last; 4,800 times 400 of them in
	 * front keep all positive.
	 */
	int64_t from = year + 4800 * 400 - (month <= 2);
	int64_t months = (int64_t)(month <= 2 ? month + 9 : month - 3);
	int64_t days = from * 365 + from / 4 - from / 100 + from / 400;
	return days + (153 * months + 2) / 5 + (int64_t)day - 1 - 4800 * 146097 - 730425;
}

/* The year's sign stands behind everything, so it is cut off first. */
static bool take_date(struct span *s, bool before, int64_t *days)
{
	uint64_t year, month, day;
	if (!take_number(s, 4, 7, &year) || !take_byte(s, '-') || !take_number(s, 2, 2, &month) ||
	    !take_byte(s, '-') || !take_number(s, 2, 2, &day))
		return false;
	int64_t signed_year = before ? 1 - (int64_t)year : (int64_t)year;
	/* The types begin in 4714 BC. */
	if (before && year > 4714)
		return false;
	if (year == 0 || month == 0 || month > 12 || day == 0 || day > days_in(signed_year, month))
		return false;
	*days = count_days(signed_year, month, day);
	return true;
}

static bool cut_bc(struct span *s)
{
	bool before = span_ends(*s, SPAN(" BC"));
	*s = span_head(*s, s->n - (before ? 3 : 0));
	return before;
}

/* ".25" is 250,000 microseconds; nothing is none. */
static bool take_fraction(struct span *s, int64_t *us)
{
	uint64_t n = 0;
	size_t before = s->n;
	if (!take_byte(s, '.'))
		return true;
	if (!take_number(s, 1, 6, &n))
		return false;
	for (size_t digits = before - s->n - 1; digits < 6; digits++)
		n *= 10;
	*us += (int64_t)n;
	return true;
}

/* hours:minutes:seconds, the last or the last two perhaps missing, as microseconds. */
static bool take_clock(struct span *s, unsigned least, int64_t *us)
{
	static const int64_t worth[] = {3600000000, 60000000, 1000000};
	static const uint64_t most[] = {23, 59, 59};
	*us = 0;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t n;
		if (i > 0 && !take_byte(s, ':'))
			return i >= least;
		if (!take_number(s, 2, 2, &n) || n > most[i])
			return false;
		*us += (int64_t)n * worth[i];
	}
	return true;
}

static bool take_offset(struct span *s, int64_t *us)
{
	bool minus = span_starts(*s, SPAN("-"));
	int64_t offset;
	if (s->n == 0)
		return true;
	if ((!take_byte(s, '+') && !take_byte(s, '-')) || !take_clock(s, 1, &offset))
		return false;
	/* East of Greenwich the clock is ahead. */
	*us -= minus ? -offset : offset;
	return true;
}

static bool take_timestamp(struct span s, int64_t *us)
{
	int64_t days, clock;
	bool before = cut_bc(&s);
	if (!take_date(&s, before, &days) || !take_byte(&s, ' ') || !take_clock(&s, 3, &clock) ||
	    !take_fraction(&s, &clock) || !take_offset(&s, &clock) || s.n > 0)
		return false;
	if (days <= INT64_MIN / DAY + 1 || days >= INT64_MAX / DAY - 1)
		return false;
	*us = days * DAY + clock;
	return true;
}

/* "infinity" and "-infinity" are the ends of the type. */
static bool take_infinity(struct span s, int64_t least, int64_t most, int64_t *n)
{
	bool minus = span_starts(s, SPAN("-"));
	*n = minus ? least : most;
	return span_eq(span_tail(s, minus), SPAN("infinity"));
}

bool pgwire_get_timestamp(struct pgwire_value v, bool binary, int64_t *us)
{
	int64_t n;
	if (binary)
		return pgwire_get_int8(v, true, us);
	if (v.null ||
	    (!take_infinity(v.bytes, INT64_MIN, INT64_MAX, &n) && !take_timestamp(v.bytes, &n)))
		return false;
	*us = n;
	return true;
}

bool pgwire_get_date(struct pgwire_value v, bool binary, int32_t *days)
{
	int64_t n;
	struct span s = v.bytes;
	if (binary)
		return pgwire_get_int4(v, true, days);
	if (v.null)
		return false;
	if (!take_infinity(s, INT32_MIN, INT32_MAX, &n)) {
		bool before = cut_bc(&s);
		if (!take_date(&s, before, &n) || s.n > 0 || n >= INT32_MAX)
			return false;
	}
	*days = (int32_t)n;
	return true;
}
