#include "resp/resp_tree.h"

void resp_tree_init(struct resp_tree *t, struct resp_node *nodes, uint32_t cap)
{
	*t = (struct resp_tree){.nodes = nodes, .cap = cap};
}

/* The streamed node at [depth] is complete. */
static void count_children(struct resp_tree *t, uint8_t depth)
{
	struct resp_node *node = &t->nodes[t->open[depth]];
	node->it.num = 0;
	for (uint32_t i = 1; i < node->skip; i += node[i].skip)
		node->it.num++;
}

static void resolve(struct resp_tree *t, const uint8_t *reply)
{
	for (uint32_t i = 0; i < t->n; i++)
		t->nodes[i].it.str.p = reply + t->nodes[i].at;
	t->whole = true;
	t->used = 0;
}

static int add(struct resp_tree *t, const struct resp_item *it, const uint8_t *reply)
{
	size_t at = it->str.n > 0 ? (size_t)(it->str.p - reply) : 0;
	if (t->n == t->cap || at > INT32_MAX)
		return RESP_ETOOBIG;
	for (uint8_t d = 0; d < it->depth; d++)
		t->nodes[t->open[d]].skip++;
	t->open[it->depth] = t->n;
	t->nodes[t->n++] = (struct resp_node){*it, (uint32_t)at, 1};
	return 1;
}

int resp_tree_put(struct resp_tree *t, const struct resp_item *it, const uint8_t *reply)
{
	if (it->attribute)
		return 0;
	if (t->whole) {
		t->whole = false;
		t->n = 0;
	}
	if (t->n == 0 ? it->depth != 0 : it->depth == 0 || it->push != t->nodes[0].it.push)
		return RESP_ENEST;
	if (it->type == RESP_END) {
		count_children(t, (uint8_t)(it->depth - 1));
	} else {
		int rc = add(t, it, reply);
		if (rc < 0)
			return rc;
	}
	if (!it->last)
		return 0;
	resolve(t, reply);
	return 1;
}

int resp_tree_next(struct resp_tree *t, struct resp_reader *r, struct span in)
{
	for (;;) {
		struct resp_item it;
		int used = resp_next(r, span_tail(in, t->used), &it);
		if (used <= 0)
			return used;
		uint32_t all = t->used + (uint32_t)used;
		int rc = all > INT32_MAX ? RESP_ETOOBIG : resp_tree_put(t, &it, in.p);
		if (rc < 0) {
			r->error = (int8_t)rc;
			return rc;
		}
		if (rc > 0)
			return (int)all;
		t->used = all;
	}
}
