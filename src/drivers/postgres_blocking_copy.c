#include "drivers/postgres_blocking_inner.h"

#include <string.h>

static struct postgres_blocking *blocking_of(struct postgres_copy *c)
{
	return (struct postgres_blocking *)((char *)c - offsetof(struct postgres_blocking, copy));
}

static void on_data(struct postgres_copy *c, struct span bytes, bool cut)
{
	struct postgres_blocking *b = blocking_of(c);
	(void)cut;
	if (!b->skips)
		postgres_blocking_keep_data(b, bytes);
}

static void on_done(struct postgres_copy *c, int rc)
{
	postgres_blocking_over(blocking_of(c), &c->q, rc);
	blocking_of(c)->rows = c->rows;
}

static int begin(struct postgres_blocking *b, struct span sql, uint32_t ms,
		 int (*start)(struct postgres *, struct postgres_copy *, uint32_t, struct span))
{
	uint32_t left;
	int rc = postgres_blocking_begin(b, ms, &left);
	if (rc < 0)
		return rc;
	b->copy = (struct postgres_copy){.data = on_data, .done = on_done};
	rc = start(&b->p, &b->copy, left, sql);
	if (rc == 0)
		b->busy = b->copies = true;
	return rc;
}

static bool is_open(struct postgres_blocking *b)
{
	return b->copy.open;
}

int postgres_blocking_copy_in(struct postgres_blocking *b, struct span sql, uint32_t ms)
{
	int rc = begin(b, sql, ms, postgres_copy_from);
	if (rc < 0)
		return rc;
	postgres_blocking_wait(b, is_open);
	if (is_open(b))
		return 0;
	rc = postgres_blocking_end(b);
	/* All went well, but it was no COPY. */
	return rc == 0 ? POSTGRES_EREQUEST : rc;
}

static bool has_sent(struct postgres_blocking *b)
{
	return !b->copy.open || net_pending(&b->p.link.conn) == 0;
}

/* What was collected, in one message. */
static int send_collected(struct postgres_blocking *b)
{
	const struct span all = span_of(b->rows_p, b->rows_n);
	int rc = all.n > 0 ? postgres_copy_put(&b->copy, all) : 0;
	while (rc == POSTGRES_EFULL) {
		postgres_blocking_wait(b, has_sent);
		rc = postgres_copy_put(&b->copy, all);
	}
	b->rows_n = 0;
	return rc;
}

/* Two messages fit into the output, so that one is on its way while the next is collected. */
static size_t collected_max(const struct postgres_blocking *b)
{
	size_t half = b->p.cfg->link.out_max / 2;
	return half < POSTGRES_BLOCKING_ROWS ? half : POSTGRES_BLOCKING_ROWS;
}

int postgres_blocking_copy_put(struct postgres_blocking *b, struct span data)
{
	const size_t most = collected_max(b);
	int rc = b->copy.open ? 0 : POSTGRES_EDOWN;
	while (rc == 0) {
		struct span part = span_head(data, most - b->rows_n);
		if (part.n > 0)
			memcpy(b->rows_p + b->rows_n, part.p, part.n);
		b->rows_n += part.n;
		data = span_tail(data, part.n);
		if (data.n == 0)
			return 0;
		rc = send_collected(b);
	}
	if (rc != POSTGRES_EDOWN)
		return rc;
	rc = postgres_blocking_end(b);
	return rc == 0 ? POSTGRES_EDOWN : rc;
}

int postgres_blocking_copy_end(struct postgres_blocking *b)
{
	send_collected(b);
	postgres_copy_end(&b->copy);
	return postgres_blocking_end(b);
}

int postgres_blocking_copy_fail(struct postgres_blocking *b, struct span why)
{
	bool ended = postgres_copy_fail(&b->copy, why) == 0;
	int rc = postgres_blocking_end(b);
	/* The error is the server's word for what was asked. */
	return ended && rc == POSTGRES_EFAILED ? 0 : rc;
}

int postgres_blocking_copy_out(struct postgres_blocking *b, struct span sql, uint32_t ms)
{
	return begin(b, sql, ms, postgres_copy_to);
}

int postgres_blocking_copy_get(struct postgres_blocking *b, struct span *data)
{
	return postgres_blocking_take_data(b, data);
}
