#include "drivers/http_static.h"

#include "drivers/http_static_send.h"
#include "http/http_accept.h"
#include "http/http_cond.h"

/* Heads. */

/* What 200 and 304 have in common: all of it except for what tells of the content (15.4.5). */
static struct http_prebuilt open_head(const struct http_static *s, const struct http_form *f,
				      uint16_t status, struct span fields, struct out *o)
{
	static const uint8_t no_date[HTTP_DATE_SIZE] = {0};
	struct http_prebuilt p = {.status = status};
	size_t start = o->n;
	p.head.p = o->p + start;
	http_put_status_line(o, status);
	out_str(o, "Date: ");
	p.date_at = (uint16_t)(o->n - start);
	out_mem(o, no_date, sizeof no_date);
	out_mem(o, "\r\n", 2);
	out_span(o, fields);
	if (s->cache.n > 0)
		http_put_field(o, SPAN("Cache-Control"), s->cache);
	http_put_field(o, SPAN("ETag"), f->etag);
	if (s->modified > 0) {
		uint8_t date[HTTP_DATE_SIZE];
		http_put_date(date, s->modified);
		http_put_field(o, SPAN("Last-Modified"), span_of(date, sizeof date));
	}
	if (s->forms > 1)
		http_put_field(o, SPAN("Vary"), SPAN("Accept-Encoding"));
	return p;
}

static void close_head(struct http_prebuilt *p, struct out *o)
{
	http_put_head_end(o);
	p->head.n = (size_t)(o->p + o->n - p->head.p);
}

static void init_form(const struct http_static *s, struct http_form *f, struct span fields,
		      struct out *heads)
{
	f->unchanged = open_head(s, f, 304, fields, heads);
	close_head(&f->unchanged, heads);
	if (f->bytes.p == NULL)
		return;
	f->full = open_head(s, f, 200, fields, heads);
	f->full.body = f->bytes;
	http_static_put_content(s, f, heads);
	http_put_field_u64(heads, SPAN("Content-Length"), f->size);
	close_head(&f->full, heads);
}

void http_static_init(struct http_static *s, struct span fields, struct out *heads)
{
	for (unsigned i = 0; i < s->forms; i++)
		init_form(s, &s->form[i], fields, heads);
}

/* Choosing. */

static unsigned quality(const struct http_head *h, const struct http_form *f)
{
	return http_accepts_coding(h, f->coding.n > 0 ? f->coding : SPAN("identity"));
}

static const struct http_form *choose(const struct http_head *h, const struct http_static *s)
{
	const struct http_form *best = &s->form[0];
	if (s->forms == 1 || (h->has >> HTTP_F_ACCEPT_ENCODING & 1) == 0)
		return best;
	unsigned most = quality(h, best);
	for (unsigned i = 1; i < s->forms; i++) {
		const struct http_form *f = &s->form[i];
		unsigned q = quality(h, f);
		if (q > most || (q > 0 && q == most && f->size < best->size)) {
			best = f;
			most = q;
		}
	}
	return best;
}

/* Answering. */

static void answer_whole(struct http_exchange *x, const struct http_static *s,
			 const struct http_form *f)
{
	const struct http_range all = {0, f->size};
	if (f->bytes.p != NULL && (s->hold == NULL || f->size <= HTTP_COPY_MAX))
		http_answer_prebuilt(x, &f->full);
	else
		http_static_send(x, s, f, 200, &all, f->size > 0);
}

/* Of a refusal no cache keeps anything, whatever is said of the file: so with our fields only. */
static void answer_refusal(struct http_exchange *x, unsigned status, uint64_t size)
{
	uint8_t buf[32];
	struct out value = out_init(buf, sizeof buf), o = http_open(x, status, 128);
	http_put_field(&o, SPAN("Cache-Control"), SPAN("no-store"));
	if (status == 416) {
		http_put_unsatisfied_range(&value, size);
		http_put_field(&o, SPAN("Content-Range"), out_span_of(&value));
	}
	http_begin(x, &o, 0);
	if (!x->answered)
		http_end(x);
}

static void answer_ranges(struct http_exchange *x, const struct http_static *s,
			  const struct http_form *f, const struct http_validators *v, uint64_t now)
{
	struct http_range r[HTTP_RANGES_MAX];
	int n = 0;
	if (http_if_range(x->head, v, now))
		n = http_get_ranges(http_find(x->head, HTTP_F_RANGE), f->size, r, HTTP_RANGES_MAX);
	/* Whether Content-Encoding beside several parts is of each or of them all, nobody says. */
	if (n > 1 && f->coding.n > 0)
		n = 0;
	if (n < 0)
		answer_refusal(x, 416, f->size);
	else if (n == 0 || !http_static_send(x, s, f, 206, r, (unsigned)n))
		answer_whole(x, s, f);
}

/* The fields that ask for more than all of it. */
#define ASKS                                                                                   \
	(1u << HTTP_F_IF_MATCH | 1u << HTTP_F_IF_NONE_MATCH | 1u << HTTP_F_IF_MODIFIED_SINCE | \
	 1u << HTTP_F_IF_UNMODIFIED_SINCE | 1u << HTTP_F_RANGE)

void http_static_answer(struct http_exchange *x, const struct http_static *s)
{
	const struct http_form *f = choose(x->head, s);
	if ((x->head->has & ASKS) == 0) {
		answer_whole(x, s, f);
		return;
	}
	struct http_validators v = {.etag = f->etag, .modified = s->modified};
	uint64_t now = net_wall_seconds();
	switch (http_conditions(x->head, &v, now)) {
	case HTTP_NOT_MODIFIED:
		http_answer_prebuilt(x, &f->unchanged);
		break;
	case HTTP_PRECONDITION_FAILED:
		answer_refusal(x, 412, 0);
		break;
	case HTTP_PROCEED:
		answer_ranges(x, s, f, &v, now);
	}
}
