/*
 * Reading the queue, one batch after the other: first what this consumer was given and did not
 * finish, then, now and then, what dead workers left (XAUTOCLAIM makes it ours), else what is new.
 * The reads have a connection of their own, for they block, and strings may be long.
 *
 * What was not finished is taken one by one, each result written before the next is begun, and each
 * time is counted in the queue (RETRYCOUNT), so that a job that ends whoever computes it is known,
 * and those beside it are not blamed.
 */
#include "resp/resp_error.h"
#include "resp/resp_stream.h"
#include "services/worker/worker.h"

#include <string.h>
#include <unistd.h>

#define BLOCK_MS 2000
#define BLOCK_TEXT "2000"
#define WORDS_MAX 11 /* of a command */
/* A batch is to take about so long: of jobs that take their time, others shall have some. */
#define BATCH_MS 100
#define BATCH_FIRST 16
#define REST_MS 1000 /* after a refusal */
/* After so many times JOB_TRIES a job that can't even be read is given up. */
#define READ_TRIES 2

enum source { OWN, CLAIMED, NEW };

struct redis queue_reader;
static struct store_log reader_log = {.store = "redis", .use = "waiting for jobs"};
static struct redis_request request;
static struct net_timer rest_timer;
static enum source source;
static bool own_done;       /* nothing unfinished is left from before */
static bool survived;       /* its jobs were computed here, only not written: they are harmless */
static bool asked, stopped; /* a read is under way */
static uint64_t next_claim;
static unsigned batch = BATCH_FIRST; /* jobs to ask for */
static uint64_t begun;               /* the batch */
static char consumer[CONSUMER_MAX];

/* Of the batch, and of the entry that is being read. */
static struct resp_stream reading;
static unsigned taken;
static uint64_t tries;
static uint8_t own_text[ENTRY_ID_MAX], id[ENTRY_ID_MAX], index_text[INDEX_MAX],
	trace_text[TRACE_MAX];
static struct span own_id, entry_id, entry_index, entry_trace;
static enum field { OTHER, INDEX, TRACE } field;

static void read_next(void);

static void resume(struct net_timer *t)
{
	(void)t;
	read_next();
}

static void rest(void)
{
	asked = false;
	net_timer_set(worker_loop, &rest_timer, REST_MS, resume);
}

static void keep(struct span *to, uint8_t *buf, size_t cap, struct span s)
{
	/* What fills it is taken as too long further on; none of ours is. */
	*to = span_head(s, cap);
	memcpy(buf, to->p, to->n);
	to->p = buf;
}

static void end_of_entry(void)
{
	if (entry_id.n > 0) {
		taken++;
		work_add(entry_id, entry_index, entry_trace, tries);
	}
	entry_id = entry_index = entry_trace = SPAN_NONE;
}

static void end_of_batch(void)
{
	end_of_entry();
	asked = false;
	/* With us in the list of those pending, but gone from the queue. */
	if (source == OWN && taken++ == 0)
		work_add(own_id, SPAN_NONE, SPAN_NONE, tries);
	if (taken > 0) {
		begun = worker_loop->now;
		work_begin(source == NEW);
	} else {
		read_next();
	}
}

static void on_refusal(const struct resp_item *it)
{
	enum resp_error_class class = resp_error_class(it->str);
	asked = false;
	/* The stream went away (FLUSHALL) or was never there. */
	if (class == RESP_ERR_NOGROUP || class == RESP_ERR_UNBLOCKED) {
		queue_ready();
		return;
	}
	worker_log_refusal("a read of the queue", it);
	rest();
}

static enum field field_of(struct span name)
{
	if (span_eq(name, SPAN("index")))
		return INDEX;
	return span_eq(name, SPAN("id")) ? TRACE : OTHER;
}

static void take(const struct resp_item *it)
{
	struct resp_stream_event ev;
	struct resp_item whole = *it;
	/* Of a string that comes in parts: what is too long as well, whatever it was. */
	if (it->stream) {
		whole.stream = false;
		whole.str = SPAN("(longer than anything of ours)");
	}
	/* What has another shape is not of this command: nothing of it is taken. */
	if (resp_stream_next(&reading, &whole, &ev) < 0)
		ev.kind = RESP_STREAM_NONE;
	switch (ev.kind) {
	case RESP_STREAM_ENTRY:
		end_of_entry();
		keep(&entry_id, id, sizeof id, ev.str);
		break;
	case RESP_STREAM_FIELD:
		field = field_of(ev.str);
		break;
	case RESP_STREAM_VALUE:
		if (field == INDEX)
			keep(&entry_index, index_text, sizeof index_text, ev.str);
		else if (field == TRACE)
			keep(&entry_trace, trace_text, sizeof trace_text, ev.str);
		break;
	default:
		break;
	}
}

static void on_item(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	if (redis_is_error(it)) {
		on_refusal(it);
		return;
	}
	if (it->depth == 0)
		taken = 0;
	if (!worker_is_part(it))
		take(it);
	if (it->last)
		end_of_batch();
}

static void on_failed(struct redis_request *q, int why)
{
	(void)q;
	(void)why;
	/* Perhaps because of the job. */
	if (source == OWN)
		survived = false;
	entry_id = entry_index = entry_trace = SPAN_NONE;
	asked = false;
}

typedef void on_item_fn(struct redis_request *q, const struct resp_item *it);

static void ask(struct redis *r, on_item_fn *item, uint32_t ms, size_t argc,
		const struct span argv[])
{
	request = (struct redis_request){.item = item, .failed = on_failed};
	asked = redis_send(r, &request, ms, argc, argv) == 0;
}

static void read_new(void)
{
	uint8_t buf[20];
	struct span argv[WORDS_MAX];
	size_t argc =
		store_words(argv, SPAN("XREADGROUP,GROUP," TEXT_GROUP ",,COUNT,,BLOCK," BLOCK_TEXT
				       ",STREAMS," TEXT_JOBS ",>"));
	argv[3] = queue_consumer();
	argv[5] = dec_put(buf, batch);
	tries = 1;
	resp_stream_init(&reading, RESP_STREAM_READ);
	ask(&queue_reader, on_item, BLOCK_MS + STORE_CONNECT_MS, argc, argv);
}

/* Ours, one at a time: the oldest, with the count of its tries; then the entry itself. */

static void read_own(void)
{
	uint8_t buf[20];
	struct span argv[WORDS_MAX];
	size_t argc =
		store_words(argv, SPAN("XCLAIM," TEXT_JOBS "," TEXT_GROUP ",,0,,RETRYCOUNT,"));
	argv[3] = queue_consumer();
	argv[5] = own_id;
	argv[7] = dec_put(buf, tries);
	if (tries > READ_TRIES * (uint64_t)worker_config.job_tries) {
		end_of_batch();
		return;
	}
	resp_stream_init(&reading, RESP_STREAM_RANGE);
	ask(&queue_reader, on_item, BLOCK_MS + STORE_CONNECT_MS, argc, argv);
}

static void on_own(struct redis_request *q, const struct resp_item *it)
{
	static unsigned at;
	(void)q;
	if (redis_is_error(it)) {
		on_refusal(it);
		return;
	}
	at = it->depth < 2 ? 0 : at + 1;
	if (at == 1)
		keep(&own_id, own_text, sizeof own_text, it->str);
	if (at == 4)
		tries = survived ? 1 : (uint64_t)it->num + 1;
	if (!it->last)
		return;
	asked = false;
	own_done = it->depth == 0;
	taken = 0;
	if (own_done)
		read_next();
	else
		read_own();
}

static void look_for_own(void)
{
	struct span argv[WORDS_MAX];
	size_t argc = store_words(argv, SPAN("XPENDING," TEXT_JOBS "," TEXT_GROUP ",-,+,1,"));
	argv[6] = queue_consumer();
	ask(&worker_commands, on_own, STORE_CONNECT_MS, argc, argv);
}

/* Those of others, which so become ours. */

static void on_claimed(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	if (redis_is_error(it)) {
		on_refusal(it);
	} else if (it->last) {
		asked = own_done = survived = false;
		read_next();
	}
}

static void claim(void)
{
	uint8_t buf[20], count[20];
	struct span argv[WORDS_MAX];
	size_t argc = store_words(
		argv, SPAN("XAUTOCLAIM," TEXT_JOBS "," TEXT_GROUP ",,,0,COUNT,,JUSTID"));
	argv[3] = queue_consumer();
	argv[4] = dec_put(buf, worker_config.claim_ms);
	argv[7] = dec_put(count, BATCH);
	ask(&worker_commands, on_claimed, STORE_CONNECT_MS, argc, argv);
}

/*
 * Those who are not there any more: they have nothing, and have not asked for so many times
 * CLAIM_AFTER. In one step, for what a consumer has in hand is lost with it; one that only was
 * frozen is made again when it asks.
 */
#define ABSENT_CLAIMS 3

static void on_forgotten(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	if (redis_is_error(it))
		worker_log_refusal("to forget workers", it);
}

static void on_not_forgotten(struct redis_request *q, int why)
{
	(void)q;
	(void)why; /* there is a next time */
}

static void forget_absent(void)
{
	static const char script[] =
		"for _, c in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do "
		"if c[4] == 0 and c[6] > tonumber(ARGV[2]) and c[2] ~= ARGV[3] then "
		"redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], c[2]) end end "
		"return 1";
	static struct redis_request forget = {.item = on_forgotten, .failed = on_not_forgotten};
	static uint64_t next;
	uint64_t absent = (uint64_t)worker_config.claim_ms * ABSENT_CLAIMS;
	uint8_t buf[20];
	struct span argv[WORDS_MAX];
	size_t argc = store_words(argv, SPAN("EVAL,,1," TEXT_JOBS "," TEXT_GROUP ",,"));
	argv[1] = span_str(script);
	argv[5] = dec_put(buf, absent);
	argv[6] = queue_consumer();
	if (worker_loop->now < next)
		return;
	next = worker_loop->now + worker_config.claim_ms;
	redis_send(&worker_commands, &forget, STORE_CONNECT_MS, argc, argv);
}

static void read_next(void)
{
	if (asked || stopped || !work_idle() || !queue_reader.ready || !worker_commands.ready)
		return;
	if (!own_done) {
		source = OWN;
		look_for_own();
	} else if (worker_loop->now >= next_claim) {
		source = CLAIMED;
		next_claim = worker_loop->now + worker_config.claim_ms / 2;
		claim();
		forget_absent();
	} else {
		source = NEW;
		read_new();
	}
}

/* The next batch by this one. */
static void adapt(void)
{
	uint64_t ms = worker_loop->now - begun;
	if (ms > BATCH_MS && batch > 1)
		batch /= 2;
	else if (ms < BATCH_MS / 4 && taken == batch && batch < BATCH)
		batch *= 2;
}

void queue_batch_over(bool again)
{
	if (source == NEW)
		adapt();
	if (again) {
		own_done = false;
		survived = true;
		rest();
	} else {
		read_next();
	}
}

/* The group. */

static void on_group(struct redis_request *q, const struct resp_item *it)
{
	(void)q;
	asked = false;
	if (redis_is_error(it) && !span_starts(it->str, SPAN("BUSYGROUP"))) {
		worker_log_refusal("the group of workers", it);
		rest();
		return;
	}
	read_next();
}

static struct redis_request group_request = {.item = on_group, .failed = on_failed};

void queue_ready(void)
{
	struct span argv[WORDS_MAX];
	size_t argc =
		store_words(argv, SPAN("XGROUP,CREATE," TEXT_JOBS "," TEXT_GROUP ",0,MKSTREAM"));
	own_done = false;
	if (!asked)
		asked = redis_send(&worker_commands, &group_request, STORE_CONNECT_MS, argc,
				   argv) == 0;
}

static void on_ready(struct redis *r)
{
	(void)r;
	store_log_up(&reader_log);
	read_next();
}

static void on_down(struct redis *r, const char *why)
{
	store_log_down(&reader_log, r->link.loop->now, why);
	own_done = false; /* the answer that was lost may have held jobs */
}

static const struct redis_events reader_events = {on_ready, on_down, NULL, NULL};

/*
 * The same after a restart of the same container, or of a process by its parent, so that its
 * unfinished jobs are its own.
 */
static void name_consumer(void)
{
	char host[CONSUMER_MAX - 32];
	struct out o = out_init(consumer, sizeof consumer - 1);
	if (gethostname(host, sizeof host) != 0)
		host[0] = '\0';
	host[sizeof host - 1] = '\0';
	out_str(&o, host);
	out_byte(&o, '-');
	out_u64(&o, (uint64_t)(worker_config.common.workers > 1 ? getppid() : getpid()));
	out_byte(&o, '-');
	out_u64(&o, workers_number);
	consumer[o.n] = '\0';
}

struct span queue_consumer(void)
{
	return span_str(consumer);
}

void queue_start(struct net_loop *loop)
{
	name_consumer();
	redis_start(&queue_reader, loop, &worker_config.redis.client, &reader_events);
}

void queue_stop(void)
{
	stopped = true;
	net_timer_stop(&rest_timer);
	redis_stop(&queue_reader);
}
