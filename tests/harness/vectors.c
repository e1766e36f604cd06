#include "harness/vectors.h"

#include "harness/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (16L << 20)

static struct span skip(struct span s, const char *set)
{
	while (s.n > 0 && s.p[0] != 0 && strchr(set, s.p[0]) != NULL)
		s = span_tail(s, 1);
	return s;
}

/* Length of the string whose quote is s.p[0], quotes included. */
static size_t string_size(struct span s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '"')
			return i + 1;
		if (s.p[i] == '\\')
			i++;
	}
	bail("JSON string without an end");
}

static size_t nested_size(struct span s)
{
	size_t depth = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			i += string_size(span_tail(s, i)) - 1;
		else if (s.p[i] == '{' || s.p[i] == '[')
			depth++;
		else if ((s.p[i] == '}' || s.p[i] == ']') && --depth == 0)
			return i + 1;
	}
	bail("JSON array or object without an end");
}

static size_t value_size(struct span s)
{
	if (s.n == 0)
		bail("JSON value missing");
	if (s.p[0] == '"')
		return string_size(s);
	if (s.p[0] == '{' || s.p[0] == '[')
		return nested_size(s);
	size_t n = 0;
	while (n < s.n && s.p[n] != 0 && strchr(",]} \t\r\n", s.p[n]) == NULL)
		n++;
	return n;
}

static struct span cut_value(struct span *rest)
{
	*rest = skip(*rest, " \t\r\n");
	size_t n = value_size(*rest);
	struct span value = span_head(*rest, n);
	*rest = skip(span_tail(*rest, n), " \t\r\n");
	return value;
}

struct span vectors_inside(struct span value)
{
	if (value.n < 2 || strchr("\"[{", value.p[0]) == NULL)
		bail("JSON string, array or object expected");
	return (struct span){value.p + 1, value.n - 2};
}

bool vectors_member(struct span *rest, struct span *key, struct span *value)
{
	*rest = skip(*rest, " \t\r\n,");
	if (rest->n == 0)
		return false;
	*key = SPAN_NONE;
	*value = cut_value(rest);
	if (rest->n > 0 && rest->p[0] == ':') {
		*key = vectors_inside(*value);
		*rest = span_tail(*rest, 1);
		*value = cut_value(rest);
	}
	return true;
}

struct span vectors_get(struct span object, struct span name)
{
	struct span key, value, rest = vectors_inside(object);
	while (vectors_member(&rest, &key, &value))
		if (span_eq(key, name))
			return value;
	return SPAN_NONE;
}

static struct span get_path(struct span object, struct span path)
{
	while (object.p != NULL && path.p != NULL)
		object = vectors_get(object, span_cut(&path, '.'));
	return object;
}

static struct span field(struct vectors *v, const char *name)
{
	const struct span places[] = {v->test, v->group, v->top};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct span value = get_path(places[i], span_str(name));
		if (value.p != NULL)
			return value;
	}
	bail("%s: no field %s", v->path, name);
}

void vectors_open(struct vectors *v, const char *path)
{
	*v = (struct vectors){.path = path};
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		bail("%s: cannot open (tests run in the root of the checkout)", path);
	if (fseek(f, 0, SEEK_END) != 0)
		bail("%s: cannot seek", path);
	long size = ftell(f);
	if (size <= 0 || size > FILE_MAX)
		bail("%s: size %ld", path, size);
	rewind(f);
	v->file = malloc((size_t)size);
	if (v->file == NULL || fread(v->file, 1, (size_t)size, f) != (size_t)size)
		bail("%s: cannot read", path);
	fclose(f);
	struct span rest = span_of(v->file, (size_t)size);
	v->top = cut_value(&rest);
	v->groups = vectors_inside(field(v, "testGroups"));
}

static void drop_hex(struct vectors *v)
{
	while (v->hexes > 0)
		free(v->hex[--v->hexes]);
}

bool vectors_next(struct vectors *v)
{
	struct span key;
	drop_hex(v);
	while (!vectors_member(&v->tests, &key, &v->test)) {
		v->test = SPAN_NONE;
		if (!vectors_member(&v->groups, &key, &v->group))
			return false;
		v->tests = vectors_inside(vectors_get(v->group, SPAN("tests")));
	}
	return true;
}

void vectors_close(struct vectors *v)
{
	drop_hex(v);
	free(v->file);
	*v = (struct vectors){0};
}

struct span vectors_text(struct vectors *v, const char *name)
{
	struct span value = field(v, name);
	return value.p[0] == '"' ? vectors_inside(value) : value;
}

int64_t vectors_int(struct vectors *v, const char *name)
{
	int64_t n;
	if (!dec_i64(field(v, name), &n))
		bail("%s: %s is not an integer", v->path, name);
	return n;
}

struct span vectors_hex(struct vectors *v, const char *name)
{
	struct span text = vectors_text(v, name);
	if (text.n % 2 != 0 || v->hexes == VECTORS_HEX)
		bail("%s: %s has half a byte, or is one hex field too many", v->path, name);
	uint8_t *bytes = malloc(text.n > 0 ? text.n / 2 : 1);
	if (bytes == NULL)
		bail("no memory");
	v->hex[v->hexes++] = bytes;
	for (size_t i = 0; i < text.n / 2; i++) {
		uint64_t byte;
		if (!hex_u64(span_head(span_tail(text, 2 * i), 2), &byte))
			bail("%s: %s is not hexadecimal", v->path, name);
		bytes[i] = (uint8_t)byte;
	}
	return span_of(bytes, text.n / 2);
}
