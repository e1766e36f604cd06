#include "drivers/postgres_blocking_inner.h"
#include "drivers/postgres_query.h"

#define PIECE 65536 /* of data, in one message */

static struct postgres_blocking *blocking_of(struct postgres_copy *c)
{
	return (struct postgres_blocking *)((char *)c - offsetof(struct postgres_blocking, copy));
}

static void on_data(struct postgres_copy *c, struct span bytes, bool cut)
{
	struct postgres_blocking *b = blocking_of(c);
	(void)cut;
	if (!b->skips)
		postgres_blocking_keep(b, bytes, 0);
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

static int put_piece(struct postgres_blocking *b, struct span piece)
{
	int rc = postgres_copy_put(&b->copy, piece);
	while (rc == POSTGRES_EFULL) {
		postgres_blocking_wait(b, has_sent);
		rc = postgres_copy_put(&b->copy, piece);
	}
	return rc;
}

int postgres_blocking_copy_put(struct postgres_blocking *b, struct span data)
{
	int rc = 0;
	while (data.n > 0 && rc == 0) {
		rc = put_piece(b, span_head(data, PIECE));
		data = span_tail(data, PIECE);
	}
	if (rc != POSTGRES_EDOWN)
		return rc;
	rc = postgres_blocking_end(b);
	return rc == 0 ? POSTGRES_EDOWN : rc;
}

int postgres_blocking_copy_end(struct postgres_blocking *b)
{
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
	uint16_t count;
	return postgres_blocking_take(b, data, &count);
}
