/*
 * What libpq makes of connection strings, for tests/integration/conninfo_test.c, which compiles
 * this with the host's compiler: NUL-terminated strings on file [1]; [2] and following are
 * keywords. For each string a line: "!" when it is refused, else keyword=value; in their order,
 * control characters as '?'. libpq's types are written out, so that it takes no header to check
 * this file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct option {
	char *keyword, *envvar, *compiled, *val, *label, *dispchar;
	int dispsize;
};
struct option *PQconninfoParse(const char *text, char **error);
void PQconninfoFree(struct option *options);

static char texts[65536];

static void say(const struct option *options, const char *keyword)
{
	for (const struct option *o = options; o->keyword != NULL; o++) {
		if (strcmp(o->keyword, keyword) != 0 || o->val == NULL)
			continue;
		printf("%s=", keyword);
		for (const char *p = o->val; *p != '\0'; p++)
			putchar((unsigned char)*p < ' ' ? '?' : *p);
		putchar(';');
	}
}

int main(int argc, char **argv)
{
	FILE *f = argc > 2 ? fopen(argv[1], "rb") : NULL;
	if (f == NULL)
		return 2;
	size_t n = fread(texts, 1, sizeof texts - 1, f);
	fclose(f);
	for (const char *text = texts; text < texts + n; text += strlen(text) + 1) {
		char *error = NULL;
		struct option *options = PQconninfoParse(text, &error);
		if (options == NULL)
			putchar('!');
		for (int i = 2; options != NULL && i < argc; i++)
			say(options, argv[i]);
		putchar('\n');
		PQconninfoFree(options);
		free(error);
	}
	return 0;
}
