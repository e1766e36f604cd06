#include "pgwire/pgwire_value.h"

#include <string.h>

struct pgwire_param pgwire_param_null(void)
{
	return (struct pgwire_param){.null = true};
}

struct pgwire_param pgwire_param_text(struct span text)
{
	return (struct pgwire_param){.value = text};
}

static struct pgwire_param binary_param(const void *p, size_t n, enum pgwire_oid oid)
{
	return (struct pgwire_param){.value = span_of(p, n), .binary = true, .oid = oid};
}

struct pgwire_param pgwire_param_bytea(struct span bytes)
{
	return binary_param(bytes.p, bytes.n, PGWIRE_OID_BYTEA);
}

struct pgwire_param pgwire_param_uuid(const uint8_t uuid[static PGWIRE_UUID_SIZE])
{
	return binary_param(uuid, PGWIRE_UUID_SIZE, PGWIRE_OID_UUID);
}

struct pgwire_param pgwire_param_bool(uint8_t room[static 1], bool b)
{
	room[0] = b;
	return binary_param(room, 1, PGWIRE_OID_BOOL);
}

struct pgwire_param pgwire_param_int2(uint8_t room[static 2], int16_t n)
{
	put_be16(room, (uint16_t)n);
	return binary_param(room, 2, PGWIRE_OID_INT2);
}

static struct pgwire_param put_4(uint8_t room[static 4], uint32_t bits, enum pgwire_oid oid)
{
	put_be32(room, bits);
	return binary_param(room, 4, oid);
}

static struct pgwire_param put_8(uint8_t room[static 8], uint64_t bits, enum pgwire_oid oid)
{
	put_be64(room, bits);
	return binary_param(room, 8, oid);
}

struct pgwire_param pgwire_param_int4(uint8_t room[static 4], int32_t n)
{
	return put_4(room, (uint32_t)n, PGWIRE_OID_INT4);
}

struct pgwire_param pgwire_param_date(uint8_t room[static 4], int32_t days)
{
	return put_4(room, (uint32_t)days, PGWIRE_OID_DATE);
}

struct pgwire_param pgwire_param_float4(uint8_t room[static 4], float f)
{
	uint32_t bits;
	memcpy(&bits, &f, sizeof bits);
	return put_4(room, bits, PGWIRE_OID_FLOAT4);
}

struct pgwire_param pgwire_param_int8(uint8_t room[static 8], int64_t n)
{
	return put_8(room, (uint64_t)n, PGWIRE_OID_INT8);
}

struct pgwire_param pgwire_param_timestamptz(uint8_t room[static 8], int64_t us)
{
	return put_8(room, (uint64_t)us, PGWIRE_OID_TIMESTAMPTZ);
}

struct pgwire_param pgwire_param_float8(uint8_t room[static 8], double f)
{
	uint64_t bits;
	memcpy(&bits, &f, sizeof bits);
	return put_8(room, bits, PGWIRE_OID_FLOAT8);
}
