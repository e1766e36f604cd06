#include "drivers/http_files_inner.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static struct http_file **bucket(struct http_files *f, const char *name, size_t n)
{
	uint32_t h = 0x811c9dc5; /* FNV-1a */
	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)name[i]) * 0x01000193;
	return &f->buckets[(h ^ h >> 16) % HTTP_FILES_BUCKETS];
}

static void unlink_use(struct http_file *file)
{
	struct http_files *f = file->owner;
	*(file->newer != NULL ? &file->newer->older : &f->newest) = file->older;
	*(file->older != NULL ? &file->older->newer : &f->oldest) = file->newer;
}

static void link_newest(struct http_file *file)
{
	struct http_files *f = file->owner;
	file->newer = NULL;
	file->older = f->newest;
	*(f->newest != NULL ? &f->newest->newer : &f->oldest) = file;
	f->newest = file;
}

void http_file_put(struct http_file *file)
{
	if (--file->refs == 0)
		http_file_free(file);
}

static void forget(struct http_file *file)
{
	struct http_file **at = bucket(file->owner, file->name, file->name_n);
	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
	unlink_use(file);
	http_file_put(file);
}

static void keep(struct http_file *file)
{
	struct http_file **at = bucket(file->owner, file->name, file->name_n);
	file->next = *at;
	*at = file;
	link_newest(file);
	file->refs++;
}

/* What an answer still needs does not go by being forgotten: then there is no room. */
bool http_files_room(struct http_files *f, uint64_t bytes)
{
	while (f->used + bytes > f->options.total && f->oldest != NULL)
		forget(f->oldest);
	return f->used + bytes <= f->options.total;
}

static struct http_file *find(struct http_files *f, const char *name, size_t n)
{
	struct http_file *file = *bucket(f, name, n);
	while (file != NULL && (file->name_n != n || memcmp(file->name, name, n) != 0))
		file = file->next;
	return file;
}

static bool is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_fresh(struct http_file *file)
{
	struct file_stamp now[HTTP_FORMS_MAX];
	struct http_files *f = file->owner;
	if (f->loop->now - file->looked < HTTP_FILES_FRESH_MS)
		return true;
	if (file->young || http_file_look(f, file->name, file->name_n, now) < 0)
		return false;
	for (size_t i = 0; i < HTTP_FORMS_MAX; i++) {
		const struct file_stamp *a = &now[i], *b = &file->stamps[i];
		if (a->dev != b->dev || a->ino != b->ino || a->size != b->size ||
		    !is_same_time(a->modified, b->modified) ||
		    !is_same_time(a->changed, b->changed))
			return false;
	}
	file->looked = f->loop->now;
	return true;
}

int http_file_get(struct http_files *f, const char *name, size_t n, struct http_file **into)
{
	struct http_file *file = find(f, name, n);
	if (file != NULL && !is_fresh(file)) {
		forget(file);
		file = NULL;
	}
	if (file != NULL) {
		if (file != f->newest) {
			unlink_use(file);
			link_newest(file);
		}
		file->refs++;
		*into = file;
		return 0;
	}
	int rc = http_file_load(f, name, n, into);
	/* Its own cost came on top of what the others were asked to leave. */
	if (rc == 0 && (*into)->kept && http_files_room(f, 0))
		keep(*into);
	return rc;
}

void http_files_close(struct http_files *f)
{
	while (f->oldest != NULL)
		forget(f->oldest);
	close(f->root);
}
