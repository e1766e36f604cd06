#include "drivers/http_static_send.h"

#include "drivers/http_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)64 << 10) /* what waits for one client at a time */
#define MARGIN 1024              /* the head of a part, and the end */
#define BOUNDARY 16              /* 64 random bits */

struct job {
	const struct http_static *s;
	const struct http_form *f;
	uint64_t from, left; /* of the range that is being sent */
	uint64_t total;      /* bytes of ranges that are to be read yet */
	struct timespec changed;
	unsigned n, next; /* ranges, and which one comes next */
	bool parts, ended;
	uint8_t boundary[BOUNDARY];
	struct http_range r[HTTP_RANGES_MAX];
};

enum outcome {
	DONE,
	LATER,
	BROKEN,
};

void http_static_put_content(const struct http_static *s, const struct http_form *f, struct out *o)
{
	if (s->type.n > 0)
		http_put_field(o, SPAN("Content-Type"), s->type);
	if (f->coding.n > 0)
		http_put_field(o, SPAN("Content-Encoding"), f->coding);
	http_put_field(o, SPAN("Accept-Ranges"), SPAN("bytes"));
}

static struct span boundary_of(const struct job *j)
{
	return span_of(j->boundary, sizeof j->boundary);
}

static void make_boundary(struct job *j)
{
	uint64_t bits;
	net_random(&bits, sizeof bits);
	for (size_t i = 0; i < BOUNDARY; i++, bits >>= 4)
		j->boundary[i] = (uint8_t) "0123456789abcdef"[bits & 15];
}

/* The time of the last change, for a file: bytes of two versions must not be mixed. */
static bool look_at(const struct http_form *f, struct timespec *changed)
{
	struct stat st;
	*changed = (struct timespec){0};
	if (f->bytes.p != NULL)
		return true;
	if (fstat(f->fd, &st) < 0 || (uint64_t)st.st_size < f->size)
		return false;
	*changed = st.st_mtim;
	return true;
}

static bool is_same(const struct job *j)
{
	struct timespec now;
	return look_at(j->f, &now) && now.tv_sec == j->changed.tv_sec &&
	       now.tv_nsec == j->changed.tv_nsec;
}

/* Reads from the file straight into what waits for the client. */
static bool send_read(struct http_exchange *x, struct job *j, size_t n)
{
	struct net_conn *c = &http_conn_of(x)->net;
	struct out o = net_out_open(c, n);
	uint8_t *at = out_room(&o, n);
	ssize_t got;
	if (at == NULL)
		return false;
	for (size_t have = 0; have < n; have += (size_t)got) {
		do
			got = pread(j->f->fd, at + have, n - have, (off_t)(j->from + have));
		while (got < 0 && errno == EINTR);
		if (got <= 0)
			return false; /* shorter than it was */
	}
	return (j->total > n || is_same(j)) && net_out_close(c, &o);
}

static bool send_bytes(struct http_exchange *x, struct job *j, size_t n)
{
	const struct http_form *f = j->f;
	bool sent = f->bytes.p != NULL
			    ? http_send(x, span_head(span_tail(f->bytes, (size_t)j->from), n))
			    : send_read(x, j, n);
	j->from += n;
	j->left -= n;
	j->total -= n;
	return sent;
}

/*
 * What is in memory can be lent, if it is all that is left, and if the whole request was read: then
 * [gone] comes only when nothing will be sent any more.
 */
static bool can_lend(const struct http_exchange *x, const struct job *j)
{
	return j->f->bytes.p != NULL && !j->parts && j->left > HTTP_COPY_MAX &&
	       (j->s->hold == NULL || x->body_read);
}

/* What is left: to the end of a file by the file, if there is one. */
static void lend(struct http_exchange *x, const struct job *j)
{
	const struct http_form *f = j->f;
	if (f->file != NULL && j->from + j->left == f->size)
		net_write_file(&http_conn_of(x)->net, f->file, (size_t)j->left);
	else
		http_send_ref(x, span_head(span_tail(f->bytes, (size_t)j->from), (size_t)j->left));
}

static bool start_part(struct http_exchange *x, struct job *j)
{
	uint8_t buf[MARGIN];
	struct out o = out_init(buf, sizeof buf);
	const struct http_range *r = &j->r[j->next++];
	j->from = r->from;
	j->left = r->n;
	if (!j->parts)
		return true;
	http_put_range_part(&o, boundary_of(j), j->s->type, r, j->f->size);
	return !o.over && http_send(x, out_span_of(&o));
}

static bool put_end(struct http_exchange *x, struct job *j)
{
	uint8_t buf[BOUNDARY + 16];
	struct out o = out_init(buf, sizeof buf);
	j->ended = true;
	http_put_ranges_end(&o, boundary_of(j));
	return !j->parts || http_send(x, out_span_of(&o));
}

/* Sends one piece, or, of what stays, all that fits. */
static enum outcome pump(struct http_exchange *x, struct job *j)
{
	size_t budget = j->s->hold != NULL ? PIECE : SIZE_MAX;
	while (!j->ended) {
		size_t room = http_room(x), n = j->left < budget ? (size_t)j->left : budget;
		if (room <= MARGIN)
			return net_pending(&http_conn_of(x)->net) > 0 ? LATER : BROKEN;
		if (budget == 0)
			return LATER;
		n = n < room - MARGIN ? n : room - MARGIN;
		if (j->left == 0) {
			bool more = j->next < j->n;
			if (more ? !start_part(x, j) : !put_end(x, j))
				return BROKEN;
		} else if (can_lend(x, j)) {
			lend(x, j);
			j->left = 0;
			j->ended = true;
			return j->s->hold == NULL ? DONE : LATER;
		} else {
			if (!send_bytes(x, j, n))
				return BROKEN;
			budget -= n;
		}
	}
	return DONE;
}

static void forget(struct http_exchange *x)
{
	struct job *j = x->user;
	x->user = NULL;
	if (j == NULL)
		return;
	j->s->hold(j->s, false);
	free(j);
}

void http_static_gone(struct http_exchange *x)
{
	forget(x);
}

void http_static_writable(struct http_exchange *x)
{
	struct job *j = x->user;
	if (j == NULL)
		return;
	enum outcome how = pump(x, j);
	if (how == LATER) {
		http_want_writable(x);
		return;
	}
	forget(x);
	if (how == DONE)
		http_end(x);
	else
		http_abort(x);
}

/* The first of it; only what goes on needs memory of its own. */
static void start(struct http_exchange *x, struct job *j)
{
	struct net_conn *c = &http_conn_of(x)->net;
	enum outcome how = x->no_body ? DONE : pump(x, j);
	/* Of what is lent nothing can follow in the same send, so it need not wait for the end of
	 * the turn; and if all of it goes at once, as most often, nothing has to be held. */
	if (how == LATER && j->ended) {
		net_flush(c);
		how = net_pending(c) > 0 ? LATER : DONE;
	}
	struct job *kept = how == LATER ? malloc(sizeof *kept) : NULL;
	if (how == DONE) {
		http_end(x);
	} else if (kept == NULL) {
		http_abort(x);
	} else {
		*kept = *j;
		x->user = kept;
		j->s->hold(j->s, true);
		http_want_writable(x);
	}
}

static void put_fields(struct out *o, const struct job *j, unsigned status)
{
	uint8_t buf[128];
	struct out value = out_init(buf, sizeof buf);
	if (j->parts) {
		http_put_ranges_type(&value, boundary_of(j));
		http_put_field(o, SPAN("Content-Type"), out_span_of(&value));
		return;
	}
	http_static_put_content(j->s, j->f, o);
	if (status == 206) {
		http_put_content_range(&value, &j->r[0], j->f->size);
		http_put_field(o, SPAN("Content-Range"), out_span_of(&value));
	}
}

bool http_static_send(struct http_exchange *x, const struct http_static *s,
		      const struct http_form *f, unsigned status, const struct http_range *r,
		      unsigned n)
{
	struct job j = {.s = s, .f = f, .n = n, .parts = n > 1};
	uint64_t length = n > 0 ? r[0].n : 0;
	if (n > 0)
		memcpy(j.r, r, n * sizeof *r);
	if (j.parts) {
		make_boundary(&j);
		length = http_ranges_length(boundary_of(&j), s->type, r, n, f->size);
	}
	for (unsigned i = 0; i < n; i++)
		j.total += r[i].n;
	if (s->hold == NULL && j.parts && length + f->unchanged.head.n + MARGIN > http_room(x))
		return false;
	bool there = look_at(f, &j.changed);
	struct out o = http_open_like(x, status, &f->unchanged, s->type.n + 256);
	put_fields(&o, &j, status);
	http_begin(x, &o, length);
	if (x->answered)
		return true;
	if (there)
		start(x, &j);
	else
		http_abort(x);
	return true;
}
