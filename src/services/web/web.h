/* web: the page, out of its own binary. */
#ifndef SERVICES_WEB_WEB_H
#define SERVICES_WEB_WEB_H

#include "drivers/http_assets.h"
#include "services/common/service.h"

struct web_config {
	struct service_config common;
	uint16_t port;
};

/*
 * What the browser may do with what it gets from us, in every answer. The page has no inline
 * script or style and talks to its own origin only. Cross-Origin-Opener-Policy is not among them:
 * over plain HTTP browsers ignore it, and say so as an error in the console.
 */
#define WEB_FIELDS                                                                           \
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; " \
	"img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "          \
	"frame-ancestors 'none'\r\n"                                                         \
	"X-Content-Type-Options: nosniff\r\n"                                                \
	"Referrer-Policy: no-referrer\r\n"

/* assets.c: the files of page/. */
void assets_init(void);
/* By its decoded path, "/" is the index; NULL when there is none. */
const struct http_asset *assets_find(struct span path);

/* page.c */
extern const struct http_handler page_handler;

#endif
