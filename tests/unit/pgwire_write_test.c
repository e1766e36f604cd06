#include "harness/tap.h"
#include "pgwire/pgwire_value.h"

#define LENGTH(a) (sizeof(a) / sizeof *(a))
/* In tables: a span over a literal with NULs inside. */
#define B(literal)                                                 \
	{                                                          \
		(const uint8_t *)("" literal), sizeof(literal) - 1 \
	}

static const struct pgwire_param params[] = {
	{.value = B("5"), .oid = PGWIRE_OID_INT4},
	{.null = true},
	{.value = B("\0\1"), .binary = true, .oid = PGWIRE_OID_INT2},
};

static void put_startup(struct out *o)
{
	const struct pgwire_setting settings[] = {
		{SPAN("user"), SPAN("me")}, {SPAN("options"), SPAN_NONE}, {SPAN("a"), SPAN("b")}};
	pgwire_put_startup(o, PGWIRE_VERSION_3_0, 3, settings);
}
static void put_cancel(struct out *o)
{
	pgwire_put_cancel(o, 258, SPAN("abcd"));
}
static void put_password(struct out *o)
{
	pgwire_put_password(o, SPAN("secret"));
}
static void put_sasl_first(struct out *o)
{
	pgwire_put_sasl_first(o, SPAN("SCRAM-SHA-256"), SPAN("n,,n=,r=x"));
}
static void put_sasl(struct out *o)
{
	pgwire_put_sasl(o, SPAN("c=biws"));
}
static void put_query(struct out *o)
{
	pgwire_put_query(o, SPAN("SELECT 1"));
}
static void put_parse(struct out *o)
{
	pgwire_put_parse(o, SPAN("s1"), SPAN("SELECT $1"), 3, params);
}
static void put_bind(struct out *o)
{
	pgwire_put_bind(o, SPAN("p"), SPAN("s1"), 3, params, SPAN("\0\1"));
}
static void put_bind_nothing(struct out *o)
{
	pgwire_put_bind(o, SPAN_NONE, SPAN_NONE, 0, NULL, SPAN_NONE);
}
static void put_describe_s(struct out *o)
{
	pgwire_put_describe_statement(o, SPAN("s1"));
}
static void put_describe_p(struct out *o)
{
	pgwire_put_describe_portal(o, SPAN_NONE);
}
static void put_execute(struct out *o)
{
	pgwire_put_execute(o, SPAN("p"), 100);
}
static void put_close_s(struct out *o)
{
	pgwire_put_close_statement(o, SPAN("s1"));
}
static void put_close_p(struct out *o)
{
	pgwire_put_close_portal(o, SPAN("p"));
}
static void put_copy_data(struct out *o)
{
	pgwire_put_copy_data(o, SPAN("1\t2\n"));
}
static void put_copy_fail(struct out *o)
{
	pgwire_put_copy_fail(o, SPAN("no"));
}

static void test_writers(void)
{
	static const struct {
		const char *name;
		void (*put)(struct out *o);
		struct span want;
	} rows[] = {
		{"SSLRequest", pgwire_put_ssl_request, B("\0\0\0\10\4\322\26\57")},
		{"CancelRequest", put_cancel, B("\0\0\0\20\4\322\26\56\0\0\1\2abcd")},
		{"StartupMessage", put_startup, B("\0\0\0\25\0\3\0\0user\0me\0a\0b\0\0")},
		{"PasswordMessage", put_password, B("p\0\0\0\13secret\0")},
		{"SASLInitialResponse", put_sasl_first,
		 B("p\0\0\0\37SCRAM-SHA-256\0\0\0\0\11n,,n=,r=x")},
		{"SASLResponse", put_sasl, B("p\0\0\0\12c=biws")},
		{"Query", put_query, B("Q\0\0\0\15SELECT 1\0")},
		{"Parse", put_parse, B("P\0\0\0\37s1\0SELECT $1\0\0\3\0\0\0\27\0\0\0\0\0\0\0\25")},
		{"Bind", put_bind,
		 B("B\0\0\0\50p\0s1\0\0\3\0\0\0\0\0\1\0\3\0\0\0\0015\377\377\377\377\0\0\0\2\0\1\0"
		   "\2"
		   "\0\0\0\1")},
		{"Bind of nothing", put_bind_nothing, B("B\0\0\0\14\0\0\0\0\0\0\0\0")},
		{"Describe a statement", put_describe_s, B("D\0\0\0\10Ss1\0")},
		{"Describe a portal", put_describe_p, B("D\0\0\0\6P\0")},
		{"Execute", put_execute, B("E\0\0\0\12p\0\0\0\0d")},
		{"Close a statement", put_close_s, B("C\0\0\0\10Ss1\0")},
		{"Close a portal", put_close_p, B("C\0\0\0\7Pp\0")},
		{"Sync", pgwire_put_sync, B("S\0\0\0\4")},
		{"Flush", pgwire_put_flush, B("H\0\0\0\4")},
		{"CopyData", put_copy_data, B("d\0\0\0\0101\t2\n")},
		{"CopyDone", pgwire_put_copy_done, B("c\0\0\0\4")},
		{"CopyFail", put_copy_fail, B("f\0\0\0\7no\0")},
		{"Terminate", pgwire_put_terminate, B("X\0\0\0\4")},
	};
	for (size_t i = 0; i < LENGTH(rows); i++) {
		uint8_t buf[256];
		struct out o = out_init(buf, sizeof buf);
		rows[i].put(&o);
		is_span(out_span_of(&o), rows[i].want, "%s", rows[i].name);
		for (size_t cap = 0; cap <= rows[i].want.n; cap++) {
			/* At the end of the buffer, so that ASan sees a byte too many. */
			o = out_init(buf + sizeof buf - cap, cap);
			rows[i].put(&o);
			check(o.over == (cap < rows[i].want.n), "%s in %zu bytes", rows[i].name,
			      cap);
		}
	}
}

static bool refuses(struct out o)
{
	return o.over;
}

static void test_unsayable(void)
{
	static uint8_t big[1 << 20];
	const struct span nul = SPAN("a\0b"), fine = SPAN("x");
	const struct pgwire_setting bad_name = {SPAN("us\0er"), SPAN("x")};
	const struct pgwire_setting bad_value = {SPAN("user"), SPAN("x\0database\0y")};
	const struct pgwire_setting no_name = {SPAN_NONE, SPAN("x")};
	static const struct pgwire_param many[PGWIRE_PARAMS_MAX + 1];
	static const uint8_t formats[PGWIRE_PARAMS_MAX + 1];
	struct out o;
#define REFUSES(put, name)             \
	o = out_init(big, sizeof big); \
	put;                           \
	ok(refuses(o), "refused: %s", name)
	REFUSES(pgwire_put_query(&o, nul), "NUL in SQL");
	REFUSES(pgwire_put_password(&o, nul), "NUL in a password");
	REFUSES(pgwire_put_sasl_first(&o, nul, fine), "NUL in a mechanism");
	REFUSES(pgwire_put_parse(&o, nul, fine, 0, NULL), "NUL in a statement's name");
	REFUSES(pgwire_put_parse(&o, fine, nul, 0, NULL), "NUL in a statement");
	REFUSES(pgwire_put_bind(&o, nul, fine, 0, NULL, SPAN_NONE), "NUL in a portal's name");
	REFUSES(pgwire_put_describe_statement(&o, nul), "NUL in Describe");
	REFUSES(pgwire_put_execute(&o, nul, 0), "NUL in Execute");
	REFUSES(pgwire_put_close_portal(&o, nul), "NUL in Close");
	REFUSES(pgwire_put_copy_fail(&o, nul), "NUL in CopyFail");
	REFUSES(pgwire_put_startup(&o, PGWIRE_VERSION_3_0, 1, &bad_name),
		"NUL in a setting's name");
	REFUSES(pgwire_put_startup(&o, PGWIRE_VERSION_3_0, 1, &bad_value), "NUL in a setting");
	REFUSES(pgwire_put_startup(&o, PGWIRE_VERSION_3_0, 1, &no_name),
		"a setting without a name");
	REFUSES(pgwire_put_parse(&o, fine, fine, PGWIRE_PARAMS_MAX + 1, many), "65,536 types");
	REFUSES(pgwire_put_bind(&o, fine, fine, PGWIRE_PARAMS_MAX + 1, many, SPAN_NONE),
		"65,536 parameters");
	REFUSES(pgwire_put_bind(&o, fine, fine, 0, NULL, span_of(formats, sizeof formats)),
		"65,536 formats");
	REFUSES(pgwire_put_cancel(&o, 1, SPAN("abc")), "a key of 3 bytes");
	REFUSES(pgwire_put_cancel(&o, 1, span_of(big, PGWIRE_KEY_MAX + 1)), "a key of 257 bytes");
#undef REFUSES
	o = out_init(big, sizeof big);
	pgwire_put_bind(&o, fine, fine, PGWIRE_PARAMS_MAX, many, SPAN_NONE);
	ok(!o.over, "65,535 parameters are fine");
}

int main(void)
{
	test_writers();
	test_unsayable();
	return done();
}
