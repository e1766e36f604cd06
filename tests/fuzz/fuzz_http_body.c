#include "fuzz/http_chunked.h"
#include "http/http.h"

#define EXTRA 40

enum how { WHOLE, BYTES, PIECES };

struct decoded {
	int rc; /* 1: done */
	size_t used, n;
	uint8_t data[FUZZ_MAX * 4];
};

static void decode(const struct http_head *h, struct span wire, enum how how, struct dice *d,
		   struct decoded *to)
{
	struct http_limits lim = {.chunk_ext = EXTRA};
	struct http_body b;
	struct span piece;
	http_body_init(&b, h, &lim);
	to->used = to->n = 0;
	to->rc = 1;
	while (to->used < wire.n && !b.done) {
		size_t left = wire.n - to->used;
		size_t n = how == WHOLE ? left : how == BYTES ? 1 : roll_piece(d, left);
		struct span in = guarded(0, span_head(span_tail(wire, to->used), n));
		to->rc = http_body_next(&b, in, &piece);
		if (to->rc < 0) {
			must(http_body_next(&b, in, &piece) == to->rc, "an error stays");
			return;
		}
		must(to->rc > 0 && (size_t)to->rc <= in.n, "%d of %zu bytes", to->rc, in.n);
		must(is_inside(piece, in) && piece.n <= (size_t)to->rc, "a piece of the input");
		memcpy(to->data + to->n, piece.p, piece.n);
		to->n += piece.n;
		to->used += (size_t)to->rc;
	}
	to->rc = b.done;
	if (b.done)
		must(http_body_next(&b, SPAN("x"), &piece) == HTTP_MORE, "nothing after the end");
}

static void same(const struct decoded *a, const struct decoded *b, const char *how)
{
	must(a->rc == b->rc, "%s: %d, not %d", how, b->rc, a->rc);
	must(a->n == b->n && memcmp(a->data, b->data, a->n) == 0, "%s: other bytes", how);
	must(a->rc < 0 || a->used == b->used, "%s: %zu used, not %zu", how, b->used, a->used);
}

/* The decoded bytes, in other chunks, are decoded to the same. */
static void write_and_read(const struct http_head *h, const struct decoded *body, struct dice *d)
{
	static uint8_t buf[FUZZ_MAX * 12];
	static struct decoded back;
	struct out o = out_init(buf, sizeof buf);
	struct span rest = span_of(body->data, body->n);
	while (rest.n > 0) {
		size_t n = roll_piece(d, rest.n);
		http_put_chunk_begin(&o, n);
		out_span(&o, span_head(rest, n));
		http_put_chunk_end(&o);
		rest = span_tail(rest, n);
	}
	http_put_last_chunk(&o);
	must(!o.over, "room for the chunks");
	decode(h, out_span_of(&o), PIECES, d, &back);
	must(back.rc == 1 && back.used == o.n, "our own chunks are read: %d", back.rc);
	must(back.n == body->n && memcmp(back.data, body->data, back.n) == 0, "as they were");
}

static void second_opinion(const struct decoded *whole, struct span wire)
{
	static uint8_t data[FUZZ_MAX];
	struct chunked c = {.rest = wire, .extra_max = EXTRA, .data = data};
	bool good = is_chunked(&c);
	must(good == (whole->rc == 1), "another reader says %d, not %d", good, whole->rc);
	must(!good || whole->used == wire.n - c.rest.n, "another end");
	must(!good || span_eq(span_of(data, c.n), span_of(whole->data, whole->n)), "other data");
}

FUZZ(http_body)
{
	static struct decoded whole, other;
	struct span wire = span_of(data, size);
	struct dice d = dice_of(wire);
	if (size > FUZZ_MAX)
		return 0;
	const struct http_head heads[] = {
		{.framing = HTTP_CHUNKED},
		{.framing = HTTP_LENGTH, .length = roll(&d, size + 3)},
		{.framing = HTTP_UNTIL_CLOSE},
	};
	for (size_t i = 0; i < COUNT(heads); i++) {
		decode(&heads[i], wire, WHOLE, &d, &whole);
		decode(&heads[i], wire, BYTES, &d, &other);
		same(&whole, &other, "bytewise");
		decode(&heads[i], wire, PIECES, &d, &other);
		same(&whole, &other, "in pieces");
		if (whole.rc != 1)
			continue;
		decode(&heads[i], span_head(wire, whole.used), WHOLE, &d, &other);
		same(&whole, &other, "without what follows");
	}
	decode(&heads[0], wire, WHOLE, &d, &whole);
	second_opinion(&whole, guarded(1, wire));
	if (whole.rc == 1)
		write_and_read(&heads[0], &whole, &d);
	return 0;
}
