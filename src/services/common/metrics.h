/*
 * metrics: what /metrics answers, in the text format of Prometheus, version 0.0.4.
 *
 *	static void put(struct out *o)
 *	{
 *		uint8_t text[64];
 *		struct out labels = out_init(text, sizeof text);
 *		metrics_put_label(&labels, SPAN("route"), SPAN("/api"));
 *		metrics_put_family(o, "router_requests_total", METRICS_COUNTER, "answers");
 *		metrics_put(o, "router_requests_total", &labels, 5);
 *	}
 *	...
 *	metrics_init();                         // at the start
 *	metrics_answer(x, "router", put);       // for GET /metrics
 *
 * All names get the prefix "barnacle_". Names are ours; values of labels may hold anything. What
 * does not fit into METRICS_MAX is answered 500.
 */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include "drivers/http_server.h"

#define METRICS_MAX 262144 /* bytes of an answer */

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

/* HELP and TYPE of a family; its samples follow. */
void metrics_put_family(struct out *o, const char *name, enum metrics_type type, const char *help);
/* One more label behind those that are there, escaped. */
void metrics_put_label(struct out *labels, struct span name, struct span value);
/* One sample; [labels] may be empty. */
void metrics_put(struct out *o, const char *name, const struct out *labels, uint64_t value);
/*
 * A histogram of times, in seconds: [n] counts, one for each of the n - 1 upper bounds (ms,
 * ascending) and one for what is above; [sum] of all ms. [labels] has 16 bytes of room left.
 */
void metrics_put_times(struct out *o, const char *name, const struct out *labels,
		       const uint16_t *bounds, const uint64_t *counts, size_t n, uint64_t sum);

/* Remembers when the process started. */
void metrics_init(void);
/* The whole answer: what is common to all services, then what [put] writes. */
void metrics_answer(struct http_exchange *x, const char *service, void (*put)(struct out *o));

#endif
