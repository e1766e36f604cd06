#include "pgwire/pgwire.h"

/*
 * A message: its type (0 for those that come first on a connection, which have none), four bytes
 * kept for the length, the body; msg_close fills the length in.
 */
static size_t msg_open(struct out *o, char type)
{
	if (type != 0)
		out_byte(o, (uint8_t)type);
	size_t at = o->n;
	out_be32(o, 0);
	return at;
}

static void msg_close(struct out *o, size_t at)
{
	if (o->over)
		return;
	size_t n = o->n - at;
	if (n - 4 > PGWIRE_MESSAGE_MAX)
		o->over = true;
	else
		put_be32(o->p + at, (uint32_t)n);
}

/* A NUL inside would end the text early and make what follows it protocol. */
static void put_text(struct out *o, struct span s)
{
	if (span_find(s, 0) != s.n)
		o->over = true;
	out_span(o, s);
	out_byte(o, 0);
}

static void put_count(struct out *o, size_t n)
{
	if (n > PGWIRE_PARAMS_MAX)
		o->over = true;
	out_be16(o, (uint16_t)n);
}

static void put_text_msg(struct out *o, char type, struct span s)
{
	size_t at = msg_open(o, type);
	put_text(o, s);
	msg_close(o, at);
}

/* Describe and Close: 'S' for a statement, 'P' for a portal. */
static void put_name_msg(struct out *o, char type, char kind, struct span name)
{
	size_t at = msg_open(o, type);
	out_byte(o, (uint8_t)kind);
	put_text(o, name);
	msg_close(o, at);
}

static void put_data_msg(struct out *o, char type, struct span data)
{
	size_t at = msg_open(o, type);
	out_span(o, data);
	msg_close(o, at);
}

/* Codes in the place of a protocol version: major 1234, minor 5678 and 5679. */
#define CODE_CANCEL (1234u << 16 | 5678u)
#define CODE_SSL (1234u << 16 | 5679u)

void pgwire_put_ssl_request(struct out *o)
{
	size_t at = msg_open(o, 0);
	out_be32(o, CODE_SSL);
	msg_close(o, at);
}

void pgwire_put_cancel(struct out *o, uint32_t pid, struct span secret)
{
	if (secret.n < 4 || secret.n > PGWIRE_KEY_MAX)
		o->over = true;
	size_t at = msg_open(o, 0);
	out_be32(o, CODE_CANCEL);
	out_be32(o, pid);
	out_span(o, secret);
	msg_close(o, at);
}

void pgwire_put_startup(struct out *o, uint32_t version, size_t n,
			const struct pgwire_setting settings[])
{
	size_t at = msg_open(o, 0);
	out_be32(o, version);
	for (size_t i = 0; i < n; i++) {
		if (settings[i].value.n == 0)
			continue;
		/* An empty name would end the list. */
		if (settings[i].name.n == 0)
			o->over = true;
		put_text(o, settings[i].name);
		put_text(o, settings[i].value);
	}
	out_byte(o, 0);
	msg_close(o, at);
}

void pgwire_put_password(struct out *o, struct span password)
{
	put_text_msg(o, 'p', password);
}

void pgwire_put_sasl_first(struct out *o, struct span mechanism, struct span data)
{
	size_t at = msg_open(o, 'p');
	put_text(o, mechanism);
	if (data.n > PGWIRE_MESSAGE_MAX)
		o->over = true;
	out_be32(o, (uint32_t)data.n);
	out_span(o, data);
	msg_close(o, at);
}

void pgwire_put_sasl(struct out *o, struct span data)
{
	put_data_msg(o, 'p', data);
}

void pgwire_put_query(struct out *o, struct span sql)
{
	put_text_msg(o, 'Q', sql);
}

void pgwire_put_parse(struct out *o, struct span statement, struct span sql, size_t n,
		      const struct pgwire_param params[])
{
	size_t at = msg_open(o, 'P');
	put_text(o, statement);
	put_text(o, sql);
	put_count(o, n);
	for (size_t i = 0; i < n && !o->over; i++)
		out_be32(o, params[i].oid);
	msg_close(o, at);
}

static void put_value(struct out *o, const struct pgwire_param *p)
{
	if (p->null) {
		out_be32(o, UINT32_MAX);
		return;
	}
	if (p->value.n > PGWIRE_MESSAGE_MAX)
		o->over = true;
	out_be32(o, (uint32_t)p->value.n);
	out_span(o, p->value);
}

void pgwire_put_bind(struct out *o, struct span portal, struct span statement, size_t n,
		     const struct pgwire_param params[], struct span formats)
{
	size_t at = msg_open(o, 'B');
	put_text(o, portal);
	put_text(o, statement);
	put_count(o, n);
	for (size_t i = 0; i < n && !o->over; i++)
		out_be16(o, params[i].binary);
	put_count(o, n);
	for (size_t i = 0; i < n && !o->over; i++)
		put_value(o, &params[i]);
	put_count(o, formats.n);
	for (size_t i = 0; i < formats.n && !o->over; i++)
		out_be16(o, formats.p[i]);
	msg_close(o, at);
}

void pgwire_put_describe_statement(struct out *o, struct span statement)
{
	put_name_msg(o, 'D', 'S', statement);
}

void pgwire_put_describe_portal(struct out *o, struct span portal)
{
	put_name_msg(o, 'D', 'P', portal);
}

void pgwire_put_execute(struct out *o, struct span portal, uint32_t max_rows)
{
	size_t at = msg_open(o, 'E');
	put_text(o, portal);
	out_be32(o, max_rows);
	msg_close(o, at);
}

void pgwire_put_close_statement(struct out *o, struct span statement)
{
	put_name_msg(o, 'C', 'S', statement);
}

void pgwire_put_close_portal(struct out *o, struct span portal)
{
	put_name_msg(o, 'C', 'P', portal);
}

void pgwire_put_sync(struct out *o)
{
	put_data_msg(o, 'S', SPAN_NONE);
}

void pgwire_put_flush(struct out *o)
{
	put_data_msg(o, 'H', SPAN_NONE);
}

void pgwire_put_copy_data(struct out *o, struct span data)
{
	put_data_msg(o, 'd', data);
}

void pgwire_put_copy_done(struct out *o)
{
	put_data_msg(o, 'c', SPAN_NONE);
}

void pgwire_put_copy_fail(struct out *o, struct span why)
{
	put_text_msg(o, 'f', why);
}

void pgwire_put_terminate(struct out *o)
{
	put_data_msg(o, 'X', SPAN_NONE);
}
