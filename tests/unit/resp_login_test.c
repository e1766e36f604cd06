#include "resp/resp_session.h"

#include "harness/tap.h"
#include "unit/resp_log.h"

#include <string.h>

enum { QUEUE = 8 };

#define HELLO3 "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n"
#define HELLO2 "*2\r\n$5\r\nproto\r\n:2\r\n"
#define UNKNOWN "-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, \r\n"
#define CMD_HELLO "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"
#define CMD_HELLO_PW \
	"*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$7\r\ndefault\r\n$6\r\ns3cret\r\n"
#define CMD_AUTH_PW "*2\r\n$4\r\nAUTH\r\n$6\r\ns3cret\r\n"
#define CMD_AUTH_USER "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$6\r\ns3cret\r\n"
#define CMD_NAME "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$4\r\nbarn\r\n"
#define CMD_SELECT "*2\r\n$6\r\nSELECT\r\n$2\r\n12\r\n"
#define CMD_PING "*1\r\n$4\r\nPING\r\n"
#define PW .password = SPAN("s3cret")
#define USER .user = SPAN("me")
#define NAME .name = SPAN("barn")
#define LIB .library = SPAN("lib"), .version = SPAN("1.2")
#define CMD_LIB                                                                  \
	"*4\r\n$6\r\nCLIENT\r\n$7\r\nSETINFO\r\n$8\r\nLIB-NAME\r\n$3\r\nlib\r\n" \
	"*4\r\n$6\r\nCLIENT\r\n$7\r\nSETINFO\r\n$7\r\nLIB-VER\r\n$3\r\n1.2\r\n"

static const struct login_row {
	const char *name;
	struct resp_login login;
	const char *wire, *sent, *want, *refusal;
	bool resp3;
} logins[] = {
	{"plain", {.db = 0}, HELLO3, CMD_HELLO, "READY", "", true},
	{"password", {PW}, HELLO3, CMD_HELLO_PW, "READY", "", true},
	{"user, password, name, database",
	 {USER, PW, NAME, .db = 12},
	 HELLO3 "+OK\r\n",
	 "*7\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$6\r\ns3cret\r\n$"
	 "7\r\nSETNAME\r\n"
	 "$4\r\nbarn\r\n" CMD_SELECT,
	 "READY",
	 "",
	 true},
	{"user without password", {USER}, HELLO3, CMD_HELLO, "READY", "", true},
	{"attributes and pushes meanwhile",
	 {.db = 12},
	 "|1\r\n+a\r\n+b\r\n" HELLO3 ">2\r\n+x\r\n+y\r\n+OK\r\n",
	 CMD_HELLO CMD_SELECT,
	 ">push 2; .>simple x; .>simple y!; READY",
	 "",
	 true},
	{"library and version",
	 {LIB},
	 HELLO3 "+OK\r\n+OK\r\n",
	 CMD_HELLO CMD_LIB,
	 "READY",
	 "",
	 true},
	{"library and version, unknown to the server",
	 {LIB, .db = 12},
	 HELLO3 "+OK\r\n-ERR Unknown subcommand or wrong number of arguments for 'SETINFO'\r\n"
		"-ERR Unknown subcommand or wrong number of arguments for 'SETINFO'\r\n",
	 CMD_HELLO CMD_SELECT CMD_LIB,
	 "READY",
	 "",
	 true},
	{"library and version after a fall-back",
	 {LIB, USER, PW, NAME, .db = 12},
	 UNKNOWN "-NOAUTH a\r\n-NOAUTH b\r\n-NOAUTH c\r\n+OK\r\n+OK\r\n+OK\r\n-ERR a\r\n-ERR b\r\n",
	 "*7\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$6\r\ns3cret\r\n$"
	 "7\r\nSETNAME\r\n"
	 "$4\r\nbarn\r\n" CMD_SELECT CMD_LIB CMD_AUTH_USER CMD_NAME CMD_SELECT CMD_LIB,
	 "READY",
	 "",
	 false},
	{"a server that stays with RESP2", {PW}, HELLO2, CMD_HELLO_PW, "READY", "", false},

	{"RESP2", {.resp2 = true}, "+PONG\r\n", CMD_PING, "READY", "", false},
	{"RESP2 with all",
	 {USER, PW, NAME, .db = 12, .resp2 = true},
	 "+OK\r\n+OK\r\n+OK\r\n",
	 CMD_AUTH_USER CMD_NAME CMD_SELECT,
	 "READY",
	 "",
	 false},
	{"RESP2 with a password", {PW, .resp2 = true}, "+OK\r\n", CMD_AUTH_PW, "READY", "", false},
	{"RESP2, no CLIENT SETNAME",
	 {NAME, .resp2 = true},
	 "-ERR unknown command 'CLIENT'\r\n",
	 CMD_NAME,
	 "READY",
	 "",
	 false},

	{"fall-back", {.db = 0}, UNKNOWN, CMD_HELLO, "READY", "", false},
	{"fall-back by NOPROTO",
	 {.db = 0},
	 "-NOPROTO unsupported protocol version\r\n",
	 CMD_HELLO,
	 "READY",
	 "",
	 false},
	{"fall-back by a blob error",
	 {.db = 0},
	 "!21\r\nERR unknown command h\r\n",
	 CMD_HELLO,
	 "READY",
	 "",
	 false},
	{"fall-back with a password",
	 {PW},
	 UNKNOWN "+OK\r\n",
	 CMD_HELLO_PW CMD_AUTH_PW,
	 "READY",
	 "",
	 false},
	{"fall-back with all",
	 {USER, PW, NAME, .db = 12},
	 UNKNOWN "-NOAUTH Authentication required.\r\n+OK\r\n-ERR unknown\r\n+OK\r\n",
	 "*7\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$6\r\ns3cret\r\n$"
	 "7\r\nSETNAME\r\n"
	 "$4\r\nbarn\r\n" CMD_SELECT CMD_AUTH_USER CMD_NAME CMD_SELECT,
	 "READY",
	 "",
	 false},
	{"fall-back, the SELECT before it went through",
	 {.db = 12},
	 UNKNOWN "+OK\r\n+OK\r\n",
	 CMD_HELLO CMD_SELECT CMD_SELECT,
	 "READY",
	 "",
	 false},

	{"wrong password",
	 {PW},
	 "-WRONGPASS invalid username-password pair\r\n",
	 CMD_HELLO_PW,
	 "EAUTH",
	 "WRONGPASS invalid username-password pair",
	 false},
	{"no password given",
	 {.db = 0},
	 "-NOAUTH HELLO must be called\r\n",
	 CMD_HELLO,
	 "EAUTH",
	 "NOAUTH HELLO must be called",
	 false},
	{"user may not say HELLO",
	 {PW},
	 "-NOPERM no permissions\r\n",
	 CMD_HELLO_PW,
	 "EAUTH",
	 "NOPERM no permissions",
	 false},
	{"invalid password, before 6.0",
	 {PW, .resp2 = true},
	 "-ERR invalid password\r\n",
	 CMD_AUTH_PW,
	 "EAUTH",
	 "ERR invalid password",
	 false},
	{"invalid password to HELLO",
	 {PW},
	 "-ERR invalid password\r\n",
	 CMD_HELLO_PW,
	 "EAUTH",
	 "ERR invalid password",
	 false},
	{"password where none is set",
	 {PW, .resp2 = true},
	 "-ERR Client sent AUTH, but no password is set\r\n",
	 CMD_AUTH_PW,
	 "EAUTH",
	 "ERR Client sent AUTH, but no password is set",
	 false},
	{"user refused after the fall-back",
	 {PW},
	 UNKNOWN "-ERR invalid password\r\n",
	 CMD_HELLO_PW CMD_AUTH_PW,
	 "EAUTH",
	 "ERR invalid password",
	 false},
	{"password missing, noticed by SETNAME",
	 {NAME, .resp2 = true},
	 "-NOAUTH required\r\n",
	 CMD_NAME,
	 "EAUTH",
	 "NOAUTH required",
	 false},
	{"password missing, noticed by PING",
	 {.resp2 = true},
	 "-NOAUTH required\r\n",
	 CMD_PING,
	 "EAUTH",
	 "NOAUTH required",
	 false},

	{"loading",
	 {.db = 0},
	 "-LOADING Redis is loading the dataset in memory\r\n",
	 CMD_HELLO,
	 "ELOGIN",
	 "LOADING Redis is loading the dataset in memory",
	 false},
	{"loading, said to AUTH",
	 {PW, .resp2 = true},
	 "-LOADING wait\r\n",
	 CMD_AUTH_PW,
	 "ELOGIN",
	 "LOADING wait",
	 false},
	{"too many clients",
	 {PW, .resp2 = true},
	 "-ERR max number of clients reached\r\n",
	 CMD_AUTH_PW,
	 "ELOGIN",
	 "ERR max number of clients reached",
	 false},
	{"database out of range",
	 {.db = 12},
	 HELLO3 "-ERR DB index is out of range\r\n",
	 CMD_HELLO CMD_SELECT,
	 "ELOGIN",
	 "ERR DB index is out of range",
	 true},
	{"no HELLO options",
	 {.db = 0},
	 "-ERR Syntax error in HELLO option\r\n",
	 CMD_HELLO,
	 "ELOGIN",
	 "ERR Syntax error in HELLO option",
	 false},
	{"odd answer to HELLO",
	 {.db = 0},
	 "+OK\r\n",
	 CMD_HELLO,
	 "ELOGIN",
	 "unexpected answer to the login",
	 false},
	{"odd answer to AUTH",
	 {PW, .resp2 = true},
	 ":1\r\n",
	 CMD_AUTH_PW,
	 "ELOGIN",
	 "unexpected answer to the login",
	 false},
	{"not RESP", {.db = 0}, "HTTP/1.1 400 Bad Request\r\n", CMD_HELLO, "ETYPE", "", false},

	{"words that are not text",
	 {.db = 0},
	 "-LOADING \x1b[31m\xc3\xa4\ttab\r\n",
	 CMD_HELLO,
	 "ELOGIN",
	 "LOADING ?[31m???tab",
	 false},
	{"many words",
	 {.db = 0},
	 "-LOADING 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
	 "0123456789 0123456789\r\n",
	 CMD_HELLO,
	 "ELOGIN",
	 "LOADING 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
	 "0123456789",
	 false},
	{"a server that repeats the password",
	 {PW, .resp2 = true},
	 "-ERR no user s3cret\r\n",
	 CMD_AUTH_PW,
	 "EAUTH",
	 "ERR",
	 false},
	{"across the end of what is kept",
	 {PW, .resp2 = true},
	 "-ERR 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 "
	 "123456789 s3cret\r\n",
	 CMD_AUTH_PW,
	 "EAUTH",
	 "ERR",
	 false},
	{"a server that repeats the arguments",
	 {PW, .resp2 = true},
	 "-ERR unknown command `AUTH`, with args beginning with: `s3cr`, \r\n",
	 CMD_AUTH_PW,
	 "EAUTH",
	 "ERR",
	 false},
	{"the password as code word",
	 {PW, .resp2 = true},
	 "-s3cret is wrong\r\n",
	 CMD_AUTH_PW,
	 "ELOGIN",
	 "",
	 false},
};

static void login_once(const struct login_row *row, size_t first, size_t step)
{
	char text[512], sent[512];
	struct resp_pending queue[QUEUE];
	struct resp_session s;
	struct log l = log_init(text, sizeof text);
	struct out o = out_init(sent, sizeof sent);
	resp_session_init(&s, NULL, queue, QUEUE);
	check(resp_session_login(&s, &row->login, &o) == 1, "%s: starts", row->name);
	check(resp_session_login(&s, &row->login, &o) == RESP_ESEND, "%s: twice", row->name);
	feed(&s, span_str(row->wire), first, step, &o, &l);
	check(strcmp(log_text(&l), row->want) == 0, "%s, %zu: %s", row->name, first, log_text(&l));
	check(span_eq(out_span_of(&o), span_str(row->sent)), "%s, %zu: sent %.*s", row->name, first,
	      (int)o.n, sent);
	check(strcmp(s.refusal, row->refusal) == 0, "%s: %s", row->name, s.refusal);
	check(s.resp3 == row->resp3, "%s: the protocol", row->name);
}

/* Less room than needed: nothing is lost, and with more room it goes on. */
static void login_cramped(const struct login_row *row, size_t cap)
{
	char sent[1024];
	struct resp_session s;
	struct resp_event ev;
	struct span in = span_str(row->wire);
	struct out o = out_init(sent, cap);
	resp_session_init(&s, NULL, NULL, 0);
	if (resp_session_login(&s, &row->login, &o) == RESP_EROOM) {
		check(o.n == 0 && !o.over, "%s: nothing written in %zu", row->name, cap);
		o.cap = sizeof sent;
		check(resp_session_login(&s, &row->login, &o) == 1, "%s: again", row->name);
	}
	int used;
	do {
		size_t n = o.n;
		used = resp_session_next(&s, in, &o, &ev);
		if (used == RESP_EROOM) {
			check(o.n == n && !o.over, "%s: nothing more in %zu", row->name, cap);
			o.cap = sizeof sent;
			used = resp_session_next(&s, in, &o, &ev);
			check(used > 0, "%s: goes on after %zu", row->name, cap);
		}
		in = span_tail(in, used > 0 ? (size_t)used : 0);
	} while (used > 0);
	check(span_eq(out_span_of(&o), span_str(row->sent)), "%s: sent in %zu", row->name, cap);
}

static void test_logins(void)
{
	for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
		const struct login_row *row = &logins[i];
		int before = failures();
		for (size_t cut = 0; cut <= strlen(row->wire); cut++)
			login_once(row, cut, 1000);
		login_once(row, 0, 1);
		for (size_t cap = 0; cap <= strlen(row->sent); cap++)
			login_cramped(row, cap);
		ok(failures() == before, "login: %s", row->name);
	}
}

int main(void)
{
	test_logins();
	return done();
}
