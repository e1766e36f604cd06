/*
 * Where a Redis server is and who is asking, in one line. Pure.
 *
 *	redis://[user[:password]@][host][:port][/db][?db=N&password=...]
 *	rediss://...                              the same by TLS
 *	unix://[user[:password]@]/path[?db=N&password=...]
 *
 *	uint8_t room[256];
 *	struct resp_uri u;
 *	if (resp_uri_read(text, room, sizeof room, &u) < 0)
 *		complain();
 *	host = (struct link_host){(const char *)u.host.p, u.port};
 *	login = (struct resp_login){.user = u.user, .password = u.password, .db = u.db};
 *
 * RFC 3986 with the parts that www.iana.org/assignments/uri-schemes/prov/redis gives a meaning.
 * Other parameters of the query are passed over: they are for other clients.
 */
#ifndef RESP_RESP_URI_H
#define RESP_RESP_URI_H

#include "base/span.h"

#define RESP_PORT 6379

struct resp_uri {
	struct span user, password; /* empty: none */
	struct span host;           /* "localhost" when none is given; of unix: the path */
	uint16_t port;              /* 0: host is the path of a Unix socket */
	uint32_t db;
	bool tls;
};

/*
 * Returns 1; RESP_EURI; or RESP_EROOM: [n] is at least text.n + 8 to be enough for any. The spans
 * point into [room], percent-encoding undone, a NUL behind each, none inside. Who wipes the
 * password wipes [room].
 */
int resp_uri_read(struct span text, void *room, size_t n, struct resp_uri *u);

#endif
