/*
 * The page in a real browser, with the whole application behind it. SCREENSHOT_DIR, when set,
 * receives what the page looked like.
 */
#include "harness/app.h"
#include "harness/tap.h"
#include "harness/webdriver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOON 5000

static void shoot(struct webdriver *w, const char *name)
{
	const char *dir = getenv("SCREENSHOT_DIR");
	char path[4096];

	if (!dir)
		return;
	snprintf(path, sizeof path, "%s/%s.png", dir, name);
	check(webdriver_shot(w, path), "screenshot %s", path);
}

static void visit(struct webdriver *w, const char *url, const char *path)
{
	char full[4096];

	snprintf(full, sizeof full, "%s%s", url, path);
	webdriver_go(w, full);
}

static void submit(struct webdriver *w, const char *index)
{
	check(webdriver_type(w, "#index", index), "%s is typed", index);
	check(webdriver_click(w, "[type=submit]"), "%s is submitted", index);
}

/* Is there an element with exactly this text? Blanks in a row count as one. */
static bool shows(struct webdriver *w, const char *css, const char *text)
{
	char script[1024];
	bool seen;

	snprintf(script, sizeof script,
		 "return [...document.querySelectorAll('%s')].some(e =>"
		 " e.checkVisibility() && e.textContent.replace(/\\s+/g, ' ').trim() === '%s')",
		 css, text);
	seen = webdriver_until(w, script, SOON);
	if (!seen)
		diag("the page: %s", webdriver_run(w, "return document.body.innerText"));
	return seen;
}

static void quiet(struct webdriver *w, const char *when)
{
	is_str(webdriver_log(w), "[]", "nothing in the console %s", when);
}

static void fits(struct webdriver *w, const char *name)
{
	is_str(webdriver_run(w,
			     "const d = document.documentElement;"
			     "return d.scrollWidth <= innerWidth ? 'fits' : d.scrollWidth + ' px'"),
	       "fits", "no horizontal overflow: %s", name);
}

static void asks(struct webdriver *w, const char *url)
{
	visit(w, url, "/");
	ok(shows(w, "h1", "Fib Calculator"), "the page has its heading");
	ok(shows(w, "label", "Enter your index:"), "and a label on its field");
	webdriver_run(w, "window.same = true");
	submit(w, "10");
	ok(shows(w, "#values li", "For index 10 I calculated 89"), "89 appears");
	ok(shows(w, "#said", "For index 10 I calculated 89."), "and is announced");
	ok(shows(w, "#seen", "10"), "10 is among the indexes seen");
	submit(w, "5");
	ok(shows(w, "#values li", "For index 5 I calculated 8"), "8 appears");
	ok(shows(w, "#seen", "10, 5"), "seen in the order of asking");
	submit(w, "10");
	ok(shows(w, "#said", "For index 10 I calculated 89."), "10 again");
	ok(shows(w, "#seen", "10, 5"), "is shown once");
	is_str(webdriver_run(w, "return window.same"), "true", "all without a reload");
	is_str(webdriver_run(w, "return document.activeElement.id"), "index",
	       "the field is ready for the next index");
	quiet(w, "after asking");
}

static void long_value(struct webdriver *w)
{
	submit(w, "10000");
	ok(shows(w, "#values li",
		 "For index 10000 I calculated 54438373…85597501 2090 digits Copy"),
	   "a long value is shortened, with its length");
	check(webdriver_click(w, ".extra button"), "the button is pressed");
	ok(shows(w, "#said", "The value for index 10000 is copied."), "and can be copied");
	/* U+E009 is the Control key of WebDriver. */
	check(webdriver_type(w, "#index", "\xee\x80\x89v"), "it is pasted");
	is_str(webdriver_run(w, "const v = document.getElementById('index').value;"
				"return v.length + ' ' + v.slice(0, 8) + v.slice(-8)"),
	       "2090 5443837385597501", "whole, as a paste shows");
	webdriver_run(w, "document.getElementById('index').value = ''");
	quiet(w, "after copying");
}

static void refusals(struct webdriver *w)
{
	const char *log;
	const char *severe;

	submit(w, "10001");
	ok(shows(w, "#said", "Index too high"), "the server's sentence is shown");
	is_str(webdriver_run(w, "return document.getElementById('index').value"), "10001",
	       "what was typed stays");
	shoot(w, "refused");
	log = webdriver_log(w);
	severe = strstr(log, "SEVERE");
	/* The browser itself notes each answer of 400 and above. */
	ok(severe && strstr(severe, "422") && !strstr(severe + 1, "SEVERE"),
	   "the console has the 422 and nothing else");
	submit(w, "soup");
	ok(webdriver_until(w,
			   "const said = document.getElementById('said');"
			   "return said.className === 'bad' && said.textContent.length > 10",
			   SOON),
	   "text is for the server to refuse");
	is_str(webdriver_run(w, "return document.getElementById('index').value"), "soup",
	       "typed over the refused one");
	webdriver_log(w);
}

static void reload(struct webdriver *w, const char *url)
{
	visit(w, url, "/");
	ok(shows(w, "#values li", "For index 10 I calculated 89"), "89 is there after a reload");
	ok(shows(w, "#seen", "10, 5, 10000"), "and all indexes");
	quiet(w, "after a reload");
}

static void looks(struct webdriver *w)
{
	static const struct {
		const char *name, *scheme;
		int width, height;
	} views[] = {
		{"wide-light", "light", 1100, 900}, {"wide-dark", "dark", 1100, 900},
		{"tablet", "light", 700, 900},      {"phone-light", "light", 320, 900},
		{"phone-dark", "dark", 320, 900},
	};

	for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
		webdriver_scheme(w, views[i].scheme);
		webdriver_resize(w, views[i].width, views[i].height);
		fits(w, views[i].name);
		shoot(w, views[i].name);
	}
	/* WCAG 1.4.4: text twice as big. */
	webdriver_run(w, "document.documentElement.style.fontSize = '32px'");
	fits(w, "phone, text twice as big");
	shoot(w, "phone-big-text");
	webdriver_resize(w, 1100, 900);
}

static void routes(struct webdriver *w, const char *url)
{
	visit(w, url, "/");
	webdriver_run(w, "window.same = true");
	check(webdriver_click(w, "nav a[href=\"/otherpage\"]"), "the link is there");
	ok(shows(w, "h1", "Some other page"), "/otherpage by a click");
	is_str(webdriver_run(w, "return location.pathname"), "/otherpage", "with its address");
	is_str(webdriver_run(w, "return document.activeElement.textContent"), "Some other page",
	       "the focus is on its heading");
	webdriver_run(w, "history.back()");
	ok(shows(w, "h1", "Fib Calculator"), "the back button leads home");
	webdriver_run(w, "history.forward()");
	ok(shows(w, "h1", "Some other page"), "forward as well");
	check(webdriver_click(w, "#otherpage a"), "the link back is there");
	ok(shows(w, "h1", "Fib Calculator"), "home by a click");
	is_str(webdriver_run(w, "return window.same"), "true", "all without a reload");
	visit(w, url, "/otherpage");
	ok(shows(w, "h1", "Some other page"), "/otherpage by its address");
	shoot(w, "otherpage");
	visit(w, url, "/no/such/page");
	ok(shows(w, "h1", "No such page"), "an unknown address says so");
	quiet(w, "after walking around");
}

static void outage(struct webdriver *w, const char *url)
{
	visit(w, url, "/");
	ok(shows(w, "#mode", "Live"), "values come over the event stream");
	webdriver_offline(w, true);
	submit(w, "7");
	ok(shows(w, "#said", "You are offline."), "being offline is said in words");
	ok(shows(w, "#notice", "You are offline. Trying again."), "for the values, too");
	shoot(w, "offline");
	webdriver_offline(w, false);
	ok(shows(w, "#notice", ""), "the notice goes when the connection is back");
	check(webdriver_click(w, "[type=submit]"), "what was typed is still there");
	ok(shows(w, "#values li", "For index 7 I calculated 21"), "and can be sent again");
	ok(webdriver_until(w, "return document.getElementById('mode').textContent === 'Live'",
			   2 * SOON),
	   "live again");
}

static void browse(const char *url)
{
	struct webdriver *w = webdriver_open(1100, 900);

	asks(w, url);
	long_value(w);
	refusals(w);
	reload(w, url);
	looks(w);
	routes(w, url);
	outage(w, url);
	webdriver_close(w);
}

int main(void)
{
	static struct app app;
	char url[64];
	app_open(&app);
	app_run_all(&app);
	snprintf(url, sizeof url, "http://127.0.0.1:%d", app.port[APP_ROUTER]);
	browse(url);
	ok(app_stop_all(&app), "all four end with 0 on SIGTERM");
	return done();
}
