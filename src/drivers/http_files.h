/*
 * http_files: the files of a folder, and nothing outside of it. As http_static.h answers; in memory
 * while they are small and asked for.
 *
 *	rc = http_files_open(&files, &loop, "/srv/www", &http_files_defaults);
 *	if (rc < 0)
 *		...                                 // -errno: no folder there
 *	static void on_request(struct http_exchange *x)
 *	{
 *		if (!http_path_decode(x->head->path, &path))
 *			http_answer(x, 400, ...);
 *		else if (http_files_answer(&files, x, out_span_of(&path)) == 0)
 *			http_answer(x, 404, ...);
 *	}
 *	static const struct http_handler handler = {
 *		.request = on_request, .writable = http_static_writable, .gone = http_static_gone};
 *
 * What is served: regular files below the folder, whose path has no empty segment and none that
 * begins with a dot, except for /.well-known/ (RFC 8615). Symbolic links are followed as long as
 * they stay below the folder; where the kernel has no openat2 (before Linux 5.6, or forbidden by a
 * container engine), not at all. Neither opening nor reading a FIFO or device ever happens. A path
 * that ends in '/' is the index.html there; without the slash, it is redirected to it, if there is
 * one. There are no listings.
 *
 * NAME.br, NAME.zst and NAME.gz beside NAME are its content codings. The ETag is made of the time
 * of the last change in nanoseconds, size, and inode.
 *
 * A file that is used is looked at again after HTTP_FILES_FRESH_MS, one system call for it and each
 * possible coding, so a change is seen within that time, however it was made: by rename, by another
 * link, or on a network file system, which no watch would tell. That a file does not exist is
 * not remembered. The folder itself is opened once: to exchange it, exchange what is in it, a
 * link for example.
 */
#ifndef DRIVERS_HTTP_FILES_H
#define DRIVERS_HTTP_FILES_H

#include "drivers/http_static.h"

#define HTTP_FILES_FRESH_MS 500
#define HTTP_FILES_MEMFD_MIN 32768 /* below it sendfile costs what a copy does */
#define HTTP_FILES_FIELDS_MAX 8192 /* bytes of the field lines of one file */

struct http_files_options {
	uint32_t small; /* up to so many bytes a file is kept in memory, above it is read in pieces
			 */
	uint32_t total; /* bytes kept in memory; a large file, which is kept open, counts as a 64th
			 */
	/*
	 * Of those kept in memory, so many of HTTP_FILES_MEMFD_MIN bytes or more are kept in a
	 * memfd each, a descriptor, from which the kernel sends them without a copy; above it, or
	 * where there are no memfds, they are on the heap as the small ones. 0: all are.
	 */
	uint32_t memfds;
	/*
	 * Field lines for all answers with that file, each with its CRLF: Cache-Control, for
	 * example. Asked when it is loaded. [path] from its first slash, /index.html
	 * for what was asked for as /. NULL: none.
	 */
	void (*put_fields)(void *user, struct span path, struct out *o);
	void *user;
	bool no_openat2; /* does without, for tests */
};
extern const struct http_files_options http_files_defaults; /* 256 KiB, 16 MiB, 128 */

struct http_file;

#define HTTP_FILES_BUCKETS 1024

struct http_files {
	struct net_loop *loop;
	struct http_files_options options;
	int root;
	bool walks; /* no openat2 */
	uint64_t used;
	uint32_t memfds;
	struct http_file *newest, *oldest;
	struct http_file *buckets[HTTP_FILES_BUCKETS];
};

/* [root] is a path of the process's own. 0, or -errno. */
int http_files_open(struct http_files *f, struct net_loop *loop, const char *root,
		    const struct http_files_options *options);
/* When no exchange is being answered. */
void http_files_close(struct http_files *f);

/*
 * Within the handler's request, for GET and HEAD. [path] is decoded (http_path_decode). 1: it is
 * answered, or will be. 0: there is nothing of that name. -errno: there is, but it can't be read
 * (-EACCES) or not now (-EMFILE, -ENOMEM, -EIO).
 */
int http_files_answer(struct http_files *f, struct http_exchange *x, struct span path);
/*
 * The same, but answers with [status] what is at [path], without conditions, ranges and codings, to
 * be kept by nobody: a page that tells of an error. 0 also when it is not small.
 */
int http_files_answer_error(struct http_files *f, struct http_exchange *x, unsigned status,
			    struct span path);

#endif
