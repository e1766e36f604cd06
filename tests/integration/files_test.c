/*
 * What web serves of a folder and what it does not; with openat2 and, in a process for which a
 * filter denies it, without. files_more_test.c has how it answers what it serves.
 */
#include "integration/files_rig.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#define RULES                                                                              \
	"WEB_HEADERS=/assets/* X-Robots-Tag: none | *.html X-Kind: page | *.html X-Kind: " \
	"second|* X-All: a; b=\"c\"\n/old.txt Cache-Control: max-age=60|/sub/* Referrer-Policy:"

static uint16_t plain, walking, spa, custom;

static void make_folder(void)
{
	write_text("index.html", "<p>index");
	write_text("app.js", "let a");
	write_text("old.txt", "old");
	write_text("sub/index.html", "<p>sub");
	write_text("sub/a b.txt", "blank");
	write_text("empty/.keep", "");
	write_text("caf\xc3\xa9.txt", "utf");
	write_text("100%25.txt", "percent");
	write_text("assets/index-DiwrgTda.js", "hashed");
	write_text("assets/index-Di-rG_td.css", "hashed");
	write_text("assets/main.8f3a9c1e.js.map", "{}");
	write_text("assets/app-overview.js", "word");
	write_text("assets/a-1234567.js", "short");
	write_text("report-2024-01-15.pdf", "date");
	write_text("data-release2.json", "version");
	write_text("main-abcdef12.css", "hex");
	write_text("x-d3kx9_ab.js", "turns");
	write_text(".env", "SECRET");
	write_text(".git/HEAD", "SECRET");
	write_text("sub/.hidden.txt", "SECRET");
	write_text(".well-known/acme-challenge/token", "token");
	write_text(".well-known/.secret", "SECRET");
	write_text(".well-knownx/a.txt", "SECRET");
	write_text("../secret.txt", "SECRET");
	write_text("a:b/index.html", "colon");
	write_text("zero.txt", "");
	char *www = temp_path("www"), *fifo = temp_path("www/fifo.txt");
	if (mkfifo(fifo, 0644) != 0)
		bail("mkfifo: %s", strerror(errno));
	int dir = open(www, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	symlinkat("../secret.txt", dir, "out.txt");
	symlinkat("/etc/passwd", dir, "passwd.txt");
	symlinkat("..", dir, "up");
	symlinkat("/", dir, "slash");
	symlinkat("sub/../../secret.txt", dir, "round.txt");
	symlinkat("old.txt", dir, "in.txt");
	symlinkat("sub", dir, "linked");
	symlinkat("loop.txt", dir, "loop.txt");
	symlinkat("/proc/self/environ", dir, "magic.txt");
	mknodat(dir, "null.txt", S_IFCHR | 0666, 0x103);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	snprintf(name.sun_path, sizeof name.sun_path, "%s/s.txt", www);
	if (bind(fd, (struct sockaddr *)&name, sizeof name) != 0)
		diag("no socket: %s", strerror(errno));
	close(dir);
	free(fifo);
	free(www);
}

/* Of [status] 200 the body; field and value may be NULL. */
static const struct row {
	const char *target;
	int status;
	const char *body, *field, *value;
} rows[] = {
	{"/", 200, "<p>index", "Content-Type", "text/html; charset=utf-8"},
	{"/index.html", 200, "<p>index", "Cache-Control", "no-cache"},
	{"/app.js", 200, "let a", "Content-Type", "text/javascript; charset=utf-8"},
	{"/app.js?v=1", 200, "let a", "Accept-Ranges", "bytes"},
	{"/%61pp%2Ejs", 200, "let a", NULL, NULL},
	{"/sub/../app.js", 200, "let a", NULL, NULL},
	{"/../app.js", 200, "let a", NULL, NULL},
	{"http://t/app.js", 200, "let a", NULL, NULL},
	{"/sub/", 200, "<p>sub", NULL, NULL},
	{"/sub/a%20b.txt", 200, "blank", NULL, NULL},
	{"/caf%C3%A9.txt", 200, "utf", NULL, NULL},
	{"/100%2525.txt", 200, "percent", NULL, NULL},
	{"/zero.txt", 200, "", "Content-Length", "0"},
	{"/.well-known/acme-challenge/token", 200, "token", "Content-Type",
	 "application/octet-stream"},

	/* Caching and fields by path. */
	{"/assets/index-DiwrgTda.js", 200, "hashed", "Cache-Control",
	 "public, max-age=31536000, immutable"},
	{"/assets/index-Di-rG_td.css", 200, "hashed", "Cache-Control",
	 "public, max-age=31536000, immutable"},
	{"/assets/main.8f3a9c1e.js.map", 200, "{}", "Cache-Control",
	 "public, max-age=31536000, immutable"},
	{"/assets/app-overview.js", 200, "word", "Cache-Control", "no-cache"},
	{"/assets/a-1234567.js", 200, "short", "Cache-Control", "no-cache"},
	{"/report-2024-01-15.pdf", 200, "date", "Cache-Control", "no-cache"},
	{"/data-release2.json", 200, "version", "Cache-Control", "no-cache"},
	{"/main-abcdef12.css", 200, "hex", "Cache-Control", "public, max-age=31536000, immutable"},
	{"/x-d3kx9_ab.js", 200, "turns", "Cache-Control", "public, max-age=31536000, immutable"},
	{"/assets/app-overview.js", 200, "word", "X-Robots-Tag", "none"},
	{"/app.js", 200, "let a", "X-Robots-Tag", NULL},
	{"/old.txt", 200, "old", "Cache-Control", "max-age=60"},
	{"/", 200, "<p>index", "X-Kind", "page"},
	{"/app.js", 200, "let a", "X-All", "a; b=\"c\""},
	{"/none.txt", 404, NULL, "X-All", "a; b=\"c\""},
	{"/none.txt", 404, NULL, "X-Kind", NULL},
	{"/app.js", 200, "let a", "X-Content-Type-Options", "nosniff"},
	{"/app.js", 200, "let a", "Referrer-Policy", "no-referrer"},
	{"/sub/", 200, "<p>sub", "Referrer-Policy", NULL},
	{"/none.txt", 404, NULL, "Referrer-Policy", "no-referrer"},

	/* Folders. */
	{"/sub", 301, NULL, "Location", "./sub/"},
	{"/sub?a=b&c=//x", 301, NULL, "Location", "./sub/?a=b&c=//x"},
	{"/sub?", 301, NULL, "Location", "./sub/?"},
	{"/x/../sub", 301, NULL, "Location", "./sub/"},
	{"/a:b", 301, NULL, "Location", "./a%3Ab/"},
	{"/assets", 404, NULL, "Location", NULL},
	{"/assets/", 404, NULL, "Location", NULL},
	{"/empty", 404, NULL, NULL, NULL},
	{"/app.js/", 404, NULL, NULL, NULL},
	{"/app.js/x", 404, NULL, NULL, NULL},
	{"//sub", 404, NULL, "Location", NULL},
	{"//evil/..%2f", 400, NULL, "Location", NULL},
	{"//evil.example/%2e%2e", 400, NULL, "Location", NULL},
	{"//evil.example/../sub", 404, NULL, "Location", NULL},
	{"/\\evil.example", 400, NULL, "Location", NULL},
	{"/sub//", 404, NULL, NULL, NULL},

	/* Out of the folder. */
	{"/../secret.txt", 404, NULL, NULL, NULL},
	{"/sub/../../secret.txt", 404, NULL, NULL, NULL},
	{"/%2e%2e/secret.txt", 400, NULL, NULL, NULL},
	{"/.%2e/secret.txt", 400, NULL, NULL, NULL},
	{"/..%2fsecret.txt", 400, NULL, NULL, NULL},
	{"/sub/..%2F..%2Fsecret.txt", 400, NULL, NULL, NULL},
	{"/..%5csecret.txt", 400, NULL, NULL, NULL},
	{"/%5c..%5csecret.txt", 400, NULL, NULL, NULL},
	{"/%252e%252e/secret.txt", 404, NULL, NULL, NULL},
	{"/%252e%252e%252fsecret.txt", 404, NULL, NULL, NULL},
	{"/%c0%ae%c0%ae/secret.txt", 400, NULL, NULL, NULL},
	{"/%c0%af..%c0%afsecret.txt", 400, NULL, NULL, NULL},
	{"/%e0%80%ae%e0%80%ae/secret.txt", 400, NULL, NULL, NULL},
	{"/%ef%bc%8e%ef%bc%8e/secret.txt", 404, NULL, NULL, NULL},
	{"/app.js%00.txt", 400, NULL, NULL, NULL},
	{"/app.js%0a", 400, NULL, NULL, NULL},
	{"//etc/passwd", 404, NULL, NULL, NULL},
	{"/out.txt", 404, NULL, NULL, NULL},
	{"/passwd.txt", 404, NULL, NULL, NULL},
	{"/round.txt", 404, NULL, NULL, NULL},
	{"/up/secret.txt", 404, NULL, NULL, NULL},
	{"/slash/etc/passwd", 404, NULL, NULL, NULL},
	{"/loop.txt", 404, NULL, NULL, NULL},
	{"/magic.txt", 404, NULL, NULL, NULL},

	/* What is no file, or nobody's business. */
	{"/fifo.txt", 404, NULL, NULL, NULL},
	{"/null.txt", 404, NULL, NULL, NULL},
	{"/s.txt", 404, NULL, NULL, NULL},
	{"/.env", 404, NULL, NULL, NULL},
	{"/%2eenv", 404, NULL, NULL, NULL},
	{"/.git/HEAD", 404, NULL, NULL, NULL},
	{"/sub/.hidden.txt", 404, NULL, NULL, NULL},
	{"/.well-known/.secret", 404, NULL, NULL, NULL},
	{"/sub/.well-known/x", 404, NULL, NULL, NULL},
	{"/.well-knownx/a.txt", 404, NULL, NULL, NULL},
	{"/.", 200, "<p>index", NULL, NULL},
	{"/nothing", 404, NULL, "Cache-Control", "no-store"},
	{"/healthz", 200, "ok\n", NULL, NULL},
};

/* Links below the folder are followed, with openat2 only. */
static const struct row links[] = {
	{"/in.txt", 200, "old", NULL, NULL},
	{"/linked/a%20b.txt", 200, "blank", NULL, NULL},
	{"/linked", 301, NULL, "Location", "./linked/"},
};

static const struct row spa_rows[] = {
	{"/", 200, "<p>index", NULL, NULL},
	{"/route/of/it", 200, "<p>index", "Cache-Control", "no-cache"},
	{"//sub", 200, "<p>index", "Location", NULL},
	{"/assets", 200, "<p>index", "Location", NULL},
	{"/sub", 301, NULL, "Location", "./sub/"},
	{"/none.js", 404, "<p>nowhere", "Content-Type", "text/html; charset=utf-8"},
	{"/none.js", 404, "<p>nowhere", "Cache-Control", "no-store"},
	{"/none.js", 404, "<p>nowhere", "ETag", NULL},
	{"/.env", 404, "<p>nowhere", NULL, NULL},
	{"/404.html", 200, "<p>nowhere", NULL, NULL},
	{"/%2e%2e/x", 400, NULL, NULL, NULL},
	{"/", 200, "<p>index", "Content-Security-Policy",
	 "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
	 "font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
	 "frame-ancestors 'none'"},
};

static const struct row custom_rows[] = {
	{"/", 200, NULL, "Content-Security-Policy", NULL},
	{"/none.js", 404, NULL, "Content-Security-Policy", NULL},
	{"/", 200, NULL, "X-Frame-Options", "DENY"},
	{"/app.css", 200, NULL, "Cache-Control", "max-age=9"},
};

static void test_rows(const char *name, uint16_t port, const struct row *all, size_t n)
{
	for (const struct row *r = all; r < all + n; r++) {
		struct httpc_answer a = ask(port, "GET", r->target, "");
		bool held = check(a.status == r->status, "status %d", a.status);
		if (r->field != NULL)
			held &= has_field(&a, r->field, r->value);
		if (r->body != NULL)
			held &= check(span_eq(a.body, span_str(r->body)), "body \"%.*s\"",
				      (int)a.body.n, (const char *)a.body.p);
		else if (a.body.n > 0)
			held &= check(memmem(a.body.p, a.body.n, "SECRET", 6) == NULL, "a secret");
		ok(held, "%s: %s is %d %s", name, r->target, r->status,
		   r->field != NULL ? r->field : "");
		struct httpc_answer h = ask(port, "HEAD", r->target, "");
		char x[64], y[64];
		check(h.status == a.status &&
			      strcmp(field_text(&h, "Content-Length", x, sizeof x),
				     field_text(&a, "Content-Length", y, sizeof y)) == 0,
		      "HEAD %s says %d with %s", r->target, h.status, x);
		httpc_free(&a);
		httpc_free(&h);
	}
}

static void test_others(void)
{
	static const char *const methods[] = {"POST", "PUT", "DELETE"};
	for (size_t i = 0; i < COUNT(methods); i++) {
		struct httpc_answer a = ask(plain, methods[i], "/app.js", "Content-Length: 0\r\n");
		is_int(a.status, 405, "%s", methods[i]);
		httpc_free(&a);
	}
	char target[6000] = "/";
	for (size_t i = 1; i < sizeof target - 1; i += 2)
		memcpy(target + i, "a/", 2);
	target[sizeof target - 1] = '\0';
	struct httpc_answer a = ask(plain, "GET", target, "");
	is_int(a.status, 404, "a path longer than any");
	httpc_free(&a);
	memset(target + 1, 'a', 300);
	target[301] = '\0';
	a = ask(plain, "GET", target, "");
	is_int(a.status, 404, "a name longer than any");
	httpc_free(&a);
}

static const struct {
	const char *setting, *told;
} mistakes[] = {
	{"WEB_ROOT=/nonexistent/x", "WEB_ROOT=\"/nonexistent/x\": expected a folder"},
	{"WEB_ROOT=/etc/passwd", "WEB_ROOT=\"/etc/passwd\": expected a folder"},
	{"WEB_SPA=maybe", "WEB_SPA=\"maybe\""},
	{"WEB_CSP=a\nb", "WEB_CSP=\"a\\nb\""},
	{"WEB_HEADERS=/x", "WEB_HEADERS=\"/x\""},
	{"WEB_HEADERS=/x A", "WEB_HEADERS=\"/x A\""},
	{"WEB_HEADERS=x A: b", "WEB_HEADERS=\"x A: b\""},
	{"WEB_HEADERS=/x A b: c", "WEB_HEADERS=\"/x A b: c\""},
	{"WEB_HEADERS=/x : c", "WEB_HEADERS=\"/x : c\""},
	{"WEB_HEADERS=* content-length: 5", "WEB_HEADERS=\"* content-length: 5\""},
	{"WEB_HEADERS=* A: b | * Connection: close", "WEB_HEADERS="},
};

static void test_mistakes(void)
{
	int status;
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		const char *env[] = {mistakes[i].setting, NULL};
		const char *argv[] = {proc_bin("web"), "--check-config", NULL};
		char *said = proc_run(&(struct proc_spec){.argv = argv, .env = env}, MS, &status);
		ok(status == 78 && strstr(said, mistakes[i].told) != NULL, "%s: %d %s",
		   mistakes[i].told, status, said);
		free(said);
	}
	static const struct {
		const char *argv[4];
		int status;
	} lines[] = {
		{{"--root", "/nonexistent"}, 78},
		{{"--root", "/", "--check-config"}, 0},
		{{"--root"}, 64},
		{{"--root", ""}, 64},
		{{"--roots", "/"}, 64},
		{{"--check-config", "--root", "/"}, 64},
		{{"--root", "/", "x"}, 64},
	};
	for (size_t i = 0; i < COUNT(lines); i++) {
		const char *env[] = {"ADMIN_PORT=0", NULL};
		const char *argv[6] = {proc_bin("web")};
		memcpy(argv + 1, lines[i].argv, sizeof lines[i].argv);
		char *said = proc_run(&(struct proc_spec){.argv = argv, .env = env}, MS, &status);
		is_int(status, lines[i].status, "%s %s", argv[1], argv[2] ? argv[2] : "");
		free(said);
	}
	const char *env[] = {"ADMIN_PORT=0", NULL};
	const char *argv[] = {proc_bin("api"), "--root", "/", NULL};
	free(proc_run(&(struct proc_spec){.argv = argv, .env = env}, MS, &status));
	is_int(status, 64, "api has no --root");
}

/* Runs the rest of the command line where openat2 (437) is not implemented. */
static int without_openat2(char **argv)
{
	struct filter {
		uint16_t code;
		uint8_t yes, no;
		uint32_t k;
	} filters[] = {
		{0x20, 0, 0, 0},                /* load the number */
		{0x15, 0, 1, 437},              /* equal? */
		{0x06, 0, 0, 0x50000 | ENOSYS}, /* SECCOMP_RET_ERRNO */
		{0x06, 0, 0, 0x7fff0000},       /* SECCOMP_RET_ALLOW */
	};
	struct {
		unsigned short n;
		struct filter *all;
	} program = {COUNT(filters), filters};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(22, 2, &program) != 0)
		return 126;
	execv(argv[0], argv);
	return 127;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "--without-openat2") == 0)
		return without_openat2(argv + 2);
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	self[n > 0 ? n : 0] = '\0';
	make_folder();
	char *www = temp_path("www"), *setting = temp_path("www");
	const char *root[] = {"--root", www, NULL}, *deny[] = {self, "--without-openat2", NULL};
	const char *off[] = {"WEB_SPA=off", RULES, NULL};
	const char *own[] = {"WEB_CSP=off",
			     "WEB_HEADERS=/* X-Frame-Options: DENY|*.css Cache-Control: max-age=9",
			     NULL};
	struct proc *all[] = {
		start_web(&plain, NULL, root, off),
		start_web(&walking, deny, root, off),
		start_web(&custom, NULL, NULL, own),
	};
	test_rows("openat2", plain, rows, COUNT(rows));
	test_rows("openat2", plain, links, COUNT(links));
	test_rows("without", walking, rows, COUNT(rows));
	struct httpc_answer a = ask(walking, "GET", "/in.txt", "");
	is_int(a.status, 404, "without openat2 no links");
	httpc_free(&a);
	test_rows("page", custom, custom_rows, COUNT(custom_rows));
	test_others();
	test_mistakes();
	write_text("404.html", "<p>nowhere");
	char root_setting[4200];
	snprintf(root_setting, sizeof root_setting, "WEB_ROOT=%s", setting);
	struct proc *last = start_web(&spa, NULL, NULL, (const char *const[]){root_setting, NULL});
	test_rows("spa", spa, spa_rows, COUNT(spa_rows));
	a = ask(spa, "GET", "/route", "Accept: application/json\r\n");
	is_int(a.status, 404, "a route for no page");
	httpc_free(&a);
	is_int(proc_stop(last, MS), 0, "stops");
	for (size_t i = 0; i < COUNT(all); i++)
		is_int(proc_stop(all[i], MS), 0, "stops");
	free(www);
	free(setting);
	return done();
}
