/*
 * postgres_attrs: which of several servers is the right one (libpq's target_session_attrs). The
 * hosts of link_config are tried in their order; each that lets us in is asked what it is before
 * the setup and the statements, and the wrong kind is left for the next host at once.
 *
 *	postgres_start(&client, &loop, &config, &events);
 *	postgres_attrs_open(&attrs, &client, POSTGRES_PRIMARY);
 *
 * Who wants to write and is told in life that the server only reads (25006: after a failover) has
 * it asked again, as soon as no transaction is open, and leaves it when it is so. One that says it
 * goes down (57P01 to 57P03) is left for the next host, too. Servers from
 * PostgreSQL 14 say what they are in the login; older ones cost a query.
 */
#ifndef DRIVERS_POSTGRES_ATTRS_H
#define DRIVERS_POSTGRES_ATTRS_H

#include "drivers/postgres.h"

enum postgres_kind {
	POSTGRES_ANY,
	POSTGRES_READ_WRITE, /* not in recovery, and default_transaction_read_only is off */
	POSTGRES_READ_ONLY,  /* one of the two */
	POSTGRES_PRIMARY,    /* not in recovery */
	POSTGRES_STANDBY,
	POSTGRES_PREFER_STANDBY, /* any, when all hosts were asked and none is a standby */
};

struct postgres_attrs {
	struct postgres_watcher watcher;
	struct postgres_request q;
	struct postgres *p;
	enum postgres_kind wanted;
	char recovery, read_only; /* as reported: 't', 'f'; 0: it was not */
	uint64_t losses;          /* of [p], when that was reported */
	bool answer;
	bool asking, suspect;
	uint32_t refused_in; /* prefer-standby: the pass in which a primary was refused, plus 1 */
	uint64_t refusals;   /* telemetry: servers of the wrong kind */
};

/* Right after postgres_start; [a] stays in place. */
void postgres_attrs_open(struct postgres_attrs *a, struct postgres *p, enum postgres_kind wanted);
/* load_balance_hosts: a random order, before postgres_start. */
void postgres_hosts_shuffle(struct link_host hosts[], size_t n);

#endif
