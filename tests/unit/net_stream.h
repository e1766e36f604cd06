/*
 * For tests of output: a stream in which each byte can be told from its neighbours, and a peer that
 * takes it in pieces.
 *
 *	fill_stream(stream, sizeof stream, 0);
 *	net_write(&s.c, span_of(stream, 5000));
 *	ok(take_stream(&s, 0, 5000, 1000), "...");
 */
#ifndef TESTS_NET_STREAM_H
#define TESTS_NET_STREAM_H

#include "unit/net_side.h"

#define MEGABYTE (1 << 20)

static uint8_t stream[MEGABYTE + 5000];
static uint8_t got[MEGABYTE + 5000];

/* Takes [n] bytes for the peer, with turns in between; they must be the stream from [from] on. */
static inline bool take_stream(struct side *s, size_t from, size_t n, size_t step)
{
	size_t at = 0;
	for (int tries = 0; at < n && tries < 20000; tries++) {
		ssize_t part = take_peer(s, got, n - at < step ? n - at : step);
		if (part > 0 && !is_stream(span_of(got, (size_t)part), from + at))
			return false;
		if (part == 0 || (part < 0 && errno != EAGAIN))
			return false;
		at += part > 0 ? (size_t)part : 0;
		one_turn();
		if (tries > 15000)
			usleep(100);
	}
	return at == n;
}

static inline void small_send_buffer(struct side *s)
{
	setsockopt(s->c.src.fd, SOL_SOCKET, SO_SNDBUF, &(int){8192}, sizeof(int));
}

#endif
