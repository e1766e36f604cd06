/*
 * pgwire: PostgreSQL's frontend/backend protocol, version 3.0 (chapter "Frontend/Backend
 * Protocol" of the PostgreSQL manual): framing and message bodies. Pure: bytes in, bytes out.
 * pgwire_session.h ties messages into logins and queries; most users want that.
 *
 *	struct pgwire_msg m;
 *	int used = pgwire_next(&pgwire_default_limits, in, &m);
 *	if (used > 0 && m.type == PGWIRE_DATA_ROW) {
 *		struct pgwire_row row;
 *		struct pgwire_value v;
 *		if (pgwire_row_init(&row, m.body) < 0)
 *			give_up();
 *		while (pgwire_row_next(&row, &v))
 *			use(v);          // v.null, or v.bytes: a view into [in]
 *	}
 *
 * Every span that a reader gives points into the bytes it was given and lives as long as they do.
 * A body is checked whole when it is opened (exact length, texts ended by NUL), so that walking
 * through it afterwards cannot fail.
 */
#ifndef PGWIRE_PGWIRE_H
#define PGWIRE_PGWIRE_H

#include "base/out.h"
#include "base/span.h"

enum {
	PGWIRE_MORE = 0,
	PGWIRE_ETYPE = -1,   /* a message type the protocol does not have */
	PGWIRE_ELENGTH = -2, /* a length below 4, or above the limit for its type */
	PGWIRE_EBODY = -3,   /* a body that does not match its type */
	PGWIRE_EPHASE = -4,  /* a message that may not come now, or a call that may not */
	PGWIRE_EROW = -5,    /* a DataRow that does not fit its RowDescription */
	PGWIRE_EFULL = -6,   /* as many requests in flight as the caller has room for */
	PGWIRE_EROOM = -7,   /* the output did not fit; nothing was written, used or remembered */
	PGWIRE_EAUTH = -8,   /* login refused by the server: the session's code and refusal tell */
	PGWIRE_EMETHOD = -9, /* an authentication method that is unknown or not allowed */
	PGWIRE_ESCRAM = -10, /* a SCRAM message that breaks RFC 5802 */
	PGWIRE_ESIGNATURE = -11, /* the server does not know the password: not the server we want */
	PGWIRE_EITERATIONS = -12, /* more PBKDF2 iterations than the limit */
	PGWIRE_EFATAL = -13,      /* a FATAL or PANIC error: the server closes the connection */
	PGWIRE_ETEXT = -14,       /* a NUL inside a text that the protocol ends with NUL */
	PGWIRE_EMANY = -15,       /* more columns, notices or parameter reports than the limit */
	PGWIRE_EENCODING = -16,   /* client_encoding became something else than UTF8 */
	PGWIRE_EREQUEST = -17,    /* a request that the protocol cannot say */
	PGWIRE_ECOPY = -18,       /* a request that may be a COPY is not over: send after it */
	PGWIRE_EKEYWORD = -19,    /* conninfo: a keyword that is unknown */
	PGWIRE_ESYNTAX = -20,     /* conninfo: neither a URI nor keyword=value */
	PGWIRE_EVALUE = -21,      /* conninfo: a value that its keyword cannot have */
};
/* English, for a log; "no error" for what is not an error. */
const char *pgwire_strerror(int rc);

/* Messages of the server. */
enum pgwire_type {
	PGWIRE_AUTHENTICATION = 'R',
	PGWIRE_BACKEND_KEY = 'K',
	PGWIRE_BIND_COMPLETE = '2',
	PGWIRE_CLOSE_COMPLETE = '3',
	PGWIRE_COMMAND_COMPLETE = 'C',
	PGWIRE_COPY_DATA = 'd',
	PGWIRE_COPY_DONE = 'c',
	PGWIRE_COPY_IN_RESPONSE = 'G',
	PGWIRE_COPY_OUT_RESPONSE = 'H',
	PGWIRE_COPY_BOTH_RESPONSE = 'W',
	PGWIRE_DATA_ROW = 'D',
	PGWIRE_EMPTY_QUERY = 'I',
	PGWIRE_ERROR_RESPONSE = 'E',
	PGWIRE_FUNCTION_RESULT = 'V',
	PGWIRE_NEGOTIATE_VERSION = 'v',
	PGWIRE_NO_DATA = 'n',
	PGWIRE_NOTICE_RESPONSE = 'N',
	PGWIRE_NOTIFICATION = 'A',
	PGWIRE_PARAMETER_DESCRIPTION = 't',
	PGWIRE_PARAMETER_STATUS = 'S',
	PGWIRE_PARSE_COMPLETE = '1',
	PGWIRE_PORTAL_SUSPENDED = 's',
	PGWIRE_READY = 'Z',
	PGWIRE_ROW_DESCRIPTION = 'T',
};

/* Bodies above this are never accepted or written: the server's own PQ_LARGE_MESSAGE_LIMIT. */
#define PGWIRE_MESSAGE_MAX 0x3ffffffeu
#define PGWIRE_PARAMS_MAX 65535u
#define PGWIRE_KEY_MAX 256 /* bytes of a cancel key in protocol 3.2; 3.0 has four */

/* Bytes of a body by type; a body above its limit is refused from its first five bytes. */
struct pgwire_limits {
	uint32_t row;        /* DataRow, CopyData */
	uint32_t other;      /* descriptions, errors, notices, notifications */
	uint32_t small;      /* all others; before the login is complete: every message */
	uint32_t columns;    /* of a RowDescription */
	uint32_t reports;    /* session: notices and ParameterStatus before the login is complete */
	uint32_t iterations; /* session: PBKDF2 in SCRAM */
	uint32_t piece;      /* session: a longer CopyData comes in pieces of this; 0: whole */
};
/* 16 MiB, 1 MiB, 8 KiB, 1664 (the server's MaxTupleAttributeNumber), 200, 600,000, 0. */
extern const struct pgwire_limits pgwire_default_limits;
/*
 * Those, for a receive buffer of [room] bytes (at least 64): a message that it cannot hold is
 * refused from its first five bytes and never waited for, a CopyData that it cannot hold comes in
 * pieces that it can.
 */
void pgwire_limits_init(struct pgwire_limits *lim, size_t room);

struct pgwire_msg {
	enum pgwire_type type;
	struct span body;
};

/* Takes one message from the front of [in]: the bytes used, PGWIRE_MORE, ETYPE or ELENGTH. */
int pgwire_next(const struct pgwire_limits *lim, struct span in, struct pgwire_msg *m);

/*
 * Bodies. pgwire_*_init and pgwire_get_* return 1, or PGWIRE_EBODY unless something else is said;
 * pgwire_*_next gives the next element, false after the last (or after a failed init).
 */

/* RowDescription. More columns than lim->columns: PGWIRE_EMANY. */
struct pgwire_column {
	struct span name;
	uint32_t table;   /* OID of the table, 0: not a column of one */
	int16_t attr;     /* and its number there */
	uint32_t type;    /* OID: pgwire_value.h has the common ones */
	int16_t size;     /* of the type, negative: variable */
	int32_t modifier; /* of the type, -1: none */
	bool binary;      /* format of the values; a statement's description always says text */
};
struct pgwire_columns {
	struct span rest;
	uint16_t count, left;
};
int pgwire_columns_init(struct pgwire_columns *c, const struct pgwire_limits *lim,
			struct span body);
bool pgwire_columns_next(struct pgwire_columns *c, struct pgwire_column *column);

/* DataRow. */
struct pgwire_value {
	struct span bytes;
	bool null; /* apart from the empty value */
};
struct pgwire_row {
	const uint8_t *at;
	uint16_t count, left;
};
int pgwire_row_init(struct pgwire_row *r, struct span body);
static inline bool pgwire_row_next(struct pgwire_row *r, struct pgwire_value *v)
{
	if (r->left == 0)
		return false;
	r->left--;
	uint32_t n = get_be32(r->at);
	r->at += 4;
	v->null = n == UINT32_MAX;
	v->bytes = v->null ? SPAN_NONE : (struct span){r->at, n};
	r->at += v->bytes.n;
	return true;
}

/* ParameterDescription: the OID of each parameter's type. */
struct pgwire_types {
	const uint8_t *at;
	uint16_t count, left;
};
int pgwire_types_init(struct pgwire_types *t, struct span body);
bool pgwire_types_next(struct pgwire_types *t, uint32_t *oid);

enum pgwire_severity {
	PGWIRE_SEVERITY_OTHER, /* a translated word, from servers before 9.6 */
	PGWIRE_DEBUG,
	PGWIRE_LOG,
	PGWIRE_INFO,
	PGWIRE_NOTICE,
	PGWIRE_WARNING,
	PGWIRE_ERROR,
	PGWIRE_FATAL,
	PGWIRE_PANIC,
};

/* ErrorResponse, NoticeResponse. Fields that were not sent have p == NULL. */
struct pgwire_error {
	enum pgwire_severity severity;
	struct span word; /* the severity, perhaps translated */
	struct span code; /* SQLSTATE: five digits and capitals */
	struct span message;
	struct span detail, hint;
	struct span position, internal_position; /* decimal, in characters from 1 */
	struct span internal_query, where;
	struct span schema, table, column, type, constraint;
	struct span file, line, routine; /* in the server's source */
};
/* Severity, code and message must be there; fields of unknown kind are passed over. */
int pgwire_get_error(struct span body, struct pgwire_error *e);

/* What to do about an SQLSTATE. */
enum pgwire_class {
	PGWIRE_CLASS_STATEMENT, /* the statement's own fault: it fails the same way again */
	PGWIRE_CLASS_DEAD,      /* the connection is gone or going (08, 57P04, 25P03, ...) */
	PGWIRE_CLASS_RETRY,     /* run the transaction again (40001, 40P01) */
	PGWIRE_CLASS_ELSEWHERE, /* not this server: it only reads (25006), goes, or is not up yet
				   (57P01 to 57P03); the connection may go with it */
	PGWIRE_CLASS_BUSY,      /* the same, later (53) */
	PGWIRE_CLASS_STALE,     /* a cached statement that is lost or outdated (26000, 0A000) */
	PGWIRE_CLASS_LOGIN,     /* wrong name, password or database (28, 3D000) */
};
enum pgwire_class pgwire_class_of(struct span code);

/* CommandComplete: "INSERT 0 5", "SELECT 3", "CREATE TABLE". */
struct pgwire_tag {
	struct span text;
	uint64_t rows; /* the number at its end, 0 without one */
	bool has_rows;
};
int pgwire_get_tag(struct span body, struct pgwire_tag *t);

/* ParameterStatus; also what pgwire_put_startup is given. */
struct pgwire_setting {
	struct span name, value;
};
int pgwire_get_setting(struct span body, struct pgwire_setting *p);

/* BackendKeyData: what a cancel request has to show; 4 to PGWIRE_KEY_MAX bytes. */
struct pgwire_key {
	uint32_t pid;
	struct span secret;
};
int pgwire_get_key(struct span body, struct pgwire_key *k);

struct pgwire_notify {
	uint32_t pid;
	struct span channel, payload;
};
int pgwire_get_notify(struct span body, struct pgwire_notify *n);

/* ReadyForQuery: 'I' idle, 'T' in a transaction, 'E' in a failed one. */
int pgwire_get_status(struct span body, char *status);

enum pgwire_auth_code {
	PGWIRE_AUTH_OK = 0,
	PGWIRE_AUTH_KERBEROS5 = 2,
	PGWIRE_AUTH_CLEARTEXT = 3,
	PGWIRE_AUTH_MD5 = 5,
	PGWIRE_AUTH_GSS = 7,
	PGWIRE_AUTH_GSS_CONTINUE = 8,
	PGWIRE_AUTH_SSPI = 9,
	PGWIRE_AUTH_SASL = 10,
	PGWIRE_AUTH_SASL_CONTINUE = 11,
	PGWIRE_AUTH_SASL_FINAL = 12,
};
struct pgwire_auth {
	uint32_t code;
	struct span data; /* salt of md5; list of mechanisms; the server's SASL message */
};
/* A code that is not in the enum is no error here. */
int pgwire_get_auth(struct span body, struct pgwire_auth *a);
/* Whether the data of PGWIRE_AUTH_SASL lists [mechanism]. */
bool pgwire_auth_offers(const struct pgwire_auth *a, struct span mechanism);

/*
 * NegotiateProtocolVersion: the newest version the server has, and how many options it does not
 * understand. The manual speaks of a minor version; what servers send is the whole (0x30000).
 */
struct pgwire_versions {
	uint32_t version, options;
};
int pgwire_get_versions(struct span body, struct pgwire_versions *v);

/* CopyInResponse, CopyOutResponse. */
struct pgwire_copy {
	bool binary;
	uint16_t columns;
};
int pgwire_get_copy(struct span body, struct pgwire_copy *c);

/*
 * Writers, one message each. What cannot be said sets o->over as what does not fit does, and the
 * message must then be thrown away: a text with a NUL inside, more than PGWIRE_PARAMS_MAX
 * parameters or formats, a message above PGWIRE_MESSAGE_MAX, a key outside 4 to PGWIRE_KEY_MAX.
 */
void pgwire_put_ssl_request(struct out *o);
void pgwire_put_cancel(struct out *o, uint32_t pid, struct span secret);
#define PGWIRE_VERSION_3_0 0x30000u
#define PGWIRE_VERSION_3_2 0x30002u /* servers from 18 on: longer cancel keys */
/* Settings with an empty value are left out. */
void pgwire_put_startup(struct out *o, uint32_t version, size_t n,
			const struct pgwire_setting settings[]);
void pgwire_put_password(struct out *o, struct span password);
void pgwire_put_sasl_first(struct out *o, struct span mechanism, struct span data);
void pgwire_put_sasl(struct out *o, struct span data);
void pgwire_put_query(struct out *o, struct span sql);

struct pgwire_param {
	struct span value;
	bool null;
	bool binary;  /* format of the value */
	uint32_t oid; /* its type, for Parse; 0: the server finds out */
};
/* Statement and portal names: empty is the unnamed one. */
void pgwire_put_parse(struct out *o, struct span statement, struct span sql, size_t n,
		      const struct pgwire_param params[]);
/* [formats] of the result: a byte for each column or one for all, 1 is binary; empty: all text. */
void pgwire_put_bind(struct out *o, struct span portal, struct span statement, size_t n,
		     const struct pgwire_param params[], struct span formats);
void pgwire_put_describe_statement(struct out *o, struct span statement);
void pgwire_put_describe_portal(struct out *o, struct span portal);
void pgwire_put_execute(struct out *o, struct span portal, uint32_t max_rows); /* 0: all */
void pgwire_put_close_statement(struct out *o, struct span statement);
void pgwire_put_close_portal(struct out *o, struct span portal);
void pgwire_put_sync(struct out *o);
void pgwire_put_flush(struct out *o);
void pgwire_put_copy_data(struct out *o, struct span data);
void pgwire_put_copy_done(struct out *o);
void pgwire_put_copy_fail(struct out *o, struct span why);
void pgwire_put_terminate(struct out *o);

#endif
