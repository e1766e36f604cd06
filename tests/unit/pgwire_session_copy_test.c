#include "unit/pgwire_run.h"

#define NOT_ASKED "f\0\0\0\57the client did not ask for COPY FROM STDIN\0"
#define SYNC "S\0\0\0\4"
#define DATA1 "d\0\0\0\0061\n"
#define DATA2 "d\0\0\0\0062\n"
#define END "c\0\0\0\4"
#define BINARY_IN "G\0\0\0\13\1\0\2\0\1\0\1"
#define COPY_TAG "C\0\0\0\13COPY 2\0"

static const struct row copies[] = {
	{"COPY FROM STDIN", TRUST, "i", B(IN COPY_IN COPY_TAG READY),
	 "ready I;copy_in 0;complete 0 COPY 2;done 0 I;", B(DATA1 DATA2 END)},
	{"COPY FROM STDIN, extended", TRUST, "I", B(IN PARSED BOUND NO_DATA COPY_IN COPY_TAG READY),
	 "ready I;prepared 0;copy_in 0;complete 0 COPY 2;done 0 I;", B(DATA1 DATA2 END SYNC)},
	{"COPY FROM STDIN, behind a query", TRUST, "rI",
	 B(IN BOUND TAG READY PARSED BOUND NO_DATA BINARY_IN COPY_TAG READY),
	 "ready I;complete 0 SELECT 1;done 0 I;prepared 1;copy_in 1;complete 1 COPY 2;done 1 I;",
	 B(DATA1 DATA2 END SYNC)},
	{"two COPY FROM STDIN in one simple query", TRUST, "i",
	 B(IN COPY_IN COPY_TAG COPY_IN COPY_TAG READY),
	 "ready I;copy_in 0;complete 0 COPY 2;copy_in 0;complete 0 COPY 2;done 0 I;",
	 B(DATA1 DATA2 END DATA1 DATA2 END)},
	{"given up", TRUST, "g", B(IN PARSED BOUND NO_DATA COPY_IN DUP READY),
	 "ready I;prepared 0;copy_in 0;error 0 23505;done 0 failed I;",
	 B(DATA1 "f\0\0\0\7no\0" SYNC)},
	{"given up, and the server is content",
	 TRUST,
	 "g",
	 B(IN PARSED BOUND NO_DATA COPY_IN COPY_TAG),
	 "ready I;prepared 0;copy_in 0;!EPHASE;drop 0;",
	 {0}},
	{"ended by the server", TRUST, "o", B(IN PARSED BOUND NO_DATA COPY_IN NOTICE DUP READY),
	 "ready I;prepared 0;copy_in 0;notice 0 00000;error 0 23505;done 0 failed I;",
	 B(DATA1 SYNC)},
	{"ended by the server after its end", TRUST, "I",
	 B(IN PARSED BOUND NO_DATA COPY_IN DUP READY),
	 "ready I;prepared 0;copy_in 0;error 0 23505;done 0 failed I;", B(DATA1 DATA2 END SYNC)},
	{"the server's FATAL in the middle", TRUST, "o", B(IN PARSED BOUND NO_DATA COPY_IN BYE),
	 "ready I;prepared 0;copy_in 0;error 0 57P01;!EFATAL;drop 0;", B(DATA1 SYNC)},
	{"complete before its end",
	 TRUST,
	 "o",
	 B(IN PARSED BOUND NO_DATA COPY_IN COPY_TAG),
	 "ready I;prepared 0;copy_in 0;!EPHASE;drop 0;",
	 {0}},
	{"ready before its end",
	 TRUST,
	 "o",
	 B(IN PARSED BOUND NO_DATA COPY_IN READY),
	 "ready I;prepared 0;copy_in 0;!EPHASE;drop 0;",
	 {0}},
	{"COPY that fails at Parse", TRUST, "I", B(IN DUP READY),
	 "ready I;error 0 23505;done 0 failed I;", B(SYNC)},
	{"COPY that is a SELECT", TRUST, "I", B(IN PARSED BOUND COLUMN ROW5 TAG READY),
	 "ready I;prepared 0;columns 0 1;row 0 5;complete 0 SELECT 1;done 0 I;", B(SYNC)},
	{"COPY that is empty", TRUST, "I", B(IN PARSED BOUND NO_DATA EMPTY READY),
	 "ready I;prepared 0;empty 0;done 0 I;", B(SYNC)},
	{"COPY that is COPY TO STDOUT", TRUST, "I",
	 B(IN PARSED BOUND NO_DATA COPY_OUT COPY_DATA COPY_DONE TAG READY),
	 "ready I;prepared 0;copy_out 0;data 0 1\n;complete 0 SELECT 1;done 0 I;", B(SYNC)},
	{"a request behind a COPY",
	 TRUST,
	 "Iq",
	 B(IN DUP READY),
	 "ready I;!ECOPY;error 0 23505;done 0 failed I;",
	 {0}},
	{"a COPY behind a COPY",
	 TRUST,
	 "qiI",
	 B(IN DUP READY DUP READY),
	 "ready I;!ECOPY;error 0 23505;done 0 failed I;error 1 23505;done 1 failed I;",
	 {0}},

	{"not asked for", TRUST, "s", B(IN COPY_IN DUP READY),
	 "ready I;copy_in 0 refused;error 0 23505;done 0 failed I;", B(NOT_ASKED)},
	{"not asked for, extended", TRUST, "q", B(IN PARSED BOUND NO_DATA COPY_IN DUP READY),
	 "ready I;prepared 0;copy_in 0 refused;error 0 23505;done 0 failed I;", B(NOT_ASKED SYNC)},
	{"not asked for, with a request behind it", TRUST, "sq", B(IN COPY_IN),
	 "ready I;!EPHASE;drop 0;drop 1;", B("")},
	{"not asked for, and it goes on",
	 TRUST,
	 "s",
	 B(IN COPY_IN TAG),
	 "ready I;copy_in 0 refused;!EPHASE;drop 0;",
	 {0}},

	{"COPY TO STDOUT",
	 TRUST,
	 "sr",
	 B(IN COPY_OUT COPY_DATA COPY_DATA COPY_DONE TAG TAG READY BOUND TAG READY),
	 "ready I;copy_out 0;data 0 1\n;data 0 1\n;complete 0 SELECT 1;complete 0 SELECT 1;"
	 "done 0 I;complete 1 SELECT 1;done 1 I;",
	 {0}},
	{"COPY TO STDOUT, extended",
	 TRUST,
	 "q",
	 B(IN PARSED BOUND NO_DATA COPY_OUT COPY_DONE TAG READY),
	 "ready I;prepared 0;copy_out 0;complete 0 SELECT 1;done 0 I;",
	 {0}},
	{"COPY TO STDOUT that breaks off",
	 TRUST,
	 "s",
	 B(IN COPY_OUT COPY_DATA DUP READY),
	 "ready I;copy_out 0;data 0 1\n;error 0 23505;done 0 failed I;",
	 {0}},
	{"ready before the tag of a COPY",
	 TRUST,
	 "s",
	 B(IN COPY_OUT COPY_DONE READY),
	 "ready I;copy_out 0;!EPHASE;drop 0;",
	 {0}},
	{"data after the end",
	 TRUST,
	 "s",
	 B(IN COPY_OUT COPY_DONE COPY_DATA),
	 "ready I;copy_out 0;!EPHASE;drop 0;",
	 {0}},
	{"data of 16 MiB and one byte",
	 TRUST,
	 "s",
	 B(IN COPY_OUT "d\1\0\0\5"),
	 "ready I;copy_out 0;!ELENGTH;drop 0;",
	 {0}},
	{"copy data out of the blue", TRUST, "s", B(IN COPY_DATA), "ready I;!EPHASE;drop 0;", {0}},
	{"copy in both directions",
	 TRUST,
	 "s",
	 B(IN "W\0\0\0\7\0\0\0"),
	 "ready I;!EPHASE;drop 0;",
	 {0}},
	{"malformed copy", TRUST, "s", B(IN "G\0\0\0\5\0"), "ready I;!EBODY;drop 0;", {0}},
	{"CopyDone with a body",
	 TRUST,
	 "s",
	 B(IN COPY_OUT "c\0\0\0\5x"),
	 "ready I;copy_out 0;!EBODY;drop 0;",
	 {0}},
};

/* Long CopyData in pieces of four bytes: the same pieces however the bytes come. */
static void test_pieces(void)
{
	static const struct {
		const char *name;
		struct span wire;
		const char *want;
	} rows[] = {
		{"as long as a piece", B("d\0\0\0\10abcd"), "data 0 abcd;"},
		{"one byte more", B("d\0\0\0\11abcde"), "data 0 abcd...;data 0 e;"},
		{"three pieces and another message",
		 B("d\0\0\0\20abcdefghijkld\0\0\0\5m" COPY_DONE),
		 "data 0 abcd...;data 0 efgh...;data 0 ijkl;data 0 m;"},
		{"empty", B("d\0\0\0\4"), "data 0 ;"},
		{"longer than a message may be", B("d\100\0\0\3"), "!ELENGTH;"},
		{"shorter than nothing", B("d\0\0\0\3"), "!ELENGTH;"},
		{"a notice, which is not in pieces", B(NOTICE), "notice 0 00000;"},
	};
	static const struct row row = {"pieces", TRUST, "s", B(IN COPY_OUT), "", {0}};
	static struct run r;
	for (size_t i = 0; i < LENGTH(rows); i++)
		for (size_t cut = 0; cut <= rows[i].wire.n; cut++) {
			start(&r, &row);
			r.s.lim.piece = 4;
			feed(&r, row.server);
			r.n = 0;
			r.log[0] = '\0';
			int used = feed(&r, guarded(0, span_head(rows[i].wire, cut)));
			if (used >= 0)
				feed(&r, guarded(1, span_tail(rows[i].wire, (size_t)used)));
			if (cut == 0)
				is_str(r.log, rows[i].want, "CopyData in pieces: %s", rows[i].name);
			else
				check(strcmp(r.log, rows[i].want) == 0, "%s, cut at %zu: %s",
				      rows[i].name, cut, r.log);
		}
}

/* What the client may say, and when. */
static void test_calls(void)
{
	static const struct row open_row = {"open", TRUST, "o", B(IN PARSED BOUND NO_DATA COPY_IN),
					    "",     {0}};
	static const struct row early = {"early", TRUST, "o", B(IN), "", {0}};
	static const uint8_t byte;
	static struct run r;
	struct out *o = &r.out;

	start(&r, &early);
	feed(&r, early.server);
	is_int(pgwire_session_copy(&r.s, o, SPAN("x")), PGWIRE_EPHASE, "data before COPY_IN");
	is_int(pgwire_session_copy_end(&r.s, o), PGWIRE_EPHASE, "the end of it");
	is_int(pgwire_session_copy_fail(&r.s, o, SPAN("x")), PGWIRE_EPHASE, "giving it up");

	start(&r, &open_row);
	feed(&r, open_row.server);
	is_int(pgwire_session_copy(&r.s, o, (struct span){&byte, PGWIRE_MESSAGE_MAX + 1u}),
	       PGWIRE_EREQUEST, "more data than a message holds");
	is_int(pgwire_session_copy_fail(&r.s, o, SPAN("a\0b")), PGWIRE_ETEXT, "a reason with NUL");
	is_int(pgwire_session_copy_end(&r.s, o), 1, "it is open all the same");
	is_int(pgwire_session_copy(&r.s, o, SPAN("x")), PGWIRE_EPHASE, "data after the end");
	is_int(pgwire_session_copy_end(&r.s, o), PGWIRE_EPHASE, "a second end");

	start(&r, &open_row);
	feed(&r, open_row.server);
	feed(&r, SPAN(DUP));
	is_int(pgwire_session_copy(&r.s, o, SPAN("x")), PGWIRE_EPHASE, "data after the ERROR");
	feed(&r, SPAN("x"));
	is_int(pgwire_session_copy(&r.s, o, SPAN("x")), PGWIRE_ETYPE, "after the session's end");
}

static int call(struct run *r, struct out *o, unsigned what)
{
	switch (what) {
	case 0:
		return pgwire_session_copy(&r->s, o, SPAN("abc"));
	case 1:
		return pgwire_session_copy_fail(&r->s, o, SPAN("no"));
	default:
		return pgwire_session_copy_end(&r->s, o);
	}
}

static void test_room(void)
{
	static const struct {
		const char *name;
		struct span want;
	} rows[] = {
		{"CopyData", B("d\0\0\0\7abc")},
		{"CopyFail", B("f\0\0\0\7no\0" SYNC)},
		{"CopyDone", B(END SYNC)},
	};
	static const struct row open_row = {"open", TRUST, "o", B(IN PARSED BOUND NO_DATA COPY_IN),
					    "",     {0}};
	static struct run r;
	struct pgwire_event ev;
	uint8_t buf[64];
	for (unsigned i = 0; i < LENGTH(rows); i++) {
		start(&r, &open_row);
		feed(&r, open_row.server);
		for (size_t cap = 0; cap < rows[i].want.n; cap++) {
			struct out o = out_init(buf, cap);
			check(call(&r, &o, i) == PGWIRE_EROOM && o.n == 0 && !o.over,
			      "%s in %zu bytes", rows[i].name, cap);
		}
		struct out o = out_init(buf, rows[i].want.n);
		call(&r, &o, i);
		is_span(out_span_of(&o), rows[i].want, "%s, at every capacity", rows[i].name);
	}
	start(&r, &open_row);
	feed(&r, open_row.server);
	for (size_t cap = 0; cap < 5; cap++) {
		struct out o = out_init(buf, cap);
		check(pgwire_session_next(&r.s, SPAN(DUP), &o, &ev) == PGWIRE_EROOM && o.n == 0,
		      "Sync in %zu bytes", cap);
	}
	struct out o = out_init(buf, 5);
	ok(pgwire_session_next(&r.s, SPAN(DUP), &o, &ev) > 0 && ev.kind == PGWIRE_EV_ERROR,
	   "an ERROR in the middle, once there is room");
	is_span(out_span_of(&o), SPAN(SYNC), "and the Sync that it waits for");
}

static void test_request(void)
{
	static struct run r;
	uint8_t buf[128];
	struct out o = out_init(buf, sizeof buf);
	logged_in(&r);
	send_letter(&r, &o, 'I', NULL);
	is_span(out_span_of(&o),
		SPAN("P\0\0\0\31\0COPY t FROM STDIN\0\0\0B\0\0\0\14\0\0\0\0\0\0\0\0D\0\0\0\6P\0"
		     "E\0\0\0\11\0\0\0\0\0H\0\0\0\4"),
		"a request that may be a COPY ends with Flush");
}

int main(void)
{
	test_rows(copies, LENGTH(copies));
	test_pieces();
	test_calls();
	test_room();
	test_request();
	return done();
}
