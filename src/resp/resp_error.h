/*
 * What an error reply means, and what may be done about it. Pure.
 *
 *	if (it.type == RESP_ERROR)
 *		switch (resp_error_action(resp_error_class(it.str))) {
 *		case RESP_RETRY_LATER:  // nothing was executed; the same server, in a while
 *		...
 *
 * Servers name the kind of an error by its first word (redis.io/docs/reference/protocol-spec,
 * "Simple errors"); what follows is for people, and differs from version to version.
 */
#ifndef RESP_RESP_ERROR_H
#define RESP_RESP_ERROR_H

#include "base/span.h"

enum resp_error_class {
	RESP_ERR_OTHER, /* a word that is not below: a module's, a script's, a newer server's */
	RESP_ERR_ERR,   /* unknown command, wrong number of arguments, and all without a word */
	RESP_ERR_WRONGTYPE,
	RESP_ERR_NOAUTH,      /* the connection is not logged in */
	RESP_ERR_WRONGPASS,   /* no such user, or not his password */
	RESP_ERR_NOPERM,      /* the user may not do this, or not with this key or channel */
	RESP_ERR_DENIED,      /* protected mode: only from the server's own machine */
	RESP_ERR_NOPROTO,     /* HELLO with a protocol the server does not speak */
	RESP_ERR_LOADING,     /* the data set is still being read */
	RESP_ERR_BUSY,        /* a script has been running for too long */
	RESP_ERR_MASTERDOWN,  /* a replica that lost its master and serves nothing stale */
	RESP_ERR_READONLY,    /* a write sent to a replica */
	RESP_ERR_MOVED,       /* cluster: "MOVED slot host:port" */
	RESP_ERR_ASK,         /* cluster: "ASK slot host:port" */
	RESP_ERR_CLUSTERDOWN, /* cluster: nobody serves the slot */
	RESP_ERR_TRYAGAIN,    /* cluster: the slot is on its way, the keys are on both sides */
	RESP_ERR_CROSSSLOT,   /* cluster: the keys of one command are not in one slot */
	RESP_ERR_OOM,         /* maxmemory is reached and nothing may be evicted */
	RESP_ERR_MISCONF,     /* the server can't save, and takes no writes */
	RESP_ERR_NOREPLICAS,  /* fewer replicas than min-replicas-to-write */
	RESP_ERR_NOSCRIPT,    /* EVALSHA of a script that is not in the cache */
	RESP_ERR_EXECABORT,   /* the transaction was given up: a command in it was refused */
	RESP_ERR_NOTBUSY,     /* SCRIPT KILL, but none is running */
	RESP_ERR_UNKILLABLE,  /* SCRIPT KILL of one that has written */
	RESP_ERR_INPROG,      /* a failover is under way already */
	RESP_ERR_NOGROUP,     /* no such consumer group, or no such stream */
	RESP_ERR_BUSYGROUP,   /* the consumer group is there already */
	RESP_ERR_BUSYKEY,     /* RESTORE to a key that is there */
	RESP_ERR_UNBLOCKED,   /* a blocking command was ended: its key is gone, or by CLIENT UNBLOCK
			       */
	RESP_ERR_MAXCLIENTS,  /* "ERR max number of clients reached", said instead of a login */
	RESP_ERR_CLASSES,
};

/* Error replies say that the command was not executed, but for errors of scripts and EXEC. */
enum resp_error_action {
	RESP_GIVE_UP,         /* the same command will get the same answer */
	RESP_RETRY_LATER,     /* the server will be able to soon: seconds */
	RESP_RETRY_ELSEWHERE, /* this server has another role now: look the name up, connect anew */
	RESP_REDIRECT,        /* the words name the server that has the slot */
	RESP_LOG_IN,          /* the login is not good any more: connect anew */
	RESP_CALL_OPERATOR,   /* until somebody helps the server, it takes no writes: minutes */
};

/* [words]: the text of an error reply, without its type byte. */
enum resp_error_class resp_error_class(struct span words);
enum resp_error_action resp_error_action(enum resp_error_class class);

#endif
