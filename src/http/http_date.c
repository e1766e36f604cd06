#include "base/date.h"
#include "http/http.h"

#include <string.h>

static const char days[7][10] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
				 "Thursday", "Friday", "Saturday"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
				   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void http_put_date(uint8_t at[static HTTP_DATE_SIZE], uint64_t seconds)
{
	seconds = seconds > DATE_LAST ? DATE_LAST : seconds;
	struct date c = date_of(seconds);
	struct out o = out_init(at, HTTP_DATE_SIZE);
	out_mem(&o, days[(seconds / DATE_DAY + 4) % 7], 3); /* 1 January 1970 was a Thursday */
	out_mem(&o, ", ", 2);
	out_fixed(&o, c.day, 2);
	out_byte(&o, ' ');
	out_mem(&o, months[c.month], 3);
	out_byte(&o, ' ');
	out_fixed(&o, c.year, 4);
	out_byte(&o, ' ');
	out_fixed(&o, c.hour, 2);
	out_byte(&o, ':');
	out_fixed(&o, c.minute, 2);
	out_byte(&o, ':');
	out_fixed(&o, c.second, 2);
	out_mem(&o, " GMT", 4);
}

/* Text to be taken from the front, piece by piece; failed stays. */
struct text {
	struct span rest;
	bool failed;
};

static void expect(struct text *t, const char *literal)
{
	struct span want = span_str(literal);
	t->failed = t->failed || !span_starts(t->rest, want);
	t->rest = span_tail(t->rest, want.n);
}

static unsigned number(struct text *t, size_t digits)
{
	uint64_t v = 0;
	if (t->rest.n < digits || !dec_u64(span_head(t->rest, digits), &v))
		t->failed = true;
	t->rest = span_tail(t->rest, digits);
	return (unsigned)v;
}

static unsigned month(struct text *t)
{
	unsigned m = 0;
	while (m < 12 && !span_starts(t->rest, span_str(months[m])))
		m++;
	t->failed = t->failed || m == 12;
	t->rest = span_tail(t->rest, 3);
	return m;
}

static void clock_time(struct text *t, struct date *c)
{
	c->hour = number(t, 2);
	expect(t, ":");
	c->minute = number(t, 2);
	expect(t, ":");
	c->second = number(t, 2);
}

/* Day-name SP: "Sun, " (IMF), "Sunday, " (RFC 850) or "Sun " (asctime). */
static bool day_name(struct text *t, bool whole, const char *behind)
{
	struct text all = *t;
	for (size_t i = 0; i < 7; i++) {
		*t = all;
		struct span name = span_str(days[i]);
		name = whole ? name : span_head(name, 3);
		if (!span_starts(t->rest, name))
			continue;
		t->rest = span_tail(t->rest, name.n);
		expect(t, behind);
		if (!t->failed)
			return true;
	}
	*t = all;
	return false;
}

static void imf(struct text *t, struct date *c)
{
	c->day = number(t, 2);
	expect(t, " ");
	c->month = month(t);
	expect(t, " ");
	c->year = number(t, 4);
	expect(t, " ");
	clock_time(t, c);
	expect(t, " GMT");
}

/* More than 50 years ahead is the most recent year in the past (9110, 5.6.7). */
static unsigned full_year(const struct date *c, unsigned short_year, uint64_t now)
{
	struct date ahead = date_of(now > DATE_LAST ? DATE_LAST : now), there = *c;
	there.year = ahead.year / 100 * 100 + 100 + short_year;
	ahead.year += 50;
	while (there.year > ahead.year ||
	       (there.year == ahead.year && date_seconds(&there) > date_seconds(&ahead)))
		there.year -= 100;
	return there.year;
}

static void rfc850(struct text *t, struct date *c, uint64_t now)
{
	c->day = number(t, 2);
	expect(t, "-");
	c->month = month(t);
	expect(t, "-");
	unsigned short_year = number(t, 2);
	expect(t, " ");
	clock_time(t, c);
	expect(t, " GMT");
	if (!t->failed)
		c->year = full_year(c, short_year, now);
}

static void asctime_form(struct text *t, struct date *c)
{
	c->month = month(t);
	expect(t, " ");
	if (t->rest.n > 0 && t->rest.p[0] == ' ') {
		expect(t, " ");
		c->day = number(t, 1);
	} else {
		c->day = number(t, 2);
	}
	expect(t, " ");
	clock_time(t, c);
	expect(t, " ");
	c->year = number(t, 4);
}

bool http_get_date(struct span s, uint64_t now, uint64_t *seconds)
{
	struct text t = {s, false};
	struct date c;
	if (day_name(&t, false, ", "))
		imf(&t, &c);
	else if (day_name(&t, true, ", "))
		rfc850(&t, &c, now);
	else if (day_name(&t, false, " "))
		asctime_form(&t, &c);
	else
		return false;
	if (t.failed || t.rest.n > 0 || c.year < 1970)
		return false;
	if (c.day < 1 || c.day > date_month_days(c.year, c.month) || c.hour > 23 || c.minute > 59 ||
	    c.second > 60)
		return false;
	*seconds = date_seconds(&c);
	return true;
}
