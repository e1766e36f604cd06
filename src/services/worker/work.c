/*
 * From a job to its result. A batch is looked up at once (what is computed already is only
 * acknowledged, what was given up before is set aside) and computed job by job; the results of one
 * turn leave in one transaction with their acknowledgements: a worker that dies at any point leaves
 * either a job or a result. Where jobs take long, the log tells which one is computed now.
 */
#include "services/worker/worker.h"

#include "services/worker/job.h"

#include <string.h>
#include <time.h>

/* What is computed in one turn, so that the loop stays live: bytes of results, and time. */
#define TURN_BYTES (64 << 10)
#define TURN_US 20000
#define RENEWALS 4           /* within CLAIM_AFTER */
#define ASIDE_SECONDS "3600" /* after the last one, those given up are forgotten */
#define TRIM_FROM 8          /* entries; below, XDEL costs less than the script */
/* The log for api is trimmed here; who missed more reads all values again. */
#define LOG_MAX "10000"

enum stage { FREE, LOOKING, TO_COMPUTE, KNOWN, GIVEN_UP, WRITING };

struct item {
	struct redis_request request; /* of the transaction, when it is the first in it */
	struct item *next;            /* in the same transaction */
	enum stage stage;
	uint64_t tries;
	uint8_t id_n, index_n, trace_n;
	uint8_t id[ENTRY_ID_MAX], index[INDEX_MAX], trace[TRACE_MAX];
};

static struct item items[BATCH];
static unsigned used, left; /* of this batch: taken, not over */
static bool open, failed;
static uint64_t renewed; /* us; when Redis last heard that this batch is in hand */
static bool fresh;       /* the batch is a part of the queue without gaps, in its order */
static bool slow = true; /* as far as is known: the last turn took its time */
static struct redis_request look_request;
static struct net_task compute_task;

#define LOG_WORDS 8

/* The results of one turn, one behind the other, and what tells Redis of them. */
static struct {
	uint8_t text[TURN_BYTES + JOB_RESULT_MAX];
	size_t n;
	struct item *first, **end;
	struct item *last;
	struct span ack[3 + BATCH], del[4 + BATCH], set[2 + 2 * BATCH], log[BATCH][LOG_WORDS];
	struct span mark[2 + 2 * BATCH], renew[6 + BATCH];
	size_t acks, sets, marks;
} turn;

/*
 * Takes entries out of the queue. Redis looks for each one from the beginning of its node, but it
 * cuts off whole nodes in no time: that is what is done when those that are to go (in order, and
 * without gaps) are the first of the queue.
 */
static const char take_out[] =
	"local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1] "
	"if first and first[1] == ARGV[1] then "
	"redis.call('XTRIM', KEYS[1], 'MINID', ARGV[#ARGV]) "
	"return redis.call('XDEL', KEYS[1], ARGV[#ARGV]) end "
	"return redis.call('XDEL', KEYS[1], unpack(ARGV))";

static struct item *item_of(struct redis_request *q)
{
	return (struct item *)((char *)q - offsetof(struct item, request));
}

static struct span id_of(const struct item *i)
{
	return span_of(i->id, i->id_n);
}

static struct span index_of(const struct item *i)
{
	return span_of(i->index, i->index_n);
}

static uint64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

bool work_idle(void)
{
	return left == 0 && !open;
}

unsigned work_left(void)
{
	return left;
}

static void over(struct item *i, bool ok)
{
	i->stage = FREE;
	failed = failed || !ok;
	counters[WORKER_JOBS_FAILED] += !ok;
	left--;
	if (left == 0 && !open) {
		used = 0;
		queue_batch_over(failed);
	}
}

static void all_over(struct item *first, bool ok)
{
	/* The last of them may begin the next batch, in the same memory. */
	for (struct item *i = first, *next; i != NULL; i = next) {
		next = i->next;
		over(i, ok);
	}
}

static void on_failed(struct redis_request *q, int why)
{
	(void)why;
	/* Unacknowledged, so it comes again; a result that did get through will be found then. */
	all_over(item_of(q), false);
}

/* Writing. */

static void on_written(struct redis_request *q, const struct resp_item *it)
{
	static bool refused;
	if (it->depth == 0)
		refused = redis_is_error(it) || it->type == RESP_NULL;
	/* An error inside is a key of another type: nothing that trying again could mend. */
	if (refused || it->type == RESP_ERROR)
		worker_log_refusal("a result", it);
	if (it->last)
		all_over(item_of(q), !refused);
}

static void turn_open(void)
{
	turn.n = turn.acks = turn.sets = turn.marks = 0;
	turn.first = NULL;
	turn.end = &turn.first;
}

static void put_log(struct span words[LOG_WORDS], const struct item *i)
{
	store_words(words, SPAN("XADD," TEXT_LOG ",MAXLEN,~," LOG_MAX ",*,index,"));
	words[LOG_WORDS - 1] = index_of(i);
}

/*
 * Where it takes long enough that somebody may see it, api is told which one is computed now: in a
 * command of its own, which nothing depends on.
 */
static void announce(void)
{
	struct span words[LOG_WORDS];
	const struct item *i = items, *end = items + used;
	if (!slow)
		return;
	while (i < end && (i->stage != TO_COMPUTE || i->tries > worker_config.job_tries))
		i++;
	if (i == end)
		return;
	put_log(words, i);
	words[LOG_WORDS - 2] = SPAN("computing");
	redis_send_quiet(&worker_commands, LOG_WORDS, words);
}

/* The job is over, with a result or (it has none) without. */
static void turn_put(struct item *i, struct span result)
{
	i->stage = WRITING;
	i->next = NULL;
	*turn.end = i;
	turn.end = &i->next;
	turn.last = i;
	turn.ack[3 + turn.acks] = turn.del[4 + turn.acks] = id_of(i);
	turn.acks++;
	if (result.p == NULL)
		return;
	put_log(turn.log[turn.sets], i);
	turn.set[2 + 2 * turn.sets] = index_of(i);
	turn.set[3 + 2 * turn.sets] = result;
	turn.sets++;
}

/*
 * What is left of a batch that takes long, claimed from ourselves: else the others would take it
 * for a dead worker's. The number of words; 0: that need not be yet.
 */
static size_t put_renewal(void)
{
	uint64_t now = now_us();
	if (now - renewed < worker_config.claim_ms * UINT64_C(1000) / RENEWALS)
		return 0;
	renewed = now;
	size_t none = store_words(turn.renew, SPAN("XCLAIM," TEXT_JOBS "," TEXT_GROUP ",,0"));
	size_t n = none;
	turn.renew[3] = queue_consumer();
	for (unsigned i = 0; i < used; i++)
		if (items[i].stage != FREE && items[i].stage != WRITING)
			turn.renew[n++] = id_of(&items[i]);
	if (n == none)
		return 0;
	turn.renew[n++] = SPAN("JUSTID"); /* not one more try */
	return n;
}

static void turn_write(void)
{
	struct span expire[3];
	struct redis_command commands[6 + BATCH] = {
		{3 + turn.acks, turn.ack},
		{4 + turn.acks, turn.del},
		{2 + 2 * turn.sets, turn.set},
	};
	size_t n = turn.sets > 0 ? 3 : 2;
	if (turn.first == NULL)
		return;
	if (!fresh || turn.acks < TRIM_FROM || (size_t)(turn.last - turn.first) + 1 != turn.acks) {
		store_words(turn.del + 2, SPAN("XDEL," TEXT_JOBS));
		commands[1] = (struct redis_command){2 + turn.acks, turn.del + 2};
	} else {
		store_words(turn.del, SPAN("EVAL,,1," TEXT_JOBS));
		turn.del[1] = span_str(take_out);
	}
	for (size_t i = 0; i < turn.sets; i++)
		commands[n++] = (struct redis_command){LOG_WORDS, turn.log[i]};
	if (turn.marks > 0) {
		commands[n++] = (struct redis_command){2 + 2 * turn.marks, turn.mark};
		commands[n++] = (struct redis_command){
			store_words(expire, SPAN("EXPIRE," TEXT_ASIDE "," ASIDE_SECONDS)), expire};
	}
	commands[n] = (struct redis_command){put_renewal(), turn.renew};
	n += commands[n].argc > 0;
	turn.first->request = (struct redis_request){.item = on_written, .failed = on_failed};
	if (redis_transact(&worker_commands, &turn.first->request, STORE_CONNECT_MS, n, commands) <
	    0)
		all_over(turn.first, false);
}

/* Computing. */

static void log_job(const struct item *i, enum log_level level, const char *event, const char *why)
{
	struct log_line l;
	if (!log_open(&l, level, event))
		return;
	log_span(&l, "index", index_of(i));
	log_span(&l, "entry", id_of(i));
	if (i->trace_n > 0)
		log_span(&l, "id", span_of(i->trace, i->trace_n));
	if (why != NULL)
		log_str(&l, "why", why);
	log_close(&l);
}

/* What nobody can compute is logged and acknowledged: it would come back for ever. */
static void set_aside(struct item *i, const char *why)
{
	counters[WORKER_JOBS_ASIDE]++;
	log_job(i, LOG_WARN, "job set aside", why);
	turn_put(i, SPAN_NONE);
}

/* Nor shall anybody make a job of it again, if it is a number, and so a value that is asked for. */
static void give_up(struct item *i, const char *why)
{
	int64_t n;
	if (i->index_n < INDEX_MAX && dec_i64(index_of(i), &n)) {
		turn.mark[2 + 2 * turn.marks] = index_of(i);
		turn.mark[3 + 2 * turn.marks++] = SPAN("1");
	}
	set_aside(i, why);
}

static struct item *in_hand;

static void on_late(void)
{
	log_job(in_hand, LOG_ERROR, "job takes too long, ending this process", NULL);
	log_flush();
}

static int run(struct item *i, struct out *result)
{
	uint64_t start = now_us();
	in_hand = i;
	watch_begin();
	int rc = job_run(index_of(i), result);
	watch_end();
	if (rc >= 0 && result->over)
		return JOB_EROOM;
	if (rc >= 0)
		counters_add_time(WORKER_SECONDS, now_us() - start);
	return rc;
}

static void compute(struct item *i)
{
	int64_t n;
	struct out result = out_init(turn.text + turn.n, JOB_RESULT_MAX);
	if (i->tries > worker_config.job_tries) {
		give_up(i, "whoever had it in hand ended");
		return;
	}
	if (i->index_n == 0) {
		set_aside(i, "it has no index");
		return;
	}
	/* As much of it as is kept, perhaps not all: another number than was meant. */
	if (i->index_n == INDEX_MAX) {
		set_aside(i, "its index is too long");
		return;
	}
	if (dec_i64(index_of(i), &n) && n > (int64_t)worker_config.max_index) {
		give_up(i, "above MAX_INDEX");
		return;
	}
	int rc = run(i, &result);
	if (rc < 0) {
		give_up(i, job_strerror(rc));
		return;
	}
	counters[WORKER_JOBS_DONE]++;
	/* With the id of a request it has come through a router, which logs each one as well. */
	log_job(i, i->trace_n > 0 ? LOG_INFO : LOG_DEBUG, "job done", NULL);
	turn.n += result.n;
	turn_put(i, out_span_of(&result));
}

static void compute_some(struct net_task *t)
{
	uint64_t end = now_us() + TURN_US;
	turn_open();
	watch_open();
	for (unsigned i = 0; i < used; i++) {
		if (turn.n > TURN_BYTES || now_us() > end) {
			net_task_put(worker_loop, t, compute_some);
			break;
		}
		if (items[i].stage == KNOWN)
			turn_put(&items[i], SPAN_NONE);
		else if (items[i].stage == GIVEN_UP)
			set_aside(&items[i], "it was given up within the hour");
		else if (items[i].stage == TO_COMPUTE)
			compute(&items[i]);
	}
	watch_close();
	slow = now_us() > end;
	turn_write();
	announce();
}

/* Looking. */

static void batch_failed(void)
{
	/* The last of them may begin the next batch. */
	for (unsigned n = 0, all = used; n < all; n++)
		over(&items[n], false);
}

/* The values, then what was given up. */
static void take_look(const struct resp_item *it, unsigned at, bool is_value)
{
	bool is_text = it->type == RESP_BULK;
	if (is_value)
		items[at].stage = is_text && !span_eq(it->str, PLACEHOLDER) ? KNOWN : TO_COMPUTE;
	else if (is_text && items[at].stage == TO_COMPUTE)
		items[at].stage = GIVEN_UP;
}

static void on_looked(struct redis_request *q, const struct resp_item *it)
{
	static unsigned list, at;
	static bool refused;
	(void)q;
	if (it->depth == 0) {
		list = 0;
		refused = redis_is_error(it);
	} else if (it->depth == 1) {
		at = 0;
		list++;
		/* Without what was given up, it is tried again. */
		refused = refused || (it->type == RESP_ERROR && list == 1);
	} else if (!worker_is_part(it)) {
		take_look(it, at++, list == 1);
	}
	if (it->depth < 2 && (redis_is_error(it) || it->type == RESP_ERROR))
		worker_log_refusal("a look at values", it);
	if (it->last && refused) {
		batch_failed();
	} else if (it->last) {
		announce();
		net_task_put(worker_loop, &compute_task, compute_some);
	}
}

static void on_look_failed(struct redis_request *q, int why)
{
	(void)q;
	(void)why;
	batch_failed();
}

static uint8_t keep(uint8_t *to, struct span s)
{
	if (s.n > 0)
		memcpy(to, s.p, s.n);
	return (uint8_t)s.n;
}

void work_start(void)
{
	/* The heads of what every turn sends; what follows them is of the turn. */
	store_words(turn.ack, SPAN("XACK," TEXT_JOBS "," TEXT_GROUP));
	store_words(turn.set, SPAN("HSET," TEXT_VALUES));
	store_words(turn.mark, SPAN("HSET," TEXT_ASIDE));
	watch_start(on_late);
}

void work_add(struct span id, struct span index, struct span trace, uint64_t tries)
{
	struct item *i = &items[used++];
	open = true;
	left++;
	i->next = NULL;
	i->id_n = keep(i->id, id);
	i->index_n = keep(i->index, index);
	i->trace_n = keep(i->trace, trace);
	i->tries = tries;
	i->stage = LOOKING;
}

void work_begin(bool in_order)
{
	struct span value[2 + BATCH], aside[2 + BATCH];
	const struct redis_command commands[] = {{2 + used, value}, {2 + used, aside}};
	store_words(value, SPAN("HMGET," TEXT_VALUES));
	store_words(aside, SPAN("HMGET," TEXT_ASIDE));
	for (unsigned n = 0; n < used; n++)
		value[2 + n] = aside[2 + n] = index_of(&items[n]);
	failed = open = false;
	fresh = in_order;
	renewed = now_us();
	look_request = (struct redis_request){.item = on_looked, .failed = on_look_failed};
	if (redis_transact(&worker_commands, &look_request, STORE_CONNECT_MS, 2, commands) < 0)
		batch_failed();
}
