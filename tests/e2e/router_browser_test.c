/* A WebSocket and an event stream in a real browser, through the router. */
#include "harness/proc.h"
#include "harness/tap.h"
#include "harness/webdriver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOON 60000

static struct proc *start_upstream(int port)
{
	char text[16],
		*script = realpath(proc_bin("../../tests/e2e/router-upstream/server.js"), NULL);
	snprintf(text, sizeof text, "%d", port);
	const char *argv[] = {"node", script, text, NULL};
	struct proc *p = proc_start(&(struct proc_spec){.argv = argv});
	if (!wait_port(port, SOON))
		bail("the upstream: %s", proc_log(p));
	free(script);
	return p;
}

static struct proc *start_router(int port, int upstream)
{
	char own[32], web[32];
	snprintf(own, sizeof own, "PORT=%d", port);
	snprintf(web, sizeof web, "WEB_PORT=%d", upstream);
	const char *argv[] = {proc_bin("router"), NULL};
	const char *env[] = {own, web, "WEB_HOST=127.0.0.1", "ADMIN_PORT=0", NULL};
	struct proc *p = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	if (!wait_port(port, SOON))
		bail("the router: %s", proc_log(p));
	return p;
}

static void events(struct webdriver *w)
{
	ok(webdriver_until(w, "return events.length === 5", SOON),
	   "each event comes before the next is made");
	is_str(webdriver_run(w, "return events.join(' ')"), "1 2 3 4 5", "in order");
	is_str(webdriver_run(w, "return source.readyState"), "1", "and the stream stays open");
}

static void socket_echoes(struct webdriver *w)
{
	ok(webdriver_until(w, "return ws.readyState === 1", SOON), "a WebSocket opens");
	is_str(webdriver_run(w, "return ws.protocol"), "echo", "with its subprotocol");
	webdriver_run(w, "ws.send('hello')");
	ok(webdriver_until(w, "return said[0] === 'hello'", SOON), "and echoes");
	webdriver_run(w, "ws.send(''); ws.send('\\u20ac'.repeat(1000));"
			 "ws.send(new Uint8Array(3000000))");
	ok(webdriver_until(w, "return said.length === 4", SOON), "messages of every size");
	is_str(webdriver_run(w, "return said[1].length + ' ' + said[2].length + ' ' + said[3]"),
	       "0 1000 3000000", "in whole");
	webdriver_run(w, "ws.close(4000, 'enough')");
	ok(webdriver_until(w, "return ended !== ''", SOON), "it closes");
	is_str(webdriver_run(w, "return ended"), "4000 enough true", "in order");
}

/* The router is killed: the page hears of it, and comes back by itself. */
static void comes_back(struct webdriver *w, struct proc **router, int port, int upstream)
{
	webdriver_run(w, "ws = new WebSocket('ws://' + location.host + '/ws', 'echo');"
			 "ws.onclose = () => { ended = 'again'; }; ended = ''");
	ok(webdriver_until(w, "return ws.readyState === 1", SOON), "another WebSocket");
	proc_kill(*router);
	ok(webdriver_until(w, "return ended === 'again'", SOON), "the router killed, it is told");
	proc_free(*router);
	*router = start_router(port, upstream);
	ok(webdriver_until(w, "return events.length >= 6", 2 * SOON),
	   "the event stream comes back by itself");
}

int main(void)
{
	int port = free_port(), upstream_port = free_port();
	char url[64];
	struct proc *upstream = start_upstream(upstream_port);
	struct proc *router = start_router(port, upstream_port);
	struct webdriver *w = webdriver_open(800, 600);
	snprintf(url, sizeof url, "http://127.0.0.1:%d/", port);
	webdriver_go(w, url);
	events(w);
	socket_echoes(w);
	is_str(webdriver_log(w), "[]", "nothing in the console");
	comes_back(w, &router, port, upstream_port);
	webdriver_close(w);
	proc_free(upstream); /* an event stream would be waited for */
	is_int(proc_stop(router, SOON), 0, "orderly end");
	return done();
}
