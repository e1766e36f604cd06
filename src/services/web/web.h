/* web: the page, out of its own binary, or the files of a folder. */
#ifndef SERVICES_WEB_WEB_H
#define SERVICES_WEB_WEB_H

#include "drivers/http_assets.h"
#include "drivers/http_files.h"
#include "services/common/service.h"

#define WEB_TEXT_MAX 3600

struct web_text {
	char s[WEB_TEXT_MAX + 1];
};

struct web_config {
	struct service_config common;
	uint16_t port;
	bool spa;
	struct web_text root; /* empty: the page in the binary */
	struct web_text csp;
	struct web_text headers;
};

extern struct web_config web_config;
extern struct http_server web_server;

config_take web_take_root;    /* struct web_text, of a folder that is there */
config_take web_take_csp;     /* struct web_text */
config_take web_take_headers; /* struct web_text, of rules (fields.c) */

/*
 * fields.c: the fields of the answers, by path: what is safe for a browser, what a cache may keep,
 * and above both the rules of WEB_HEADERS, one or more of
 *	PATTERN Name: value
 * with '|' or a newline between them. In a pattern, '*' stands for any bytes. Of those for a path
 * the first of a name counts, in place of ours if we have that name; an empty value takes
 * ours away.
 */
/* WEB_CSP and WEB_HEADERS at their longest, and the rest of ours; rules are as long as fields. */
#define WEB_FIELDS_MAX (2 * WEB_TEXT_MAX + 512)
_Static_assert(WEB_FIELDS_MAX <= HTTP_FILES_FIELDS_MAX, "fits in the heads of a file");
void fields_init(const struct web_config *config);
/* Those for a file. */
void fields_put(void *unused, struct span path, struct out *o);
/* Those for whatever has no file: without Cache-Control, by rules for all paths only. */
struct span fields_common(void);
/* What is wrong with the text of rules, or NULL. */
const char *fields_mistake(struct span rules);

/* assets.c: the files of page/. */
void assets_init(void);
/* By its decoded path, "/" is the index; NULL when there is none. */
const struct http_asset *assets_find(struct span path);

/* stats.c */
int stats_prepare(void);
void stats_start(struct net_loop *loop);
/* Its answer has begun. */
void stats_count(const struct http_exchange *x);
void stats_answer(struct http_exchange *x);

/* page.c: 0, or a negative error. */
int page_init(struct net_loop *loop, const struct web_config *config);
extern struct http_handler page_handler;

#endif
