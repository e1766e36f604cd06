/* The service web from its command line to its end; web_test.c has what it answers. */
#include "harness/httpc.h"
#include "harness/proc.h"
#include "harness/proc_temp.h"
#include "harness/tap.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MS 60000
#define AT_ONCE 5e6 /* us; an end that waits for somebody takes ten seconds */
#define MANY 4000
#define COUNT(a) (sizeof(a) / sizeof *(a))
#define GET(path) "GET " path " HTTP/1.1\r\nHost: t\r\n\r\n"

static uint16_t port, admin;

static struct proc *start(const char *argument, const char *const *env)
{
	const char *argv[] = {proc_bin("web"), argument, NULL};
	return proc_start(&(struct proc_spec){.argv = argv, .env = env});
}

/* With our ports, unless [more] says otherwise, which may be NULL. */
static struct proc *run(const char *argument, const char *more)
{
	char own[32], adm[32];
	snprintf(own, sizeof own, "PORT=%d", port);
	snprintf(adm, sizeof adm, "ADMIN_PORT=%d", admin);
	const char *env[] = {own, adm, more, NULL};
	return start(argument, more != NULL && strncmp(more, "ADMIN_PORT", 10) == 0
				       ? (const char *[]){own, more, NULL}
				       : env);
}

static struct proc *serve(const char *more)
{
	struct proc *p = run(NULL, more);
	if (!wait_port(port, MS))
		bail("web does not start: %s", proc_log(p));
	return p;
}

static int status_of(uint16_t at, const char *request)
{
	struct httpc_answer a;
	int rc = httpc_ask("127.0.0.1", at, span_str(request), &a, MS);
	int status = rc == HTTPC_OK ? a.status : rc;
	httpc_free(&a);
	return status;
}

/* Runs to its end with [env]: the status is [status], and all of [words] are said. */
static const struct {
	const char *argument, *env[6];
	int status;
	const char *words[8];
} runs[] = {
	{"--help",
	 {NULL},
	 0,
	 {"usage: web", "PORT", "3000", "ADMIN_PORT", "WORKERS", "LOG_FORMAT", "LOG_LEVEL"}},
	{"--version", {NULL}, 0, {"barnacle-web "}},
	{"--check-config", {NULL}, 0, {"PORT          3000  (default)", "WORKERS       1"}},
	{"--check-config",
	 {"PORT=8080", "LOG_FORMAT=json"},
	 0,
	 {"PORT          8080  (from PORT)", "LOG_FORMAT    json"}},
	{"--check-config", {"PORT=tcp://172.17.0.3:3001"}, 0, {"PORT          3001"}},
	{"--check-config",
	 {"PORT=0", "ADMIN_PORT=x", "WORKERS=65", "LOG_LEVEL=loud"},
	 78,
	 {"PORT=\"0\"", "ADMIN_PORT=\"x\"", "WORKERS=\"65\"", "LOG_LEVEL=\"loud\""}},
	{NULL,
	 {"PORT=70000", "LOG_FORMAT=xml", "ADMIN_PORT=0"},
	 78,
	 {"PORT=\"70000\": expected a port from 1 to 65535", "LOG_FORMAT=\"xml\""}},
	{NULL, {"PORT=9090"}, 78, {"ADMIN_PORT=\"9090\": expected another port than PORT"}},
	{"--healthcheck", {"PORT=x"}, 78, {"PORT=\"x\""}},
	{"--nonsense", {NULL}, 64, {"--nonsense", "--help"}},
	{"", {NULL}, 64, {"unknown argument"}},
};

static void test_runs(void)
{
	for (size_t i = 0; i < COUNT(runs); i++) {
		struct proc *p = start(runs[i].argument, runs[i].env);
		int status = proc_wait(p, MS);
		bool held = check(status == runs[i].status, "status %d", status);
		for (const char *const *word = runs[i].words; *word != NULL; word++)
			held &= check(strstr(proc_log(p), *word) != NULL, "says %s: %s", *word,
				      proc_log(p));
		ok(held, "%s with %s: status %d", runs[i].argument, runs[i].env[0], runs[i].status);
		proc_free(p);
	}
}

static int healthcheck(const char *more)
{
	struct proc *p = run("--healthcheck", more);
	int status = proc_wait(p, MS);
	proc_free(p);
	return status;
}

static double micros(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void test_start(void)
{
	is_int(healthcheck(NULL), 1, "nobody there: --healthcheck says 1");
	double begun = micros();
	struct proc *web = run(NULL, NULL);
	while (status_of(port, GET("/")) != 200 && micros() - begun < MS * 1e3)
		;
	diag("from start to the first answer, with fork and exec: %.0f us", micros() - begun);
	is_int(status_of(port, GET("/")), 200, "the page");
	diag("resident: %ld KiB", proc_rss_kib(web));
	is_int(status_of(admin, GET("/healthz")), 200, "/healthz for operators");
	is_int(status_of(admin, GET("/readyz")), 200, "/readyz for operators");
	is_int(healthcheck(NULL), 0, "--healthcheck says 0");
	is_int(proc_stop(web, MS), 0, "SIGTERM ends it with 0");
	ok(strstr(proc_log(web), "event=starting") != NULL, "logs its start");
	ok(strstr(proc_log(web), "event=stopping") != NULL, "and its end");
	proc_free(web);
}

static void test_without_admin(void)
{
	struct proc *web = serve("ADMIN_PORT=0");
	is_int(status_of(port, GET("/healthz")), 200, "/healthz for balancers");
	ok(!wait_port(admin, 0), "ADMIN_PORT=0: nobody listens there");
	is_int(healthcheck("ADMIN_PORT=0"), 0, "--healthcheck asks the public port then");
	proc_signal(web, SIGINT);
	is_int(proc_wait(web, MS), 0, "SIGINT ends it with 0 too");
	proc_free(web);
}

static void test_access_log(void)
{
	struct proc *web = serve("LOG_LEVEL=debug");
	status_of(port, GET("/none.js?a=b"));
	ok(proc_wait_log(web, "event=request method=GET target=\"/none.js?a=b\" status=404", MS),
	   "access lines at level debug");
	proc_stop(web, MS);
	proc_free(web);
}

static void test_idle_at_the_end(void)
{
	struct proc *web = serve(NULL);
	struct httpc idle, half;
	struct httpc_answer a;
	httpc_dial(&idle, "127.0.0.1", port, MS);
	httpc_send(&idle, SPAN(GET("/")), MS);
	is_int(httpc_read(&idle, &a, MS), HTTPC_OK, "a connection that then idles");
	httpc_free(&a);
	httpc_dial(&half, "127.0.0.1", port, MS);
	httpc_send(&half, SPAN("GET / HTTP/1.1\r\nHo"), MS);
	status_of(port, GET("/"));
	double begun = micros();
	is_int(proc_stop(web, MS), 0, "and one in the middle of a request don't hold up the end");
	ok(micros() - begun < AT_ONCE, "which takes %.0f us", micros() - begun);
	is_int(httpc_read(&idle, &a, MS), HTTPC_CLOSED, "the idle one is closed, not reset");
	httpc_free(&a);
	httpc_close(&idle);
	httpc_close(&half);
	proc_free(web);
}

/*
 * Answers that wait for a slow client when the end comes are still sent, each of them whole.
 * Returns how many of the requests, none of whose answers was read, were answered.
 */
static int unread_at_the_end(int requests)
{
	static char all[MANY * sizeof GET("/")];
	struct proc *web = serve(NULL);
	struct httpc c;
	struct httpc_answer a;
	size_t used = 0;
	for (int i = 0; i < requests; i++)
		used += (size_t)snprintf(all + used, sizeof all - used, "%s", GET("/"));
	httpc_dial(&c, "127.0.0.1", port, MS);
	int rc, whole = 0;
	/* By hand: httpc_send would take in what comes back, and we are slow. */
	bool held = check(send(c.fd, all, used, MSG_NOSIGNAL) > 0, "all sent");
	/* Until the server can't send any more: each of its turns it finds more room. */
	for (int same_for = 0, here = 0, before; same_for < 15; tick()) {
		before = here;
		ioctl(c.fd, FIONREAD, &here);
		same_for = here > 0 && here == before ? same_for + 1 : 0;
	}
	proc_signal(web, SIGTERM);
	held &= check(proc_wait_log(web, "event=stopping", MS), "the end comes");
	double begun = micros();
	while ((rc = httpc_read(&c, &a, MS)) == HTTPC_OK) {
		whole++;
		httpc_free(&a);
	}
	held &= check(rc == HTTPC_CLOSED, "in the end: %s", httpc_strerror(rc));
	held &= check(whole > 0 && whole < MANY, "not %d", whole);
	httpc_close(&c);
	held &= check(proc_wait(web, MS) == 0, "an orderly end");
	ok(held && micros() - begun < AT_ONCE, "%d requests unread at the end: %d answers, %.0f us",
	   requests, whole, micros() - begun);
	proc_free(web);
	return whole;
}

/*
 * First more than the server is willing to answer unread; then somewhat less than that, so that
 * it has no request left, but answers which the kernel does not take.
 */
static void test_slow_reader_at_the_end(void)
{
	int most = unread_at_the_end(MANY);
	for (int less = 0; less < 24 && less < most; less += 4)
		unread_at_the_end(most - less);
	unread_at_the_end(1);
}

static void test_port_in_use(void)
{
	char words[64];
	struct proc *web = serve("ADMIN_PORT=0");
	struct proc *second = run(NULL, "ADMIN_PORT=0");
	is_int(proc_wait(second, MS), 1, "a second instance on the port ends with 1");
	snprintf(words, sizeof words, "event=\"cannot listen\" port=%d error=", port);
	ok(strstr(proc_log(second), words) != NULL, "and names it: %s", words);
	proc_free(second);
	second = run(NULL, "WORKERS=2");
	is_int(proc_wait(second, MS), 1, "so does one with workers");
	proc_free(second);
	proc_stop(web, MS);
	proc_free(web);

	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(admin)};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 1) != 0)
		bail("cannot listen: %s", strerror(errno));
	web = run(NULL, NULL);
	is_int(proc_wait(web, MS), 1, "a stranger on the admin port: 1");
	snprintf(words, sizeof words, "port=%d", admin);
	ok(strstr(proc_log(web), words) != NULL, "and names it");
	close(fd);
	proc_free(web);
}

/* How many workers there are; the first in *one. */
static size_t workers(const struct proc *p, pid_t *one)
{
	size_t n;
	pid_t *tree = proc_tree(proc_pid(p), &n);
	*one = n > 0 ? tree[0] : 0;
	free(tree);
	return n;
}

static void test_workers(void)
{
	struct proc *web = serve("WORKERS=2");
	pid_t victim, other;
	long long end = now_ms() + MS;
	while (workers(web, &victim) < 2 && now_ms() < end)
		tick();
	is_int((long long)workers(web, &victim), 2, "two workers");
	kill(victim, SIGKILL);
	ok(proc_wait_log(web, "worker process died", MS), "the death of one is seen");
	while ((workers(web, &other) < 2 || !proc_gone(victim)) && now_ms() < end)
		tick();
	is_int((long long)workers(web, &other), 2, "two again");
	int answered = 0;
	for (int i = 0; i < 20; i++)
		answered += status_of(port, GET("/")) == 200;
	is_int(answered, 20, "the port is served");
	is_int(status_of(admin, GET("/healthz")), 200, "and the one for operators");
	is_int(healthcheck(NULL), 0, "--healthcheck says 0");
	double begun = micros();
	is_int(proc_stop(web, MS), 0, "SIGTERM ends all with 0");
	ok(micros() - begun < AT_ONCE, "in %.0f us", micros() - begun);
	proc_free(web);
}

int main(void)
{
	port = (uint16_t)free_port();
	admin = (uint16_t)free_port();
	test_runs();
	test_start();
	test_without_admin();
	test_access_log();
	test_idle_at_the_end();
	test_slow_reader_at_the_end();
	test_port_in_use();
	test_workers();
	return done();
}
