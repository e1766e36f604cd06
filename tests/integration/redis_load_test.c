/*
 * The Redis client under load, while connections and the server go away in every way. Each request
 * learns exactly one fate, and the server's counter agrees with the sum of them.
 */
#include "integration/redis_load.h"

#include <signal.h>

/* We close: what was sent is done, and its replies are never read. */
static void breaks_off(void)
{
	for (int i = 0; i < 4; i++) {
		wait_answers(500);
		link_break(&client.link, NET_ECLOSED);
	}
	wait_answers(500);
	ok(lost > 0, "%u lost", lost);
}

static void is_killed(void)
{
	wait_answers(500);
	proc_signal_tree(store_proc(store), SIGKILL);
	WAIT(!client.ready);
	store_kill(store);
	store_start(store);
	wait_answers(500);
}

static void is_restarted(void)
{
	wait_answers(500);
	store_restart(store);
	wait_answers(500);
}

/* By a command: it says nothing to those it leaves. */
static void shuts_down(void)
{
	wait_answers(500);
	free(store_redis_cli(store, "SHUTDOWN", NULL));
	store_stop(store);
	store_start(store);
	wait_answers(500);
}

static void kills_by_type(void)
{
	for (int i = 0; i < 4; i++) {
		wait_answers(500);
		uint64_t had = client.counters.losses;
		free(store_redis_cli(store, "CLIENT", "KILL", "TYPE", "normal", NULL));
		WAIT(client.counters.losses > had);
	}
	wait_answers(500);
}

/* The number of our connection, asked on another. */
static char *client_id(void)
{
	char *list = store_redis_cli(store, "CLIENT", "LIST", NULL);
	char *at = strstr(list, " name=tester "), *id = NULL;
	while (at != NULL && at > list && at[-1] != '\n')
		at--;
	if (at == NULL || asprintf(&id, "%ld", strtol(at + strlen("id="), NULL, 10)) < 0)
		bail("not among the clients: %s", list);
	free(list);
	return id;
}

static void kills_by_id(void)
{
	for (int i = 0; i < 4; i++) {
		wait_answers(500);
		uint64_t had = client.counters.losses;
		char *id = client_id();
		free(store_redis_cli(store, "CLIENT", "KILL", "ID", id, NULL));
		free(id);
		WAIT(client.counters.losses > had);
	}
	wait_answers(500);
}

/* By a command to the server, which keeps everybody waiting. */
static void survives(const char *const command[4])
{
	wait_answers(200);
	free(store_redis_cli(store, command[0], command[1], command[2], command[3], NULL));
	wait_answers(200);
	is_int(lost, 0, "nothing is lost by that");
}

static void loses_its_user(void)
{
	wait_answers(200);
	free(store_redis_cli(store, "ACL", "SETUSER", "default", "-incr", NULL));
	WAIT(refused > 0);
	free(store_redis_cli(store, "ACL", "SETUSER", "default", "+incr", NULL));
	wait_answers(200);
}

static void evicts_nothing(void)
{
	wait_answers(200);
	free(store_redis_cli(store, "CONFIG", "SET", "maxmemory", "1", NULL));
	WAIT(refused > 0);
	free(store_redis_cli(store, "CONFIG", "SET", "maxmemory", "0", NULL));
	wait_answers(200);
	is_int(lost, 0, "nothing is lost by that");
	ok(noted_has("notice(OOM "), "the operator was told");
}

static const struct {
	const char *name;
	void (*happens)(void);
	const char *command[4];
} rows[] = {
	{"we break off", breaks_off, {0}},
	{"killed", is_killed, {0}},
	{"restarted", is_restarted, {0}},
	{"SHUTDOWN", shuts_down, {0}},
	{"CLIENT KILL TYPE", kills_by_type, {0}},
	{"CLIENT KILL ID", kills_by_id, {0}},
	{"DEBUG RELOAD", NULL, {"DEBUG", "RELOAD"}},
	{"CLIENT PAUSE WRITE", NULL, {"CLIENT", "PAUSE", "200", "WRITE"}},
	{"CLIENT PAUSE ALL", NULL, {"CLIENT", "PAUSE", "200", "ALL"}},
	{"DEBUG SLEEP", NULL, {"DEBUG", "SLEEP", "0.2"}},
	{"a right taken away", loses_its_user, {0}},
	{"maxmemory", evicts_nothing, {0}},
};

static void meets_all(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		begin();
		load_begin();
		if (rows[i].happens != NULL)
			rows[i].happens();
		else
			survives(rows[i].command);
		load_end(store, rows[i].name);
		end();
	}
}

int main(void)
{
	store = store_redis((const char *[]){"--enable-debug-command", "yes", NULL});
	BY_BOTH(meets_all);
	return done();
}
