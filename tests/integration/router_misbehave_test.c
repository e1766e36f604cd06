/*
 * Upstreams that misbehave: each row of router_ways.h, what the client sees of it, and that nobody
 * after it is harmed. The output reads as a table.
 */
#include "integration/router_ways.h"

#define RSS_MAX_KIB 2048

static bool serves_anew(struct rig *r)
{
	static int number;
	struct httpc c = rig_dial(r);
	bool right = serves(&c, ++number) && serves(&c, ++number);
	httpc_close(&c);
	return right;
}

static bool head_holds(const struct way *w, const struct httpc_answer *a)
{
	char head[4096];
	snprintf(head, sizeof head, "%.*s", (int)a->head.n, (const char *)a->head.p);
	bool right = (w->has == NULL || strstr(head, w->has) != NULL) &&
		     (w->lacks == NULL || strstr(head, w->lacks) == NULL);
	if (!right)
		diag("%s: %s", w->name, head);
	return right;
}

static bool heard_right(const struct way *w, int heard)
{
	if (w->heard < 0)
		return true;
	return w->heard > 0 ? heard == w->heard : heard == 1 || heard == 2;
}

static const char *told(int status)
{
	static char text[16];
	snprintf(text, sizeof text, "%d", status);
	return status == HTTPC_CUT ? "truncated" : status < 0 ? httpc_strerror(status) : text;
}

static void behold(struct rig *r, struct up_script *s, const struct way *w)
{
	struct httpc_answer a;
	struct httpc c = rig_dial(r);
	if (w->pooled)
		check(serves_anew(r), "%s: a connection to use again", w->name);
	else
		drop_idle(r, s);
	upstream_set(s, w, w->plays);
	int got = outcome(&c, w, &a);
	int heard = atomic_load(&s->heard), before = atomic_load(&s->accepted);
	upstream_behave(s);
	bool body = got < 0 || w->body_is == NULL || span_eq(a.body, span_str(w->body_is));
	bool close = span_eq_nocase(httpc_field(&a, "Connection"), SPAN("close"));
	bool all = check(got == w->status, "%s: not %s", w->name, told(got));
	all &= check(body, "%s: body %.*s", w->name, (int)a.body.n, (const char *)a.body.p);
	all &= check(got < 0 || head_holds(w, &a), "%s: fields", w->name);
	all &= check(heard_right(w, heard), "%s: asked %d times", w->name, heard);
	if (w->after == CLOSE)
		all &= check(upstream_wait_open(s, 0), "%s: dropped", w->name);
	if (got >= 0 && !close && !a.until_close)
		all &= check(serves(&c, 0), "%s: its connection serves another", w->name);
	all &= check(serves_anew(r), "%s: the next request", w->name);
	if (w->after == KEEP)
		all &= check(atomic_load(&s->accepted) == before, "%s: used again", w->name);
	ok(all, "%-44s %9s  asked %d  %s", w->name, told(w->status), heard,
	   w->after == KEEP ? "kept" : "dropped");
	httpc_free(&a);
	httpc_close(&c);
}

/* More than all sockets on the way take: the rest has to wait at the client. */
static void never_reads(struct rig *r, struct up_script *s)
{
	static const struct way deaf = {.when = AT_HEAD, .then = DEAF};
	static const char request[] =
		"POST /api/way HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000000\r\n\r\n";
	struct httpc c = rig_dial(r);
	size_t sent = 0;
	upstream_set(s, &deaf, 0);
	tell(&c, request);
	while (sent < LARGE * 1000UL && c.n == 0 &&
	       httpc_send(&c, span_of((const uint8_t *)way_body, LARGE), SOON) == HTTPC_OK)
		sent += LARGE;
	long rss = proc_rss_kib(r->router);
	/* The sanitizers' own memory is no matter of ours. */
	bool measured = strstr(proc_bin("router"), "/san/") == NULL;
	ok(rss > 0 && (!measured || rss < RSS_MAX_KIB), "resident: %ld KiB", rss);
	ok(sent < LARGE * 400UL, "an upstream that never reads: %zu KiB are on the way",
	   sent / 1024);
	is_int(status_of(&c), 504, "and it is late");
	is_int(atomic_load(&s->heard), 1, "asked once");
	upstream_behave(s);
	ok(serves_anew(r), "the next request");
	httpc_close(&c);
}

static bool waits(const struct way *w)
{
	return w->then == STALL || w->then == DEAF;
}

static void behold_all(struct rig *r, struct up_script *s, bool waiting)
{
	for (size_t i = 0; i < WAYS; i++)
		if (waits(&ways[i]) == waiting)
			behold(r, s, &ways[i]);
}

/* A router without patience only for those that are waited for: others may be slow, as we may be.
 */
int main(void)
{
	struct rig r = rig_start_routes(ROUTES_LARGE, NULL);
	char same[512];
	snprintf(same, sizeof same, ROUTES_LARGE, r.api.port, r.web.port);
	prepare_ways();
	up_away(&r.web);
	struct up_script *s = upstream_fork(r.api.listener);
	behold_all(&r, s, false);
	drop_idle(&r, s);
	is_int(rig_stop(&r), 0, "orderly end");
	r = rig_start_routes(same, (const char *const[]){"UPSTREAM_TIMEOUT=500ms", NULL});
	behold_all(&r, s, true);
	never_reads(&r, s);
	upstream_end(s);
	is_int(rig_stop(&r), 0, "orderly end");
	return done();
}
