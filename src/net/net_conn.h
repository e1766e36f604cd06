/*
 * Buffered stream connections in the loop: bounded both ways, with back-pressure.
 *
 *	static void on_input(struct net_conn *c)
 *	{
 *		struct span in = net_peek(c);
 *		...                              // a complete piece of [used] bytes
 *		net_write(c, answer);            // leaves at the end of the turn, or before
 *		net_eat(c, used);
 *	}
 *
 * An idle connection holds no buffer: bytes are received into one buffer that all share, and only
 * an incomplete piece is moved to a buffer of its own. Output takes a pooled buffer while it waits.
 *
 * Every socket byte passes through wire_recv (net_read.c) and wire_send (net_write.c) and nowhere
 * else (those of files by net_file.c, called there): that is the seam where a TLS engine will stand
 * between the socket and what peek and write see.
 */
#ifndef NET_NET_CONN_H
#define NET_NET_CONN_H

#include "base/out.h"
#include "net/net.h"

#define NET_THROUGH 16384 /* below it a copy costs less than a send of its own */

struct net_conn_ops {
	/*
	 * There are bytes in net_peek, or the peer will send no more (c->eof). Called again when
	 * more comes. What is not eaten is kept, up to in_max; beyond it the connection is closed
	 * with NET_EFULL. Spans from net_peek end with this call.
	 */
	void (*input)(struct net_conn *c);
	/* All output has been sent, after net_want_drained; may be NULL when that is never asked.
	 */
	void (*drained)(struct net_conn *c);
	/*
	 * The last call: the descriptor is closed, the memory of [c] is the owner's again. [why] is
	 * -errno, a NET_E name, or what was given to net_close_soon.
	 */
	void (*closed)(struct net_conn *c, int why);
};

/*
 * A file whose bytes nobody changes any more while it is sent (net_write_file): a memfd that is
 * sealed (memfd_create(2), F_ADD_SEALS in fcntl(2)), for example.
 */
struct net_file {
	int fd;
	uint64_t size;
};

struct net_buf {
	uint8_t *p;
	uint32_t off, len, cap; /* valid bytes are p[off] to p[len] */
};

struct net_conn {
	struct net_source src;
	struct net_loop *loop;
	const struct net_conn_ops *ops;
	struct net_timer timer; /* the owner's until net_finish; stopped at close */
	struct net_buf in, out;
	struct span tail; /* borrowed bytes to send behind [out], or see tail_file */
	struct net_conn *settling_next, *again_next;
	uint64_t sent;   /* bytes the kernel took, ever */
	uint32_t in_max; /* after net_finish: bytes that may still come, to be thrown away */
	uint32_t out_max;
	int why;      /* of the close, or before it of a send that failed */
	bool eof : 1; /* the peer sends no more */
	bool paused : 1;
	bool settling : 1; /* in the loop's list */
	bool closing : 1;
	bool finishing : 1; /* close when all is sent */
	bool linger : 1;    /* ... but first let the peer read it: see net_finish */
	bool lingering : 1;
	bool want_drained : 1;
	bool more : 1;     /* net_again was called */
	bool in_again : 1; /* in the loop's list */
	bool watched : 1;
	bool shut : 1;      /* FIN when all is sent */
	bool torn : 1;      /* sending failed, and the peer had not ended its side */
	bool tail_file : 1; /* tail.p is a struct net_file, whose last tail.n bytes they are */
};

/*
 * Takes a connected non-blocking descriptor. [in_max] and [out_max] are the hard bounds of what is
 * kept in each direction. With [eager] it reads at once, before the loop knows the descriptor: for
 * accepted connections whose first bytes are there already (not during another's input: then the
 * loop reads them, as without it). Returns 0 or -errno; after an error
 * the descriptor is still the caller's and [closed] is not called.
 */
int net_conn_open(struct net_loop *loop, struct net_conn *c, int fd, const struct net_conn_ops *ops,
		  uint32_t in_max, uint32_t out_max, bool eager);

struct span net_peek(const struct net_conn *c);
/* Reads what is there and was not told of yet; nothing, during the input of any connection. */
void net_read_now(struct net_conn *c);
void net_eat(struct net_conn *c, size_t n);
/* Calls [input] again at the end of the turn, for bytes that are already here. */
void net_again(struct net_conn *c);
/* Back-pressure: between the two nothing is received and [input] is not called. */
void net_pause(struct net_conn *c);
void net_resume(struct net_conn *c);

/*
 * Output. net_write copies; false when it would pass out_max, and nothing was taken. net_write_ref
 * borrows [s] until it is sent, for bytes that live as long as the process; nothing may be written
 * behind it before all is sent (net_pending 0).
 * net_out_open gives a writer with [room] bytes free (o->over at once when out_max forbids it),
 * net_out_close takes what was written, all or (o->over) nothing, and tells which. A writer is good
 * until the end of the turn at most.
 */
bool net_write(struct net_conn *c, struct span s);
/* Sends what waits now, and not at the end of the turn: its buffer is free for the next one. */
void net_flush(struct net_conn *c);
/*
 * As net_write, but of NET_THROUGH bytes or more only those are copied that the kernel does not
 * take at once: for what is passed on in pieces as large as a read. An error of the kernel shows
 * later, as with net_write.
 */
bool net_write_through(struct net_conn *c, struct span s);
void net_write_ref(struct net_conn *c, struct span s);
/*
 * As net_write_ref, but of the last [n] bytes of [f], which the kernel takes from there without a
 * copy (sendfile(2)); it, and its descriptor, live until they are sent. The first call in a loop
 * blocks SIGPIPE in this thread, as net_signals does: sendfile has no flag against it. A file that
 * can't be read, or turns out to be shorter, costs the connection: -EIO.
 */
void net_write_file(struct net_conn *c, const struct net_file *f, size_t n);
struct out net_out_open(struct net_conn *c, size_t room);
bool net_out_close(struct net_conn *c, const struct out *o);
/* Bytes waiting to be sent; bytes that may still be written. */
size_t net_pending(const struct net_conn *c);
size_t net_room(const struct net_conn *c);
/* Calls [drained] once, when everything has been sent. */
void net_want_drained(struct net_conn *c);

/* Closes at the end of the turn; output that has not been sent is dropped. */
void net_close_soon(struct net_conn *c, int why);
/*
 * The same with a reset (RFC 9293, 3.10.4), which nobody can take for an orderly end, and for which
 * the kernel keeps nothing of what was sent.
 */
void net_reset(struct net_conn *c, int why);
/*
 * Closes when all output is sent. [linger]: the peer may still be sending what nobody will read;
 * closing at once would answer it with a reset that destroys our last words on their way
 * (RFC 9112, 9.6), so its bytes are thrown away for a while first. Takes over c->timer.
 */
void net_finish(struct net_conn *c, bool linger);
/* Sends FIN once the output is sent; reading goes on. */
void net_shut(struct net_conn *c);

#define NET_LINGER_MS 2000
#define NET_FINISH_MS 10000 /* without the peer taking any of the last bytes */

/* The loop's end of turn: what net_again asked for; then what was written and what was closed. */
void net_conn_run_again(struct net_loop *loop);
void net_conn_settle(struct net_loop *loop);

#endif
