/*
 * http_hello: the HTTP server on its loop. / is answered at once, /later from a timer; SIGTERM or
 * SIGINT ends it when the last answer has left.
 *
 *	cc http_hello.c -o http_hello $(pkg-config --cflags --libs barnacle)
 *	./http_hello 8080
 */
#include "drivers/http_routes.h"

#include <stdio.h>
#include <stdlib.h>

static struct net_loop loop;
static struct http_server server;

struct later {
	struct net_timer timer;
	struct http_exchange *x;
};

static void on_time(struct net_timer *t)
{
	struct later *l = (struct later *)t;
	http_answer(l->x, 200, SPAN("text/plain"), SPAN("later\n"));
	free(l);
}

/* The client did not wait: its exchange is no more, and neither must the timer be. */
static void on_gone(struct http_exchange *x)
{
	net_timer_stop(x->user);
	free(x->user);
}

static void say_hello(struct http_exchange *x, const struct http_match *m)
{
	(void)m;
	http_answer(x, 200, SPAN("text/plain"), SPAN("hello\n"));
}

static void answer_later(struct http_exchange *x, const struct http_match *m)
{
	(void)m;
	struct later *l = calloc(1, sizeof *l);
	if (l == NULL) {
		http_answer(x, 503, SPAN("text/plain"), SPAN("out of memory\n"));
		return;
	}
	x->user = l;
	l->x = x;
	net_timer_set(&loop, &l->timer, 200, on_time);
}

static const struct http_route routes[] = {
	{HTTP_GET, "/", say_hello},
	{HTTP_GET, "/later", answer_later},
};

static void on_request(struct http_exchange *x)
{
	http_routes_request(x, routes, sizeof routes / sizeof *routes);
}

static void on_drained(struct http_server *s)
{
	net_loop_stop(s->loop);
}

static void on_signal(struct net_loop *l, int signal)
{
	(void)l, (void)signal;
	http_server_drain(&server, on_drained);
}

int main(int argc, char **argv)
{
	static const struct http_handler handler = {.request = on_request, .gone = on_gone};
	uint16_t port = (uint16_t)strtoul(argc > 1 ? argv[1] : "8080", NULL, 10);
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	int rc = net_loop_open(&loop);
	rc = rc < 0 ? rc : net_signals(&loop, &ends, on_signal);
	rc = rc < 0 ? rc
		    : http_server_open(&server, &loop, &handler, &http_server_defaults, "", port,
				       NET_LISTEN_DEFER);
	if (rc < 0)
		fprintf(stderr, "%s\n", net_strerror(rc));
	else
		net_loop_run(&loop);
	return rc < 0;
}
