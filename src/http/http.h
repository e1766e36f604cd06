/*
 * http: HTTP/1.1 message heads and framing (RFC 9110, RFC 9112), reading and writing. Pure.
 *
 *	struct http_head h;
 *	int used = http_read_request(in, &http_default_limits, &h);
 *	if (used == HTTP_MORE)
 *		return;                         // keep the bytes, read more
 *	if (used < 0)
 *		answer(http_status_of(used));   // and close
 *	struct http_body b;
 *	http_body_init(&b, &h, &http_default_limits);
 *	... http_body_next(&b, rest, &piece) until b.done
 *
 * Strict on purpose: what RFC 9112 forbids is refused, never repaired, because leniency between
 * two parsers is how request smuggling begins. Where the standard leaves a choice, the comment at
 * the function says what was chosen.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/out.h"
#include "base/span.h"

/* Each name has one status (http_status_of). In an answer from upstream all of them mean 502. */
enum {
	HTTP_MORE = 0,
	HTTP_ELINE = -1,       /* 400 bare CR or LF, obs-fold, a blank out of place, no version */
	HTTP_EMETHOD = -2,     /* 400 the method is no token */
	HTTP_ELONGMETHOD = -3, /* 501 longer than HTTP_METHOD_MAX: nobody implements it */
	HTTP_ETARGET = -4,     /* 400 no request-target of RFC 9112 section 3.2 */
	HTTP_EVERSION = -5,    /* 505 a version, but not 1.x */
	HTTP_EFIELD = -6,      /* 400 a field name that is no token, a byte no value may hold */
	HTTP_EHOST = -7,       /* 400 Host missing, twice, or not uri-host[:port] */
	HTTP_ELENGTH = -8,     /* 400 Content-Length twice, no number, beside Transfer-Encoding */
	HTTP_ETRANSFER = -9,   /* 400 Transfer-Encoding in 1.0, empty, chunked twice or not last */
	HTTP_ECODING = -10,    /* 501 a transfer coding other than chunked */
	HTTP_EEXPECT = -11,    /* 417 an expectation other than 100-continue */
	HTTP_ELONGLINE = -12,  /* 414 request line longer than the limit */
	HTTP_ELONGHEAD = -13,  /* 431 head longer than the limit */
	HTTP_EFIELDS = -14,    /* 431 more fields than the limit */
	HTTP_ECHUNK = -15,     /* 400 chunk size, extension, end or trailer malformed or too long */
	HTTP_ESTATUS = -16,    /* 502 (answers only) malformed status line */
	HTTP_ERANGE = -17,     /* 416 no range is satisfiable (http_range.h) */
};
const char *http_strerror(int rc);
/* The status that answers an error of http_read_request or http_body_next; 200 for none. */
unsigned http_status_of(int rc);

#define HTTP_FIELDS_MAX 100
#define HTTP_HEAD_MAX 65535 /* field offsets are 16 bits */
#define HTTP_METHOD_MAX 24  /* the longest registered one, UPDATEREDIRECTREF, has 17 */

struct http_limits {
	uint32_t line;      /* bytes of the request or status line, with its CRLF */
	uint32_t head;      /* bytes of the whole head; more than HTTP_HEAD_MAX counts as that */
	uint32_t fields;    /* more than HTTP_FIELDS_MAX counts as that */
	uint32_t chunk_ext; /* bytes of chunk extensions and trailers, in sum over one body */
};
extern const struct http_limits http_default_limits; /* 8192, 32768, 100, 4096 */

enum http_method {
	HTTP_OTHER, /* any other token: h.method_name tells */
	HTTP_GET,
	HTTP_HEAD,
	HTTP_POST,
	HTTP_PUT,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_PATCH,
	HTTP_TRACE,
	HTTP_CONNECT,
};

/* Fields that frame, route or are asked for on every request: found once, while parsing. */
enum http_known {
	HTTP_F_OTHER,
	HTTP_F_HOST, /* from here to UPGRADE: those that the reader itself obeys */
	HTTP_F_CONTENT_LENGTH,
	HTTP_F_TRANSFER_ENCODING,
	HTTP_F_CONNECTION,
	HTTP_F_EXPECT,
	HTTP_F_UPGRADE,
	HTTP_F_CONTENT_TYPE,
	HTTP_F_TE,
	HTTP_F_KEEP_ALIVE,
	HTTP_F_PROXY_CONNECTION,
	HTTP_F_TRAILER,
	HTTP_F_DATE,
	HTTP_F_SERVER,
	HTTP_F_X_FORWARDED_FOR,
	HTTP_F_X_FORWARDED_PROTO,
	HTTP_F_X_FORWARDED_HOST,
	HTTP_F_X_FORWARDED_PORT,
	HTTP_F_FORWARDED,
	HTTP_F_IF_MATCH,
	HTTP_F_IF_NONE_MATCH,
	HTTP_F_IF_MODIFIED_SINCE,
	HTTP_F_IF_UNMODIFIED_SINCE,
	HTTP_F_ACCEPT,
	HTTP_F_ACCEPT_ENCODING,
	HTTP_F_RANGE,
	HTTP_F_IF_RANGE,
	HTTP_F_X_REQUEST_ID,
	HTTP_F_KINDS /* how many; at most 32, for h.has */
};

/* Offsets from the head's first byte: 8 bytes a field, good wherever the bytes are moved. */
struct http_field {
	uint16_t name, value;
	uint16_t name_n, value_n;
};

enum http_framing {
	HTTP_NO_BODY,
	HTTP_LENGTH, /* h.length bytes follow, perhaps 0 */
	HTTP_CHUNKED,
	HTTP_UNTIL_CLOSE, /* answers only */
};

/*
 * What a head says. Only as much of field[] and known[] as h.fields tells is written. After an
 * error or HTTP_MORE nothing in it means anything.
 */
struct http_head {
	const uint8_t *at;    /* the head's first byte (after a leading CRLF) */
	uint32_t n;           /* bytes of the head, with its last CRLF */
	uint32_t has;         /* bit 1 << kind for each enum http_known that is there */
	uint8_t minor;        /* HTTP/1.minor: 0, or 1 for 1.1 and above */
	bool keep_alive;      /* the connection may carry another message afterwards */
	bool expect_continue; /* the sender waits for 100 (Continue) and a body is announced */
	bool upgrade;         /* 1.1, an Upgrade field and "upgrade" in Connection */
	enum http_framing framing;
	uint64_t length; /* Content-Length, also of an answer to HEAD; else 0 */
	/* requests */
	enum http_method method;
	struct span method_name;
	struct span target; /* as sent */
	struct span path;  /* raw path of origin-form or absolute-form; "*"; p == NULL in CONNECT */
	struct span query; /* without the '?'; p == NULL when there is none */
	struct span host;  /* with the port; absolute-form and CONNECT win over Host (9112, 3.2.2);
			      p == NULL in a 1.0 request without Host */
	/* answers */
	uint16_t status;
	uint16_t fields;
	struct span reason;
	struct http_field field[HTTP_FIELDS_MAX];
	uint8_t known[HTTP_FIELDS_MAX]; /* enum http_known of each */
};

/*
 * Read one head from the front of [in]: bytes used, HTTP_MORE, or an error. All spans of [h]
 * point into [in], except an empty absolute-form's path, which is a constant "/" or "*". An error
 * is told at the first byte that decides it (a field's meaning: at its line's end), a limit
 * before the head is complete: a buffer of lim->head + 2 bytes never fills up on HTTP_MORE.
 *
 * http_read_request. One leading CRLF is passed over (9112, 2.2) and counted in the bytes used.
 * - Target (9112, 3.2): origin-form; absolute-form with http or https; authority-form with CONNECT
 *   only; "*" with OPTIONS only, which is also the path of OPTIONS with an absolute-form without
 *   path. Bytes are those of RFC 3986, plus what the URL standard of the browsers leaves
 *   bare: [ ] | ^ in path and query, { } ` \ in the query. A broken escape, '#', userinfo and
 *   bytes above 0x7F are refused.
 * - Host: exactly one in 1.1, at most one in 1.0. Empty is accepted, since a client must send it so
 *   when its target has no authority (9112, 3.2), and 3.3 lets the server take a default; with a
 *   port but no name it is refused (9110, 4.2.1). IPvFuture is refused (RFC 3986, 3.2.2).
 * - Transfer-Encoding is "chunked" and nothing else, in 1.1 only, without Content-Length.
 *   Content-Length is one field with one plain number up to 2^63 - 1: equal copies are refused too.
 *
 * http_read_response needs to know the request's method: the answer to HEAD and CONNECT is framed
 * differently (9112, 6.3). 1xx, 204 and 304 have no body. The blank before an empty reason may be
 * missing: many servers forget it, and the line's end leaves no second reading. A status
 * outside 100 to 599 is HTTP_ESTATUS.
 */
int http_read_request(struct span in, const struct http_limits *lim, struct http_head *h);
int http_read_response(struct span in, const struct http_limits *lim, enum http_method asked,
		       struct http_head *h);

/*
 * A reader keeps no state: it starts again at each call. When a call said HTTP_MORE for the first
 * [seen] bytes of [in], this tells whether the bytes since then are worth another: a line has
 * ended or a limit is reached. Asking first keeps a head that comes byte by byte at a
 * cost linear in its lines; an error in an unfinished line is then told at that line's end.
 */
bool http_head_due(struct span in, size_t seen, const struct http_limits *lim);

/* The i-th field; the value has no blanks at its ends. */
struct span http_name(const struct http_head *h, unsigned i);
struct span http_value(const struct http_head *h, unsigned i);
/* The first field of that kind or name; p == NULL when there is none. */
struct span http_find(const struct http_head *h, enum http_known kind);
struct span http_find_name(const struct http_head *h, struct span name);
/* Whether the comma-separated list(s) of that field hold [token], without case (9110, 5.6.1). */
bool http_list_has(const struct http_head *h, enum http_known kind, struct span token);
/*
 * Whether the i-th field is for this connection only and must not be passed on (9110, 7.6.1):
 * Connection, Keep-Alive, Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade, and what
 * Connection names. Fields that frame, route or authenticate stay even when it names them, or a
 * client could have them removed between two servers.
 */
bool http_is_hop_by_hop(const struct http_head *h, unsigned i);

/* A body, decoded piece by piece; state for a stream of unknown length, 24 bytes. */
struct http_body {
	uint64_t left;      /* of the length, or of the chunk */
	uint32_t ext;       /* bytes of extensions and trailers so far */
	uint32_t ext_max;   /* lim->chunk_ext */
	uint32_t forbidden; /* trailer names that still fit, one bit each */
	uint8_t framing;
	uint8_t state;
	uint8_t at; /* digits of the size, bytes of the trailer's name */
	bool done;
};
void http_body_init(struct http_body *b, const struct http_head *h, const struct http_limits *lim);
/*
 * Takes bytes from the front of [in]; returns the bytes used, HTTP_MORE when none could be (in is
 * empty or b->done), or an error, which stays. *piece gets the body bytes among them: a view
 * into [in], perhaps empty. A call ends at the end of a piece, so call again while bytes remain.
 * b->done after the last byte, at once for an empty body. Never uses bytes of the next
 * message. With HTTP_UNTIL_CLOSE the caller's end of file is the end.
 *
 * Chunks: sizes up to 2^63 - 1 in at most 16 digits; extensions are checked (9112, 7.1.1, with
 * the bad whitespace that a recipient must accept) and dropped. Trailers are checked like fields
 * and dropped; those that may never be trailers (framing, routing, authentication, content format,
 * conditions: 9110, 6.5.1) are HTTP_ECHUNK.
 */
int http_body_next(struct http_body *b, struct span in, struct span *piece);
/* Bytes known to follow: the rest of the length, or of the chunk whose size line is complete. */
uint64_t http_body_due(const struct http_body *b);

/*
 * Writers. What may not stand there (a blank or a control character in a method or target, a name
 * that is no token, CR, LF or another control character in a value, a chunk of no bytes, a status
 * without three digits) sets o->over and is not written, so that no text of a user can split a
 * message.
 */
void http_put_request_line(struct out *o, struct span method, struct span target);
void http_put_status_line(struct out *o, unsigned status); /* standard reason phrase */
void http_put_field(struct out *o, struct span name, struct span value);
void http_put_field_u64(struct out *o, struct span name, uint64_t value);
void http_put_head_end(struct out *o); /* the empty line */
/* The size line of a chunk; its data, n > 0 bytes, and http_put_chunk_end follow. */
void http_put_chunk_begin(struct out *o, size_t n);
void http_put_chunk_end(struct out *o);
void http_put_last_chunk(struct out *o);  /* without trailers */
const char *http_reason(unsigned status); /* "" for one that is not registered */

/* IMF-fixdate (9110, 5.6.7), 29 bytes, from seconds since 1970; later than 9999 gives its last. */
#define HTTP_DATE_SIZE 29
void http_put_date(uint8_t at[static HTTP_DATE_SIZE], uint64_t seconds);
/*
 * All three forms a recipient must accept, to the letter; false when it is none, or before 1970.
 * [now] resolves two-digit years: none is more than 50 years ahead. Second 60 is the next
 * minute's 0. The day's name must be one, but is not held against the date (9110 asks
 * recipients to be robust here).
 */
bool http_get_date(struct span s, uint64_t now, uint64_t *seconds);

/*
 * Percent-decodes the path [raw] once into [o] and removes dot segments (RFC 3986 section 5.2.4)
 * so that the result starts with '/' and never leaves it. Refused (false): another first byte
 * than '/', a malformed escape, a control character (%00 too), a slash or backslash by
 * escape, a backslash, a dot segment made by an escape, overlong or invalid UTF-8, o->over.
 * raw.n bytes of room are always enough. Empty segments stay: the result may begin with "//".
 */
bool http_path_decode(struct span raw, struct out *o);
/*
 * The first value of [key] in a query ("a=1&b=2"; keys are decoded too), percent-decoded with
 * '+' as blank, any byte: 1 found, 0 absent, HTTP_ETARGET malformed or too long for [o], which
 * then holds what it held before.
 */
int http_query_get(struct span query, struct span key, struct out *o);

/*
 * Media type of a file name or path by its extension, without case, with charset=utf-8 for text;
 * application/octet-stream for an unknown one. The result is constant.
 */
struct span http_media_type(struct span name);

#endif
