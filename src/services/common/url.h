/*
 * url: the addresses of stores as the ecosystem writes them in one variable.
 *
 *	redis://[user[:password]@]host[:port][/db][?name=value&...]     rediss:// with TLS
 *	postgres://[user[:password]@]host[:port][/dbname][?name=value&...]     also postgresql://
 *
 *	struct url u;
 *	int rc = url_parse(span_str(text), &u);
 *	if (rc == URL_OK && u.scheme == URL_POSTGRES && url_param(&u, "sslmode", &mode))
 *		...
 *
 * RFC 3986, strict: what has a meaning in URLs must be percent-encoded inside a user, password
 * or name ('@' as %40), '+' is a plus, %00 is refused. A part that is absent is empty or 0, so
 * that the single variables keep their say about it.
 */
#ifndef COMMON_URL_H
#define COMMON_URL_H

#include "services/common/config.h"

#define URL_QUERY_MAX 511

enum {
	URL_OK = 1,
	URL_ESCHEME = -1,  /* none of redis, rediss, postgres, postgresql, with "://" */
	URL_ECHAR = -2,    /* a blank, control or non-ASCII byte, or '#' */
	URL_EPERCENT = -3, /* '%' without two hexadecimal digits */
	URL_ENUL = -4,     /* %00 */
	URL_EUSER = -5,    /* '@' in user or password, not encoded */
	URL_EHOST = -6,    /* no host, several hosts, or not the name or address of one */
	URL_EPORT = -7,    /* not 1 to 65535 */
	URL_EDB = -8,      /* the database of Redis is not a number */
	URL_EQUERY = -9,   /* a parameter without a name or without '=' */
	URL_ETOOLONG = -10,
};

enum url_scheme { URL_REDIS, URL_POSTGRES };

struct url {
	enum url_scheme scheme;
	bool tls; /* rediss:// */
	struct config_text user;
	struct config_secret password;
	struct config_text host; /* an IPv6 address without its brackets */
	uint16_t port;           /* 0: not given */
	struct config_text db;   /* dbname, or the number of the database as text */
	uint32_t db_number;      /* of Redis; 0 when not given */
	char query[URL_QUERY_MAX + 1];
};

/* URL_OK, or an error that leaves *u zeroed. */
int url_parse(struct span text, struct url *u);

/*
 * The decoded value of a parameter of the query; of several with the name the last. False, and
 * *value untouched, when there is none.
 */
bool url_param(const struct url *u, const char *name, struct config_text *value);

const char *url_strerror(int rc);

#endif
