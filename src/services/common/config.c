#include "services/common/config.h"
#include "services/common/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define SHOWN_MAX 80 /* bytes of an offending value in an error line */
#define WANT_MAX 256

/* Where a row's value comes from. */
struct source {
	enum { NOWHERE, FROM_NAME, FROM_FILE, FROM_ALIAS, FROM_FALLBACK } from;
	struct span name; /* the variable that is set; of FROM_FILE the row's name */
	struct span text; /* its value; of FROM_FILE the path */
};

/* The value of NAME + suffix; empty when unset. Values end in NUL, as [env] holds them. */
static struct span env_get(char **env, struct span name, struct span suffix)
{
	for (; *env != NULL; env++) {
		struct span rest = span_str(*env);
		if (!span_starts(rest, name))
			continue;
		rest = span_tail(rest, name.n);
		if (!span_starts(rest, suffix))
			continue;
		rest = span_tail(rest, suffix.n);
		if (rest.n > 0 && rest.p[0] == '=')
			return span_tail(rest, 1);
	}
	return SPAN_NONE;
}

static bool is_set(char **env, const char *name)
{
	return name != NULL && env_get(env, span_str(name), SPAN("")).n > 0;
}

static bool is_secret(const struct config_var *var)
{
	return var->flags & CONFIG_SECRET;
}

static struct source source_of(const struct config_var *var, char **env)
{
	struct span name = span_str(var->name), aliases = span_str(var->aliases);
	struct span text = env_get(env, name, SPAN(""));
	if (text.n > 0)
		return (struct source){FROM_NAME, name, text};
	text = is_secret(var) ? env_get(env, name, SPAN("_FILE")) : SPAN_NONE;
	if (text.n > 0)
		return (struct source){FROM_FILE, name, text};
	while (aliases.n > 0) {
		struct span alias = span_cut(&aliases, ' ');
		text = env_get(env, alias, SPAN(""));
		if (text.n > 0)
			return (struct source){FROM_ALIAS, alias, text};
	}
	if (var->fallback != NULL)
		return (struct source){FROM_FALLBACK, name, span_str(var->fallback)};
	return (struct source){NOWHERE, name, SPAN_NONE};
}

/* A table of our own: libc's strerror would bring its texts for every errno into the binary. */
static const char *reason(int error)
{
	switch (error) {
	case ENOENT:
		return "no such file";
	case ENOTDIR:
		return "part of the path is no directory";
	case EACCES:
	case EPERM:
		return "permission denied";
	case EISDIR:
		return "it is a directory";
	case ELOOP:
		return "too many symbolic links";
	case ENAMETOOLONG:
		return "the path is too long";
	}
	return "it can't be read";
}

/* Reads at most [cap] bytes of the file: how many, or -errno. */
static ssize_t read_whole(const char *path, uint8_t *buf, size_t cap)
{
	size_t n = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		got = read(fd, buf + n, cap - n);
		if (got > 0)
			n += (size_t)got;
	} while ((got > 0 && n < cap) || (got < 0 && errno == EINTR));
	ssize_t rc = got < 0 ? -errno : (ssize_t)n;
	close(fd);
	return rc;
}

/* Returns what is wrong with the file, or NULL with its value in *text, a part of [buf]. */
static const char *read_secret(struct span path, uint8_t buf[static CONFIG_SECRET_MAX + 3],
			       struct span *text)
{
	/* One byte more than a value, CR and LF need: so a longer file is seen. */
	ssize_t n = read_whole((const char *)path.p, buf, CONFIG_SECRET_MAX + 3);
	if (n < 0)
		return reason((int)-n);
	struct span s = span_of(buf, (size_t)n);
	/* Editors end the last line; on Windows with CR LF. */
	if (span_ends(s, SPAN("\n")))
		s.n -= span_ends(s, SPAN("\r\n")) ? 2 : 1;
	if (s.n == 0)
		return "it is empty";
	if (s.n > CONFIG_SECRET_MAX)
		return "it holds more than 1024 bytes";
	if (span_find(s, 0) < s.n)
		return "it holds a NUL byte";
	*text = s;
	return NULL;
}

static void put_value(struct out *o, struct span value)
{
	json_put_string(o, span_head(value, SHOWN_MAX));
	if (value.n > SHOWN_MAX)
		out_str(o, "...");
}

static int file_mistake(const struct source *src, const char *why, struct out *errors)
{
	out_span(errors, src->name);
	out_str(errors, "_FILE=");
	put_value(errors, src->text);
	out_str(errors, ": ");
	out_str(errors, why);
	out_byte(errors, '\n');
	return 1;
}

static int value_mistake(const struct config_var *var, const struct source *src, struct span want,
			 struct out *errors)
{
	out_span(errors, src->name);
	if (src->from == FROM_FILE)
		out_str(errors, "_FILE");
	if (is_secret(var)) {
		out_str(errors, " (value not shown)");
	} else {
		out_byte(errors, '=');
		put_value(errors, src->text);
	}
	out_str(errors, ": expected ");
	out_span(errors, want);
	out_byte(errors, '\n');
	return 1;
}

static int missing_mistake(const struct config_var *var, struct out *errors)
{
	out_str(errors, var->name);
	out_str(errors, " is not set: it is required");
	if (var->help != NULL) {
		out_str(errors, " (");
		out_str(errors, var->help);
		out_byte(errors, ')');
	}
	out_byte(errors, '\n');
	return 1;
}

static int load_one(const struct config_var *var, void *field, char **env, struct out *errors)
{
	uint8_t file[CONFIG_SECRET_MAX + 3], buf[WANT_MAX];
	struct out want = out_init(buf, sizeof buf);
	struct source src = source_of(var, env);
	struct span text = src.text;
	const char *why = NULL;
	int mistakes = 0;

	if (src.from == NOWHERE)
		return is_set(env, var->url) ? 0 : missing_mistake(var, errors);
	if (src.from == FROM_NAME && is_secret(var) &&
	    env_get(env, src.name, SPAN("_FILE")).n > 0) {
		src.text = env_get(env, src.name, SPAN("_FILE"));
		why = "set together with the variable itself, only one is allowed";
	} else if (src.from == FROM_FILE) {
		why = read_secret(src.text, file, &text);
	}
	if (why != NULL)
		mistakes = file_mistake(&src, why, errors);
	else if (text.n > 0 && !var->take(var, text, field, &want))
		mistakes = value_mistake(var, &src, out_span_of(&want), errors);
	explicit_bzero(file, sizeof file);
	return mistakes;
}

int config_load(const struct config_var *vars, size_t n, void *into, char **env, struct out *errors)
{
	int mistakes = 0;
	for (size_t i = 0; i < n; i++)
		mistakes += load_one(&vars[i], (char *)into + vars[i].at, env, errors);
	return mistakes;
}

/* A column of text: [s], then blanks up to [width] and two more. */
static void put_column(struct out *o, struct span s, size_t width)
{
	out_span(o, s);
	for (size_t i = s.n; i < width + 2; i++)
		out_byte(o, ' ');
}

static size_t name_width(const struct config_var *vars, size_t n)
{
	size_t width = 0;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(vars[i].name);
		width = len > width ? len : width;
	}
	return width;
}

static struct span default_text(const struct config_var *var)
{
	if (var->fallback == NULL)
		return SPAN("required");
	return var->fallback[0] == 0 ? SPAN("-") : span_str(var->fallback);
}

void config_help(const struct config_var *vars, size_t n, struct out *o)
{
	size_t names = name_width(vars, n), defaults = 0;
	for (size_t i = 0; i < n; i++) {
		size_t len = default_text(&vars[i]).n;
		defaults = len > defaults ? len : defaults;
	}
	for (size_t i = 0; i < n; i++) {
		const struct config_var *var = &vars[i];
		out_str(o, "  ");
		put_column(o, span_str(var->name), names);
		put_column(o, default_text(var), defaults);
		out_span(o, span_str(var->help));
		if (is_secret(var)) {
			out_str(o, "; or the path of a file in ");
			out_str(o, var->name);
			out_str(o, "_FILE");
		}
		if (var->aliases != NULL) {
			out_str(o, "; also ");
			out_str(o, var->aliases);
		}
		if (var->url != NULL) {
			out_str(o, "; ");
			out_str(o, var->url);
			out_str(o, " goes before it");
		}
		out_byte(o, '\n');
	}
}

static void put_origin(const struct config_var *var, const struct source *src, char **env,
		       struct out *o)
{
	switch (src->from) {
	case NOWHERE:
		out_str(o, "not set");
		break;
	case FROM_FALLBACK:
		out_str(o, src->text.n > 0 ? "default" : "not set");
		break;
	case FROM_FILE:
		out_str(o, "file ");
		out_span(o, src->text);
		break;
	case FROM_NAME:
	case FROM_ALIAS:
		out_str(o, "from ");
		out_span(o, src->name);
	}
	if (is_set(env, var->url)) {
		out_str(o, ", then ");
		out_str(o, var->url);
	}
}

/* A secret may also have come out of a URL: then only the field knows. */
static bool secret_is_set(const struct config_var *var, const struct source *src, const void *field)
{
	const struct config_secret *secret = field;
	return src->text.n > 0 || (var->take == config_take_secret && secret->s[0] != 0);
}

void config_print(const struct config_var *vars, size_t n, const void *from, char **env,
		  struct out *o)
{
	size_t names = name_width(vars, n);
	for (size_t i = 0; i < n; i++) {
		const struct config_var *var = &vars[i];
		const void *field = (const char *)from + var->at;
		struct source src = source_of(var, env);

		put_column(o, span_str(var->name), names);
		if (is_secret(var))
			out_str(o, secret_is_set(var, &src, field) ? "(set)" : "(not set)");
		else if (!config_put(var, field, o))
			put_value(o, src.text);
		out_str(o, "  (");
		put_origin(var, &src, env, o);
		out_str(o, ")\n");
	}
}
