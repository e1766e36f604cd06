#include "http/http_accept.h"
#include "services/common/admin.h"
#include "services/web/web.h"

#include <errno.h>

#define ALLOW SPAN("GET, HEAD, OPTIONS")
#define PATH_ROOM 8192 /* of a decoded path; the request line's limit is no more */

static const struct web_config *config;
static struct http_files files;

static const struct span not_found = {(const uint8_t *)"There is nothing at this address.\n", 34};

static struct out open_answer(struct http_exchange *x, unsigned status)
{
	struct out o = http_open(x, status, 256);
	http_put_field(&o, SPAN("Cache-Control"), SPAN("no-store"));
	if (status == 204 || status == 405)
		http_put_field(&o, SPAN("Allow"), ALLOW);
	if (status == 503)
		http_put_field(&o, SPAN("Retry-After"), SPAN("1"));
	return o;
}

static void answer_options(struct http_exchange *x)
{
	struct out o = open_answer(x, 204);
	http_begin(x, &o, 0);
	if (!x->answered)
		http_end(x);
}

static void answer_text(struct http_exchange *x, unsigned status, struct span sentence)
{
	struct out o = open_answer(x, status);
	http_put_field(&o, SPAN("Content-Type"), SPAN("text/plain; charset=utf-8"));
	http_begin(x, &o, sentence.n);
	if (x->answered)
		return;
	if (http_send(x, sentence))
		http_end(x);
	else
		http_abort(x);
}

/*
 * Can this be a route of the page? Not with an extension in its last segment, and not below a name
 * that begins with a dot: whoever probes /.well-known wants to be told what is not there.
 */
static bool is_route(struct span path)
{
	bool extension = false;
	for (size_t i = 1; i < path.n; i++) {
		if (path.p[i] == '.' && path.p[i - 1] == '/')
			return false;
		if (path.p[i] == '/' || path.p[i] == '.')
			extension = path.p[i] == '.';
	}
	return !extension;
}

static bool is_page(struct http_exchange *x, struct span path)
{
	return config->spa && is_route(path) &&
	       http_accepts_type(x->head, SPAN("text/html; charset=utf-8")) > 0;
}

static void answer_page(struct http_exchange *x, struct span path)
{
	const struct http_asset *a = assets_find(path);
	if (a == NULL && is_page(x, path))
		a = assets_find(SPAN("/"));
	if (a != NULL)
		http_asset_answer(x, a);
	else
		answer_text(x, 404, not_found);
}

/* What keeps a file that is there from being read is told by the status, and in the log. */
static void answer_unreadable(struct http_exchange *x, int rc)
{
	struct log_line l;
	if (log_open(&l, LOG_WARN, "cannot read a file")) {
		log_span(&l, "target", x->head->target);
		log_str(&l, "error", net_strerror(rc));
		log_close(&l);
	}
	if (rc == -EACCES || rc == -EPERM)
		answer_text(x, 403, SPAN("This file may not be read.\n"));
	else if (http_files_answer_error(&files, x, 503, SPAN("/50x.html")) <= 0)
		answer_text(x, 503, SPAN("This file can't be read now.\n"));
}

static void answer_file(struct http_exchange *x, struct span path)
{
	int rc = http_files_answer(&files, x, path);
	if (rc == 0 && is_page(x, path))
		rc = http_files_answer(&files, x, SPAN("/"));
	if (rc < 0)
		answer_unreadable(x, rc);
	else if (rc == 0 && http_files_answer_error(&files, x, 404, SPAN("/404.html")) <= 0)
		answer_text(x, 404, not_found);
}

static void answer_decoded(struct http_exchange *x)
{
	uint8_t buf[PATH_ROOM];
	struct out o = out_init(buf, sizeof buf);
	struct span path;
	if (!http_path_decode(x->head->path, &o)) {
		answer_text(x, 400, SPAN("This is not a path.\n"));
		return;
	}
	path = out_span_of(&o);
	if (span_eq(path, SPAN("/healthz")))
		admin_answer_healthz(x);
	else if (config->root.s[0] != '\0')
		answer_file(x, path);
	else
		answer_page(x, path);
}

static void route(struct http_exchange *x)
{
	const struct http_asset *a;
	switch (x->method) {
	case HTTP_GET:
	case HTTP_HEAD:
		/* What equals a name of ours as it came has nothing to decode. */
		a = config->root.s[0] == '\0' ? assets_find(x->head->path) : NULL;
		if (a != NULL)
			http_asset_answer(x, a);
		else
			answer_decoded(x);
		break;
	case HTTP_OPTIONS:
		answer_options(x);
		break;
	case HTTP_OTHER:
		answer_text(x, 501, SPAN("This method is not known here.\n"));
		break;
	default:
		answer_text(x, 405, SPAN("Here are only files to read.\n"));
	}
}

static void on_request(struct http_exchange *x)
{
	struct log_line l;
	route(x);
	stats_count(x);
	if (!log_open(&l, LOG_DEBUG, "request"))
		return;
	log_span(&l, "method", x->head->method_name);
	log_span(&l, "target", x->head->target);
	log_u64(&l, "status", x->status);
	log_close(&l);
}

struct http_handler page_handler = {
	.request = on_request,
	.writable = http_static_writable,
	.gone = http_static_gone,
};

int page_init(struct net_loop *loop, const struct web_config *from)
{
	struct http_files_options options = http_files_defaults;
	config = from;
	fields_init(config);
	page_handler.fields = fields_common();
	if (config->root.s[0] == '\0') {
		assets_init();
		return 0;
	}
	options.put_fields = fields_put;
	return http_files_open(&files, loop, config->root.s, &options);
}
