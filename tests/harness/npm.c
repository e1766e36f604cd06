#include "harness/npm.h"

#include "harness/proc.h"
#include "harness/tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define SOON 60000
#define PATIENCE 300000 /* ms: for npm on a slow line */

/*
 * Both run in the folder, with the sources' as $1 and a temporary one as $2. A file that is written
 * last holds what the result was made from.
 * --engine-strict: a node that is too old is told apart from all else. --ignore-scripts: whatever
 * has a native part brings it along built. Without a cache nothing stays in the home folder.
 */
static const char install[] =
	"key=$(cd \"$1\" && node --version && cksum package.json package-lock.json)\n"
	"[ \"$(cat packages 2>/dev/null)\" != \"$key\" ] || exit 0\n"
	"rm -rf packages sources node_modules\n"
	"cp \"$1/package.json\" \"$1/package-lock.json\" .\n"
	"npm ci --include=dev --engine-strict --ignore-scripts --no-audit --no-fund"
	" --no-update-notifier --fetch-retries=1 --cache=\"$2/npm\"\n"
	"echo \"$key\" >packages\n";
static const char make[] = "key=$(cd \"$1\" && find . -type f | LC_ALL=C sort | xargs cksum)\n"
			   "[ \"$(cat sources 2>/dev/null)\" != \"$key\" ] || exit 0\n"
			   "find . -mindepth 1 -maxdepth 1 ! -name node_modules ! -name packages"
			   " -exec rm -rf {} +\n"
			   "cp -R \"$1/.\" .\n"
			   "[ ! -e build.sh ] || NODE_ENV=production sh -eu build.sh\n"
			   "echo \"$key\" >sources\n";

static bool there(const char *command)
{
	const char *argv[] = {"sh", "-c", "command -v \"$0\"", command, NULL};
	const char *env[] = {NULL};
	int status;
	free(proc_run(&(struct proc_spec){.argv = argv, .env = env}, SOON, &status));
	return status == 0;
}

static void skip(const char *name, const char *why)
{
	ok(true, "%s # SKIP %s", name, why);
	exit(done());
}

static void tell(char *said)
{
	char *rest = said;
	for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n"))
		diag("%s", line);
}

static void make_folder(const char *folder)
{
	const char *argv[] = {"mkdir", "-p", folder, NULL}, *env[] = {NULL};
	free(proc_run(&(struct proc_spec){.argv = argv, .env = env}, SOON, NULL));
}

/* One at a time: another test, or that of the other build, may want the same folder now. */
static int lock(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		bail("%s cannot be locked", folder);
	return fd;
}

const char *npm_project(const char *name, const char *source)
{
	static char folder[4096];
	char sources[sizeof folder + 256];
	int status;
	snprintf(sources, sizeof sources, "../%s", name);
	snprintf(folder, sizeof folder, "%s", proc_bin(sources));
	snprintf(sources, sizeof sources, "%s/../../tests/%s", folder, source);
	make_folder(folder);
	if (!there("node"))
		skip(name, "there is no node here");
	if (!there("npm"))
		bail("there is node here, but no npm: scripts/setup.sh test brings it");
	int fd = lock(folder);
	/* With the variables of the user, for npm's proxies and registries are there. */
	const char *argv[] = {"sh", "-euc", install, "sh", sources, temp_dir(), NULL};
	struct proc_spec spec = {.argv = argv, .env = (const char *const *)environ, .cwd = folder};
	char *said = proc_run(&spec, PATIENCE, &status);
	if (status != 0 && strstr(said, "EBADENGINE") != NULL)
		skip(name, "node is older than its packages want");
	if (status != 0) {
		tell(said);
		bail("npm cannot get the packages of %s: is its registry reachable?", source);
	}
	free(said);
	argv[2] = make;
	said = proc_run(&spec, PATIENCE, &status);
	if (status != 0) {
		tell(said);
		bail("%s cannot be built", source);
	}
	free(said);
	close(fd);
	return folder;
}
