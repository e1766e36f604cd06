/* The codec of ours alone, for each of our clients: items as views into the bytes. */
#ifndef BENCH_RESP_READING_H
#define BENCH_RESP_READING_H

#include "resp/resp.h"
#include "resp_side.h"

#include <string.h>

/* An item that is one of what side_take counts. */
static inline bool is_scalar(const struct resp_item *it)
{
	return it->type != RESP_ARRAY && it->type != RESP_MAP && it->type != RESP_SET &&
	       it->type != RESP_PART && it->type != RESP_END;
}

/* What is incomplete moves to the front, the next piece behind it, as from a socket. */
uint64_t side_read(struct span stream, size_t chunk)
{
	static uint8_t in[1 << 16];
	struct resp_reader r;
	struct resp_item it;
	uint64_t sum = 0;
	size_t had = 0;
	resp_reader_init(&r, &resp_default_limits);
	while (stream.n > 0) {
		size_t n = stream.n < chunk ? stream.n : chunk;
		int used;
		memcpy(in + had, stream.p, n);
		stream = (struct span){stream.p + n, stream.n - n};
		struct span rest = {in, had + n};
		while ((used = resp_next(&r, rest, &it)) > 0) {
			sum += is_scalar(&it);
			rest = (struct span){rest.p + used, rest.n - (size_t)used};
		}
		if (used < 0)
			side_fail(resp_strerror(used));
		memmove(in, rest.p, rest.n);
		had = rest.n;
	}
	return sum;
}

#endif
