/* hiredis, its synchronous interface, as its README shows it. */
#include "resp_side.h"

#include <hiredis/hiredis.h>

#define ARGS 8

static redisContext *context;

void side_open(const char *host, int port)
{
	context = redisConnect(host, port);
	if (context == NULL || context->err != 0)
		side_fail(context != NULL ? context->errstr : "out of memory");
}

void side_put(size_t argc, const struct span argv[])
{
	const char *args[ARGS];
	size_t lengths[ARGS];
	for (size_t i = 0; i < argc && i < ARGS; i++) {
		args[i] = (const char *)argv[i].p;
		lengths[i] = argv[i].n;
	}
	if (redisAppendCommandArgv(context, (int)argc, args, lengths) != REDIS_OK)
		side_fail(context->errstr);
}

static uint64_t weigh(const redisReply *r)
{
	uint64_t sum = 0;
	if (r->type == REDIS_REPLY_ERROR)
		side_fail(r->str);
	if (r->type != REDIS_REPLY_ARRAY)
		return 1;
	for (size_t i = 0; i < r->elements; i++)
		sum += weigh(r->element[i]);
	return sum;
}

uint64_t side_take(unsigned long n)
{
	uint64_t sum = 0;
	for (; n > 0; n--) {
		void *reply = NULL;
		if (redisGetReply(context, &reply) != REDIS_OK)
			side_fail(context->errstr);
		sum += weigh(reply);
		freeReplyObject(reply);
	}
	return sum;
}

void side_close(void)
{
	redisFree(context);
}

uint64_t side_read(struct span stream, size_t chunk)
{
	redisReader *r = redisReaderCreate();
	uint64_t sum = 0;
	while (stream.n > 0) {
		size_t n = stream.n < chunk ? stream.n : chunk;
		void *reply = NULL;
		redisReaderFeed(r, (const char *)stream.p, n);
		stream.p += n;
		stream.n -= n;
		while (redisReaderGetReply(r, &reply) == REDIS_OK && reply != NULL) {
			sum += weigh(reply);
			freeReplyObject(reply);
		}
		if (r->err != 0)
			side_fail(r->errstr);
	}
	redisReaderFree(r);
	return sum;
}
