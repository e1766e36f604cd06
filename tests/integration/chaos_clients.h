/*
 * The clients of the chaos test, a process each: they post, with and without an Idempotency-Key,
 * post what is refused, read, and follow the stream, and note in shared memory what they were
 * answered. What may be answered while the world breaks: 200, 503 with Retry-After soon, or a
 * connection that ends. Never nothing.
 */
#ifndef TESTS_INTEGRATION_CHAOS_CLIENTS_H
#define TESTS_INTEGRATION_CHAOS_CLIENTS_H

#include "harness/httpc.h"
#include "integration/chaos_relay.h"

#include <sys/mman.h>

/* Who posts what: plain from 0, with a key from KEYED, and from REFUSED only with mistakes. */
#define PLAIN 0
#define KEYED 4000
#define REFUSED 9000
#define INDEXES 10000

#define HANG_MS 30000 /* longer than any freeze, and as long as a login to a store may take */
#define SOON_MS 5000  /* a 503: a second is promised; the rest is a busy machine's */
#define PACE_TICKS 2  /* between two requests of a client */

struct client_notes {
	_Atomic unsigned ok, unavailable, refused, ended; /* answers by kind */
	_Atomic unsigned hangs, wrong, late, without_retry_after;
	_Atomic unsigned slowest; /* ms of a 503 while the api was let be */
	_Atomic unsigned wrong_status;
};

struct chaos_shared {
	struct relay_door door[2];
	struct client_notes notes;
	_Atomic bool leaving;
	_Atomic unsigned api_touched;       /* changes when the api is hurt and when it is well */
	_Atomic unsigned accepted[INDEXES]; /* answered 200 */
	_Atomic unsigned perhaps[INDEXES];  /* 503, or no answer: may be stored all the same */
	_Atomic unsigned keys[INDEXES];     /* with a key, answered 200: once each */
	_Atomic unsigned events;            /* of the stream */
};

struct client {
	struct chaos_shared *shared;
	int port;
	uint64_t random;
	struct httpc c;
	bool connected;
};

static inline unsigned client_random(uint64_t *state, unsigned below)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (unsigned)(*state >> 16) % below;
}

static inline void client_leave(struct client *c)
{
	if (c->connected)
		httpc_close(&c->c);
	c->connected = false;
}

static inline bool client_send(struct client *c, struct span request)
{
	if (!c->connected)
		c->connected = httpc_dial(&c->c, "127.0.0.1", (uint16_t)c->port, HANG_MS);
	if (c->connected && httpc_send(&c->c, request, HANG_MS) == HTTPC_OK)
		return true;
	client_leave(c);
	c->shared->notes.ended++;
	return false;
}

static inline void client_note_unavailable(struct client_notes *n, const struct httpc_answer *a,
					   unsigned ms, bool api_was_well)
{
	n->unavailable++;
	if (httpc_field(a, "Retry-After").n == 0)
		n->without_retry_after++;
	if (!api_was_well)
		return;
	if (ms > n->slowest)
		n->slowest = ms;
	if (ms > SOON_MS)
		n->late++;
}

/* The status of the answer to what was sent, noted; 0: none. */
static inline int client_read(struct client *c, long long since, unsigned touched)
{
	struct client_notes *n = &c->shared->notes;
	struct httpc_answer a;
	int rc = httpc_read(&c->c, &a, HANG_MS);
	if (rc != HTTPC_OK) {
		/* The api may be frozen for a part of that time, never for all of it. */
		if (rc == HTTPC_TIMEOUT)
			n->hangs++;
		else
			n->ended++;
		client_leave(c);
		return 0;
	}
	int status = a.status;
	if (status == 200)
		n->ok++;
	else if (status == 503)
		client_note_unavailable(n, &a, (unsigned)(now_ms() - since),
					touched == c->shared->api_touched && touched % 2 == 0);
	else if (status >= 400 && status < 500)
		n->refused++;
	else
		n->wrong++;
	if (a.until_close || span_eq_nocase(httpc_field(&a, "Connection"), SPAN("close")))
		client_leave(c);
	httpc_free(&a);
	return status;
}

static inline int client_ask(struct client *c, const char *request)
{
	unsigned touched = c->shared->api_touched;
	long long since = now_ms();
	return client_send(c, span_str(request)) ? client_read(c, since, touched) : 0;
}

static inline const char *client_post_of(const char *json, const char *key)
{
	static char request[512];
	snprintf(request, sizeof request,
		 "POST /values HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
		 "%s%s%sContent-Length: %zu\r\n\r\n%s",
		 key != NULL ? "Idempotency-Key: " : "", key != NULL ? key : "",
		 key != NULL ? "\r\n" : "", strlen(json), json);
	return request;
}

static inline const char *client_index(unsigned index)
{
	static char json[64];
	snprintf(json, sizeof json, "{\"index\":%u}", index);
	return json;
}

static inline void client_rest(void)
{
	for (int i = 0; i < PACE_TICKS; i++)
		tick();
}

/* Posts anything, once. */
static inline void client_plain(struct client *c)
{
	unsigned index = PLAIN + client_random(&c->random, KEYED - PLAIN);
	if (client_ask(c, client_post_of(client_index(index), NULL)) == 200)
		c->shared->accepted[index]++;
	else
		c->shared->perhaps[index]++;
}

/* The same on a second connection at the same time; true when that was answered 200. */
static inline bool client_twice(struct client *c, struct client *second, const char *request)
{
	unsigned touched = c->shared->api_touched;
	long long since = now_ms();
	bool sent = client_send(second, span_str(request));
	bool first = client_ask(c, request) == 200;
	return (sent && client_read(second, since, touched) == 200) || first;
}

/* One index with a key, again and again until it is taken; then once more with another index. */
static inline void client_keyed(struct client *c, struct client *second)
{
	static unsigned made;
	char key[64], request[512];
	unsigned index = KEYED + client_random(&c->random, REFUSED - KEYED);
	snprintf(key, sizeof key, "\"%d-%u\"", (int)getpid(), made++);
	strcpy(request, client_post_of(client_index(index), key));
	bool twice = client_random(&c->random, 3) == 0;
	while (!(twice ? client_twice(c, second, request) : client_ask(c, request) == 200))
		client_rest();
	c->shared->keys[index]++;
	unsigned other = REFUSED + client_random(&c->random, INDEXES - REFUSED);
	int status = client_ask(c, client_post_of(client_index(other), key));
	if (status != 422 && status != 503 && status != 0)
		c->shared->notes.wrong_status++;
}

/* What is refused, now and then with an index that could be stored. */
static inline void client_mistaken(struct client *c)
{
	static const struct {
		const char *json, *key;
		int status;
	} rows[] = {
		{"{\"index\":9001", NULL, 400},
		{"{\"index\":-9002}", NULL, 422},
		{"{\"index\":\"9003x\"}", NULL, 422},
		{"{\"index\":9004.0}", NULL, 422},
		{"{\"index\":90050000}", NULL, 422},
		{"{\"number\":9006}", NULL, 422},
		{"[9007]", NULL, 422},
		{"{\"index\":9008}", "a b", 400},
		{"{\"index\":[9009]}", NULL, 422},
		{"", NULL, 400},
	};
	size_t i = client_random(&c->random, sizeof rows / sizeof *rows);
	int status = client_ask(c, client_post_of(rows[i].json, rows[i].key));
	if (status != rows[i].status && status != 0)
		c->shared->notes.wrong_status++;
}

static inline void client_reader(struct client *c)
{
	static const char *const paths[] = {"/values/all?limit=100", "/values/current",
					    "/values/all", "/values/77"};
	char request[128];
	/* The whole table is long at the end; it is asked for less often. */
	unsigned which = client_random(&c->random, 16);
	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: t\r\n\r\n",
		 paths[which < 13 ? which % 2 : which - 12]);
	int status = client_ask(c, request);
	if (status == 404 && which == 15) /* nobody asked for 77 yet */
		return;
	if (status >= 400 && status != 503)
		c->shared->notes.wrong_status++;
}

/* Reads what the stream says until it ends. */
static inline void client_follow(struct client *c)
{
	char text[65536], *at;
	size_t kept = 0;
	if (!client_send(c, SPAN("GET /values/stream HTTP/1.1\r\nHost: t\r\n\r\n")))
		return;
	while (!c->shared->leaving) {
		long n = httpc_take(&c->c, text + kept, sizeof text - 1 - kept, 100);
		if (n == HTTPC_TIMEOUT)
			continue;
		if (n < 0)
			break;
		kept += (size_t)n;
		text[kept] = '\0';
		char *rest = text;
		for (; (at = strstr(rest, "{\"number\":")) != NULL && strchr(at, ',') != NULL;
		     rest = at + 1) {
			c->shared->events++;
		}
		/* What may be the beginning of the next one; its values need not be kept. */
		size_t tail = kept - (size_t)(rest - text);
		tail = tail < 64 ? tail : 64;
		memmove(text, text + kept - tail, tail);
		kept = tail;
	}
	client_leave(c);
}

enum client_kind { CLIENT_PLAIN, CLIENT_KEYED, CLIENT_MISTAKEN, CLIENT_READER, CLIENT_FOLLOWER };

static inline void client_live(enum client_kind kind, struct client *c, struct client *second)
{
	while (!c->shared->leaving) {
		switch (kind) {
		case CLIENT_PLAIN:
			client_plain(c);
			break;
		case CLIENT_KEYED:
			client_keyed(c, second);
			break;
		case CLIENT_MISTAKEN:
			client_mistaken(c);
			break;
		case CLIENT_READER:
			client_reader(c);
			break;
		case CLIENT_FOLLOWER:
			client_follow(c);
			break;
		}
		client_rest();
	}
}

/* Starts one; it ends soon after [leaving], or with the test program. */
static inline pid_t client_start(struct chaos_shared *shared, enum client_kind kind, int port,
				 uint64_t seed)
{
	struct client c = {.shared = shared, .port = port, .random = seed};
	struct client second = c;
	pid_t pid = side_fork();
	if (pid > 0)
		return pid;
	client_live(kind, &c, &second);
	_exit(0);
}

#endif
