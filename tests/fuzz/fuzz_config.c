/* The input as the environment, a variable a line; and each line as the value of each type. */
#include "fuzz/fuzz.h"
#include "services/common/config.h"
#include "services/common/json.h"
#include "services/common/log.h"
#include "services/common/url.h"

#define LINES 32
#define SECRET "hunter2hunter2"

struct settings {
	struct config_text host, name;
	struct config_secret password;
	struct url store, queue;
	uint32_t max_index, timeout_ms;
	uint16_t port, admin_port;
	bool cors;
	enum log_format format;
	enum log_level level;
	enum { RED, GREEN, BLUE } color;
};

#define AT(member) .at = offsetof(struct settings, member), .help = "a " #member
#define URL(name, member, parser)                                            \
	{                                                                    \
		name, "", .take = parser, .flags = CONFIG_SECRET, AT(member) \
	}

static const struct config_var vars[] = {
	{"DB_HOST", NULL, .take = config_take_host, AT(host), .aliases = "RDS_HOSTNAME OLD_HOST",
	 .url = "DATABASE_URL"},
	{"PASSWORD", "", .take = config_take_secret, AT(password), .flags = CONFIG_SECRET},
	URL("DATABASE_URL", store, config_take_postgres_url),
	URL("REDIS_URL", queue, config_take_redis_url),
	{"NAME", "", .take = config_take_text, AT(name)},
	{"PORT", "5000", .take = config_take_port, AT(port)},
	{"ADMIN_PORT", "9090", .take = config_take_port_or_off, AT(admin_port)},
	{"MAX_INDEX", "10000", .take = config_take_u32, AT(max_index), .min = 10, .max = 20000},
	{"TIMEOUT", "10s", .take = config_take_duration_ms, AT(timeout_ms), .flags = CONFIG_MS,
	 .min = 1},
	{"CORS", "on", .take = config_take_bool, AT(cors)},
	{"LOG_FORMAT", "json", .take = config_take_choice, AT(format), .words = LOG_FORMAT_WORDS},
	{"LOG_LEVEL", "info", .take = config_take_choice, AT(level), .words = LOG_LEVEL_WORDS},
	{"COLOR", "green", .take = config_take_choice, AT(color), .words = "red green blue"},
};

static bool is_lines(struct span text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < ' ' && text.p[i] != '\n')
			return false;
	return text.n == 0 || text.p[text.n - 1] == '\n';
}

/* One value for one row: taken, shown, and what is shown is taken again; or not touched. */
static void take(const struct config_var *var, struct span text)
{
	static struct settings into, before, again;
	static char shown[4096], wanted[512];
	struct out want = out_init(wanted, sizeof wanted), o = out_init(shown, sizeof shown);
	memset(&into, 0xa5, sizeof into);
	memset(&before, 0xa5, sizeof before);
	bool took = var->take(var, text, (char *)&into + var->at, &want);
	must(took == (want.n == 0) && !want.over, "%s: taken or wanted", var->name);
	if (!took) {
		must(memcmp(&into, &before, sizeof into) == 0, "%s: not touched", var->name);
		return;
	}
	if (!config_put(var, (char *)&into + var->at, &o))
		return;
	struct span out = out_span_of(&o);
	must(!o.over, "%s: shown in so much", var->name);
	if (var->take == config_take_text || var->take == config_take_host) {
		must(json_check(out) == JSON_VALID, "%s: shown as a string", var->name);
		return;
	}
	if (var->flags & CONFIG_SECRET)
		return;
	want = out_init(wanted, sizeof wanted);
	took = var->take(var, guarded(1, out), (char *)&again + var->at, &want);
	must(took, "%s: what is shown is taken", var->name);
	o = out_init(shown, sizeof shown);
	config_put(var, (char *)&again + var->at, &o);
	must(span_eq(out, out_span_of(&o)), "%s: and is the same", var->name);
}

static void load(char **env)
{
	static struct settings into;
	static char text[65536];
	struct out o = out_init(text, sizeof text);
	memset(&into, 0, sizeof into);
	int mistakes = config_load(vars, COUNT(vars), &into, env, &o);
	must(mistakes >= 0 && (mistakes > 0) == (o.n > 0), "%d mistakes are told", mistakes);
	must(is_lines(out_span_of(&o)), "in lines");
	for (int i = 0; i < mistakes; i++) {
		struct span line = SPAN_NONE, rest = out_span_of(&o);
		for (int k = 0; k <= i; k++)
			line = span_cut(&rest, '\n');
		must(line.n > 0 && (i < mistakes - 1 || rest.n == 0), "line %d", i);
	}
	config_print(vars, COUNT(vars), &into, env, &o);
	must(is_lines(out_span_of(&o)) && !o.over, "what is printed is lines");
	must(memmem(text, o.n, SECRET, sizeof SECRET - 1) == NULL, "secrets are not printed");
}

FUZZ(config)
{
	static char copy[FUZZ_MAX + 1];
	static char secret[] = "PASSWORD=" SECRET, url[] = "REDIS_URL=redis://u:" SECRET "@h";
	char *env[LINES + 3] = {secret, url};
	size_t n = 2;
	if (size > FUZZ_MAX || memmem(data, size, SECRET, sizeof SECRET - 1) != NULL)
		return 0;
	memcpy(copy, data, size);
	copy[size] = '\0';
	struct span rest = span_of(data, size);
	for (size_t i = 0; i < COUNT(vars); i++) {
		struct span text = span_head(rest, span_find(rest, '\n') + (i & 1));
		if (text.n > 0) /* as it is promised */
			take(&vars[i], guarded(0, text));
	}
	for (char *at = copy; at != NULL && n < LINES; n++) {
		char *end = strchr(at, '\n');
		if (end != NULL)
			*end++ = '\0';
		/* Which would open a file, and what that holds is not in the input. */
		env[n] = strstr(at, "_FILE=") != NULL ? secret : at;
		at = end;
	}
	load(env);
	return 0;
}
