/*
 * The blocking PostgreSQL client and a hostile server: the rows of pgwire_hostile_test.c whose
 * request it makes itself. The server is a child that plays one row after the other, with honest
 * connections in between.
 */
#include "drivers/postgres_blocking.h"
#include "unit/drivers_peer.h"
#include "unit/pgwire_hostile_query.h"
#include "unit/pgwire_script.h"

#include <signal.h>
#include <sys/wait.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))

/* The server. */

static struct script script;
static uint8_t heard[65536];
static size_t heard_n;

/* More of what the client says; false when it has left. */
static bool hear(int fd)
{
	if (heard_n == sizeof heard)
		heard_n = 0;
	ssize_t n = recv(fd, heard + heard_n, sizeof heard - heard_n, 0);
	heard_n += n > 0 ? (size_t)n : 0;
	return n > 0;
}

static bool say_all(int fd, struct span bytes)
{
	while (bytes.n > 0) {
		ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		bytes = span_tail(bytes, (size_t)n);
	}
	return true;
}

static bool act(int fd, const char *text)
{
	struct span message;
	script_init(&script, text);
	while (!script_over(&script)) {
		script.heard = span_of(heard, heard_n);
		if (script_next(&script, &message) ? !say_all(fd, message) : !hear(fd))
			return false;
	}
	return true;
}

/* A Sync is what came last: not so behind a password. */
static bool ends_request(void)
{
	return span_ends(span_of(heard, heard_n), SPAN("S\0\0\0\4"));
}

/* Waits for a request and answers it, as long as the client asks. */
static void answer_all(int fd)
{
	while (hear(fd))
		if (ends_request() && !act(fd, "parsed bound columns row tag ready"))
			return;
}

#define HONEST "offer challenge signature welcome ready"

static void serve_bad(int fd, const struct hostile *h)
{
	bool asks = h->ask[0] != '\0' && h->ask[0] != '-';
	heard_n = 0;
	if (!hear(fd) || (h->ask[0] != '\0' && !act(fd, "welcome ready")))
		return;
	if (asks && !hear(fd))
		return;
	if (act(fd, h->says))
		answer_all(fd);
}

static void serve_well(int fd)
{
	heard_n = 0;
	if (hear(fd) && act(fd, HONEST))
		answer_all(fd);
}

static bool is_played(const struct hostile *h)
{
	return !(h->allow & PGWIRE_REFUSE_SCRAM) && strchr("-q", h->ask[0]) != NULL;
}

/* Behind some of the rows comes an honest connection; a connection takes a tick of the loop. */
static bool is_followed(size_t row)
{
	return row % 4 == 0;
}

static void serve_rows(int listener, const struct hostile *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (int well = 0; well <= is_followed(i) && is_played(&rows[i]); well++) {
			int fd = accept(listener, NULL, NULL);
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
			if (well)
				serve_well(fd);
			else
				serve_bad(fd, &rows[i]);
			close(fd);
		}
	}
}

/* The client. */

static struct postgres_blocking db;
static struct link_host host;
static struct postgres_config config;
static unsigned played;

static int open_client(unsigned allow, uint32_t ms)
{
	config = (struct postgres_config){
		.link = {.hosts = &host,
			 .host_count = 1,
			 .connect_ms = 60000,
			 .in_max = 256 << 10,
			 .out_max = 256 << 10},
		.login = {.user = SPAN("me"),
			  .password = SPAN(SCRIPT_PASSWORD),
			  .flags = allow,
			  .md5 = pgwire_md5},
		.limits = pgwire_default_limits,
	};
	return postgres_blocking_open_config(&db, &config, ms);
}

/* A query and all of its rows. */
static int query(uint32_t ms)
{
	struct pgwire_row row;
	int rc = postgres_blocking_query(&db, SPAN("SELECT 5"), NULL, 0, ms);
	while (rc >= 0) {
		rc = postgres_blocking_next(&db, &row);
		if (rc == 0)
			return 0;
	}
	return rc;
}

static void play(const struct hostile *h)
{
	char why[256] = "accepted";
	int rc = open_client(h->allow, 60000);
	/* What comes unasked can be seen at the end of the login already. */
	if (h->ask[0] == 'q')
		check(rc == 0, "%s: logged in: %s", h->name, postgres_blocking_why(&db, rc));
	if (rc == 0)
		rc = query(4000);
	if (rc < 0)
		snprintf(why, sizeof why, "%s", postgres_blocking_why(&db, rc));
	postgres_blocking_close(&db);
	/* The server's own words are told where it has any. */
	bool theirs = h->want == PGWIRE_EAUTH || h->want == PGWIRE_EFATAL;
	const char *want = h->want == 0 ? "accepted" : pgwire_strerror(h->want);
	is_str(why, theirs && rc < 0 ? why : want, "%s", h->name);
	played++;
}

static void go_on(const struct hostile *h)
{
	int rc = open_client(0, 60000);
	if (rc == 0)
		rc = query(4000);
	check(rc == 0, "%s: and the next connection: %s", h->name, postgres_blocking_why(&db, rc));
	postgres_blocking_close(&db);
}

static void play_rows(const struct hostile *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_played(&rows[i]))
			continue;
		play(&rows[i]);
		if (is_followed(i))
			go_on(&rows[i]);
	}
}

/* Silence at each message of an honest exchange, and what a call says of it in its time. */

static const struct {
	const char *name, *login, *answer;
} silences[] = {
	{"at once", "", NULL},
	{"after the offer", "offer", NULL},
	{"after the challenge", "offer challenge", NULL},
	{"after the signature", "offer challenge signature", NULL},
	{"after the welcome", "offer challenge signature welcome", NULL},
	{"before any answer", HONEST, ""},
	{"in the rows", HONEST, "parsed bound columns row row"},
};

static void serve_silences(int listener)
{
	for (size_t i = 0; i < LENGTH(silences); i++) {
		int fd = accept(listener, NULL, NULL);
		heard_n = 0;
		if (hear(fd) && act(fd, silences[i].login) && silences[i].answer != NULL &&
		    hear(fd))
			act(fd, silences[i].answer);
		while (hear(fd))
			;
		close(fd);
	}
}

static void test_silences(void)
{
	for (size_t i = 0; i < LENGTH(silences); i++) {
		bool answers = silences[i].answer != NULL;
		uint64_t since = clock_ms();
		int rc = open_client(0, answers ? 60000 : 100);
		if (answers) {
			check(rc == 0, "silence %s: logged in", silences[i].name);
			since = clock_ms();
		}
		if (rc == 0)
			rc = query(100);
		uint64_t took = clock_ms() - since;
		ok(rc == POSTGRES_ELATE || rc == POSTGRES_EDOWN || rc == POSTGRES_EUNSENT,
		   "silence %s: %s", silences[i].name, postgres_strerror(rc));
		check(took < 4000, "silence %s: %u ms", silences[i].name, (unsigned)took);
		postgres_blocking_close(&db);
	}
}

static void serve(int listener)
{
	serve_rows(listener, hostile_logins, LENGTH(hostile_logins));
	serve_rows(listener, hostile_answers, LENGTH(hostile_answers));
	serve_silences(listener);
}

int main(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof sa;
	unsigned before = descriptors();
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status;
	if (bind(listener, (struct sockaddr *)&sa, n) != 0 || listen(listener, 64) != 0 ||
	    getsockname(listener, (struct sockaddr *)&sa, &n) != 0)
		bail("no TCP on loopback");
	host = (struct link_host){"127.0.0.1", ntohs(sa.sin_port)};
	ends_within(300);
	pid_t server = fork();
	if (server == 0) {
		ends_within(300);
		serve(listener);
		_exit(0);
	}
	play_rows(hostile_logins, LENGTH(hostile_logins));
	play_rows(hostile_answers, LENGTH(hostile_answers));
	ok(played > 220, "%u rows", played);
	test_silences();
	kill(server, SIGKILL);
	waitpid(server, &status, 0);
	close(listener);
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
