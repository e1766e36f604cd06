/* http_files_inner: what the parts of http_files share. */
#ifndef DRIVERS_HTTP_FILES_INNER_H
#define DRIVERS_HTTP_FILES_INNER_H

#include "drivers/http_files.h"

#include <sys/stat.h>

#define PATH_ROOM 4096 /* PATH_MAX */
#define ETAG_ROOM 64   /* three numbers of 16 digits and a coding */

/* What tells one version of a file from another; all 0: there is none. */
struct file_stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec modified, changed;
};

struct http_file {
	struct http_static served; /* first: so [hold] finds the rest */
	struct http_files *owner;
	struct http_file *next;          /* in its bucket */
	struct http_file *newer, *older; /* in order of use */
	uint64_t looked;                 /* loop time */
	uint64_t cost;
	uint32_t refs; /* the cache, and each answer that goes on */
	bool kept;     /* in the cache */
	bool young;    /* changed so shortly before it was read that its times don't tell it */
	struct file_stamp stamps[HTTP_FORMS_MAX]; /* of the name and its codings */
	struct net_file copies[HTTP_FORMS_MAX];   /* what the forms' [file] points to */
	uint8_t etags[HTTP_FORMS_MAX][ETAG_ROOM];
	uint8_t *heads;
	uint32_t name_n;
	char name[]; /* below the root, without a slash at its start, with NUL */
};

/* http_files_beneath.c: opening, without ever leaving the root. */
void http_files_probe(struct http_files *f);
/* A descriptor or -errno. */
int http_files_beneath(const struct http_files *f, const char *name, int flags);

/* http_files_load.c */
extern const struct span http_file_codings[HTTP_FORMS_MAX];
/* Looks at [name] and its codings. 0 when it is a regular file, -EISDIR, or -errno. */
int http_file_look(const struct http_files *f, const char *name, size_t n,
		   struct file_stamp stamps[static HTTP_FORMS_MAX]);
/* A new one with one reference, the caller's, into *file; 0 or -errno. */
int http_file_load(struct http_files *f, const char *name, size_t n, struct http_file **file);
void http_file_free(struct http_file *file);

/* http_files_memfd.c */
/* Copies [from] for [form], whose size is set; false: there may not be one more, or can't. */
bool http_file_copy(struct http_file *file, struct http_form *form, int from);
void http_file_drop(struct http_files *f, struct http_form *form);

/* http_files_cache.c */
/* With a reference for the caller, which he returns by http_file_put. 0 or -errno. */
int http_file_get(struct http_files *f, const char *name, size_t n, struct http_file **file);
void http_file_put(struct http_file *file);
/* Whether [bytes] more may be held; forgets what was not used for longest. */
bool http_files_room(struct http_files *f, uint64_t bytes);

#endif
