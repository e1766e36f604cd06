#include "drivers/http_assets.h"

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

static void add_form(struct http_asset *a, struct span bytes, struct span coding)
{
	unsigned i = a->served.forms++;
	put_etag(a->etag[i], hash(bytes));
	a->served.form[i] = (struct http_form){
		/* Empty is in memory as well. */
		.bytes = bytes.p != NULL ? bytes : SPAN(""),
		.size = bytes.n,
		.etag = span_of(a->etag[i], HTTP_ETAG_SIZE),
		.coding = coding,
		.fd = -1,
	};
}

void http_asset_init(struct http_asset *a, struct span fields, struct out *heads)
{
	a->served = (struct http_static){
		.type = a->type.n > 0 ? a->type : http_media_type(a->path),
		.cache = a->cache,
	};
	add_form(a, a->bytes, SPAN_NONE);
	if (a->gzip.n > 0 && a->gzip.n < a->bytes.n)
		add_form(a, a->gzip, SPAN("gzip"));
	http_static_init(&a->served, fields, heads);
}

const struct http_asset *http_assets_find(const struct http_asset *table, size_t n,
					  struct span path)
{
	for (size_t i = 0; i < n; i++)
		if (span_eq(path, table[i].path))
			return &table[i];
	return NULL;
}

void http_asset_answer(struct http_exchange *x, const struct http_asset *a)
{
	http_static_answer(x, &a->served);
}
