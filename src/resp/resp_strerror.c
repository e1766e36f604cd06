#include "resp/resp.h"

const struct resp_limits resp_default_limits = {
	.line = 64u << 10,
	.bulk = 512u << 20,
	.items = 16u << 20,
	.depth = RESP_DEPTH_MAX,
	.part = 0,
	.reply = 1u << 30,
};

const char *resp_strerror(int rc)
{
	switch (rc) {
	case RESP_MORE:
		return "more bytes needed";
	case RESP_ETYPE:
		return "unknown type byte";
	case RESP_ELINE:
		return "line not ended by CRLF";
	case RESP_ENUMBER:
		return "malformed length, number, boolean or null";
	case RESP_ETOOBIG:
		return "reply above a limit";
	case RESP_EDEPTH:
		return "reply nested too deep";
	case RESP_ETRAILER:
		return "no CRLF after a bulk string";
	case RESP_ENEST:
		return "push, attribute or stream part out of place";
	case RESP_EUNASKED:
		return "reply without a request";
	case RESP_EFULL:
		return "too many requests in flight";
	case RESP_EROOM:
		return "output buffer full";
	case RESP_EAUTH:
		return "login refused";
	case RESP_ELOGIN:
		return "login failed";
	case RESP_EVERBATIM:
		return "verbatim string without format";
	case RESP_ESEND:
		return "request not possible now";
	case RESP_EURI:
		return "not a redis:, rediss: or unix: URI";
	case RESP_ESHAPE:
		return "not the reply of that command";
	default:
		return rc > 0 ? "no error" : "unknown error";
	}
}
