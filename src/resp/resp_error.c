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
	static const char *const text[] = {
		[-RESP_MORE] = "more bytes needed",
		[-RESP_ETYPE] = "unknown type byte",
		[-RESP_ELINE] = "line not ended by CRLF",
		[-RESP_ENUMBER] = "malformed length, number, boolean or null",
		[-RESP_ETOOBIG] = "reply above a limit",
		[-RESP_EDEPTH] = "reply nested too deep",
		[-RESP_ETRAILER] = "no CRLF after a bulk string",
		[-RESP_ENEST] = "push, attribute or stream part out of place",
		[-RESP_EUNASKED] = "reply without a request",
		[-RESP_EFULL] = "too many requests in flight",
		[-RESP_EROOM] = "output buffer full",
		[-RESP_EAUTH] = "login refused",
		[-RESP_ELOGIN] = "login failed",
		[-RESP_EVERBATIM] = "verbatim string without format",
		[-RESP_ESEND] = "request not possible now",
	};
	const int known = (int)(sizeof text / sizeof *text);
	if (rc > 0)
		return "no error";
	return rc > -known ? text[-rc] : "unknown error";
}
