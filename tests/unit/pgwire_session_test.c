#include "unit/pgwire_run.h"

static const struct row queries[] = {
	{"extended query", TRUST, "q", B(IN PARSED BOUND COLUMN ROW5 ROW5 TAG READY),
	 "ready I;prepared 0;columns 0 1;row 0 5;row 0 5;complete 0 SELECT 1;done 0 I;", B("")},
	{"without rows", TRUST, "q", B(IN PARSED BOUND NO_DATA "C\0\0\0\12BEGIN\0" IN_BLOCK),
	 "ready I;prepared 0;complete 0 BEGIN;done 0 T;", B("")},
	{"empty SQL",
	 TRUST,
	 "q",
	 B(IN PARSED BOUND NO_DATA EMPTY READY),
	 "ready I;prepared 0;empty 0;done 0 I;",
	 {0}},
	{"prepare",
	 TRUST,
	 "p",
	 B(IN PARSED TYPES_INT4 COLUMN READY),
	 "ready I;prepared 0;types 0 1;columns 0 1;done 0 I;",
	 {0}},
	{"prepare what has no rows",
	 TRUST,
	 "p",
	 B(IN PARSED TYPES_INT4 NO_DATA READY),
	 "ready I;prepared 0;types 0 1;done 0 I;",
	 {0}},
	{"run, columns known",
	 TRUST,
	 "r",
	 B(IN BOUND ROW5 TAG READY),
	 "ready I;row 0 5;complete 0 SELECT 1;done 0 I;",
	 {0}},
	{"run, columns asked",
	 TRUST,
	 "R",
	 B(IN BOUND COLUMN ROW5 TAG READY),
	 "ready I;columns 0 1;row 0 5;complete 0 SELECT 1;done 0 I;",
	 {0}},
	{"prepare and run at once",
	 TRUST,
	 "d",
	 B(IN PARSED TYPES_INT4 COLUMN BOUND ROW5 TAG READY),
	 "ready I;prepared 0;types 0 1;columns 0 1;row 0 5;complete 0 SELECT 1;done 0 I;",
	 {0}},
	{"close", TRUST, "c", B(IN CLOSED READY), "ready I;done 0 I;", {0}},
	{"close and parse",
	 TRUST,
	 "C",
	 B(IN CLOSED PARSED READY),
	 "ready I;prepared 0;done 0 I;",
	 {0}},
	{"portal with a limit",
	 TRUST,
	 "lf",
	 B(IN PARSED BOUND COLUMN ROW5 SUSPENDED IN_BLOCK ROW5 TAG IN_BLOCK),
	 "ready I;prepared 0;columns 0 1;row 0 5;suspended 0;done 0 T;row 1 5;"
	 "complete 1 SELECT 1;done 1 T;",
	 {0}},
	{"simple query",
	 TRUST,
	 "s",
	 B(IN COLUMN ROW5 TAG READY),
	 "ready I;columns 0 1;row 0 5;complete 0 SELECT 1;done 0 I;",
	 {0}},
	{"simple query of three",
	 TRUST,
	 "s",
	 B(IN "C\0\0\0\12BEGIN\0" COLUMN TAG TAG IN_BLOCK),
	 "ready I;complete 0 BEGIN;columns 0 1;complete 0 SELECT 1;complete 0 SELECT 1;done 0 T;",
	 {0}},
	{"empty simple query", TRUST, "s", B(IN EMPTY READY), "ready I;empty 0;done 0 I;", {0}},
	{"error in the second statement",
	 TRUST,
	 "s",
	 B(IN TAG DUP READY),
	 "ready I;complete 0 SELECT 1;error 0 23505;done 0 failed I;",
	 {0}},
	{"error in the rows",
	 TRUST,
	 "q",
	 B(IN PARSED BOUND COLUMN ROW5 DUP FAILED_BLOCK),
	 "ready I;prepared 0;columns 0 1;row 0 5;error 0 23505;done 0 failed E;",
	 {0}},
	{"error at Parse",
	 TRUST,
	 "q",
	 B(IN DUP READY),
	 "ready I;error 0 23505;done 0 failed I;",
	 {0}},
	{"error at Sync, as deferred constraints do",
	 TRUST,
	 "r",
	 B(IN BOUND TAG DUP READY),
	 "ready I;complete 0 SELECT 1;error 0 23505;done 0 failed I;",
	 {0}},
	{"pipeline, error in the middle", TRUST, "rqsr",
	 B(IN BOUND ROW5 TAG READY PARSED DUP READY COLUMN ROW5 TAG READY BOUND TAG READY),
	 "ready I;row 0 5;complete 0 SELECT 1;done 0 I;prepared 1;error 1 23505;done 1 failed I;"
	 "columns 2 1;row 2 5;complete 2 SELECT 1;done 2 I;complete 3 SELECT 1;done 3 I;",
	 B("")},
	{"pipeline, one more than there is room for",
	 TRUST,
	 "ccccc",
	 B(IN CLOSED READY),
	 "ready I;!EFULL;done 0 I;drop 1;drop 2;drop 3;",
	 {0}},
	{"FATAL in a pipeline",
	 TRUST,
	 "rrr",
	 B(IN BOUND TAG READY BOUND BYE READY),
	 "ready I;complete 0 SELECT 1;done 0 I;error 1 57P01;!EFATAL;drop 1;drop 2;",
	 {0}},
	{"FATAL when idle", TRUST, "", B(IN BYE), "ready I;error - 57P01;!EFATAL;", {0}},
	{"ERROR when idle, as some poolers say it",
	 TRUST,
	 "",
	 B(IN DUP READY),
	 "ready I;error - 23505;!EFATAL;",
	 {0}},
	{"notices everywhere",
	 TRUST,
	 "r",
	 B(IN NOTICE BOUND NOTICE ROW5 NOTICE TAG NOTICE READY NOTICE),
	 "ready I;notice 0 00000;notice 0 00000;row 0 5;notice 0 00000;complete 0 SELECT 1;"
	 "notice 0 00000;done 0 I;notice - 00000;",
	 {0}},
	{"notifications and parameters",
	 TRUST,
	 "r",
	 B(IN NOTIFY BOUND SETTING TAG NOTIFY READY NOTIFY),
	 "ready I;notify - insert=5;parameter 0 a=b;complete 0 SELECT 1;notify - insert=5;done 0 I;"
	 "notify - insert=5;",
	 {0}},
	{"LATIN1 later",
	 TRUST,
	 "s",
	 B(IN TAG LATIN1 READY),
	 "ready I;complete 0 SELECT 1;!EENCODING;drop 0;",
	 {0}},
	{"a row too wide", TRUST, "r", B(IN BOUND ROW_OF_2), "ready I;!EROW;drop 0;", {0}},
	{"a row too narrow",
	 TRUST,
	 "q",
	 B(IN PARSED BOUND COLUMN "D\0\0\0\6\0\0"),
	 "ready I;prepared 0;columns 0 1;!EROW;drop 0;",
	 {0}},
	{"a malformed row",
	 TRUST,
	 "r",
	 B(IN BOUND "D\0\0\0\12\0\1\0\0\0\1"),
	 "ready I;!EBODY;drop 0;",
	 {0}},
	{"malformed columns",
	 TRUST,
	 "R",
	 B(IN BOUND "T\0\0\0\6\0\1"),
	 "ready I;!EBODY;drop 0;",
	 {0}},
	{"malformed types",
	 TRUST,
	 "p",
	 B(IN PARSED "t\0\0\0\6\0\1"),
	 "ready I;prepared 0;!EBODY;drop 0;",
	 {0}},
	{"malformed tag", TRUST, "r", B(IN BOUND "C\0\0\0\5x"), "ready I;!EBODY;drop 0;", {0}},
	{"malformed notification", TRUST, "", B(IN "A\0\0\0\5x"), "ready I;!EBODY;", {0}},
	{"malformed notice", TRUST, "", B(IN "N\0\0\0\5\0"), "ready I;!EBODY;", {0}},
	{"malformed error", TRUST, "r", B(IN "E\0\0\0\5\0"), "ready I;!EBODY;drop 0;", {0}},
	{"BindComplete with a body", TRUST, "r", B(IN "2\0\0\0\5x"), "ready I;!EBODY;drop 0;", {0}},
	{"ParseComplete with a body",
	 TRUST,
	 "q",
	 B(IN "1\0\0\0\5x"),
	 "ready I;!EBODY;drop 0;",
	 {0}},
	{"NoData with a body", TRUST, "R", B(IN BOUND "n\0\0\0\5x"), "ready I;!EBODY;drop 0;", {0}},
	{"EmptyQuery with a body", TRUST, "s", B(IN "I\0\0\0\5x"), "ready I;!EBODY;drop 0;", {0}},

	{"ready when idle", TRUST, "", B(IN READY), "ready I;!EPHASE;", {0}},
	{"row when idle", TRUST, "", B(IN ROW5), "ready I;!EPHASE;", {0}},
	{"tag when idle", TRUST, "", B(IN TAG), "ready I;!EPHASE;", {0}},
	{"key when idle", TRUST, "", B(IN KEY), "ready I;!EPHASE;", {0}},
	{"authentication when idle", TRUST, "", B(IN WELCOME), "ready I;!EPHASE;", {0}},
	{"ready too early", TRUST, "q", B(IN READY), "ready I;!EPHASE;drop 0;", {0}},
	{"ready in the rows",
	 TRUST,
	 "r",
	 B(IN BOUND ROW5 READY),
	 "ready I;row 0 5;!EPHASE;drop 0;",
	 {0}},
	{"ready before any answer", TRUST, "s", B(IN READY), "ready I;!EPHASE;drop 0;", {0}},
	{"ready before the tag",
	 TRUST,
	 "s",
	 B(IN COLUMN READY),
	 "ready I;columns 0 1;!EPHASE;drop 0;",
	 {0}},
	{"bound before parsed", TRUST, "q", B(IN BOUND), "ready I;!EPHASE;drop 0;", {0}},
	{"parsed twice",
	 TRUST,
	 "q",
	 B(IN PARSED PARSED),
	 "ready I;prepared 0;!EPHASE;drop 0;",
	 {0}},
	{"parsed though nobody asked", TRUST, "r", B(IN PARSED), "ready I;!EPHASE;drop 0;", {0}},
	{"closed though nobody asked", TRUST, "q", B(IN CLOSED), "ready I;!EPHASE;drop 0;", {0}},
	{"row before its columns",
	 TRUST,
	 "q",
	 B(IN PARSED BOUND ROW5),
	 "ready I;prepared 0;!EPHASE;drop 0;",
	 {0}},
	{"row of a simple query before its columns",
	 TRUST,
	 "s",
	 B(IN ROW5),
	 "ready I;!EPHASE;drop 0;",
	 {0}},
	{"row after NoData",
	 TRUST,
	 "R",
	 B(IN BOUND NO_DATA "D\0\0\0\6\0\0"),
	 "ready I;!EPHASE;drop 0;",
	 {0}},
	{"row after the tag",
	 TRUST,
	 "r",
	 B(IN BOUND TAG ROW5),
	 "ready I;complete 0 SELECT 1;!EPHASE;drop 0;",
	 {0}},
	{"row after the error",
	 TRUST,
	 "r",
	 B(IN BOUND DUP ROW5),
	 "ready I;error 0 23505;!EPHASE;drop 0;",
	 {0}},
	{"empty after a row",
	 TRUST,
	 "r",
	 B(IN BOUND ROW5 EMPTY),
	 "ready I;row 0 5;!EPHASE;drop 0;",
	 {0}},
	{"COPY after a row",
	 TRUST,
	 "r",
	 B(IN BOUND ROW5 COPY_OUT),
	 "ready I;row 0 5;!EPHASE;drop 0;",
	 {0}},
	{"columns though nobody asked",
	 TRUST,
	 "r",
	 B(IN BOUND COLUMN),
	 "ready I;!EPHASE;drop 0;",
	 {0}},
	{"columns twice",
	 TRUST,
	 "s",
	 B(IN COLUMN COLUMN),
	 "ready I;columns 0 1;!EPHASE;drop 0;",
	 {0}},
	{"types though nobody asked",
	 TRUST,
	 "q",
	 B(IN PARSED TYPES_INT4),
	 "ready I;prepared 0;!EPHASE;drop 0;",
	 {0}},
	{"columns before the types",
	 TRUST,
	 "p",
	 B(IN PARSED COLUMN),
	 "ready I;prepared 0;!EPHASE;drop 0;",
	 {0}},
	{"tag twice",
	 TRUST,
	 "r",
	 B(IN BOUND TAG TAG),
	 "ready I;complete 0 SELECT 1;!EPHASE;drop 0;",
	 {0}},
	{"suspended without a limit",
	 TRUST,
	 "r",
	 B(IN BOUND ROW5 SUSPENDED),
	 "ready I;row 0 5;!EPHASE;drop 0;",
	 {0}},
	{"suspended simple query",
	 TRUST,
	 "s",
	 B(IN COLUMN SUSPENDED),
	 "ready I;columns 0 1;!EPHASE;drop 0;",
	 {0}},
	{"empty query with columns",
	 TRUST,
	 "q",
	 B(IN PARSED BOUND COLUMN EMPTY),
	 "ready I;prepared 0;columns 0 1;!EPHASE;drop 0;",
	 {0}},
	{"result of a function call",
	 TRUST,
	 "s",
	 B(IN "V\0\0\0\10\377\377\377\377"),
	 "ready I;!EPHASE;drop 0;",
	 {0}},
};

static void test_send(void)
{
	static struct run r;
	static const struct pgwire_param many[PGWIRE_PARAMS_MAX + 1];
	static const uint8_t formats[PGWIRE_PARAMS_MAX + 1];
	static const struct {
		const char *name;
		unsigned flags;
		struct pgwire_query q;
		int want;
	} rows[] = {
		{"no step", 0, {.max_rows = 0}, PGWIRE_EREQUEST},
		{"a step nobody knows", 256, {.max_rows = 0}, PGWIRE_EREQUEST},
		{"a step far away", 1u << 30, {.max_rows = 0}, PGWIRE_EREQUEST},
		{"simple and more", PGWIRE_SIMPLE | PGWIRE_CLOSE, {.max_rows = 0}, PGWIRE_EREQUEST},
		{"COPY of nothing", PGWIRE_COPY, {.max_rows = 0}, PGWIRE_EREQUEST},
		{"COPY without EXECUTE",
		 PGWIRE_PREPARE | PGWIRE_COPY,
		 {.max_rows = 0},
		 PGWIRE_EREQUEST},
		{"65,536 parameters",
		 PGWIRE_RUN,
		 {.params = many, .nparams = PGWIRE_PARAMS_MAX + 1},
		 PGWIRE_EREQUEST},
		{"65,536 formats",
		 PGWIRE_RUN,
		 {.formats = {formats, sizeof formats}},
		 PGWIRE_EREQUEST},
		{"format 2", PGWIRE_RUN, {.formats = B("\2")}, PGWIRE_EREQUEST},
		{"2^31 rows", PGWIRE_RUN, {.max_rows = 1u << 31}, PGWIRE_EREQUEST},
		{"NUL in SQL", PGWIRE_SIMPLE, {.sql = B("a\0b")}, PGWIRE_ETEXT},
		{"NUL in a statement", PGWIRE_RUN, {.statement = B("a\0b")}, PGWIRE_ETEXT},
		{"NUL in a portal", PGWIRE_RUN, {.portal = B("a\0b")}, PGWIRE_ETEXT},
		{"NUL in what is closed", PGWIRE_CLOSE, {.close = B("a\0b")}, PGWIRE_ETEXT},
	};
	logged_in(&r);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		is_int(pgwire_session_send(&r.s, &r.out, &rows[i].q, rows[i].flags, NULL),
		       rows[i].want, "request refused: %s", rows[i].name);
		check(r.out.n == 0 && !r.out.over && r.s.count == 0, "and nothing of it is there");
	}
	static const struct row early = {"early", TRUST, "", B(""), "", {0}};
	start(&r, &early);
	is_int(send_letter(&r, &r.out, 'q', NULL), PGWIRE_EPHASE, "request before READY");
}

static void test_send_bytes(void)
{
	static const struct {
		char letter;
		struct span want;
	} rows[] = {
		{'q', B("P\0\0\0\20\0SELECT 5\0\0\0B\0\0\0\14\0\0\0\0\0\0\0\0D\0\0\0\6P\0"
			"E\0\0\0\11\0\0\0\0\0S\0\0\0\4")},
		{'s', B("Q\0\0\0\15SELECT 5\0")},
		{'p', B("P\0\0\0\22st\0SELECT 5\0\0\0D\0\0\0\10Sst\0S\0\0\0\4")},
		{'r', B("B\0\0\0\16\0st\0\0\0\0\0\0\0E\0\0\0\11\0\0\0\0\0S\0\0\0\4")},
		{'f', B("E\0\0\0\13po\0\0\0\0\1S\0\0\0\4")},
		{'C', B("C\0\0\0\11Sold\0P\0\0\0\20\0SELECT 5\0\0\0S\0\0\0\4")},
	};
	static struct run r;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		uint8_t buf[256];
		logged_in(&r);
		for (size_t cap = 0; cap < rows[i].want.n; cap++) {
			struct out o = out_init(buf, cap);
			check(send_letter(&r, &o, rows[i].letter, NULL) == PGWIRE_EROOM &&
				      o.n == 0 && !o.over && r.s.count == 0,
			      "request %c in %zu bytes", rows[i].letter, cap);
		}
		struct out o = out_init(buf, rows[i].want.n);
		send_letter(&r, &o, rows[i].letter, NULL);
		is_span(out_span_of(&o), rows[i].want, "request %c, at every capacity",
			rows[i].letter);
		o.over = true;
		check(send_letter(&r, &o, rows[i].letter, NULL) == PGWIRE_EROOM && o.over,
		      "an overflow from before is kept");
	}
}

/* The ring of requests turns many times; each answer goes to its own. */
static void test_ring(void)
{
	static struct run r;
	uint8_t buf[256];
	unsigned sent = 0, seen = 0;
	logged_in(&r);
	for (unsigned turn = 0; turn < 50; turn++) {
		struct out o = out_init(buf, sizeof buf);
		while (send_letter(&r, &o, 'c', &ids[sent % 8]) == 1)
			sent++;
		check(sent - seen == 4, "turn %u: %u in flight", turn, sent - seen);
		for (unsigned i = 0; i < 1 + turn % 4; i++) {
			struct pgwire_event ev;
			pgwire_session_next(&r.s, SPAN(CLOSED), &r.out, &ev);
			pgwire_session_next(&r.s, SPAN(READY), &r.out, &ev);
			check(ev.kind == PGWIRE_EV_DONE && ev.who == &ids[seen % 8], "turn %u",
			      turn);
			seen++;
		}
	}
	ok(failures() == 0, "%u requests through a ring of four", sent);
}

/* One byte of a good conversation changed: the same transcript however it is cut. */
static void test_garbage(void)
{
	static struct run whole, cut;
	uint32_t seed = 7;
	for (unsigned round = 0; round < 3000; round++) {
		const struct row *good = &queries[round % LENGTH(queries)];
		uint8_t bytes[512];
		seed = seed * 1664525 + 1013904223;
		memcpy(bytes, good->server.p, good->server.n);
		bytes[(seed >> 8) % good->server.n] ^= (uint8_t)(1u << (seed >> 4 & 7));
		struct row row = *good;
		row.server = span_of(bytes, good->server.n);
		transcript(&whole, &row, row.server.n);
		transcript(&cut, &row, (seed >> 16) % row.server.n);
		check(strcmp(whole.log, cut.log) == 0, "round %u: %s / %s", round, whole.log,
		      cut.log);
	}
	ok(failures() == 0, "3,000 conversations with a flipped bit");
}

int main(void)
{
	test_rows(queries, LENGTH(queries));
	test_send();
	test_send_bytes();
	test_ring();
	test_garbage();
	return done();
}
