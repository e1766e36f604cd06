#include "fuzz/fuzz.h"
#include "resp/resp_tree.h"
#include "unit/resp_log.h"

#define NODES 64

/* The transcript of the whole is that of bytes that come in any pieces. */
static void read_items(struct span wire, const struct resp_limits *lim, struct dice *d)
{
	static char whole[8192];
	snprintf(whole, sizeof whole, "%s", transcript(wire, lim, wire.n, 1));
	for (int i = 0; i < 3; i++) {
		size_t first = roll(d, wire.n + 1), step = i == 0 ? 1 : 1 + roll(d, 20);
		const char *got = transcript(wire, lim, first, step);
		must(strcmp(got, whole) == 0, "in pieces of %zu after %zu: %s\nwhole: %s", step,
		     first, got, whole);
	}
	must(failures() == 0, "what the transcript checks");
}

/* What an item is, without what only a tree knows. */
static void put_item(struct out *o, const struct resp_item *it)
{
	if (it->attribute || it->type == RESP_END)
		return;
	out_byte(o, (uint8_t)it->type);
	if (!it->stream)
		out_i64(o, it->num);
	out_span(o, it->str);
	out_byte(o, '\n');
}

static void put_tree(struct out *o, const struct resp_tree *t, struct span in)
{
	for (uint32_t i = 0; i < t->n; i++) {
		const struct resp_node *node = &t->nodes[i];
		must(node->skip >= 1 && i + node->skip <= t->n, "node %u is inside", i);
		must(is_inside(node->it.str, in), "its bytes are of the input");
		put_item(o, &node->it);
	}
}

/* The skips of a tree are those that its numbers say, counted again. */
static uint32_t check_skip(const struct resp_tree *t, uint32_t i)
{
	const struct resp_node *node = &t->nodes[i];
	uint32_t next = i + 1;
	bool inner = node->it.stream || memchr("*%~>", (int)node->it.type, 4) != NULL;
	for (int64_t k = 0; inner && k < node->it.num; k++) {
		must(next < t->n, "node %u has %lld inside", i, (long long)node->it.num);
		next = check_skip(t, next);
	}
	must(next == i + node->skip, "node %u leads to %u, not %u", i, next, i + node->skip);
	return next;
}

/* All replies as trees; a piece of input is seen again, elsewhere, with more behind it. */
static int read_trees(struct span wire, const struct resp_limits *lim, struct dice *d,
		      struct out *o)
{
	static struct resp_node nodes[NODES];
	struct resp_tree t;
	struct resp_reader r;
	size_t at = 0, have = d == NULL ? wire.n : roll(d, wire.n + 1);
	resp_reader_init(&r, lim);
	resp_tree_init(&t, nodes, COUNT(nodes));
	for (unsigned call = 0;; call++) {
		struct span in = guarded(call & 1, span_of(wire.p + at, have - at));
		int used = resp_tree_next(&t, &r, in);
		if (used < 0) {
			must(resp_tree_next(&t, &r, in) == used, "an error is final");
			return used;
		}
		if (used > 0) {
			must((size_t)used <= in.n && t.n > 0 && nodes[0].skip == t.n, "a tree");
			check_skip(&t, 0);
			put_tree(o, &t, in);
			at += (size_t)used;
		} else if (have == wire.n) {
			return RESP_MORE;
		} else {
			have += roll_piece(d, wire.n - have);
		}
	}
}

/*
 * The items of all replies, flat; o->n is cut to those of whole ones. False when trees may say
 * something else: a push may stand in a reply, or a tree be too large.
 */
static bool read_flat(struct span wire, const struct resp_limits *lim, struct out *o, int *rc)
{
	struct resp_reader r;
	struct resp_item it;
	size_t whole = 0, items = 0;
	bool same = true;
	resp_reader_init(&r, lim);
	while ((*rc = resp_next(&r, wire, &it)) > 0) {
		put_item(o, &it);
		same = same && !it.push && ++items <= NODES;
		wire = span_tail(wire, (size_t)*rc);
		if (it.last && !it.attribute) {
			whole = o->n;
			items = 0;
		}
	}
	o->n = whole;
	return same;
}

static void trees(struct span wire, const struct resp_limits *lim, struct dice *d)
{
	static uint8_t a[65536], b[65536], c[65536];
	struct out whole = out_init(a, sizeof a), parts = out_init(b, sizeof b);
	struct out flat = out_init(c, sizeof c);
	int rc = read_trees(wire, lim, NULL, &whole), again = read_trees(wire, lim, d, &parts);
	must(rc == again, "trees in pieces: %d, not %d", again, rc);
	must(span_eq(out_span_of(&whole), out_span_of(&parts)), "trees in pieces are the same");
	bool same = read_flat(wire, lim, &flat, &again);
	must(span_starts(out_span_of(&flat), out_span_of(&whole)), "a tree is its items");
	must(!same || (rc == again && flat.n == whole.n), "trees: %d, items: %d", rc, again);
}

/* Any words as a command are read as an array of bulks. */
static void command(struct span words)
{
	static uint8_t buf[FUZZ_MAX * 8];
	struct span argv[16];
	size_t argc = 0, at = 0;
	struct out o = out_init(buf, sizeof buf);
	struct resp_reader r;
	struct resp_item it;
	while (words.p != NULL && argc < COUNT(argv))
		argv[argc++] = span_cut(&words, '\n');
	resp_put_command(&o, argc, argv);
	must(!o.over, "room for a command");
	resp_reader_init(&r, NULL);
	for (size_t i = 0; i <= argc; i++) {
		int used = resp_next(&r, span_tail(out_span_of(&o), at), &it);
		must(used > 0, "our own command is read: %s", resp_strerror(used));
		must(i > 0 || (it.type == RESP_ARRAY && it.num == (int64_t)argc), "an array");
		must(i == 0 || (it.type == RESP_BULK && span_eq(it.str, argv[i - 1])), "a bulk");
		must(it.last == (i == argc), "the last");
		at += (size_t)used;
	}
	must(at == o.n, "nothing behind it");
}

FUZZ(resp)
{
	static const struct resp_limits limits[] = {
		{65536, 65536, 65536, RESP_DEPTH_MAX, 0, 1 << 30},
		{20, 30, 6, 4, 0, 120},
		{20, 200, 6, 4, 5, 300},
	};
	struct span wire = span_of(data, size);
	struct dice d = dice_of(wire);
	if (size > FUZZ_MAX)
		return 0;
	for (size_t i = 0; i < COUNT(limits); i++) {
		read_items(wire, &limits[i], &d);
		if (limits[i].part == 0) /* else they are trees of the pieces that arrived */
			trees(wire, &limits[i], &d);
	}
	command(wire);
	return 0;
}
