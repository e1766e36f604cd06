/* Error replies of servers, word by word as they send them, and what may be done. */
#include "resp/resp_error.h"

#include "harness/tap.h"

static const struct {
	const char *words;
	enum resp_error_class class;
	enum resp_error_action action;
} rows[] = {
	{"ERR unknown command 'FOO'", RESP_ERR_ERR, RESP_GIVE_UP},
	{"ERR", RESP_ERR_ERR, RESP_GIVE_UP},
	{"ERR max number of clients reached", RESP_ERR_MAXCLIENTS, RESP_RETRY_LATER},
	{"ERR max number of clients + cluster connections reached", RESP_ERR_MAXCLIENTS,
	 RESP_RETRY_LATER},
	{"WRONGTYPE Operation against a key holding the wrong kind of value", RESP_ERR_WRONGTYPE,
	 RESP_GIVE_UP},
	{"NOAUTH Authentication required.", RESP_ERR_NOAUTH, RESP_LOG_IN},
	{"WRONGPASS invalid username-password pair or user is disabled.", RESP_ERR_WRONGPASS,
	 RESP_GIVE_UP},
	{"NOPERM this user has no permissions to run the 'set' command", RESP_ERR_NOPERM,
	 RESP_GIVE_UP},
	{"DENIED Redis is running in protected mode", RESP_ERR_DENIED, RESP_GIVE_UP},
	{"NOPROTO unsupported protocol version", RESP_ERR_NOPROTO, RESP_GIVE_UP},
	{"LOADING Redis is loading the dataset in memory", RESP_ERR_LOADING, RESP_RETRY_LATER},
	{"BUSY Redis is busy running a script.", RESP_ERR_BUSY, RESP_RETRY_LATER},
	{"MASTERDOWN Link with MASTER is down", RESP_ERR_MASTERDOWN, RESP_RETRY_ELSEWHERE},
	{"READONLY You can't write against a read only replica.", RESP_ERR_READONLY,
	 RESP_RETRY_ELSEWHERE},
	{"MOVED 3999 127.0.0.1:6381", RESP_ERR_MOVED, RESP_REDIRECT},
	{"ASK 3999 127.0.0.1:6381", RESP_ERR_ASK, RESP_REDIRECT},
	{"CLUSTERDOWN Hash slot not served", RESP_ERR_CLUSTERDOWN, RESP_RETRY_LATER},
	{"TRYAGAIN Multiple keys request during rehashing of slot", RESP_ERR_TRYAGAIN,
	 RESP_RETRY_LATER},
	{"CROSSSLOT Keys in request don't hash to the same slot", RESP_ERR_CROSSSLOT, RESP_GIVE_UP},
	{"OOM command not allowed when used memory > 'maxmemory'.", RESP_ERR_OOM,
	 RESP_CALL_OPERATOR},
	{"MISCONF Redis is configured to save RDB snapshots", RESP_ERR_MISCONF, RESP_CALL_OPERATOR},
	{"NOREPLICAS Not enough good replicas to write.", RESP_ERR_NOREPLICAS, RESP_CALL_OPERATOR},
	{"NOSCRIPT No matching script.", RESP_ERR_NOSCRIPT, RESP_GIVE_UP},
	{"EXECABORT Transaction discarded because of previous errors.", RESP_ERR_EXECABORT,
	 RESP_GIVE_UP},
	{"NOTBUSY No scripts in execution right now.", RESP_ERR_NOTBUSY, RESP_GIVE_UP},
	{"UNKILLABLE Sorry the script already executed write commands", RESP_ERR_UNKILLABLE,
	 RESP_GIVE_UP},
	{"INPROG Failover already in progress.", RESP_ERR_INPROG, RESP_RETRY_LATER},
	{"NOGROUP No such key 's' or consumer group 'g'", RESP_ERR_NOGROUP, RESP_GIVE_UP},
	{"BUSYGROUP Consumer Group name already exists", RESP_ERR_BUSYGROUP, RESP_GIVE_UP},
	{"BUSYKEY Target key name already exists.", RESP_ERR_BUSYKEY, RESP_GIVE_UP},
	{"UNBLOCKED client unblocked via CLIENT UNBLOCK", RESP_ERR_UNBLOCKED, RESP_GIVE_UP},

	{"", RESP_ERR_OTHER, RESP_GIVE_UP},
	{" ", RESP_ERR_OTHER, RESP_GIVE_UP},
	{" ERR", RESP_ERR_OTHER, RESP_GIVE_UP},
	{"err", RESP_ERR_OTHER, RESP_GIVE_UP},
	{"ERRO", RESP_ERR_OTHER, RESP_GIVE_UP},
	{"BUSYBODY", RESP_ERR_OTHER, RESP_GIVE_UP},
	{"CLUSTERDOWNS", RESP_ERR_OTHER, RESP_GIVE_UP},
	{"MYMODULE it went wrong", RESP_ERR_OTHER, RESP_GIVE_UP},
};

int main(void)
{
	bool seen[RESP_ERR_CLASSES] = {false};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct span words = guarded(0, span_str(rows[i].words));
		enum resp_error_class class = resp_error_class(words);
		seen[class] = true;
		ok(class == rows[i].class && resp_error_action(class) == rows[i].action,
		   "\"%s\": %d", rows[i].words, (int)class);
	}
	for (int i = 0; i < RESP_ERR_CLASSES; i++)
		check(seen[i], "class %d has a row", i);
	return done();
}
