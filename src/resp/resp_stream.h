/*
 * What the stream commands answer, as events: keys, entries, their fields and values. Pure; the
 * items may come from a reader, a session or a driver.
 *
 *	struct resp_stream s;
 *	resp_stream_init(&s, RESP_STREAM_READ);         // XREADGROUP
 *	... for each item of the reply:
 *	rc = resp_stream_next(&s, &it, &ev);
 *	if (ev.kind == RESP_STREAM_ENTRY)
 *		begin(ev.str);                          // its ID; fields and values follow
 *
 * RESP2 gives arrays where RESP3 gives maps, and servers before 7.0 give a nil where others leave
 * an entry out: the events are the same.
 */
#ifndef RESP_RESP_STREAM_H
#define RESP_RESP_STREAM_H

#include "resp/resp.h"

enum resp_stream_reply {
	RESP_STREAM_RANGE, /* XRANGE, XREVRANGE, XCLAIM: entries */
	RESP_STREAM_READ,  /* XREAD, XREADGROUP: keys, each with its entries; or nil */
	RESP_STREAM_CLAIM, /* XAUTOCLAIM: next cursor, entries, IDs that were deleted (7.0) */
};

enum resp_stream_kind {
	RESP_STREAM_NONE, /* structure; or the reply is nil or without entries */
	RESP_STREAM_KEY,
	RESP_STREAM_ENTRY, /* ev.str: its ID */
	RESP_STREAM_NIL,   /* the entry is not there any more: instead of fields, or of all of it */
	RESP_STREAM_FIELD,
	RESP_STREAM_VALUE,
	RESP_STREAM_CURSOR,
	RESP_STREAM_DELETED, /* ev.str: the ID of an entry that was pending, and is gone */
	RESP_STREAM_ERROR,   /* ev.str: the words of an error in place of the reply */
};

struct resp_stream_event {
	enum resp_stream_kind kind;
	struct span str; /* as good as the item's */
	bool last;       /* the reply is complete */
};

struct resp_stream {
	uint8_t reply; /* enum resp_stream_reply */
	uint8_t depth; /* at which the array of entries stands */
	uint8_t part;  /* of an XAUTOCLAIM: what was seen of it */
	bool value;    /* the next is a value */
	bool named;    /* the entry has its ID */
};

void resp_stream_init(struct resp_stream *s, enum resp_stream_reply reply);

/*
 * Tells what [it] means. Returns 1, or RESP_ESHAPE: this is not the reply of such a command; then
 * pass over the items up to the last. Attributes are nothing. After the last item the next may be
 * of another reply to a command of the same kind.
 */
int resp_stream_next(struct resp_stream *s, const struct resp_item *it,
		     struct resp_stream_event *ev);

#endif
