/*
 * PgBouncer in transaction mode between us and PostgreSQL: each transaction may be on another
 * server connection, so that nothing may be kept on one; and what happens when either of the two
 * goes away.
 */
#include "integration/postgres_rig.h"

#include "drivers/postgres_transaction.h"

#include <signal.h>
#include <sys/stat.h>

static struct proc *bouncer;
static int bouncer_port;
static char *folder;
static struct stat owner;

static FILE *create(const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "we");
	if (f == NULL)
		bail("%s cannot be written", path);
	return f;
}

/* Double quotes are doubled; nothing else is special there. */
static void write_users(void)
{
	FILE *f = create("users");
	fputs("\"app\" \"", f);
	for (const char *p = store_password(store); *p != '\0'; p++) {
		if (*p == '"')
			putc('"', f);
		putc(*p, f);
	}
	fputs("\"\n", f);
	fclose(f);
}

static void write_config(void)
{
	FILE *f = create("ini");
	fprintf(f,
		"[databases]\napp = host=127.0.0.1 port=%d dbname=app\n"
		"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\n"
		"auth_type = scram-sha-256\nauth_file = %s/users\npool_mode = transaction\n"
		"default_pool_size = 3\nmax_client_conn = 50\nserver_login_retry = 1\n"
		"query_wait_timeout = 2\nserver_check_delay = 0\n",
		store_port(store), bouncer_port, folder);
	fclose(f);
}

static void start_bouncer(void)
{
	/* Debian keeps it where not everybody's PATH leads. */
	bool sbin = access("/usr/sbin/pgbouncer", X_OK) == 0;
	const char *argv[] = {sbin ? "/usr/sbin/pgbouncer" : "pgbouncer", "ini", NULL};
	const char *env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	bouncer = proc_start(&(struct proc_spec){.argv = argv,
						 .env = env,
						 .cwd = folder,
						 .uid = geteuid() == 0 ? owner.st_uid : 0,
						 .gid = geteuid() == 0 ? owner.st_gid : 0,
						 .stop_signal = SIGINT});
	if (!wait_port(bouncer_port, 60000))
		bail("pgbouncer does not listen:\n%s", proc_log(bouncer));
}

static void make_bouncer(void)
{
	char proc[64];
	folder = temp_path("bouncer");
	bouncer_port = free_port();
	snprintf(proc, sizeof proc, "/proc/%d", (int)proc_pid(store_proc(store)));
	if (mkdir(folder, 0755) != 0 || stat(proc, &owner) != 0)
		bail("no folder for pgbouncer");
	write_users();
	write_config();
	start_bouncer();
}

static void begin(size_t size)
{
	rig_begin(size);
	rig_host.port = (uint16_t)bouncer_port;
	rig_cfg.unnamed = true;
	rig_open();
}

static void shares_servers(void)
{
	begin(8);
	load_begin(64);
	load_run(2000);
	sql_is("SELECT count(DISTINCT pid) BETWEEN 1 AND 3 FROM pg_stat_activity WHERE datname = "
	       "'app' AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
	       "t", "eight connections to it are three at most to the server");
	load_end("through PgBouncer");
	is_int(rig_downs, 0, "no connection was lost");
	rig_end();
}

/* What the others do in between changes nothing. */
static void repeats_statements(void)
{
	static struct job asks[400];
	static const struct postgres_statement statements[] = {
		{SPAN("a"), SPAN("SELECT 1 WHERE $1::text <> ''"), 1},
		{SPAN("b"), SPAN("SELECT $1::int, 2"), 2},
		{SPAN("c"), SPAN("SELECT FROM pg_class WHERE oid = $1::int"), 0},
	};
	const struct pgwire_param seven = {.value = SPAN("7")};
	unsigned good = 0;
	begin(4);
	/* From here on: answers come while others are still being sent. */
	load_flying = LENGTH(asks);
	for (size_t i = 0; i < LENGTH(asks); i++) {
		asks[i] = (struct job){.q = {.done = job_done}};
		bool sent = false;
		for (int tries = 0; !sent && tries < 10000; tries++) {
			sent = postgres_pool_send(&pool, &asks[i].q, 4000, &statements[i % 3],
						  &seven, 1) == 0;
			one_turn();
		}
		check(sent, "statement %zu is taken", i);
	}
	WAIT(load_flying == 0);
	for (size_t i = 0; i < LENGTH(asks); i++)
		good += asks[i].rc == 0 && asks[i].fates == 1;
	is_int(good, LENGTH(asks), "three statements, 400 times on four connections");
	rig_end();
}

static struct postgres_transaction transaction;
static struct postgres_request step;
static struct postgres_lease lease;
static unsigned steps, taken, ended;
static int outcome;
static char pids[3][16];

static void stepped(struct postgres_request *q, int rc);

static void next_step(void)
{
	step = (struct postgres_request){.done = stepped, .row = step.row};
	int rc = postgres_transaction_query(&transaction, &step, SPAN("SELECT pg_backend_pid()"),
					    NULL, 0);
	check(rc == 0, "a step: %s", postgres_strerror(rc));
}

static void step_row(struct postgres_request *q, const struct pgwire_row *row)
{
	struct pgwire_row r = *row;
	struct pgwire_value v;
	(void)q;
	if (pgwire_row_next(&r, &v))
		snprintf(pids[steps % 3], sizeof pids[0], "%.*s", (int)v.bytes.n,
			 (const char *)v.bytes.p);
}

static void stepped(struct postgres_request *q, int rc)
{
	if (rc < 0 || ++steps == 3)
		postgres_transaction_end(&transaction, rc, rc < 0 ? q : NULL);
	else
		next_step();
}

static void begun(struct postgres_transaction *t)
{
	(void)t;
	steps = 0;
	next_step();
}

static void over(struct postgres_transaction *t, int rc)
{
	(void)t;
	ended++;
	outcome = rc;
	postgres_pool_give(&lease);
}

static void on_taken(struct postgres_lease *l, struct postgres *p, int rc)
{
	(void)l;
	taken++;
	transaction = (struct postgres_transaction){.begin = begun, .done = over};
	check(rc == 0 && postgres_transaction_start(&transaction, p, 4000) == 0, "it begins");
}

static void transacts(void)
{
	begin(4);
	step.row = step_row;
	load_begin(32);
	load_run(100);
	lease = (struct postgres_lease){.taken = on_taken};
	is_int(postgres_pool_take(&pool, &lease, 4000), 0, "a transaction under load");
	WAIT_LOAD(ended > 0);
	is_int(outcome, 0, "is committed");
	ok(strcmp(pids[0], pids[1]) == 0 && strcmp(pids[1], pids[2]) == 0 && pids[0][0] != '\0',
	   "its steps were on one server connection, %s", pids[0]);
	load_run(100);
	load_end("beside a transaction");
	rig_end();
}

/* Named statements are what such a mode breaks: told as an error, and no worse. */
static void names_fail_plainly(void)
{
	static struct job asks[2];
	static const struct postgres_statement named = {SPAN("n"), SPAN("SELECT 5"), 1};
	begin(1);
	for (size_t i = 0; i < LENGTH(asks); i++) {
		const struct pgwire_query q = {.statement = SPAN("nobody"), .columns = 1};
		asks[i] = (struct job){.q = {.done = job_done}};
		load_flying = 1;
		is_int(postgres_put(&slots[0].p, &asks[i].q, 4000, &q,
				    PGWIRE_BIND | PGWIRE_EXECUTE),
		       0, "a statement prepared elsewhere");
		WAIT(asks[i].fates > 0);
		is_int(asks[i].rc, POSTGRES_EFAILED, "fails");
		is_str(asks[i].q.sqlstate, "26000", "as stale");
	}
	asks[0] = (struct job){.q = {.done = job_done}};
	load_flying = 1;
	is_int(postgres_pool_send(&pool, &asks[0].q, 4000, &named, NULL, 0), 0, "an unnamed one");
	WAIT(asks[0].fates > 0);
	is_int(asks[0].rc, 0, "works on that connection");
	rig_end();
}

static void loses_the_server(void)
{
	begin(4);
	load_begin(32);
	load_run(300);
	store_kill(store);
	unsigned until = load_done + 50;
	WAIT_LOAD(load_done >= until || rig_ready() == 0);
	store_start(store);
	unsigned from = load_sent;
	WAIT_LOAD(load_sent > from + 500 && rig_ready() == 4);
	load_run(300);
	load_end("the server behind it was killed");
	rig_end();
}

static void loses_the_bouncer(void)
{
	begin(4);
	load_begin(32);
	load_run(300);
	proc_kill(bouncer);
	WAIT_LOAD(rig_ready() == 0);
	start_bouncer();
	WAIT_LOAD(rig_ready() == 4);
	load_run(300);
	load_end("PgBouncer itself was killed");
	proc_signal(bouncer, SIGSTOP);
	load_wanted = 0;
	for (unsigned i = 0; i < load_sent; i++)
		if (jobs[i].fates == 0)
			postgres_cancel(&jobs[i].q);
	WAIT(load_flying == 0);
	proc_signal(bouncer, SIGCONT);
	load_begin(32);
	load_run(300);
	load_end("and again after it stood still");
	rig_end();
}

int main(void)
{
	store = store_postgres(NULL);
	make_bouncer();
	shares_servers();
	repeats_statements();
	transacts();
	names_fail_plainly();
	loses_the_server();
	loses_the_bouncer();
	is_int(proc_stop(bouncer, 60000), 0, "PgBouncer ends well");
	free(folder);
	return done();
}
