#include "harness/webdriver.h"

#include "crypto/base64.h"
#include "harness/httpc.h"
#include "harness/proc.h"
#include "harness/proc_temp.h"
#include "harness/tap.h"
#include "services/common/json.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS 60000 /* a browser on a busy machine with a cold disk */
#define CALL_MS 60000
#define STARTS 5

struct webdriver {
	struct proc *driver;
	uint16_t port;
	char *session;              /* NULL: none yet */
	struct httpc_answer answer; /* the last one */
	char *text;                 /* the last text handed out */
	char *window[2];            /* handles; the second is NULL until it is wanted */
};

static char *format(const char *text, ...) PRINTF_LIKE(1, 2);
static char *format(const char *text, ...)
{
	va_list args;
	char *s;

	va_start(args, text);
	if (vasprintf(&s, text, args) < 0)
		bail("out of memory");
	va_end(args);
	return s;
}

/* [s] as a JSON string, quotes included. */
static char *quoted(const char *s)
{
	size_t cap = strlen(s) * 6 + 3;
	char *json = need(malloc(cap));
	struct out o = out_init(json, cap);

	json_put_string(&o, span_str(s));
	out_byte(&o, 0);
	return json;
}

/* A string as what it stands for, which is never longer; all else as it is. */
static char *text_of(const struct json_value *v)
{
	char *text = need(malloc(v->raw.n + 1));
	struct out o = out_init(text, v->raw.n + 1);

	if (v->type == JSON_STRING)
		json_put_text(&o, v->raw);
	else
		out_span(&o, v->raw);
	out_byte(&o, 0);
	return text;
}

/* Answers have one form: {"value": ...}. */
static struct json_value value(const struct webdriver *w)
{
	struct json_value v = {.type = JSON_NULL};

	json_get(w->answer.body, SPAN("value"), &v);
	return v;
}

static struct json_value member(struct json_value object, struct span key)
{
	struct json_value v = {.type = JSON_NULL};

	if (object.type == JSON_OBJECT)
		json_get(object.raw, key, &v);
	return v;
}

/*
 * One command, as a path below that of the session; true when it succeeded. Takes over [path]
 * and [body], which may be NULL.
 */
static bool call(struct webdriver *w, const char *method, char *path, char *body)
{
	const char *b = body ? body : "";
	char *request = format("%s %s%s%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n"
			       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
			       method, w->session ? "/session/" : "", w->session ? w->session : "",
			       path, w->port, strlen(b), b);
	int rc;

	httpc_free(&w->answer);
	rc = httpc_ask("127.0.0.1", w->port, span_str(request), &w->answer, CALL_MS);
	if (rc < 0)
		diag("chromedriver %s %s: %s", method, path, httpc_strerror(rc));
	free(request);
	free(path);
	free(body);
	return rc > 0 && w->answer.status == 200;
}

static void blame(const struct webdriver *w, const char *what)
{
	struct json_value message = member(value(w), SPAN("message"));
	char *why = text_of(&message);

	diag("%s: %.400s", what, why);
	free(why);
}

static const char *hand_out(struct webdriver *w, char *text)
{
	free(w->text);
	w->text = text;
	return text;
}

/*
 * chromedriver takes a free port by itself and says which: nobody can take it in between. It takes
 * it for IPv6 first, and ends when somebody else has the same for IPv4.
 */
static void start_driver(struct webdriver *w)
{
	static const char words[] = "was started successfully on port ";
	const char *argv[] = {"chromedriver", "--port=0", NULL};
	char *home = format("HOME=%s", temp_dir());
	/* The browser puts a socket into a folder there, and sun_path holds 108 bytes. */
	char *tmp = format("TMPDIR=%s", strlen(temp_dir()) < 60 ? temp_dir() : "/tmp");
	const char *env[] = {home, tmp, NULL};
	const char *at;
	bool started = false;

	for (int i = 0; i < STARTS && !started; i++) {
		if (w->driver)
			proc_free(w->driver);
		w->driver = proc_start(&(struct proc_spec){.argv = argv, .env = env});
		started = proc_wait_log(w->driver, words, START_MS);
	}
	free(home);
	free(tmp);
	if (!started)
		bail("chromedriver does not start: %s", proc_log(w->driver));
	at = strstr(proc_log(w->driver), words);
	w->port = (uint16_t)strtoul(at + sizeof words - 1, NULL, 10);
}

static void wait_ready(struct webdriver *w)
{
	long long until = now_ms() + START_MS;

	for (;;) {
		struct json_value ready;

		call(w, "GET", format("/status"), NULL);
		ready = member(value(w), SPAN("ready"));
		if (span_eq(ready.raw, SPAN("true")))
			return;
		if (now_ms() > until)
			bail("chromedriver is not ready");
		tick();
	}
}

static void start_browser(struct webdriver *w, int width, int height)
{
	static int serial;
	char *profile = temp_path("browser-%d", ++serial);
	char *flag = format("--user-data-dir=%s", profile);
	char *q = quoted(flag);
	struct json_value session;
	/* Without --disable-dev-shm-usage pages crash where /dev/shm has a container's 64 MB. */
	bool started =
		call(w, "POST", format("/session"),
		     format("{\"capabilities\":{\"alwaysMatch\":{\"browserName\":\"chrome\","
			    "\"goog:loggingPrefs\":{\"browser\":\"ALL\"},\"goog:chromeOptions\":{"
			    "\"args\":["
			    "\"--headless\",\"--no-sandbox\",\"--disable-gpu\",\"--disable-quic\","
			    "\"--no-first-run\",\"--disable-background-networking\","
			    "\"--disable-component-update\",\"--disable-sync\",\"--disable-dev-shm-"
			    "usage\","
			    "\"--window-size=%d,%d\",%s]}}}}",
			    width, height, q));

	free(profile);
	free(flag);
	free(q);
	if (!started) {
		blame(w, "new session");
		bail("the browser does not start");
	}
	session = member(value(w), SPAN("sessionId"));
	w->session = text_of(&session);
	if (!call(w, "GET", format("/window"), NULL))
		bail("the browser has no window");
	session = value(w);
	w->window[0] = text_of(&session);
}

struct webdriver *webdriver_open(int width, int height)
{
	struct webdriver *w = need(calloc(1, sizeof *w));

	start_driver(w);
	wait_ready(w);
	start_browser(w, width, height);
	return w;
}

/*
 * The browser's crash handlers and launchers leave its tree on purpose; orphans, they become our
 * children (proc_start makes us their reaper). Nobody else waits for what has such a name.
 */
static void end_orphans(void)
{
	size_t n;
	pid_t *tree = proc_tree(getpid(), &n);

	for (size_t i = 0; i < n; i++) {
		char path[64], name[8] = "";
		FILE *f;

		snprintf(path, sizeof path, "/proc/%d/comm", (int)tree[i]);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fgets(name, sizeof name, f) && strncmp(name, "chrom", 5) == 0) {
			kill(tree[i], SIGKILL);
			waitpid(tree[i], NULL, 0);
		}
		fclose(f);
	}
	free(tree);
}

void webdriver_close(struct webdriver *w)
{
	call(w, "DELETE", format("%s", ""), NULL);
	proc_free(w->driver);
	end_orphans();
	httpc_free(&w->answer);
	free(w->session);
	free(w->window[0]);
	free(w->window[1]);
	free(w->text);
	free(w);
}

void webdriver_go(struct webdriver *w, const char *url)
{
	char *q = quoted(url);

	if (!call(w, "POST", format("/url"), format("{\"url\":%s}", q))) {
		blame(w, url);
		bail("the page cannot be opened");
	}
	free(q);
}

const char *webdriver_run(struct webdriver *w, const char *script)
{
	char *q = quoted(script);
	struct json_value result;

	if (!call(w, "POST", format("/execute/sync"), format("{\"script\":%s,\"args\":[]}", q))) {
		blame(w, script);
		bail("a script failed");
	}
	free(q);
	result = value(w);
	return hand_out(w, text_of(&result));
}

bool webdriver_until(struct webdriver *w, const char *script, int ms)
{
	long long until = now_ms() + ms;

	for (;;) {
		if (strcmp(webdriver_run(w, script), "true") == 0)
			return true;
		if (now_ms() > until)
			return false;
		tick();
	}
}

/* The path of the element's commands, to be freed; NULL when there is none. */
static char *find(struct webdriver *w, const char *css)
{
	char *q = quoted(css);
	bool found = call(w, "POST", format("/element"),
			  format("{\"using\":\"css selector\",\"value\":%s}", q));
	struct json_value id = member(value(w), SPAN("element-6066-11e4-a52e-4f735466cecf"));

	free(q);
	if (!found) {
		blame(w, css);
		return NULL;
	}
	return format("/element/%.*s", (int)id.raw.n, (const char *)id.raw.p);
}

static bool act(struct webdriver *w, const char *css, const char *verb, char *body)
{
	char *path = find(w, css);
	bool done;

	if (!path) {
		free(body);
		return false;
	}
	done = call(w, "POST", format("%s/%s", path, verb), body);
	if (!done)
		blame(w, css);
	free(path);
	return done;
}

bool webdriver_click(struct webdriver *w, const char *css)
{
	return act(w, css, "click", format("{}"));
}

bool webdriver_type(struct webdriver *w, const char *css, const char *text)
{
	char *q = quoted(text);
	bool done = act(w, css, "value", format("{\"text\":%s}", q));

	free(q);
	return done;
}

/* Each character of [text], which is UTF-8, as a key that goes down and up. */
void webdriver_press(struct webdriver *w, const char *text)
{
	size_t cap = strlen(text) * 128 + 128;
	char *keys = need(malloc(cap));
	struct out o = out_init(keys, cap);

	out_str(&o, "{\"actions\":[{\"type\":\"key\",\"id\":\"keyboard\",\"actions\":[");
	for (const char *at = text, *end; *at != '\0'; at = end) {
		static const char *const ways[] = {"keyDown", "keyUp"};

		for (end = at + 1; ((uint8_t)*end & 0xc0) == 0x80; end++)
			;
		for (size_t i = 0; i < 2; i++) {
			out_str(&o, o.p[o.n - 1] == '[' ? "" : ",");
			out_str(&o, "{\"type\":\"");
			out_str(&o, ways[i]);
			out_str(&o, "\",\"value\":");
			json_put_string(&o, span_of((const uint8_t *)at, (size_t)(end - at)));
			out_byte(&o, '}');
		}
	}
	out_str(&o, "]}]}");
	out_byte(&o, 0);
	if (!call(w, "POST", format("/actions"), keys)) {
		blame(w, text);
		bail("keys cannot be pressed");
	}
}

void webdriver_window(struct webdriver *w, bool second)
{
	if (second && w->window[1] == NULL) {
		struct json_value handle;

		if (!call(w, "POST", format("/window/new"), format("{\"type\":\"window\"}")))
			bail("no second window");
		handle = member(value(w), SPAN("handle"));
		w->window[1] = text_of(&handle);
	}
	if (!call(w, "POST", format("/window"), format("{\"handle\":\"%s\"}", w->window[second])))
		bail("the window is gone");
}

const char *webdriver_log(struct webdriver *w)
{
	struct json_value entries;

	if (!call(w, "POST", format("/se/log"), format("{\"type\":\"browser\"}"))) {
		blame(w, "console");
		bail("no console log");
	}
	entries = value(w);
	return hand_out(w, text_of(&entries));
}

/* In pieces, each within the limit of base64.h and a whole number of groups. */
static bool write_decoded(FILE *f, struct span text)
{
	static uint8_t buf[CRYPTO_BASE64_MAX];

	while (text.n) {
		struct span piece = span_head(text, CRYPTO_BASE64_MAX);
		int n = crypto_base64_get(piece, buf, sizeof buf);

		if (n < 0 || fwrite(buf, 1, (size_t)n, f) != (size_t)n)
			return false;
		text = span_tail(text, piece.n);
	}
	return true;
}

bool webdriver_shot(struct webdriver *w, const char *path)
{
	FILE *f;
	bool whole;

	if (!call(w, "GET", format("/screenshot"), NULL)) {
		blame(w, "screenshot");
		return false;
	}
	f = fopen(path, "we");
	if (!f)
		return false;
	whole = write_decoded(f, value(w).raw);
	return fclose(f) == 0 && whole;
}

void webdriver_cdp(struct webdriver *w, const char *command, const char *params)
{
	if (!call(w, "POST", format("/goog/cdp/execute"),
		  format("{\"cmd\":\"%s\",\"params\":%s}", command, params))) {
		blame(w, command);
		bail("the browser refused a command");
	}
}

void webdriver_resize(struct webdriver *w, int width, int height)
{
	char *params =
		format("{\"width\":%d,\"height\":%d,\"deviceScaleFactor\":1,\"mobile\":false}",
		       width, height);

	webdriver_cdp(w, "Emulation.setDeviceMetricsOverride", params);
	free(params);
}

void webdriver_scheme(struct webdriver *w, const char *scheme)
{
	char *params = format(
		"{\"features\":[{\"name\":\"prefers-color-scheme\",\"value\":\"%s\"}]}", scheme);

	webdriver_cdp(w, "Emulation.setEmulatedMedia", params);
	free(params);
}

void webdriver_offline(struct webdriver *w, bool offline)
{
	if (!call(w, "POST", format("/chromium/network_conditions"),
		  format("{\"network_conditions\":{\"offline\":%s,\"latency\":0,"
			 "\"throughput\":-1}}",
			 offline ? "true" : "false"))) {
		blame(w, "network conditions");
		bail("the browser refused a command");
	}
}
