/* Between the files of the Redis client, not for others. */
#ifndef DRIVERS_REDIS_INNER_H
#define DRIVERS_REDIS_INNER_H

#include "drivers/redis.h"

/* Whether commands are taken: not between a loss and the end of its turn, nor while leaving. */
bool redis_is_up(const struct redis *r);
/* At least the bytes of a command. */
size_t redis_command_size(size_t argc, const struct span argv[]);
/* Whether so many commands, of so many bytes together, can be put now. */
bool redis_fits(const struct redis *r, size_t commands, size_t bytes);

/* As redis_send, with a deadline in loop time and flags of resp_session_send. */
int redis_put(struct redis *r, unsigned flags, void *who, uint64_t due, size_t argc,
	      const struct span argv[]);
int redis_put_encoded(struct redis *r, void *who, uint64_t due, struct span wire);

/* Closes at the end of the turn, for a reason the owner is told; the detail may be "". */
void redis_break(struct redis *r, const char *text, const char *detail);

/* What an error reply means for the connection. In redis_fault.c. */
void redis_on_error(struct redis *r, struct span words);
/* Writes [text] and [words], made printable, to a buffer of [cap] bytes, with a NUL. */
void redis_put_words(char *to, size_t cap, const char *text, struct span words);

#endif
