/* The connection strings of unit/conninfo_rows.h, and what libpq makes of each. */
#include "harness/proc.h"
#include "harness/tap.h"
#include "pgwire/pgwire_conninfo.h"
#include "unit/conninfo_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void compile(const char *program)
{
	char root[4096], source[4200];
	int status;
	if (getcwd(root, sizeof root) == NULL)
		bail("no folder");
	snprintf(source, sizeof source, "%s/tests/oracles/libpq_conninfo.c", root);
	const char *argv[] = {"gcc", source, "-o", program, "-lpq", NULL};
	char *said = proc_run(&(struct proc_spec){.argv = argv}, 60000, &status);
	if (status != 0)
		bail("gcc with libpq: %s", said);
	free(said);
}

static void write_texts(const char *path)
{
	FILE *f = fopen(path, "wb");
	if (f == NULL)
		bail("cannot write %s", path);
	for (size_t i = 0; i < CONNINFOS; i++)
		fwrite(conninfos[i].text, 1, strlen(conninfos[i].text) + 1, f);
	fclose(f);
}

/* As the oracle says it: "!" for any error. */
static const char *ours(const char *text)
{
	static char line[1024];
	uint8_t room[1024];
	struct pgwire_conninfo c;
	struct out o = out_init(line, sizeof line - 1);
	pgwire_conninfo_init(&c, room, sizeof room);
	int rc = pgwire_conninfo_put(&c, span_str(text));
	if (rc < 0)
		out_str(&o, "!");
	for (enum pgwire_option i = 0; i < PGWIRE_OPTIONS && rc > 0; i++) {
		if (c.value[i].p == NULL)
			continue;
		out_str(&o, pgwire_option_name(i));
		out_str(&o, "=");
		for (size_t k = 0; k < c.value[i].n; k++)
			out_byte(&o, c.value[i].p[k] < ' ' ? '?' : c.value[i].p[k]);
		out_str(&o, ";");
	}
	line[o.n] = '\0';
	return line;
}

int main(void)
{
	char *program = temp_path("oracle"), *texts = temp_path("texts");
	const char *argv[PGWIRE_OPTIONS + 3] = {program, texts};
	int status, compared = 0;
	compile(program);
	write_texts(texts);
	for (enum pgwire_option i = 0; i < PGWIRE_OPTIONS; i++)
		argv[2 + i] = pgwire_option_name(i);
	char *said = proc_run(&(struct proc_spec){.argv = argv}, 60000, &status);
	is_int(status, 0, "libpq reads %zu connection strings", CONNINFOS);
	char *line = said;
	for (size_t i = 0; i < CONNINFOS && line != NULL; i++) {
		char *end = strchr(line, '\n');
		if (end != NULL)
			*end = '\0';
		if (!conninfos[i].newer) {
			is_str(ours(conninfos[i].text), line, "connection string %zu", i);
			compared++;
		}
		line = end == NULL ? NULL : end + 1;
	}
	ok(compared >= 150, "%d connection strings mean to us what they mean to libpq", compared);
	free(said);
	free(program);
	free(texts);
	return done();
}
