/*
 * The Redis client and a real server that does not let it in, or not to everything: users and
 * their rights, too many clients, a data set that is being loaded.
 */
#include "integration/redis_real.h"

#include <arpa/inet.h>

static void admin(const char *first, const char *second, const char *third, const char *fourth)
{
	char *said = store_redis_cli(store, first, second, third, fourth, NULL);
	check(strcmp(said, "OK") == 0 || said[0] == '1', "%s %s: %s", first, second, said);
	free(said);
}

static void start_as(const char *user, const char *password)
{
	begin();
	config.login.user = span_str(user);
	config.login.password = span_str(password);
	redis_start(&client, &loop, &config, &events);
}

static void is_let_in(const char *name)
{
	WAIT(ready_soon(&client));
	ok(client.ready, "%s", name);
	notes_forget();
	SEND(4000, SPAN("GET"), SPAN("k:1"));
	says("_0;", "and answered");
}

/* A user who may read some keys and publish nowhere. */
static void has_few_rights(void)
{
	free(store_redis_cli(store, "ACL", "SETUSER", "few", "reset", "on", ">pw", "+get",
			     "+subscribe", "~k:*", "&c:*", NULL));
	start_as("few", "pw");
	is_let_in("a user with few rights");
	SEND(4000, SPAN("SET"), SPAN("k:1"), SPAN("v"));
	WAIT(noted_has(";"));
	ok(noted_has("-NOPERM "), "may not write: %s", notes);
	notes_forget();
	SEND(4000, SPAN("GET"), SPAN("other"));
	WAIT(noted_has(";"));
	ok(noted_has("-NOPERM "), "nor read everything: %s", notes);
	notes_forget();
	SEND(4000, SPAN("GET"), SPAN("k:1"));
	says("_0;", "and the connection stays");
	is_int((long long)client.counters.losses, 0,
	       "for NOPERM is the command's, not the login's");
	end();

	start_as("few", "pw");
	config.login.db = 3;
	WAIT(noted_has("down("));
	ok(noted_has("NOPERM"), "SELECT is not among his rights: %s", notes);
	end();
}

static void is_not_let_in(void)
{
	start_as("few", "wr0ng!");
	WAIT(noted_has("down("));
	ok(noted_has("WRONGPASS") && !noted_has("wr0ng!"), "a wrong password: %s", notes);
	end();

	start_as("nobody", "pw");
	WAIT(noted_has("down("));
	ok(noted_has("WRONGPASS"), "no such user: %s", notes);
	end();

	start_as("few", "");
	WAIT(noted_has("down("));
	ok(noted_has("NOAUTH") || noted_has("WRONGPASS"), "no password: %s", notes);
	end();

	start_as("", store_password(store));
	config.login.db = 99;
	WAIT(noted_has("down("));
	ok(noted_has("DB index is out of range"), "no such database: %s", notes);
	config.login.db = 0;
	is_let_in("then there is one");
	end();
}

static void is_thrown_out(void)
{
	start_as("few", "pw");
	is_let_in("in");
	admin("ACL", "DELUSER", "few", NULL);
	WAIT((ready_soon(&client), noted_has("WRONGPASS")));
	ok(noted_has("down("), "the user is gone: %s", notes);
	free(store_redis_cli(store, "ACL", "SETUSER", "few", "on", ">pw", "+get", "~k:*", NULL));
	is_let_in("the user is back");

	/* A password that is changed ends no connection, but none comes after it. */
	admin("ACL", "SETUSER", "few", "resetpass");
	SEND(4000, SPAN("GET"), SPAN("k:1"));
	says("_0;", "who is in stays in");
	free(store_redis_cli(store, "CLIENT", "KILL", "USER", "few", NULL));
	WAIT((ready_soon(&client), noted_has("WRONGPASS")));
	ok(noted_has("down("), "the password is another: %s", notes);
	admin("ACL", "SETUSER", "few", ">pw");
	is_let_in("the password is the old one");
	end();
}

static void has_no_default_user(void)
{
	free(store_redis_cli(store, "ACL", "SETUSER", "boss", "on", ">pw", "allcommands", "allkeys",
			     NULL));
	start_as("boss", "pw");
	is_let_in("another user");
	SEND(4000, SPAN("ACL"), SPAN("SETUSER"), SPAN("default"), SPAN("off"));
	says("+OK;", "the default user is switched off");
	struct redis other;
	redis_stop(&client);
	config.login =
		(struct resp_login){.password = span_str(store_password(store)), .resp2 = old};
	other.user = NULL;
	redis_start(&other, &loop, &config, &events);
	WAIT(noted_has("down("));
	ok(noted_has("WRONGPASS"), "it is not let in: %s", notes);
	redis_stop(&other);
	one_turn();
	net_loop_close(&loop);

	start_as("boss", "pw");
	is_let_in("the other one is");
	SEND(4000, SPAN("ACL"), SPAN("SETUSER"), SPAN("default"), SPAN("on"));
	says("+OK;", "switched on");
	end();
}

/* Connections that say nothing. */

enum { HOGS = 8 };
static int hogs[HOGS];

static void open_hogs(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)store_port(store)),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	for (size_t i = 0; i < HOGS; i++) {
		hogs[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(hogs[i], (struct sockaddr *)&sa, sizeof sa) != 0)
			bail("no connection: %s", strerror(errno));
	}
}

static void close_hogs(void)
{
	for (size_t i = 0; i < HOGS; i++)
		close(hogs[i]);
}

static void has_too_many_clients(void)
{
	admin("CONFIG", "SET", "maxclients", "8");
	open_hogs();
	start_as("", store_password(store));
	WAIT(noted_has("max number of clients"));
	ok(noted_has("down(") && !noted_has("ready"), "no room: %s", notes);
	close_hogs();
	is_let_in("when there is room again");
	admin("CONFIG", "SET", "maxclients", "1000");
	end();
}

/* While it loads, the server lets clients in (HELLO and AUTH it answers), but gives no data. */
static void loads(void)
{
	const char *argv[] = {"redis-cli", "-p", store_port_text(store), "DEBUG", "RELOAD", NULL};
	char *auth = NULL;
	if (asprintf(&auth, "REDISCLI_AUTH=%s", store_password(store)) < 0)
		bail("out of memory");
	admin("FLUSHALL", NULL, NULL, NULL);
	admin("DEBUG", "POPULATE", "1000", NULL);
	start_as("", store_password(store));
	is_let_in("before");
	struct redis_request q = noting;
	admin("CONFIG", "SET", "loading-process-events-interval-bytes", "1024");
	admin("CONFIG", "SET", "key-load-delay", "250");
	struct proc *reload = proc_start(
		&(struct proc_spec){.argv = argv, .env = (const char *const[]){auth, NULL}});
	/* One after the other, until one meets it. */
	while (proc_running(reload) && !noted_has("-LOADING")) {
		notes_forget();
		redis_send(&client, &q, 8000, 2, (struct span[]){SPAN("GET"), SPAN("k:1")});
		WAIT(noted > 0);
	}
	ok(noted_has("-LOADING ") && noted_has("notice(LOADING "), "a command meets it: %s", notes);
	notes_forget();
	is_int(proc_wait(reload, PATIENCE_MS), 0, "it has loaded");
	proc_free(reload);
	admin("CONFIG", "SET", "key-load-delay", "0");
	is_let_in("when it has loaded");
	free(auth);
	end();
}

int main(void)
{
	store = store_redis((const char *[]){"--enable-debug-command", "yes", NULL});
	BY_BOTH(has_few_rights, is_not_let_in, is_thrown_out, has_no_default_user,
		has_too_many_clients, loads);
	return done();
}
