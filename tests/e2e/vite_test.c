/* What Vite makes of a React application (vite-app/), behind `web --root`, in a real browser. */
#include "harness/app.h"
#include "harness/npm.h"
#include "harness/tap.h"
#include "harness/webdriver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOON 60000

static int port;

static struct proc *serve(void)
{
	char dist[4200], port_is[32];
	const char *work = npm_project("vite", "e2e/vite-app");
	port = free_port();
	snprintf(dist, sizeof dist, "%s/dist", work);
	snprintf(port_is, sizeof port_is, "PORT=%d", port);
	const char *argv[] = {proc_bin("web"), "--root", dist, NULL};
	const char *env[] = {port_is, "ADMIN_PORT=0", NULL};
	struct proc *web = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	if (!wait_port(port, SOON))
		bail("web --root does not start: %s", proc_log(web));
	return web;
}

static void visit(struct webdriver *w, const char *path)
{
	char url[256];
	snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
	webdriver_go(w, url);
}

/* Does the view with this heading come up, at this address? */
static bool shows(struct webdriver *w, const char *heading, const char *path)
{
	char script[512];
	snprintf(script, sizeof script,
		 "return location.pathname === '%s' &&"
		 " document.querySelector('h1')?.textContent === '%s'",
		 path, heading);
	bool seen = webdriver_until(w, script, SOON);
	if (!seen)
		diag("the page: %s", webdriver_run(w, "return document.body.innerText"));
	return seen;
}

static void quiet(struct webdriver *w, const char *when)
{
	is_str(webdriver_log(w), "[]", "nothing in the console %s", when);
}

static void test_home(struct webdriver *w)
{
	visit(w, "/");
	ok(shows(w, "Home", "/"), "the application renders");
	is_str(webdriver_run(w, "return getComputedStyle(document.body).backgroundColor"),
	       "rgb(250, 250, 240)", "in its style");
	ok(webdriver_until(w, "return document.getElementById('file').naturalWidth === 48", SOON),
	   "with an image of a file of its own");
	ok(webdriver_until(w, "return document.getElementById('inlined').naturalWidth === 48",
			   SOON),
	   "and one that Vite put into the script as a data URL");
	is_str(webdriver_run(w, "return getComputedStyle(document.querySelector('button'))"
				".fontWeight"),
	       "700", "style of an element set by React");
	check(webdriver_click(w, "button"), "the button is there");
	ok(webdriver_until(w, "return document.querySelector('button').textContent === 'pressed 1'",
			   SOON),
	   "events reach the application");
	quiet(w, "at home");
}

static void is_loaded(struct webdriver *w, const char *chunk, const char *want)
{
	char script[512];
	snprintf(script, sizeof script,
		 "return performance.getEntriesByType('resource')"
		 ".some(e => new URL(e.name).pathname.match('^/assets/%s$'))",
		 chunk);
	is_str(webdriver_run(w, script), want, "/assets/%s is loaded: %s", chunk, want);
}

static void test_routes(struct webdriver *w)
{
	webdriver_run(w, "window.same = true");
	is_loaded(w, "About-[^.]*.js", "false");
	check(webdriver_click(w, "a[href=\"/about\"]"), "the link is there");
	ok(shows(w, "About", "/about"), "a link leads to another view");
	is_loaded(w, "About-[^.]*.js", "true");
	is_loaded(w, "About-[^.]*.css", "true");
	is_str(webdriver_run(w, "return getComputedStyle(document.querySelector('.lazy')).color"),
	       "rgb(0, 102, 51)", "the lazy view has its style");
	webdriver_run(w, "history.back()");
	ok(shows(w, "Home", "/"), "back");
	webdriver_run(w, "history.forward()");
	ok(shows(w, "About", "/about"), "and forward");
	is_str(webdriver_run(w, "return window.same"), "true", "all without a reload");
	quiet(w, "after walking around");
}

static void test_deep_links(struct webdriver *w)
{
	static const struct {
		const char *path, *heading;
	} rows[] = {
		{"/about", "About"},
		{"/nowhere", "No view for /nowhere"},
		{"/no/such/view", "No view for /no/such/view"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		visit(w, rows[i].path);
		ok(shows(w, rows[i].heading, rows[i].path), "%s by its address", rows[i].path);
		is_str(webdriver_run(w, "return performance.getEntriesByType('navigation')[0]"
					".responseStatus"),
		       "200", "with status 200");
		quiet(w, rows[i].path);
	}
}

/* Not the index: a script that is gone since a new build must fail as what it is. */
static void test_missing(struct webdriver *w)
{
	is_str(webdriver_run(w, "return fetch('/assets/missing.js').then(r => r.status)"), "404",
	       "an asset that is not there");
	const char *log = webdriver_log(w);
	const char *severe = strstr(log, "SEVERE");
	ok(severe != NULL && strstr(severe, "missing.js") != NULL &&
		   strstr(severe + 1, "SEVERE") == NULL,
	   "the console has it and nothing else: %s", log);
}

/* The address that [script] finds in the page, without the host; from malloc. */
static char *address(struct webdriver *w, const char *script)
{
	char text[512];
	snprintf(text, sizeof text, "return new URL(%s).pathname", script);
	char *path = strdup(webdriver_run(w, text));
	if (path == NULL)
		bail("no memory");
	return path;
}

#define LOADED(chunk)                                                         \
	"performance.getEntriesByType('resource').map(e => e.name).find(n =>" \
	" n.match('/" chunk "'))"

/* Vite's hashes are base64url: they may hold, and end in, '-' and '_'. */
static void test_caching(struct webdriver *w)
{
	static const struct {
		const char *script, *type, *cache;
	} rows[] = {
		{"'/', location", "text/html", "no-cache"},
		{"'/index.html', location", "text/html", "no-cache"},
		{"'/about', location", "text/html", "no-cache"},
		{"'/icon.svg', location", "image/svg+xml", "no-cache"},
		{"document.querySelector('script[src]').src", "text/javascript", "immutable"},
		{"document.querySelector('link[rel=stylesheet]').href", "text/css", "immutable"},
		{LOADED("square-"), "image/svg+xml", "immutable"},
		{LOADED("About-[^.]*.js"), "text/javascript", "immutable"},
		{LOADED("About-[^.]*.css"), "text/css", "immutable"},
	};
	visit(w, "/");
	ok(shows(w, "Home", "/"), "home again");
	check(webdriver_click(w, "a[href=\"/about\"]"), "the link is there");
	ok(shows(w, "About", "/about"), "with all chunks");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *path = address(w, rows[i].script);
		struct httpc_answer a = app_get(port, path);
		struct span type = httpc_field(&a, "Content-Type");
		struct span cache = httpc_field(&a, "Cache-Control");
		is_int(a.status, 200, "%s", path);
		ok(count_text(type, rows[i].type) == 1, "%s: type %.*s", path, (int)type.n,
		   (const char *)type.p);
		ok(count_text(cache, rows[i].cache) == 1, "%s: cache %.*s", path, (int)cache.n,
		   (const char *)cache.p);
		httpc_free(&a);
		free(path);
	}
}

int main(void)
{
	struct proc *web = serve();
	struct webdriver *w = webdriver_open(1024, 768);
	test_home(w);
	test_routes(w);
	test_deep_links(w);
	test_missing(w);
	test_caching(w);
	webdriver_close(w);
	is_int(proc_stop(web, 60000), 0, "web ends with 0 on SIGTERM");
	return done();
}
