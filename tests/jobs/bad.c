/*
 * Another job, as somebody else may write one, in the place of src/services/worker/job.c: it gives
 * the index back, but there are some that it does not survive, one with nothing, one with too much.
 */
#include "services/worker/job.h"

#include <stdlib.h>
#include <time.h>

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

int job_run(struct span index, struct out *result)
{
	if (span_eq(index, SPAN("13")))
		for (volatile unsigned spin = 0;;)
			spin++;
	if (span_eq(index, SPAN("14")))
		for (;;)
			sleep_ms(1000);
	if (span_eq(index, SPAN("15")))
		abort();
	if (span_eq(index, SPAN("16")))
		return JOB_OK;
	/* Too much, and nobody looks. */
	if (span_eq(index, SPAN("17")))
		while (!result->over)
			out_str(result, "more and more ");
	/* Long enough that a batch of them takes longer than one job may. */
	if (span_starts(index, SPAN("20")))
		sleep_ms(5);
	out_str(result, "job ");
	out_span(result, index);
	return JOB_OK;
}

const char *job_strerror(int rc)
{
	return rc == JOB_EROOM ? "more than JOB_RESULT_MAX" : "unknown";
}
