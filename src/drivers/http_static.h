/*
 * http_static: the one place that answers with bytes which are there before the request: files of a
 * folder (http_files.h) and of a binary (http_assets.h). Content coding by Accept-Encoding (RFC
 * 9110, 12.5.3), conditions (13), one range or several (14), HEAD. For GET and HEAD.
 *
 *	struct http_static page = {
 *		.type = SPAN("text/html"),
 *		.forms = 2,
 *		.form = {{.bytes = plain, .size = plain.n, .etag = SPAN("\"1\"")},
 *			 {.bytes = gz, .size = gz.n, .etag = SPAN("\"2\""),
 *			  .coding = SPAN("gzip")}},
 *	};
 *	http_static_init(&page, SPAN("Cache-Control: no-cache\r\n"), &heads);
 *	...
 *	http_static_answer(x, &page);
 *
 * The common answers, 200 of what is in memory and 304, are one copy of a head made before.
 */
#ifndef DRIVERS_HTTP_STATIC_H
#define DRIVERS_HTTP_STATIC_H

#include "drivers/http_server.h"

/* One representation: the thing as it is, or in one content coding. */
struct http_form {
	struct span bytes;  /* in memory; p == NULL: in [fd], read from its start */
	struct span coding; /* of Content-Encoding; empty: none */
	struct span etag;   /* strong; each form has its own (8.8.3.3) */
	uint64_t size;
	int fd;
	/* The same as [bytes], for the kernel to send from without a copy; NULL: in memory only. */
	const struct net_file *file;
	struct http_prebuilt full, unchanged; /* 200 (in memory only), 304: by http_static_init */
};

#define HTTP_FORMS_MAX 4

struct http_static {
	struct span type;
	struct span cache; /* of Cache-Control; empty: none, or among the fields */
	uint64_t modified; /* of Last-Modified; 0: none */
	unsigned forms;    /* at least one; the first has no coding */
	struct http_form form[HTTP_FORMS_MAX];
	/*
	 * For what does not live as long as the process: called with true when an answer that
	 * goes on after http_static_answer needs it, with false when it no longer does. NULL: it
	 * stays. Only with this set do answers go on, and need the two functions below; forms in
	 * files need it.
	 */
	void (*hold)(const struct http_static *s, bool needed);
};

/*
 * Makes the heads, with [fields] in all of them (whole lines, each with its CRLF), in what is left
 * of [heads], whose bytes live as long as [s]; heads->over when it does not fit. Enough are
 * s->forms * 2 * (HTTP_STATIC_ROOM + fields.n + type.n + cache.n + etag.n).
 */
#define HTTP_STATIC_ROOM 320
void http_static_init(struct http_static *s, struct span fields, struct out *heads);

/*
 * Answers within the handler's request; nothing is left for the caller to do. Preferred is the form
 * with the highest quality, of equals the smallest. When none is acceptable, the plain one is sent
 * (12.4.1 allows it). x->user is ours from here on.
 *
 * A file that gets shorter, or is written to, while it is sent: the connection is cut, so that the
 * client sees that the answer is not whole.
 */
void http_static_answer(struct http_exchange *x, const struct http_static *s);
/* The handler's [writable] and [gone], or called by them for the exchanges answered here. */
void http_static_writable(struct http_exchange *x);
void http_static_gone(struct http_exchange *x);

#endif
