#include "drivers/http_assets.h"

#include <string.h>

/*
 * FNV-1a of 64 bits: nobody attacks the tag of a file that he serves himself, so a hash that
 * is a few bytes of code will do; two versions of a file share one once in 2^64.
 */
static uint64_t hash(struct span s)
{
	uint64_t h = 0xcbf29ce484222325;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ s.p[i]) * 0x100000001b3;
	return h;
}

static void put_etag(uint8_t etag[static HTTP_ETAG_SIZE], uint64_t h)
{
	etag[0] = etag[HTTP_ETAG_SIZE - 1] = '"';
	for (int i = HTTP_ETAG_SIZE - 2; i > 0; i--, h >>= 4)
		etag[i] = (uint8_t) "0123456789abcdef"[h & 15];
}

static struct span etag_of(const struct http_asset *a)
{
	return span_of(a->etag, sizeof a->etag);
}

/* What 200 and 304 have in common: all of it except for the length and type (9110, 15.4.5). */
static struct http_prebuilt open_head(const struct http_asset *a, uint16_t status,
				      struct span fields, struct out *o)
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
	http_put_field(o, SPAN("ETag"), etag_of(a));
	if (a->cache.n > 0)
		http_put_field(o, SPAN("Cache-Control"), a->cache);
	return p;
}

static void close_head(struct http_prebuilt *p, struct out *o)
{
	http_put_head_end(o);
	p->head.n = (size_t)(o->p + o->n - p->head.p);
}

void http_asset_init(struct http_asset *a, struct span fields, struct out *heads)
{
	struct span type = a->type.n > 0 ? a->type : http_media_type(a->path);
	put_etag(a->etag, hash(a->bytes));
	a->unchanged = open_head(a, 304, fields, heads);
	close_head(&a->unchanged, heads);
	a->full = open_head(a, 200, fields, heads);
	a->full.body = a->bytes;
	http_put_field(heads, SPAN("Content-Type"), type);
	http_put_field_u64(heads, SPAN("Content-Length"), a->bytes.n);
	close_head(&a->full, heads);
}

const struct http_asset *http_assets_find(const struct http_asset *table, size_t n,
					  struct span path)
{
	for (size_t i = 0; i < n; i++)
		if (span_eq(path, table[i].path))
			return &table[i];
	return NULL;
}

/*
 * Weak comparison (9110, 8.8.3.2): the mark does not count. Cutting at commas, which a tag may
 * hold, can't find ours by mistake: no part of a tag has a quote at both its ends.
 */
static bool names(struct span list, struct span etag)
{
	while (list.p != NULL) {
		struct span tag = span_trim(span_cut(&list, ','));
		if (span_starts(tag, SPAN("W/")))
			tag = span_tail(tag, 2);
		if (span_eq(tag, etag))
			return true;
	}
	return false;
}

/* If-None-Match (9110, 13.1.2) of a GET or HEAD: does the client have it already? */
static bool is_known(const struct http_head *h, const struct http_asset *a)
{
	if ((h->has >> HTTP_F_IF_NONE_MATCH & 1) == 0)
		return false;
	for (unsigned i = 0; i < h->fields; i++) {
		if (h->known[i] != HTTP_F_IF_NONE_MATCH)
			continue;
		struct span value = http_value(h, i);
		if (span_eq(value, SPAN("*")) || names(value, etag_of(a)))
			return true;
	}
	return false;
}

void http_asset_answer(struct http_exchange *x, const struct http_asset *a)
{
	http_answer_prebuilt(x, is_known(x->head, a) ? &a->unchanged : &a->full);
}
