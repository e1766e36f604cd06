#include "harness/tap.h"
#include "pgwire/pgwire.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))
/* In tables: a span over a literal with NULs inside. */
#define B(literal)                                                 \
	{                                                          \
		(const uint8_t *)("" literal), sizeof(literal) - 1 \
	}

/* The transcript of one message: "row a|NULL", "error -3". */
struct text {
	char at[1024];
	size_t n;
};

static void say(struct text *t, const char *format, ...) PRINTF_LIKE(2, 3);
static void say(struct text *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(t->at + t->n, sizeof t->at - t->n, format, args);
	va_end(args);
	t->n += (size_t)n < sizeof t->at - t->n ? (size_t)n : sizeof t->at - t->n - 1;
}

static void say_span(struct text *t, struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] > ' ' && s.p[i] < 0x7f)
			say(t, "%c", s.p[i]);
		else
			say(t, "\\%02x", s.p[i]);
}

static int tell_columns(struct text *t, const struct pgwire_limits *lim, struct span body)
{
	struct pgwire_columns c;
	struct pgwire_column col;
	int rc = pgwire_columns_init(&c, lim, body);
	say(t, "columns %u", c.count);
	while (pgwire_columns_next(&c, &col)) {
		say(t, " ");
		say_span(t, col.name);
		say(t, ":%u.%d:%u:%d:%d:%s", col.table, col.attr, col.type, col.size, col.modifier,
		    col.binary ? "binary" : "text");
	}
	return rc;
}

static int tell_row(struct text *t, struct span body)
{
	struct pgwire_row r;
	struct pgwire_value v;
	int rc = pgwire_row_init(&r, body);
	say(t, "row %u", r.count);
	while (pgwire_row_next(&r, &v)) {
		say(t, "%s", v.null ? " NULL" : " '");
		say_span(t, v.bytes);
		say(t, "%s", v.null ? "" : "'");
	}
	return rc;
}

static int tell_types(struct text *t, struct span body)
{
	struct pgwire_types types;
	uint32_t oid;
	int rc = pgwire_types_init(&types, body);
	say(t, "types %u", types.count);
	while (pgwire_types_next(&types, &oid))
		say(t, " %u", oid);
	return rc;
}

static int tell_error(struct text *t, struct span body)
{
	struct pgwire_error e;
	int rc = pgwire_get_error(body, &e);
	const struct {
		const char *name;
		struct span s;
	} fields[] = {
		{"word", e.word},
		{"code", e.code},
		{"message", e.message},
		{"detail", e.detail},
		{"hint", e.hint},
		{"position", e.position},
		{"internal_position", e.internal_position},
		{"internal_query", e.internal_query},
		{"where", e.where},
		{"schema", e.schema},
		{"table", e.table},
		{"column", e.column},
		{"type", e.type},
		{"constraint", e.constraint},
		{"file", e.file},
		{"line", e.line},
		{"routine", e.routine},
	};
	say(t, "error severity=%d", e.severity);
	for (size_t i = 0; i < LENGTH(fields); i++) {
		if (fields[i].s.p == NULL)
			continue;
		say(t, " %s=", fields[i].name);
		say_span(t, fields[i].s);
	}
	return rc;
}

static int tell_auth(struct text *t, struct span body)
{
	struct pgwire_auth a;
	int rc = pgwire_get_auth(body, &a);
	say(t, "auth %u ", a.code);
	say_span(t, a.data);
	if (rc > 0 && a.code == PGWIRE_AUTH_SASL)
		say(t, "%s%s", pgwire_auth_offers(&a, SPAN("SCRAM-SHA-256")) ? " scram" : "",
		    pgwire_auth_offers(&a, SPAN("SCRAM-SHA-256-PLUS")) ? " plus" : "");
	return rc;
}

static int tell_pair(struct text *t, struct span body, bool notify)
{
	struct pgwire_notify n = {0};
	struct pgwire_setting s = {0};
	int rc = notify ? pgwire_get_notify(body, &n) : pgwire_get_setting(body, &s);
	say(t, notify ? "notify %u " : "setting ", n.pid);
	say_span(t, notify ? n.channel : s.name);
	say(t, "=");
	say_span(t, notify ? n.payload : s.value);
	return rc;
}

static int tell_small(struct text *t, enum pgwire_type type, struct span body)
{
	struct pgwire_tag tag;
	struct pgwire_key key;
	struct pgwire_versions v;
	struct pgwire_copy copy;
	char status;
	int rc;

	switch (type) {
	case PGWIRE_COMMAND_COMPLETE:
		rc = pgwire_get_tag(body, &tag);
		say(t, "tag ");
		say_span(t, tag.text);
		say(t, " %s %llu", tag.has_rows ? "rows" : "-", (unsigned long long)tag.rows);
		return rc;
	case PGWIRE_BACKEND_KEY:
		rc = pgwire_get_key(body, &key);
		say(t, "key %u ", key.pid);
		say_span(t, key.secret);
		return rc;
	case PGWIRE_READY:
		rc = pgwire_get_status(body, &status);
		say(t, "ready %c", status);
		return rc;
	case PGWIRE_NEGOTIATE_VERSION:
		rc = pgwire_get_versions(body, &v);
		say(t, "versions %u %u", v.version, v.options);
		return rc;
	case PGWIRE_COPY_IN_RESPONSE:
	case PGWIRE_COPY_OUT_RESPONSE:
		rc = pgwire_get_copy(body, &copy);
		say(t, "copy %s %u", copy.binary ? "binary" : "text", copy.columns);
		return rc;
	default:
		say(t, "%c %zu", type, body.n);
		return 1;
	}
}

/* Describes the body, or says only its error. */
static int tell(struct text *t, const struct pgwire_limits *lim, const struct pgwire_msg *m)
{
	int rc;
	t->n = 0;
	if (m->type == PGWIRE_ROW_DESCRIPTION)
		rc = tell_columns(t, lim, m->body);
	else if (m->type == PGWIRE_DATA_ROW)
		rc = tell_row(t, m->body);
	else if (m->type == PGWIRE_PARAMETER_DESCRIPTION)
		rc = tell_types(t, m->body);
	else if (m->type == PGWIRE_ERROR_RESPONSE || m->type == PGWIRE_NOTICE_RESPONSE)
		rc = tell_error(t, m->body);
	else if (m->type == PGWIRE_AUTHENTICATION)
		rc = tell_auth(t, m->body);
	else if (m->type == PGWIRE_NOTIFICATION || m->type == PGWIRE_PARAMETER_STATUS)
		rc = tell_pair(t, m->body, m->type == PGWIRE_NOTIFICATION);
	else
		rc = tell_small(t, m->type, m->body);
	if (rc < 0) {
		t->n = 0;
		say(t, "error %d", rc);
	}
	return rc;
}

static const struct {
	const char *name;
	struct span wire;
	const char *want;
	bool open; /* any length will do: the body can be cut and extended */
} good[] = {
	{"AuthenticationOk", B("R\0\0\0\10\0\0\0\0"), "auth 0 ", false},
	{"AuthenticationCleartextPassword", B("R\0\0\0\10\0\0\0\3"), "auth 3 ", false},
	{"AuthenticationMD5Password", B("R\0\0\0\14\0\0\0\5salt"), "auth 5 salt", false},
	{"AuthenticationSASL", B("R\0\0\0\27\0\0\0\12SCRAM-SHA-256\0\0"),
	 "auth 10 SCRAM-SHA-256\\00\\00 scram", false},
	{"AuthenticationSASL with PLUS",
	 B("R\0\0\0\52\0\0\0\12SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"),
	 "auth 10 SCRAM-SHA-256-PLUS\\00SCRAM-SHA-256\\00\\00 scram plus", false},
	{"AuthenticationSASL without any", B("R\0\0\0\11\0\0\0\12\0"), "auth 10 \\00", false},
	{"AuthenticationSASLContinue", B("R\0\0\0\13\0\0\0\13r=x"), "auth 11 r=x", true},
	{"AuthenticationSASLFinal", B("R\0\0\0\13\0\0\0\14v=x"), "auth 12 v=x", true},
	{"an authentication nobody knows", B("R\0\0\0\12\0\0\0\17xy"), "auth 15 xy", true},
	{"BackendKeyData of 3.0", B("K\0\0\0\14\0\0\1\2abcd"), "key 258 abcd", true},
	{"BackendKeyData of 3.2", B("K\0\0\0\20\0\0\0\7abcdefgh"), "key 7 abcdefgh", true},
	{"BindComplete", B("2\0\0\0\4"), "2 0", true},
	{"CommandComplete, insert", B("C\0\0\0\17INSERT 0 5\0"), "tag INSERT\\200\\205 rows 5",
	 false},
	{"CommandComplete, select", B("C\0\0\0\16SELECT 12\0"), "tag SELECT\\2012 rows 12", false},
	{"CommandComplete, no rows", B("C\0\0\0\21CREATE TABLE\0"), "tag CREATE\\20TABLE - 0",
	 false},
	{"CommandComplete, a count beyond 64 bits", B("C\0\0\0\43SELECT 99999999999999999999999\0"),
	 "tag SELECT\\2099999999999999999999999 - 0", false},
	{"CopyInResponse", B("G\0\0\0\13\0\0\2\0\0\0\0"), "copy text 2", false},
	{"CopyOutResponse, binary", B("H\0\0\0\13\1\0\2\0\1\0\1"), "copy binary 2", false},
	{"CopyData", B("d\0\0\0\7abc"), "d 3", true},
	{"CopyDone", B("c\0\0\0\4"), "c 0", true},
	{"DataRow", B("D\0\0\0\23\0\3\0\0\0\0011\377\377\377\377\0\0\0\0"), "row 3 '1' NULL ''",
	 false},
	{"DataRow without columns", B("D\0\0\0\6\0\0"), "row 0", false},
	{"EmptyQueryResponse", B("I\0\0\0\4"), "I 0", true},
	{"ErrorResponse, every field",
	 B("E\0\0\0\123SERROR\0VERROR\0C23505\0Mdup\0Dd\0Hh\0P8\0p9\0qq\0Ww\0ss\0tt\0cc\0du\0nk\0Ff"
	   "\0"
	   "L12\0Rr\0Zunknown\0\0"),
	 "error severity=6 word=ERROR code=23505 message=dup detail=d hint=h position=8 "
	 "internal_position=9 internal_query=q where=w schema=s table=t column=c type=u "
	 "constraint=k file=f line=12 routine=r",
	 false},
	{"ErrorResponse, translated", B("E\0\0\0\36SFEHLER\0VFATAL\0C57P01\0Mx\0\0"),
	 "error severity=7 word=FEHLER code=57P01 message=x", false},
	{"ErrorResponse, before 9.6", B("E\0\0\0\26SPANIC\0CXX000\0Mx\0\0"),
	 "error severity=8 word=PANIC code=XX000 message=x", false},
	{"ErrorResponse, translated before 9.6", B("E\0\0\0\27SFEHLER\0CXX000\0Mx\0\0"),
	 "error severity=0 word=FEHLER code=XX000 message=x", false},
	{"NoticeResponse", B("N\0\0\0\30SWARNING\0C01000\0Mx\0\0"),
	 "error severity=5 word=WARNING code=01000 message=x", false},
	{"NegotiateProtocolVersion", B("v\0\0\0\14\0\0\0\0\0\0\0\0"), "versions 0 0", false},
	{"NegotiateProtocolVersion, one option", B("v\0\0\0\23\0\0\0\2\0\0\0\1_pq_.a\0"),
	 "versions 2 1", false},
	{"NoData", B("n\0\0\0\4"), "n 0", true},
	{"NotificationResponse", B("A\0\0\0\21\0\0\0\11insert\0\65\0"), "notify 9 insert=5", false},
	{"NotificationResponse, empty payload", B("A\0\0\0\14\0\0\0\11ab\0\0"),
	 "notify 9 ab=", false},
	{"ParameterDescription", B("t\0\0\0\16\0\2\0\0\0\27\0\0\0\31"), "types 2 23 25", false},
	{"ParameterStatus", B("S\0\0\0\16TimeZone\0\0"), "setting TimeZone=", false},
	{"ParseComplete", B("1\0\0\0\4"), "1 0", true},
	{"PortalSuspended", B("s\0\0\0\4"), "s 0", true},
	{"ReadyForQuery", B("Z\0\0\0\5I"), "ready I", false},
	{"ReadyForQuery in a failed transaction", B("Z\0\0\0\5E"), "ready E", false},
	{"RowDescription",
	 B("T\0\0\0\63\0\2number\0\0\0\100\0\0\1\0\0\0\27\0\4\377\377\377\377\0\0"
	   "b\0\0\0\0\0\0\0\0\0\0\31\377\377\0\0\0\5\0\1"),
	 "columns 2 number:16384.1:23:4:-1:text b:0.0:25:-1:5:binary", false},
	{"RowDescription without columns", B("T\0\0\0\6\0\0"), "columns 0", false},
};

/* The length as the bytes are, whatever the row says. */
static struct span with_length(struct span wire, uint8_t *buf)
{
	memcpy(buf, wire.p, wire.n);
	put_be32(buf + 1, (uint32_t)wire.n - 1);
	return span_of(buf, wire.n);
}

static void test_good(void)
{
	for (size_t i = 0; i < LENGTH(good); i++) {
		struct pgwire_msg m;
		struct text t;
		struct span wire = good[i].wire;
		for (size_t cut = 0; cut < wire.n; cut++)
			check(pgwire_next(&pgwire_default_limits, guarded(0, span_head(wire, cut)),
					  &m) == PGWIRE_MORE,
			      "%s, cut at %zu", good[i].name, cut);
		int used = pgwire_next(&pgwire_default_limits, guarded(0, wire), &m);
		check(used == (int)wire.n, "%s: %d bytes used", good[i].name, used);
		tell(&t, &pgwire_default_limits, &m);
		is_str(t.at, good[i].want, "%s", good[i].name);
	}
}

/* Every body that is shorter or longer than it says inside is refused. */
static void test_lengths(void)
{
	for (size_t i = 0; i < LENGTH(good); i++) {
		uint8_t buf[512];
		struct text t;
		struct pgwire_msg m = {good[i].wire.p[0], SPAN_NONE};
		struct span body = span_tail(good[i].wire, 5);
		if (good[i].open)
			continue;
		for (size_t cut = 0; cut < body.n; cut++) {
			m.body = guarded(0, span_head(body, cut));
			check(tell(&t, &pgwire_default_limits, &m) == PGWIRE_EBODY,
			      "%s, body cut at %zu", good[i].name, cut);
		}
		memcpy(buf, body.p, body.n);
		for (unsigned more = 0; more < 256; more += 51) {
			buf[body.n] = (uint8_t)more;
			m.body = guarded(0, span_of(buf, body.n + 1));
			check(tell(&t, &pgwire_default_limits, &m) == PGWIRE_EBODY,
			      "%s and one byte more", good[i].name);
		}
		m.body = SPAN_NONE;
		tell(&t, &pgwire_default_limits, &m);
	}
	ok(failures() == 0, "bodies cut or extended are refused");
}

static void test_bad(void)
{
	static const struct {
		const char *name;
		struct span wire;
		int want;
	} rows[] = {
		{"no such type", B("x"), PGWIRE_ETYPE},
		{"type NUL", B("\0\0\0\0\4"), PGWIRE_ETYPE},
		{"type 0xff", B("\377"), PGWIRE_ETYPE},
		{"a message of the client", B("Q\0\0\0\5\0"), PGWIRE_ETYPE},
		{"length 3", B("Z\0\0\0\3"), PGWIRE_ELENGTH},
		{"length 0", B("D\0\0\0\0"), PGWIRE_ELENGTH},
		{"negative length", B("D\377\377\377\377"), PGWIRE_ELENGTH},
		{"a text, as a server that cannot fork sends it", B("EFATAL:  could not fork"),
		 PGWIRE_ELENGTH},
		{"BackendKeyData of 3 bytes", B("K\0\0\0\13\0\0\1\2abc"), PGWIRE_EBODY},
		{"ReadyForQuery X", B("Z\0\0\0\5X"), PGWIRE_EBODY},
		{"value longer than the row", B("D\0\0\0\13\0\1\0\0\0\2a"), PGWIRE_EBODY},
		{"value of length -2", B("D\0\0\0\12\0\1\377\377\377\376"), PGWIRE_EBODY},
		{"fewer values than said", B("D\0\0\0\12\0\2\377\377\377\377"), PGWIRE_EBODY},
		{"negative count of values", B("D\0\0\0\12\377\377\377\377\377\377"), PGWIRE_EBODY},
		{"column in format 2",
		 B("T\0\0\0\32\0\1b\0\0\0\0\0\0\0\0\0\0\31\377\377\0\0\0\5\0\2"), PGWIRE_EBODY},
		{"more columns than the limit", B("T\0\0\0\6\6\201"), PGWIRE_EMANY},
		{"as many as the limit, but not there", B("T\0\0\0\6\6\200"), PGWIRE_EBODY},
		{"error without severity", B("E\0\0\0\17C23505\0Mx\0\0"), PGWIRE_EBODY},
		{"error without code", B("E\0\0\0\17SERROR\0Mx\0\0"), PGWIRE_EBODY},
		{"error without message", B("E\0\0\0\23SERROR\0C23505\0\0"), PGWIRE_EBODY},
		{"code of four", B("E\0\0\0\25SERROR\0C2350\0Mx\0\0"), PGWIRE_EBODY},
		{"code with a small letter", B("E\0\0\0\26SERROR\0C2350a\0Mx\0\0"), PGWIRE_EBODY},
		{"AuthenticationOk with data", B("R\0\0\0\11\0\0\0\0x"), PGWIRE_EBODY},
		{"salt of three", B("R\0\0\0\13\0\0\0\5sal"), PGWIRE_EBODY},
		{"mechanisms without an end", B("R\0\0\0\13\0\0\0\12ab\0"), PGWIRE_EBODY},
		{"bytes behind the mechanisms", B("R\0\0\0\15\0\0\0\12ab\0\0c"), PGWIRE_EBODY},
		{"copy in format 2", B("G\0\0\0\7\2\0\0"), PGWIRE_EBODY},
		{"binary column in a text copy", B("G\0\0\0\11\0\0\1\0\1"), PGWIRE_EBODY},
		{"2^32 - 1 options", B("v\0\0\0\20\0\0\0\0\377\377\377\377a\0b\0"), PGWIRE_EBODY},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct pgwire_msg m;
		struct text t;
		uint8_t buf[512];
		struct span wire = rows[i].wire;
		if (rows[i].want != PGWIRE_ETYPE && rows[i].want != PGWIRE_ELENGTH)
			wire = with_length(wire, buf);
		int rc = pgwire_next(&pgwire_default_limits, guarded(0, wire), &m);
		if (rc > 0)
			rc = tell(&t, &pgwire_default_limits, &m);
		is_int(rc, rows[i].want, "%s", rows[i].name);
	}
}

/* A length is judged from five bytes: at the limit more is wanted, above it nothing is. */
static void test_limits(void)
{
	const struct pgwire_limits lim = {
		.row = 70000, .other = 500, .small = 20, .columns = 1, .reports = 1};
	static const struct {
		const char *types;
		uint32_t limit;
	} rows[] = {
		{"Dd", 70000},
		{"TtENAV", 500},
		{"RK23CcGHWIvnS1sZ", 20},
	};
	for (size_t i = 0; i < LENGTH(rows); i++)
		for (const char *type = rows[i].types; *type != '\0'; type++)
			for (uint32_t over = 0; over < 2; over++) {
				struct pgwire_msg m;
				uint8_t head[5] = {(uint8_t)*type};
				put_be32(head + 1, rows[i].limit + 4 + over);
				check(pgwire_next(&lim, guarded(0, span_of(head, 5)), &m) ==
					      (over ? PGWIRE_ELENGTH : PGWIRE_MORE),
				      "limit of %c, %u above", *type, over);
			}
	ok(failures() == 0, "the limit of every type");

	const struct pgwire_limits none = {UINT32_MAX, UINT32_MAX, UINT32_MAX, 0, 0, 0, 0};
	struct pgwire_msg m;
	is_int(pgwire_next(&none, SPAN("D\100\0\0\2"), &m), PGWIRE_MORE, "the highest limit");
	is_int(pgwire_next(&none, SPAN("D\100\0\0\3"), &m), PGWIRE_ELENGTH, "one byte above");

	struct pgwire_limits fit;
	pgwire_limits_init(&fit, 105);
	ok(pgwire_next(&fit, SPAN("D\0\0\0\150"), &m) == PGWIRE_MORE &&
		   pgwire_next(&fit, SPAN("D\0\0\0\151"), &m) == PGWIRE_ELENGTH &&
		   pgwire_next(&fit, SPAN("E\0\0\0\151"), &m) == PGWIRE_ELENGTH &&
		   pgwire_next(&fit, SPAN("C\0\0\0\151"), &m) == PGWIRE_ELENGTH,
	   "limits for a buffer of 105 bytes");
	ok(fit.piece == 100 && fit.columns == pgwire_default_limits.columns, "and its pieces");
	pgwire_limits_init(&fit, SIZE_MAX);
	ok(fit.row == pgwire_default_limits.row && fit.piece == PGWIRE_MESSAGE_MAX,
	   "limits for a buffer without end");
}

static void test_key_sizes(void)
{
	uint8_t body[4 + PGWIRE_KEY_MAX + 1] = {0};
	struct pgwire_key k;
	for (size_t n = 0; n <= sizeof body; n++)
		check(pgwire_get_key(guarded(0, span_of(body, n)), &k) ==
			      (n >= 8 && n <= 4 + PGWIRE_KEY_MAX ? 1 : PGWIRE_EBODY),
		      "a key of %zu bytes", n);
	ok(failures() == 0, "keys of 4 to 256 bytes and no others");
}

static void test_garbage(void)
{
	uint32_t seed = 1;
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t buf[64];
		size_t n = 5 + round % 59;
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			/* Mostly small bytes: counts and lengths that have a chance. */
			buf[i] = seed >> 31 ? (uint8_t)(seed >> 23) : (uint8_t)(seed >> 23 & 3);
		}
		buf[0] = (uint8_t) "RKCDTtENAvSZGH"[round % 14];
		put_be32(buf + 1, (uint32_t)n - 1);
		struct pgwire_msg m;
		struct text t, again;
		struct span wire = guarded(0, span_of(buf, n));
		if (!check(pgwire_next(&pgwire_default_limits, wire, &m) == (int)n, "framing"))
			continue;
		int rc = tell(&t, &pgwire_default_limits, &m);
		check(rc == 1 || rc == PGWIRE_EBODY || rc == PGWIRE_EMANY, "a verdict, not %d", rc);
		check(tell(&again, &pgwire_default_limits, &m) == rc && strcmp(t.at, again.at) == 0,
		      "the same verdict twice");
	}
	ok(failures() == 0, "20,000 bodies of garbage: a verdict each");
}

static void test_classes(void)
{
	static const struct {
		const char *code;
		enum pgwire_class want;
	} rows[] = {
		{"23505", PGWIRE_CLASS_STATEMENT}, {"42P01", PGWIRE_CLASS_STATEMENT},
		{"57014", PGWIRE_CLASS_STATEMENT}, {"40002", PGWIRE_CLASS_STATEMENT},
		{"", PGWIRE_CLASS_STATEMENT},      {"08006", PGWIRE_CLASS_DEAD},
		{"08P01", PGWIRE_CLASS_DEAD},      {"57P01", PGWIRE_CLASS_ELSEWHERE},
		{"57P02", PGWIRE_CLASS_ELSEWHERE}, {"57P04", PGWIRE_CLASS_DEAD},
		{"57P05", PGWIRE_CLASS_DEAD},      {"25P03", PGWIRE_CLASS_DEAD},
		{"25P04", PGWIRE_CLASS_DEAD},      {"40001", PGWIRE_CLASS_RETRY},
		{"40P01", PGWIRE_CLASS_RETRY},     {"25006", PGWIRE_CLASS_ELSEWHERE},
		{"53300", PGWIRE_CLASS_BUSY},      {"53200", PGWIRE_CLASS_BUSY},
		{"57P03", PGWIRE_CLASS_ELSEWHERE}, {"26000", PGWIRE_CLASS_STALE},
		{"0A000", PGWIRE_CLASS_STALE},     {"28P01", PGWIRE_CLASS_LOGIN},
		{"3D000", PGWIRE_CLASS_LOGIN},
	};
	for (size_t i = 0; i < LENGTH(rows); i++)
		is_int(pgwire_class_of(guarded(0, span_str(rows[i].code))), rows[i].want,
		       "class of %s", rows[i].code);
}

static void test_strerror(void)
{
	for (int rc = -1; rc >= PGWIRE_EVALUE; rc--) {
		check(strcmp(pgwire_strerror(rc), "no error") != 0, "words for %d", rc);
		for (int other = rc + 1; other < 0; other++)
			check(strcmp(pgwire_strerror(rc), pgwire_strerror(other)) != 0,
			      "words of %d and %d", rc, other);
	}
	is_str(pgwire_strerror(0), "no error", "strerror of 0");
	is_str(pgwire_strerror(PGWIRE_EVALUE - 1), "no error", "strerror of what is none");
}

int main(void)
{
	test_good();
	test_lengths();
	test_bad();
	test_limits();
	test_key_sizes();
	test_garbage();
	test_classes();
	test_strerror();
	return done();
}
