#include "pgwire/pgwire_scram.h"

#include "crypto/base64.h"
#include "crypto/ct.h"
#include "crypto/hmac.h"

#include <string.h>

#define KEY_SIZE CRYPTO_SHA256_SIZE

/*
 * "n": no channel binding. SCRAM-SHA-256-PLUS will need the binding's name here
 * ("p=tls-server-end-point,,") and in CBIND the base64 of that header and the hash of the server's
 * certificate behind it (RFC 5802, section 7; RFC 5929, section 4). "y" would be a claim that the
 * server has no PLUS, which an engine without PLUS must not make.
 */
#define GS2_HEADER "n,,"
#define CBIND "biws" /* base64 of GS2_HEADER */

static struct span key_span(const uint8_t key[static KEY_SIZE])
{
	return span_of(key, KEY_SIZE);
}

/* printable of RFC 5802, section 7: what a nonce may be made of. */
static bool is_printable(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x21 || s.p[i] > 0x7e || s.p[i] == ',')
			return false;
	return true;
}

int pgwire_scram_init(struct pgwire_scram *s, struct span user, struct span nonce)
{
	memset(s, 0, sizeof *s);
	if (span_find(user, ',') != user.n || span_find(user, '=') != user.n ||
	    span_find(user, 0) != user.n || nonce.n == 0 || !is_printable(nonce))
		return PGWIRE_ETEXT;
	struct out o = out_init(s->bare, sizeof s->bare);
	out_str(&o, "n=");
	out_span(&o, user);
	out_str(&o, ",r=");
	s->our_nonce = (uint16_t)o.n;
	out_span(&o, nonce);
	s->bare_n = (uint16_t)o.n;
	return o.over ? PGWIRE_ETEXT : 1;
}

static struct span bare(const struct pgwire_scram *s)
{
	return span_of(s->bare, s->bare_n);
}

void pgwire_scram_put_first(const struct pgwire_scram *s, struct out *o)
{
	out_str(o, GS2_HEADER);
	out_span(o, bare(s));
}

/* Cuts "x=value" off the front of a message: false when another attribute stands there. */
static bool cut_attribute(struct span *rest, char name, struct span *value)
{
	struct span whole = span_cut(rest, ',');
	if (whole.n < 2 || whole.p[0] != (uint8_t)name || whole.p[1] != '=')
		return false;
	*value = span_tail(whole, 2);
	return true;
}

/* Extensions behind the known attributes: any that are well formed are passed over. */
static bool are_extensions(struct span rest)
{
	while (rest.p != NULL) {
		struct span whole = span_cut(&rest, ',');
		if (whole.n < 3 || whole.p[1] != '=' || span_find(whole, 0) != whole.n)
			return false;
		uint8_t letter = whole.p[0] | 0x20;
		if (letter < 'a' || letter > 'z')
			return false;
	}
	return true;
}

/* posit-number of RFC 5802: no sign, no zero in front. A number too long to read is too high. */
static int get_iterations(struct span text, uint32_t max, uint32_t *iterations)
{
	uint64_t n;
	if (text.n == 0 || text.p[0] == '0')
		return PGWIRE_ESCRAM;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9')
			return PGWIRE_ESCRAM;
	if (!dec_u64(text, &n) || n > max)
		return PGWIRE_EITERATIONS;
	*iterations = (uint32_t)n;
	return 1;
}

/* Which keys these are: whoever has the password can make this, and nobody else. */
static void name_keys(uint8_t name[static KEY_SIZE], struct span password, struct span salt,
		      uint32_t iterations)
{
	struct crypto_hmac mac;
	uint8_t count[4];
	put_be32(count, iterations);
	crypto_hmac_init(&mac, password);
	crypto_hmac_put(&mac, span_of(count, sizeof count));
	crypto_hmac_put(&mac, salt);
	crypto_hmac_finish(&mac, name);
}

int pgwire_scram_get_first(struct pgwire_scram *s, struct span msg, struct span password,
			   uint32_t iterations, const struct pgwire_keys *cached)
{
	uint8_t salt[PGWIRE_SALT_MAX];
	struct span rest = msg, nonce, salt_text, count_text;
	struct span ours = span_tail(bare(s), s->our_nonce);
	uint32_t count;

	if (msg.n > sizeof s->server_first)
		return PGWIRE_ESCRAM;
	/* "m=" in front would be an extension that must be understood: refused with the rest. */
	if (!cut_attribute(&rest, 'r', &nonce) || !cut_attribute(&rest, 's', &salt_text) ||
	    !cut_attribute(&rest, 'i', &count_text) || !are_extensions(rest))
		return PGWIRE_ESCRAM;
	/* A nonce that adds nothing to ours would let an old login be played again. */
	if (nonce.n <= ours.n || !span_starts(nonce, ours) || !is_printable(nonce))
		return PGWIRE_ESCRAM;
	int salt_n = crypto_base64_get(salt_text, salt, sizeof salt);
	if (salt_n <= 0)
		return PGWIRE_ESCRAM;
	int rc = get_iterations(count_text, iterations, &count);
	if (rc < 0)
		return rc;

	memcpy(s->server_first, msg.p, msg.n);
	s->server_first_n = (uint16_t)msg.n;
	s->nonce_n = (uint16_t)nonce.n;
	struct span raw_salt = span_of(salt, (size_t)salt_n);
	name_keys(s->keys.of, password, raw_salt, count);
	if (cached != NULL && cached->set && crypto_equal(cached->of, s->keys.of, KEY_SIZE))
		s->keys = *cached;
	else
		crypto_pbkdf2_init(&s->work, password, raw_salt, count);
	return 1;
}

int pgwire_scram_step(struct pgwire_scram *s, uint32_t max)
{
	uint8_t salted[CRYPTO_PBKDF2_SIZE];
	if (s->keys.set)
		return 1;
	if (!crypto_pbkdf2_step(&s->work, max))
		return 0;
	crypto_pbkdf2_finish(&s->work, salted);
	crypto_hmac(key_span(salted), SPAN("Client Key"), s->keys.client);
	crypto_hmac(key_span(salted), SPAN("Server Key"), s->keys.server);
	crypto_wipe(salted, sizeof salted);
	s->keys.set = true;
	return 1;
}

/* client-final-message-without-proof; the nonce still lies in the server's message. */
static struct span final_bare(const struct pgwire_scram *s,
			      uint8_t buf[static PGWIRE_SCRAM_SERVER_MAX + 16])
{
	struct out o = out_init(buf, PGWIRE_SCRAM_SERVER_MAX + 16);
	out_str(&o, "c=" CBIND ",r=");
	out_mem(&o, s->server_first + 2, s->nonce_n);
	return out_span_of(&o);
}

/* HMAC(key, AuthMessage), RFC 5802 section 3. */
static void sign(const struct pgwire_scram *s, const uint8_t key[static KEY_SIZE],
		 uint8_t signature[static KEY_SIZE])
{
	uint8_t buf[PGWIRE_SCRAM_SERVER_MAX + 16];
	struct crypto_hmac mac;
	crypto_hmac_init(&mac, key_span(key));
	crypto_hmac_put(&mac, bare(s));
	crypto_hmac_put(&mac, SPAN(","));
	crypto_hmac_put(&mac, span_of(s->server_first, s->server_first_n));
	crypto_hmac_put(&mac, SPAN(","));
	crypto_hmac_put(&mac, final_bare(s, buf));
	crypto_hmac_finish(&mac, signature);
}

void pgwire_scram_put_final(const struct pgwire_scram *s, struct out *o)
{
	uint8_t buf[PGWIRE_SCRAM_SERVER_MAX + 16];
	uint8_t stored[KEY_SIZE], proof[KEY_SIZE];

	crypto_sha256(key_span(s->keys.client), stored);
	sign(s, stored, proof);
	for (size_t i = 0; i < KEY_SIZE; i++)
		proof[i] ^= s->keys.client[i];
	out_span(o, final_bare(s, buf));
	out_str(o, ",p=");
	crypto_base64_put(o, key_span(proof));
	crypto_wipe(stored, sizeof stored);
	crypto_wipe(proof, sizeof proof);
}

int pgwire_scram_get_final(struct pgwire_scram *s, struct span msg, struct pgwire_keys *save)
{
	uint8_t theirs[KEY_SIZE], want[KEY_SIZE];
	struct span rest = msg, text;

	if (span_starts(msg, SPAN("e=")))
		return PGWIRE_EAUTH;
	if (!cut_attribute(&rest, 'v', &text) || !are_extensions(rest))
		return PGWIRE_ESCRAM;
	if (crypto_base64_get(text, theirs, sizeof theirs) != KEY_SIZE)
		return PGWIRE_ESCRAM;
	sign(s, s->keys.server, want);
	bool same = crypto_equal(theirs, want, KEY_SIZE);
	crypto_wipe(want, sizeof want);
	if (!same)
		return PGWIRE_ESIGNATURE;
	if (save != NULL)
		*save = s->keys;
	return 1;
}

void pgwire_scram_wipe(struct pgwire_scram *s)
{
	crypto_wipe(s, sizeof *s);
}
