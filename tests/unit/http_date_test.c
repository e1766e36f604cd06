#include "harness/tap.h"
#include "http/http.h"

#include <string.h>
#include <time.h>

#define NOW 1750000000u /* 15 June 2025, 15:06:40 */
#define BAD UINT64_MAX

static const struct {
	const char *title, *text;
	uint64_t want;
} rows[] = {
	/* The examples of 9110, 5.6.7 */
	{"9110-5.6.7 IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
	{"9110-5.6.7 RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
	{"9110-5.6.7 asctime", "Sun Nov  6 08:49:37 1994", 784111777},
	{"9110-5.6.7 asctime, day of two digits", "Wed Nov 16 08:49:37 1994", 784975777},
	{"9110-5.6.7 asctime, day with a zero", "Sun Nov 06 08:49:37 1994", 784111777},
	{"9110-5.6.7 the first second", "Thu, 01 Jan 1970 00:00:00 GMT", 0},
	{"9110-5.6.7 the last", "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
	{"9110-5.6.7 leap day", "Thu, 29 Feb 2024 12:00:00 GMT", 1709208000},
	{"9110-5.6.7 leap day of a fourth century", "Tue, 29 Feb 2000 00:00:00 GMT", 951782400},
	{"9110-5.6.7 no leap day in a century", "Mon, 29 Feb 2100 00:00:00 GMT", BAD},
	{"9110-5.6.7 no leap day", "Wed, 29 Feb 2023 00:00:00 GMT", BAD},
	{"9110-5.6.7 leap second", "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
	{"9110-5.6.7 second 61", "Sat, 31 Dec 2016 23:59:61 GMT", BAD},
	{"9110-5.6.7 minute 60", "Sat, 31 Dec 2016 23:60:00 GMT", BAD},
	{"9110-5.6.7 hour 24", "Sat, 31 Dec 2016 24:00:00 GMT", BAD},
	{"9110-5.6.7 day 0", "Sat, 00 Dec 2016 00:00:00 GMT", BAD},
	{"9110-5.6.7 day 31 of April", "Sat, 31 Apr 2016 00:00:00 GMT", BAD},
	{"9110-5.6.7 before 1970", "Wed, 31 Dec 1969 23:59:59 GMT", BAD},
	{"9110-5.6.7 the wrong day's name is accepted", "Mon, 06 Nov 1994 08:49:37 GMT", 784111777},
	{"9110-5.6.7 no day's name", "Son, 06 Nov 1994 08:49:37 GMT", BAD},
	{"9110-5.6.7 no month", "Sun, 06 Nob 1994 08:49:37 GMT", BAD},
	{"9110-5.6.7 names have a case", "Sun, 06 nov 1994 08:49:37 GMT", BAD},
	{"9110-5.6.7 day's name of another case", "sun, 06 Nov 1994 08:49:37 GMT", BAD},
	{"9110-5.6.7 UTC", "Sun, 06 Nov 1994 08:49:37 UTC", BAD},
	{"9110-5.6.7 offset", "Sun, 06 Nov 1994 08:49:37 +0000", BAD},
	{"9110-5.6.7 no zone", "Sun, 06 Nov 1994 08:49:37", BAD},
	{"9110-5.6.7 more behind", "Sun, 06 Nov 1994 08:49:37 GMT ", BAD},
	{"9110-5.6.7 blank before", " Sun, 06 Nov 1994 08:49:37 GMT", BAD},
	{"9110-5.6.7 day of one digit", "Sun, 6 Nov 1994 08:49:37 GMT", BAD},
	{"9110-5.6.7 day of blank and digit", "Sun,  6 Nov 1994 08:49:37 GMT", BAD},
	{"9110-5.6.7 two blanks", "Sun, 06  Nov 1994 08:49:37 GMT", BAD},
	{"9110-5.6.7 sign", "Sun, +6 Nov 1994 08:49:37 GMT", BAD},
	{"9110-5.6.7 year of two digits", "Sun, 06 Nov 94 08:49:37 GMT", BAD},
	{"9110-5.6.7 no seconds", "Sun, 06 Nov 1994 08:49 GMT", BAD},
	{"9110-5.6.7 ISO 8601", "1994-11-06T08:49:37Z", BAD},
	{"9110-5.6.7 a number", "784111777", BAD},
	{"9110-5.6.7 nothing", "", BAD},
	{"9110-5.6.7 RFC 850, short day's name", "Sun, 06-Nov-94 08:49:37 GMT", BAD},
	{"9110-5.6.7 RFC 850, year of four digits", "Sunday, 06-Nov-1994 08:49:37 GMT", BAD},
	{"9110-5.6.7 RFC 850, blanks", "Sunday, 06 Nov 94 08:49:37 GMT", BAD},
	{"9110-5.6.7 RFC 850, no month", "Sunday, 06-Nob-94 08:49:37 GMT", BAD},
	{"9110-5.6.7 RFC 850, in the past", "Friday, 01-Jan-99 00:00:00 GMT", 915148800},
	{"9110-5.6.7 RFC 850, a year ahead", "Thursday, 01-Jan-26 00:00:00 GMT", 1767225600},
	{"9110-5.6.7 RFC 850, 49 years ahead", "Monday, 01-Jan-74 00:00:00 GMT", 3281990400},
	{"9110-5.6.7 RFC 850, 50 years ahead", "Saturday, 15-Jun-75 15:06:40 GMT", 3327836800},
	{"9110-5.6.7 RFC 850, more is the past", "Sunday, 15-Jun-75 15:06:41 GMT", 172076801},
	{"9110-5.6.7 RFC 850, before 1970", "Saturday, 01-Jan-00 00:00:00 GMT", 946684800},
	{"9110-5.6.7 asctime, one blank", "Sun Nov 6 08:49:37 1994", BAD},
	{"9110-5.6.7 asctime, zone", "Sun Nov  6 08:49:37 1994 GMT", BAD},
	{"9110-5.6.7 asctime, long day's name", "Sunday Nov  6 08:49:37 1994", BAD},
	{"9110-5.6.7 asctime, year of two digits", "Sun Nov  6 08:49:37 94", BAD},
};

static void test_read(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct span all = span_str(rows[i].text);
		uint64_t got = BAD;
		bool good = true;
		for (size_t cut = 0; cut < all.n; cut++) {
			uint64_t v = 77;
			bool taken = http_get_date(guarded(0, span_head(all, cut)), NOW, &v);
			good = check(v == 77 || taken, "%s: cut at %zu writes", rows[i].text,
				     cut) &&
			       good;
			if (rows[i].want != BAD)
				good = check(!taken, "%s: cut at %zu", rows[i].text, cut) && good;
		}
		http_get_date(guarded(0, all), NOW, &got);
		ok(good && got == rows[i].want, "%s: %s", rows[i].title, rows[i].text);
	}
}

static bool writes(uint64_t seconds, const char *want)
{
	uint8_t buf[HTTP_DATE_SIZE + 1] = {0};
	http_put_date(buf, seconds);
	return check(memcmp(buf, want, HTTP_DATE_SIZE) == 0 && buf[HTTP_DATE_SIZE] == 0,
		     "%llu is %.*s", (unsigned long long)seconds, HTTP_DATE_SIZE,
		     (const char *)buf);
}

static void test_write(void)
{
	ok(writes(0, "Thu, 01 Jan 1970 00:00:00 GMT"), "the first second");
	ok(writes(784111777, "Sun, 06 Nov 1994 08:49:37 GMT"), "the example");
	ok(writes(253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"), "the last second");
	ok(writes(253402300800, "Fri, 31 Dec 9999 23:59:59 GMT"), "and no later one");
	ok(writes(UINT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT"), "whatever is asked");
	uint64_t v = 0;
	ok(http_get_date(SPAN("Sunday, 06-Nov-94 08:49:37 GMT"), UINT64_MAX, &v),
	   "a clock far off is taken as the last second");
}

/* Every day of two centuries and then some, against the C library, and back. */
static void test_days(void)
{
	bool good = true;
	for (uint64_t day = 0; day < 150000 && good; day++) {
		uint64_t seconds = day * 86400 + day * 7919 % 86400, back = 0;
		time_t t = (time_t)seconds;
		struct tm tm;
		char want[64];
		gmtime_r(&t, &tm);
		strftime(want, sizeof want, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		good = writes(seconds, want) && http_get_date(span_str(want), NOW, &back) &&
		       back == seconds;
	}
	ok(good, "150,000 days are written as strftime does, and read back");
}

int main(void)
{
	test_read();
	test_write();
	test_days();
	return done();
}
