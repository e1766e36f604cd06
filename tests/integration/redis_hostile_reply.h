/*
 * What a client made of a row of redis_hostile_rows.h, in the words of the rows: one piece for each
 * command, "+OK;", "*2 .$a ..:1;", "!late;".
 */
#ifndef TESTS_REDIS_HOSTILE_REPLY_H
#define TESTS_REDIS_HOSTILE_REPLY_H

#include "integration/redis_any.h"
#include "integration/redis_hostile_rows.h"

#define BIG (16u << 20)

static uint8_t big[BIG]; /* the key of a row that has a big command */
static const char *const speeds[] = {"at once", "byte by byte"};

/* The replies so far. */
static char replies[1024];
static struct out whole;

static inline void replies_forget(void)
{
	whole = out_init(replies, sizeof replies - 2);
	replies[0] = '\0';
}

static inline bool is_aggregate(enum resp_type type)
{
	return type == RESP_ARRAY || type == RESP_MAP || type == RESP_SET;
}

/* "+OK", "*2", "..$text", "*?". */
static inline void put_item(struct out *o, const struct resp_item *it)
{
	if (it->depth > 0)
		out_byte(o, ' ');
	for (unsigned i = 0; i < it->depth; i++)
		out_byte(o, '.');
	out_byte(o, (uint8_t)it->type);
	if (it->stream)
		out_byte(o, '?');
	else if (is_aggregate(it->type) || it->type == RESP_BOOL)
		out_i64(o, it->num);
	else
		out_span(o, it->str);
}

/* A piece of [replies] is complete. */
static inline void end_reply(void)
{
	out_byte(&whole, ';');
	replies[whole.n] = '\0';
}

static inline void put_failure(int why)
{
	out_byte(&whole, '!');
	out_str(&whole, redis_word(why));
	end_reply();
}

static inline void is_met(const struct hostile *row, enum hostile_speed speed)
{
	check(strcmp(replies, row->want) == 0, "%s, %s: %s, not %s", row->name, speeds[speed],
	      replies, row->want);
}

#endif
