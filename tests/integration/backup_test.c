/*
 * The backups of deploy/: the very scripts that stand in the compose file and in the CronJob, with
 * a real PostgreSQL, and what they made put back as deploy/README.md tells.
 */
#include "harness/proc.h"
#include "harness/stores.h"
#include "harness/tap.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 120000
#define DAY 86400

static struct store *pg;
static char folder[512]; /* in place of /backup */

static char *slurp(const char *path)
{
	static char text[16384];
	FILE *f = fopen(path, "r");
	if (f == NULL)
		bail("there is no %s", path);
	size_t n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		bail("cannot write %s", path);
}

/* Appends [line] with [from] replaced by [to], each time. */
static void append(char *script, size_t size, const char *line, const char *from, const char *to)
{
	const char *hit;
	size_t at = strlen(script);
	while ((hit = strstr(line, from)) != NULL) {
		int n = snprintf(script + at, size - at, "%.*s%s", (int)(hit - line), line, to);
		at += (size_t)n;
		line = hit + strlen(from);
	}
	snprintf(script + at, size - at, "%s\n", line);
}

/* The block after "- |" in a YAML file, as the shell gets it, with our folder for /backup. */
static const char *script_of(const char *file)
{
	static char script[4096], whole[4096];
	char *rest = strstr(slurp(file), "- |\n");
	if (rest == NULL)
		bail("%s has no script", file);
	rest += 4;
	size_t margin = strspn(rest, " ");
	/* In the compose file it would do this for ever. */
	snprintf(whole, sizeof whole, "sleep() { exit; }\n");
	for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
		if (strspn(line, " ") < margin)
			break;
		script[0] = '\0';
		append(script, sizeof script, line + margin, "$$", "$");
		script[strlen(script) - 1] = '\0';
		append(whole, sizeof whole, script, "/backup", folder);
	}
	script[0] = '\0';
	append(script, sizeof script, whole, "/run/secrets/stores", temp_dir());
	return script;
}

static int run(const char *script, const char *const *env)
{
	int status;
	const char *argv[] = {"sh", "-euc", script, NULL};
	char *said = proc_run(&(struct proc_spec){.argv = argv, .env = env}, PATIENCE, &status);
	if (*said != '\0')
		diag("%s", said);
	free(said);
	return status;
}

/* How many dumps there are; the path of the last in [newest]. */
static size_t dumps(char newest[static 512])
{
	char pattern[600];
	glob_t found;
	snprintf(pattern, sizeof pattern, "%s/barnacle-2*.dump", folder);
	newest[0] = '\0';
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	size_t n = found.gl_pathc;
	snprintf(newest, 512, "%s", found.gl_pathv[n - 1]);
	globfree(&found);
	return n;
}

static void old_dump(const char *name, time_t days, char path[static 600])
{
	snprintf(path, 600, "%s/%s", folder, name);
	put(path, "");
	struct timespec then[2] = {{.tv_sec = time(NULL) - days * DAY},
				   {.tv_sec = time(NULL) - days * DAY}};
	if (utimensat(AT_FDCWD, path, then, 0) != 0)
		bail("cannot change the time of %s", path);
}

static void restore(const char *dump)
{
	char command[1024];
	free(store_psql(pg, "TRUNCATE values; INSERT INTO values VALUES (7)"));
	snprintf(command, sizeof command, "pg_restore -d app --clean --if-exists <'%s'", dump);
	is_int(run(command, store_env(pg)), 0, "the dump is put back over what is there");
	char *sum = store_psql(pg, "SELECT count(*), sum(number) FROM values");
	is_str(sum, "1000|500500", "and every row is as it was");
	free(sum);
}

static void test_script(const char *file)
{
	char path[512], dump[512], old[600], young[600], secret[600];
	diag("%s", file);
	snprintf(path, sizeof path, "%s", proc_bin(file));
	snprintf(folder, sizeof folder, "%s/backup", temp_dir());
	snprintf(secret, sizeof secret, "%s/PGPASSWORD", temp_dir());
	put(secret, store_password(pg));
	mkdir(folder, 0700);
	old_dump("barnacle-old.dump", 16, old);
	old_dump("barnacle-young.dump", 12, young);

	const char *script = script_of(path);
	is_int(run(script, store_env(pg)), 0, "the script makes a backup");
	is_int((int)dumps(dump), 1, "there is one dump");
	ok(access(old, F_OK) != 0, "one of more than two weeks is gone");
	ok(access(young, F_OK) == 0, "a younger one is kept");
	restore(dump);

	unlink(dump);
	const char *wrong[] = {"PGPASSWORD=wrong", NULL};
	const char **env = env_join(store_env(pg), wrong, NULL);
	put(secret, "wrong");
	ok(run(script, env) != 0, "what fails is seen to fail");
	is_int((int)dumps(dump), 0, "and leaves nothing that looks like a dump");
	free(env);

	snprintf(old, sizeof old, "%s/part", folder);
	unlink(old);
	unlink(young);
	rmdir(folder);
}

int main(void)
{
	pg = store_postgres(NULL);
	free(store_psql(pg, "CREATE TABLE values (number INT);"
			    "INSERT INTO values SELECT generate_series(1, 1000)"));
	test_script("../../deploy/own/docker-compose.yml");
	test_script("../../deploy/k8s/own/backup.yaml");
	return done();
}
