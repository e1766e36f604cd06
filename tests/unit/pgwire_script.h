/*
 * For tests with a server that is not to be trusted: what it says, written as one line of text.
 *
 *	welcome 3*S('name' 'value') ready D@2147483647(2:1 4:1 `5`)
 *
 * A message is its type and its fields in parentheses; the length is right unless '@' gives
 * another. Fields: 'text' with its NUL, `text` without one, 1:n 2:n 4:n a number of so many bytes,
 * $nonce what the client sent, $sig the signature that is right. {...} makes one field of several,
 * and n* repeats a field or a message. raw(...) is bytes without type and length. '~' waits for the
 * client's proof. Words stand for good messages: see words[].
 */
#ifndef TESTS_PGWIRE_SCRIPT_H
#define TESTS_PGWIRE_SCRIPT_H

#include "base/out.h"
#include "crypto/base64.h"
#include "crypto/hmac.h"
#include "crypto/pbkdf2.h"
#include "harness/tap.h"

#include <stdlib.h>
#include <string.h>

#define SCRIPT_MESSAGE_MAX (1u << 17)
#define SCRIPT_PASSWORD "pencil"

static const struct {
	const char *word, *text;
} words[] = {
	{"offer", "R(4:10 'SCRAM-SHA-256' 1:0)"},
	{"challenge", "R(4:11 `r=` $nonce `srv,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=8`)"},
	{"signature", "R(4:12 `v=` $sig)"},
	{"welcome", "R(4:0)"},
	{"cleartext", "R(4:3)"},
	{"md5", "R(4:5 `salt`)"},
	{"gss", "R(4:7)"},
	{"parsed", "1()"},
	{"bound", "2()"},
	{"closed", "3()"},
	{"notify", "A(4:9 'insert' '5')"},
	{"tag", "C('SELECT 1')"},
	{"copydata", "d(`1`)"},
	{"copydone", "c()"},
	{"row", "D(2:1 4:1 `5`)"},
	{"error", "E('SERROR' 'VERROR' 'C23505' 'Mdup' 1:0)"},
	{"fatal", "E('SFATAL' 'VFATAL' 'C57P01' 'Mbye' 1:0)"},
	{"copyin", "G(1:0 2:1 2:0)"},
	{"copyout", "H(1:0 2:1 2:0)"},
	{"copyboth", "W(1:0 2:0)"},
	{"empty", "I()"},
	{"key", "K(4:258 `abcd`)"},
	{"notice", "N('SNOTICE' 'VNOTICE' 'C00000' 'Mhi' 1:0)"},
	{"setting", "S('a' 'b')"},
	{"columns", "T(2:1 'n' 4:0 2:0 4:23 2:4 4:-1 2:0)"},
	{"function", "V(4:-1)"},
	{"ready", "Z(`I`)"},
	{"nodata", "n()"},
	{"suspended", "s()"},
	{"types", "t(2:1 4:23)"},
	{"version", "v(4:196608 4:0)"},
};

struct script {
	const char *at;
	unsigned long left; /* of the message at [at], which repeats */
	struct span heard;  /* all that the client wrote on this connection */
	uint8_t first[600]; /* the last server-first-message */
	size_t first_n;
	uint8_t buf[SCRIPT_MESSAGE_MAX];
};

/* The part of what the client wrote from [mark] on, up to [end]. */
static inline struct span script_part(struct span heard, const char *mark, const char *end)
{
	const uint8_t *p = heard.n == 0 ? NULL : memmem(heard.p, heard.n, mark, strlen(mark));
	if (p == NULL)
		return SPAN_NONE;
	struct span rest = span_tail(heard, (size_t)(p - heard.p));
	const uint8_t *stop = memmem(rest.p, rest.n, end, strlen(end));
	return span_head(rest, stop == NULL ? rest.n : (size_t)(stop - rest.p));
}

#define NONCE_TEXT 24 /* eighteen bytes in base64 */

static inline struct span client_first(const struct script *s)
{
	struct span bare = script_part(s->heard, "n=,r=", "\377\377");
	return bare.n < 5 + NONCE_TEXT ? SPAN_NONE : span_head(bare, 5 + NONCE_TEXT);
}

static inline struct span client_final(const struct script *s)
{
	return script_part(s->heard, "c=biws,r=", ",p=");
}

static inline void put_signature(const struct script *s, struct out *o)
{
	struct span rest = span_of(s->first, s->first_n);
	uint8_t salt[128], salted[CRYPTO_PBKDF2_SIZE], key[32], signature[32];
	struct crypto_pbkdf2 work;
	struct crypto_hmac mac;
	uint64_t count = 1;
	span_cut(&rest, ',');
	int salt_n = crypto_base64_get(span_tail(span_cut(&rest, ','), 2), salt, sizeof salt);
	if (salt_n < 0 || !dec_u64(span_tail(span_cut(&rest, ','), 2), &count))
		bail("$sig after a challenge without salt and count");
	crypto_pbkdf2_init(&work, SPAN(SCRIPT_PASSWORD), span_of(salt, (size_t)salt_n),
			   (uint32_t)count);
	crypto_pbkdf2_finish(&work, salted);
	crypto_hmac(span_of(salted, sizeof salted), SPAN("Server Key"), key);
	crypto_hmac_init(&mac, span_of(key, sizeof key));
	crypto_hmac_put(&mac, client_first(s));
	crypto_hmac_put(&mac, SPAN(","));
	crypto_hmac_put(&mac, span_of(s->first, s->first_n));
	crypto_hmac_put(&mac, SPAN(","));
	crypto_hmac_put(&mac, client_final(s));
	crypto_hmac_finish(&mac, signature);
	crypto_base64_put(o, span_of(signature, sizeof signature));
}

static inline const char *put_script_fields(const struct script *s, struct out *o, const char *p,
					    char end);

/* One field; where it ends. */
static inline const char *put_script_field(const struct script *s, struct out *o, const char *p)
{
	if (*p == '\'' || *p == '`') {
		const char *end = strchr(p + 1, *p);
		if (end == NULL)
			bail("no end of a text: %s", p);
		out_mem(o, p + 1, (size_t)(end - p - 1));
		if (*p == '\'')
			out_byte(o, 0);
		return end + 1;
	}
	if (*p == '{')
		return put_script_fields(s, o, p + 1, '}');
	if (strncmp(p, "$nonce", 6) == 0) {
		out_span(o, span_tail(client_first(s), 5));
		return p + 6;
	}
	if (strncmp(p, "$sig", 4) == 0) {
		put_signature(s, o);
		return p + 4;
	}
	if (p[1] != ':' || strchr("124", *p) == NULL)
		bail("no field: %s", p);
	char *end;
	uint32_t n = (uint32_t)strtol(p + 2, &end, 10);
	if (*p == '4')
		out_be32(o, n);
	else if (*p == '2')
		out_be16(o, (uint16_t)n);
	else
		out_byte(o, (uint8_t)n);
	return end;
}

/* "12*": the number, and *p behind it; 1 without one. */
static inline unsigned long take_count(const char **p)
{
	char *end;
	unsigned long n = strtoul(*p, &end, 10);
	if (end == *p || *end != '*')
		return 1;
	*p = end + 1;
	return n;
}

static inline const char *put_script_fields(const struct script *s, struct out *o, const char *p,
					    char end)
{
	while (*p != end) {
		const char *next = p + 1;
		if (*p != ' ') {
			unsigned long n = take_count(&p);
			for (; n > 0; n--)
				next = put_script_field(s, o, p);
		}
		p = next;
	}
	return p + 1;
}

/* Where the message at [p] ends. */
static inline const char *script_end(const char *p)
{
	char quote = 0;
	for (; *p != '\0'; p++) {
		if (quote != 0)
			quote = *p == quote ? 0 : quote;
		else if (*p == '\'' || *p == '`')
			quote = *p;
		else if (*p == ')')
			return p + 1;
	}
	bail("no end of a message");
}

static inline bool span_has(struct span s, const char *part)
{
	return memmem(s.p, s.n, part, strlen(part)) != NULL;
}

static inline void put_script_message(struct script *s, struct out *o, const char *p)
{
	if (strncmp(p, "raw(", 4) == 0) {
		put_script_fields(s, o, p + 4, ')');
		return;
	}
	out_byte(o, (uint8_t)*p);
	size_t at = o->n;
	char *body = (char *)(uintptr_t)p + 1;
	long length = -1;
	if (*body == '@')
		length = strtol(body + 1, &body, 10);
	if (*body != '(')
		bail("no message: %s", p);
	out_be32(o, 0);
	put_script_fields(s, o, body + 1, ')');
	put_be32(o->p + at, length < 0 ? (uint32_t)(o->n - at) : (uint32_t)length);
	struct span first = span_tail(span_of(o->p, o->n), at + 8);
	if (*p == 'R' && o->n > at + 8 && o->p[at + 7] == 11 && first.n <= sizeof s->first) {
		memcpy(s->first, first.p, first.n);
		s->first_n = first.n;
	}
}

/* Good until the next word. */
static inline const char *script_word(const char *p, size_t n)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].word) == n && memcmp(words[i].word, p, n) == 0)
			return words[i].text;
	return NULL;
}

static inline void script_init(struct script *s, const char *text)
{
	s->at = text;
	s->left = 0;
	s->heard = SPAN_NONE;
	s->first_n = 0;
}

static inline bool script_over(const struct script *s)
{
	return s->at[strspn(s->at, " ")] == '\0';
}

/*
 * The next message: false at the end, and while it needs what the client has not written yet
 * (s->heard is the caller's to set).
 */
static inline bool script_next(struct script *s, struct span *message)
{
	s->at += strspn(s->at, client_final(s).n > 0 ? " ~" : " ");
	if (*s->at == '\0' || *s->at == '~')
		return false;
	const char *p = s->at;
	unsigned long count = take_count(&p);
	size_t n = strcspn(p, " ");
	const char *word = script_word(p, n), *text = word != NULL ? word : p;
	const char *end = script_end(text);
	struct span whole = span_of(text, (size_t)(end - text));
	if (span_has(whole, "$nonce") && client_first(s).n == 0)
		return false;
	if (span_has(whole, "$sig") && client_final(s).n == 0)
		return false;
	struct out o = out_init(s->buf, sizeof s->buf);
	put_script_message(s, &o, text);
	if (o.over)
		bail("a message too long for this test: %.40s", text);
	if (s->left == 0)
		s->left = count;
	if (--s->left == 0)
		s->at = word != NULL ? p + n : end;
	*message = out_span_of(&o);
	return true;
}

#endif
