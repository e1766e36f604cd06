#include "services/common/log.h"

#include "base/date.h"
#include "services/common/json.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TAIL_MAX 2 /* "}\n" */
#define CUT_MARK "..."
#define CUT_MARK_SIZE 3

static struct {
	const char *service;
	enum log_format format;
	enum log_level level;
	uint64_t dropped; /* lines since the last report */
	size_t used;      /* bytes of the buffer below */
} state = {.service = "-", .level = LOG_INFO};

/* Not in [state], which is initialised: 8 KiB of zeros would lie in the binary. */
static uint8_t pending[LOG_PENDING_MAX];

_Static_assert(LOG_LINE_MAX <= PIPE_BUF, "a line must be one atomic write");

void log_init(const char *service, enum log_format format, enum log_level level)
{
	state.service = service;
	state.format = format;
	state.level = level;
}

void log_put_time(struct out *o, uint64_t ms)
{
	struct date d = date_of(ms / 1000);
	out_fixed(o, d.year, 4);
	out_byte(o, '-');
	out_fixed(o, d.month + 1, 2);
	out_byte(o, '-');
	out_fixed(o, d.day, 2);
	out_byte(o, 'T');
	out_fixed(o, d.hour, 2);
	out_byte(o, ':');
	out_fixed(o, d.minute, 2);
	out_byte(o, ':');
	out_fixed(o, d.second, 2);
	out_byte(o, '.');
	out_fixed(o, ms % 1000, 3);
	out_byte(o, 'Z');
}

static uint64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void put_key(struct out *o, const char *key)
{
	out_str(o, state.format == LOG_JSON ? ",\"" : " ");
	out_str(o, key);
	out_str(o, state.format == LOG_JSON ? "\":" : "=");
}

/* Logfmt leaves plain words bare; what would be escaped, or would end the word, needs quotes. */
static bool needs_quotes(struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];
		if (c <= ' ' || c == 0x7f || c == '=' || c == '"' || c == '\\')
			return true;
	}
	return text.n == 0 || state.format == LOG_JSON;
}

/* Escapes [text] into [to]; when that is too small, as much as leaves room for the mark. */
static size_t escape(struct span text, uint8_t *to, size_t room)
{
	struct out o = out_init(to, room);
	size_t safe = 0;
	while (text.n > 0 && !o.over) {
		if (o.n + CUT_MARK_SIZE <= o.cap)
			safe = o.n;
		json_put_char(&o, &text);
	}
	if (o.over) {
		o.n = safe;
		o.over = false;
		out_str(&o, CUT_MARK);
	}
	return o.n;
}

static void put_text(struct out *o, struct span text)
{
	size_t quotes = needs_quotes(text) ? 2 : 0;
	size_t room = o->cap - o->n;
	if (room > LOG_VALUE_MAX)
		room = LOG_VALUE_MAX;
	if (o->over || room < quotes + CUT_MARK_SIZE) {
		o->over = true;
		return;
	}
	if (quotes > 0)
		out_byte(o, '"');
	o->n += escape(text, o->p + o->n, room - quotes);
	if (quotes > 0)
		out_byte(o, '"');
}

void log_span(struct log_line *l, const char *key, struct span text)
{
	size_t start = l->o.n;
	put_key(&l->o, key);
	put_text(&l->o, text);
	if (l->o.over)
		l->o.n = start;
}

void log_str(struct log_line *l, const char *key, const char *text)
{
	log_span(l, key, span_str(text));
}

void log_u64(struct log_line *l, const char *key, uint64_t v)
{
	size_t start = l->o.n;
	put_key(&l->o, key);
	out_u64(&l->o, v);
	if (l->o.over)
		l->o.n = start;
}

static void begin_line(struct log_line *l, enum log_level level, const char *event)
{
	static const char levels[][6] = {"error", "warn", "info", "debug"};
	bool json = state.format == LOG_JSON;
	l->o = out_init(l->text, sizeof l->text - TAIL_MAX);
	out_str(&l->o, json ? "{\"ts\":\"" : "ts=");
	log_put_time(&l->o, now_ms());
	if (json)
		out_byte(&l->o, '"');
	log_str(l, "level", levels[level]);
	log_str(l, "service", state.service);
	log_str(l, "event", event);
}

static struct span end_line(struct log_line *l)
{
	l->o.cap = sizeof l->text;
	l->o.over = false;
	out_str(&l->o, state.format == LOG_JSON ? "}\n" : "\n");
	return out_span_of(&l->o);
}

bool log_open(struct log_line *l, enum log_level level, const char *event)
{
	if (level > state.level)
		return false;
	begin_line(l, level, event);
	return true;
}

static bool keep(struct span line)
{
	if (line.n > sizeof pending - state.used)
		log_flush();
	if (line.n > sizeof pending - state.used)
		return false;
	memcpy(pending + state.used, line.p, line.n);
	state.used += line.n;
	return true;
}

/* True when nothing is left to report. */
static bool report_dropped(void)
{
	struct log_line l;
	if (state.dropped == 0)
		return true;
	begin_line(&l, LOG_WARN, "lines dropped");
	log_u64(&l, "count", state.dropped);
	if (!keep(end_line(&l)))
		return false;
	state.dropped = 0;
	return true;
}

void log_close(struct log_line *l)
{
	struct span line = end_line(l);
	if (!report_dropped() || !keep(line))
		state.dropped++;
}

void log_event(enum log_level level, const char *event, const char *key, const char *text)
{
	struct log_line l;
	if (!log_open(&l, level, event))
		return;
	if (key != NULL)
		log_str(&l, key, text);
	log_close(&l);
}

/* Nobody will ever read these. */
static void discard(void)
{
	for (size_t i = 0; i < state.used; i++)
		state.dropped += pending[i] == '\n';
	state.used = 0;
}

/* Bytes to write at once: whole lines, as many as a pipe takes without waiting. */
static size_t next_chunk(void)
{
	size_t n = state.used < PIPE_BUF ? state.used : PIPE_BUF;
	while (pending[n - 1] != '\n')
		n--;
	return n;
}

/*
 * A pipe is reported writable when it takes PIPE_BUF bytes, so that write() returns at once
 * although the descriptor blocks. It stays blocking: O_NONBLOCK would belong to everybody who
 * shares this stdout.
 */
void log_flush(void)
{
	while (state.used > 0) {
		struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
		int ready = poll(&p, 1, 0);
		if (ready > 0 && (p.revents & (POLLERR | POLLNVAL)) != 0) {
			discard();
			return;
		}
		if (ready <= 0)
			return;
		ssize_t n = write(STDOUT_FILENO, pending, next_chunk());
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			discard();
			return;
		}
		state.used -= (size_t)n;
		memmove(pending, pending + n, state.used);
	}
}
