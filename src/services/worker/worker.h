/*
 * worker: takes jobs from the queue, computes, writes the results. What its files share.
 *
 *	main.c      configuration, start, stop
 *	job.c       what is computed: the place for another job
 *	queue.c     reading the stream: new jobs, our own unfinished ones, those of dead workers
 *	work.c      from a job to its result in Redis
 *	watch.c     the end of a job that takes too long
 *	stats.c     what /metrics tells
 *	foreign.c   jobs of foreign hands: messages on `insert`, values that wait without a job
 */
#ifndef SERVICES_WORKER_WORKER_H
#define SERVICES_WORKER_WORKER_H

#include "services/common/counters.h"
#include "services/common/service.h"
#include "services/common/stores.h"
#include "services/common/workers.h"

struct worker_config {
	struct service_config common;
	struct redis_settings redis;
	uint32_t max_index;
	uint32_t claim_ms;
	uint32_t job_ms;
	uint32_t job_tries;
};

extern struct worker_config worker_config;
extern struct net_loop *worker_loop;
extern struct redis worker_commands; /* everything but the blocking read and the messages */

#define TEXT_GROUP "workers"
#define CONSUMER_MAX 100 /* 64 of the host, and two numbers */
#define BATCH 256        /* jobs taken from the stream at a time, at most */
#define INDEX_MAX 24     /* bytes of an index, and too long; "-9223372036854775808" has 20 */
#define ENTRY_ID_MAX 48  /* bytes of a stream entry's id */
#define TRACE_MAX 64     /* bytes of the id of the request that made a job */

/* What is counted: the numbers of counters.h. */
enum {
	WORKER_JOBS_DONE,
	WORKER_JOBS_FAILED,
	WORKER_JOBS_ASIDE,
	WORKER_IN_FLIGHT,
	QUEUE_JOBS,
	QUEUE_PENDING,
	QUEUE_OLDEST,
	WORKER_SECONDS,
	WORKER_BYTES = WORKER_SECONDS + COUNTERS_TIMES,
	WORKER_STORES = WORKER_BYTES + COUNTERS_BYTES,
};

/*
 * Strings of foreign hands may be as long as Redis allows. What is longer than STRING_MAX comes in
 * parts, which nobody keeps: it is neither an index nor PLACEHOLDER.
 */
#define STRING_MAX 4096
static inline bool worker_is_part(const struct resp_item *it)
{
	return it->type == RESP_PART || it->type == RESP_END;
}

/* Log lines of a reply that refuses what was asked. */
void worker_log_refusal(const char *what, const struct resp_item *it);

/* queue.c */
extern struct redis queue_reader;
void queue_start(struct net_loop *loop);
void queue_stop(void);
/* The command connection is there (again): jobs of ours that were not finished come first. */
void queue_ready(void);
/* What this worker is called in the group. */
struct span queue_consumer(void);
/* Every job of the last batch is over. [again]: some failed, and shall be read once more. */
void queue_batch_over(bool again);

/*
 * work.c: at most BATCH at a time, then queue_batch_over. [tries]: how many workers had it in hand
 * when they ended, and this one; above JOB_TRIES it is set aside.
 */
void work_add(struct span id, struct span index, struct span trace, uint64_t tries);
/*
 * No more of this batch will come. [in_order]: what was added is a part of the queue without gaps,
 * in its order.
 */
void work_begin(bool in_order);
void work_start(void);
bool work_idle(void);
unsigned work_left(void);

/*
 * watch.c: between watch_open and watch_close, a job that takes longer than JOB_TIME (and less than
 * twice that) ends the process; before that [late] is called, from within a signal that came in the
 * middle of the job.
 */
void watch_start(void (*late)(void));
void watch_open(void);
void watch_close(void);
void watch_begin(void);
void watch_end(void);

/* foreign.c */
extern struct redis foreign_messages;
void foreign_start(struct net_loop *loop);
void foreign_stop(void);
void foreign_ready(void);

/* stats.c */
int stats_prepare(void);
void stats_start(void);
void stats_stop(void);
void stats_answer(struct http_exchange *x);

#endif
