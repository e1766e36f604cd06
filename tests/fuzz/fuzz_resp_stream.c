#include "fuzz/fuzz.h"
#include "resp/resp_stream.h"

/* The first byte says which command; the rest is what a server answers, once or more often. */
FUZZ(resp_stream)
{
	struct resp_reader r;
	struct resp_stream s;
	struct resp_item it;
	struct resp_stream_event ev;
	bool shaped = true, field = false, entry = false;
	int used;
	if (size == 0 || size > FUZZ_MAX)
		return 0;
	struct span in = guarded(0, span_of(data + 1, size - 1));
	resp_reader_init(&r, NULL);
	resp_stream_init(&s, (enum resp_stream_reply)(data[0] % 3));
	while ((used = resp_next(&r, in, &it)) > 0) {
		in = span_tail(in, (size_t)used);
		if (it.push)
			continue;
		if (it.depth == 0 && !it.attribute) {
			shaped = true;
			field = entry = false;
		}
		/* After an error the rest of the reply is passed over. */
		if (!shaped)
			continue;
		int rc = resp_stream_next(&s, &it, &ev);
		must(rc == 1 || rc == RESP_ESHAPE, "a verdict: %d", rc);
		shaped = rc == 1;
		if (!shaped)
			continue;
		must(ev.last == (it.last && !it.attribute), "the last is the last");
		must(ev.kind == RESP_STREAM_NONE || !it.attribute, "attributes are nothing");
		must(ev.kind != RESP_STREAM_VALUE || field, "a value has a field");
		must((ev.kind != RESP_STREAM_FIELD && ev.kind != RESP_STREAM_VALUE) || entry,
		     "a field has an entry");
		must(ev.kind != RESP_STREAM_CURSOR || data[0] % 3 == RESP_STREAM_CLAIM, "cursor");
		must(ev.kind != RESP_STREAM_KEY || data[0] % 3 == RESP_STREAM_READ, "key");
		entry |= ev.kind == RESP_STREAM_ENTRY;
		if (!it.attribute)
			field = ev.kind == RESP_STREAM_FIELD;
	}
	return 0;
}
