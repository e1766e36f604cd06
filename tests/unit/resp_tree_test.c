#include "resp/resp_tree.h"

#include "harness/tap.h"
#include "unit/resp_log.h"

#include <string.h>

enum { NODES = 12 };

/* Each node as in resp_log.h, without its marks, and where the next one beside it is. */
static const char *tree_text(const struct resp_tree *t)
{
	static char text[2048];
	struct log l = log_init(text, sizeof text);
	for (uint32_t i = 0; i < t->n; i++) {
		struct resp_item it = t->nodes[i].it;
		it.last = false;
		it.stream = false;
		log_item(&l, &it);
		out_str(&l.o, " +");
		out_u64(&l.o, t->nodes[i].skip);
		l.part = false;
	}
	return log_text(&l);
}

static const struct row {
	const char *name, *wire, *want;
} rows[] = {
	{"one item", "$3\r\nfoo\r\n", "bulk foo; +1"},
	{"nothing inside", "*0\r\n", "array 0; +1"},
	{"nested", "*3\r\n*2\r\n:1\r\n:2\r\n$1\r\na\r\n%1\r\n+k\r\n*1\r\n_\r\n",
	 "array 3; +9 .array 2; +3 ..int 1; +1 ..int 2; +1 .bulk a; +1 .map 2; +4 ..simple k; +1 "
	 "..array 1; +2 ...null; +1"},
	{"attributes are passed over",
	 "|1\r\n+a\r\n+b\r\n*2\r\n|1\r\n+c\r\n*1\r\n:9\r\n:1\r\n:2\r\n",
	 "array 2; +3 .int 1; +1 .int 2; +1"},
	{"a push", ">2\r\n+m\r\n*1\r\n:1\r\n",
	 ">push 2; +4 .>simple m; +1 .>array 1; +2 ..>int 1; +1"},
	{"streamed",
	 "*?\r\n*1\r\n:1\r\n%?\r\n+k\r\n+v\r\n.\r\n$?\r\n;1\r\na\r\n;1\r\nb\r\n;0\r\n.\r\n",
	 "array 3; +9 .array 1; +2 ..int 1; +1 .map 2; +3 ..simple k; +1 ..simple v; +1 .bulk; +3 "
	 "..part a +1 ..part b +1"},
	{"as many nodes as there are",
	 "*11\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n:9\r\n:10\r\n:11\r\n",
	 "array 11; +12 .int 1; +1 .int 2; +1 .int 3; +1 .int 4; +1 .int 5; +1 .int 6; +1 .int 7; "
	 "+1 "
	 ".int 8; +1 .int 9; +1 .int 10; +1 .int 11; +1"},
	{"one more",
	 "*12\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n:9\r\n:10\r\n:11\r\n:12\r\n",
	 "ETOOBIG"},
	{"a push inside", "*1\r\n>1\r\n+m\r\n:1\r\n", "ENEST"},
	{"an error of the reader", "*2\r\n:1\r\n:x\r\n", "ENUMBER"},
};

/* The bytes come in pieces, each time at another address. */
static const char *grown(const char *wire, size_t first, size_t step)
{
	struct resp_node nodes[NODES];
	struct resp_tree t;
	struct resp_reader r;
	struct span all = span_str(wire);
	int slot = 0;
	resp_reader_init(&r, NULL);
	resp_tree_init(&t, nodes, NODES);
	for (size_t have = first;; have = have + step < all.n ? have + step : all.n) {
		struct span in = guarded(slot, span_head(all, have));
		int used = resp_tree_next(&t, &r, in);
		slot = 1 - slot;
		if (used < 0) {
			check(resp_tree_next(&t, &r, in) == used, "final");
			return error_name(used);
		}
		if (used > 0) {
			check((size_t)used == all.n, "%d bytes of %zu", used, all.n);
			return tree_text(&t);
		}
		if (have == all.n)
			return "more";
	}
}

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		size_t n = strlen(row->wire);
		int before = failures();
		for (size_t cut = 0; cut <= n; cut++) {
			const char *got = grown(row->wire, cut, n);
			check(strcmp(got, row->want) == 0, "%s, cut at %zu: %s", row->name, cut,
			      got);
		}
		const char *got = grown(row->wire, 0, 1);
		check(strcmp(got, row->want) == 0, "%s, by the byte: %s", row->name, got);
		ok(failures() == before, "%s", row->name);
	}
}

static void test_in_a_row(void)
{
	struct resp_node nodes[4];
	struct resp_tree t;
	struct resp_reader r;
	struct span in = SPAN("*1\r\n+a\r\n:5\r\n*2\r\n:1\r\n+x");
	resp_reader_init(&r, NULL);
	resp_tree_init(&t, nodes, 4);
	is_int(resp_tree_next(&t, &r, in), 8, "the first reply");
	is_str(tree_text(&t), "array 1; +2 .simple a; +1", "its nodes");
	in = span_tail(in, 8);
	is_int(resp_tree_next(&t, &r, in), 4, "the second");
	is_str(tree_text(&t), "int 5; +1", "its node");
	in = span_tail(in, 4);
	is_int(resp_tree_next(&t, &r, in), RESP_MORE, "the third is not complete");
	is_int(resp_tree_next(&t, &r, in), RESP_MORE, "however often one asks");
}

static void test_put(void)
{
	struct resp_node nodes[3];
	struct resp_tree t;
	struct resp_item it = {.type = RESP_INTEGER, .depth = 1};
	resp_tree_init(&t, nodes, 3);
	is_int(resp_tree_put(&t, &it, NULL), RESP_ENEST, "an item from within a reply");
	it = (struct resp_item){.type = RESP_ARRAY, .num = 1};
	is_int(resp_tree_put(&t, &it, NULL), 0, "an array");
	is_int(resp_tree_put(&t, &it, NULL), RESP_ENEST, "then another at the top");
	it = (struct resp_item){.type = RESP_INTEGER, .depth = 1, .push = true};
	is_int(resp_tree_put(&t, &it, NULL), RESP_ENEST, "an item of a push");
}

int main(void)
{
	test_rows();
	test_in_a_row();
	test_put();
	return done();
}
