/*
 * A whole reply as an array of nodes in the caller's memory, for replies that are small enough to
 * stay in the receive buffer until they are complete.
 *
 *	struct resp_node nodes[256];
 *	struct resp_tree t;
 *	resp_tree_init(&t, nodes, 256);
 *	used = resp_tree_next(&t, &reader, in);  // RESP_MORE: call again with more bytes
 *	if (used > 0 && nodes[0].it.type == RESP_ARRAY)
 *		for (size_t i = 1; i < t.n; i += nodes[i].skip)
 *			use(&nodes[i]);          // each element, whatever is inside
 *
 * Nodes are in preorder: the children of a node follow it, nodes[i].skip leads over them. A
 * reply that was cut is not read again from its start: the tree keeps offsets until it is whole,
 * so the buffer may move meanwhile.
 */
#ifndef RESP_RESP_TREE_H
#define RESP_RESP_TREE_H

#include "resp/resp.h"

struct resp_node {
	struct resp_item it; /* of a streamed aggregate or string, num is set to the number of its
				children when it is complete; its RESP_END is not kept */
	uint32_t at;         /* offset of it.str in the reply */
	uint32_t skip;       /* nodes up to the next one beside it: 1 and those inside */
};

struct resp_tree {
	struct resp_node *nodes;
	uint32_t cap;
	uint32_t n;                        /* nodes so far; all, when the reply is complete */
	uint32_t used;                     /* bytes of an incomplete reply that were read */
	bool whole;                        /* complete: the next item starts another tree */
	uint32_t open[RESP_DEPTH_MAX + 2]; /* the last node at each depth */
};

void resp_tree_init(struct resp_tree *t, struct resp_node *nodes, uint32_t cap);

/*
 * Reads one whole reply (or push, when the first item is one) from the front of [in]. Returns
 * the bytes it took (> 0), RESP_MORE with nothing consumed, or an error of [r], which is final.
 * After > 0 the t->n nodes are good, their spans as long as the bytes of [in]; the next call
 * starts anew. After RESP_MORE call again with the same bytes, at the same or another address,
 * and more behind them. A reply of more than [cap] nodes or 2 GiB is RESP_ETOOBIG, a push inside
 * a reply RESP_ENEST: whoever expects one reads items. Attributes are passed over. [r] should have
 * limits.part == 0, or long strings are trees of the pieces they arrived in.
 */
int resp_tree_next(struct resp_tree *t, struct resp_reader *r, struct span in);

/*
 * The same for items that something else has read, a session for instance: [it] is put behind
 * those before it. [reply] is where the first byte of the reply stands in the buffer now, and
 * it->str must point into the bytes that follow there. Returns 1 when the reply is whole, 0 when
 * items are missing, or RESP_ETOOBIG or RESP_ENEST as above.
 */
int resp_tree_put(struct resp_tree *t, const struct resp_item *it, const uint8_t *reply);

#endif
