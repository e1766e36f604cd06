#include "harness/tap.h"
#include "net/net_resolve.h"
#include "unit/net_resolve_server.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

struct row {
	const char *what, *resolv, *hosts, *name; /* in resolv @0 to @2 are servers, @x is nobody */
	const char *script;                       /* net_resolve_server.h */
	const char *want;  /* rc and ttl, or an error; addresses of one family, then of the other */
	const char *asked; /* NULL: whatever */
	unsigned timeout, most; /* most: ms it may take, 0: anything */
};

static uint64_t clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint16_t nobody; /* a UDP port that refuses */
static int nobody_fd;

/* Files that exist in memory only. */

struct file {
	int fd;
	char path[64];
};

static void fill(struct file *f, const char *text, size_t n)
{
	if (f->fd <= 0)
		f->fd = memfd_create("conf", MFD_CLOEXEC);
	if (f->fd < 0 || ftruncate(f->fd, 0) != 0 || pwrite(f->fd, text, n, 0) != (ssize_t)n)
		bail("no file in memory");
	snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->fd);
}

static struct file resolv_file, hosts_file;

static void set_files(const char *resolv, const char *hosts)
{
	char text[2048];
	size_t n = 0;
	for (const char *p = resolv; *p != 0; p++) {
		if (*p != '@') {
			text[n++] = *p;
			continue;
		}
		p++;
		unsigned port = *p == 'x' ? nobody : servers[*p - '0'].port;
		n += (size_t)snprintf(text + n, sizeof text - n, "nameserver 127.0.0.1#%u\n", port);
	}
	fill(&resolv_file, text, n);
	fill(&hosts_file, hosts == NULL ? "" : hosts, hosts == NULL ? 0 : strlen(hosts));
	net_resolve_files(resolv_file.path, hosts_file.path);
}

static int count_fds(void)
{
	int n = 0;
	DIR *d = opendir("/proc/self/fd");
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* Rows. */

static char result[512];
static int answers;

static void on_result(struct net_resolve *r, int rc, const struct net_addr *addrs, uint32_t ttl)
{
	(void)r;
	answers++;
	int n = rc < 0 ? snprintf(result, sizeof result, "%s", net_strerror(rc))
		       : snprintf(result, sizeof result, "%d ttl %u", rc, ttl);
	for (int i = 0; i < rc; i++) {
		char ip[INET6_ADDRSTRLEN];
		inet_ntop(addrs[i].family == 4 ? AF_INET : AF_INET6, addrs[i].ip, ip, sizeof ip);
		n += snprintf(result + n, sizeof result - (size_t)n, " %s", ip);
	}
	net_loop_stop(&loop);
}

static bool routed(const char *six)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
	inet_pton(AF_INET6, six, &a.sin6_addr);
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	bool yes = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
	if (fd >= 0)
		close(fd);
	return yes;
}

/*
 * [want] has the order for a machine with a route to the first IPv6 address, then "|" and the
 * addresses in the order for one without. The addresses begin behind the third blank.
 */
static void expect(const char *want, char *text, size_t room)
{
	const char *bar = strchr(want, '|'), *first = want;
	char six[INET6_ADDRSTRLEN];
	for (int blanks = 0; bar != NULL && blanks < 3; blanks++)
		first = strchr(first, ' ') + 1;
	snprintf(six, sizeof six, "%.*s", (int)strcspn(first, " "), first);
	if (bar == NULL || routed(six))
		snprintf(text, room, "%.*s", (int)strcspn(want, "|"), want);
	else
		snprintf(text, room, "%.*s%s", (int)(first - want), want, bar + 1);
}

static const struct row rows[] = {
	/* Without a server. */
	{"IPv4 literal", "@x", NULL, "10.1.2.3", "", "1 ttl 0 10.1.2.3", "", 1000, 0},
	{"IPv6 literal", "@x", NULL, "::1", "", "1 ttl 0 ::1", "", 1000, 0},
	{"localhost", "@x", "9.9.9.9 localhost\n", "LocalHost", "",
	 "2 ttl 0 ::1 127.0.0.1|127.0.0.1 ::1", "", 1000, 0},
	{"below localhost", "@x", NULL, "a.localhost.", "", "2 ttl 0 ::1 127.0.0.1|127.0.0.1 ::1",
	 "", 1000, 0},
	{"hosts", "@x", "# 1.1.1.1 db\n10.0.0.9\tdb.local DB # redis\r\n10.0.0.8 db1\n10.0 db",
	 "db", "", "1 ttl 0 10.0.0.9", "", 1000, 0},
	{"hosts, both families, an alias", "@x",
	 "10.0.0.9 a b\n::1 b\n10.0.0.9 b\n10.0.0.8 b\nx b\n", "b.", "",
	 "3 ttl 0 ::1 10.0.0.9 10.0.0.8|10.0.0.9 ::1 10.0.0.8", "", 1000, 0},
	{"hosts, not its comment", "@0", "10.0.0.9 db # redis\n", "redis", "", "no such host name",
	 "0:4:redis 0:6:redis", 1000, 0},

	/* Not names. */
	{"empty name", "@x", NULL, "", "", "not a host name", "", 1000, 0},
	{"empty label", "@x", NULL, "a..b", "", "not a host name", "", 1000, 0},
	{"only a dot", "@x", NULL, ".", "", "not a host name", "", 1000, 0},
	{"mistyped address", "@x", NULL, "10.0.0.256", "", "not a host name", "", 1000, 0},
	{"blank in a name", "@x", NULL, "d b", "", "not a host name", "", 1000, 0},

	/* One server. */
	{"A only", "@0", NULL, "db", "* 4 db 10.0.0.1 10.0.0.2\n* 6 db none",
	 "2 ttl 44 10.0.0.1 10.0.0.2", "0:4:db 0:6:db", 1000, 0},
	{"AAAA only", "@0", NULL, "db", "* 4 db none\n* 6 db ::1", "1 ttl 66 ::1", "0:4:db 0:6:db",
	 1000, 0},
	{"both, IPv6 routed", "@0", NULL, "db", "* 4 db 10.0.0.1 10.0.0.2 10.0.0.3\n* 6 db ::1 ::2",
	 "5 ttl 44 ::1 10.0.0.1 ::2 10.0.0.2 10.0.0.3|10.0.0.1 ::1 10.0.0.2 ::2 10.0.0.3", NULL,
	 1000, 0},
	{"both, IPv6 most likely not routed", "@0", NULL, "db", "* 4 db 10.0.0.1\n* 6 db 100::1",
	 "2 ttl 44 100::1 10.0.0.1|10.0.0.1 100::1", NULL, 1000, 0},
	{"CNAME", "@0", NULL, "db", "* 4 db alias 10.0.0.1\n* 6 db alias", "1 ttl 33 10.0.0.1",
	 NULL, 1000, 0},
	{"eight of a family", "@0", NULL, "db",
	 "* 4 db 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8 10.0.0.9\n"
	 "* 6 db none",
	 "8 ttl 44 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8", NULL,
	 1000, 0},
	{"NXDOMAIN", "@0", NULL, "db", "", "no such host name", "0:4:db 0:6:db", 1000, 0},
	{"no data", "@0", NULL, "db", "* 4 db none\n* 6 db none", "no such host name",
	 "0:4:db 0:6:db", 1000, 0},
	{"NXDOMAIN for AAAA only", "@0", NULL, "db", "* 4 db 10.0.0.1\n* 6 db nx",
	 "1 ttl 44 10.0.0.1", "0:4:db 0:6:db", 1000, 0},
	{"NXDOMAIN for AAAA, late A", "@0", NULL, "db", "* 4 db late 10.0.0.1\n* 6 db nx",
	 "1 ttl 44 10.0.0.1", "0:4:db 0:6:db", 1000, 0},
	{"NXDOMAIN for A, AAAA silent", "@0", NULL, "db", "* 4 db nx\n* 6 db silent",
	 "no such host name", "0:4:db 0:6:db", 5000, 1000},
	{"AAAA silent", "@0", NULL, "db", "* 4 db 10.0.0.1\n* 6 db silent", "1 ttl 44 10.0.0.1",
	 "0:4:db 0:6:db", 5000, 1000},
	{"A silent", "@0", NULL, "db", "* 4 db silent\n* 6 db ::1", "1 ttl 66 ::1", "0:4:db 0:6:db",
	 5000, 1000},
	{"late AAAA", "@0", NULL, "db", "* 4 db 10.0.0.1\n* 6 db later ::1", "1 ttl 44 10.0.0.1",
	 "0:4:db 0:6:db", 5000, 0},
	{"wrong id", "@0", NULL, "db", "* 4 db wrongid 10.0.0.1\n* 6 db wrongid none",
	 "1 ttl 44 10.0.0.1", "0:4:db 0:6:db", 1000, 0},
	{"another question", "@0", NULL, "db", "* 4 db foreign 10.0.0.1\n* 6 db foreign none",
	 "1 ttl 44 10.0.0.1", "0:4:db 0:6:db", 1000, 0},
	{"garbage", "@0", NULL, "db", "* 4 db garbage 10.0.0.1\n* 6 db garbage none",
	 "1 ttl 44 10.0.0.1", "0:4:db 0:6:db", 1000, 0},

	/* Search list. */
	{"search first", "search one.test two.test\n@0", NULL, "db",
	 "* 4 db.two.test 10.0.0.2\n* 6 db.two.test none", "1 ttl 44 10.0.0.2",
	 "0:4:db.one.test 0:6:db.one.test 0:4:db.two.test 0:6:db.two.test", 1000, 0},
	{"search, no data goes on", "search one.test two.test\n@0", NULL, "db",
	 "* 4 db.one.test none\n* 6 db.one.test none\n* 4 db.two.test 10.0.0.2\n* 6 db.two.test "
	 "none",
	 "1 ttl 44 10.0.0.2", "0:4:db.one.test 0:6:db.one.test 0:4:db.two.test 0:6:db.two.test",
	 1000, 0},
	{"search, then as it is", "search one.test\n@0", NULL, "db", "* 4 db 10.0.0.3\n* 6 db none",
	 "1 ttl 44 10.0.0.3", "0:4:db.one.test 0:6:db.one.test 0:4:db 0:6:db", 1000, 0},
	{"dots enough: as it is, then search", "search one.test\n@0", NULL, "db.x",
	 "* 4 db.x.one.test 10.0.0.4\n* 6 db.x.one.test none", "1 ttl 44 10.0.0.4",
	 "0:4:db.x 0:6:db.x 0:4:db.x.one.test 0:6:db.x.one.test", 1000, 0},
	{"ndots:2", "search one.test\noptions ndots:2\n@0", NULL, "db.x",
	 "* 4 db.x 10.0.0.4\n* 6 db.x none", "1 ttl 44 10.0.0.4",
	 "0:4:db.x.one.test 0:6:db.x.one.test 0:4:db.x 0:6:db.x", 1000, 0},
	{"ndots:0", "search one.test\noptions ndots:0\n@0", NULL, "db",
	 "* 4 db 10.0.0.4\n* 6 db none", "1 ttl 44 10.0.0.4", "0:4:db 0:6:db", 1000, 0},
	{"absolute", "search one.test\n@0", NULL, "db.", "* 4 db.one.test 6.6.6.6",
	 "no such host name", "0:4:db 0:6:db", 1000, 0},
	{"nowhere", "search one.test two.test\n@0", NULL, "db", "", "no such host name",
	 "0:4:db.one.test 0:6:db.one.test 0:4:db.two.test 0:6:db.two.test 0:4:db 0:6:db", 1000, 0},
	{"a failure is not NXDOMAIN", "search one.test two.test\noptions attempts:1\n@0", NULL,
	 "db",
	 "* 4 db.one.test servfail\n* 6 db.one.test servfail\n* 4 db.two.test 6.6.6.6\n"
	 "* 6 db.two.test none",
	 "name servers do not answer", "0:4:db.one.test 0:6:db.one.test", 1000, 0},
	{"A does not exist, AAAA fails", "search one.test\n@0", NULL, "db",
	 "* 4 db.one.test nx\n* 6 db.one.test servfail\n* 4 db 10.0.0.1\n* 6 db none",
	 "1 ttl 44 10.0.0.1", NULL, 1000, 0},

	/* Failing servers. */
	{"first silent, second answers", "@0@1", NULL, "db",
	 "0 4 db silent\n0 6 db silent\n1 4 db 10.0.0.1\n1 6 db none", "1 ttl 44 10.0.0.1",
	 "0:4:db 0:6:db 1:4:db 1:6:db", 450, 0},
	{"first late, second silent", "@0@1", NULL, "db",
	 "0 4 db late 10.0.0.1\n0 6 db none\n1 4 db silent\n1 6 db silent", "1 ttl 44 10.0.0.1",
	 "0:4:db 0:6:db 1:4:db", 400, 0},
	{"nobody listens", "@x@1", NULL, "db", "1 4 db 10.0.0.1\n1 6 db none", "1 ttl 44 10.0.0.1",
	 "1:4:db 1:6:db", 5000, 1000},
	{"nobody listens anywhere", "@x@x", NULL, "db", "", "name servers do not answer", "", 5000,
	 1000},
	{"nobody listens, one question left", "@0@x", NULL, "db", "0 4 db none\n0 6 db servfail",
	 "name servers do not answer", "0:4:db 0:6:db 0:6:db", 5000, 1000},
	{"a server without a way to it", "nameserver fe80::1%4294967294\n@1", NULL, "db",
	 "1 4 db 10.0.0.1\n1 6 db none", "1 ttl 44 10.0.0.1", "1:4:db 1:6:db", 5000, 1000},
	{"SERVFAIL, then another", "@0@1", NULL, "db",
	 "0 4 db servfail\n0 6 db servfail\n1 4 db 10.0.0.1\n1 6 db none", "1 ttl 44 10.0.0.1",
	 "0:4:db 0:6:db 1:4:db 1:6:db", 5000, 1000},
	{"REFUSED, then another", "@0@1", NULL, "db",
	 "0 4 db refused\n0 6 db refused\n1 4 db 10.0.0.1\n1 6 db none", "1 ttl 44 10.0.0.1",
	 "0:4:db 0:6:db 1:4:db 1:6:db", 5000, 1000},
	{"a failure without the question", "@0@1", NULL, "db",
	 "0 4 db header\n0 6 db header\n1 4 db 10.0.0.1\n1 6 db none", "1 ttl 44 10.0.0.1",
	 "0:4:db 0:6:db 1:4:db 1:6:db", 5000, 1000},
	{"a broken answer, then another", "@0@1", NULL, "db",
	 "0 4 db broken 6.6.6.6\n0 6 db broken\n1 4 db 10.0.0.1\n1 6 db none", "1 ttl 44 10.0.0.1",
	 "0:4:db 0:6:db 1:4:db 1:6:db", 5000, 1000},
	{"only what failed is asked again", "@0@1", NULL, "db",
	 "0 4 db none\n0 6 db servfail\n1 6 db ::1", "1 ttl 66 ::1", "0:4:db 0:6:db 1:6:db", 5000,
	 1000},
	{"all fail", "@0@1", NULL, "db", "* 4 db servfail\n* 6 db servfail",
	 "name servers do not answer", "0:4:db 0:6:db 1:4:db 1:6:db 0:4:db 0:6:db 1:4:db 1:6:db",
	 5000, 1000},
	{"attempts:1", "options attempts:1\n@0", NULL, "db", "* 4 db servfail\n* 6 db servfail",
	 "name servers do not answer", "0:4:db 0:6:db", 5000, 1000},
	{"deadline", "@0", NULL, "db", "* 4 db silent\n* 6 db silent", "deadline passed",
	 "0:4:db 0:6:db", 100, 1000},
	{"deadline, asked twice", "@0", NULL, "db", "* 4 db silent\n* 6 db silent",
	 "deadline passed", "0:4:db 0:6:db 0:4:db 0:6:db", 240, 1000},

	/* TCP. */
	{"truncated", "@0", NULL, "db", "* 4 db tc 10.0.0.1\n* 6 db none", "1 ttl 44 10.0.0.1",
	 NULL, 1000, 0},
	{"both truncated", "@0", NULL, "db", "* 4 db tc 10.0.0.1\n* 6 db tc ::1",
	 "2 ttl 44 ::1 10.0.0.1|10.0.0.1 ::1", "0:4:db 0:6:db 0:t4:db 0:t6:db", 1000, 0},
	{"TCP in pieces", "@0", NULL, "db", "* 4 db tc split fat 10.0.0.1\n* 6 db tc split none",
	 "1 ttl 44 10.0.0.1", NULL, 1000, 0},
	{"TCP refused", "@2@1", NULL, "db", "2 4 db tc\n2 6 db tc\n1 4 db 10.0.0.1\n1 6 db none",
	 "1 ttl 44 10.0.0.1", NULL, 5000, 1000},
	{"TCP shut", "@0@1", NULL, "db",
	 "0 4 db tc\n0 6 db tc\n0 t4 db shut\n1 4 db 10.0.0.1\n1 6 db none", "1 ttl 44 10.0.0.1",
	 "0:4:db 0:6:db 0:t4:db 1:4:db 1:6:db", 5000, 1000},
	{"TCP hangs", "@0@1", NULL, "db",
	 "0 4 db tc\n0 6 db tc\n0 t4 db hang\n0 t6 db hang\n1 4 db 10.0.0.1\n1 6 db none",
	 "1 ttl 44 10.0.0.1", "0:4:db 0:6:db 0:t4:db 0:t6:db 1:4:db 1:6:db", 450, 0},
	{"TCP hangs until the deadline", "options attempts:1\n@0", NULL, "db",
	 "0 4 db tc\n0 6 db tc\n0 t4 db hang\n0 t6 db hang", "deadline passed",
	 "0:4:db 0:6:db 0:t4:db 0:t6:db", 100, 1000},
	{"TCP fails", "options attempts:1\n@0", NULL, "db",
	 "0 4 db tc\n0 6 db tc\n0 t4 db servfail\n0 t6 db refused", "name servers do not answer",
	 "0:4:db 0:6:db 0:t4:db 0:t6:db", 5000, 1000},
	{"TCP, a message of no bytes", "options attempts:1\n@0", NULL, "db",
	 "0 4 db tc\n0 6 db tc\n0 t4 db empty\n0 t6 db hang", "name servers do not answer", NULL,
	 5000, 1000},
	{"TCP, broken", "options attempts:1\n@0", NULL, "db",
	 "0 4 db tc\n0 6 db tc\n0 t4 db broken 6.6.6.6\n0 t6 db header",
	 "name servers do not answer", NULL, 5000, 1000},
	{"truncated in the search list", "search one.test\n@0", NULL, "db",
	 "* 4 db tc 10.0.0.1\n* 6 db none\n* 4 db.one.test tc none\n* 6 db.one.test tc none",
	 "1 ttl 44 10.0.0.1", NULL, 1000, 0},
};

static void prepare(const struct row *row)
{
	script = row->script;
	asked[0] = 0;
	answers = 0;
	set_files(row->resolv, row->hosts);
	for (int i = 0; i < SERVERS; i++)
		drain(&servers[i]);
	/* Time has passed since the last turn. */
	loop.now = clock_ms();
}

static void run_row(const struct row *row)
{
	struct net_resolve r;
	char want[512];
	prepare(row);
	int fds = count_fds();
	memset(&r, 0xa5, sizeof r);
	uint64_t began = loop.now; /* from which its deadline counts */
	net_resolve_start(&loop, &r, row->name, row->timeout, on_result);
	check(answers == 0, "%s: not from within start", row->what);
	net_loop_run(&loop);
	int took = (int)(clock_ms() - began);
	for (int i = 0; i < SERVERS; i++)
		drain(&servers[i]);
	expect(row->want, want, sizeof want);
	is_str(result, want, "%s", row->what);
	if (row->asked != NULL)
		check(strcmp(asked, row->asked) == 0, "%s: asked %s", row->what, asked);
	check(row->most == 0 || took <= (int)row->most, "%s: took %d ms", row->what, took);
	check(strcmp(result, "deadline passed") != 0 || took >= (int)row->timeout, "%s: in %d ms",
	      row->what, took);
	check(answers == 1, "%s: %d answers", row->what, answers);
	check(count_fds() == fds, "%s: descriptors", row->what);
	net_resolve_cancel(&r);
}

static void test_long_names(void)
{
	static const char label[] =
		"abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcd";
	static char name[300];
	struct row row = {"", "search a.test\n@0", NULL, name, "", "no such host name", NULL, 1000,
			  0};
	row.what = "a name of 253 bytes and a dot";
	snprintf(name, sizeof name, "%.63s.%.63s.%.63s.%.61s.", label, label, label, label);
	run_row(&row);
	row.what = "a name of 253 bytes, too long for the search list";
	name[253] = 0;
	row.asked = "";
	run_row(&(struct row){row.what, row.resolv, NULL, name, "", row.want, NULL, 1000, 0});
	ok(strstr(asked, "a.test") == NULL && strncmp(asked, "0:4:abc", 7) == 0,
	   "the candidate that is too long has not been asked for");
	row.want = "not a host name";
	row.what = "a name of 254 bytes";
	snprintf(name, sizeof name, "%.63s.%.63s.%.63s.%.62s", label, label, label, label);
	run_row(&row);
	row.what = "a name of 299 bytes";
	memset(name, 'x', sizeof name - 1);
	run_row(&row);
	row.what = "a label of 64 bytes";
	row.name = label;
	run_row(&row);
}

/* Stopping after each turn. */

static unsigned turns;

static void count_turn(void)
{
	if (turns == 0 || --turns == 0)
		net_loop_stop(&loop);
}

static void stop_loop(struct net_timer *t)
{
	(void)t;
	net_loop_stop(&loop);
}

static void test_cancel(const struct row *row)
{
	unsigned cancelled = 0;
	struct net_resolve r = {.busy = false};
	net_resolve_cancel(&r);
	for (answers = 0; answers == 0 && cancelled < 60; cancelled++) {
		prepare(row);
		int fds = count_fds();
		net_resolve_start(&loop, &r, row->name, row->timeout, on_result);
		turns = cancelled;
		loop.turn_end = count_turn;
		if (turns > 0)
			net_loop_run(&loop);
		loop.turn_end = NULL;
		net_resolve_cancel(&r);
		memset(&r, 0xa5, sizeof r);
		for (int i = 0; i < SERVERS; i++)
			drain(&servers[i]);
		check(count_fds() == fds, "%s: descriptors, after %u turns", row->what, cancelled);
	}
	/* A timer or task that stayed behind would be met now. */
	struct net_timer wake = {.link = NULL};
	net_timer_set(&loop, &wake, 32, stop_loop);
	net_loop_run(&loop);
	ok(cancelled > 1 && answers == 1, "%s: cancelled after each of %u turns", row->what,
	   cancelled);
}

/* The callback may do with the memory what it likes. */

static int rounds;

static void again_or_free(struct net_resolve *r, int rc, const struct net_addr *addrs, uint32_t ttl)
{
	if (++rounds < 3) {
		net_resolve_start(&loop, r, "db", 1000, again_or_free);
		return;
	}
	memset(r, 0xa5, sizeof *r);
	on_result(r, rc, addrs, ttl);
	free(r);
}

static void test_callback(const struct row *row)
{
	struct net_resolve *r = malloc(sizeof *r);
	prepare(row);
	rounds = 0;
	net_resolve_start(&loop, r, "db", 1000, again_or_free);
	net_loop_run(&loop);
	is_int(rounds, 3, "started again in its callback, then freed there: %s", result);
}

static const struct row cancel_rows[] = {
	{"both truncated", "@0", NULL, "db", "* 4 db tc split 10.0.0.1\n* 6 db tc ::1", "", NULL,
	 1000, 0},
	{"search, one server refuses, one family is silent", "search one.test\n@x@0", NULL, "db",
	 "* 4 db 10.0.0.1\n* 6 db silent", "", NULL, 1000, 0},
	{"hosts", "@x", "10.0.0.1 db\n", "db", "", "", NULL, 1000, 0},
};

static void test_no_descriptors(void)
{
	struct rlimit was, none;
	struct net_resolve r;
	prepare(&cancel_rows[0]);
	getrlimit(RLIMIT_NOFILE, &was);
	none = was;
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
	net_resolve_start(&loop, &r, "db", 1000, on_result);
	net_loop_run(&loop);
	setrlimit(RLIMIT_NOFILE, &was);
	is_str(result, "name servers do not answer", "without a descriptor to be had");
}

static uint16_t open_nobody(void)
{
	/* Connected elsewhere, so what comes from others is refused, yet nobody can take the port.
	 */
	struct sockaddr_in a = {.sin_family = AF_INET}, away = a;
	socklen_t n = sizeof a;
	a.sin_addr.s_addr = away.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	away.sin_port = htons(1);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&a, n) != 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) != 0 ||
	    connect(fd, (struct sockaddr *)&away, n) != 0)
		bail("no port without a listener: %s", strerror(errno));
	nobody_fd = fd;
	return ntohs(a.sin_port);
}

int main(void)
{
	if (net_loop_open(&loop) != 0)
		bail("no loop");
	for (int i = 0; i < SERVERS; i++)
		open_server(&servers[i]);
	nobody = open_nobody();
	fill(&resolv_file, "", 0);
	fill(&hosts_file, "", 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		run_row(&rows[i]);
	test_long_names();
	for (size_t i = 0; i < sizeof cancel_rows / sizeof *cancel_rows; i++)
		test_cancel(&cancel_rows[i]);
	test_callback(&cancel_rows[0]);
	test_no_descriptors();
	for (int i = 0; i < SERVERS; i++)
		close_server(&servers[i]);
	close(nobody_fd);
	net_loop_close(&loop);
	return done();
}
