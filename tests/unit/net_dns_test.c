#include "harness/tap.h"
#include "net/net_dns.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* Names. */

static const char *const labels63 =
	"abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabc";

/* 253 bytes and more: three labels of 63, and one of [n]. */
static struct span long_name(char buf[static 300], int n)
{
	int used = snprintf(buf, 300, "%s.%s.%s.%.*s", labels63, labels63, labels63, n, labels63);
	return span_of(buf, (size_t)used);
}

static void test_names(void)
{
	static const struct {
		struct span name;
		bool good;
	} rows[] = {
		{SPAN("db"), true},
		{SPAN("db."), true},
		{SPAN("a.b.c"), true},
		{SPAN("my_service-1"), true},
		{SPAN("123456789012"), true},
		{SPAN("4chan.org"), true},
		{SPAN("10.example"), true},
		{SPAN("x.1a"), true},
		{SPAN(""), false},
		{SPAN("."), false},
		{SPAN(".db"), false},
		{SPAN("db.."), false},
		{SPAN("a..b"), false},
		{SPAN("-db"), false},
		{SPAN("db-"), false},
		{SPAN("a.-b.c"), false},
		{SPAN("a b"), false},
		{SPAN("a\0b"), false},
		{SPAN("a/b"), false},
		{SPAN("caf\xc3\xa9"), false},
		{SPAN("a:b"), false},
		{SPAN("300.1.1.1"), false},
		{SPAN("1.2"), false},
		{SPAN("127.0.0.1."), false},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ok(net_dns_name_ok(guarded(0, rows[i].name)) == rows[i].good, "%s name \"%.*s\"",
		   rows[i].good ? "good" : "bad", (int)rows[i].name.n,
		   (const char *)rows[i].name.p);
	char buf[300];
	ok(net_dns_name_ok(long_name(buf, 61)), "a name of 253 bytes");
	ok(!net_dns_name_ok(long_name(buf, 62)), "a name of 254 bytes");
	ok(net_dns_name_ok(span_of(labels63, 63)), "a label of 63 bytes");
	snprintf(buf, sizeof buf, "%sd", labels63);
	ok(!net_dns_name_ok(span_of(buf, 64)), "a label of 64 bytes");
}

/* Queries. */

static void query_row(const char *what, struct span name, uint16_t type, struct span want)
{
	struct net_dns_question q = {.name = name, .type = type, .id = 0x1234};
	uint8_t buf[NET_DNS_QUERY_MAX];
	for (size_t cap = 0; cap < want.n; cap++) {
		struct out o = out_init(buf, cap);
		check(net_dns_query_put(&o, &q) == NET_DNS_EROOM, "%s in %zu", what, cap);
	}
	struct out o = out_init(buf, want.n);
	is_int(net_dns_query_put(&o, &q), (int)want.n, "%s: length", what);
	is_span(out_span_of(&o), want, "%s: bytes", what);
}

static void test_queries(void)
{
	query_row("query A", SPAN("db.Example"), NET_DNS_A,
		  SPAN("\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x02"
		       "db\x07"
		       "Example\0\0\x01\0\x01"));
	query_row("query AAAA", SPAN("x."), NET_DNS_AAAA,
		  SPAN("\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01x\0\0\x1c\0\x01"));
	char text[300];
	uint8_t buf[NET_DNS_QUERY_MAX + 1];
	struct net_dns_question q = {.name = long_name(text, 61), .type = NET_DNS_A};
	struct out o = out_init(buf, sizeof buf);
	is_int(net_dns_query_put(&o, &q), NET_DNS_QUERY_MAX, "the longest query");
	q.name = SPAN("a..b");
	is_int(net_dns_query_put(&o, &q), NET_DNS_ENAME, "a query for what is not a name");
}

/* Answers. */

#define HEAD(flags, questions, answers) "\x12\x34" flags "\0" questions "\0" answers "\0\0\0\0"
/* The question's name stands at 12, so the answers begin at 20. */
#define DB "\x02\x64\x62\0"
#define ASK_A DB "\0\x01\0\x01"
#define ASK_AAAA DB "\0\x1c\0\x01"
#define TO_DB "\xc0\x0c"
#define A60 "\0\x01\0\x01\0\0\0\x3c\0\x04"
#define SIX60 "\0\x1c\0\x01\0\0\0\x3c\0\x10"
#define CNAME(ttl, n) "\0\x05\0\x01\0\0\0" ttl "\0" n
#define GOOD "\x81\x80"
#define ONE(record) HEAD(GOOD, "\x01", "\x01") ASK_A record

static const struct answer_row {
	const char *what;
	struct span msg;
	uint16_t type;
	const char *want;
} answers[] = {
	{"one A", SPAN(ONE(TO_DB A60 "\x0a\0\0\x01")), NET_DNS_A, "rcode 0 ttl 60 10.0.0.1"},
	{"two A, the lesser ttl",
	 SPAN(HEAD(GOOD, "\x01", "\x02") ASK_A TO_DB A60
	      "\x0a\0\0\x01" TO_DB "\0\x01\0\x01\0\0\0\x07\0\x04\x0a\0\0\x02"),
	 NET_DNS_A, "rcode 0 ttl 7 10.0.0.1 10.0.0.2"},
	{"one AAAA",
	 SPAN(HEAD(GOOD, "\x01", "\x01") ASK_AAAA TO_DB SIX60
	      "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09"),
	 NET_DNS_AAAA, "rcode 0 ttl 60 fd00::9"},
	{"owner not compressed", SPAN(ONE(DB A60 "\x0a\0\0\x01")), NET_DNS_A,
	 "rcode 0 ttl 60 10.0.0.1"},
	{"letter case differs",
	 SPAN(HEAD(GOOD, "\x01", "\x01") "\x02"
					 "dB\0\0\x01\0\x01"
					 "\x02"
					 "Db\0" A60 "\x0a\0\0\x01"),
	 NET_DNS_A, "rcode 0 ttl 60 10.0.0.1"},
	{"ttl with the highest bit is zero",
	 SPAN(ONE(TO_DB "\0\x01\0\x01\x80\0\0\x3c\0\x04\x0a\0\0\x01")), NET_DNS_A,
	 "rcode 0 ttl 0 10.0.0.1"},
	{"what stands behind the answers is not looked at",
	 SPAN(ONE(TO_DB A60 "\x0a\0\0\x01"
			    "\x41\xff")),
	 NET_DNS_A, "rcode 0 ttl 60 10.0.0.1"},
	/* CNAME data "cc" at 32, its A record points there. */
	{"CNAME",
	 SPAN(HEAD(GOOD, "\x01", "\x02") ASK_A TO_DB CNAME("\x05", "\x04") "\x02"
									   "cc\0\xc0\x20" A60
									   "\x0a\0\0\x02"),
	 NET_DNS_A, "rcode 0 ttl 5 10.0.0.2"},
	{"CNAME behind its target",
	 SPAN(HEAD(GOOD, "\x01", "\x02") ASK_A
	      "\x02"
	      "cc\0" A60 "\x0a\0\0\x02" TO_DB CNAME("\x05", "\x02") "\xc0\x14"),
	 NET_DNS_A, "rcode 0 ttl 5 10.0.0.2"},
	{"CNAME to nowhere",
	 SPAN(ONE(TO_DB CNAME("\x05", "\x04") "\x02"
					      "cc\0")),
	 NET_DNS_A, "rcode 0 ttl 0"},
	{"records of others are not ours",
	 SPAN(HEAD(GOOD, "\x01", "\x02") ASK_A "\x02"
					       "xx\0" A60 "\x06\x06\x06\x06" TO_DB A60
					       "\x0a\0\0\x01"),
	 NET_DNS_A, "rcode 0 ttl 60 10.0.0.1"},
	{"another class, another type",
	 SPAN(HEAD(GOOD, "\x01", "\x03") ASK_A TO_DB
	      "\0\x01\0\x03\0\0\0\x3c\0\x04\x06\x06\x06\x06" TO_DB
	      "\0\x10\0\x01\0\0\0\x3c\0\x02\x01x" TO_DB A60 "\x0a\0\0\x01"),
	 NET_DNS_A, "rcode 0 ttl 60 10.0.0.1"},
	{"no data", SPAN(HEAD(GOOD, "\x01", "\0") ASK_A), NET_DNS_A, "rcode 0 ttl 0"},
	{"NXDOMAIN", SPAN(HEAD("\x81\x83", "\x01", "\0") ASK_A), NET_DNS_A, "rcode 3 ttl 0"},
	{"SERVFAIL", SPAN(HEAD("\x81\x82", "\x01", "\0") ASK_A), NET_DNS_A, "rcode 2 ttl 0"},
	{"FORMERR without the question", SPAN(HEAD("\x81\x81", "\0", "\0")), NET_DNS_A,
	 "rcode 1 ttl 0"},
	{"truncated", SPAN(HEAD("\x83\x80", "\x01", "\x05") ASK_A TO_DB), NET_DNS_A,
	 "rcode 0 ttl 0 truncated"},

	{"empty", SPAN(""), NET_DNS_A, "not an answer to this question"},
	{"another id", SPAN("\x12\x35\x81\x80\0\x01\0\0\0\0\0\0" ASK_A), NET_DNS_A,
	 "not an answer to this question"},
	{"a query", SPAN(HEAD("\x01\x80", "\x01", "\0") ASK_A), NET_DNS_A,
	 "not an answer to this question"},
	{"another opcode", SPAN(HEAD("\xa8\x80", "\x01", "\0") ASK_A), NET_DNS_A,
	 "not an answer to this question"},
	{"another type asked", SPAN(HEAD(GOOD, "\x01", "\0") ASK_A), NET_DNS_AAAA,
	 "not an answer to this question"},
	{"another class asked", SPAN(HEAD(GOOD, "\x01", "\0") DB "\0\x01\0\x03"), NET_DNS_A,
	 "not an answer to this question"},
	{"another name asked",
	 SPAN(HEAD(GOOD, "\x01", "\0") "\x02"
				       "dc\0\0\x01\0\x01"),
	 NET_DNS_A, "not an answer to this question"},
	{"a longer name asked",
	 SPAN(HEAD(GOOD, "\x01", "\0") "\x02"
				       "db\x01x\0\0\x01\0\x01"),
	 NET_DNS_A, "not an answer to this question"},
	{"one label of what was two",
	 SPAN(HEAD(GOOD, "\x01", "\0") "\x01"
				       "d\x01"
				       "b\0\0\x01\0\x01"),
	 NET_DNS_A, "not an answer to this question"},
	{"two questions", SPAN(HEAD(GOOD, "\x02", "\0") ASK_A ASK_A), NET_DNS_A,
	 "not an answer to this question"},
	{"no question, no failure", SPAN(HEAD(GOOD, "\0", "\0")), NET_DNS_A,
	 "not an answer to this question"},
	{"NXDOMAIN without the question", SPAN(HEAD("\x81\x83", "\0", "\0")), NET_DNS_A,
	 "not an answer to this question"},
	{"the question is a pointer to itself",
	 SPAN(HEAD(GOOD, "\x01", "\0") "\xc0\x0c\0\x01\0\x01"), NET_DNS_A,
	 "not an answer to this question"},

	{"an owner that points to itself", SPAN(ONE("\xc0\x14" A60 "\x0a\0\0\x01")), NET_DNS_A,
	 "a compression pointer that does not point back"},
	{"an owner that points on", SPAN(ONE("\xc0\x16" A60 "\x0a\0\0\x01")), NET_DNS_A,
	 "a compression pointer that does not point back"},
	{"a label that points to itself", SPAN(ONE("\x01x\xc0\x14" A60 "\x0a\0\0\x01")), NET_DNS_A,
	 "a compression pointer that does not point back"},
	{"an owner that points into the header", SPAN(ONE("\xc0\x02" A60 "\x0a\0\0\x01")),
	 NET_DNS_A, "a compression pointer that does not point back"},
	{"a reserved label, 01", SPAN(ONE("\x41xx" A60 "\x0a\0\0\x01")), NET_DNS_A,
	 "a label of a reserved kind"},
	{"a reserved label, 10", SPAN(ONE("\x80xx" A60 "\x0a\0\0\x01")), NET_DNS_A,
	 "a label of a reserved kind"},
	{"an A of three bytes", SPAN(ONE(TO_DB "\0\x01\0\x01\0\0\0\x3c\0\x03\x0a\0\0")), NET_DNS_A,
	 "record data of a wrong length"},
	{"an AAAA of four bytes",
	 SPAN(HEAD(GOOD, "\x01", "\x01") ASK_AAAA TO_DB "\0\x1c\0\x01\0\0\0\x3c\0\x04\x0a\0\0\x01"),
	 NET_DNS_AAAA, "record data of a wrong length"},
	{"a CNAME with a byte too many",
	 SPAN(ONE(TO_DB CNAME("\x05", "\x05") "\x02"
					      "cc\0x")),
	 NET_DNS_A, "record data of a wrong length"},
	{"a CNAME that goes on behind its data",
	 SPAN(ONE(TO_DB CNAME("\x05", "\x03") "\x02"
					      "cc\0x")),
	 NET_DNS_A, "record data of a wrong length"},
	{"an empty CNAME", SPAN(ONE(TO_DB CNAME("\x05", "\0"))), NET_DNS_A,
	 "record data of a wrong length"},
	{"a CNAME to itself", SPAN(ONE(TO_DB CNAME("\x05", "\x02") TO_DB)), NET_DNS_A,
	 "too many CNAMEs"},
	{"more records announced than there are",
	 SPAN(HEAD(GOOD, "\x01", "\x02") ASK_A TO_DB A60 "\x0a\0\0\x01"), NET_DNS_A,
	 "the message ends in the middle of a record"},
	{"data longer than the message", SPAN(ONE(TO_DB "\0\x01\0\x01\0\0\0\x3c\xff\xff\x0a\0\0")),
	 NET_DNS_A, "the message ends in the middle of a record"},
};

static void transcript(struct span msg, struct span name, uint16_t type, char *text, size_t room)
{
	struct net_dns_question q = {.name = name, .type = type, .id = 0x1234};
	struct net_dns_answer a;
	int rc = net_dns_answer_parse(msg, &q, &a);
	if (rc < 0) {
		snprintf(text, room, "%s", net_dns_strerror(rc));
		return;
	}
	check(rc == (int)msg.n, "the result is the length");
	int n = snprintf(text, room, "rcode %d ttl %u%s", a.rcode, a.ttl,
			 a.truncated ? " truncated" : "");
	for (int i = 0; i < a.addrs; i++) {
		char ip[INET6_ADDRSTRLEN];
		inet_ntop(a.addr[i].family == 4 ? AF_INET : AF_INET6, a.addr[i].ip, ip, sizeof ip);
		n += snprintf(text + n, room - (size_t)n, " %s", ip);
	}
}

/* A cut message never has addresses, except where the cut takes only what is not looked at. */
static void cut_row(const struct answer_row *row)
{
	char whole[512], text[512];
	transcript(guarded(0, row->msg), SPAN("db"), row->type, whole, sizeof whole);
	for (size_t cut = 0; cut < row->msg.n; cut++) {
		transcript(guarded(0, span_head(row->msg, cut)), SPAN("db"), row->type, text,
			   sizeof text);
		check(strncmp(text, "rcode", 5) != 0 || strcmp(text, whole) == 0,
		      "%s cut at %zu: %s", row->what, cut, text);
	}
	is_str(whole, row->want, "%s", row->what);
}

/* Messages that are too long to write down. */

static struct out begin_answer(uint8_t *buf, size_t cap, unsigned answers_count)
{
	struct out o = out_init(buf, cap);
	out_span(&o, SPAN("\x12\x34\x81\x80\0\x01"));
	out_be16(&o, (uint16_t)answers_count);
	out_span(&o, SPAN("\0\0\0\0" ASK_A));
	return o;
}

/* db is an alias of a, a of b, and so on; the last one has an address. */
static void chain_row(unsigned aliases, const char *want)
{
	uint8_t buf[2048];
	char text[512];
	struct out o = begin_answer(buf, sizeof buf, aliases + 1);
	for (unsigned i = 0; i <= aliases; i++) {
		if (i == 0) {
			out_span(&o, SPAN(TO_DB));
		} else {
			out_byte(&o, 1);
			out_byte(&o, (uint8_t)('a' + i - 1));
			out_byte(&o, 0);
		}
		if (i == aliases) {
			out_span(&o, SPAN(A60 "\x0a\0\0\x01"));
			break;
		}
		out_span(&o, SPAN(CNAME("\x05", "\x03") "\x01"));
		out_byte(&o, (uint8_t)('a' + i));
		out_byte(&o, 0);
	}
	transcript(guarded(0, out_span_of(&o)), SPAN("db"), NET_DNS_A, text, sizeof text);
	is_str(text, want, "a chain of %u CNAMEs", aliases);
}

static void count_row(unsigned records, const char *want)
{
	static uint8_t buf[16384];
	char text[512];
	struct out o = begin_answer(buf, sizeof buf, records);
	for (unsigned i = 0; i < records; i++)
		out_span(&o, SPAN(TO_DB A60 "\x0a\0\0\x01"));
	transcript(guarded(0, out_span_of(&o)), SPAN("db"), NET_DNS_A, text, sizeof text);
	is_str(text, want, "%u records", records);
}

/* An owner of [n] pointers, each to the one before; they stand in the data of a TXT record. */
static void pointers_row(unsigned n, const char *want)
{
	uint8_t buf[2048];
	char text[512];
	struct out o = begin_answer(buf, sizeof buf, 2);
	out_span(&o, SPAN(TO_DB "\0\x10\0\x01\0\0\0\x3c"));
	out_be16(&o, (uint16_t)(2 * (n - 1)));
	for (unsigned i = 0; i < n; i++)
		out_be16(&o, (uint16_t)(0xc000 | (i == 0 ? 12 : o.n - 2)));
	out_span(&o, SPAN(A60 "\x0a\0\0\x01"));
	transcript(guarded(0, out_span_of(&o)), SPAN("db"), NET_DNS_A, text, sizeof text);
	is_str(text, want, "a name of %u pointers", n);
}

/* Labels of 63 bytes: three and one of [last] in front of "db" and the root. */
static void long_owner_row(unsigned last, const char *want)
{
	uint8_t buf[2048];
	char text[512];
	struct out o = begin_answer(buf, sizeof buf, 1);
	for (int i = 0; i < 4; i++) {
		unsigned n = i < 3 ? 63 : last;
		out_byte(&o, (uint8_t)n);
		out_mem(&o, labels63, n);
	}
	out_span(&o, SPAN(TO_DB A60 "\x0a\0\0\x01"));
	transcript(guarded(0, out_span_of(&o)), SPAN("db"), NET_DNS_A, text, sizeof text);
	is_str(text, want, "an owner of %u bytes", 3 * 64 + last + 1 + 4);
}

static void test_long_messages(void)
{
	char text[512];
	chain_row(1, "rcode 0 ttl 5 10.0.0.1");
	chain_row(NET_DNS_CHAIN, "rcode 0 ttl 5 10.0.0.1");
	chain_row(NET_DNS_CHAIN + 1, "too many CNAMEs");
	count_row(NET_DNS_ADDRS, "rcode 0 ttl 60 10.0.0.1 10.0.0.1 10.0.0.1 10.0.0.1 10.0.0.1 "
				 "10.0.0.1 10.0.0.1 10.0.0.1");
	count_row(NET_DNS_RECORDS, "rcode 0 ttl 60 10.0.0.1 10.0.0.1 10.0.0.1 10.0.0.1 10.0.0.1 "
				   "10.0.0.1 10.0.0.1 10.0.0.1");
	count_row(NET_DNS_RECORDS + 1, "too many records");
	pointers_row(2, "rcode 0 ttl 60 10.0.0.1");
	pointers_row(127, "rcode 0 ttl 60 10.0.0.1");
	pointers_row(128, "a compression pointer that does not point back");
	long_owner_row(58, "rcode 0 ttl 0");
	long_owner_row(59, "a name of more than 255 bytes");
	static uint8_t big[UINT16_MAX + 1];
	memcpy(big, answers[0].msg.p, answers[0].msg.n);
	transcript(span_of(big, UINT16_MAX), SPAN("db"), NET_DNS_A, text, sizeof text);
	is_str(text, "rcode 0 ttl 60 10.0.0.1", "a message of 65535 bytes");
	transcript(span_of(big, sizeof big), SPAN("db"), NET_DNS_A, text, sizeof text);
	is_str(text, "not an answer to this question", "a message of 65536 bytes");
	transcript(answers[0].msg, SPAN("d b"), NET_DNS_A, text, sizeof text);
	is_str(text, "not a host name", "an answer about what is not a name");
}

/* Every byte of every row, changed in some ways; the crash is what is looked for. */
static void test_garbage(void)
{
	uint32_t seed = 1;
	uint8_t buf[512];
	char text[512];
	long tried = 0;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		for (size_t at = 0; at < answers[i].msg.n; at++)
			for (int k = 0; k < 8; k++, tried++) {
				seed = seed * 1664525 + 1013904223;
				memcpy(buf, answers[i].msg.p, answers[i].msg.n);
				buf[at] ^= (uint8_t)(k < 4 ? 0xc0U >> k : seed >> 24);
				buf[seed % answers[i].msg.n] ^= (uint8_t)(k & 1 ? seed >> 16 : 0);
				transcript(guarded(0, span_of(buf, answers[i].msg.n)), SPAN("db"),
					   answers[i].type, text, sizeof text);
			}
	ok(tried > 1000, "%ld damaged messages", tried);
}

/* Addresses. */

static void test_addresses(void)
{
	static const struct {
		struct span text;
		const char *want; /* NULL: none */
	} rows[] = {
		{SPAN("127.0.0.1"), "127.0.0.1"},
		{SPAN("0.0.0.0"), "0.0.0.0"},
		{SPAN("255.255.255.255"), "255.255.255.255"},
		{SPAN("::"), "::"},
		{SPAN("::1"), "::1"},
		{SPAN("1::"), "1::"},
		{SPAN("2001:DB8::a:0:1"), "2001:db8::a:0:1"},
		{SPAN("1:2:3:4:5:6:7:8"), "1:2:3:4:5:6:7:8"},
		{SPAN("1:2:3:4:5:6:7::"), "1:2:3:4:5:6:7:0"},
		{SPAN("::2:3:4:5:6:7:8"), "0:2:3:4:5:6:7:8"},
		{SPAN("::ffff:10.0.0.1"), "::ffff:10.0.0.1"},
		{SPAN("1:2:3:4:5:6:10.0.0.1"), "1:2:3:4:5:6:a00:1"},
		{SPAN("fe80::1%7"), "fe80::1%7"},
		{SPAN("ff02::1%4294967295"), "ff02::1%4294967295"},
		{SPAN("fe80::1%lo"), "fe80::1%1"},
		{SPAN(""), NULL},
		{SPAN("127.0.0"), NULL},
		{SPAN("127.1"), NULL},
		{SPAN("1.2.3.4.5"), NULL},
		{SPAN("1.2.3.4."), NULL},
		{SPAN(".1.2.3.4"), NULL},
		{SPAN("1..2.3"), NULL},
		{SPAN("1.2.3.256"), NULL},
		{SPAN("01.2.3.4"), NULL},
		{SPAN("1.2.3.0x4"), NULL},
		{SPAN("1.2.3.4\0"), NULL},
		{SPAN("1.2.3.+4"), NULL},
		{SPAN("1.2.3.4000000000"), NULL},
		{SPAN(":"), NULL},
		{SPAN(":::"), NULL},
		{SPAN("1::2::3"), NULL},
		{SPAN("1:2:3:4:5:6:7"), NULL},
		{SPAN("1:2:3:4:5:6:7:8:9"), NULL},
		{SPAN("1:2:3:4:5:6:7:8::"), NULL},
		{SPAN("1:2:3:4::5:6:7:8"), NULL},
		{SPAN(":1:2:3:4:5:6:7:8"), NULL},
		{SPAN("1:2:3:4:5:6:7:8:"), NULL},
		{SPAN("12345::"), NULL},
		{SPAN("::g"), NULL},
		{SPAN("::1.2.3"), NULL},
		{SPAN("1.2.3.4::"), NULL},
		{SPAN("1:2:3:4:5:6:7:1.2.3.4"), NULL},
		{SPAN("[::1]"), NULL},
		{SPAN("::1%1"), NULL},
		{SPAN("fe80::1%"), NULL},
		{SPAN("fe80::1%0"), NULL},
		{SPAN("fe80::1%4294967296"), NULL},
		{SPAN("fe80::1%no-such-interface"), NULL},
		{SPAN("fe80::1%nosuch"), NULL},
		{SPAN("1.2.3.4%1"), NULL},
		{SPAN("redis"), NULL},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct net_addr a;
		char text[INET6_ADDRSTRLEN + 20] = "none";
		if (net_addr_parse(guarded(0, rows[i].text), &a)) {
			inet_ntop(a.family == 4 ? AF_INET : AF_INET6, a.ip, text, sizeof text);
			if (a.scope != 0)
				snprintf(text + strlen(text), 20, "%%%u", a.scope);
		}
		is_str(text, rows[i].want == NULL ? "none" : rows[i].want, "address \"%.*s\"",
		       (int)rows[i].text.n, (const char *)rows[i].text.p);
	}
}

int main(void)
{
	test_names();
	test_queries();
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		cut_row(&answers[i]);
	test_long_messages();
	test_garbage();
	test_addresses();
	return done();
}
