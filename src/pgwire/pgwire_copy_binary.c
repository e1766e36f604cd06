#include "pgwire/pgwire_copy.h"

static const struct span signature = {(const uint8_t *)"PGCOPY\n\377\r\n", 11};

#define HEADER 19            /* signature, flags, length of what the header has behind it */
#define CRITICAL 0xffff0000u /* flags without which the rows cannot be read; 1 << 16 is OIDs */
#define TRAILER 0xffff       /* in the place of a count of values */
#define NO_VALUE UINT32_MAX

void pgwire_copy_put_header(struct out *o)
{
	out_span(o, signature);
	out_be32(o, 0);
	out_be32(o, 0);
}

void pgwire_copy_put_binary(struct out *o, size_t n, const struct pgwire_value values[])
{
	if (n > INT16_MAX)
		o->over = true;
	out_be16(o, (uint16_t)n);
	for (size_t i = 0; i < n && !o->over; i++) {
		if (values[i].bytes.n > PGWIRE_MESSAGE_MAX)
			o->over = true;
		out_be32(o, values[i].null ? NO_VALUE : (uint32_t)values[i].bytes.n);
		if (!values[i].null)
			out_span(o, values[i].bytes);
	}
}

void pgwire_copy_put_trailer(struct out *o)
{
	out_be16(o, TRAILER);
}

/* Whether [need] bytes are there, may come, or are too many. */
static int ask(struct span in, uint64_t need, uint32_t max)
{
	if (need > max || need > PGWIRE_MESSAGE_MAX)
		return PGWIRE_ELENGTH;
	return need > in.n ? PGWIRE_MORE : (int)need;
}

int pgwire_copy_get_header(struct span in, uint32_t max)
{
	if (!span_starts(signature, span_head(in, signature.n)))
		return PGWIRE_EBODY;
	int rc = ask(in, HEADER, max);
	if (rc <= 0)
		return rc;
	if (get_be32(in.p + signature.n) & CRITICAL)
		return PGWIRE_EBODY;
	uint32_t more = get_be32(in.p + HEADER - 4);
	return more > INT32_MAX ? PGWIRE_EBODY : ask(in, (uint64_t)HEADER + more, max);
}

int pgwire_copy_get_binary(struct span in, uint32_t max, struct pgwire_row *row, bool *end)
{
	uint64_t need = 2;
	int rc = ask(in, need, max);
	if (rc <= 0)
		return rc;
	uint16_t count = get_be16(in.p);
	*end = count == TRAILER;
	*row = (struct pgwire_row){0};
	if (*end)
		return rc;
	if (count > INT16_MAX)
		return PGWIRE_EBODY;
	for (uint16_t i = 0; i < count; i++) {
		rc = ask(in, need + 4, max);
		if (rc <= 0)
			return rc;
		uint32_t n = get_be32(in.p + need);
		if (n != NO_VALUE && n > INT32_MAX)
			return PGWIRE_EBODY;
		need += 4 + (uint64_t)(n == NO_VALUE ? 0 : n);
		rc = ask(in, need, max);
		if (rc <= 0)
			return rc;
	}
	*row = (struct pgwire_row){in.p + 2, count, count};
	return (int)need;
}
