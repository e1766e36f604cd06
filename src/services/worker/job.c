#include "services/worker/job.h"

/*
 * Numbers are limbs of nine decimal digits, lowest first: the text of the result then costs
 * nothing, and a product of two limbs is below 10^18, so that 18 of them and a remainder fit
 * a uint64_t before the carry has to be taken.
 */
#define LIMB 1000000000u
#define LIMB_DIGITS 9
#define PRODUCTS 18
_Static_assert((UINT64_MAX - LIMB) / PRODUCTS >= (uint64_t)(LIMB - 1) * (LIMB - 1), "room");

#define LIMBS (JOB_RESULT_MAX / LIMB_DIGITS + 3)

struct number {
	size_t n; /* limbs in use; the highest is not 0, and 0 itself has one */
	uint32_t limb[LIMBS];
};

/* Sum of limb[i] * limb[k-i] for all i < k-i, as high * LIMB + low with low < LIMB. */
static uint64_t column(const struct number *a, size_t k, uint64_t *high)
{
	size_t first = k < a->n ? 0 : k - a->n + 1;
	const uint32_t *p = a->limb + first;
	const uint32_t *q = a->limb + (k - first);
	size_t left = (size_t)(q - p + 1) / 2;
	uint64_t low = 0;

	*high = 0;
	while (left > 0) {
		size_t some = left < PRODUCTS ? left : PRODUCTS;
		left -= some;
		for (; some > 0; some--)
			low += (uint64_t)*p++ * *q--;
		*high += low / LIMB;
		low %= LIMB;
	}
	return low;
}

static void trim(struct number *a)
{
	while (a->n > 1 && a->limb[a->n - 1] == 0)
		a->n--;
}

/* Schoolbook by columns; each mixed product stands for two, which halves the work. */
static void square(struct number *to, const struct number *a)
{
	uint64_t carry = 0;
	for (size_t k = 0; k < 2 * a->n - 1; k++) {
		uint64_t high;
		uint64_t sum = carry + 2 * column(a, k, &high);
		if (k % 2 == 0)
			sum += (uint64_t)a->limb[k / 2] * a->limb[k / 2];
		to->limb[k] = (uint32_t)(sum % LIMB);
		carry = sum / LIMB + 2 * high;
	}
	to->limb[2 * a->n - 1] = (uint32_t)carry;
	to->n = 2 * a->n;
	trim(to);
}

/* to = x * a + y * b + z, for a >= b, small factors from -2 to 4 and a sum that is not negative. */
static void combine(struct number *to, const struct number *a, int x, const struct number *b, int y,
		    int z)
{
	const int64_t lift = 4; /* keeps the dividend positive, so that '/' rounds down */
	int64_t carry = z;
	for (size_t i = 0; i < a->n; i++) {
		int64_t sum = carry + x * (int64_t)a->limb[i];
		if (i < b->n)
			sum += y * (int64_t)b->limb[i];
		sum += lift * LIMB;
		to->limb[i] = (uint32_t)(sum % LIMB);
		carry = sum / LIMB - lift;
	}
	to->limb[a->n] = (uint32_t)carry;
	to->n = a->n + 1;
	trim(to);
}

/*
 * F(m) by doubling, in the usual count: F(0) = 0, F(1) = 1. From F(k) and F(k-1), with
 * s = 2 * (-1)^k, all that is needed of the next level comes from the two squares:
 *
 *	F(2k+1) = 4 F(k)^2 -   F(k-1)^2 + s
 *	F(2k)   = 3 F(k)^2 - 2 F(k-1)^2 + s
 *	F(2k-1) =   F(k)^2 +   F(k-1)^2
 */
static const struct number *fibonacci(uint32_t m)
{
	static struct number f, before, square_f, square_before;
	uint32_t k = 1;
	int bit = 31 - __builtin_clz(m);

	f.n = before.n = 1;
	f.limb[0] = 1;
	before.limb[0] = 0;
	while (bit-- > 0) {
		int s = k % 2 == 0 ? 2 : -2;
		bool odd = m >> bit & 1;
		square(&square_f, &f);
		square(&square_before, &before);
		if (odd) {
			combine(&f, &square_f, 4, &square_before, -1, s);
			combine(&before, &square_f, 3, &square_before, -2, s);
		} else {
			combine(&f, &square_f, 3, &square_before, -2, s);
			combine(&before, &square_f, 1, &square_before, 1, 0);
		}
		k = 2 * k + odd;
	}
	return &f;
}

static int put_number(struct out *o, const struct number *a)
{
	uint8_t buf[20];
	struct span top = dec_put(buf, a->limb[a->n - 1]);
	size_t rest = a->n - 1;
	uint8_t *at = out_room(o, top.n + rest * LIMB_DIGITS);
	if (at == NULL)
		return JOB_EROOM;
	struct out text = out_init(at, top.n + rest * LIMB_DIGITS);
	out_span(&text, top);
	while (rest-- > 0)
		out_fixed(&text, a->limb[rest], LIMB_DIGITS);
	return JOB_OK;
}

static bool all_digits(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

int job_run(struct span index, struct out *result)
{
	bool minus = index.n > 0 && index.p[0] == '-';
	struct span digits = span_tail(index, minus ? 1 : 0);
	uint64_t n;

	if (!all_digits(digits))
		return JOB_EINPUT;
	if (minus)
		n = 0;
	else if (!dec_u64(digits, &n) || n > JOB_MAX)
		return JOB_ETOOBIG;
	return put_number(result, fibonacci((uint32_t)n + 1));
}

const char *job_strerror(int rc)
{
	switch (rc) {
	case JOB_OK:
		return "done";
	case JOB_EINPUT:
		return "the index is not an integer";
	case JOB_ETOOBIG:
		return "the index is too high";
	case JOB_EROOM:
		return "the result did not fit";
	}
	return "unknown error of the job";
}
