/*
 * Files in memory that the kernel can send without a copy: each in a memfd, which is sealed, so
 * that what was promised in a head is there whatever becomes of the file it was read from. It is
 * mapped as well, for all that wants the bytes; whole answers never touch the mapping.
 */
#include "drivers/http_files_inner.h"

#include "net/net_conn.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

static bool copy_all(int to, int from, uint64_t size)
{
	for (off_t at = 0; (uint64_t)at < size;) {
		ssize_t got = sendfile(to, from, &at, (size_t)(size - (uint64_t)at));
		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
	}
	return true;
}

/* Private: before Linux 6.7 a shared mapping counts as one that may write, and seals refuse it. */
static void *seal(int fd, size_t size)
{
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return MAP_FAILED;
	return mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
}

bool http_file_copy(struct http_file *file, struct http_form *form, int from)
{
	struct http_files *f = file->owner;
	struct net_file *copy = &file->copies[form - file->served.form];
	if (form->size < HTTP_FILES_MEMFD_MIN || f->memfds >= f->options.memfds)
		return false;
	int fd = memfd_create("file", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return false;
	size_t size = (size_t)form->size;
	void *at = copy_all(fd, from, form->size) ? seal(fd, size) : MAP_FAILED;
	if (at == MAP_FAILED) {
		close(fd);
		return false;
	}
	*copy = (struct net_file){.fd = fd, .size = form->size};
	form->file = copy;
	form->bytes = span_of(at, size);
	f->memfds++;
	return true;
}

void http_file_drop(struct http_files *f, struct http_form *form)
{
	munmap((void *)(uintptr_t)form->bytes.p, form->bytes.n);
	close(form->file->fd);
	f->memfds--;
}
