/*
 * What a Redis client has to offer to be measured by `make bench-resp`: each is a program of
 * resp_side.c and one file that has these functions, compiled by the host's compiler at -O2.
 *
 *	resp_loop read ok 100000                  # the codec alone, bytes out of memory
 *	resp_loop ask get 20000 256 HOST PORT     # a server, 256 commands in flight
 *
 * It prints the seconds that the measured part took and the KiB by which it grew, and fails when
 * the replies do not hold what was asked for.
 */
#ifndef BENCH_RESP_SIDE_H
#define BENCH_RESP_SIDE_H

#include "base/span.h"

void side_open(const char *host, int port);
/* One more command behind those that were put before; what is put may wait for side_take. */
void side_put(size_t argc, const struct span argv[]);
/* The next [n] replies, of which it tells how many strings, numbers and nulls they have. */
uint64_t side_take(unsigned long n);
void side_close(void);

/* Reads all replies of [stream], handed over in pieces of [chunk] bytes; what they have in sum. */
uint64_t side_read(struct span stream, size_t chunk);

_Noreturn void side_fail(const char *why);

#endif
