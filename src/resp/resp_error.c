#include "resp/resp_error.h"

static const struct {
	char word[12];
	uint8_t action;
} classes[RESP_ERR_CLASSES] = {
	[RESP_ERR_OTHER] = {"", RESP_GIVE_UP},
	[RESP_ERR_ERR] = {"ERR", RESP_GIVE_UP},
	[RESP_ERR_WRONGTYPE] = {"WRONGTYPE", RESP_GIVE_UP},
	[RESP_ERR_NOAUTH] = {"NOAUTH", RESP_LOG_IN},
	[RESP_ERR_WRONGPASS] = {"WRONGPASS", RESP_GIVE_UP},
	[RESP_ERR_NOPERM] = {"NOPERM", RESP_GIVE_UP},
	[RESP_ERR_DENIED] = {"DENIED", RESP_GIVE_UP},
	[RESP_ERR_NOPROTO] = {"NOPROTO", RESP_GIVE_UP},
	[RESP_ERR_LOADING] = {"LOADING", RESP_RETRY_LATER},
	[RESP_ERR_BUSY] = {"BUSY", RESP_RETRY_LATER},
	[RESP_ERR_MASTERDOWN] = {"MASTERDOWN", RESP_RETRY_ELSEWHERE},
	[RESP_ERR_READONLY] = {"READONLY", RESP_RETRY_ELSEWHERE},
	[RESP_ERR_MOVED] = {"MOVED", RESP_REDIRECT},
	[RESP_ERR_ASK] = {"ASK", RESP_REDIRECT},
	[RESP_ERR_CLUSTERDOWN] = {"CLUSTERDOWN", RESP_RETRY_LATER},
	[RESP_ERR_TRYAGAIN] = {"TRYAGAIN", RESP_RETRY_LATER},
	[RESP_ERR_CROSSSLOT] = {"CROSSSLOT", RESP_GIVE_UP},
	[RESP_ERR_OOM] = {"OOM", RESP_CALL_OPERATOR},
	[RESP_ERR_MISCONF] = {"MISCONF", RESP_CALL_OPERATOR},
	[RESP_ERR_NOREPLICAS] = {"NOREPLICAS", RESP_CALL_OPERATOR},
	[RESP_ERR_NOSCRIPT] = {"NOSCRIPT", RESP_GIVE_UP},
	[RESP_ERR_EXECABORT] = {"EXECABORT", RESP_GIVE_UP},
	[RESP_ERR_NOTBUSY] = {"NOTBUSY", RESP_GIVE_UP},
	[RESP_ERR_UNKILLABLE] = {"UNKILLABLE", RESP_GIVE_UP},
	[RESP_ERR_INPROG] = {"INPROG", RESP_RETRY_LATER},
	[RESP_ERR_NOGROUP] = {"NOGROUP", RESP_GIVE_UP},
	[RESP_ERR_BUSYGROUP] = {"BUSYGROUP", RESP_GIVE_UP},
	[RESP_ERR_BUSYKEY] = {"BUSYKEY", RESP_GIVE_UP},
	[RESP_ERR_UNBLOCKED] = {"UNBLOCKED", RESP_GIVE_UP},
	/* Known by its sentence; no word has a blank. */
	[RESP_ERR_MAXCLIENTS] = {" ", RESP_RETRY_LATER},
};

enum resp_error_class resp_error_class(struct span words)
{
	struct span word = span_head(words, span_find(words, ' '));
	if (span_starts(words, SPAN("ERR max number of clients")))
		return RESP_ERR_MAXCLIENTS;
	for (unsigned i = RESP_ERR_ERR; i < RESP_ERR_CLASSES; i++)
		if (span_eq(word, span_str(classes[i].word)))
			return (enum resp_error_class)i;
	return RESP_ERR_OTHER;
}

enum resp_error_action resp_error_action(enum resp_error_class class)
{
	return (enum resp_error_action)classes[class].action;
}
