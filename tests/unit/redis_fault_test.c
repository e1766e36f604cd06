/* What the Redis client does by itself about the errors a server answers with. */
#include "unit/redis_client.h"

static void leaves(void)
{
	begin_ready();
	uint64_t settled = client.link.ready_at - LINK_SETTLED;
	client.link.ready_at = settled;
	ask('a');
	ask('b');
	ask('c');
	peer_heard(&peer, PING PING PING, "three requests");
	peer_say(&peer, "-READONLY You can't write against a read only replica.\r\n+2\r\n");
	UNTIL(noted_has("b="));
	ask('d');
	noted_is("a=-READONLY You can't write against a read only replica.;b=+2;d-down;",
		 "the reply is its request's, and nothing is sent any more");
	peer_say(&peer, "+3\r\n");
	UNTIL(noted_has("down"));
	noted_is("c=+3;down(READONLY You can't write against a read only replica.);",
		 "what is in flight gets its answer, then it leaves");
	is_int(client.link.backoff, 2 * LINK_BACKOFF_MIN, "after the shortest back-off");
	is_well_again("leaves");
}

static void leaves_one_that_hangs(void)
{
	begin_ready();
	ask('a');
	ask_then('b', 80, NULL);
	peer_hear(&peer, 2 * strlen(PING));
	peer_say(&peer, "-MASTERDOWN Link with MASTER is down\r\n");
	UNTIL(noted_has("down("));
	noted_is("a=-MASTERDOWN Link with MASTER is down;b!late;"
		 "down(MASTERDOWN Link with MASTER is down);",
		 "a deadline ends the waiting for the last answers");
	is_well_again("hangs");
}

/* From one that says READONLY at every visit to the next, in spite of long calm visits. */
static void finds_the_primary(void)
{
	static struct peer other;
	begin();
	peer_open(&other);
	struct link_host hosts[] = {peer_host, {"127.0.0.1", other.port}};
	config.link.hosts = hosts;
	config.link.host_count = 2;
	start();
	log_in();
	client.link.ready_at -= LINK_SETTLED;
	ask('a');
	peer_hear(&peer, strlen(PING));
	peer_say(&peer, "-READONLY\r\n");
	UNTIL(noted_has("down"));
	noted_is("ready;a=-READONLY;down(READONLY);", "a replica");
	peer_take(&other);
	peer_hear(&other, strlen(HELLO));
	peer_say(&other, WELCOME);
	UNTIL(noted_has("ready"));
	ok(client.link.host == 1, "the other host, at once");
	peer_close(&other);
	end_calmly("primary");
}

static void gives_notice(void)
{
	static const struct {
		const char *says, *want;
	} rows[] = {
		{"-OOM command not allowed\r\n", "notice(OOM command not allowed);"},
		{"-OOM again\r\n", ""},
		{"-MISCONF can't save\r\n", "notice(MISCONF can't save);"},
		{"-NOREPLICAS Not enough\r\n", "notice(NOREPLICAS Not enough);"},
		{"-LOADING a lot\r\n", "notice(LOADING a lot);"},
		{"-BUSY a script\r\n", "notice(BUSY a script);"},
		{"-CLUSTERDOWN Hash slot not served\r\n",
		 "notice(CLUSTERDOWN Hash slot not served);"},
		{"-MOVED 3999 127.0.0.1:6381\r\n",
		 "notice(this is one node of a cluster: MOVED 3999 127.0.0.1:6381);"},
		{"-ASK 3999 :6381\r\n", "notice(this is one node of a cluster: ASK 3999 :6381);"},
		{"!12\r\nOOM \x01 binary\r\n", "notice(OOM ? binary);"},
		{"-ERR wrong\r\n", ""},
		{"-WRONGTYPE wrong\r\n", ""},
		{"-NOPERM no\r\n", ""},
		{"*1\r\n-OOM inside\r\n", ""},
	};
	begin_ready();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ask('a');
		peer_hear(&peer, strlen(PING));
		peer_forget(&peer);
		peer_say(&peer, rows[i].says);
		UNTIL(client.session.count == 0);
		const char *behind = strchr(notes, ';');
		is_str(behind == NULL ? "?" : behind + 1, rows[i].want, "row %zu", i);
		notes_forget();
	}
	client.noticed = 0;
	ask('a');
	peer_hear(&peer, strlen(PING));
	peer_say(&peer, "-MOVED 1 a-name-that-is-as-long-as-nobody-would-call-a-host-but-who-knows-"
			"123456789-123456789-123456789-123456789-123456789-123456789-123456789-"
			"123456789-123456789-123456789-123456789-123456789-123456789:6379\r\n");
	UNTIL(noted_has("notice("));
	ok(strlen(strstr(notes, "notice(")) == strlen("notice(") + 191 + strlen(");"),
	   "words are cut");
	ok(client.ready, "and the connection stays");
	end_calmly("notice");
}

static void says_it_again_later(void)
{
	begin_ready();
	for (int i = 0; i < 2; i++) {
		client.noticed_at -= i == 0 ? 0 : REDIS_NOTICE_MS;
		ask('a');
		peer_hear(&peer, strlen(PING));
		peer_forget(&peer);
		peer_say(&peer, "-OOM no\r\n");
		UNTIL(noted_has("notice"));
		noted_is("a=-OOM no;notice(OOM no);", i == 0 ? "told" : "and after a while again");
	}
	end_calmly("again");
}

/* Without a callback for notices. */
static void needs_no_notice(void)
{
	static const struct redis_events few = {on_ready, on_down, NULL, NULL};
	begin();
	redis_start(&client, &loop, &config, &few);
	log_in();
	ask('a');
	peer_hear(&peer, strlen(PING));
	peer_say(&peer, ">1\r\n+x\r\n-OOM no\r\n");
	UNTIL(noted_has("a="));
	noted_is("ready;a=-OOM no;", "nobody wants to know");
	end_calmly("no notice");
}

static unsigned logins;
static void tell_password(struct redis *r, struct resp_login *login)
{
	static const char *const passwords[] = {"old", "new"};
	check(r == &client && login->user.n == 1, "what the configuration says is there");
	login->password = span_str(passwords[logins++ % 2]);
}

static void asks_for_credentials(void)
{
	static const char *const want[] = {
		"*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$3\r\nold\r\n",
		"*5\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$3\r\nnew\r\n",
	};
	begin();
	logins = 0;
	config.login.user = SPAN("u");
	config.credentials = tell_password;
	start();
	for (int i = 0; i < 2; i++) {
		peer_take(&peer);
		peer_heard(&peer, want[i], "the password of this login");
		peer_say(&peer, WELCOME);
		UNTIL(client.ready);
		peer_hang_up(&peer);
		UNTIL(!client.ready);
	}
	end_calmly("credentials");
}

static void counts(void)
{
	struct redis_counters c;
	begin_ready();
	ask('a');
	ask('b');
	ask('c');
	peer_hear(&peer, 3 * strlen(PING));
	peer_say(&peer, "+1\r\n-ERR\r\n");
	UNTIL(noted_has("b="));
	redis_get_counters(&client, &c);
	ok(c.connects == 1 && c.failed_connects == 0 && c.losses == 0, "connections");
	ok(c.commands == 3 && c.replies == 2 && c.errors == 1 && c.in_flight == 1, "commands");
	is_int((long long)c.bytes_in, (long long)strlen(WELCOME "+1\r\n-ERR\r\n"), "bytes in");
	is_int((long long)c.bytes_out, (long long)strlen(HELLO PING PING PING), "bytes out");
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	peer_take(&peer);
	peer_hang_up(&peer);
	UNTIL(client.counters.failed_connects == 1);
	redis_get_counters(&client, &c);
	ok(c.connects == 1 && c.losses == 1 && c.in_flight == 0, "after a loss");
	ok(c.bytes_out >= strlen(HELLO PING PING PING), "bytes of all connections");
	end_calmly("counts");
}

static void has_words(void)
{
	for (int why = REDIS_EROOM; why <= REDIS_EDOWN; why++)
		ok(strcmp(redis_strerror(why), "unknown error") != 0, "%d: %s", why,
		   redis_strerror(why));
	is_str(redis_strerror(0), "no error", "0");
	is_str(redis_strerror(-1), "unknown error", "-1");
	ok(redis_is_unsent(REDIS_EDOWN) && redis_is_unsent(REDIS_EFULL) &&
		   redis_is_unsent(REDIS_EUNSENT) && redis_is_unsent(REDIS_EBLOCKING),
	   "safe to send again");
	ok(!redis_is_unsent(REDIS_ELOST) && !redis_is_unsent(REDIS_ELATE) &&
		   !redis_is_unsent(REDIS_EPROTO) && !redis_is_unsent(REDIS_EROOM),
	   "perhaps executed");
}

int main(void)
{
	unsigned before = descriptors();
	leaves();
	leaves_one_that_hangs();
	finds_the_primary();
	gives_notice();
	says_it_again_later();
	needs_no_notice();
	asks_for_credentials();
	counts();
	has_words();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
