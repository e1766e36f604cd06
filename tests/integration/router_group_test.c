/* Several upstreams of a route: which one is asked, and what happens when some are away. */
#include "integration/router_rig.h"

#define BOTH "/=http://127.0.0.1:%d,http://127.0.0.1:%d"
#define GET "GET / HTTP/1.1\r\nHost: t\r\n\r\n"
#define POST "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\n1"

static struct httpc_answer asked(int port, const char *request)
{
	struct httpc_answer a;
	is_int(httpc_ask("127.0.0.1", (uint16_t)port, span_str(request), &a, SOON), HTTPC_OK,
	       "answered");
	return a;
}

/* The number behind [name] in /metrics; -1 when it is not there. */
static long long metric(struct rig *r, const char *name)
{
	struct httpc_answer a =
		asked(r->admin, "GET /metrics HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
	char *text = strndup((const char *)a.body.p, a.body.n), *at = strstr(text, name);
	long long v = at == NULL ? -1 : strtoll(at + strlen(name), NULL, 10);
	free(text);
	httpc_free(&a);
	return v;
}

static long long upstream_metric(struct rig *r, const char *name, const struct up *u,
				 const char *more)
{
	char text[256];
	snprintf(text, sizeof text,
		 "\nbarnacle_router_upstream_%s{route=\"/\",upstream=\"127.0.0.1:%d\"%s} ", name,
		 u->port, more);
	return metric(r, text);
}

/* Which of the two has a request; the other one has none. */
static struct up *who(struct rig *r)
{
	for (long long until = now_ms() + SOON; now_ms() < until; tick()) {
		if (up_wait(&r->api, 0))
			return &r->api;
		if (up_wait(&r->web, 0))
			return &r->web;
	}
	return NULL;
}

static void balance(struct rig *r)
{
	struct up *first, *second;
	struct httpc a = rig_ask(r, GET);
	first = who(r);
	if (!ok(first != NULL, "one is asked"))
		return;
	up_heard(first);
	struct httpc b = rig_ask(r, GET);
	second = who(r);
	ok(second != NULL && second != first, "while it is busy, the other");
	up_heard(second);
	is_int(upstream_metric(r, "exchanges", first, ""), 1, "one exchange each");
	up_say(second, HELLO);
	is_int(status_of(&b), 200, "which answers first");
	for (int i = 0; i < 3; i++) {
		tell(&b, GET);
		check(who(r) == second, "the one with fewer under way");
		up_heard(second);
		up_say(second, HELLO);
		check(status_of(&b) == 200, "answered");
	}
	up_say(first, HELLO);
	is_int(status_of(&a), 200, "and the first one in the end");
	struct up *before = NULL;
	for (int i = 0; i < 4; i++) {
		tell(&a, GET);
		struct up *now = who(r);
		ok(now != NULL && now != before, "ties in turn");
		up_heard(now);
		up_say(now, HELLO);
		check(status_of(&a) == 200, "answered");
		before = now;
	}
	httpc_close(&a);
	httpc_close(&b);
}

static void failover(void)
{
	struct rig r = rig_start_routes(BOTH, NULL);
	struct httpc c = rig_dial(&r);
	up_away(&r.api);
	/* One of them goes to the one that is away first. */
	for (int i = 0; i < 2; i++) {
		char body[2];
		tell(&c, POST);
		ok(strncmp(up_heard(&r.web), "POST / ", 7) == 0, "a POST finds the one that lives");
		ok(up_take(&r.web, body, 1) == 1 && body[0] == '1', "with its body");
		up_say(&r.web, HELLO);
		is_int(status_of(&c), 200, "answered");
	}
	ok(upstream_metric(&r, "repeated_total", &r.api, "") >= 1, "which is counted");
	struct httpc_answer a = asked(r.admin, "GET /readyz HTTP/1.1\r\nHost: t\r\n\r\n");
	is_span(a.body, SPAN("{\"/\":\"up\",\"ready\":true}\n"), "the route is up");
	httpc_free(&a);
	up_listen(&r.api);
	tell(&c, GET);
	struct up *first = who(&r), *second = first == &r.api ? &r.web : &r.api;
	ok(first != NULL, "a GET is asked of one");
	up_heard(first);
	up_hang_up(first);
	ok(strncmp(up_heard(second), "GET / ", 6) == 0, "and, lost there, of the other");
	up_say(second, HELLO);
	is_int(status_of(&c), 200, "answered");
	httpc_close(&c);
	is_int(rig_stop(&r), 0, "orderly end");
}

static void circuit(void)
{
	struct rig r = rig_start_routes(BOTH " retries=0", NULL);
	struct httpc c = rig_dial(&r);
	struct httpc_answer a;
	up_away(&r.api);
	up_away(&r.web);
	/* Three failures of each; more where it takes so long that one may be tried again. */
	int refused = 0, rc;
	do {
		tell(&c, GET);
		rc = httpc_read(&c, &a, SOON);
	} while (rc == HTTPC_OK && a.status == 502 && (httpc_free(&a), ++refused < 50));
	is_int(rc, HTTPC_OK, "after %d failures", refused);
	ok(refused >= 6 && a.status == 503, "of each three: %d at once", a.status);
	is_span(httpc_field(&a, "Retry-After"), SPAN("1"), "until the first may be tried again");
	is_span(a.body, SPAN("service unavailable: / does not answer at the moment\n"), "told");
	httpc_free(&a);
	is_int(upstream_metric(&r, "circuit", &r.api, ""), 1, "its circuit is open");
	ok(upstream_metric(&r, "failures_total", &r.api, ",kind=\"unreachable\"") >= 3,
	   "because it could not be reached three times");
	up_listen(&r.api);
	up_listen(&r.web);
	int status = 0;
	long long until = now_ms() + SOON;
	do {
		tell(&c, GET);
		struct pollfd p[] = {{.fd = c.fd, .events = POLLIN},
				     {.fd = r.api.listener, .events = POLLIN},
				     {.fd = r.web.listener, .events = POLLIN}};
		poll(p, 3, SOON);
		if (p[0].revents == 0) {
			struct up *u = p[1].revents != 0 ? &r.api : &r.web;
			up_heard(u);
			is_int(upstream_metric(&r, "circuit", u, ""), 2, "one is let through");
			up_say(u, HELLO);
		}
		status = status_of(&c);
		tick();
	} while (status == 503 && now_ms() < until);
	is_int(status, 200, "and what it says closes the circuit");
	is_int(upstream_metric(&r, "circuit", &r.api, "") == 0 ||
		       upstream_metric(&r, "circuit", &r.web, "") == 0,
	       1, "of one");
	httpc_close(&c);
	is_int(rig_stop(&r), 0, "orderly end");
}

/* One that is alone is asked whatever happened, for there is no better one. */
static void alone(void)
{
	struct rig r = rig_start_routes(
		"/=http://127.0.0.1:%d retries=0 connections=1; /x=http://127.0.0.1:%d", NULL);
	struct httpc c = rig_dial(&r), d;
	up_away(&r.api);
	for (int i = 0; i < 5; i++) {
		tell(&c, GET);
		check(status_of(&c) == 502, "502, not 503");
	}
	up_listen(&r.api);
	tell(&c, GET);
	up_heard(&r.api);
	ok(true, "asked as soon as it is there");
	d = rig_ask(&r, GET);
	is_int(status_of(&d), 503, "with its one connection busy, others are told so");
	up_say(&r.api, HELLO);
	is_int(status_of(&c), 200, "answered");
	tell(&c, GET);
	up_heard(&r.api);
	up_hang_up(&r.api);
	is_int(status_of(&c), 502, "without retries a GET is not repeated");
	ok(!up_wait(&r.api, QUIET), "at all");
	httpc_close(&c);
	httpc_close(&d);
	is_int(rig_stop(&r), 0, "orderly end");
}

static void counts(void)
{
	struct rig r = rig_start_routes("/api=http://127.0.0.1:%d; /=http://127.0.0.1:%d", NULL);
	struct httpc c = rig_dial(&r);
	for (int i = 0; i < 3; i++) {
		char body[2];
		tell(&c, "POST /api/x HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\n1");
		up_heard(&r.api);
		up_take(&r.api, body, 1);
		up_say(&r.api,
		       i == 0 ? "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\n?" : HELLO);
		status_of(&c);
	}
	tell(&c, "GET /../ HTTP/1.1\r\nHost: t\r\n\r\n");
	is_int(status_of(&c), 400, "and one that the router answers");
	static const struct {
		const char *sample;
		long long want;
	} rows[] = {
		{"\nbarnacle_router_requests_total{route=\"/api\",status=\"2xx\"} ", 2},
		{"\nbarnacle_router_requests_total{route=\"/api\",status=\"4xx\"} ", 1},
		{"\nbarnacle_router_requests_total{route=\"\",status=\"4xx\"} ", 1},
		{"\nbarnacle_router_requests_total{route=\"/\",status=\"2xx\"} ", 0},
		{"\nbarnacle_router_received_bytes_total{route=\"/api\"} ", 3},
		{"\nbarnacle_router_sent_bytes_total{route=\"/api\"} ", 11},
		{"\nbarnacle_router_request_seconds_bucket{route=\"/api\",le=\"+Inf\"} ", 3},
		{"\nbarnacle_router_request_seconds_count{route=\"/api\"} ", 3},
		{"\nbarnacle_router_clients ", 1},
		{"\nbarnacle_build_info{service=\"router\",version=\"" BARNACLE_VERSION "\"} ", 1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		is_int(metric(&r, rows[i].sample), rows[i].want, "%s", rows[i].sample + 1);
	ok(metric(&r, "\nprocess_resident_memory_bytes ") > 0, "resident memory");
	ok(metric(&r, "\nprocess_start_time_seconds ") > 1700000000, "start");
	httpc_close(&c);
	is_int(rig_stop(&r), 0, "orderly end");
}

/* Whichever process answers /metrics, the sums are of all. */
static void counts_of_workers(void)
{
	struct rig r = rig_start((const char *const[]){"WORKERS=3", NULL});
	for (int i = 0; i < 12; i++) {
		struct httpc_answer a =
			asked(r.port, "GET /../ HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
		httpc_free(&a);
	}
	for (int i = 0; i < 6; i++)
		is_int(metric(&r, "\nbarnacle_router_requests_total{route=\"\",status=\"4xx\"} "),
		       12, "the same from every worker");
	is_int(rig_stop(&r), 0, "orderly end");
}

int main(void)
{
	struct rig r = rig_start_routes(BOTH, NULL);
	balance(&r);
	is_int(rig_stop(&r), 0, "orderly end");
	failover();
	circuit();
	alone();
	counts();
	counts_of_workers();
	return done();
}
