#include "resp/resp.h"

#include "harness/tap.h"
#include "unit/resp_log.h"

#include <string.h>

/* Small enough that garbage reaches them. */
static const struct resp_limits tight = {
	.line = 8, .bulk = 10, .items = 4, .depth = 3, .part = 0, .reply = 40};
static const struct resp_limits parts = {
	.line = 8, .bulk = 20, .items = 4, .depth = 1, .part = 4, .reply = 60};

struct gen {
	struct out wire;
	struct log log;
	int depth;
	bool push, attribute;
};

static void put_item(struct gen *g, enum resp_type type, int64_t num, struct span str, bool last)
{
	log_item(&g->log, &(struct resp_item){.type = type,
					      .depth = (uint8_t)g->depth,
					      .push = g->push,
					      .attribute = g->attribute,
					      .last = last,
					      .stream = num < 0 && type != RESP_INTEGER,
					      .num = num,
					      .str = str});
}

static void gen_text(struct gen *g, bool last)
{
	static const enum resp_type types[] = {RESP_SIMPLE, RESP_ERROR, RESP_BULK, RESP_BLOB_ERROR,
					       RESP_VERBATIM};
	uint8_t text[24];
	enum resp_type type = types[rnd(5)];
	size_t n = rnd(sizeof text);
	for (size_t i = 0; i < n; i++)
		text[i] = (uint8_t)('a' + rnd(26));
	out_byte(&g->wire, (uint8_t)type);
	if (type != RESP_SIMPLE && type != RESP_ERROR) {
		if (n > 0 && rnd(4) == 0)
			text[rnd((uint32_t)n)] = rnd(2) ? '\n' : '\r';
		out_u64(&g->wire, n + (type == RESP_VERBATIM ? 4 : 0));
		out_str(&g->wire, type == RESP_VERBATIM ? "\r\ntxt:" : "\r\n");
	}
	out_mem(&g->wire, text, n);
	out_str(&g->wire, "\r\n");
	put_item(g, type, 0, (struct span){text, n}, last);
}

static void gen_scalar(struct gen *g, bool last)
{
	int64_t v;
	switch (rnd(6)) {
	case 0:
		v = (int64_t)((uint64_t)rnd(UINT32_MAX) << 33 | rnd(UINT32_MAX)) >> rnd(63);
		out_byte(&g->wire, ':');
		out_i64(&g->wire, v);
		out_str(&g->wire, "\r\n");
		put_item(g, RESP_INTEGER, v, SPAN_NONE, last);
		break;
	case 1:
		out_str(&g->wire, rnd(2) ? "_\r\n" : rnd(2) ? "$-1\r\n" : "*-1\r\n");
		put_item(g, RESP_NULL, 0, SPAN_NONE, last);
		break;
	case 2:
		v = rnd(2);
		out_str(&g->wire, v ? "#t\r\n" : "#f\r\n");
		put_item(g, RESP_BOOL, v, SPAN_NONE, last);
		break;
	case 3:
		out_str(&g->wire, ",-12.5e3\r\n");
		put_item(g, RESP_DOUBLE, 0, SPAN("-12.5e3"), last);
		break;
	default:
		gen_text(g, last);
	}
}

static void gen_value(struct gen *g, bool last);

static void gen_elements(struct gen *g, enum resp_type type, uint32_t n, bool last)
{
	out_byte(&g->wire, (uint8_t)type);
	out_u64(&g->wire, type == RESP_MAP || type == RESP_ATTRIBUTE ? n / 2 : n);
	out_str(&g->wire, "\r\n");
	put_item(g, type, n, SPAN_NONE, last && n == 0);
	g->depth++;
	for (uint32_t i = 0; i < n; i++)
		gen_value(g, last && i == n - 1);
	g->depth--;
}

static void gen_aside(struct gen *g)
{
	struct gen outer = *g;
	if (!g->push && rnd(2)) {
		g->push = true;
		g->attribute = false;
		g->depth = 0;
		gen_elements(g, RESP_PUSH, rnd(4), true);
	} else {
		g->attribute = true;
		gen_elements(g, RESP_ATTRIBUTE, 2 * rnd(3), !outer.attribute);
	}
	g->depth = outer.depth;
	g->push = outer.push;
	g->attribute = outer.attribute;
}

static void gen_end(struct gen *g, const char *wire, bool last)
{
	out_str(&g->wire, wire);
	put_item(g, RESP_END, 0, SPAN_NONE, last);
	g->depth--;
}

static void gen_streamed(struct gen *g, bool last)
{
	static const enum resp_type types[] = {RESP_ARRAY, RESP_SET, RESP_MAP, RESP_BULK};
	enum resp_type type = types[rnd(4)];
	out_byte(&g->wire, (uint8_t)type);
	out_str(&g->wire, "?\r\n");
	put_item(g, type, -1, SPAN_NONE, false);
	g->depth++;
	if (type == RESP_BULK) {
		for (uint32_t n = rnd(3); n > 0; n--) {
			out_str(&g->wire, ";3\r\na\r\n\r\n");
			put_item(g, RESP_PART, 0, SPAN("a\r\n"), false);
		}
		gen_end(g, ";0\r\n", last);
		return;
	}
	for (uint32_t n = type == RESP_MAP ? 2 * rnd(3) : rnd(4); n > 0; n--)
		gen_value(g, false);
	gen_end(g, ".\r\n", last);
}

static void gen_value(struct gen *g, bool last)
{
	static const enum resp_type types[] = {RESP_ARRAY, RESP_SET, RESP_MAP};
	if (rnd(12) == 0 && g->depth < 4)
		gen_aside(g);
	if (g->depth >= 4 || rnd(2) != 0) {
		gen_scalar(g, last);
		return;
	}
	if (rnd(5) == 0) {
		gen_streamed(g, last);
		return;
	}
	enum resp_type type = types[rnd(3)];
	gen_elements(g, type, type == RESP_MAP ? 2 * rnd(3) : rnd(4), last);
}

static void test_round_trips(void)
{
	static char wire[65536], log[65536];
	int before = failures();
	size_t bytes = 0;
	for (int i = 0; i < 2000; i++) {
		struct gen g = {.wire = out_init(wire, sizeof wire),
				.log = log_init(log, sizeof log)};
		gen_value(&g, true);
		if (g.wire.n > 3000)
			continue;
		const char *got = transcript(out_span_of(&g.wire), NULL, rnd(8), 1 + rnd(40));
		const char *want = log_text(&g.log);
		check(strcmp(got, want) == 0, "round trip %d: got %s, want %s", i, got, want);
		bytes += g.wire.n;
	}
	ok(failures() == before && bytes > 50000, "random values, random chunks: %zu bytes", bytes);
}

/* Valid replies with a few bytes changed; and bytes that the grammar likes, at random. */
static size_t garbage(char *buf, size_t cap)
{
	static const char likes[] = "\r\n\r\n\r\n012-?+-:$*_,#(!=%~|>;.t";
	size_t n;
	if (rnd(2)) {
		struct gen g = {.wire = out_init(buf, cap), .log = log_init((char[1]){0}, 1)};
		gen_value(&g, true);
		n = g.wire.n < 400 ? g.wire.n : 400;
		for (uint32_t k = rnd(4); k > 0; k--)
			buf[rnd((uint32_t)n)] = likes[rnd(sizeof likes - 1)];
	} else {
		n = 1 + rnd(40);
		for (size_t i = 0; i < n; i++)
			buf[i] = rnd(9) ? likes[rnd(sizeof likes - 1)] : (char)rnd(256);
	}
	return n;
}

static void test_garbage(void)
{
	static char buf[65536];
	static char want[8192];
	static const struct resp_limits *const limits[] = {NULL, &tight, &parts};
	int before = failures();
	for (int i = 0; i < 12000; i++) {
		struct span wire = span_of(buf, garbage(buf, sizeof buf));
		const struct resp_limits *lim = limits[rnd(3)];
		const char *whole = transcript(wire, lim, wire.n, 1);
		memcpy(want, whole, strlen(whole) + 1);
		const char *got = transcript(wire, lim, rnd(5), 1 + rnd(9));
		check(strcmp(got, want) == 0, "garbage %d: got %s, want %s", i, got, want);
	}
	ok(failures() == before, "random garbage: the same verdict however it is cut");
}

int main(void)
{
	test_round_trips();
	test_garbage();
	return done();
}
