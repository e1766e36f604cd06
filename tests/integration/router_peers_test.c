/*
 * The router before real servers: nginx, our own web and api, and another router. What a client
 * sees of them through it is what it sees without it.
 *
 * BIG=1024 in the environment: MiB of the large bodies.
 */
#include "harness/app.h"

#include "integration/router_upstream.h"

#include <sys/ioctl.h>
#include <sys/stat.h>

#define BIG_MIB 128
#define RSS_MAX_KIB 4096

static struct app app;
static int nginx_port, front_port; /* front: / is nginx, /api the router of [app] */
static struct proc *nginx, *front;
static uint64_t big;

static const char nginx_conf[] =
	"daemon off; master_process off; pid nginx.pid; error_log stderr;\n"
	"events { worker_connections 512; }\n"
	"http {\n"
	"  access_log off; default_type text/plain; sendfile on;\n"
	"  types { text/html html; text/plain txt; application/octet-stream bin; }\n"
	"  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n"
	"  uwsgi_temp_path uwsgi; scgi_temp_path scgi; client_max_body_size 0;\n"
	"  gzip on; gzip_types text/plain; gzip_min_length 100; gzip_vary on;\n"
	"  gzip_proxied any; gzip_http_version 1.0;\n"
	"  server { listen 127.0.0.1:%d; root www; location /put/ { dav_methods PUT DELETE; } }\n"
	"}\n";

static void make_www(void)
{
	char *dir = temp_path("www"), *put = temp_path("www/put"), *text = temp_path("www/a.txt"),
	     *zeros = temp_path("www/big.bin"), *conf = temp_path("nginx.conf");
	mkdir(dir, 0755);
	mkdir(put, 0777);
	FILE *f = fopen(text, "we");
	for (int i = 0; f != NULL && i < 2000; i++)
		fprintf(f, "line %d\n", i);
	if (f == NULL || fclose(f) != 0)
		bail("%s: %s", text, strerror(errno));
	f = fopen(zeros, "we");
	if (f == NULL || fclose(f) != 0 || truncate(zeros, (off_t)big) != 0)
		bail("%s: %s", zeros, strerror(errno));
	f = fopen(conf, "we");
	if (f == NULL || fprintf(f, nginx_conf, nginx_port) < 0 || fclose(f) != 0)
		bail("%s: %s", conf, strerror(errno));
	free(dir);
	free(put);
	free(text);
	free(zeros);
	free(conf);
}

static void start_nginx(void)
{
	char *prefix = temp_path("/");
	bool there = access("/usr/sbin/nginx", X_OK) == 0;
	const char *argv[] = {
		there ? "/usr/sbin/nginx" : "nginx", "-p", prefix, "-c", "nginx.conf", NULL};
	nginx = proc_start(&(struct proc_spec){.argv = argv});
	if (!wait_port(nginx_port, SOON))
		bail("nginx: %s", proc_log(nginx));
	free(prefix);
}

static void start_front(void)
{
	const char *argv[] = {proc_bin("router"), NULL};
	const char *env[] = {text_of("PORT", front_port),
			     text_of("WEB_PORT", nginx_port),
			     text_of("API_PORT", app.port[APP_ROUTER]),
			     "ADMIN_PORT=0",
			     "API_HOST=127.0.0.1",
			     "WEB_HOST=127.0.0.1",
			     NULL};
	front = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	for (int i = 0; i < 3; i++)
		free((char *)(uintptr_t)env[i]);
	if (!wait_port(front_port, SOON))
		bail("the router does not listen: %s", proc_log(front));
}

/* The same request to a server, and through the router. */

struct row {
	const char *method, *path, *fields;
	int status;
};

/* "@" in the fields stands for the ETag of the row before. */
static bool put_request(char *buf, size_t room, const struct row *row, const char *prefix,
			const char *etag)
{
	const char *at = strchr(row->fields, '@');
	int before = at == NULL ? (int)strlen(row->fields) : (int)(at - row->fields);
	int n = snprintf(buf, room, "%s %s%s HTTP/1.1\r\nHost: t\r\n%.*s%s%s\r\n", row->method,
			 prefix, row->path, before, row->fields, at == NULL ? "" : etag,
			 at == NULL ? "" : at + 1);
	return n > 0 && (size_t)n < room;
}

static void dial(struct httpc *c, int port)
{
	if (!httpc_dial(c, "127.0.0.1", (uint16_t)port, SOON))
		bail("no connection");
}

static int exchange(struct httpc *c, const struct row *row, const char *request,
		    struct httpc_answer *a)
{
	tell(c, request);
	return row->method[0] == 'H' ? httpc_read_head(c, a, SOON) : httpc_read(c, a, SOON);
}

static bool same_fields(const struct httpc_answer *a, const struct httpc_answer *b)
{
	static const char *const names[] = {
		"Content-Type",  "Content-Range",  "Content-Encoding", "ETag",
		"Accept-Ranges", "Last-Modified",  "Cache-Control",    "Vary",
		"Allow",         "Content-Length",
	};
	bool same = true;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		same &= check(span_eq(httpc_field(a, names[i]), httpc_field(b, names[i])),
			      "%s: %.*s and %.*s", names[i], (int)httpc_field(a, names[i]).n,
			      (const char *)httpc_field(a, names[i]).p,
			      (int)httpc_field(b, names[i]).n,
			      (const char *)httpc_field(b, names[i]).p);
	return same;
}

/* All rows on one connection to the router; nginx closes one after 412 without a word of it. */
static void same(const char *name, int server, int router, const char *prefix,
		 const struct row *rows, size_t n)
{
	struct httpc direct, through;
	char etag[128] = "", request[512];
	dial(&through, router);
	for (size_t i = 0; i < n; i++) {
		struct httpc_answer want, got;
		check(put_request(request, sizeof request, &rows[i], "", etag), "fits");
		dial(&direct, server);
		int rc = exchange(&direct, &rows[i], request, &want);
		check(put_request(request, sizeof request, &rows[i], prefix, etag), "fits");
		int through_rc = exchange(&through, &rows[i], request, &got);
		bool right = rc == HTTPC_OK && through_rc == HTTPC_OK &&
			     want.status == rows[i].status && got.status == want.status &&
			     span_eq(got.body, want.body) && same_fields(&got, &want);
		ok(right, "%s: %s %s %.*s: %d", name, rows[i].method, rows[i].path,
		   (int)strcspn(rows[i].fields, "\r"), rows[i].fields, got.status);
		if (!right)
			diag("%s, %.*s%s, %.*s", httpc_strerror(rc), (int)want.head.n,
			     (const char *)want.head.p, httpc_strerror(through_rc), (int)got.head.n,
			     (const char *)got.head.p);
		struct span tag = httpc_field(&want, "ETag");
		if (tag.n > 0)
			snprintf(etag, sizeof etag, "%.*s", (int)tag.n, (const char *)tag.p);
		httpc_free(&want);
		httpc_free(&got);
		httpc_close(&direct);
	}
	httpc_close(&through);
}

#define SAME(name, server, router, prefix, rows) \
	same(name, server, router, prefix, rows, sizeof rows / sizeof *rows)

static const struct row file_rows[] = {
	{"GET", "/a.txt", "", 200},
	{"HEAD", "/a.txt", "", 200},
	{"GET", "/a.txt", "If-None-Match: @\r\n", 304},
	{"GET", "/a.txt", "If-Match: \"other\"\r\n", 412},
	{"GET", "/a.txt", "Range: bytes=0-9\r\n", 206},
	{"GET", "/a.txt", "Range: bytes=-5\r\n", 206},
	{"HEAD", "/a.txt", "Range: bytes=5-\r\n", 206},
	{"GET", "/a.txt", "Range: bytes=9999999-\r\n", 416},
	{"GET", "/a.txt", "Accept-Encoding: gzip\r\n", 200},
	{"GET", "/missing", "", 404},
	{"HEAD", "/missing", "", 404},
	{"POST", "/a.txt", "Content-Length: 0\r\n", 405},
	{"GET", "/a.txt", "", 200},
};

static const struct row page_rows[] = {
	{"GET", "/", "", 200},
	{"HEAD", "/", "", 200},
	{"GET", "/", "If-None-Match: @\r\n", 304},
	{"GET", "/", "Range: bytes=0-9\r\n", 206},
	{"GET", "/", "Range: bytes=9999999-\r\n", 416},
	{"GET", "/", "Accept-Encoding: gzip\r\n", 200},
	{"GET", "/missing.js", "", 404},
	{"POST", "/", "Content-Length: 0\r\n", 405},
};

static const struct row api_rows[] = {
	{"GET", "/", "", 200},           {"HEAD", "/", "", 200},
	{"GET", "/values/all", "", 200}, {"GET", "/values/current", "", 200},
	{"GET", "/missing", "", 404},    {"DELETE", "/values/all", "", 405},
};

static void two_routers(void)
{
	struct httpc_answer a = app_get(front_port, "/api/api/");
	uint64_t ids = 0;
	for (size_t i = 0; i + 14 < a.head.n; i++)
		ids += memcmp(a.head.p + i, "\r\nX-Request-Id", 14) == 0;
	ok(a.status == 200 && span_eq(a.body, SPAN("Hi")), "api behind two routers");
	is_int((long long)ids, 1, "with one request id");
	struct span id = httpc_field(&a, "X-Request-Id");
	char line[64];
	snprintf(line, sizeof line, "id=%.*s", (int)id.n, (const char *)id.p);
	ok(proc_wait_log(front, line, SOON) && proc_wait_log(app.proc[APP_ROUTER], line, SOON),
	   "that is in both logs");
	httpc_free(&a);
}

/* curl */

static char *curl(const char *const *more)
{
	const char *argv[24] = {"curl", "-sS", "--max-time", "20"};
	int status;
	size_t n = 4;
	while (*more != NULL)
		argv[n++] = *more++;
	char *said = proc_run(&(struct proc_spec){.argv = argv}, 30000, &status);
	check(status == 0, "curl: %s", said);
	return said;
}

static void expectation(void)
{
	char url[64];
	snprintf(url, sizeof url, "http://127.0.0.1:%d/api/values", app.port[APP_ROUTER]);
	char *said = curl((const char *[]){"-v", "-H", "Expect: 100-continue", "-H",
					   "Content-Type: application/json", "-d", "{\"index\":7}",
					   url, NULL});
	const char *first = strstr(said, "< HTTP/1.1 100 Continue");
	ok(first != NULL && strstr(first, "< HTTP/1.1 200 OK") != NULL &&
		   strstr(first, "{\"working\":true}") != NULL,
	   "100 (Continue) from api to curl");
	free(said);
}

/* A file to nginx and back, its length known and not. */
static void put_and_get(const char *how)
{
	char url[80];
	char *file = temp_path("sent"), *back = temp_path("back");
	FILE *f = fopen(file, "we");
	for (uint32_t i = 0; f != NULL && i < 3000000; i++)
		putc((int)(i * 2654435761u >> 24), f);
	if (f == NULL || fclose(f) != 0)
		bail("%s", file);
	snprintf(url, sizeof url, "http://127.0.0.1:%d/put/%s", front_port, how[0] ? "c" : "l");
	free(curl((const char *[]){"-f", "-T", file, "-H", how[0] ? how : "X: y", url, NULL}));
	free(curl((const char *[]){"-f", "-o", back, url, NULL}));
	int status;
	free(proc_run(&(struct proc_spec){.argv = (const char *[]){"cmp", file, back, NULL}}, SOON,
		      &status));
	is_int(status, 0, "3 MB to nginx and back%s", how[0] ? ", in chunks" : "");
	free(file);
	free(back);
}

/* Large bodies. */

static long worst;

static void look(struct proc *router)
{
	long kib = proc_rss_kib(router);
	worst = kib > worst ? kib : worst;
}

static void bounded(const char *what)
{
	/* The sanitizers' own memory is no matter of ours. */
	bool measured = strstr(proc_bin("router"), "/san/") == NULL;
	ok(worst > 0 && (!measured || worst < RSS_MAX_KIB), "%s: in %ld KiB", what, worst);
	worst = 0;
}

/* Until no more comes: all that fits anywhere between here and nginx is full. */
static void let_fill(int fd)
{
	int before = -1, now = 0;
	for (int same_for = 0; same_for < 20; tick()) {
		ioctl(fd, FIONREAD, &now);
		same_for = now == before && now > 0 ? same_for + 1 : 0;
		before = now;
	}
}

static void download(void)
{
	struct httpc c;
	struct httpc_answer head;
	uint64_t got = 0, looked = 0;
	dial(&c, front_port);
	tell(&c, "GET /big.bin HTTP/1.1\r\nHost: t\r\n\r\n");
	let_fill(c.fd);
	look(front);
	httpc_read_head(&c, &head, SOON);
	httpc_free(&head);
	got = c.n - c.at;
	while (got < big && readable(c.fd, SOON)) {
		ssize_t n = recv(c.fd, NULL, 1 << 20, MSG_TRUNC);
		if (n <= 0)
			break;
		got += (uint64_t)n;
		if (got - looked > 8 << 20) {
			look(front);
			looked = got;
		}
	}
	ok(got == big, "%llu MiB from nginx to a client that slept at first",
	   (unsigned long long)(got >> 20));
	bounded("on the way down");
	httpc_close(&c);
}

static void upload(void)
{
	static const uint8_t zeros[1 << 20];
	struct rig r = rig_start_routes(ROUTES_LARGE, NULL);
	struct up_script *s = upstream_fork(r.api.listener);
	struct httpc c = rig_dial(&r);
	char head[128];
	snprintf(head, sizeof head,
		 "PUT /api/big HTTP/1.1\r\nHost: t\r\nContent-Length: %llu\r\n\r\n",
		 (unsigned long long)big);
	tell(&c, head);
	for (uint64_t sent = 0; sent < big; sent += sizeof zeros) {
		check(httpc_send(&c, span_of(zeros, sizeof zeros), SOON) == HTTPC_OK, "sent");
		if (sent % (8 << 20) == 0)
			look(r.router);
	}
	is_int(status_of(&c), 200, "%llu MiB to an upstream", (unsigned long long)(big >> 20));
	is_int(atomic_load(&s->body), (long long)big, "every byte of it");
	bounded("on the way up");
	httpc_close(&c);
	upstream_end(s);
	rig_stop(&r);
}

int main(void)
{
	const char *mib = getenv("BIG");
	big = (mib == NULL ? BIG_MIB : strtoull(mib, NULL, 10)) << 20;
	nginx_port = free_port();
	front_port = free_port();
	make_www();
	start_nginx();
	app_open(&app);
	app_run_all(&app);
	start_front();
	SAME("nginx", nginx_port, front_port, "", file_rows);
	SAME("our web", app.port[APP_WEB], app.port[APP_ROUTER], "", page_rows);
	SAME("our api", app.port[APP_API], app.port[APP_ROUTER], "/api", api_rows);
	SAME("behind a router", app.port[APP_ROUTER], front_port, "/api", page_rows);
	two_routers();
	expectation();
	put_and_get("");
	put_and_get("Transfer-Encoding: chunked");
	download();
	upload();
	is_int(proc_stop(front, SOON), 0, "orderly end");
	ok(app_stop_all(&app), "of all");
	return done();
}
