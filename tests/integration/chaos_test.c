/*
 * The durability contract under everything at once: while clients post, read and follow, the api,
 * three workers, both stores and the ways to them are killed, stopped, frozen, emptied, filled and
 * cut off, in an order that comes from a seed. CHAOS_SEED gives the first one, CHAOS_SECONDS how
 * long; each round has the next seed, and after each everything must hold.
 */
#include "integration/chaos_check.h"

#include <time.h>

#define WORKERS 3
#define CLIENTS 6
#define RECOVER_MS 120000
#define ROUND_MS 30000
#define SHORT_MS 5000

enum target { API, WORKER, REDIS = WORKER + WORKERS, POSTGRES, WAY_REDIS, WAY_POSTGRES, TARGETS };
static const char *const target_names[TARGETS] = {
	"api",   "worker 1", "worker 2",    "worker 3",
	"redis", "postgres", "redis's way", "postgres's way",
};
enum fault { KILL, STOP, FREEZE, FLUSH, FILL, CUT, RESET, FAULTS };
static const char *const fault_names[FAULTS] = {
	"killed", "stopped", "frozen", "flushed", "filled", "cut off", "reset",
};
/* What may happen to whom. */
static const unsigned may[TARGETS] = {
	[API] = 1 << KILL | 1 << STOP | 1 << FREEZE,
	[WORKER] = 1 << KILL | 1 << STOP | 1 << FREEZE,
	[WORKER + 1] = 1 << KILL | 1 << STOP | 1 << FREEZE,
	[WORKER + 2] = 1 << KILL | 1 << STOP | 1 << FREEZE,
	[REDIS] = 1 << KILL | 1 << STOP | 1 << FREEZE | 1 << FLUSH | 1 << FILL,
	[POSTGRES] = 1 << KILL | 1 << STOP | 1 << FREEZE,
	[WAY_REDIS] = 1 << CUT | 1 << RESET,
	[WAY_POSTGRES] = 1 << CUT | 1 << RESET,
};

static struct chaos_shared *shared;
static struct store *pg, *redis;
static struct proc *service[1 + WORKERS];
static int port, admin[1 + WORKERS];
static uint64_t dice;
static pid_t clients[CLIENTS];

/* Services. */

static const char *variable(const char *name, const char *value)
{
	char *text = NULL;
	if (asprintf(&text, "%s=%s", name, value) < 0)
		bail("no memory");
	return text;
}

static const char *number(const char *name, int value)
{
	char text[16];
	snprintf(text, sizeof text, "%d", value);
	return variable(name, text);
}

static void run(int i)
{
	static const char *env[1 + WORKERS][16];
	if (env[i][0] == NULL) {
		const char *const own[] = {
			number("PORT", port),
			number("ADMIN_PORT", admin[i]),
			"CLAIM_AFTER=1s",
			"REDIS_HOST=127.0.0.1",
			number("REDIS_PORT", shared->door[0].port),
			variable("REDIS_PASSWORD", store_password(redis)),
			"PGHOST=127.0.0.1",
			number("PGPORT", shared->door[1].port),
			variable("PGUSER", store_user(pg)),
			variable("PGPASSWORD", store_password(pg)),
			variable("PGDATABASE", store_database(pg)),
		};
		memcpy(env[i], own, sizeof own);
	}
	const char *argv[] = {proc_bin(i == API ? "api" : "worker"), NULL};
	if (service[i] != NULL)
		proc_free(service[i]);
	service[i] = proc_start(&(struct proc_spec){.argv = argv, .env = env[i]});
	if (!wait_port(admin[i], 60000))
		bail("%s did not start: %s", target_names[i], proc_log(service[i]));
}

static bool is_ready(int i)
{
	struct httpc_answer a;
	struct span ask = SPAN("GET /readyz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
	if (httpc_ask("127.0.0.1", (uint16_t)admin[i], ask, &a, HANG_MS) != HTTPC_OK)
		return false;
	bool ready = a.status == 200;
	httpc_free(&a);
	return ready;
}

static void wait_ready(void)
{
	long long since = now_ms();
	for (int i = 0; i < 1 + WORKERS; i++) {
		while (!is_ready(i) && now_ms() - since < RECOVER_MS)
			client_rest();
		ok(is_ready(i), "%s is ready, after %lld ms", target_names[i], now_ms() - since);
	}
}

/* Faults: what begins one, and what ends it. */

static void hurt_service(int i, enum fault fault)
{
	if (fault == KILL)
		proc_kill(service[i]);
	else if (fault == FREEZE)
		proc_signal(service[i], SIGSTOP);
	else if (proc_stop(service[i], 60000) != 0)
		check(false, "%s ends with 0 on SIGTERM: %s", target_names[i],
		      proc_log(service[i]));
}

static void heal_service(int i, enum fault fault)
{
	if (fault == FREEZE)
		proc_signal(service[i], SIGCONT);
	else
		run(i);
}

static void fill(const char *bytes)
{
	free(store_redis_cli(redis, "CONFIG", "SET", "maxmemory", bytes, NULL));
}

static void hurt_store(struct store *s, enum fault fault)
{
	if (fault == KILL)
		store_kill(s);
	else if (fault == STOP)
		store_stop(s);
	else if (fault == FREEZE)
		store_pause(s);
	else if (fault == FLUSH)
		free(store_redis_cli(s, "FLUSHALL", NULL));
	else
		fill("1");
}

static void heal_store(struct store *s, enum fault fault)
{
	if (fault == KILL || fault == STOP)
		store_start(s);
	else if (fault == FREEZE)
		store_resume(s);
	else if (fault == FILL)
		fill("0");
}

static void hurt(enum target t, enum fault fault)
{
	if (t == API)
		shared->api_touched++;
	if (t < REDIS)
		hurt_service((int)t, fault);
	else if (t == REDIS || t == POSTGRES)
		hurt_store(t == REDIS ? redis : pg, fault);
	else
		shared->door[t - WAY_REDIS].way = fault == CUT ? RELAY_CUT : RELAY_RESET;
}

static void heal(enum target t, enum fault fault)
{
	if (t < REDIS)
		heal_service((int)t, fault);
	else if (t == REDIS || t == POSTGRES)
		heal_store(t == REDIS ? redis : pg, fault);
	else
		shared->door[t - WAY_REDIS].way = RELAY_OPEN;
	if (t == API)
		shared->api_touched++;
}

static enum fault any_fault(enum target t)
{
	for (;;) {
		unsigned fault = client_random(&dice, FAULTS);
		if ((may[t] & 1U << fault) != 0)
			return (enum fault)fault;
	}
}

static void last_for(unsigned ms)
{
	for (long long end = now_ms() + ms; now_ms() < end;)
		tick();
}

/* One or two things break, for a while; then they are mended. */
static void break_something(unsigned longest)
{
	enum target t[2];
	enum fault fault[2];
	unsigned n = 1 + (client_random(&dice, 3) == 0), ms = 20 + client_random(&dice, longest);
	t[0] = (enum target)client_random(&dice, TARGETS);
	t[1] = (enum target)((t[0] + 1 + client_random(&dice, TARGETS - 1)) % TARGETS);
	for (unsigned i = 0; i < n; i++) {
		fault[i] = any_fault(t[i]);
		diag("%s %s for %u ms", target_names[t[i]], fault_names[fault[i]], ms);
		hurt(t[i], fault[i]);
	}
	last_for(ms);
	for (unsigned i = n; i-- > 0;)
		heal(t[i], fault[i]);
	last_for(client_random(&dice, longest));
}

/* A round. */

static void clients_come(void)
{
	static const enum client_kind kinds[CLIENTS] = {CLIENT_PLAIN,  CLIENT_PLAIN,
							CLIENT_KEYED,  CLIENT_MISTAKEN,
							CLIENT_READER, CLIENT_FOLLOWER};
	shared->leaving = false;
	for (int i = 0; i < CLIENTS; i++)
		clients[i] = client_start(shared, kinds[i], port, dice + (uint64_t)i);
}

static void clients_go(void)
{
	int orderly = 0;
	shared->leaving = true;
	for (int i = 0; i < CLIENTS; i++)
		orderly += side_wait(clients[i]) == 0;
	is_int(orderly, CLIENTS, "every client came to an end");
}

/* Who follows the stream hears of what is posted now. */
static void check_stream(void)
{
	struct client c = {.shared = shared, .port = port};
	pid_t follower = client_start(shared, CLIENT_FOLLOWER, port, 1);
	unsigned before = shared->events, index = PLAIN;
	/* The first may be computed before the follower follows. */
	for (long long end = now_ms() + RECOVER_MS; shared->events == before && now_ms() < end;) {
		char text[16];
		snprintf(text, sizeof text, "%u", ++index % KEYED);
		free(store_redis_cli(redis, "HDEL", "values", text, NULL));
		if (client_ask(&c, client_post_of(client_index(index % KEYED), NULL)) == 200)
			shared->accepted[index % KEYED]++;
		last_for(20);
	}
	client_leave(&c);
	ok(shared->events > before, "the stream tells of what is new");
	shared->leaving = true;
	side_wait(follower);
}

static void test_round(uint64_t seed, int ms, char *const *f)
{
	dice = seed * 0x9e3779b97f4a7c15 + 1;
	diag("CHAOS_SEED=%llu", (unsigned long long)seed);
	clients_come();
	last_for(200);
	for (long long end = now_ms() + ms; now_ms() < end;)
		break_something(ms == SHORT_MS ? 600 : 2500);
	wait_ready();
	clients_go();
	shared->leaving = false;
	check_stream();
	check_record(shared, pg);
	check_computed(pg, redis, f, RECOVER_MS);
	check_answers(&shared->notes);
	diag("%u events were followed", shared->events);
}

static void open_all(void)
{
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		bail("no memory");
	pg = store_postgres(NULL);
	redis = store_redis(NULL);
	shared->door[0].to = store_port(redis);
	shared->door[1].to = store_port(pg);
	for (int i = 0; i < 2; i++) {
		shared->door[i].port = free_port();
		/* A process each: one that has to wait for its store must not keep the other. */
		relay_start(&shared->door[i], 1);
	}
	port = free_port();
	for (int i = 0; i < 1 + WORKERS; i++) {
		admin[i] = free_port();
		run(i);
	}
	wait_ready();
}

static uint64_t from_env(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text != NULL && *text != '\0' ? strtoull(text, NULL, 10) : otherwise;
}

int main(void)
{
	long long ms = (long long)from_env("CHAOS_SECONDS", 0) * 1000;
	uint64_t seed = from_env("CHAOS_SEED", (uint64_t)time(NULL));
	static char **f; /* until the end */
	f = check_values();
	open_all();
	long long end = now_ms() + ms;
	do {
		test_round(seed++, ms > 0 ? ROUND_MS : SHORT_MS, f);
	} while (now_ms() < end && failures() == 0);
	for (int i = 0; i < 1 + WORKERS; i++)
		is_int(proc_stop(service[i], 60000), 0, "%s ends with 0", target_names[i]);
	return done();
}
