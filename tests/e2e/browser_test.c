/*
 * The page in a real browser, with the whole application behind it. What it looks like in each of
 * its states: see axe_test.c.
 */
#include "harness/app.h"
#include "harness/tap.h"
#include "harness/webdriver.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOON 60000

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

/* Is there an element with exactly this text? Blanks in a row count as one, times as TIME. */
static bool shows(struct webdriver *w, const char *css, const char *text)
{
	char script[1024];
	bool seen;

	snprintf(script, sizeof script,
		 "return [...document.querySelectorAll('%s')].some(e =>"
		 " e.checkVisibility() && e.textContent.replace(/\\s+/g, ' ')"
		 ".replace(/ in [0-9.]+ m?s/, ' in TIME').trim() === '%s')",
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

/* The browser itself notes each answer of 400 and above, and each that did not come. */
static void only_failures(struct webdriver *w, const char *when)
{
	struct span log = span_str(webdriver_log(w));
	int lines = count_text(log, "\"level\":");

	ok(lines > 0 && lines == count_text(log, "Failed to load resource"),
	   "the console has failed requests and nothing else %s: %.*s", when, (int)log.n,
	   (const char *)log.p);
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
	ok(shows(w, "#values li", "For index 10 I calculated 89 in TIME"),
	   "89 appears, with the time that it took");
	ok(shows(w, "#said", "For index 10 I calculated 89 in TIME."), "and is announced");
	ok(shows(w, "#seen", "10"), "10 is among the indexes seen");
	submit(w, "5");
	ok(shows(w, "#values li", "For index 5 I calculated 8 in TIME"), "8 appears");
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
	static const char place[] = "return document.getElementById('seen-title').offsetTop";
	char before[32];
	snprintf(before, sizeof before, "%s", webdriver_run(w, place));
	submit(w, "10000");
	ok(shows(w, "#values li",
		 "For index 10000 I calculated 54438373…85597501 2,090 digits, in TIME Copy"),
	   "a long value is shortened, with its length");
	ok(shows(w, "#said", "For index 10000 I calculated 2,090 digits in TIME."),
	   "and announced by its length");
	is_str(webdriver_run(w, place), before, "nothing below moves for that");
	check(webdriver_click(w, ".extra button"), "the button is pressed");
	ok(shows(w, "#said", "The value for index 10000 is copied."), "and can be copied");
	check(webdriver_type(w, "#index", WEBDRIVER_CONTROL "v"), "it is pasted");
	is_str(webdriver_run(w, "const v = document.getElementById('index').value;"
				"return v.length + ' ' + v.slice(0, 8) + v.slice(-8)"),
	       "2090 5443837385597501", "whole, as a paste shows");
	webdriver_run(w, "document.getElementById('index').value = ''");
	quiet(w, "after copying");
}

static void refusals(struct webdriver *w)
{
	submit(w, "10001");
	ok(shows(w, "#said", "Index too high"), "the server's sentence is shown");
	is_str(webdriver_run(w, "return document.getElementById('index').value"), "10001",
	       "what was typed stays");
	submit(w, "soup");
	ok(shows(w, "#said", "The index \"soup\" is not a whole number."),
	   "text is for the server to refuse");
	is_str(webdriver_run(w, "return document.getElementById('said').className"), "bad",
	       "and looks refused");
	is_str(webdriver_run(w, "return document.getElementById('index').value"), "soup",
	       "typed over the refused one");
	only_failures(w, "after refusals");
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
		{"wide-light", "light", 1280, 900}, {"wide-dark", "dark", 1280, 900},
		{"tablet", "light", 700, 900},      {"phone-light", "light", 320, 900},
		{"phone-dark", "dark", 320, 900},
	};

	for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
		webdriver_scheme(w, views[i].scheme);
		webdriver_resize(w, views[i].width, views[i].height);
		fits(w, views[i].name);
	}
	/* WCAG 1.4.4: text twice as big. */
	webdriver_run(w, "document.documentElement.style.fontSize = '32px'");
	fits(w, "phone, text twice as big");
	webdriver_resize(w, 1280, 900);
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
	ok(shows(w, "#notice", "You are offline. The values below may be old. Trying again."),
	   "for the values, too");
	webdriver_offline(w, false);
	ok(shows(w, "#notice", ""), "the notice goes when the connection is back");
	check(webdriver_click(w, "[type=submit]"), "what was typed is still there");
	ok(shows(w, "#values li", "For index 7 I calculated 21 in TIME"), "and can be sent again");
	ok(webdriver_until(w, "return document.getElementById('mode').textContent === 'Live'",
			   2 * SOON),
	   "live again");
	only_failures(w, "offline");
}

/* By the second window, which has no part in it. */
static void second_window(struct webdriver *w, const char *url)
{
	webdriver_window(w, true);
	visit(w, url, "/");
	ok(shows(w, "#mode", "Live"), "a second window is live");
	webdriver_window(w, false);
	visit(w, url, "/");
	submit(w, "12");
	ok(shows(w, "#values li", "For index 12 I calculated 233 in TIME"), "233 in the first");
	webdriver_window(w, true);
	ok(shows(w, "#values li", "For index 12 I calculated 233"), "and in the second");
	ok(webdriver_until(w, "return document.getElementById('seen').textContent.endsWith(' 12')",
			   SOON),
	   "with its index");
	is_str(webdriver_run(w, "return document.getElementById('said').textContent"), "",
	       "which announces nothing that it was not asked");
	quiet(w, "in the second window");
	webdriver_window(w, false);
}

/* What the page tells of the stream; the stream itself is real. */
static void watch_stream(struct webdriver *w)
{
	webdriver_cdp(w, "Page.addScriptToEvaluateOnNewDocument",
		      "{\"source\":\"const Real = EventSource;"
		      "window.EventSource = class extends Real {"
		      "constructor(...a) { super(...a); window.stream = this; } };\"}");
}

static void stream_events(struct webdriver *w, struct app *app, const char *url)
{
	watch_stream(w);
	visit(w, url, "/");
	ok(shows(w, "#mode", "Live"), "live, with foreign hands in the stores");
	free(store_psql(app->pg, "INSERT INTO values (number) VALUES (33)"));
	free(store_redis_cli(app->redis, "HSET", "values", "33", "5702887", NULL));
	webdriver_run(w, "stream.dispatchEvent(new MessageEvent('reset', {data: ''}))");
	ok(shows(w, "#values li", "For index 33 I calculated 5702887"),
	   "after a reset all values are read anew");
	ok(webdriver_until(w, "return document.getElementById('seen').textContent.includes('33')",
			   SOON),
	   "and all indexes");
	free(store_redis_cli(app->redis, "HSET", "values", "34", "9227465", NULL));
	webdriver_run(w, "stream.dispatchEvent(new MessageEvent('value',"
			 " {data: '{\"number\":34}'}))");
	ok(shows(w, "#values li", "For index 34 I calculated 9227465"),
	   "a value that the stream only names is fetched");
	webdriver_run(w, "window.real = fetch; window.fetch = (to, how) => to.endsWith('/all') ?"
			 " new Promise(done => window.go = () => done(real(to, how))) :"
			 " real(to, how)");
	free(store_redis_cli(app->redis, "HSET", "values", "35", "14930352", NULL));
	webdriver_run(w, "stream.dispatchEvent(new MessageEvent('reset', {data: ''}))");
	ok(shows(w, "#values li", "For index 35 I calculated 14930352"),
	   "a list that takes its time does not hold up the values");
	webdriver_run(w, "go(); window.fetch = window.real");
	quiet(w, "with a stream that leaves things out");
}

static void queued(struct webdriver *w, struct app *app)
{
	proc_stop(app->proc[APP_WORKER], SOON);
	submit(w, "20");
	ok(shows(w, "#values li", "For index 20: Nothing yet! queued"), "queued without a worker");
	ok(shows(w, "#said", "Index 20 is queued."), "which is said");
	free(store_redis_cli(app->redis, "XADD", "{values}:log", "*", "computing", "20", NULL));
	ok(shows(w, "#values li", "For index 20: Nothing yet! computing"), "in the hands of one");
	ok(shows(w, "#said", "Index 20 is being computed. Its value will appear here."),
	   "which is said when it takes long");
	app_run(app, APP_WORKER);
	ok(shows(w, "#values li", "For index 20 I calculated 10946 in TIME"), "done");
	ok(shows(w, "#said", "For index 20 I calculated 10946 in TIME."), "which is said, too");
	quiet(w, "after waiting for a worker");
}

static void api_away(struct webdriver *w, struct app *app, const char *url)
{
	proc_signal(app->proc[APP_API], SIGSTOP);
	visit(w, url, "/");
	ok(shows(w, "#empty", "Loading…"),
	   "an answer that takes its time is waited for, in a word");
	proc_signal(app->proc[APP_API], SIGCONT);
	ok(shows(w, "#mode", "Live"), "live before the API goes");
	proc_stop(app->proc[APP_API], SOON);
	ok(shows(w, "#mode", "Waiting"), "the API is away");
	ok(shows(w, "#notice",
		 "The server can\\'t be reached now. The values below may be old. Trying again."),
	   "in words");
	submit(w, "13");
	ok(shows(w, "#said", "The server can\\'t be reached now."), "for the form, too");
	ok(shows(w, "#values li", "For index 12 I calculated 233"), "what was known stays");
	app_run(app, APP_API);
	ok(webdriver_until(w, "return document.getElementById('notice').textContent === ''",
			   4 * SOON),
	   "the notice goes when the API is back");
	webdriver_press(w, WEBDRIVER_ENTER);
	ok(shows(w, "#values li", "For index 13 I calculated 377 in TIME"),
	   "what was typed is sent by a key");
	store_pause(app->redis);
	visit(w, url, "/");
	ok(shows(w, "#notice", "The store of values is away. Trying again."), "without Redis");
	store_resume(app->redis);
	ok(shows(w, "#values li", "For index 13 I calculated 377"), "and with it again");
	only_failures(w, "without an API");
}

/* Tab until the focus is on [css]. */
static bool tab_to(struct webdriver *w, const char *css)
{
	char script[256];

	snprintf(script, sizeof script, "return document.activeElement.matches('%s')", css);
	for (int i = 0; i < 20; i++) {
		webdriver_press(w, WEBDRIVER_TAB);
		if (strcmp(webdriver_run(w, script), "true") == 0)
			return true;
	}
	return false;
}

static void keyboard(struct webdriver *w, const char *url)
{
	visit(w, url, "/otherpage");
	ok(tab_to(w, "nav a[href=\"/\"]"), "the way home by Tab");
	is_str(webdriver_run(w, "return getComputedStyle(document.activeElement).outlineStyle"),
	       "solid", "where the focus is can be seen");
	webdriver_press(w, WEBDRIVER_ENTER);
	ok(shows(w, "h1", "Fib Calculator"), "home by Enter");
	ok(tab_to(w, "#index"), "the field by Tab");
	webdriver_press(w, "14" WEBDRIVER_ENTER);
	ok(shows(w, "#said", "For index 14 I calculated 610 in TIME."), "asked by Enter");
	ok(tab_to(w, ".extra button"), "a button to copy by Tab");
	webdriver_press(w, WEBDRIVER_ENTER);
	ok(shows(w, "#said", "The value for index 10000 is copied."), "copied by Enter");
	quiet(w, "by keyboard only");
}

/* A list that scrolls must have a place in the order of Tab, also when only the window changed. */
static void narrower(struct webdriver *w, const char *url)
{
	static const char
		reach[] = "return document.getElementById('seen').tabIndex === 0",
		none[] = "return !document.getElementById('seen').hasAttribute('tabindex')";
	visit(w, url, "/");
	ok(shows(w, "#mode", "Live"), "all is there");
	webdriver_resize(w, 1280, 900);
	webdriver_run(w, "document.getElementById('seen').textContent ="
			 " Array(30).fill('1000').join(', ')");
	ok(webdriver_until(w, none, SOON), "a list that does not scroll is passed by");
	webdriver_resize(w, 320, 640);
	ok(webdriver_until(w, reach, 5000), "in a narrower window it scrolls, and can be reached");
	webdriver_resize(w, 1280, 900);
	ok(webdriver_until(w, none, 5000), "in a wider one it is passed by again");
}

/* Bodies as they came, so compressed; nothing was in the cache yet. */
static void first_view(struct webdriver *w, const char *url)
{
	const char *bytes;

	visit(w, url, "/");
	bytes = webdriver_run(w, "return [...performance.getEntriesByType('navigation'),"
				 " ...performance.getEntriesByType('resource')]"
				 ".filter(e => !e.name.includes('/api/'))"
				 ".reduce((sum, e) => sum + e.encodedBodySize, 0)");
	ok(strtol(bytes, NULL, 10) > 8000 && strtol(bytes, NULL, 10) < 14 << 10,
	   "%s bytes for the first view", bytes);
	is_str(webdriver_run(w, "return performance.getEntriesByType('resource')"
				".every(e => e.name.startsWith(location.origin + '/'))"),
	       "true", "no request to another host");
}

static void plot(struct webdriver *w)
{
	ok(shows(w, "#plot-text",
		 "3 values, from 1 digit at index 5 to 2,090 digits at index 10000."),
	   "the plot has a text");
	is_str(webdriver_run(w, "return document.querySelector('#plot .dots').getAttribute('d')"
				".match(/M/g).length"),
	       "3", "and a dot for each value");
	webdriver_run(w, "const svg = document.querySelector('#plot svg'),"
			 " box = svg.getBoundingClientRect();"
			 "svg.dispatchEvent(new PointerEvent('pointermove',"
			 " {clientX: box.right, clientY: box.top}))");
	ok(shows(w, "#plot-text", "2,090 digits at index 10000."), "the pointer finds a dot");
	webdriver_run(w, "document.querySelector('#plot svg')"
			 ".dispatchEvent(new PointerEvent('pointerleave'))");
	ok(shows(w, "#plot-text",
		 "3 values, from 1 digit at index 5 to 2,090 digits at index 10000."),
	   "and leaves it");
}

static void browse(struct app *app)
{
	struct webdriver *w = webdriver_open(1280, 900);
	char url[64];

	snprintf(url, sizeof url, "http://127.0.0.1:%d", app->port[APP_ROUTER]);
	first_view(w, url);
	asks(w, url);
	long_value(w);
	plot(w);
	refusals(w);
	reload(w, url);
	looks(w);
	routes(w, url);
	outage(w, url);
	second_window(w, url);
	stream_events(w, app, url);
	queued(w, app);
	keyboard(w, url);
	narrower(w, url);
	api_away(w, app, url);
	webdriver_close(w);
}

int main(void)
{
	static struct app app;
	app_open(&app);
	app_run_all(&app);
	browse(&app);
	ok(app_stop_all(&app), "all four end with 0 on SIGTERM");
	return done();
}
