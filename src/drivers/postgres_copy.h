/*
 * postgres_copy: COPY in both directions, of any size in constant memory. pgwire/pgwire_copy.h
 * writes and reads the rows themselves, as text and binary.
 *
 *	struct postgres_copy c = {.more = on_more, .done = on_done};
 *	rc = postgres_copy_from(&client, &c, 60000, SPAN("COPY t FROM STDIN"));
 *	...
 *	static void on_more(struct postgres_copy *c)
 *	{
 *		while (next_piece(&piece))
 *			if (postgres_copy_put(c, piece) < 0)
 *				return;                         // EFULL: called again
 *		postgres_copy_end(c);
 *	}
 *
 * While a COPY FROM is in flight nothing else may be sent on its connection (POSTGRES_EFULL), so it
 * wants one of its own, or one that is idle. COPY TO is at the reader's pace by postgres_hold.
 */
#ifndef DRIVERS_POSTGRES_COPY_H
#define DRIVERS_POSTGRES_COPY_H

#include "drivers/postgres.h"

struct postgres_copy {
	/* COPY FROM: there is room for data; called again when there is after POSTGRES_EFULL. */
	void (*more)(struct postgres_copy *c);
	/* COPY TO: some bytes, good for the call; [cut]: the same row goes on in the next ones. */
	void (*data)(struct postgres_copy *c, struct span bytes, bool cut);
	/* As of a request; after 0 [rows] were copied. */
	void (*done)(struct postgres_copy *c, int rc);
	struct postgres_request q; /* q.sqlstate, q.message; this and what follows: the driver's */
	uint64_t rows;
	uint16_t columns; /* from when it begins; */
	bool binary;      /* the format */
	bool open;        /* data may be put */
};

/* [sql]: a COPY FROM STDIN, a COPY TO STDOUT. As postgres_send; [c] stays in place until done. */
int postgres_copy_from(struct postgres *p, struct postgres_copy *c, uint32_t ms, struct span sql);
int postgres_copy_to(struct postgres *p, struct postgres_copy *c, uint32_t ms, struct span sql);

/*
 * A piece of the data, which need not be a row; it is copied. 0; POSTGRES_EFULL: out_max is
 * reached, [more] will be called; POSTGRES_EREQUEST: it will never fit; POSTGRES_EDOWN: it is not
 * open (any more): the server refused it or the connection is lost, [done] tells.
 */
int postgres_copy_put(struct postgres_copy *c, struct span data);
/* The end of the data, or its giving up, for which the server's error is 57014. 0 or EDOWN. */
int postgres_copy_end(struct postgres_copy *c);
int postgres_copy_fail(struct postgres_copy *c, struct span why);

#endif
