/*
 * A request around the input, for what is asked of a head: each line "x:value" is a field, whose
 * name the letter tells. For fuzz_http_cond.c and fuzz_http_accept.c.
 */
#ifndef TESTS_FUZZ_HTTP_MADE_H
#define TESTS_FUZZ_HTTP_MADE_H

#include "fuzz/fuzz.h"
#include "http/http.h"

struct made_name {
	char letter;
	const char *name;
};

static inline const char *name_of(struct span line, const struct made_name *names)
{
	while (names->name != NULL &&
	       (line.n < 2 || line.p[0] != (uint8_t)names->letter || line.p[1] != ':'))
		names++;
	return names->name;
}

/* All values of that letter, with commas between: the same list (RFC 9110, 5.3). */
static inline void put_joined(struct out *o, struct span lines, const struct made_name *name)
{
	static uint8_t buf[FUZZ_MAX * 2];
	struct out all = out_init(buf, sizeof buf);
	bool any = false;
	while (lines.p != NULL) {
		struct span line = span_cut(&lines, '\n');
		if (line.n < 2 || line.p[0] != (uint8_t)name->letter || line.p[1] != ':')
			continue;
		out_str(&all, any ? "," : "");
		out_span(&all, span_tail(line, 2));
		any = true;
	}
	if (any)
		http_put_field(o, span_str(name->name), out_span_of(&all));
}

/*
 * Lines without a known letter are passed over. With [joined] the fields of each name become one.
 * [first] is a whole line before them, or NULL. False when no head can be made of it. The head
 * stays good until the next call.
 */
static inline bool make_head(struct span lines, const char *method, const struct made_name *names,
			     bool joined, const char *first, struct http_head *h)
{
	static uint8_t buf[FUZZ_MAX * 16];
	struct out o = out_init(buf, sizeof buf);
	http_put_request_line(&o, span_str(method), SPAN("*"));
	if (strcmp(method, "OPTIONS") != 0)
		o.p[o.n - 12] = '/';
	http_put_field(&o, SPAN("Host"), SPAN("a"));
	out_str(&o, first != NULL ? first : "");
	for (size_t i = 0; joined && names[i].name != NULL; i++)
		put_joined(&o, lines, &names[i]);
	for (struct span rest = lines; !joined && rest.p != NULL;) {
		struct span line = span_cut(&rest, '\n');
		const char *name = name_of(line, names);
		if (name != NULL)
			http_put_field(&o, span_str(name), span_tail(line, 2));
	}
	http_put_head_end(&o);
	if (o.over) /* bytes that no value may hold */
		return false;
	struct span text = guarded(3, out_span_of(&o));
	return http_read_request(text, &http_default_limits, h) == (int)text.n;
}

#endif
