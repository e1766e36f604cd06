/*
 * An upstream that comes back under another address, as a container does that was made anew: the
 * router runs in a network of its own with a bridge, and each upstream is a host on that bridge
 * that ends without a word: no FIN, no reset, nobody answers for its address. Names come from a
 * DNS server that the test tells what to say.
 *
 * This takes the right to make network namespaces (root, mostly); without it the test is skipped.
 */
#include "integration/router_upstream.h"

#include "unit/net_resolve_server.h"

#include <sched.h>
#include <stdarg.h>
#include <sys/mount.h>

#define HOST_PORT 8000
#define POOL 8
#define PATIENCE "1s"

/* Names. */

struct dns {
	atomic_int port;
	char script[512];
};
static struct dns *dns;

static void serve_names(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (net_loop_open(&loop) != 0)
		_exit(1);
	script = dns->script;
	open_server(&servers[0]);
	atomic_store(&dns->port, servers[0].port);
	net_loop_run(&loop);
	_exit(0);
}

/* What is said of api.test, from now on. */
static void name_is(const char *words)
{
	snprintf(dns->script, sizeof dns->script, "* 4 api.test %s\n* 6 api.test %s\n", words,
		 strchr(words, '.') != NULL ? "none" : words);
}

static void shell(const char *format, ...) PRINTF_LIKE(1, 2);
static void shell(const char *format, ...)
{
	char command[512];
	int status;
	va_list args;
	va_start(args, format);
	vsnprintf(command, sizeof command, format, args);
	va_end(args);
	const char *path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *said =
		proc_run(&(struct proc_spec){.argv = (const char *[]){"sh", "-ec", command, NULL},
					     .env = (const char *[]){path, NULL}},
			 SOON, &status);
	if (status != 0)
		bail("%s: %s", command, said);
	free(said);
}

static void put_file(const char *over, const char *text)
{
	char *path = temp_path("%s", strrchr(over, '/') + 1);
	FILE *f = fopen(path, "we");
	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0 ||
	    mount(path, over, NULL, MS_BIND, NULL) != 0)
		bail("%s: %s", over, strerror(errno));
	free(path);
}

static pid_t start_names(void)
{
	char text[64];
	dns = mmap(NULL, sizeof *dns, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (dns == MAP_FAILED)
		bail("no shared memory");
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		serve_names();
	for (long long until = now_ms() + SOON; atomic_load(&dns->port) == 0; tick())
		if (now_ms() > until)
			bail("no DNS server");
	snprintf(text, sizeof text, "nameserver 127.0.0.1#%d\n", atomic_load(&dns->port));
	put_file("/etc/resolv.conf", text);
	put_file("/etc/hosts", "127.0.0.1 localhost\n");
	return pid;
}

/* Hosts. */

static int listen_alone(int ready)
{
	if (unshare(CLONE_NEWNET) != 0)
		_exit(1);
	struct up u = {.port = HOST_PORT};
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(HOST_PORT)};
	u.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(u.listener, (struct sockaddr *)&any, sizeof any) != 0 ||
	    listen(u.listener, 64) != 0 || write(ready, "", 1) != 1)
		_exit(1);
	return u.listener;
}

/* A host on the bridge, with the address 10.77.0.[number]. */
static struct up_script *host_open(int number)
{
	int ready[2];
	char byte;
	if (pipe(ready) != 0)
		bail("no pipe");
	struct up_script *host = upstream_fork_with(listen_alone, ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		bail("no host");
	close(ready[0]);
	int pid = (int)host->pid;
	shell("ip link add port%d type veth peer name eth0 netns %d; "
	      "ip link set port%d master bridge up; "
	      "nsenter -t %d -n ip addr add 10.77.0.%d/24 dev eth0; "
	      "nsenter -t %d -n ip link set eth0 up",
	      number, pid, number, pid, number, pid);
	return host;
}

/* Nothing that its kernel would say at its end gets out. */
static void host_vanish(struct up_script *host)
{
	shell("nsenter -t %d -n ip link set eth0 down", (int)host->pid);
	upstream_end(host);
}

/* Requests. */

static struct rig rig_of_names(void)
{
	struct rig r = {.port = free_port()};
	r.web.port = free_port();
	r.api.listener = r.api.conn = -1;
	up_listen(&r.web);
	const char *argv[] = {proc_bin("router"), NULL};
	const char *env[] = {text_of("PORT", r.port),
			     text_of("API_PORT", HOST_PORT),
			     text_of("WEB_PORT", r.web.port),
			     "ADMIN_PORT=0",
			     "API_HOST=api.test",
			     "WEB_HOST=127.0.0.1",
			     "UPSTREAM_TIMEOUT=" PATIENCE,
			     NULL};
	r.router = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	for (int i = 0; i < 3; i++)
		free((char *)(uintptr_t)env[i]);
	if (!wait_port(r.port, SOON))
		bail("the router does not listen: %s", proc_log(r.router));
	return r;
}

static int ask(struct rig *r, const char *request)
{
	struct httpc c = rig_ask(r, request);
	int status = status_of(&c);
	httpc_close(&c);
	return status;
}

/* Requests at a time, so that as many connections stay open. */
static void fill_pool(struct rig *r, struct up_script *host)
{
	struct httpc c[POOL];
	int status;
	kill(host->pid, SIGSTOP);
	waitpid(host->pid, &status, WUNTRACED);
	for (int i = 0; i < POOL; i++)
		c[i] = rig_ask(r, GET_API);
	kill(host->pid, SIGCONT);
	for (int i = 0; i < POOL; i++) {
		check(status_of(&c[i]) == 200, "request %d before", i);
		httpc_close(&c[i]);
	}
	/* POOL of them, unless the router has been too slow to see all requests meanwhile. */
	int kept = atomic_load(&host->open);
	ok(kept > 1, "%d connections are kept", kept);
}

static bool recovers(struct rig *r)
{
	long long until = now_ms() + SOON;
	while (ask(r, GET_API) != 200 && now_ms() < until)
		tick();
	return ask(r, GET_API) == 200;
}

#define POST_API "POST /api/ HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\n1"

static void recreated(struct rig *r)
{
	static const char *const requests[] = {GET_API, POST_API};
	struct up_script *host = host_open(2);
	name_is("10.77.0.2");
	is_int(ask(r, GET_API), 200, "an upstream with a name");
	for (int round = 0; round < 2; round++) {
		int next = 3 + round, failed = 0;
		char address[32];
		fill_pool(r, host);
		snprintf(address, sizeof address, "10.77.0.%d", next);
		struct up_script *other = host_open(next);
		host_vanish(host);
		name_is(address);
		for (int i = 0; i < 2 * POOL; i++)
			failed += ask(r, requests[round]) != 200;
		ok(failed <= 1, "%s: it comes back under another address, %d of %d requests fail",
		   round == 0 ? "GET" : "POST", failed, 2 * POOL);
		is_int(atomic_load(&other->heard), 2 * POOL - failed, "none was sent twice");
		host = other;
	}
	host_vanish(host);
}

#define GET_WEB "GET / HTTP/1.1\r\nHost: t\r\n\r\n"

static void names_fail(struct rig *r)
{
	name_is("nx");
	ask(r, GET_API); /* what was kept is lost now */
	is_int(ask(r, GET_API), 502, "a name that does not exist: told before the time is over");
	struct up_script *host = host_open(9);
	name_is("10.77.0.9");
	ok(recovers(r), "it exists again");
	host_vanish(host);
	host = host_open(10);
	name_is("silent");
	ask(r, GET_API);
	struct httpc c = rig_ask(r, GET_API);
	for (int i = 0; i < 5; i++)
		check(rig_exchange(r, &r->web, GET_WEB, HELLO) == 200, "request %d elsewhere", i);
	ok(!readable(c.fd, 0), "while no name server answers, other routes are served");
	int status = status_of(&c);
	ok(status == 504 || status == 502, "and this one hears of it: %d", status);
	httpc_close(&c);
	name_is("10.77.0.10");
	ok(recovers(r), "the name server is back");
	host_vanish(host);
}

static void bridge_open(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) {
		printf("1..0 # SKIP no right to make a network namespace: %s\n", strerror(errno));
		exit(0);
	}
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	shell("ip link set lo up; ip link add bridge type bridge; "
	      "ip addr add 10.77.0.1/24 dev bridge; ip link set bridge up");
}

int main(void)
{
	bridge_open();
	pid_t names = start_names();
	struct rig r = rig_of_names();
	recreated(&r);
	names_fail(&r);
	kill(names, SIGKILL);
	waitpid(names, NULL, 0);
	is_int(rig_stop(&r), 0, "orderly end");
	return done();
}
