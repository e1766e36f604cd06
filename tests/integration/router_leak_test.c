/*
 * Thousands of upstreams that misbehave and of clients that vanish, mixed: afterwards the router
 * has the descriptors and the memory that it had before.
 *
 * EVENTS=100000 and SEED=n, which a run tells, in the environment.
 */
#include "integration/router_ways.h"

#include <dirent.h>

#define EVENTS 2500
#define GROWTH_MAX_KIB 128 /* records kept for later, and what the allocator can't give back */

static uint64_t seed;

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(uint64_t below)
{
	seed += 0x9e3779b97f4a7c15u;
	uint64_t z = seed;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (z ^ z >> 31) % below;
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static int descriptors(pid_t pid)
{
	char path[64];
	int n = 0;
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	if (dir == NULL)
		bail("%s: %s", path, strerror(errno));
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2; /* "." and ".." */
}

/* When those that are closing are closed: the least in a quiet while. */
static int settled(pid_t pid)
{
	long long until = now_ms() + QUIET;
	int least = descriptors(pid);
	while (now_ms() < until) {
		int n = descriptors(pid);
		least = n < least ? n : least;
		tick();
	}
	return least;
}

/*
 * Those that wait for a time limit are rare, or a run would be nothing but waiting. Bytes that come
 * later, on a connection that was fine, are none of these: before the next answer on it they are
 * taken for that answer's, by anybody.
 */
static const struct way *draw_way(void)
{
	const struct way *w;
	bool slow;
	do {
		w = &ways[draw(WAYS)];
		slow = w->drip || w->then == STALL || w->then == DEAF;
	} while (w->later != NULL || (slow && draw(100) > 0));
	return w;
}

static unsigned seen[600], truncated, vanished;

static bool event(struct rig *r, struct up_script *s, struct httpc *c)
{
	const struct way *w = draw_way();
	struct httpc_answer a;
	if (c->fd < 0)
		*c = rig_dial(r);
	upstream_set(s, w, w->plays);
	if (draw(20) == 0) {
		tell(c, w->request == NULL ? GET_WAY : w->request);
		if (draw(2) == 0)
			reset(c);
		else
			httpc_close(c);
		vanished++;
		return true;
	}
	int got = outcome(c, w, &a);
	bool over = got < 0 || a.until_close ||
		    span_eq_nocase(httpc_field(&a, "Connection"), SPAN("close"));
	httpc_free(&a);
	if (over || draw(4) == 0)
		httpc_close(c);
	if (got == HTTPC_CUT)
		truncated++;
	else if (got >= 0 && got < 600)
		seen[got]++;
	return check(got == HTTPC_CUT || got >= 0, "%s: %s", w->name, httpc_strerror(got));
}

/* Whom it serves next is not the one that had the trouble. */
static bool calm(struct rig *r, struct up_script *s, int number)
{
	struct httpc c = rig_dial(r);
	upstream_behave(s);
	bool right = check(serves(&c, number), "the request after event %d", number);
	httpc_close(&c);
	return right;
}

int main(void)
{
	struct rig r =
		rig_start((const char *const[]){"UPSTREAM_TIMEOUT=1s", "LOG_LEVEL=error", NULL});
	uint64_t events = setting("EVENTS", EVENTS), first = setting("SEED", (uint64_t)now_ms());
	pid_t router = proc_pid(r.router);
	prepare_ways();
	up_away(&r.web);
	struct up_script *s = upstream_fork(r.api.listener);
	struct httpc c = {.fd = -1};
	seed = first;
	diag("SEED=%llu EVENTS=%llu", (unsigned long long)first, (unsigned long long)events);
	calm(&r, s, 0);
	drop_idle(&r, s);
	int before = settled(router);
	long rss = 0;
	bool right = true;
	for (uint64_t i = 0; right && i < events; i++) {
		if (i == events / 10)
			rss = proc_rss_kib(r.router);
		right = event(&r, s, &c) && calm(&r, s, (int)i);
	}
	ok(right, "after each event the next request was served");
	diag("%u of 200, %u of 502, %u of 504, %u truncated; %u clients vanished", seen[200],
	     seen[502], seen[504], truncated, vanished);
	httpc_close(&c);
	drop_idle(&r, s);
	int after = settled(router);
	is_int(after, before, "as many descriptors as before, %d", before);
	/* The sanitizers' own memory is no matter of ours. */
	bool measured = strstr(proc_bin("router"), "/san/") == NULL;
	long now = proc_rss_kib(r.router);
	ok(!measured || now - rss <= GROWTH_MAX_KIB, "resident %ld KiB, after a tenth %ld KiB", now,
	   rss);
	upstream_end(s);
	is_int(rig_stop(&r), 0, "orderly end");
	return done();
}
