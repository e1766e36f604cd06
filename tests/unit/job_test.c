/* The worker's folder makes no archive, because it has a main: the job is taken in whole. */
#include "services/worker/job.c"

#include "harness/tap.h"

#include <string.h>

#define DIGITS 4200 /* of f(20000), and some */

/* The plainest way there is, to compare with: one decimal digit a byte, lowest first. */
static struct plain {
	size_t n;
	uint8_t digit[DIGITS];
} plain[2];

static void plain_next(void) /* (a, b) becomes (b, a + b) */
{
	struct plain *a = &plain[0], *b = &plain[1];
	struct plain sum = {.n = b->n};
	int carry = 0;
	for (size_t i = 0; i < b->n; i++) {
		int d = (i < a->n ? a->digit[i] : 0) + b->digit[i] + carry;
		carry = d > 9;
		sum.digit[i] = (uint8_t)(carry ? d - 10 : d);
	}
	if (carry)
		sum.digit[sum.n++] = 1;
	*a = *b;
	*b = sum;
}

static struct span plain_text(uint8_t *buf)
{
	for (size_t i = 0; i < plain[0].n; i++)
		buf[i] = (uint8_t)('0' + plain[0].digit[plain[0].n - 1 - i]);
	return span_of(buf, plain[0].n);
}

static int run_u64(uint64_t n, struct out *o)
{
	uint8_t buf[20];
	return job_run(dec_put(buf, n), o);
}

static void compare(uint64_t n)
{
	static uint8_t got[DIGITS], want[DIGITS];
	struct out o = out_init(got, sizeof got);
	int rc = run_u64(n, &o);
	struct span expected = plain_text(want);
	check(rc == JOB_OK && span_eq(out_span_of(&o), expected), "f(%llu)", (unsigned long long)n);
}

static void against_addition(void)
{
	plain[0] = plain[1] = (struct plain){.n = 1, .digit = {1}};
	for (uint64_t n = 0; n <= 20000; n++) {
		if (n <= 400 || n % 997 == 0 || n % 1000 == 0 || (n & (n + 1)) == 0)
			compare(n);
		if (n == 400)
			ok(failures() == 0, "every n up to 400 is what addition gives");
		plain_next();
	}
	ok(failures() == 0, "samples up to 20000 are what addition gives");
}

static const struct {
	const char *index, *result;
} known[] = {
	{"0", "1"},
	{"1", "1"},
	{"2", "2"},
	{"3", "3"},
	{"4", "5"},
	{"5", "8"},
	{"10", "89"},
	{"40", "165580141"},
	{"43", "701408733"}, /* the last of one limb */
	{"44", "1134903170"},
	{"92", "12200160415121876738"}, /* the last that fits 64 bits */
	{"93", "19740274219868223167"},
	{"99", "354224848179261915075"},
	{"00005", "8"},
	{"-1", "1"},
	{"-0", "1"},
	{"-1000001", "1"},
	{"-99999999999999999999999", "1"},
	{"00000000000000000000000000000002", "2"},
};

static const struct {
	const char *index;
	int rc;
} refused[] = {
	{"", JOB_EINPUT},
	{"-", JOB_EINPUT},
	{"--1", JOB_EINPUT},
	{"+5", JOB_EINPUT},
	{" 5", JOB_EINPUT},
	{"5 ", JOB_EINPUT},
	{"5.0", JOB_EINPUT},
	{"5e1", JOB_EINPUT},
	{"five", JOB_EINPUT},
	{"0x5", JOB_EINPUT},
	{"5\n", JOB_EINPUT},
	{"99999999999999999999999x", JOB_EINPUT},
	{"1000001", JOB_ETOOBIG},
	{"18446744073709551615", JOB_ETOOBIG},
	{"18446744073709551616", JOB_ETOOBIG},
	{"99999999999999999999999", JOB_ETOOBIG},
};

static void rows(void)
{
	uint8_t buf[64];
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		struct out o = out_init(buf, sizeof buf);
		int rc = job_run(guarded(0, span_str(known[i].index)), &o);
		check(rc == JOB_OK, "f(%s) gave %d", known[i].index, rc);
		is_span(out_span_of(&o), span_str(known[i].result), "f(%s)", known[i].index);
	}
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct out o = out_init(buf, sizeof buf);
		int rc = job_run(guarded(0, span_str(refused[i].index)), &o);
		check(o.n == 0 && !o.over, "an error puts nothing");
		is_int(rc, refused[i].rc, "\"%s\" is refused", refused[i].index);
	}
}

static void capacities(uint64_t n)
{
	static uint8_t whole[DIGITS], part[DIGITS];
	struct out all = out_init(whole, sizeof whole);
	run_u64(n, &all);
	for (size_t cap = 0; cap <= all.n + 1; cap++) {
		struct out o = out_init(part, cap);
		int rc = run_u64(n, &o);
		if (cap < all.n)
			check(rc == JOB_EROOM && o.over && o.n == 0, "capacity %zu", cap);
		else
			check(rc == JOB_OK && span_eq(out_span_of(&o), out_span_of(&all)),
			      "capacity %zu", cap);
	}
	ok(failures() == 0, "every capacity for f(%llu)", (unsigned long long)n);
}

static void behind_other_bytes(void)
{
	uint8_t buf[8];
	struct out o = out_init(buf, sizeof buf);
	out_str(&o, "f=");
	is_int(job_run(SPAN("10"), &o), JOB_OK, "a result behind other bytes");
	is_span(out_span_of(&o), SPAN("f=89"), "leaves them in place");
}

/* The ends of f(1000000), as an arbitrary-precision calculator prints them. */
static void largest(void)
{
	static uint8_t buf[JOB_RESULT_MAX];
	struct out o = out_init(buf, sizeof buf);
	is_int(run_u64(JOB_MAX, &o), JOB_OK, "the largest index");
	is_int((long long)o.n, 208988, "digits of f(1000000)");
	is_span(span_head(out_span_of(&o), 20), SPAN("31604768738668987344"), "its first digits");
	is_span(span_tail(out_span_of(&o), o.n - 20), SPAN("42277359244926937501"),
		"its last digits");
}

int main(void)
{
	rows();
	against_addition();
	capacities(0);
	capacities(43);
	capacities(44);
	capacities(1000);
	behind_other_bytes();
	largest();
	for (int rc = 1; rc >= JOB_EROOM; rc--)
		ok(rc == 0 || strcmp(job_strerror(rc), job_strerror(-99)) != 0, "text for %d", rc);
	return done();
}
