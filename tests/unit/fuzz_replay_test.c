/*
 * Every fuzz target without a fuzzer: its corpus, and of each file some damaged copies, always the
 * same ones. Each target runs in a child, so that whatever ends it is one failed test point; the
 * input that did it is kept for build/fuzz/bin/NAME (make fuzz).
 */
#include "harness/dice.h"
#include "harness/tap.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES_MAX 512
#define INPUT_MAX 1024

#define TARGET(name, copies) int fuzz_##name(const uint8_t *data, size_t size);
#include "fuzz/targets.h"
#undef TARGET

static const struct target {
	const char *name;
	int (*run)(const uint8_t *data, size_t size);
	unsigned copies;
} targets[] = {
#define TARGET(name, copies) {#name, fuzz_##name, copies},
#include "fuzz/targets.h"
#undef TARGET
};

#define TARGETS (sizeof targets / sizeof *targets)

struct file {
	char name[256];
	uint8_t bytes[INPUT_MAX];
	size_t n;
};
static struct file files[FILES_MAX];
static size_t count;

/* What the child is at, for the parent to see. */
static struct {
	unsigned inputs, copy;
	struct file at;
} * seen;

static void read_file(const char *folder, const char *name)
{
	char path[512];
	struct file *f = &files[count++];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	snprintf(f->name, sizeof f->name, "%s", name);
	FILE *in = fopen(path, "rb");
	if (in == NULL)
		bail("%s: %s", path, strerror(errno));
	f->n = fread(f->bytes, 1, sizeof f->bytes, in);
	check(fgetc(in) == EOF, "%s is less than a kilobyte", path);
	fclose(in);
}

static void read_corpus(const struct target *t)
{
	char folder[256];
	struct dirent **list = NULL;
	snprintf(folder, sizeof folder, "tests/fuzz/corpus/%s", t->name);
	int n = scandir(folder, &list, NULL, alphasort);
	count = 0;
	for (int i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.' && count < FILES_MAX)
			read_file(folder, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	check(count > 0, "%s: a corpus", t->name);
}

static struct dice dice;

/* Puts [n] bytes of another place or file at [at]; what does not fit falls off. */
static void insert(struct file *f, size_t at, const struct file *from)
{
	uint8_t piece[64];
	if (from->n == 0)
		return;
	size_t start = roll(&dice, from->n), n = 1 + roll(&dice, sizeof piece);
	n = n < from->n - start ? n : from->n - start;
	memcpy(piece, from->bytes + start, n);
	n = n < sizeof f->bytes - at ? n : sizeof f->bytes - at;
	size_t keep = f->n - at < sizeof f->bytes - at - n ? f->n - at : sizeof f->bytes - at - n;
	memmove(f->bytes + at + n, f->bytes + at, keep);
	memcpy(f->bytes + at, piece, n);
	f->n = at + n + keep;
}

static void wound(struct file *f)
{
	static const uint8_t odd[] = {0, ' ', '\r', '\n', '0', ':', '%', '"', 0x7f, 0x80, 0xff};
	size_t at = roll(&dice, f->n + 1);
	switch (roll(&dice, 6)) {
	case 0:
		insert(f, at, f);
		break;
	case 1:
		insert(f, at, &files[roll(&dice, count)]);
		break;
	case 2: {
		size_t n = at < f->n ? 1 + roll(&dice, f->n - at < 16 ? f->n - at : 16) : 0;
		memmove(f->bytes + at, f->bytes + at + n, f->n - at - n);
		f->n -= n;
		break;
	}
	case 3:
		f->n = roll(&dice, 4) == 0 ? at : f->n;
		break;
	case 4:
		if (at < f->n)
			f->bytes[at] = odd[roll(&dice, sizeof odd)];
		break;
	default:
		if (at < f->n)
			f->bytes[at] ^= (uint8_t)(1u << roll(&dice, 8));
	}
}

static void run_one(const struct target *t)
{
	static uint8_t data[INPUT_MAX];
	memcpy(data, seen->at.bytes, seen->at.n);
	t->run(data, seen->at.n);
	seen->inputs++;
}

static void run_all(const struct target *t)
{
	ends_within(300);
	dice = (struct dice){DICE};
	for (size_t i = 0; i < count; i++)
		for (seen->copy = 0; seen->copy <= t->copies; seen->copy++) {
			seen->at = files[i];
			for (size_t left = seen->copy == 0 ? 0 : 1 + roll(&dice, 4); left > 0;
			     left--)
				wound(&seen->at);
			run_one(t);
		}
}

static void keep_input(const struct target *t)
{
	char path[256];
	mkdir("build/fuzz", 0777);
	mkdir("build/fuzz/broken", 0777);
	snprintf(path, sizeof path, "build/fuzz/broken/%s-replay", t->name);
	FILE *f = fopen(path, "wb");
	diag("%s, copy %u: %zu bytes, kept in %s", seen->at.name, seen->copy, seen->at.n, path);
	if (f == NULL)
		return;
	fwrite(seen->at.bytes, 1, seen->at.n, f);
	fclose(f);
}

/* The exit status; what there is to say comes when all have run, for children inherit failures. */
static int replay(const struct target *t, char *told, size_t cap)
{
	int status = -1;
	read_corpus(t);
	memset(seen, 0, sizeof *seen);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		run_all(t);
		exit(failures() != 0); /* by exit, so that leaks are looked for */
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		bail("no child: %s", strerror(errno));
	snprintf(told, cap, "%s: %u inputs from %zu files", t->name, seen->inputs, count);
	if (status != 0)
		keep_input(t);
	return status;
}

int main(void)
{
	static char told[TARGETS][96];
	static int status[TARGETS];
	seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED)
		bail("no shared memory");
	for (size_t i = 0; i < TARGETS; i++)
		status[i] = replay(&targets[i], told[i], sizeof told[i]);
	for (size_t i = 0; i < TARGETS; i++)
		ok(status[i] == 0, "%s", told[i]);
	return done();
}
