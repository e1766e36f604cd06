/*
 * RFC 9110 and RFC 9112 where it takes a resource that reads content and answers later: the api,
 * with its real stores. Refusals repeat what was read, so the decoded content can be compared.
 */
#include "harness/app.h"
#include "integration/rfc_rows.h"

#define POST "POST /values" HOST
#define JSON "Content-Type: application/json\r\n"
#define TE "Transfer-Encoding: chunked\r\n"
#define FIVE "Content-Length: 11\r\n\r\n{\"index\":5}"
#define WORKING "={\"working\":true}"

/* Each 200 here is one row in the database, and nothing else is. */
static const struct rfc_row stored[] = {
	{"9110 9.3.3: POST", POST JSON FIVE, "200 open", WORKING},
	{"9110 9.3.3: with content that comes in parts", POST JSON "Content-Length: 300011\r\n\r\n",
	 "413 end", NULL},
	{"9112 7.1: content in chunks", POST JSON TE "\r\n4\r\n{\"in\r\n7\r\ndex\":5}\r\n0\r\n\r\n",
	 "200 open", WORKING},
	{"9112 9.3: POST in 1.0", "POST /values HTTP/1.0\r\n" JSON FIVE, "200 end", WORKING},
	{"9112 9.3: in 1.0, kept", "POST /values HTTP/1.0\r\nConnection: keep-alive\r\n" JSON FIVE,
	 "200 open", WORKING},
	{"9112 9.3.2: an answer that takes time comes before one that takes none",
	 POST JSON FIVE "GET /" HOST "\r\n", "200 200 open", "=Hi"},
	{"9112 9.3.2: several of them, in order",
	 POST JSON FIVE "GET /values/abc" HOST "\r\n" POST JSON FIVE, "200 404 200 open", WORKING},
	{"9112 9.6: what is behind close is not done",
	 POST JSON "Connection: close\r\n" FIVE POST JSON FIVE, "200 end", WORKING},
	{"9112 9.6: what is behind 1.0 is not",
	 "POST /values HTTP/1.0\r\n" JSON FIVE POST JSON FIVE, "200 end", WORKING},
	{"9112 9.6: FIN does not take it back", POST JSON FIVE "<shut>", "200 end!", WORKING},
	{"9112 8: content shorter than said is not taken",
	 POST JSON "Content-Length: 12\r\n\r\n{\"index\":5}<shut>", "end", NULL},
	{"9112 8: nor chunks without the last one", POST JSON TE "\r\nb\r\n{\"index\":5}\r\n<shut>",
	 "end", NULL},
	{"9112 11.2: POST within a POST", POST JSON "Content-Length: 97\r\n\r\n" POST JSON FIVE,
	 "400 open", NULL},
	{"9112 11.2: behind a faulty chunk", POST JSON TE "\r\nx\r\n" POST JSON FIVE, "400 end",
	 NULL},
	{"9112 11.2: behind a length beside a coding",
	 POST JSON TE "Content-Length: 5\r\n\r\n0\r\n\r\n" POST JSON FIVE, "400 end", NULL},
	{"9110 10.1.1: 100, content, answer",
	 POST JSON "Expect: 100-continue\r\nContent-Length: 11\r\n\r\n<read>{\"index\":5}",
	 "100 200 open", WORKING},
	{"9110 10.1.1: no 100 before a refusal for its size",
	 POST JSON "Expect: 100-continue\r\nContent-Length: 70000\r\n\r\n", "413 end", NULL},
	{"9110 10.1.1: none to 1.0", "POST /values HTTP/1.0\r\nExpect: 100-continue\r\n" JSON FIVE,
	 "200 end", WORKING},
	{"9110 8.3.1: the type without case, with a parameter",
	 POST "content-type: Application/JSON; charset=utf-8\r\n" FIVE, "200 open", WORKING},
	{"9110 15.5.16: 415 for another type", POST "Content-Type: text/plain\r\n" FIVE, "415 open",
	 "~text/plain"},
	{"9110 15.5.16: 415 for none", POST FIVE, "415 open", NULL},
	{"9110 9.1: not by GET", "GET /values" HOST JSON FIVE, "405 open", "Allow: POST, OPTIONS"},
};

static const struct rfc_row decoded[] = {
	{"9112 6.2: exactly the content", POST JSON "Content-Length: 3\r\n\r\nabcGET /" HOST "\r\n",
	 "400 200 open", "=Hi"},
	{"9112 6.2: none", POST JSON "\r\n", "400 open", "=The body is not JSON: "},
	{"9112 6.2: none in 1.0", "POST /values HTTP/1.0\r\n" JSON "\r\n", "400 end",
	 "=The body is not JSON: "},
	{"9112 7.1: chunks without their framing",
	 POST JSON TE "\r\n1\r\na\r\n02\r\nbc\r\n1\r\nd\r\n0\r\n\r\n", "400 open",
	 "=The body is not JSON: abcd"},
	{"9112 7.1.1: without their extensions",
	 POST JSON TE "\r\n1;x=\"y\"\r\na\r\n1 ; z\r\nb\r\n0;last\r\n\r\n", "400 open",
	 "=The body is not JSON: ab"},
	{"9112 7.1.2: without trailers", POST JSON TE "\r\n1\r\na\r\n0\r\nA: b\r\nC: d\r\n\r\n",
	 "400 open", "=The body is not JSON: a"},
	{"9112 7.1: what looks like framing within a chunk is content",
	 POST JSON TE "\r\n7\r\na0\r\n\r\nb\r\n0\r\n\r\n", "400 open",
	 "=The body is not JSON: a0????b"},
	{"9112 7.1.2: a trailer is no Content-Type",
	 POST TE "\r\n1\r\na\r\n0\r\nContent-Type: application/json\r\n\r\n", "400 end", NULL},
	{"9110 5.5: nothing of a request becomes a field of the answer",
	 POST JSON "Content-Length: 11\r\n\r\na\r\nSet-C: d", "400 open",
	 "-Set-C\n=The body is not JSON: a??Set-C: d"},
};

static const struct rfc_row answers[] = {
	{"9112 7.1: an answer of unknown length is chunked", "GET /values/all" HOST "\r\n",
	 "200 open", "Transfer-Encoding: chunked\n-Content-Length"},
	{"9112 6.1: HEAD of it has no chunks", "HEAD /values/all" HOST "\r\n", "200h open",
	 "Content-Type: application/json; charset=utf-8"},
	{"9112 6.1: to 1.0 it ends with the connection", "GET /values/all HTTP/1.0\r\n\r\n",
	 "200 end", "-Transfer-Encoding\n-Content-Length"},
	{"9112 6.1: although that wanted to stay",
	 "GET /values/all HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "200 end",
	 "-Transfer-Encoding"},
	{"9112 9.6: chunked, then closed", "GET /values/all" HOST "Connection: close\r\n\r\n",
	 "200 end", "Transfer-Encoding: chunked"},
	{"9112 9.6: FIN while the stores are asked", "GET /values/current" HOST "\r\n<shut>",
	 "200 end!", NULL},
	{"9112 9.3.2: chunked answers in order",
	 "GET /values/all" HOST "\r\nGET /" HOST "\r\nGET /values/all" HOST "\r\nHEAD /" HOST
	 "\r\n",
	 "200 200 200 200h open", NULL},
	{"9110 9.3.2: HEAD of what is 405", "HEAD /values" HOST "\r\n", "405h open",
	 "Allow: POST, OPTIONS"},
	{"9110 9.3.7: OPTIONS of a collection", "OPTIONS /values" HOST "\r\n", "204 open",
	 "Allow: POST, OPTIONS"},
	{"9110 9.3.7: of an item", "OPTIONS /values/5" HOST "\r\n", "204 open",
	 "Allow: GET, HEAD, OPTIONS"},
	{"9110 9.3.7: of the server", "OPTIONS *" HOST "\r\n", "204 open",
	 "Allow: GET, HEAD, POST, OPTIONS"},
	{"9110 9.3.7: of nothing", "OPTIONS /nowhere" HOST "\r\n", "404 open", NULL},
	{"9110 15.5.6: 405 of an item", "DELETE /values/5" HOST "\r\n", "405 open",
	 "Allow: GET, HEAD, OPTIONS"},
	{"9110 15.5.6: of a collection", "PUT /values" HOST "Content-Length: 2\r\n\r\n{}",
	 "405 open", "Allow: POST, OPTIONS"},
	{"9110 9.1: 501", "BREW /values" HOST "\r\n", "501 open", NULL},
	{"9110 9.3.6: CONNECT has no path that could be here", "CONNECT t:80" HOST "\r\n",
	 "501 open", NULL},
	{"9110 15.5.5: 404", "GET /nowhere" HOST "\r\n", "404 open", NULL},
	{"9110 4.2.3: an escaped digit is that digit", "GET /values/%61bc" HOST "\r\n", "404 open",
	 "~abc"},
	{"9110 15.5.14: 413 of 64 KiB and more in chunks",
	 POST JSON TE "\r\n20000\r\n<a*131072>\r\n0\r\n\r\n", "413 end", "~65536"},
};

/* Without the record: who asks is told when to come again. */
static const struct rfc_row away[] = {
	{"9110 15.6.4: 503 while the database is away", POST JSON FIVE, "503 open", "Retry-After"},
	{"9110 15.6.4: also to HEAD", "HEAD /values/all" HOST "\r\n", "503h open", "Retry-After"},
	{"9110 15.6.4: the rest is answered", "GET /" HOST "\r\n", "200 open", "=Hi"},
};

static int count_stored(void)
{
	int n = 0;
	for (size_t i = 0; i < COUNT(stored); i++)
		for (const char *at = stored[i].want; (at = strstr(at, "200")) != NULL; at += 3)
			n++;
	return n - 1; /* the Hi */
}

int main(void)
{
	static struct app app;
	app_open(&app);
	app_run(&app, APP_API);
	if (!app_ready(&app, APP_API, 60000))
		bail("not ready: %s", proc_log(app.proc[APP_API]));
	rfc_use((uint16_t)app.port[APP_API]);
	rfc_run(stored, COUNT(stored));
	char want[16], *rows = store_psql(app.pg, "SELECT count(*) FROM values");
	snprintf(want, sizeof want, "%d", count_stored());
	is_str(rows, want, "9112 8, 9.6, 11.2: stored is what was answered, and nothing else");
	free(rows);
	rfc_run(decoded, COUNT(decoded));
	/* More than one part: of that length nobody knows beforehand. */
	free(store_psql(app.pg, "INSERT INTO values SELECT i FROM generate_series(1, 6000) i"));
	rfc_run(answers, COUNT(answers));
	store_kill(app.pg);
	rfc_run(away, COUNT(away));
	ok(app_stop_all(&app), "the api has lived through it, and stops");
	return rfc_end();
}
