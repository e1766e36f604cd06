/*
 * How web answers with a file: conditions, ranges, codings, the same for a folder and for the page
 * in the binary; and a folder's files as they change, also while they are sent.
 */
#include "integration/files_rig.h"

#include <poll.h>

#define BIG ((size_t)10 << 20)
#define SEEN_MS 10000 /* a change is seen within a second; what is kept for good, never */

static uint16_t folder, page;
static struct proc *web;

/* The same questions to a file of the folder and to one of the page. */
static const struct thing {
	const char *name, *target, *type;
	uint16_t *port;
	bool dated; /* has Last-Modified */
} things[] = {
	{"folder", "/app.css", "text/css; charset=utf-8", &folder, true},
	{"medium", "/medium.css", "text/css; charset=utf-8", &folder, true},
	{"large", "/large.css", "text/css; charset=utf-8", &folder, true},
	{"page", "/app.css", "text/css; charset=utf-8", &page, false},
};

/* %e and %m in [fields] stand for the ETag and Last-Modified. */
static const struct row {
	const char *fields;
	int status;
	bool dated;
} rows[] = {
	{"If-None-Match: %e", 304, false},
	{"If-None-Match: W/%e", 304, false},
	{"If-None-Match: *", 304, false},
	{"If-None-Match: \"a\", %e", 304, false},
	{"If-None-Match: \"a\"", 200, false},
	{"If-None-Match: \"a\"\r\nIf-Modified-Since: %m", 200, true},
	{"If-None-Match: %e\r\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT", 304, false},
	{"If-Modified-Since: %m", 304, true},
	{"If-Modified-Since: Fri, 01 Jan 2021 00:00:00 GMT", 304, true},
	{"If-Modified-Since: Friday, 01-Jan-21 00:00:00 GMT", 304, true},
	{"If-Modified-Since: Fri Jan  1 00:00:00 2021", 304, true},
	{"If-Modified-Since: Wed, 01 Jan 2020 00:00:00 GMT", 200, true},
	{"If-Modified-Since: yesterday", 200, false},
	{"If-Match: %e", 200, false},
	{"If-Match: *", 200, false},
	{"If-Match: W/%e", 412, false},
	{"If-Match: \"a\"", 412, false},
	{"If-Unmodified-Since: %m", 200, true},
	{"If-Unmodified-Since: Wed, 01 Jan 2020 00:00:00 GMT", 412, true},
	{"If-Match: \"a\"\r\nRange: bytes=0-1", 412, false},
	{"If-None-Match: %e\r\nRange: bytes=0-1", 304, false},
	{"Range: bytes=0-1\r\nIf-Range: %e", 206, false},
	{"Range: bytes=0-1\r\nIf-Range: W/%e", 200, false},
	{"Range: bytes=0-1\r\nIf-Range: \"a\"", 200, false},
	{"Range: bytes=0-1\r\nIf-Range: %m", 206, true},
	{"Range: bytes=0-1\r\nIf-Range: Wed, 01 Jan 2020 00:00:00 GMT", 200, false},
	{"Range: bytes=1-0", 200, false},
	{"Range: lines=1-2", 200, false},
	{"Range: bytes=999999999-", 416, false},
	{"Range: bytes=-0", 416, false},
	{"Range: bytes=0-1\r\nRange: bytes=3-4", 200, false},
};

static struct httpc_answer whole_of(const struct thing *t)
{
	return ask(*t->port, "GET", t->target, "");
}

static void fill_in(char *to, size_t n, const char *text, const struct httpc_answer *whole)
{
	size_t used = 0;
	for (; *text != '\0' && used + 100 < n; text++) {
		if (text[0] != '%') {
			to[used++] = *text;
			continue;
		}
		text++;
		field_text(whole, *text == 'e' ? "ETag" : "Last-Modified", to + used, n - used);
		used += strlen(to + used);
	}
	snprintf(to + used, n - used, "\r\n");
}

static void test_row(const struct thing *t, const struct row *r)
{
	char fields[512], buf[64], range[64];
	struct httpc_answer whole = whole_of(t);
	fill_in(fields, sizeof fields, r->fields, &whole);
	struct httpc_answer a = ask(*t->port, "GET", t->target, fields);
	bool held = check(a.status == r->status, "status %d", a.status);
	if (a.status < 400)
		held &= has_field(&a, "ETag", field_text(&whole, "ETag", buf, sizeof buf));
	if (a.status < 400)
		held &= has_field(&a, "Cache-Control", "no-cache");
	if (a.status == 200)
		held &= check(span_eq(a.body, whole.body), "the whole");
	if (a.status == 206) {
		snprintf(range, sizeof range, "bytes 0-1/%zu", whole.body.n);
		held &= has_field(&a, "Content-Range", range);
		held &= check(span_eq(a.body, span_head(whole.body, 2)), "two bytes");
	}
	if (a.status == 416) {
		snprintf(range, sizeof range, "bytes */%zu", whole.body.n);
		held &= has_field(&a, "Content-Range", range);
		held &= has_field(&a, "Cache-Control", "no-store");
	}
	snprintf(buf, sizeof buf, "%.50s", r->fields);
	for (char *at = buf; *at != '\0'; at++)
		*at = *at < ' ' ? ' ' : *at;
	ok(held, "%s: %s: %d", t->name, buf, r->status);
	/* Of HEAD there are no ranges; conditions are the same. */
	struct httpc_answer h = ask(*t->port, "HEAD", t->target, fields);
	int want = r->status == 206 || r->status == 416 ? 200 : r->status;
	check(h.status == want, "HEAD: %d, not %d", h.status, want);
	httpc_free(&h);
	httpc_free(&a);
	httpc_free(&whole);
}

static const struct {
	const char *range;
	long from, n; /* from < 0: of the end */
} single[] = {
	{"bytes=0-0", 0, 1},         {"bytes=0-9", 0, 10},      {"bytes=5-", 5, -1},
	{"bytes=-1", -1, 1},         {"bytes=-100", -100, 100}, {"bytes=0-", 0, -1},
	{"bytes=7-99999999", 7, -1}, {"BYTES=1-2", 1, 2},
};

static void test_single(const struct thing *t)
{
	struct httpc_answer whole = whole_of(t);
	for (size_t i = 0; i < COUNT(single); i++) {
		char fields[64], said[80];
		size_t size = whole.body.n, from = (size_t)single[i].from;
		if (single[i].from < 0)
			from = size + from;
		size_t n = single[i].n < 0 ? size - from : (size_t)single[i].n;
		snprintf(fields, sizeof fields, "Range: %s\r\n", single[i].range);
		snprintf(said, sizeof said, "bytes %zu-%zu/%zu", from, from + n - 1, size);
		struct httpc_answer a = ask(*t->port, "GET", t->target, fields);
		bool held = check(a.status == 206, "status %d", a.status);
		held &= has_field(&a, "Content-Range", said) &&
			has_field(&a, "Content-Type", t->type);
		held &= check(span_eq(a.body, span_head(span_tail(whole.body, from), n)), "bytes");
		ok(held, "%s: %s", t->name, single[i].range);
		httpc_free(&a);
	}
	httpc_free(&whole);
}

/* Two parts, the second of which is [second] bytes long, at the end. */
static void test_several(const struct thing *t, size_t second)
{
	struct httpc_answer whole = whole_of(t);
	char fields[64], boundary[80];
	size_t size = whole.body.n, cap = size + 1000;
	uint8_t *want = malloc(cap);
	if (want == NULL)
		bail("no memory");
	snprintf(fields, sizeof fields, "Range: bytes=0-99,-%zu\r\n", second);
	struct httpc_answer a = ask(*t->port, "GET", t->target, fields);
	field_text(&a, "Content-Type", boundary, sizeof boundary);
	char *mark = strchr(boundary, '=');
	bool held = check(a.status == 206 && mark != NULL &&
				  strncmp(boundary, "multipart/byteranges; boundary=", 31) == 0,
			  "%d %s", a.status, boundary);
	int n = snprintf((char *)want, cap,
			 "\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes 0-99/%zu\r\n\r\n",
			 mark != NULL ? mark + 1 : "", t->type, size);
	memcpy(want + n, whole.body.p, 100);
	n += 100;
	n += snprintf((char *)want + n, cap - (size_t)n,
		      "\r\n--%s\r\nContent-Type: %s\r\nContent-Range: bytes %zu-%zu/%zu\r\n\r\n",
		      mark != NULL ? mark + 1 : "", t->type, size - second, size - 1, size);
	memcpy(want + n, whole.body.p + size - second, second);
	n += (int)second;
	n += snprintf((char *)want + n, cap - (size_t)n, "\r\n--%s--\r\n",
		      mark != NULL ? mark + 1 : "");
	held &= check(span_eq(a.body, span_of(want, (size_t)n)), "the parts");
	held &= has_field(&a, "Content-Range", NULL);
	ok(held, "%s: two parts, of 100 and %zu bytes", t->name, second);
	free(want);
	httpc_free(&a);
	httpc_free(&whole);
}

/* Codings. Of coded.js there are br, zstd and gzip, of page's app.js gzip; sizes fall in that
 * order. */
static const struct {
	const char *accept, *of_folder, *of_page;
} codings[] = {
	{NULL, NULL, NULL},
	{"gzip", "gzip", "gzip"},
	{"x-gzip", "gzip", "gzip"},
	{"GZIP", "gzip", "gzip"},
	{"br", "br", NULL},
	{"zstd", "zstd", NULL},
	{"gzip, deflate, br, zstd", "gzip", "gzip"},
	{"br;q=1, gzip;q=0.5", "br", "gzip"},
	{"br;q=0.1, gzip;q=0", "br", NULL},
	{"*", "gzip", "gzip"},
	{"*;q=0.5, gzip;q=0", "zstd", NULL},
	{"gzip;q=0.5, identity", NULL, NULL},
	{"gzip;q=0", NULL, NULL},
	{"identity", NULL, NULL},
	{"", NULL, NULL},
	{"compress", NULL, NULL},
	{"identity;q=0, gzip", "gzip", "gzip"},
	{"identity;q=0", NULL, NULL},
	{"*;q=0", NULL, NULL},
	{"gzip;q=2", NULL, NULL},
};

static void test_coding(const char *accept, const char *coding, uint16_t port, const char *target)
{
	char fields[256] = "", tag[80], plain_tag[80], buf[400];
	struct httpc_answer whole = ask(port, "GET", target, "");
	if (accept != NULL)
		snprintf(fields, sizeof fields, "Accept-Encoding: %s\r\n", accept);
	struct httpc_answer a = ask(port, "GET", target, fields);
	bool held = check(a.status == 200, "status %d", a.status);
	held &= has_field(&a, "Content-Encoding", coding);
	held &= has_field(&a, "Vary", "Accept-Encoding");
	held &= has_field(&a, "Content-Type", "text/javascript; charset=utf-8");
	field_text(&a, "ETag", tag, sizeof tag);
	field_text(&whole, "ETag", plain_tag, sizeof plain_tag);
	held &= check((strcmp(tag, plain_tag) == 0) == (coding == NULL), "a tag of its own");
	snprintf(buf, sizeof buf, "%sIf-None-Match: %s\r\n", fields, tag);
	struct httpc_answer same = ask(port, "GET", target, buf);
	held &= check(same.status == 304, "then %d", same.status);
	held &= has_field(&same, "Vary", "Accept-Encoding") && has_field(&same, "ETag", tag);
	snprintf(buf, sizeof buf, "%sRange: bytes=2-5\r\n", fields);
	struct httpc_answer part = ask(port, "GET", target, buf);
	held &= check(part.status == 206 && span_eq(part.body, span_head(span_tail(a.body, 2), 4)),
		      "a range is of what was chosen");
	held &= has_field(&part, "Content-Encoding", coding);
	ok(held, "%s: %s gives %s", target, accept != NULL ? accept : "no field",
	   coding != NULL ? coding : "none");
	httpc_free(&part);
	httpc_free(&same);
	httpc_free(&a);
	httpc_free(&whole);
}

static void test_gzip_is_it(void)
{
	char *path = temp_path("app.js.gz");
	struct httpc_answer a = ask(page, "GET", "/app.js", "Accept-Encoding: gzip\r\n");
	struct httpc_answer whole = ask(page, "GET", "/app.js", "");
	FILE *f = fopen(path, "we");
	if (f == NULL || fwrite(a.body.p, 1, a.body.n, f) != a.body.n || fclose(f) != 0)
		bail("can't write %s", path);
	const char *argv[] = {"gzip", "-dc", path, NULL};
	int status;
	char *text = proc_run(&(struct proc_spec){.argv = argv}, MS, &status);
	ok(status == 0 && strlen(text) + 1 == whole.body.n &&
		   memcmp(text, whole.body.p, strlen(text)) == 0,
	   "the page's gzip, %zu bytes, is the page, %zu", a.body.n, whole.body.n);
	free(text);
	free(path);
	httpc_free(&a);
	httpc_free(&whole);
}

/* Changes. */

static bool comes(const char *target, int status, const char *body)
{
	long long until = now_ms() + SEEN_MS;
	for (;;) {
		struct httpc_answer a = ask(folder, "GET", target, "");
		bool is = a.status == status && (body == NULL || span_eq(a.body, span_str(body)));
		httpc_free(&a);
		if (is || now_ms() > until)
			return is;
		tick();
	}
}

static void test_changes(void)
{
	char *from = temp_path("www/new.tmp"), *to = temp_path("www/live.txt"),
	     *link = temp_path("www/current"), *fresh = temp_path("www/fresh"),
	     *coded = temp_path("www/live.txt.gz");
	ok(comes("/live.txt", 404, NULL), "not there");
	write_text("live.txt", "one");
	ok(comes("/live.txt", 200, "one"), "added");
	write_text("live.txt", "two");
	ok(comes("/live.txt", 200, "two"), "written over, with the same size");
	write_text("new.tmp", "three");
	rename(from, to);
	ok(comes("/live.txt", 200, "three"), "replaced by rename");
	write_text("live.txt.gz", "");
	bool varies = false;
	for (long long until = now_ms() + SEEN_MS; !varies && now_ms() < until; tick()) {
		struct httpc_answer a = ask(folder, "GET", "/live.txt", "");
		varies = httpc_field(&a, "Vary").n > 0;
		httpc_free(&a);
	}
	ok(varies, "a coding added");
	unlink(coded);
	unlink(to);
	ok(comes("/live.txt", 404, NULL), "removed");
	write_text("v1/a.txt", "first");
	write_text("v2/a.txt", "second");
	ok(symlink("v1", link) == 0 && comes("/current/a.txt", 200, "first"), "behind a link");
	ok(symlink("v2", fresh) == 0 && rename(fresh, link) == 0 &&
		   comes("/current/a.txt", 200, "second"),
	   "the link exchanged");
	free(coded);
	free(fresh);
	free(link);
	free(from);
	free(to);
}

/* Sending. */

/* Some clients that take their time: each may hold a piece, none the file. */
static void test_slow(void)
{
	static struct httpc slow[40];
	long before = proc_rss_kib(web);
	for (size_t i = 0; i < COUNT(slow); i++)
		begin(folder, "/big.bin", &slow[i]);
	for (long long until = now_ms() + 200; now_ms() < until;)
		tick();
	long held = proc_rss_kib(web) - before;
	/* ASan keeps what is freed for a while. */
	ok(held < 40 * 160 || strstr(proc_bin("web"), "/san/") != NULL,
	   "%zu slow clients of 10 MB: %ld KiB more", COUNT(slow), held);
	bool right = true;
	struct httpc_answer a;
	for (size_t i = 0; i < 3; i++) {
		right &=
			check(httpc_read(&slow[i], &a, MS) == HTTPC_OK && a.body.n == BIG, "whole");
		for (size_t at = 0; right && at < BIG; at++)
			right = a.body.p[at] == big_byte(at);
		httpc_free(&a);
	}
	ok(right, "each byte of it is right");
	for (size_t i = 0; i < COUNT(slow); i++)
		httpc_close(&slow[i]);
}

static void test_truncated(void)
{
	struct httpc c;
	struct httpc_answer a;
	char *path = temp_path("www/shrinks.bin");
	write_big("shrinks.bin", BIG);
	begin(folder, "/shrinks.bin", &c);
	begun(&c);
	if (truncate(path, 100000) != 0)
		bail("truncate");
	int rc = httpc_read(&c, &a, MS);
	ok(rc == HTTPC_CUT || rc == HTTPC_RESET, "truncated while it was sent: %s",
	   httpc_strerror(rc));
	httpc_free(&a);
	httpc_close(&c);
	write_big("shrinks.bin", BIG);
	begin(folder, "/shrinks.bin", &c);
	begun(&c);
	/* So that the time of the file is another one: it goes by the kernel's ticks. */
	for (long long until = now_ms() + 100; now_ms() < until;)
		tick();
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ok(pwrite(fd, "other", 5, (off_t)BIG - 5) == 5, "written to");
	close(fd);
	rc = httpc_read(&c, &a, MS);
	ok(rc == HTTPC_CUT || rc == HTTPC_RESET, "while it was sent: %s", httpc_strerror(rc));
	httpc_free(&a);
	httpc_close(&c);
	free(path);
}

/* What is replaced while it is sent, from memory or from the disk, goes on as it began. */
static void test_replaced(const char *name, size_t n)
{
	struct httpc c;
	struct httpc_answer a;
	char target[64], *from = temp_path("www/other.tmp"), *to = temp_path("www/%s", name);
	snprintf(target, sizeof target, "/%s", name);
	write_big(name, n);
	begin(folder, target, &c);
	begun(&c);
	for (long long until = now_ms() + 600; now_ms() < until;)
		tick();
	write_text("other.tmp", "other");
	rename(from, to);
	ok(comes(target, 200, "other"), "%s: the new one is there", name);
	bool right = check(httpc_read(&c, &a, MS) == HTTPC_OK && a.body.n == n, "whole");
	for (size_t at = 0; right && at < n; at++)
		right = a.body.p[at] == big_byte(at);
	ok(right, "and the old one was whole");
	httpc_free(&a);
	httpc_close(&c);
	free(from);
	free(to);
}

/* More than the cache holds, twice, of each size: all of it is right, and memory is bounded. */
static void test_bounded(void)
{
	char name[32];
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "many/%d.bin", i);
		write_big(name, 250000 + (size_t)i);
	}
	bool right = true;
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "/many/%d.bin", i % 100);
		struct httpc_answer a = ask(folder, "GET", name, "");
		right &= check(a.status == 200 && a.body.n == 250000 + (size_t)(i % 100) &&
				       a.body.p[77777] == big_byte(77777),
			       "%s: %d", name, a.status);
		httpc_free(&a);
	}
	ok(right, "25 MB of small files");
	if (strstr(proc_bin("web"), "/san/") == NULL)
		ok(proc_rss_kib(web) < 24 << 10, "in %ld KiB", proc_rss_kib(web));
}

static void test_pipelined(void)
{
	struct httpc c;
	struct httpc_answer a;
	static const char *const targets[] = {"/app.css", "/large.css", "/medium.bin", "/none.x"};
	static const size_t sizes[] = {6000, 400000, 100000, 34};
	httpc_dial(&c, "127.0.0.1", folder, MS);
	char text[8192];
	size_t used = 0;
	for (int i = 0; i < 40; i++)
		used += (size_t)snprintf(text + used, sizeof text - used,
					 "GET %s HTTP/1.1\r\nHost: t\r\n\r\n", targets[i % 4]);
	httpc_send(&c, span_of(text, used), MS);
	int right = 0;
	for (int i = 0; i < 40 && httpc_read(&c, &a, MS) == HTTPC_OK; i++) {
		right += a.body.n == sizes[i % 4];
		httpc_free(&a);
	}
	is_int(right, 40, "pipelined, small, medium and large");
	httpc_close(&c);
}

int main(void)
{
	write_text("index.html", "<p>index");
	write_big("app.css", 6000);
	write_big("medium.bin", 100000);
	write_big("medium.css", 100000);
	write_big("large.css", 400000);
	write_big("big.bin", BIG);
	write_big("coded.js", 6000);
	write_big("coded.js.br", 5000);
	write_big("coded.js.zst", 4000);
	write_big("coded.js.gz", 3000);
	char *www = temp_path("www");
	const struct timespec old[2] = {{.tv_sec = 1600000000}, {.tv_sec = 1600000000}};
	for (size_t i = 0; i < COUNT(things) && things[i].dated; i++) {
		char *path = temp_path("www%s", things[i].target);
		utimensat(AT_FDCWD, path, old, 0);
		free(path);
	}
	web = start_web(&folder, NULL, (const char *const[]){"--root", www, NULL}, NULL);
	struct proc *other = start_web(&page, NULL, NULL, NULL);
	for (size_t t = 0; t < COUNT(things); t++) {
		for (size_t i = 0; i < COUNT(rows); i++)
			if (things[t].dated || !rows[i].dated)
				test_row(&things[t], &rows[i]);
		test_single(&things[t]);
		test_several(&things[t], 1000);
		test_several(&things[t], 5000);
	}
	test_several(&things[1], 90000);
	test_several(&things[2], 390000);
	for (size_t i = 0; i < COUNT(codings); i++) {
		test_coding(codings[i].accept, codings[i].of_folder, folder, "/coded.js");
		test_coding(codings[i].accept, codings[i].of_page, page, "/app.js");
	}
	test_gzip_is_it();
	test_changes();
	test_pipelined();
	test_slow();
	test_truncated();
	test_replaced("r-medium.bin", 200000);
	test_replaced("r-large.bin", 3000000);
	test_bounded();
	is_int(proc_stop(web, MS), 0, "stops");
	is_int(proc_stop(other, MS), 0, "stops");
	free(www);
	return done();
}
