#include "pgwire/pgwire_conninfo.h"
#include "pgwire/pgwire_session.h"

struct word {
	const char *name;
	uint8_t value;
};

static int refuse(struct pgwire_conninfo *c, enum pgwire_option option)
{
	c->bad = span_str(pgwire_option_name(option));
	return PGWIRE_EVALUE;
}

/* One of [words], the first without a value. */
static int get_word(struct pgwire_conninfo *c, enum pgwire_option option, size_t n,
		    const struct word words[], unsigned *value)
{
	struct span text = c->value[option];
	if (text.n == 0)
		text = span_str(words[0].name);
	for (size_t i = 0; i < n; i++)
		if (span_eq(text, span_str(words[i].name))) {
			*value = words[i].value;
			return 1;
		}
	return refuse(c, option);
}
#define GET_WORD(c, option, words, value) \
	get_word(c, option, sizeof(words) / sizeof *(words), words, value)

/* An int as strtol reads it, blanks around it; what is below zero means zero everywhere here. */
static int get_number(struct pgwire_conninfo *c, enum pgwire_option option, uint32_t fallback,
		      uint32_t *value)
{
	struct span text = span_trim(c->value[option]);
	int64_t n = fallback;
	if (span_starts(text, SPAN("+")) && !span_starts(text, SPAN("+-")))
		text = span_tail(text, 1);
	if (c->value[option].n > 0 && (!dec_i64(text, &n) || n > INT32_MAX || n < INT32_MIN))
		return refuse(c, option);
	*value = n < 0 ? 0 : (uint32_t)n;
	return 1;
}

/* An element of a list, an empty text having one; rest->p == NULL after the last. */
static struct span take_element(struct span *rest)
{
	return rest->p == NULL ? SPAN_NONE : span_cut(rest, ',');
}

static size_t count_elements(struct span list)
{
	size_t n = 1;
	for (size_t i = 0; i < list.n; i++)
		n += list.p[i] == ',';
	return n;
}

/* One port is for all hosts; an empty one is the usual one. */
static int get_ports(struct pgwire_conninfo *c, struct pgwire_target *t)
{
	struct span list = c->value[PGWIRE_OPT_PORT], rest = list;
	size_t n = count_elements(list);
	if (n != 1 && n != t->host_count)
		return refuse(c, PGWIRE_OPT_PORT);
	for (size_t i = 0; i < t->host_count; i++) {
		uint64_t port = PGWIRE_PORT;
		if (n == 1)
			rest = list;
		struct span text = span_trim(take_element(&rest));
		if (text.n > 0 && (!dec_u64(text, &port) || port == 0 || port > UINT16_MAX))
			return refuse(c, PGWIRE_OPT_PORT);
		t->hosts[i].port = (uint16_t)port;
	}
	return 1;
}

static int get_hosts(struct pgwire_conninfo *c, struct pgwire_target *t)
{
	struct span names = c->value[PGWIRE_OPT_HOST], addrs = c->value[PGWIRE_OPT_HOSTADDR];
	enum pgwire_option list = addrs.n > 0 ? PGWIRE_OPT_HOSTADDR : PGWIRE_OPT_HOST;
	t->host_count = count_elements(c->value[list]);
	if (t->host_count > PGWIRE_HOSTS_MAX)
		return refuse(c, list);
	if (names.n > 0 && count_elements(names) != t->host_count)
		return refuse(c, PGWIRE_OPT_HOST);
	for (size_t i = 0; i < t->host_count; i++) {
		struct pgwire_host *h = &t->hosts[i];
		h->name = take_element(&names);
		h->addr = take_element(&addrs);
		h->local = h->addr.n == 0 && h->name.n > 0 &&
			   (h->name.p[0] == '/' || h->name.p[0] == '@');
	}
	return get_ports(c, t);
}

enum { SCRAM = 1, MD5 = 2, PASSWORD = 4, NONE = 8, OTHER = 16, ALL = 31 };

/* The methods of require_auth: all with '!' (any but these), or none (these and no other). */
static int get_methods(struct pgwire_conninfo *c, unsigned *methods)
{
	static const struct word words[] = {
		{"scram-sha-256", SCRAM}, {"md5", MD5},    {"password", PASSWORD}, {"none", NONE},
		{"gss", OTHER},           {"sspi", OTHER}, {"oauth", OTHER},
	};
	struct span rest = c->value[PGWIRE_OPT_REQUIRE_AUTH];
	bool not_these = span_starts(rest, SPAN("!"));
	*methods = 0;
	while (rest.p != NULL) {
		struct span word = span_cut(&rest, ',');
		unsigned found = 0;
		if (span_starts(word, SPAN("!")) != not_these)
			return refuse(c, PGWIRE_OPT_REQUIRE_AUTH);
		word = span_tail(word, not_these);
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			if (span_eq(word, span_str(words[i].name)))
				found = words[i].value;
		if (found == 0 || (found != OTHER && *methods & found))
			return refuse(c, PGWIRE_OPT_REQUIRE_AUTH);
		*methods |= found;
	}
	if (not_these)
		*methods ^= ALL;
	return 1;
}

static int get_auth(struct pgwire_conninfo *c, struct pgwire_target *t)
{
	unsigned methods = t->password.n > 0 ? SCRAM : SCRAM | NONE;
	if (c->value[PGWIRE_OPT_REQUIRE_AUTH].n > 0) {
		int rc = get_methods(c, &methods);
		if (rc < 0)
			return rc;
	}
	t->flags = methods & SCRAM ? 0 : PGWIRE_REFUSE_SCRAM;
	t->flags |= methods & MD5 ? PGWIRE_ALLOW_MD5 : 0;
	t->flags |= methods & PASSWORD ? PGWIRE_ALLOW_CLEARTEXT : 0;
	t->flags |= methods & NONE ? PGWIRE_ALLOW_TRUST : 0;
	return 1;
}

/* What is known and not carried: refused unless it says what happens anyway. */
static int check_others(struct pgwire_conninfo *c)
{
	static const struct {
		uint8_t option;
		const char *words[5];
	} fine[] = {
		{PGWIRE_OPT_SERVICE, {NULL}},
		{PGWIRE_OPT_CLIENT_ENCODING, {"UTF8", "UTF-8", "auto"}},
		{PGWIRE_OPT_REPLICATION, {"false", "off", "no", "0"}},
		{PGWIRE_OPT_GSSENCMODE, {"disable", "prefer"}},
		{PGWIRE_OPT_CHANNEL_BINDING, {"disable", "prefer"}},
	};
	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
		struct span text = c->value[fine[i].option];
		bool good = text.n == 0;
		for (const char *const *word = fine[i].words; *word != NULL; word++)
			good |= span_eq_nocase(text, span_str(*word));
		if (!good)
			return refuse(c, fine[i].option);
	}
	return 1;
}

static int get_numbers(struct pgwire_conninfo *c, struct pgwire_target *t)
{
	uint32_t keepalives = 1;
	const struct {
		enum pgwire_option option;
		uint32_t fallback, *to;
	} numbers[] = {
		{PGWIRE_OPT_CONNECT_TIMEOUT, 0, &t->connect_timeout},
		{PGWIRE_OPT_KEEPALIVES, 1, &keepalives},
		{PGWIRE_OPT_KEEPALIVES_IDLE, 0, &t->keepalives_idle},
		{PGWIRE_OPT_KEEPALIVES_INTERVAL, 0, &t->keepalives_interval},
		{PGWIRE_OPT_KEEPALIVES_COUNT, 0, &t->keepalives_count},
		{PGWIRE_OPT_TCP_USER_TIMEOUT, 0, &t->tcp_user_timeout},
	};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		int rc = get_number(c, numbers[i].option, numbers[i].fallback, numbers[i].to);
		if (rc < 0)
			return rc;
	}
	t->keepalives = keepalives != 0;
	if (t->connect_timeout == 1)
		t->connect_timeout = 2;
	return 1;
}

static int get_words(struct pgwire_conninfo *c, struct pgwire_target *t)
{
	static const struct word attrs[] = {
		{"any", PGWIRE_ATTRS_ANY},
		{"read-write", PGWIRE_ATTRS_READ_WRITE},
		{"read-only", PGWIRE_ATTRS_READ_ONLY},
		{"primary", PGWIRE_ATTRS_PRIMARY},
		{"standby", PGWIRE_ATTRS_STANDBY},
		{"prefer-standby", PGWIRE_ATTRS_PREFER_STANDBY},
	};
	static const struct word modes[] = {
		{"prefer", PGWIRE_SSL_PREFER},       {"disable", PGWIRE_SSL_DISABLE},
		{"allow", PGWIRE_SSL_ALLOW},         {"require", PGWIRE_SSL_REQUIRE},
		{"verify-ca", PGWIRE_SSL_VERIFY_CA}, {"verify-full", PGWIRE_SSL_VERIFY_FULL},
	};
	static const struct word balances[] = {{"disable", false}, {"random", true}};
	unsigned word;
	int rc = GET_WORD(c, PGWIRE_OPT_TARGET_SESSION_ATTRS, attrs, &word);
	if (rc < 0)
		return rc;
	t->attrs = word;
	rc = GET_WORD(c, PGWIRE_OPT_SSLMODE, modes, &word);
	if (rc < 0)
		return rc;
	t->sslmode = word;
	rc = GET_WORD(c, PGWIRE_OPT_LOAD_BALANCE_HOSTS, balances, &word);
	t->load_balance = rc > 0 && word;
	return rc;
}

int pgwire_target_get(struct pgwire_conninfo *c, struct pgwire_target *t)
{
	static int (*const parts[])(struct pgwire_conninfo *, struct pgwire_target *) = {
		get_hosts, get_auth, get_numbers, get_words};
	struct span name = c->value[PGWIRE_OPT_APPLICATION_NAME];
	*t = (struct pgwire_target){
		.user = c->value[PGWIRE_OPT_USER],
		.database = c->value[PGWIRE_OPT_DBNAME],
		.password = c->value[PGWIRE_OPT_PASSWORD],
		.passfile = c->value[PGWIRE_OPT_PASSFILE],
		.application_name =
			name.n > 0 ? name : c->value[PGWIRE_OPT_FALLBACK_APPLICATION_NAME],
		.options = c->value[PGWIRE_OPT_OPTIONS],
	};
	int rc = check_others(c);
	for (size_t i = 0; i < sizeof parts / sizeof *parts && rc > 0; i++)
		rc = parts[i](c, t);
	return rc;
}
