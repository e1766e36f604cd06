#include "services/common/admin.h"
#include "services/web/web.h"

#define ALLOW SPAN("GET, HEAD, OPTIONS")
#define PATH_ROOM 8192 /* of a decoded path; the request line's limit is no more */

static struct out open_answer(struct http_exchange *x, unsigned status)
{
	struct out o = http_open(x, status, 256);
	http_put_field(&o, SPAN("Cache-Control"), SPAN("no-store"));
	if (status == 204 || status == 405)
		http_put_field(&o, SPAN("Allow"), ALLOW);
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

/* Whether the weight among the parameters of a media range is 0 (9110, 12.4.2). */
static bool is_refused(struct span parameters)
{
	while (parameters.p != NULL) {
		struct span value = span_trim(span_cut(&parameters, ';'));
		struct span name = span_cut(&value, '=');
		if (!span_eq_nocase(name, SPAN("q")) || value.n == 0 || value.p[0] != '0')
			continue;
		for (value = span_tail(value, 1); value.n > 0; value = span_tail(value, 1))
			if (value.p[0] != '0' && value.p[0] != '.')
				return false;
		return true;
	}
	return false;
}

/* How closely a media range names HTML: 0 not at all. */
static int closeness(struct span range)
{
	if (span_eq_nocase(range, SPAN("text/html")))
		return 3;
	if (span_eq_nocase(range, SPAN("text/*")))
		return 2;
	return span_eq(range, SPAN("*/*")) ? 1 : 0;
}

/* By the closest range of Accept (9110, 12.5.1); a client without the field takes anything. */
static bool accepts_html(const struct http_head *h)
{
	int closest = 0;
	bool accepted = (h->has >> HTTP_F_ACCEPT & 1) == 0;
	for (unsigned i = 0; i < h->fields; i++) {
		struct span list = h->known[i] == HTTP_F_ACCEPT ? http_value(h, i) : SPAN_NONE;
		while (list.p != NULL) {
			struct span element = span_cut(&list, ',');
			int rank = closeness(span_trim(span_cut(&element, ';')));
			if (rank > closest) {
				closest = rank;
				accepted = !is_refused(element);
			}
		}
	}
	return accepted;
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

static void answer_decoded(struct http_exchange *x)
{
	uint8_t buf[PATH_ROOM];
	struct out o = out_init(buf, sizeof buf);
	if (!http_path_decode(x->head->path, &o)) {
		answer_text(x, 400, SPAN("This is not a path.\n"));
		return;
	}
	struct span path = out_span_of(&o);
	const struct http_asset *a = assets_find(path);
	if (a != NULL)
		http_asset_answer(x, a);
	else if (span_eq(path, SPAN("/healthz")))
		admin_answer_healthz(x);
	else if (is_route(path) && accepts_html(x->head))
		http_asset_answer(x, assets_find(SPAN("/")));
	else
		answer_text(x, 404, SPAN("There is nothing at this address.\n"));
}

static void route(struct http_exchange *x)
{
	const struct http_asset *a;
	switch (x->method) {
	case HTTP_GET:
	case HTTP_HEAD:
		/* What equals a name of ours as it came has nothing to decode. */
		a = assets_find(x->head->path);
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
	if (!log_open(&l, LOG_DEBUG, "request"))
		return;
	log_span(&l, "method", x->head->method_name);
	log_span(&l, "target", x->head->target);
	log_u64(&l, "status", x->status);
	log_close(&l);
}

const struct http_handler page_handler = {.request = on_request, .fields = SPAN(WEB_FIELDS)};
