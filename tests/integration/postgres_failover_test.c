/* Two servers, one the streaming replica of the other: clients that want the primary, or a standby,
 * while the primary dies and the standby is promoted. */
#include "integration/drivers_real.h"

#include "drivers/postgres_attrs.h"
#include "drivers/postgres_query.h"

#include <signal.h>
#include <sys/stat.h>

static struct store *primary;
static struct proc *standby;
static int standby_port;
static char standby_port_text[16];

/* The replica. */

static char *program_beside(struct store *s, const char *name)
{
	char link[64], path[4096];
	snprintf(link, sizeof link, "/proc/%d/exe", (int)proc_pid(store_proc(s)));
	ssize_t n = readlink(link, path, sizeof path - 1);
	if (n < 0)
		bail("no %s", link);
	path[n] = '\0';
	char *slash = strrchr(path, '/'), *found = NULL;
	if (slash == NULL || asprintf(&found, "%.*s/%s", (int)(slash - path), path, name) < 0)
		bail("no %s beside the server", name);
	return found;
}

static void copy_primary(const char *folder, const struct stat *owner)
{
	char password[256];
	int status;
	char *backup = program_beside(primary, "pg_basebackup");
	snprintf(password, sizeof password, "PGPASSWORD=%s", store_password(primary));
	const char *argv[] = {backup,
			      "-h",
			      store_host(primary),
			      "-p",
			      store_port_text(primary),
			      "-U",
			      "postgres",
			      "-D",
			      folder,
			      "-R",
			      "--checkpoint=fast",
			      "--no-sync",
			      NULL};
	const char *env[] = {password, "LC_ALL=C", NULL};
	char *said = proc_run(&(struct proc_spec){.argv = argv,
						  .env = env,
						  .uid = geteuid() == 0 ? owner->st_uid : 0,
						  .gid = geteuid() == 0 ? owner->st_gid : 0},
			      60000, &status);
	if (status != 0)
		bail("pg_basebackup: status %d\n%s", status, said);
	free(said);
	free(backup);
}

static void start_standby(void)
{
	struct stat owner;
	char proc[64];
	char *outer = temp_path("standby"), *folder = temp_path("standby/data");
	snprintf(proc, sizeof proc, "/proc/%d", (int)proc_pid(store_proc(primary)));
	if (stat(proc, &owner) != 0 || mkdir(outer, 0700) != 0 ||
	    (geteuid() == 0 && chown(outer, owner.st_uid, owner.st_gid) != 0))
		bail("no folder for the standby");
	copy_primary(folder, &owner);
	standby_port = free_port();
	snprintf(standby_port_text, sizeof standby_port_text, "%d", standby_port);
	char *server = program_beside(primary, "postgres");
	const char *argv[] = {server,
			      "-D",
			      folder,
			      "-p",
			      standby_port_text,
			      "-c",
			      "listen_addresses=127.0.0.1",
			      "-c",
			      "unix_socket_directories=",
			      "-c",
			      "fsync=off",
			      "-c",
			      "shared_buffers=16MB",
			      NULL};
	standby = proc_start(&(struct proc_spec){.argv = argv,
						 .env = (const char *const[]){"LC_ALL=C", NULL},
						 .cwd = outer,
						 .uid = geteuid() == 0 ? owner.st_uid : 0,
						 .gid = geteuid() == 0 ? owner.st_gid : 0,
						 .stop_signal = SIGINT});
	if (!proc_wait_log(standby, "eady to accept read-only connections", 60000))
		bail("the standby does not start:\n%s", proc_log(standby));
	free(server);
	free(outer);
	free(folder);
}

static char *ask_standby(const char *user, const char *sql)
{
	char password[256], name[64];
	snprintf(password, sizeof password, "PGPASSWORD=%s", store_password(primary));
	snprintf(name, sizeof name, "PGUSER=%s", user);
	const char *argv[] = {
		"psql", "-X", "-A",  "-t", "-q", "-h", "127.0.0.1", "-p", standby_port_text,
		"-c",   sql,  "app", NULL};
	const char *env[] = {password, name, NULL};
	return proc_run(&(struct proc_spec){.argv = argv, .env = env}, 20000, NULL);
}

static bool standby_says(const char *sql, const char *want)
{
	char *got = ask_standby("app", sql);
	bool same = strcmp(got, want) == 0;
	free(got);
	return same;
}

/* Clients. */

struct client {
	struct postgres p;
	struct postgres_attrs attrs;
	struct postgres_config config;
	struct link_host hosts[2];
	unsigned ready, downs;
};

static struct client writer, reader;
static struct pgwire_keys keys;

static void on_ready(struct postgres *p)
{
	((struct client *)p)->ready++;
}

static void on_down(struct postgres *p, const char *why)
{
	(void)why;
	((struct client *)p)->downs++;
}

static const struct postgres_events events = {on_ready, on_down};

static void start(struct client *c, enum postgres_kind kind)
{
	c->hosts[0] = (struct link_host){"127.0.0.1", (uint16_t)standby_port};
	c->hosts[1] = (struct link_host){"127.0.0.1", (uint16_t)store_port(primary)};
	c->config = (struct postgres_config){
		.link = {.hosts = c->hosts,
			 .host_count = 2,
			 .connect_ms = 2000,
			 .in_max = 1 << 16,
			 .out_max = 1 << 16},
		.login = {.user = SPAN("app"),
			  .database = SPAN("app"),
			  .password = span_str(store_password(primary)),
			  .keys = &keys},
		.limits = pgwire_default_limits,
	};
	postgres_start(&c->p, &loop, &c->config, &events);
	postgres_attrs_open(&c->attrs, &c->p, kind);
}

static char answer[64];
static unsigned over;
static int fate;

static void on_row(struct postgres_request *q, const struct pgwire_row *row)
{
	struct pgwire_row r = *row;
	struct pgwire_value v;
	(void)q;
	if (pgwire_row_next(&r, &v))
		snprintf(answer, sizeof answer, "%.*s", (int)v.bytes.n, (const char *)v.bytes.p);
}

static void on_over(struct postgres_request *q, int rc)
{
	(void)q;
	over++;
	fate = rc;
}

static int ask(struct client *c, const char *text)
{
	static struct postgres_request q;
	q = (struct postgres_request){.row = on_row, .done = on_over};
	unsigned before = over;
	answer[0] = '\0';
	int rc = postgres_query(&c->p, &q, 4000, span_str(text), NULL, 0);
	if (rc < 0)
		return rc;
	WAIT(over > before);
	return fate;
}

static void is_on(struct client *c, int port, const char *name)
{
	char want[16];
	WAIT(c->p.ready);
	snprintf(want, sizeof want, "%d", port);
	is_int(ask(c, "SELECT inet_server_port()"), 0, "%s: asked", name);
	is_str(answer, want, "%s", name);
}

int main(void)
{
	primary = store_postgres(NULL);
	free(store_psql(primary, "CREATE TABLE kept (n int)"));
	start_standby();
	open_loop();
	start(&writer, POSTGRES_PRIMARY);
	start(&reader, POSTGRES_STANDBY);
	is_on(&writer, store_port(primary), "who wants the primary passes over the standby");
	is_on(&reader, standby_port, "who wants a standby has it");
	for (int i = 0; i < 20; i++)
		check(ask(&writer, "INSERT INTO kept VALUES (1)") == 0, "insert %d", i);
	is_int(ask(&reader, "INSERT INTO kept VALUES (1)"), POSTGRES_EFAILED,
	       "a standby takes nothing");
	WAIT(standby_says("SELECT count(*) FROM kept", "20"));

	unsigned downs = writer.downs;
	store_kill(primary);
	WAIT(writer.downs > downs);
	is_int(ask(&writer, "INSERT INTO kept VALUES (1)"), POSTGRES_EDOWN,
	       "without a primary nothing is sent");
	run_for(150);
	ok(!writer.p.ready, "nor is the standby taken for one");
	unsigned refusals = (unsigned)writer.attrs.refusals;
	char *said = ask_standby("postgres", "SELECT pg_promote()");
	is_str(said, "t", "the standby is promoted");
	free(said);
	is_on(&writer, standby_port, "and found");
	ok(refusals > 0, "after %u refusals", refusals);
	is_int(ask(&writer, "INSERT INTO kept VALUES (1)"), 0, "what is stored");
	is_int(ask(&writer, "SELECT count(*) FROM kept"), 0, "is read");
	is_str(answer, "21", "all of it");
	/* Who is on it already is not sent away; who comes anew wants a standby, and there is none.
	 */
	is_int(ask(&reader, "SELECT 1"), 0, "the reader reads on");
	postgres_renew(&reader.p, "for the test");
	run_for(200);
	ok(!reader.p.ready, "until it comes anew: there is no standby now");
	postgres_stop(&writer.p);
	postgres_stop(&reader.p);
	WAIT(writer.p.link.state == LINK_OFF && reader.p.link.state == LINK_OFF);
	net_loop_close(&loop);
	return done();
}
