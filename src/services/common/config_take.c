#include "services/common/config.h"
#include "services/common/json.h"
#include "services/common/url.h"

#include <string.h>

/* All texts are bounded and end in NUL, so they can hold none themselves. */
static bool take_bounded(struct span text, char *to, size_t max, struct out *want)
{
	if (text.n > max || span_find(text, 0) < text.n) {
		out_str(want, "a text of at most ");
		out_u64(want, max);
		out_str(want, " bytes");
		return false;
	}
	memset(to, 0, max + 1);
	memcpy(to, text.p, text.n);
	return true;
}

bool config_take_text(const struct config_var *var, struct span text, void *field, struct out *want)
{
	(void)var;
	return take_bounded(text, ((struct config_text *)field)->s, CONFIG_TEXT_MAX, want);
}

bool config_take_secret(const struct config_var *var, struct span text, void *field,
			struct out *want)
{
	(void)var;
	return take_bounded(text, ((struct config_secret *)field)->s, CONFIG_SECRET_MAX, want);
}

/*
 * Container links set NAME_PORT=tcp://172.17.0.3:5000 for a container called NAME. Cuts the
 * host and the port out of such a value; false, with both untouched, when it is none.
 */
static bool cut_link(struct span text, struct span *host, struct span *port)
{
	const struct span scheme = SPAN("tcp://");
	if (!span_starts(text, scheme))
		return false;
	struct span rest = span_tail(text, scheme.n);
	size_t colon = rest.n;
	while (colon > 0 && rest.p[colon - 1] != ':')
		colon--;
	if (colon == 0)
		return false;
	*host = span_head(rest, colon - 1);
	*port = span_tail(rest, colon);
	return true;
}

static struct span without_brackets(struct span host)
{
	if (host.n < 2 || host.p[0] != '[' || host.p[host.n - 1] != ']')
		return host;
	return span_head(span_tail(host, 1), host.n - 2);
}

/* A name or an address; one colon is neither, but host:port in the wrong variable. */
static bool is_host(struct span host)
{
	size_t colons = 0;
	for (size_t i = 0; i < host.n; i++) {
		if (host.p[i] <= ' ' || host.p[i] == 0x7f || host.p[i] == '/')
			return false;
		colons += host.p[i] == ':';
	}
	return host.n > 0 && host.n <= CONFIG_TEXT_MAX && colons != 1;
}

bool config_take_host(const struct config_var *var, struct span text, void *field, struct out *want)
{
	struct span host = text, port;
	cut_link(text, &host, &port);
	host = without_brackets(host);
	if (is_host(host))
		return config_take_text(var, host, field, want);
	out_str(want, "a host name or an address");
	return false;
}

static bool take_port(struct span text, uint16_t least, void *field)
{
	struct span host, port = text;
	uint64_t v;
	cut_link(text, &host, &port);
	if (!dec_u64(port, &v) || v < least || v > UINT16_MAX)
		return false;
	*(uint16_t *)field = (uint16_t)v;
	return true;
}

bool config_take_port(const struct config_var *var, struct span text, void *field, struct out *want)
{
	(void)var;
	if (take_port(text, 1, field))
		return true;
	out_str(want, "a port from 1 to 65535");
	return false;
}

bool config_take_port_or_off(const struct config_var *var, struct span text, void *field,
			     struct out *want)
{
	(void)var;
	if (take_port(text, 0, field))
		return true;
	out_str(want, "a port from 1 to 65535, or 0 for off");
	return false;
}

static uint32_t upper(const struct config_var *var)
{
	return var->max == 0 ? UINT32_MAX : var->max;
}

static void put_range(const struct config_var *var, const char *unit, struct out *o)
{
	out_str(o, " from ");
	out_u64(o, var->min);
	out_str(o, " to ");
	out_u64(o, upper(var));
	out_str(o, unit);
}

bool config_take_u32(const struct config_var *var, struct span text, void *field, struct out *want)
{
	uint64_t v;
	if (dec_u64(text, &v) && v >= var->min && v <= upper(var)) {
		*(uint32_t *)field = (uint32_t)v;
		return true;
	}
	out_str(want, "a number");
	put_range(var, "", want);
	return false;
}

bool config_take_duration_ms(const struct config_var *var, struct span text, void *field,
			     struct out *want)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"", 1000}};
	size_t digits = 0, at = 0;
	uint64_t v;

	while (digits < text.n && text.p[digits] >= '0' && text.p[digits] <= '9')
		digits++;
	struct span unit = span_tail(text, digits);
	while (at < 4 && !span_eq_nocase(unit, span_str(units[at].unit)))
		at++;
	if (at < 4 && dec_u64(span_head(text, digits), &v) && v <= UINT32_MAX) {
		v *= units[at].ms;
		if (v >= var->min && v <= upper(var)) {
			*(uint32_t *)field = (uint32_t)v;
			return true;
		}
	}
	out_str(want, "a duration such as 500ms, 10s or 2m,");
	put_range(var, " ms", want);
	return false;
}

/* The index of [text] in a list with blanks between, or -1. */
static int word_index(const char *words, struct span text)
{
	struct span rest = span_str(words);
	for (int i = 0; rest.p != NULL; i++)
		if (span_eq_nocase(span_cut(&rest, ' '), text))
			return i;
	return -1;
}

bool config_take_choice(const struct config_var *var, struct span text, void *field,
			struct out *want)
{
	int i = word_index(var->words, text);
	if (i < 0) {
		out_str(want, "one of: ");
		out_str(want, var->words);
		return false;
	}
	/* By memcpy, because [field] may be of any enum's type. */
	unsigned value = (unsigned)i;
	memcpy(field, &value, sizeof value);
	return true;
}

bool config_take_bool(const struct config_var *var, struct span text, void *field, struct out *want)
{
	static const char words[] = "0 1 false true no yes off on";
	int i = word_index(words, text);
	(void)var;
	if (i < 0) {
		out_str(want, "true or false, yes or no, on or off, 1 or 0");
		return false;
	}
	*(bool *)field = i % 2 == 1;
	return true;
}

static bool take_url(enum url_scheme scheme, const char *form, struct span text, void *field,
		     struct out *want)
{
	struct url u;
	int rc = url_parse(text, &u);
	bool fits = rc == URL_OK && u.scheme == scheme;
	if (fits) {
		memcpy(field, &u, sizeof u);
	} else {
		out_str(want, form);
		out_str(want, ": ");
		out_str(want, url_strerror(rc == URL_OK ? URL_ESCHEME : rc));
	}
	explicit_bzero(&u, sizeof u);
	return fits;
}

bool config_take_redis_url(const struct config_var *var, struct span text, void *field,
			   struct out *want)
{
	(void)var;
	return take_url(URL_REDIS, "redis://[user[:password]@]host[:port][/db]", text, field, want);
}

bool config_take_postgres_url(const struct config_var *var, struct span text, void *field,
			      struct out *want)
{
	(void)var;
	return take_url(URL_POSTGRES, "postgres://user:password@host:port/dbname", text, field,
			want);
}

static void put_word(const struct config_var *var, const void *field, struct out *o)
{
	struct span rest = span_str(var->words), word = SPAN_NONE;
	unsigned value;
	memcpy(&value, field, sizeof value);
	for (unsigned i = 0; i <= value && rest.p != NULL; i++)
		word = span_cut(&rest, ' ');
	out_span(o, word);
}

bool config_put(const struct config_var *var, const void *field, struct out *o)
{
	config_take *take = var->take;
	if (take == config_take_text || take == config_take_host)
		json_put_string(o, span_str(((const struct config_text *)field)->s));
	else if (take == config_take_port || take == config_take_port_or_off)
		out_u64(o, *(const uint16_t *)field);
	else if (take == config_take_u32 || (var->flags & CONFIG_MS) != 0)
		out_u64(o, *(const uint32_t *)field);
	else if (take == config_take_bool)
		out_str(o, *(const bool *)field ? "true" : "false");
	else if (take == config_take_choice)
		put_word(var, field, o);
	else
		return false;
	/* By a flag, so that who has no duration does not get the code that reads one. */
	out_str(o, (var->flags & CONFIG_MS) != 0 ? "ms" : "");
	return true;
}
