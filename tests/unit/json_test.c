#include "harness/tap.h"
#include "services/common/json.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define D8(s) s s s s s s s s
#define D32(s) D8(s) D8(s) D8(s) D8(s)

/* In the spirit of github.com/nst/JSONTestSuite: y_ rows, n_ rows, and the open i_ cases. */
static const struct row {
	struct span text;
	int rc;
} rows[] = {
#define Y(text)                                                            \
	{                                                                  \
		{(const uint8_t *)("" text), sizeof(text) - 1}, JSON_VALID \
	}
#define N(text)                                                              \
	{                                                                    \
		{(const uint8_t *)("" text), sizeof(text) - 1}, JSON_ESYNTAX \
	}
#define DEEP(text)                                                          \
	{                                                                   \
		{(const uint8_t *)("" text), sizeof(text) - 1}, JSON_EDEPTH \
	}
	/* literals, and white space around them */
	Y("null"),
	Y("true"),
	Y("false"),
	Y(" true"),
	Y("true\r\n\t "),
	Y("\n\n1\n"),
	/* numbers */
	Y("0"),
	Y("-0"),
	Y("1"),
	Y("-1"),
	Y("1234567890"),
	Y("0.5"),
	Y("-0.0"),
	Y("1e1"),
	Y("1E1"),
	Y("1e+1"),
	Y("1E-1"),
	Y("0e0"),
	Y("0e+01"),
	Y("1.5e10"),
	Y("[1,2]"),
	Y("1e999999"),
	Y("123456789012345678901234567890"),
	Y("-123.456e-789"),
	/* strings */
	Y("\"\""),
	Y("\"a\""),
	Y("\" \""),
	Y("\"\\\"\""),
	Y("\"\\\\\""),
	Y("\"\\/\""),
	Y("\"/\""),
	Y("\"\\b\\f\\n\\r\\t\""),
	Y("\"\\u0000\""),
	Y("\"\\u00e9\""),
	Y("\"\\uABCD\""),
	Y("\"\\uabcd\""),
	Y("\"\\ud83d\\ude00\""),
	Y("\"\\\\u0041\""),
	Y("\"\x7f\""),
	Y("\"\xc3\xa9\""),
	Y("\"\xc2\x80\""),
	Y("\"\xdf\xbf\""),
	Y("\"\xe0\xa0\x80\""),
	Y("\"\xed\x9f\xbf\""),
	Y("\"\xee\x80\x80\""),
	Y("\"\xef\xbf\xbf\""),
	Y("\"\xf0\x90\x80\x80\""),
	Y("\"\xf4\x8f\xbf\xbf\""),
	Y("\"\xe2\x80\xa8\""),
	Y("\"\xef\xbb\xbf\""),
	/* lone surrogates as escapes: RFC 8259 section 8.2 leaves them open, here they pass */
	Y("\"\\ud800\""),
	Y("\"\\udc00\""),
	Y("\"\\ud800\\u0041\""),
	Y("\"\\ud800\\ud800\""),
	Y("\"\\udc00\\ud800\""),
	Y("\"\\ud800x\""),
	/* arrays */
	Y("[]"),
	Y("[ ]"),
	Y("[null]"),
	Y("[[]]"),
	Y("[ 1 , 2 ]"),
	Y("[\"a\",{},[],1,true]"),
	Y("[1\n]"),
	Y(" [] "),
	Y("[[[[]],[]]]"),
	/* objects */
	Y("{}"),
	Y("{ }"),
	Y("{\"a\":1}"),
	Y("{\"\":0}"),
	Y("{\"a\":1,\"a\":2}"),
	Y("{ \"a\" : 1 , \"b\" : [ ] }"),
	Y("{\"\\u0000\":0}"),
	Y("{\"a\":{\"b\":{\"c\":[]}}}"),
	/* as deep as allowed, and that often again beside it */
	Y(D32("[") D32("]")),
	Y("[" D8("[],") D32("[],") "[]]"),
	Y(D8("{\"a\":") "1" D8("}")),

	/* nothing, or no value */
	N(""),
	N(" "),
	N("\n"),
	N(","),
	N(":"),
	N("]"),
	N("}"),
	N("\0"),
	N("\xef\xbb\xbf"),
	N("\xef\xbb\xbf{}"),
	N("\xff\xfe[\0]\0"),
	N("\xa0"),
	N("\f1"),
	N("\v1"),
	N("1\f"),
	N("1\0"),
	N("\xe2\x81\xa0[]"),
	N("/**/1"),
	N("1//"),
	N("#1"),
	N("'a'"),
	N("a"),
	N("<.>"),
	/* literals that are none */
	N("nul"),
	N("nulll"),
	N("Null"),
	N("tru"),
	N("truth"),
	N("TRUE"),
	N("fals"),
	N("falsee"),
	N("undefined"),
	N("NaN"),
	N("Infinity"),
	N("-Infinity"),
	N("nan"),
	N("true false"),
	/* numbers that are none */
	N("-"),
	N("+1"),
	N("+"),
	N("01"),
	N("-01"),
	N("00"),
	N("-00"),
	N("1."),
	N(".5"),
	N("-.5"),
	N("1.e1"),
	N("1e"),
	N("1E"),
	N("1e+"),
	N("1e-"),
	N("1e1.5"),
	N("1ee1"),
	N("1e+-1"),
	N("0x10"),
	N("1_000"),
	N("1,000"),
	N("- 1"),
	N("--1"),
	N("1-"),
	N("1+2"),
	N("1 2"),
	N("0e"),
	N("0.e"),
	N("\xef\xbc\x91"),
	N("1a"),
	N("1\xe5"),
	N("0.1.2"),
	N("2.e+3"),
	/* strings that are none */
	N("\""),
	N("\"a"),
	N("a\""),
	N("\"\\\""),
	N("\"\\"),
	N("\"\\a\""),
	N("\"\\x41\""),
	N("\"\\0\""),
	N("\"\\u\""),
	N("\"\\u0\""),
	N("\"\\u00\""),
	N("\"\\u004\""),
	N("\"\\u004g\""),
	N("\"\\u+041\""),
	N("\"\\u 041\""),
	N("\"\\U0041\""),
	N("\"\\\xc3\xa9\""),
	N("\"\\ud800\\\""),
	N("\"\\ud800\\u\""),
	N("\"\\ud800\\u1\""),
	N("\"\\ud800\\u1x\""),
	N("\"\\\0\""),
	N("\"\n\""),
	N("\"\t\""),
	N("\"\0\""),
	N("\"\x1f\""),
	N("\"\r\""),
	N("\"a\"b"),
	N("\"a\" \"b\""),
	N("'\"'"),
	N("\"\\'\""),
	/* UTF-8 that is none */
	N("\"\x80\""),
	N("\"\xbf\""),
	N("\"\xc0\x80\""),
	N("\"\xc1\xbf\""),
	N("\"\xc3\""),
	N("\"\xc3(\""),
	N("\"\xe0\x80\x80\""),
	N("\"\xe0\x9f\xbf\""),
	N("\"\xe2\x82\""),
	N("\"\xe2\x82(\""),
	N("\"\xed\xa0\x80\""),
	N("\"\xed\xbf\xbf\""),
	N("\"\xf0\x80\x80\x80\""),
	N("\"\xf0\x8f\xbf\xbf\""),
	N("\"\xf0\x90\x80\""),
	N("\"\xf4\x90\x80\x80\""),
	N("\"\xf5\x80\x80\x80\""),
	N("\"\xf8\x88\x80\x80\x80\""),
	N("\"\xfe\""),
	N("\"\xff\""),
	N("\"\xe9\""),
	N("{\"\xff\":1}"),
	N("\"\xc3\xa9"),
	N("\"\xf0\x90\x80\x80"),
	/* arrays that are none */
	N("["),
	N("[1"),
	N("[1,"),
	N("[1,]"),
	N("[,1]"),
	N("[,]"),
	N("[1,,2]"),
	N("[1 2]"),
	N("[1]]"),
	N("[[1]"),
	N("[1}"),
	N("[\"a\":1]"),
	N("[1:2]"),
	N("[] []"),
	N("[],"),
	N("[1;2]"),
	N("[\"a"),
	N("[tru]"),
	N("[-]"),
	N("[\"\"x]"),
	N("[\v]"),
	N("[{}"),
	N("[],[]"),
	N("[\0]"),
	/* objects that are none */
	N("{"),
	N("{\"a\""),
	N("{\"a\":"),
	N("{\"a\":1"),
	N("{\"a\":1,"),
	N("{\"a\":1,}"),
	N("{,}"),
	N("{\"a\"}"),
	N("{\"a\" 1}"),
	N("{\"a\":}"),
	N("{:1}"),
	N("{a:1}"),
	N("{'a':1}"),
	N("{1:1}"),
	N("{null:1}"),
	N("{\"a\"::1}"),
	N("{\"a\":1 \"b\":2}"),
	N("{\"a\":1,,\"b\":2}"),
	N("{\"a\":1}}"),
	N("{\"a\":1]"),
	N("{\"a\",1}"),
	N("{\"a\"=1}"),
	N("{}{}"),
	N("{} 1"),
	N("{\"a\":1 2}"),
	N("{\"a\":1/**/}"),
	N("{[]:1}"),
	N("{\"a\":1,\"a\"}"),
	N("{\"a\":a"),

	/* too deep; what follows no longer matters */
	DEEP(D32("[") "[]" D32("]")),
	DEEP(D32("[") "["),
	DEEP(D32("[") "{\"a\":1}" D32("]")),
	DEEP(D32("{\"a\":") "{}" D32("}")),
	DEEP(D32(D32("["))),
	DEEP(D32("[") "[x"),
};

static void check_rows(void)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span text = guarded(0, rows[i].text);
		if (!is_int(json_check(text), rows[i].rc, "row %zu is %s", i,
			    rows[i].rc > 0 ? "accepted" : "refused"))
			diag("%.*s", (int)text.n, text.p);
		/* A prefix of a container or a string is never a document. */
		bool closed = rows[i].rc > 0 && strchr("[{\"", rows[i].text.p[0]) != NULL;
		size_t end = rows[i].text.n;
		while (closed && strchr("]}\"", rows[i].text.p[end - 1]) == NULL)
			end--;
		for (size_t cut = 0; closed && cut < end; cut++)
			check(json_check(guarded(0, span_head(rows[i].text, cut))) == JSON_ESYNTAX,
			      "row %zu, cut at %zu", i, cut);
	}
}

/* One larger document; every cut of it, and each byte of it replaced by one that can't be. */
static void check_document(void)
{
	struct span doc = SPAN(
		" {\"index\" : \"5\", \"list\":[1, -2.5e+3,true,false,null,\"\\u00e9\xc3\xa9\\n\"],"
		"\"o\":{\"in\":{}, \"\":[[]]}}");
	uint8_t buf[256];
	is_int(json_check(guarded(0, doc)), JSON_VALID, "a larger document");
	for (size_t cut = 0; cut < doc.n; cut++)
		check(json_check(guarded(0, span_head(doc, cut))) == JSON_ESYNTAX, "cut at %zu",
		      cut);
	for (size_t at = 0; at < doc.n; at++) {
		memcpy(buf, doc.p, doc.n);
		buf[at] = 0x01;
		check(json_check(span_of(buf, doc.n)) == JSON_ESYNTAX, "spoilt at %zu", at);
	}
	ok(failures() == 0, "and every cut of it");
}

static const struct {
	const char *text, *key;
	int rc;
	enum json_type type;
	const char *raw;
	bool escaped;
} gets[] = {
	{"{\"index\":5}", "index", JSON_FOUND, JSON_NUMBER, "5", false},
	{"{\"index\":\"5\"}", "index", JSON_FOUND, JSON_STRING, "5", false},
	{" { \"index\" : -5.0e1 } ", "index", JSON_FOUND, JSON_NUMBER, "-5.0e1", false},
	{"{\"index\":\"\\u0035\"}", "index", JSON_FOUND, JSON_STRING, "\\u0035", true},
	{"{\"index\":\"\"}", "index", JSON_FOUND, JSON_STRING, "", false},
	{"{\"index\":null}", "index", JSON_FOUND, JSON_NULL, "null", false},
	{"{\"index\":true}", "index", JSON_FOUND, JSON_BOOL, "true", false},
	{"{\"index\":false }", "index", JSON_FOUND, JSON_BOOL, "false", false},
	{"{\"index\": [1, 2] }", "index", JSON_FOUND, JSON_ARRAY, "[1, 2]", false},
	{"{\"index\":{\"index\":7}}", "index", JSON_FOUND, JSON_OBJECT, "{\"index\":7}", false},
	{"{\"index\":[\"\\n\"]}", "index", JSON_FOUND, JSON_ARRAY, "[\"\\n\"]", false},
	/* names with escapes */
	{"{\"\\u0069ndex\":5}", "index", JSON_FOUND, JSON_NUMBER, "5", false},
	{"{\"\\u0069\\u006e\\u0064\\u0065\\u0078\":5}", "index", JSON_FOUND, JSON_NUMBER, "5",
	 false},
	{"{\"\\u0069nde\":5}", "index", JSON_MISSING, JSON_NULL, NULL, false},
	{"{\"\\u0069ndexx\":5}", "index", JSON_MISSING, JSON_NULL, NULL, false},
	{"{\"\\u00e9\":1}", "\xc3\xa9", JSON_FOUND, JSON_NUMBER, "1", false},
	{"{\"\xc3\xa9\":1}", "\xc3\xa9", JSON_FOUND, JSON_NUMBER, "1", false},
	{"{\"\\u20AC\":1}", "\xe2\x82\xac", JSON_FOUND, JSON_NUMBER, "1", false},
	{"{\"\\ud83d\\uDE00\":1}", "\xf0\x9f\x98\x80", JSON_FOUND, JSON_NUMBER, "1", false},
	{"{\"\\ud83d\":1}", "\xef\xbf\xbd", JSON_MISSING, JSON_NULL, NULL, false},
	{"{\"\\ud83d\\u0041\":1}", "A", JSON_MISSING, JSON_NULL, NULL, false},
	{"{\"\\\"\\\\\\/\\b\\f\\n\\r\\t\":1}", "\"\\/\b\f\n\r\t", JSON_FOUND, JSON_NUMBER, "1",
	 false},
	{"{\"a\\u0000b\":1}", "a", JSON_MISSING, JSON_NULL, NULL, false},
	/* of several the last */
	{"{\"a\":1,\"a\":2}", "a", JSON_FOUND, JSON_NUMBER, "2", false},
	{"{\"a\":1,\"\\u0061\":\"x\",\"b\":3}", "a", JSON_FOUND, JSON_STRING, "x", false},
	/* only of the outermost object */
	{"{\"o\":{\"a\":1}}", "a", JSON_MISSING, JSON_NULL, NULL, false},
	{"{\"a\":1,\"o\":{\"a\":2}}", "a", JSON_FOUND, JSON_NUMBER, "1", false},
	{"{\"o\":[{\"a\":1}]}", "a", JSON_MISSING, JSON_NULL, NULL, false},
	/* missing */
	{"{}", "a", JSON_MISSING, JSON_NULL, NULL, false},
	{"{\"A\":1}", "a", JSON_MISSING, JSON_NULL, NULL, false},
	{"{\"ab\":1}", "a", JSON_MISSING, JSON_NULL, NULL, false},
	{"{\"a\":1}", "ab", JSON_MISSING, JSON_NULL, NULL, false},
	{"{\"a\":1}", "", JSON_MISSING, JSON_NULL, NULL, false},
	{"{\"\":1}", "", JSON_FOUND, JSON_NUMBER, "1", false},
	{"{\"x\":\"a\"}", "a", JSON_MISSING, JSON_NULL, NULL, false},
	/* errors, even behind the member */
	{"[]", "a", JSON_ENOTOBJECT, JSON_NULL, NULL, false},
	{"[{\"a\":1}]", "a", JSON_ENOTOBJECT, JSON_NULL, NULL, false},
	{"\"a\"", "a", JSON_ENOTOBJECT, JSON_NULL, NULL, false},
	{"5", "a", JSON_ENOTOBJECT, JSON_NULL, NULL, false},
	{"null", "a", JSON_ENOTOBJECT, JSON_NULL, NULL, false},
	{"", "a", JSON_ESYNTAX, JSON_NULL, NULL, false},
	{"{\"a\":1", "a", JSON_ESYNTAX, JSON_NULL, NULL, false},
	{"{\"a\":1}x", "a", JSON_ESYNTAX, JSON_NULL, NULL, false},
	{"{\"a\":1,\"b\":}", "a", JSON_ESYNTAX, JSON_NULL, NULL, false},
	{"{\"a\":1,\"b\":" D32("[") D32("]") "}", "a", JSON_EDEPTH, JSON_NULL, NULL, false},
	{"{\"a\":1,\"b\":\"\xff\"}", "a", JSON_ESYNTAX, JSON_NULL, NULL, false},
};

static void get_rows(void)
{
	for (size_t i = 0; i < COUNT(gets); i++) {
		static const uint8_t mark;
		struct json_value v = {.raw = {&mark, 77}};
		struct span text = guarded(0, span_str(gets[i].text));
		int rc = json_get(text, guarded(1, span_str(gets[i].key)), &v);
		is_int(rc, gets[i].rc, "get %s of %s", gets[i].key, gets[i].text);
		if (rc != JSON_FOUND) {
			check(v.raw.p == &mark && v.raw.n == 77, "the value is left alone");
			continue;
		}
		check(v.type == gets[i].type, "%s: type %d", gets[i].text, (int)v.type);
		check(v.escaped == gets[i].escaped, "%s: escaped", gets[i].text);
		check(span_eq(v.raw, span_str(gets[i].raw)), "%s: raw %.*s", gets[i].text,
		      (int)v.raw.n, v.raw.p);
	}
	struct json_value v;
	int rc = json_get(SPAN("{\"o\": {\"a\":1} }"), SPAN("o"), &v);
	check(rc == JSON_FOUND, "the inner object");
	rc = json_get(v.raw, SPAN("a"), &v);
	ok(rc == JSON_FOUND && span_eq(v.raw, SPAN("1")), "an inner object can be searched");
}

static const struct {
	struct span text, json;
} strings[] = {
#define S(a, b)                                                \
	{                                                      \
		{(const uint8_t *)("" a), sizeof(a) - 1},      \
		{                                              \
			(const uint8_t *)("" b), sizeof(b) - 1 \
		}                                              \
	}
	S("", "\"\""),
	S("Hi", "\"Hi\""),
	S("a\"b\\c/d", "\"a\\\"b\\\\c/d\""),
	S("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""),
	S("\0\x01\x0b\x0e\x1f", "\"\\u0000\\u0001\\u000b\\u000e\\u001f\""),
	S("\x10\x1a ~\x7f", "\"\\u0010\\u001a ~\x7f\""),
	S("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""),
	S("\xff", "\"\xef\xbf\xbd\""),
	S("a\x80z", "\"a\xef\xbf\xbdz\""),
	S("\xc3", "\"\xef\xbf\xbd\""),
	S("\xc3x", "\"\xef\xbf\xbdx\""),
	S("\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""),
	S("\xc0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\""),
	S("\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""),
	S("\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""),
	S("\xf0\x9f\x98\"", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\\\"\""),
};

static void string_rows(void)
{
	uint8_t buf[128];
	for (size_t i = 0; i < COUNT(strings); i++) {
		for (size_t cap = 0; cap <= strings[i].json.n; cap++) {
			struct out o = out_init(buf, cap);
			json_put_string(&o, guarded(0, strings[i].text));
			check(o.over == (cap < strings[i].json.n), "row %zu, capacity %zu", i, cap);
			check(span_starts(strings[i].json, out_span_of(&o)), "row %zu, begin", i);
		}
		struct out o = out_init(buf, sizeof buf);
		json_put_string(&o, guarded(0, strings[i].text));
		is_span(out_span_of(&o), strings[i].json, "string %zu", i);
		check(json_check(guarded(0, out_span_of(&o))) == JSON_VALID, "string %zu valid", i);
	}
}

/* Every byte alone and every pair of bytes: what is written is valid and reads back the same. */
static void round_trips(void)
{
	uint8_t text[2], buf[64], back[16];
	for (unsigned pair = 0; pair < 65536; pair++) {
		struct out o = out_init(buf, sizeof buf), b = out_init(back, sizeof back);
		text[0] = (uint8_t)(pair >> 8);
		text[1] = (uint8_t)pair;
		json_put_string(&o, span_of(text, 2));
		check(json_check(out_span_of(&o)) == JSON_VALID, "pair %04x", pair);
		json_put_text(&b, span_of(buf + 1, o.n - 2));
		bool ascii = text[0] < 0x80 && text[1] < 0x80;
		check(!ascii || span_eq(out_span_of(&b), span_of(text, 2)), "pair %04x back", pair);
	}
	ok(failures() == 0, "every pair of bytes is written as valid JSON");
}

static void text_rows(void)
{
	static const struct {
		struct span raw, text;
	} texts[] = {
		S("", ""),
		S("plain", "plain"),
		S("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"),
		S("\\u0000\\u0041\\u00e9\\u20ac", "\0A\xc3\xa9\xe2\x82\xac"),
		S("\\uD83D\\ude00", "\xf0\x9f\x98\x80"),
		S("\\udbff\\udfff", "\xf4\x8f\xbf\xbf"),
		S("\\ud800", "\xef\xbf\xbd"),
		S("\\udc00x", "\xef\xbf\xbdx"),
		S("\\ud800\\u0041", "\xef\xbf\xbd"
				    "A"),
		S("\\ud800\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80"),
		S("\\ud800\\\\udc00", "\xef\xbf\xbd\\udc00"),
		S("\xed\x9f\xbf\xc3\xa9", "\xed\x9f\xbf\xc3\xa9"),
	};
	uint8_t buf[64];
	for (size_t i = 0; i < COUNT(texts); i++) {
		for (size_t cap = 0; cap < texts[i].text.n; cap++) {
			struct out o = out_init(buf, cap);
			json_put_text(&o, guarded(0, texts[i].raw));
			check(o.over, "text %zu, capacity %zu", i, cap);
		}
		struct out o = out_init(buf, sizeof buf);
		json_put_text(&o, guarded(0, texts[i].raw));
		is_span(out_span_of(&o), texts[i].text, "text %zu", i);
	}
}

int main(void)
{
	check_rows();
	check_document();
	get_rows();
	string_rows();
	round_trips();
	text_rows();
	for (int rc = JSON_ENOTOBJECT; rc <= JSON_FOUND; rc++)
		ok(strcmp(json_strerror(rc), json_strerror(-99)) != 0, "text for %d", rc);
	return done();
}
