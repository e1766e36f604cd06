#include "pgwire/pgwire.h"

#include "pgwire/pgwire_cursor.h"

const struct pgwire_limits pgwire_default_limits = {
	.row = 16u << 20,
	.other = 1u << 20,
	.small = 8u << 10,
	.columns = 1664,
	.reports = 200,
	.iterations = 600000,
};

void pgwire_limits_init(struct pgwire_limits *lim, size_t room)
{
	uint32_t body =
		room < PGWIRE_MESSAGE_MAX ? (uint32_t)room - MESSAGE_HEAD : PGWIRE_MESSAGE_MAX;
	*lim = pgwire_default_limits;
	lim->piece = body;
	if (lim->row > body)
		lim->row = body;
	if (lim->other > body)
		lim->other = body;
	if (lim->small > body)
		lim->small = body;
}

enum size_class { UNKNOWN, SMALL, OTHER, ROW };

static const uint8_t class_of_type[256] = {
	[PGWIRE_AUTHENTICATION] = SMALL,
	[PGWIRE_BACKEND_KEY] = SMALL,
	[PGWIRE_BIND_COMPLETE] = SMALL,
	[PGWIRE_CLOSE_COMPLETE] = SMALL,
	[PGWIRE_COMMAND_COMPLETE] = SMALL,
	[PGWIRE_COPY_DATA] = ROW,
	[PGWIRE_COPY_DONE] = SMALL,
	[PGWIRE_COPY_IN_RESPONSE] = SMALL,
	[PGWIRE_COPY_OUT_RESPONSE] = SMALL,
	[PGWIRE_COPY_BOTH_RESPONSE] = SMALL,
	[PGWIRE_DATA_ROW] = ROW,
	[PGWIRE_EMPTY_QUERY] = SMALL,
	[PGWIRE_ERROR_RESPONSE] = OTHER,
	[PGWIRE_FUNCTION_RESULT] = OTHER,
	[PGWIRE_NEGOTIATE_VERSION] = SMALL,
	[PGWIRE_NO_DATA] = SMALL,
	[PGWIRE_NOTICE_RESPONSE] = OTHER,
	[PGWIRE_NOTIFICATION] = OTHER,
	[PGWIRE_PARAMETER_DESCRIPTION] = OTHER,
	[PGWIRE_PARAMETER_STATUS] = SMALL,
	[PGWIRE_PARSE_COMPLETE] = SMALL,
	[PGWIRE_PORTAL_SUSPENDED] = SMALL,
	[PGWIRE_READY] = SMALL,
	[PGWIRE_ROW_DESCRIPTION] = OTHER,
};

static uint32_t limit_of(const struct pgwire_limits *lim, uint8_t size_class)
{
	return size_class == ROW ? lim->row : size_class == OTHER ? lim->other : lim->small;
}

int pgwire_next(const struct pgwire_limits *lim, struct span in, struct pgwire_msg *m)
{
	if (in.n == 0)
		return PGWIRE_MORE;
	uint8_t size_class = class_of_type[in.p[0]];
	if (size_class == UNKNOWN)
		return PGWIRE_ETYPE;
	m->type = in.p[0];
	return pgwire_next_body(limit_of(lim, size_class), in, &m->body);
}

static bool take_column(struct cursor *c, struct pgwire_column *column)
{
	column->name = take_text(c);
	column->table = take_be32(c);
	column->attr = (int16_t)take_be16(c);
	column->type = take_be32(c);
	column->size = (int16_t)take_be16(c);
	column->modifier = (int32_t)take_be32(c);
	uint16_t format = take_be16(c);
	column->binary = format == 1;
	return !c->bad && format <= 1;
}

int pgwire_columns_init(struct pgwire_columns *c, const struct pgwire_limits *lim, struct span body)
{
	struct cursor cur = {.rest = body};
	uint16_t count = take_be16(&cur);
	struct pgwire_column ignored;

	*c = (struct pgwire_columns){.rest = cur.rest};
	if (count > lim->columns)
		return PGWIRE_EMANY;
	for (uint16_t i = 0; i < count; i++)
		if (!take_column(&cur, &ignored))
			return PGWIRE_EBODY;
	if (take_end(&cur) < 0)
		return PGWIRE_EBODY;
	c->count = c->left = count;
	return 1;
}

bool pgwire_columns_next(struct pgwire_columns *c, struct pgwire_column *column)
{
	if (c->left == 0)
		return false;
	struct cursor cur = {.rest = c->rest};
	c->left--;
	take_column(&cur, column);
	c->rest = cur.rest;
	return true;
}

/* The length that says NULL. */
#define NO_VALUE UINT32_MAX

/* Whether [count] values fill [s] exactly. */
static bool values_fit(struct span s, unsigned count)
{
	for (; count > 0; count--) {
		if (s.n < 4)
			return false;
		uint32_t n = get_be32(s.p);
		s = (struct span){s.p + 4, s.n - 4};
		if (n == NO_VALUE)
			continue;
		if (n > s.n)
			return false;
		s = (struct span){s.p + n, s.n - n};
	}
	return s.n == 0;
}

int pgwire_row_init(struct pgwire_row *r, struct span body)
{
	uint16_t count = body.n < 2 ? 0 : get_be16(body.p);
	if (body.n < 2 || !values_fit((struct span){body.p + 2, body.n - 2}, count)) {
		*r = (struct pgwire_row){0};
		return PGWIRE_EBODY;
	}
	r->at = body.p + 2;
	r->count = r->left = count;
	return 1;
}

int pgwire_types_init(struct pgwire_types *t, struct span body)
{
	*t = (struct pgwire_types){0};
	if (body.n < 2 || body.n - 2 != (size_t)get_be16(body.p) * 4)
		return PGWIRE_EBODY;
	uint16_t count = get_be16(body.p);
	*t = (struct pgwire_types){body.p + 2, count, count};
	return 1;
}

bool pgwire_types_next(struct pgwire_types *t, uint32_t *oid)
{
	if (t->left == 0)
		return false;
	t->left--;
	*oid = get_be32(t->at);
	t->at += 4;
	return true;
}

int pgwire_get_tag(struct span body, struct pgwire_tag *t)
{
	struct cursor c = {.rest = body};
	t->text = take_text(&c);
	t->rows = 0;
	size_t at = t->text.n;
	while (at > 0 && t->text.p[at - 1] != ' ')
		at--;
	t->has_rows = dec_u64(span_tail(t->text, at), &t->rows);
	return take_end(&c);
}

int pgwire_get_setting(struct span body, struct pgwire_setting *p)
{
	struct cursor c = {.rest = body};
	p->name = take_text(&c);
	p->value = take_text(&c);
	return take_end(&c);
}

int pgwire_get_key(struct span body, struct pgwire_key *k)
{
	struct cursor c = {.rest = body};
	k->pid = take_be32(&c);
	k->secret = take_bytes(&c, c.rest.n);
	if (k->secret.n < 4 || k->secret.n > PGWIRE_KEY_MAX)
		return PGWIRE_EBODY;
	return take_end(&c);
}

int pgwire_get_notify(struct span body, struct pgwire_notify *n)
{
	struct cursor c = {.rest = body};
	n->pid = take_be32(&c);
	n->channel = take_text(&c);
	n->payload = take_text(&c);
	return take_end(&c);
}

int pgwire_get_status(struct span body, char *status)
{
	struct cursor c = {.rest = body};
	*status = (char)take_byte(&c);
	if (*status != 'I' && *status != 'T' && *status != 'E')
		return PGWIRE_EBODY;
	return take_end(&c);
}

/* A list of mechanisms: texts, none of them empty, and an empty one behind them. */
static bool is_list(struct span s)
{
	struct cursor c = {.rest = s};
	while (take_text(&c).n > 0)
		;
	return take_end(&c) > 0;
}

int pgwire_get_auth(struct span body, struct pgwire_auth *a)
{
	struct cursor c = {.rest = body};
	a->code = take_be32(&c);
	a->data = take_bytes(&c, c.rest.n);
	if (c.bad)
		return PGWIRE_EBODY;
	bool good = true;
	switch (a->code) {
	case PGWIRE_AUTH_OK:
	case PGWIRE_AUTH_KERBEROS5:
	case PGWIRE_AUTH_CLEARTEXT:
	case PGWIRE_AUTH_GSS:
	case PGWIRE_AUTH_SSPI:
		good = a->data.n == 0;
		break;
	case PGWIRE_AUTH_MD5:
		good = a->data.n == 4;
		break;
	case PGWIRE_AUTH_SASL:
		good = is_list(a->data);
		break;
	default:
		break;
	}
	return good ? 1 : PGWIRE_EBODY;
}

bool pgwire_auth_offers(const struct pgwire_auth *a, struct span mechanism)
{
	struct cursor c = {.rest = a->data};
	for (;;) {
		struct span name = take_text(&c);
		if (name.n == 0)
			return false;
		if (span_eq(name, mechanism))
			return true;
	}
}

int pgwire_get_versions(struct span body, struct pgwire_versions *v)
{
	struct cursor c = {.rest = body};
	v->version = take_be32(&c);
	v->options = take_be32(&c);
	for (uint32_t i = 0; i < v->options && !c.bad; i++)
		take_text(&c);
	return take_end(&c);
}

int pgwire_get_copy(struct span body, struct pgwire_copy *copy)
{
	struct cursor c = {.rest = body};
	uint8_t format = take_byte(&c);
	copy->binary = format == 1;
	copy->columns = take_be16(&c);
	for (uint16_t i = 0; i < copy->columns; i++)
		if (take_be16(&c) > format)
			return PGWIRE_EBODY;
	return format > 1 ? PGWIRE_EBODY : take_end(&c);
}
