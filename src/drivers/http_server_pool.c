/* The records of connections and of requests under way; some are kept for the next. */
#include "drivers/http_conn.h"

#include <stdlib.h>
#include <string.h>

#define SPARES 64

struct http_conn *http_conn_new(struct http_server *s)
{
	struct http_conn *c = s->spare;
	if (c == NULL) {
		c = malloc(sizeof *c);
	} else {
		s->spare = c->next;
		s->spares--;
	}
	if (c == NULL)
		return NULL;
	memset(c, 0, sizeof *c);
	c->server = s;
	return c;
}

static void give_work(struct http_conn *c)
{
	struct http_server *s = c->server;
	struct http_work *w = c->work;
	c->work = NULL;
	if (s->spare_works < SPARES) {
		w->next = s->spare_work;
		s->spare_work = w;
		s->spare_works++;
	} else {
		free(w);
	}
}

void http_conn_free(struct http_conn *c)
{
	struct http_server *s = c->server;
	free(c->peer);
	if (c->work != NULL) {
		net_buf_drop(s->loop, &c->work->gathered);
		give_work(c);
	}
	if (s->draining)
		http_server_drop_spares(s);
	if (s->spares < SPARES && !s->draining) {
		c->next = s->spare;
		s->spare = c;
		s->spares++;
	} else {
		free(c);
	}
}

bool http_conn_work(struct http_conn *c)
{
	struct http_server *s = c->server;
	struct http_work *w = c->work != NULL ? c->work : s->spare_work;
	if (w == NULL) {
		w = calloc(1, sizeof *w);
	} else if (w == s->spare_work) {
		s->spare_work = w->next;
		s->spare_works--;
	}
	if (w == NULL)
		return false;
	w->conn = c;
	c->work = w;
	return true;
}

void http_conn_rest(struct http_conn *c)
{
	if (c->phase == HTTP_IDLE && c->work != NULL)
		give_work(c);
}

void http_server_drop_spares(struct http_server *s)
{
	while (s->spare != NULL) {
		struct http_conn *c = s->spare;
		s->spare = c->next;
		free(c);
	}
	s->spares = 0;
	while (s->spare_work != NULL) {
		struct http_work *w = s->spare_work;
		s->spare_work = w->next;
		free(w);
	}
	s->spare_works = 0;
}
