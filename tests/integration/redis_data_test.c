/*
 * The Redis client and much of everything: replies with a million elements, a value of 100 MB that
 * is streamed, commands for a server that does not read, transactions, streams with their groups.
 */
#include "integration/redis_real.h"

static void start(void)
{
	redis_start(&client, &loop, &config, &events);
	says("ready;", "logged in");
}

/* What a long reply is made of. */
static struct {
	int64_t items, bytes;
	size_t largest;
	enum resp_type first;
	int64_t num;
	bool over;
	int why;
} seen;

static void count_item(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	if (it->depth == 0 && it->type != RESP_PART && it->type != RESP_END) {
		seen.first = it->type;
		seen.num = it->num;
	}
	seen.items++;
	seen.bytes += (int64_t)it->str.n;
	if (it->str.n > seen.largest)
		seen.largest = it->str.n;
	seen.over = it->last;
}

static void count_failed(struct redis_request *q, int why)
{
	(void)q;
	seen.why = why;
	seen.over = true;
}

static struct redis_request counting = {.item = count_item, .failed = count_failed};

static void count(size_t argc, const struct span argv[])
{
	memset(&seen, 0, sizeof seen);
	check(redis_send(&client, &counting, PATIENCE_MS, argc, argv) == 0, "sent");
	WAIT(seen.over);
	check(seen.why == 0, "%s", redis_word(seen.why));
}

#define COUNT(...)                                                        \
	count(sizeof((struct span[]){__VA_ARGS__}) / sizeof(struct span), \
	      (struct span[]){__VA_ARGS__})

/* 10,000 fields, and buffers that do not hold a tenth of them. */
static void reads_a_hash(void)
{
	begin();
	config.link.in_max = 1 << 16;
	start();
	SEND(PATIENCE_MS, SPAN("EVAL"),
	     SPAN("for i = 1, 10000 do redis.call('HSET', KEYS[1], 'field' .. i, i) end return 1"),
	     SPAN("1"), SPAN("hash"));
	says(":1;", "10,000 fields");
	COUNT(SPAN("HGETALL"), SPAN("hash"));
	is_int(seen.items, 20001, "all of them");
	is_int(seen.num, 20000, "announced");
	is_int(seen.first, old ? RESP_ARRAY : RESP_MAP, "in one aggregate");
	end();
}

/* As many items, whatever the pieces they come in: nothing is read twice. */
static void reads_a_million(void)
{
	begin();
	config.link.in_max = 1 << 16;
	start();
	COUNT(SPAN("EVAL"),
	      SPAN("local t = {} for i = 1, 1000000 do t[i] = {ok = 'OK'} end return t"),
	      SPAN("0"));
	is_int(seen.items, 1000001, "a million +OK");
	is_int(seen.bytes, 2000000, "and nothing else");
	COUNT(SPAN("EVAL"), SPAN("local t = {} for i = 1, 1000000 do t[i] = i end return t"),
	      SPAN("0"));
	is_int(seen.items, 1000001, "a million integers");
	end();
}

static long resident_kib(void)
{
	char line[256];
	long kib = -1;
	FILE *f = fopen("/proc/self/status", "re");
	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (f != NULL)
		fclose(f);
	return kib;
}

static void streams_a_bulk(void)
{
	begin();
	config.link.in_max = 1 << 17;
	config.limits.part = 1 << 16;
	start();
	SEND(PATIENCE_MS, SPAN("SETRANGE"), SPAN("big"), SPAN("99999999"), SPAN("x"));
	says(":100000000;", "100 MB there");
	COUNT(SPAN("STRLEN"), SPAN("big"));
	long before = resident_kib();
	COUNT(SPAN("GET"), SPAN("big"));
	is_int(seen.bytes, 100000000, "100 MB here");
	ok(seen.largest <= config.limits.part, "in parts of %zu bytes at most", seen.largest);
	long grown = resident_kib() - before;
	ok(grown < 1024, "we grew by %ld KiB", grown);
	SEND(4000, SPAN("DEL"), SPAN("big"));
	says(":1;", "then something small");

	/* Two in a transaction, with other replies around. */
	SEND(4000, SPAN("SETRANGE"), SPAN("big"), SPAN("999999"), SPAN("x"));
	says(":1000000;", "1 MB there");
	COUNT(SPAN("MGET"), SPAN("big"), SPAN("none"), SPAN("big"));
	is_int(seen.bytes, 2000000, "twice in one array");
	end();
}

/* While it stands still, we take what there is room for and refuse the rest. */

static unsigned answers, failed;
static int64_t last;

static void in_order(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	check(it->type == RESP_INTEGER && it->num == last + 1, "%lld behind %lld",
	      (long long)it->num, (long long)last);
	last = it->num;
	answers++;
}

static void not_answered(struct redis_request *q, int why)
{
	(void)q;
	(void)why;
	failed++;
}

static void writes_without_a_reader(void)
{
	static uint8_t value[1 << 15];
	struct redis_request q = {.item = in_order, .failed = not_answered};
	const struct span push[] = {SPAN("RPUSH"), SPAN("list"), {value, sizeof value}};
	unsigned took = 0;
	begin();
	start();
	SEND(4000, SPAN("DEL"), SPAN("list"));
	WAIT(noted > 0);
	notes_forget();
	answers = failed = 0;
	last = 0;
	store_pause(store);
	/* The kernel takes some; what it does not take waits here, up to out_max. */
	int rc = 0;
	for (int turn = 0; turn < 1000 && rc == 0; turn++) {
		rc = redis_send(&client, &q, PATIENCE_MS, 3, push);
		took += rc == 0;
		if (turn % 16 == 0)
			one_turn();
	}
	is_int(rc, REDIS_EFULL, "%u commands of 32 KiB, then it is full", took);
	ok(net_pending(&client.link.conn) <= config.link.out_max, "within the bound");
	store_resume(store);
	WAIT(answers == took);
	is_int(failed, 0, "all are answered, in order");
	char want[32];
	snprintf(want, sizeof want, ":%u;", took);
	SEND(4000, SPAN("LLEN"), SPAN("list"));
	says(want, "the refused one is not there");
	end();
}

/* MULTI: what is inside of the reply never counts as another's. */
static void transacts(void)
{
	const struct span text[] = {SPAN("SET"), SPAN("k"), SPAN("text")};
	const struct span incr[] = {SPAN("INCR"), SPAN("k")};
	const struct span get[] = {SPAN("GET"), SPAN("k")};
	const struct span wrong[] = {SPAN("INCR")};
	const struct redis_command inside[] = {{3, text}, {2, incr}, {2, get}};
	const struct redis_command refused[] = {{3, text}, {1, wrong}, {2, get}};
	const struct redis_command one[] = {{2, get}};
	begin();
	start();
	redis_transact(&client, &noting, 4000, 3, inside);
	SEND(4000, SPAN("ECHO"), SPAN("next"));
	WAIT(noted_has("$next;"));
	noted_is("*3 +OK -ERR value is not an integer or out of range $text;$next;",
		 "an error inside is an element");
	redis_transact(&client, &noting, 4000, 3, refused);
	SEND(4000, SPAN("ECHO"), SPAN("next"));
	WAIT(noted_has("$next;"));
	noted_is("-EXECABORT Transaction discarded because of previous errors.;$next;",
		 "a command that is refused ends it");

	SEND(4000, SPAN("WATCH"), SPAN("k"));
	says("+OK;", "watched");
	uint64_t connects = client.counters.connects;
	free(store_redis_cli(store, "SET", "k", "other", NULL));
	redis_transact_watched(&client, connects, &noting, 4000, 1, inside);
	SEND(4000, SPAN("GET"), SPAN("k"));
	says("_0;$other;", "somebody was quicker: nil, and nothing was done");
	SEND(4000, SPAN("WATCH"), SPAN("k"));
	says("+OK;", "watched again");
	redis_transact_watched(&client, connects, &noting, 4000, 1, one);
	SEND(4000, SPAN("ECHO"), SPAN("next"));
	says("*1 $other;$next;", "nobody was");
	SEND(4000, SPAN("WATCH"), SPAN("k"));
	says("+OK;", "watched, and then the connection is lost");
	free(store_redis_cli(store, "CLIENT", "KILL", "TYPE", "normal", NULL));
	WAIT(noted_has("ready;"));
	notes_forget();
	is_int(redis_transact_watched(&client, connects, &noting, 4000, 1, one), REDIS_EDOWN,
	       "the new one watches nothing");
	end();
}

/* A consumer dies with an entry; another claims it and acknowledges it. */
static void claims(void)
{
	begin();
	start();
	SEND(4000, SPAN("DEL"), SPAN("s"));
	WAIT(noted > 0);
	notes_forget();
	SEND(4000, SPAN("XGROUP"), SPAN("CREATE"), SPAN("s"), SPAN("g"), SPAN("$"),
	     SPAN("MKSTREAM"));
	says("+OK;", "a group");
	SEND(4000, SPAN("XGROUP"), SPAN("CREATE"), SPAN("s"), SPAN("g"), SPAN("$"));
	says("-BUSYGROUP Consumer Group name already exists;", "which is there");
	SEND(4000, SPAN("XREADGROUP"), SPAN("GROUP"), SPAN("none"), SPAN("a"), SPAN("STREAMS"),
	     SPAN("s"), SPAN(">"));
	WAIT(noted_has(";"));
	ok(noted_has("-NOGROUP "), "another is not");
	notes_forget();
	SEND(4000, SPAN("XADD"), SPAN("s"), SPAN("1-1"), SPAN("n"), SPAN("5"));
	SEND(4000, SPAN("XADD"), SPAN("s"), SPAN("1-2"), SPAN("n"), SPAN("6"));
	says("$1-1;$1-2;", "two entries");
	SEND(4000, SPAN("XREADGROUP"), SPAN("GROUP"), SPAN("g"), SPAN("a"), SPAN("STREAMS"),
	     SPAN("s"), SPAN(">"));
	says(old ? "*1 *2 $s *2 *2 $1-1 *2 $n $5 *2 $1-2 *2 $n $6;"
		 : "%2 $s *2 *2 $1-1 *2 $n $5 *2 $1-2 *2 $n $6;",
	     "both for a");
	SEND(4000, SPAN("XREADGROUP"), SPAN("GROUP"), SPAN("g"), SPAN("b"), SPAN("STREAMS"),
	     SPAN("s"), SPAN(">"));
	says("_0;", "none for b");
	SEND(4000, SPAN("XACK"), SPAN("s"), SPAN("g"), SPAN("1-1"));
	says(":1;", "a has done the first");
	SEND(4000, SPAN("XDEL"), SPAN("s"), SPAN("1-1"));
	says(":1;", "it is deleted");
	SEND(4000, SPAN("XAUTOCLAIM"), SPAN("s"), SPAN("g"), SPAN("b"), SPAN("0"), SPAN("0"));
	says("*3 $0-0 *1 *2 $1-2 *2 $n $6 *0;", "b claims the second");
	SEND(4000, SPAN("XDEL"), SPAN("s"), SPAN("1-2"));
	says(":1;", "somebody deletes it");
	SEND(4000, SPAN("XAUTOCLAIM"), SPAN("s"), SPAN("g"), SPAN("c"), SPAN("0"), SPAN("0"));
	says("*3 $0-0 *0 *1 $1-2;", "c is told that it is gone");
	SEND(4000, SPAN("XPENDING"), SPAN("s"), SPAN("g"));
	says("*4 :0 _0 _0 _0;", "nobody has anything to do");
	end();
}

int main(void)
{
	store = store_redis(NULL);
	BY_BOTH(reads_a_hash, reads_a_million, streams_a_bulk, writes_without_a_reader, transacts,
		claims);
	return done();
}
