/*
 * What a running service has mapped of its own file: code that cannot be written, constants that
 * cannot be executed, tables of pointers that only relocation could write (src/services/ship.ld);
 * and that the kernel filters its calls (confine.c).
 */
#include "harness/proc.h"
#include "harness/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MS 60000
#define MAPPINGS_MAX 16

/* The permissions of each mapping of [bin] in process [pid], in the order of addresses. */
static unsigned mappings(pid_t pid, const char *bin, char perms[MAPPINGS_MAX][5])
{
	char path[64], line[512];
	unsigned n = 0;
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	FILE *f = fopen(path, "r");
	if (f == NULL)
		bail("%s cannot be read", path);
	while (fgets(line, sizeof line, f) != NULL && n < MAPPINGS_MAX)
		if (strstr(line, bin) != NULL && sscanf(line, "%*s %4s", perms[n]) == 1)
			n++;
	fclose(f);
	return n;
}

/* Of /proc/PID/status (Linux 5.9): a container may have one already. */
static int filters(pid_t pid)
{
	char path[64], line[256];
	int n = -1;
	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	if (f == NULL)
		bail("%s cannot be read", path);
	while (fgets(line, sizeof line, f) != NULL && sscanf(line, "Seccomp_filters: %d", &n) != 1)
		;
	fclose(f);
	return n;
}

#ifdef __SANITIZE_ADDRESS__
#define OWN_FILTERS 0
#else
#define OWN_FILTERS 1
#endif

static void look_at(const char *name)
{
	char port[32], *bin = realpath(proc_bin(name), NULL), perms[MAPPINGS_MAX][5];
	snprintf(port, sizeof port, "PORT=%d", free_port());
	/* Stores and upstreams that are not there: it runs and waits for them. */
	const char *env[] = {strcmp(name, "worker") == 0 ? "CLAIM_AFTER=10s" : port,
			     "ADMIN_PORT=0",
			     "PGHOST=127.0.0.1",
			     "PGPORT=1",
			     "PGUSER=app",
			     "REDIS_HOST=127.0.0.1",
			     "REDIS_PORT=1",
			     NULL};
	const char *argv[] = {bin, NULL};
	struct proc *p = proc_start(&(struct proc_spec){.argv = argv, .env = env});
	if (!proc_wait_log(p, "starting", MS))
		bail("%s does not start: %s", name, proc_log(p));
	unsigned n = mappings(proc_pid(p), bin, perms), code = 0, both = 0;
	for (unsigned i = 0; i < n; i++) {
		code += perms[i][2] == 'x';
		both += perms[i][2] == 'x' && perms[i][1] == 'w';
	}
	is_int(code, 1, "%s: one mapping can be executed", name);
	is_int(both, 0, "%s: none can be written and executed", name);
	ok(n >= 4 && strcmp(perms[n - 1], "rw-p") == 0 && strcmp(perms[n - 2], "r--p") == 0,
	   "%s: what relocation wrote is sealed", name);
	is_int(filters(proc_pid(p)) - filters(getpid()), OWN_FILTERS, "%s: its calls are filtered",
	       name);
	is_int(proc_stop(p, MS), 0, "%s: ends orderly", name);
	proc_free(p);
	free(bin);
}

int main(void)
{
	look_at("api");
	look_at("worker");
	look_at("web");
	look_at("router");
	return done();
}
