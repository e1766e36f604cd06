#include "resp/resp_session.h"
#include "resp/resp_tree.h"

#include "harness/tap.h"
#include "unit/resp_log.h"

#include <string.h>

enum { QUEUE = 8 };

static bool is_subscribe(struct span name)
{
	return name.n >= 9 && span_eq_nocase(span_tail(name, name.n - 9), SPAN("subscribe"));
}

static int send_line(struct resp_session *s, struct out *o, struct span words, char *who)
{
	struct span argv[8];
	size_t argc = 0;
	while (words.p != NULL)
		argv[argc++] = span_cut(&words, ' ');
	return resp_session_send(s, o, argc, argv, is_subscribe(argv[0]) ? RESP_SUBSCRIBES : 0,
				 who);
}

static struct resp_session ready(bool resp2, struct resp_pending *queue, uint32_t cap)
{
	static const struct resp_login old = {.resp2 = true}, new = {.resp2 = false};
	char text[64], buf[64];
	struct resp_session s;
	struct log l = log_init(text, sizeof text);
	struct out o = out_init(buf, sizeof buf);
	resp_session_init(&s, NULL, queue, cap);
	resp_session_login(&s, resp2 ? &old : &new, &o);
	feed(&s, resp2 ? SPAN("+PONG\r\n") : SPAN("%1\r\n+proto\r\n:3\r\n"), 1000, 1, &o, &l);
	if (strcmp(log_text(&l), "READY") != 0)
		bail("no login: %s", log_text(&l));
	return s;
}

#define SUB1(kind, n, name, count) "*3\r\n$" n "\r\n" kind "\r\n$1\r\n" name "\r\n:" count "\r\n"
#define PUSH1(kind, name, count) ">3\r\n+" kind "\r\n+" name "\r\n:" count "\r\n"
#define MESSAGE2 "*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$2\r\nhi\r\n"
#define SAID(kind, name, count) ">array 3; .>bulk " kind "; .>bulk " name "; .>int " count "!;"
#define SAID3(kind, name, count) ">push 3; .>simple " kind "; .>simple " name "; .>int " count "!;"
#define SAID_MESSAGE ">array 3; .>bulk message; .>bulk x; .>bulk hi!;"

/* Requests (a, b, c, ... by name), what the server says, what the session makes of it. */
static const struct row {
	const char *name;
	bool resp2;
	const char *sends, *wire, *want;
} rows[] = {
	{"one", false, "GET x", "$1\r\n1\r\n", "a bulk 1!;"},
	{"pipeline", false, "GET x|GET y|INCR z", "$1\r\n1\r\n_\r\n:3\r\n",
	 "a bulk 1!; b null!; c int 3!;"},
	{"nested replies", false, "LRANGE|GET", "*2\r\n*1\r\n:1\r\n:2\r\n+x\r\n",
	 "a array 2; a .array 1; a ..int 1; a .int 2!; b simple x!;"},
	{"nothing asked", false, "", "+OK\r\n", "EUNASKED"},
	{"nothing asked, and it has only begun", false, "", "$", "EUNASKED"},
	{"one too many, and it has only begun", false, "GET", "+a\r\n*", "a simple a!; EUNASKED"},
	{"a push that has only begun", false, "", ">1\r\n", ">push 1;"},
	{"one too many", false, "GET", "+a\r\n+b\r\n", "a simple a!; EUNASKED"},
	{"an array that nobody asked for", true, "", "*2\r\n$1\r\na\r\n:1\r\n", "EUNASKED"},
	{"a message without subscription", true, "", MESSAGE2, "EUNASKED"},
	{"an error of the codec", false, "GET", "?", "ETYPE left a"},
	{"replies missing", false, "GET|GET|GET", "+x\r\n*2\r\n:1\r\n",
	 "a simple x!; b array 2; b .int 1; left bc"},
	{"attributes", false, "GET|GET", "|1\r\n+k\r\n+v\r\n+x\r\n|1\r\n+k\r\n*1\r\n+v\r\n+y\r\n",
	 "a simple x!; b simple y!;"},
	{"an attribute of nothing asked", false, "", "|1\r\n+k\r\n+v\r\n+x\r\n", "EUNASKED"},

	{"MULTI", false, "MULTI|SET|INCR|EXEC", "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:1\r\n",
	 "a simple OK!; b simple QUEUED!; c simple QUEUED!; d array 2; d .simple OK; d .int 1!;"},
	{"nil EXEC", true, "MULTI|SET|EXEC|GET", "+OK\r\n+QUEUED\r\n*-1\r\n$1\r\nx\r\n",
	 "a simple OK!; b simple QUEUED!; c null!; d bulk x!;"},
	{"nil EXEC in RESP3", false, "MULTI|EXEC|GET", "+OK\r\n_\r\n+x\r\n",
	 "a simple OK!; b null!; c simple x!;"},
	{"errors inside EXEC", false, "MULTI|EXEC|GET",
	 "+OK\r\n*3\r\n-WRONGTYPE a\r\n!5\r\nERR b\r\n:1\r\n+x\r\n",
	 "a simple OK!; b array 3; b .error WRONGTYPE a; b .bloberror ERR b; b .int 1!; c simple "
	 "x!;"},
	{"error while queueing", false, "MULTI|BAD|EXEC|GET",
	 "+OK\r\n-ERR unknown\r\n-EXECABORT discarded\r\n+x\r\n",
	 "a simple OK!; b error ERR unknown!; c error EXECABORT discarded!; d simple x!;"},

	{"pushes between", false, "GET|GET", ">2\r\n+p\r\n:1\r\n+x\r\n>2\r\n+p\r\n:2\r\n+y\r\n",
	 ">push 2; .>simple p; .>int 1!; a simple x!; >push 2; .>simple p; .>int 2!; b simple y!;"},
	{"push with nothing asked", false, "", ">2\r\n+invalidate\r\n*1\r\n+k\r\n",
	 ">push 2; .>simple invalidate; .>array 1; ..>simple k!;"},
	{"push inside", false, "LRANGE|GET", "*2\r\n:1\r\n>2\r\n+p\r\n*0\r\n:2\r\n+y\r\n",
	 "a array 2; a .int 1; >push 2; .>simple p; .>array 0!; a .int 2!; b simple y!;"},

	{"RESP3 subscription", false, "SUBSCRIBE x y|GET",
	 PUSH1("subscribe", "x", "1")
		 PUSH1("subscribe", "y", "2") "+v\r\n" PUSH1("message", "x", "7"),
	 SAID3("subscribe", "x", "1") " " SAID3("subscribe", "y",
						"2") " b simple v!; " SAID3("message", "x", "7")},
	{"RESP3 subscription refused", false, "GET|SUBSCRIBE x|GET", "+v\r\n-NOPERM no\r\n+w\r\n",
	 "a simple v!; b >error NOPERM no!; c simple w!;"},
	{"RESP3 refused by a blob error", false, "SSUBSCRIBE x|GET", "!5\r\nMOVED\r\n+w\r\n",
	 "a >bloberror MOVED!; b simple w!;"},
	{"RESP3, an error after the confirmation", false, "SUBSCRIBE x|GET",
	 PUSH1("subscribe", "x", "1") "-ERR no\r\n",
	 SAID3("subscribe", "x", "1") " b error ERR no!;"},
	{"RESP3, patterns are counted apart", false, "SUBSCRIBE x|PSUBSCRIBE p|PUNSUBSCRIBE|GET",
	 PUSH1("subscribe", "x", "1") PUSH1("psubscribe", "p", "2")
		 PUSH1("punsubscribe", "p", "1") "-ERR v\r\n",
	 SAID3("subscribe", "x", "1") " " SAID3("psubscribe", "p", "2") " " SAID3(
		 "punsubscribe", "p", "1") " d error ERR v!;"},
	{"RESP3, a slot that moves away meanwhile", false, "SUBSCRIBE x|GET",
	 PUSH1("sunsubscribe", "s", "0") "-NOPERM no\r\n+v\r\n",
	 SAID3("sunsubscribe", "s", "0") " a >error NOPERM no!; b simple v!;"},
	{"RESP3, not confirmed but answered", false, "SUBSCRIBE x|GET", "+QUEUED\r\n",
	 "EUNASKED left b"},
	{"RESP3, UNSUBSCRIBE of all", false, "SUBSCRIBE x y|UNSUBSCRIBE|GET",
	 PUSH1("subscribe", "x", "1") PUSH1("subscribe", "y", "2") PUSH1("unsubscribe", "x", "1")
		 PUSH1("unsubscribe", "y", "0") "-ERR v\r\n",
	 SAID3("subscribe", "x", "1") " " SAID3("subscribe", "y", "2") " " SAID3(
		 "unsubscribe", "x", "1") " " SAID3("unsubscribe", "y", "0") " c error ERR v!;"},
	{"RESP3, UNSUBSCRIBE half way", false, "SUBSCRIBE x y|UNSUBSCRIBE|UNSUBSCRIBE|GET",
	 PUSH1("subscribe", "x", "1") PUSH1("subscribe", "y", "2") PUSH1("unsubscribe", "x", "1"),
	 SAID3("subscribe", "x", "1") " " SAID3("subscribe", "y", "2") " " SAID3("unsubscribe", "x",
										 "1") " left d"},
	{"RESP3, subscribe commands are passed over", false, "GET|SUBSCRIBE x|GET|PUNSUBSCRIBE", "",
	 "left ac"},

	{"RESP2 subscription", true, "SUBSCRIBE x",
	 SUB1("subscribe", "9", "x", "1") MESSAGE2 MESSAGE2,
	 SAID("subscribe", "x", "1") " " SAID_MESSAGE " " SAID_MESSAGE},
	{"RESP2, a reply that looks like a message", true, "LRANGE|SUBSCRIBE x",
	 MESSAGE2 SUB1("subscribe", "9", "x", "1") MESSAGE2,
	 "a array 3; a .bulk message; a .bulk x; a .bulk hi!; " SAID("subscribe", "x",
								     "1") " " SAID_MESSAGE},
	{"RESP2, and again after UNSUBSCRIBE", true, "SUBSCRIBE x|UNSUBSCRIBE x|LRANGE",
	 SUB1("subscribe", "9", "x", "1") MESSAGE2 SUB1("unsubscribe", "11", "x", "0") MESSAGE2,
	 SAID("subscribe", "x", "1") " " SAID_MESSAGE " " SAID(
		 "unsubscribe", "x", "0") " "
					  "c array 3; c .bulk message; c .bulk x; c .bulk hi!;"},
	{"RESP2, UNSUBSCRIBE of what was not subscribed", true, "UNSUBSCRIBE x y|GET",
	 SUB1("unsubscribe", "11", "x", "0") SUB1("unsubscribe", "11", "y", "0") "+v\r\n",
	 SAID("unsubscribe", "x", "0") " " SAID("unsubscribe", "y", "0") " b simple v!;"},
	{"RESP2, UNSUBSCRIBE of nothing", true, "UNSUBSCRIBE|GET",
	 "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n+v\r\n",
	 ">array 3; .>bulk unsubscribe; .>null; .>int 0!; b simple v!;"},
	{"RESP2, UNSUBSCRIBE of all beside a pattern", true,
	 "SUBSCRIBE x y|PSUBSCRIBE p|UNSUBSCRIBE|PING",
	 SUB1("subscribe", "9", "x", "1") SUB1("subscribe", "9", "y", "2")
		 SUB1("psubscribe", "10", "p", "3") SUB1("unsubscribe", "11", "x", "2")
			 SUB1("unsubscribe", "11", "y", "1") "*2\r\n$4\r\npong\r\n$0\r\n\r\n",
	 SAID("subscribe", "x", "1") " " SAID("subscribe", "y", "2") " " SAID(
		 "psubscribe", "p",
		 "3") " " SAID("unsubscribe", "x",
			       "2") " " SAID("unsubscribe", "y",
					     "1") " "
						  "d array 2; d .bulk pong; d .bulk!;"},
	{"RESP2, PING beside messages", true, "SUBSCRIBE x|PING",
	 SUB1("subscribe", "9", "x", "1") MESSAGE2 "*2\r\n$4\r\npong\r\n$0\r\n\r\n" MESSAGE2,
	 SAID("subscribe", "x", "1") " " SAID_MESSAGE
				     " b array 2; b .bulk pong; b .bulk!; " SAID_MESSAGE},
	{"RESP2, an error beside messages", true, "SUBSCRIBE x|GET|PING",
	 SUB1("subscribe", "9", "x", "1") "-ERR only\r\n" MESSAGE2 "-ERR no\r\n",
	 SAID("subscribe", "x", "1") " b error ERR only!; " SAID_MESSAGE " c error ERR no!;"},
	{"RESP2 subscription refused", true, "SUBSCRIBE x|GET", "-NOPERM no\r\n+v\r\n",
	 "a >error NOPERM no!; b simple v!;"},
	{"RESP2, a second one refused", true, "SUBSCRIBE x|PING|SUBSCRIBE y|PING",
	 SUB1("subscribe", "9", "x", "1") "*2\r\n$4\r\npong\r\n$0\r\n\r\n-NOPERM no\r\n" MESSAGE2
					  "*0\r\n",
	 SAID("subscribe", "x",
	      "1") " b array 2; b .bulk pong; b .bulk!; c >error NOPERM no!; " SAID_MESSAGE
		   " d array 0!;"},
	{"RESP2, shard channels are counted apart", true,
	 "SSUBSCRIBE s|SUBSCRIBE x|UNSUBSCRIBE x|PING|SUNSUBSCRIBE|LRANGE",
	 SUB1("ssubscribe", "10", "s", "1") SUB1("subscribe", "9", "x", "1") SUB1(
		 "unsubscribe", "11", "x",
		 "0") "*3\r\n$8\r\nsmessage\r\n$1\r\ns\r\n$1\r\nm\r\n*0\r\n" SUB1("sunsubscribe",
										  "12", "s", "0")
		 MESSAGE2,
	 SAID("ssubscribe", "s", "1") " " SAID("subscribe", "x", "1") " " SAID(
		 "unsubscribe", "x",
		 "0") " >array 3; .>bulk smessage; .>bulk s; .>bulk m!; "
		      "d array 0!; " SAID(
			      "sunsubscribe", "s",
			      "0") " "
				   "f array 3; f .bulk message; f .bulk x; f .bulk hi!;"},
	{"RESP2, patterns", true, "PSUBSCRIBE p",
	 SUB1("psubscribe", "10", "p",
	      "1") "*4\r\n$8\r\npmessage\r\n$1\r\np\r\n$1\r\nx\r\n$1\r\nm\r\n",
	 SAID("psubscribe", "p", "1") " >array 4; .>bulk pmessage; .>bulk p; .>bulk x; .>bulk m!;"},
	{"RESP2, only the outer elements count", true, "SUBSCRIBE x",
	 "*3\r\n$9\r\nsubscribe\r\n*1\r\n:0\r\n:1\r\n" MESSAGE2,
	 ">array 3; .>bulk subscribe; .>array 1; ..>int 0; .>int 1!; " SAID_MESSAGE},
	{"RESP2, an array of another kind", true, "SUBSCRIBE x", "*1\r\n$4\r\nmess\r\n",
	 "EUNASKED"},
	{"RESP2, a null array", true, "SUBSCRIBE x", "*-1\r\n", "EUNASKED"},
	{"RESP2, not an array", true, "SUBSCRIBE x|GET", "+x\r\n", "EUNASKED left b"},
	{"RESP2, a bad array", true, "SUBSCRIBE x", "*x\r\n", "ENUMBER"},
	{"RESP2, a kind in capitals is none", true, "SUBSCRIBE x", "*1\r\n$7\r\nMESSAGE\r\n",
	 "EUNASKED"},
};

static const char *converse(const struct row *row, size_t first, size_t step)
{
	static char text[2048];
	static char names[QUEUE][2] = {"a", "b", "c", "d", "e", "f", "g", "h"};
	char buf[512];
	struct resp_pending queue[QUEUE];
	struct resp_session s = ready(row->resp2, queue, QUEUE);
	struct log l = log_init(text, sizeof text);
	struct out o = out_init(buf, sizeof buf);
	struct span sends = row->sends[0] != 0 ? span_str(row->sends) : SPAN_NONE;
	for (int i = 0; sends.p != NULL; i++)
		check(send_line(&s, &o, span_cut(&sends, '|'), names[i]) == 1, "%s: send",
		      row->name);
	feed(&s, span_str(row->wire), first, step, NULL, &l);
	void *who;
	for (bool any = false; resp_session_drop(&s, &who); any = true) {
		if (!any)
			log_word(&l, "left ");
		out_str(&l.o, who);
	}
	return log_text(&l);
}

static void test_conversations(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *row = &rows[i];
		size_t n = strlen(row->wire);
		int before = failures();
		for (size_t cut = 0; cut <= n; cut++) {
			const char *got = converse(row, cut, n + 1);
			check(strcmp(got, row->want) == 0, "%s, cut at %zu: %s", row->name, cut,
			      got);
		}
		const char *got = converse(row, 0, 1);
		check(strcmp(got, row->want) == 0, "%s, by the byte: %s", row->name, got);
		ok(failures() == before, "%s", row->name);
	}
}

static void test_send(void)
{
	static const struct span get[] = {SPAN("GET"), SPAN("key")},
				 sub[] = {SPAN("pSubscribe"), SPAN("a")};
	char buf[64];
	struct resp_pending queue[3];
	struct resp_session s;
	void *who;
	int before = failures();
	for (size_t cap = 0; cap <= 22; cap++) {
		struct out o = out_init(buf, cap + 1);
		out_byte(&o, '.');
		s = ready(false, queue, 3);
		int rc = resp_session_send(&s, &o, 2, get, 0, buf);
		check(rc == (cap < 22 ? RESP_EROOM : 1) && !o.over, "room of %zu: %d", cap, rc);
		check(o.n == (cap < 22 ? 1 : 23) && buf[0] == '.', "what was there stays");
		check(resp_session_drop(&s, &who) == (cap == 22), "remembered only when written");
	}
	struct out o = {(uint8_t *)buf, 0, sizeof buf, true};
	check(resp_session_send(&s, &o, 2, get, 0, NULL) == RESP_EROOM && o.over, "over before");
	ok(failures() == before, "a request at every capacity");

	o = out_init(buf, sizeof buf);
	s = ready(false, queue, 3);
	is_int(resp_session_send(&s, &o, 0, get, 0, NULL), RESP_ESEND, "no arguments");
	is_int(resp_session_send(&s, &o, 2, get, RESP_SUBSCRIBES, NULL), RESP_ESEND,
	       "the flag on another command");
	is_int(resp_session_send(&s, &o, 2, sub, 0, NULL), RESP_ESEND, "the flag is missing");
	is_int(resp_session_send(&s, &o, 2, sub, RESP_SUBSCRIBES, NULL), 1, "in any case");
	is_span(out_span_of(&o), SPAN("*2\r\n$10\r\npSubscribe\r\n$1\r\na\r\n"), "what is written");
	resp_session_init(&s, NULL, queue, 3);
	is_int(resp_session_send(&s, &o, 2, get, 0, NULL), RESP_ESEND, "before the login");
	is_int(resp_session_next(&s, SPAN("+x\r\n"), &o, &(struct resp_event){0}), RESP_EUNASKED,
	       "an answer before the login");
}

/* The queue goes round; it is full at its capacity and not before. */
static void test_queue(void)
{
	static const struct span ping[] = {SPAN("PING")};
	struct resp_pending queue[3];
	struct resp_session s = ready(false, queue, 3);
	struct resp_event ev;
	char buf[64], names[64];
	int before = failures();
	unsigned in = 0, out = 0;
	for (int round = 0; round < 20; round++) {
		struct out o = out_init(buf, sizeof buf);
		while (in - out < 3)
			check(resp_session_send(&s, &o, 1, ping, 0, names + in++) == 1, "room");
		check(resp_session_send(&s, &o, 1, ping, 0, NULL) == RESP_EFULL, "full");
		for (int k = 0; k <= round % 3; k++) {
			check(resp_session_next(&s, SPAN("+PONG\r\n"), NULL, &ev) == 7, "reply");
			check(ev.who == names + out++, "in order");
		}
	}
	void *who;
	while (resp_session_drop(&s, &who))
		check(who == names + out++, "dropped in order");
	ok(failures() == before && in == out, "the queue as a ring");

	s = ready(false, NULL, 0);
	struct out o = out_init(buf, sizeof buf);
	is_int(resp_session_send(&s, &o, 1, ping, 0, NULL), RESP_EFULL, "a queue of nothing");
}

/* A driver that leaves the bytes of a reply in its buffer until the tree is whole. */
static void test_tree(void)
{
	static const struct span get[] = {SPAN("XREAD")};
	struct resp_pending queue[1];
	struct resp_node nodes[8];
	struct resp_tree t;
	struct resp_event ev;
	char buf[64];
	struct resp_session s = ready(false, queue, 1);
	struct out o = out_init(buf, sizeof buf);
	struct span in = SPAN("%1\r\n$1\r\ns\r\n*2\r\n+a\r\n+b\r\n"), rest = in;
	int rc = 0, used;
	resp_tree_init(&t, nodes, 8);
	resp_session_send(&s, &o, 1, get, 0, buf);
	while ((used = resp_session_next(&s, rest, &o, &ev)) > 0) {
		rc = resp_tree_put(&t, &ev.it, in.p);
		check(rc == (ev.it.last ? 1 : 0), "whole when it is the last");
		rest = span_tail(rest, (size_t)used);
	}
	is_int(t.n, 5, "five nodes");
	is_span(nodes[4].it.str, SPAN("b"), "the last of them");
	is_int(nodes[2].skip, 3, "the array and what is in it");
}

/* Whatever a server says, in whatever pieces: the session says the same of it. */
static void test_any_server(void)
{
	static const char *const says[] = {
		"+OK\r\n",
		"-ERR x\r\n",
		":1\r\n",
		"*-1\r\n",
		"*0\r\n",
		"*2\r\n:1\r\n+x\r\n",
		MESSAGE2,
		SUB1("subscribe", "9", "x", "1"),
		SUB1("unsubscribe", "11", "x", "0"),
		PUSH1("subscribe", "x", "1"),
		PUSH1("sunsubscribe", "x", "0"),
		"|1\r\n+k\r\n+v\r\n",
		"*2\r\n>1\r\n+m\r\n+a\r\n+b\r\n",
		"?",
	};
	static const char *const asks[] = {"GET x", "SUBSCRIBE x", "UNSUBSCRIBE", "SUNSUBSCRIBE x",
					   "PSUBSCRIBE x y"};
	int before = failures();
	for (int i = 0; i < 3000; i++) {
		char sends[128], wire[512], want[2048];
		struct out o = out_init(sends, sizeof sends - 1),
			   w = out_init(wire, sizeof wire - 1);
		for (uint32_t n = rnd(QUEUE); n > 0; n--) {
			out_str(&o, asks[rnd(5)]);
			out_str(&o, n > 1 ? "|" : "");
		}
		for (uint32_t n = 1 + rnd(8); n > 0; n--)
			out_str(&w, says[rnd(sizeof says / sizeof *says)]);
		sends[o.n] = 0;
		wire[w.n] = 0;
		struct row row = {"any", rnd(2) != 0, sends, wire, NULL};
		const char *got = converse(&row, w.n, 1);
		memcpy(want, got, strlen(got) + 1);
		got = converse(&row, rnd(9), 1 + rnd(9));
		check(strcmp(got, want) == 0, "any server %d: got %s, want %s", i, got, want);
	}
	ok(failures() == before, "any server, in any pieces");
}

int main(void)
{
	test_conversations();
	test_send();
	test_queue();
	test_tree();
	test_any_server();
	return done();
}
