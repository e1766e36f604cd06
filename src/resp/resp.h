/*
 * resp: the Redis serialization protocol, RESP2 and RESP3 (redis.io/docs/reference/protocol-spec
 * and, for attributes and streamed types, github.com/redis/redis-specifications/protocol/RESP3.md),
 * reading and writing. Pure: bytes in, bytes out.
 *
 *	struct resp_reader r;
 *	resp_reader_init(&r, &resp_default_limits);
 *	while ((used = resp_next(&r, in, &it)) > 0) {
 *		use(&it);               // it.str points into [in]
 *		in = span_tail(in, (size_t)used);
 *	}
 *	if (used < 0)
 *		give_up(resp_strerror(used));
 *
 * A reply is a sequence of items: after an array of three, three items follow, each of which may
 * be an aggregate again. The reader counts them, so that each item says how deep it stands and
 * whether it is the last of its reply. resp_tree.h collects a small reply into an array.
 *
 * Out of band: an attribute may stand before any element and a push before any element or between
 * replies. Neither is an element of the aggregate it stands in; their items carry a flag, and who
 * passes over the flagged items sees the reply alone.
 *
 * Streamed: an item with [stream] set is followed by items of unknown number, one level deeper,
 * up to a RESP_END. So come the streamed aggregates of RESP3 (`*?`, `~?`, `%?`), its streamed
 * strings (`$?`), and, when limits.part asks for it, any bulk longer than that; the bytes of a
 * string are in RESP_PART items.
 */
#ifndef RESP_RESP_H
#define RESP_RESP_H

#include "base/out.h"
#include "base/span.h"

enum {
	RESP_MORE = 0,      /* not all bytes of the item are there yet: nothing was consumed */
	RESP_ETYPE = -1,    /* a type byte the protocol does not know */
	RESP_ELINE = -2,    /* a line without CRLF at its end, or with a bare CR or LF */
	RESP_ENUMBER = -3,  /* a length, count, number, boolean or null that is not one */
	RESP_ETOOBIG = -4,  /* a limit is passed: line, bulk, items, reply */
	RESP_EDEPTH = -5,   /* nested deeper than the limit */
	RESP_ETRAILER = -6, /* no CRLF after the bytes of a bulk */
	RESP_ENEST = -7,    /* a push, attribute or stream part where none may stand */
	RESP_EUNASKED = -8, /* session: a reply that nobody asked for */
	RESP_EFULL = -9,    /* session: as many requests in flight as the caller has room for */
	RESP_EROOM = -10,   /* the output did not fit; nothing of the request was written */
	RESP_EAUTH = -11,   /* session: the server refused the login (WRONGPASS, NOAUTH, NOPERM) */
	RESP_ELOGIN = -12,  /* session: the login failed otherwise (LOADING, SELECT out of range) */
	RESP_EVERBATIM = -13, /* a verbatim string without its three-letter format and colon */
	RESP_ESEND = -14,     /* session: a request that may not be sent now, or not this way */
	RESP_EURI = -15,      /* resp_uri.h: not a URI of a Redis server */
	RESP_ESHAPE = -16,    /* resp_stream.h: not the reply of that command */
};
/* A short English sentence without full stop; never NULL. */
const char *resp_strerror(int rc);

enum resp_type {
	RESP_SIMPLE = '+',
	RESP_ERROR = '-',
	RESP_INTEGER = ':',
	RESP_BULK = '$',
	RESP_ARRAY = '*',
	RESP_NULL = '_', /* also RESP2's $-1 and *-1 */
	RESP_DOUBLE = ',',
	RESP_BOOL = '#',
	RESP_BIGNUM = '(',
	RESP_BLOB_ERROR = '!',
	RESP_VERBATIM = '=',
	RESP_MAP = '%',
	RESP_SET = '~',
	RESP_ATTRIBUTE = '|',
	RESP_PUSH = '>',
	RESP_PART = ';', /* bytes of the streamed string before it */
	RESP_END = '.',  /* the streamed string or aggregate is complete; not an element itself */
};

#define RESP_DEPTH_MAX 16           /* the reader's stack; limits.depth can only be lower */
#define RESP_LENGTH_MAX 0x3fffffffu /* 1 GiB less one: limits.line and .bulk can only be lower */

struct resp_limits {
	uint32_t line;  /* bytes of a text, error, double or big number (others: 20 bytes) */
	uint32_t bulk;  /* bytes of one bulk; of a streamed string the sum of its parts */
	uint32_t items; /* elements of one aggregate (a map of n has 2n) */
	uint32_t depth; /* aggregates inside each other, at most RESP_DEPTH_MAX */
	uint32_t part;  /* 0: bulks come whole. Else no string item is longer than this: a longer
			   `$` bulk is streamed, a longer `=`, `!` or `;` is RESP_ETOOBIG */
	uint64_t reply; /* bytes of one whole reply, with all that stands inside */
};
/* 64 KiB, 512 MiB (the server's proto-max-bulk-len), 16 Mi, RESP_DEPTH_MAX, 0, 1 GiB */
extern const struct resp_limits resp_default_limits;

struct resp_item {
	enum resp_type type;
	uint8_t depth;   /* 0 for the outermost item of a reply; in a push counted from the push */
	bool last;       /* completes the reply, or the push; of attribute items: the attribute */
	bool push;       /* belongs to a push, not to a reply */
	bool attribute;  /* belongs to an attribute, not to the reply or push it stands in */
	bool stream;     /* what follows goes on until a RESP_END */
	int64_t num;     /* integer; boolean as 0 or 1; elements that follow an aggregate (for a
			    map or attribute both keys and values are counted), -1 when it is
			    streamed; length of a streamed bulk, -1 for `$?`; else 0 */
	struct span str; /* the bytes of a line or bulk, views into the input; of a verbatim
			    string without its "txt:" (which is in the four bytes before); of a
			    number its text */
};

struct resp_reader {
	struct resp_limits lim;
	uint64_t reply;                    /* bytes of the reply so far */
	uint32_t left[RESP_DEPTH_MAX + 2]; /* elements still to come, per open frame */
	uint8_t how[RESP_DEPTH_MAX + 2];   /* what the frame is; [0] is the outside */
	uint8_t depth;                     /* open frames */
	uint8_t base;                      /* depth at which the open push stands */
	bool owed;                         /* an attribute still has nothing it describes */
	int8_t error;                      /* the first error, kept: an error is final */
	uint32_t scanned;                  /* bytes of an incomplete line already searched */
	uint32_t body;                     /* bytes of a streamed string: to come, or had */
};

/* NULL for the default limits; they are copied, and cut to what the MAX names above allow. */
void resp_reader_init(struct resp_reader *r, const struct resp_limits *lim);

/*
 * Reads one item from the front of [in]. Returns the bytes used (> 0), RESP_MORE, or an error,
 * which is final: the reader answers every later call with it. *it means something only when > 0;
 * it->str points into [in] and is good as long as those bytes are.
 *
 * After RESP_MORE call again with the same bytes (wherever they are by then) and more behind
 * them: what was searched is not searched again. A buffer that holds [line] + 3 and [bulk] (or
 * [part], when set) + 24 bytes never stalls. A length above a limit is refused as soon as it is
 * known, before the bytes arrive.
 */
int resp_next(struct resp_reader *r, struct span in, struct resp_item *it);

/*
 * Writers. A command is an array of bulks; all is written or o->over is set. The bytes before it
 * in [o] stay as they are, so that o->n, noted before, takes a half-written command back.
 */
void resp_put_array(struct out *o, size_t n);
void resp_put_bulk(struct out *o, struct span s);
void resp_put_command(struct out *o, size_t argc, const struct span argv[]);

#endif
