/*
 * api: the HTTP API over PostgreSQL (the record of what was asked for) and Redis (the values, and
 * the queue of jobs). What its files share.
 *
 *	main.c       configuration, start, stop
 *	routes.c     which request goes where; the shape of every answer
 *	post.c       POST /values: into PostgreSQL, then onto the queue
 *	list.c       GET /values/all, page by page
 *	current.c    GET /values/current and /values/{n}
 *	stream.c     GET /values/stream: values as they are computed
 *	rebuild.c    makes Redis hold what PostgreSQL says it should
 */
#ifndef SERVICES_API_API_H
#define SERVICES_API_API_H

#include "drivers/http_routes.h"
#include "net/net_buf.h"
#include "services/common/service.h"
#include "services/common/stores.h"

struct api_config {
	struct service_config common;
	uint16_t port;
	struct redis_settings redis;
	struct postgres_settings postgres;
	uint32_t max_index;
	bool cors;
};

/* What a request of ours needs while a store works on it. */
struct api_call {
	struct http_exchange *x; /* NULL once the client is gone */
	struct postgres_request pg;
	struct redis_request redis;
	struct api_call *next;
	void (*end)(struct api_call *);    /* besides giving back the memory; may be NULL */
	void (*resume)(struct api_call *); /* the client took all that was sent */
	bool waiting;                      /* a store has this call: its memory is needed */
	uint32_t index;
	/* list.c */
	uint32_t block, blocks; /* the next block of the table, and how many there are */
	uint32_t left;          /* rows the client still wants */
	uint64_t after, last;   /* row addresses: block << 16 | offset */
	/* current.c */
	uint64_t cursor;
	uint32_t item;
	bool field;
	bool begun;          /* of the list or object: a comma is due */
	struct net_buf text; /* what is sent at once */
};

extern struct api_config api_config;
extern struct net_loop *api_loop;
extern struct redis api_redis;
extern struct postgres api_postgres;

#define API_CALLS_MAX 4096 /* waiting for a store at one time; above it 503 */

/* A call for [x], or NULL with 503 answered. */
struct api_call *api_call_new(struct http_exchange *x);
/* The call is over; when the client is still there, its answer has been given. */
void api_call_free(struct api_call *call);
/* The store failed: 503 with [sentence], or, when the answer has begun, a visible end of it. */
void api_call_fail(struct api_call *call, struct span sentence);

/* Answers. [body] is text for a person, or JSON. Every answer of this service goes through here. */
struct out api_open(struct http_exchange *x, unsigned status, struct span type);
void api_answer_json(struct http_exchange *x, unsigned status, struct span body);
void api_answer_text(struct http_exchange *x, unsigned status, struct span sentence);
void api_answer_unavailable(struct http_exchange *x, struct span sentence);
/* The sentence with the offending value, cut and made printable, between its two halves. */
void api_answer_about(struct http_exchange *x, unsigned status, const char *before,
		      struct span value, const char *after);
#define SENTENCE_POSTGRES SPAN("The database is away; please try again.")
#define SENTENCE_REDIS SPAN("The store of values is away; please try again.")

extern const struct http_handler routes_handler;

/* The handlers, by route. */
void post_value(struct http_exchange *x, const struct http_match *m);
void list_values(struct http_exchange *x, const struct http_match *m);
void current_values(struct http_exchange *x, const struct http_match *m);
void current_value(struct http_exchange *x, const struct http_match *m);
void stream_values(struct http_exchange *x, const struct http_match *m);

/* The statements that api_postgres prepares. */
extern const struct postgres_statement post_insert, list_size, list_page, rebuild_page;

/* The event stream has a connection of its own, for the subscription. */
void stream_start(struct net_loop *loop);
void stream_stop(void);

/* Puts an index on the queue; when that fails, a rebuild will. */
void post_enqueue(uint32_t index);

void rebuild_start(struct net_loop *loop);
void rebuild_stop(void);
/* Redis lacks, or may lack, something that PostgreSQL has. */
void rebuild_wanted(void);

#endif
