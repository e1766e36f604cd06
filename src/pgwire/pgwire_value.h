/*
 * value: what the bytes of a column or a parameter mean, in the two formats of the protocol
 * (manual, "Formats and Format Codes" and the chapter "Data Types"). Pure, without floating-point
 * arithmetic or a libc's strtod.
 *
 *	int64_t n;
 *	if (pgwire_get_int8(value, column.binary, &n))
 *		...
 *	uint8_t room[8];
 *	struct pgwire_param params[] = {pgwire_param_int8(room, 42), pgwire_param_null()};
 *
 * A getter takes a value and the column's format. It says false for NULL, for what is not a value
 * of that type, and for what does not fit; then its target is untouched, and with o->over set only
 * the room was too small. NULL is v.null; an empty text is a value.
 *
 * Text is the server's output with its defaults (DateStyle ISO, any bytea_output, any
 * extra_float_digits), not everything that it takes as input. Binary times are integers, as in all
 * servers from 10 on and in nearly all before.
 */
#ifndef PGWIRE_VALUE_H
#define PGWIRE_VALUE_H

#include "pgwire/pgwire.h"

enum pgwire_oid {
	PGWIRE_OID_BOOL = 16,
	PGWIRE_OID_BYTEA = 17,
	PGWIRE_OID_INT8 = 20,
	PGWIRE_OID_INT2 = 21,
	PGWIRE_OID_INT4 = 23,
	PGWIRE_OID_TEXT = 25,
	PGWIRE_OID_JSON = 114,
	PGWIRE_OID_FLOAT4 = 700,
	PGWIRE_OID_FLOAT8 = 701,
	PGWIRE_OID_VARCHAR = 1043,
	PGWIRE_OID_DATE = 1082,
	PGWIRE_OID_TIMESTAMP = 1114,
	PGWIRE_OID_TIMESTAMPTZ = 1184,
	PGWIRE_OID_NUMERIC = 1700,
	PGWIRE_OID_UUID = 2950,
	PGWIRE_OID_JSONB = 3802,
};

bool pgwire_get_bool(struct pgwire_value v, bool binary, bool *b);
bool pgwire_get_int2(struct pgwire_value v, bool binary, int16_t *n);
bool pgwire_get_int4(struct pgwire_value v, bool binary, int32_t *n);
bool pgwire_get_int8(struct pgwire_value v, bool binary, int64_t *n);

/* text, varchar, name, json: both formats are the same bytes. */
bool pgwire_get_text(struct pgwire_value v, struct span *text);
/* jsonb as text: its binary format has a version in front. */
bool pgwire_get_jsonb(struct pgwire_value v, bool binary, struct span *text);

/*
 * Texts are rounded to the nearest value, ties to even, as exactly as the digits say it; they may
 * have PGWIRE_FLOAT_DIGITS of them (the server writes 17) and must not pass the type's largest
 * value. "NaN", "Infinity" and "-Infinity" are values.
 */
#define PGWIRE_FLOAT_DIGITS 32
bool pgwire_get_float4(struct pgwire_value v, bool binary, float *f);
bool pgwire_get_float8(struct pgwire_value v, bool binary, double *f);

/*
 * timestamptz, and timestamp, whose text has no offset from UTC behind it: microseconds since the
 * beginning of 2000, which is the type's own range; PGWIRE_UNIX_2000 more is since 1970, and does
 * not fit an int64_t for the last dates of the type. date: days since then. Infinities are the
 * greatest and the least number of the target.
 */
#define PGWIRE_UNIX_2000 INT64_C(946684800000000)
#define PGWIRE_UNIX_2000_DAYS 10957
bool pgwire_get_timestamp(struct pgwire_value v, bool binary, int64_t *us);
bool pgwire_get_date(struct pgwire_value v, bool binary, int32_t *days);

#define PGWIRE_UUID_SIZE 16
bool pgwire_get_uuid(struct pgwire_value v, bool binary, uint8_t uuid[static PGWIRE_UUID_SIZE]);

/* The bytes, put into [o]; text in hex or escape form. */
bool pgwire_get_bytea(struct pgwire_value v, bool binary, struct out *o);
/* The exact decimal text, put into [o]: "-12.50", "NaN", "Infinity"; as the server writes it. */
bool pgwire_get_numeric(struct pgwire_value v, bool binary, struct out *o);

/* Parameters, in binary and with their type; [room] must stay as long as they do. */
struct pgwire_param pgwire_param_null(void);
struct pgwire_param pgwire_param_text(struct span text); /* any type the server finds out */
struct pgwire_param pgwire_param_bytea(struct span bytes);
struct pgwire_param pgwire_param_bool(uint8_t room[static 1], bool b);
struct pgwire_param pgwire_param_int2(uint8_t room[static 2], int16_t n);
struct pgwire_param pgwire_param_int4(uint8_t room[static 4], int32_t n);
struct pgwire_param pgwire_param_int8(uint8_t room[static 8], int64_t n);
struct pgwire_param pgwire_param_float4(uint8_t room[static 4], float f);
struct pgwire_param pgwire_param_float8(uint8_t room[static 8], double f);
struct pgwire_param pgwire_param_timestamptz(uint8_t room[static 8], int64_t us);
struct pgwire_param pgwire_param_date(uint8_t room[static 4], int32_t days);
struct pgwire_param pgwire_param_uuid(const uint8_t uuid[static PGWIRE_UUID_SIZE]);

/*
 * SQL text of a value that cannot be a parameter: in quotes, what is special inside doubled; with a
 * backslash in it a literal becomes E'...', which means the same whatever
 * standard_conforming_strings says. False, and nothing written, for a NUL, for what is not UTF-8
 * (an incomplete character could swallow the quote behind it), and without room.
 */
bool pgwire_quote_literal(struct out *o, struct span text);
bool pgwire_quote_identifier(struct out *o, struct span name);

#endif
