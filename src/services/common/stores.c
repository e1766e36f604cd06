#include "services/common/stores.h"

#include "services/common/log.h"

#include <string.h>

size_t store_words(struct span words[], struct span text)
{
	size_t n = 0;
	while (text.p != NULL)
		words[n++] = span_cut(&text, ',');
	return n;
}

#define REMIND_MS 60000
#define CLIENT_OUT (4 << 20)
#define CLIENT_IN (8 << 20)

/* The order of the words of PGSSLMODE. */
enum { SSL_DISABLE, SSL_ALLOW, SSL_PREFER, SSL_REQUIRE };

static void override_text(struct config_text *to, const struct config_text *from)
{
	if (from->s[0] != '\0')
		*to = *from;
}

static int mistake(struct out *errors, const char *line)
{
	out_str(errors, line);
	out_byte(errors, '\n');
	return 1;
}

static void apply_url(struct store_settings *s, struct link_config *link)
{
	override_text(&s->host, &s->url.host);
	override_text(&s->user, &s->url.user);
	if (s->url.password.s[0] != '\0')
		s->password = s->url.password;
	if (s->url.port != 0)
		s->port = s->url.port;
	s->at = (struct link_host){s->host.s, s->port};
	link->hosts = &s->at;
	link->host_count = 1;
	link->connect_ms = STORE_CONNECT_MS;
	link->in_max = CLIENT_IN;
	link->out_max = CLIENT_OUT;
}

int redis_settings_apply(struct redis_settings *s, const char *name, struct out *errors)
{
	struct resp_login *login = &s->client.login;
	apply_url(&s->store, &s->client.link);
	login->user = span_str(s->store.user.s);
	login->password = span_str(s->store.password.s);
	login->name = span_str(name);
	login->library = SPAN("barnacle");
	login->version = SPAN(BARNACLE_VERSION);
	login->db = s->store.url.db_number;
	s->client.limits = resp_default_limits;
	/* A bulk is a view into the input buffer, so the buffer's bound is the bulk's. */
	s->client.limits.bulk = CLIENT_IN / 2;
	if (s->store.url.tls)
		return mistake(errors, "REDIS_URL: rediss:// asks for TLS, which this version does "
				       "not have; use redis://");
	return 0;
}

int postgres_settings_apply(struct postgres_settings *s, const char *name, struct out *errors)
{
	struct pgwire_login *login = &s->client.login;
	struct config_text mode = {""};
	apply_url(&s->store, &s->client.link);
	override_text(&s->database, &s->store.url.db);
	url_param(&s->store.url, "sslmode", &mode);
	struct span asked = span_str(mode.s);
	bool tls = s->sslmode >= SSL_REQUIRE || span_eq(asked, SPAN("require")) ||
		   span_starts(asked, SPAN("verify-"));
	login->user = span_str(s->store.user.s);
	login->database = span_str(s->database.s);
	login->password = span_str(s->store.password.s);
	login->application_name = span_str(name);
	login->keys = &s->keys;
	/* Who has a password expects it to be asked for: else it is another server. */
	login->flags = login->password.n > 0 ? 0 : PGWIRE_ALLOW_TRUST;
	s->client.limits = pgwire_default_limits;
	s->client.limits.row = CLIENT_IN / 2;
	if (tls)
		return mistake(errors, "PGSSLMODE: require and stricter ask for TLS, which this "
				       "version does not have; use prefer or disable");
	return 0;
}

void store_log_init(struct store_log *s, const char *store, const char *use)
{
	s->store = store;
	s->use = use;
}

void store_log_up(struct store_log *s)
{
	struct log_line l;
	s->up = s->ever_up = true;
	s->why[0] = '\0';
	if (!log_open(&l, LOG_INFO, "store connected"))
		return;
	log_str(&l, "store", s->store);
	log_str(&l, "use", s->use);
	log_close(&l);
}

static void tell(struct store_log *s, uint64_t now, const char *event, struct span why)
{
	struct log_line l;
	struct span reason = span_head(why, sizeof s->why - 1);
	bool news = s->up || !span_eq(reason, span_str(s->why)) || now - s->told >= REMIND_MS;
	s->up = false;
	if (!news)
		return;
	memcpy(s->why, reason.p, reason.n);
	s->why[reason.n] = '\0';
	s->told = now;
	if (!log_open(&l, LOG_WARN, event))
		return;
	log_str(&l, "store", s->store);
	log_str(&l, "use", s->use);
	log_str(&l, "why", s->why);
	log_close(&l);
}

void store_log_down(struct store_log *s, uint64_t now, const char *why)
{
	tell(s, now, "store away, trying again", span_str(why));
}

void store_log_refused(struct store_log *s, uint64_t now, const char *store, const char *what,
		       struct span error)
{
	s->store = store;
	s->use = what;
	tell(s, now, "store refused", error);
}

void store_log_notice(struct redis *r, const char *words)
{
	(void)r;
	log_event(LOG_WARN, "redis says", "words", words);
}
