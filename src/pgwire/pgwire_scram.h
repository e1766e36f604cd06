/*
 * scram: the client of SCRAM-SHA-256 (RFC 5802, RFC 7677) as PostgreSQL speaks it inside its SASL
 * messages (section "SASL Authentication" of the manual). pgwire_session.h drives this; it stands
 * alone so that it can be tested and used without a session.
 *
 *	struct pgwire_scram s;
 *	pgwire_scram_init(&s, SPAN_NONE, nonce);
 *	pgwire_scram_put_first(&s, &out);                         // client-first-message
 *	rc = pgwire_scram_get_first(&s, msg, password, 600000, &keys);
 *	while (!pgwire_scram_step(&s, 1000))
 *		;                                                 // back to the loop in between
 *	pgwire_scram_put_final(&s, &out);                         // client-final-message
 *	rc = pgwire_scram_get_final(&s, msg, &keys);              // 1: the server has proven itself
 *	pgwire_scram_wipe(&s);
 *
 * Channel binding: the header of client-first says 'n', the client has none, as is right without
 * TLS. Over TLS it will say 'p=tls-server-end-point' when the server offers SCRAM-SHA-256-PLUS,
 * with the hash of its certificate (RFC 5929, section 4) behind the header in client-final's "c=";
 * and 'y' when the client could and the server does not offer it, so that nobody can take the offer
 * away unseen. Which one is the transport's to say, at the login; only those two texts hang on it.
 *
 * The password is used as the bytes it is. SASLprep (RFC 4013) leaves printable ASCII alone; for
 * other passwords libpq and the server normalise (NFKC) when they can and take the bytes as they
 * are when they cannot. So a password with characters that NFKC changes does not log in here;
 * ordinary letters with accents, precomposed, do.
 */
#ifndef PGWIRE_SCRAM_H
#define PGWIRE_SCRAM_H

#include "crypto/pbkdf2.h"
#include "pgwire/pgwire.h"

#define PGWIRE_SCRAM_BARE_MAX 160   /* client-first-message-bare: ours */
#define PGWIRE_SCRAM_SERVER_MAX 512 /* server-first-message; PostgreSQL's has 84 bytes */
#define PGWIRE_SALT_MAX 128         /* bytes; PostgreSQL's has 16 */

/*
 * What PBKDF2 made of one password, salt and iteration count, kept by the caller so that the next
 * login of that user costs no PBKDF2. All zero is the empty one. As secret as the password: wipe
 * it when it is not needed any more.
 */
struct pgwire_keys {
	bool set;
	uint8_t of[CRYPTO_SHA256_SIZE]; /* HMAC of salt and count under the password */
	uint8_t client[CRYPTO_SHA256_SIZE];
	uint8_t server[CRYPTO_SHA256_SIZE];
};

struct pgwire_scram {
	struct crypto_pbkdf2 work;
	struct pgwire_keys keys;
	uint8_t bare[PGWIRE_SCRAM_BARE_MAX];
	uint8_t server_first[PGWIRE_SCRAM_SERVER_MAX];
	uint16_t bare_n, server_first_n;
	uint16_t our_nonce; /* where it begins in bare; it ends where bare ends */
	uint16_t nonce_n;   /* of the whole nonce, in server_first after "r=" */
};

/*
 * [user]: empty for PostgreSQL, which takes the name from the startup message. [nonce]: fresh
 * random text of the caller's, printable ASCII; neither may hold a comma, the user no '='.
 * 1, or PGWIRE_ETEXT when one is not such or both are too long.
 */
int pgwire_scram_init(struct pgwire_scram *s, struct span user, struct span nonce);

void pgwire_scram_put_first(const struct pgwire_scram *s, struct out *o);

/*
 * Takes the server-first-message: 1, PGWIRE_ESCRAM, or PGWIRE_EITERATIONS for a count above
 * [iterations]. [cached] may be NULL; when it is of the same password, salt and count, the first
 * step ends the work.
 */
int pgwire_scram_get_first(struct pgwire_scram *s, struct span msg, struct span password,
			   uint32_t iterations, const struct pgwire_keys *cached);

/* At most [max] iterations: 1 when the keys are there, 0 while some are left. */
int pgwire_scram_step(struct pgwire_scram *s, uint32_t max);

/* Only after step said 1. */
void pgwire_scram_put_final(const struct pgwire_scram *s, struct out *o);

/*
 * Takes the server-final-message: 1 when its signature is right, and then [save] (unless NULL)
 * gets the keys; PGWIRE_ESIGNATURE when it is wrong, PGWIRE_EAUTH for "e=", else PGWIRE_ESCRAM.
 */
int pgwire_scram_get_final(struct pgwire_scram *s, struct span msg, struct pgwire_keys *save);

void pgwire_scram_wipe(struct pgwire_scram *s);

#endif
