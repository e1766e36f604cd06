/*
 * What the RESP tests compare: the items that were read, as one line of text.
 *
 *	"array 2; .bulk foo; .int 7!; ELINE"
 *
 * A dot for each level, '>' for items of a push, '@' for those of an attribute, '!' for the last of
 * a reply, and how it ended: an error's name, "more" when a reply is not complete, or nothing.
 * Parts of a string are run together, because a long bulk comes in the pieces it arrived in.
 */
#ifndef TESTS_RESP_LOG_H
#define TESTS_RESP_LOG_H

#include "base/out.h"
#include "harness/tap.h"
#include "resp/resp_session.h"

#include <string.h>

struct log {
	struct out o;
	bool part; /* the last item was a part */
};

static inline struct log log_init(char *buf, size_t cap)
{
	return (struct log){out_init(buf, cap - 1), false};
}

static inline const char *log_text(struct log *l)
{
	l->o.p[l->o.n] = 0;
	return l->o.over ? "the log is too small" : (const char *)l->o.p;
}

static inline const char *type_name(enum resp_type type)
{
	switch (type) {
	case RESP_SIMPLE:
		return "simple";
	case RESP_ERROR:
		return "error";
	case RESP_INTEGER:
		return "int";
	case RESP_BULK:
		return "bulk";
	case RESP_ARRAY:
		return "array";
	case RESP_NULL:
		return "null";
	case RESP_DOUBLE:
		return "double";
	case RESP_BOOL:
		return "bool";
	case RESP_BIGNUM:
		return "big";
	case RESP_BLOB_ERROR:
		return "bloberror";
	case RESP_VERBATIM:
		return "verbatim";
	case RESP_MAP:
		return "map";
	case RESP_SET:
		return "set";
	case RESP_ATTRIBUTE:
		return "attr";
	case RESP_PUSH:
		return "push";
	case RESP_PART:
		return "part";
	case RESP_END:
		return "end";
	}
	return "?";
}

static inline bool has_count(const struct resp_item *it)
{
	return it->stream || it->type == RESP_ARRAY || it->type == RESP_MAP ||
	       it->type == RESP_SET || it->type == RESP_ATTRIBUTE || it->type == RESP_PUSH ||
	       it->type == RESP_INTEGER || it->type == RESP_BOOL;
}

static inline void log_item(struct log *l, const struct resp_item *it)
{
	bool goes_on = l->part && it->type == RESP_PART;
	if (!goes_on && l->o.n > 0)
		out_str(&l->o, l->part ? "; " : " ");
	l->part = it->type == RESP_PART;
	if (goes_on) {
		out_span(&l->o, it->str);
		return;
	}
	for (int i = 0; i < it->depth; i++)
		out_byte(&l->o, '.');
	out_str(&l->o, it->push ? ">" : "");
	out_str(&l->o, it->attribute ? "@" : "");
	out_str(&l->o, type_name(it->type));
	if (has_count(it)) {
		out_byte(&l->o, ' ');
		out_i64(&l->o, it->num);
	} else if (it->str.n > 0) {
		out_byte(&l->o, ' ');
		out_span(&l->o, it->str);
	}
	out_str(&l->o, it->last ? "!" : "");
	out_str(&l->o, l->part ? "" : ";");
}

static inline const char *error_name(int rc)
{
	static const char *const names[] = {
		"MORE",     "ETYPE",     "ELINE",    "ENUMBER", "ETOOBIG", "EDEPTH",
		"ETRAILER", "ENEST",     "EUNASKED", "EFULL",   "EROOM",   "EAUTH",
		"ELOGIN",   "EVERBATIM", "ESEND",    "EURI",    "ESHAPE",
	};
	return rc <= 0 && rc > -(int)(sizeof names / sizeof *names) ? names[-rc] : "?";
}

static inline void log_word(struct log *l, const char *word)
{
	if (l->o.n > 0)
		out_str(&l->o, l->part ? "; " : " ");
	l->part = false;
	out_str(&l->o, word);
}

/* Feeds [wire] to a reader: each call sees [step] bytes more, after the first [first] ones. */
static inline const char *transcript(struct span wire, const struct resp_limits *lim, size_t first,
				     size_t step)
{
	static char text[8192];
	struct log l = log_init(text, sizeof text);
	struct resp_reader r;
	struct resp_item it;
	size_t at = 0, have = first < wire.n ? first : wire.n;
	bool whole = true;
	resp_reader_init(&r, lim);
	for (;;) {
		int used = resp_next(&r, guarded(0, (struct span){wire.p + at, have - at}), &it);
		if (used < 0) {
			log_word(&l, error_name(used));
			check(resp_next(&r, wire, &it) == used, "an error is final");
			return log_text(&l);
		}
		if (used > 0) {
			log_item(&l, &it);
			whole = it.last && r.depth == 0 && !it.attribute;
			at += (size_t)used;
			continue;
		}
		if (have == wire.n)
			break;
		have = wire.n - have < step ? wire.n : have + step;
	}
	if (at < wire.n || !whole)
		log_word(&l, "more");
	return log_text(&l);
}

static inline void log_event(struct log *l, const struct resp_event *ev)
{
	if (ev->kind == RESP_EV_READY)
		log_word(l, "READY");
	if (ev->kind != RESP_EV_ITEM && ev->kind != RESP_EV_PUSH)
		return;
	check(ev->it.push == (ev->kind == RESP_EV_PUSH), "the flag of a push");
	if (ev->who != NULL)
		log_word(l, ev->who);
	log_item(l, &ev->it);
}

/*
 * Feeds [wire] until it is used up or an error comes; [o] takes what the session writes. Bytes
 * come as in transcript(): [first], then [step] more at a time.
 */
static inline int feed(struct resp_session *s, struct span wire, size_t first, size_t step,
		       struct out *o, struct log *l)
{
	struct resp_event ev;
	size_t at = 0, have = first < wire.n ? first : wire.n;
	for (;;) {
		struct span in = guarded(0, (struct span){wire.p + at, have - at});
		int used = resp_session_next(s, in, o, &ev);
		if (used < 0) {
			log_word(l, error_name(used));
			check(resp_session_next(s, wire, o, &ev) == used, "an error is final");
			return used;
		}
		if (used > 0) {
			log_event(l, &ev);
			at += (size_t)used;
		} else if (have == wire.n) {
			return at == wire.n ? 1 : RESP_MORE;
		} else {
			have = wire.n - have < step ? wire.n : have + step;
		}
	}
}

/* xorshift64*, seeded: the same run every time. */
static inline uint32_t rnd(uint32_t n)
{
	static uint64_t seed = 88172645463325252u;
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * UINT64_C(2685821657736338717)) >> 33) % n;
}

#endif
