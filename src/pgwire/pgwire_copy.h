/*
 * copy: the rows inside COPY data (manual, COPY, "File Formats"): the text format with its escapes,
 * and the binary one. Pure. How the data gets from and to the server is in pgwire_session.h.
 *
 *	const struct pgwire_value row[] = {{SPAN("1"), false}, {SPAN_NONE, true}};
 *	pgwire_copy_put_text(&o, 2, row);                    // "1\t\\N\n"
 *
 *	struct out room = out_init(buf, sizeof buf);         // at least as long as the line
 *	struct pgwire_value v;
 *	rc = pgwire_copy_get_line(in, &line);                // > 0: a line, or the end of the data
 *	while (pgwire_copy_next_text(&line, &v, &room) > 0)
 *		use(v);
 *
 * The text format is the one of COPY without options: tab, \N, newline. The csv format and other
 * delimiters are left to the server (COPY ... WITH) and to whoever asks for them.
 */
#ifndef PGWIRE_COPY_H
#define PGWIRE_COPY_H

#include "pgwire/pgwire.h"

/* Writers: one row, whole or with o->over set. */
void pgwire_copy_put_text(struct out *o, size_t n, const struct pgwire_value values[]);
/* Binary: the header once, the rows, the trailer once. Values are in their binary formats. */
void pgwire_copy_put_header(struct out *o);
void pgwire_copy_put_binary(struct out *o, size_t n, const struct pgwire_value values[]);
void pgwire_copy_put_trailer(struct out *o);

/*
 * Takes one line off the front: the bytes used, PGWIRE_MORE, or PGWIRE_ELENGTH when there is none
 * within [max] bytes. The server makes one CopyData of each line; other sources need not.
 */
struct pgwire_copy_line {
	struct span rest; /* p == NULL: no value is left */
};
int pgwire_copy_get_line(struct span in, uint32_t max, struct pgwire_copy_line *line);
/*
 * The next value of a line: 1, 0 when there is none left, or an error, and then none is left:
 * PGWIRE_EBODY for "\" at the end of the line, PGWIRE_EROOM. A value with escapes is put into
 * [room] and lives there, one without points into the line. "\." on a line of its own, an end that
 * protocol 3 does not need, is not told from the value ".".
 */
int pgwire_copy_next_text(struct pgwire_copy_line *line, struct pgwire_value *v, struct out *room);

/*
 * Binary data is a stream: the server puts the header and the first row into one CopyData, others
 * may cut it anywhere. First the header, then rows until [end]: the bytes used, PGWIRE_MORE, or
 * PGWIRE_EBODY (no such header, one with OIDs or unknown critical flags, a value of a length that
 * cannot be), PGWIRE_ELENGTH when it needs more than [max] bytes. A row is walked by
 * pgwire_row_next and points into [in].
 */
int pgwire_copy_get_header(struct span in, uint32_t max);
int pgwire_copy_get_binary(struct span in, uint32_t max, struct pgwire_row *row, bool *end);

#endif
