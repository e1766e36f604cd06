#include "drivers/http_files_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define YOUNG_S 2 /* the coarsest times of a file system in use, FAT's */
#define HEADS_EACH (2 * (HTTP_STATIC_ROOM + ETAG_ROOM + 64)) /* 64: the longest media type */

const struct span http_file_codings[HTTP_FORMS_MAX] = {
	{NULL, 0},
	{(const uint8_t *)"br", 2},
	{(const uint8_t *)"zstd", 4},
	{(const uint8_t *)"gzip", 4},
};
static const char endings[HTTP_FORMS_MAX][5] = {"", ".br", ".zst", ".gz"};

static struct file_stamp stamp_of(const struct stat *st)
{
	return (struct file_stamp){st->st_dev, st->st_ino, st->st_size, st->st_mtim, st->st_ctim};
}

/* O_PATH: a FIFO or a device would notice that it is opened. */
static int look_at(const struct http_files *f, const char *name, struct file_stamp *stamp)
{
	struct stat st;
	int fd = http_files_beneath(f, name, O_PATH);
	if (fd < 0)
		return fd;
	int rc = fstat(fd, &st) < 0 ? -errno : 0;
	close(fd);
	if (rc < 0)
		return rc;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -ENOENT;
	*stamp = stamp_of(&st);
	return 0;
}

static bool name_form(char at[static PATH_ROOM], const char *name, size_t n, size_t form)
{
	size_t ending = strlen(endings[form]);
	if (n + ending >= PATH_ROOM)
		return false;
	memcpy(at, name, n);
	memcpy(at + n, endings[form], ending + 1);
	return true;
}

int http_file_look(const struct http_files *f, const char *name, size_t n,
		   struct file_stamp stamps[static HTTP_FORMS_MAX])
{
	char path[PATH_ROOM];
	memset(stamps, 0, HTTP_FORMS_MAX * sizeof *stamps);
	for (size_t i = 0; i < HTTP_FORMS_MAX; i++) {
		int rc = name_form(path, name, n, i) ? look_at(f, path, &stamps[i]) : -ENAMETOOLONG;
		if (i == 0 && rc < 0)
			return rc;
	}
	return 0;
}

/* Opens for reading what was looked at; what it is may have changed since. */
static int open_form(const struct http_files *f, const char *path, struct file_stamp *stamp)
{
	struct stat st;
	int fd = http_files_beneath(f, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fd;
	int rc = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? 0 : -ENOENT;
	if (rc < 0) {
		close(fd);
		return rc;
	}
	*stamp = stamp_of(&st);
	return fd;
}

static bool read_all(int fd, uint8_t *at, size_t n)
{
	ssize_t got = 1;
	for (size_t have = 0; have < n && got > 0; have += (size_t)got) {
		do
			got = pread(fd, at + have, n - have, (off_t)have);
		while (got < 0 && errno == EINTR);
	}
	return got > 0;
}

/* One that got shorter in this moment stays open: its answer is cut, and the next is not. */
static void read_bytes(struct http_file *file, struct http_form *form, int fd)
{
	uint8_t *bytes = malloc(form->size + 1);
	if (bytes != NULL && !read_all(fd, bytes, (size_t)form->size)) {
		free(bytes);
		bytes = NULL;
		file->young = true;
	}
	if (bytes != NULL)
		form->bytes = span_of(bytes, (size_t)form->size);
}

/* Takes [fd]: into memory when there is room for it, or else it stays open. */
static void take_bytes(struct http_file *file, struct http_form *form, int fd)
{
	struct http_files *f = file->owner;
	bool small = form->size <= f->options.small;
	uint64_t cost = small ? form->size : f->options.total / 64;
	form->fd = fd;
	if (!http_files_room(f, cost)) {
		file->kept = false;
		return;
	}
	file->cost += cost;
	f->used += cost;
	if (small && !http_file_copy(file, form, fd))
		read_bytes(file, form, fd);
	if (form->bytes.p == NULL)
		return;
	form->fd = -1;
	close(fd);
}

static struct span put_etag(uint8_t etag[static ETAG_ROOM], const struct file_stamp *s,
			    struct span coding)
{
	struct out o = out_init(etag, ETAG_ROOM);
	out_byte(&o, '"');
	out_hex(&o, (uint64_t)s->modified.tv_sec * 1000000000 + (uint64_t)s->modified.tv_nsec);
	out_byte(&o, '-');
	out_hex(&o, (uint64_t)s->size);
	out_byte(&o, '-');
	out_hex(&o, s->ino);
	if (coding.n > 0)
		out_byte(&o, '-');
	out_span(&o, coding);
	out_byte(&o, '"');
	return out_span_of(&o);
}

static int load_form(struct http_file *file, size_t i)
{
	char path[PATH_ROOM];
	struct http_static *s = &file->served;
	struct file_stamp *stamp = &file->stamps[i];
	struct timespec now;
	if (!name_form(path, file->name, file->name_n, i))
		return -ENAMETOOLONG;
	int fd = open_form(file->owner, path, stamp);
	if (fd < 0)
		return fd;
	clock_gettime(CLOCK_REALTIME, &now);
	file->young = file->young || now.tv_sec - stamp->changed.tv_sec <= YOUNG_S;
	struct http_form *form = &s->form[s->forms];
	*form = (struct http_form){
		.coding = http_file_codings[i],
		.size = (uint64_t)stamp->size,
		.etag = put_etag(file->etags[s->forms], stamp, http_file_codings[i]),
	};
	s->forms++;
	take_bytes(file, form, fd);
	return 0;
}

static int load_forms(struct http_file *file)
{
	int rc = http_file_look(file->owner, file->name, file->name_n, file->stamps);
	for (size_t i = 0; i < HTTP_FORMS_MAX && rc == 0; i++) {
		if (i > 0 && file->stamps[i].ino == 0)
			continue;
		rc = load_form(file, i);
		if (i > 0 && rc < 0) { /* one that went away, or can't be read, is not offered */
			memset(&file->stamps[i], 0, sizeof file->stamps[i]);
			file->young = true;
			rc = 0;
		}
	}
	return rc;
}

static int make_heads(struct http_file *file)
{
	struct http_static *s = &file->served;
	struct http_files *f = file->owner;
	uint8_t buf[HTTP_FILES_FIELDS_MAX];
	struct out fields = out_init(buf, sizeof buf);
	struct span name = span_of(file->name, file->name_n);
	uint8_t path[PATH_ROOM + 1] = "/";
	memcpy(path + 1, name.p, name.n);
	if (f->options.put_fields != NULL)
		f->options.put_fields(f->options.user, span_of(path, name.n + 1), &fields);
	size_t room = s->forms * (HEADS_EACH + 2 * fields.n);
	file->heads = malloc(room);
	if (file->heads == NULL)
		return -ENOMEM;
	struct out heads = out_init(file->heads, room);
	s->type = http_media_type(name);
	s->modified = (uint64_t)file->stamps[0].modified.tv_sec;
	http_static_init(s, out_span_of(&fields), &heads);
	file->cost += room;
	f->used += room;
	return heads.over || fields.over ? -ENOBUFS : 0;
}

static void hold(const struct http_static *s, bool needed)
{
	struct http_file *file = (struct http_file *)(uintptr_t)s;
	if (needed)
		file->refs++;
	else
		http_file_put(file);
}

int http_file_load(struct http_files *f, const char *name, size_t n, struct http_file **into)
{
	struct http_file *file = malloc(sizeof *file + n + 1);
	if (file == NULL)
		return -ENOMEM;
	memset(file, 0, sizeof *file + n + 1);
	file->owner = f;
	file->served.hold = hold;
	file->refs = 1;
	file->kept = true;
	file->looked = f->loop->now;
	file->cost = sizeof *file + n + 1;
	f->used += file->cost;
	memcpy(file->name, name, n);
	file->name_n = (uint32_t)n;
	int rc = load_forms(file);
	if (rc == 0)
		rc = make_heads(file);
	if (rc < 0)
		http_file_free(file);
	else
		*into = file;
	return rc;
}

void http_file_free(struct http_file *file)
{
	for (unsigned i = 0; i < file->served.forms; i++) {
		struct http_form *form = &file->served.form[i];
		if (form->bytes.p == NULL)
			close(form->fd);
		else if (form->file != NULL)
			http_file_drop(file->owner, form);
		else
			free((void *)(uintptr_t)form->bytes.p);
	}
	file->owner->used -= file->cost;
	free(file->heads);
	free(file);
}
