#include "fuzz/fuzz.h"
#include "http/http.h"

#define LAST 253402300799u /* 31 December 9999, 23:59:59 */

/* A time as text and back. */
static void put_and_get(uint64_t seconds)
{
	uint8_t text[HTTP_DATE_SIZE];
	uint64_t back = 0;
	http_put_date(text, seconds);
	must(http_get_date(guarded(1, span_of(text, sizeof text)), 0, &back), "our own date");
	must(back == (seconds < LAST ? seconds : LAST), "%llu, not %llu", (unsigned long long)back,
	     (unsigned long long)seconds);
}

static void get_and_put(struct span in, uint64_t now)
{
	uint8_t text[HTTP_DATE_SIZE];
	uint64_t seconds = 7;
	bool good = http_get_date(in, now, &seconds);
	must(good || seconds == 7, "no date, no result");
	if (!good)
		return;
	bool short_year = in.n > 23 && in.p[in.n - 20] == '-'; /* up to 50 years ahead of [now] */
	must(seconds <= LAST + 1 || short_year, "the year 9999 and its leap second are the last");
	http_put_date(text, seconds);
	put_and_get(seconds);
	bool imf = in.n == HTTP_DATE_SIZE && in.p[3] == ',';
	bool leap = imf && in.p[23] == '6' && in.p[24] == '0';
	/* The day's name is not held against the date. */
	if (imf && !leap)
		must(memcmp(text + 3, in.p + 3, HTTP_DATE_SIZE - 3) == 0, "the same text");
}

FUZZ(http_date)
{
	static const uint64_t nows[] = {0, 784111777, 1700000000, 4102444800, LAST, UINT64_MAX};
	struct span in = guarded(0, span_of(data, size));
	if (size > 64)
		return 0;
	for (size_t i = 0; i < COUNT(nows); i++)
		get_and_put(in, nows[i]);
	if (size < 8)
		return 0;
	uint64_t any = get_be64(in.p);
	put_and_get(any);
	put_and_get(any % (LAST + 1));
	get_and_put(span_tail(in, 8), any);
	return 0;
}
