/*
 * job: what the worker computes. One function from bytes to bytes; a user who wants another job
 * replaces job.c and keeps this interface. The rest of the worker only carries the bytes.
 *
 *	static uint8_t text[JOB_RESULT_MAX];
 *	struct out result = out_init(text, sizeof text);
 *	int rc = job_run(index, &result);
 *	if (rc < 0)
 *		log_str(&line, "error", job_strerror(rc));
 *
 * This job is f(n) = f(n-1) + f(n-2) with f(0) = f(1) = 1, and 1 below that: f(5) = 8. The
 * result is exact at any length. The time grows with n * n: 255,000 instructions (30 us) for
 * n = 10,000, 17 million (2 ms) for 100,000, a tenth of a second for JOB_MAX.
 *
 * Nothing is allocated; job_run keeps its scratch in static memory, so one at a time.
 */
#ifndef WORKER_JOB_H
#define WORKER_JOB_H

#include "base/out.h"

/* The largest n that is computed, and the room that its 208,988 digits need. */
#define JOB_MAX 1000000
#define JOB_RESULT_MAX 208992

enum {
	JOB_OK = 1,
	JOB_EINPUT = -1,  /* the index is not a decimal integer */
	JOB_ETOOBIG = -2, /* above JOB_MAX */
	JOB_EROOM = -3,   /* the result did not fit: result->over is set */
};

/*
 * Puts f(index) as decimal text. [index] is decimal text too: one '-' and leading zeros are
 * allowed, a '+', a blank or nothing at all are not. JOB_OK, or an error with nothing put: then the
 * job is set aside. Who takes longer than JOB_TIME ends the process.
 */
int job_run(struct span index, struct out *result);

/* A sentence without full stop for the log: why the job was set aside. Never NULL. */
const char *job_strerror(int rc);

#endif
