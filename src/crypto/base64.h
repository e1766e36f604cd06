/*
 * base64: RFC 4648, section 4, in its strict form: one text for each value and no other.
 *
 *	crypto_base64_put(&o, span_of(proof, sizeof proof));
 *
 *	uint8_t salt[64];
 *	int n = crypto_base64_get(text, salt, sizeof salt);
 *	if (n < 0)
 *		return crypto_base64_strerror(n);
 *
 * Not in constant time: what SCRAM writes in base64 crosses the wire.
 */
#ifndef CRYPTO_BASE64_H
#define CRYPTO_BASE64_H

#include "base/out.h"
#include "base/span.h"

/* The longest text read or written, so that counts stay far inside an int. */
#define CRYPTO_BASE64_MAX ((size_t)1 << 20)

enum crypto_base64_error {
	CRYPTO_BASE64_ETOOBIG = -1, /* text longer than CRYPTO_BASE64_MAX */
	CRYPTO_BASE64_ELENGTH = -2, /* not a multiple of four: cut, or without its padding */
	CRYPTO_BASE64_EROOM = -3,   /* more bytes than the destination holds */
	CRYPTO_BASE64_EBYTE = -4,   /* a byte outside the alphabet, blanks and line ends included */
	CRYPTO_BASE64_EPAD = -5,    /* '=' anywhere but as the last one or two */
	CRYPTO_BASE64_EBITS = -6,   /* unused bits that are not zero (section 3.5) */
};

/* Bytes of text for [n] bytes, padding included; n up to CRYPTO_BASE64_MAX. */
#define CRYPTO_BASE64_SIZE(n) (((n) + 2) / 3 * 4)

/* Writes [data] as text, padded. Sets o->over when that has no room or passes the limit. */
void crypto_base64_put(struct out *o, struct span data);

/*
 * Reads all of [text] into [dst]: the number of bytes (0 for the empty text), or an error; lengths
 * are judged before contents. After an error the contents of [dst] mean nothing. [dst] may be
 * text.p itself.
 */
int crypto_base64_get(struct span text, uint8_t *dst, size_t cap);

/* English, for a log; "no error" for what is not an error. */
const char *crypto_base64_strerror(int error);

#endif
