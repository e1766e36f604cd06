#include "resp/resp_stream.h"

/* What was last: a key or cursor, an array of entries, the deleted ones of an XAUTOCLAIM. */
enum { BEFORE, NAMED, ENTRIES, DELETED };

void resp_stream_init(struct resp_stream *s, enum resp_stream_reply reply)
{
	*s = (struct resp_stream){.reply = (uint8_t)reply};
}

static bool is_text(const struct resp_item *it)
{
	return !it->stream && (it->type == RESP_BULK || it->type == RESP_SIMPLE);
}

static int tell(struct resp_stream_event *ev, enum resp_stream_kind kind)
{
	ev->kind = kind;
	return 1;
}

/* The first item of the reply decides where the entries will stand. */
static int on_outermost(struct resp_stream *s, const struct resp_item *it,
			struct resp_stream_event *ev)
{
	resp_stream_init(s, (enum resp_stream_reply)s->reply);
	if (it->type == RESP_ERROR || it->type == RESP_BLOB_ERROR)
		return tell(ev, RESP_STREAM_ERROR);
	if (it->type == RESP_NULL)
		return tell(ev, RESP_STREAM_NONE);
	bool map = it->type == RESP_MAP && s->reply == RESP_STREAM_READ;
	if (it->type != RESP_ARRAY && !map)
		return RESP_ESHAPE;
	s->part = s->reply == RESP_STREAM_RANGE ? ENTRIES : BEFORE;
	s->depth = s->reply == RESP_STREAM_RANGE ? 0 : s->reply == RESP_STREAM_READ && !map ? 2 : 1;
	return tell(ev, RESP_STREAM_NONE);
}

/* Beside the arrays of entries. */
static int on_part(struct resp_stream *s, const struct resp_item *it, struct resp_stream_event *ev)
{
	bool claim = s->reply == RESP_STREAM_CLAIM;
	if (it->type == RESP_ARRAY && (s->part == NAMED || (claim && s->part == ENTRIES))) {
		s->part++;
		return tell(ev, RESP_STREAM_NONE);
	}
	bool due = s->part == BEFORE || (!claim && s->part == ENTRIES);
	if (!is_text(it) || !due)
		return RESP_ESHAPE;
	s->part = NAMED;
	return tell(ev, claim ? RESP_STREAM_CURSOR : RESP_STREAM_KEY);
}

static int on_entry(struct resp_stream *s, const struct resp_item *it, struct resp_stream_event *ev)
{
	if (s->part == DELETED)
		return is_text(it) ? tell(ev, RESP_STREAM_DELETED) : RESP_ESHAPE;
	s->named = s->value = false;
	if (it->type == RESP_NULL)
		return tell(ev, RESP_STREAM_NIL);
	return it->type == RESP_ARRAY ? tell(ev, RESP_STREAM_NONE) : RESP_ESHAPE;
}

/* Its ID, then its fields. */
static int on_inside(struct resp_stream *s, const struct resp_item *it,
		     struct resp_stream_event *ev)
{
	if (!s->named) {
		s->named = true;
		return is_text(it) ? tell(ev, RESP_STREAM_ENTRY) : RESP_ESHAPE;
	}
	if (it->type == RESP_NULL)
		return tell(ev, RESP_STREAM_NIL);
	bool fields = it->type == RESP_ARRAY || it->type == RESP_MAP;
	return fields ? tell(ev, RESP_STREAM_NONE) : RESP_ESHAPE;
}

static int on_field(struct resp_stream *s, const struct resp_item *it, struct resp_stream_event *ev)
{
	if (!is_text(it))
		return RESP_ESHAPE;
	s->value = !s->value;
	return tell(ev, s->value ? RESP_STREAM_FIELD : RESP_STREAM_VALUE);
}

int resp_stream_next(struct resp_stream *s, const struct resp_item *it,
		     struct resp_stream_event *ev)
{
	*ev = (struct resp_stream_event){RESP_STREAM_NONE, it->str, it->last && !it->attribute};
	if (it->attribute || it->type == RESP_END)
		return 1;
	if (it->depth == 0)
		return on_outermost(s, it, ev);
	switch (it->depth - s->depth) {
	case -1: /* [key, entries] of RESP2 */
		return it->type == RESP_ARRAY ? 1 : RESP_ESHAPE;
	case 0:
		return on_part(s, it, ev);
	case 1:
		return s->part >= ENTRIES ? on_entry(s, it, ev) : RESP_ESHAPE;
	case 2:
		return s->part == ENTRIES ? on_inside(s, it, ev) : RESP_ESHAPE;
	case 3:
		return on_field(s, it, ev);
	default:
		return RESP_ESHAPE;
	}
}
