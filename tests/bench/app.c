/*
 * make bench-app: what the whole application costs, beside the references for Node (nginx, Express,
 * pg, redis) and Go (nginx, net/http, pgx, redigo), as a table in Markdown.
 *
 * Router, api, worker and web of a stack share core 0; wrk, PostgreSQL and Redis are on core 1, the
 * same for all. In each of ROUNDS rounds (3) one stack after the other is started with 100 values
 * in both stores, warmed up and measured, with T seconds (2) of load; the middle of the rounds is
 * told. What counts is the processor time of the four services.
 */
#include "harness/app.h"
#include "bench/measure.h"
#include "drivers/redis_blocking.h"
#include "harness/npm.h"
#include "harness/tap.h"

#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SERVICES 4
#define POSTS 200   /* each one waited for until its value is seen */
#define JOBS 10000  /* queued while the worker is stopped */
#define SETTLED 5e5 /* ns of processor time in 50 ms: nothing is left to do */

enum { OURS, NODE, GO, STACKS };
enum { ALL, CURRENT, POST, LOADS };

static const struct measure_load loads[LOADS] = {
	{"GET /values/all, 100 rows", "/api/values/all", NULL, NULL},
	{"GET /values/current, 100 values", "/api/values/current", NULL, NULL},
	{"POST /values", "/api/values", "-s", "post.lua"},
};

/* What is found in a round. The first two have a place for each load. */
enum { CPU, RATE = CPU + LOADS, VISIBLE = RATE + LOADS, COURSE_JOBS, LONG_JOBS, PEAK, FIGURES };

static double found[FIGURES][STACKS][MEASURE_ROUNDS_MAX];

static struct app app; /* the ports are those of all stacks in turn; the processes ours */
static struct measured parts[SERVICES];
static const char *const names[STACKS] = {"barnacle", "Node", "Go"};
static char reference[4096];
static const char *go; /* BENCH_GO, its program; NULL: there is none */
static struct redis_blocking redis;

/* Children begin where we are. */
static void move_to(unsigned core)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (sched_setaffinity(0, sizeof set, &set) != 0)
		bail("core %u is not for us", core);
}

/* Redis. */

static void open_redis(void)
{
	static struct link_host host;
	static struct redis_config config;
	host = (struct link_host){store_host(app.redis), (uint16_t)store_port(app.redis)};
	config = (struct redis_config){
		.link = {&host, 1, 5000, 1 << 20, 1 << 20},
		.login = {.password = span_str(store_password(app.redis))},
		.limits = resp_default_limits,
	};
	if (redis_blocking_open(&redis, &config, 5000) != 0)
		bail("Redis: %s", redis.why);
}

/* The number that a script returns. */
static long long redis_number(const char *script)
{
	static struct resp_node nodes[4];
	static uint8_t bytes[1024];
	struct redis_reply y;
	redis_reply_init(&y, nodes, COUNT(nodes), bytes, sizeof bytes);
	const struct span argv[] = {SPAN("EVAL"), span_str(script), SPAN("0")};
	int rc = redis_blocking_call(&redis, &(struct redis_options){.ms = 30000}, 3, argv, &y);
	if (rc != 0 || nodes[0].it.type != RESP_INTEGER)
		bail("Redis: %s", rc != 0                          ? redis_strerror(rc)
				  : nodes[0].it.type == RESP_ERROR ? (const char *)nodes[0].it.str.p
								   : "no number");
	return nodes[0].it.num;
}

/* The values have about the digits that they should have. */
static void fill_stores(void)
{
	free(store_psql(app.pg, "CREATE TABLE IF NOT EXISTS values (number INT); TRUNCATE values; "
				"INSERT INTO values SELECT generate_series(0, 99)"));
	redis_number("redis.call('FLUSHALL') for i = 0, 99 do redis.call('HSET', 'values', i, "
		     "'1' .. string.rep('7', math.floor(i / 4.8))) end return 1");
}

/* The stacks. */

static void take(enum app_service s, struct proc *p)
{
	parts[s] = (struct measured){.proc = p, .port = app.port[s], .pids = {proc_pid(p)}};
	parts[s].pid_count = 1;
}

static void start_ours(void)
{
	app_run_all(&app);
	for (enum app_service s = 0; s < APP_SERVICES; s++)
		take(s, app.proc[s]);
}

static void start_reference(enum app_service s, const char *const *argv)
{
	char port[32];
	snprintf(port, sizeof port, "PORT=%d", app.port[s]);
	const char *own[] = {port, "MAX_INDEX=10000", "NODE_ENV=production", NULL};
	const char **env = env_join(store_env(app.pg), store_env(app.redis), own);
	struct proc_spec spec = {.argv = argv, .env = env, .cwd = reference};
	take(s, proc_start(&spec));
	free(env);
	if (s == APP_API && !wait_port(app.port[s], 20000))
		bail("%s: %s", argv[0], proc_log(parts[s].proc));
}

static void start_node(void)
{
	start_reference(APP_WORKER, (const char *[]){"node", "worker.js", NULL});
	start_reference(APP_API, (const char *[]){"node", "api.js", NULL});
}

static void start_go(void)
{
	start_reference(APP_WORKER, (const char *[]){go, "worker", NULL});
	start_reference(APP_API, (const char *[]){go, "api", NULL});
}

static const char nginx_head[] = "daemon off; worker_processes 1; pid %s.pid; error_log stderr;\n"
				 "events { worker_connections 4096; }\n"
				 "http {\n"
				 "  access_log off; keepalive_requests 1000000000;\n"
				 "  client_body_temp_path body; proxy_temp_path proxy;\n"
				 "  fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi;\n"
				 "  scgi_temp_path scgi;\n";
static const char nginx_web[] = "  server { listen 127.0.0.1:%d; root .; }\n"
				"}\n";
static const char nginx_router[] =
	"  upstream api { server 127.0.0.1:%d; keepalive 128; keepalive_requests 1000000000; }\n"
	"  upstream web { server 127.0.0.1:%d; }\n"
	"  server {\n"
	"    listen 127.0.0.1:%d;\n"
	"    proxy_http_version 1.1; proxy_set_header Connection '';\n"
	"    location / { proxy_pass http://web; }\n"
	"    location /api/ { rewrite /api/(.*) /$1 break; proxy_pass http://api; }\n"
	"  }\n"
	"}\n";

static void start_nginx(void)
{
	for (enum app_service s = APP_WEB; s <= APP_ROUTER; s++) {
		const char *name = s == APP_WEB ? "web.conf" : "router.conf";
		FILE *f = measure_create(name);
		fprintf(f, nginx_head, name);
		if (s == APP_WEB)
			fprintf(f, nginx_web, app.port[APP_WEB]);
		else
			fprintf(f, nginx_router, app.port[APP_API], app.port[APP_WEB],
				app.port[APP_ROUTER]);
		fclose(f);
		parts[s] = (struct measured){.name = "nginx", .port = app.port[s]};
		measure_start_nginx(&parts[s], name);
	}
}

static void start(int stack)
{
	move_to(0);
	if (stack == OURS)
		start_ours();
	else if (stack == NODE)
		start_node();
	else
		start_go();
	if (stack != OURS)
		start_nginx();
	move_to(1);
	parts[APP_ROUTER].name = names[stack];
	if (!app_wait_text(app.port[APP_ROUTER], "/api/values/current", "\"99\":\"177", 5000))
		bail("%s does not answer", names[stack]);
}

static void stop(void)
{
	for (int i = 0; i < SERVICES; i++) {
		proc_free(parts[i].proc);
		app.proc[i] = NULL;
	}
}

static double cpu_ns(void)
{
	double sum = 0;
	for (int i = 0; i < SERVICES; i++)
		sum += measure_cpu_ns(&parts[i]);
	return sum;
}

/* A worker may still have what it got. */
static void settle(void)
{
	double before;
	do {
		before = cpu_ns();
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	} while (cpu_ns() - before > SETTLED);
}

/* What is measured. */

static void measure_one(int stack, int round, int load)
{
	measure_load(&parts[APP_ROUTER], &loads[load], "1");
	settle();
	double before = cpu_ns();
	struct measure_result r = measure_load(&parts[APP_ROUTER], &loads[load], measure_seconds);
	settle();
	found[CPU + load][stack][round] = (cpu_ns() - before) / 1e3 / r.requests;
	found[RATE + load][stack][round] = r.requests / strtod(measure_seconds, NULL);
}

static void dial(struct httpc *c)
{
	if (!httpc_dial(c, "127.0.0.1", (uint16_t)app.port[APP_ROUTER], 5000))
		bail("no connection");
}

/* One answer; whether it holds [text]. */
static bool ask(struct httpc *c, const char *request, const char *text)
{
	struct httpc_answer a;
	httpc_send(c, span_str(request), 5000);
	int rc = httpc_read(c, &a, 5000);
	if (rc != HTTPC_OK || a.status != 200)
		bail("%s: %s", request, rc != HTTPC_OK ? httpc_strerror(rc) : "refused");
	bool there = count_text(a.body, text) > 0;
	httpc_free(&a);
	return there;
}

/* Reads events up to that of the number. */
static void wait_event(struct httpc *events, const char *text)
{
	static char buf[65536];
	size_t n = 0;
	do {
		long got = httpc_take(events, buf + n, sizeof buf - n - 1, 5000);
		if (got <= 0)
			bail("no event %s", text);
		n += (size_t)got;
		buf[n] = '\0';
	} while (strstr(buf, text) == NULL);
}

/*
 * From the first byte of the POST to the value at the client: by the event stream with ours, with
 * the others by asking again and again, without a pause.
 */
static double visible_ms(int stack)
{
	static double times[POSTS];
	struct httpc events = {.fd = -1}, c;
	dial(&c);
	if (stack == OURS) {
		dial(&events);
		httpc_send(&events, SPAN("GET /api/values/stream HTTP/1.1\r\nHost: t\r\n\r\n"),
			   5000);
		wait_event(&events, "retry:");
	}
	for (int i = 0; i < POSTS; i++) {
		char json[32], request[256], text[32];
		snprintf(json, sizeof json, "{\"index\":%d}", 200 + i);
		snprintf(request, sizeof request,
			 "POST /api/values HTTP/1.1\r\nHost: t\r\n"
			 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
			 strlen(json), json);
		double begun = measure_now();
		ask(&c, request, "working");
		if (stack == OURS) {
			snprintf(text, sizeof text, "\"number\":%d,", 200 + i);
			wait_event(&events, text);
		} else {
			/* Every value of 200 to 399 begins with a digit; what waits with an N. */
			snprintf(text, sizeof text, "\"%d\":\"N", 200 + i);
			while (ask(&c, "GET /api/values/current HTTP/1.1\r\nHost: t\r\n\r\n", text))
				;
		}
		times[i] = measure_now() - begun;
	}
	if (stack == OURS)
		httpc_close(&events);
	httpc_close(&c);
	return measure_middle(times, POSTS);
}

/* What is still to be done of ours; so often the worker of another has written a result. */
static long long count_jobs(int stack)
{
	return redis_number(stack == OURS ? "return redis.call('XLEN', '{values}:jobs')"
					  : "local said = redis.call('INFO', 'commandstats') "
					    "return tonumber(string.match(said, "
					    "'cmdstat_hset:calls=(%d+)') or 0)");
}

/*
 * Jobs that wait when the worker goes on, for the indexes 0 to [distinct] - 1 in turn, made as the
 * API makes them: ours are in its queue, those of the others in what Redis has to tell a
 * subscriber.
 */
static double jobs_ms(int stack, int distinct)
{
	char make[512];
	long long last = stack == OURS ? 0 : count_jobs(stack) + JOBS;
	proc_signal(parts[APP_WORKER].proc, SIGSTOP);
	snprintf(make, sizeof make,
		 "redis.call('DEL', 'values') for i = 0, %d do local n = i %% %d "
		 "redis.call('HSETNX', 'values', n, 'Nothing yet!') "
		 "%s redis.call('PUBLISH', 'insert', n) end return 1",
		 JOBS - 1, distinct,
		 stack == OURS ? "redis.call('XADD', '{values}:jobs', '*', 'index', n)" : "");
	redis_number(make);
	double begun = measure_now();
	proc_signal(parts[APP_WORKER].proc, SIGCONT);
	while (stack == OURS ? count_jobs(stack) > 0 : count_jobs(stack) < last) {
		if (measure_now() > begun + 60000)
			bail("%s: jobs are not done in a minute: %lld of %lld", names[stack],
			     count_jobs(stack), last);
		nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
	}
	double ms = measure_now() - begun;
	if (redis_number("local n = 0 for _, v in ipairs(redis.call('HVALS', 'values')) do "
			 "if v == 'Nothing yet!' then n = n + 1 end end return n") != 0)
		bail("%s: there are values missing", names[stack]);
	return ms;
}

/* The most that each had in memory so far, together. */
static double peak_mib(void)
{
	double sum = 0;
	for (int i = 0; i < SERVICES; i++)
		for (size_t j = 0; j < parts[i].pid_count; j++) {
			char path[64], line[256];
			snprintf(path, sizeof path, "/proc/%d/status", (int)parts[i].pids[j]);
			FILE *f = fopen(path, "re");
			while (f != NULL && fgets(line, sizeof line, f) != NULL)
				if (strncmp(line, "VmHWM:", 6) == 0)
					sum += strtod(line + 6, NULL);
			if (f != NULL)
				fclose(f);
		}
	return sum / 1024;
}

static void measure(int stack, int round)
{
	fill_stores();
	start(stack);
	measure_one(stack, round, ALL);
	measure_one(stack, round, CURRENT);
	found[VISIBLE][stack][round] = visible_ms(stack);
	measure_one(stack, round, POST);
	found[PEAK][stack][round] = peak_mib();
	found[COURSE_JOBS][stack][round] = jobs_ms(stack, 41);
	settle();
	found[LONG_JOBS][stack][round] = jobs_ms(stack, 1000);
	stop();
}

/* The report. */

static void tell(int figure, const char *format, const char *of, const char *what)
{
	double middle[STACKS];
	printf(format, of);
	printf(" | %s |", what);
	int stacks = go == NULL ? GO : STACKS;
	for (int i = 0; i < stacks; i++) {
		middle[i] = measure_median(found[figure][i]);
		printf(" %.*f |", middle[i] < 100 ? 2 : 0, middle[i]);
	}
	for (int i = NODE; i < stacks; i++)
		printf(" %.1f |", middle[i] / middle[OURS]);
	putchar('\n');
}

static void report(void)
{
	printf("| | | barnacle | Node |%s Node / ours |%s\n|---|---|--:|--:|--:|%s\n",
	       go != NULL ? " Go |" : "", go != NULL ? " Go / ours |" : "",
	       go != NULL ? "--:|--:|" : "");
	for (int i = 0; i < LOADS; i++) {
		tell(CPU + i, "| %s", loads[i].name,
		     "CPU ms per 1,000 requests, the four services");
		tell(RATE + i, "| %s", loads[i].name, "requests/s, the four on one core");
	}
	tell(VISIBLE, "| %s", "POST to visible value", "ms, one at a time");
	tell(COURSE_JOBS, "| 10,000 jobs that wait, %s", "f(0) to f(40)", "ms until done");
	tell(LONG_JOBS, "| 10,000 jobs that wait, %s", "f(0) to f(999)", "ms until done");
	tell(PEAK, "| %s", "memory under load", "MiB, the sum of the four at their peaks");
}

int main(void)
{
	static const char *const extra[] = {"LOG_LEVEL=warn", NULL};
	measure_settings();
	go = getenv("BENCH_GO");
	if (go != NULL && *go == '\0')
		go = NULL;
	snprintf(reference, sizeof reference, "%s", npm_project("reference", "reference"));
	FILE *f = measure_create("post.lua");
	fputs("local n = 0\n"
	      "wrk.method = 'POST'\n"
	      "wrk.headers['Content-Type'] = 'application/json'\n"
	      "request = function()\n"
	      "  n = (n + 1) % 41\n"
	      "  return wrk.format(nil, nil, nil, '{\"index\":' .. n .. '}')\n"
	      "end\n",
	      f);
	fclose(f);
	move_to(1);
	app_open(&app);
	app.extra = extra;
	open_redis();
	for (int round = 0; round < measure_rounds; round++)
		for (int stack = 0; stack < (go == NULL ? GO : STACKS); stack++)
			measure(stack, round);
	report();
	return 0;
}
