/*
 * A request around the input, for what is asked of a head: every line of the input becomes a field
 * of one name. For fuzz_http_range.c, fuzz_http_cond.c and fuzz_http_accept.c.
 */
#ifndef TESTS_FUZZ_HTTP_MADE_H
#define TESTS_FUZZ_HTTP_MADE_H

#include "fuzz/fuzz.h"
#include "http/http.h"

/*
 * A line "X: value" with X one of [letters] becomes a field of that name, any other line one of
 * names[0]. False when the reader refuses it. The head stays good until the next call.
 */
static inline bool make_head(struct span lines, const char *method, const char *letters,
			     const char *const *names, struct http_head *h)
{
	static uint8_t buf[FUZZ_MAX * 24];
	struct out o = out_init(buf, sizeof buf);
	http_put_request_line(&o, span_str(method), SPAN("/"));
	http_put_field(&o, SPAN("Host"), SPAN("a"));
	while (lines.p != NULL) {
		struct span line = span_cut(&lines, '\n');
		size_t i = 0;
		if (line.n > 1 && line.p[1] == ':')
			i = span_find(span_str(letters), line.p[0]);
		bool named = line.n > 1 && line.p[1] == ':' && letters[i] != '\0';
		http_put_field(&o, span_str(names[named ? i : 0]), span_tail(line, named ? 2 : 0));
		if (o.over) /* bytes that no value may hold */
			return false;
	}
	http_put_head_end(&o);
	struct span text = guarded(3, out_span_of(&o));
	return http_read_request(text, &http_default_limits, h) == (int)text.n;
}

#endif
