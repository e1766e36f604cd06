/*
 * The Redis client, two servers and a change of their roles under load: a replica that is promoted
 * in order (FAILOVER), one that is promoted after its master was killed, and one that has lost its
 * master. Debian has no Valkey, which would stand here beside Redis: it has the same commands.
 */
#include "integration/redis_load.h"

#include <signal.h>

static struct store *stores[2];
static struct link_host hosts[2];
static void replica_of(struct store *s, struct store *master)
{
	free(store_redis_cli(s, "REPLICAOF", store_host(master), store_port_text(master), NULL));
}

static bool info_has(struct store *s, const char *part)
{
	char *info = store_redis_cli(s, "INFO", "replication", NULL);
	bool has = strstr(info, part) != NULL;
	free(info);
	return has;
}

/* What another program has to do, not our loop. */
#define WAIT_FOR(held)                                                   \
	do {                                                             \
		for (int tries_ = 0; tries_ < 9999 && !(held); tries_++) \
			tick();                                          \
		check(held, "%s:%d: %s", __FILE__, __LINE__, #held);     \
	} while (0)

/* stores[0] is the master, and the other has what it has. */
static void begin_roles(void)
{
	free(store_redis_cli(stores[0], "REPLICAOF", "NO", "ONE", NULL));
	replica_of(stores[1], stores[0]);
	WAIT_FOR(info_has(stores[1], "master_link_status:up"));
	WAIT_FOR(info_has(stores[0], "state=online"));
}

static void begin_load(void)
{
	for (size_t i = 0; i < 2; i++)
		hosts[i] =
			(struct link_host){store_host(stores[i]), (uint16_t)store_port(stores[i])};
	begin();
	config.link.hosts = hosts;
	config.link.host_count = 2;
	load_begin();
	wait_answers(500);
}

static void fail_over(struct store *from, struct store *to)
{
	unsigned had = refused;
	char *said =
		store_redis_cli(from, "FAILOVER", "TO", store_host(to), store_port_text(to), NULL);
	check(strcmp(said, "OK") == 0, "FAILOVER: %s", said);
	free(said);
	WAIT(refused > had);
	wait_answers(500);
}

static void is_promoted(void)
{
	begin_roles();
	begin_load();
	is_int((long long)client.link.host, 0, "the master is the first host");
	fail_over(stores[0], stores[1]);
	is_int((long long)client.link.host, 1, "after READONLY it is the second");
	ok(noted_has("down(READONLY "), "and the operator knows why");
	WAIT_FOR(info_has(stores[0], "master_link_status:up"));
	fail_over(stores[1], stores[0]);
	is_int((long long)client.link.host, 0, "and back");
	load_end(stores[0], "FAILOVER");
	ok(refused > 0, "%u were refused, not lost", refused);
	is_int(lost, 0, "none is lost");
	end();
}

/* Redis tells before the replica has it: here the replica has all when the master is killed. */
static void is_promoted_after_death(void)
{
	begin_roles();
	begin_load();
	loading = false;
	WAIT(is_idle());
	char *said = store_redis_cli(stores[0], "WAIT", "1", "4000", NULL);
	check(strcmp(said, "1") == 0, "the replica has it: %s", said);
	free(said);
	loading = true;
	proc_signal_tree(store_proc(stores[0]), SIGKILL);
	WAIT(!client.ready);
	store_kill(stores[0]);
	WAIT(refused > 0);
	WAIT(noted_has("down(READONLY "));
	free(store_redis_cli(stores[1], "REPLICAOF", "NO", "ONE", NULL));
	wait_answers(500);
	is_int((long long)client.link.host, 1, "promoted");
	load_end(stores[1], "death of the master");
	end();
	store_start(stores[0]);
	replica_of(stores[0], stores[1]);
	WAIT_FOR(info_has(stores[0], "master_link_status:up"));
}

/* A replica that serves nothing stale: refused, and asked again after a back-off, no storm. */
static void loses_its_master(void)
{
	begin_roles();
	begin();
	hosts[0] = (struct link_host){store_host(stores[1]), (uint16_t)store_port(stores[1])};
	config.link.hosts = hosts;
	redis_start(&client, &loop, &config, &events);
	says("ready;", "a replica");
	free(store_redis_cli(stores[1], "CONFIG", "SET", "replica-serve-stale-data", "no", NULL));
	SEND(4000, SPAN("GET"), SPAN("counter"));
	WAIT(noted > 0);
	ok(notes[0] == '$' || notes[0] == '_', "it has a master: %s", notes);
	store_stop(stores[0]);
	WAIT_FOR(info_has(stores[1], "master_link_status:down"));
	notes_forget();
	WAIT(client.ready);
	notes_forget();
	SEND(4000, SPAN("GET"), SPAN("counter"));
	WAIT(noted_has("down("));
	ok(noted_has("-MASTERDOWN ") && noted_has("down(MASTERDOWN "), "it has none: %s", notes);
	notes_forget();
	free(store_redis_cli(stores[1], "CONFIG", "SET", "replica-serve-stale-data", "yes", NULL));
	WAIT(client.ready);
	notes_forget();
	SEND(4000, SPAN("GET"), SPAN("counter"));
	WAIT(noted > 0);
	ok(notes[0] == '$' || notes[0] == '_', "it may serve what is stale: %s", notes);
	end();
	store_start(stores[0]);
}

int main(void)
{
	const char *args[] = {"--masterauth",
			      NULL,
			      "--repl-diskless-sync-delay",
			      "0",
			      "--repl-ping-replica-period",
			      "1",
			      NULL};
	struct store *first = store_redis(NULL);
	args[1] = store_password(first);
	store_kill(first);
	for (size_t i = 0; i < 2; i++)
		stores[i] = store_redis(args);
	store = stores[0];
	BY_BOTH(is_promoted, is_promoted_after_death, loses_its_master);
	return done();
}
