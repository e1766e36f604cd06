#include "pgwire/pgwire.h"

#include "pgwire/pgwire_cursor.h"

const char *pgwire_strerror(int rc)
{
	switch (rc) {
	case PGWIRE_ETYPE:
		return "a message type the protocol does not have";
	case PGWIRE_ELENGTH:
		return "a message length below 4 or above the limit for its type";
	case PGWIRE_EBODY:
		return "a message body that does not match its type";
	case PGWIRE_EPHASE:
		return "a message that may not come now";
	case PGWIRE_EROW:
		return "a row that does not fit its description";
	case PGWIRE_EFULL:
		return "too many requests in flight";
	case PGWIRE_EROOM:
		return "no room for the output";
	case PGWIRE_EAUTH:
		return "login refused by the server";
	case PGWIRE_EMETHOD:
		return "an authentication method that is unknown or not allowed";
	case PGWIRE_ESCRAM:
		return "a malformed SCRAM message";
	case PGWIRE_ESIGNATURE:
		return "the server did not prove that it knows the password";
	case PGWIRE_EITERATIONS:
		return "more SCRAM iterations than the limit";
	case PGWIRE_EFATAL:
		return "the server ended the connection";
	case PGWIRE_ETEXT:
		return "a NUL inside a text";
	case PGWIRE_EMANY:
		return "more columns, notices or parameter reports than the limit";
	case PGWIRE_EENCODING:
		return "client_encoding is not UTF8";
	case PGWIRE_EREQUEST:
		return "a request that the protocol cannot say";
	case PGWIRE_ECOPY:
		return "a COPY is not over";
	case PGWIRE_EKEYWORD:
		return "an unknown connection option";
	case PGWIRE_ESYNTAX:
		return "malformed connection string";
	case PGWIRE_EVALUE:
		return "a connection option with a value that it cannot have";
	default:
		return "no error";
	}
}

/* Where each kind of field goes: "Error and Notice Message Fields" of the manual. */
static const struct {
	uint8_t kind;
	uint16_t at;
} fields[] = {
	{'S', offsetof(struct pgwire_error, word)},
	{'C', offsetof(struct pgwire_error, code)},
	{'M', offsetof(struct pgwire_error, message)},
	{'D', offsetof(struct pgwire_error, detail)},
	{'H', offsetof(struct pgwire_error, hint)},
	{'P', offsetof(struct pgwire_error, position)},
	{'p', offsetof(struct pgwire_error, internal_position)},
	{'q', offsetof(struct pgwire_error, internal_query)},
	{'W', offsetof(struct pgwire_error, where)},
	{'s', offsetof(struct pgwire_error, schema)},
	{'t', offsetof(struct pgwire_error, table)},
	{'c', offsetof(struct pgwire_error, column)},
	{'d', offsetof(struct pgwire_error, type)},
	{'n', offsetof(struct pgwire_error, constraint)},
	{'F', offsetof(struct pgwire_error, file)},
	{'L', offsetof(struct pgwire_error, line)},
	{'R', offsetof(struct pgwire_error, routine)},
};

static enum pgwire_severity severity_of(struct span word)
{
	static const struct {
		struct span word;
		enum pgwire_severity severity;
	} known[] = {
		{{(const uint8_t *)"ERROR", 5}, PGWIRE_ERROR},
		{{(const uint8_t *)"FATAL", 5}, PGWIRE_FATAL},
		{{(const uint8_t *)"PANIC", 5}, PGWIRE_PANIC},
		{{(const uint8_t *)"WARNING", 7}, PGWIRE_WARNING},
		{{(const uint8_t *)"NOTICE", 6}, PGWIRE_NOTICE},
		{{(const uint8_t *)"DEBUG", 5}, PGWIRE_DEBUG},
		{{(const uint8_t *)"INFO", 4}, PGWIRE_INFO},
		{{(const uint8_t *)"LOG", 3}, PGWIRE_LOG},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (span_eq(word, known[i].word))
			return known[i].severity;
	return PGWIRE_SEVERITY_OTHER;
}

static void keep_field(struct pgwire_error *e, uint8_t kind, struct span text)
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (fields[i].kind == kind)
			*(struct span *)(void *)((char *)e + fields[i].at) = text;
}

static bool is_code(struct span s)
{
	if (s.n != 5)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		bool digit = s.p[i] >= '0' && s.p[i] <= '9';
		bool capital = s.p[i] >= 'A' && s.p[i] <= 'Z';
		if (!digit && !capital)
			return false;
	}
	return true;
}

int pgwire_get_error(struct span body, struct pgwire_error *e)
{
	struct cursor c = {.rest = body};
	struct span plain = SPAN_NONE; /* 'V': the severity untranslated, since 9.6 */
	uint8_t kind;

	*e = (struct pgwire_error){0};
	while ((kind = take_byte(&c)) != 0) {
		struct span text = take_text(&c);
		if (c.bad)
			return PGWIRE_EBODY;
		if (kind == 'V')
			plain = text;
		else
			keep_field(e, kind, text);
	}
	if (e->word.p == NULL)
		e->word = plain;
	if (e->word.p == NULL || e->message.p == NULL || !is_code(e->code))
		return PGWIRE_EBODY;
	e->severity = severity_of(plain.p != NULL ? plain : e->word);
	return take_end(&c);
}

/* Appendix "PostgreSQL Error Codes". First match wins; a class is its first two characters. */
static const struct {
	char code[6];
	uint8_t class;
} classes[] = {
	{"08", PGWIRE_CLASS_DEAD},         /* connection exceptions */
	{"57P01", PGWIRE_CLASS_ELSEWHERE}, /* admin_shutdown */
	{"57P02", PGWIRE_CLASS_ELSEWHERE}, /* crash_shutdown */
	{"57P03", PGWIRE_CLASS_ELSEWHERE}, /* cannot_connect_now */
	{"57P04", PGWIRE_CLASS_DEAD},      /* database_dropped */
	{"57P05", PGWIRE_CLASS_DEAD},      /* idle_session_timeout */
	{"25P03", PGWIRE_CLASS_DEAD},      /* idle_in_transaction_session_timeout */
	{"25P04", PGWIRE_CLASS_DEAD},      /* transaction_timeout */
	{"40001", PGWIRE_CLASS_RETRY},     /* serialization_failure */
	{"40P01", PGWIRE_CLASS_RETRY},     /* deadlock_detected */
	{"25006", PGWIRE_CLASS_ELSEWHERE}, /* read_only_sql_transaction */
	{"53", PGWIRE_CLASS_BUSY},         /* too many connections, out of memory, disk full */
	{"26000", PGWIRE_CLASS_STALE},     /* invalid_sql_statement_name */
	{"0A000", PGWIRE_CLASS_STALE},     /* "cached plan must not change result type" */
	{"28", PGWIRE_CLASS_LOGIN},        /* invalid authorization */
	{"3D000", PGWIRE_CLASS_LOGIN},     /* invalid_catalog_name: no such database */
};

enum pgwire_class pgwire_class_of(struct span code)
{
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (span_starts(code, span_str(classes[i].code)))
			return classes[i].class;
	return PGWIRE_CLASS_STATEMENT;
}
