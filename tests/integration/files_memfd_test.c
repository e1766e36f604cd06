/*
 * Files that web keeps in memory of the kernel's, from which it sends without a copy: which ones,
 * how many at most, and that an answer is whole whatever happens to the file or to other clients.
 */
#include "drivers/http_files.h"
#include "integration/files_rig.h"

#include <dirent.h>

#define MOST 128 /* http_files_defaults.memfds */
#define CHANGED_MS 20000

static uint16_t port;
static struct proc *web;

static int memfds(void)
{
	int n = 0;
	char path[64], to[64];
	snprintf(path, sizeof path, "/proc/%d/fd", (int)proc_pid(web));
	DIR *d = opendir(path);
	if (d == NULL)
		bail("no %s", path);
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		ssize_t got = readlinkat(dirfd(d), e->d_name, to, sizeof to);
		n += got > 7 && memcmp(to, "/memfd:", 7) == 0;
	}
	closedir(d);
	return n;
}

static bool is_big(struct span s, size_t from)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != big_byte(from + i))
			return check(false, "byte %zu", from + i);
	return true;
}

static bool is_whole(const char *target, size_t n)
{
	struct httpc_answer a = ask(port, "GET", target, "");
	bool right = check(a.status == 200 && a.body.n == n, "%s: %d, %zu bytes", target, a.status,
			   a.body.n) &&
		     is_big(a.body, 0);
	httpc_free(&a);
	return right;
}

static const struct {
	const char *name;
	size_t size;
	int memfds;
} sizes[] = {
	{"below", HTTP_FILES_MEMFD_MIN - 1, 0},
	{"least", HTTP_FILES_MEMFD_MIN, 1},
	{"odd", 100001, 1},
	{"most", 256 << 10, 1},
	{"above", (256 << 10) + 1, 0},
};

static void test_sizes(void)
{
	for (size_t i = 0; i < COUNT(sizes); i++) {
		char target[32];
		int before = memfds();
		snprintf(target, sizeof target, "/%s", sizes[i].name);
		write_big(sizes[i].name, sizes[i].size);
		bool right = is_whole(target, sizes[i].size);
		ok(right && memfds() - before == sizes[i].memfds, "%zu bytes, %d more memfds",
		   sizes[i].size, sizes[i].memfds);
	}
}

/* [fields], and which bytes come. */
static const struct {
	const char *fields;
	int status;
	size_t from, n;
} rows[] = {
	{"", 200, 0, 100001},
	{"Connection: close\r\n", 200, 0, 100001},
	{"Range: bytes=0-\r\n", 206, 0, 100001},
	{"Range: bytes=1-\r\n", 206, 1, 100000},
	{"Range: bytes=-100000\r\n", 206, 1, 100000},
	{"Range: bytes=4096-\r\n", 206, 4096, 95905},
	{"Range: bytes=-16385\r\n", 206, 83616, 16385},
	{"Range: bytes=-16384\r\n", 206, 83617, 16384},
	{"Range: bytes=-1\r\n", 206, 100000, 1},
	{"Range: bytes=0-99999\r\n", 206, 0, 100000},
	{"Range: bytes=50000-50009\r\n", 206, 50000, 10},
};

static void test_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct httpc_answer a = ask(port, "GET", "/odd", rows[i].fields);
		struct httpc_answer h = ask(port, "HEAD", "/odd", rows[i].fields);
		bool right = check(a.status == rows[i].status && a.body.n == rows[i].n,
				   "%d, %zu bytes", a.status, a.body.n);
		right &= is_big(a.body, rows[i].from);
		right &= check(h.status == 200, "HEAD: %d", h.status) &&
			 has_field(&h, "Content-Length", "100001");
		ok(right, "%zu bytes from %zu of 100001, %d", rows[i].n, rows[i].from,
		   rows[i].status);
		httpc_free(&h);
		httpc_free(&a);
	}
}

/* Written to where it is, not replaced: the answer that goes on is of what was there. */
static void test_written_to(size_t to)
{
	static struct httpc slow[8];
	char *path = temp_path("www/live.bin");
	bool right = true;
	write_big("live.bin", 200000);
	for (size_t i = 0; i < COUNT(slow); i++)
		begin(port, "/live.bin", &slow[i]);
	/* All of them have been answered when this one has. */
	right &= is_whole("/live.bin", 200000);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	for (off_t at = 0; at < 200000; at += 5)
		right &= pwrite(fd, "other", 5, at) == 5;
	right &= check(ftruncate(fd, (off_t)to) == 0, "truncated");
	close(fd);
	for (size_t i = 0; i < COUNT(slow); i++) {
		struct httpc_answer a;
		right &= check(httpc_read(&slow[i], &a, MS) == HTTPC_OK && a.body.n == 200000,
			       "whole");
		right &= is_big(a.body, 0);
		httpc_free(&a);
		httpc_close(&slow[i]);
	}
	ok(right, "written to and cut to %zu bytes while it is sent: each client has the old one",
	   to);
	free(path);
}

/* Clients that leave when a part has come; then the file goes, and its memory with it. */
static void test_left(void)
{
	write_big("left.bin", 250000);
	int before = memfds();
	bool right = is_whole("/left.bin", 250000);
	for (int i = 0; i < 60; i++) {
		uint8_t some[5000];
		struct httpc c;
		begin(port, "/left.bin", &c);
		right &= httpc_take(&c, some, sizeof some, MS) > 0;
		setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &(struct linger){i % 2, 0},
			   sizeof(struct linger));
		httpc_close(&c);
	}
	right &= is_whole("/left.bin", 250000) && check(proc_running(web), "it runs");
	ok(right, "clients that left, half of them with a reset");
	write_text("left.bin", "few");
	long long until = now_ms() + CHANGED_MS;
	for (bool is = false; !is && now_ms() < until;) {
		struct httpc_answer a = ask(port, "GET", "/left.bin", "");
		is = span_eq(a.body, SPAN("few"));
		httpc_free(&a);
	}
	while (memfds() > before && now_ms() < until)
		tick();
	ok(memfds() <= before, "and nothing is left of it");
}

static void test_many(void)
{
	enum { FILES = MOST + 30, SIZE = 33000 };
	char name[32];
	bool right = true;
	for (int i = 0; i < FILES; i++) {
		snprintf(name, sizeof name, "many/%d.bin", i);
		write_big(name, SIZE + (size_t)i);
	}
	for (int i = 0; i < 2 * FILES; i++) {
		snprintf(name, sizeof name, "/many/%d.bin", i % FILES);
		right &= is_whole(name, SIZE + (size_t)(i % FILES));
	}
	ok(right, "%d files, all right", FILES);
	is_int(memfds(), MOST, "in so many memfds, the others on the heap");
}

static void test_error_page(void)
{
	write_big("404.html", 40000);
	struct httpc_answer a = ask(port, "GET", "/none.txt", "");
	ok(a.status == 404 && a.body.n == 40000 && is_big(a.body, 0),
	   "a page that tells of an error");
	httpc_free(&a);
}

int main(void)
{
	write_text("index.html", "<p>index");
	char *www = temp_path("www");
	web = start_web(&port, NULL, (const char *const[]){"--root", www, NULL}, NULL);
	test_sizes();
	test_rows();
	test_written_to(200000);
	test_written_to(10);
	test_left();
	test_many();
	test_error_page();
	is_int(proc_stop(web, MS), 0, "stops");
	free(www);
	return done();
}
