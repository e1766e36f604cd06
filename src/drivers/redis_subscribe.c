#include "drivers/redis_inner.h"

#include <string.h>

#define BATCH 16 /* names in one command */
#define HEAD 5   /* bytes before a remembered name: the kind, and its length */

/* Shard channels of one command would have to share a slot, so each gets its own. */
static const struct {
	const char *on, *off;
	size_t batch;
} kinds[] = {
	{"SUBSCRIBE", "UNSUBSCRIBE", BATCH},
	{"PSUBSCRIBE", "PUNSUBSCRIBE", BATCH},
	{"SSUBSCRIBE", "SUNSUBSCRIBE", 1},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* KINDS when it is none of them. */
static unsigned kind_of(struct span word, bool on)
{
	unsigned k = 0;
	while (k < KINDS && !span_eq_nocase(word, span_str(on ? kinds[k].on : kinds[k].off)))
		k++;
	return k;
}

/* The remembered name at [*at], which moves behind it; false when there is none left. */
static bool next_name(const struct out *names, size_t *at, unsigned *kind, struct span *name)
{
	if (*at == names->n)
		return false;
	const uint8_t *p = names->p + *at;
	*kind = p[0];
	*name = span_of(p + HEAD, get_be32(p + 1));
	*at += HEAD + name->n;
	return true;
}

static bool is_remembered(const struct redis *r, unsigned kind, struct span name)
{
	struct span other;
	unsigned k;
	for (size_t at = 0; next_name(&r->names, &at, &k, &other);)
		if (k == kind && span_eq(name, other))
			return true;
	return false;
}

static void forget(struct redis *r, unsigned kind, const struct span *name)
{
	struct span other;
	unsigned k;
	for (size_t from = 0, at = 0; next_name(&r->names, &at, &k, &other);) {
		if (k != kind || (name != NULL && !span_eq(*name, other))) {
			from = at;
			continue;
		}
		memmove(r->names.p + from, r->names.p + at, r->names.n - at);
		r->names.n -= at - from;
		at = from;
	}
}

static int put(struct redis *r, size_t argc, const struct span argv[])
{
	uint64_t due = r->link.loop->now + r->cfg->link.connect_ms;
	return redis_put(r, RESP_SUBSCRIBES, NULL, due, argc, argv);
}

/* Sends what is remembered from [at] on, of one kind. */
static int send_kind(struct redis *r, unsigned kind, size_t at)
{
	struct span argv[1 + BATCH] = {span_str(kinds[kind].on)}, name;
	size_t argc = 1;
	unsigned k;
	int rc = 0;
	while (rc == 0 && next_name(&r->names, &at, &k, &name)) {
		if (k != kind)
			continue;
		argv[argc++] = name;
		if (argc <= kinds[kind].batch)
			continue;
		rc = put(r, argc, argv);
		argc = 1;
	}
	return rc == 0 && argc > 1 ? put(r, argc, argv) : rc;
}

static int resubscribe(struct redis *r)
{
	int rc = 0;
	for (unsigned k = 0; k < KINDS && rc == 0; k++)
		rc = send_kind(r, k, 0);
	return rc;
}

void redis_remember(struct redis *r, void *memory, size_t n)
{
	r->names = out_init(memory, n);
	r->resubscribe = resubscribe;
}

/* The new ones among the names go behind the others; how many, or REDIS_EFULL. */
static int remember(struct redis *r, unsigned kind, size_t argc, const struct span argv[])
{
	struct out o = r->names;
	int count = 0;
	for (size_t i = 1; i < argc; i++) {
		if (is_remembered(r, kind, argv[i]))
			continue;
		out_byte(&o, (uint8_t)kind);
		out_be32(&o, (uint32_t)argv[i].n);
		out_span(&o, argv[i]);
		if (o.over || argv[i].n > RESP_LENGTH_MAX)
			return REDIS_EFULL;
		r->names.n = o.n; /* so that the same name twice is found */
		count++;
	}
	return count;
}

int redis_subscribe(struct redis *r, size_t argc, const struct span argv[])
{
	unsigned kind = argc > 1 ? kind_of(argv[0], true) : KINDS;
	size_t mark = r->names.n;
	if (r->cfg->blocking)
		return REDIS_EBLOCKING;
	if (kind == KINDS)
		return REDIS_EFULL;
	int rc = remember(r, kind, argc, argv);
	if (rc > 0 && redis_is_up(r)) {
		/* At worst each name has a command of its own. */
		size_t bytes = redis_command_size(argc, argv) + 64 * argc;
		rc = redis_fits(r, argc - 1, bytes) ? send_kind(r, kind, mark) : REDIS_EFULL;
	}
	if (rc < 0)
		r->names.n = mark;
	return rc < 0 ? rc : 0;
}

int redis_unsubscribe(struct redis *r, size_t argc, const struct span argv[])
{
	unsigned kind = argc > 0 ? kind_of(argv[0], false) : KINDS;
	if (kind == KINDS)
		return REDIS_EFULL;
	if (argc == 1)
		forget(r, kind, NULL);
	for (size_t i = 1; i < argc; i++)
		forget(r, kind, &argv[i]);
	return redis_is_up(r) ? put(r, argc, argv) : 0;
}
