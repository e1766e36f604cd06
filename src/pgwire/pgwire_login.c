#include "crypto/base64.h"
#include "pgwire/pgwire_state.h"

#include <string.h>

int pgwire_session_login(struct pgwire_session *s, const struct pgwire_login *login,
			 const uint8_t nonce[static PGWIRE_NONCE_SIZE], struct out *o)
{
	const struct pgwire_setting settings[] = {
		{SPAN("user"), login->user},
		{SPAN("database"), login->database},
		{SPAN("application_name"), login->application_name},
		{SPAN("options"), login->options},
		{SPAN("client_encoding"), SPAN("UTF8")},
	};
	const size_t n = sizeof settings / sizeof *settings;
	uint8_t text[CRYPTO_BASE64_SIZE(PGWIRE_NONCE_SIZE)];
	struct out printable = out_init(text, sizeof text), copy = *o;

	if (s->phase != NEW)
		return PGWIRE_EPHASE;
	for (size_t i = 0; i < n; i++)
		if (span_find(settings[i].value, 0) != settings[i].value.n)
			return PGWIRE_ETEXT;
	if (span_find(login->password, 0) != login->password.n)
		return PGWIRE_ETEXT;
	s->minor = login->flags & PGWIRE_ASK_3_2 ? 2 : 0;
	pgwire_put_startup(&copy, PGWIRE_VERSION_3_0 + s->minor, n, settings);
	if (copy.over)
		return PGWIRE_EROOM;
	*o = copy;
	crypto_base64_put(&printable, span_of(nonce, PGWIRE_NONCE_SIZE));
	/* An empty name: the server takes the one of the startup message. */
	pgwire_scram_init(&s->scram, SPAN_NONE, out_span_of(&printable));
	s->login = login;
	s->phase = STARTUP;
	return 1;
}

static int on_trust(struct pgwire_session *s, struct span data, struct out *o,
		    struct pgwire_event *ev)
{
	(void)data, (void)o, (void)ev;
	if (!(s->login->flags & PGWIRE_ALLOW_TRUST))
		return PGWIRE_EMETHOD;
	pgwire_scram_wipe(&s->scram);
	s->phase = SETUP;
	return 1;
}

/* Answers with [password] when the login's flags allow it. */
static int put_password(struct pgwire_session *s, struct out *o, unsigned flag,
			struct span password)
{
	struct out copy = *o;
	if (!(s->login->flags & flag))
		return PGWIRE_EMETHOD;
	pgwire_put_password(&copy, password);
	if (copy.over)
		return PGWIRE_EROOM;
	*o = copy;
	pgwire_scram_wipe(&s->scram);
	s->phase = PASSWORD;
	return 1;
}

static int on_cleartext(struct pgwire_session *s, struct span data, struct out *o,
			struct pgwire_event *ev)
{
	(void)data, (void)ev;
	return put_password(s, o, PGWIRE_ALLOW_CLEARTEXT, s->login->password);
}

static int on_md5(struct pgwire_session *s, struct span data, struct out *o,
		  struct pgwire_event *ev)
{
	uint8_t buf[PGWIRE_MD5_SIZE];
	struct out answer = out_init(buf, sizeof buf);
	(void)ev;
	if (s->login->md5 == NULL)
		return PGWIRE_EMETHOD;
	s->login->md5(&answer, s->login->user, s->login->password, data);
	return put_password(s, o, PGWIRE_ALLOW_MD5, out_span_of(&answer));
}

static int on_sasl(struct pgwire_session *s, struct span data, struct out *o,
		   struct pgwire_event *ev)
{
	const struct span mechanism = SPAN("SCRAM-SHA-256");
	const struct pgwire_auth offer = {PGWIRE_AUTH_SASL, data};
	uint8_t buf[PGWIRE_SCRAM_BARE_MAX + 8];
	struct out first = out_init(buf, sizeof buf), copy = *o;

	(void)ev;
	if (s->login->flags & PGWIRE_REFUSE_SCRAM || !pgwire_auth_offers(&offer, mechanism))
		return PGWIRE_EMETHOD;
	pgwire_scram_put_first(&s->scram, &first);
	pgwire_put_sasl_first(&copy, mechanism, out_span_of(&first));
	if (copy.over)
		return PGWIRE_EROOM;
	*o = copy;
	s->phase = SASL;
	return 1;
}

static int on_challenge(struct pgwire_session *s, struct span data, struct out *o,
			struct pgwire_event *ev)
{
	(void)o;
	int rc = pgwire_scram_get_first(&s->scram, data, s->login->password, s->lim.iterations,
					s->login->keys);
	if (rc < 0)
		return rc;
	ev->kind = PGWIRE_EV_WORK;
	s->phase = WORKING;
	return 1;
}

int pgwire_session_work(struct pgwire_session *s, struct out *o, uint32_t max)
{
	uint8_t buf[1024];
	struct out final = out_init(buf, sizeof buf), copy = *o;

	if (s->error != 0)
		return s->error;
	if (s->phase != WORKING)
		return PGWIRE_EPHASE;
	if (!pgwire_scram_step(&s->scram, max))
		return 0;
	pgwire_scram_put_final(&s->scram, &final);
	pgwire_put_sasl(&copy, out_span_of(&final));
	if (copy.over)
		return PGWIRE_EROOM;
	*o = copy;
	s->phase = PROOF;
	return 1;
}

/* Foreign bytes on their way to a log: printable ASCII, and no more than there is room for. */
static void keep_refusal(struct pgwire_session *s, struct span code, struct span words)
{
	memset(s->code, 0, sizeof s->code);
	memset(s->refusal, 0, sizeof s->refusal);
	struct span head = span_head(words, sizeof s->refusal - 1);
	for (size_t i = 0; i < head.n; i++)
		s->refusal[i] = head.p[i] >= ' ' && head.p[i] < 0x7f ? (char)head.p[i] : '?';
	if (code.n == sizeof s->code - 1)
		memcpy(s->code, code.p, code.n);
}

static int on_signature(struct pgwire_session *s, struct span data, struct out *o,
			struct pgwire_event *ev)
{
	(void)o, (void)ev;
	int rc = pgwire_scram_get_final(&s->scram, data, s->login->keys);
	if (rc == PGWIRE_EAUTH)
		keep_refusal(s, SPAN_NONE, span_tail(data, 2));
	if (rc < 0)
		return rc;
	pgwire_scram_wipe(&s->scram);
	s->phase = SIGNED;
	return 1;
}

static int on_welcome(struct pgwire_session *s, struct span data, struct out *o,
		      struct pgwire_event *ev)
{
	(void)data, (void)o, (void)ev;
	s->phase = SETUP;
	return 1;
}

/* Which authentication message may come when; each is handed the data behind its code. */
static const struct {
	uint8_t phase;
	uint8_t code;
	on_message *fn;
} steps[] = {
	{STARTUP, PGWIRE_AUTH_SASL, on_sasl},
	{SASL, PGWIRE_AUTH_SASL_CONTINUE, on_challenge},
	{PROOF, PGWIRE_AUTH_SASL_FINAL, on_signature},
	{SIGNED, PGWIRE_AUTH_OK, on_welcome},
	{STARTUP, PGWIRE_AUTH_CLEARTEXT, on_cleartext},
	{STARTUP, PGWIRE_AUTH_MD5, on_md5},
	{PASSWORD, PGWIRE_AUTH_OK, on_welcome},
	{STARTUP, PGWIRE_AUTH_OK, on_trust},
};

int pgwire_on_auth(struct pgwire_session *s, struct span body, struct out *o,
		   struct pgwire_event *ev)
{
	struct pgwire_auth auth;
	int rc = pgwire_get_auth(body, &auth);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (steps[i].phase == s->phase && steps[i].code == auth.code)
			return steps[i].fn(s, auth.data, o, ev);
	if (s->phase == STARTUP)
		return PGWIRE_EMETHOD;
	/* Welcome without the signature: the peer may be anybody. */
	return auth.code == PGWIRE_AUTH_OK ? PGWIRE_ESIGNATURE : PGWIRE_EPHASE;
}

int pgwire_on_refusal(struct pgwire_session *s, struct span body, struct out *o,
		      struct pgwire_event *ev)
{
	struct pgwire_error e;
	(void)o, (void)ev;
	int rc = pgwire_get_error(body, &e);
	if (rc < 0)
		return rc;
	keep_refusal(s, e.code, e.message);
	return PGWIRE_EAUTH;
}

int pgwire_on_key(struct pgwire_session *s, struct span body, struct out *o,
		  struct pgwire_event *ev)
{
	struct pgwire_key key;
	(void)o, (void)ev;
	int rc = pgwire_get_key(body, &key);
	if (rc < 0)
		return rc;
	if (s->key_n != 0)
		return PGWIRE_EPHASE;
	if (s->minor == 0 && key.secret.n != 4)
		return PGWIRE_EBODY;
	s->pid = key.pid;
	s->key_n = (uint16_t)key.secret.n;
	memcpy(s->key, key.secret.p, key.secret.n);
	return 1;
}

int pgwire_on_versions(struct pgwire_session *s, struct span body, struct out *o,
		       struct pgwire_event *ev)
{
	struct pgwire_versions v;
	(void)o, (void)ev;
	int rc = pgwire_get_versions(body, &v);
	if (rc < 0)
		return rc;
	/* 3.0 leaves nothing to negotiate, and 3.2 only the way down to it; options were none. */
	if (s->minor == 0)
		return PGWIRE_EPHASE;
	if (v.version != PGWIRE_VERSION_3_0 || v.options != 0)
		return PGWIRE_EBODY;
	s->minor = 0;
	return 1;
}

int pgwire_count_report(struct pgwire_session *s)
{
	return ++s->reports > s->lim.reports ? PGWIRE_EMANY : 1;
}
