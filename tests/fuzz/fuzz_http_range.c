/* The first line of the input is the size, the rest the value of Range. */
#include "fuzz/fuzz.h"
#include "http/http_range.h"

#define BOUNDARY SPAN("3d6b6a416f9b5")

static void check_ranges(const struct http_range *r, size_t n, uint64_t size)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++) {
		must(r[i].n > 0 && r[i].from < size && r[i].n <= size - r[i].from, "range %zu", i);
		sum += r[i].n;
		must(sum / 2 <= size, "at most twice the size");
	}
}

/* The same ranges, written as a client would, with more blanks and commas than there need be. */
static void ask_again(const struct http_range *r, size_t n, uint64_t size)
{
	uint8_t buf[HTTP_RANGES_MAX * 64];
	struct http_range again[HTTP_RANGES_MAX];
	struct out o = out_init(buf, sizeof buf);
	out_str(&o, "Bytes=,");
	for (size_t i = 0; i < n; i++) {
		out_str(&o, " \t");
		out_u64(&o, r[i].from);
		out_byte(&o, '-');
		out_u64(&o, r[i].from + r[i].n - 1);
		out_str(&o, " ,,");
	}
	must((size_t)http_get_ranges(guarded(1, out_span_of(&o)), size, again, n) == n, "again");
	for (size_t i = 0; i < n; i++)
		must(again[i].from == r[i].from && again[i].n == r[i].n, "range %zu again", i);
	if (n > 1)
		must(http_get_ranges(out_span_of(&o), size, again, n - 1) == 0, "too many: all");
}

static void write_parts(const struct http_range *r, size_t n, uint64_t size)
{
	uint8_t buf[HTTP_RANGE_PART_ROOM(64, 64)];
	const struct span type = SPAN("text/html; charset=utf-8");
	uint64_t length = http_ranges_length(BOUNDARY, type, r, n, size), sum = 0;
	for (size_t i = 0; i < n; i++) {
		struct out o = out_init(buf, HTTP_RANGE_PART_ROOM(BOUNDARY.n, type.n));
		http_put_range_part(&o, BOUNDARY, type, &r[i], size);
		must(!o.over, "the room that was promised");
		if (o.n > UINT64_MAX - sum || r[i].n > UINT64_MAX - sum - o.n) {
			must(length == 0, "no length above 2^64");
			return;
		}
		sum += o.n + r[i].n;
	}
	struct out o = out_init(buf, sizeof buf);
	http_put_ranges_end(&o, BOUNDARY);
	must(length == 0 || length == sum + o.n, "a length that is so");
	must(length != 0 || sum > UINT64_MAX - o.n, "a length");
}

FUZZ(http_range)
{
	struct http_range r[HTTP_RANGES_MAX];
	uint64_t sizes[] = {0, 1, 1000, INT64_MAX, UINT64_MAX, 10000};
	struct span rest = span_of(data, size);
	if (size > FUZZ_MAX)
		return 0;
	dec_u64(span_cut(&rest, '\n'), &sizes[0]);
	struct span value = guarded(0, rest);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		int n = http_get_ranges(value, sizes[i], r, HTTP_RANGES_MAX + 5);
		must(n == HTTP_ERANGE || (n >= 0 && n <= HTTP_RANGES_MAX), "a verdict: %d", n);
		if (n <= 0)
			continue;
		must(sizes[i] > 0, "nothing of nothing");
		check_ranges(r, (size_t)n, sizes[i]);
		ask_again(r, (size_t)n, sizes[i]);
		write_parts(r, (size_t)n, sizes[i]);
	}
	return 0;
}
