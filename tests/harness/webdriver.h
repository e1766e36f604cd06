/*
 * webdriver: a headless Chromium for tests, driven through chromedriver (W3C WebDriver over
 * HTTP on loopback). Both come from the distribution's packages.
 *
 *	struct webdriver *w = webdriver_open(1024, 768);
 *	webdriver_go(w, url);
 *	webdriver_type(w, "#index", "10");
 *	webdriver_click(w, "[type=submit]");
 *	ok(webdriver_until(w, "return document.body.innerText.includes('89')", 5000), "89 came");
 *	webdriver_close(w);
 *
 * What a test cannot go on without (no chromedriver, a script that throws) ends it by bail(). The
 * browser ends with the test, however that ends, and leaves nothing behind: see proc.h.
 */
#ifndef TESTS_WEBDRIVER_H
#define TESTS_WEBDRIVER_H

#include <stdbool.h>

struct webdriver;

/* Starts chromedriver and a browser with a window of that size. */
struct webdriver *webdriver_open(int width, int height);
void webdriver_close(struct webdriver *w);

/* Opens [url] and waits for the load event. */
void webdriver_go(struct webdriver *w, const char *url);

/*
 * Runs the body of a function in the page. What it returned: a string as it is, all else as JSON
 * ("true", "null", "[1,2]"). Good until the next call with [w].
 */
const char *webdriver_run(struct webdriver *w, const char *script);
/* Runs [script] again and again until it returns true; false when [ms] are over. */
bool webdriver_until(struct webdriver *w, const char *script, int ms);

/* As a user does it: false, with the reason as a diagnostic, when no such element can be used. */
bool webdriver_click(struct webdriver *w, const char *css);
bool webdriver_type(struct webdriver *w, const char *css, const char *text);

/* The keys of [text], one after the other, to whatever has the focus; see WEBDRIVER_TAB and so on.
 */
void webdriver_press(struct webdriver *w, const char *text);
#define WEBDRIVER_TAB "\xee\x80\x84"
#define WEBDRIVER_ENTER "\xee\x80\x87"
#define WEBDRIVER_CONTROL "\xee\x80\x89"

/* What follows is about the first window, or about a second one, opened when it is first wanted. */
void webdriver_window(struct webdriver *w, bool second);

/*
 * What the console said since the last call, as JSON: "[]" for nothing, otherwise
 * [{"level":"SEVERE","message":"http://... - ...",...},...]. Answers of 400 and above are SEVERE,
 * whatever the page makes of them.
 */
const char *webdriver_log(struct webdriver *w);

/* The page as it is seen, as a PNG file; false when the file cannot be written. */
bool webdriver_shot(struct webdriver *w, const char *path);

/* The size of the viewport; unlike a window it can be as narrow as a phone. */
void webdriver_resize(struct webdriver *w, int width, int height);
/* prefers-color-scheme: "light" or "dark". */
void webdriver_scheme(struct webdriver *w, const char *scheme);
void webdriver_offline(struct webdriver *w, bool offline);
/* A command of the Chrome DevTools Protocol with its parameters as JSON. */
void webdriver_cdp(struct webdriver *w, const char *command, const char *params);

#endif
