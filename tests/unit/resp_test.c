#include "resp/resp.h"

#include "harness/tap.h"
#include "unit/resp_log.h"

#include <stdlib.h>
#include <string.h>

/* Small enough that a row can reach each of them. */
static const struct resp_limits tight = {
	.line = 8, .bulk = 10, .items = 4, .depth = 3, .part = 0, .reply = 40};
static const struct resp_limits parts = {
	.line = 8, .bulk = 20, .items = 4, .depth = 1, .part = 4, .reply = 60};

struct row {
	const char *name;
	struct span wire;
	const char *want;
	const struct resp_limits *lim;
};

static const struct row rows[] = {
	/* every type */
	{"simple", SPAN("+OK\r\n"), "simple OK!;", NULL},
	{"empty simple", SPAN("+\r\n"), "simple!;", NULL},
	{"error", SPAN("-ERR no\r\n"), "error ERR no!;", NULL},
	{"integer", SPAN(":42\r\n"), "int 42!;", NULL},
	{"plus", SPAN(":+42\r\n"), "int 42!;", NULL},
	{"minus", SPAN(":-42\r\n"), "int -42!;", NULL},
	{"minus zero", SPAN(":-0\r\n"), "int 0!;", NULL},
	{"int64 max", SPAN(":9223372036854775807\r\n"), "int 9223372036854775807!;", NULL},
	{"int64 min", SPAN(":-9223372036854775808\r\n"), "int -9223372036854775808!;", NULL},
	{"bulk", SPAN("$5\r\nhe\r\no\r\n"), "bulk he\r\no!;", NULL},
	{"empty bulk", SPAN("$0\r\n\r\n"), "bulk!;", NULL},
	{"leading zeros", SPAN("$003\r\nfoo\r\n"), "bulk foo!;", NULL},
	{"null bulk", SPAN("$-1\r\n"), "null!;", NULL},
	{"null array", SPAN("*-1\r\n"), "null!;", NULL},
	{"null", SPAN("_\r\n"), "null!;", NULL},
	{"true", SPAN("#t\r\n"), "bool 1!;", NULL},
	{"false", SPAN("#f\r\n"), "bool 0!;", NULL},
	{"array", SPAN("*2\r\n:1\r\n$1\r\na\r\n"), "array 2; .int 1; .bulk a!;", NULL},
	{"empty array", SPAN("*0\r\n"), "array 0!;", NULL},
	{"double", SPAN(",3.25\r\n"), "double 3.25!;", NULL},
	{"double whole", SPAN(",+10\r\n"), "double +10!;", NULL},
	{"double exponent", SPAN(",-1.5E-07\r\n"), "double -1.5E-07!;", NULL},
	{"double exponent alone", SPAN(",1e9\r\n"), "double 1e9!;", NULL},
	{"inf", SPAN(",inf\r\n"), "double inf!;", NULL},
	{"-inf", SPAN(",-inf\r\n"), "double -inf!;", NULL},
	{"nan", SPAN(",nan\r\n"), "double nan!;", NULL},
	{"-nan, Redis before 7.2", SPAN(",-nan\r\n"), "double -nan!;", NULL},
	{"big number", SPAN("(3492890328409238509324850943850943825024385\r\n"),
	 "big 3492890328409238509324850943850943825024385!;", NULL},
	{"negative big number", SPAN("(-1\r\n"), "big -1!;", NULL},
	{"blob error", SPAN("!9\r\nERR a\r\nb.\r\n"), "bloberror ERR a\r\nb.!;", NULL},
	{"verbatim", SPAN("=6\r\ntxt:ab\r\n"), "verbatim ab!;", NULL},
	{"empty verbatim", SPAN("=4\r\nmkd:\r\n"), "verbatim!;", NULL},
	{"map", SPAN("%1\r\n+k\r\n:1\r\n"), "map 2; .simple k; .int 1!;", NULL},
	{"empty map", SPAN("%0\r\n"), "map 0!;", NULL},
	{"set", SPAN("~2\r\n:1\r\n:2\r\n"), "set 2; .int 1; .int 2!;", NULL},
	{"push", SPAN(">2\r\n+a\r\n+b\r\n"), ">push 2; .>simple a; .>simple b!;", NULL},
	{"empty push", SPAN(">0\r\n+OK\r\n"), ">push 0!; simple OK!;", NULL},

	/* nesting, nulls inside */
	{"several replies", SPAN("+a\r\n:1\r\n*0\r\n+b\r\n"),
	 "simple a!; int 1!; array 0!; simple b!;", NULL},
	{"nested", SPAN("*3\r\n*1\r\n:1\r\n*0\r\n%1\r\n+k\r\n*1\r\n_\r\n"),
	 "array 3; .array 1; ..int 1; .array 0; .map 2; ..simple k; ..array 1; ...null!;", NULL},
	{"nulls inside", SPAN("*3\r\n$-1\r\n*-1\r\n_\r\n"), "array 3; .null; .null; .null!;", NULL},
	{"empty ends three levels", SPAN("*1\r\n*1\r\n*0\r\n:1\r\n"),
	 "array 1; .array 1; ..array 0!; int 1!;", NULL},

	/* attributes and pushes */
	{"attribute before a reply", SPAN("|1\r\n+k\r\n+v\r\n:1\r\n"),
	 "@attr 2; .@simple k; .@simple v!; int 1!;", NULL},
	{"attribute inside", SPAN("*2\r\n:1\r\n|1\r\n+k\r\n+v\r\n:2\r\n"),
	 "array 2; .int 1; .@attr 2; ..@simple k; ..@simple v!; .int 2!;", NULL},
	{"attribute on a map's value", SPAN("%1\r\n+k\r\n|1\r\n+a\r\n:9\r\n*0\r\n"),
	 "map 2; .simple k; .@attr 2; ..@simple a; ..@int 9!; .array 0!;", NULL},
	{"attribute inside an attribute", SPAN("|1\r\n+k\r\n|1\r\n+x\r\n+y\r\n+v\r\n:1\r\n"),
	 "@attr 2; .@simple k; .@attr 2; ..@simple x; ..@simple y; .@simple v!; int 1!;", NULL},
	{"empty attribute", SPAN("*1\r\n|0\r\n:1\r\n"), "array 1; .@attr 0!; .int 1!;", NULL},
	{"attribute in a push", SPAN(">2\r\n+m\r\n|1\r\n+k\r\n+v\r\n+x\r\n:1\r\n"),
	 ">push 2; .>simple m; .>@attr 2; ..>@simple k; ..>@simple v!; .>simple x!; int 1!;", NULL},
	{"push inside an array", SPAN("*2\r\n:1\r\n>2\r\n+m\r\n*1\r\n:5\r\n:2\r\n:3\r\n"),
	 "array 2; .int 1; >push 2; .>simple m; .>array 1; ..>int 5!; .int 2!; int 3!;", NULL},
	{"push in front of the first element", SPAN("*1\r\n>1\r\n+m\r\n:2\r\n"),
	 "array 1; >push 1; .>simple m!; .int 2!;", NULL},
	{"push inside an attribute", SPAN("|1\r\n+k\r\n>1\r\n+m\r\n+v\r\n:1\r\n"),
	 "@attr 2; .@simple k; >push 1; .>simple m!; .@simple v!; int 1!;", NULL},
	{"push inside a push", SPAN(">2\r\n+m\r\n>1\r\n"), ">push 2; .>simple m; ENEST", NULL},
	{"push in an attribute in a push", SPAN(">2\r\n|1\r\n>1\r\n"), ">push 2; .>@attr 2; ENEST",
	 NULL},

	/* streamed types */
	{"streamed string", SPAN("$?\r\n;4\r\nHell\r\n;5\r\no wor\r\n;1\r\nd\r\n;0\r\n:1\r\n"),
	 "bulk -1; .part Hello word; .end!; int 1!;", NULL},
	{"streamed array", SPAN("*?\r\n:1\r\n*1\r\n:2\r\n.\r\n:3\r\n"),
	 "array -1; .int 1; .array 1; ..int 2; .end!; int 3!;", NULL},
	{"empty streamed array", SPAN("*?\r\n.\r\n"), "array -1; .end!;", NULL},
	{"streamed set in an array", SPAN("*2\r\n~?\r\n+a\r\n.\r\n:3\r\n"),
	 "array 2; .set -1; ..simple a; ..end; .int 3!;", NULL},
	{"streamed map", SPAN("%?\r\n+a\r\n:1\r\n+b\r\n:2\r\n.\r\n"),
	 "map -1; .simple a; .int 1; .simple b; .int 2; .end!;", NULL},
	{"streamed inside streamed", SPAN("*?\r\n$?\r\n;1\r\na\r\n;0\r\n*?\r\n.\r\n.\r\n"),
	 "array -1; .bulk -1; ..part a; ..end; .array -1; ..end; .end!;", NULL},
	{"attribute in a streamed array", SPAN("*?\r\n|1\r\n+k\r\n+v\r\n:1\r\n.\r\n"),
	 "array -1; .@attr 2; ..@simple k; ..@simple v!; .int 1; .end!;", NULL},
	{"attribute inside its element", SPAN("*?\r\n*1\r\n|0\r\n:1\r\n.\r\n"),
	 "array -1; .array 1; ..@attr 0!; ..int 1; .end!;", NULL},
	{"attribute of nothing", SPAN("*?\r\n|0\r\n.\r\n"), "array -1; .@attr 0!; ENEST", NULL},
	{"streamed map ends behind a key", SPAN("%?\r\n+a\r\n.\r\n"), "map -1; .simple a; ENEST",
	 NULL},
	{"end of nothing", SPAN(".\r\n"), "ENEST", NULL},
	{"end in a counted array", SPAN("*1\r\n.\r\n"), "array 1; ENEST", NULL},
	{"part of nothing", SPAN(";1\r\na\r\n"), "ENEST", NULL},
	{"no part in a streamed string", SPAN("$?\r\n:1\r\n"), "bulk -1; ENEST", NULL},
	{"push between the parts", SPAN("$?\r\n>1\r\n"), "bulk -1; ENEST", NULL},
	{"part with a bad length", SPAN("$?\r\n;x\r\n"), "bulk -1; ENUMBER", NULL},
	{"part without trailer", SPAN("$?\r\n;1\r\nab\r\n"), "bulk -1; ETRAILER", NULL},
	{"end with something in it", SPAN("*?\r\n.x\r\n"), "array -1; ENUMBER", NULL},
	{"streamed push", SPAN(">?\r\n"), "ENUMBER", NULL},
	{"streamed attribute", SPAN("|?\r\n"), "ENUMBER", NULL},
	{"streamed verbatim", SPAN("=?\r\n"), "ENUMBER", NULL},
	{"streamed blob error", SPAN("!?\r\n"), "ENUMBER", NULL},
	{"question mark and more", SPAN("*?1\r\n"), "ENUMBER", NULL},

	/* errors */
	{"unknown type", SPAN("HTTP/1.1 200 OK\r\n"), "ETYPE", NULL},
	{"NUL", SPAN("\0"), "ETYPE", NULL},
	{"CRLF alone", SPAN("\r\n"), "ETYPE", NULL},
	{"error after a good reply", SPAN("+OK\r\n@"), "simple OK!; ETYPE", NULL},
	{"bare LF", SPAN("+OK\n"), "ELINE", NULL},
	{"bare CR", SPAN("+O\rK\r\n"), "ELINE", NULL},
	{"CR twice", SPAN("+OK\r\r\n"), "ELINE", NULL},
	{"bare LF far behind", SPAN("+0123456789abcdef0123\n\r\n"), "ELINE", NULL},
	{"bare LF in an error", SPAN("-ERR a\nb\r\n"), "ELINE", NULL},
	{"bare LF in a number", SPAN(":12\n"), "ELINE", NULL},
	{"bare CR in a number", SPAN(":12\r3\r\n"), "ELINE", NULL},
	{"bare LF in a length", SPAN("$3\nfoo\r\n"), "ELINE", NULL},
	{"bare LF in a count", SPAN("*1\n"), "ELINE", NULL},
	{"bare LF in a null", SPAN("_\n"), "ELINE", NULL},
	{"bare LF in a null bulk", SPAN("$-1\n"), "ELINE", NULL},
	{"bare CR in a null bulk", SPAN("$-1\r_"), "ELINE", NULL},
	{"bare LF in a boolean", SPAN("#t\n"), "ELINE", NULL},
	{"bare LF in a double", SPAN(",1\n"), "ELINE", NULL},
	{"integer empty", SPAN(":\r\n"), "ENUMBER", NULL},
	{"integer sign alone", SPAN(":-\r\n"), "ENUMBER", NULL},
	{"integer two signs", SPAN(":+-1\r\n"), "ENUMBER", NULL},
	{"integer blank", SPAN(": 1\r\n"), "ENUMBER", NULL},
	{"integer letter", SPAN(":1a\r\n"), "ENUMBER", NULL},
	{"int64 max + 1", SPAN(":9223372036854775808\r\n"), "ENUMBER", NULL},
	{"int64 min - 1", SPAN(":-9223372036854775809\r\n"), "ENUMBER", NULL},
	{"19 digits with zeros", SPAN(":0000000000000000007\r\n"), "int 7!;", NULL},
	{"20 digits", SPAN(":00000000000000000007\r\n"), "ENUMBER", NULL},
	{"length empty", SPAN("$\r\n\r\n"), "ENUMBER", NULL},
	{"length plus", SPAN("$+3\r\nfoo\r\n"), "ENUMBER", NULL},
	{"length -2", SPAN("$-2\r\n"), "ENUMBER", NULL},
	{"length -10", SPAN("$-10\r\n"), "ENUMBER", NULL},
	{"length -01", SPAN("$-01\r\n"), "ENUMBER", NULL},
	{"length blank", SPAN("$3 \r\nfoo\r\n"), "ENUMBER", NULL},
	{"length of 20 digits", SPAN("$99999999999999999999\r\n"), "ENUMBER", NULL},
	{"count -2", SPAN("*-2\r\n"), "ENUMBER", NULL},
	{"count hexadecimal", SPAN("*0x1\r\n"), "ENUMBER", NULL},
	{"null map", SPAN("%-1\r\n"), "ENUMBER", NULL},
	{"null set", SPAN("~-1\r\n"), "ENUMBER", NULL},
	{"null push", SPAN(">-1\r\n"), "ENUMBER", NULL},
	{"null attribute", SPAN("|-1\r\n"), "ENUMBER", NULL},
	{"null verbatim", SPAN("=-1\r\n"), "ENUMBER", NULL},
	{"null blob error", SPAN("!-1\r\n"), "ENUMBER", NULL},
	{"null with text", SPAN("_0\r\n"), "ENUMBER", NULL},
	{"boolean x", SPAN("#x\r\n"), "ENUMBER", NULL},
	{"boolean T", SPAN("#T\r\n"), "ENUMBER", NULL},
	{"boolean true", SPAN("#true\r\n"), "ENUMBER", NULL},
	{"boolean empty", SPAN("#\r\n"), "ENUMBER", NULL},
	{"double empty", SPAN(",\r\n"), "ENUMBER", NULL},
	{"double without whole part", SPAN(",.5\r\n"), "ENUMBER", NULL},
	{"double without fraction", SPAN(",1.\r\n"), "ENUMBER", NULL},
	{"double without exponent", SPAN(",1e\r\n"), "ENUMBER", NULL},
	{"double exponent sign alone", SPAN(",1e+\r\n"), "ENUMBER", NULL},
	{"double sign alone", SPAN(",-\r\n"), "ENUMBER", NULL},
	{"double comma", SPAN(",1,5\r\n"), "ENUMBER", NULL},
	{"double hexadecimal", SPAN(",0x1p3\r\n"), "ENUMBER", NULL},
	{"double infinity", SPAN(",infinity\r\n"), "ENUMBER", NULL},
	{"double Inf", SPAN(",Inf\r\n"), "ENUMBER", NULL},
	{"big number empty", SPAN("(\r\n"), "ENUMBER", NULL},
	{"big number sign alone", SPAN("(-\r\n"), "ENUMBER", NULL},
	{"big number point", SPAN("(1.5\r\n"), "ENUMBER", NULL},
	{"bulk too long for its length", SPAN("$3\r\nfooo\r\n"), "ETRAILER", NULL},
	{"bulk too short for its length", SPAN("$5\r\nfoo\r\n+OK\r\n"), "ETRAILER", NULL},
	{"bulk too long, seen at once", SPAN("$3\r\nfooo"), "ETRAILER", NULL},
	{"bulk ended by LF", SPAN("$3\r\nfoo\n\r\n"), "ETRAILER", NULL},
	{"bulk ended by CR", SPAN("$3\r\nfoo\r+OK\r\n"), "ETRAILER", NULL},
	{"verbatim without colon", SPAN("=6\r\ntxt.ab\r\n"), "EVERBATIM", NULL},
	{"verbatim too short", SPAN("=3\r\ntxt\r\n"), "EVERBATIM", NULL},
	{"not complete", SPAN("*2\r\n:1\r\n$3\r\nfo"), "array 2; .int 1; more", NULL},

	/* every limit: at, and one above */
	{"line of 8", SPAN("+12345678\r\n"), "simple 12345678!;", &tight},
	{"line of 9", SPAN("+123456789\r\n"), "ETOOBIG", &tight},
	{"line of 9, not ended", SPAN("+123456789"), "ETOOBIG", &tight},
	{"big number of 9", SPAN("(123456789\r\n"), "ETOOBIG", &tight},
	{"double of 9", SPAN(",1.3456789\r\n"), "ETOOBIG", &tight},
	{"bulk of 10", SPAN("$10\r\n0123456789\r\n"), "bulk 0123456789!;", &tight},
	{"bulk of 11", SPAN("$11\r\n"), "ETOOBIG", &tight},
	{"verbatim of 11", SPAN("=11\r\n"), "ETOOBIG", &tight},
	{"array of 4", SPAN("*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n"),
	 "array 4; .int 1; .int 2; .int 3; .int 4!;", &tight},
	{"array of 5", SPAN("*5\r\n"), "ETOOBIG", &tight},
	{"map of 2", SPAN("%2\r\n:1\r\n:2\r\n:3\r\n:4\r\n"),
	 "map 4; .int 1; .int 2; .int 3; .int 4!;", &tight},
	{"map of 3", SPAN("%3\r\n"), "ETOOBIG", &tight},
	{"attribute of 3", SPAN("|3\r\n"), "ETOOBIG", &tight},
	{"map whose double wraps", SPAN("%9223372036854775809\r\n"), "ETOOBIG", NULL},
	{"array of 2^32", SPAN("*4294967296\r\n"), "ETOOBIG", NULL},
	{"bulk of 2^32", SPAN("$4294967296\r\n"), "ETOOBIG", NULL},
	{"bulk of 2^63", SPAN("$9223372036854775808\r\n"), "ETOOBIG", NULL},
	{"depth 3", SPAN("*1\r\n*1\r\n*1\r\n:1\r\n"), "array 1; .array 1; ..array 1; ...int 1!;",
	 &tight},
	{"depth 4", SPAN("*1\r\n*1\r\n*1\r\n*0\r\n"), "array 1; .array 1; ..array 1; EDEPTH",
	 &tight},
	{"depth 4 by an attribute", SPAN("*1\r\n*1\r\n*1\r\n|0\r\n"),
	 "array 1; .array 1; ..array 1; EDEPTH", &tight},
	{"depth 4 by a stream", SPAN("*1\r\n*1\r\n*1\r\n*?\r\n"),
	 "array 1; .array 1; ..array 1; EDEPTH", &tight},
	{"depth 4 is open to strings", SPAN("*1\r\n*1\r\n*1\r\n$?\r\n;1\r\nx\r\n;0\r\n"),
	 "array 1; .array 1; ..array 1; ...bulk -1; ....part x; ....end!;", &tight},
	{"reply of 40", SPAN("*3\r\n$8\r\n12345678\r\n$8\r\n12345678\r\n:12345\r\n+OK\r\n"),
	 "array 3; .bulk 12345678; .bulk 12345678; .int 12345!; simple OK!;", &tight},
	{"reply of 41 by a line", SPAN("*3\r\n$8\r\n12345678\r\n$8\r\n12345678\r\n:123456\r\n"),
	 "array 3; .bulk 12345678; .bulk 12345678; ETOOBIG", &tight},
	{"reply of 41 by a bulk", SPAN("*3\r\n$8\r\n12345678\r\n$8\r\n12345678\r\n$3\r\n"),
	 "array 3; .bulk 12345678; .bulk 12345678; ETOOBIG", &tight},
	{"a streamed array of 4", SPAN("*?\r\n:1\r\n:2\r\n:3\r\n:4\r\n.\r\n"),
	 "array -1; .int 1; .int 2; .int 3; .int 4; .end!;", &tight},
	{"a streamed array of 5", SPAN("*?\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n.\r\n"),
	 "array -1; .int 1; .int 2; .int 3; .int 4; ETOOBIG", &tight},
	{"a streamed string of 10", SPAN("$?\r\n;9\r\n123456789\r\n;1\r\nx\r\n;0\r\n"),
	 "bulk -1; .part 123456789x; .end!;", &tight},
	{"a streamed string of 11", SPAN("$?\r\n;9\r\n123456789\r\n;2\r\n"),
	 "bulk -1; .part 123456789; ETOOBIG", &tight},
	{"a reply of 40 by an end", SPAN("*?\r\n$8\r\n12345678\r\n$8\r\n12345678\r\n:12\r\n.\r\n"),
	 "array -1; .bulk 12345678; .bulk 12345678; .int 12; .end!;", &tight},
	{"a reply of 41 by an end", SPAN("*?\r\n$8\r\n12345678\r\n$8\r\n12345678\r\n:123\r\n.\r\n"),
	 "array -1; .bulk 12345678; .bulk 12345678; .int 123; ETOOBIG", &tight},
	{"a reply of 41 by a part", SPAN("*3\r\n$8\r\n12345678\r\n$8\r\n12345678\r\n$?\r\n;1\r\n"),
	 "array 3; .bulk 12345678; .bulk 12345678; .bulk -1; ETOOBIG", &tight},
	{"a reply of 41 by an array", SPAN("*3\r\n$8\r\n12345678\r\n$9\r\n123456789\r\n|00000\r\n"),
	 "array 3; .bulk 12345678; .bulk 123456789; ETOOBIG", &tight},
	{"pushes are counted one by one",
	 SPAN(">1\r\n$9\r\n123456789\r\n>1\r\n$9\r\n123456789\r\n"
	      ">1\r\n:1\r\n"),
	 ">push 1; .>bulk 123456789!; >push 1; .>bulk 123456789!; >push 1; .>int 1!;", &tight},
	{"attributes without end",
	 SPAN("|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n"),
	 "@attr 0!; @attr 0!; @attr 0!; @attr 0!; @attr 0!; @attr 0!; @attr 0!; @attr 0!; "
	 "@attr 0!; @attr 0!; ETOOBIG",
	 &tight},

	/* limits.part */
	{"a bulk of the part's length", SPAN("$4\r\nabcd\r\n"), "bulk abcd!;", &parts},
	{"a bulk longer than a part", SPAN("$7\r\nabcdefg\r\n:1\r\n"),
	 "bulk 7; .part abcdefg; .end!; int 1!;", &parts},
	{"a long bulk inside", SPAN("*2\r\n$7\r\nab\r\nefg\r\n:1\r\n"),
	 "array 2; .bulk 7; ..part ab\r\nefg; ..end; .int 1!;", &parts},
	{"a long bulk without trailer", SPAN("$5\r\nabcdefg\r\n"), "bulk 5; .part abcde; ETRAILER",
	 &parts},
	{"a long bulk with half a trailer", SPAN("$5\r\nabcde\rx"), "bulk 5; .part abcde; ETRAILER",
	 &parts},
	{"a bulk above its limit", SPAN("$21\r\n"), "ETOOBIG", &parts},
	{"a verbatim longer than a part", SPAN("=5\r\ntxt:a\r\n"), "ETOOBIG", &parts},
	{"a streamed part longer than a part", SPAN("$?\r\n;5\r\n"), "bulk -1; ETOOBIG", &parts},
};

/* What was said of the first [cut] bytes may not be taken back by the others. */
static bool stays(struct span wire, const struct resp_limits *lim, size_t cut, const char *want)
{
	const char *said = transcript(span_head(wire, cut), lim, cut, 1);
	size_t n = strlen(said);
	if (n >= 4 && strcmp(said + n - 4, "more") == 0)
		n -= n > 4 ? 6 : 4; /* "; more" */
	return strncmp(said, want, n) == 0;
}

static void test_rows(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		int before = failures();
		for (size_t cut = 0; cut <= row->wire.n; cut++) {
			const char *got = transcript(row->wire, row->lim, cut, row->wire.n);
			check(strcmp(got, row->want) == 0, "%s, cut at %zu: %s", row->name, cut,
			      got);
			check(stays(row->wire, row->lim, cut, row->want),
			      "%s, only %zu: taken back", row->name, cut);
		}
		const char *got = transcript(row->wire, row->lim, 0, 1);
		check(strcmp(got, row->want) == 0, "%s, by the byte: %s", row->name, got);
		ok(failures() == before, "%s", row->name);
	}
}

static void test_depth(void)
{
	char wire[4 * (RESP_DEPTH_MAX + 1) + 1] = "";
	struct resp_limits lim = resp_default_limits;
	struct resp_item it;
	struct resp_reader r;
	lim.depth = UINT32_MAX;
	for (int i = 0; i <= RESP_DEPTH_MAX; i++)
		memcpy(wire + 4 * i, "*1\r\n", 5);
	struct span in = span_str(wire);
	resp_reader_init(&r, &lim);
	for (int i = 0; i < RESP_DEPTH_MAX; i++, in = span_tail(in, 4))
		check(resp_next(&r, in, &it) == 4 && it.depth == i, "level %d", i);
	is_int(resp_next(&r, in, &it), RESP_EDEPTH, "a limit above the stack is cut to it");

	/* A streamed string at the last level still has its place. */
	in = span_str(wire);
	resp_reader_init(&r, &lim);
	for (int i = 0; i < RESP_DEPTH_MAX; i++, in = span_tail(in, 4))
		resp_next(&r, in, &it);
	check(resp_next(&r, SPAN("$?\r\n"), &it) == 4, "streamed string");
	check(resp_next(&r, SPAN(";1\r\na\r\n"), &it) == 7 && it.depth == RESP_DEPTH_MAX + 1,
	      "its part");
	ok(resp_next(&r, SPAN(";0\r\n"), &it) == 4 && it.last, "its end ends all levels");
}

static void test_limits_are_cut(void)
{
	struct resp_limits lim = {UINT32_MAX, UINT32_MAX, UINT32_MAX, 16, 0, UINT64_MAX};
	struct resp_reader r;
	struct resp_item it;
	resp_reader_init(&r, &lim);
	is_int(resp_next(&r, SPAN("$1073741824\r\n"), &it), RESP_ETOOBIG, "no bulk of 1 GiB");
	resp_reader_init(&r, &lim);
	is_int(resp_next(&r, SPAN("$1073741823\r\n"), &it), RESP_MORE, "a bulk of one less");
	resp_reader_init(&r, &lim);
	is_int(resp_next(&r, SPAN("*4294967294\r\n"), &it), 13, "an array of 2^32 - 2");
	resp_reader_init(&r, &lim);
	is_int(resp_next(&r, SPAN("*4294967295\r\n"), &it), RESP_ETOOBIG, "none of 2^32 - 1");
	resp_reader_init(&r, &lim);
	is_int(resp_next(&r, SPAN("%2147483648\r\n"), &it), RESP_ETOOBIG, "no map of 2^31");
	is_int(r.lim.line, RESP_LENGTH_MAX, "no line of 1 GiB");
	resp_reader_init(&r, NULL);
	ok(memcmp(&r.lim.reply, &resp_default_limits.reply, sizeof r.lim.reply) == 0 &&
		   r.lim.line == resp_default_limits.line,
	   "NULL: the default limits");
}

/* Reads all of [in] through a window of 16 KiB; the number of items, or an error. */
static long read_through(struct span in, long *replies)
{
	struct resp_reader r;
	struct resp_item it;
	long items = 0;
	resp_reader_init(&r, NULL);
	*replies = 0;
	while (in.n > 0) {
		int used = resp_next(&r, span_head(in, 16384), &it);
		if (used <= 0)
			return used < 0 ? used : -100;
		items++;
		*replies += it.last;
		in = span_tail(in, (size_t)used);
	}
	return items;
}

static void test_volume(void)
{
	const size_t n = 1000000;
	long replies;
	uint8_t *buf = malloc(5 * n);
	if (buf == NULL)
		bail("no memory");
	for (size_t i = 0; i < n; i++)
		memcpy(buf + 5 * i, "+OK\r\n", 5);
	is_int(read_through((struct span){buf, 5 * n}, &replies), (long)n, "1,000,000 times +OK");
	is_int(replies, (long)n, "each is a reply");

	struct out o = out_init(buf, 5 * n);
	out_str(&o, "%10000\r\n");
	for (uint64_t i = 0; i < 10000; i++) {
		uint8_t text[20];
		resp_put_bulk(&o, dec_put(text, i));
		out_str(&o, ":");
		out_u64(&o, i * i);
		out_str(&o, "\r\n");
	}
	is_int(read_through(out_span_of(&o), &replies), 20001, "a map of 10,000 fields");
	is_int(replies, 1, "is one reply");
	free(buf);
}

/* What was searched is not searched again, however slowly a line comes. */
static void test_no_rescan(void)
{
	static uint8_t wire[60003];
	struct resp_reader r;
	struct resp_item it;
	memset(wire, 'x', sizeof wire);
	wire[0] = '+';
	memcpy(wire + 60001, "\r\n", 2);
	resp_reader_init(&r, NULL);
	for (uint32_t n = 2; n < 60003; n++) {
		/* Whoever looks at this byte again finds an error. */
		if (n > 2)
			wire[1] = '\n';
		check(resp_next(&r, (struct span){wire, n}, &it) == RESP_MORE, "more at %u", n);
		check(r.scanned == (n <= 60001 ? n : 60001), "searched to %u of %u", r.scanned, n);
	}
	is_int(resp_next(&r, (struct span){wire, 60003}, &it), 60003, "a slow line");
	is_int((long)it.str.n, 60000, "is whole");
	is_int(resp_next(&r, SPAN("+a\r\n"), &it), 4, "the next line starts anew");
}

static void test_parts_in_constant_memory(void)
{
	struct resp_limits lim = resp_default_limits;
	struct resp_reader r;
	struct resp_item it;
	static uint8_t page[4096];
	uint64_t had = 0;
	lim.part = 4096;
	resp_reader_init(&r, &lim);
	check(resp_next(&r, SPAN("$104857600\r\n"), &it) == 12 && it.stream && it.num == 104857600,
	      "the head");
	for (;;) {
		int used = resp_next(&r, (struct span){page, sizeof page}, &it);
		if (used <= 0 || it.type != RESP_PART)
			break;
		had += it.str.n;
		if (had == 104857600)
			break;
	}
	ok(resp_next(&r, SPAN("\r\n"), &it) == 2 && it.type == RESP_END && it.last &&
		   had == 104857600,
	   "100 MiB through a page");
}

static void test_writers(void)
{
	static const struct span argv[] = {SPAN("SET"), SPAN("a key"), SPAN(""),
					   SPAN("0123456789\r\n")};
	static const char want[] =
		"*4\r\n$3\r\nSET\r\n$5\r\na key\r\n$0\r\n\r\n$12\r\n0123456789\r\n\r\n";
	const size_t n = sizeof want - 1;
	int before = failures();
	for (size_t cap = 0; cap <= n + 1; cap++) {
		uint8_t *buf = malloc(cap + 1);
		if (buf == NULL)
			bail("no memory");
		struct out o = out_init(buf, cap);
		resp_put_command(&o, 4, argv);
		check(o.over == (cap < n), "over at %zu", cap);
		check(o.n <= cap && memcmp(buf, want, o.n) == 0, "what is written at %zu", cap);
		free(buf);
	}
	ok(failures() == before, "a command at every capacity");

	char buf[64];
	struct out o = out_init(buf, sizeof buf);
	resp_put_array(&o, 0);
	resp_put_array(&o, 10);
	resp_put_array(&o, 18446744073709551615u);
	is_span(out_span_of(&o), SPAN("*0\r\n*10\r\n*18446744073709551615\r\n"), "array heads");
	resp_put_bulk(&o, (struct span){(const uint8_t *)buf, SIZE_MAX});
	ok(o.over, "a length that would wrap the sum");
}

static void test_strerror(void)
{
	for (int rc = 1; rc >= RESP_ESHAPE; rc--)
		check(strcmp(resp_strerror(rc), "unknown error") != 0, "text for %d", rc);
	is_str(resp_strerror(RESP_ESHAPE - 1), "unknown error", "below the last error");
	is_str(resp_strerror(INT32_MIN), "unknown error", "far below");
}

int main(void)
{
	test_rows();
	test_depth();
	test_limits_are_cut();
	test_volume();
	test_no_rescan();
	test_parts_in_constant_memory();
	test_writers();
	test_strerror();
	return done();
}
