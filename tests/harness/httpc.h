/*
 * httpc: a blocking HTTP/1.1 client for tests. It sends exactly the bytes that a test gives and
 * reads what comes back, each step against a deadline, so that a test of a stuck server fails
 * instead of hanging.
 *
 *	struct httpc c;
 *	struct httpc_answer a;
 *	if (!httpc_dial(&c, "127.0.0.1", port, 1000))
 *		bail("no connection");
 *	httpc_send(&c, SPAN("GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"), 1000);
 *	is_int(httpc_read(&c, &a, 1000), HTTPC_OK, "an answer");
 *	is_int(a.status, 200, "which is 200");
 *	httpc_free(&a);
 *	httpc_close(&c);
 *
 * It trusts nothing but is no judge of the finer points of the standard: those belong to rows
 * that compare a.head byte by byte. Bytes that follow an answer stay for the next one, so
 * pipelining works. The peer's SIGPIPE never arrives here.
 */
#ifndef TESTS_HTTPC_H
#define TESTS_HTTPC_H

#include "base/span.h"

#define HTTPC_MAX_HEAD ((size_t)1 << 20)
#define HTTPC_MAX_BODY ((size_t)1 << 29)

enum httpc_result {
	HTTPC_OK = 1,
	HTTPC_TIMEOUT = -1,
	HTTPC_CLOSED = -2, /* the peer closed before the first byte of an answer */
	HTTPC_CUT = -3,    /* the peer closed within an answer */
	HTTPC_RESET = -4,  /* the connection failed: reset, broken pipe */
	HTTPC_BAD = -5,    /* not an HTTP/1.x answer */
	HTTPC_BIG = -6,    /* beyond HTTPC_MAX_HEAD or HTTPC_MAX_BODY */
};
const char *httpc_strerror(int result);

struct httpc {
	int fd;
	bool ended;  /* the peer has sent its FIN */
	uint8_t *in; /* what has come and was not read yet: in[at..n) */
	size_t at, n, cap;
};

struct httpc_answer {
	int status;
	struct span head; /* status line and fields, with the empty line */
	struct span body; /* decoded: without the framing of chunks */
	bool until_close; /* the body ended with the connection */
};

/* Takes over a connected socket. */
struct httpc httpc_over(int fd);
/* [host] is an IPv4 or IPv6 address or "localhost" (127.0.0.1). False: no connection in time. */
bool httpc_dial(struct httpc *c, const char *host, uint16_t port, int ms);
void httpc_close(struct httpc *c);

/*
 * Sends all of [bytes], taking in meanwhile what the peer already says, so that an early answer
 * to a big request is not lost. HTTPC_OK, HTTPC_TIMEOUT or HTTPC_RESET; after HTTPC_RESET an
 * answer may still be there to be read.
 */
int httpc_send(struct httpc *c, struct span bytes, int ms);

/*
 * One whole answer. A 1xx is an answer of its own, without a body: read again for the final one.
 * On HTTPC_OK the caller owns the memory (httpc_free); on all else *a is empty.
 */
int httpc_read(struct httpc *c, struct httpc_answer *a, int ms);
/* The same for the answer to a HEAD request: its fields speak of a body that does not come. */
int httpc_read_head(struct httpc *c, struct httpc_answer *a, int ms);
void httpc_free(struct httpc_answer *a);

/*
 * Whatever comes next, at most [cap] bytes: for event streams, upgrades and tests of the framing
 * itself. Bytes put in buf, or HTTPC_TIMEOUT, HTTPC_CLOSED (end of the stream), HTTPC_RESET.
 */
long httpc_take(struct httpc *c, void *buf, size_t cap, int ms);

/* The first field of that name, trimmed; p == NULL when there is none. */
struct span httpc_field(const struct httpc_answer *a, const char *name);

/* Dial, send, read, close: one exchange. Results as of httpc_read, HTTPC_RESET without a peer. */
int httpc_ask(const char *host, uint16_t port, struct span request, struct httpc_answer *a, int ms);

#endif
