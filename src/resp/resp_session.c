#include "resp/resp_session.h"

#include "resp/resp_inner.h"

enum { NEW, LOGIN, READY };

/*
 * What the first element of a push of a subscription may be. The last six confirm the command of
 * that name. In RESP2, where nothing else marks a push, the element is recognised as it stands on
 * the wire, so that the first bytes of another array decide.
 */
enum kind { NONE, MESSAGE, PMESSAGE, SMESSAGE, SUB, PSUB, SSUB, UNSUB, PUNSUB, SUNSUB, KINDS };
static const struct {
	const char *wire;
	uint8_t head, n; /* bytes before the name, and of the name */
} kinds[KINDS] = {
	[MESSAGE] = {"$7\r\nmessage\r\n", 4, 7},
	[PMESSAGE] = {"$8\r\npmessage\r\n", 4, 8},
	[SMESSAGE] = {"$8\r\nsmessage\r\n", 4, 8},
	[SUB] = {"$9\r\nsubscribe\r\n", 4, 9},
	[PSUB] = {"$10\r\npsubscribe\r\n", 5, 10},
	[SSUB] = {"$10\r\nssubscribe\r\n", 5, 10},
	[UNSUB] = {"$11\r\nunsubscribe\r\n", 5, 11},
	[PUNSUB] = {"$12\r\npunsubscribe\r\n", 5, 12},
	[SUNSUB] = {"$12\r\nsunsubscribe\r\n", 5, 12},
};

static struct span kind_name(unsigned kind)
{
	return span_of(kinds[kind].wire + kinds[kind].head, kinds[kind].n);
}

static uint8_t confirmed_kind(struct span name)
{
	if (name.n < kinds[SUB].n || name.n > kinds[SUNSUB].n)
		return NONE;
	for (uint8_t k = SUB; k < KINDS; k++)
		if (span_eq_nocase(name, kind_name(k)))
			return k;
	return NONE;
}

void resp_session_init(struct resp_session *s, const struct resp_limits *lim,
		       struct resp_pending *queue, uint32_t cap)
{
	*s = (struct resp_session){.queue = queue, .cap = cap};
	resp_reader_init(&s->reader, lim);
}

static int fail(struct resp_session *s, int rc)
{
	s->reader.error = (int8_t)rc;
	return rc;
}

static struct resp_pending *at_queue(const struct resp_session *s, uint32_t i)
{
	uint32_t at = s->head + i;
	return &s->queue[at < s->cap ? at : at - s->cap];
}

static void pop(struct resp_session *s)
{
	s->head = s->head + 1 < s->cap ? s->head + 1 : 0;
	s->count--;
}

static bool marker_first(const struct resp_session *s)
{
	return s->count > 0 && s->queue[s->head].kind != NONE;
}

static int take_back(struct out *o, size_t mark)
{
	o->n = mark;
	o->over = false;
	return RESP_EROOM;
}

int resp_session_send(struct resp_session *s, struct out *o, size_t argc, const struct span argv[],
		      unsigned flags, void *who)
{
	if (s->state != READY || argc == 0)
		return RESP_ESEND;
	uint8_t kind = confirmed_kind(argv[0]);
	if ((kind != NONE) != ((flags & RESP_SUBSCRIBES) != 0))
		return RESP_ESEND;
	if (s->count == s->cap)
		return RESP_EFULL;
	size_t mark = o->n;
	if (o->over)
		return RESP_EROOM;
	resp_put_command(o, argc, argv);
	if (o->over)
		return take_back(o, mark);
	uint32_t expect = argc - 1 < UINT32_MAX ? (uint32_t)(argc - 1) : UINT32_MAX;
	*at_queue(s, s->count++) = (struct resp_pending){who, expect, kind};
	return 1;
}

int resp_session_encode(struct out *o, size_t argc, const struct span argv[])
{
	size_t mark = o->n;
	if (argc == 0 || confirmed_kind(argv[0]) != NONE)
		return RESP_ESEND;
	if (o->over)
		return RESP_EROOM;
	resp_put_command(o, argc, argv);
	return o->over ? take_back(o, mark) : 1;
}

int resp_session_send_encoded(struct resp_session *s, struct out *o, struct span wire, void *who)
{
	size_t mark = o->n;
	if (s->state != READY)
		return RESP_ESEND;
	if (s->count == s->cap)
		return RESP_EFULL;
	if (o->over)
		return RESP_EROOM;
	out_span(o, wire);
	if (o->over)
		return take_back(o, mark);
	*at_queue(s, s->count++) = (struct resp_pending){who, 0, NONE};
	return 1;
}

bool resp_session_drop(struct resp_session *s, void **who)
{
	while (s->count > 0) {
		struct resp_pending first = s->queue[s->head];
		pop(s);
		if (first.kind == NONE) {
			*who = first.who;
			return true;
		}
	}
	return false;
}

/*
 * The server has confirmed a subscription; [total] is the third element. Channels and patterns
 * are counted in one sum, shard channels apart (redis/src/pubsub.c,
 * clientSubscriptionsCount). Returns what is left of the family of [kind].
 */
static uint32_t keep_total(struct resp_session *s, uint8_t kind, int64_t num)
{
	uint32_t total = num < 0 ? 0 : num > UINT32_MAX ? UINT32_MAX : (uint32_t)num;
	switch (kind) {
	case SUB:
	case UNSUB:
		return s->channels = total > s->patterns ? total - s->patterns : 0;
	case PSUB:
	case PUNSUB:
		return s->patterns = total > s->channels ? total - s->channels : 0;
	default:
		return s->shards = total;
	}
}

/*
 * One confirmation comes for each name in the command. An UNSUBSCRIBE without names has one for
 * each subscription, and one when there was none: none is left after the last.
 */
static void confirm(struct resp_session *s, uint8_t kind, int64_t total)
{
	uint32_t left = keep_total(s, kind, total);
	if (!marker_first(s) || s->queue[s->head].kind != kind)
		return;
	struct resp_pending *first = &s->queue[s->head];
	if (first->expect == 0 ? left == 0 : --first->expect == 0)
		pop(s);
}

static void on_push(struct resp_session *s, const struct resp_item *it)
{
	if (it->depth == 0) {
		s->at = 0;
		s->kind = NONE;
	} else if (it->depth == 1 && s->at < 3) {
		s->at++;
		if (s->at == 1)
			s->kind = confirmed_kind(it->str);
		else if (s->at == 3 && s->kind != NONE && it->type == RESP_INTEGER)
			confirm(s, s->kind, it->num);
	}
}

/*
 * RESP2: whether the array in front of [in] is a push: 1, 0 when bytes are missing, or -1. While
 * nothing is subscribed and no subscribe command is the oldest in the queue, none can be.
 */
static int push_ahead(const struct resp_session *s, struct span in)
{
	struct resp_reader peek = s->reader;
	struct resp_item it;
	int used = resp_next(&peek, in, &it);
	if (used <= 0 || it.type != RESP_ARRAY || it.num <= 0)
		return used == RESP_MORE ? 0 : -1;
	struct span rest = span_tail(in, (size_t)used);
	int verdict = -1;
	for (unsigned k = MESSAGE; k < KINDS; k++) {
		size_t n = (size_t)kinds[k].head + kinds[k].n + 2;
		struct span seen = span_head(rest, n);
		if (!span_eq(seen, span_of(kinds[k].wire, seen.n)))
			continue;
		if (seen.n == n)
			return 1;
		verdict = 0;
	}
	return verdict;
}

static bool may_push(const struct resp_session *s, struct span in)
{
	return !s->resp3 && s->reader.depth == 0 && in.n > 0 && in.p[0] == RESP_ARRAY &&
	       (s->channels != 0 || s->patterns != 0 || s->shards != 0 || marker_first(s));
}

/*
 * Whether a reply begins in [in] while none is due. Its first byte decides: when it is whole, a
 * request that was sent meanwhile would take it for its own.
 */
static bool is_unasked(const struct resp_session *s, struct span in)
{
	const struct span types = SPAN("+-:$*_,#(!=%~");
	return s->count == 0 && s->reader.depth == 0 && s->reader.error == 0 && !s->aside &&
	       in.n > 0 && span_find(types, in.p[0]) < types.n;
}

static int on_reply(struct resp_session *s, struct resp_event *ev)
{
	ev->who = s->queue[s->head].who;
	ev->kind = RESP_EV_ITEM;
	if (marker_first(s)) {
		if (ev->it.type != RESP_ERROR && ev->it.type != RESP_BLOB_ERROR)
			return RESP_EUNASKED;
		ev->it.push = true;
		ev->kind = RESP_EV_PUSH;
	}
	if (ev->it.last)
		pop(s);
	return 1;
}

int resp_session_login(struct resp_session *s, const struct resp_login *login, struct out *o)
{
	if (s->state != NEW)
		return RESP_ESEND;
	s->login = login;
	int rc = resp_login_start(s, o);
	if (rc > 0)
		s->state = LOGIN;
	return rc;
}

/*
 * When the fall-back has no room the call can be made again: the error that asks for it is a
 * whole reply, before and after which the reader is the same.
 */
static int login_next(struct resp_session *s, struct span in, struct out *o, struct resp_event *ev)
{
	int used = resp_next(&s->reader, in, &ev->it);
	if (used <= 0 || ev->it.attribute)
		return used;
	if (ev->it.push) {
		ev->kind = RESP_EV_PUSH;
		return used;
	}
	if (s->state == NEW)
		return fail(s, RESP_EUNASKED);
	int rc = resp_login_item(s, &ev->it, o);
	if (rc < 0)
		return rc == RESP_EROOM ? rc : fail(s, rc);
	if (s->step == s->steps) {
		s->state = READY;
		s->login = NULL;
		ev->kind = RESP_EV_READY;
	}
	return used;
}

int resp_session_next(struct resp_session *s, struct span in, struct out *o, struct resp_event *ev)
{
	ev->kind = RESP_EV_NONE;
	ev->who = NULL;
	if (s->state != READY)
		return login_next(s, in, o, ev);
	if (may_push(s, in)) {
		int ahead = push_ahead(s, in);
		if (ahead == 0)
			return RESP_MORE;
		s->aside = ahead > 0;
	}
	if (is_unasked(s, in))
		return fail(s, RESP_EUNASKED);
	int used = resp_next(&s->reader, in, &ev->it);
	if (used <= 0 || ev->it.attribute)
		return used;
	if (s->aside) {
		ev->it.push = true;
		s->aside = !ev->it.last;
	}
	if (ev->it.push) {
		ev->kind = RESP_EV_PUSH;
		on_push(s, &ev->it);
		return used;
	}
	int rc = on_reply(s, ev);
	return rc < 0 ? fail(s, rc) : used;
}
