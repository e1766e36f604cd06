#include "crypto/sha256_blocks.h"

/* Not freestanding: gcc's header needs libc there, and a kernel its vector registers untouched. */
#if defined(__x86_64__) && __STDC_HOSTED__

#include <cpuid.h>
#include <immintrin.h>

#define SHA_TARGET __attribute__((target("sha,ssse3")))
/* Forced, because -Os would rather call these and send the registers through memory. */
#define INLINE static inline __attribute__((always_inline))

/* The halves of a state in the order that SHA256RNDS2 asks for, first letter in the top lane. */
struct halves {
	__m128i abef, cdgh;
};

SHA_TARGET INLINE __m128i load(const void *p)
{
	return _mm_loadu_si128(p);
}

/* Each shuffle swaps the lanes of a pair: abcd becomes badc. */
SHA_TARGET INLINE struct halves load_state(const uint32_t *h)
{
	__m128i badc = _mm_shuffle_epi32(load(h), _MM_SHUFFLE(2, 3, 0, 1));
	__m128i fehg = _mm_shuffle_epi32(load(h + 4), _MM_SHUFFLE(2, 3, 0, 1));
	return (struct halves){_mm_unpacklo_epi64(fehg, badc), _mm_unpackhi_epi64(fehg, badc)};
}

SHA_TARGET INLINE void store_state(uint32_t *h, struct halves s)
{
	__m128i badc = _mm_unpackhi_epi64(s.abef, s.cdgh);
	__m128i fehg = _mm_unpacklo_epi64(s.abef, s.cdgh);
	void *low = h, *high = h + 4;
	_mm_storeu_si128(low, _mm_shuffle_epi32(badc, _MM_SHUFFLE(2, 3, 0, 1)));
	_mm_storeu_si128(high, _mm_shuffle_epi32(fehg, _MM_SHUFFLE(2, 3, 0, 1)));
}

/* Four rounds over four schedule words: the instruction does two, with the low lanes. */
SHA_TARGET INLINE struct halves four_rounds(struct halves s, __m128i w, const uint32_t *k)
{
	__m128i wk = _mm_add_epi32(w, load(k));
	__m128i mid = _mm_sha256rnds2_epu32(s.cdgh, s.abef, wk);
	wk = _mm_shuffle_epi32(wk, _MM_SHUFFLE(3, 2, 3, 2));
	return (struct halves){_mm_sha256rnds2_epu32(s.abef, mid, wk), mid};
}

/* The four schedule words that follow the sixteen in a, b, c, d. */
SHA_TARGET INLINE __m128i next_words(__m128i a, __m128i b, __m128i c, __m128i d)
{
	__m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));
	return _mm_sha256msg2_epu32(sum, d);
}

SHA_TARGET INLINE struct halves one_block(struct halves s, const uint8_t *p)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	const uint32_t *k = crypto_sha256_k;
	__m128i a = _mm_shuffle_epi8(load(p), swap);
	__m128i b = _mm_shuffle_epi8(load(p + 16), swap);
	__m128i c = _mm_shuffle_epi8(load(p + 32), swap);
	__m128i d = _mm_shuffle_epi8(load(p + 48), swap);
	for (;; k += 16) {
		s = four_rounds(s, a, k);
		s = four_rounds(s, b, k + 4);
		s = four_rounds(s, c, k + 8);
		s = four_rounds(s, d, k + 12);
		if (k == crypto_sha256_k + 48)
			return s;
		a = next_words(a, b, c, d);
		b = next_words(b, c, d, a);
		c = next_words(c, d, a, b);
		d = next_words(d, a, b, c);
	}
}

SHA_TARGET static void blocks_ni(uint32_t h[static 8], const uint8_t *p, size_t n)
{
	struct halves s = load_state(h);
	for (; n > 0; n--, p += 64) {
		struct halves t = one_block(s, p);
		s.abef = _mm_add_epi32(s.abef, t.abef);
		s.cdgh = _mm_add_epi32(s.cdgh, t.cdgh);
	}
	store_state(h, s);
}

crypto_blocks_fn *crypto_sha256_get_ni(void)
{
	unsigned a, b, c, d;
	/* Intel SDM volume 2, CPUID: leaf 1 ECX bit 9 is SSSE3, leaf 7 EBX bit 29 is SHA. */
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1U << 9))
		return NULL;
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & 1U << 29))
		return NULL;
	return blocks_ni;
}

#else

crypto_blocks_fn *crypto_sha256_get_ni(void)
{
	return NULL;
}

#endif
