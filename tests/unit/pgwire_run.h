/*
 * For the tests of the session: the server's messages, and a client that writes down what happens
 * as a transcript.
 */
#ifndef TESTS_PGWIRE_RUN_H
#define TESTS_PGWIRE_RUN_H

#include "harness/tap.h"
#include "pgwire/pgwire_session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))
#define B(literal)                                                 \
	{                                                          \
		(const uint8_t *)("" literal), sizeof(literal) - 1 \
	}

/* Messages of the server. */
#define WELCOME "R\0\0\0\10\0\0\0\0"
#define MD5_ASKED "R\0\0\0\14\0\0\0\5salt"
#define CLEARTEXT "R\0\0\0\10\0\0\0\3"
#define SASL_OFFER "R\0\0\0\27\0\0\0\12SCRAM-SHA-256\0\0"
/* The numbers of the SCRAM login were made with Python's hashlib: password "pencil", our nonce
 * bytes 0 to 17, eight iterations. */
#define NONCE "AAECAwQFBgcICQoLDA0ODxAR"
#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define CHALLENGE "R\0\0\0\104\0\0\0\13r=" NONCE "srv,s=" SALT ",i=8"
#define SIGNATURE "R\0\0\0\66\0\0\0\14v=W9H37LQ9BfncGSqG8MkkP0/KXMcHk71Ju2boMi7HWNQ="
#define PROOF "c=biws,r=" NONCE "srv,p=rzqsxEz89onamrxZoHbMizqsmC2guknOSkTutHNSCMY="
#define SASL_FIRST "p\0\0\0\66SCRAM-SHA-256\0\0\0\0\40n,,n=,r=" NONCE
#define READY "Z\0\0\0\5I"
#define IN_BLOCK "Z\0\0\0\5T"
#define FAILED_BLOCK "Z\0\0\0\5E"
#define PARSED "1\0\0\0\4"
#define BOUND "2\0\0\0\4"
#define CLOSED "3\0\0\0\4"
#define COLUMN "T\0\0\0\32\0\1n\0\0\0\0\0\0\0\0\0\0\27\0\4\377\377\377\377\0\0"
#define ROW5 "D\0\0\0\13\0\1\0\0\0\0015"
#define ROW_OF_2 "D\0\0\0\16\0\2\377\377\377\377\0\0\0\0"
#define TAG "C\0\0\0\15SELECT 1\0"
#define NO_DATA "n\0\0\0\4"
#define EMPTY "I\0\0\0\4"
#define SUSPENDED "s\0\0\0\4"
#define DUP "E\0\0\0\30SERROR\0C23505\0Mdup\0\0"
#define BYE "E\0\0\0\30SFATAL\0C57P01\0Mbye\0\0"
#define NOTICE "N\0\0\0\30SNOTICE\0C00000\0Mhi\0\0"
#define NOTIFY "A\0\0\0\21\0\0\0\11insert\0\65\0"
#define SETTING "S\0\0\0\10a\0b\0"
#define LATIN1 "S\0\0\0\33client_encoding\0LATIN1\0"
#define UTF8 "S\0\0\0\31client_encoding\0UTF8\0"
#define KEY "K\0\0\0\14\0\0\1\2abcd"
#define TYPES_INT4 "t\0\0\0\12\0\1\0\0\0\27"
#define COPY_IN "G\0\0\0\11\0\0\1\0\0"
#define COPY_OUT "H\0\0\0\11\0\0\1\0\0"
#define COPY_DATA "d\0\0\0\0061\n"
#define COPY_DONE "c\0\0\0\4"

#define IN WELCOME READY

#define CLEAR PGWIRE_ALLOW_CLEARTEXT
#define TRUST PGWIRE_ALLOW_TRUST
#define MD5 PGWIRE_ALLOW_MD5
#define NEWEST PGWIRE_ASK_3_2

struct row {
	const char *name;
	unsigned flags;
	const char *requests; /* sent at READY, a letter each: see requests[] */
	struct span server;
	const char *want;
	struct span put; /* what the session wrote on its own, after the startup message */
};

static const struct {
	char letter;
	unsigned flags;
	struct pgwire_query q;
} requests[] = {
	{'q', PGWIRE_QUERY, {.sql = B("SELECT 5")}},
	{'s', PGWIRE_SIMPLE, {.sql = B("SELECT 5")}},
	{'p', PGWIRE_PREPARE, {.sql = B("SELECT 5"), .statement = B("st")}},
	{'r', PGWIRE_BIND | PGWIRE_EXECUTE, {.statement = B("st"), .columns = 1}},
	{'R', PGWIRE_RUN, {.statement = B("st")}},
	{'l', PGWIRE_QUERY, {.sql = B("SELECT 5"), .portal = B("po"), .max_rows = 1}},
	{'f', PGWIRE_EXECUTE, {.portal = B("po"), .max_rows = 1, .columns = 1}},
	{'c', PGWIRE_CLOSE, {.close = B("st")}},
	{'C', PGWIRE_CLOSE | PGWIRE_PARSE, {.sql = B("SELECT 5"), .close = B("old")}},
	{'d',
	 PGWIRE_PARSE | PGWIRE_DESCRIBE | PGWIRE_BIND | PGWIRE_EXECUTE,
	 {.sql = B("SELECT 5"), .statement = B("st")}},
	{'i', PGWIRE_SIMPLE | PGWIRE_COPY, {.sql = B("COPY t FROM STDIN")}},
	{'I', PGWIRE_QUERY | PGWIRE_COPY, {.sql = B("COPY t FROM STDIN")}},
	{'g', PGWIRE_QUERY | PGWIRE_COPY, {.sql = B("COPY given up")}},
	{'o', PGWIRE_QUERY | PGWIRE_COPY, {.sql = B("COPY left open")}},
};

struct run {
	struct pgwire_session s;
	struct pgwire_pending queue[4];
	struct pgwire_login login;
	struct pgwire_keys keys;
	const struct row *row;
	struct out out;
	uint8_t out_buf[512];
	char log[1024];
	size_t n;
};

static const uint8_t nonce[PGWIRE_NONCE_SIZE] = {0, 1,  2,  3,  4,  5,  6,  7,  8,
						 9, 10, 11, 12, 13, 14, 15, 16, 17};
static char ids[8]; /* who: request i is &ids[i] */

static inline void say(struct run *r, const char *format, ...) PRINTF_LIKE(2, 3);
static inline void say(struct run *r, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(r->log + r->n, sizeof r->log - r->n, format, args);
	va_end(args);
	r->n += (size_t)n < sizeof r->log - r->n ? (size_t)n : sizeof r->log - r->n - 1;
}

static inline void say_who(struct run *r, const char *word, const void *who)
{
	if (who == NULL)
		say(r, "%s -", word);
	else
		say(r, "%s %d", word, (int)((const char *)who - ids));
}

#define TEXT(s) (int)(s).n, (const char *)(s).p

static inline void say_error(struct run *r, int rc)
{
	static const char *const names[] = {
		"?",     "ETYPE",    "ELENGTH", "EBODY",   "EPHASE",    "EROW",
		"EFULL", "EROOM",    "EAUTH",   "EMETHOD", "ESCRAM",    "ESIGNATURE",
		"EITER", "EFATAL",   "ETEXT",   "EMANY",   "EENCODING", "EREQUEST",
		"ECOPY", "EKEYWORD", "ESYNTAX", "EVALUE",
	};
	say(r, "!%s", names[-rc]);
	if (rc == PGWIRE_EAUTH)
		say(r, " %s %s", r->s.code, r->s.refusal);
	say(r, ";");
}

static inline int send_letter(struct run *r, struct out *o, char letter, void *who)
{
	for (size_t i = 0; i < LENGTH(requests); i++)
		if (requests[i].letter == letter)
			return pgwire_session_send(&r->s, o, &requests[i].q, requests[i].flags,
						   who);
	bail("no request %c", letter);
}

static inline void send_all(struct run *r)
{
	uint8_t buf[512];
	struct out o = out_init(buf, sizeof buf);
	for (size_t i = 0; r->row->requests[i] != '\0'; i++) {
		int rc = send_letter(r, &o, r->row->requests[i], &ids[i]);
		if (rc < 0)
			say_error(r, rc);
	}
}

static inline void say_values(struct run *r, struct pgwire_row row)
{
	struct pgwire_value v;
	while (pgwire_row_next(&row, &v))
		say(r, " %.*s", TEXT(v.null ? SPAN("NULL") : v.bytes));
	say(r, ";");
}

static inline void say_event(struct run *r, const struct pgwire_event *ev)
{
	static const char *const words[] = {
		"none", "work",     "ready", "prepared",  "types",   "columns",
		"row",  "complete", "empty", "suspended", "copy_in", "copy_out",
		"data", "error",    "done",  "notice",    "notify",  "parameter"};
	if (ev->kind == PGWIRE_EV_NONE)
		return;
	if (ev->kind == PGWIRE_EV_WORK || ev->kind == PGWIRE_EV_READY)
		say(r, "%s", words[ev->kind]);
	else
		say_who(r, words[ev->kind], ev->who);
	switch (ev->kind) {
	case PGWIRE_EV_READY:
		say(r, " %c;", ev->status);
		break;
	case PGWIRE_EV_ROW:
		say_values(r, ev->row);
		break;
	case PGWIRE_EV_COLUMNS:
		say(r, " %u;", ev->columns.count);
		break;
	case PGWIRE_EV_TYPES:
		say(r, " %u;", ev->types.count);
		break;
	case PGWIRE_EV_COMPLETE:
		say(r, " %.*s;", TEXT(ev->tag.text));
		break;
	case PGWIRE_EV_ERROR:
	case PGWIRE_EV_NOTICE:
		say(r, " %.*s;", TEXT(ev->error.code));
		break;
	case PGWIRE_EV_DONE:
		say(r, " %s%c;", ev->failed ? "failed " : "", ev->status);
		break;
	case PGWIRE_EV_COPY_IN:
		say(r, ev->failed ? " refused;" : ";");
		break;
	case PGWIRE_EV_COPY_DATA:
		say(r, " %.*s%s;", TEXT(ev->data.bytes), ev->data.more ? "..." : "");
		break;
	case PGWIRE_EV_NOTIFY:
		say(r, " %.*s=%.*s;", TEXT(ev->notify.channel), TEXT(ev->notify.payload));
		break;
	case PGWIRE_EV_PARAMETER:
		say(r, " %.*s=%.*s;", TEXT(ev->setting.name), TEXT(ev->setting.value));
		break;
	default:
		say(r, ";");
	}
}

static inline void start(struct run *r, const struct row *row)
{
	r->row = row;
	r->n = 0;
	r->log[0] = '\0';
	r->keys = (struct pgwire_keys){0};
	r->login = (struct pgwire_login){.user = SPAN("me"),
					 .password = SPAN("pencil"),
					 .flags = row->flags,
					 .keys = &r->keys,
					 .md5 = pgwire_md5};
	r->out = out_init(r->out_buf, sizeof r->out_buf);
	pgwire_session_init(&r->s, NULL, r->queue, LENGTH(r->queue));
	if (pgwire_session_login(&r->s, &r->login, nonce, &r->out) != 1)
		bail("no login for %s", row->name);
	r->out = out_init(r->out_buf, sizeof r->out_buf);
}

/* Two pieces of data, or what the request's letter says instead. */
static inline void copy_in(struct run *r)
{
	pgwire_session_copy(&r->s, &r->out, SPAN("1\n"));
	if (strchr(r->row->requests, 'o') != NULL)
		return;
	if (strchr(r->row->requests, 'g') != NULL) {
		pgwire_session_copy_fail(&r->s, &r->out, SPAN("no"));
		return;
	}
	pgwire_session_copy(&r->s, &r->out, SPAN("2\n"));
	pgwire_session_copy_end(&r->s, &r->out);
}

/* Takes all that can be taken from [in]; the bytes used, or the error. */
static inline int feed(struct run *r, struct span in)
{
	int all = 0;
	for (;;) {
		struct pgwire_event ev;
		int used = pgwire_session_next(&r->s, span_tail(in, (size_t)all), &r->out, &ev);
		if (used == PGWIRE_MORE)
			return all;
		if (used < 0) {
			say_error(r, used);
			check(pgwire_session_next(&r->s, in, &r->out, &ev) == used,
			      "an error stays: %s", r->row->name);
			check(send_letter(r, &r->out, 'q', NULL) == used, "for requests too");
			return used;
		}
		all += used;
		say_event(r, &ev);
		if (ev.kind == PGWIRE_EV_WORK)
			while (pgwire_session_work(&r->s, &r->out, 3) == 0)
				;
		if (ev.kind == PGWIRE_EV_READY)
			send_all(r);
		if (ev.kind == PGWIRE_EV_COPY_IN && !ev.failed)
			copy_in(r);
	}
}

static inline void transcript(struct run *r, const struct row *row, size_t cut)
{
	void *who;
	start(r, row);
	int used = feed(r, guarded(0, span_head(row->server, cut)));
	if (used >= 0)
		used = feed(r, guarded(1, span_tail(row->server, (size_t)used)));
	while (pgwire_session_drop(&r->s, &who)) {
		say_who(r, "drop", who);
		say(r, ";");
	}
}

static inline void test_rows(const struct row *rows, size_t n)
{
	static struct run r;
	for (size_t i = 0; i < n; i++) {
		transcript(&r, &rows[i], rows[i].server.n);
		is_str(r.log, rows[i].want, "%s", rows[i].name);
		if (rows[i].put.p != NULL)
			is_span(out_span_of(&r.out), rows[i].put, "%s: what is written",
				rows[i].name);
		for (size_t cut = 0; cut < rows[i].server.n; cut++) {
			transcript(&r, &rows[i], cut);
			if (!check(strcmp(r.log, rows[i].want) == 0, "%s, cut at %zu", rows[i].name,
				   cut))
				diag("got %s", r.log);
		}
	}
}

/* A run that is logged in, with nothing in flight. */
static inline void logged_in(struct run *r)
{
	static const struct row row = {"logged in", TRUST, "", B(IN), "", {0}};
	start(r, &row);
	feed(r, row.server);
	r->n = 0;
}

#endif
