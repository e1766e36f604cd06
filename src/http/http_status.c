#include "http/http.h"

#include <string.h>

static const struct {
	uint16_t status;
	char text[62];
} errors[] = {
	[-HTTP_MORE] = {200, "more bytes needed"},
	[-HTTP_ELINE] = {400, "malformed line"},
	[-HTTP_EMETHOD] = {400, "malformed method"},
	[-HTTP_ELONGMETHOD] = {501, "method too long to be known"},
	[-HTTP_ETARGET] = {400, "malformed request target"},
	[-HTTP_EVERSION] = {505, "HTTP version is not 1.x"},
	[-HTTP_EFIELD] = {400, "malformed field"},
	[-HTTP_EHOST] = {400, "Host missing, repeated or malformed"},
	[-HTTP_ELENGTH] = {400, "Content-Length repeated, malformed or contradicted"},
	[-HTTP_ETRANSFER] = {400, "Transfer-Encoding malformed or out of place"},
	[-HTTP_ECODING] = {501, "transfer coding is not chunked"},
	[-HTTP_EEXPECT] = {417, "expectation is not 100-continue"},
	[-HTTP_ELONGLINE] = {414, "start line longer than the limit"},
	[-HTTP_ELONGHEAD] = {431, "head longer than the limit"},
	[-HTTP_EFIELDS] = {431, "more fields than the limit"},
	[-HTTP_ECHUNK] = {400, "malformed chunk or trailer, or too many bytes of them"},
	[-HTTP_ESTATUS] = {502, "malformed status line"},
	[-HTTP_ERANGE] = {416, "no range is satisfiable"},
};
#define ERRORS ((int)(sizeof errors / sizeof *errors))

const char *http_strerror(int rc)
{
	return rc > 0 || rc <= -ERRORS ? "not an error of http" : errors[-rc].text;
}

unsigned http_status_of(int rc)
{
	if (rc >= 0)
		return 200;
	return rc <= -ERRORS ? 500 : errors[-rc].status;
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
