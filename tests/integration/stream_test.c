/*
 * GET /values/stream with its IDs: who comes back with Last-Event-ID gets all that came meanwhile,
 * in order and once, or is told that it can't be told any more.
 */
#include "harness/app.h"
#include "harness/tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define WAIT_MS 60000
#define STREAMS 4096
#define MANY 3000 /* events of 2 KiB: more than the api and both sockets hold for a client */

static const char *const extra[] = {"MAX_INDEX=30000", NULL};
static struct app app = {.extra = extra};

struct client {
	struct httpc c;
	char *text;
	size_t n, cap;
};

static void client_open(struct client *s, const char *last_id)
{
	char head[256];
	*s = (struct client){.cap = 16 << 20};
	s->text = calloc(1, s->cap);
	if (s->text == NULL || !httpc_dial(&s->c, "127.0.0.1", (uint16_t)app.port[APP_API], 60000))
		bail("no connection");
	snprintf(head, sizeof head, "GET /values/stream HTTP/1.1\r\nHost: t\r\n%s%s%s\r\n",
		 last_id != NULL ? "Last-Event-ID: " : "", last_id != NULL ? last_id : "",
		 last_id != NULL ? "\r\n" : "");
	httpc_send(&s->c, span_str(head), 60000);
}

static bool client_wait(struct client *s, const char *needle)
{
	long long end = now_ms() + WAIT_MS;
	size_t from = 0, slack = strlen(needle);
	while (strstr(s->text + from, needle) == NULL) {
		from = s->n > slack ? s->n - slack : 0;
		long long left = end - now_ms();
		if (left <= 0 || s->n + 1 >= s->cap)
			return false;
		long got = httpc_take(&s->c, s->text + s->n, s->cap - s->n - 1, (int)left);
		if (got <= 0)
			return false;
		s->n += (size_t)got;
		s->text[s->n] = '\0';
	}
	return true;
}

static void client_close(struct client *s)
{
	httpc_close(&s->c);
	free(s->text);
}

/* The ID of the event with [what] behind it. */
static void id_of(const struct client *s, const char *what, char id[64])
{
	const char *at = strstr(s->text, what), *from = at;
	id[0] = '\0';
	while (from != NULL && from > s->text && strncmp(from, "id: ", 4) != 0)
		from--;
	if (from != NULL)
		sscanf(from, "id: %63s", id);
}

/* How many events there are, or -1 when their IDs do not ascend. */
static int count_events(const struct client *s)
{
	unsigned long long ms = 0, seq = 0, a, b;
	int n = 0;
	for (const char *at = s->text; (at = strstr(at, "\nevent: value")) != NULL; at++) {
		const char *id = at;
		while (id > s->text && strncmp(id, "id: ", 4) != 0)
			id--;
		if (sscanf(id, "id: %llu-%llu", &a, &b) != 2 || a < ms || (a == ms && b <= seq))
			return -1;
		ms = a;
		seq = b;
		n++;
	}
	return n;
}

static void post(int index)
{
	char json[32];
	snprintf(json, sizeof json, "{\"index\":%d}", index);
	if (app_post_status(app.port[APP_API], "/values", json) != 200)
		bail("a POST failed");
}

static void wait_value(int index)
{
	char path[32];
	snprintf(path, sizeof path, "/values/%d", index);
	ok(app_wait_text(app.port[APP_API], path, "done", WAIT_MS), "%d is computed", index);
}

static void test_resumed(void)
{
	struct client s;
	char id[64];
	client_open(&s, NULL);
	client_wait(&s, "retry:");
	for (int i = 10; i < 15; i++)
		post(i);
	ok(client_wait(&s, "{\"number\":10,\"value\":\"89\"}"), "a value comes live");
	id_of(&s, "{\"number\":10,", id);
	ok(id[0] != '\0', "with an id");
	client_close(&s);
	for (int i = 15; i < 20; i++) {
		post(i);
		wait_value(i);
	}
	client_open(&s, id);
	ok(client_wait(&s, "{\"number\":19,\"value\":\"6765\"}"), "what was missed comes after it");
	post(20);
	ok(client_wait(&s, "{\"number\":20,\"value\":\"10946\"}"), "and then what is new");
	is_int(count_events(&s), 10, "all, in order, none twice");
	ok(strstr(s.text, "{\"number\":10,") == NULL, "but not what it had");
	ok(strstr(s.text, "reset") == NULL, "and without a reset");
	client_close(&s);
}

static void test_before_the_first(void)
{
	struct client s;
	char id[64] = "";
	client_open(&s, NULL);
	ok(client_wait(&s, "retry: 2000\nid: "), "a new client gets an id at once");
	client_wait(&s, "\n\n");
	sscanf(strstr(s.text, "id: "), "id: %63s", id);
	client_close(&s);
	post(21);
	wait_value(21);
	client_open(&s, id);
	ok(client_wait(&s, "{\"number\":21,"), "with which it misses nothing from there on");
	is_int(count_events(&s), 1, "and gets nothing else");
	client_close(&s);
}

static const struct {
	const char *id, *name;
	bool reset;
} strange[] = {
	{"1-1", "older than the log", true},
	{"99999999999999999-0", "of another log", true},
	{"0-0", "of an empty log", true},
	{"", "empty", false},
	{"abc", "a word", false},
	{"5", "without its second half", false},
	{"5-", "without digits in it", false},
	{"-5-1", "negative", false},
	{"99999999999999999999999-1", "above 64 bits", false},
	{"1-1-1", "with a third part", false},
};

static void test_strange(void)
{
	for (size_t i = 0; i < sizeof strange / sizeof *strange; i++) {
		struct client s;
		char want[32];
		int index = 100 + (int)i;
		client_open(&s, strange[i].id);
		client_wait(&s, "retry:");
		if (strange[i].reset)
			ok(client_wait(&s, "event: reset\ndata: {}\n\n"), "an id %s: reset",
			   strange[i].name);
		post(index);
		snprintf(want, sizeof want, "{\"number\":%d,", index);
		ok(client_wait(&s, want), "an id %s: then live", strange[i].name);
		is_int(count_events(&s), 1, "an id %s: nothing is replayed", strange[i].name);
		is_int(strstr(s.text, "reset") != NULL, strange[i].reset, "an id %s: said so",
		       strange[i].name);
		client_close(&s);
	}
}

static void begin(const char *index)
{
	free(store_redis_cli(app.redis, "XADD", "{values}:log", "*", "computing", index, NULL));
}

static void test_computing(void)
{
	struct client s;
	client_open(&s, NULL);
	client_wait(&s, "retry:");
	/* One that was given up, for no worker to take it. */
	free(store_redis_cli(app.redis, "HSET", "{values}:aside", "50", "1", NULL));
	free(store_redis_cli(app.redis, "HSET", "values", "50", "Nothing yet!", NULL));
	begin("10");
	begin("50");
	ok(client_wait(&s, "event: computing\ndata: {\"number\":50}\n\n"),
	   "a worker has one in hand");
	ok(strstr(s.text, "\"number\":10") == NULL, "what has its value is not computed");
	is_int(count_events(&s), 0, "and nobody has a value of that");
	client_close(&s);
}

static void test_long_value(void)
{
	struct client s;
	client_open(&s, NULL);
	client_wait(&s, "retry:");
	post(25000);
	ok(client_wait(&s, "data: {\"number\":25000,\"digits\":5225}\n\n"),
	   "of a value above 4 KiB the event tells the length");
	client_close(&s);
}

static void test_slow(void)
{
	struct client s;
	char script[256], *end;
	long before = proc_rss_kib(app.proc[APP_API]);
	post(10000);
	wait_value(10000);
	client_open(&s, NULL);
	client_wait(&s, "retry:");
	snprintf(script, sizeof script,
		 "local id for i = 1, %d do id = redis.call('XADD', '{values}:log', '*', 'index', "
		 "i == %d and '10' or '10000') end return id",
		 MANY, MANY);
	/* Nothing is read meanwhile: the rest of the application must not wait for it. */
	end = store_redis_cli(app.redis, "EVAL", script, "0", NULL);
	post(30);
	wait_value(30);
	ok(client_wait(&s, "{\"number\":30,"),
	   "a client that did not read for a while gets it all");
	is_int(count_events(&s), MANY + 1, "every event, in order, none twice");
	ok(strstr(s.text, end) != NULL, "the last of many among them");
	ok(strstr(s.text, "reset") == NULL, "and without a reset");
	diag("which cost the api %ld KiB", proc_rss_kib(app.proc[APP_API]) - before);
	free(end);
	client_close(&s);
}

static void test_emptied(void)
{
	struct client s;
	client_open(&s, NULL);
	client_wait(&s, "retry:");
	free(store_redis_cli(app.redis, "FLUSHALL", NULL));
	post(40);
	ok(client_wait(&s, "{\"number\":40,"), "after FLUSHALL events go on");
	/* Then what is computed again is over, and the other log stays empty until it is seen. */
	proc_wait_log(app.proc[APP_API], "jobs put back on the queue", WAIT_MS);
	for (long long end = now_ms() + WAIT_MS; now_ms() < end; tick()) {
		char *left = store_redis_cli(app.redis, "XLEN", "{values}:jobs", NULL);
		bool over = strcmp(left, "0") == 0;
		free(left);
		if (over)
			break;
	}
	free(store_redis_cli(app.redis, "DEL", "{values}:log", NULL));
	free(store_redis_cli(app.redis, "CLIENT", "KILL", "TYPE", "normal", NULL));
	ok(client_wait(&s, "event: reset"), "another log: the clients are told to read anew");
	if (!app_ready(&app, APP_WORKER, 60000))
		bail("not ready");
	post(41);
	ok(client_wait(&s, "{\"number\":41,"), "and events go on");
	client_close(&s);
}

/* More results than the log holds, while the api could not read it. */
static void test_cut(void)
{
	struct client s;
	post(45);
	client_open(&s, NULL);
	client_wait(&s, "retry:");
	post(46);
	ok(client_wait(&s, "{\"number\":46,"), "an event");
	proc_signal(app.proc[APP_API], SIGSTOP);
	free(store_redis_cli(app.redis, "CLIENT", "KILL", "TYPE", "normal", NULL));
	for (int i = 0; i < 2; i++)
		free(store_redis_cli(app.redis, "XADD", "{values}:log", "*", "index", "40", NULL));
	free(store_redis_cli(app.redis, "XTRIM", "{values}:log", "MAXLEN", "1", NULL));
	proc_signal(app.proc[APP_API], SIGCONT);
	ok(client_wait(&s, "event: reset"), "cut meanwhile: the clients are told to read anew");
	client_close(&s);
}

/* As after FLUSHALL on a server whose clock went back: every new ID is below those known. */
static void test_older(void)
{
	struct client s;
	client_open(&s, NULL);
	client_wait(&s, "retry:");
	free(store_redis_cli(app.redis, "XADD", "{values}:log", "99999999999999-0", "index", "40",
			     NULL));
	ok(client_wait(&s, "id: 99999999999999-0"), "an event of a clock that is far ahead");
	free(store_redis_cli(app.redis, "DEL", "{values}:log", NULL));
	post(42);
	/* Seen when a read that waits comes back, so perhaps just when the first wait is over. */
	ok(client_wait(&s, "event: reset"), "the same log with older IDs: a reset, unasked");
	post(43);
	ok(client_wait(&s, "{\"number\":43,"), "and events go on");
	client_close(&s);
}

/* Pages that are left open are many, and take no request's place. */
static void test_many(void)
{
	static int fd[STREAMS + 1];
	const struct span ask = SPAN("GET /values/stream HTTP/1.1\r\nHost: t\r\n\r\n");
	char text[64];
	int open = 0, refused = 0;
	struct rlimit most;
	getrlimit(RLIMIT_NOFILE, &most);
	most.rlim_cur = most.rlim_max;
	setrlimit(RLIMIT_NOFILE, &most);
	for (int i = 0; i <= STREAMS; i++) {
		struct httpc c;
		if (!httpc_dial(&c, "127.0.0.1", (uint16_t)app.port[APP_API], WAIT_MS))
			bail("no connection %d", i);
		httpc_send(&c, ask, WAIT_MS);
		long n = httpc_take(&c, text, sizeof text - 1, WAIT_MS);
		open += n > 12 && memcmp(text, "HTTP/1.1 200", 12) == 0;
		refused += n > 12 && memcmp(text, "HTTP/1.1 503", 12) == 0;
		fd[i] = dup(c.fd); /* it stays open, without the client's buffer */
		httpc_close(&c);
	}
	/* Some of those before may not be known to be gone. */
	ok(open > STREAMS - 16 && open + refused == STREAMS + 1, "%d streams, and no more", open);
	is_int(app_status(app.port[APP_API], "/values/current"), 200,
	       "beside them values are read");
	post(44);
	for (int i = 0; i <= STREAMS; i++)
		close(fd[i]);
}

int main(void)
{
	app_open_api(&app);
	test_resumed();
	test_before_the_first();
	test_strange();
	test_computing();
	test_long_value();
	test_slow();
	test_emptied();
	test_cut();
	test_older();
	test_many();
	ok(app_stop_all(&app), "both end with 0 on SIGTERM");
	return done();
}
