#include "pgwire/pgwire_cursor.h"
#include "pgwire/pgwire_state.h"

int pgwire_on_copy_in(struct pgwire_session *s, struct span body, struct out *o,
		      struct pgwire_event *ev)
{
	struct out copy = *o;
	int rc = pgwire_get_copy(body, &ev->copy);
	if (rc < 0)
		return rc;
	ev->kind = PGWIRE_EV_COPY_IN;
	ev->failed = !(s->queue[s->head].steps & PGWIRE_COPY);
	if (!ev->failed) {
		s->phase = COPY_IN;
		return 1;
	}
	/* What was sent behind it reaches the server as data of the COPY: nothing fits after that.
	 */
	if (s->count > 1)
		return PGWIRE_EPHASE;
	pgwire_put_copy_fail(&copy, SPAN("the client did not ask for COPY FROM STDIN"));
	/* In copy mode the server passes over a Sync, and so over the one of this request. */
	if (!pgwire_is_simple(s))
		pgwire_put_sync(&copy);
	if (copy.over)
		return PGWIRE_EROOM;
	*o = copy;
	s->failed = true;
	s->phase = COPY_REFUSED;
	return 1;
}

int pgwire_on_copy_out(struct pgwire_session *s, struct span body, struct out *o,
		       struct pgwire_event *ev)
{
	(void)o;
	ev->kind = PGWIRE_EV_COPY_OUT;
	s->phase = COPY_OUT;
	return pgwire_get_copy(body, &ev->copy);
}

int pgwire_on_copy_done(struct pgwire_session *s, struct span body, struct out *o,
			struct pgwire_event *ev)
{
	(void)o, (void)ev;
	s->phase = COPIED;
	return body.n == 0 ? 1 : PGWIRE_EBODY;
}

/* What pgwire_next does for other messages, in one go: most of the bytes of a COPY come here. */
int pgwire_next_data(struct pgwire_session *s, struct span in, struct pgwire_event *ev)
{
	uint32_t head = 0, left = s->copying;
	if (left == 0) {
		if (in.n < MESSAGE_HEAD)
			return PGWIRE_MORE;
		head = MESSAGE_HEAD;
		left = get_be32(in.p + 1) - 4; /* one below 4 becomes one far above the limit */
		if (left > PGWIRE_MESSAGE_MAX || (s->lim.piece == 0 && left > s->lim.row))
			return PGWIRE_ELENGTH;
	}
	uint32_t n = left > s->lim.piece && s->lim.piece > 0 ? s->lim.piece : left;
	if (in.n - head < n)
		return PGWIRE_MORE;
	s->copying = left - n;
	ev->kind = PGWIRE_EV_COPY_DATA;
	ev->data = (struct pgwire_data){{in.p + head, n}, s->copying > 0};
	return (int)(head + n);
}

/* The end of what the client had to say, in [copy], and the phase that follows; or why not. */
static int hand_over(struct pgwire_session *s, struct out *o, struct out *copy, uint8_t phase)
{
	if (s->owed)
		pgwire_put_sync(copy);
	if (copy->over)
		return PGWIRE_EROOM;
	*o = *copy;
	s->owed = false;
	s->phase = phase;
	return 1;
}

static int check_open(const struct pgwire_session *s)
{
	if (s->error != 0)
		return s->error;
	return s->phase == COPY_IN ? 1 : PGWIRE_EPHASE;
}

int pgwire_session_copy(struct pgwire_session *s, struct out *o, struct span data)
{
	struct out copy = *o;
	int rc = check_open(s);
	if (rc < 0)
		return rc;
	if (data.n > PGWIRE_MESSAGE_MAX)
		return PGWIRE_EREQUEST;
	pgwire_put_copy_data(&copy, data);
	if (copy.over)
		return PGWIRE_EROOM;
	*o = copy;
	return 1;
}

int pgwire_session_copy_end(struct pgwire_session *s, struct out *o)
{
	struct out copy = *o;
	int rc = check_open(s);
	if (rc < 0)
		return rc;
	pgwire_put_copy_done(&copy);
	return hand_over(s, o, &copy, COPIED);
}

int pgwire_session_copy_fail(struct pgwire_session *s, struct out *o, struct span why)
{
	struct out copy = *o;
	int rc = check_open(s);
	if (rc < 0)
		return rc;
	if (span_find(why, 0) != why.n)
		return PGWIRE_ETEXT;
	pgwire_put_copy_fail(&copy, why);
	return hand_over(s, o, &copy, COPY_REFUSED);
}
