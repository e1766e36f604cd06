/*
 * make bench-proxy: what a request costs in our router, in nginx and in HAProxy, each in front of
 * the same trivial upstream, as a table in Markdown.
 *
 * The proxy has core 0 to itself; wrk and the upstream (tests/bench/server) share core 1. Each
 * scenario is measured for all proxies in turn, ROUNDS times (3) for T seconds (2), and the middle
 * of the rounds is told. All three keep connections to the upstream, log nothing, and tell it who
 * asks: X-Forwarded-For, X-Forwarded-Proto (ours also -Host, -Port and X-Request-Id).
 */
#include "bench/measure.h"
#include "harness/tap.h"

#include <stdlib.h>
#include <string.h>

enum { OURS, NGINX, HAPROXY, PROXIES };

static struct measured upstream = {.name = "upstream"}, proxies[PROXIES] = {{.name = "barnacle"},
									    {.name = "nginx"},
									    {.name = "haproxy"}};

static const struct measure_load scenarios[] = {
	{"13 bytes, keep-alive", "/plaintext", NULL, NULL},
	{"1 KiB, keep-alive", "/1k", NULL, NULL},
	{"100 KiB", "/100k", NULL, NULL},
	{"POST of 1 KiB", "/plaintext", "-s", "post.lua"},
};

static const char post_lua[] = "wrk.method = 'POST'\n"
			       "wrk.body = string.rep('x', 1024)\n";

/* 100 KiB fit into the buffers, and nothing goes to a disk. */
static const char nginx_conf[] =
	"daemon off; worker_processes 1; pid nginx.pid; error_log stderr;\n"
	"events { worker_connections 4096; }\n"
	"http {\n"
	"  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;\n"
	"  tcp_nodelay on; client_body_buffer_size 16k;\n"
	"  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;\n"
	"  uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n"
	"  upstream up { server 127.0.0.1:%d; keepalive 128; keepalive_requests 1000000000; }\n"
	"  server {\n"
	"    listen 127.0.0.1:%d reuseport;\n"
	"    location / {\n"
	"      proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection '';\n"
	"      proxy_set_header Host $http_host;\n"
	"      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
	"      proxy_set_header X-Forwarded-Proto $scheme;\n"
	"      proxy_buffers 16 16k; proxy_buffer_size 16k; proxy_busy_buffers_size 64k;\n"
	"      proxy_max_temp_file_size 0;\n"
	"    }\n"
	"  }\n"
	"}\n";

static const char haproxy_conf[] = "global\n"
				   "  nbthread 1\n"
				   "  maxconn 4000\n"
				   "defaults\n"
				   "  mode http\n"
				   "  timeout connect 5s\n"
				   "  timeout client 60s\n"
				   "  timeout server 60s\n"
				   "  http-reuse always\n"
				   "  option forwardfor\n"
				   "frontend in\n"
				   "  bind 127.0.0.1:%d\n"
				   "  http-request set-header X-Forwarded-Proto http\n"
				   "  default_backend up\n"
				   "backend up\n"
				   "  server up 127.0.0.1:%d\n";

static void make_files(void)
{
	FILE *f = measure_create("post.lua");
	fputs(post_lua, f);
	fclose(f);
	f = measure_create("nginx.conf");
	fprintf(f, nginx_conf, upstream.port, proxies[NGINX].port);
	fclose(f);
	f = measure_create("haproxy.conf");
	fprintf(f, haproxy_conf, proxies[HAPROXY].port, upstream.port);
	fclose(f);
}

static void start_upstream(void)
{
	char port[16];
	snprintf(port, sizeof port, "%d", upstream.port);
	const char *argv[] = {"taskset", "-c", "1", proc_bin("tests/bench/server"), port, NULL};
	measure_start(&upstream, argv, NULL, 0);
}

static void start_router(void)
{
	char port[32], api[32], web[32];
	snprintf(port, sizeof port, "PORT=%d", proxies[OURS].port);
	snprintf(api, sizeof api, "API_PORT=%d", upstream.port);
	snprintf(web, sizeof web, "WEB_PORT=%d", upstream.port);
	const char *argv[] = {"taskset", "-c", "0", proc_bin("router"), NULL};
	const char *env[] = {port,
			     api,
			     web,
			     "API_HOST=127.0.0.1",
			     "ADMIN_PORT=0",
			     "WEB_HOST=127.0.0.1",
			     "LOG_LEVEL=warn",
			     NULL};
	measure_start(&proxies[OURS], argv, env, 0);
}

static void start_haproxy(void)
{
	const char *argv[] = {"taskset", "-c", "0", "haproxy", "-db", "-f", "haproxy.conf", NULL};
	measure_start(&proxies[HAPROXY], argv, NULL, 0);
}

/* One line of the table for each proxy. */
static void measure(const struct measure_load *what)
{
	static double rate[PROXIES][MEASURE_ROUNDS_MAX], us[PROXIES][MEASURE_ROUNDS_MAX],
		p99[PROXIES][MEASURE_ROUNDS_MAX], ratio[MEASURE_ROUNDS_MAX];
	for (int round = 0; round < measure_rounds; round++)
		for (int i = 0; i < PROXIES; i++) {
			double before = measure_cpu_ns(&proxies[i]);
			struct measure_result r = measure_load(&proxies[i], what, measure_seconds);
			us[i][round] = (measure_cpu_ns(&proxies[i]) - before) / 1e3 / r.requests;
			rate[i][round] = r.requests / strtod(measure_seconds, NULL);
			p99[i][round] = r.p99_ms;
		}
	for (int i = PROXIES - 1; i >= 0; i--) {
		for (int round = 0; round < measure_rounds; round++)
			ratio[round] = us[i][round] / us[OURS][round];
		printf("| %s | %s | %.0f | %.2f | %.1f | %.2f | %.0f | ", what->name,
		       proxies[i].name, measure_median(rate[i]), measure_median(us[i]),
		       measure_calls(&proxies[i], what), measure_median(p99[i]),
		       measure_memory_kib(&proxies[i], "Rss:"));
		printf(i == OURS ? "|\n" : "%.2f |\n", measure_median(ratio));
	}
	fflush(stdout);
}

int main(void)
{
	measure_settings();
	upstream.port = free_port();
	for (int i = 0; i < PROXIES; i++)
		proxies[i].port = free_port();
	make_files();
	start_upstream();
	start_router();
	measure_start_nginx(&proxies[NGINX], "nginx.conf");
	start_haproxy();
	printf("| scenario | proxy | requests/s | CPU us/request | system calls/request | "
	       "p99 ms | resident KiB | CPU, its / ours |\n|---|---|--:|--:|--:|--:|--:|--:|\n");
	for (size_t i = 0; i < COUNT(scenarios); i++)
		measure(&scenarios[i]);
	measure_tell_congestion();
	return 0;
}
