/* The blocking Redis client, against a little server in a process of its own. */
#include "drivers/redis_blocking.h"
#include "harness/tap.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WELCOME "%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n"
#define MANY 100000000 /* bytes of the long bulk */

/* The server: what it answers to the first word of a command. END closes, "" says nothing. */

#define END "\x01"
static const struct {
	const char *word, *says;
} answers[] = {
	{"HELLO", WELCOME},
	{"PING", "+PONG\r\n"},
	{"GET", "$5\r\nhello\r\n"},
	{"LIST", "*2\r\n$1\r\na\r\n%1\r\n+k\r\n:7\r\n"},
	{"WRONG", "-ERR no such thing\r\n"},
	{"SILENT", ""},
	{"QUIT", END},
	{"LAST", "+bye\r\n" END},
	{"HALF", "*2\r\n:1\r\n" END},
	{"NONSENSE", "?\r\n"},
	{"NOISY", ">1\r\n+one\r\n+OK\r\n>1\r\n+two\r\n"},
	{"PUSHES", ">1\r\n+one\r\n>1\r\n+two\r\n+OK\r\n>2\r\n+three\r\n:3\r\n>1\r\n+four\r\n"},
	{"SUBSCRIBE",
	 ">3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n>3\r\n$7\r\nmessage\r\n$1\r\nx\r\n+m\r\n"},
};

static bool say(int fd, const void *p, size_t n)
{
	for (const char *at = p; n > 0;) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		at += sent;
		n -= (size_t)sent;
	}
	return true;
}

static bool say_long(int fd)
{
	static char block[1 << 20];
	char head[32];
	memset(block, 'x', sizeof block);
	say(fd, head, (size_t)snprintf(head, sizeof head, "$%d\r\n", MANY));
	for (size_t left = MANY; left > 0;) {
		size_t n = left < sizeof block ? left : sizeof block;
		if (!say(fd, block, n))
			return false;
		left -= n;
	}
	return say(fd, "\r\n", 2);
}

static bool answer(int fd, struct span word)
{
	if (span_eq(word, SPAN("LONG")))
		return say_long(fd);
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		size_t n = strlen(answers[i].says);
		if (!span_eq(word, span_str(answers[i].word)))
			continue;
		bool end = n > 0 && answers[i].says[n - 1] == END[0];
		return say(fd, answers[i].says, n - end) && !end;
	}
	return say(fd, "-ERR what?\r\n", 12);
}

static void serve(int fd)
{
	static uint8_t in[1 << 16];
	struct resp_node nodes[64];
	struct resp_tree t;
	struct resp_reader r;
	size_t n = 0;
	resp_tree_init(&t, nodes, 64);
	resp_reader_init(&r, NULL);
	for (;;) {
		ssize_t got = recv(fd, in + n, sizeof in - n, 0);
		if (got <= 0)
			return;
		n += (size_t)got;
		int used;
		while ((used = resp_tree_next(&t, &r, span_of(in, n))) > 0) {
			if (!answer(fd, nodes[1].it.str))
				return;
			n -= (size_t)used;
			memmove(in, in + used, n);
		}
	}
}

static uint16_t port;
static pid_t server;
static int listener;

static void start_server(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof sa;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&sa, n) != 0 || listen(listener, 8) != 0 ||
	    getsockname(listener, (struct sockaddr *)&sa, &n) != 0)
		bail("no TCP on loopback");
	port = ntohs(sa.sin_port);
	pid_t parent = getpid();
	server = fork();
	if (server < 0)
		bail("no process");
	if (server > 0)
		return;
	while (getppid() == parent) {
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			_exit(1);
		serve(fd);
		close(fd);
	}
	_exit(0);
}

static void stop_server(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	close(listener);
}

/* The client. */

static struct redis_blocking b;
static struct link_host host = {"127.0.0.1", 0};
static struct redis_config config;
static struct resp_node nodes[16];
static uint8_t bytes[256];
static struct redis_reply reply;
static const struct redis_options calmly = {.ms = 5000};

static void begin(void)
{
	host.port = port;
	config = (struct redis_config){
		.link = {.hosts = &host,
			 .host_count = 1,
			 .connect_ms = 5000,
			 .in_max = 1 << 17,
			 .out_max = 1 << 17},
		.limits = resp_default_limits,
		.waiting = 4096,
	};
	redis_reply_init(&reply, nodes, 16, bytes, sizeof bytes);
}

static void begin_open(void)
{
	begin();
	is_int(redis_blocking_open(&b, &config, 5000), 0, "connected");
}

/* "+PONG", "*2 $a %2 +k :7": a reply in one line. */
static const char *reply_text(void)
{
	static char text[512];
	struct out o = out_init(text, sizeof text - 1);
	for (uint32_t i = 0; i < reply.tree.n; i++) {
		const struct resp_item *it = &nodes[i].it;
		out_str(&o, i > 0 ? " " : "");
		out_byte(&o, (uint8_t)it->type);
		if (it->str.n > 0)
			out_span(&o, it->str);
		else
			out_i64(&o, it->num);
	}
	text[o.n] = '\0';
	return text;
}

static int call_with(const struct redis_options *o, const char *word)
{
	return redis_blocking_call(&b, o, 1, (struct span[]){span_str(word)}, &reply);
}

static int call(const char *word)
{
	return call_with(&calmly, word);
}

static int put(const char *word)
{
	return redis_blocking_put(&b, 1, (struct span[]){span_str(word)});
}

static void is_reply(int rc, const char *want, const char *name)
{
	is_int(rc, 0, "%s: came", name);
	is_str(reply_text(), want, "%s", name);
}

static void calls(void)
{
	static const struct {
		const char *word, *want;
		int rc;
	} rows[] = {
		{"PING", "+PONG", 0},          {"GET", "$hello", 0},
		{"LIST", "*2 $a %2 +k :7", 0}, {"WRONG", "-ERR no such thing", 0},
		{"NOISY", "+OK", 0},           {"QUIT", "", REDIS_ELOST},
		{"PING", "+PONG", 0},          {"HALF", "*2 :1", REDIS_ELOST},
		{"PING", "+PONG", 0},          {"NONSENSE", "", REDIS_EPROTO},
		{"PING", "+PONG", 0},          {"LAST", "+bye", 0},
		{"PING", "+PONG", 0},
	};
	begin_open();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		is_int(call(rows[i].word), rows[i].rc, "%zu, %s", i, rows[i].word);
		is_str(reply_text(), rows[i].want, "%zu, %s: its reply", i, rows[i].word);
		/* The end that the peer of LAST said is here before the next command leaves. */
		if (strcmp(rows[i].word, "LAST") == 0)
			while (!b.client.link.conn.eof && b.client.up)
				net_loop_turn(&b.loop);
	}
	is_int((long long)b.dropped, 2, "pushes that nobody wanted");
	is_int((long long)b.client.counters.connects, 5, "connected anew after each loss");
	is_int(call_with(&(struct redis_options){.ms = 60}, "SILENT"), REDIS_ELATE, "silence");
	is_reply(call("PING"), "+PONG", "connected again");
	is_int(call_with(&(struct redis_options){.ms = 10, .block_ms = 50}, "SILENT"), REDIS_ELATE,
	       "silence in spite of what it may block");
	is_int(call_with(&(struct redis_options){.ms = 5000, .connection = 1}, "PING"), REDIS_EDOWN,
	       "what belongs to another connection");
	is_reply(call("PING"), "+PONG", "still well");
	uint64_t number = b.client.counters.connects;
	is_reply(call_with(&(struct redis_options){.ms = 5000, .connection = number}, "PING"),
		 "+PONG", "what belongs to this one");
	redis_blocking_close(&b);
}

static void has_room(void)
{
	begin_open();
	for (uint32_t cap = 0; cap <= 5; cap++) {
		redis_reply_init(&reply, nodes, cap, bytes, sizeof bytes);
		check(call("LIST") == (cap < 5 ? REDIS_EROOM : 0), "%u nodes", cap);
	}
	for (size_t n = 0; n <= 5; n++) {
		redis_reply_init(&reply, nodes, 16, bytes, n);
		check(call("GET") == (n < 5 ? REDIS_EROOM : 0), "%zu bytes", n);
	}
	is_reply(call("PING"), "+PONG", "what did not fit harms nothing");
	redis_blocking_close(&b);
}

static void opens(void)
{
	begin();
	struct link_host hosts[] = {{"/no/such/socket", 1}, {"no such name", 1}, host};
	config.link.hosts = hosts;
	config.link.host_count = 2;
	is_int(redis_blocking_open(&b, &config, 5000), REDIS_EDOWN, "no server");
	ok(b.why[0] != '\0', "and why: %s", b.why);
	config.link.host_count = 3;
	is_int(redis_blocking_open(&b, &config, 5000), 0, "the third host");
	/* One connection at a time: the next waits in the listener's queue, unanswered. */
	struct redis_blocking *second = calloc(1, sizeof *second);
	if (second == NULL)
		bail("out of memory");
	is_int(redis_blocking_open(second, &config, 60), REDIS_ELATE, "a server that says nothing");
	free(second);
	redis_blocking_close(&b);
}

static unsigned items;
static void count_item(void *user, const struct resp_item *it)
{
	(void)user;
	items += it->last;
}

static void pipes(void)
{
	begin_open();
	is_int(put("PING"), 0, "put");
	put("GET");
	put("LIST");
	is_int(call("PING"), REDIS_EFULL, "no call before all is taken");
	is_reply(redis_blocking_take(&b, 5000, &reply), "+PONG", "the first");
	is_reply(redis_blocking_take(&b, 5000, &reply), "$hello", "the second");
	is_reply(redis_blocking_take(&b, 5000, &reply), "*2 $a %2 +k :7", "the third");
	is_int(redis_blocking_take(&b, 5000, &reply), REDIS_EFULL, "there is no fourth");
	for (int i = 0; i < REDIS_IN_FLIGHT; i++)
		check(put("PING") == 0, "put %d", i);
	is_int(put("PING"), REDIS_EFULL, "as many as may be");
	items = 0;
	is_int(redis_blocking_take_items(&b, 5000, REDIS_IN_FLIGHT - 1, count_item, NULL), 0,
	       "all but one");
	is_int(items, REDIS_IN_FLIGHT - 1, "counted");
	is_reply(redis_blocking_take(&b, 5000, &reply), "+PONG", "and that one");

	put("PING");
	put("LAST");
	put("GET");
	is_reply(redis_blocking_take(&b, 5000, &reply), "+PONG", "then a server that ends");
	is_reply(redis_blocking_take(&b, 5000, &reply), "+bye", "what it said before");
	is_int(redis_blocking_take(&b, 5000, &reply), REDIS_ELOST, "lost");
	is_int(redis_blocking_take(&b, 5000, &reply), REDIS_EFULL, "all is taken");
	is_reply(call("PING"), "+PONG", "connected anew");

	put("SILENT");
	put("SILENT");
	is_int(redis_blocking_take(&b, 60, &reply), REDIS_ELATE, "a server that is late");
	is_int(put("PING"), REDIS_EFULL, "first take what failed");
	is_int(redis_blocking_take(&b, 5000, &reply), REDIS_ELATE, "all behind it failed too");
	is_reply(call("PING"), "+PONG", "and on");
	redis_blocking_close(&b);
}

static char heard[256];
static void hear(void *user, const struct resp_item *it)
{
	(void)user;
	size_t n = strlen(heard);
	snprintf(heard + n, sizeof heard - n, "%c%.*s", it->type, (int)it->str.n,
		 it->str.n > 0 ? (const char *)it->str.p : "");
}

static void messages(void)
{
	static uint8_t names[64];
	begin_open();
	put("PUSHES");
	b.push = hear;
	is_reply(redis_blocking_take(&b, 5000, &reply), "+OK", "a reply among pushes");
	is_str(heard, ">+one>+two", "those before it");
	is_reply(redis_blocking_message(&b, 5000, &reply), ">2 +three :3", "the next");
	is_reply(redis_blocking_message(&b, 5000, &reply), ">1 +four", "and the last");
	is_int(redis_blocking_message(&b, 60, &reply), REDIS_ELATE, "then none");
	redis_remember(&b.client, names, sizeof names);
	redis_subscribe(&b.client, 2, (struct span[]){SPAN("SUBSCRIBE"), SPAN("x")});
	is_reply(redis_blocking_message(&b, 5000, &reply), ">3 $subscribe $x :1", "confirmed");
	is_reply(redis_blocking_message(&b, 5000, &reply), ">3 $message $x +m", "a message");
	is_int(call("QUIT"), REDIS_ELOST, "a loss");
	is_int(redis_blocking_message(&b, 5000, &reply), REDIS_ELOST, "of which it tells");
	is_reply(redis_blocking_message(&b, 5000, &reply), ">3 $subscribe $x :1",
		 "subscribed anew");
	is_reply(redis_blocking_message(&b, 5000, &reply), ">3 $message $x +m", "and goes on");
	redis_blocking_close(&b);
}

static uint64_t long_bytes;
static void count_bytes(void *user, const struct resp_item *it)
{
	(void)user;
	long_bytes += it->str.n;
	check(it->str.n <= NET_INPUT, "no part is longer than the buffer");
}

/* SIGALRM comes all the time, and its handler does not ask that system calls go on. */
static void on_alarm(int sig)
{
	(void)sig;
}

static void streams(void)
{
	begin();
	config.limits.part = 65536;
	is_int(redis_blocking_open(&b, &config, 5000), 0, "connected");
	sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 1000}, {0, 1000}}, NULL);
	is_int(redis_blocking_call_items(&b, &(struct redis_options){.ms = 60000}, 1,
					 (struct span[]){SPAN("LONG")}, count_bytes, NULL),
	       0, "a long bulk, with interrupted calls");
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
	is_int((long long)long_bytes, MANY, "all of it");
	ok(b.client.link.conn.in.cap <= 1 << 17, "in constant memory: %u",
	   b.client.link.conn.in.cap);
	redis_blocking_close(&b);
}

int main(void)
{
	start_server();
	calls();
	has_room();
	opens();
	pipes();
	messages();
	streams();
	stop_server();
	return done();
}
