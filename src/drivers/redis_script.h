/*
 * redis_script: scripts by their digest, which the server tells, and by their source when it has
 * lost them.
 *
 *	static struct redis_script add = {.source = SPAN("return redis.call('INCR', KEYS[1])")};
 *	struct span argv[REDIS_SCRIPT_ARGS + 1] = {[REDIS_SCRIPT_ARGS] = key};
 *	rc = redis_eval(&client, &eval, &q, &options, &add, 1, REDIS_SCRIPT_ARGS + 1, argv);
 *
 * The first use sends SCRIPT LOAD and, without waiting for it, EVAL; when the digest has come,
 * later ones send EVALSHA, and EVAL again after a NOSCRIPT (a restart, a failover, SCRIPT FLUSH).
 */
#ifndef DRIVERS_REDIS_SCRIPT_H
#define DRIVERS_REDIS_SCRIPT_H

#include "drivers/redis_with.h"

struct redis_script {
	struct span source;
	bool known;    /* [sha1] is: set both when the digest was made at build time */
	char sha1[40]; /* of the source, 40 hexadecimal digits */
	bool asked;    /* inner: SCRIPT LOAD is on its way */
	struct redis_request load;
};

#define REDIS_SCRIPT_ARGS 3 /* what redis_eval puts in front of keys and arguments */

/* One call; the caller's memory, until the request is over. */
struct redis_eval {
	struct redis_request request;
	struct redis *r;
	struct redis_request *user;
	struct redis_script *script;
	struct redis_options options;
	uint64_t due;
	size_t argc;
	struct span *argv;
	uint8_t keys[20];
	bool whole; /* the source was sent */
};

/*
 * Calls a script. [argv] has REDIS_SCRIPT_ARGS places to be filled in, then [keys] keys, then the
 * arguments, and stays in place, with what it points to, until [q] is over, as [e] does; [script]
 * for as long as the client. Results and failures are those of redis_send_with; REDIS_EUNSENT, too,
 * when NOSCRIPT came and nothing could be sent any more: it was not executed.
 */
int redis_eval(struct redis *r, struct redis_eval *e, struct redis_request *q,
	       const struct redis_options *o, struct redis_script *script, size_t keys, size_t argc,
	       struct span argv[]);

#endif
