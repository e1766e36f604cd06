#include "unit/http_rows.h"

#define POST(title, fields, want) \
	ROW(title, "POST / HTTP/1.1\r\nHost: a\r\n" fields "\r\n\r\n", want)
#define POST0(title, fields, want) ROW(title, "POST / HTTP/1.0\r\n" fields "\r\n\r\n", want)
#define ANSWER(title, status, fields, want) \
	ROW(title, "HTTP/1.1 " status " x\r\n" fields "\r\n", want)
#define OK "POST / @a 1.1 "
#define OK0 "POST / @- 1.0 "

static int read(struct span in, struct http_head *h)
{
	return http_read_request(in, &http_default_limits, h);
}

static const struct row lengths[] = {
	POST("9112-6.3 neither: no body", "A: b", OK "keep none"),
	POST("9112-6.3 Content-Length", "Content-Length: 5", OK "keep length 5"),
	POST("9110-8.6 no blank, any case", "cONTENT-lENGTH:5", OK "keep length 5"),
	POST("9110-8.6 zero", "Content-Length: 0", OK "keep length 0"),
	POST("9110-8.6 leading zeros are digits", "Content-Length: 0005", OK "keep length 5"),
	POST("9110-8.6 2^63 - 1", "Content-Length: 9223372036854775807",
	     OK "keep length 9223372036854775807"),
	POST("9110-8.6 2^63", "Content-Length: 9223372036854775808", "ELENGTH"),
	POST("9110-8.6 2^64", "Content-Length: 18446744073709551616", "ELENGTH"),
	POST("9110-8.6 2^64 + 5", "Content-Length: 18446744073709551621", "ELENGTH"),
	POST("9110-8.6 empty", "Content-Length:", "ELENGTH"),
	POST("9110-8.6 plus", "Content-Length: +5", "ELENGTH"),
	POST("9110-8.6 minus", "Content-Length: -5", "ELENGTH"),
	POST("9110-8.6 blank inside", "Content-Length: 5 5", "ELENGTH"),
	POST("9110-8.6 hex", "Content-Length: 0x5", "ELENGTH"),
	POST("9110-8.6 fraction", "Content-Length: 5.0", "ELENGTH"),
	POST("9110-8.6 letters", "Content-Length: five", "ELENGTH"),
	POST("9112-6.3 list of different", "Content-Length: 5, 6", "ELENGTH"),
	POST("9112-6.3 list of equal, refused too", "Content-Length: 5, 5", "ELENGTH"),
	POST("9112-6.3 empty element", "Content-Length: 5,", "ELENGTH"),
	POST("9112-6.3 two different", "Content-Length: 5\r\nContent-Length: 6", "ELENGTH"),
	POST("9112-6.3 two equal, refused too", "Content-Length: 5\r\nContent-Length: 5",
	     "ELENGTH"),
	POST0("9112-6.3 Content-Length in 1.0", "Content-Length: 5", OK0 "close length 5"),
};

static const struct row codings[] = {
	POST("9112-6.1 chunked", "Transfer-Encoding: chunked", OK "keep chunked"),
	POST("9112-7 names have no case", "tRANSFER-eNCODING:\tchUnKed ", OK "keep chunked"),
	POST("9112-6.3 with Content-Length before",
	     "Content-Length: 5\r\nTransfer-Encoding: chunked", "ELENGTH"),
	POST("9112-6.3 with Content-Length behind",
	     "Transfer-Encoding: chunked\r\nContent-Length: 5", "ELENGTH"),
	POST("9112-6.1 chunked twice", "Transfer-Encoding: chunked, chunked", "ETRANSFER"),
	POST("9112-6.1 chunked in two fields",
	     "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "ETRANSFER"),
	POST("9112-6.1 not understood", "Transfer-Encoding: gzip, chunked", "ECODING"),
	POST("9112-6.1 not understood, in two fields",
	     "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", "ECODING"),
	POST("9112-6.1 identity is no coding any more", "Transfer-Encoding: identity, chunked",
	     "ECODING"),
	POST("9112-6.3 chunked is not last", "Transfer-Encoding: chunked, gzip", "ETRANSFER"),
	POST("9112-6.3 chunked is not there", "Transfer-Encoding: gzip", "ETRANSFER"),
	POST("9112-6.3 identity alone", "Transfer-Encoding: identity", "ETRANSFER"),
	POST("9112-6.1 empty", "Transfer-Encoding:", "ETRANSFER"),
	POST("9110-5.6.1 empty element behind", "Transfer-Encoding: chunked,", "ETRANSFER"),
	POST("9110-5.6.1 empty element before", "Transfer-Encoding: ,chunked", "ETRANSFER"),
	POST("9112-7.1 chunked has no parameters", "Transfer-Encoding: chunked;a=b", "ETRANSFER"),
	POST("9112-7 another name", "Transfer-Encoding: xchunked", "ETRANSFER"),
	POST("9112-7 quoted", "Transfer-Encoding: \"chunked\"", "ETRANSFER"),
	POST("9112-7 vertical tab", "Transfer-Encoding: \013chunked", "EFIELD"),
	POST("9112-5.1 blank before the colon", "Transfer-Encoding : chunked", "ELINE"),
	POST0("9112-6.1 Transfer-Encoding in 1.0", "Transfer-Encoding: chunked", "ETRANSFER"),
	POST0("9112-6.1 with Content-Length in 1.0",
	      "Content-Length: 5\r\nTransfer-Encoding: chunked", "ELENGTH"),
};

static const struct row connections[] = {
	POST("9112-9.3 close", "Connection: close", OK "close none"),
	POST("9112-9.3 close of any case", "connection:CLOSE", OK "close none"),
	POST("9112-9.3 close in a list", "Connection: x, close ,y", OK "close none"),
	POST("9112-9.3 close in a second field", "Connection: x\r\nConnection: close",
	     OK "close none"),
	POST("9112-9.3 empty elements", "Connection: ,,close,", OK "close none"),
	POST("9112-9.3 another option", "Connection: closed", OK "keep none"),
	POST("9112-9.3 keep-alive", "Connection: keep-alive", OK "keep none"),
	POST("9112-9.3 close wins", "Connection: keep-alive, close", OK "close none"),
	POST0("9112-9.3 1.0 closes", "A: b", OK0 "close none"),
	POST0("9112-9.3 1.0 with keep-alive", "Connection: Keep-Alive", OK0 "keep none"),
	POST0("9112-9.3 1.0 with both", "Connection: keep-alive\r\nConnection: close",
	      OK0 "close none"),
	POST0("9112-C.2.2 Proxy-Connection is ignored", "Proxy-Connection: keep-alive",
	      OK0 "close none"),
	POST("9110-7.8 Upgrade", "Connection: Upgrade\r\nUpgrade: websocket",
	     OK "keep none upgrade"),
	POST("9110-7.8 Upgrade in a list", "Upgrade: websocket\r\nConnection: keep-alive, upgrade",
	     OK "keep none upgrade"),
	POST("9110-7.8 Upgrade that Connection does not name", "Upgrade: websocket",
	     OK "keep none"),
	POST("9110-7.8 Connection names an Upgrade that is not there", "Connection: upgrade",
	     OK "keep none"),
	POST0("9110-7.8 Upgrade in 1.0 is ignored", "Connection: upgrade\r\nUpgrade: websocket",
	      OK0 "close none"),
	POST("9110-10.1.1 100-continue", "Expect: 100-continue\r\nContent-Length: 5",
	     OK "keep length 5 100"),
	POST("9110-10.1.1 of any case, chunked",
	     "eXPECT:100-CONTINUE\r\nTransfer-Encoding: chunked", OK "keep chunked 100"),
	POST("9110-10.1.1 without a body", "Expect: 100-continue", OK "keep none"),
	POST("9110-10.1.1 with an empty body", "Expect: 100-continue\r\nContent-Length: 0",
	     OK "keep length 0"),
	POST("9110-10.1.1 another expectation", "Expect: tea", "EEXPECT"),
	POST("9110-10.1.1 another in a list", "Expect: 100-continue, tea", "EEXPECT"),
	POST("9110-10.1.1 with a value", "Expect: 100-continue=1", "EEXPECT"),
	POST("9110-10.1.1 no member", "Expect: ,\r\nContent-Length: 5", OK "keep length 5"),
	POST0("9110-10.1.1 ignored in 1.0", "Expect: 100-continue\r\nContent-Length: 5",
	      OK0 "close length 5"),
	POST0("9110-10.1.1 others too", "Expect: tea", OK0 "close none"),
};

static int read_get(struct span in, struct http_head *h)
{
	return http_read_response(in, &http_default_limits, HTTP_GET, h);
}

static int read_head_answer(struct span in, struct http_head *h)
{
	return http_read_response(in, &http_default_limits, HTTP_HEAD, h);
}

static int read_connect(struct span in, struct http_head *h)
{
	return http_read_response(in, &http_default_limits, HTTP_CONNECT, h);
}

static const struct row status_lines[] = {
	ROW("9112-4 plain", "HTTP/1.1 200 OK\r\n\r\n", "200 (OK) 1.1 close until close"),
	ROW("9112-4 empty reason", "HTTP/1.1 204 \r\n\r\n", "204 () 1.1 keep none"),
	ROW("9112-4 no blank before it", "HTTP/1.1 204\r\n\r\n", "204 () 1.1 keep none"),
	ROW("9112-4 reason with all it may hold", "HTTP/1.1 204 a b\tc\303\244\r\n\r\n",
	    "204 (a b\tc\303\244) 1.1 keep none"),
	ROW("9112-4 1.0", "HTTP/1.0 204 x\r\n\r\n", "204 (x) 1.0 close none"),
	ROW("9112-4 1.2", "HTTP/1.2 204 x\r\n\r\n", "204 (x) 1.1 keep none"),
	ROW("9112-4 2.0", "HTTP/2.0 204 x\r\n\r\n", "EVERSION"),
	ROW("9112-4 status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "ESTATUS"),
	ROW("9112-4 status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", "ESTATUS"),
	ROW("9112-4 status with a sign", "HTTP/1.1 +20 OK\r\n\r\n", "ESTATUS"),
	ROW("9110-15 status 099", "HTTP/1.1 099 OK\r\n\r\n", "ESTATUS"),
	ROW("9110-15 status 600", "HTTP/1.1 600 OK\r\n\r\n", "ESTATUS"),
	ROW("9110-15 status 599", "HTTP/1.1 599 x\r\n\r\n", "599 (x) 1.1 close until close"),
	ROW("9112-4 two blanks", "HTTP/1.1  200 OK\r\n\r\n", "ESTATUS"),
	ROW("9112-4 tab", "HTTP/1.1\t200 OK\r\n\r\n", "ESTATUS"),
	ROW("9112-4 tab behind the status", "HTTP/1.1 200\tOK\r\n\r\n", "ESTATUS"),
	ROW("9112-4 no version", "200 OK\r\n\r\n", "ESTATUS"),
	ROW("9112-4 another protocol", "ICY 200 OK\r\n\r\n", "ESTATUS"),
	ROW("9112-4 small letters", "http/1.1 200 OK\r\n\r\n", "ESTATUS"),
	ROW("9112-4 leading CRLF", "\r\nHTTP/1.1 200 OK\r\n\r\n", "ESTATUS"),
	ROW("9112-2.2 bare LF", "HTTP/1.1 200 OK\n\n", "ELINE"),
	ROW("9112-2.2 bare LF without reason", "HTTP/1.1 200\n\n", "ELINE"),
	ROW("9112-2.2 bare CR", "HTTP/1.1 200 O\rK\r\n\r\n", "ELINE"),
	ROW("9112-4 NUL in the reason", "HTTP/1.1 200 O\000K\r\n\r\n", "ESTATUS"),
	ROW("9112-4 DEL in the reason", "HTTP/1.1 200 O\177K\r\n\r\n", "ESTATUS"),
	ROW("9112-4 only a part", "HTTP/1.1 20", "MORE"),
};

static const struct row answers[] = {
	ANSWER("9112-6.3.8 until close", "200", "A: b\r\n", "200 (x) 1.1 close until close"),
	ANSWER("9112-6.3.8 until close can't be kept", "200", "Connection: keep-alive\r\n",
	       "200 (x) 1.1 close until close"),
	ANSWER("9112-6.3.6 length", "200", "Content-Length: 5\r\n", "200 (x) 1.1 keep length 5"),
	ANSWER("9112-9.3 length and close", "200", "Content-Length: 5\r\nConnection: close\r\n",
	       "200 (x) 1.1 close length 5"),
	ANSWER("9112-6.3.4 chunked", "200", "Transfer-Encoding: chunked\r\n",
	       "200 (x) 1.1 keep chunked"),
	ANSWER("9112-6.3.3 both", "200", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
	       "ELENGTH"),
	ANSWER("9112-6.3.5 two lengths", "200", "Content-Length: 5\r\nContent-Length: 6\r\n",
	       "ELENGTH"),
	ANSWER("9112-6.3.5 no number", "200", "Content-Length: x\r\n", "ELENGTH"),
	ANSWER("9112-6.1 another coding", "200", "Transfer-Encoding: gzip, chunked\r\n", "ECODING"),
	ANSWER("9112-6.3.4 another coding alone", "200", "Transfer-Encoding: gzip\r\n", "ECODING"),
	ANSWER("9112-6.1 chunked twice", "200", "Transfer-Encoding: chunked, chunked\r\n",
	       "ETRANSFER"),
	ROW("9112-6.1 coding in 1.0", "HTTP/1.0 200 x\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "ETRANSFER"),
	ROW("9112-9.3 1.0 kept",
	    "HTTP/1.0 200 x\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n",
	    "200 (x) 1.0 keep length 5"),
	ANSWER("9112-6.3.1 100", "100", "", "100 (x) 1.1 keep none"),
	ANSWER("9112-6.3.1 103 with fields", "103", "Link: b\r\n", "103 (x) 1.1 keep none"),
	ANSWER("9112-6.3.1 1xx with a length", "102", "Content-Length: 5\r\n",
	       "102 (x) 1.1 keep none"),
	ANSWER("9112-6.3.1 204 with a length", "204", "Content-Length: 5\r\n",
	       "204 (x) 1.1 keep none"),
	ANSWER("9112-6.3.1 204 with chunked", "204", "Transfer-Encoding: chunked\r\n",
	       "204 (x) 1.1 keep none"),
	ANSWER("9112-6.3.1 304 with a length", "304", "Content-Length: 5\r\n",
	       "304 (x) 1.1 keep none"),
	ANSWER("9112-6.3.1 304 with chunked", "304", "Transfer-Encoding: chunked\r\n",
	       "304 (x) 1.1 keep none"),
	ANSWER("9110-15.2.2 101 ends HTTP", "101", "Connection: upgrade\r\nUpgrade: websocket\r\n",
	       "101 (x) 1.1 close none upgrade"),
	ANSWER("9110-15.3.6 205 is framed like others", "205", "Content-Length: 0\r\n",
	       "205 (x) 1.1 keep length 0"),
	ANSWER("9110-7.2 Host means nothing", "204", "Host: a/b\r\nHost:\r\n",
	       "204 (x) 1.1 keep none"),
	ANSWER("9110-10.1.1 Expect means nothing", "204", "Expect: tea\r\n",
	       "204 (x) 1.1 keep none"),
	ANSWER("9112-5.2 obs-fold", "200", "A: b\r\n c\r\n", "ELINE"),
	ANSWER("9112-5.1 blank before the colon", "200", "A : b\r\n", "ELINE"),
	ANSWER("9110-5.5 NUL in a value", "200", "A: \000\r\n", "EFIELD"),
};

static const struct row head_answers[] = {
	ANSWER("9112-6.3.1 HEAD with a length", "200", "Content-Length: 5\r\n",
	       "200 (x) 1.1 keep none"),
	ANSWER("9112-6.3.1 HEAD with chunked", "200", "Transfer-Encoding: chunked\r\n",
	       "200 (x) 1.1 keep none"),
	ANSWER("9112-6.3.1 HEAD with nothing", "200", "", "200 (x) 1.1 keep none"),
	ANSWER("9112-6.3.1 HEAD with an error", "404", "Content-Length: 5\r\n",
	       "404 (x) 1.1 keep none"),
};

static const struct row tunnels[] = {
	ANSWER("9112-6.3.2 CONNECT", "200", "", "200 (x) 1.1 close none"),
	ANSWER("9112-6.3.2 CONNECT ignores the length", "200", "Content-Length: x\r\n",
	       "200 (x) 1.1 close none"),
	ANSWER("9112-6.3.2 CONNECT ignores codings", "299",
	       "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n", "299 (x) 1.1 close none"),
	ANSWER("9112-6.3.2 CONNECT refused", "403", "Content-Length: 5\r\n",
	       "403 (x) 1.1 keep length 5"),
};

static void test_length_of_head(void)
{
	struct http_head h;
	read_head_answer(SPAN("HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n"), &h);
	is_int((long long)h.length, 77, "9110-9.3.2 the length an answer to HEAD tells is kept");
}

int main(void)
{
	RUN_ROWS(lengths, read);
	RUN_ROWS(codings, read);
	RUN_ROWS(connections, read);
	RUN_ROWS(status_lines, read_get);
	RUN_ROWS(answers, read_get);
	RUN_ROWS(head_answers, read_head_answer);
	RUN_ROWS(tunnels, read_connect);
	test_length_of_head();
	return done();
}
