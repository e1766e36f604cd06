/*
 * Byte ranges: rows of what a Range field asks of a file, a model of the rules that looks at every
 * byte by itself, and the writers at every capacity.
 */
#include "harness/dice.h"
#include "harness/tap.h"
#include "http/http_range.h"

#include <stdio.h>
#include <string.h>

#define K 1000u /* a size, large enough that ranges of some bytes are a part */

/* want: "from+n" of each range, "whole", "416" */
struct row {
	const char *title, *value;
	uint64_t size;
	const char *want;
};

static const struct row rows[] = {
	/* The examples of 9110, 14.1.2 and 14.2, with 10000 bytes */
	{"9110-14.1.2 the first 500 bytes", "bytes=0-499", 10000, "0+500"},
	{"9110-14.1.2 the second 500 bytes", "bytes=500-999", 10000, "500+500"},
	{"9110-14.1.2 the final 500 bytes", "bytes=-500", 10000, "9500+500"},
	{"9110-14.1.2 the same, from a position", "bytes=9500-", 10000, "9500+500"},
	{"9110-14.1.2 the first and the last byte", "bytes=0-0,-1", 10000, "0+1 9999+1"},
	{"9110-14.1.2 first, middle, last thousand", "bytes= 0-999, 4500-5499, -1000", 10000,
	 "0+1000 4500+1000 9000+1000"}, /* printed with that blank */
	{"9110-14.1.2 two that touch", "bytes=500-600,601-999", 10000, "500+101 601+399"},
	{"9110-14.1.2 two that overlap", "bytes=500-700,601-999", 10000, "500+201 601+399"},

	{"9110-14.1.2 one byte", "bytes=5-5", 10, "5+1"},
	{"9110-14.1.2 the last byte", "bytes=9-9", 10, "9+1"},
	{"9110-14.1.2 all, said as a range", "bytes=0-", 10, "0+10"},
	{"9110-14.1.2 all, to the byte", "bytes=0-9", 10, "0+10"},
	{"9110-14.1.2 one byte too many is clipped", "bytes=0-10", 10, "0+10"},
	{"9110-14.1.2 suffix of the size", "bytes=-10", 10, "0+10"},
	{"9110-14.1.2 suffix longer than the size", "bytes=-11", 10, "0+10"},
	{"9110-14.1.2 leading zeros", "bytes=0001-0002", 10, "1+2"},
	{"9110-14.1.2 leading zeros, last shorter", "bytes=0009-09", 10, "9+1"},
	{"9110-14.1.2 suffix with zeros", "bytes=-0003", 10, "7+3"},

	{"9110-14.1.2 from the size on", "bytes=10-", 10, "416"},
	{"9110-14.1.2 from behind it", "bytes=11-20", 10, "416"},
	{"9110-14.1.2 suffix of nothing", "bytes=-0", 10, "416"},
	{"9110-14.1.2 suffix of nothing, zeros", "bytes=-000", 10, "416"},
	{"9110-14.1.2 two, none there", "bytes=10-,20-30", 10, "416"},
	{"9110-14.1.2 more than max, none there", "bytes=50-,51-,52-,53-,54-,55-,56-,57-,58-", 10,
	 "416"},
	{"9110-14.1.2 one of two is there", "bytes=10-,5-", 10, "5+5"},
	{"9110-14.1.2 the other of two is there", "bytes=5-,-0", 10, "5+5"},
	{"9110-15.5.17 empty file, from 0", "bytes=0-", 0, "416"},
	{"9110-15.5.17 empty file, suffix of nothing", "bytes=-0", 0, "416"},
	{"9110-14.4 empty file, suffix", "bytes=-5", 0, "whole"},
	{"9110-14.4 empty file, both", "bytes=0-,-5", 0, "whole"},

	{"9110-14.1.2 last of 64 bits", "bytes=0-18446744073709551615", 10, "0+10"},
	{"9110-14.1.2 last of more", "bytes=0-18446744073709551616", 10, "0+10"},
	{"9110-14.1.2 last of 40 digits", "bytes=3-9999999999999999999999999999999999999999", 10,
	 "3+7"},
	{"9110-14.1.2 first of 64 bits", "bytes=18446744073709551615-", 10, "416"},
	{"9110-14.1.2 first of more", "bytes=18446744073709551616-", 10, "416"},
	{"9110-14.1.2 first of more, not 0", "bytes=18446744073709551616-5", 10, "whole"},
	{"9110-14.1.2 suffix of more", "bytes=-99999999999999999999999", 10, "0+10"},
	{"9110-14.1.2 both of more", "bytes=88888888888888888888888-88888888888888888888889", 10,
	 "416"},
	{"9110-14.1.1 both of more, wrong order",
	 "bytes=88888888888888888888889-88888888888888888888888", 10, "whole"},
	{"9110-14.1.2 the greatest file", "bytes=-1", UINT64_MAX, "18446744073709551614+1"},
	{"9110-14.1.2 the greatest file, all", "bytes=0-", UINT64_MAX, "0+18446744073709551615"},
	{"9110-14.1.2 the greatest file, behind", "bytes=18446744073709551615-", UINT64_MAX, "416"},

	{"9110-14.1 unit in capitals", "BYTES=1-2", 10, "1+2"},
	{"9110-14.1 unit of mixed case", "Bytes=1-2", 10, "1+2"},
	{"9110-14.2 another unit", "lines=1-2", 10, "whole"},
	{"9110-14.2 a unit that begins so", "byte=1-2", 10, "whole"},
	{"9110-14.2 a unit that goes on", "bytess=1-2", 10, "whole"},
	{"9110-14.1.1 no unit", "=1-2", 10, "whole"},
	{"9110-14.1.1 no unit, no equals", "1-2", 10, "whole"},
	{"9110-14.1.1 no equals", "bytes", 10, "whole"},
	{"9110-14.1.1 colon", "bytes:1-2", 10, "whole"},
	{"9110-14.1.1 Content-Range's form", "bytes 1-2/10", 10, "whole"},
	{"9110-14.1.1 blank before equals", "bytes =1-2", 10, "whole"},
	{"9110-14.1.2 blank behind equals", "bytes= 1-2", 10, "1+2"},
	{"9110-14.1.1 blank in a range", "bytes=1 -2", 10, "whole"},
	{"9110-14.1.1 blank behind the dash", "bytes=1- 2", 10, "whole"},
	{"9110-14.1.1 nothing", "", 10, "whole"},
	{"9110-14.1.1 no range", "bytes=", 10, "whole"},
	{"9110-14.1.1 a comma only", "bytes=,", 10, "whole"},
	{"9110-14.1.1 commas and blanks only", "bytes=, \t,", 10, "whole"},
	{"9110-14.1.1 dash only", "bytes=-", 10, "whole"},
	{"9110-14.1.1 two dashes", "bytes=--1", 10, "whole"},
	{"9110-14.1.1 two dashes between", "bytes=1--2", 10, "whole"},
	{"9110-14.1.1 three numbers", "bytes=1-2-3", 10, "whole"},
	{"9110-14.1.1 no dash", "bytes=5", 10, "whole"},
	{"9110-14.1.1 wrong order", "bytes=5-4", 10, "whole"},
	{"9110-14.1.1 wrong order, behind the end", "bytes=50-40", 10, "whole"},
	{"9110-14.1.1 one of two in wrong order", "bytes=1-2,5-4", 10, "whole"},
	{"9110-14.1.1 sign", "bytes=+1-2", 10, "whole"},
	{"9110-14.1.1 hexadecimal", "bytes=0x1-0x2", 10, "whole"},
	{"9110-14.1.1 letters", "bytes=a-b", 10, "whole"},
	{"9110-14.1.1 asterisk", "bytes=*", 10, "whole"},
	{"9110-14.1.1 a letter behind", "bytes=1-2a", 10, "whole"},
	{"9110-14.1.1 semicolon between", "bytes=1-2;4-5", 10, "whole"},
	{"9110-14.1.1 unit twice", "bytes=1-2,bytes=4-5", 10, "whole"},
	{"9110-14.1.1 malformed beside unsatisfiable", "bytes=20-,x", 10, "whole"},
	{"9110-14.1.1 malformed in the end", "bytes=0-0,5-5,x-", 10, "whole"},
	{"9110-5.6.1 blanks beside commas", "bytes=0-0 ,\t2-2\t, 4-4", K, "0+1 2+1 4+1"},
	{"9110-5.6.1 empty elements", "bytes=,,0-0,, ,2-2,", K, "0+1 2+1"},

	{"9110-15.3.7.2 order is kept", "bytes=800-899,100-199,-50", K, "800+100 100+100 950+50"},
	{"9110-14.2 the same twice", "bytes=0-499,0-499", K, "0+500 0+500"},
	{"9110-14.2 twice everything", "bytes=0-,0-", K, "0+1000 0+1000"},
	{"9110-14.2 one in another", "bytes=0-,5-9", K, "0+1000 5+5"},
	{"9110-14.2 two overlap beside others", "bytes=0-99,50-199,300-399,500-", K,
	 "0+100 50+150 300+100 500+500"},
	{"9110-14.2 three times everything", "bytes=0-,0-,0-", K, "whole"},
	{"9110-14.2 three in a chain", "bytes=0-199,150-349,300-499", K, "whole"},
	{"9110-14.2 two pairs overlap", "bytes=0-99,50-199,300-399,350-", K, "whole"},
	{"9110-14.2 clipping makes three overlap", "bytes=900-9999,-90,950-", K, "whole"},
	{"9110-14.2 touching is not overlapping", "bytes=0-199,200-399,400-599,600-", K,
	 "0+200 200+200 400+200 600+400"},
	{"9110-17.15 four tiny ones", "bytes=0-0,2-2,4-4,6-6", K, "0+1 2+1 4+1 6+1"},
	{"9110-17.15 five tiny ones", "bytes=0-0,2-2,4-4,6-6,8-8", K, "whole"},
	{"9110-17.15 five of 79 bytes", "bytes=0-78,100-178,200-278,300-378,400-478", K, "whole"},
	{"9110-17.15 five of 80 bytes", "bytes=0-79,100-179,200-279,300-379,400-479", K,
	 "0+80 100+80 200+80 300+80 400+80"},
	{"9110-17.15 unsatisfiable ones are not sent", "bytes=0-0,2-2,4-4,6-6,1000-,1001-", K,
	 "0+1 2+1 4+1 6+1"},
	{"9110-17.15 eight, the max here",
	 "bytes=0-99,100-199,200-299,300-399,400-499,500-599,600-699,700-799", K,
	 "0+100 100+100 200+100 300+100 400+100 500+100 600+100 700+100"},
	{"9110-17.15 nine, more than max",
	 "bytes=0-99,100-199,200-299,300-399,400-499,500-599,600-699,700-799,800-", K, "whole"},
};
#define MAX 8

static void tell(int n, const struct http_range *r, char *text, size_t cap)
{
	struct out o = out_init(text, cap - 1);
	if (n <= 0)
		out_str(&o, n == 0 ? "whole" : n == HTTP_ERANGE ? "416" : "?");
	for (int i = 0; i < n; i++) {
		out_str(&o, i > 0 ? " " : "");
		out_u64(&o, r[i].from);
		out_byte(&o, '+');
		out_u64(&o, r[i].n);
	}
	text[o.n] = 0;
}

/* What holds whatever was asked: within the size, in sum at most twice as much, nothing beyond. */
static bool promises(struct span value, uint64_t size, size_t max)
{
	struct http_range r[HTTP_RANGES_MAX + 1];
	uint64_t sum = 0;
	memset(r, 0xee, sizeof r);
	struct http_range canary = r[0];
	int n = http_get_ranges(value, size, r, max);
	size_t most = max < HTTP_RANGES_MAX ? max : HTTP_RANGES_MAX;
	bool good = n == HTTP_ERANGE || (n >= 0 && (size_t)n <= most);
	for (int i = 0; i < n; i++) {
		good = good && r[i].n > 0 && r[i].from < size && r[i].n <= size - r[i].from;
		sum += r[i].n;
	}
	good = good && memcmp(&r[most], &canary, sizeof canary) == 0;
	return check(good && (size > UINT64_MAX / 2 || sum <= 2 * size),
		     "'%.*s' of %llu: %d ranges, %llu bytes", (int)value.n, (const char *)value.p,
		     (unsigned long long)size, n, (unsigned long long)sum);
}

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct span value = span_str(rows[i].value);
		struct http_range r[MAX];
		char got[256];
		bool good = true;
		for (size_t cut = 0; cut <= value.n; cut++)
			good = promises(guarded(0, span_head(value, cut)), rows[i].size, MAX) &&
			       good;
		int n = http_get_ranges(guarded(0, value), rows[i].size, r, MAX);
		tell(n, r, got, sizeof got);
		ok(good && strcmp(got, rows[i].want) == 0, "%s: %s, got '%s'", rows[i].title,
		   rows[i].value, got);
	}
	struct http_range r[MAX];
	is_int(http_get_ranges(SPAN_NONE, 10, r, MAX), 0, "9110-14.2 no field");
}

static void test_max(void)
{
	struct http_range r[HTTP_RANGES_MAX + 8];
	char text[512];
	int n = 0;
	is_int(http_get_ranges(SPAN("bytes=1-2"), 10, NULL, 0), 0, "no room: the whole");
	is_int(http_get_ranges(SPAN("bytes=20-"), 10, NULL, 0), HTTP_ERANGE,
	       "no room is needed to refuse");
	is_int(http_get_ranges(SPAN("bytes=1-2,20-"), 10, r, 1), 1, "room for one, one is there");
	is_int(http_get_ranges(SPAN("bytes=1-2,4-5"), 10, r, 1), 0, "room for one, two are there");
	for (unsigned i = 0; i <= HTTP_RANGES_MAX; i++) {
		n += snprintf(text + n, sizeof text - (size_t)n, "%s%u-%u", i == 0 ? "bytes=" : ",",
			      i * 100, i * 100 + 99);
		int want = i < HTTP_RANGES_MAX ? (int)i + 1 : 0;
		check(http_get_ranges(span_of(text, (size_t)n), 10000, r, HTTP_RANGES_MAX + 8) ==
			      want,
		      "%u ranges", i + 1);
	}
	ok(failures() == 0, "up to HTTP_RANGES_MAX, and none of more, whatever the room");
	is_int(http_status_of(HTTP_ERANGE), 416, "9110-15.5.17 HTTP_ERANGE is 416");
	is_str(http_strerror(HTTP_ERANGE), "no range is satisfiable", "and has a text");
}

/* One range against a look at every byte: is it among first to last, or among the last n? */
static bool model(const char *text, uint64_t size, bool suffix, uint64_t a, uint64_t b)
{
	struct http_range r = {0, 0};
	int n = http_get_ranges(guarded(0, span_str(text)), size, &r, 1);
	uint64_t asked = 0;
	bool good = true, malformed = !suffix && b < a;
	for (uint64_t i = 0; i < size; i++) {
		bool in = suffix ? i + a >= size : i >= a && i <= b;
		asked += in;
		if (n > 0)
			good = good && in == (i >= r.from && i < r.from + r.n);
	}
	if (malformed || (suffix && a > 0 && size == 0))
		good = n == 0;
	else
		good = good && n == (asked > 0 ? 1 : HTTP_ERANGE);
	return check(good, "%s of %llu: %d, %llu+%llu", text, (unsigned long long)size, n,
		     (unsigned long long)r.from, (unsigned long long)r.n);
}

static void test_model(void)
{
	bool good = true;
	char text[64];
	for (unsigned size = 0; size <= 12; size++)
		for (unsigned a = 0; a <= 14; a++) {
			snprintf(text, sizeof text, "bytes=-%u", a);
			good = model(text, size, true, a, 0) && good;
			snprintf(text, sizeof text, "bytes=%u-", a);
			good = model(text, size, false, a, UINT64_MAX) && good;
			for (unsigned b = 0; b <= 14; b++) {
				snprintf(text, sizeof text, "bytes=%u-%u", a, b);
				good = model(text, size, false, a, b) && good;
			}
		}
	ok(good, "9110-14.1.2 every single range around every size up to 12");
}

static struct dice dice = {DICE};

static const char *const bits[] = {
	"-",
	"-",
	"-",
	",",
	",",
	", ",
	"0",
	"1",
	"5",
	"9",
	"42",
	"100",
	"999",
	"bytes=",
	" ",
	"x",
	"=",
	"0-",
	"-500",
	"0-9",
	"\t",
	"18446744073709551615",
	"18446744073709551616",
};

static void test_fuzz(void)
{
	bool good = true;
	int taken = 0, refused = 0, whole = 0;
	for (int i = 0; i < 60000 && good; i++) {
		char text[256] = "bytes=";
		struct out o = out_init(text, sizeof text);
		struct http_range r[MAX];
		out_str(&o, roll(&dice, 20) == 0 ? "" : "bytes=");
		for (uint32_t left = 1 + roll(&dice, 12); left > 0; left--)
			out_str(&o, bits[roll(&dice, sizeof bits / sizeof *bits)]);
		uint64_t size = roll(&dice, 3) == 0   ? roll(&dice, 20)
				: roll(&dice, 2) == 0 ? K
						      : UINT64_MAX - roll(&dice, 3);
		struct span value = guarded(0, out_span_of(&o));
		good = promises(value, size, roll(&dice, 20));
		int n = http_get_ranges(value, size, r, MAX);
		taken += n > 0;
		refused += n < 0;
		whole += n == 0;
	}
	ok(good && taken > 1000 && refused > 100 && whole > 1000,
	   "60000 fields from pieces: %d taken, %d refused, %d do not apply", taken, refused,
	   whole);
}

static const struct http_range first = {0, 5}, last = {9, 1}, greatest = {UINT64_MAX - 11, 10};

static void range_first(struct out *o)
{
	http_put_content_range(o, &first, 10);
}

static void range_last(struct out *o)
{
	http_put_content_range(o, &last, 10);
}

static void range_greatest(struct out *o)
{
	http_put_content_range(o, &greatest, UINT64_MAX);
}

static void unsatisfied(struct out *o)
{
	http_put_unsatisfied_range(o, 47022);
}

static void unsatisfied_empty(struct out *o)
{
	http_put_unsatisfied_range(o, 0);
}

static void type_value(struct out *o)
{
	http_put_ranges_type(o, SPAN("THIS_STRING_SEPARATES"));
}

static void part(struct out *o)
{
	http_put_range_part(o, SPAN("a'b+c_d-e.F9"), SPAN("text/html; charset=utf-8"), &first, 10);
}

static void part_without_type(struct out *o)
{
	http_put_range_part(o, SPAN("0"), SPAN(""), &last, 10);
}

static void end(struct out *o)
{
	http_put_ranges_end(o, SPAN("a1"));
}

/* The answer of 9110, 14.6, as far as ours goes: one type, two ranges. */
static void multipart(struct out *o)
{
	const struct http_range r[] = {{500, 3}, {7000, 2}};
	http_put_range_part(o, SPAN("SEP"), SPAN("application/pdf"), &r[0], 8000);
	out_str(o, "abc");
	http_put_range_part(o, SPAN("SEP"), SPAN("application/pdf"), &r[1], 8000);
	out_str(o, "de");
	http_put_ranges_end(o, SPAN("SEP"));
}

static const struct {
	const char *title;
	void (*put)(struct out *o);
	const char *want;
} writers[] = {
	{"9110-14.4 first bytes", range_first, "bytes 0-4/10"},
	{"9110-14.4 last byte", range_last, "bytes 9-9/10"},
	{"9110-14.4 greatest numbers", range_greatest,
	 "bytes 18446744073709551604-18446744073709551613/18446744073709551615"},
	{"9110-14.4 none of them, the example", unsatisfied, "bytes */47022"},
	{"9110-14.4 none of an empty file", unsatisfied_empty, "bytes */0"},
	{"9110-14.6 type", type_value, "multipart/byteranges; boundary=THIS_STRING_SEPARATES"},
	{"9110-14.6 part", part,
	 "\r\n--a'b+c_d-e.F9\r\nContent-Type: text/html; charset=utf-8\r\n"
	 "Content-Range: bytes 0-4/10\r\n\r\n"},
	{"9110-15.3.7.2 part of no type", part_without_type,
	 "\r\n--0\r\nContent-Range: bytes 9-9/10\r\n\r\n"},
	{"2046-5.1.1 end", end, "\r\n--a1--\r\n"},
	{"9110-14.6 all of it", multipart,
	 "\r\n--SEP\r\nContent-Type: application/pdf\r\nContent-Range: bytes 500-502/8000\r\n\r\n"
	 "abc\r\n--SEP\r\nContent-Type: application/pdf\r\n"
	 "Content-Range: bytes 7000-7001/8000\r\n\r\nde\r\n--SEP--\r\n"},
};

static void test_writers(void)
{
	for (size_t i = 0; i < sizeof writers / sizeof *writers; i++) {
		size_t n = strlen(writers[i].want);
		uint8_t buf[256];
		bool good = true;
		for (size_t cap = 0; cap < n + 3; cap++) {
			memset(buf, 0xee, sizeof buf);
			struct out o = out_init(buf, cap);
			writers[i].put(&o);
			good = check(o.over == (cap < n) && o.n <= cap && buf[cap] == 0xee &&
					     memcmp(buf, writers[i].want, o.n) == 0,
				     "%s: capacity %zu", writers[i].title, cap) &&
			       good;
		}
		struct out o = out_init(buf, sizeof buf);
		writers[i].put(&o);
		is_span(out_span_of(&o), span_str(writers[i].want), "%s", writers[i].title);
		ok(good, "%s: every capacity", writers[i].title);
	}
}

/* Each writer says over, and the length 0. */
static void refuses(const char *title, struct span boundary, struct span type, struct http_range r,
		    uint64_t size)
{
	uint8_t buf[512];
	struct out o = out_init(buf, sizeof buf);
	http_put_range_part(&o, boundary, type, &r, size);
	ok(o.over && http_ranges_length(boundary, type, &r, 1, size) == 0, "%s", title);
}

static void test_refused(void)
{
	const struct http_range good = {0, 5};
	char longest[HTTP_BOUNDARY_MAX + 1];
	memset(longest, 'a', sizeof longest);
	const struct span at_most = span_of(longest, HTTP_BOUNDARY_MAX);
	refuses("2046-5.1.1 no boundary", SPAN(""), SPAN("a/b"), good, 10);
	refuses("2046-5.1.1 boundary of 71", span_of(longest, sizeof longest), SPAN("a/b"), good,
		10);
	refuses("2046-5.1.1 blank in a boundary", SPAN("a b"), SPAN("a/b"), good, 10);
	refuses("2046-5.1.1 CRLF in a boundary", SPAN("a\r\nb"), SPAN("a/b"), good, 10);
	refuses("9110-5.6.6 boundary that needs quotes", SPAN("a:b"), SPAN("a/b"), good, 10);
	refuses("2046-5.1.1 token that is no boundary", SPAN("a!b"), SPAN("a/b"), good, 10);
	refuses("2046-5.1.1 above 0x7F in a boundary", SPAN("a\303\244"), SPAN("a/b"), good, 10);
	refuses("9110-5.5 CRLF in a type", SPAN("a"), SPAN("a/b\r\nX: y"), good, 10);
	refuses("9110-5.5 NUL in a type", SPAN("a"), SPAN("a/b\000"), good, 10);
	refuses("9110-14.4 empty range", SPAN("a"), SPAN("a/b"), (struct http_range){5, 0}, 10);
	refuses("9110-14.4 range beyond the size", SPAN("a"), SPAN("a/b"),
		(struct http_range){5, 6}, 10);
	refuses("9110-14.4 range behind the size", SPAN("a"), SPAN("a/b"),
		(struct http_range){10, 1}, 10);
	refuses("9110-14.4 range of an empty file", SPAN("a"), SPAN("a/b"),
		(struct http_range){0, 1}, 0);
	refuses("9110-14.4 range that overflows", SPAN("a"), SPAN("a/b"),
		(struct http_range){5, UINT64_MAX}, 10);

	uint8_t buf[256];
	struct out o = out_init(buf, sizeof buf);
	http_put_ranges_end(&o, SPAN("a b"));
	ok(o.over, "2046-5.1.1 blank in the end's boundary");
	o = out_init(buf, sizeof buf);
	http_put_ranges_type(&o, SPAN("a\""));
	ok(o.over && o.n == 0, "9110-5.6.6 quote in the type's boundary");
	o = out_init(buf, sizeof buf);
	http_put_ranges_type(&o, at_most);
	ok(!o.over, "2046-5.1.1 boundary of 70");
	is_int((long long)http_ranges_length(SPAN("a"), SPAN("a/b"), &good, 0, 10), 0,
	       "no range, no body");
	const struct http_range huge[2] = {{0, UINT64_MAX - 200}, {0, UINT64_MAX - 200}};
	is_int((long long)http_ranges_length(SPAN("a"), SPAN(""), huge, 2, UINT64_MAX), 0,
	       "a body of 2^64 bytes and more");
	ok(http_ranges_length(SPAN("a"), SPAN(""), huge, 1, UINT64_MAX) > huge[0].n,
	   "a body just below");
}

static void test_room(void)
{
	const struct http_range r = {UINT64_MAX - 2, 1};
	uint8_t buf[256];
	struct out o = out_init(buf, HTTP_RANGE_PART_ROOM(3, 5));
	http_put_range_part(&o, SPAN("abc"), SPAN("a/bcd"), &r, UINT64_MAX);
	ok(!o.over && o.n == o.cap, "HTTP_RANGE_PART_ROOM is exact for the longest numbers");
}

/* The length is what the writers write, for ranges that were asked for. */
static void test_length(void)
{
	static uint8_t file[20000], buf[80000];
	bool good = true;
	int parts = 0;
	for (int i = 0; i < 3000 && good; i++) {
		char text[256], boundary[HTTP_BOUNDARY_MAX];
		struct http_range r[MAX];
		uint64_t size = 1 + roll(&dice, sizeof file);
		size_t n = 0;
		for (uint32_t left = 1 + roll(&dice, 5); left > 0; left--)
			n += (size_t)snprintf(text + n, sizeof text - n, "%s%u-%s",
					      n == 0 ? "bytes=" : ",", roll(&dice, (uint32_t)size),
					      roll(&dice, 2) == 0 ? "" : "19000");
		int found = http_get_ranges(span_of(text, n), size, r, MAX);
		memset(boundary, 'x', sizeof boundary);
		struct span b = span_of(boundary, 1 + roll(&dice, HTTP_BOUNDARY_MAX));
		struct span type = span_head(SPAN("text/html; charset=utf-8"), roll(&dice, 25));
		struct out o = out_init(buf, sizeof buf);
		for (int k = 0; k < found; k++) {
			http_put_range_part(&o, b, type, &r[k], size);
			out_mem(&o, file + r[k].from, r[k].n);
		}
		if (found <= 0)
			continue;
		parts += found;
		http_put_ranges_end(&o, b);
		good = check(!o.over && o.n == http_ranges_length(b, type, r, (size_t)found, size),
			     "%s of %llu", text, (unsigned long long)size);
	}
	ok(good && parts > 1000, "the length of a body is told before it is written, %d parts",
	   parts);
}

int main(void)
{
	test_rows();
	test_max();
	test_model();
	test_fuzz();
	test_writers();
	test_refused();
	test_room();
	test_length();
	return done();
}
