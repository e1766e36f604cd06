#include "drivers/http_files_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#define INDEX SPAN("index.html")

const struct http_files_options http_files_defaults = {
	.small = 256 << 10,
	.total = 16 << 20,
	.memfds = 128,
};

int http_files_open(struct http_files *f, struct net_loop *loop, const char *root,
		    const struct http_files_options *options)
{
	memset(f, 0, sizeof *f);
	f->loop = loop;
	f->options = *options;
	f->root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (f->root < 0)
		return -errno;
	http_files_probe(f);
	return 0;
}

/* Nothing is hidden of /.well-known but what is hidden in it. */
static bool is_shown(struct span segment, bool first)
{
	if (segment.n == 0 || segment.n > NAME_MAX || span_find(segment, 0) < segment.n)
		return false;
	return segment.p[0] != '.' || (first && span_eq(segment, SPAN(".well-known")));
}

/* The file for a path, below the root; false when none can be there. */
static bool name_of(struct span path, struct out *name)
{
	if (path.n == 0 || path.p[0] != '/')
		return false;
	path = span_tail(path, 1);
	struct span rest = path;
	for (bool first = true; rest.p != NULL; first = false) {
		struct span segment = span_cut(&rest, '/');
		if (rest.p == NULL && segment.n == 0)
			break;
		if (!is_shown(segment, first))
			return false;
	}
	out_span(name, path);
	if (path.n == 0 || path.p[path.n - 1] == '/')
		out_span(name, INDEX);
	out_byte(name, 0);
	return !name->over;
}

static void put_escaped(struct out *o, struct span segment)
{
	for (size_t i = 0; i < segment.n; i++) {
		uint8_t c = segment.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || (c != 0 && strchr("-._~", c) != NULL);
		out_byte(o, plain ? c : '%');
		if (!plain) {
			out_byte(o, (uint8_t) "0123456789ABCDEF"[c >> 4]);
			out_byte(o, (uint8_t) "0123456789ABCDEF"[c & 15]);
		}
	}
}

/*
 * To the same with a slash. Relative, so that it never names a host, and is right behind a proxy
 * that takes a prefix off; "./", or a colon would make the segment a scheme.
 */
static void redirect(struct http_exchange *x, struct span path)
{
	uint8_t buf[NAME_MAX * 3 + 8192 + 8];
	struct out where = out_init(buf, sizeof buf);
	size_t at = path.n;
	while (path.p[at - 1] != '/')
		at--;
	out_str(&where, "./");
	put_escaped(&where, span_tail(path, at));
	out_byte(&where, '/');
	if (x->head->query.p != NULL) {
		out_byte(&where, '?');
		out_span(&where, x->head->query);
	}
	struct out o = http_open(x, 301, where.n + 128);
	o.over = o.over || where.over;
	http_put_field(&o, SPAN("Location"), out_span_of(&where));
	http_put_field(&o, SPAN("Cache-Control"), SPAN("no-cache"));
	http_begin(x, &o, 0);
	if (!x->answered)
		http_end(x);
}

/* Which errors say that nothing is there; all else is worth telling apart. */
static int result(int rc)
{
	switch (rc) {
	case -ENOENT:
	case -ENOTDIR:
	case -EISDIR:
	case -ELOOP:
	case -ENAMETOOLONG:
	case -EXDEV:
	case -EINVAL:
	case -ENXIO:
		return 0;
	default:
		return rc;
	}
}

static int answer_folder(struct http_files *f, struct http_exchange *x, struct span path,
			 struct out *name)
{
	struct http_file *file;
	name->n--;
	out_byte(name, '/');
	out_span(name, INDEX);
	out_byte(name, 0);
	int rc = name->over ? -ENOENT : http_file_get(f, (char *)name->p, name->n - 1, &file);
	if (rc < 0)
		return result(rc);
	redirect(x, path);
	http_file_put(file);
	return 1;
}

int http_files_answer(struct http_files *f, struct http_exchange *x, struct span path)
{
	uint8_t buf[PATH_ROOM];
	struct out name = out_init(buf, sizeof buf);
	struct http_file *file;
	if ((x->method != HTTP_GET && x->method != HTTP_HEAD) || !name_of(path, &name))
		return 0;
	int rc = http_file_get(f, (char *)name.p, name.n - 1, &file);
	if (rc == -EISDIR)
		return answer_folder(f, x, path, &name);
	if (rc < 0)
		return result(rc);
	http_static_answer(x, &file->served);
	http_file_put(file);
	return 1;
}

int http_files_answer_error(struct http_files *f, struct http_exchange *x, unsigned status,
			    struct span path)
{
	uint8_t buf[PATH_ROOM];
	struct out name = out_init(buf, sizeof buf);
	struct http_file *file;
	if (!name_of(path, &name))
		return 0;
	int rc = http_file_get(f, (char *)name.p, name.n - 1, &file);
	if (rc < 0)
		return result(rc);
	const struct http_form *form = &file->served.form[0];
	rc = form->bytes.p != NULL && form->size + 1024 < http_room(x);
	if (rc > 0) {
		struct out o = http_open(x, status, 256);
		http_put_field(&o, SPAN("Content-Type"), file->served.type);
		http_put_field(&o, SPAN("Cache-Control"), SPAN("no-store"));
		http_begin(x, &o, form->size);
		if (!x->answered && http_send(x, form->bytes))
			http_end(x);
		else if (!x->answered)
			http_abort(x);
	}
	http_file_put(file);
	return rc;
}
