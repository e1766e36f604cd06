#include "http/http.h"

#include <string.h>

const char *http_strerror(int rc)
{
	switch (rc) {
	case HTTP_MORE:
		return "more bytes needed";
	case HTTP_ELINE:
		return "malformed line";
	case HTTP_EMETHOD:
		return "malformed method";
	case HTTP_ELONGMETHOD:
		return "method too long to be known";
	case HTTP_ETARGET:
		return "malformed request target";
	case HTTP_EVERSION:
		return "HTTP version is not 1.x";
	case HTTP_EFIELD:
		return "malformed field";
	case HTTP_EHOST:
		return "Host missing, repeated or malformed";
	case HTTP_ELENGTH:
		return "Content-Length repeated, malformed or contradicted";
	case HTTP_ETRANSFER:
		return "Transfer-Encoding malformed or out of place";
	case HTTP_ECODING:
		return "transfer coding is not chunked";
	case HTTP_EEXPECT:
		return "expectation is not 100-continue";
	case HTTP_ELONGLINE:
		return "start line longer than the limit";
	case HTTP_ELONGHEAD:
		return "head longer than the limit";
	case HTTP_EFIELDS:
		return "more fields than the limit";
	case HTTP_ECHUNK:
		return "malformed chunk or trailer, or too many bytes of them";
	case HTTP_ESTATUS:
		return "malformed status line";
	case HTTP_ERANGE:
		return "no range is satisfiable";
	default:
		return "not an error of http";
	}
}

unsigned http_status_of(int rc)
{
	if (rc >= 0)
		return 200;
	switch (rc) {
	case HTTP_ELONGLINE:
		return 414;
	case HTTP_ERANGE:
		return 416;
	case HTTP_EEXPECT:
		return 417;
	case HTTP_ELONGHEAD:
	case HTTP_EFIELDS:
		return 431;
	case HTTP_ELONGMETHOD:
	case HTTP_ECODING:
		return 501;
	case HTTP_ESTATUS:
		return 502;
	case HTTP_EVERSION:
		return 505;
	case HTTP_ELINE:
	case HTTP_EMETHOD:
	case HTTP_ETARGET:
	case HTTP_EFIELD:
	case HTTP_EHOST:
	case HTTP_ELENGTH:
	case HTTP_ETRANSFER:
	case HTTP_ECHUNK:
		return 400;
	default:
		return 500;
	}
}

/*
 * The registry of status codes (IANA; 9110, 15): for each hundred its phrases from 00 on, one after
 * the other, with a NUL behind each and none for a number that is not registered. Packed, because
 * this goes into every image; the ones that are looked up often stand in front.
 */
static const char *const reasons[] = {
	"Continue\0Switching Protocols\0Processing\0Early Hints\0",
	"OK\0Created\0Accepted\0Non-Authoritative Information\0No Content\0Reset Content\0"
	"Partial Content\0Multi-Status\0Already Reported\0",
	"Multiple Choices\0Moved Permanently\0Found\0See Other\0Not Modified\0Use Proxy\0"
	"\0Temporary Redirect\0Permanent Redirect\0",
	"Bad Request\0Unauthorized\0Payment Required\0Forbidden\0Not Found\0"
	"Method Not Allowed\0Not Acceptable\0Proxy Authentication Required\0Request Timeout\0"
	"Conflict\0Gone\0Length Required\0Precondition Failed\0Content Too Large\0"
	"URI Too Long\0Unsupported Media Type\0Range Not Satisfiable\0Expectation Failed\0"
	"\0\0\0Misdirected Request\0Unprocessable Content\0Locked\0Failed Dependency\0"
	"Too Early\0Upgrade Required\0\0Precondition Required\0Too Many Requests\0\0"
	"Request Header Fields Too Large\0",
	"Internal Server Error\0Not Implemented\0Bad Gateway\0Service Unavailable\0"
	"Gateway Timeout\0HTTP Version Not Supported\0Variant Also Negotiates\0"
	"Insufficient Storage\0Loop Detected\0\0Not Extended\0"
	"Network Authentication Required\0",
};
static const uint8_t registered[] = {4, 9, 9, 32, 12};

const char *http_reason(unsigned status)
{
	unsigned hundred = status / 100 - 1, i = status % 100;
	if (status == 226)
		return "IM Used";
	if (status == 451)
		return "Unavailable For Legal Reasons";
	if (status < 100 || hundred >= sizeof registered || i >= registered[hundred])
		return "";
	const char *text = reasons[hundred];
	while (i-- > 0)
		text += strlen(text) + 1;
	return text;
}
