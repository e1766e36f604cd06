/* What must hold after the chaos: the record, the values and the queue. */
#ifndef TESTS_INTEGRATION_CHAOS_CHECK_H
#define TESTS_INTEGRATION_CHAOS_CHECK_H

#include "harness/stores.h"
#include "integration/chaos_clients.h"

#define DIGITS 2100 /* f(9999) has 2090 */

/* f(0) to f(INDEXES - 1), decimal. */
static inline char **check_values(void)
{
	char **f = calloc(INDEXES, sizeof *f);
	char two[2][DIGITS + 1] = {"1", "1"}; /* least digit first */
	size_t n = 1;
	for (unsigned i = 0; f != NULL && i < INDEXES; i++) {
		char *last = two[i % 2], *before = two[1 - i % 2];
		f[i] = calloc(1, n + 1);
		for (size_t k = 0; f[i] != NULL && k < n; k++)
			f[i][k] = last[n - 1 - k];
		/* f(i+1) = f(i) + f(i-1), into the place of the latter; f(1) is f(0) */
		int carry = 0;
		for (size_t k = 0; i > 0 && (k < n || carry > 0); k++) {
			int sum = (k < n ? last[k] - '0' : 0) + carry;
			sum += k < n && before[k] != '\0' ? before[k] - '0' : 0;
			before[k] = (char)('0' + sum % 10);
			carry = sum / 10;
			if (k == n) {
				last[k] = '0';
				n++;
				break;
			}
		}
	}
	return f;
}

static inline int check_number(char *text)
{
	int n = (int)strtol(text, NULL, 10);
	free(text);
	return n;
}

/* How often each index is in the record. */
static inline void check_counts(struct store *pg, unsigned counts[static INDEXES])
{
	char *rows = store_psql(pg, "SELECT number, count(*) FROM values GROUP BY number");
	memset(counts, 0, INDEXES * sizeof *counts);
	for (char *save = NULL, *row = strtok_r(rows, "\n", &save); row != NULL;
	     row = strtok_r(NULL, "\n", &save)) {
		char *bar;
		unsigned long index = strtoul(row, &bar, 10);
		if (*bar != '|' || index >= INDEXES)
			check(false, "only indexes are in the record, not %s", row);
		else
			counts[index] = (unsigned)strtoul(bar + 1, NULL, 10);
	}
	free(rows);
}

static inline void check_record(const struct chaos_shared *s, struct store *pg)
{
	static unsigned counts[INDEXES];
	unsigned rows = 0, lost = 0, extra = 0, keys = 0, not_once = 0, traces = 0;
	check_counts(pg, counts);
	for (unsigned i = PLAIN; i < KEYED; i++) {
		rows += counts[i];
		lost += counts[i] < s->accepted[i] ? s->accepted[i] - counts[i] : 0;
		extra += counts[i] > s->accepted[i] + s->perhaps[i];
	}
	for (unsigned i = KEYED; i < REFUSED; i++) {
		keys += s->keys[i];
		not_once += counts[i] != s->keys[i];
		if (counts[i] != s->keys[i])
			diag("%u stands %u times in the record, for %u keys", i, counts[i],
			     s->keys[i]);
	}
	for (unsigned i = REFUSED; i < INDEXES; i++)
		traces += counts[i];
	is_int(lost, 0, "each of %u posts that was answered is in the record", rows);
	is_int(extra, 0, "and nothing that nobody posted");
	is_int(not_once, 0, "each of %u keys is there exactly once", keys);
	is_int(traces, 0, "what was refused left no trace");
}

/* Recorded indexes whose value is not there yet; [wrong]: whose value is another one. */
static inline unsigned check_missing(struct store *pg, struct store *redis, char *const *f,
				     unsigned *wrong)
{
	static unsigned counts[INDEXES];
	char *said = store_redis_cli(redis, "HGETALL", "values", NULL);
	unsigned missing = 0;
	check_counts(pg, counts);
	*wrong = 0;
	char *save = NULL;
	for (char *field = strtok_r(said, "\n", &save), *value; field != NULL;
	     field = strtok_r(NULL, "\n", &save)) {
		value = strtok_r(NULL, "\n", &save);
		unsigned long i = strtoul(field, NULL, 10);
		if (value == NULL || i >= INDEXES || strcmp(value, "Nothing yet!") == 0)
			continue;
		counts[i] = 0;
		*wrong += strcmp(value, f[i]) != 0;
	}
	for (unsigned i = 0; i < INDEXES; i++)
		missing += counts[i] > 0;
	free(said);
	return missing;
}

/* Jobs in the stream, and those that a worker was given. */
static inline int check_waiting(struct store *redis)
{
	int n = check_number(store_redis_cli(redis, "XLEN", "{values}:jobs", NULL));
	return n +
	       check_number(store_redis_cli(redis, "XPENDING", "{values}:jobs", "workers", NULL));
}

static inline void check_computed(struct store *pg, struct store *redis, char *const *f, int ms)
{
	unsigned wrong, missing;
	long long since = now_ms();
	while ((missing = check_missing(pg, redis, f, &wrong)) > 0 && now_ms() - since < ms)
		client_rest();
	is_int(missing, 0, "every recorded index is computed, after %lld ms", now_ms() - since);
	is_int(wrong, 0, "and every value is right");
	while (check_waiting(redis) > 0 && now_ms() - since < ms)
		client_rest();
	is_int(check_waiting(redis), 0, "nothing waits in the queue, after %lld ms",
	       now_ms() - since);
}

static inline void check_answers(const struct client_notes *n)
{
	diag("answers: %u 200, %u 503 (slowest %u ms), %u 4xx, %u connections that ended", n->ok,
	     n->unavailable, n->slowest, n->refused, n->ended);
	is_int(n->hangs, 0, "no request was left without an answer");
	is_int(n->wrong, 0, "no answer but 200, 503 and 4xx");
	is_int(n->wrong_status, 0, "each answer was the right one for its request");
	is_int(n->without_retry_after, 0, "each 503 says when to try again");
	is_int(n->late, 0, "and came soon");
}

#endif
