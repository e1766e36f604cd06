#include "pgwire/pgwire_conninfo.h"

/* The next byte of a field, '\' taken away; false at its end: a colon or the end of the line. */
static bool take_byte(struct span *line, uint8_t *byte)
{
	if (line->n == 0 || line->p[0] == ':')
		return false;
	if (line->p[0] == '\\' && line->n > 1)
		*line = span_tail(*line, 1);
	*byte = line->p[0];
	*line = span_tail(*line, 1);
	return true;
}

/* Takes the field in front and its colon: whether it is [want], or '*'. */
static bool take_match(struct span *line, struct span want)
{
	uint8_t byte = 0;
	if (span_starts(*line, SPAN("*:"))) {
		*line = span_tail(*line, 2);
		return true;
	}
	for (size_t i = 0; i < want.n; i++)
		if (!take_byte(line, &byte) || byte != want.p[i])
			return false;
	if (!span_starts(*line, SPAN(":")))
		return false;
	*line = span_tail(*line, 1);
	return true;
}

bool pgwire_passfile_get(struct span file, struct span host, uint16_t port, struct span database,
			 struct span user, struct out *o)
{
	uint8_t digits[20], byte = 0;
	const struct span wants[] = {host, dec_put(digits, port), database, user};
	while (file.p != NULL) {
		struct span line = span_cut(&file, '\n');
		bool match = !span_starts(line, SPAN("#"));
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		for (size_t i = 0; i < sizeof wants / sizeof *wants && match; i++)
			match = take_match(&line, wants[i]);
		if (!match)
			continue;
		while (take_byte(&line, &byte))
			out_byte(o, byte);
		return true;
	}
	return false;
}
