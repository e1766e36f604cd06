#include "harness/tap.h"
#include "services/common/json.h"
#include "services/common/log.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define D8(s) s s s s s s s s
#define TS_SIZE 24 /* 2026-01-31T12:00:00.123Z */

/* stdout is a pipe of one page while a test logs, and TAP's own again to report. */
static int tap_fd, reader, writer;

static void to_pipe(void)
{
	dup2(writer, STDOUT_FILENO);
}

static void to_tap(void)
{
	dup2(tap_fd, STDOUT_FILENO);
}

static void open_pipe(void)
{
	int ends[2];
	if (pipe(ends) != 0 || fcntl(ends[1], F_SETPIPE_SZ, 4096) < 4096)
		bail("no pipe");
	reader = ends[0];
	writer = ends[1];
	fcntl(reader, F_SETFL, O_NONBLOCK);
}

static struct span drain(uint8_t *buf, size_t cap)
{
	size_t n = 0;
	ssize_t got;
	while (n < cap && (got = read(reader, buf + n, cap - n)) > 0)
		n += (size_t)got;
	return span_of(buf, n);
}

static void flush(void)
{
	to_pipe();
	log_flush();
	to_tap();
}

/* Where the time stands in a line: behind {"ts":" or ts= */
static size_t ts_at(struct span line)
{
	return line.p[0] == '{' ? 7 : 3;
}

static bool is_time(struct span s)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	for (size_t i = 0; i < TS_SIZE; i++) {
		bool digit = s.p[i] >= '0' && s.p[i] <= '9';
		if (form[i] == 'd' ? !digit : s.p[i] != (uint8_t)form[i])
			return false;
	}
	return true;
}

/* The line that was just closed, with its time replaced by T. */
static struct span written(void)
{
	static uint8_t raw[LOG_LINE_MAX * 2], cooked[LOG_LINE_MAX * 2];
	flush();
	struct span line = drain(raw, sizeof raw);
	if (line.n < 40 || !is_time(span_tail(line, ts_at(line))))
		return line;
	struct out o = out_init(cooked, sizeof cooked);
	out_span(&o, span_head(line, ts_at(line)));
	out_byte(&o, 'T');
	out_span(&o, span_tail(line, ts_at(line) + TS_SIZE));
	return out_span_of(&o);
}

static void times(void)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} rows[] = {
		{0, "1970-01-01T00:00:00.000Z"},
		{999, "1970-01-01T00:00:00.999Z"},
		{86399999, "1970-01-01T23:59:59.999Z"},
		{86400000, "1970-01-02T00:00:00.000Z"},
		{951782399000, "2000-02-28T23:59:59.000Z"},
		{951782400000, "2000-02-29T00:00:00.000Z"},
		{951868800000, "2000-03-01T00:00:00.000Z"},
		{1709164800000, "2024-02-29T00:00:00.000Z"},
		{1735689599999, "2024-12-31T23:59:59.999Z"},
		{1769860800123, "2026-01-31T12:00:00.123Z"},
		{4107542400000, "2100-03-01T00:00:00.000Z"},
		{4107456000000, "2100-02-28T00:00:00.000Z"},
		{253402300799999, "9999-12-31T23:59:59.999Z"},
	};
	uint8_t buf[32];
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct out o = out_init(buf, sizeof buf);
		log_put_time(&o, rows[i].ms);
		is_span(out_span_of(&o), span_str(rows[i].text), "%s", rows[i].text);
	}
	/* Every day of more than 400 years, against the C library. */
	for (time_t day = 0; day < 150000; day++) {
		time_t s = day * 86400 + day % 86400;
		struct tm tm;
		char want[32];
		struct out o = out_init(buf, sizeof buf);
		log_put_time(&o, (uint64_t)s * 1000);
		strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S.000Z", gmtime_r(&s, &tm));
		check(span_eq(out_span_of(&o), span_str(want)), "%s", want);
	}
	ok(failures() == 0, "every day from 1970 to 2380");
}

static void formats(void)
{
	static const struct {
		enum log_format format;
		const char *line;
	} rows[] = {
		{LOG_JSON,
		 "{\"ts\":\"T\",\"level\":\"warn\",\"service\":\"api\",\"event\":\"two words\","
		 "\"host\":\"10.0.0.7\",\"addr\":\"a=\\\"b\\\"\",\"ms\":12,\"none\":\"\"}\n"},
		{LOG_LOGFMT, "ts=T level=warn service=api event=\"two words\" host=10.0.0.7 "
			     "addr=\"a=\\\"b\\\"\" ms=12 none=\"\"\n"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct log_line l;
		log_init("api", rows[i].format, LOG_INFO);
		check(log_open(&l, LOG_WARN, "two words"), "a warning is wanted");
		log_str(&l, "host", "10.0.0.7");
		log_span(&l, "addr", SPAN("a=\"b\""));
		log_u64(&l, "ms", 12);
		log_str(&l, "none", NULL);
		log_close(&l);
		is_span(written(), span_str(rows[i].line), "a line, format %zu", i);
	}
}

static void events(void)
{
	log_init("api", LOG_LOGFMT, LOG_INFO);
	log_event(LOG_INFO, "stopping", NULL, NULL);
	is_span(written(), SPAN("ts=T level=info service=api event=stopping\n"), "without a text");
	log_event(LOG_WARN, "redis says", "words", "a b");
	is_span(written(), SPAN("ts=T level=warn service=api event=\"redis says\" words=\"a b\"\n"),
		"with one");
	log_event(LOG_DEBUG, "starting", "version", "1");
	log_event(LOG_ERROR, "x", NULL, NULL);
	is_span(written(), SPAN("ts=T level=error service=api event=x\n"),
		"none that is not wanted");
}

static void now(void)
{
	struct log_line l;
	static uint8_t buf[256];
	char from[32], to[32];
	time_t t = time(NULL);
	log_init("api", LOG_LOGFMT, LOG_INFO);
	log_open(&l, LOG_INFO, "now");
	log_close(&l);
	time_t end = time(NULL);
	strftime(from, sizeof from, "ts=%Y-%m-%dT%H:%M:%S.000Z", gmtime(&t));
	strftime(to, sizeof to, "ts=%Y-%m-%dT%H:%M:%S.999Z", gmtime(&end));
	flush();
	drain(buf, sizeof buf);
	ok(memcmp(from, buf, 27) <= 0 && memcmp(buf, to, 27) <= 0, "the time is now");
}

static void levels(void)
{
	static const struct span names[] = {{(const uint8_t *)"error", 5},
					    {(const uint8_t *)"warn", 4},
					    {(const uint8_t *)"info", 4},
					    {(const uint8_t *)"debug", 5}};
	for (enum log_level at = LOG_ERROR; at <= LOG_DEBUG; at++) {
		log_init("api", LOG_LOGFMT, at);
		for (enum log_level level = LOG_ERROR; level <= LOG_DEBUG; level++) {
			struct log_line l;
			bool open = log_open(&l, level, "x");
			check(open == (level <= at), "level %d at %d", (int)level, (int)at);
			if (!open)
				continue;
			log_close(&l);
			struct span line = written(), head = SPAN("ts=T level=");
			check(span_starts(line, head) &&
				      span_starts(span_tail(line, head.n), names[level]),
			      "the name of level %d", (int)level);
		}
	}
	struct span words = span_str(LOG_LEVEL_WORDS);
	for (size_t i = 0; i < 4; i++)
		check(span_eq(span_cut(&words, ' '), names[i]), "word %zu", i);
	ok(failures() == 0, "levels");
}

static const struct {
	struct span value;
	const char *json, *logfmt;
} escapes[] = {
#define S(text)                                              \
	{                                                    \
		(const uint8_t *)("" text), sizeof(text) - 1 \
	}
	{S("plain-1.2:/~"), "\"plain-1.2:/~\"", "plain-1.2:/~"},
	{S(""), "\"\"", "\"\""},
	{S("a b"), "\"a b\"", "\"a b\""},
	{S("a=b"), "\"a=b\"", "\"a=b\""},
	{S("a\"b"), "\"a\\\"b\"", "\"a\\\"b\""},
	{S("a\\b"), "\"a\\\\b\"", "\"a\\\\b\""},
	{S("a\nb"), "\"a\\nb\"", "\"a\\nb\""},
	{S("a\tb\r"), "\"a\\tb\\r\"", "\"a\\tb\\r\""},
	{S("\0\x1b[0m"), "\"\\u0000\\u001b[0m\"", "\"\\u0000\\u001b[0m\""},
	{S("\x7f"), "\"\x7f\"", "\"\x7f\""},
	{S("\xc3\xa9"), "\"\xc3\xa9\"", "\xc3\xa9"},
	{S("\xff"), "\"\xef\xbf\xbd\"", "\xef\xbf\xbd"},
	{S("\n{\"level\":\"error\"}\n"), "\"\\n{\\\"level\\\":\\\"error\\\"}\\n\"",
	 "\"\\n{\\\"level\\\":\\\"error\\\"}\\n\""},
};

static void escaping(void)
{
	for (size_t i = 0; i < 2 * COUNT(escapes); i++) {
		bool json = i % 2 == 0;
		uint8_t want[128];
		struct out o = out_init(want, sizeof want);
		struct log_line l;
		out_str(&o, json ? ",\"v\":" : " v=");
		out_str(&o, json ? escapes[i / 2].json : escapes[i / 2].logfmt);
		out_str(&o, json ? "}\n" : "\n");
		log_init("api", json ? LOG_JSON : LOG_LOGFMT, LOG_INFO);
		log_open(&l, LOG_INFO, "x");
		log_span(&l, "v", guarded(0, escapes[i / 2].value));
		log_close(&l);
		struct span line = written();
		is_span(span_tail(line, line.n - o.n), out_span_of(&o), "value %zu", i);
		struct span inner = span_head(line, line.n - 1);
		check(span_find(inner, '\n') == inner.n, "one line");
	}
}

/* Of logfmt: words with '=', quotes closed, nothing bare that would need quotes. */
static bool is_logfmt(struct span line)
{
	bool inside = false;
	for (size_t i = 0; i + 1 < line.n; i++) {
		if (line.p[i] < ' ')
			return false;
		if (inside && line.p[i] == '\\')
			i++;
		else if (line.p[i] == '"')
			inside = !inside;
	}
	return !inside && line.p[line.n - 1] == '\n';
}

static bool is_line(struct span line, enum log_format format)
{
	if (line.n == 0 || line.n > LOG_LINE_MAX || line.p[line.n - 1] != '\n')
		return false;
	return format == LOG_LOGFMT ? is_logfmt(line)
				    : json_check(span_head(line, line.n - 1)) == JSON_VALID;
}

static void cutting(enum log_format format)
{
	static uint8_t big[LOG_VALUE_MAX * 2];
	static const char *const units[] = {"x", "\xc3\xa9", "\"", "\x01", " ", "\xf0\x9f\x98\x80"};
	size_t longest = 0;
	log_init("api", format, LOG_INFO);
	for (size_t unit = 0; unit < COUNT(units); unit++) {
		struct span piece = span_str(units[unit]);
		for (size_t n = 60; n + 4 < sizeof big; n += n < 470 ? 37 : 1) {
			struct out o = out_init(big, n);
			while (!o.over)
				out_span(&o, piece);
			struct log_line l;
			log_open(&l, LOG_INFO, "x");
			log_span(&l, "v", span_of(big, o.n));
			log_u64(&l, "after", 7);
			log_close(&l);
			struct span line = written();
			check(is_line(line, format), "unit %zu of %zu", unit, n);
			check(span_ends(line, format == LOG_JSON ? SPAN(",\"after\":7}\n")
								 : SPAN(" after=7\n")),
			      "the next field is there, unit %zu of %zu", unit, n);
			longest = line.n > longest ? line.n : longest;
		}
	}
	ok(longest > LOG_VALUE_MAX && longest < LOG_VALUE_MAX + 120,
	   "values are cut, format %d: longest line %zu", (int)format, longest);
}

static void exact_cut(void)
{
	static uint8_t big[LOG_VALUE_MAX + 1];
	struct log_line l;
	memset(big, 'x', sizeof big);
	for (size_t n = LOG_VALUE_MAX - 1; n <= LOG_VALUE_MAX + 1; n++) {
		log_init("api", LOG_LOGFMT, LOG_INFO);
		log_open(&l, LOG_INFO, "x");
		log_span(&l, "v", span_of(big, n));
		log_close(&l);
		struct span line = written();
		ok(span_ends(line, SPAN("xxxx...\n")) == (n > LOG_VALUE_MAX) &&
			   line.n <=
				   sizeof "ts=T level=info service=api event=x v=" + LOG_VALUE_MAX,
		   "a value of %zu bytes", n);
	}
}

/* Fields until long after the line is full, of every width: the line stays well-formed. */
static void full_lines(enum log_format format)
{
	static const char text[] = D8("0123456789 \"\n");
	size_t longest = 0;
	log_init("api", format, LOG_INFO);
	for (size_t width = 0; width < sizeof text; width++) {
		struct log_line l;
		log_open(&l, LOG_INFO, "full");
		for (unsigned i = 0; i < 300; i++) {
			if (i % 3 == 2)
				log_u64(&l, "num", UINT64_MAX >> width % 64);
			else
				log_span(&l, "text", span_of(text, width));
		}
		check(l.o.over, "the line is full");
		log_close(&l);
		struct span line = written();
		check(is_line(line, format), "fields of %zu bytes", width);
		longest = line.n > longest ? line.n : longest;
	}
	ok(longest > LOG_LINE_MAX - 30, "full lines, format %d: longest %zu", (int)format, longest);
}

static void log_numbered(unsigned i)
{
	struct log_line l;
	if (!log_open(&l, LOG_INFO, "numbered"))
		return;
	log_u64(&l, "i", i);
	log_close(&l);
}

/* The number behind [key] in a line, or -1. */
static long long number_in(struct span line, struct span key)
{
	for (size_t i = 0; i + key.n <= line.n; i++) {
		struct span rest = span_tail(line, i);
		uint64_t v;
		if (!span_starts(rest, key))
			continue;
		rest = span_tail(rest, key.n);
		size_t end = 0;
		while (end < rest.n && rest.p[end] >= '0' && rest.p[end] <= '9')
			end++;
		return dec_u64(span_head(rest, end), &v) ? (long long)v : -1;
	}
	return -1;
}

/* Nobody reads: SIGALRM ends the test if a write blocks. Then all is accounted for. */
static void nobody_reads(enum log_format format)
{
	const unsigned lines = 1000;
	static uint8_t buf[LOG_PENDING_MAX * 4];
	struct out all = out_init(buf, sizeof buf);
	log_init("api", format, LOG_INFO);
	alarm(300);
	to_pipe();
	for (unsigned i = 0; i < lines; i++) {
		log_numbered(i);
		log_flush();
	}
	to_tap();
	alarm(0);
	ok(true, "a full pipe does not block, format %d", (int)format);

	for (unsigned round = 0; round < 6; round++) {
		all.n += drain(buf + all.n, sizeof buf - all.n).n;
		flush();
	}
	to_pipe();
	log_numbered(lines);
	to_tap();
	flush();
	all.n += drain(buf + all.n, sizeof buf - all.n).n;

	struct span rest = out_span_of(&all);
	long long next = 0, dropped = 0, reports = 0;
	while (rest.n > 0) {
		struct span line = span_head(rest, span_find(rest, '\n') + 1);
		rest = span_tail(rest, line.n);
		long long count =
			number_in(line, format == LOG_JSON ? SPAN("\"count\":") : SPAN(" count="));
		long long i = number_in(line, format == LOG_JSON ? SPAN("\"i\":") : SPAN(" i="));
		check(is_line(line, format), "whole lines only");
		reports += count >= 0;
		dropped += count >= 0 ? count : 0;
		next += count >= 0 ? count : 0;
		if (count < 0) {
			check(i == next, "line %lld where %lld was due", i, next);
			next++;
		}
	}
	is_int(next, lines + 1, "lines written and lines dropped are all there are");
	ok(reports == 1 && dropped > 500, "dropped %lld, in %lld report", dropped, reports);
}

/* What is put into the pipe at once ends at a line's end and is at most PIPE_BUF. */
static void chunks(void)
{
	static uint8_t buf[LOG_PENDING_MAX * 2];
	log_init("api", LOG_LOGFMT, LOG_INFO);
	to_pipe();
	for (unsigned i = 0; i < 100; i++)
		log_numbered(i);
	to_tap();
	bool whole = true;
	size_t parts = 0, total = 0;
	for (struct span part; flush(), part = drain(buf, sizeof buf), part.n > 0; parts++) {
		whole = whole && part.n <= PIPE_BUF && part.p[part.n - 1] == '\n';
		total += part.n;
	}
	ok(whole && parts >= 2 && total > PIPE_BUF, "%zu bytes in %zu parts", total, parts);
}

static void reader_gone(void)
{
	int old = reader;
	close(reader);
	log_init("api", LOG_LOGFMT, LOG_INFO);
	to_pipe();
	log_numbered(1);
	log_flush(); /* SIGPIPE has its default action here: a write would end the program */
	log_numbered(2);
	log_flush();
	to_tap();
	close(writer);
	open_pipe();
	ok(old == reader, "a pipe without reader does no harm");
	to_pipe();
	log_numbered(3);
	to_tap();
	struct span text = written();
	ok(number_in(text, SPAN(" count=")) > 0 && number_in(text, SPAN(" i=")) == 3,
	   "and is reported when there is one again");
	close(writer);
	to_pipe();
	close(STDOUT_FILENO);
	log_numbered(4);
	log_flush();
	to_tap();
	ok(true, "a closed stdout does no harm");
}

int main(void)
{
	signal(SIGALRM, SIG_DFL);
	tap_fd = dup(STDOUT_FILENO);
	open_pipe();
	times();
	formats();
	events();
	now();
	levels();
	escaping();
	cutting(LOG_JSON);
	cutting(LOG_LOGFMT);
	exact_cut();
	full_lines(LOG_JSON);
	full_lines(LOG_LOGFMT);
	nobody_reads(LOG_JSON);
	nobody_reads(LOG_LOGFMT);
	chunks();
	reader_gone();
	return done();
}
