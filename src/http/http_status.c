#include "http/http.h"

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

/* The registry of status codes (IANA; 9110, 15), a row of texts for each run of numbers. */
static const char informational[][32] = {
	"Continue",
	"Switching Protocols",
	"Processing",
	"Early Hints",
};
static const char successful[][32] = {
	"OK",
	"Created",
	"Accepted",
	"Non-Authoritative Information",
	"No Content",
	"Reset Content",
	"Partial Content",
	"Multi-Status",
	"Already Reported",
};
static const char redirection[][32] = {
	"Multiple Choices",   "Moved Permanently",  "Found", "See Other",
	"Not Modified",       "Use Proxy",          "", /* 306 */
	"Temporary Redirect", "Permanent Redirect",
};
static const char client_error[][32] = {
	"Bad Request",
	"Unauthorized",
	"Payment Required",
	"Forbidden",
	"Not Found",
	"Method Not Allowed",
	"Not Acceptable",
	"Proxy Authentication Required",
	"Request Timeout",
	"Conflict",
	"Gone",
	"Length Required",
	"Precondition Failed",
	"Content Too Large",
	"URI Too Long",
	"Unsupported Media Type",
	"Range Not Satisfiable",
	"Expectation Failed",
	"", /* 418 */
	"",
	"",
	"Misdirected Request",
	"Unprocessable Content",
	"Locked",
	"Failed Dependency",
	"Too Early",
	"Upgrade Required",
	"",
	"Precondition Required",
	"Too Many Requests",
	"",
	"Request Header Fields Too Large",
};
static const char server_error[][32] = {
	"Internal Server Error",
	"Not Implemented",
	"Bad Gateway",
	"Service Unavailable",
	"Gateway Timeout",
	"HTTP Version Not Supported",
	"Variant Also Negotiates",
	"Insufficient Storage",
	"Loop Detected",
	"",
	"Not Extended",
	"Network Authentication Required",
};

#define ROW(texts)                                     \
	{                                              \
		texts, sizeof(texts) / sizeof *(texts) \
	}

const char *http_reason(unsigned status)
{
	static const struct {
		const char (*text)[32];
		size_t n;
	} rows[] = {ROW(informational), ROW(successful), ROW(redirection), ROW(client_error),
		    ROW(server_error)};
	unsigned row = status / 100 - 1, i = status % 100;
	if (status == 226)
		return "IM Used";
	if (status == 451)
		return "Unavailable For Legal Reasons";
	return status >= 100 && row < 5 && i < rows[row].n ? rows[row].text[i] : "";
}
