/*
 * log: one line an event on stdout, as JSON or logfmt.
 *
 *	log_init("api", LOG_JSON, LOG_INFO);
 *	struct log_line l;
 *	if (log_open(&l, LOG_INFO, "upstream connected")) {
 *		log_str(&l, "host", host);
 *		log_u64(&l, "ms", elapsed);
 *		log_close(&l);
 *	}
 *	...
 *	log_flush();	once a turn of the loop, before fork and before exit
 *
 * gives {"ts":"2026-01-31T12:00:00.123Z","level":"info","service":"api",
 * "event":"upstream connected","host":"10.0.0.7","ms":12} in one line, or
 * ts=2026-01-31T12:00:00.123Z level=info service=api event="upstream connected" host=10.0.0.7 ms=12
 *
 * A stdout that nobody reads never stops the service: what does not fit is dropped, counted, and
 * the count is told in a line "lines dropped" before the next one that goes through. SIGPIPE is
 * the caller's to ignore. For one thread; lines may be open at the same time.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "base/out.h"

/* A whole line with its newline; a value in it, after escaping. Longer ones end in "...". */
#define LOG_LINE_MAX 2048
#define LOG_VALUE_MAX 512
/* What is collected between two log_flush. */
#define LOG_PENDING_MAX 8192

/* The words of the two enums, in their order: for config_take_choice. */
#define LOG_FORMAT_WORDS "logfmt json"
#define LOG_LEVEL_WORDS "error warn info debug"

enum log_format { LOG_LOGFMT, LOG_JSON };
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_line {
	struct out o; /* over text without the room for the end of the line; over: no more fields */
	uint8_t text[LOG_LINE_MAX];
};

/* [service] is kept by address. Lines above [level] are not written. */
void log_init(const char *service, enum log_format format, enum log_level level);

/* Begins a line with time, level, service and event; false when [level] is not wanted. */
bool log_open(struct log_line *l, enum log_level level, const char *event);

/*
 * One field each. [key] is a name of ours: letters, digits and '_'. Text may hold anything. A
 * field that no longer fits is left out, and so are those after it.
 */
void log_str(struct log_line *l, const char *key, const char *text);
void log_span(struct log_line *l, const char *key, struct span text);
void log_u64(struct log_line *l, const char *key, uint64_t v);

/* A line with one text, whose [key] is NULL when there is none. */
void log_event(enum log_level level, const char *event, const char *key, const char *text);

/* Ends the line and keeps it for log_flush; flushes by itself when there is no room. */
void log_close(struct log_line *l);

/* Writes what was kept, as far as that is possible without waiting. */
void log_flush(void);

/* RFC 3339, UTC with milliseconds, of the milliseconds since 1970; years up to 9999. */
void log_put_time(struct out *o, uint64_t ms);

#endif
