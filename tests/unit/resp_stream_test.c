/* Replies of the stream commands, as servers of each age send them, and what is none of them. */
#include "resp/resp_stream.h"

#include "harness/tap.h"

#include <stdio.h>
#include <string.h>

#define A "$1\r\na\r\n"
#define B "$1\r\nb\r\n"
#define KEY "$3\r\nkey\r\n"
#define ID "$3\r\n1-0\r\n"
#define ENTRY "*2\r\n" ID "*4\r\n" A B B A
#define RANGE RESP_STREAM_RANGE
#define READ RESP_STREAM_READ
#define CLAIM RESP_STREAM_CLAIM
#define ENTRY_READ "id 1-0,a=b,b=a,"

static const struct {
	const char *name;
	enum resp_stream_reply reply;
	const char *wire, *want;
} rows[] = {
	{"XRANGE", RANGE, "*2\r\n" ENTRY "*2\r\n$3\r\n2-0\r\n*2\r\n" A A,
	 ENTRY_READ "id 2-0,a=a,."},
	{"XRANGE, none", RANGE, "*0\r\n", "."},
	{"XRANGE, RESP3 maps for the fields", RANGE, "*1\r\n*2\r\n" ID "%1\r\n" A B,
	 "id 1-0,a=b,."},
	{"XRANGE, streamed", RANGE, "*?\r\n*2\r\n" ID "*?\r\n" A B ".\r\n.\r\n", "id 1-0,a=b,."},
	{"XRANGE, attributes", RANGE, "|1\r\n+x\r\n+y\r\n*1\r\n|1\r\n+x\r\n*0\r\n" ENTRY,
	 ENTRY_READ "."},
	{"XCLAIM, an entry that is gone, before 7.0", RANGE, "*2\r\n*-1\r\n" ENTRY,
	 "nil," ENTRY_READ "."},
	{"an entry without fields", RANGE, "*1\r\n*2\r\n" ID "*0\r\n", "id 1-0,."},
	{"fields named as in simple strings", RANGE, "*1\r\n*2\r\n+1-0\r\n*2\r\n+a\r\n+b\r\n",
	 "id 1-0,a=b,."},

	{"XREAD, RESP2", READ, "*1\r\n*2\r\n" KEY "*1\r\n" ENTRY, "key key," ENTRY_READ "."},
	{"XREAD, RESP3", READ, "%1\r\n" KEY "*1\r\n" ENTRY, "key key," ENTRY_READ "."},
	{"XREAD of two, RESP2", READ,
	 "*2\r\n*2\r\n" KEY "*1\r\n" ENTRY "*2\r\n" A "*2\r\n" ENTRY ENTRY,
	 "key key," ENTRY_READ "key a," ENTRY_READ ENTRY_READ "."},
	{"XREAD of two, RESP3", READ, "%2\r\n" KEY "*1\r\n" ENTRY A "*0\r\n",
	 "key key," ENTRY_READ "key a,."},
	{"XREAD, nothing new, RESP2", READ, "*-1\r\n", "."},
	{"XREAD, nothing new, RESP3", READ, "_\r\n", "."},
	{"XREADGROUP, what was deleted meanwhile", READ,
	 "%1\r\n" KEY "*2\r\n*2\r\n" ID "*-1\r\n" ENTRY, "key key,id 1-0,nil," ENTRY_READ "."},
	{"XREADGROUP, the same in RESP3", READ, "%1\r\n" KEY "*1\r\n*2\r\n" ID "_\r\n",
	 "key key,id 1-0,nil,."},
	{"XREADGROUP, nothing unfinished", READ, "*1\r\n*2\r\n" KEY "*0\r\n", "key key,."},

	{"XAUTOCLAIM", CLAIM, "*3\r\n$3\r\n0-0\r\n*1\r\n" ENTRY "*2\r\n" ID ID,
	 "cursor 0-0," ENTRY_READ "deleted 1-0,deleted 1-0,."},
	{"XAUTOCLAIM, none", CLAIM, "*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n", "cursor 0-0,."},
	{"XAUTOCLAIM before 7.0", CLAIM, "*2\r\n$3\r\n5-0\r\n*2\r\n*-1\r\n" ENTRY,
	 "cursor 5-0,nil," ENTRY_READ "."},

	{"an error", READ, "-NOGROUP no such\r\n", "error NOGROUP no such,."},
	{"a blob error", CLAIM, "!3\r\nERR\r\n", "error ERR,."},
	{"two replies", RANGE, "*1\r\n" ENTRY "*1\r\n" ENTRY, ENTRY_READ "." ENTRY_READ "."},

	{"a text in place of a reply", RANGE, "+OK\r\n", "ESHAPE"},
	{"a map in place of entries", RANGE, "%1\r\n" A B, "ESHAPE"},
	{"a number in place of an entry", RANGE, "*1\r\n:1\r\n", "ESHAPE"},
	{"an entry without an ID", RANGE, "*1\r\n*1\r\n*0\r\n", "ESHAPE"},
	{"a text in place of fields", RANGE, "*1\r\n*2\r\n" ID A, "id 1-0,ESHAPE"},
	{"a number in place of a value", RANGE, "*1\r\n*2\r\n" ID "*2\r\n" A ":1\r\n",
	 "id 1-0,a=ESHAPE"},
	{"a nest in place of a value", RANGE, "*1\r\n*2\r\n" ID "*2\r\n" A "*1\r\n" A,
	 "id 1-0,a=ESHAPE"},
	{"a streamed value", RANGE, "*1\r\n*2\r\n" ID "*1\r\n$?\r\n;1\r\na\r\n;0\r\n",
	 "id 1-0,ESHAPE"},
	{"a key without entries", READ, "%1\r\n" KEY "+x\r\n", "key key,ESHAPE"},
	{"entries without a key", READ, "%1\r\n*0\r\n*0\r\n", "ESHAPE"},
	{"a text in place of key and entries", READ, "*1\r\n" A, "ESHAPE"},
	{"a map in place of a claim", CLAIM, "%1\r\n" A B, "ESHAPE"},
	{"a fourth part of a claim", CLAIM, "*4\r\n" A "*0\r\n*0\r\n*0\r\n", "cursor a,ESHAPE"},
	{"a claim without a cursor", CLAIM, "*2\r\n*0\r\n*0\r\n", "ESHAPE"},
	{"a cursor behind", CLAIM, "*3\r\n" A "*0\r\n" A, "cursor a,ESHAPE"},
	{"an array among the deleted", CLAIM, "*3\r\n" A "*0\r\n*1\r\n*0\r\n", "cursor a,ESHAPE"},
};

static const char *const words[] = {
	[RESP_STREAM_KEY] = "key ",         [RESP_STREAM_ENTRY] = "id ",
	[RESP_STREAM_FIELD] = "",           [RESP_STREAM_VALUE] = "",
	[RESP_STREAM_CURSOR] = "cursor ",   [RESP_STREAM_NIL] = "nil",
	[RESP_STREAM_DELETED] = "deleted ", [RESP_STREAM_ERROR] = "error ",
};

static void log_event(struct out *o, const struct resp_stream_event *ev)
{
	if (ev->kind != RESP_STREAM_NONE) {
		out_str(o, words[ev->kind]);
		if (ev->kind != RESP_STREAM_NIL)
			out_span(o, ev->str);
		out_byte(o, ev->kind == RESP_STREAM_FIELD ? '=' : ',');
	}
	if (ev->last)
		out_byte(o, '.');
}

static const char *transcript(const char *wire, enum resp_stream_reply reply)
{
	static char text[512];
	struct out o = out_init(text, sizeof text - 1);
	struct span in = guarded(0, span_str(wire));
	struct resp_reader r;
	struct resp_stream s;
	struct resp_item it;
	int used;
	resp_reader_init(&r, NULL);
	resp_stream_init(&s, reply);
	while ((used = resp_next(&r, in, &it)) > 0) {
		struct resp_stream_event ev;
		int rc = resp_stream_next(&s, &it, &ev);
		if (rc < 0) {
			out_str(&o, rc == RESP_ESHAPE ? "ESHAPE" : "?");
			break;
		}
		log_event(&o, &ev);
		in = span_tail(in, (size_t)used);
	}
	text[o.n] = '\0';
	return used < 0 ? "not RESP" : text;
}

int main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		is_str(transcript(rows[i].wire, rows[i].reply), rows[i].want, "%s", rows[i].name);
	return done();
}
