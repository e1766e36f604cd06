/*
 * From a job to its result. A batch is looked up at once (what is computed already is only
 * acknowledged), computed job by job, and each result leaves in one transaction with its
 * acknowledgement: a worker that dies at any point leaves either a job or a result.
 */
#include "services/worker/worker.h"

#include "services/worker/job.h"

#include <string.h>

#define TURN_BYTES (64 << 10) /* of results computed in one turn, so that the loop stays live */

enum stage { FREE, LOOKING, TO_COMPUTE, WRITING };

struct item {
	struct redis_request request;
	enum stage stage;
	uint8_t id_n, index_n;
	uint8_t id[ENTRY_ID_MAX], index[INDEX_MAX];
};

static struct item items[BATCH];
static unsigned used, left; /* of this batch: taken, not over */
static bool open, failed;
static struct net_task compute_task;
static uint8_t text[JOB_RESULT_MAX];
static uint8_t message[JOB_RESULT_MAX + INDEX_MAX + 1];

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

bool work_idle(void)
{
	return left == 0 && !open;
}

static void over(struct item *i, bool ok)
{
	i->stage = FREE;
	failed = failed || !ok;
	left--;
	if (left == 0 && !open) {
		used = 0;
		queue_batch_over(failed);
	}
}

static void on_failed(struct redis_request *q, int why)
{
	(void)why;
	/* Unacknowledged, so it comes again; a result that did get through will be found then. */
	over(item_of(q), false);
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
		over(item_of(q), !refused);
}

static void write_result(struct item *i, struct span result)
{
	struct out o = out_init(message, sizeof message);
	out_span(&o, index_of(i));
	out_byte(&o, ' ');
	out_span(&o, result);
	const struct span ack[] = {SPAN("XACK"), KEY_JOBS, GROUP, id_of(i)};
	const struct span del[] = {SPAN("XDEL"), KEY_JOBS, id_of(i)};
	const struct span set[] = {SPAN("HSET"), KEY_VALUES, index_of(i), result};
	const struct span publish[] = {SPAN("PUBLISH"), CHANNEL_DONE, out_span_of(&o)};
	const struct redis_command commands[] = {{4, ack}, {3, del}, {4, set}, {3, publish}};
	i->stage = WRITING;
	i->request = (struct redis_request){.item = on_written, .failed = on_failed};
	int rc = redis_transact(&worker_commands, &i->request, STORE_CONNECT_MS,
				result.n > 0 ? 4 : 2, commands);
	if (rc < 0)
		over(i, false);
}

/* Computing. */

/* What nobody can compute is logged and acknowledged: it would come back for ever. */
static void set_aside(struct item *i, const char *why)
{
	struct log_line l;
	if (log_open(&l, LOG_WARN, "job set aside")) {
		log_span(&l, "index", index_of(i));
		log_span(&l, "entry", id_of(i));
		log_str(&l, "why", why);
		log_close(&l);
	}
	write_result(i, SPAN_NONE);
}

static size_t compute(struct item *i)
{
	int64_t n;
	struct out result = out_init(text, sizeof text);
	if (i->index_n == 0) {
		set_aside(i, "it has no index");
		return 0;
	}
	/* As much of it as is kept, perhaps not all: another number than was meant. */
	if (i->index_n == INDEX_MAX) {
		set_aside(i, "its index is too long");
		return 0;
	}
	if (dec_i64(index_of(i), &n) && n > (int64_t)worker_config.max_index) {
		set_aside(i, "above MAX_INDEX");
		return 0;
	}
	int rc = job_run(index_of(i), &result);
	if (rc < 0)
		set_aside(i, job_strerror(rc));
	else
		write_result(i, out_span_of(&result));
	return result.n;
}

static void compute_some(struct net_task *t)
{
	size_t bytes = 0;
	for (unsigned i = 0; i < BATCH; i++) {
		if (items[i].stage != TO_COMPUTE)
			continue;
		if (bytes > TURN_BYTES) {
			net_task_put(worker_loop, t, compute_some);
			return;
		}
		bytes += compute(&items[i]);
	}
}

/* Looking. */

static void on_looked(struct redis_request *q, const struct resp_item *it)
{
	struct item *i = item_of(q);
	if (redis_is_error(it)) {
		worker_log_refusal("a look at a value", it);
		over(i, false);
		return;
	}
	bool known = it->type == RESP_BULK && !span_eq(it->str, PLACEHOLDER);
	if (known) {
		write_result(i, SPAN_NONE);
		return;
	}
	i->stage = TO_COMPUTE;
	net_task_put(worker_loop, &compute_task, compute_some);
}

void work_add(struct span id, struct span index)
{
	struct item *i = &items[used++];
	open = true;
	left++;
	i->id_n = (uint8_t)id.n;
	i->index_n = (uint8_t)index.n;
	memcpy(i->id, id.p, id.n);
	if (index.n > 0)
		memcpy(i->index, index.p, index.n);
	i->stage = LOOKING;
}

void work_begin(void)
{
	failed = false;
	for (unsigned n = 0; n < used; n++) {
		struct item *i = &items[n];
		const struct span argv[] = {SPAN("HGET"), KEY_VALUES, index_of(i)};
		i->request = (struct redis_request){.item = on_looked, .failed = on_failed};
		if (redis_send(&worker_commands, &i->request, STORE_CONNECT_MS, 3, argv) < 0)
			over(i, false);
	}
	open = false;
	if (left == 0) {
		used = 0;
		queue_batch_over(failed);
	}
}
