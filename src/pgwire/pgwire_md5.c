#include "crypto/ct.h"
#include "crypto/md5.h"
#include "pgwire/pgwire_session.h"

/* The digest of [a] and [b], as lower case text. */
static void put_digest(struct out *o, struct span a, struct span b)
{
	uint8_t digest[CRYPTO_MD5_SIZE];
	struct crypto_md5 st;
	crypto_md5_init(&st);
	crypto_md5_put(&st, a);
	crypto_md5_put(&st, b);
	crypto_md5_finish(&st, digest);
	for (size_t i = 0; i < sizeof digest; i++) {
		out_byte(o, (uint8_t) "0123456789abcdef"[digest[i] >> 4]);
		out_byte(o, (uint8_t) "0123456789abcdef"[digest[i] & 15]);
	}
}

void pgwire_md5(struct out *o, struct span user, struct span password, struct span salt)
{
	uint8_t text[2 * CRYPTO_MD5_SIZE];
	struct out stored = out_init(text, sizeof text);
	put_digest(&stored, password, user);
	out_str(o, "md5");
	put_digest(o, out_span_of(&stored), salt);
	crypto_wipe(text, sizeof text);
}
