/*
 * fuzz: the frame of the fuzz targets. A target is a function that takes any bytes and holds the
 * code to its promises; a promise that is broken aborts, with a sentence.
 *
 *	FUZZ(base64)
 *	{
 *		struct span in = guarded(0, span_of(data, size));
 *		must(decode(in, &o) <= size, "decoded bytes are never more than the text");
 *		return 0;
 *	}
 *
 * The same file is a libFuzzer program (`make fuzz`, with FUZZ_ENGINE defined) and a part of
 * tests/unit/fuzz_replay_test.c, which runs the corpus and mutations of it; targets.h lists all.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/out.h"
#include "harness/dice.h"
#include "harness/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef FUZZ_ENGINE
#define FUZZ_NAME(name) LLVMFuzzerTestOneInput
#else
#define FUZZ_NAME(name) fuzz_##name
#endif
#define FUZZ(name)                                             \
	int FUZZ_NAME(name)(const uint8_t *data, size_t size); \
	int FUZZ_NAME(name)(const uint8_t *data, size_t size)

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Longer inputs find nothing that shorter ones do not; make fuzz does not make them either. */
#define FUZZ_MAX 1024

PRINTF_LIKE(2, 3) static inline void must(bool held, const char *promise, ...)
{
	if (held)
		return;
	va_list args;
	fputs("broken promise: ", stderr);
	va_start(args, promise);
	vfprintf(stderr, promise, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

static inline uint64_t fnv(uint64_t hash, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		hash = (hash ^ s.p[i]) * 0x100000001b3u;
	return hash;
}

/* Chance that comes from the input alone, so that a found input fails again. */
static inline struct dice dice_of(struct span s)
{
	return (struct dice){fnv(0xcbf29ce484222325u, s) | 1};
}

/* The size of the next piece of [left] > 0 bytes: often one, often a few, sometimes any. */
static inline size_t roll_piece(struct dice *d, size_t left)
{
	size_t most = roll(d, 3) == 0 ? left : roll(d, 2) == 0 ? 1 : 16;
	return 1 + roll(d, most < left ? most : left);
}

/* Percent-encodes all but letters and digits. */
static inline void put_escaped(struct out *o, struct span s)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i], low = c | 0x20;
		if ((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9')) {
			out_byte(o, c);
			continue;
		}
		out_byte(o, '%');
		out_byte(o, (uint8_t)digits[c >> 4]);
		out_byte(o, (uint8_t)digits[c & 15]);
	}
}

static inline bool is_inside(struct span s, struct span all)
{
	return s.n == 0 || (s.p >= all.p && s.n <= all.n && s.p <= all.p + (all.n - s.n));
}

#endif
