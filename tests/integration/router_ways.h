/*
 * router_ways: the ways in which an upstream misbehaves, and what a client of the router must see
 * of each.
 */
#ifndef TESTS_ROUTER_WAYS_H
#define TESTS_ROUTER_WAYS_H

#include "integration/router_upstream.h"

#define GET_WAY "GET /api/way HTTP/1.1\r\nHost: t\r\n\r\n"
#define GET_NOBODY "GET /nobody HTTP/1.1\r\nHost: t\r\n\r\n"
#define HEAD_WAY "HEAD /api/way HTTP/1.1\r\nHost: t\r\n\r\n"
#define POST_WAY "POST /api/way HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\n"
/* Of a large body the client sends a part, so that an answer always comes before its end. */
#define LARGE 300000
#define MORE_THAN_HALF 200000
#define SOME 20000
#define POST_LARGE "POST /api/way HTTP/1.1\r\nHost: t\r\nContent-Length: 300000\r\n\r\n"

#define SAY(text) .say = text, .say_n = sizeof text - 1
#define FIVE "Content-Length: 5\r\n\r\nhello"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

/* Whatever stands in the head of an answer that is refused: 502, and the connection is gone. */
#define REFUSED(text) SAY(text), .status = 502, .after = CLOSE
#define TRUNCATED(text) SAY(text), .status = HTTPC_CUT, .after = CLOSE
#define FINE(text) SAY(text), .status = 200, .body_is = "hello"

static char header_100k[102400], fields_1000[9000], flood[40 * 27 + 1];

static struct way ways[] = {
	/* The connection. */
	{"refuses the connection", .request = GET_NOBODY, .status = 502, .heard = -1,
	 .after = CLOSE},
	{"accepts and closes at once", .when = AT_ACCEPT, .then = CLOSE, REFUSED(""), .heard = -1},
	{"accepts and resets at once", .when = AT_ACCEPT, .then = RESET, REFUSED(""), .heard = -1},
	{"closes without reading the request", .when = AT_READABLE, .then = CLOSE, REFUSED("")},
	{"the same, to a POST", POST_WAY, 10, .when = AT_READABLE, .then = CLOSE, REFUSED(""),
	 .heard = 1},
	{"closes after the request", .then = CLOSE, REFUSED("")},
	{"closes after a POST", POST_WAY, 10, .then = CLOSE, REFUSED(""), .heard = 1},
	{"ends its side after the request", .then = SHUT, REFUSED("")},
	{"resets after the request", .then = RESET, REFUSED("")},
	{"closes after half of a POST", POST_LARGE, MORE_THAN_HALF, .when = AT_HALF, .then = CLOSE,
	 REFUSED(""), .heard = 1},
	{"resets after half of a POST", POST_LARGE, MORE_THAN_HALF, .when = AT_HALF, .then = RESET,
	 REFUSED(""), .heard = 1},
	{"closes in the status line", .then = CLOSE, REFUSED("HTTP/1.1 2"), .heard = 1},
	{"closes in the fields", .then = CLOSE, REFUSED("HTTP/1.1 200 OK\r\nConte"), .heard = 1},
	{"closes before the empty line", .then = CLOSE, .heard = 1,
	 REFUSED("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")},
	{"resets in the fields", .then = RESET, REFUSED("HTTP/1.1 200 OK\r\nConte"), .heard = 1},
	{"closes in a body with a length", .then = CLOSE,
	 TRUNCATED("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")},
	{"resets in a body with a length", .then = RESET,
	 TRUNCATED("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")},
	{"closes in a chunk", .then = CLOSE, TRUNCATED(CHUNKED "9\r\nhello")},
	{"closes between chunks", .then = CLOSE, TRUNCATED(CHUNKED "5\r\nhello\r\n")},
	{"closes in the size of a chunk", .then = CLOSE, TRUNCATED(CHUNKED "5\r\nhello\r\n1")},
	{"closes in the last chunk", .then = CLOSE, TRUNCATED(CHUNKED "5\r\nhello\r\n0\r\n")},
	{"resets a body without a length", .then = RESET,
	 TRUNCATED("HTTP/1.1 200 OK\r\n\r\nhello")},
	{"closes a body without a length", .then = CLOSE, FINE("HTTP/1.1 200 OK\r\n\r\nhello"),
	 .after = CLOSE},
	{"ends its side after an answer", .then = SHUT, FINE("HTTP/1.1 200 OK\r\n" FIVE),
	 .after = CLOSE},
	{"answers in HTTP/1.0", FINE("HTTP/1.0 200 OK\r\n" FIVE), .after = CLOSE},
	{"says Connection: close, and stays", FINE("HTTP/1.1 200 OK\r\nConnection: close\r\n" FIVE),
	 .after = CLOSE},
	{"says nothing more than close", .then = CLOSE, .status = 200, .body_is = "",
	 SAY("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), .after = CLOSE},

	/* Time. */
	{"is silent after the request", .then = STALL, SAY(""), .status = 504, .after = CLOSE},
	{"is silent after a POST", POST_WAY, 10, .then = STALL, SAY(""), .status = 504, .heard = 1,
	 .after = CLOSE},
	{"stands still in the status line", .then = STALL, SAY("HTTP/1.1 2"), .status = 504,
	 .after = CLOSE},
	{"stands still in the fields", .then = STALL, SAY("HTTP/1.1 200 OK\r\nA: b\r\n"),
	 .status = 504, .after = CLOSE},
	{"stands still after an interim answer", .then = STALL,
	 SAY("HTTP/1.1 102 Processing\r\n\r\n"), .status = 504, .after = CLOSE},
	{"stands still in a body", .then = STALL,
	 TRUNCATED("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")},
	{"stands still in a chunk", .then = STALL, TRUNCATED(CHUNKED "9\r\nhello")},
	{"drips an answer, a byte at a time", .drip = true, FINE("HTTP/1.1 200 OK\r\n" FIVE)},
	{"drips a chunked answer", .drip = true,
	 FINE(CHUNKED "2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")},

	{"drips a head without end", .drip = true, .then = STALL, .say = fields_1000, .status = 504,
	 .after = CLOSE},

	/* Not HTTP/1.1. */
	{"answers in HTTP/0.9", .then = CLOSE, REFUSED("<html>hello</html>")},
	{"begins HTTP/2 with SETTINGS", REFUSED("\0\0\0\4\0\0\0\0\0")},
	{"begins HTTP/2 as a client", REFUSED("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")},
	{"answers with a TLS alert", REFUSED("\x15\x03\x01\0\x02\x02\x46")},
	{"answers with the banner of SSH", REFUSED("SSH-2.0-OpenSSH_9.2\r\n")},
	{"answers with a request", REFUSED("GET / HTTP/1.1\r\nHost: t\r\n\r\n")},
	{"says HTTP/2.0", REFUSED("HTTP/2.0 200 OK\r\n" FIVE)},
	{"says HTTP/11", REFUSED("HTTP/11 200 OK\r\n" FIVE)},
	{"says http/1.1", REFUSED("http/1.1 200 OK\r\n" FIVE)},
	{"has a status of two digits", REFUSED("HTTP/1.1 20 OK\r\n" FIVE)},
	{"has a status of four digits", REFUSED("HTTP/1.1 2000 OK\r\n" FIVE)},
	{"has status 099", REFUSED("HTTP/1.1 099 OK\r\n" FIVE)},
	{"has two blanks before the status", REFUSED("HTTP/1.1  200 OK\r\n" FIVE)},
	{"has a blank before the version", REFUSED(" HTTP/1.1 200 OK\r\n" FIVE)},
	{"has a control byte in the reason", REFUSED("HTTP/1.1 200 O\001K\r\n" FIVE)},

	/* Framing. */
	{"has a body shorter than its length", .then = STALL,
	 TRUNCATED("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello")},
	{"has a body longer than its length", FINE("HTTP/1.1 200 OK\r\n" FIVE " and more"),
	 .after = CLOSE},
	{"gives two answers to one request",
	 FINE("HTTP/1.1 200 OK\r\n" FIVE "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
	 .after = CLOSE},
	{"gives another answer unasked, later", FINE("HTTP/1.1 200 OK\r\n" FIVE),
	 .later = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", .after = CLOSE},
	{"sends bytes between answers", FINE("HTTP/1.1 200 OK\r\n" FIVE), .later = "\r\n",
	 .after = CLOSE},
	{"has two equal lengths", REFUSED("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" FIVE)},
	{"has two different lengths", REFUSED("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n" FIVE)},
	{"has a list of lengths", REFUSED("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello")},
	{"has length +5", REFUSED("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello")},
	{"has length -5", REFUSED("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello")},
	{"has length 0x5", REFUSED("HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello")},
	{"has an empty length", REFUSED("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nhello")},
	{"has a length of 2^64 + 5",
	 REFUSED("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551621\r\n\r\nhello")},
	{"has a length and chunks",
	 REFUSED("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "5\r\nhello\r\n0\r\n\r\n")},
	{"has an unknown coding", REFUSED("HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\n\r\nhello")},
	{"has a coding we never asked for",
	 REFUSED("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")},
	{"is chunked twice",
	 REFUSED("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")},
	{"is chunked in HTTP/1.0",
	 REFUSED("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")},
	{"has a chunk size that is none", TRUNCATED(CHUNKED "5\r\nhello\r\nx\r\n")},
	{"has a chunk of -1 bytes", TRUNCATED(CHUNKED "5\r\nhello\r\n-1\r\n")},
	{"has a chunk of 0x5 bytes", TRUNCATED(CHUNKED "0x5\r\nhello\r\n0\r\n\r\n")},
	{"has a chunk of 2^68 bytes",
	 TRUNCATED(CHUNKED "5\r\nhello\r\n100000000000000000\r\nhello")},
	{"has a blank behind a chunk's size", TRUNCATED(CHUNKED "5 \r\nhello\r\n0\r\n\r\n")},
	{"has no CRLF after a chunk", TRUNCATED(CHUNKED "5\r\nhello0\r\n\r\n")},
	{"ends a chunk's size with a bare LF", TRUNCATED(CHUNKED "5\nhello\r\n0\r\n\r\n")},
	{"has a length among its trailers",
	 TRUNCATED(CHUNKED "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n")},
	{"has trailers", FINE(CHUNKED "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n")},
	{"has chunks and then more", FINE(CHUNKED "5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
	 .after = CLOSE},

	/* The head. */
	{"has a field of 100 KB", .status = 502, .say = header_100k, .after = CLOSE},
	{"has 1,000 fields", .status = 502, .say = fields_1000, .after = CLOSE},
	{"has a NUL in a field", REFUSED("HTTP/1.1 200 OK\r\nA: b\0c\r\n" FIVE)},
	{"ends lines with a bare LF", REFUSED("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello")},
	{"ends one line with a bare LF", REFUSED("HTTP/1.1 200 OK\r\nA: b\n" FIVE)},
	{"has a bare CR in a field",
	 REFUSED("HTTP/1.1 200 OK\r\nA: b\rContent-Length: 0\r\n" FIVE)},
	{"folds a field", REFUSED("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n" FIVE)},
	{"has a blank before a colon", REFUSED("HTTP/1.1 200 OK\r\nA : b\r\n" FIVE)},
	{"has a field without a name", REFUSED("HTTP/1.1 200 OK\r\n: b\r\n" FIVE)},
	{"has a field without a colon", REFUSED("HTTP/1.1 200 OK\r\nhello\r\n" FIVE)},
	{"names fields in Connection", .lacks = "X-Hop",
	 FINE("HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: 1\r\n" FIVE)},
	{"names its length in Connection",
	 FINE("HTTP/1.1 200 OK\r\nConnection: content-length\r\n" FIVE)},
	{"tells who it is", .lacks = "inner/1.0",
	 FINE("HTTP/1.1 200 OK\r\nServer: inner/1.0\r\n" FIVE)},

	/* Statuses with a meaning of their own. */
	{"switches protocols unasked",
	 REFUSED("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")},
	{"floods with interim answers", .status = 502, .say = flood, .after = CLOSE},
	{"gives an interim answer first", FINE("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
					       "HTTP/1.1 200 OK\r\n" FIVE)},
	{"gives an interim answer a body",
	 REFUSED("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello")},
	{"gives 204 a body", .status = 204, .after = CLOSE, .body_is = "",
	 SAY("HTTP/1.1 204 No Content\r\n\r\nhello")},
	{"gives 304 a body", .status = 304, .after = CLOSE, .body_is = "",
	 SAY("HTTP/1.1 304 Not Modified\r\n" FIVE)},
	{"gives HEAD a body", HEAD_WAY, .status = 200, .body_is = "", .after = CLOSE,
	 .has = "\r\nContent-Length: 5\r\n", SAY("HTTP/1.1 200 OK\r\n" FIVE)},
	{"gives HEAD chunks", HEAD_WAY, .status = 200, .body_is = "", .after = CLOSE,
	 SAY(CHUNKED "5\r\nhello\r\n0\r\n\r\n")},

	/* Before the request is complete. */
	{"answers early and closes", POST_LARGE, SOME, .when = AT_HEAD, .then = CLOSE,
	 .status = 413, .body_is = "hello", .heard = 1, .after = CLOSE,
	 SAY("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\n" FIVE)},
	{"answers early and keeps alive", POST_LARGE, SOME, .when = AT_HEAD, .status = 403,
	 .body_is = "hello", .heard = 1, .after = CLOSE, SAY("HTTP/1.1 403 Forbidden\r\n" FIVE)},
	{"answers early and is deaf", POST_LARGE, SOME, .when = AT_HEAD, .then = DEAF,
	 .status = 413, .body_is = "hello", .heard = 1, .after = CLOSE,
	 SAY("HTTP/1.1 413 Content Too Large\r\n" FIVE)},
	{"answers in the middle of a POST", POST_LARGE, MORE_THAN_HALF, .when = AT_HALF,
	 .status = 200, .body_is = "hello", .heard = 1, .after = CLOSE,
	 SAY("HTTP/1.1 200 OK\r\n" FIVE)},
	{"answers garbage before it has read a POST", POST_LARGE, SOME, .when = AT_HEAD,
	 .then = CLOSE, .heard = 1, REFUSED("garbage\r\n\r\n")},
	{"speaks before it is asked", .when = AT_ACCEPT, .heard = -1,
	 REFUSED("220 smtp.example.org ESMTP\r\n")},

	/* A connection that has served before. */
	{"closes a used connection unread, to a GET", .pooled = true, .plays = 1, .heard = 2,
	 .when = AT_READABLE, .then = CLOSE, SAY(""), .status = 200, .body_is = "/way"},
	{"closes a used connection at a GET", .pooled = true, .plays = 1, .heard = 2, .then = CLOSE,
	 SAY(""), .status = 200, .body_is = "/way"},
	{"resets a used connection at a GET", .pooled = true, .plays = 1, .heard = 2, .then = RESET,
	 SAY(""), .status = 200, .body_is = "/way"},
	{"closes a used connection at each GET", .pooled = true, .plays = 2, .heard = 2,
	 .then = CLOSE, REFUSED("")},
	{"closes a used connection at a POST", POST_WAY, 10, .pooled = true, .plays = 1, .heard = 1,
	 .then = CLOSE, REFUSED("")},
	{"resets a used connection at a POST", POST_WAY, 10, .pooled = true, .plays = 1, .heard = 1,
	 .then = RESET, REFUSED("")},
	{"closes a used connection unread, to a POST", POST_WAY, 10, .pooled = true, .plays = 1,
	 .heard = 1, .when = AT_READABLE, .then = CLOSE, REFUSED("")},
	{"closes a used connection in an answer", .pooled = true, .plays = 1, .heard = 1,
	 .then = CLOSE, REFUSED("HTTP/1.1 ")},
};

#define WAYS (sizeof ways / sizeof *ways)

/* The answers that no string holds. */
static inline void prepare_ways(void)
{
	const char *start = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n";
	size_t n = (size_t)snprintf(header_100k, sizeof header_100k, "%sA: ", start);
	memset(header_100k + n, 'a', sizeof header_100k - n);
	memcpy(header_100k + sizeof header_100k - 5, "\r\n\r\n", 5);
	n = (size_t)snprintf(fields_1000, sizeof fields_1000, "%s", start);
	for (unsigned i = 0; i < 1000; i++)
		n += (size_t)snprintf(fields_1000 + n, sizeof fields_1000 - n, "A%u: 1\r\n", i);
	snprintf(fields_1000 + n, sizeof fields_1000 - n, "\r\n");
	for (n = 0; n + 27 < sizeof flood; n += 27)
		memcpy(flood + n, "HTTP/1.1 102 Processing\r\n\r\n", 28);
	for (size_t i = 0; i < WAYS; i++)
		if (ways[i].say_n == 0 && ways[i].say != NULL)
			ways[i].say_n = strlen(ways[i].say);
}

static const char way_body[LARGE + 1];

/* A whole answer that is not an interim one. */
static inline int read_final(struct httpc *c, struct httpc_answer *a, bool head)
{
	int rc = head ? httpc_read_head(c, a, SOON) : httpc_read(c, a, SOON);
	while (rc == HTTPC_OK && a->status < 200 && a->status != 101) {
		httpc_free(a);
		rc = httpc_read(c, a, SOON);
	}
	return rc;
}

/* What a client sees of [w]: a status, or what became of the connection instead. */
static inline int outcome(struct httpc *c, const struct way *w, struct httpc_answer *a)
{
	const char *request = w->request == NULL ? GET_WAY : w->request;
	tell(c, request);
	if (w->body > 0)
		httpc_send(c, span_of((const uint8_t *)way_body, w->body), SOON);
	int rc = read_final(c, a, request[0] == 'H');
	/* What is found broken in the turn that brought the head takes that along. */
	if (rc == HTTPC_CLOSED || rc == HTTPC_RESET)
		rc = HTTPC_CUT;
	return rc == HTTPC_OK ? a->status : rc;
}

/* Its answer is its own target: a byte that belongs to another one would be seen. */
static inline bool serves(struct httpc *c, int number)
{
	char request[64], want[32];
	struct httpc_answer a;
	snprintf(want, sizeof want, "/next/%d", number);
	snprintf(request, sizeof request, "GET /api%s HTTP/1.1\r\nHost: t\r\n\r\n", want);
	tell(c, request);
	int rc = httpc_read(c, &a, SOON);
	bool right = rc == HTTPC_OK && a.status == 200 && span_eq(a.body, span_str(want));
	if (!right)
		diag("request %s: %s, %d, %.*s", want, httpc_strerror(rc), a.status, (int)a.body.n,
		     (const char *)a.body.p);
	httpc_free(&a);
	return right;
}

/* So that the next request comes on a connection of its own. */
static inline void drop_idle(struct rig *r, struct up_script *s)
{
	static const struct way polite = {
		.name = "polite",
		SAY("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
	};
	struct httpc c = rig_dial(r);
	struct httpc_answer a;
	upstream_set(s, &polite, 1);
	check(outcome(&c, &polite, &a) == 200 && upstream_wait_open(s, 0), "no idle connection");
	httpc_free(&a);
	httpc_close(&c);
}

#endif
