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

/* An answer that waits for its time. */
struct later {
	struct net_timer timer;
	struct http_exchange *x;
};

static void on_time(struct net_timer *t)
{
	struct later *l = (struct later *)((char *)t - offsetof(struct later, timer));
	http_answer(l->x, 200, SPAN("text/plain"), SPAN("later\n"));
	free(l);
}

/* The client did not wait: its exchange is no more, and neither must the timer be. */
static void on_gone(struct http_exchange *x)
{
	struct later *l = x->user;
	net_timer_stop(&l->timer);
	free(l);
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
		http_answer(x, 503, SPAN("text/plain"), SPAN("no memory\n"));
		return;
	}
	l->x = x;
	x->user = l;
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
	(void)l;
	printf("signal %d: draining\n", signal);
	http_server_drain(&server, on_drained);
}

int main(int argc, char **argv)
{
	static const struct http_handler handler = {.request = on_request, .gone = on_gone};
	uint64_t port;
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	if (argc != 2 || !dec_u64(span_str(argv[1]), &port) || port > UINT16_MAX) {
		fprintf(stderr, "usage: http_hello PORT\n");
		return 1;
	}
	int rc = net_loop_open(&loop);
	if (rc == 0)
		rc = net_signals(&loop, &ends, on_signal);
	if (rc == 0)
		rc = http_server_open(&server, &loop, &handler, &http_server_defaults, "",
				      (uint16_t)port, NET_LISTEN_DEFER);
	if (rc < 0) {
		fprintf(stderr, "%s\n", net_strerror(rc));
		return 1;
	}
	printf("listening on port %u\n", server.listener.port);
	fflush(stdout);
	net_loop_run(&loop);
	net_loop_close(&loop);
}
