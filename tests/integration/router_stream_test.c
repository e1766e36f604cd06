/* What flows through the router: large bodies, event streams, expectations, tunnels, its end. */
#include "integration/router_rig.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define BIG (20u << 20)
#define RSS_MAX_KIB 2048

/* The byte at [at] of every large body: a lost or doubled piece shows. */
static uint8_t pattern(size_t at)
{
	return (uint8_t)(at * 7 + (at >> 8) * 13 + (at >> 16));
}

static void fill(uint8_t *p, size_t at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = pattern(at + i);
}

static bool fits(const uint8_t *p, size_t at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != pattern(at + i))
			return false;
	return true;
}

/* The blocking end of the other side, in a process of its own. */

static void send_all(int fd, const void *p, size_t n)
{
	for (const char *at = p; n > 0;) {
		ssize_t put = send(fd, at, n, MSG_NOSIGNAL);
		if (put <= 0)
			_exit(1);
		at += put;
		n -= (size_t)put;
	}
}

/* Takes BIG bytes; with chunks it counts those that are around them, and looks for the end. */
static bool take_big(int fd, bool chunked)
{
	static uint8_t buf[8 + 65536]; /* the last bytes of what came before, then what comes */
	const char *end = "\r\n0\r\n\r\n";
	bool right = true;
	for (size_t done = 0; done < BIG || (chunked && memcmp(buf + 1, end, 7) != 0);) {
		ssize_t n = readable(fd, SOON) ? recv(fd, buf + 8, sizeof buf - 8, 0) : -1;
		if (n <= 0)
			return false;
		right = right && (chunked || fits(buf + 8, done, (size_t)n));
		done += (size_t)n;
		memmove(buf, buf + n, 8);
	}
	return right;
}

static void give_big(int fd, bool chunked)
{
	static uint8_t buf[65535 + 16];
	for (size_t done = 0; done < BIG;) {
		size_t n = BIG - done < 65535 ? BIG - done : 65535;
		int head = chunked ? snprintf((char *)buf, 16, "%zx\r\n", n) : 0;
		fill(buf + head, done, n);
		memcpy(buf + (size_t)head + n, "\r\n", 2);
		send_all(fd, buf, (size_t)head + n + (chunked ? 2 : 0));
		done += n;
	}
	if (chunked)
		send_all(fd, "0\r\n\r\n", 5);
}

static pid_t in_child(void (*work)(int fd), int fd)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	work(fd);
	_exit(0);
}

static bool went_well(pid_t pid)
{
	int status = 1;
	waitpid(pid, &status, 0);
	return status == 0;
}

/* Large bodies. */

static void bounded(long rss)
{
	/* The sanitizers' own memory is no matter of ours. */
	bool measured = strstr(proc_bin("router"), "/san/") == NULL;
	ok(rss > 0 && (!measured || rss < RSS_MAX_KIB), "in %ld KiB", rss);
}

static void answer_big(int fd)
{
	char head[128];
	snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n", BIG);
	send_all(fd, head, strlen(head));
	give_big(fd, false);
}

static void answer_big_chunked(int fd)
{
	const char *head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
	send_all(fd, head, strlen(head));
	give_big(fd, true);
}

static void download(struct rig *r, void (*work)(int fd), int rest_ms, const char *name)
{
	struct httpc c = rig_dial(r);
	struct httpc_answer a;
	int small = 16384;
	setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	tell(&c, GET_API);
	up_heard(&r->api);
	pid_t pid = in_child(work, r->api.conn);
	/* Here the client sleeps, and all that fits anywhere fills up. */
	poll(NULL, 0, rest_ms);
	long rss = proc_rss_kib(r->router);
	is_int(httpc_read(&c, &a, 4 * SOON), HTTPC_OK, "%s", name);
	ok(a.body.n == BIG && fits(a.body.p, 0, BIG), "every byte of it");
	ok(went_well(pid), "to the last");
	if (rss < proc_rss_kib(r->router))
		rss = proc_rss_kib(r->router);
	bounded(rss);
	httpc_free(&a);
	httpc_close(&c);
}

static void upload_big(int fd)
{
	char head[128];
	snprintf(head, sizeof head, "POST /api/ HTTP/1.1\r\nHost: t\r\nContent-Length: %u\r\n\r\n",
		 BIG);
	send_all(fd, head, strlen(head));
	give_big(fd, false);
}

static void upload_big_chunked(int fd)
{
	const char *head = "POST /api/ HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
	send_all(fd, head, strlen(head));
	give_big(fd, true);
}

static void upload(struct rig *r, void (*work)(int fd), bool chunked, const char *name)
{
	struct httpc c = rig_dial(r);
	int blocking = 0;
	ioctl(c.fd, FIONBIO, &blocking);
	pid_t pid = in_child(work, c.fd);
	ok(strstr(up_heard(&r->api), chunked ? "chunked" : "Content-Length") != NULL, "%s", name);
	poll(NULL, 0, 100);
	long rss = proc_rss_kib(r->router);
	ok(take_big(r->api.conn, chunked), "every byte of it");
	ok(went_well(pid), "to the last");
	up_say(&r->api, HELLO);
	is_int(status_of(&c), 200, "answered");
	bounded(rss);
	httpc_close(&c);
}

static void early_answer(struct rig *r)
{
	struct httpc c = rig_ask(r, "POST /api/ HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n"
				    "\r\nbegin");
	struct httpc_answer a;
	up_heard(&r->api);
	up_say(&r->api, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
	is_int(httpc_read(&c, &a, SOON), HTTPC_OK, "an answer before the end of the request");
	is_int(a.status, 413, "its status");
	is_span(a.body, SPAN("big"), "its body");
	is_span(httpc_field(&a, "Connection"), SPAN("close"), "the client is told to stop");
	ok(up_closed(&r->api, SOON), "the upstream's connection is not used again");
	httpc_free(&a);
	httpc_close(&c);

	c = rig_ask(r, "POST /api/ HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
	char got[64] = "";
	up_heard(&r->api);
	up_say(&r->api, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
	long n = 0;
	while (n < 1)
		n = httpc_take(&c, got, 1, SOON);
	tell(&c, "3\r\none\r\n");
	up_take(&r->api, got, 8);
	is_str(got, "3\r\none\r\n", "the request goes on beside its answer");
	tell(&c, "0\r\n\r\n");
	up_take(&r->api, got, 5);
	up_say(&r->api, "0\r\n\r\n");
	is_str(got, "0\r\n\r\n", "to its end");
	httpc_close(&c);
}

/* It has heard enough: what is under way meets a closed door, and may not take the answer along. */
static void rude_answer(struct rig *r)
{
	struct httpc c = rig_dial(r);
	int blocking = 0;
	ioctl(c.fd, FIONBIO, &blocking);
	pid_t pid = in_child(upload_big, c.fd);
	up_heard(&r->api);
	poll(NULL, 0, 50);
	rig_freeze(r); /* so that it finds the answer and the reset together */
	up_say(&r->api, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
	up_hang_up(&r->api);
	proc_signal(r->router, SIGCONT);
	is_int(status_of(&c), 413, "an answer, then a reset");
	httpc_close(&c);
	went_well(pid);
}

/* Text that comes until [end] is among it, from a client that reads as it comes. */
static bool comes(struct httpc *c, const char *end)
{
	static char text[8192];
	size_t n = 0;
	long got;
	do {
		got = httpc_take(c, text + n, sizeof text - 1 - n, SOON);
		n += got > 0 ? (size_t)got : 0;
		text[n] = '\0';
	} while (got > 0 && strstr(text, end) == NULL);
	return strstr(text, end) != NULL;
}

static void events(struct rig *r)
{
	struct httpc c = rig_ask(r, GET_API);
	up_heard(&r->api);
	up_say(&r->api, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
			"Transfer-Encoding: chunked\r\n\r\n");
	ok(comes(&c, "\r\n\r\n"), "the head of an event stream comes alone");
	for (int i = 0; i < 3; i++) {
		char event[32], chunk[64];
		snprintf(event, sizeof event, "data: %d\n\n", i);
		snprintf(chunk, sizeof chunk, "%zx\r\n%s\r\n", strlen(event), event);
		up_say(&r->api, chunk);
		ok(comes(&c, event), "event %d comes before the next is sent", i);
	}
	reset(&c);
	up_say(&r->api, "1\r\nx\r\n");
	ok(up_closed(&r->api, SOON), "the client gone, the upstream's connection closes");
	ok(proc_wait_log(r->router, "end=\"client gone\"", SOON), "and the log tells");
}

static void abandoned(struct rig *r)
{
	struct httpc c = rig_ask(r, GET_API);
	up_heard(&r->api);
	reset(&c);
	ok(up_closed(&r->api, SOON), "a client gone before its answer: the call ends");
	is_int(rig_exchange(r, &r->api, GET_API, HELLO), 200, "another one is served");
	c = rig_ask(r, GET_API);
	shutdown(c.fd, SHUT_WR);
	up_heard(&r->api);
	up_say(&r->api, HELLO);
	is_int(status_of(&c), 200, "one that has only ended its own side is answered");
	httpc_close(&c);
}

#define EXPECTING \
	"POST /api/ HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"

static void expectations(struct rig *r)
{
	char buf[256];
	struct httpc c = rig_ask(r, EXPECTING);
	ok(strstr(up_heard(&r->api), "\r\nExpect: 100-continue\r\n") != NULL, "passed on");
	is_int(httpc_take(&c, buf, sizeof buf, QUIET), HTTPC_TIMEOUT, "not answered by the router");
	up_say(&r->api, "HTTP/1.1 100 Continue\r\n\r\n");
	is_int(status_of(&c), 100, "but by the upstream");
	tell(&c, "body");
	up_take(&r->api, buf, 4);
	is_str(buf, "body", "the body follows");
	up_say(&r->api, HELLO);
	is_int(status_of(&c), 200, "the final answer");
	tell(&c, EXPECTING);
	up_heard(&r->api);
	up_say(&r->api, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
	is_int(status_of(&c), 401, "refused without 100");
	is_int(httpc_take(&c, buf, sizeof buf, SOON), HTTPC_CLOSED, "and closed");
	httpc_close(&c);
}

static void expectations_ignored(void)
{
	struct rig r = rig_start((const char *const[]){"UPSTREAM_TIMEOUT=1s", NULL});
	char buf[8];
	struct httpc c = rig_ask(&r, EXPECTING);
	up_heard(&r.api);
	is_int(status_of(&c), 100, "an upstream that does not care: 100 after a while");
	tell(&c, "body");
	up_take(&r.api, buf, 4);
	up_say(&r.api, HELLO);
	is_int(status_of(&c), 200, "and the answer");
	httpc_close(&c);
	is_int(rig_stop(&r), 0, "orderly end");
}

#define UPGRADE                                                                           \
	"GET /api/ws HTTP/1.1\r\nHost: t\r\nConnection: keep-alive, Upgrade\r\nUpgrade: " \
	"websocket\r\n"                                                                   \
	"Sec-WebSocket-Key: x\r\n\r\n"
#define SWITCH                                                                              \
	"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" \
	"Sec-WebSocket-Accept: y\r\n\r\n"

static struct httpc open_tunnel(struct rig *r)
{
	struct httpc c = rig_ask(r, UPGRADE);
	const char *heard = up_heard(&r->api);
	ok(strstr(heard, "\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n") != NULL &&
		   strstr(heard, "\r\nSec-WebSocket-Key: x\r\n") != NULL,
	   "an upgrade is passed on");
	up_say(&r->api, SWITCH "early");
	ok(comes(&c, "early"), "with what follows the 101");
	return c;
}

static void tunnel(struct rig *r)
{
	char buf[64];
	struct httpc c = open_tunnel(r);
	tell(&c, "\001\002to");
	up_take(&r->api, buf, 4);
	is_str(buf, "\001\002to", "bytes to the upstream");
	up_say(&r->api, "back");
	ok(comes(&c, "back"), "and back");
	shutdown(c.fd, SHUT_WR);
	is_int((long long)up_take(&r->api, buf, 1), 0, "the client's end is passed on");
	up_say(&r->api, "last");
	ok(comes(&c, "last"), "the other way still works");
	up_hang_up(&r->api);
	is_int(httpc_take(&c, buf, sizeof buf, SOON), HTTPC_CLOSED, "until its end");
	httpc_close(&c);

	c = open_tunnel(r);
	shutdown(r->api.conn, SHUT_WR);
	is_int(httpc_take(&c, buf, sizeof buf, SOON), HTTPC_CLOSED, "the upstream's end too");
	tell(&c, "more");
	up_take(&r->api, buf, 4);
	is_str(buf, "more", "and the client may go on");
	httpc_close(&c);
	ok(up_closed(&r->api, SOON), "until its own");

	c = open_tunnel(r);
	reset(&c);
	ok(up_closed(&r->api, SOON), "a client that is killed ends its tunnel");
	c = open_tunnel(r);
	up_hang_up(&r->api);
	is_int(httpc_take(&c, buf, sizeof buf, SOON), HTTPC_CLOSED, "an upstream as well");
	httpc_close(&c);
	c = rig_ask(r, UPGRADE);
	up_heard(&r->api);
	up_say(&r->api, HELLO);
	is_int(status_of(&c), 200, "an upgrade that is declined is an answer");
	httpc_close(&c);
}

static void say_big(int fd)
{
	give_big(fd, false);
}

/* A tunnel that nobody reads at one end stops the other, and nothing is lost. */
static void tunnel_full(struct rig *r)
{
	struct httpc c = open_tunnel(r);
	int blocking = 0;
	static uint8_t got[65536];
	ioctl(c.fd, FIONBIO, &blocking);
	pid_t pid = in_child(say_big, c.fd);
	poll(NULL, 0, 100);
	long rss = proc_rss_kib(r->router);
	ok(take_big(r->api.conn, false), "20 MiB through a tunnel");
	ok(went_well(pid), "to the last");
	bounded(rss);
	pid = in_child(answer_big, r->api.conn);
	poll(NULL, 0, 100);
	size_t done = 0;
	while (done < BIG && readable(c.fd, SOON)) {
		ssize_t n = recv(c.fd, got, sizeof got, 0);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	ok(done >= BIG && went_well(pid), "and back");
	up_hang_up(&r->api);
	httpc_close(&c);
}

static void stopping(void)
{
	struct rig r = rig_start((const char *const[]){"STREAM_DRAIN=2s", NULL});
	char buf[64];
	struct httpc idle = rig_dial(&r);
	tell(&idle, "GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
	status_of(&idle);
	struct httpc ws = open_tunnel(&r);
	int tunnelled = r.api.conn;
	r.api.conn = -1;
	struct httpc sse = rig_ask(&r, GET_API);
	up_heard(&r.api);
	up_say(&r.api, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
	ok(comes(&sse, "data: 1"), "an event stream");
	struct httpc c = rig_ask(&r, "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
	up_heard(&r.web);
	proc_signal(r.router, SIGTERM);
	ok(proc_wait_log(r.router, "stopping", SOON), "asked to stop");
	is_int(httpc_take(&idle, buf, sizeof buf, SOON), HTTPC_CLOSED, "an idle client is let go");
	up_say(&r.api, "data: 2\n\n");
	ok(comes(&sse, "data: 2"), "the event stream goes on for a while");
	send(tunnelled, "x", 1, MSG_NOSIGNAL);
	ok(comes(&ws, "x"), "and so does the tunnel");
	ok(comes(&sse, "0\r\n\r\n"), "then the event stream ends in order");
	is_int(httpc_take(&ws, buf, sizeof buf, SOON), HTTPC_CLOSED, "and the tunnel ends");
	is_int(proc_wait(r.router, QUIET), -1, "it waits for the answer in flight");
	struct httpc late;
	ok(!httpc_dial(&late, "127.0.0.1", (uint16_t)r.port, SOON), "nobody new is served");
	up_say(&r.web, HELLO);
	struct httpc_answer a;
	is_int(httpc_read(&c, &a, SOON), HTTPC_OK, "which comes");
	is_span(httpc_field(&a, "Connection"), SPAN("close"), "as the last");
	httpc_free(&a);
	httpc_close(&c);
	httpc_close(&ws);
	httpc_close(&sse);
	httpc_close(&idle);
	close(tunnelled);
	is_int(proc_wait(r.router, SOON), 0, "then it ends");
	rig_stop(&r);
}

int main(void)
{
	struct rig r = rig_start_routes(
		"/api=http://127.0.0.1:%d strip body=0; /=http://127.0.0.1:%d body=21m", NULL);
	download(&r, answer_big, 100, "20 MiB with a length");
	download(&r, answer_big_chunked, 100, "20 MiB in chunks");
	upload(&r, upload_big, false, "20 MiB to an upstream, with a length");
	upload(&r, upload_big_chunked, true, "20 MiB to an upstream, in chunks");
	early_answer(&r);
	rude_answer(&r);
	events(&r);
	abandoned(&r);
	expectations(&r);
	tunnel(&r);
	tunnel_full(&r);
	is_int(rig_stop(&r), 0, "orderly end");
	expectations_ignored();
	stopping();
	return done();
}
