/*
 * RFC 9110, what it asks of an origin server: all but conditions, ranges and content negotiation,
 * which are in rfc_9110_select_test.c, and what needs a resource with a POST (rfc_9110_api_test.c).
 */
#include "integration/rfc_rows.h"

#define POST "POST /" HOST
#define GET "GET /healthz" HOST
#define BODY "Content-Length: 3\r\n\r\n"
#define ALLOWED "Allow: GET, HEAD, OPTIONS"

static const struct rfc_row basics[] = {
	{"9110 2.3: a request means the same alone and behind others",
	 "GET /app.js" HOST "\r\nGET /app.js" HOST "\r\n", "200 200 open", "@all"},
	{"9110 2.5: a later minor version is one that we know",
	 "GET /healthz HTTP/1.7\r\nHost: t\r\n\r\n", "200 open", NULL},
	{"9110 2.5: a later major version is not", "GET /healthz HTTP/3.0\r\nHost: t\r\n\r\n",
	 "505 end", NULL},
	{"9110 4.1: a target of 8,000 octets", "GET /x?<a*7970>" HOST "\r\n", "200 open", NULL},
	{"9110 4.2.1: http with an empty host", "GET http:///app.js" HOST "\r\n", "400 end", NULL},
	{"9110 4.2.1: http with a port alone", "GET http://:80/app.js" HOST "\r\n", "400 end",
	 NULL},
	{"9110 4.2.1: Host with a port alone", "GET /app.js HTTP/1.1\r\nHost: :80\r\n\r\n",
	 "400 end", NULL},
	{"9110 4.2.2: https with an empty host", "GET https:///app.js" HOST "\r\n", "400 end",
	 NULL},
	{"9110 4.2.3: an escaped letter is that letter", "GET /%61pp.js" HOST "\r\n", "200 open",
	 "@all"},
	{"9110 4.2.3: hexadecimal digits in either case", "GET /%61pp%2Ejs?%2e" HOST "\r\n",
	 "200 open", "@all"},
	{"9110 4.2.3: an empty path is /", "GET http://t HTTP/1.1\r\nHost: t\r\n\r\n", "200 open",
	 "Content-Type: text/html; charset=utf-8"},
	{"9110 4.2.3: host without case", "GET http://EXAMPLE.com/app.js" HOST "\r\n", "200 open",
	 "@all"},
	{"9110 4.2.3: the path has case", "GET /APP.js" HOST "\r\n", "404 open", NULL},
	{"9110 4.2.3: dot segments are removed", "GET /a/./../app.js" HOST "\r\n", "200 open",
	 "@all"},
	{"9110 4.2.3: an escaped slash is no slash", "GET /a%2F../app.js" HOST "\r\n", "400 open",
	 NULL},
	{"9110 4.2.4: userinfo is an error", "GET http://u@t/app.js" HOST "\r\n", "400 end", NULL},
	{"9110 4.2.4: with a password", "GET http://u:p@t/app.js" HOST "\r\n", "400 end", NULL},
	{"9110 4.2.4: in Host", "GET /app.js HTTP/1.1\r\nHost: t@u\r\n\r\n", "400 end", NULL},
	{"9110 4.2.5: a fragment is for the client", "GET /app.js#a" HOST "\r\n", "400 end", NULL},
};

static const struct rfc_row fields[] = {
	{"9110 5.1: names without case",
	 "GET /healthz HTTP/1.1\r\nHOST: t\r\ncOnNeCtIoN: ClOsE\r\n\r\n", "200 end", NULL},
	{"9110 5.1: unknown fields are passed over", GET "X-Nobody-Knows: it\r\nFoo:bar\r\n\r\n",
	 "200 open", NULL},
	{"9110 5.2: several lines of a list are one list",
	 GET "Connection: a\r\nX: y\r\nConnection: b, close\r\n\r\n", "200 end", NULL},
	{"9110 5.3: order of different fields does not count",
	 "GET /healthz HTTP/1.1\r\nA: b\r\nConnection: close\r\nHost: t\r\n\r\n", "200 end", NULL},
	{"9110 5.3: nothing is done before the head is complete",
	 "GET /app.js" HOST "A: b\r\n<shut>", "end", NULL},
	{"9110 5.3: a late field counts as an early one", GET "A: b\r\nExpect: x\r\n\r\n",
	 "417 end", NULL},
	{"9110 5.4: a field of 20,000 bytes is read", GET "A: <a*20000>\r\n\r\n", "200 open", NULL},
	{"9110 5.4: one of 40,000 is refused", GET "A: <a*40000>\r\n\r\n", "431 end", NULL},
	{"9110 5.4: and one that does not end", GET "A: <a*200000>", "431 end", NULL},
	{"9110 5.4: and a name that does not end", GET "<a*200000>", "431 end", NULL},
	{"9110 5.5: NUL in a value", GET "A: b<nul>c\r\n\r\n", "400 end", NULL},
	{"9110 5.5: CR in a value", GET "A: b\rc\r\n\r\n", "400 end", NULL},
	{"9110 5.5: LF in a value", GET "A: b\nc\r\n\r\n", "400 end", NULL},
	{"9110 5.5: another control character", GET "A: b\001c\r\n\r\n", "400 end", NULL},
	{"9110 5.5: DEL", GET "A: b\177c\r\n\r\n", "400 end", NULL},
	{"9110 5.5: ESC, which a terminal would obey", GET "A: \033[2J\r\n\r\n", "400 end", NULL},
	{"9110 5.5: a tab within", GET "A: b\tc\r\n\r\n", "200 open", NULL},
	{"9110 5.5: bytes above 127 are opaque", GET "A: \x80\xff\xc3\xa9\r\n\r\n", "200 open",
	 NULL},
	{"9110 5.5: blanks around are none of it", GET "Connection: \t close \t\r\n\r\n", "200 end",
	 NULL},
	{"9110 5.6.1.2: empty list elements", GET "Connection: ,, ,close,,\r\n\r\n", "200 end",
	 NULL},
	{"9110 5.6.1.2: a list of nothing else", GET "Connection: , ,\r\n\r\n", "200 open", NULL},
	{"9110 5.6.1.2: in Expect", POST "Expect: , 100-continue ,\r\n" BODY "<read>abc",
	 "100 405 open", NULL},
	{"9110 5.6.3: blanks around list elements", GET "Connection: a \t , \t close\r\n\r\n",
	 "200 end", NULL},
};

static const struct rfc_row messages[] = {
	{"9110 6.1: a length and a coding at once",
	 POST "Transfer-Encoding: chunked\r\n" BODY "abc", "400 end", NULL},
	{"9110 6.4.1: 204 has no content", "OPTIONS /" HOST "\r\n", "204 open", "-Content-Type"},
	{"9110 6.4.1: nor its type when the connection ends",
	 "OPTIONS /" HOST "Connection: close\r\n\r\n", "204 end", "-Content-Length"},
	{"9110 6.4.1: 304 has none, in 1.0", "GET /app.js HTTP/1.0\r\nIf-None-Match: *\r\n\r\n",
	 "304 end", "-Transfer-Encoding"},
	{"9110 6.5.1: a trailer does not become a field",
	 POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Close: close\r\n\r\n", "405 open", NULL},
	{"9110 6.5.1: nor one that controls the connection",
	 POST "Transfer-Encoding: chunked\r\n\r\n0\r\nConnection: close\r\n\r\n", "400 end", NULL},
	{"9110 6.6.1: Date on 400", "x\r\n\r\n", "400 end", "Date"},
	{"9110 6.6.1: Date on 304", "GET /app.js" HOST "If-None-Match: *\r\n\r\n", "304 open",
	 "Date"},
	{"9110 6.6.1: Date on 404", "GET /x.y" HOST "\r\n", "404 open", "Date"},
	{"9110 6.6.1: Date on 501", "BREW /" HOST "\r\n", "501 open", "Date"},
	{"9110 6.6.1: Date of a request may be anything", GET "Date: yesterday\r\n\r\n", "200 open",
	 NULL},
	{"9110 6.6.2: Trailer binds nobody",
	 POST "Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "405 open", NULL},
};

static const struct rfc_row routing[] = {
	{"9110 7.2: Host is not asked when the target has an authority",
	 "GET http://t/app.js HTTP/1.1\r\nHost: u:1\r\n\r\n", "200 open", "@all"},
	{"9110 7.2: Host behind other fields",
	 "GET /healthz HTTP/1.1\r\nA: b\r\nC: d\r\nHost: t\r\n\r\n", "200 open", NULL},
	{"9110 7.4: https is served: whoever ended TLS is a gateway of ours",
	 "GET https://t/app.js" HOST "\r\n", "200 open", "@all"},
	{"9110 7.4: another scheme is not", "GET gopher://t/app.js" HOST "\r\n", "400 end", NULL},
	{"9110 7.6.1: options nobody knows are passed over",
	 GET "Connection: a, b, c\r\nA: 1\r\n\r\n", "200 open", NULL},
	{"9110 7.6.1: an option can't take Host away", GET "Connection: Host\r\n\r\n", "200 open",
	 NULL},
	{"9110 7.6.1: nor the framing",
	 POST "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	 "405 open", NULL},
	{"9110 7.6.1: what Connection names without sending", GET "Connection: X-Absent\r\n\r\n",
	 "200 open", NULL},
	{"9110 7.6.2: Max-Forwards does not stop a GET", GET "Max-Forwards: 0\r\n\r\n", "200 open",
	 NULL},
	{"9110 7.6.2: nor OPTIONS at its origin", "OPTIONS *" HOST "Max-Forwards: 0\r\n\r\n",
	 "204 open", ALLOWED},
	{"9110 7.6.2: TRACE with it", "TRACE /" HOST "Max-Forwards: 0\r\n\r\n", "405 open",
	 ALLOWED},
	{"9110 7.6.2: a malformed one", GET "Max-Forwards: x\r\n\r\n", "200 open", NULL},
	{"9110 7.6.3: no Via from an origin, whatever came", GET "Via: 1.1 a, 1.0 b\r\n\r\n",
	 "200 open", "-Via"},
	{"9110 7.8: Upgrade is passed over", GET "Connection: Upgrade\r\nUpgrade: foo/2\r\n\r\n",
	 "200 open", "-Upgrade"},
	{"9110 7.8: to WebSocket",
	 "GET /" HOST "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
	 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
	 "200 open", "-Upgrade"},
	{"9110 7.8: to h2c",
	 "GET /" HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
	 "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
	 "200 open", "-Upgrade"},
	{"9110 7.8: to TLS within the connection",
	 "OPTIONS *" HOST "Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n\r\n", "204 open",
	 "-Upgrade"},
	{"9110 7.8: in 1.0", "GET /healthz HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n",
	 "200 end", "-Upgrade"},
	{"9110 7.8: without the option", GET "Upgrade: websocket\r\n\r\n", "200 open", "-Upgrade"},
	{"9110 7.8: with a body and 100-continue: 100, then the answer",
	 POST "Connection: Upgrade\r\nUpgrade: foo\r\nExpect: 100-continue\r\n" BODY "<read>abc",
	 "100 405 open", "-Upgrade"},
};

static const struct rfc_row content[] = {
	{"9110 8.3: type of HTML", "GET /" HOST "\r\n", "200 open",
	 "Content-Type: text/html; charset=utf-8"},
	{"9110 8.3: of CSS", "GET /app.css" HOST "\r\n", "200 open",
	 "Content-Type: text/css; charset=utf-8"},
	{"9110 8.3: of a script", "GET /app.js" HOST "\r\n", "200 open",
	 "Content-Type: text/javascript; charset=utf-8"},
	{"9110 8.3: of a picture", "GET /favicon.svg" HOST "\r\n", "200 open",
	 "Content-Type: image/svg+xml; charset=utf-8"},
	{"9110 8.3: nobody shall guess", "GET /app.js" HOST "\r\n", "200 open",
	 "X-Content-Type-Options: nosniff"},
	{"9110 8.3: of a refusal by the reader", "GET /" HOST "A : b\r\n\r\n", "400 end",
	 "Content-Type: text/plain; charset=utf-8"},
	{"9110 8.3: of 404", "GET /x.y" HOST "\r\n", "404 open",
	 "Content-Type: text/plain; charset=utf-8"},
	{"9110 8.6: the length is that of the content", "GET /healthz" HOST "\r\n", "200 open",
	 "Content-Length: 3"},
	{"9110 8.6: a length of 63 bits is no overflow",
	 POST "Content-Length: 9223372036854775807\r\n\r\n", "413 end", NULL},
	{"9110 8.6: of 64", POST "Content-Length: 18446744073709551615\r\n\r\n", "400 end", NULL},
	{"9110 8.6: 2^64 + 3 is not 3", POST "Content-Length: 18446744073709551619\r\n\r\nabc",
	 "400 end", NULL},
	{"9110 8.6: of 200 digits", POST "Content-Length: <9*200>\r\n\r\n", "400 end", NULL},
	{"9110 8.8.3: an ETag with 200", "GET /" HOST "\r\n", "200 open", "ETag"},
};

static const struct rfc_row methods[] = {
	{"9110 9.1: GET and HEAD are there", "HEAD /app.js" HOST "\r\nGET /app.js" HOST "\r\n",
	 "200h 200 open", "@all"},
	{"9110 9.1: an unknown method is 501", "BREW /" HOST "\r\n", "501 open", NULL},
	{"9110 9.1: one of WebDAV is", "PROPFIND /" HOST "\r\n", "501 open", NULL},
	{"9110 9.1: also at an address where nothing is", "BREW /x.y" HOST "\r\n", "501 open",
	 NULL},
	{"9110 9.1: a known one not allowed is 405", "PATCH /" HOST BODY "abc", "405 open",
	 ALLOWED},
	{"9110 9.1: case counts", "Head /" HOST "\r\n", "501 open", NULL},
	{"9110 9.1: GETS is not GET", "GETS /" HOST "\r\n", "501 open", NULL},
	{"9110 9.1: nor is GE", "GE /" HOST "\r\n", "501 open", NULL},
	{"9110 9.2.1: safe methods are not made unsafe by a field",
	 "GET /app.js" HOST "X-HTTP-Method-Override: DELETE\r\n\r\n", "200 open", "@all"},
	{"9110 9.3.1: content of a GET means nothing", "GET /app.js" HOST BODY "abc", "200 open",
	 "@all"},
	{"9110 9.3.2: HEAD has no content", "HEAD /app.js" HOST "\r\n", "200h open",
	 "Content-Type: text/javascript; charset=utf-8"},
	{"9110 9.3.2: nor with 404", "HEAD /x.y" HOST "\r\n", "404h open", "Content-Length"},
	{"9110 9.3.2: nor with 400", "HEAD /%00" HOST "\r\n", "400h open", "Content-Length"},
	{"9110 9.3.2: nor with 304", "HEAD /" HOST "If-None-Match: *\r\n\r\n", "304h open", NULL},
	{"9110 9.3.2: nor with 413", "HEAD /" HOST "Content-Length: 99999\r\n\r\n", "413h end",
	 NULL},
	{"9110 9.3.2: nor in 1.0", "HEAD /app.js HTTP/1.0\r\n\r\n", "200h end", "Content-Length"},
	{"9110 9.3.2: nor when the reader refuses it: no Host", "HEAD / HTTP/1.1\r\n\r\n",
	 "400h end", NULL},
	{"9110 9.3.2: a bad field", "HEAD /" HOST "A : b\r\n\r\n", "400h end", NULL},
	{"9110 9.3.2: a version", "HEAD / HTTP/2.0\r\n\r\n", "505h end", NULL},
	{"9110 9.3.2: an expectation", "HEAD /" HOST "Expect: x\r\n\r\n", "417h end", NULL},
	{"9110 9.3.2: a long target", "HEAD /<a*9000>" HOST "\r\n", "414h end", NULL},
	{"9110 9.3.2: a long head", "HEAD /" HOST "A: <a*40000>\r\n\r\n", "431h end", NULL},
	{"9110 9.3.2: behind an empty line", "\r\nHEAD / HTTP/1.1\r\n\r\n", "400h end", NULL},
	{"9110 9.3.2: HEADS is another method", "HEADS / HTTP/1.1\r\n\r\n", "400 end", NULL},
	{"9110 9.3.2: chunks that are malformed",
	 "HEAD /" HOST "Transfer-Encoding: chunked\r\n\r\nx\r\n", "400h end", NULL},
	{"9110 9.3.3: POST to a file", POST BODY "abc", "405 open", ALLOWED},
	{"9110 9.3.4: PUT is not here", "PUT /app.js" HOST BODY "abc", "405 open", ALLOWED},
	{"9110 9.3.4: nor with Content-Range",
	 "PUT /app.js" HOST "Content-Range: bytes 0-2/9\r\n" BODY "abc", "405 open", ALLOWED},
	{"9110 9.3.4: and it changed nothing", "PUT /app.js" HOST BODY "abcGET /app.js" HOST "\r\n",
	 "405 200 open", "@all"},
	{"9110 9.3.5: DELETE is not here", "DELETE /app.js" HOST "\r\n", "405 open", ALLOWED},
	{"9110 9.3.5: DELETE with content", "DELETE /app.js" HOST BODY "abc", "405 open", ALLOWED},
	{"9110 9.3.6: CONNECT is for proxies", "CONNECT t:443 HTTP/1.1\r\nHost: t:443\r\n\r\n",
	 "405 open", ALLOWED},
	{"9110 9.3.6: and begins no tunnel",
	 "CONNECT t:443 HTTP/1.1\r\nHost: t:443\r\n\r\nGET /healthz" HOST "\r\n", "405 200 open",
	 NULL},
	{"9110 9.3.6: an empty port", "CONNECT t: HTTP/1.1\r\nHost: t\r\n\r\n", "400 end", NULL},
	{"9110 9.3.6: a port too high", "CONNECT t:65536 HTTP/1.1\r\nHost: t\r\n\r\n", "400 end",
	 NULL},
	{"9110 9.3.7: OPTIONS of a file", "OPTIONS /app.js" HOST "\r\n", "204 open", ALLOWED},
	{"9110 9.3.7: of the server", "OPTIONS *" HOST "\r\n", "204 open", ALLOWED},
	{"9110 9.3.7: with content that it does not know",
	 "OPTIONS /" HOST "Content-Type: a/b\r\n" BODY "abc", "204 open", NULL},
	{"9110 9.3.7: in 1.0", "OPTIONS * HTTP/1.0\r\n\r\n", "204 end", ALLOWED},
	{"9110 9.3.8: TRACE gives nothing away",
	 "TRACE /" HOST "Cookie: secret\r\nAuthorization: Basic eDp5\r\n\r\n", "405 open",
	 "Allow: GET, HEAD, OPTIONS\n~Here are only files to read."},
};

static const struct rfc_row context[] = {
	{"9110 10.1.1: 100 before the content comes",
	 POST "Expect: 100-continue\r\n" BODY "<read>abc", "100 405 open", NULL},
	{"9110 10.1.1: without case", POST "eXpEcT: 100-CONTINUE\r\n" BODY "<read>abc",
	 "100 405 open", NULL},
	{"9110 10.1.1: for chunks",
	 POST
	 "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n<read>3\r\nabc\r\n0\r\n\r\n",
	 "100 405 open", NULL},
	{"9110 10.1.1: no 100 when all of it is there", POST "Expect: 100-continue\r\n" BODY "abc",
	 "405 open", NULL},
	{"9110 10.1.1: none when there is no content", GET "Expect: 100-continue\r\n\r\n",
	 "200 open", NULL},
	{"9110 10.1.1: nor with a length of 0",
	 POST "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n", "405 open", NULL},
	{"9110 10.1.1: in 1.0 it means nothing",
	 "POST / HTTP/1.0\r\nExpect: 100-continue\r\n" BODY "abc", "405 end", NULL},
	{"9110 10.1.1: nor does another one there", "GET /healthz HTTP/1.0\r\nExpect: x\r\n\r\n",
	 "200 end", NULL},
	{"9110 10.1.1: a final status at once when it would be refused",
	 POST "Expect: 100-continue\r\nContent-Length: 99999\r\n\r\n", "413 end", NULL},
	{"9110 10.1.1: 417 for another", GET "Expect: 200-ok\r\n\r\n", "417 end", NULL},
	{"9110 10.1.1: 417 for two", POST "Expect: 100-continue, x\r\n" BODY, "417 end", NULL},
	{"9110 10.1.1: 417 with a parameter", POST "Expect: 100-continue;a=b\r\n" BODY, "417 end",
	 NULL},
	{"9110 10.1.1: the next request waits its turn",
	 POST "Expect: 100-continue\r\n" BODY "<read>abcGET /x.y" HOST "\r\n", "100 405 404 open",
	 NULL},
	{"9110 10.1.2: From is for people", GET "From: a@b\r\n\r\n", "200 open", NULL},
	{"9110 10.1.3: Referer, malformed", GET "Referer: ::::\r\n\r\n", "200 open", NULL},
	{"9110 10.1.4: TE in 1.0", "GET /app.js HTTP/1.0\r\nTE: trailers\r\n\r\n", "200 end",
	 "-Transfer-Encoding\n@all"},
	{"9110 10.1.5: User-Agent, none or any", GET "User-Agent: ()\r\n\r\n", "200 open", NULL},
	{"9110 10.2.1: Allow with 405", "DELETE /" HOST "\r\n", "405 open", ALLOWED},
	{"9110 10.2.2: no Location where none is asked", "GET //evil/x" HOST "\r\n", "200 open",
	 "-Location"},
	{"9110 10.2.4: no Server, no version", GET "\r\n", "200 open", "-Server"},
	{"9110 11.6.2: nothing here asks who one is", GET "Authorization: Basic eDp5\r\n\r\n",
	 "200 open", "-WWW-Authenticate"},
	{"9110 11.7.2: nor as a proxy", GET "Proxy-Authorization: Basic eDp5\r\n\r\n", "200 open",
	 "-Proxy-Authenticate"},
};

static const struct rfc_row statuses[] = {
	{"9110 15.2: no 1xx to 1.0", "POST / HTTP/1.0\r\nExpect: 100-continue\r\n" BODY "abc",
	 "405 end", NULL},
	{"9110 15.3.5: 204 ends with its head", "OPTIONS /" HOST "\r\nGET /healthz" HOST "\r\n",
	 "204 200 open", "~ok"},
	{"9110 15.5.1: 400 of a path keeps the connection", "GET /%00" HOST "\r\n", "400 open",
	 "Content-Type"},
	{"9110 15.5.5: 404", "GET /none.js" HOST "\r\n", "404 open", "Cache-Control: no-store"},
	{"9110 15.5.5: what was never there is not 410", "GET /.git/HEAD" HOST "\r\n", "404 open",
	 NULL},
	{"9110 15.5.6: 405 for each method that is known",
	 "POST /" HOST "\r\nPUT /" HOST "\r\nPATCH /" HOST "\r\nDELETE /" HOST "\r\nTRACE /" HOST
	 "\r\n",
	 "405 405 405 405 405 open", ALLOWED},
	{"9110 15.5.14: 413 says the limit", POST "Content-Length: 5000\r\n\r\n", "413 end",
	 "~1024"},
	{"9110 15.5.14: 413 is read although the client goes on",
	 POST "Content-Length: 3000000\r\n\r\n<a*3000000>", "413 end", NULL},
	{"9110 15.5.14: of chunks",
	 POST "Transfer-Encoding: chunked\r\n\r\n800\r\n<a*2048>\r\n0\r\n\r\n", "413 end", NULL},
	{"9110 15.5.15: 414", "GET /<a*8200>" HOST "\r\n", "414 end", NULL},
	{"9110 15.5.18: 417", GET "Expect: x\r\n\r\n", "417 end", NULL},
	{"9110 15.6.2: 501", "LINK /" HOST "\r\n", "501 open", NULL},
	{"9110 15.6.6: 505 says what is known", "GET / HTTP/9.9\r\nHost: t\r\n\r\n", "505 end",
	 "~1."},
	{"9110 17.1: a name is not taken from Host", "GET /app.js HTTP/1.1\r\nHost: evil\r\n\r\n",
	 "200 open", "-Location\n@all"},
	{"9110 17.3: a path does not leave its root", "GET /../../../etc/passwd" HOST "\r\n",
	 "200 open", "Content-Type: text/html; charset=utf-8"},
	{"9110 17.3: nor by escapes", "GET /%2e%2e/%2e%2e/etc/passwd" HOST "\r\n", "400 open",
	 NULL},
	{"9110 17.3: nor by backslashes", "GET /..%5c..%5cetc/passwd" HOST "\r\n", "400 open",
	 NULL},
};

/* The fields without what may differ between two requests: the date. */
static struct span undated(struct httpc_answer *a)
{
	struct span date = httpc_field(a, "Date");
	if (date.p != NULL)
		memset((uint8_t *)(uintptr_t)date.p, '-', date.n);
	return a->head;
}

static void same_fields(const char *path, const char *fields_too)
{
	char text[256];
	struct httpc_answer a, b;
	struct httpc c = rfc_dial();
	snprintf(text, sizeof text, "GET %s" HOST "%s\r\nHEAD %s" HOST "%s\r\n", path, fields_too,
		 path, fields_too);
	httpc_send(&c, span_str(text), RFC_MS);
	if (httpc_read(&c, &a, RFC_MS) != HTTPC_OK || httpc_read_head(&c, &b, RFC_MS) != HTTPC_OK)
		bail("no answer: %s", path);
	is_span(undated(&b), undated(&a), "9110 9.3.2: HEAD %s says what GET says", path);
	ok(rfc_is_open(&c), "9110 9.3.2: and no more");
	httpc_free(&a);
	httpc_free(&b);
	httpc_close(&c);
}

/* 9110, 17.9 and 17.12 and what people expect of a log: nobody reads in it what was secret. */
static void test_log(void)
{
	const char *log = proc_log(rfc.web);
	ok(strstr(log, "secret") == NULL && strstr(log, "eDp5") == NULL,
	   "9110 17.16: no credentials and no cookies in the log");
}

int main(void)
{
	rfc_start_web();
	rfc_run(basics, COUNT(basics));
	rfc_run(fields, COUNT(fields));
	rfc_run(messages, COUNT(messages));
	rfc_run(routing, COUNT(routing));
	rfc_run(content, COUNT(content));
	rfc_run(methods, COUNT(methods));
	same_fields("/", "");
	same_fields("/app.js", "");
	same_fields("/otherpage", "Accept: text/html\r\n");
	same_fields("/x.y", "");
	same_fields("/%2f", "");
	same_fields("/healthz", "");
	same_fields("/app.css", "If-None-Match: *\r\n");
	same_fields("/app.css", "Accept-Encoding: gzip, br\r\n");
	rfc_run(context, COUNT(context));
	rfc_run(statuses, COUNT(statuses));
	test_log();
	return rfc_end();
}
