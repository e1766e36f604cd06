/*
 * The page in each of its states before axe-core (axe/), which looks for what keeps people with
 * disabilities out. SCREENSHOT_DIR, when set, receives each state as it looks on a desktop and on a
 * phone, light and dark.
 */
#include "harness/app.h"
#include "harness/npm.h"
#include "harness/tap.h"
#include "harness/webdriver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOON 60000
#define MANY 500

static struct app app;
static struct webdriver *w;
static char *axe; /* the source of axe-core */

static void read_axe(const char *folder)
{
	char path[4200];
	snprintf(path, sizeof path, "%s/node_modules/axe-core/axe.min.js", folder);
	const char *argv[] = {"cat", path, NULL}, *env[] = {NULL};
	int status;
	axe = proc_run(&(struct proc_spec){.argv = argv, .env = env}, SOON, &status);
	if (status != 0)
		bail("no %s", path);
}

static void visit(const char *path)
{
	char url[256];
	snprintf(url, sizeof url, "http://127.0.0.1:%d%s", app.port[APP_ROUTER], path);
	webdriver_go(w, url);
}

static void submit(const char *index)
{
	check(webdriver_type(w, "#index", index), "%s is typed", index);
	webdriver_press(w, WEBDRIVER_ENTER);
}

/* Waits for a text of the element that begins so. */
static void wait_text(const char *css, const char *text)
{
	char script[512];
	snprintf(script, sizeof script,
		 "return [...document.querySelectorAll('%s')].some(e => e.textContent"
		 ".startsWith('%s'))",
		 css, text);
	if (!webdriver_until(w, script, 3 * SOON))
		bail("no \"%s\" in %s: %s", text, css,
		     webdriver_run(w, "return document.body.innerText"));
}

static void make_empty(void)
{
	visit("/");
	wait_text("#empty", "None yet.");
}

static void make_three(void)
{
	static const char *const rows[][2] = {
		{"10", "For index 10 I calculated 89 in"},
		{"5", "For index 5 I calculated 8 in"},
		{"10000", "For index 10000 I calculated 2,090 digits in"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		submit(rows[i][0]);
		wait_text("#said", rows[i][1]);
	}
}

static void make_refused(void)
{
	submit("soup");
	wait_text("#said", "The index \"soup\"");
}

static void make_queued(void)
{
	proc_stop(app.proc[APP_WORKER], SOON);
	visit("/");
	wait_text("#mode", "Live");
	submit("60");
	wait_text("#said", "Index 60 is still queued.");
}

static void make_down(void)
{
	app_run(&app, APP_WORKER);
	wait_text("#values li", "For index 60 I calculated");
	proc_stop(app.proc[APP_API], SOON);
	wait_text("#mode", "Waiting");
}

static void make_offline(void)
{
	app_run(&app, APP_API);
	app_ready(&app, APP_API, SOON);
	visit("/");
	wait_text("#mode", "Live");
	webdriver_offline(w, true);
	submit("7");
	wait_text("#notice", "You are offline.");
	wait_text("#said", "You are offline.");
}

/* Each a long one, and some short ones. */
static void make_many(void)
{
	char script[512];
	webdriver_offline(w, false);
	for (int i = 0; i < MANY; i++) {
		char json[32];
		snprintf(json, sizeof json, "{\"index\":%d}", i * i % 1009);
		check(app_post_status(app.port[APP_API], "/values", json) == 200, "%s", json);
	}
	visit("/");
	snprintf(script, sizeof script,
		 "return document.querySelectorAll('#values .is:not(.pending)').length >= %d",
		 MANY - 10);
	if (!webdriver_until(w, script, 3 * SOON))
		bail("not all values came");
}

static void make_other(void)
{
	visit("/otherpage");
}

static void make_lost(void)
{
	visit("/no/such/page");
}

static const char two_frames[] = "return new Promise(r => requestAnimationFrame(() =>"
				 " requestAnimationFrame(r)))";

static void look(const char *name, const char *scheme, int width, int height)
{
	const char *dir = getenv("SCREENSHOT_DIR");
	char path[4096];
	webdriver_scheme(w, scheme);
	webdriver_resize(w, width, height);
	is_str(webdriver_run(w, "return document.documentElement.scrollWidth <= innerWidth"),
	       "true", "%s fits into %d, %s", name, width, scheme);
	if (dir == NULL)
		return;
	/* Two frames: what follows a new size has been drawn. */
	webdriver_run(w, two_frames);
	snprintf(path, sizeof path, "%s/%s-%d-%s.png", dir, name, width, scheme);
	check(webdriver_shot(w, path), "screenshot %s", path);
}

/* Violations only: what axe-core cannot decide, it leaves to people. */
static void judge(const char *name, const char *scheme, const char *options)
{
	char script[512];
	if (strcmp(webdriver_run(w, "return typeof axe"), "undefined") == 0)
		webdriver_run(w, axe);
	/* Two frames: the page has seen its new size. */
	webdriver_run(w, two_frames);
	snprintf(script, sizeof script,
		 "return axe.run({resultTypes: ['violations'], %s}).then(r => r.violations.map("
		 "v => v.id + ' at ' + v.nodes.map(n => n.html).join(' ')).join('\\n'))",
		 options);
	is_str(webdriver_run(w, script), "", "%s, %s: no violation", name, scheme);
}

static void test_states(void)
{
	static const struct {
		const char *name;
		void (*make)(void);
	} states[] = {
		{"empty", make_empty},   {"three", make_three}, {"refused", make_refused},
		{"queued", make_queued}, {"down", make_down},   {"offline", make_offline},
		{"many", make_many},     {"other", make_other}, {"lost", make_lost},
	};
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		states[i].make();
		look(states[i].name, "dark", 1280, 900);
		look(states[i].name, "light", 360, 800);
		judge(states[i].name, "light", "");
		look(states[i].name, "light", 1280, 900);
		look(states[i].name, "dark", 360, 800);
		judge(states[i].name, "dark", "runOnly: ['color-contrast']");
		webdriver_resize(w, 1280, 900);
	}
}

int main(void)
{
	read_axe(npm_project("axe", "e2e/axe"));
	app_open(&app);
	app_run_all(&app);
	w = webdriver_open(1280, 900);
	test_states();
	webdriver_close(w);
	ok(app_stop_all(&app), "all four end with 0 on SIGTERM");
	free(axe);
	return done();
}
