/*
 * api: the HTTP API over PostgreSQL (the record of what was asked for) and Redis (the values, and
 * the queue of jobs). What its files share.
 *
 *	main.c       configuration, start, stop
 *	routes.c     which request goes where, and its record while a store works on it
 *	limit.c      who asks too often
 *	answer.c     the shape of every answer
 *	post.c       POST /values: into PostgreSQL, then onto the queue
 *	parts.c      lists and objects that are sent as they are read
 *	list.c       GET /values/all, page by page
 *	current.c    GET /values/current and /values/{n}
 *	stream.c     GET /values/stream: values as they are computed
 *	feed.c       the log of results that it tells
 *	openapi.c    GET /openapi.json: openapi.json
 *	record.c     the tables, and what PostgreSQL refuses
 *	stats.c      what is counted and logged of them
 *	rebuild.c    makes Redis hold what PostgreSQL says it should
 */
#ifndef SERVICES_API_API_H
#define SERVICES_API_API_H

#include "drivers/http_routes.h"
#include "net/net_buf.h"
#include "services/api/feed.h"
#include "services/common/service.h"
#include "services/common/stores.h"

struct api_config {
	struct service_config common;
	uint16_t port;
	struct redis_settings redis;
	struct postgres_settings postgres;
	uint32_t max_index;
	uint32_t rate_limit; /* requests a second of one client; 0: no limit */
	bool cors;
};

#define API_KEY_MAX 128 /* bytes of an Idempotency-Key */

#define API_TRACE_MAX 64 /* as the router's */

/* How far a list or an object has been told that is read and sent in parts. */
struct api_place {
	uint32_t block, blocks; /* list.c: the next of the table, and how many there are */
	uint64_t cursor, asked; /* current.c: of the next part, and of the one that was asked for */
	uint32_t count;         /* current.c: fields that were asked for */
	bool before;            /* current.c: begun, when they were */
	bool field;             /* current.c: its value is due */
	bool begun;             /* a comma is due */
	bool lost;              /* a part did not fit, or was not what it should be */
};

/* What a request of ours needs while a store works on it. */
struct api_call {
	struct http_exchange *x; /* NULL once the client is gone */
	struct postgres_request pg;
	struct redis_request redis;
	struct api_call *next;                 /* of those that share one question to a store */
	void (*end)(struct api_call *);        /* besides giving back the memory; may be NULL */
	void (*resume)(struct api_call *);     /* the client took all that was sent */
	bool waiting;                          /* a store has this call: its memory is needed */
	bool problem;                          /* errors as application/problem+json */
	uint8_t route;                         /* where it is counted */
	uint8_t trace_n, trace[API_TRACE_MAX]; /* X-Request-Id, when it is no longer than that */
	uint8_t tags_n, tags[128];             /* If-None-Match, when it is no longer than that */
	uint32_t index;
	/* post.c */
	uint8_t key_n, key[API_KEY_MAX];
	/* parts.c */
	struct api_place at;
	/* list.c */
	uint32_t left;        /* rows the client still wants */
	uint64_t after, last; /* row addresses: block << 16 | offset */
	/* post.c: the key is another index's */
	bool other;
	/* stream.c */
	struct feed_id seen; /* the last event it had */
	bool behind, full;   /* not live; and waiting until it takes more */
	struct net_buf text; /* what is sent at once */
};

extern struct api_config api_config;
extern struct net_loop *api_loop;
extern struct redis api_redis;
extern struct postgres api_postgres;
extern struct http_server api_server;

/*
 * Bytes of an answer that are sent at once, where it has long values. HSCAN gives no less than one
 * place of its table, in which, while a child of the server saves, there may be a dozen values.
 */
#define API_TEXT_MAX (8u << 20)
#define API_CALLS_MAX 4096 /* waiting for a store at one time, besides streams; above it 503 */

/* A call for [x], within its [request]; or NULL with 503 answered. */
struct api_call *api_call_new(struct http_exchange *x);
/* The call is over; when the client is still there, its answer has been given. */
void api_call_free(struct api_call *call);
/* The store failed: 503 with [sentence], or, when the answer has begun, a visible end of it. */
void api_call_fail(struct api_call *call, struct span sentence);

/*
 * Calls of one turn that want the same of a store. It is asked at the end of the turn, once for all
 * of them, and so never gives one of them what was true before it came.
 */
struct api_gather {
	struct net_task task;
	struct api_call *first, **end;
};
/* [send], at the end of the turn, takes them. The calls count as waiting. */
void api_gather_put(struct api_gather *g, struct api_call *call, void (*send)(struct net_task *));
/* At most [max] of those whose clients are still there, linked by next; NULL: none. */
struct api_call *api_gather_get(struct api_gather *g, size_t max);
/* api_call_fail for each of them. */
void api_calls_fail(struct api_call *first, struct span sentence);

/*
 * A list or an object goes out part by part, each read from the store when the client took the one
 * before. Those who share the first part go on by themselves from where it ends.
 */
/* Behind call->text, up to [max] bytes of it; else the place is lost. */
void api_put_part(struct api_call *call, struct span s, uint32_t max);
/* [first]'s text to all calls linked to it; the last part ends their answers. */
void api_send_parts(struct api_call *first, bool last);

/* Answers. [body] is text for a person, or JSON. Every answer of this service goes through here. */
#define API_JSON SPAN("application/json; charset=utf-8")
struct out api_open(struct http_exchange *x, unsigned status, struct span type);
void api_answer_json(struct http_exchange *x, unsigned status, struct span body);
/* 429 and 503 with a Retry-After. */
void api_answer_text(struct http_exchange *x, unsigned status, struct span sentence);
void api_answer_not_allowed(struct http_exchange *x, struct span allow);
/* A representation with an ETag, or 304; [link] is a Link field's value or empty. */
void api_answer_whole(struct api_call *call, struct span body, struct span link);
/* Keeps what a later answer must know of the head. */
void api_keep_wishes(struct api_call *call, const struct http_head *h);
/* The sentence with the offending value, cut and made printable, between its two halves. */
void api_answer_about(struct http_exchange *x, unsigned status, const char *before,
		      struct span value, const char *after);
/*
 * False when Accept has ranges, and neither [type] (without parameters) nor a problem is in one
 * with a weight: who names problems has said how it wants errors, not that it wants nothing else. A
 * range that excludes the type does not go before a wider one (RFC 9110, 12.4.1 leaves it to us).
 */
bool api_accepts(const struct http_head *h, struct span type);
/* Logs a reply of Redis that refuses what was asked. */
void api_log_refusal(const struct resp_item *it);
#define SENTENCE_POSTGRES SPAN("The database is away; please try again.")
#define SENTENCE_REDIS SPAN("The store of values is away; please try again.")

/* After the configuration was read. */
const struct http_handler *routes_handler(void);

/* The handlers, by route. */
void post_value(struct http_exchange *x, const struct http_match *m);
void list_values(struct http_exchange *x, const struct http_match *m);
void current_values(struct http_exchange *x, const struct http_match *m);
void current_value(struct http_exchange *x, const struct http_match *m);
void stream_values(struct http_exchange *x, const struct http_match *m);
void openapi_document(struct http_exchange *x, const struct http_match *m);

/* The statements that api_postgres prepares. */
extern const struct postgres_statement post_insert, list_page;

/*
 * list.c: up to [rows] of the record, in the order of insertion, behind the row with the address
 * [after] (block << 16 | offset) and before [block]. As postgres_send.
 */
int list_send(struct postgres_request *q, uint32_t ms, uint64_t after, uint64_t block,
	      uint32_t rows);
/*
 * What came of it: true for a row, its address [at] and its number (empty for NULL). One that is
 * none tells how many [blocks] there are.
 */
bool list_take_row(const struct pgwire_row *view, uint32_t *blocks, uint64_t *at,
		   struct span *number);

/*
 * The tables, made sure of at each connect. Only what carries a key needs the second one, so its
 * statements are not prepared at the connect, which would fail without it: record_send_unprepared
 * sends them with their text. As postgres_send.
 */
enum { RECORD_VALUES, RECORD_KEYS, RECORD_TABLES };
extern const struct span record_tables[RECORD_TABLES];
int record_send_unprepared(struct postgres_request *q, uint32_t ms,
			   const struct postgres_statement *statement,
			   const struct pgwire_param *params, size_t n);
/*
 * [rc] of a request to PostgreSQL that wanted [what]. When it was refused: a line in the log, at
 * most one a minute, and what can help: a table that is gone is made, a statement that is lost
 * gets a new connection. A missing right or a full disk would be the same on a new connection,
 * which would only cost those who do get what they want.
 */
void record_refused(const struct postgres_request *q, int rc, const char *what);

/* The event stream has a connection of its own, for the read that waits. */
extern struct redis stream_log;
extern uint32_t stream_clients;
void stream_start(struct net_loop *loop);
void stream_stop(void);

int stats_prepare(void);
void stats_start(void);
/* Of the request that is in the handler's hands: its row in the table of routes.c. */
extern uint8_t stats_route;
/* The answer to [x] begins. */
void stats_count(struct http_exchange *x, unsigned status);
void stats_answer(struct http_exchange *x);

void rebuild_start(struct net_loop *loop);
void rebuild_stop(void);
/* Redis lacks, or may lack, something that PostgreSQL has. */
void rebuild_wanted(void);

#endif
